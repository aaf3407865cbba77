// SPDX-License-Identifier: GPL-2.0-only
/* TDCALL leaves that few guests make: tdcall_more.c. */
#include "vp_script.h"

static struct td td;
static struct vcpu v;
/* Registers of the next TDCALL. */
static struct sw_regs in;

static struct sw_regs *gpr(void)
{
	return &tdvps_of(&v)->gpr;
}

static void fresh(void)
{
	script_td(&td, &v, true);
	memset(&in, 0, sizeof(in));
}

static void tdcall(struct sw_run *run)
{
	u64 rsp = run->vp->gpr.rsp;

	run->vp->gpr = in;
	run->vp->gpr.rsp = rsp;
	exit_tdcall(run, in.rax, in.rcx);
}

/* One TDCALL that stays inside; the guest's RAX. */
static u64 tdg(u64 rax, u64 rcx)
{
	in.rax = rax;
	in.rcx = rcx;
	expect(play(&v, tdcall), SW_XR_EXTERNAL_INTERRUPT);
	return gpr()->rax;
}

static u64 accept(u64 rcx)
{
	return tdg(6, rcx);
}

static u64 *data_page(void)
{
	return sw_va(entry_hpa(&td, DATA_GPA, 0));
}

static u8 *new_report(void)
{
	fresh();
	page_aug(&td, 0x5000);
	expect(accept(0x5000), 0);
	in.rdx = DATA_GPA;
	expect(tdg(4, 0x5000), 0);
	return sw_va(entry_hpa(&td, 0x5000, 0));
}

static void a_changed_report_is_found_out(void)
{
	u8 *report = new_report();
	unsigned int i;

	expect(tdg(22, 0x5000), 0);
	for (i = 0; i < 256; i += 5) {
		bool cpusvn = i >= 16 && i < 32;

		report[i] ^= 0x10;
		expect(tdg(22, 0x5000), cpusvn ? SW_INVALID_CPUSVN :
						 SW_INVALID_REPORTMACSTRUCT);
		report[i] ^= 0x10;
	}
	/* Only what the MAC covers counts; the rest is hashed in it. */
	report[300] ^= 1;
	expect(tdg(22, 0x5000), 0);
	expect(tdg(22, 0x5080), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdg(22, 1ULL << 47), SW_OPERAND_INVALID | SW_OPND_RCX);
	in.rax = 22;
	in.rcx = 0x7000;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
}

/* Fields of a list: each sequence by its first identifier and its elements. */
static u64 in_list(const u64 *list, u64 id, u64 *sequences)
{
	unsigned int at = 1, n = list[0] & 0xffff, elems;
	u64 found = ~0ULL;

	for (*sequences = 0; at < n / 8; at += elems) {
		u64 head = list[at++], first = head & ~(0x1ffULL << 38 | 15ULL << 34);

		elems = ((head >> 34 & 15) + 1) * ((head >> 38 & 511) + 1);
		if (id >= first && id < first + elems)
			found = list[at + (id - first)];
		(*sequences)++;
	}
	expect(at, n / 8);
	return found;
}

static void rdall_lists_what_a_guest_may_read(void)
{
	u64 sequences;
	u64 *list;

	fresh();
	list = (u64 *)data_page();
	in.rdx = DATA_GPA;
	in.r8 = ~0ULL;
	expect(tdg(12, 0), 0);
	expect(gpr()->r8, ~0ULL);
	expect(in_list(list, 0x0800000100000004ULL, &sequences), 1);
	expect(list[0] >> 16, sequences);
	expect(in_list(list, 0x0A00000300000008ULL, &sequences) >> 18 & 1, 1);
	/* CMRs and the like are the host's business. */
	expect(in_list(list, 0x9000000100000000ULL, &sequences), ~0ULL);
	in.r8 = 0x0A00000300000008ULL;
	expect(tdg(12, 0), 0);
	expect(list[0], 24 | 1 << 16);
	in.r8 = 0x1110000300000000ULL;
	expect(tdg(12, 0), SW_METADATA_FIELD_ID_INCORRECT);
	in.rdx = DATA_GPA + 8;
	expect(tdg(12, 0), SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(gpr()->r8, ~0ULL);
	in.rdx = 0x7000;
	in.rax = 12;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
}

static void attributes_are_what_accept_gave(void)
{
	fresh();
	page_aug(&td, 0x5000);
	expect(tdg(23, 0x5000), 0);
	expect(gpr()->rcx, 0x5000 | 1ULL << 62);
	expect(gpr()->rdx, 0);
	expect(accept(0x5000), 0);
	expect(tdg(23, 0x5000), 0);
	expect(gpr()->rcx, 0x5000);
	expect(tdg(23, 0x5001), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(gpr()->rcx, 0);
	expect(tdg(23, 1ULL << 47), SW_OPERAND_INVALID | SW_OPND_RCX);
	in.rax = 23;
	in.rcx = 0x7000;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.r8, 0x7000);
	expect(last.rdx, 0);
}

static void attributes_of_a_td_without_l2_cannot_be_written(void)
{
	fresh();
	page_aug(&td, 0x5000);
	expect(tdg(24, 0x5000), 0);
	expect(gpr()->rcx, 0x5000 | 1ULL << 62);
	expect(gpr()->rdx, 0);
	in.rdx = 1;
	expect(tdg(24, 0x5000), SW_OPERAND_INVALID | SW_OPND_RDX);
	in.rdx = 1ULL << 16;
	expect(tdg(24, 0x5000), SW_OPERAND_INVALID | SW_OPND_RDX);
	in.rdx = 0;
	in.r8 = 1ULL << 16;
	expect(tdg(24, 0x5000), SW_OPERAND_INVALID | SW_OPND_R8);
	in.r8 = 0;
	expect(tdg(24, 0x5000 | 1), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdg(24, 0x5000 | 8), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdg(24, 3), SW_OPERAND_INVALID | SW_OPND_RCX);
	/* Small pages where a large one is asked for. */
	expect(tdg(24, 1), SW_PAGE_SIZE_MISMATCH | 1);
	in.rax = 24;
	in.rcx = 0x7000;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.rdx, 5);
	in.rcx = 1ULL << 30;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.rdx & 15, 5);
}

static void attributes_of_an_entry_that_the_host_holds_are_busy(void)
{
	struct sw_td t = { .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	struct sw_entry e;

	fresh();
	page_aug(&td, 0x5000);
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	expect(sw_sept_walk(&t, 0x5000, 0, &e), 0);
	expect(sw_entry_lock(&e, SW_HOST), 0);
	expect(tdg(23, 0x5000), SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(tdg(24, 0x5000), SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(gpr()->rdx, 0);
	sw_entry_unlock(&e);
	expect(tdg(23, 0x5000), 0);
	/* Blocked is the host's to explain. */
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0x5000, td.tdr, 0, 0), 0);
	in.rax = 24;
	in.rcx = 0x5000;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
}

/* Buffers are there before other operands are judged. */
static void reports_map_their_buffers_first(void)
{
	fresh();
	page_aug(&td, 0x5000);
	expect(accept(0x5000), 0);
	in.rax = 4;
	in.rcx = 0x5000;
	in.rdx = 0x7000;
	in.r8 = 1;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.r8, 0x7000);
	in.rcx = 0x9000;
	in.rdx = DATA_GPA;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.r8, 0x9000);
	expect(tdg(4, 0x5000), SW_OPERAND_INVALID | SW_OPND_R8);
	in.rax = 2;
	in.rcx = 0x7000;
	in.rdx = 4;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(tdg(2, DATA_GPA), SW_OPERAND_INVALID | SW_OPND_RDX);
}

static void a_violation_tells_what_the_entry_is(void)
{
	u64 huge;

	fresh();
	td_tables(&td, 1ULL << 30, 1);
	huge = new_huge();
	expect(call(SW_LEAF_MEM_PAGE_AUG, 1ULL << 30 | 1, td.tdr, huge, 0), 0);
	expect(accept(1ULL << 30 | 1), 0);
	/* A small page of what is a large one. */
	in.rax = 24;
	in.rcx = 1ULL << 30;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.rcx, 0x3a);
	/* A free entry is no leaf. */
	in.rax = 6;
	in.rcx = 0x7000;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.rcx, 2);
	expect(last.rdx, 1);
}

static void attr_wr_judges_r8_before_rdx(void)
{
	fresh();
	in.rdx = 1;
	in.r8 = 1;
	expect(tdg(24, 0x5000), SW_OPERAND_INVALID | SW_OPND_R8);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(a_changed_report_is_found_out),
		TEST(rdall_lists_what_a_guest_may_read),
		TEST(attributes_are_what_accept_gave),
		TEST(attributes_of_a_td_without_l2_cannot_be_written),
		TEST(attributes_of_an_entry_that_the_host_holds_are_busy),
		TEST(reports_map_their_buffers_first),
		TEST(a_violation_tells_what_the_entry_is),
		TEST(attr_wr_judges_r8_before_rdx),
	};

	return ktap_run(tests);
}
