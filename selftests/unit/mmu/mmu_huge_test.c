// SPDX-License-Identifier: GPL-2.0-only
/*
 * 2 MiB pages in the private MMU: when one is made, what it costs, and what
 * becomes of it when a part goes, or when a step fails.
 */
#include "mmu_fixture.h"

#define FREE			0
#define PENDING			2
#define BUSY			0x8000020000000001ULL
#define METADATA_INCORRECT	0xc000030000000008ULL
#define INTERRUPTED_RESTARTABLE	0x8000000400000000ULL
#define MAX_TRIES	10000

static int entry_2m(gfn_t gfn)
{
	return machine_entry_state(gfn << PAGE_SHIFT, 1);
}

static void huge_up(void)
{
	td_up(TD_S_RUNNABLE);
	gmem_gives_2m = true;
}

/* TDG.MEM.PAGE.ACCEPT of a page at @level exits for want of it. */
static int accept_fault(gfn_t gfn, u64 level)
{
	return tdx_fault(vcpu(0), gfn << PAGE_SHIFT, 0, level << 32 | 1);
}

static void gmem_put(gfn_t gfn, struct page *folio)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		gmem[gfn + i] = folio + i;
}

/* --- when --- */

static void page_that_the_module_refuses_is_mapped_small(void)
{
	huge_up();
	machine_fail(LEAF_PAGE_AUG, METADATA_INCORRECT, 0, 1);
	check(fault(517) == 1);
	check(mapped(517) == 0 && mapped(516) == -1);
	check(machine_calls[LEAF_PAGE_AUG] == 2);
	check(!tdx->vmx.kvm.vm_dead && !fake_errors);
	/* The others of the range follow suit. */
	check(fault(518) == 1 && mapped(518) == 0);
	td_down(0);
}

/* The same by the module's own verdict: it has a part of the folio already. */
static void page_of_which_a_part_is_taken_is_mapped_small(void)
{
	struct sept_pos elsewhere = { .gpa = 3 << PAGE_SHIFT };
	struct sept_info info;
	struct page *folio;
	u64 hpa;

	td_up(TD_S_RUNNABLE);
	check(fault(1) == 1);
	gmem_gives_2m = true;
	folio = fake_alloc_2m();
	gmem_put(512, folio);
	check(!tdh_mem_page_aug(&tdx->td, elsewhere, folio + 9, &info));

	check(fault(517) == 1);
	check(mapped(517) == 0 && mapped(516) == -1);
	check(!tdx->vmx.kvm.vm_dead && !fake_errors);

	/* The mirror knows nothing of this page. */
	check(!tdh_mem_range_block(&tdx->td, elsewhere, &info));
	check(!tdh_mem_track(&tdx->td));
	check(!tdh_mem_page_remove(&tdx->td, elsewhere, &hpa, &info));
	td_down(0);
}

static void refused_small_page_ends_the_td(void)
{
	huge_up();
	machine_fail(LEAF_PAGE_AUG, METADATA_INCORRECT, 0, 2);
	check(fault(517) == -EIO);
	check(tdx->vmx.kvm.vm_dead && fake_errors == 1);
	td_down(0);
}

static void busy_large_page_is_not_made_small(void)
{
	huge_up();
	machine_fail(LEAF_PAGE_AUG, BUSY, 0, 3);
	check(fault(517) == 1 && mapped(517) == 1);
	td_down(0);
}

static void slot_that_ends_within_2m_has_small_pages(void)
{
	huge_up();
	slot.npages = SLOT_PAGES - 1;
	check(fault(SLOT_PAGES - 5) == 1 && mapped(SLOT_PAGES - 5) == 0);
	check(fault(SLOT_PAGES - 600) == 1 && mapped(SLOT_PAGES - 600) == 1);
	slot.base_gfn = 1;
	check(fault(5) == 1 && mapped(5) == 0);
	check(fault(512) == 1 && mapped(512) == 1);
	td_down(0);
}

/* The folio begins at an address that is not the page's, modulo 2 MiB. */
static void folio_out_of_step_with_the_gfn_is_mapped_small(void)
{
	unsigned long i;

	huge_up();
	gmem_put(256, fake_alloc_2m());
	check(fault(300) == 1 && mapped(300) == 0 && mapped(301) == -1);
	for (i = 257; i < 768; i++)
		gmem[i] = NULL;
	zap(0, 1024);
	put_page(gmem[256]);
	gmem[256] = NULL;
	td_down(0);
}

/*
 * A hole is being punched next to the page that faults.  A large page would
 * map what is about to be freed.
 */
static void hole_beside_the_fault_keeps_large_pages_away(void)
{
	struct kvm *kvm = &tdx->vmx.kvm;

	huge_up();
	kvm->mmu_invalidate_in_progress = 1;
	kvm->mmu_invalidate_range_start = 600;
	kvm->mmu_invalidate_range_end = 601;
	vcpu(0)->request = true;
	check(fault(517) == 1 && mapped(517) == -1);
	/* The folio has to be split: nobody may have a reference to it. */
	check(!gmem[517]);
	/* Nor does it matter on which side, nor to other ranges. */
	check(fault(700) == 1 && mapped(700) == -1);
	check(fault(1024) == 1 && mapped(1024) == 1);
	/* A small page is not concerned. */
	check(accept_fault(517, 0) == 1 && mapped(517) == 0);
	vcpu(0)->request = false;
	kvm->mmu_invalidate_in_progress = 0;
	td_down(0);
}

static void accept_of_2m_gets_2m_and_of_4k_splits_it(void)
{
	huge_up();
	check(accept_fault(512, 1) == 1 && mapped(512) == 1);
	check(entry_2m(512) == PENDING);
	machine_reset_calls();
	kicks = 0;
	check(accept_fault(517, 0) == 1 && mapped(517) == 0 && mapped(1023) == 0);
	check(machine_calls[LEAF_RANGE_BLOCK] == 1);
	check(machine_calls[LEAF_TRACK] == 1 && kicks == 1);
	check(machine_calls[LEAF_PAGE_DEMOTE] == 1);
	/* All of it is small now: nothing is left to be done. */
	machine_reset_calls();
	check(accept_fault(518, 0) == 1 && accept_fault(518, 1) == 1);
	check(!machine_calls[LEAF_PAGE_DEMOTE] && !machine_calls[LEAF_PAGE_AUG]);
	td_down(0);
}

/* --- what it costs --- */

/* KVM_PRE_FAULT_MEMORY's loop. */
static long pre_fault(gfn_t start, gfn_t end)
{
	struct kvm_pre_fault_memory range = {
		.gpa = start << PAGE_SHIFT,
		.size = (end - start) << PAGE_SHIFT,
	};
	long done;

	while (range.size) {
		done = tdx_pre_fault(vcpu(0), &range);
		if (done <= 0)
			return done;
		range.gpa += done;
		range.size -= done;
	}
	return 0;
}

static void pre_fault_makes_one_call_for_2m(void)
{
	huge_up();
	check(!pre_fault(512, 512 * 33));
	check(machine_calls[LEAF_PAGE_AUG] == 32);
	check(stat(SEPT_STAT_PAGES_2M) == 32 && !stat(SEPT_STAT_PAGES_4K));
	td_down(0);
}

/* Base KVM would take 0 for a bug, and EAGAIN has user space try for ever. */
static void pre_fault_on_a_dead_td_is_eio(void)
{
	struct kvm_pre_fault_memory range = { .gpa = 0, .size = PAGE_SIZE };

	huge_up();
	tdx->vmx.kvm.vm_dead = true;
	check(tdx_pre_fault(vcpu(0), &range) == -EIO);
	tdx->vmx.kvm.vm_dead = false;
	td_down(0);
}

static void pre_fault_within_2m_says_how_far_it_came(void)
{
	struct kvm_pre_fault_memory range = {
		.gpa = 600 << PAGE_SHIFT, .size = 1024 << PAGE_SHIFT,
	};

	huge_up();
	check(tdx_pre_fault(vcpu(0), &range) == (1024 - 600) << PAGE_SHIFT);
	range.size = PAGE_SIZE;
	check(tdx_pre_fault(vcpu(0), &range) == PAGE_SIZE);
	td_down(0);
}

static void expect_zap_costs(unsigned int leaves)
{
	check(machine_calls[LEAF_RANGE_BLOCK] == leaves);
	check(machine_calls[LEAF_TRACK] == 1 && kicks == 1);
	check(machine_calls[LEAF_PAGE_REMOVE] == leaves);
	check(!machine_calls[LEAF_PAGE_DEMOTE]);
	check(machine_calls[LEAF_WBINVD] == 512);
}

static void conversion_of_2m_costs_one_call_each(void)
{
	huge_up();
	check(fault(512) == 1);
	machine_vcpu_enter();
	machine_reset_calls();
	kicks = 0;
	zap(512, 1024);
	expect_zap_costs(1);
	check(entry_2m(512) == FREE);
	td_down(0);
}

static void conversion_of_2m_mapped_small_tracks_once(void)
{
	gfn_t gfn;

	td_up(TD_S_RUNNABLE);
	for (gfn = 512; gfn < 1024; gfn++)
		check(fault(gfn) == 1);
	machine_vcpu_enter();
	machine_reset_calls();
	kicks = 0;
	zap(512, 1024);
	expect_zap_costs(512);
	td_down(0);
}

static void teardown_reclaims_a_large_page_as_one(void)
{
	struct page *folio;

	huge_up();
	check(fault(512) == 1 && fault(1024) == 1);
	folio = gmem[512];
	memset(page_to_virt(folio), 0xaa, 512 * PAGE_SIZE);
	sept_close(tdx);
	machine_td_free_key();
	set_state(TD_S_KEYLESS);
	machine_reset_calls();
	punch(0, 2048);
	check(machine_calls[LEAF_RECLAIM] == 2);
	check(!machine_calls[LEAF_RANGE_BLOCK] && !machine_calls[LEAF_TRACK]);
	check(!machine_calls[LEAF_PAGE_REMOVE] && !machine_calls[LEAF_PAGE_DEMOTE]);
	check(machine_page_type(page_to_phys(folio)) == 0);
	check(machine_page_type(page_to_phys(folio + 511)) == 0);
	check(!*(char *)page_to_virt(folio) && !*(char *)page_to_virt(folio + 511));
	td_down(0);
}

/* --- a step that fails --- */

static void interrupted_demote_goes_on_without_a_kick(void)
{
	huge_up();
	check(fault(512) == 1);
	kicks = 0;
	machine_fail(LEAF_PAGE_DEMOTE, INTERRUPTED_RESTARTABLE, 0, 100);
	zap(600, 700);
	check(machine_calls[LEAF_PAGE_DEMOTE] == 101);
	check(mapped(599) == 0 && mapped(600) == -1 && mapped(700) == 0);
	/* One for DEMOTE's TRACK, one for the zap's. */
	check(kicks == 2 && !stat(SEPT_STAT_QUIESCES));
	check(!tdx->vmx.kvm.vm_dead);
	td_down(0);
}

static void demote_interrupted_for_ever_ends(void)
{
	struct page *folio;

	huge_up();
	check(fault(512) == 1);
	folio = gmem[512];
	machine_fail(LEAF_PAGE_DEMOTE, INTERRUPTED_RESTARTABLE, 0, ~0U);
	zap(600, 700);
	check(machine_calls[LEAF_PAGE_DEMOTE] == MAX_TRIES);
	check(tdx->vmx.kvm.vm_dead && fake_errors == 1);
	check(stat(SEPT_STAT_HELD) == 1 && folio->refs == 2);
	machine_reset_calls();
	td_down(0);
	check(folio->refs == 0);
}

/* A large page of which one part cannot be written back: that part only. */
static void large_page_leaks_only_what_was_not_written_back(void)
{
	struct page *folio;

	huge_up();
	check(fault(512) == 1);
	folio = gmem[512];
	machine_fail(LEAF_WBINVD, METADATA_INCORRECT, 7, 1);
	punch(512, 1024);
	check(stat(SEPT_STAT_LEAKED) == 1 && folio->refs == 1);
	check(!tdx->vmx.kvm.vm_dead);
	td_down(1);
}

static void every_step_of_a_split_may_fail(void)
{
	static const int leaves[] = { LEAF_RANGE_BLOCK, LEAF_TRACK,
				      LEAF_PAGE_DEMOTE, LEAF_PAGE_REMOVE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		huge_up();
		check(fault(512) == 1);
		machine_fail(leaves[i], METADATA_INCORRECT, 0, 1);
		zap(600, 601);
		check(machine_failed == 1 && tdx->vmx.kvm.vm_dead);
		check(stat(SEPT_STAT_HELD) == 1);
		td_down(0);
	}
}

/* --- poison --- */

static void poisoned_page_is_reported_with_its_address(void)
{
	struct kvm_pre_fault_memory range = {
		.gpa = 517 << PAGE_SHIFT, .size = PAGE_SIZE,
	};

	huge_up();
	gmem_error = -EHWPOISON;
	check(fault(517) == -EHWPOISON);
	check(vcpu(0)->fault_exit.exit_reason == KVM_EXIT_MEMORY_FAULT);
	check(vcpu(0)->fault_exit.gpa == 517 << PAGE_SHIFT);
	check(vcpu(0)->fault_exit.size == PAGE_SIZE);
	check(tdx_pre_fault(vcpu(0), &range) == -EHWPOISON);
	check(!tdx->vmx.kvm.vm_dead && !machine_calls[LEAF_PAGE_AUG]);
	td_down(0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(page_that_the_module_refuses_is_mapped_small),
		TEST(page_of_which_a_part_is_taken_is_mapped_small),
		TEST(refused_small_page_ends_the_td),
		TEST(busy_large_page_is_not_made_small),
		TEST(slot_that_ends_within_2m_has_small_pages),
		TEST(folio_out_of_step_with_the_gfn_is_mapped_small),
		TEST(hole_beside_the_fault_keeps_large_pages_away),
		TEST(accept_of_2m_gets_2m_and_of_4k_splits_it),
		TEST(pre_fault_makes_one_call_for_2m),
		TEST(pre_fault_within_2m_says_how_far_it_came),
		TEST(pre_fault_on_a_dead_td_is_eio),
		TEST(conversion_of_2m_costs_one_call_each),
		TEST(conversion_of_2m_mapped_small_tracks_once),
		TEST(teardown_reclaims_a_large_page_as_one),
		TEST(interrupted_demote_goes_on_without_a_kick),
		TEST(demote_interrupted_for_ever_ends),
		TEST(large_page_leaks_only_what_was_not_written_back),
		TEST(every_step_of_a_split_may_fail),
		TEST(poisoned_page_is_reported_with_its_address),
	};

	return ktap_run(tests);
}
