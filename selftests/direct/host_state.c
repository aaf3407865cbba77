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

/* Where snapshot_*() put them. */
enum { ITEM_MSRS = 10, ITEM_REGISTERS = ITEM_MSRS + ARRAY_SIZE(msrs) };
#define ITEM_DR0	(ITEM_REGISTERS + 4)
#define ITEM_DR3	(ITEM_REGISTERS + 5)
#define ITEM_DR6	(ITEM_REGISTERS + 6)
#define ITEM_DR7	(ITEM_REGISTERS + 7)
#define ITEM_XCR0	(ITEM_REGISTERS + 9)
#define ITEM_PKRU	(ITEM_REGISTERS + 10)
#define ITEM_XSS	(ITEM_REGISTERS + 11)

void direct_host_snapshot(struct direct_host *h)
{
	u64 *p = snapshot_tables(h->item);
	unsigned int i;

	BUILD_BUG_ON(ITEM_XSS + 1 != DIRECT_HOST_ITEMS);
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		*p++ = __rdmsr(msrs[i]);
	p = snapshot_registers(p);
	*p++ = boot_cpu_has(X86_FEATURE_OSPKE) ? rdpkru() : 0;
	*p++ = boot_cpu_has(X86_FEATURE_XSAVES) ? __rdmsr(MSR_IA32_XSS) : 0;
}

/* The MSRs that a TD exit sets to a value of its own. */
static bool msr_is_lost(u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_KERNEL_GS_BASE:
	case MSR_STAR:
	case MSR_LSTAR:
	case MSR_TSC_AUX:
		*val = 0;
		return true;
	case MSR_SYSCALL_MASK:
		*val = 0x20200;
		return true;
	case MSR_IA32_DEBUGCTLMSR:
		*val &= 0x5002;
		return true;
	default:
		return false;
	}
}

void direct_host_lost(struct direct_host *h, u64 xfam)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		msr_is_lost(msrs[i], &h->item[ITEM_MSRS + i]);
	h->item[ITEM_DR0] = 0;
	h->item[ITEM_DR3] = 0;
	h->item[ITEM_DR6] = 0xffff0ff0;
	h->item[ITEM_DR7] = 0x400;
	h->item[ITEM_XCR0] &= xfam;
	h->item[ITEM_PKRU] = 0;
	h->item[ITEM_XSS] = 0;
}

void direct_host_restore(const struct direct_host *h)
{
	u64 val = 0;
	u64 xcr0 = h->item[ITEM_XCR0];
	unsigned int i;

	asm volatile("xsetbv" : : "a" ((u32)xcr0), "d" ((u32)(xcr0 >> 32)), "c" (0));
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msr_is_lost(msrs[i], &val))
			wrmsrl(msrs[i], h->item[ITEM_MSRS + i]);
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		wrpkru(h->item[ITEM_PKRU]);
	if (boot_cpu_has(X86_FEATURE_XSAVES))
		wrmsrl(MSR_IA32_XSS, h->item[ITEM_XSS]);
	native_set_debugreg(0, h->item[ITEM_DR0]);
	native_set_debugreg(3, h->item[ITEM_DR3]);
	native_set_debugreg(6, h->item[ITEM_DR6]);
	native_set_debugreg(7, h->item[ITEM_DR7]);
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
