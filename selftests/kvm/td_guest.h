/* SPDX-License-Identifier: GPL-2.0-only */
/* For a test's guest code: TDCALLs, and how to talk to the test. */
#ifndef TD_GUEST_H
#define TD_GUEST_H

#include <linux/types.h>

#include "kselftest.h"

#define TD_SHARED_BIT		(1ULL << 47)

/* Ports that td_run() understands; the value is 32 bits wide. */
#define TD_PORT_SYNC		0x50
#define TD_PORT_DONE		0x51
#define TD_PORT_FAIL		0x52

#define TDG_STATUS_MASK		0xffffffff00000000ULL
#define TDG_OPERAND_BUSY	0x8000020000000000ULL
#define TDG_ALREADY_ACCEPTED	0x00000b0a00000000ULL

struct tdcall {
	u64 rax, rcx, rdx, r8, r9, r10, r11, r12, r13, r14, r15;
};

u64 tdcall(struct tdcall *regs);

/* Accept one 4 KiB page; the module's status. */
u64 tdg_accept(u64 gpa);
/* Ask for a conversion of @size bytes; TDVMCALL's status. */
u64 tdg_map_gpa(u64 gpa, u64 size);
void tdg_port_out(u16 port, u32 val);

/* Reached step @n: the test goes on, and may enter again. */
static inline void td_sync(u32 n)
{
	tdg_port_out(TD_PORT_SYNC, n);
}

void __noreturn td_done(void);
void __noreturn td_fail(u32 line);

#define TD_GUEST_ASSERT(cond)			\
do {						\
	if (!(cond))				\
		td_fail(__LINE__);		\
} while (0)

#endif /* TD_GUEST_H */
