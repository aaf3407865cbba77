// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the VMX back end wants when tdx_swmod.ko is loaded: VMX as it needs it, and room
 * for the host's vector registers of each CPU.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "vmx/vmx.h"

/* XSAVE wants 64 bytes of alignment, which whole pages have. */
static int vmx_alloc_xsave(unsigned int size)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_host *h = per_cpu_ptr(&vmx_host, cpu);

		h->xsave = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
		if (!h->xsave) {
			sw_guest_teardown();
			return -ENOMEM;
		}
		h->xsave_size = size;
	}
	return 0;
}

int sw_guest_setup(void)
{
	int err = vmx_read_caps();
	u32 eax, ebx, ecx, edx;

	if (err)
		return err;
	/* EBX: room for what XCR0 enables, which is the same on all CPUs. */
	sw_native_cpuid(0xd, 0, &eax, &ebx, &ecx, &edx);
	return vmx_alloc_xsave(ebx);
}

void sw_guest_teardown(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_host *h = per_cpu_ptr(&vmx_host, cpu);

		if (h->xsave)
			free_pages_exact(h->xsave, h->xsave_size);
		h->xsave = NULL;
	}
}
