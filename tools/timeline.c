// SPDX-License-Identifier: GPL-2.0-only
/* What happened between the events of a trace: whose, how often, for how long. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

/* As the module has it: the sign says that nothing was done. */
bool tl_failed(u64 status)
{
	return status >> 63;
}

const char *tl_where_name(enum tl_where where)
{
	static const char * const names[] = {
		[TL_IN_TD] = "in the TD",
		[TL_IN_KVM] = "in KVM",
		[TL_IN_VMM] = "in the VMM",
		[TL_HALTED] = "halted",
	};

	return names[where];
}

/* --- order, and whose --- */

static int by_time(const void *pa, const void *pb)
{
	const struct tl_event *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* The TD that has @hkid now.  @begins: it is a new one. */
u32 tl_find_td(struct tl_trace *t, u32 hkid, bool begins)
{
	size_t i;

	for (i = t->nr_tds; i-- > 0; ) {
		if (t->td[i].hkid != hkid)
			continue;
		if (begins && t->td[i].ended)
			break;
		return i;
	}
	if (!tl_grow(&t->td, t->nr_tds, &t->max_tds, sizeof(*t->td)))
		return TL_NONE;
	t->td[t->nr_tds] = (struct tl_td){ .hkid = hkid };
	return t->nr_tds++;
}

static bool assign_td(struct tl_trace *t, struct tl_event *e)
{
	const char *state = e->type == TL_STATE ? t->name[e->name].text : "";
	struct tl_td *td;

	e->td = tl_find_td(t, e->td, !strcmp(state, "initialized"));
	if (e->td == TL_NONE)
		return false;
	td = &t->td[e->td];
	if (!strcmp(state, "keyless"))
		td->ended = true;
	if (e->type != TL_EXIT && e->type != TL_FAULT)
		return true;
	if (td->nr_vcpus <= e->vcpu)
		td->nr_vcpus = e->vcpu + 1;
	if (e->type == TL_EXIT) {
		t->task[e->task].td = e->td;
		t->task[e->task].vcpu = e->vcpu;
	}
	return true;
}

/* Steps that did nothing are not what KVM counts as steps. */
static bool counts(const struct tl_event *e)
{
	return e->type != TL_SEPT || !tl_failed(e->err);
}

bool tl_finish(struct tl_trace *t)
{
	size_t i;

	if (!t->nr_events)
		return true;
	qsort(t->event, t->nr_events, sizeof(*t->event), by_time);
	for (i = 0; i < t->nr_events; i++) {
		struct tl_event *e = &t->event[i];

		if (e->td != TL_NONE && !assign_td(t, e))
			return false;
		if (counts(e))
			t->name[e->name].count++;
	}
	t->start = t->event[0].ns;
	t->end = t->event[t->nr_events - 1].ns;
	return true;
}

/* --- slices --- */

/* What a thread did last; 0: not known. */
struct thread {
	u64 entered, left, returned;
	const struct tl_event *exit;
};

struct slicer {
	const struct tl_trace *t;
	struct thread *thread;
	void (*fn)(const struct tl_slice *slice, void *arg);
	void *arg;
};

static void emit(struct slicer *s, const struct tl_event *exit, enum tl_where where,
		 u64 start, u64 end)
{
	struct tl_slice slice = {
		.td = exit->td,
		.vcpu = exit->vcpu,
		.where = where,
		.start = start,
		.end = end,
		.name = where == TL_IN_KVM || where == TL_HALTED ? exit->name : TL_NONE,
		.exit = exit,
	};

	s->fn(&slice, s->arg);
}

/* Time since the last exit, until KVM goes somewhere else. */
static void emit_kvm(struct slicer *s, struct thread *th, u64 end)
{
	bool hlt = !strcmp(s->t->name[th->exit->name].text, "tdvmcall_hlt");

	emit(s, th->exit, hlt ? TL_HALTED : TL_IN_KVM, th->left, end);
	th->left = 0;
}

static void step(struct slicer *s, const struct tl_event *e)
{
	struct thread *th = &s->thread[e->task];

	switch (e->type) {
	case TL_ENTRY:
		if (th->returned)
			emit(s, th->exit, TL_IN_VMM, th->returned, e->ns);
		else if (th->left)
			emit_kvm(s, th, e->ns);
		th->entered = e->ns;
		th->returned = 0;
		th->left = 0;
		break;
	case TL_EXIT:
		if (th->entered)
			emit(s, e, TL_IN_TD, th->entered, e->ns);
		th->entered = 0;
		th->returned = 0;
		th->left = e->ns;
		th->exit = e;
		break;
	case TL_USER:
		if (th->left) {
			emit_kvm(s, th, e->ns);
			th->returned = e->ns;
		}
		th->entered = 0;
		break;
	}
}

bool tl_slices(const struct tl_trace *t,
	       void (*fn)(const struct tl_slice *slice, void *arg), void *arg)
{
	struct slicer s = { .t = t, .fn = fn, .arg = arg };
	size_t i;

	s.thread = calloc(t->nr_tasks + 1, sizeof(*s.thread));
	if (!s.thread)
		return false;
	for (i = 0; i < t->nr_events; i++) {
		const struct tl_event *e = &t->event[i];

		/* Nobody knows what the threads did in a gap. */
		if (e->type == TL_LOST)
			memset(s.thread, 0, t->nr_tasks * sizeof(*s.thread));
		else
			step(&s, e);
	}
	free(s.thread);
	return true;
}

/* --- sums --- */

u64 tl_count(const struct tl_trace *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->nr_names; i++)
		if (!strcmp(t->name[i].text, name))
			return t->name[i].count;
	return 0;
}

static const char * const type_names[TL_NR_TYPES] = {
	[TL_ENTRY] = "entry",
	[TL_USER] = "user",
	[TL_EXIT] = "exit",
	[TL_FAULT] = "fault",
	[TL_SEPT] = "sept",
	[TL_ZAP] = "zap",
	[TL_STATE] = "state",
	[TL_RETRY] = "retry",
	[TL_SEAMCALL] = "seamcall",
	[TL_LOST] = "lost",
};

void tl_print_counts(const struct tl_trace *t, FILE *f)
{
	size_t i;
	int type;

	for (type = 0; type < TL_NR_TYPES; type++)
		for (i = 0; i < t->nr_names; i++)
			if (t->name[i].type == type)
				fprintf(f, "%s %s %" PRIu64 "\n", type_names[type],
					t->name[i].text, t->name[i].count);
}

unsigned int tl_doubts(const struct tl_trace *t, char line[][120], unsigned int max)
{
	unsigned int n = 0;

	if (t->gaps && n < max)
		snprintf(line[n++], 120, "events lost: %s%" PRIu64 ", in gaps: %" PRIu64
			 "; counts are too low", t->lost_unknown ? "more than " : "",
			 t->lost, t->gaps);
	if (t->truncated && n < max)
		snprintf(line[n++], 120, "the trace ends in the middle of a line");
	if (t->bad_lines && n < max)
		snprintf(line[n++], 120, "lines that are no events: %" PRIu64
			 ", the first is line %" PRIu64, t->bad_lines, t->first_bad);
	return n;
}
