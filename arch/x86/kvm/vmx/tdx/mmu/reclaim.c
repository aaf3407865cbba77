// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages come back from the module, or are kept for good.  A page that the
 * module may still use is never freed and never touched.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "mmu_env.h"

/* @page stays allocated for ever.  The first of a TD is named, all counted. */
void tdx_leak_page(struct kvm_tdx *kvm_tdx, struct page *page, const char *why)
{
	get_page(page);
	sept_count(kvm_tdx, SEPT_STAT_LEAKED, 1);
	if (atomic64_read(&kvm_tdx->sept.stats.count[SEPT_STAT_LEAKED]) == 1)
		pr_err("page %llx leaked: %s; further ones are only counted\n",
		       (u64)page_to_phys(page), why);
}

static u64 reclaim_retried(struct page *page)
{
	u64 pt, owner, size;

	return tdx_call_retried(tdh_phymem_page_reclaim(page, &pt, &owner, &size));
}

static u64 wbinvd_retried(struct page *page, u16 hkid)
{
	return tdx_call_retried(tdh_phymem_page_wbinvd(page, hkid));
}

static void clear_pages(struct page *page, u64 nr)
{
	for (; nr; nr--)
		tdx_clear_page(page++);
}

/*
 * Take back @nr pages that the module has as one.  The TD's KeyID is free, so
 * that no cache holds a line of it; the TDR alone was written with the
 * module's own.
 */
static int reclaim_pages(struct kvm_tdx *kvm_tdx, struct page *page, u64 nr)
{
	u64 err = reclaim_retried(page);

	if (tdx_judge(err) == TDX_DONE && page == kvm_tdx->td.tdr)
		err = wbinvd_retried(page, tdx_global_keyid());
	if (tdx_judge(err) != TDX_DONE) {
		tdx_leak_page(kvm_tdx, page, tdx_status_name(err));
		return -EIO;
	}
	clear_pages(page, nr);
	sept_count(kvm_tdx, SEPT_STAT_RECLAIMS, 1);
	return 0;
}

/*
 * Take back a 4 KiB page of a TD whose KeyID is free, for any use.  On failure
 * the page has been leaked and the caller must forget it.
 */
int tdx_reclaim_page(struct kvm_tdx *kvm_tdx, struct page *page)
{
	return reclaim_pages(kvm_tdx, page, 1);
}

/* --- leaves of the mirror --- */

/* The reference of sept_hold_leaf(). */
static void sept_unhold(struct sept_iter *it, struct page *page)
{
	if (sept_state(it->old) != SEPT_HELD)
		return;
	sept_count(it->kvm_tdx, SEPT_STAT_HELD, -1);
	put_page(page);
}

void sept_hold_leaf(struct sept_iter *it)
{
	u64 pfn = sept_pfn(it->old);

	if (sept_state(it->old) == SEPT_HELD)
		return;
	if (WARN_ON_ONCE(!sept_may(SEPT_OP_HOLD, sept_state(it->old))))
		return;
	get_page(pfn_to_page(pfn));
	sept_count(it->kvm_tdx, SEPT_STAT_HELD, 1);
	sept_publish(it, sept_make_leaf(sept_after(SEPT_OP_HOLD), pfn));
}

void sept_remove_held(struct sept_iter *it)
{
	struct sept_iter held = *it;

	if (WARN_ON_ONCE(sept_state(it->old) != SEPT_HELD))
		return;
	track_remove(it, SEPT_OP_REMOVE);
	sept_iter_reload(it);
	if (it->old == SEPT_NONE)
		sept_unhold(&held, pfn_to_page(sept_pfn(held.old)));
}

/* The module has the page no more; a large one never needed any. */
static void sept_put_metadata(struct sept_iter *it, struct page *page)
{
	if (it->pos.level == SEPT_LEVEL_4K)
		tdx_pamt_put(page);
}

void sept_reclaim_leaf(struct sept_iter *it)
{
	struct page *page = pfn_to_page(sept_pfn(it->old));

	if (WARN_ON_ONCE(!sept_may(SEPT_OP_RECLAIM, sept_state(it->old))))
		return;
	if (!reclaim_pages(it->kvm_tdx, page, sept_pages(it->pos.level)))
		sept_put_metadata(it, page);
	trace_tdx_sept_step(it, SEPT_OP_RECLAIM, 0);
	sept_publish(it, SEPT_NONE);
	sept_count_leaf(it->kvm_tdx, it->pos.level, -1);
	sept_unhold(it, page);
}

static void scrub_page(struct kvm_tdx *kvm_tdx, struct page *page)
{
	u64 err = wbinvd_retried(page, kvm_tdx->td.hkid);

	if (tdx_judge(err) == TDX_DONE)
		tdx_clear_page(page);
	else
		tdx_leak_page(kvm_tdx, page, tdx_status_name(err));
}

void sept_scrub_leaf(struct sept_iter *it)
{
	struct page *page = pfn_to_page(sept_pfn(it->old));
	u64 i, nr = sept_pages(it->pos.level);

	for (i = 0; i < nr; i++)
		scrub_page(it->kvm_tdx, page + i);
	sept_put_metadata(it, page);
}

/* After SEPT.REMOVE: the same for a table, which is freed. */
void sept_scrub_table(struct kvm_tdx *kvm_tdx, struct sept_table *table)
{
	scrub_page(kvm_tdx, table->page);
	sept_table_free(table);
	sept_count(kvm_tdx, SEPT_STAT_TABLES, -1);
}

/* --- the whole mirror --- */

static void sept_reclaim_table(struct kvm_tdx *kvm_tdx, struct sept_table *table)
{
	struct page *page = table->page;

	table->page = NULL;
	if (!tdx_reclaim_page(kvm_tdx, page))
		tdx_free_page(page);
	sept_table_free(table);
	sept_count(kvm_tdx, SEPT_STAT_TABLES, -1);
}

/*
 * Without a free KeyID each RECLAIM fails, and leaks its page: that is what
 * shall happen then.
 */
static void sept_destroy_below(struct kvm_tdx *kvm_tdx, struct sept_table *table,
			       struct sept_pos pos)
{
	struct sept_iter it = { .kvm_tdx = kvm_tdx, .table = table, .pos = pos };
	unsigned int i;

	for (i = 0; i < SEPT_ENTRIES; i++, it.pos.gpa += sept_size(pos.level)) {
		it.ptr = &table->entries[i];
		it.old = *it.ptr;
		if (sept_has_table(it.old)) {
			struct sept_table *child = sept_child(it.old);
			struct sept_pos below = {
				.gpa = it.pos.gpa,
				.level = pos.level - 1,
			};

			sept_destroy_below(kvm_tdx, child, below);
			sept_reclaim_table(kvm_tdx, child);
		} else if (sept_is_leaf(it.old)) {
			sept_reclaim_leaf(&it);
			/* Clearing a large one takes a while. */
			if (pos.level > SEPT_LEVEL_4K)
				cond_resched();
		}
	}
	cond_resched();
}

bool sept_close(struct kvm_tdx *kvm_tdx)
{
	bool first;

	write_lock(&kvm_tdx->vmx.kvm.mmu_lock);
	first = !kvm_tdx->sept.closing;
	kvm_tdx->sept.closing = true;
	write_unlock(&kvm_tdx->vmx.kvm.mmu_lock);
	return first;
}

void sept_destroy(struct kvm_tdx *kvm_tdx)
{
	struct sept_pos top = { .level = sept_root_level(kvm_tdx) };
	s64 leaked;

	if (!kvm_tdx->sept.root.entries)
		return;
	sept_destroy_below(kvm_tdx, &kvm_tdx->sept.root, top);
	sept_free_spares(kvm_tdx);
	free_page((unsigned long)kvm_tdx->sept.root.entries);
	kvm_tdx->sept.root.entries = NULL;

	leaked = atomic64_read(&kvm_tdx->sept.stats.count[SEPT_STAT_LEAKED]);
	if (leaked)
		pr_err("%lld pages of a TD leaked\n", leaked);
}
