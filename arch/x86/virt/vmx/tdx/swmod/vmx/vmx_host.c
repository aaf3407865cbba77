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
		vmx_wrmsr(MSR_FS_BASE, h->fs_base);
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

/* First of all; the VMCS that is current is not ours yet. */
void vmx_host_save(struct vmx_host *h)
{
	save_segments(h);
	save_debug(h);
	h->cr2 = native_read_cr2();
	vmx_state_save(h);
}

void vmx_host_restore(struct vmx_host *h)
{
	int i;

	if (vmx_read_xcr0() != h->xcr0)
		vmx_write_xcr0(h->xcr0);
	vmx_xrstor(h->xsave, h->xcr0);
	restore_segments(h);
	for (i = 0; i < VMX_NR_MSRS; i++)
		if (__rdmsr(vmx_switched_msr[i]) != h->msr[i])
			vmx_wrmsr(vmx_switched_msr[i], h->msr[i]);
	if (boot_cpu_has(X86_FEATURE_XSAVES) && __rdmsr(MSR_IA32_XSS) != h->xss)
		vmx_wrmsr(MSR_IA32_XSS, h->xss);
	if (vmx_caps.spec_ctrl)
		vmx_wrmsr(MSR_IA32_SPEC_CTRL, h->spec_ctrl);
	native_write_cr2(h->cr2);
	vmx_load_debug(h->dr, h->dr6);
	if (h->debugctl)
		vmx_wrmsr(MSR_IA32_DEBUGCTLMSR, h->debugctl);
	/* Last, so that no breakpoint meets the guest's addresses. */
	native_set_debugreg(7, h->dr7);
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
