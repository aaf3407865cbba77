// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of TDX: at unload, before another kernel takes over, and never by
 * suspending, which loses the keys and so every TD's memory.
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
 * Shut the TDX module down, which destroys what TDs are left.  Returns
 * whether it let go of all memory; modules before TDH.SYS.DISABLE never do.
 */
bool tdx_module_disable(void)
{
	char text[TDX_STATUS_TEXT_MAX];
	unsigned int tries = TDX_DISABLE_TRIES;
	u64 status;

	do {
		if (tdx_run_in_vmx(tdh_sys_disable, &status)) {
			pr_warn("cannot enter VMX operation to disable the TDX module\n");
			return false;
		}
		cond_resched();
	} while (must_call_again(status) && --tries);

	if (!tdx_status_failed(status))
		return true;
	pr_warn("the TDX module cannot be disabled: %s\n",
		tdx_status_describe(text, sizeof(text), status));
	return false;
}

/*
 * A new kernel knows nothing of private memory: nothing may be written there
 * any more, and no dirty line of it may be written back later.
 */
static int tdx_reboot_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	if (action == SYS_RESTART)
		tdx_module_disable();
	wbinvd_on_all_cpus();
	return NOTIFY_DONE;
}

static int tdx_pm_notify(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_SUSPEND_PREPARE:
	case PM_RESTORE_PREPARE:
		pr_warn("no suspend or hibernation while TDX is on: it would lose the TDs' keys\n");
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
