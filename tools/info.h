/* SPDX-License-Identifier: GPL-2.0-only */
/* Is this host ready for TDs?  What tdx-info looks at, and what it found. */
#ifndef TOOLS_INFO_H
#define TOOLS_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum info_state {
	/* As it has to be. */
	INFO_OK,
	/* Worth knowing; stands in nobody's way. */
	INFO_NOTE,
	/* Could not be looked at. */
	INFO_UNKNOWN,
	/* Stands in the way. */
	INFO_MISSING,
};

struct info_check {
	/* One word, for scripts. */
	const char *name;
	enum info_state state;
	/* What there is. */
	char found[240];
	/* What to do; empty if nothing. */
	char advice[320];
};

#define INFO_MAX_CHECKS	16

struct info_report {
	char kernel[80];
	struct info_check check[INFO_MAX_CHECKS];
	unsigned int nr;
};

/* --- info_host.c: the machine, or the record of one --- */

/* Read below @root, which is "" or a record; copy what is read to @record, unless NULL. */
int info_open(const char *root, const char *record);
/* A small file as a string, without its last newline; 0 or -errno. */
int info_read(const char *path, char *buf, size_t size);
/* A file of any size, to be freed; NULL: errno says why. */
char *info_read_all(const char *path);
/* The kernel's log, a line each; NULL: errno says why. */
char *info_log(void);
bool info_exists(const char *path);
/* 0, -ENXIO: the CPU does not have it, or why it cannot be read. */
int info_msr(unsigned int msr, uint64_t *value);
/* The file of @name for @kernel that modprobe takes, if it is not the kernel's own. */
bool info_our_module(const char *kernel, const char *name, char *path, size_t size);
/* Does the file end as a signed module does?  Of a compressed one modinfo tells. */
bool info_is_signed(const char *path);

/* --- info_check.c, info_memory.c --- */

void info_run(struct info_report *r);
void info_memory(struct info_check *c);
/* What has the kernel refuse modules that are not signed; NULL: nothing. */
const char *info_wants_signatures(void);
void info_set(struct info_check *c, enum info_state state, const char *advice,
	      const char *found, ...) __attribute__((format(printf, 4, 5)));

/* --- info_print.c --- */

void info_print_text(FILE *f, const struct info_report *r);
void info_print_json(FILE *f, const struct info_report *r);
/* The worst state that there is. */
enum info_state info_worst(const struct info_report *r);

/* --- info_enable.c --- */

/* Put kvm_intel with TDX in the place of the one that is loaded; 0, or 1 and a message. */
int info_enable(void);

#endif /* TOOLS_INFO_H */
