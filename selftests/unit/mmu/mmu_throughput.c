// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many private faults a second do N threads resolve at the same time?
 * Prints one JSON object a line, for each pattern and number of threads:
 *
 *   disjoint  each thread in a 2 MiB range of its own
 *   shared    neighbouring pages of the same range, in one S-EPT table
 *   large     a 2 MiB page each
 *
 *   mmu_throughput [ROUNDS]
 *
 * A round is a TD that runs; its faults are timed, and nothing else is.  What
 * is printed is the median of the rounds.  The module's work is real but for
 * keys and caches: a SEAMCALL costs a function call here.
 */
#include "mmu_smp.h"

#define MAX_THREADS	8
#define MAX_ROUNDS	99
#define FIRST		512UL
/* Of 2 MiB each. */
#define RANGES		56UL

static const struct pattern {
	const char *name;
	bool large;
	/* The @n-th fault of @threads in all, which is one of thread @i's. */
	gfn_t (*gfn)(unsigned int threads, unsigned int i, gfn_t n);
} patterns[];

static struct racer {
	pthread_t thread;
	unsigned int i, threads, failed;
	const struct pattern *pattern;
	gfn_t faults;
} racers[MAX_THREADS];

static pthread_barrier_t start;

static gfn_t gfn_disjoint(unsigned int threads, unsigned int i, gfn_t n)
{
	gfn_t range = n / 512 * threads + i;

	return FIRST + range * 512 + n % 512;
}

static gfn_t gfn_shared(unsigned int threads, unsigned int i, gfn_t n)
{
	return FIRST + n * threads + i;
}

static gfn_t gfn_large(unsigned int threads, unsigned int i, gfn_t n)
{
	return FIRST + (n * threads + i) * 512;
}

static const struct pattern patterns[] = {
	{ "disjoint", false, gfn_disjoint },
	{ "shared", false, gfn_shared },
	{ "large", true, gfn_large },
};

static void *race(void *arg)
{
	struct racer *r = arg;
	gfn_t n;

	this_cpu = r->i;
	pthread_barrier_wait(&start);
	for (n = 0; n < r->faults; n++) {
		gfn_t gfn = r->pattern->gfn(r->threads, r->i, n);

		r->failed += tdx_fault(vcpu(r->i), gfn << PAGE_SHIFT, 0, 0) != 1;
	}
	pthread_barrier_wait(&start);
	return NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

struct result {
	unsigned long faults, failed;
	double seconds;
	s64 retries, busy;
};

/* guest_memfd's work is not what is measured: its pages are there. */
static void fill_all(gfn_t end)
{
	gfn_t gfn;

	for (gfn = FIRST; gfn < end; gfn++)
		gmem_fill(gfn);
}

/* All threads' faults, once, and all pages out again. */
static void one_lap(const struct pattern *p, unsigned int threads,
		    struct result *res)
{
	gfn_t ranges = RANGES / threads * threads;
	gfn_t faults = ranges / threads * (p->large ? 1 : 512);
	unsigned int i;
	double t;

	for (i = 0; i < threads; i++) {
		racers[i] = (struct racer){
			.i = i, .threads = threads, .pattern = p, .faults = faults,
		};
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	}
	pthread_barrier_wait(&start);
	t = now();
	pthread_barrier_wait(&start);
	res->seconds += now() - t;
	for (i = 0; i < threads; i++) {
		pthread_join(racers[i].thread, NULL);
		res->failed += racers[i].failed;
	}
	res->faults += faults * threads;
	/* And the guest's code. */
	check(stat(SEPT_STAT_PAGES_4K) == 1 + (p->large ? 0 : (s64)(faults * threads)));
	check(stat(SEPT_STAT_PAGES_2M) == (p->large ? (s64)ranges : 0));
	zap(FIRST, SLOT_PAGES);
}

static struct result one_round(const struct pattern *p, unsigned int threads)
{
	unsigned int laps = p->large ? 40 : 2;
	struct result res = {};

	smp_up(threads);
	gmem_gives_2m = p->large;
	fill_all(FIRST + RANGES * 512);
	pthread_barrier_init(&start, NULL, threads + 1);
	while (laps--)
		one_lap(p, threads, &res);
	pthread_barrier_destroy(&start);
	res.retries = stat(SEPT_STAT_RETRIES);
	res.busy = stat(SEPT_STAT_BUSY);
	td_down(0);
	return res;
}

static int slower(const void *a, const void *b)
{
	const struct result *x = a, *y = b;
	double d = x->seconds / x->faults - y->seconds / y->faults;

	return d < 0 ? -1 : d > 0;
}

static void measure(const struct pattern *p, unsigned int threads,
		    unsigned int rounds)
{
	struct result results[MAX_ROUNDS], *res = &results[rounds / 2];
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		results[i] = one_round(p, threads);
		check(!results[i].failed);
	}
	qsort(results, rounds, sizeof(*results), slower);
	printf("{\"bench\": \"unit_faults\", \"pattern\": \"%s\", \"threads\": %u",
	       p->name, threads);
	printf(", \"faults\": %lu, \"seconds\": %.6f, \"faults_per_second\": %.0f",
	       res->faults, res->seconds, res->faults / res->seconds);
	printf(", \"retries\": %lld, \"module_busy\": %lld}\n", res->retries,
	       res->busy);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : 5, threads, i;

	if (!rounds || rounds > MAX_ROUNDS)
		return 2;
	for (i = 0; i < ARRAY_SIZE(patterns); i++)
		for (threads = 1; threads <= MAX_THREADS; threads *= 2)
			measure(&patterns[i], threads, rounds);
	return !!ktap_failures;
}
