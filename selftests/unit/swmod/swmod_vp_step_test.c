// SPDX-License-Identifier: GPL-2.0-only
/* The zero-step mitigation, and what it means for the S-EPT tree lock. */
#include "vp_script.h"

static struct td td;
static struct vcpu v;
static u64 fault_gpa = 0x5000, fault_rip = CODE_GPA;

static void fresh(void)
{
	sw_zero_step = true;
	script_td(&td, &v, true);
}

static void fault(struct sw_run *run)
{
	sw_guest_write(run, SW_VM_GUEST_RIP, fault_rip);
	exit_ept(run, fault_gpa, SW_EQ_READ);
}

static void halt_elsewhere(struct sw_run *run)
{
	sw_guest_write(run, SW_VM_GUEST_RIP, fault_rip + 0x100);
	exit_with(run, SW_XR_TASK_SWITCH, 0);
}

/* Faults at one RIP until the module has noticed. */
static void provoke(unsigned int n)
{
	while (n--) {
		expect(play(&v, fault), SW_XR_EPT_VIOLATION);
		expect(script.entries, 1);
	}
}

static void six_faults_are_normal(void)
{
	fresh();
	provoke(6);
	expect(tdvps_of(&v)->epf_n, 0);
	provoke(1);
	expect(tdvps_of(&v)->epf_n, 1);
}

static void after_the_seventh_no_entry_until_the_page_is_there(void)
{
	fresh();
	provoke(7);
	expect(play(&v, fault), SW_XR_EPT_VIOLATION);
	expect(script.entries, 0);
	expect(last.rcx, SW_EQ_WRITE);
	expect(last.r8, 0x5000);
	expect(last.rdx | last.r9, 0);
	expect(tdvps_of(&v)->state, SW_VCPU_READY);
	/* Pending is enough. */
	page_aug(&td, 0x5000);
	expect(play(&v, halt_elsewhere), SW_XR_TASK_SWITCH);
	expect(script.entries, 1);
	expect(tdvps_of(&v)->epf_n, 0);
}

static void progress_forgets(void)
{
	fresh();
	provoke(5);
	expect(play(&v, halt_elsewhere), SW_XR_TASK_SWITCH);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_RIP, CODE_GPA);
	provoke(6);
	expect(tdvps_of(&v)->epf_n, 0);
}

static void another_rip_starts_again(void)
{
	fresh();
	provoke(6);
	fault_rip += 8;
	provoke(1);
	expect(tdvps_of(&v)->epf_count, 1);
	fault_rip -= 8;
}

/* The host takes a page that is on the list, and the guest meets that. */
static void fault_blocked(struct sw_run *run)
{
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0x7000, td.tdr, 0, 0), 0);
	sw_guest_write(run, SW_VM_GUEST_RIP, fault_rip);
	exit_ept(run, 0x7008, SW_EQ_READ);
}

static void pages_are_remembered_once(void)
{
	fresh();
	provoke(7);
	/* Present, so the guest is let in, to fault at the same RIP. */
	page_aug(&td, 0x5000);
	fault_gpa = 0x6000;
	provoke(1);
	expect(tdvps_of(&v)->epf_n, 2);
	page_aug(&td, 0x6000);
	fault_gpa = 0x7000;
	provoke(1);
	page_aug(&td, 0x7000);
	expect(entry_state(&td, 0x7000, 0), 2);
	fault_gpa = 0x8000;
	provoke(1);
	expect(tdvps_of(&v)->epf_n, 4);
	page_aug(&td, 0x8000);
	expect(play(&v, fault_blocked), SW_XR_EPT_VIOLATION);
	expect(tdvps_of(&v)->epf_n, 4);
	fault_gpa = 0x5000;
	expect(tdvps_of(&v)->epf_gpa[0], 0x5000);
	expect(tdvps_of(&v)->epf_gpa[2], 0x7000);
}

static void a_held_tree_lock_is_busy(void)
{
	fresh();
	provoke(7);
	expect(sw_lock(&tdcs_of(&td)->tree_lock, SW_EXCL, SW_HOST), 0);
	expect(play(&v, fault), SW_OPERAND_BUSY | SW_OPND_SEPT_TREE);
	expect(tdcs_of(&td)->refcount[0] + tdcs_of(&td)->refcount[1], 0);
	expect(tdvps_of(&v)->state, SW_VCPU_READY);
	sw_unlock(&tdcs_of(&td)->tree_lock, SW_EXCL);
	expect(play(&v, fault), SW_XR_EPT_VIOLATION);
	expect(sw_lock(&tdcs_of(&td)->tree_lock, SW_EXCL, SW_HOST), 0);
	sw_unlock(&tdcs_of(&td)->tree_lock, SW_EXCL);
}

/* A flush that was due is not lost with an entry that was turned down. */
static void a_refused_entry_still_owes_its_flush(void)
{
	fresh();
	provoke(7);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), 0);
	expect(play(&v, fault), SW_XR_EPT_VIOLATION);
	script.tlb_flushes = 0;
	page_aug(&td, 0x5000);
	expect(play(&v, halt_elsewhere), SW_XR_TASK_SWITCH);
	expect(script.tlb_flushes, 1);
}

static void see_notification(struct sw_run *run)
{
	expect(script.injected, SCRIPT_VE);
	exit_with(run, SW_XR_TASK_SWITCH, 0);
}

static void a_guest_that_asked_is_told(void)
{
	fresh();
	tdcs_of(&td)->notify_enables = 1;
	provoke(7);
	page_aug(&td, 0x5000);
	expect(play(&v, see_notification), SW_XR_TASK_SWITCH);
	expect(tdvps_of(&v)->ve.category, 0);
	expect(tdvps_of(&v)->ve.exit_reason, SW_XR_EPT_VIOLATION);
	expect(tdvps_of(&v)->ve.gpa, 0x5000);
}

static void the_mitigation_can_be_off(void)
{
	fresh();
	sw_zero_step = false;
	provoke(20);
	expect(tdvps_of(&v)->epf_n, 0);
	sw_zero_step = true;
}

static void shared_faults_do_not_count(void)
{
	fresh();
	fault_gpa = SW_SHARED_BIT | 0x5000;
	provoke(10);
	fault_gpa = 0x5000;
	expect(tdvps_of(&v)->epf_count, 0);
}

static void vmcall_here(struct sw_run *run)
{
	exit_tdcall(run, 0, 1 << 10);
}

/* A TDCALL whose own page faulted often goes out with the list still full. */
static void a_tdvmcall_is_progress(void)
{
	struct sw_regs r = { .rcx = 0 };

	fresh();
	provoke(7);
	page_aug(&td, 0x5000);
	expect(play(&v, vmcall_here), SW_XR_TDCALL);
	expect(tdvps_of(&v)->epf_n, 0);
	/* The page goes, which must not cost the guest its answer. */
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, 0x5000, td.tdr, 0, 0), 0);
	r.rcx = v.pages[0];
	r.r10 = 0x1234;
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r), SW_XR_EXTERNAL_INTERRUPT);
	expect(tdvps_of(&v)->gpr.r10, 0x1234);
}

static const struct ktap_test tests[] = {
	TEST(six_faults_are_normal),
	TEST(after_the_seventh_no_entry_until_the_page_is_there),
	TEST(progress_forgets),
	TEST(another_rip_starts_again),
	TEST(pages_are_remembered_once),
	TEST(a_held_tree_lock_is_busy),
	TEST(a_refused_entry_still_owes_its_flush),
	TEST(a_guest_that_asked_is_told),
	TEST(the_mitigation_can_be_off),
	TEST(shared_faults_do_not_count),
	TEST(a_tdvmcall_is_progress),
};

int main(void)
{
	return ktap_run(tests);
}
