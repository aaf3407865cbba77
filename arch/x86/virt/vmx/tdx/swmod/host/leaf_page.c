// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.MEM.PAGE.*: putting pages into a TD, taking them out, and changing the
 * size in which they are mapped.
 */
#include "host/leaf_mem.h"

static s64 pages_of(u8 level)
{
	return 1LL << (9 * level);
}

/*
 * The last moment at which the host can have the CPU back: everything is
 * checked, nothing is written but a page that is still the host's.  Somebody
 * who lost the tree lock, which is held here, has left a mark on it.  The call
 * is one that never was: RCX and RDX are the operands.
 */
static u64 interrupted(const struct sw_mem *m, const struct sw_regs *in,
		       struct sw_regs *r)
{
	u64 err = 0;

	if (sw_irq_pending())
		err = SW_INTERRUPTED_RESTARTABLE;
	else if (sw_lock_wanted(&m->td.tdcs->tree_lock))
		err = SW_INTERRUPTED_BUSY;
	if (err) {
		r->rcx = in->rcx;
		r->rdx = in->rdx;
	}
	return err;
}

/* The checks of PAGE.ADD behind those of the TD, which it has to itself. */
static u64 page_add_check(struct sw_mem *m, u64 rcx, struct sw_regs *r,
			  u64 *source)
{
	u64 err;

	err = sw_gpa_arg(rcx, 0, 0, &m->gpa, &m->level);
	if (err)
		return err;
	err = sw_sept_walk(&m->td, m->gpa, 0, &m->e);
	if (!err && !sw_sept_may(SW_LEAF_MEM_PAGE_ADD, sw_sept_state(m->e.val)))
		err = SW_EPT_ENTRY_STATE_INCORRECT | SW_OPND_RCX;
	if (err) {
		sw_entry_report(&m->e, r);
		return err;
	}
	err = sw_page_get(r->r8, 0, SW_EXCL, SW_PT_NDA, SW_OPND_R8, &m->page);
	if (err)
		return err;
	/* The source may have a KeyID that is shared, but has to be memory. */
	*source = r->r9 & ((1ULL << sw_maxpa()) - 1);
	if (!SW_ALIGNED(r->r9, SW_PAGE_SIZE) || !sw_hpa_is_shared(r->r9) ||
	    !sw_is_ram(*source, SW_PAGE_SIZE))
		return SW_OPERAND_INVALID | SW_OPND_R9;
	return 0;
}

u64 sw_mem_page_add(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m = { 0 };
	u64 source, err;

	err = sw_td_get(in.rdx, SW_EXCL, -1, SW_LEAF_MEM_PAGE_ADD, SW_OPND_RDX,
			false, &m.td);
	if (err)
		return err;
	err = page_add_check(&m, in.rcx, r, &source);
	if (!err) {
		memcpy(sw_va(r->r8), sw_va(source), SW_PAGE_SIZE);
		sw_mrtd_page_add(m.td.tdcs, m.gpa);
		sw_td_children(&m.td, 1);
		sw_page_set(&m.page, SW_PT_REG, m.td.page.pa);
		sw_entry_set(&m.e, sw_sept_make(SW_ST_MAPPED, r->r8));
	}
	sw_mem_put(&m);
	return err;
}

u64 sw_mem_page_aug(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 0, 1, SW_SHARED };
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 err;

	err = sw_mem_get(&in, r, SW_LEAF_MEM_PAGE_AUG, &how, &m);
	if (err)
		return err;
	err = sw_page_get(r->r8, m.level, SW_EXCL, SW_PT_NDA, SW_OPND_R8,
			  &m.page);
	if (!err) {
		sw_td_children(&m.td, pages_of(m.level));
		sw_page_set(&m.page, SW_PT_REG, m.td.page.pa);
		sw_entry_set(&m.e, sw_sept_make(SW_ST_PENDING, r->r8));
	}
	sw_mem_put(&m);
	return err;
}

u64 sw_mem_page_remove(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 0, 2, SW_SHARED };
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 pa, hint, err;

	err = sw_mem_get(&in, r, SW_LEAF_MEM_PAGE_REMOVE, &how, &m);
	if (err)
		return err;
	pa = m.e.val & SW_EPT_PFN;
	err = sw_mem_check_tracked(&m, r);
	if (!err)
		err = sw_page_get_leaf(pa, m.level, SW_EXCL, SW_PT_REG,
				       SW_OPND_RCX, &m.old);
	if (!err) {
		sw_entry_set(&m.e, sw_sept_make(SW_ST_FREE, 0));
		hint = sw_page_set(&m.old, SW_PT_NDA, 0);
		sw_td_children(&m.td, -pages_of(m.level));
		r->rcx = pa | hint;
	}
	sw_mem_put(&m);
	return err;
}

/* Smaller entries for the same memory; usable as soon as they are linked. */
static void fill_demoted(u64 *table, enum sw_sept_state state, u64 pa)
{
	int i;

	for (i = 0; i < 512; i++)
		table[i] = sw_sept_make(sw_unblocked_form(state),
					pa + i * SW_SIZE_4K);
}

/* What a dynamic PAMT needs for 512 small pages. */
static u64 demote_pair(struct sw_pamt_pair *pair)
{
	unsigned int i;

	if (!sw_sys.dynamic_pamt)
		return 0;
	for (i = 0; i < 2; i++) {
		if (!SW_ALIGNED(pair->pa[i], SW_SIZE_4K) ||
		    !sw_sys_check_hpa(pair->pa[i]))
			return SW_OPERAND_INVALID | pair->operand[i];
	}
	for (i = 0; i < 2; i++) {
		if (!sw_pa_usable(pair->pa[i]))
			return SW_OPERAND_ADDR_RANGE_ERROR | pair->operand[i];
	}
	return sw_pamt_pair_get(pair, ~0ULL);
}

static void demote_commit(struct sw_mem *m, u64 table,
			  const struct sw_pamt_pair *pair)
{
	sw_pamt_split(&m->old, pair);
	sw_td_children(&m->td, 1);
	sw_page_set(&m->page, SW_PT_EPT, m->td.page.pa);
	sw_entry_set(&m->e, sw_sept_make(SW_ST_NL_MAPPED, table));
}

static u64 page_demote(struct sw_mem *m, const struct sw_regs *in,
		       struct sw_regs *r)
{
	struct sw_pamt_pair pair = {
		.pa = { r->r12, r->r13 }, .operand = { SW_OPND_R12, SW_OPND_R13 },
	};
	u64 pa = m->e.val & SW_EPT_PFN, err;

	err = sw_mem_check_tracked(m, r);
	if (!err)
		err = sw_page_get(r->r8, 0, SW_EXCL, SW_PT_NDA, SW_OPND_R8,
				  &m->page);
	if (err)
		return err;
	fill_demoted(sw_va(r->r8), m->state, pa);
	if (!sw_enhanced_demote)
		err = interrupted(m, in, r);
	if (err)
		return err;
	err = sw_page_get_leaf(pa, 1, SW_EXCL, SW_PT_REG, SW_OPND_RCX, &m->old);
	if (!err)
		err = demote_pair(&pair);
	if (err)
		return err;
	demote_commit(m, r->r8, &pair);
	sw_pamt_pair_put(&pair);
	return 0;
}

u64 sw_mem_page_demote(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 1, 2, SW_SHARED };
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 err;

	err = sw_mem_get(&in, r, SW_LEAF_MEM_PAGE_DEMOTE, &how, &m);
	if (err)
		return err;
	err = page_demote(&m, &in, r);
	sw_mem_put(&m);
	return err;
}

/* 512 entries of one kind over one aligned, contiguous piece of memory. */
static bool promotable(u64 *table, u64 *pa, enum sw_sept_state *state)
{
	u64 first = sw_load(&table[0]) & ~(SW_EPT_LOCKED | SW_EPT_HP);
	int i;

	*pa = first & SW_EPT_PFN;
	*state = sw_sept_state(first);
	if (*state != SW_ST_MAPPED && *state != SW_ST_PENDING)
		return false;
	if (!SW_ALIGNED(*pa, SW_SIZE_2M))
		return false;
	for (i = 1; i < 512; i++) {
		u64 val = sw_load(&table[i]) & ~SW_EPT_HP;

		/* A locked entry differs as well. */
		if (val != first + i * SW_SIZE_4K)
			return false;
	}
	return true;
}

static u64 page_promote(struct sw_mem *m, const struct sw_regs *in,
			struct sw_regs *r)
{
	u64 table = m->e.val & SW_EPT_PFN, pair[2] = { r->r12, r->r13 };
	enum sw_sept_state state;
	u64 pa, hint, err;

	err = sw_page_get_leaf(table, 0, SW_EXCL, SW_PT_EPT, SW_OPND_RCX, &m->page);
	if (!err)
		err = sw_mem_check_tracked(m, r);
	if (err)
		return err;
	/* There are no pages of 1 GiB. */
	if (m->level > 1 || !promotable(sw_va(table), &pa, &state)) {
		sw_entry_report(&m->e, r);
		return SW_EPT_INVALID_PROMOTE_CONDITIONS | SW_OPND_RCX;
	}
	err = interrupted(m, in, r);
	if (err) {
		r->r12 = 0;
		r->r13 = 0;
		return err;
	}
	err = sw_pamt_merge(pa, m->td.page.pa, &m->old);
	if (err)
		return err;
	sw_pamt_join(&m->old, m->td.page.pa, pair);
	sw_entry_set(&m->e, sw_sept_make(state, pa));
	hint = sw_page_set(&m->page, SW_PT_NDA, 0);
	sw_td_children(&m->td, -1);
	r->rcx = table | hint;
	r->r12 = pair[0];
	r->r13 = pair[1];
	return 0;
}

u64 sw_mem_page_promote(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 1, 2, SW_EXCL };
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 err;

	sw_mem_no_l2_pages(r);
	err = sw_mem_get(&in, r, SW_LEAF_MEM_PAGE_PROMOTE, &how, &m);
	if (err)
		return err;
	err = page_promote(&m, &in, r);
	sw_mem_put(&m);
	return err;
}

static u64 relocate_commit(struct sw_mem *m, u64 from, u64 to)
{
	/* What is pending has no content yet. */
	if (!sw_sept_is_pending(m->state))
		memcpy(sw_va(to), sw_va(from), SW_PAGE_SIZE);
	sw_page_set(&m->page, SW_PT_REG, m->td.page.pa);
	sw_entry_set(&m->e, sw_sept_make(sw_unblocked_form(m->state), to));
	return sw_page_set(&m->old, SW_PT_NDA, 0);
}

u64 sw_mem_page_relocate(struct sw_cpu *cpu, struct sw_regs *r)
{
	static const struct sw_mem_how how = { 0, 0, SW_SHARED };
	struct sw_regs in = sw_mem_begin(r);
	struct sw_mem m;
	u64 pa, err;

	err = sw_mem_get(&in, r, SW_LEAF_MEM_PAGE_RELOCATE, &how, &m);
	if (err)
		return err;
	pa = m.e.val & SW_EPT_PFN;
	err = sw_mem_check_tracked(&m, r);
	if (!err)
		err = sw_page_get(r->r8, 0, SW_EXCL, SW_PT_NDA, SW_OPND_R8,
				  &m.page);
	if (!err)
		err = sw_page_get_leaf(pa, 0, SW_EXCL, SW_PT_REG, SW_OPND_RCX,
				       &m.old);
	if (!err)
		r->rcx = pa | relocate_commit(&m, pa, r->r8);
	sw_mem_put(&m);
	return err;
}
