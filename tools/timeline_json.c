// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace event format of Chrome's tracing, which Perfetto opens: a process
 * for each TD with a thread for each vCPU, and one process for the other tasks
 * of the host.  Names are safe as they are: timeline_parse.c has cleaned them.
 */
#include <inttypes.h>

#include "timeline.h"

/* Behind all vCPUs. */
#define TID_SEPT	(TL_MAX_VCPU + 1)
#define TID_ZAPS	(TL_MAX_VCPU + 2)
#define PID_HOST	1

struct json {
	const struct tl_trace *t;
	FILE *f;
	bool some;
};

static u32 td_pid(u32 td)
{
	return PID_HOST + 1 + td;
}

static void begin(struct json *j)
{
	fputs(j->some ? ",\n{" : "\n{", j->f);
	j->some = true;
}

/* Microseconds since the first event. */
static void put_time(struct json *j, const char *key, u64 ns)
{
	fprintf(j->f, "\"%s\":%" PRIu64 ".%03u", key, ns / 1000,
		(unsigned int)(ns % 1000));
}

static void put_meta(struct json *j, const char *what, u32 pid, u32 tid,
		     const char *name, u32 nr)
{
	begin(j);
	fprintf(j->f, "\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,"
		"\"args\":{\"name\":\"%s%u\"}}", what, pid, tid, name, nr);
}

static void put_rows(struct json *j)
{
	const struct tl_trace *t = j->t;
	size_t i;
	u32 v;

	begin(j);
	fprintf(j->f, "\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%u,"
		"\"args\":{\"name\":\"host\"}}", PID_HOST);
	for (i = 0; i < t->nr_tasks; i++)
		if (t->task[i].td == TL_NONE)
			put_meta(j, "thread_name", PID_HOST, t->task[i].pid,
				 t->task[i].comm[0] ? t->task[i].comm : "task", t->task[i].pid);
	for (i = 0; i < t->nr_tds; i++) {
		put_meta(j, "process_name", td_pid(i), 0, "TD, KeyID ", t->td[i].hkid);
		for (v = 0; v < t->td[i].nr_vcpus; v++)
			put_meta(j, "thread_name", td_pid(i), v + 1, "vCPU ", v);
		put_meta(j, "thread_name", td_pid(i), TID_SEPT, "S-EPT of KeyID ",
			 t->td[i].hkid);
		put_meta(j, "thread_name", td_pid(i), TID_ZAPS, "zaps of KeyID ",
			 t->td[i].hkid);
	}
}

static void put_slice(const struct tl_slice *s, void *arg)
{
	struct json *j = arg;
	const struct tl_trace *t = j->t;
	const u64 *a = s->exit->arg;

	begin(j);
	fprintf(j->f, "\"ph\":\"X\",\"cat\":\"vcpu\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,",
		s->name == TL_NONE ? tl_where_name(s->where) : t->name[s->name].text,
		td_pid(s->td), s->vcpu + 1);
	put_time(j, "ts", s->start - t->start);
	fputc(',', j->f);
	put_time(j, "dur", s->end - s->start);
	if (s->name != TL_NONE)
		fprintf(j->f, ",\"args\":{\"status\":\"0x%" PRIx64 "\",\"r12 or gpa\":\"0x%"
			PRIx64 "\",\"r13\":\"0x%" PRIx64 "\",\"r14\":\"0x%" PRIx64 "\"}",
			s->exit->err, a[0], a[1], a[2]);
	fputc('}', j->f);
}

/* The row of an event that is a point; false: it is part of a slice. */
static bool point_row(const struct tl_trace *t, const struct tl_event *e, u32 *pid,
		      u32 *tid)
{
	const struct tl_task *task;

	*pid = e->td == TL_NONE ? PID_HOST : td_pid(e->td);
	switch (e->type) {
	case TL_FAULT:
		*tid = e->vcpu + 1;
		return true;
	case TL_SEPT:
	case TL_RETRY:
		*tid = TID_SEPT;
		return true;
	case TL_ZAP:
		*tid = TID_ZAPS;
		return true;
	case TL_STATE:
	case TL_LOST:
		*tid = 0;
		return true;
	case TL_SEAMCALL:
		task = &t->task[e->task];
		*pid = task->td == TL_NONE ? PID_HOST : td_pid(task->td);
		*tid = task->td == TL_NONE ? task->pid : task->vcpu + 1;
		return true;
	default:
		return false;
	}
}

static void put_point(struct json *j, const struct tl_event *e)
{
	static const char * const keys[TL_NR_TYPES][3] = {
		[TL_FAULT] = { "gpa", "tries" },
		[TL_SEPT] = { "gpa", "level" },
		[TL_RETRY] = { "gpa" },
		[TL_ZAP] = { "start", "end", "leaves" },
		[TL_SEAMCALL] = { "rcx", "rdx" },
	};
	const char *scope = e->type == TL_LOST ? "g" : e->type == TL_STATE ? "p" : "t";
	u32 pid, tid;
	int i;

	if (!point_row(j->t, e, &pid, &tid))
		return;
	begin(j);
	fprintf(j->f, "\"ph\":\"i\",\"s\":\"%s\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,",
		scope, e->type == TL_FAULT ? "fault" : j->t->name[e->name].text, pid, tid);
	put_time(j, "ts", e->ns - j->t->start);
	fprintf(j->f, ",\"args\":{\"status\":\"0x%" PRIx64 "\"", e->err);
	for (i = 0; i < 3 && keys[e->type][i]; i++)
		fprintf(j->f, ",\"%s\":\"0x%" PRIx64 "\"", keys[e->type][i], e->arg[i]);
	fputs("}}", j->f);
}

static void put_other(struct json *j)
{
	char doubt[TL_MAX_DOUBTS][120];
	unsigned int i, n = tl_doubts(j->t, doubt, TL_MAX_DOUBTS);
	size_t k;

	fputs("\n],\"otherData\":{\"made by\":\"tdx-timeline\"", j->f);
	for (i = 0; i < n; i++)
		fprintf(j->f, ",\n\"doubt %u\":\"%s\"", i + 1, doubt[i]);
	for (k = 0; k < j->t->nr_names; k++)
		fprintf(j->f, ",\n\"%u %s\":\"%" PRIu64 "\"", j->t->name[k].type,
			j->t->name[k].text, j->t->name[k].count);
	fputs("}}\n", j->f);
}

bool tl_write_json(const struct tl_trace *t, FILE *f)
{
	struct json j = { .t = t, .f = f };
	size_t i;

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", f);
	put_rows(&j);
	if (!tl_slices(t, put_slice, &j))
		return false;
	for (i = 0; i < t->nr_events; i++)
		put_point(&j, &t->event[i]);
	put_other(&j);
	return true;
}
