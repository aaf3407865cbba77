// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdbench [-r RUNS] [-s] [ROW...]: print one line for each run of each row, of
 * words "name=value"; the README says which.  -s leaves out what does not
 * depend on the number of CPUs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static const char *const size_names[NR_SIZES] = { "4k", "2m" };

unsigned int bench_cpus;
static unsigned int run_nr;
static bool large_pages;

static void print_head(const char *row, enum page_size size)
{
	printf("bench row=%s size=%s cpus=%u", row, size_names[size], bench_cpus);
}

void row_print(const char *row, enum page_size size, u64 units,
	       const struct sample *s)
{
	unsigned int i;

	print_head(row, size);
	printf(" run=%u units=%llu insns=%lld ipis=%lld busy=%lld", run_nr, units,
	       (long long)s->insns, (long long)s->ipis, (long long)s->busy);
	if (s->swmod >= 0)
		printf(" swmod=%lld", s->swmod);
	if (s->kicks >= 0)
		printf(" kicks=%lld retries=%lld", s->kicks, s->retries);
	for (i = 0; i < s->nr_leaves; i++) {
		if (s->leaf[i].count)
			printf(" %s=%lld", s->leaf[i].name,
			       (long long)s->leaf[i].count);
	}
	putchar('\n');
	fflush(stdout);
}

/* Does KVM map 2 MiB as one page where everything is aligned? */
static bool probe_large_pages(void)
{
	struct bench_td *b = bench_td_new(1, SIZE_2M);
	struct sample begin, s;

	sample_begin(&begin, b->td);
	bench_prefault(b, 0, 2 * MIB);
	sample_end(&s, b->td, &begin);
	bench_td_free(b);
	return sample_leaf(&s, "TDH.MEM.PAGE.AUG") == 1;
}

static void run_size(const struct row *row, enum page_size size, unsigned int runs)
{
	if (size == SIZE_2M && !large_pages) {
		print_head(row->name, size);
		printf(" note=no-large-folio\n");
		return;
	}
	if (row->once)
		runs = 1;
	for (run_nr = 1; run_nr <= runs; run_nr++)
		row->run(row->name, size);
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++) {
		if (!strcmp(*names, name))
			return true;
	}
	return false;
}

static void run_rows(const struct row *row, char **names, unsigned int runs)
{
	for (; row->name; row++) {
		if (bench_cpus < row->min_cpus || !wanted(row->name, names))
			continue;
		run_size(row, SIZE_4K, runs);
		if (row->sizes)
			run_size(row, SIZE_2M, runs);
	}
}

int main(int argc, char **argv)
{
	const char *why = td_unavailable();
	unsigned int runs = 5;
	bool smp_only = false;
	int opt;

	while ((opt = getopt(argc, argv, "r:s")) != -1) {
		if (opt == 'r')
			runs = atoi(optarg);
		else if (opt == 's')
			smp_only = true;
		else
			return 2;
	}
	if (why || !runs) {
		fprintf(stderr, "tdbench: %s\n", why ? why : "no runs");
		return 4;
	}
	bench_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (bench_cpus > TD_MAX_VCPUS)
		bench_cpus = TD_MAX_VCPUS;
	large_pages = probe_large_pages();
	if (!smp_only)
		run_rows(rows_one, argv + optind, runs);
	run_rows(rows_smp, argv + optind, runs);
	return 0;
}
