// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what with an S-EPT entry, and what becomes of it, of the page and
 * of the TD's count of pages.
 */
#include "swmod_machine.h"

#define M2	SW_SIZE_2M
#define SOURCE	(TDMR_BASE + 0x10000)

/* Public state numbers. */
enum {
	P_FREE = 0, P_BLOCKED = 1, P_PENDING = 2, P_PENDING_BLOCKED = 3,
	P_MAPPED = 4, P_NL_BLOCKED = 129, P_NL_MAPPED = 132,
};

static struct td td;
static struct vcpu vcpu;

static void runnable_td(void)
{
	module_ready();
	td_build(&td, &vcpu);
}

static u64 block(u64 gpa, u8 level)
{
	return call(SW_LEAF_MEM_RANGE_BLOCK, GPA_ARG(gpa, level), td.tdr, 0, 0);
}

static u64 unblock(u64 gpa, u8 level)
{
	return call(SW_LEAF_MEM_RANGE_UNBLOCK, GPA_ARG(gpa, level), td.tdr, 0, 0);
}

static u64 track(void)
{
	return call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0);
}

static u64 aug(u64 gpa, u8 level, u64 pa)
{
	return call(SW_LEAF_MEM_PAGE_AUG, GPA_ARG(gpa, level), td.tdr, pa, 0);
}

static u64 remove_page(u64 gpa, u8 level)
{
	return call(SW_LEAF_MEM_PAGE_REMOVE, GPA_ARG(gpa, level), td.tdr, 0, 0);
}

/* What TDG.MEM.PAGE.ACCEPT makes of a pending entry. */
static void accept(u64 gpa, u8 level)
{
	struct sw_td t = { .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	struct sw_entry e;

	expect(sw_sept_walk(&t, gpa, level, &e), 0);
	expect(sw_entry_lock(&e, SW_GUEST), 0);
	sw_entry_set(&e, sw_sept_make(SW_ST_MAPPED, e.val & SW_EPT_PFN));
	sw_entry_unlock(&e);
}

/* Bring the entry at GPA 0 of a fresh runnable TD, level 0, to a state. */
static void to_state(int state)
{
	runnable_td();
	if (state == P_FREE)
		return;
	expect(aug(0, 0, new_page()), 0);
	if (state == P_MAPPED || state == P_BLOCKED)
		accept(0, 0);
	if (state == P_BLOCKED || state == P_PENDING_BLOCKED) {
		expect(block(0, 0), 0);
		expect(track(), 0);
	}
	expect(entry_state(&td, 0, 0), state);
}

/* A step at GPA 0, from each state; ~0: EPT_ENTRY_STATE_INCORRECT. */
struct row {
	u64 leaf;
	struct {
		u64 status;
		int state;
	} from[5];		/* FREE, BLOCKED, PENDING, PENDING_BLOCKED, MAPPED */
};

#define WRONG	(SW_EPT_ENTRY_STATE_INCORRECT | SW_OPND_RCX)
#define NOTBLK	(SW_GPA_RANGE_NOT_BLOCKED | SW_OPND_RCX)
#define ALREADY	(SW_GPA_RANGE_ALREADY_BLOCKED | SW_OPND_RCX)

static const struct row rows[] = {
	{ SW_LEAF_MEM_PAGE_AUG, {
		{ 0, P_PENDING }, { WRONG, P_BLOCKED }, { WRONG, P_PENDING },
		{ WRONG, P_PENDING_BLOCKED }, { WRONG, P_MAPPED } } },
	{ SW_LEAF_MEM_RANGE_BLOCK, {
		{ WRONG, P_FREE }, { ALREADY, P_BLOCKED }, { 0, P_PENDING_BLOCKED },
		{ ALREADY, P_PENDING_BLOCKED }, { 0, P_BLOCKED } } },
	{ SW_LEAF_MEM_RANGE_UNBLOCK, {
		{ WRONG, P_FREE }, { 0, P_MAPPED }, { WRONG, P_PENDING },
		{ 0, P_PENDING }, { WRONG, P_MAPPED } } },
	{ SW_LEAF_MEM_PAGE_REMOVE, {
		{ WRONG, P_FREE }, { 0, P_FREE }, { NOTBLK, P_PENDING },
		{ 0, P_FREE }, { NOTBLK, P_MAPPED } } },
	{ SW_LEAF_MEM_PAGE_RELOCATE, {
		{ WRONG, P_FREE }, { 0, P_MAPPED }, { NOTBLK, P_PENDING },
		{ 0, P_PENDING }, { NOTBLK, P_MAPPED } } },
};

static void every_step_from_every_state(void)
{
	static const int states[] = {
		P_FREE, P_BLOCKED, P_PENDING, P_PENDING_BLOCKED, P_MAPPED,
	};
	unsigned int i, s;

	for (i = 0; i < SW_ARRAY_SIZE(rows); i++) {
		for (s = 0; s < 5; s++) {
			u64 children;

			to_state(states[s]);
			children = tdr_of(&td)->chldcnt;
			expect(call(rows[i].leaf, 0, td.tdr, new_page(), 0),
			       rows[i].from[s].status);
			expect(entry_state(&td, 0, 0), rows[i].from[s].state);
			/* What failed reports the entry, what worked does not. */
			if (rows[i].from[s].status)
				expect(last.rdx, (u64)states[s] << 8);
			children += rows[i].leaf == SW_LEAF_MEM_PAGE_AUG && !s;
			children -= rows[i].leaf == SW_LEAF_MEM_PAGE_REMOVE &&
				    !rows[i].from[s].status;
			expect(tdr_of(&td)->chldcnt, children);
		}
	}
}

static void gpa_operand_is_private_aligned_and_in_range(void)
{
	u64 bad = SW_OPERAND_INVALID | SW_OPND_RCX, pa;

	runnable_td();
	pa = new_page();
	expect(aug(1ULL << 47, 0, pa), bad);
	expect(aug(1ULL << 52, 0, pa), bad);
	expect(aug(8, 0, pa), bad);
	expect(aug(PAGE, 1, pa), bad);
	expect(aug(0, 2, pa), bad);
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(0, 0), td.tdr, pa, 0), bad);
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(0, 4), td.tdr, pa, 0), bad);
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(M2, 2), td.tdr, pa, 0), bad);
	expect(call(SW_LEAF_MEM_PAGE_RELOCATE, GPA_ARG(0, 1), td.tdr, pa, 0), bad);
	expect(call(SW_LEAF_MEM_PAGE_DEMOTE, GPA_ARG(0, 0), td.tdr, pa, 0), bad);
	expect(page_type(pa), SW_PT_NDA);
}

static void a_walk_that_ends_early_says_where(void)
{
	u64 gpa = 5ULL << 30;

	runnable_td();
	expect(aug(gpa, 0, new_page()), SW_EPT_WALK_FAILED | SW_OPND_RCX);
	/* The 1 GiB entry is free. */
	expect(last.rdx, 2 | P_FREE << 8);
	expect(last.rcx, 1ULL << 63);
	expect(aug(0, 1, new_huge()), WRONG);
	expect(last.rdx, 1 | P_NL_MAPPED << 8);
	/* A large page is no table. */
	td_tables(&td, gpa, 1);
	expect(aug(gpa, 1, new_huge()), 0);
	expect(aug(gpa, 0, new_page()), SW_EPT_WALK_FAILED | SW_OPND_RCX);
	expect(last.rdx, 1 | P_PENDING << 8);
}

static void sept_add_takes_an_existing_table_if_told(void)
{
	u64 arg = GPA_ARG(0, 1), page;
	struct sw_regs r;

	runnable_td();
	page = new_page();
	expect(call(SW_LEAF_MEM_SEPT_ADD, arg, td.tdr, page, 0), WRONG);
	expect(last.rdx, 1 | P_NL_MAPPED << 8);
	expect(call(SW_LEAF_MEM_SEPT_ADD, arg, td.tdr | 2, page, 0),
	       SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(call(SW_LEAF_MEM_SEPT_ADD, arg, td.tdr | 1, page, 0), 0);
	expect(page_type(page), SW_PT_NDA);
	r = (struct sw_regs){ .rcx = arg, .rdx = td.tdr | 1, .r8 = page,
			      .r9 = ~0ULL, .r10 = ~0ULL, .r11 = ~0ULL };
	expect(seamcall_on(0, SW_LEAF_MEM_SEPT_ADD | 1 << 16, &r), 0);
	expect(r.r8, page | 1ULL << 63);
	r = (struct sw_regs){ .rcx = GPA_ARG(M2, 1), .rdx = td.tdr, .r8 = page,
			      .r9 = page, .r10 = ~0ULL, .r11 = ~0ULL };
	expect(seamcall_on(0, SW_LEAF_MEM_SEPT_ADD | 1 << 16, &r),
	       SW_OPERAND_INVALID | SW_OPND_R9);
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(M2, 1), td.tdr, page, 0), 0);
	expect(page_type(page), SW_PT_EPT);
	expect(entry_state(&td, M2, 1), P_NL_MAPPED);
	expect(entry_state(&td, M2, 0), P_FREE);
}

static void sept_remove_wants_an_empty_tracked_table(void)
{
	u64 arg = GPA_ARG(M2, 1), page;

	runnable_td();
	page = new_page();
	expect(call(SW_LEAF_MEM_SEPT_ADD, arg, td.tdr, page, 0), 0);
	expect(aug(M2, 0, new_page()), 0);
	expect(call(SW_LEAF_MEM_SEPT_REMOVE, arg, td.tdr, 0, 0), NOTBLK);
	expect(block(M2, 1), 0);
	expect(entry_state(&td, M2, 1), P_NL_BLOCKED);
	/* Nothing below a blocked table can be reached. */
	expect(aug(M2 + PAGE, 0, new_page()), SW_EPT_WALK_FAILED | SW_OPND_RCX);
	expect(last.rdx, 1 | P_NL_BLOCKED << 8);
	expect(call(SW_LEAF_MEM_SEPT_REMOVE, arg, td.tdr, 0, 0),
	       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
	expect(track(), 0);
	expect(call(SW_LEAF_MEM_SEPT_REMOVE, arg, td.tdr, 0, 0),
	       SW_EPT_PAGE_NOT_FREE | SW_OPND_RCX);
	expect(unblock(M2, 1), 0);
	expect(block(M2, 0), 0);
	expect(block(M2, 1), 0);
	expect(track(), 0);
	expect(unblock(M2, 1), 0);
	expect(remove_page(M2, 0), 0);
	expect(block(M2, 1), 0);
	expect(track(), 0);
	expect(call(SW_LEAF_MEM_SEPT_REMOVE, arg, td.tdr, 0, 0), 0);
	expect(last.rcx, page);
	expect(page_type(page), SW_PT_NDA);
	expect(entry_state(&td, M2, 1), P_FREE);
}

static void page_add_copies_and_maps_before_finalize(void)
{
	u64 page, *src = sw_va(SOURCE);

	module_ready();
	src = sw_va(SOURCE);
	td_init(&td);
	td_vcpu(&td, &vcpu);
	td_tables(&td, 0, 0);
	page = new_page();
	src[3] = 0x1122334455667788ULL;
	expect(call(SW_LEAF_MEM_PAGE_ADD, GPA_ARG(0, 1), td.tdr, page, SOURCE),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, page, SOURCE + 8),
	       SW_OPERAND_INVALID | SW_OPND_R9);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, page, SW_USER_HOLE_BASE),
	       SW_OPERAND_INVALID | SW_OPND_R9);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, td.tdcs[0], SOURCE),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, page, SOURCE), 0);
	expect(((u64 *)sw_va(page))[3], 0x1122334455667788ULL);
	expect(page_type(page), SW_PT_REG);
	expect(entry_state(&td, 0, 0), P_MAPPED);
	expect(entry_hpa(&td, 0, 0), page);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, new_page(), SOURCE), WRONG);
	/* No vCPU can have run: no BLOCK, no TRACK. */
	expect(remove_page(0, 0), 0);
	expect(last.rcx, page);
}

static void a_page_is_given_once(void)
{
	struct vcpu v2;
	struct td td2;
	u64 page, huge;

	runnable_td();
	page = new_page();
	expect(aug(0, 0, page), 0);
	expect(aug(PAGE, 0, page), SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	td_build(&td2, &v2);
	expect(call(SW_LEAF_MEM_PAGE_AUG, 0, td2.tdr, page, 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	huge = new_huge();
	td_tables(&td, 1ULL << 30, 1);
	expect(aug(1ULL << 30, 1, huge), 0);
	expect(aug(PAGE, 0, huge + 5 * PAGE),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(M2, 1), td.tdr, huge, 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
}

static void a_large_page_wants_512_free_small_ones(void)
{
	u64 gpa = 1ULL << 30, huge, children;

	runnable_td();
	td_tables(&td, gpa, 1);
	huge = new_huge();
	expect(aug(0, 0, huge + 7 * PAGE), 0);
	expect(aug(gpa, 1, huge), SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	expect(aug(gpa, 1, huge + PAGE), SW_OPERAND_INVALID | SW_OPND_R8);
	expect(block(0, 0), 0);
	expect(track(), 0);
	expect(remove_page(0, 0), 0);
	children = tdr_of(&td)->chldcnt;
	expect(aug(gpa, 1, huge), 0);
	expect(tdr_of(&td)->chldcnt, children + 512);
	expect(block(gpa, 1), 0);
	expect(track(), 0);
	expect(remove_page(gpa, 1), 0);
	expect(last.rcx, huge);
	expect(tdr_of(&td)->chldcnt, children);
	expect(page_type(huge), SW_PT_NDA);
}

static void demote_splits_entry_and_metadata(void)
{
	u64 gpa = 1ULL << 30, huge, table, arg = GPA_ARG(1ULL << 30, 1), i;

	runnable_td();
	td_tables(&td, gpa, 1);
	huge = new_huge();
	table = new_page();
	expect(aug(gpa, 1, huge), 0);
	accept(gpa, 1);
	expect(call(SW_LEAF_MEM_PAGE_DEMOTE, arg, td.tdr, table, 0), NOTBLK);
	expect(block(gpa, 1), 0);
	expect(call(SW_LEAF_MEM_PAGE_DEMOTE, arg, td.tdr, table, 0),
	       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
	expect(track(), 0);
	expect(call(SW_LEAF_MEM_PAGE_DEMOTE, arg, td.tdr, td.tdcs[0], 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	expect(entry_state(&td, gpa, 1), P_BLOCKED);
	expect(call(SW_LEAF_MEM_PAGE_DEMOTE, arg, td.tdr, table, 0), 0);
	expect(entry_state(&td, gpa, 1), P_NL_MAPPED);
	expect(page_type(table), SW_PT_EPT);
	for (i = 0; i < 512; i += 73) {
		/* Not blocked: the guest can go on. */
		expect(entry_state(&td, gpa + i * PAGE, 0), P_MAPPED);
		expect(entry_hpa(&td, gpa + i * PAGE, 0), huge + i * PAGE);
		expect(page_type(huge + i * PAGE), SW_PT_REG);
	}
	expect(block(gpa + 3 * PAGE, 0), 0);
	expect(track(), 0);
	expect(remove_page(gpa + 3 * PAGE, 0), 0);
	expect(last.rcx, huge + 3 * PAGE);
}

/* A blocked, tracked 2 MiB page at 1 GiB, and DEMOTE of it. */
static u64 blocked_huge(void)
{
	u64 gpa = 1ULL << 30, huge;

	runnable_td();
	td_tables(&td, gpa, 1);
	huge = new_huge();
	expect(aug(gpa, 1, huge), 0);
	accept(gpa, 1);
	expect(block(gpa, 1), 0);
	expect(track(), 0);
	return huge;
}

static u64 demote(u64 table)
{
	return call(SW_LEAF_MEM_PAGE_DEMOTE, GPA_ARG(1ULL << 30, 1), td.tdr,
		    table, 0);
}

/* As if never called: registers, entry, metadata, counts and locks. */
static void expect_not_demoted(u64 huge, u64 table, u64 children)
{
	expect(last.rcx, GPA_ARG(1ULL << 30, 1));
	expect(last.rdx, td.tdr);
	expect(last.r8, table);
	expect(entry_state(&td, 1ULL << 30, 1), P_BLOCKED);
	expect(entry_hpa(&td, 1ULL << 30, 1), huge);
	expect(page_type(table), SW_PT_NDA);
	expect(page_type(huge), SW_PT_REG);
	expect(tdr_of(&td)->chldcnt, children);
	expect(tdcs_of(&td)->tree_lock.word & ~2, 0);
}

static void an_interrupted_demote_is_one_that_never_was(void)
{
	u64 huge = blocked_huge(), table = new_page(), children, i;

	children = tdr_of(&td)->chldcnt;
	sw_user.irq_pending = true;
	/* Waiting with interrupts off does not help, but harms nothing. */
	for (i = 0; i < 100; i++) {
		expect(demote(table), SW_INTERRUPTED_RESTARTABLE);
		expect_not_demoted(huge, table, children);
	}
	/* The host takes its interrupt and makes the same call again. */
	sw_user.irq_pending = false;
	expect(demote(table), 0);
	expect(entry_state(&td, 1ULL << 30, 1), P_NL_MAPPED);
	expect(page_type(table), SW_PT_EPT);
	expect(tdr_of(&td)->chldcnt, children + 1);
}

static unsigned int irqs_to_come;

/* The host's handler runs between two calls, and the next one is not far. */
static void irq_comes_and_goes(void)
{
	sw_user.irq_pending = irqs_to_come && irqs_to_come--;
}

static void demote_ends_when_interrupts_do(void)
{
	u64 table, tries = 0;

	blocked_huge();
	table = new_page();
	irqs_to_come = 7;
	sw_user.irq_asked = irq_comes_and_goes;
	while (demote(table) == SW_INTERRUPTED_RESTARTABLE && tries < 20)
		tries++;
	expect(tries, 7);
	expect(entry_state(&td, 1ULL << 30, 1), P_NL_MAPPED);
}

/* Another CPU wants the tree for itself while DEMOTE holds it. */
static void lose_the_tree(void)
{
	sw_user.irq_asked = NULL;
	expect(sw_lock(&tdcs_of(&td)->tree_lock, SW_EXCL, SW_HOST),
	       SW_OPERAND_BUSY);
}

static void demote_yields_to_a_host_that_wants_the_tree(void)
{
	u64 huge = blocked_huge(), table = new_page(), children;

	children = tdr_of(&td)->chldcnt;
	sw_user.irq_asked = lose_the_tree;
	expect(demote(table), SW_INTERRUPTED_BUSY);
	expect_not_demoted(huge, table, children);
	/* The loser has not come back: whoever is next gets the tree. */
	expect(demote(table), 0);
}

static void an_operand_error_goes_before_an_interrupt(void)
{
	blocked_huge();
	sw_user.irq_pending = true;
	expect(demote(td.tdcs[0]), SW_PAGE_METADATA_INCORRECT | SW_OPND_R8);
	expect(block(1ULL << 30, 1), ALREADY);
}

static void an_enhanced_demote_is_never_interrupted(void)
{
	u64 table;

	blocked_huge();
	table = new_page();
	expect(call(SW_LEAF_SYS_RD, 0, 0x0A00000300000008ULL, 0, 0), 0);
	expect(last.r8 >> 51 & 1, 0);
	sw_enhanced_demote = true;
	expect(call(SW_LEAF_SYS_RD, 0, 0x0A00000300000008ULL, 0, 0), 0);
	expect(last.r8 >> 51 & 1, 1);
	sw_user.irq_pending = true;
	expect(demote(table), 0);
	sw_enhanced_demote = false;
}

static void promote_joins_what_is_alike(void)
{
	u64 gpa = 1ULL << 30, huge, table, arg = GPA_ARG(1ULL << 30, 1), children;
	u64 bad = SW_EPT_INVALID_PROMOTE_CONDITIONS | SW_OPND_RCX, i;

	runnable_td();
	td_tables(&td, gpa, 0);
	table = entry_hpa(&td, gpa, 1);
	huge = new_huge();
	for (i = 0; i < 511; i++)
		expect(aug(gpa + i * PAGE, 0, huge + i * PAGE), 0);
	expect(block(gpa, 1), 0);
	expect(track(), 0);
	expect(call(SW_LEAF_MEM_PAGE_PROMOTE, arg, td.tdr, 0, 0), bad);
	expect(unblock(gpa, 1), 0);
	expect(aug(gpa + 511 * PAGE, 0, huge + 511 * PAGE), 0);
	accept(gpa + 9 * PAGE, 0);
	expect(call(SW_LEAF_MEM_PAGE_PROMOTE, arg, td.tdr, 0, 0), NOTBLK);
	expect(block(gpa, 1), 0);
	expect(track(), 0);
	/* One of them is no longer pending. */
	expect(call(SW_LEAF_MEM_PAGE_PROMOTE, arg, td.tdr, 0, 0), bad);
	expect(unblock(gpa, 1), 0);
	for (i = 0; i < 512; i++)
		accept(gpa + i * PAGE, 0);
	expect(block(gpa, 1), 0);
	expect(track(), 0);
	children = tdr_of(&td)->chldcnt;
	expect(call(SW_LEAF_MEM_PAGE_PROMOTE, arg, td.tdr, 0, 0), 0);
	expect(last.rcx, table);
	expect(page_type(table), SW_PT_NDA);
	expect(entry_state(&td, gpa, 1), P_MAPPED);
	expect(entry_hpa(&td, gpa, 1), huge);
	expect(page_type(huge), SW_PT_REG);
	expect(tdr_of(&td)->chldcnt, children - 1);
}

static void relocate_moves_content_and_frees_the_old_page(void)
{
	u64 old, new;

	to_state(P_BLOCKED);
	old = entry_hpa(&td, 0, 0);
	new = new_page();
	*(u64 *)sw_va(old) = 42;
	expect(call(SW_LEAF_MEM_PAGE_RELOCATE, 0, td.tdr, new, 0), 0);
	expect(last.rcx, old);
	expect(*(u64 *)sw_va(new), 42);
	expect(page_type(old), SW_PT_NDA);
	expect(page_type(new), SW_PT_REG);
	expect(entry_state(&td, 0, 0), P_MAPPED);
	expect(entry_hpa(&td, 0, 0), new);
}

static void rdmd_tells_what_the_metadata_says(void)
{
	u64 gpa = 1ULL << 30, huge, page;

	runnable_td();
	td_tables(&td, gpa, 1);
	huge = new_huge();
	page = new_page();
	expect(aug(gpa, 1, huge), 0);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, huge + PAGE, 0, 0, 0), 0);
	expect(last.rcx, SW_PT_REG);
	expect(last.rdx, td.tdr);
	expect(last.r8, 1);
	expect(last.r9, 0);
	expect(block(gpa, 1), 0);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, huge, 0, 0, 0), 0);
	expect(last.r9, tdcs_of(&td)->td_epoch);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, page | 3, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, page | 8, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
}

static void version_1_returns_no_l2_pages(void)
{
	struct sw_regs r;

	runnable_td();
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(M2, 1), td.tdr, new_page(), 0), 0);
	expect(block(M2, 1), 0);
	expect(track(), 0);
	r = (struct sw_regs){ .rcx = GPA_ARG(M2, 1), .rdx = td.tdr };
	expect(seamcall_on(0, SW_LEAF_MEM_SEPT_REMOVE | 1 << 16, &r), 0);
	expect(r.r9, ~0ULL);
	expect(r.r10, ~0ULL);
	expect(r.r11, ~0ULL);
}

static void only_a_debug_td_shows_its_memory(void)
{
	u64 page;

	runnable_td();
	page = new_page();
	expect(aug(0, 0, page), 0);
	accept(0, 0);
	expect(call(SW_LEAF_MEM_RD, 0, td.tdr, 0, 0), SW_TD_NON_DEBUG);
	tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
	((u64 *)sw_va(page))[2] = 77;
	expect(call(SW_LEAF_MEM_RD, 16, td.tdr, 0, 0), 0);
	expect(last.r8, 77);
	expect(call(SW_LEAF_MEM_WR, 16, td.tdr, 78, 0), 0);
	expect(last.r8, 77);
	expect(((u64 *)sw_va(page))[2], 78);
	expect(call(SW_LEAF_MEM_RD, 4, td.tdr, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_MEM_RD, PAGE, td.tdr, 0, 0),
	       SW_EPT_ENTRY_NOT_PRESENT | SW_OPND_RCX);
}

static void entries_are_what_hardware_reads(void)
{
	expect(sw_sept_make(SW_ST_FREE, 0), 0x80E0000000000000ULL);
	expect(sw_sept_make(SW_ST_NL_MAPPED, 0x5000), 0x5007);
	/* Write-back, PAT ignored, leaf, all permissions, no #VE. */
	expect(sw_sept_make(SW_ST_MAPPED, 0x5000), 0x80000000000050F7ULL);
	expect(sw_sept_make(SW_ST_PENDING, 0x5000) & 7, 0);
	expect(sw_sept_make(SW_ST_BLOCKED, 0x5000) & 7, 0);
	expect(sw_sept_make(SW_ST_NL_BLOCKED, 0x5000) & 7, 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(entries_are_what_hardware_reads),
		TEST(every_step_from_every_state),
		TEST(gpa_operand_is_private_aligned_and_in_range),
		TEST(a_walk_that_ends_early_says_where),
		TEST(sept_add_takes_an_existing_table_if_told),
		TEST(sept_remove_wants_an_empty_tracked_table),
		TEST(page_add_copies_and_maps_before_finalize),
		TEST(a_page_is_given_once),
		TEST(a_large_page_wants_512_free_small_ones),
		TEST(demote_splits_entry_and_metadata),
		TEST(an_interrupted_demote_is_one_that_never_was),
		TEST(demote_ends_when_interrupts_do),
		TEST(demote_yields_to_a_host_that_wants_the_tree),
		TEST(an_operand_error_goes_before_an_interrupt),
		TEST(an_enhanced_demote_is_never_interrupted),
		TEST(promote_joins_what_is_alike),
		TEST(relocate_moves_content_and_frees_the_old_page),
		TEST(rdmd_tells_what_the_metadata_says),
		TEST(version_1_returns_no_l2_pages),
		TEST(only_a_debug_td_shows_its_memory),
	};

	return ktap_run(tests);
}
