// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that play CPUs make random steps on the same TDs at the same time;
 * once they are done everything has to add up.  Built with the thread
 * sanitizer, so that an access without its lock shows.
 *
 *   fuzz_race [ROUNDS [SEED]]
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "debug/fault.h"
#include "fuzz.h"

#define THREADS		4

/*
 * The guest's own memory: its vCPUs write it while the module reads an
 * instruction or an operand there, or clears a page.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:sw_fetch_in_page\nrace:sw_fetch_walk\n"
	       "race:sw_clear_page\nrace:sw_tdg_mr_report\n"
	       "race:sw_tdg_mr_rtmr_extend\n";
}

#define INPUT		3000

static u64 seed;
static pthread_barrier_t start;
static unsigned long long steps, busy;

static void *play(void *arg)
{
	u64 state = seed * THREADS + (uintptr_t)arg;
	u8 input[INPUT];
	size_t i;

	fuzz_cpu = (uintptr_t)arg;
	sw_user_pkg = fuzz_cpu % FUZZ_PKGS;
	for (i = 0; i < sizeof(input); i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		input[i] = state >> 33;
	}
	input_set(input, sizeof(input));
	fuzz_steps = 0;
	pthread_barrier_wait(&start);
	while (!input_ended())
		fuzz_step(0);
	sw_add_return(&steps, fuzz_steps);
	return NULL;
}

/* Two TDs that run, so that most steps do something. */
static void prepare(void)
{
	static const u8 build[] = { 22, 5 << 2, 22, 5 << 2 | 1 };

	fuzz_reset();
	input_set(build, sizeof(build));
	fuzz_cpu = 0;
	while (!input_ended())
		fuzz_step(0);
}

static void count_busy(void)
{
	u64 status, count;
	unsigned int i;
	u32 leaf;

	for (i = 0; sw_stat_line(SW_STAT_SEAMCALL, i, &leaf, &status, &count); i++)
		if ((status & SW_STATUS_MASK) == SW_OPERAND_BUSY)
			busy += count;
}

static void race(void)
{
	pthread_t thread[THREADS];
	uintptr_t i;

	prepare();
	fuzz_racing = true;
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, play, (void *)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	fuzz_racing = false;
	sw_fault_clear();
	check_reset();
	check_all(0);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : 20, n;

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	pthread_barrier_init(&start, NULL, THREADS);
	fuzz_setup();
	printf("KTAP version 1\n1..2\n");
	fflush(stdout);
	for (n = 0; n < rounds; n++, seed++) {
		dynamic_pamt = n & 1;
		race();
	}
	count_busy();
	printf("# %llu steps by %u threads, busy %llu times\n", steps, THREADS,
	       busy);
	printf("ok 1 everything_adds_up_after_a_race\n");
	/* Threads that never met prove nothing. */
	printf("%sok 2 threads_met\n", busy ? "" : "not ");
	return !busy;
}
