// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each step of a TD's life while one allocation after the other fails, on a
 * kernel with fault injection.  A step that fails says ENOMEM and can be
 * repeated; once nothing fails the TD runs to its end, and leaks no page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

#define PAGE		4096UL
#define SLOT_NR		2
#define SLOT_SIZE	(64 * PAGE)
#define MAX_CPUID	256
/* More allocations than any step makes, and TDs than a sweep may cost. */
#define MAX_NTH		2000
#define MAX_TDS		1000
/* Of the TDs that did without an allocation, one in so many lives on. */
#define LIVE_ON		8

extern const char guest_image[];

/* --- the fault injection of this thread --- */

static int fail_nth_fd = -1;

static void fail_arm(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (pwrite(fail_nth_fd, text, strlen(text), 0) < 0)
		ktap_note("fail-nth: %s", strerror(errno));
}

/* Has an allocation failed since? */
static bool fail_disarm(void)
{
	char text[16] = "";
	ssize_t n = pread(fail_nth_fd, text, sizeof(text) - 1, 0);

	fail_arm(0);
	return n > 0 && atoi(text) == 0;
}

/* --- a TD's life, one system call a step --- */

struct life {
	struct td *td;
	struct kvm_tdx_init_vm *init_vm;
	struct kvm_cpuid2 *cpuid;
	struct kvm_tdx_init_mem_region image;
	struct kvm_pre_fault_memory range;
	void *shared;
	int gmem;
	/* What the guest is to do, and how far it has been told. */
	u32 words[3];
	unsigned int nr_words, nr_halves;
	u64 result;
};

static int result_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

static int do_create_vm(struct life *l)
{
	l->td->fd = ioctl(td_dev(), KVM_CREATE_VM, KVM_X86_TDX_VM);
	return result_of(l->td->fd);
}

static int do_irqchip(struct life *l)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	int ret = result_of(ioctl(l->td->fd, KVM_ENABLE_CAP, &cap));

	return ret == -EEXIST ? 0 : ret;
}

static int do_init_vm(struct life *l)
{
	return result_of(td_try_cmd(l->td->fd, KVM_TDX_INIT_VM, 0, l->init_vm, NULL));
}

static int do_create_vcpu(struct life *l)
{
	l->td->vcpu[0].fd = ioctl(l->td->fd, KVM_CREATE_VCPU, 0);
	if (l->td->vcpu[0].fd >= 0)
		l->td->nr_vcpus = 1;
	return result_of(l->td->vcpu[0].fd);
}

static int do_map_vcpu(struct life *l)
{
	int size = ioctl(td_dev(), KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 l->td->vcpu[0].fd, 0);

	if (run == MAP_FAILED)
		return -errno;
	l->td->vcpu[0].run = run;
	return 0;
}

static int do_cpuid(struct life *l)
{
	return result_of(ioctl(l->td->vcpu[0].fd, KVM_SET_CPUID2, l->cpuid));
}

static int do_create_gmem(struct life *l)
{
	struct kvm_create_guest_memfd memfd = { .size = SLOT_SIZE };

	l->gmem = ioctl(l->td->fd, KVM_CREATE_GUEST_MEMFD, &memfd);
	return result_of(l->gmem);
}

static int do_set_slot(struct life *l)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = SLOT_NR,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = HUGE_BASE,
		.memory_size = SLOT_SIZE,
		.userspace_addr = (uintptr_t)l->shared,
		.guest_memfd = l->gmem,
	};

	return result_of(ioctl(l->td->fd, KVM_SET_USER_MEMORY_REGION2, &region));
}

static int set_attributes(struct life *l, u64 gpa, u64 size, u64 attributes)
{
	struct kvm_memory_attributes attr = {
		.address = gpa,
		.size = size,
		.attributes = attributes,
	};

	return result_of(ioctl(l->td->fd, KVM_SET_MEMORY_ATTRIBUTES, &attr));
}

static int do_set_private(struct life *l)
{
	return set_attributes(l, HUGE_BASE, SLOT_SIZE, KVM_MEMORY_ATTRIBUTE_PRIVATE);
}

static int do_init_vcpu(struct life *l)
{
	return result_of(td_try_cmd(l->td->vcpu[0].fd, KVM_TDX_INIT_VCPU, 0,
				    (void *)(uintptr_t)GUEST_ORDERS, NULL));
}

/* KVM moves the region on over what has been done. */
static int do_load_image(struct life *l)
{
	return result_of(td_try_cmd(l->td->vcpu[0].fd, KVM_TDX_INIT_MEM_REGION,
				    KVM_TDX_MEASURE_MEMORY_REGION, &l->image, NULL));
}

static int do_finalize(struct life *l)
{
	return result_of(td_try_cmd(l->td->fd, KVM_TDX_FINALIZE_VM, 0, NULL, NULL));
}

static int do_pre_fault(struct life *l)
{
	return result_of(ioctl(l->td->vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &l->range));
}

/* Tell the guest what to do until it reports a result. */
static int run_order(struct life *l)
{
	struct kvm_run *run = l->td->vcpu[0].run;
	void *data;
	u32 half;

	while (l->nr_halves < 2) {
		if (ioctl(l->td->vcpu[0].fd, KVM_RUN, 0))
			return -errno;
		if (run->exit_reason != KVM_EXIT_IO)
			return -EPROTO;
		data = (u8 *)run + run->io.data_offset;
		if (run->io.port == PORT_ORDER && l->nr_words < 3) {
			memcpy(data, &l->words[l->nr_words++], 4);
		} else if (run->io.port == PORT_VALUE) {
			memcpy(&half, data, 4);
			l->result |= (u64)half << (32 * l->nr_halves++);
		} else {
			return -EPROTO;
		}
	}
	return l->result ? -EPROTO : 0;
}

static void give_order(struct life *l, u64 gpa)
{
	l->words[0] = ORDER_ACCEPT;
	l->words[1] = gpa / PAGE;
	l->words[2] = 0;
	l->nr_words = 0;
	l->nr_halves = 0;
	l->result = 0;
}

/* A page that is mapped, then one of which no table is there, nor a page. */
static int do_accept_mapped(struct life *l)
{
	return run_order(l);
}

static int do_accept(struct life *l)
{
	if (l->words[1] != RAM_BASE / PAGE)
		give_order(l, RAM_BASE);
	return run_order(l);
}

static int do_convert(struct life *l)
{
	return set_attributes(l, HUGE_BASE, SLOT_SIZE / 2, 0);
}

static int do_punch(struct life *l)
{
	return result_of(fallocate(l->gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   SLOT_SIZE / 2, SLOT_SIZE / 2));
}

static int do_delete_slot(struct life *l)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = SLOT_NR,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_memfd = l->gmem,
	};

	return result_of(ioctl(l->td->fd, KVM_SET_USER_MEMORY_REGION2, &region));
}

static const struct step {
	const char *name;
	int (*run)(struct life *l);
} steps[] = {
	{ "KVM_CREATE_VM", do_create_vm },
	{ "KVM_CAP_SPLIT_IRQCHIP", do_irqchip },
	{ "KVM_TDX_INIT_VM", do_init_vm },
	{ "KVM_CREATE_VCPU", do_create_vcpu },
	{ "mapping a vCPU", do_map_vcpu },
	{ "KVM_SET_CPUID2", do_cpuid },
	{ "KVM_CREATE_GUEST_MEMFD", do_create_gmem },
	{ "KVM_SET_USER_MEMORY_REGION2", do_set_slot },
	{ "KVM_SET_MEMORY_ATTRIBUTES", do_set_private },
	{ "KVM_TDX_INIT_VCPU", do_init_vcpu },
	{ "KVM_TDX_INIT_MEM_REGION", do_load_image },
	{ "KVM_TDX_FINALIZE_VM", do_finalize },
	{ "KVM_PRE_FAULT_MEMORY", do_pre_fault },
	{ "KVM_RUN", do_accept_mapped },
	{ "KVM_RUN with faults", do_accept },
	{ "a conversion", do_convert },
	{ "a hole", do_punch },
	{ "a slot that is deleted", do_delete_slot },
};

#define NR_STEPS	(sizeof(steps) / sizeof(*steps))

/* What a step needs beside the ones before it, and what may not fail. */
static void life_prepare(struct life *l, unsigned int next)
{
	if (steps[next].run == do_init_vm)
		l->init_vm = td_init_vm_args(l->td);
	if (steps[next].run == do_create_gmem)
		td_add_memory(l->td);
}

static struct life life_begin(void)
{
	struct life l = { .gmem = -1 };

	l.td = calloc(1, sizeof(*l.td));
	l.td->fd = -1;
	l.td->ram_memfd = -1;
	l.td->image_memfd = -1;
	l.td->ram = MAP_FAILED;
	l.cpuid = calloc(1, sizeof(*l.cpuid) + MAX_CPUID * sizeof(*l.cpuid->entries));
	l.cpuid->nent = MAX_CPUID;
	ioctl(td_dev(), KVM_GET_SUPPORTED_CPUID, l.cpuid);
	l.shared = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	l.image = (struct kvm_tdx_init_mem_region){
		.source_addr = (uintptr_t)guest_image,
		.gpa = IMAGE_BASE,
		.nr_pages = IMAGE_SIZE / PAGE,
	};
	l.range = (struct kvm_pre_fault_memory){
		.gpa = HUGE_BASE,
		.size = SLOT_SIZE,
	};
	give_order(&l, HUGE_BASE);
	return l;
}

/* Steps from @first up to @last without failures. */
static bool life_go_on(struct life *l, unsigned int first, unsigned int last)
{
	unsigned int i;
	int ret;

	for (i = first; i < last; i++) {
		life_prepare(l, i);
		ret = steps[i].run(l);
		if (ret) {
			ktap_note("%s, and nothing fails: %s", steps[i].name, strerror(-ret));
			return false;
		}
	}
	return true;
}

/* With @nth, while an allocation fails.  Has one failed? */
static bool life_end(struct life *l, unsigned int nth)
{
	bool failed;

	fail_arm(nth);
	td_destroy(l->td);
	if (l->gmem >= 0)
		close(l->gmem);
	failed = fail_disarm();
	munmap(l->shared, SLOT_SIZE);
	free(l->init_vm);
	free(l->cpuid);
	return failed;
}

/* --- sweeps --- */

struct sweep {
	unsigned int nth, failed, refused, tds;
	bool done;
};

/*
 * One TD: repeat the step, with a later allocation each time, until it succeeds.
 * If that was in spite of a failure another TD has to go on from there.
 */
static bool sweep_td(struct sweep *s, unsigned int step)
{
	struct life l = life_begin();
	bool ok = life_go_on(&l, 0, step);
	bool fired = true;
	int ret = -1;

	life_prepare(&l, step);
	while (ok && ret && s->nth < MAX_NTH) {
		fail_arm(s->nth++);
		ret = steps[step].run(&l);
		fired = fail_disarm();
		s->failed += fired;
		s->refused += ret != 0;
		if (ret && (ret != -ENOMEM || !fired)) {
			ktap_note("allocation %u: %s", s->nth - 1, strerror(-ret));
			ok = false;
		}
	}
	s->done = !fired;
	if (ok && (s->done || s->tds % LIVE_ON == 0))
		ok = life_go_on(&l, step + 1, NR_STEPS) &&
		     td_stat(l.td, "pages_leaked") <= 0 &&
		     td_stat(l.td, "pages_held") <= 0;
	life_end(&l, 0);
	return ok;
}

static void sweep_step(unsigned int step)
{
	struct sweep s = { .nth = 1 };
	bool ok = true;

	while (ok && !s.done && s.tds < MAX_TDS) {
		ok = sweep_td(&s, step);
		s.tds++;
	}
	ktap_result(ok && s.done, "%s: %u allocations failed, %u times it did, %u TDs",
		    steps[step].name, s.failed, s.refused, s.tds);
}

/* Nothing can be repeated here, and nothing reports a failure. */
static void sweep_end(void)
{
	unsigned int nth = 1;
	bool ok = true, fired = true;
	struct life l;

	for (; ok && fired && nth < MAX_TDS; nth++) {
		l = life_begin();
		/* Pages and tables are left to the end. */
		ok = life_go_on(&l, 0, NR_STEPS - 3);
		fired = life_end(&l, nth);
	}
	ktap_result(ok && !fired, "the end of a TD: %u allocations failed", nth - 2);
}

/* --- several failures in a row --- */

#define FAILSLAB	"/sys/kernel/debug/failslab/"

static bool write_number(const char *path, long n)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return false;
	fprintf(f, "%ld\n", n);
	return !fclose(f);
}

/* The next @times allocations of this thread fail, whichever they are. */
static bool fail_next(unsigned int times)
{
	return write_number(FAILSLAB "task-filter", 1) &&
	       write_number(FAILSLAB "probability", 100) &&
	       write_number(FAILSLAB "interval", 1) &&
	       write_number(FAILSLAB "times", times) &&
	       write_number("/proc/thread-self/make-it-fail", times != 0);
}

static unsigned int step_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_STEPS - 1 && strcmp(steps[i].name, name); i++)
		;
	return i;
}

/*
 * KVM_TDX_INIT_VCPU has base KVM draw its map of APICs anew, and again if that
 * found no memory: with both failing, and then a third, the TD has to live on.
 */
static void init_vcpu_survives_failures_in_a_row(void)
{
	unsigned int step = step_by_name("KVM_TDX_INIT_VCPU"), times, tries;
	bool ok = true;

	for (times = 2; ok && times < 8; times++) {
		struct life l = life_begin();
		int ret = -ENOMEM;

		ok = life_go_on(&l, 0, step);
		life_prepare(&l, step);
		ok = ok && fail_next(times);
		for (tries = 0; ok && ret == -ENOMEM && tries < 10; tries++)
			ret = steps[step].run(&l);
		fail_next(0);
		if (ret || tries < 2)
			ktap_note("%u failures: %s after %u calls", times,
				  strerror(-ret), tries);
		ok = ok && !ret && tries > 1 && life_go_on(&l, step + 1, NR_STEPS);
		life_end(&l, 0);
	}
	ktap_result(ok, "%s", __func__);
}

/*
 * A VMM that goes on after that gets no further, and loses nothing.  Where it was
 * another allocation that failed, the module misses the vCPU: EIO.
 */
static void finalize_waits_for_init_vcpu(void)
{
	unsigned int step = step_by_name("KVM_TDX_INIT_VCPU"), times, waits = 0;
	bool ok = true;

	for (times = 2; ok && times < 5; times++) {
		struct life l = life_begin();
		int init, finalize;

		ok = life_go_on(&l, 0, step);
		life_prepare(&l, step);
		ok = ok && fail_next(times);
		init = steps[step].run(&l);
		fail_next(0);
		finalize = result_of(td_try_cmd(l.td->fd, KVM_TDX_FINALIZE_VM, 0,
						NULL, NULL));
		ktap_note("%u failures: %d, then %d", times, init, finalize);
		waits += finalize == -ENOMEM;
		ok = ok && init == -ENOMEM && finalize &&
		     life_go_on(&l, step, NR_STEPS);
		life_end(&l, 0);
	}
	ktap_result(ok && waits, "%s: %u of %u times", __func__, waits, times - 2);
}

int main(int argc, char **argv)
{
	const char *why = td_unavailable();
	unsigned int i;

	if (why)
		ktap_skip_all(why);
	fail_nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_nth_fd < 0)
		ktap_skip_all("the kernel injects no faults");

	ktap_start();
	for (i = 0; i < NR_STEPS; i++) {
		if (argc < 2 || strstr(steps[i].name, argv[1]))
			sweep_step(i);
	}
	if (argc < 2 || !strcmp(argv[1], "end"))
		sweep_end();
	if (argc < 2 || !strcmp(argv[1], "row"))
		init_vcpu_survives_failures_in_a_row();
	if (argc < 2 || !strcmp(argv[1], "finalize"))
		finalize_waits_for_init_vcpu();
	return ktap_finish();
}
