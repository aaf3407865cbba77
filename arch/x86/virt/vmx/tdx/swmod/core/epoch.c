// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB tracking.  A page that was blocked under epoch e may only go once no
 * vCPU that entered under e is still inside: such a vCPU may hold stale
 * translations.  Two counters are enough, since an epoch cannot end before
 * the last entry of the one before it has left.
 */
#include "core/core.h"

u64 sw_epoch_enter(struct sw_td *td, struct sw_tdvps *vp, bool *flush)
{
	struct sw_tdcs *tdcs = td->tdcs;
	u64 epoch;

	if (sw_lock(&tdcs->epoch_lock, SW_SHARED, SW_HOST))
		return SW_OPERAND_BUSY | SW_OPND_TD_EPOCH;
	epoch = sw_load(&tdcs->td_epoch);
	sw_add_return(&tdcs->refcount[epoch & 1], 1);
	sw_unlock(&tdcs->epoch_lock, SW_SHARED);

	*flush = epoch != vp->vcpu_epoch;
	vp->vcpu_epoch = epoch;
	return 0;
}

void sw_epoch_exit(struct sw_td *td, struct sw_tdvps *vp)
{
	sw_add_return(&td->tdcs->refcount[vp->vcpu_epoch & 1], -1);
}

u64 sw_epoch_track(struct sw_td *td)
{
	struct sw_tdcs *tdcs = td->tdcs;
	u64 err = 0;

	if (sw_lock(&tdcs->epoch_lock, SW_EXCL, SW_HOST))
		return SW_OPERAND_BUSY | SW_OPND_TD_EPOCH;
	if (sw_load(&tdcs->refcount[!(tdcs->td_epoch & 1)]))
		err = SW_PREVIOUS_TLB_EPOCH_BUSY;
	else
		sw_store(&tdcs->td_epoch, tdcs->td_epoch + 1);
	sw_unlock(&tdcs->epoch_lock, SW_EXCL);
	return err;
}

bool sw_epoch_tracked(const struct sw_td *td, u64 bepoch)
{
	u64 epoch = sw_load(&td->tdcs->td_epoch);

	/* Bit 63 marks a page written by an import: never tracked. */
	if (bepoch >> 63 || bepoch >= epoch)
		return false;
	return bepoch < epoch - 1 || !sw_load(&td->tdcs->refcount[bepoch & 1]);
}
