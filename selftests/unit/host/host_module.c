// SPDX-License-Identifier: GPL-2.0-only
/*
 * See host_module.h.
 */
#include "host_module.h"
#include "swmod_machine.h"

static_assert(MODULE_RAM_BASE == SW_USER_RAM_BASE, "the same memory");
static_assert(MODULE_RAM_SIZE == SW_USER_RAM_SIZE, "the same memory");

void module_start(const __u64 (*cmr)[2], unsigned int nr)
{
	struct sw_regs r = { 0 };
	unsigned int i;

	module_reset();
	sw_user.cmr = cmr;
	sw_user.nr_cmrs = nr;
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	for (i = 0; i < sw_user.nr_cpus; i++)
		expect(seamcall_on(i, SW_LEAF_SYS_LP_INIT, &r), 0);
}

__u64 module_call(__u64 leaf, __u64 *rcx, __u64 *rdx, __u64 *r8)
{
	/* Each thread of a test is a CPU that has done LP.INIT. */
	struct sw_cpu cpu = cpus[0];
	struct sw_regs r = { .rax = leaf, .rcx = *rcx, .rdx = *rdx, .r8 = *r8 };
	u64 status = sw_dispatch(&cpu, &r);

	*rcx = r.rcx;
	*rdx = r.rdx;
	*r8 = r.r8;
	return status;
}

__u64 module_ready_for_tdmr_init(void)
{
	return call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0);
}

void *module_va(__u64 pa)
{
	return sw_va(pa);
}

__u64 module_pa(const void *va)
{
	return MODULE_RAM_BASE + ((const u8 *)va - (const u8 *)sw_va(MODULE_RAM_BASE));
}

bool module_offers(__u64 pa)
{
	const struct sw_tdmr *t = sw_tdmr_find(pa);

	return t && !sw_tdmr_reserved(t, pa);
}

bool module_takes(__u64 pa)
{
	return module_offers(pa) && sw_pa_usable(pa);
}
