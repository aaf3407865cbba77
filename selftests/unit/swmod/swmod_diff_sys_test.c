// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bring-up, CPUID and metadata, where this module once differed from Intel's;
 * the table in docs/swmod.md has the numbers.
 */
#include "swmod_machine.h"

#define PARAMS		(TDMR_BASE + 0xa000)
#define BUFFER		(TDMR_BASE + 0x20000)

static struct td td;

static u64 sys_rd(u64 field)
{
	expect(call(SW_LEAF_SYS_RD, 0, field, 0, 0), 0);
	return last.r8;
}

#define L(leaf, sub)	((leaf) | (u64)(sub) << 32)
#define NOSUB		0xffffffffULL

/* A host that knows the order finds a leaf's values by number. */
static const u64 config_order[] = {
	L(1, NOSUB), L(4, 0), L(4, 1), L(4, 2), L(4, 3), L(7, 0), L(7, 1),
	L(0xa, NOSUB), L(0x1c, NOSUB), L(0x80000008, NOSUB), L(7, 2), L(0x23, 0),
	L(0x1f, 0), L(0x1f, 1), L(0x1f, 2), L(0x1f, 3), L(0x1f, 4), L(0x1f, 5),
	L(0x19, NOSUB), L(0x18, 0), L(0x18, 1), L(0x18, 2), L(0x18, 3),
	L(0x18, 4), L(0x18, 5), L(0x18, 6), L(0x18, 7), L(0x18, 8),
};

static void configurable_leaves_have_the_modules_order(void)
{
	unsigned int i;

	module_ready();
	for (i = 0; i < 28; i++)
		expect(sys_rd(0x9900000300000400ULL + i), config_order[i]);
	for (; i < 32; i++)
		expect(sys_rd(0x9900000300000400ULL + i), ~0ULL);
	/* SYS.INFO, TD_PARAMS and the values go by the same number. */
	expect(call(SW_LEAF_SYS_INFO, BUFFER, 1024, BUFFER + 1024, 32), 0);
	for (i = 0; i < 28; i++) {
		u32 *c = (u32 *)((u8 *)sw_va(BUFFER) + 132 + 24 * i);

		expect(c[0] | (u64)c[1] << 32, config_order[i]);
		expect(sys_rd(0x9900000300000500ULL + 2 * i),
		       c[2] | (u64)c[3] << 32);
		expect(sys_rd(0x9900000300000501ULL + 2 * i),
		       c[4] | (u64)c[5] << 32);
	}
}

static u64 init_with_topology(const u32 *levels, unsigned int n)
{
	unsigned int i;
	u32 *v;

	module_ready();
	td_keyed(&td);
	v = (u32 *)((u8 *)td_params() + 256 + 12 * 16);
	for (i = 0; i < n; i++) {
		v[4 * i] = levels[2 * i];
		v[4 * i + 1] = 10 + i;
		v[4 * i + 2] = levels[2 * i + 1] << 8 | i;
	}
	return call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0);
}

/* Registers of leaf 0xb as a TD of this topology has them. */
static void leaf_b(u32 subleaf, u32 eax, u32 ebx, u32 ecx)
{
	struct sw_cpuid_val v;

	check(sw_cpuid_lookup(tdcs_of(&td), 0xb, subleaf, &v));
	expect(v.eax, eax);
	expect(v.ebx, ebx);
	expect(v.ecx, ecx);
}

/* Pairs of shift and type. */
static void a_topology_has_levels_in_order(void)
{
	static const u32 good[] = { 1, 1, 4, 2, 4, 5 };
	static const u32 no_smt[] = { 1, 2, 4, 3 };
	static const u32 no_cores[] = { 1, 1, 4, 3 };
	static const u32 late_smt[] = { 1, 2, 4, 1 };
	static const u32 unordered[] = { 1, 1, 4, 3, 5, 2 };
	static const u32 unknown[] = { 1, 1, 4, 2, 5, 6 };
	static const u32 gap[] = { 1, 1, 0, 0, 4, 2 };
	static const u32 late[] = { 0, 0, 1, 1, 4, 2 };

	expect(init_with_topology(good, 3), 0);
	leaf_b(0, 1, 10, 0x100);
	leaf_b(1, 4, 12, 0x201);
	leaf_b(2, 0, 0, 2);
	expect(init_with_topology(no_smt, 2), 0);
	leaf_b(0, 4, 11, 0x200);
	leaf_b(1, 0, 0, 1);
	expect(init_with_topology(no_cores, 2), 0xc000090400000000ULL);
	expect(init_with_topology(late_smt, 2), 0xc000090400000000ULL);
	expect(init_with_topology(unordered, 3), 0xc000090400000000ULL);
	expect(init_with_topology(unknown, 3), 0xc000090400000000ULL);
	expect(init_with_topology(gap, 3), 0xc000090400000000ULL);
	expect(init_with_topology(late, 3), 0xc000090400000000ULL);
}

/* D2: what the host leaves open is the processor's. */
static void a_topology_left_open_is_the_processors(void)
{
	struct sw_cpuid_val v;

	expect(init_with_topology(NULL, 0), 0);
	check(tdcs_of(&td)->topology_enum_configured);
	check(sw_cpuid_lookup(tdcs_of(&td), 0x1f, 1, &v));
	expect(v.eax, 4);
	expect(v.ebx, 16);
	expect(v.ecx, 0x201);
	leaf_b(0, 1, 2, 0x100);
	leaf_b(1, 4, 16, 0x201);
}

static void rdall_starts_at_a_field_that_exists(void)
{
	static const u64 wrong[] = { 0, 1, 0x0a00000200000008ULL };
	unsigned int i;

	module_ready();
	for (i = 0; i < 3; i++)
		expect(call(SW_LEAF_SYS_RDALL, 0, BUFFER, wrong[i], 0),
		       0xc0000c0000000000ULL);
	expect(call(SW_LEAF_SYS_RDALL, 0, BUFFER, 0x0a00000300000008ULL, 0), 0);
	/* Reserved bits are not looked at. */
	expect(call(SW_LEAF_SYS_RDALL, 0, BUFFER, 0xd900000300000401ULL, 0), 0);
	expect(((u64 *)sw_va(BUFFER))[2], config_order[1]);
}

static void sys_init_judges_lock_and_state_first(void)
{
	module_reset();
	expect(sw_lock(&sw_sys.lock, SW_EXCL, SW_HOST), 0);
	expect(call(SW_LEAF_SYS_INIT, 1, 0, 0, 0), 0x8000020200000000ULL);
	expect(last.rcx, 0);
	sw_unlock(&sw_sys.lock, SW_EXCL);
	expect(call(SW_LEAF_SYS_INIT, 1, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_INIT, 1, 0, 0, 0), SW_SYS_INIT_NOT_PENDING);
}

static void sys_update_judges_the_state_first(void)
{
	u64 v8 = SW_LEAF_SYS_UPDATE | 8 << 16;

	module_ready();
	expect(call(v8, 0, 0, 0, 0), 0xc000050800000000ULL);
	module_sys_init();
	expect(sw_lock(&sw_sys.lock, SW_EXCL, SW_HOST), 0);
	expect(call(v8, 0, 0, 0, 0), 0x8000020200000000ULL);
	sw_unlock(&sw_sys.lock, SW_EXCL);
	expect(call(v8, 0, 0, 0, 0), SW_OPERAND_INVALID);
	expect(call(SW_LEAF_SYS_UPDATE | 1 << 16, 0, 0, 0, 0),
	       SW_SYS_INVALID_HANDOFF);
}

static u64 config_with(unsigned int index, u64 val)
{
	module_sys_init();
	tdmr_info(0)[index] = val;
	return module_config();
}

static void config_names_what_the_module_names(void)
{
	/* A reserved area behind empty ones, and one that is larger than memory. */
	expect(config_with(0x108 / 8, 0x1000), 0xc0000a2100000b00ULL);
	expect(config_with(13, 0xfffffffffffff000ULL), 0xc0000a2000000200ULL);
	/* The array of 4 KiB entries runs into the next one. */
	expect(config_with(7, 0xc01000), 0xc0000a1200000000ULL);
}

static u64 config_two(void)
{
	return call(SW_LEAF_SYS_CONFIG, TDMR_BASE + 0x1000, 2, 32, 0);
}

static void config_judges_one_tdmr_after_the_other(void)
{
	u64 *second;

	module_sys_init();
	second = tdmr_info(1);
	memset(second, 0, 512);
	expect(config_two(), 0xc0000a0100000001ULL);
	/* An overlap in the first goes before the second's place. */
	memcpy(second, tdmr_info(0), 512);
	second[0] += 1ULL << 44;
	tdmr_info(0)[7] = 0xc01000;
	expect(config_two(), 0xc0000a1200000000ULL);
}

/* Leaf 7.1 EAX bit 4, of which TDs can tell nothing. */
static void another_cpu_has_the_same_cpuid_in_nearly_all(void)
{
	struct sw_regs r = { .rcx = 1 };

	module_reset();
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	expect(seamcall_on(0, SW_LEAF_SYS_LP_INIT, &r), 0);
	sw_user.cpuid_flip = 1 << 4;
	sw_user.cpuid_flip_leaf = 7;
	sw_user.cpuid_flip_subleaf = 1;
	r = (struct sw_regs){ .rcx = 1 };
	expect(seamcall_on(1, SW_LEAF_SYS_LP_INIT, &r), 0xc000090200000000ULL);
	expect(r.rcx, 7 | 1ULL << 32);
	expect(r.rdx, ~0ULL);
	expect(r.r8, ~0ULL);
	expect(r.r9, ~0ULL ^ (1ULL << 4 | 1ULL << 36));
	/* The APIC id is a CPU's own, and what OSXSAVE says its state. */
	sw_user.cpuid_flip = 1u << 27;
	sw_user.cpuid_flip_leaf = 1;
	sw_user.cpuid_flip_subleaf = 0;
	expect(seamcall_on(1, SW_LEAF_SYS_LP_INIT, &r), 0xc000090200000000ULL);
	sw_user.cpuid_flip = 0;
	expect(seamcall_on(1, SW_LEAF_SYS_LP_INIT, &r), 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(configurable_leaves_have_the_modules_order),
		TEST(a_topology_has_levels_in_order),
		TEST(a_topology_left_open_is_the_processors),
		TEST(rdall_starts_at_a_field_that_exists),
		TEST(sys_init_judges_lock_and_state_first),
		TEST(sys_update_judges_the_state_first),
		TEST(config_names_what_the_module_names),
		TEST(config_judges_one_tdmr_after_the_other),
		TEST(another_cpu_has_the_same_cpuid_in_nearly_all),
	};

	return ktap_run(tests);
}
