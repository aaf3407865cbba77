/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The software module's core below tdx_host.ko's files.  Both sides have types
 * of the same names, so they meet here only.
 */
#ifndef _HOST_MACHINE_H
#define _HOST_MACHINE_H

#include <linux/types.h>
#include <stdbool.h>

#define MACHINE_FIRST_KEYID	32
#define MACHINE_NR_KEYIDS	32

struct machine_regs {
	__u64 rcx, rdx, r8, r9, r10, r11;
};

/* Other memory, and a module that was just loaded. */
void machine_reset(unsigned int cpus, unsigned int packages, bool sys_disable);
/* The module is loaded anew; memory stays. */
void machine_reload(void);
__u64 machine_seamcall(unsigned int cpu, unsigned int package, __u64 leaf,
		       struct machine_regs *r);
/* What SYS.CONFIG takes: one TDMR of one GiB. */
__u64 machine_tdmr_array(void);
__u64 machine_tdmr_base(void);
/* Memory of the machine that nobody has; where it is. */
void *machine_pages(unsigned int nr);
__u64 machine_pa(const void *va);
/* As often P-SEAMLDR replaces the module. */
void machine_max_updates(unsigned int nr);
/* The module cannot be unloaded. */
bool machine_pinned(void);

#endif /* _HOST_MACHINE_H */
