// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load a kernel and start it:
 *
 *   kexec load KERNEL INITRD ARGUMENTS     for "kexec start"
 *   kexec panic KERNEL INITRD ARGUMENTS    for a panic, in memory set aside
 *   kexec start
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(unsigned long flags, char **argv)
{
	int kernel = open(argv[0], O_RDONLY), initrd = open(argv[1], O_RDONLY);

	if (kernel < 0 || initrd < 0) {
		perror(kernel < 0 ? argv[0] : argv[1]);
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[2]) + 1,
		    argv[2], flags)) {
		perror("kexec_file_load");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "load"))
		return load(0, argv + 2);
	if (argc == 5 && !strcmp(argv[1], "panic"))
		return load(KEXEC_FILE_ON_CRASH, argv + 2);
	if (argc == 2 && !strcmp(argv[1], "start")) {
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
		perror("kexec");
		return 1;
	}
	fputs("usage: kexec {load|panic} KERNEL INITRD ARGUMENTS, or kexec start\n",
	      stderr);
	return 2;
}
