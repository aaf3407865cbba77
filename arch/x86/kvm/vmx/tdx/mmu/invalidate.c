// SPDX-License-Identifier: GPL-2.0-only
/*
 * Base KVM's invalidations reach the private MMU: holes and release of
 * guest_memfd, memory attributes, and slots that are deleted.
 *
 * A guest_memfd that closes while the VMM lives is emptied page by page, with
 * vCPUs to keep out.  Only if nobody can run one any more, the KeyID is given
 * back first, and its pages, like those of the TD's other files, are reclaimed.
 *
 * QEMU restarts a TD by another one, in this order: it deletes all slots, closes
 * the VM, every guest_memfd and then every vCPU.  So that the end comes cheap
 * there, too, what a deleted slot had is parked: no vCPU reaches it any more, but
 * the pages stay the TD's.  They are removed as soon as anybody may want them,
 * which needs a slot, a hole, or a guest_memfd that closes.  The last is not why a
 * VMM closes it once the VM's file is gone.
 */
#include "mmu_env.h"

/* @deleted: the slot of these pages is. */
void tdx_zap_private(struct kvm *kvm, gfn_t start, gfn_t end, bool deleted)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	lockdep_assert_held_write(&kvm->mmu_lock);
	if (deleted || kvm_tdx->vm_closed)
		sept_park_range(kvm_tdx, start, end);
	else
		sept_zap_range(kvm_tdx, start, end);
}

void tdx_unpark(struct kvm *kvm)
{
	write_lock(&kvm->mmu_lock);
	sept_unpark(to_kvm_tdx(kvm));
	write_unlock(&kvm->mmu_lock);
}

/*
 * A vCPU is run by calls on its file, and made by calls on the VM's.  With all of
 * these gone nobody can run the TD any more, whoever else refers to the VM.
 */
static void tdx_end_if_out_of_reach(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	bool end;

	write_lock(&kvm->mmu_lock);
	end = kvm_tdx->vm_closed &&
	      kvm_tdx->nr_closed_vcpus == atomic_read(&kvm->online_vcpus);
	write_unlock(&kvm->mmu_lock);

	if (end) {
		td_release_keyid(kvm);
		tdx_unpark(kvm);
	}
}

void tdx_vm_close(struct kvm *kvm)
{
	write_lock(&kvm->mmu_lock);
	to_kvm_tdx(kvm)->vm_closed = true;
	write_unlock(&kvm->mmu_lock);
	tdx_end_if_out_of_reach(kvm);
}

void tdx_vcpu_close(struct kvm *kvm)
{
	write_lock(&kvm->mmu_lock);
	to_kvm_tdx(kvm)->nr_closed_vcpus++;
	write_unlock(&kvm->mmu_lock);
	tdx_end_if_out_of_reach(kvm);
}

/* What slots had that were deleted from under it comes back with a file, too. */
void tdx_gmem_close(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	write_lock(&kvm->mmu_lock);
	if (!kvm_tdx->vm_closed)
		sept_unpark(kvm_tdx);
	write_unlock(&kvm->mmu_lock);
}
