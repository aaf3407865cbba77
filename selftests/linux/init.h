/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_LINUX_INIT_H
#define SELFTESTS_LINUX_INIT_H

/* init.c: a line for selftests/linux/run to find; "NOT " precedes a failure. */
void say(const char *name, int ok);

/* disk.c */
int load_module(const char *name);
void test_disk(void);

/* attest.c */
void test_attestation(void);

#endif /* SELFTESTS_LINUX_INIT_H */
