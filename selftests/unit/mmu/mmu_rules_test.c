// SPDX-License-Identifier: GPL-2.0-only
/* What the private MMU does when nothing, or one thing, goes wrong. */
#include "mmu_fixture.h"

#define FREE		0
#define PENDING		2
#define NL_MAPPED	132
#define BROKEN		0xc000030000000008ULL
#define BUSY		0x8000020000000001ULL
#define EPOCH_BUSY	0x8000020100000000ULL
#define MAX_TRIES	10000

static int entry(gfn_t gfn)
{
	return machine_entry_state(gfn << PAGE_SHIFT, 0);
}

/* --- mapping --- */

static void fault_maps_one_page_and_its_tables(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	check(mapped(5) == 0 && mapped(6) == -1);
	check(entry(5) == PENDING && entry(6) == FREE);
	check(stat(SEPT_STAT_TABLES) == 3 && stat(SEPT_STAT_PAGES_4K) == 1);
	check(machine_calls[LEAF_PAGE_AUG] == 1);
	/* Only guest_memfd keeps the page. */
	check(gmem[5]->refs == 1);
	td_down(0);
}

static void fault_on_a_mapped_page_makes_no_call(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	machine_reset_calls();
	check(fault(5) == 1);
	check(!machine_calls[LEAF_PAGE_AUG] && !machine_calls[LEAF_SEPT_ADD]);
	td_down(0);
}

static void fault_on_shared_memory_exits_to_user(void)
{
	td_up(TD_S_RUNNABLE);
	is_shared[9] = true;
	check(fault(9) == -EFAULT);
	check(vcpu(0)->fault_exit.exit_reason == KVM_EXIT_MEMORY_FAULT);
	check(vcpu(0)->fault_exit.gpa == 9 << PAGE_SHIFT);
	check(mapped(9) == -1);
	td_down(0);
}

static void fault_outside_slots_exits_to_user(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(SLOT_PAGES) == -EFAULT);
	slot.has_gmem = false;
	check(fault(1) == -EFAULT);
	slot.has_gmem = true;
	td_down(0);
}

static void busy_module_is_asked_again_without_the_guest(void)
{
	td_up(TD_S_RUNNABLE);
	machine_fail(LEAF_PAGE_AUG, BUSY, 0, 20);
	check(fault(5) == 1);
	check(mapped(5) == 0);
	check(machine_calls[LEAF_PAGE_AUG] == 21);
	check(stat(SEPT_STAT_RETRIES) == 20);
	check(machine_calls[LEAF_SEPT_ADD] == 3);
	td_down(0);
}

static void signal_ends_the_retries(void)
{
	td_up(TD_S_RUNNABLE);
	machine_fail(LEAF_PAGE_AUG, BUSY, 0, 20);
	this_task.signal = true;
	check(fault(5) == 1);
	this_task.signal = false;
	check(mapped(5) == -1 && machine_calls[LEAF_PAGE_AUG] == 1);
	td_down(0);
}

static void fault_waits_while_its_range_is_invalidated(void)
{
	td_up(TD_S_RUNNABLE);
	tdx->vmx.kvm.mmu_invalidate_in_progress = 1;
	tdx->vmx.kvm.mmu_invalidate_range_end = 6;
	vcpu(0)->request = true;
	check(fault(5) == 1);
	check(mapped(5) == -1 && !machine_calls[LEAF_PAGE_AUG]);
	tdx->vmx.kvm.mmu_invalidate_in_progress = 0;
	vcpu(0)->request = false;
	td_down(0);
}

/* A conversion that begins and ends while the fault holds the old page. */
static void convert_to_shared(gfn_t gfn)
{
	zap(gfn, gfn + 1);
	is_shared[gfn] = true;
}

static void page_of_before_an_invalidation_is_not_mapped(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_race = convert_to_shared;
	check(fault(5) == -EFAULT);
	check(mapped(5) == -1 && !machine_calls[LEAF_PAGE_AUG]);
	check(gmem[5]->refs == 1);
	td_down(0);
}

static void slot_in_flux_maps_nothing(void)
{
	td_up(TD_S_RUNNABLE);
	slot.flags = KVM_MEMSLOT_INVALID;
	vcpu(0)->request = true;
	check(fault(5) == 1);
	check(mapped(5) == -1);
	td_down(0);
}

static void use_before_accept_kills_the_td(void)
{
	td_up(TD_S_RUNNABLE);
	/* Not mapped yet, so that there is something to resolve. */
	check(tdx_fault(vcpu(0), 5 << PAGE_SHIFT, 0, 6) == 1);
	check(tdx_fault(vcpu(0), 5 << PAGE_SHIFT, 0, 6) == -EIO);
	check(tdx->vmx.kvm.vm_dead);
	check(fault(6) == -EIO);
	td_down(0);
}

static void folio_of_2m_is_mapped_as_one(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(fault(512 + 5) == 1);
	check(mapped(512) == 1 && mapped(1023) == 1 && mapped(1024) == -1);
	check(stat(SEPT_STAT_TABLES) == 2 && stat(SEPT_STAT_PAGES_2M) == 1);
	check(gmem[512]->refs == 1);
	td_down(0);
}

static void guest_that_accepts_4k_gets_4k(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(tdx_fault(vcpu(0), 517 << PAGE_SHIFT, 0, 1) == 1);
	check(mapped(517) == 0 && mapped(518) == -1);
	td_down(0);
}

static void mixed_attributes_forbid_2m(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	is_shared[600] = true;
	check(fault(517) == 1);
	check(mapped(517) == 0 && mapped(512) == -1);
	td_down(0);
}

/* --- unmapping --- */

static void zap_blocks_all_tracks_once_kicks_once(void)
{
	gfn_t gfn;

	td_up(TD_S_RUNNABLE);
	for (gfn = 0; gfn < 100; gfn++)
		check(fault(gfn) == 1);
	machine_vcpu_enter();
	machine_reset_calls();
	kicks = 0;
	zap(10, 90);
	check(machine_calls[LEAF_RANGE_BLOCK] == 80);
	check(machine_calls[LEAF_TRACK] == 1 && kicks == 1);
	check(machine_calls[LEAF_PAGE_REMOVE] == 80);
	check(machine_calls[LEAF_WBINVD] == 80);
	check(mapped(9) == 0 && mapped(10) == -1 && mapped(89) == -1 &&
	      mapped(90) == 0);
	check(entry(10) == FREE && entry(9) == PENDING);
	check(!tdx->quiesce && !tdx->vmx.kvm.vm_dead);
	td_down(0);
}

static void zap_of_nothing_makes_no_call(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	machine_reset_calls();
	kicks = 0;
	zap(6, SLOT_PAGES);
	check(!machine_calls[LEAF_RANGE_BLOCK] && !machine_calls[LEAF_TRACK]);
	check(!kicks);
	td_down(0);
}

static void zap_beyond_the_private_half_ends_there(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	zap(1ULL << 35, 1ULL << 36);
	check(mapped(5) == 0);
	zap(0, ~0ULL);
	check(mapped(5) == -1);
	td_down(0);
}

static void zap_before_the_td_runs_needs_no_tracking(void)
{
	char source[PAGE_SIZE] __attribute__((aligned(4096)));
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (unsigned long)source, .gpa = 0, .nr_pages = 1,
	};
	struct kvm_tdx_cmd cmd = { .data = (unsigned long)&region };

	td_up(TD_S_INITIALIZED);
	check(!tdx_init_mem_region(vcpu(0), &cmd));
	check(mapped(0) == 0 && !region.nr_pages);
	machine_reset_calls();
	kicks = 0;
	zap(0, 1);
	check(mapped(0) == -1 && entry(0) == FREE);
	check(!machine_calls[LEAF_RANGE_BLOCK] && !machine_calls[LEAF_TRACK]);
	check(!kicks);
	td_down(0);
}

static void zap_with_the_keyid_gone_only_reclaims(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	sept_close(tdx);
	machine_td_free_key();
	set_state(TD_S_KEYLESS);
	machine_reset_calls();
	punch(5, 6);
	check(machine_calls[LEAF_RECLAIM] == 1);
	check(!machine_calls[LEAF_PAGE_REMOVE]);
	check(mapped(5) == -1);
	td_down(0);
}

static void zap_while_the_keyid_goes_holds_its_pages(void)
{
	struct page *page;

	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	page = gmem[5];
	sept_close(tdx);
	machine_reset_calls();
	punch(5, 6);
	check(!machine_calls[LEAF_RANGE_BLOCK] && !machine_calls[LEAF_PAGE_REMOVE]);
	check(stat(SEPT_STAT_HELD) == 1 && page->refs == 1);
	check(!tdx->vmx.kvm.vm_dead && !fake_errors);
	td_down(0);
	check(page->refs == 0);
}

static void zap_of_a_2m_mapping_takes_one_call_each(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(fault(512) == 1);
	machine_reset_calls();
	zap(512, 1024);
	check(machine_calls[LEAF_RANGE_BLOCK] == 1);
	check(machine_calls[LEAF_PAGE_REMOVE] == 1);
	check(machine_calls[LEAF_WBINVD] == 512);
	check(mapped(512) == -1 && !stat(SEPT_STAT_PAGES_2M));
	td_down(0);
}

static int entry_2m(gfn_t gfn)
{
	return machine_entry_state(gfn << PAGE_SHIFT, 1);
}

static void zap_of_a_part_splits_2m(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(fault(512) == 1 && entry_2m(512) == PENDING);
	machine_vcpu_enter();
	machine_reset_calls();
	zap(600, 700);
	/* Both ends are in the one mapping. */
	check(machine_calls[LEAF_PAGE_DEMOTE] == 1);
	check(mapped(599) == 0 && mapped(600) == -1 && mapped(699) == -1 &&
	      mapped(700) == 0);
	check(entry(599) == PENDING && entry(600) == FREE &&
	      entry(699) == FREE && entry(700) == PENDING);
	check(stat(SEPT_STAT_PAGES_4K) == 412 && !stat(SEPT_STAT_PAGES_2M));
	check(stat(SEPT_STAT_TABLES) == 3 && !tdx->quiesce);
	td_down(0);
}

static void zap_over_two_mappings_splits_both_ends(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(fault(512) == 1 && fault(1024) == 1 && fault(1536) == 1);
	machine_reset_calls();
	zap(1000, 1600);
	check(machine_calls[LEAF_PAGE_DEMOTE] == 2);
	check(mapped(999) == 0 && mapped(1000) == -1);
	check(mapped(1024) == -1 && entry_2m(1024) == FREE);
	check(mapped(1599) == -1 && mapped(1600) == 0);
	td_down(0);
}

static void split_without_memory_takes_the_whole_mapping(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(fault(512) == 1);
	sept_free_spares(tdx);
	fail_alloc = 1;
	zap(512, 700);
	check(!fail_alloc && mapped(700) == -1);
	check(mapped(512) == -1 && entry_2m(512) == FREE);
	check(!tdx->vmx.kvm.vm_dead && !fake_errors);
	td_down(0);
}

static void split_that_fails_loses_no_page(void)
{
	static const int leaves[] = { LEAF_RANGE_BLOCK, LEAF_TRACK,
				      LEAF_PAGE_DEMOTE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		struct page *folio;

		td_up(TD_S_RUNNABLE);
		gmem_gives_2m = true;
		check(fault(512) == 1);
		folio = gmem[512];
		machine_fail(leaves[i], BUSY, 0, 2 * MAX_TRIES);
		zap(600, 700);
		check(tdx->vmx.kvm.vm_dead && fake_errors == 1);
		check(stat(SEPT_STAT_HELD) == 1 && folio->refs == 2);
		td_down(0);
		check(folio->refs == 0);
	}
}

static void busy_demote_is_tried_again(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(fault(512) == 1);
	/* INTERRUPTED_RESTARTABLE */
	machine_fail(LEAF_PAGE_DEMOTE, 0x8000000400000000ULL, 0, 2);
	zap(600, 700);
	check(machine_calls[LEAF_PAGE_DEMOTE] == 3);
	check(mapped(599) == 0 && mapped(600) == -1);
	check(!tdx->vmx.kvm.vm_dead && !tdx->quiesce);
	td_down(0);
}

static void accept_of_4k_splits_2m(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	check(fault(512) == 1);
	check(tdx_fault(vcpu(0), 517 << PAGE_SHIFT, 0, 1) == 1);
	check(mapped(517) == 0 && mapped(512) == 0 && entry(517) == PENDING);
	td_down(0);
}

/* --- empty tables --- */

/* gfn 512 to 1023 were mapped small, and are gone; the next folio is large. */
static void leave_empty_tables(gfn_t start, gfn_t end)
{
	gfn_t gfn;

	for (gfn = start; gfn < end; gfn += 64)
		check(fault(gfn) == 1);
	punch(start, end);
	gmem_gives_2m = true;
	machine_vcpu_enter();
	machine_reset_calls();
	kicks = 0;
}

static void empty_table_makes_room_for_a_large_page(void)
{
	td_up(TD_S_RUNNABLE);
	leave_empty_tables(512, 1024);
	check(stat(SEPT_STAT_TABLES) == 3);
	check(fault(700) == 1);
	check(mapped(512) == 1 && entry_2m(512) == PENDING);
	check(machine_calls[LEAF_RANGE_BLOCK] == 1 && kicks == 1);
	check(machine_calls[LEAF_TRACK] == 1);
	check(machine_calls[LEAF_SEPT_REMOVE] == 1);
	check(machine_calls[LEAF_PAGE_AUG] == 1);
	check(stat(SEPT_STAT_TABLES) == 2 && stat(SEPT_STAT_UNLINKS) == 1);
	check(!tdx->quiesce && !stat(SEPT_STAT_RETRIES));
	td_down(0);
}

/* A large conversion costs its first fault one TRACK and the others none. */
static void empty_tables_nearby_go_with_the_same_track(void)
{
	gfn_t gfn;

	td_up(TD_S_RUNNABLE);
	leave_empty_tables(512, 512 * 5);
	for (gfn = 512; gfn < 512 * 5; gfn += 512)
		check(fault(gfn) == 1 && mapped(gfn) == 1);
	check(machine_calls[LEAF_TRACK] == 1 && kicks == 1);
	check(machine_calls[LEAF_SEPT_REMOVE] == 4);
	check(machine_calls[LEAF_PAGE_AUG] == 4);
	td_down(0);
}

/* The table that is in the way goes, its neighbour with a page does not. */
static void neighbours_with_pages_are_left_alone(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(1030) == 1);
	leave_empty_tables(512, 1024);
	check(fault(700) == 1 && mapped(512) == 1);
	check(machine_calls[LEAF_RANGE_BLOCK] == 1);
	check(machine_calls[LEAF_SEPT_REMOVE] == 1);
	check(mapped(1030) == 0 && entry(1030) == PENDING);
	check(!tdx->vmx.kvm.vm_dead && !fake_errors);
	td_down(0);
}

static void table_with_a_page_stays(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(600) == 1 && fault(601) == 1);
	punch(600, 601);
	gmem_gives_2m = true;
	machine_reset_calls();
	check(fault(700) == 1);
	check(mapped(700) == 0 && mapped(601) == 0);
	check(!machine_calls[LEAF_RANGE_BLOCK] && !machine_calls[LEAF_TRACK]);
	td_down(0);
}

static void small_folio_needs_no_room(void)
{
	td_up(TD_S_RUNNABLE);
	leave_empty_tables(512, 1024);
	gmem_gives_2m = false;
	check(fault(700) == 1 && mapped(700) == 0);
	check(!machine_calls[LEAF_RANGE_BLOCK] && !machine_calls[LEAF_SEPT_ADD]);
	td_down(0);
}

static void module_too_busy_to_block_a_table_maps_small(void)
{
	td_up(TD_S_RUNNABLE);
	leave_empty_tables(512, 512 * 5);
	machine_fail(LEAF_RANGE_BLOCK, BUSY, 0, 2 * MAX_TRIES);
	check(fault(700) == 1 && mapped(700) == 0);
	/* The first table that is busy ends it. */
	check(machine_calls[LEAF_RANGE_BLOCK] == MAX_TRIES);
	check(!machine_calls[LEAF_TRACK] && !tdx->quiesce);
	check(!tdx->vmx.kvm.vm_dead && !fake_errors);
	td_down(0);
}

static void table_that_does_not_go_ends_the_td_and_comes_back(void)
{
	static const int leaves[] = { LEAF_RANGE_BLOCK, LEAF_TRACK,
				      LEAF_SEPT_REMOVE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		td_up(TD_S_RUNNABLE);
		leave_empty_tables(512, 1024);
		machine_fail(leaves[i], BROKEN, 0, 1);
		vcpu(0)->request = true;
		/* A blocked table is in nobody's way but the dead VM's. */
		check(fault(700) <= 1);
		check(fault(700) == -EIO && fake_errors == 1);
		check(tdx->vmx.kvm.vm_dead && !tdx->quiesce);
		td_down(0);
	}
}

static void zap_takes_tables_that_its_last_batch_emptied(void)
{
	gfn_t gfn;

	td_up(TD_S_RUNNABLE);
	for (gfn = 0; gfn < 512 * 9; gfn++)
		check(fault(gfn) == 1);
	machine_vcpu_enter();
	machine_reset_calls();
	kicks = 0;
	zap(0, SLOT_PAGES);
	/* Two batches; the tables of the first go with the second. */
	check(machine_calls[LEAF_TRACK] == 2 && kicks == 2);
	check(machine_calls[LEAF_RANGE_BLOCK] == 512 * 9 + 8);
	check(machine_calls[LEAF_SEPT_REMOVE] == 8);
	check(entry_2m(0) == FREE && entry_2m(512 * 7) == FREE);
	check(entry_2m(512 * 8) == NL_MAPPED);
	check(stat(SEPT_STAT_TABLES) == 3);
	check(fault(5) == 1 && mapped(5) == 0);
	td_down(0);
}

static void zap_of_large_pages_ends_its_batch_by_their_size(void)
{
	gfn_t gfn;

	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
	for (gfn = 0; gfn < 512 * 40; gfn += 512)
		check(fault(gfn) == 1);
	machine_reset_calls();
	zap(0, SLOT_PAGES);
	/* 64 MiB each. */
	check(machine_calls[LEAF_TRACK] == 2);
	check(machine_calls[LEAF_PAGE_REMOVE] == 40);
	td_down(0);
}

/* --- contention --- */

static void busy_block_keeps_vcpus_out_until_done(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1 && fault(6) == 1);
	machine_guest_locks(5 << PAGE_SHIFT);
	kicks = 0;
	zap(5, 7);
	check(mapped(5) == -1 && mapped(6) == -1);
	check(stat(SEPT_STAT_QUIESCES) == 1 && stat(SEPT_STAT_BUSY) == 1);
	/* One to get the vCPUs out, none after TRACK: they are out. */
	check(kicks == 1 && !tdx->quiesce);
	td_down(0);
}

static void previous_epoch_busy_is_kicked_and_tracked_again(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1);
	machine_fail(LEAF_TRACK, EPOCH_BUSY, 0, 1);
	zap(5, 6);
	check(mapped(5) == -1 && entry(5) == FREE);
	check(machine_calls[LEAF_TRACK] == 2);
	check(!tdx->vmx.kvm.vm_dead && !tdx->quiesce);
	td_down(0);
}

/* The module's own verdict: a vCPU two epochs back. */
static void vcpu_two_epochs_back_is_kicked_out(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1 && fault(6) == 1);
	machine_vcpu_enter();
	check(!tdh_mem_track(&tdx->td));
	machine_reset_calls();
	zap(5, 7);
	check(mapped(5) == -1 && machine_calls[LEAF_TRACK] == 2);
	check(!tdx->vmx.kvm.vm_dead && !fake_errors);
	td_down(0);
}

static void endless_busy_ends_and_loses_no_page(void)
{
	static const int leaves[] = { LEAF_RANGE_BLOCK, LEAF_TRACK,
				      LEAF_PAGE_REMOVE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		struct page *page;

		td_up(TD_S_RUNNABLE);
		check(fault(5) == 1);
		page = gmem[5];
		machine_fail(leaves[i], BUSY, 0, 2 * MAX_TRIES);
		punch(5, 6);
		check(machine_calls[leaves[i]] == MAX_TRIES);
		/* One gets the vCPUs out; those of TRACK's own have no use. */
		check(kicks <= 2 && stat(SEPT_STAT_QUIESCES) == 1);
		/* What is not tracked is not removed. */
		check(leaves[i] == LEAF_PAGE_REMOVE ||
		      !machine_calls[LEAF_PAGE_REMOVE]);
		check(tdx->vmx.kvm.vm_dead && fake_errors == 1);
		/* guest_memfd let go of it; the module has not. */
		check(stat(SEPT_STAT_HELD) == 1 && page->refs == 1);
		check(!tdx->quiesce);
		td_down(0);
		check(page->refs == 0);
	}
}

/* --- the rules --- */

/* Every pair but these is refused. */
static void only_listed_steps_are_legal(void)
{
	static const struct {
		enum sept_op op;
		enum sept_state from, after;
	} legal[] = {
		{ SEPT_OP_LINK, SEPT_NONE, SEPT_TABLE },
		{ SEPT_OP_ADD, SEPT_NONE, SEPT_LEAF },
		{ SEPT_OP_AUG, SEPT_NONE, SEPT_LEAF },
		{ SEPT_OP_BLOCK, SEPT_LEAF, SEPT_BLOCKED },
		{ SEPT_OP_REMOVE, SEPT_BLOCKED, SEPT_NONE },
		{ SEPT_OP_REMOVE, SEPT_HELD, SEPT_NONE },
		{ SEPT_OP_REMOVE_EARLY, SEPT_LEAF, SEPT_NONE },
		{ SEPT_OP_DEMOTE, SEPT_BLOCKED, SEPT_TABLE },
		{ SEPT_OP_RECLAIM, SEPT_LEAF, SEPT_NONE },
		{ SEPT_OP_RECLAIM, SEPT_BLOCKED, SEPT_NONE },
		{ SEPT_OP_RECLAIM, SEPT_HELD, SEPT_NONE },
		{ SEPT_OP_HOLD, SEPT_LEAF, SEPT_HELD },
		{ SEPT_OP_HOLD, SEPT_BLOCKED, SEPT_HELD },
		{ SEPT_OP_BLOCK_TABLE, SEPT_TABLE, SEPT_TABLE_BLOCKED },
		{ SEPT_OP_UNLINK, SEPT_TABLE_BLOCKED, SEPT_NONE },
	};
	unsigned int op, from, i, found = 0;

	for (op = 0; op < SEPT_NR_OPS; op++) {
		for (from = 0; from < SEPT_NR_STATES; from++) {
			bool want = false;

			for (i = 0; i < ARRAY_SIZE(legal); i++) {
				if (legal[i].op != op || legal[i].from != from)
					continue;
				want = true;
				found++;
				check(sept_after(op) == legal[i].after);
			}
			check(sept_may(op, from) == want);
		}
	}
	check(found == ARRAY_SIZE(legal));
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(only_listed_steps_are_legal),
		TEST(fault_maps_one_page_and_its_tables),
		TEST(fault_on_a_mapped_page_makes_no_call),
		TEST(fault_on_shared_memory_exits_to_user),
		TEST(fault_outside_slots_exits_to_user),
		TEST(busy_module_is_asked_again_without_the_guest),
		TEST(signal_ends_the_retries),
		TEST(fault_waits_while_its_range_is_invalidated),
		TEST(page_of_before_an_invalidation_is_not_mapped),
		TEST(slot_in_flux_maps_nothing),
		TEST(use_before_accept_kills_the_td),
		TEST(folio_of_2m_is_mapped_as_one),
		TEST(guest_that_accepts_4k_gets_4k),
		TEST(mixed_attributes_forbid_2m),
		TEST(zap_blocks_all_tracks_once_kicks_once),
		TEST(zap_of_nothing_makes_no_call),
		TEST(zap_beyond_the_private_half_ends_there),
		TEST(zap_before_the_td_runs_needs_no_tracking),
		TEST(zap_with_the_keyid_gone_only_reclaims),
		TEST(zap_while_the_keyid_goes_holds_its_pages),
		TEST(zap_of_a_2m_mapping_takes_one_call_each),
		TEST(zap_of_a_part_splits_2m),
		TEST(zap_over_two_mappings_splits_both_ends),
		TEST(split_without_memory_takes_the_whole_mapping),
		TEST(split_that_fails_loses_no_page),
		TEST(busy_demote_is_tried_again),
		TEST(accept_of_4k_splits_2m),
		TEST(empty_table_makes_room_for_a_large_page),
		TEST(empty_tables_nearby_go_with_the_same_track),
		TEST(neighbours_with_pages_are_left_alone),
		TEST(table_with_a_page_stays),
		TEST(small_folio_needs_no_room),
		TEST(module_too_busy_to_block_a_table_maps_small),
		TEST(table_that_does_not_go_ends_the_td_and_comes_back),
		TEST(zap_takes_tables_that_its_last_batch_emptied),
		TEST(zap_of_large_pages_ends_its_batch_by_their_size),
		TEST(busy_block_keeps_vcpus_out_until_done),
		TEST(previous_epoch_busy_is_kicked_and_tracked_again),
		TEST(vcpu_two_epochs_back_is_kicked_out),
		TEST(endless_busy_ends_and_loses_no_page),
	};

	return ktap_run(tests);
}
