// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every CPU introduces itself to the TDX module before it makes other calls;
 * and while TDs exist each package keeps a CPU, for the sake of their keys.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include "host.h"

/*
 * This CPU has made SYS.LP.INIT.  Once is enough, also for a CPU that was offline
 * for a while, and from SYS.CONFIG on the module refuses it to all.
 */
static DEFINE_PER_CPU(bool, lp_init_done);

/* 0 until the callbacks are installed: until then failures end bring-up. */
static enum cpuhp_state hotplug_state;

/* The failure that ended bring-up; TDX_SUCCESS: not one of the module's. */
static u64 failed_status;

static int lp_init_failed(unsigned int cpu, u64 status)
{
	char text[TDX_STATUS_TEXT_MAX];

	if (!hotplug_state)
		failed_status = status;
	else if (tdx_status_code(status) == TDX_SYS_LP_INIT_NOT_PENDING)
		pr_err("CPU %u stays offline: it was not there when the TDX module was configured\n",
		       cpu);
	else
		pr_err("CPU %u stays offline: TDH.SYS.LP.INIT failed with %s\n",
		       cpu, tdx_status_describe(text, sizeof(text), status));
	return -EIO;
}

static int tdx_cpu_online(unsigned int cpu)
{
	u64 status;
	int ret;

	if (this_cpu_read(lp_init_done))
		return 0;

	ret = tdx_run_in_vmx(tdh_sys_lp_init, &status);
	if (ret) {
		pr_err("CPU %u cannot enter VMX operation (%d)\n", cpu, ret);
		return ret;
	}
	/* Done before: while this kernel module was loaded an earlier time. */
	if (tdx_status_failed(status) &&
	    tdx_status_code(status) != TDX_SYS_LP_INIT_DONE)
		return lp_init_failed(cpu, status);
	this_cpu_write(lp_init_done, true);
	return 0;
}

static int tdx_cpu_offline(unsigned int cpu)
{
	if (tdx_keyid_in_use() && tdx_last_in_package(cpu)) {
		pr_warn("CPU %u is the last of its package and must stay while TDs exist\n",
			cpu);
		return -EBUSY;
	}
	/* KVM comes later, and does it again if it made SEAMCALLs meanwhile. */
	tdx_cpu_flush_cache();
	return 0;
}

/* The TDX module is a new one, which has seen no CPU. */
void tdx_cpus_forget(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(lp_init_done, cpu) = false;
}

static const char *lp_init_advice(u64 status)
{
	if (tdx_status_code(status) == TDX_SYS_LP_INIT_NOT_PENDING)
		return "configured before; load a fresh TDX module (reload tdx_swmod, or reboot)";
	return "all CPUs must be alike, see the firmware settings";
}

int tdx_cpus_init(void)
{
	int ret;

	failed_status = TDX_SUCCESS;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "x86/tdx:online",
				tdx_cpu_online, tdx_cpu_offline);
	if (ret >= 0) {
		hotplug_state = ret;
		return 0;
	}
	if (failed_status)
		return tdx_off_status("SYS.LP.INIT", failed_status,
				      lp_init_advice(failed_status));
	return tdx_off(ret, "no CPU hotplug callback (%d)", ret);
}

void tdx_cpus_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
	hotplug_state = 0;
}
