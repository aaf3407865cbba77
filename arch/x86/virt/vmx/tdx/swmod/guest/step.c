// SPDX-License-Identifier: GPL-2.0-only
/*
 * The zero-step mitigation: a host that makes one guest instruction fault
 * again and again learns what it touches.  After six faults at one RIP the
 * pages are remembered, and no entry is made until all of them are mapped.
 *
 * It costs the host the S-EPT tree lock during VP.ENTER, which is why host
 * code wants it on in its tests.
 */
#include "guest/guest.h"

#define SW_STEP_THRESHOLD	6

bool sw_zero_step = true;

static void sw_step_reset(struct sw_tdvps *vp)
{
	vp->epf_count = 0;
	vp->epf_n = 0;
}

/* The RIP against which progress is measured. */
void sw_step_entry(struct sw_run *run)
{
	run->vp->epf_rip = sw_guest_read(run, SW_VM_GUEST_RIP);
}

/* Any exit at another instruction shows that the guest got on. */
void sw_step_exit(struct sw_run *run)
{
	struct sw_tdvps *vp = run->vp;

	if (!vp->epf_count)
		return;
	if (sw_guest_read(run, SW_VM_GUEST_RIP) != vp->epf_rip)
		sw_step_reset(vp);
}

static void sw_step_remember(struct sw_tdvps *vp, u64 gpa)
{
	unsigned int i;

	gpa &= ~(SW_PAGE_SIZE - 1);
	for (i = 0; i < vp->epf_n; i++)
		if (vp->epf_gpa[i] == gpa)
			return;
	if (vp->epf_n < SW_EPF_LIST)
		vp->epf_gpa[vp->epf_n++] = gpa;
}

/* A private fault goes out to the host. */
void sw_step_fault(struct sw_run *run, u64 gpa, u64 gla, u64 qualification)
{
	struct sw_tdvps *vp = run->vp;

	if (!sw_zero_step)
		return;
	if (sw_guest_read(run, SW_VM_GUEST_RIP) != vp->epf_rip)
		sw_step_reset(vp);
	vp->epf_qualification = qualification;
	vp->epf_gla = gla;
	if (vp->epf_count < SW_STEP_THRESHOLD) {
		vp->epf_count++;
		return;
	}
	sw_step_remember(vp, gpa);
}

/* Pending counts as mapped: the guest's own access has to report it. */
static bool sw_step_would_fault(const struct sw_td *td, u64 gpa)
{
	struct sw_entry e = {};

	sw_sept_leaf(td, gpa, &e);
	return !sw_sept_accessible(&e) && !(e.val & SW_EPT_PENDING_BIT);
}

/*
 * Before an entry.  The caller drops the tree lock just before the guest
 * runs; what a TDH.MEM leaf does after that shows up as one more fault.
 */
u64 sw_step_filter(struct sw_run *run, bool *exit)
{
	struct sw_tdvps *vp = run->vp;
	unsigned int i;
	u64 err;

	*exit = false;
	if (!vp->epf_n || !sw_zero_step)
		return 0;
	err = sw_td_lock_tree(run->td, SW_SHARED);
	if (err)
		return err;
	for (i = 0; i < vp->epf_n; i++) {
		if (!sw_step_would_fault(run->td, vp->epf_gpa[i]))
			continue;
		sw_td_exit_ept(run, vp->epf_gpa[i], SW_EQ_WRITE, SW_EXT_NONE);
		*exit = true;
		return 0;
	}
	return 0;
}
