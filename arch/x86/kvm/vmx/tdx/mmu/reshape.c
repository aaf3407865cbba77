// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another size for what is mapped: a large page becomes small ones, so that a
 * part of it can go; an empty table goes, so that a large page has room.
 */
#include "mmu_env.h"

/* Bounds the time for which mmu_lock is held for tables that go. */
#define PRUNE_SPAN	SZ_128M

/* --- splitting --- */

/* The module leaves 512 unblocked leaves below the new table. */
static void split_publish(struct sept_iter *it, struct sept_table *table)
{
	u64 i, pfn = sept_pfn(it->old);

	tdx_pamt_split(pfn_to_page(pfn), &table->pair);
	for (i = 0; i < SEPT_ENTRIES; i++)
		table->entries[i] = sept_make_leaf(SEPT_LEAF, pfn + i);
	sept_publish(it, sept_make_table(table));

	sept_count(it->kvm_tdx, SEPT_STAT_DEMOTES, 1);
	sept_count(it->kvm_tdx, SEPT_STAT_TABLES, 1);
	sept_count_leaf(it->kvm_tdx, SEPT_LEVEL_2M, -1);
	sept_count_leaf(it->kvm_tdx, SEPT_LEVEL_4K, SEPT_ENTRIES);
}

/* Returns 0 if the module has taken @table. */
static int split_leaf(struct sept_iter *it, struct sept_table *table)
{
	int ret;

	ret = track_block(it);
	if (ret)
		return ret;
	ret = track_epoch(it->kvm_tdx);
	if (ret) {
		sept_hold_leaf(it);
		return ret;
	}
	ret = track_step(it, SEPT_OP_DEMOTE, table);
	if (!ret)
		split_publish(it, table);
	return ret;
}

/*
 * Without a table the mapping stays as it is.  A zap then takes all of it, and
 * the guest has to accept the rest anew.
 */
void sept_split(struct kvm_tdx *kvm_tdx, u64 gpa)
{
	struct sept_table *table;
	struct sept_iter it;

	lockdep_assert_held_write(&kvm_tdx->vmx.kvm.mmu_lock);

	sept_iter_start(&it, kvm_tdx, gpa);
	while (sept_state(it.old) == SEPT_TABLE)
		sept_iter_descend(&it);
	if (sept_state(it.old) != SEPT_LEAF || it.pos.level == SEPT_LEVEL_4K)
		return;

	table = sept_take_spare(kvm_tdx);
	if (!table)
		table = sept_alloc_spare(GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!table)
		return;
	if (split_leaf(&it, table))
		sept_table_free(table);
	track_release(kvm_tdx);
}

/* --- empty tables --- */

bool sept_empty_table_at(struct kvm_tdx *kvm_tdx, u64 gpa)
{
	struct sept_iter it;
	u64 start = gpa & ~(sept_size(SEPT_LEVEL_2M) - 1);

	lockdep_assert_held(&kvm_tdx->vmx.kvm.mmu_lock);

	return sept_iter_next_table(&it, kvm_tdx, &start, gpa + 1) &&
	       sept_state(it.old) == SEPT_TABLE &&
	       sept_table_is_empty(sept_child(it.old));
}

/* Nobody needs the table to go: if the module stays busy, so does the table. */
static int prune_block_table(struct sept_iter *it)
{
	struct sept_info info;
	u64 err;
	int ret;

	if (WARN_ON_ONCE(!sept_may(SEPT_OP_BLOCK_TABLE, sept_state(it->old))))
		return -EIO;
	err = track_call_retried(it, SEPT_OP_BLOCK_TABLE, NULL, &info);
	ret = sept_errno(it, SEPT_OP_BLOCK_TABLE, err, &info);
	if (ret)
		return ret;
	sept_count(it->kvm_tdx, SEPT_STAT_BLOCKS, 1);
	sept_publish(it, (it->old & ~SEPT_STATE_MASK) |
			 sept_after(SEPT_OP_BLOCK_TABLE));
	return 0;
}

/* The module walks through no blocked table: its leaves have to be gone before. */
u64 sept_prune_block(struct kvm_tdx *kvm_tdx, u64 start, u64 end)
{
	struct sept_iter it;
	u64 nr = 0;

	for_each_sept_table(&it, kvm_tdx, start, end) {
		if (sept_state(it.old) != SEPT_TABLE ||
		    !sept_table_is_empty(sept_child(it.old)))
			continue;
		if (prune_block_table(&it))
			break;
		nr++;
	}
	return nr;
}

void sept_prune_remove(struct kvm_tdx *kvm_tdx, u64 start, u64 end)
{
	struct sept_iter it;

	for_each_sept_table(&it, kvm_tdx, start, end) {
		struct sept_table *table = sept_child(it.old);

		if (sept_state(it.old) != SEPT_TABLE_BLOCKED)
			continue;
		if (track_step(&it, SEPT_OP_UNLINK, table))
			continue;
		sept_count(kvm_tdx, SEPT_STAT_UNLINKS, 1);
		sept_publish(&it, sept_after(SEPT_OP_UNLINK));
		sept_scrub_table(kvm_tdx, table);
	}
}

void sept_prune(struct kvm_tdx *kvm_tdx, u64 gpa)
{
	u64 start = gpa & ~(sept_size(SEPT_LEVEL_2M) - 1);
	u64 end = min(start + PRUNE_SPAN, tdx_shared_bit(kvm_tdx));

	lockdep_assert_held_write(&kvm_tdx->vmx.kvm.mmu_lock);

	if (td_state(kvm_tdx) != TD_S_RUNNABLE || kvm_tdx->sept.closing)
		return;
	if (sept_prune_block(kvm_tdx, start, end) && !track_epoch(kvm_tdx))
		sept_prune_remove(kvm_tdx, start, end);
	track_release(kvm_tdx);
}
