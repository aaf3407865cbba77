// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log with its statuses explained: every line is copied as it is, and below
 * one that has a status comes what it says.  A status is a number as the
 * kernel prints it, or a name; the long text comes once a status.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/types.h>

#include "decode.h"

#define MAX_SEEN	256
#define MAX_PER_LINE	8

/* Small sets of statuses; one that is full forgets, which only repeats text. */
struct seen {
	u64 status[MAX_SEEN];
	size_t n;
};

static bool seen_before(struct seen *seen, u64 status, size_t limit)
{
	size_t i;

	for (i = 0; i < seen->n; i++) {
		if (seen->status[i] == status)
			return true;
	}
	if (seen->n < limit)
		seen->status[seen->n++] = status;
	return false;
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/*
 * Is this number a status, and no address or counter?  Errors have one of the
 * two top bits.  A success with something to tell is short as a number, so it
 * counts only if all sixteen digits are there.
 */
static bool number_is_status(u64 val, size_t digits)
{
	if (tdx_status_is_sw(val))
		return val == TDX_SEAMCALL_UD || val == TDX_SEAMCALL_GP ||
		       val == TDX_SEAMCALL_VMFAILINVALID;
	if (digits != 16 || !tdx_status_code(val))
		return false;
	return status_listed(val);
}

static bool word_number(const char *word, size_t len, u64 *status)
{
	char digits[17];
	size_t i;

	if (len > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
		word += 2;
		len -= 2;
	}
	if (len != 16)
		return false;
	for (i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)word[i]))
			return false;
		digits[i] = word[i];
	}
	digits[i] = '\0';
	*status = strtoull(digits, NULL, 16);
	return number_is_status(*status, len);
}

static bool word_name(const char *word, size_t len, u64 *status)
{
	if (len < 5 || memcmp(word, "TDX_", 4))
		return false;
	return status_by_name(word, len, status) && *status != TDX_SUCCESS;
}

static void explain(FILE *out, u64 status, bool by_name, bool long_text)
{
	char text[TDX_STATUS_TEXT_MAX];

	if (!by_name)
		fprintf(out, "    ^ 0x%016" PRIx64 " %s\n", (uint64_t)status,
			tdx_status_describe(text, sizeof(text), status));
	else if (long_text)
		fprintf(out, "    ^ %s\n", tdx_status_name(status));
	if (long_text)
		fprintf(out, "      means: %s\n      try:   %s\n",
			status_meaning(status), status_advice(status));
}

/* The numbers, or the names, in a line; each status is explained once. */
static void explain_words(FILE *out, const char *line, size_t len, bool names,
			  struct seen *here, struct seen *ever)
{
	size_t i, end;
	u64 status;

	for (i = 0; i < len; i = end + 1) {
		u64 code;

		for (end = i; end < len && in_word(line[end]); end++)
			;
		if (names ? !word_name(line + i, end - i, &status) :
			    !word_number(line + i, end - i, &status))
			continue;
		code = tdx_status_is_sw(status) ? status : tdx_status_code(status);
		if (!seen_before(here, code, MAX_PER_LINE))
			explain(out, status, names,
				!seen_before(ever, code, MAX_SEEN));
	}
}

/* The kernel has number and name side by side; the number says more. */
static void explain_line(FILE *out, const char *line, size_t len,
			 struct seen *ever)
{
	struct seen here = { .n = 0 };

	explain_words(out, line, len, false, &here, ever);
	explain_words(out, line, len, true, &here, ever);
}

bool filter_log(FILE *in, FILE *out)
{
	struct seen ever = { .n = 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, in)) > 0) {
		fwrite(line, 1, len, out);
		if (line[len - 1] == '\n')
			len--;
		else
			fputc('\n', out);
		explain_line(out, line, len, &ever);
	}
	free(line);
	return !ferror(in) && !fflush(out) && !ferror(out);
}
