// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDMR planning.
 *
 * The module takes regions that are multiples of 1 GiB, sorted and disjoint,
 * with a few reserved areas in each.  All that is not reserved has to lie in
 * a CMR; whether it is RAM is not the module's business.  Cover the RAM GiB by
 * GiB, reserve what lies between the CMRs, and begin a new region where the
 * reserved areas become too many.  A single GiB with too many gives up the
 * least RAM that makes them few enough.
 */
#include "tdmr.h"

/* Areas left free when a region grows, for PAMTs that come to lie in it. */
#define TDMR_SPARE_AREAS	2

/*
 * Prefer regions of this size at most: a PAMT has to be contiguous, and this
 * long after boot 64 MiB are easier to find than 1/256 of a whole node.
 */
#define TDMR_EASY_SIZE		(16 * TDMR_ALIGN)

#define TDMR_PAGE_SIZE		4096ULL

/*
 * The piece of a CMR between two holes of a region, as a measure of what it
 * costs to reserve it together with the holes.
 */
struct piece {
	u64 ram;		/* bytes of RAM in it */
	u64 start;		/* tells pieces of the same size apart */
};

/* What cover() works on, and how it may join GiBs to regions. */
struct plan {
	const struct tdx_ranges *ram;
	const struct tdx_ranges *cmrs;
	const struct tdmr_limits *limits;
	unsigned int max_reserved;	/* of one GiB */
	u64 max_size;
	u64 max_gap;			/* GiBs without RAM that a region may bridge */
};

static u64 gib_down(u64 addr)
{
	return addr & ~(TDMR_ALIGN - 1);
}

/* --- holes: what a region has to reserve --- */

static u64 ram_bytes(const struct tdx_ranges *ram, u64 start, u64 end)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < ram->nr && ram->range[i].start < end; i++) {
		u64 from = max(start, ram->range[i].start);
		u64 to = min(end, ram->range[i].end);

		if (from < to)
			sum += to - from;
	}
	return sum;
}

static bool piece_is_larger(struct piece a, struct piece b)
{
	return a.ram != b.ram ? a.ram > b.ram : a.start > b.start;
}

static void add_area(struct tdx_range *out, unsigned int *nr, u64 start, u64 end)
{
	if (start >= end)
		return;
	if (out && *nr < TDMR_MAX_RESERVED)
		out[*nr] = (struct tdx_range){ start, end };
	(*nr)++;
}

/* Has the piece that @cmr is a hole of @range on either side? */
static bool is_inner_piece(const struct tdx_range *cmr, struct tdx_range range)
{
	return cmr->start > range.start && cmr->end < range.end;
}

static struct piece piece_of(const struct plan *plan, const struct tdx_range *cmr)
{
	return (struct piece) {
		ram_bytes(plan->ram, cmr->start, cmr->end), cmr->start,
	};
}

/*
 * The parts of @range outside the CMRs, joined across pieces that are not
 * larger than @given_up.  Returns their number; the first TDMR_MAX_RESERVED go
 * to @out unless that is NULL.
 */
static unsigned int find_holes(const struct plan *plan, struct tdx_range range,
			       struct piece given_up, struct tdx_range *out)
{
	const struct tdx_range *cmr = plan->cmrs->range;
	unsigned int i, nr = 0;
	u64 pos = range.start;

	for (i = 0; i < plan->cmrs->nr && cmr[i].start < range.end; i++) {
		if (cmr[i].end <= pos)
			continue;
		if (given_up.start && is_inner_piece(&cmr[i], range) &&
		    !piece_is_larger(piece_of(plan, &cmr[i]), given_up))
			continue;
		add_area(out, &nr, pos, cmr[i].start);
		pos = cmr[i].end;
	}
	add_area(out, &nr, pos, range.end);
	return nr;
}

static unsigned int count_holes(const struct plan *plan, struct tdx_range range)
{
	return find_holes(plan, range, (struct piece){}, NULL);
}

/* The next larger piece of @range after @than; false if there is none. */
static bool next_larger(const struct plan *plan, struct tdx_range range,
			struct piece *than)
{
	const struct tdx_range *cmr = plan->cmrs->range;
	struct piece best = {};
	unsigned int i;

	for (i = 0; i < plan->cmrs->nr && cmr[i].start < range.end; i++) {
		struct piece p;

		if (!is_inner_piece(&cmr[i], range))
			continue;
		p = piece_of(plan, &cmr[i]);
		if (piece_is_larger(p, *than) &&
		    (!best.start || piece_is_larger(best, p)))
			best = p;
	}
	if (best.start)
		*than = best;
	return best.start;
}

/* Reserve what @tdmr has to, and the smallest pieces as well if that is too much. */
static void reserve_holes(const struct plan *plan, struct tdmr *tdmr)
{
	struct piece given_up = {};
	unsigned int nr = count_holes(plan, tdmr->range);

	/* Each piece that goes makes two holes one. */
	while (nr > plan->max_reserved && next_larger(plan, tdmr->range, &given_up))
		nr--;
	tdmr->nr_reserved = find_holes(plan, tdmr->range, given_up, tdmr->reserved);
}

/* --- regions --- */

/* The first GiB at or after @from that has RAM; ~0 for none. */
static u64 next_gib(const struct tdx_ranges *ram, u64 from)
{
	unsigned int i;

	for (i = 0; i < ram->nr; i++) {
		if (ram->range[i].end > from)
			return max(from, gib_down(ram->range[i].start));
	}
	return ~0ULL;
}

/* Sorted, with gaps between them, not empty, made of whole pages? */
static bool ranges_are_sane(const struct tdx_ranges *list)
{
	unsigned int i;
	u64 pos = 0;

	for (i = 0; i < list->nr; i++) {
		const struct tdx_range *r = &list->range[i];

		if ((r->start | r->end) & (TDMR_PAGE_SIZE - 1))
			return false;
		if (r->start < pos || (i && r->start == pos) ||
		    r->end <= r->start)
			return false;
		pos = r->end;
	}
	return list->nr;
}

static unsigned int spare_areas(const struct tdmr_limits *limits)
{
	return min(TDMR_SPARE_AREAS, limits->max_reserved / 2);
}

/* May the region @tdmr grow to include the GiB at @gib? */
static bool may_grow(const struct plan *plan, const struct tdmr *tdmr, u64 gib)
{
	struct tdx_range grown = { tdmr->range.start, gib + TDMR_ALIGN };

	if (gib - tdmr->range.end > plan->max_gap)
		return false;
	if (grown.end - grown.start > plan->max_size)
		return false;
	return count_holes(plan, grown) <=
	       plan->limits->max_reserved - spare_areas(plan->limits);
}

/* Cover all RAM.  Returns the number of regions or -errno. */
static int cover(const struct plan *plan, struct tdmr *tdmrs,
		 struct tdmr_problem *problem)
{
	unsigned int nr = 0;
	u64 gib;

	for (gib = next_gib(plan->ram, 0); gib != ~0ULL;
	     gib = next_gib(plan->ram, gib + TDMR_ALIGN)) {
		if (nr && may_grow(plan, &tdmrs[nr - 1], gib)) {
			tdmrs[nr - 1].range.end = gib + TDMR_ALIGN;
			continue;
		}
		if (nr == plan->limits->max_tdmrs) {
			*problem = (struct tdmr_problem) {
				"memory is in too many pieces", gib,
			};
			return -E2BIG;
		}
		memset(&tdmrs[nr], 0, sizeof(tdmrs[nr]));
		tdmrs[nr++].range = (struct tdx_range){ gib, gib + TDMR_ALIGN };
	}
	return nr;
}

static u64 covered_bytes(const struct tdmr *tdmrs, unsigned int nr)
{
	u64 sum = 0;

	while (nr--)
		sum += tdmrs[nr].range.end - tdmrs[nr].range.start;
	return sum;
}

/*
 * Cover all RAM with regions that bridge the smallest gaps that let it fit,
 * as a gap costs PAMT, and that are as small as the module's number allows.
 */
static int cover_best(struct plan *plan, struct tdmr *tdmrs,
		      struct tdmr_problem *problem)
{
	u64 end = plan->ram->range[plan->ram->nr - 1].end;
	u64 size;
	int nr;

	plan->max_size = ~0ULL;
	plan->max_gap = 0;
	nr = cover(plan, tdmrs, problem);
	while (nr == -E2BIG && plan->max_gap < end) {
		plan->max_gap = max(TDMR_ALIGN, 2 * plan->max_gap);
		nr = cover(plan, tdmrs, problem);
	}
	if (nr < 0)
		return nr;

	size = gib_down(covered_bytes(tdmrs, nr) / plan->limits->max_tdmrs);
	/* A small region has no room for gaps, which cost PAMT, too. */
	size = max(size, plan->max_gap ? TDMR_ALIGN : TDMR_EASY_SIZE);
	do {
		plan->max_size = size;
		nr = cover(plan, tdmrs, problem);
		size += max(TDMR_ALIGN, gib_down(size / 8));
	} while (nr < 0);
	return nr;
}

static void set_pamt_sizes(struct tdmr *tdmr, const struct tdmr_limits *limits)
{
	u64 size = tdmr->range.end - tdmr->range.start;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		u64 pages = size >> (12 + 9 * i);
		u64 bytes = pages * limits->pamt_entry_size[i];

		if (!i && limits->pamt_bitmap_bits)
			bytes = pages * limits->pamt_bitmap_bits / 8;
		tdmr->pamt_size[i] = (bytes + TDMR_PAGE_SIZE - 1) &
				     ~(TDMR_PAGE_SIZE - 1);
	}
}

/* Is there an area for each PAMT, wherever it comes to lie? */
static bool pamts_have_areas(const struct plan *plan, const struct tdmr *tdmrs,
			     unsigned int nr)
{
	unsigned int free = 0, i;

	for (i = 0; i < nr; i++)
		free += plan->limits->max_reserved - tdmrs[i].nr_reserved;
	return free >= nr;
}

/*
 * Plan the regions for @ram, all of which lies in @cmrs; @tdmrs has room for
 * limits->max_tdmrs.  The PAMTs get a size but no place yet.  RAM in a reserved
 * area has been given up.
 *
 * Returns the number of regions, or -EINVAL, -E2BIG with the reason in
 * @problem.
 */
int tdmr_plan(const struct tdx_ranges *ram, const struct tdx_ranges *cmrs,
	      const struct tdmr_limits *limits, struct tdmr *tdmrs,
	      struct tdmr_problem *problem)
{
	struct plan plan = {
		.ram = ram,
		.cmrs = cmrs,
		.limits = limits,
		.max_reserved = limits->max_reserved,
	};
	int nr, i;

	if (!ranges_are_sane(ram) || !ranges_are_sane(cmrs) ||
	    !limits->max_tdmrs || limits->max_reserved < 2 ||
	    limits->max_reserved > TDMR_MAX_RESERVED) {
		*problem = (struct tdmr_problem){ "bad ranges or limits", 0 };
		return -EINVAL;
	}

	nr = cover_best(&plan, tdmrs, problem);
	if (nr < 0)
		return nr;
	for (i = 0; i < nr; i++)
		reserve_holes(&plan, &tdmrs[i]);

	plan.max_reserved--;
	if (!pamts_have_areas(&plan, tdmrs, nr)) {
		for (i = 0; i < nr; i++)
			reserve_holes(&plan, &tdmrs[i]);
	}
	for (i = 0; i < nr; i++)
		set_pamt_sizes(&tdmrs[i], limits);
	return nr;
}

static void remove_areas(struct tdmr *tdmr, unsigned int first, unsigned int n)
{
	tdmr->nr_reserved -= n;
	memmove(&tdmr->reserved[first], &tdmr->reserved[first + n],
		(tdmr->nr_reserved - first) * sizeof(tdmr->reserved[0]));
}

/*
 * Reserve @area, which lies inside the region and overlaps no reserved area
 * but may touch one.  Returns 0, -EINVAL, or -ENOSPC when the module would
 * not take one more; nothing changes then.
 */
int tdmr_reserve(struct tdmr *tdmr, const struct tdmr_limits *limits,
		 struct tdx_range area)
{
	struct tdx_range *r = tdmr->reserved;
	unsigned int i = 0, touching = 0;

	if (area.start < tdmr->range.start || area.end > tdmr->range.end ||
	    area.start >= area.end)
		return -EINVAL;
	while (i < tdmr->nr_reserved && r[i].end < area.start)
		i++;
	while (i + touching < tdmr->nr_reserved &&
	       r[i + touching].start <= area.end)
		touching++;

	if (!touching) {
		if (tdmr->nr_reserved >= limits->max_reserved)
			return -ENOSPC;
		memmove(&r[i + 1], &r[i],
			(tdmr->nr_reserved - i) * sizeof(r[0]));
		tdmr->nr_reserved++;
		r[i] = area;
		return 0;
	}
	r[i].start = min(r[i].start, area.start);
	r[i].end = max(r[i + touching - 1].end, area.end);
	remove_areas(tdmr, i + 1, touching - 1);
	return 0;
}

/* How many bytes of contiguous memory the region's three PAMTs take. */
u64 tdmr_pamt_bytes(const struct tdmr *tdmr)
{
	return tdmr->pamt_size[0] + tdmr->pamt_size[1] + tdmr->pamt_size[2];
}

/* The region has become smaller: keep of its areas what lies in its range. */
static void trim_areas(struct tdmr *tdmr)
{
	unsigned int i, nr = tdmr->nr_reserved;

	tdmr->nr_reserved = 0;
	for (i = 0; i < nr; i++)
		add_area(tdmr->reserved, &tdmr->nr_reserved,
			 max(tdmr->reserved[i].start, tdmr->range.start),
			 min(tdmr->reserved[i].end, tdmr->range.end));
}

/*
 * Make two regions of region @i, each with a PAMT of half the size, which has
 * no place yet.  -ENOSPC if it is one GiB, or there are as many as can be.
 */
int tdmr_split(struct tdmr *tdmrs, unsigned int *nr, unsigned int i,
	       const struct tdmr_limits *limits)
{
	const struct tdx_range whole = tdmrs[i].range;
	u64 half = gib_down((whole.end - whole.start) / 2);

	if (!half || *nr >= limits->max_tdmrs)
		return -ENOSPC;
	memmove(&tdmrs[i + 1], &tdmrs[i], (*nr - i) * sizeof(tdmrs[0]));
	++*nr;
	tdmrs[i].range.end = whole.start + half;
	tdmrs[i + 1].range.start = tdmrs[i].range.end;
	trim_areas(&tdmrs[i]);
	trim_areas(&tdmrs[i + 1]);
	set_pamt_sizes(&tdmrs[i], limits);
	set_pamt_sizes(&tdmrs[i + 1], limits);
	return 0;
}
