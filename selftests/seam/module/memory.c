// SPDX-License-Identifier: GPL-2.0-only
/* Physical memory, seen through a CPU's keyholes. */
#include "seam.h"

#define PAGE		4096ULL
/* Present, writable, accessed, dirty, not executable. */
#define PTE_KEYHOLE	(1ULL << 63 | 0x63)

/* The CPUs' local data follow the handoff data. */
u64 cpu_number(void)
{
	const struct sys_info *i = sys_info();
	u64 first = i->data_base + (i->handoff_pages + 1ULL) * PAGE;

	return ((u64)local() - first) / ((i->tls_pages + 1) * PAGE);
}

static void set_pte(unsigned int slot, u64 pte)
{
	const struct sys_info *i = sys_info();
	u64 index = cpu_number() * SEAM_KEYHOLES + slot;
	volatile u64 *table = (volatile u64 *)i->edit_base;
	u64 va = i->keyhole_base + index * PAGE;

	open_user_pages();
	table[index] = pte;
	close_user_pages();
	asm volatile("invlpg (%0)" : : "r" (va) : "memory");
}

void *keyhole(unsigned int slot, u64 pa)
{
	u64 index = cpu_number() * SEAM_KEYHOLES + slot;

	set_pte(slot, (pa & ~(PAGE - 1)) | PTE_KEYHOLE);
	return (void *)(sys_info()->keyhole_base + index * PAGE + pa % PAGE);
}

void keyhole_clear(unsigned int slot)
{
	set_pte(slot, 0);
}

volatile u64 *keyhole_word(u64 pa)
{
	return keyhole(SLOT_ANY, pa & ~7ULL);
}

u64 leaf_peek(struct seam_regs *regs)
{
	regs->r[SEAM_RDX] = *keyhole_word(regs->r[SEAM_RCX]);
	return SEAM_STATUS_OK;
}

u64 leaf_poke(struct seam_regs *regs)
{
	*keyhole_word(regs->r[SEAM_RCX]) = regs->r[SEAM_RDX];
	return SEAM_STATUS_OK;
}
