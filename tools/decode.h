/* SPDX-License-Identifier: GPL-2.0-only */
/* Status words of the TDX module as text for people. */
#ifndef _TDX_TOOLS_DECODE_H
#define _TDX_TOOLS_DECODE_H

#include <stdbool.h>
#include <stdio.h>

#include "../arch/x86/virt/vmx/tdx/status.h"

/* Exit statuses of the program; the highest of several wins. */
enum verdict { DECODED = 0, NOT_LISTED = 1, MALFORMED = 2 };

/* How a number without 0x is to be read. */
enum radix { RADIX_HEX, RADIX_DECIMAL };

/* A name says nothing about bits 31:0. */
struct status_arg {
	u64 status;
	bool by_name;
};

/*
 * A number, or a status by name with or without TDX_.  On failure @why says
 * what is wrong, in words that follow the argument's text.
 */
bool status_parse(const char *text, enum radix radix, struct status_arg *arg,
		  const char **why);

/* Is it one of the module's statuses, or one of a SEAMCALL that found none? */
bool status_listed(u64 status);

/* By exact name of @len characters. */
bool status_by_name(const char *name, size_t len, u64 *status);

/* NULL where nothing is known. */
const char *status_meaning(u64 status);
const char *status_advice(u64 status);

enum verdict status_explain(FILE *out, const struct status_arg *arg);
enum verdict status_short(FILE *out, const struct status_arg *arg);
void status_list(FILE *out);
void operand_list(FILE *out);

/* Copy a log and explain the statuses in it. False: reading or writing failed. */
bool filter_log(FILE *in, FILE *out);

#endif /* _TDX_TOOLS_DECODE_H */
