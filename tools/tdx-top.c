// SPDX-License-Identifier: GPL-2.0-only
/* tdx-top: what the TDs of this host do, live. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "top.h"

enum verdict { DONE, NO_TD, CANNOT };

static const char help[] =
"NAME\n"
"    tdx-top - live counts of the TDs of this host\n"
"\n"
"SYNOPSIS\n"
"    tdx-top [-d SECONDS] [-p PID] [-b] [-n ROUNDS]\n"
"\n"
"DESCRIPTION\n"
"    Shows each TD with its VMM, the busiest first, and below them what KVM\n"
"    counted for all of them together: the total, and how many a second. It\n"
"    reads KVM's debugfs, which takes root. Ctrl-C ends it.\n"
"\n"
"    MiB       private memory that is mapped\n"
"    EXITS     of the vCPUs, for whatever reason\n"
"    CALLS     TDVMCALLs\n"
"    FAULTS    of private memory\n"
"    ZAPS      batches of private pages that were taken away\n"
"    BUSY      SEAMCALLs that lost a lock of the module\n"
"\n"
"    The events below have the names of the file \"tdx\" in a TD's debugfs\n"
"    folder; KVM_GET_STATS_FD has the same ones, with \"tdx_\" in front. Those\n"
"    that begin with \"pages\" or \"sept_tables\" are what is there now.\n"
"\n"
"OPTIONS\n"
"    -d, --delay SECONDS  between two rounds, 0.1 to 3600 (default 1)\n"
"    -p, --pid PID        only the TDs of this VMM\n"
"    -b, --batch          one round below the other, and whole, for a file\n"
"    -n, --rounds ROUNDS  end after so many\n"
"    -r, --root FOLDER    read FOLDER in place of " TOP_DIR "\n"
"    -h, --help           print this\n"
"\n"
"EXIT STATUS\n"
"    0  done\n"
"    1  done, and there was no TD\n"
"    2  the command line is malformed; there is nothing to read, or no right to\n"
"\n"
"SEE ALSO\n"
"    kvm_stat, in the kernel's tools/kvm: counts of other VMs; TDs' are not in it\n";

static const struct option options[] = {
	{ "delay", required_argument, NULL, 'd' },
	{ "pid", required_argument, NULL, 'p' },
	{ "batch", no_argument, NULL, 'b' },
	{ "rounds", required_argument, NULL, 'n' },
	{ "root", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

struct args {
	const char *dir;
	double delay;
	long rounds;
	int pid;
	bool batch;
};

static int usage(const char *what)
{
	fprintf(stderr, "tdx-top: %s; see tdx-top --help\n", what);
	return CANNOT;
}

static int cannot_read(const char *dir)
{
	if (errno == ENOENT)
		fprintf(stderr, "tdx-top: there is no %s; is kvm loaded, and debugfs mounted "
			"(mount -t debugfs debugfs /sys/kernel/debug)?\n", dir);
	else if (errno == EACCES || errno == EPERM)
		fprintf(stderr, "tdx-top: no permission to read %s; only root has it\n", dir);
	else
		fprintf(stderr, "tdx-top: cannot read %s: %s\n", dir, strerror(errno));
	return CANNOT;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void wait_for(double seconds)
{
	struct timespec ts = { .tv_sec = seconds };

	ts.tv_nsec = (seconds - ts.tv_sec) * 1e9;
	nanosleep(&ts, NULL);
}

static unsigned int screen_lines(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 24 : size.ws_row;
}

static void show(const struct args *a, struct top_sample *s, double seconds)
{
	time_t t = time(NULL);
	char clock[16];

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&t));
	if (!a->batch)
		fputs("\033[H\033[J", stdout);
	printf("tdx-top %s, %.1f s, TDs: %zu\n", clock, seconds, s->nr);
	if (s->nr)
		top_print(stdout, s, seconds, a->batch ? 0 : screen_lines() - 2);
	if (a->batch)
		putchar('\n');
}

static int watch(const struct args *a)
{
	struct top_sample before, after;
	double last = now(), time;
	bool some = false;
	long round;

	if (top_read(&before, a->dir, a->pid))
		return cannot_read(a->dir);
	for (round = 0; !a->rounds || round < a->rounds; round++) {
		wait_for(a->delay);
		if (top_read(&after, a->dir, a->pid)) {
			top_free(&before);
			return cannot_read(a->dir);
		}
		time = now();
		top_compare(&after, &before);
		some |= after.nr;
		show(a, &after, time - last);
		last = time;
		top_free(&before);
		before = after;
		if (fflush(stdout) || ferror(stdout)) {
			perror("tdx-top: cannot write");
			top_free(&before);
			return CANNOT;
		}
	}
	top_free(&before);
	if (!some)
		fprintf(stderr, "tdx-top: there was no TD\n");
	return some ? DONE : NO_TD;
}

static bool parse_number(const char *text, double min, double max, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	return !errno && end != text && !*end && *value >= min && *value <= max;
}

int main(int argc, char **argv)
{
	struct args a = { .dir = TOP_DIR, .delay = 1 };
	double value;
	int c;

	while ((c = getopt_long(argc, argv, "d:p:bn:r:h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			if (!parse_number(optarg, 0.1, 3600, &a.delay))
				return usage("a delay is 0.1 to 3600 seconds");
			break;
		case 'p':
			if (!parse_number(optarg, 1, 999999999, &value))
				return usage("a PID is a number above 0");
			a.pid = value;
			break;
		case 'b':
			a.batch = true;
			break;
		case 'n':
			if (!parse_number(optarg, 1, 1e9, &value))
				return usage("rounds are a number above 0");
			a.rounds = value;
			break;
		case 'r':
			a.dir = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return fflush(stdout) ? CANNOT : DONE;
		default:
			return usage("unknown option");
		}
	}
	if (optind < argc)
		return usage("too many words");
	return watch(&a);
}
