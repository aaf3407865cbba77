// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "border.h"

#define POLL_US		5000
/* From a kill to the end of the process. */
#define KILL_SECONDS	1

const char *const fate_names[] = {
	[FATE_PASSED] = "passed",
	[FATE_FAILED] = "failed",
	[FATE_HUNG] = "hung until the process ended",
	[FATE_STUCK] = "hangs, and cannot be killed",
};

unsigned int patience(void)
{
	struct utsname uts;

	/* selftests/debug-kernel names its kernel so. */
	return !uname(&uts) && (strstr(uts.release, "-tdxdebug") ||
				strstr(uts.release, "-tdxkcsan")) ? 10 : 1;
}

/* The wait status; false if the child is still there after @seconds. */
static bool wait_bounded(pid_t pid, unsigned int seconds, int *status)
{
	unsigned long polls = patience() * seconds * (1000000UL / POLL_US);

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (!polls--)
			return false;
		usleep(POLL_US);
	}
	return true;
}

enum fate contain(bool (*fn)(void *arg), void *arg, unsigned int seconds)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return FATE_FAILED;
	if (!pid) {
		bool ok = fn(arg);

		fflush(stdout);
		_exit(!ok);
	}
	if (wait_bounded(pid, seconds, &status)) {
		if (!WIFEXITED(status) || WEXITSTATUS(status) > EXIT_HUNG)
			return FATE_FAILED;
		return WEXITSTATUS(status);
	}
	kill(pid, SIGKILL);
	return wait_bounded(pid, KILL_SECONDS, &status) ? FATE_HUNG : FATE_STUCK;
}

/* Does nothing where there is no such CPU. */
void pin_thread(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* KNOWN_LOG as for check_kernel_log(). */
static bool is_known(const char *line)
{
	const char *known = getenv("KNOWN_LOG");
	static regex_t regex;
	static bool compiled;

	if (!known)
		return false;
	if (!compiled)
		compiled = !regcomp(&regex, known, REG_EXTENDED | REG_NOSUB);
	return compiled && !regexec(&regex, line, 0, NULL, 0);
}

static bool is_report(const char *line)
{
	static const char *const marks[] = {
		"BUG:", "kernel BUG", "WARNING:", "Oops", "KASAN", "UBSAN",
		"general protection", "possible circular", "INFO: task",
		"INFO: rcu", "list_del corruption", "unsafe locking",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		if (strstr(line, marks[i]))
			return !is_known(line);
	}
	return false;
}

bool log_has_report(void)
{
	static int kmsg = -1;
	char line[1024];
	bool found = false;
	ssize_t n;

	if (kmsg < 0) {
		kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		lseek(kmsg, 0, SEEK_END);
	}
	for (;;) {
		n = read(kmsg, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return found;
		line[n] = 0;
		if (!found && is_report(line)) {
			ktap_note("kernel log: %.200s", line);
			found = true;
		}
	}
}

void tell_console(const char *what)
{
	FILE *f = fopen("/dev/kmsg", "w");

	if (!f)
		return;
	fprintf(f, "<4>border: %s\n", what);
	fclose(f);
}

int slot_set(int vm, u32 slot, u64 gpa, u64 size, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int pre_fault(int vcpu, u64 gpa, u64 size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };

	return ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range) ? -errno : 0;
}

void *memory_of(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct race {
	bool stop, bad;
};

bool race_is_over(const struct racer *r)
{
	return __atomic_load_n(&r->race->stop, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&r->race->bad, __ATOMIC_RELAXED);
}

static void *race_thread(void *arg)
{
	struct racer *r = arg;

	pin_thread(r->cpu);
	while (!race_is_over(r)) {
		if (!r->round(r)) {
			__atomic_store_n(&r->race->bad, true, __ATOMIC_RELAXED);
			break;
		}
		__atomic_add_fetch(&r->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static unsigned long rounds_of(struct racer *r)
{
	return __atomic_load_n(&r->rounds, __ATOMIC_RELAXED);
}

/* Returns false if a thread no longer gets on. */
static bool race_watch(struct race *race, struct racer *a, struct racer *b,
		       unsigned long rounds)
{
	unsigned long idle = 0, seen_a = 0, seen_b = 0;

	while (rounds_of(a) < rounds || rounds_of(b) < rounds) {
		if (__atomic_load_n(&race->bad, __ATOMIC_RELAXED))
			return true;
		if (rounds_of(a) != seen_a && rounds_of(b) != seen_b) {
			seen_a = rounds_of(a);
			seen_b = rounds_of(b);
			idle = 0;
		}
		if (idle++ > patience() * RACE_STALL_MS * 1000UL / POLL_US)
			return false;
		usleep(POLL_US);
	}
	return true;
}

bool race(struct racer *a, struct racer *b, unsigned long rounds)
{
	struct race race = {};
	pthread_t thread[2];

	a->race = &race;
	b->race = &race;
	b->cpu = 1;
	pthread_create(&thread[0], NULL, race_thread, a);
	pthread_create(&thread[1], NULL, race_thread, b);
	if (!race_watch(&race, a, b, rounds)) {
		ktap_note("no progress after %lu and %lu rounds", rounds_of(a),
			  rounds_of(b));
		/* contain() finds out whether the threads can be ended. */
		fflush(stdout);
		_exit(EXIT_HUNG);
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	return !race.bad;
}
