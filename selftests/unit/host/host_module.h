/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The software module for tests of tdx_host.ko: SYS.RD, SYS.CONFIG and
 * TDMR.INIT on a machine with CMRs of the test's choice.
 */
#ifndef _HOST_MODULE_H
#define _HOST_MODULE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* What host memory the module can read: the rest has addresses only. */
#define MODULE_RAM_BASE		(1ULL << 30)
#define MODULE_RAM_SIZE		(3ULL << 30)

/* Freshly loaded, SYS.INIT and LP.INIT done; a CMR is its base and its size. */
void module_start(const __u64 (*cmr)[2], unsigned int nr);
/* A SEAMCALL; outputs come back in the same places. */
__u64 module_call(__u64 leaf, __u64 *rcx, __u64 *rdx, __u64 *r8);
/* KEY.CONFIG on the one package. */
__u64 module_ready_for_tdmr_init(void);
void *module_va(__u64 pa);
__u64 module_pa(const void *va);
/* Was the page in a TDMR and not reserved, for SYS.CONFIG? */
bool module_offers(__u64 pa);
/* And can TDs have it, now that its PAMT is initialised? */
bool module_takes(__u64 pa);

#endif /* _HOST_MODULE_H */
