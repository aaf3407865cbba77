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
#include "sept.h"

/* A TD's life; moves forward only. */
enum td_state {
	TD_S_NONE,		/* created, KVM_TDX_INIT_VM not done */
	TD_S_INITIALIZED,	/* vCPUs and memory may be added */
	TD_S_RUNNABLE,		/* KVM_TDX_FINALIZE_VM done */
	TD_S_KEYLESS,		/* KeyID freed: only RECLAIM works */
};

struct kvm_tdx {
	/* First: base code reaches struct kvm_vmx and struct kvm through it. */
	struct kvm_vmx vmx;

	/* Written once by KVM_TDX_INIT_VM under kvm->lock; constant after. */
	struct tdx_td td;
	u64 attributes;
	u64 xfam;
	u64 tsc_offset;
	u64 tsc_multiplier;
	u8 gpaw;

	/*
	 * Written under kvm->lock with every vcpu->mutex held (KEYLESS: when
	 * no vCPU can run any more).  Readers without these locks pair their
	 * smp_load_acquire() with the smp_store_release() in td_set_state().
	 */
	enum td_state state;

	/*
	 * Set under mmu_lock for write by track.c while a zap needs the
	 * module's locks; vCPUs look at it right before TDH.VP.ENTER.
	 */
	bool quiesce;

	struct sept sept;

	/*
	 * Top-level page of the EPT that the module walks for shared GPAs:
	 * its upper half repeats the lower half of KVM's direct root.
	 */
	struct page *shared_root;
};

enum tdx_vcpu_state {
	TDX_VCPU_NONE,
	TDX_VCPU_INITIALIZED,	/* KVM_TDX_INIT_VCPU done */
};

struct vcpu_tdx {
	/* First: posted interrupts and exit dispatch use struct vcpu_vmx. */
	struct vcpu_vmx vmx;

	struct tdx_vp vp;
	enum tdx_vcpu_state state;
	/* The CPU the module associates this vCPU with, -1 for none. */
	int assoc_cpu;
	struct list_head cpu_list;

	/* Outcome of the last TDH.VP.ENTER. */
	u64 vp_enter_ret;
	struct tdx_module_args args;
	u64 exit_gpa;
	u64 exit_qual;
	u64 ext_exit_qual;
	u32 exit_intr_info;

	u64 map_gpa_next, map_gpa_end;
	u64 host_kernel_gs_base;
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
static inline gpa_t tdx_shared_bit(const struct kvm_tdx *tdx)
{
	return BIT_ULL(tdx->gpaw - 1);
}

static inline enum td_state td_state(const struct kvm_tdx *tdx)
{
	/* Pairs with smp_store_release() in td_set_state(). */
	return smp_load_acquire(&tdx->state);
}

/* --- main.c: joins kvm_x86_ops --- */
int vt_hardware_setup(void);
int tdx_hardware_setup(struct kvm_x86_ops *ops);
int tdx_bringup(void);
void tdx_cleanup(void);

/* --- uapi.c: the commands --- */
int tdx_vm_ioctl(struct kvm *kvm, void __user *argp);
long tdx_vcpu_unlocked_ioctl(struct kvm_vcpu *vcpu, void __user *argp);

/* --- td.c: a TD's life; td_params.c: its parameters --- */
int tdx_vm_init(struct kvm *kvm);
void tdx_vm_destroy(struct kvm *kvm);
void td_release_keyid(struct kvm *kvm);
void td_set_state(struct kvm_tdx *tdx, enum td_state state);
int td_init(struct kvm *kvm, struct kvm_tdx_cmd *cmd);
int td_finalize(struct kvm *kvm, struct kvm_tdx_cmd *cmd);
int td_get_capabilities(struct kvm *kvm, struct kvm_tdx_cmd *cmd);

/* --- vcpu.c --- */
int tdx_vcpu_precreate(struct kvm *kvm);
int tdx_vcpu_create(struct kvm_vcpu *vcpu);
void tdx_vcpu_free(struct kvm_vcpu *vcpu);
int tdx_vcpu_init(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd);
int tdx_vcpu_get_cpuid(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd);
void tdx_flush_vp_on_cpu(struct kvm_vcpu *vcpu);

/* --- run.c, exit.c, tdvmcall.c, irq.c --- */
fastpath_t tdx_vcpu_run(struct kvm_vcpu *vcpu, bool force_immediate_exit);
int tdx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath);
int tdx_handle_tdvmcall(struct kvm_vcpu *vcpu);
bool tdx_has_interrupt(struct kvm_vcpu *vcpu);

/* --- image.c: KVM_TDX_INIT_MEM_REGION --- */
int tdx_init_mem_region(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd);

/* --- fault.c: the only retry loop --- */
int tdx_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 exit_qual, u64 ext_qual);
long tdx_pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range);

/* --- shared.c: the shared half --- */
int tdx_shared_init(struct kvm_tdx *tdx);
void tdx_shared_destroy(struct kvm_tdx *tdx);
void tdx_shared_sync(struct kvm_vcpu *vcpu);

/* --- gmem.c: base KVM's invalidations reach the private MMU --- */
void tdx_zap_private(struct kvm *kvm, gfn_t start, gfn_t end);

/* --- verdict.c: the only code here that looks inside a status word --- */
enum tdx_verdict {
	TDX_DONE,	/* success class */
	TDX_RETRY,	/* lost a module lock, or told to come back */
	TDX_CALLER,	/* user space chose a bad operand */
	TDX_EXISTS,	/* someone else brought the entry there */
	TDX_BROKEN,	/* a bug on one side */
};

enum tdx_verdict tdx_judge(u64 status);
bool tdx_status_is(u64 status, u64 code);
/* Log once what broke, mark the VM dead; returns -EIO. */
int tdx_broken(struct kvm_tdx *tdx, const char *leaf, u64 status,
	       const struct sept_info *info);
/* Keep a page that the module did not give back; counted and named. */
void tdx_leak_page(struct kvm_tdx *tdx, struct page *page, const char *why);
/* Clean a page's cache lines for @hkid and clear it for reuse. */
int tdx_reclaim_page(struct kvm_tdx *tdx, struct page *page);

#endif /* _KVM_VMX_TDX_H */
