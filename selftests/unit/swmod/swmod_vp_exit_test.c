// SPDX-License-Identifier: GPL-2.0-only
/* VM exits: #VE, #UD, #GP, emulation or a TD exit; events for the guest. */
#include "vp_script.h"

static struct td td;
static struct vcpu v;
/* Parameters of the steps below. */
static u64 arg_reason, arg_qual, arg_gpa;

static void fresh(bool ve_disable)
{
	script_td(&td, &v, ve_disable);
}

static void any_exit(struct sw_run *run)
{
	exit_with(run, arg_reason, arg_qual);
}

static void ept_exit(struct sw_run *run)
{
	exit_ept(run, arg_gpa, arg_qual);
}

/* What the guest gets for an exit of @reason. */
static u32 injected_by(u32 reason)
{
	fresh(true);
	arg_reason = reason;
	arg_qual = 0;
	expect(play(&v, any_exit), SW_XR_EXTERNAL_INTERRUPT);
	return script.injected;
}

static void instructions_of_a_hypervisor_are_undefined(void)
{
	static const u8 reasons[] = {
		SW_XR_GETSEC, SW_XR_RSM, SW_XR_VMCLEAR, SW_XR_VMLAUNCH,
		SW_XR_VMPTRLD, SW_XR_VMPTRST, SW_XR_VMREAD, SW_XR_VMRESUME,
		SW_XR_VMWRITE, SW_XR_VMXOFF, SW_XR_VMXON, SW_XR_INVEPT,
		SW_XR_INVVPID, SW_XR_VMFUNC, SW_XR_ENCLS, SW_XR_ENCLV,
		SW_XR_ENQCMDS, SW_XR_SEAMCALL, SW_XR_MWAIT, SW_XR_MONITOR,
	};
	unsigned int i;

	for (i = 0; i < sizeof(reasons); i++)
		expect(injected_by(reasons[i]), SCRIPT_UD);
	expect(injected_by(SW_XR_ENQCMD), SCRIPT_GP);
	expect(injected_by(SW_XR_RDPMC), SCRIPT_GP);
}

static void paravirtual_instructions_raise_ve(void)
{
	static const struct {
		u8 reason, category;
	} ve[] = {
		{ SW_XR_IO, 0x11 }, { SW_XR_HLT, 0x11 }, { SW_XR_INVD, 0x11 },
		{ SW_XR_WBINVD, 0x11 }, { SW_XR_VMCALL, 0x11 },
		{ SW_XR_APIC_WRITE, 0x11 }, { SW_XR_PCONFIG, 0x10 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(ve) / sizeof(ve[0]); i++) {
		expect(injected_by(ve[i].reason), SCRIPT_VE);
		expect(tdvps_of(&v)->ve.valid, ~0u);
		expect(tdvps_of(&v)->ve.exit_reason, ve[i].reason);
		expect(tdvps_of(&v)->ve.category, ve[i].category);
		expect(tdvps_of(&v)->ve.instr_length, 2);
	}
}

static void what_is_the_hosts_business_goes_to_the_host(void)
{
	static const u8 reasons[] = {
		SW_XR_INIT, SW_XR_OTHER_SMI, SW_XR_TASK_SWITCH, SW_XR_BUS_LOCK,
		SW_XR_NOTIFY,
	};
	unsigned int i;

	for (i = 0; i < sizeof(reasons); i++) {
		fresh(true);
		arg_reason = reasons[i];
		arg_qual = 0x40;
		expect(play(&v, any_exit), reasons[i]);
		expect(last.rcx, 0x40);
		expect(tdvps_of(&v)->state, SW_VCPU_READY);
	}
}

static void an_smi_that_is_a_machine_check_takes_the_td(void)
{
	fresh(true);
	arg_reason = SW_XR_OTHER_SMI;
	arg_qual = 1;
	expect(play(&v, any_exit), 0x6000000500000006ULL);
	expect(tdr_of(&td)->fatal, 1);
}

/* MP, EM and TS at once; PE cannot be cleared. */
static void lmsw_changes_what_it_may(void)
{
	fresh(true);
	arg_reason = SW_XR_CR_ACCESS;
	arg_qual = 3 << 4 | 0xeULL << 16;
	expect(play(&v, any_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(vmcs_of(&v, SW_VM_GUEST_CR0) & 0xf, 0xf);
	arg_qual = 3 << 4;
	expect(play(&v, any_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(vmcs_of(&v, SW_VM_GUEST_CR0) & 0xf, 1);
}

static void exits_that_cannot_happen_take_the_td(void)
{
	static const u8 reasons[] = {
		SW_XR_INTR_WINDOW, SW_XR_INVLPG, SW_XR_MTF, SW_XR_SIPI, 16, 29,
		40, 43, 45, 46, 47, 51, 52, 57, 61, 62, 63, 64, 66, 200,
	};
	unsigned int i;

	for (i = 0; i < sizeof(reasons); i++) {
		fresh(true);
		arg_reason = reasons[i];
		arg_qual = 0;
		expect(play(&v, any_exit), SW_NON_RECOVERABLE_TD | reasons[i]);
		expect(vcpu_enter(0, &v), SW_TD_FATAL);
	}
	fresh(true);
	arg_reason = SW_XR_NOTIFY;
	arg_qual = 1;
	expect(play(&v, any_exit), SW_NON_RECOVERABLE_TD | SW_XR_NOTIFY);
}

/* --- debug TDs --- */

static void debug_td(void)
{
	fresh(true);
	tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
}

/* What the host of a debug TD had exit: MTF, PAUSE, INVLPG, RDTSC, MOV DR ... */
static void the_host_of_a_debug_td_gets_the_exits_it_asked_for(void)
{
	static const u8 reasons[] = {
		SW_XR_MTF, SW_XR_INVLPG, 16, 29, 40, 46, 47, 57, 61,
	};
	unsigned int i;

	for (i = 0; i < sizeof(reasons); i++) {
		debug_td();
		arg_reason = reasons[i];
		arg_qual = 0x10;
		expect(play(&v, any_exit), reasons[i]);
		expect(last.rcx, 0x10);
		expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	}
	/* MOV to CR3 */
	debug_td();
	arg_reason = SW_XR_CR_ACCESS;
	arg_qual = 3;
	expect(play(&v, any_exit), SW_XR_CR_ACCESS);
	expect(last.rcx, 3);
	fresh(true);
	expect(play(&v, any_exit), SW_NON_RECOVERABLE_TD | SW_XR_CR_ACCESS);
}

static u32 arg_event;

static void exception(struct sw_run *run)
{
	exit_with(run, SW_XR_EXCEPTION, 0);
	run->exit.intr_info = arg_event;
}

static void an_exception_that_a_debug_host_wants_is_an_exit(void)
{
	debug_td();
	arg_event = 0x80000b0d;
	expect(play(&v, exception), SW_XR_EXCEPTION);
	expect(last.r9, arg_event);
	fresh(true);
	expect(play(&v, exception), SW_NON_RECOVERABLE_TD | SW_XR_EXCEPTION);
}

static void failed_entry(struct sw_run *run)
{
	exit_with(run, SW_XR_ENTRY_FAILED | SW_XR_ENTRY_GUEST_STATE, 0);
}

static void a_debug_host_is_told_of_wrong_guest_state(void)
{
	debug_td();
	expect(play(&v, failed_entry),
	       SW_XR_ENTRY_FAILED | SW_XR_ENTRY_GUEST_STATE);
	expect(last.rdx, 7);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
}

static u64 vp_rw(u32 leaf, u64 field, u64 val)
{
	struct sw_regs r = {
		.rcx = v.pages[0], .rdx = field, .r8 = val, .r9 = 0xffffffff,
	};
	u64 err = seamcall_on(0, leaf, &r);

	return err ? err : r.r8;
}

static void guest_state_is_open_to_a_debug_host_only(void)
{
	/* RAX, DR0, primary controls, exception bitmap, RIP */
	static const u64 fields[] = {
		0x1020000300000000, 0x1120000300000000, 0x0024000200004002,
		0x0024000200004004, 0x002400030000681e,
	};
	unsigned int i;

	for (i = 0; i < SW_ARRAY_SIZE(fields); i++) {
		fresh(true);
		expect(vp_rw(SW_LEAF_VP_RD, fields[i], 0),
		       SW_METADATA_FIELD_NOT_READABLE);
		expect(vp_rw(SW_LEAF_VP_WR, fields[i], 0x123),
		       SW_METADATA_FIELD_NOT_WRITABLE);
		tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
		vp_rw(SW_LEAF_VP_WR, fields[i], 0x123);
		expect(vp_rw(SW_LEAF_VP_RD, fields[i], 0), 0x123);
	}
}

/* --- exceptions --- */

/* Intercepted for the host's sake, and nobody's fault. */
static void an_alignment_check_is_the_guests(void)
{
	fresh(true);
	arg_event = 0x80000b11;
	expect(play(&v, exception), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, arg_event);
	expect(script.injected_error, 0);
}

static u64 arg_dr6_hits;

static void debug_exception(struct sw_run *run)
{
	exit_with(run, SW_XR_EXCEPTION, arg_dr6_hits);
	run->exit.intr_info = arg_event;
	run->exit.instr_len = 1;
}

/* Intercepted as well; DR6 and DR7 are the interceptor's to change. */
static void a_debug_exception_is_delivered_with_its_dr6(void)
{
	fresh(true);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_DR7, 0x2400);
	arg_event = 0x80000301;
	arg_dr6_hits = 1 << 14;
	expect(play(&v, debug_exception), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, arg_event);
	expect(tdvps_of(&v)->dr6, 0xffff4ff0);
	expect(vmcs_of(&v, SW_VM_GUEST_DR7), 0x400);
	/* B0 to B3 are of this one, BS stays until the guest clears it. */
	arg_dr6_hits = 1 << 2;
	expect(play(&v, debug_exception), SW_XR_EXTERNAL_INTERRUPT);
	expect(tdvps_of(&v)->dr6, 0xffff4ff4);
	tdvps_of(&v)->dr6 = 0xffff0ff1;
	/* A bus lock, active low; what else is in the word is nothing. */
	arg_dr6_hits = 1 << 11 | 1ULL << 40;
	expect(play(&v, debug_exception), SW_XR_EXTERNAL_INTERRUPT);
	expect(tdvps_of(&v)->dr6, 0xffff07f0);
	/* INT1 is an instruction. */
	arg_event = 0x80000501;
	arg_dr6_hits = 0;
	expect(play(&v, debug_exception), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, arg_event);
	expect(script.injected_len, 1);
}

static void blocked_hlt(struct sw_run *run)
{
	sw_guest_write(run, SW_VM_GUEST_INTERRUPTIBILITY,
		       SW_BLOCK_STI | SW_BLOCK_NMI);
	exit_with(run, SW_XR_HLT, 0);
}

static void an_event_ends_the_shadow_of_sti(void)
{
	fresh(true);
	expect(play(&v, blocked_hlt), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_VE);
	expect(vmcs_of(&v, SW_VM_GUEST_INTERRUPTIBILITY), SW_BLOCK_NMI);
	/* The guest can still learn of it. */
	expect(tdvps_of(&v)->ve.interruptibility, SW_BLOCK_STI | SW_BLOCK_NMI);
}

static void cpuid_in_a_shadow(struct sw_run *run)
{
	sw_guest_write(run, SW_VM_GUEST_INTERRUPTIBILITY, SW_BLOCK_MOV_SS);
	sw_guest_write(run, SW_VM_GUEST_RFLAGS, SW_RFLAGS_TF | 2);
	run->vp->gpr.rax = 0x21;
	run->vp->gpr.rcx = 0;
	exit_with(run, SW_XR_CPUID, 0);
}

static void an_emulated_instruction_is_stepped_like_any_other(void)
{
	fresh(true);
	expect(play(&v, cpuid_in_a_shadow), SW_XR_EXTERNAL_INTERRUPT);
	expect(vmcs_of(&v, SW_VM_GUEST_INTERRUPTIBILITY), 0);
	expect(vmcs_of(&v, SW_VM_GUEST_PENDING_DBG), SW_PENDING_BS);
	/* By branches: this is none. */
	fresh(true);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_DEBUGCTL, SW_DEBUGCTL_BTF);
	expect(play(&v, cpuid_in_a_shadow), SW_XR_EXTERNAL_INTERRUPT);
	expect(vmcs_of(&v, SW_VM_GUEST_PENDING_DBG), 0);
}

static void nmi_exit(struct sw_run *run)
{
	exit_with(run, SW_XR_EXCEPTION, 0);
	run->exit.intr_info = SCRIPT_NMI;
}

static void machine_check(struct sw_run *run)
{
	exit_with(run, SW_XR_EXCEPTION, 0);
	run->exit.intr_info = 0x80000312;
}

static void an_nmi_goes_to_the_host_and_a_machine_check_is_fatal(void)
{
	fresh(true);
	expect(play(&v, nmi_exit), SW_XR_EXCEPTION);
	expect(last.r9, SCRIPT_NMI);
	expect(play(&v, machine_check),
	       SW_NON_RECOVERABLE_TD_NON_ACCESSIBLE | SW_XR_EXCEPTION);
}

static void a_second_ve_is_a_double_fault(void)
{
	fresh(true);
	arg_reason = SW_XR_HLT;
	expect(play(&v, any_exit, any_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_DF);
	expect(script.injected_error, 0);
	expect(script.entries, 3);
}

/* --- EPT violations --- */

static void a_missing_private_page_is_told_without_the_offset(void)
{
	fresh(true);
	arg_gpa = 0x5678;
	/* Bits 12:7 of the qualification are not for the host. */
	arg_qual = SW_EQ_WRITE | SW_EQ_HIDDEN | 1 << 13;
	expect(play(&v, ept_exit), SW_XR_EPT_VIOLATION);
	expect(last.r8, 0x5000);
	expect(last.rcx, SW_EQ_WRITE | 1 << 13);
	expect(last.rdx | last.r9 | last.r10, 0);
}

static void a_pending_page_is_an_exit_or_a_ve(void)
{
	fresh(true);
	page_aug(&td, 0x5000);
	arg_gpa = 0x5008;
	arg_qual = SW_EQ_READ;
	expect(play(&v, ept_exit), SW_XR_EPT_VIOLATION);
	expect(last.rdx, SW_EXT_PENDING);
	expect(last.r8, 0x5000);

	fresh(false);
	page_aug(&td, 0x5000);
	expect(play(&v, ept_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_VE);
	expect(tdvps_of(&v)->ve.category, 1);
	expect(tdvps_of(&v)->ve.gpa, 0x5008);
	expect(tdvps_of(&v)->ve.instr_length, 0);
}

/* A shared EPT whose root entry for the upper half is @entry. */
static u64 *shared_root(u64 entry)
{
	u64 pa = new_page(), *root = sw_va(pa);
	unsigned int i;

	for (i = 0; i < 512; i++)
		root[i] = SW_EPT_SVE;
	root[256] = entry;
	tdvps_of(&v)->shared_eptp = pa;
	return root;
}

static u64 shared_table(unsigned int index, u64 entry)
{
	u64 pa = new_page(), *table = sw_va(pa);
	unsigned int i;

	for (i = 0; i < 512; i++)
		table[i] = SW_EPT_SVE;
	table[index] = entry;
	return pa | 7;
}

static void a_shared_violation_follows_suppress_ve(void)
{
	u64 table;

	fresh(true);
	arg_gpa = SW_SHARED_BIT | 0x3000;
	arg_qual = SW_EQ_READ;
	/* Absent with suppress-#VE: the host. */
	shared_root(SW_EPT_SVE);
	expect(play(&v, ept_exit), SW_XR_EPT_VIOLATION);
	expect(last.r8, SW_SHARED_BIT | 0x3000);
	expect(last.rdx, 0);
	/* Absent without it, four levels down: the guest. */
	table = shared_table(0, shared_table(0, shared_table(3, 0)));
	shared_root(table);
	expect(play(&v, ept_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_VE);
	expect(tdvps_of(&v)->ve.category, 0);
	/* Nobody has fetched that #VE: hardware exits then. */
	expect(play(&v, ept_exit), SW_XR_EPT_VIOLATION);
}

static u64 late_entry;

static void late_shared_entry(struct sw_run *run)
{
	u64 *root = sw_va(run->vp->shared_eptp);

	root[256] = late_entry;
	exit_ept(run, SW_SHARED_BIT | 0x3000, SW_EQ_READ);
}

static void a_stale_shared_root_entry_is_nobodys_fault(void)
{
	fresh(true);
	shared_root(SW_EPT_SVE);
	late_entry = shared_table(0, SW_EPT_SVE);
	/* Copied and resumed once; then it is the tables that lack the page. */
	expect(play(&v, late_shared_entry), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.entries, 2);
	expect(((u64 *)sw_va(v.pages[SW_TDVPS_EPT_ROOT]))[256], late_entry);
	expect(play(&v, late_shared_entry), SW_XR_EPT_VIOLATION);
}

static void a_shared_table_that_is_no_memory_is_not_followed(void)
{
	fresh(true);
	shared_root(SW_USER_HOLE_BASE | 7);
	arg_gpa = SW_SHARED_BIT | 0x3000;
	arg_qual = SW_EQ_READ;
	expect(play(&v, ept_exit), SW_XR_EPT_VIOLATION);
}

static void an_address_beyond_gpaw_is_a_page_fault(void)
{
	fresh(true);
	arg_gpa = 1ULL << 48;
	arg_qual = SW_EQ_WRITE | SW_EQ_GLA_VALID;
	expect(play(&v, ept_exit), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, 0x80000b0e);
	expect(script.injected_error, 1 | 2 | 8);
	expect(script.cr2, 1ULL << 48);
}

static void shared_misconfig(struct sw_run *run)
{
	exit_ept(run, SW_SHARED_BIT | 0x3456, 0x1ff);
	run->exit.reason = SW_XR_EPT_MISCONFIG;
}

static void misconfiguration_is_told_of_shared_memory_only(void)
{
	fresh(true);
	expect(play(&v, shared_misconfig), SW_XR_EPT_MISCONFIG);
	expect(last.rcx, 0);
	expect(last.r8, SW_SHARED_BIT | 0x3000);
	arg_reason = SW_XR_EPT_MISCONFIG;
	expect(play(&v, any_exit), SW_NON_RECOVERABLE_TD | SW_XR_EPT_MISCONFIG);
}

/* --- events --- */

static void interrupted_delivery(struct sw_run *run)
{
	exit_ept(run, 0x9000, SW_EQ_WRITE);
	run->exit.idt_info = SW_INTR_VALID | 0x31 | 1 << 12;
}

static void interrupted_soft_int(struct sw_run *run)
{
	exit_ept(run, 0x9000, SW_EQ_WRITE);
	run->exit.idt_info = SW_INTR_VALID | SW_INTR_SOFT << 8 | 0x80;
	run->exit.instr_len = 2;
}

static void interrupted_page_fault(struct sw_run *run)
{
	exit_ept(run, 0x9000, SW_EQ_WRITE);
	run->exit.idt_info = 0x80000b0e;
	run->exit.idt_error = 0x15;
}

static void an_interrupted_event_is_delivered_after_the_td_exit(void)
{
	fresh(true);
	expect(play(&v, interrupted_delivery), SW_XR_EPT_VIOLATION);
	expect(play(&v), SW_XR_EXTERNAL_INTERRUPT);
	/* Bit 12 is not for entries. */
	expect(script.injected, SW_INTR_VALID | 0x31);
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, 0);

	expect(play(&v, interrupted_soft_int), SW_XR_EPT_VIOLATION);
	expect(play(&v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SW_INTR_VALID | SW_INTR_SOFT << 8 | 0x80);
	expect(script.injected_len, 2);

	expect(play(&v, interrupted_page_fault), SW_XR_EPT_VIOLATION);
	expect(play(&v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, 0x80000b0e);
	expect(script.injected_error, 0x15);
}

/* A #VE would take the place of the event: the host has to help. */
static void no_ve_while_an_event_is_delivered(void)
{
	fresh(false);
	page_aug(&td, 0x9000);
	expect(play(&v, interrupted_delivery), SW_XR_EPT_VIOLATION);
	expect(last.rdx, SW_EXT_PENDING);
	expect(tdvps_of(&v)->ve.valid, 0);
}

static void interrupted_nmi(struct sw_run *run)
{
	exit_ept(run, 0x9000, SW_EQ_WRITE);
	run->exit.idt_info = SCRIPT_NMI;
}

static void an_interrupted_nmi_is_not_blocked_by_itself(void)
{
	fresh(true);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_INTERRUPTIBILITY,
			 SW_BLOCK_NMI);
	expect(play(&v, interrupted_nmi), SW_XR_EPT_VIOLATION);
	expect(vmcs_of(&v, SW_VM_GUEST_INTERRUPTIBILITY), 0);
	expect(play(&v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_NMI);
}

static void a_faulting_iret_blocks_nmis_again(void)
{
	fresh(true);
	arg_gpa = 0x9000;
	arg_qual = SW_EQ_READ | SW_EQ_NMI_UNBLOCKED;
	expect(play(&v, ept_exit), SW_XR_EPT_VIOLATION);
	expect(vmcs_of(&v, SW_VM_GUEST_INTERRUPTIBILITY), SW_BLOCK_NMI);
	/* An IRET that takes too long is notified of in the middle. */
	fresh(true);
	arg_reason = SW_XR_NOTIFY;
	arg_qual = SW_EQ_NMI_UNBLOCKED;
	expect(play(&v, any_exit), SW_XR_NOTIFY);
	expect(vmcs_of(&v, SW_VM_GUEST_INTERRUPTIBILITY), SW_BLOCK_NMI);
}

static void nmi_window(struct sw_run *run)
{
	check(script.nmi_window);
	sw_guest_write(run, SW_VM_GUEST_INTERRUPTIBILITY, 0);
	exit_with(run, SW_XR_NMI_WINDOW, 0);
}

static void an_nmi_waits_for_its_window(void)
{
	fresh(true);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_INTERRUPTIBILITY,
			 SW_BLOCK_NMI);
	tdvps_of(&v)->pend_nmi = 1;
	expect(play(&v, nmi_window), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_NMI);
	expect(tdvps_of(&v)->pend_nmi, 0);
	check(!script.nmi_window);
}

static void an_nmi_comes_after_an_interrupted_event(void)
{
	fresh(true);
	expect(play(&v, interrupted_delivery), SW_XR_EPT_VIOLATION);
	tdvps_of(&v)->pend_nmi = 1;
	expect(play(&v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SW_INTR_VALID | 0x31);
	check(script.nmi_window);
	expect(play(&v), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_NMI);
}

static void ud2(struct sw_run *run)
{
	sw_guest_write(run, SW_VM_GUEST_RIP, CODE_GPA + 4);
	exit_ud(run);
}

static void a_genuine_ud_is_the_guests(void)
{
	fresh(true);
	expect(play(&v, ud2), SW_XR_EXTERNAL_INTERRUPT);
	expect(script.injected, SCRIPT_UD);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), CODE_GPA + 4);
}

static const struct ktap_test tests[] = {
	TEST(instructions_of_a_hypervisor_are_undefined),
	TEST(paravirtual_instructions_raise_ve),
	TEST(what_is_the_hosts_business_goes_to_the_host),
	TEST(exits_that_cannot_happen_take_the_td),
	TEST(an_smi_that_is_a_machine_check_takes_the_td),
	TEST(lmsw_changes_what_it_may),
	TEST(the_host_of_a_debug_td_gets_the_exits_it_asked_for),
	TEST(an_exception_that_a_debug_host_wants_is_an_exit),
	TEST(a_debug_host_is_told_of_wrong_guest_state),
	TEST(guest_state_is_open_to_a_debug_host_only),
	TEST(an_alignment_check_is_the_guests),
	TEST(a_debug_exception_is_delivered_with_its_dr6),
	TEST(an_event_ends_the_shadow_of_sti),
	TEST(an_emulated_instruction_is_stepped_like_any_other),
	TEST(an_nmi_goes_to_the_host_and_a_machine_check_is_fatal),
	TEST(a_second_ve_is_a_double_fault),
	TEST(a_missing_private_page_is_told_without_the_offset),
	TEST(a_pending_page_is_an_exit_or_a_ve),
	TEST(a_shared_violation_follows_suppress_ve),
	TEST(a_stale_shared_root_entry_is_nobodys_fault),
	TEST(a_shared_table_that_is_no_memory_is_not_followed),
	TEST(an_address_beyond_gpaw_is_a_page_fault),
	TEST(misconfiguration_is_told_of_shared_memory_only),
	TEST(an_interrupted_event_is_delivered_after_the_td_exit),
	TEST(no_ve_while_an_event_is_delivered),
	TEST(an_interrupted_nmi_is_not_blocked_by_itself),
	TEST(a_faulting_iret_blocks_nmis_again),
	TEST(an_nmi_waits_for_its_window),
	TEST(an_nmi_comes_after_an_interrupted_event),
	TEST(a_genuine_ud_is_the_guests),
};

int main(void)
{
	return ktap_run(tests);
}
