// SPDX-License-Identifier: GPL-2.0-only
/*
 * P-SEAMLDR, which loaded the TDX module: what it is, and how it loads another
 * one.  Its leaves have bit 63 set, and it serves one CPU at a time.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <asm/msr.h>

#include "host.h"
#include "seamcall.h"

#define SEAMLDR_INFO			BIT_ULL(63)
#define SEAMLDR_INSTALL			(BIT_ULL(63) | 1)

#define SEAMLDR_ENTROPY_TRIES		10
#define SEAMLDR_ENOENTROPY		0x8000000000030001ULL

static const struct {
	u64 status;
	const char *name;
} status_names[] = {
	{ 0x8000000000000000ULL, "P_SEAMLDR_EBADPARAM" },
	{ 0x8000000000000003ULL, "P_SEAMLDR_EBADCALL" },
	{ 0x8000000000000004ULL, "P_SEAMLDR_EBADHANDOFF" },
	{ 0x8000000000000005ULL, "P_SEAMLDR_ECLEANUPREQ" },
	{ 0x8000000000000006ULL, "P_SEAMLDR_EUNSUPPORTED" },
	{ 0x8000000000010002ULL, "P_SEAMLDR_ENOMEM" },
	{ 0x8000000000010003ULL, "P_SEAMLDR_EUNSPECERR" },
	{ 0x8000000000010004ULL, "P_SEAMLDR_EUNSUPCPU" },
	{ 0x8000000000020000ULL, "P_SEAMLDR_EBADSIG" },
	{ 0x8000000000020001ULL, "P_SEAMLDR_EBADHASH" },
	{ 0x8000000000030000ULL, "P_SEAMLDR_EINTERRUPT" },
	{ SEAMLDR_ENOENTROPY, "P_SEAMLDR_ENOENTROPY" },
};

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

/* Of calls with all CPUs stopped; no call under seamldr_mutex is under way then. */
static DEFINE_RAW_SPINLOCK(install_lock);
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

const char *tdx_seamldr_status_name(u64 status)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(status_names); i++) {
		if (status_names[i].status == status)
			return status_names[i].name;
	}
	return "a status of P-SEAMLDR's without a name";
}

/**
 * tdx_seamldr_install() - SEAMLDR.INSTALL: this CPU's part in loading a module
 * @params_pa: address of struct seamldr_params, the same on all CPUs
 *
 * The new module is there once each CPU has called.  In VMX operation, with all
 * CPUs stopped.
 *
 * Return: P-SEAMLDR's status
 */
u64 tdx_seamldr_install(u64 params_pa)
{
	struct tdx_module_args args = {
		.rcx = params_pa,
	};
	int tries = SEAMLDR_ENTROPY_TRIES;
	u64 status;

	this_cpu_write(tdx_cache_dirty, true);
	raw_spin_lock(&install_lock);
	do {
		status = __seamcall(SEAMLDR_INSTALL, &args);
	} while (status == SEAMLDR_ENOENTROPY && --tries);
	raw_spin_unlock(&install_lock);
	return status;
}
