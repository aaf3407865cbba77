// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes of the input as registers: mostly values that mean something, so that
 * programs get far, and sometimes any value at all.
 */
#include "fuzz.h"

static __thread const u8 *pos, *end;

void input_set(const u8 *data, size_t size)
{
	pos = data;
	end = data + size;
}

bool input_ended(void)
{
	return pos == end;
}

u8 in_byte(void)
{
	return pos == end ? 0 : *pos++;
}

u64 in_u64(void)
{
	u64 val = 0;
	int i;

	for (i = 0; i < 8; i++)
		val = val << 8 | in_byte();
	return val;
}

int pool_index(u64 pa)
{
	if (pa >= POOL_BASE && pa < POOL_BASE + SW_SIZE_2M)
		return (pa - POOL_BASE) / PAGE;
	if (pa >= HUGE_BASE && pa < HUGE_BASE + NR_HUGE * SW_SIZE_2M)
		return 512 + (pa - HUGE_BASE) / PAGE;
	return -1;
}

u64 pool_pa(int index)
{
	return index < 512 ? POOL_BASE + index * PAGE :
			     HUGE_BASE + (index - 512) * PAGE;
}

static u64 small_page(void)
{
	u8 b = in_byte();

	if (b < POOL_SMALL)
		return pool_pa(b);
	/* One out of a large page, or that one itself. */
	return HUGE_BASE + (b & 3) % NR_HUGE * SW_SIZE_2M + (b >> 2 & 3) * PAGE;
}

/* Few addresses, so that steps meet at the same entries. */
static u64 gpa_and_level(void)
{
	static const u64 gpas[] = {
		0, 0x1000, 0x2000, 0x1ff000, 0x200000, 0x201000, 0x400000,
		0x40000000, 0x40001000, 0x8000000000, 0x7ffffffff000,
		0x7fffffe00000, 0x800000000000, 0, 0x1000, 0x200000,
	};
	static const u8 levels[] = { 0, 0, 0, 1, 1, 2, 3, 0 };
	u8 b = in_byte(), level = levels[b >> 4 & 7];
	u64 gpa = gpas[b & 15];

	if (b >> 7)
		return gpa | level;
	return (gpa & ~(SW_LEVEL_SIZE(level) - 1)) | level;
}

static u64 field_id(void)
{
	static const u64 ids[] = {
		~0ULL, 0x9110000300000011, 0x1110000300000000,
		0x1110000300000001, 0x9010000300000001, 0x9010000300000005,
		0x9810000300000010, 0x9110000300000010, 0x9100000300000000,
		0x00ff000300002013, 0x2024, 0x8000000200000008, 0x10, 0x681e,
		0x9820000300000000, 0xa020000300000000, 0x8820000300000000,
		0x0a00000300000001, 0x8900000300000000, 0x8a00000200000000,
		0x2020000300000000 + 0x8020000000000000,
	};
	u8 b = in_byte();

	return b < 200 ? ids[b % SW_ARRAY_SIZE(ids)] ^ (b / 21) : in_u64();
}

u64 in_operand(char kind)
{
	u8 b;

	switch (kind) {
	case 'T':			/* a TDR, mostly */
		b = in_byte();
		return b < 240 ? pool_pa(b % NR_TDRS) : small_page();
	case 'V':			/* a TDVPR, mostly */
		b = in_byte();
		return b < 240 ? pool_pa(NR_TDRS + b % NR_TDVPRS) : small_page();
	case 'P':
		return small_page();
	case 'H':			/* of either size */
		b = in_byte();
		return b & 1 ? HUGE_BASE + b % NR_HUGE * SW_SIZE_2M : small_page();
	case 'B':			/* a 2 MiB block, as a range */
		b = in_byte();
		return pool_pa(b % NR_BLOCKS * 512) | (b < 240);
	case 'G':
		return gpa_and_level();
	case 'K':
		return sw_sys.first_hkid + in_byte() % 8;
	case 'F':
		return field_id();
	case 'N':
		return in_byte();
	case 'S':			/* shared memory with TD_PARAMS, or so */
		b = in_byte();
		return TDMR_BASE + 0xa000 + (b & 7) * 1024;
	case 'M':			/* a mask of registers, mostly */
		b = in_byte();
		return b < 240 ? (b | in_byte() << 8) & 0xffcc : in_u64();
	case 'R':
		return in_u64();
	default:
		return 0;
	}
}
