/* SPDX-License-Identifier: GPL-2.0-only */
/* Replacing the TDX module while TDs run: between image.c, update.c and upload.c. */
#ifndef _TDX_UPDATE_H
#define _TDX_UPDATE_H

#include <linux/firmware.h>
#include <linux/types.h>

#define SEAMLDR_MAX_SIGSTRUCT_PAGES	1
#define SEAMLDR_MAX_MODULE_PAGES	496

/* What SEAMLDR.INSTALL takes: one page, with the addresses of the others. */
struct seamldr_params {
	u32 version;
	u32 scenario;
	u64 sigstruct_pa[SEAMLDR_MAX_SIGSTRUCT_PAGES];
	u8 reserved[104];
	u64 nr_module_pages;
	u64 module_pa[SEAMLDR_MAX_MODULE_PAGES];
};

static_assert(sizeof(struct seamldr_params) == PAGE_SIZE);

/* Says in the log why; returns @err. */
__printf(2, 3)
enum fw_upload_err tdx_update_refused(enum fw_upload_err err, const char *fmt, ...);

/* --- image.c --- */
enum fw_upload_err tdx_image_check(const u8 *image, u32 size);
/* Of an image that was checked, in memory of vmalloc() or vmap(). */
void tdx_image_params(struct seamldr_params *params, const u8 *image);

/* --- update.c --- */
enum fw_upload_err tdx_update(const u8 *image);

#endif /* _TDX_UPDATE_H */
