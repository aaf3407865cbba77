// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define BENCH_GPA	(1ULL << 30)
#define BENCH_BYTES	(64 * MIB)
#define BENCH_SLOT	2
#define TSC_UNIT_KHZ	25000

void bench_fail(const char *what)
{
	fprintf(stderr, "tdbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- memory --- */

static int create_memfd(const struct bench_td *b)
{
	struct kvm_create_guest_memfd args = { .size = b->bytes + b->offset };
	int fd = ioctl(b->td->fd, KVM_CREATE_GUEST_MEMFD, &args);

	if (fd < 0)
		bench_fail("KVM_CREATE_GUEST_MEMFD");
	return fd;
}

/*
 * A slot that does not lie in its file as it lies in the guest's memory can
 * have small mappings only, whatever the folios' size: one page off does it.
 */
static void add_memory(struct bench_td *b)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = BENCH_SLOT,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = b->gpa,
		.memory_size = b->bytes,
		.guest_memfd_offset = b->offset,
	};

	b->shared = mmap(NULL, b->bytes + 2 * MIB, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->shared == MAP_FAILED)
		bench_fail("shared memory");
	b->memfd = create_memfd(b);
	region.guest_memfd = b->memfd;
	/* Congruent to the guest's, as large mappings of either kind need it. */
	region.userspace_addr = ((uintptr_t)b->shared + 2 * MIB - 1) & -(2 * MIB);
	if (ioctl(b->td->fd, KVM_SET_USER_MEMORY_REGION2, &region))
		bench_fail("KVM_SET_USER_MEMORY_REGION2");
	td_set_private(b->td, b->gpa, b->bytes, true);
}

void bench_prefault(struct bench_td *b, u64 offset, u64 bytes)
{
	struct kvm_pre_fault_memory range = {
		.gpa = b->gpa + offset,
		.size = bytes,
	};

	while (range.size) {
		if (ioctl(b->td->vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &range) &&
		    errno != EAGAIN && errno != EINTR)
			bench_fail("KVM_PRE_FAULT_MEMORY");
	}
}

/* What the initial image is made from; it costs, but nothing of KVM's. */
void *bench_source(u64 bytes)
{
	void *source = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (source == MAP_FAILED)
		bench_fail("image");
	return source;
}

void bench_populate(struct bench_td *b, const void *source, u64 bytes,
		    bool measure)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)source,
		.gpa = b->gpa,
		.nr_pages = bytes / PAGE,
	};

	if (td_try_cmd(b->td->vcpu[0].fd, KVM_TDX_INIT_MEM_REGION,
		       measure ? KVM_TDX_MEASURE_MEMORY_REGION : 0, &region, NULL))
		bench_fail("KVM_TDX_INIT_MEM_REGION");
}

void bench_punch(struct bench_td *b, u64 offset, u64 bytes)
{
	if (fallocate(b->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      b->offset + offset, bytes))
		bench_fail("FALLOC_FL_PUNCH_HOLE");
}

/* --- the TD --- */

/*
 * The module counts a TD's TSC in units of 25 MHz.  Of 199,999 kHz, which a machine
 * may have measured, mainline's KVM makes 175 MHz, and takes each deadline for past.
 */
static void round_tsc(struct td *td)
{
	int khz = ioctl(td->fd, KVM_GET_TSC_KHZ, 0);

	khz = (khz + TSC_UNIT_KHZ / 2) / TSC_UNIT_KHZ * TSC_UNIT_KHZ;
	if (ioctl(td->fd, KVM_SET_TSC_KHZ, khz))
		bench_fail("KVM_SET_TSC_KHZ");
}

static struct bench_td *build(unsigned int vcpus, enum page_size size)
{
	struct bench_td *b = calloc(1, sizeof(*b));

	if (!b)
		bench_fail("memory");
	b->size = size;
	b->gpa = BENCH_GPA;
	b->bytes = BENCH_BYTES;
	b->offset = size == SIZE_4K ? PAGE : 0;
	b->td = td_create();
	td_split_irqchip(b->td);
	round_tsc(b->td);
	td_init_vm(b->td);
	while (b->td->nr_vcpus < vcpus)
		td_add_vcpu(b->td);
	td_add_memory(b->td);
	add_memory(b);
	td_init_vcpus(b->td, 0);
	td_load_image(b->td);
	return b;
}

struct bench_td *bench_td_building(enum page_size size)
{
	return build(1, size);
}

struct bench_td *bench_td_new(unsigned int vcpus, enum page_size size)
{
	struct bench_td *b = build(vcpus, size);

	td_finalize(b->td);
	return b;
}

void bench_td_free(struct bench_td *b)
{
	td_destroy(b->td);
	close(b->memfd);
	munmap(b->shared, b->bytes + 2 * MIB);
	free(b);
}

static void delete_slot(struct bench_td *b, u32 slot)
{
	struct kvm_userspace_memory_region2 region = { .slot = slot };

	if (ioctl(b->td->fd, KVM_SET_USER_MEMORY_REGION2, &region))
		bench_fail("deletion of a slot");
}

void bench_restart(struct bench_td *b)
{
	struct td *td = b->td;

	delete_slot(b, 0);
	delete_slot(b, 1);
	delete_slot(b, BENCH_SLOT);
	close(td->fd);
	td->fd = -1;
	close(b->memfd);
	close(td->ram_memfd);
	close(td->image_memfd);
	b->memfd = -1;
	td->ram_memfd = -1;
	td->image_memfd = -1;
	bench_td_free(b);
}

/* --- commands --- */

/* The port the guest stopped at; its data are at @data. */
static u32 run_to_io(struct bench_td *b, unsigned int vcpu, u32 **data)
{
	struct td_vcpu *v = &b->td->vcpu[vcpu];

	while (ioctl(v->fd, KVM_RUN, 0)) {
		if (errno != EINTR && errno != EAGAIN)
			bench_fail("KVM_RUN");
	}
	if (v->run->exit_reason != KVM_EXIT_IO) {
		fprintf(stderr, "tdbench: exit %u\n", v->run->exit_reason);
		exit(1);
	}
	*data = (u32 *)((u8 *)v->run + v->run->io.data_offset);
	return v->run->io.port;
}

u32 bench_run(struct bench_td *b, unsigned int vcpu, enum bench_cmd cmd,
	      u64 gpa, u64 stride, u32 count)
{
	u32 *data;

	for (;;) {
		u32 port = run_to_io(b, vcpu, &data);

		if (port == PORT_CMD)
			*data = cmd;
		else if (port == PORT_GPA_LOW)
			*data = gpa;
		else if (port == PORT_GPA_HIGH)
			*data = gpa >> 32;
		else if (port == PORT_STRIDE)
			*data = stride;
		else if (port == PORT_COUNT)
			*data = count;
		else if (port == PORT_BAD)
			return *data;
	}
}

u32 bench_accept(struct bench_td *b, u64 offset, u32 count)
{
	u64 stride = b->size == SIZE_2M ? 2 * MIB : PAGE;

	return bench_run(b, 0, CMD_ACCEPT, (b->gpa + offset) | b->size, stride,
			 count);
}
