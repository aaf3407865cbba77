/* SPDX-License-Identifier: GPL-2.0-only */
/* One TD as tdxrun sees it. */
#ifndef VM_H
#define VM_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "kvm_abi.h"
#include "quote.h"
#include "tdvf.h"
#include "types.h"

#define MAX_VCPUS	64
#define MAX_SLOTS	3

#define VM_PAGE_SIZE	0x1000ULL
#define VM_4G		(1ULL << 32)
/* Memory beyond this continues at 4 GiB, as on QEMU's q35. */
#define VM_LOW_MAX	(2ULL << 30)

enum exit_code { EXIT_REACHED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2,
		 EXIT_SKIPPED = 4 };

enum vm_outcome {
	VM_RUNNING,
	VM_REACHED_BOOT,
	VM_REACHED_IDLE,
	VM_FAILED,
};

/* Counted in user space; see table.c for the kernel's and the module's. */
struct vm_stats {
	atomic_ulong exits[64];
	atomic_ulong unknown_exits;
	atomic_ulong to_shared;
	atomic_ulong to_private;
	atomic_ulong to_shared_pages;
	atomic_ulong to_private_pages;
	atomic_ulong on_fault;
	atomic_ulong on_request;
	atomic_ulong no_memory;
	atomic_ulong pio_in;
	atomic_ulong pio_out;
	atomic_ulong mmio_read;
	atomic_ulong mmio_write;
	unsigned long disk_requests;
	unsigned long disk_fixed;
	unsigned long disk_plain;
	unsigned long disk_registered;
	unsigned long disk_emptied;
};

/**
 * struct vm_slot - guest memory with a private and a shared side
 * @gpa: where it starts
 * @size: whole pages
 * @shared: the shared side, mapped here
 * @is_shared: which pages that side is in use of, one byte each
 * @gmem: guest_memfd of the private side, from its offset 0
 */
struct vm_slot {
	u64 gpa;
	u64 size;
	u8 *shared;
	u8 *is_shared;
	int gmem;
};

struct vm;

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
};

/**
 * struct vm - a TD and the machine around it
 * @dev: /dev/kvm
 * @fd: the TD
 * @run_size: bytes of each vCPU's kvm_run mapping
 * @memory: bytes of RAM
 * @unaccepted: bytes of RAM that the firmware has to accept
 * @slots: memory; one entry per memslot, index is the slot's number
 * @quote: the way to a quote generation service
 * @lock: serializes device accesses and @outcome
 * @changed: signalled when @outcome leaves VM_RUNNING
 * @stop: vCPU threads leave their loop
 * @reason: one line that goes with @outcome
 * @verbose: log what is unusual
 * @kvm_counters: KVM's counts for this TD, as text
 *
 * Lives in memory that tdxrun's two processes share, see main.c.
 */
struct vm {
	int dev;
	int fd;
	size_t run_size;
	u64 memory;
	u64 unaccepted;
	unsigned int nr_vcpus;
	struct vcpu vcpus[MAX_VCPUS];
	unsigned int nr_slots;
	struct vm_slot slots[MAX_SLOTS];
	struct vm_stats stats;
	struct quote quote;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_bool stop;
	enum vm_outcome outcome;
	char reason[384];
	bool verbose;
	char kvm_counters[4096];
};

/* main.c */
__noreturn __printf(2, 3)
void die(enum exit_code code, const char *fmt, ...);

/* kvm.c: the TD's life in ioctls; each dies with a reason on failure. */
void kvm_open(struct vm *vm);
void kvm_create_td(struct vm *vm, bool debug);
void kvm_create_vcpus(struct vm *vm);
void kvm_init_vcpus(struct vm *vm, u64 hob_gpa);
void kvm_add_initial(struct vm *vm, u64 gpa, const void *data,
		     u64 size, bool measure);
void kvm_finalize(struct vm *vm);

/* cpuid.c */
struct kvm_cpuid2 *cpuid_supported(struct vm *vm);
void cpuid_choose(struct kvm_cpuid2 *wanted,
		  const struct kvm_cpuid2 *supported);
void cpuid_set(struct vcpu *vcpu, const struct kvm_cpuid2 *supported);

/* memory.c */
void memory_create(struct vm *vm, u64 firmware_size);
void memory_load(struct vm *vm, const u8 *image, const struct tdvf *tdvf);
int memory_convert(struct vm *vm, u64 gpa, u64 size, bool private);
/* Where the host sees memory, or NULL if that is not all shared. */
u8 *memory_at(const struct vm *vm, u64 gpa, u64 size);

/* run.c */
void run_start(struct vm *vm);
void run_stop(struct vm *vm);
__printf(3, 4)
void run_end(struct vm *vm, enum vm_outcome outcome, const char *fmt, ...);
bool run_is_idle(struct vm *vm);

/* table.c */
void table_start(void);
void table_snapshot(struct vm *vm);
void table_print(struct vm *vm);
/* Pages the guest has accepted, or -1 where nobody counts them. */
long long table_accepted_pages(void);

#endif /* VM_H */
