// SPDX-License-Identifier: GPL-2.0-only
/* The guests of selftests/border. */
#include "guest_lib.h"

static void roots_fault(void)
{
	u64 gpa;

	for (;;) {
		for (gpa = ROOTS_WALK_BASE;
		     gpa < ROOTS_WALK_BASE + ROOTS_WALK_SIZE; gpa += HUGE_PAGE)
			*SHARED_VA(gpa) = gpa;
	}
}

static void roots_write(void)
{
	struct roots *r = (struct roots *)SHARED_VA(ROOTS_PAGE);
	u64 count = 0, page;

	for (;;) {
		page = r->page;
		/* swmod takes over a change of the shared root at an entry. */
		if (page && page != r->wrote)
			call(10, 0x40000000, 0, 0, 0);
		count++;
		if (page)
			*SHARED_VA(page) = count;
		r->wrote = page;
		r->count = count;
	}
}

void test_roots(u32 vcpu)
{
	if (vcpu)
		roots_write();
	else
		roots_fault();
}

/* --- calls and accesses by chance --- */

static u64 fuzz_next(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static void fuzz_step(u64 *state)
{
	u64 r = fuzz_next(state) >> 8, arg = fuzz_next(state);
	u64 gpa = RAM_BASE + (r >> 8) % FUZZ_PAGES * 4096;
	u64 size = (1 + (r >> 16) % 4) * 4096;

	switch (r % 16) {
	case 0:
	case 1:
	case 2:
		tdcall(6, gpa, 0, 0);
		break;
	case 3:
		/* Its last use may have been long ago: it may end the TD. */
		if (r >> 20 & 7)
			break;
		if (!(tdcall(6, gpa, 0, 0) >> 32))
			*(volatile u64 *)gpa = arg;
		break;
	case 4:
	case 5:
		*SHARED_VA(gpa) = arg;
		break;
	case 6:
	case 7:
		*SHARED_VA(LOG_BASE + (r >> 8) % LOG_SIZE / 8 * 8) = arg;
		break;
	case 8:
		call(0x10001, SHARED_BIT | gpa, size, 0, 0);
		break;
	case 9:
		call(0x10001, gpa, size, 0, 0);
		break;
	case 10:
		call(31 + (r >> 8 & 1), arg >> 52, arg, 0, 0);
		break;
	case 11:
		call(48, 1 << (r >> 8 & 3), r >> 10 & 1, SHARED_BIT | MMIO_BASE, arg);
		break;
	case 12:
		call(10, arg >> 60, arg & 7, 0, 0);
		break;
	case 13:
		/* A quote, a fatal error, an event's vector, or none. */
		if ((r >> 8 & 7) != 3)
			call(0x10000 + (r >> 8 & 7), arg >> (r >> 12 & 63), size, 0, 0);
		break;
	case 14:
		apic_write(0x830, arg >> 54 | (arg & 1) << 32);
		break;
	default:
		call(30, 1 << (r >> 8 & 3), r >> 10 & 1, arg & 0xffff, arg);
		break;
	}
}

void test_fuzz(u64 seed, u32 vcpu)
{
	u64 state = (seed + 1) * 0x9e3779b97f4a7c15ULL + vcpu;

	set_idt();
	for (;;)
		fuzz_step(&state);
}
