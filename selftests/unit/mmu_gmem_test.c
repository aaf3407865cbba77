// SPDX-License-Identifier: GPL-2.0-only
/* When a closing guest_memfd ends the TD, and which zaps reach the mirror. */
#include "mmu_fixture.h"
#include "../../arch/x86/kvm/vmx/tdx/mmu/invalidate.c"

static unsigned int released;

void td_release_keyid(struct kvm *kvm)
{
	WARN_ON_ONCE(tdx->gmem_lock.held);
	if (sept_close(tdx))
		released++;
}

/* As base KVM does it: the reference comes first, and goes last. */
static void open_file(struct kvm *kvm)
{
	kvm->users_count++;
	tdx_gmem_open(kvm);
}

static void close_file(struct kvm *kvm)
{
	tdx_gmem_close(kvm);
	kvm->users_count--;
}

static void last_files_give_the_keyid_back(void)
{
	struct kvm *kvm = &tdx->vmx.kvm;
	unsigned int files, others, n;

	for (files = 1; files < 4; files++) {
		for (others = 0; others < 4; others++) {
			td_up(TD_S_RUNNABLE);
			kvm->users_count = others;
			released = 0;
			for (n = 0; n < files; n++)
				open_file(kvm);
			for (n = 0; n < files; n++) {
				close_file(kvm);
				/* The first does it, for all of them. */
				check(released == !others);
			}
			check(!tdx->nr_gmems);
			td_down(0);
		}
	}
}

/* vCPUs and VM go between two files: the second is the first alone. */
static void files_left_behind_are_seen(void)
{
	struct kvm *kvm = &tdx->vmx.kvm;

	td_up(TD_S_RUNNABLE);
	kvm->users_count = 2;
	released = 0;
	open_file(kvm);
	open_file(kvm);
	close_file(kvm);
	check(!released);
	kvm->users_count -= 2;
	close_file(kvm);
	check(released == 1);
	td_down(0);
}

/* A file that is on its way out has its reference yet, and is not counted. */
static void file_that_closes_meanwhile_counts_as_another_user(void)
{
	struct kvm *kvm = &tdx->vmx.kvm;

	td_up(TD_S_RUNNABLE);
	kvm->users_count = 1;
	released = 0;
	open_file(kvm);
	open_file(kvm);
	tdx_gmem_close(kvm);
	kvm->users_count--;
	tdx_gmem_close(kvm);
	check(!released);
	kvm->users_count -= 2;
	td_down(0);
}

static void zap_reaches_the_mirror(void)
{
	td_up(TD_S_RUNNABLE);
	check(fault(5) == 1 && fault(6) == 1);
	write_lock(&tdx->vmx.kvm.mmu_lock);
	tdx_zap_private(&tdx->vmx.kvm, 5, 6);
	write_unlock(&tdx->vmx.kvm.mmu_lock);
	check(mapped(5) == -1 && mapped(6) == 0);
	check(stat(SEPT_STAT_BLOCKS) == 1);
	td_down(0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(last_files_give_the_keyid_back),
		TEST(files_left_behind_are_seen),
		TEST(file_that_closes_meanwhile_counts_as_another_user),
		TEST(zap_reaches_the_mirror),
	};

	return ktap_run(tests);
}
