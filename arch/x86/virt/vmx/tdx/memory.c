// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that the TDX module manages: all RAM, as TDMRs with their PAMTs.
 * From TDH.SYS.CONFIG on the PAMTs belong to the module, also after a failure.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <asm/smp.h>

#include "host.h"

/* TDMR_INFO as the module reads it; reserved areas of size 0 end the list. */
struct tdmr_info {
	u64 base;
	u64 size;
	u64 pamt_1g_base;
	u64 pamt_1g_size;
	u64 pamt_2m_base;
	u64 pamt_2m_size;
	u64 pamt_4k_base;
	u64 pamt_4k_size;
	struct {
		u64 offset;
		u64 size;
	} reserved[TDMR_MAX_RESERVED];
} __aligned(512);

/* Set up once by bring-up, and taken down after it failed or at unload. */
static struct tdx_ram ram;
static struct tdmr_limits limits;
static struct tdmr *tdmrs;
static unsigned int nr_tdmrs;
static bool pamts_allocated;
static bool module_owns_pamts;

static u64 pamt_total(void)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr_tdmrs; i++)
		sum += tdmr_pamt_bytes(&tdmrs[i]);
	return sum;
}

static void set_limits(const struct tdx_sys_info *info)
{
	limits = (struct tdmr_limits) {
		.max_tdmrs = info->max_tdmrs,
		.max_reserved = min_t(unsigned int, TDMR_MAX_RESERVED,
				      info->max_reserved_per_tdmr),
	};
	memcpy(limits.pamt_entry_size, info->pamt_entry_size,
	       sizeof(limits.pamt_entry_size));
}

/* Decide on TDMRs and allocate their PAMTs. */
int tdx_memory_plan(const struct tdx_sys_info *info)
{
	struct tdmr_problem problem = {};
	int ret;

	ret = tdx_ram_freeze(&ram);
	if (ret)
		return ret;

	set_limits(info);
	tdmrs = kvcalloc(limits.max_tdmrs, sizeof(*tdmrs), GFP_KERNEL);
	if (!tdmrs)
		return tdx_off(-ENOMEM, "no memory for %u TDMRs",
			       limits.max_tdmrs);

	ret = tdmr_plan(ram.range, ram.nr, &limits, tdmrs, &problem);
	if (ret < 0)
		return tdx_off(ret, "no TDMRs for this machine's memory: %s at 0x%llx",
			       problem.what, problem.addr);
	nr_tdmrs = ret;

	ret = tdx_pamt_alloc(&ram, &limits, tdmrs, nr_tdmrs);
	pamts_allocated = !ret;
	return ret;
}

static void fill_tdmr_info(struct tdmr_info *info, const struct tdmr *tdmr)
{
	unsigned int i;

	info->base = tdmr->range.start;
	info->size = tdmr->range.end - tdmr->range.start;
	info->pamt_4k_base = tdmr->pamt_pa;
	info->pamt_4k_size = tdmr->pamt_size[0];
	info->pamt_2m_base = info->pamt_4k_base + info->pamt_4k_size;
	info->pamt_2m_size = tdmr->pamt_size[1];
	info->pamt_1g_base = info->pamt_2m_base + info->pamt_2m_size;
	info->pamt_1g_size = tdmr->pamt_size[2];
	for (i = 0; i < tdmr->nr_reserved; i++) {
		const struct tdx_range *r = &tdmr->reserved[i];

		info->reserved[i].offset = r->start - tdmr->range.start;
		info->reserved[i].size = r->end - r->start;
	}
}

static const char *config_advice(u64 status)
{
	switch (tdx_status_code(status)) {
	case TDX_SYS_CONFIG_NOT_PENDING:
		return "every CPU of the machine has to be online";
	case TDX_TDMR_OUTSIDE_CMRS:
	case TDX_PAMT_OUTSIDE_CMRS:
		return "the firmware has to make all RAM convertible";
	default:
		return "compare /proc/iomem with the firmware's TDX settings";
	}
}

/* Tell the module, through an array of addresses and what they point to. */
int tdx_memory_configure(void)
{
	size_t array_size = ALIGN(nr_tdmrs * sizeof(u64), sizeof(struct tdmr_info));
	size_t size = array_size + nr_tdmrs * sizeof(struct tdmr_info);
	struct tdmr_info *info;
	unsigned int i;
	u64 *array;
	u64 status;

	BUILD_BUG_ON(sizeof(struct tdmr_info) != 512);

	array = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!array)
		return tdx_off(-ENOMEM, "no memory for TDMR_INFO");
	info = (void *)array + array_size;
	for (i = 0; i < nr_tdmrs; i++) {
		array[i] = virt_to_phys(&info[i]);
		fill_tdmr_info(&info[i], &tdmrs[i]);
	}

	status = tdh_sys_config(virt_to_phys(array), nr_tdmrs,
				tdx_global_keyid());
	free_pages_exact(array, size);

	if (tdx_status_failed(status))
		return tdx_off_status("SYS.CONFIG", status,
				      config_advice(status));
	module_owns_pamts = true;
	return 0;
}

/* The module says where it is by whole GiBs: the pages of one are a bound. */
#define TDMR_INIT_CALLS		(SZ_1G / PAGE_SIZE)

/* Let the module initialise one TDMR's PAMT; it does a part in each call. */
static int init_tdmr(const struct tdmr *tdmr)
{
	u64 done = tdmr->range.start, next, status;
	unsigned int calls = 0;

	while (done < tdmr->range.end) {
		status = tdh_sys_tdmr_init(tdmr->range.start, &next);
		/* By an earlier try. */
		if (tdx_status_code(status) == TDX_TDMR_ALREADY_INITIALIZED)
			break;
		if (tdx_status_failed(status) || ++calls > TDMR_INIT_CALLS)
			return tdx_off_status("SYS.TDMR.INIT", status,
					      "load kvm_intel again to go on from here");
		if (next > done) {
			done = next;
			calls = 0;
		}
		cond_resched();
	}
	return 0;
}

int tdx_memory_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr_tdmrs; i++) {
		ret = init_tdmr(&tdmrs[i]);
		if (ret)
			return ret;
	}
	pr_info("%u TDMRs, %llu KiB of page metadata\n", nr_tdmrs,
		pamt_total() / SZ_1K);
	return 0;
}

/* The module has used the PAMTs: make ordinary memory of them again. */
static void clear_pamts(void)
{
	unsigned int i;
	u64 pa, end;

	/* A line of a PAMT that is written back later would destroy data. */
	wbinvd_on_all_cpus();
	for (i = 0; i < nr_tdmrs; i++) {
		end = tdmrs[i].pamt_pa + tdmr_pamt_bytes(&tdmrs[i]);
		for (pa = tdmrs[i].pamt_pa; pa < end; pa += PAGE_SIZE) {
			tdx_clear_page(pfn_to_page(PHYS_PFN(pa)));
			cond_resched();
		}
	}
}

void tdx_memory_release(void)
{
	if (module_owns_pamts)
		clear_pamts();
	if (pamts_allocated)
		tdx_pamt_free(tdmrs, nr_tdmrs);
	pamts_allocated = false;
	module_owns_pamts = false;
	kvfree(tdmrs);
	tdmrs = NULL;
	nr_tdmrs = 0;
	if (ram.nr)
		tdx_ram_thaw(&ram);
}
