/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel back end: what its files share.
 */
#ifndef _SWMOD_OS_KERNEL_H
#define _SWMOD_OS_KERNEL_H

#include <linux/percpu.h>

#include "core/core.h"

/*
 * @nr_hkids 0: take the KeyIDs from MSR 0x87.  @not_convertible: the address and
 * the size of RAM that is in no CMR; 0, 0 for none.
 */
int sw_os_setup(u32 first_hkid, u32 nr_hkids, u64 not_convertible[2]);

DECLARE_PER_CPU(struct sw_cpu, sw_cpus);
/* TSC ticks in each leaf; an emulated machine's TSC counts instructions. */
DECLARE_PER_CPU(u64 [SW_NR_LEAVES], sw_ticks);

/* What a CPU is doing. */
const struct sw_cpu *sw_os_cpu(unsigned int cpu);
/* TSC ticks that all CPUs have spent in a leaf, TDH.VP.ENTER's guest included. */
u64 sw_os_ticks(u32 leaf);

/* debugfs.c */
void sw_debugfs_create(void);
void sw_debugfs_remove(void);

#endif /* _SWMOD_OS_KERNEL_H */
