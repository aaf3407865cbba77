/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's memory management as tdx_host.ko sees it; see README.md. */
#ifndef _FAKE_MEMORY_H
#define _FAKE_MEMORY_H

#include <assert.h>
#include <errno.h>
#include <linux/types.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef unsigned int gfp_t;

#define __printf(a, b)		__attribute__((format(printf, a, b)))
#undef __aligned
#define __aligned(n)		__attribute__((aligned(n)))
#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val)	(*(volatile typeof(x) *)&(x) = (val))
#define smp_mb()		__sync_synchronize()
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define container_of(ptr, type, member)	\
	((type *)((char *)(ptr) - offsetof(type, member)))
#define struct_size(p, member, n)	\
	(sizeof(*(p)) + sizeof((p)->member[0]) * (n))
#define min_t(type, a, b)	\
	({ type _x = (a), _y = (b); _x < _y ? _x : _y; })
#define max_t(type, a, b)	\
	({ type _x = (a), _y = (b); _x > _y ? _x : _y; })
#define clamp(v, lo, hi)	\
	({ typeof(v) _v = (v); _v < (lo) ? (lo) : _v > (hi) ? (hi) : _v; })

#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(a)		(((a) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGES_PER_SECTION	(1UL << 15)
#define DIV_ROUND_UP(a, n)	(((a) + (n) - 1) / (n))
#define ALIGN(a, n)		(((a) + (n) - 1) & ~((typeof(a))(n) - 1))
#define ALIGN_DOWN(a, n)	((a) & ~((typeof(a))(n) - 1))
#define PFN_DOWN(a)		((unsigned long)((a) >> PAGE_SHIFT))
#define PFN_UP(a)		((unsigned long)(((a) + PAGE_SIZE - 1) >> PAGE_SHIFT))
#define PHYS_PFN(a)		((unsigned long)((u64)(a) >> PAGE_SHIFT))
#define PFN_PHYS(pfn)		((u64)(pfn) << PAGE_SHIFT)
#define SZ_1K			0x400
#define SZ_1M			0x100000
#define SZ_2M			0x200000
#define SZ_1G			0x40000000

/* --- module parameters, the CPU --- */
#define module_param(name, type, mode)	static_assert(1, "")
#define MODULE_PARM_DESC(name, text)	static_assert(1, "")
extern struct fake_cpu {
	u8 x86_phys_bits;
} boot_cpu_data;

/* --- the log --- */
__printf(1, 2) void fake_log(const char *fmt, ...);
#define pr_info(...)		fake_log(__VA_ARGS__)
#define pr_warn(...)		fake_log(__VA_ARGS__)
#define pr_err(...)		fake_log(__VA_ARGS__)
#define pr_warn_ratelimited(...)	fake_log(__VA_ARGS__)

/* --- slab --- */
#define GFP_KERNEL		1U
#define __GFP_ZERO		2U
#define __GFP_NOWARN		4U
#define __GFP_THISNODE		8U
void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp);
void *kvcalloc(size_t n, size_t size, gfp_t gfp);
void kfree(const void *p);
#define kvzalloc(size, gfp)	kvcalloc(1, size, gfp)
#define kvfree(p)		kfree(p)
void *alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *p, size_t size);
u64 virt_to_phys(const void *p);

/* --- pages --- */
struct page;
enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE };
#define MIGRATE_MOVABLE		1
struct page *pfn_to_online_page(unsigned long pfn);
struct page *pfn_to_page(unsigned long pfn);
void __free_page(struct page *page);
u64 page_to_phys(const struct page *page);
int page_to_nid(const struct page *page);
enum zone_type page_zonenum(const struct page *page);
bool PageReserved(const struct page *page);
bool PageHuge(const struct page *page);
int alloc_contig_range(unsigned long start, unsigned long end, int type, gfp_t gfp);
void free_contig_range(unsigned long pfn, unsigned long nr);

struct folio;
struct folio *page_folio(struct page *page);
void clear_highpage(struct page *page);
#define gfpflags_allow_blocking(gfp)	((gfp) & GFP_KERNEL)

/* --- locks --- */
#define DEFINE_SPINLOCK(name)		int name
#define DEFINE_MUTEX(name)		int name
#define spin_lock_irqsave(lock, flags)	((flags) = (*(lock))++)
#define spin_unlock_irqrestore(lock, flags)	(*(lock) = (flags))
#define mutex_lock(lock)		((*(lock))++)
#define mutex_unlock(lock)		((*(lock))--)
#define lockdep_assert_held(lock)	assert(__atomic_load_n(lock, __ATOMIC_RELAXED))

/* For code that runs in several threads. */
typedef int spinlock_t;
#define spin_lock_init(lock)	__atomic_store_n(lock, 0, __ATOMIC_RELEASE)
#define spin_lock(lock)							\
	do {								\
		sched_yield();						\
	} while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
#define spin_unlock(lock)	__atomic_store_n(lock, 0, __ATOMIC_RELEASE)
#define cpu_relax()		((void)0)

/* --- nodes --- */
#define NUMA_NO_NODE		(-1)
#define MAX_NUMNODES		64
#define N_MEMORY		0
#define first_memory_node	0
#define for_each_node_state(node, state)	\
	for ((node) = 0; (node) < fake_nr_nodes(); (node)++)
typedef struct { u64 bits; } nodemask_t;
#define nodes_clear(mask)	((mask).bits = 0)
#define node_set(node, mask)	((mask).bits |= 1ULL << (node))
#define node_isset(node, mask)	((mask).bits >> (node) & 1)
int fake_nr_nodes(void);
int node_distance(int a, int b);
int numa_node_id(void);

/* --- what resources and hotplug say --- */
struct resource {
	u64 start, end;
};

#define IORES_DESC_NONE		0
#define IORESOURCE_SYSTEM_RAM	1UL
#define IORESOURCE_BUSY		2UL
int walk_iomem_res_desc(unsigned long desc, unsigned long flags, u64 start, u64 end,
			void *arg, int (*fn)(struct resource *, void *));

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *data);
};

struct memory_notify {
	unsigned long start_pfn, nr_pages;
};

#define MEM_GOING_ONLINE	8
#define NOTIFY_OK		1
#define NOTIFY_BAD		0x8002
int register_memory_notifier(struct notifier_block *nb);
void unregister_memory_notifier(struct notifier_block *nb);

/* --- the scheduler, signals, time --- */
#define current			0
#define HZ			100
#define jiffies			fake_jiffies()
#define time_before(a, b)	((long)((a) - (b)) < 0)
#define cond_resched()		((void)0)
unsigned long fake_jiffies(void);
bool fatal_signal_pending(int task);

/* --- atomics, completions, workqueues --- */
typedef struct { int v; } atomic_t;
typedef struct { __s64 v; } atomic64_t;
#define atomic_set(a, val)	__atomic_store_n(&(a)->v, val, __ATOMIC_SEQ_CST)
#define atomic_xchg(a, val)	__atomic_exchange_n(&(a)->v, val, __ATOMIC_SEQ_CST)
#define atomic_dec_and_test(a)	(!__atomic_sub_fetch(&(a)->v, 1, __ATOMIC_SEQ_CST))
#define atomic64_add(n, a)	__atomic_add_fetch(&(a)->v, n, __ATOMIC_SEQ_CST)
#define atomic64_read(a)	__atomic_load_n(&(a)->v, __ATOMIC_SEQ_CST)

#define WARN_ON_ONCE(condition)	assert(!(condition))

#define atomic_read(a)		__atomic_load_n(&(a)->v, __ATOMIC_RELAXED)
#define atomic_set_release(a, val)	__atomic_store_n(&(a)->v, val, __ATOMIC_RELEASE)

static inline bool atomic_add_unless(atomic_t *a, int n, int unless)
{
	int old = __atomic_load_n(&a->v, __ATOMIC_SEQ_CST);

	do {
		if (old == unless)
			return false;
	} while (!__atomic_compare_exchange_n(&a->v, &old, old + n, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

#define atomic_inc_not_zero(a)	atomic_add_unless(a, 1, 0)

typedef struct { long v; } atomic_long_t;
#define atomic_long_inc(a)	__atomic_add_fetch(&(a)->v, 1, __ATOMIC_SEQ_CST)
#define atomic_long_dec(a)	__atomic_sub_fetch(&(a)->v, 1, __ATOMIC_SEQ_CST)
#define atomic_long_read(a)	__atomic_load_n(&(a)->v, __ATOMIC_SEQ_CST)
#define atomic_long_set(a, val)	__atomic_store_n(&(a)->v, val, __ATOMIC_SEQ_CST)

struct completion {
	int done;
};

void init_completion(struct completion *c);
void complete(struct completion *c);
void wait_for_completion(struct completion *c);
long wait_for_completion_killable_timeout(struct completion *c, long timeout);

struct workqueue_struct;
struct work_struct {
	void (*fn)(struct work_struct *work);
};

#define WQ_UNBOUND		2
#define INIT_WORK(work, function)	((work)->fn = (function))
struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max);
void destroy_workqueue(struct workqueue_struct *wq);
bool queue_work_node(int node, struct workqueue_struct *wq, struct work_struct *work);

/* --- lists --- */
struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }
#define list_first_entry(head, type, member)	\
	container_of((head)->next, type, member)

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_add(struct list_head *item, struct list_head *head)
{
	item->next = head->next;
	item->prev = head;
	head->next->prev = item;
	head->next = item;
}

static inline void list_del(struct list_head *item)
{
	item->next->prev = item->prev;
	item->prev->next = item->next;
}

/* SEAMCALLs are made by functions of the test. */
struct tdx_module_args {
	u64 rcx, rdx, r8;
};

#endif /* _FAKE_MEMORY_H */
