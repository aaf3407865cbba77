// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TDX module as a file: a page of header, a page with the vendor's signature,
 * and the pages of the module.  P-SEAMLDR judges the signature and the module;
 * here it is only whether there is something to judge.
 */
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "host.h"
#include "update.h"

#define IMAGE_VERSION		0x200
#define IMAGE_SIGNATURE		"TDX-BLOB"

/* Replace the module that is there, which has left its state for the new one. */
#define SCENARIO_UPDATE		1

struct image_header {
	u16 version;
	u16 checksum;
	u8 signature[8];
	u32 nr_sigstruct_pages;
	u32 nr_module_pages;
	u8 reserved[4076];
};

static_assert(sizeof(struct image_header) == PAGE_SIZE);

static enum fw_upload_err invalid(const char *what, u32 is)
{
	return tdx_update_refused(FW_UPLOAD_ERR_FW_INVALID,
				  "the image's %s is %u", what, is);
}

static enum fw_upload_err check_counts(const struct image_header *h, u32 size)
{
	u32 nr;

	if (!h->nr_sigstruct_pages ||
	    h->nr_sigstruct_pages > SEAMLDR_MAX_SIGSTRUCT_PAGES)
		return invalid("number of signature pages", h->nr_sigstruct_pages);
	if (!h->nr_module_pages || h->nr_module_pages > SEAMLDR_MAX_MODULE_PAGES)
		return invalid("number of module pages", h->nr_module_pages);

	nr = 1 + h->nr_sigstruct_pages + h->nr_module_pages;
	if (size != nr * PAGE_SIZE)
		return tdx_update_refused(FW_UPLOAD_ERR_INVALID_SIZE,
					  "the image has %u bytes, its header says %lu",
					  size, nr * PAGE_SIZE);
	return FW_UPLOAD_ERR_NONE;
}

enum fw_upload_err tdx_image_check(const u8 *image, u32 size)
{
	const struct image_header *h = (const void *)image;

	if (size < sizeof(*h))
		return tdx_update_refused(FW_UPLOAD_ERR_INVALID_SIZE,
					  "the image has %u bytes, less than a header",
					  size);
	if (memcmp(h->signature, IMAGE_SIGNATURE, sizeof(h->signature)))
		return tdx_update_refused(FW_UPLOAD_ERR_FW_INVALID,
					  "this is no TDX module image");
	if (h->version != IMAGE_VERSION)
		return invalid("version", h->version);
	if (memchr_inv(h->reserved, 0, sizeof(h->reserved)))
		return tdx_update_refused(FW_UPLOAD_ERR_FW_INVALID,
					  "reserved bytes of the image's header are not zero");
	return check_counts(h, size);
}

static void fill_list(u64 *list, const u8 *at, u32 nr)
{
	for (; nr; nr--, at += PAGE_SIZE)
		*list++ = PFN_PHYS(vmalloc_to_pfn(at));
}

void tdx_image_params(struct seamldr_params *params, const u8 *image)
{
	const struct image_header *h = (const void *)image;
	const u8 *sigstruct = image + sizeof(*h);
	const u8 *module = sigstruct + h->nr_sigstruct_pages * PAGE_SIZE;

	params->scenario = SCENARIO_UPDATE;
	params->nr_module_pages = h->nr_module_pages;
	fill_list(params->sigstruct_pa, sigstruct, h->nr_sigstruct_pages);
	fill_list(params->module_pa, module, h->nr_module_pages);
}
