// SPDX-License-Identifier: GPL-2.0-only
/*
 * The EPT root of a vCPU on a CPU without SEAM mode.
 *
 * Hardware has two EPT roots in a TD's VMCS, this module has one EPTP, so
 * each vCPU owns a merged root page: lower half from the S-EPT root, upper
 * half from the host's shared EPT.  It is a cache like any paging-structure
 * cache and is refilled under the same rules: the private half when the TLB
 * epoch has moved on, the shared half at every entry, and either one when a
 * violation says that it may be stale.  Only the vCPU that runs on it writes
 * it, so no vCPU can put back what another has just dropped.
 */
#include "guest/guest.h"

#define SW_ROOT_HALF		256

static u64 *sw_root(struct sw_tdvps *vp)
{
	return sw_tdvps_page(vp, SW_TDVPS_EPT_ROOT);
}

static u64 sw_root_source(const u64 *from, unsigned int i)
{
	return from ? sw_load(&from[i]) : SW_EPT_SVE;
}

static bool sw_root_copy(u64 *to, const u64 *from)
{
	bool changed = false;
	unsigned int i;
	u64 val;

	for (i = 0; i < SW_ROOT_HALF; i++) {
		val = sw_root_source(from, i);
		if (to[i] == val)
			continue;
		sw_store(&to[i], val);
		changed = true;
	}
	return changed;
}

static const u64 *shared_root(const struct sw_tdvps *vp)
{
	return vp->shared_eptp ? sw_va(vp->shared_eptp & SW_EPT_PFN) : NULL;
}

/* 4 levels of write-back tables. */
u64 sw_root_eptp(const struct sw_td *td, const struct sw_tdvps *vp)
{
	return vp->page_pa[SW_TDVPS_EPT_ROOT] | 3 << 3 | 6;
}

/*
 * Before each entry, when nobody uses the copy.  One string instruction, which
 * moves whole entries, is a quarter of what a loop costs.
 */
void sw_root_load_shared(struct sw_tdvps *vp)
{
	const u64 *from = shared_root(vp);
	u64 *to = sw_root(vp) + SW_ROOT_HALF;
	unsigned long n = SW_ROOT_HALF;

	if (!from) {
		sw_root_copy(to, NULL);
		return;
	}
	from += SW_ROOT_HALF;
	asm volatile("rep movsq" : "+D" (to), "+S" (from), "+c" (n) : :
		     "memory");
}

/* At a violation: was it only the copy that lacked the entry? */
bool sw_root_sync_shared(struct sw_tdvps *vp)
{
	const u64 *from = shared_root(vp);

	return sw_root_copy(sw_root(vp) + SW_ROOT_HALF,
			    from ? from + SW_ROOT_HALF : NULL);
}

bool sw_root_sync_private(const struct sw_td *td, struct sw_tdvps *vp)
{
	return sw_root_copy(sw_root(vp), sw_tdcs_page(td, SW_TDCS_SEPT_ROOT));
}
