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

static int run(const char *program, const char *arg1, const char *arg2)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		execlp(program, program, arg1, arg2, (char *)NULL);
		fprintf(stderr, "tdx-info: %s: %s\n", program, strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int modprobe(const char *arg1, const char *arg2)
{
	return run("modprobe", arg1, arg2);
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

/* The kernel's own module, which modprobe passes over for ours. */
static int load_own(const char *kernel, const char *name)
{
	static const char * const ends[] = { "", ".xz", ".zst", ".gz" };
	char path[300];
	unsigned int i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/kernel/arch/x86/kvm/%s.ko%s",
			 kernel, name, ends[i]);
		if (!access(path, R_OK))
			return run("insmod", path, NULL);
	}
	return -1;
}

/* Ours without TDX, or the kernel's own where the kernel refuses ours. */
static int bring_back(const char *kernel, const char *why)
{
	say(why);
	if (!modprobe("kvm_intel", "tdx=0"))
		return 1;
	modprobe("irqbypass", NULL);
	if ((!info_exists("/sys/module/kvm") && load_own(kernel, "kvm")) ||
	    load_own(kernel, "kvm-intel"))
		return say("kvm_intel does not come back either: ordinary VMs do not work now");
	return say("the kernel's own kvm_intel is loaded again");
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
	if (info_wants_signatures() && !info_is_signed(path))
		return say("the kernel refuses unsigned modules, and kvm_intel with TDX is not signed: tdx-info says what to do");
	if (!is_free()) {
		name_users();
		return say("kvm_intel is in use: end the VMs, then try again");
	}
	if (info_exists("/sys/module/kvm_intel") && modprobe("-r", "kvm_intel"))
		return say("kvm_intel cannot be unloaded, see above");
	/* Of kvm_intel's being unloaded: the kernel's own kvm would stay with ours. */
	if (info_exists("/sys/module/kvm") && modprobe("-r", "kvm"))
		return bring_back(kernel, "kvm cannot be unloaded: another module uses it");
	if (modprobe("kvm_intel", "tdx=1"))
		return bring_back(kernel, "kvm_intel does not load");
	if (info_read("/sys/module/kvm_intel/parameters/tdx", on, sizeof(on)))
		return say("the kernel's own kvm_intel was loaded: run depmod, see modinfo kvm_intel");
	if (*on != 'Y')
		return say("kvm_intel is loaded, for ordinary VMs, but TDX is off: the list says why");
	say("TDX is on");
	return 0;
}
