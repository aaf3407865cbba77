// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys and caches belong to a package (socket): some leaves have to run once
 * on each.  And one lock for the leaves that use the module's key table.
 */
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "host.h"

static DEFINE_MUTEX(key_mutex);

/* cpus_read_lock() held; its lockdep assertion is not for modules. */
static bool first_in_package(unsigned int cpu)
{
	unsigned int other;

	for_each_online_cpu(other) {
		if (topology_physical_package_id(other) ==
		    topology_physical_package_id(cpu))
			return other == cpu;
	}
	return false;
}

/* Has @cpu's package no other CPU that is online? */
bool tdx_last_in_package(unsigned int cpu)
{
	unsigned int other;

	for_each_online_cpu(other) {
		if (other != cpu && topology_physical_package_id(other) ==
				    topology_physical_package_id(cpu))
			return false;
	}
	return true;
}

/**
 * tdx_all_packages_online() - has every package a CPU that is online?
 *
 * A TD's key has to be configured on all of them.  Once a KeyID is in use, the
 * last CPU of a package does not go offline any more.
 *
 * Return: false if a package has none.
 */
bool tdx_all_packages_online(void)
{
	unsigned int cpu;
	bool ret = true;

	cpus_read_lock();
	for_each_present_cpu(cpu) {
		/* If no other CPU of the package is online, this one has to be. */
		if (!cpu_online(cpu) && tdx_last_in_package(cpu)) {
			ret = false;
			break;
		}
	}
	cpus_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(tdx_all_packages_online);

/**
 * tdx_on_each_package() - call a function on one CPU of every package
 * @fn: what to call, in process context, pinned; may sleep
 * @data: its argument
 *
 * One package after the other, so that @fn needs no lock against itself.
 * Takes cpus_read_lock(), which a caller must not hold: no CPU comes or goes
 * in between.  Packages without an online CPU are not reached.
 *
 * Return: 0, or the first error, after which no other package is tried.
 */
int tdx_on_each_package(int (*fn)(void *data), void *data)
{
	unsigned int cpu;
	int ret = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (!first_in_package(cpu))
			continue;
		ret = smp_call_on_cpu(cpu, fn, data, false);
		if (ret)
			break;
	}
	cpus_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(tdx_on_each_package);

/**
 * tdx_key_lock() - serialise what uses the module's table of KeyIDs
 *
 * To be held around TDH.MNG.CREATE, and from TDH.MNG.VPFLUSHDONE over
 * TDH.PHYMEM.CACHE.WB to TDH.MNG.KEY.FREEID: these leaves fail with
 * TDX_OPERAND_BUSY rather than wait for each other.  May sleep.
 */
void tdx_key_lock(void)
{
	mutex_lock(&key_mutex);
}
EXPORT_SYMBOL_GPL(tdx_key_lock);

/**
 * tdx_key_unlock() - the end of what tdx_key_lock() began
 */
void tdx_key_unlock(void)
{
	mutex_unlock(&key_mutex);
}
EXPORT_SYMBOL_GPL(tdx_key_unlock);
