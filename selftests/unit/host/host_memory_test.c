// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of bring-up, from the list of RAM to the last TDMR.INIT, against
 * the software module: what is left out, where PAMTs come to lie, and that each
 * failure leaves nothing behind.
 */
#include "host_memory.h"

static struct machine small;

static bool excluded_set;
static struct tdx_ranges excluded_copy;

/* private.c's; a test of its own has the rest of that file. */
void tdx_private_exclude(const struct tdx_ranges *left, const struct tdx_ranges *managed)
{
	excluded_set = left && left->nr;
	excluded_copy = left ? *left : (struct tdx_ranges){};
}

/* 2 GiB of RAM that the module can read, in one CMR. */
static struct machine *small_machine(void)
{
	small = (struct machine){ .name = "small" };
	add_ram_on(&small, GIB, 3 * GIB, 0);
	add_cmr(&small, GIB, 3 * GIB);
	small.unmovable[0] = (struct piece_of_ram){ GIB, GIB + 4 * MIB, 0 };
	small.nr_unmovable = 1;
	return &small;
}

static void everything_comes_up(void)
{
	boot(small_machine());
	check(!bring_up());
	check(!excluded_set);
	check(module_takes(GIB) && module_takes(3 * GIB - 16 * MIB));
	check(!module_takes(tdmrs[0].pamt_pa));
	check(logged("1 TDMRs"));
	tdx_memory_release();
	check_nothing_left();
}

/* The second half is behind CXL: RAM of another node, in no CMR. */
static void memory_in_no_cmr_is_left_out_and_named(void)
{
	struct machine *machine = small_machine();

	add_ram_on(machine, 8 * GIB, 12 * GIB, 1);
	boot(machine);
	check(!bring_up());
	check(excluded_set && excluded_copy.nr == 1);
	check(excluded_copy.range[0].start == 8 * GIB &&
	      excluded_copy.range[0].end == 12 * GIB);
	check(logged("no TD can have the memory [0x200000000, 0x300000000), 4194304 KiB: "
		     "not convertible"));
	check(nr_tdmrs == 1 && tdmrs[0].range.end == 3 * GIB);
	tdx_memory_release();
	check(!excluded_set);
	check_nothing_left();
}

/* A part of a GiB that the firmware kept out is reserved. */
static void a_part_in_no_cmr_is_reserved(void)
{
	struct machine *machine = small_machine();

	machine->cmr[0][1] = GIB;
	add_cmr(machine, 2 * GIB + 64 * MIB, 3 * GIB);
	boot(machine);
	check(!bring_up());
	check(excluded_set && excluded_copy.nr == 1);
	check(excluded_copy.range[0].start == 2 * GIB);
	check(excluded_copy.range[0].end == 2 * GIB + 64 * MIB);
	check(module_takes(2 * GIB - 4 * KIB) && module_takes(2 * GIB + 64 * MIB));
	check(!module_takes(2 * GIB));
	tdx_memory_release();
	check_nothing_left();
}

/* CMRs that touch are one for the module. */
static void cmrs_that_touch_need_no_area(void)
{
	struct machine *machine = small_machine();

	machine->cmr[0][1] = GIB + 64 * MIB;
	add_cmr(machine, 2 * GIB + 64 * MIB, 3 * GIB);
	boot(machine);
	check(!bring_up());
	check(!excluded_set);
	/* The PAMT. */
	check(tdmrs[0].nr_reserved == 1);
	tdx_memory_release();
}

static void no_convertible_ram_is_said(void)
{
	struct machine *machine = small_machine();

	machine->cmr[0][0] = 16 * GIB;
	boot(machine);
	check(bring_up() == -ENODEV);
	check(strstr(why_off, "no RAM is convertible"));
	tdx_memory_release();
	check_nothing_left();
}

/* 20 pieces of convertible memory in one GiB, the module takes 16 areas. */
static void pieces_that_are_given_up_are_named(void)
{
	struct machine *machine = small_machine();
	unsigned int i;

	machine->nr_ram = 0;
	machine->nr_cmrs = 0;
	for (i = 0; i < 20; i++) {
		u64 at = GIB + i * 32 * MIB, size = 4 * MIB + i * 64 * KIB;

		add_ram_on(machine, at, at + size, 0);
		add_cmr(machine, at, at + size);
	}
	add_ram_on(machine, 2 * GIB, 3 * GIB, 0);
	add_cmr(machine, 2 * GIB, 3 * GIB);
	boot(machine);
	check(!bring_up());
	/* 20 holes; the first piece begins with the GiB and stays. */
	check(excluded_copy.nr == 4);
	check(excluded_copy.range[0].start == GIB + 32 * MIB);
	check(logged("[0x42000000, 0x42410000), 4160 KiB: given up"));
	check(!module_takes(GIB + 32 * MIB) && module_takes(GIB + 5 * 32 * MIB));
	check(!module_takes(GIB + 4 * 32 * MIB));
	tdx_memory_release();
	check_nothing_left();
}

/* --- PAMTs --- */

static struct machine large;

/* Two nodes of 32 GiB, and a third one that is small. */
static struct machine *large_machine(void)
{
	large = (struct machine){ .name = "large" };
	add_ram_on(&large, MIB, 2 * GIB, 0);
	add_ram_on(&large, 4 * GIB, 34 * GIB, 0);
	add_ram_on(&large, 34 * GIB, 66 * GIB, 1);
	add_ram_on(&large, 66 * GIB, 74 * GIB, 2);
	add_cmr(&large, 0, 2 * GIB);
	add_cmr(&large, 4 * GIB, 74 * GIB);
	return &large;
}

static int plan_on(struct machine *machine)
{
	boot(machine);
	return tdx_memory_plan(&sys_info);
}

static void pamts_lie_on_the_node_of_their_memory(void)
{
	unsigned int i;

	check(!plan_on(large_machine()));
	for (i = 0; i < nr_tdmrs; i++)
		check(page_to_nid(pfn_to_page(PFN_DOWN(tdmrs[i].pamt_pa))) ==
		      page_to_nid(pfn_to_page(PFN_DOWN(max(tdmrs[i].range.start, MIB)))));
	check(!tdx_memory_configure());
	tdx_memory_release();
	check_nothing_left();
}

static void the_nearest_node_is_next(void)
{
	struct machine *machine = large_machine();
	unsigned int i;

	/* Nothing to be had on node 2: node 1 is nearer than node 0. */
	machine->huge[0] = (struct piece_of_ram){ 66 * GIB, 74 * GIB, 2 };
	machine->nr_huge = 1;
	check(!plan_on(machine));
	for (i = 0; i < nr_tdmrs; i++) {
		if (tdmrs[i].range.start >= 66 * GIB)
			check(page_to_nid(pfn_to_page(PFN_DOWN(tdmrs[i].pamt_pa))) == 1);
	}
	check(!tdx_memory_configure());
	tdx_memory_release();
	check_nothing_left();
}

/* All but a strip of 20 MiB in each GiB is gigantic pages. */
static void smaller_blocks_are_found_between_gigantic_pages(void)
{
	struct machine *machine = large_machine();
	unsigned int i;

	machine->nr_ram = 1;
	machine->nr_cmrs = 1;
	add_ram_on(machine, 4 * GIB, 18 * GIB, 0);
	add_cmr(machine, 4 * GIB, 18 * GIB);
	machine->huge[machine->nr_huge++] = (struct piece_of_ram){ MIB, 2 * GIB, 0 };
	for (i = 4; i < 18; i++) {
		struct piece_of_ram *huge = &machine->huge[machine->nr_huge++];

		huge->start = i * GIB;
		huge->end = huge->start + GIB - 20 * MIB;
	}
	check(!plan_on(machine));
	check(nr_tdmrs > 2);
	check(logged("trying smaller blocks"));
	/* Not one of the pages was tried. */
	check(contig_tries < 4 * nr_tdmrs);
	for (i = 0; i < nr_tdmrs; i++)
		check(tdmr_pamt_bytes(&tdmrs[i]) <= 20 * MIB);
	check(!tdx_memory_configure());
	tdx_memory_release();
	check_nothing_left();
}

/* Whatever there is cannot be moved away, and nothing of it is marked so. */
static void the_search_ends_and_reports(void)
{
	struct machine *machine = large_machine();

	machine->nr_ram = 1;
	machine->nr_cmrs = 0;
	add_ram_on(machine, 4 * GIB, TIB, 0);
	add_cmr(machine, 0, TIB);
	machine->unmovable[0] = (struct piece_of_ram){ 0, TIB, 0 };
	machine->nr_unmovable = 1;
	check(plan_on(machine) == -ENOMEM);
	check(contig_tries == 4096);
	check(logged("still looking for"));
	check(strstr(why_off, "contiguous memory"));
	tdx_memory_release();
	check_nothing_left();
}

static void a_kill_ends_the_search(void)
{
	struct machine *machine = large_machine();
	unsigned int tries;

	machine->unmovable[0] = (struct piece_of_ram){ 34 * GIB, 74 * GIB, 0 };
	machine->nr_unmovable = 1;
	for (tries = 0; tries < 40; tries += 3) {
		boot(machine);
		kill_after = tries;
		check(tdx_memory_plan(&sys_info) == -EINTR);
		check(contig_tries == tries + 1);
		check(strstr(why_off, "interrupted"));
		tdx_memory_release();
		check_nothing_left();
	}
}

/* --- TDMR_INFO --- */

static u64 config_reserved;
static unsigned int config_stride;

/* A module that takes 20 areas has a longer TDMR_INFO. */
static void tdmr_info_has_the_modules_size(void)
{
	static struct tdmr two[2] = {
		{ .range = { 4 * GIB, 5 * GIB }, .pamt_pa = GIB, .nr_reserved = 40 },
		{ .range = { 5 * GIB, 6 * GIB }, .pamt_pa = 2 * GIB },
	};
	u64 *array = module_va(OPERANDS), *info;
	unsigned int i, max;

	boot(small_machine());
	for (i = 0; i < 40; i++) {
		two[0].reserved[i].start = 4 * GIB + i * MIB;
		two[0].reserved[i].end = two[0].reserved[i].start + 4 * KIB;
	}
	for (max = 16; max < 200; max += 12) {
		two[0].nr_reserved = min(max, 40U);
		/* This module takes no such address; only the layout counts. */
		fail_seamcall = 1;
		check(tdx_tdmr_config(two, 2, max) == -EIO);
		config_stride = array[1] - array[0];
		check(config_stride >= 64 + 16 * max && !(config_stride % 512));
		check(config_stride < 64 + 16 * max + 512);
		info = module_va(array[0]);
		for (i = 0; i < min(max, 40U); i++)
			check(info[8 + 2 * i] == MIB * i && info[9 + 2 * i] == 4 * KIB);
		config_reserved = max > 40 ? info[8 + 2 * 40 + 1] : 0;
		check(!config_reserved);
		info = module_va(array[1]);
		check(info[0] == 5 * GIB && info[1] == GIB && !info[9]);
	}
}

/* --- TDMR.INIT --- */

static unsigned int in_flight, most_in_flight, init_calls;
static u64 init_status;
static u64 init_next[128];

/* A CPU that comes first waits for another one, for a second at most. */
static u64 slow_leaf(u64 base, u64 *next)
{
	unsigned int now = __atomic_add_fetch(&in_flight, 1, __ATOMIC_SEQ_CST), i;

	if (now > __atomic_load_n(&most_in_flight, __ATOMIC_SEQ_CST))
		__atomic_store_n(&most_in_flight, now, __ATOMIC_SEQ_CST);
	for (i = 0; i < 1000 && __atomic_load_n(&most_in_flight, __ATOMIC_SEQ_CST) < 4; i++)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	__atomic_sub_fetch(&in_flight, 1, __ATOMIC_SEQ_CST);
	*next = base + 1024 * GIB;
	return 0;
}

/* Says @init_status once, then goes on by a GiB for each call. */
static u64 scripted_leaf(u64 base, u64 *next)
{
	u64 status = __atomic_exchange_n(&init_status, 0, __ATOMIC_SEQ_CST);
	u64 *mine = &init_next[base / GIB % 128];

	__atomic_add_fetch(&init_calls, 1, __ATOMIC_SEQ_CST);
	*next = 0x123;
	if (status)
		return status;
	if (!*mine)
		*mine = base;
	*next = *mine += GIB;
	return 0;
}

static u64 stuck_leaf(u64 base, u64 *next)
{
	__atomic_add_fetch(&init_calls, 1, __ATOMIC_SEQ_CST);
	*next = base;
	return 0;
}

/* One fails, the others would go on for long. */
static u64 failing_leaf(u64 base, u64 *next)
{
	__atomic_add_fetch(&init_calls, 1, __ATOMIC_SEQ_CST);
	*next = base;
	nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	return base ? 0 : FAULT_STATUS;
}

static void init_with(u64 (*leaf)(u64 base, u64 *next))
{
	check(!plan_on(large_machine()));
	tdmr_init_leaf = leaf;
	init_calls = 0;
	init_status = 0;
	memset(init_next, 0, sizeof(init_next));
}

static void tdmrs_are_initialised_side_by_side(void)
{
	init_with(slow_leaf);
	most_in_flight = 0;
	check(nr_tdmrs >= 4);
	check(!tdx_memory_init());
	check(most_in_flight >= 4);
	check(last_work_node == 2);
	tdx_memory_release();
	check_nothing_left();
}

static void progress_is_reported(void)
{
	init_with(scripted_leaf);
	early_wakeups = 3;
	check(!tdx_memory_init());
	check(logged("of 72 GiB of memory done"));
	tdx_memory_release();
}

static void busy_is_tried_again(void)
{
	static const u64 again[] = {
		TDX_OPERAND_BUSY | 1, TDX_SYS_BUSY, TDX_INTERRUPTED_RESUMABLE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(again); i++) {
		init_with(scripted_leaf);
		init_status = again[i];
		check(!tdx_memory_init());
		check(init_calls == 73);
		tdx_memory_release();
	}
}

static void what_is_initialised_already_is_done(void)
{
	init_with(scripted_leaf);
	init_status = TDX_TDMR_ALREADY_INITIALIZED;
	check(!tdx_memory_init());
	check(init_calls < 73);
	tdx_memory_release();
}

static void the_first_failure_stops_all_and_names_its_tdmr(void)
{
	init_with(failing_leaf);
	check(tdx_memory_init() == -EIO);
	check(init_calls < 1000);
	check(strstr(why_off, "SYS.TDMR.INIT of [0x0, 0x80000000)"));
	check(strstr(why_off, "TDX_OPERAND_INVALID"));
	tdx_memory_release();
	check_nothing_left();
}

static void a_module_that_stands_still_is_left(void)
{
	init_with(stuck_leaf);
	check(tdx_memory_init() == -EIO);
	check(strstr(why_off, "makes no progress"));
	tdx_memory_release();
	check_nothing_left();
}

static void a_kill_ends_the_initialisation(void)
{
	init_with(stuck_leaf);
	early_wakeups = 1;
	kill_waiter = true;
	check(tdx_memory_init() == -EINTR);
	check(strstr(why_off, "interrupted"));
	/* Nobody is inside any more. */
	tdx_memory_release();
	check_nothing_left();
}

/* --- sweeps --- */

/* The nth allocation fails, then the nth SEAMCALL, until nothing does. */
static unsigned int sweep(struct machine *machine, unsigned int *which, const char *name)
{
	unsigned int n;
	int ret;

	for (n = 1; n < 10000; n++) {
		boot(machine);
		*which = n;
		ret = bring_up();
		if (*which) {
			/* It passed untouched. */
			check(!ret);
			tdx_memory_release();
			check_nothing_left();
			printf("# %u %s failed one by one\n", n - 1, name);
			return n - 1;
		}
		/* Contiguous memory that is not to be had here is elsewhere. */
		check(!ret || why_off[0]);
		tdx_memory_release();
		check_nothing_left();

		/* And the second bring-up works, with a fresh module. */
		boot(machine);
		check(!bring_up());
		tdx_memory_release();
		check_nothing_left();
	}
	check(!"the sweep ended");
	return 0;
}

static struct machine *sweep_machine(void)
{
	struct machine *machine = small_machine();

	/* Something of each kind: a hole, memory left out, another node. */
	machine->ram[0].end = 2 * GIB;
	machine->cmr[0][1] = 512 * MIB;
	add_cmr(machine, GIB + 576 * MIB, 2 * GIB);
	add_ram_on(machine, 8 * GIB, 9 * GIB, 1);
	return machine;
}

static void every_allocation_may_fail(void)
{
	check(sweep(sweep_machine(), &fail_alloc, "allocations") > 10);
}

static void every_seamcall_may_fail(void)
{
	/* NUM_CMRS, 32 of each, SYS.CONFIG, and 256 calls for one GiB. */
	check(sweep(sweep_machine(), &fail_seamcall, "SEAMCALLs") > 300);
}

/* Only what the module has had is cleared, and before it is free. */
static void pamts_that_the_module_had_are_cleared(void)
{
	boot(small_machine());
	check(!bring_up());
	pamts_cleared = 0;
	tdx_memory_release();
	check(pamts_cleared == 1 && blocks_at_clear);
	check_nothing_left();

	/* SYS.CONFIG, after NUM_CMRS and 32 of each, fails. */
	boot(small_machine());
	fail_seamcall = 66;
	check(bring_up());
	check(!fail_seamcall && nr_blocks);
	pamts_cleared = 0;
	tdx_memory_release();
	check(!pamts_cleared);
	check_nothing_left();
}

/* Of 2 GiB: 64 KiB, 16 KiB for the 2 MiB ranges, a page for the two GiBs. */
static void dynamic_metadata_takes_a_bit_for_a_small_page(void)
{
	sys_info.pamt_bitmap_bits = 1;
	boot(small_machine());
	check(!bring_up());
	check(strstr(the_log, "1 TDMRs, 84 KiB of page metadata, more as TDs need it"));
	tdx_memory_release();
	check_nothing_left();
	sys_info.pamt_bitmap_bits = 0;
}

static void refused_dynamic_metadata_names_its_parameter(void)
{
	unsigned int bits;

	for (bits = 0; bits < 2; bits++) {
		sys_info.pamt_bitmap_bits = bits;
		boot(small_machine());
		/* SYS.CONFIG. */
		fail_seamcall = 66;
		check(bring_up() == -EIO);
		check(strstr(why_off, "SYS.CONFIG failed with TDX_OPERAND_INVALID"));
		check(!!strstr(why_off, "load tdx_host with dynamic_pamt=0") == bits);
		tdx_memory_release();
		check_nothing_left();
	}
	sys_info.pamt_bitmap_bits = 0;
}

static void other_memory_does_not_come_online(void)
{
	struct memory_notify first = { PFN_DOWN(GIB), PFN_DOWN(128 * MIB) };
	struct memory_notify other = { PFN_DOWN(64 * GIB), PFN_DOWN(128 * MIB) };

	boot(small_machine());
	check(!bring_up());
	check(notifier->notifier_call(notifier, MEM_GOING_ONLINE, &first) == NOTIFY_OK);
	check(notifier->notifier_call(notifier, MEM_GOING_ONLINE, &other) == NOTIFY_BAD);
	tdx_memory_release();
}

int main(void)
{
	run(everything_comes_up);
	run(memory_in_no_cmr_is_left_out_and_named);
	run(a_part_in_no_cmr_is_reserved);
	run(cmrs_that_touch_need_no_area);
	run(no_convertible_ram_is_said);
	run(pieces_that_are_given_up_are_named);
	run(pamts_lie_on_the_node_of_their_memory);
	run(the_nearest_node_is_next);
	run(smaller_blocks_are_found_between_gigantic_pages);
	run(the_search_ends_and_reports);
	run(a_kill_ends_the_search);
	run(tdmr_info_has_the_modules_size);
	run(tdmrs_are_initialised_side_by_side);
	run(progress_is_reported);
	run(busy_is_tried_again);
	run(what_is_initialised_already_is_done);
	run(the_first_failure_stops_all_and_names_its_tdmr);
	run(a_module_that_stands_still_is_left);
	run(a_kill_ends_the_initialisation);
	run(every_allocation_may_fail);
	run(every_seamcall_may_fail);
	run(pamts_that_the_module_had_are_cleared);
	run(dynamic_metadata_takes_a_bit_for_a_small_page);
	run(refused_dynamic_metadata_names_its_parameter);
	run(other_memory_does_not_come_online);
	return checks_failed != 0;
}
