// SPDX-License-Identifier: GPL-2.0-only
/* The host's processor state, compared after every entry into the TD. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>

#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/special_insns.h>

#include "direct.h"

static const u32 msrs[] = {
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_STAR, MSR_LSTAR,
	MSR_CSTAR, MSR_SYSCALL_MASK, MSR_TSC_AUX, MSR_EFER, MSR_IA32_CR_PAT,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
	MSR_IA32_DEBUGCTLMSR,
};

static u64 *snapshot_tables(u64 *p)
{
	struct desc_ptr dt;
	u16 sel;

	native_store_gdt(&dt);
	*p++ = dt.size;
	*p++ = dt.address;
	store_idt(&dt);
	*p++ = dt.size;
	*p++ = dt.address;
	asm volatile("str %0" : "=m" (sel));
	*p++ = sel;
	asm volatile("sldt %0" : "=m" (sel));
	*p++ = sel;
	savesegment(ds, sel);
	*p++ = sel;
	savesegment(es, sel);
	*p++ = sel;
	savesegment(fs, sel);
	*p++ = sel;
	savesegment(gs, sel);
	*p++ = sel;
	return p;
}

static u64 *snapshot_registers(u64 *p)
{
	u32 lo, hi;

	*p++ = native_read_cr0();
	*p++ = native_read_cr2();
	*p++ = __native_read_cr3();
	*p++ = native_read_cr4();
	*p++ = native_get_debugreg(0);
	*p++ = native_get_debugreg(3);
	*p++ = native_get_debugreg(6);
	*p++ = native_get_debugreg(7);
	asm volatile("vmptrst (%0)" : : "r" (p) : "memory", "cc");
	p++;
	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	*p++ = lo | (u64)hi << 32;
	return p;
}

void direct_host_snapshot(struct direct_host *h)
{
	u64 *p = snapshot_tables(h->item);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		*p++ = __rdmsr(msrs[i]);
	p = snapshot_registers(p);
	while (p < h->item + DIRECT_HOST_ITEMS)
		*p++ = 0;
}

unsigned int direct_host_compare(struct direct_host *a,
				 const struct direct_host *b)
{
	unsigned int i, n = 0;

	for (i = 0; i < DIRECT_HOST_ITEMS; i++) {
		if (a->item[i] == b->item[i])
			continue;
		pr_err("host item %u was %#llx, is %#llx\n", i, a->item[i],
		       b->item[i]);
		a->item[i] = b->item[i];
		n++;
	}
	return n;
}
