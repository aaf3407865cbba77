// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two EPT roots of a TD's VMCS on a CPU with SEAM mode.  The CPU walks the tables
 * themselves, so that nothing here can be stale.
 */
#include "guest/guest.h"
#include "os/seam/os_seam.h"
#include "vmx/vmx.h"

#define VMCS_SHARED_EPTP	0x203c
/* 4 levels, write-back. */
#define EPTP_ATTRIBUTES		(3 << 3 | 6)

/* For a vCPU to which the host has given none; its entries allow no #VE. */
static u64 empty_root[512] __aligned(4096);

u64 sw_root_eptp(const struct sw_td *td, const struct sw_tdvps *vp)
{
	return td->tdr->tdcx_pa[SW_TDCS_SEPT_ROOT] | EPTP_ATTRIBUTES;
}

static u64 empty_eptp(void)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		sw_store(&empty_root[i], SW_EPT_SVE);
	return sw_seam_pa(empty_root) | EPTP_ATTRIBUTES;
}

void sw_root_load_shared(struct sw_tdvps *vp)
{
	u64 root = vp->shared_eptp & SW_EPT_PFN;

	vmx_write(VMCS_SHARED_EPTP, root ? root | EPTP_ATTRIBUTES : empty_eptp());
}

bool sw_root_sync_shared(struct sw_tdvps *vp)
{
	return false;
}

bool sw_root_sync_private(const struct sw_td *td, struct sw_tdvps *vp)
{
	return false;
}
