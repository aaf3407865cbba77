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
#include "core/core.h"

#define SW_NODE_COUNT		0x3ffULL
#define SW_NODE_PFN_SHIFT	28

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

bool sw_pamt_mark(u64 pa)
{
	u64 bit, *word = mark_word(sw_tdmr_find(pa), pa, &bit);

	return !(sw_or(word, bit) & bit);
}

void sw_pamt_unmark(u64 pa)
{
	u64 bit, *word = mark_word(sw_tdmr_find(pa), pa, &bit);

	sw_and(word, ~bit);
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
		sw_pamt_unmark(pair[i]);
	}
}
