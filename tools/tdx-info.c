// SPDX-License-Identifier: GPL-2.0-only
/* tdx-info: is this host ready for TDs, and what is missing? */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "info.h"

enum verdict { READY, NOT_READY, CANNOT, NOT_KNOWN };

static const char help[] =
"NAME\n"
"    tdx-info - is this host ready for TDs, and what is missing\n"
"\n"
"SYNOPSIS\n"
"    tdx-info [--json] [--record DIR | --root DIR]\n"
"    tdx-info --enable\n"
"\n"
"DESCRIPTION\n"
"    Prints a checklist of what a TDX host needs, from the CPU and the firmware's\n"
"    settings up to the TDX module and KVM, and for what is missing what to do.\n"
"    Nothing has to be installed for it. The MSRs, the memory map and the log\n"
"    take root and the module msr; without them these lines are \"unknown\".\n"
"\n"
"    ok       as it has to be\n"
"    note     worth knowing, stands in nobody's way\n"
"    unknown  could not be looked at\n"
"    missing  stands in the way\n"
"\n"
"OPTIONS\n"
"    -j, --json        the list as JSON; \"ready\" is true, false, or null if\n"
"                      something is unknown\n"
"    -r, --record DIR  copy what was read into DIR as well, to be sent\n"
"    -R, --root DIR    look at what another host recorded\n"
"    -e, --enable      unload kvm_intel if no VM runs, load it with tdx=1; if\n"
"                      TDX stays off, kvm_intel serves ordinary VMs as before\n"
"    -h, --help        print this\n"
"\n"
"EXIT STATUS\n"
"    0  ready: nothing is missing\n"
"    1  something is missing; TDX could not be switched on\n"
"    2  the command line is malformed; DIR cannot be read or written\n"
"    3  nothing is known to be missing, but something is unknown\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "record", required_argument, NULL, 'r' },
	{ "root", required_argument, NULL, 'R' },
	{ "enable", no_argument, NULL, 'e' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static int usage(const char *what)
{
	fprintf(stderr, "tdx-info: %s; see tdx-info --help\n", what);
	return CANNOT;
}

static int done(int verdict)
{
	if (!fflush(stdout) && !ferror(stdout))
		return verdict;
	perror("tdx-info: writing");
	return CANNOT;
}

static int verdict_of(const struct info_report *r)
{
	switch (info_worst(r)) {
	case INFO_MISSING:
		return NOT_READY;
	case INFO_UNKNOWN:
		return NOT_KNOWN;
	default:
		return READY;
	}
}

int main(int argc, char **argv)
{
	const char *root = "", *record = NULL;
	bool json = false, enable = false;
	struct info_report report;
	int c, failed = 0;

	while ((c = getopt_long(argc, argv, "jr:R:eh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'r':
			record = optarg;
			break;
		case 'R':
			root = optarg;
			break;
		case 'e':
			enable = true;
			break;
		case 'h':
			fputs(help, stdout);
			return done(READY);
		default:
			return usage("unknown option, or one that lacks its folder");
		}
	}
	if (optind < argc)
		return usage("an argument that is no option");
	if (enable && (*root || record || json))
		return usage("--enable goes with no other option");
	if (info_open(root, record)) {
		fprintf(stderr, "tdx-info: %s: %s\n", record ?: root, strerror(errno));
		return CANNOT;
	}
	if (enable)
		failed = info_enable();
	info_run(&report);
	if (json)
		info_print_json(stdout, &report);
	else
		info_print_text(stdout, &report);
	return done(failed ? NOT_READY : verdict_of(&report));
}
