/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions for which C has no words. */
#ifndef INSN_H
#define INSN_H

#include "../seam_abi.h"

typedef _Bool bool;
#define true	1
#define false	0

#define SEAMCALL	".byte 0x66, 0x0f, 0x01, 0xcf"
#define TDCALL		".byte 0x66, 0x0f, 0x01, 0xcc"
#define SEAMRET		".byte 0x66, 0x0f, 0x01, 0xcd"
#define SEAMOPS		".byte 0x66, 0x0f, 0x01, 0xce"

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr));
	return lo | (u64)hi << 32;
}

static inline void wrmsr(u32 msr, u64 val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((u32)val), "d" ((u32)(val >> 32))
		     : "memory");
}

#define READ(reg) ({					\
	u64 read_val;					\
							\
	asm volatile("mov %%" reg ", %0" : "=r" (read_val));	\
	read_val;					\
})

#define READ_SELECTOR(insn) ({				\
	u16 read_sel;					\
							\
	asm volatile(insn : "=m" (read_sel));		\
	read_sel;					\
})

struct table_ptr {
	u16 limit;
	u64 base;
} __attribute__((packed));

/* Kernel code that touches a page with the U bit needs AC while SMAP is on. */
#define CR4_SMAP	(1ULL << 21)

static inline void open_user_pages(void)
{
	if (READ("cr4") & CR4_SMAP)
		asm volatile("stac" : : : "memory", "cc");
}

static inline void close_user_pages(void)
{
	if (READ("cr4") & CR4_SMAP)
		asm volatile("clac" : : : "memory", "cc");
}

static inline void pause(void)
{
	asm volatile("pause" : : : "memory");
}

#endif /* INSN_H */
