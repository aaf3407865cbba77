// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for the TD: asks the host for an interrupt when a quote is there, which
 * Linux 6.12 itself does not do.  Nobody handles the vector, so that the kernel
 * says that it came: "No irq handler for 0.192".
 */
#include <linux/module.h>
#include <linux/smp.h>

#define SETUP_EVENT_NOTIFY	0x10004
/* The TDVMCALL shows R10 to R12 to the host. */
#define SHOWN			0x1c00

static u8 vector = 192;
module_param(vector, byte, 0444);

static long ask(void *unused)
{
	register unsigned long status asm("r10") = 0;
	register unsigned long call asm("r11") = SETUP_EVENT_NOTIFY;
	register unsigned long wanted asm("r12") = vector;
	unsigned long ret = 0;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (ret), "+r" (status), "+r" (call), "+r" (wanted)
		     : "c" (SHOWN) : "memory");
	pr_info("vector %u: %#lx\n", vector, ret ?: status);
	return ret || status ? -EIO : 0;
}

/* QEMU interrupts the vCPU that asked. */
static int __init notify_init(void)
{
	return work_on_cpu(0, ask, NULL);
}

static void __exit notify_exit(void)
{
}

module_init(notify_init);
module_exit(notify_exit);
MODULE_DESCRIPTION("Asks a TD's host for the interrupt of GetQuote");
MODULE_LICENSE("GPL");
