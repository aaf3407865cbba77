// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules for faults on purpose: which call, lock or entry fails next.
 *
 * Locks ask here before they are taken, so nothing in this file takes one of
 * the module's: rules are under a spin lock, which only calls made while
 * something is armed ever see.
 */
#include "core/fault_rule.h"
#include "core/run.h"

struct rule {
	struct sw_fault f;
	bool used;
	u32 seen, fired;
	u64 rand;
};

static struct rule rules[SW_FAULT_RULES];
static u32 spin;
u32 sw_fault_armed;

void sw_fault_lock(void)
{
	while (sw_cmpxchg(&spin, 0, 1))
		;
}

void sw_fault_unlock(void)
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

	sw_fault_lock();
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
	sw_fault_unlock();
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

bool sw_fault_begin(enum sw_stat_kind kind, u32 leaf, struct sw_regs *r,
		    u64 *status)
{
	struct sw_fault_ctx *ctx = sw_fault_ctx();
	bool answered = false;
	struct rule *rule;

	*status = 0;
	ctx->pending[kind].status = 0;
	if (kind == SW_STAT_SEAMCALL)
		ctx->exit = false;
	sw_fault_lock();
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
	sw_fault_unlock();
	return answered;
}

u64 sw_fault_end(enum sw_stat_kind kind)
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
	sw_fault_lock();
	rules[ctx->pending[kind].rule].fired++;
	sw_fault_unlock();
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
	sw_fault_lock();
	rule->fired++;
	x->reason = rule->f.exit;
	x->qualification = rule->f.qual;
	x->gpa = rule->f.gpa;
	x->intr_info = rule->f.intr;
	sw_fault_unlock();
	return true;
}

u64 sw_fault_tdcall_begin(u32 leaf)
{
	u64 status;

	sw_fault_begin(SW_STAT_TDCALL, leaf, NULL, &status);
	return status;
}

u64 sw_fault_tdcall_end(void)
{
	return sw_fault_end(SW_STAT_TDCALL);
}

void sw_fault_clear_rules(void)
{
	unsigned int i;

	for (i = 0; i < SW_FAULT_RULES; i++) {
		if (!rules[i].used)
			continue;
		rules[i].used = false;
		sw_add_return(&sw_fault_armed, -1);
	}
}

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

void sw_fault_rule_line(unsigned int i, char *buf, size_t size)
{
	if (rules[i].used)
		rule_text(&rules[i], buf, size);
}
