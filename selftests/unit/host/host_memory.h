/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for tdx_host.ko's memory: RAM on nodes, CMRs, what cannot be moved
 * away, and faults to order.  Behind fake_memory/fake.h and the SEAMCALLs of
 * bring-up, which the software module answers.
 */
#ifndef _HOST_MEMORY_H
#define _HOST_MEMORY_H

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "fake_memory/fake.h"
#include "host_check.h"
#include "host_module.h"

#define KIB	1024ULL
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)
#define TIB	(1024 * GIB)

#define MAX_PIECES	160
#define MAX_BLOCKS	256
/* Where SYS.CONFIG's operands lie: the module has to be able to read them. */
#define OPERANDS	(MODULE_RAM_BASE + 0x100000)

struct piece_of_ram {
	u64 start, end;
	int nid;
};

struct machine {
	const char *name;
	struct piece_of_ram ram[MAX_PIECES];
	unsigned int nr_ram;
	u64 cmr[32][2];		/* base, size */
	unsigned int nr_cmrs;
	struct piece_of_ram unmovable[16], huge[16];
	unsigned int nr_unmovable, nr_huge;
};

static struct machine *m;

/* Faults to order, each 0 for none: the nth fails, then all go well again. */
static unsigned int fail_alloc, fail_seamcall;
/* A kill arrives after so many tries to get contiguous memory; -1: never. */
static int kill_after = -1;
static bool killed;

static unsigned int allocs, seamcalls, contig_tries, objects;
static struct { unsigned long pfn, nr; } blocks[MAX_BLOCKS];
static unsigned int nr_blocks;
static struct notifier_block *notifier;
static char the_log[65536];
static char why_off[512];
static pthread_mutex_t machine_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- the log --- */

void fake_log(const char *fmt, ...)
{
	size_t len = strlen(the_log);
	va_list args;

	va_start(args, fmt);
	vsnprintf(the_log + len, sizeof(the_log) - len, fmt, args);
	va_end(args);
}

static inline bool logged(const char *text)
{
	return strstr(the_log, text);
}

/* --- slab --- */

static bool alloc_fails(void)
{
	allocs++;
	return fail_alloc && !--fail_alloc;
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	if (alloc_fails())
		return NULL;
	objects++;
	return calloc(n, size);
}

void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	if (alloc_fails())
		return NULL;
	objects += !p;
	return realloc(p, n * size);
}

void kfree(const void *p)
{
	objects -= !!p;
	free((void *)p);
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	if (alloc_fails())
		return NULL;
	objects++;
	memset(module_va(OPERANDS), 0, size);
	return module_va(OPERANDS);
}

void free_pages_exact(void *p, size_t size)
{
	objects--;
}

u64 virt_to_phys(const void *p)
{
	return module_pa(p);
}

/* --- pages: a struct page is its number --- */

static unsigned long pfn_of(const struct page *page)
{
	return (unsigned long)page;
}

struct page *pfn_to_page(unsigned long pfn)
{
	return (struct page *)pfn;
}

u64 page_to_phys(const struct page *page)
{
	return PFN_PHYS(pfn_of(page));
}

static const struct piece_of_ram *find_piece(const struct piece_of_ram *list,
					     unsigned int nr, u64 addr)
{
	static __thread const struct piece_of_ram *last;
	unsigned int i;

	if (list == m->ram && last >= list && last < list + nr &&
	    addr >= last->start && addr < last->end)
		return last;
	for (i = 0; i < nr; i++) {
		if (addr < list[i].start || addr >= list[i].end)
			continue;
		if (list == m->ram)
			last = &list[i];
		return &list[i];
	}
	return NULL;
}

struct page *pfn_to_online_page(unsigned long pfn)
{
	return find_piece(m->ram, m->nr_ram, PFN_PHYS(pfn)) ? pfn_to_page(pfn) : NULL;
}

int page_to_nid(const struct page *page)
{
	return find_piece(m->ram, m->nr_ram, page_to_phys(page))->nid;
}

enum zone_type page_zonenum(const struct page *page)
{
	u64 addr = page_to_phys(page);

	return addr < 16 * MIB ? ZONE_DMA : addr < 4 * GIB ? ZONE_DMA32 : ZONE_NORMAL;
}

bool PageReserved(const struct page *page)
{
	return false;
}

bool PageHuge(const struct page *page)
{
	return find_piece(m->huge, m->nr_huge, page_to_phys(page));
}

static bool pieces_meet(const struct piece_of_ram *list, unsigned int nr, u64 start,
			u64 end)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (start < list[i].end && end > list[i].start)
			return true;
	}
	return false;
}

static bool blocks_meet(unsigned long start, unsigned long end)
{
	unsigned int i;

	for (i = 0; i < nr_blocks; i++) {
		if (start < blocks[i].pfn + blocks[i].nr && end > blocks[i].pfn)
			return true;
	}
	return false;
}

int alloc_contig_range(unsigned long start, unsigned long end, int type, gfp_t gfp)
{
	const struct piece_of_ram *piece = find_piece(m->ram, m->nr_ram, PFN_PHYS(start));
	const struct piece_of_ram *next;

	contig_tries++;
	if (kill_after >= 0 && !kill_after--)
		killed = true;
	if (killed)
		return -EINTR;
	/* It would warn, or worse, about anything that spans nodes or holes. */
	for (next = piece; next && PFN_PHYS(end) > next->end && next->nid == piece->nid;)
		next = find_piece(m->ram, m->nr_ram, next->end);
	check(piece && next && next->nid == piece->nid);
	if (alloc_fails())
		return -ENOMEM;
	if (blocks_meet(start, end) ||
	    pieces_meet(m->huge, m->nr_huge, PFN_PHYS(start), PFN_PHYS(end)) ||
	    pieces_meet(m->unmovable, m->nr_unmovable, PFN_PHYS(start), PFN_PHYS(end)))
		return -EBUSY;
	check(nr_blocks < MAX_BLOCKS);
	blocks[nr_blocks].pfn = start;
	blocks[nr_blocks++].nr = end - start;
	return 0;
}

void free_contig_range(unsigned long pfn, unsigned long nr)
{
	unsigned int i;

	for (i = 0; i < nr_blocks; i++) {
		if (blocks[i].pfn == pfn && blocks[i].nr == nr) {
			blocks[i] = blocks[--nr_blocks];
			return;
		}
	}
	check(!"a block that was not allocated");
}

/* --- nodes: one hop costs 10 --- */

int fake_nr_nodes(void)
{
	unsigned int i;
	int most = 0;

	for (i = 0; i < m->nr_ram; i++)
		most = m->ram[i].nid > most ? m->ram[i].nid : most;
	return most + 1;
}

int node_distance(int a, int b)
{
	return 10 + 10 * abs(a - b);
}

int numa_node_id(void)
{
	return 0;
}

/* --- resources, hotplug --- */

int walk_iomem_res_desc(unsigned long desc, unsigned long flags, u64 start, u64 end,
			void *arg, int (*fn)(struct resource *, void *))
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < m->nr_ram; i++) {
		struct resource res = { m->ram[i].start, m->ram[i].end - 1 };

		ret = fn(&res, arg);
	}
	return ret;
}

int register_memory_notifier(struct notifier_block *nb)
{
	if (alloc_fails())
		return -ENOMEM;
	check(!notifier);
	notifier = nb;
	return 0;
}

void unregister_memory_notifier(struct notifier_block *nb)
{
	check(notifier == nb);
	notifier = NULL;
}

/* --- the scheduler: ten seconds pass at every look --- */

static unsigned long ticks;

unsigned long fake_jiffies(void)
{
	return ticks += HZ;
}

bool fatal_signal_pending(int task)
{
	return killed;
}

static pthread_cond_t completed = PTHREAD_COND_INITIALIZER;
/* How often a wait for a completion ends too early, and whether by a kill. */
static unsigned int early_wakeups;
static bool kill_waiter;

void init_completion(struct completion *c)
{
	c->done = 0;
}

void complete(struct completion *c)
{
	pthread_mutex_lock(&machine_lock);
	c->done = 1;
	pthread_cond_broadcast(&completed);
	pthread_mutex_unlock(&machine_lock);
}

void wait_for_completion(struct completion *c)
{
	pthread_mutex_lock(&machine_lock);
	while (!c->done)
		pthread_cond_wait(&completed, &machine_lock);
	pthread_mutex_unlock(&machine_lock);
}

long wait_for_completion_killable_timeout(struct completion *c, long timeout)
{
	if (early_wakeups) {
		early_wakeups--;
		return kill_waiter ? -512 : 0;
	}
	wait_for_completion(c);
	return timeout;
}

struct workqueue_struct {
	pthread_t thread[MAX_BLOCKS];
	unsigned int nr;
};

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max)
{
	check(flags & WQ_UNBOUND);
	return kvcalloc(1, sizeof(struct workqueue_struct), 0);
}

static void *run_work(void *arg)
{
	struct work_struct *work = arg;

	work->fn(work);
	return NULL;
}

static int last_work_node;

bool queue_work_node(int node, struct workqueue_struct *wq, struct work_struct *work)
{
	last_work_node = node;
	check(!pthread_create(&wq->thread[wq->nr++], NULL, run_work, work));
	return true;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	while (wq->nr--)
		pthread_join(wq->thread[wq->nr], NULL);
	kfree(wq);
}

/* --- the code --- */

#undef EXPORT_SYMBOL_GPL
#include "../../../arch/x86/virt/vmx/tdx/status.c"
#include "../../../arch/x86/virt/vmx/tdx/ranges.c"
#include "../../../arch/x86/virt/vmx/tdx/node.c"
#include "../../../arch/x86/virt/vmx/tdx/cmr.c"
#include "../../../arch/x86/virt/vmx/tdx/ram.c"
#include "../../../arch/x86/virt/vmx/tdx/tdmr.c"
#include "../../../arch/x86/virt/vmx/tdx/pamt.c"
#include "../../../arch/x86/virt/vmx/tdx/tdmr_info.c"
#include "../../../arch/x86/virt/vmx/tdx/tdmr_init.c"
#include "../../../arch/x86/virt/vmx/tdx/memory.c"

/* dpamt.c's; host_dpamt_test has that file. */
static bool dynamic;

bool tdx_pamt_wants_dynamic(const struct tdx_sys_info *info)
{
	return info->pamt_bitmap_bits;
}

int tdx_pamt_start(u64 end)
{
	dynamic = !alloc_fails();
	return dynamic ? 0 : -ENOMEM;
}

void tdx_pamt_stop(void)
{
	dynamic = false;
}

bool tdx_pamt_is_dynamic(void)
{
	return dynamic;
}

/* pamt_clear.c's; host_release_test has that file. */
static unsigned int pamts_cleared, blocks_at_clear;

void tdx_pamt_clear(const struct tdmr *tdmrs, unsigned int nr)
{
	pamts_cleared++;
	blocks_at_clear = nr_blocks;
}

/* --- why.c, and the SEAMCALLs of bring-up --- */

int tdx_off(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why_off, sizeof(why_off), fmt, args);
	va_end(args);
	return err;
}

int tdx_off_status(const char *leaf, u64 status, const char *advice)
{
	char text[TDX_STATUS_TEXT_MAX];

	tdx_status_describe(text, sizeof(text), status);
	return tdx_off(-EIO, "TDH.%s failed with %s; %s", leaf, text, advice);
}

u16 tdx_global_keyid(void)
{
	return 32;
}

#define FAULT_STATUS	(TDX_OPERAND_INVALID | 8)

static bool seamcall_fails(void)
{
	__atomic_add_fetch(&seamcalls, 1, __ATOMIC_SEQ_CST);
	return fail_seamcall && !__atomic_sub_fetch(&fail_seamcall, 1, __ATOMIC_SEQ_CST);
}

u64 tdh_sys_rd(u64 field, u64 *data)
{
	u64 rcx = 0, r8 = 0, status;

	*data = 0;
	if (seamcall_fails())
		return FAULT_STATUS;
	status = module_call(34, &rcx, &field, &r8);
	*data = r8;
	return status;
}

u64 tdh_sys_config(u64 array_pa, unsigned int nr, u16 hkid, bool dynamic_pamt)
{
	u64 rcx = array_pa, rdx = nr, r8 = hkid | (u64)dynamic_pamt << 16;

	if (seamcall_fails())
		return FAULT_STATUS;
	return module_call(45, &rcx, &rdx, &r8);
}

static u64 module_tdmr_init(u64 base, u64 *next)
{
	u64 rcx = base, rdx = 0, r8 = 0, status;

	if (seamcall_fails())
		return FAULT_STATUS;
	status = module_call(36, &rcx, &rdx, &r8);
	*next = rdx;
	return status;
}

/* A test may have one of its own. */
static u64 (*tdmr_init_leaf)(u64 base, u64 *next) = module_tdmr_init;

u64 tdh_sys_tdmr_init(u64 base, u64 *next)
{
	return tdmr_init_leaf(base, next);
}

/* --- what tests do with it --- */

/* A test may set .pamt_bitmap_bits: its module has dynamic PAMT. */
static struct tdx_sys_info sys_info = {
	.max_tdmrs = 64,
	.max_reserved_per_tdmr = 16,
	.pamt_entry_size = { 16, 16, 16 },
};

static void add_ram_on(struct machine *to, u64 start, u64 end, int nid)
{
	to->ram[to->nr_ram++] = (struct piece_of_ram){ start, end, nid };
}

static void add_cmr(struct machine *to, u64 start, u64 end)
{
	to->cmr[to->nr_cmrs][0] = start;
	to->cmr[to->nr_cmrs++][1] = end - start;
}

/* The machine boots, and the module with it. */
static void boot(struct machine *machine)
{
	m = machine;
	module_start(m->cmr, m->nr_cmrs);
	fail_alloc = 0;
	fail_seamcall = 0;
	kill_after = -1;
	killed = false;
	early_wakeups = 0;
	kill_waiter = false;
	allocs = 0;
	seamcalls = 0;
	contig_tries = 0;
	tdmr_init_leaf = module_tdmr_init;
	the_log[0] = 0;
	why_off[0] = 0;
}

/* What bring-up does with memory, and what it does when that fails. */
static inline int bring_up(void)
{
	int ret = tdx_memory_plan(&sys_info);

	if (!ret)
		ret = tdx_memory_configure();
	if (!ret && module_ready_for_tdmr_init())
		ret = -EIO;
	if (!ret)
		ret = tdx_memory_init();
	return ret;
}

static void check_nothing_left(void)
{
	check(!objects);
	check(!nr_blocks);
	check(!notifier);
}

#endif /* _HOST_MEMORY_H */
