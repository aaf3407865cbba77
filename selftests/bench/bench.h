/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tdbench: what the paths of private memory cost.  Counts only: instructions
 * by the TSC of an emulated machine, SEAMCALLs by swmod's debugfs, IPIs by
 * /proc/interrupts.
 */
#ifndef SELFTESTS_BENCH_BENCH_H
#define SELFTESTS_BENCH_BENCH_H

#include <stdbool.h>

#include "cmd.h"
#include "td.h"

#define PAGE		4096ULL
#define MIB		(1024 * 1024ULL)
#define PAGES_2M	512

#define MAX_LEAVES	64

/* --- count.c --- */

struct leaf_count {
	char name[64];
	u64 count;
};

/* What has happened, since boot or between two looks. */
struct sample {
	u64 insns;
	u64 ipis;
	/* SEAMCALLs that lost a lock of the module. */
	u64 busy;
	unsigned int nr_leaves;
	struct leaf_count leaf[MAX_LEAVES];
	/* Instructions of the software module and of the guest, or -1. */
	long long swmod;
	/* Counts of a KVM that has them, else -1: kick rounds, fault retries. */
	long long kicks, retries;
};

/* @td may be NULL. */
void sample_begin(struct sample *s, const struct td *td);
/* What has happened since @begin. */
void sample_end(struct sample *s, const struct td *td,
		const struct sample *begin);
/* @s -= @other */
void sample_sub(struct sample *s, const struct sample *other);
u64 sample_leaf(const struct sample *s, const char *name);

/* --- bench_td.c --- */

/* Pages are 4 KiB in one slot, and as large as KVM makes them in the other. */
enum page_size { SIZE_4K, SIZE_2M, NR_SIZES };

struct bench_td {
	struct td *td;
	enum page_size size;
	u64 gpa, bytes;
	/* Where in guest_memfd the slot begins. */
	u64 offset;
	int memfd;
	void *shared;
};

/* A TD whose RAM is not mapped; ends the program on failure. */
struct bench_td *bench_td_new(unsigned int vcpus, enum page_size size);
/* The same before KVM_TDX_FINALIZE_VM. */
struct bench_td *bench_td_building(enum page_size size);
void bench_td_free(struct bench_td *b);
/* All of the guest's work on vCPU @vcpu; returns what went wrong in there. */
u32 bench_run(struct bench_td *b, unsigned int vcpu, enum bench_cmd cmd,
	      u64 gpa, u64 stride, u32 count);
u32 bench_accept(struct bench_td *b, u64 offset, u32 count);
void bench_prefault(struct bench_td *b, u64 offset, u64 bytes);
void *bench_source(u64 bytes);
void bench_populate(struct bench_td *b, const void *source, u64 bytes,
		    bool measure);
void bench_punch(struct bench_td *b, u64 offset, u64 bytes);
/* The end of a TD of one vCPU that QEMU restarts: slots, VM, memory, vCPU. */
void bench_restart(struct bench_td *b);
void bench_fail(const char *what);

/* --- bench.c --- */

/* One run's outcome of a row; @units is what the counts are divided by. */
void row_print(const char *row, enum page_size size, u64 units,
	       const struct sample *s);

struct row {
	const char *name;
	void (*run)(const char *name, enum page_size size);
	/* Counts differ with the page size. */
	bool sizes;
	unsigned int min_cpus;
	/* A long one is run once, whatever the number of runs. */
	bool once;
};

extern const struct row rows_one[], rows_smp[];
extern unsigned int bench_cpus;

#endif /* SELFTESTS_BENCH_BENCH_H */
