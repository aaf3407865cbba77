// SPDX-License-Identifier: GPL-2.0-only
/* TDCALL: how it is told from other #UDs, and its leaves. */
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

/* --- decoding --- */

static void tdcall_advances_rip_by_four(void)
{
	fresh();
	expect(tdg(1, 0), 0);
	expect(script.injected, 0);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA + 4);
}

static void tdcall_ends_the_sti_shadow_and_single_steps(void)
{
	fresh();
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_INTERRUPTIBILITY,
			 SW_BLOCK_STI | SW_BLOCK_NMI);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_RFLAGS, SW_RFLAGS_TF);
	expect(tdg(1, 0), 0);
	expect(vmcs_of(&v, SW_VM_GUEST_INTERRUPTIBILITY), SW_BLOCK_NMI);
	expect(vmcs_of(&v, SW_VM_GUEST_PENDING_DBG), SW_PENDING_BS);
}

static void tdcall_outside_64bit_kernel_mode_is_gp(void)
{
	fresh();
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_CS_AR, 0xc09b);
	expect(tdg(1, 0), 1);
	expect(script.injected, SCRIPT_GP);
	fresh();
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_SS_AR, 0xc0f3);
	expect(tdg(1, 0), 1);
	expect(script.injected, SCRIPT_GP);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA);
}

static void reserved_bits_and_unknown_leaves_are_invalid(void)
{
	static const u64 bad[] = {
		1 | 1 << 24, 1 | 1ULL << 32, 1 | 1ULL << 63, 1 | 1 << 16,
		3 | 3 << 16, 7 | 2 << 16, 8 | 1 << 16, 13, 14, 17, 25, 0xffff,
	};
	unsigned int i;

	fresh();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(tdg(bad[i], 0), SW_OPERAND_INVALID | SW_OPND_RAX);
		expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA + 4);
	}
}

/*
 * The same instruction through 4-level tables with 2 MiB and 4 KiB pages, PAE
 * and 32-bit tables.  Entries are in the page at DATA_GPA, which maps itself.
 */
static void map_self(u64 *table, unsigned int index, u64 entry)
{
	memset(table, 0, PAGE);
	table[index] = entry;
}

static u64 *data_page(void)
{
	return sw_va(entry_hpa(&td, DATA_GPA, 0));
}

static void paging(u64 cr4, u64 efer, u64 rip)
{
	struct sw_tdvps *vp = tdvps_of(&v);

	sw_guest_vmcs_wr(vp, SW_VM_GUEST_CR0, SW_CR0_PE | SW_CR0_PG);
	sw_guest_vmcs_wr(vp, SW_VM_GUEST_CR3, DATA_GPA);
	sw_guest_vmcs_wr(vp, SW_VM_GUEST_CR4, cr4);
	sw_guest_vmcs_wr(vp, SW_VM_GUEST_EFER, efer);
	sw_guest_vmcs_wr(vp, SW_VM_GUEST_RIP, rip);
}

static u64 exit_rip;

static void tdcall_at_rip(struct sw_run *run)
{
	run->vp->gpr.rax = 1;
	sw_guest_write(run, SW_VM_GUEST_RIP, exit_rip);
	exit_ud(run);
}

static u32 tdcall_through(u64 cr4, u64 efer, u64 rip)
{
	paging(cr4, efer, rip);
	exit_rip = rip;
	expect(play(&v, tdcall_at_rip), SW_XR_EXTERNAL_INTERRUPT);
	return script.injected;
}

static void tdcall_is_found_through_the_guests_tables(void)
{
	u64 lma = SW_EFER_LME | SW_EFER_LMA;
	u64 *t;

	fresh();
	t = data_page();
	/* Index 5 at every level, then the code page. */
	map_self(t, 5, DATA_GPA | 3);
	t[6] = CODE_GPA | 3;
	expect(tdcall_through(SW_CR4_PAE, lma,
			      5ULL << 39 | 5ULL << 30 | 5 << 21 | 6 << 12), 0);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP) & 0xfff, 4);
	/* One more level. */
	expect(tdcall_through(SW_CR4_PAE | SW_CR4_LA57, lma, 5ULL << 48 |
			      5ULL << 39 | 5ULL << 30 | 5 << 21 | 6 << 12), 0);
	/* A 2 MiB page at 0, and a 1 GiB page. */
	t[7] = 0x83;
	expect(tdcall_through(SW_CR4_PAE, lma, 5ULL << 39 | 5ULL << 30 |
			      7 << 21 | CODE_GPA), 0);
	expect(tdcall_through(SW_CR4_PAE, lma, 5ULL << 39 | 7ULL << 30 |
			      CODE_GPA), 0);
}

/* Not in 64-bit mode, so it is #GP where the walk finds a TDCALL. */
static void tdcall_is_found_in_32bit_modes(void)
{
	u64 *t;
	u32 *t32;

	fresh();
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_CS_AR, 0xc09b);
	t = data_page();
	map_self(t, 2, DATA_GPA | 1);
	t[3] = CODE_GPA | 1;
	expect(tdcall_through(SW_CR4_PAE, 0, 2u << 30 | 2 << 21 | 3 << 12),
	       SCRIPT_GP);
	t32 = (u32 *)t;
	memset(t32, 0, PAGE);
	t32[9] = DATA_GPA | 1;
	t32[10] = CODE_GPA | 1;
	expect(tdcall_through(0, 0, 9 << 22 | 10 << 12), SCRIPT_GP);
	t32[11] = 0x81;
	expect(tdcall_through(SW_CR4_PSE, 0, 11 << 22 | CODE_GPA), SCRIPT_GP);
}

static u64 *changed_pte;

static void tdcall_after_remap(struct sw_run *run)
{
	*changed_pte = 0;
	tdcall_at_rip(run);
}

/* The walk is remembered, but not beyond a change of the guest's tables. */
static void a_remembered_walk_follows_the_guests_tables(void)
{
	u64 lma = SW_EFER_LME | SW_EFER_LMA;
	u64 *t;

	fresh();
	t = data_page();
	map_self(t, 5, DATA_GPA | 3);
	t[6] = CODE_GPA | 3;
	exit_rip = 5ULL << 39 | 5ULL << 30 | 5 << 21 | 6 << 12;
	changed_pte = &t[6];
	paging(SW_CR4_PAE, lma, exit_rip);
	in.rax = 1;
	expect(play(&v, tdcall_at_rip, tdcall_at_rip, tdcall_after_remap),
	       SW_XR_EXTERNAL_INTERRUPT);
	/* Nothing is there any more: no #UD, no TDCALL, the guest goes on. */
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), exit_rip);
	expect(script.injected, 0);
}

/* Two bytes that are no TDCALL end a page, and the next one is not mapped. */
static void an_undefined_instruction_at_the_end_of_memory_is_one(void)
{
	u64 lma = SW_EFER_LME | SW_EFER_LMA;
	u64 *t;

	fresh();
	t = data_page();
	map_self(t, 5, DATA_GPA | 3);
	t[6] = CODE_GPA | 3;
	exit_rip = (5ULL << 39 | 5ULL << 30 | 5 << 21 | 6 << 12) + 0xffe;
	paging(SW_CR4_PAE, lma, exit_rip);
	expect(play(&v, tdcall_at_rip), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_UD);
}

static void code_in_shared_memory_makes_no_tdcall(void)
{
	fresh();
	exit_rip = SW_SHARED_BIT | CODE_GPA;
	expect(play(&v, tdcall_at_rip), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_UD);
}

/* --- VP.VMCALL --- */

static void vmcall_shows_the_chosen_registers_only(void)
{
	fresh();
	memset(&in, 0x77, sizeof(in));
	in.rax = 0;
	in.rcx = 1 << 2 | 1 << 10 | 1 << 15;
	expect(play(&v, tdcall), SW_XR_TDCALL);
	expect(last.rcx, in.rcx);
	expect(last.rdx, in.rdx);
	expect(last.r10, in.r10);
	expect(last.r15, in.r15);
	expect(last.rbx | last.rsi | last.rdi | last.r8 | last.r9, 0);
	expect(last.r11 | last.r12 | last.r13 | last.r14, 0);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA + 4);
}

static void vmcall_takes_the_answer_by_the_same_mask(void)
{
	struct sw_regs r;

	fresh();
	memset(&in, 0x77, sizeof(in));
	in.rax = 0;
	in.rcx = 1 << 2 | 1 << 10;
	expect(play(&v, tdcall), SW_XR_TDCALL);
	memset(&r, 0x11, sizeof(r));
	r.rcx = v.pages[0];
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r), SW_XR_EXTERNAL_INTERRUPT);
	expect(gpr()->rax, 0);
	expect(gpr()->rcx, in.rcx);
	expect(gpr()->rdx, 0x1111111111111111);
	expect(gpr()->r10, 0x1111111111111111);
	expect(gpr()->r11, in.r11);
	expect(gpr()->rbx, in.rbx);
	/* An answer is taken once. */
	r.rcx = v.pages[0];
	r.rdx = 0x22;
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r), SW_XR_EXTERNAL_INTERRUPT);
	expect(gpr()->rdx, 0x1111111111111111);
}

static void vmcall_rejects_a_bad_mask(void)
{
	static const u64 bad[] = {
		1 << 0, 1 << 1, 1 << 4, 1 << 5, 1ULL << 32, 1ULL << 63,
	};
	unsigned int i;

	fresh();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(tdg(0, 0xff00 | bad[i]),
		       SW_OPERAND_INVALID | SW_OPND_RCX);
	/* Registers of the SSE unit may be named. */
	in.rax = 0;
	in.rcx = 0xffffffcc;
	expect(play(&v, tdcall), SW_XR_TDCALL);
	/* RBP too, if the host did not ask for it to be left alone. */
	tdcs_of(&td)->config_flags = 0;
	in.rcx = 1 << 5;
	in.rbp = 0x55;
	expect(play(&v, tdcall), SW_XR_TDCALL);
	expect(last.rbp, 0x55);
}

/* --- XMM registers, in XSAVE images --- */

static u64 *xmm(void *image, unsigned int i)
{
	return image + 160 + 16 * i;
}

static u64 *xstate_bv(void *image)
{
	return image + 512;
}

/* The guest has @low + i in each of its registers, the host @high + i. */
static void fill_xmm(u64 low, u64 high)
{
	u8 *guest = sw_va(v.pages[SW_TDVPS_XBUFF]);
	unsigned int i, j;

	for (i = 0; i < 16; i++) {
		for (j = 0; j < 2; j++) {
			xmm(guest, i)[j] = low + i;
			xmm(script.host_xsave, i)[j] = high + i;
		}
	}
	*xstate_bv(guest) = 3;
	*xstate_bv(script.host_xsave) = 0x2e7;
}

static void vmcall_shows_the_chosen_xmm_registers_only(void)
{
	unsigned int i;

	fresh();
	fill_xmm(0x100, 0x200);
	in.rax = 0;
	in.rcx = (1ULL << 3 | 1ULL << 15) << 16;
	expect(play(&v, tdcall), SW_XR_TDCALL);
	expect(last.rcx, in.rcx);
	for (i = 0; i < 16; i++) {
		bool shown = i == 3 || i == 15;

		expect(xmm(script.host_xsave, i)[0], shown ? 0x100 + i : 0);
		expect(xmm(script.host_xsave, i)[1], shown ? 0x100 + i : 0);
	}
	/* AVX and AVX-512 are initial, x87 and PKRU the host's. */
	expect(*xstate_bv(script.host_xsave), 0x203);
}

static void vmcall_takes_xmm_by_the_same_mask_once(void)
{
	void *guest;
	unsigned int i;

	fresh();
	guest = sw_va(v.pages[SW_TDVPS_XBUFF]);
	fill_xmm(0x100, 0);
	in.rax = 0;
	in.rcx = 1ULL << 16 | 1ULL << 31;
	expect(play(&v, tdcall), SW_XR_TDCALL);
	fill_xmm(0x100, 0x200);
	*xstate_bv(guest) = 1;
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	for (i = 0; i < 16; i++)
		expect(xmm(guest, i)[1], (i % 15 ? 0x100 : 0x200) + i);
	expect(*xstate_bv(guest), 3);
	fill_xmm(0x100, 0x300);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(xmm(guest, 0)[0], 0x100);
}

/* A mask that was used once says nothing about the exits after it. */
static void other_exits_show_no_vector_register(void)
{
	unsigned int i;

	fresh();
	in.rax = 0;
	in.rcx = 0xffff0000;
	expect(play(&v, tdcall), SW_XR_TDCALL);
	fill_xmm(0x100, 0x200);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	for (i = 0; i < 16; i++)
		expect(xmm(script.host_xsave, i)[0] |
		       xmm(script.host_xsave, i)[1], 0);
	expect(*xstate_bv(script.host_xsave), 0x201);
	/* A mask that is refused is none. */
	in.rcx = 0xffff0001;
	fill_xmm(0x100, 0x200);
	expect(play(&v, tdcall), SW_XR_EXTERNAL_INTERRUPT);
	expect(gpr()->rax, SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(xmm(script.host_xsave, 0)[0], 0);
}

/* --- small leaves --- */

static void vp_info_tells_the_shape_of_the_td(void)
{
	fresh();
	in.r11 = 5;
	expect(tdg(1, 0), 0);
	expect(gpr()->rcx, 48);
	expect(gpr()->rdx, tdcs_of(&td)->attributes);
	expect(gpr()->r8, 1 | 8ULL << 32);
	expect(gpr()->r9, 0);
	expect(gpr()->r10, 1);
	expect(gpr()->r11, 0);
}

static void io_exit(struct sw_run *run)
{
	exit_with(run, SW_XR_IO, 0x800021);
	run->exit.instr_info = 0x99;
}

static void veinfo_is_given_once(void)
{
	fresh();
	expect(tdg(3, 0), SW_NO_VALID_VE_INFO);
	in.r12 = 0x12;
	in.rax = 3;
	expect(play(&v, io_exit, tdcall), SW_XR_EXTERNAL_INTERRUPT);
	expect(gpr()->rax, 0);
	expect(gpr()->rcx, SW_XR_IO);
	expect(gpr()->rdx, 0x800021);
	expect(gpr()->r10, 2 | 0x99ULL << 32);
	expect(gpr()->r12, 0x12);
	expect(tdg(3, 0), SW_NO_VALID_VE_INFO);
}

static void veinfo_tells_more_in_later_versions(void)
{
	fresh();
	in.rax = 3 | 2 << 16;
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_INTERRUPTIBILITY, 8);
	expect(play(&v, io_exit, tdcall), SW_XR_EXTERNAL_INTERRUPT);
	expect(gpr()->rcx, SW_XR_IO | 0x11ULL << 32);
	expect(gpr()->r12, 8);
	/* The next #VE is one again. */
	expect(play(&v, io_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_VE);
}

static void cpuid_exit(struct sw_run *run)
{
	run->vp->gpr.rax = 0x21;
	run->vp->gpr.rcx = 0;
	exit_with(run, SW_XR_CPUID, 0);
}

static void cpuidve_set_works_by_privilege(void)
{
	fresh();
	expect(tdg(5, 4), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(play(&v, cpuid_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(gpr()->rbx, 0x65746e49);
	expect(gpr()->rdx, 0x5844546c);
	expect(gpr()->rcx, 0x20202020);
	expect(tdg(5, 2), 0);
	expect(play(&v, cpuid_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, 0);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_SS_AR, 0xc0f3);
	expect(play(&v, cpuid_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_VE);
	expect(tdvps_of(&v)->ve.category, 0x10);
}

static void metadata_is_for_the_own_td_only(void)
{
	fresh();
	in.rdx = 0x1110000300000000;
	expect(tdg(7, 1), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdg(8, 1), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdg(9, 1), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdg(10, 1), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdg(7, 0), 0);
	expect(gpr()->r8, tdcs_of(&td)->attributes);
	expect(gpr()->rdx, in.rdx);
	/* NOTIFY_ENABLES */
	in.rdx = 0x9110000300000010;
	in.r8 = 1;
	in.r9 = 1;
	expect(tdg(8, 0), 0);
	expect(gpr()->r8, 0);
	expect(tdcs_of(&td)->notify_enables, 1);
	/* As Linux does it: bits beyond the field do not count. */
	in.r8 = 0;
	in.r9 = ~0ULL;
	expect(tdg(8, 0), 0);
	expect(tdcs_of(&td)->notify_enables, 0);
}

/* --- memory --- */

static u64 accept(u64 rcx)
{
	return tdg(6, rcx);
}

static u64 accept_exit(u64 rcx)
{
	in.rax = 6;
	in.rcx = rcx;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA);
	return last.rdx;
}

static void accept_rejects_bad_operands(void)
{
	static const u64 bad[] = {
		2, 7, 1 << 3, 1 << 11, 0x1001, SW_SHARED_BIT, 1ULL << 48,
		1ULL << 52, 1ULL << 63,
	};
	unsigned int i;

	fresh();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(accept(bad[i]), SW_OPERAND_INVALID | SW_OPND_RCX);
}

static void accept_zeroes_a_pending_page_once(void)
{
	u64 *page;

	fresh();
	page_aug(&td, 0x5000);
	page = sw_va(entry_hpa(&td, 0x5000, 0));
	memset(page, 0xff, PAGE);
	expect(entry_state(&td, 0x5000, 0), 2);
	expect(accept(0x5000), 0);
	expect(entry_state(&td, 0x5000, 0), 4);
	expect(page[0] | page[511], 0);
	page[5] = 1;
	expect(accept(0x5000), SW_PAGE_ALREADY_ACCEPTED);
	expect(page[5], 1);
}

static void accept_of_a_missing_page_asks_the_host(void)
{
	fresh();
	/* Requested level 0, found level 0, state FREE. */
	expect(accept_exit(0x5000), SW_EXT_ACCEPT);
	expect(last.r8, 0x5000);
	/* No table: the walk stops at level 1. */
	expect(accept_exit(2ULL << 21), SW_EXT_ACCEPT | 1ULL << (32 + 3));
	/* 2 MiB asked for, nothing there. */
	expect(accept_exit(2ULL << 21 | 1),
	       SW_EXT_ACCEPT | (1ULL | 1 << 3) << 32);
}

static void accept_of_2m_over_small_pages_is_a_mismatch(void)
{
	fresh();
	expect(accept(0 | 1), SW_PAGE_SIZE_MISMATCH | 1);
}

static void aug_2m(u64 gpa)
{
	u64 huge = new_huge();

	memset(sw_va(huge), 0xee, SW_SIZE_2M);
	expect(call(SW_LEAF_MEM_PAGE_AUG, gpa | 1, td.tdr, huge, 0), 0);
}

#define GPA_2M	0x40000000ULL

static void accept_of_a_large_page(void)
{
	u64 *page;

	fresh();
	td_tables(&td, GPA_2M, 1);
	aug_2m(GPA_2M);
	page = sw_va(entry_hpa(&td, GPA_2M, 1));
	/* In part only: the host has to split it. */
	expect(accept_exit(GPA_2M + 0x3000),
	       SW_EXT_ACCEPT | (1ULL << 3 | 2 << 6 | 1 << 14) << 32);
	expect(accept(GPA_2M | 1), 0);
	expect(entry_state(&td, GPA_2M, 1), 4);
	expect(page[0] | page[511] | page[512 * 511] | page[512 * 512 - 1], 0);
	expect(accept(GPA_2M | 1), SW_PAGE_ALREADY_ACCEPTED | 1);
	expect(accept(GPA_2M + 0x3000), SW_PAGE_ALREADY_ACCEPTED | 1);
}

/* Every re-execution clears one more page; 511 interrupts, then done. */
static void accept_of_a_large_page_yields_to_interrupts(void)
{
	unsigned int tries;
	u64 *page;

	fresh();
	td_tables(&td, GPA_2M, 1);
	aug_2m(GPA_2M);
	page = sw_va(entry_hpa(&td, GPA_2M, 1));
	sw_user.irq_pending = true;
	for (tries = 0; tries < 600; tries++) {
		if (accept(GPA_2M | 1) == 0)
			break;
		expect(gpr()->rax, 6);
		expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA);
		expect(page[512 * tries], 0);
		check(page[512 * (tries + 1)]);
		/* The host still sees the right page. */
		expect(entry_state(&td, GPA_2M, 1), 2);
		if (ktap_failures)
			return;
	}
	expect(tries, 511);
	expect(entry_state(&td, GPA_2M, 1), 4);
	expect(entry_hpa(&td, GPA_2M, 1) & (SW_SIZE_2M - 1), 0);
}

/* In the middle of an ACCEPT the host takes the page away. */
static void a_half_accepted_page_can_be_removed(void)
{
	u64 huge;

	fresh();
	td_tables(&td, GPA_2M, 1);
	huge = new_huge();
	expect(call(SW_LEAF_MEM_PAGE_AUG, GPA_2M | 1, td.tdr, huge, 0), 0);
	sw_user.irq_pending = true;
	expect(accept(GPA_2M | 1), 6);
	expect(accept(GPA_2M | 1), 6);
	sw_user.irq_pending = false;
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, GPA_2M | 1, td.tdr, 0, 0), 0);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MEM_PAGE_REMOVE, GPA_2M | 1, td.tdr, 0, 0), 0);
	expect(last.rcx, huge);
}

static void accept_of_a_blocked_page_asks_the_host(void)
{
	fresh();
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, DATA_GPA, td.tdr, 0, 0), 0);
	expect(accept_exit(DATA_GPA),
	       SW_EXT_ACCEPT | (1ULL << 6 | 1 << 14) << 32);
}

static struct sw_entry held;

static void hold(u64 gpa)
{
	struct sw_td t = { .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };

	expect(sw_sept_walk(&t, gpa, 0, &held), 0);
	expect(sw_entry_lock(&held, SW_HOST), 0);
}

static void accept_of_an_entry_that_the_host_holds_is_busy(void)
{
	fresh();
	page_aug(&td, 0x5000);
	hold(0x5000);
	expect(accept(0x5000), SW_OPERAND_BUSY | SW_OPND_RCX);
	sw_entry_unlock(&held);
	expect(accept(0x5000), 0);
}

/* The host tried and lost: it gets the next turn, or a TD exit. */
static void a_waiting_host_gets_its_turn(void)
{
	struct sw_td t;
	struct sw_entry e;

	fresh();
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	page_aug(&td, 0x5000);
	expect(sw_sept_walk(&t, 0x5000, 0, &e), 0);
	expect(sw_entry_lock(&e, SW_GUEST), 0);
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0x5000, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	sw_entry_unlock(&e);

	expect(accept(0x5000), SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA + 4);
	/* The timer runs from the first time; far beyond it, the host is told. */
	tdvps_of(&v)->hp_busy_start = 0;
	sw_user.tsc = ~0ULL >> 1;
	in.rax = 6;
	in.rcx = 0x5000;
	expect(play(&v, tdcall) & SW_STATUS_MASK,
	       SW_HOST_PRIORITY_BUSY_TIMEOUT);
	/* Which is a trap, so the host may use its hint. */
	expect(tdvps_of(&v)->last_exit, SW_EXIT_ASYNC_TRAP);
}

static void report_describes_the_td(void)
{
	u8 *data, *report;

	fresh();
	page_aug(&td, 0x5000);
	expect(accept(0x5000), 0);
	data = (u8 *)data_page();
	memset(data, 0x42, 64);
	report = sw_va(entry_hpa(&td, 0x5000, 0));
	in.rdx = DATA_GPA;
	expect(tdg(4, 0x5400), 0);
	report += 0x400;
	expect(report[0], 0x81);
	check(!memcmp(report + 128, data, 64));
	check(!memcmp(report + 512, &tdcs_of(&td)->attributes, 8));
	check(!memcmp(report + 528, tdcs_of(&td)->mrtd, 48));
	/* It can be checked, here and on this machine only. */
	expect(tdg(22, 0x5400), 0);

	expect(tdg(4, 0x5200), SW_OPERAND_INVALID | SW_OPND_RCX);
	in.rdx = DATA_GPA + 32;
	expect(tdg(4, 0x5400), SW_OPERAND_INVALID | SW_OPND_RDX);
	in.rdx = DATA_GPA;
	in.r8 = 1;
	expect(tdg(4, 0x5400), SW_OPERAND_INVALID | SW_OPND_R8);
}

/* An operand that is not there faults as the guest's own access would. */
static void an_operand_that_is_not_there_is_an_ept_violation(void)
{
	fresh();
	in.rax = 4;
	in.rcx = 0x6000;
	in.rdx = DATA_GPA;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.r8, 0x6000);
	expect(last.rcx, SW_EQ_WRITE);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA);
	in.rcx = DATA_GPA;
	in.rdx = 0x6040;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
	expect(last.rcx, SW_EQ_READ);
	in.rax = 2;
	in.rcx = 0x6000;
	in.rdx = 0;
	expect(play(&v, tdcall), SW_XR_EPT_VIOLATION);
}

static void rtmr_extend_hashes_old_and_new(void)
{
	u8 want[48], buf[96];
	u64 ctx[64];

	fresh();
	memset(data_page(), 0x37, 48);
	memset(buf, 0, 48);
	memset(buf + 48, 0x37, 48);
	sw_sha384_init(ctx);
	sw_sha384_update(ctx, buf, 96);
	sw_sha384_final(ctx, want);
	in.rdx = 2;
	expect(tdg(2, DATA_GPA), 0);
	check(!memcmp(tdcs_of(&td)->rtmr[2], want, 48));
	in.rdx = 4;
	expect(tdg(2, DATA_GPA), SW_OPERAND_INVALID | SW_OPND_RDX);
	in.rdx = 2;
	expect(tdg(2, DATA_GPA + 16), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(sw_lock(&tdcs_of(&td)->rtmr_lock, SW_EXCL, SW_GUEST), 0);
	expect(tdg(2, DATA_GPA), SW_OPERAND_BUSY | SW_OPND_RTMR);
}

static const struct ktap_test tests[] = {
	TEST(tdcall_advances_rip_by_four),
	TEST(tdcall_ends_the_sti_shadow_and_single_steps),
	TEST(tdcall_outside_64bit_kernel_mode_is_gp),
	TEST(reserved_bits_and_unknown_leaves_are_invalid),
	TEST(tdcall_is_found_through_the_guests_tables),
	TEST(tdcall_is_found_in_32bit_modes),
	TEST(a_remembered_walk_follows_the_guests_tables),
	TEST(an_undefined_instruction_at_the_end_of_memory_is_one),
	TEST(code_in_shared_memory_makes_no_tdcall),
	TEST(vmcall_shows_the_chosen_registers_only),
	TEST(vmcall_takes_the_answer_by_the_same_mask),
	TEST(vmcall_rejects_a_bad_mask),
	TEST(vmcall_shows_the_chosen_xmm_registers_only),
	TEST(vmcall_takes_xmm_by_the_same_mask_once),
	TEST(other_exits_show_no_vector_register),
	TEST(vp_info_tells_the_shape_of_the_td),
	TEST(veinfo_is_given_once),
	TEST(veinfo_tells_more_in_later_versions),
	TEST(cpuidve_set_works_by_privilege),
	TEST(metadata_is_for_the_own_td_only),
	TEST(accept_rejects_bad_operands),
	TEST(accept_zeroes_a_pending_page_once),
	TEST(accept_of_a_missing_page_asks_the_host),
	TEST(accept_of_2m_over_small_pages_is_a_mismatch),
	TEST(accept_of_a_large_page),
	TEST(accept_of_a_large_page_yields_to_interrupts),
	TEST(a_half_accepted_page_can_be_removed),
	TEST(accept_of_a_blocked_page_asks_the_host),
	TEST(accept_of_an_entry_that_the_host_holds_is_busy),
	TEST(a_waiting_host_gets_its_turn),
	TEST(report_describes_the_td),
	TEST(an_operand_that_is_not_there_is_an_ept_violation),
	TEST(rtmr_extend_hashes_old_and_new),
};

int main(void)
{
	return ktap_run(tests);
}
