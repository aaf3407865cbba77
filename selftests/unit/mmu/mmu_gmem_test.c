// SPDX-License-Identifier: GPL-2.0-only
/* When the end of a TD comes, and which zaps reach the mirror. */
#include "mmu_fixture.h"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/invalidate.c"

static unsigned int released;

void td_release_keyid(struct kvm *kvm)
{
	if (!sept_close(tdx))
		return;
	machine_td_free_key();
	set_state(TD_S_KEYLESS);
	released++;
}

/* Whichever file of the VM and of its vCPUs is the last one. */
static void the_last_file_gives_the_keyid_back(void)
{
	struct kvm *kvm = &tdx->vmx.kvm;
	unsigned int vcpus, vm, n;

	for (vcpus = 0; vcpus < 4; vcpus++) {
		for (vm = 0; vm <= vcpus; vm++) {
			td_up(TD_S_RUNNABLE);
			kvm->online_vcpus = vcpus;
			released = 0;
			for (n = 0; n <= vcpus; n++) {
				check(!released);
				if (n == vm)
					tdx_vm_close(kvm);
				else
					tdx_vcpu_close(kvm);
			}
			check(released == 1);
			td_down(0);
		}
	}
}

/* --- slots that are deleted --- */

static void delete_slot(void)
{
	td_up(TD_S_RUNNABLE);
	tdx->vmx.kvm.online_vcpus = 1;
	check(fault(5) == 1 && fault(6) == 1);
	write_lock(&tdx->vmx.kvm.mmu_lock);
	tdx_zap_private(&tdx->vmx.kvm, 0, 10, true);
	write_unlock(&tdx->vmx.kvm.mmu_lock);
	check(stat(SEPT_STAT_BLOCKS) == 2 && stat(SEPT_STAT_TRACKS) == 1);
	check(!stat(SEPT_STAT_REMOVES) && stat(SEPT_STAT_HELD) == 2);
	check(gmem[5]->refs == 2);
}

static void parked_pages_are_removed_when_they_are_wanted(void)
{
	delete_slot();
	tdx_unpark(&tdx->vmx.kvm);
	check(stat(SEPT_STAT_BLOCKS) == 2 && stat(SEPT_STAT_TRACKS) == 1);
	check(stat(SEPT_STAT_REMOVES) == 2 && !stat(SEPT_STAT_HELD));
	check(mapped(5) == -1 && gmem[5]->refs == 1);
	check(fault(5) == 1);
	td_down(0);
}

static void parked_pages_are_reclaimed_with_the_last_file(void)
{
	delete_slot();
	tdx_vm_close(&tdx->vmx.kvm);
	tdx_gmem_close(&tdx->vmx.kvm);
	check(stat(SEPT_STAT_HELD) == 2);
	tdx_vcpu_close(&tdx->vmx.kvm);
	check(!stat(SEPT_STAT_REMOVES) && stat(SEPT_STAT_RECLAIMS) == 2);
	check(!stat(SEPT_STAT_HELD) && gmem[5]->refs == 1);
	td_down(0);
}

/* The module has the last word on a TD that is dead: RECLAIM, at the end. */
static void parked_pages_of_a_dead_td_stay(void)
{
	delete_slot();
	kvm_vm_dead(&tdx->vmx.kvm);
	machine_reset_calls();
	tdx_unpark(&tdx->vmx.kvm);
	check(!machine_calls[LEAF_PAGE_REMOVE] && stat(SEPT_STAT_HELD) == 2);
	td_down(0);
}

static void zap_reaches_the_mirror(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1 && fault(6) == 1);
	write_lock(&tdx->vmx.kvm.mmu_lock);
	tdx_zap_private(&tdx->vmx.kvm, 5, 6, false);
	write_unlock(&tdx->vmx.kvm.mmu_lock);
	check(mapped(5) == -1 && mapped(6) == 0);
	check(stat(SEPT_STAT_BLOCKS) == 1);
	td_down(0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(the_last_file_gives_the_keyid_back),
		TEST(parked_pages_are_removed_when_they_are_wanted),
		TEST(parked_pages_are_reclaimed_with_the_last_file),
		TEST(parked_pages_of_a_dead_td_stay),
		TEST(zap_reaches_the_mirror),
	};

	return ktap_run(tests);
}
