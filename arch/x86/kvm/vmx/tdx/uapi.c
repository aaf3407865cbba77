// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_MEMORY_ENCRYPT_OP on a TD and on its vCPUs: copy in, refuse what is not
 * understood before any lock is taken, lock, check the state, act, copy out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/cleanup.h>
#include <linux/uaccess.h>

#include "tdx.h"

static_assert(sizeof(struct kvm_tdx_cmd) == 24);
static_assert(sizeof(struct kvm_tdx_capabilities) == 2056);
static_assert(sizeof(struct kvm_tdx_init_vm) == 264);
static_assert(sizeof(struct kvm_tdx_init_mem_region) == 24);
static_assert(sizeof(struct kvm_tdx_debug_field) == 16);
static_assert(sizeof(struct kvm_tdx_debug_fields) == 8);
static_assert(sizeof(struct kvm_tdx_debug_memory) == 24);

/*
 * Lockdep knows two vCPU mutexes of one VM at most.  Only the first stays
 * visible to it; kvm->lock orders the rest.
 */
static int td_lock_vcpu(struct kvm_vcpu *vcpu, unsigned long i)
{
	int ret = mutex_lock_killable_nested(&vcpu->mutex,
					     i ? SINGLE_DEPTH_NESTING : 0);

	if (!ret && i)
		mutex_release(&vcpu->mutex.dep_map, _THIS_IP_);
	return ret;
}

static void td_unlock_vcpus(struct kvm *kvm, unsigned long nr)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	lockdep_assert_held(&kvm->lock);

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (i == nr)
			break;
		if (i)
			mutex_acquire(&vcpu->mutex.dep_map,
				      SINGLE_DEPTH_NESTING, 0, _THIS_IP_);
		mutex_unlock(&vcpu->mutex);
	}
}

static int td_lock_vcpus(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	int ret;

	lockdep_assert_held(&kvm->lock);

	kvm_for_each_vcpu(i, vcpu, kvm) {
		ret = td_lock_vcpu(vcpu, i);
		if (ret) {
			td_unlock_vcpus(kvm, i);
			return ret;
		}
	}
	return 0;
}

/*
 * What a command needs that changes a TD's state: nobody creates a vCPU, runs
 * one or changes the memory slots meanwhile.
 */
struct td_locked {
	struct kvm *kvm;
	int err;
};

static struct td_locked td_lock_all(struct kvm *kvm)
{
	struct td_locked all = { .kvm = kvm };

	all.err = mutex_lock_killable(&kvm->lock);
	if (all.err)
		return all;
	/* A vCPU that is half created is on no list that could be locked. */
	if (kvm->created_vcpus != atomic_read(&kvm->online_vcpus))
		all.err = -EBUSY;
	if (!all.err)
		all.err = td_lock_vcpus(kvm);
	if (all.err)
		mutex_unlock(&kvm->lock);
	else
		mutex_lock(&kvm->slots_lock);
	return all;
}

static void td_unlock_all(const struct td_locked *all)
{
	struct kvm *kvm = all->kvm;

	if (all->err)
		return;
	mutex_unlock(&kvm->slots_lock);
	td_unlock_vcpus(kvm, ULONG_MAX);
	mutex_unlock(&kvm->lock);
}

DEFINE_CLASS(td_all_locks, struct td_locked, td_unlock_all(&_T),
	     td_lock_all(kvm), struct kvm *kvm)

/* What a command accepts; a zeroed entry is no command of this descriptor. */
struct td_cmd_rule {
	u32 flags;
	bool valid;
	bool returns_hw_error;
};

static const struct td_cmd_rule vm_rules[KVM_TDX_CMD_NR_MAX] = {
	[KVM_TDX_CAPABILITIES]	= { .valid = true },
	[KVM_TDX_INIT_VM]	= { .valid = true, .returns_hw_error = true },
	[KVM_TDX_FINALIZE_VM]	= { .valid = true, .returns_hw_error = true },
};

static const struct td_cmd_rule vcpu_rules[KVM_TDX_CMD_NR_MAX] = {
	[KVM_TDX_INIT_VCPU]	  = { .valid = true },
	[KVM_TDX_INIT_MEM_REGION] = {
		.valid = true,
		.flags = KVM_TDX_MEASURE_MEMORY_REGION,
	},
	[KVM_TDX_GET_CPUID]	  = { .valid = true },
};

static bool tdx_is_debug_cmd(const struct kvm_tdx_cmd *cmd)
{
	return cmd->id >= KVM_TDX_DEBUG_CMD;
}

static int tdx_uapi_get_cmd(struct kvm *kvm, struct kvm_tdx_cmd *cmd,
			    void __user *argp, const struct td_cmd_rule *rules)
{
	const struct td_cmd_rule *rule;

	if (copy_from_user(cmd, argp, sizeof(*cmd)))
		return -EFAULT;
	/* What they accept, they see for themselves. */
	if (tdx_is_debug_cmd(cmd) && td_is_debug(to_kvm_tdx(kvm)))
		return cmd->hw_error ? -EINVAL : 0;
	if (cmd->id >= KVM_TDX_CMD_NR_MAX)
		return -EINVAL;
	rule = &rules[array_index_nospec(cmd->id, KVM_TDX_CMD_NR_MAX)];
	if (!rule->valid || cmd->flags & ~rule->flags || cmd->hw_error)
		return -EINVAL;
	return 0;
}

static int tdx_uapi_vm_locked(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	CLASS(td_all_locks, all)(kvm);

	if (all.err)
		return all.err;
	/* KVM_BUG_ON() and a broken TD may come between the ioctl and here. */
	if (kvm->vm_dead)
		return -EIO;

	if (cmd->id == KVM_TDX_INIT_VM)
		return td_init(kvm, cmd);
	return td_finalize(kvm, cmd);
}

static int tdx_uapi_vm_debug(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	switch (cmd->id) {
	case KVM_TDX_DEBUG_READ_MEMORY:
		return tdx_debug_memory(kvm, cmd, false);
	case KVM_TDX_DEBUG_WRITE_MEMORY:
		return tdx_debug_memory(kvm, cmd, true);
	default:
		return -EINVAL;
	}
}

int tdx_vm_ioctl(struct kvm *kvm, void __user *argp)
{
	struct kvm_tdx_cmd __user *user = argp;
	struct kvm_tdx_cmd cmd;
	int ret;

	if (!is_td(kvm))
		return -ENOTTY;

	ret = tdx_uapi_get_cmd(kvm, &cmd, argp, vm_rules);
	if (ret)
		return ret;

	if (tdx_is_debug_cmd(&cmd)) {
		ret = tdx_uapi_vm_debug(kvm, &cmd);
		return put_user(cmd.hw_error, &user->hw_error) ? -EFAULT : ret;
	}
	if (cmd.id == KVM_TDX_CAPABILITIES)
		return td_get_capabilities(kvm, &cmd);

	ret = tdx_uapi_vm_locked(kvm, &cmd);
	if (vm_rules[cmd.id].returns_hw_error &&
	    put_user(cmd.hw_error, &user->hw_error))
		return -EFAULT;
	return ret;
}

static int tdx_uapi_vcpu_loaded(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd)
{
	switch (cmd->id) {
	case KVM_TDX_INIT_VCPU:
		return tdx_vcpu_init(vcpu, cmd);
	case KVM_TDX_INIT_MEM_REGION:
		return tdx_init_mem_region(vcpu, cmd);
	default:
		return tdx_vcpu_get_cpuid(vcpu, cmd);
	}
}

/* Called without vcpu->mutex, as kvm->lock is the outer lock of the two. */
long tdx_vcpu_unlocked_ioctl(struct kvm_vcpu *vcpu, void __user *argp)
{
	struct kvm_tdx_cmd __user *user = argp;
	struct kvm *kvm = vcpu->kvm;
	struct kvm_tdx_cmd cmd;
	int ret;

	ret = tdx_uapi_get_cmd(kvm, &cmd, argp, vcpu_rules);
	if (ret)
		return ret;

	if (tdx_is_debug_cmd(&cmd)) {
		ret = tdx_debug_vcpu_ioctl(vcpu, &cmd);
		return put_user(cmd.hw_error, &user->hw_error) ? -EFAULT : ret;
	}

	CLASS(td_all_locks, all)(kvm);
	if (all.err)
		return all.err;
	if (kvm->vm_dead || td_state(to_kvm_tdx(kvm)) == TD_S_NONE)
		return -EIO;

	vcpu_load(vcpu);
	ret = tdx_uapi_vcpu_loaded(vcpu, &cmd);
	vcpu_put(vcpu);
	return ret;
}
