// SPDX-License-Identifier: GPL-2.0-only
/*
 * Base KVM's invalidations reach the private MMU: holes and release of
 * guest_memfd, memory attributes, and slots that are deleted.
 */
#include "mmu_env.h"

void tdx_zap_private(struct kvm *kvm, gfn_t start, gfn_t end)
{
	lockdep_assert_held_write(&kvm->mmu_lock);
	sept_zap_range(to_kvm_tdx(kvm), start, end);
}
