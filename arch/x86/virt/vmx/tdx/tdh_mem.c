// SPDX-License-Identifier: GPL-2.0-only
/* TDH.MEM.*: a TD's private memory and the S-EPT that maps it; see tdh.h. */
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

u64 tdh_mem_sept_remove(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			struct sept_info *info)
{
	struct tdx_module_args args = {};
	u64 err = mem_call(TDH_MEM_SEPT_REMOVE, td, pos, &args, info);

	*hpa = args.rcx & TDX_HPA_MASK;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mem_sept_remove);

u64 tdh_mem_sept_rd(struct tdx_td *td, struct sept_pos pos,
		    struct sept_info *info)
{
	struct tdx_module_args args = {};

	return mem_call(TDH_MEM_SEPT_RD, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_sept_rd);

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

u64 tdh_mem_page_demote(struct tdx_td *td, struct sept_pos pos,
			struct page *sept_page, struct page *const pair[2],
			struct sept_info *info)
{
	struct tdx_module_args args = {
		.rcx = sept_pos_to_arg(pos),
		.rdx = tdx_tdr_pa(td),
		.r8 = page_to_phys(sept_page),
	};
	unsigned int i;
	u64 err;

	tdx_clflush_page(sept_page);
	for (i = 0; i < 2; i++) {
		if (pair[i])
			tdx_clflush_page(pair[i]);
	}
	args.r12 = pair[0] ? page_to_phys(pair[0]) : 0;
	args.r13 = pair[1] ? page_to_phys(pair[1]) : 0;
	err = seamcall_saved_ret(TDH_MEM_PAGE_DEMOTE, &args);
	sept_info_from_args(info, &args);
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mem_page_demote);

/* R12 and R13 keep what goes in where they are no outputs. */
u64 tdh_mem_page_promote(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			 u64 pair_pa[2], struct sept_info *info)
{
	struct tdx_module_args args = {
		.rcx = sept_pos_to_arg(pos),
		.rdx = tdx_tdr_pa(td),
	};
	u64 err = seamcall_saved_ret(TDH_MEM_PAGE_PROMOTE, &args);

	sept_info_from_args(info, &args);
	*hpa = args.rcx & TDX_HPA_MASK;
	pair_pa[0] = args.r12;
	pair_pa[1] = args.r13;
	return err;
}

u64 tdh_mem_page_relocate(struct tdx_td *td, u64 gpa, struct page *page,
			  u64 *hpa, struct sept_info *info)
{
	struct sept_pos pos = {
		.gpa = gpa,
		.level = 0,
	};
	struct tdx_module_args args = {
		.r8 = page_to_phys(page),
	};
	u64 err;

	tdx_clflush_page(page);
	err = mem_call(TDH_MEM_PAGE_RELOCATE, td, pos, &args, info);
	*hpa = args.rcx & TDX_HPA_MASK;
	return err;
}

u64 tdh_mem_page_remove(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			struct sept_info *info)
{
	struct tdx_module_args args = {};
	u64 err = mem_call(TDH_MEM_PAGE_REMOVE, td, pos, &args, info);

	*hpa = args.rcx & TDX_HPA_MASK;
	return err;
}
EXPORT_SYMBOL_GPL(tdh_mem_page_remove);

u64 tdh_mem_range_block(struct tdx_td *td, struct sept_pos pos,
			struct sept_info *info)
{
	struct tdx_module_args args = {};

	return mem_call(TDH_MEM_RANGE_BLOCK, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_range_block);

u64 tdh_mem_range_unblock(struct tdx_td *td, struct sept_pos pos,
			  struct sept_info *info)
{
	struct tdx_module_args args = {};

	return mem_call(TDH_MEM_RANGE_UNBLOCK, td, pos, &args, info);
}
EXPORT_SYMBOL_GPL(tdh_mem_range_unblock);

u64 tdh_mem_track(struct tdx_td *td)
{
	struct tdx_module_args args = {
		.rcx = tdx_tdr_pa(td),
	};

	return seamcall(TDH_MEM_TRACK, &args);
}
EXPORT_SYMBOL_GPL(tdh_mem_track);

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
