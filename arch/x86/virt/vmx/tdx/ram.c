// SPDX-License-Identifier: GPL-2.0-only
/*
 * The RAM that exists.  KVM may make any page of it private, so the module
 * has to manage all of it, and none may appear that the module does not know.
 */
#include <linux/atomic.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

#include "host.h"

/* NULL until the list is complete; then constant until tdx_ram_thaw(). */
static const struct tdx_ranges *frozen;
/* From before the list is made until tdx_ram_thaw(). */
static bool freezing;

static int tdx_memory_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	const struct memory_notify *mem = data;
	const struct tdx_ranges *ram;
	u64 start = PFN_PHYS(mem->start_pfn);
	u64 end = start + PFN_PHYS(mem->nr_pages);

	if (action != MEM_GOING_ONLINE)
		return NOTIFY_OK;

	/*
	 * Pairs with the barrier in tdx_ram_freeze(): this memory's resource
	 * exists already, so either the list has it or @freezing is seen.
	 */
	smp_mb();
	if (!READ_ONCE(freezing))
		return NOTIFY_OK;
	/* Pairs with the release in tdx_ram_freeze(). */
	ram = smp_load_acquire(&frozen);
	if (ram && tdx_ranges_cover(ram, start, end))
		return NOTIFY_OK;

	pr_warn("memory [0x%llx, 0x%llx) stays offline: the TDX module does not manage it\n",
		start, end);
	return NOTIFY_BAD;
}

static struct notifier_block memory_nb = {
	.notifier_call = tdx_memory_notify,
};

/* Called in the order of addresses. */
static int add_ram(struct resource *res, void *arg)
{
	/* The kernel never hands out the first MiB; the module may not take it. */
	return tdx_ranges_add(arg, max_t(u64, PAGE_ALIGN(res->start), SZ_1M),
			      (res->end + 1) & PAGE_MASK);
}

/* List the RAM and keep any other from coming online until tdx_ram_thaw(). */
int tdx_ram_freeze(struct tdx_ranges *ram)
{
	int ret;

	ret = register_memory_notifier(&memory_nb);
	if (ret)
		return tdx_off(ret, "no memory hotplug notifier (%d)", ret);

	WRITE_ONCE(freezing, true);
	/* Pairs with the barrier in tdx_memory_notify(). */
	smp_mb();
	ret = walk_iomem_res_desc(IORES_DESC_NONE,
				  IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
				  0, -1, ram, add_ram);
	if (ret || !ram->nr) {
		tdx_ram_thaw(ram);
		return tdx_off(ret ?: -ENODEV, "cannot list the RAM (%d)", ret);
	}
	/* Pairs with the acquire in tdx_memory_notify(). */
	smp_store_release(&frozen, ram);
	return 0;
}

void tdx_ram_thaw(struct tdx_ranges *ram)
{
	/* Waits for a callback that runs, so the list can go afterwards. */
	unregister_memory_notifier(&memory_nb);
	WRITE_ONCE(freezing, false);
	WRITE_ONCE(frozen, NULL);
	tdx_ranges_free(ram);
}
