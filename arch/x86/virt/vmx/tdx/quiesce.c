// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of TDX: when it is shut down, before another kernel takes over, and
 * never by suspending to memory or disk, which loses the keys and so every TD's
 * memory.  Suspend to idle loses nothing.
 */
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/suspend.h>
#include <asm/smp.h>

#include "host.h"

/* SYS.DISABLE is interruptible; bound the tries all the same. */
#define TDX_DISABLE_TRIES	100000

static bool must_call_again(u64 status)
{
	return tdx_status_code(status) == TDX_INTERRUPTED_RESUMABLE ||
	       tdx_status_code(status) == TDX_SYS_BUSY;
}

/*
 * Disable the TDX module, which destroys what TDs are left, and write back what
 * it left in the caches.  Modules before TDH.SYS.DISABLE refuse, and go on.
 */
int tdx_module_disable(void)
{
	char text[TDX_STATUS_TEXT_MAX];
	unsigned int tries = TDX_DISABLE_TRIES;
	u64 status;

	do {
		if (tdx_run_in_vmx(tdh_sys_disable, &status)) {
			pr_warn("cannot enter VMX operation to disable the TDX module\n");
			return -EIO;
		}
		cond_resched();
	} while (must_call_again(status) && --tries);

	tdx_flush_caches();
	if (!tdx_status_failed(status))
		return 0;
	if (tdx_status_code(status) == TDX_OPERAND_INVALID)
		return -EOPNOTSUPP;
	pr_warn("the TDX module cannot be disabled: %s\n",
		tdx_status_describe(text, sizeof(text), status));
	return -EIO;
}

/*
 * A new kernel knows nothing of private memory: nothing may be written there
 * any more, and no dirty line of it may be written back later.
 *
 * vCPUs may still run.  If the module could be disabled, they can do nothing
 * more; in any case KVM's last SEAMCALL on a CPU comes later, and so does its
 * write-back, in vt_disable_virtualization_cpu().
 */
static int tdx_reboot_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	tdx_module_disable();
	return NOTIFY_DONE;
}

/* Which way of suspending it will be is known later, see tdx_pm_prepare(). */
static int tdx_pm_notify(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		pr_warn("no hibernation while TDX is on: it would lose the TDs' keys\n");
		return NOTIFY_BAD;
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block reboot_nb = {
	.notifier_call = tdx_reboot_notify,
};

static struct notifier_block pm_nb = {
	.notifier_call = tdx_pm_notify,
};

int tdx_quiesce_register(void)
{
	int ret;

	ret = register_reboot_notifier(&reboot_nb);
	if (ret)
		return tdx_off(ret, "no reboot notifier (%d)", ret);
	ret = register_pm_notifier(&pm_nb);
	if (ret) {
		unregister_reboot_notifier(&reboot_nb);
		return tdx_off(ret, "no power management notifier (%d)", ret);
	}
	return 0;
}

void tdx_quiesce_unregister(void)
{
	unregister_pm_notifier(&pm_nb);
	unregister_reboot_notifier(&reboot_nb);
}
