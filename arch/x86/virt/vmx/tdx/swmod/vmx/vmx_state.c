// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor state that a TD has and its VMCS does not: put there before a TD runs,
 * kept when it has run, and then what an exit on hardware leaves to the host.
 */
#include "vmx/vmx.h"

bool sw_keep_host_state;

const u32 vmx_switched_msr[VMX_NR_MSRS] = {
	[VMX_MSR_STAR]		= MSR_STAR,
	[VMX_MSR_LSTAR]		= MSR_LSTAR,
	[VMX_MSR_FMASK]		= MSR_SYSCALL_MASK,
	[VMX_MSR_KERNEL_GS]	= MSR_KERNEL_GS_BASE,
	[VMX_MSR_TSC_AUX]	= MSR_TSC_AUX,
};

/* Those of user mode first; S_CET and the others are in the VMCS. */
static const u32 vmx_cet_msr[VMX_NR_CET_MSRS] = {
	MSR_IA32_U_CET, MSR_IA32_PL0_SSP, MSR_IA32_PL1_SSP, MSR_IA32_PL2_SSP,
	MSR_IA32_PL3_SSP,
};

void vmx_wrmsr(u32 msr, u64 val)
{
	native_wrmsr(msr, (u32)val, (u32)(val >> 32));
}

u64 vmx_read_xcr0(void)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return lo | (u64)hi << 32;
}

void vmx_write_xcr0(u64 val)
{
	asm volatile("xsetbv" : : "a" ((u32)val), "d" ((u32)(val >> 32)),
		     "c" (0) : "memory");
}

/* An XSETBV of the guest that was found valid. */
void sw_guest_set_xcr0(struct sw_run *run, u64 val)
{
	vmx_write_xcr0(val);
}

/* A WRMSR of the guest to IA32_XSS that was found valid. */
void sw_guest_set_xss(struct sw_run *run, u64 val)
{
	vmx_wrmsr(MSR_IA32_XSS, val);
}

void vmx_xsave(void *area, u64 mask)
{
	asm volatile("xsave64 (%0)" : : "r" (area), "a" ((u32)mask),
		     "d" ((u32)(mask >> 32)) : "memory");
}

void vmx_xrstor(const void *area, u64 mask)
{
	asm volatile("xrstor64 (%0)" : : "r" (area), "a" ((u32)mask),
		     "d" ((u32)(mask >> 32)) : "memory");
}

void vmx_load_debug(const u64 dr[4], u64 dr6)
{
	native_set_debugreg(0, dr[0]);
	native_set_debugreg(1, dr[1]);
	native_set_debugreg(2, dr[2]);
	native_set_debugreg(3, dr[3]);
	native_set_debugreg(6, dr6);
}

/* What a TD exit leaves in the MSRs that it does not restore. */
static const u64 vmx_lost_msr[VMX_NR_MSRS] = {
	[VMX_MSR_FMASK]		= X86_EFLAGS_IF | X86_EFLAGS_VM,
};

#define VMX_KEPT_DEBUGCTL	(DEBUGCTLMSR_BTF |			\
				 DEBUGCTLMSR_FREEZE_PERFMON_ON_PMI |	\
				 DEBUGCTLMSR_FREEZE_IN_SMM)

/*
 * The state that a TD exit on hardware does not give back to the host.  One that
 * forgets to restore it is found here, too.
 */
void vmx_host_lose(const struct sw_run *run, const struct vmx_host *h)
{
	static const u64 no_dr[4];
	int i;

	for (i = 0; i < VMX_NR_MSRS; i++)
		vmx_wrmsr(vmx_switched_msr[i], vmx_lost_msr[i]);
	if (h->xss != (run->td->tdcs->xfam & VMX_XSS))
		vmx_wrmsr(MSR_IA32_XSS, run->td->tdcs->xfam & VMX_XSS);
	if (sw_td_has_cet(run->td->tdcs)) {
		for (i = 0; i < VMX_NR_CET_MSRS; i++)
			vmx_wrmsr(vmx_cet_msr[i], 0);
	}
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		wrpkru(0);
	native_set_debugreg(7, VMX_DR7_INIT);
	vmx_load_debug(no_dr, VMX_DR6_INIT);
	if (h->debugctl & ~VMX_KEPT_DEBUGCTL)
		vmx_wrmsr(MSR_IA32_DEBUGCTLMSR, h->debugctl & VMX_KEPT_DEBUGCTL);
	vmx_write_xcr0(run->td->tdcs->xfam & h->xcr0);
}

/* What the TD's state will take the place of. */
void vmx_state_save(struct vmx_host *h)
{
	int i;

	for (i = 0; i < VMX_NR_MSRS; i++)
		h->msr[i] = __rdmsr(vmx_switched_msr[i]);
	if (boot_cpu_has(X86_FEATURE_XSAVES))
		h->xss = __rdmsr(MSR_IA32_XSS);
	if (vmx_caps.spec_ctrl)
		h->spec_ctrl = __rdmsr(MSR_IA32_SPEC_CTRL);
	h->xcr0 = vmx_read_xcr0();
	vmx_xsave(h->xsave, h->xcr0);
}

static u64 *guest_msr(struct sw_tdvps *vp, int i)
{
	switch (i) {
	case VMX_MSR_STAR:
		return &vp->star;
	case VMX_MSR_LSTAR:
		return &vp->lstar;
	case VMX_MSR_FMASK:
		return &vp->fmask;
	case VMX_MSR_KERNEL_GS:
		return &vp->kernel_gs_base;
	default:
		return &vp->tsc_aux;
	}
}

/* CET's registers that no VMCS field holds. */
static u64 *guest_cet_msr(struct sw_tdvps *vp, int i)
{
	return i ? &vp->pl_ssp[i - 1] : &vp->u_cet;
}

static void guest_cet_load(struct sw_run *run, struct vmx_host *h)
{
	int i;

	if (!sw_td_has_cet(run->td->tdcs))
		return;
	for (i = 0; i < VMX_NR_CET_MSRS; i++) {
		h->cet[i] = __rdmsr(vmx_cet_msr[i]);
		vmx_wrmsr(vmx_cet_msr[i], *guest_cet_msr(run->vp, i));
	}
}

static void guest_cet_put(struct sw_run *run, const struct vmx_host *h)
{
	int i;

	if (!sw_td_has_cet(run->td->tdcs))
		return;
	for (i = 0; i < VMX_NR_CET_MSRS; i++) {
		*guest_cet_msr(run->vp, i) = __rdmsr(vmx_cet_msr[i]);
		vmx_wrmsr(vmx_cet_msr[i], h->cet[i]);
	}
}

void vmx_guest_state_load(struct sw_run *run, struct vmx_host *h)
{
	struct sw_tdvps *vp = run->vp;
	u64 xfam = run->td->tdcs->xfam & h->xcr0;
	int i;

	for (i = 0; i < VMX_NR_MSRS; i++)
		if (h->msr[i] != *guest_msr(vp, i))
			vmx_wrmsr(vmx_switched_msr[i], *guest_msr(vp, i));
	guest_cet_load(run, h);
	if (h->xss != vp->xss)
		vmx_wrmsr(MSR_IA32_XSS, vp->xss);
	if (vmx_caps.spec_ctrl)
		vmx_wrmsr(MSR_IA32_SPEC_CTRL, vp->spec_ctrl);
	vmx_load_debug(vp->dr, vp->dr6);
	native_write_cr2(vp->cr2);
	/* Everything that the TD may use, so that nothing of the host stays. */
	if (xfam != h->xcr0)
		vmx_write_xcr0(xfam);
	vmx_xrstor(sw_tdvps_page(vp, SW_TDVPS_XBUFF), xfam);
	if (vp->xcr0 != xfam)
		vmx_write_xcr0(vp->xcr0);
}

void vmx_guest_state_put(struct sw_run *run, struct vmx_host *h)
{
	struct sw_tdvps *vp = run->vp;
	u64 xfam = run->td->tdcs->xfam & h->xcr0;
	int i;

	if (vp->xcr0 != xfam)
		vmx_write_xcr0(xfam);
	vmx_xsave(sw_tdvps_page(vp, SW_TDVPS_XBUFF), xfam);
	guest_cet_put(run, h);
	vp->cr2 = native_read_cr2();
	vp->dr[0] = native_get_debugreg(0);
	vp->dr[1] = native_get_debugreg(1);
	vp->dr[2] = native_get_debugreg(2);
	vp->dr[3] = native_get_debugreg(3);
	vp->dr6 = native_get_debugreg(6);
	if (vmx_caps.spec_ctrl)
		vp->spec_ctrl = __rdmsr(MSR_IA32_SPEC_CTRL);
	for (i = 0; i < VMX_NR_MSRS; i++)
		*guest_msr(vp, i) = __rdmsr(vmx_switched_msr[i]);
}
