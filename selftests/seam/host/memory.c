// SPDX-License-Identifier: GPL-2.0-only
/* SEAMRR as the host sees it, and the host's memory as the module does. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/e820/api.h>
#include <asm/msr.h>

#include "host.h"

#define PATTERN		0x0123456789abcdefULL

u64 seamrr_base(void)
{
	return __rdmsr(MSR_SEAMRR_BASE) & ~(SEAMRR_SIZE - 1);
}

static u64 peek(u64 pa)
{
	struct host_call call;

	if (seam_call(SEAM_PEEK, pa, 0, 0, &call) != SEAM_STATUS_OK)
		return 0xbad;
	return call.regs.r[SEAM_RDX];
}

static void check_msrs(void)
{
	u64 base = __rdmsr(MSR_SEAMRR_BASE), mask = __rdmsr(MSR_SEAMRR_MASK);

	check(seamrr_base() && !((base ^ seamrr_base()) & PAGE_MASK),
	      "SEAMRR is aligned to its size");
	check_eq(mask & (SEAMRR_SIZE * 2 - 1) & PAGE_MASK, SEAMRR_SIZE,
		 "SEAMRR has 32 MiB");
	check(!e820__mapped_any(seamrr_base(), seamrr_base() + SEAMRR_SIZE, E820_TYPE_RAM) &&
	      e820__mapped_any(seamrr_base(), seamrr_base() + SEAMRR_SIZE,
			       E820_TYPE_RESERVED),
	      "the memory map reserves SEAMRR");
}

static void check_keyholes(void)
{
	u64 page = host_page(), *word = __va(page);

	word[5] = PATTERN;
	check_eq(peek(page + 40), PATTERN, "the module reads the host's memory");
	seam_call0(SEAM_POKE, page + 48, ~PATTERN);
	check(word[6] == ~PATTERN && word[5] == PATTERN && !word[7],
	      "the module writes the host's memory");
}

static bool all_ones(const void *p, size_t size)
{
	return !memchr_inv(p, 0xff, size);
}

/* By words of each size, and by a string instruction. */
static bool reads_ones(void *p, void *copy)
{
	volatile u64 *q = p;
	volatile u32 *d = p;
	volatile u8 *b = p;

	memset(copy, 0, PAGE_SIZE);
	memcpy(copy, p, PAGE_SIZE);
	return q[1] == ~0ULL && d[3] == ~0U && b[8] == 0xff && q[511] == ~0ULL &&
	       all_ones(copy, PAGE_SIZE);
}

static void write_all(void *p, const void *zeroes)
{
	volatile u64 *q = p;
	volatile u8 *b = p;

	q[1] = PATTERN;
	b[16] = 0x55;
	memcpy(p, zeroes, PAGE_SIZE);
	memset(p, 0x5a, PAGE_SIZE);
}

/* The page of SYS_INFO, whose second word has the number of CPUs. */
static void check_hidden(void *p, const char *how)
{
	u64 pa = seamrr_base() + 8, before = peek(pa), last = peek(pa + 4080);
	void *copy = kzalloc(PAGE_SIZE, GFP_KERNEL), *zeroes = kzalloc(PAGE_SIZE, GFP_KERNEL);

	if (p && copy && zeroes) {
		check(before != ~0ULL && before != 0xbad && reads_ones(p, copy),
		      "the host reads all ones in SEAMRR, %s", how);
		write_all(p, zeroes);
		check(peek(pa) == before && peek(pa + 4080) == last && reads_ones(p, copy),
		      "the host's writes to SEAMRR vanish, %s", how);
	} else {
		check(false, "the host can map SEAMRR, %s", how);
	}
	kfree(copy);
	kfree(zeroes);
}

static void check_last_page(void)
{
	u64 pa = seamrr_base() + SEAMRR_SIZE - 2 * PAGE_SIZE;
	u64 *p = memremap(pa, 2 * PAGE_SIZE, MEMREMAP_WB);

	if (!p) {
		check(false, "the host can map the end of SEAMRR");
		return;
	}
	check(all_ones(p, 2 * PAGE_SIZE), "the host reads all ones up to SEAMRR's end");
	memunmap(p);
}

/* The VMCS is no memory that the host may clear or load, either. */
static void check_transfer_vmcs(void)
{
	u64 pa = seamrr_base() + PAGE_SIZE, revision = peek(pa);
	unsigned long flags;
	bool loaded;

	local_irq_save(flags);
	loaded = host_vmptrld(pa);
	host_vmclear(pa);
	local_irq_restore(flags);
	check(!loaded, "the host cannot make a transfer VMCS its own");
	check(peek(pa) == revision && seam_call0(SEAM_ECHO, 0, 0) != ~0ULL,
	      "the host's VMCLEAR does not reach a transfer VMCS");
}

void test_memory(void)
{
	void *p;

	check_msrs();
	check_keyholes();
	p = memremap(seamrr_base(), PAGE_SIZE, MEMREMAP_WB);
	check_hidden(p, "cached");
	if (p)
		memunmap(p);
	p = (void __force *)ioremap(seamrr_base(), PAGE_SIZE);
	check_hidden(p, "uncached");
	if (p)
		iounmap((void __iomem __force *)p);
	check_last_page();
	check_transfer_vmcs();
}
