// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vector registers across VP.ENTER.  A TDVMCALL carries the XMM registers that
 * its mask names, both ways; of the rest the host finds nothing, neither the
 * guest's values nor its own.  Works on XSAVE images in the standard format:
 * the guest's in TDVPS, and one of the host that a back end keeps meanwhile.
 */
#include "guest/guest.h"

#define SW_XSAVE_XMM		160
#define SW_XSAVE_XMM_SIZE	16
#define SW_XSAVE_BV		512	/* components that are not initial */
#define SW_XSTATE_SSE		(1ULL << 1)
/* SSE, AVX and AVX-512; the host's PKRU stays what it was. */
#define SW_XSTATE_VECTORS	0xe6ULL

static unsigned int sw_xmm_mask(const struct sw_tdvps *vp)
{
	if (vp->last_exit != SW_EXIT_TDVMCALL)
		return 0;
	return vp->vmcall_mask >> 16 & 0xffff;
}

/* Copy the XMM registers of @mask; the others stay as they are in @to. */
static void sw_copy_xmm(u8 *to, const u8 *from, unsigned int mask)
{
	unsigned int i;

	/* As in almost all. */
	if (!mask)
		return;
	for (i = 0; i < 16; i++) {
		u32 at = SW_XSAVE_XMM + i * SW_XSAVE_XMM_SIZE;

		if (mask & (1u << i))
			memcpy(to + at, from + at, SW_XSAVE_XMM_SIZE);
	}
	*(u64 *)(to + SW_XSAVE_BV) |= SW_XSTATE_SSE;
}

/* Before the guest's image is loaded: what the host answers. */
void sw_xstate_enter(struct sw_run *run, const void *host)
{
	u8 *guest = sw_tdvps_page(run->vp, SW_TDVPS_XBUFF);

	sw_copy_xmm(guest, host, sw_xmm_mask(run->vp));
}

/* Before the host's image is loaded: make it what a TD exit leaves behind. */
void sw_xstate_exit(struct sw_run *run, void *host)
{
	const u8 *guest = sw_tdvps_page(run->vp, SW_TDVPS_XBUFF);
	u8 *to = host;

	*(u64 *)(to + SW_XSAVE_BV) &= ~SW_XSTATE_VECTORS;
	memset(to + SW_XSAVE_XMM, 0, 16 * SW_XSAVE_XMM_SIZE);
	sw_copy_xmm(to, guest, sw_xmm_mask(run->vp));
}
