/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of this folder share. */
#ifndef SELFTESTS_BORDER_H
#define SELFTESTS_BORDER_H

#include "../abi/td.h"

#define PAGE		4096UL

/* What became of a child process. */
enum fate {
	FATE_PASSED,
	FATE_FAILED,
	/* Threads got no further until the process ended. */
	FATE_HUNG,
	/* A kill did not end it: a thread of it is lost in the kernel. */
	FATE_STUCK,
};

extern const char *const fate_names[];

/* By how much everything takes longer on the debug kernel. */
unsigned int patience(void);

/*
 * Run @fn in a process of its own, for @seconds at most.  A host that loses one
 * of its threads does not take the test program with it.
 */
enum fate contain(bool (*fn)(void *arg), void *arg, unsigned int seconds);
/* The exit status of a process that finds out that it hangs. */
#define EXIT_HUNG	2

/* Has the kernel reported a fault since the last look?  Prints the first line. */
bool log_has_report(void);

/* A panic leaves this as the last line on the console. */
void tell_console(const char *what);

void pin_thread(unsigned int cpu);

/* Shared memory only; @flags and @memory as for KVM. */
int slot_set(int vm, u32 slot, u64 gpa, u64 size, void *memory);

int pre_fault(int vcpu, u64 gpa, u64 size);

/* Private and anonymous; NULL without memory. */
void *memory_of(u64 size);

/* Each write makes all roots obsolete. */
#define NX_HUGE_PAGES	"/sys/module/kvm/parameters/nx_huge_pages"
bool set_nx_huge_pages(bool on);

/*
 * Does a vCPU use a root that is obsolete?  @td is a new one with two vCPUs and
 * GUEST_ROOTS; the caller's thread is vCPU 0's.  False if there was an end to it.
 */
struct roots_race {
	struct td *td;
	unsigned int rounds;
	u64 seed;
	/* In how many rounds vCPU 1 wrote, and in how many without a fault. */
	unsigned int tried, stale;
};

bool roots_race(struct roots_race *race);

/* Two loops against each other. */
struct racer {
	/* One round; false ends the race badly. */
	bool (*round)(struct racer *r);
	void *arg;
	unsigned long rounds;
	/* Where there are two, each has one to itself. */
	unsigned int cpu;
	struct race *race;
};

/*
 * True once both have come @rounds rounds far.  No round of one of them within
 * RACE_STALL_MS is a hang, which ends the process; only for contain().
 */
#define RACE_STALL_MS		600
bool race_is_over(const struct racer *r);
bool race(struct racer *a, struct racer *b, unsigned long rounds);

#endif /* SELFTESTS_BORDER_H */
