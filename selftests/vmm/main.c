// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdxrun: run a firmware image as a TD until it looks for something to boot
 * or idles, and say what happened on the way.
 *
 * Two processes: one is the VMM, the other prints the table when the kernel
 * has taken the TD apart, so that this is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dev.h"
#include "gdb.h"
#include "vm.h"

#define DEFAULT_FIRMWARE	"/usr/share/ovmf/OVMF.fd"
#define DEFAULT_MIB		256
#define MIN_MIB			64
#define MAX_MIB			(1 << 20)
#define DEFAULT_SECONDS		600
#define MAX_SECONDS		86400
/* Quiet and idle for so many periods in a row counts as the idle loop. */
#define IDLE_PERIODS		6
#define PERIOD_NS		500000000L

struct options {
	const char *firmware;
	const char *disk;
	const char *quote_socket;
	const char *gdb;
	bool linux_map;
	unsigned long mib;
	unsigned long vcpus;
	unsigned long seconds;
	enum vm_outcome until;
	bool verbose;
};

static struct vm *vm;

void die(enum exit_code code, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "tdxrun: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(code);
}

static void print_help(FILE *to)
{
	fprintf(to, "usage: tdxrun [-m MIB] [-c VCPUS] [-f FIRMWARE] [-d DISK] [-q SOCKET]\n"
		"              [-t SECONDS] [-v] [--until=boot|idle] [--gdb PORT [--linux-map]]\n"
		"  -m MIB       memory, %d to %d (default %d)\n"
		"  -c VCPUS     1 to %d (default 1)\n"
		"  -f FIRMWARE  image with TDVF metadata (default %s)\n"
		"  -d DISK      a file or block device as a virtio disk\n"
		"  -q SOCKET    of a quote generation service\n"
		"  -t SECONDS   give up after this long (default %d)\n"
		"  -v           log what is unusual\n"
		"  --until      boot: stop when the firmware looks for a boot device,\n"
		"               or idles (default); idle: go on until it idles\n"
		"  --gdb PORT   a debug TD, which waits for gdb on this port, or on the\n"
		"               Unix socket PORT if that has a slash\n"
		"  --linux-map  breakpoints at Linux' addresses before Linux has paging on:\n"
		"               its text is at the physical ones of its link (nokaslr)\n"
		"Exit status: 0 reached it, 1 did not, 2 usage, 4 no TDs on this machine.\n",
		MIN_MIB, MAX_MIB, DEFAULT_MIB, MAX_VCPUS, DEFAULT_FIRMWARE,
		DEFAULT_SECONDS);
}

static unsigned long parse_number(const char *text, char option,
				  unsigned long min, unsigned long max)
{
	unsigned long val;
	char *end;

	errno = 0;
	val = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || val < min ||
	    val > max)
		die(EXIT_USAGE, "-%c %s: expected a number from %lu to %lu",
		    option, text, min, max);
	return val;
}

static enum vm_outcome parse_until(const char *text)
{
	if (!strcmp(text, "boot"))
		return VM_REACHED_BOOT;
	if (!strcmp(text, "idle"))
		return VM_REACHED_IDLE;
	die(EXIT_USAGE, "--until=%s: expected boot or idle", text);
}

static void parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "until", required_argument, NULL, 'u' },
		{ "gdb", required_argument, NULL, 'g' },
		{ "linux-map", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "m:c:f:d:q:t:vh", longs, NULL)) != -1) {
		switch (c) {
		case 'm':
			o->mib = parse_number(optarg, c, MIN_MIB, MAX_MIB);
			break;
		case 'c':
			o->vcpus = parse_number(optarg, c, 1, MAX_VCPUS);
			break;
		case 'f':
			o->firmware = optarg;
			break;
		case 'd':
			o->disk = optarg;
			break;
		case 'q':
			o->quote_socket = optarg;
			break;
		case 't':
			o->seconds = parse_number(optarg, c, 1, MAX_SECONDS);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'u':
			o->until = parse_until(optarg);
			break;
		case 'g':
			o->gdb = optarg;
			if (!strchr(optarg, '/'))
				parse_number(optarg, c, 1, 65535);
			break;
		case 'l':
			o->linux_map = true;
			break;
		case 'h':
			print_help(stdout);
			exit(0);
		default:
			print_help(stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind != argc)
		die(EXIT_USAGE, "what is \"%s\"?", argv[optind]);
	if (o->linux_map && !o->gdb)
		die(EXIT_USAGE, "--linux-map is of use with --gdb alone");
}

/* A private copy: the file may change while it is in use. */
static u8 *read_firmware(const char *path, struct tdvf *tdvf, u64 *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char why[160];
	u8 *image;
	struct stat st;
	ssize_t n;
	off_t len;

	if (fd < 0 || fstat(fd, &st))
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > 64 << 20)
		die(EXIT_FAILED, "%s: not a firmware image", path);
	image = malloc(st.st_size + 1);
	if (!image)
		die(EXIT_FAILED, "out of memory");
	for (len = 0; len < st.st_size; len += n) {
		n = read(fd, image + len, st.st_size - len);
		if (n <= 0)
			die(EXIT_FAILED, "%s: %s", path,
			    n ? strerror(errno) : "it shrinks");
	}
	close(fd);
	if (tdvf_parse(image, len, tdvf, why, sizeof(why)))
		die(EXIT_FAILED, "%s: %s", path, why);
	if (len % VM_PAGE_SIZE)
		die(EXIT_FAILED, "%s: not a multiple of 4 KiB", path);
	*size = len;
	return image;
}

static u8 *quote_buffer(void *ctx, u64 gpa, u64 size)
{
	return memory_at(ctx, gpa, size);
}

/* From nothing to a TD that can run. */
static void build(const struct options *o)
{
	struct tdvf tdvf;
	u8 *image;
	u64 size;

	image = read_firmware(o->firmware, &tdvf, &size);
	kvm_open(vm);
	kvm_create_td(vm, o->gdb);
	kvm_create_vcpus(vm);
	memory_create(vm, size);
	if (o->disk)
		blk_init(vm, o->disk);
	kvm_init_vcpus(vm, tdvf.hob->gpa);
	memory_load(vm, image, &tdvf);
	kvm_finalize(vm);
	free(image);
	io_init(vm);
	vm->quote = (struct quote){
		.vm_fd = vm->fd,
		.socket = o->quote_socket,
		.lock = &vm->lock,
		.at = quote_buffer,
		.ctx = vm,
	};
	fprintf(stderr, "tdxrun: %s as a TD: %lu MiB, %u vCPU, %llu KiB to accept\n",
		o->firmware, o->mib, vm->nr_vcpus,
		(unsigned long long)vm->unaccepted / 1024);
}

static bool all_accepted(void)
{
	long long accepted = table_accepted_pages();

	return accepted < 0 ||
	       (u64)accepted >= vm->unaccepted / VM_PAGE_SIZE;
}

/* A line for each quarter of the memory: accepting it takes a while. */
static void show_progress(void)
{
	static unsigned int shown;
	long long accepted = table_accepted_pages();
	unsigned int quarters;

	if (accepted <= 0 || !vm->unaccepted)
		return;
	quarters = accepted * 4 / (long long)(vm->unaccepted / VM_PAGE_SIZE);
	if (quarters <= shown)
		return;
	shown = quarters;
	fprintf(stderr, "tdxrun: %u %% of the memory accepted\n", shown * 25);
}

/* Called with vm->lock held, once a period. */
static void judge(const struct options *o, unsigned int *idle)
{
	const char *line = console_boot_line();

	show_progress();
	if (gdb_has_stopped()) {
		*idle = 0;
		return;
	}
	if (line && o->until == VM_REACHED_BOOT) {
		run_end(vm, VM_REACHED_BOOT,
			"the firmware looks for a boot device: \"%s\"", line);
		return;
	}

	*idle = run_is_idle(vm) && console_quiet() > 1 ? *idle + 1 : 0;
	if (*idle < IDLE_PERIODS || !all_accepted())
		return;
	run_end(vm, VM_REACHED_IDLE, "the firmware reached its idle loop");
}

static void wait_for_end(const struct options *o)
{
	struct timespec next, end;
	unsigned int idle = 0;

	clock_gettime(CLOCK_REALTIME, &next);
	end = next;
	end.tv_sec += o->seconds;

	pthread_mutex_lock(&vm->lock);
	while (vm->outcome == VM_RUNNING) {
		next.tv_nsec += PERIOD_NS;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		if (pthread_cond_timedwait(&vm->changed, &vm->lock, &next) !=
		    ETIMEDOUT)
			continue;
		judge(o, &idle);
		if (next.tv_sec >= end.tv_sec)
			run_end(vm, VM_FAILED, "nothing was reached in %lu seconds",
				o->seconds);
	}
	pthread_mutex_unlock(&vm->lock);
}

/*
 * The TD's own process.  It leaves without closing anything: the kernel takes
 * a TD apart at exit as it does for every VMM that ends, or is ended.
 */
static enum exit_code run_td(const struct options *o)
{
	bool failed;

	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->changed, NULL);
	build(o);
	blk_start(vm);
	if (o->gdb)
		gdb_listen(vm, o->gdb);
	target_linux_map(o->linux_map);
	run_start(vm);
	gdb_start();
	wait_for_end(o);
	gdb_end(vm->outcome == VM_FAILED);
	run_stop(vm);
	blk_stop(vm);
	table_snapshot(vm);

	failed = vm->outcome == VM_FAILED;
	console_flush();
	if (failed)
		console_print_tail();
	return failed ? EXIT_FAILED : EXIT_REACHED;
}

/* What is left to say once the TD is gone. */
static int report(int status)
{
	if (WIFSIGNALED(status))
		die(EXIT_FAILED, "died of signal %d", WTERMSIG(status));
	/* It never came to run, and has said why. */
	if (vm->outcome == VM_RUNNING)
		return WEXITSTATUS(status);

	table_print(vm);
	printf("tdxrun: %s%s\n", vm->outcome == VM_FAILED ? "FAILED: " : "",
	       vm->reason);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	struct options o = {
		.firmware = DEFAULT_FIRMWARE,
		.mib = DEFAULT_MIB,
		.vcpus = 1,
		.until = VM_REACHED_BOOT,
	};
	int status;
	pid_t pid;

	parse_options(argc, argv, &o);
	/* Who debugs takes the time. */
	if (!o.seconds)
		o.seconds = o.gdb ? MAX_SECONDS : DEFAULT_SECONDS;
	vm = mmap(NULL, sizeof(*vm), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vm == MAP_FAILED)
		die(EXIT_FAILED, "out of memory");
	vm->memory = (u64)o.mib << 20;
	vm->nr_vcpus = o.vcpus;
	vm->verbose = o.verbose;

	table_start();
	pid = fork();
	if (pid < 0)
		die(EXIT_FAILED, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exit(run_td(&o));
	}
	if (waitpid(pid, &status, 0) != pid)
		die(EXIT_FAILED, "waitpid: %s", strerror(errno));
	return report(status);
}
