// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts how often each leaf ended with which status.  Without a lock: a slot
 * is claimed once by compare-exchange and then only counts up.
 */
#include "core/core.h"

/* Different statuses a leaf is told apart by; the rest goes to the last one. */
#define SW_STAT_SLOTS	12

struct sw_stat_slot {
	u64 key;		/* status class + 1, 0: free */
	u64 count;
};

static struct sw_stat_slot slots[SW_NR_STATS][SW_NR_LEAVES][SW_STAT_SLOTS];
/* VP.ENTERs that ended with a TD exit, which is no error: by exit reason. */
static u64 td_exits[SW_NR_EXIT_REASONS];
static u64 accepted;

u64 sw_stat_td_exits(u32 reason)
{
	return reason < SW_NR_EXIT_REASONS ? sw_load(&td_exits[reason]) : 0;
}

static bool slot_claim(struct sw_stat_slot *slot, u64 key)
{
	u64 old = sw_load(&slot->key);

	if (!old)
		old = sw_cmpxchg(&slot->key, 0, key);
	return !old || old == key;
}

void sw_stat_count(enum sw_stat_kind kind, u32 leaf, u64 status)
{
	struct sw_stat_slot *slot;
	unsigned int i;

	/* Unknown leaves share the last row. */
	if (leaf >= SW_NR_LEAVES)
		leaf = SW_NR_LEAVES - 1;
	slot = slots[kind][leaf];
	for (i = 0; i < SW_STAT_SLOTS - 1; i++, slot++) {
		if (slot_claim(slot, (status >> 32) + 1))
			break;
	}
	sw_add_return(&slot->count, 1);
}

void sw_stat_td_exit(u64 status)
{
	u32 reason = status & 0xffff;

	/* The last one has what the table has no room for. */
	if (reason >= SW_NR_EXIT_REASONS)
		reason = SW_NR_EXIT_REASONS - 1;
	if (!(status & SW_STATUS_MASK))
		sw_add_return(&td_exits[reason], 1);
}

void sw_stat_tdcall(u32 leaf, u64 status)
{
	sw_stat_count(SW_STAT_TDCALL, leaf, status);
}

void sw_stat_accepted(u64 npages)
{
	sw_add_return(&accepted, npages);
}

u64 sw_stat_accepted_pages(void)
{
	return sw_load(&accepted);
}

bool sw_stat_line(enum sw_stat_kind kind, unsigned int i, u32 *leaf,
		  u64 *status, u64 *count)
{
	unsigned int total = SW_NR_LEAVES * SW_STAT_SLOTS;
	const struct sw_stat_slot *slot;

	if (i >= total)
		return false;
	slot = &slots[kind][i / SW_STAT_SLOTS][i % SW_STAT_SLOTS];
	*leaf = i / SW_STAT_SLOTS;
	*count = sw_load(&slot->count);
	*status = slot->key ? (slot->key - 1) << 32 : SW_STATUS_MASK;
	return true;
}

void sw_stat_reset(void)
{
	memset(slots, 0, sizeof(slots));
	memset(td_exits, 0, sizeof(td_exits));
	accepted = 0;
}
