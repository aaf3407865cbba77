// SPDX-License-Identifier: GPL-2.0-only
/* A TD in pages that the host gives, and entries into it. */
#include "seam.h"

#define PAGE			4096ULL
#define MSR_VMX_BASIC		0x480
#define MSR_VMX_PROC_2		0x48b
#define MSR_VMX_TRUE_PIN	0x48d
#define MSR_VMX_TRUE_PROC	0x48e
#define MSR_VMX_TRUE_EXIT	0x48f
#define MSR_VMX_TRUE_ENTRY	0x490
#define MSR_VMX_CR0_FIXED0	0x486
#define MSR_VMX_CR4_FIXED0	0x488
#define MSR_S_CET		0x6a2
#define MSR_SSP_TABLE		0x6a8
#define MSR_PAT			0x277
#define MSR_EFER		0xc0000080

#define PIN_INTERRUPT		(1U << 0)
#define PIN_NMI			(1U << 3)
#define PROC_HLT		(1U << 7)
#define PROC_IO			(1U << 24)
#define PROC_SECONDARY		(1U << 31)
#define PROC_2_EPT		(1U << 1)
#define EXIT_HOST_64		(1U << 9)
#define EXIT_LOAD_PAT		(1U << 19)
#define EXIT_SAVE_EFER		(1U << 20)
#define EXIT_LOAD_EFER		(1U << 21)
#define EXIT_LOAD_CET		(1U << 28)
#define ENTRY_IA32E		(1U << 9)
#define ENTRY_LOAD_PAT		(1U << 14)
#define ENTRY_LOAD_EFER		(1U << 15)
#define ENTRY_LOAD_CET		(1U << 20)

/* Four levels of write-back memory. */
#define EPTP_FORMAT		0x1eULL
#define EPT_TABLE		0x07ULL
#define EPT_PAGE		0x37ULL
#define GUEST_ENTRY		0x63ULL

static u64 td_page(u64 base, enum seam_td_page page)
{
	return base + page * PAGE;
}

static void *td_map(u64 base, enum seam_td_page page)
{
	return keyhole(SLOT_TD + page, td_page(base, page));
}

/* The tables below the root, each with its first entry. */
static void link_tables(u64 base, enum seam_td_page root, u64 first,
			u64 index, u64 bits)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		u64 *table = td_map(base, root + i);

		table[i ? 0 : index] = (first + (i + 1) * PAGE) | bits;
	}
}

static void build_ept(u64 base)
{
	u64 *pt = td_map(base, SEAM_TD_EPT + 3);
	unsigned int i;

	link_tables(base, SEAM_TD_EPT, td_page(base, SEAM_TD_EPT), 0, EPT_TABLE);
	for (i = SEAM_TD_CODE; i <= SEAM_TD_DATA; i++)
		pt[i - SEAM_TD_CODE + SEAM_TD_CODE_GPA / PAGE] =
			td_page(base, i) | EPT_PAGE;

	link_tables(base, SEAM_TD_SHARED_EPT, td_page(base, SEAM_TD_SHARED_EPT),
		    SEAM_TD_SHARED_BIT >> 39, EPT_TABLE);
	pt = td_map(base, SEAM_TD_SHARED_EPT + 3);
	pt[SEAM_TD_SHARED_PAGE / PAGE] = td_page(base, SEAM_TD_SHARED) | EPT_PAGE;
}

static void build_guest_tables(u64 base)
{
	u64 *pt = td_map(base, SEAM_TD_TABLES + 3);
	u64 gpa;

	link_tables(base, SEAM_TD_TABLES, SEAM_TD_TABLES_GPA, 0, GUEST_ENTRY);
	for (gpa = SEAM_TD_CODE_GPA; gpa <= SEAM_TD_HOLE; gpa += PAGE)
		pt[gpa / PAGE] = gpa | GUEST_ENTRY;
	for (gpa = SEAM_TD_SHARED_PAGE; gpa <= SEAM_TD_SHARED_HOLE; gpa += PAGE)
		pt[gpa / PAGE] = gpa | SEAM_TD_SHARED_BIT | GUEST_ENTRY;
}

/* What has to be set, and of what is wanted what may be. */
static u32 controls(u32 msr, u32 wanted)
{
	u64 allowed = rdmsr(msr);

	return (wanted | (u32)allowed) & (u32)(allowed >> 32);
}

static void write_controls(u64 base)
{
	vmwrite(PIN_CONTROLS, controls(MSR_VMX_TRUE_PIN, PIN_INTERRUPT | PIN_NMI));
	vmwrite(PROC_CONTROLS, controls(MSR_VMX_TRUE_PROC,
					PROC_HLT | PROC_IO | PROC_SECONDARY));
	vmwrite(PROC_CONTROLS_2, controls(MSR_VMX_PROC_2, PROC_2_EPT));
	vmwrite(EXIT_CONTROLS, controls(MSR_VMX_TRUE_EXIT, EXIT_HOST_64 |
					EXIT_LOAD_PAT | EXIT_SAVE_EFER |
					EXIT_LOAD_EFER | EXIT_LOAD_CET));
	vmwrite(ENTRY_CONTROLS, controls(MSR_VMX_TRUE_ENTRY, ENTRY_IA32E |
					 ENTRY_LOAD_PAT | ENTRY_LOAD_EFER |
					 ENTRY_LOAD_CET));
	vmwrite(EXCEPTIONS, ~0U);
	vmwrite(PF_MASK, 0);
	vmwrite(PF_MATCH, 0);
	vmwrite(CR3_TARGETS, 0);
	vmwrite(EXIT_MSR_STORES, 0);
	vmwrite(EXIT_MSR_LOADS, 0);
	vmwrite(ENTRY_MSR_LOADS, 0);
	vmwrite(ENTRY_INTERRUPTION, 0);
	vmwrite(CR0_MASK, 0);
	vmwrite(CR4_MASK, 0);
	vmwrite(CR0_SHADOW, 0);
	vmwrite(CR4_SHADOW, 0);
	vmwrite(LINK, ~0ULL);
	vmwrite(EPTP, td_page(base, SEAM_TD_EPT) | EPTP_FORMAT);
	vmwrite(SHARED_EPTP, td_page(base, SEAM_TD_SHARED_EPT) | EPTP_FORMAT);
}

/* ES, CS, SS, DS, FS, GS, LDTR, TR. */
static const struct segment {
	u16 selector;
	u32 limit, rights;
} segments[] = {
	{ 0x10, ~0U, 0xc093 }, { 0x08, ~0U, 0xa09b }, { 0x10, ~0U, 0xc093 },
	{ 0x10, ~0U, 0xc093 }, { 0x10, ~0U, 0xc093 }, { 0x10, ~0U, 0xc093 },
	{ 0, 0, 0x10000 }, { 0x18, 0x67, 0x8b },
};

static void write_guest(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		vmwrite(GUEST_ES + 2 * i, segments[i].selector);
		vmwrite(GUEST_ES_LIMIT + 2 * i, segments[i].limit);
		vmwrite(GUEST_ES_RIGHTS + 2 * i, segments[i].rights);
		vmwrite(GUEST_ES_BASE + 2 * i, 0);
	}
	vmwrite(GUEST_GDTR_BASE, 0);
	vmwrite(GUEST_GDTR_LIMIT, 0);
	vmwrite(GUEST_IDTR_BASE, 0);
	vmwrite(GUEST_IDTR_LIMIT, 0);
	vmwrite(GUEST_CR0, rdmsr(MSR_VMX_CR0_FIXED0) | 0x80000031);
	vmwrite(GUEST_CR3, SEAM_TD_TABLES_GPA);
	vmwrite(GUEST_CR4, rdmsr(MSR_VMX_CR4_FIXED0) | 0x20);
	vmwrite(GUEST_DR7, 0x400);
	vmwrite(GUEST_RSP, SEAM_TD_DATA_GPA + PAGE);
	vmwrite(GUEST_RIP, SEAM_TD_CODE_GPA);
	vmwrite(GUEST_RFLAGS, 2);
	vmwrite(GUEST_EFER, 0x500);
	vmwrite(GUEST_PAT, 0x0007040600070406ULL);
	vmwrite(GUEST_DEBUGCTL, 0);
	vmwrite(GUEST_INTERRUPTIBILITY, 0);
	vmwrite(GUEST_ACTIVITY, 0);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	vmwrite(GUEST_SYSENTER_CS, 0);
	vmwrite(GUEST_SYSENTER_ESP, 0);
	vmwrite(GUEST_SYSENTER_EIP, 0);
	vmwrite(GUEST_S_CET, 0);
	vmwrite(GUEST_SSP, 0);
	vmwrite(GUEST_SSP_TABLE, 0);
}

/* This CPU's, as it is now; RSP, SSP and RIP are td_enter()'s. */
static void write_host(u64 tr_base)
{
	struct table_ptr table;

	vmwrite(HOST_ES, 0);
	vmwrite(HOST_DS, 0);
	vmwrite(HOST_CS, READ_SELECTOR("mov %%cs, %0"));
	vmwrite(HOST_SS, READ_SELECTOR("mov %%ss, %0"));
	vmwrite(HOST_FS, READ_SELECTOR("mov %%fs, %0"));
	vmwrite(HOST_GS, READ_SELECTOR("mov %%gs, %0"));
	vmwrite(HOST_TR, READ_SELECTOR("str %0"));
	vmwrite(HOST_FS_BASE, (u64)sys_info());
	vmwrite(HOST_GS_BASE, (u64)local());
	vmwrite(HOST_TR_BASE, tr_base);
	asm volatile("sgdt %0" : "=m" (table));
	vmwrite(HOST_GDTR_BASE, table.base);
	asm volatile("sidt %0" : "=m" (table));
	vmwrite(HOST_IDTR_BASE, table.base);
	vmwrite(HOST_CR0, READ("cr0"));
	vmwrite(HOST_CR3, READ("cr3"));
	vmwrite(HOST_CR4, READ("cr4"));
	vmwrite(HOST_SYSENTER_CS, 0);
	vmwrite(HOST_SYSENTER_ESP, 0);
	vmwrite(HOST_SYSENTER_EIP, 0);
	vmwrite(HOST_PAT, rdmsr(MSR_PAT));
	vmwrite(HOST_EFER, rdmsr(MSR_EFER));
	vmwrite(HOST_S_CET, rdmsr(MSR_S_CET));
	vmwrite(HOST_SSP_TABLE, rdmsr(MSR_SSP_TABLE));
}

u64 leaf_td_build(struct seam_regs *regs)
{
	u64 base = regs->r[SEAM_RCX], transfer = vmptrst();
	u64 vmcs = td_page(base, SEAM_TD_VMCS);
	u32 *revision = td_map(base, SEAM_TD_VMCS);
	unsigned int flags;

	build_ept(base);
	build_guest_tables(base);
	revision[0] = rdmsr(MSR_VMX_BASIC) & 0x7fffffff;
	flags = vmclear(vmcs) | vmptrld(vmcs);
	if (!flags) {
		write_controls(base);
		write_guest();
		flags = vmclear(vmcs);
	}
	vmptrld(transfer);
	return flags ? SEAM_STATUS_VMX | flags : SEAM_STATUS_OK;
}

static void report_exit(struct seam_regs *regs)
{
	u64 reason = vmread(EXIT_REASON);

	regs->r[SEAM_TD_REASON] = reason;
	regs->r[SEAM_TD_QUALIFICATION] = vmread(QUALIFICATION);
	regs->r[SEAM_TD_GPA] = vmread(GPA);
	regs->r[SEAM_TD_LENGTH] = vmread(EXIT_LENGTH);
	regs->r[SEAM_TD_RIP] = vmread(GUEST_RIP);
	regs->r[SEAM_TD_INTERRUPTION] = vmread(INTERRUPTION);
	regs->r[SEAM_TD_ERROR] = vmread(VM_ERROR);
}

u64 leaf_td_enter(struct seam_regs *regs)
{
	u64 base = regs->r[SEAM_RCX], transfer = vmptrst();
	u64 tr_base = vmread(HOST_TR_BASE);
	u64 vmcs = td_page(base, SEAM_TD_VMCS);
	struct seam_regs *td = td_map(base, SEAM_TD_REGS);
	unsigned int flags;

	flags = vmptrld(vmcs);
	if (flags)
		return SEAM_STATUS_VMX | flags;
	write_host(tr_base);
	vmwrite(GUEST_RIP, vmread(GUEST_RIP) + regs->r[SEAM_RDX]);
	send_ipi(regs->r[SEAM_R8]);
	flags = td_enter(td);
	report_exit(regs);
	vmclear(vmcs);
	vmptrld(transfer);
	return flags ? SEAM_STATUS_VMX | flags : SEAM_STATUS_OK;
}
