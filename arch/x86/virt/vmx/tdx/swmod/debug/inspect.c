// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows TDs, their S-EPT, pages and the module's state as text.
 */
#include "debug/inspect.h"

#define LINE	200

/* Formats into a line and hands it out. */
#define say(out, fmt, ...) do {						\
	char text_[LINE];						\
									\
	snprintf(text_, sizeof(text_), fmt, ##__VA_ARGS__);		\
	(out)->line(out, text_);					\
} while (0)

#define LL(x)	((unsigned long long)(x))

static const char *const lifecycles[] = {
	[SW_HKID_ASSIGNED] = "HKID_ASSIGNED",
	[SW_KEYS_CONFIGURED] = "KEYS_CONFIGURED",
	[SW_BLOCKED] = "BLOCKED", [SW_TEARDOWN] = "TEARDOWN",
};

static const char *const op_states[] = {
	[SW_OP_UNINITIALIZED] = "UNINITIALIZED",
	[SW_OP_INITIALIZED] = "INITIALIZED", [SW_OP_RUNNABLE] = "RUNNABLE",
};

static const char *const vcpu_states[] = {
	[SW_VCPU_UNINITIALIZED] = "UNINITIALIZED", [SW_VCPU_READY] = "READY",
	[SW_VCPU_ACTIVE] = "ACTIVE", [SW_VCPU_DISABLED] = "DISABLED",
};

static const char *const page_types[] = {
	[SW_PT_NDA] = "NDA", [SW_PT_RSVD] = "RSVD", [SW_PT_REG] = "REG",
	[SW_PT_TDR] = "TDR", [SW_PT_TDCX] = "TDCX", [SW_PT_TDVPR] = "TDVPR",
	[SW_PT_EPT] = "EPT", [SW_PT_PAMT] = "PAMT",
};

static const char *const sys_states[] = {
	[SW_SYSINIT_PENDING] = "SYSINIT_PENDING",
	[SW_SYSINIT_DONE] = "SYSINIT_DONE",
	[SW_SYSCONFIG_DONE] = "SYSCONFIG_DONE", [SW_SYS_READY] = "READY",
	[SW_SYS_SHUTDOWN_DONE] = "SHUTDOWN",
};

static const char *const sept_states[SW_NR_SEPT_STATES] = {
	[SW_ST_FREE] = "FREE", [SW_ST_REMOVED] = "REMOVED",
	[SW_ST_NL_MAPPED] = "NL_MAPPED", [SW_ST_NL_BLOCKED] = "NL_BLOCKED",
	[SW_ST_MAPPED] = "MAPPED", [SW_ST_BLOCKED] = "BLOCKED",
	[SW_ST_PENDING] = "PENDING", [SW_ST_PENDING_BLOCKED] = "PENDING_BLOCKED",
};

/* Of a number that memory says, so it may be any. */
static const char *name_of(const char *const *names, unsigned int n, u32 i)
{
	return i < n && names[i] ? names[i] : "?";
}

#define NAME(table, i)	name_of(table, SW_ARRAY_SIZE(table), i)

static u32 pamt_type(const struct sw_pamt_entry *e)
{
	return sw_load(&e->type_flags) & 0x1f;
}

static u64 pamt_owner(const struct sw_pamt_entry *e)
{
	u64 pfn = 0;

	memcpy(&pfn, e->owner, sizeof(e->owner));
	return pfn << 12;
}

/* Is @pa a small page of this type, that belongs to @tdr_pa (0 for a TDR)? */
static bool page_is(u64 pa, enum sw_pt type, u64 tdr_pa)
{
	const struct sw_pamt_entry *e;

	if (!SW_ALIGNED(pa, SW_SIZE_4K))
		return false;
	e = sw_pamt_peek(pa, 0);
	return e && pamt_type(e) == type && pamt_owner(e) == tdr_pa;
}

u64 sw_inspect_td(u64 pa, u64 *next)
{
	const struct sw_tdmr *t = NULL;
	unsigned int i;
	u64 end;

	/* The TDMR at @pa or behind it; they are in order. */
	for (i = 0; i < sw_sys.nr_tdmrs; i++) {
		t = &sw_sys.tdmr[i];
		if (pa < t->base + t->size)
			break;
	}
	*next = ~0ULL;
	if (i == sw_sys.nr_tdmrs)
		return ~0ULL;
	if (pa < t->base)
		pa = t->base;
	end = (pa & ~(SW_SIZE_1G - 1)) + SW_SIZE_1G;
	for (; pa < end && sw_pa_usable(pa); pa += SW_SIZE_4K) {
		*next = pa + SW_SIZE_4K;
		if (page_is(pa, SW_PT_TDR, 0))
			return pa;
	}
	*next = end;
	return ~0ULL;
}

u64 sw_inspect_first_td(void)
{
	u64 pa = 0, found;

	do {
		found = sw_inspect_td(pa, &pa);
	} while (found == ~0ULL && pa != ~0ULL);
	return found;
}

/* TDCS page @i of a TD, if it is one. */
static void *tdcs_page(u64 tdr_pa, unsigned int i)
{
	const struct sw_tdr *tdr = sw_va(tdr_pa);
	u64 pa = sw_load(&tdr->tdcx_pa[i]);

	if (sw_load(&tdr->num_tdcx) <= i || !page_is(pa, SW_PT_TDCX, tdr_pa))
		return NULL;
	return sw_va(pa);
}

static void lock_text(const struct sw_sharex *lock, char *buf, size_t size)
{
	u16 word = sw_load(&lock->word);

	snprintf(buf, size, "%s%u%s", word & 1 ? "X" : "S", word >> 2,
		 word & 2 ? "+host_priority" : "");
	if (!(word & ~2))
		snprintf(buf, size, "free%s", word & 2 ? "+host_priority" : "");
}

static void show_lock(struct sw_out *out, const char *name,
		      const struct sw_sharex *lock)
{
	char text[40];

	lock_text(lock, text, sizeof(text));
	say(out, "  lock %-10s %s", name, text);
}

static void show_vcpu(struct sw_out *out, u64 pa)
{
	const struct sw_tdvps *vp = sw_va(pa);

	say(out, "  vcpu %u tdvpr 0x%llx %s cpu %d epoch %llu x2apic 0x%x epf %u/%u",
	    vp->vcpu_index, LL(pa), NAME(vcpu_states, sw_load(&vp->state)),
	    sw_load(&vp->assoc_lpid), LL(vp->vcpu_epoch), vp->x2apic_id,
	    vp->epf_count, vp->epf_n);
}

/* TDVPR pages are known to the PAMT only. */
static void show_vcpus(struct sw_out *out, u64 tdr_pa)
{
	unsigned int i;
	u64 pa;

	for (i = 0; i < sw_sys.nr_tdmrs; i++) {
		const struct sw_tdmr *t = &sw_sys.tdmr[i];

		for (pa = t->base; pa < t->base + t->size; pa += SW_SIZE_4K) {
			if (!sw_pa_usable(pa))
				break;
			if (page_is(pa, SW_PT_TDVPR, tdr_pa))
				show_vcpu(out, pa);
		}
	}
}

void sw_inspect_show_td(struct sw_out *out, u64 tdr_pa)
{
	const struct sw_pamt_entry *e = sw_pamt_peek(tdr_pa, 0);
	const struct sw_tdcs *tdcs;
	const struct sw_tdr *tdr;

	if (!page_is(tdr_pa, SW_PT_TDR, 0)) {
		say(out, "0x%llx is not a TDR", LL(tdr_pa));
		return;
	}
	tdr = sw_va(tdr_pa);
	say(out, "td 0x%llx %s hkid %u pages %llu tdcx %u pkgs 0x%llx%s",
	    LL(tdr_pa), NAME(lifecycles, tdr->lifecycle), tdr->hkid,
	    LL(sw_load(&tdr->chldcnt)), tdr->num_tdcx,
	    LL(tdr->pkg_config_bitmap), tdr->fatal ? " FATAL" : "");
	show_lock(out, "TDR", &e->lock);
	tdcs = tdcs_page(tdr_pa, 0);
	if (!tdcs)
		return;
	say(out, "  %s vcpus %u of %u, %u associated, attributes 0x%llx xfam 0x%llx",
	    NAME(op_states, sw_load(&tdcs->op_state)), tdcs->num_vcpus,
	    tdcs->max_vcpus, tdcs->num_assoc_vcpus, LL(tdcs->attributes),
	    LL(tdcs->xfam));
	say(out, "  epoch %llu refcounts %u %u", LL(sw_load(&tdcs->td_epoch)),
	    sw_load(&tdcs->refcount[0]), sw_load(&tdcs->refcount[1]));
	show_lock(out, "OP_STATE", &tdcs->op_lock);
	show_lock(out, "SEPT_TREE", &tdcs->tree_lock);
	show_lock(out, "TD_EPOCH", &tdcs->epoch_lock);
	show_lock(out, "RTMR", &tdcs->rtmr_lock);
	show_vcpus(out, tdr_pa);
}

/* Entries of one level that are alike and next to each other. */
struct run {
	u64 gpa, val, n;
	u8 level;
};

static void run_flush(struct sw_out *out, struct run *run)
{
	enum sw_sept_state state = sw_sept_state(run->val);
	u64 size = SW_LEVEL_SIZE(run->level);

	if (run->n && state != SW_ST_FREE)
		say(out, "%012llx-%012llx level %u %-15s 0x%llx%s",
		    LL(run->gpa), LL(run->gpa + run->n * size), run->level,
		    NAME(sept_states, state), LL(run->val & SW_EPT_PFN),
		    run->val & SW_EPT_LOCKED ? " locked" : "");
	run->n = 0;
}

static void run_add(struct sw_out *out, struct run *run, u64 gpa, u8 level,
		    u64 val)
{
	u64 size = SW_LEVEL_SIZE(level);
	u64 next = run->val + (sw_sept_is_leaf(sw_sept_state(val)) ?
			       run->n * size : 0);

	if (run->n && run->level == level && run->gpa + run->n * size == gpa &&
	    val == next && sw_sept_state(val) != SW_ST_NL_MAPPED) {
		run->n++;
		return;
	}
	run_flush(out, run);
	*run = (struct run){ .gpa = gpa, .val = val, .n = 1, .level = level };
}

static bool is_table(u64 val)
{
	enum sw_sept_state state = sw_sept_state(val);

	return state == SW_ST_NL_MAPPED || state == SW_ST_NL_BLOCKED;
}

/* The depth is that of the tree, but a stack of our own needs no recursion. */
void sw_inspect_show_sept(struct sw_out *out, u64 tdr_pa)
{
	const u64 *table[SW_ROOT_LEVEL + 1];
	unsigned int index[SW_ROOT_LEVEL + 1] = { 0 };
	struct run run = { 0 };
	u64 gpa = 0, val;
	int level = SW_ROOT_LEVEL;

	table[level] = page_is(tdr_pa, SW_PT_TDR, 0) ?
		       tdcs_page(tdr_pa, SW_TDCS_SEPT_ROOT) : NULL;
	if (!table[level]) {
		say(out, "0x%llx is not a TDR with an S-EPT", LL(tdr_pa));
		return;
	}
	while (level <= SW_ROOT_LEVEL) {
		/* Half of the root is for private memory. */
		if (index[level] == (level == SW_ROOT_LEVEL ? 256 : 512)) {
			level++;
			continue;
		}
		gpa &= ~(SW_LEVEL_SIZE(level + 1) - 1);
		gpa |= (u64)index[level] << SW_LEVEL_SHIFT(level);
		val = sw_load(&table[level][index[level]++]) & ~SW_EPT_HP;
		run_add(out, &run, gpa, level, val);
		if (level && is_table(val) &&
		    page_is(val & SW_EPT_PFN, SW_PT_EPT, tdr_pa)) {
			table[--level] = sw_va(val & SW_EPT_PFN);
			index[level] = 0;
		}
	}
	run_flush(out, &run);
}

void sw_inspect_show_page(struct sw_out *out, u64 pa)
{
	static const char *const sizes[] = { "4K", "2M", "1G" };
	const struct sw_pamt_entry *e;
	char lock[40];
	int level;

	if (!sw_pamt_peek(pa, 2)) {
		say(out, "0x%llx is in no initialised TDMR", LL(pa));
		return;
	}
	for (level = 2; level >= 0; level--) {
		e = sw_pamt_peek(pa, level);
		if (!e) {
			say(out, "%s 0x%llx has no metadata", sizes[level],
			    LL(pa));
			continue;
		}
		lock_text(&e->lock, lock, sizeof(lock));
		say(out, "%s 0x%llx %s owner 0x%llx bepoch %llu lock %s",
		    sizes[level], LL(pa & ~(SW_LEVEL_SIZE(level) - 1)),
		    NAME(page_types, pamt_type(e)), LL(pamt_owner(e)),
		    LL(sw_load(&e->bepoch)), lock);
	}
}

void sw_inspect_show_sys(struct sw_out *out)
{
	unsigned int i;

	say(out, "state %s cpus %u calls %u hkid %u",
	    NAME(sys_states, sw_load(&sw_sys.state)), sw_sys.nr_lps,
	    sw_sys.in_flight, sw_sys.hkid);
	show_lock(out, "SYS", &sw_sys.lock);
	show_lock(out, "KOT", &sw_sys.kot_lock);
	for (i = 0; i < sw_nr_pkgs() && i < SW_MAX_PKGS; i++)
		show_lock(out, "WBCACHE", &sw_sys.wb_lock[i]);
	for (i = 0; i < sw_sys.nr_tdmrs; i++)
		say(out, "  tdmr 0x%llx size 0x%llx ready to 0x%llx",
		    LL(sw_sys.tdmr[i].base), LL(sw_sys.tdmr[i].size),
		    LL(sw_load(&sw_sys.tdmr[i].next)));
	for (i = 0; i < SW_MAX_HKIDS; i++) {
		if (sw_sys.kot[i].state != SW_KOT_FREE)
			say(out, "  hkid %u state %u wb_pending 0x%llx", i,
			    sw_sys.kot[i].state, LL(sw_sys.kot[i].wb_pending));
	}
}

/* Who is in the module: what a holder of a lock can be found by. */
void sw_inspect_show_cpu(struct sw_out *out, unsigned int n,
			 const struct sw_cpu *cpu)
{
	u32 leaf = sw_load(&cpu->in_leaf);

	if (leaf)
		say(out, "cpu %u in %s rcx 0x%llx rdx 0x%llx", n,
		    sw_leaf_name(SW_STAT_SEAMCALL, leaf - 1), LL(cpu->in_rcx),
		    LL(cpu->in_rdx));
	else if (cpu->last_tdvpr)
		say(out, "cpu %u out, last ran 0x%llx", n, LL(cpu->last_tdvpr));
	else
		say(out, "cpu %u out", n);
}
