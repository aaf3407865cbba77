// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's processor state around a TD: what VM exits do not restore by
 * themselves is saved here and put back.  Runs in the #UD handler with
 * interrupts off, so kernel_fpu_begin() and everything that may sleep or
 * trace is out of bounds; whatever the FPU holds, a task's or a guest's
 * state, is saved and restored as it is.
 */
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/gsseg.h>
#include <asm/msr.h>
#include <asm/special_insns.h>

#include "vmx/vmx.h"

bool sw_keep_host_state;

#define VMX_DR6_INIT		0xffff0ff0
#define VMX_DR7_INIT		0x400
/* Supervisor components that a TD can have: CET. */
#define VMX_XSS			(3ULL << 11)

static const u32 vmx_switched_msr[VMX_NR_MSRS] = {
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

static void wrmsr64(u32 msr, u64 val)
{
	native_wrmsr(msr, (u32)val, (u32)(val >> 32));
}

static u64 read_xcr0(void)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return lo | (u64)hi << 32;
}

static void write_xcr0(u64 val)
{
	asm volatile("xsetbv" : : "a" ((u32)val), "d" ((u32)(val >> 32)),
		     "c" (0) : "memory");
}

/* An XSETBV of the guest that was found valid. */
void sw_guest_set_xcr0(struct sw_run *run, u64 val)
{
	write_xcr0(val);
}

/* A WRMSR of the guest to IA32_XSS that was found valid. */
void sw_guest_set_xss(struct sw_run *run, u64 val)
{
	wrmsr64(MSR_IA32_XSS, val);
}

static void xsave(void *area, u64 mask)
{
	asm volatile("xsave64 (%0)" : : "r" (area), "a" ((u32)mask),
		     "d" ((u32)(mask >> 32)) : "memory");
}

static void xrstor(const void *area, u64 mask)
{
	asm volatile("xrstor64 (%0)" : : "r" (area), "a" ((u32)mask),
		     "d" ((u32)(mask >> 32)) : "memory");
}

static void save_segments(struct vmx_host *h)
{
	native_store_gdt(&h->gdt);
	store_idt(&h->idt);
	asm volatile("sldt %0" : "=m" (h->ldt));
	savesegment(ds, h->ds);
	savesegment(es, h->es);
	savesegment(fs, h->fs);
	savesegment(gs, h->gs);
	h->fs_base = __rdmsr(MSR_FS_BASE);
}

static void restore_segments(const struct vmx_host *h)
{
	native_load_gdt(&h->gdt);
	native_load_idt(&h->idt);
	/* A VM exit leaves a limit of 0x67, too small for an I/O bitmap. */
	invalidate_tss_limit();
	if (h->ldt)
		asm volatile("lldt %w0" : : "rm" (h->ldt));
	if (h->ds)
		loadsegment(ds, h->ds);
	if (h->es)
		loadsegment(es, h->es);
	if (h->fs) {
		loadsegment(fs, h->fs);
		wrmsr64(MSR_FS_BASE, h->fs_base);
	}
	/* Changes the inactive GS base, which is put back after this. */
	if (h->gs)
		native_load_gs_index(h->gs);
}

static void save_debug(struct vmx_host *h)
{
	h->dr7 = native_get_debugreg(7);
	if (h->dr7 & DR_GLOBAL_ENABLE_MASK)
		native_set_debugreg(7, VMX_DR7_INIT);
	h->dr[0] = native_get_debugreg(0);
	h->dr[1] = native_get_debugreg(1);
	h->dr[2] = native_get_debugreg(2);
	h->dr[3] = native_get_debugreg(3);
	h->dr6 = native_get_debugreg(6);
	h->debugctl = __rdmsr(MSR_IA32_DEBUGCTLMSR);
}

static void load_debug(const u64 dr[4], u64 dr6)
{
	native_set_debugreg(0, dr[0]);
	native_set_debugreg(1, dr[1]);
	native_set_debugreg(2, dr[2]);
	native_set_debugreg(3, dr[3]);
	native_set_debugreg(6, dr6);
}

/* First of all; the VMCS that is current is not ours yet. */
void vmx_host_save(struct vmx_host *h)
{
	int i;

	save_segments(h);
	save_debug(h);
	h->cr2 = native_read_cr2();
	for (i = 0; i < VMX_NR_MSRS; i++)
		h->msr[i] = __rdmsr(vmx_switched_msr[i]);
	if (boot_cpu_has(X86_FEATURE_XSAVES))
		h->xss = __rdmsr(MSR_IA32_XSS);
	if (vmx_caps.spec_ctrl)
		h->spec_ctrl = __rdmsr(MSR_IA32_SPEC_CTRL);
	h->xcr0 = read_xcr0();
	xsave(h->xsave, h->xcr0);
}

void vmx_host_restore(struct vmx_host *h)
{
	int i;

	if (read_xcr0() != h->xcr0)
		write_xcr0(h->xcr0);
	xrstor(h->xsave, h->xcr0);
	restore_segments(h);
	for (i = 0; i < VMX_NR_MSRS; i++)
		if (__rdmsr(vmx_switched_msr[i]) != h->msr[i])
			wrmsr64(vmx_switched_msr[i], h->msr[i]);
	if (boot_cpu_has(X86_FEATURE_XSAVES) && __rdmsr(MSR_IA32_XSS) != h->xss)
		wrmsr64(MSR_IA32_XSS, h->xss);
	if (vmx_caps.spec_ctrl)
		wrmsr64(MSR_IA32_SPEC_CTRL, h->spec_ctrl);
	native_write_cr2(h->cr2);
	load_debug(h->dr, h->dr6);
	if (h->debugctl)
		wrmsr64(MSR_IA32_DEBUGCTLMSR, h->debugctl);
	/* Last, so that no breakpoint meets the guest's addresses. */
	native_set_debugreg(7, h->dr7);
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
		wrmsr64(vmx_switched_msr[i], vmx_lost_msr[i]);
	if (h->xss != (run->td->tdcs->xfam & VMX_XSS))
		wrmsr64(MSR_IA32_XSS, run->td->tdcs->xfam & VMX_XSS);
	if (sw_td_has_cet(run->td->tdcs)) {
		for (i = 0; i < VMX_NR_CET_MSRS; i++)
			wrmsr64(vmx_cet_msr[i], 0);
	}
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		wrpkru(0);
	native_set_debugreg(7, VMX_DR7_INIT);
	load_debug(no_dr, VMX_DR6_INIT);
	if (h->debugctl & ~VMX_KEPT_DEBUGCTL)
		wrmsr64(MSR_IA32_DEBUGCTLMSR, h->debugctl & VMX_KEPT_DEBUGCTL);
	write_xcr0(run->td->tdcs->xfam & h->xcr0);
}

/* The host half of the VMCS; the CPU or the task may differ from last time. */
void vmx_host_fields(const struct vmx_host *h)
{
	vmx_write(SW_VM_HOST_CR0, native_read_cr0());
	vmx_write(SW_VM_HOST_CR3, __native_read_cr3());
	vmx_write(SW_VM_HOST_CR4, native_read_cr4());
	/* A VM exit wants selectors without RPL; ours come back later. */
	vmx_write(SW_VM_HOST_ES_SEL, 0);
	vmx_write(SW_VM_HOST_CS_SEL, __KERNEL_CS);
	vmx_write(SW_VM_HOST_SS_SEL, __KERNEL_DS);
	vmx_write(SW_VM_HOST_DS_SEL, 0);
	vmx_write(SW_VM_HOST_FS_SEL, 0);
	vmx_write(SW_VM_HOST_GS_SEL, 0);
	vmx_write(SW_VM_HOST_TR_SEL, GDT_ENTRY_TSS * 8);
	vmx_write(SW_VM_HOST_FS_BASE, h->fs_base);
	vmx_write(SW_VM_HOST_GS_BASE, __rdmsr(MSR_GS_BASE));
	vmx_write(SW_VM_HOST_TR_BASE,
		  (u64)&get_cpu_entry_area(smp_processor_id())->tss.x86_tss);
	vmx_write(SW_VM_HOST_GDTR_BASE, h->gdt.address);
	vmx_write(SW_VM_HOST_IDTR_BASE, h->idt.address);
	vmx_write(SW_VM_HOST_SYSENTER_CS, __rdmsr(MSR_IA32_SYSENTER_CS));
	vmx_write(SW_VM_HOST_SYSENTER_ESP, __rdmsr(MSR_IA32_SYSENTER_ESP));
	vmx_write(SW_VM_HOST_SYSENTER_EIP, __rdmsr(MSR_IA32_SYSENTER_EIP));
	vmx_write(SW_VM_HOST_PAT, __rdmsr(MSR_IA32_CR_PAT));
	vmx_write(SW_VM_HOST_EFER, __rdmsr(MSR_EFER));
	if (vmx_caps.pks)
		vmx_write(SW_VM_HOST_PKRS, __rdmsr(VMX_MSR_PKRS));
	if (vmx_caps.cet) {
		vmx_write(SW_VM_HOST_S_CET, __rdmsr(MSR_IA32_S_CET));
		vmx_write(SW_VM_HOST_SSP, 0);
		vmx_write(SW_VM_HOST_INTR_SSP,
			  __rdmsr(MSR_IA32_INT_SSP_TAB));
	}
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
		wrmsr64(vmx_cet_msr[i], *guest_cet_msr(run->vp, i));
	}
}

static void guest_cet_put(struct sw_run *run, const struct vmx_host *h)
{
	int i;

	if (!sw_td_has_cet(run->td->tdcs))
		return;
	for (i = 0; i < VMX_NR_CET_MSRS; i++) {
		*guest_cet_msr(run->vp, i) = __rdmsr(vmx_cet_msr[i]);
		wrmsr64(vmx_cet_msr[i], h->cet[i]);
	}
}

void vmx_guest_state_load(struct sw_run *run, struct vmx_host *h)
{
	struct sw_tdvps *vp = run->vp;
	u64 xfam = run->td->tdcs->xfam & h->xcr0;
	int i;

	for (i = 0; i < VMX_NR_MSRS; i++)
		if (h->msr[i] != *guest_msr(vp, i))
			wrmsr64(vmx_switched_msr[i], *guest_msr(vp, i));
	guest_cet_load(run, h);
	if (h->xss != vp->xss)
		wrmsr64(MSR_IA32_XSS, vp->xss);
	if (vmx_caps.spec_ctrl)
		wrmsr64(MSR_IA32_SPEC_CTRL, vp->spec_ctrl);
	load_debug(vp->dr, vp->dr6);
	native_write_cr2(vp->cr2);
	/* Everything that the TD may use, so that nothing of the host stays. */
	if (xfam != h->xcr0)
		write_xcr0(xfam);
	xrstor(sw_tdvps_page(vp, SW_TDVPS_XBUFF), xfam);
	if (vp->xcr0 != xfam)
		write_xcr0(vp->xcr0);
}

void vmx_guest_state_put(struct sw_run *run, struct vmx_host *h)
{
	struct sw_tdvps *vp = run->vp;
	u64 xfam = run->td->tdcs->xfam & h->xcr0;
	int i;

	if (vp->xcr0 != xfam)
		write_xcr0(xfam);
	xsave(sw_tdvps_page(vp, SW_TDVPS_XBUFF), xfam);
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
