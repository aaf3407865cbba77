/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the MEM leaves begin and end with.
 */
#ifndef _SWMOD_LEAF_MEM_H
#define _SWMOD_LEAF_MEM_H

#include "host/leaf.h"

/* What a leaf accepts, and how it locks the tree. */
struct sw_mem_how {
	u8 min_level, max_level;
	enum sw_mode tree;
	bool any_state;			/* the leaf judges the state itself */
};

/* A TD with an entry of its S-EPT, locked, and pages that a leaf adds. */
struct sw_mem {
	struct sw_td td;
	struct sw_entry e;
	enum sw_sept_state state;
	u64 gpa;
	u8 level;
	struct sw_page page, old;
};

/* The operands; RCX and RDX are 0 from here on, until a leaf has more to say. */
static inline struct sw_regs sw_mem_begin(struct sw_regs *r)
{
	struct sw_regs in = *r;

	r->rcx = 0;
	r->rdx = 0;
	return in;
}

/*
 * RCX and RDX of @in; on failure the entry goes to @r where one was reached.
 */
u64 sw_mem_get(const struct sw_regs *in, struct sw_regs *r, u32 leaf,
	       const struct sw_mem_how *how, struct sw_mem *m);
void sw_mem_put(struct sw_mem *m);
u64 sw_mem_check_tracked(const struct sw_mem *m, struct sw_regs *r);
void sw_mem_no_l2_pages(struct sw_regs *r);
enum sw_sept_state sw_unblocked_form(enum sw_sept_state s);

#endif /* _SWMOD_LEAF_MEM_H */
