// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fault on a private GPA, from the exit to the mapped page, and the only
 * retry loop of the MMU half.
 *
 * The guest decides between private and shared, with a bit of the GPA.  KVM
 * does not second-guess it: where the memory attributes disagree, user space
 * has to change them or to give up.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "mmu_env.h"

/* Extended exit qualification: type in bits 3:0, details from bit 32 on. */
#define EXT_QUAL_TYPE(q)		((q) & 0xf)
#define EXT_QUAL_ACCEPT			1
#define EXT_QUAL_PENDING		6
#define EXT_QUAL_ACCEPT_LEVEL(q)	((q) >> 32 & 7)

/* One attempt's view of the fault. */
struct tdx_fault {
	struct kvm_vcpu *vcpu;
	gpa_t gpa;
	gfn_t gfn;
	/* The largest mapping that the guest can make use of. */
	u8 want_level;

	unsigned long mmu_seq;
	struct kvm_memory_slot *slot;
	kvm_pfn_t pfn;
	int max_order;
	/* Of the mapping, once there is one. */
	u8 level;
};

static int fault_exit_to_user(const struct tdx_fault *f, int ret)
{
	kvm_prepare_memory_fault_exit(f->vcpu, f->gfn << PAGE_SHIFT, PAGE_SIZE,
				      false, false, true);
	return ret;
}

/* --- one attempt --- */

static gfn_t fault_first_gfn(const struct tdx_fault *f, u8 level)
{
	return f->gfn & ~(sept_pages(level) - 1);
}

/*
 * Is a part of what a mapping at @level would map being invalidated?  A hole
 * in a large page need not touch the page that faulted.  Without mmu_lock the
 * answer is a guess, which fault_is_stale() looks at again.
 */
static bool fault_meets_invalidation(const struct tdx_fault *f, u8 level)
{
	gfn_t first = fault_first_gfn(f, level);
	struct kvm *kvm = f->vcpu->kvm;

	return READ_ONCE(kvm->mmu_invalidate_in_progress) &&
	       READ_ONCE(kvm->mmu_invalidate_range_start) <
	       first + sept_pages(level) &&
	       READ_ONCE(kvm->mmu_invalidate_range_end) > first;
}

/* Find the page; the caller holds a reference to it on success. */
static int fault_get_page(struct tdx_fault *f)
{
	struct kvm *kvm = f->vcpu->kvm;
	int ret;

	/*
	 * The slot comes first.  kvm_vm_set_mem_attributes() changes no count
	 * for a gfn without a slot, so attributes that were read before a slot
	 * was there may be of another kind than the slot's.
	 */
	f->slot = gfn_to_memslot(kvm, f->gfn);
	f->mmu_seq = READ_ONCE(kvm->mmu_invalidate_seq);
	/*
	 * Look at attributes and guest_memfd after the count.  Pairs with the
	 * increment under mmu_lock in kvm_mmu_invalidate_end(), and with the
	 * second look at the count in fault_is_stale().
	 */
	smp_rmb();

	if (!kvm_mem_is_private(kvm, f->gfn))
		return fault_exit_to_user(f, -EFAULT);

	if (!f->slot)
		return fault_exit_to_user(f, -EFAULT);
	/* Being deleted or moved; what comes next is yet to be seen. */
	if (f->slot->flags & KVM_MEMSLOT_INVALID)
		return -EAGAIN;
	if (!kvm_slot_can_be_private(f->slot))
		return fault_exit_to_user(f, -EFAULT);

	/*
	 * A hole may be waiting for the last reference to a large folio, so
	 * take none in vain.  mmu_invalidate_retry_gfn_unsafe() reads a range
	 * that may change: a wrong guess costs another look.
	 */
	if (data_race(mmu_invalidate_retry_gfn_unsafe(kvm, f->mmu_seq, f->gfn)) ||
	    fault_meets_invalidation(f, min(f->want_level, SEPT_LEVEL_2M)))
		return -EAGAIN;

	ret = kvm_gmem_get_pfn(kvm, f->slot, f->gfn, &f->pfn, &f->max_order);
	return ret ? fault_exit_to_user(f, ret) : 0;
}

/*
 * The largest level at which guest, folio, slot and attributes agree.  What
 * base KVM counts against large pages besides mixed attributes concerns the
 * shared half: the slot's user address, and pages that are write-protected.
 */
static u8 fault_level(const struct tdx_fault *f)
{
	const struct kvm_memory_slot *slot = f->slot;
	gfn_t first = fault_first_gfn(f, SEPT_LEVEL_2M);
	u64 pages = sept_pages(SEPT_LEVEL_2M);

	if (f->want_level < SEPT_LEVEL_2M ||
	    f->max_order < PMD_SHIFT - PAGE_SHIFT)
		return SEPT_LEVEL_4K;
	if ((f->pfn ^ f->gfn) & (pages - 1))
		return SEPT_LEVEL_4K;
	if (first < slot->base_gfn ||
	    first + pages > slot->base_gfn + slot->npages)
		return SEPT_LEVEL_4K;
	if (kvm_tdx_gfn_is_mixed(f->slot, f->gfn))
		return SEPT_LEVEL_4K;
	return SEPT_LEVEL_2M;
}

static bool fault_is_stale(const struct tdx_fault *f, u8 level)
{
	return mmu_invalidate_retry_gfn(f->vcpu->kvm, f->mmu_seq, f->gfn) ||
	       fault_meets_invalidation(f, level);
}

/*
 * No reference stays behind a mapping: guest_memfd owns the page, and zaps the
 * range before it lets go of it.
 */
static int fault_map_page(struct tdx_fault *f)
{
	struct kvm *kvm = f->vcpu->kvm;
	struct sept_pos pos = { .gpa = f->gfn << PAGE_SHIFT };
	int ret = -EAGAIN;

	read_lock(&kvm->mmu_lock);
	pos.level = fault_level(f);
	if (!fault_is_stale(f, pos.level))
		ret = sept_map(f->vcpu, &pos, f->pfn);
	read_unlock(&kvm->mmu_lock);
	if (!ret)
		f->level = pos.level;

	put_page(pfn_to_page(f->pfn));
	return ret;
}

/*
 * A large page may be mapped where small ones were zapped: the empty table that
 * they left makes room.  Only here is it known that the work pays, as one AUG
 * takes the place of 512.
 */
static void fault_make_room(const struct tdx_fault *f)
{
	struct kvm *kvm = f->vcpu->kvm;
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	u64 gpa = f->gfn << PAGE_SHIFT;
	bool in_the_way;

	if (f->max_order < PMD_SHIFT - PAGE_SHIFT)
		return;
	read_lock(&kvm->mmu_lock);
	in_the_way = fault_level(f) == SEPT_LEVEL_2M &&
		     !fault_is_stale(f, SEPT_LEVEL_2M) &&
		     sept_empty_table_at(kvm_tdx, gpa);
	read_unlock(&kvm->mmu_lock);
	if (!in_the_way)
		return;
	write_lock(&kvm->mmu_lock);
	if (sept_empty_table_at(kvm_tdx, gpa))
		sept_prune(kvm_tdx, gpa);
	write_unlock(&kvm->mmu_lock);
}

static int fault_once(struct tdx_fault *f)
{
	int ret;

	if (READ_ONCE(f->vcpu->kvm->vm_dead))
		return -EIO;

	ret = sept_topup(f->vcpu);
	if (ret)
		return ret;
	ret = fault_get_page(f);
	if (ret)
		return ret;
	fault_make_room(f);
	return fault_map_page(f);
}

static bool fault_is_transient(int ret)
{
	return ret == -EAGAIN || ret == -EBUSY;
}

/* --- the loop --- */

/* The guest has an event to take before it gets its page. */
static bool fault_has_event(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.nmi_pending || kvm_test_request(KVM_REQ_NMI, vcpu) ||
	       /* A timer of the local APIC. */
	       kvm_test_request(KVM_REQ_UNBLOCK, vcpu) ||
	       tdx_has_interrupt(vcpu);
}

/*
 * The run loop has something to do that cannot wait for the fault.  The guest
 * may be re-entered with the fault unresolved, which is only one more of the
 * six that the module allows at one RIP.  So requests that are for the next
 * entry, as each time that the thread is scheduled makes some, do not count.
 */
static bool fault_must_end(struct kvm_vcpu *vcpu)
{
	return signal_pending(current) || fault_has_event(vcpu);
}

/* Whoever changes slots waits for the read side: let go of it. */
static void fault_pause(struct kvm_vcpu *vcpu)
{
	kvm_vcpu_srcu_read_unlock(vcpu);
	cond_resched();
	kvm_vcpu_srcu_read_lock(vcpu);
}

/*
 * Resolve the fault on the host's side without going back to the guest: the
 * module counts a re-entry that faults at the same RIP as a step of an attack,
 * and from the seventh on takes the lock that zaps need.
 */
static int fault_loop(struct tdx_fault *f, u32 *tries)
{
	int ret;

	for (*tries = 1;; ++*tries) {
		ret = fault_once(f);
		if (!fault_is_transient(ret))
			return ret ?: 1;

		sept_count(to_kvm_tdx(f->vcpu->kvm), SEPT_STAT_RETRIES, 1);
		if (fault_must_end(f->vcpu))
			return 1;
		fault_pause(f->vcpu);
	}
}

static bool fault_is_mapped(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	bool mapped;

	read_lock(&vcpu->kvm->mmu_lock);
	mapped = sept_mapped_level(to_kvm_tdx(vcpu->kvm), gpa) >= 0;
	read_unlock(&vcpu->kvm->mmu_lock);
	return mapped;
}

/*
 * The guest accepts less than is mapped, and will ask again until it fits.  A
 * split that finds something else there meanwhile does nothing.
 */
static void fault_fit_accept(const struct tdx_fault *f)
{
	struct kvm *kvm = f->vcpu->kvm;

	if (f->level <= f->want_level)
		return;
	write_lock(&kvm->mmu_lock);
	sept_split(to_kvm_tdx(kvm), f->gpa);
	write_unlock(&kvm->mmu_lock);
}

/*
 * The guest used a page before it accepted it, and asked for an exit instead
 * of #VE then.  The page is there; nothing that KVM or the VMM can do resolves
 * the fault, and another entry would only repeat it.
 */
static int fault_unaccepted(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	pr_warn_ratelimited("vCPU %u used gpa %llx before accepting it; the TD is dead\n",
			    vcpu->vcpu_id, gpa);
	kvm_vm_dead(vcpu->kvm);
	return -EIO;
}

/*
 * @exit_qual says how the guest accessed the page, which does not matter: the
 * host has no say in a private page's permissions.
 */
int tdx_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 exit_qual, u64 ext_qual)
{
	struct tdx_fault f = {
		.vcpu = vcpu,
		.gpa = gpa,
		.gfn = gpa >> PAGE_SHIFT,
		.want_level = SEPT_LEVEL_2M,
	};
	u32 tries = 0;
	int ret;

	sept_count(to_kvm_tdx(vcpu->kvm), SEPT_STAT_FAULTS, 1);
	if (EXT_QUAL_TYPE(ext_qual) == EXT_QUAL_ACCEPT)
		f.want_level = EXT_QUAL_ACCEPT_LEVEL(ext_qual);

	if (EXT_QUAL_TYPE(ext_qual) == EXT_QUAL_PENDING &&
	    fault_is_mapped(vcpu, gpa))
		ret = fault_unaccepted(vcpu, gpa);
	else
		ret = fault_loop(&f, &tries);
	if (ret == 1 && EXT_QUAL_TYPE(ext_qual) == EXT_QUAL_ACCEPT)
		fault_fit_accept(&f);

	trace_tdx_fault(vcpu, gpa, ext_qual, tries, ret);
	return ret;
}

/* --- KVM_PRE_FAULT_MEMORY --- */

/* Base KVM holds kvm->srcu for the whole call, so a slot in flux is the end. */
static int pre_fault_loop(struct tdx_fault *f)
{
	int ret;

	for (;;) {
		ret = fault_once(f);
		if (!fault_is_transient(ret))
			return ret;
		if (signal_pending(current))
			return -EINTR;
		if (f->slot && f->slot->flags & KVM_MEMSLOT_INVALID)
			return -EAGAIN;
		cond_resched();
	}
}

/*
 * Bytes mapped from @range->gpa on; 0 leaves a shared page to base KVM, which
 * has checked that the TD is finalized.
 */
long tdx_pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct tdx_fault f = {
		.vcpu = vcpu,
		.gpa = range->gpa,
		.gfn = range->gpa >> PAGE_SHIFT,
		.want_level = SEPT_LEVEL_2M,
	};
	u64 size;
	int ret;

	if (range->gpa & ~(tdx_shared_bit(kvm_tdx) - 1))
		return -EINVAL;
	if (!kvm_mem_is_private(vcpu->kvm, f.gfn))
		return 0;

	ret = pre_fault_loop(&f);
	if (ret)
		return ret;

	/* A zap that came in between undoes nothing that was promised. */
	size = sept_size(f.level);
	return min(range->size, size - (range->gpa & (size - 1)));
}
