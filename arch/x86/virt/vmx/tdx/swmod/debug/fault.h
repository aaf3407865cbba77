/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on purpose: chosen calls of a leaf answer a chosen status, and locks
 * are held as if another CPU were in the middle of a leaf.
 *
 * Rules come as text (debugfs, tests) or as structures.
 */
#ifndef _SWMOD_FAULT_H
#define _SWMOD_FAULT_H

#include "core/fault_rule.h"

#define SW_FAULT_HOLDS		8
#define SW_FAULT_LINE		192

enum sw_hold_lock {
	SW_HOLD_TDR, SW_HOLD_OP_STATE, SW_HOLD_SEPT_TREE, SW_HOLD_TD_EPOCH,
	SW_HOLD_RTMR, SW_HOLD_ENTRY, SW_HOLD_KOT, SW_NR_HOLDS,
};

struct sw_hold {
	enum sw_hold_lock lock;
	enum sw_mode mode;
	u64 tdr_pa;
	u64 gpa;		/* SW_HOLD_ENTRY */
	u8 level;
	u32 calls;		/* SEAMCALLs until it is let go */
};

/*
 * All of these are for a context in which no SEAMCALL can be made on the same
 * CPU: the kernel calls them with interrupts off.
 */
/* 0, or the status of the leaf-like steps that take the lock. */
u64 sw_fault_hold(const struct sw_hold *hold);
/* Rules and holds; also done by SYS.DISABLE. */
void sw_fault_clear(void);
/* One line of text: true, or false with the reason in @why. */
bool sw_fault_parse(const char *line, char *why, size_t size);
/* The @i-th rule or hold as text; empty if unused, false beyond the end. */
bool sw_fault_line(unsigned int i, char *buf, size_t size);

/* --- for the dispatcher --- */
u64 sw_fault_seamcall(u32 leaf, sw_leaf_fn fn, struct sw_cpu *cpu,
		      struct sw_regs *r);

/* --- fault_text.c: what both directions of text need --- */
bool sw_parse_number(const char *s, u64 *val);
bool sw_parse_hold(const char *s, enum sw_hold_lock *lock);

#endif /* _SWMOD_FAULT_H */
