// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bring-up: the order of its steps, and what SYS.CONFIG accepts as memory.
 */
#include "swmod_machine.h"

#define ARRAY	(TDMR_BASE + 0x1000)
#define G	SW_SIZE_1G

static u64 config_after(void (*change)(u64 *info))
{
	module_sys_init();
	change(tdmr_info(0));
	return module_config();
}

static void only_the_order_of_bringup_works(void)
{
	struct sw_regs r = { 0 };

	module_reset();
	expect(call(SW_LEAF_SYS_LP_INIT, 0, 0, 0, 0), SW_SYS_LP_INIT_NOT_PENDING);
	expect(module_config(), SW_SYS_CONFIG_NOT_PENDING);
	expect(call(SW_LEAF_SYS_RD, 0, ~0ULL, 0, 0), SW_SYS_LP_INIT_NOT_DONE);
	expect(call(SW_LEAF_MNG_CREATE, 0, 0, 0, 0), SW_SYS_NOT_READY);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_SYS_INIT_NOT_PENDING);
	expect(call(SW_LEAF_SYS_LP_INIT, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_LP_INIT, 0, 0, 0, 0), SW_SYS_LP_INIT_DONE);
	/* CPU 1 has not done LP.INIT. */
	expect(module_config(), SW_SYS_CONFIG_NOT_PENDING);
	expect(seamcall_on(1, SW_LEAF_SYS_LP_INIT, &r), 0);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0),
	       SW_SYS_KEY_CONFIG_NOT_PENDING);
	/* Up to here it can be unloaded. */
	expect(sw_user.pins, 0);
	expect(module_config(), 0);
	expect(sw_user.pins, 1);
	expect(module_config(), SW_SYS_CONFIG_NOT_PENDING);
	/* Of a CPU that is done it says the same as of one that is not. */
	expect(call(SW_LEAF_SYS_LP_INIT, 0, 0, 0, 0), SW_SYS_LP_INIT_NOT_PENDING);
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), SW_SYS_NOT_READY);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
}

static u64 lp_init(unsigned int cpu)
{
	struct sw_regs r = { 0 };

	return seamcall_on(cpu, SW_LEAF_SYS_LP_INIT, &r);
}

static void every_cpu_is_like_the_first(void)
{
	unsigned int bit, refused = 0;

	module_reset();
	sw_user.misc_enable = 1ULL << 22;
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_LIMIT_CPUID_MAXVAL_SET);
	sw_user.misc_enable = 0;
	sw_user.tsc_adjust = 77;
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	expect(lp_init(0), 0);
	sw_user.misc_enable = 1ULL << 22;
	expect(lp_init(1), SW_LIMIT_CPUID_MAXVAL_SET);
	sw_user.misc_enable = 0;
	sw_user.tsc_adjust = 78;
	expect(lp_init(1), SW_INCONSISTENT_MSR | 0x3b);
	sw_user.tsc_adjust = 77;
	/* Any bit of leaf 0 counts, so all bits are looked at somewhere. */
	for (bit = 0; bit < 32; bit++) {
		sw_user.cpuid_flip = 1u << bit;
		refused += lp_init(1) == SW_INCONSISTENT_CPUID_FIELD;
	}
	expect(refused, 32);
	expect(sw_sys.nr_lps, 1);
	sw_user.cpuid_flip = 0;
	expect(lp_init(1), 0);
	expect(module_config(), 0);
}

static void key_config_counts_packages(void)
{
	module_reset();
	sw_user.nr_pkgs = 2;
	sw_user.nr_cpus = 1;
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_LP_INIT, 0, 0, 0, 0), 0);
	expect(module_config(), 0);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), SW_KEY_CONFIGURED);
	expect(sw_sys.state, SW_SYSCONFIG_DONE);
	sw_user_pkg = 1;
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), 0);
	expect(sw_sys.state, SW_SYS_READY);
}

static void leaf_word_is_decoded_strictly(void)
{
	u64 bad = SW_OPERAND_INVALID | SW_OPND_RAX;

	module_ready();
	expect(call(46, 0, 0, 0, 0), bad);
	expect(call(127, 0, 0, 0, 0), bad);
	expect(call(0xffff, 0, 0, 0, 0), bad);
	expect(call(SW_LEAF_SYS_RD | 1ULL << 24, 0, ~0ULL, 0, 0), bad);
	expect(call(SW_LEAF_SYS_RD | 1ULL << 32, 0, ~0ULL, 0, 0), bad);
	/* Version 1 where there is one, and nowhere else. */
	expect(call(SW_LEAF_MNG_WR | 1ULL << 16, 0, 0, 0, 0), bad);
	expect(call(SW_LEAF_MNG_RD | 2ULL << 16, 0, 0, 0, 0), bad);
	expect(call(SW_LEAF_MNG_RD | 1ULL << 16, 1, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	/* Nobody asked for dynamic PAMT, so its leaves do not exist. */
	expect(call(SW_LEAF_PHYMEM_PAMT_ADD, 0, 0, 0, 0), bad);
	expect(call(SW_LEAF_PHYMEM_PAMT_REMOVE, 0, 0, 0, 0), bad);
}

static void config_checks_its_operands(void)
{
	module_sys_init();
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY + 8, 1, 32, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_SYS_CONFIG, SW_USER_HOLE_BASE, 1, 32, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY | 1ULL << 46, 1, 32, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 0, 32, 0),
	       SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 65, 32, 0),
	       SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 1, 31, 0),
	       SW_OPERAND_INVALID | SW_OPND_R8);
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 1, 64, 0),
	       SW_OPERAND_INVALID | SW_OPND_R8);
	/* Above the bit that asks for dynamic PAMT. */
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 1, 32 | 1 << 17, 0),
	       SW_OPERAND_INVALID | SW_OPND_R8);
	*(u64 *)sw_va(ARRAY) += 8;
	expect(module_config(), SW_OPERAND_INVALID | SW_OPND_TDMR_INFO_PA);
	*(u64 *)sw_va(ARRAY) -= 8;
	/* None of it left a trace. */
	expect(module_config(), 0);
}

static void base_off_1g(u64 *i)		{ i[0] += PAGE; }
static void size_off_1g(u64 *i)		{ i[1] -= PAGE; }
static void size_zero(u64 *i)
{
	i[1] = 0;
}

static void base_above_maxpa(u64 *i)	{ i[0] = 1ULL << SW_USER_MAXPA; }
static void end_above_maxpa(u64 *i)	{ i[1] = 1ULL << SW_USER_MAXPA; }
static void beyond_cmrs(u64 *i)		{ i[1] += G; }
static void hole_not_reserved(u64 *i)	{ i[11] -= PAGE; }
static void rsvd_unordered(u64 *i)	{ i[10] = PAGE; }

static void rsvd_gap_in_list(u64 *i)
{
	i[12] = i[10];
	i[13] = i[11];
	i[11] = 0;
}

static void rsvd_off_4k(u64 *i)		{ i[9] += 512; }
static void rsvd_outside(u64 *i)	{ i[11] = i[1]; }
static void pamt_small(u64 *i)		{ i[7] -= PAGE; }
static void pamt_off_4k(u64 *i)		{ i[4] += 512; }
static void pamt_in_hole(u64 *i)	{ i[2] = SW_USER_HOLE_BASE; }
static void pamt_in_tdmr(u64 *i)	{ i[4] = TDMR_BASE + 0x10000000; }
static void pamt_in_pamt(u64 *i)	{ i[4] = i[6]; }

static void config_rejects_what_is_no_memory_map(void)
{
	expect(config_after(base_off_1g), SW_INVALID_TDMR);
	expect(config_after(size_off_1g), SW_INVALID_TDMR);
	expect(config_after(size_zero), SW_INVALID_TDMR);
	expect(config_after(base_above_maxpa), SW_INVALID_TDMR);
	expect(config_after(end_above_maxpa), SW_INVALID_TDMR);
	expect(config_after(beyond_cmrs), SW_TDMR_OUTSIDE_CMRS);
	expect(config_after(hole_not_reserved), SW_TDMR_OUTSIDE_CMRS);
	expect(config_after(rsvd_unordered), SW_NON_ORDERED_RESERVED_IN_TDMR);
	expect(config_after(rsvd_gap_in_list), SW_NON_ORDERED_RESERVED_IN_TDMR | 1 << 8);
	expect(config_after(rsvd_off_4k), SW_INVALID_RESERVED_IN_TDMR);
	expect(config_after(rsvd_outside), SW_INVALID_RESERVED_IN_TDMR | 1 << 8);
	expect(config_after(pamt_small), SW_INVALID_PAMT);
	expect(config_after(pamt_off_4k), SW_INVALID_PAMT | 1 << 8);
	expect(config_after(pamt_in_hole), SW_PAMT_OUTSIDE_CMRS | 2 << 8);
	expect(config_after(pamt_in_tdmr), SW_PAMT_OVERLAP | 1 << 8);
	expect(config_after(pamt_in_pamt), SW_PAMT_OVERLAP);
}

static void two_tdmrs_must_be_in_order(void)
{
	u64 *a, *b;

	module_sys_init();
	a = tdmr_info(0);
	b = tdmr_info(1);
	memcpy(b, a, 512);
	a[1] = G;
	memset(a + 10, 0, 16);
	b[0] = a[0];
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 2, 32, 0), SW_NON_ORDERED_TDMR | 1);
	/* The second one from 2 GiB, with its PAMT in the first one's. */
	b[0] = a[0] + G;
	b[1] = G;
	memset(b + 8, 0, 32);
	b[8] = SW_USER_HOLE_BASE - b[0];
	b[9] = SW_USER_HOLE_SIZE;
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 2, 32, 0),
	       SW_PAMT_OVERLAP | 1 | 0 << 8 | 0 << 16);
	/* A third of what one TDMR needed is enough for each. */
	a[7] = (G / PAGE) * 16;
	b[7] = a[7];
	a[5] = 0x2000;
	b[5] = a[5];
	b[6] = a[6] + a[7];
	b[4] = a[4] + a[5];
	b[2] = a[2] + a[3];
	expect(call(SW_LEAF_SYS_CONFIG, ARRAY, 2, 32, 0), 0);
	expect(sw_sys.nr_tdmrs, 2);
}

static void tdmr_init_goes_1024_pages_at_a_time(void)
{
	unsigned int i;

	module_sys_init();
	expect(module_config(), 0);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE + G, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	for (i = 0; i < 255; i++) {
		expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
		expect(last.rdx, TDMR_BASE);
	}
	/* Not before the whole GiB is done. */
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, new_page(), 0, 0, 0),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_RCX);
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
	expect(last.rdx, TDMR_BASE + G);
	expect(page_type(new_page()), SW_PT_NDA);
	expect(page_type(TDMR_BASE), SW_PT_RSVD);
	for (i = 0; i < 512; i++)
		expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
	expect(last.rdx, TDMR_BASE + 3 * G);
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0),
	       SW_TDMR_ALREADY_INITIALIZED);
	expect(page_type(SW_USER_HOLE_BASE), SW_PT_RSVD);
}

static void disable_ends_everything_and_unpins(void)
{
	module_ready();
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), 0);
	expect(sw_user.pins, 0);
	expect(call(SW_LEAF_SYS_RD, 0, ~0ULL, 0, 0), SW_SYS_SHUTDOWN);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_SYS_SHUTDOWN);
	expect(call(SW_LEAF_MNG_CREATE, new_page(), 33, 0, 0), SW_SYS_SHUTDOWN);
	expect(call(SW_LEAF_SYS_LP_SHUTDOWN, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), 0);
	expect(sw_user.pins, 0);
}

static void disable_before_config_has_nothing_to_unpin(void)
{
	module_sys_init();
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), 0);
	expect(sw_user.pins, 0);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_SYS_SHUTDOWN);
}

static void an_older_module_has_no_disable(void)
{
	module_ready();
	sw_knows_sys_disable = false;
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RAX);
	expect(sw_user.pins, 1);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_SYS_INIT_NOT_PENDING);
	sw_knows_sys_disable = true;
}

static void disable_waits_for_other_seamcalls(void)
{
	module_ready();
	/* As if another CPU were in the middle of a leaf. */
	sw_sys.in_flight++;
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), SW_SYS_BUSY);
	expect(sw_user.pins, 1);
	sw_sys.in_flight--;
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), 0);
	expect(sw_user.pins, 0);
}

static void update_wants_the_state_of_a_predecessor(void)
{
	module_sys_init();
	expect(call(SW_LEAF_SYS_UPDATE, 0, 0, 0, 0), SW_SYS_INVALID_HANDOFF);
	module_ready();
	expect(call(SW_LEAF_SYS_UPDATE, 0, 0, 0, 0), SW_SYS_STATE_INCORRECT);
}

static void bringup_leaves_exclude_each_other(void)
{
	module_sys_init();
	sw_sys.lock.word = 1;
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_SYS_BUSY);
	expect(call(SW_LEAF_SYS_LP_INIT, 0, 0, 0, 0), SW_SYS_BUSY);
	expect(module_config(), SW_SYS_BUSY);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), SW_SYS_BUSY);
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), SW_SYS_BUSY);
	sw_sys.lock.word = 0;
	expect(module_config(), 0);
	expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), 0);
	sw_sys.tdmr[0].lock.word = 1;
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	sw_sys.tdmr[0].lock.word = 0;
	expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
}

static void counters_name_leaf_and_status(void)
{
	u64 status, count, found = 0;
	unsigned int i;
	u32 leaf;

	module_ready();
	call(SW_LEAF_SYS_INIT, 0, 0, 0, 0);
	for (i = 0; sw_stat_line(SW_STAT_SEAMCALL, i, &leaf, &status, &count); i++) {
		if (!count || leaf != SW_LEAF_SYS_INIT)
			continue;
		expect(count, 1);
		found |= !strcmp(sw_status_name(status), "SUCCESS") ? 1 : 0;
		found |= !strcmp(sw_status_name(status), "SYS_INIT_NOT_PENDING") ? 2 : 0;
	}
	expect(found, 3);
	check(!strcmp(sw_leaf_name(SW_STAT_SEAMCALL, 6), "TDH.MEM.PAGE.AUG"));
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(only_the_order_of_bringup_works),
		TEST(every_cpu_is_like_the_first),
		TEST(key_config_counts_packages),
		TEST(leaf_word_is_decoded_strictly),
		TEST(config_checks_its_operands),
		TEST(config_rejects_what_is_no_memory_map),
		TEST(two_tdmrs_must_be_in_order),
		TEST(tdmr_init_goes_1024_pages_at_a_time),
		TEST(disable_ends_everything_and_unpins),
		TEST(disable_before_config_has_nothing_to_unpin),
		TEST(an_older_module_has_no_disable),
		TEST(disable_waits_for_other_seamcalls),
		TEST(update_wants_the_state_of_a_predecessor),
		TEST(bringup_leaves_exclude_each_other),
		TEST(counters_name_leaf_and_status),
	};

	return ktap_run(tests);
}
