// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEAMCALL is for CPUs in VMX operation.  KVM has them there while TDs can
 * exist, but not when a CPU comes online after kvm-intel was unloaded, or
 * when this module goes: then enter VMX operation for one leaf.
 */
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/perf_event.h>
#include <asm/asm.h>
#include <asm/msr.h>
#include <asm/page.h>
#include <asm/tlbflush.h>
#include <asm/vmx.h>

#include "host.h"

static int vmx_enter(void *region)
{
	u64 pa = __pa(region);
	int err = -EIO;
	u64 basic;

	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	*(u32 *)region = vmx_basic_vmcs_revision_id(basic);

	/* Processor trace may have to be off while VMX is on. */
	intel_pt_handle_vmx(1);
	cr4_set_bits_irqsoff(X86_CR4_VMXE);
	/* A fault skips the instruction that clears the error. */
	asm volatile("1: vmxon %[pa]\n\t"
		     "xorl %[err], %[err]\n\t"
		     "2:\n\t"
		     _ASM_EXTABLE(1b, 2b)
		     : [err] "+r" (err)
		     : [pa] "m" (pa)
		     : "cc", "memory");
	if (err) {
		cr4_clear_bits_irqsoff(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
	}
	return err;
}

static void vmx_leave(void)
{
	asm volatile("vmxoff" : : : "cc", "memory");
	cr4_clear_bits_irqsoff(X86_CR4_VMXE);
	intel_pt_handle_vmx(0);
}

/*
 * With interrupts off, nobody else can switch VMX on or off on this CPU:
 * KVM does it in the CPU's own hotplug thread or in an IPI.
 */
int tdx_run_in_vmx(u64 (*leaf)(void), u64 *status)
{
	void *region = (void *)get_zeroed_page(GFP_KERNEL);
	unsigned long flags;
	int ret = 0;

	if (!region)
		return -ENOMEM;

	local_irq_save(flags);
	if (cr4_read_shadow() & X86_CR4_VMXE) {
		*status = leaf();
	} else {
		ret = vmx_enter(region);
		if (!ret) {
			*status = leaf();
			vmx_leave();
		}
	}
	local_irq_restore(flags);

	free_page((unsigned long)region);
	return ret;
}
