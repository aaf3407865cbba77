// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads on one TD, each with a program of its own that a seed makes:
 * ioctls with sensible, nearly sensible and senseless arguments, memory that
 * changes sides, slots and files that come and go, pre-faults, signals, moves
 * between CPUs, and knobs of the host.  The guest is as random (guest_border.c).
 *
 * A finding is a round that hangs or leaves a report in the kernel log; a panic
 * shows the last round on the console.
 *
 *	td_border_fuzz SEED ROUNDS [STEP...]
 *
 * Rounds of seed SEED, SEED + 1, and so on, without the steps that are named: a
 * finding that is known may hide others.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "border.h"

#define HOST_THREADS	4
#define STEPS		150
#define ROUND_SECONDS	30
/* Without a step. */
#define STALL_MS	1000
#define SLOT_LOG	2
#define SLOT_GMEM	3
#define GMEM_BASE	0x2000000UL
#define GMEM_SIZE	0x10000UL
/* One round in so many is about roots, and has so many of roots_race(). */
#define ROOTS_EVERY	8
#define ROOTS_SEED	3
#define ROOTS_ROUNDS	6
/* One in so many has a debug TD; none of those in corpus. */
#define DEBUG_EVERY	8
#define DEBUG_SEED	7
#define DEBUG_WEIGHT	24

static const unsigned long ioctls[] = {
#define IOCTL(name)		name,
#define IOCTL_ONLY(name, nr)
#define CAP(name)
#include "ioctls.h"
#undef IOCTL
#undef IOCTL_ONLY
#undef CAP
};

struct fuzz {
	struct td *td;
	u64 seed;
	void *log;
	int event;
	pthread_t vcpus[TD_MAX_VCPUS];
	bool stop;
};

struct worker {
	struct fuzz *f;
	pthread_t thread;
	unsigned int nr;
	u64 state;
	/* For those who wonder what it hangs in. */
	unsigned int steps;
	const char *doing;
};

static u64 next(struct worker *w)
{
	w->state ^= w->state >> 12;
	w->state ^= w->state << 25;
	w->state ^= w->state >> 27;
	return w->state * 0x2545f4914f6cdd1dULL;
}

static u32 below(struct worker *w, u32 n)
{
	return (next(w) >> 32) % n;
}

static int any_vcpu(struct worker *w)
{
	return w->f->td->vcpu[below(w, w->f->td->nr_vcpus)].fd;
}

static u64 ram_page(struct worker *w)
{
	return RAM_BASE + below(w, FUZZ_PAGES) * PAGE;
}

/* --- steps --- */

/* A value that some field of some struct could have. */
static u64 value(struct worker *w)
{
	switch (below(w, 10)) {
	case 0:
		return 0;
	case 1:
		return ~0ULL;
	case 2:
		return 1ULL << below(w, 64);
	case 3:
		return below(w, 16);
	case 4:
		return ram_page(w);
	case 5:
		return LOG_BASE;
	case 6:
		return (uintptr_t)w->f->log;
	case 7:
		return w->f->event;
	case 8:
		return PAGE << below(w, 6);
	default:
		return next(w);
	}
}

/* Any ioctl, its struct filled word by word. */
static void step_ioctl(struct worker *w)
{
	unsigned long nr = ioctls[below(w, ARRAY_SIZE(ioctls))];
	int fd = below(w, 2) ? w->f->td->fd : any_vcpu(w);
	u64 words[512] = {};
	unsigned int i, n = below(w, 12);
	int ret;

	/* The runners do that; and those would take the fds of the round. */
	if (nr == KVM_RUN || nr == KVM_CREATE_VM)
		return;
	for (i = 0; i < n; i++)
		words[i] = below(w, 2) ? value(w) :
			   (value(w) & ~0U) | value(w) << 32;
	ret = ioctl(fd, nr, _IOC_SIZE(nr) ? (unsigned long)words : value(w));
	if (ret > 2 && (nr == KVM_CREATE_VCPU || nr == KVM_GET_STATS_FD ||
			nr == KVM_CREATE_GUEST_MEMFD))
		close(ret);
}

/* A flag or two, and one of the bytes that they may be about. */
static void step_events(struct worker *w)
{
	struct kvm_vcpu_events events = {};
	u8 *bytes = (u8 *)&events;

	bytes[below(w, offsetof(struct kvm_vcpu_events, reserved))] = 1;
	events.flags |= 1U << below(w, 7) | 1U << below(w, 4);
	ioctl(any_vcpu(w), KVM_SET_VCPU_EVENTS, &events);
}

static void step_cap(struct worker *w)
{
	struct kvm_enable_cap cap = {
		.cap = below(w, 240), .args = { value(w), value(w) },
	};

	ioctl(below(w, 2) ? w->f->td->fd : any_vcpu(w), KVM_ENABLE_CAP, &cap);
}

static void step_attributes(struct worker *w)
{
	struct kvm_memory_attributes attr = {
		.address = ram_page(w),
		.size = (1 + below(w, 4)) * PAGE,
		.attributes = below(w, 2) ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
	};

	ioctl(w->f->td->fd, KVM_SET_MEMORY_ATTRIBUTES, &attr);
}

static void step_pre_fault(struct worker *w)
{
	struct kvm_pre_fault_memory range = {
		.gpa = below(w, 2) ? ram_page(w) : LOG_BASE,
		.size = (1 + below(w, 16)) * PAGE,
	};

	ioctl(any_vcpu(w), KVM_PRE_FAULT_MEMORY, &range);
}

static void step_slot(struct worker *w)
{
	slot_set(w->f->td->fd, SLOT_LOG, LOG_BASE, 0, w->f->log);
	slot_set(w->f->td->fd, SLOT_LOG, LOG_BASE, LOG_SIZE, w->f->log);
}

/* A guest_memfd that comes, and goes in one of two orders. */
static void step_gmem(struct worker *w)
{
	struct kvm_create_guest_memfd create = { .size = GMEM_SIZE };
	struct kvm_userspace_memory_region2 region = {
		.slot = SLOT_GMEM + w->nr,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = GMEM_BASE + w->nr * GMEM_SIZE,
		.memory_size = GMEM_SIZE,
		.userspace_addr = (uintptr_t)w->f->td->ram,
	};
	bool close_first = below(w, 2);
	int fd = ioctl(w->f->td->fd, KVM_CREATE_GUEST_MEMFD, &create);

	region.guest_memfd = fd;
	if (fd < 0)
		return;
	ioctl(w->f->td->fd, KVM_SET_USER_MEMORY_REGION2, &region);
	if (close_first)
		close(fd);
	region.memory_size = 0;
	ioctl(w->f->td->fd, KVM_SET_USER_MEMORY_REGION2, &region);
	if (!close_first)
		close(fd);
}

static void step_hole(struct worker *w)
{
	fallocate(w->f->td->ram_memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		  ram_page(w) - RAM_BASE, (1 + below(w, 4)) * PAGE);
}

static void step_host_memory(struct worker *w)
{
	madvise(w->f->td->ram + (ram_page(w) - RAM_BASE), PAGE, MADV_REMOVE);
	madvise(w->f->log, LOG_SIZE, MADV_DONTNEED);
}

static void step_knob(struct worker *w)
{
	set_nx_huge_pages(below(w, 2));
}

static void step_signal(struct worker *w)
{
	pthread_kill(w->f->vcpus[below(w, w->f->td->nr_vcpus)], SIGUSR1);
}

/* Where a vCPU's thread runs. */
static void step_move(struct worker *w)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(below(w, 2), &set);
	pthread_setaffinity_np(w->f->vcpus[below(w, w->f->td->nr_vcpus)],
			       sizeof(set), &set);
}

/* The page of the round, many times: two of these at once race. */
static void step_storm(struct worker *w)
{
	u64 page = RAM_BASE + w->f->seed % FUZZ_PAGES * PAGE;
	unsigned int n = 64, spin;
	bool flip = below(w, 2);
	int vcpu = any_vcpu(w);

	while (n--) {
		struct kvm_pre_fault_memory range = { .gpa = page, .size = PAGE };
		struct kvm_memory_attributes attr = {
			.address = page, .size = PAGE,
			.attributes = n & 1 ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
		};

		if (flip)
			ioctl(w->f->td->fd, KVM_SET_MEMORY_ATTRIBUTES, &attr);
		else
			ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);
		for (spin = below(w, 8192); flip && spin; spin--)
			__builtin_ia32_pause();
	}
}

/* Fields that may be read, some of which may be written, and any other. */
static void debug_fields(struct worker *w, u32 id)
{
	static const u64 ids[] = {
		0x1020000300000000ULL, 0x1020000300000007ULL, 0x002400030000681eULL,
		0x002400030000681cULL, 0x0024000300006820ULL, 0x0024000300006802ULL,
		0x0024000100000802ULL, 0x0024000300002016ULL, 0x002400030000203cULL,
	};
	struct {
		struct kvm_tdx_debug_fields head;
		struct kvm_tdx_debug_field field[4];
	} f = { .head.nr = 1 + below(w, 4) };
	unsigned int i;

	for (i = 0; i < f.head.nr; i++) {
		f.field[i].id = below(w, 8) ? ids[below(w, ARRAY_SIZE(ids))] : next(w);
		f.field[i].value = value(w);
	}
	td_try_cmd(any_vcpu(w), id, 0, &f, NULL);
}

static void step_debug(struct worker *w)
{
	struct kvm_tdx_debug_memory mem = {
		.gpa = below(w, 8) ? ram_page(w) + below(w, 512) * 8 : value(w),
		.size = below(w, 8) ? (1 + below(w, 1024)) * 8 : value(w),
		.user_addr = below(w, 8) ? (uintptr_t)w->f->log : value(w),
	};
	u32 id = KVM_TDX_DEBUG_CMD + below(w, 5);

	if (id == KVM_TDX_DEBUG_SET_CONTROL)
		td_try_cmd(any_vcpu(w), id, below(w, 2),
			   (void *)(uintptr_t)(below(w, 2) ? 0 : value(w)), NULL);
	else if (id == KVM_TDX_DEBUG_READ_MEMORY || id == KVM_TDX_DEBUG_WRITE_MEMORY)
		td_try_cmd(w->f->td->fd, id, 0, &mem, NULL);
	else
		debug_fields(w, id);
}

#define STEP(weight, name)	{ weight, #name, step_##name }

static struct {
	unsigned int weight;
	const char *name;
	void (*step)(struct worker *w);
} steps[] = {
	STEP(24, ioctl), STEP(6, events), STEP(4, cap), STEP(12, attributes),
	STEP(12, pre_fault), STEP(6, slot), STEP(4, gmem), STEP(8, hole),
	STEP(6, host_memory), STEP(2, knob), STEP(12, signal), STEP(4, move),
	STEP(8, storm),
	/* Of debug TDs alone: the others' rounds stay as they are. */
	STEP(0, debug),
};

static bool no_debug;

static bool debug_is_in(void)
{
	return !no_debug && write_file(TDX_DEBUG_TDS, "1");
}

static void leave_out(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!strcmp(steps[i].name, name))
			steps[i].weight = 0;
	}
	no_debug |= !strcmp(name, "debug");
}

static bool knob_is_in(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!strcmp(steps[i].name, "knob"))
			return steps[i].weight && !access(NX_HUGE_PAGES, W_OK);
	}
	return false;
}

static void step(struct worker *w)
{
	unsigned int i, sum = 0, pick;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		sum += steps[i].weight;
	pick = below(w, sum);
	for (i = 0; pick >= steps[i].weight; i++)
		pick -= steps[i].weight;
	w->doing = steps[i].name;
	w->steps++;
	steps[i].step(w);
}

/* --- a round --- */

static void nothing(int sig)
{
	(void)sig;
}

static void *host_thread(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (i = 0; i < STEPS; i++)
		step(w);
	return NULL;
}

/* The guest gets what it asks for, mostly. */
static void *vcpu_thread(void *arg)
{
	struct worker *w = arg;
	struct td_vcpu *vcpu = &w->f->td->vcpu[w->nr];

	while (!__atomic_load_n(&w->f->stop, __ATOMIC_SEQ_CST)) {
		struct exit_memory_fault *fault = kvm_exit_payload(vcpu->run);
		int ret = ioctl(vcpu->fd, KVM_RUN, 0);

		if (ret && errno == EIO)
			break;
		if (ret && errno != EFAULT)
			usleep(100);
		if (ret && errno == EFAULT && below(w, 4))
			td_set_private(w->f->td, fault->gpa & ~(PAGE - 1), PAGE,
				       fault->flags & KVM_MEMORY_EXIT_FLAG_PRIVATE);
		if (!ret && vcpu->run->exit_reason == KVM_EXIT_HYPERCALL)
			vcpu->run->hypercall.ret = below(w, 3) ? 0 : EAGAIN;
	}
	return NULL;
}

static void start(struct fuzz *f, struct worker *w, unsigned int nr,
		  void *(*fn)(void *))
{
	w->f = f;
	w->nr = nr;
	w->doing = "nothing";
	/* Of the seed and the thread alone; never 0. */
	w->state = (f->seed * 64 + nr + (fn == vcpu_thread) * 32 + 1) *
		   0x9e3779b97f4a7c15ULL | 1;
	pthread_create(&w->thread, NULL, fn, w);
}

/* One that no longer gets on is a hang. */
static void finish(struct worker *hosts, unsigned int nr)
{
	unsigned int seen = ~0U, idle = 0, i;

	while (pthread_tryjoin_np(hosts[nr].thread, NULL)) {
		usleep(10000);
		if (hosts[nr].steps != seen)
			idle = 0;
		seen = hosts[nr].steps;
		if (idle++ < patience() * STALL_MS / 10)
			continue;
		for (i = 0; i < HOST_THREADS; i++)
			ktap_note("thread %u: step %u, %s", i, hosts[i].steps,
				  hosts[i].doing);
		fflush(stdout);
		_exit(EXIT_HUNG);
	}
}

static void round_memory(struct fuzz *f)
{
	f->event = eventfd(0, EFD_NONBLOCK);
	f->log = memory_of(LOG_SIZE);
	slot_set(f->td->fd, SLOT_LOG, LOG_BASE, LOG_SIZE, f->log);
}

/*
 * Half of the host's threads, and one that makes roots obsolete beside a vCPU
 * that watches for its use.  Nobody else may do so then.
 */
static bool roots_round(struct fuzz *f)
{
	struct worker hosts[HOST_THREADS / 2] = {};
	struct roots_race race = { .rounds = ROOTS_ROUNDS, .seed = f->seed };
	unsigned int i;

	leave_out("knob");
	/* Its vCPUs' threads have their places, and signals of their own. */
	leave_out("move");
	leave_out("signal");
	f->td = td_ready(2, GUEST_ROOTS);
	race.td = f->td;
	round_memory(f);
	f->vcpus[0] = pthread_self();
	f->vcpus[1] = pthread_self();
	for (i = 0; i < ARRAY_SIZE(hosts); i++)
		start(f, &hosts[i], i, host_thread);
	roots_race(&race);
	if (race.stale)
		ktap_note("a vCPU uses an obsolete root");
	return !race.stale;
}

static bool one_round(void *arg)
{
	struct worker hosts[HOST_THREADS] = {}, vcpus[TD_MAX_VCPUS] = {};
	struct fuzz f = { .seed = *(u64 *)arg };
	unsigned int i, nr;

	signal(SIGUSR1, nothing);
	f.td = td_create();
	nr = td_max_vcpus(f.td);
	td_destroy(f.td);
	if (nr > 1 && f.seed % ROOTS_EVERY == ROOTS_SEED && knob_is_in())
		return roots_round(&f);
	if (f.seed % DEBUG_EVERY == DEBUG_SEED && debug_is_in()) {
		steps[ARRAY_SIZE(steps) - 1].weight = DEBUG_WEIGHT;
		f.td = td_ready_as(nr, FUZZ(f.seed), KVM_TDX_ATTR_DEBUG, 0);
	} else {
		f.td = td_ready(nr, FUZZ(f.seed));
	}
	round_memory(&f);
	for (i = 0; i < nr; i++) {
		start(&f, &vcpus[i], i, vcpu_thread);
		f.vcpus[i] = vcpus[i].thread;
	}
	for (i = 0; i < HOST_THREADS; i++)
		start(&f, &hosts[i], i, host_thread);
	/* Every other round ends in the middle, with the process. */
	if (f.seed % 2)
		usleep(f.seed * 7919 % 400000);
	for (i = 0; i < HOST_THREADS && f.seed % 2 == 0; i++)
		finish(hosts, i);
	__atomic_store_n(&f.stop, true, __ATOMIC_SEQ_CST);
	return true;
}

/* --- findings --- */

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, first = seed;
	u64 rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 4;
	const char *why = td_unavailable();
	enum fate fate = FATE_PASSED;
	bool report = false;
	char what[64];

	if (why)
		ktap_skip_all(why);
	while (argc > 3)
		leave_out(argv[--argc]);
	ktap_start();
	log_has_report();
	for (; seed < first + rounds && fate == FATE_PASSED && !report; seed++) {
		snprintf(what, sizeof(what), "fuzz SEED=%llu",
			 (unsigned long long)seed);
		tell_console(what);
		fate = contain(one_round, &seed, ROUND_SECONDS);
		report = log_has_report();
	}
	if (fate != FATE_PASSED || report)
		ktap_note("SEED=%llu ROUNDS=1 make fuzz-kvm does it again",
			  (unsigned long long)seed - 1);
	ktap_result(fate == FATE_PASSED && !report,
		    "random ioctls do no harm: rounds %llu to %llu, the last one %s%s",
		    (unsigned long long)first, (unsigned long long)seed - 1,
		    fate_names[fate], report ? ", a report in the log" : "");
	return ktap_finish();
}
