/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest side of the module: what the files that enter a TD, handle its
 * exits and serve its TDCALLs share among themselves.
 *
 *   vp_enter.c -> sw_guest_run() -> vp_exit.c -> tdcall.c, msr.c, ... ->
 *   inject.c or td_exit.c
 */
#ifndef _SWMOD_GUEST_H
#define _SWMOD_GUEST_H

#include "core/run.h"
#include "guest/enter.h"
#include "guest/vmcs.h"

#define SW_TDH_VP_ENTER		0	/* the leaf number */

/* What follows an exit: the guest goes on, or the host gets a TD exit. */
enum sw_next { SW_NEXT_RESUME, SW_NEXT_EXIT };

/* S-EPT entry bit: the page waits for the guest's ACCEPT. */
#define SW_EPT_PENDING_BIT	(1ULL << 56)

/* #VE categories */
enum sw_ve_category {
	SW_VE_ARCHITECTURAL	= 0,
	SW_VE_PENDING_PAGE	= 1,
	SW_VE_CONFIG_PARAVIRT	= 0x10,
	SW_VE_PARAVIRT		= 0x11,
};

/* Extended exit qualification: type in bits 3:0 */
enum sw_ext_type {
	SW_EXT_NONE = 0, SW_EXT_ACCEPT = 1, SW_EXT_ATTR_WR = 5,
	SW_EXT_PENDING = 6, SW_EXT_ENTRY_FAILURE = 7,
};

/* TD_CTLS bits */
#define SW_TD_CTL_PENDING_VE_DISABLE	(1ULL << 0)
#define SW_TD_CTL_ENUM_TOPOLOGY		(1ULL << 1)
#define SW_TD_CTL_VIRT_CPUID2		(1ULL << 2)
#define SW_TD_CTL_REDUCE_VE		(1ULL << 3)
#define SW_TD_CTL_LOCK			(1ULL << 63)

static inline bool sw_reduces_ve(const struct sw_run *run)
{
	return run->td->tdcs->td_ctls & SW_TD_CTL_REDUCE_VE;
}

/* --- vp_exit.c --- */
enum sw_next sw_handle_exit(struct sw_run *run);

static inline bool sw_td_has_cet(const struct sw_tdcs *tdcs)
{
	return tdcs->xfam & (1ULL << 11);
}

static inline bool sw_td_has_pks(const struct sw_tdcs *tdcs)
{
	return tdcs->attributes & (1ULL << 30);
}

/* ATTRIBUTES.DEBUG */
static inline bool sw_td_is_debug(const struct sw_run *run)
{
	return run->td->tdcs->attributes & 1;
}

#define SW_CFG_NO_RBP_MOD	(1ULL << 2)	/* of CONFIG_FLAGS */

/* --- td_exit.c: the registers that the host gets --- */
enum sw_next sw_td_exit(struct sw_run *run, u64 status);
enum sw_next sw_td_exit_ept(struct sw_run *run, u64 gpa, u64 qualification,
			    u64 ext);
enum sw_next sw_td_exit_vmcall(struct sw_run *run);
enum sw_next sw_td_exit_fatal(struct sw_run *run, u64 status);
/* What no control of ours asks for: fatal, but for a debug TD's host. */
enum sw_next sw_exit_unexpected(struct sw_run *run);

/* --- inject.c --- */
#define SW_NO_ERROR	(-1)
void sw_inject(struct sw_run *run, u8 vector, s64 error);
enum sw_next sw_inject_ud(struct sw_run *run);
enum sw_next sw_inject_gp(struct sw_run *run);
enum sw_next sw_inject_ve(struct sw_run *run, enum sw_ve_category category);
void sw_save_vectoring(struct sw_run *run);
void sw_arm_entry(struct sw_run *run);
void sw_skip(struct sw_run *run, u32 len);
unsigned int sw_cpl(struct sw_run *run);
bool sw_in_64bit(struct sw_run *run);

/* --- ept.c --- */
/* The EPT pointer of a vCPU's VMCS: merged_root.c, or a back end with SEAM mode. */
u64 sw_root_eptp(const struct sw_td *td, const struct sw_tdvps *vp);
void sw_root_load_shared(struct sw_tdvps *vp);
bool sw_root_sync_shared(struct sw_tdvps *vp);
bool sw_root_sync_private(const struct sw_td *td, struct sw_tdvps *vp);
enum sw_next sw_ept_violation(struct sw_run *run, u64 gpa, u64 gla,
			      u64 qualification);

/* --- step.c: zero-step mitigation --- */
void sw_step_entry(struct sw_run *run);
void sw_step_exit(struct sw_run *run);
void sw_step_fault(struct sw_run *run, u64 gpa, u64 gla, u64 qualification);
/* 0: enter; 1: a synthetic EPT violation is in the host's registers. */
u64 sw_step_filter(struct sw_run *run, bool *exit);

/* --- guest_mem.c --- */
/* Host address of an accepted private page, NULL if access would fault. */
void *sw_gpa_ptr(struct sw_run *run, u64 gpa, bool write);
enum sw_fetch { SW_FETCH_OK, SW_FETCH_RETRY, SW_FETCH_NOT_PRIVATE };

enum sw_fetch sw_fetch(struct sw_run *run, u64 gla, u8 *buf, unsigned int len);

/* How a TDCALL leaf ends. */
enum sw_call {
	SW_CALL_DONE,		/* status to RAX, on to the next instruction */
	SW_CALL_AGAIN,		/* nothing done: execute the same one again */
	SW_CALL_EXIT,		/* a TD exit is in the host's registers */
	SW_CALL_FAULT,		/* an exception is on its way */
};

enum sw_call sw_call_fault(struct sw_run *run, u64 gpa, bool write);

/* --- tdcall.c --- */
enum sw_next sw_exit_ud(struct sw_run *run);
/* tdcall_mem.c */
/* A TD exit for an entry at which the guest asked for more than is there. */
enum sw_call sw_accept_exit(struct sw_run *run, u64 gpa, u8 req,
			    const struct sw_entry *e, enum sw_ext_type type);
/* Of the first bytes of a TDREPORT, which it goes into. */
#define SW_REPORT_MACED	224
#define SW_REPORT_MAC	32
void sw_report_mac(const void *report, u8 mac[SW_REPORT_MAC]);
enum sw_call sw_tdg_mem_page_accept(struct sw_run *run, u64 *status);
enum sw_call sw_tdg_mr_report(struct sw_run *run, u64 *status);
enum sw_call sw_tdg_mr_rtmr_extend(struct sw_run *run, u64 *status);
/* tdcall_more.c */
enum sw_call sw_tdg_sys_rdall(struct sw_run *run, u64 *status);
enum sw_call sw_tdg_mr_verifyreport(struct sw_run *run, u64 *status);
enum sw_call sw_tdg_mem_page_attr_rd(struct sw_run *run, u64 *status);
enum sw_call sw_tdg_mem_page_attr_wr(struct sw_run *run, u64 *status);

/* --- cpuid_exit.c, cr.c, msr.c, vapic.c --- */
enum sw_next sw_exit_cpuid(struct sw_run *run);
bool sw_cpuid_has_waitpkg(const struct sw_tdcs *tdcs);
/* The features in leaf 1 or 7 that the guest sees at the moment. */
bool sw_cpuid_feature_leaf(struct sw_run *run, u32 leaf, struct sw_cpuid_val *v);
enum sw_next sw_exit_cr(struct sw_run *run);
enum sw_next sw_exit_xsetbv(struct sw_run *run);
u64 sw_cr0_host_owned(void);
u64 sw_cr4_host_owned(const struct sw_tdcs *tdcs);
enum sw_next sw_exit_rdmsr(struct sw_run *run);
enum sw_next sw_exit_wrmsr(struct sw_run *run);
void sw_merge_posted(struct sw_run *run);

/* --- xstate.c: called by back ends with the host's XSAVE image --- */
void sw_xstate_enter(struct sw_run *run, const void *host);
void sw_xstate_exit(struct sw_run *run, void *host);

/* --- vp_enter.c --- */
void sw_guest_init_common(struct sw_td *td, struct sw_tdvps *vp);

#endif /* _SWMOD_GUEST_H */
