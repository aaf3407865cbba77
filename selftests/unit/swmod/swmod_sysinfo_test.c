// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module and its loader say of themselves in one go, and into whose
 * memory.
 */
#include "swmod_machine.h"

#define PLACE	(TDMR_BASE + 0x20000)
#define PLACE2	(TDMR_BASE + 0x21000)
#define INVALID(reg)	(SW_OPERAND_INVALID | SW_OPND_##reg)
#define SEAMLDR_INFO	(1ULL << 63)
#define BAD_PARAM	(1ULL << 63)

static u64 info(u64 place, u64 size, u64 cmrs, u64 n)
{
	return call(SW_LEAF_SYS_INFO, place, size, cmrs, n);
}

static u64 rdall(u64 place, u64 start)
{
	return call(SW_LEAF_SYS_RDALL, 0, place, start, 0);
}

static u64 seamldr(u64 leaf, u64 place)
{
	last = (struct sw_regs){ .rax = leaf, .rcx = place };
	return sw_seamldr(&cpus[0], &last);
}

static u32 u32_at(u64 pa)
{
	return *(u32 *)sw_va(pa);
}

static u16 u16_at(u64 pa)
{
	return *(u16 *)sw_va(pa);
}

static void sys_info_has_its_place_for_everything(void)
{
	const u64 *cmr;
	u32 i;

	module_sys_init();
	cmr = sw_va(PLACE2);
	memset(sw_va(PLACE), 0xff, 1024);
	expect(info(PLACE, 1024, PLACE2, 32), 0);
	expect(last.rdx, 1024);
	expect(last.r9, 32);
	expect(u16_at(PLACE + 14), 5);
	expect(u16_at(PLACE + 16), 1);
	expect(*(u8 *)sw_va(PLACE + 18), 1);
	expect(u16_at(PLACE + 32), 64);
	expect(u16_at(PLACE + 34), 16);
	expect(u16_at(PLACE + 36), 16);
	expect(u16_at(PLACE + 48), 6 * PAGE);
	expect(u16_at(PLACE + 52), 6 * PAGE);
	expect(*(u64 *)sw_va(PLACE + 64), sw_attributes_supported());
	expect(*(u64 *)sw_va(PLACE + 88), 3);
	expect(u32_at(PLACE + 128), 28);
	/* The processor of these tests has everything. */
	for (i = 0; i < 28; i++) {
		u64 at = PLACE + 132 + 24 * i;

		expect(call(SW_LEAF_SYS_RD, 0, 0x9900000300000400ULL + i, 0, 0), 0);
		expect(last.r8, u32_at(at) | (u64)u32_at(at + 4) << 32);
		if (u32_at(at) == 4 || u32_at(at) == 1)
			continue;
		expect(call(SW_LEAF_SYS_RD, 0, 0x9900000300000501ULL + 2 * i, 0, 0), 0);
		expect(last.r8, u32_at(at + 16) | (u64)u32_at(at + 20) << 32);
	}
	expect(cmr[0], SW_USER_RAM_BASE);
	expect(cmr[1], SW_USER_HOLE_BASE - SW_USER_RAM_BASE);
	expect(cmr[4], 0);
}

static void sys_info_checks_its_operands(void)
{
	struct sw_regs r = { .rcx = PLACE, .rdx = 1024, .r8 = PLACE2, .r9 = 32 };

	module_reset();
	expect(info(PLACE, 1024, PLACE2, 32), SW_SYS_LP_INIT_NOT_DONE);
	module_sys_init();
	expect(info(PLACE + 512, 1024, PLACE2, 32), INVALID(RCX));
	expect(last.rdx, 0);
	expect(last.r9, 0);
	expect(info(1ULL << 46, 1024, PLACE2, 32), INVALID(RCX));
	expect(info(SW_USER_HOLE_BASE, 1024, PLACE2, 32), INVALID(RCX));
	expect(info(PLACE, 1023, PLACE2, 32), INVALID(RDX));
	expect(info(PLACE, 1024, PLACE2 + 64, 32), INVALID(R8));
	expect(info(PLACE, 1024, PLACE2, 31), INVALID(R9));
	expect(seamcall_on(1, SW_LEAF_SYS_INFO, &r), 0);
}

static u64 walk_list(u64 place, u64 *fields)
{
	const u64 *list = sw_va(place);
	u64 at = 1, n = (list[0] & 0xffff) / 8, sequences = 0, val;

	for (*fields = 0; at < n; sequences++) {
		u64 head = list[at++];
		u64 elems = (head >> 34 & 15) + 1, k;
		u64 count = elems * ((head >> 38 & 511) + 1);

		head &= ~(0x1ffULL << 38 | 15ULL << 34);
		for (k = 0; k < count; k++, at++) {
			expect(call(SW_LEAF_SYS_RD, 0, head + k, 0, 0), 0);
			val = last.r8;
			expect(list[at], val);
		}
		*fields += count;
	}
	expect(at, n);
	expect(list[0] >> 16, sequences);
	return sequences;
}

/* Each field once, with what SYS.RD says of it. */
static void rdall_says_what_rd_says(void)
{
	u64 fields, sequences, n = 0, id;

	module_sys_init();
	expect(rdall(PLACE, ~0ULL), 0);
	expect(last.r8, ~0ULL);
	sequences = walk_list(PLACE, &fields);
	check(sequences > 10 && sequences < fields);
	call(SW_LEAF_SYS_RD, 0, ~0ULL, 0, 0);
	for (id = last.rdx; id != ~0ULL; id = last.rdx, n++)
		expect(call(SW_LEAF_SYS_RD, 0, id, 0, 0), 0);
	expect(fields, n);
	/* From the middle of the CMRs. */
	expect(rdall(PLACE, 0x9000000300000090ULL), 0);
	expect(((u64 *)sw_va(PLACE))[1] & 0xffffff, 0x90);
	walk_list(PLACE, &n);
	check(n < fields);
	/* Not from the middle of a field. */
	expect(rdall(PLACE, 0x9900000300000503ULL), 0);
	expect(((u64 *)sw_va(PLACE))[1] & 0xffffff, 0x502);
	expect(((u64 *)sw_va(PLACE))[1] >> 34 & 15, 1);
}

static void a_list_that_is_full_says_where_to_go_on(void)
{
	u64 buf[64], next = ~0ULL, total = 0, whole;
	int i = 0;

	module_sys_init();
	expect(rdall(PLACE, ~0ULL), 0);
	walk_list(PLACE, &whole);
	do {
		u64 err = sw_md_sys_rdall(next, SW_HOST, buf, sizeof(buf), &next);
		u64 n;

		expect(err, next == ~0ULL ? 0 : SW_METADATA_LIST_OVERFLOW);
		check((buf[0] & 0xffff) <= sizeof(buf));
		memcpy(sw_va(PLACE), buf, sizeof(buf));
		walk_list(PLACE, &n);
		total += n;
	} while (next != ~0ULL && ++i < 100);
	expect(total, whole);
}

static void rdall_checks_its_operands(void)
{
	module_reset();
	expect(rdall(PLACE, ~0ULL), SW_SYS_LP_INIT_NOT_DONE);
	module_sys_init();
	expect(rdall(PLACE + 8, ~0ULL), INVALID(RDX));
	expect(last.r8, ~0ULL);
	expect(rdall(PLACE, 0x1110000300000000ULL), SW_METADATA_FIELD_ID_INCORRECT);
	expect(last.r8, ~0ULL);
}

static void nothing_is_written_to_what_is_the_modules(void)
{
	u64 tdr, free, pamt;
	struct sw_page held;
	struct td td;

	dynamic_pamt = true;
	module_ready();
	td_new(&td);
	free = new_page();
	expect(rdall(td.tdr, ~0ULL), INVALID(RDX));
	expect(info(PLACE, 1024, td.tdr, 32), INVALID(R8));
	expect(seamldr(SEAMLDR_INFO, td.tdr), BAD_PARAM);
	/* Metadata in either form. */
	pamt = sw_sys.tdmr[0].pamt[2];
	expect(rdall(pamt, ~0ULL), INVALID(RDX));
	expect(call(SW_LEAF_PHYMEM_PAGE_RDMD, (td.tdr & ~(SW_SIZE_2M - 1)) | 1, 0, 0, 0), 0);
	expect(rdall(last.r11, ~0ULL), INVALID(RDX));
	/* What is free is the host's, unless somebody is taking it. */
	expect(rdall(free, ~0ULL), 0);
	expect(sw_page_get(free, 0, SW_EXCL, SW_PT_NDA, 0, &held), 0);
	expect(rdall(free, ~0ULL), SW_OPERAND_BUSY | SW_OPND_RDX);
	sw_page_put(&held);
	dynamic_pamt = false;
	module_ready();
	td_new(&td);
	tdr = td.tdr;
	expect(rdall(tdr, ~0ULL), INVALID(RDX));
	expect(rdall(PLACE, ~0ULL), 0);
}

static void the_loader_says_what_it_is(void)
{
	module_reset();
	/* It was there before the module. */
	memset(sw_va(PLACE), 0xff, 512);
	sw_sys.nr_cmrs = 1;
	sw_sys.cmr[0] = (struct sw_range){ SW_USER_RAM_BASE, SW_SIZE_1G };
	expect(seamldr(SEAMLDR_INFO, PLACE), 0);
	expect(last.rax, 0);
	expect(u32_at(PLACE), 0);
	expect(u16_at(PLACE + 18), 5);
	expect(u16_at(PLACE + 20), 1);
	expect(u16_at(PLACE + 22), 25);
	expect(u32_at(PLACE + 28), 60);
	expect(*(u8 *)sw_va(PLACE + 160), 1);
	expect(*(u8 *)sw_va(PLACE + 162), 1);
	expect(*(u8 *)sw_va(PLACE + 255), 0);
	expect(*(u8 *)sw_va(PLACE + 256), 0xff);
	expect(seamldr(SEAMLDR_INFO, PLACE + 128), BAD_PARAM);
	expect(seamldr(SEAMLDR_INFO, SW_USER_HOLE_BASE), BAD_PARAM);
}

static void the_loader_knows_nothing_else(void)
{
	module_sys_init();
	expect(seamldr(SEAMLDR_INFO | 2, PLACE), BAD_PARAM);
	expect(seamldr(SEAMLDR_INFO | 0xfe, PLACE), BAD_PARAM);
	expect(seamldr(SEAMLDR_INFO | 1ULL << 62, PLACE), BAD_PARAM);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(sys_info_has_its_place_for_everything),
		TEST(sys_info_checks_its_operands),
		TEST(rdall_says_what_rd_says),
		TEST(a_list_that_is_full_says_where_to_go_on),
		TEST(rdall_checks_its_operands),
		TEST(nothing_is_written_to_what_is_the_modules),
		TEST(the_loader_says_what_it_is),
		TEST(the_loader_knows_nothing_else),
	};

	return ktap_run(tests);
}
