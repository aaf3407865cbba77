// SPDX-License-Identifier: GPL-2.0-only
/*
 * See fault.h.  Rules are looked at under one spin lock, which only calls made
 * while something is armed ever see.
 */
#include "fault.h"

struct rule {
	struct sw_fault f;
	bool used;
	u32 seen, fired;
	u64 rand;
};

struct held {
	struct sw_hold h;
	bool used;
	struct sw_td td;
	struct sw_entry e;
	struct sw_sharex *lock;		/* beyond those of @td */
};

static struct rule rules[SW_FAULT_RULES];
static struct held helds[SW_FAULT_HOLDS];
static u32 spin;
u32 sw_fault_armed;

static void fault_lock(void)
{
	while (sw_cmpxchg(&spin, 0, 1))
		;
}

static void fault_unlock(void)
{
	sw_store(&spin, 0);
}

/* xorshift: the same seed fails the same calls. */
static u64 next_random(u64 *state)
{
	u64 x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL >> 33;
}

bool sw_fault_arm(const struct sw_fault *fault)
{
	unsigned int i;

	fault_lock();
	for (i = 0; i < SW_FAULT_RULES && rules[i].used; i++)
		;
	if (i < SW_FAULT_RULES) {
		rules[i] = (struct rule) {
			.f = *fault, .used = true,
			/* The generator's only fixed point is 0. */
			.rand = (fault->seed + 1) * 0x9e3779b97f4a7c15ULL | 1,
		};
		sw_add_return(&sw_fault_armed, 1);
	}
	fault_unlock();
	return i < SW_FAULT_RULES;
}

/* Does this call, one more of its leaf, fail by this rule? */
static bool rule_hits(struct rule *rule)
{
	const struct sw_fault *f = &rule->f;

	rule->seen++;
	if (f->nth && rule->seen < f->nth)
		return false;
	if (f->times && rule->fired >= f->times)
		return false;
	return !f->rate || next_random(&rule->rand) % 100 < f->rate;
}

static struct rule *find_rule(enum sw_stat_kind kind, u32 leaf)
{
	unsigned int i;

	for (i = 0; i < SW_FAULT_RULES; i++) {
		struct rule *rule = &rules[i];

		if (rule->used && rule->f.kind == kind && rule->f.leaf == leaf &&
		    rule_hits(rule))
			return rule;
	}
	return NULL;
}

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
	if (!sw_cmpxchg(&sw_sys.wb_next[pkg], 0, sw_sys.first_hkid))
		sw_cache_wb_start(1ULL << pkg);
}

/* The registers of the TD exit that the status carries. */
static void exit_regs(const struct sw_fault *f, struct sw_regs *r)
{
	if (!r || !f->has_exit)
		return;
	r->rcx = (u32)f->qual;
	r->rdx = 0;
	r->r8 = f->gpa;
	r->r9 = f->intr;
}

/* True if @status answers the call right away; @r is a SEAMCALL's. */
static bool call_begin(enum sw_stat_kind kind, u32 leaf, struct sw_regs *r,
		       u64 *status)
{
	struct sw_fault_ctx *ctx = sw_fault_ctx();
	bool answered = false;
	struct rule *rule;

	*status = 0;
	ctx->pending[kind].status = 0;
	if (kind == SW_STAT_SEAMCALL)
		ctx->exit = false;
	fault_lock();
	rule = find_rule(kind, leaf);
	if (rule && rule->f.when == SW_FAULT_BEFORE) {
		rule->fired++;
		*status = rule->f.status;
		answered = true;
		exit_regs(&rule->f, r);
	} else if (rule && rule->f.when == SW_FAULT_EXIT) {
		ctx->exit = true;
		ctx->exit_rule = rule - rules;
	} else if (rule) {
		ctx->pending[kind].status = rule->f.status;
		ctx->pending[kind].locks = rule->f.locks;
		ctx->pending[kind].rule = rule - rules;
		ctx->pending[kind].fired = false;
	}
	fault_unlock();
	return answered;
}

/* The status that replaces the one of a leaf that was refused a lock. */
static u64 call_end(enum sw_stat_kind kind)
{
	struct sw_fault_ctx *ctx = sw_fault_ctx();
	u64 status = ctx->pending[kind].status;

	ctx->pending[kind].status = 0;
	return status && ctx->pending[kind].fired ? status : 0;
}

/* Called for each lock while something is armed: true refuses it. */
bool sw_fault_refuse(enum sw_side side)
{
	enum sw_stat_kind kind = side == SW_HOST ? SW_STAT_SEAMCALL :
						   SW_STAT_TDCALL;
	struct sw_fault_ctx *ctx = sw_fault_ctx();

	if (!ctx->pending[kind].status || ctx->pending[kind].fired)
		return false;
	if (ctx->pending[kind].locks) {
		ctx->pending[kind].locks--;
		return false;
	}
	ctx->pending[kind].fired = true;
	fault_lock();
	rules[ctx->pending[kind].rule].fired++;
	fault_unlock();
	return true;
}

/*
 * What the guest would have had delivered waits for its next entry: VP.ENTER
 * asks before it arms any of it.
 */
bool sw_fault_exit(struct sw_exit *x)
{
	struct sw_fault_ctx *ctx = sw_fault_ctx();
	struct rule *rule = &rules[ctx->exit_rule];

	if (!ctx->exit)
		return false;
	ctx->exit = false;
	memset(x, 0, sizeof(*x));
	fault_lock();
	rule->fired++;
	x->reason = rule->f.exit;
	x->qualification = rule->f.qual;
	x->gpa = rule->f.gpa;
	x->intr_info = rule->f.intr;
	fault_unlock();
	return true;
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

	fault_lock();
	for (i = 0; i < SW_FAULT_HOLDS; i++) {
		if (helds[i].used && !--helds[i].h.calls)
			release(&helds[i]);
	}
	fault_unlock();
}

u64 sw_fault_seamcall(u32 leaf, sw_leaf_fn fn, struct sw_cpu *cpu,
		      struct sw_regs *r)
{
	u64 err, instead;

	/* What is held lies in memory that the host may now get back. */
	if (leaf == SW_LEAF_SYS_DISABLE)
		sw_fault_clear();
	if (!call_begin(SW_STAT_SEAMCALL, leaf, r, &err)) {
		err = fn(cpu, r);
		instead = call_end(SW_STAT_SEAMCALL);
		if (instead)
			err = instead;
	}
	make_resumable(leaf, err);
	tick();
	return err;
}

u64 sw_fault_tdcall_begin(u32 leaf)
{
	u64 status;

	call_begin(SW_STAT_TDCALL, leaf, NULL, &status);
	return status;
}

u64 sw_fault_tdcall_end(void)
{
	return call_end(SW_STAT_TDCALL);
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
	fault_lock();
	for (i = 0; i < SW_FAULT_HOLDS && helds[i].used; i++)
		;
	if (i == SW_FAULT_HOLDS) {
		fault_unlock();
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
	fault_unlock();
	return err;
}

void sw_fault_clear(void)
{
	unsigned int i;

	fault_lock();
	for (i = 0; i < SW_FAULT_HOLDS; i++) {
		if (helds[i].used)
			release(&helds[i]);
	}
	for (i = 0; i < SW_FAULT_RULES; i++) {
		if (!rules[i].used)
			continue;
		rules[i].used = false;
		sw_add_return(&sw_fault_armed, -1);
	}
	fault_unlock();
}

static const char *const hold_names[SW_NR_HOLDS] = {
	[SW_HOLD_TDR] = "TDR", [SW_HOLD_OP_STATE] = "OP_STATE",
	[SW_HOLD_SEPT_TREE] = "SEPT_TREE", [SW_HOLD_TD_EPOCH] = "TD_EPOCH",
	[SW_HOLD_RTMR] = "RTMR", [SW_HOLD_ENTRY] = "ENTRY",
	[SW_HOLD_KOT] = "KOT",
};

static void rule_text(const struct rule *rule, char *buf, size_t size)
{
	const struct sw_fault *f = &rule->f;
	int n;

	n = snprintf(buf, size, "%s", sw_leaf_name(f->kind, f->leaf));
	if (f->status)
		n += snprintf(buf + n, size - n, " status=%s",
			      sw_status_name(f->status));
	if (f->has_exit)
		n += snprintf(buf + n, size - n, " exit=0x%x intr=0x%x qual=0x%llx",
			      f->exit, f->intr, (unsigned long long)f->qual);
	else if ((u32)f->status)
		n += snprintf(buf + n, size - n, " operand=%s",
			      sw_operand_name(f->status));
	if (f->nth)
		n += snprintf(buf + n, size - n, " nth=%u", f->nth);
	if (f->rate)
		n += snprintf(buf + n, size - n, " rate=%u%% seed=%llu", f->rate,
			      (unsigned long long)f->seed);
	if (f->times)
		n += snprintf(buf + n, size - n, " times=%u", f->times);
	if (f->when == SW_FAULT_AFTER)
		n += snprintf(buf + n, size - n, " when=after locks=%u",
			      f->locks);
	snprintf(buf + n, size - n, ": seen %u fired %u", rule->seen,
		 rule->fired);
}

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
	fault_lock();
	if (i < SW_FAULT_RULES && rules[i].used)
		rule_text(&rules[i], buf, size);
	else if (i >= SW_FAULT_RULES && helds[i - SW_FAULT_RULES].used)
		hold_text(&helds[i - SW_FAULT_RULES], buf, size);
	fault_unlock();
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
