// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.PHYMEM.PAMT.*: pages that a host adds for the metadata of small pages,
 * or takes back; and the pair of them that a DEMOTE brings along.
 */
#include "host/leaf.h"

/* --- pairs of pages --- */

/* Free in its own metadata, where there is any: shared, so that it stays so. */
static u64 pair_walk(u64 pa, u32 operand, struct sw_page *page)
{
	u64 err = sw_page_get(pa, 0, SW_SHARED, -1, operand, page);

	if (!err && sw_page_type(page) != SW_PT_NDA)
		err = SW_PAGE_NOT_FREE | operand;
	return err;
}

u64 sw_pamt_pair_get(struct sw_pamt_pair *pair, u64 inside)
{
	unsigned int i;
	u64 err = 0;

	for (i = 0; i < 2 && !err; i++) {
		/* Below the entry that the caller has to himself. */
		if ((pair->pa[i] & ~(SW_SIZE_2M - 1)) != inside)
			err = pair_walk(pair->pa[i], pair->operand[i],
					&pair->page[i]);
	}
	if (!err && !sw_pamt_mark(pair->pa[0]))
		err = SW_PAGE_NOT_FREE | pair->operand[0];
	if (!err && !sw_pamt_mark(pair->pa[1])) {
		sw_pamt_unmark(pair->pa[0]);
		err = SW_PAGE_NOT_FREE | pair->operand[1];
	}
	if (err)
		sw_pamt_pair_put(pair);
	return err;
}

void sw_pamt_pair_put(struct sw_pamt_pair *pair)
{
	sw_page_put(&pair->page[1]);
	sw_page_put(&pair->page[0]);
}

/* --- TDH.PHYMEM.PAMT.ADD, .REMOVE --- */

static u64 range_arg(u64 rcx, u64 *pa)
{
	*pa = rcx & ~7ULL;
	if (!sw_sys.dynamic_pamt)
		return SW_OPERAND_INVALID | SW_OPND_RAX;
	if ((rcx & 7) != 1 || !SW_ALIGNED(*pa, SW_SIZE_2M) ||
	    !sw_sys_check_hpa(*pa))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	return 0;
}

u64 sw_phymem_pamt_add(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_pamt_pair pair = {
		.pa = { r->rdx, r->r8 }, .operand = { SW_OPND_RDX, SW_OPND_R8 },
	};
	struct sw_page range;
	u64 pa, err;

	err = range_arg(r->rcx, &pa);
	if (!err)
		err = sw_page_operand(r->rdx, 0, SW_OPND_RDX);
	if (!err)
		err = sw_page_operand(r->r8, 0, SW_OPND_R8);
	if (!err)
		err = sw_page_get(pa, 1, SW_EXCL, -1, SW_OPND_RCX, &range);
	if (err)
		return err;
	if (sw_page_type(&range) != SW_PT_NDA)
		err = SW_HPA_RANGE_NOT_FREE | SW_OPND_RCX;
	else
		err = sw_pamt_pair_get(&pair, pa);
	if (!err)
		sw_node_make(range.e, &pair, 0);
	sw_pamt_pair_put(&pair);
	sw_page_put(&range);
	return err;
}

/* Which of the two pages has an entry in use; 2: none. */
static unsigned int page_in_use(const struct sw_pamt_entry *node)
{
	unsigned int i;

	for (i = 0; i < 512; i++) {
		if (sw_node_entry(node, i * SW_SIZE_4K)->type_flags != SW_PT_NDA)
			return i / SW_NODE_ENTRIES;
	}
	return 2;
}

static u64 pamt_remove(struct sw_page *range, struct sw_regs *r)
{
	unsigned int used;
	u64 pair[2];

	if (sw_page_type(range) != SW_PT_PAMT)
		return SW_NO_PAMT_PAGE_PAIR | SW_OPND_RCX;
	used = page_in_use(range->e);
	if (used < 2)
		return SW_PAMT_PAGE_NOT_EMPTY | used;
	sw_node_unmake(range->e, pair);
	sw_page_set(range, SW_PT_NDA, 0);
	r->rdx = pair[0];
	r->r8 = pair[1];
	return 0;
}

u64 sw_phymem_pamt_remove(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_page range;
	u64 pa, err;

	err = range_arg(r->rcx, &pa);
	if (!err)
		err = sw_page_get(pa, 1, SW_EXCL, -1, SW_OPND_RCX, &range);
	if (err)
		return err;
	err = pamt_remove(&range, r);
	sw_page_put(&range);
	return err;
}
