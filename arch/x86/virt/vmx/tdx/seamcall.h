/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making a SEAMCALL.  seamcall() and seamcall_ret() use RCX, RDX and R8 to
 * R11; seamcall_saved_ret() every register but RBP and RSP.
 */
#ifndef _TDX_SEAMCALL_H
#define _TDX_SEAMCALL_H

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <asm/cacheflush.h>
#include <asm/processor.h>

#include "leaf.h"
#include "status.h"
#include "tdx_host.h"

#ifdef CONFIG_INTEL_TDX_HOST
#error "This kernel has a TDX host core of its own: the two cannot share the module"
#endif

/* cache.c: this CPU's caches may hold lines of private memory */
DECLARE_PER_CPU(bool, tdx_cache_dirty);

/* seamcall.S: one execution of the instruction */
u64 __seamcall(u64 leaf, struct tdx_module_args *args);
u64 __seamcall_ret(u64 leaf, struct tdx_module_args *args);
u64 __seamcall_saved_ret(u64 leaf, struct tdx_module_args *args);

/* retry.c: the same, tried again when the CPU ran out of entropy */
u64 seamcall(u64 leaf, struct tdx_module_args *args);
u64 seamcall_ret(u64 leaf, struct tdx_module_args *args);
u64 seamcall_saved_ret(u64 leaf, struct tdx_module_args *args);

/* Operands: how the module wants addresses, places and KeyIDs packed. */

static inline u64 tdx_tdr_pa(const struct tdx_td *td)
{
	return page_to_phys(td->tdr);
}

static __always_inline u64 tdx_tdvpr_pa(const struct tdx_vp *vp)
{
	return page_to_phys(vp->tdvpr);
}

static inline u64 sept_pos_to_arg(struct sept_pos pos)
{
	return (pos.gpa & GENMASK_ULL(51, 12)) | pos.level;
}

/* An address with its KeyID in the physical address bits Linux leaves out. */
static inline u64 tdx_keyed_pa(u64 pa, u16 hkid)
{
	return pa | ((u64)hkid << boot_cpu_data.x86_phys_bits);
}

/* RCX and RDX of the leaves that say where a walk ended. */
static inline void sept_info_from_args(struct sept_info *info,
				       const struct tdx_module_args *args)
{
	info->entry = args->rcx;
	info->level = args->rdx & 0x7;
	info->state = (args->rdx >> 8) & 0xff;
}

/*
 * Write back and drop the host's cache lines of memory that is about to
 * become private: a line written back later would land in a private page.
 */
static inline void tdx_clflush(struct page *page, size_t size)
{
	clflush_cache_range(page_to_virt(page), size);
}

static inline void tdx_clflush_page(struct page *page)
{
	tdx_clflush(page, PAGE_SIZE);
}

#endif /* _TDX_SEAMCALL_H */
