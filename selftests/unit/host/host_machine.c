// SPDX-License-Identifier: GPL-2.0-only
/* See host_machine.h. */
#include "host_machine.h"
#include "swmod_machine.h"

static struct sw_user settings;

static void one_gib(void)
{
	u64 *info = tdmr_info(0);

	info[1] = SW_SIZE_1G;
	memset(info + 10, 0, 16);
}

void machine_reset(unsigned int nr_cpus, unsigned int packages, bool sys_disable)
{
	module_reset();
	one_gib();
	sw_knows_sys_disable = sys_disable;
	sw_user.nr_cpus = nr_cpus;
	sw_user.nr_pkgs = packages;
	settings = sw_user;
}

void machine_reload(void)
{
	memset(&sw_sys, 0, sizeof(sw_sys));
	memset(cpus, 0, sizeof(cpus));
	sw_user = settings;
	tdmr_defaults();
	one_gib();
}

u64 machine_seamcall(unsigned int cpu, unsigned int package, u64 leaf,
		     struct machine_regs *r)
{
	struct sw_regs regs = {
		.rcx = r->rcx, .rdx = r->rdx, .r8 = r->r8, .r9 = r->r9,
		.r10 = r->r10, .r11 = r->r11,
	};
	u64 status;

	sw_user_pkg = package;
	regs.rax = leaf;
	status = leaf >> 63 ? sw_seamldr(&cpus[cpu], &regs) :
			      seamcall_on(cpu, leaf, &regs);
	*r = (struct machine_regs) {
		.rcx = regs.rcx, .rdx = regs.rdx, .r8 = regs.r8, .r9 = regs.r9,
		.r10 = regs.r10, .r11 = regs.r11,
	};
	return status;
}

u64 machine_tdmr_array(void)
{
	return TDMR_BASE + 0x1000;
}

u64 machine_tdmr_base(void)
{
	return TDMR_BASE;
}

void *machine_pages(unsigned int nr)
{
	u64 pa = new_page();

	while (--nr)
		new_page();
	return memset(sw_va(pa), 0, new_page() - pa);
}

u64 machine_pa(const void *va)
{
	return SW_USER_RAM_BASE + (va - sw_va(SW_USER_RAM_BASE));
}

void machine_max_updates(unsigned int nr)
{
	sw_max_updates = nr;
}

bool machine_pinned(void)
{
	return sw_user.pins;
}
