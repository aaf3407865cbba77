// SPDX-License-Identifier: GPL-2.0-only
/* TDH.MNG.* and TDH.MR.*: a TD as a whole, and its measurement. */
#include <linux/export.h>

#include "seamcall.h"

u64 tdh_mng_create(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
		.rdx = td->hkid,
	};

	tdx_clflush_page(td->tdr);
	return seamcall(TDH_MNG_CREATE, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_create);

u64 tdh_mng_key_config(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MNG_KEY_CONFIG, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_key_config);

u64 tdh_mng_addcx(struct tdx_td *td, struct page *tdcs)
{
	struct tdx_module_args args = {
		.rcx = page_to_phys(tdcs),
		.rdx = tdx_tdr_pa(td),
	};

	tdx_clflush_page(tdcs);
	return seamcall(TDH_MNG_ADDCX, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_addcx);

u64 tdh_mng_init(struct tdx_td *td, u64 td_params_pa, u64 *bad_cpuid)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
		.rdx = td_params_pa,
	};
	u64 err = seamcall_ret(TDH_MNG_INIT, &args);

	*bad_cpuid = args.rcx;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mng_init);

u64 tdh_mng_rd(struct tdx_td *td, u64 field, u64 *data)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
		.rdx = field,
	};
	u64 err = seamcall_ret(TDH_MNG_RD, &args);

	*data = args.r8;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mng_rd);

u64 tdh_mng_vpflushdone(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MNG_VPFLUSHDONE, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_vpflushdone);

u64 tdh_mng_key_freeid(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MNG_KEY_FREEID, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_key_freeid);

u64 tdh_mr_extend(struct tdx_td *td, u64 gpa, struct sept_info *info)
{
	struct tdx_module_args args = {
		.rcx = gpa,
		.rdx = tdx_tdr_pa(td),
	};
	u64 err = seamcall_ret(TDH_MR_EXTEND, &args);

	sept_info_from_args(info, &args);
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mr_extend);

u64 tdh_mr_finalize(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MR_FINALIZE, &args);
}
EXPORT_SYMBOL_GPL(tdh_mr_finalize);
