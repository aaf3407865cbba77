// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences on two TDs, each step predicted by model.c:
 *
 *   predict [STEPS [SEED]]
 *
 * Compared are status and registers, the entry and the page of the step, one
 * random entry and page, and from time to time everything.  A third of the steps
 * is made with dynamic PAMT, another one in predict_life.c.
 */
#include <stdlib.h>

#include "guest/guest.h"
#include "model.h"
#include "predict.h"

#define POOL		(TDMR_BASE + 0x2000000)
#define HUGE		(TDMR_BASE + 0x4000000)
#define TAIL		40
/* A TD's own pages, and those that steps use. */
#define CONTROL		32
#define SMALL		96
#define EPISODE		50000
#define SWEEP		8192

static struct {
	const char *name;
	u64 rcx, rdx, r8, r12, r13, status;
	int depth;
} tail[TAIL];

u64 steps;
static u64 seed, state;
static int depth;
/* How often each kind of step worked: a test that only fails says little. */
static struct {
	const char *name;
	u64 good, bad;
} counts[64];

void count(const char *name, bool good)
{
	unsigned int i;

	for (i = 0; counts[i].name && strcmp(counts[i].name, name); i++)
		;
	counts[i].name = name;
	counts[i].good += good;
	counts[i].bad += !good;
}

__u64 m_page_address(unsigned int i)
{
	return i < 512 ? POOL + i * PAGE : HUGE + (i - 512) * PAGE;
}

int m_page_index(__u64 pa)
{
	if (pa >= POOL && pa < POOL + SW_SIZE_2M)
		return (pa - POOL) / PAGE;
	return 512 + (pa - HUGE) / PAGE;
}

u32 any(u32 n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % n;
}

void differ(const char *what, u64 have, u64 want)
{
	unsigned int i;

	printf("not ok 1 every_step_is_predicted\n");
	printf("# step %llu of seed %llu: %s is %#llx, predicted %#llx\n",
	       (unsigned long long)steps, (unsigned long long)seed, what,
	       (unsigned long long)have, (unsigned long long)want);
	for (i = 0; i < TAIL; i++) {
		unsigned int k = (steps + 1 + i) % TAIL;

		if (tail[k].name)
			printf("#   %s%s rcx %#llx rdx %#llx r8 %#llx r12 %#llx r13 %#llx -> %#llx\n",
			       tail[k].depth ? "  " : "", tail[k].name,
			       (unsigned long long)tail[k].rcx,
			       (unsigned long long)tail[k].rdx,
			       (unsigned long long)tail[k].r8,
			       (unsigned long long)tail[k].r12,
			       (unsigned long long)tail[k].r13,
			       (unsigned long long)tail[k].status);
	}
	exit(1);
}

#define SERVES	15

static void check_page(int i)
{
	static const struct m_page serves = { SERVES };
	u64 pa = m_page_address(i);
	struct sw_regs r = { .rcx = pa };
	const struct m_page *p = &m_large[i / 512];
	u64 level = 1;

	if (p->use == M_UNUSED && m_serves[i]) {
		p = &serves;
		level = 0;
	} else if (p->use == M_UNUSED && (!m_dynamic || m_pair[i / 512].there)) {
		p = &m_page[i];
		level = 0;
	}
	same("status of RDMD", seamcall_on(0, SW_LEAF_PHYMEM_PAGE_RDMD, &r), 0);
	same("type of page", r.rcx, p->use);
	same("owner of page", r.rdx, p->owner);
	same("size of page", r.r8, level);
	same("blocking epoch of page", r.r9, p->epoch);
}

static void check_entry(struct m_td *td, u64 arg)
{
	struct sw_regs r = { .rcx = arg, .rdx = td->id };
	struct m_answer want = m_read(td, arg);

	same("status of SEPT.RD", seamcall_on(0, SW_LEAF_MEM_SEPT_RD, &r),
	     want.status);
	if (!want.regs)
		return;
	same("entry", r.rcx, want.rcx);
	same("level and state", r.rdx, want.rdx);
}

static u64 random_gpa(int level)
{
	static const u16 favourites[] = { 0, 1, 2, 511 };
	u64 gpa = 0;

	/* Mostly one corner, so that steps meet. */
	if (!any(8))
		gpa |= (u64)any(M_TOP) << 39;
	if (!any(4))
		gpa |= (u64)any(M_FAN3) << 30;
	if (level <= 1)
		gpa |= (u64)any(any(2) ? 2 : M_FAN2) << 21;
	if (!level)
		gpa |= (u64)(any(8) ? favourites[any(4)] : any(512)) << 12;
	return gpa & ~(SW_LEVEL_SIZE(level) - 1);
}

static u64 random_arg(void)
{
	static const u8 levels[] = { 0, 0, 0, 0, 1, 1, 1, 2, 3 };
	int level = levels[any(sizeof(levels))];
	u64 arg = random_gpa(level) | level;

	if (any(64))
		return arg;
	switch (any(4)) {
	case 0:
		return arg ^ 1;
	case 1:
		return arg | 1ULL << (3 + any(9));
	case 2:
		return arg | 1ULL << (47 + any(17));
	default:
		return arg ^ PAGE;
	}
}

static u64 random_page(void)
{
	switch (any(16)) {
	case 0:
		return m_page_address(any(CONTROL));
	case 1:
		/* Out of a large page, which then is none for a while. */
		if (!any(32))
			return m_page_address(512 + any(3 * 512));
		return HUGE + any(3) * SW_SIZE_2M;
	default:
		return m_page_address(CONTROL + any(SMALL));
	}
}

/* A page that nobody has, if there is one among a few. */
static u64 free_page(void)
{
	u64 page = random_page();
	int i;

	for (i = 0; i < 32; i++) {
		int n = m_page_index(page);

		if (n < 512 && m_page[n].use == M_UNUSED && !m_serves[n] &&
		    m_large[n / 512].use == M_UNUSED)
			break;
		page = random_page();
	}
	return page;
}

/* Mostly two that can do it; now and then neighbours, or any. */
static void random_pair(u64 *pair)
{
	pair[0] = any(4) ? free_page() : random_page();
	pair[1] = any(4) ? free_page() : pair[0] ^ PAGE;
}

u64 predicted_call(unsigned int cpu, const char *name, u64 leaf,
		   struct sw_regs *r, u64 want)
{
	u64 status;

	tail[steps % TAIL] = (typeof(tail[0])) {
		name, r->rcx, r->rdx, r->r8, r->r12, r->r13, 0, depth,
	};
	status = seamcall_on(cpu, leaf, r);
	tail[steps % TAIL].status = status;
	same("status", status, want);
	return status;
}

static void compare(const char *name, struct sw_regs *r, u64 leaf,
		    struct m_answer want)
{
	u64 status = predicted_call(1, name, leaf, r, want.status);

	if (want.regs) {
		same("rcx", r->rcx, want.rcx);
		same("rdx", r->rdx, want.rdx);
	}
	if (want.pair) {
		bool promote = leaf == SW_LEAF_MEM_PAGE_PROMOTE;

		same("first of pair", promote ? r->r12 : r->rdx, want.page[0]);
		same("second of pair", promote ? r->r13 : r->r8, want.page[1]);
	}
	count(name, !(status >> 63));
	steps++;
}

#define STEP(op, leaf, ...) do {					\
	r.rdx = td->id;							\
	compare(#op, &r, SW_LEAF_##leaf, m_##op(td, ##__VA_ARGS__));	\
} while (0)

/* What dynamic PAMT adds: metadata for a block, which nobody needs for long. */
static void step_on_block(void)
{
	u64 pair[2], arg = m_page_address((1 + any(M_BLOCKS - 1)) * 512) | 1;
	struct sw_regs r = { .rcx = arg };

	if (!any(32))
		arg = any(2) ? m_page_address(0) | 1 : arg + (any(2) ? 1 : PAGE);
	r.rcx = arg;
	random_pair(pair);
	if (any(2)) {
		r.rdx = pair[0];
		r.r8 = pair[1];
		compare("pamt_add", &r, SW_LEAF_PHYMEM_PAMT_ADD,
			m_pamt_add(arg, pair));
	} else {
		compare("pamt_remove", &r, SW_LEAF_PHYMEM_PAMT_REMOVE,
			m_pamt_remove(arg));
	}
}

static void step_on(struct m_td *td, u32 op, u64 arg, u64 page)
{
	struct sw_regs r = { .rcx = arg, .r8 = page };
	u64 pair[2];

	switch (op) {
	case 0:
		STEP(sept_add, MEM_SEPT_ADD, arg, page);
		break;
	case 1:
		STEP(sept_remove, MEM_SEPT_REMOVE, arg);
		break;
	case 2:
		r.r9 = TDMR_BASE + 0x10000;
		STEP(add, MEM_PAGE_ADD, arg, page);
		break;
	case 3:
		if ((arg & 7) == 1 && any(8))
			r.r8 = page = HUGE + any(3) * SW_SIZE_2M;
		STEP(aug, MEM_PAGE_AUG, arg, page);
		break;
	case 4:
		STEP(remove, MEM_PAGE_REMOVE, arg);
		break;
	case 5:
		STEP(block, MEM_RANGE_BLOCK, arg);
		break;
	case 6:
		STEP(unblock, MEM_RANGE_UNBLOCK, arg);
		break;
	case 7:
		random_pair(pair);
		r.r12 = pair[0];
		r.r13 = pair[1];
		sw_user.irq_pending = !any(4);
		STEP(demote, MEM_PAGE_DEMOTE, arg, page, pair,
		     sw_user.irq_pending);
		sw_user.irq_pending = false;
		break;
	case 8:
		sw_user.irq_pending = !any(4);
		STEP(promote, MEM_PAGE_PROMOTE, arg, sw_user.irq_pending);
		sw_user.irq_pending = false;
		break;
	case 9:
		STEP(relocate, MEM_PAGE_RELOCATE, arg, page);
		break;
	case 10:
		r.rcx = td->id;
		compare("track", &r, SW_LEAF_MEM_TRACK, m_track(td));
		break;
	case 11:
		r.rcx = page;
		compare("reclaim", &r, SW_LEAF_PHYMEM_PAGE_RECLAIM,
			m_reclaim(page));
		break;
	}
}

/* What could work at an entry in this state. */
static u32 sensible(const struct m_td *td, const struct m_entry *e, int level)
{
	static const u8 blocked[] = { 4, 4, 6, 7, 9, 10 };
	static const u8 table_blocked[] = { 6, 6, 6, 8, 8, 1, 10 };

	switch (e->state) {
	case M_FREE:
		if (level > 1 || (level && any(2)))
			return 0;
		return td->runs || any(2) || level ? 3 : 2;
	case M_TABLE:
		if (level == 1 && (!e->below || e->below == 512))
			return 5;
		return any(level == 1 ? 16 : 256) ? 11 : 5;
	case M_TABLE_BLOCKED:
		if (level == 1 && !e->below)
			return any(2) ? 1 : 10;
		if (level == 1 && e->below == 512)
			return any(2) ? 8 : 10;
		return table_blocked[any(sizeof(table_blocked))];
	case M_MAPPED:
	case M_PENDING:
		return any(4) || td->runs ? 5 : blocked[any(sizeof(blocked))];
	default:
		return blocked[any(sizeof(blocked))];
	}
}

/* Go where the way down ends, and do something that gets further. */
static void helpful_step(struct m_td *td)
{
	u64 arg = random_arg(), gpa = arg & SW_EPT_PFN;
	int level = arg & 7, l;
	struct m_entry *e = NULL;
	u32 op;

	if (level > 3 || gpa >= SW_SHARED_BIT)
		return;
	for (l = 3; l >= level; l--) {
		e = m_entry(td, gpa, l);
		if (e->state != M_TABLE)
			break;
	}
	if (l < level)
		l = level;
	op = sensible(td, e, l);
	if (op == 3 && l == 1)
		step_on(td, 3, (gpa & ~(SW_SIZE_2M - 1)) | 1,
			HUGE + any(3) * SW_SIZE_2M);
	else
		step_on(td, op, (gpa & ~(SW_LEVEL_SIZE(l) - 1)) | l, free_page());
	check_entry(td, (gpa & ~(SW_LEVEL_SIZE(l) - 1)) | l);
}

static void step(void)
{
	/* Additions more often than what undoes them. */
	static const u8 ops[] = {
		0, 0, 0, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 7, 7, 8, 9, 10, 10, 11, 1,
		12, 12, 12,
	};
	static const u8 follow[] = { 4, 6, 7, 8, 9, 1 };
	struct m_td *td = &m_td[any(M_TDS)];
	u64 arg = random_arg(), page = random_page();
	u32 op = ops[any(sizeof(ops))];

	if (m_dynamic && !any(16)) {
		step_on_block();
		return;
	}
	if (any(4)) {
		helpful_step(td);
		return;
	}
	if (op < 12) {
		step_on(td, op, arg, page);
	} else {
		/* As hosts do it. */
		step_on(td, 5, arg, page);
		step_on(td, 10, arg, page);
		step_on(td, follow[any(sizeof(follow))], arg, page);
	}
	check_entry(td, arg);
	check_entry(td, random_arg());
	check_page(m_page_index(page));
	check_page(any(M_PAGES));
}

static struct m_td *running;

static void accept(struct sw_run *run)
{
	int level = any(3) == 0, tries;
	u64 gpa = random_gpa(level), status = 0, want;
	bool irq = !any(4);

	for (tries = any(16); tries; tries--) {
		if (m_entry(running, gpa, level)->state == M_PENDING)
			break;
		gpa = random_gpa(level);
	}
	sw_user.irq_pending = irq;
	want = m_accept(running, gpa, level, irq);
	tail[steps % TAIL] = (typeof(tail[0])) {
		"accept", gpa | level, running->id, irq, 0, 0, 0, depth,
	};
	run->vp->gpr.rcx = gpa | level;
	if (sw_tdg_mem_page_accept(run, &status) != SW_CALL_DONE)
		status = ~0ULL;
	sw_user.irq_pending = false;
	tail[steps % TAIL].status = status;
	same("status of ACCEPT", status, want);
	count(level ? "accept 2M" : "accept", !status);
	steps++;
}

/* While the vCPU runs, another CPU goes on. */
static void in_guest(struct sw_run *run)
{
	unsigned int n = any(24);

	depth = 1;
	while (n--) {
		if (any(2))
			step();
		else
			accept(run);
	}
	depth = 0;
	/* Whatever a TDCALL wanted to say, the timer comes first. */
	memset(&run->exit, 0, sizeof(run->exit));
	run->exit.reason = SW_XR_EXTERNAL_INTERRUPT;
}

static void enter(void)
{
	struct m_td *td = &m_td[any(M_TDS)];
	struct sw_regs r = { .rcx = td->vcpu };
	u64 epoch = td->epoch, status;

	if (!td->runs) {
		status = seamcall_on(0, SW_LEAF_VP_ENTER, &r);
		same("VP.ENTER too early", status, SW_OP_STATE_INCORRECT | 1);
		return;
	}
	running = td;
	td->inside = true;
	td->in[epoch % 2]++;
	status = seamcall_on(0, SW_LEAF_VP_ENTER, &r);
	td->in[epoch % 2]--;
	td->inside = false;
	running = NULL;
	same("VP.ENTER", status, SW_XR_EXTERNAL_INTERRUPT);
}

static void must(u64 leaf, u64 rcx, u64 rdx, u64 r8)
{
	same(sw_leaf_name(SW_STAT_SEAMCALL, leaf & 0xff),
	     call(leaf, rcx, rdx, r8, 0), 0);
}

static void use(u64 pa, enum m_use what, u64 owner)
{
	m_page[m_page_index(pa)] = (struct m_page){ what, owner, 0 };
	m_pair[m_page_index(pa) / 512].used++;
}

static void build(unsigned int n)
{
	struct m_td *td = &m_td[n];
	u64 page = m_page_address(n * CONTROL / 2);
	unsigned int i;

	memset(td, 0, sizeof(*td));
	td->id = page;
	td->epoch = 1;
	must(SW_LEAF_MNG_CREATE, page, 33 + n, 0);
	use(page, M_ROOT, 0);
	must(SW_LEAF_MNG_KEY_CONFIG, td->id, 0, 0);
	for (i = 0; i < SW_TDCS_PAGES_MIN; i++) {
		page += PAGE;
		must(SW_LEAF_MNG_ADDCX, page, td->id, 0);
		use(page, M_CONTROL, td->id);
	}
	td_params();
	must(SW_LEAF_MNG_INIT, td->id, TDMR_BASE + 0xa000, 0);
	page += PAGE;
	td->vcpu = page;
	must(SW_LEAF_VP_CREATE, page, td->id, 0);
	use(page, M_VCPU, td->id);
	for (i = 1; i < SW_TDVPS_PAGES; i++) {
		page += PAGE;
		must(SW_LEAF_VP_ADDCX, page, td->vcpu, 0);
		use(page, M_CONTROL, td->id);
	}
	must(SW_LEAF_VP_INIT, td->vcpu, 0, 0);
}

/* The first TD is finalized early, the second one later or never. */
static void finalize(struct m_td *td)
{
	if (td->runs)
		return;
	must(SW_LEAF_MR_FINALIZE, td->id, 0, 0);
	td->runs = true;
}

static void sweep(void)
{
	unsigned int t, n;
	int level;
	u64 gpa;

	for (t = 0; t < M_PAGES; t++)
		check_page(t);
	for (t = 0; t < M_TDS; t++) {
		for (level = 3; level >= 0; level--) {
			for (n = 0; n < M_MAX >> (level ? 9 : 0); n++) {
				gpa = (u64)(n % (level ? 1 : 512)) << 12;
				gpa |= (u64)(n / (level ? 1 : 512) % 4) << 21;
				gpa |= (u64)(n / (level ? 4 : 2048) % 2) << 30;
				gpa |= (u64)(n / (level ? 8 : 4096) % 2) << 39;
				gpa &= ~(SW_LEVEL_SIZE(level) - 1);
				check_entry(&m_td[t], gpa | level);
			}
		}
	}
}

/* What blocks have as metadata comes back, too, and in any order. */
static void free_blocks(void)
{
	unsigned int i;

	for (i = 1; i < M_BLOCKS; i++) {
		if (!m_pair[i].there)
			continue;
		must(SW_LEAF_PHYMEM_PAMT_REMOVE, m_page_address(i * 512) | 1, 0, 0);
		same("first page back", last.rdx, m_pair[i].page[0]);
		same("second page back", last.r8, m_pair[i].page[1]);
	}
	m_reset(m_dynamic);
}

/* Everything comes back, and says what it was. */
static void tear_down(void)
{
	unsigned int i;

	for (i = 0; i < M_TDS; i++) {
		must(SW_LEAF_VP_FLUSH, m_td[i].vcpu, 0, 0);
		must(SW_LEAF_MNG_VPFLUSHDONE, m_td[i].id, 0, 0);
		must(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0);
		must(SW_LEAF_MNG_KEY_FREEID, m_td[i].id, 0, 0);
	}
	for (i = 0; i < M_PAGES; i++) {
		struct m_page *p = &m_large[i / 512];

		if (p->use == M_UNUSED)
			p = &m_page[i];
		if (p->use == M_UNUSED || p->use == M_ROOT)
			continue;
		must(SW_LEAF_PHYMEM_PAGE_RECLAIM, m_page_address(i), 0, 0);
		same("reclaimed type", last.rcx, p->use);
		same("reclaimed owner", last.rdx, p->owner);
		same("reclaimed size", last.r8, p != &m_page[i]);
		*p = (struct m_page){ 0 };
	}
	for (i = 0; i < M_TDS; i++) {
		must(SW_LEAF_PHYMEM_PAGE_RECLAIM, m_td[i].id, 0, 0);
		m_page[m_page_index(m_td[i].id)] = (struct m_page){ 0 };
	}
	free_blocks();
	for (i = 0; i < M_PAGES; i++)
		check_page(i);
}

static void episode(u64 until)
{
	u64 from = steps, swept = steps;
	u32 late = any(EPISODE);

	build(0);
	build(1);
	while (steps < until && steps - from < EPISODE) {
		if (steps - from > 200)
			finalize(&m_td[0]);
		if (steps - from > late)
			finalize(&m_td[1]);
		if (any(4))
			step();
		else
			enter();
		if (steps - swept < SWEEP)
			continue;
		swept = steps;
		sweep();
	}
	sweep();
	tear_down();
}

static void run(bool dynamic, u64 until)
{
	dynamic_pamt = dynamic;
	m_reset(dynamic);
	script_reset();
	module_ready();
	guest = in_guest;
	while (steps < until)
		episode(until);
}

int main(int argc, char **argv)
{
	unsigned int i;
	u64 total = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	state = seed;
	printf("KTAP version 1\n1..1\n");
	run(false, total / 3);
	run(true, total / 3 * 2);
	predict_life(total);
	printf("# %llu steps of seed %llu\n", (unsigned long long)steps,
	       (unsigned long long)seed);
	for (i = 0; counts[i].name; i++)
		printf("# %12llu of %10llu %s\n",
		       (unsigned long long)counts[i].good,
		       (unsigned long long)(counts[i].good + counts[i].bad),
		       counts[i].name);
	printf("ok 1 every_step_is_predicted\n");
	return 0;
}
