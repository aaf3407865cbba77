// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDMR planning, against a model that shares nothing with it: cut the address
 * space at every edge that appears anywhere; in each piece, being RAM must be
 * the same as being in a region and not reserved.
 */
#include <stdlib.h>

#include "../../arch/x86/virt/vmx/tdx/tdmr.c"
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

static int plan(const struct tdx_range *ram, unsigned int nr)
{
	memset(tdmrs, 0x5a, sizeof(tdmrs));
	return tdmr_plan(ram, nr, &hardware, tdmrs, &problem);
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

/* 16 ranges from the start of a GiB make 16 holes; one more makes 17. */
static void holes_are_limited_per_gib(void)
{
	struct tdx_range ram[17];
	int nr;

	comb(ram, 16, 3 * GIB);
	nr = plan(ram, 16);
	check(nr == 1 && tdmrs[0].nr_reserved == 16);
	check(plan_is_good(ram, 16, nr));

	comb(ram, 17, 3 * GIB);
	check(plan(ram, 17) == -ENOSPC);
	check(problem.addr == 3 * GIB);
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
	check(plan(ram + 1, 1) == 32);
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
	static const struct tdx_range unaligned[] = { { 0, GIB - 1 } };
	static const struct tdx_range empty[] = { { GIB, GIB } };
	static const struct tdx_range fine[] = { { 0, GIB } };
	struct tdmr_limits limits = hardware;

	check(plan(unsorted, 2) == -EINVAL);
	check(plan(overlapping, 2) == -EINVAL);
	check(plan(unaligned, 1) == -EINVAL);
	check(plan(empty, 1) == -EINVAL);
	check(plan(fine, 0) == -EINVAL);

	limits.max_reserved = 17;
	check(tdmr_plan(fine, 1, &limits, tdmrs, &problem) == -EINVAL);
	limits.max_reserved = 2;
	check(tdmr_plan(fine, 1, &limits, tdmrs, &problem) == -EINVAL);
	limits.max_reserved = 3;
	limits.max_tdmrs = 0;
	check(tdmr_plan(fine, 1, &limits, tdmrs, &problem) == -EINVAL);
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

		pos += unit * (rand() % 40);
		ram[i].start = pos;
		pos += unit * (1 + rand() % 40);
		ram[i].end = pos;
	}
	return nr;
}

static void random_layouts_are_exact_or_impossible(void)
{
	unsigned int done = 0, refused = 0, i;
	struct tdx_range ram[80];

	srand(1);
	for (i = 0; i < 20000; i++) {
		unsigned int nr_ram = random_ram(ram, NR(ram));
		int nr = plan(ram, nr_ram);

		if (nr > 0) {
			check(plan_is_good(ram, nr_ram, nr));
			done++;
		} else {
			check(nr == -ENOSPC);
			check(most_holes_in_a_gib(ram, nr_ram) > 16);
			refused++;
		}
	}
	/* Both outcomes have to be common, or this tests nothing. */
	check(done > 1000 && refused > 100);
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
	run(holes_are_limited_per_gib);
	run(region_ends_before_holes_become_too_many);
	run(growth_leaves_room_for_pamts);
	run(regions_are_small_if_there_are_enough);
	run(large_memory_fits_in_the_regions);
	run(too_many_pieces_are_bridged);
	run(hopeless_layout_is_refused);
	run(bad_input_is_refused);
	run(random_layouts_are_exact_or_impossible);
	run(areas_merge_where_they_touch);
	run(a_full_region_takes_no_more);
	run(an_area_outside_is_refused);
	return checks_failed != 0;
}
