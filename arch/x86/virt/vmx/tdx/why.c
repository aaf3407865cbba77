// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why TDX is off.  Every failing step of bring-up says it once, here: the
 * log gets the line, and KVM can ask for it later.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#include "host.h"

/* Written by bring-up, which runs once, before tdx_host_enable() returns. */
static char why[256] = "bring-up was not tried";

/* Keep and log the reason; returns @err so that callers can return it. */
int tdx_off(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	pr_err("%s\n", why);
	return err;
}

/* A leaf failed: name it, say what the module answered and what to do. */
int tdx_off_status(const char *leaf, u64 status, const char *advice)
{
	char text[TDX_STATUS_TEXT_MAX];

	if (status == TDX_SEAMCALL_UD && !(cr4_read_shadow() & X86_CR4_VMXE))
		return tdx_off(-EIO, "%s: SEAMCALL needs VMX operation, which is off on CPU %u",
			       leaf, raw_smp_processor_id());
	if (status == TDX_SEAMCALL_UD)
		return tdx_off(-ENODEV,
			       "no TDX module answers SEAMCALL: neither SEAM hardware nor tdx_swmod");
	if (status == TDX_SEAMCALL_VMFAILINVALID)
		return tdx_off(-ENODEV,
			       "no TDX module is loaded; enable TDX in the firmware, or update it");

	tdx_status_describe(text, sizeof(text), status);
	return tdx_off(-EIO, "TDH.%s failed with %s; %s", leaf, text, advice);
}

const char *tdx_off_reason(void)
{
	return why;
}
