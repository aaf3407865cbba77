// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races of a VMM's threads that end in base KVM's MMU: pre-faulting against
 * conversions and against a slot that comes and goes, and a fault against the
 * end of the root that it started with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "../lib/kvm_stats.h"
#include "border.h"

/* Seconds of the emulated machine. */
#define CHILD_SECONDS	20

static int pre_fault(int vcpu, u64 gpa, u64 size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };

	return ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range) ? -errno : 0;
}

static void *memory_of(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* --- pre-faulting against conversions --- */

#define FLIP_GPA	(RAM_BASE + 0x10000)
#define FLIP_ROUNDS	2000

/* It may be late, or between two conversions, but never fail otherwise. */
static bool pre_fault_round(struct racer *r)
{
	struct td *td = r->arg;
	int ret = pre_fault(td->vcpu[0].fd, FLIP_GPA, PAGE);

	if (!ret || ret == -EAGAIN || ret == -EFAULT || ret == -EINTR)
		return true;
	ktap_note("KVM_PRE_FAULT_MEMORY: %s", strerror(-ret));
	return false;
}

/* Long enough, mostly, for a few pre-faults in between. */
static bool flip_round(struct racer *r)
{
	unsigned long spin = r->rounds * 7919 % 16384;

	while (spin--)
		__builtin_ia32_pause();
	td_set_private(r->arg, FLIP_GPA, PAGE, r->rounds & 1);
	return true;
}

static bool pre_fault_against_conversion(void *arg)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	struct racer fault = { .round = pre_fault_round, .arg = td };
	struct racer flip = { .round = flip_round, .arg = td };
	bool ok = race(&fault, &flip, FLIP_ROUNDS);

	(void)arg;
	ktap_note("%lu pre-faults, %lu conversions", fault.rounds, flip.rounds);
	td_destroy(td);
	return ok;
}

/* --- pre-faulting against a slot that comes and goes --- */

#define SLOT_ROUNDS	300
#define SLOT_NR		2

struct moving_slot {
	int vm, vcpu;
	void *memory;
};

static bool pre_fault_slot_round(struct racer *r)
{
	struct moving_slot *s = r->arg;
	int ret = pre_fault(s->vcpu, LOG_BASE, LOG_SIZE);

	/* Without a slot it is MMIO. */
	if (!ret || ret == -EAGAIN || ret == -ENOENT || ret == -EFAULT)
		return true;
	ktap_note("KVM_PRE_FAULT_MEMORY: %s", strerror(-ret));
	return false;
}

static bool slot_round(struct racer *r)
{
	struct moving_slot *s = r->arg;
	int ret = slot_set(s->vm, SLOT_NR, LOG_BASE,
			   r->rounds & 1 ? 0 : LOG_SIZE, s->memory);

	if (ret)
		ktap_note("KVM_SET_USER_MEMORY_REGION: %s", strerror(-ret));
	return !ret;
}

static bool pre_fault_against_slot(struct moving_slot *s)
{
	struct racer fault = { .round = pre_fault_slot_round, .arg = s };
	struct racer move = { .round = slot_round, .arg = s };
	bool ok;

	s->memory = memory_of(LOG_SIZE);
	ok = s->memory && race(&fault, &move, SLOT_ROUNDS);
	ktap_note("%lu pre-faults, %lu changes of the slot", fault.rounds,
		  move.rounds);
	return ok;
}

static bool pre_fault_against_slot_of_td(void *arg)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	struct moving_slot s = { .vm = td->fd, .vcpu = td->vcpu[0].fd };
	bool ok = pre_fault_against_slot(&s);

	(void)arg;
	td_destroy(td);
	return ok;
}

static bool pre_fault_against_slot_of_vm(void *arg)
{
	struct moving_slot s;
	bool ok;

	(void)arg;
	s.vm = ioctl(td_dev(), KVM_CREATE_VM, 0);
	s.vcpu = ioctl(s.vm, KVM_CREATE_VCPU, 0);
	ok = s.vcpu >= 0 && pre_fault_against_slot(&s);
	close(s.vcpu);
	close(s.vm);
	return ok;
}

/* --- a fault against the end of its root --- */

#define BULK_SLOT	3
#define BULK_BASE	0x50000000UL
#define BULK_SIZE	0x3000000UL
#define BULK_MEMFD	0x200000UL
#define WALK_SLOT	4
#define MARK_SLOT	5
#define MARK_BASE	0x80000000UL
#define MARK_PAGES	256UL
#define ROOTS_SLOT	6
#define ROOTS_ROUNDS	12
/* A round in which nothing becomes obsolete. */
#define WARM_ROUND	0x10000

#define NX_HUGE_PAGES	"/sys/module/kvm/parameters/nx_huge_pages"

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
	struct td *td;
	struct roots *roots;
	struct kvm_stats stats;
	u8 *bulk, *walk, *mark;
	pthread_t vcpu0, vcpu1, toggler;
	unsigned int round, stale, tried;
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

static bool set_nx_huge_pages(bool on)
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
		usleep(round * 137 % 1000);
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
	t->tried++;
	t->stale += vcpu1_faults(t) == before;
}

/* KVM_RUN of vCPU 0 until the toggler's signal. */
static bool run_vcpu0(struct roots_test *t, unsigned int round)
{
	signal_run->immediate_exit = 0;
	__atomic_store_n(&t->round, round, __ATOMIC_SEQ_CST);
	return ioctl(t->td->vcpu[0].fd, KVM_RUN, 0) && errno == EINTR;
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
	if (pre_fault(vcpu, BULK_BASE, BULK_SIZE) || pre_fault(vcpu, mark, PAGE))
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

static bool fault_against_obsolete_root(void *arg)
{
	struct sigaction act = { .sa_handler = catch_signal };
	struct roots_test t = { .td = td_ready(2, GUEST_ROOTS) };
	unsigned int round;
	bool ok;

	(void)arg;
	signal_run = t.td->vcpu[0].run;
	sigaction(SIGUSR1, &act, NULL);
	t.vcpu0 = pthread_self();
	ok = roots_memory(&t) && kvm_stats_open(&t.stats, t.td->vcpu[1].fd);
	pin_thread(0);
	pthread_create(&t.vcpu1, NULL, run_vcpu1, &t);
	pthread_create(&t.toggler, NULL, toggle, &t);
	for (round = 1; ok && round <= ROOTS_ROUNDS; round++)
		ok = roots_round(&t, round);
	ktap_note("%u rounds: vCPU 1 wrote in %u, without a fault in %u",
		  round - 1, t.tried, t.stale);
	__atomic_store_n(&t.stop, true, __ATOMIC_SEQ_CST);
	kvm_stats_close(&t.stats);
	pthread_join(t.toggler, NULL);
	/* Until one meets vCPU 1 in KVM_RUN. */
	while (pthread_tryjoin_np(t.vcpu1, NULL)) {
		pthread_kill(t.vcpu1, SIGUSR1);
		usleep(1000);
	}
	td_destroy(t.td);
	return ok && t.tried && !t.stale;
}

/* --- pre-faulting with a root that becomes obsolete --- */

#define TOGGLE_ROUNDS	50

static bool pre_fault_shared_round(struct racer *r)
{
	struct moving_slot *s = r->arg;
	int ret = pre_fault(s->vcpu, LOG_BASE, LOG_SIZE);

	return !ret || ret == -EAGAIN;
}

static bool toggle_round(struct racer *r)
{
	return set_nx_huge_pages(r->rounds & 1);
}

static bool pre_fault_against_obsolete_root(void *arg)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	struct moving_slot s = {
		.vcpu = td->vcpu[0].fd, .memory = memory_of(LOG_SIZE),
	};
	struct racer fault = { .round = pre_fault_shared_round, .arg = &s };
	struct racer toggle = { .round = toggle_round };
	bool ok;

	(void)arg;
	ok = !slot_set(td->fd, SLOT_NR, LOG_BASE, LOG_SIZE, s.memory) &&
	     race(&fault, &toggle, TOGGLE_ROUNDS);
	ktap_note("%lu pre-faults, %lu times an obsolete root", fault.rounds,
		  toggle.rounds);
	td_destroy(td);
	return ok;
}

/* --- */

static void contained(bool (*fn)(void *), const char *name)
{
	enum fate fate = contain(fn, NULL, CHILD_SECONDS);

	ktap_result(fate == FATE_PASSED, "%s: %s", name, fate_names[fate]);
}

static void prefault_and_slot_changes_of_a_vm_get_on(void)
{
	contained(pre_fault_against_slot_of_vm, __func__);
}

static void prefault_and_slot_changes_of_a_td_get_on(void)
{
	contained(pre_fault_against_slot_of_td, __func__);
}

static void prefault_leaves_an_obsolete_root(void)
{
	if (access(NX_HUGE_PAGES, W_OK)) {
		ktap_skip(__func__, "no nx_huge_pages");
		return;
	}
	contained(pre_fault_against_obsolete_root, __func__);
}

static void no_vcpu_uses_an_obsolete_root(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || access(NX_HUGE_PAGES, W_OK)) {
		ktap_skip(__func__, "one CPU, or no nx_huge_pages");
		return;
	}
	contained(fault_against_obsolete_root, __func__);
}

static void prefault_never_maps_private_memory_as_shared(void)
{
	contained(pre_fault_against_conversion, __func__);
}

static const struct ktap_test tests[] = {
	TEST(prefault_and_slot_changes_of_a_vm_get_on),
	TEST(prefault_and_slot_changes_of_a_td_get_on),
	TEST(prefault_leaves_an_obsolete_root),
	TEST(no_vcpu_uses_an_obsolete_root),
	TEST(prefault_never_maps_private_memory_as_shared),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
