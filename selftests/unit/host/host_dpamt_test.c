// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic PAMT: who counts small pages, and when the module gets and gives back
 * a pair.  The module here is a model: one word for each range, whose answers
 * are the specification's.  Threads use the same ranges at once.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake_memory/fake.h"
#include "host_check.h"

#define NR_RANGES	8
#define NR_PAGES	(NR_RANGES * 512 + 65536)
#define NR_THREADS	8
#define ROUNDS		3000
#define GLOBAL_KEYID	40

struct page {
	bool used;
};

struct folio {
	struct page page;
};

static struct page pages[NR_PAGES];
struct fake_cpu boot_cpu_data = { .x86_phys_bits = 46 };

struct page *pfn_to_page(unsigned long pfn)
{
	return &pages[pfn];
}

u64 page_to_phys(const struct page *page)
{
	return PFN_PHYS(page - pages);
}

void fake_log(const char *fmt, ...)
{
}

/* --- memory: pages behind the ranges, and faults to order --- */

static int pages_used, cleared, fail_alloc;
/* Threads make the module's locks busy for each other. */
static int percent_busy;

struct folio *tdx_alloc_folio(gfp_t gfp, unsigned int order)
{
	int i;

	if (fail_alloc && !--fail_alloc)
		return NULL;
	for (i = NR_RANGES * 512; i < NR_PAGES; i++) {
		if (!__atomic_exchange_n(&pages[i].used, true, __ATOMIC_ACQ_REL)) {
			__atomic_add_fetch(&pages_used, 1, __ATOMIC_RELAXED);
			return (struct folio *)&pages[i];
		}
	}
	return NULL;
}

void __free_page(struct page *page)
{
	check(__atomic_exchange_n(&page->used, false, __ATOMIC_ACQ_REL));
	__atomic_sub_fetch(&pages_used, 1, __ATOMIC_RELAXED);
}

#define folio_put(f)	__free_page(&(f)->page)

void tdx_clear_page(struct page *page)
{
	__atomic_add_fetch(&cleared, 1, __ATOMIC_RELAXED);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return calloc(n, size);
}

void kfree(const void *p)
{
	free((void *)p);
}

#include "../../../arch/x86/virt/vmx/tdx/status.c"
#include "../../../arch/x86/virt/vmx/tdx/dpamt.c"

/* --- the module: per range its pair, and how many small pages it has --- */

static struct {
	struct page *pair[2];
	int small;
	int busy;
} module[NR_RANGES + NR_PAGES / 512];

static int adds, removes, flushes;
static u64 fail_add, fail_remove, fail_flush;

static bool loses(void)
{
	static __thread unsigned int seed;

	if (!seed)
		seed = (unsigned long)&seed >> 4;
	return percent_busy && rand_r(&seed) % 100 < percent_busy;
}

u64 tdh_phymem_pamt_add(struct page *range, struct page *const pair[2])
{
	u64 i = page_to_phys(range) / SZ_2M;

	check(!(page_to_phys(range) % SZ_2M));
	if (loses())
		return TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX;
	if (fail_add)
		return fail_add;
	/* A second one at the same time, or while there is a pair. */
	if (__atomic_exchange_n(&module[i].busy, 1, __ATOMIC_ACQ_REL) ||
	    module[i].pair[0]) {
		check(0);
		return TDX_HPA_RANGE_NOT_FREE;
	}
	check(pair[0] && pair[1] && pair[0] != pair[1]);
	check(!module[i].small);
	sched_yield();
	module[i].pair[0] = pair[0];
	module[i].pair[1] = pair[1];
	__atomic_add_fetch(&adds, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&module[i].busy, 0, __ATOMIC_RELEASE);
	return 0;
}

u64 tdh_phymem_pamt_remove(struct page *range, u64 pair_pa[2])
{
	u64 i = page_to_phys(range) / SZ_2M;

	/* Somebody comes between the count and the call. */
	sched_yield();
	if (loses())
		return TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX;
	if (fail_remove)
		return fail_remove;
	if (__atomic_exchange_n(&module[i].busy, 1, __ATOMIC_ACQ_REL) ||
	    !module[i].pair[0]) {
		check(0);
		return TDX_NO_PAMT_PAGE_PAIR;
	}
	check(!__atomic_load_n(&module[i].small, __ATOMIC_RELAXED));
	pair_pa[0] = page_to_phys(module[i].pair[0]);
	pair_pa[1] = page_to_phys(module[i].pair[1]);
	module[i].pair[0] = NULL;
	__atomic_add_fetch(&removes, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&module[i].busy, 0, __ATOMIC_RELEASE);
	return 0;
}

u64 tdh_phymem_page_wbinvd(struct page *page, u16 hkid)
{
	check(hkid == GLOBAL_KEYID);
	if (loses())
		return TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX;
	if (fail_flush)
		return fail_flush;
	__atomic_add_fetch(&flushes, 1, __ATOMIC_RELAXED);
	return 0;
}

u16 tdx_global_keyid(void)
{
	return GLOBAL_KEYID;
}

/* What AUG and the like do, and REMOVE: a small page needs its metadata. */
static void module_takes(struct page *page)
{
	u64 i = page_to_phys(page) / SZ_2M;

	check(__atomic_load_n(&module[i].pair[0], __ATOMIC_RELAXED));
	__atomic_add_fetch(&module[i].small, 1, __ATOMIC_RELAXED);
}

static void module_returns(struct page *page)
{
	u64 i = page_to_phys(page) / SZ_2M;

	check(__atomic_load_n(&module[i].pair[0], __ATOMIC_RELAXED));
	__atomic_sub_fetch(&module[i].small, 1, __ATOMIC_RELAXED);
}

/* --- tests --- */

static void begin(void)
{
	memset(module, 0, sizeof(module));
	adds = removes = flushes = cleared = 0;
	fail_add = fail_remove = fail_flush = 0;
	fail_alloc = percent_busy = 0;
	check(!tdx_pamt_start(PFN_PHYS(NR_PAGES)));
}

/* Nothing is left with the module, and nothing of memory. */
static void end(void)
{
	check(!tdx_pamt_nr_pairs());
	check(!pages_used);
	tdx_pamt_stop();
}

static void first_page_adds_and_last_removes(void)
{
	struct tdx_pamt_pair pair = {};
	int i;

	begin();
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL) && pages_used == 2);
	for (i = 0; i < 512; i++)
		check(!tdx_pamt_get(&pages[512 + i], &pair));
	check(adds == 1 && !pair.page[0] && !pair.page[1]);
	check(tdx_pamt_nr_pairs() == 1 && module[1].pair[0]);
	for (i = 0; i < 511; i++)
		tdx_pamt_put(&pages[512 + i]);
	check(!removes);
	tdx_pamt_put(&pages[512 + 511]);
	check(removes == 1 && flushes == 2 && cleared == 2);
	end();
}

static void without_a_pair_nothing_happens(void)
{
	struct tdx_pamt_pair pair = {};

	begin();
	check(tdx_pamt_get(&pages[0], &pair) == -ENOMEM && !adds);
	/* An empty pair does where the range has one. */
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL));
	check(!tdx_pamt_get(&pages[0], &pair));
	check(!tdx_pamt_get(&pages[1], &pair));
	tdx_pamt_put(&pages[0]);
	tdx_pamt_put(&pages[1]);
	/* Half of one is not enough, and is completed. */
	fail_alloc = 2;
	check(tdx_pamt_pair_alloc(&pair, GFP_KERNEL) == -ENOMEM);
	check(pages_used == 1 && tdx_pamt_get(&pages[0], &pair) == -ENOMEM);
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL) && pages_used == 2);
	tdx_pamt_pair_free(&pair);
	end();
}

static void a_split_page_counts_512_times(void)
{
	struct tdx_pamt_pair pair = {};
	int i;

	begin();
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL));
	module[2].pair[0] = pair.page[0];
	module[2].pair[1] = pair.page[1];
	tdx_pamt_split(&pages[2 * 512], &pair);
	check(!pair.page[0] && tdx_pamt_nr_pairs() == 1);
	for (i = 0; i < 512; i++) {
		check(!removes);
		tdx_pamt_put(&pages[2 * 512 + i]);
	}
	check(removes == 1);
	end();
}

static void pages_bring_their_metadata(void)
{
	struct page *a, *b;

	begin();
	a = tdx_alloc_page(GFP_KERNEL);
	b = tdx_alloc_page(GFP_KERNEL);
	check(a && b && adds >= 1 && tdx_pamt_nr_pairs() == adds);
	tdx_free_page(a);
	tdx_free_page(b);
	/* Whichever allocation fails, nothing is left. */
	for (fail_alloc = 1; fail_alloc < 4; fail_alloc++) {
		int n = fail_alloc;

		check(!tdx_alloc_page(GFP_KERNEL) && !pages_used);
		fail_alloc = n;
	}
	fail_alloc = 0;
	fail_add = TDX_OPERAND_INVALID;
	check(!tdx_alloc_page(GFP_KERNEL));
	fail_add = 0;
	end();
}

/* It is not reused, and the range goes on with the pair that it has. */
static void a_pair_that_does_not_come_back_is_kept(void)
{
	struct tdx_pamt_pair pair = {};

	begin();
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL));
	check(!tdx_pamt_get(&pages[0], &pair));
	fail_remove = TDX_PAMT_PAGE_NOT_EMPTY;
	tdx_pamt_put(&pages[0]);
	check(tdx_pamt_nr_pairs() == 1 && pages_used == 2);
	fail_remove = 0;
	check(!tdx_pamt_get(&pages[1], &pair) && adds == 1);
	tdx_pamt_put(&pages[1]);
	check(!removes);
	__free_page(module[0].pair[0]);
	__free_page(module[0].pair[1]);
	atomic_long_set(&nr_pairs, 0);
	end();
}

/* Its lines may still be written back: nobody else gets it. */
static void a_page_that_is_not_flushed_is_kept(void)
{
	struct tdx_pamt_pair pair = {};

	begin();
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL));
	check(!tdx_pamt_get(&pages[0], &pair));
	fail_flush = TDX_PAGE_METADATA_INCORRECT;
	tdx_pamt_put(&pages[0]);
	check(removes == 1 && !tdx_pamt_nr_pairs());
	check(pages_used == 2 && !cleared);
	__free_page(&pages[NR_RANGES * 512]);
	__free_page(&pages[NR_RANGES * 512 + 1]);
	end();
}

static void busy_is_tried_again(void)
{
	struct tdx_pamt_pair pair = {};
	int i;

	begin();
	percent_busy = 90;
	for (i = 0; i < 100; i++) {
		check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL));
		check(!tdx_pamt_get(&pages[i], &pair));
		tdx_pamt_put(&pages[i]);
	}
	check(adds == 100 && removes == 100);
	percent_busy = 100;
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL));
	check(tdx_pamt_get(&pages[0], &pair) == -EBUSY && pair.page[0]);
	tdx_pamt_pair_free(&pair);
	end();
}

static const struct tdx_sys_info offers_dynamic = {
	.features0 = TDX_FEATURES0_DYNAMIC_PAMT, .pamt_bitmap_bits = 1,
	.pamt_min_keyid_bits = 4, .pamt_entry_size = { 16, 16, 16 },
};

static void metadata_is_dynamic_by_default_where_the_module_can(void)
{
	struct tdx_sys_info info = offers_dynamic;

	check(tdx_pamt_wants_dynamic(&info));
	/* Other features do not say so, nor do fields that nobody has read. */
	info.features0 = ~TDX_FEATURES0_DYNAMIC_PAMT;
	check(!tdx_pamt_wants_dynamic(&info));
	info = (struct tdx_sys_info) { .pamt_entry_size = { 16, 16, 16 } };
	check(!tdx_pamt_wants_dynamic(&info));
	info = offers_dynamic;
	info.pamt_bitmap_bits = 0;
	check(!tdx_pamt_wants_dynamic(&info));
}

static void metadata_is_static_if_the_parameter_says_so(void)
{
	dynamic_pamt = false;
	check(!tdx_pamt_wants_dynamic(&offers_dynamic));
	dynamic_pamt = true;
	check(tdx_pamt_wants_dynamic(&offers_dynamic));
}

static void metadata_is_static_where_keyids_take_few_address_bits(void)
{
	boot_cpu_data.x86_phys_bits = 49;
	check(!tdx_pamt_wants_dynamic(&offers_dynamic));
	boot_cpu_data.x86_phys_bits = 48;
	check(tdx_pamt_wants_dynamic(&offers_dynamic));
	boot_cpu_data.x86_phys_bits = 46;
}

/* Two pages hold 512 entries of 16 bytes, and of no other size. */
static void metadata_is_static_where_a_pair_is_no_two_pages(void)
{
	struct tdx_sys_info info = offers_dynamic;

	info.pamt_entry_size[0] = 32;
	check(!tdx_pamt_wants_dynamic(&info));
	info.pamt_entry_size[0] = 8;
	check(!tdx_pamt_wants_dynamic(&info));
}

static void static_metadata_needs_no_pair(void)
{
	struct tdx_pamt_pair pair = {};
	struct page *page;

	adds = removes = 0;
	check(!tdx_pamt_is_dynamic());
	check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL) && !pair.page[0]);
	check(!tdx_pamt_get(&pages[0], &pair));
	tdx_pamt_put(&pages[0]);
	page = tdx_alloc_page(GFP_KERNEL);
	check(page && pages_used == 1);
	tdx_free_page(page);
	check(!adds && !removes && !pages_used);
}

/* --- threads --- */

static void *use_pages(void *arg)
{
	unsigned int seed = (unsigned long)arg, i;
	struct tdx_pamt_pair pair = {};

	for (i = 0; i < ROUNDS; i++) {
		/* Few ranges, so that counts go through zero all the time. */
		struct page *page = &pages[rand_r(&seed) % (2 * 512)];

		check(!tdx_pamt_pair_alloc(&pair, GFP_KERNEL));
		check(!tdx_pamt_get(page, &pair));
		module_takes(page);
		if (rand_r(&seed) % 4 == 0)
			sched_yield();
		module_returns(page);
		tdx_pamt_put(page);
	}
	tdx_pamt_pair_free(&pair);
	return NULL;
}

static void threads_share_ranges(void)
{
	pthread_t thread[NR_THREADS];
	unsigned long i;

	begin();
	percent_busy = 10;
	for (i = 0; i < NR_THREADS; i++)
		check(!pthread_create(&thread[i], NULL, use_pages, (void *)(i + 1)));
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(thread[i], NULL);
	check(adds == removes && adds > 1);
	check(!module[0].pair[0] && !module[1].pair[0]);
	end();
	printf("# %d pairs came and went in %d rounds of %d threads\n", adds,
	       ROUNDS, NR_THREADS);
}

int main(void)
{
	run(first_page_adds_and_last_removes);
	run(without_a_pair_nothing_happens);
	run(a_split_page_counts_512_times);
	run(pages_bring_their_metadata);
	run(a_pair_that_does_not_come_back_is_kept);
	run(a_page_that_is_not_flushed_is_kept);
	run(busy_is_tried_again);
	run(metadata_is_dynamic_by_default_where_the_module_can);
	run(metadata_is_static_if_the_parameter_says_so);
	run(metadata_is_static_where_keyids_take_few_address_bits);
	run(metadata_is_static_where_a_pair_is_no_two_pages);
	run(static_metadata_needs_no_pair);
	run(threads_share_ranges);
	return checks_failed != 0;
}
