// SPDX-License-Identifier: GPL-2.0-only
/*
 * In front of VMX in kvm_x86_nested_ops.  No TD's vCPU gets into guest mode,
 * whatever the VMM puts into its CPUID: nothing here lets it.
 */
#include "../nested.h"
#include "tdx.h"

/* As VMX has set it up; ours goes on to it for an ordinary VM. */
static struct kvm_x86_nested_ops vmx_ops __ro_after_init;
static struct kvm_x86_nested_ops vt_ops __ro_after_init;

/* KVM_SET_VCPU_EVENTS and kvm_vcpu_reset() make sure with it. */
static void vt_leave_nested(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_ops.leave_nested(vcpu);
}

static int vt_get_nested_state(struct kvm_vcpu *vcpu,
			       struct kvm_nested_state __user *user, u32 size)
{
	/* KVM_CHECK_EXTENSION asks without a vCPU. */
	if (vcpu && is_td_vcpu(vcpu))
		return -EINVAL;
	return vmx_ops.get_state(vcpu, user, size);
}

static int vt_set_nested_state(struct kvm_vcpu *vcpu,
			       struct kvm_nested_state __user *user,
			       struct kvm_nested_state *state)
{
	if (is_td_vcpu(vcpu))
		return -EINVAL;
	return vmx_ops.set_state(vcpu, user, state);
}

static int vt_enable_evmcs(struct kvm_vcpu *vcpu, u16 *version)
{
	if (is_td_vcpu(vcpu))
		return -EINVAL;
	return vmx_ops.enable_evmcs(vcpu, version);
}

static u16 vt_get_evmcs_version(struct kvm_vcpu *vcpu)
{
	/* KVM_GET_SUPPORTED_HV_CPUID of /dev/kvm asks without a vCPU. */
	if (vcpu && is_td_vcpu(vcpu))
		return 0;
	return vmx_ops.get_evmcs_version(vcpu);
}

__init void tdx_install_nested_ops(struct kvm_x86_ops *ops)
{
	vmx_ops = *ops->nested_ops;
	vt_ops = vmx_ops;

#define NESTED_OWN(op, vt)	vt_ops.op = vt
	/* A kernel without KVM_HYPERV lacks some. */
#define NESTED_OWN_IF(op, vt)	vt_ops.op = vmx_ops.op ? vt : NULL
#include "ops_list.h"

	ops->nested_ops = &vt_ops;
}
