// SPDX-License-Identifier: GPL-2.0-only
/* A TD that the module enters: what ends it, and what the module then sees. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/string.h>

#include <asm/irq_vectors.h>
#include <asm/vmx.h>

#include "host.h"

#define SHARED_VALUE	0x5ea35ea35ea35ea3ULL
#define PATTERN		0x00ff11ee22dd33ccULL

#define ADDRESS(gpa)	(gpa) & 0xff, (gpa) >> 8 & 0xff, (gpa) >> 16 & 0xff, 0, 0, 0, 0, 0
#define LOAD_RAX(gpa)	0x48, 0xa1, ADDRESS(gpa)
#define STORE_RAX(gpa)	0x48, 0xa3, ADDRESS(gpa)
#define TDCALL		0x66, 0x0f, 0x01, 0xcc

/* What the TD executes, an exit after the other; the numbers are offsets. */
static const u8 guest[] = {
	/* 0 */ TDCALL,
	/* 4, SEAMCALL */ 0x66, 0x0f, 0x01, 0xcf,
	/* 8, CPUID */ 0x0f, 0xa2,
	/* 10 */ LOAD_RAX(SEAM_TD_SHARED_PAGE),
	/* 20 */ TDCALL,
	/* 24 */ STORE_RAX(SEAM_TD_SHARED_PAGE + 8),
	/* 34 */ STORE_RAX(SEAM_TD_DATA_GPA),
	/* 44, HLT */ 0xf4,
	/* 45 */ LOAD_RAX(SEAM_TD_HOLE),
	/* 55 */ LOAD_RAX(SEAM_TD_SHARED_HOLE),
	/* 65, SEAMRET */ 0x66, 0x0f, 0x01, 0xcd,
	/* 69, SEAMOPS */ 0x66, 0x0f, 0x01, 0xce,
	/* 73, VMCALL */ 0x0f, 0x01, 0xc1,
	/* 76 */ 0xeb, 0xfe,
};

#define OFFSET_LOOP	76

struct td {
	u64 base;
	struct seam_regs *regs;
	u64 *shared, *data;
	struct host_call call;
};

static void *td_page(struct td *td, enum seam_td_page page)
{
	return __va(td->base + page * PAGE_SIZE);
}

#define TICKS	10

/*
 * On with the TD behind @skip bytes, with @icr written before; true if it ended with
 * @reason at @offset.  A tick of the host's clock may end it before it gets there.
 */
static bool enter(struct td *td, u64 skip, u64 icr, u64 reason, u64 offset)
{
	const u64 *r = td->call.regs.r;
	unsigned int i;
	u64 rax;

	for (i = 0; i < TICKS; i++) {
		rax = seam_call(SEAM_TD_ENTER, td->base, skip, icr, &td->call);
		if (rax != SEAM_STATUS_OK || r[SEAM_TD_REASON] != EXIT_REASON_EXTERNAL_INTERRUPT ||
		    r[SEAM_TD_REASON] == reason)
			break;
		skip = 0;
		icr = 0;
	}
	if (rax == SEAM_STATUS_OK && r[SEAM_TD_REASON] == reason &&
	    r[SEAM_TD_RIP] == SEAM_TD_CODE_GPA + offset)
		return true;
	pr_info("# RAX %#llx, VM error %llu, exit reason %#llx, qualification %#llx\n", rax,
		r[SEAM_TD_ERROR], r[SEAM_TD_REASON], r[SEAM_TD_QUALIFICATION]);
	pr_info("# GPA %#llx, length %llu, RIP %#llx, interruption %#llx\n",
		r[SEAM_TD_GPA], r[SEAM_TD_LENGTH], r[SEAM_TD_RIP], r[SEAM_TD_INTERRUPTION]);
	return false;
}

static bool build(struct td *td)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, 5);
	unsigned int i;

	BUILD_BUG_ON(SEAM_TD_PAGES > 32);
	if (!pages)
		return false;
	td->base = PFN_PHYS(page_to_pfn(pages));
	memcpy(td_page(td, SEAM_TD_CODE), guest, sizeof(guest));
	td->regs = td_page(td, SEAM_TD_REGS);
	td->shared = td_page(td, SEAM_TD_SHARED);
	td->data = td_page(td, SEAM_TD_DATA);
	td->shared[0] = SHARED_VALUE;
	for (i = 0; i < SEAM_REGS; i++)
		td->regs->r[i] = PATTERN * (i + 1);
	return seam_call0(SEAM_TD_BUILD, td->base, 0) == SEAM_STATUS_OK;
}

static bool registers_kept(const struct td *td)
{
	unsigned int i;

	for (i = 0; i < SEAM_REGS; i++)
		if (td->regs->r[i] != PATTERN * (i + 1))
			return false;
	return true;
}

static bool length_is(const struct td *td, u64 length)
{
	return td->call.regs.r[SEAM_TD_LENGTH] == length;
}

static void check_instructions(struct td *td)
{
	bool ok = enter(td, 0, 0, 77, 0);

	check(ok && length_is(td, 4), "TDCALL in a TD is a VM exit, reason 77");
	check(ok && registers_kept(td), "a TD's general registers are kept over entry and exit");
	check(enter(td, 4, 0, 76, 4) && length_is(td, 4),
	      "SEAMCALL in a TD is a VM exit, reason 76");
	check(enter(td, 4, 0, EXIT_REASON_CPUID, 8) && length_is(td, 2),
	      "CPUID in a TD is a VM exit to the module");
}

static void check_memory(struct td *td)
{
	const u64 *r = td->call.regs.r;
	bool ok = enter(td, 2, 0, 77, 20);

	check(ok && td->regs->r[SEAM_RAX] == SHARED_VALUE,
	      "a GPA with the shared bit is walked from the shared EPTP");
	ok = enter(td, 4, 0, EXIT_REASON_HLT, 44);
	check(ok && td->shared[1] == SHARED_VALUE, "a TD writes shared memory");
	check(ok && td->data[0] == SHARED_VALUE, "a GPA without it is walked from the EPTP");
	ok = enter(td, 1, 0, EXIT_REASON_EPT_VIOLATION, 45);
	check(ok && r[SEAM_TD_GPA] == SEAM_TD_HOLE && (r[SEAM_TD_QUALIFICATION] & 0x3f) == 1,
	      "a private page that is not there is an EPT violation");
	ok = enter(td, 10, 0, EXIT_REASON_EPT_VIOLATION, 55);
	check(ok && r[SEAM_TD_GPA] == (SEAM_TD_SHARED_BIT | SEAM_TD_SHARED_HOLE) &&
	      (r[SEAM_TD_QUALIFICATION] & 0x3f) == 1,
	      "a shared page that is not there is one, its GPA with the shared bit");
}

#define INTERRUPTION_UD		0x80000306ULL
#define INTERRUPTION_NMI	0x80000202ULL

static void check_not_in_a_td(struct td *td)
{
	const u64 *r = td->call.regs.r;

	check(enter(td, 10, 0, EXIT_REASON_EXCEPTION_NMI, 65) &&
	      r[SEAM_TD_INTERRUPTION] == INTERRUPTION_UD, "SEAMRET in a TD is #UD");
	check(enter(td, 4, 0, EXIT_REASON_EXCEPTION_NMI, 69) &&
	      r[SEAM_TD_INTERRUPTION] == INTERRUPTION_UD, "SEAMOPS in a TD is #UD");
	check(enter(td, 4, 0, EXIT_REASON_VMCALL, 73) && length_is(td, 3),
	      "VMCALL in a TD is a VM exit");
}

/* The TD is in a loop: only an event ends it. */
static void check_events(struct td *td)
{
	unsigned long flags;
	bool ok;
	u64 early;

	mailbox_clear();
	local_irq_save(flags);
	ok = enter(td, 3, self_icr(ICR_INTERRUPT), EXIT_REASON_EXTERNAL_INTERRUPT, OFFSET_LOOP);
	early = events();
	local_irq_restore(flags);
	check(ok, "an interrupt that waits in SEAM root mode ends a TD that is entered");
	check(!early && events() == 1, "the host gets the interrupt that ended a TD");

	mailbox_clear();
	local_irq_save(flags);
	ok = enter(td, 0, self_icr(ICR_NMI), EXIT_REASON_EXCEPTION_NMI, OFFSET_LOOP) &&
	     td->call.regs.r[SEAM_TD_INTERRUPTION] == INTERRUPTION_NMI;
	local_irq_restore(flags);
	check(ok, "an NMI that waits in SEAM root mode ends a TD that is entered");
	check_eq(events(), 0, "the NMI that ended a TD has come to the module");
}

void test_td(void)
{
	struct td td = {};

	if (!build(&td)) {
		check(false, "the module can build a TD");
		return;
	}
	check_instructions(&td);
	check_memory(&td);
	check_not_in_a_td(&td);
	check_events(&td);
}
