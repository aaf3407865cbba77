// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page metadata on its way back to the kernel: no line of it is left in a cache,
 * and each line was written as a whole, before anyone else can get the page.
 */
#include "fake_host/fake_kernel.h"

#include <stdint.h>

#define SZ_1K			1024
#define SZ_1G			(1UL << 30)
#define PHYS_PFN(pa)		((pa) >> 12)
#define pfn_to_page(pfn)	(&fake_pages[(pfn) - FAKE_BASE / PAGE_SIZE])
#define ZERO_PAGE(addr)		(&fake_pages[NR_PAGES - 1])
#define __GFP_ZERO		0
#define __aligned(n)		__attribute__((aligned(n)))
#define ALIGN(x, a)		(((x) + (a) - 1) / (a) * (a))
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define kvcalloc(n, size, gfp)	calloc(n, size)
#define kvfree(p)		free(p)
#define alloc_pages_exact(size, gfp)	calloc(1, size)
#define free_pages_exact(p, size)	free(p)
#define virt_to_phys(p)		((u64)(uintptr_t)(p))
#define BUILD_BUG_ON(x)		static_assert(!(x), "")
#define mb()			fake_mb()

#define NR_PAGES		64
#define LINES			(4096 / 64)

struct page fake_pages[NR_PAGES];

/* Lines written by MOVDIR64B, and when the caches were written back. */
static struct {
	unsigned int lines[NR_PAGES];
	unsigned int before_write_back;
	unsigned int unfenced;
	unsigned int released;
	unsigned int released_early;
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

#include "../../arch/x86/virt/vmx/tdx/phymem.c"
#include "../../arch/x86/virt/vmx/tdx/memory.c"
#include "../../arch/x86/virt/vmx/tdx/tdmr.c"
#include "host_check.h"

struct fake_cpu boot_cpu_data;

/* What memory.c calls beside; none of it is under test here. */
int tdx_off(int err, const char *fmt, ...)
{
	(void)fmt;
	return err;
}

int tdx_off_status(const char *leaf, u64 status, const char *advice)
{
	(void)leaf;
	(void)status;
	(void)advice;
	return -EIO;
}

u64 tdh_sys_config(u64 array_pa, unsigned int nr, u16 hkid)
{
	(void)array_pa;
	(void)nr;
	(void)hkid;
	return 0;
}

u64 tdh_sys_tdmr_init(u64 base, u64 *next)
{
	*next = base + SZ_1G;
	return 0;
}

u16 tdx_global_keyid(void)
{
	return 32;
}

int tdx_ram_freeze(struct tdx_ram *list)
{
	(void)list;
	return 0;
}

void tdx_ram_thaw(struct tdx_ram *list)
{
	(void)list;
}

int tdx_pamt_alloc(const struct tdx_ram *list, const struct tdmr_limits *max,
		   struct tdmr *regions, unsigned int nr)
{
	(void)list;
	(void)max;
	(void)regions;
	(void)nr;
	return 0;
}

void tdx_pamt_free(struct tdmr *regions, unsigned int nr)
{
	unsigned int i;
	u64 pa;

	for (i = 0; i < nr; i++) {
		for (pa = regions[i].pamt_pa;
		     pa < regions[i].pamt_pa + tdmr_pamt_bytes(&regions[i]);
		     pa += PAGE_SIZE) {
			seen.released++;
			if (seen.lines[(pa - FAKE_BASE) / PAGE_SIZE] != LINES)
				seen.released_early++;
		}
	}
}

/* Two TDMRs, whose PAMTs have 3 + 1 + 1 pages each. */
static void set_up(bool owned)
{
	unsigned int i;

	memset(&seen, 0, sizeof(seen));
	memset(&kernel, 0, sizeof(kernel));
	nr_tdmrs = 2;
	tdmrs = calloc(nr_tdmrs, sizeof(*tdmrs));
	for (i = 0; i < nr_tdmrs; i++) {
		tdmrs[i] = (struct tdmr) {
			.pamt_pa = FAKE_BASE + (8 + 8 * i) * PAGE_SIZE,
			.pamt_size = { 3 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE },
		};
	}
	pamts_allocated = true;
	module_owns_pamts = owned;
}

static void metadata_is_clean_before_it_is_freed(void)
{
	unsigned int i;

	set_up(true);
	tdx_memory_release();
	check(kernel.wbinvds_everywhere == 1);
	check(!seen.before_write_back && !seen.unfenced);
	check(seen.released == 10 && !seen.released_early);
	for (i = 0; i < NR_PAGES; i++) {
		bool pamt = (i >= 8 && i < 13) || (i >= 16 && i < 21);

		check(seen.lines[i] == (pamt ? LINES : 0));
	}
}

static void what_the_module_never_had_is_freed_as_it_is(void)
{
	set_up(false);
	tdx_memory_release();
	check(seen.released == 10);
	check(!kernel.wbinvds_everywhere && !seen.lines[8]);
}

static void nothing_is_freed_twice(void)
{
	set_up(true);
	tdx_memory_release();
	seen.released = 0;
	tdx_memory_release();
	check(!seen.released && kernel.wbinvds_everywhere == 1);
}

int main(void)
{
	run(metadata_is_clean_before_it_is_freed);
	run(what_the_module_never_had_is_freed_as_it_is);
	run(nothing_is_freed_twice);
	return checks_failed != 0;
}
