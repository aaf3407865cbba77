// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only code that blocks, tracks and kicks, one step each.
 *
 * BLOCK keeps vCPUs from making a new translation of an entry.  TRACK begins a
 * new TLB epoch, and a kick gets every vCPU out of the old one.  Then the entry
 * may be taken out, or split.  zap.c and reshape.c put the steps together.
 *
 * mmu_lock is held for write: no fault is under way, and nothing here
 * allocates.  What is left to lose the module's locks to are vCPUs inside
 * TDH.VP.ENTER (epoch lock, S-EPT tree) and guests that ACCEPT (entry).  A
 * step that comes back busy keeps all vCPUs out until track_release().
 */
#include "mmu_env.h"

/* --- vCPUs --- */

static void track_kick(struct kvm_tdx *kvm_tdx)
{
	sept_count(kvm_tdx, SEPT_STAT_KICKS, 1);
	kvm_make_all_cpus_request(&kvm_tdx->vmx.kvm, KVM_REQ_OUTSIDE_GUEST_MODE);
}

/*
 * When this returns no vCPU is inside TDH.VP.ENTER, and none gets there before
 * track_release().  One kick is enough for that.
 */
static void track_quiesce(struct kvm_tdx *kvm_tdx)
{
	lockdep_assert_held_write(&kvm_tdx->vmx.kvm.mmu_lock);

	if (kvm_tdx->quiesce) {
		cpu_relax();
		return;
	}
	sept_count(kvm_tdx, SEPT_STAT_QUIESCES, 1);
	/*
	 * The flag comes before the kick's look at each vCPU's CPU and mode.
	 * Pairs with the barrier after vcpu->mode is set to IN_GUEST_MODE,
	 * before tdx_vcpu_run() looks at the flag.
	 */
	smp_store_mb(kvm_tdx->quiesce, true);
	track_kick(kvm_tdx);
}

void track_release(struct kvm_tdx *kvm_tdx)
{
	if (kvm_tdx->quiesce)
		WRITE_ONCE(kvm_tdx->quiesce, false);
}

/*
 * Another try after a busy status?  Then with all vCPUs out, if it was a lock
 * that was lost.
 */
static bool track_again(struct kvm_tdx *kvm_tdx, u64 gpa, u64 err,
			unsigned int *tries)
{
	if (tdx_judge(err) != TDX_RETRY)
		return false;
	trace_tdx_retry(kvm_tdx, gpa, err);
	sept_count(kvm_tdx, SEPT_STAT_BUSY, 1);
	if (!tdx_try_again(err, tries))
		return false;
	/* An interrupt of this CPU, which has taken it by now; no lock. */
	if (!tdx_status_is(err, TDX_INTERRUPTED_RESTARTABLE))
		track_quiesce(kvm_tdx);
	return true;
}

/* --- steps --- */

/* @table: what DEMOTE shall put in the place of the leaf, or UNLINK take out. */
static u64 track_call(struct sept_iter *it, enum sept_op op,
		      struct sept_table *table, struct sept_info *info)
{
	struct tdx_td *td = &it->kvm_tdx->td;
	u64 hpa, want, err;

	if (op == SEPT_OP_BLOCK || op == SEPT_OP_BLOCK_TABLE)
		return tdh_mem_range_block(td, it->pos, info);
	if (op == SEPT_OP_DEMOTE)
		return tdh_mem_page_demote(td, it->pos, table->page,
					   table->pair.page, info);

	if (op == SEPT_OP_UNLINK) {
		want = page_to_phys(table->page);
		err = tdh_mem_sept_remove(td, it->pos, &hpa, info);
	} else {
		want = sept_pfn(it->old) << PAGE_SHIFT;
		err = tdh_mem_page_remove(td, it->pos, &hpa, info);
	}
	if (tdx_judge(err) == TDX_DONE)
		WARN_ON_ONCE(hpa != want);
	return err;
}

u64 track_call_retried(struct sept_iter *it, enum sept_op op,
		       struct sept_table *table, struct sept_info *info)
{
	unsigned int tries = 0;
	u64 err;

	do {
		err = track_call(it, op, table, info);
		trace_tdx_sept_step(it, op, err);
	} while (track_again(it->kvm_tdx, it->pos.gpa, err, &tries));
	return err;
}

/* A leaf that fails keeps its page until the KeyID is free; a table is KVM's. */
int track_step(struct sept_iter *it, enum sept_op op, struct sept_table *table)
{
	struct sept_info info;
	u64 err;
	int ret;

	if (WARN_ON_ONCE(!sept_may(op, sept_state(it->old))))
		return -EIO;
	err = track_call_retried(it, op, table, &info);
	ret = sept_errno(it, op, err, &info);
	if (ret == -EBUSY)
		ret = tdx_broken_at(it->kvm_tdx, sept_leaf_name(op), err,
				    it->pos.gpa, &info);
	if (ret && sept_is_leaf(it->old))
		sept_hold_leaf(it);
	return ret;
}

int track_block(struct sept_iter *it)
{
	int ret = track_step(it, SEPT_OP_BLOCK, NULL);

	if (ret)
		return ret;
	sept_count(it->kvm_tdx, SEPT_STAT_BLOCKS, 1);
	sept_publish(it, sept_make_leaf(sept_after(SEPT_OP_BLOCK),
					sept_pfn(it->old)));
	sept_iter_reload(it);
	return 0;
}

void track_remove(struct sept_iter *it, enum sept_op op)
{
	if (track_step(it, op, NULL))
		return;
	sept_count(it->kvm_tdx, SEPT_STAT_REMOVES, 1);
	sept_count_leaf(it->kvm_tdx, it->pos.level, -1);
	sept_scrub_leaf(it);
	sept_publish(it, sept_after(op));
}

/*
 * Begin a new TLB epoch and wait until no vCPU runs in an older one.  Kicked
 * vCPUs may re-enter at once: they enter the new epoch.  A second epoch cannot
 * begin while a vCPU is in the one before the last, so that a busy status here
 * asks for a kick as well.
 */
int track_epoch(struct kvm_tdx *kvm_tdx)
{
	unsigned int tries = 0;
	u64 err;

	do {
		err = tdh_mem_track(&kvm_tdx->td);
	} while (track_again(kvm_tdx, 0, err, &tries));

	if (tdx_judge(err) != TDX_DONE)
		return tdx_broken(kvm_tdx, "TDH.MEM.TRACK", err, NULL);
	sept_count(kvm_tdx, SEPT_STAT_TRACKS, 1);
	if (!kvm_tdx->quiesce)
		track_kick(kvm_tdx);
	return 0;
}
