// SPDX-License-Identifier: GPL-2.0-only
/* Runs inside the TD, in the test's binary. */
#include "td_guest.h"

#define TDG_VP_VMCALL		0
#define TDG_MEM_PAGE_ACCEPT	6

#define TDVMCALL_IO		30
#define TDVMCALL_MAP_GPA	0x10001
#define TDVMCALL_RETRY		1

/* R10 to R15 are passed and come back. */
#define TDVMCALL_REGS		0xfc00

u64 tdcall(struct tdcall *r)
{
	register u64 r8 asm("r8") = r->r8;
	register u64 r9 asm("r9") = r->r9;
	register u64 r10 asm("r10") = r->r10;
	register u64 r11 asm("r11") = r->r11;
	register u64 r12 asm("r12") = r->r12;
	register u64 r13 asm("r13") = r->r13;
	register u64 r14 asm("r14") = r->r14;
	register u64 r15 asm("r15") = r->r15;
	u64 rax = r->rax, rcx = r->rcx, rdx = r->rdx;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (rax), "+c" (rcx), "+d" (rdx), "+r" (r8),
		       "+r" (r9), "+r" (r10), "+r" (r11), "+r" (r12),
		       "+r" (r13), "+r" (r14), "+r" (r15)
		     : : "memory", "cc");

	*r = (struct tdcall){ rax, rcx, rdx, r8, r9, r10, r11, r12, r13, r14,
			      r15 };
	return rax;
}

u64 tdg_accept(u64 gpa)
{
	struct tdcall r = { .rax = TDG_MEM_PAGE_ACCEPT, .rcx = gpa };

	return tdcall(&r);
}

u64 tdg_map_gpa(u64 gpa, u64 size)
{
	struct tdcall r;

	do {
		r = (struct tdcall){
			.rax = TDG_VP_VMCALL,
			.rcx = TDVMCALL_REGS,
			.r11 = TDVMCALL_MAP_GPA,
			.r12 = gpa,
			.r13 = size,
		};
		if (tdcall(&r))
			return r.rax;
		if (r.r10 == TDVMCALL_RETRY) {
			size -= r.r11 - gpa;
			gpa = r.r11;
		}
	} while (r.r10 == TDVMCALL_RETRY);
	return r.r10;
}

void tdg_port_out(u16 port, u32 val)
{
	struct tdcall r = {
		.rax = TDG_VP_VMCALL,
		.rcx = TDVMCALL_REGS,
		.r11 = TDVMCALL_IO,
		.r12 = sizeof(val),
		.r13 = 1,
		.r14 = port,
		.r15 = val,
	};

	tdcall(&r);
}

void td_done(void)
{
	for (;;)
		tdg_port_out(TD_PORT_DONE, 0);
}

void td_fail(u32 line)
{
	for (;;)
		tdg_port_out(TD_PORT_FAIL, line);
}
