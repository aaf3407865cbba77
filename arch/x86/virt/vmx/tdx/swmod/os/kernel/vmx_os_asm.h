/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmx_entry.S takes from the kernel, which has no shadow stack of its own. */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/unwind_hints.h>

#define VMX_KEEP_SSP
