/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The private MMU's own source files, a small KVM around them, and a TD.  One
 * slot with guest_memfd covers gfn 0 to 2 MiB * 64; everything is private
 * until a test says otherwise.
 */
#ifndef _MMU_FIXTURE_H
#define _MMU_FIXTURE_H

#include "fake.h"
#include "mmu_machine.h"
#include "ktap.h"

/* Of cache.c, which has nothing to do here. */
__thread bool tdx_cache_dirty;

#include "../../../arch/x86/virt/vmx/tdx/retry.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_mem.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_mng.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_phymem.c"
#include "../../../arch/x86/virt/vmx/tdx/status.c"

#include "../../../arch/x86/kvm/vmx/tdx/mmu/verdict.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/sept_rules.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/sept_walk.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/sept.c"
#undef pr_fmt
#include "../../../arch/x86/kvm/vmx/tdx/mmu/reclaim.c"
#undef pr_fmt
#include "../../../arch/x86/kvm/vmx/tdx/mmu/track.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/reshape.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/zap.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/fault.c"
#include "../../../arch/x86/kvm/vmx/tdx/mmu/image.c"

#define SLOT_PAGES	(512UL * 64)
#ifndef NR_VCPUS
#define NR_VCPUS	4
#endif

static struct kvm_tdx td_storage, *const tdx = &td_storage;
static struct vcpu_tdx vcpus[NR_VCPUS];
static struct machine_td machine = { .nr_vcpus = 1 };

/* --- SEAMCALL --- */

u64 __seamcall_ret(u64 leaf, struct tdx_module_args *a)
{
	struct machine_regs r = { a->rcx, a->rdx, a->r8, a->r9, a->r10, a->r11 };
	u64 err = machine_seamcall(leaf, &r);

	a->rcx = r.rcx;
	a->rdx = r.rdx;
	a->r8 = r.r8;
	a->r9 = r.r9;
	a->r10 = r.r10;
	a->r11 = r.r11;
	return err;
}

u64 __seamcall(u64 leaf, struct tdx_module_args *args)
{
	struct tdx_module_args copy = *args;

	return __seamcall_ret(leaf, &copy);
}

/* No leaf of KVM's has outputs elsewhere. */
u64 __seamcall_saved_ret(u64 leaf, struct tdx_module_args *args)
{
	return __seamcall_ret(leaf, args);
}

u16 tdx_global_keyid(void)
{
	return MACHINE_GLOBAL_HKID;
}

/* --- messages, sleeping, locks --- */

unsigned int fake_warnings, fake_errors;
bool fake_quiet;
__thread int fake_mmu_lock_held;
static struct task_struct this_task;
struct task_struct *current = &this_task;

void fake_might_sleep(void)
{
	WARN_ON_ONCE(fake_mmu_lock_held);
}

void fake_relax(void)
{
	static const struct timespec moment = { .tv_nsec = 20000 };
	static __thread unsigned int n;

	if (++n % 4)
		sched_yield();
	else
		nanosleep(&moment, NULL);
}

void read_lock(rwlock_t *lock)
{
	pthread_rwlock_rdlock(&lock->lock);
	fake_mmu_lock_held++;
}

void read_unlock(rwlock_t *lock)
{
	fake_mmu_lock_held--;
	pthread_rwlock_unlock(&lock->lock);
}

void write_lock(rwlock_t *lock)
{
	pthread_rwlock_wrlock(&lock->lock);
	fake_mmu_lock_held = -1;
}

void write_unlock(rwlock_t *lock)
{
	fake_mmu_lock_held = 0;
	pthread_rwlock_unlock(&lock->lock);
}

void cond_resched_rwlock_write(rwlock_t *lock)
{
	write_unlock(lock);
	write_lock(lock);
}

/* --- pages: first fit; 2 MiB folios above the small pages --- */

struct page fake_pages[MACHINE_PAGES];
char *fake_ram;
struct fake_cpu boot_cpu_data = { .x86_phys_bits = MACHINE_MAXPA };

static pthread_mutex_t pages_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long pages_in_use;
/* Let the n-th allocation from now fail; 0: none. */
static unsigned long fail_alloc;

static bool alloc_fails(void)
{
	return fail_alloc && !--fail_alloc;
}

/* No small page below this one is free. */
static unsigned long first_free = MACHINE_FIRST_PAGE;

struct page *alloc_page(gfp_t gfp)
{
	struct page *page = NULL;

	pthread_mutex_lock(&pages_lock);
	if (!alloc_fails()) {
		for (page = &fake_pages[first_free]; page->used;)
			page++;
		first_free = page - fake_pages + 1;
		page->used = true;
		__atomic_store_n(&page->refs, 1, __ATOMIC_SEQ_CST);
		pages_in_use++;
	}
	pthread_mutex_unlock(&pages_lock);
	return page;
}

static bool range_in_use(const struct page *page)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (page[i].used)
			return true;
	return false;
}

struct page *fake_alloc_2m(void)
{
	struct page *page = &fake_pages[MACHINE_FIRST_2M];

	pthread_mutex_lock(&pages_lock);
	while (range_in_use(page))
		page += 512;
	page->used = true;
	page->head_2m = true;
	__atomic_store_n(&page->refs, 1, __ATOMIC_SEQ_CST);
	pages_in_use++;
	pthread_mutex_unlock(&pages_lock);
	return page;
}

static struct page *page_head(struct page *page)
{
	struct page *head = &fake_pages[(page - fake_pages) & ~511UL];

	return head->head_2m ? head : page;
}

/* A folio of which nobody has a reference but its owner becomes 512 pages. */
static inline void fake_split_2m(struct page *head)
{
	unsigned int i;

	pthread_mutex_lock(&pages_lock);
	head->head_2m = false;
	for (i = 1; i < 512; i++) {
		head[i].used = true;
		__atomic_store_n(&head[i].refs, 1, __ATOMIC_SEQ_CST);
	}
	pages_in_use += 511;
	pthread_mutex_unlock(&pages_lock);
}

void get_page(struct page *page)
{
	int refs = __atomic_add_fetch(&page_head(page)->refs, 1, __ATOMIC_SEQ_CST);

	WARN_ON_ONCE(refs <= 1);
}

/* Whoever frees a page that the module has, has lost it. */
void put_page(struct page *page)
{
	int refs;

	page = page_head(page);
	refs = __atomic_sub_fetch(&page->refs, 1, __ATOMIC_SEQ_CST);
	WARN_ON_ONCE(refs < 0);
	if (refs)
		return;
	WARN_ON_ONCE(machine_page_type(page_to_phys(page)) != 0);
	pthread_mutex_lock(&pages_lock);
	page->used = false;
	if (!page->head_2m && page < &fake_pages[MACHINE_FIRST_2M])
		first_free = min((unsigned long)(page - fake_pages), first_free);
	pages_in_use--;
	pthread_mutex_unlock(&pages_lock);
}

void __free_page(struct page *page)
{
	put_page(page);
}

/* The mirror's own tables: the leak checker sees to them. */
void *kzalloc(size_t size, gfp_t gfp)
{
	bool fails;

	pthread_mutex_lock(&pages_lock);
	fails = alloc_fails();
	pthread_mutex_unlock(&pages_lock);
	return fails ? NULL : calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return (unsigned long)kzalloc(PAGE_SIZE, gfp);
}

void free_page(unsigned long va)
{
	free((void *)va);
}

/* --- dpamt.c's: which guest_memfd pages have metadata of their own --- */

static unsigned char has_metadata[MACHINE_PAGES + MACHINE_FIRST_2M];
static s64 nr_with_metadata;

/* One page stands for the pair; whoever asks for it has to give it back. */
int tdx_pamt_pair_alloc(struct tdx_pamt_pair *pair, gfp_t gfp)
{
	if (!pair->page[0])
		pair->page[0] = alloc_page(gfp);
	return pair->page[0] ? 0 : -ENOMEM;
}

void tdx_pamt_pair_free(struct tdx_pamt_pair *pair)
{
	if (pair->page[0])
		__free_page(pair->page[0]);
	pair->page[0] = NULL;
}

static void metadata_change(struct page *page, bool has)
{
	u64 pfn = page_to_pfn(page) - page_to_pfn(fake_pages);

	WARN_ON_ONCE(__atomic_exchange_n(&has_metadata[pfn], has,
					 __ATOMIC_ACQ_REL) == has);
	__atomic_add_fetch(&nr_with_metadata, has ? 1 : -1, __ATOMIC_RELAXED);
}

/* Each time the pair is wanted, as if it were the range's first. */
int tdx_pamt_get(struct page *page, struct tdx_pamt_pair *pair)
{
	WARN_ON_ONCE(!pair->page[0]);
	metadata_change(page, true);
	return 0;
}

void tdx_pamt_put(struct page *page)
{
	WARN_ON_ONCE(machine_page_type(page_to_phys(page)) != 0);
	metadata_change(page, false);
}

void tdx_pamt_split(struct page *page, struct tdx_pamt_pair *pair)
{
	unsigned int i;

	tdx_pamt_pair_free(pair);
	for (i = 0; i < 512; i++)
		metadata_change(page + i, true);
}

/* The host writes to a page: it must not be the module's any more. */
void tdx_clear_page(struct page *page)
{
	WARN_ON_ONCE(machine_page_type(page_to_phys(page)) != 0);
	memset(page_to_virt(page), 0, PAGE_SIZE);
}

void clflush_cache_range(void *addr, unsigned int size)
{
}

int pin_user_pages_fast(u64 addr, int nr, unsigned int flags, struct page **page)
{
	if (!addr)
		return -EFAULT;
	*page = alloc_page(0);
	if (!*page)
		return -ENOMEM;
	memcpy(page_to_virt(*page), (void *)addr, PAGE_SIZE);
	return 1;
}

void unpin_user_page(struct page *page)
{
	put_page(page);
}

/* --- guest_memfd, attributes, slots --- */

static struct kvm_memory_slot slot = {
	.npages = SLOT_PAGES,
	.has_gmem = true,
};

/* What guest_memfd's page cache holds; one reference each. */
static struct page *gmem[SLOT_PAGES];
static bool is_shared[SLOT_PAGES];
static bool gmem_gives_2m;
/* From there on it does so anyway, but for a folio of which a part has gone. */
static gfn_t gmem_first_2m = SLOT_PAGES;
/* What guest_memfd answers in place of a page, if not 0. */
static int gmem_error;
/* Runs once, when a fault has its page and not yet mmu_lock. */
static void (*gmem_race)(gfn_t gfn);
static pthread_mutex_t gmem_lock = PTHREAD_MUTEX_INITIALIZER;

bool kvm_mem_is_private(struct kvm *kvm, gfn_t gfn)
{
	return gfn < SLOT_PAGES && !READ_ONCE(is_shared[gfn]);
}

bool kvm_tdx_gfn_is_mixed(struct kvm_memory_slot *s, gfn_t gfn)
{
	unsigned int i, first = gfn & ~511UL, nr = 0;

	for (i = 0; i < 512; i++)
		nr += is_shared[first + i];
	return nr % 512;
}

struct kvm_memory_slot *gfn_to_memslot(struct kvm *kvm, gfn_t gfn)
{
	return gfn < SLOT_PAGES ? &slot : NULL;
}

/* Is there a page of the 2 MiB around @gfn? */
static inline bool gmem_has_some(gfn_t gfn)
{
	unsigned long i, first = gfn & ~511UL;

	for (i = 0; i < 512; i++)
		if (gmem[first + i])
			return true;
	return false;
}

static bool gmem_adds_2m(gfn_t gfn)
{
	return gmem_gives_2m || (gfn >= gmem_first_2m && !gmem_has_some(gfn));
}

static void gmem_fill(gfn_t gfn)
{
	unsigned long i, first = gfn & ~511UL;
	struct page *page;

	if (gmem[gfn])
		return;
	if (!gmem_adds_2m(gfn)) {
		gmem[gfn] = alloc_page(0);
		return;
	}
	page = fake_alloc_2m();
	for (i = 0; i < 512; i++) {
		if (!gmem[first + i])
			gmem[first + i] = page + i;
	}
}

int kvm_gmem_get_pfn(struct kvm *kvm, struct kvm_memory_slot *s, gfn_t gfn,
		     kvm_pfn_t *pfn, int *max_order)
{
	struct page *page;

	WARN_ON_ONCE(fake_mmu_lock_held);

	if (gmem_error)
		return gmem_error;
	pthread_mutex_lock(&gmem_lock);
	gmem_fill(gfn);
	page = gmem[gfn];
	if (page)
		get_page(page);
	pthread_mutex_unlock(&gmem_lock);
	if (!page)
		return -ENOMEM;
	*pfn = page_to_pfn(page);
	if (max_order)
		*max_order = gmem_gives_2m || page_head(page)->head_2m ? 9 : 0;
	if (gmem_race) {
		void (*race)(gfn_t gfn) = gmem_race;

		gmem_race = NULL;
		race(gfn);
	}
	return 0;
}

/* Asked with and without mmu_lock. */
bool mmu_invalidate_retry_gfn(struct kvm *kvm, unsigned long seq, gfn_t gfn)
{
	if (READ_ONCE(kvm->mmu_invalidate_in_progress) &&
	    gfn >= READ_ONCE(kvm->mmu_invalidate_range_start) &&
	    gfn < READ_ONCE(kvm->mmu_invalidate_range_end))
		return true;
	return READ_ONCE(kvm->mmu_invalidate_seq) != seq;
}

/* --- vCPUs --- */

static unsigned int kicks;

#ifndef FIXTURE_OWN_KICK
bool kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req)
{
	kicks++;
	machine_kick();
	return true;
}
#endif

void kvm_vm_dead(struct kvm *kvm)
{
	WRITE_ONCE(kvm->vm_dead, true);
}

bool tdx_has_interrupt(struct kvm_vcpu *vcpu)
{
	return false;
}

/* --- a TD in the state that a test wants --- */

static int give_back(u64 pa)
{
	struct page *page = pfn_to_page(pa >> PAGE_SHIFT);
	int ret = tdx_reclaim_page(tdx, page);

	if (!ret)
		__free_page(page);
	return ret;
}

static void set_state(enum td_state state)
{
	/* Pairs with smp_load_acquire() in td_state(). */
	smp_store_release(&tdx->state, state);
}

static struct page *control_page(u64 pa)
{
	struct page *page = pfn_to_page(pa >> PAGE_SHIFT);

	page->used = true;
	page->refs = 1;
	pages_in_use++;
	return page;
}

static void td_pages(const struct machine_td *m)
{
	static struct page *tdcs[MACHINE_TDCS];
	unsigned int i;

	tdx->td.tdr = control_page(m->tdr);
	tdx->td.tdcs = tdcs;
	tdx->td.nr_tdcs = MACHINE_TDCS;
	tdx->td.hkid = m->hkid;
	for (i = 0; i < MACHINE_TDCS; i++)
		tdcs[i] = control_page(m->tdcs[i]);
	for (i = 0; i < m->nr_vcpus * MACHINE_TDVPS; i++)
		control_page(m->tdvps[i / MACHINE_TDVPS][i % MACHINE_TDVPS]);
}

static void td_up(enum td_state state)
{
	unsigned int i;

	memset(tdx, 0, sizeof(*tdx));
	memset(vcpus, 0, sizeof(vcpus));
	memset(is_shared, 0, sizeof(is_shared));
	pthread_rwlock_init(&tdx->vmx.kvm.mmu_lock.lock, NULL);
	tdx->gpaw = 48;
	for (i = 0; i < NR_VCPUS; i++) {
		vcpus[i].vmx.vcpu.kvm = &tdx->vmx.kvm;
		vcpus[i].vmx.vcpu.vcpu_id = i;
		vcpus[i].state = TDX_VCPU_INITIALIZED;
	}
	gmem_gives_2m = false;
	gmem_error = 0;
	slot.base_gfn = 0;
	slot.npages = SLOT_PAGES;
	slot.flags = 0;
	fail_alloc = 0;
	fake_errors = 0;
	kicks = 0;

	memset(fake_pages, 0, sizeof(fake_pages));
	memset(gmem, 0, sizeof(gmem));
	pages_in_use = 0;
	first_free = MACHINE_FIRST_PAGE;
	fake_ram = machine_td_create(&machine);
	td_pages(&machine);
	check(!sept_init(tdx));
	set_state(TD_S_INITIALIZED);
	if (state == TD_S_RUNNABLE) {
		machine_td_finalize();
		set_state(TD_S_RUNNABLE);
	}
	machine_reset_calls();
}

static struct kvm_vcpu *vcpu(unsigned int i)
{
	return &vcpus[i].vmx.vcpu;
}

struct kvm_vcpu *kvm_get_vcpu(struct kvm *kvm, int i)
{
	return vcpu(i);
}

static s64 stat(enum sept_stat s)
{
	return atomic64_read(&tdx->sept.stats.count[s]);
}

static inline void zap(gfn_t start, gfn_t end)
{
	write_lock(&tdx->vmx.kvm.mmu_lock);
	sept_zap_range(tdx, start, end);
	WRITE_ONCE(tdx->vmx.kvm.mmu_invalidate_seq,
		   tdx->vmx.kvm.mmu_invalidate_seq + 1);
	write_unlock(&tdx->vmx.kvm.mmu_lock);
}

/* Punch a hole: zap, then let go of the pages. */
static void punch(gfn_t start, gfn_t end)
{
	gfn_t gfn;

	zap(start, end);
	for (gfn = start; gfn < end; gfn++) {
		struct page *page = gmem[gfn];

		gmem[gfn] = NULL;
		if (page && page == page_head(page))
			put_page(page);
	}
}

static inline int mapped(gfn_t gfn)
{
	int level;

	read_lock(&tdx->vmx.kvm.mmu_lock);
	level = sept_mapped_level(tdx, gfn << PAGE_SHIFT);
	read_unlock(&tdx->vmx.kvm.mmu_lock);
	return level;
}

static inline int fault(gfn_t gfn)
{
	return tdx_fault(vcpu(0), gfn << PAGE_SHIFT, 0, 0);
}

/*
 * Give everything back.  With @fail_nth >= 0 one RECLAIM fails; the page is
 * the module's for ever then, and so is the TDR.
 */
static void td_tear_down(int fail_nth)
{
	unsigned int i, lost = 0;

	if (td_state(tdx) != TD_S_KEYLESS) {
		sept_close(tdx);
		machine_td_free_key();
		set_state(TD_S_KEYLESS);
	}
	machine_reset_calls();
	if (fail_nth >= 0)
		machine_fail(LEAF_RECLAIM, 0xc000030000000001ULL, fail_nth, 1);

	punch(0, SLOT_PAGES);
	for (i = 0; i < NR_VCPUS; i++)
		sept_free_cache(vcpu(i));
	for (i = 0; i < machine.nr_vcpus * MACHINE_TDVPS; i++)
		lost += !!give_back(machine.tdvps[i / MACHINE_TDVPS][i % MACHINE_TDVPS]);
	sept_destroy(tdx);
	for (i = 0; i < MACHINE_TDCS; i++)
		lost += !!give_back(machine.tdcs[i]);
	lost += !!give_back(machine.tdr);
	check(fail_nth >= 0 || !lost);

	check(!stat(SEPT_STAT_PAGES_4K) && !stat(SEPT_STAT_PAGES_2M));
	check(!stat(SEPT_STAT_TABLES) && !stat(SEPT_STAT_HELD));
	expect(pages_in_use, stat(SEPT_STAT_LEAKED));
	/* A leaked page keeps its metadata, a small one of the guest's at least. */
	if (!stat(SEPT_STAT_LEAKED))
		expect(nr_with_metadata, 0);
	memset(has_metadata, 0, sizeof(has_metadata));
	nr_with_metadata = 0;
	check(!fake_warnings);
	fake_warnings = 0;
}

/* The end of every test, whatever it broke: all comes back but @leaked pages. */
static void td_down(s64 leaked)
{
	check(stat(SEPT_STAT_LEAKED) == leaked);
	td_tear_down(-1);
	check(stat(SEPT_STAT_LEAKED) == leaked);
}

#endif /* _MMU_FIXTURE_H */
