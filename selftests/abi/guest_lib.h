/* SPDX-License-Identifier: GPL-2.0-only */
/* What the C files of the guest share. */
#ifndef _SELFTESTS_KVM_GUEST_LIB_H
#define _SELFTESTS_KVM_GUEST_LIB_H

#include <stdint.h>

#include "guest.h"

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

/* The same page as shared memory, see guest_start.S. */
#define SHARED_VA(pa)	((volatile u64 *)((1ULL << 39) + (pa)))

struct regs {
	u64 r10, r11, r12, r13, r14, r15;
};

/* guest_start.S */
extern char debug_spot[];
extern u64 idt[512], gdt[8], pdpt_shared[512];

/* guest.c */
u64 vmcall(struct regs *r);
struct regs call(u64 leaf, u64 r12, u64 r13, u64 r14, u64 r15);
u64 tdcall(u64 leaf, u64 rcx, u64 rdx, u64 *out);
void out32(u32 port, u32 val);
void report(u64 val);
void done(void);
void set_gate(unsigned int vector, char *handler);
void set_idt(void);
void wrmsr(u32 msr, u64 val);
u64 apic_write(u32 msr, u64 val);
void halt(void);

/* guest_smp.c */
void test_smp(u32 vcpu);
void smp_set_gates(void);
void smp_trap(unsigned int vector);

/* guest_border.c */
void test_roots(u32 vcpu);
void test_fuzz(u64 seed, u32 vcpu);

/* guest_features.c */
void test_features(u64 seed);
int features_trap(unsigned int vector, u64 *frame);

/* guest_hostile.c */
void test_hostile(u64 seed);

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr));
	return (u64)hi << 32 | lo;
}

/* By CPUID: the module does not emulate the x2APIC's register for every TD. */
static inline u32 apic_id(void)
{
	u32 eax = 1, ebx, ecx, edx;

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "=c" (ecx), "=d" (edx));
	return ebx >> 24;
}

#endif /* _SELFTESTS_KVM_GUEST_LIB_H */
