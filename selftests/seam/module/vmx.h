/* SPDX-License-Identifier: GPL-2.0-only */
/* VMX instructions, and the VMCS fields that the module needs. */
#ifndef VMX_H
#define VMX_H

#include "insn.h"

/* A field's width is in bits 14:13 of its number, its area in bits 11:10. */
enum vmcs_field {
	VPID			= 0x0000,
	GUEST_ES		= 0x0800,
	GUEST_CS		= 0x0802,
	GUEST_TR		= 0x080e,
	HOST_ES			= 0x0c00,
	HOST_CS			= 0x0c02,
	HOST_SS			= 0x0c04,
	HOST_DS			= 0x0c06,
	HOST_FS			= 0x0c08,
	HOST_GS			= 0x0c0a,
	HOST_TR			= 0x0c0c,
	EPTP			= 0x201a,
	SHARED_EPTP		= 0x203c,
	GPA			= 0x2400,
	LINK			= 0x2800,
	GUEST_DEBUGCTL		= 0x2802,
	GUEST_PAT		= 0x2804,
	GUEST_EFER		= 0x2806,
	HOST_PAT		= 0x2c00,
	HOST_EFER		= 0x2c02,
	PIN_CONTROLS		= 0x4000,
	PROC_CONTROLS		= 0x4002,
	EXCEPTIONS		= 0x4004,
	PF_MASK			= 0x4006,
	PF_MATCH		= 0x4008,
	CR3_TARGETS		= 0x400a,
	EXIT_CONTROLS		= 0x400c,
	EXIT_MSR_STORES		= 0x400e,
	EXIT_MSR_LOADS		= 0x4010,
	ENTRY_CONTROLS		= 0x4012,
	ENTRY_MSR_LOADS		= 0x4014,
	ENTRY_INTERRUPTION	= 0x4016,
	PROC_CONTROLS_2		= 0x401e,
	VM_ERROR		= 0x4400,
	EXIT_REASON		= 0x4402,
	INTERRUPTION		= 0x4404,
	EXIT_LENGTH		= 0x440c,
	GUEST_ES_LIMIT		= 0x4800,
	GUEST_GDTR_LIMIT	= 0x4810,
	GUEST_IDTR_LIMIT	= 0x4812,
	GUEST_ES_RIGHTS		= 0x4814,
	GUEST_INTERRUPTIBILITY	= 0x4824,
	GUEST_ACTIVITY		= 0x4826,
	GUEST_SYSENTER_CS	= 0x482a,
	HOST_SYSENTER_CS	= 0x4c00,
	CR0_MASK		= 0x6000,
	CR4_MASK		= 0x6002,
	CR0_SHADOW		= 0x6004,
	CR4_SHADOW		= 0x6006,
	QUALIFICATION		= 0x6400,
	GUEST_CR0		= 0x6800,
	GUEST_CR3		= 0x6802,
	GUEST_CR4		= 0x6804,
	GUEST_ES_BASE		= 0x6806,
	GUEST_GS_BASE		= 0x6810,
	GUEST_GDTR_BASE		= 0x6816,
	GUEST_IDTR_BASE		= 0x6818,
	GUEST_DR7		= 0x681a,
	GUEST_RSP		= 0x681c,
	GUEST_RIP		= 0x681e,
	GUEST_RFLAGS		= 0x6820,
	GUEST_PENDING_DEBUG	= 0x6822,
	GUEST_SYSENTER_ESP	= 0x6824,
	GUEST_SYSENTER_EIP	= 0x6826,
	GUEST_S_CET		= 0x6828,
	GUEST_SSP		= 0x682a,
	GUEST_SSP_TABLE		= 0x682c,
	HOST_CR0		= 0x6c00,
	HOST_CR3		= 0x6c02,
	HOST_CR4		= 0x6c04,
	HOST_FS_BASE		= 0x6c06,
	HOST_GS_BASE		= 0x6c08,
	HOST_TR_BASE		= 0x6c0a,
	HOST_GDTR_BASE		= 0x6c0c,
	HOST_IDTR_BASE		= 0x6c0e,
	HOST_SYSENTER_ESP	= 0x6c10,
	HOST_SYSENTER_EIP	= 0x6c12,
	HOST_RSP		= 0x6c14,
	HOST_RIP		= 0x6c16,
	HOST_S_CET		= 0x6c18,
	HOST_SSP		= 0x6c1a,
	HOST_SSP_TABLE		= 0x6c1c,
};

/* CF and ZF, as bits 0 and 1. */
#define VMX_FLAGS	"setc %b0\n\tsetz %h0\n\t"
static inline unsigned int vmx_flags(u16 flags)
{
	return (flags & 1) | (flags >> 8) << 1;
}

static inline unsigned int vmptrld(u64 pa)
{
	u16 flags;

	asm volatile("vmptrld %1\n\t" VMX_FLAGS : "=Q" (flags) : "m" (pa)
		     : "memory", "cc");
	return vmx_flags(flags);
}

static inline unsigned int vmclear(u64 pa)
{
	u16 flags;

	asm volatile("vmclear %1\n\t" VMX_FLAGS : "=Q" (flags) : "m" (pa)
		     : "memory", "cc");
	return vmx_flags(flags);
}

static inline u64 vmptrst(void)
{
	u64 pa;

	asm volatile("vmptrst %0" : "=m" (pa) : : "memory", "cc");
	return pa;
}

static inline u64 vmread(enum vmcs_field field)
{
	u64 val = ~0ULL;

	asm volatile("vmread %1, %0" : "+r" (val) : "r" ((u64)field) : "cc");
	return val;
}

static inline unsigned int vmwrite(enum vmcs_field field, u64 val)
{
	u16 flags;

	asm volatile("vmwrite %2, %1\n\t" VMX_FLAGS : "=&Q" (flags)
		     : "r" ((u64)field), "rm" (val) : "cc");
	return vmx_flags(flags);
}

#endif /* VMX_H */
