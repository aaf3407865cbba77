// SPDX-License-Identifier: GPL-2.0-only
/*
 * Convertible memory ranges: the memory that the firmware, and MCHECK after
 * it, found fit to be private.  What lies in none, as memory behind CXL does,
 * can be in no TDMR but as a reserved area.
 */
#include <linux/errno.h>
#include <linux/mm.h>

#include "host.h"

#define MD_NUM_CMRS	0x9000000100000000ULL
#define MD_CMR_BASE	0x9000000300000080ULL
#define MD_CMR_SIZE	0x9000000300000100ULL

/* No module has more; a larger number is nonsense. */
#define TDX_MAX_CMRS	1024

static int read_cmr(struct tdx_ranges *cmrs, unsigned int i)
{
	u64 base, size, status, start, end;

	status = tdh_sys_rd(MD_CMR_BASE + i, &base);
	if (!tdx_status_failed(status))
		status = tdh_sys_rd(MD_CMR_SIZE + i, &size);
	if (tdx_status_failed(status))
		return tdx_off_status("SYS.RD of a CMR", status,
				      "update the TDX module");
	/* Modules say 32 and leave those empty that they have no use for. */
	if (!size)
		return 0;

	start = PAGE_ALIGN(base);
	end = (base + size) & PAGE_MASK;
	if (base + size < base ||
	    (cmrs->nr && start < cmrs->range[cmrs->nr - 1].end))
		return tdx_off(-EIO,
			       "CMR %u at 0x%llx, 0x%llx bytes, is not behind the one before it",
			       i, base, size);
	if (tdx_ranges_add(cmrs, start, end))
		return tdx_off(-ENOMEM, "no memory for the list of CMRs");
	return 0;
}

/*
 * The CMRs, of which those that touch are one, as they are for the module.
 * @cmrs stays empty if the module does not say.
 */
int tdx_cmr_read(struct tdx_ranges *cmrs)
{
	unsigned int i;
	u64 nr, status;
	int ret = 0;

	status = tdh_sys_rd(MD_NUM_CMRS, &nr);
	if (tdx_status_code(status) == TDX_METADATA_FIELD_ID_INCORRECT ||
	    tdx_status_code(status) == TDX_METADATA_FIELD_NOT_READABLE) {
		pr_info("the TDX module does not tell its CMRs: taking all RAM for convertible\n");
		return 0;
	}
	if (tdx_status_failed(status))
		return tdx_off_status("SYS.RD of NUM_CMRS", status,
				      "update the TDX module");
	if (nr > TDX_MAX_CMRS)
		return tdx_off(-EIO, "the TDX module has %llu CMRs, too many", nr);

	for (i = 0; !ret && i < nr; i++)
		ret = read_cmr(cmrs, i);
	if (!ret && !cmrs->nr)
		ret = tdx_off(-ENODEV, "no memory is convertible; see the firmware's TDX settings");
	return ret;
}
