/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM needs of 6.12's KVM interface where the build machine's
 * <linux/kvm.h> is older, and of the TDX interface on top.
 */
#ifndef SELFTESTS_LIB_KVM_ABI_H
#define SELFTESTS_LIB_KVM_ABI_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "kvm_tdx.h"

#ifndef KVM_MEM_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD		(1UL << 2)

#define KVM_CAP_USER_MEMORY2		231
#define KVM_CAP_MEMORY_FAULT_INFO	232
#define KVM_CAP_MEMORY_ATTRIBUTES	233
#define KVM_CAP_GUEST_MEMFD		234
#define KVM_CAP_VM_TYPES		235

struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};

#define KVM_SET_USER_MEMORY_REGION2 \
	_IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)

struct kvm_memory_attributes {
	__u64 address;
	__u64 size;
	__u64 attributes;
	__u64 flags;
};

#define KVM_SET_MEMORY_ATTRIBUTES \
	_IOW(KVMIO, 0xd2, struct kvm_memory_attributes)
#define KVM_MEMORY_ATTRIBUTE_PRIVATE	(1ULL << 3)

struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};

#define KVM_CREATE_GUEST_MEMFD \
	_IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)
#endif

#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT		39
#define KVM_MEMORY_EXIT_FLAG_PRIVATE	(1ULL << 3)
#endif

#ifndef KVM_CAP_X86_APIC_BUS_CYCLES_NS
#define KVM_CAP_X86_APIC_BUS_CYCLES_NS	237
#endif

#ifndef KVM_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY	236

struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};

#define KVM_PRE_FAULT_MEMORY \
	_IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
#endif

#ifndef KVM_HC_MAP_GPA_RANGE
#define KVM_HC_MAP_GPA_RANGE		12
#endif
#ifndef KVM_MAP_GPA_RANGE_ENCRYPTED
#define KVM_MAP_GPA_RANGE_ENCRYPTED	(1 << 4)
#endif

/* The payload of KVM_EXIT_MEMORY_FAULT; it lies where all payloads lie. */
struct exit_memory_fault {
	__u64 flags;
	__u64 gpa;
	__u64 size;
};

static inline void *kvm_exit_payload(struct kvm_run *run)
{
	return &run->hw;
}

/* The guest-physical address width, and so the shared bit's place. */
#define TD_GPAW		48
#define TD_SHARED_BIT	(1ULL << (TD_GPAW - 1))

#define TD_ATTR_SEPT_VE_DISABLE	(1ULL << 28)
#define TD_ATTR_PKS			(1ULL << 30)

#define TDVMCALL_GET_QUOTE		0x10002
#define TDVMCALL_GET_TD_VM_CALL_INFO	0x10000
#define TDVMCALL_SETUP_EVENT_NOTIFY	0x10004

#define TDVMCALL_STATUS_SUCCESS		0ULL
#define TDVMCALL_STATUS_RETRY		1ULL
#define TDVMCALL_STATUS_INVALID_OPERAND	0x8000000000000000ULL
#define TDVMCALL_STATUS_ALIGN_ERROR	0x8000000000000002ULL
#define TDVMCALL_STATUS_SUBFUNC_UNSUPPORTED	0x8000000000000003ULL

#endif /* SELFTESTS_LIB_KVM_ABI_H */
