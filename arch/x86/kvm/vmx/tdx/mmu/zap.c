// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zaps: a range of private pages goes, batch by batch.
 *
 * Block every leaf of the batch, so that no vCPU makes a new translation; begin
 * one new TLB epoch; kick the vCPUs once, so that none is left in an older
 * epoch; then take every leaf out.
 */
#include "mmu_env.h"

/*
 * What a batch may have of leaves, of pages in them (a large one is written
 * back and cleared 4 KiB at a time), and of addresses to look at: bounds the
 * time for which mmu_lock is held.
 */
#define ZAP_BATCH	4096
#define ZAP_PAGES	(SZ_64M >> PAGE_SHIFT)
#define ZAP_SPAN	SZ_4G

/*
 * What goes with one TRACK and one kick: @nr leaves of [@start, @end).  @park:
 * they are not removed yet.
 */
struct zap_batch {
	u64 start;
	u64 end;
	u64 nr;
	bool park;
};

/* Count @it's leaf; true once the batch has as much as it may have. */
static bool zap_is_full(struct zap_batch *batch, const struct sept_iter *it,
			u64 *pages)
{
	*pages += sept_pages(it->pos.level);
	return ++batch->nr == ZAP_BATCH || *pages >= ZAP_PAGES;
}

/* Block leaves from the start on.  The batch ends where it is full. */
static void zap_block(struct kvm_tdx *kvm_tdx, struct zap_batch *batch)
{
	u64 gpa = batch->start, pages = 0;
	struct sept_iter it;

	for_each_sept_leaf(&it, kvm_tdx, gpa, batch->end) {
		if (sept_state(it.old) != SEPT_LEAF)
			continue;
		track_block(&it);
		if (zap_is_full(batch, &it, &pages))
			break;
	}
	batch->end = min(gpa, batch->end);
}

static void zap_remove(struct kvm_tdx *kvm_tdx, const struct zap_batch *batch,
		       bool tracked)
{
	bool remove = tracked && !batch->park;
	struct sept_iter it;
	u64 gpa = batch->start;

	for_each_sept_leaf(&it, kvm_tdx, gpa, batch->end) {
		if (sept_state(it.old) != SEPT_BLOCKED)
			continue;
		if (remove) {
			track_remove(&it, SEPT_OP_REMOVE);
			continue;
		}
		sept_hold_leaf(&it);
		if (tracked)
			kvm_tdx->sept.nr_parked++;
	}
}

/*
 * The TD may run: a page's whole way out.  The tables that the batch @before has
 * emptied go the same way, and share the epoch and the kick.
 */
static void zap_running(struct kvm_tdx *kvm_tdx, struct zap_batch *batch,
			const struct zap_batch *before)
{
	bool tracked;

	zap_block(kvm_tdx, batch);
	if (batch->nr) {
		sept_prune_block(kvm_tdx, before->start, before->end);
		tracked = !track_epoch(kvm_tdx);
		zap_remove(kvm_tdx, batch, tracked);
		if (tracked)
			sept_prune_remove(kvm_tdx, before->start, before->end);
		sept_count(kvm_tdx, SEPT_STAT_ZAP_BATCHES, 1);
		trace_tdx_zap_batch(kvm_tdx, batch->start, batch->end, batch->nr);
	}
	track_release(kvm_tdx);
}

/* No vCPU has run yet, or no SEAMCALL but RECLAIM works: leaf by leaf. */
static void zap_at_rest(struct kvm_tdx *kvm_tdx, struct zap_batch *batch)
{
	u64 gpa = batch->start, pages = 0;
	struct sept_iter it;

	for_each_sept_leaf(&it, kvm_tdx, gpa, batch->end) {
		if (td_state(kvm_tdx) == TD_S_KEYLESS)
			sept_reclaim_leaf(&it);
		else if (kvm_tdx->sept.closing)
			sept_hold_leaf(&it);
		else if (sept_state(it.old) == SEPT_LEAF)
			track_remove(&it, SEPT_OP_REMOVE_EARLY);
		if (zap_is_full(batch, &it, &pages))
			break;
	}
	track_release(kvm_tdx);
	batch->end = min(gpa, batch->end);
}

/*
 * What lies outside of the range stays.  With the KeyID gone no guest is left
 * to miss it, and a mapping is reclaimed as a whole.
 */
static void zap_split_ends(struct kvm_tdx *kvm_tdx, u64 start, u64 end)
{
	u64 mask = sept_size(SEPT_LEVEL_2M) - 1;

	if (td_state(kvm_tdx) != TD_S_RUNNABLE || kvm_tdx->sept.closing)
		return;
	if (start < end && start & mask)
		sept_split(kvm_tdx, start);
	if (start < end && end & mask)
		sept_split(kvm_tdx, end);
}

/*
 * Every range that guest_memfd, attributes and slots ask for may sleep, and
 * mmu_invalidate_in_progress, or the deleted slot's SRCU grace period, keeps
 * faults out of the range between two batches.
 */
static void zap_range(struct kvm_tdx *kvm_tdx, gfn_t start, gfn_t end, bool park)
{
	struct zap_batch batch = {}, before;
	u64 limit, last;

	lockdep_assert_held_write(&kvm_tdx->vmx.kvm.mmu_lock);

	/* Nothing can have been mapped before KVM_TDX_INIT_VM, which sets GPAW. */
	if (td_state(kvm_tdx) == TD_S_NONE)
		return;

	limit = tdx_shared_bit(kvm_tdx);
	batch.end = min_t(u64, start, limit >> PAGE_SHIFT) << PAGE_SHIFT;
	batch.start = batch.end;
	last = min_t(u64, end, limit >> PAGE_SHIFT) << PAGE_SHIFT;
	zap_split_ends(kvm_tdx, batch.start, last);
	while (batch.end < last) {
		before = batch;
		batch = (struct zap_batch) {
			.start = before.end,
			.end = min(last, before.end + ZAP_SPAN),
			.park = park,
		};
		if (td_state(kvm_tdx) == TD_S_RUNNABLE && !kvm_tdx->sept.closing)
			zap_running(kvm_tdx, &batch, &before);
		else
			zap_at_rest(kvm_tdx, &batch);
		if (batch.end < last)
			cond_resched_rwlock_write(&kvm_tdx->vmx.kvm.mmu_lock);
	}
}

void sept_zap_range(struct kvm_tdx *kvm_tdx, gfn_t start, gfn_t end)
{
	zap_range(kvm_tdx, start, end, false);
}

void sept_park_range(struct kvm_tdx *kvm_tdx, gfn_t start, gfn_t end)
{
	zap_range(kvm_tdx, start, end, true);
}

/* A batch of parked leaves; returns from where on there may be more. */
static u64 zap_parked(struct kvm_tdx *kvm_tdx, u64 gpa, u64 end)
{
	struct zap_batch batch = {};
	struct sept_iter it;
	u64 pages = 0;

	for_each_sept_leaf(&it, kvm_tdx, gpa, end) {
		if (sept_state(it.old) != SEPT_HELD)
			continue;
		kvm_tdx->sept.nr_parked--;
		if (td_state(kvm_tdx) == TD_S_KEYLESS)
			sept_reclaim_leaf(&it);
		else
			sept_remove_held(&it);
		if (zap_is_full(&batch, &it, &pages))
			break;
	}
	track_release(kvm_tdx);
	return gpa;
}

/*
 * A page that is HELD for another reason belongs to a TD that is dead, or whose
 * KeyID is being given back: without a free KeyID they all have to wait.
 */
void sept_unpark(struct kvm_tdx *kvm_tdx)
{
	u64 gpa = 0;

	lockdep_assert_held_write(&kvm_tdx->vmx.kvm.mmu_lock);

	/* One pass: what is parked meanwhile waits for the next. */
	while (kvm_tdx->sept.nr_parked && gpa < tdx_shared_bit(kvm_tdx)) {
		if (td_state(kvm_tdx) != TD_S_KEYLESS &&
		    (kvm_tdx->sept.closing || kvm_tdx->vmx.kvm.vm_dead))
			break;
		gpa = zap_parked(kvm_tdx, gpa, gpa + ZAP_SPAN);
		if (kvm_tdx->sept.nr_parked)
			cond_resched_rwlock_write(&kvm_tdx->vmx.kvm.mmu_lock);
	}
}
