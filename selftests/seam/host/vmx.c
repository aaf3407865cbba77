// SPDX-License-Identifier: GPL-2.0-only
/* VMX operation without KVM, and its instructions. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/smp.h>

#include <asm/asm.h>
#include <asm/msr.h>
#include <asm/tlbflush.h>
#include <asm/vmx.h>

#include "host.h"

static DEFINE_PER_CPU(u64, vmxon_region);
static DEFINE_PER_CPU(bool, in_vmx);
static atomic_t vmxon_failed;

u64 host_new_vmcs(void)
{
	u64 pa = host_page();

	if (pa)
		*(u32 *)__va(pa) = __rdmsr(MSR_IA32_VMX_BASIC) & 0x7fffffff;
	return pa;
}

static void host_vmxon(void *unused)
{
	u64 pa = __this_cpu_read(vmxon_region);
	bool ok = false;

	cr4_set_bits(X86_CR4_VMXE);
	asm volatile("1: vmxon %1\n\t"
		     "seta %0\n"
		     "2:\n\t"
		     _ASM_EXTABLE(1b, 2b)
		     : "+m" (ok) : "m" (pa) : "memory", "cc");
	__this_cpu_write(in_vmx, ok);
	if (!ok)
		atomic_inc(&vmxon_failed);
}

static void host_vmxoff(void *unused)
{
	if (!__this_cpu_read(in_vmx))
		return;
	asm volatile("vmxoff" : : : "memory", "cc");
	__this_cpu_write(in_vmx, false);
	cr4_clear_bits(X86_CR4_VMXE);
}

int host_vmxon_all(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		per_cpu(vmxon_region, cpu) = host_new_vmcs();
		if (!per_cpu(vmxon_region, cpu))
			return -ENOMEM;
	}
	on_each_cpu(host_vmxon, NULL, 1);
	return atomic_read(&vmxon_failed) ? -EIO : 0;
}

void host_vmxoff_all(void)
{
	on_each_cpu(host_vmxoff, NULL, 1);
}

u64 host_vmptrst(void)
{
	u64 pa;

	asm volatile("vmptrst %0" : "=m" (pa) : : "memory", "cc");
	return pa;
}

bool host_vmclear(u64 pa)
{
	bool ok;

	asm volatile("vmclear %1\n\tseta %0" : "=q" (ok) : "m" (pa) : "memory", "cc");
	return ok;
}

bool host_vmptrld(u64 pa)
{
	bool ok;

	asm volatile("vmptrld %1\n\tseta %0" : "=q" (ok) : "m" (pa) : "memory", "cc");
	return ok;
}

u64 host_vmread(unsigned long field)
{
	u64 val = ~0ULL;

	asm volatile("vmread %1, %0" : "+r" (val) : "r" (field) : "cc");
	return val;
}

bool host_vmwrite(unsigned long field, unsigned long val)
{
	bool ok;

	asm volatile("vmwrite %2, %1\n\tseta %0" : "=q" (ok) : "r" (field), "rm" (val)
		     : "cc");
	return ok;
}
