// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who makes whom busy.  One leaf is stopped when it lets go of its first lock,
 * which is when it holds all of them, and another CPU tries a second leaf; the
 * answer has to be the one that follows from what the specification says each
 * of the two locks.  The linker puts stop_here() in front of the unlocks.
 */
#include "swmod_machine.h"
#include "guest/guest.h"

enum lock { NONE, S, X };

/* TDR, OP_STATE, S-EPT tree, its entry, TD epoch; and where the TDR goes. */
struct rule {
	u64 leaf;
	enum lock tdr, op, tree, entry, epoch;
	u8 tdr_operand;
};

#define L(name)	SW_LEAF_##name

static const struct rule rules[] = {
	{ L(MEM_SEPT_ADD),	S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_SEPT_REMOVE),	S, S, X, X, NONE, SW_OPND_RDX },
	{ L(MEM_SEPT_RD),	S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_PAGE_ADD),	X, NONE, NONE, NONE, NONE, SW_OPND_RDX },
	{ L(MEM_PAGE_AUG),	S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_PAGE_REMOVE),	S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_PAGE_PROMOTE),	S, S, X, X, NONE, SW_OPND_RDX },
	{ L(MEM_PAGE_DEMOTE),	S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_PAGE_RELOCATE),	S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_RANGE_BLOCK),	S, S, X, X, NONE, SW_OPND_RDX },
	{ L(MEM_RANGE_UNBLOCK),	S, S, X, X, NONE, SW_OPND_RDX },
	{ L(MEM_RD),		S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_WR),		S, S, S, X, NONE, SW_OPND_RDX },
	{ L(MEM_TRACK),		S, S, NONE, NONE, X, SW_OPND_RCX },
	{ L(MNG_RD),		S, S, NONE, NONE, NONE, SW_OPND_RCX },
	{ L(MNG_WR),		S, S, NONE, NONE, NONE, SW_OPND_RCX },
	{ L(MNG_KEY_CONFIG),	X, NONE, NONE, NONE, NONE, SW_OPND_RCX },
	{ L(MNG_ADDCX),		X, NONE, NONE, NONE, NONE, SW_OPND_RDX },
	{ L(MNG_INIT),		X, NONE, NONE, NONE, NONE, SW_OPND_RCX },
	{ L(MR_EXTEND),		X, NONE, NONE, NONE, NONE, SW_OPND_RDX },
	{ L(MR_FINALIZE),	X, NONE, NONE, NONE, NONE, SW_OPND_RCX },
	{ L(MNG_VPFLUSHDONE),	X, NONE, NONE, NONE, NONE, SW_OPND_RCX },
	{ L(MNG_KEY_FREEID),	X, NONE, NONE, NONE, NONE, SW_OPND_RCX },
	{ L(VP_CREATE),		S, S, NONE, NONE, NONE, SW_OPND_RDX },
};

static struct td td;
static struct vcpu vcpu;
static void (*at_unlock)(void);

void __real_sw_unlock(struct sw_sharex *lock, enum sw_mode mode);
void __real_sw_entry_unlock(struct sw_entry *e);
void __wrap_sw_unlock(struct sw_sharex *lock, enum sw_mode mode);
void __wrap_sw_entry_unlock(struct sw_entry *e);

static void stop_here(void)
{
	void (*fn)(void) = at_unlock;

	at_unlock = NULL;
	if (fn)
		fn();
}

void __wrap_sw_unlock(struct sw_sharex *lock, enum sw_mode mode)
{
	stop_here();
	__real_sw_unlock(lock, mode);
}

void __wrap_sw_entry_unlock(struct sw_entry *e)
{
	if (e->locked)
		stop_here();
	__real_sw_entry_unlock(e);
}

static bool clash(enum lock a, enum lock b)
{
	return a && b && (a == X || b == X);
}

/* The first lock that the second leaf cannot have, in the order it asks. */
static u64 predicted(const struct rule *a, const struct rule *b, bool same_entry)
{
	if (clash(a->tdr, b->tdr))
		return SW_OPERAND_BUSY | b->tdr_operand;
	if (clash(a->op, b->op))
		return SW_OPERAND_BUSY | SW_OPND_OP_STATE;
	if (clash(a->tree, b->tree))
		return SW_OPERAND_BUSY | SW_OPND_SEPT_TREE;
	if (same_entry && clash(a->entry, b->entry))
		return SW_OPERAND_BUSY | SW_OPND_RCX;
	if (clash(a->epoch, b->epoch))
		return SW_OPERAND_BUSY | SW_OPND_TD_EPOCH;
	return 0;
}

/* A level that every leaf takes; two entries of one table. */
static void operands(const struct rule *rule, u64 gpa, struct sw_regs *r)
{
	*r = (struct sw_regs){ .r8 = new_page(), .r9 = TDMR_BASE + 0x10000 };
	if (rule->tdr_operand == SW_OPND_RCX) {
		r->rcx = td.tdr;
		return;
	}
	r->rdx = td.tdr;
	r->rcx = gpa;
	switch (rule->leaf) {
	case L(MEM_PAGE_ADD):
	case L(MEM_PAGE_RELOCATE):
	case L(MR_EXTEND):
	case L(MEM_RD):
	case L(MEM_WR):
		break;
	case L(MNG_ADDCX):
	case L(VP_CREATE):
		r->rcx = new_page();
		break;
	default:
		r->rcx |= 1;
	}
}

/* These go down to a small page, the others to the entry of its table. */
static bool is_small(u64 leaf)
{
	return leaf == L(MEM_PAGE_RELOCATE) || leaf == L(MEM_RD) ||
	       leaf == L(MEM_WR);
}

static const struct rule *second;
static u64 second_gpa, answer;
static bool tried;

static void try_second(void)
{
	struct sw_regs r;

	operands(second, second_gpa, &r);
	tried = true;
	answer = seamcall_on(1, second->leaf, &r);
}

static bool meet(const struct rule *a, const struct rule *b, u64 gpa_b)
{
	bool same = !gpa_b, is_busy;
	struct sw_regs r;
	u64 want;

	if (is_small(a->leaf) != is_small(b->leaf))
		same = false;
	operands(a, 0, &r);
	second = b;
	second_gpa = gpa_b;
	tried = false;
	at_unlock = try_second;
	seamcall_on(0, a->leaf, &r);
	at_unlock = NULL;
	want = predicted(a, b, same);
	is_busy = (answer & SW_STATUS_MASK) == SW_OPERAND_BUSY;
	if (tried && (is_busy ? answer : 0) == want)
		return true;
	printf("# %s holds, %s %s entry: %#llx, predicted %#llx\n",
	       sw_leaf_name(SW_STAT_SEAMCALL, a->leaf),
	       sw_leaf_name(SW_STAT_SEAMCALL, b->leaf),
	       same ? "same" : "other", (unsigned long long)answer,
	       (unsigned long long)want);
	return false;
}

/* A debug TD that is being built, with tables for two times 2 MiB. */
static void td_for_pairs(void)
{
	u64 *params;

	module_ready();
	td_keyed(&td);
	params = td_params();
	params[0] |= SW_ATTR_DEBUG;
	expect(call(SW_LEAF_MNG_INIT, td.tdr, TDMR_BASE + 0xa000, 0, 0), 0);
	td_vcpu(&td, &vcpu);
	td_tables(&td, 0, 0);
	td_tables(&td, SW_SIZE_2M, 0);
}

/* The TD's pages and what the module knows of them, to start over with. */
#define SAVED	64

static struct {
	struct sw_sys sys;
	struct sw_pamt_entry small[SAVED], large[1];
	u8 page[SAVED * PAGE];
} saved;

static struct sw_pamt_entry *pamt(unsigned int level)
{
	u64 index = (td.tdr - TDMR_BASE) >> SW_LEVEL_SHIFT(level);

	return (struct sw_pamt_entry *)sw_va(sw_sys.tdmr[0].pamt[level]) + index;
}

static void save(void)
{
	saved.sys = sw_sys;
	memcpy(saved.small, pamt(0), sizeof(saved.small));
	memcpy(saved.large, pamt(1), sizeof(saved.large));
	memcpy(saved.page, sw_va(td.tdr), sizeof(saved.page));
}

static void restore(void)
{
	sw_sys = saved.sys;
	memcpy(pamt(0), saved.small, sizeof(saved.small));
	memcpy(pamt(1), saved.large, sizeof(saved.large));
	memcpy(sw_va(td.tdr), saved.page, sizeof(saved.page));
}

static void every_pair_of_leaves(void)
{
	unsigned int a, b, wrong = 0;

	td_for_pairs();
	check(new_page() < td.tdr + SAVED * PAGE);
	save();
	for (a = 0; a < SW_ARRAY_SIZE(rules); a++) {
		for (b = 0; b < SW_ARRAY_SIZE(rules); b++) {
			restore();
			wrong += !meet(&rules[a], &rules[b], 0);
			restore();
			wrong += !meet(&rules[a], &rules[b], SW_SIZE_2M);
		}
	}
	expect(wrong, 0);
}

/* The entry of the third 2 MiB, which has no table. */
#define LARGE_GPA	(2 * SW_SIZE_2M | 1)

/* Pages: an AUG of 2 MiB against anything small in the same 2 MiB. */
static u64 huge, small_status;

static void aug_small(void)
{
	struct sw_regs r = {
		.rcx = SW_SIZE_2M, .rdx = td.tdr, .r8 = huge + 5 * PAGE,
	};

	small_status = seamcall_on(1, SW_LEAF_MEM_PAGE_AUG, &r);
}

static void read_small(void)
{
	struct sw_regs r = { .rcx = huge + 5 * PAGE };

	small_status = seamcall_on(1, SW_LEAF_PHYMEM_PAGE_RDMD, &r);
}

static void aug_huge(void)
{
	struct sw_regs r = { .rcx = LARGE_GPA, .rdx = td.tdr, .r8 = huge };

	small_status = seamcall_on(1, SW_LEAF_MEM_PAGE_AUG, &r);
}

static void large_pages_collide_with_their_small_ones(void)
{
	td_for_pairs();
	huge = new_huge();
	at_unlock = aug_small;
	expect(call(SW_LEAF_MEM_PAGE_AUG, LARGE_GPA, td.tdr, huge, 0), 0);
	expect(small_status, SW_OPERAND_BUSY | SW_OPND_R8);
	td_tables(&td, SW_SIZE_1G, 1);
	huge = new_huge();
	at_unlock = read_small;
	expect(call(SW_LEAF_MEM_PAGE_AUG, SW_SIZE_1G | 1, td.tdr, huge, 0), 0);
	expect(small_status, SW_OPERAND_BUSY | SW_OPND_RCX);
	/* And the other way round: a small one keeps the large one away. */
	td_for_pairs();
	huge = new_huge();
	at_unlock = aug_huge;
	expect(call(SW_LEAF_MEM_PAGE_AUG, SW_SIZE_2M, td.tdr, huge + PAGE, 0), 0);
	expect(small_status, SW_OPERAND_BUSY | SW_OPND_R8);
}

static void a_page_named_twice_is_busy(void)
{
	td_for_pairs();
	expect(call(SW_LEAF_MEM_SEPT_ADD, LARGE_GPA, td.tdr, td.tdr, 0),
	       SW_OPERAND_BUSY | SW_OPND_R8);
	td_new(&td);
	expect(call(SW_LEAF_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_ADDCX, td.tdr, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	td_for_pairs();
	expect(call(SW_LEAF_VP_CREATE, td.tdr, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
}

/* What others get while the vCPU is in the guest. */
static u64 met[5];

static void host_meets_guest(struct sw_run *run)
{
	struct sw_regs r;

	/* TDR and TDVPR are shared until the TD exit, and nothing else. */
	r = (struct sw_regs){ .rcx = td.tdr };
	met[0] = seamcall_on(1, SW_LEAF_MNG_VPFLUSHDONE, &r);
	r = (struct sw_regs){ .rcx = vcpu.pages[0] };
	met[1] = seamcall_on(1, SW_LEAF_VP_FLUSH, &r);
	r = (struct sw_regs){ .rcx = 3, .rdx = td.tdr };
	met[2] = seamcall_on(1, SW_LEAF_MEM_RANGE_BLOCK, &r);
	r = (struct sw_regs){ .rcx = td.tdr };
	met[3] = seamcall_on(1, SW_LEAF_MEM_TRACK, &r);
	r = (struct sw_regs){ .rcx = vcpu.pages[0] };
	met[4] = seamcall_on(1, SW_LEAF_VP_ENTER, &r);
}

static void a_running_vcpu_holds_its_td(void)
{
	module_ready();
	td_build(&td, &vcpu);
	guest = host_meets_guest;
	expect(vcpu_enter(0, &vcpu), 1);
	expect(met[0], SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(met[1], SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(met[2], 0);
	expect(met[3], 0);
	expect(met[4], SW_VCPU_STATE_INCORRECT | SW_VCPU_ACTIVE);
}

/* The host's locks as a guest meets them. */
static u64 guest_status;

static void guest_accepts(struct sw_run *run)
{
	run->vp->gpr.rcx = 0;
	sw_tdg_mem_page_accept(run, &guest_status);
}

static void hosts_come_before_guests_at_an_entry(void)
{
	struct sw_td t;
	struct sw_entry e;

	module_ready();
	td_build(&td, &vcpu);
	expect(call(SW_LEAF_MEM_PAGE_AUG, 0, td.tdr, new_page(), 0), 0);
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	guest = guest_accepts;
	/* A guest that meets a host at it is busy, and leaves no mark. */
	expect(sw_sept_walk(&t, 0, 0, &e), 0);
	expect(sw_entry_lock(&e, SW_HOST), 0);
	vcpu_enter(0, &vcpu);
	expect(guest_status, SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(*e.p & SW_EPT_HP, 0);
	/* A host that meets a host leaves one. */
	expect(call(SW_LEAF_MEM_SEPT_RD, 0, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(!!(*e.p & SW_EPT_HP), 1);
	sw_entry_unlock(&e);
	/* Free, but promised: the guest waits until a host was there. */
	vcpu_enter(0, &vcpu);
	expect(guest_status, SW_OPERAND_BUSY_HOST_PRIORITY | SW_OPND_RCX);
	expect(call(SW_LEAF_MEM_SEPT_RD, 0, td.tdr, 0, 0), 0);
	vcpu_enter(0, &vcpu);
	expect(guest_status, 0);
	expect(entry_state(&td, 0, 0), 4);
}

static void track_and_enter_exclude_each_other(void)
{
	module_ready();
	td_build(&td, &vcpu);
	expect(sw_lock(&tdcs_of(&td)->epoch_lock, SW_SHARED, SW_HOST), 0);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_TD_EPOCH);
	sw_unlock(&tdcs_of(&td)->epoch_lock, SW_SHARED);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
	expect(sw_lock(&tdcs_of(&td)->epoch_lock, SW_EXCL, SW_HOST), 0);
	expect(vcpu_enter(0, &vcpu), SW_OPERAND_BUSY | SW_OPND_TD_EPOCH);
	sw_unlock(&tdcs_of(&td)->epoch_lock, SW_EXCL);
	expect(vcpu_enter(0, &vcpu), 1);
}

static struct sw_sharex lock;

static void a_lost_lock_promises_the_next_one_to_a_host(void)
{
	const u64 hp = SW_OPERAND_BUSY_HOST_PRIORITY, busy = SW_OPERAND_BUSY;

	lock.word = 0;
	expect(sw_lock(&lock, SW_EXCL, SW_GUEST), 0);
	expect(sw_lock(&lock, SW_SHARED, SW_GUEST), busy);
	expect(lock.word, 1);
	expect(sw_lock(&lock, SW_EXCL, SW_HOST), busy);
	expect(lock.word, 3);
	sw_unlock(&lock, SW_EXCL);
	expect(sw_lock(&lock, SW_EXCL, SW_GUEST), hp);
	expect(sw_lock(&lock, SW_SHARED, SW_GUEST), hp);
	expect(sw_lock(&lock, SW_EXCL, SW_HOST), 0);
	expect(lock.word, 1);
	sw_unlock(&lock, SW_EXCL);
	expect(lock.word, 0);
	expect(sw_lock(&lock, SW_SHARED, SW_HOST), 0);
	expect(sw_lock(&lock, SW_SHARED, SW_HOST), 0);
	expect(sw_promote(&lock), busy);
	expect(sw_lock(&lock, SW_SHARED, SW_HOST), 0);
	expect(lock.word, 3 << 2);
	sw_unlock(&lock, SW_SHARED);
	sw_unlock(&lock, SW_SHARED);
	expect(sw_promote(&lock), 0);
	expect(lock.word, 1);
	sw_unlock(&lock, SW_EXCL);
	expect(lock.word, 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(every_pair_of_leaves),
		TEST(large_pages_collide_with_their_small_ones),
		TEST(a_page_named_twice_is_busy),
		TEST(a_running_vcpu_holds_its_td),
		TEST(hosts_come_before_guests_at_an_entry),
		TEST(track_and_enter_exclude_each_other),
		TEST(a_lost_lock_promises_the_next_one_to_a_host),
	};

	return ktap_run(tests);
}
