// SPDX-License-Identifier: GPL-2.0-only
/*
 * P-SEAMLDR, which loaded the TDX module, as far as it says what it is.  Its
 * leaves have bit 63 set, and it serves one CPU at a time.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <asm/msr.h>

#include "host.h"
#include "seamcall.h"

#define SEAMLDR_INFO			BIT_ULL(63)

/* MSR_IA32_VMX_BASIC: P-SEAMLDR leaves the current VMCS as it is. */
#define VMX_BASIC_NO_SEAMRET_INVD_VMCS	BIT_ULL(60)

struct seamldr_info {
	u32 version, attributes, vendor_id, build_date;
	u16 build_num, minor, major, update;
	u32 acm_x2apicid, num_remaining_updates;
	u8 seam_info[128];
	u8 seam_ready, seam_debug, p_seam_ready;
	u8 reserved[93];
};

static_assert(sizeof(struct seamldr_info) == 256);

static DEFINE_MUTEX(seamldr_mutex);
/* Where seamldr_info_leaf() has its answer put; under seamldr_mutex. */
static struct seamldr_info *answer;

/**
 * tdx_seamldr_is_safe() - may P-SEAMLDR be called?
 *
 * On CPUs with an erratum its return makes the current VMCS invalid, below a
 * KVM that relies on it.
 */
bool tdx_seamldr_is_safe(void)
{
	u64 basic;

	return boot_cpu_has(X86_FEATURE_VMX) &&
	       !rdmsrl_safe(MSR_IA32_VMX_BASIC, &basic) &&
	       (basic & VMX_BASIC_NO_SEAMRET_INVD_VMCS);
}

/* tdx_run_in_vmx() has interrupts off.  Not a leaf that the tracepoint knows. */
static u64 seamldr_info_leaf(void)
{
	struct tdx_module_args args = {
		.rcx = __pa(answer),
	};

	this_cpu_write(tdx_cache_dirty, true);
	return __seamcall(SEAMLDR_INFO, &args);
}

/* Ask P-SEAMLDR about itself: 0, -ENOMEM, or -EIO if it does not answer. */
int tdx_seamldr_read(struct tdx_seamldr *info)
{
	u64 status;
	int ret;

	mutex_lock(&seamldr_mutex);
	/* Such a size is aligned to itself, as SEAMLDR.INFO wants it. */
	answer = kzalloc(sizeof(*answer), GFP_KERNEL);
	ret = answer ? tdx_run_in_vmx(seamldr_info_leaf, &status) : -ENOMEM;
	if (!ret && status)
		ret = -EIO;
	if (!ret)
		*info = (struct tdx_seamldr) {
			.major = answer->major,
			.minor = answer->minor,
			.update = answer->update,
			.updates_left = answer->num_remaining_updates,
		};
	kfree(answer);
	mutex_unlock(&seamldr_mutex);
	return ret;
}
