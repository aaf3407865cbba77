// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another module takes over in the middle of a program: SYS.SHUTDOWN, SEAMLDR.INSTALL
 * on each CPU, SYS.INIT, LP.INIT on each, SYS.UPDATE.  TDs are as they were.
 */
#include "debug/fault.h"
#include "fuzz.h"

#define INSTALL		(1ULL << 63 | 1)
#define MODULE		(TDMR_BASE + 0x10000)
#define SIGNATURE	(TDMR_BASE + 0x11000)
#define PARAMS		(TDMR_BASE + 0x12000)

static void must_be(const char *what, u64 status, u64 wanted)
{
	if (status != wanted)
		violated("update: %s answers %llx", what, (unsigned long long)status);
}

/* A module of one page of zeroes: version 1.6.3, takes handoff versions from 1. */
static void make_image(void)
{
	u64 *params = sw_va(PARAMS), *sig = sw_va(SIGNATURE);

	memset(sw_va(MODULE), 0, PAGE);
	memset(params, 0, PAGE);
	memset(sig, 0, PAGE);
	memcpy(sig, "SWMODSIG", 8);
	memcpy(sig + 2, (u16 []){ 1, 6, 3, 1, 1 }, 10);
	params[0] = 1ULL << 32;
	params[1] = SIGNATURE;
	params[15] = 1;
	params[16] = MODULE;
}

static u64 on_cpu(unsigned int cpu, u64 leaf, u64 rcx)
{
	struct sw_regs r = { .rcx = rcx };

	return seamcall_on(cpu, leaf, &r);
}

static u64 install(unsigned int cpu, u64 params)
{
	struct sw_regs r = { .rax = INSTALL, .rcx = params };

	return sw_seamldr(&cpus[cpu], &r);
}

/* One that is refused leaves everything to the next one. */
static void refused_install(void)
{
	u64 *params = sw_va(PARAMS);

	params[15] = in_byte() & 1 ? 0 : 497;
	must_be("INSTALL of a bad image", install(1, PARAMS), 0);
	must_be("INSTALL of a bad image", install(0, PARAMS), 1ULL << 63);
	must_be("VP.ENTER without a module", on_cpu(0, SW_LEAF_VP_ENTER, pool_pa(NR_TDRS)),
		SW_SYS_SHUTDOWN);
	params[15] = 1;
}

void step_update(int depth)
{
	u64 status;
	int i;

	sw_fault_clear();
	status = on_cpu(0, SW_LEAF_SYS_SHUTDOWN, 1);
	if (depth) {
		must_be("SYS.SHUTDOWN with a vCPU inside", status, SW_SYS_BUSY);
		return;
	}
	must_be("SYS.SHUTDOWN", status, 0);
	make_image();
	if (in_byte() & 1)
		refused_install();
	for (i = 0; i < FUZZ_CPUS; i++)
		must_be("INSTALL", install(i, PARAMS), 0);
	must_be("SYS.INIT", on_cpu(0, SW_LEAF_SYS_INIT, 0), 0);
	for (i = 0; i < FUZZ_CPUS; i++)
		must_be("LP.INIT", on_cpu(i, SW_LEAF_SYS_LP_INIT, 0), 0);
	must_be("SYS.UPDATE", on_cpu(0, SW_LEAF_SYS_UPDATE, 0), 0);
	if (!check_unchanged())
		violated("update: pages changed");
}
