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
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV },
	{ MSR_PLATFORM_INFO, MSR_PLATFORM_INFO },
	{ MSR_MTRRcap, MSR_MTRRcap, .read_only = true },
	{ MSR_MISC_FEATURES_ENABLES, MSR_MISC_FEATURES_ENABLES },
	{ MSR_IA32_MCG_CAP, MSR_IA32_MCG_CTL },
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE },
	{ MTRRphysBase_MSR(0), MTRRphysMask_MSR(KVM_NR_VAR_MTRR - 1) },
	{ MSR_MTRRfix64K_00000, MSR_MTRRfix64K_00000 },
	{ MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000 },
	{ MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_F8000 },
	{ MSR_IA32_CR_PAT, MSR_IA32_CR_PAT },
	{ MSR_IA32_MCx_CTL2(0), MSR_IA32_MCx_CTL2(TD_MCE_BANKS) - 1 },
	{ MSR_MTRRdefType, MSR_MTRRdefType },
	{ MSR_IA32_MC0_CTL, MSR_IA32_MCx_CTL(TD_MCE_BANKS) - 1 },
	{ MSR_IA32_MCG_EXT_CTL, MSR_IA32_MCG_EXT_CTL },
	{ MSR_IA32_TSC_DEADLINE, MSR_IA32_TSC_DEADLINE },
	/* kvm_vcpu_reset() clears it. */
	{ MSR_IA32_XSS, MSR_IA32_XSS },
	{ MSR_KVM_POLL_CONTROL, MSR_KVM_POLL_CONTROL },
};

/* Registers that the CPU serves from the module's virtual-APIC page. */
static bool tdx_x2apic_is_virtualised(u32 index)
{
	switch (index - APIC_BASE_MSR) {
	case APIC_TASKPRI >> 4:
	case APIC_PROCPRI >> 4:
	case APIC_EOI >> 4:
	case APIC_ISR >> 4 ... (APIC_ISR >> 4) + 7:
	case APIC_TMR >> 4 ... (APIC_TMR >> 4) + 7:
	case APIC_IRR >> 4 ... (APIC_IRR >> 4) + 7:
	case APIC_SELF_IPI >> 4:
		return true;
	default:
		return false;
	}
}

static bool tdx_msr_is_known(u32 index, bool write)
{
	unsigned int i;

	if (index >= APIC_BASE_MSR && index <= APIC_BASE_MSR + 0xff)
		return !tdx_x2apic_is_virtualised(index);

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

int tdx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_IA32_FEAT_CTL:
		/* Locked, and nothing of it is on offer. */
		msr->data = FEAT_CTL_LOCKED;
		return 0;
	case MSR_IA32_MCG_EXT_CTL:
		msr->data = 0;
		return 0;
	default:
		if (!tdx_msr_is_known(msr->index, false))
			return KVM_MSR_RET_UNSUPPORTED;
		return kvm_get_msr_common(vcpu, msr);
	}
}

int tdx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_IA32_MCG_EXT_CTL:
		/* No local machine checks. */
		return msr->data ? 1 : 0;
	default:
		if (!tdx_msr_is_known(msr->index, true))
			return KVM_MSR_RET_UNSUPPORTED;
		return kvm_set_msr_common(vcpu, msr);
	}
}
