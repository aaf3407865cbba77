// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's locks: what each kind keeps out, whom host priority lets in,
 * and which operand a leaf names when it loses.
 */
#include <pthread.h>

#include "swmod_machine.h"

static void exclusive_keeps_everybody_out(void)
{
	struct sw_sharex l = { 0 };

	expect(sw_lock(&l, SW_EXCL, SW_GUEST), 0);
	expect(sw_lock(&l, SW_EXCL, SW_GUEST), SW_OPERAND_BUSY);
	expect(sw_lock(&l, SW_SHARED, SW_GUEST), SW_OPERAND_BUSY);
	sw_unlock(&l, SW_EXCL);
	expect(l.word, 0);
}

static void readers_share_and_keep_writers_out(void)
{
	struct sw_sharex l = { 0 };

	expect(sw_lock(&l, SW_SHARED, SW_HOST), 0);
	expect(sw_lock(&l, SW_SHARED, SW_HOST), 0);
	expect(sw_lock(&l, SW_EXCL, SW_GUEST), SW_OPERAND_BUSY);
	sw_unlock(&l, SW_SHARED);
	expect(sw_lock(&l, SW_EXCL, SW_GUEST), SW_OPERAND_BUSY);
	sw_unlock(&l, SW_SHARED);
	expect(sw_lock(&l, SW_EXCL, SW_GUEST), 0);
}

static void a_host_that_lost_goes_before_guests(void)
{
	struct sw_sharex l = { 0 };

	expect(sw_lock(&l, SW_EXCL, SW_GUEST), 0);
	expect(sw_lock(&l, SW_EXCL, SW_HOST), SW_OPERAND_BUSY);
	sw_unlock(&l, SW_EXCL);
	/* Free, but not for a guest. */
	expect(sw_lock(&l, SW_EXCL, SW_GUEST), SW_OPERAND_BUSY_HOST_PRIORITY);
	expect(sw_lock(&l, SW_SHARED, SW_GUEST), SW_OPERAND_BUSY_HOST_PRIORITY);
	expect(sw_lock(&l, SW_EXCL, SW_HOST), 0);
	sw_unlock(&l, SW_EXCL);
	expect(l.word, 0);
	expect(sw_lock(&l, SW_EXCL, SW_GUEST), 0);
}

static void a_guest_that_lost_gets_no_priority(void)
{
	struct sw_sharex l = { 0 };

	expect(sw_lock(&l, SW_SHARED, SW_HOST), 0);
	expect(sw_lock(&l, SW_EXCL, SW_GUEST), SW_OPERAND_BUSY);
	sw_unlock(&l, SW_SHARED);
	expect(l.word, 0);
}

static void only_the_sole_reader_can_promote(void)
{
	struct sw_sharex l = { 0 };

	expect(sw_lock(&l, SW_SHARED, SW_HOST), 0);
	expect(sw_lock(&l, SW_SHARED, SW_HOST), 0);
	expect(sw_promote(&l), SW_OPERAND_BUSY);
	sw_unlock(&l, SW_SHARED);
	expect(sw_promote(&l), 0);
	expect(sw_lock(&l, SW_SHARED, SW_GUEST), SW_OPERAND_BUSY);
	sw_unlock(&l, SW_EXCL);
	expect(l.word, 0);
}

#define ROUNDS	200000

static struct sw_sharex contended;
static int owners, wins, overlaps;

static void *contend(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (sw_lock(&contended, SW_EXCL, arg ? SW_GUEST : SW_HOST))
			continue;
		if (sw_add_return(&owners, 1) != 1)
			sw_add_return(&overlaps, 1);
		sw_add_return(&wins, 1);
		sw_add_return(&owners, -1);
		sw_unlock(&contended, SW_EXCL);
	}
	return NULL;
}

static void threads_never_own_a_lock_together(void)
{
	pthread_t t[3];
	int i;

	contended.word = 0;
	owners = 0;
	wins = 0;
	overlaps = 0;
	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, contend, i == 2 ? t : NULL);
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	expect(overlaps, 0);
	check(wins > 0);
	expect(contended.word & ~2, 0);
}

static struct td td;
static struct vcpu v;

/* The entry lock is bit 11, its host priority bit 52. */
static void entry_lock_is_in_the_entry(void)
{
	u64 busy = SW_OPERAND_BUSY | SW_OPND_RCX;
	struct sw_entry g = { 0 }, g2 = { 0 };
	struct sw_td t;

	module_ready();
	td_build(&td, &v);
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	expect(sw_sept_walk(&t, 0, 0, &g), 0);
	expect(sw_entry_lock(&g, SW_GUEST), 0);
	expect(*g.p & 1 << 11, 1 << 11);
	expect(call(SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, new_page(), 0), busy);
	/* The loser learns what is there. */
	expect(last.rdx, 0);
	expect(last.rcx, sw_sept_make(SW_ST_FREE, 0));
	expect(*g.p >> 52 & 1, 1);
	sw_entry_unlock(&g);
	expect(sw_sept_walk(&t, 0, 0, &g2), 0);
	expect(sw_entry_lock(&g2, SW_GUEST),
	       SW_OPERAND_BUSY_HOST_PRIORITY | SW_OPND_RCX);
	expect(*g.p & 1 << 11, 0);
	expect(call(SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, new_page(), 0), 0);
	expect(*g.p >> 52 & 1, 0);
	expect(*g.p & 1 << 11, 0);
}

/* Hold @lock as @word says, make the call, expect busy with @operand. */
static void busy(u16 *lock, u16 word, u64 leaf, u64 rcx, u64 rdx, u64 r8,
		 u32 operand)
{
	u16 was = *lock;

	*lock = word;
	expect(call(leaf, rcx, rdx, r8, TDMR_BASE + 0x10000),
	       SW_OPERAND_BUSY | operand);
	expect(*lock & ~2, word);
	*lock = was;
}

#define EXCL	1
#define READER	4

static u16 *pamt_lock(u64 pa, u8 level)
{
	struct sw_tdmr *t = sw_tdmr_find(pa);
	struct sw_pamt_entry *e = sw_va(t->pamt[level]);

	return &e[(pa - t->base) >> SW_LEVEL_SHIFT(level)].lock.word;
}

static void a_loser_names_the_operand(void)
{
	u16 *tdr, *op, *tree, *epoch, *vpr;
	u64 page;

	module_ready();
	td_build(&td, &v);
	page = new_page();
	tdr = pamt_lock(td.tdr, 0);
	vpr = pamt_lock(v.pages[0], 0);
	op = &tdcs_of(&td)->op_lock.word;
	tree = &tdcs_of(&td)->tree_lock.word;
	epoch = &tdcs_of(&td)->epoch_lock.word;

	/* The TDR as an operand, and as the owner of another page. */
	busy(tdr, EXCL, SW_LEAF_MEM_TRACK, td.tdr, 0, 0, SW_OPND_RCX);
	busy(tdr, EXCL, SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, page, SW_OPND_RDX);
	busy(tdr, EXCL, SW_LEAF_VP_ENTER, v.pages[0], 0, 0, SW_OPND_TDR);
	busy(tdr, EXCL, SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, SW_OPND_TDR);
	busy(tdr, EXCL, SW_LEAF_PHYMEM_PAGE_RECLAIM, v.pages[0], 0, 0, SW_OPND_TDR);
	busy(tdr, READER, SW_LEAF_MR_FINALIZE, td.tdr, 0, 0, SW_OPND_RCX);
	busy(tdr, READER, SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, SW_OPND_RCX);
	/* VP.INIT version 1 wants the TD for itself. */
	busy(tdr, READER, SW_LEAF_VP_INIT | 1 << 16, v.pages[0], 0, 0, SW_OPND_TDR);
	busy(vpr, EXCL, SW_LEAF_VP_ENTER, v.pages[0], 0, 0, SW_OPND_RCX);
	busy(vpr, READER, SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, SW_OPND_RCX);

	busy(op, EXCL, SW_LEAF_MNG_RD, td.tdr, 0, 0, SW_OPND_OP_STATE);
	busy(op, EXCL, SW_LEAF_MEM_TRACK, td.tdr, 0, 0, SW_OPND_OP_STATE);
	busy(op, EXCL, SW_LEAF_VP_ENTER, v.pages[0], 0, 0, SW_OPND_OP_STATE);
	busy(epoch, READER, SW_LEAF_MEM_TRACK, td.tdr, 0, 0, SW_OPND_TD_EPOCH);
	busy(epoch, EXCL, SW_LEAF_VP_ENTER, v.pages[0], 0, 0, SW_OPND_TD_EPOCH);

	/* Shape changes exclude everything; adding pages only those. */
	busy(tree, EXCL, SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, page, SW_OPND_SEPT_TREE);
	busy(tree, EXCL, SW_LEAF_MEM_SEPT_RD, 0, td.tdr, 0, SW_OPND_SEPT_TREE);
	busy(tree, READER, SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr, 0, SW_OPND_SEPT_TREE);
	busy(tree, READER, SW_LEAF_MEM_RANGE_UNBLOCK, 0, td.tdr, 0, SW_OPND_SEPT_TREE);
	busy(tree, READER, SW_LEAF_MEM_SEPT_REMOVE, 1, td.tdr, 0, SW_OPND_SEPT_TREE);
	busy(tree, READER, SW_LEAF_MEM_PAGE_PROMOTE, 1, td.tdr, 0, SW_OPND_SEPT_TREE);

	busy(pamt_lock(page, 0), READER, SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, page,
	     SW_OPND_R8);
	busy(&sw_sys.kot_lock.word, EXCL, SW_LEAF_MNG_CREATE, page, 40, 0,
	     SW_OPND_KOT);
	busy(&sw_sys.kot_lock.word, EXCL, SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0,
	     SW_OPND_KOT);
	busy(&sw_sys.wb_lock[0].word, EXCL, SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0,
	     SW_OPND_WBCACHE);

	/* Nothing was left locked, and nothing happened. */
	expect(entry_state(&td, 0, 0), 0);
	expect(call(SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, page, 0), 0);
}

/* The price of exclusive large entries. */
static void a_large_page_collides_with_work_on_its_small_ones(void)
{
	u64 gpa = 1ULL << 30, huge;

	module_ready();
	td_build(&td, &v);
	td_tables(&td, gpa, 1);
	huge = new_huge();
	/* Another CPU is at some small page below: it shares the 2M entry. */
	busy(pamt_lock(huge, 1), READER, SW_LEAF_MEM_PAGE_AUG, GPA_ARG(gpa, 1),
	     td.tdr, huge, SW_OPND_R8);
	busy(pamt_lock(huge, 1), EXCL, SW_LEAF_MEM_PAGE_AUG, 0, td.tdr,
	     huge + PAGE, SW_OPND_R8);
	expect(call(SW_LEAF_MEM_PAGE_AUG, GPA_ARG(gpa, 1), td.tdr, huge, 0), 0);
}

static void the_same_page_twice_is_busy(void)
{
	u64 src = TDMR_BASE + 0x10000;

	module_ready();
	td_keyed(&td);
	expect(call(SW_LEAF_MNG_ADDCX, td.tdr, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	module_ready();
	td_init(&td);
	td_vcpu(&td, &v);
	td_tables(&td, 0, 0);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, td.tdr, src),
	       SW_OPERAND_BUSY | SW_OPND_R8);
}

/* After any of these no lock may be left; PAMT entries begin with theirs. */
static void no_leaf_leaves_a_lock_behind(void)
{
	u64 leaf, i, n = SW_SIZE_1G / PAGE;
	struct sw_pamt_entry *e;

	module_ready();
	td_build(&td, &v);
	for (leaf = 0; leaf < 60; leaf++) {
		if (leaf == SW_LEAF_SYS_SHUTDOWN)
			continue;
		call(leaf, td.tdr, td.tdr, td.tdr, td.tdr);
		call(leaf, v.pages[0], td.tdr, v.pages[0], 0);
		call(leaf, v.pages[0], v.pages[0], 0, 0);
		call(leaf, 0, td.tdr, new_page(), TDMR_BASE + 0x10000);
		call(leaf, 0, td.tdr, td.tdcs[0], TDMR_BASE + 0x10000);
	}
	e = sw_va(sw_sys.tdmr[0].pamt[0]);
	for (i = 0; i < n; i++)
		expect(e[i].lock.word & ~2, 0);
	e = sw_va(sw_sys.tdmr[0].pamt[1]);
	for (i = 0; i < 512; i++)
		expect(e[i].lock.word & ~2, 0);
	e = sw_va(sw_sys.tdmr[0].pamt[2]);
	expect(e->lock.word & ~2, 0);
	expect(sw_sys.kot_lock.word & ~2, 0);
	expect(sw_sys.wb_lock[0].word & ~2, 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(exclusive_keeps_everybody_out),
		TEST(readers_share_and_keep_writers_out),
		TEST(a_host_that_lost_goes_before_guests),
		TEST(a_guest_that_lost_gets_no_priority),
		TEST(only_the_sole_reader_can_promote),
		TEST(threads_never_own_a_lock_together),
		TEST(entry_lock_is_in_the_entry),
		TEST(a_loser_names_the_operand),
		TEST(a_large_page_collides_with_work_on_its_small_ones),
		TEST(the_same_page_twice_is_busy),
		TEST(no_leaf_leaves_a_lock_behind),
	};

	return ktap_run(tests);
}
