/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SEAM back end: the module as a SEAM loader loads it.  What its files share.
 */
#ifndef _SWMOD_OS_SEAM_H
#define _SWMOD_OS_SEAM_H

/* Offsets in struct sw_seam_local, for entry.S. */
#define SW_SEAM_REGS		0
#define SW_SEAM_REGS_SIZE	128

#ifndef __ASSEMBLER__
#include "core/core.h"
#include "debug/fault.h"

#define __packed		__attribute__((__packed__))
#define __aligned(n)		__attribute__((__aligned__(n)))

/* CPUs that the module can serve. */
#define SW_SEAM_CPUS		8
/* For XCR0's components that a CPU of today has. */
#define SW_SEAM_XSAVE_SIZE	8192

/* SYS_INFO, as the loader fills it: the layout of the module's loader_data.h. */
struct sw_loader_info {
	u64 version;
	u32 cpus, packages;
	u8 unused0[112];
	struct {
		u64 base, size;
	} cmr[32];
	u8 unused1[1408];
	u64 status;
	u64 code_base, code_size, data_base, data_size, stack_base, stack_size;
	u64 keyhole_base, keyhole_size, edit_base, edit_size;
	u64 stack_pages, local_pages;		/* less one */
	u16 module_hv, min_update_hv;
	u8 no_downgrade, unused2;
	u16 handoff_pages;			/* less one */
	u8 unused3[1936];
};

_Static_assert(sizeof(struct sw_loader_info) == 4096, "SYS_INFO is a page");

/* What each CPU has, at its GS base. */
struct sw_seam_local {
	struct sw_regs regs;
	struct sw_cpu cpu;
	struct sw_fault_ctx fault;
};

_Static_assert(sizeof(struct sw_regs) == SW_SEAM_REGS_SIZE, "entry.S knows the size");

static inline const struct sw_loader_info *sw_loader_info(void)
{
	const struct sw_loader_info *info;

	asm("rdfsbase %0" : "=r" (info));
	return info;
}

static inline struct sw_seam_local *sw_seam_local(void)
{
	struct sw_seam_local *local;

	asm("rdgsbase %0" : "=r" (local));
	return local;
}

/* direct_map.c: makes the first SW_DIRECT_SIZE bytes of memory readable by sw_va(). */
#define SW_DIRECT_SIZE		(4ULL << 30)
void sw_direct_map(void);
/* Where one of the module's own pages lies. */
u64 sw_seam_pa(const void *va);

/* entry.S */
bool sw_seam_rdmsr(u32 msr, u64 *val);		/* false: #GP */
#endif /* __ASSEMBLER__ */

#endif /* _SWMOD_OS_SEAM_H */
