// SPDX-License-Identifier: GPL-2.0-only
/* TDH.VP.ENTER: its checks, what it holds, and what a TD exit gives back. */
#include "vp_script.h"

static struct td td;
static struct vcpu v;

static void fresh(void)
{
	script_td(&td, &v, true);
}

static void enter_rejects_reserved_bits_of_rcx(void)
{
	struct sw_regs r = { .rcx = 0 };

	fresh();
	r.rcx = v.pages[0] | 1ULL << 54;
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	r.rcx = v.pages[0] | 8;
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	/* No async trap exit and no L2 VM came before. */
	r.rcx = v.pages[0] | 1ULL << 52;
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	r.rcx = v.pages[0] | 1ULL << 53;
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(script.loads, 0);
}

static void enter_wants_a_tdvpr(void)
{
	struct sw_regs r = { .rcx = 0 };

	fresh();
	r.rcx = v.pages[1];
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
}

static void enter_waits_for_finalize(void)
{
	module_ready();
	script_reset();
	td_init(&td);
	td_vcpu(&td, &v);
	expect(vcpu_enter(0, &v), SW_OP_STATE_INCORRECT | SW_OP_INITIALIZED);
}

static void enter_wants_a_ready_vcpu(void)
{
	fresh();
	tdvps_of(&v)->state = SW_VCPU_DISABLED;
	expect(vcpu_enter(0, &v), SW_VCPU_STATE_INCORRECT | SW_VCPU_DISABLED);
	tdvps_of(&v)->state = SW_VCPU_ACTIVE;
	expect(vcpu_enter(0, &v), SW_VCPU_STATE_INCORRECT | SW_VCPU_ACTIVE);
}

static void enter_on_another_cpu_wants_a_flush(void)
{
	struct sw_regs r = { .rcx = 0 };

	fresh();
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(vcpu_enter(1, &v), SW_VCPU_ASSOCIATED);
	r.rcx = v.pages[0];
	expect(seamcall_on(0, SW_LEAF_VP_FLUSH, &r), 0);
	expect(vcpu_enter(1, &v), SW_XR_EXTERNAL_INTERRUPT);
}

static void enter_notices_that_time_went_back(void)
{
	fresh();
	sw_user.tsc = 1000;
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	tdvps_of(&v)->last_exit_tsc = ~0ULL;
	expect(vcpu_enter(0, &v), SW_TSC_ROLLBACK);
}

static void enter_is_refused_while_track_has_the_epoch(void)
{
	u16 count;

	fresh();
	count = tdcs_of(&td)->refcount[0] + tdcs_of(&td)->refcount[1];
	expect(sw_lock(&tdcs_of(&td)->epoch_lock, SW_EXCL, SW_HOST), 0);
	expect(vcpu_enter(0, &v), SW_OPERAND_BUSY | SW_OPND_TD_EPOCH);
	sw_unlock(&tdcs_of(&td)->epoch_lock, SW_EXCL);
	expect(tdcs_of(&td)->refcount[0] + tdcs_of(&td)->refcount[1], count);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
}

/* While the guest runs: TDR and TDVPR shared, OP_STATE and tree free. */
static void look_at_locks(struct sw_run *run)
{
	struct sw_regs r = { .rcx = v.pages[0] };
	u64 e = tdcs_of(&td)->td_epoch;

	expect(tdvps_of(&v)->state, SW_VCPU_ACTIVE);
	expect(tdcs_of(&td)->refcount[e & 1], 1);
	expect(sw_lock(&tdcs_of(&td)->op_lock, SW_EXCL, SW_HOST), 0);
	sw_unlock(&tdcs_of(&td)->op_lock, SW_EXCL);
	expect(sw_lock(&tdcs_of(&td)->tree_lock, SW_EXCL, SW_HOST), 0);
	sw_unlock(&tdcs_of(&td)->tree_lock, SW_EXCL);
	expect(seamcall_on(1, SW_LEAF_VP_FLUSH, &r),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	r.rcx = td.tdr;
	expect(seamcall_on(1, SW_LEAF_MNG_VPFLUSHDONE, &r),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
}

static void a_running_vcpu_holds_tdr_and_tdvpr_only(void)
{
	fresh();
	expect(play(&v, look_at_locks), SW_XR_EXTERNAL_INTERRUPT);
	expect(tdvps_of(&v)->state, SW_VCPU_READY);
	expect(tdcs_of(&td)->refcount[0] + tdcs_of(&td)->refcount[1], 0);
}

static void an_interrupt_exit_shows_the_vector_and_nothing_else(void)
{
	struct sw_regs r = {
		.rcx = 0, .rdx = 2, .rbx = 3, .rbp = 5, .rsi = 6, .rdi = 7,
		.r8 = 8, .r10 = 10, .r11 = 11, .r12 = 12, .r15 = 15,
	};

	fresh();
	memset(&tdvps_of(&v)->gpr, 0x77, sizeof(struct sw_regs));
	r.rcx = v.pages[0];
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r), SW_XR_EXTERNAL_INTERRUPT);
	expect(r.r9, SCRIPT_TIMER);
	expect(r.rcx | r.rdx | r.rbx | r.rsi | r.rdi | r.r8, 0);
	expect(r.r10 | r.r11 | r.r12 | r.r13 | r.r14 | r.r15, 0);
	/* NO_RBP_MOD: the host's frame pointer survives. */
	expect(r.rbp, 5);
}

static void a_new_epoch_flushes_once(void)
{
	fresh();
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	script.tlb_flushes = 0;
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.tlb_flushes, 0);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.tlb_flushes, 1);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.tlb_flushes, 1);
}

static void triple_fault(struct sw_run *run)
{
	exit_with(run, SW_XR_TRIPLE_FAULT, 0);
}

static void a_triple_fault_takes_the_vcpu_and_not_the_td(void)
{
	fresh();
	expect(play(&v, triple_fault),
	       SW_NON_RECOVERABLE_VCPU | SW_XR_TRIPLE_FAULT);
	expect(vcpu_enter(0, &v), SW_VCPU_STATE_INCORRECT | SW_VCPU_DISABLED);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
}

static void entry_failure(struct sw_run *run)
{
	exit_with(run, SW_XR_ENTRY_FAILED | SW_XR_ENTRY_GUEST_STATE, 0);
}

static void no_entry(struct sw_run *run)
{
	exit_with(run, SW_XR_NO_ENTRY, 0);
}

static void a_failed_vm_entry_takes_the_td(void)
{
	fresh();
	expect(play(&v, entry_failure), SW_NON_RECOVERABLE_TD |
	       SW_XR_ENTRY_FAILED | SW_XR_ENTRY_GUEST_STATE);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), SW_TD_FATAL);
	expect(vcpu_enter(0, &v), SW_TD_FATAL);
	fresh();
	expect(play(&v, no_entry), SW_NON_RECOVERABLE_TD | SW_XR_NO_ENTRY);
	expect(vcpu_enter(0, &v), SW_TD_FATAL);
}

/* The notification was swallowed: ON is set, nobody will tell again. */
static void posted_interrupts_are_merged_before_entry(void)
{
	u8 *vapic;

	fresh();
	vapic = sw_va(v.pages[SW_TDVPS_VAPIC]);
	script.pid = sw_va(new_page());
	script.pid[0] = 1ULL << 0x31;
	script.pid[3] = 1ULL << (0xec - 192);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(vmcs_of(&v, SW_VM_GUEST_INTR_STATUS), 0);
	script.pid[4] = 1;
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(vmcs_of(&v, SW_VM_GUEST_INTR_STATUS), 0xec);
	expect(script.pid[0] | script.pid[3] | script.pid[4], 0);
	expect(*(u32 *)(vapic + 0x210), 1u << 0x11);
	expect(*(u32 *)(vapic + 0x270), 1u << 0xc);
	/* A lower one does not take the place of a higher one. */
	script.pid[0] = 1ULL << 0x20;
	script.pid[4] = 1;
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(vmcs_of(&v, SW_VM_GUEST_INTR_STATUS), 0xec);
}

static void a_pending_interrupt_shows_unless_masked(void)
{
	u8 *vapic;

	fresh();
	vapic = sw_va(v.pages[SW_TDVPS_VAPIC]);
	check(!sw_vp_intr_pending(tdvps_of(&v)));
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_INTR_STATUS, 0x31);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	check(sw_vp_intr_pending(tdvps_of(&v)));
	vapic[0xa0] = 0x30;
	check(!sw_vp_intr_pending(tdvps_of(&v)));
}

static void vmcall_once(struct sw_run *run)
{
	run->vp->gpr.rax = 0;
	exit_tdcall(run, 0, 0xffcc);
}

/* SUCCESS alone says nothing: most exits are one. */
static void exits_are_counted_by_reason(void)
{
	fresh();
	sw_stat_reset();
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(play(&v, vmcall_once), SW_XR_TDCALL);
	sw_stat_td_exit(0xfff0);
	expect(sw_stat_td_exits(SW_XR_EXTERNAL_INTERRUPT), 2);
	expect(sw_stat_td_exits(SW_XR_TDCALL), 1);
	expect(sw_stat_td_exits(SW_NR_EXIT_REASONS - 1), 1);
	expect(sw_stat_td_exits(SW_NR_EXIT_REASONS), 0);
	/* One that failed is in the other table. */
	tdvps_of(&v)->state = SW_VCPU_DISABLED;
	vcpu_enter(0, &v);
	expect(sw_stat_td_exits(0), 0);
	check(!strcmp(sw_exit_name(SW_XR_TDCALL), "TDVMCALL"));
	check(!strcmp(sw_exit_name(4), "OTHER_EXIT"));
	check(!strcmp(sw_exit_name(~0u), "OTHER_EXIT"));
}

static const struct ktap_test tests[] = {
	TEST(exits_are_counted_by_reason),
	TEST(enter_rejects_reserved_bits_of_rcx),
	TEST(enter_wants_a_tdvpr),
	TEST(enter_waits_for_finalize),
	TEST(enter_wants_a_ready_vcpu),
	TEST(enter_on_another_cpu_wants_a_flush),
	TEST(enter_notices_that_time_went_back),
	TEST(enter_is_refused_while_track_has_the_epoch),
	TEST(a_running_vcpu_holds_tdr_and_tdvpr_only),
	TEST(an_interrupt_exit_shows_the_vector_and_nothing_else),
	TEST(a_new_epoch_flushes_once),
	TEST(a_triple_fault_takes_the_vcpu_and_not_the_td),
	TEST(a_failed_vm_entry_takes_the_td),
	TEST(posted_interrupts_are_merged_before_entry),
	TEST(a_pending_interrupt_shows_unless_masked),
};

int main(void)
{
	return ktap_run(tests);
}
