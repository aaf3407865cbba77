// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots, guest_memfds and VMs that go: what becomes of private pages whose slot is
 * deleted, and what a TD costs that ends in the order in which QEMU restarts one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

#define PAGE		4096UL
#define NR_PAGES	64
#define LEAVES		"/sys/kernel/debug/tdx_swmod/leaves"

static int pre_fault(struct td *td)
{
	struct kvm_pre_fault_memory range = {
		.gpa = RAM_BASE,
		.size = NR_PAGES * PAGE,
	};
	int ret;

	do
		ret = ioctl(td->vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &range);
	while (ret && (errno == EAGAIN || errno == EINTR));
	return ret ? -errno : 0;
}

static int delete_slot(struct td *td, u32 slot)
{
	struct kvm_userspace_memory_region2 region = { .slot = slot };

	return ioctl(td->fd, KVM_SET_USER_MEMORY_REGION2, &region) ? -errno : 0;
}

/* The first slot again, with the same guest_memfd. */
static int add_ram_again(struct td *td)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = 0,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = RAM_BASE,
		.memory_size = RAM_SIZE,
		.userspace_addr = (uintptr_t)td->ram,
		.guest_memfd = td->ram_memfd,
	};

	return ioctl(td->fd, KVM_SET_USER_MEMORY_REGION2, &region) ? -errno : 0;
}

/* The guest still says hello. */
static bool runs(struct td *td)
{
	return !ioctl(td->vcpu[0].fd, KVM_RUN, 0) &&
	       td->vcpu[0].run->exit_reason == KVM_EXIT_IO;
}

/* A TD with pages in its first slot, which is deleted then; NULL if not so. */
static struct td *with_deleted_slot(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);

	if (!pre_fault(td) && !delete_slot(td, 0) &&
	    td_stat(td, "range_block") == NR_PAGES &&
	    td_stat(td, "tracks") == 1 && td_stat(td, "kicks") == 1 &&
	    !td_stat(td, "page_remove") && td_stat(td, "pages_held") == NR_PAGES)
		return td;
	ktap_note("%lld blocked, %lld tracks, %lld removed, %lld held",
		  td_stat(td, "range_block"), td_stat(td, "tracks"),
		  td_stat(td, "page_remove"), td_stat(td, "pages_held"));
	td_destroy(td);
	return NULL;
}

/* All of it has been removed, and nothing blocked or tracked twice. */
static bool is_given_back(const struct td *td)
{
	ktap_note("%lld blocked, %lld tracks, %lld removed, %lld held",
		  td_stat(td, "range_block"), td_stat(td, "tracks"),
		  td_stat(td, "page_remove"), td_stat(td, "pages_held"));
	return td_stat(td, "range_block") == NR_PAGES &&
	       td_stat(td, "tracks") == 1 &&
	       td_stat(td, "page_remove") == NR_PAGES &&
	       !td_stat(td, "pages_held") && !td_stat(td, "pages_leaked");
}

static void a_deleted_slots_pages_are_blocked_and_not_removed(void)
{
	struct td *td = with_deleted_slot();

	ktap_result(td && runs(td), "%s", __func__);
	if (td)
		td_destroy(td);
}

static void a_new_slot_gets_pages_that_a_deleted_one_had(void)
{
	struct td *td = with_deleted_slot();
	bool ok = td && !add_ram_again(td) && is_given_back(td);

	ok = ok && !pre_fault(td) && td_stat(td, "page_aug") == 2 * NR_PAGES &&
	     runs(td);
	ktap_result(ok, "%s", __func__);
	if (td)
		td_destroy(td);
}

static void a_hole_gives_back_what_a_deleted_slot_had(void)
{
	struct td *td = with_deleted_slot();
	bool ok = td && !fallocate(td->ram_memfd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   0, RAM_SIZE);

	ktap_result(ok && is_given_back(td) && runs(td), "%s", __func__);
	if (td)
		td_destroy(td);
}

static void a_closed_guest_memfd_gives_back_what_a_deleted_slot_had(void)
{
	struct td *td = with_deleted_slot();

	if (td) {
		close(td->ram_memfd);
		td->ram_memfd = -1;
	}
	ktap_result(td && is_given_back(td) && runs(td), "%s", __func__);
	if (td)
		td_destroy(td);
}

/* GUEST_PRIVATE has reported that it accepted a page, and reads it next. */
static void a_deleted_slots_pages_are_out_of_reach(void)
{
	struct td *td = td_ready(1, GUEST_PRIVATE);
	struct td_vcpu *vcpu = &td->vcpu[0];
	bool ok;

	ok = !ioctl(vcpu->fd, KVM_RUN, 0) && vcpu->run->exit_reason == KVM_EXIT_IO;
	ok = ok && !delete_slot(td, 0);
	while (ok && !ioctl(vcpu->fd, KVM_RUN, 0) &&
	       vcpu->run->exit_reason == KVM_EXIT_IO)
		;
	if (vcpu->run->exit_reason != KVM_EXIT_MEMORY_FAULT)
		ktap_note("exit %u errno %d", vcpu->run->exit_reason, errno);
	ok = ok && errno == EFAULT &&
	     vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT;
	td_destroy(td);
	ktap_result(ok, "%s", __func__);
}

/* --- the end --- */

/* Of all VMs, from the software module; -1 without it. */
static long long calls_of(const char *leaf)
{
	char name[64], status[64];
	FILE *f = fopen(LEAVES, "r");
	long long n, sum = 0;

	if (!f)
		return -1;
	while (fscanf(f, "%63s %63s %lld", name, status, &n) == 3)
		sum += strcmp(name, leaf) ? 0 : n;
	fclose(f);
	return sum;
}

/* Slots, VM, guest_memfds, vCPUs: QEMU's order when the guest restarts. */
static void end_as_a_restart(struct td *td, bool delete_slots)
{
	int size = ioctl(td_dev(), KVM_GET_VCPU_MMAP_SIZE, 0);

	if (delete_slots && (delete_slot(td, 0) || delete_slot(td, 1)))
		ktap_note("a slot is not to be deleted: %d", errno);
	close(td->fd);
	td->fd = -1;
	close(td->ram_memfd);
	close(td->image_memfd);
	td->ram_memfd = -1;
	td->image_memfd = -1;
	close(td->vcpu[0].fd);
	munmap(td->vcpu[0].run, size);
	td->nr_vcpus = 0;
	td_destroy(td);
}

/* No page is removed, none written back but the TDR, and pairs of dynamic PAMT. */
static void removes_no_page(const char *name, bool delete_slots)
{
	static const char *const leaves[] = {
		"TDH.MEM.RANGE.BLOCK", "TDH.MEM.PAGE.REMOVE",
		"TDH.PHYMEM.PAGE.WBINVD", "TDH.PHYMEM.PAGE.RECLAIM",
		"TDH.PHYMEM.PAMT.REMOVE",
	};
	struct td *td = td_ready(1, GUEST_HELLO);
	long long n[5];
	unsigned int i;

	if (calls_of(leaves[0]) < 0) {
		td_destroy(td);
		ktap_skip(name, "not the software module");
		return;
	}
	pre_fault(td);
	for (i = 0; i < ARRAY_SIZE(leaves); i++)
		n[i] = calls_of(leaves[i]);
	end_as_a_restart(td, delete_slots);
	for (i = 0; i < ARRAY_SIZE(leaves); i++)
		n[i] = calls_of(leaves[i]) - n[i];
	ktap_result(n[0] == NR_PAGES + IMAGE_SIZE / 4096 && !n[1] &&
		    n[2] == 1 + 2 * n[4] && n[3] > n[0],
		    "%s: %lld blocked, %lld removed, %lld written back, %lld reclaimed",
		    name, n[0], n[1], n[2], n[3]);
}

static void a_restart_as_qemus_removes_no_page(void)
{
	removes_no_page(__func__, true);
}

/* From a VMM that leaves the slots to the VM's end. */
static void guest_memfds_of_a_vm_without_a_file_lose_no_page(void)
{
	removes_no_page(__func__, false);
}

static const struct ktap_test tests[] = {
	TEST(a_deleted_slots_pages_are_blocked_and_not_removed),
	TEST(a_new_slot_gets_pages_that_a_deleted_one_had),
	TEST(a_hole_gives_back_what_a_deleted_slot_had),
	TEST(a_closed_guest_memfd_gives_back_what_a_deleted_slot_had),
	TEST(a_deleted_slots_pages_are_out_of_reach),
	TEST(a_restart_as_qemus_removes_no_page),
	TEST(guest_memfds_of_a_vm_without_a_file_lose_no_page),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	alarm(120);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
