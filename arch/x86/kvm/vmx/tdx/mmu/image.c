// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_TDX_INIT_MEM_REGION: the TD's initial image, page by page.
 */
#include "mmu_env.h"

/* TDH.MR.EXTEND measures this much. */
#define EXTEND_CHUNK	256

static int image_check(struct kvm_tdx *kvm_tdx,
		       const struct kvm_tdx_init_mem_region *region)
{
	u64 size = region->nr_pages << PAGE_SHIFT;
	u64 limit = tdx_shared_bit(kvm_tdx);

	if (!PAGE_ALIGNED(region->source_addr) || !PAGE_ALIGNED(region->gpa))
		return -EINVAL;
	if (!region->source_addr || !region->nr_pages || size >> PAGE_SHIFT != region->nr_pages)
		return -EINVAL;
	if (region->gpa >= limit || size > limit - region->gpa)
		return -EINVAL;
	return 0;
}

/* The slot cannot change: its lock is held. */
static int image_get_page(struct kvm *kvm, gfn_t gfn, kvm_pfn_t *pfn)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);

	lockdep_assert_held(&kvm->slots_lock);

	if (!slot || !kvm_slot_can_be_private(slot) ||
	    !kvm_mem_is_private(kvm, gfn))
		return -EINVAL;
	return kvm_gmem_get_pfn(kvm, slot, gfn, pfn, NULL);
}

/*
 * The module hashes the page as it is now, in 16 parts.  A measurement that
 * stops half way is neither with nor without the page, and nothing takes a
 * part of it back: the TD is of no use to anyone.
 */
static int image_measure(struct kvm_tdx *kvm_tdx, u64 gpa)
{
	struct sept_info info;
	u64 offset, err;

	for (offset = 0; offset < PAGE_SIZE; offset += EXTEND_CHUNK) {
		err = tdx_call_retried(tdh_mr_extend(&kvm_tdx->td, gpa + offset,
						     &info));
		if (tdx_judge(err) != TDX_DONE)
			return tdx_broken_at(kvm_tdx, "TDH.MR.EXTEND", err, gpa,
					     &info);
	}
	return 0;
}

static int image_map(struct kvm_vcpu *vcpu, u64 gpa, kvm_pfn_t pfn,
		     struct page *source, bool measure, unsigned long seq)
{
	struct kvm *kvm = vcpu->kvm;
	int ret = -EAGAIN;

	read_lock(&kvm->mmu_lock);
	if (!mmu_invalidate_retry_gfn(kvm, seq, gpa >> PAGE_SHIFT))
		ret = sept_add(vcpu, gpa, pfn, source);
	if (!ret && measure)
		ret = image_measure(to_kvm_tdx(kvm), gpa);
	read_unlock(&kvm->mmu_lock);
	return ret;
}

static int image_add_page(struct kvm_vcpu *vcpu, u64 gpa, u64 source_addr,
			  bool measure)
{
	struct kvm *kvm = vcpu->kvm;
	struct page *source;
	unsigned long seq;
	kvm_pfn_t pfn;
	int ret;

	ret = sept_topup(vcpu);
	if (ret)
		return ret;

	/* The module reads the source without the MMU: it has to stay put. */
	ret = pin_user_pages_fast(source_addr, 1, 0, &source);
	if (ret != 1)
		return ret < 0 ? ret : -EFAULT;

	seq = READ_ONCE(kvm->mmu_invalidate_seq);
	/* As in fault_get_page(). */
	smp_rmb();
	ret = image_get_page(kvm, gpa >> PAGE_SHIFT, &pfn);
	if (!ret) {
		ret = image_map(vcpu, gpa, pfn, source, measure, seq);
		put_page(pfn_to_page(pfn));
	}
	unpin_user_page(source);
	return ret;
}

/* Each page that is done moves @region on, so that the caller can go on. */
static int image_add_region(struct kvm_vcpu *vcpu,
			    struct kvm_tdx_init_mem_region *region, bool measure)
{
	int ret;

	while (region->nr_pages) {
		if (signal_pending(current))
			return -EINTR;

		ret = image_add_page(vcpu, region->gpa, region->source_addr,
				     measure);
		if (ret == -EBUSY)
			return -EAGAIN;
		/* There is a page already, which base KVM's MMU calls spurious. */
		if (ret == -EEXIST)
			return -EIO;
		if (ret)
			return ret;

		region->source_addr += PAGE_SIZE;
		region->gpa += PAGE_SIZE;
		region->nr_pages--;
		cond_resched();
	}
	return 0;
}

int tdx_init_mem_region(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx_init_mem_region __user *user = u64_to_user_ptr(cmd->data);
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct kvm_tdx_init_mem_region region;
	int ret;

	/* And vcpu->mutex, which td_lock_vcpu() hides from lockdep. */
	lockdep_assert_held(&vcpu->kvm->lock);
	lockdep_assert_held(&vcpu->kvm->slots_lock);

	if (cmd->flags & ~(u32)KVM_TDX_MEASURE_MEMORY_REGION)
		return -EINVAL;
	if (td_state(kvm_tdx) != TD_S_INITIALIZED ||
	    to_tdx(vcpu)->state != TDX_VCPU_INITIALIZED)
		return -EINVAL;
	if (copy_from_user(&region, user, sizeof(region)))
		return -EFAULT;
	ret = image_check(kvm_tdx, &region);
	if (ret)
		return ret;

	ret = image_add_region(vcpu, &region,
			       cmd->flags & KVM_TDX_MEASURE_MEMORY_REGION);
	if (copy_to_user(user, &region, sizeof(region)))
		ret = -EFAULT;
	return ret;
}
