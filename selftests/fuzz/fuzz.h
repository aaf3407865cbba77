/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One input is a program: bytes that say which SEAMCALL with which operands
 * comes next, and what a vCPU does once it is entered.  Every step is followed
 * by the checks of fuzz_check.c.
 */
#ifndef _FUZZ_H
#define _FUZZ_H

#include "swmod_machine.h"

/* Pages that programs may name: one block of small ones, then large ones. */
#define POOL_BASE	(TDMR_BASE + 0x2000000)
#define POOL_SMALL	192
#define HUGE_BASE	(TDMR_BASE + 0x4000000)
#define NR_HUGE		3
#define NR_BLOCKS	(1 + NR_HUGE)
/* Each is a package: a key is configured and written back on both. */
#define FUZZ_CPUS	2
#define FUZZ_PKGS	2
/* TDRs and TDVPRs are looked for among the first of the small pages. */
#define NR_TDRS		4
#define NR_TDVPRS	8

/* Index of a page among those of all blocks, or -1. */
int pool_index(u64 pa);
u64 pool_pa(int index);
#define NR_POOL		(NR_BLOCKS * 512)

/* fuzz_input.c: what is left of the input reads as zeroes. */
void input_set(const u8 *data, size_t size);
bool input_ended(void);
u8 in_byte(void);
u64 in_u64(void);
/* A register of the kind that @kind names, see fuzz_steps.c. */
u64 in_operand(char kind);

/* fuzz_steps.c */
void fuzz_setup(void);
void fuzz_reset(void);
void fuzz_one(const u8 *data, size_t size);
/* One step; @depth is 1 if a vCPU is running at the same time. */
void fuzz_step(int depth);
/* Steps made since the start of the input, for whoever prints a report. */
extern __thread unsigned int fuzz_steps;
/* The CPU that this thread plays; others than 0 are for fuzz_race.c. */
extern __thread u8 fuzz_cpu;
/* Set while several threads make steps: nothing holds still to be checked. */
extern bool fuzz_racing;

/* fuzz_guest.c */
void fuzz_guest_reset(void);
/* What the guest has in GPR @i whenever it exits. */
u64 fuzz_secret(int i);
/* VP.ENTER is done, or VP.WR: what is known of the guest's registers. */
void fuzz_exited(u64 tdvpr, u64 status);
/* A field of a vCPU's VMCS. */
u64 *fuzz_vmcs(u64 tdvpr, u32 encoding);
/* Entries by VP.ENTER so far. */
extern unsigned int fuzz_entries;

/* fuzz_answers.c; not while threads race. */
void answer_reset(void);
/* @rax: the leaf; @faulty: its status may be one that was asked for; @ran: the guest did. */
void answer_check(u64 rax, const struct sw_regs *in, const struct sw_regs *out,
		  bool faulty, bool ran);

/* fuzz_update.c: another module takes over, and everything is as it was. */
void step_update(int depth);

/* fuzz_check.c */
void check_reset(void);
void check_all(int depth);
/* Remember the PAMT; is it as it was when that was done, or checked? */
void check_note(void);
bool check_unchanged(void);
/* Prints the reason and ends the process with a trap. */
void violated(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define LL(x)		((unsigned long long)(x))
#define must(cond, fmt, ...) do {					\
	if (!(cond))							\
		violated(fmt, ##__VA_ARGS__);				\
} while (0)

#endif /* _FUZZ_H */
