// SPDX-License-Identifier: GPL-2.0-only
/* The TD's /init: say where it runs, and stop. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/*
 * Through the kernel's log: there is no interrupt for the serial port.  By one
 * write(): dprintf() seeks first, which /dev/kmsg refuses.
 */
void say(const char *name, int ok)
{
	int fd = open("/dev/kmsg", O_WRONLY);
	char line[128];
	int n;

	n = snprintf(line, sizeof(line), "<1>td-linux: %s%s\n",
		     ok ? "" : "NOT ", name);
	if (fd < 0 || write(fd, line, n) != n)
		_exit(1);
	close(fd);
}

static int in_file(const char *path, const char *word)
{
	static char buf[16384];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return 0;
	buf[n] = 0;
	return !!strstr(buf, word);
}

/* How many there are; and this program runs on each. */
static void count_cpus(void)
{
	char text[32];
	int i, n = sysconf(_SC_NPROCESSORS_ONLN), ran = 0;
	cpu_set_t set;

	for (i = 0; i < n; i++) {
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		if (!sched_setaffinity(0, sizeof(set), &set) &&
		    sched_getcpu() == i)
			ran++;
	}
	snprintf(text, sizeof(text), "has %d CPUs", n);
	say(text, ran == n);
}

/* Touch more memory than the boot has, twice. */
static int memory_keeps(void)
{
	static unsigned char page[8 << 20];
	size_t i;

	for (i = 0; i < sizeof(page); i += 4096)
		page[i] = i >> 12;
	for (i = 0; i < sizeof(page); i += 4096)
		if (page[i] != (unsigned char)(i >> 12))
			return 0;
	return 1;
}

int main(void)
{
	double x = 1.0;
	int i;

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	say("started", 1);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	say("is a TD", in_file("/proc/cpuinfo", " tdx_guest"));
	count_cpus();
	say("keeps its memory", memory_keeps());
	/* A timer tick, and the FPU over it. */
	for (i = 0; i < 3; i++) {
		x *= 1.5;
		usleep(20000);
	}
	say("has a clock and an FPU", x == 3.375);
	test_disk();
	test_attestation();
	/* tdxrun takes this for a firmware shell, and is done. */
	say("done.  Shell>", 1);
	for (;;)
		pause();
}
