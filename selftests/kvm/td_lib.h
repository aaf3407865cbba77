/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDs for tests on KVM's selftest library.  A TD is an ordinary struct kvm_vm
 * whose memory is private: the test's binary, page tables and stacks are laid
 * out in the shared side as usual, and td_finalize() copies them over.
 */
#ifndef TD_LIB_H
#define TD_LIB_H

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"

#include "kvm_tdx.h"
#include "td_guest.h"

#define TD_ATTR_SEPT_VE_DISABLE	(1ULL << 28)

/* Memory that td_create() provides, from GPA 0. */
#define TD_MEMORY_PAGES		4096

/* Leave with the skip code where KVM has no TDs. */
void td_require(void);

/* --- single steps, for tests of the interface itself --- */

/* The command's return value with errno; *hw_error may be NULL. */
int td_cmd(int fd, u32 id, u32 flags, u64 data,
	   u64 *hw_error);
/* A VM of the TD type with a split irqchip, and nothing else. */
struct kvm_vm *td_create_empty(void);
/* To be freed; nent is as the module has it. */
struct kvm_tdx_capabilities *td_capabilities(struct kvm_vm *vm);
/* Values that KVM_TDX_INIT_VM accepts; to be freed. */
struct kvm_tdx_init_vm *td_default_init(struct kvm_vm *vm);
/* Private memory at @gpa in slot @slot. */
void td_add_memory(struct kvm_vm *vm, u64 gpa, u32 slot,
		   u64 npages);
/* Create a vCPU and give it the TD's CPUID. */
struct kvm_vcpu *td_add_vcpu(struct kvm_vm *vm, u32 id);

/* --- the whole way --- */

/* A TD past KVM_TDX_INIT_VM with memory that holds the test's binary. */
struct kvm_vm *td_create(void);
struct kvm_vm *td_create_with(u64 attributes);
/* A vCPU with a stack that starts in @guest_code, with its index as argument. */
struct kvm_vcpu *td_add_vcpu_with_code(struct kvm_vm *vm, u32 id,
				       void *guest_code);
/* A count of the TD's debugfs file, or -1. */
long td_kvm_count(struct kvm_vm *vm, const char *name);
/* Copy the initial image and make the TD runnable. */
void td_finalize(struct kvm_vm *vm);

/* --- running --- */

enum td_event_kind {
	TD_EVENT_SYNC,
	TD_EVENT_DONE,
	TD_EVENT_FAIL,
	TD_EVENT_MAP_GPA,
	TD_EVENT_MEMORY_FAULT,
	TD_EVENT_OTHER,
};

/**
 * struct td_event - why td_run() came back
 * @kind: the kind
 * @val: sync: the step; fail: the line; other: KVM's exit reason
 * @gpa: of a conversion or a memory fault, without the shared bit
 * @size: of the same
 * @private: what is wanted
 */
struct td_event {
	enum td_event_kind kind;
	u32 val;
	u64 gpa;
	u64 size;
	bool private;
};

struct td_event td_run(struct kvm_vcpu *vcpu);
/* The guest has reached step @n and nothing else. */
bool td_run_until_sync(struct kvm_vcpu *vcpu, u32 n);
bool td_run_until_done(struct kvm_vcpu *vcpu);
/* Do what the event asks for: memory attributes, and free the other side. */
void td_convert(struct kvm_vm *vm, const struct td_event *event);

#endif /* TD_LIB_H */
