// SPDX-License-Identifier: GPL-2.0-only
/*
 * See model_life.h.  Numbers are those of the specification, written down a
 * second time on purpose.
 */
#include <string.h>

#include "model_life.h"

#define RCX		1
#define RDX		2
#define R8		8
#define INVALID		0xc000010000000000ULL
#define BUSY		0x8000020000000000ULL
#define NO_ENTROPY	0x8000020300000000ULL
#define WRONG_PAGE	0xc000030000000000ULL
#define HAS_PAGES	0xc000040000000000ULL
#define NO_TDCS		0xc000060600000000ULL
#define WRONG_LIFE	0xc000060700000000ULL
#define WRONG_OP_STATE	0xc000060800000000ULL
#define NO_VCPUS	0xc000060900000000ULL
#define WRONG_NUMBER	0xc000061000000000ULL
#define ID_TAKEN	0xc000062100000000ULL
#define WRONG_VCPU	0xc000070000000000ULL
#define ELSEWHERE	0x8000070100000000ULL
#define NOT_HERE	0x8000070200000000ULL
#define TOO_MANY	0xc000070500000000ULL
#define NOT_WRITTEN	0xc000073000000000ULL
#define NO_KEYS		0x8000081000000000ULL
#define HAS_KEY		0x0000081500000000ULL
#define NOT_FLUSHED	0x8000082400000000ULL
#define KEY_TAKEN	0xc000082000000000ULL
#define NOTHING_TO_DO	0x0000082100000000ULL
#define WB_OWED		0x8000081700000000ULL
#define NO_RESUME	0xc000082300000000ULL
#define INTERRUPT_EXIT	1

enum use { UNUSED = 0, ROOT = 4, CONTROL = 5, VCPU = 6 };
enum life { ASSIGNED, CONFIGURED, BLOCKED, TEARDOWN };
enum op { UNINITIALIZED, INITIALIZED, RUNNABLE };
enum vcpu_state { NEW = 0, READY = 2 };

#define TDCS_MIN	6
#define TDCS_MAX	9
#define TDVPS_MIN	6
#define TDVPS_MAX	15
#define ALL_PKGS	((1u << L_PKGS) - 1)

/* What a page has become; a TDR's and a TDVPR's fields are its own. */
static struct page {
	enum use use;
	unsigned int tdr;		/* the owner's page */
	/* of a TDR */
	enum life life;
	enum op op;
	int key;
	unsigned int pkgs, nr_cx, children, nr_vcpus, nr_assoc;
	__u64 ids[L_MAX_VCPUS];
	/* of a TDVPR */
	enum vcpu_state state;
	unsigned int nr_pages;
	int cpu;
	bool vector, descriptor;
} page[L_PAGES];

static struct key {
	bool taken, flushed;
	unsigned int owed;
} key[L_KEYS];

void l_reset(void)
{
	memset(page, 0, sizeof(page));
	memset(key, 0, sizeof(key));
}

unsigned int l_use(unsigned int n)
{
	return page[n].use;
}

__u64 l_owner(unsigned int n)
{
	return page[n].use == CONTROL || page[n].use == VCPU ?
	       l_page_address(page[n].tdr) : 0;
}

static unsigned int nth(enum use use, unsigned int n)
{
	unsigned int i, found = 0;

	for (i = 0; i < L_PAGES; i++) {
		if (page[i].use == use && found++ == n)
			return i;
	}
	return n;
}

unsigned int l_tdr(unsigned int n)
{
	return nth(ROOT, n);
}

unsigned int l_vcpu(unsigned int n)
{
	return nth(VCPU, n);
}

static struct l_answer say(__u64 status)
{
	return (struct l_answer){ .status = status };
}

static struct l_answer say_regs(__u64 status, __u64 rcx, __u64 rdx, __u64 r8)
{
	return (struct l_answer){ status, true, rcx, rdx, r8 };
}

static __u64 is(unsigned int n, enum use use, __u64 operand)
{
	return page[n].use == use ? 0 : WRONG_PAGE | operand;
}

static void become(unsigned int n, enum use use, unsigned int tdr)
{
	page[n] = (struct page){ .use = use, .tdr = tdr, .cpu = -1 };
	if (use != ROOT)
		page[tdr].children++;
}

/* A TD whose control structure can be used, in one of the states of @ops. */
static __u64 td_check(unsigned int tdr, unsigned int ops)
{
	struct page *p = &page[tdr];

	if (p->life != CONFIGURED)
		return NO_KEYS;
	if (p->nr_cx < TDCS_MIN)
		return NO_TDCS;
	return ops & 1u << p->op ? 0 : WRONG_OP_STATE | p->op;
}

#define UNINIT		(1u << UNINITIALIZED)
#define INIT		(1u << INITIALIZED)
#define RUN		(1u << RUNNABLE)

bool l_counts(unsigned int tdr, __u64 *vcpus, __u64 *assoc, __u64 *children)
{
	*vcpus = page[tdr].nr_vcpus;
	*assoc = page[tdr].nr_assoc;
	*children = page[tdr].children;
	return page[tdr].use == ROOT && !td_check(tdr, INIT | RUN);
}

struct l_answer l_create(struct l_cpu cpu, unsigned int n, __u64 off, int k)
{
	__u64 no;

	if (k < L_KEY_MODULE || k >= L_KEYS)
		return say(INVALID | RDX);
	if (off)
		return say(INVALID | RCX);
	no = is(n, UNUSED, RCX);
	if (!no && (k == L_KEY_MODULE || key[k].taken))
		no = KEY_TAKEN;
	if (!no && cpu.no_entropy)
		no = NO_ENTROPY;
	if (no)
		return say(no);
	become(n, ROOT, n);
	page[n].key = k;
	key[k] = (struct key){ .taken = true };
	return say(0);
}

struct l_answer l_key_config(struct l_cpu cpu, unsigned int tdr)
{
	__u64 no = is(tdr, ROOT, RCX);
	struct page *p = &page[tdr];

	if (!no && p->life != ASSIGNED)
		no = WRONG_LIFE;
	if (!no && (p->pkgs & 1u << cpu.pkg))
		no = HAS_KEY;
	if (no)
		return say(no);
	p->pkgs |= 1u << cpu.pkg;
	if (p->pkgs == ALL_PKGS)
		p->life = CONFIGURED;
	return say(0);
}

struct l_answer l_addcx(struct l_cpu cpu, unsigned int n, unsigned int tdr)
{
	__u64 no = is(tdr, ROOT, RDX);
	struct page *p = &page[tdr];

	if (!no && p->life != CONFIGURED)
		no = NO_KEYS;
	if (!no && p->nr_cx >= TDCS_MAX)
		no = WRONG_NUMBER;
	if (!no && n == tdr)
		no = BUSY | RCX;
	if (!no)
		no = is(n, UNUSED, RCX);
	if (!no && p->op != UNINITIALIZED)
		no = WRONG_OP_STATE | p->op;
	if (!no && p->nr_cx + 1 == TDCS_MIN && cpu.no_entropy)
		no = NO_ENTROPY;
	if (no)
		return say(no);
	become(n, CONTROL, tdr);
	p->nr_cx++;
	return say(0);
}

struct l_answer l_init(unsigned int tdr)
{
	__u64 no = is(tdr, ROOT, RCX);

	if (!no)
		no = td_check(tdr, UNINIT);
	if (!no)
		page[tdr].op = INITIALIZED;
	return say_regs(no, 0, ~0ULL, ~0ULL);
}

struct l_answer l_vp_create(unsigned int n, unsigned int tdr)
{
	__u64 no = is(tdr, ROOT, RDX);

	if (!no)
		no = td_check(tdr, INIT);
	if (!no && n == tdr)
		no = BUSY | RCX;
	if (!no)
		no = is(n, UNUSED, RCX);
	if (no)
		return say(no);
	become(n, VCPU, tdr);
	page[n].nr_pages = 1;
	return say(0);
}

/* A vCPU, and its TD in one of these states. */
static __u64 vp_check(unsigned int vp, __u64 operand, unsigned int ops)
{
	__u64 no = is(vp, VCPU, operand);

	return no ? no : td_check(page[vp].tdr, ops);
}

struct l_answer l_vp_addcx(unsigned int n, unsigned int vp)
{
	__u64 no = vp_check(vp, RDX, INIT);

	if (!no && page[vp].state != NEW)
		no = WRONG_VCPU | page[vp].state;
	if (!no && page[vp].nr_pages >= TDVPS_MAX)
		no = WRONG_NUMBER;
	if (!no && (n == vp || n == page[vp].tdr))
		no = BUSY | RCX;
	if (!no)
		no = is(n, UNUSED, RCX);
	if (no)
		return say(no);
	become(n, CONTROL, page[vp].tdr);
	page[vp].nr_pages++;
	return say(0);
}

struct l_answer l_vp_init(unsigned int vp, __u64 id, struct l_cpu cpu)
{
	__u64 no = vp_check(vp, RCX, INIT);
	struct page *v = &page[vp], *p = &page[v->tdr];
	unsigned int i;

	if (!no && v->nr_pages < TDVPS_MIN)
		no = WRONG_NUMBER;
	if (!no && v->state != NEW)
		no = WRONG_VCPU | v->state;
	if (!no && p->nr_vcpus >= L_MAX_VCPUS)
		no = TOO_MANY;
	if (!no && id != ~0ULL && id >> 32)
		no = INVALID | R8;
	for (i = 0; !no && id != ~0ULL && i < p->nr_vcpus; i++) {
		if (p->ids[i] == id)
			no = ID_TAKEN | id;
	}
	if (no)
		return say(no);
	/* Who has no id is as good as number 0. */
	p->ids[p->nr_vcpus++] = id == ~0ULL ? 0 : id;
	p->nr_assoc++;
	v->cpu = cpu.lpid;
	v->state = READY;
	return say(0);
}

struct l_answer l_finalize(unsigned int tdr)
{
	__u64 no = is(tdr, ROOT, RCX);

	if (!no)
		no = td_check(tdr, INIT);
	if (!no && !page[tdr].nr_vcpus)
		no = NO_VCPUS;
	if (!no)
		page[tdr].op = RUNNABLE;
	return say(no);
}

/* A vCPU that is ready comes to this CPU, if it is nowhere else. */
static __u64 associate(struct l_cpu cpu, unsigned int vp)
{
	struct page *v = &page[vp];

	if (v->nr_pages < TDVPS_MIN)
		return WRONG_NUMBER;
	if (v->state != READY)
		return WRONG_VCPU | v->state;
	if (v->cpu >= 0)
		return v->cpu == (int)cpu.lpid ? 0 : ELSEWHERE;
	v->cpu = cpu.lpid;
	page[v->tdr].nr_assoc++;
	return 0;
}

struct l_answer l_vp_enter(struct l_cpu cpu, unsigned int vp)
{
	__u64 no = vp_check(vp, RCX, RUN);

	if (!no)
		no = associate(cpu, vp);
	return say(no ? no : INTERRUPT_EXIT);
}

struct l_answer l_vp_rd(struct l_cpu cpu, unsigned int vp)
{
	__u64 no = vp_check(vp, RCX, INIT | RUN);

	if (!no)
		no = associate(cpu, vp);
	return say(no);
}

struct l_answer l_vp_wr(struct l_cpu cpu, unsigned int vp, unsigned int what)
{
	__u64 no = l_vp_rd(cpu, vp).status;
	struct page *v = &page[vp];

	if (no)
		return say(no);
	if (what == 2 && !v->vector)
		return say(NOT_WRITTEN | 0x0002);
	if (what == 2 && !v->descriptor)
		return say(NOT_WRITTEN | 0x2016);
	v->vector |= what == 0;
	v->descriptor |= what == 1;
	return say(0);
}

struct l_answer l_vp_flush(struct l_cpu cpu, unsigned int vp)
{
	__u64 no = is(vp, VCPU, RCX);
	struct page *v = &page[vp];

	if (!no && page[v->tdr].life != CONFIGURED)
		no = NO_KEYS;
	if (!no && v->nr_pages < TDVPS_MIN)
		no = WRONG_NUMBER;
	if (!no && v->cpu != (int)cpu.lpid)
		no = NOT_HERE;
	if (no)
		return say(no);
	v->cpu = -1;
	page[v->tdr].nr_assoc--;
	return say(0);
}

struct l_answer l_vpflushdone(unsigned int tdr)
{
	__u64 no = is(tdr, ROOT, RCX);
	struct page *p = &page[tdr];

	if (!no && p->life != ASSIGNED && p->life != CONFIGURED)
		no = WRONG_LIFE;
	if (!no && p->nr_assoc)
		no = NOT_FLUSHED;
	if (no)
		return say(no);
	p->life = BLOCKED;
	key[p->key].flushed = true;
	key[p->key].owed = ALL_PKGS;
	return say(0);
}

struct l_answer l_cache_wb(struct l_cpu cpu, __u64 command)
{
	bool any = false;
	unsigned int i;

	if (command > 1)
		return say(INVALID | RCX);
	if (command)
		return say(NO_RESUME);
	for (i = 0; i < L_KEYS; i++) {
		any |= key[i].flushed;
		key[i].owed &= ~(1u << cpu.pkg);
	}
	return say(any ? 0 : NOTHING_TO_DO);
}

struct l_answer l_freeid(unsigned int tdr)
{
	__u64 no = is(tdr, ROOT, RCX);
	struct page *p = &page[tdr];

	if (!no && p->life != BLOCKED)
		no = WRONG_LIFE;
	if (!no && key[p->key].owed)
		no = WB_OWED;
	if (no)
		return say(no);
	p->life = TEARDOWN;
	key[p->key] = (struct key){ 0 };
	return say(0);
}

struct l_answer l_reclaim(unsigned int n, __u64 off)
{
	struct page *p = &page[n], *root = &page[p->tdr];
	__u64 use = p->use, owner = l_owner(n), no = 0;

	if (off)
		return say_regs(INVALID | RCX, 0, 0, 0);
	if (use == UNUSED)
		return say_regs(WRONG_PAGE | RCX, 0, 0, 0);
	if (root->life != TEARDOWN)
		no = WRONG_LIFE;
	else if (use == ROOT && p->children)
		no = HAS_PAGES;
	if (!no) {
		root->children -= use != ROOT;
		*p = (struct page){ 0 };
	}
	return say_regs(no, use, owner, 0);
}

struct l_answer l_rdmd(unsigned int n, __u64 level)
{
	if (level)
		return say_regs(INVALID | RCX, 0, 0, 0);
	return say_regs(0, page[n].use, l_owner(n), 0);
}

struct l_answer l_wbinvd(unsigned int n)
{
	return say(is(n, UNUSED, RCX));
}
