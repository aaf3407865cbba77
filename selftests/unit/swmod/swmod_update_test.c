// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replacing the module while a TD is there: SYS.SHUTDOWN, SEAMLDR.INSTALL on each
 * CPU, SYS.INIT, LP.INIT on each, SYS.UPDATE.
 */
#include "swmod_machine.h"

#define INFO		(1ULL << 63)
#define INSTALL		(1ULL << 63 | 1)
#define BAD_PARAM	0x8000000000000000ULL
#define BAD_CALL	0x8000000000000003ULL
#define BAD_HANDOFF	0x8000000000000004ULL
#define BAD_SIG		0x8000000000020000ULL
#define BAD_HASH	0x8000000000020001ULL

#define MODULE_PAGES	3

/* Addresses of what a host gives P-SEAMLDR. */
static struct {
	u64 params, sig, module[MODULE_PAGES];
} image;

static u64 ldr(unsigned int cpu, u64 leaf, u64 rcx)
{
	struct sw_regs r = { .rax = leaf, .rcx = rcx };

	return sw_seamldr(&cpus[cpu], &r);
}

/* SEAMLDR_PARAMS as 64-bit words. */
static u64 *params(void)
{
	return sw_va(image.params);
}

static u64 *sig(void)
{
	return sw_va(image.sig);
}

static u16 *sig_version(void)
{
	return (u16 *)(sig() + 2);
}

static void new_image(void)
{
	u64 sum = 0;
	u32 i, word;

	image.params = new_page();
	image.sig = new_page();
	memset(params(), 0, PAGE);
	memset(sig(), 0, PAGE);
	params()[0] = 1ULL << 32;
	params()[1] = image.sig;
	params()[15] = MODULE_PAGES;
	for (i = 0; i < MODULE_PAGES; i++) {
		image.module[i] = new_page();
		params()[16 + i] = image.module[i];
		for (word = 0; word < PAGE / 8; word++) {
			((u64 *)sw_va(image.module[i]))[word] = word * 77 + i;
			sum += word * 77 + i;
		}
	}
	memcpy(sig(), "SWMODSIG", 8);
	sig()[1] = sum;
	memcpy(sig_version(), (u16 []){ 1, 6, 3, 2, 1 }, 10);
}

static u64 shutdown(u64 hv)
{
	return call(SW_LEAF_SYS_SHUTDOWN, hv, 0, 0, 0);
}

static u64 lp_init(unsigned int cpu)
{
	struct sw_regs r = { 0 };

	return seamcall_on(cpu, SW_LEAF_SYS_LP_INIT, &r);
}

static u64 sys_rd(u64 field)
{
	expect(call(SW_LEAF_SYS_RD, 0, field, 0, 0), 0);
	return last.r8;
}

static void take_over(void)
{
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	expect(lp_init(0), 0);
	expect(lp_init(1), 0);
	expect(call(SW_LEAF_SYS_UPDATE, 0, 0, 0, 0), 0);
}

static u32 updates_left(void)
{
	u64 pa = new_page();

	expect(ldr(0, INFO, pa), 0);
	return ((u32 *)sw_va(pa))[7];
}

static void an_update_keeps_tds_and_changes_the_version(void)
{
	struct td td;
	struct vcpu v;
	u32 left;

	module_ready();
	new_image();
	left = updates_left();
	check(left);
	td_build(&td, &v);
	expect(vcpu_enter(0, &v), 1);
	expect(sys_rd(0x0800000100000003ULL), 5);
	expect(sys_rd(0x8900000100000000ULL), 1);

	expect(shutdown(1), 0);
	expect(ldr(0, INSTALL, image.params), 0);
	expect(vcpu_enter(0, &v), SW_SYS_SHUTDOWN);
	expect(ldr(1, INSTALL, image.params), 0);
	expect(vcpu_enter(0, &v), SW_SYS_NOT_READY);
	take_over();

	expect(sys_rd(0x0800000100000004ULL), 1);
	expect(sys_rd(0x0800000100000003ULL), 6);
	expect(sys_rd(0x0800000100000005ULL), 3);
	expect(sys_rd(0x8900000100000000ULL), 2);
	expect(vcpu_enter(0, &v), 1);
	expect(updates_left(), left - 1);
	/* The module has the TD's pages as before. */
	expect(page_type(td.tdr), SW_PT_TDR);
	td_free_key(&td, &v);
}

/* And what the next one can go on with. */
static void shutdown_takes_versions_that_it_can_write(void)
{
	module_ready();
	expect(shutdown(0), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(shutdown(2), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(shutdown(1 | 1 << 16), SW_OPERAND_INVALID | SW_OPND_RCX);
	/* As if another CPU were in the middle of a leaf. */
	sw_sys.in_flight++;
	expect(shutdown(1), SW_SYS_BUSY);
	sw_sys.in_flight--;
	expect(sys_rd(0x8900000000000004ULL), 0);
	expect(shutdown(1), 0);
	expect(call(SW_LEAF_SYS_RD, 0, ~0ULL, 0, 0), SW_SYS_SHUTDOWN);
	expect(shutdown(1), SW_SYS_SHUTDOWN);
}

static void install_wants_a_module_that_was_shut_down(void)
{
	module_ready();
	new_image();
	expect(ldr(0, INSTALL, image.params), BAD_HANDOFF);
	/* A module that was disabled has forgotten all memory. */
	expect(call(SW_LEAF_SYS_DISABLE, 0, 0, 0, 0), 0);
	expect(ldr(0, INSTALL, image.params), 0);
	expect(ldr(1, INSTALL, image.params), BAD_PARAM);
}

static void install_takes_each_cpu_once_with_the_same_image(void)
{
	module_ready();
	new_image();
	expect(shutdown(1), 0);
	expect(ldr(1, INSTALL, image.params), 0);
	expect(ldr(1, INSTALL, image.params), BAD_CALL);
	/* That ended it. */
	expect(ldr(1, INSTALL, image.params), 0);
	expect(ldr(0, INSTALL, image.sig), BAD_PARAM);
	expect(ldr(0, INSTALL, image.params), 0);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_SYS_SHUTDOWN);
	expect(ldr(1, INSTALL, image.params), 0);
	take_over();
}

/* Each image is as new_image() makes it, but for one word. */
static void bad_images_are_not_installed(void)
{
	static const struct {
		u64 *(*at)(void);
		unsigned int word;
		u64 val, status;
	} bad[] = {
		{ params, 0, 0, BAD_PARAM }, { params, 0, 1ULL << 32 | 1, BAD_PARAM },
		{ params, 1, 1, BAD_PARAM }, { params, 14, 1, BAD_PARAM },
		{ params, 15, 0, BAD_PARAM }, { params, 15, 497, BAD_PARAM },
		{ params, 16, SW_USER_HOLE_BASE, BAD_PARAM },
		{ sig, 0, 0, BAD_SIG }, { sig, 1, 0, BAD_HASH },
		/* hv, min_hv: 2 is not what was handed off. */
		{ sig, 3, 2, BAD_HANDOFF },
	};
	unsigned int i;
	u64 saved;

	module_ready();
	new_image();
	/* The upper half of word 2 and word 3: major, minor, update, hv, min. */
	expect(sig_version()[4], 1);
	expect(shutdown(1), 0);
	for (i = 0; i < SW_ARRAY_SIZE(bad); i++) {
		saved = bad[i].at()[bad[i].word];
		bad[i].at()[bad[i].word] = bad[i].val;
		expect(ldr(0, INSTALL, image.params), 0);
		expect(ldr(1, INSTALL, image.params), bad[i].status);
		expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), SW_SYS_SHUTDOWN);
		bad[i].at()[bad[i].word] = saved;
	}
	expect(ldr(0, INSTALL, image.params), 0);
	expect(ldr(1, INSTALL, image.params), 0);
	take_over();
}

static void updates_run_out(void)
{
	module_ready();
	new_image();
	sw_max_updates = 1;
	expect(updates_left(), 1);
	expect(shutdown(1), 0);
	expect(ldr(0, INSTALL, image.params), 0);
	expect(ldr(1, INSTALL, image.params), 0);
	take_over();
	expect(updates_left(), 0);
	expect(shutdown(2), 0);
	expect(ldr(0, INSTALL, image.params), 0);
	expect(ldr(1, INSTALL, image.params), BAD_CALL);
	sw_max_updates = 60;
}

static void a_new_module_goes_on_by_update_alone(void)
{
	module_ready();
	new_image();
	expect(shutdown(1), 0);
	expect(ldr(0, INSTALL, image.params), 0);
	expect(ldr(1, INSTALL, image.params), 0);
	expect(call(SW_LEAF_SYS_UPDATE, 0, 0, 0, 0), SW_SYS_STATE_INCORRECT);
	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	expect(lp_init(0), 0);
	expect(call(SW_LEAF_SYS_UPDATE, 0, 0, 0, 0), SW_SYS_STATE_INCORRECT);
	expect(lp_init(1), 0);
	expect(sys_rd(0x8900000000000004ULL), 1);
	expect(module_config(), SW_SYS_CONFIG_NOT_PENDING);
	expect(call(SW_LEAF_SYS_UPDATE, 0, 0, 0, 0), 0);
	expect(sys_rd(0x8900000000000004ULL), 0);
	expect(call(SW_LEAF_SYS_UPDATE, 0, 0, 0, 0), SW_SYS_STATE_INCORRECT);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(an_update_keeps_tds_and_changes_the_version),
		TEST(shutdown_takes_versions_that_it_can_write),
		TEST(install_wants_a_module_that_was_shut_down),
		TEST(install_takes_each_cpu_once_with_the_same_image),
		TEST(bad_images_are_not_installed),
		TEST(updates_run_out),
		TEST(a_new_module_goes_on_by_update_alone),
	};

	return ktap_run(tests);
}
