/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's global state, and what leaves need of the core besides swmod.h.
 * The guest side does not include this.
 */
#ifndef _SWMOD_CORE_H
#define _SWMOD_CORE_H

#include "core/swmod.h"

#define SW_MAX_TDMRS		64
#define SW_MAX_RSVD		16
#define SW_MAX_CMRS		32
#define SW_NR_CPUID_CONFIG	28
#define SW_CPUID_NO_SUBLEAF	(~0u)
#define SW_NR_LEAVES		128

#define SW_SIZE_4K		(1ULL << 12)
#define SW_SIZE_2M		(1ULL << 21)
#define SW_SIZE_1G		(1ULL << 30)
/* What an entry at @level maps; the S-EPT's levels and the PAMT's are one. */
#define SW_LEVEL_SHIFT(level)	(12 + 9 * (level))
#define SW_LEVEL_SIZE(level)	(1ULL << SW_LEVEL_SHIFT(level))
#define SW_ALIGNED(x, size)	(!((x) & ((size) - 1)))
#define SW_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum sw_leaf {
	SW_LEAF_VP_ENTER = 0, SW_LEAF_MNG_ADDCX = 1, SW_LEAF_MEM_PAGE_ADD = 2,
	SW_LEAF_MEM_SEPT_ADD = 3, SW_LEAF_VP_ADDCX = 4,
	SW_LEAF_MEM_PAGE_RELOCATE = 5, SW_LEAF_MEM_PAGE_AUG = 6,
	SW_LEAF_MEM_RANGE_BLOCK = 7, SW_LEAF_MNG_KEY_CONFIG = 8,
	SW_LEAF_MNG_CREATE = 9, SW_LEAF_VP_CREATE = 10, SW_LEAF_MNG_RD = 11,
	SW_LEAF_MEM_RD = 12, SW_LEAF_MNG_WR = 13, SW_LEAF_MEM_WR = 14,
	SW_LEAF_MEM_PAGE_DEMOTE = 15, SW_LEAF_MR_EXTEND = 16,
	SW_LEAF_MR_FINALIZE = 17, SW_LEAF_VP_FLUSH = 18,
	SW_LEAF_MNG_VPFLUSHDONE = 19, SW_LEAF_MNG_KEY_FREEID = 20,
	SW_LEAF_MNG_INIT = 21, SW_LEAF_VP_INIT = 22,
	SW_LEAF_MEM_PAGE_PROMOTE = 23, SW_LEAF_PHYMEM_PAGE_RDMD = 24,
	SW_LEAF_MEM_SEPT_RD = 25, SW_LEAF_VP_RD = 26,
	SW_LEAF_MNG_KEY_RECLAIMID = 27, SW_LEAF_PHYMEM_PAGE_RECLAIM = 28,
	SW_LEAF_MEM_PAGE_REMOVE = 29, SW_LEAF_MEM_SEPT_REMOVE = 30,
	SW_LEAF_SYS_KEY_CONFIG = 31, SW_LEAF_SYS_INFO = 32,
	SW_LEAF_SYS_INIT = 33, SW_LEAF_SYS_RD = 34, SW_LEAF_SYS_LP_INIT = 35,
	SW_LEAF_SYS_TDMR_INIT = 36, SW_LEAF_SYS_RDALL = 37,
	SW_LEAF_MEM_TRACK = 38, SW_LEAF_MEM_RANGE_UNBLOCK = 39,
	SW_LEAF_PHYMEM_CACHE_WB = 40, SW_LEAF_PHYMEM_PAGE_WBINVD = 41,
	SW_LEAF_VP_WR = 43, SW_LEAF_SYS_LP_SHUTDOWN = 44,
	SW_LEAF_SYS_CONFIG = 45, SW_LEAF_SYS_SHUTDOWN = 52,
	SW_LEAF_SYS_UPDATE = 53, SW_LEAF_PHYMEM_PAMT_ADD = 58,
	SW_LEAF_PHYMEM_PAMT_REMOVE = 59, SW_LEAF_SYS_DISABLE = 69,
};

/* SYS.UPDATE judges it by itself, behind the state. */
#define SW_SYS_UPDATE_VERSION	1

#define SW_MODULE_MAJOR		1
#define SW_MODULE_MINOR		5
#define SW_MODULE_UPDATE	25
#define SW_MODULE_BUILD_DATE	20260101
/* ASCII "SW" where a vendor's module has its PCI vendor id. */
#define SW_MODULE_VENDOR	0x5753

#define SW_ATTR_DEBUG		(1ULL << 0)
#define SW_ATTR_SEPT_VE_DISABLE	(1ULL << 28)
#define SW_ATTR_PKS		(1ULL << 30)
/*
 * x87 and SSE always; AVX, AVX-512 and PKRU fit in the one XBUFF page, and CET's
 * registers have their place in TDVPS.
 */
#define SW_XFAM_FIXED1		0x3ULL
#define SW_XFAM_SUPPORTED	0x1AE7ULL
#define SW_XFAM_AVX		(1ULL << 2)
#define SW_XFAM_AVX512		(7ULL << 5)
#define SW_XFAM_PKRU		(1ULL << 9)
#define SW_XFAM_CET		(3ULL << 11)
#define SW_XFAM_SUPERVISOR	SW_XFAM_CET
/* CONFIG_FLAGS: FLEXIBLE_PENDING_VE and NO_RBP_MOD; GPAW is 48 always. */
#define SW_FLAG_FLEXIBLE_PENDING_VE	(1ULL << 1)
#define SW_FLAG_NO_RBP_MOD	(1ULL << 2)
#define SW_CONFIG_FLAGS_SUPPORTED \
	(SW_FLAG_FLEXIBLE_PENDING_VE | SW_FLAG_NO_RBP_MOD)

struct sw_range {
	u64 base, size;
};

/* One TD memory region; constant after SYS.CONFIG but for @next. */
struct sw_tdmr {
	u64 base, size;
	u64 pamt[3];			/* by level: 4K, 2M, 1G */
	u64 pamt_size[3];
	struct sw_range rsvd[SW_MAX_RSVD];	/* absolute addresses */
	unsigned int nr_rsvd;
	struct sw_sharex lock;		/* TDMR.INIT */
	u64 next;			/* below: PAMT initialised; atomic */
};

enum sw_kot_state {
	SW_KOT_FREE, SW_KOT_ASSIGNED, SW_KOT_FLUSHED, SW_KOT_RESERVED,
};

/* Key ownership table entry: who has this KeyID. */
struct sw_kot {
	u8 state;
	u64 wb_pending;			/* packages that owe a CACHE.WB; atomic */
	u64 wb_listed;			/* packages whose CACHE.WB has it to do */
};

/* Which module this is, and which handoff data it writes and understands. */
struct sw_version {
	u16 major, minor, update;
	u16 hv, min_hv;
};

/* SEAMLDR.INSTALL, from the first CPU's call to the last one's. */
struct sw_install {
	u32 number;			/* counts installs, also failed ones */
	u32 nr_cpus;			/* that have called; 0: none is under way */
	u64 params;
};

/* The module's own state.  Everything of a TD lives in donated pages. */
struct sw_sys {
	struct sw_sharex lock;		/* bring-up leaves; SW_SYS_BUSY */
	u32 state;			/* enum sw_sys_state; atomic */
	u32 nr_lps;			/* that did LP.INIT; atomic */
	u32 in_flight;			/* SEAMCALLs being executed; atomic */
	u32 first_hkid, nr_hkids;	/* the private range */
	u32 hkid;			/* the module's own */
	u64 keyed_pkgs;			/* that did KEY.CONFIG; atomic */
	unsigned int nr_tdmrs, nr_cmrs;
	u8 dynamic_pamt;		/* the host asked for it; constant then */
	struct sw_tdmr tdmr[SW_MAX_TDMRS];
	struct sw_range cmr[SW_MAX_CMRS];
	struct sw_sharex kot_lock;	/* operand SW_OPND_KOT */
	struct sw_kot kot[SW_MAX_HKIDS];
	struct sw_sharex wb_lock[SW_MAX_PKGS];	/* SW_OPND_WBCACHE */
	u32 wb_next[SW_MAX_PKGS];	/* cache block to resume at, 0: none */
	struct sw_cpuid_val cpuid[SW_NR_CPUID_VALUES];	/* native */
	u64 tsc_adjust;			/* of the CPU that made SYS.INIT */
	/* Replacing the module; what is above stays, as if it had been handed off. */
	struct sw_sharex install_lock;
	struct sw_install install;
	struct sw_version version;	/* all 0: as built */
	u32 nr_updates;
	u16 handoff_hv;			/* 0: SYS.SHUTDOWN has left nothing */
};

extern struct sw_sys sw_sys;
/* Of the module that was loaded last (sys.c). */
const struct sw_version *sw_version(void);

bool sw_sys_check_hpa(u64 pa);
/* With no KeyID, or one that is shared with the host? */
bool sw_hpa_is_shared(u64 pa);
struct sw_tdmr *sw_tdmr_find(u64 pa);
/* In the PAMT of an initialised part of a TDMR? */
bool sw_pa_usable(u64 pa);
bool sw_covered_by_cmr(u64 base, u64 size);
bool sw_tdmr_reserved(const struct sw_tdmr *t, u64 pa);
/* What the next CACHE.WB has to do on the package of this bit; is it any? */
bool sw_cache_wb_start(u64 bit);

/* --- PAMT beyond swmod.h --- */
/* The checks of a page operand that need no metadata. */
u64 sw_page_operand(u64 pa, u8 level, u32 operand);
/* Lock only the entry of a page that the module knows to be a leaf there. */
u64 sw_page_get_leaf(u64 pa, u8 level, enum sw_mode mode, int want, u32 operand,
		     struct sw_page *ref);
/* A 2 MiB entry without a type whose small pages are not all free. */
bool sw_page_is_split(const struct sw_page *ref);
/* An entry for whoever looks without locks; NULL if there is none. */
const struct sw_pamt_entry *sw_pamt_peek(u64 pa, u8 level);

/* Two pages that are to hold 512 entries: dynamic PAMT only. */
struct sw_pamt_pair {
	u64 pa[2];
	u32 operand[2];
	struct sw_page page[2];
};

/*
 * Split an exclusively held 2 MiB leaf into 512 small ones, or merge them.
 * @pair goes in, or comes out, with dynamic PAMT.
 */
void sw_pamt_split(struct sw_page *ref, const struct sw_pamt_pair *pair);
u64 sw_pamt_merge(u64 pa, u64 owner_pa, struct sw_page *ref);
void sw_pamt_join(struct sw_page *ref, u64 owner_pa, u64 pair[2]);
/* Write BEPOCH of an assigned page without its lock. */
void sw_pamt_set_bepoch(u64 pa, u8 level, u64 epoch);
u64 sw_pamt_bepoch(u64 pa, u8 level);

/* --- dynamic PAMT (pamt_dynamic.c) --- */
#define SW_PAMT_HINT		(1ULL << 62)
#define SW_PAMT_MAXPA		48	/* what the addresses in a node reach */

#define SW_NODE_ENTRIES		256	/* of 16 bytes in one page */

/* False if the page has a mark already. */
bool sw_pamt_mark(u64 pa);
void sw_pamt_unmark(u64 pa);
bool sw_pamt_marked(const struct sw_tdmr *t, u64 pa);
bool sw_pamt_range_unmarked(const struct sw_tdmr *t, u64 pa);
void sw_pamt_mark_init(const struct sw_tdmr *t, u64 pa, bool reserved);

/* A 2M entry of type PAMT. */
u64 sw_node_page(const struct sw_pamt_entry *node, unsigned int half);
struct sw_pamt_entry *sw_node_entry(const struct sw_pamt_entry *node, u64 pa);
/* One more page in use or one less: SW_PAMT_HINT if that was the last. */
u64 sw_node_count(struct sw_pamt_entry *node, int used);
void sw_node_make(struct sw_pamt_entry *node, const struct sw_pamt_pair *pair,
		  unsigned int count);
/* The caller gives the entry its new type. */
void sw_node_unmake(struct sw_pamt_entry *node, u64 pair[2]);

/* --- TDs (td.c) --- */
/* Steps 1 of sw_td_get() only: the operand, lock and type of a TDR. */
u64 sw_tdr_get(u64 tdr_pa, enum sw_mode mode, u32 operand, bool implicit,
	       struct sw_td *td);
bool sw_op_state_allows(u32 leaf, u32 op_state);
bool sw_tracking_needed(const struct sw_td *td);
void sw_td_children(struct sw_td *td, s64 pages);

/* A vCPU taken by a leaf. */
struct sw_vp_ref {
	struct sw_page page;
	struct sw_tdvps *vp;
	struct sw_td td;
};

/*
 * TDVPR page, then its TD with an implicit lock.  @op_mode as in sw_td_get().
 */
u64 sw_vp_get(u64 tdvpr_pa, enum sw_mode vp_mode, enum sw_mode tdr_mode,
	      int op_mode, u32 leaf, u32 operand, struct sw_vp_ref *ref);
void sw_vp_put(struct sw_vp_ref *ref);

/* --- S-EPT beyond swmod.h (sept.c) --- */
#define SW_EPT_MEMTYPE_WB	(6ULL << 3)
#define SW_EPT_IGNORE_PAT	(1ULL << 6)
#define SW_EPT_STATE_MASK	0x01E00000000002C0ULL
#define SW_EPT_LOCKED		(1ULL << SW_EPT_LOCK_BIT)
#define SW_EPT_HP		(1ULL << SW_EPT_HP_BIT)

bool sw_sept_may(u32 leaf, enum sw_sept_state state);
bool sw_sept_is_leaf(enum sw_sept_state state);
bool sw_sept_is_blocked(enum sw_sept_state state);
bool sw_sept_is_pending(enum sw_sept_state state);
/* An entry in @state that points to @pa; permissions follow from the state. */
u64 sw_sept_make(enum sw_sept_state state, u64 pa);
/* Publish a new value in an entry; the lock and priority bits stay. */
void sw_entry_set(struct sw_entry *e, u64 val);
void sw_sept_fill_free(u64 *table, unsigned int n);
/* RCX of the MEM leaves: a private, aligned GPA and a level in range. */
u64 sw_gpa_arg(u64 rcx, u8 min_level, u8 max_level, u64 *gpa, u8 *level);

/*
 * A parameter of the module: DEMOTE is never interrupted, and FEATURES0 says
 * so (ENHANCED_DEMOTE_INTERRUPTIBILITY).
 */
extern bool sw_enhanced_demote;

/* --- statistics (stat.c) --- */
enum sw_stat_kind { SW_STAT_SEAMCALL, SW_STAT_TDCALL, SW_NR_STATS };
void sw_stat_count(enum sw_stat_kind kind, u32 leaf, u64 status);
/* The @i-th line of the table; false beyond its end. */
bool sw_stat_line(enum sw_stat_kind kind, unsigned int i, u32 *leaf,
		  u64 *status, u64 *count);
/* A VP.ENTER that ended with @status; how often with this exit reason. */
#define SW_NR_EXIT_REASONS	80
void sw_stat_td_exit(u64 status);
u64 sw_stat_td_exits(u32 reason);
/* 4 KiB pages that guests have accepted. */
u64 sw_stat_accepted_pages(void);
void sw_stat_reset(void);

/* --- names (names.c): "?" and false if there is none --- */
const char *sw_leaf_name(enum sw_stat_kind kind, u32 leaf);
const char *sw_status_name(u64 status);
bool sw_status_by_name(const char *name, u64 *status);
const char *sw_operand_name(u32 id);
bool sw_operand_by_name(const char *name, u32 *id);
const char *sw_exit_name(u32 reason);

/* --- CPUID (cpuid.c, cpuid_table.c) --- */
struct sw_cpuid_rule {
	u32 leaf, subleaf;		/* ~0u: no sub-leaves */
	s8 config;			/* index in TD_PARAMS, or -1 */
	struct sw_cpuid_val direct, allow, fixed1, fixed0;
};

/* What a TD can have on this processor: ATTRIBUTES, XFAM. */
u64 sw_attributes_supported(void);
u64 sw_xfam_supported(void);

extern const struct sw_cpuid_rule sw_cpuid_rules[SW_NR_CPUID_VALUES];
const struct sw_cpuid_rule *sw_cpuid_config_rule(unsigned int config);
/* What a host can set: as it likes, and as far as the processor has it. */
struct sw_cpuid_val sw_cpuid_configurable(const struct sw_cpuid_rule *rule);
void sw_cpuid_sample(void);
/* Is this CPU like the one that was sampled?  @r says what is not. */
bool sw_cpuid_same(struct sw_regs *r);

typedef u64 (*sw_leaf_fn)(struct sw_cpu *cpu, struct sw_regs *r);

#endif /* _SWMOD_CORE_H */
