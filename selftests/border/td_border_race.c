// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races of a VMM's threads that end in an MMU: pre-faulting against conversions
 * and against a slot that comes and goes, a fault against the end of the root
 * that it started with, and a hole in a file against slots that are deleted;
 * and a large slot beside all else that wants the CPU.
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
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "border.h"

/* Seconds of the emulated machine. */
#define CHILD_SECONDS	20

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

#define ROOTS_ROUNDS	12

static bool fault_against_obsolete_root(void *arg)
{
	struct roots_race race = {
		.td = td_ready(2, GUEST_ROOTS), .rounds = ROOTS_ROUNDS,
	};
	bool ok = roots_race(&race);

	(void)arg;
	td_destroy(race.td);
	return ok && race.tried && !race.stale;
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

/* --- pages of a deleted slot that come back, against a slot that is deleted --- */

#define PARK_ROUNDS	10
#define PARK_LOW_SLOT	2
#define PARK_LOW	(4ULL << 30)
#define PARK_LOW_SIZE	(16 * PAGE)
/* So many pages below that it takes longer than a tick to remove them; one on top. */
#define PARK_HIGH_SLOT	3
#define PARK_HIGH	(8ULL << 30)
#define PARK_HIGH_SIZE	(16ULL << 30)
#define PARK_MANY	(4UL << 20)
#define PARK_TOP	(PARK_HIGH + PARK_HIGH_SIZE - PAGE)

struct parking {
	struct td *td;
	int low_memfd, high_memfd;
	struct racer punch, park;
	bool wanted;
};

/* An empty hole: what KVM does is to look for parked pages. */
static bool punch_round(struct racer *r)
{
	struct parking *p = r->arg;

	while (!__atomic_exchange_n(&p->wanted, false, __ATOMIC_ACQUIRE)) {
		if (race_is_over(r))
			return true;
		sched_yield();
	}
	return !fallocate(p->td->ram_memfd,
			  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
}

static bool private_slot(struct parking *p, u32 slot, u64 gpa, u64 size, int memfd)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)p->td->ram,
		.guest_memfd = memfd,
	};

	return !ioctl(p->td->fd, KVM_SET_USER_MEMORY_REGION2, &region);
}

static bool fill_slots(struct parking *p)
{
	int vcpu = p->td->vcpu[0].fd;

	return private_slot(p, PARK_LOW_SLOT, PARK_LOW, PARK_LOW_SIZE, p->low_memfd) &&
	       private_slot(p, PARK_HIGH_SLOT, PARK_HIGH, PARK_HIGH_SIZE, p->high_memfd) &&
	       !pre_fault(vcpu, PARK_LOW, PARK_LOW_SIZE) &&
	       !pre_fault(vcpu, PARK_HIGH, PARK_MANY) &&
	       !pre_fault(vcpu, PARK_TOP, PAGE);
}

/*
 * The upper slot's pages are parked.  While the other thread removes them, those
 * of the lower slot are parked, too, behind its back.
 */
static bool park_round(struct racer *r)
{
	struct parking *p = r->arg;
	unsigned long punched = __atomic_load_n(&p->punch.rounds, __ATOMIC_RELAXED);

	if (!fill_slots(p) || slot_set(p->td->fd, PARK_HIGH_SLOT, 0, 0, NULL))
		return false;
	__atomic_store_n(&p->wanted, true, __ATOMIC_RELEASE);
	if (slot_set(p->td->fd, PARK_LOW_SLOT, 0, 0, NULL))
		return false;
	/* Nobody else unparks what this thread has parked. */
	while (__atomic_load_n(&p->punch.rounds, __ATOMIC_RELAXED) == punched &&
	       !race_is_over(r))
		sched_yield();
	return true;
}

static int new_memfd(struct td *td, u64 size)
{
	struct kvm_create_guest_memfd memfd = { .size = size };

	return ioctl(td->fd, KVM_CREATE_GUEST_MEMFD, &memfd);
}

static bool hole_against_deleted_slot(void *arg)
{
	struct parking p = {
		.punch = { .round = punch_round, .arg = &p },
		.park = { .round = park_round, .arg = &p },
	};
	bool ok;

	(void)arg;
	p.td = td_ready(1, GUEST_HELLO);
	td_set_private(p.td, PARK_LOW, PARK_LOW_SIZE, true);
	td_set_private(p.td, PARK_HIGH, PARK_MANY, true);
	td_set_private(p.td, PARK_TOP, PAGE, true);
	p.low_memfd = new_memfd(p.td, PARK_LOW_SIZE);
	p.high_memfd = new_memfd(p.td, PARK_HIGH_SIZE);
	ok = race(&p.punch, &p.park, PARK_ROUNDS);
	ktap_note("%lu holes, %lu times two slots", p.punch.rounds,
		  p.park.rounds);
	close(p.low_memfd);
	close(p.high_memfd);
	td_destroy(p.td);
	return ok;
}

/* --- a large slot against others on its CPU --- */

#define LARGE_GPA	(1UL << 40)
/* Nothing of it has to be mapped. */
#define LARGE_SIZE	(1UL << 39)
/* Milliseconds that a system call may keep a CPU to itself, on average. */
#define LARGE_SLICE	20

static void *want_the_cpu(void *arg)
{
	(void)arg;
	for (;;)
		;
	return NULL;
}

static unsigned long stime_ms(const struct rusage *use)
{
	return use->ru_stime.tv_sec * 1000 + use->ru_stime.tv_usec / 1000;
}

/*
 * Base KVM looks at each 2 MiB of a slot of a TD: there may be four million.  On a kernel
 * that preempts nobody inside of a system call, others must get their turns.
 */
static bool large_slot_beside_others(void *arg)
{
	struct td *td = td_create();
	unsigned long turns, ms;
	struct rusage was, use;
	pthread_t other;
	cpu_set_t set;
	int ret;

	(void)arg;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	pthread_create(&other, NULL, want_the_cpu, NULL);

	getrusage(RUSAGE_THREAD, &was);
	ret = slot_set(td->fd, SLOT_NR, LARGE_GPA, LARGE_SIZE, (void *)LARGE_GPA);
	getrusage(RUSAGE_THREAD, &use);

	turns = use.ru_nivcsw - was.ru_nivcsw;
	ms = stime_ms(&use) - stime_ms(&was);
	ktap_note("slot: %d; others had %lu turns in its %lu ms", ret, turns, ms);
	return !ret && turns >= ms / LARGE_SLICE;
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

static void hole_ends_while_slots_are_deleted(void)
{
	contained(hole_against_deleted_slot, __func__);
}

static void large_slot_leaves_the_cpu_to_others(void)
{
	contained(large_slot_beside_others, __func__);
}

static const struct ktap_test tests[] = {
	TEST(prefault_and_slot_changes_of_a_vm_get_on),
	TEST(prefault_and_slot_changes_of_a_td_get_on),
	TEST(prefault_leaves_an_obsolete_root),
	TEST(no_vcpu_uses_an_obsolete_root),
	TEST(prefault_never_maps_private_memory_as_shared),
	TEST(hole_ends_while_slots_are_deleted),
	TEST(large_slot_leaves_the_cpu_to_others),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
