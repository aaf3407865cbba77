// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private KeyIDs.  The first one is the module's own, for the pages that it
 * keeps for itself; each TD takes one of the others while it can run.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/idr.h>
#include <linux/moduleparam.h>
#include <asm/msr.h>

#include "host.h"

/* A KeyID operand is 16 bits wide. */
#define TDX_KEYID_LIMIT		BIT(16)

static unsigned int keyids[2];
static int nr_keyids_given;
module_param_array(keyids, uint, &nr_keyids_given, 0444);
MODULE_PARM_DESC(keyids, "FIRST,COUNT: private KeyIDs, where MSR 0x87 does not tell");

/* Set by tdx_keyid_detect(), constant after. */
static u32 keyid_first, keyid_count;
static DEFINE_IDA(keyid_ida);
static atomic_t nr_used;

/* Low half: KeyIDs that anyone may use.  High half: private ones after them. */
static bool keyids_from_msr(void)
{
	u64 val;

	if (rdmsrl_safe(MSR_IA32_MKTME_KEYID_PARTITIONING, &val))
		return false;
	keyid_count = val >> 32;
	keyid_first = (u32)val + 1;
	return keyid_count;
}

int tdx_keyid_detect(void)
{
	if (keyids_from_msr()) {
		if (nr_keyids_given)
			pr_info("keyids= ignored: MSR 0x87 tells the range\n");
	} else if (nr_keyids_given == 2) {
		keyid_first = keyids[0];
		keyid_count = keyids[1];
	} else {
		return tdx_off(-ENODEV,
			       "no private KeyIDs: enable TDX in the firmware; where MSR 0x87 does not exist, give keyids=FIRST,COUNT");
	}

	if (keyid_count < 2)
		return tdx_off(-ENODEV,
			       "%u private KeyID: one for the module and one for a TD are needed",
			       keyid_count);
	if (!keyid_first || keyid_first >= TDX_KEYID_LIMIT ||
	    keyid_count > TDX_KEYID_LIMIT - keyid_first)
		return tdx_off(-ENODEV,
			       "private KeyIDs %u+%u are out of range",
			       keyid_first, keyid_count);
	return 0;
}

/**
 * tdx_keyid_alloc() - take a private KeyID for a TD
 *
 * May sleep.
 *
 * Return: the KeyID, -ENOSPC when all are in use, or -ENOMEM.
 */
int tdx_keyid_alloc(void)
{
	int hkid;

	if (keyid_count < 2)
		return -ENOSPC;
	hkid = ida_alloc_range(&keyid_ida, keyid_first + 1,
			       keyid_first + keyid_count - 1, GFP_KERNEL);
	if (hkid >= 0)
		atomic_inc(&nr_used);
	return hkid;
}
EXPORT_SYMBOL_GPL(tdx_keyid_alloc);

/**
 * tdx_keyid_free() - give a KeyID back
 * @hkid: from tdx_keyid_alloc()
 *
 * Only after TDH.MNG.KEY.FREEID succeeded for it, or if TDH.MNG.CREATE never
 * did: the module refuses a KeyID that it still counts as used.
 */
void tdx_keyid_free(int hkid)
{
	atomic_dec(&nr_used);
	ida_free(&keyid_ida, hkid);
}
EXPORT_SYMBOL_GPL(tdx_keyid_free);

/**
 * tdx_global_keyid() - the module's own KeyID
 *
 * Return: the KeyID given to TDH.SYS.CONFIG.
 */
u16 tdx_global_keyid(void)
{
	return keyid_first;
}
EXPORT_SYMBOL_GPL(tdx_global_keyid);

/**
 * tdx_nr_guest_keyids() - how many TDs can exist at a time
 *
 * Return: private KeyIDs without the module's own.
 */
unsigned int tdx_nr_guest_keyids(void)
{
	return keyid_count ? keyid_count - 1 : 0;
}
EXPORT_SYMBOL_GPL(tdx_nr_guest_keyids);

/* Does a TD have a KeyID? */
bool tdx_keyid_in_use(void)
{
	return !ida_is_empty(&keyid_ida);
}

/* Those that TDs have, and those that the module did not give back. */
unsigned int tdx_nr_used_keyids(void)
{
	return atomic_read(&nr_used);
}
