// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEAM's instructions in an ordinary VMX guest of the host.  The guest is the host's own
 * kernel, which goes on in non-root operation at guest_code until its first VM exit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irqflags.h>

#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include <asm/vmx.h>

#include "host.h"

#define RIGHTS_CODE	0xa09b
#define RIGHTS_DATA	0xc093
#define RIGHTS_TSS	0x8b
#define RIGHTS_NONE	0x10000
#define EXIT_SEAMCALL	76

/* In call.S. */
extern const u8 host_guest_seamcall[], host_guest_tdcall[];
u64 host_guest_enter(void);

static u32 controls(u32 msr, u32 wanted)
{
	u64 allowed = __rdmsr(msr);

	return (wanted | (u32)allowed) & (u32)(allowed >> 32);
}

static void write_controls(void)
{
	host_vmwrite(PIN_BASED_VM_EXEC_CONTROL, controls(MSR_IA32_VMX_TRUE_PINBASED_CTLS, 0));
	host_vmwrite(CPU_BASED_VM_EXEC_CONTROL, controls(MSR_IA32_VMX_TRUE_PROCBASED_CTLS, 0));
	host_vmwrite(VM_EXIT_CONTROLS, controls(MSR_IA32_VMX_TRUE_EXIT_CTLS,
						VM_EXIT_HOST_ADDR_SPACE_SIZE));
	host_vmwrite(VM_ENTRY_CONTROLS, controls(MSR_IA32_VMX_TRUE_ENTRY_CTLS,
						 VM_ENTRY_IA32E_MODE));
	host_vmwrite(EXCEPTION_BITMAP, ~0U);
	host_vmwrite(VMCS_LINK_POINTER, ~0UL);
}

static void write_segment(unsigned int i, u16 selector, u32 limit, u32 rights, u64 base)
{
	host_vmwrite(GUEST_ES_SELECTOR + 2 * i, selector);
	host_vmwrite(GUEST_ES_LIMIT + 2 * i, limit);
	host_vmwrite(GUEST_ES_AR_BYTES + 2 * i, rights);
	host_vmwrite(GUEST_ES_BASE + 2 * i, base);
}

static void write_guest(const u8 *rip)
{
	unsigned int i;

	/* ES, CS, SS, DS, FS, GS, LDTR, TR. */
	for (i = 0; i < 8; i++)
		write_segment(i, 0, 0, RIGHTS_NONE, 0);
	write_segment(1, __KERNEL_CS, ~0U, RIGHTS_CODE, 0);
	write_segment(2, __KERNEL_DS, ~0U, RIGHTS_DATA, 0);
	write_segment(7, GDT_ENTRY_TSS * 8, 0x67, RIGHTS_TSS,
		      (u64)&get_cpu_entry_area(raw_smp_processor_id())->tss.x86_tss);
	host_vmwrite(GUEST_CR0, native_read_cr0());
	host_vmwrite(GUEST_CR3, __native_read_cr3());
	host_vmwrite(GUEST_CR4, native_read_cr4());
	host_vmwrite(GUEST_DR7, 0x400);
	host_vmwrite(GUEST_RFLAGS, 2);
	host_vmwrite(GUEST_RIP, (unsigned long)rip);
}

static void write_host(const struct desc_ptr *gdt, const struct desc_ptr *idt)
{
	host_vmwrite(HOST_CS_SELECTOR, __KERNEL_CS);
	host_vmwrite(HOST_SS_SELECTOR, __KERNEL_DS);
	host_vmwrite(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	host_vmwrite(HOST_FS_BASE, __rdmsr(MSR_FS_BASE));
	host_vmwrite(HOST_GS_BASE, __rdmsr(MSR_GS_BASE));
	host_vmwrite(HOST_TR_BASE,
		     (u64)&get_cpu_entry_area(raw_smp_processor_id())->tss.x86_tss);
	host_vmwrite(HOST_GDTR_BASE, gdt->address);
	host_vmwrite(HOST_IDTR_BASE, idt->address);
	host_vmwrite(HOST_CR0, native_read_cr0());
	host_vmwrite(HOST_CR3, __native_read_cr3());
	host_vmwrite(HOST_CR4, native_read_cr4());
	host_vmwrite(HOST_IA32_SYSENTER_CS, __rdmsr(MSR_IA32_SYSENTER_CS));
	host_vmwrite(HOST_IA32_SYSENTER_ESP, __rdmsr(MSR_IA32_SYSENTER_ESP));
	host_vmwrite(HOST_IA32_SYSENTER_EIP, __rdmsr(MSR_IA32_SYSENTER_EIP));
}

/* What ended a guest that executes @code: the exit reason, or ~0. */
static u64 run_guest(u64 vmcs, const u8 *code, u64 *interruption)
{
	struct desc_ptr gdt, idt;
	u64 reason = ~0ULL;

	host_vmclear(vmcs);
	host_vmptrld(vmcs);
	native_store_gdt(&gdt);
	store_idt(&idt);
	write_controls();
	write_guest(code);
	write_host(&gdt, &idt);
	if (host_guest_enter())
		pr_info("# VM error %llu\n", host_vmread(VM_INSTRUCTION_ERROR));
	else
		reason = host_vmread(VM_EXIT_REASON);
	/* An exit leaves limits of its own. */
	native_load_gdt(&gdt);
	native_load_idt(&idt);
	invalidate_tss_limit();
	if (host_vmread(GUEST_RIP) != (unsigned long)code)
		pr_info("# the guest is at %#llx\n", host_vmread(GUEST_RIP));
	*interruption = host_vmread(VM_EXIT_INTR_INFO);
	host_vmclear(vmcs);
	return reason;
}

void test_guest(void)
{
	u64 vmcs = host_new_vmcs(), seamcall, tdcall, interruption;
	unsigned long flags;

	local_irq_save(flags);
	seamcall = run_guest(vmcs, host_guest_seamcall, &interruption);
	tdcall = run_guest(vmcs, host_guest_tdcall, &interruption);
	local_irq_restore(flags);
	check_eq(seamcall, EXIT_SEAMCALL, "SEAMCALL in a VMX guest is a VM exit, reason 76");
	check(tdcall == EXIT_REASON_EXCEPTION_NMI &&
	      interruption == (INTR_INFO_VALID_MASK | INTR_TYPE_HARD_EXCEPTION | HOST_UD),
	      "TDCALL in a VMX guest that is no TD is #UD");
}
