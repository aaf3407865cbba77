/* SPDX-License-Identifier: GPL-2.0-only */
/* A test program's results as KTAP lines, and kselftest's exit codes. */
#ifndef SELFTESTS_LIB_KTAP_H
#define SELFTESTS_LIB_KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types.h"

enum { KTAP_EXIT_PASS = 0, KTAP_EXIT_FAIL = 1, KTAP_EXIT_SKIP = 4 };

static struct {
	unsigned int nr;
	unsigned int failed;
	unsigned int skipped;
} ktap;

static inline void ktap_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n");
}

__printf(2, 3)
static inline void ktap_result(bool ok, const char *fmt, ...)
{
	va_list args;

	ktap.nr++;
	ktap.failed += !ok;
	printf("%s %u ", ok ? "ok" : "not ok", ktap.nr);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

__printf(1, 2)
static inline void ktap_note(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

static inline void ktap_skip(const char *name, const char *why)
{
	ktap.nr++;
	ktap.skipped++;
	printf("ok %u %s # SKIP %s\n", ktap.nr, name, why);
}

/* Nothing can run: say why and leave with kselftest's code for it. */
static inline void ktap_skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(KTAP_EXIT_SKIP);
}

static inline int ktap_finish(void)
{
	printf("1..%u\n", ktap.nr);
	printf("# totals: pass %u fail %u skip %u\n",
	       ktap.nr - ktap.failed - ktap.skipped, ktap.failed,
	       ktap.skipped);
	if (ktap.failed)
		return KTAP_EXIT_FAIL;
	return ktap.nr && ktap.skipped == ktap.nr ? KTAP_EXIT_SKIP :
						    KTAP_EXIT_PASS;
}

struct ktap_test {
	const char *name;
	void (*run)(void);
};

#define TEST(fn) { #fn, fn }

/* All tests, or those whose name contains the argument; the exit code. */
static inline int ktap_run(const struct ktap_test *tests, size_t nr, int argc,
			   char **argv)
{
	size_t i;

	ktap_start();
	for (i = 0; i < nr; i++) {
		if (argc < 2 || strstr(tests[i].name, argv[1]))
			tests[i].run();
	}
	return ktap_finish();
}

#endif /* SELFTESTS_LIB_KTAP_H */
