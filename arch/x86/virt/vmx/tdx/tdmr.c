// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDMR planning.
 *
 * The module takes regions that are multiples of 1 GiB, sorted and disjoint,
 * with a few reserved areas in each.  RAM is not so tidy: cover it GiB by
 * GiB, reserve the holes, and begin a new region where they become too many.
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

/* How cover() may join GiBs to regions. */
struct cover_policy {
	u64 max_size;
	bool bridge;		/* across whole GiBs without RAM, too */
};

static u64 gib_down(u64 addr)
{
	return addr & ~(TDMR_ALIGN - 1);
}

static void add_area(struct tdx_range *out, unsigned int max, unsigned int *nr,
		     u64 start, u64 end)
{
	if (start >= end)
		return;
	if (out && *nr < max)
		out[*nr] = (struct tdx_range){ start, end };
	(*nr)++;
}

/*
 * The parts of @range without RAM.  Returns their number; the first @max go
 * to @out unless that is NULL.
 */
static unsigned int find_holes(const struct tdx_range *ram, unsigned int nr_ram,
			       struct tdx_range range, struct tdx_range *out,
			       unsigned int max)
{
	unsigned int i, nr = 0;
	u64 pos = range.start;

	for (i = 0; i < nr_ram && ram[i].start < range.end; i++) {
		if (ram[i].end <= pos)
			continue;
		add_area(out, max, &nr, pos, ram[i].start);
		pos = ram[i].end;
	}
	add_area(out, max, &nr, pos, range.end);
	return nr;
}

/* The first GiB at or after @from that has RAM; ~0 for none. */
static u64 next_gib(const struct tdx_range *ram, unsigned int nr_ram, u64 from)
{
	unsigned int i;

	for (i = 0; i < nr_ram; i++) {
		if (ram[i].end > from)
			return max(from, gib_down(ram[i].start));
	}
	return ~0ULL;
}

/* Sorted, disjoint, not empty, made of whole pages? */
static bool ram_is_sane(const struct tdx_range *ram, unsigned int nr_ram)
{
	unsigned int i;
	u64 pos = 0;

	for (i = 0; i < nr_ram; i++) {
		if ((ram[i].start | ram[i].end) & (TDMR_PAGE_SIZE - 1))
			return false;
		if (ram[i].start < pos || ram[i].end <= ram[i].start)
			return false;
		pos = ram[i].end;
	}
	return nr_ram;
}

/* May the region @tdmr grow to include the GiB at @gib? */
static bool may_grow(const struct tdx_range *ram, unsigned int nr_ram,
		     const struct tdmr_limits *limits,
		     const struct cover_policy *policy,
		     const struct tdmr *tdmr, u64 gib)
{
	struct tdx_range grown = { tdmr->range.start, gib + TDMR_ALIGN };

	if (!policy->bridge && tdmr->range.end != gib)
		return false;
	if (grown.end - grown.start > policy->max_size)
		return false;
	return find_holes(ram, nr_ram, grown, NULL, 0) <=
	       limits->max_reserved - TDMR_SPARE_AREAS;
}

/* Cover all RAM.  Returns the number of regions or -errno. */
static int cover(const struct tdx_range *ram, unsigned int nr_ram,
		 const struct tdmr_limits *limits,
		 const struct cover_policy *policy,
		 struct tdmr *tdmrs, struct tdmr_problem *problem)
{
	unsigned int nr = 0;
	u64 gib;

	for (gib = next_gib(ram, nr_ram, 0); gib != ~0ULL;
	     gib = next_gib(ram, nr_ram, gib + TDMR_ALIGN)) {
		struct tdx_range one = { gib, gib + TDMR_ALIGN };

		if (nr && may_grow(ram, nr_ram, limits, policy,
				   &tdmrs[nr - 1], gib)) {
			tdmrs[nr - 1].range.end = one.end;
			continue;
		}
		problem->addr = gib;
		if (find_holes(ram, nr_ram, one, NULL, 0) > limits->max_reserved) {
			problem->what = "too many holes in 1 GiB of memory";
			return -ENOSPC;
		}
		if (nr == limits->max_tdmrs) {
			problem->what = "memory is in too many pieces";
			return -E2BIG;
		}
		memset(&tdmrs[nr], 0, sizeof(tdmrs[nr]));
		tdmrs[nr++].range = one;
	}
	return nr;
}

static void set_pamt_sizes(struct tdmr *tdmr, const struct tdmr_limits *limits)
{
	u64 size = tdmr->range.end - tdmr->range.start;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		u64 pages = size >> (12 + 9 * i);
		u64 bytes = pages * limits->pamt_entry_size[i];

		tdmr->pamt_size[i] = (bytes + TDMR_PAGE_SIZE - 1) &
				     ~(TDMR_PAGE_SIZE - 1);
	}
}

/*
 * Plan the regions for @ram, which is sorted and page aligned; @tdmrs has
 * room for limits->max_tdmrs.  The PAMTs get a size but no place yet.
 *
 * Returns the number of regions, or -EINVAL, -ENOSPC, -E2BIG with the reason
 * in @problem.
 */
int tdmr_plan(const struct tdx_range *ram, unsigned int nr_ram,
	      const struct tdmr_limits *limits, struct tdmr *tdmrs,
	      struct tdmr_problem *problem)
{
	static const struct cover_policy policies[] = {
		{ .max_size = TDMR_EASY_SIZE },
		{ .max_size = 8 * TDMR_EASY_SIZE },
		{ .max_size = ~0ULL },
		{ .max_size = ~0ULL, .bridge = true },
	};
	int nr = -E2BIG, i;

	if (!ram_is_sane(ram, nr_ram) || !limits->max_tdmrs ||
	    limits->max_reserved > TDMR_MAX_RESERVED ||
	    limits->max_reserved <= TDMR_SPARE_AREAS) {
		*problem = (struct tdmr_problem){ "bad ranges or limits", 0 };
		return -EINVAL;
	}

	/* The regions ran out: be content with larger ones, then with gaps. */
	for (i = 0; nr == -E2BIG && i < (int)ARRAY_SIZE(policies); i++)
		nr = cover(ram, nr_ram, limits, &policies[i], tdmrs, problem);
	if (nr < 0)
		return nr;

	for (i = 0; i < nr; i++) {
		struct tdmr *tdmr = &tdmrs[i];

		tdmr->nr_reserved = find_holes(ram, nr_ram, tdmr->range,
					       tdmr->reserved,
					       TDMR_MAX_RESERVED);
		set_pamt_sizes(tdmr, limits);
	}
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
