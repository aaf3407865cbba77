// SPDX-License-Identifier: GPL-2.0-only
/* TDH.PHYMEM.*: physical pages and the caches, whichever TD they belong to. */
#include <linux/export.h>

#include "seamcall.h"

/* What TDH.PHYMEM.PAMT.* want in RCX with an address. */
#define TDX_PAMT_LEVEL_2M	1

u64 tdh_phymem_page_reclaim(struct page *page, u64 *pt, u64 *owner, u64 *size)
{
	struct tdx_module_args args = {
		.rcx = page_to_phys(page),
	};
	u64 err = seamcall_ret(TDH_PHYMEM_PAGE_RECLAIM, &args);

	*pt = args.rcx;
	*owner = args.rdx;
	*size = args.r8;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_phymem_page_reclaim);

u64 tdh_phymem_page_wbinvd(struct page *page, u16 hkid)
{
	struct tdx_module_args args = {
		.rcx = tdx_keyed_pa(page_to_phys(page), hkid),
	};

	return seamcall(TDH_PHYMEM_PAGE_WBINVD, &args);
}
EXPORT_SYMBOL_GPL(tdh_phymem_page_wbinvd);

u64 tdh_phymem_cache_wb(bool resume)
{
	struct tdx_module_args args = {
		.rcx = resume,
	};

	return seamcall(TDH_PHYMEM_CACHE_WB, &args);
}
EXPORT_SYMBOL_GPL(tdh_phymem_cache_wb);

u64 tdh_phymem_pamt_add(struct page *range, struct page *const pair[2])
{
	struct tdx_module_args args = {
		.rcx = page_to_phys(range) | TDX_PAMT_LEVEL_2M,
		.rdx = page_to_phys(pair[0]),
		.r8 = page_to_phys(pair[1]),
	};

	tdx_clflush_page(pair[0]);
	tdx_clflush_page(pair[1]);
	return seamcall(TDH_PHYMEM_PAMT_ADD, &args);
}

u64 tdh_phymem_pamt_remove(struct page *range, u64 pair_pa[2])
{
	struct tdx_module_args args = {
		.rcx = page_to_phys(range) | TDX_PAMT_LEVEL_2M,
	};
	u64 err = seamcall_ret(TDH_PHYMEM_PAMT_REMOVE, &args);

	pair_pa[0] = args.rdx;
	pair_pa[1] = args.r8;
	return err;
}
