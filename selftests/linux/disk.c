// SPDX-License-Identifier: GPL-2.0-only
/* The TD's disk: a file system on it, and memory that converts meanwhile. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define DISK		"/dev/vda"
#define DIR		"/disk"
#define ROUNDS		4
/* "run" fills the file with the numbers from 1 to this, one a line. */
#define LAST		60000
#define BUF_SIZE	(64 << 10)

int load_module(const char *name)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ret = syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return ret;
}

/* Read what is on the disk: not the page cache, and not by way of it. */
static int is_numbers(const char *name)
{
	static char buf[BUF_SIZE] __attribute__((aligned(4096)));
	int fd = open(name, O_RDONLY | O_DIRECT), n, i, at = 0;
	char want[24] = "";
	long number = 0;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++) {
			if (!want[at]) {
				snprintf(want, sizeof(want), "%ld\n", ++number);
				at = 0;
			}
			if (buf[i] != want[at++])
				goto out;
		}
	}
out:
	close(fd);
	return number == LAST && !want[at];
}

static int write_numbers(const char *name)
{
	FILE *f = fopen(name, "w");
	long number;
	int ok;

	for (number = 1; f && number <= LAST; number++)
		fprintf(f, "%ld\n", number);
	ok = f && !fflush(f) && !fsync(fileno(f)) && !ferror(f);
	if (f)
		fclose(f);
	return ok;
}

/* Each round shares a buffer for quotes with the host, and takes it back. */
static int convert_memory(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (load_module("tdx-guest") ||
		    syscall(SYS_delete_module, "tdx_guest", O_NONBLOCK))
			return 0;
	return 1;
}

static int reads_while_it_converts(void)
{
	int status, ok = 1, reads;
	pid_t pid = fork();

	if (!pid)
		_exit(!convert_memory());
	for (reads = 0; !waitpid(pid, &status, WNOHANG) || reads < 2; reads++)
		ok &= is_numbers(DIR "/numbers");
	return ok && !status;
}

void test_disk(void)
{
	int i, mounted;

	load_module("virtio_blk");
	for (i = 0; i < 100 && access(DISK, F_OK); i++)
		usleep(20000);
	mkdir(DIR, 0755);
	mounted = !mount(DISK, DIR, "ext4", 0, NULL);
	say("mounts its disk", mounted);
	say("reads its disk", is_numbers(DIR "/numbers"));
	load_module("configfs");
	load_module("tsm");
	say("reads while memory converts", reads_while_it_converts());
	say("writes its disk", write_numbers(DIR "/copy") && !umount(DIR) &&
	    !mount(DISK, DIR, "ext4", 0, NULL) && is_numbers(DIR "/copy"));
	umount(DIR);
}
