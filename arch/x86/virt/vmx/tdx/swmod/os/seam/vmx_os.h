/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files in vmx/ take from this back end, under the kernel's names. */
#ifndef _SWMOD_VMX_OS_H
#define _SWMOD_VMX_OS_H

#include <errno.h>

#include "os/seam/os_seam.h"

#define asmlinkage
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define BIT(n)			(1ul << (n))
#define BIT_ULL(n)		(1ull << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
/* The module has nowhere to print to. */
#define pr_err(...)		((void)0)
#define pr_err_once(...)	((void)0)
#define pr_info(...)		((void)0)
/* A fault in the module is its end, so that none is looked up. */
#define _ASM_EXTABLE(...)

#define DEFINE_PER_CPU(type, name)	__typeof__(type) name[SW_SEAM_CPUS]
#define DECLARE_PER_CPU(type, name)	extern __typeof__(type) name[SW_SEAM_CPUS]
#define this_cpu_ptr(name)		(&(*(name))[sw_seam_local()->cpu.lpid])

#define MSR_IA32_SPEC_CTRL			0x48
#define MSR_IA32_SYSENTER_CS			0x174
#define MSR_IA32_DEBUGCTLMSR			0x1d9
#define MSR_IA32_CR_PAT				0x277
#define MSR_IA32_VMX_BASIC			0x480
#define MSR_IA32_VMX_PROCBASED_CTLS2		0x48b
#define MSR_IA32_VMX_EPT_VPID_CAP		0x48c
#define MSR_IA32_VMX_TRUE_PINBASED_CTLS		0x48d
#define MSR_IA32_VMX_TRUE_PROCBASED_CTLS	0x48e
#define MSR_IA32_VMX_TRUE_EXIT_CTLS		0x48f
#define MSR_IA32_VMX_TRUE_ENTRY_CTLS		0x490
#define MSR_IA32_U_CET				0x6a0
#define MSR_IA32_S_CET				0x6a2
#define MSR_IA32_PL0_SSP			0x6a4
#define MSR_IA32_PL1_SSP			0x6a5
#define MSR_IA32_PL2_SSP			0x6a6
#define MSR_IA32_PL3_SSP			0x6a7
#define MSR_IA32_XSS				0xda0
#define MSR_EFER				0xc0000080
#define MSR_STAR				0xc0000081
#define MSR_LSTAR				0xc0000082
#define MSR_SYSCALL_MASK			0xc0000084
#define MSR_KERNEL_GS_BASE			0xc0000102
#define MSR_TSC_AUX				0xc0000103

#define DEBUGCTLMSR_BTF				BIT(1)
#define DEBUGCTLMSR_FREEZE_PERFMON_ON_PMI	BIT(12)
#define DEBUGCTLMSR_FREEZE_IN_SMM		BIT(14)

#define X86_EFLAGS_IF		BIT(9)
#define X86_EFLAGS_VM		BIT(17)
#define X86_CR4_VMXE		BIT(13)

/* Features by CPUID leaf, subleaf, register (EAX to EDX) and bit. */
#define FEATURE(leaf, subleaf, reg, bit)					\
	((leaf) | (subleaf) << 8 | (reg) << 16 | (bit) << 24)
#define X86_FEATURE_VMX			FEATURE(1, 0, 2, 5)
#define X86_FEATURE_XSAVE		FEATURE(1, 0, 2, 26)
#define X86_FEATURE_XSAVES		FEATURE(0xd, 1, 0, 3)
#define X86_FEATURE_MSR_SPEC_CTRL	FEATURE(7, 0, 3, 26)
#define X86_FEATURE_OSPKE		FEATURE(7, 0, 2, 4)

static inline bool boot_cpu_has(u32 feature)
{
	u32 r[4];

	sw_native_cpuid(feature & 0xff, feature >> 8 & 0xff, &r[0], &r[1], &r[2], &r[3]);
	return r[feature >> 16 & 3] >> (feature >> 24) & 1;
}

struct desc_ptr {
	u16 size;
	unsigned long address;
} __packed;

static inline u64 __rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return low | (u64)high << 32;
}

static inline void native_wrmsr(u32 msr, u32 low, u32 high)
{
	asm volatile("wrmsr" : : "c" (msr), "a" (low), "d" (high) : "memory");
}

#define SW_SEAM_CR(n)							\
static inline u64 native_read_cr##n(void)				\
{									\
	u64 val;							\
									\
	asm volatile("mov %%cr" #n ", %0" : "=r" (val));		\
	return val;							\
}

SW_SEAM_CR(0)
SW_SEAM_CR(2)
SW_SEAM_CR(3)
SW_SEAM_CR(4)

static inline void native_write_cr2(u64 val)
{
	asm volatile("mov %0, %%cr2" : : "r" (val));
}

static inline u64 native_get_debugreg(int n)
{
	u64 val = 0;

	switch (n) {
	case 0:
		asm volatile("mov %%db0, %0" : "=r" (val));
		break;
	case 1:
		asm volatile("mov %%db1, %0" : "=r" (val));
		break;
	case 2:
		asm volatile("mov %%db2, %0" : "=r" (val));
		break;
	case 3:
		asm volatile("mov %%db3, %0" : "=r" (val));
		break;
	case 6:
		asm volatile("mov %%db6, %0" : "=r" (val));
		break;
	case 7:
		asm volatile("mov %%db7, %0" : "=r" (val));
		break;
	}
	return val;
}

static inline void native_set_debugreg(int n, u64 val)
{
	switch (n) {
	case 0:
		asm volatile("mov %0, %%db0" : : "r" (val));
		break;
	case 1:
		asm volatile("mov %0, %%db1" : : "r" (val));
		break;
	case 2:
		asm volatile("mov %0, %%db2" : : "r" (val));
		break;
	case 3:
		asm volatile("mov %0, %%db3" : : "r" (val));
		break;
	case 6:
		asm volatile("mov %0, %%db6" : : "r" (val));
		break;
	case 7:
		asm volatile("mov %0, %%db7" : : "r" (val));
		break;
	}
}

/* CR4.PKE is off in the module, and with it the instruction. */
static inline void wrpkru(u32 val)
{
}

#endif /* _SWMOD_VMX_OS_H */
