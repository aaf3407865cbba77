// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations by many threads against an oracle that knows, for every
 * GPA, whether a page is there, which one, whose, and what is in it.  After
 * each operation mirror, S-EPT, PAMT and memory are compared with it.
 *
 *   mmu_oracle_test [STEPS THREADS [SEED]]
 *
 * A thread has the oracle's lock for the chunks of memory that it works on, so
 * that the oracle is exact; the threads meet in the tables above, in PAMT
 * ranges, in the module's locks, TLB epochs and kicks, and in mmu_lock.  Only
 * guests that watch look at memory without that lock: what they see must stay
 * the TD's until they have left.
 */
#include "mmu_smp.h"

/* Chunks of 32 small pages in two tables, then folios of 2 MiB. */
#define FINE_FIRST	512UL
#define FINE_PAGES	1024UL
#define FINE_CHUNK	32UL
#define LARGE_FIRST	(FINE_FIRST + FINE_PAGES)
#define NR_LARGE	12UL
#define NR_FINE		(FINE_PAGES / FINE_CHUNK)
#define NR_CHUNKS	(NR_FINE + NR_LARGE)
#define END		(LARGE_FIRST + NR_LARGE * 512)

#define MAX_LIFE	50000UL

/* --- the oracle --- */

enum truth_state { GONE, PENDING, ACCEPTED };

static struct {
	enum truth_state state;
	u64 value;
} truth[END];

static struct chunk {
	pthread_mutex_t lock;
	gfn_t first, end;
	/* Pages that are mapped. */
	unsigned int nr;
	/* 2 MiB only: mapped as one. */
	bool large, one;
} chunks[NR_CHUNKS];

static bool stop;
static unsigned long long steps_done, watches;

struct player {
	pthread_t thread;
	unsigned int cpu;
	u64 seed;
	unsigned long steps;
};

static u64 rnd(struct player *p, u64 n)
{
	p->seed = p->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (p->seed >> 33) % n;
}

static void oracle_reset(void)
{
	unsigned long i;

	memset(truth, 0, sizeof(truth));
	gmem_first_2m = LARGE_FIRST;
	for (i = 0; i < NR_CHUNKS; i++) {
		struct chunk *c = &chunks[i];
		bool large = i >= NR_FINE;

		memset(c, 0, sizeof(*c));
		pthread_mutex_init(&c->lock, NULL);
		c->large = large;
		c->first = large ? LARGE_FIRST + (i - NR_FINE) * 512 :
				   FINE_FIRST + i * FINE_CHUNK;
		c->end = c->first + (large ? 512 : FINE_CHUNK);
	}
}

static void oracle_gone(struct chunk *c, gfn_t start, gfn_t end)
{
	gfn_t gfn;

	for (gfn = start; gfn < end; gfn++) {
		c->nr -= truth[gfn].state != GONE;
		truth[gfn].state = GONE;
	}
	c->one &= start >= c->end || end <= c->first;
}

/*
 * Can the range be mapped as one?  Nothing is mapped, guest_memfd has a folio,
 * or will have one, and all of it is private.
 */
static bool oracle_fits(struct chunk *c)
{
	struct page *page = gmem[c->first];
	gfn_t gfn;

	if (!c->large || c->nr)
		return false;
	for (gfn = c->first; gfn < c->end; gfn++)
		if (is_shared[gfn] || (gmem[gfn] && !(page && page->head_2m)))
			return false;
	return true;
}

/* The level at which a page is mapped now, if the guest can use @want. */
static int oracle_map(struct chunk *c, gfn_t gfn, int want)
{
	gfn_t i;

	if (truth[gfn].state != GONE)
		return c->one;
	if (want && oracle_fits(c)) {
		c->one = true;
		c->nr = 512;
		for (i = c->first; i < c->end; i++)
			truth[i].state = PENDING;
		return 1;
	}
	truth[gfn].state = PENDING;
	c->nr++;
	return 0;
}

static void oracle_accept(gfn_t gfn, gfn_t n)
{
	for (; n; n--, gfn++) {
		truth[gfn].state = ACCEPTED;
		truth[gfn].value = 0;
	}
}

/* --- the comparison --- */

static const char *doing(unsigned int op);
static __thread unsigned int op_now;

#define agree(have, want, gfn) do {					\
	long long h_ = (have), w_ = (want);				\
									\
	if (h_ != w_) {							\
		printf("# %s:%d: gfn %lu after %s: %s is %llx, not %llx\n", \
		       __FILE__, __LINE__, (unsigned long)(gfn),	\
		       doing(op_now), #have, h_, w_);			\
		__atomic_add_fetch(&ktap_failures, 1, __ATOMIC_RELAXED); \
		WRITE_ONCE(stop, true);					\
	}								\
} while (0)

/*
 * With mmu_lock, as no zap expects anybody to be reading: a thread that the
 * scheduler stops inside of a SEAMCALL is no thing of real life.
 */
static int entry_at(gfn_t gfn, int level, u64 *pa)
{
	int state;

	read_lock(&tdx->vmx.kvm.mmu_lock);
	state = machine_entry((gfn & ~(gfn_t)(level ? 511 : 0)) << PAGE_SHIFT,
			      level, pa);
	read_unlock(&tdx->vmx.kvm.mmu_lock);
	return state;
}

static void compare_page(gfn_t gfn, int level, struct page *page)
{
	bool there = truth[gfn].state != GONE;
	int type, size;
	u64 owner;

	type = machine_page_owner(page_to_phys(page), &owner, &size);
	agree(type, there ? 3 : 0, gfn);
	agree(owner, there ? machine.tdr : 0, gfn);
	if (there)
		agree(size, level, gfn);
	agree(READ_ONCE(page_head(page)->refs), 1, gfn);
	/* Neither a guest's data nor another's is left in what is not in use. */
	if (truth[gfn].state != PENDING)
		agree(*(u64 *)page_to_virt(page), there ? truth[gfn].value : 0,
		      gfn);
}

static void compare(struct chunk *c, gfn_t gfn)
{
	static const int states[] = { [PENDING] = 2, [ACCEPTED] = 4 };
	int level = c->one, state;
	struct page *page;
	u64 pa;

	pthread_mutex_lock(&gmem_lock);
	page = gmem[gfn];
	pthread_mutex_unlock(&gmem_lock);

	agree(mapped(gfn), truth[gfn].state == GONE ? -1 : level, gfn);
	state = entry_at(gfn, level, &pa);
	if (truth[gfn].state == GONE) {
		agree(state > 0, 0, gfn);
	} else if (!page) {
		agree(!!page, 1, gfn);
	} else {
		agree(state, states[truth[gfn].state], gfn);
		agree(pa, page_to_phys(level ? page_head(page) : page), gfn);
	}
	if (page)
		compare_page(gfn, level, page);
}

/*
 * All of a range of small pages, the ends of a large one, their neighbours, and
 * one at random; sometimes everything.
 */
static void compare_range(struct player *p, struct chunk *c, gfn_t start,
			  gfn_t end)
{
	bool all = !rnd(p, 64);
	gfn_t gfn, step;

	if (all) {
		start = c->first;
		end = c->end;
	}
	step = c->large && !all ? max(end - start - 1, 1UL) : 1;
	for (gfn = start; gfn < end; gfn += step)
		compare(c, gfn);
	if (start > c->first)
		compare(c, start - 1);
	if (end < c->end)
		compare(c, end);
	compare(c, c->first + rnd(p, c->end - c->first));
}

/* --- operations on one chunk --- */

struct op {
	struct player *p;
	struct chunk *c;
	/* The page that it is about, and for some a range from there on. */
	gfn_t gfn, end;
	int level;
};

static u64 gpa_of(gfn_t gfn)
{
	return gfn << PAGE_SHIFT;
}

static void op_fault(struct op *o)
{
	/* None, or ACCEPT of 4 KiB, or of 2 MiB. */
	u64 ext = o->level < 0 ? 0 : 1 | (u64)o->level << 32;
	struct kvm_vcpu *v = vcpu(o->p->cpu);
	int ret = tdx_fault(v, gpa_of(o->gfn), 0, ext);

	if (is_shared[o->gfn]) {
		agree(ret, -EFAULT, o->gfn);
		agree(v->fault_exit.gpa, gpa_of(o->gfn), o->gfn);
		return;
	}
	agree(ret, 1, o->gfn);
	if (oracle_map(o->c, o->gfn, o->level) && !o->level)
		o->c->one = false;
}

static void op_prefault(struct op *o)
{
	struct kvm_pre_fault_memory range = {
		.gpa = gpa_of(o->gfn), .size = gpa_of(o->end - o->gfn),
	};
	u64 want, size;
	gfn_t gfn;
	long ret;

	while (range.size) {
		gfn = range.gpa >> PAGE_SHIFT;
		ret = tdx_pre_fault(vcpu(o->p->cpu), &range);
		if (is_shared[gfn]) {
			agree(ret, 0, gfn);
			return;
		}
		size = oracle_map(o->c, gfn, 1) ? 512 * PAGE_SIZE : PAGE_SIZE;
		want = min(range.size, size - (range.gpa & (size - 1)));
		agree(ret, want, gfn);
		if (ret <= 0)
			return;
		range.gpa += ret;
		range.size -= ret;
	}
}

static void convert(struct chunk *c, gfn_t start, gfn_t end, bool shared)
{
	gfn_t gfn;

	for (gfn = start; gfn < end; gfn++)
		WRITE_ONCE(is_shared[gfn], shared);
	oracle_gone(c, start, end);
}

static void op_convert(struct op *o)
{
	invalidate_begin(o->gfn, o->end);
	convert(o->c, o->gfn, o->end, !is_shared[o->gfn]);
	invalidate_done();
}

static void op_punch(struct op *o)
{
	invalidate_begin(o->gfn, o->end);
	gmem_drop(o->gfn, o->end);
	oracle_gone(o->c, o->gfn, o->end);
	invalidate_done();
}

/* As the module answers, once the host has done what it was asked for. */
static u64 oracle_accept_status(struct chunk *c, gfn_t gfn, int level)
{
	int at = oracle_map(c, gfn, level);

	if (truth[gfn].state == ACCEPTED && at >= level)
		return GUEST_ALREADY_ACCEPTED | at;
	if (at < level)
		return GUEST_SIZE_MISMATCH | level;
	/* The host has split it for the guest. */
	if (at > level)
		c->one = false;
	if (level)
		oracle_accept(c->first, 512);
	else
		oracle_accept(gfn, 1);
	return GUEST_ACCEPTED;
}

/* As a VMM does it: what the guest uses as private becomes private. */
static int run_and_convert(struct op *o, struct guest_step *s, bool shared)
{
	gfn_t gfn = s->gpa >> PAGE_SHIFT;
	int ret = run_guest(o->p->cpu, s);

	if (!shared)
		return ret;
	agree(ret, -EFAULT, gfn);
	agree(vcpu(o->p->cpu)->fault_exit.gpa, gpa_of(gfn), gfn);
	invalidate_begin(gfn, gfn + 1);
	convert(o->c, gfn, gfn + 1, false);
	invalidate_done();
	return run_guest(o->p->cpu, s);
}

static void op_accept_4k(struct op *o)
{
	struct guest_step s = { .kind = GUEST_ACCEPT, .gpa = gpa_of(o->gfn) };

	agree(run_and_convert(o, &s, is_shared[o->gfn]), 0, o->gfn);
	agree(s.status, oracle_accept_status(o->c, o->gfn, 0), o->gfn);
}

/*
 * An empty table may be there, or be given back for what happens next to it:
 * then the module answers for itself, or asks the host, who decides by the
 * first page.
 */
static void op_accept_2m(struct op *o)
{
	gfn_t gfn = o->c->first;
	struct guest_step s = {
		.kind = GUEST_ACCEPT, .gpa = gpa_of(gfn), .level = 1,
	};
	bool table, shared = is_shared[gfn];
	u64 pa;

	o->gfn = gfn;
	table = entry_at(gfn, 1, &pa) > 0 && !o->c->one;
	if (table && (o->c->nr || shared)) {
		agree(run_guest(o->p->cpu, &s), o->c->nr ? 0 : s.status ? 0 : -EFAULT,
		      gfn);
		if (s.done)
			agree(s.status, GUEST_SIZE_MISMATCH | 1, gfn);
		return;
	}
	agree(run_and_convert(o, &s, shared), 0, gfn);
	if (!table || s.status != (GUEST_SIZE_MISMATCH | 1))
		agree(s.status, oracle_accept_status(o->c, gfn, 1), gfn);
	else if (mapped(gfn) >= 0)
		agree(oracle_map(o->c, gfn, 1), 0, gfn);
}

static void op_accept(struct op *o)
{
	if (o->level == 1)
		op_accept_2m(o);
	else
		op_accept_4k(o);
}

/* Accept what is pending, at the largest size, as the guest's #VE handler. */
static void oracle_use(struct chunk *c, gfn_t gfn, int level)
{
	oracle_map(c, gfn, 1);
	if (truth[gfn].state == ACCEPTED)
		return;
	if (!c->one)
		level = 0;
	oracle_accept_status(c, gfn, level);
}

static void op_use(struct op *o, enum guest_kind kind)
{
	struct guest_step s = {
		.kind = kind, .gpa = gpa_of(o->gfn),
		.level = o->c->large && o->level == 1,
		.value = kind == GUEST_WRITE ? rnd(o->p, 1ULL << 31) + 1 : 0,
	};
	int ret;

	/* The seventh in a row makes the module hold on to the S-EPT. */
	if (!rnd(o->p, 16))
		s.ignore = 8;
	ret = run_and_convert(o, &s, is_shared[o->gfn]);
	oracle_use(o->c, o->gfn, s.level);
	agree(ret, 0, o->gfn);
	agree(s.status, 0, o->gfn);
	if (kind == GUEST_WRITE)
		truth[o->gfn].value = s.value;
	agree(s.value, truth[o->gfn].value, o->gfn);
}

static void op_read(struct op *o)
{
	op_use(o, GUEST_READ);
}

static void op_write(struct op *o)
{
	op_use(o, GUEST_WRITE);
}

/* --- operations on many --- */

/* Chunks are locked upwards, so that nobody waits for each other. */
static void lock_range(unsigned long first, unsigned long n, bool lock)
{
	unsigned long i;

	for (i = first; i < first + n; i++) {
		if (lock)
			pthread_mutex_lock(&chunks[i].lock);
		else
			pthread_mutex_unlock(&chunks[i].lock);
	}
}

/* From the middle of one chunk to the middle of another. */
static void many(struct player *p, bool punch)
{
	unsigned long first = rnd(p, NR_CHUNKS - 1), n, i;
	gfn_t start, end;
	bool shared = rnd(p, 2);

	n = 2 + rnd(p, min(NR_CHUNKS - first - 1, 6UL));
	n = min(n, NR_CHUNKS - first);
	lock_range(first, n, true);
	start = chunks[first].first + rnd(p, 8);
	end = chunks[first + n - 1].end - rnd(p, 8);
	invalidate_begin(start, end);
	if (punch)
		gmem_drop(start, end);
	for (i = first; i < first + n; i++) {
		gfn_t a = max(start, chunks[i].first);
		gfn_t b = min(end, chunks[i].end);

		if (punch)
			oracle_gone(&chunks[i], a, b);
		else
			convert(&chunks[i], a, b, shared);
	}
	invalidate_done();
	for (i = first; i < first + n; i++)
		compare_range(p, &chunks[i], max(start, chunks[i].first),
			      min(end, chunks[i].end));
	lock_range(first, n, false);
}

/* A slot is deleted and comes back: everything goes, guest_memfd keeps all. */
static void delete_slot(struct player *p)
{
	unsigned long i;

	lock_range(0, NR_CHUNKS, true);
	WRITE_ONCE(slot.flags, KVM_MEMSLOT_INVALID);
	invalidate_begin(FINE_FIRST, END);
	for (i = 0; i < NR_CHUNKS; i++)
		oracle_gone(&chunks[i], chunks[i].first, chunks[i].end);
	invalidate_done();
	WRITE_ONCE(slot.flags, 0);
	for (i = 0; i < NR_CHUNKS; i++)
		compare_range(p, &chunks[i], chunks[i].first, chunks[i].end);
	lock_range(0, NR_CHUNKS, false);
}

static void watch(struct player *p)
{
	struct guest_step s = {
		.kind = GUEST_WATCH,
		.gpa = gpa_of(FINE_FIRST + rnd(p, END - FINE_FIRST)),
	};
	int ret = run_guest(p->cpu, &s);

	agree(ret, 0, s.gpa >> PAGE_SHIFT);
	agree(s.status, 0, s.gpa >> PAGE_SHIFT);
	__atomic_add_fetch(&watches, 1, __ATOMIC_RELAXED);
}

/* --- the game --- */

static const struct {
	const char *name;
	void (*fn)(struct op *o);
	unsigned int weight;
} ops[] = {
	{ "fault", op_fault, 30 },
	{ "prefault", op_prefault, 10 },
	{ "convert", op_convert, 10 },
	{ "punch", op_punch, 10 },
	{ "accept", op_accept, 15 },
	{ "read", op_read, 15 },
	{ "write", op_write, 15 },
};

#define OP_MANY		ARRAY_SIZE(ops)
#define OP_LAST		(OP_MANY + 1)

static const char *doing(unsigned int op)
{
	return op < OP_MANY ? ops[op].name :
	       op == OP_MANY ? "an operation on many" : "the last one";
}

static unsigned int choose(struct player *p)
{
	unsigned int n = rnd(p, 105), i;

	for (i = 0; i < OP_MANY && n >= ops[i].weight; i++)
		n -= ops[i].weight;
	return min(i, OP_MANY - 1);
}

/* Folios are expensive: one operation in fifty. */
static struct chunk *take_chunk(struct player *p)
{
	for (;;) {
		struct chunk *c = &chunks[rnd(p, 50) ? rnd(p, NR_FINE) :
					  NR_FINE + rnd(p, NR_LARGE)];

		if (!pthread_mutex_trylock(&c->lock))
			return c;
		fake_relax();
	}
}

static void one_step(struct player *p)
{
	struct op o = { .p = p, .level = (int)rnd(p, 3) - 1 };
	gfn_t n;

	o.c = take_chunk(p);
	n = o.c->end - o.c->first;
	o.gfn = o.c->first + rnd(p, n);
	o.end = o.gfn + 1 + rnd(p, o.c->end - o.gfn);
	/* Whole chunks would be rare. */
	if (!rnd(p, 4)) {
		o.gfn = o.c->first;
		o.end = o.c->end;
	}
	if (!o.c->large && o.level == 1)
		o.level = 0;
	op_now = choose(p);
	ops[op_now].fn(&o);
	if (!READ_ONCE(tdx->vmx.kvm.vm_dead))
		compare_range(p, o.c, min(o.gfn, o.end - 1), o.end);
	pthread_mutex_unlock(&o.c->lock);
}

static void *play(void *arg)
{
	struct player *p = arg;

	this_cpu = p->cpu;
	for (; p->steps && !READ_ONCE(stop) && !READ_ONCE(ktap_failures); p->steps--) {
		u64 r = rnd(p, 4000);

		op_now = OP_MANY;
		if (r < 8)
			many(p, r < 4);
		else if (r < 28)
			watch(p);
		else if (r < 29)
			delete_slot(p);
		else
			one_step(p);
		__atomic_add_fetch(&steps_done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Nobody is left: everything is compared, and the counts as well. */
static void compare_all(void)
{
	s64 small = 1, large = 0;
	unsigned long i;
	gfn_t gfn;

	op_now = OP_LAST;
	for (i = 0; i < NR_CHUNKS; i++) {
		struct chunk *c = &chunks[i];

		large += c->one;
		for (gfn = c->first; gfn < c->end; gfn++) {
			compare(c, gfn);
			small += !c->one && truth[gfn].state != GONE;
		}
	}
	/* One page is the guest's code. */
	agree(stat(SEPT_STAT_PAGES_4K), small, 0);
	agree(stat(SEPT_STAT_PAGES_2M), large, 0);
	agree(stat(SEPT_STAT_HELD), 0, 0);
	agree(stat(SEPT_STAT_LEAKED), 0, 0);
	agree(tdx->vmx.kvm.vm_dead || tdx->quiesce, 0, 0);
	agree(fake_errors, 0, 0);
}

static struct {
	s64 busy, retries, quiesces, batches, demotes;
	unsigned int lives;
} sum;

static void add_up(void)
{
	sum.busy += stat(SEPT_STAT_BUSY);
	sum.retries += stat(SEPT_STAT_RETRIES);
	sum.quiesces += stat(SEPT_STAT_QUIESCES);
	sum.batches += stat(SEPT_STAT_ZAP_BATCHES);
	sum.demotes += stat(SEPT_STAT_DEMOTES);
	sum.lives++;
}

/* Pages go before the KeyID, while it goes, or after. */
static void end_of_life(unsigned int how)
{
	if (how == 1)
		punch(0, LARGE_FIRST + 512);
	if (how == 2) {
		sept_close(tdx);
		punch(0, LARGE_FIRST + 512);
	}
	td_down(0);
}

static void life(unsigned int threads, unsigned long steps, u64 seed)
{
	struct player players[MACHINE_VCPUS] = {};
	unsigned int i;

	smp_up(threads);
	oracle_reset();
	stop = false;
	for (i = 0; i < threads; i++) {
		players[i] = (struct player){
			.cpu = i,
			.seed = seed * 977 + i * 31 + 1,
			.steps = steps / threads + !i * (steps % threads),
		};
		pthread_create(&players[i].thread, NULL, play, &players[i]);
	}
	for (i = 0; i < threads; i++)
		pthread_join(players[i].thread, NULL);
	compare_all();
	add_up();
	end_of_life(seed % 3);
}

static void lives(unsigned int threads, unsigned long steps, u64 seed)
{
	unsigned long n;

	memset(&sum, 0, sizeof(sum));
	steps_done = 0;
	watches = 0;
	for (; steps && !ktap_failures; steps -= n) {
		n = min(steps, MAX_LIFE);
		life(threads, n, seed++);
	}
	printf("# %u threads: %llu steps, %u TDs, %lld busy, %lld retries",
	       threads, steps_done, sum.lives, sum.busy, sum.retries);
	printf(", %lld quiesces, %lld batches, %lld demotes, %llu watches\n",
	       sum.quiesces, sum.batches, sum.demotes, watches);
	check(sum.demotes && sum.batches && watches);
}

#ifndef SHORT_STEPS
#define SHORT_STEPS	8000
#endif

static void one_thread_agrees(void)
{
	lives(1, SHORT_STEPS, 1);
}

static void two_threads_agree(void)
{
	lives(2, SHORT_STEPS, 2);
}

static void eight_threads_agree(void)
{
	lives(8, SHORT_STEPS, 3);
}

static void sixteen_threads_agree(void)
{
	lives(16, SHORT_STEPS, 4);
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		TEST(one_thread_agrees),
		TEST(two_threads_agree),
		TEST(eight_threads_agree),
		TEST(sixteen_threads_agree),
	};
	unsigned int threads;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		return ktap_run(tests);
	threads = atoi(argv[2]);
	if (!threads || threads > MACHINE_VCPUS) {
		printf("1 to %u threads\n", MACHINE_VCPUS);
		return 2;
	}
	lives(threads, strtoul(argv[1], NULL, 0),
	      argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
	printf("%sok 1 %u threads agree with the oracle\n",
	       ktap_failures ? "not " : "", threads);
	return !!ktap_failures;
}
