// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts and guests that get in each other's way: four CPUs make random calls
 * on the same few addresses and pages of one TD.  Busy is an answer; what
 * counts is that page metadata, S-EPT and the TD's count of pages agree in the
 * end, that nothing stays locked, and that the TD can be taken apart.
 */
#include <pthread.h>

#include "swmod_machine.h"

#define NR_THREADS	4
#define NR_SMALL	24
#define NR_HUGE		6
#define ROUNDS		150000
#define MAX_RUNS	20
/* 2 MiB regions; tables are only given to the first ones. */
#define NR_REGIONS	8
#define NR_SPLIT	3
#define M2		SW_SIZE_2M

static struct td td;
static struct vcpu vcpus[NR_THREADS];
static u64 small[NR_SMALL], huge[NR_HUGE];
static u64 done[SW_NR_LEAVES], busy[SW_NR_LEAVES];
static __thread u64 seed;
static u64 runs;

static u32 rnd(u32 n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % n;
}

static u64 do_call(u32 cpu, u64 leaf, u64 rcx, u64 rdx, u64 r8)
{
	struct sw_regs r = { .rcx = rcx, .rdx = rdx, .r8 = r8 };
	u64 err = seamcall_on(cpu, leaf, &r);

	if (!(err & SW_STATUS_ERROR))
		sw_add_return(&done[leaf], 1);
	else if ((err & SW_STATUS_MASK) == SW_OPERAND_BUSY)
		sw_add_return(&busy[leaf], 1);
	return err;
}

/* A 2 MiB region, or one of the first pages of one. */
static u64 any_gpa(u32 level, u32 regions)
{
	return rnd(regions) * M2 + (level ? 0 : rnd(8) * PAGE);
}

/* Small pages of their own, or of a 2 MiB page that may be in use as one. */
static u64 any_page(void)
{
	return rnd(3) ? small[rnd(NR_SMALL)] : huge[rnd(NR_HUGE)] + rnd(4) * PAGE;
}

static void host_step(u32 cpu)
{
	static const u8 leaves[] = {
		SW_LEAF_MEM_SEPT_ADD, SW_LEAF_MEM_PAGE_AUG, SW_LEAF_MEM_PAGE_AUG,
		SW_LEAF_MEM_RANGE_BLOCK, SW_LEAF_MEM_RANGE_BLOCK, SW_LEAF_MEM_TRACK,
		SW_LEAF_MEM_TRACK, SW_LEAF_MEM_PAGE_REMOVE, SW_LEAF_MEM_PAGE_REMOVE,
		SW_LEAF_MEM_RANGE_UNBLOCK, SW_LEAF_MEM_SEPT_REMOVE,
		SW_LEAF_MEM_PAGE_DEMOTE, SW_LEAF_MEM_PAGE_PROMOTE,
		SW_LEAF_MEM_PAGE_RELOCATE, SW_LEAF_PHYMEM_PAGE_RDMD,
	};
	u8 leaf = leaves[rnd(sizeof(leaves))];
	u32 level = rnd(2), regions = NR_REGIONS;
	u64 page = any_page();

	switch (leaf) {
	case SW_LEAF_MEM_TRACK:
		do_call(cpu, leaf, td.tdr, 0, 0);
		return;
	case SW_LEAF_PHYMEM_PAGE_RDMD:
		do_call(cpu, leaf, page, 0, 0);
		return;
	case SW_LEAF_MEM_SEPT_ADD:
		regions = NR_SPLIT;
		level = 1;
		break;
	case SW_LEAF_MEM_SEPT_REMOVE:
	case SW_LEAF_MEM_PAGE_DEMOTE:
	case SW_LEAF_MEM_PAGE_PROMOTE:
		level = 1;
		break;
	case SW_LEAF_MEM_PAGE_RELOCATE:
		level = 0;
		break;
	case SW_LEAF_MEM_PAGE_AUG:
		if (level)
			page = huge[rnd(NR_HUGE)];
		break;
	}
	do_call(cpu, leaf, GPA_ARG(any_gpa(level, regions), level), td.tdr, page);
}

/* Inside VP.ENTER: accept something, as a guest does without the tree lock. */
static void stress_guest(struct sw_run *run)
{
	u32 level = rnd(2);
	struct sw_entry e;
	u64 gpa = any_gpa(level, NR_REGIONS);

	if (sw_sept_walk(run->td, gpa, level, &e) || sw_entry_lock(&e, SW_GUEST))
		return;
	if (sw_sept_state(e.val) == SW_ST_PENDING)
		sw_entry_set(&e, sw_sept_make(SW_ST_MAPPED, e.val & SW_EPT_PFN));
	sw_entry_unlock(&e);
}

static void *cpu_main(void *arg)
{
	u32 cpu = (struct sw_cpu *)arg - cpus;
	int i;

	/* Another path in each run. */
	seed = cpu + 1 + sw_add_return(&runs, 1) * NR_THREADS;
	for (i = 0; i < ROUNDS; i++) {
		if (rnd(4))
			host_step(cpu);
		else
			do_call(cpu, SW_LEAF_VP_ENTER, vcpus[cpu].pages[0], 0, 0);
	}
	return NULL;
}

static void stress_td(void)
{
	u32 i;

	module_reset();
	sw_user.nr_cpus = NR_THREADS;
	module_ready_again();
	td_init(&td);
	for (i = 0; i < NR_THREADS; i++) {
		td_vcpu(&td, &vcpus[i]);
		expect(call(SW_LEAF_VP_FLUSH, vcpus[i].pages[0], 0, 0, 0), 0);
	}
	td_tables(&td, 0, 1);
	td_finalize(&td);
	for (i = 0; i < NR_SMALL; i++)
		small[i] = new_page();
	for (i = 0; i < NR_HUGE; i++)
		huge[i] = new_huge();
	guest = stress_guest;
}

/* The PAMT as an array, beside the walk of the module. */
static struct sw_pamt_entry *pamt(u8 level)
{
	return sw_va(sw_sys.tdmr[0].pamt[level]);
}

static u64 pamt_owner(const struct sw_pamt_entry *e)
{
	u64 pfn = 0;

	memcpy(&pfn, e->owner, sizeof(e->owner));
	return pfn * PAGE;
}

static u64 pages_owned(u8 level, int type)
{
	u64 i, n = 0, all = SW_SIZE_1G >> SW_LEVEL_SHIFT(level);

	for (i = 0; i < all; i++) {
		struct sw_pamt_entry *e = &pamt(level)[i];

		expect(e->lock.word & ~2, 0);
		if (e->type_flags == SW_PT_NDA || e->type_flags == SW_PT_RSVD ||
		    e->type_flags == SW_PT_TDR)
			continue;
		expect(pamt_owner(e), td.tdr);
		n += type < 0 || e->type_flags == type;
	}
	return n;
}

static u64 leaves_of(u64 table, u8 level, u64 *tables)
{
	u64 *e = sw_va(table), i, n = 0;

	for (i = 0; i < (level == SW_ROOT_LEVEL ? 256 : 512); i++) {
		u64 val = e[i] & ~SW_EPT_HP, pa = val & SW_EPT_PFN;
		enum sw_sept_state s = sw_sept_state(val);

		expect(val & SW_EPT_LOCKED, 0);
		if (s == SW_ST_FREE)
			continue;
		if (sw_sept_is_leaf(s)) {
			struct sw_pamt_entry *p;

			p = &pamt(level)[(pa - TDMR_BASE) >> SW_LEVEL_SHIFT(level)];
			expect(p->type_flags, SW_PT_REG);
			n++;
			continue;
		}
		(*tables)++;
		n += leaves_of(pa, level - 1, tables);
	}
	return n;
}

static void metadata_and_tables_agree(void)
{
	u64 owned_4k = pages_owned(0, -1), owned_2m = pages_owned(1, -1);
	u64 tables = 0, leaves;

	leaves = leaves_of(td.tdcs[SW_TDCS_SEPT_ROOT], SW_ROOT_LEVEL, &tables);
	expect(tdr_of(&td)->chldcnt, owned_4k + 512 * owned_2m);
	expect(leaves, pages_owned(0, SW_PT_REG) + pages_owned(1, SW_PT_REG));
	expect(tables, pages_owned(0, SW_PT_EPT));
	expect(tdcs_of(&td)->refcount[0] + tdcs_of(&td)->refcount[1], 0);
	expect(tdcs_of(&td)->tree_lock.word & ~2, 0);
	expect(tdcs_of(&td)->op_lock.word & ~2, 0);
	expect(tdcs_of(&td)->epoch_lock.word & ~2, 0);
}

static void reclaim_everything(void)
{
	u64 i, n = SW_SIZE_1G / PAGE;
	u32 cpu;

	for (cpu = 0; cpu < NR_THREADS; cpu++)
		do_call(cpu, SW_LEAF_VP_FLUSH, vcpus[cpu].pages[0], 0, 0);
	td_free_key(&td, NULL);
	for (i = 0; i < 512; i++) {
		if (pamt(1)[i].type_flags == SW_PT_REG)
			expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM,
				    TDMR_BASE + i * M2, 0, 0, 0), 0);
	}
	for (i = 0; i < n; i++) {
		int type = pamt(0)[i].type_flags;

		if (type == SW_PT_NDA || type == SW_PT_RSVD || type == SW_PT_TDR)
			continue;
		expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, TDMR_BASE + i * PAGE, 0,
			    0, 0), 0);
	}
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, td.tdr, 0, 0, 0), 0);
}

/* What the calls of the stress have to be seen doing. */
static const u8 wanted[] = {
	SW_LEAF_MEM_SEPT_ADD, SW_LEAF_MEM_PAGE_AUG,
	SW_LEAF_MEM_RANGE_BLOCK, SW_LEAF_MEM_TRACK,
	SW_LEAF_MEM_PAGE_REMOVE, SW_LEAF_MEM_RANGE_UNBLOCK,
	SW_LEAF_MEM_SEPT_REMOVE, SW_LEAF_MEM_PAGE_DEMOTE,
	SW_LEAF_MEM_PAGE_RELOCATE, SW_LEAF_VP_ENTER,
};

static bool all_was_seen(void)
{
	u64 i, collisions = 0;

	for (i = 0; i < sizeof(wanted); i++) {
		if (!done[wanted[i]])
			return false;
		collisions += busy[wanted[i]];
	}
	return collisions;
}

static void run_threads(void)
{
	pthread_t t[NR_THREADS];
	u32 i;

	for (i = 0; i < NR_THREADS; i++)
		pthread_create(&t[i], NULL, cpu_main, &cpus[i]);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(t[i], NULL);
}

/* How the threads meet is chance: go on until everything has happened. */
static void four_cpus_leave_a_consistent_td(void)
{
	u32 i;

	stress_td();
	for (i = 0; i < MAX_RUNS && !all_was_seen(); i++) {
		run_threads();
		metadata_and_tables_agree();
	}
	reclaim_everything();
}

/* A stress that never gets anything done, or never collides, tests nothing. */
static void every_step_succeeded_and_something_collided(void)
{
	u64 i;

	for (i = 0; i < sizeof(wanted); i++) {
		if (!done[wanted[i]])
			printf("# %s never succeeded\n",
			       sw_leaf_name(SW_STAT_SEAMCALL, wanted[i]));
	}
	check(all_was_seen());
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(four_cpus_leave_a_consistent_td),
		TEST(every_step_succeeded_and_something_collided),
	};

	return ktap_run(tests);
}
