// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a TD, and a vCPU of it, for a leaf: the checks and locks that leaves
 * have in common, in the order in which the module makes them.
 */
#include "core/core.h"

#define UNINIT	(1u << SW_OP_UNINITIALIZED)
#define INIT	(1u << SW_OP_INITIALIZED)
#define RUN	(1u << SW_OP_RUNNABLE)

#define SW_VAPIC_PPR	0xa0

/*
 * In which OP_STATE a leaf may run.  The states of migration do not exist
 * here.  A leaf that is not listed does not look at OP_STATE.
 */
static const u8 op_states[SW_NR_LEAVES] = {
	[SW_LEAF_VP_ENTER] = RUN,
	[SW_LEAF_MNG_ADDCX] = UNINIT,
	[SW_LEAF_MEM_PAGE_ADD] = INIT,
	[SW_LEAF_MEM_SEPT_ADD] = INIT | RUN,
	[SW_LEAF_VP_ADDCX] = INIT,
	[SW_LEAF_MEM_PAGE_RELOCATE] = INIT | RUN,
	[SW_LEAF_MEM_PAGE_AUG] = INIT | RUN,
	[SW_LEAF_MEM_RANGE_BLOCK] = INIT | RUN,
	[SW_LEAF_VP_CREATE] = INIT,
	[SW_LEAF_MNG_RD] = INIT | RUN,
	[SW_LEAF_MEM_RD] = INIT | RUN,
	[SW_LEAF_MNG_WR] = INIT | RUN,
	[SW_LEAF_MEM_WR] = INIT | RUN,
	[SW_LEAF_MEM_PAGE_DEMOTE] = INIT | RUN,
	[SW_LEAF_MR_EXTEND] = INIT,
	[SW_LEAF_MR_FINALIZE] = INIT,
	[SW_LEAF_VP_FLUSH] = UNINIT | INIT | RUN,
	[SW_LEAF_MNG_INIT] = UNINIT,
	[SW_LEAF_VP_INIT] = INIT,
	[SW_LEAF_MEM_PAGE_PROMOTE] = INIT | RUN,
	[SW_LEAF_MEM_SEPT_RD] = INIT | RUN,
	[SW_LEAF_VP_RD] = INIT | RUN,
	[SW_LEAF_MEM_PAGE_REMOVE] = INIT | RUN,
	[SW_LEAF_MEM_SEPT_REMOVE] = INIT | RUN,
	[SW_LEAF_MEM_TRACK] = INIT | RUN,
	[SW_LEAF_MEM_RANGE_UNBLOCK] = INIT | RUN,
	[SW_LEAF_VP_WR] = INIT | RUN,
};

static_assert(sizeof(struct sw_tdr) <= SW_PAGE_SIZE, "TDR is one page");
static_assert(sizeof(struct sw_tdcs) <= SW_PAGE_SIZE, "TDCS page 0");
static_assert(sizeof(struct sw_tdcs1) <= SW_PAGE_SIZE, "TDCS page 1");
static_assert(sizeof(struct sw_tdvps) <= SW_PAGE_SIZE, "TDVPR is one page");
static_assert(sizeof(struct sw_pamt_entry) == 16, "PAMT entry");

bool sw_op_state_allows(u32 leaf, u32 op_state)
{
	u8 states = leaf < SW_NR_LEAVES ? op_states[leaf] : 0;

	return !states || (states & (1u << op_state));
}

/* A TD that cannot have run has no stale translations either. */
bool sw_tracking_needed(const struct sw_td *td)
{
	return td->tdcs->op_state == SW_OP_RUNNABLE;
}

void sw_td_children(struct sw_td *td, s64 pages)
{
	sw_add_return(&td->tdr->chldcnt, pages);
}

void *sw_tdcs_page(const struct sw_td *td, unsigned int index)
{
	return sw_va(td->tdr->tdcx_pa[index]);
}

void *sw_tdvps_page(const struct sw_tdvps *vp, unsigned int index)
{
	return sw_va(vp->page_pa[index]);
}

u64 sw_tdr_get(u64 tdr_pa, enum sw_mode mode, u32 operand, bool implicit,
	       struct sw_td *td)
{
	u64 err;

	memset(td, 0, sizeof(*td));
	if (implicit)
		err = sw_page_get_implicit(tdr_pa, mode, SW_PT_TDR, operand,
					   &td->page);
	else
		err = sw_page_get(tdr_pa, 0, mode, SW_PT_TDR, operand, &td->page);
	if (!err)
		td->tdr = sw_va(tdr_pa);
	return err;
}

static u64 td_check_build(struct sw_td *td)
{
	if (sw_load(&td->tdr->fatal))
		return SW_TD_FATAL;
	if (td->tdr->lifecycle != SW_KEYS_CONFIGURED)
		return SW_TD_KEYS_NOT_CONFIGURED;
	if (td->tdr->num_tdcx < SW_TDCS_PAGES_MIN)
		return SW_TDCS_NOT_ALLOCATED;
	td->tdcs = sw_tdcs_page(td, 0);
	td->tdcs1 = sw_tdcs_page(td, 1);
	return 0;
}

static u64 td_check_op_state(struct sw_td *td, int op_mode, u32 leaf)
{
	u64 err;

	if (op_mode >= 0) {
		err = sw_lock(&td->tdcs->op_lock, op_mode, SW_HOST);
		if (err)
			return err | SW_OPND_OP_STATE;
		td->op_held = 1;
		td->op_mode = op_mode;
	}
	if (!sw_op_state_allows(leaf, td->tdcs->op_state))
		return SW_OP_STATE_INCORRECT | td->tdcs->op_state;
	return 0;
}

u64 sw_td_get(u64 tdr_pa, enum sw_mode tdr_mode, int op_mode, u32 leaf,
	      u32 operand, bool implicit, struct sw_td *td)
{
	u64 err;

	err = sw_tdr_get(tdr_pa, tdr_mode, operand, implicit, td);
	if (!err)
		err = td_check_build(td);
	if (!err)
		err = td_check_op_state(td, op_mode, leaf);
	if (err)
		sw_td_put(td);
	return err;
}

u64 sw_td_lock_tree(struct sw_td *td, enum sw_mode mode)
{
	u64 err = sw_lock(&td->tdcs->tree_lock, mode, SW_HOST);

	if (err)
		return err | SW_OPND_SEPT_TREE;
	td->tree_held = 1;
	td->tree_mode = mode;
	return 0;
}

void sw_td_put(struct sw_td *td)
{
	if (td->tree_held)
		sw_unlock(&td->tdcs->tree_lock, td->tree_mode);
	if (td->op_held)
		sw_unlock(&td->tdcs->op_lock, td->op_mode);
	sw_page_put(&td->page);
	memset(td, 0, sizeof(*td));
}

u64 sw_vp_get(u64 tdvpr_pa, enum sw_mode vp_mode, enum sw_mode tdr_mode,
	      int op_mode, u32 leaf, u32 operand, struct sw_vp_ref *ref)
{
	u64 err;

	memset(ref, 0, sizeof(*ref));
	err = sw_page_get(tdvpr_pa, 0, vp_mode, SW_PT_TDVPR, operand,
			  &ref->page);
	if (err)
		return err;
	ref->vp = sw_va(tdvpr_pa);
	err = sw_td_get(sw_page_owner(&ref->page), tdr_mode, op_mode, leaf,
			SW_OPND_TDR, true, &ref->td);
	if (err)
		sw_vp_put(ref);
	return err;
}

void sw_vp_put(struct sw_vp_ref *ref)
{
	sw_td_put(&ref->td);
	sw_page_put(&ref->page);
	ref->vp = NULL;
}

u64 sw_vp_associate(struct sw_cpu *cpu, struct sw_td *td, struct sw_tdvps *vp,
		    bool *fresh)
{
	s32 mine = cpu->lpid, old;

	*fresh = false;
	old = sw_cmpxchg(&vp->assoc_lpid, -1, mine);
	if (old == mine)
		return 0;
	if (old != -1)
		return SW_VCPU_ASSOCIATED;
	sw_add_return(&td->tdcs->num_assoc_vcpus, 1);
	*fresh = true;
	return 0;
}

bool sw_vp_intr_pending(struct sw_tdvps *vp)
{
	const u8 *vapic = sw_tdvps_page(vp, SW_TDVPS_VAPIC);

	return (vp->rvi & 0xf0) > (vapic[SW_VAPIC_PPR] & 0xf0);
}
