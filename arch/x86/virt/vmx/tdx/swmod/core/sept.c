// SPDX-License-Identifier: GPL-2.0-only
/*
 * The secure EPT: real EPT tables in donated pages, whose ignored bits carry
 * each entry's state and lock.  The root is TDCS page 3; its upper half is the
 * guest side's business, private addresses are all below the shared bit.
 */
#include "core/core.h"

#define LEAF	1
#define PEND	2
#define BLKD	4

/* State bits of an entry, the number that leaves report, and properties. */
static const struct {
	u64 bits;
	u8 public;
	u8 flags;
} states[SW_NR_SEPT_STATES] = {
	[SW_ST_FREE] = { 0x00e0000000000000ULL, 0, 0 },
	[SW_ST_REMOVED] = { 0x00c0000000000000ULL, 5, 0 },
	[SW_ST_NL_MAPPED] = { 0x0000000000000000ULL, 132, 0 },
	[SW_ST_NL_BLOCKED] = { 0x0080000000000000ULL, 129, BLKD },
	[SW_ST_MAPPED] = { 0x00000000000000c0ULL, 4, LEAF },
	[SW_ST_BLOCKED] = { 0x00800000000000c0ULL, 1, LEAF | BLKD },
	[SW_ST_BLOCKEDW] = { 0x00400000000000c0ULL, 8, LEAF },
	[SW_ST_EXPORTED_BLOCKEDW] = { 0x00600000000000c0ULL, 9, LEAF },
	[SW_ST_EXPORTED_DIRTY] = { 0x00200000000002c0ULL, 11, LEAF },
	[SW_ST_EXPORTED_DIRTY_BLOCKEDW] = { 0x00600000000002c0ULL, 12, LEAF },
	[SW_ST_PENDING] = { 0x01000000000000c0ULL, 2, LEAF | PEND },
	[SW_ST_PENDING_BLOCKED] = { 0x01800000000000c0ULL, 3, LEAF | PEND | BLKD },
	[SW_ST_PENDING_BLOCKEDW] = { 0x01400000000000c0ULL, 16, LEAF | PEND },
	[SW_ST_PENDING_EXPORTED_BLOCKEDW] = { 0x01600000000000c0ULL, 17, LEAF | PEND },
	[SW_ST_PENDING_EXPORTED_DIRTY] = { 0x01200000000002c0ULL, 19, LEAF | PEND },
	[SW_ST_PENDING_EXPORTED_DIRTY_BLOCKEDW] = { 0x01600000000002c0ULL, 20, LEAF | PEND },
};

#define ST(name)	(1u << SW_ST_##name)

/*
 * What a leaf may start from.  States of migration are not listed: nothing
 * here makes them.  That of TLB tracking comes on top.
 */
static const u32 allowed[SW_NR_LEAVES] = {
	[SW_LEAF_MEM_PAGE_ADD] =
		ST(FREE),
	[SW_LEAF_MEM_SEPT_ADD] =
		ST(FREE) | ST(NL_MAPPED),
	[SW_LEAF_MEM_PAGE_RELOCATE] =
		ST(MAPPED) | ST(BLOCKED) | ST(PENDING) | ST(PENDING_BLOCKED),
	[SW_LEAF_MEM_PAGE_AUG] =
		ST(FREE) | ST(REMOVED),
	[SW_LEAF_MEM_RANGE_BLOCK] =
		ST(NL_MAPPED) | ST(MAPPED) | ST(PENDING),
	[SW_LEAF_MEM_RD] =
		ST(MAPPED),
	[SW_LEAF_MEM_WR] =
		ST(MAPPED),
	[SW_LEAF_MEM_PAGE_DEMOTE] =
		ST(MAPPED) | ST(BLOCKED) | ST(PENDING) | ST(PENDING_BLOCKED),
	[SW_LEAF_MR_EXTEND] =
		ST(MAPPED),
	[SW_LEAF_MEM_PAGE_PROMOTE] =
		ST(NL_MAPPED) | ST(NL_BLOCKED),
	[SW_LEAF_MEM_SEPT_RD] =
		ST(FREE) | ST(REMOVED) | ST(NL_MAPPED) | ST(NL_BLOCKED) |
		ST(MAPPED) | ST(BLOCKED) | ST(PENDING) | ST(PENDING_BLOCKED),
	[SW_LEAF_MEM_PAGE_REMOVE] =
		ST(MAPPED) | ST(BLOCKED) | ST(PENDING) | ST(PENDING_BLOCKED),
	[SW_LEAF_MEM_SEPT_REMOVE] =
		ST(NL_MAPPED) | ST(NL_BLOCKED),
	[SW_LEAF_MEM_RANGE_UNBLOCK] =
		ST(NL_BLOCKED) | ST(BLOCKED) | ST(PENDING_BLOCKED),
};

bool sw_sept_may(u32 leaf, enum sw_sept_state state)
{
	return allowed[leaf] & (1u << state);
}

bool sw_sept_is_leaf(enum sw_sept_state state)
{
	return states[state].flags & LEAF;
}

bool sw_sept_is_blocked(enum sw_sept_state state)
{
	return states[state].flags & BLKD;
}

bool sw_sept_is_pending(enum sw_sept_state state)
{
	return states[state].flags & PEND;
}

enum sw_sept_state sw_sept_state(u64 entry)
{
	unsigned int i;

	for (i = 0; i < SW_NR_SEPT_STATES; i++) {
		if ((entry & SW_EPT_STATE_MASK) == states[i].bits)
			return i;
	}
	/* Nothing writes any other pattern. */
	return SW_ST_FREE;
}

u8 sw_sept_public_state(u64 entry)
{
	return states[sw_sept_state(entry)].public;
}

u64 sw_sept_make(enum sw_sept_state state, u64 pa)
{
	u64 val = states[state].bits | pa;

	if (sw_sept_is_leaf(state))
		val |= SW_EPT_MEMTYPE_WB | SW_EPT_SVE;
	if (state == SW_ST_MAPPED || state == SW_ST_NL_MAPPED)
		val |= SW_EPT_RWX;
	/* Entries that translate nothing never cause a #VE by themselves. */
	else
		val |= SW_EPT_SVE;
	return val;
}

void sw_sept_fill_free(u64 *table, unsigned int n)
{
	while (n--)
		*table++ = sw_sept_make(SW_ST_FREE, 0);
}

/* While an ACCEPT is in progress, the low address bits of a 2 MiB entry count. */
#define SW_EPT_ACCEPT_COUNTER	0x1ff000ULL

static void entry_read(struct sw_entry *e)
{
	u64 val = sw_load(e->p) & ~(SW_EPT_LOCKED | SW_EPT_HP);

	e->counter = 0;
	if (e->level == 1 && sw_sept_is_leaf(sw_sept_state(val)))
		e->counter = val & SW_EPT_ACCEPT_COUNTER;
	e->val = val & ~e->counter;
}

u64 sw_gpa_arg(u64 rcx, u8 min_level, u8 max_level, u64 *gpa, u8 *level)
{
	*level = rcx & 7;
	*gpa = rcx & SW_EPT_PFN;
	if (rcx & ~(SW_EPT_PFN | 7) || *level < min_level || *level > max_level ||
	    *gpa >= SW_SHARED_BIT || !SW_ALIGNED(*gpa, SW_LEVEL_SIZE(*level)))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	return 0;
}

u64 sw_sept_walk(const struct sw_td *td, u64 gpa, u8 level, struct sw_entry *e)
{
	u64 *table = sw_tdcs_page(td, SW_TDCS_SEPT_ROOT);

	memset(e, 0, sizeof(*e));
	for (e->level = SW_ROOT_LEVEL; ; e->level--) {
		e->p = &table[gpa >> SW_LEVEL_SHIFT(e->level) & 511];
		entry_read(e);
		if (e->level == level)
			return 0;
		/* A blocked table translates nothing, so it is not entered. */
		if (sw_sept_state(e->val) != SW_ST_NL_MAPPED)
			return SW_EPT_WALK_FAILED | SW_OPND_RCX;
		table = sw_va(e->val & SW_EPT_PFN);
	}
}

/* As the processor walks: down to a leaf, or to what stops an access. */
void sw_sept_leaf(const struct sw_td *td, u64 gpa, struct sw_entry *e)
{
	u64 *table = sw_tdcs_page(td, SW_TDCS_SEPT_ROOT);

	for (e->level = SW_ROOT_LEVEL; ; e->level--) {
		e->p = &table[(gpa >> (12 + 9 * e->level)) & 511];
		e->val = sw_load(e->p);
		if (!e->level || (e->val & SW_EPT_LEAF_BIT) ||
		    (e->val & SW_EPT_RWX) != SW_EPT_RWX)
			return;
		table = sw_va(e->val & SW_EPT_PFN);
	}
}

static bool entry_is_leaf(const struct sw_entry *e)
{
	return !e->level || (e->val & SW_EPT_LEAF_BIT);
}

bool sw_sept_accessible(const struct sw_entry *e)
{
	return e->p && entry_is_leaf(e) &&
	       (e->val & SW_EPT_RWX) == SW_EPT_RWX;
}

static u64 entry_busy(struct sw_entry *e, enum sw_side side)
{
	if (side == SW_HOST)
		sw_or(e->p, SW_EPT_HP);
	return SW_OPERAND_BUSY | SW_OPND_RCX;
}

u64 sw_entry_lock(struct sw_entry *e, enum sw_side side)
{
	u64 old;

	if (sw_load(&sw_fault_armed) && sw_fault_refuse(side))
		return entry_busy(e, side);
	old = sw_or(e->p, SW_EPT_LOCKED);
	if (old & SW_EPT_LOCKED)
		return entry_busy(e, side);
	if (side == SW_GUEST && (old & SW_EPT_HP)) {
		sw_and(e->p, ~SW_EPT_LOCKED);
		return SW_OPERAND_BUSY_HOST_PRIORITY | SW_OPND_RCX;
	}
	if (side == SW_HOST)
		sw_and(e->p, ~SW_EPT_HP);
	e->locked = true;
	/* The walk looked without the lock. */
	entry_read(e);
	return 0;
}

void sw_entry_unlock(struct sw_entry *e)
{
	if (e->locked)
		sw_and(e->p, ~SW_EPT_LOCKED);
	e->locked = false;
}

void sw_entry_set(struct sw_entry *e, u64 val)
{
	u64 keep = SW_EPT_LOCKED | SW_EPT_HP, old;

	/* Only a host that lost this lock changes the entry now: its HP bit. */
	do {
		old = sw_load(e->p);
	} while (sw_cmpxchg(e->p, old, (old & keep) | val) != old);
	e->val = val;
}

/*
 * What the host is shown: the architecture's bits and the page, nothing of the
 * module's state.  Where a table is stays the module's business.
 */
#define SW_EPT_XU		(1ULL << 10)
#define SW_EPT_ARCH_LEAF	(SW_EPT_SVE | SW_EPT_PFN | SW_EPT_LEAF_BIT | \
				 SW_EPT_IGNORE_PAT | SW_EPT_MEMTYPE_WB | SW_EPT_RWX)

static u64 entry_arch(const struct sw_entry *e)
{
	enum sw_sept_state state = sw_sept_state(e->val);
	u64 val;

	if (sw_sept_is_leaf(state))
		val = (e->val & SW_EPT_ARCH_LEAF) | e->counter;
	else if (state == SW_ST_NL_MAPPED || state == SW_ST_NL_BLOCKED)
		val = e->val & SW_EPT_RWX;
	else
		val = SW_EPT_SVE;
	return val & SW_EPT_X ? val | SW_EPT_XU : val;
}

void sw_entry_report(const struct sw_entry *e, struct sw_regs *r)
{
	r->rcx = entry_arch(e);
	r->rdx = e->level | (u64)sw_sept_public_state(e->val) << 8;
}
