/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tdx_host.ko offers to KVM: bring-up, KeyIDs, metadata, and by way of
 * tdh.h one typed wrapper for each SEAMCALL leaf.
 */
#ifndef _TDX_HOST_H
#define _TDX_HOST_H

#include <linux/mm_types.h>
#include <linux/types.h>
/* struct tdx_module_args: the GPRs of a SEAMCALL besides RAX, in and out */
#include <asm/shared/tdx.h>
#include "status.h"

/* A TD as the TDX module knows it: its TDR and TDCS pages, and its KeyID. */
struct tdx_td {
	struct page *tdr;
	struct page **tdcs;
	u16 nr_tdcs;
	u16 hkid;
};

/* A TD's vCPU: its TDVPR page and the TDCX pages that complete the TDVPS. */
struct tdx_vp {
	struct page *tdvpr;
	struct page **tdcx;
	u16 nr_tdcx;
};

/*
 * A place in the S-EPT.  @level is the module's: 0 for a 4 KiB entry, 1 for
 * 2 MiB, 2 for 1 GiB, 3 for 512 GiB.
 */
struct sept_pos {
	u64 gpa;
	u8 level;
};

/* The entry at which a walk ended; valid where a leaf says so. */
struct sept_info {
	u64 entry;
	u8 level;
	u8 state;
};

#define TDX_MAX_CPUID_CONFIG	128

struct tdx_cpuid_config {
	u32 leaf;
	u32 subleaf;		/* ~0u: the leaf has none */
	u32 eax, ebx, ecx, edx;	/* bits that the host may choose */
};

/*
 * Global metadata, constant once tdx_host_enable() has succeeded; but for the
 * version, which changes when the module is updated: with all CPUs stopped, so
 * it cannot change while preemption is off.
 */
struct tdx_sys_info {
	u16 major, minor, update;
	u64 features0;					/* TDX_FEATURES0_* */
	u16 max_tdmrs, max_reserved_per_tdmr;
	u16 pamt_entry_size[3];				/* 4 KiB, 2 MiB, 1 GiB */
	u16 pamt_bitmap_bits;				/* a 4 KiB page; 0: no dynamic PAMT */
	u16 pamt_min_keyid_bits;			/* that dynamic PAMT wants */
	u16 tdr_size, tdcs_size, tdvps_size;		/* bytes */
	u64 attributes_fixed0, attributes_fixed1;
	u64 xfam_fixed0, xfam_fixed1;
	u16 max_vcpus_per_td;
	u16 nr_cpuid_config;
	struct tdx_cpuid_config cpuid_config[TDX_MAX_CPUID_CONFIG];
};

/* Bits of tdx_sys_info.features0. */
#define TDX_FEATURES0_TD_PRESERVING	BIT_ULL(1)
#define TDX_FEATURES0_NO_RBP_MOD	BIT_ULL(18)
#define TDX_FEATURES0_TOPOLOGY_ENUM	BIT_ULL(20)
#define TDX_FEATURES0_DYNAMIC_PAMT	BIT_ULL(36)
#define TDX_FEATURES0_UPDATE_COMPATIBILITY	BIT_ULL(47)
#define TDX_FEATURES0_ENHANCED_DEMOTE	BIT_ULL(51)

/* --- bring-up (bringup.c) --- */
int tdx_host_enable(void);
const struct tdx_sys_info *tdx_host_sysinfo(void);
const char *tdx_host_why_off(void);

/* --- KeyIDs (keyid.c) --- */
int tdx_keyid_alloc(void);
void tdx_keyid_free(int hkid);
u16 tdx_global_keyid(void);
unsigned int tdx_nr_guest_keyids(void);

/* --- packages, and what is done once for all TDs (package.c) --- */
bool tdx_all_packages_online(void);
int tdx_on_each_package(int (*fn)(void *), void *data);
/* Its name until all callers use the new one. */
#define tdx_for_each_package tdx_on_each_package
void tdx_key_lock(void);
void tdx_key_unlock(void);

/* --- caches (cache.c) --- */
void tdx_cpu_flush_cache(void);

/* --- pages (phymem.c, private.c) --- */
void tdx_clear_page(struct page *page);
bool tdx_page_can_be_private(struct page *page, unsigned int order);
struct folio *tdx_alloc_folio(gfp_t gfp, unsigned int order);

/* --- pages that the module has one by one, and their metadata (dpamt.c) --- */

/* Two pages of metadata for the 4 KiB pages of a 2 MiB range, or none. */
struct tdx_pamt_pair {
	struct page *page[2];
};

struct page *tdx_alloc_page(gfp_t gfp);
void tdx_free_page(struct page *page);
int tdx_pamt_pair_alloc(struct tdx_pamt_pair *pair, gfp_t gfp);
void tdx_pamt_pair_free(struct tdx_pamt_pair *pair);
int tdx_pamt_get(struct page *page, struct tdx_pamt_pair *pair);
void tdx_pamt_put(struct page *page);
void tdx_pamt_split(struct page *page, struct tdx_pamt_pair *pair);

/* --- one function for each SEAMCALL leaf (tdh_*.c) --- */
#include "tdh.h"

#endif /* _TDX_HOST_H */
