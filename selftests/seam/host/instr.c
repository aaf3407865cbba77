// SPDX-License-Identifier: GPL-2.0-only
/* Where each instruction may be executed, and what answers it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irqflags.h>

#include <asm/asm.h>
#include <asm/vmx.h>

#include "host.h"

#define PSEAMLDR_LEAF	(1ULL << 63)
#define PATTERN		0x1122334455667788ULL

/* The vector, or HOST_NO_FAULT. */
#define EXECUTE(insn) ({					\
	unsigned int vector = 0;				\
								\
	asm volatile("1:\t" insn "\n\t"				\
		     "mov $0xff, %%eax\n"			\
		     "2:\n\t"					\
		     _ASM_EXTABLE_FAULT(1b, 2b)			\
		     : "+a" (vector) : : "rcx", "rdx", "rbx",	\
		       "r8", "r9", "r10", "r11", "memory", "cc"); \
	vector;							\
})

static unsigned int bare_seamcall(u64 rax, u64 *rflags)
{
	struct host_call call = {};
	unsigned long flags;
	unsigned int vector;

	local_irq_save(flags);
	call.regs.r[SEAM_RAX] = rax;
	call.rflags = HOST_ARITHMETIC | 2;
	vector = host_seamcall(&call);
	local_irq_restore(flags);
	*rflags = call.rflags;
	return vector;
}

static void check_not_for_the_host(void)
{
	check_eq(EXECUTE(".byte 0x66, 0x0f, 0x01, 0xcd"), HOST_UD,
		 "SEAMRET outside of SEAM root mode is #UD");
	check_eq(EXECUTE(".byte 0x66, 0x0f, 0x01, 0xcc"), HOST_UD,
		 "TDCALL outside of a TD is #UD");
	check_eq(EXECUTE(".byte 0x66, 0x0f, 0x01, 0xce"), HOST_UD,
		 "SEAMOPS outside of SEAM root mode is #UD");
}

void test_no_vmx(void)
{
	u64 rflags;

	check_eq(bare_seamcall(SEAM_ECHO, &rflags), HOST_UD,
		 "SEAMCALL outside of VMX operation is #UD");
}

void test_no_seam(void)
{
	u64 rflags;

	check_eq(bare_seamcall(SEAM_ECHO, &rflags), HOST_UD,
		 "SEAMCALL on a CPU without SEAM is #UD");
	check_not_for_the_host();
}

static void check_fail_invalid(u64 leaf, const char *name)
{
	u64 rflags = 0, vmptr = host_vmptrst();
	unsigned int vector = bare_seamcall(leaf, &rflags);

	if (vector)
		pr_info("# fault %u\n", vector);
	check(!vector && (rflags & HOST_ARITHMETIC) == HOST_CF &&
	      host_vmptrst() == vmptr, "%s", name);
}

void test_no_module(void)
{
	check_fail_invalid(SEAM_ECHO, "SEAMCALL without a module is VMfailInvalid");
	check_fail_invalid(PSEAMLDR_LEAF,
			   "SEAMCALL to P-SEAMLDR without one is VMfailInvalid");
	check_not_for_the_host();
}

/* Bits of RAX above the leaf, which the module is to see as well. */
static void check_echo(void)
{
	struct host_call call;
	unsigned int i, wrong = 0, vector;
	u64 sent[SEAM_REGS];

	for (i = 0; i < SEAM_REGS; i++)
		sent[i] = PATTERN * (2 * i + 3) ^ (u64)i << 60;
	sent[SEAM_RAX] = 0x1234567812340000ULL | SEAM_ECHO;
	memcpy(call.regs.r, sent, sizeof(sent));
	call.rflags = 2;
	local_irq_disable();
	vector = host_seamcall(&call);
	local_irq_enable();
	for (i = 0; i < SEAM_REGS; i++) {
		if (call.regs.r[i] == seam_echo(i, sent[i]))
			continue;
		pr_info("# register %u: sent %#llx, got %#llx\n", i, sent[i],
			call.regs.r[i]);
		wrong++;
	}
	check(!vector && !wrong, "all general registers go to the module and come back");
}

static const struct {
	enum seam_fault what;
	u64 vector, error;
	const char *name;
} faults[] = {
	{ SEAM_DO_NOTHING, SEAM_NO_VECTOR, 0,
	  "nothing faults by itself in SEAM root mode" },
	{ SEAM_DO_SEAMCALL, HOST_UD, 0, "SEAMCALL in SEAM root mode is #UD" },
	{ SEAM_DO_TDCALL, HOST_UD, 0, "TDCALL in SEAM root mode is #UD" },
	{ SEAM_DO_SEAMOPS_LEAVES, SEAM_NO_VECTOR, 0,
	  "SEAMOPS leaf 0 is there in SEAM root mode" },
	{ SEAM_DO_SEAMOPS_BAD, HOST_GP, 0, "SEAMOPS leaf that is not there is #GP(0)" },
	{ SEAM_DO_WRITE_CODE, 14, 3, "a write to the module's code is #PF" },
	{ SEAM_DO_EXECUTE_DATA, 14, 0x11, "the module's data are not executable" },
	{ SEAM_DO_KEYHOLE_EMPTY, 14, 0,
	  "an empty keyhole is #PF, after INVLPG of one that was not" },
	{ SEAM_DO_NO_ENDBR, 21, 3, "a call to code without ENDBR is #CP" },
	{ SEAM_DO_BAD_RETURN, 21, 1, "a return that the shadow stack has not is #CP" },
	{ SEAM_DO_WRITE_SHADOW_STACK, 14, 3, "a write to the shadow stack is #PF" },
};

static void check_faults(void)
{
	struct host_call call;
	unsigned int i;
	u64 rax;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		rax = seam_call(SEAM_FAULT, faults[i].what, 0, 0, &call);
		if (rax == SEAM_STATUS_OK && call.regs.r[SEAM_RCX] == faults[i].vector &&
		    (faults[i].vector == SEAM_NO_VECTOR ||
		     call.regs.r[SEAM_RDX] == faults[i].error)) {
			check(true, "%s", faults[i].name);
			continue;
		}
		pr_info("# RAX %#llx, vector %llu, error code %#llx, CR2 %#llx\n", rax,
			call.regs.r[SEAM_RCX], call.regs.r[SEAM_RDX],
			call.regs.r[SEAM_R8]);
		check(false, "%s", faults[i].name);
	}
}

static void check_seamret(enum seam_fault what, u64 vmcs, const char *name)
{
	struct host_call call;
	u64 rax = seam_call(SEAM_FAULT, what, vmcs, 0, &call);

	if (rax)
		pr_info("# RAX %#llx\n", rax);
	if (call.regs.r[SEAM_RCX] != SEAM_NO_VECTOR)
		pr_info("# vector %llu\n", call.regs.r[SEAM_RCX]);
	check(rax == SEAM_STATUS_OK && call.regs.r[SEAM_RCX] == SEAM_NO_VECTOR &&
	      call.regs.r[SEAM_R9] == 1, "%s", name);
}

void test_instructions(void)
{
	struct host_call call;
	u64 vmcs = host_page();

	check_not_for_the_host();
	check_fail_invalid(PSEAMLDR_LEAF | SEAM_ECHO,
			   "SEAMCALL with bit 63 of RAX does not go to the module");
	check_echo();
	check_eq(seam_call0(SEAM_LEAVES, 0, 0), SEAM_STATUS_NO_LEAF,
		 "the module sees which leaf is wanted");
	check_faults();
	check_seamret(SEAM_DO_SEAMRET_OTHER, vmcs,
		      "SEAMRET with another VMCS current is VMfailInvalid");
	check_seamret(SEAM_DO_SEAMRET_NONE, vmcs,
		      "SEAMRET with no VMCS current is VMfailInvalid");
	check(seam_call(SEAM_FAULT, SEAM_DO_BREAKPOINT, 0, 0, &call) == SEAM_STATUS_OK &&
	      call.regs.r[SEAM_RCX] == SEAM_NO_VECTOR && call.regs.r[SEAM_R10] == 1,
	      "IRET returns from the module's fault handler");
}

/* The host's own VMCS is current again afterwards, with what it had. */
void test_vmptr(void)
{
	u64 vmcs = host_new_vmcs();
	unsigned long flags;
	bool none, same, kept;

	local_irq_save(flags);
	none = host_vmptrst() == ~0ULL;
	seam_call0(SEAM_ECHO, 0, 0);
	none = none && host_vmptrst() == ~0ULL;

	host_vmclear(vmcs);
	host_vmptrld(vmcs);
	host_vmwrite(GUEST_RIP, PATTERN);
	host_vmwrite(GUEST_CR3, ~PATTERN);
	seam_call0(SEAM_ECHO, 0, 0);
	same = host_vmptrst() == vmcs;
	kept = host_vmread(GUEST_RIP) == PATTERN && host_vmread(GUEST_CR3) == ~PATTERN;
	host_vmclear(vmcs);
	local_irq_restore(flags);
	check(none, "a host without a current VMCS has none after a SEAMCALL");
	check(same, "the host's VMCS is current again after a SEAMCALL");
	check(kept, "a SEAMCALL leaves the host's VMCS as it was");
}
