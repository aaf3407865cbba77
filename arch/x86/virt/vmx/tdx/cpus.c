// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every CPU introduces itself to the TDX module before it makes other calls;
 * and while TDs exist each package keeps a CPU, for the sake of their keys.
 */
#include <linux/cpuhotplug.h>

#include "host.h"

/* 0 until the callbacks are installed: until then failures end bring-up. */
static enum cpuhp_state hotplug_state;

/* The failure that ended bring-up; TDX_SUCCESS: not one of the module's. */
static u64 failed_status;

static int lp_init_failed(unsigned int cpu, u64 status)
{
	char text[TDX_STATUS_TEXT_MAX];

	if (hotplug_state)
		pr_err("CPU %u stays offline: TDH.SYS.LP.INIT failed with %s\n",
		       cpu, tdx_status_describe(text, sizeof(text), status));
	else
		failed_status = status;
	return -EIO;
}

static int tdx_cpu_online(unsigned int cpu)
{
	u64 status;
	int ret;

	ret = tdx_run_in_vmx(tdh_sys_lp_init, &status);
	if (ret) {
		pr_err("CPU %u cannot enter VMX operation (%d)\n", cpu, ret);
		return ret;
	}
	/* A CPU that was offline for a while has done it before. */
	if (tdx_status_failed(status) &&
	    tdx_status_code(status) != TDX_SYS_LP_INIT_DONE)
		return lp_init_failed(cpu, status);
	return 0;
}

static int tdx_cpu_offline(unsigned int cpu)
{
	if (!tdx_keyid_in_use() || !tdx_last_in_package(cpu))
		return 0;

	pr_warn("CPU %u is the last of its package and must stay while TDs exist\n",
		cpu);
	return -EBUSY;
}

int tdx_cpus_init(void)
{
	int ret;

	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "x86/tdx:online",
				tdx_cpu_online, tdx_cpu_offline);
	if (ret >= 0) {
		hotplug_state = ret;
		return 0;
	}
	if (failed_status)
		return tdx_off_status("SYS.LP.INIT", failed_status,
				      "all CPUs must be alike, see the firmware settings");
	return tdx_off(ret, "no CPU hotplug callback (%d)", ret);
}

void tdx_cpus_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
	hotplug_state = 0;
}
