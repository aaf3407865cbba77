/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * KVM's user-space interface for trust domains (TDs), as mainline has it.
 *
 * 6.12's <linux/kvm.h> and <asm/kvm.h> know nothing of TDX.  Include this
 * after them; every definition yields to the system header's where that has
 * one.
 */
#ifndef _UAPI_ASM_KVM_TDX_H
#define _UAPI_ASM_KVM_TDX_H

#include <linux/kvm.h>
#include <linux/types.h>

#ifndef KVM_X86_TDX_VM
#define KVM_X86_TDX_VM			5
#endif

#ifndef KVM_EXIT_TDX
#define KVM_EXIT_TDX			40
#endif

#ifndef KVM_SYSTEM_EVENT_TDX_FATAL
#define KVM_SYSTEM_EVENT_TDX_FATAL	7
#endif

#ifndef KVM_TDX_MEASURE_MEMORY_REGION

/* kvm_tdx_cmd.id; the comment names the file descriptor. */
enum kvm_tdx_cmd_id {
	KVM_TDX_CAPABILITIES = 0,	/* VM */
	KVM_TDX_INIT_VM,		/* VM */
	KVM_TDX_INIT_VCPU,		/* vCPU */
	KVM_TDX_INIT_MEM_REGION,	/* vCPU */
	KVM_TDX_FINALIZE_VM,		/* VM */
	KVM_TDX_GET_CPUID,		/* vCPU */

	KVM_TDX_CMD_NR_MAX,
};

/**
 * struct kvm_tdx_cmd - argument of KVM_MEMORY_ENCRYPT_OP on a TD or its vCPU
 * @id: enum kvm_tdx_cmd_id
 * @flags: command flags; 0 but for KVM_TDX_INIT_MEM_REGION
 * @data: user pointer to the command's struct, or its immediate value
 * @hw_error: must be 0 on input; the TDX module's raw status where the
 *	      command failed there (KVM_TDX_INIT_VM and KVM_TDX_FINALIZE_VM)
 */
struct kvm_tdx_cmd {
	__u32 id;
	__u32 flags;
	__u64 data;
	__u64 hw_error;
};

/**
 * struct kvm_tdx_capabilities - result of KVM_TDX_CAPABILITIES
 * @supported_attrs: TD attributes that KVM_TDX_INIT_VM accepts
 * @supported_xfam: XFAM bits that KVM_TDX_INIT_VM accepts
 * @kernel_tdvmcallinfo_1_r11: TDVMCALLs served by the kernel, first word
 * @user_tdvmcallinfo_1_r11: TDVMCALLs passed to user space, first word
 * @kernel_tdvmcallinfo_1_r12: as above, second word
 * @user_tdvmcallinfo_1_r12: as above, second word
 * @reserved: 0
 * @cpuid: in: room for cpuid.nent entries (-E2BIG returns the need); out: the
 *	   CPUID bits that are for user space to choose
 */
struct kvm_tdx_capabilities {
	__u64 supported_attrs;
	__u64 supported_xfam;
	__u64 kernel_tdvmcallinfo_1_r11;
	__u64 user_tdvmcallinfo_1_r11;
	__u64 kernel_tdvmcallinfo_1_r12;
	__u64 user_tdvmcallinfo_1_r12;
	__u64 reserved[250];
	struct kvm_cpuid2 cpuid;
};

/**
 * struct kvm_tdx_init_vm - argument of KVM_TDX_INIT_VM
 * @attributes: TD attributes (the module's ATTRIBUTES)
 * @xfam: extended features available to the TD (the module's XFAM)
 * @mrconfigid: SHA-384 identity of the software-defined configuration
 * @mrowner: SHA-384 identity of the TD's owner
 * @mrownerconfig: SHA-384 identity of the owner-defined configuration
 * @reserved: must be 0
 * @cpuid: the TD's configurable CPUID values
 */
struct kvm_tdx_init_vm {
	__u64 attributes;
	__u64 xfam;
	__u64 mrconfigid[6];
	__u64 mrowner[6];
	__u64 mrownerconfig[6];
	__u64 reserved[12];
	struct kvm_cpuid2 cpuid;
};

#define KVM_TDX_MEASURE_MEMORY_REGION	(1ULL << 0)

/**
 * struct kvm_tdx_init_mem_region - argument of KVM_TDX_INIT_MEM_REGION
 * @source_addr: user address of the initial contents, 4 KiB aligned
 * @gpa: guest physical address, private, 4 KiB aligned
 * @nr_pages: number of 4 KiB pages
 *
 * On -EAGAIN and -EINTR the struct describes what is left to do.
 */
struct kvm_tdx_init_mem_region {
	__u64 source_addr;
	__u64 gpa;
	__u64 nr_pages;
};

#endif /* KVM_TDX_MEASURE_MEMORY_REGION */

/*
 * Commands for debug TDs: this project's own, unknown to mainline.  They are there
 * if kvm_tdx_capabilities.supported_attrs has KVM_TDX_ATTR_DEBUG, for a TD that
 * has it.  Of any other TD, and with kvm_intel.tdx_debug_tds=0, they are -EINVAL,
 * as an unknown command is.  kvm_tdx_cmd.hw_error is the module's status where a
 * command failed there.
 */
#define KVM_TDX_ATTR_DEBUG		(1ULL << 0)

#define KVM_TDX_DEBUG_CMD		0x80000000U
/* A vCPU's registers: struct kvm_tdx_debug_fields. */
#define KVM_TDX_DEBUG_GET_FIELDS	(KVM_TDX_DEBUG_CMD + 0)
#define KVM_TDX_DEBUG_SET_FIELDS	(KVM_TDX_DEBUG_CMD + 1)
/*
 * What a vCPU stops for.  data: a bitmap of exceptions.  A breakpoint (#BP) is
 * KVM_EXIT_DEBUG then, before the INT3 was executed, others are
 * KVM_EXIT_EXCEPTION, and the guest does not see them.  #DB, NMI, #UD, #AC, #MC
 * and #VE are the module's: -EINVAL.
 */
#define KVM_TDX_DEBUG_SET_CONTROL	(KVM_TDX_DEBUG_CMD + 2)
/* A TD's private memory: struct kvm_tdx_debug_memory. */
#define KVM_TDX_DEBUG_READ_MEMORY	(KVM_TDX_DEBUG_CMD + 3)
#define KVM_TDX_DEBUG_WRITE_MEMORY	(KVM_TDX_DEBUG_CMD + 4)

/* Flag of KVM_TDX_DEBUG_SET_CONTROL: KVM_EXIT_DEBUG after each instruction. */
#define KVM_TDX_DEBUG_SINGLE_STEP	(1U << 0)

#define KVM_TDX_DEBUG_MAX_FIELDS	64

/**
 * struct kvm_tdx_debug_field - a register of a vCPU
 * @id: the TDX module's identifier of the field, all 64 bits of it
 * @value: its value
 */
struct kvm_tdx_debug_field {
	__u64 id;
	__u64 value;
};

/**
 * struct kvm_tdx_debug_fields - argument of KVM_TDX_DEBUG_GET_FIELDS and _SET_FIELDS
 * @nr: how many, 1 to KVM_TDX_DEBUG_MAX_FIELDS
 * @pad: must be 0
 * @fields: which; nothing is read or written if one of them is not allowed
 *
 * What may be written are the general registers, RSP, RIP and RFLAGS; see
 * docs/debugging.md for what may be read.
 */
struct kvm_tdx_debug_fields {
	__u32 nr;
	__u32 pad;
	struct kvm_tdx_debug_field fields[];
};

/**
 * struct kvm_tdx_debug_memory - argument of KVM_TDX_DEBUG_READ_MEMORY and _WRITE_MEMORY
 * @gpa: guest physical address, private, 8-byte aligned
 * @size: bytes, a multiple of 8
 * @user_addr: user address to read to, or to write from
 *
 * After a failure the struct describes what is left to do.  -EFAULT: at @gpa is
 * no page that the guest has accepted, or no memory at @user_addr; -EAGAIN and
 * -EINTR: repeat the command.
 */
struct kvm_tdx_debug_memory {
	__u64 gpa;
	__u64 size;
	__u64 user_addr;
};

/**
 * struct kvm_tdx_exit - kvm_run's payload for KVM_EXIT_TDX
 * @flags: 0
 * @nr: TDVMCALL leaf
 * @u: per leaf; ret is preset and returned to the guest in R10
 *
 * The payload lies at kvm_run.hw, where all exit payloads do.
 */
struct kvm_tdx_exit {
	__u64 flags;
	__u64 nr;
	union {
		struct {
			__u64 ret;
			__u64 data[5];
		} unknown;
		struct {
			__u64 ret;
			__u64 gpa;
			__u64 size;
		} get_quote;
		struct {
			__u64 ret;
			__u64 leaf;
			__u64 r11, r12, r13, r14;
		} get_tdvmcall_info;
		struct {
			__u64 ret;
			__u64 vector;
		} setup_event_notify;
	} u;
};

#endif /* _UAPI_ASM_KVM_TDX_H */
