// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory and pages, where this module once differed from Intel's; the
 * table in docs/swmod.md has the numbers.  The statuses and registers are
 * those of Intel's module.
 */
#include "swmod_machine.h"

#define SVE		(1ULL << 63)
#define GPA		(1ULL << 30)
#define HUGE_ARG	GPA_ARG(GPA, 1)
#define RCX(status)	((status) | SW_OPND_RCX)

static struct td td;
static struct vcpu vcpu;

static void initialized_td(void)
{
	module_ready();
	td_init(&td);
}

static void runnable_td(void)
{
	module_ready();
	td_build(&td, &vcpu);
}

static u64 mem(u64 leaf, u64 arg, u64 r8)
{
	return call(leaf, arg, td.tdr, r8, 0);
}

static void regs(u64 rcx, u64 rdx)
{
	expect(last.rcx, rcx);
	expect(last.rdx, rdx);
}

static void accept(u64 gpa, u8 level)
{
	struct sw_td t = { .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	struct sw_entry e;

	expect(sw_sept_walk(&t, gpa, level, &e), 0);
	sw_entry_set(&e, sw_sept_make(SW_ST_MAPPED, e.val & SW_EPT_PFN));
}

static void block_and_track(u64 arg)
{
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, arg, 0), 0);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
}

/* What an entry looks like to the host, in each state. */
static void rcx_is_the_architectural_entry(void)
{
	u64 page;

	runnable_td();
	page = new_page();
	expect(mem(SW_LEAF_MEM_SEPT_RD, 0, 0), 0);
	regs(SVE, 0);
	expect(mem(SW_LEAF_MEM_SEPT_RD, 1, 0), 0);
	regs(0x407, 0x8401);
	expect(mem(SW_LEAF_MEM_PAGE_AUG, 0, page), 0);
	expect(mem(SW_LEAF_MEM_SEPT_RD, 0, 0), 0);
	regs(SVE | page | 0xf0, 0x200);
	accept(0, 0);
	expect(mem(SW_LEAF_MEM_SEPT_RD, 0, 0), 0);
	regs(SVE | page | 0x4f7, 0x400);
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, 0, 0), 0);
	expect(mem(SW_LEAF_MEM_SEPT_RD, 0, 0), 0);
	regs(SVE | page | 0xf0, 0x100);
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, 1, 0), 0);
	expect(mem(SW_LEAF_MEM_SEPT_RD, 1, 0), 0);
	regs(0, 0x8101);
}

static void an_interrupted_accept_shows_how_far_it_got(void)
{
	struct sw_td t;
	struct sw_entry e;
	u64 huge;

	runnable_td();
	td_tables(&td, GPA, 1);
	huge = new_huge();
	expect(mem(SW_LEAF_MEM_PAGE_AUG, HUGE_ARG, huge), 0);
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	expect(sw_sept_walk(&t, GPA, 1, &e), 0);
	/* As ACCEPT leaves it after 17 pages. */
	*e.p |= 17 << 12;
	expect(mem(SW_LEAF_MEM_SEPT_RD, HUGE_ARG, 0), 0);
	regs(SVE | huge | 17 << 12 | 0xf0, 0x201);
	/* The page is where it was. */
	block_and_track(HUGE_ARG);
	expect(mem(SW_LEAF_MEM_PAGE_REMOVE, HUGE_ARG, 0), 0);
	regs(huge, 0);
}

/* Argument registers cannot be used again after a call. */
static void registers_are_cleared_at_entry(void)
{
	static const u64 leaves[] = {
		SW_LEAF_MEM_SEPT_ADD, SW_LEAF_MEM_SEPT_REMOVE,
		SW_LEAF_MEM_SEPT_RD, SW_LEAF_MEM_PAGE_ADD,
		SW_LEAF_MEM_PAGE_AUG, SW_LEAF_MEM_PAGE_REMOVE,
		SW_LEAF_MEM_PAGE_DEMOTE, SW_LEAF_MEM_PAGE_PROMOTE,
		SW_LEAF_MEM_PAGE_RELOCATE, SW_LEAF_MEM_RANGE_BLOCK,
		SW_LEAF_MEM_RANGE_UNBLOCK, SW_LEAF_MEM_RD, SW_LEAF_MEM_WR,
		SW_LEAF_MR_EXTEND,
	};
	unsigned int i;
	u64 page;

	runnable_td();
	page = new_page();
	for (i = 0; i < SW_ARRAY_SIZE(leaves); i++) {
		expect(call(leaves[i], 0x1001, page, 0x123, 0),
		       SW_PAGE_METADATA_INCORRECT | SW_OPND_RDX);
		regs(0, 0);
	}
	expect(call(SW_LEAF_MEM_RD, 0, page, 5, 0) >> 63, 1);
	expect(last.r8, 0);
	expect(call(SW_LEAF_MEM_WR, 0, page, 5, 0) >> 63, 1);
	expect(last.r8, 0);
	/* On success there is nothing to say either. */
	expect(mem(SW_LEAF_MEM_PAGE_AUG, 0, page), 0);
	regs(0, 0);
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, 0, 0), 0);
	regs(0, 0);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 7, 0, 0), 0);
	regs(td.tdr, 7);
	expect(mem(SW_LEAF_MEM_RANGE_UNBLOCK, 0, 0), 0);
	regs(0, 0);
	/* A page of the wrong kind: the entry is not at fault. */
	expect(mem(SW_LEAF_MEM_PAGE_AUG, 0x1000, td.tdr),
	       SW_OPERAND_BUSY | SW_OPND_R8);
	regs(0, 0);
}

static void phymem_and_bring_up_clear_what_they_return(void)
{
	struct sw_regs r = { .rcx = 8, .rdx = 1, .r8 = 2, .r9 = 3, .r10 = 4,
			     .r11 = 5 };

	runnable_td();
	expect(seamcall_on(0, SW_LEAF_PHYMEM_PAGE_RDMD, &r),
	       RCX(SW_OPERAND_INVALID));
	expect(r.rcx | r.rdx | r.r8 | r.r9 | r.r10 | r.r11, 0);
	r = (struct sw_regs){ .rcx = 8, .rdx = 1, .r8 = 2, .r9 = 3 };
	expect(seamcall_on(0, SW_LEAF_PHYMEM_PAGE_RECLAIM, &r),
	       RCX(SW_OPERAND_INVALID));
	expect(r.rcx | r.rdx | r.r8 | r.r9, 0);
	r = (struct sw_regs){ .rcx = td.tdr, .rdx = 1 };
	expect(seamcall_on(0, SW_LEAF_MNG_INIT, &r),
	       SW_OP_STATE_INCORRECT | SW_OP_RUNNABLE);
	expect(r.rcx, 0);
	expect(r.rdx, 1);
	r = (struct sw_regs){ .rcx = 7, .rdx = 1, .r8 = 2, .r9 = 3, .r10 = 4 };
	expect(seamcall_on(0, SW_LEAF_SYS_INIT, &r), SW_SYS_INIT_NOT_PENDING);
	expect(r.rcx | r.rdx | r.r8 | r.r9 | r.r10, 0);
}

/* An entry that is not at fault is not shown. */
static void steps_that_take_a_page_show_no_entry_of_theirs(void)
{
	static const u64 leaves[] = {
		SW_LEAF_MEM_PAGE_REMOVE, SW_LEAF_MEM_PAGE_RELOCATE,
	};
	unsigned int i;
	u64 page;

	runnable_td();
	page = new_page();
	expect(mem(SW_LEAF_MEM_PAGE_AUG, 0, page), 0);
	for (i = 0; i < 2; i++) {
		expect(mem(leaves[i], 0, page), RCX(SW_GPA_RANGE_NOT_BLOCKED));
		regs(SVE | page | 0xf0, 0x200);
	}
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, 0, 0), 0);
	for (i = 0; i < 2; i++) {
		expect(mem(leaves[i], 0, page), RCX(SW_TLB_TRACKING_NOT_DONE));
		regs(0, 0);
	}
	expect(mem(SW_LEAF_MEM_RANGE_UNBLOCK, 0, 0),
	       RCX(SW_TLB_TRACKING_NOT_DONE));
	regs(0, 0);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
	expect(mem(SW_LEAF_MEM_PAGE_RELOCATE, 0, page),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	regs(0, 0);
	td_tables(&td, GPA, 1);
	expect(mem(SW_LEAF_MEM_PAGE_AUG, HUGE_ARG, new_huge()), 0);
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, HUGE_ARG, 0), 0);
	expect(mem(SW_LEAF_MEM_PAGE_DEMOTE, HUGE_ARG, new_page()),
	       RCX(SW_TLB_TRACKING_NOT_DONE));
	regs(0, 0);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
	expect(mem(SW_LEAF_MEM_PAGE_DEMOTE, HUGE_ARG, td.tdcs[0]),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	regs(0, 0);
}

static void memory_that_is_not_there_is_not_present(void)
{
	u64 page;

	initialized_td();
	tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
	/* B6: no table at all. */
	expect(mem(SW_LEAF_MEM_RD, 0, 0), RCX(SW_EPT_ENTRY_NOT_PRESENT));
	regs(SVE, 3);
	expect(mem(SW_LEAF_MR_EXTEND, 0, 0), RCX(SW_EPT_ENTRY_NOT_PRESENT));
	regs(SVE, 3);
	td_tables(&td, 0, 0);
	page = new_page();
	expect(mem(SW_LEAF_MEM_PAGE_AUG, 0, page), 0);
	expect(mem(SW_LEAF_MEM_WR, 0, 0), RCX(SW_EPT_ENTRY_NOT_PRESENT));
	regs(SVE | page | 0xf0, 0x200);
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, 1, 0), 0);
	expect(mem(SW_LEAF_MEM_RD, 0, 0), RCX(SW_EPT_ENTRY_NOT_PRESENT));
	regs(0, 0x8101);
	/* The tree is locked before the address is looked at. */
	tdcs_of(&td)->tree_lock.word = 1;
	expect(mem(SW_LEAF_MEM_RD, 1ULL << 47, 0),
	       SW_OPERAND_BUSY | SW_OPND_SEPT_TREE);
	tdcs_of(&td)->tree_lock.word = 0;
	expect(mem(SW_LEAF_MEM_RD, 1ULL << 47, 0), RCX(SW_OPERAND_INVALID));
}

static void a_range_that_is_blocked_already_names_rcx(void)
{
	initialized_td();
	expect(mem(SW_LEAF_MEM_SEPT_ADD, 3, new_page()), 0);
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, 3, 0), 0);
	expect(mem(SW_LEAF_MEM_RANGE_BLOCK, 3, 0), 0x00000b0700000001ULL);
	regs(0, 0x8103);
}

static void a_level_of_1_gib_is_an_operand(void)
{
	static const u64 leaves[] = {
		SW_LEAF_MEM_PAGE_PROMOTE, SW_LEAF_MEM_PAGE_DEMOTE,
		SW_LEAF_MEM_PAGE_REMOVE,
	};
	unsigned int i;

	initialized_td();
	for (i = 0; i < 3; i++) {
		expect(mem(leaves[i], 2, new_page()), RCX(SW_EPT_WALK_FAILED));
		regs(SVE, 3);
	}
	td_tables(&td, 0, 1);
	expect(mem(SW_LEAF_MEM_PAGE_PROMOTE, 2, 0),
	       RCX(SW_EPT_INVALID_PROMOTE_CONDITIONS));
	expect(mem(SW_LEAF_MEM_PAGE_DEMOTE, 2, new_page()),
	       RCX(SW_EPT_ENTRY_STATE_INCORRECT));
	expect(mem(SW_LEAF_MEM_PAGE_REMOVE, 2, 0),
	       RCX(SW_EPT_ENTRY_STATE_INCORRECT));
	expect(mem(SW_LEAF_MEM_PAGE_PROMOTE, 3, 0), RCX(SW_OPERAND_INVALID));
}

static void rdmd_takes_small_pages_only_without_dynamic_pamt(void)
{
	u64 page;

	initialized_td();
	page = new_huge();
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, page | 1, 0, 9, 0),
	       RCX(SW_OPERAND_INVALID));
	expect(last.r8, 0);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, TDMR_BASE | 2, 0, 0, 0),
	       RCX(SW_OPERAND_INVALID));
	dynamic_pamt = true;
	module_ready();
	page = new_huge();
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, page | 1, 0, 0, 0), 0);
	expect(last.r8, 1);
	/* B10: it has no metadata, which goes before its address. */
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, page + PAGE, 0, 0, 0),
	       RCX(SW_PAGE_METADATA_INCORRECT));
	regs(0, 0);
	dynamic_pamt = false;
}

static void sept_rd_judges_the_tdr_before_its_flag(void)
{
	initialized_td();
	expect(call(SW_LEAF_MEM_SEPT_RD, 3, new_page() | 1, 0, 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RDX);
	expect(call(SW_LEAF_MEM_SEPT_RD, 3, td.tdr | 1, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RDX);
}

/* 512 small pages at 1 GiB, of a TD that does not run yet. */
static u64 promotable(void)
{
	u64 huge, i;

	initialized_td();
	td_tables(&td, GPA, 0);
	huge = new_huge();
	for (i = 0; i < 512; i++)
		expect(mem(SW_LEAF_MEM_PAGE_AUG, GPA + i * PAGE,
			   huge + i * PAGE), 0);
	return huge;
}

static u64 promote(struct sw_regs *r)
{
	*r = (struct sw_regs){ .rcx = HUGE_ARG, .rdx = td.tdr, .r12 = 5,
			       .r13 = 6 };
	return seamcall_on(0, SW_LEAF_MEM_PAGE_PROMOTE, r);
}

static void expect_not_promoted(const struct sw_regs *r)
{
	expect(r->rcx, HUGE_ARG);
	expect(r->rdx, td.tdr);
	expect(r->r12 | r->r13, 0);
	expect(entry_state(&td, GPA, 1), 132);
	expect(entry_state(&td, GPA + 511 * PAGE, 0), 2);
	expect(tdcs_of(&td)->tree_lock.word & ~2, 0);
}

static void an_interrupted_promote_is_one_that_never_was(void)
{
	u64 huge = promotable(), table = entry_hpa(&td, GPA, 1), i;
	struct sw_regs r;

	sw_user.irq_pending = true;
	for (i = 0; i < 10; i++) {
		expect(promote(&r), SW_INTERRUPTED_RESTARTABLE);
		expect_not_promoted(&r);
	}
	sw_user.irq_pending = false;
	expect(promote(&r), 0);
	expect(r.rcx, table);
	expect(entry_hpa(&td, GPA, 1), huge);
}

/* Another CPU wants the tree while PROMOTE has it. */
static void lose_the_tree(void)
{
	sw_user.irq_asked = NULL;
	expect(sw_lock(&tdcs_of(&td)->tree_lock, SW_EXCL, SW_HOST),
	       SW_OPERAND_BUSY);
}

static void interrupted_busy_names_no_operand(void)
{
	struct sw_regs r;
	u64 table;

	promotable();
	sw_user.irq_asked = lose_the_tree;
	expect(promote(&r), 0x8000020600000000ULL);
	expect_not_promoted(&r);
	expect(promote(&r), 0);
	table = new_page();
	sw_user.irq_asked = lose_the_tree;
	expect(mem(SW_LEAF_MEM_PAGE_DEMOTE, HUGE_ARG, table),
	       0x8000020600000000ULL);
	regs(HUGE_ARG, td.tdr);
	expect(mem(SW_LEAF_MEM_PAGE_DEMOTE, HUGE_ARG, table), 0);
}

static void a_promote_that_cannot_be_is_not_interrupted(void)
{
	struct sw_regs r;

	promotable();
	expect(mem(SW_LEAF_MEM_PAGE_REMOVE, GPA, 0), 0);
	sw_user.irq_pending = true;
	expect(promote(&r), RCX(SW_EPT_INVALID_PROMOTE_CONDITIONS));
	expect(r.rcx, 0x407);
	expect(r.rdx, 0x8401);
}

static u64 sept_add_v1(struct sw_regs *r, u64 rcx, u64 rdx, u64 r8, u64 l2)
{
	*r = (struct sw_regs){ .rcx = rcx, .rdx = rdx, .r8 = r8, .r9 = l2,
			       .r10 = l2, .r11 = l2 };
	return seamcall_on(0, SW_LEAF_MEM_SEPT_ADD | 1 << 16, r);
}

static void sept_add_tells_which_pages_it_used(void)
{
	struct sw_regs r;
	u64 page;

	initialized_td();
	page = new_page();
	expect(sept_add_v1(&r, 3, td.tdr, page, ~0ULL), 0);
	expect(r.r8, ~0ULL);
	expect(r.r9 & r.r10 & r.r11, ~0ULL);
	expect(r.rcx | r.rdx, 0);
	/* Without a page of its own, a table has to be there. */
	expect(sept_add_v1(&r, 3, td.tdr, ~0ULL, ~0ULL), 0);
	expect(mem(SW_LEAF_MEM_SEPT_ADD, 3, new_page()),
	       RCX(SW_EPT_ENTRY_STATE_INCORRECT));
	page = new_page();
	expect(sept_add_v1(&r, 3, td.tdr | 1, page, ~0ULL), 0);
	expect(r.r8, page | 1ULL << 63);
	expect(call(SW_LEAF_MEM_SEPT_ADD, 3, td.tdr | 1, ~0ULL, 0),
	       SW_OPERAND_INVALID | SW_OPND_R8);
	/* Bit 63 is not looked at. */
	expect(call(SW_LEAF_MEM_SEPT_ADD, 2, td.tdr, page | 1ULL << 63, 0), 0);
	expect(page_type(page), SW_PT_EPT);
	page = new_page();
	expect(sept_add_v1(&r, 1, td.tdr, page | 1ULL << 63, ~0ULL), 0);
	expect(r.r8, ~0ULL);
}

static void sept_add_judges_l2_pages_last(void)
{
	struct sw_regs r;

	initialized_td();
	/* A7d: the lock of OP_STATE is the first of all. */
	tdcs_of(&td)->op_lock.word = 1;
	expect(sept_add_v1(&r, 2, td.tdr, 0, 0), 0x80000200000000acULL);
	tdcs_of(&td)->op_lock.word = 0;
	expect(sept_add_v1(&r, 2, td.tdr, 0, 0), RCX(SW_EPT_WALK_FAILED));
	expect(sept_add_v1(&r, 3, td.tdr, td.tdcs[0], 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	expect(sept_add_v1(&r, 3, td.tdr, new_page(), 0),
	       SW_OPERAND_INVALID | SW_OPND_R9);
	/* What failed has used nothing. */
	expect(sept_add_v1(&r, 3, td.tdr, ~0ULL, ~0ULL),
	       SW_OPERAND_INVALID | SW_OPND_R8);
	expect(r.r8 & r.r9 & r.r10 & r.r11, ~0ULL >> 1);
}

static void page_add_judges_its_source_last(void)
{
	u64 source = TDMR_BASE + 0x10000, page;

	initialized_td();
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, new_page(), 1),
	       RCX(SW_EPT_WALK_FAILED));
	td_tables(&td, 0, 0);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, td.tdcs[0], 1),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	page = new_page();
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, page,
		    source | 32ULL << SW_USER_MAXPA),
	       SW_OPERAND_INVALID | SW_OPND_R9);
	*(u64 *)sw_va(source) = 99;
	/* A KeyID that the host may use. */
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, page,
		    source | 8ULL << SW_USER_MAXPA), 0);
	expect(*(u64 *)sw_va(page), 99);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(rcx_is_the_architectural_entry),
		TEST(an_interrupted_accept_shows_how_far_it_got),
		TEST(registers_are_cleared_at_entry),
		TEST(phymem_and_bring_up_clear_what_they_return),
		TEST(steps_that_take_a_page_show_no_entry_of_theirs),
		TEST(memory_that_is_not_there_is_not_present),
		TEST(a_range_that_is_blocked_already_names_rcx),
		TEST(a_level_of_1_gib_is_an_operand),
		TEST(rdmd_takes_small_pages_only_without_dynamic_pamt),
		TEST(sept_rd_judges_the_tdr_before_its_flag),
		TEST(an_interrupted_promote_is_one_that_never_was),
		TEST(interrupted_busy_names_no_operand),
		TEST(a_promote_that_cannot_be_is_not_interrupted),
		TEST(sept_add_tells_which_pages_it_used),
		TEST(sept_add_judges_l2_pages_last),
		TEST(page_add_judges_its_source_last),
	};

	return ktap_run(tests);
}
