// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each step on a mirror entry may start from, and what it leaves behind.
 * A pair that is not listed is a KVM bug.  The software module has a table of
 * its own, so that the two can disagree.
 */
#include "mmu_env.h"

struct sept_rule {
	u8 from;
	u8 after;
};

static const struct sept_rule sept_rules[SEPT_NR_OPS] = {
	[SEPT_OP_LINK] = { BIT(SEPT_NONE), SEPT_TABLE },
	[SEPT_OP_ADD] = { BIT(SEPT_NONE), SEPT_LEAF },
	[SEPT_OP_AUG] = { BIT(SEPT_NONE), SEPT_LEAF },
	[SEPT_OP_BLOCK] = { BIT(SEPT_LEAF), SEPT_BLOCKED },
	[SEPT_OP_REMOVE] = { BIT(SEPT_BLOCKED) | BIT(SEPT_HELD), SEPT_NONE },
	[SEPT_OP_REMOVE_EARLY] = { BIT(SEPT_LEAF), SEPT_NONE },
	[SEPT_OP_DEMOTE] = { BIT(SEPT_BLOCKED), SEPT_TABLE },
	[SEPT_OP_RECLAIM] = { BIT(SEPT_LEAF) | BIT(SEPT_BLOCKED) |
			      BIT(SEPT_HELD), SEPT_NONE },
	[SEPT_OP_HOLD] = { BIT(SEPT_LEAF) | BIT(SEPT_BLOCKED), SEPT_HELD },
	[SEPT_OP_BLOCK_TABLE] = { BIT(SEPT_TABLE), SEPT_TABLE_BLOCKED },
	[SEPT_OP_UNLINK] = { BIT(SEPT_TABLE_BLOCKED), SEPT_NONE },
};

bool sept_may(enum sept_op op, enum sept_state from)
{
	return sept_rules[op].from & BIT(from);
}

enum sept_state sept_after(enum sept_op op)
{
	return sept_rules[op].after;
}
