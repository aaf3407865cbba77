// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.MEM.*: a TD's private memory and the S-EPT that maps it.
 *
 * A place is packed as gpa | level.  Where a leaf reports an entry, that is
 * the last one of its walk; RCX and RDX are zero after most successes.
 */
#include <linux/export.h>

#include "seamcall.h"

#define TDX_HPA_MASK	GENMASK_ULL(51, 12)

static u64 mem_call(u64 leaf, struct tdx_td *td, struct sept_pos pos,
		    struct tdx_module_args *args, struct sept_info *info)
{
	u64 err;

	args->rcx = sept_pos_to_arg(pos);
	args->rdx = tdx_tdr_pa(td);
	err = seamcall_ret(leaf, args);
	sept_info_from_args(info, args);
	return err;
}

/*
 * Add a table below the entry at @pos.
 *   in   RCX gpa | level, 1 or more   RDX TDR   R8 page
 *   out  RCX entry   RDX level | state   (of a walk that failed)
 *   fail EPT_ENTRY_STATE_INCORRECT: not free; EPT_WALK_FAILED: no table above;
 *        OPERAND_BUSY
 */
u64 tdh_mem_sept_add(struct tdx_td *td, struct sept_pos pos, struct page *page,
		     struct sept_info *info)
{
	struct tdx_module_args args = {
		.r8 = page_to_phys(page),
	};

	tdx_clflush_page(page);
	return mem_call(TDH_MEM_SEPT_ADD, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_sept_add);

/*
 * Remove the blocked, tracked and empty table below the entry at @pos.
 *   in   RCX gpa | level   RDX TDR
 *   out  RCX the table's page, or like the others after a failure
 *   fail GPA_RANGE_NOT_BLOCKED, TLB_TRACKING_NOT_DONE, EPT_PAGE_NOT_FREE,
 *        OPERAND_BUSY: the tree is locked exclusively for this
 */
u64 tdh_mem_sept_remove(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			struct sept_info *info)
{
	struct tdx_module_args args = {};
	u64 err = mem_call(TDH_MEM_SEPT_REMOVE, td, pos, &args, info);

	*hpa = args.rcx & TDX_HPA_MASK;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mem_sept_remove);

/*
 * Read the entry at @pos.
 *   in   RCX gpa | level   RDX TDR
 *   out  RCX entry   RDX level | state
 *   fail EPT_WALK_FAILED: no table above; OPERAND_BUSY
 */
u64 tdh_mem_sept_rd(struct tdx_td *td, struct sept_pos pos,
		    struct sept_info *info)
{
	struct tdx_module_args args = {};

	return mem_call(TDH_MEM_SEPT_RD, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_sept_rd);

/*
 * Map a 4 KiB page before the TD runs, with the contents of @source.
 *   in   RCX gpa   RDX TDR   R8 page   R9 source, in shared memory
 *   out  RCX entry   RDX level | state   (of a walk that failed)
 *   fail EPT_ENTRY_STATE_INCORRECT: not free; EPT_WALK_FAILED: no table above;
 *        OPERAND_BUSY: any other leaf on this TD
 */
u64 tdh_mem_page_add(struct tdx_td *td, u64 gpa, struct page *page,
		     struct page *source, struct sept_info *info)
{
	struct sept_pos pos = {
		.gpa = gpa,
		.level = 0,
	};
	struct tdx_module_args args = {
		.r8 = page_to_phys(page),
		.r9 = page_to_phys(source),
	};

	tdx_clflush_page(page);
	return mem_call(TDH_MEM_PAGE_ADD, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_page_add);

/*
 * Map a page that the guest has to accept before it can use it.
 *   in   RCX gpa | level, 0 or 1   RDX TDR   R8 page
 *   out  RCX entry   RDX level | state   (of a walk that failed, and when busy)
 *   fail EPT_ENTRY_STATE_INCORRECT: not free; EPT_WALK_FAILED: no table above;
 *        PAGE_METADATA_INCORRECT: the page is not free; OPERAND_BUSY
 */
u64 tdh_mem_page_aug(struct tdx_td *td, struct sept_pos pos, struct page *page,
		     struct sept_info *info)
{
	struct tdx_module_args args = {
		.r8 = page_to_phys(page),
	};

	tdx_clflush(page, PAGE_SIZE << (9 * pos.level));
	return mem_call(TDH_MEM_PAGE_AUG, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_page_aug);

/*
 * Replace a blocked and tracked 2 MiB mapping by a table of 4 KiB ones, which
 * are unblocked.
 *   in   RCX gpa | level   RDX TDR   R8 page for the table
 *   out  RCX entry   RDX level | state
 *   fail GPA_RANGE_NOT_BLOCKED, TLB_TRACKING_NOT_DONE, OPERAND_BUSY;
 *        INTERRUPTED_RESTARTABLE, INTERRUPTED_BUSY: as if never called
 */
u64 tdh_mem_page_demote(struct tdx_td *td, struct sept_pos pos,
			struct page *sept_page, struct sept_info *info)
{
	struct tdx_module_args args = {
		.r8 = page_to_phys(sept_page),
	};

	tdx_clflush_page(sept_page);
	return mem_call(TDH_MEM_PAGE_DEMOTE, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_page_demote);

/*
 * Unmap a page; while the TD can run it has to be blocked and tracked.
 *   in   RCX gpa | level   RDX TDR
 *   out  RCX the page, or like the others after a failure
 *   fail GPA_RANGE_NOT_BLOCKED, TLB_TRACKING_NOT_DONE, OPERAND_BUSY
 */
u64 tdh_mem_page_remove(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			struct sept_info *info)
{
	struct tdx_module_args args = {};
	u64 err = mem_call(TDH_MEM_PAGE_REMOVE, td, pos, &args, info);

	*hpa = args.rcx & TDX_HPA_MASK;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mem_page_remove);

/*
 * Keep the guest from making new translations through the entry at @pos.
 *   in   RCX gpa | level   RDX TDR
 *   out  RCX entry   RDX level | state   (also when it was blocked already)
 *   fail GPA_RANGE_ALREADY_BLOCKED: no error; OPERAND_BUSY: the tree is locked
 *        exclusively for this
 */
u64 tdh_mem_range_block(struct tdx_td *td, struct sept_pos pos,
			struct sept_info *info)
{
	struct tdx_module_args args = {};

	return mem_call(TDH_MEM_RANGE_BLOCK, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_range_block);

/*
 * Let the guest use a blocked entry again; legal once TDH.MEM.TRACK is done.
 *   in   RCX gpa | level   RDX TDR
 *   out  RCX entry   RDX level | state
 *   fail TLB_TRACKING_NOT_DONE, OPERAND_BUSY: the tree is locked exclusively
 */
u64 tdh_mem_range_unblock(struct tdx_td *td, struct sept_pos pos,
			  struct sept_info *info)
{
	struct tdx_module_args args = {};

	return mem_call(TDH_MEM_RANGE_UNBLOCK, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_range_unblock);

/*
 * Begin a new TLB epoch: what was blocked before is out of every TLB once
 * each vCPU that runs now has exited.
 *   in   RCX TDR
 *   fail PREVIOUS_TLB_EPOCH_BUSY: a vCPU has not exited since the last one;
 *        OPERAND_BUSY: a vCPU is being entered
 */
u64 tdh_mem_track(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MEM_TRACK, &args);
}
EXPORT_SYMBOL_GPL(tdh_mem_track);

/*
 * Read eight bytes of a debug TD's private memory.
 *   in   RCX gpa, a multiple of 8   RDX TDR
 *   out  R8 data, or RCX entry   RDX level | state of a walk that failed
 *   fail TD_NON_DEBUG; EPT_WALK_FAILED, EPT_ENTRY_STATE_INCORRECT: nothing is
 *        mapped; OPERAND_BUSY
 */
u64 tdh_mem_rd(struct tdx_td *td, u64 gpa, u64 *data, struct sept_info *info)
{
	struct tdx_module_args args = {
		.rcx = gpa,
		.rdx = tdx_tdr_pa(td),
	};
	u64 err = seamcall_ret(TDH_MEM_RD, &args);

	*data = args.r8;
	sept_info_from_args(info, &args);
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mem_rd);

/*
 * Write eight bytes of a debug TD's private memory.
 *   in   RCX gpa, a multiple of 8   RDX TDR   R8 data
 *   out  R8 what was there, or like TDH.MEM.RD after a failure
 *   fail as TDH.MEM.RD
 */
u64 tdh_mem_wr(struct tdx_td *td, u64 gpa, u64 data, struct sept_info *info)
{
	struct tdx_module_args args = {
		.rcx = gpa,
		.rdx = tdx_tdr_pa(td),
		.r8 = data,
	};
	u64 err = seamcall_ret(TDH_MEM_WR, &args);

	sept_info_from_args(info, &args);
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mem_wr);
