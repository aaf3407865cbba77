// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic PAMT, for a host that asked for it at SYS.CONFIG.  What is the array
 * of 4K entries otherwise is a bitmap then: a page is marked if it is reserved
 * or serves as metadata.  A 2M entry of type PAMT is a node with the addresses
 * of two such pages, which hold the entries of its 512 small pages, and with
 * the number of those that are in use.
 *
 * A node comes and goes under the exclusive lock of its 2M entry, so a walk
 * that holds this shared may use what is below it.  Marks need no lock of
 * their own: setting one is a test and set, by somebody who holds the page's
 * own entry and thereby keeps it from becoming anything else.
 */
#include "core.h"

#define SW_NODE_COUNT		0x3ffULL
#define SW_NODE_PFN_SHIFT	28
#define SW_NODE_ENTRIES		256	/* of 16 bytes in one page */

/* The first quadword, after the lock and the type, as the owner's bytes say. */
static u64 node_first(const struct sw_pamt_entry *node)
{
	u64 bits = 0;

	memcpy(&bits, node->owner, sizeof(node->owner));
	return bits << 24;
}

u64 sw_node_page(const struct sw_pamt_entry *node, unsigned int half)
{
	u64 quad = half ? sw_load(&node->bepoch) : node_first(node);

	return quad >> SW_NODE_PFN_SHIFT << 12;
}

struct sw_pamt_entry *sw_node_entry(const struct sw_pamt_entry *node, u64 pa)
{
	unsigned int i = pa >> 12 & 511;
	struct sw_pamt_entry *e = sw_va(sw_node_page(node, i / SW_NODE_ENTRIES));

	return &e[i % SW_NODE_ENTRIES];
}

u64 sw_node_count(struct sw_pamt_entry *node, int used)
{
	u64 now;

	if (!used)
		return 0;
	now = sw_add_return(&node->bepoch, (u64)(s64)used);
	return used < 0 && !(now & SW_NODE_COUNT) ? SW_PAMT_HINT : 0;
}

/* --- marks --- */

static u64 *mark_word(const struct sw_tdmr *t, u64 pa, u64 *bit)
{
	u64 i = (pa - t->base) >> 12, *map = sw_va(t->pamt[0]);

	*bit = 1ULL << (i & 63);
	return &map[i / 64];
}

bool sw_pamt_marked(const struct sw_tdmr *t, u64 pa)
{
	u64 bit, *word = mark_word(t, pa, &bit);

	return sw_load(word) & bit;
}

/* Of the 512 small pages of an aligned 2M range. */
bool sw_pamt_range_unmarked(const struct sw_tdmr *t, u64 pa)
{
	u64 bit, *word = mark_word(t, pa, &bit);
	int i;

	for (i = 0; i < 512 / 64; i++) {
		if (sw_load(&word[i]))
			return false;
	}
	return true;
}

void sw_pamt_mark_init(const struct sw_tdmr *t, u64 pa, bool reserved)
{
	u64 bit, *word = mark_word(t, pa, &bit);

	if (reserved)
		*word |= bit;
	else
		*word &= ~bit;
}

static bool mark(u64 pa)
{
	u64 bit, *word = mark_word(sw_tdmr_find(pa), pa, &bit);

	return !(sw_or(word, bit) & bit);
}

static void unmark(u64 pa)
{
	u64 bit, *word = mark_word(sw_tdmr_find(pa), pa, &bit);

	sw_and(word, ~bit);
}

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
	if (!err && !mark(pair->pa[0]))
		err = SW_PAGE_NOT_FREE | pair->operand[0];
	if (!err && !mark(pair->pa[1])) {
		unmark(pair->pa[0]);
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

/* The type goes last: who looks without a lock looks at that first. */
void sw_node_make(struct sw_pamt_entry *node, const struct sw_pamt_pair *pair,
		  unsigned int count)
{
	u64 first = pair->pa[0] >> 12 << (SW_NODE_PFN_SHIFT - 24);

	memset(sw_va(pair->pa[0]), 0, SW_PAGE_SIZE);
	memset(sw_va(pair->pa[1]), 0, SW_PAGE_SIZE);
	memcpy(node->owner, &first, sizeof(node->owner));
	sw_store(&node->bepoch, pair->pa[1] >> 12 << SW_NODE_PFN_SHIFT | count);
	sw_store(&node->type_flags, (u8)SW_PT_PAMT);
}

void sw_node_unmake(struct sw_pamt_entry *node, u64 pair[2])
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		pair[i] = sw_node_page(node, i);
		unmark(pair[i]);
	}
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
