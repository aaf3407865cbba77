// SPDX-License-Identifier: GPL-2.0-only
/*
 * The persistent SEAM loader, as far as a host asks what it is.  Nothing here
 * is ever loaded or updated: every other leaf is one that it does not know.
 */
#include "host/leaf.h"

#define LEAF_INFO	(1ULL << 63)
/* Statuses of its own: bit 63 and a number, here "bad parameter". */
#define BAD_PARAM	(1ULL << 63)

/* SEAMLDR_INFO */
struct sw_seamldr_info {
	u32 version, attributes, vendor_id, build_date;
	u16 build_num, minor_version, major_version, update_version;
	u32 acm_x2apic_id, num_remaining_updates;
	u8 seam_info[128];
	u8 seam_ready, seam_debug, p_seamldr_ready;
	u8 reserved[93];
};

static_assert(sizeof(struct sw_seamldr_info) == 256, "SEAMLDR_INFO");

u64 sw_seamldr(struct sw_regs *r)
{
	struct sw_page page;
	u64 err;

	if (r->rax != LEAF_INFO) {
		r->rax = BAD_PARAM;
		return BAD_PARAM;
	}
	err = sw_host_get(r->rcx, sizeof(struct sw_seamldr_info), SW_OPND_RCX, &page);
	if (!err) {
		*(struct sw_seamldr_info *)sw_va(r->rcx) = (struct sw_seamldr_info) {
			.vendor_id = SW_MODULE_VENDOR,
			.build_date = SW_MODULE_BUILD_DATE,
			.minor_version = SW_MODULE_MINOR,
			.major_version = SW_MODULE_MAJOR,
			.update_version = SW_MODULE_UPDATE,
			.seam_ready = 1,
			.p_seamldr_ready = 1,
		};
	}
	sw_page_put(&page);
	r->rax = err ? BAD_PARAM : 0;
	return r->rax;
}
