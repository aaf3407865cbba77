/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules for faults on purpose: chosen calls of a leaf answer a chosen status.
 * Nothing armed costs one load for each call and each lock.
 */
#ifndef _SWMOD_FAULT_RULE_H
#define _SWMOD_FAULT_RULE_H

#include "core/core.h"

#define SW_FAULT_RULES		16

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

/* Of the rules, and of who else counts in sw_fault_armed. */
void sw_fault_lock(void);
void sw_fault_unlock(void);
/* False if there is no room. */
bool sw_fault_arm(const struct sw_fault *fault);
/* Under the lock: forget all, and the @i-th as text unless it is unused. */
void sw_fault_clear_rules(void);
void sw_fault_rule_line(unsigned int i, char *buf, size_t size);

/* True if @status answers the call right away; @r is a SEAMCALL's. */
bool sw_fault_begin(enum sw_stat_kind kind, u32 leaf, struct sw_regs *r,
		    u64 *status);
/* The status that replaces the one of a leaf that was refused a lock, or 0. */
u64 sw_fault_end(enum sw_stat_kind kind);

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

#endif /* _SWMOD_FAULT_RULE_H */
