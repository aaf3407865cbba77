// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for TDs on a machine with RAM that the module does not manage: no page
 * of it comes back, all others do, and the log names one when they are used up.
 */
#include <stdlib.h>

#include "fake_memory/fake.h"
#include "host_check.h"

#define GIB		(1ULL << 30)
#define NR_NODES	4
#define NODE_PAGES	200

struct folio {
	struct list_head lru;
	struct page {
		u64 pa;
		int nid;
		bool used;
	} page;
};

/* Each node has some pages from 16 GiB times its number on; free ones first. */
static struct folio pages[NR_NODES][NODE_PAGES];
static int home;
static char the_log[512];
static unsigned int allocs;
static bool killed;

void fake_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(the_log, sizeof(the_log), fmt, args);
	va_end(args);
}

u64 page_to_phys(const struct page *page)
{
	return page->pa;
}

int page_to_nid(const struct page *page)
{
	return page->nid;
}

struct page *pfn_to_online_page(unsigned long pfn)
{
	static struct page page;

	page.pa = PFN_PHYS(pfn);
	page.nid = PFN_PHYS(pfn) / (16 * GIB);
	return &page;
}

int fake_nr_nodes(void)
{
	return NR_NODES;
}

int node_distance(int a, int b)
{
	return 10 + 10 * abs(a - b);
}

int numa_node_id(void)
{
	return home;
}

bool fatal_signal_pending(int task)
{
	return killed;
}

/* Pages that were taken by address. */
static struct folio contig_page[8 * 512];
static unsigned int contigs, contig_pages_used;
static int contig_busy;

int alloc_contig_range(unsigned long start, unsigned long end, int type, gfp_t gfp)
{
	unsigned int i;

	check(end - start == 512 && !(start % 512));
	if (contig_busy) {
		contig_busy -= contig_busy > 0;
		return -EBUSY;
	}
	for (i = 0; i < 512; i++)
		contig_page[contigs % 8 * 512 + i].page = (struct page){
			.pa = PFN_PHYS(start + i), .used = true };
	contigs++;
	contig_pages_used += 512;
	return 0;
}

struct page *pfn_to_page(unsigned long pfn)
{
	return &contig_page[(contigs - 1) % 8 * 512 + pfn % 512].page;
}

struct folio *page_folio(struct page *page)
{
	return container_of(page, struct folio, page);
}

void clear_highpage(struct page *page)
{
}

static struct folio *take(int nid)
{
	unsigned int i;

	allocs++;
	for (i = 0; i < NODE_PAGES; i++) {
		if (!pages[nid][i].page.used) {
			pages[nid][i].page.used = true;
			return &pages[nid][i];
		}
	}
	return NULL;
}

/* Nearest first, as the zone lists have it. */
struct folio *folio_alloc(gfp_t gfp, unsigned int order)
{
	struct folio *folio = NULL;
	int far, nid;

	for (far = 0; !folio && far < NR_NODES; far++) {
		for (nid = 0; !folio && nid < NR_NODES; nid++) {
			if (abs(nid - home) == far)
				folio = take(nid);
		}
	}
	return folio;
}

struct folio *__folio_alloc_node(gfp_t gfp, unsigned int order, int nid)
{
	check(gfp & __GFP_THISNODE && gfp & __GFP_NOWARN);
	return take(nid);
}

static void folio_put(struct folio *folio)
{
	check(folio->page.used);
	folio->page.used = false;
	if (folio >= contig_page && folio < contig_page + 8 * 512)
		contig_pages_used--;
}

#include "../../../arch/x86/virt/vmx/tdx/ranges.c"
#include "../../../arch/x86/virt/vmx/tdx/node.c"
#include "../../../arch/x86/virt/vmx/tdx/private.c"

/* dpamt.c's, without metadata. */
struct page *tdx_alloc_page(gfp_t gfp)
{
	struct folio *folio = tdx_alloc_folio(gfp, 0);

	return folio ? &folio->page : NULL;
}

void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	return realloc(p, n * size);
}

void kfree(const void *p)
{
	free((void *)p);
}

static struct tdx_ranges left_out, managed;

/* @from the first page of node @nid that TDs cannot have; all behind it, too. */
static void reset(int nid, unsigned int from)
{
	u64 pos = 0;
	unsigned int i;
	int n;

	tdx_ranges_free(&left_out);
	tdx_ranges_free(&managed);
	for (n = 0; n < NR_NODES; n++) {
		for (i = 0; i < NODE_PAGES; i++)
			pages[n][i].page = (struct page){
				.pa = n * 16 * GIB + i * PAGE_SIZE, .nid = n };
		pos = n * 16 * GIB;
		tdx_ranges_add(&managed, pos, pos + (n == nid ? from : NODE_PAGES) * PAGE_SIZE);
		tdx_ranges_add(&left_out, n == nid ? pos + from * PAGE_SIZE : 1,
			       n == nid ? pos + NODE_PAGES * PAGE_SIZE : 0);
	}
	tdx_private_exclude(&left_out, &managed);
	home = 0;
	allocs = 0;
	contigs = 0;
	contig_pages_used = 0;
	contig_busy = -1;
	refill_next = 0;
	killed = false;
	the_log[0] = 0;
}

static unsigned int used(int nid)
{
	unsigned int i, n = 0;

	for (i = 0; i < NODE_PAGES; i++)
		n += pages[nid][i].page.used;
	return n;
}

static void all_memory_goes_to_tds_if_all_is_the_modules(void)
{
	struct page *page;

	reset(NR_NODES, 0);
	home = 2;
	page = tdx_alloc_page(GFP_KERNEL);
	check(page && page->nid == 2 && allocs == 1);
	check(tdx_page_can_be_private(page, 9));
	/* None at all. */
	tdx_private_exclude(NULL, NULL);
	check(tdx_page_can_be_private(page, 0));
}

/* The node behind CXL is the nearest, and has most memory. */
static void unmanaged_memory_goes_to_no_td(void)
{
	struct page *page;
	unsigned int n;

	reset(1, 0);
	home = 1;
	for (n = 0; n < 3 * NODE_PAGES; n++) {
		page = tdx_alloc_page(GFP_KERNEL);
		check(page && page->nid != 1);
		check(page && tdx_page_can_be_private(page, 0));
	}
	check(!used(1) && used(0) == NODE_PAGES && used(3) == NODE_PAGES);
	/* One look each: the node is known to have nothing. */
	check(allocs <= NR_NODES * n);
	check(!the_log[0]);

	check(!tdx_alloc_page(GFP_KERNEL));
	check(strstr(the_log, "as the page at 0x400000000"));
	check(!used(1));
}

/* A warning is for who does not have another size to try. */
static void a_caller_that_can_do_without_hears_nothing(void)
{
	reset(1, 0);
	while (tdx_alloc_page(GFP_KERNEL))
		;
	the_log[0] = 0;
	check(!tdx_alloc_page(GFP_KERNEL | __GFP_NOWARN));
	check(!the_log[0]);
}

/* A node has both kinds: the allocator hands out what it got back last. */
static void unfit_pages_of_a_node_are_kept_meanwhile(void)
{
	struct page *page;
	unsigned int i;

	/* The allocator turns to unfit pages first. */
	reset(0, 150);
	for (i = 0; i < NODE_PAGES; i++)
		pages[0][i].page.pa = (NODE_PAGES - 1 - i) * PAGE_SIZE;
	page = tdx_alloc_page(GFP_KERNEL);
	check(page && page->nid == 0 && page->pa < 150 * PAGE_SIZE);
	check(used(0) == 1);
}

static void the_search_has_an_end(void)
{
	struct page *page;
	unsigned int i;

	reset(0, 50);
	for (i = 0; i < NODE_PAGES; i++)
		pages[0][i].page.pa = (NODE_PAGES - 1 - i) * PAGE_SIZE;
	/* 150 unfit pages come first: the next node has some. */
	page = tdx_alloc_page(GFP_KERNEL);
	check(page && page->nid == 1);
	check(allocs <= 2 + TDX_ALLOC_TRIES);
	check(!used(0));

	killed = true;
	check(!tdx_alloc_page(GFP_KERNEL));
	check(!used(0));
}

/*
 * All nodes have fit memory only behind more unfit memory than the search takes:
 * then a place is emptied for it.
 */
static void fit_pages_are_taken_by_address(void)
{
	struct page *page;
	unsigned int i, n;

	reset(0, 0);
	for (i = 0; i < NODE_PAGES; i++)
		for (n = 1; n < NR_NODES; n++)
			pages[n][i].page.used = true;
	tdx_ranges_free(&managed);
	tdx_ranges_free(&left_out);
	tdx_ranges_add(&left_out, 0, 2 * GIB);
	tdx_ranges_add(&managed, 2 * GIB + 4096, 2 * GIB + 7 * SZ_2M);
	tdx_private_exclude(&left_out, &managed);
	/* Two of the places cannot be had. */
	contig_busy = 2;
	for (i = 0; i < 4 * TDX_POOL_PAGES; i++) {
		page = tdx_alloc_page(GFP_KERNEL);
		check(page && page->pa >= 2 * GIB + 3 * SZ_2M);
		check(page && page->pa < 2 * GIB + 7 * SZ_2M);
	}
	check(contigs == 4 && !used(0));
	/* There are no more. */
	contig_busy = -1;
	check(!tdx_alloc_page(GFP_KERNEL));
	check(strstr(the_log, "as the page at 0x"));

	/* No sleep: only what is there already. */
	contig_busy = 0;
	check(!tdx_alloc_page(0));
	check(tdx_alloc_page(GFP_KERNEL));
	check(tdx_alloc_page(0));
	/* What is left over goes back. */
	check(contig_pages_used == 4 * TDX_POOL_PAGES + TDX_POOL_PAGES);
	tdx_private_exclude(NULL, NULL);
	check(contig_pages_used == 4 * TDX_POOL_PAGES + 2);
}

/* A folio that is unfit in part is unfit. */
static void each_page_of_a_folio_counts(void)
{
	struct page page = { .pa = 16 * GIB };

	reset(1, 100);
	check(tdx_page_can_be_private(&page, 6));
	check(!tdx_page_can_be_private(&page, 7));
	page.pa = 16 * GIB - 512 * PAGE_SIZE;
	check(tdx_page_can_be_private(&page, 9));
}

static void nodes_are_visited_nearest_first(void)
{
	int nid = NUMA_NO_NODE, i;
	static const int order[] = { 2, 1, 3, 0, NUMA_NO_NODE };

	for (i = 0; i < 5; i++) {
		nid = tdx_next_nearest_node(2, nid);
		check(nid == order[i]);
	}
}

/* --- the lists --- */

#define BITS	24

/* Bit i of a mask is page i. */
static struct tdx_ranges from_mask(u32 mask)
{
	struct tdx_ranges list = {};
	unsigned int i;

	for (i = 0; i < BITS; i++) {
		if (mask >> i & 1)
			check(!tdx_ranges_add(&list, i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
	}
	return list;
}

static u32 to_mask(const struct tdx_ranges *list)
{
	unsigned int i, j;
	u32 mask = 0;

	for (i = 0; i < list->nr; i++) {
		check(list->range[i].start < list->range[i].end);
		check(!i || list->range[i].start > list->range[i - 1].end);
		for (j = list->range[i].start / PAGE_SIZE; j < list->range[i].end / PAGE_SIZE; j++)
			mask |= 1U << j;
	}
	return mask;
}

static void lists_are_sets(void)
{
	unsigned int i;

	srand(1);
	for (i = 0; i < 20000; i++) {
		u32 a = rand() & ((1 << BITS) - 1), b = rand() & ((1 << BITS) - 1);
		struct tdx_ranges x = from_mask(a), y = from_mask(b);
		struct tdx_ranges both = {}, less = {};

		/* Now and then long ranges. */
		check(to_mask(&x) == a);
		check(!tdx_ranges_intersect(&both, &x, &y));
		check(to_mask(&both) == (a & b));
		check(!tdx_ranges_subtract(&less, &x, &y));
		check(to_mask(&less) == (a & ~b));
		check(tdx_ranges_bytes(&x) == __builtin_popcount(a) * PAGE_SIZE);
		check(tdx_ranges_meet(&x, 3 * PAGE_SIZE, 7 * PAGE_SIZE) == !!(a & 0x78));
		check(tdx_ranges_cover(&x, 3 * PAGE_SIZE, 7 * PAGE_SIZE) == ((a & 0x78) == 0x78));
		tdx_ranges_free(&both);
		tdx_ranges_free(&less);
		tdx_ranges_free(&x);
		tdx_ranges_free(&y);
	}
}

int main(void)
{
	run(all_memory_goes_to_tds_if_all_is_the_modules);
	run(unmanaged_memory_goes_to_no_td);
	run(a_caller_that_can_do_without_hears_nothing);
	run(unfit_pages_of_a_node_are_kept_meanwhile);
	run(the_search_has_an_end);
	run(fit_pages_are_taken_by_address);
	run(each_page_of_a_folio_counts);
	run(nodes_are_visited_nearest_first);
	run(lists_are_sets);
	tdx_ranges_free(&left_out);
	tdx_ranges_free(&managed);
	return checks_failed != 0;
}
