// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page through which the module walks the shared half: which entries of
 * base KVM's roots it repeats, and when.
 */
#include "mmu_fixture.h"
#undef pr_fmt
#include "mmu.h"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/shared.c"

#define ENTRY(n)	(0x1234000000ULL + ((u64)(n) << PAGE_SHIFT) + VMX_EPT_RWX_MASK)

/* Two roots, as when one has just been invalidated, and a table below. */
static struct page *roots[2], *below;
static struct kvm_mmu_page pages[2];
static unsigned int nr_flushes;

struct kvm_mmu_page *root_to_sp(hpa_t root)
{
	WARN_ON_ONCE(!fake_mmu_lock_held);
	return &pages[root == page_to_phys(roots[1])];
}

void ept_sync_global(void)
{
	nr_flushes++;
}

static u64 *entries(struct page *page)
{
	return page_to_virt(page);
}

static const u64 *shared(void)
{
	return page_address(tdx->shared_root);
}

static struct kvm_vcpu *vcpu_with_root(unsigned int i, unsigned int root,
				       unsigned int level)
{
	struct kvm_vcpu *vcpu = &vcpus[i].vmx.vcpu;

	vcpu->arch.mmu = &vcpu->arch.root_mmu;
	vcpu->arch.root_mmu.root.hpa = page_to_phys(roots[root]);
	vcpu->arch.root_mmu.root_role.level = level;
	return vcpu;
}

static void up(u8 gpaw)
{
	unsigned int i;

	td_up(TD_S_RUNNABLE);
	tdx->gpaw = gpaw;
	nr_flushes = 0;
	memset(pages, 0, sizeof(pages));
	for (i = 0; i < 2; i++)
		roots[i] = alloc_page(0);
	below = alloc_page(0);
	for (i = 0; i < PTRS_PER_PTE; i++) {
		entries(roots[0])[i] = ENTRY(i);
		entries(roots[1])[i] = ENTRY(1000 + i);
		entries(below)[i] = ENTRY(2000 + i);
	}
	check(!tdx_shared_init(tdx));
}

static void down(void)
{
	tdx_shared_destroy(tdx);
	__free_page(roots[0]);
	__free_page(roots[1]);
	__free_page(below);
	tdx->gpaw = 48;
	td_down(0);
}

/* Zero would send the guest a #VE, and KVM would never see the access. */
static void what_has_no_entry_exits_to_kvm(void)
{
	unsigned int i;

	up(48);
	for (i = 0; i < PTRS_PER_PTE; i++)
		expect(shared()[i], SHADOW_NONPRESENT_VALUE);
	down();
}

static void upper_half_repeats_a_root_of_four_levels(void)
{
	unsigned int i;

	up(48);
	tdx_shared_sync(vcpu_with_root(0, 0, 4));
	for (i = 0; i < 256; i++) {
		expect(shared()[i], SHADOW_NONPRESENT_VALUE);
		expect(shared()[256 + i], ENTRY(i));
	}
	down();
}

static void five_levels_with_gpaw_48_are_left_at_the_first_entry(void)
{
	unsigned int i;

	up(48);
	entries(roots[0])[0] = SHADOW_NONPRESENT_VALUE;
	tdx_shared_sync(vcpu_with_root(0, 0, 5));
	for (i = 0; i < 256; i++)
		expect(shared()[256 + i], SHADOW_NONPRESENT_VALUE);

	entries(roots[0])[0] = page_to_phys(below) | VMX_EPT_RWX_MASK;
	tdx_shared_sync(vcpu_with_root(0, 0, 5));
	for (i = 0; i < 256; i++)
		expect(shared()[256 + i], ENTRY(2000 + i));
	down();
}

static void gpaw_52_takes_the_eight_entries_that_it_reaches(void)
{
	unsigned int i;

	up(52);
	tdx_shared_sync(vcpu_with_root(0, 0, 5));
	for (i = 0; i < PTRS_PER_PTE; i++)
		expect(shared()[i], i >= 8 && i < 16 ? ENTRY(i - 8) :
						       SHADOW_NONPRESENT_VALUE);
	down();
}

/* KVM would take an address above 256 TiB for a lower one. */
static void gpaw_52_runs_on_no_root_of_four_levels(void)
{
	unsigned int i;

	up(52);
	check(!tdx_shared_root_fits(vcpu_with_root(0, 0, 4)));
	check(tdx_shared_root_fits(vcpu_with_root(0, 0, 5)));
	tdx_shared_sync(vcpu_with_root(0, 0, 4));
	for (i = 0; i < PTRS_PER_PTE; i++)
		expect(shared()[i], SHADOW_NONPRESENT_VALUE);
	down();
}

static void an_obsolete_root_is_not_copied_back(void)
{
	struct kvm_vcpu *late;

	up(48);
	late = vcpu_with_root(1, 0, 4);
	tdx_shared_sync(late);
	expect(shared()[256], ENTRY(0));

	pages[0].role.invalid = true;
	tdx_load_mmu_pgd(vcpu_with_root(0, 1, 4), 0, 4);
	expect(shared()[256], ENTRY(1000));

	/* The other vCPU ends a fault, and flushes. */
	tdx_shared_sync(late);
	expect(shared()[256], ENTRY(1000));
	tdx_flush_tlb(late);
	expect(shared()[256], ENTRY(1000));
	expect(nr_flushes, 1);
	down();
}

static void a_vcpu_without_a_root_copies_none(void)
{
	struct kvm_vcpu *vcpu;

	up(48);
	vcpu = vcpu_with_root(0, 0, 4);
	vcpu->arch.root_mmu.root.hpa = ~0ULL;
	tdx_shared_sync(vcpu);
	expect(shared()[256], SHADOW_NONPRESENT_VALUE);
	down();
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(what_has_no_entry_exits_to_kvm),
		TEST(upper_half_repeats_a_root_of_four_levels),
		TEST(five_levels_with_gpaw_48_are_left_at_the_first_entry),
		TEST(gpaw_52_takes_the_eight_entries_that_it_reaches),
		TEST(gpaw_52_runs_on_no_root_of_four_levels),
		TEST(an_obsolete_root_is_not_copied_back),
		TEST(a_vcpu_without_a_root_copies_none),
	};

	return ktap_run(tests);
}
