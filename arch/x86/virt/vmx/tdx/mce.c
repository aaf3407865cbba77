// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors that the kernel has logged: is it private memory, and whose?
 * What to do about it is the kernel's memory_failure() and KVM.
 */
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <asm/cpu_device_id.h>
#include <asm/intel-family.h>
#include <asm/mce.h>

#include "host.h"
#include "seamcall.h"

/* RCX of TDH.PHYMEM.PAGE.RDMD. */
#define PT_FREE			0
#define PT_RESERVED		1
#define PT_MASK			GENMASK_ULL(7, 0)

static DEFINE_MUTEX(rdmd_mutex);
/* In and out of page_rdmd(), under rdmd_mutex. */
static struct tdx_module_args rdmd;

static u64 page_rdmd(void)
{
	return seamcall_ret(TDH_PHYMEM_PAGE_RDMD, &rdmd);
}

/* Is the page at @pa the module's or a TD's?  @owner: its TDR, 0 if no TD's. */
static bool page_is_private(u64 pa, u64 *owner)
{
	u64 status;
	bool ret;

	mutex_lock(&rdmd_mutex);
	rdmd = (struct tdx_module_args){ .rcx = pa & PAGE_MASK };
	ret = !tdx_run_in_vmx(page_rdmd, &status) && !tdx_status_failed(status) &&
	      (rdmd.rcx & PT_MASK) != PT_FREE && (rdmd.rcx & PT_MASK) != PT_RESERVED;
	*owner = rdmd.rdx;
	mutex_unlock(&rdmd_mutex);
	return ret;
}

/*
 * On these CPUs a partial write to private memory by anybody but the TD poisons
 * it: a machine check may come from a bug of the kernel there.
 */
static bool partial_write_poisons(void)
{
	return boot_cpu_data.x86_vfm == INTEL_SAPPHIRERAPIDS_X ||
	       boot_cpu_data.x86_vfm == INTEL_EMERALDRAPIDS_X;
}

/* Process context. */
static int tdx_mce_notify(struct notifier_block *nb, unsigned long val,
			  void *data)
{
	struct mce *m = data;
	u64 pa, owner;

	if (!m || !mce_is_memory_error(m) || !mce_usable_address(m))
		return NOTIFY_DONE;
	pa = m->addr & MCI_ADDR_PHYSADDR;
	if (page_is_private(pa, &owner))
		pr_emerg("TDX private memory error at 0x%llx, TDR 0x%llx%s\n",
			 pa, owner, partial_write_poisons() ?
			 "; possible kernel bug: a partial write" : "");
	return NOTIFY_DONE;
}

/* Before memory_failure(), which takes the page away from the TD. */
static struct notifier_block mce_nb = {
	.notifier_call = tdx_mce_notify,
	.priority = MCE_PRIO_EARLY,
};

void tdx_mce_register(void)
{
	mce_register_decode_chain(&mce_nb);
}

void tdx_mce_unregister(void)
{
	mce_unregister_decode_chain(&mce_nb);
}
