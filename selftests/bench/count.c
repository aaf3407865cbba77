// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define LEAVES	"/sys/kernel/debug/tdx_swmod/leaves"
#define TICKS	"/sys/kernel/debug/tdx_swmod/ticks"

static u64 rdtsc(void)
{
	u32 lo, hi;

	/* Nothing moves across it. */
	asm volatile("lfence; rdtsc; lfence" : "=a" (lo), "=d" (hi) : : "memory");
	return (u64)hi << 32 | lo;
}

static void add_leaf(struct sample *s, const char *name, u64 count)
{
	struct leaf_count *l = s->leaf;

	while (l < s->leaf + s->nr_leaves && strcmp(l->name, name))
		l++;
	if (l == s->leaf + s->nr_leaves) {
		if (s->nr_leaves == MAX_LEAVES)
			bench_fail("too many leaves");
		s->nr_leaves++;
		snprintf(l->name, sizeof(l->name), "%s", name);
		l->count = 0;
	}
	l->count += count;
}

static void read_leaves(struct sample *s)
{
	char name[64], status[64];
	unsigned long long count;
	FILE *f = fopen(LEAVES, "r");

	if (!f)
		bench_fail(LEAVES);
	while (fscanf(f, "%63s %63s %llu", name, status, &count) == 3) {
		add_leaf(s, name, count);
		/* The guest's own losses are no SEAMCALL's. */
		if (strstr(status, "BUSY") && !strncmp(name, "TDH.", 4))
			s->busy += count;
	}
	fclose(f);
}

/* What swmod takes itself; an older one does not say. */
static void read_ticks(struct sample *s)
{
	unsigned long long ticks;
	FILE *f = fopen(TICKS, "r");
	char name[64];

	s->swmod = -1;
	if (!f)
		return;
	s->swmod = 0;
	while (fscanf(f, "%63s %llu", name, &ticks) == 2)
		s->swmod += ticks;
	fclose(f);
}

/* Of all CPUs: "function call" interrupts are how KVM kicks. */
static u64 read_ipis(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[512];
	u64 sum = 0;

	if (!f)
		bench_fail("/proc/interrupts");
	while (fgets(line, sizeof(line), f)) {
		char *at = strstr(line, "CAL:"), *end;

		for (at = at ? at + 4 : NULL; at; at = end == at ? NULL : end)
			sum += strtoull(at, &end, 10);
	}
	fclose(f);
	return sum;
}

/* Where KVM counts for itself; nothing that the figures depend on. */
static void read_kvm(struct sample *s, const struct td *td)
{
	char path[128], name[64];
	long long count;
	FILE *f;

	s->kicks = -1;
	s->retries = -1;
	if (!td)
		return;
	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/tdx",
		 getpid(), td->fd);
	f = fopen(path, "r");
	if (!f)
		return;
	while (fscanf(f, "%63s %lld", name, &count) == 2) {
		if (!strcmp(name, "kicks"))
			s->kicks = count;
		else if (!strcmp(name, "fault_retries"))
			s->retries = count;
	}
	fclose(f);
}

static void read_counts(struct sample *s, const struct td *td)
{
	memset(s, 0, sizeof(*s));
	read_leaves(s);
	read_ticks(s);
	s->ipis = read_ipis();
	read_kvm(s, td);
}

/* The TSC last, and in sample_end() first: reading costs, too. */
void sample_begin(struct sample *s, const struct td *td)
{
	read_counts(s, td);
	s->insns = rdtsc();
}

static long long sub_or_none(long long a, long long b)
{
	return a < 0 || b < 0 ? -1 : a - b;
}

void sample_sub(struct sample *s, const struct sample *other)
{
	unsigned int i;

	s->insns -= other->insns;
	s->ipis -= other->ipis;
	s->busy -= other->busy;
	for (i = 0; i < s->nr_leaves; i++)
		s->leaf[i].count -= sample_leaf(other, s->leaf[i].name);
	s->swmod = sub_or_none(s->swmod, other->swmod);
	s->kicks = sub_or_none(s->kicks, other->kicks);
	s->retries = sub_or_none(s->retries, other->retries);
}

void sample_end(struct sample *s, const struct td *td,
		const struct sample *begin)
{
	u64 now = rdtsc();

	read_counts(s, td);
	s->insns = now;
	sample_sub(s, begin);
}

u64 sample_leaf(const struct sample *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->nr_leaves; i++) {
		if (!strcmp(s->leaf[i].name, name))
			return s->leaf[i].count;
	}
	return 0;
}
