/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests of tdx_host.ko share: checks that say where they failed. */
#ifndef _HOST_CHECK_H
#define _HOST_CHECK_H

#include <stdio.h>

static unsigned int checks_failed;

#define check(cond) do {						\
	if (!(cond)) {							\
		printf("%s:%d: %s: not true: %s\n", __FILE__, __LINE__,	\
		       __func__, #cond);				\
		checks_failed++;					\
	}								\
} while (0)

#define run(test) do {							\
	unsigned int before = checks_failed;				\
									\
	test();								\
	printf("%s %s\n", checks_failed == before ? "ok  " : "FAIL", #test); \
} while (0)

#endif /* _HOST_CHECK_H */
