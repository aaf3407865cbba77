// SPDX-License-Identifier: GPL-2.0-only
/* A fault against the end of the root that it started with; see roots_race(). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "../lib/kvm_stats.h"
#include "border.h"

#define BULK_SLOT	8
#define BULK_BASE	0x50000000UL
#define BULK_SIZE	0x3000000UL
#define BULK_MEMFD	0x200000UL
#define WALK_SLOT	9
#define MARK_SLOT	10
#define MARK_BASE	0x88000000UL
#define MARK_PAGES	256UL
#define ROOTS_SLOT	11
/* A round in which nothing becomes obsolete. */
#define WARM_ROUND	0x10000

/*
 * Setting nx_huge_pages makes every root obsolete.  The time that KVM takes to
 * zap the old one depends on what BULK has in it; the page of MARK is zapped
 * last.  vCPU 0 is in a fault meanwhile, mostly, as each clears 2 MiB, and a
 * signal ends its KVM_RUN after that fault.  vCPU 1 goes on with a new root.
 *
 * Nothing is mapped in the new root but what faulted.  If vCPU 1 can write to a
 * page of MARK without a fault, it uses the old root, whose tables KVM frees
 * without a word to any vCPU.
 */
struct roots_test {
	struct roots_race *race;
	struct td *td;
	struct roots *roots;
	struct kvm_stats stats;
	u8 *bulk, *walk, *mark;
	pthread_t vcpu0, vcpu1, toggler;
	unsigned int round;
	unsigned int toggled;
	/* Of vCPU 1, before the root becomes obsolete. */
	long long faults;
	bool stop, failed;
};

static u64 get(const void *p)
{
	return __atomic_load_n((const volatile u64 *)p, __ATOMIC_SEQ_CST);
}

/* A signal between two KVM_RUNs ends the next one. */
static struct kvm_run *signal_run;

static void catch_signal(int sig)
{
	(void)sig;
	signal_run->immediate_exit = 1;
}

bool set_nx_huge_pages(bool on)
{
	int fd = open(NX_HUGE_PAGES, O_WRONLY);
	bool ok = fd >= 0 && write(fd, on ? "Y" : "N", 1) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

static void *toggle(void *arg)
{
	struct roots_test *t = arg;
	unsigned int seen = 0, round;

	pin_thread(0);
	while (!__atomic_load_n(&t->stop, __ATOMIC_SEQ_CST)) {
		round = __atomic_load_n(&t->round, __ATOMIC_SEQ_CST);
		if (round == seen) {
			usleep(50);
			continue;
		}
		seen = round;
		usleep((round * 137 + t->race->seed * 331) % 1000);
		pthread_kill(t->vcpu0, SIGUSR1);
		if (round & WARM_ROUND)
			continue;
		if (!set_nx_huge_pages(round & 1))
			t->failed = true;
		__atomic_store_n(&t->toggled, round, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void *run_vcpu1(void *arg)
{
	struct roots_test *t = arg;

	pin_thread(1);
	while (!__atomic_load_n(&t->stop, __ATOMIC_SEQ_CST)) {
		if (ioctl(t->td->vcpu[1].fd, KVM_RUN, 0) && errno != EINTR) {
			t->failed = true;
			break;
		}
	}
	return NULL;
}

/* Has vCPU 1 written @n more times?  Keep the toggler's CPU meanwhile. */
static bool vcpu1_writes(struct roots_test *t, u64 page, u64 n)
{
	u64 start = get((void *)&t->roots->count);
	unsigned int tries = 100000;

	while (get((void *)&t->roots->wrote) != page ||
	       get((void *)&t->roots->count) < start + n) {
		if (!tries--)
			return false;
		__builtin_ia32_pause();
	}
	return true;
}

static long long vcpu1_faults(const struct roots_test *t)
{
	return kvm_stats_value(&t->stats, "pf_taken");
}

static void write_mark(struct roots_test *t, unsigned int round)
{
	u64 page = MARK_BASE + round % MARK_PAGES * PAGE;
	long long before = vcpu1_faults(t);

	/* It has to have its new root, in which it lacks a page at least. */
	if (before == t->faults || !vcpu1_writes(t, 0, 3))
		return;
	before = vcpu1_faults(t);
	__atomic_store_n(&t->roots->page, page, __ATOMIC_SEQ_CST);
	if (!vcpu1_writes(t, page, 3))
		return;
	t->race->tried++;
	t->race->stale += vcpu1_faults(t) == before;
}

/* KVM_RUN of vCPU 0 until the toggler's signal. */
static bool run_vcpu0(struct roots_test *t, unsigned int round)
{
	signal_run->immediate_exit = 0;
	__atomic_store_n(&t->round, round, __ATOMIC_SEQ_CST);
	return ioctl(t->td->vcpu[0].fd, KVM_RUN, 0) && errno == EINTR;
}

/* Others may change slots and send signals meanwhile. */
static bool map(int vcpu, u64 gpa, u64 size)
{
	int ret;

	do {
		ret = pre_fault(vcpu, gpa, size);
	} while (ret == -EAGAIN || ret == -EINTR);
	return !ret;
}

static bool roots_round(struct roots_test *t, unsigned int round)
{
	u64 mark = MARK_BASE + round % MARK_PAGES * PAGE;
	int vcpu = t->td->vcpu[0].fd;

	__atomic_store_n(&t->roots->page, 0, __ATOMIC_SEQ_CST);
	/* KVM_PRE_FAULT_MEMORY needs a root that is not obsolete. */
	if (!run_vcpu0(t, WARM_ROUND | round))
		return false;
	madvise(t->walk, ROOTS_WALK_SIZE, MADV_DONTNEED);
	/* Writable, for the host as for the guest. */
	t->mark[round % MARK_PAGES * PAGE] = 1;
	if (!map(vcpu, BULK_BASE, BULK_SIZE) || !map(vcpu, mark, PAGE))
		return false;
	t->faults = vcpu1_faults(t);
	if (!run_vcpu0(t, round))
		return false;
	write_mark(t, round);
	while (__atomic_load_n(&t->toggled, __ATOMIC_SEQ_CST) != round)
		usleep(100);
	return !t->failed;
}

/* 2 MiB again and again, in pages of 4 KiB. */
static u8 *bulk_memory(void)
{
	u8 *p = memory_of(BULK_SIZE);
	int fd = memfd_create("bulk", MFD_CLOEXEC);
	u64 at;

	if (!p || fd < 0 || ftruncate(fd, BULK_MEMFD))
		return NULL;
	for (at = 0; at < BULK_SIZE; at += BULK_MEMFD) {
		if (mmap(p + at, BULK_MEMFD, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return NULL;
	}
	close(fd);
	return p;
}

static bool roots_memory(struct roots_test *t)
{
	u8 *walk = memory_of(ROOTS_WALK_SIZE + HUGE_PAGE);

	t->bulk = bulk_memory();
	t->mark = memory_of(MARK_PAGES * PAGE);
	t->roots = memory_of(PAGE);
	if (!walk || !t->bulk || !t->mark || !t->roots)
		return false;
	t->walk = (u8 *)(((uintptr_t)walk + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1UL));
	madvise(t->walk, ROOTS_WALK_SIZE, MADV_HUGEPAGE);
	madvise(t->mark, MARK_PAGES * PAGE, MADV_NOHUGEPAGE);
	return !slot_set(t->td->fd, BULK_SLOT, BULK_BASE, BULK_SIZE, t->bulk) &&
	       !slot_set(t->td->fd, WALK_SLOT, ROOTS_WALK_BASE, ROOTS_WALK_SIZE,
			 t->walk) &&
	       !slot_set(t->td->fd, MARK_SLOT, MARK_BASE, MARK_PAGES * PAGE,
			 t->mark) &&
	       !slot_set(t->td->fd, ROOTS_SLOT, ROOTS_PAGE, PAGE, t->roots);
}

bool roots_race(struct roots_race *race)
{
	struct sigaction act = { .sa_handler = catch_signal };
	struct roots_test t = { .race = race, .td = race->td };
	unsigned int round;
	bool ok;

	signal_run = t.td->vcpu[0].run;
	sigaction(SIGUSR1, &act, NULL);
	t.vcpu0 = pthread_self();
	ok = roots_memory(&t) && kvm_stats_open(&t.stats, t.td->vcpu[1].fd);
	if (!ok)
		return false;
	pin_thread(0);
	pthread_create(&t.vcpu1, NULL, run_vcpu1, &t);
	pthread_create(&t.toggler, NULL, toggle, &t);
	for (round = 1; ok && round <= race->rounds; round++)
		ok = roots_round(&t, round);
	ktap_note("%u rounds: vCPU 1 wrote in %u, without a fault in %u",
		  round - 1, race->tried, race->stale);
	__atomic_store_n(&t.stop, true, __ATOMIC_SEQ_CST);
	kvm_stats_close(&t.stats);
	pthread_join(t.toggler, NULL);
	/* Until one meets vCPU 1 in KVM_RUN. */
	while (pthread_tryjoin_np(t.vcpu1, NULL)) {
		pthread_kill(t.vcpu1, SIGUSR1);
		usleep(1000);
	}
	return ok;
}
