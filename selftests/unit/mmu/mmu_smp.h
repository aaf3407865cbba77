/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fixture needs to have several vCPUs inside the TD while others
 * fault and zap: KVM's kick, its run loop, and invalidations of a range.
 */
#ifndef _MMU_SMP_H
#define _MMU_SMP_H

#define NR_VCPUS		MACHINE_VCPUS
#define FIXTURE_OWN_KICK
#include "mmu_machine.h"
#include "mmu_guest.h"
#include "mmu_fixture.h"

#define EXIT_EPT_VIOLATION	48

/* --- kicks --- */

static struct {
	bool in_guest_mode, kicked;
} modes[NR_VCPUS];

/* Returns when every vCPU that was in guest mode has left it once. */
bool kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req)
{
	unsigned int i;

	__atomic_add_fetch(&kicks, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < NR_VCPUS; i++) {
		if (!__atomic_load_n(&modes[i].in_guest_mode, __ATOMIC_SEQ_CST))
			continue;
		__atomic_store_n(&modes[i].kicked, true, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&modes[i].kicked, __ATOMIC_SEQ_CST) &&
		       __atomic_load_n(&modes[i].in_guest_mode, __ATOMIC_SEQ_CST))
			fake_relax();
	}
	return true;
}

/* --- the run loop --- */

/* As KVM has it: mode, barrier, look at the flag; a kick ends the mode. */
static void enter_once(unsigned int i, struct guest_step *step,
		       struct guest_exit *exit)
{
	__atomic_store_n(&modes[i].in_guest_mode, true, __ATOMIC_SEQ_CST);
	if (READ_ONCE(tdx->quiesce))
		exit->status = TDX_OPERAND_BUSY;
	else
		guest_enter(i, step, &modes[i].kicked, exit);
	__atomic_store_n(&modes[i].kicked, false, __ATOMIC_SEQ_CST);
	__atomic_store_n(&modes[i].in_guest_mode, false, __ATOMIC_SEQ_CST);
}

/*
 * Until the guest is done with @step: 0, or what a fault returned that only
 * user space can resolve.
 */
static inline int run_guest(unsigned int i, struct guest_step *step)
{
	struct guest_exit exit = {};
	int ret;

	while (!step->done) {
		if (READ_ONCE(tdx->vmx.kvm.vm_dead))
			return -EIO;
		enter_once(i, step, &exit);
		if (exit.status & TDX_STATUS_ERROR_BIT) {
			if (tdx_judge(exit.status) != TDX_RETRY)
				return -EINVAL;
			fake_relax();
		} else if (exit.status == EXIT_EPT_VIOLATION && step->ignore) {
			step->ignore--;
		} else if (exit.status == EXIT_EPT_VIOLATION) {
			ret = tdx_fault(vcpu(i), exit.gpa, exit.qual, exit.ext);
			if (ret != 1)
				return ret;
		}
	}
	return 0;
}

/* --- invalidations --- */

/* The union of what is under way. */
static inline void invalidate_begin(gfn_t start, gfn_t end)
{
	struct kvm *kvm = &tdx->vmx.kvm;
	gfn_t first = start, last = end;
	int n;

	write_lock(&kvm->mmu_lock);
	n = kvm->mmu_invalidate_in_progress;
	if (n) {
		start = min(start, kvm->mmu_invalidate_range_start);
		end = max(end, kvm->mmu_invalidate_range_end);
	}
	WRITE_ONCE(kvm->mmu_invalidate_range_start, start);
	WRITE_ONCE(kvm->mmu_invalidate_range_end, end);
	WRITE_ONCE(kvm->mmu_invalidate_in_progress, n + 1);
	sept_zap_range(tdx, first, last);
	write_unlock(&kvm->mmu_lock);
}

static inline void invalidate_done(void)
{
	struct kvm *kvm = &tdx->vmx.kvm;

	write_lock(&kvm->mmu_lock);
	WRITE_ONCE(kvm->mmu_invalidate_seq, kvm->mmu_invalidate_seq + 1);
	WRITE_ONCE(kvm->mmu_invalidate_in_progress,
		   kvm->mmu_invalidate_in_progress - 1);
	write_unlock(&kvm->mmu_lock);
}

/* Also splits a folio that loses a part. */
static inline struct page *gmem_take(gfn_t gfn)
{
	struct page *page;

	pthread_mutex_lock(&gmem_lock);
	page = gmem[gfn];
	if (page && page_head(page)->head_2m)
		fake_split_2m(page_head(page));
	gmem[gfn] = NULL;
	pthread_mutex_unlock(&gmem_lock);
	return page;
}

/* guest_memfd lets go of the range: folios as a whole, where they are. */
static inline void gmem_drop(gfn_t start, gfn_t end)
{
	struct page *page;
	gfn_t gfn, i;

	for (gfn = start; gfn < end; gfn++) {
		page = gmem[gfn];
		if (page && page->head_2m && gfn + 512 <= end) {
			pthread_mutex_lock(&gmem_lock);
			for (i = 0; i < 512; i++)
				gmem[gfn + i] = NULL;
			pthread_mutex_unlock(&gmem_lock);
			gfn += 511;
		} else {
			page = gmem_take(gfn);
		}
		if (page)
			put_page(page);
	}
}

/* --- a TD that runs, with code for its guest --- */

static void smp_up(unsigned int nr_vcpus)
{
	static const char code[] = GUEST_CODE;
	static char source[PAGE_SIZE] __attribute__((aligned(4096)));
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (unsigned long)source,
		.gpa = GUEST_CODE_GPA,
		.nr_pages = 1,
	};
	struct kvm_tdx_cmd cmd = { .data = (unsigned long)&region };

	memcpy(source, code, sizeof(code));
	machine.nr_vcpus = nr_vcpus;
	this_cpu = 0;
	td_up(TD_S_INITIALIZED);
	memset(modes, 0, sizeof(modes));
	check(!tdx_init_mem_region(vcpu(0), &cmd));
	machine_td_finalize();
	set_state(TD_S_RUNNABLE);
	guest_init(nr_vcpus);
}

#endif /* _MMU_SMP_H */
