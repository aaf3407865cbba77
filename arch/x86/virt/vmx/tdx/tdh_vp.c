// SPDX-License-Identifier: GPL-2.0-only
/* TDH.VP.*: a TD's vCPU. */
#include <linux/compiler.h>
#include <linux/export.h>

#include "seamcall.h"

/*
 * Make a free page the TDVPR, the root of a new vCPU.
 *   in   RCX TDVPR   RDX TDR
 *   fail OPERAND_BUSY, PAGE_METADATA_INCORRECT: the page is not free
 */
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

/*
 * Give the vCPU one more page of its TDVPS.
 *   in   RCX page   RDX TDVPR
 *   fail TDCX_NUM_INCORRECT: it has them all; OPERAND_BUSY
 */
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

/*
 * Set the vCPU's initial state; associates it with this CPU.  Version 1
 * takes an x2APIC id and locks the TDR exclusively.
 *   in   RCX TDVPR   RDX guest's initial RCX and R8   R8 x2APIC id
 *   fail X2APIC_ID_NOT_UNIQUE, MAX_VCPUS_EXCEEDED, OPERAND_BUSY: any other
 *        leaf on this TD
 */
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

/*
 * Read a field of the TDVPS; associates the vCPU with this CPU.
 *   in   RCX TDVPR   RDX field
 *   out  R8 value
 *   fail VCPU_ASSOCIATED: with another CPU; METADATA_FIELD_NOT_READABLE
 */
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

/*
 * Write the bits of @mask in a field of the TDVPS; associates as VP.RD does.
 *   in   RCX TDVPR   RDX field   R8 value   R9 mask
 *   fail VCPU_ASSOCIATED: with another CPU; METADATA_FIELD_NOT_WRITABLE
 */
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

/*
 * End the vCPU's association; only on the CPU it is associated with.
 *   in   RCX TDVPR
 *   fail VCPU_NOT_ASSOCIATED: not with this CPU; OPERAND_BUSY
 */
u64 tdh_vp_flush(struct tdx_vp *vp)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdvpr_pa(vp),
	};

	return seamcall(TDH_VP_FLUSH, &args);
}
EXPORT_SYMBOL_GPL(tdh_vp_flush);

/*
 * Run the vCPU until it exits.
 *   in   RCX TDVPR   others: the answer to a TDVMCALL, as its mask selects
 *   out  all but RBP
 *
 * The caller has preemption off.  No retry: this leaf does not draw on entropy.
 * No trace: KVM calls it where RCU does not watch.
 */
noinstr u64 tdh_vp_enter(struct tdx_vp *vp, struct tdx_module_args *args)
{
	args->rcx = tdx_tdvpr_pa(vp);
	this_cpu_write(tdx_cache_dirty, true);
	return __seamcall_saved_ret(TDH_VP_ENTER, args);
}
EXPORT_SYMBOL_GPL(tdh_vp_enter);
