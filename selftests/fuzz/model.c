// SPDX-License-Identifier: GPL-2.0-only
/*
 * See model.h.  Numbers are those of the specification, written down a second
 * time on purpose.
 */
#include <string.h>

#include "model.h"

#define PAGE		0x1000ULL
#define LARGE		0x200000ULL
#define RCX		1
#define RDX		2
#define R8		8
#define R12		12
#define R13		13
#define INVALID		0xc000010000000000ULL
#define INTERRUPTED	0x8000000400000000ULL
#define BUSY		0x8000020000000000ULL
#define EPOCH_BUSY	0x8000020100000000ULL
#define WRONG_PAGE	0xc000030000000000ULL
#define PAGE_TAKEN	0xc000030300000000ULL
#define RANGE_TAKEN	0xc000030400000000ULL
#define NO_PAIR		0xc000030500000000ULL
#define PAIR_IN_USE	0xc000030600000000ULL
#define PAIR_MISSING	0x8000030800000000ULL
#define PAIR_UNUSED	(1ULL << 62)
#define WRONG_LIFE	0xc000060700000000ULL
#define WRONG_OP_STATE	0xc000060800000000ULL
#define NO_WALK		0xc0000b0000000000ULL
#define NOT_BLOCKED	0xc0000b0600000000ULL
#define ALREADY_BLOCKED	0x00000b0700000000ULL
#define NOT_TRACKED	0xc0000b0800000000ULL
#define NO_PROMOTE	0xc0000b0900000000ULL
#define ACCEPTED	0x00000b0a00000000ULL
#define SIZE_MISMATCH	0xc0000b0b00000000ULL
#define WRONG_STATE	0xc0000b0d00000000ULL
#define TABLE_IN_USE	0xc0000b0e00000000ULL
#define SHARED_BIT	(1ULL << 47)

struct m_td m_td[M_TDS];
struct m_page m_page[M_PAGES], m_large[M_BLOCKS];
struct m_pair m_pair[M_BLOCKS];
bool m_serves[M_PAGES];
bool m_dynamic;

void m_reset(bool dynamic)
{
	memset(m_page, 0, sizeof(m_page));
	memset(m_large, 0, sizeof(m_large));
	memset(m_pair, 0, sizeof(m_pair));
	memset(m_serves, 0, sizeof(m_serves));
	m_dynamic = dynamic;
	m_pair[0].there = dynamic;
}

/* Entries of a level below one of the next. */
static const unsigned int fan[4] = { M_FAN1, M_FAN2, M_FAN3, M_TOP };

static __u64 span(int level)
{
	return PAGE << (9 * level);
}

/* -1 for an address that has no place here; the caller asks for none. */
static int place(__u64 gpa, int level)
{
	int n = 0, l;

	for (l = 3; l >= level; l--) {
		unsigned int i = gpa / span(l) % 512;

		if (i >= fan[l])
			return -1;
		n = n * fan[l] + i;
	}
	return n;
}

struct m_entry *m_entry(struct m_td *td, __u64 gpa, int level)
{
	int n = place(gpa, level);

	return n < 0 ? 0 : &td->at[level][n];
}

static struct m_page *page_at(__u64 address)
{
	return &m_page[m_page_index(address)];
}

static struct m_page *large_at(__u64 address)
{
	return &m_large[m_page_index(address) / 512];
}

__u64 m_entry_word(const struct m_entry *e)
{
	const __u64 no_ve = 1ULL << 63;

	switch (e->state) {
	case M_FREE:
		return no_ve;
	case M_TABLE:
		return 0x407;
	case M_TABLE_BLOCKED:
		return 0;
	case M_MAPPED:
		return e->page | no_ve | 0x4f7;
	default:
		return e->page | no_ve | e->counter | 0xf0;
	}
}

/* Of leaves that leave the registers alone. */
static struct m_answer say_only(__u64 status)
{
	return (struct m_answer){ .status = status };
}

static struct m_answer say_regs(__u64 status, __u64 rcx, __u64 rdx)
{
	return (struct m_answer){ status, rcx, rdx, true };
}

static struct m_answer say(__u64 status)
{
	return say_regs(status, 0, 0);
}

static struct m_answer say_entry(__u64 status, const struct m_entry *e,
				 int level)
{
	return say_regs(status, m_entry_word(e),
			level | (__u64)e->state << 8);
}

/* Who takes a page for itself while somebody has it gets nothing. */
static bool is_held(const struct m_td *by, __u64 page)
{
	int i;

	if (by && page == by->id)
		return true;
	for (i = 0; i < M_TDS; i++) {
		if (m_td[i].inside &&
		    (page == m_td[i].id || page == m_td[i].vcpu))
			return true;
	}
	return false;
}

/* A large page is held by whoever holds any small one of it. */
static bool is_block_held(const struct m_td *by, int block)
{
	int i;

	if (by && m_page_index(by->id) / 512 == block)
		return true;
	for (i = 0; i < M_TDS; i++) {
		if (m_td[i].inside &&
		    (m_page_index(m_td[i].id) / 512 == block ||
		     m_page_index(m_td[i].vcpu) / 512 == block))
			return true;
	}
	return false;
}

/* May this page be taken?  0, or why not. */
static __u64 take_check(const struct m_td *td, __u64 page, int level)
{
	int i, block;

	if (page % span(level))
		return INVALID;
	block = m_page_index(page) / 512;
	if (level == 1) {
		if (is_block_held(td, block))
			return BUSY;
		if (m_large[block].use != M_UNUSED || m_pair[block].there)
			return WRONG_PAGE;
		for (i = 0; i < 512; i++) {
			if (m_page[block * 512 + i].use != M_UNUSED ||
			    m_serves[block * 512 + i])
				return WRONG_PAGE;
		}
		return 0;
	}
	if (m_large[block].use != M_UNUSED)
		return WRONG_PAGE;
	if (m_dynamic && !m_pair[block].there)
		return PAIR_MISSING;
	if (is_held(td, page))
		return BUSY;
	if (m_serves[m_page_index(page)])
		return WRONG_PAGE;
	return page_at(page)->use == M_UNUSED ? 0 : WRONG_PAGE;
}

static void take(struct m_td *td, __u64 page, int level, enum m_use use)
{
	*(level ? large_at(page) : page_at(page)) =
		(struct m_page){ .use = use, .owner = td->id };
	if (!level)
		m_pair[m_page_index(page) / 512].used++;
}

/* What the host is told besides, if its pair serves nobody any more. */
static __u64 give_back(__u64 page, int level)
{
	struct m_pair *pair = &m_pair[m_page_index(page) / 512];

	*(level ? large_at(page) : page_at(page)) = (struct m_page){ 0 };
	if (level || --pair->used || !m_dynamic)
		return 0;
	return PAIR_UNUSED;
}

/* What a step that wants a pair has in its hands already. */
struct hands {
	int inside;			/* a block: pages there are not looked at */
	int large;			/* a block: nobody else gets at its pages */
	__u64 small;			/* a page, in the same way */
};

static __u64 pair_check(const __u64 *page, const unsigned int *reg,
			const struct hands *mine)
{
	int i;

	for (i = 0; i < 2; i++) {
		int block = m_page_index(page[i]) / 512;

		if (block == mine->inside)
			continue;
		if (block == mine->large || page[i] == mine->small)
			return BUSY | reg[i];
		if (m_large[block].use != M_UNUSED ||
		    page_at(page[i])->use != M_UNUSED)
			return PAGE_TAKEN | reg[i];
	}
	if (m_serves[m_page_index(page[0])])
		return PAGE_TAKEN | reg[0];
	if (m_serves[m_page_index(page[1])] || page[0] == page[1])
		return PAGE_TAKEN | reg[1];
	return 0;
}

static void pair_serve(int block, const __u64 *page)
{
	m_pair[block] = (struct m_pair){ true, { page[0], page[1] }, 0 };
	m_serves[m_page_index(page[0])] = true;
	m_serves[m_page_index(page[1])] = true;
}

static struct m_answer pair_leave(struct m_answer say, int block)
{
	int i;

	say.pair = true;
	for (i = 0; i < 2; i++) {
		say.page[i] = m_pair[block].page[i];
		m_serves[m_page_index(say.page[i])] = false;
	}
	m_pair[block].there = false;
	return say;
}

static bool is_table(const struct m_entry *e)
{
	return e->state == M_TABLE || e->state == M_TABLE_BLOCKED;
}

static bool is_blocked(const struct m_entry *e)
{
	return e->state == M_TABLE_BLOCKED || e->state == M_BLOCKED ||
	       e->state == M_PENDING_BLOCKED;
}

static bool is_leaf(const struct m_entry *e)
{
	return e->state != M_FREE && !is_table(e);
}

/* A new state; the table above counts what it has. */
static void become(struct m_td *td, __u64 gpa, int level, enum m_state state,
		   __u64 page)
{
	struct m_entry *e = m_entry(td, gpa, level);

	if (level < 3)
		m_entry(td, gpa, level + 1)->below +=
			(state != M_FREE) - (e->state != M_FREE);
	e->state = state;
	e->counter = 0;
	e->page = state == M_FREE ? 0 : page;
}

/* A step at an entry: where, and how far it has got. */
struct at {
	struct m_td *td;
	__u64 gpa;
	int level;
	struct m_entry *e;
	struct m_answer no;
};

/* The operand, the way down, and the entry; false leaves the answer in no. */
static bool find(struct at *at, struct m_td *td, __u64 arg, int min, int max)
{
	__u64 gpa = arg & 0x000ffffffffff000ULL;
	int level = arg & 7, l;

	at->td = td;
	at->gpa = gpa;
	at->level = level;
	at->no = say(INVALID | RCX);
	if (arg != (gpa | level) || level < min || level > max)
		return false;
	if (gpa >= SHARED_BIT || gpa % span(level))
		return false;
	for (l = 3; l > level; l--) {
		at->e = m_entry(td, gpa, l);
		if (at->e->state != M_TABLE) {
			at->no = say_entry(NO_WALK | RCX, at->e, l);
			return false;
		}
	}
	at->e = m_entry(td, gpa, level);
	return true;
}

static struct m_answer wrong_state(const struct at *at)
{
	return say_entry(WRONG_STATE | RCX, at->e, at->level);
}

/* Epoch of blocking: with the page that is mapped, or the table's own. */
static struct m_page *epoch_page(const struct at *at)
{
	return is_leaf(at->e) && at->level ? large_at(at->e->page) :
					     page_at(at->e->page);
}

/* Can no vCPU have the translation any more?  0, or why not. */
static __u64 gone_check(const struct at *at)
{
	__u64 since;

	if (!at->td->runs)
		return 0;
	if (!is_blocked(at->e))
		return NOT_BLOCKED | RCX;
	since = epoch_page(at)->epoch;
	if (since + 1 < at->td->epoch)
		return 0;
	if (since + 1 == at->td->epoch && !at->td->in[since % 2])
		return 0;
	return NOT_TRACKED | RCX;
}

/* Steps that want the entry blocked show it only if it is not. */
static struct m_answer say_gone(__u64 no, const struct at *at)
{
	return no == (NOT_BLOCKED | RCX) ? say_entry(no, at->e, at->level) :
					   say(no);
}

struct m_answer m_sept_add(struct m_td *td, __u64 arg, __u64 page)
{
	struct at at;
	__u64 no;

	if (!find(&at, td, arg, 1, 3))
		return at.no;
	if (at.e->state != M_FREE)
		return wrong_state(&at);
	no = take_check(td, page, 0);
	if (no)
		return say(no | R8);
	take(td, page, 0, M_TABLE_PAGE);
	become(td, at.gpa, at.level, M_TABLE, page);
	at.e->below = 0;
	return say_regs(0, 0, 0);
}

struct m_answer m_sept_remove(struct m_td *td, __u64 arg)
{
	struct at at;
	__u64 no, page;

	if (!find(&at, td, arg, 1, 3))
		return at.no;
	if (!is_table(at.e))
		return wrong_state(&at);
	no = gone_check(&at);
	if (no)
		return say_gone(no, &at);
	if (at.e->below)
		return say_entry(TABLE_IN_USE | RCX, at.e, at.level);
	page = at.e->page;
	page |= give_back(page, 0);
	become(td, at.gpa, at.level, M_FREE, 0);
	return say_regs(0, page, 0);
}

struct m_answer m_add(struct m_td *td, __u64 arg, __u64 page)
{
	struct at at;
	__u64 no;

	/* It wants the TD for itself. */
	if (td->inside)
		return say(BUSY | RDX);
	if (td->runs)
		return say(WRONG_OP_STATE | 2);
	if (!find(&at, td, arg, 0, 0))
		return at.no;
	if (at.e->state != M_FREE)
		return wrong_state(&at);
	no = take_check(td, page, 0);
	if (no)
		return say(no | R8);
	take(td, page, 0, M_DATA);
	become(td, at.gpa, 0, M_MAPPED, page);
	return say_regs(0, 0, 0);
}

struct m_answer m_aug(struct m_td *td, __u64 arg, __u64 page)
{
	struct at at;
	__u64 no;

	if (!find(&at, td, arg, 0, 1))
		return at.no;
	if (at.e->state != M_FREE)
		return wrong_state(&at);
	no = take_check(td, page, at.level);
	if (no)
		return say(no | R8);
	take(td, page, at.level, M_DATA);
	become(td, at.gpa, at.level, M_PENDING, page);
	return say_regs(0, 0, 0);
}

struct m_answer m_remove(struct m_td *td, __u64 arg)
{
	struct at at;
	__u64 no, page;

	if (!find(&at, td, arg, 0, 2))
		return at.no;
	if (!is_leaf(at.e))
		return wrong_state(&at);
	no = gone_check(&at);
	if (no)
		return say_gone(no, &at);
	page = at.e->page;
	page |= give_back(page, at.level);
	become(td, at.gpa, at.level, M_FREE, 0);
	return say_regs(0, page, 0);
}

struct m_answer m_block(struct m_td *td, __u64 arg)
{
	struct at at;

	if (!find(&at, td, arg, 0, 3))
		return at.no;
	if (is_blocked(at.e))
		return say_entry(ALREADY_BLOCKED | RCX, at.e, at.level);
	if (at.e->state == M_FREE)
		return wrong_state(&at);
	epoch_page(&at)->epoch = td->epoch;
	at.e->counter = 0;
	at.e->state = is_table(at.e) ? M_TABLE_BLOCKED :
		      at.e->state == M_PENDING ? M_PENDING_BLOCKED : M_BLOCKED;
	return say(0);
}

static enum m_state opened(const struct m_entry *e)
{
	if (is_table(e))
		return M_TABLE;
	return e->state == M_PENDING || e->state == M_PENDING_BLOCKED ?
	       M_PENDING : M_MAPPED;
}

struct m_answer m_unblock(struct m_td *td, __u64 arg)
{
	struct at at;
	__u64 no;

	if (!find(&at, td, arg, 0, 3))
		return at.no;
	if (!is_blocked(at.e))
		return wrong_state(&at);
	no = gone_check(&at);
	if (no)
		return say_gone(no, &at);
	at.e->state = opened(at.e);
	return say(0);
}

struct m_answer m_demote(struct m_td *td, __u64 arg, __u64 page,
			 const __u64 *pair, bool interrupted)
{
	static const unsigned int regs[] = { R12, R13 };
	struct hands mine = { .inside = -1, .small = page };
	enum m_state state;
	struct at at;
	__u64 no, i, base;

	if (!find(&at, td, arg, 1, 2))
		return at.no;
	if (!is_leaf(at.e))
		return wrong_state(&at);
	no = gone_check(&at);
	if (no)
		return say_gone(no, &at);
	no = take_check(td, page, 0);
	if (no)
		return say(no | R8);
	if (interrupted)
		return say_regs(INTERRUPTED, arg, td->id);
	state = opened(at.e);
	base = at.e->page;
	mine.large = m_page_index(base) / 512;
	if (m_dynamic) {
		no = pair_check(pair, regs, &mine);
		if (no)
			return say(no);
		pair_serve(mine.large, pair);
	}
	give_back(base, 1);
	take(td, page, 0, M_TABLE_PAGE);
	become(td, at.gpa, 1, M_TABLE, page);
	at.e->below = 0;
	for (i = 0; i < 512; i++) {
		take(td, base + i * PAGE, 0, M_DATA);
		become(td, at.gpa + i * PAGE, 0, state, base + i * PAGE);
	}
	return say_regs(0, 0, 0);
}

/* 512 times the same over one piece of memory? */
static bool uniform(const struct at *at)
{
	const struct m_entry *first = m_entry(at->td, at->gpa, 0);
	unsigned int i;

	if (first->state != M_MAPPED && first->state != M_PENDING)
		return false;
	for (i = 0; i < 512; i++) {
		if (first[i].state != first->state ||
		    first[i].page != first->page + i * PAGE)
			return false;
	}
	return !(first->page % LARGE);
}

struct m_answer m_promote(struct m_td *td, __u64 arg, bool interrupted)
{
	enum m_state state;
	__u64 no, base, i, page;
	struct at at;

	if (!find(&at, td, arg, 1, 2))
		return at.no;
	if (!is_table(at.e))
		return wrong_state(&at);
	no = gone_check(&at);
	if (no)
		return say_gone(no, &at);
	if (at.level == 2 || !uniform(&at))
		return say_entry(NO_PROMOTE | RCX, at.e, at.level);
	if (interrupted)
		return say_regs(INTERRUPTED, arg, td->id);
	page = at.e->page;
	state = m_entry(td, at.gpa, 0)->state;
	base = m_entry(td, at.gpa, 0)->page;
	for (i = 0; i < 512; i++) {
		become(td, at.gpa + i * PAGE, 0, M_FREE, 0);
		give_back(base + i * PAGE, 0);
	}
	page |= give_back(page, 0);
	take(td, base, 1, M_DATA);
	become(td, at.gpa, 1, state, base);
	if (!m_dynamic)
		return say_regs(0, page, 0);
	return pair_leave(say_regs(0, page, 0), m_page_index(base) / 512);
}

struct m_answer m_relocate(struct m_td *td, __u64 arg, __u64 page)
{
	struct at at;
	__u64 no, old;

	if (!find(&at, td, arg, 0, 0))
		return at.no;
	if (!is_leaf(at.e))
		return wrong_state(&at);
	no = gone_check(&at);
	if (no)
		return say_gone(no, &at);
	no = take_check(td, page, 0);
	if (no)
		return say(no | R8);
	old = at.e->page;
	take(td, page, 0, M_DATA);
	become(td, at.gpa, 0, opened(at.e), page);
	old |= give_back(old, 0);
	return say_regs(0, old, 0);
}

struct m_answer m_track(struct m_td *td)
{
	if (td->in[(td->epoch + 1) % 2])
		return say_only(EPOCH_BUSY);
	td->epoch++;
	return say_only(0);
}

struct m_answer m_read(struct m_td *td, __u64 arg)
{
	struct at at;

	if (!find(&at, td, arg, 0, 3))
		return at.no;
	return say_entry(0, at.e, at.level);
}

/* Of a TD that is alive: never allowed, but it says what the page is. */
struct m_answer m_reclaim(__u64 page)
{
	const struct m_page *p = large_at(page);

	if (p->use == M_UNUSED && m_dynamic &&
	    !m_pair[m_page_index(page) / 512].there)
		return say(WRONG_PAGE | RCX);
	if (p->use == M_UNUSED) {
		p = page_at(page);
		if (is_held(NULL, page))
			return say(BUSY | RCX);
	} else if (page % LARGE) {
		return say_regs(INVALID | RCX, p->use, p->owner);
	}
	if (p->use == M_UNUSED)
		return say(WRONG_PAGE | RCX);
	return say_regs(WRONG_LIFE, p->use, p->owner);
}

/* The block that a range operand names, or why it names none. */
static __u64 range_check(__u64 arg, int *block)
{
	if (!m_dynamic)
		return INVALID;
	if (arg % LARGE != 1)
		return INVALID | RCX;
	*block = m_page_index(arg - 1) / 512;
	return 0;
}

struct m_answer m_pamt_add(__u64 arg, const __u64 *pair)
{
	static const unsigned int regs[] = { RDX, R8 };
	int block;
	__u64 no;

	no = range_check(arg, &block);
	if (!no && is_block_held(NULL, block))
		no = BUSY | RCX;
	if (!no && (m_large[block].use != M_UNUSED || m_pair[block].there))
		no = RANGE_TAKEN | RCX;
	if (!no)
		no = pair_check(pair, regs, &(struct hands){ block, -1, 0 });
	if (!no)
		pair_serve(block, pair);
	return say_only(no);
}

struct m_answer m_pamt_remove(__u64 arg)
{
	int block, i;
	__u64 no;

	no = range_check(arg, &block);
	if (!no && is_block_held(NULL, block))
		no = BUSY | RCX;
	if (!no && !m_pair[block].there)
		no = NO_PAIR | RCX;
	for (i = 0; !no && i < 512; i++) {
		if (m_page[block * 512 + i].use != M_UNUSED)
			no = PAIR_IN_USE | i / 256;
	}
	return no ? say_only(no) : pair_leave(say_only(0), block);
}

__u64 m_accept(struct m_td *td, __u64 gpa, int level, bool interrupted)
{
	struct m_entry *e;
	int l;

	for (l = 3; l > level; l--) {
		e = m_entry(td, gpa, l);
		if (e->state == M_MAPPED)
			return ACCEPTED | l;
		if (e->state != M_TABLE)
			return ~0ULL;
	}
	e = m_entry(td, gpa, level);
	switch (e->state) {
	case M_PENDING:
		/* While the host waits, it is one small page at a time. */
		if (level && interrupted && e->counter < 511 * PAGE) {
			e->counter += PAGE;
			return ~0ULL;
		}
		e->counter = 0;
		e->state = M_MAPPED;
		return 0;
	case M_MAPPED:
		return ACCEPTED | level;
	case M_TABLE:
	case M_TABLE_BLOCKED:
		return SIZE_MISMATCH | level;
	default:
		return ~0ULL;
	}
}
