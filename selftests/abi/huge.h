/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TD with a slot that starts on a border of 2 MiB, a guest in it that does
 * one thing after the other as it is told, and what each costs.
 */
#ifndef SELFTESTS_KVM_HUGE_H
#define SELFTESTS_KVM_HUGE_H

#include "td.h"

#define PAGE		4096UL
#define SWMOD		"/sys/kernel/debug/tdx_swmod/"
#define HUGE_SLOT	2

/* What KVM_RUN failed with, in place of a result. */
#define FAILED		0xdead000000000000ULL

struct huge {
	struct td *td;
	int gmem;
	void *shared;
	/* Of the last KVM_RUN that failed. */
	struct exit_memory_fault fault;
};

struct huge huge_up(u64 gpa, u64 size, u64 offset);
void huge_down(struct huge *h, u64 size);

/* --- orders: the guest's result, or FAILED and why --- */
u64 order(struct huge *h, u32 what, u64 gpa, u32 arg);
/* What was left undone when KVM_RUN failed. */
u64 resume(struct huge *h);
u64 accept_at(struct huge *h, u64 gpa, u32 level);
/* Each page has a value of its own. */
bool write_page(struct huge *h, u64 gpa);
bool reads_back(struct huge *h, u64 gpa);

/* --- from outside --- */
/* Where swmod's S-EPT has @gpa; 0 if nowhere.  The only TD is asked for. */
u64 host_address(u64 gpa);
#define HARD_OFFLINE	"/sys/devices/system/memory/hard_offline_page"
void hard_offline(u64 pa);
long pre_fault(struct huge *h, u64 gpa, u64 size);
bool punch(struct huge *h, u64 offset, u64 size);

/* --- counts: what has changed since the last look --- */
enum count { AUG, BLOCK, TRACK, KICK, REMOVE, DEMOTE, SMALL, LARGE, NR_COUNTS };

struct counts {
	long long n[NR_COUNTS];
};

struct counts look(const struct huge *h);
struct counts since(const struct huge *h, const struct counts *before);
void note_counts(const struct counts *c);

#endif /* SELFTESTS_KVM_HUGE_H */
