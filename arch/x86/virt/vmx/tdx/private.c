// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages for TDs.  Most machines have no RAM that the module does not manage,
 * and then these are the kernel's own allocations.  Others have some, as memory
 * behind CXL, and the module would refuse a page of it: so do these functions.
 *
 * The allocator knows nodes, so a node without fit memory is left alone.  In one
 * that has both kinds it may have much unfit memory to offer before any other:
 * then fit pages are taken by their address, 2 MiB at a time.
 */
#include <linux/align.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/topology.h>

#include "host.h"

/* Pages of a node that may turn out to be unfit before the next one's turn. */
#define TDX_ALLOC_TRIES		64
/* Places to look at for 2 MiB of which all pages can be had. */
#define TDX_POOL_TRIES		64
#define TDX_POOL_PAGES		512UL

/*
 * Written by bring-up before tdx_host_enable() returns, and at unload: constant
 * for as long as there can be a TD.
 */
static const struct tdx_ranges *excluded;
static const struct tdx_ranges *fit;
/* Nodes that have memory of @fit. */
static nodemask_t fit_nodes;

/* Fit pages that were taken together with one that was needed. */
static LIST_HEAD(pool);
static DEFINE_SPINLOCK(pool_lock);
/* One at a time looks for more. */
static DEFINE_MUTEX(refill_mutex);
/* Under it: where to look next, the number of a place among all in @fit. */
static unsigned long refill_next;

static void find_fit_nodes(const struct tdx_ranges *managed)
{
	unsigned long pfn, end;
	unsigned int i;

	nodes_clear(fit_nodes);
	for (i = 0; i < managed->nr; i++) {
		end = PFN_DOWN(managed->range[i].end);
		/* No node begins or ends within a section. */
		for (pfn = PFN_DOWN(managed->range[i].start); pfn < end;
		     pfn = ALIGN(pfn + 1, PAGES_PER_SECTION)) {
			struct page *page = pfn_to_online_page(pfn);

			if (page)
				node_set(page_to_nid(page), fit_nodes);
		}
	}
}

static struct folio *pool_take(void)
{
	struct folio *folio = NULL;
	unsigned long flags;

	spin_lock_irqsave(&pool_lock, flags);
	if (!list_empty(&pool)) {
		folio = list_first_entry(&pool, struct folio, lru);
		list_del(&folio->lru);
	}
	spin_unlock_irqrestore(&pool_lock, flags);
	return folio;
}

/*
 * Of all RAM, @managed is the module's and @left_out is not; both stay until
 * NULL takes their place, when there are no TDs.
 */
void tdx_private_exclude(const struct tdx_ranges *left_out,
			 const struct tdx_ranges *managed)
{
	struct folio *folio;

	while ((folio = pool_take()))
		folio_put(folio);
	excluded = left_out && left_out->nr ? left_out : NULL;
	fit = managed;
	if (excluded)
		find_fit_nodes(managed);
}

/**
 * tdx_page_can_be_private() - does the TDX module manage a page?
 * @page: the first of the pages, which are ordinary memory
 * @order: how many there are
 *
 * Return: true if the module can give all of them to a TD.
 */
bool tdx_page_can_be_private(struct page *page, unsigned int order)
{
	u64 start = page_to_phys(page);

	return !excluded ||
	       !tdx_ranges_meet(excluded, start, start + (PAGE_SIZE << order));
}
EXPORT_SYMBOL_GPL(tdx_page_can_be_private);

static struct folio *alloc_any(gfp_t gfp, unsigned int order, int nid)
{
	if (nid == NUMA_NO_NODE)
		return folio_alloc(gfp, order);
	return __folio_alloc_node(gfp | __GFP_THISNODE | __GFP_NOWARN, order,
				  nid);
}

/*
 * The allocator hands out again what it got back last: keep what is unfit in
 * @unfit meanwhile.
 */
static struct folio *alloc_fit(gfp_t gfp, unsigned int order, int nid,
			       struct list_head *unfit)
{
	unsigned int tries;
	struct folio *folio;

	for (tries = 0; tries < TDX_ALLOC_TRIES; tries++) {
		folio = alloc_any(gfp, order, nid);
		if (!folio || tdx_page_can_be_private(&folio->page, order))
			return folio;
		list_add(&folio->lru, unfit);
		/* The choice was not this caller's: name the nodes. */
		if (nid == NUMA_NO_NODE)
			break;
	}
	return NULL;
}

static struct folio *alloc_from_nodes(gfp_t gfp, unsigned int order,
				      struct list_head *unfit)
{
	int home = numa_node_id(), nid = NUMA_NO_NODE;
	struct folio *folio = NULL;

	while (!folio && !fatal_signal_pending(current)) {
		nid = tdx_next_nearest_node(home, nid);
		if (nid == NUMA_NO_NODE)
			break;
		if (node_isset(nid, fit_nodes))
			folio = alloc_fit(gfp, order, nid, unfit);
	}
	return folio;
}

/* --- by address --- */

/* The first page of the place with number @nr, or 0 behind the last one. */
static unsigned long pool_place(unsigned long nr)
{
	unsigned int i;

	for (i = 0; i < fit->nr; i++) {
		unsigned long start = ALIGN(PFN_DOWN(fit->range[i].start),
					    TDX_POOL_PAGES);
		unsigned long end = PFN_DOWN(fit->range[i].end);
		unsigned long places = start < end ?
				       (end - start) / TDX_POOL_PAGES : 0;

		if (nr < places)
			return start + nr * TDX_POOL_PAGES;
		nr -= places;
	}
	return 0;
}

static bool pool_add(unsigned long start)
{
	unsigned long end = start + TDX_POOL_PAGES, pfn, flags;

	if (!pfn_to_online_page(start) || !pfn_to_online_page(end - 1) ||
	    alloc_contig_range(start, end, MIGRATE_MOVABLE,
			       GFP_KERNEL | __GFP_NOWARN))
		return false;
	spin_lock_irqsave(&pool_lock, flags);
	for (pfn = start; pfn < end; pfn++)
		list_add(&page_folio(pfn_to_page(pfn))->lru, &pool);
	spin_unlock_irqrestore(&pool_lock, flags);
	return true;
}

static void pool_refill(void)
{
	unsigned int tries;
	unsigned long pfn;

	lockdep_assert_held(&refill_mutex);

	for (tries = 0; tries < TDX_POOL_TRIES; tries++) {
		if (fatal_signal_pending(current))
			return;
		pfn = pool_place(refill_next++);
		if (!pfn)
			refill_next = 0;
		else if (pool_add(pfn))
			return;
	}
}

/* A page of memory that is fit, whatever it was used for. */
static struct folio *alloc_by_address(gfp_t gfp)
{
	struct folio *folio = pool_take();

	if (folio || !gfpflags_allow_blocking(gfp))
		return folio;
	mutex_lock(&refill_mutex);
	folio = pool_take();
	if (!folio) {
		pool_refill();
		folio = pool_take();
	}
	mutex_unlock(&refill_mutex);
	if (folio && gfp & __GFP_ZERO)
		clear_highpage(&folio->page);
	return folio;
}

/**
 * tdx_alloc_folio() - memory that can be private
 * @gfp: as for folio_alloc(); the caller's memory policy is the first choice
 * @order: of the folio
 *
 * Where the machine has RAM that the module does not manage, none of it comes
 * back, and the log names a page of it when there is no other left.
 *
 * Return: the folio or NULL.
 */
struct folio *tdx_alloc_folio(gfp_t gfp, unsigned int order)
{
	struct folio *folio, *next;
	LIST_HEAD(unfit);

	folio = alloc_fit(gfp, order, NUMA_NO_NODE, &unfit);
	/* The kernel's own choice, or it has nothing at all. */
	if (folio || list_empty(&unfit))
		return folio;

	folio = alloc_from_nodes(gfp, order, &unfit);
	if (!folio && !order)
		folio = alloc_by_address(gfp);
	if (!folio && !(gfp & __GFP_NOWARN)) {
		next = list_first_entry(&unfit, struct folio, lru);
		pr_warn_ratelimited("no memory for a TD: what is free is not the TDX module's, as the page at 0x%llx\n",
				    (u64)page_to_phys(&next->page));
	}
	while (!list_empty(&unfit)) {
		next = list_first_entry(&unfit, struct folio, lru);
		list_del(&next->lru);
		folio_put(next);
	}
	return folio;
}
EXPORT_SYMBOL_GPL(tdx_alloc_folio);
