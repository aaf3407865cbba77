// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that the TDX module manages: all RAM that can be private, as
 * TDMRs with their PAMTs.  From TDH.SYS.CONFIG on the PAMTs belong to the
 * module, also after a failure.
 */
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "host.h"

/* Ranges of one kind that the log names; a line says how many more there are. */
#define TDX_LEFT_OUT_LINES	16

/* Set up once by bring-up, and taken down after it failed or at unload. */
static struct tdx_ranges ram;
/* Of it, what TDs can have; and what not, as not convertible or given up. */
static struct tdx_ranges managed;
static struct tdx_ranges left_out;
static struct tdmr_limits limits;
/* What the module says, which @limits may stay below. */
static unsigned int max_reserved;
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
	max_reserved = info->max_reserved_per_tdmr;
	limits = (struct tdmr_limits) {
		.max_tdmrs = info->max_tdmrs,
		.max_reserved = min_t(unsigned int, TDMR_MAX_RESERVED,
				      max_reserved),
	};
	if (tdx_pamt_wants_dynamic(info))
		limits.pamt_bitmap_bits = info->pamt_bitmap_bits;
	memcpy(limits.pamt_entry_size, info->pamt_entry_size,
	       sizeof(limits.pamt_entry_size));
}

/* Decide on TDMRs for the RAM in @usable. */
static int plan_tdmrs(const struct tdx_ranges *usable,
		      const struct tdx_ranges *cmrs)
{
	struct tdmr_problem problem = {};
	int ret;

	if (!usable->nr)
		return tdx_off(-ENODEV, "no RAM is convertible; see the firmware's TDX settings");
	tdmrs = kvcalloc(limits.max_tdmrs, sizeof(*tdmrs), GFP_KERNEL);
	if (!tdmrs)
		return tdx_off(-ENOMEM, "no memory for %u TDMRs",
			       limits.max_tdmrs);

	ret = tdmr_plan(usable, cmrs, &limits, tdmrs, &problem);
	if (ret < 0)
		return tdx_off(ret, "no TDMRs for this machine's memory: %s at 0x%llx",
			       problem.what, problem.addr);
	nr_tdmrs = ret;
	return 0;
}

/* Without its reserved areas @ram is what TDs can have. */
static int subtract_reserved(struct tdx_ranges *out,
			     const struct tdx_ranges *usable)
{
	struct tdx_ranges reserved = {};
	unsigned int i, j;
	int ret = 0;

	for (i = 0; i < nr_tdmrs; i++) {
		for (j = 0; !ret && j < tdmrs[i].nr_reserved; j++)
			ret = tdx_ranges_add(&reserved,
					     tdmrs[i].reserved[j].start,
					     tdmrs[i].reserved[j].end);
	}
	if (!ret)
		ret = tdx_ranges_subtract(out, usable, &reserved);
	tdx_ranges_free(&reserved);
	return ret;
}

/* Name the ranges of RAM that no TD can have, and say why. */
static void log_left_out(const struct tdx_ranges *usable)
{
	unsigned int i;

	for (i = 0; i < left_out.nr && i < TDX_LEFT_OUT_LINES; i++) {
		const struct tdx_range *r = &left_out.range[i];
		bool in_cmr = tdx_ranges_meet(usable, r->start, r->end);

		pr_warn("no TD can have the memory [0x%llx, 0x%llx), %llu KiB: %s\n",
			r->start, r->end, (r->end - r->start) / SZ_1K,
			in_cmr ? "given up, its GiB has more holes than the TDX module takes" :
				 "not convertible, by the firmware's settings or its kind");
	}
	if (i < left_out.nr)
		pr_warn("the same for %u more ranges of memory\n",
			left_out.nr - i);
}

/* Compare what TDs can have with all RAM. */
static int find_left_out(const struct tdx_ranges *usable)
{
	int ret = subtract_reserved(&managed, usable);

	if (!ret)
		ret = tdx_ranges_subtract(&left_out, &ram, &managed);
	if (ret)
		return ret;
	log_left_out(usable);
	tdx_private_exclude(&left_out, &managed);
	return 0;
}

static int plan_memory(struct tdx_ranges *cmrs, struct tdx_ranges *usable)
{
	int ret;

	ret = tdx_cmr_read(cmrs);
	if (ret)
		return ret;
	/* A module that does not tell its CMRs refuses what lies in none. */
	if (!cmrs->nr)
		cmrs = &ram;
	if (tdx_ranges_intersect(usable, &ram, cmrs))
		return tdx_off(-ENOMEM, "no memory for the list of RAM");
	ret = plan_tdmrs(usable, cmrs);
	if (ret)
		return ret;
	if (find_left_out(usable))
		return tdx_off(-ENOMEM, "no memory for the list of RAM");

	if (limits.pamt_bitmap_bits &&
	    tdx_pamt_start(managed.range[managed.nr - 1].end))
		return tdx_off(-ENOMEM, "no memory to count pages of TDs");
	ret = tdx_pamt_alloc(&managed, &limits, tdmrs, &nr_tdmrs);
	pamts_allocated = !ret;
	return ret;
}

/* Decide on TDMRs and allocate their PAMTs. */
int tdx_memory_plan(const struct tdx_sys_info *info)
{
	struct tdx_ranges cmrs = {}, usable = {};
	int ret;

	ret = tdx_ram_freeze(&ram);
	if (ret)
		return ret;

	set_limits(info);
	ret = plan_memory(&cmrs, &usable);
	tdx_ranges_free(&usable);
	tdx_ranges_free(&cmrs);
	return ret;
}

int tdx_memory_configure(void)
{
	int ret = tdx_tdmr_config(tdmrs, nr_tdmrs, max_reserved);

	module_owns_pamts = !ret;
	return ret;
}

int tdx_memory_init(void)
{
	int ret = tdx_tdmr_init(tdmrs, nr_tdmrs);

	if (ret)
		return ret;
	pr_info("%u TDMRs, %llu KiB of page metadata%s\n", nr_tdmrs,
		pamt_total() / SZ_1K,
		tdx_pamt_is_dynamic() ? ", more as TDs need it" : "");
	return 0;
}

void tdx_memory_release(void)
{
	tdx_pamt_stop();
	if (module_owns_pamts)
		tdx_pamt_clear(tdmrs, nr_tdmrs);
	if (pamts_allocated)
		tdx_pamt_free(tdmrs, nr_tdmrs);
	pamts_allocated = false;
	module_owns_pamts = false;
	kvfree(tdmrs);
	tdmrs = NULL;
	nr_tdmrs = 0;
	tdx_private_exclude(NULL, NULL);
	tdx_ranges_free(&left_out);
	tdx_ranges_free(&managed);
	if (ram.nr)
		tdx_ram_thaw(&ram);
}

const struct tdmr *tdx_memory_tdmrs(unsigned int *nr)
{
	*nr = nr_tdmrs;
	return tdmrs;
}
