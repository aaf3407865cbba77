// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache lines of private memory.  A SEAMCALL, or the guest that it runs, leaves
 * lines in the caches that carry a private KeyID.  Written back once another
 * kernel uses the memory they would destroy what is there: each CPU writes its
 * caches back after its last SEAMCALL.
 */
#include <linux/export.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/special_insns.h>

#include "host.h"
#include "seamcall.h"

DEFINE_PER_CPU(bool, tdx_cache_dirty);

/**
 * tdx_cpu_flush_cache() - write back what SEAMCALLs left in this CPU's caches
 *
 * Does nothing unless this CPU made a SEAMCALL since the last time.  To be
 * called where it makes no other for now: before it leaves VMX operation, goes
 * offline, or stops.  Any context, also NMI; the caller stays on this CPU.
 */
void tdx_cpu_flush_cache(void)
{
	unsigned long flags;

	/*
	 * An interrupt could make a SEAMCALL (VP.FLUSH) between the two.  If an
	 * NMI stops the CPU there, the flag is still set, and it flushes again.
	 */
	local_irq_save(flags);
	if (this_cpu_read(tdx_cache_dirty)) {
		wbinvd();
		this_cpu_write(tdx_cache_dirty, false);
	}
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(tdx_cpu_flush_cache);

static void flush_this_cpu(void *unused)
{
	tdx_cpu_flush_cache();
}

void tdx_flush_caches(void)
{
	on_each_cpu(flush_this_cpu, NULL, 1);
}
