// SPDX-License-Identifier: GPL-2.0-only
/* One SEAMCALL: which leaf it is, and what the host gets back. */
#include "seam.h"

#define RFLAGS_ARITHMETIC	0x8d5ULL

/* Read by sigstruct. */
#define FIGURE(name, value)	asm(".set seam_" name ", " TEXT(value))
#define TEXT(x)			TEXT_(x)
#define TEXT_(x)		#x

FIGURE("stack_pages", SEAM_STACK_PAGES);
FIGURE("local_pages", SEAM_TLS_PAGES);
FIGURE("keyholes", SEAM_KEYHOLES);
FIGURE("global_pages", SEAM_GLOBAL_PAGES);
FIGURE("handoff_pages", SEAM_HANDOFF_PAGES);
FIGURE("module_hv", SEAM_MODULE_HV);
FIGURE("min_update_hv", SEAM_MIN_UPDATE_HV);

/* Each entry is a word that the loader has to relocate. */
static u64 (*const leaves[])(struct seam_regs *regs) = {
	[SEAM_ECHO]	= leaf_echo,
	[SEAM_STATE]	= leaf_state,
	[SEAM_PEEK]	= leaf_peek,
	[SEAM_POKE]	= leaf_poke,
	[SEAM_WAIT]	= leaf_wait,
	[SEAM_MEET]	= leaf_meet,
	[SEAM_FAULT]	= leaf_fault,
	[SEAM_TD_BUILD]	= leaf_td_build,
	[SEAM_TD_ENTER]	= leaf_td_enter,
	[SEAM_CRASH]	= leaf_crash,
};

u64 leaf_echo(struct seam_regs *regs)
{
	u64 rax = regs->r[SEAM_RAX];
	unsigned int i;

	for (i = 0; i < SEAM_REGS; i++)
		regs->r[i] = seam_echo(i, regs->r[i]);
	return seam_echo(SEAM_RAX, rax);
}

static void call_leaf(u64 arg)
{
	struct seam_regs *regs = (struct seam_regs *)arg;
	u16 leaf = regs->r[SEAM_RAX];

	if (leaf < SEAM_LEAVES && leaves[leaf])
		regs->r[SEAM_RAX] = leaves[leaf](regs);
	else
		regs->r[SEAM_RAX] = SEAM_STATUS_NO_LEAF;
}

/* The host goes on behind its SEAMCALL, with the flags of VMsucceed. */
static void skip_seamcall(void)
{
	vmwrite(GUEST_RIP, vmread(GUEST_RIP) + vmread(EXIT_LENGTH));
	vmwrite(GUEST_RFLAGS, vmread(GUEST_RFLAGS) & ~RFLAGS_ARITHMETIC);
}

static void report_fault(struct local *l, u64 transfer)
{
	/* The leaf may have left its own VMCS current. */
	vmptrld(transfer);
	l->regs.r[SEAM_RAX] = SEAM_STATUS_FAULT | l->vector;
	l->regs.r[SEAM_RCX] = l->error;
	l->regs.r[SEAM_RDX] = l->fault_rip - (u64)sys_info()->code_base;
	l->regs.r[SEAM_R8] = l->cr2;
}

void seam_main(struct local *l);
void seam_main(struct local *l)
{
	u64 transfer = vmptrst();

	l->calls++;
	if (!seam_try(call_leaf, (u64)&l->regs))
		report_fault(l, transfer);
	skip_seamcall();
}

/* State of this CPU, beside what entry.S has saved. */
static void fill_registers(struct seam_state *s)
{
	struct table_ptr table;
	struct local *l = local();

	s->rsp = l->rsp;
	s->ssp = l->ssp;
	s->rflags = l->rflags;
	s->gs_base = (u64)l;
	s->fs_base = (u64)sys_info();
	s->cr0 = READ("cr0");
	s->cr3 = READ("cr3");
	s->cr4 = READ("cr4");
	s->dr7 = READ("dr7");
	s->efer = rdmsr(0xc0000080);
	s->pat = rdmsr(0x277);
	s->s_cet = rdmsr(0x6a2);
	asm volatile("sgdt %0" : "=m" (table));
	s->gdt_base = table.base;
	s->gdt_limit = table.limit;
	asm volatile("sidt %0" : "=m" (table));
	s->idt_base = table.base;
	s->idt_limit = table.limit;
	s->cs = READ_SELECTOR("mov %%cs, %0");
	s->ss = READ_SELECTOR("mov %%ss, %0");
	s->ds = READ_SELECTOR("mov %%ds, %0");
	s->es = READ_SELECTOR("mov %%es, %0");
	s->fs = READ_SELECTOR("mov %%fs, %0");
	s->gs = READ_SELECTOR("mov %%gs, %0");
	s->tr = READ_SELECTOR("str %0");
	s->ldtr = READ_SELECTOR("sldt %0");
}

static void fill_vmcs(struct seam_state *s)
{
	s->vmptr = vmptrst();
	s->exit_reason = vmread(EXIT_REASON);
	s->exit_length = vmread(EXIT_LENGTH);
	s->exit_qualification = vmread(QUALIFICATION);
	s->host_rip = vmread(GUEST_RIP);
	s->host_rsp = vmread(GUEST_RSP);
	s->host_rflags = vmread(GUEST_RFLAGS);
	s->host_cr3 = vmread(GUEST_CR3);
	s->host_cs = vmread(GUEST_CS);
	s->host_tr = vmread(GUEST_TR);
	s->host_interruptibility = vmread(GUEST_INTERRUPTIBILITY);
	s->host_activity = vmread(GUEST_ACTIVITY);
	s->host_gs_base = vmread(GUEST_GS_BASE);
}

static void fill_sys_info(struct seam_state *s)
{
	const struct sys_info *i = sys_info();
	unsigned int n;

	s->lps = i->lps;
	s->sockets = i->sockets;
	s->cpuid_1_eax = i->cpuid_1_eax[0];
	s->tdx_without_integrity = i->tdx_without_integrity;
	for (n = 0; n < SEAM_CMRS; n++) {
		s->cmr[n].base = i->cmr[n].base;
		s->cmr[n].size = i->cmr[n].size;
	}
	s->status = i->status;
	s->code_base = i->code_base;
	s->code_size = i->code_size;
	s->data_base = i->data_base;
	s->data_size = i->data_size;
	s->stack_base = i->stack_base;
	s->stack_size = i->stack_size;
	s->keyhole_base = i->keyhole_base;
	s->keyhole_size = i->keyhole_size;
	s->edit_base = i->edit_base;
	s->edit_size = i->edit_size;
	s->stack_pages = i->stack_pages;
	s->tls_pages = i->tls_pages;
	s->module_hv = i->module_hv;
	s->min_update_hv = i->min_update_hv;
	s->no_downgrade = i->no_downgrade;
	s->handoff_pages = i->handoff_pages;
}

u64 leaf_state(struct seam_regs *regs)
{
	struct seam_state *s = keyhole(SLOT_ANY, regs->r[SEAM_RCX]);
	const u16 *gate = (const u16 *)seam_idt_gdt;

	_Static_assert(sizeof(*s) <= 4096, "one page");
	fill_registers(s);
	fill_vmcs(s);
	fill_sys_info(s);
	s->image = (u64)seam_entry;
	s->cpu = cpu_number();
	/* The first is relative to RIP, the second what the loader has written. */
	s->relocated_to = (u64)leaf_echo;
	s->relocated = ((const volatile u64 *)leaves)[SEAM_ECHO];
	s->idt_gate0_offset = gate[0] | (u64)gate[3] << 16 |
			      (u64)gate[4] << 32 | (u64)gate[5] << 48;
	s->fault_wrapper = (u64)seam_fault_wrapper;
	s->calls = local()->calls;
	return SEAM_STATUS_OK;
}
