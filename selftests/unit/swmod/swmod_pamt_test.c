// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic PAMT: what the host has to give for small pages, what becomes of it,
 * and that nothing else changes.
 */
#include "debug/inspect.h"
#include "swmod_machine.h"

#define M2	SW_SIZE_2M
#define GPA	(1ULL << 30)
#define SOURCE	(TDMR_BASE + 0x10000)
#define HINT	(1ULL << 62)
#define MISSING(reg)	(SW_MISSING_PAMT_PAGE_PAIR | SW_OPND_##reg)
#define INVALID(reg)	(SW_OPERAND_INVALID | SW_OPND_##reg)
#define NOT_FREE(reg)	(SW_PAGE_NOT_FREE | SW_OPND_##reg)
#define WRONG(reg)	(SW_PAGE_METADATA_INCORRECT | SW_OPND_##reg)

static struct td td;
static struct vcpu vcpu;

static void ready(void)
{
	dynamic_pamt = true;
	module_ready();
}

static void runnable_td(void)
{
	ready();
	td_build(&td, &vcpu);
}

static u64 pamt_add(u64 range, u64 a, u64 b)
{
	return call(SW_LEAF_PHYMEM_PAMT_ADD, range | 1, a, b, 0);
}

static u64 pamt_remove(u64 range)
{
	return call(SW_LEAF_PHYMEM_PAMT_REMOVE, range | 1, 0, 0, 0);
}

static u64 aug(u64 gpa, u8 level, u64 pa)
{
	return call(SW_LEAF_MEM_PAGE_AUG, GPA_ARG(gpa, level), td.tdr, pa, 0);
}

static u64 block_and_track(u64 gpa, u8 level)
{
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, GPA_ARG(gpa, level), td.tdr, 0, 0), 0);
	return call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0);
}

/* A 2 MiB range with metadata of its own, and nothing in it. */
static u64 new_range(void)
{
	u64 range = new_huge();

	expect(pamt_add(range, new_page(), new_page()), 0);
	return range;
}

static void the_host_learns_of_it_and_may_ask(void)
{
	u64 *info;

	ready();
	expect(call(SW_LEAF_SYS_RD, 0, 0x0A00000300000008ULL, 0, 0), 0);
	expect(last.r8 >> 36 & 1, 1);
	expect(call(SW_LEAF_SYS_RD, 0, 0x9100000000000013ULL, 0, 0), 0);
	expect(last.r8, 1);
	expect(call(SW_LEAF_SYS_RD, 0, 0x9100000000000014ULL, 0, 0), 0);
	expect(last.r8, 4);
	/* A bit for each small page is enough, and no less. */
	module_sys_init();
	info = tdmr_info(0);
	info[7] = info[1] / PAGE / 8 - PAGE;
	expect(module_config(), SW_INVALID_PAMT);
	info[7] += PAGE;
	dynamic_pamt = false;
	expect(module_config(), SW_INVALID_PAMT);
	dynamic_pamt = true;
	expect(module_config(), 0);
}

static void who_does_not_ask_gets_what_there_was(void)
{
	dynamic_pamt = false;
	module_ready();
	expect(pamt_add(new_huge(), new_page(), new_page()), INVALID(RAX));
	expect(pamt_remove(new_huge()), INVALID(RAX));
	td_build(&td, &vcpu);
	expect(aug(0, 0, new_huge()), 0);
	expect(block_and_track(0, 0), 0);
	expect(call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr, 0, 0), 0);
	expect(last.rcx & HINT, 0);
}

static void tdmr_init_goes_4096_pages_at_a_time(void)
{
	unsigned int i;

	dynamic_pamt = true;
	module_sys_init();
	expect(module_config(), 0);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), 0);
	for (i = 0; i < 63; i++) {
		expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
		expect(last.rdx, TDMR_BASE);
	}
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
	expect(last.rdx, TDMR_BASE + SW_SIZE_1G);
}

static void add_checks_its_operands_in_order(void)
{
	u64 range, page, beyond = TDMR_BASE + SW_SIZE_1G;

	ready();
	range = new_huge();
	page = new_page();
	expect(call(SW_LEAF_PHYMEM_PAMT_ADD, range, 1, 1, 0), INVALID(RCX));
	expect(call(SW_LEAF_PHYMEM_PAMT_ADD, range | 2, 1, 1, 0), INVALID(RCX));
	expect(pamt_add(range | 8, 1, 1), INVALID(RCX));
	expect(pamt_add(range + PAGE, 1, 1), INVALID(RCX));
	expect(pamt_add(range | 1ULL << SW_USER_MAXPA, 1, 1), INVALID(RCX));
	expect(pamt_add(beyond, page + 8, 1), INVALID(RDX));
	expect(pamt_add(beyond, page | 1ULL << SW_USER_MAXPA, 1), INVALID(RDX));
	expect(pamt_add(beyond, beyond, 1),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_RDX);
	expect(pamt_add(beyond, page, 1), INVALID(R8));
	expect(pamt_add(beyond, page, beyond),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_R8);
	expect(pamt_add(beyond, page, new_page()),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_RCX);
	expect(pamt_remove(range + PAGE), INVALID(RCX));
	expect(pamt_remove(beyond), SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_RCX);
	/* None of it left a mark. */
	expect(pamt_add(range, page, new_page()), 0);
}

static void a_pair_wants_a_range_that_is_free(void)
{
	u64 range;

	runnable_td();
	range = new_range();
	expect(pamt_add(range, new_page(), new_page()),
	       SW_HPA_RANGE_NOT_FREE | SW_OPND_RCX);
	range = new_huge();
	td_tables(&td, GPA, 1);
	expect(aug(GPA, 1, range), 0);
	expect(pamt_add(range, new_page(), new_page()),
	       SW_HPA_RANGE_NOT_FREE | SW_OPND_RCX);
}

static void a_pair_is_two_pages_that_nobody_has(void)
{
	u64 range, a, b, huge;

	runnable_td();
	range = new_huge();
	a = new_page();
	b = new_page();
	expect(pamt_add(range, td.tdr, b), NOT_FREE(RDX));
	expect(pamt_add(range, a, td.tdcs[2]), NOT_FREE(R8));
	expect(pamt_add(range, a, a), NOT_FREE(R8));
	/* In front of everything, memory is reserved. */
	expect(pamt_add(range, TDMR_BASE, b), NOT_FREE(RDX));
	huge = new_huge();
	td_tables(&td, GPA, 1);
	expect(aug(GPA, 1, huge), 0);
	expect(pamt_add(range, a, huge + PAGE), NOT_FREE(R8));
	/* What was refused is free for the next, once. */
	expect(pamt_add(range, a, b), 0);
	expect(pamt_add(new_huge(), a, new_page()), NOT_FREE(RDX));
	expect(pamt_add(new_huge(), new_page(), b), NOT_FREE(R8));
}

static void a_range_can_hold_its_own_metadata(void)
{
	u64 range;

	runnable_td();
	range = new_huge();
	expect(pamt_add(range, range + 5 * PAGE, range + 300 * PAGE), 0);
	expect(aug(0, 0, range), 0);
	expect(aug(PAGE, 0, range + 5 * PAGE), WRONG(R8));
	expect(aug(PAGE, 0, range + 300 * PAGE), WRONG(R8));
	expect(aug(PAGE, 0, range + 511 * PAGE), 0);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, range + 5 * PAGE, 0, 0, 0), 0);
	expect(last.rcx, SW_PT_PAMT);
	expect(last.rdx, 0);
	expect(last.r8, 0);
}

static void what_holds_metadata_is_nobody_elses(void)
{
	u64 donors, range;

	runnable_td();
	donors = new_huge();
	range = new_huge();
	expect(pamt_add(range, donors, donors + PAGE), 0);
	td_tables(&td, GPA, 1);
	expect(aug(GPA, 1, donors), WRONG(R8));
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, donors, 0, 0, 0), 0);
	expect(last.rcx, SW_PT_PAMT);
	expect(last.r8, 0);
	/* The other pages of that range are no metadata, and have none. */
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, donors + 9 * PAGE, 0, 0, 0), 0);
	expect(last.rcx, SW_PT_NDA);
	expect(last.r8, 1);
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, donors, 0, 0, 0), WRONG(RCX));
	/* With metadata of its own, it still is what it was. */
	expect(pamt_add(donors, new_page(), new_page()), 0);
	expect(aug(0, 0, donors), WRONG(R8));
	expect(aug(0, 0, donors + 2 * PAGE), 0);
	expect(pamt_remove(range), 0);
	expect(aug(PAGE, 0, donors), 0);
}

static void a_small_page_wants_metadata(void)
{
	u64 page, gpa = GPA, table;

	ready();
	page = new_huge();
	expect(call(SW_LEAF_MNG_CREATE, page, 40, 0, 0), MISSING(RCX));
	td_new(&td);
	expect(call(SW_LEAF_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_ADDCX, page, td.tdr, 0, 0), MISSING(RCX));
	td_init(&td);
	expect(call(SW_LEAF_VP_CREATE, page, td.tdr, 0, 0), MISSING(RCX));
	td_vcpu(&td, &vcpu);
	vcpu.pages[0] = new_page();
	expect(call(SW_LEAF_VP_CREATE, vcpu.pages[0], td.tdr, 0, 0), 0);
	expect(call(SW_LEAF_VP_ADDCX, page, vcpu.pages[0], 0, 0), MISSING(RCX));
	td_tables(&td, 0, 0);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, page, SOURCE), MISSING(R8));
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(M2, 1), td.tdr, page, 0),
	       MISSING(R8));
	expect(aug(0, 0, page), MISSING(R8));
	expect(aug(0, 0, new_page()), 0);
	expect(call(SW_LEAF_MEM_PAGE_RELOCATE, 0, td.tdr, page, 0), MISSING(R8));
	td_tables(&td, gpa, 1);
	table = new_huge();
	expect(aug(gpa, 1, table), 0);
	expect(call(SW_LEAF_MEM_PAGE_DEMOTE, GPA_ARG(gpa, 1), td.tdr, page, 0),
	       MISSING(R8));
	/* What is in use in one piece is another matter. */
	expect(aug(PAGE, 0, table), WRONG(R8));
	expect(pamt_add(page, new_page(), new_page()), 0);
	expect(aug(PAGE, 0, page), 0);
}

static void a_large_page_wants_none(void)
{
	u64 range;

	runnable_td();
	td_tables(&td, GPA, 1);
	range = new_range();
	expect(aug(GPA, 1, range), WRONG(R8));
	expect(pamt_remove(range), 0);
	expect(aug(GPA, 1, range), 0);
	expect(page_type(range | 1), SW_PT_REG);
}

static void a_pair_comes_back_when_it_is_empty(void)
{
	u64 range, a, b;

	runnable_td();
	range = new_huge();
	a = new_page();
	b = new_page();
	expect(pamt_remove(range), SW_NO_PAMT_PAGE_PAIR | SW_OPND_RCX);
	expect(pamt_add(range, a, b), 0);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, range | 1, 0, 0, 0), 0);
	expect(last.rcx, SW_PT_PAMT | 1ULL << 63);
	expect(last.rdx, 0);
	expect(last.r8, 1);
	expect(last.r9, 0);
	expect(last.r10, a);
	expect(last.r11, b);
	expect(aug(0, 0, range + 255 * PAGE), 0);
	expect(aug(PAGE, 0, range + 256 * PAGE), 0);
	expect(pamt_remove(range), SW_PAMT_PAGE_NOT_EMPTY | 0);
	expect(block_and_track(0, 0), 0);
	expect(call(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr, 0, 0), 0);
	expect(last.rcx, range + 255 * PAGE);
	expect(pamt_remove(range), SW_PAMT_PAGE_NOT_EMPTY | 1);
	expect(block_and_track(PAGE, 0), 0);
	expect(call(SW_LEAF_MEM_PAGE_REMOVE, PAGE, td.tdr, 0, 0), 0);
	expect(last.rcx, (range + 256 * PAGE) | HINT);
	expect(pamt_remove(range), 0);
	expect(last.rdx, a);
	expect(last.r8, b);
	expect(pamt_remove(range), SW_NO_PAMT_PAGE_PAIR | SW_OPND_RCX);
	/* The pages are the host's to give. */
	expect(aug(0, 0, a), 0);
	expect(aug(PAGE, 0, b), 0);
}

static void who_frees_the_last_page_says_so(void)
{
	u64 range, other;

	runnable_td();
	range = new_range();
	other = new_range();
	expect(aug(0, 0, range), 0);
	expect(block_and_track(0, 0), 0);
	expect(call(SW_LEAF_MEM_PAGE_RELOCATE, 0, td.tdr, other, 0), 0);
	expect(last.rcx, range | HINT);
	expect(block_and_track(0, 0), 0);
	expect(call(SW_LEAF_MEM_PAGE_RELOCATE, 0, td.tdr, range, 0), 0);
	expect(last.rcx, other | HINT);
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(M2, 1), td.tdr, other, 0), 0);
	expect(block_and_track(M2, 1), 0);
	expect(call(SW_LEAF_MEM_SEPT_REMOVE, GPA_ARG(M2, 1), td.tdr, 0, 0), 0);
	expect(last.rcx, other | HINT);
	expect(pamt_remove(other), 0);
	td_free_key(&td, &vcpu);
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, range, 0, 0, 0), 0);
	expect(last.r9, HINT);
	expect(pamt_remove(range), 0);
}

/* A blocked, tracked 2 MiB page; the new table's page. */
static u64 blocked_huge(u64 *table)
{
	u64 huge;

	runnable_td();
	td_tables(&td, GPA, 1);
	huge = new_huge();
	*table = new_page();
	expect(aug(GPA, 1, huge), 0);
	expect(block_and_track(GPA, 1), 0);
	return huge;
}

static struct sw_regs split;

static u64 demote(u64 table, u64 a, u64 b)
{
	split = (struct sw_regs){ .rcx = GPA_ARG(GPA, 1), .rdx = td.tdr,
				  .r8 = table, .r12 = a, .r13 = b };
	return seamcall_on(0, SW_LEAF_MEM_PAGE_DEMOTE, &split);
}

static void demote_takes_a_pair(void)
{
	u64 table, huge = blocked_huge(&table), a = new_page(), b = new_page();
	u64 beyond = TDMR_BASE + SW_SIZE_1G, range;

	expect(demote(table, 1, 1), INVALID(R12));
	expect(demote(table, beyond, 1), INVALID(R13));
	expect(demote(table, beyond, b),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_R12);
	expect(demote(table, a, beyond),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_R13);
	expect(demote(table, td.tdr, b), NOT_FREE(R12));
	expect(demote(table, td.tdcs[0], b), NOT_FREE(R12));
	expect(demote(table, a, td.tdcs[0]), NOT_FREE(R13));
	expect(demote(table, a, a), NOT_FREE(R13));
	expect(demote(table, a, table), SW_OPERAND_BUSY | SW_OPND_R13);
	/* Not out of the page that is being split. */
	expect(demote(table, huge, b), SW_OPERAND_BUSY | SW_OPND_R12);
	range = new_range();
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, range | 1, 0, 0, 0), 0);
	expect(demote(table, last.r10, b), NOT_FREE(R12));
	expect(entry_state(&td, GPA, 1), 3);
	expect(demote(table, a, b), 0);
	expect(page_type(huge + 7 * PAGE), SW_PT_REG);
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, huge | 1, 0, 0, 0), 0);
	expect(last.r10, a);
	expect(last.r11, b);
	expect(pamt_remove(huge), SW_PAMT_PAGE_NOT_EMPTY);
}

static void promote_gives_the_pair_back(void)
{
	u64 table, huge = blocked_huge(&table), a, b;
	struct sw_regs r;

	a = new_page();
	b = new_page();
	table = new_range();
	expect(demote(table, a, b), 0);
	expect(block_and_track(GPA, 1), 0);
	r = (struct sw_regs){ .rcx = GPA_ARG(GPA, 1), .rdx = td.tdr };
	expect(seamcall_on(0, SW_LEAF_MEM_PAGE_PROMOTE, &r), 0);
	expect(r.rcx, table | HINT);
	expect(r.r12, a);
	expect(r.r13, b);
	expect(page_type(huge | 1), SW_PT_REG);
	expect(pamt_add(new_huge(), a, b), 0);
}

static void add_and_remove_want_the_range_for_themselves(void)
{
	struct sw_page held;
	u64 range, a, b;

	ready();
	range = new_huge();
	a = new_page();
	b = new_page();
	expect(sw_page_get(range, 1, SW_SHARED, -1, 0, &held), 0);
	expect(pamt_add(range, a, b), SW_OPERAND_BUSY | SW_OPND_RCX);
	sw_page_put(&held);
	expect(sw_page_get(a, 0, SW_EXCL, SW_PT_NDA, 0, &held), 0);
	expect(pamt_add(range, a, b), SW_OPERAND_BUSY | SW_OPND_RDX);
	expect(pamt_add(range, b, a), SW_OPERAND_BUSY | SW_OPND_R8);
	sw_page_put(&held);
	expect(pamt_add(range, a, b), 0);
	expect(sw_page_get(range + PAGE, 0, SW_SHARED, SW_PT_NDA, 0, &held), 0);
	expect(pamt_remove(range), SW_OPERAND_BUSY | SW_OPND_RCX);
	sw_page_put(&held);
	expect(pamt_remove(range), 0);
}

/* The lock of a page that only the module knows keeps its metadata, too. */
static void metadata_stays_while_a_page_is_locked(void)
{
	struct sw_page held;
	u64 range;

	runnable_td();
	range = new_range();
	expect(aug(0, 0, range), 0);
	expect(sw_page_get_leaf(range, 0, SW_EXCL, SW_PT_REG, 0, &held), 0);
	expect(pamt_remove(range), SW_OPERAND_BUSY | SW_OPND_RCX);
	sw_page_put(&held);
	expect(pamt_remove(range), SW_PAMT_PAGE_NOT_EMPTY);
	expect(sw_page_get_leaf(new_huge(), 0, SW_EXCL, SW_PT_REG, 0, &held),
	       SW_PAGE_METADATA_INCORRECT);
	expect(held.e2m == NULL, 1);
}

static char seen[4096];

static void see(struct sw_out *out, const char *text)
{
	strcat(strcat(seen, text), "\n");
}

static void an_onlooker_sees_what_there_is(void)
{
	struct sw_out out = { see };
	u64 range;

	runnable_td();
	seen[0] = 0;
	range = new_huge();
	sw_inspect_show_page(&out, range);
	check(strstr(seen, "has no metadata") != NULL);
	expect(pamt_add(range, new_page(), new_page()), 0);
	seen[0] = 0;
	sw_inspect_show_page(&out, range);
	check(strstr(seen, "has no metadata") == NULL);
	check(strstr(seen, "PAMT") != NULL);
	expect(sw_inspect_first_td(), td.tdr);
	/* Half of an update: an address that is no memory. */
	memset(((struct sw_pamt_entry *)sw_pamt_peek(range, 1))->owner, 0xff, 5);
	expect(sw_pamt_peek(range, 0) == NULL, 1);
}

/* All pages of a TD come back, and then all of the metadata. */
static void a_td_leaves_no_metadata_in_use(void)
{
	u64 pa, reclaimed = 0, hints = 0;

	runnable_td();
	expect(aug(0, 0, new_page()), 0);
	td_free_key(&td, &vcpu);
	for (pa = TDMR_BASE + 0x2000000; pa < TDMR_BASE + 0x4000000; pa += PAGE) {
		if (pa == td.tdr || call(SW_LEAF_PHYMEM_PAGE_RECLAIM, pa, 0, 0, 0))
			continue;
		reclaimed++;
		hints += last.r9 == HINT;
	}
	expect(hints, 0);
	expect(reclaimed, SW_TDCS_PAGES_MIN + SW_TDVPS_PAGES + 3 + 1);
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, td.tdr, 0, 0, 0), 0);
	expect(last.r9, HINT);
	for (pa = TDMR_BASE + 0x2000000; pa < TDMR_BASE + 0x4000000; pa += M2)
		expect(pamt_remove(pa), 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(the_host_learns_of_it_and_may_ask),
		TEST(who_does_not_ask_gets_what_there_was),
		TEST(tdmr_init_goes_4096_pages_at_a_time),
		TEST(add_checks_its_operands_in_order),
		TEST(a_pair_wants_a_range_that_is_free),
		TEST(a_pair_is_two_pages_that_nobody_has),
		TEST(a_range_can_hold_its_own_metadata),
		TEST(what_holds_metadata_is_nobody_elses),
		TEST(a_small_page_wants_metadata),
		TEST(a_large_page_wants_none),
		TEST(a_pair_comes_back_when_it_is_empty),
		TEST(who_frees_the_last_page_says_so),
		TEST(demote_takes_a_pair),
		TEST(promote_gives_the_pair_back),
		TEST(add_and_remove_want_the_range_for_themselves),
		TEST(metadata_stays_while_a_page_is_locked),
		TEST(an_onlooker_sees_what_there_is),
		TEST(a_td_leaves_no_metadata_in_use),
	};

	return ktap_run(tests);
}
