// SPDX-License-Identifier: GPL-2.0-only
/* tdx-status: what does this status word of the TDX module say? */
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "decode.h"

static const char help[] =
"NAME\n"
"    tdx-status - explain status words of the TDX module\n"
"\n"
"SYNOPSIS\n"
"    tdx-status [-s] [-d] STATUS...\n"
"    tdx-status < LOG\n"
"    tdx-status --list | --operands | --help\n"
"\n"
"DESCRIPTION\n"
"    A SEAMCALL or TDCALL leaves its status in RAX. For each STATUS this prints\n"
"    the name, the class, the operand or other detail in bits 31:0, what it\n"
"    usually means and what to try.\n"
"\n"
"    STATUS is a hexadecimal number, with or without 0x, of up to 16 digits, or\n"
"    a name such as TDX_OPERAND_BUSY, with or without TDX_. A number is never\n"
"    guessed to be decimal: say --decimal.\n"
"\n"
"    Without STATUS, a log is copied from the standard input, and below each\n"
"    line with a status comes its explanation, in full the first time.\n"
"\n"
"OPTIONS\n"
"    -s, --short     one line for each STATUS\n"
"    -d, --decimal   numbers without 0x are decimal, and may be negative\n"
"    -l, --list      list all statuses: number, name, class\n"
"    -o, --operands  list all operands: number, name\n"
"    -h, --help      print this\n"
"\n"
"EXIT STATUS\n"
"    0  all were decoded; a log was copied\n"
"    1  a STATUS is a number, but not a status that is listed\n"
"    2  a STATUS is malformed, or the command line is; nothing could be read\n"
"       or written\n"
"\n"
"EXAMPLES\n"
"    tdx-status 0xc0000b0800000001\n"
"    tdx-status --decimal -- -4611673889439743999\n"
"    dmesg | tdx-status\n";

static const struct option options[] = {
	{ "short", no_argument, NULL, 's' },
	{ "decimal", no_argument, NULL, 'd' },
	{ "list", no_argument, NULL, 'l' },
	{ "operands", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static int usage(const char *what)
{
	fprintf(stderr, "tdx-status: %s; see tdx-status --help\n", what);
	return MALFORMED;
}

static int done(int verdict)
{
	if (!fflush(stdout) && !ferror(stdout))
		return verdict;
	perror("tdx-status: writing");
	return MALFORMED;
}

static int decode_all(char **text, enum radix radix, bool brief)
{
	int worst = DECODED, verdict;
	struct status_arg arg;
	const char *why;

	for (; *text; text++) {
		if (!status_parse(*text, radix, &arg, &why)) {
			/* Behind what stands before it on the command line. */
			fflush(stdout);
			fprintf(stderr, "tdx-status: '%s' %s\n", *text, why);
			verdict = MALFORMED;
		} else {
			verdict = brief ? status_short(stdout, &arg) :
					  status_explain(stdout, &arg);
		}
		worst = max(worst, verdict);
	}
	return done(worst);
}

int main(int argc, char **argv)
{
	enum radix radix = RADIX_HEX;
	bool brief = false;
	int c;

	while ((c = getopt_long(argc, argv, "sdloh", options, NULL)) != -1) {
		switch (c) {
		case 's':
			brief = true;
			break;
		case 'd':
			radix = RADIX_DECIMAL;
			break;
		case 'l':
			status_list(stdout);
			return done(DECODED);
		case 'o':
			operand_list(stdout);
			return done(DECODED);
		case 'h':
			fputs(help, stdout);
			return done(DECODED);
		default:
			return usage("unknown option");
		}
	}
	if (optind < argc)
		return decode_all(argv + optind, radix, brief);
	if (isatty(STDIN_FILENO))
		return usage("no status given");
	if (filter_log(stdin, stdout))
		return DECODED;
	perror("tdx-status: copying the log");
	return MALFORMED;
}
