// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.MEM.*: a TD's private memory, one S-EPT entry at a time.
 *
 * Locks in this order: TDR shared, OP_STATE shared, S-EPT tree, the entry,
 * then pages.  Steps that change the shape of the tree under running vCPUs
 * take it exclusively.
 */
#include "host/leaf_mem.h"

u64 sw_mem_get(const struct sw_regs *in, struct sw_regs *r, u32 leaf,
	       const struct sw_mem_how *how, struct sw_mem *m)
{
	u64 err;

	memset(m, 0, sizeof(*m));
	err = sw_td_get(in->rdx, SW_SHARED, SW_SHARED, leaf, SW_OPND_RDX, false,
			&m->td);
	if (err)
		return err;
	err = sw_gpa_arg(in->rcx, how->min_level, how->max_level, &m->gpa,
			 &m->level);
	if (!err)
		err = sw_td_lock_tree(&m->td, how->tree);
	if (err)
		goto put;
	err = sw_sept_walk(&m->td, m->gpa, m->level, &m->e);
	if (!err)
		err = sw_entry_lock(&m->e, SW_HOST);
	if (!err)
		m->state = sw_sept_state(m->e.val);
	if (!err && !how->any_state && !sw_sept_may(leaf, m->state))
		err = SW_EPT_ENTRY_STATE_INCORRECT | SW_OPND_RCX;
	if (!err)
		return 0;
	sw_entry_report(&m->e, r);
put:
	sw_mem_put(m);
	return err;
}

void sw_mem_put(struct sw_mem *m)
{
	sw_page_put(&m->page);
	sw_page_put(&m->old);
	sw_entry_unlock(&m->e);
	sw_td_put(&m->td);
}

/* Where BEPOCH of an entry is: with the page, or with the S-EPT page. */
static u8 bepoch_level(const struct sw_mem *m)
{
	return sw_sept_is_leaf(m->state) ? m->e.level : 0;
}

/*
 * May an entry be taken away from the guest?  Once vCPUs can have it in their
 * TLBs it has to be blocked, and every vCPU has to have left since.  The host
 * is shown the entry if that is what stands in the way.
 */
u64 sw_mem_check_tracked(const struct sw_mem *m, struct sw_regs *r)
{
	u64 pa = m->e.val & SW_EPT_PFN;

	if (!sw_tracking_needed(&m->td))
		return 0;
	if (!sw_sept_is_blocked(m->state)) {
		sw_entry_report(&m->e, r);
		return SW_GPA_RANGE_NOT_BLOCKED | SW_OPND_RCX;
	}
	if (!sw_epoch_tracked(&m->td, sw_pamt_bepoch(pa, bepoch_level(m))))
		return SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX;
	return 0;
}

/* Of R8 to R11 in version 1: the page was not used, or there is none. */
#define SEPT_ADD_UNUSED		(1ULL << 63)
#define SEPT_ADD_NONE		(~0ULL)

static u64 sept_add_l2(const struct sw_regs *in, bool v1)
{
	/* No L2 VMs, so no pages for their tables. */
	if (v1 && in->r9 != SEPT_ADD_NONE)
		return SW_OPERAND_INVALID | SW_OPND_R9;
	if (v1 && in->r10 != SEPT_ADD_NONE)
		return SW_OPERAND_INVALID | SW_OPND_R10;
	if (v1 && in->r11 != SEPT_ADD_NONE)
		return SW_OPERAND_INVALID | SW_OPND_R11;
	return 0;
}

/* A table that is there already, as a caller with L2 VMs may expect. */
static u64 sept_add_existing(struct sw_mem *m, const struct sw_regs *in,
			     struct sw_regs *r, bool v1)
{
	bool none = v1 && in->r8 == SEPT_ADD_NONE;
	u64 err = 0;

	if (!none && !(in->rdx & 1)) {
		sw_entry_report(&m->e, r);
		return SW_EPT_ENTRY_STATE_INCORRECT | SW_OPND_RCX;
	}
	if (!none)
		err = sw_page_operand(in->r8 & ~SEPT_ADD_UNUSED, 0, SW_OPND_R8);
	if (!err)
		err = sept_add_l2(in, v1);
	if (!err && v1)
		r->r8 = in->r8 | SEPT_ADD_UNUSED;
	return err;
}

static u64 sept_add(struct sw_mem *m, const struct sw_regs *in,
		    struct sw_regs *r, bool v1)
{
	u64 pa = in->r8 & ~SEPT_ADD_UNUSED, err;

	if (m->state == SW_ST_NL_MAPPED)
		return sept_add_existing(m, in, r, v1);
	err = sw_page_get(pa, 0, SW_EXCL, SW_PT_NDA, SW_OPND_R8, &m->page);
	if (!err)
		err = sept_add_l2(in, v1);
	if (err)
		return err;
	sw_sept_fill_free(sw_va(pa), 512);
	sw_td_children(&m->td, 1);
	sw_page_set(&m->page, SW_PT_EPT, m->td.page.pa);
	sw_entry_set(&m->e, sw_sept_make(SW_ST_NL_MAPPED, pa));
	if (v1)
		r->r8 = SEPT_ADD_NONE;
	return 0;
}

u64 sw_mem_sept_add(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 1, SW_ROOT_LEVEL, SW_SHARED };
	struct sw_regs in = sw_mem_begin(r), walk = in;
	bool v1 = r->rax >> 16 & 0xff;
	struct sw_mem m;
	u64 err;

	walk.rdx &= ~1ULL;
	if (walk.rdx & (SW_PAGE_SIZE - 1))
		err = SW_OPERAND_INVALID | SW_OPND_RDX;
	else
		err = sw_mem_get(&walk, r, SW_LEAF_MEM_SEPT_ADD, &how, &m);
	if (!err) {
		err = sept_add(&m, &in, r, v1);
		sw_mem_put(&m);
	}
	if (err && v1) {
		r->r8 = in.r8 & ~SEPT_ADD_UNUSED;
		r->r9 = in.r9 & ~SEPT_ADD_UNUSED;
		r->r10 = in.r10 & ~SEPT_ADD_UNUSED;
		r->r11 = in.r11 & ~SEPT_ADD_UNUSED;
	}
	return err;
}

/* Version 1 returns the pages of L2 VMs' tables as well: there are none. */
void sw_mem_no_l2_pages(struct sw_regs *r)
{
	if (!(r->rax >> 16 & 0xff))
		return;
	r->r9 = ~0ULL;
	r->r10 = ~0ULL;
	r->r11 = ~0ULL;
}

static bool table_is_free(u64 pa)
{
	u64 *table = sw_va(pa);
	int i;

	for (i = 0; i < 512; i++) {
		enum sw_sept_state s = sw_sept_state(sw_load(&table[i]));

		if (s != SW_ST_FREE && s != SW_ST_REMOVED)
			return false;
	}
	return true;
}

static u64 sept_remove(struct sw_mem *m, struct sw_regs *r)
{
	u64 pa = m->e.val & SW_EPT_PFN, hint, err;

	err = sw_page_get_leaf(pa, 0, SW_EXCL, SW_PT_EPT, SW_OPND_RCX, &m->page);
	if (!err)
		err = sw_mem_check_tracked(m, r);
	if (err)
		return err;
	if (!table_is_free(pa)) {
		sw_entry_report(&m->e, r);
		return SW_EPT_PAGE_NOT_FREE | SW_OPND_RCX;
	}
	sw_entry_set(&m->e, sw_sept_make(SW_ST_FREE, 0));
	hint = sw_page_set(&m->page, SW_PT_NDA, 0);
	sw_td_children(&m->td, -1);
	r->rcx = pa | hint;
	return 0;
}

u64 sw_mem_sept_remove(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 1, SW_ROOT_LEVEL, SW_EXCL };
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 err;

	sw_mem_no_l2_pages(r);
	err = sw_mem_get(&in, r, SW_LEAF_MEM_SEPT_REMOVE, &how, &m);
	if (err)
		return err;
	err = sept_remove(&m, r);
	sw_mem_put(&m);
	return err;
}

u64 sw_mem_sept_rd(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 0, SW_ROOT_LEVEL, SW_SHARED };
	struct sw_regs in = sw_mem_begin(r);
	u64 flag = in.rdx & 1, err;
	struct sw_mem m;

	/* The flag has a meaning elsewhere; a wrong TDR is reported first. */
	in.rdx &= ~1ULL;
	err = sw_mem_get(&in, r, SW_LEAF_MEM_SEPT_RD, &how, &m);
	if (err)
		return err;
	if (flag)
		err = SW_OPERAND_INVALID | SW_OPND_RDX;
	else
		sw_entry_report(&m.e, r);
	sw_mem_put(&m);
	return err;
}

static enum sw_sept_state blocked_form(enum sw_sept_state s)
{
	if (s == SW_ST_NL_MAPPED)
		return SW_ST_NL_BLOCKED;
	return sw_sept_is_pending(s) ? SW_ST_PENDING_BLOCKED : SW_ST_BLOCKED;
}

enum sw_sept_state sw_unblocked_form(enum sw_sept_state s)
{
	if (!sw_sept_is_leaf(s))
		return SW_ST_NL_MAPPED;
	return sw_sept_is_pending(s) ? SW_ST_PENDING : SW_ST_MAPPED;
}

static u64 range_block(struct sw_mem *m, struct sw_regs *r)
{
	u64 pa = m->e.val & SW_EPT_PFN;
	u8 level = bepoch_level(m);

	if (sw_sept_is_blocked(m->state)) {
		sw_entry_report(&m->e, r);
		return SW_GPA_RANGE_ALREADY_BLOCKED | SW_OPND_RCX;
	}
	if (!sw_sept_may(SW_LEAF_MEM_RANGE_BLOCK, m->state)) {
		sw_entry_report(&m->e, r);
		return SW_EPT_ENTRY_STATE_INCORRECT | SW_OPND_RCX;
	}
	sw_entry_set(&m->e, sw_sept_make(blocked_form(m->state), pa));
	/*
	 * Stamped after the entry is blocked: a vCPU that enters between the
	 * two under a newer epoch no longer finds a translation.
	 */
	sw_pamt_set_bepoch(pa, level, sw_load(&m->td.tdcs->td_epoch));
	return 0;
}

u64 sw_mem_range_block(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = {
		0, SW_ROOT_LEVEL, SW_EXCL, .any_state = true
	};
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 err;

	err = sw_mem_get(&in, r, SW_LEAF_MEM_RANGE_BLOCK, &how, &m);
	if (err)
		return err;
	err = range_block(&m, r);
	sw_mem_put(&m);
	return err;
}

u64 sw_mem_range_unblock(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 0, SW_ROOT_LEVEL, SW_EXCL };
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 err;

	err = sw_mem_get(&in, r, SW_LEAF_MEM_RANGE_UNBLOCK, &how, &m);
	if (err)
		return err;
	err = sw_mem_check_tracked(&m, r);
	if (!err)
		sw_entry_set(&m.e, sw_sept_make(sw_unblocked_form(m.state),
						m.e.val & SW_EPT_PFN));
	sw_mem_put(&m);
	return err;
}

u64 sw_mem_track(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_td td;
	u64 err;

	err = sw_td_get(r->rcx, SW_SHARED, SW_SHARED, SW_LEAF_MEM_TRACK,
			SW_OPND_RCX, false, &td);
	if (err)
		return err;
	err = sw_epoch_track(&td);
	sw_td_put(&td);
	return err;
}

/* A debug TD's memory, in whatever size it is mapped. */
static u64 rd_wr_walk(struct sw_td *td, u64 gpa, u32 leaf, struct sw_entry *e)
{
	u64 err;

	err = sw_sept_walk(td, gpa & ~(SW_SIZE_4K - 1), 0, e);
	if (err && !(e->level == 1 && sw_sept_is_leaf(sw_sept_state(e->val))))
		return SW_EPT_ENTRY_NOT_PRESENT | SW_OPND_RCX;
	err = sw_entry_lock(e, SW_HOST);
	if (err)
		return err;
	if (!sw_sept_may(leaf, sw_sept_state(e->val)))
		return SW_EPT_ENTRY_NOT_PRESENT | SW_OPND_RCX;
	return 0;
}

static u64 rd_wr_gpa(struct sw_td *td, u64 gpa)
{
	u64 err;

	if (!(td->tdcs->attributes & SW_ATTR_DEBUG))
		return SW_TD_NON_DEBUG;
	if (!SW_ALIGNED(gpa, sizeof(u64)))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	err = sw_td_lock_tree(td, SW_SHARED);
	if (!err && gpa >= SW_SHARED_BIT)
		err = SW_OPERAND_INVALID | SW_OPND_RCX;
	return err;
}

static u64 mem_rd_wr(struct sw_regs *r, u32 leaf)
{
	struct sw_regs in = sw_mem_begin(r);
	struct sw_entry e = { 0 };
	u64 gpa = in.rcx, *p, err;
	struct sw_td td;

	r->r8 = 0;
	err = sw_td_get(in.rdx, SW_SHARED, SW_SHARED, leaf, SW_OPND_RDX, false,
			&td);
	if (err)
		return err;
	err = rd_wr_gpa(&td, gpa);
	if (err)
		goto put;
	err = rd_wr_walk(&td, gpa, leaf, &e);
	if (err) {
		sw_entry_report(&e, r);
		goto unlock;
	}
	p = sw_va((e.val & SW_EPT_PFN) | (gpa & (SW_LEVEL_SIZE(e.level) - 1)));
	r->r8 = sw_load(p);
	if (leaf == SW_LEAF_MEM_WR)
		sw_store(p, in.r8);
unlock:
	sw_entry_unlock(&e);
put:
	sw_td_put(&td);
	return err;
}

u64 sw_mem_rd(struct sw_cpu *cpu, struct sw_regs *r)
{
	return mem_rd_wr(r, SW_LEAF_MEM_RD);
}

u64 sw_mem_wr(struct sw_cpu *cpu, struct sw_regs *r)
{
	return mem_rd_wr(r, SW_LEAF_MEM_WR);
}
