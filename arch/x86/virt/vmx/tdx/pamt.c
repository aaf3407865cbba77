// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for the PAMTs, the module's metadata of every page: 1/256 of RAM, in
 * one contiguous block for each TDMR.  The module alone uses it from then on,
 * so each block becomes a reserved area of the TDMR in which it lies.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "host.h"

/* Ordinary memory of the same kind as @like, and not in use by the kernel? */
static bool page_is_candidate(struct page *page, struct page *like)
{
	if (!page || PageReserved(page))
		return false;
	if (page_zonenum(page) == ZONE_MOVABLE)
		return false;
	return page_zonenum(page) == page_zonenum(like) &&
	       page_to_nid(page) == page_to_nid(like);
}

/*
 * The last page in [start, end) that rules the window out, or @end.  One
 * range of pages has to lie in one zone.
 */
static unsigned long last_bad_pfn(unsigned long start, unsigned long end)
{
	struct page *like = pfn_to_online_page(end - 1);
	unsigned long pfn;

	for (pfn = end; pfn > start; pfn--) {
		if (!page_is_candidate(pfn_to_online_page(pfn - 1), like))
			return pfn - 1;
	}
	return end;
}

/* Get @nr contiguous pages from [min, max); 0 for none, else the first. */
static unsigned long alloc_in_window(unsigned long min, unsigned long max,
				     unsigned long nr)
{
	const unsigned long align = PFN_DOWN(SZ_2M);
	const unsigned long step = max(align, ALIGN(nr / 16, align));
	unsigned long end = max;

	while (end > min && end - min >= nr) {
		unsigned long start = ALIGN_DOWN(end - nr, align);
		unsigned long bad;

		if (start < min)
			break;
		cond_resched();
		bad = last_bad_pfn(start, start + nr);
		if (bad < start + nr) {
			end = bad;
			continue;
		}
		if (!alloc_contig_range(start, start + nr, MIGRATE_MOVABLE,
					GFP_KERNEL | __GFP_NOWARN))
			return start;
		/* Something there cannot be moved away; try further down. */
		end = start + nr > step ? start + nr - step : 0;
	}
	return 0;
}

/* Take @bytes from RAM in @tdmr and reserve them there. */
static u64 alloc_in_tdmr(const struct tdx_ram *ram,
			 const struct tdmr_limits *limits, struct tdmr *tdmr,
			 u64 bytes)
{
	unsigned int i = ram->nr;

	if (tdmr->nr_reserved >= limits->max_reserved)
		return 0;

	while (i--) {
		u64 start = max(ram->range[i].start, tdmr->range.start);
		u64 end = min(ram->range[i].end, tdmr->range.end);
		unsigned long pfn;

		if (start >= end)
			continue;
		pfn = alloc_in_window(PFN_UP(start), PFN_DOWN(end),
				      PFN_UP(bytes));
		if (!pfn)
			continue;
		/* Room for one more area was seen above: this cannot fail. */
		tdmr_reserve(tdmr, limits, (struct tdx_range) {
			PFN_PHYS(pfn), PFN_PHYS(pfn) + bytes });
		return PFN_PHYS(pfn);
	}
	return 0;
}

/* Near the memory that it describes if possible, else anywhere. */
static u64 alloc_one(const struct tdx_ram *ram,
		     const struct tdmr_limits *limits, struct tdmr *tdmrs,
		     unsigned int nr, unsigned int own)
{
	u64 bytes = tdmr_pamt_bytes(&tdmrs[own]);
	unsigned int i;
	u64 pa;

	pa = alloc_in_tdmr(ram, limits, &tdmrs[own], bytes);
	for (i = nr; !pa && i--;) {
		if (i != own)
			pa = alloc_in_tdmr(ram, limits, &tdmrs[i], bytes);
	}
	return pa;
}

int tdx_pamt_alloc(const struct tdx_ram *ram, const struct tdmr_limits *limits,
		   struct tdmr *tdmrs, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		tdmrs[i].pamt_pa = alloc_one(ram, limits, tdmrs, nr, i);
		if (tdmrs[i].pamt_pa)
			continue;
		tdx_pamt_free(tdmrs, i);
		return tdx_off(-ENOMEM,
			       "no %llu KiB of contiguous memory for the page metadata of [0x%llx, 0x%llx); load the module earlier",
			       tdmr_pamt_bytes(&tdmrs[i]) / SZ_1K,
			       tdmrs[i].range.start, tdmrs[i].range.end);
	}
	return 0;
}

void tdx_pamt_free(struct tdmr *tdmrs, unsigned int nr)
{
	while (nr--) {
		free_contig_range(PFN_DOWN(tdmrs[nr].pamt_pa),
				  PFN_UP(tdmr_pamt_bytes(&tdmrs[nr])));
		tdmrs[nr].pamt_pa = 0;
	}
}
