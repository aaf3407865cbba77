// SPDX-License-Identifier: GPL-2.0-only
/* TDH.VP.*: a TD's vCPU. */
#include <linux/compiler.h>
#include <linux/export.h>

#include "seamcall.h"

u64 tdh_vp_create(struct tdx_td *td, struct tdx_vp *vp)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdvpr_pa(vp),
		.rdx = tdx_tdr_pa(td),
	};

	tdx_clflush_page(vp->tdvpr);
	return seamcall(TDH_VP_CREATE, &args);
}
EXPORT_SYMBOL_GPL(tdh_vp_create);

u64 tdh_vp_addcx(struct tdx_vp *vp, struct page *tdcx)
{
	struct tdx_module_args args = {
		.rcx = page_to_phys(tdcx),
		.rdx = tdx_tdvpr_pa(vp),
	};

	tdx_clflush_page(tdcx);
	return seamcall(TDH_VP_ADDCX, &args);
}
EXPORT_SYMBOL_GPL(tdh_vp_addcx);

u64 tdh_vp_init(struct tdx_vp *vp, u64 initial_rcx, u32 x2apic_id)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdvpr_pa(vp),
		.rdx = initial_rcx,
		.r8 = x2apic_id,
	};

	return seamcall(TDH_VP_INIT | TDX_LEAF_V1, &args);
}
EXPORT_SYMBOL_GPL(tdh_vp_init);

u64 tdh_vp_rd(struct tdx_vp *vp, u64 field, u64 *data)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdvpr_pa(vp),
		.rdx = field,
	};
	u64 err = seamcall_ret(TDH_VP_RD, &args);

	*data = args.r8;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_vp_rd);

u64 tdh_vp_wr(struct tdx_vp *vp, u64 field, u64 data, u64 mask)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdvpr_pa(vp),
		.rdx = field,
		.r8 = data,
		.r9 = mask,
	};

	return seamcall(TDH_VP_WR, &args);
}
EXPORT_SYMBOL_GPL(tdh_vp_wr);

u64 tdh_vp_flush(struct tdx_vp *vp)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdvpr_pa(vp),
	};

	return seamcall(TDH_VP_FLUSH, &args);
}
EXPORT_SYMBOL_GPL(tdh_vp_flush);

noinstr u64 tdh_vp_enter(struct tdx_vp *vp, struct tdx_module_args *args)
{
	args->rcx = tdx_tdvpr_pa(vp);
	this_cpu_write(tdx_cache_dirty, true);
	return __seamcall_saved_ret(TDH_VP_ENTER, args);
}
EXPORT_SYMBOL_GPL(tdh_vp_enter);
