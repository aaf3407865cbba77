// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read a trace as text, as "trace-cmd report" prints it and as tracefs has it:
 *
 *     tdxrun-187   [000] d..1.    12.345678: tdx_exit:   hkid 1 vcpu 0 status ...
 *
 * The flags before the time may be missing.  Nothing in a line is trusted.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

#define NS_PER_SEC	1000000000ull
/* A line of an event is far shorter. */
#define MAX_LINE	4096

/* --- what stands in a line --- */

static bool number(const char **p, unsigned int base, u64 *value)
{
	char *end;

	if (!isxdigit((unsigned char)**p))
		return false;
	errno = 0;
	*value = strtoull(*p, &end, base);
	if (errno || end == *p)
		return false;
	*p = end;
	return true;
}

/* The word behind the word @key; NULL if there is none. */
static const char *behind(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *p = text;

	while ((p = strstr(p, key))) {
		if ((p == text || p[-1] == ' ') && p[len] == ' ') {
			p += len;
			return p + strspn(p, " ");
		}
		p += len;
	}
	return NULL;
}

static bool field(const char *text, const char *key, unsigned int base, u64 max,
		  u64 *value)
{
	const char *p = behind(text, key);

	return p && number(&p, base, value) && (!*p || *p == ' ') && *value <= max;
}

/* Copy a word; what is no letter, digit or punctuation of names becomes '?'. */
static void copy_word(char *to, size_t size, const char *from, size_t len)
{
	size_t i;

	if (len > size - 1)
		len = size - 1;
	for (i = 0; i < len; i++)
		to[i] = isalnum((unsigned char)from[i]) || strchr("._-:/# ", from[i]) ?
			from[i] : '?';
	to[i] = '\0';
}

/* --- tables that grow --- */

bool tl_grow(void *array, size_t nr, size_t *max, size_t size)
{
	void **p = array, *bigger;
	size_t want;

	if (nr < *max)
		return true;
	want = *max ? 2 * *max : 64;
	bigger = reallocarray(*p, want, size);
	if (!bigger)
		return false;
	*p = bigger;
	*max = want;
	return true;
}

static u32 find_task(struct tl_trace *t, u32 pid, const char *comm, size_t len)
{
	struct tl_task *task;
	size_t i;

	/* The newest are the likeliest. */
	for (i = t->nr_tasks; i-- > 0; )
		if (t->task[i].pid == pid)
			return i;
	if (t->nr_tasks == TL_MAX_TASKS ||
	    !tl_grow(&t->task, t->nr_tasks, &t->max_tasks, sizeof(*t->task)))
		return TL_NONE;
	task = &t->task[t->nr_tasks];
	memset(task, 0, sizeof(*task));
	task->pid = pid;
	task->td = TL_NONE;
	copy_word(task->comm, sizeof(task->comm), comm, len);
	return t->nr_tasks++;
}

static u32 find_name(struct tl_trace *t, u8 type, const char *text, size_t len)
{
	struct tl_name name = { .type = type };
	size_t i;

	copy_word(name.text, sizeof(name.text), text, len);
	for (i = 0; i < t->nr_names; i++)
		if (t->name[i].type == type && !strcmp(t->name[i].text, name.text))
			return i;
	if (t->nr_names == TL_MAX_NAMES ||
	    !tl_grow(&t->name, t->nr_names, &t->max_names, sizeof(*t->name)))
		return TL_NONE;
	t->name[t->nr_names] = name;
	return t->nr_names++;
}

static bool set_name(struct tl_trace *t, struct tl_event *e, const char *text,
		     size_t len)
{
	e->name = find_name(t, e->type, text, len);
	return e->name != TL_NONE;
}

/* --- one parser for each event: false if it is not as expected --- */

static const char *tdvmcall_name(u64 r10, u64 r11)
{
	if (r10)
		return "tdvmcall_hypercall";
	switch (r11) {
	case 10:
		return "tdvmcall_cpuid";
	case 12:
		return "tdvmcall_hlt";
	case 30:
		return "tdvmcall_io";
	case 31:
		return "tdvmcall_rdmsr";
	case 32:
		return "tdvmcall_wrmsr";
	case 48:
		return "tdvmcall_mmio";
	case 0x10000:
		return "tdvmcall_get_info";
	case 0x10001:
		return "tdvmcall_map_gpa";
	case 0x10002:
		return "tdvmcall_get_quote";
	case 0x10003:
		return "tdvmcall_fatal_error";
	case 0x10004:
		return "tdvmcall_event_notify";
	default:
		return "tdvmcall_unknown";
	}
}

/* No TD has so much memory that a private GPA has the place of a shared bit. */
static bool is_shared(u64 gpa)
{
	return gpa >> 47 & 1 || gpa >> 51 & 1;
}

static bool parse_exit(struct tl_trace *t, struct tl_event *e, const char *text)
{
	u64 hkid, vcpu, r10, r11, r8;
	char buf[48];
	const char *name = buf, *p;

	if (!field(text, "hkid", 10, TL_MAX_HKID, &hkid) ||
	    !field(text, "vcpu", 10, TL_MAX_VCPU - 1, &vcpu) ||
	    !field(text, "status", 16, -1ull, &e->err) ||
	    !field(text, "r8", 16, -1ull, &r8) ||
	    !field(text, "r10", 16, -1ull, &r10) ||
	    !field(text, "r11", 16, -1ull, &r11))
		return false;
	e->td = hkid;
	e->vcpu = vcpu;
	field(text, "r12", 16, -1ull, &e->arg[0]);
	field(text, "r13", 16, -1ull, &e->arg[1]);
	field(text, "r14", 16, -1ull, &e->arg[2]);

	p = behind(text, "status");
	p += strcspn(p, " ");
	p += strspn(p, " ");
	if (tl_failed(e->err) || e->err >> 62) {
		copy_word(buf, sizeof(buf), p, strcspn(p, " "));
	} else {
		switch (e->err & 0xffff) {
		case 0:
			name = "exception_or_nmi";
			break;
		case 1:
			name = "external_interrupt";
			break;
		case 2:
			name = "triple_fault";
			break;
		case 48:
			e->arg[0] = r8;
			name = is_shared(r8) ? "ept_shared" : "ept_private";
			break;
		case 77:
			name = tdvmcall_name(r10, r11);
			break;
		default:
			snprintf(buf, sizeof(buf), "exit_reason_%u",
				 (unsigned int)(e->err & 0xffff));
		}
	}
	return set_name(t, e, name, strlen(name));
}

static bool parse_fault(struct tl_trace *t, struct tl_event *e, const char *text)
{
	u64 hkid, vcpu;
	const char *p = behind(text, "ret");

	if (!p || !field(text, "hkid", 10, TL_MAX_HKID, &hkid) ||
	    !field(text, "vcpu", 10, TL_MAX_VCPU - 1, &vcpu) ||
	    !field(text, "gpa", 16, -1ull, &e->arg[0]) ||
	    !field(text, "tries", 10, -1ull, &e->arg[1]))
		return false;
	e->td = hkid;
	e->vcpu = vcpu;
	e->err = strtol(p, NULL, 10) < 0;
	return set_name(t, e, "private_faults", 14);
}

static bool parse_sept(struct tl_trace *t, struct tl_event *e, const char *text)
{
	static const char * const names[][2] = {
		{ "PAGE.ADD", "page_add" }, { "PAGE.AUG", "page_aug" },
		{ "RANGE.BLOCK", "range_block" }, { "PAGE.REMOVE", "page_remove" },
		{ "PAGE.DEMOTE", "page_demote" }, { "PAGE.RECLAIM", "leaves_reclaimed" },
		{ "SEPT.ADD", "sept_add" }, { "SEPT.REMOVE", "sept_remove" },
	};
	const char *op = behind(text, "level");
	size_t i, len;
	u64 hkid;

	if (!op || !field(text, "hkid", 10, TL_MAX_HKID, &hkid) ||
	    !field(text, "gpa", 16, -1ull, &e->arg[0]) ||
	    !field(text, "level", 10, 16, &e->arg[1]) ||
	    !field(text, "err", 16, -1ull, &e->err))
		return false;
	e->td = hkid;
	op += strcspn(op, " ");
	op += strspn(op, " ");
	len = strcspn(op, " ");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i][0]) == len && !strncmp(op, names[i][0], len))
			return set_name(t, e, names[i][1], strlen(names[i][1]));
	return false;
}

static bool parse_zap(struct tl_trace *t, struct tl_event *e, const char *text)
{
	const char *p = behind(text, "hkid");
	u64 hkid;

	if (!p || !number(&p, 10, &hkid) || hkid > TL_MAX_HKID || *p++ != ' ' ||
	    !number(&p, 16, &e->arg[0]) || *p++ != '-' ||
	    !number(&p, 16, &e->arg[1]) ||
	    !field(text, "leaves", 10, -1ull, &e->arg[2]))
		return false;
	e->td = hkid;
	return set_name(t, e, "zap_batches", 11);
}

static bool parse_state(struct tl_trace *t, struct tl_event *e, const char *text)
{
	const char *p = behind(text, "hkid");
	u64 hkid;

	if (!p || !number(&p, 10, &hkid) || hkid > TL_MAX_HKID || *p++ != ' ')
		return false;
	e->td = hkid;
	return set_name(t, e, p, strcspn(p, " "));
}

static bool parse_retry(struct tl_trace *t, struct tl_event *e, const char *text)
{
	u64 hkid;

	if (!field(text, "hkid", 10, TL_MAX_HKID, &hkid) ||
	    !field(text, "gpa", 16, -1ull, &e->arg[0]) ||
	    !field(text, "err", 16, -1ull, &e->err))
		return false;
	e->td = hkid;
	return set_name(t, e, "retries", 7);
}

static bool parse_seamcall(struct tl_trace *t, struct tl_event *e, const char *text)
{
	if (!field(text, "rcx", 16, -1ull, &e->arg[0]) ||
	    !field(text, "rdx", 16, -1ull, &e->arg[1]) ||
	    !field(text, "status", 16, -1ull, &e->err))
		return false;
	return set_name(t, e, text, strcspn(text, " "));
}

static bool parse_nothing(struct tl_trace *t, struct tl_event *e, const char *text)
{
	const char *p = behind(text, "reason");

	if (e->type == TL_ENTRY)
		return set_name(t, e, "kvm_entry", 9);
	/* Base KVM 6.12's tracepoint has no name for it. */
	if (p && !strncmp(p, "0x28 ", 5))
		return set_name(t, e, "KVM_EXIT_TDX", 12);
	return p ? set_name(t, e, p, strcspn(p, " ")) :
		   set_name(t, e, "kvm_userspace_exit", 18);
}

static const struct {
	const char *name;
	enum tl_type type;
	bool (*parse)(struct tl_trace *t, struct tl_event *e, const char *text);
} events[] = {
	{ "tdx_seamcall", TL_SEAMCALL, parse_seamcall },
	{ "tdx_sept_step", TL_SEPT, parse_sept },
	{ "kvm_entry", TL_ENTRY, parse_nothing },
	{ "tdx_exit", TL_EXIT, parse_exit },
	{ "kvm_userspace_exit", TL_USER, parse_nothing },
	{ "tdx_fault", TL_FAULT, parse_fault },
	{ "tdx_zap_batch", TL_ZAP, parse_zap },
	{ "tdx_retry", TL_RETRY, parse_retry },
	{ "tdx_td_state", TL_STATE, parse_state },
};

/* --- lines --- */

static bool add_event(struct tl_trace *t, const struct tl_event *e)
{
	if (!tl_grow(&t->event, t->nr_events, &t->max_events, sizeof(*t->event)))
		return false;
	t->event[t->nr_events++] = *e;
	return true;
}

/* "12.345678:"; moves *@p behind it. */
static bool parse_time(const char **p, u64 *ns)
{
	const char *q = *p, *dot;
	u64 sec, frac = 0;
	int digits;

	if (!number(&q, 10, &sec) || *q++ != '.' || sec > UINT32_MAX)
		return false;
	dot = q;
	if (!number(&q, 10, &frac) || *q != ':' || q - dot > 9)
		return false;
	for (digits = q - dot; digits < 9; digits++)
		frac *= 10;
	*ns = sec * NS_PER_SEC + frac;
	*p = q + 1;
	return true;
}

/* "[000]" and what may stand before the time; *@p is behind the time then. */
static bool parse_place(const char **p, struct tl_event *e)
{
	const char *q = *p + 1;
	u64 cpu;
	int words;

	if (!number(&q, 10, &cpu) || *q++ != ']' || cpu > UINT32_MAX)
		return false;
	e->cpu = cpu;
	for (words = 0; words < 3; words++) {
		q += strspn(q, " \t");
		if (parse_time(&q, &e->ns)) {
			*p = q;
			return true;
		}
		/* The bracket was a part of the comm. */
		if (*q == '[')
			break;
		q += strcspn(q, " \t");
	}
	return false;
}

/* "comm-pid" before *@place; a comm may hold anything. */
static bool parse_task(struct tl_trace *t, const char *line, const char *place,
		       struct tl_event *e)
{
	const char *end = place, *p;
	u64 pid;

	while (end > line && end[-1] == ' ')
		end--;
	/* tracefs may have the thread group in parentheses here. */
	if (end > line && end[-1] == ')') {
		while (end > line && *end != '(')
			end--;
		while (end > line && end[-1] == ' ')
			end--;
	}
	for (p = end; p > line && isdigit((unsigned char)p[-1]); )
		p--;
	if (p == line || p == end || p[-1] != '-' || !number(&p, 10, &pid) ||
	    pid > UINT32_MAX)
		return false;
	for (p = end; p[-1] != '-'; )
		p--;
	line += strspn(line, " ");
	e->task = find_task(t, pid, line, p - 1 > line ? p - 1 - line : 0);
	return e->task != TL_NONE;
}

/* "CPU:0 [123 EVENTS DROPPED]", "CPU:0 [LOST 123 EVENTS]", with or without a number. */
static bool parse_lost(struct tl_trace *t, const char *line, u64 ns)
{
	struct tl_event e = { .type = TL_LOST, .td = TL_NONE, .task = TL_NONE };
	const char *p = line + 4;
	u64 cpu, lost;

	if (strncmp(line, "CPU:", 4) || !number(&p, 10, &cpu) ||
	    (!strstr(p, "EVENTS DROPPED") && !strstr(p, "LOST")))
		return false;
	p += strcspn(p, "[");
	p += strcspn(p, "0123456789");
	if (*p && number(&p, 10, &lost))
		t->lost += lost;
	else
		t->lost_unknown = true;
	t->gaps++;
	e.ns = ns;
	e.cpu = cpu;
	e.seq = t->nr_events;
	e.name = find_name(t, TL_LOST, "events lost", 11);
	return e.name != TL_NONE && add_event(t, &e);
}

/* "# entries-in-buffer/entries-written: 100/250   #P:1" of tracefs */
static void parse_comment(struct tl_trace *t, const char *line)
{
	const char *p = strstr(line, "entries-written:");
	u64 there, written;

	if (!p)
		return;
	p += strcspn(p, "0123456789");
	if (number(&p, 10, &there) && *p++ == '/' && number(&p, 10, &written) &&
	    written > there) {
		t->lost += written - there;
		t->gaps++;
	}
}

/* What the two formats have besides events. */
static bool is_noise(const char *line)
{
	static const char * const begin[] = {
		"#", "cpus=", "CPU ", "version =", "trace-cmd version", "page-size",
	};
	size_t i;

	if (!line[strspn(line, " \t\r")])
		return true;
	for (i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (!strncmp(line, begin[i], strlen(begin[i])))
			return true;
	return false;
}

/* -1: not an event; 0: one that is of no interest; 1: taken; -2: no memory. */
static int parse_line(struct tl_trace *t, const char *line)
{
	struct tl_event e = { .td = TL_NONE, .task = TL_NONE, .seq = t->nr_events };
	const char *place = line, *p = NULL, *name;
	size_t i, len;

	while ((place = strchr(place, '['))) {
		p = place;
		if (parse_place(&p, &e))
			break;
		place++;
	}
	if (!place)
		return -1;
	name = p + strspn(p, " ");
	len = strcspn(name, ": ");
	if (!len || name[len] != ':')
		return -1;
	p = name + len + 1;
	p += strspn(p, " ");
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strlen(events[i].name) == len &&
		    !strncmp(name, events[i].name, len))
			break;
	if (i == sizeof(events) / sizeof(events[0]))
		return 0;
	e.type = events[i].type;
	errno = 0;
	if (!parse_task(t, line, place, &e) || !events[i].parse(t, &e, p))
		return errno == ENOMEM ? -2 : -1;
	return add_event(t, &e) ? 1 : -2;
}

static u64 last_time(const struct tl_trace *t)
{
	return t->nr_events ? t->event[t->nr_events - 1].ns : 0;
}

/* Losses that no event came before are from the first one's time. */
static void place_losses(struct tl_trace *t)
{
	size_t i;

	for (i = t->nr_events; i-- > 1; )
		if (t->event[i - 1].type == TL_LOST && !t->event[i - 1].ns)
			t->event[i - 1].ns = t->event[i].ns;
}

bool tl_read(struct tl_trace *t, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	u64 nr = 0;
	ssize_t len;
	int ret = 0;

	memset(t, 0, sizeof(*t));
	while (ret != -2 && (len = getline(&line, &size, f)) > 0) {
		nr++;
		if (line[len - 1] != '\n') {
			t->truncated = true;
			break;
		}
		line[--len] = '\0';
		if (line[0] == '#')
			parse_comment(t, line);
		if (is_noise(line) || parse_lost(t, line, last_time(t)))
			continue;
		/* A byte that is zero hides the rest. */
		ret = len > MAX_LINE || strlen(line) != (size_t)len ?
			-1 : parse_line(t, line);
		if (ret == -1 && !t->bad_lines++)
			t->first_bad = nr;
	}
	free(line);
	place_losses(t);
	if (ret == -2)
		errno = ENOMEM;
	return ret != -2 && !ferror(f);
}

void tl_free(struct tl_trace *t)
{
	free(t->event);
	free(t->task);
	free(t->td);
	free(t->name);
	memset(t, 0, sizeof(*t));
}
