// SPDX-License-Identifier: GPL-2.0-only
/* tdx-timeline: draw what the kernel's tracepoints say of TDs. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "timeline.h"

enum verdict { DRAWN, NOTHING, BROKEN };

static const char help[] =
"NAME\n"
"    tdx-timeline - draw the life of TDs from a trace\n"
"\n"
"SYNOPSIS\n"
"    trace-cmd report -t | tdx-timeline [-j FILE] [-s FILE] [-c] [-T TITLE]\n"
"    tdx-timeline [-j FILE] [-s FILE] [-c] [-T TITLE] TRACE\n"
"\n"
"DESCRIPTION\n"
"    Reads a trace as text, as \"trace-cmd report\" prints it or as\n"
"    /sys/kernel/tracing/trace has it, from TRACE or from the standard input.\n"
"    The events it knows are kvm_tdx:*, tdx_host:*, kvm:kvm_entry and\n"
"    kvm:kvm_userspace_exit; others are passed over. To record them:\n"
"\n"
"        trace-cmd record -e kvm_tdx -e tdx_host \\\n"
"            -e kvm:kvm_entry -e kvm:kvm_userspace_exit COMMAND\n"
"\n"
"    Where events were lost, or lines cannot be understood, the output says so,\n"
"    and so does a line on the standard error.\n"
"\n"
"OPTIONS\n"
"    -j, --json FILE    Chrome's trace format, for ui.perfetto.dev\n"
"    -s, --svg FILE     a picture; a browser opens it\n"
"    -c, --counts       how often each event was there: kind, name, count\n"
"    -T, --title TITLE  the head of the picture\n"
"    -h, --help         print this\n"
"\n"
"    FILE may be -, the standard output. Without -j, -s and -c: -c.\n"
"\n"
"EXIT STATUS\n"
"    0  done\n"
"    1  there is no event of a TD in the trace\n"
"    2  the command line is malformed; nothing could be read or written\n";

static const struct option options[] = {
	{ "json", required_argument, NULL, 'j' },
	{ "svg", required_argument, NULL, 's' },
	{ "counts", no_argument, NULL, 'c' },
	{ "title", required_argument, NULL, 'T' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

struct args {
	const char *json, *svg, *title;
	bool counts;
};

static int usage(const char *what)
{
	fprintf(stderr, "tdx-timeline: %s; see tdx-timeline --help\n", what);
	return BROKEN;
}

static int cannot(const char *what, const char *path)
{
	fprintf(stderr, "tdx-timeline: cannot %s %s: %s\n", what, path, strerror(errno));
	return BROKEN;
}

/* @title NULL: JSON. */
static int write_file(const struct tl_trace *t, const char *path, const char *title)
{
	bool is_stdout = !strcmp(path, "-"), ok;
	FILE *f = is_stdout ? stdout : fopen(path, "w");

	if (!f)
		return cannot("write", path);
	errno = 0;
	ok = title ? tl_write_svg(t, title, f) : tl_write_json(t, f);
	ok &= !fflush(f) && !ferror(f);
	if (!is_stdout && fclose(f))
		ok = false;
	return ok ? DRAWN : cannot("write", path);
}

static int draw(const struct tl_trace *t, const struct args *a)
{
	char doubt[TL_MAX_DOUBTS][120];
	unsigned int i, n = tl_doubts(t, doubt, TL_MAX_DOUBTS);
	int ret = DRAWN;

	for (i = 0; i < n; i++)
		fprintf(stderr, "tdx-timeline: %s\n", doubt[i]);
	if (!t->nr_tds && !t->nr_names) {
		fprintf(stderr, "tdx-timeline: no event of a TD is in the trace\n");
		return NOTHING;
	}
	if (a->json)
		ret = write_file(t, a->json, NULL);
	if (a->svg && ret == DRAWN)
		ret = write_file(t, a->svg, a->title);
	if (a->counts && ret == DRAWN) {
		tl_print_counts(t, stdout);
		if (fflush(stdout) || ferror(stdout))
			ret = cannot("write", "the counts");
	}
	return ret;
}

static int read_and_draw(const char *path, const struct args *a)
{
	FILE *f = path ? fopen(path, "r") : stdin;
	struct tl_trace t;
	int ret;

	if (!f)
		return cannot("read", path);
	if (tl_read(&t, f) && tl_finish(&t))
		ret = draw(&t, a);
	else
		ret = cannot("read", path ? path : "the standard input");
	tl_free(&t);
	if (path)
		fclose(f);
	return ret;
}

int main(int argc, char **argv)
{
	struct args a = { .title = "Life of a TD" };
	int c;

	while ((c = getopt_long(argc, argv, "j:s:cT:h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			a.json = optarg;
			break;
		case 's':
			a.svg = optarg;
			break;
		case 'c':
			a.counts = true;
			break;
		case 'T':
			a.title = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return fflush(stdout) ? BROKEN : DRAWN;
		default:
			return usage("unknown option");
		}
	}
	if (optind + 1 < argc)
		return usage("one trace at a time");
	if (optind == argc && isatty(STDIN_FILENO))
		return usage("no trace given");
	a.counts |= !a.json && !a.svg;
	return read_and_draw(argv[optind], &a);
}
