// SPDX-License-Identifier: GPL-2.0-only
/*
 * What SEAMCALLs cost, for docs/swmod.md.  In the emulated machine the TSC
 * counts instructions, so with one CPU the same build gives the same figures.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>

#include <asm/msr.h>

#include "direct.h"

#define ROUNDS			16
/* A leaf that does nothing: TDH.MNG.KEY.RECLAIMID. */
#define LEAF_NOTHING		27
#define FIGURE_GPA		0x240000ULL

static u64 nothing(void)
{
	u64 rax = LEAF_NOTHING;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcf" : "+a" (rax) : : "cc");
	return rax;
}

static void say(const char *what, u64 ticks, unsigned int n)
{
	pr_info("figure: %s: %llu instructions\n", what, ticks / n);
}

static u64 measure_nothing(struct direct_td *t)
{
	u64 start = rdtsc();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		t->err |= nothing();
	return rdtsc() - start;
}

/* Page after page under tables that are there. */
static u64 measure_aug(struct direct_td *t)
{
	u64 ticks = 0, start;
	unsigned int i;

	direct_aug(t, FIGURE_GPA);
	for (i = 1; i <= ROUNDS; i++) {
		struct sept_pos pos = { .gpa = FIGURE_GPA + i * PAGE_SIZE };
		struct page *page = direct_own_page(t);
		struct sept_info info;

		if (!page)
			return 0;
		start = rdtsc();
		t->err |= tdh_mem_page_aug(&t->td, pos, page, &info);
		ticks += rdtsc() - start;
	}
	return ticks;
}

/* With interrupts off, before the guest runs. */
void direct_figures(struct direct_td *t)
{
	/* Once for the caches of the emulator, which do not count. */
	measure_nothing(t);
	say("SEAMCALL that does nothing", measure_nothing(t), ROUNDS);
	say("TDH.MEM.PAGE.AUG", measure_aug(t), ROUNDS);
}

/* @enter: @n entries that end in a TDVMCALL; @more: one with @tdcalls more. */
void direct_figures_guest(u64 enter, unsigned int n, u64 more,
			  unsigned int tdcalls)
{
	if (!n)
		return;
	say("TDH.VP.ENTER with an immediate TDVMCALL", enter, n);
	if (more > enter / n)
		say("TDCALL (TDG.VP.INFO)", more - enter / n, tdcalls);
}
