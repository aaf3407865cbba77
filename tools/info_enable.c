// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switching TDX on: take away the kvm_intel that is loaded, if nobody uses it, and
 * load the one that modprobe prefers with tdx=1.  If that fails, kvm_intel comes back
 * without TDX, so that the host keeps its VMs.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "info.h"

/* A line; 1, as most of them are bad news. */
static int say(const char *what)
{
	fprintf(stderr, "tdx-info: %s\n", what);
	return 1;
}

static int modprobe(const char *arg1, const char *arg2)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", arg1, arg2, (char *)NULL);
		perror("tdx-info: modprobe");
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Does process @pid have a VM, or /dev/kvm, open? */
static bool uses_kvm(const char *pid)
{
	char path[300], target[80];
	struct dirent *entry;
	bool uses = false;
	ssize_t len;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	if (!d)
		return false;
	while (!uses && (entry = readdir(d))) {
		len = readlinkat(dirfd(d), entry->d_name, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		uses = !strcmp(target, "/dev/kvm") || !strncmp(target, "anon_inode:kvm-", 15);
	}
	closedir(d);
	return uses;
}

static void name_users(void)
{
	char path[300], comm[40];
	struct dirent *entry;
	DIR *d = opendir("/proc");

	while (d && (entry = readdir(d))) {
		if (!isdigit((unsigned char)*entry->d_name) || !uses_kvm(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (info_read(path, comm, sizeof(comm)))
			continue;
		fprintf(stderr, "tdx-info: process %s (%s) uses KVM\n", entry->d_name, comm);
	}
	if (d)
		closedir(d);
}

/* True: kvm_intel is not loaded, or nobody holds it. */
static bool is_free(void)
{
	char text[16];

	return info_read("/sys/module/kvm_intel/refcnt", text, sizeof(text)) || !atoi(text);
}

static int bring_back(const char *why)
{
	say(why);
	if (modprobe("kvm_intel", "tdx=0") && modprobe("kvm_intel", NULL))
		say("kvm_intel does not come back either: ordinary VMs do not work now");
	return 1;
}

int info_enable(void)
{
	char kernel[80], path[200], on[8];

	if (!info_read("/sys/module/kvm_intel/parameters/tdx", on, sizeof(on)) && *on == 'Y') {
		say("TDX is on already");
		return 0;
	}
	if (info_read("/proc/sys/kernel/osrelease", kernel, sizeof(kernel)) ||
	    !info_our_module(kernel, "kvm-intel", path, sizeof(path)))
		return say("there is no kvm_intel with TDX for this kernel: install kvm-tdx-dkms, or run make install");
	if (!is_free()) {
		name_users();
		return say("kvm_intel is in use: end the VMs, then try again");
	}
	if (info_exists("/sys/module/kvm_intel") && modprobe("-r", "kvm_intel"))
		return say("kvm_intel cannot be unloaded, see above");
	/* Of kvm_intel's being unloaded: the kernel's own kvm would stay with ours. */
	if (info_exists("/sys/module/kvm") && modprobe("-r", "kvm"))
		return bring_back("kvm cannot be unloaded: another module uses it");
	if (modprobe("kvm_intel", "tdx=1"))
		return bring_back("kvm_intel does not load");
	if (info_read("/sys/module/kvm_intel/parameters/tdx", on, sizeof(on)))
		return say("the kernel's own kvm_intel was loaded: run depmod, see modinfo kvm_intel");
	if (*on != 'Y')
		return say("kvm_intel is loaded, for ordinary VMs, but TDX is off: the list says why");
	say("TDX is on");
	return 0;
}
