/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's parts, one a file. */
#ifndef SEAM_H
#define SEAM_H

#include "insn.h"
#include "local.h"
#include "vmx.h"

static inline struct local *local(void)
{
	u64 base;

	asm volatile("rdgsbase %0" : "=r" (base));
	return (struct local *)base;
}

static inline const struct sys_info *sys_info(void)
{
	u64 base;

	asm volatile("rdfsbase %0" : "=r" (base));
	return (const struct sys_info *)base;
}

/* entry.S, idt.S */
void seam_entry(void);
void seam_fault_wrapper(void);
extern const u64 seam_idt_gdt[];
bool seam_try(void (*fn)(u64), u64 arg);
void seam_triple_fault(void) __attribute__((noreturn));

/* memory.c: this CPU's number, and its linear address @slot mapped to @pa. */
u64 cpu_number(void);
void *keyhole(unsigned int slot, u64 pa);
void keyhole_clear(unsigned int slot);
volatile u64 *keyhole_word(u64 pa);

enum keyhole_slot {
	SLOT_ANY,
	SLOT_EMPTY,
	SLOT_TD,
};

_Static_assert(SLOT_TD + SEAM_TD_PAGES <= SEAM_KEYHOLES, "keyholes");

/* A leaf takes and gives registers, and returns its status. */
u64 leaf_echo(struct seam_regs *regs);
u64 leaf_state(struct seam_regs *regs);
u64 leaf_peek(struct seam_regs *regs);
u64 leaf_poke(struct seam_regs *regs);
u64 leaf_wait(struct seam_regs *regs);
u64 leaf_meet(struct seam_regs *regs);
u64 leaf_fault(struct seam_regs *regs);
u64 leaf_td_build(struct seam_regs *regs);
u64 leaf_td_enter(struct seam_regs *regs);
u64 leaf_crash(struct seam_regs *regs);

/* event.c */
void send_ipi(u64 icr);

/* enter.S: CF and ZF of a failed entry, 0 after a VM exit. */
unsigned int td_enter(struct seam_regs *regs);

#endif /* SEAM_H */
