// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine on which programs run, and their steps.
 */
#include <stdlib.h>

#include "debug/fault.h"
#include "fuzz.h"

#define SOURCE		(TDMR_BASE + 0xa000)
#define MAX_STEPS	4000

__thread unsigned int fuzz_steps;
__thread u8 fuzz_cpu;
bool fuzz_racing;
/* A machine for each kind of PAMT; a program says which one it wants. */
static struct {
	struct sw_sys sys;
	struct sw_cpu cpus[FUZZ_CPUS];
} ready[2];

/* Kinds of RCX, RDX, R8, R9; see in_operand(). */
static const struct {
	u8 leaf;
	char operands[5];
} typed[] = {
	{ SW_LEAF_VP_ENTER, "V" }, { SW_LEAF_VP_ENTER, "V" },
	{ SW_LEAF_MNG_ADDCX, "PT" }, { SW_LEAF_MEM_PAGE_ADD, "GTPS" },
	{ SW_LEAF_MEM_SEPT_ADD, "GTP" }, { SW_LEAF_MEM_SEPT_ADD, "GTP" },
	{ SW_LEAF_VP_ADDCX, "PV" }, { SW_LEAF_MEM_PAGE_RELOCATE, "GTP" },
	{ SW_LEAF_MEM_PAGE_AUG, "GTH" }, { SW_LEAF_MEM_PAGE_AUG, "GTH" },
	{ SW_LEAF_MEM_RANGE_BLOCK, "GT" }, { SW_LEAF_MNG_KEY_CONFIG, "T" },
	{ SW_LEAF_MNG_CREATE, "TK" }, { SW_LEAF_VP_CREATE, "VT" },
	{ SW_LEAF_MNG_RD, "TF" }, { SW_LEAF_MEM_RD, "GT" },
	{ SW_LEAF_MNG_WR, "TFRR" }, { SW_LEAF_MEM_WR, "GTR" },
	{ SW_LEAF_MEM_PAGE_DEMOTE, "GTP" }, { SW_LEAF_MR_EXTEND, "GT" },
	{ SW_LEAF_MR_FINALIZE, "T" }, { SW_LEAF_VP_FLUSH, "V" },
	{ SW_LEAF_MNG_VPFLUSHDONE, "T" }, { SW_LEAF_MNG_KEY_FREEID, "T" },
	{ SW_LEAF_MNG_INIT, "TS" }, { SW_LEAF_VP_INIT, "VRN" },
	{ SW_LEAF_MEM_PAGE_PROMOTE, "GT" }, { SW_LEAF_PHYMEM_PAGE_RDMD, "P" },
	{ SW_LEAF_MEM_SEPT_RD, "GT" }, { SW_LEAF_VP_RD, "VF" },
	{ SW_LEAF_PHYMEM_PAGE_RECLAIM, "P" }, { SW_LEAF_PHYMEM_PAGE_RECLAIM, "H" },
	{ SW_LEAF_MEM_PAGE_REMOVE, "GT" }, { SW_LEAF_MEM_SEPT_REMOVE, "GT" },
	{ SW_LEAF_SYS_RD, "0F" }, { SW_LEAF_MEM_TRACK, "T" },
	{ SW_LEAF_MEM_RANGE_UNBLOCK, "GT" }, { SW_LEAF_PHYMEM_CACHE_WB, "0" },
	{ SW_LEAF_PHYMEM_PAGE_WBINVD, "P" }, { SW_LEAF_VP_WR, "VFRR" },
	{ SW_LEAF_MNG_KEY_RECLAIMID, "T" },
	{ SW_LEAF_PHYMEM_PAMT_ADD, "BPP" }, { SW_LEAF_PHYMEM_PAMT_REMOVE, "B" },
};

static u64 issue(u64 leaf, struct sw_regs *r)
{
	bool enters = (leaf & 0xffff) == SW_LEAF_VP_ENTER;
	bool faulty = sw_load(&sw_fault_armed);
	unsigned int entries = fuzz_entries;
	struct sw_regs in = *r;
	u64 status;

	/* The end of the module is not part of the game. */
	if ((leaf & 0xffff) == SW_LEAF_SYS_DISABLE ||
	    (leaf & 0xffff) == SW_LEAF_SYS_SHUTDOWN)
		return 0;
	status = seamcall_on(fuzz_cpu, leaf, r);
	if (fuzz_racing)
		return status;
	answer_check(leaf, &in, r, faulty, fuzz_entries != entries);
	if (status >> 63 && !enters && !check_unchanged())
		violated("leaf %llx failed with %llx and changed pages",
			 (unsigned long long)leaf, (unsigned long long)status);
	/* What follows is compared with what is now; the step ends in a check. */
	check_note();
	return status;
}

/* For a guest that asked for something; it takes those that it named. */
static void host_registers(struct sw_regs *r)
{
	u64 *gpr = (u64 *)r;
	int i;

	for (i = 3; i < 16; i++)
		gpr[i] = 0x4057000000000000ULL | i;
}

static void step_typed(int depth, bool spoil)
{
	u8 n = in_byte() % SW_ARRAY_SIZE(typed);
	const char *kinds = typed[n].operands;
	u64 leaf = typed[n].leaf;
	struct sw_regs r = { 0 };

	/* One vCPU at a time: the guest is part of the input. */
	if (depth && leaf == SW_LEAF_VP_ENTER)
		return;
	if (leaf == SW_LEAF_VP_ENTER)
		host_registers(&r);
	r.rcx = in_operand(kinds[0]);
	r.rdx = kinds[0] ? in_operand(kinds[1]) : 0;
	r.r8 = kinds[0] && kinds[1] ? in_operand(kinds[2]) : 0;
	r.r9 = kinds[0] && kinds[1] && kinds[2] ? in_operand(kinds[3]) : 0;
	if (dynamic_pamt && leaf == SW_LEAF_MEM_PAGE_DEMOTE) {
		r.r12 = in_operand('P');
		r.r13 = in_operand('P');
	}
	/* Writing SHARED_EPTP or so with any value needs a mask of ones. */
	if (kinds[0] && kinds[1] == 'F' && kinds[2] && in_byte() & 1)
		r.r9 = ~0ULL;
	if (spoil) {
		u8 b = in_byte();
		u64 *reg = (u64 *)&r + 1 + b % 11;

		leaf |= (b & 0x80) ? 1ULL << 16 : 0;
		if (b & 0x40)
			*reg = in_u64();
		else
			*reg ^= 1ULL << (in_byte() & 63);
	}
	issue(leaf, &r);
}

static void step_raw(int depth)
{
	struct sw_regs r = { 0 };
	u64 leaf = in_byte() | (u64)(in_byte() & 1) << 16;

	if (depth && !(leaf & 0xffff))
		return;
	r.rcx = in_u64();
	r.rdx = in_u64();
	r.r8 = in_u64();
	r.r9 = in_u64();
	issue(leaf, &r);
}

static u64 quick(u64 leaf, u64 rcx, u64 rdx, u64 r8, u64 r9)
{
	struct sw_regs r = { .rcx = rcx, .rdx = rdx, .r8 = r8, .r9 = r9 };

	return issue(leaf, &r);
}

static void on_each_package(u64 leaf, u64 rcx)
{
	u32 pkg = sw_user_pkg;

	for (sw_user_pkg = 0; sw_user_pkg < FUZZ_PKGS; sw_user_pkg++)
		quick(leaf, rcx, 0, 0, 0);
	sw_user_pkg = pkg;
}

/* A TD the ordinary way, as far as one byte says; pages from a fixed place. */
static void step_build(void)
{
	u8 b = in_byte(), n = b & 3, to = b >> 2 & 7, i;
	u64 tdr = pool_pa(n), vp = pool_pa(NR_TDRS + n);
	int page = 16 + n * 40;

	quick(SW_LEAF_MNG_CREATE, tdr, sw_sys.first_hkid + 1 + n, 0, 0);
	on_each_package(SW_LEAF_MNG_KEY_CONFIG, tdr);
	for (i = 0; i < SW_TDCS_PAGES_MIN; i++)
		quick(SW_LEAF_MNG_ADDCX, pool_pa(page++), tdr, 0, 0);
	if (to < 1)
		return;
	quick(SW_LEAF_MNG_INIT, tdr, SOURCE + (b >> 7) * 1024, 0, 0);
	quick(SW_LEAF_VP_CREATE, vp, tdr, 0, 0);
	for (i = 1; i < SW_TDVPS_PAGES; i++)
		quick(SW_LEAF_VP_ADDCX, pool_pa(page++), vp, 0, 0);
	quick(SW_LEAF_VP_INIT, vp, 0, 0, 0);
	if (to < 2)
		return;
	for (i = 3; i; i--)
		quick(SW_LEAF_MEM_SEPT_ADD, i, tdr, pool_pa(page++), 0);
	quick(SW_LEAF_MEM_PAGE_ADD, 0, tdr, pool_pa(page++), SOURCE);
	if (to >= 3)
		quick(SW_LEAF_MR_FINALIZE, tdr, 0, 0, 0);
	if (to >= 5)
		quick(SW_LEAF_MEM_PAGE_AUG, 0x200000 | 1, tdr,
		      HUGE_BASE + n % NR_HUGE * SW_SIZE_2M, 0);
}

static void step_teardown(void)
{
	u8 b = in_byte(), n = b & 3;
	u64 tdr = pool_pa(n);
	int i;

	for (i = 0; i < NR_TDVPRS; i++)
		quick(SW_LEAF_VP_FLUSH, pool_pa(NR_TDRS + i), 0, 0, 0);
	quick(SW_LEAF_MNG_VPFLUSHDONE, tdr, 0, 0, 0);
	if (b & 8)
		quick(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	else
		on_each_package(SW_LEAF_PHYMEM_CACHE_WB, 0);
	quick(SW_LEAF_MNG_KEY_FREEID, tdr, 0, 0, 0);
	if (!(b & 4))
		return;
	/* Only the TD's own pages: others make noise, and this is a loop. */
	for (i = NR_TDRS; i < NR_POOL; i++)
		if (i < POOL_SMALL || !(i % 512))
			quick(SW_LEAF_PHYMEM_PAGE_RECLAIM, pool_pa(i), 0, 0, 0);
	quick(SW_LEAF_PHYMEM_PAGE_RECLAIM, tdr, 0, 0, 0);
}

/* What a host does to a page: block, track, and something with it. */
static void step_sequence(void)
{
	static const u8 leaves[] = {
		SW_LEAF_MEM_PAGE_REMOVE, SW_LEAF_MEM_RANGE_UNBLOCK,
		SW_LEAF_MEM_PAGE_DEMOTE, SW_LEAF_MEM_PAGE_PROMOTE,
		SW_LEAF_MEM_SEPT_REMOVE, SW_LEAF_MEM_PAGE_RELOCATE,
	};
	u64 gpa = in_operand('G'), tdr = in_operand('T');
	u8 b = in_byte();

	quick(SW_LEAF_MEM_RANGE_BLOCK, gpa, tdr, 0, 0);
	quick(SW_LEAF_MEM_TRACK, tdr, 0, 0, 0);
	quick(leaves[b % 6], gpa, tdr, pool_pa(b % POOL_SMALL), 0);
}

/* Where interrupts are posted, and that they are, in any order. */
static void step_posted(void)
{
	static const struct {
		u64 field, mask;
	} fields[] = {
		{ 0x0024000100000002, 0xffff }, { 0x0024000300002016, ~0x3fULL },
		{ 0x0024000200004000, 0x80 }, { 0x0024000200004000, 0x80 },
	};
	u64 tdvpr = in_operand('V');
	u8 b = in_byte();

	quick(SW_LEAF_VP_WR, tdvpr, fields[b & 3].field, b & 0x80 ? ~0ULL : 0xc0,
	      fields[b & 3].mask);
}

static void step_environment(void)
{
	u8 b = in_byte();

	if (fuzz_racing)
		return;
	sw_user.irq_pending = b & 1;
	sw_user.no_entropy = (b & 6) == 6;
	sw_user.tsc += (u64)(b >> 3 & 15) << 20;
	fuzz_cpu = b >> 7;
	sw_user_pkg = fuzz_cpu;
}

static void step_fault(void)
{
	struct sw_fault f = {
		.leaf = typed[in_byte() % SW_ARRAY_SIZE(typed)].leaf,
		.status = SW_OPERAND_BUSY | in_byte(), .nth = 1, .times = 2,
		.when = SW_FAULT_AFTER, .locks = in_byte() % 10,
	};

	if (sw_load(&sw_fault_armed) > 4)
		sw_fault_clear();
	sw_fault_arm(&f);
}

static void step_params(void)
{
	u8 *params = sw_va(SOURCE + 1024);
	u16 at = in_byte() | (in_byte() & 3) << 8;

	if (fuzz_racing)
		return;
	params[at & 1023] = in_byte();
}

void fuzz_step(int depth)
{
	u8 op = in_byte() & 31;

	fuzz_steps++;
	switch (op) {
	case 0 ... 17:
		step_typed(depth, false);
		break;
	case 18 ... 20:
		step_typed(depth, true);
		break;
	case 21:
		step_raw(depth);
		break;
	case 22 ... 23:
		step_build();
		break;
	case 24:
		step_teardown();
		break;
	case 25 ... 27:
		step_sequence();
		break;
	case 28:
		step_environment();
		break;
	case 29:
		step_fault();
		break;
	case 30:
		step_params();
		break;
	default:
		if (in_byte() & 3)
			step_posted();
		else if (!fuzz_racing)
			step_update(depth);
		break;
	}
	if (!fuzz_racing)
		check_all(depth);
}

static void pamt_clear(int level, u64 pa, unsigned int n)
{
	u8 *array = sw_va(sw_sys.tdmr[0].pamt[level]);

	memset(array + ((pa - TDMR_BASE) >> (12 + 9 * level)) * 16, 0, 16 * n);
}

/* Small pages of the pool have metadata, out of what is no pool. */
#define POOL_PAIR	(TDMR_BASE + SW_SIZE_1G - SW_SIZE_2M)

static void metadata_reset(void)
{
	u64 *map = sw_va(sw_sys.tdmr[0].pamt[0]);
	int i;

	/* A range does not have to be free of what is reserved. */
	pamt_clear(1, TDMR_BASE, SW_SIZE_1G / SW_SIZE_2M);
	for (i = 0; i < NR_BLOCKS; i++)
		memset(map + (pool_pa(i * 512) - TDMR_BASE) / PAGE / 64, 0, 64);
	map[(POOL_PAIR - TDMR_BASE) / PAGE / 64] &= ~3ULL;
	call(SW_LEAF_PHYMEM_PAMT_ADD, POOL_BASE | 1, POOL_PAIR,
	     POOL_PAIR + PAGE, 0);
}

/* What programs can have changed, and nothing else: this is once an input. */
void fuzz_reset(void)
{
	int i;

	sw_fault_clear();
	sw_sys = ready[dynamic_pamt].sys;
	memcpy(cpus, ready[dynamic_pamt].cpus, sizeof(ready[0].cpus));
	for (i = 0; i < NR_BLOCKS; i++) {
		if (!dynamic_pamt)
			pamt_clear(0, pool_pa(i * 512), 512);
		pamt_clear(1, pool_pa(i * 512), 1);
	}
	pamt_clear(2, TDMR_BASE, 1);
	if (dynamic_pamt)
		metadata_reset();
	memset(sw_va(POOL_BASE), 0, POOL_SMALL * PAGE);
	sw_user.irq_pending = false;
	sw_user.no_entropy = false;
	sw_user.tsc = 1 << 20;
	fuzz_cpu = 0;
	sw_user_pkg = 0;
	td_params();
	memcpy(sw_va(SOURCE + 1024), sw_va(SOURCE), 1024);
	fuzz_guest_reset();
	answer_reset();
	check_reset();
}

static void reserve(u64 page)
{
	u8 *array = sw_va(sw_sys.tdmr[0].pamt[0]);

	if (!dynamic_pamt)
		array[page * 16 + 2] = SW_PT_RSVD;
	else if (TDMR_BASE + page * PAGE - POOL_PAIR >= 2 * PAGE)
		array[page / 8] |= 1 << (page % 8);
}

/* Everything but the pool is reserved, so no operand leads out of it. */
static void reserve_the_rest(void)
{
	u64 i;

	for (i = 0; i < SW_SIZE_1G / PAGE; i++) {
		if (pool_index(TDMR_BASE + i * PAGE) < 0)
			reserve(i);
	}
}

/* One array of metadata for each, so that they do not get into each other. */
#define OTHER_PAMT	0x1400000ULL

static void machine_ready(bool dynamic)
{
	dynamic_pamt = dynamic;
	if (dynamic) {
		/* The same memory, for a module that has just been loaded. */
		sw_sys = (struct sw_sys){ 0 };
		memset(cpus, 0, sizeof(cpus));
		tdmr_info(0)[6] = TDMR_BASE + OTHER_PAMT;
		tdmr_info(0)[7] = SW_USER_RAM_SIZE / PAGE / 8;
		tdmr_info(0)[4] = TDMR_BASE + OTHER_PAMT + SW_SIZE_2M;
		module_ready_again();
	} else {
		module_reset();
		sw_user.nr_pkgs = FUZZ_PKGS;
		sw_max_updates = ~0U;
		module_ready_again();
	}
	reserve_the_rest();
	ready[dynamic].sys = sw_sys;
	memcpy(ready[dynamic].cpus, cpus, sizeof(ready[0].cpus));
}

void fuzz_setup(void)
{
	machine_ready(false);
	/* SYS.INIT pinned: nothing counts that here. */
	machine_ready(true);
}

/* The last byte has the least to say otherwise. */
void fuzz_one(const u8 *data, size_t size)
{
	dynamic_pamt = size && data[size - 1] >> 7;
	fuzz_reset();
	input_set(data, size);
	fuzz_steps = 0;
	while (!input_ended() && fuzz_steps < MAX_STEPS)
		fuzz_step(0);
}
