// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on purpose, and looking into a module that runs.
 */
#include "swmod_machine.h"
#include "debug/fault.h"
#include "debug/inspect.h"
#include "guest/vmcs.h"

#define BUSY_TREE	(SW_OPERAND_BUSY | SW_OPND_SEPT_TREE)

static struct td td;
static struct vcpu vcpu;
static char why[SW_FAULT_LINE];

static bool rule(const char *line)
{
	why[0] = 0;
	return sw_fault_parse(line, why, sizeof(why));
}

static void runnable_td(void)
{
	module_ready();
	td_build(&td, &vcpu);
}

static u64 aug(u64 gpa)
{
	return call(SW_LEAF_MEM_PAGE_AUG, gpa, td.tdr, new_page(), 0);
}

static u64 track(void)
{
	return call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0);
}

static void the_nth_call_fails_and_no_other(void)
{
	runnable_td();
	check(rule("MEM.PAGE.AUG nth=3 status=OPERAND_BUSY operand=SEPT_TREE"));
	expect(aug(0x0000), 0);
	expect(aug(0x1000), 0);
	expect(track(), 0);
	expect(aug(0x2000), BUSY_TREE);
	expect(entry_state(&td, 0x2000, 0), 0);
	expect(aug(0x2000), 0);
	check(rule("clear"));
	expect(sw_fault_armed, 0);
}

/* A lock that is refused leaves the mark that a lost one leaves. */
static void an_injected_busy_gives_the_host_priority(void)
{
	struct sw_td t;
	struct sw_entry e;

	runnable_td();
	expect(aug(0), 0);
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	/* The entry's lock, behind three of the PAMT, OP_STATE and the tree. */
	check(rule("MEM.RANGE.BLOCK status=OPERAND_BUSY operand=RCX when=after locks=5 times=1"));
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(sw_sept_walk(&t, 0, 0, &e), 0);
	expect(sw_entry_lock(&e, SW_GUEST),
	       SW_OPERAND_BUSY_HOST_PRIORITY | SW_OPND_RCX);
	check(rule("clear"));
	/* The tree's: guests do not take it, so look at the word. */
	check(rule("MEM.RANGE.BLOCK status=OPERAND_BUSY operand=SEPT_TREE "
		   "when=after locks=4 times=1"));
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr, 0, 0), BUSY_TREE);
	expect(sw_lock_wanted(&tdcs_of(&td)->tree_lock), 1);
	/* Whoever comes next of the hosts takes the marks away. */
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr, 0, 0), 0);
	expect(sw_lock_wanted(&tdcs_of(&td)->tree_lock), 0);
	expect(sw_entry_lock(&e, SW_GUEST), 0);
	sw_entry_unlock(&e);
	check(rule("clear"));
}

static void a_share_of_calls_fails_the_same_with_each_seed(void)
{
	unsigned int fails[2] = { 0 }, round, i;
	u64 bits[2] = { 0 };

	for (round = 0; round < 2; round++) {
		runnable_td();
		check(rule("TDH.MEM.TRACK rate=25% seed=7 status=RND_NO_ENTROPY"));
		for (i = 0; i < 400; i++) {
			bool bad = track() == SW_RND_NO_ENTROPY;

			fails[round] += bad;
			bits[round] = bits[round] * 31 + bad;
		}
	}
	expect(bits[0], bits[1]);
	check(fails[0] > 60 && fails[0] < 140);
	check(rule("clear"));
}

static void every_status_can_be_named_or_numbered(void)
{
	runnable_td();
	check(rule("MEM.TRACK status=PREVIOUS_TLB_EPOCH_BUSY times=2"));
	expect(track(), SW_PREVIOUS_TLB_EPOCH_BUSY);
	expect(track(), SW_PREVIOUS_TLB_EPOCH_BUSY);
	expect(track(), 0);
	check(rule("clear"));
	check(rule("MEM.TRACK status=0x8000020300000000 operand=169"));
	expect(track(), SW_RND_NO_ENTROPY | 169);
	check(rule("clear"));
	check(rule("MEM.TRACK status=OPERAND_BUSY_HOST_PRIORITY operand=TD_EPOCH"));
	expect(track(), SW_OPERAND_BUSY_HOST_PRIORITY | SW_OPND_TD_EPOCH);
	check(rule("clear"));
}

/* Fails behind 0, 1, 2... locks until the leaf needs no more of them. */
static unsigned int sweep(u64 leaf, u64 rcx, u64 rdx, u64 r8, u64 r9)
{
	unsigned int n;
	char line[SW_FAULT_LINE];
	u64 want = SW_RND_NO_ENTROPY | SW_OPND_R15;

	for (n = 0; n < 20; n++) {
		u64 children = tdr_of(&td)->chldcnt, got;

		snprintf(line, sizeof(line),
			 "%s status=RND_NO_ENTROPY operand=R15 when=after locks=%u",
			 sw_leaf_name(SW_STAT_SEAMCALL, leaf), n);
		check(rule(line));
		got = call(leaf, rcx, rdx, r8, r9);
		check(rule("clear"));
		if (got != want) {
			expect(got, 0);
			break;
		}
		/* Nothing changed and nothing is held. */
		expect(tdr_of(&td)->chldcnt, children);
		expect(tdcs_of(&td)->op_lock.word & ~2, 0);
		expect(tdcs_of(&td)->tree_lock.word & ~2, 0);
		expect(tdcs_of(&td)->epoch_lock.word & ~2, 0);
	}
	return n;
}

/* TDR on three levels, OP_STATE, tree, entry; then the new page on three. */
static void a_leaf_that_fails_behind_any_lock_undoes_all_of_them(void)
{
	u64 pa;

	runnable_td();
	expect(sweep(SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, new_page(), 0), 9);
	expect(sweep(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr, 0, 0), 6);
	expect(sweep(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 5);
	expect(sweep(SW_LEAF_MEM_PAGE_REMOVE, 0, td.tdr, 0, 0), 7);
	/* An AUG of 2 MiB promotes the lock of the 2 MiB entry. */
	expect(sweep(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(SW_SIZE_1G, 2), td.tdr,
		     new_page(), 0), 9);
	expect(sweep(SW_LEAF_MEM_PAGE_AUG, GPA_ARG(SW_SIZE_1G, 1), td.tdr,
		     new_huge(), 0), 9);
	pa = new_page();
	expect(sweep(SW_LEAF_MNG_CREATE, pa, 60, 0, 0), 4);
	expect(page_type(pa), SW_PT_TDR);
	expect(sweep(SW_LEAF_VP_FLUSH, vcpu.pages[0], 0, 0, 0), 4);
	expect(sweep(SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0), 4);
	expect(sweep(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), 2);
	expect(sweep(SW_LEAF_MNG_KEY_FREEID, td.tdr, 0, 0, 0), 4);
	expect(sweep(SW_LEAF_PHYMEM_PAGE_RECLAIM, vcpu.pages[0], 0, 0, 0), 4);
}

static void cache_wb_that_was_interrupted_can_be_resumed(void)
{
	runnable_td();
	expect(call(SW_LEAF_VP_FLUSH, vcpu.pages[0], 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0), 0);
	check(rule("PHYMEM.CACHE.WB nth=1 status=INTERRUPTED_RESUMABLE"));
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), SW_INTERRUPTED_RESUMABLE);
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 1, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_KEY_FREEID, td.tdr, 0, 0, 0), 0);
	check(rule("clear"));
}

static void a_held_lock_makes_busy_for_so_many_calls(void)
{
	runnable_td();
	check(rule("hold=SEPT_TREE mode=shared calls=2"));
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr, 0, 0), BUSY_TREE);
	expect(aug(0), 0);
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0, td.tdr, 0, 0), 0);
	check(rule("hold=OP_STATE calls=1"));
	expect(track(), SW_OPERAND_BUSY | SW_OPND_OP_STATE);
	check(rule("hold=TD_EPOCH calls=2"));
	expect(track(), SW_OPERAND_BUSY | SW_OPND_TD_EPOCH);
	expect(vcpu_enter(0, &vcpu), SW_OPERAND_BUSY | SW_OPND_TD_EPOCH);
	expect(track(), 0);
	expect(aug(0x5000), 0);
	check(rule("hold=ENTRY gpa=0x5000 calls=2"));
	expect(call(SW_LEAF_MEM_SEPT_RD, 0x5000, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	/* Whoever holds an entry also holds the tree. */
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0x5000, td.tdr, 0, 0), BUSY_TREE);
	expect(call(SW_LEAF_MEM_SEPT_RD, 0x5000, td.tdr, 0, 0), 0);
	check(rule("hold=KOT calls=1"));
	expect(call(SW_LEAF_MNG_CREATE, new_page(), 50, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_KOT);
	check(rule("hold=TDR calls=1"));
	expect(track(), SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(track(), 0);
	expect(sw_fault_armed, 0);
}

static void a_td_cannot_go_away_under_a_held_lock(void)
{
	runnable_td();
	call(SW_LEAF_VP_FLUSH, vcpu.pages[0], 0, 0, 0);
	check(rule("hold=SEPT_TREE calls=100"));
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	check(rule("clear"));
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0), 0);
}

static void disable_lets_go_of_everything(void)
{
	runnable_td();
	check(rule("hold=SEPT_TREE calls=100"));
	check(rule("MEM.TRACK status=OPERAND_BUSY"));
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), 0);
	expect(sw_fault_armed, 0);
	expect(tdcs_of(&td)->tree_lock.word, 0);
}

static u64 guest_status;

/* Each entry: one TDCALL at GPA 0, then the host's timer. */
static void guest_extends(struct sw_run *run)
{
	struct sw_regs *g = &run->vp->gpr;
	static bool done;

	done = !done;
	if (!done) {
		guest_status = g->rax;
		return;
	}
	sw_guest_write(run, SW_VM_GUEST_RIP, 0);
	sw_guest_write(run, SW_VM_GUEST_EFER, SW_EFER_LMA);
	sw_guest_write(run, SW_VM_GUEST_CS_AR, SW_AR_L);
	g->rax = 2;
	g->rcx = 0x40;
	g->rdx = 2;
	run->exit.reason = SW_XR_EXCEPTION;
	run->exit.intr_info = SW_INTR_VALID | SW_INTR_HW_EXCEPTION << 8 |
			      SW_VEC_UD;
}

static void guest_td(void)
{
	static const u8 tdcall[] = { 0x66, 0x0f, 0x01, 0xcc };
	u64 source = TDMR_BASE + 0x10000;

	module_ready();
	td_init(&td);
	td_vcpu(&td, &vcpu);
	td_tables(&td, 0, 0);
	memcpy(sw_va(source), tdcall, sizeof(tdcall));
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, new_page(), source), 0);
	td_finalize(&td);
	guest = guest_extends;
}

static void tdcalls_fail_too(void)
{
	u8 before[48];

	guest_td();
	check(rule("TDG.MR.RTMR.EXTEND nth=2 status=OPERAND_BUSY operand=RTMR"));
	expect(vcpu_enter(0, &vcpu), 1);
	expect(guest_status, 0);
	memcpy(before, tdcs_of(&td)->rtmr[2], 48);
	expect(vcpu_enter(0, &vcpu), 1);
	expect(guest_status, SW_OPERAND_BUSY | SW_OPND_RTMR);
	check(!memcmp(before, tdcs_of(&td)->rtmr[2], 48));
	check(rule("clear"));
	/* Behind no lock: the one that the leaf wants is refused. */
	check(rule("TDG.MR.RTMR.EXTEND status=0x8000020000000077 when=after locks=0"));
	expect(vcpu_enter(0, &vcpu), 1);
	expect(guest_status, SW_OPERAND_BUSY | 0x77);
	check(rule("clear"));
	check(rule("hold=RTMR calls=1"));
	expect(vcpu_enter(0, &vcpu), 1);
	expect(guest_status, SW_OPERAND_BUSY | SW_OPND_RTMR);
	check(!memcmp(before, tdcs_of(&td)->rtmr[2], 48));
	expect(vcpu_enter(0, &vcpu), 1);
	expect(guest_status, 0);
	check(memcmp(before, tdcs_of(&td)->rtmr[2], 48));
}

static void refused(const char *line, const char *reason)
{
	check(!rule(line));
	if (strcmp(why, reason)) {
		printf("# \"%s\" is refused with \"%s\"\n", line, why);
		ktap_failures++;
	}
	expect(sw_fault_armed, 0);
}

static void a_bad_line_is_refused_by_what_is_wrong(void)
{
	char longer[2 * SW_FAULT_LINE];

	module_ready();
	refused("", "nothing to do in: line");
	refused("MEM.PAGE.AUGH status=OPERAND_BUSY", "no such leaf: MEM.PAGE.AUGH");
	refused("MEM.PAGE.AUG", "status= is missing for: MEM.PAGE.AUG");
	refused("MEM.PAGE.AUG status=NOPE", "cannot use: status");
	refused("MEM.PAGE.AUG status", "cannot use: status");
	refused("MEM.TRACK status=OPERAND_BUSY nth=0", "cannot use: nth");
	refused("MEM.TRACK status=OPERAND_BUSY nth=x", "cannot use: nth");
	refused("MEM.TRACK status=OPERAND_BUSY nth=", "cannot use: nth");
	refused("MEM.TRACK status=OPERAND_BUSY nth=4294967296", "cannot use: nth");
	refused("MEM.TRACK status=0x10000000000000000", "cannot use: status");
	refused("MEM.TRACK status=OPERAND_BUSY rate=101%", "cannot use: rate");
	refused("MEM.TRACK status=OPERAND_BUSY rate=10", "cannot use: rate");
	refused("MEM.TRACK status=OPERAND_BUSY when=later", "cannot use: when");
	refused("MEM.TRACK status=OPERAND_BUSY operand=XYZ", "cannot use: operand");
	refused("MEM.TRACK status=OPERAND_BUSY why=1", "cannot use: why");
	refused("hold=DOOR calls=1", "no such lock: DOOR");
	refused("hold=KOT", "calls= is missing for hold: KOT");
	refused("hold=OP_STATE calls=1", "no TD to hold a lock of: OP_STATE");
	refused("hold=OP_STATE calls=1 td=0x40000000",
		"cannot be held: PAGE_METADATA_INCORRECT");
	refused("hold=ENTRY calls=1 level=4", "cannot use: level");
	refused("keep=KOT", "a leaf, hold= or clear, not: keep");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	refused(longer, "longer than a rule can be: line");
	check(rule("hold=KOT calls=1"));
	check(!rule("hold=KOT calls=1"));
	check(!strcmp(why, "cannot be held: OPERAND_BUSY"));
	check(rule("clear"));
}

static void reading_shows_what_is_armed_and_how_often_it_fired(void)
{
	char line[SW_FAULT_LINE];

	runnable_td();
	check(rule("MEM.TRACK nth=2 status=OPERAND_BUSY operand=TD_EPOCH"));
	check(rule("hold=KOT calls=7"));
	track();
	track();
	track();
	check(sw_fault_line(0, line, sizeof(line)));
	check(!strcmp(line, "TDH.MEM.TRACK status=OPERAND_BUSY operand=TD_EPOCH "
		      "nth=2 times=1: seen 3 fired 1"));
	check(sw_fault_line(SW_FAULT_RULES, line, sizeof(line)));
	check(!strcmp(line, "hold=KOT mode=excl: 4 calls left"));
	check(sw_fault_line(1, line, sizeof(line)) && !*line);
	check(!sw_fault_line(SW_FAULT_RULES + SW_FAULT_HOLDS, line, sizeof(line)));
	check(rule("clear"));
}

static void rules_and_holds_are_limited(void)
{
	unsigned int i;

	runnable_td();
	for (i = 0; i < SW_FAULT_RULES; i++)
		check(rule("MEM.TRACK status=OPERAND_BUSY nth=1000"));
	check(!rule("MEM.TRACK status=OPERAND_BUSY"));
	for (i = 0; i < SW_FAULT_HOLDS; i++)
		check(rule("hold=KOT calls=9 mode=shared"));
	check(!rule("hold=KOT calls=9 mode=shared"));
	check(rule("clear"));
	expect(sw_sys.kot_lock.word, 0);
}

/* What inspect.c says, in one string. */
static struct {
	struct sw_out out;
	char text[8192];
} said;

static void say_more(struct sw_out *out, const char *text)
{
	strncat(said.text, text, sizeof(said.text) - strlen(said.text) - 2);
	strcat(said.text, "\n");
}

static struct sw_out *fresh(void)
{
	said.out.line = say_more;
	said.text[0] = 0;
	return &said.out;
}

#define says(what) do {							\
	if (!strstr(said.text, what)) {					\
		printf("# %s:%d: no \"%s\" in:\n%s", __FILE__, __LINE__, \
		       what, said.text);				\
		ktap_failures++;					\
	}								\
} while (0)

static void a_td_can_be_looked_into(void)
{
	runnable_td();
	expect(sw_inspect_first_td(), td.tdr);
	vcpu_enter(0, &vcpu);
	check(rule("hold=SEPT_TREE mode=shared calls=100"));
	sw_inspect_show_td(fresh(), td.tdr);
	says("KEYS_CONFIGURED hkid 33 pages 15 tdcx 6");
	says("RUNNABLE vcpus 1 of 8, 1 associated");
	says("epoch 1 refcounts 0 0");
	says("lock TDR        S1\n");
	says("lock SEPT_TREE  S1\n");
	says("lock RTMR       free\n");
	says("READY cpu 0 epoch 1");
	check(rule("clear"));
	sw_inspect_show_td(fresh(), td.tdr + PAGE);
	says("is not a TDR");
}

static void an_sept_is_shown_by_range(void)
{
	u64 pa = 0;
	int i;

	runnable_td();
	for (i = 0; i < 4; i++) {
		u64 page = new_page();

		pa = i ? pa : page;
		expect(call(SW_LEAF_MEM_PAGE_AUG, 0x3000 + i * PAGE, td.tdr,
			    page, 0), 0);
	}
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0x6000, td.tdr, 0, 0), 0);
	sw_inspect_show_sept(fresh(), td.tdr);
	says("000000000000-008000000000 level 3 NL_MAPPED");
	says("000000000000-000000200000 level 1 NL_MAPPED");
	says("000000003000-000000006000 level 0 PENDING ");
	says("000000006000-000000007000 level 0 PENDING_BLOCKED");
	sw_inspect_show_page(fresh(), pa);
	says("4K 0x");
	says(" REG owner 0x");
	says("2M 0x42000000 NDA owner 0x0 bepoch 0 lock free");
	sw_inspect_show_page(fresh(), SW_USER_HOLE_BASE);
	says("is in no initialised TDMR");
	sw_inspect_show_sept(fresh(), 0);
	says("is not a TDR with an S-EPT");
}

static void what_cpus_do_is_shown(void)
{
	runnable_td();
	sw_inspect_show_sys(fresh());
	says("state READY cpus 2 calls 0 hkid 32");
	says("hkid 33 state 1");
	cpus[1].in_leaf = SW_LEAF_MEM_TRACK + 1;
	sw_inspect_show_cpu(fresh(), 1, &cpus[1]);
	says("cpu 1 in TDH.MEM.TRACK");
	cpus[1].in_leaf = 0;
	vcpu_enter(0, &vcpu);
	sw_inspect_show_cpu(fresh(), 0, &cpus[0]);
	says("cpu 0 out, last ran 0x");
}

/* Looking at a TD whose pages are gone must not follow what they say now. */
static void a_dying_td_can_be_looked_into(void)
{
	unsigned int i;

	runnable_td();
	td_free_key(&td, &vcpu);
	for (i = 0; i < SW_TDCS_PAGES_MIN; i++) {
		expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, td.tdcs[i], 0, 0, 0), 0);
		memset(sw_va(td.tdcs[i]), 0x5a, PAGE);
	}
	tdr_of(&td)->lifecycle = 77;
	tdr_of(&td)->tdcx_pa[1] = ~0ULL;
	sw_inspect_show_td(fresh(), td.tdr);
	says(" ? hkid");
	sw_inspect_show_sept(fresh(), td.tdr);
	says("is not a TDR with an S-EPT");
}

/* Machine check, NMI, an entry that failed: as from a guest that met them. */
static void an_exit_can_be_injected_in_place_of_the_guest(void)
{
	runnable_td();
	check(rule("VP.ENTER exit=0 intr=0x80000202"));
	expect(vcpu_enter(0, &vcpu), 0);
	expect(last.r9, 0x80000202);
	check(rule("clear"));
	check(rule("VP.ENTER exit=0x80000021 qual=3 nth=2"));
	expect(vcpu_enter(0, &vcpu), SW_XR_EXTERNAL_INTERRUPT);
	expect(vcpu_enter(0, &vcpu), SW_NON_RECOVERABLE_TD | 0x80000021);
	expect(last.rcx, 3);
	check(rule("clear"));

	runnable_td();
	check(rule("VP.ENTER exit=0 intr=0x80000312"));
	expect(vcpu_enter(0, &vcpu), SW_NON_RECOVERABLE_TD_NON_ACCESSIBLE);
	expect(last.r9, 0x80000312);
	expect(tdr_of(&td)->fatal, 1);
	check(rule("clear"));
}

static void a_status_of_vp_enter_can_carry_an_exit(void)
{
	char line[SW_FAULT_LINE];

	runnable_td();
	check(rule("VP.ENTER status=NON_RECOVERABLE_TD_NON_ACCESSIBLE exit=41 "
		   "intr=0x80000312 qual=5 times=1"));
	sw_fault_line(0, line, sizeof(line));
	check(strstr(line, "exit=0x29 intr=0x80000312 qual=0x5"));
	expect(vcpu_enter(0, &vcpu), SW_NON_RECOVERABLE_TD_NON_ACCESSIBLE | 41);
	expect(last.rcx, 5);
	expect(last.r9, 0x80000312);
	/* The answer alone: nothing happened to the TD. */
	expect(vcpu_enter(0, &vcpu), SW_XR_EXTERNAL_INTERRUPT);
	check(rule("clear"));
	check(!rule("MEM.TRACK exit=1"));
	check(!rule("VP.ENTER exit=1 when=after"));
	check(!rule("VP.ENTER status=OPERAND_BUSY intr=1"));
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(the_nth_call_fails_and_no_other),
		TEST(an_injected_busy_gives_the_host_priority),
		TEST(a_share_of_calls_fails_the_same_with_each_seed),
		TEST(every_status_can_be_named_or_numbered),
		TEST(a_leaf_that_fails_behind_any_lock_undoes_all_of_them),
		TEST(cache_wb_that_was_interrupted_can_be_resumed),
		TEST(a_held_lock_makes_busy_for_so_many_calls),
		TEST(a_td_cannot_go_away_under_a_held_lock),
		TEST(disable_lets_go_of_everything),
		TEST(tdcalls_fail_too),
		TEST(an_exit_can_be_injected_in_place_of_the_guest),
		TEST(a_status_of_vp_enter_can_carry_an_exit),
		TEST(a_bad_line_is_refused_by_what_is_wrong),
		TEST(reading_shows_what_is_armed_and_how_often_it_fired),
		TEST(rules_and_holds_are_limited),
		TEST(a_td_can_be_looked_into),
		TEST(an_sept_is_shown_by_range),
		TEST(what_cpus_do_is_shown),
		TEST(a_dying_td_can_be_looked_into),
	};

	return ktap_run(tests);
}
