/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host side of the module: the SEAMCALLs, and what they share.
 */
#ifndef _SWMOD_LEAF_H
#define _SWMOD_LEAF_H

#include "core/core.h"

/* Any SEAMCALL but the P-SEAM loader's (dispatch.c, seamldr.c). */
u64 sw_dispatch(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_seamldr(struct sw_cpu *cpu, struct sw_regs *r);
/* A parameter of the module: SEAMLDR.INSTALL refuses further ones. */
extern unsigned int sw_max_updates;
/* A parameter of the module: SYS.DISABLE exists. */
extern bool sw_knows_sys_disable;

u64 sw_tdmr_config(u64 array_pa, u64 count, bool dynamic);	/* tdmr.c */

/* --- pairs of pages (leaf_pamt.c) --- */
/*
 * Lock and mark pages whose addresses were checked; without locking one in the
 * 2 MiB at @inside.  Behind it, commit and put: nothing takes the marks back.
 */
u64 sw_pamt_pair_get(struct sw_pamt_pair *pair, u64 inside);
void sw_pamt_pair_put(struct sw_pamt_pair *pair);

/* --- memory of the host that a leaf writes to (leaf_sysinfo.c) --- */
/* @size is a power of two, and one page at most. */
u64 sw_host_get(u64 pa, u64 size, u32 operand, struct sw_page *ref);

/* --- measurement (measure.c) --- */
void sw_mrtd_page_add(struct sw_tdcs *tdcs, u64 gpa);

/* --- leaves --- */
u64 sw_sys_init(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_lp_init(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_config(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_key_config(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_tdmr_init(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_rd(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_rdall(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_info(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_shutdown(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_update(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_disable(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_sys_lp_shutdown(struct sw_cpu *cpu, struct sw_regs *r);

u64 sw_mng_create(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_key_config(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_addcx(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_init(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_rd(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_wr(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_vpflushdone(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_key_freeid(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mng_key_reclaimid(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mr_extend(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mr_finalize(struct sw_cpu *cpu, struct sw_regs *r);

u64 sw_vp_create(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_vp_addcx(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_vp_init(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_vp_flush(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_vp_rd(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_vp_wr(struct sw_cpu *cpu, struct sw_regs *r);

u64 sw_mem_sept_add(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_sept_remove(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_sept_rd(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_page_add(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_page_aug(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_page_remove(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_page_demote(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_page_promote(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_page_relocate(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_range_block(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_range_unblock(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_track(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_rd(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_mem_wr(struct sw_cpu *cpu, struct sw_regs *r);

u64 sw_phymem_page_rdmd(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_phymem_page_reclaim(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_phymem_page_wbinvd(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_phymem_cache_wb(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_phymem_pamt_add(struct sw_cpu *cpu, struct sw_regs *r);
u64 sw_phymem_pamt_remove(struct sw_cpu *cpu, struct sw_regs *r);

#endif /* _SWMOD_LEAF_H */
