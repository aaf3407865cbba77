// SPDX-License-Identifier: GPL-2.0-only
/* TDCALL leaves with operands in the guest's memory. */
#include "guest/guest.h"

#define SW_ACCEPT_RESERVED	0xff8ULL
#define SW_ACCEPT_LEVEL(rcx)	((rcx) & 7)
#define SW_ACCEPT_COUNTER	0x1ff000ULL	/* of a 2 MiB entry in progress */
#define SW_2M_PFN		0x000fffffffe00000ULL

/* Extended exit qualification of what the host has to help with. */
static u64 sw_accept_ext(u8 req, const struct sw_entry *e, enum sw_ext_type type)
{
	u64 info = req | e->level << 3 |
		   (u64)sw_sept_public_state(e->val) << 6;

	if (e->val & SW_EPT_LEAF_BIT)
		info |= 1 << 14;
	return type | info << 32;
}

enum sw_call sw_accept_exit(struct sw_run *run, u64 gpa, u8 req,
			    const struct sw_entry *e, enum sw_ext_type type)
{
	/* What the entry allows is told as for any violation. */
	sw_td_exit_ept(run, gpa, SW_EQ_WRITE | (e->val & SW_EPT_RWX) << 3,
		       sw_accept_ext(req, e, type));
	return SW_CALL_EXIT;
}

static bool sw_accept_pending(u64 entry)
{
	enum sw_sept_state state = sw_sept_state(entry);

	return state == SW_ST_PENDING || state == SW_ST_PENDING_EXPORTED_DIRTY;
}

/* The states in which the guest can use the page, so it has it already. */
static bool sw_accept_done(u64 entry)
{
	switch (sw_sept_state(entry)) {
	case SW_ST_MAPPED:
	case SW_ST_BLOCKEDW:
	case SW_ST_EXPORTED_BLOCKEDW:
	case SW_ST_EXPORTED_DIRTY:
	case SW_ST_EXPORTED_DIRTY_BLOCKEDW:
		return true;
	default:
		return false;
	}
}

static bool sw_accept_table(u64 entry)
{
	enum sw_sept_state state = sw_sept_state(entry);

	return state == SW_ST_NL_MAPPED || state == SW_ST_NL_BLOCKED;
}

/* Locked and pending.  From here on the page belongs to the guest. */
static void sw_accept_commit(struct sw_entry *e)
{
	sw_and(e->p, ~SW_EPT_PENDING_BIT);
	sw_or(e->p, SW_EPT_RWX);
}

static void sw_clear_page(u64 pa)
{
	memset(sw_va(pa), 0, SW_PAGE_SIZE);
}

/*
 * 512 pages, one by one.  The entry's own low address bits, which a 2 MiB
 * page has no use for, count how many are done; an interrupt lets the guest
 * execute the same TDCALL again.
 */
static bool sw_accept_2m(struct sw_entry *e)
{
	u64 base = e->val & SW_2M_PFN;
	u64 first = (e->val & SW_ACCEPT_COUNTER) >> 12, done;

	for (done = first; done < 512; done++) {
		/* At least one, or a pending interrupt would stop all progress. */
		if (done > first && sw_irq_pending()) {
			sw_and(e->p, ~SW_ACCEPT_COUNTER);
			sw_or(e->p, done << 12);
			return false;
		}
		sw_clear_page(base + done * SW_PAGE_SIZE);
	}
	sw_and(e->p, ~SW_ACCEPT_COUNTER);
	return true;
}

static enum sw_call sw_accept_locked(struct sw_run *run, u64 gpa, u8 level,
				     struct sw_entry *e, u64 *status)
{
	if (sw_accept_pending(e->val)) {
		if (level == 1 && !sw_accept_2m(e))
			return SW_CALL_AGAIN;
		if (!level)
			sw_clear_page(e->val & SW_EPT_PFN);
		sw_accept_commit(e);
		sw_stat_accepted(level ? 512 : 1);
		*status = 0;
		return SW_CALL_DONE;
	}
	if (sw_accept_done(e->val)) {
		*status = SW_PAGE_ALREADY_ACCEPTED | e->level;
		return SW_CALL_DONE;
	}
	if (sw_accept_table(e->val)) {
		*status = SW_PAGE_SIZE_MISMATCH | e->level;
		return SW_CALL_DONE;
	}
	return sw_accept_exit(run, gpa, level, e, SW_EXT_ACCEPT);
}

static bool sw_accept_operand_valid(u64 rcx)
{
	u8 level = SW_ACCEPT_LEVEL(rcx);
	u64 gpa = rcx & SW_EPT_PFN;

	if (level > 1 || (rcx & SW_ACCEPT_RESERVED) || (rcx & ~SW_EPT_PFN) >> 12)
		return false;
	return !(gpa >> (SW_GPAW - 1)) &&
	       !(gpa & ((1ULL << (12 + 9 * level)) - 1));
}

enum sw_call sw_tdg_mem_page_accept(struct sw_run *run, u64 *status)
{
	u64 rcx = run->vp->gpr.rcx, gpa = rcx & SW_EPT_PFN;
	u8 level = SW_ACCEPT_LEVEL(rcx);
	struct sw_entry e = {};
	enum sw_call ret;
	u64 err;

	if (!sw_accept_operand_valid(rcx)) {
		*status = SW_OPERAND_INVALID | SW_OPND_RCX;
		return SW_CALL_DONE;
	}
	if (sw_sept_walk(run->td, gpa, level, &e)) {
		if (sw_accept_done(e.val)) {
			*status = SW_PAGE_ALREADY_ACCEPTED | e.level;
			return SW_CALL_DONE;
		}
		return sw_accept_exit(run, gpa, level, &e, SW_EXT_ACCEPT);
	}
	err = sw_entry_lock(&e, SW_GUEST);
	if (err) {
		*status = err | SW_OPND_RCX;
		return SW_CALL_DONE;
	}
	/* As it is, with the counter, which the core does not show. */
	e.val = sw_load(e.p);
	ret = sw_accept_locked(run, gpa, level, &e, status);
	sw_entry_unlock(&e);
	return ret;
}

/* TDREPORT and its parts */
struct sw_tdinfo {
	u64 attributes, xfam;
	u8 mrtd[48], mrconfigid[48], mrowner[48], mrownerconfig[48];
	u8 rtmr[4][48], servtd_hash[48], reserved[64];
};

struct sw_tdreport {
	u8 type, subtype, version, reserved1[13];
	u8 cpusvn[16];
	u8 tcb_hash[48], info_hash[48];
	u8 report_data[64], reserved2[32], mac[32];
	u8 tcb_info[239], reserved3[17];
	struct sw_tdinfo tdinfo;
};

_Static_assert(sizeof(struct sw_tdreport) == 1024, "TDREPORT layout");
_Static_assert(offsetof(struct sw_tdreport, mac) == SW_REPORT_MACED, "its MAC");

#define SW_REPORT_TYPE_TDX	0x81
/* Known to everybody: it tells a changed report, and vouches for nothing. */
#define SW_TEST_KEY		"kvm-tdx test key, which is no secret"

static void sw_sha384(const void *data, size_t len, u8 digest[48])
{
	u64 ctx[512 / sizeof(u64)];

	sw_sha384_init(ctx);
	sw_sha384_update(ctx, data, len);
	sw_sha384_final(ctx, digest);
}

void sw_report_mac(const void *report, u8 mac[SW_REPORT_MAC])
{
	u8 digest[48];
	u64 ctx[512 / sizeof(u64)];

	sw_sha384_init(ctx);
	sw_sha384_update(ctx, SW_TEST_KEY, sizeof(SW_TEST_KEY));
	sw_sha384_update(ctx, report, SW_REPORT_MACED);
	sw_sha384_final(ctx, digest);
	memcpy(mac, digest, SW_REPORT_MAC);
}

static void sw_fill_tdinfo(const struct sw_tdcs *tdcs, struct sw_tdinfo *i)
{
	i->attributes = tdcs->attributes;
	i->xfam = tdcs->xfam;
	memcpy(i->mrtd, tdcs->mrtd, sizeof(i->mrtd));
	memcpy(i->mrconfigid, tdcs->mrconfigid, sizeof(i->mrconfigid));
	memcpy(i->mrowner, tdcs->mrowner, sizeof(i->mrowner));
	memcpy(i->mrownerconfig, tdcs->mrownerconfig, sizeof(i->mrownerconfig));
	memcpy(i->rtmr, tdcs->rtmr, sizeof(i->rtmr));
}

enum sw_call sw_tdg_mr_report(struct sw_run *run, u64 *status)
{
	struct sw_regs *g = &run->vp->gpr;
	struct sw_tdreport *rep;
	const void *data;
	u8 buf[64];

	*status = SW_OPERAND_INVALID | SW_OPND_RCX;
	if ((g->rcx & 1023) || g->rcx >> (SW_GPAW - 1))
		return SW_CALL_DONE;
	*status = SW_OPERAND_INVALID | SW_OPND_RDX;
	if ((g->rdx & 63) || g->rdx >> (SW_GPAW - 1))
		return SW_CALL_DONE;
	data = sw_gpa_ptr(run, g->rdx, false);
	if (!data)
		return sw_call_fault(run, g->rdx, false);
	rep = sw_gpa_ptr(run, g->rcx, true);
	if (!rep)
		return sw_call_fault(run, g->rcx, true);
	*status = SW_OPERAND_INVALID | SW_OPND_R8;
	if (g->r8)
		return SW_CALL_DONE;

	/* The data may lie inside the report. */
	memcpy(buf, data, sizeof(buf));
	memset(rep, 0, sizeof(*rep));
	memcpy(rep->report_data, buf, sizeof(buf));
	rep->type = SW_REPORT_TYPE_TDX;
	sw_fill_tdinfo(run->td->tdcs, &rep->tdinfo);
	sw_sha384(&rep->tdinfo, sizeof(rep->tdinfo), rep->info_hash);
	sw_sha384(rep->tcb_info, sizeof(rep->tcb_info), rep->tcb_hash);
	sw_report_mac(rep, rep->mac);
	*status = 0;
	return SW_CALL_DONE;
}

enum sw_call sw_tdg_mr_rtmr_extend(struct sw_run *run, u64 *status)
{
	struct sw_tdcs *tdcs = run->td->tdcs;
	struct sw_regs *g = &run->vp->gpr;
	u64 index = g->rdx;
	const void *data;
	u8 buf[96];

	*status = SW_OPERAND_INVALID | SW_OPND_RCX;
	if ((g->rcx & 63) || g->rcx >> (SW_GPAW - 1))
		return SW_CALL_DONE;
	data = sw_gpa_ptr(run, g->rcx, false);
	if (!data)
		return sw_call_fault(run, g->rcx, false);
	*status = SW_OPERAND_INVALID | SW_OPND_RDX;
	if (index > 3)
		return SW_CALL_DONE;
	*status = sw_lock(&tdcs->rtmr_lock, SW_EXCL, SW_GUEST);
	if (*status) {
		*status |= SW_OPND_RTMR;
		return SW_CALL_DONE;
	}
	memcpy(buf, tdcs->rtmr[index], 48);
	memcpy(buf + 48, data, 48);
	sw_sha384(buf, sizeof(buf), tdcs->rtmr[index]);
	sw_unlock(&tdcs->rtmr_lock, SW_EXCL);
	*status = 0;
	return SW_CALL_DONE;
}
