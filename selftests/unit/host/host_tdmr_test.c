// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDMR planning, against a model that shares nothing with it: cut the address
 * space at every edge that appears anywhere; in each piece, being RAM must be
 * the same as being in a region and not reserved.
 */
#include <stdlib.h>

#include "../../../arch/x86/virt/vmx/tdx/tdmr.c"
#include "host_check.h"

#define KIB	1024ULL
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)
#define NR(a)	(sizeof(a) / sizeof((a)[0]))

static const struct tdmr_limits hardware = {
	.max_tdmrs = 64,
	.max_reserved = 16,
	.pamt_entry_size = { 16, 16, 16 },
};

static struct tdmr tdmrs[64];
static struct tdmr_problem problem;

static struct tdx_ranges list(const struct tdx_range *r, unsigned int nr)
{
	return (struct tdx_ranges){ (struct tdx_range *)r, nr };
}

static int plan_with(const struct tdx_range *ram, unsigned int nr_ram,
		     const struct tdx_range *cmr, unsigned int nr_cmrs,
		     const struct tdmr_limits *limits)
{
	struct tdx_ranges r = list(ram, nr_ram), c = list(cmr, nr_cmrs);

	memset(tdmrs, 0x5a, sizeof(tdmrs));
	return tdmr_plan(&r, &c, limits, tdmrs, &problem);
}

/* On a machine whose CMRs are its RAM. */
static int plan(const struct tdx_range *ram, unsigned int nr)
{
	return plan_with(ram, nr, ram, nr, &hardware);
}

static bool in_ranges(const struct tdx_range *r, unsigned int nr, u64 addr)
{
	while (nr--) {
		if (addr >= r[nr].start && addr < r[nr].end)
			return true;
	}
	return false;
}

static bool usable(int nr, u64 addr)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (addr >= tdmrs[i].range.start && addr < tdmrs[i].range.end)
			return !in_ranges(tdmrs[i].reserved,
					  tdmrs[i].nr_reserved, addr);
	}
	return false;
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Every address is usable exactly if it is RAM. */
static bool plan_is_exact(const struct tdx_range *ram, unsigned int nr_ram,
			  int nr)
{
	static u64 edge[8192];
	unsigned int n = 0, i, j;

	edge[n++] = 0;
	for (i = 0; i < nr_ram; i++) {
		edge[n++] = ram[i].start;
		edge[n++] = ram[i].end;
	}
	for (i = 0; i < (unsigned int)nr; i++) {
		edge[n++] = tdmrs[i].range.start;
		edge[n++] = tdmrs[i].range.end;
		for (j = 0; j < tdmrs[i].nr_reserved; j++) {
			edge[n++] = tdmrs[i].reserved[j].start;
			edge[n++] = tdmrs[i].reserved[j].end;
		}
	}
	qsort(edge, n, sizeof(edge[0]), by_value);
	for (i = 0; i < n; i++) {
		if (usable(nr, edge[i]) != in_ranges(ram, nr_ram, edge[i]))
			return false;
	}
	return true;
}

/* What the module checks of one region, and a PAMT as large as it demands. */
static bool tdmr_is_legal(const struct tdmr *t, u64 after)
{
	u64 size = t->range.end - t->range.start;
	u64 pos = t->range.start;
	unsigned int i;

	if (t->range.start < after || !size || t->range.start % GIB ||
	    size % GIB || t->nr_reserved > hardware.max_reserved)
		return false;
	for (i = 0; i < t->nr_reserved; i++) {
		if (t->reserved[i].start < pos ||
		    t->reserved[i].end <= t->reserved[i].start ||
		    t->reserved[i].start % 4096 || t->reserved[i].end % 4096)
			return false;
		pos = t->reserved[i].end;
	}
	for (i = 0; i < 3; i++) {
		u64 pages = size / (4096ULL << 9 * i);

		if (t->pamt_size[i] % 4096 || t->pamt_size[i] < pages * 16 ||
		    t->pamt_size[i] >= pages * 16 + 4096)
			return false;
	}
	return pos <= t->range.end;
}

static bool plan_is_legal(int nr)
{
	u64 after = 0;
	int i;

	if (nr < 1 || nr > 64)
		return false;
	for (i = 0; i < nr; i++) {
		if (!tdmr_is_legal(&tdmrs[i], after))
			return false;
		after = tdmrs[i].range.end;
	}
	return true;
}

static bool plan_is_good(const struct tdx_range *ram, unsigned int nr_ram,
			 int nr)
{
	return plan_is_legal(nr) && plan_is_exact(ram, nr_ram, nr);
}

static void small_machine_gets_one_region(void)
{
	static const struct tdx_range ram[] = {
		{ 1 * MIB, 0x9f000 + 1 * MIB }, { 2 * MIB, GIB - 64 * KIB },
	};
	int nr = plan(ram, NR(ram));

	check(nr == 1);
	check(plan_is_good(ram, NR(ram), nr));
	check(tdmrs[0].range.start == 0 && tdmrs[0].range.end == GIB);
	check(tdmrs[0].nr_reserved == 3);
	check(tdmr_pamt_bytes(&tdmrs[0]) == 4 * MIB + 8 * KIB + 4 * KIB);
}

static void pci_hole_separates_regions(void)
{
	static const struct tdx_range ram[] = {
		{ 1 * MIB, 2 * GIB }, { 4 * GIB, 6 * GIB },
	};
	int nr = plan(ram, NR(ram));

	check(nr == 2);
	check(plan_is_good(ram, NR(ram), nr));
	check(tdmrs[1].range.start == 4 * GIB && tdmrs[1].nr_reserved == 0);
}

static void tiny_region_is_covered(void)
{
	static const struct tdx_range ram[] = {
		{ 5 * GIB + 4 * KIB, 5 * GIB + 8 * KIB },
	};
	int nr = plan(ram, NR(ram));

	check(nr == 1);
	check(plan_is_good(ram, NR(ram), nr));
	check(tdmrs[0].range.start == 5 * GIB && tdmrs[0].nr_reserved == 2);
}

/* @nr ranges of one page with one page between them, from @start. */
static unsigned int comb(struct tdx_range *ram, unsigned int nr, u64 start)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ram[i].start = start + i * 8 * KIB;
		ram[i].end = ram[i].start + 4 * KIB;
	}
	return nr;
}

/* Bytes of RAM that no region offers. */
static u64 given_up(const struct tdx_range *ram, unsigned int nr_ram, int nr)
{
	unsigned int i;
	u64 addr, sum = 0;

	for (i = 0; i < nr_ram; i++) {
		for (addr = ram[i].start; addr < ram[i].end; addr += 4 * KIB)
			sum += usable(nr, addr) ? 0 : 4 * KIB;
	}
	return sum;
}

/* 16 ranges from the start of a GiB make 16 holes: with another GiB they fit. */
static void sixteen_holes_fit_into_one_gib(void)
{
	struct tdx_range ram[17];
	int nr;

	comb(ram, 16, 3 * GIB);
	ram[16] = (struct tdx_range){ 8 * GIB, 10 * GIB };
	nr = plan(ram, 17);
	check(nr == 2 && tdmrs[0].nr_reserved == 16);
	check(plan_is_good(ram, 17, nr));
}

/* One more costs the smallest piece that has a hole on either side. */
static void the_smallest_piece_goes_if_holes_are_too_many(void)
{
	struct tdx_range ram[18];
	unsigned int i;
	int nr;

	comb(ram, 17, 3 * GIB);
	for (i = 0; i < 17; i++) {
		ram[i].start = 3 * GIB + i * MIB;
		ram[i].end = ram[i].start + (20 + i) * 4 * KIB;
	}
	/* The first one begins with its GiB: without it no hole would go. */
	ram[0].end = ram[0].start + 4 * KIB;
	ram[9].end = ram[9].start + 8 * KIB;
	ram[17] = (struct tdx_range){ 8 * GIB, 10 * GIB };
	nr = plan(ram, 18);
	check(nr == 2 && tdmrs[0].nr_reserved == 16);
	check(plan_is_legal(nr));
	check(!usable(nr, ram[9].start) && !usable(nr, ram[9].end - 4 * KIB));
	check(given_up(ram, 18, nr) == 8 * KIB);
}

/* A PAMT needs an area as well, and there is no other region to have one. */
static void the_last_area_is_left_for_a_pamt(void)
{
	struct tdx_range ram[17];
	int nr;

	comb(ram, 16, 3 * GIB);
	ram[15].end = 3 * GIB + 512 * MIB;
	nr = plan(ram, 16);
	check(nr == 1 && tdmrs[0].nr_reserved == 15);
	check(plan_is_legal(nr));
	check(given_up(ram, 16, nr) == 4 * KIB);
}

/* What the firmware keeps of convertible memory is no hole for the module. */
static void a_hole_in_a_cmr_needs_no_area(void)
{
	static const struct tdx_range cmr[] = { { 0, 2 * GIB } };
	struct tdx_range ram[60];
	int nr;

	comb(ram, 60, GIB + 100 * MIB);
	nr = plan_with(ram, 60, cmr, 1, &hardware);
	check(nr == 1 && tdmrs[0].nr_reserved == 0);
	check(tdmrs[0].range.start == GIB && tdmrs[0].range.end == 2 * GIB);
}

static void pieces_without_ram_go_first(void)
{
	struct tdx_range cmr[20], ram[2] = { { 3 * GIB, 3 * GIB + 4 * KIB } };
	int nr;

	/* 19 holes; only the first and the last of 20 pieces have RAM. */
	comb(cmr, 20, 3 * GIB);
	ram[1] = cmr[19];
	nr = plan_with(ram, 2, cmr, 20, &hardware);
	check(nr == 1 && tdmrs[0].nr_reserved <= 16);
	check(!given_up(ram, 2, nr));
}

/* Modules may take more or fewer than today's 16. */
static void the_modules_number_of_areas_counts(void)
{
	struct tdmr_limits limits = hardware;
	struct tdx_range ram[31];
	unsigned int max;
	int nr;

	comb(ram, 30, 3 * GIB);
	ram[30] = (struct tdx_range){ 8 * GIB, 10 * GIB };
	for (max = 2; max <= TDMR_MAX_RESERVED; max++) {
		limits.max_reserved = max;
		nr = plan_with(ram, 31, ram, 31, &limits);
		check(nr == 2 && tdmrs[0].nr_reserved == min(max, 30U));
		check(given_up(ram, 31, nr) == (30 - min(max, 30U)) * 4 * KIB);
	}
}

/* Many holes, but few in each GiB: more regions instead of a failure. */
static void region_ends_before_holes_become_too_many(void)
{
	struct tdx_range ram[60];
	unsigned int i;
	int nr;

	for (i = 0; i < 6; i++)
		comb(&ram[i * 10], 10, i * GIB);
	nr = plan(ram, 60);
	check(nr == 6);
	check(plan_is_good(ram, 60, nr));
}

static void growth_leaves_room_for_pamts(void)
{
	struct tdx_range ram[32];
	int nr;

	/* 8 holes and 7 more: 15 would fit, but not with two PAMTs. */
	comb(ram, 8, 0);
	comb(ram + 8, 7, GIB);
	nr = plan(ram, 15);
	check(nr == 2);
	check(plan_is_good(ram, 15, nr));
}

/* Contiguous memory for PAMTs is hard to find, so the regions stay small ... */
static void regions_are_small_if_there_are_enough(void)
{
	static const struct tdx_range ram[] = { { 0, 100 * GIB } };
	int nr = plan(ram, 1), i;

	check(nr == 7);
	check(plan_is_good(ram, 1, nr));
	for (i = 0; i < nr; i++)
		check(tdmr_pamt_bytes(&tdmrs[i]) < 65 * MIB);
}

/* ... but large memory is not refused for that. */
static void large_memory_fits_in_the_regions(void)
{
	static const struct tdx_range ram[] = {
		{ MIB, 2 * GIB }, { 4 * GIB, 4096 * GIB },
		{ 8192 * GIB, 12288 * GIB },
	};
	int nr = plan(ram, NR(ram));

	check(nr > 0);
	check(plan_is_good(ram, NR(ram), nr));
}

static u64 largest_pamt(int nr)
{
	u64 most = 0;

	while (nr--)
		most = max(most, tdmr_pamt_bytes(&tdmrs[nr]));
	return most;
}

/* 16 TiB / 64 are 256 GiB, whose PAMT is 1 GiB: not much more is to be found. */
static void a_large_machine_needs_no_larger_pamts_than_it_must(void)
{
	static const struct tdx_range ram[] = {
		{ MIB, 2 * GIB }, { 4 * GIB, 16386 * GIB },
	};
	static const struct tdx_range small[] = {
		{ MIB, 2 * GIB }, { 4 * GIB, 1100 * GIB },
	};
	int nr = plan(ram, NR(ram));

	check(nr > 56 && nr <= 64);
	check(plan_is_good(ram, NR(ram), nr));
	check(largest_pamt(nr) < 1200 * MIB);

	/* A little more than 64 times 16 GiB. */
	nr = plan(small, NR(small));
	check(nr > 56 && nr <= 64);
	check(largest_pamt(nr) < 80 * MIB);
}

/* A PAMT describes gaps, too: bridge the small ones. */
static void the_smallest_gaps_are_bridged(void)
{
	struct tdx_range ram[66];
	unsigned int i;
	u64 sum = 0, pos = 0;
	int nr;

	for (i = 0; i < NR(ram); i++) {
		ram[i] = (struct tdx_range){ pos, pos + GIB };
		pos += i % 8 ? 64 * GIB : 2 * GIB;
	}
	nr = plan(ram, NR(ram));
	check(plan_is_good(ram, NR(ram), nr));
	for (i = 0; i < (unsigned int)nr; i++)
		sum += tdmrs[i].range.end - tdmrs[i].range.start;
	check(sum < 80 * GIB);
}

static void a_region_splits_where_its_pamt_is_too_large(void)
{
	struct tdx_range ram[] = {
		{ MIB, 5 * GIB - MIB }, { 5 * GIB + MIB, 9 * GIB - MIB },
	};
	int nr = plan(ram, NR(ram));
	unsigned int n = nr;
	u64 bytes = tdmr_pamt_bytes(&tdmrs[0]);

	check(nr == 1 && n == 1);
	while (!tdmr_split(tdmrs, &n, 0, &hardware))
		check(plan_is_good(ram, NR(ram), n));
	check(n == 4 && tdmrs[0].range.end == GIB);
	check(tdmr_pamt_bytes(&tdmrs[0]) < bytes / 8);
	while (n < 64 && !tdmr_split(tdmrs, &n, n - 1, &hardware))
		check(plan_is_good(ram, NR(ram), n));
	check(tdmr_split(tdmrs, &n, n - 1, &hardware) == -ENOSPC);
	check(plan_is_good(ram, NR(ram), n));
}

static void regions_beyond_the_modules_number_do_not_split(void)
{
	struct tdx_range ram[] = { { 0, 16 * GIB } };
	struct tdmr_limits limits = hardware;
	int nr = plan(ram, 1);
	unsigned int n = nr;

	limits.max_tdmrs = 1;
	check(n == 1 && tdmr_split(tdmrs, &n, 0, &limits) == -ENOSPC);
	check(n == 1 && plan_is_good(ram, 1, n));
}

/* 100 lone GiBs are more than 64 regions: some have to bridge gaps. */
static void too_many_pieces_are_bridged(void)
{
	struct tdx_range ram[100];
	unsigned int i;
	int nr;

	for (i = 0; i < 100; i++)
		ram[i] = (struct tdx_range){ 2 * i * GIB, (2 * i + 1) * GIB };
	nr = plan(ram, 100);
	check(nr > 0 && nr <= 64);
	check(plan_is_good(ram, 100, nr));
}

static void hopeless_layout_is_refused(void)
{
	static struct tdx_range ram[65 * 14];
	unsigned int i;

	for (i = 0; i < 65; i++)
		comb(&ram[i * 14], 14, 2 * i * GIB);
	check(plan(ram, 64 * 14) == 64);
	check(plan_is_good(ram, 64 * 14, 64));
	check(plan(ram, 65 * 14) == -E2BIG);
}

static void bad_input_is_refused(void)
{
	static const struct tdx_range unsorted[] = {
		{ 4 * GIB, 5 * GIB }, { 0, GIB },
	};
	static const struct tdx_range overlapping[] = {
		{ 0, 2 * GIB }, { GIB, 3 * GIB },
	};
	static const struct tdx_range touching[] = {
		{ 0, 2 * GIB }, { 2 * GIB, 3 * GIB },
	};
	static const struct tdx_range unaligned[] = { { 0, GIB - 1 } };
	static const struct tdx_range empty[] = { { GIB, GIB } };
	static const struct tdx_range fine[] = { { 0, GIB } };
	struct tdmr_limits limits = hardware;

	check(plan(unsorted, 2) == -EINVAL);
	check(plan(overlapping, 2) == -EINVAL);
	check(plan(touching, 2) == -EINVAL);
	check(plan(unaligned, 1) == -EINVAL);
	check(plan(empty, 1) == -EINVAL);
	check(plan(fine, 0) == -EINVAL);

	check(plan_with(fine, 1, unsorted, 2, &hardware) == -EINVAL);
	check(plan_with(fine, 1, fine, 0, &hardware) == -EINVAL);

	limits.max_reserved = TDMR_MAX_RESERVED + 1;
	check(plan_with(fine, 1, fine, 1, &limits) == -EINVAL);
	limits.max_reserved = 1;
	check(plan_with(fine, 1, fine, 1, &limits) == -EINVAL);
	limits.max_reserved = 2;
	check(plan_with(fine, 1, fine, 1, &limits) == 1);
	limits.max_tdmrs = 0;
	check(plan_with(fine, 1, fine, 1, &limits) == -EINVAL);
}

/* A count that takes the long way: pages that change between RAM and not. */
static unsigned int most_holes_in_a_gib(const struct tdx_range *ram,
					unsigned int nr)
{
	unsigned int most = 0, i;
	u64 gib;

	for (gib = 0; gib < ram[nr - 1].end; gib += GIB) {
		unsigned int holes = !in_ranges(ram, nr, gib);
		bool any = in_ranges(ram, nr, gib);

		for (i = 0; i < nr; i++) {
			u64 end = ram[i].end;

			any |= ram[i].start >= gib && ram[i].start < gib + GIB;
			if (end > gib && end < gib + GIB &&
			    !in_ranges(ram, nr, end))
				holes++;
		}
		if (any && holes > most)
			most = holes;
	}
	return most;
}

static unsigned int random_ram(struct tdx_range *ram, unsigned int max)
{
	unsigned int nr = 1 + rand() % max;
	bool fine = rand() % 2;
	u64 pos = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u64 unit = fine && rand() % 4 ? 4 * KIB : 64 * MIB;

		pos += unit * (1 + rand() % 40);
		ram[i].start = pos;
		pos += unit * (1 + rand() % 40);
		ram[i].end = pos;
	}
	return nr;
}

/* Random ranges of which each lies in one of @cmr. */
static unsigned int random_part(struct tdx_range *ram, unsigned int max,
				const struct tdx_range *cmr, unsigned int nr)
{
	unsigned int n = 0, i;

	for (i = 0; i < nr && n < max; i++) {
		u64 pages = (cmr[i].end - cmr[i].start) / (4 * KIB);
		u64 first = rand() % 3 ? 0 : rand() % pages;
		u64 count = 1 + (rand() % 3 ? pages - first - 1 : rand() % (pages - first));

		if (rand() % 8 == 0)
			continue;
		ram[n].start = cmr[i].start + first * 4 * KIB;
		ram[n++].end = cmr[i].start + (first + count) * 4 * KIB;
	}
	return n;
}

/* What is offered is convertible, and RAM is offered unless it was given up. */
static bool plan_fits(const struct tdx_range *ram, unsigned int nr_ram,
		      const struct tdx_range *cmr, unsigned int nr_cmrs, int nr,
		      bool *gave_up)
{
	static u64 edge[8192];
	unsigned int n = 0, i, j;

	edge[n++] = 0;
	for (i = 0; i < nr_ram; i++)
		edge[n++] = ram[i].start, edge[n++] = ram[i].end;
	for (i = 0; i < nr_cmrs; i++)
		edge[n++] = cmr[i].start, edge[n++] = cmr[i].end;
	for (i = 0; i < (unsigned int)nr; i++) {
		edge[n++] = tdmrs[i].range.start, edge[n++] = tdmrs[i].range.end;
		for (j = 0; j < tdmrs[i].nr_reserved; j++) {
			edge[n++] = tdmrs[i].reserved[j].start;
			edge[n++] = tdmrs[i].reserved[j].end;
		}
	}
	*gave_up = false;
	for (i = 0; i < n; i++) {
		if (usable(nr, edge[i]) && !in_ranges(cmr, nr_cmrs, edge[i]))
			return false;
		if (in_ranges(ram, nr_ram, edge[i]) && !usable(nr, edge[i]))
			*gave_up = true;
	}
	return true;
}

static void random_layouts_fit(void)
{
	unsigned int exact = 0, gave_up = 0, i;
	struct tdx_range ram[80], cmr[80];

	srand(1);
	for (i = 0; i < 20000; i++) {
		unsigned int nr_cmrs = random_ram(cmr, NR(cmr));
		unsigned int nr_ram = random_part(ram, NR(ram), cmr, nr_cmrs);
		bool less;
		int nr;

		if (!nr_ram)
			continue;
		nr = plan_with(ram, nr_ram, cmr, nr_cmrs, &hardware);
		check(plan_is_legal(nr));
		check(plan_fits(ram, nr_ram, cmr, nr_cmrs, nr, &less));
		/* 15, as the last one may be kept for a PAMT. */
		if (less)
			check(most_holes_in_a_gib(cmr, nr_cmrs) > 15);
		exact += !less;
		gave_up += less;
	}
	/* Both outcomes have to be common, or this tests nothing. */
	check(exact > 1000 && gave_up > 100);
}

static void areas_merge_where_they_touch(void)
{
	struct tdmr t = {
		.range = { 0, GIB },
		.nr_reserved = 2,
		.reserved = { { 0, MIB }, { 4 * MIB, 5 * MIB } },
	};

	check(!tdmr_reserve(&t, &hardware, (struct tdx_range){ MIB, 2 * MIB }));
	check(t.nr_reserved == 2 && t.reserved[0].end == 2 * MIB);
	check(!tdmr_reserve(&t, &hardware,
			    (struct tdx_range){ 3 * MIB, 4 * MIB }));
	check(t.nr_reserved == 2 && t.reserved[1].start == 3 * MIB);
	check(!tdmr_reserve(&t, &hardware,
			    (struct tdx_range){ 2 * MIB, 3 * MIB }));
	check(t.nr_reserved == 1 && t.reserved[0].start == 0 &&
	      t.reserved[0].end == 5 * MIB);
}

static void a_full_region_takes_no_more(void)
{
	struct tdmr t, old;
	unsigned int i;

	memset(&t, 0, sizeof(t));
	t.range.end = GIB;
	for (i = 16; i--;) {
		u64 at = (2 * i + 2) * MIB;

		check(!tdmr_reserve(&t, &hardware,
				    (struct tdx_range){ at, at + MIB }));
	}
	check(t.nr_reserved == 16);

	old = t;
	check(tdmr_reserve(&t, &hardware,
			   (struct tdx_range){ 0, MIB }) == -ENOSPC);
	check(!memcmp(&t, &old, sizeof(t)));
	/* What touches an area needs no new one. */
	check(!tdmr_reserve(&t, &hardware,
			    (struct tdx_range){ MIB, 2 * MIB }));
	check(t.nr_reserved == 16);
}

static void an_area_outside_is_refused(void)
{
	struct tdmr t = { .range = { GIB, 2 * GIB } };

	check(tdmr_reserve(&t, &hardware, (struct tdx_range){
			   GIB - 4 * KIB, GIB + 4 * KIB }) == -EINVAL);
	check(tdmr_reserve(&t, &hardware, (struct tdx_range){
			   2 * GIB - 4 * KIB, 2 * GIB + 4 * KIB }) == -EINVAL);
	check(tdmr_reserve(&t, &hardware, (struct tdx_range){
			   GIB, GIB }) == -EINVAL);
	check(!t.nr_reserved);
}

int main(void)
{
	run(small_machine_gets_one_region);
	run(pci_hole_separates_regions);
	run(tiny_region_is_covered);
	run(sixteen_holes_fit_into_one_gib);
	run(the_smallest_piece_goes_if_holes_are_too_many);
	run(the_last_area_is_left_for_a_pamt);
	run(a_hole_in_a_cmr_needs_no_area);
	run(pieces_without_ram_go_first);
	run(the_modules_number_of_areas_counts);
	run(region_ends_before_holes_become_too_many);
	run(growth_leaves_room_for_pamts);
	run(regions_are_small_if_there_are_enough);
	run(large_memory_fits_in_the_regions);
	run(a_large_machine_needs_no_larger_pamts_than_it_must);
	run(too_many_pieces_are_bridged);
	run(the_smallest_gaps_are_bridged);
	run(a_region_splits_where_its_pamt_is_too_large);
	run(regions_beyond_the_modules_number_do_not_split);
	run(hopeless_layout_is_refused);
	run(bad_input_is_refused);
	run(random_layouts_fit);
	run(areas_merge_where_they_touch);
	run(a_full_region_takes_no_more);
	run(an_area_outside_is_refused);
	return checks_failed != 0;
}
