/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as the private MMU sees it.  Locks are real, so that threads can
 * meet on them, and know who holds them, so that assertions can fail.
 */
#ifndef _FAKE_KVM_H
#define _FAKE_KVM_H

#include <errno.h>
#include <linux/kvm.h>
#include <linux/types.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "portable.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef u64 gfn_t;
typedef u64 gpa_t;
typedef u64 hpa_t;
typedef u64 kvm_pfn_t;
typedef unsigned int gfp_t;
typedef unsigned long pgoff_t;

#define __user
#define noinstr
#define __acquires(lock)
#define __releases(lock)
#define KBUILD_MODNAME		"unit"
#define static_assert		_Static_assert
#define __init

#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL
#define PMD_SHIFT		21
#define SZ_64M			(64UL << 20)
#define SZ_128M			(128UL << 20)
#define SZ_4G			(4UL << 30)
#define BIT(n)			(1UL << (n))
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define PAGE_ALIGNED(x)		(!((x) & (PAGE_SIZE - 1)))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define likely(x)		(x)
#define unlikely(x)		(x)
#define u64_to_user_ptr(x)	((void *)(unsigned long)(x))
#define fallthrough		__attribute__((fallthrough))

/* --- memory model and counters --- */

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
/* What it reads is atomic here. */
#define data_race(expr)		(expr)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_store_mb(x, v)	__atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)
/* The thread sanitizer knows no fences; what they order is atomic here. */
#define smp_rmb()		asm volatile("" : : : "memory")
#define smp_mb()		asm volatile("mfence" : : : "memory")
#define cpu_relax()		fake_relax()

static inline bool try_cmpxchg64(u64 *p, u64 *old, u64 new)
{
	return __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cmpxchg(p, old, new)	__sync_val_compare_and_swap(p, old, new)

typedef struct {
	s64 v;
} atomic64_t;

static inline void atomic64_add(s64 n, atomic64_t *a)
{
	__atomic_add_fetch(&a->v, n, __ATOMIC_SEQ_CST);
}

static inline void atomic64_inc(atomic64_t *a)
{
	atomic64_add(1, a);
}

static inline s64 atomic64_read(const atomic64_t *a)
{
	return __atomic_load_n(&a->v, __ATOMIC_SEQ_CST);
}

/* --- messages: a test asks how many there were --- */

extern unsigned int fake_warnings, fake_errors;
extern bool fake_quiet;

static inline bool fake_warn(bool bad, const char *file, int line)
{
	if (bad) {
		printf("%s:%d: warning\n", file, line);
		fake_warnings++;
	}
	return bad;
}

#define WARN_ON_ONCE(x)		fake_warn(!!(x), __FILE__, __LINE__)
#define pr_err(fmt, ...)	((void)(fake_quiet || printf("# " fmt, ##__VA_ARGS__)), \
				 (void)fake_errors++)
#define pr_warn_ratelimited	pr_err
#define might_sleep()		fake_might_sleep()
#define cond_resched()		do { fake_might_sleep(); fake_relax(); } while (0)
void fake_might_sleep(void);
/* Whoever this thread waits for may need its CPU. */
void fake_relax(void);

/* --- locks --- */

typedef struct {
	pthread_rwlock_t lock;
	/* The holders' own view. */
	int writer;
} rwlock_t;

/* Held by this thread: +1 read, -1 write.  One rwlock is enough. */
extern __thread int fake_mmu_lock_held;

void read_lock(rwlock_t *lock);
void read_unlock(rwlock_t *lock);
void write_lock(rwlock_t *lock);
void write_unlock(rwlock_t *lock);
void cond_resched_rwlock_write(rwlock_t *lock);

#define lockdep_assert_held(l)		((void)(l))
#define lockdep_assert_held_read(l)	WARN_ON_ONCE(((void)(l), fake_mmu_lock_held <= 0))
#define lockdep_assert_held_write(l)	WARN_ON_ONCE(((void)(l), fake_mmu_lock_held >= 0))

struct mutex {
	int unused;
};

typedef struct {
	int held;
} spinlock_t;

/* Nobody meets on these. */
#define spin_lock(l)		WARN_ON_ONCE((l)->held++)
#define spin_unlock(l)		WARN_ON_ONCE(!(l)->held--)
#define atomic_read(v)		READ_ONCE(*(v))

struct list_head {
	struct list_head *next, *prev;
};

/* --- pages --- */

struct page {
	int refs;
	bool used, head_2m;
};

#define FAKE_BASE		(1ULL << 30)
extern struct page fake_pages[];
extern char *fake_ram;

#define GFP_KERNEL_ACCOUNT	1u
#define GFP_ATOMIC		2u
#define __GFP_ACCOUNT		4u
#define __GFP_NOWARN		8u

static inline u64 page_to_pfn(const struct page *page)
{
	return (FAKE_BASE >> PAGE_SHIFT) + (page - fake_pages);
}

static inline u64 page_to_phys(const struct page *page)
{
	return page_to_pfn(page) << PAGE_SHIFT;
}

static inline struct page *pfn_to_page(u64 pfn)
{
	return &fake_pages[pfn - (FAKE_BASE >> PAGE_SHIFT)];
}

static inline void *page_to_virt(const struct page *page)
{
	return fake_ram + (page - fake_pages) * PAGE_SIZE;
}

struct page *alloc_page(gfp_t gfp);
struct page *fake_alloc_2m(void);
void __free_page(struct page *page);

/* tdx_host.ko's, on a machine that can make all of its RAM private. */
static inline struct page *tdx_alloc_page(gfp_t gfp)
{
	return alloc_page(gfp);
}

#define tdx_free_page(page)	__free_page(page)

unsigned long get_zeroed_page(gfp_t gfp);
void free_page(unsigned long va);
void *kzalloc(size_t size, gfp_t gfp);
void kfree(void *p);
void get_page(struct page *page);
void put_page(struct page *page);
void clflush_cache_range(void *addr, unsigned int size);

extern struct fake_cpu {
	u8 x86_phys_bits;
} boot_cpu_data;

struct tdx_module_args {
	u64 rcx, rdx, r8, r9, r10, r11;
	u64 r12, r13, r14, r15, rbx, rdi, rsi;
};

/* --- user memory --- */

#define copy_from_user(to, from, n)	(memcpy(to, from, n), 0)
#define copy_to_user(to, from, n)	(memcpy(to, from, n), 0)
int pin_user_pages_fast(u64 addr, int nr, unsigned int flags, struct page **page);
void unpin_user_page(struct page *page);

/* --- tracing: nobody listens --- */

#define TRACE_EVENT(...)
#define TRACE_DEFINE_ENUM(...)
#define trace_tdx_fault(...)		((void)0)
#define trace_tdx_sept_step(...)	((void)0)
#define trace_tdx_zap_batch(...)	((void)0)
#define trace_tdx_retry(...)		((void)0)
#define trace_tdx_seamcall(...)		((void)0)

/* --- debugfs: a file is what its functions print --- */

struct seq_file {
	void *private;
	FILE *out;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *index);
	void *(*next)(struct seq_file *m, void *v, loff_t *index);
	void (*stop)(struct seq_file *m, void *v);
	int (*show)(struct seq_file *m, void *v);
};

struct file;

struct inode {
	void *i_private;
};

struct file_operations {
	int owner, read, llseek, release;
	int (*open)(struct inode *inode, struct file *file);
};

struct dentry;
struct folio;
struct address_space;
#define THIS_MODULE		1
#define seq_read		1
#define seq_lseek		1
#define seq_release_private	1
void *__seq_open_private(struct file *file, const struct seq_operations *ops,
			 int size);
#define seq_printf(m, ...)	((void)fprintf((m)->out, __VA_ARGS__))
#define DEFINE_SHOW_ATTRIBUTE(name)					\
	static int (*name##_fops)(struct seq_file *, void *) = name##_show
#define IS_ERR_OR_NULL(p)	(!(p))
#define debugfs_create_file(name, mode, dir, data, fops)		\
	((void)(data), (void)(fops))

/* --- statistics: user space's struct has a name of no size --- */

#define kvm_stats_desc		fake_stats_desc

struct kvm_stats_desc {
	u32 flags;
	s16 exponent;
	u16 size;
	u32 offset;
	u32 bucket_size;
	char name[48];
};

/* --- KVM --- */

#define KVM_MEMSLOT_INVALID		(1UL << 16)
#define KVM_REQ_OUTSIDE_GUEST_MODE	0
#define CPUID_MAX			1

#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT		39
#define KVM_MEMORY_EXIT_FLAG_PRIVATE	(1ULL << 3)
#endif

struct kvm_memory_slot {
	gfn_t base_gfn;
	unsigned long npages;
	u32 flags;
	bool has_gmem;
};

struct kvm_vcpu;

struct kvm {
	unsigned int online_vcpus;
	rwlock_t mmu_lock;
	struct mutex lock, slots_lock;
	unsigned long mmu_invalidate_seq;
	int mmu_invalidate_in_progress;
	gfn_t mmu_invalidate_range_start, mmu_invalidate_range_end;
	bool vm_dead;
	struct {
		u8 vm_type;
	} arch;
	struct dentry *debugfs_dentry;
};

/* A root of the shared half, for shared.c. */
struct kvm_mmu {
	struct {
		hpa_t hpa;
	} root;
	struct {
		unsigned int level;
	} root_role;
};

struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
	struct mutex mutex;
	bool request;
	struct {
		unsigned int nmi_pending;
		struct kvm_mmu root_mmu, *mmu;
	} arch;
	struct {
		u32 exit_reason;
		u64 gpa;
		u64 size;
	} fault_exit;
};

struct kvm_vcpu *kvm_get_vcpu(struct kvm *kvm, int i);
#define kvm_for_each_vcpu(i, vcpu, kvm)					\
	for ((i) = 0; (i) < (kvm)->online_vcpus &&			\
	     ((vcpu) = kvm_get_vcpu(kvm, i)); (i)++)

struct kvm_vmx {
	struct kvm kvm;
};

struct vcpu_vmx {
	struct kvm_vcpu vcpu;
};

struct kvm_gfn_range;
struct kvm_x86_ops;
struct msr_data;
typedef int fastpath_t;

#ifndef KVM_PRE_FAULT_MEMORY
struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#endif

static inline bool kvm_slot_can_be_private(const struct kvm_memory_slot *slot)
{
	return slot && slot->has_gmem;
}

static inline void kvm_prepare_memory_fault_exit(struct kvm_vcpu *vcpu, gpa_t gpa,
						 gpa_t size, bool is_write,
						 bool is_exec, bool is_private)
{
	vcpu->fault_exit.exit_reason = KVM_EXIT_MEMORY_FAULT;
	vcpu->fault_exit.gpa = gpa;
	vcpu->fault_exit.size = size;
}

bool kvm_mem_is_private(struct kvm *kvm, gfn_t gfn);
struct kvm_memory_slot *gfn_to_memslot(struct kvm *kvm, gfn_t gfn);
int kvm_gmem_get_pfn(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn,
		     kvm_pfn_t *pfn, int *max_order);
bool mmu_invalidate_retry_gfn(struct kvm *kvm, unsigned long seq, gfn_t gfn);
#define mmu_invalidate_retry_gfn_unsafe mmu_invalidate_retry_gfn
bool kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req);
void kvm_vm_dead(struct kvm *kvm);

extern struct task_struct {
	bool signal;
} *current;
#define signal_pending(task)		((task)->signal)
/* One flag for all that end a fault. */
#define KVM_REQ_NMI			1
#define KVM_REQ_UNBLOCK			2
#define kvm_test_request(req, vcpu)	((void)(req), (vcpu)->request)
#define kvm_vcpu_srcu_read_lock(vcpu)	((void)(vcpu))
#define kvm_vcpu_srcu_read_unlock(vcpu)	((void)(vcpu))

/* A thread stands for a CPU. */
#define DECLARE_PER_CPU(type, name)	extern __thread type name
#define this_cpu_write(name, val)	((name) = (val))
#define preempt_disable()		((void)0)
#define preempt_enable()		((void)0)

#endif /* _FAKE_KVM_H */
