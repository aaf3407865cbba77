/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's side of the test of SEAM: calls, results, and the tests by subject. */
#ifndef SEAM_HOST_H
#define SEAM_HOST_H

#ifndef __ASSEMBLY__

#include <linux/mm.h>
#include <linux/printk.h>

#include "seam_abi.h"

/* call.S knows the offsets. */
struct host_call {
	struct seam_regs regs;
	/* Loaded before the SEAMCALL, and what it left. */
	u64 rflags;
	/* RSP at the SEAMCALL. */
	u64 rsp;
};

/* The vector of the fault that the SEAMCALL was, or 0. */
unsigned int host_seamcall(struct host_call *call);
extern const u8 host_seamcall_insn[], host_seamcall_after[];

#define HOST_CF			1ULL
#define HOST_ZF			0x40ULL
#define HOST_ARITHMETIC		0x8d5ULL
#define HOST_UD			6
#define HOST_GP			13
#define HOST_NO_FAULT		0xffU

/* main.c: a result, whose name says the rule. */
__printf(2, 3) void check(bool ok, const char *fmt, ...);
/* Says what was expected if it is not what came. */
void check_eq(u64 got, u64 want, const char *name);
u64 host_page(void);

/* A leaf with RCX, RDX and R8; interrupts as they are.  RAX comes back. */
u64 seam_call(enum seam_leaf leaf, u64 rcx, u64 rdx, u64 r8, struct host_call *call);
static inline u64 seam_call0(enum seam_leaf leaf, u64 rcx, u64 rdx)
{
	struct host_call call;

	return seam_call(leaf, rcx, rdx, 0, &call);
}

/* vmx.c */
int host_vmxon_all(void);
void host_vmxoff_all(void);
u64 host_vmptrst(void);
bool host_vmclear(u64 pa);
bool host_vmptrld(u64 pa);
u64 host_vmread(unsigned long field);
bool host_vmwrite(unsigned long field, unsigned long val);
u64 host_new_vmcs(void);

/* Each runs on the CPU that it is to test, in process context. */
void test_no_vmx(void);
void test_no_seam(void);
void test_no_module(void);
void test_instructions(void);
void test_vmptr(void);
void test_host_state(void);
void test_module_state(void);
void test_two_states(void);
void test_memory(void);
void test_events(void);
void test_events_smp(void);
void test_td(void);
void test_guest(void);

/* event.c */
int events_start(void);
void events_stop(void);
u64 self_icr(u32 what);

/* What an ICR sends: an NMI, or the vector whose handler event.c has set. */
#define ICR_NMI			0x4400U
#define ICR_INTERRUPT		(0x4000U | POSTED_INTR_WAKEUP_VECTOR)

/* How many events came, and where the last one found the CPU. */
extern struct seam_mailbox *mailbox;
extern unsigned long event_ip;
void mailbox_clear(void);
u64 events(void);

/* SEAMRR, as its MSRs say. */
#define MSR_SEAMRR_BASE		0x1400
#define MSR_SEAMRR_MASK		0x1401
#define SEAMRR_SIZE		(32ULL << 20)
u64 seamrr_base(void);

#endif /* __ASSEMBLY__ */

#define CALL_RFLAGS		0x78
#define CALL_RSP		0x80

#endif /* SEAM_HOST_H */
