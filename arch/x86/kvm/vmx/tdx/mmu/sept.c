// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping: freeze a mirror entry, make the SEAMCALL, publish the outcome.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "mmu_env.h"

/* --- statistics and errors --- */

void sept_count(struct kvm_tdx *kvm_tdx, enum sept_stat stat, s64 n)
{
	atomic64_add(n, &kvm_tdx->sept.stats.count[stat]);
}

void sept_count_leaf(struct kvm_tdx *kvm_tdx, u8 level, s64 n)
{
	sept_count(kvm_tdx, level == SEPT_LEVEL_4K ? SEPT_STAT_PAGES_4K :
						 SEPT_STAT_PAGES_2M, n);
}

static const char *const sept_leaf_names[SEPT_NR_OPS] = {
	[SEPT_OP_LINK] = "TDH.MEM.SEPT.ADD",
	[SEPT_OP_ADD] = "TDH.MEM.PAGE.ADD",
	[SEPT_OP_AUG] = "TDH.MEM.PAGE.AUG",
	[SEPT_OP_BLOCK] = "TDH.MEM.RANGE.BLOCK",
	[SEPT_OP_REMOVE] = "TDH.MEM.PAGE.REMOVE",
	[SEPT_OP_REMOVE_EARLY] = "TDH.MEM.PAGE.REMOVE",
	[SEPT_OP_DEMOTE] = "TDH.MEM.PAGE.DEMOTE",
	[SEPT_OP_RECLAIM] = "TDH.PHYMEM.PAGE.RECLAIM",
	[SEPT_OP_BLOCK_TABLE] = "TDH.MEM.RANGE.BLOCK",
	[SEPT_OP_UNLINK] = "TDH.MEM.SEPT.REMOVE",
};

const char *sept_leaf_name(enum sept_op op)
{
	return sept_leaf_names[op];
}

int sept_errno(struct sept_iter *it, enum sept_op op, u64 err,
	       const struct sept_info *info)
{
	switch (tdx_judge(err)) {
	case TDX_DONE:
		return 0;
	case TDX_RETRY:
		sept_count(it->kvm_tdx, SEPT_STAT_BUSY, 1);
		return -EBUSY;
	default:
		/*
		 * No operand of an S-EPT step is user space's choice, and the
		 * mirror knows who brought an entry where it is: whatever the
		 * module objects to, one of the two sides is wrong.
		 */
		return tdx_broken_at(it->kvm_tdx, sept_leaf_names[op], err,
				     it->pos.gpa, info);
	}
}

/* --- spare tables: the TD's, and each vCPU's --- */

/* A table, and what the module needs to know of the pages below it. */
struct sept_table *sept_alloc_spare(gfp_t gfp)
{
	struct sept_table *table = sept_table_alloc(gfp);

	if (table && tdx_pamt_pair_alloc(&table->pair, gfp)) {
		sept_table_free(table);
		return NULL;
	}
	return table;
}

static int sept_topup_spares(struct kvm_tdx *kvm_tdx)
{
	struct sept_table *table;
	unsigned int i;

	for (i = 0; i < SEPT_NR_SPARE; i++) {
		if (READ_ONCE(kvm_tdx->sept.spare[i]))
			continue;
		table = sept_alloc_spare(GFP_KERNEL_ACCOUNT);
		if (!table)
			return -ENOMEM;
		if (cmpxchg(&kvm_tdx->sept.spare[i], NULL, table))
			sept_table_free(table);
	}
	return 0;
}

struct sept_table *sept_take_spare(struct kvm_tdx *kvm_tdx)
{
	struct sept_table *table;
	unsigned int i;

	for (i = 0; i < SEPT_NR_SPARE; i++) {
		table = xchg(&kvm_tdx->sept.spare[i], NULL);
		if (table)
			return table;
	}
	return NULL;
}

void sept_free_spares(struct kvm_tdx *kvm_tdx)
{
	struct sept_table *table;

	while ((table = sept_take_spare(kvm_tdx)))
		sept_table_free(table);
}

int sept_topup(struct kvm_vcpu *vcpu)
{
	struct sept_cache *cache = &to_tdx(vcpu)->sept_cache;

	might_sleep();
	while (cache->nr < SEPT_MAX_TABLES) {
		struct sept_table *table = sept_table_alloc(GFP_KERNEL_ACCOUNT);

		if (!table)
			return -ENOMEM;
		cache->tables[cache->nr++] = table;
	}
	return tdx_pamt_pair_alloc(&cache->pair, GFP_KERNEL_ACCOUNT) ?:
	       sept_topup_spares(to_kvm_tdx(vcpu->kvm));
}

void sept_free_cache(struct kvm_vcpu *vcpu)
{
	struct sept_cache *cache = &to_tdx(vcpu)->sept_cache;

	while (cache->nr)
		sept_table_free(cache->tables[--cache->nr]);
	tdx_pamt_pair_free(&cache->pair);
}

/* --- one step --- */

/*
 * Put the next of the vCPU's spare tables below the entry.  A fault that meets
 * the frozen entry backs off, so that it offers no child to a parent that the
 * module does not have yet.
 */
static int sept_link_table(struct sept_iter *it, struct sept_cache *cache)
{
	struct sept_table *table;
	struct sept_info info;
	u64 err;
	int ret;

	if (WARN_ON_ONCE(!sept_may(SEPT_OP_LINK, sept_state(it->old))))
		return -EIO;
	if (!cache->nr)
		return -ENOMEM;
	if (!sept_try_freeze(it))
		return -EAGAIN;

	table = cache->tables[cache->nr - 1];
	err = tdh_mem_sept_add(&it->kvm_tdx->td, it->pos, table->page, &info);
	ret = sept_errno(it, SEPT_OP_LINK, err, &info);
	if (!ret) {
		cache->nr--;
		sept_count(it->kvm_tdx, SEPT_STAT_LINKS, 1);
		sept_count(it->kvm_tdx, SEPT_STAT_TABLES, 1);
	}
	sept_publish(it, ret ? it->old : sept_make_table(table));
	trace_tdx_sept_step(it, SEPT_OP_LINK, err);
	sept_iter_reload(it);
	return ret;
}

static u64 sept_call_map(struct sept_iter *it, enum sept_op op, u64 pfn,
			 struct page *source, struct sept_info *info)
{
	struct page *page = pfn_to_page(pfn);

	if (op == SEPT_OP_ADD)
		return tdh_mem_page_add(&it->kvm_tdx->td, it->pos.gpa, page, source,
					info);
	return tdh_mem_page_aug(&it->kvm_tdx->td, it->pos, page, info);
}

/*
 * The module keeps its records of a 2 MiB page apart from those of its parts,
 * and refuses it where one part is not free.  The parts can be mapped then.
 */
static int sept_errno_map(struct sept_iter *it, enum sept_op op, u64 err,
			  const struct sept_info *info)
{
	if (it->pos.level > SEPT_LEVEL_4K &&
	    tdx_status_is(err, TDX_PAGE_METADATA_INCORRECT))
		return -E2BIG;
	return sept_errno(it, op, err, info);
}

/*
 * The entry is frozen.  The page's metadata has to be there before the page, and
 * to stay for as long as it is mapped as a small one.
 */
static int sept_map_frozen(struct sept_iter *it, enum sept_op op, u64 pfn,
			   struct page *source, struct tdx_pamt_pair *pair)
{
	bool small = it->pos.level == SEPT_LEVEL_4K;
	struct sept_info info;
	u64 err;
	int ret;

	ret = small ? tdx_pamt_get(pfn_to_page(pfn), pair) : 0;
	if (ret)
		return ret;
	err = sept_call_map(it, op, pfn, source, &info);
	ret = sept_errno_map(it, op, err, &info);
	if (ret && small)
		tdx_pamt_put(pfn_to_page(pfn));
	trace_tdx_sept_step(it, op, err);
	return ret;
}

/* @pfn is that of the 4 KiB page at @it->target. */
static int sept_install(struct sept_iter *it, enum sept_op op, u64 pfn,
			struct page *source, struct tdx_pamt_pair *pair)
{
	int ret;

	if (WARN_ON_ONCE(!sept_may(op, sept_state(it->old))))
		return -EIO;
	if (!sept_try_freeze(it))
		return -EAGAIN;

	pfn &= ~(sept_pages(it->pos.level) - 1);
	ret = sept_map_frozen(it, op, pfn, source, pair);
	if (!ret) {
		sept_count(it->kvm_tdx, op == SEPT_OP_ADD ? SEPT_STAT_ADDS :
							SEPT_STAT_AUGS, 1);
		sept_count_leaf(it->kvm_tdx, it->pos.level, 1);
	}
	sept_publish(it, ret ? it->old : sept_make_leaf(sept_after(op), pfn));
	return ret;
}

/* --- mapping --- */

/*
 * Add tables on the way down, and the page where the way ends; @pos->level
 * becomes that of the page.
 */
static int sept_bring(struct kvm_vcpu *vcpu, enum sept_op op,
		      struct sept_pos *pos, u64 pfn, struct page *source)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct sept_iter it;
	int ret;

	lockdep_assert_held_read(&vcpu->kvm->mmu_lock);

	for_each_sept_entry(&it, kvm_tdx, pos->gpa) {
		if (sept_state(it.old) == SEPT_TABLE)
			continue;
		/* A table stays blocked only where the TD has died of it. */
		if (sept_state(it.old) == SEPT_FROZEN ||
		    sept_state(it.old) == SEPT_TABLE_BLOCKED)
			break;
		if (sept_is_leaf(it.old)) {
			pos->level = it.pos.level;
			return -EEXIST;
		}
		if (it.pos.level <= pos->level) {
			pos->level = it.pos.level;
			return sept_install(&it, op, pfn, source,
					    &to_tdx(vcpu)->sept_cache.pair);
		}
		ret = sept_link_table(&it, &to_tdx(vcpu)->sept_cache);
		if (ret)
			return ret;
	}
	/* Someone is changing the path; let the caller try again. */
	return -EAGAIN;
}

int sept_map(struct kvm_vcpu *vcpu, struct sept_pos *pos, kvm_pfn_t pfn)
{
	int ret = sept_bring(vcpu, SEPT_OP_AUG, pos, pfn, NULL);

	if (ret == -E2BIG) {
		pos->level = SEPT_LEVEL_4K;
		ret = sept_bring(vcpu, SEPT_OP_AUG, pos, pfn, NULL);
	}
	/* Another vCPU was faster. */
	return ret == -EEXIST ? 0 : ret;
}

int sept_add(struct kvm_vcpu *vcpu, u64 gpa, kvm_pfn_t pfn, struct page *source)
{
	struct sept_pos pos = { .gpa = gpa, .level = SEPT_LEVEL_4K };

	return sept_bring(vcpu, SEPT_OP_ADD, &pos, pfn, source);
}

int sept_mapped_level(struct kvm_tdx *kvm_tdx, u64 gpa)
{
	struct sept_iter it;

	lockdep_assert_held(&kvm_tdx->vmx.kvm.mmu_lock);

	for_each_sept_entry(&it, kvm_tdx, gpa) {
		if (sept_is_leaf(it.old))
			return it.pos.level;
	}
	return -1;
}

/* --- the root --- */

int sept_init(struct kvm_tdx *kvm_tdx)
{
	kvm_tdx->sept.root.entries = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	return kvm_tdx->sept.root.entries ? 0 : -ENOMEM;
}
