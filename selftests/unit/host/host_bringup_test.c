// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bring-up of the TDX module, from tdx_host.ko's own files, against the software
 * module's core: with every SEAMCALL and every call into the kernel failing in
 * turn, on one to four CPUs in one or two packages, with and without
 * TDH.SYS.DISABLE.
 */
#include "host_bringup.h"

void tdx_upload_register(const struct tdx_sys_info *info)
{
}

void tdx_upload_unregister(void)
{
}

static void it_comes_up_on_any_machine(void)
{
	static const unsigned int machines[][2] = {
		{ 1, 1 }, { 2, 1 }, { 4, 1 }, { 2, 2 }, { 4, 2 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		unsigned int cpus = machines[i][0], packages = machines[i][1];

		boot(cpus, packages, true);
		check(!tdx_host_enable());
		check(!tdx_host_why_off() && tdx_host_sysinfo());
		check(seamcalls.of_leaf[33] == 1);
		check(seamcalls.of_leaf[35] == cpus);
		check(seamcalls.of_leaf[31] == packages);
		printf("# %u CPUs in %u packages: %u SEAMCALLs, %u of them TDMR.INIT\n",
		       cpus, packages, seamcalls.calls, seamcalls.of_leaf[36]);
		check(all_is_held());
		/* Once it is up, asking costs nothing. */
		seamcalls.calls = 0;
		check(!tdx_host_enable() && !seamcalls.calls);
		check(!shut_down_without_kvm());
		check(nothing_is_left() && caches_are_clean());
		check(tdx_host_why_off() && !tdx_host_sysinfo());
	}
}

/* The module cannot do it twice, so the host may not ask twice. */
static void a_cpu_comes_back_after_it_was_offline(void)
{
	boot(2, 1, true);
	check(!tdx_host_enable());
	check(!fake_hotplug(1, kernel.cpu_down));
	kernel.online[1] = false;
	check(!tdx_cache_dirty[1] && kernel.wbinvds[1] == 1);
	kernel.online[1] = true;
	check(!fake_hotplug(1, kernel.cpu_up));
	check(seamcalls.of_leaf[35] == 2);
	check(!shut_down_without_kvm());
}

static void the_last_cpu_of_a_package_stays_while_a_td_has_a_key(void)
{
	int keyid;

	boot(4, 2, true);
	check(!tdx_host_enable());
	keyid = tdx_keyid_alloc();
	kernel.online[2] = false;
	check(fake_hotplug(3, kernel.cpu_down) == -EBUSY);
	check(!fake_hotplug(1, kernel.cpu_down));
	tdx_keyid_free(keyid);
	check(!fake_hotplug(3, kernel.cpu_down));
	kernel.online[2] = true;
	check(!shut_down_without_kvm());
}

static void a_cpu_that_the_module_does_not_know_stays_offline(void)
{
	boot(2, 1, true);
	check(!tdx_host_enable());
	kernel.nr_cpus = 3;
	check(fake_hotplug(2, kernel.cpu_up));
	kernel.nr_cpus = 2;
	check(!shut_down_without_kvm());
}

/*
 * A failure, and all that may follow: another try gets there, without a reload of
 * the TDX module; what the module does not own is given back before.
 */
static void check_failure(bool sys_disable)
{
	if (memory.module_owns)
		check(all_is_held());
	else
		check(nothing_is_left());
	check(tdx_host_why_off() && !tdx_host_sysinfo());

	check(!tdx_host_enable());
	check(!tdx_host_why_off() && all_is_held());
	check(shut_down_without_kvm() == (sys_disable ? 0 : -EOPNOTSUPP));
	check(sys_disable ? nothing_is_left() : all_is_held());
	check(!memory.freed_dirty);
	check(caches_are_clean());
}

/* All SEAMCALLs but most of TDMR.INIT, of which there are hundreds. */
static bool worth_a_try(unsigned int n, unsigned int others)
{
	return n < others + 3 || !(n % 64) || n + 2 > seamcalls.calls;
}

static void sweep_seamcalls(unsigned int cpus, unsigned int packages,
			    bool sys_disable, u64 status)
{
	unsigned int n, total, others, tried = 0;

	boot(cpus, packages, sys_disable);
	check(!tdx_host_enable());
	total = seamcalls.calls;
	others = total - seamcalls.of_leaf[36];

	for (n = 1; n <= total && !checks_failed; n++) {
		seamcalls.calls = total;
		if (!worth_a_try(n, others))
			continue;
		boot(cpus, packages, sys_disable);
		seamcalls.fail_at = n;
		seamcalls.fail_status = status;
		check(tdx_host_enable() < 0);
		check(seamcalls.calls >= n);
		check_failure(sys_disable);
		tried++;
	}
	printf("# %u CPUs in %u packages, SYS.DISABLE %d, %llx: %u of %u SEAMCALLs failed in turn\n",
	       cpus, packages, sys_disable, status, tried, total);
}

static void every_seamcall_may_fail(void)
{
	/* An error that stays, one of no module at all, and a lost lock. */
	static const u64 statuses[] = {
		0xC000010000000001ULL, 0x8000FF00FFFF0000ULL,
		0x8000020200000000ULL,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(statuses); i++) {
		sweep_seamcalls(2, 1, true, statuses[i]);
		sweep_seamcalls(2, 1, false, statuses[i]);
		sweep_seamcalls(4, 2, true, statuses[i]);
		sweep_seamcalls(4, 2, false, statuses[i]);
	}
}

static void sweep_kernel(unsigned int cpus, unsigned int packages,
			 bool sys_disable)
{
	unsigned int n, total;

	boot(cpus, packages, sys_disable);
	check(!tdx_host_enable());
	total = kernel.fallible;
	for (n = 1; n <= total && !checks_failed; n++) {
		boot(cpus, packages, sys_disable);
		kernel.fail_at = n;
		check(tdx_host_enable() < 0);
		check_failure(sys_disable);
	}
	printf("# %u CPUs in %u packages, SYS.DISABLE %d: %u calls into the kernel failed in turn\n",
	       cpus, packages, sys_disable, total);
}

static void every_allocation_may_fail(void)
{
	sweep_kernel(1, 1, true);
	sweep_kernel(4, 2, true);
	sweep_kernel(4, 2, false);
}

static void a_second_load_goes_on_where_the_first_stopped(void)
{
	boot(2, 1, true);
	/* SYS.RD fails; then this kernel module is unloaded and loaded again. */
	seamcalls.fail_at = 4;
	seamcalls.fail_status = 0xC000010000000001ULL;
	check(tdx_host_enable() < 0);
	check(nothing_is_left());
	forget_module();
	check(!tdx_host_enable());
	check(!shut_down_without_kvm());
}

static void a_module_that_another_kernel_configured_is_refused(void)
{
	boot(2, 1, false);
	check(!tdx_host_enable());
	/* A new kernel: nothing is known, the module is where it was. */
	memset(&kernel.notifier, 0, sizeof(kernel.notifier));
	kernel.pins = 0;
	kernel.cpu_up = NULL;
	forget_module();
	check(tdx_host_enable() == -EIO);
	check(strstr(tdx_host_why_off(), "SYS.LP.INIT"));
	check(strstr(tdx_host_why_off(), "reload tdx_swmod, or reboot"));
	check(!kernel.pins && !memory.planned && !kernel.cpu_up);
}

static void a_module_stays_as_long_as_it_is_used(void)
{
	boot(2, 1, true);
	check(!set_shutdown("1", NULL) && !seamcalls.calls);
	check(!tdx_host_enable());
	check(!set_shutdown("0", NULL) && all_is_held());
	check(set_shutdown("1", NULL) == -EBUSY && all_is_held());
	check(!tdx_host_why_off());
}

/* Also without a new load of this kernel module. */
static void a_fresh_tdx_module_comes_up_after_a_shutdown(void)
{
	boot(4, 2, true);
	check(!tdx_host_enable());
	check(!shut_down_without_kvm());
	check(tdx_host_enable() == -EIO);
	check(strstr(tdx_host_why_off(), "TDX_SYS_SHUTDOWN"));
	machine_reload();
	check(!tdx_host_enable());
	check(all_is_held());
	check(!shut_down_without_kvm());
}

static void a_disable_that_does_not_end_keeps_the_memory(void)
{
	unsigned int last;

	boot(2, 1, true);
	check(!tdx_host_enable());
	last = seamcalls.calls;
	seamcalls.fail_at = last + 1;
	seamcalls.fail_status = 0xC000050000000000ULL;
	check(shut_down_without_kvm() == -EIO);
	check(all_is_held() && !tdx_host_sysinfo());
	/* It can be tried again. */
	check(!shut_down_without_kvm() && nothing_is_left());
}

static void a_reboot_ends_the_module_and_cleans_the_caches(void)
{
	boot(4, 2, true);
	check(!tdx_host_enable());
	check(!caches_are_clean());
	check(tdx_reboot_notify(NULL, SYS_RESTART, NULL) == NOTIFY_DONE);
	check(caches_are_clean());
	check(kernel.wbinvds[0] && kernel.wbinvds[3]);
	check(tdx_status_code(tdh_sys_init()) == TDX_SYS_SHUTDOWN);

	/* Without SYS.DISABLE too. */
	boot(4, 2, false);
	check(!tdx_host_enable());
	tdx_reboot_notify(NULL, SYS_RESTART, NULL);
	check(caches_are_clean());
}

static void each_use_costs_one_write_back(void)
{
	boot(1, 1, true);
	tdx_cpu_flush_cache();
	check(!kernel.wbinvds[0]);
	tdh_sys_init();
	tdx_cpu_flush_cache();
	tdx_cpu_flush_cache();
	check(kernel.wbinvds[0] == 1);
	check(!this_cpu.irqs_off && !this_cpu.preempt_off);
}

static void only_suspends_that_lose_keys_are_refused(void)
{
	check(tdx_pm_notify(NULL, PM_HIBERNATION_PREPARE, NULL) == NOTIFY_BAD);
	check(tdx_pm_notify(NULL, PM_RESTORE_PREPARE, NULL) == NOTIFY_BAD);
	check(tdx_pm_notify(NULL, PM_SUSPEND_PREPARE, NULL) == NOTIFY_DONE);
	check(tdx_pm_notify(NULL, PM_POST_HIBERNATION, NULL) == NOTIFY_DONE);
}

int main(void)
{
	run(it_comes_up_on_any_machine);
	run(a_cpu_comes_back_after_it_was_offline);
	run(the_last_cpu_of_a_package_stays_while_a_td_has_a_key);
	run(a_cpu_that_the_module_does_not_know_stays_offline);
	run(every_seamcall_may_fail);
	run(every_allocation_may_fail);
	run(a_second_load_goes_on_where_the_first_stopped);
	run(a_module_that_another_kernel_configured_is_refused);
	run(a_module_stays_as_long_as_it_is_used);
	run(a_fresh_tdx_module_comes_up_after_a_shutdown);
	run(a_disable_that_does_not_end_keeps_the_memory);
	run(a_reboot_ends_the_module_and_cleans_the_caches);
	run(each_use_costs_one_write_back);
	run(only_suspends_that_lose_keys_are_refused);
	return checks_failed != 0;
}
