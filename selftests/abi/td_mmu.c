// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private MMU on a running TD: what pre-faulting maps and refuses, what
 * happens to a guest that uses memory too early, and vCPUs that accept pages
 * while the VMM takes them away.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

#define PAGE		4096UL

/* --- KVM_PRE_FAULT_MEMORY --- */

static int pre_fault(struct td *td, u64 gpa, u64 size, u64 *left)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };
	int ret = ioctl(td->vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &range);

	if (left)
		*left = range.size;
	return ret ? -errno : 0;
}

static void pre_fault_waits_for_finalize(void)
{
	struct td *td = td_create();

	td_split_irqchip(td);
	td_init_vm(td);
	td_add_vcpu(td);
	td_add_memory(td);
	td_init_vcpus(td, GUEST_HELLO);
	td_load_image(td);
	ktap_result(pre_fault(td, RAM_BASE, PAGE, NULL) == -EOPNOTSUPP,
		    "%s", __func__);
	td_destroy(td);
}

static void pre_fault_maps_private_pages(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	long long before = td_stat(td, "pages_4k"), after;
	u64 left = 1;
	int ret = pre_fault(td, RAM_BASE, 16 * PAGE, &left);

	after = td_stat(td, "pages_4k");
	ktap_result(!ret && !left && after - before == 16,
		    "%s: %d, %llu bytes left, %lld pages more", __func__, ret,
		    (unsigned long long)left, after - before);
	ktap_result(pre_fault(td, SHARED_BIT | RAM_BASE, PAGE, NULL) == -EINVAL,
		    "pre_fault_refuses_the_shared_bit");
	ret = pre_fault(td, MMIO_BASE, PAGE, NULL);
	ktap_result(ret < 0, "pre_fault_needs_a_slot: %d", ret);
	td_destroy(td);
}

/* Make every root of every VM obsolete, and leave the setting as it was. */
static bool end_all_roots(void)
{
	int fd = open("/sys/module/kvm/parameters/nx_huge_pages", O_RDWR);
	char value;
	bool ok;

	ok = fd >= 0 && read(fd, &value, 1) == 1 &&
	     pwrite(fd, value == 'Y' ? "N" : "Y", 1, 0) == 1 &&
	     pwrite(fd, value == 'Y' ? "Y" : "N", 1, 0) == 1;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void wake_up(int sig)
{
	(void)sig;
}

static void pre_fault_loads_a_new_root_for_an_obsolete_one(void)
{
	const struct sigaction action = { .sa_handler = wake_up };
	struct td *td = td_ready(1, GUEST_HELLO);
	int before, ret = -1;

	td_set_private(td, RAM_BASE, PAGE, false);
	before = pre_fault(td, RAM_BASE, PAGE, NULL);
	/* It would go on for ever otherwise. */
	sigaction(SIGALRM, &action, NULL);
	if (end_all_roots()) {
		alarm(5);
		ret = pre_fault(td, RAM_BASE, PAGE, NULL);
		alarm(0);
	}
	ktap_result(!before && !ret, "%s: %d, then %d", __func__, before, ret);
	td_destroy(td);
}

/* --- too early --- */

static void use_before_accept_ends_the_td(void)
{
	struct td *td = td_ready(1, GUEST_TOUCH);
	int ret = ioctl(td->vcpu[0].fd, KVM_RUN, 0), err = errno, again;

	again = ioctl(td->vcpu[0].fd, KVM_RUN, 0);
	ktap_result(ret && err == EIO && again && errno == EIO,
		    "%s: %d errno %d", __func__, ret, err);
	td_destroy(td);
}

/* --- vCPUs against conversions --- */

struct runner {
	pthread_t thread;
	struct td *td;
	unsigned int nr;
	u64 values[2];
	unsigned int nr_halves, memory_faults;
	int err;
	bool done;
};

/* The VMM took the page away; the guest wants it: give it back. */
static bool serve_memory_fault(struct runner *r)
{
	struct exit_memory_fault *fault;

	fault = kvm_exit_payload(r->td->vcpu[r->nr].run);
	if (!(fault->flags & KVM_MEMORY_EXIT_FLAG_PRIVATE))
		return false;
	r->memory_faults++;
	td_set_private(r->td, fault->gpa, fault->size, true);
	return true;
}

static bool serve_io(struct runner *r)
{
	struct kvm_run *run = r->td->vcpu[r->nr].run;
	u32 half;

	if (run->io.port == PORT_DONE)
		return false;
	memcpy(&half, (u8 *)run + run->io.data_offset, sizeof(half));
	if (r->nr_halves < 4)
		r->values[r->nr_halves / 2] |=
			(u64)half << (r->nr_halves % 2 * 32);
	r->nr_halves++;
	return true;
}

static void *run_to_the_end(void *arg)
{
	struct runner *r = arg;
	struct td_vcpu *vcpu = &r->td->vcpu[r->nr];
	bool go_on = true;

	while (go_on) {
		int ret = ioctl(vcpu->fd, KVM_RUN, 0);

		if (!ret && vcpu->run->exit_reason == KVM_EXIT_IO) {
			go_on = serve_io(r);
		} else if (ret && errno == EFAULT &&
			   vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
			go_on = serve_memory_fault(r);
		} else if (!ret || errno != EINTR) {
			r->err = ret ? errno : -(int)vcpu->run->exit_reason;
			go_on = false;
		}
	}
	__atomic_store_n(&r->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool all_done(struct runner *r, unsigned int nr)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr; i++)
		n += __atomic_load_n(&r[i].done, __ATOMIC_SEQ_CST);
	return n == nr;
}

/* Ranges of changing place and size, for as long as a guest runs. */
static unsigned int convert_until_done(struct td *td, struct runner *r,
				       unsigned int nr)
{
	u64 base = RAM_BASE + ACCEPT_OFFSET;
	unsigned int n = 0;

	while (!all_done(r, nr)) {
		u64 first = n * 7 % ACCEPT_PAGES;
		u64 pages = 1 + n * 5 % (ACCEPT_PAGES - first);

		td_set_private(td, base + first * PAGE, pages * PAGE, false);
		td_set_private(td, base + first * PAGE, pages * PAGE, true);
		n++;
		sched_yield();
	}
	return n;
}

static void note_counts(const struct td *td)
{
	static const char *const names[] = {
		"private_faults", "fault_retries", "page_aug", "range_block",
		"page_demote", "zap_batches", "tracks", "kicks", "quiesces",
		"module_busy",
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		ktap_note("%s %lld", names[i], td_stat(td, names[i]));
}

static void check_runner(const struct runner *r)
{
	u32 fresh = r->values[0] >> 32, again = (u32)r->values[0];
	u32 other = (u32)r->values[1];

	ktap_note("vCPU %u: fresh %u again %u busy %u other %u memory faults %u",
		  r->nr, fresh, again, (u32)(r->values[1] >> 32), other,
		  r->memory_faults);
	ktap_result(!r->err && r->nr_halves == 4 && !other && fresh &&
		    fresh + again == ACCEPT_PAGES * ACCEPT_ROUNDS,
		    "vCPU %u accepted every page every time: error %d", r->nr,
		    r->err);
}

static void vcpus_accept_while_the_vmm_converts(void)
{
	struct td *td = td_create();
	unsigned int i, nr = td_max_vcpus(td), conversions;
	struct runner r[TD_MAX_VCPUS] = {};

	td_destroy(td);
	td = td_ready(nr, GUEST_ACCEPT);
	for (i = 0; i < nr; i++) {
		r[i].td = td;
		r[i].nr = i;
		pthread_create(&r[i].thread, NULL, run_to_the_end, &r[i]);
	}
	conversions = convert_until_done(td, r, nr);
	for (i = 0; i < nr; i++) {
		pthread_join(r[i].thread, NULL);
		check_runner(&r[i]);
	}
	note_counts(td);
	ktap_result(conversions && td_stat(td, "pages_leaked") == 0 &&
		    td_stat(td, "pages_held") == 0 &&
		    td_stat(td, "zap_batches") > 0,
		    "%s: %u vCPUs, %u conversions", __func__, nr, conversions);
	td_destroy(td);
}

/* --- the same with 2 MiB pages --- */

#define HUGE_SLOT	2
#define HUGE_SIZE	((u64)HUGE_RANGES * HUGE_PAGE)

static void punch(int gmem, u64 offset, u64 size)
{
	fallocate(gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
}

/* Parts and wholes, by conversion and by hole, for as long as a guest runs. */
static unsigned int take_away(struct td *td, int gmem, struct runner *r,
			      unsigned int nr)
{
	unsigned int n;

	for (n = 0; !all_done(r, nr); n++) {
		u64 range = n % HUGE_RANGES * HUGE_PAGE;
		u64 part = n * 37 % 512 * PAGE;
		u64 size = n % 5 ? PAGE : HUGE_PAGE - part;

		if (n % 3) {
			td_set_private(td, HUGE_BASE + range + part, size, false);
			td_set_private(td, HUGE_BASE + range + part, size, true);
		} else if (n % 2) {
			punch(gmem, range + part, size);
		} else {
			punch(gmem, range, HUGE_PAGE);
		}
		usleep(5000);
	}
	return n;
}

static bool check_huge_runner(const struct runner *r)
{
	ktap_note("vCPU %u: large %u small %u other %u memory faults %u error %d",
		  r->nr, (u32)(r->values[0] >> 32), (u32)r->values[0],
		  (u32)r->values[1], r->memory_faults, r->err);
	return !r->err && r->nr_halves == 4 && !r->values[1];
}

static void vcpus_accept_2m_while_parts_go(void)
{
	struct td *td = td_create();
	unsigned int i, nr = td_max_vcpus(td), taken;
	struct runner r[TD_MAX_VCPUS] = {};
	bool ok = true;
	void *shared;
	int gmem;

	td_destroy(td);
	td = td_ready(nr, GUEST_ACCEPT_HUGE);
	shared = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	gmem = td_add_slot(td, HUGE_SLOT, HUGE_BASE, HUGE_SIZE, 0, shared);
	for (i = 0; i < nr; i++) {
		r[i].td = td;
		r[i].nr = i;
		pthread_create(&r[i].thread, NULL, run_to_the_end, &r[i]);
	}
	taken = take_away(td, gmem, r, nr);
	for (i = 0; i < nr; i++) {
		pthread_join(r[i].thread, NULL);
		ok &= check_huge_runner(&r[i]);
	}
	note_counts(td);
	ktap_result(ok && taken && td_stat(td, "pages_leaked") == 0 &&
		    td_stat(td, "pages_held") == 0,
		    "%s: %u vCPUs, %u taken", __func__, nr, taken);
	td_destroy(td);
	close(gmem);
	munmap(shared, HUGE_SIZE);
}

static const struct ktap_test tests[] = {
	TEST(pre_fault_waits_for_finalize),
	TEST(pre_fault_maps_private_pages),
	TEST(pre_fault_loads_a_new_root_for_an_obsolete_one),
	TEST(use_before_accept_ends_the_td),
	TEST(vcpus_accept_while_the_vmm_converts),
	TEST(vcpus_accept_2m_while_parts_go),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
