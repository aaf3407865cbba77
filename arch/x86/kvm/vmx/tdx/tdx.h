/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's side of TDX: what a TD and its vCPUs are, and the calls between the
 * files of this folder.  Calls go down this list only.
 */
#ifndef _KVM_VMX_TDX_H
#define _KVM_VMX_TDX_H

#include <linux/kvm_host.h>
#include "../vmx.h"
#include "tdx_host.h"
#include "kvm_tdx_hooks.h"
#include "kvm_tdx.h"
#include "mmu/sept.h"

/* 6.12's early kernels write it as a number. */
#ifndef EXIT_REASON_UNDEFINED
#define EXIT_REASON_UNDEFINED	0xdead
#endif

/* A TD's life; moves forward only. */
enum td_state {
	TD_S_NONE,		/* created, KVM_TDX_INIT_VM not done */
	TD_S_INITIALIZED,	/* vCPUs and memory may be added */
	TD_S_RUNNABLE,		/* KVM_TDX_FINALIZE_VM done */
	TD_S_KEYLESS,		/* KeyID freed: only RECLAIM works */
};

/* Events since the TD was created; nothing depends on the counts. */
enum td_stat {
	TD_STAT_SHARED_FAULTS,
	TD_STAT_CALL_CPUID,
	TD_STAT_CALL_HLT,
	TD_STAT_CALL_IO,
	TD_STAT_CALL_RDMSR,
	TD_STAT_CALL_WRMSR,
	TD_STAT_CALL_MMIO,
	TD_STAT_CALL_INFO,
	TD_STAT_CALL_MAP_GPA,
	TD_STAT_CALL_GET_QUOTE,
	TD_STAT_CALL_FATAL_ERROR,
	TD_STAT_CALL_EVENT_NOTIFY,
	TD_STAT_CALL_HYPERCALL,
	TD_STAT_CALL_UNKNOWN,

	TD_NR_STATS,
};

/* The same, where each vCPU counts for itself. */
enum td_vcpu_stat {
	TD_VCPU_STAT_FAST_CALLS,
	TD_VCPU_STAT_FAST_IRQS,

	TD_NR_VCPU_STATS,
};

/* Of XFAM, and so of IA32_XSS after a TD exit: CET, user and supervisor. */
#define TD_XFAM_CET		GENMASK_ULL(12, 11)

struct kvm_tdx {
	/* First: base code reaches struct kvm_vmx and struct kvm through it. */
	struct kvm_vmx vmx;

	/* Written once by KVM_TDX_INIT_VM under kvm->lock; constant after. */
	struct tdx_td td;
	u64 attributes;
	u64 xfam;
	u64 tsc_offset;
	u64 tsc_multiplier;
	u32 tsc_khz;
	u8 gpaw;

	/* Who pays for the KeyID, as long as it is in use. */
	struct td_keyid_user *keyid_user;

	/*
	 * Written under kvm->lock with every vcpu->mutex held (KEYLESS: when
	 * no vCPU can run any more).  Readers without these locks pair their
	 * smp_load_acquire() with the smp_store_release() in td_set_state().
	 */
	enum td_state state;

	/*
	 * Set under mmu_lock for write by mmu/track.c while a zap needs the
	 * module's locks; vCPUs look at it right before TDH.VP.ENTER.
	 */
	bool quiesce;

	/*
	 * Base KVM found no memory for its map of APICs, and inhibits APICv
	 * until a KVM_TDX_INIT_VCPU succeeds.  Protected by kvm->lock.
	 */
	bool apic_map_lost;

	/*
	 * The VM's file is gone: no call on the VM will be made; how many of its
	 * vCPUs' files are.  Protected by mmu_lock.
	 */
	bool vm_closed;
	unsigned int nr_closed_vcpus;

	struct sept sept;

	atomic64_t stats[TD_NR_STATS];

	/*
	 * Top-level page of the EPT that the module walks for shared GPAs:
	 * its upper half repeats the lower half of KVM's direct root.
	 */
	struct page *shared_root;
	/* Protects the contents of @shared_root; a leaf lock. */
	spinlock_t shared_lock;
};

/* What a guest was told of a CPUID leaf. */
struct tdx_cpuid {
	u32 leaf, subleaf;
	u32 eax, ebx, ecx, edx;
};

/* The hypervisor's leaves of which fastpath.c keeps the last answers. */
#define TDX_NR_CPUIDS	4

enum tdx_vcpu_state {
	TDX_VCPU_NONE,
	TDX_VCPU_INITIALIZING,	/* TDH.VP.INIT may associate it with a CPU */
	TDX_VCPU_INITIALIZED,	/* KVM_TDX_INIT_VCPU done */
};

struct vcpu_tdx {
	/* First: posted interrupts and exit dispatch use struct vcpu_vmx. */
	struct vcpu_vmx vmx;

	struct tdx_vp vp;
	enum tdx_vcpu_state state;
	struct sept_cache sept_cache;
	/*
	 * The CPU the module may associate this vCPU with, -1 for none, and
	 * that CPU's list of such vCPUs.  Written on the CPU itself with
	 * interrupts off.
	 */
	int assoc_cpu;
	struct list_head cpu_list;

	/* Outcome of the last TDH.VP.ENTER. */
	u64 vp_enter_ret;
	struct tdx_module_args args;
	u64 exit_gpa;
	u64 exit_qual;
	u64 ext_exit_qual;
	u32 exit_intr_info;

	/* Answers of hypervisor leaves; one whose @leaf is 0 is empty. */
	struct tdx_cpuid cpuids[TDX_NR_CPUIDS];

	/* Written by the vCPU's thread; nothing depends on the counts. */
	u64 stats[TD_NR_VCPU_STATS];

	/* The last exit was a TDVMCALL, and interrupts have been off since. */
	bool fast_call;
	/* HLT is being answered: does the vCPU have to sleep? */
	bool in_hlt;
	/* What the module had for it when it called HLT. */
	bool hlt_interrupt;

	/* A TDVMCALL that user space is about to complete. */
	int (*complete_io)(struct kvm_vcpu *vcpu);
	u64 map_gpa_next, map_gpa_end;
	u64 mmio_data;
};

static inline struct kvm_tdx *to_kvm_tdx(struct kvm *kvm)
{
	return container_of(kvm, struct kvm_tdx, vmx.kvm);
}

static inline struct vcpu_tdx *to_tdx(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct vcpu_tdx, vmx.vcpu);
}

static inline bool is_td(struct kvm *kvm)
{
	return kvm_is_td(kvm);
}

static inline bool is_td_vcpu(struct kvm_vcpu *vcpu)
{
	return is_td(vcpu->kvm);
}

/* The GPA bit that marks an access as shared. */
static inline gpa_t tdx_shared_bit(const struct kvm_tdx *kvm_tdx)
{
	return BIT_ULL(kvm_tdx->gpaw - 1);
}

static inline enum td_state td_state(const struct kvm_tdx *kvm_tdx)
{
	/* Pairs with smp_store_release() in td_set_state(). */
	return smp_load_acquire(&kvm_tdx->state);
}

/* May the host see its state?  Decided by KVM_TDX_INIT_VM, for ever. */
static inline bool td_is_debug(struct kvm_tdx *kvm_tdx)
{
	return td_state(kvm_tdx) != TD_S_NONE &&
	       (kvm_tdx->attributes & KVM_TDX_ATTR_DEBUG);
}

/* Metadata fields, context 1: the TD. */
#define TD_MD_TSC_OFFSET		0x111000030000000AULL
#define TD_MD_TSC_MULTIPLIER		0x111000030000000BULL
/* EAX and EBX of a leaf; the next field holds ECX and EDX. */
#define TD_MD_CPUID_VALUES		0x9410000300000000ULL
#define TD_MD_CPUID_EXTENDED		BIT_ULL(16)
#define TD_MD_CPUID_LEAF		GENMASK_ULL(15, 9)
#define TD_MD_CPUID_NO_SUBLEAF		BIT_ULL(8)
#define TD_MD_CPUID_SUBLEAF		GENMASK_ULL(7, 1)

/* Metadata fields, context 2: a vCPU. */
#define TDVPS_VCPU_STATE_DETAILS	0x9120000300000100ULL
#define TDVPS_PEND_NMI			0x202000000000000BULL
/* A field of the TD's VMCS, by its size in bits. */
#define TDVPS_VMCS16(field)		(0x0024000100000000ULL | (field))
#define TDVPS_VMCS32(field)		(0x0024000200000000ULL | (field))
#define TDVPS_VMCS64(field)		(0x0024000300000000ULL | (field))

/* A general register, in the order of the instruction set; RSP is in the VMCS. */
#define TDVPS_GPR(n)			(0x1020000300000000ULL | (n))
#define TDVPS_DR(n)			(0x1120000300000000ULL | (n))
#define TDVPS_XCR0			0x1120000300000020ULL
#define TDVPS_CR2			0x1120000300000028ULL

#ifndef SHARED_EPT_POINTER
#define SHARED_EPT_POINTER		0x203C
#endif

#ifndef EXIT_REASON_OTHER_SMI
#define EXIT_REASON_OTHER_SMI		6
#endif
#ifndef EXIT_REASON_TDCALL
#define EXIT_REASON_TDCALL		77
#endif

/* First words of GetTdVmCallInfo leaf 1: calls that user space may serve. */
#define TDVMCALLINFO_SETUP_EVENT_NOTIFY	BIT_ULL(1)

/* --- main.c: module parameter and bring-up; ops*.c: the tables --- */
int vt_hardware_setup(void);
int tdx_bringup(void);
void tdx_cleanup(void);
void tdx_install_ops(struct kvm_x86_ops *ops);
void tdx_install_nested_ops(struct kvm_x86_ops *ops);
void tdx_install_pmu_ops(void);

/* --- uapi.c: the commands --- */
int tdx_vm_ioctl(struct kvm *kvm, void __user *argp);
long tdx_vcpu_unlocked_ioctl(struct kvm_vcpu *vcpu, void __user *argp);

/* --- td.c: a TD's life --- */
int tdx_vm_init(struct kvm *kvm);
void tdx_vm_destroy(struct kvm *kvm);
void td_release_keyid(struct kvm *kvm);
void td_set_state(struct kvm_tdx *kvm_tdx, enum td_state state);
int td_init(struct kvm *kvm, struct kvm_tdx_cmd *cmd);
int td_finalize(struct kvm *kvm, struct kvm_tdx_cmd *cmd);

/* --- keyid.c: a KeyID, counted for the user who asks for it --- */
int td_keyid_alloc(struct kvm_tdx *kvm_tdx);
void td_keyid_free(struct kvm_tdx *kvm_tdx);
void td_keyid_cleanup(void);

/* --- td_params.c: its parameters --- */
struct td_params;
const char *td_params_unsupported(const struct tdx_sys_info *sys);
int td_get_capabilities(struct kvm *kvm, struct kvm_tdx_cmd *cmd);
struct td_params *td_params_get(const struct kvm *kvm,
				struct kvm_tdx_init_vm __user *user);
void td_params_put(struct td_params *p);
void td_params_commit(struct kvm_tdx *kvm_tdx, const struct td_params *p);

/* --- vcpu.c --- */
void tdx_vcpu_setup(void);
int tdx_vcpu_precreate(struct kvm *kvm);
int tdx_vcpu_create(struct kvm_vcpu *vcpu);
void tdx_vcpu_free(struct kvm_vcpu *vcpu);
void tdx_vcpu_load(struct kvm_vcpu *vcpu, int cpu);
void tdx_vcpu_put(struct kvm_vcpu *vcpu);
int tdx_vcpu_init(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd);
void tdx_flush_vp_on_cpu(struct kvm_vcpu *vcpu);
void tdx_flush_vps_of_this_cpu(void);
void tdx_write_tsc(struct kvm_vcpu *vcpu);

/* --- cpuid.c --- */
int tdx_vcpu_get_cpuid(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd);

/* --- run.c --- */
u32 tdx_run_setup(void);
void tdx_prepare_switch_to_guest(struct kvm_vcpu *vcpu);
void tdx_prepare_switch_to_host(struct kvm_vcpu *vcpu);
int tdx_vcpu_pre_run(struct kvm_vcpu *vcpu);
fastpath_t tdx_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags);
void tdx_handle_exit_irqoff(struct kvm_vcpu *vcpu);

/* --- exit.c, tdvmcall.c --- */
int tdx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath);
void tdx_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1,
		       u64 *info2, u32 *intr_info, u32 *error_code);
int tdx_handle_tdvmcall(struct kvm_vcpu *vcpu);
int tdx_complete_emulated_msr(struct kvm_vcpu *vcpu, int err);

/* --- debug.c: a debug TD's registers, and what its vCPUs stop for --- */
int tdx_debug_vcpu_ioctl(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd);
int tdx_debug_exit(struct kvm_vcpu *vcpu, u32 exception);
/* 0, or the errno of a debug command's SEAMCALL, with its status in hw_error. */
int tdx_debug_errno(u64 status, struct kvm_tdx_cmd *cmd);

/* --- fastpath.c: what is done before interrupts are enabled --- */
fastpath_t tdx_fastpath(struct kvm_vcpu *vcpu);
void tdx_fastpath_keep_cpuid(struct vcpu_tdx *tdx, const struct tdx_cpuid *c);
void tdx_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu);

/* --- irq.c --- */
bool tdx_interrupt_allowed(struct kvm_vcpu *vcpu);
bool tdx_has_interrupt(struct kvm_vcpu *vcpu);
int tdx_sync_pir_to_irr(struct kvm_vcpu *vcpu);
void tdx_inject_nmi(struct kvm_vcpu *vcpu);
void tdx_drop_injection(struct kvm_vcpu *vcpu);
void tdx_refresh_apicv_exec_ctrl(struct kvm_vcpu *vcpu);

/* --- msr.c --- */
bool tdx_has_emulated_msr(u32 index);
int tdx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int tdx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);

/* --- mmu/image.c: KVM_TDX_INIT_MEM_REGION --- */
int tdx_init_mem_region(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd);

/* --- mmu/debug_memory.c: a debug TD's private memory --- */
int tdx_debug_memory(struct kvm *kvm, struct kvm_tdx_cmd *cmd, bool write);

/* --- mmu/fault.c: the only retry loop --- */
int tdx_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 exit_qual, u64 ext_qual);
long tdx_pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range);

/* --- mmu/shared.c: the shared half --- */
int tdx_shared_init(struct kvm_tdx *kvm_tdx);
void tdx_shared_destroy(struct kvm_tdx *kvm_tdx);
void tdx_shared_sync(struct kvm_vcpu *vcpu);
bool tdx_shared_root_fits(struct kvm_vcpu *vcpu);
void tdx_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root_hpa, int root_level);
void tdx_flush_tlb(struct kvm_vcpu *vcpu);

/* --- mmu/invalidate.c: base KVM's invalidations reach the private MMU --- */
void tdx_zap_private(struct kvm *kvm, gfn_t start, gfn_t end, bool deleted);
void tdx_unpark(struct kvm *kvm);
void tdx_vm_close(struct kvm *kvm);
void tdx_vcpu_close(struct kvm *kvm);
void tdx_gmem_close(struct kvm *kvm);

/* --- mmu/stats.c --- */
extern const struct kvm_stats_desc tdx_stats_desc[];
#define TDX_NR_STATS	(SEPT_NR_STATS + TD_NR_STATS + TD_NR_VCPU_STATS)
void tdx_read_stats(struct kvm *kvm, u64 *values);
void tdx_create_debugfs(struct kvm *kvm);

static inline void td_count(struct kvm *kvm, enum td_stat stat)
{
	atomic64_inc(&to_kvm_tdx(kvm)->stats[stat]);
}

/* --- mmu/verdict.c: the only code here that looks inside a status word --- */
enum tdx_verdict {
	TDX_DONE,	/* success class */
	TDX_RETRY,	/* lost a module lock, or told to come back */
	TDX_CALLER,	/* user space chose a bad operand */
	TDX_BROKEN,	/* a bug on one side */
};

enum tdx_verdict tdx_judge(u64 status);
bool tdx_status_is(u64 status, u64 code);

/*
 * How often a call is made that comes back busy.  Whoever has the lock has it in
 * passing: a CPU that goes offline and flushes its vCPUs has the TDR, another
 * TD's call the metadata of a page, a vCPU that is on its way out an entry.  The
 * bound is some milliseconds, out of reach of chance even where every other call
 * comes back busy, and ends the wait for a module that breaks its own rules.
 */
#define TDX_TRIES	10000

/* Shall a call that returned @status be made again?  @tries starts with 0. */
static inline bool tdx_try_again(u64 status, unsigned int *tries)
{
	return tdx_judge(status) == TDX_RETRY && ++*tries < TDX_TRIES;
}

#define __tdx_call_retried(call, pause)					\
({									\
	unsigned int __tries = 0;					\
	u64 __status;							\
									\
	while (__status = (call), tdx_try_again(__status, &__tries))	\
		pause;							\
	__status;							\
})

/* Make @call, which returns a status, again while it is busy. */
#define tdx_call_retried(call)		__tdx_call_retried(call, cpu_relax())
/* The same where others may run in between. */
#define tdx_call_retried_sleeping(call)	__tdx_call_retried(call, cond_resched())

/* Log once what broke, mark the VM dead; returns -EIO. */
int tdx_broken(struct kvm_tdx *kvm_tdx, const char *leaf, u64 status,
	       const struct sept_info *info);
int tdx_broken_at(struct kvm_tdx *kvm_tdx, const char *leaf, u64 status, u64 gpa,
		  const struct sept_info *info);

/* --- mmu/reclaim.c: pages come back from the module --- */
/* Keep a page that the module did not give back; counted and named. */
void tdx_leak_page(struct kvm_tdx *kvm_tdx, struct page *page, const char *why);
/* RECLAIM a page, KeyID freed, and clear it; -EIO after it was leaked. */
int tdx_reclaim_page(struct kvm_tdx *kvm_tdx, struct page *page);

#endif /* _KVM_VMX_TDX_H */
