// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an armed fault does to a SEAMCALL, and locks that are held as if another
 * CPU were in the middle of a leaf.
 */
#include "debug/fault.h"

struct held {
	struct sw_hold h;
	bool used;
	struct sw_td td;
	struct sw_entry e;
	struct sw_sharex *lock;		/* beyond those of @td */
};

static struct held helds[SW_FAULT_HOLDS];

/*
 * A host that is told to resume has to find something to resume, or the next
 * call would blame it.
 */
static void make_resumable(u32 leaf, u64 status)
{
	u32 pkg = sw_this_pkg();

	if (leaf != SW_LEAF_PHYMEM_CACHE_WB ||
	    (status & SW_STATUS_MASK) != SW_INTERRUPTED_RESUMABLE)
		return;
	if (!sw_cmpxchg(&sw_sys.wb_next[pkg], 0, 1))
		sw_cache_wb_start(1ULL << pkg);
}

static void release(struct held *held)
{
	sw_entry_unlock(&held->e);
	if (held->lock)
		sw_unlock(held->lock, held->h.mode);
	sw_td_put(&held->td);
	held->lock = NULL;
	held->used = false;
	sw_add_return(&sw_fault_armed, -1);
}

/* One more SEAMCALL is over. */
static void tick(void)
{
	unsigned int i;

	sw_fault_lock();
	for (i = 0; i < SW_FAULT_HOLDS; i++) {
		if (helds[i].used && !--helds[i].h.calls)
			release(&helds[i]);
	}
	sw_fault_unlock();
}

u64 sw_fault_seamcall(u32 leaf, sw_leaf_fn fn, struct sw_cpu *cpu,
		      struct sw_regs *r)
{
	u64 err, instead;

	/* What is held lies in memory that the host may now get back. */
	if (leaf == SW_LEAF_SYS_DISABLE)
		sw_fault_clear();
	if (!sw_fault_begin(SW_STAT_SEAMCALL, leaf, r, &err)) {
		err = fn(cpu, r);
		instead = sw_fault_end(SW_STAT_SEAMCALL);
		if (instead)
			err = instead;
	}
	make_resumable(leaf, err);
	tick();
	return err;
}

/*
 * Locks below OP_STATE are never held without it and the TDR.  Held the same
 * way here, the TD also cannot be torn down under them.
 */
static u64 hold_td_lock(struct held *held)
{
	const struct sw_hold *h = &held->h;
	u64 err;

	err = sw_td_get(h->tdr_pa, SW_SHARED,
			h->lock == SW_HOLD_OP_STATE ? h->mode : SW_SHARED,
			SW_NR_LEAVES, SW_OPND_TDR, false, &held->td);
	if (err)
		return err;
	switch (h->lock) {
	case SW_HOLD_SEPT_TREE:
		return sw_td_lock_tree(&held->td, h->mode);
	case SW_HOLD_TD_EPOCH:
		held->lock = &held->td.tdcs->epoch_lock;
		break;
	case SW_HOLD_RTMR:
		held->lock = &held->td.tdcs->rtmr_lock;
		break;
	case SW_HOLD_ENTRY:
		err = sw_td_lock_tree(&held->td, SW_SHARED);
		if (!err)
			err = sw_sept_walk(&held->td, h->gpa, h->level, &held->e);
		return err ? err : sw_entry_lock(&held->e, SW_HOST);
	default:
		return 0;
	}
	err = sw_lock(held->lock, h->mode, SW_HOST);
	if (err)
		held->lock = NULL;
	return err;
}

static u64 hold(struct held *held)
{
	u64 err;

	switch (held->h.lock) {
	case SW_HOLD_KOT:
		err = sw_lock(&sw_sys.kot_lock, held->h.mode, SW_HOST);
		if (!err)
			held->lock = &sw_sys.kot_lock;
		return err;
	case SW_HOLD_TDR:
		return sw_tdr_get(held->h.tdr_pa, held->h.mode, SW_OPND_TDR,
				  false, &held->td);
	default:
		return hold_td_lock(held);
	}
}

u64 sw_fault_hold(const struct sw_hold *h)
{
	struct held *held;
	unsigned int i;
	u64 err;

	/* Not for locks that the module's own state does not have yet. */
	if (sw_load(&sw_sys.state) != SW_SYS_READY || !h->calls)
		return SW_SYS_NOT_READY;
	sw_fault_lock();
	for (i = 0; i < SW_FAULT_HOLDS && helds[i].used; i++)
		;
	if (i == SW_FAULT_HOLDS) {
		sw_fault_unlock();
		return SW_SYS_BUSY;
	}
	held = &helds[i];
	memset(held, 0, sizeof(*held));
	held->h = *h;
	held->used = true;
	sw_add_return(&sw_fault_armed, 1);
	err = hold(held);
	if (err)
		release(held);
	sw_fault_unlock();
	return err;
}

void sw_fault_clear(void)
{
	unsigned int i;

	sw_fault_lock();
	for (i = 0; i < SW_FAULT_HOLDS; i++) {
		if (helds[i].used)
			release(&helds[i]);
	}
	sw_fault_clear_rules();
	sw_fault_unlock();
}

static const char *const hold_names[SW_NR_HOLDS] = {
	[SW_HOLD_TDR] = "TDR", [SW_HOLD_OP_STATE] = "OP_STATE",
	[SW_HOLD_SEPT_TREE] = "SEPT_TREE", [SW_HOLD_TD_EPOCH] = "TD_EPOCH",
	[SW_HOLD_RTMR] = "RTMR", [SW_HOLD_ENTRY] = "ENTRY",
	[SW_HOLD_KOT] = "KOT",
};

static void hold_text(const struct held *held, char *buf, size_t size)
{
	const struct sw_hold *h = &held->h;
	int n;

	n = snprintf(buf, size, "hold=%s mode=%s", hold_names[h->lock],
		     h->mode == SW_EXCL ? "excl" : "shared");
	if (h->lock != SW_HOLD_KOT)
		n += snprintf(buf + n, size - n, " td=0x%llx",
			      (unsigned long long)h->tdr_pa);
	if (h->lock == SW_HOLD_ENTRY)
		n += snprintf(buf + n, size - n, " gpa=0x%llx level=%u",
			      (unsigned long long)h->gpa, h->level);
	snprintf(buf + n, size - n, ": %u calls left", h->calls);
}

bool sw_fault_line(unsigned int i, char *buf, size_t size)
{
	buf[0] = 0;
	if (i >= SW_FAULT_RULES + SW_FAULT_HOLDS)
		return false;
	sw_fault_lock();
	if (i < SW_FAULT_RULES)
		sw_fault_rule_line(i, buf, size);
	else if (helds[i - SW_FAULT_RULES].used)
		hold_text(&helds[i - SW_FAULT_RULES], buf, size);
	sw_fault_unlock();
	return true;
}

bool sw_parse_hold(const char *s, enum sw_hold_lock *lock)
{
	unsigned int i;

	for (i = 0; i < SW_NR_HOLDS; i++) {
		if (!strcmp(s, hold_names[i])) {
			*lock = i;
			return true;
		}
	}
	return false;
}
