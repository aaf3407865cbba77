// SPDX-License-Identifier: GPL-2.0-only
/* What must fault in SEAM root mode, and what must not; and the CPU's end. */
#include "seam.h"

/* Where an instruction in seam_try() leaves what it answered. */
static void answer(u64 rax, u16 flags)
{
	local()->regs.r[SEAM_R9] = vmx_flags(flags);
	local()->regs.r[SEAM_R10] = rax;
}

static void do_nothing(u64 page)
{
}

#define DO_INSN(name, insn, leaf)				\
static void name(u64 page)					\
{								\
	u64 rax = (leaf);					\
	u16 flags;						\
								\
	asm volatile(insn "\n\t" VMX_FLAGS			\
		     : "=&Q" (flags), "+a" (rax)			\
		     : : "memory", "cc", "rcx", "rdx", "r8", "r9"); \
	answer(rax, flags);					\
}

#define BAD_LEAF	0x5555

DO_INSN(do_seamcall, SEAMCALL, SEAM_ECHO)
DO_INSN(do_tdcall, TDCALL, 0)
DO_INSN(do_seamops_leaves, SEAMOPS, 0)
DO_INSN(do_seamops_bad, SEAMOPS, BAD_LEAF)
DO_INSN(seamret, SEAMRET, 0)

/* A page of the host with the revision that a VMCS has to have. */
static void make_vmcs(u64 page)
{
	u32 *vmcs = keyhole(SLOT_ANY, page);

	vmcs[0] = rdmsr(0x480) & 0x7fffffff;
	vmcs[1] = 0;
	vmclear(page);
}

static void do_seamret_other(u64 page)
{
	u64 transfer = vmptrst();

	make_vmcs(page);
	vmptrld(page);
	seamret(page);
	vmclear(page);
	vmptrld(transfer);
}

/* Clearing the current VMCS leaves none. */
static void do_seamret_none(u64 page)
{
	u64 transfer = vmptrst();

	make_vmcs(page);
	vmptrld(page);
	vmclear(page);
	seamret(page);
	vmptrld(transfer);
}

static void do_write_code(u64 page)
{
	*(volatile u8 *)seam_fault_wrapper = 0;
}

static void call(void *fn)
{
	asm volatile("call *%0" : : "r" (fn) : "memory", "rax");
}

/* ENDBR64 and RET, in the local data. */
static void do_execute_data(u64 page)
{
	volatile u64 *code = (volatile u64 *)local() + 256;

	*code = 0xc3fa1e0ff3ULL;
	call((void *)code);
}

static void do_keyhole_empty(u64 page)
{
	volatile u64 *hole = keyhole(SLOT_EMPTY, page);

	*hole;
	keyhole_clear(SLOT_EMPTY);
	*hole;
}

/* Behind the ENDBR64 that the function begins with. */
static void do_no_endbr(u64 page)
{
	call((u8 *)do_nothing + 4);
}

/* RET goes elsewhere than the shadow stack says. */
static void do_bad_return(u64 page)
{
	asm volatile("call 1f\n\t"
		     "jmp 2f\n"
		     "1:\tendbr64\n\t"
		     "lea 2f(%%rip), %%rax\n\t"
		     "mov %%rax, (%%rsp)\n\t"
		     "ret\n"
		     "2:" : : : "memory", "rax");
}

static void do_breakpoint(u64 page)
{
	u64 before = local()->breakpoints;

	asm volatile("int3");
	answer(local()->breakpoints - before, 0);
}

static void do_write_shadow_stack(u64 page)
{
	u64 ssp = 0;

	asm volatile("rdsspq %0" : "+r" (ssp));
	*(volatile u64 *)ssp = *(volatile u64 *)ssp;
}

static void (*const faults[SEAM_FAULTS])(u64 page) = {
	[SEAM_DO_NOTHING]	= do_nothing,
	[SEAM_DO_SEAMCALL]	= do_seamcall,
	[SEAM_DO_TDCALL]	= do_tdcall,
	[SEAM_DO_SEAMOPS_LEAVES] = do_seamops_leaves,
	[SEAM_DO_SEAMOPS_BAD]	= do_seamops_bad,
	[SEAM_DO_SEAMRET_OTHER]	= do_seamret_other,
	[SEAM_DO_SEAMRET_NONE]	= do_seamret_none,
	[SEAM_DO_WRITE_CODE]	= do_write_code,
	[SEAM_DO_EXECUTE_DATA]	= do_execute_data,
	[SEAM_DO_KEYHOLE_EMPTY]	= do_keyhole_empty,
	[SEAM_DO_NO_ENDBR]	= do_no_endbr,
	[SEAM_DO_BAD_RETURN]	= do_bad_return,
	[SEAM_DO_BREAKPOINT]	= do_breakpoint,
	[SEAM_DO_WRITE_SHADOW_STACK] = do_write_shadow_stack,
};

u64 leaf_fault(struct seam_regs *regs)
{
	struct local *l = local();
	u64 what = regs->r[SEAM_RCX];

	if (what >= SEAM_FAULTS)
		return SEAM_STATUS_NO_LEAF;
	answer(0, 0);
	if (seam_try(faults[what], regs->r[SEAM_RDX])) {
		regs->r[SEAM_RCX] = SEAM_NO_VECTOR;
		return SEAM_STATUS_OK;
	}
	regs->r[SEAM_RCX] = l->vector;
	regs->r[SEAM_RDX] = l->error;
	regs->r[SEAM_R8] = l->cr2;
	return SEAM_STATUS_OK;
}

u64 leaf_crash(struct seam_regs *regs)
{
	if (regs->r[SEAM_RCX] == SEAM_CRASH_TRIPLE_FAULT)
		seam_triple_fault();
	/* The entry by SEAMRET fails: bit 1 of RFLAGS has to be set. */
	vmwrite(GUEST_RFLAGS, 0);
	seamret(0);
	return SEAM_STATUS_VMX;
}
