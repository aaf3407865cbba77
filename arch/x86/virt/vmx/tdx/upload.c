// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where an operator puts a new TDX module: /sys/class/firmware/tdx_module, as
 * mainline names it.
 */
#include <linux/err.h>
#include <linux/firmware.h>

#include "host.h"
#include "update.h"

/* Written with bring-up's lock held. */
static struct fw_upload *upload;

static enum fw_upload_err upload_prepare(struct fw_upload *fwl, const u8 *data,
					 u32 size)
{
	return tdx_image_check(data, size);
}

/* There is no part of an image that could be written by itself. */
static enum fw_upload_err upload_write(struct fw_upload *fwl, const u8 *data,
				       u32 offset, u32 size, u32 *written)
{
	enum fw_upload_err err = tdx_update(data);

	*written = err ? 0 : size;
	return err;
}

static enum fw_upload_err upload_poll_complete(struct fw_upload *fwl)
{
	return FW_UPLOAD_ERR_NONE;
}

/* What has begun cannot be stopped. */
static void upload_cancel(struct fw_upload *fwl)
{
}

static const struct fw_upload_ops upload_ops = {
	.prepare = upload_prepare,
	.write = upload_write,
	.poll_complete = upload_poll_complete,
	.cancel = upload_cancel,
};

/* TDX is on; without a device for updates it is as good. */
void tdx_upload_register(const struct tdx_sys_info *info)
{
	/* It stays where a shutdown has failed. */
	if (upload || !(info->features0 & TDX_FEATURES0_TD_PRESERVING) ||
	    !tdx_seamldr_is_safe())
		return;
	/* For this long, configure_module() has pinned this kernel module. */
	upload = firmware_upload_register(NULL, tdx_device(), "tdx_module",
					  &upload_ops, NULL);
	if (IS_ERR(upload)) {
		pr_warn("the TDX module cannot be updated: no upload device (%ld)\n",
			PTR_ERR(upload));
		upload = NULL;
	}
}

void tdx_upload_unregister(void)
{
	if (upload)
		firmware_upload_unregister(upload);
	upload = NULL;
}
