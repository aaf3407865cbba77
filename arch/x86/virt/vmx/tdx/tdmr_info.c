// SPDX-License-Identifier: GPL-2.0-only
/* TDH.SYS.CONFIG: the TDMRs as the module reads them. */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "host.h"

/* Where a TDMR_INFO may lie. */
#define TDMR_INFO_ALIGN	512

/*
 * TDMR_INFO.  It has as many reserved areas as the module says that a TDMR can
 * have; one of size 0 ends the list.
 */
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
	} reserved[];
};

static void fill_info(struct tdmr_info *info, const struct tdmr *tdmr)
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
	case TDX_OPERAND_INVALID:
	case TDX_INVALID_PAMT:
		if (tdx_pamt_is_dynamic())
			return "load tdx_host with dynamic_pamt=0";
		break;
	default:
		break;
	}
	return "compare /proc/iomem with the firmware's TDX settings";
}

/* Tell the module, through an array of addresses and what they point to. */
int tdx_tdmr_config(const struct tdmr *tdmrs, unsigned int nr,
		    unsigned int max_reserved)
{
	size_t array_size = ALIGN(nr * sizeof(u64), TDMR_INFO_ALIGN);
	size_t info_size = ALIGN(struct_size((struct tdmr_info *)NULL, reserved,
					     max_reserved), TDMR_INFO_ALIGN);
	size_t size = array_size + nr * info_size;
	unsigned int i;
	u64 *array;
	u64 status;

	array = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!array)
		return tdx_off(-ENOMEM, "no memory for TDMR_INFO");
	for (i = 0; i < nr; i++) {
		void *info = (void *)array + array_size + i * info_size;

		array[i] = virt_to_phys(info);
		fill_info(info, &tdmrs[i]);
	}

	status = tdh_sys_config(virt_to_phys(array), nr, tdx_global_keyid(),
				tdx_pamt_is_dynamic());
	free_pages_exact(array, size);
	if (!tdx_status_failed(status))
		return 0;
	return tdx_off_status("SYS.CONFIG", status, config_advice(status));
}
