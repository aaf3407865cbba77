// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest half of the TD tests: small functions, each of which makes one
 * kind of TDCALL and reports what came back.  No library, no relocation.
 */
#include <stdbool.h>

#include "guest_lib.h"

extern char trap_nmi[], trap_gp[], trap_pf[], trap_ve[], trap_irq[];

/* TDG.VP.VMCALL with R10 to R15 both ways. */
u64 vmcall(struct regs *r)
{
	register u64 r10 asm("r10") = r->r10;
	register u64 r11 asm("r11") = r->r11;
	register u64 r12 asm("r12") = r->r12;
	register u64 r13 asm("r13") = r->r13;
	register u64 r14 asm("r14") = r->r14;
	register u64 r15 asm("r15") = r->r15;
	u64 rax = 0;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (rax), "+r" (r10), "+r" (r11), "+r" (r12),
		       "+r" (r13), "+r" (r14), "+r" (r15)
		     : "c" (0xfc00ULL)
		     : "memory", "rdx", "rbx", "rsi", "rdi", "r8", "r9");
	*r = (struct regs){ r10, r11, r12, r13, r14, r15 };
	return rax;
}

struct regs call(u64 leaf, u64 r12, u64 r13, u64 r14, u64 r15)
{
	struct regs r = { 0, leaf, r12, r13, r14, r15 };

	vmcall(&r);
	return r;
}

u64 tdcall(u64 leaf, u64 rcx, u64 rdx, u64 *out)
{
	register u64 r8 asm("r8") = 0;
	register u64 r9 asm("r9") = 0;
	register u64 r10 asm("r10") = 0;
	register u64 r11 asm("r11") = 0;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (leaf), "+c" (rcx), "+d" (rdx), "+r" (r8),
		       "+r" (r9), "+r" (r10), "+r" (r11)
		     : : "memory");
	if (out) {
		out[0] = rcx;
		out[1] = rdx;
		out[2] = r8;
		out[3] = r9;
		out[4] = r10;
	}
	return leaf;
}

void out32(u32 port, u32 val)
{
	call(30, 4, 1, port, val);
}

void report(u64 val)
{
	out32(PORT_VALUE, val);
	out32(PORT_VALUE, val >> 32);
}

void done(void)
{
	for (;;)
		out32(PORT_DONE, 0);
}

/* --- interrupts and exceptions --- */

volatile u32 traps[256];
static volatile u64 ve_gpa;

void set_gate(unsigned int vector, char *handler)
{
	u64 at = (u64)handler;

	idt[2 * vector] = (at & 0xffff) | 8ULL << 16 | 0x8eULL << 40 |
			  (at >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = at >> 32;
}

void set_idt(void)
{
	struct {
		uint16_t limit;
		u64 base;
	} __attribute__((packed)) ptr = { 4095, (u64)idt };

	set_gate(2, trap_nmi);
	set_gate(13, trap_gp);
	set_gate(14, trap_pf);
	set_gate(20, trap_ve);
	set_gate(0x40, trap_irq);
	smp_set_gates();
	asm volatile("lidt %0" : : "m" (ptr));
}

void wrmsr(u32 msr, u64 val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((u32)val), "d" ((u32)(val >> 32)));
}

/* An x2APIC register that the module leaves to the VMM. */
u64 apic_write(u32 msr, u64 val)
{
	return call(32, msr, val, 0, 0).r10;
}

/* #VE: a read of MMIO, the only thing the tests do without a TDCALL. */
static void serve_ve(u64 *frame)
{
	u64 info[5];
	struct regs r;

	tdcall(3, 0, 0, info);
	ve_gpa = info[3];
	/* 14: RAX in the saved registers; 16: RIP, of an insn of 3 bytes. */
	r = call(48, 8, 0, info[3], 0);
	frame[14] = r.r11;
	frame[16] += 3;
}

void guest_trap(unsigned int vector, u64 *frame)
{
	traps[vector]++;
	if (features_trap(vector, frame))
		return;
	smp_trap(vector);
	if (vector == 20)
		serve_ve(frame);
	else if (vector >= 32)
		wrmsr(0x80b, 0);
	else if (vector == 13 || vector == 14)
		done();
}

/* --- tests --- */

static void test_cpuid(void)
{
	struct regs r = call(10, 0x40000000, 0, 0, 0);

	report(r.r10);
	report(r.r13);
}

static void test_wide(void)
{
	/* CPUID; RDMSR of the APIC base; WRMSR of x2APIC's spurious vector. */
	report(call(10, 1ULL << 32, 0, 0, 0).r10);
	report(call(31, 1ULL << 32 | 0x1b, 0, 0, 0).r10);
	report(call(32, 1ULL << 32 | 0x80f, 0x1ff, 0, 0).r10);
	/* MMIO and MapGPA above the guest's address width. */
	report(call(48, 4, 0, 1ULL << 49 | SHARED_BIT | MMIO_BASE, 0).r10);
	report(call(0x10001, 1ULL << 49 | SHARED_BIT | MAP_BASE, 0x1000, 0, 0).r10);
}

static void test_io(void)
{
	report(call(30, 4, 0, PORT_ECHO, 0).r11);
	report(call(30, 2, 0, PORT_ECHO, 0).r11);
	report(call(30, 1, 0, PORT_ECHO, 0).r11);
	report(call(30, 3, 0, PORT_ECHO, 0).r10);
	report(call(30, 4, 2, PORT_ECHO, 0).r10);
	report(call(30, 4, 0, 0xffff, 0).r10);
	report(call(30, 1, 0, 0x10000, 0).r10);
}

static void test_mmio(void)
{
	u64 gpa = SHARED_BIT | MMIO_BASE;

	report(call(48, 8, 0, gpa, 0).r11);
	report(call(48, 4, 0, gpa, 0).r11);
	report(call(48, 1, 0, gpa, 0).r11);
	report(call(48, 8, 1, gpa + 8, MMIO_VALUE).r10);
	report(call(48, 3, 0, gpa, 0).r10);
	report(call(48, 8, 2, gpa, 0).r10);
	report(call(48, 8, 0, MMIO_BASE, 0).r10);
	report(call(48, 8, 0, ~0ULL - 3, 0).r10);
}

static void test_mmio_ve(void)
{
	u64 val;

	set_idt();
	/* The module does not tell the length of a load or store: 48 8b 02 */
	asm volatile("movq (%1), %0" : "=a" (val) : "d" (SHARED_VA(MMIO_BASE)));
	report(val);
	report(ve_gpa);
	report(traps[20]);
}

static void test_msr(void)
{
	struct regs r;

	/* APIC base: enabled, x2APIC, BSP. */
	r = call(31, 0x1b, 0, 0, 0);
	report(r.r10);
	report(r.r11);
	/* Version register of the x2APIC. */
	report(call(31, 0x830, 0, 0, 0).r10);
	/* The spurious vector, with the APIC enabled, and back. */
	report(apic_write(0x80f, 0x1ff));
	report(call(31, 0x80f, 0, 0, 0).r11);
	/* Nobody's MSR. */
	report(call(31, 0x1234, 0, 0, 0).r10);
	report(call(32, 0x1234, 0, 0, 0).r10);
}

static void test_shared(void)
{
	u64 gpa = RAM_BASE + SHARED_OFFSET;

	/* Three pages around a border of 2 MiB: two exits. */
	report(call(0x10001, SHARED_BIT | gpa, 0x3000, 0, 0).r10);
	report(*SHARED_VA(gpa));
	*SHARED_VA(gpa + 8) = SHARED_VALUE;
	*SHARED_VA(gpa + 0x2000) = SHARED_VALUE + 1;
}

static void test_private(void)
{
	volatile u64 *p = (u64 *)(u64)(RAM_BASE + 0x1000);

	report(tdcall(6, (u64)p, 0, 0));
	report(*p);
	*p = SHARED_VALUE;
	report(*p);
	/* To shared and back: the contents are gone. */
	report(call(0x10001, SHARED_BIT | (u64)p, 0x1000, 0, 0).r10);
	*SHARED_VA((u64)p) = 1;
	report(call(0x10001, (u64)p, 0x1000, 0, 0).r10);
	report(tdcall(6, (u64)p, 0, 0));
	report(*p);
}

static void report_map_gpa(u64 gpa, u64 size)
{
	struct regs r = call(0x10001, gpa, size, 0, 0);

	report(r.r10);
	report(r.r11);
}

static void test_map_gpa(void)
{
	struct regs r;

	/* Refused at once: alignment, and the range before alignment. */
	report_map_gpa(SHARED_BIT | 0x100800, 0x1000);
	report_map_gpa(SHARED_BIT | 0x100800, 0);
	report_map_gpa(SHARED_BIT - 0x1000, 0x2000);
	/* The VMM has an answer for each. */
	report_map_gpa(SHARED_BIT | MAP_BASE, MAP_SIZE);
	report_map_gpa(SHARED_BIT | MAP_BASE, MAP_SIZE);
	report_map_gpa(SHARED_BIT | MAP_BASE, MAP_SIZE);
	report_map_gpa(SHARED_BIT | MAP_BASE, MAP_SIZE);
	/* KVM's hypercall of the same kind, which the VMM leaves unanswered. */
	r = (struct regs){ 12, MAP_HYPERCALL, 1, 0, 0 };
	vmcall(&r);
	report(r.r10);
	/* Last, as it ends KVM_RUN; then once more without the capability. */
	call(0x10001, SHARED_BIT | MAP_BASE, MAP_SIZE, 0, 0);
	report_map_gpa(SHARED_BIT | MAP_BASE, MAP_SIZE);
}

static void report_msr_pair(u32 msr, u64 val)
{
	struct regs r;

	report(call(32, msr, val, 0, 0).r10);
	r = call(31, msr, 0, 0, 0);
	report(r.r10);
	report(r.r10 ? 0 : r.r11);
}

static void test_emulated_msrs(void)
{
	/* POWER_CTL, EFER, FEAT_CTL, MCG_EXT_CTL, XSS, TSC, TSC_ADJUST. */
	report_msr_pair(0x1fc, 5);
	report_msr_pair(0xc0000080, 0xd01);
	report_msr_pair(0x3a, 1);
	report_msr_pair(0x4d0, 1);
	report_msr_pair(0xda0, 0);
	report_msr_pair(0x10, 0);
	report_msr_pair(0x3b, 0);
	/* ARCH_CAPABILITIES can be read; writing is for the VMM. */
	report(call(31, 0x10a, 0, 0, 0).r10);
	report(call(32, 0x10a, 0, 0, 0).r10);
}

static void test_vmcalls(void)
{
	struct regs r;

	r = call(0x10000, 0, 1, 2, 3);
	report(r.r10 | r.r11 | r.r12 | r.r13 | r.r14);
	r = call(0x10000, 1, 0, 0, 0);
	report(r.r10);
	report(r.r11);
	report(call(0x10000, 2, 0, 0, 0).r10);
	/* MapGPA: alignment, range, both halves at once. */
	report(call(0x10001, SHARED_BIT | 0x100800, 0x1000, 0, 0).r10);
	report(call(0x10001, SHARED_BIT | 0x100000, 0, 0, 0).r10);
	report(call(0x10001, ~0xfffULL, 0x2000, 0, 0).r10);
	report(call(0x10001, SHARED_BIT - 0x1000, 0x2000, 0, 0).r10);
	/* GetQuote: private buffer, then a good one. */
	report(call(0x10002, 0x100000, 0x1000, 0, 0).r10);
	report(call(0x10002, SHARED_BIT | 0x100000, 0x1000, 0, 0).r10);
	/* Its size and place are the VMM's to judge. */
	report(call(0x10002, SHARED_BIT | 0x100800, 0x10, 0, 0).r10);
	/* SetupEventNotifyInterrupt */
	report(call(0x10004, 31, 0, 0, 0).r10);
	report(call(0x10004, 256, 0, 0, 0).r10);
	report(call(0x10004, 33, 0, 0, 0).r10);
	/* Unknown. */
	report(call(0x10005, 0, 0, 0, 0).r10);
	report(call(77, 0, 0, 0, 0).r10);
	/* KVM's hypercalls: POLL_IRQ, and none. */
	r = (struct regs){ 1 };
	vmcall(&r);
	report(r.r10);
	r = (struct regs){ 1000 };
	vmcall(&r);
	report(r.r10);
}

void halt(void)
{
	/* Interrupts count as enabled: R12 is 0. */
	call(12, 0, 0, 0, 0);
}

static u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (u64)hi << 32 | lo;
}

static void test_timer(void)
{
	u64 start = rdtsc(), deadline = start + 1000000;

	set_idt();
	report(apic_write(0x80f, 0x1ff));
	/* LVT timer: TSC deadline, vector 0x40. */
	report(apic_write(0x832, 0x40040));
	report(apic_write(0x6e0, deadline));
	while (!traps[0x40]) {
		halt();
		asm volatile("sti; nop; cli");
	}
	report(rdtsc() >= deadline);
	report(traps[0x40]);
}

/*
 * Reported: the answers of FAST_ROUNDS, as sums; IPIs to itself that arrived, one
 * a round, each pending when it halts.  Then calls without end, until an NMI comes.
 */
static void test_fast_calls(void)
{
	u64 bad = 0, kvm = 0;
	u32 i;

	set_idt();
	apic_write(0x80f, 0x1ff);
	for (i = 0; i < FAST_ROUNDS; i++) {
		struct regs r = call(10, 0x40000000, 0, 0, 0);

		bad += r.r10;
		kvm += r.r13 == 0x4b4d564b;
		r = call(31, 0x1b, 0, 0, 0);
		bad += r.r10 || r.r11 != 0xfee00d00;
		bad += apic_write(0x830, 0x40);
		halt();
		asm volatile("sti; nop; cli");
	}
	report(bad);
	report(kvm);
	report(traps[0x40]);
	while (!traps[2]) {
		call(10, 0x40000000, 0, 0, 0);
		apic_write(0x6e0, 0);
	}
	report(traps[2]);
}

/* The buffer's words: version, status, lengths, data. */
static void test_quote(void)
{
	u64 gpa = RAM_BASE + QUOTE_OFFSET, i;
	volatile u64 *buffer = SHARED_VA(gpa);

	set_idt();
	report(apic_write(0x80f, 0x1ff));
	report(call(0x10001, SHARED_BIT | gpa, QUOTE_SIZE, 0, 0).r10);
	report(call(0x10004, QUOTE_VECTOR, 0, 0, 0).r10);
	buffer[0] = 1;
	buffer[1] = 0;
	buffer[2] = QUOTE_REPORT;
	for (i = 0; i < QUOTE_REPORT / 8; i++)
		buffer[3 + i] = QUOTE_WORD + i;
	report(call(0x10002, SHARED_BIT | gpa, QUOTE_SIZE, 0, 0).r10);
	/* Or a timer ends the wait. */
	apic_write(0x832, 0x40000 | QUOTE_TIMER);
	apic_write(0x6e0, rdtsc() + QUOTE_PATIENCE);
	while (!traps[QUOTE_VECTOR] && !traps[QUOTE_TIMER]) {
		halt();
		asm volatile("sti; nop; cli");
	}
	report(traps[QUOTE_VECTOR]);
	report(buffer[1]);
	report(buffer[2] >> 32);
	/* The report comes after 64 bytes that say what it is. */
	report(buffer[3 + 8]);
}

static void test_nmi(void)
{
	set_idt();
	report(0);
	while (!traps[2])
		asm volatile("pause");
	report(traps[2]);
}

static void test_ipi(u32 vcpu)
{
	set_idt();
	apic_write(0x80f, 0x1ff);
	if (vcpu) {
		report(1);
		while (!traps[0x40]) {
			halt();
			asm volatile("sti; nop; cli");
		}
		report(traps[0x40]);
	} else {
		/* ICR: fixed, vector 0x40, to x2APIC id 1. */
		report(apic_write(0x830, 1ULL << 32 | 0x40));
	}
}

static void test_triple_fault(void)
{
	struct {
		uint16_t limit;
		u64 base;
	} __attribute__((packed)) ptr = { 0, 0 };

	asm volatile("lidt %0; ud2" : : "m" (ptr));
}

static void test_fatal(void)
{
	call(0x10003, 0x1234, 0, 0x4142434445464748, 0);
}

static void test_busy(void)
{
	for (;;)
		asm volatile("pause");
}

/* The VMM converts on the exits, without a word from the guest. */
static void test_unconverted(void)
{
	volatile u64 *p = (u64 *)(u64)(RAM_BASE + 0x5000);

	*SHARED_VA((u64)p) = SHARED_VALUE;
	report(*SHARED_VA((u64)p));
	report(tdcall(6, (u64)p, 0, 0));
	report(*p);
}

static void test_dirty(void)
{
	unsigned int round;

	/* Page 1, then 2, then 1 again; the VMM reads the log in between. */
	for (round = 0; round < 3; round++) {
		*SHARED_VA(LOG_BASE + 0x1000 + round % 2 * 0x1000) = round;
		report(round);
	}
}

static void test_touch(void)
{
	report(*(volatile u64 *)(u64)(RAM_BASE + 0x3000));
}

/*
 * The VMM takes pages away and gives them back meanwhile, so that none can be
 * used after it was accepted.  Reported: how often ACCEPT said what; each vCPU
 * walks the other way.
 */
static void test_accept(u32 vcpu)
{
	u32 fresh = 0, again = 0, other = 0, busy = 0, n;
	u64 base = RAM_BASE + ACCEPT_OFFSET;

	for (n = 0; n < ACCEPT_PAGES * ACCEPT_ROUNDS; n++) {
		u32 page = (vcpu & 1 ? ~n : n) % ACCEPT_PAGES;
		u64 status;

		while ((status = tdcall(6, base + page * 4096ULL, 0, 0) >> 32) ==
		       0x80000200)
			busy++;
		if (!status)
			fresh++;
		else if (status == 0xb0a)
			again++;
		else
			other++;
	}
	report((u64)fresh << 32 | again);
	report((u64)busy << 32 | other);
}

static u32 order_word(void)
{
	return call(30, 4, 0, PORT_ORDER, 0).r11;
}

static void test_orders(void)
{
	for (;;) {
		u32 what = order_word();
		u64 gpa = (u64)order_word() << 12;
		u32 arg = order_word();

		if (what == ORDER_DONE)
			break;
		if (what == ORDER_ACCEPT) {
			report(tdcall(6, gpa | arg, 0, 0));
		} else if (what == ORDER_READ) {
			report(*(volatile u64 *)gpa);
		} else {
			*(volatile u64 *)gpa = arg;
			report(arg);
		}
	}
}

/* What accepting a page may answer while others do the same and the VMM zaps. */
static bool accepted(u64 status)
{
	status >>= 32;
	return !status || status == 0xb0a;
}

static u64 accept(u64 gpa)
{
	u64 status;

	do
		status = tdcall(6, gpa, 0, 0);
	while (status >> 32 == 0x80000200);
	return status;
}

/*
 * Each range large if possible, else small, as Linux does it.  Reported: how
 * many it accepted large, as small pages, and what it could not make sense of.
 */
static void test_accept_huge(u32 vcpu)
{
	u32 large = 0, small = 0, other = 0, n, page;

	for (n = 0; n < HUGE_RANGES * HUGE_ROUNDS; n++) {
		u64 gpa = HUGE_BASE + (n + vcpu) % HUGE_RANGES * (u64)HUGE_PAGE;
		u64 status = accept(gpa | 1);

		if (accepted(status)) {
			large++;
			continue;
		}
		/* TDX_PAGE_SIZE_MISMATCH */
		if (status >> 32 != 0xc0000b0b)
			other++;
		for (page = 0; page < 512; page++)
			other += !accepted(accept(gpa + page * 4096ULL));
		small++;
	}
	report((u64)large << 32 | small);
	report(other);
}

/* Where its code is; then what it made of its argument, and once more. */
static void test_debug(void)
{
	u64 (*spot)(u64 x) = (void *)debug_spot;

	report((u64)spot);
	report(spot(0x100));
	report(spot(0x100));
}

static void test_hello(void)
{
	report(0x600d);
}

void guest_main(u64 param, u32 vcpu)
{
	u32 test = param & 0xff;

	/* No table of functions: the image has no relocations. */
	if (test == GUEST_CPUID)
		test_cpuid();
	else if (test == GUEST_IO)
		test_io();
	else if (test == GUEST_MMIO)
		test_mmio();
	else if (test == GUEST_MMIO_VE)
		test_mmio_ve();
	else if (test == GUEST_MSR)
		test_msr();
	else if (test == GUEST_SHARED)
		test_shared();
	else if (test == GUEST_PRIVATE)
		test_private();
	else if (test == GUEST_VMCALLS)
		test_vmcalls();
	else if (test == GUEST_TIMER)
		test_timer();
	else if (test == GUEST_FAST_CALLS)
		test_fast_calls();
	else if (test == GUEST_NMI)
		test_nmi();
	else if (test == GUEST_IPI)
		test_ipi(vcpu);
	else if (test == GUEST_TRIPLE_FAULT)
		test_triple_fault();
	else if (test == GUEST_FATAL)
		test_fatal();
	else if (test == GUEST_UNCONVERTED)
		test_unconverted();
	else if (test == GUEST_DIRTY)
		test_dirty();
	else if (test == GUEST_TOUCH)
		test_touch();
	else if (test == GUEST_ACCEPT)
		test_accept(vcpu);
	else if (test == GUEST_ORDERS)
		test_orders();
	else if (test == GUEST_ACCEPT_HUGE)
		test_accept_huge(vcpu);
	else if (test == GUEST_SMP)
		test_smp(vcpu);
	else if (test == GUEST_WIDE)
		test_wide();
	else if (test == GUEST_MAP_GPA)
		test_map_gpa();
	else if (test == GUEST_EMULATED_MSRS)
		test_emulated_msrs();
	else if (test == GUEST_HOSTILE)
		test_hostile(param >> 8);
	else if (test == GUEST_FUZZ)
		test_fuzz(param >> 8, vcpu);
	else if (test == GUEST_ROOTS)
		test_roots(vcpu);
	else if (test == GUEST_QUOTE)
		test_quote();
	else if (test == GUEST_FEATURES)
		test_features(param >> 8);
	else if (test == GUEST_DEBUG)
		test_debug();
	else if (test == GUEST_BUSY)
		test_busy();
	else
		test_hello();
	done();
}
