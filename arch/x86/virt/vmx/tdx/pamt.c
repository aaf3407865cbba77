// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for the PAMTs, the module's metadata of every page: 1/256 of RAM, in
 * one contiguous block for each TDMR.  The module alone uses it from then on,
 * so each block becomes a reserved area of the TDMR in which it lies.
 *
 * The search ends: after a number of tries, or when whoever loads KVM is killed.
 * A TDMR whose PAMT finds no place is split, as long as the module takes more.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "host.h"

/*
 * How often to try to move away what is in a window: in one region for one PAMT,
 * and for all.  The first few windows overlap, the others are spread evenly.
 */
#define PAMT_TRIES		64
#define PAMT_TRIES_CLOSE	16
#define PAMT_TRIES_TOTAL	4096

#define PAMT_REPORT_SECONDS	10

struct pamt_search {
	const struct tdx_ranges *ram;	/* in TDMRs, and not reserved at first */
	const struct tdmr_limits *limits;
	struct tdmr *tdmrs;
	unsigned int nr;

	u64 bytes;			/* of the PAMT that is looked for */
	int nid;			/* node in which to look */
	unsigned int tries;		/* for this PAMT, in this region */
	unsigned int tries_total;
	unsigned long report;		/* when to say something, in jiffies */
};

/* --- one node, one range --- */

/*
 * Ordinary memory of the same kind as @like, and not in use by the kernel?  A
 * gigantic page cannot be moved away, and a host for VMs may be full of them.
 */
static bool page_is_candidate(struct page *page, struct page *like, int nid)
{
	if (!page || PageReserved(page) || PageHuge(page))
		return false;
	if (page_zonenum(page) == ZONE_MOVABLE)
		return false;
	return page_zonenum(page) == page_zonenum(like) &&
	       page_to_nid(page) == nid;
}

/*
 * The last page in [start, end) that rules the window out, or @end.  One
 * range of pages has to lie in one zone.
 */
static unsigned long last_bad_pfn(unsigned long start, unsigned long end,
				  int nid)
{
	struct page *like = pfn_to_online_page(end - 1);
	unsigned long pfn;

	for (pfn = end; pfn > start; pfn--) {
		if (!page_is_candidate(pfn_to_online_page(pfn - 1), like, nid))
			return pfn - 1;
	}
	return end;
}

static bool search_is_over(const struct pamt_search *s)
{
	return s->tries >= PAMT_TRIES || s->tries_total >= PAMT_TRIES_TOTAL ||
	       fatal_signal_pending(current);
}

static void report_search(struct pamt_search *s)
{
	if (time_before(jiffies, s->report))
		return;
	s->report = jiffies + PAMT_REPORT_SECONDS * HZ;
	pr_info("still looking for %llu KiB of contiguous memory on node %d for page metadata, %u places tried\n",
		s->bytes / SZ_1K, s->nid, s->tries_total);
}

static bool alloc_here(struct pamt_search *s, unsigned long start,
		       unsigned long nr)
{
	s->tries++;
	s->tries_total++;
	report_search(s);
	return !alloc_contig_range(start, start + nr, MIGRATE_MOVABLE,
				   GFP_KERNEL | __GFP_NOWARN);
}

/* Get @nr contiguous pages from [min, max); 0 for none, else the first. */
static unsigned long alloc_in_window(struct pamt_search *s, unsigned long min,
				     unsigned long max, unsigned long nr)
{
	const unsigned long align = PFN_DOWN(SZ_2M);
	const unsigned long spread = max(nr, (max - min) /
					 (PAMT_TRIES - PAMT_TRIES_CLOSE));
	unsigned long end = max, step;

	while (end > min && end - min >= nr && !search_is_over(s)) {
		unsigned long start = ALIGN_DOWN(end - nr, align);
		unsigned long bad;

		if (start < min)
			break;
		cond_resched();
		bad = last_bad_pfn(start, start + nr, s->nid);
		if (bad < start + nr) {
			end = ALIGN_DOWN(bad, align);
			continue;
		}
		if (alloc_here(s, start, nr))
			return start;
		/* Something there cannot be moved away; try further down. */
		step = s->tries < PAMT_TRIES_CLOSE ? nr / PAMT_TRIES_CLOSE :
						     spread;
		end = start + nr - min(start + nr, max(step, align));
	}
	return 0;
}

/* --- where to look --- */

/* Take memory from RAM in @tdmr and reserve it there. */
static u64 alloc_in_tdmr(struct pamt_search *s, struct tdmr *tdmr)
{
	const struct tdx_ranges *ram = s->ram;
	unsigned int i = ram->nr;

	if (tdmr->nr_reserved >= s->limits->max_reserved)
		return 0;
	/* The search for another PAMT saw that. */
	if (tdmr->full_nid == s->nid && tdmr->full_for &&
	    s->bytes >= tdmr->full_for)
		return 0;

	s->tries = 0;
	while (i--) {
		u64 start = max(ram->range[i].start, tdmr->range.start);
		u64 end = min(ram->range[i].end, tdmr->range.end);
		unsigned long pfn;

		if (start >= end)
			continue;
		pfn = alloc_in_window(s, PFN_UP(start), PFN_DOWN(end),
				      PFN_UP(s->bytes));
		if (!pfn)
			continue;
		/* Room for one more area was seen above: this cannot fail. */
		tdmr_reserve(tdmr, s->limits, (struct tdx_range) {
			PFN_PHYS(pfn), PFN_PHYS(pfn) + s->bytes });
		return PFN_PHYS(pfn);
	}
	tdmr->full_nid = s->nid;
	tdmr->full_for = s->bytes;
	return 0;
}

/* In the region itself first, which has the memory that the PAMT is about. */
static u64 alloc_in_node(struct pamt_search *s, unsigned int own)
{
	unsigned int i = s->nr;
	u64 pa;

	pa = alloc_in_tdmr(s, &s->tdmrs[own]);
	while (!pa && i--) {
		if (i != own)
			pa = alloc_in_tdmr(s, &s->tdmrs[i]);
	}
	return pa;
}

/* The node of the first RAM in @tdmr. */
static int tdmr_node(const struct pamt_search *s, const struct tdmr *tdmr)
{
	unsigned int i;

	for (i = 0; i < s->ram->nr; i++) {
		u64 start = max(s->ram->range[i].start, tdmr->range.start);
		u64 end = min(s->ram->range[i].end, tdmr->range.end);
		struct page *page;

		if (start >= end)
			continue;
		page = pfn_to_online_page(PFN_DOWN(start));
		if (page)
			return page_to_nid(page);
	}
	return first_memory_node;
}

static u64 alloc_one(struct pamt_search *s, unsigned int own)
{
	int home = tdmr_node(s, &s->tdmrs[own]);
	u64 pa = 0;

	s->bytes = tdmr_pamt_bytes(&s->tdmrs[own]);
	s->nid = home;
	while (!pa && s->nid != NUMA_NO_NODE) {
		pa = alloc_in_node(s, own);
		s->nid = tdx_next_nearest_node(home, s->nid);
	}
	return pa;
}

/* --- all of them --- */

static int search_failed(const struct pamt_search *s, const struct tdmr *tdmr)
{
	if (fatal_signal_pending(current))
		return tdx_off(-EINTR,
			       "interrupted by a signal while looking for page metadata's memory");
	return tdx_off(-ENOMEM,
		       "no %llu KiB of contiguous memory for the page metadata of [0x%llx, 0x%llx), %u places tried; load the module earlier",
		       tdmr_pamt_bytes(tdmr) / SZ_1K, tdmr->range.start,
		       tdmr->range.end, s->tries_total);
}

/* Give up on the block of region @i as it is; false if nothing else is left. */
static bool try_smaller(struct pamt_search *s, unsigned int i)
{
	u64 bytes = tdmr_pamt_bytes(&s->tdmrs[i]);

	if (fatal_signal_pending(current) ||
	    s->tries_total >= PAMT_TRIES_TOTAL ||
	    tdmr_split(s->tdmrs, &s->nr, i, s->limits))
		return false;
	pr_info("no %llu KiB of contiguous memory for page metadata; trying smaller blocks\n",
		bytes / SZ_1K);
	return true;
}

/*
 * @ram is what the TDMRs cover without their reserved areas.  There may be more
 * TDMRs afterwards.
 */
int tdx_pamt_alloc(const struct tdx_ranges *ram,
		   const struct tdmr_limits *limits, struct tdmr *tdmrs,
		   unsigned int *nr)
{
	struct pamt_search s = {
		.ram = ram,
		.limits = limits,
		.tdmrs = tdmrs,
		.nr = *nr,
		.report = jiffies + PAMT_REPORT_SECONDS * HZ,
	};
	unsigned int i = 0;
	int ret = 0;

	while (!ret && i < s.nr) {
		tdmrs[i].pamt_pa = alloc_one(&s, i);
		if (tdmrs[i].pamt_pa)
			i++;
		else if (!try_smaller(&s, i))
			ret = search_failed(&s, &tdmrs[i]);
	}
	*nr = s.nr;
	if (ret)
		tdx_pamt_free(tdmrs, i);
	return ret;
}

void tdx_pamt_free(struct tdmr *tdmrs, unsigned int nr)
{
	while (nr--) {
		free_contig_range(PFN_DOWN(tdmrs[nr].pamt_pa),
				  PFN_UP(tdmr_pamt_bytes(&tdmrs[nr])));
		tdmrs[nr].pamt_pa = 0;
	}
}
