// SPDX-License-Identifier: GPL-2.0-only
/*
 * In front of VMX in kvm_pmu_ops.  A TD has no counters of KVM's: the module
 * gives it the CPU's own, or none.  VMX's functions look into the VMCS.
 */
#include "../../x86.h"
#include "../../pmu.h"
#include "tdx.h"

/* As VMX has set it up; ours goes on to it for an ordinary VM. */
static struct kvm_pmu_ops vmx_ops __ro_after_init;

static struct kvm_pmc *vt_rdpmc_ecx_to_pmc(struct kvm_vcpu *vcpu,
					   unsigned int idx, u64 *mask)
{
	return is_td_vcpu(vcpu) ? NULL : vmx_ops.rdpmc_ecx_to_pmc(vcpu, idx, mask);
}

static struct kvm_pmc *vt_msr_idx_to_pmc(struct kvm_vcpu *vcpu, u32 msr)
{
	return is_td_vcpu(vcpu) ? NULL : vmx_ops.msr_idx_to_pmc(vcpu, msr);
}

static bool vt_pmu_is_valid_msr(struct kvm_vcpu *vcpu, u32 msr)
{
	return !is_td_vcpu(vcpu) && vmx_ops.is_valid_msr(vcpu, msr);
}

static int vt_pmu_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	return is_td_vcpu(vcpu) ? 1 : vmx_ops.get_msr(vcpu, msr);
}

static int vt_pmu_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	return is_td_vcpu(vcpu) ? 1 : vmx_ops.set_msr(vcpu, msr);
}

/* Base KVM has set the number of counters to 0, which stays. */
static void vt_pmu_refresh(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_ops.refresh(vcpu);
}

static void vt_pmu_reset(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_ops.reset(vcpu);
}

static void vt_pmu_deliver_pmi(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_ops.deliver_pmi(vcpu);
}

static void vt_pmu_cleanup(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_ops.cleanup(vcpu);
}

/* Base KVM copies the table once vt_hardware_setup() has returned. */
__init void tdx_install_pmu_ops(void)
{
	/* The table has members that are const: no assignment. */
	memcpy(&vmx_ops, &intel_pmu_ops, sizeof(vmx_ops));

#define PMU_OWN(op, vt)		intel_pmu_ops.op = vt
#include "ops_list.h"
}
