// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the leaf that a SEAMCALL names, and refuses those that may not run in the
 * state that the module is in.
 */
#include "debug/fault.h"
#include "guest/enter.h"
#include "host/leaf.h"

/* Before the module is ready, and after it was shut down. */
#define SW_EARLY	1
#define SW_LATE		2
/* The leaf judges its version by itself. */
#define SW_ANY_VERSION	4

/* Modules up to 1.5.25 do not know SYS.DISABLE. */
bool sw_knows_sys_disable = true;

struct sw_leaf_info {
	sw_leaf_fn fn;
	u8 max_version;
	u8 flags;
};

/* A leaf that is not listed does not exist. */
static const struct sw_leaf_info leaves[SW_NR_LEAVES] = {
	[SW_LEAF_VP_ENTER] = { sw_vp_enter },
	[SW_LEAF_MNG_ADDCX] = { sw_mng_addcx },
	[SW_LEAF_MEM_PAGE_ADD] = { sw_mem_page_add },
	[SW_LEAF_MEM_SEPT_ADD] = { sw_mem_sept_add, .max_version = 1 },
	[SW_LEAF_VP_ADDCX] = { sw_vp_addcx },
	[SW_LEAF_MEM_PAGE_RELOCATE] = { sw_mem_page_relocate },
	[SW_LEAF_MEM_PAGE_AUG] = { sw_mem_page_aug },
	[SW_LEAF_MEM_RANGE_BLOCK] = { sw_mem_range_block },
	[SW_LEAF_MNG_KEY_CONFIG] = { sw_mng_key_config },
	[SW_LEAF_MNG_CREATE] = { sw_mng_create },
	[SW_LEAF_VP_CREATE] = { sw_vp_create },
	[SW_LEAF_MNG_RD] = { sw_mng_rd, .max_version = 1 },
	[SW_LEAF_MEM_RD] = { sw_mem_rd },
	[SW_LEAF_MNG_WR] = { sw_mng_wr },
	[SW_LEAF_MEM_WR] = { sw_mem_wr },
	[SW_LEAF_MEM_PAGE_DEMOTE] = { sw_mem_page_demote },
	[SW_LEAF_MR_EXTEND] = { sw_mr_extend },
	[SW_LEAF_MR_FINALIZE] = { sw_mr_finalize },
	[SW_LEAF_VP_FLUSH] = { sw_vp_flush },
	[SW_LEAF_MNG_VPFLUSHDONE] = { sw_mng_vpflushdone },
	[SW_LEAF_MNG_KEY_FREEID] = { sw_mng_key_freeid },
	[SW_LEAF_MNG_INIT] = { sw_mng_init },
	[SW_LEAF_VP_INIT] = { sw_vp_init, .max_version = 1 },
	[SW_LEAF_MEM_PAGE_PROMOTE] = { sw_mem_page_promote, .max_version = 1 },
	[SW_LEAF_PHYMEM_PAGE_RDMD] = { sw_phymem_page_rdmd },
	[SW_LEAF_MEM_SEPT_RD] = { sw_mem_sept_rd },
	[SW_LEAF_VP_RD] = { sw_vp_rd, .max_version = 1 },
	[SW_LEAF_MNG_KEY_RECLAIMID] = { sw_mng_key_reclaimid },
	[SW_LEAF_PHYMEM_PAGE_RECLAIM] = { sw_phymem_page_reclaim },
	[SW_LEAF_MEM_PAGE_REMOVE] = { sw_mem_page_remove },
	[SW_LEAF_MEM_SEPT_REMOVE] = { sw_mem_sept_remove, .max_version = 1 },
	[SW_LEAF_SYS_KEY_CONFIG] = { sw_sys_key_config, .flags = SW_EARLY },
	[SW_LEAF_SYS_INFO] = { sw_sys_info, .flags = SW_EARLY },
	[SW_LEAF_SYS_INIT] = { sw_sys_init, .max_version = 1, .flags = SW_EARLY },
	[SW_LEAF_SYS_RD] = { sw_sys_rd, .flags = SW_EARLY },
	[SW_LEAF_SYS_LP_INIT] = { sw_sys_lp_init, .flags = SW_EARLY },
	[SW_LEAF_SYS_TDMR_INIT] = { sw_sys_tdmr_init },
	[SW_LEAF_SYS_RDALL] = { sw_sys_rdall, .flags = SW_EARLY },
	[SW_LEAF_MEM_TRACK] = { sw_mem_track },
	[SW_LEAF_MEM_RANGE_UNBLOCK] = { sw_mem_range_unblock },
	[SW_LEAF_PHYMEM_CACHE_WB] = { sw_phymem_cache_wb },
	[SW_LEAF_PHYMEM_PAGE_WBINVD] = { sw_phymem_page_wbinvd },
	[SW_LEAF_VP_WR] = { sw_vp_wr },
	[SW_LEAF_SYS_LP_SHUTDOWN] = { sw_sys_lp_shutdown, .flags = SW_EARLY | SW_LATE },
	[SW_LEAF_SYS_CONFIG] = { sw_sys_config, .flags = SW_EARLY },
	[SW_LEAF_SYS_SHUTDOWN] = { sw_sys_shutdown },
	[SW_LEAF_SYS_UPDATE] = { sw_sys_update, .max_version = 1,
				 .flags = SW_EARLY | SW_ANY_VERSION },
	[SW_LEAF_PHYMEM_PAMT_ADD] = { sw_phymem_pamt_add },
	[SW_LEAF_PHYMEM_PAMT_REMOVE] = { sw_phymem_pamt_remove },
	[SW_LEAF_SYS_DISABLE] = { sw_sys_disable, .flags = SW_EARLY | SW_LATE },
};

static u64 state_gate(const struct sw_leaf_info *info)
{
	u32 state = sw_load(&sw_sys.state);

	if (state == SW_SYS_SHUTDOWN_DONE)
		return info->flags & SW_LATE ? 0 : SW_SYS_SHUTDOWN;
	if (state != SW_SYS_READY && !(info->flags & SW_EARLY))
		return SW_SYS_NOT_READY;
	return 0;
}

static u64 dispatch(struct sw_cpu *cpu, struct sw_regs *r)
{
	u32 leaf = r->rax & 0xffff, version = r->rax >> 16 & 0xff;
	const struct sw_leaf_info *info;
	u64 err;

	if (r->rax >> 24 || leaf >= SW_NR_LEAVES)
		return SW_OPERAND_INVALID | SW_OPND_RAX;
	info = &leaves[leaf];
	if (!info->fn || (version > info->max_version &&
			  !(info->flags & SW_ANY_VERSION)))
		return SW_OPERAND_INVALID | SW_OPND_RAX;
	if (leaf == SW_LEAF_SYS_DISABLE && !sw_knows_sys_disable)
		return SW_OPERAND_INVALID | SW_OPND_RAX;
	err = state_gate(info);
	if (err)
		return err;
	if (sw_load(&sw_fault_armed))
		return sw_fault_seamcall(leaf, info->fn, cpu, r);
	return info->fn(cpu, r);
}

u64 sw_dispatch(struct sw_cpu *cpu, struct sw_regs *r)
{
	u32 leaf = r->rax & 0xffff;
	u64 status;

	cpu->in_rcx = r->rcx;
	cpu->in_rdx = r->rdx;
	sw_store(&cpu->in_leaf, leaf + 1);
	/* Counted before the state is read; pairs with disable_locked(). */
	sw_add_return(&sw_sys.in_flight, 1);
	status = dispatch(cpu, r);
	sw_add_return(&sw_sys.in_flight, -1);
	sw_store(&cpu->in_leaf, 0);
	r->rax = status;
	sw_stat_count(SW_STAT_SEAMCALL, leaf, status);
	if (leaf == SW_LEAF_VP_ENTER)
		sw_stat_td_exit(status);
	return status;
}
