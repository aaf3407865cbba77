/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts of all TDs of a host, as KVM's debugfs has them. */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TOP_DIR		"/sys/kernel/debug/kvm"
#define TOP_MAX_COUNTS	96

struct top_count {
	char name[40];
	long long value;
	/* Since the sample before. */
	long long delta;
};

struct top_td {
	int pid, fd;
	char comm[20];
	unsigned int vcpus;
	struct top_count count[TOP_MAX_COUNTS];
	unsigned int nr;
};

struct top_sample {
	struct top_td *td;
	size_t nr, max;
};

/* What TDs there are in @dir, @pid's only unless it is 0; -1: errno says why not. */
int top_read(struct top_sample *s, const char *dir, int pid);
void top_free(struct top_sample *s);
/* Fill in the deltas of @now. */
void top_compare(struct top_sample *now, const struct top_sample *before);
/* -1 if there is no such count. */
long long top_value(const struct top_td *td, const char *name);
/* No more than @lines lines, 0: all; @seconds is what the deltas are of. */
void top_print(FILE *f, struct top_sample *s, double seconds, unsigned int lines);

#endif /* TOOLS_TOP_H */
