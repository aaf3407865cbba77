// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's locks.  Every one is a try-lock: one attempt, and the loser
 * reports busy to its caller.  A host that lost sets HOST_PRIORITY, which
 * keeps guests away until a host has won; that is the only fairness there is.
 */
#include "core/swmod.h"

#define SW_LK_EXCL	1u
#define SW_LK_HP	2u
#define SW_LK_READER	4u

static u64 lock_busy(struct sw_sharex *lock, enum sw_side side)
{
	if (side == SW_HOST)
		sw_or(&lock->word, SW_LK_HP);
	return SW_OPERAND_BUSY;
}

static u64 lock_shared(struct sw_sharex *lock, enum sw_side side)
{
	u16 word = sw_add_return(&lock->word, SW_LK_READER);

	if (word & SW_LK_EXCL) {
		sw_add_return(&lock->word, -SW_LK_READER);
		return lock_busy(lock, side);
	}
	if (side == SW_HOST && (word & SW_LK_HP))
		sw_and(&lock->word, (u16)~SW_LK_HP);
	return 0;
}

/* Free, or free but promised to the host: both are the host's to take. */
static u64 lock_excl(struct sw_sharex *lock, enum sw_side side)
{
	if (sw_cmpxchg(&lock->word, 0, SW_LK_EXCL) == 0)
		return 0;
	if (side == SW_HOST &&
	    sw_cmpxchg(&lock->word, SW_LK_HP, SW_LK_EXCL) == SW_LK_HP)
		return 0;
	return lock_busy(lock, side);
}

u64 sw_lock(struct sw_sharex *lock, enum sw_mode mode, enum sw_side side)
{
	/* As if somebody had it, and with what follows from that. */
	if (sw_load(&sw_fault_armed) && sw_fault_refuse(side))
		return lock_busy(lock, side);
	if (side == SW_GUEST && (sw_load(&lock->word) & SW_LK_HP))
		return SW_OPERAND_BUSY_HOST_PRIORITY;
	return mode == SW_EXCL ? lock_excl(lock, side) : lock_shared(lock, side);
}

void sw_unlock(struct sw_sharex *lock, enum sw_mode mode)
{
	/* A reader that is about to lose may have counted itself: keep it. */
	if (mode == SW_EXCL)
		sw_and(&lock->word, (u16)~SW_LK_EXCL);
	else
		sw_add_return(&lock->word, -SW_LK_READER);
}

bool sw_lock_wanted(const struct sw_sharex *lock)
{
	return sw_load(&lock->word) & SW_LK_HP;
}

u64 sw_promote(struct sw_sharex *lock)
{
	u16 hp = sw_load(&lock->word) & SW_LK_HP;
	u16 sole = SW_LK_READER | hp;

	if (sw_load(&sw_fault_armed) && sw_fault_refuse(SW_HOST))
		return lock_busy(lock, SW_HOST);
	if (sw_cmpxchg(&lock->word, sole, SW_LK_EXCL) == sole)
		return 0;
	return lock_busy(lock, SW_HOST);
}
