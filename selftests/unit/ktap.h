/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests that say in KTAP what they found.  A test is a function; a check that
 * fails says where, and the test goes on.
 */
#ifndef _KTAP_H
#define _KTAP_H

#include <stdio.h>

struct ktap_test {
	const char *name;
	void (*fn)(void);
};

#define TEST(fn)	{ #fn, fn }

extern unsigned int ktap_failures;

#define check(cond) do {						\
	if (!(cond)) {							\
		printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
		ktap_failures++;					\
	}								\
} while (0)

/* Two 64-bit values, shown when they differ. */
#define expect(have, want) do {						\
	unsigned long long h_ = (have), w_ = (want);			\
									\
	if (h_ != w_) {							\
		printf("# %s:%d: %s is %#llx, not %#llx\n", __FILE__,	\
		       __LINE__, #have, h_, w_);			\
		ktap_failures++;					\
	}								\
} while (0)

#define ktap_run(tests) ktap_run_all(tests, sizeof(tests) / sizeof((tests)[0]))

static inline int ktap_run_all(const struct ktap_test *tests, unsigned int n)
{
	unsigned int i, bad = 0;

	printf("KTAP version 1\n1..%u\n", n);
	for (i = 0; i < n; i++) {
		ktap_failures = 0;
		tests[i].fn();
		bad += !!ktap_failures;
		printf("%sok %u %s\n", ktap_failures ? "not " : "", i + 1,
		       tests[i].name);
		fflush(stdout);
	}
	return !!bad;
}

#endif /* _KTAP_H */
