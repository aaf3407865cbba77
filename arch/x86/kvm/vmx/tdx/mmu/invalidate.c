// SPDX-License-Identifier: GPL-2.0-only
/*
 * Base KVM's invalidations reach the private MMU: holes and release of
 * guest_memfd, memory attributes, and slots that are deleted.
 *
 * A guest_memfd that closes while the VMM lives is emptied page by page, with
 * vCPUs to keep out.  Only if nobody can run one any more, the KeyID is given
 * back first, and its pages, like those of the TD's other files, are reclaimed.
 */
#include "mmu_env.h"

void tdx_zap_private(struct kvm *kvm, gfn_t start, gfn_t end)
{
	lockdep_assert_held_write(&kvm->mmu_lock);
	sept_zap_range(to_kvm_tdx(kvm), start, end);
}

void tdx_gmem_open(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	spin_lock(&kvm_tdx->gmem_lock);
	kvm_tdx->nr_gmems++;
	spin_unlock(&kvm_tdx->gmem_lock);
}

/*
 * Files of the VM and of vCPUs, what was mapped of these, and calls that are
 * under way: each has a reference to the VM.  Where there are no more references
 * than guest_memfds, none of these is left, and none can come back.
 *
 * A file is counted after it has its reference, and no longer before it drops
 * that, so under the lock the other references can only seem to be more.
 */
void tdx_gmem_close(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	bool alone;

	spin_lock(&kvm_tdx->gmem_lock);
	alone = refcount_read(&kvm->users_count) == kvm_tdx->nr_gmems;
	kvm_tdx->nr_gmems--;
	spin_unlock(&kvm_tdx->gmem_lock);

	if (alone)
		td_release_keyid(kvm);
}
