/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test's SEAM module and its host agree on.  The leaf number is in
 * bits 15:0 of RAX; RAX answers 0, or a status below.
 */
#ifndef SEAM_ABI_H
#define SEAM_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#endif

enum seam_leaf {
	/* All registers come back changed as seam_echo() does. */
	SEAM_ECHO = 1,
	/* RCX: page that gets struct seam_state. */
	SEAM_STATE,
	/* RCX: physical address of eight bytes.  PEEK gives RDX, POKE writes it. */
	SEAM_PEEK,
	SEAM_POKE,
	/* RCX: struct seam_mailbox, RDX: what to write into the x2APIC's ICR, or 0. */
	SEAM_WAIT,
	/* RCX: struct seam_mailbox, RDX: which of the two CPUs this is. */
	SEAM_MEET,
	/* RCX: enum seam_fault, RDX: a page of the host for a VMCS. */
	SEAM_FAULT,
	/* RCX: SEAM_TD_PAGES pages. */
	SEAM_TD_BUILD,
	/* RCX: the same, RDX: what to add to RIP, R8: ICR value to write before, or 0. */
	SEAM_TD_ENTER,
	/* RCX: enum seam_crash. */
	SEAM_CRASH,
	SEAM_LEAVES,
};

#define SEAM_STATUS_OK		0ULL
#define SEAM_STATUS_NO_LEAF	0x4000000000000001ULL
/* The leaf ended in a fault of its own; the vector is in bits 7:0. */
#define SEAM_STATUS_FAULT	0x4000000000000100ULL
/* What a VMX instruction answered is in bits 3:0: CF is 1, ZF 2. */
#define SEAM_STATUS_VMX		0x4000000000000200ULL
/* The other side did not do its part in time. */
#define SEAM_STATUS_ALONE	0x4000000000000300ULL

/* All general registers but RSP, in the order of their numbers. */
enum seam_reg {
	SEAM_RAX, SEAM_RCX, SEAM_RDX, SEAM_RBX, SEAM_RBP, SEAM_RSI, SEAM_RDI,
	SEAM_R8, SEAM_R9, SEAM_R10, SEAM_R11, SEAM_R12, SEAM_R13, SEAM_R14,
	SEAM_R15, SEAM_REGS,
};

struct seam_regs {
	u64 r[SEAM_REGS];
};

static inline u64 seam_echo(enum seam_reg i, u64 val)
{
	return (val << 8 | val >> 56) ^ (i + 1) * 0x0101010101010101ULL;
}

/* The Intel TDX module's description of a region of memory. */
struct seam_cmr {
	u64 base, size;
};

#define SEAM_CMRS		32

struct seam_state {
	/* As the first instructions of the module saw them. */
	u64 rsp, ssp, rflags, gs_base, fs_base;
	u64 cr0, cr3, cr4, dr7;
	u64 efer, pat, s_cet;
	u64 gdt_base, idt_base;
	u16 gdt_limit, idt_limit;
	u16 cs, ss, ds, es, fs, gs, tr, ldtr;
	u32 pad;
	u64 vmptr;
	/* The transfer VMCS. */
	u64 exit_reason, exit_length, exit_qualification;
	u64 host_rip, host_rsp, host_rflags, host_cr3, host_cs, host_tr;
	u64 host_interruptibility, host_activity, host_gs_base;
	/* SYS_INFO. */
	u64 lps, sockets;
	u32 cpuid_1_eax, tdx_without_integrity;
	struct seam_cmr cmr[SEAM_CMRS];
	u64 status;
	u64 code_base, code_size, data_base, data_size;
	u64 stack_base, stack_size, keyhole_base, keyhole_size;
	u64 edit_base, edit_size;
	u64 stack_pages, tls_pages;
	u64 module_hv, min_update_hv, no_downgrade, handoff_pages;
	/* Where the image thinks it is; its number of this CPU. */
	u64 image, cpu;
	/* A word of the image that the loader has to relocate, and its value. */
	u64 relocated, relocated_to;
	u64 idt_gate0_offset, fault_wrapper;
	/* The same word of the CPU's local data before and after this call. */
	u64 calls;
};

/* The figures of this module's SIGSTRUCT; main.c has them as symbols. */
#define SEAM_STACK_PAGES	3
#define SEAM_TLS_PAGES		2
#define SEAM_KEYHOLES		40
#define SEAM_GLOBAL_PAGES	2
#define SEAM_HANDOFF_PAGES	3
#define SEAM_MODULE_HV		2
#define SEAM_MIN_UPDATE_HV	1

/* In the host's memory; both sides write into it. */
struct seam_mailbox {
	/* The host's handler of an event counts it here. */
	u64 events;
	/* The module says that it waits, the host lets it go on. */
	u64 waiting, go;
	u64 here[2];
};

/* How many rounds a CPU stays in the module with an event pending. */
#define SEAM_ROUNDS		2000

/* What SEAM_FAULT executes in SEAM root mode. */
enum seam_fault {
	SEAM_DO_NOTHING,
	SEAM_DO_SEAMCALL,
	SEAM_DO_TDCALL,
	SEAM_DO_SEAMOPS_LEAVES,
	SEAM_DO_SEAMOPS_BAD,
	SEAM_DO_SEAMRET_OTHER,
	SEAM_DO_SEAMRET_NONE,
	SEAM_DO_WRITE_CODE,
	SEAM_DO_EXECUTE_DATA,
	SEAM_DO_KEYHOLE_EMPTY,
	SEAM_DO_NO_ENDBR,
	SEAM_DO_BAD_RETURN,
	SEAM_DO_BREAKPOINT,
	SEAM_DO_WRITE_SHADOW_STACK,
	SEAM_FAULTS,
};

/* Its answers: RCX vector or SEAM_NO_VECTOR, RDX error code, R8 CR2, R9 CF, R10 RAX. */
#define SEAM_NO_VECTOR		0x100ULL

enum seam_crash {
	SEAM_CRASH_TRIPLE_FAULT = 1,
	SEAM_CRASH_BAD_HOST_STATE,
};

/*
 * The TD's pages, which the host gives: VMCS; two EPTs of four levels; at GPA
 * 0x1000 on: code, four levels of page tables, data; a page shared with the host;
 * the TD's registers, as struct seam_regs, which the host may read and write.
 */
enum seam_td_page {
	SEAM_TD_VMCS,
	SEAM_TD_EPT,
	SEAM_TD_SHARED_EPT = SEAM_TD_EPT + 4,
	SEAM_TD_CODE = SEAM_TD_SHARED_EPT + 4,
	SEAM_TD_TABLES,
	SEAM_TD_DATA = SEAM_TD_TABLES + 4,
	SEAM_TD_SHARED,
	SEAM_TD_REGS,
	SEAM_TD_PAGES,
};

#define SEAM_TD_CODE_GPA	0x1000ULL
#define SEAM_TD_TABLES_GPA	0x2000ULL
#define SEAM_TD_DATA_GPA	0x6000ULL
#define SEAM_TD_SHARED_BIT	(1ULL << 47)
/* Linear addresses, and GPAs but for the shared bit, which the last two have. */
#define SEAM_TD_HOLE		0x10000ULL
#define SEAM_TD_SHARED_PAGE	0x12000ULL
#define SEAM_TD_SHARED_HOLE	0x13000ULL

/* Where SEAM_TD_ENTER puts what the exit was; RAX has SEAM_STATUS_VMX without one. */
#define SEAM_TD_REASON		SEAM_RCX
#define SEAM_TD_QUALIFICATION	SEAM_RDX
#define SEAM_TD_GPA		SEAM_R8
#define SEAM_TD_LENGTH		SEAM_R9
#define SEAM_TD_RIP		SEAM_R10
#define SEAM_TD_INTERRUPTION	SEAM_R11
#define SEAM_TD_ERROR		SEAM_R12

#endif /* SEAM_ABI_H */
