/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMX back end: what its files share.  <vmx_os.h> is that of the back end in os/. */
#ifndef _SWMOD_VMX_H
#define _SWMOD_VMX_H

#include <vmx_os.h>

#include "guest/guest.h"

/* Pin-based controls */
#define VMX_PIN_EXT_INTR	(1u << 0)
#define VMX_PIN_NMI		(1u << 3)
#define VMX_PIN_VIRTUAL_NMI	(1u << 5)
#define VMX_PIN_POSTED		(1u << 7)
/* Primary processor-based controls */
#define VMX_PROC_TSC_OFFSET	(1u << 3)
#define VMX_PROC_HLT		(1u << 7)
#define VMX_PROC_INVLPG		(1u << 9)
#define VMX_PROC_MWAIT		(1u << 10)
#define VMX_PROC_RDPMC		(1u << 11)
#define VMX_PROC_RDTSC		(1u << 12)
#define VMX_PROC_CR3_LOAD	(1u << 15)
#define VMX_PROC_CR3_STORE	(1u << 16)
#define VMX_PROC_TPR_SHADOW	(1u << 21)
#define VMX_PROC_NMI_WINDOW	(1u << 22)
#define VMX_PROC_MOV_DR		(1u << 23)
#define VMX_PROC_IO		(1u << 24)
#define VMX_PROC_MTF		(1u << 27)
#define VMX_PROC_MSR_BITMAP	(1u << 28)
#define VMX_PROC_MONITOR	(1u << 29)
#define VMX_PROC_PAUSE		(1u << 30)
#define VMX_PROC_SECONDARY	(1u << 31)
/* What the host of a debug TD may have exit besides. */
#define VMX_PROC_DEBUG		(VMX_PROC_INVLPG | VMX_PROC_RDTSC |	\
				 VMX_PROC_CR3_LOAD | VMX_PROC_CR3_STORE | \
				 VMX_PROC_MOV_DR | VMX_PROC_MTF | VMX_PROC_PAUSE)
/* Secondary processor-based controls */
#define VMX_PROC2_EPT		(1u << 1)
#define VMX_PROC2_RDTSCP	(1u << 3)
#define VMX_PROC2_X2APIC	(1u << 4)
#define VMX_PROC2_VPID		(1u << 5)
#define VMX_PROC2_WBINVD	(1u << 6)
#define VMX_PROC2_UNRESTRICTED	(1u << 7)
#define VMX_PROC2_APIC_REG	(1u << 8)
#define VMX_PROC2_VINTR		(1u << 9)
#define VMX_PROC2_INVPCID	(1u << 12)
#define VMX_PROC2_XSAVES	(1u << 20)
#define VMX_PROC2_TSC_SCALING	(1u << 25)
#define VMX_PROC2_USER_WAIT	(1u << 26)
#define VMX_PROC2_BUS_LOCK	(1u << 30)
#define VMX_PROC2_NOTIFY	(1u << 31)
/* VM-exit controls */
#define VMX_EXIT_SAVE_DEBUG	(1u << 2)
#define VMX_EXIT_HOST_64	(1u << 9)
#define VMX_EXIT_ACK_INTR	(1u << 15)
#define VMX_EXIT_SAVE_PAT	(1u << 18)
#define VMX_EXIT_LOAD_PAT	(1u << 19)
#define VMX_EXIT_SAVE_EFER	(1u << 20)
#define VMX_EXIT_LOAD_EFER	(1u << 21)
#define VMX_EXIT_LOAD_CET	(1u << 28)
#define VMX_EXIT_LOAD_PKRS	(1u << 29)
/* VM-entry controls */
#define VMX_ENTRY_LOAD_DEBUG	(1u << 2)
#define VMX_ENTRY_LONG_MODE	(1u << 9)
#define VMX_ENTRY_LOAD_PAT	(1u << 14)
#define VMX_ENTRY_LOAD_EFER	(1u << 15)
#define VMX_ENTRY_LOAD_CET	(1u << 20)
#define VMX_ENTRY_LOAD_PKRS	(1u << 22)

/*
 * All TD vCPUs share one VPID, at the far end from where KVM allocates, and
 * flush it when a CPU changes from one vCPU to another.
 */
#define VMX_TD_VPID		0xffff

/* What this machine's processors let us use; constant after set-up. */
struct vmx_caps {
	u32 revision;
	u32 pin, proc, proc2, exit, entry;	/* the values to program */
	u32 proc_allowed, proc2_allowed;	/* bits that may be one */
	bool cet, shadow_stack, pks, spec_ctrl;
};

extern struct vmx_caps vmx_caps;

/* MSRs that the guest reaches directly and the VMCS does not switch. */
enum vmx_switched_msr {
	VMX_MSR_STAR, VMX_MSR_LSTAR, VMX_MSR_FMASK, VMX_MSR_KERNEL_GS,
	VMX_MSR_TSC_AUX, VMX_NR_MSRS,
};

#define VMX_DR6_INIT		0xffff0ff0
#define VMX_DR7_INIT		0x400
/* Supervisor components that a TD can have: CET. */
#define VMX_XSS			(3ULL << 11)

/* IA32_PKRS, of which Linux knows nothing. */
#define VMX_MSR_PKRS		0x6e1
/* Of CET, for TDs that have it. */
#define VMX_NR_CET_MSRS		5

/* The host's state while a TD runs on a CPU; interrupts stay off. */
struct vmx_host {
	void *xsave;
	unsigned int xsave_size;
	u64 prev_vmcs;			/* ~0: none was current */
	struct desc_ptr gdt, idt;
	u16 ldt, ds, es, fs, gs;
	u64 fs_base, cr2, dr7, dr6, dr[4], debugctl, xcr0, xss, spec_ctrl;
	u64 msr[VMX_NR_MSRS], cet[VMX_NR_CET_MSRS];
};

DECLARE_PER_CPU(struct vmx_host, vmx_host);

int vmx_read_caps(void);

/* vmx_vmcs.c: make the vCPU's VMCS current, and the previous one again. */
u64 vmx_vmcs_load(struct sw_tdvps *vp);
void vmx_vmcs_unload(struct sw_tdvps *vp, u64 prev);
u64 vmx_vmcs_pa(const struct sw_tdvps *vp);

/* vmx_host.c, or os/seam/: the host that the TD's exits come back to. */
void vmx_host_save(struct vmx_host *h);
void vmx_host_restore(struct vmx_host *h);
void vmx_host_fields(const struct vmx_host *h);

/* vmx_state.c */
void vmx_state_save(struct vmx_host *h);
void vmx_guest_state_load(struct sw_run *run, struct vmx_host *h);
void vmx_guest_state_put(struct sw_run *run, struct vmx_host *h);
/* Make it what hardware leaves; a parameter of the module says not to. */
void vmx_host_lose(const struct sw_run *run, const struct vmx_host *h);
extern const u32 vmx_switched_msr[VMX_NR_MSRS];
void vmx_wrmsr(u32 msr, u64 val);
u64 vmx_read_xcr0(void);
void vmx_write_xcr0(u64 val);
void vmx_xsave(void *area, u64 mask);
void vmx_xrstor(const void *area, u64 mask);
void vmx_load_debug(const u64 dr[4], u64 dr6);

/* vmx_entry.S: 0 after a VM exit, 1 if there was no VM entry at all. */
asmlinkage int sw_vmx_enter(struct sw_regs *gpr, unsigned long launched);
extern const char sw_vmx_exit_point[];

static inline u64 vmx_read(u32 field)
{
	u64 val;

	asm volatile("vmread %1, %0" : "=rm" (val) : "r" ((u64)field) : "cc");
	return val;
}

static inline void vmx_write(u32 field, u64 val)
{
	asm volatile("vmwrite %0, %1" : : "rm" (val), "r" ((u64)field) : "cc");
}

/* The current VMCS, or ~0; false outside VMX operation, where it faults. */
static inline bool vmx_ptrst(u64 *pa)
{
	asm goto("1: vmptrst (%0)\n"
		 _ASM_EXTABLE(1b, %l[fault])
		 : : "r" (pa) : "memory", "cc" : fault);
	return true;
fault:
	return false;
}

static inline bool vmx_ptrld(u64 pa)
{
	bool ok;

	asm volatile("vmptrld %1" : "=@cca" (ok) : "m" (pa) : "memory");
	return ok;
}

static inline void vmx_clear(u64 pa)
{
	asm volatile("vmclear %0" : : "m" (pa) : "cc", "memory");
}

static inline void vmx_invept_single(u64 eptp)
{
	struct { u64 eptp, zero; } desc = { eptp, 0 };

	asm volatile("invept %0, %1" : : "m" (desc), "r" (1UL)
		     : "cc", "memory");
}

static inline void vmx_invvpid_single(u16 vpid)
{
	struct { u64 vpid, gla; } desc = { vpid, 0 };

	asm volatile("invvpid %0, %1" : : "m" (desc), "r" (1UL)
		     : "cc", "memory");
}

#endif /* _SWMOD_VMX_H */
