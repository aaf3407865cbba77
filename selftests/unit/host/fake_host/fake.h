/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages with made-up addresses, and a record of what was flushed. */
#ifndef _FAKE_HOST_H
#define _FAKE_HOST_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef unsigned int gfp_t;

#define PAGE_SIZE		4096UL
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define noinstr

struct page {
	int unused;
};

/* The page at index i is at FAKE_BASE + i pages. */
#define FAKE_BASE		0x123400000ULL
extern struct page fake_pages[];

static inline u64 page_to_phys(const struct page *page)
{
	return FAKE_BASE + (page - fake_pages) * PAGE_SIZE;
}

static inline void *page_to_virt(const struct page *page)
{
	return (void *)(unsigned long)page_to_phys(page);
}

void clflush_cache_range(void *addr, unsigned int size);

extern struct fake_cpu {
	u8 x86_phys_bits;
	u32 x86_vfm;
} boot_cpu_data;

struct tdx_module_args {
	u64 rcx, rdx, r8, r9, r10, r11;
	u64 r12, r13, r14, r15, rbx, rdi, rsi;
};

/* One CPU, unless the test has a kernel with more. */
#ifndef _FAKE_KERNEL_H
#define DECLARE_PER_CPU(type, name)	extern type name
#define this_cpu_write(name, val)	((name) = (val))
#define preempt_disable()		((void)0)
#define preempt_enable()		((void)0)
#endif

/* Tracing: the event becomes a function of the test. */
#define TRACE_EVENT(...)
void trace_tdx_seamcall(u64 leaf, const struct tdx_module_args *in, u64 status);

#endif /* _FAKE_HOST_H */
