/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user-space back end of os.h: simulated physical memory and processors,
 * for tests and fuzzing.
 */
#ifndef _SWMOD_OS_USER_H
#define _SWMOD_OS_USER_H

#include "core/os.h"

/* Physical memory: 3 GiB from 1 GiB on, with a hole that is no memory. */
#define SW_USER_RAM_BASE	(1ULL << 30)
#define SW_USER_RAM_SIZE	(3ULL << 30)
#define SW_USER_HOLE_BASE	0xA0000000ULL
#define SW_USER_HOLE_SIZE	0x10000000ULL
#define SW_USER_MAXPA		46

/* What a test may set before SYS.INIT, or at any time. */
struct sw_user {
	u32 nr_cpus, nr_pkgs;
	u32 first_hkid, nr_hkids;
	bool irq_pending, no_entropy;
	void (*irq_asked)(void);	/* called when sw_irq_pending() is */
	u64 tsc;
	/* CPU 0's, and whatever plays another one changes them. */
	u64 tsc_adjust, misc_enable;
	/* Bits that all registers lack, of one leaf unless that is 0. */
	u32 cpuid_flip, cpuid_flip_leaf, cpuid_flip_subleaf;
	int pins;			/* sw_pin() less sw_unpin() */
	/* Other CMRs than the memory: base and size; all memory is RAM then. */
	const u64 (*cmr)[2];
	unsigned int nr_cmrs;
};

extern struct sw_user sw_user;
/* The package of the CPU that this thread plays. */
extern __thread u32 sw_user_pkg;

/* Fresh memory and a module that was just loaded. */
void sw_user_reset(void);

#endif /* _SWMOD_OS_USER_H */
