// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDCALL leaves that few guests make: the list of system fields, checking a
 * report, and the attributes of a page, of which a TD without L2 VMs has those
 * that ACCEPT gave it.
 */
#include "guest/guest.h"

#define SW_LEVEL_MASK		7ULL
#define SW_LEVEL_MAX		2
#define SW_PENDING_FLAG		(1ULL << 62)

enum sw_call sw_tdg_sys_rdall(struct sw_run *run, u64 *status)
{
	struct sw_regs *g = &run->vp->gpr;
	u64 next = ~0ULL;
	void *list;

	if ((g->rdx & (SW_PAGE_SIZE - 1)) || g->rdx >> (SW_GPAW - 1)) {
		*status = SW_OPERAND_INVALID | SW_OPND_RDX;
		g->r8 = next;
		return SW_CALL_DONE;
	}
	list = sw_gpa_ptr(run, g->rdx, true);
	if (!list)
		return sw_call_fault(run, g->rdx, true);
	*status = sw_md_sys_rdall(g->r8, SW_GUEST, list, SW_PAGE_SIZE, &next);
	g->r8 = next;
	return SW_CALL_DONE;
}

/* REPORTMACSTRUCT: the CPU's security version, and its MAC at the end. */
#define SW_REPORT_SIZE		256
#define SW_REPORT_CPUSVN	16

enum sw_call sw_tdg_mr_verifyreport(struct sw_run *run, u64 *status)
{
	static const u8 cpusvn[16];
	u64 gpa = run->vp->gpr.rcx;
	u8 report[SW_REPORT_SIZE], mac[SW_REPORT_MAC];
	const void *p;

	*status = SW_OPERAND_INVALID | SW_OPND_RCX;
	if ((gpa & (SW_REPORT_SIZE - 1)) || gpa >> (SW_GPAW - 1))
		return SW_CALL_DONE;
	p = sw_gpa_ptr(run, gpa, false);
	if (!p)
		return sw_call_fault(run, gpa, false);
	/* Another vCPU may be writing to it. */
	memcpy(report, p, sizeof(report));
	sw_report_mac(report, mac);
	*status = 0;
	if (memcmp(report + SW_REPORT_CPUSVN, cpusvn, sizeof(cpusvn)))
		*status = SW_INVALID_CPUSVN;
	else if (memcmp(report + SW_REPORT_MACED, mac, sizeof(mac)))
		*status = SW_INVALID_REPORTMACSTRUCT;
	return SW_CALL_DONE;
}

/* Leaves that are not blocked; of those without migration there are two. */
static bool sw_has_attr(u64 entry)
{
	enum sw_sept_state s = sw_sept_state(entry);

	return s == SW_ST_MAPPED || s == SW_ST_PENDING;
}

static void sw_attr_done(struct sw_run *run, u64 gpa, const struct sw_entry *e)
{
	struct sw_regs *g = &run->vp->gpr;
	u64 mask = (1ULL << (12 + 9 * e->level)) - 1;

	g->rcx = (gpa & ~mask) | e->level;
	if (sw_sept_state(e->val) == SW_ST_PENDING)
		g->rcx |= SW_PENDING_FLAG;
	/* One word for each L2 VM; the L1 has all there is. */
	g->rdx = 0;
}

static enum sw_call sw_attr_fail(struct sw_run *run, u64 err, u64 *status)
{
	run->vp->gpr.rcx = 0;
	run->vp->gpr.rdx = 0;
	*status = err;
	return SW_CALL_DONE;
}

enum sw_call sw_tdg_mem_page_attr_rd(struct sw_run *run, u64 *status)
{
	u64 gpa = run->vp->gpr.rcx, err;
	struct sw_entry e = {};

	if ((gpa & (SW_PAGE_SIZE - 1)) || gpa >> (SW_GPAW - 1))
		return sw_attr_fail(run, SW_OPERAND_INVALID | SW_OPND_RCX, status);
	/* A leaf in whatever size, or where the way down ends. */
	sw_sept_leaf(run->td, gpa, &e);
	err = sw_entry_lock(&e, SW_GUEST);
	if (err)
		return sw_attr_fail(run, err | SW_OPND_RCX, status);
	if (!sw_has_attr(e.val)) {
		sw_entry_unlock(&e);
		sw_td_exit_ept(run, gpa, 0, 0);
		return SW_CALL_EXIT;
	}
	sw_attr_done(run, gpa, &e);
	sw_entry_unlock(&e);
	*status = 0;
	return SW_CALL_DONE;
}

static u64 sw_attr_wr_operands(const struct sw_regs *g, u64 *gpa, u8 *level)
{
	/* The L1's are not to be written, and there is no other VM. */
	if (g->r8)
		return SW_OPERAND_INVALID | SW_OPND_R8;
	if (g->rdx)
		return SW_OPERAND_INVALID | SW_OPND_RDX;
	*gpa = g->rcx & SW_EPT_PFN;
	*level = g->rcx & SW_LEVEL_MASK;
	if (g->rcx & ~(SW_EPT_PFN | SW_LEVEL_MASK) || *level > SW_LEVEL_MAX ||
	    *gpa >> (SW_GPAW - 1) || *gpa & ((1ULL << (12 + 9 * *level)) - 1))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	return 0;
}

static enum sw_call sw_attr_wr_locked(struct sw_run *run, u64 gpa, u8 level,
				      const struct sw_entry *e, u64 *status)
{
	enum sw_sept_state s = sw_sept_state(e->val);

	if (s == SW_ST_NL_MAPPED || s == SW_ST_NL_BLOCKED)
		return sw_attr_fail(run, SW_PAGE_SIZE_MISMATCH | level, status);
	if (!sw_has_attr(e->val))
		return sw_accept_exit(run, gpa, level, e, SW_EXT_ATTR_WR);
	sw_attr_done(run, gpa, e);
	*status = 0;
	return SW_CALL_DONE;
}

enum sw_call sw_tdg_mem_page_attr_wr(struct sw_run *run, u64 *status)
{
	struct sw_entry e = {};
	enum sw_call ret;
	u64 gpa, err;
	u8 level;

	err = sw_attr_wr_operands(&run->vp->gpr, &gpa, &level);
	if (err)
		return sw_attr_fail(run, err, status);
	if (sw_sept_walk(run->td, gpa, level, &e))
		return sw_accept_exit(run, gpa, level, &e, SW_EXT_ATTR_WR);
	err = sw_entry_lock(&e, SW_GUEST);
	if (err)
		return sw_attr_fail(run, err | SW_OPND_RCX, status);
	ret = sw_attr_wr_locked(run, gpa, level, &e, status);
	sw_entry_unlock(&e);
	return ret;
}
