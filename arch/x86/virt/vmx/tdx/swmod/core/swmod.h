/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The software TDX module: types and calls shared by its files.
 *
 * Plain C over os.h and run.h; only vmx/ knows VMX, only os/kernel/ the kernel.
 * TD state lives in the pages that the host donates, as on hardware, so the
 * module allocates nothing at run time and has nothing to leak.
 */
#ifndef _SWMOD_H
#define _SWMOD_H

#include "core/os.h"
#include "core/sw_status.h"

#define SW_PAGE_SIZE		4096UL
#define SW_GPAW			48
#define SW_SHARED_BIT		(1ULL << (SW_GPAW - 1))
#define SW_ROOT_LEVEL		3
#define SW_TDCS_PAGES_MIN	6
#define SW_TDCS_PAGES_MAX	9
#define SW_TDVPS_PAGES		6
/* What VP.ADDCX takes; L2 VMs, which there are none of, would use the rest. */
#define SW_TDVPS_PAGES_MAX	15
#define SW_MAX_VCPUS		576
#define SW_MAX_CPUS		256
#define SW_MAX_PKGS		8
#define SW_MAX_HKIDS		2048

/* The GPRs of a SEAMCALL or TDCALL. */
struct sw_regs {
	u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
};

/* --- locks: try-locks only, never spinning (lock.c) --- */

/* sharex_hp: bit 0 exclusive, bit 1 host priority, bits 15:2 readers. */
struct sw_sharex {
	u16 word;
};

enum sw_side { SW_HOST, SW_GUEST };
enum sw_mode { SW_SHARED, SW_EXCL };

/* 0, or SW_OPERAND_BUSY / SW_OPERAND_BUSY_HOST_PRIORITY without an operand. */
u64 sw_lock(struct sw_sharex *lock, enum sw_mode mode, enum sw_side side);
void sw_unlock(struct sw_sharex *lock, enum sw_mode mode);
/* Only the sole sharer can promote. */
u64 sw_promote(struct sw_sharex *lock);
/* Has a host lost it since a host had it last? */
bool sw_lock_wanted(const struct sw_sharex *lock);

/* --- PAMT (pamt.c) --- */

enum sw_pt {
	SW_PT_NDA = 0, SW_PT_RSVD = 1, SW_PT_REG = 3, SW_PT_TDR = 4,
	SW_PT_TDCX = 5, SW_PT_TDVPR = 6, SW_PT_EPT = 8, SW_PT_PAMT = 15,
};

/* 16 bytes a page, as the module lays it out. */
struct sw_pamt_entry {
	struct sw_sharex lock;
	u8 type_flags;		/* bits 4:0 type */
	u8 owner[5];		/* TDR page frame number */
	u64 bepoch;
};

/* A locked page operand.  A zeroed reference puts to nothing. */
struct sw_page {
	u64 pa;
	u8 level;
	u8 held_1g, held_2m;		/* shared locks on the way down */
	enum sw_mode mode;
	struct sw_pamt_entry *e, *e1g, *e2m;
};

/*
 * Check @pa (alignment to @level, HKID bits, MAXPA, TDMR), walk its PAMT and
 * lock the entry.  @operand goes into a failing status.  @want < 0 accepts
 * any type; otherwise another type is SW_PAGE_METADATA_INCORRECT.
 */
u64 sw_page_get(u64 pa, u8 level, enum sw_mode mode, int want, u32 operand,
		struct sw_page *ref);
/* Lock only the leaf entry of a page known to be assigned ("implicit"). */
u64 sw_page_get_implicit(u64 pa, enum sw_mode mode, int want, u32 operand,
			 struct sw_page *ref);
void sw_page_put(struct sw_page *ref);
enum sw_pt sw_page_type(const struct sw_page *ref);
u64 sw_page_owner(const struct sw_page *ref);
/* Bit 62 if a dynamic PAMT's pair of pages has no page in use any more. */
u64 sw_page_set(struct sw_page *ref, enum sw_pt type, u64 owner_pa);

/* --- TD control structures, in donated pages --- */

enum sw_lifecycle {
	SW_HKID_ASSIGNED, SW_KEYS_CONFIGURED, SW_BLOCKED, SW_TEARDOWN,
};

enum sw_op_state {
	SW_OP_UNINITIALIZED = 0, SW_OP_INITIALIZED = 1, SW_OP_RUNNABLE = 2,
};

/* The TDR page. */
struct sw_tdr {
	u32 lifecycle;
	u8 fatal;
	u32 num_tdcx;
	u64 chldcnt;			/* 4 KiB units; atomic */
	u64 tdcx_pa[SW_TDCS_PAGES_MAX];
	u16 hkid;
	u64 pkg_config_bitmap;		/* atomic */
	u64 uuid[4];
};

struct sw_cpuid_val {
	u32 eax, ebx, ecx, edx;
};

#define SW_NR_CPUID_VALUES	80
/* CPUID_CONTROL has room for more; its index is that of the values. */
#define SW_NR_CPUID_CONTROLS	128

/* TDCS page 0. */
struct sw_tdcs {
	struct sw_sharex op_lock;	/* operand SW_OPND_OP_STATE */
	struct sw_sharex tree_lock;	/* operand SW_OPND_SEPT_TREE */
	struct sw_sharex epoch_lock;	/* operand SW_OPND_TD_EPOCH */
	struct sw_sharex rtmr_lock;	/* operand SW_OPND_RTMR */
	u32 op_state;
	u32 num_vcpus, num_assoc_vcpus;	/* atomic */
	u32 max_vcpus;
	u64 attributes, xfam, config_flags, eptp, td_ctls, notify_enables;
	u64 tsc_offset, tsc_multiplier;
	u16 tsc_frequency;
	u64 hp_lock_timeout;		/* microseconds */
	u64 feature_paravirt_ctls;
	u8 topology_enum_configured, ve_reduction_valid;
	/* TLB tracking; TD_EPOCH and its two reference counts. */
	u64 td_epoch;
	u16 refcount[2];		/* atomic */
	/* measurement */
	u8 mrtd[48];
	u8 mrconfigid[48], mrowner[48], mrownerconfig[48];
	u8 rtmr[4][48];
	u8 mrtd_ctx[512];		/* os.h's SHA-384 state */
	struct sw_cpuid_val cpuid[SW_NR_CPUID_VALUES];
	u8 cpuid_valid[SW_NR_CPUID_VALUES];
};

/* TDCS page 1. */
struct sw_tdcs1 {
	u32 x2apic_id[SW_MAX_VCPUS];
};

/* TDCS page index of the other structures. */
enum { SW_TDCS_MSR_BITMAP = 2, SW_TDCS_SEPT_ROOT = 3 };
/* TDVPS page index. */
enum {
	SW_TDVPS_MGMT, SW_TDVPS_VMCS, SW_TDVPS_VAPIC,
	SW_TDVPS_XBUFF, SW_TDVPS_SPARE, SW_TDVPS_EPT_ROOT,
};

enum sw_vcpu_state {
	SW_VCPU_UNINITIALIZED = 0, SW_VCPU_READY = 2, SW_VCPU_ACTIVE = 4,
	SW_VCPU_DISABLED = 8,
};

enum sw_last_exit { SW_EXIT_ASYNC_FAULT, SW_EXIT_ASYNC_TRAP, SW_EXIT_TDVMCALL };

/* What TDG.VP.VEINFO.GET hands out. */
struct sw_ve_info {
	u32 exit_reason, valid;		/* valid: 0 or ~0u */
	u64 qualification, gla, gpa;
	u16 eptp_index;
	u32 instr_length, instr_info;
	u8 category;
	u32 interruptibility;
};

#define SW_EPF_LIST		32

/* An event to deliver at the next entry, in the words of the VMCS. */
struct sw_event {
	u32 info, error, instr_len;
};

/*
 * The last page that a TDCALL was fetched from, with the guest's page-table
 * entries that led there.  Dropped with the TLB.
 */
struct sw_fetch_cache {
	u64 gla, cr3, cr4, efer;
	const void *pte[5];
	u64 val[5];
	const u8 *page;			/* NULL: nothing cached */
	u8 n, pte_size;
};

/* TDVPS page 0 (TDVPR). */
struct sw_tdvps {
	struct sw_ve_info ve;
	u64 tdr_pa;
	u64 page_pa[SW_TDVPS_PAGES_MAX];
	u32 num_pages;
	u32 state;			/* enum sw_vcpu_state; atomic */
	s32 assoc_lpid;			/* -1: none; atomic */
	u32 vcpu_index, x2apic_id;
	u64 vcpu_epoch;
	u8 last_exit;			/* enum sw_last_exit */
	u8 pend_nmi, cpuid_supervisor_ve, cpuid_user_ve;
	u8 launched;			/* VMLAUNCH done since VMCLEAR */
	u8 nmi_unblocking_due_to_iret;
	u64 last_exit_tsc;
	u64 hp_busy_start;
	u8 hp_busy;
	/* zero-step: RIP at the last entry, faults there, the pages faulted on */
	u64 epf_rip;
	u8 epf_count, epf_n;
	u64 epf_gpa[SW_EPF_LIST];
	u64 epf_qualification, epf_gla;	/* of the last of them */
	u8 cpuid_control[SW_NR_CPUID_CONTROLS];	/* #VE, leaf by leaf */
	struct sw_event event;		/* survives TD exits */
	u8 rvi;				/* as of the last TD exit */
	u8 flush_owed;			/* epoch moved, TLB not flushed yet */
	struct sw_fetch_cache fetch;
	/* The guest's registers outside the VMCS; RSP and RIP are inside. */
	struct sw_regs gpr;
	u64 dr[4], dr6, cr2, xcr0, xss;
	u64 vmcall_mask;		/* RCX of the TDVMCALL that exited */
	u64 misc_enable, kernel_gs_base, star, lstar, fmask, tsc_aux;
	u64 spec_ctrl, ds_area, umwait;
	u64 u_cet, pl_ssp[4];		/* of CET; the rest is in the VMCS */
	u64 shared_eptp, eptp;
	u64 spare[31];			/* the VMX back end's own */
};

/* --- per-CPU and global state (leaf_sys.c) --- */

struct sw_cpu {
	u32 lpid;
	u8 lp_init_done;
	u32 install;			/* the last one that it took part in */
	u64 last_tdvpr;			/* the vCPU that ran here last */
	/* The call being made, for whoever debugs: number plus 1, operands. */
	u32 in_leaf;
	u64 in_rcx, in_rdx;
};

enum sw_sys_state {
	SW_SYSINIT_PENDING, SW_SYSINIT_DONE, SW_SYSCONFIG_DONE, SW_SYS_READY,
	SW_SYS_SHUTDOWN_DONE,
};

/* A TD taken by a leaf: the TDR page, its structures, and locks to put. */
struct sw_td {
	struct sw_page page;
	struct sw_tdr *tdr;
	struct sw_tdcs *tdcs;
	struct sw_tdcs1 *tdcs1;
	u8 op_held, op_mode, tree_held, tree_mode;
};

/*
 * The checks common to TD-scoped leaves, in the module's order: operand,
 * PAMT lock and type, FATAL, life cycle, TDCS, OP_STATE lock and matrix.
 * @op_mode < 0 leaves OP_STATE unlocked (implied by an exclusive TDR).
 */
u64 sw_td_get(u64 tdr_pa, enum sw_mode tdr_mode, int op_mode, u32 leaf,
	      u32 operand, bool implicit, struct sw_td *td);
u64 sw_td_lock_tree(struct sw_td *td, enum sw_mode mode);
void sw_td_put(struct sw_td *td);

void *sw_tdcs_page(const struct sw_td *td, unsigned int index);
void *sw_tdvps_page(const struct sw_tdvps *vp, unsigned int index);

/* --- S-EPT (sept.c) --- */

#define SW_EPT_R		(1ULL << 0)
#define SW_EPT_W		(1ULL << 1)
#define SW_EPT_X		(1ULL << 2)
#define SW_EPT_RWX		7ULL
#define SW_EPT_LEAF_BIT		(1ULL << 7)
#define SW_EPT_PFN		0x000ffffffffff000ULL
#define SW_EPT_SVE		(1ULL << 63)
#define SW_EPT_LOCK_BIT		11
#define SW_EPT_HP_BIT		52

/* Numbered by the public state number where the issue reports it. */
enum sw_sept_state {
	SW_ST_FREE, SW_ST_REMOVED, SW_ST_NL_MAPPED, SW_ST_NL_BLOCKED,
	SW_ST_MAPPED, SW_ST_BLOCKED, SW_ST_BLOCKEDW, SW_ST_EXPORTED_BLOCKEDW,
	SW_ST_EXPORTED_DIRTY, SW_ST_EXPORTED_DIRTY_BLOCKEDW, SW_ST_PENDING,
	SW_ST_PENDING_BLOCKED, SW_ST_PENDING_BLOCKEDW,
	SW_ST_PENDING_EXPORTED_BLOCKEDW, SW_ST_PENDING_EXPORTED_DIRTY,
	SW_ST_PENDING_EXPORTED_DIRTY_BLOCKEDW, SW_NR_SEPT_STATES,
};

/* An S-EPT entry found by a walk. */
struct sw_entry {
	u64 *p;
	u64 val;
	u64 counter;			/* address bits in which an ACCEPT counts */
	u8 level;
	bool locked;
};

enum sw_sept_state sw_sept_state(u64 entry);
u8 sw_sept_public_state(u64 entry);
/*
 * Walk to @level (0 based).  Returns 0 with the entry at @level, or
 * SW_EPT_WALK_FAILED|RCX with the last entry read.
 */
u64 sw_sept_walk(const struct sw_td *td, u64 gpa, u8 level, struct sw_entry *e);
/* The leaf, or the last entry, that translates a private GPA. */
void sw_sept_leaf(const struct sw_td *td, u64 gpa, struct sw_entry *e);
bool sw_sept_accessible(const struct sw_entry *e);
u64 sw_entry_lock(struct sw_entry *e, enum sw_side side);
void sw_entry_unlock(struct sw_entry *e);
/* RCX and RDX of a leaf that reports the entry at which it stopped. */
void sw_entry_report(const struct sw_entry *e, struct sw_regs *r);

/* --- TLB tracking (epoch.c) --- */
u64 sw_epoch_enter(struct sw_td *td, struct sw_tdvps *vp, bool *flush);
void sw_epoch_exit(struct sw_td *td, struct sw_tdvps *vp);
u64 sw_epoch_track(struct sw_td *td);
bool sw_epoch_tracked(const struct sw_td *td, u64 bepoch);

/* --- the CPU that makes the call (sys.c) --- */
/* Is CPUID limited on this CPU?  And is IA32_TSC_ADJUST that of SYS.INIT? */
u64 sw_check_cpuid_limit(void);
u64 sw_check_tsc_adjust(void);
u64 sw_tsc_adjust(void);

/* --- vCPUs (td.c) --- */
u64 sw_vp_associate(struct sw_cpu *cpu, struct sw_td *td, struct sw_tdvps *vp,
		    bool *fresh);
/* Has a vCPU that is not running an interrupt that it would take? */
bool sw_vp_intr_pending(struct sw_tdvps *vp);

/* --- CPUID (cpuid.c) and metadata (metadata.c) --- */
u64 sw_cpuid_init(struct sw_tdcs *tdcs, const struct sw_cpuid_val *config,
		  u64 *bad_leaf);
/* A leaf's place in the table of them, or -1. */
int sw_cpuid_index(u32 leaf, u32 subleaf);
bool sw_cpuid_lookup(const struct sw_tdcs *tdcs, u32 leaf, u32 subleaf,
		     struct sw_cpuid_val *out);
/* A leaf of the table as the processor has it. */
void sw_cpuid_native(u32 leaf, u32 subleaf, struct sw_cpuid_val *out);
u64 sw_md_sys_rd(u64 field, enum sw_side side, u64 *val, u64 *next);
/* A list of fields from @start on into @buf; the field that did not fit. */
u64 sw_md_sys_rdall(u64 start, enum sw_side side, void *buf, size_t size,
		    u64 *next);
/* The identifier that stands for the first one means nothing in version 0. */
u64 sw_md_first(bool v1, u64 field);
u64 sw_md_td_rd(struct sw_td *td, u64 field, enum sw_side side, u64 *val, u64 *next);
u64 sw_md_td_wr(struct sw_td *td, u64 field, enum sw_side side, u64 val, u64 mask,
		u64 *old);
u64 sw_md_vp_rd(struct sw_td *td, struct sw_tdvps *vp, u64 field,
		enum sw_side side, u64 *val, u64 *next);
u64 sw_md_vp_wr(struct sw_td *td, struct sw_tdvps *vp, u64 field,
		enum sw_side side, u64 val, u64 mask, u64 *old);

/* Count a TDCALL, and 4 KiB pages that became the guest's (stat.c). */
void sw_stat_tdcall(u32 leaf, u64 status);
void sw_stat_accepted(u64 npages);

/* --- faults on purpose (fault_rule.c), as far as all files see them --- */
/* Something is armed; the rest is called only then. */
extern u32 sw_fault_armed;
bool sw_fault_refuse(enum sw_side side);
/* A TDCALL: a status to answer right away, or 0; one to end with, or 0. */
u64 sw_fault_tdcall_begin(u32 leaf);
u64 sw_fault_tdcall_end(void);
/* Before the guest is run: true if it meets the exit in @x instead. */
struct sw_exit;
bool sw_fault_exit(struct sw_exit *x);

#endif /* _SWMOD_H */
