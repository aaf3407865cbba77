/* SPDX-License-Identifier: GPL-2.0-only */
/* For a test's guest code: TDCALLs, and how to talk to the test. */
#ifndef TD_GUEST_H
#define TD_GUEST_H

#include <stdint.h>

#define TD_SHARED_BIT		(1ULL << 47)

/* Ports that td_run() understands; the value is 32 bits wide. */
#define TD_PORT_SYNC		0x50
#define TD_PORT_DONE		0x51
#define TD_PORT_FAIL		0x52

#define TDG_STATUS_MASK		0xffffffff00000000ULL
#define TDG_ALREADY_ACCEPTED	0x00000b0a00000000ULL

struct tdcall {
	uint64_t rax, rcx, rdx, r8, r9, r10, r11, r12, r13, r14, r15;
};

uint64_t tdcall(struct tdcall *regs);

/* Accept one 4 KiB page; the module's status. */
uint64_t tdg_accept(uint64_t gpa);
/* Ask for a conversion of @size bytes; TDVMCALL's status. */
uint64_t tdg_map_gpa(uint64_t gpa, uint64_t size);
void tdg_port_out(uint16_t port, uint32_t val);

/* Reached step @n: the test goes on, and may enter again. */
static inline void td_sync(uint32_t n)
{
	tdg_port_out(TD_PORT_SYNC, n);
}

void td_done(void) __attribute__((noreturn));
void td_fail(uint32_t line) __attribute__((noreturn));

#define TD_GUEST_ASSERT(cond)			\
do {						\
	if (!(cond))				\
		td_fail(__LINE__);		\
} while (0)

#endif /* TD_GUEST_H */
