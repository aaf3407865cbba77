// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping: the only code that blocks, tracks and kicks.
 *
 * A zap works on batches.  Block every leaf of the batch, so that no vCPU
 * makes a new translation; begin one new TLB epoch; kick the vCPUs once, so
 * that none is left in an older epoch; then take every leaf out.
 *
 * mmu_lock is held for write: no fault is under way, and nothing here
 * allocates.  What is left to lose the module's locks to are vCPUs inside
 * TDH.VP.ENTER (epoch lock, S-EPT tree) and guests that ACCEPT (entry).  A
 * step that comes back busy keeps all vCPUs out until its batch is done.
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

/* The same for tables that go because they are in the way of a large page. */
#define PRUNE_SPAN	SZ_128M

/*
 * With every vCPU out, nobody is known to hold a lock that a step needs, but
 * another TD's call may pass through the same page metadata, for the length of
 * a SEAMCALL.  The bound is some milliseconds, and out of reach of chance even
 * where every other call comes back busy.
 */
#define TRACK_TRIES	1000

/* --- vCPUs --- */

static void track_kick(struct kvm_tdx *tdx)
{
	sept_count(tdx, SEPT_STAT_KICKS, 1);
	kvm_make_all_cpus_request(&tdx->vmx.kvm, KVM_REQ_OUTSIDE_GUEST_MODE);
}

/*
 * When this returns no vCPU is inside TDH.VP.ENTER, and none gets there before
 * track_release().  One kick is enough for that.
 */
static void track_quiesce(struct kvm_tdx *tdx)
{
	lockdep_assert_held_write(&tdx->vmx.kvm.mmu_lock);

	if (tdx->quiesce) {
		cpu_relax();
		return;
	}
	sept_count(tdx, SEPT_STAT_QUIESCES, 1);
	/*
	 * The flag comes before the kick's look at each vCPU's CPU and mode.
	 * Pairs with the barrier after vcpu->mode is set to IN_GUEST_MODE,
	 * before tdx_vcpu_run() looks at the flag.
	 */
	smp_store_mb(tdx->quiesce, true);
	track_kick(tdx);
}

static void track_release(struct kvm_tdx *tdx)
{
	if (tdx->quiesce)
		WRITE_ONCE(tdx->quiesce, false);
}

/*
 * Another try after a busy status?  Then with all vCPUs out, if it was a lock
 * that was lost.
 */
static bool track_again(struct kvm_tdx *tdx, u64 gpa, u64 err,
			unsigned int *tries)
{
	if (tdx_judge(err) != TDX_RETRY)
		return false;
	trace_tdx_retry(tdx, gpa, err);
	sept_count(tdx, SEPT_STAT_BUSY, 1);
	if (++*tries == TRACK_TRIES)
		return false;
	/* An interrupt of this CPU, which has taken it by now; no lock. */
	if (!tdx_status_is(err, TDX_INTERRUPTED_RESTARTABLE))
		track_quiesce(tdx);
	return true;
}

/* --- steps --- */

/* @table: what DEMOTE shall put in the place of the leaf, or UNLINK take out. */
static u64 track_call(struct sept_iter *it, enum sept_op op,
		      struct sept_table *table, struct sept_info *info)
{
	struct tdx_td *td = &it->tdx->td;
	u64 hpa, want, err;

	if (op == SEPT_OP_BLOCK || op == SEPT_OP_BLOCK_TABLE)
		return tdh_mem_range_block(td, it->pos, info);
	if (op == SEPT_OP_DEMOTE)
		return tdh_mem_page_demote(td, it->pos, table->page, info);

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

static u64 track_call_retried(struct sept_iter *it, enum sept_op op,
			      struct sept_table *table, struct sept_info *info)
{
	unsigned int tries = 0;
	u64 err;

	do {
		err = track_call(it, op, table, info);
		trace_tdx_sept_step(it, op, err);
	} while (track_again(it->tdx, it->pos.gpa, err, &tries));
	return err;
}

/*
 * One SEAMCALL on an entry.  If it fails for good the VM is dead, and a leaf
 * keeps its page until the KeyID is free.  A table is KVM's own, and stays.
 */
static int track_step(struct sept_iter *it, enum sept_op op,
		      struct sept_table *table)
{
	struct sept_info info;
	u64 err;
	int ret;

	if (WARN_ON_ONCE(!sept_may(op, sept_state(it->old))))
		return -EIO;
	err = track_call_retried(it, op, table, &info);
	ret = sept_errno(it, op, err, &info);
	if (ret == -EBUSY)
		ret = tdx_broken_at(it->tdx, sept_leaf_name(op), err,
				    it->pos.gpa, &info);
	if (ret && sept_is_leaf(it->old))
		sept_hold_leaf(it);
	return ret;
}

static int track_block(struct sept_iter *it)
{
	int ret = track_step(it, SEPT_OP_BLOCK, NULL);

	if (ret)
		return ret;
	sept_count(it->tdx, SEPT_STAT_BLOCKS, 1);
	sept_publish(it, sept_make_leaf(sept_after(SEPT_OP_BLOCK),
					sept_pfn(it->old)));
	sept_iter_reload(it);
	return 0;
}

static void track_remove(struct sept_iter *it, enum sept_op op)
{
	if (track_step(it, op, NULL))
		return;
	sept_count(it->tdx, SEPT_STAT_REMOVES, 1);
	sept_count_leaf(it->tdx, it->pos.level, -1);
	sept_scrub_leaf(it);
	sept_publish(it, sept_after(op));
}

/*
 * Begin a new TLB epoch and wait until no vCPU runs in an older one.  Kicked
 * vCPUs may re-enter at once: they enter the new epoch.  A second epoch cannot
 * begin while a vCPU is in the one before the last, so that a busy status here
 * asks for a kick as well.
 */
static int track_epoch(struct kvm_tdx *tdx)
{
	unsigned int tries = 0;
	u64 err;

	do {
		err = tdh_mem_track(&tdx->td);
	} while (track_again(tdx, 0, err, &tries));

	if (tdx_judge(err) != TDX_DONE)
		return tdx_broken(tdx, "TDH.MEM.TRACK", err, NULL);
	sept_count(tdx, SEPT_STAT_TRACKS, 1);
	if (!tdx->quiesce)
		track_kick(tdx);
	return 0;
}

/* --- splitting --- */

/* The module leaves 512 unblocked leaves below the new table. */
static void split_publish(struct sept_iter *it, struct sept_table *table)
{
	u64 i, pfn = sept_pfn(it->old);

	for (i = 0; i < SEPT_ENTRIES; i++)
		table->entries[i] = sept_make_leaf(SEPT_LEAF, pfn + i);
	sept_publish(it, sept_make_table(table));

	sept_count(it->tdx, SEPT_STAT_DEMOTES, 1);
	sept_count(it->tdx, SEPT_STAT_TABLES, 1);
	sept_count_leaf(it->tdx, SEPT_LEVEL_2M, -1);
	sept_count_leaf(it->tdx, SEPT_LEVEL_4K, SEPT_ENTRIES);
}

/* Returns 0 if the module has taken @table. */
static int split_leaf(struct sept_iter *it, struct sept_table *table)
{
	int ret;

	ret = track_block(it);
	if (ret)
		return ret;
	ret = track_epoch(it->tdx);
	if (ret) {
		sept_hold_leaf(it);
		return ret;
	}
	ret = track_step(it, SEPT_OP_DEMOTE, table);
	if (!ret)
		split_publish(it, table);
	return ret;
}

/*
 * Without a table the mapping stays as it is.  A zap then takes all of it, and
 * the guest has to accept the rest anew.
 */
void sept_split(struct kvm_tdx *tdx, u64 gpa)
{
	struct sept_table *table;
	struct sept_iter it;

	lockdep_assert_held_write(&tdx->vmx.kvm.mmu_lock);

	sept_iter_start(&it, tdx, gpa);
	while (sept_state(it.old) == SEPT_TABLE)
		sept_iter_descend(&it);
	if (sept_state(it.old) != SEPT_LEAF || it.pos.level == SEPT_LEVEL_4K)
		return;

	table = sept_take_spare(tdx);
	if (!table)
		table = sept_table_alloc(GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!table)
		return;
	if (split_leaf(&it, table))
		sept_table_free(table);
	track_release(tdx);
}

/* --- empty tables --- */

bool sept_empty_table_at(struct kvm_tdx *tdx, u64 gpa)
{
	struct sept_iter it;
	u64 start = gpa & ~(sept_size(SEPT_LEVEL_2M) - 1);

	lockdep_assert_held(&tdx->vmx.kvm.mmu_lock);

	return sept_iter_next_table(&it, tdx, &start, gpa + 1) &&
	       sept_state(it.old) == SEPT_TABLE &&
	       sept_table_is_empty(sept_child(it.old));
}

/* Nobody needs the table to go: if the module stays busy, so does the table. */
static int prune_block_table(struct sept_iter *it)
{
	struct sept_info info;
	u64 err;
	int ret;

	if (WARN_ON_ONCE(!sept_may(SEPT_OP_BLOCK_TABLE, sept_state(it->old))))
		return -EIO;
	err = track_call_retried(it, SEPT_OP_BLOCK_TABLE, NULL, &info);
	ret = sept_errno(it, SEPT_OP_BLOCK_TABLE, err, &info);
	if (ret)
		return ret;
	sept_count(it->tdx, SEPT_STAT_BLOCKS, 1);
	sept_publish(it, (it->old & ~SEPT_STATE_MASK) |
			 sept_after(SEPT_OP_BLOCK_TABLE));
	return 0;
}

/*
 * Block the empty tables of [@start, @end), so that the next TRACK serves them,
 * too.  The module walks through no blocked table: leaves have to be gone
 * before.  Returns how many there are.
 */
static u64 prune_block(struct kvm_tdx *tdx, u64 start, u64 end)
{
	struct sept_iter it;
	u64 nr = 0;

	for_each_sept_table(&it, tdx, start, end) {
		if (sept_state(it.old) != SEPT_TABLE ||
		    !sept_table_is_empty(sept_child(it.old)))
			continue;
		if (prune_block_table(&it))
			break;
		nr++;
	}
	return nr;
}

static void prune_remove(struct kvm_tdx *tdx, u64 start, u64 end)
{
	struct sept_iter it;

	for_each_sept_table(&it, tdx, start, end) {
		struct sept_table *table = sept_child(it.old);

		if (sept_state(it.old) != SEPT_TABLE_BLOCKED)
			continue;
		if (track_step(&it, SEPT_OP_UNLINK, table))
			continue;
		sept_count(tdx, SEPT_STAT_UNLINKS, 1);
		sept_publish(&it, sept_after(SEPT_OP_UNLINK));
		sept_scrub_table(tdx, table);
	}
}

void sept_prune(struct kvm_tdx *tdx, u64 gpa)
{
	u64 start = gpa & ~(sept_size(SEPT_LEVEL_2M) - 1);
	u64 end = min(start + PRUNE_SPAN, tdx_shared_bit(tdx));

	lockdep_assert_held_write(&tdx->vmx.kvm.mmu_lock);

	if (td_state(tdx) != TD_S_RUNNABLE || tdx->sept.closing)
		return;
	if (prune_block(tdx, start, end) && !track_epoch(tdx))
		prune_remove(tdx, start, end);
	track_release(tdx);
}

/* --- batches --- */

/* A leaf of which a zap has done its half. */
static bool zap_blocked(const struct sept_iter *it)
{
	return sept_state(it->old) == SEPT_BLOCKED;
}

/* Block leaves from @start on; returns where the batch ends. */
static u64 zap_block(struct kvm_tdx *tdx, u64 start, u64 end, u64 *nr)
{
	struct sept_iter it;
	u64 gpa = start, pages = 0;

	*nr = 0;
	for_each_sept_leaf(&it, tdx, gpa, end) {
		if (sept_state(it.old) != SEPT_LEAF)
			continue;
		track_block(&it);
		pages += sept_pages(it.pos.level);
		if (++*nr == ZAP_BATCH || pages >= ZAP_PAGES)
			break;
	}
	return min(gpa, end);
}

static void zap_remove(struct kvm_tdx *tdx, u64 start, u64 end, bool tracked)
{
	struct sept_iter it;
	u64 gpa = start;

	for_each_sept_leaf(&it, tdx, gpa, end) {
		if (!zap_blocked(&it))
			continue;
		if (tracked)
			track_remove(&it, SEPT_OP_REMOVE);
		else
			sept_hold_leaf(&it);
	}
}

/*
 * The TD may run: the whole protocol.  Tables that the batch before, from @prev
 * on, has emptied go with this one.  Returns where the batch ends.
 */
static u64 zap_batch_running(struct kvm_tdx *tdx, u64 prev, u64 start, u64 end)
{
	u64 nr, next = zap_block(tdx, start, end, &nr);

	if (nr) {
		bool tracked;

		prune_block(tdx, prev, start);
		tracked = !track_epoch(tdx);
		zap_remove(tdx, start, next, tracked);
		if (tracked)
			prune_remove(tdx, prev, start);
		sept_count(tdx, SEPT_STAT_ZAP_BATCHES, 1);
		trace_tdx_zap_batch(tdx, start, next, nr);
	}
	track_release(tdx);
	return next;
}

/* No vCPU has run yet, or no SEAMCALL but RECLAIM works: leaf by leaf. */
static u64 zap_batch_simple(struct kvm_tdx *tdx, u64 start, u64 end)
{
	struct sept_iter it;
	u64 gpa = start, nr = 0, pages = 0;

	for_each_sept_leaf(&it, tdx, gpa, end) {
		if (td_state(tdx) == TD_S_KEYLESS)
			sept_reclaim_leaf(&it);
		else if (tdx->sept.closing)
			sept_hold_leaf(&it);
		else if (sept_state(it.old) == SEPT_LEAF)
			track_remove(&it, SEPT_OP_REMOVE_EARLY);
		pages += sept_pages(it.pos.level);
		if (++nr == ZAP_BATCH || pages >= ZAP_PAGES)
			break;
	}
	track_release(tdx);
	return min(gpa, end);
}

static u64 zap_batch(struct kvm_tdx *tdx, u64 prev, u64 start, u64 end)
{
	end = min(end, start + ZAP_SPAN);
	if (td_state(tdx) == TD_S_RUNNABLE && !tdx->sept.closing)
		return zap_batch_running(tdx, prev, start, end);
	return zap_batch_simple(tdx, start, end);
}

/*
 * What lies outside of the range stays.  With the KeyID gone no guest is left
 * to miss it, and a mapping is reclaimed as a whole.
 */
static void zap_split_ends(struct kvm_tdx *tdx, u64 start, u64 end)
{
	u64 mask = sept_size(SEPT_LEVEL_2M) - 1;

	if (td_state(tdx) != TD_S_RUNNABLE || tdx->sept.closing)
		return;
	if (start < end && start & mask)
		sept_split(tdx, start);
	if (start < end && end & mask)
		sept_split(tdx, end);
}

/*
 * Every range that guest_memfd, attributes and slots ask for may sleep, and
 * mmu_invalidate_in_progress, or the deleted slot's SRCU grace period, keeps
 * faults out of the range between two batches.
 */
void sept_zap_range(struct kvm_tdx *tdx, gfn_t start, gfn_t end)
{
	u64 limit = tdx_shared_bit(tdx);
	u64 gpa, last, prev;

	lockdep_assert_held_write(&tdx->vmx.kvm.mmu_lock);

	/* Nothing can have been mapped before KVM_TDX_INIT_VM. */
	if (td_state(tdx) == TD_S_NONE)
		return;

	gpa = min_t(u64, start, limit >> PAGE_SHIFT) << PAGE_SHIFT;
	last = min_t(u64, end, limit >> PAGE_SHIFT) << PAGE_SHIFT;
	zap_split_ends(tdx, gpa, last);
	prev = gpa;
	while (gpa < last) {
		u64 next = zap_batch(tdx, prev, gpa, last);

		prev = gpa;
		gpa = next;
		if (gpa < last)
			cond_resched_rwlock_write(&tdx->vmx.kvm.mmu_lock);
	}
}
