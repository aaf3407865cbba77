/* SPDX-License-Identifier: GPL-2.0-only */
/* A trace of TDs in memory, and what can be drawn of it. */
#ifndef TOOLS_TIMELINE_H
#define TOOLS_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* Events of the kernel that are understood; all others are passed over. */
enum tl_type {
	TL_ENTRY,		/* kvm_entry: a vCPU goes in */
	TL_USER,		/* kvm_userspace_exit: KVM_RUN returns */
	TL_EXIT,		/* tdx_exit: TDH.VP.ENTER is back */
	TL_FAULT,		/* tdx_fault: a private fault is over */
	TL_SEPT,		/* tdx_sept_step: a SEAMCALL on an S-EPT entry */
	TL_ZAP,			/* tdx_zap_batch: a range was taken away */
	TL_STATE,		/* tdx_td_state */
	TL_RETRY,		/* tdx_retry: a lock of the module was lost */
	TL_SEAMCALL,		/* tdx_seamcall: all but TDH.VP.ENTER */
	TL_LOST,		/* the kernel had no room for events of a CPU */
	TL_NR_TYPES
};

/* Not a TD, a task or a name. */
#define TL_NONE		(~0u)

struct tl_event {
	u64 ns;
	/* GPA and more; of a TDVMCALL R12 to R14. */
	u64 arg[3];
	/* Of those that failed; an S-EPT step or a SEAMCALL. */
	u64 err;
	/* Line of the trace: the order of events at the same time. */
	u32 seq;
	/* Indices into the trace's arrays. */
	u32 task, td, name;
	u32 cpu, vcpu;
	u8 type;
};

struct tl_task {
	u32 pid;
	char comm[20];
	/* The row where its SEAMCALLs are shown; TL_NONE: one of its own. */
	u32 td, vcpu;
};

struct tl_td {
	u32 hkid;
	/* One more than the highest vCPU that was seen. */
	u32 nr_vcpus;
	/* It gave its KeyID back, so the next user of that is another TD. */
	bool ended;
};

/* A kind of event, such as "tdvmcall_io", and how often it was there. */
struct tl_name {
	char text[48];
	u8 type;
	u64 count;
};

struct tl_trace {
	struct tl_event *event;
	struct tl_task *task;
	struct tl_td *td;
	struct tl_name *name;
	size_t nr_events, nr_tasks, nr_tds, nr_names;
	size_t max_events, max_tasks, max_tds, max_names;
	/* Lines that should be events and are none, and the first of them. */
	u64 bad_lines, first_bad;
	/* Places where events are missing, and how many, as far as is known. */
	u64 gaps, lost;
	/* Some gap did not say how many. */
	bool lost_unknown;
	/* The last line has no end. */
	bool truncated;
	/* Of the first and the last event. */
	u64 start, end;
};

/* What has more of them is no trace of TDs. */
#define TL_MAX_TASKS	16384
#define TL_MAX_NAMES	1024
#define TL_MAX_VCPU	4096
#define TL_MAX_HKID	0xffff

/* What a vCPU's time goes to. */
enum tl_where { TL_IN_TD, TL_IN_KVM, TL_IN_VMM, TL_HALTED, TL_NR_WHERE };

struct tl_slice {
	u32 td, vcpu;
	enum tl_where where;
	u64 start, end;
	/* The exit behind it, TL_IN_KVM and TL_HALTED; else TL_NONE. */
	u32 name;
	const struct tl_event *exit;
};

/* --- timeline_parse.c: the text of "trace-cmd report", or of tracefs --- */

/* False: @f cannot be read, or memory is short; errno says which. */
bool tl_read(struct tl_trace *t, FILE *f);
void tl_free(struct tl_trace *t);

/* --- timeline.c --- */

/*
 * Sort by time, tell TDs that had the same KeyID apart, and count; tl_event.td is
 * a KeyID before.  False: no memory.
 */
bool tl_finish(struct tl_trace *t);
/* Call @fn for each slice, in the order of their ends; false: no memory. */
bool tl_slices(const struct tl_trace *t,
	       void (*fn)(const struct tl_slice *slice, void *arg), void *arg);
u32 tl_find_td(struct tl_trace *t, u32 hkid, bool begins);
const char *tl_where_name(enum tl_where where);
bool tl_failed(u64 status);
void tl_print_counts(const struct tl_trace *t, FILE *f);
/* One line for each reason why the picture is not the whole truth. */
unsigned int tl_doubts(const struct tl_trace *t, char line[][120], unsigned int max);
#define TL_MAX_DOUBTS	4
u64 tl_count(const struct tl_trace *t, const char *name);
/* Room for one more element of @size in *@array; false: no memory. */
bool tl_grow(void *array, size_t nr, size_t *max, size_t size);

/* --- timeline_json.c, timeline_svg.c; ferror() says whether they failed --- */

bool tl_write_json(const struct tl_trace *t, FILE *f);
bool tl_write_svg(const struct tl_trace *t, const char *title, FILE *f);

#endif /* TOOLS_TIMELINE_H */
