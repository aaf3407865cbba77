// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mirror's tables and the way through them.  No SEAMCALL is made here.
 */
#include "mmu_env.h"

/* --- tables --- */

void sept_table_free(struct sept_table *table)
{
	if (table->page)
		tdx_free_page(table->page);
	tdx_pamt_pair_free(&table->pair);
	free_page((unsigned long)table->entries);
	kfree(table);
}

struct sept_table *sept_table_alloc(gfp_t gfp)
{
	struct sept_table *table = kzalloc(sizeof(*table), gfp);

	if (!table)
		return NULL;
	table->entries = (u64 *)get_zeroed_page(gfp);
	table->page = tdx_alloc_page(gfp);
	if (!table->entries || !table->page) {
		sept_table_free(table);
		return NULL;
	}
	return table;
}

bool sept_table_is_empty(const struct sept_table *table)
{
	unsigned int i;

	for (i = 0; i < SEPT_ENTRIES; i++) {
		if (READ_ONCE(table->entries[i]) != SEPT_NONE)
			return false;
	}
	return true;
}

/* --- the walk --- */

u8 sept_root_level(const struct kvm_tdx *kvm_tdx)
{
	return kvm_tdx->gpaw > 48 ? 4 : 3;
}

static void sept_iter_set(struct sept_iter *it, struct sept_table *table,
			  u8 level)
{
	u64 index = (it->target >> sept_shift(level)) % SEPT_ENTRIES;

	it->table = table;
	it->ptr = &table->entries[index];
	it->pos.level = level;
	it->pos.gpa = it->target & ~(sept_size(level) - 1);
	sept_iter_reload(it);
}

void sept_iter_reload(struct sept_iter *it)
{
	/* Pairs with smp_store_release() in sept_publish(). */
	it->old = smp_load_acquire(it->ptr);
}

void sept_iter_start(struct sept_iter *it, struct kvm_tdx *kvm_tdx, u64 gpa)
{
	it->kvm_tdx = kvm_tdx;
	it->target = gpa;
	sept_iter_set(it, &kvm_tdx->sept.root, sept_root_level(kvm_tdx));
}

/* Go through the table that @it->old leads to; without one the walk is over. */
bool sept_iter_descend(struct sept_iter *it)
{
	if (sept_state(it->old) != SEPT_TABLE) {
		it->ptr = NULL;
		return false;
	}
	sept_iter_set(it, sept_child(it->old), it->pos.level - 1);
	return true;
}

/* Go on to the next entry of the same table; false behind the last one. */
static bool sept_iter_step(struct sept_iter *it)
{
	u64 next = it->pos.gpa + sept_size(it->pos.level);

	if (!(next & (sept_size(it->pos.level + 1) - 1)))
		return false;
	it->ptr++;
	it->pos.gpa = next;
	it->target = next;
	sept_iter_reload(it);
	return true;
}

/*
 * Find the first leaf that overlaps [@gpa, @end) and move @gpa behind it.  From
 * one leaf to the next the way leads through the table where it is; only at its
 * end does it start at the root again.  The caller holds mmu_lock for write all
 * the while, and takes no table away.
 */
bool sept_iter_next_leaf(struct sept_iter *it, struct kvm_tdx *kvm_tdx, u64 *gpa,
			 u64 end)
{
	while (*gpa < end) {
		if (!it->ptr || !sept_iter_step(it))
			sept_iter_start(it, kvm_tdx, *gpa);
		while (sept_state(it->old) == SEPT_TABLE)
			sept_iter_descend(it);
		*gpa = it->pos.gpa + sept_size(it->pos.level);
		if (sept_is_leaf(it->old))
			return true;
	}
	return false;
}

/*
 * The same for entries of the 2 MiB level that have a table, blocked or not.
 * There is none below a blocked one.
 */
bool sept_iter_next_table(struct sept_iter *it, struct kvm_tdx *kvm_tdx, u64 *gpa,
			  u64 end)
{
	while (*gpa < end) {
		sept_iter_start(it, kvm_tdx, *gpa);
		while (it->pos.level > SEPT_LEVEL_2M &&
		       sept_state(it->old) == SEPT_TABLE)
			sept_iter_descend(it);
		*gpa = it->pos.gpa + sept_size(it->pos.level);
		if (it->pos.level == SEPT_LEVEL_2M && sept_has_table(it->old))
			return true;
	}
	return false;
}

/* --- changing an entry --- */

/*
 * Make the entry the caller's.  A fault that meets it backs off, so that no
 * child is offered to the module before it has the parent.
 */
bool sept_try_freeze(struct sept_iter *it)
{
	return try_cmpxchg64(it->ptr, &it->old, SEPT_FROZEN);
}

void sept_publish(struct sept_iter *it, u64 entry)
{
	/* Pairs with smp_load_acquire() in sept_iter_reload(). */
	smp_store_release(it->ptr, entry);
}
