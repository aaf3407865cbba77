// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs of a TD that are KVM's: those whose access the module turns into #VE,
 * so that the guest asks for it, and what the VMM reads or writes.  All
 * others are the module's, or hold addresses of guest memory, and KVM knows
 * none of them.
 */
#include "../../lapic.h"
#include "../../x86.h"
#include "tdx.h"

/* As many as KVM emulates at most; it checks the vCPU's own number. */
#define TD_MCE_BANKS	32

struct msr_range {
	u32 first, last;
	bool read_only;
};

static const struct msr_range tdx_msrs[] = {
	{ MSR_IA32_APICBASE, MSR_IA32_APICBASE, .read_only = true },
	{ MSR_IA32_FEAT_CTL, MSR_IA32_FEAT_CTL, .read_only = true },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV },
	{ MSR_PLATFORM_INFO, MSR_PLATFORM_INFO },
	{ MSR_MTRRcap, MSR_MTRRcap },
	{ MSR_IA32_ARCH_CAPABILITIES, MSR_IA32_ARCH_CAPABILITIES },
	{ MSR_MISC_FEATURES_ENABLES, MSR_MISC_FEATURES_ENABLES },
	{ MSR_IA32_MCG_CAP, MSR_IA32_MCG_CTL },
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE },
	{ MSR_IA32_POWER_CTL, MSR_IA32_POWER_CTL },
	/* Up to the last fixed one; what KVM has none of there, it refuses. */
	{ MTRRphysBase_MSR(0), MSR_MTRRfix4K_F8000 },
	{ MSR_IA32_CR_PAT, MSR_IA32_CR_PAT },
	{ MSR_IA32_MCx_CTL2(0), MSR_IA32_MCx_CTL2(TD_MCE_BANKS) - 1 },
	{ MSR_MTRRdefType, MSR_MTRRdefType },
	{ MSR_IA32_MC0_CTL, MSR_IA32_MCx_CTL(TD_MCE_BANKS) - 1 },
	{ MSR_IA32_MCG_EXT_CTL, MSR_IA32_MCG_EXT_CTL },
	{ MSR_IA32_TSC_DEADLINE, MSR_IA32_TSC_DEADLINE },
	{ MSR_KVM_POLL_CONTROL, MSR_KVM_POLL_CONTROL },
	{ MSR_EFER, MSR_EFER, .read_only = true },
};

/* The others the CPU serves from the module's virtual-APIC page, or has not. */
static bool tdx_x2apic_is_kvms(u32 index)
{
	switch ((index - APIC_BASE_MSR) << 4) {
	case APIC_ID:
	case APIC_LVR:
	case APIC_LDR:
	case APIC_SPIV:
	case APIC_ESR:
	case APIC_LVTCMCI:
	case APIC_ICR:
	case APIC_LVTT:
	case APIC_LVTTHMR:
	case APIC_LVTPC:
	case APIC_LVT0:
	case APIC_LVT1:
	case APIC_LVTERR:
	case APIC_TMICT:
	case APIC_TMCCT:
	case APIC_TDCR:
		return true;
	default:
		return false;
	}
}

static bool tdx_msr_is_known(u32 index, bool write)
{
	unsigned int i;

	if (index >= APIC_BASE_MSR && index <= APIC_BASE_MSR + 0xff)
		return tdx_x2apic_is_kvms(index);

	for (i = 0; i < ARRAY_SIZE(tdx_msrs); i++) {
		if (index >= tdx_msrs[i].first && index <= tdx_msrs[i].last)
			return !(write && tdx_msrs[i].read_only);
	}
	return false;
}

bool tdx_has_emulated_msr(u32 index)
{
	return tdx_msr_is_known(index, false);
}

/* Local machine checks: the VMM says in KVM_X86_SETUP_MCE whether there are any. */
static bool tdx_may_use_lmce(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	return msr->host_initiated || vcpu->arch.mcg_cap & MCG_LMCE_P;
}

/*
 * Both return 1 for an MSR that is not KVM's, never KVM_MSR_RET_UNSUPPORTED:
 * kvm_do_msr_access() would let the host read and write 0 to those that other
 * VMs have, and the guest to any with kvm.ignore_msrs.
 */
int tdx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_IA32_FEAT_CTL:
		msr->data = FEAT_CTL_LOCKED;
		if (vcpu->arch.mcg_cap & MCG_LMCE_P)
			msr->data |= FEAT_CTL_LMCE_ENABLED;
		return 0;
	case MSR_IA32_MCG_EXT_CTL:
		if (!tdx_may_use_lmce(vcpu, msr))
			return 1;
		msr->data = vcpu->arch.mcg_ext_ctl;
		return 0;
	default:
		if (!tdx_msr_is_known(msr->index, false))
			return 1;
		return kvm_get_msr_common(vcpu, msr);
	}
}

int tdx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_IA32_MCG_EXT_CTL:
		if (!tdx_may_use_lmce(vcpu, msr) ||
		    msr->data & ~MCG_EXT_CTL_LMCE_EN)
			return 1;
		vcpu->arch.mcg_ext_ctl = msr->data;
		return 0;
	default:
		if (!tdx_msr_is_known(msr->index, true))
			return 1;
		return kvm_set_msr_common(vcpu, msr);
	}
}
