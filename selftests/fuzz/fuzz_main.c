// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs without libFuzzer, for any compiler:
 *
 *   fuzz_replay FILE...		run these inputs
 *   fuzz_replay --random SECONDS [SEED]	run random ones
 *   fuzz_replay			ten seconds of random ones, as a test
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_INPUT	4096

static u8 input[MAX_INPUT];
static unsigned long long seed, runs;

static u64 next_random(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed >> 33;
}

static void random_input(unsigned long long s)
{
	size_t size, i;

	seed = s;
	size = 64 + next_random() % (MAX_INPUT / 2);
	for (i = 0; i < size; i++)
		input[i] = next_random();
	/* Start from a TD that runs; most programs would not get one. */
	input[0] = 22;
	input[1] = 3 << 2;
	fuzz_one(input, size);
}

/* Only async-signal-safe work: the number is what reproduces it. */
static void on_abort(int sig)
{
	char text[80];
	int n;

	n = snprintf(text, sizeof(text), "not ok 1 fuzz: seed %llu\n", runs);
	if (write(1, text, n) != n)
		_exit(2);
	_exit(1);
}

static int random_runs(unsigned int seconds, unsigned long long from)
{
	time_t end = time(NULL) + seconds;
	unsigned long long steps = 0;

	signal(SIGABRT, on_abort);
	printf("KTAP version 1\n1..1\n");
	fflush(stdout);
	runs = from;
	do {
		random_input(runs);
		runs++;
		steps += fuzz_steps;
	} while (time(NULL) < end);
	printf("# %llu programs, %llu steps\n",
	       runs - from, steps);
	printf("ok 1 no_program_breaks_an_invariant\n");
	return 0;
}

static int replay(const char *name)
{
	FILE *f = fopen(name, "rb");
	size_t size;

	if (!f) {
		perror(name);
		return 1;
	}
	size = fread(input, 1, sizeof(input), f);
	fclose(f);
	fuzz_one(input, size);
	printf("%s: %u steps\n", name, fuzz_steps);
	return 0;
}

int main(int argc, char **argv)
{
	int i, bad = 0;

	fuzz_setup();
	if (argc == 1)
		return random_runs(10, 1);
	if (argc >= 3 && !strcmp(argv[1], "--random"))
		return random_runs(atoi(argv[2]), argc > 3 ? atoll(argv[3]) : 1);
	for (i = 1; i < argc; i++)
		bad |= replay(argv[i]);
	return bad;
}
