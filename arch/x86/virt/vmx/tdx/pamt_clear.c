// SPDX-License-Identifier: GPL-2.0-only
/* PAMTs on their way back to the kernel, after the TDX module was disabled. */
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <asm/smp.h>

#include "host.h"

void tdx_pamt_clear(const struct tdmr *tdmrs, unsigned int nr)
{
	unsigned int i;
	u64 pa, end;

	/* A line of a PAMT that is written back later would destroy data. */
	wbinvd_on_all_cpus();
	for (i = 0; i < nr; i++) {
		end = tdmrs[i].pamt_pa + tdmr_pamt_bytes(&tdmrs[i]);
		for (pa = tdmrs[i].pamt_pa; pa < end; pa += PAGE_SIZE) {
			tdx_clear_page(pfn_to_page(PHYS_PFN(pa)));
			cond_resched();
		}
	}
}
