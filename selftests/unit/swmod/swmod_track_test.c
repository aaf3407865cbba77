// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB tracking, against vCPUs that are inside VP.ENTER: the script of the
 * outer one runs the inner one, whose script is the host on a third CPU.
 */
#include "swmod_machine.h"

static struct td td;
static struct vcpu v[2];
static void (*host)(void);
static int inside;

static void nobody(struct sw_run *run)
{
}

static void innermost(struct sw_run *run)
{
	inside++;
	host();
}

static void outer(struct sw_run *run)
{
	guest = innermost;
	expect(vcpu_enter(1, &v[1]), 1);
	/* Both have left when this returns; the test goes on after. */
	guest = nobody;
}

/* A runnable TD in epoch @epoch with a page at GPA 0 and two vCPUs. */
static void td_in_epoch(u64 epoch)
{
	module_ready();
	td_init(&td);
	td_vcpu(&td, &v[0]);
	td_vcpu(&td, &v[1]);
	/* vCPU 1 was initialised on CPU 0 but runs on CPU 1. */
	expect(call(SW_LEAF_VP_FLUSH, v[1].pages[0], 0, 0, 0), 0);
	td_tables(&td, 0, 0);
	td_finalize(&td);
	expect(call(SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, new_page(), 0), 0);
	while (tdcs_of(&td)->td_epoch < epoch)
		expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
	inside = 0;
}

static void with_both_running(void (*fn)(void))
{
	host = fn;
	guest = outer;
	expect(vcpu_enter(0, &v[0]), 1);
	expect(inside, 1);
}

static u64 host_call(u64 leaf, u64 rcx, u64 rdx)
{
	struct sw_regs r = { .rcx = rcx, .rdx = rdx };

	return seamcall_on(2, leaf, &r);
}

static void refcounts_are(u16 even, u16 odd)
{
	expect(tdcs_of(&td)->refcount[0], even);
	expect(tdcs_of(&td)->refcount[1], odd);
}

static void trace_a(void)
{
	refcounts_are(0, 2);
	expect(host_call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr), 0);
	expect(host_call(SW_LEAF_MEM_TRACK, td.tdr, 0), 0);
	expect(tdcs_of(&td)->td_epoch, 6);
	expect(host_call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr),
	       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
	expect(entry_state(&td, 0, 0), 3);
}

static void remove_waits_until_every_vcpu_has_left(void)
{
	td_in_epoch(5);
	with_both_running(trace_a);
	refcounts_are(0, 0);
	expect(host_call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr), 0);
	guest = NULL;
	expect(tdvps_of(&v[0])->vcpu_epoch, 5);
	expect(vcpu_enter(0, &v[0]), 1);
	expect(tdvps_of(&v[0])->vcpu_epoch, 6);
}

static void trace_b(void)
{
	expect(host_call(SW_LEAF_MEM_TRACK, td.tdr, 0), 0);
	expect(host_call(SW_LEAF_MEM_TRACK, td.tdr, 0),
	       SW_PREVIOUS_TLB_EPOCH_BUSY);
	expect(tdcs_of(&td)->td_epoch, 6);
}

static void second_track_waits_for_the_previous_epoch(void)
{
	td_in_epoch(5);
	with_both_running(trace_b);
	expect(host_call(SW_LEAF_MEM_TRACK, td.tdr, 0), 0);
	expect(tdcs_of(&td)->td_epoch, 7);
}

static void a_runnable_td_needs_one_track_even_if_it_never_ran(void)
{
	td_in_epoch(1);
	expect(host_call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr), 0);
	expect(host_call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr),
	       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
	expect(host_call(SW_LEAF_MEM_TRACK, td.tdr, 0), 0);
	expect(host_call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr), 0);
}

static void before_finalize_nothing_is_tracked(void)
{
	module_ready();
	td_init(&td);
	td_vcpu(&td, &v[0]);
	td_tables(&td, 0, 0);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, new_page(),
		    TDMR_BASE + 0x10000), 0);
	expect(entry_state(&td, 0, 0), 4);
	expect(host_call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr), 0);
	expect(tdcs_of(&td)->td_epoch, 1);
}

static void block_then_leave_then_enter(void)
{
	/* vCPU 1 is still in epoch 5 when vCPU 0 would already be in 6. */
	expect(host_call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr), 0);
	expect(host_call(SW_LEAF_MEM_TRACK, td.tdr, 0), 0);
	sw_epoch_exit(&(struct sw_td){ .tdcs = tdcs_of(&td) }, tdvps_of(&v[0]));
	tdvps_of(&v[0])->vcpu_epoch = 6;
	tdcs_of(&td)->refcount[0]++;
	refcounts_are(1, 1);
	expect(host_call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr),
	       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
}

static void one_vcpu_left_behind_is_enough_to_wait(void)
{
	td_in_epoch(5);
	with_both_running(block_then_leave_then_enter);
	refcounts_are(0, 0);
	expect(host_call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr), 0);
}

static void unblock_wants_tracking_too(void)
{
	td_in_epoch(3);
	expect(host_call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr), 0);
	expect(host_call(SW_LEAF_MEM_RANGE_UNBLOCK, 0, td.tdr),
	       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
	expect(host_call(SW_LEAF_MEM_TRACK, td.tdr, 0), 0);
	expect(host_call(SW_LEAF_MEM_RANGE_UNBLOCK, 0, td.tdr), 0);
	expect(entry_state(&td, 0, 0), 2);
}

/* A model of its own: who entered when, instead of two counters. */
static bool model_tracked(u64 bepoch, u64 epoch, const u64 *entered, int n)
{
	int i;

	if (bepoch >= epoch)
		return false;
	for (i = 0; i < n; i++) {
		if (entered[i] && entered[i] <= bepoch)
			return false;
	}
	return true;
}

/*
 * Random histories of entries, exits, blocks and tracks.  The counters never
 * call a stamp old that the model calls young; and with nobody inside, what
 * one TRACK made old is old.
 */
static void two_counters_agree_with_a_full_history(void)
{
	u64 entered[2] = { 0 }, b = 1, seed = 1, n;
	struct sw_td t = { 0 };
	bool flush;

	td_in_epoch(1);
	t.tdcs = tdcs_of(&td);
	for (n = 0; n < 200000; n++) {
		unsigned int i;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		i = seed >> 40 & 1;
		switch (seed >> 33 & 3) {
		case 0:
			if (entered[i])
				break;
			expect(sw_epoch_enter(&t, tdvps_of(&v[i]), &flush), 0);
			entered[i] = tdvps_of(&v[i])->vcpu_epoch;
			break;
		case 1:
			if (entered[i])
				sw_epoch_exit(&t, tdvps_of(&v[i]));
			entered[i] = 0;
			break;
		case 2:
			b = t.tdcs->td_epoch;
			break;
		case 3:
			sw_epoch_track(&t);
			break;
		}
		expect(sw_epoch_tracked(&t, b),
		       model_tracked(b, t.tdcs->td_epoch, entered, 2));
		if (ktap_failures)
			break;
	}
	check(t.tdcs->td_epoch > 1000);
}

static void a_new_epoch_flushes_on_entry(void)
{
	struct sw_td t = { 0 };
	bool flush;

	td_in_epoch(4);
	t.tdcs = tdcs_of(&td);
	expect(sw_epoch_enter(&t, tdvps_of(&v[0]), &flush), 0);
	expect(flush, true);
	sw_epoch_exit(&t, tdvps_of(&v[0]));
	expect(sw_epoch_enter(&t, tdvps_of(&v[0]), &flush), 0);
	expect(flush, false);
	expect(sw_epoch_track(&t), 0);
	sw_epoch_exit(&t, tdvps_of(&v[0]));
	expect(sw_epoch_enter(&t, tdvps_of(&v[0]), &flush), 0);
	expect(flush, true);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(remove_waits_until_every_vcpu_has_left),
		TEST(second_track_waits_for_the_previous_epoch),
		TEST(a_runnable_td_needs_one_track_even_if_it_never_ran),
		TEST(before_finalize_nothing_is_tracked),
		TEST(one_vcpu_left_behind_is_enough_to_wait),
		TEST(unblock_wants_tracking_too),
		TEST(two_counters_agree_with_a_full_history),
		TEST(a_new_epoch_flushes_on_entry),
	};

	return ktap_run(tests);
}
