/* SPDX-License-Identifier: GPL-2.0-only */
/* A CPU's local data, at its GS base; entry.S and fault.S know the offsets. */
#ifndef LOCAL_H
#define LOCAL_H

#define LOCAL_REGS		0
#define LOCAL_RSP		0x80
#define LOCAL_SSP		0x88
#define LOCAL_RFLAGS		0x90
#define LOCAL_TRY_RIP		0x98
#define LOCAL_TRY_RSP		0xa0
#define LOCAL_TRY_SSP		0xa8
#define LOCAL_VECTOR		0xb0
#define LOCAL_ERROR		0xb8
#define LOCAL_FAULT_RIP		0xc0
#define LOCAL_CR2		0xc8
#define LOCAL_BREAKPOINTS	0xd0

#define VECTOR_BREAKPOINT	3

#ifndef __ASSEMBLER__

#include "../seam_abi.h"

struct local {
	struct seam_regs regs;
	u64 pad;
	u64 rsp, ssp, rflags;
	/* Where a fault goes on; RIP is 0 outside of seam_try(). */
	u64 try_rip, try_rsp, try_ssp;
	/* The last fault. */
	u64 vector, error, fault_rip, cr2;
	u64 breakpoints;
	u64 calls;
};

#define ASSERT_AT(member, offset) \
	_Static_assert(__builtin_offsetof(struct local, member) == (offset), #member)

ASSERT_AT(rsp, LOCAL_RSP);
ASSERT_AT(ssp, LOCAL_SSP);
ASSERT_AT(rflags, LOCAL_RFLAGS);
ASSERT_AT(try_rip, LOCAL_TRY_RIP);
ASSERT_AT(try_rsp, LOCAL_TRY_RSP);
ASSERT_AT(try_ssp, LOCAL_TRY_SSP);
ASSERT_AT(vector, LOCAL_VECTOR);
ASSERT_AT(error, LOCAL_ERROR);
ASSERT_AT(fault_rip, LOCAL_FAULT_RIP);
ASSERT_AT(cr2, LOCAL_CR2);
ASSERT_AT(breakpoints, LOCAL_BREAKPOINTS);

/* SYS_INFO, at FS base: what loader_data.h of Intel's module says of it. */
struct sys_info {
	u64 version;
	u32 lps, sockets;
	u32 cpuid_1_eax[8];
	u8 pad0[17];
	u8 tdx_without_integrity;
	u8 pad1[62];
	struct seam_cmr cmr[SEAM_CMRS];
	u8 pad2[1408];
	u64 status;
	u64 code_base, code_size, data_base, data_size;
	u64 stack_base, stack_size, keyhole_base, keyhole_size;
	u64 edit_base, edit_size;
	u64 stack_pages, tls_pages;
	u16 module_hv, min_update_hv;
	u8 no_downgrade, pad3;
	u16 handoff_pages;
};

_Static_assert(__builtin_offsetof(struct sys_info, cmr) == 128, "CMRs");
_Static_assert(__builtin_offsetof(struct sys_info, status) == 2048, "status");
_Static_assert(__builtin_offsetof(struct sys_info, handoff_pages) == 2158, "handoff");

#endif /* __ASSEMBLER__ */
#endif /* LOCAL_H */
