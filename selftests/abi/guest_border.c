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
