// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a status word means for KVM.  No other file of this folder looks inside
 * one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "mmu_env.h"

enum tdx_verdict tdx_judge(u64 status)
{
	/* Some codes are a success that says more. */
	if (!(status & TDX_STATUS_ERROR_BIT))
		return status & TDX_STATUS_NON_RECOVERABLE_BIT ? TDX_BROKEN :
								 TDX_DONE;

	switch (status & TDX_STATUS_MASK) {
	case TDX_OPERAND_BUSY:
	case TDX_OPERAND_BUSY_HOST_PRIORITY:
	case TDX_PREVIOUS_TLB_EPOCH_BUSY:
	case TDX_SYS_BUSY:
	case TDX_RND_NO_ENTROPY:
	case TDX_INTERRUPTED_RESUMABLE:
	case TDX_INTERRUPTED_RESTARTABLE:
	case TDX_INTERRUPTED_BUSY:
		return TDX_RETRY;
	case TDX_OPERAND_INVALID:
		return TDX_CALLER;
	default:
		return TDX_BROKEN;
	}
}

bool tdx_status_is(u64 status, u64 code)
{
	return (status & TDX_STATUS_MASK) == (code & TDX_STATUS_MASK);
}

/* A dead VM's further failures are only the first one's echo. */
int tdx_broken_at(struct kvm_tdx *kvm_tdx, const char *leaf, u64 status, u64 gpa,
		  const struct sept_info *info)
{
	struct kvm *kvm = &kvm_tdx->vmx.kvm;

	if (READ_ONCE(kvm->vm_dead))
		return -EIO;

	if (info)
		pr_err("%s failed: %s (%llx), gpa %llx, entry %llx level %u state %u; the TD is dead\n",
		       leaf, tdx_status_name(status), status, gpa, info->entry,
		       info->level, info->state);
	else
		pr_err("%s failed: %s (%llx); the TD is dead\n",
		       leaf, tdx_status_name(status), status);
	kvm_vm_dead(kvm);
	return -EIO;
}

int tdx_broken(struct kvm_tdx *kvm_tdx, const char *leaf, u64 status,
	       const struct sept_info *info)
{
	return tdx_broken_at(kvm_tdx, leaf, status, 0, info);
}
