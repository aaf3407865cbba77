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
