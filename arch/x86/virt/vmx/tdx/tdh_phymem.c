// SPDX-License-Identifier: GPL-2.0-only
/* TDH.PHYMEM.*: physical pages and the caches, whichever TD they belong to. */
#include <linux/export.h>

#include "seamcall.h"

/*
 * Take back a page, of any size, from a TD whose KeyID is free.
 *   in   RCX page
 *   out  RCX type   RDX owner   R8 size as a level
 *   fail PAGE_METADATA_INCORRECT: it is free; LIFECYCLE_STATE_INCORRECT: the
 *        KeyID is not; TD_ASSOCIATED_PAGES_EXIST: a TDR before its pages;
 *        OPERAND_BUSY
 */
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

/*
 * Write back and drop the cache lines that a free page has under a KeyID.
 *   in   RCX page with the KeyID
 *   fail PAGE_METADATA_INCORRECT: not free; OPERAND_BUSY
 */
u64 tdh_phymem_page_wbinvd(struct page *page, u16 hkid)
{
	struct tdx_module_args args = {
		.rcx = tdx_keyed_pa(page_to_phys(page), hkid),
	};

	return seamcall(TDH_PHYMEM_PAGE_WBINVD, &args);
}
EXPORT_SYMBOL_GPL(tdh_phymem_page_wbinvd);

/*
 * Write back this package's caches for the KeyIDs that wait for it.
 *   in   RCX 0 start, 1 resume after an interruption
 *   fail INTERRUPTED_RESUMABLE: call again; NO_HKID_READY_TO_WBCACHE: no
 *        error, none waits; OPERAND_BUSY: a leaf uses the table of KeyIDs
 */
u64 tdh_phymem_cache_wb(bool resume)
{
	struct tdx_module_args args = {
		.rcx = resume,
	};

	return seamcall(TDH_PHYMEM_CACHE_WB, &args);
}
EXPORT_SYMBOL_GPL(tdh_phymem_cache_wb);
