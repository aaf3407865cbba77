// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDs while something happens to the machine: one for each CPU, its vCPU pinned.
 *
 *   td_keep run     the vCPUs run all the time
 *   td_keep rest    they have run, and stay associated with their CPUs
 *
 * Says "ready" once every vCPU has run.  SIGTERM ends it; before that every
 * vCPU has to run once more, on whatever CPUs there are by then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../abi/td.h"

#define MAX_CPUS	8

struct keeper {
	struct td *td;
	pthread_t thread;
	unsigned int cpu;
	unsigned long runs;
	int err;
};

static struct keeper keepers[MAX_CPUS];
static bool stop, rest;

static void nothing(int sig)
{
	(void)sig;
}

static bool get(bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static unsigned long runs(struct keeper *k)
{
	return __atomic_load_n(&k->runs, __ATOMIC_SEQ_CST);
}

/* The guest never leaves by itself: a signal ends the call. */
static void *keep(void *arg)
{
	struct keeper *k = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(k->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);

	while (!get(&stop)) {
		if (get(&rest) && runs(k)) {
			usleep(1000);
			continue;
		}
		if (!ioctl(k->td->vcpu[0].fd, KVM_RUN, 0)) {
			/* An exit, which the guest does not make. */
			k->err = EPROTO;
			break;
		}
		if (errno != EINTR) {
			k->err = errno;
			break;
		}
		__atomic_add_fetch(&k->runs, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static bool let_run_once(struct keeper *k)
{
	unsigned long before = runs(k);

	while (runs(k) == before && !__atomic_load_n(&k->err, __ATOMIC_SEQ_CST)) {
		usleep(2000);
		pthread_kill(k->thread, SIGUSR1);
	}
	return !k->err;
}

static void wait_for_sigterm(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &sig);
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = nothing };
	unsigned int i, nr = sysconf(_SC_NPROCESSORS_ONLN);
	bool ok = true;
	sigset_t set;

	if (argc != 2 || nr > MAX_CPUS)
		return 2;
	sigaction(SIGUSR1, &act, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);

	for (i = 0; i < nr; i++) {
		keepers[i] = (struct keeper){
			.td = td_ready(1, GUEST_BUSY), .cpu = i,
		};
		pthread_create(&keepers[i].thread, NULL, keep, &keepers[i]);
	}
	for (i = 0; i < nr; i++)
		ok = let_run_once(&keepers[i]) && ok;
	rest = !strcmp(argv[1], "rest");
	printf("%s\n", ok ? "ready" : "failed");
	fflush(stdout);

	wait_for_sigterm();
	__atomic_store_n(&rest, false, __ATOMIC_SEQ_CST);
	for (i = 0; i < nr; i++)
		ok = let_run_once(&keepers[i]) && ok;
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < nr; i++) {
		while (pthread_tryjoin_np(keepers[i].thread, NULL)) {
			pthread_kill(keepers[i].thread, SIGUSR1);
			usleep(1000);
		}
		if (keepers[i].err)
			fprintf(stderr, "td_keep: KVM_RUN on CPU %u: %s\n", i,
				strerror(keepers[i].err));
		td_destroy(keepers[i].td);
	}
	return !ok;
}
