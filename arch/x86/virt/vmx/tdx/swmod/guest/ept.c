// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's memory as one vCPU sees it: whose fault an EPT violation is.
 */
#include "guest/guest.h"

/* The root was checked when the host named it; below it, anything may be. */
static const u64 *sw_shared_root(const struct sw_tdvps *vp)
{
	return vp->shared_eptp ? sw_va(vp->shared_eptp & SW_EPT_PFN) : NULL;
}

static const u64 *sw_shared_table(u64 pa)
{
	pa &= SW_EPT_PFN;
	return sw_is_ram(pa, SW_PAGE_SIZE) ? sw_va(pa) : NULL;
}

static bool sw_sept_pending(const struct sw_entry *e)
{
	switch (sw_sept_state(e->val)) {
	case SW_ST_PENDING:
	case SW_ST_PENDING_EXPORTED_DIRTY:
		return true;
	default:
		return false;
	}
}

/*
 * Would hardware turn a violation at this shared GPA into a #VE?  It goes by
 * the suppress-#VE bit of the entry that ends the walk.  The tables are the
 * host's and change under the walk, so every one is checked to be memory.
 */
static bool sw_shared_convertible(const struct sw_tdvps *vp, u64 gpa)
{
	const u64 *table = sw_shared_root(vp);
	int level;
	u64 val;

	for (level = SW_ROOT_LEVEL; table; level--) {
		val = sw_load(&table[(gpa >> (12 + 9 * level)) & 511]);
		if (!(val & SW_EPT_RWX) || !level || (val & SW_EPT_LEAF_BIT))
			return !(val & SW_EPT_SVE);
		table = sw_shared_table(val);
	}
	return false;
}

static enum sw_next sw_shared_violation(struct sw_run *run, u64 gpa, u64 qual)
{
	const struct sw_tdvps *vp = run->vp;

	if (sw_root_sync_shared(run->vp))
		return SW_NEXT_RESUME;
	if (!vp->ve.valid && !(vp->event.info & SW_INTR_VALID) &&
	    sw_shared_convertible(vp, gpa))
		return sw_inject_ve(run, SW_VE_ARCHITECTURAL);
	return sw_td_exit_ept(run, gpa, qual, SW_EXT_NONE);
}

/* No #VE while another event is on its way through the guest's IDT. */
static bool sw_pending_ve_allowed(const struct sw_run *run)
{
	return !(run->td->tdcs->td_ctls & SW_TD_CTL_PENDING_VE_DISABLE) &&
	       !(run->vp->event.info & SW_INTR_VALID);
}

static enum sw_next sw_private_violation(struct sw_run *run, u64 gpa, u64 gla,
					 u64 qual)
{
	struct sw_entry e = {};

	if (sw_root_sync_private(run->td, run->vp))
		return SW_NEXT_RESUME;
	sw_sept_leaf(run->td, gpa, &e);
	if (sw_sept_pending(&e)) {
		if (sw_pending_ve_allowed(run))
			return sw_inject_ve(run, SW_VE_PENDING_PAGE);
		return sw_td_exit_ept(run, gpa, qual, SW_EXT_PENDING);
	}
	sw_step_fault(run, gpa, gla, qual);
	return sw_td_exit_ept(run, gpa, qual, SW_EXT_NONE);
}

static enum sw_next sw_reserved_gpa(struct sw_run *run, u64 gla, u64 qual)
{
	u64 error = 1 | 8;

	if (!(qual & SW_EQ_GLA_VALID))
		return sw_td_exit_fatal(run, SW_NON_RECOVERABLE_TD);
	if (qual & SW_EQ_WRITE)
		error |= 2;
	if (sw_cpl(run) == 3)
		error |= 4;
	if (qual & SW_EQ_FETCH)
		error |= 16;
	sw_guest_set_cr2(run, gla);
	sw_inject(run, SW_VEC_PF, error);
	return SW_NEXT_RESUME;
}

/* Of an access of the guest, or of the module for a TDCALL's operand. */
enum sw_next sw_ept_violation(struct sw_run *run, u64 gpa, u64 gla, u64 qual)
{
	run->exit.reason = SW_XR_EPT_VIOLATION;
	run->exit.qualification = qual;
	run->exit.gpa = gpa;
	run->exit.gla = gla;
	if (gpa >> SW_GPAW)
		return sw_reserved_gpa(run, gla, qual);
	if (gpa & SW_SHARED_BIT)
		return sw_shared_violation(run, gpa, qual);
	return sw_private_violation(run, gpa, gla, qual);
}
