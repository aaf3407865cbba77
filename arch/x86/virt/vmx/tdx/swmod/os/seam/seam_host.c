// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a TD's exits come back to: the module itself.  Of the host's state most is in the
 * transfer VMCS, and what is not is lost on hardware.
 */
#include "vmx/vmx.h"

void vmx_host_save(struct vmx_host *h)
{
	h->debugctl = __rdmsr(MSR_IA32_DEBUGCTLMSR);
	vmx_state_save(h);
}

void vmx_host_restore(struct vmx_host *h)
{
	if (vmx_read_xcr0() != h->xcr0)
		vmx_write_xcr0(h->xcr0);
	vmx_xrstor(h->xsave, h->xcr0);
	if (vmx_caps.spec_ctrl)
		vmx_wrmsr(MSR_IA32_SPEC_CTRL, h->spec_ctrl);
}

void vmx_host_fields(const struct vmx_host *h)
{
	struct desc_ptr gdt, idt;

	asm volatile("sgdt %0; sidt %1" : "=m" (gdt), "=m" (idt));
	vmx_write(SW_VM_HOST_CR0, native_read_cr0());
	vmx_write(SW_VM_HOST_CR3, native_read_cr3());
	vmx_write(SW_VM_HOST_CR4, native_read_cr4());
	vmx_write(SW_VM_HOST_ES_SEL, 0);
	vmx_write(SW_VM_HOST_CS_SEL, 0x08);
	vmx_write(SW_VM_HOST_SS_SEL, 0x10);
	vmx_write(SW_VM_HOST_DS_SEL, 0);
	vmx_write(SW_VM_HOST_FS_SEL, 0x18);
	vmx_write(SW_VM_HOST_GS_SEL, 0x18);
	vmx_write(SW_VM_HOST_TR_SEL, 0x20);
	vmx_write(SW_VM_HOST_FS_BASE, (u64)sw_loader_info());
	vmx_write(SW_VM_HOST_GS_BASE, (u64)sw_seam_local());
	vmx_write(SW_VM_HOST_TR_BASE, 0);
	vmx_write(SW_VM_HOST_GDTR_BASE, gdt.address);
	vmx_write(SW_VM_HOST_IDTR_BASE, idt.address);
	vmx_write(SW_VM_HOST_SYSENTER_CS, 0);
	vmx_write(SW_VM_HOST_SYSENTER_ESP, 0);
	vmx_write(SW_VM_HOST_SYSENTER_EIP, 0);
	vmx_write(SW_VM_HOST_PAT, __rdmsr(MSR_IA32_CR_PAT));
	vmx_write(SW_VM_HOST_EFER, __rdmsr(MSR_EFER));
	if (vmx_caps.pks)
		vmx_write(SW_VM_HOST_PKRS, __rdmsr(VMX_MSR_PKRS));
	vmx_write(SW_VM_HOST_S_CET, __rdmsr(MSR_IA32_S_CET));
	vmx_write(SW_VM_HOST_INTR_SSP, 0);
}
