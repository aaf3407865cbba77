// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD with supervisor protection keys and shadow stacks: it uses both, and says
 * after each exit to the VMM whether they are still what it made them.
 */
#include "guest_lib.h"

#define MSR_U_CET	0x6a0
#define MSR_S_CET	0x6a2
#define MSR_PL0_SSP	0x6a4
#define MSR_PL3_SSP	0x6a7
#define MSR_INT_SSP	0x6a8
#define MSR_PKRS	0x6e1
#define MSR_XSS		0xda0
#define CR0_WP		(1ULL << 16)
#define CR4_CET		(1ULL << 23)
#define CR4_PKS		(1ULL << 24)
#define PKRS_DENY_1	(1 << 2)	/* no access by key 1 */
#define PTE_KEY_1	(1ULL << 59)
/* Present, accessed, dirty and read-only: a shadow stack. */
#define PTE_SHADOW	0x61

/* Pages of RAM, in this order, and where the first two are mapped besides. */
enum { PAGE_DATA, PAGE_SHADOW, PAGE_PT, PAGE_PD, PAGE_PDPT, NR_PAGES };
#define WINDOW		(1ULL << 40)
#define PAGE(n)		((u64 *)(RAM_BASE + (n) * 4096ULL))

/* guest_start.S */
extern u64 pml4[512];
extern char trap_cp[];
u64 cet_shadow(u64 seed);
void cet_bad_return(void);

static volatile u64 fault_error, fault_count, running;

/* A #PF or #CP that is part of the test? */
int features_trap(unsigned int vector, u64 *frame)
{
	if (!running || (vector != 14 && vector != 21))
		return 0;
	/* 15: the error code, behind 15 registers. */
	fault_error = frame[15];
	fault_count++;
	if (vector == 14)
		wrmsr(MSR_PKRS, 0);
	else
		wrmsr(MSR_S_CET, 0);
	return 1;
}

static void map_window(void)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		tdcall(6, (u64)PAGE(i), 0, 0);
	PAGE(PAGE_PT)[0] = (u64)PAGE(PAGE_DATA) | 3 | PTE_KEY_1;
	PAGE(PAGE_PT)[1] = (u64)PAGE(PAGE_SHADOW) | PTE_SHADOW;
	PAGE(PAGE_PD)[0] = (u64)PAGE(PAGE_PT) | 3;
	PAGE(PAGE_PDPT)[0] = (u64)PAGE(PAGE_PD) | 3;
	pml4[2] = (u64)PAGE(PAGE_PDPT) | 3;
	asm volatile("movq %%cr3, %%rax; movq %%rax, %%cr3" : : : "rax", "memory");
}

static void set_cr4(u64 bits)
{
	u64 cr4;

	asm volatile("movq %%cr4, %0" : "=r" (cr4));
	asm volatile("movq %0, %%cr4" : : "r" (cr4 | bits) : "memory");
}

static void set_write_protect(void)
{
	u64 cr0;

	asm volatile("movq %%cr0, %0" : "=r" (cr0));
	asm volatile("movq %0, %%cr0" : : "r" (cr0 | CR0_WP) : "memory");
}

/* @seed tells two TDs on one CPU from each other: bits of keys 2 to 15. */
static void use_keys(u64 seed)
{
	volatile u64 *data = (volatile u64 *)WINDOW;
	u64 pkrs = (seed & 0xff) << 8;

	set_cr4(CR4_PKS);
	wrmsr(MSR_PKRS, pkrs);
	*data = seed;
	wrmsr(MSR_PKRS, pkrs | PKRS_DENY_1);
	/* The exit to the VMM that this makes is part of the test. */
	report(rdmsr(MSR_PKRS) == (pkrs | PKRS_DENY_1));
	report(rdmsr(MSR_PKRS) == (pkrs | PKRS_DENY_1));
	fault_count = 0;
	report(*data == seed);
	report(fault_count);
	report(fault_error);
}

/* With the shadow stack on; called, so that this one returns by it. */
u64 cet_shadow(u64 seed)
{
	static const u32 msrs[] = { MSR_U_CET, 0x6a5, 0x6a6, MSR_PL3_SSP, MSR_INT_SSP };
	u64 ssp, now, same = 0, i;

	/* U_CET: legacy bitmaps at an address; pointers are multiples of 8. */
	for (i = 0; i < 5; i++)
		wrmsr(msrs[i], i ? (seed << 12) + 8 * i : seed << 12 | 3);
	wrmsr(MSR_XSS, 0x1000);
	asm volatile("rdsspq %0" : "=r" (ssp) : "0" (0ULL));
	report(ssp);
	report(0);
	for (i = 0; i < 5; i++)
		same += rdmsr(msrs[i]) == (i ? (seed << 12) + 8 * i : seed << 12 | 3);
	report(same);
	report(rdmsr(MSR_S_CET));
	report(rdmsr(MSR_XSS));
	asm volatile("rdsspq %0" : "=r" (now) : "0" (0ULL));
	return now == ssp;
}

/* On the way: the token that SETSSBSY wants at the top of the stack. */
static void use_shadow_stack(u64 seed)
{
	u64 top = WINDOW + 4096 + 4088, same;

	PAGE(PAGE_SHADOW)[511] = top;
	set_write_protect();
	set_cr4(CR4_CET);
	wrmsr(MSR_PL0_SSP, top);
	asm volatile("wrmsr\n\tsetssbsy\n\tcall cet_shadow\n\tmovq %%rax, %%rbx\n\t"
		     "call cet_bad_return\n\t"
		     : "=&b" (same)
		     : "c" (MSR_S_CET), "a" (1), "d" (0), "D" (seed)
		     : "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
	report(same);
	report(fault_count);
	report(fault_error);
}

void test_features(u64 seed)
{
	running = 1;
	set_idt();
	set_gate(21, trap_cp);
	map_window();
	use_keys(seed);
	fault_count = 0;
	use_shadow_stack(seed);
}
