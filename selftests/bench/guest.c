// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's guest: takes commands from the VMM until it is destroyed.
 * No library, no relocation; ../abi/guest_start.S calls guest_main().
 */
#include <stdint.h>

#include "cmd.h"

typedef uint64_t u64;
typedef uint32_t u32;

#define STATUS(ret)		((ret) >> 32)
#define OPERAND_BUSY		0x80000200
#define PAGE_ALREADY_ACCEPTED	0xb0a

struct cmd {
	u32 op;
	/* Of the first page; ACCEPT takes the page's level in bits 2:0. */
	u64 gpa;
	u64 stride;
	u32 count;
};

/* TDG.VP.VMCALL; R11 is what the host hands back. */
static u64 vmcall(u64 leaf, u64 a, u64 b, u64 c, u64 d)
{
	register u64 r10 asm("r10") = 0;
	register u64 r11 asm("r11") = leaf;
	register u64 r12 asm("r12") = a;
	register u64 r13 asm("r13") = b;
	register u64 r14 asm("r14") = c;
	register u64 r15 asm("r15") = d;
	u64 rax = 0;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (rax), "+r" (r10), "+r" (r11), "+r" (r12),
		       "+r" (r13), "+r" (r14), "+r" (r15)
		     : "c" (0xfc00ULL)
		     : "memory", "rdx", "rbx", "rsi", "rdi", "r8", "r9");
	return r11;
}

static u32 in32(u32 port)
{
	return vmcall(30, 4, 0, port, 0);
}

static void out32(u32 port, u32 val)
{
	vmcall(30, 4, 1, port, val);
}

static u64 accept(u64 gpa_level)
{
	u64 rax = 6, rcx = gpa_level;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (rax), "+c" (rcx)
		     : : "memory", "rdx", "r8", "r9", "r10", "r11");
	return STATUS(rax);
}

/* Other vCPUs may want the same page, and the host the same entry. */
static u32 accept_pages(const struct cmd *cmd)
{
	u64 gpa = cmd->gpa, status;
	u32 i, bad = 0;

	for (i = 0; i < cmd->count; i++, gpa += cmd->stride) {
		do
			status = accept(gpa);
		while (status == OPERAND_BUSY);
		bad += status && status != PAGE_ALREADY_ACCEPTED;
	}
	return bad;
}

static void calls(u32 count)
{
	/* CPUID of a leaf that is the host's. */
	for (; count; count--)
		vmcall(10, 0x40000000, 0, 0, 0);
}

static void writes(u32 count)
{
	for (; count; count--)
		out32(PORT_NOTHING, 0);
}

static void spin(u32 count)
{
	for (; count; count--)
		asm volatile("pause");
}

/* --- interrupts --- */

/* guest_start.S: an IDT, and a handler that calls guest_trap(). */
extern u64 idt[512];
extern char trap_irq[];

#define VECTOR		0x40
#define MSR_X2APIC_EOI	0x80b
#define MSR_X2APIC_SPIV	0x80f
#define MSR_X2APIC_ICR	0x830
#define MSR_X2APIC_LVTT	0x832
#define MSR_DEADLINE	0x6e0
#define LVTT_DEADLINE	0x40000
/* Ticks of the TSC: long enough to be back in the guest by then. */
#define DELAY		200000

/* By x2APIC id; each written by its own vCPU. */
static volatile u32 taken[2];

/* By CPUID: the module does not emulate the x2APIC's register for every TD. */
static u32 apic_id(void)
{
	u32 eax = 1, ebx, ecx, edx;

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "=c" (ecx), "=d" (edx));
	return ebx >> 24;
}

static void wrmsr(u32 msr, u64 val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((u32)val), "d" ((u32)(val >> 32)));
}

static u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (u64)hi << 32 | lo;
}

void guest_trap(unsigned int vector, u64 *frame)
{
	(void)vector;
	(void)frame;
	taken[apic_id() & 1]++;
	wrmsr(MSR_X2APIC_EOI, 0);
}

/* MSRs that the module leaves to the VMM. */
static void host_wrmsr(u32 msr, u64 val)
{
	vmcall(32, msr, val, 0, 0);
}

static void interrupts_on(void)
{
	struct {
		uint16_t limit;
		u64 base;
	} __attribute__((packed)) ptr = { 4095, (u64)idt };
	u64 at = (u64)trap_irq;

	idt[2 * VECTOR] = (at & 0xffff) | 8ULL << 16 | 0x8eULL << 40 |
			  (at >> 16 & 0xffff) << 48;
	idt[2 * VECTOR + 1] = at >> 32;
	asm volatile("lidt %0" : : "m" (ptr));
	host_wrmsr(MSR_X2APIC_SPIV, 0x1ff);
	host_wrmsr(MSR_X2APIC_LVTT, LVTT_DEADLINE | VECTOR);
}

static void take_one(u32 vcpu, u32 before)
{
	while (taken[vcpu] == before)
		asm volatile("sti; pause; cli" : : : "memory");
}

/* HLT with interrupts off: one that is there already ends it, too. */
static void halt_until(u32 vcpu, u32 before)
{
	while (taken[vcpu] == before) {
		vmcall(12, 0, 0, 0, 0);
		asm volatile("sti; pause; cli" : : : "memory");
	}
}

static void send_to(u32 vcpu)
{
	host_wrmsr(MSR_X2APIC_ICR, (u64)vcpu << 32 | VECTOR);
}

static void ipis_to_self(u32 vcpu, u32 count, int halt)
{
	for (; count; count--) {
		u32 before = taken[vcpu];

		send_to(vcpu);
		/* HLT, with R12 0: an interrupt wakes it. */
		if (halt)
			vmcall(12, 0, 0, 0, 0);
		take_one(vcpu, before);
	}
}

/* The first one sends, the other one answers. */
static void ipis_to_other(u32 vcpu, u32 count, int first, int halt)
{
	for (; count; count--) {
		u32 before = taken[vcpu];

		if (first)
			send_to(!vcpu);
		if (halt)
			halt_until(vcpu, before);
		else
			take_one(vcpu, before);
		if (!first)
			send_to(!vcpu);
	}
}

static void timers(u32 vcpu, u32 count, int halt)
{
	for (; count; count--) {
		u32 before = taken[vcpu];

		host_wrmsr(MSR_DEADLINE, rdtsc() + DELAY);
		if (halt)
			halt_until(vcpu, before);
		else
			take_one(vcpu, before);
	}
}

static void interrupts(u32 op, u32 vcpu, u32 count)
{
	interrupts_on();
	if (op == CMD_SELF || op == CMD_HALT)
		ipis_to_self(vcpu, count, op == CMD_HALT);
	else if (op == CMD_PING || op == CMD_PONG)
		ipis_to_other(vcpu, count, op == CMD_PING, 0);
	else if (op == CMD_HALT_PING || op == CMD_HALT_PONG)
		ipis_to_other(vcpu, count, op == CMD_HALT_PING, 1);
	else
		timers(vcpu, count, op == CMD_NAP);
}

static struct cmd next_cmd(void)
{
	struct cmd cmd;

	cmd.op = in32(PORT_CMD);
	cmd.gpa = in32(PORT_GPA_LOW);
	cmd.gpa |= (u64)in32(PORT_GPA_HIGH) << 32;
	cmd.stride = in32(PORT_STRIDE);
	cmd.count = in32(PORT_COUNT);
	return cmd;
}

void guest_main(u64 param, u32 vcpu)
{
	(void)param;
	vcpu &= 1;
	for (;;) {
		struct cmd cmd = next_cmd();
		u32 bad = 0;

		/* No table of functions: the image has no relocations. */
		if (cmd.op == CMD_ACCEPT)
			bad = accept_pages(&cmd);
		else if (cmd.op == CMD_CALL)
			calls(cmd.count);
		else if (cmd.op == CMD_IO)
			writes(cmd.count);
		else if (cmd.op == CMD_SPIN)
			spin(cmd.count);
		else
			interrupts(cmd.op, vcpu, cmd.count);
		out32(PORT_BAD, bad);
	}
}
