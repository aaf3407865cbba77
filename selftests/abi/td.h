/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small TD for tests: up to four vCPUs, a few megabytes of memory and the
 * image of guest_start.S on top.  What is asked for must succeed, unless the
 * name says "try".
 */
#ifndef SELFTESTS_KVM_TD_H
#define SELFTESTS_KVM_TD_H

#include <stdbool.h>
#include <stddef.h>

#include "../lib/kvm_abi.h"
#include "../lib/types.h"
#include "guest.h"

#define TD_MAX_VCPUS	4

struct td_vcpu {
	int fd;
	struct kvm_run *run;
};

struct td {
	int fd;
	unsigned int nr_vcpus;
	struct td_vcpu vcpu[TD_MAX_VCPUS];
	/* What the host sees of RAM: its shared pages. */
	u8 *ram;
	int ram_memfd, image_memfd;
};

/* A setting of the kernel: a line for a file of procfs, sysfs or debugfs. */
bool write_file(const char *path, const char *line);
/* Statuses and exits that the software module answers with, see docs/swmod.md. */
#define SWMOD_INJECT	"/sys/kernel/debug/tdx_swmod/inject"
/* May there be debug TDs? */
#define TDX_DEBUG_TDS	"/sys/module/kvm_intel/parameters/tdx_debug_tds"

int td_dev(void);
/* Is there a KVM with TDs?  NULL, or why not. */
const char *td_unavailable(void);

/* --- one step each --- */
struct td *td_create(void);
void td_destroy(struct td *td);
int td_try_cmd(int fd, u32 id, u32 flags, const void *data, u64 *hw_error);
/* Room for @nent CPUID entries behind the struct. */
struct kvm_tdx_init_vm *td_init_vm_args(struct td *td);
void td_split_irqchip(struct td *td);
void td_init_vm(struct td *td);
/* The same with more attributes and features; returns an errno. */
int td_try_init_vm(struct td *td, u64 attributes, u64 xfam);
/* A TD has at most as many vCPUs as the machine has CPUs. */
unsigned int td_max_vcpus(struct td *td);
void td_add_vcpu(struct td *td);
void td_init_vcpus(struct td *td, u64 param);
void td_add_memory(struct td *td);
/*
 * A slot from @offset of a guest_memfd of @size more bytes on, all private;
 * @shared is its user address.  Returns the guest_memfd.
 */
int td_add_slot(struct td *td, u32 slot, u64 gpa, u64 size, u64 offset,
		void *shared);
/* A count of the TD's debugfs file; -1 if there is none. */
long long td_stat(const struct td *td, const char *name);
void td_load_image(struct td *td);
void td_finalize(struct td *td);
void td_set_private(struct td *td, u64 gpa, u64 size, bool private);

/* All of the above: ready to run @test. */
struct td *td_ready(unsigned int nr_vcpus, enum guest_test test);
/* With more attributes and features; @param is a test, and a seed of it. */
struct td *td_ready_as(unsigned int nr_vcpus, u64 param, u64 attributes, u64 xfam);
/* What KVM offers to TDs. */
void td_offered(u64 *attributes, u64 *xfam);

#endif /* SELFTESTS_KVM_TD_H */
