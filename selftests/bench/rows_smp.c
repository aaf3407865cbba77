// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs on CPUs of their own: fault storms, and what a zap does to them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "bench.h"

/* What a storm is about: 2 MiB of small pages, or all there is of large ones. */
static const u32 storm_pages[NR_SIZES] = { 512, 32 };
static const u64 page_bytes[NR_SIZES] = { PAGE, 2 * MIB };

struct runner {
	pthread_t thread;
	struct bench_td *b;
	unsigned int vcpu;
	u64 gpa, stride;
	u32 count, bad;
	enum bench_cmd cmd;
};

static pthread_barrier_t barrier;
static bool stop;

static void pin_self(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_fail("sched_setaffinity");
}

static void start(struct runner *r, void *(*work)(void *))
{
	if (pthread_create(&r->thread, NULL, work, r))
		bench_fail("pthread_create");
}

/* --- storms --- */

static void *storm_thread(void *arg)
{
	struct runner *r = arg;

	pin_self(r->vcpu);
	/* A vCPU's first entry costs more. */
	bench_run(r->b, r->vcpu, CMD_ACCEPT, r->gpa, r->stride, 0);
	pthread_barrier_wait(&barrier);
	r->bad = bench_run(r->b, r->vcpu, CMD_ACCEPT, r->gpa, r->stride, r->count);
	return NULL;
}

/* vCPU n accepts @count pages from @first * n on. */
static void storm(const char *name, enum page_size size, u64 first, u64 stride,
		  u32 count)
{
	struct runner r[TD_MAX_VCPUS] = {};
	struct bench_td *b = bench_td_new(bench_cpus, size);
	struct sample begin, s;
	unsigned int i;

	pthread_barrier_init(&barrier, NULL, bench_cpus + 1);
	for (i = 0; i < bench_cpus; i++) {
		r[i] = (struct runner){
			.b = b, .vcpu = i,
			.gpa = (b->gpa + i * first) | size,
			.stride = stride, .count = count,
		};
		start(&r[i], storm_thread);
	}
	sample_begin(&begin, b->td);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < bench_cpus; i++) {
		pthread_join(r[i].thread, NULL);
		if (r[i].bad)
			bench_fail("ACCEPT");
	}
	sample_end(&s, b->td, &begin);
	row_print(name, size, count * bench_cpus, &s);
	pthread_barrier_destroy(&barrier);
	bench_td_free(b);
}

/* Each vCPU its own pages, in tables of its own if they are small. */
static void storm_apart(const char *name, enum page_size size)
{
	u32 count = size == SIZE_2M ? storm_pages[size] / bench_cpus :
				      storm_pages[size];

	storm(name, size, count * page_bytes[size], page_bytes[size], count);
}

/* Each vCPU its own pages, between those of the others. */
static void storm_range(const char *name, enum page_size size)
{
	storm(name, size, page_bytes[size], bench_cpus * page_bytes[size],
	      storm_pages[size] / bench_cpus);
}

/* All want the same pages, in the same order. */
static void storm_page(const char *name, enum page_size size)
{
	storm(name, size, 0, page_bytes[size], storm_pages[size]);
}

/* --- a zap while a vCPU runs --- */

static void *spin_thread(void *arg)
{
	struct runner *r = arg;

	pin_self(r->vcpu);
	bench_run(r->b, r->vcpu, CMD_SPIN, 0, 0, 0);
	pthread_barrier_wait(&barrier);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		bench_run(r->b, r->vcpu, CMD_SPIN, 0, 0, 1 << 20);
	return NULL;
}

/* Kicks show as IPIs to the CPU of the vCPU that spins. */
static void convert_running(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(2, size);
	struct runner r = { .b = b, .vcpu = 1 };
	struct sample begin, s;

	pin_self(0);
	stop = false;
	bench_prefault(b, 0, 2 * MIB);
	pthread_barrier_init(&barrier, NULL, 2);
	start(&r, spin_thread);
	pthread_barrier_wait(&barrier);
	/* Let it get there. */
	bench_prefault(b, 2 * MIB, 2 * MIB);

	sample_begin(&begin, b->td);
	td_set_private(b->td, b->gpa, 2 * MIB, false);
	sample_end(&s, b->td, &begin);
	row_print(name, size, PAGES_2M, &s);

	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	pthread_join(r.thread, NULL);
	pthread_barrier_destroy(&barrier);
	bench_td_free(b);
}

/* --- IPIs --- */

#define IPIS	500

static void *pong_thread(void *arg)
{
	struct runner *r = arg;

	pin_self(r->vcpu);
	bench_run(r->b, r->vcpu, r->cmd, 0, 0, 0);
	pthread_barrier_wait(&barrier);
	bench_run(r->b, r->vcpu, r->cmd, 0, 0, IPIS);
	return NULL;
}

/* Two vCPUs send each other IPIs in turn: both sides of each. */
static void pair(const char *name, enum page_size size, enum bench_cmd ping,
		 enum bench_cmd pong)
{
	struct bench_td *b = bench_td_new(2, size);
	struct runner r = { .b = b, .vcpu = 1, .cmd = pong };
	struct sample begin, s;

	pin_self(0);
	pthread_barrier_init(&barrier, NULL, 2);
	start(&r, pong_thread);
	bench_run(b, 0, ping, 0, 0, 0);
	pthread_barrier_wait(&barrier);
	sample_begin(&begin, b->td);
	bench_run(b, 0, ping, 0, 0, IPIS);
	sample_end(&s, b->td, &begin);
	row_print(name, size, 2 * IPIS, &s);

	pthread_join(r.thread, NULL);
	pthread_barrier_destroy(&barrier);
	bench_td_free(b);
}

static void ipi_pair(const char *name, enum page_size size)
{
	pair(name, size, CMD_PING, CMD_PONG);
}

/* The same, each halting until the other one's arrives. */
static void halt_pair(const char *name, enum page_size size)
{
	pair(name, size, CMD_HALT_PING, CMD_HALT_PONG);
}

const struct row rows_smp[] = {
	{ "storm-apart", storm_apart, .sizes = true },
	{ "storm-range", storm_range, .sizes = true },
	{ "storm-page", storm_page, .sizes = true },
	{ "convert-2M-running", convert_running, .sizes = true, .min_cpus = 2 },
	{ "ipi-pair", ipi_pair, .min_cpus = 2 },
	{ "halt-pair", halt_pair, .min_cpus = 2 },
	{ },
};
