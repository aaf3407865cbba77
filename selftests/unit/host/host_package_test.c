// SPDX-License-Identifier: GPL-2.0-only
/* Packages: which CPU stands for one, and whether one is offline as a whole. */
#include <assert.h>
#include <stdbool.h>

#include "host_check.h"

/* The CPUs of the test: all are present. */
#define NR_CPUS	6

static struct {
	int package;
	bool online;
} cpus[NR_CPUS];

static unsigned int readers;

#define for_each_present_cpu(cpu)	for ((cpu) = 0; (cpu) < NR_CPUS; (cpu)++)
#define for_each_online_cpu(cpu)					\
	for_each_present_cpu(cpu)					\
		if (!cpus[cpu].online)					\
			;						\
		else
#define cpu_online(cpu)			(cpus[cpu].online)
#define topology_physical_package_id(cpu)	(cpus[cpu].package)
#define cpus_read_lock()		(readers++)
#define cpus_read_unlock()		(readers--)

#define EXPORT_SYMBOL_GPL(name)		static_assert(true, "")
#define DEFINE_MUTEX(name)		int name
#define mutex_lock(lock)		((*(lock))++)
#define mutex_unlock(lock)		((*(lock))--)

static int smp_call_on_cpu(unsigned int cpu, int (*fn)(void *), void *data,
			   bool phys)
{
	(void)phys;
	check(readers);
	*(unsigned int *)data |= 1U << cpu;
	return fn(data);
}

/* host.h is about the rest of the module. */
#define _TDX_HOST_INTERNAL_H
bool tdx_last_in_package(unsigned int cpu);
bool tdx_all_packages_online(void);
int tdx_on_each_package(int (*fn)(void *data), void *data);
void tdx_key_lock(void);
void tdx_key_unlock(void);

#include "../../../arch/x86/virt/vmx/tdx/package.c"

/* Three packages of two CPUs each; @offline is a mask. */
static void set_up(unsigned int offline)
{
	unsigned int cpu;

	for_each_present_cpu(cpu) {
		cpus[cpu].package = cpu / 2;
		cpus[cpu].online = !(offline & 1U << cpu);
	}
}

static int nothing(void *data)
{
	(void)data;
	return 0;
}

static void one_cpu_is_enough_for_a_package(void)
{
	set_up(0);
	check(tdx_all_packages_online());
	set_up(1 << 0 | 1 << 3 | 1 << 5);
	check(tdx_all_packages_online());
	check(!readers);
}

static void a_package_without_cpus_is_seen(void)
{
	set_up(1 << 2 | 1 << 3);
	check(!tdx_all_packages_online());
	set_up(1 << 4 | 1 << 5 | 1 << 0);
	check(!tdx_all_packages_online());
	check(!readers);
}

static void each_package_is_called_once(void)
{
	unsigned int called = 0;

	set_up(1 << 0 | 1 << 5);
	check(!tdx_on_each_package(nothing, &called));
	check(called == (1 << 1 | 1 << 2 | 1 << 4));
	check(tdx_last_in_package(1) && !tdx_last_in_package(2));
}

int main(void)
{
	run(one_cpu_is_enough_for_a_package);
	run(a_package_without_cpus_is_seen);
	run(each_package_is_called_once);
	return checks_failed != 0;
}
