// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_TDX_DEBUG_READ_MEMORY and KVM_TDX_DEBUG_WRITE_MEMORY: a debug TD's private
 * memory, eight bytes by SEAMCALL.
 */
#include "mmu_env.h"

#define WORD	sizeof(u64)
/* What is done under one hold of mmu_lock; divides a page. */
#define CHUNK	256

static int debug_check(struct kvm_tdx *kvm_tdx,
		       const struct kvm_tdx_debug_memory *mem)
{
	u64 limit = tdx_shared_bit(kvm_tdx);

	if (!IS_ALIGNED(mem->gpa, WORD) || !IS_ALIGNED(mem->size, WORD) || !mem->size)
		return -EINVAL;
	if (mem->gpa >= limit || mem->size > limit - mem->gpa)
		return -EINVAL;
	return 0;
}

static int debug_errno(u64 status, struct kvm_tdx_cmd *cmd)
{
	int ret = tdx_debug_errno(status, cmd);

	/* A page that the guest has not accepted, for one. */
	if (ret == -EIO &&
	    (tdx_status_is(status, TDX_EPT_ENTRY_STATE_INCORRECT) ||
	     tdx_status_is(status, TDX_EPT_ENTRY_NOT_PRESENT) ||
	     tdx_status_is(status, TDX_EPT_WALK_FAILED)))
		return -EFAULT;
	return ret;
}

/* The guest uses the page meanwhile, and may be accepting it. */
static int debug_word(struct kvm_tdx *kvm_tdx, struct kvm_tdx_cmd *cmd, u64 gpa,
		      u64 *word, bool write)
{
	struct sept_info info;
	u64 status;

	if (write)
		status = tdx_call_retried(tdh_mem_wr(&kvm_tdx->td, gpa, *word, &info));
	else
		status = tdx_call_retried(tdh_mem_rd(&kvm_tdx->td, gpa, word, &info));
	return debug_errno(status, cmd);
}

/* Is there a page of the TD's at @gpa that nobody is about to take away? */
static int debug_find(struct kvm_tdx *kvm_tdx, u64 gpa)
{
	struct sept_iter it;

	lockdep_assert_held(&kvm_tdx->vmx.kvm.mmu_lock);

	/* The module may not be asked any more, see sept_close(). */
	if (kvm_tdx->sept.closing)
		return -EIO;
	sept_iter_start(&it, kvm_tdx, gpa);
	while (sept_state(it.old) == SEPT_TABLE)
		sept_iter_descend(&it);
	switch (sept_state(it.old)) {
	case SEPT_LEAF:
		return 0;
	case SEPT_FROZEN:
		return -EAGAIN;
	default:
		return -EFAULT;
	}
}

/*
 * KVM_TDX_INIT_MEM_REGION and KVM_TDX_FINALIZE_VM want the TDR alone, which each
 * access here shares: slots_lock keeps them apart.
 */
static int debug_chunk(struct kvm_tdx *kvm_tdx, struct kvm_tdx_cmd *cmd, u64 gpa,
		       u64 *words, u64 *done, u64 bytes, bool write)
{
	struct kvm *kvm = &kvm_tdx->vmx.kvm;
	int ret;

	*done = 0;
	ret = mutex_lock_killable(&kvm->slots_lock);
	if (ret)
		return ret;
	read_lock(&kvm->mmu_lock);
	ret = kvm->vm_dead ? -EIO : debug_find(kvm_tdx, gpa);
	while (!ret && *done < bytes) {
		ret = debug_word(kvm_tdx, cmd, gpa + *done, &words[*done / WORD],
				 write);
		if (!ret)
			*done += WORD;
	}
	read_unlock(&kvm->mmu_lock);
	mutex_unlock(&kvm->slots_lock);
	return ret;
}

/* What is done moves @mem on, so that the caller can go on. */
static int debug_step(struct kvm_tdx *kvm_tdx, struct kvm_tdx_cmd *cmd,
		      struct kvm_tdx_debug_memory *mem, bool write)
{
	void __user *user = u64_to_user_ptr(mem->user_addr);
	u64 words[CHUNK / WORD];
	u64 bytes = min(mem->size, CHUNK - mem->gpa % CHUNK);
	u64 done;
	int ret;

	if (write && copy_from_user(words, user, bytes))
		return -EFAULT;
	ret = debug_chunk(kvm_tdx, cmd, mem->gpa, words, &done, bytes, write);
	if (!write && copy_to_user(user, words, done))
		return -EFAULT;
	mem->gpa += done;
	mem->size -= done;
	mem->user_addr += done;
	return ret;
}

int tdx_debug_memory(struct kvm *kvm, struct kvm_tdx_cmd *cmd, bool write)
{
	struct kvm_tdx_debug_memory __user *user = u64_to_user_ptr(cmd->data);
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	struct kvm_tdx_debug_memory mem;
	int ret;

	if (cmd->flags)
		return -EINVAL;
	if (copy_from_user(&mem, user, sizeof(mem)))
		return -EFAULT;
	ret = debug_check(kvm_tdx, &mem);
	if (ret)
		return ret;

	while (mem.size && !ret) {
		if (signal_pending(current))
			ret = -EINTR;
		else
			ret = debug_step(kvm_tdx, cmd, &mem, write);
		cond_resched();
	}
	if (copy_to_user(user, &mem, sizeof(mem)))
		ret = -EFAULT;
	return ret;
}
