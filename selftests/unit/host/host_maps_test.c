// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory maps as machines have them: from RAM, nodes and CMRs to a SYS.CONFIG
 * that the software module accepts, with the PAMTs in place.  Prints a table of
 * what each map costs; docs/performance.md has it.
 */
#include "host_memory.h"

static const struct tdx_ranges *left;

/* private.c's, whose own test is host_private_test.c. */
void tdx_private_exclude(const struct tdx_ranges *left_out, const struct tdx_ranges *managed)
{
	left = left_out;
}

static struct machine map;

static void new_map(const char *name)
{
	memset(&map, 0, sizeof(map));
	map.name = name;
}

/* RAM that is convertible as a whole. */
static void both(u64 start, u64 end, int nid)
{
	add_ram_on(&map, start, end, nid);
	add_cmr(&map, start, end);
}

/* RAM in [start, end) with @holes of one page, all in one CMR of another's making. */
static void holey(u64 start, u64 end, unsigned int holes, int nid)
{
	u64 step = (end - start) / (holes + 1) & PAGE_MASK, pos = start;
	unsigned int i;

	for (i = 1; i <= holes; i++) {
		add_ram_on(&map, pos, start + i * step, nid);
		pos = start + i * step + 64 * KIB;
	}
	add_ram_on(&map, pos, end, nid);
}

/* As servers begin: a few holes for ACPI below 2 GiB, which are convertible. */
static void low_memory(unsigned int holes)
{
	add_ram_on(&map, 4 * KIB, 640 * KIB, 0);
	add_ram_on(&map, MIB, GIB, 0);
	holey(GIB, GIB + 888 * MIB, holes, 0);
	add_cmr(&map, MIB, GIB + 960 * MIB);
}

/* @nodes nodes of @size each from @start, whose last 64 MiB are the firmware's. */
static u64 nodes_from(u64 start, unsigned int nodes, u64 size)
{
	unsigned int i;

	for (i = 0; i < nodes; i++)
		both(start + i * size, start + (i + 1) * size - 64 * MIB, i);
	return start + nodes * size;
}

/* --- the maps --- */

static void emulated_machine(void)
{
	add_ram_on(&map, 4 * KIB, 640 * KIB, 0);
	add_ram_on(&map, MIB, 768 * MIB - 64 * KIB, 0);
	add_cmr(&map, 4 * KIB, 640 * KIB);
	add_cmr(&map, MIB, 768 * MIB - 64 * KIB);
}

static void small_server(void)
{
	low_memory(3);
	both(4 * GIB, 66 * GIB, 0);
}

static void spr_one_socket(void)
{
	low_memory(6);
	nodes_from(4 * GIB, 1, 252 * GIB);
}

static void spr_two_sockets(void)
{
	low_memory(8);
	nodes_from(4 * GIB, 2, 512 * GIB);
}

static void spr_snc4(void)
{
	low_memory(9);
	nodes_from(4 * GIB, 8, 256 * GIB);
}

static void spr_four_sockets(void)
{
	low_memory(11);
	nodes_from(4 * GIB, 4, 2 * TIB);
}

static void spr_eight_sockets(void)
{
	low_memory(11);
	nodes_from(4 * GIB, 8, 2 * TIB);
}

static void eight_sockets_32_tib(void)
{
	low_memory(11);
	nodes_from(4 * GIB, 8, 4 * TIB);
}

/* The CMRs that canonical/tdx#135 shows; 16 holes in the second GiB. */
static void fox_creek_pass(unsigned int holes)
{
	unsigned int i;

	add_ram_on(&map, 4 * KIB, 640 * KIB, 0);
	add_ram_on(&map, MIB, GIB, 0);
	/* What lies between the last piece and 2 GiB is one of them. */
	holey(GIB, 0x6f800000 - 8 * MIB, holes - 1, 0);
	add_cmr(&map, 0x100000, 0x6f800000);
	for (i = 0; i < 4; i++)
		both(i ? 0x80000000 + i * 0x1000000000ULL : 0x100000000,
		     0x7c000000 - (i ? 0 : 0x2000000) + (i + 1) * 0x1000000000ULL, i / 2);
}

static void canonical_135(void)
{
	fox_creek_pass(16);
}

static void canonical_135_and_one_hole(void)
{
	fox_creek_pass(17);
}

/* "reserved areas exhausted" in [1 GiB, 2 GiB) on a Xeon 6747P. */
static void canonical_415(void)
{
	low_memory(23);
	nodes_from(4 * GIB, 2, 512 * GIB);
}

static void gnr_two_sockets(void)
{
	low_memory(14);
	nodes_from(4 * GIB, 2, 2 * TIB);
}

static void gnr_snc3(void)
{
	low_memory(14);
	nodes_from(4 * GIB, 6, 512 * GIB);
}

static void one_flat_node(void)
{
	low_memory(5);
	both(4 * GIB, 16 * TIB + 4 * GIB, 0);
}

/* Nodes take turns every 32 GiB. */
static void interleaved_nodes(void)
{
	unsigned int i;

	low_memory(5);
	for (i = 0; i < 32; i++)
		add_ram_on(&map, (4 + 32ULL * i) * GIB, (36 + 32ULL * i) * GIB, i % 4);
	add_cmr(&map, 4 * GIB, (4 + 32 * 32ULL) * GIB);
}

/* 512 GiB of DRAM, 256 GiB behind CXL, as a node without CPUs. */
static void cxl_node(void)
{
	u64 end;

	low_memory(8);
	end = nodes_from(4 * GIB, 2, 256 * GIB);
	add_ram_on(&map, end, end + 256 * GIB, 2);
}

/* CXL windows that do not begin with a GiB, one of them before the DRAM. */
static void cxl_windows(void)
{
	u64 end;

	low_memory(8);
	add_ram_on(&map, 8 * GIB + 256 * MIB, 40 * GIB + 256 * MIB, 2);
	end = nodes_from(64 * GIB, 2, 256 * GIB);
	add_ram_on(&map, end + 256 * MIB, end + 128 * GIB + 256 * MIB, 3);
	add_ram_on(&map, end + TIB, end + 2 * TIB, 4);
}

/* More memory behind CXL than DRAM. */
static void mostly_cxl(void)
{
	low_memory(4);
	nodes_from(4 * GIB, 1, 128 * GIB);
	add_ram_on(&map, TIB, 9 * TIB, 1);
}

/* The firmware left each node's end out, as RAM: 160 MiB, off any GiB. */
static void ends_left_out(void)
{
	unsigned int i;

	low_memory(6);
	for (i = 0; i < 8; i++) {
		u64 start = 4 * GIB + i * 128 * GIB;

		add_ram_on(&map, start, start + 128 * GIB, i);
		add_cmr(&map, start + 32 * MIB, start + 128 * GIB - 160 * MIB);
	}
}

/* One CMR for each DIMM, so that they touch. */
static void cmrs_of_dimms(void)
{
	unsigned int i;

	low_memory(6);
	for (i = 0; i < 31; i++)
		add_cmr(&map, 4 * GIB + i * 64 * GIB, 4 * GIB + (i + 1) * 64 * GIB);
	add_ram_on(&map, 4 * GIB, 4 * GIB + 31 * 64 * GIB, 0);
}

/* 31 CMRs in one GiB, which no firmware should have; 15 pieces have to go. */
static void crumbs_in_one_gib(void)
{
	unsigned int i;

	for (i = 0; i < 31; i++)
		both(GIB + i * 32 * MIB, GIB + i * 32 * MIB + (1 + i % 7) * MIB, 0);
	both(4 * GIB, 64 * GIB, 0);
}

/* Bad pages that the kernel was told to leave alone, in each GiB. */
static void bad_pages_everywhere(void)
{
	low_memory(4);
	holey(4 * GIB, 68 * GIB, 120, 0);
	add_cmr(&map, 4 * GIB, 68 * GIB);
}

/* A hole between the CMRs in each of 31 GiBs. */
static void hole_in_each_gib(void)
{
	unsigned int i;

	for (i = 1; i < 32; i++)
		both(i * GIB + 64 * MIB, (i + 1) * GIB, 0);
}

static void sparse_gibs(void)
{
	unsigned int i;

	/* One CMR over all: what has no RAM has no TDMR. */
	for (i = 0; i < 100; i++)
		add_ram_on(&map, (1 + 3ULL * i) * GIB, (2 + 3ULL * i) * GIB, i / 25);
	add_cmr(&map, GIB, 320 * GIB);
}

static void sparse_sockets(void)
{
	unsigned int i;

	low_memory(4);
	for (i = 0; i < 8; i++)
		both(4 * TIB * (i + 1), 4 * TIB * (i + 1) + 512 * GIB, i);
}

/* The last address below the KeyIDs' bits. */
static void top_of_the_address_space(void)
{
	low_memory(4);
	both(4 * GIB, TIB, 0);
	both(63 * TIB, 64 * TIB, 1);
}

static void mirrored_memory(void)
{
	low_memory(4);
	both(4 * GIB, 36 * GIB, 0);
	both(36 * GIB + 512 * MIB, 250 * GIB + 512 * MIB, 1);
}

/* 480 GiB of 512 are gigantic pages. */
static void gigantic_pages(void)
{
	low_memory(6);
	nodes_from(4 * GIB, 2, 256 * GIB);
	map.huge[map.nr_huge++] = (struct piece_of_ram){ 8 * GIB, 250 * GIB, 0 };
	map.huge[map.nr_huge++] = (struct piece_of_ram){ 262 * GIB, 500 * GIB, 1 };
}

/* Kernel memory that cannot be moved all over the lower half of each node. */
static void long_after_boot(void)
{
	low_memory(6);
	nodes_from(4 * GIB, 2, 256 * GIB);
	map.unmovable[map.nr_unmovable++] = (struct piece_of_ram){ 0, 132 * GIB, 0 };
	map.unmovable[map.nr_unmovable++] = (struct piece_of_ram){ 260 * GIB, 390 * GIB, 1 };
}

#define MAP(name)	{ #name, name }
static const struct {
	const char *name;
	void (*fill)(void);
} maps[] = {
	MAP(emulated_machine), MAP(small_server), MAP(spr_one_socket),
	MAP(spr_two_sockets), MAP(spr_snc4), MAP(spr_four_sockets),
	MAP(spr_eight_sockets), MAP(eight_sockets_32_tib), MAP(canonical_135),
	MAP(canonical_135_and_one_hole), MAP(canonical_415), MAP(gnr_two_sockets),
	MAP(gnr_snc3), MAP(one_flat_node), MAP(interleaved_nodes), MAP(cxl_node),
	MAP(cxl_windows), MAP(mostly_cxl), MAP(ends_left_out), MAP(cmrs_of_dimms),
	MAP(crumbs_in_one_gib), MAP(bad_pages_everywhere), MAP(hole_in_each_gib),
	MAP(sparse_gibs), MAP(sparse_sockets), MAP(top_of_the_address_space),
	MAP(mirrored_memory), MAP(gigantic_pages), MAP(long_after_boot),
};

/* --- what holds for each --- */

static bool in_cmr(u64 addr)
{
	unsigned int i;

	for (i = 0; i < map.nr_cmrs; i++) {
		if (addr >= map.cmr[i][0] && addr - map.cmr[i][0] < map.cmr[i][1])
			return true;
	}
	return false;
}

static bool in_block(u64 addr)
{
	return blocks_meet(PFN_DOWN(addr), PFN_DOWN(addr) + 1);
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 edge[16384];
static unsigned int nr_edges;

static void find_edges(void)
{
	unsigned int i, j;

	nr_edges = 0;
	for (i = 0; i < map.nr_ram; i++) {
		edge[nr_edges++] = PAGE_ALIGN(map.ram[i].start);
		edge[nr_edges++] = map.ram[i].end & PAGE_MASK;
	}
	for (i = 0; i < map.nr_cmrs; i++) {
		edge[nr_edges++] = map.cmr[i][0];
		edge[nr_edges++] = map.cmr[i][0] + map.cmr[i][1];
	}
	for (i = 0; i < nr_tdmrs; i++) {
		edge[nr_edges++] = tdmrs[i].range.start;
		edge[nr_edges++] = tdmrs[i].range.end;
		edge[nr_edges++] = tdmrs[i].pamt_pa;
		edge[nr_edges++] = tdmrs[i].pamt_pa + tdmr_pamt_bytes(&tdmrs[i]);
		for (j = 0; j < tdmrs[i].nr_reserved; j++) {
			edge[nr_edges++] = tdmrs[i].reserved[j].start;
			edge[nr_edges++] = tdmrs[i].reserved[j].end;
		}
	}
	edge[nr_edges++] = MIB;
	qsort(edge, nr_edges, sizeof(edge[0]), by_value);
}

struct cost {
	u64 ram, pamt, largest_pamt, not_convertible, given_up;
	unsigned int reserved, most_reserved, far;
};

/*
 * Between two edges all pages are alike.  KVM takes a page that is not left
 * out, so exactly those have to be the module's: neither a page that the module
 * refuses, nor memory that is lost.
 */
static void check_pages(struct cost *cost)
{
	unsigned int i;

	find_edges();
	for (i = 0; i + 1 < nr_edges; i++) {
		u64 at = edge[i], size = edge[i + 1] - at;
		bool ram = find_piece(map.ram, map.nr_ram, at) && at >= MIB;

		if (!ram || !size)
			continue;
		cost->ram += size;
		if (in_block(at)) {
			check(!module_offers(at));
			continue;
		}
		check(module_offers(at) == !tdx_ranges_meet(left, at, at + 4096));
		check(!module_offers(at) || in_cmr(at));
		if (!in_cmr(at))
			cost->not_convertible += size;
		else if (!module_offers(at))
			cost->given_up += size;
	}
}

static void check_tdmrs(struct cost *cost)
{
	unsigned int i;

	for (i = 0; i < nr_tdmrs; i++) {
		const struct tdmr *t = &tdmrs[i];
		u64 bytes = tdmr_pamt_bytes(t), first = t->range.start;

		while (!find_piece(map.ram, map.nr_ram, first) || first < MIB || !in_cmr(first))
			first += MIB;
		cost->far += page_to_nid(pfn_to_page(PFN_DOWN(t->pamt_pa))) !=
			     page_to_nid(pfn_to_page(PFN_DOWN(first)));
		cost->pamt += bytes;
		cost->largest_pamt = max(cost->largest_pamt, bytes);
		cost->reserved += t->nr_reserved;
		cost->most_reserved = max(cost->most_reserved, t->nr_reserved);
		check(blocks_meet(PFN_DOWN(t->pamt_pa), PFN_DOWN(t->pamt_pa + bytes)));
	}
}

static const char *human(u64 bytes)
{
	static char text[8][32];
	static unsigned int turn;
	char *out = text[turn++ % 8];

	if (!bytes)
		snprintf(out, 32, "0");
	else if (bytes >= TIB)
		snprintf(out, 32, "%.2f TiB", (double)bytes / TIB);
	else if (bytes >= GIB)
		snprintf(out, 32, "%.2f GiB", (double)bytes / GIB);
	else if (bytes >= MIB)
		snprintf(out, 32, "%.1f MiB", (double)bytes / MIB);
	else
		snprintf(out, 32, "%llu KiB", bytes / KIB);
	return out;
}

static void print_cost(const struct cost *cost)
{
	printf("# | %s | %s | %u | %u, %u | %s, %s | %u | %s | %s |\n", map.name,
	       human(cost->ram), nr_tdmrs, cost->reserved, cost->most_reserved,
	       human(cost->pamt), human(cost->largest_pamt), cost->far,
	       human(cost->not_convertible), human(cost->given_up));
}

static int try_map(struct cost *cost)
{
	int ret;

	memset(cost, 0, sizeof(*cost));
	boot(&map);
	ret = tdx_memory_plan(&sys_info);
	if (!ret)
		ret = tdx_memory_configure();
	if (ret) {
		printf("# %s: %s\n", map.name, why_off);
		return ret;
	}
	check_pages(cost);
	check_tdmrs(cost);
	return 0;
}

static void forget_map(void)
{
	tdx_memory_release();
	check_nothing_left();
}

/* --- the tests --- */

/* Nothing but a layout like that of crumbs_in_one_gib() gives memory up. */
static void every_map_is_configured(void)
{
	struct cost cost;
	unsigned int i;

	printf("# | map | RAM | TDMRs | reserved areas, most | PAMT, largest | on other nodes | not convertible | given up |\n");
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		new_map(maps[i].name);
		maps[i].fill();
		check(!try_map(&cost));
		print_cost(&cost);
		if (maps[i].fill != crumbs_in_one_gib)
			check(!cost.given_up);
		/* No more than twice what the RAM needs, for gaps that are bridged. */
		check(cost.pamt <= cost.ram / 128 + 8 * MIB);
		forget_map();
	}
}

static void every_map_is_configured_with_dynamic_pamt(void)
{
	struct cost cost;
	unsigned int i;

	sys_info.pamt_bitmap_bits = 1;
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		new_map(maps[i].name);
		maps[i].fill();
		check(!try_map(&cost));
		if (maps[i].fill != crumbs_in_one_gib)
			check(!cost.given_up);
		/* 41 KiB a GiB at most, twice what the RAM needs, arrays of whole pages. */
		check(cost.pamt <= cost.ram / GIB * 82 * KIB + nr_tdmrs * 12 * KIB + 82 * KIB);
		forget_map();
	}
	sys_info.pamt_bitmap_bits = 0;
}

static void map_of(void (*fill)(void), struct cost *cost)
{
	new_map("a map");
	fill();
	check(!try_map(cost));
	forget_map();
}

static void many_holes_in_a_cmr_cost_no_area(void)
{
	struct cost cost;

	map_of(canonical_415, &cost);
	check(cost.most_reserved <= 4 && !cost.given_up && !cost.not_convertible);
	map_of(canonical_135_and_one_hole, &cost);
	check(cost.most_reserved <= 4 && !cost.given_up && !cost.not_convertible);
}

static void cxl_memory_is_left_out(void)
{
	struct cost cost;

	map_of(cxl_node, &cost);
	check(cost.not_convertible == 256 * GIB && !cost.given_up);
	map_of(mostly_cxl, &cost);
	check(cost.not_convertible == 8 * TIB);
	/* And has no PAMT. */
	check(cost.pamt < GIB);
}

static void sixteen_tebibytes_need_no_gigantic_pamt(void)
{
	struct cost cost;

	map_of(one_flat_node, &cost);
	check(cost.largest_pamt <= 1200 * MIB);
}

static void crumbs_are_given_up_from_the_smallest(void)
{
	struct cost cost;

	map_of(crumbs_in_one_gib, &cost);
	/* 31 holes, 16 areas: 15 pieces, of which five have 1, four 2, ... MiB. */
	check(cost.given_up == (4 * 1 + 5 * 2 + 5 * 3 + 1 * 4) * MIB);
}

static void random_map(void)
{
	unsigned int nr = 1 + rand() % 24, i;
	u64 pos = GIB * (rand() % 3);

	new_map("random");
	for (i = 0; i < nr; i++) {
		u64 unit = rand() % 3 ? GIB : rand() % 2 ? 32 * MIB : 4 * MIB;
		u64 size = unit * (1 + rand() % 60);

		pos += (rand() % 3 ? 0 : unit * (rand() % 20));
		if (rand() % 8) {
			u64 cut = rand() % 4 ? 0 : 4 * KIB * (rand() % 256);

			add_cmr(&map, pos + cut, pos + size);
		}
		if (rand() % 8) {
			u64 cut = rand() % 4 ? 0 : 4 * KIB * (rand() % 256);

			add_ram_on(&map, pos, pos + size - cut, i / 4);
		}
		pos += size;
	}
}

static void random_maps_are_configured(void)
{
	unsigned int done = 0, refused = 0, i;
	struct cost cost;

	srand(1);
	for (i = 0; i < 800; i++) {
		sys_info.pamt_bitmap_bits = i & 1;
		random_map();
		if (!map.nr_cmrs || !map.nr_ram)
			continue;
		boot(&map);
		if (!try_map(&cost)) {
			done++;
		} else {
			/* The little that is convertible has no room for a PAMT. */
			check(strstr(why_off, "no RAM is convertible") ||
			      strstr(why_off, "contiguous memory"));
			check(cost.pamt == 0);
			refused++;
		}
		forget_map();
	}
	sys_info.pamt_bitmap_bits = 0;
	check(done > 600);
	printf("# %u random maps configured, %u without enough memory in one piece\n",
	       done, refused);
}

int main(void)
{
	run(every_map_is_configured);
	run(every_map_is_configured_with_dynamic_pamt);
	run(many_holes_in_a_cmr_cost_no_area);
	run(cxl_memory_is_left_out);
	run(sixteen_tebibytes_need_no_gigantic_pamt);
	run(crumbs_are_given_up_from_the_smallest);
	run(random_maps_are_configured);
	return checks_failed != 0;
}
