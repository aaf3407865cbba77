// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mapping of all memory, which this module wants and a loader does not give: it adds
 * tables of its own to those that it was loaded with.  It finds these through a keyhole.
 * Pages that a TDX module of hardware would map with their KeyID are mapped without.
 */
#include "os/seam/os_seam.h"

/* Free in the layout of any loader that keeps to the top of the address space's half. */
#define DIRECT_LA	0xffffc00000000000ULL
#define DIRECT_GIB	(SW_DIRECT_SIZE >> 30)

#define PTE_LEAF	0x80000000000000e3ULL	/* present, writable, 2 MiB, NX */
#define PTE_KEYHOLE	0x8000000000000063ULL
#define PTE_TABLE	0x63ULL
#define PTE_PFN		0x000ffffffffff000ULL

static u64 pdpt[512] __aligned(4096);
static u64 pd[DIRECT_GIB][512] __aligned(4096);

void *sw_va(u64 pa)
{
	return (void *)(DIRECT_LA + pa);
}

/* The CPU's first keyhole shows @pa. */
static u64 *peek(u64 pa)
{
	const struct sw_loader_info *info = sw_loader_info();
	u64 nr = (info->keyhole_size / info->cpus / SW_PAGE_SIZE) *
		 sw_seam_local()->cpu.lpid;
	u64 la = info->keyhole_base + nr * SW_PAGE_SIZE;

	sw_store(&((u64 *)info->edit_base)[nr], pa | PTE_KEYHOLE);
	asm volatile("invlpg (%0)" : : "r" (la) : "memory");
	return (u64 *)la;
}

static u64 page_tables(void)
{
	u64 val;

	asm volatile("mov %%cr3, %0" : "=r" (val));
	return val & PTE_PFN;
}

u64 sw_seam_pa(const void *va)
{
	u64 la = (u64)va, table = page_tables();
	int shift;

	for (shift = 39; shift >= 12; shift -= 9)
		table = peek(table)[la >> shift & 511] & PTE_PFN;
	return table;
}

void sw_direct_map(void)
{
	unsigned int gib, i;
	u64 entry;

	for (gib = 0; gib < DIRECT_GIB; gib++) {
		for (i = 0; i < 512; i++)
			pd[gib][i] = ((u64)gib << 30 | (u64)i << 21) | PTE_LEAF;
		pdpt[gib] = sw_seam_pa(pd[gib]) | PTE_TABLE;
	}
	entry = sw_seam_pa(pdpt) | PTE_TABLE;
	peek(page_tables())[DIRECT_LA >> 39 & 511] = entry;
}
