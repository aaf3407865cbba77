// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page metadata on its way back to the kernel: no line of it is left in a cache,
 * and each line was written as a whole, before anyone else can get the page.
 */
#include "fake_host/fake_kernel.h"

#include <stdint.h>

#define PHYS_PFN(pa)		((pa) >> 12)
#define pfn_to_page(pfn)	(&fake_pages[(pfn) - FAKE_BASE / PAGE_SIZE])
#define ZERO_PAGE(addr)		(&fake_pages[NR_PAGES - 1])
#define __GFP_ZERO		0
#define mb()			fake_mb()

#define NR_PAGES		64
#define LINES			(4096 / 64)

struct page fake_pages[NR_PAGES];

/* Lines written by MOVDIR64B, and when the caches were written back. */
static struct {
	unsigned int lines[NR_PAGES];
	unsigned int before_write_back;
	unsigned int unfenced;
} seen;

static void fake_mb(void)
{
	seen.unfenced = 0;
}

static void movdir64b(void *dst, const void *src)
{
	u64 pa = (u64)(uintptr_t)dst;

	(void)src;
	seen.lines[(pa - FAKE_BASE) / PAGE_SIZE]++;
	seen.unfenced++;
	if (!kernel.wbinvds_everywhere)
		seen.before_write_back++;
}

#include "../../../arch/x86/virt/vmx/tdx/phymem.c"
#include "../../../arch/x86/virt/vmx/tdx/pamt_clear.c"
#include "host_check.h"

struct fake_cpu boot_cpu_data;

/* tdmr.c's. */
u64 tdmr_pamt_bytes(const struct tdmr *tdmr)
{
	return tdmr->pamt_size[0] + tdmr->pamt_size[1] + tdmr->pamt_size[2];
}

/* Two TDMRs, whose PAMTs have 3 + 1 + 1 pages each. */
static void metadata_is_clean_afterwards(void)
{
	struct tdmr tdmrs[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		tdmrs[i] = (struct tdmr) {
			.pamt_pa = FAKE_BASE + (8 + 8 * i) * PAGE_SIZE,
			.pamt_size = { 3 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE },
		};
	}
	tdx_pamt_clear(tdmrs, 2);
	check(kernel.wbinvds_everywhere == 1);
	check(!seen.before_write_back && !seen.unfenced);
	for (i = 0; i < NR_PAGES; i++) {
		bool pamt = (i >= 8 && i < 13) || (i >= 16 && i < 21);

		check(seen.lines[i] == (pamt ? LINES : 0));
	}
}

int main(void)
{
	run(metadata_is_clean_afterwards);
	return checks_failed != 0;
}
