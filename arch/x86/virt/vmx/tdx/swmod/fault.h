/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on purpose: chosen calls of a leaf answer a chosen status, and locks
 * are held as if another CPU were in the middle of a leaf.
 *
 * Rules come as text (debugfs, tests) or as structures.  Nothing armed costs
 * one load for each call and each lock.
 */
#ifndef _SWMOD_FAULT_H
#define _SWMOD_FAULT_H

#include "core.h"

#define SW_FAULT_RULES		16
#define SW_FAULT_HOLDS		8
#define SW_FAULT_LINE		192

enum sw_fault_when {
	SW_FAULT_BEFORE,	/* the leaf does not run at all */
	SW_FAULT_AFTER,		/* the lock after the first @locks is refused */
	SW_FAULT_EXIT,		/* VP.ENTER: this VM exit before any instruction */
};

struct sw_fault {
	enum sw_stat_kind kind;
	u32 leaf;
	u64 status;		/* with an operand */
	u32 nth;		/* the first call to fail, from 1; 0: as 1 */
	u32 times;		/* calls that fail; 0: no limit */
	u32 rate;		/* share of calls in percent; 0: all */
	u64 seed;
	enum sw_fault_when when;
	u32 locks;
	/* SW_FAULT_EXIT, or a status of VP.ENTER that carries an exit. */
	bool has_exit;
	u32 exit, intr;
	u64 qual, gpa;
};

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
/* False if there is no room. */
bool sw_fault_arm(const struct sw_fault *fault);
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

/* What a CPU's current call has to expect, for each kind of call. */
struct sw_fault_ctx {
	struct {
		u64 status;		/* 0: nothing */
		u32 locks;		/* to grant first */
		u32 rule;
		bool fired;
	} pending[SW_NR_STATS];
	/* The VM exit that VP.ENTER is to meet. */
	bool exit;
	u32 exit_rule;
};

struct sw_fault_ctx *sw_fault_ctx(void);	/* of this CPU; by the OS */

/* --- fault_text.c: what both directions of text need --- */
bool sw_parse_number(const char *s, u64 *val);
bool sw_parse_hold(const char *s, enum sw_hold_lock *lock);
const char *sw_operand_name(u32 id);

#endif /* _SWMOD_FAULT_H */
