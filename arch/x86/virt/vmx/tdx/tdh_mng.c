// SPDX-License-Identifier: GPL-2.0-only
/* TDH.MNG.* and TDH.MR.*: a TD as a whole, and its measurement. */
#include <linux/export.h>

#include "seamcall.h"

/*
 * Make a free page the TDR, the root of a new TD, and assign a KeyID.
 *   in   RCX TDR   RDX KeyID
 *   fail OPERAND_BUSY: the table of KeyIDs is in use; HKID_NOT_FREE;
 *        RND_NO_ENTROPY
 */
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

/*
 * Program the TD's key; once on a CPU of every package.
 *   in   RCX TDR
 *   fail KEY_CONFIGURED: done here before, no error; KEY_GENERATION_FAILED: try
 *        again; OPERAND_BUSY: another leaf uses the TDR
 */
u64 tdh_mng_key_config(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MNG_KEY_CONFIG, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_key_config);

/*
 * Give the TD one more page of its TDCS.
 *   in   RCX page   RDX TDR
 *   fail TDCX_NUM_INCORRECT: it has them all; TD_KEYS_NOT_CONFIGURED
 */
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

/*
 * Set the TD's parameters.
 *   in   RCX TDR   RDX TD_PARAMS, 1024 bytes, aligned, in shared memory
 *   out  RCX leaf | subleaf of a bad CPUID entry (operand CPUID_CONFIG)
 *   fail OPERAND_INVALID: names the parameter; OPERAND_BUSY
 */
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

/*
 * Read a field of the TDR or TDCS.
 *   in   RCX TDR   RDX field
 *   out  R8 value
 *   fail METADATA_FIELD_ID_INCORRECT, METADATA_FIELD_NOT_READABLE, OPERAND_BUSY
 */
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

/*
 * Block the KeyID; legal once no vCPU is associated with a CPU.
 *   in   RCX TDR
 *   fail FLUSHVP_NOT_DONE: a vCPU is still associated; OPERAND_BUSY
 */
u64 tdh_mng_vpflushdone(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MNG_VPFLUSHDONE, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_vpflushdone);

/*
 * Take the KeyID back; legal once every package has written back its caches.
 *   in   RCX TDR
 *   fail WBCACHE_NOT_COMPLETE: a package is missing; OPERAND_BUSY
 */
u64 tdh_mng_key_freeid(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MNG_KEY_FREEID, &args);
}
EXPORT_SYMBOL_GPL(tdh_mng_key_freeid);

/*
 * Add 256 bytes of a page to the TD's measurement.
 *   in   RCX gpa, a multiple of 256   RDX TDR
 *   out  RCX entry   RDX level | state   (of a walk that failed)
 *   fail EPT_WALK_FAILED, EPT_ENTRY_NOT_PRESENT, OPERAND_BUSY
 */
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

/*
 * Close the measurement; from now on the TD may run.
 *   in   RCX TDR
 *   fail NO_VCPUS, OPERAND_BUSY
 */
u64 tdh_mr_finalize(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MR_FINALIZE, &args);
}
EXPORT_SYMBOL_GPL(tdh_mr_finalize);
