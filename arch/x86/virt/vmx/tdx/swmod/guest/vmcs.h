/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX as the guest side sees it: VMCS field encodings, exit reasons and the
 * layout of the words that describe events.  Plain numbers, so that the
 * portable files and the user-space back end can share them.
 */
#ifndef _SWMOD_VMCS_H
#define _SWMOD_VMCS_H

/* VMCS fields, named after the manual: SW_VM_* */
enum sw_vmcs_field {
	/* 16 bits */
	SW_VM_VPID			= 0x0000,
	SW_VM_POSTED_INTR_VECTOR	= 0x0002,
	SW_VM_GUEST_ES_SEL		= 0x0800,
	SW_VM_GUEST_CS_SEL		= 0x0802,
	SW_VM_GUEST_SS_SEL		= 0x0804,
	SW_VM_GUEST_DS_SEL		= 0x0806,
	SW_VM_GUEST_FS_SEL		= 0x0808,
	SW_VM_GUEST_GS_SEL		= 0x080a,
	SW_VM_GUEST_LDTR_SEL		= 0x080c,
	SW_VM_GUEST_TR_SEL		= 0x080e,
	SW_VM_GUEST_INTR_STATUS		= 0x0810,
	SW_VM_HOST_ES_SEL		= 0x0c00,
	SW_VM_HOST_CS_SEL		= 0x0c02,
	SW_VM_HOST_SS_SEL		= 0x0c04,
	SW_VM_HOST_DS_SEL		= 0x0c06,
	SW_VM_HOST_FS_SEL		= 0x0c08,
	SW_VM_HOST_GS_SEL		= 0x0c0a,
	SW_VM_HOST_TR_SEL		= 0x0c0c,
	/* 64 bits */
	SW_VM_MSR_BITMAP		= 0x2004,
	SW_VM_EXIT_MSR_STORE		= 0x2006,
	SW_VM_EXIT_MSR_LOAD		= 0x2008,
	SW_VM_ENTRY_MSR_LOAD		= 0x200a,
	SW_VM_TSC_OFFSET		= 0x2010,
	SW_VM_VAPIC_ADDR		= 0x2012,
	SW_VM_PID_ADDR			= 0x2016,
	SW_VM_EPTP			= 0x201a,
	SW_VM_EOI_EXIT0			= 0x201c,
	SW_VM_EOI_EXIT1			= 0x201e,
	SW_VM_EOI_EXIT2			= 0x2020,
	SW_VM_EOI_EXIT3			= 0x2022,
	SW_VM_XSS_EXIT_BITMAP		= 0x202c,
	SW_VM_TSC_MULTIPLIER		= 0x2032,
	/* Not a field of the emulated VMCS: the module keeps it by itself. */
	SW_VM_SHARED_EPTP		= 0x203c,
	SW_VM_EXIT_GPA			= 0x2400,
	SW_VM_LINK_POINTER		= 0x2800,
	SW_VM_GUEST_DEBUGCTL		= 0x2802,
	SW_VM_GUEST_PAT			= 0x2804,
	SW_VM_GUEST_EFER		= 0x2806,
	SW_VM_GUEST_PKRS		= 0x2818,
	SW_VM_HOST_PAT			= 0x2c00,
	SW_VM_HOST_EFER			= 0x2c02,
	SW_VM_HOST_PKRS			= 0x2c06,
	/* 32 bits */
	SW_VM_PIN_CTLS			= 0x4000,
	SW_VM_PROC_CTLS			= 0x4002,
	SW_VM_EXCEPTION_BITMAP		= 0x4004,
	SW_VM_PF_MASK			= 0x4006,
	SW_VM_PF_MATCH			= 0x4008,
	SW_VM_CR3_TARGETS		= 0x400a,
	SW_VM_EXIT_CTLS			= 0x400c,
	SW_VM_EXIT_MSR_STORE_N		= 0x400e,
	SW_VM_EXIT_MSR_LOAD_N		= 0x4010,
	SW_VM_ENTRY_CTLS		= 0x4012,
	SW_VM_ENTRY_MSR_LOAD_N		= 0x4014,
	SW_VM_ENTRY_INTR_INFO		= 0x4016,
	SW_VM_ENTRY_INTR_ERROR		= 0x4018,
	SW_VM_ENTRY_INSTR_LEN		= 0x401a,
	SW_VM_TPR_THRESHOLD		= 0x401c,
	SW_VM_PROC_CTLS2		= 0x401e,
	SW_VM_NOTIFY_WINDOW		= 0x4024,
	SW_VM_INSTR_ERROR		= 0x4400,
	SW_VM_EXIT_REASON		= 0x4402,
	SW_VM_EXIT_INTR_INFO		= 0x4404,
	SW_VM_EXIT_INTR_ERROR		= 0x4406,
	SW_VM_IDT_INFO			= 0x4408,
	SW_VM_IDT_ERROR			= 0x440a,
	SW_VM_EXIT_INSTR_LEN		= 0x440c,
	SW_VM_EXIT_INSTR_INFO		= 0x440e,
	SW_VM_GUEST_ES_LIMIT		= 0x4800,
	SW_VM_GUEST_CS_LIMIT		= 0x4802,
	SW_VM_GUEST_SS_LIMIT		= 0x4804,
	SW_VM_GUEST_DS_LIMIT		= 0x4806,
	SW_VM_GUEST_FS_LIMIT		= 0x4808,
	SW_VM_GUEST_GS_LIMIT		= 0x480a,
	SW_VM_GUEST_LDTR_LIMIT		= 0x480c,
	SW_VM_GUEST_TR_LIMIT		= 0x480e,
	SW_VM_GUEST_GDTR_LIMIT		= 0x4810,
	SW_VM_GUEST_IDTR_LIMIT		= 0x4812,
	SW_VM_GUEST_ES_AR		= 0x4814,
	SW_VM_GUEST_CS_AR		= 0x4816,
	SW_VM_GUEST_SS_AR		= 0x4818,
	SW_VM_GUEST_DS_AR		= 0x481a,
	SW_VM_GUEST_FS_AR		= 0x481c,
	SW_VM_GUEST_GS_AR		= 0x481e,
	SW_VM_GUEST_LDTR_AR		= 0x4820,
	SW_VM_GUEST_TR_AR		= 0x4822,
	SW_VM_GUEST_INTERRUPTIBILITY	= 0x4824,
	SW_VM_GUEST_ACTIVITY		= 0x4826,
	SW_VM_GUEST_SYSENTER_CS		= 0x482a,
	SW_VM_HOST_SYSENTER_CS		= 0x4c00,
	/* natural width */
	SW_VM_CR0_MASK			= 0x6000,
	SW_VM_CR4_MASK			= 0x6002,
	SW_VM_CR0_SHADOW		= 0x6004,
	SW_VM_CR4_SHADOW		= 0x6006,
	SW_VM_EXIT_QUALIFICATION	= 0x6400,
	SW_VM_EXIT_GLA			= 0x640a,
	SW_VM_GUEST_CR0			= 0x6800,
	SW_VM_GUEST_CR3			= 0x6802,
	SW_VM_GUEST_CR4			= 0x6804,
	SW_VM_GUEST_ES_BASE		= 0x6806,
	SW_VM_GUEST_CS_BASE		= 0x6808,
	SW_VM_GUEST_SS_BASE		= 0x680a,
	SW_VM_GUEST_DS_BASE		= 0x680c,
	SW_VM_GUEST_FS_BASE		= 0x680e,
	SW_VM_GUEST_GS_BASE		= 0x6810,
	SW_VM_GUEST_LDTR_BASE		= 0x6812,
	SW_VM_GUEST_TR_BASE		= 0x6814,
	SW_VM_GUEST_GDTR_BASE		= 0x6816,
	SW_VM_GUEST_IDTR_BASE		= 0x6818,
	SW_VM_GUEST_DR7			= 0x681a,
	SW_VM_GUEST_RSP			= 0x681c,
	SW_VM_GUEST_RIP			= 0x681e,
	SW_VM_GUEST_RFLAGS		= 0x6820,
	SW_VM_GUEST_PENDING_DBG		= 0x6822,
	SW_VM_GUEST_SYSENTER_ESP	= 0x6824,
	SW_VM_GUEST_SYSENTER_EIP	= 0x6826,
	SW_VM_GUEST_S_CET		= 0x6828,
	SW_VM_GUEST_SSP			= 0x682a,
	SW_VM_GUEST_INTR_SSP		= 0x682c,
	SW_VM_HOST_CR0			= 0x6c00,
	SW_VM_HOST_CR3			= 0x6c02,
	SW_VM_HOST_CR4			= 0x6c04,
	SW_VM_HOST_FS_BASE		= 0x6c06,
	SW_VM_HOST_GS_BASE		= 0x6c08,
	SW_VM_HOST_TR_BASE		= 0x6c0a,
	SW_VM_HOST_GDTR_BASE		= 0x6c0c,
	SW_VM_HOST_IDTR_BASE		= 0x6c0e,
	SW_VM_HOST_SYSENTER_ESP		= 0x6c10,
	SW_VM_HOST_SYSENTER_EIP		= 0x6c12,
	SW_VM_HOST_RSP			= 0x6c14,
	SW_VM_HOST_RIP			= 0x6c16,
	SW_VM_HOST_S_CET		= 0x6c18,
	SW_VM_HOST_SSP			= 0x6c1a,
	SW_VM_HOST_INTR_SSP		= 0x6c1c,
};

/* Basic exit reasons */
enum sw_exit_reason {
	SW_XR_EXCEPTION			= 0,
	SW_XR_EXTERNAL_INTERRUPT	= 1,
	SW_XR_TRIPLE_FAULT		= 2,
	SW_XR_INIT			= 3,
	SW_XR_SIPI			= 4,
	SW_XR_OTHER_SMI			= 6,
	SW_XR_INTR_WINDOW		= 7,
	SW_XR_NMI_WINDOW		= 8,
	SW_XR_TASK_SWITCH		= 9,
	SW_XR_CPUID			= 10,
	SW_XR_GETSEC			= 11,
	SW_XR_HLT			= 12,
	SW_XR_INVD			= 13,
	SW_XR_INVLPG			= 14,
	SW_XR_RDPMC			= 15,
	SW_XR_RSM			= 17,
	SW_XR_VMCALL			= 18,
	SW_XR_VMCLEAR			= 19,
	SW_XR_VMLAUNCH			= 20,
	SW_XR_VMPTRLD			= 21,
	SW_XR_VMPTRST			= 22,
	SW_XR_VMREAD			= 23,
	SW_XR_VMRESUME			= 24,
	SW_XR_VMWRITE			= 25,
	SW_XR_VMXOFF			= 26,
	SW_XR_VMXON			= 27,
	SW_XR_CR_ACCESS			= 28,
	SW_XR_IO			= 30,
	SW_XR_RDMSR			= 31,
	SW_XR_WRMSR			= 32,
	SW_XR_ENTRY_GUEST_STATE		= 33,
	SW_XR_ENTRY_MSR_LOAD		= 34,
	SW_XR_MWAIT			= 36,
	SW_XR_MTF			= 37,
	SW_XR_MONITOR			= 39,
	SW_XR_ENTRY_MACHINE_CHECK	= 41,
	SW_XR_APIC_ACCESS		= 44,
	SW_XR_EPT_VIOLATION		= 48,
	SW_XR_EPT_MISCONFIG		= 49,
	SW_XR_INVEPT			= 50,
	SW_XR_INVVPID			= 53,
	SW_XR_WBINVD			= 54,
	SW_XR_XSETBV			= 55,
	SW_XR_APIC_WRITE		= 56,
	SW_XR_VMFUNC			= 59,
	SW_XR_ENCLS			= 60,
	SW_XR_PCONFIG			= 65,
	SW_XR_ENCLV			= 70,
	SW_XR_ENQCMD			= 72,
	SW_XR_ENQCMDS			= 73,
	SW_XR_BUS_LOCK			= 74,
	SW_XR_NOTIFY			= 75,
	SW_XR_SEAMCALL			= 76,
	SW_XR_TDCALL			= 77,
};

#define SW_XR_BASIC_MASK	0xffffu
#define SW_XR_ENTRY_FAILED	(1u << 31)
/* VMLAUNCH or VMRESUME itself failed: never a value of the processor. */
#define SW_XR_NO_ENTRY		0xfffeu

/* Interruption information, of exits, IDT vectoring and entries alike */
#define SW_INTR_VALID		(1u << 31)
#define SW_INTR_ERROR_CODE	(1u << 11)
#define SW_INTR_NMI_UNBLOCKED	(1u << 12)
#define SW_INTR_VECTOR(i)	((i) & 0xff)
#define SW_INTR_TYPE(i)		(((i) >> 8) & 7)
#define SW_INTR_TYPE_MASK	(7u << 8)

enum sw_intr_type {
	SW_INTR_EXTERNAL = 0, SW_INTR_NMI = 2, SW_INTR_HW_EXCEPTION = 3,
	SW_INTR_SOFT = 4, SW_INTR_PRIV_SOFT = 5, SW_INTR_SOFT_EXCEPTION = 6,
};

enum sw_vector {
	SW_VEC_DB = 1, SW_VEC_NMI = 2, SW_VEC_UD = 6, SW_VEC_DF = 8,
	SW_VEC_TS = 10, SW_VEC_NP = 11, SW_VEC_SS = 12, SW_VEC_GP = 13,
	SW_VEC_PF = 14, SW_VEC_AC = 17, SW_VEC_MC = 18, SW_VEC_VE = 20,
	SW_VEC_CP = 21,
};

/* Guest interruptibility */
#define SW_BLOCK_STI		(1u << 0)
#define SW_BLOCK_MOV_SS		(1u << 1)
#define SW_BLOCK_NMI		(1u << 3)

/* Exit qualification of an EPT violation */
#define SW_EQ_READ		(1ULL << 0)
#define SW_EQ_WRITE		(1ULL << 1)
#define SW_EQ_FETCH		(1ULL << 2)
#define SW_EQ_GLA_VALID		(1ULL << 7)
#define SW_EQ_GLA_TO_PAGE	(1ULL << 8)
#define SW_EQ_NMI_UNBLOCKED	(1ULL << 12)
#define SW_EQ_HIDDEN		0x1f80ULL	/* bits 12:7 are not told */

/* Control registers and EFER */
#define SW_CR0_PE		(1ULL << 0)
#define SW_CR0_MP		(1ULL << 1)
#define SW_CR0_EM		(1ULL << 2)
#define SW_CR0_TS		(1ULL << 3)
#define SW_CR0_ET		(1ULL << 4)
#define SW_CR0_NE		(1ULL << 5)
#define SW_CR0_WP		(1ULL << 16)
#define SW_CR0_AM		(1ULL << 18)
#define SW_CR0_NW		(1ULL << 29)
#define SW_CR0_CD		(1ULL << 30)
#define SW_CR0_PG		(1ULL << 31)
#define SW_CR4_VME		(1ULL << 0)
#define SW_CR4_PVI		(1ULL << 1)
#define SW_CR4_TSD		(1ULL << 2)
#define SW_CR4_DE		(1ULL << 3)
#define SW_CR4_PSE		(1ULL << 4)
#define SW_CR4_PAE		(1ULL << 5)
#define SW_CR4_MCE		(1ULL << 6)
#define SW_CR4_PGE		(1ULL << 7)
#define SW_CR4_PCE		(1ULL << 8)
#define SW_CR4_OSFXSR		(1ULL << 9)
#define SW_CR4_OSXMMEXCPT	(1ULL << 10)
#define SW_CR4_UMIP		(1ULL << 11)
#define SW_CR4_LA57		(1ULL << 12)
#define SW_CR4_VMXE		(1ULL << 13)
#define SW_CR4_SMXE		(1ULL << 14)
#define SW_CR4_FSGSBASE		(1ULL << 16)
#define SW_CR4_PCIDE		(1ULL << 17)
#define SW_CR4_OSXSAVE		(1ULL << 18)
#define SW_CR4_KL		(1ULL << 19)
#define SW_CR4_SMEP		(1ULL << 20)
#define SW_CR4_SMAP		(1ULL << 21)
#define SW_CR4_PKE		(1ULL << 22)
#define SW_CR4_CET		(1ULL << 23)
#define SW_CR4_PKS		(1ULL << 24)
#define SW_CR4_UINTR		(1ULL << 25)
#define SW_CR4_LASS		(1ULL << 27)
#define SW_CR4_LAM_SUP		(1ULL << 28)
#define SW_CR4_FRED		(1ULL << 32)
#define SW_RFLAGS_TF		(1ULL << 8)
#define SW_DEBUGCTL_BTF		(1ULL << 1)
#define SW_DR6_TRAP		0xfULL		/* B0 to B3 */
#define SW_DR6_LOW		0x10800ULL	/* RTM and BLD: zero is active */
#define SW_DR6_QUAL		0x1680fULL	/* what a #DB exit reports */
#define SW_DR7_GD		(1ULL << 13)
#define SW_PENDING_BS		(1ULL << 14)
#define SW_EFER_SCE		(1ULL << 0)
#define SW_EFER_LME		(1ULL << 8)
#define SW_EFER_LMA		(1ULL << 10)
#define SW_EFER_NXE		(1ULL << 11)
#define SW_AR_L			(1u << 13)
#define SW_AR_DPL(ar)		(((ar) >> 5) & 3)

#endif /* _SWMOD_VMCS_H */
