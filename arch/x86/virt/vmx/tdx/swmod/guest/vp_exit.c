// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decides what a VM exit of the TD becomes: an exception for the guest, an
 * emulated instruction, or a TD exit to the host.  What is not in the table
 * cannot happen with the controls in use, and takes the TD down.
 */
#include "guest/guest.h"

static enum sw_next sw_exit_ve(struct sw_run *run)
{
	return sw_inject_ve(run, SW_VE_PARAVIRT);
}

static enum sw_next sw_exit_config_ve(struct sw_run *run)
{
	return sw_inject_ve(run, SW_VE_CONFIG_PARAVIRT);
}

static enum sw_next sw_exit_to_host(struct sw_run *run)
{
	return sw_td_exit(run, 0);
}

static enum sw_next sw_exit_triple_fault(struct sw_run *run)
{
	return sw_td_exit_fatal(run, SW_NON_RECOVERABLE_VCPU);
}

static enum sw_next sw_exit_machine_check(struct sw_run *run)
{
	return sw_td_exit_fatal(run, SW_NON_RECOVERABLE_TD_NON_ACCESSIBLE);
}

/* DR6 and DR7 as the delivery of a #DB makes them, which an exit does not. */
static void sw_debug_trap(struct sw_run *run, u64 qualification)
{
	u64 hit = qualification & SW_DR6_QUAL;
	u64 dr6 = sw_guest_dr6(run) & ~SW_DR6_TRAP;
	u64 dr7 = sw_guest_read(run, SW_VM_GUEST_DR7);

	sw_guest_set_dr6(run, (dr6 | SW_DR6_LOW | hit) ^ (hit & SW_DR6_LOW));
	sw_guest_write(run, SW_VM_GUEST_DR7, dr7 & ~SW_DR7_GD);
}

/* As the processor would have delivered it; an INT1 keeps its type. */
static enum sw_next sw_exit_db(struct sw_run *run)
{
	const struct sw_exit *x = &run->exit;
	struct sw_event *ev = &run->vp->event;

	sw_debug_trap(run, x->qualification);
	sw_inject(run, SW_VEC_DB, SW_NO_ERROR);
	ev->info &= ~SW_INTR_TYPE_MASK;
	ev->info |= x->intr_info & SW_INTR_TYPE_MASK;
	ev->instr_len = x->instr_len;
	return SW_NEXT_RESUME;
}

/*
 * #UD, #DB, #AC, #MC and NMI are intercepted: #DB and #AC only so that a guest
 * cannot keep the CPU, deaf to interrupts, by one that hits its own delivery.
 * The host of a debug TD chooses others, and gets them.
 */
static enum sw_next sw_exit_exception(struct sw_run *run)
{
	u32 info = run->exit.intr_info;

	if (SW_INTR_TYPE(info) == SW_INTR_NMI)
		return sw_td_exit(run, 0);
	switch (SW_INTR_VECTOR(info)) {
	case SW_VEC_UD:
		return sw_exit_ud(run);
	case SW_VEC_MC:
		return sw_exit_machine_check(run);
	case SW_VEC_DB:
		return sw_exit_db(run);
	case SW_VEC_AC:
		sw_inject(run, SW_VEC_AC, run->exit.intr_error);
		return SW_NEXT_RESUME;
	default:
		return sw_exit_unexpected(run);
	}
}

/* The window is open: the next entry finds nothing in the NMI's way. */
static enum sw_next sw_exit_nmi_window(struct sw_run *run)
{
	return SW_NEXT_RESUME;
}

static enum sw_next sw_exit_ept_violation(struct sw_run *run)
{
	const struct sw_exit *x = &run->exit;

	return sw_ept_violation(run, x->gpa, x->gla, x->qualification);
}

/* Only the host writes entries that can be misconfigured. */
static enum sw_next sw_exit_ept_misconfig(struct sw_run *run)
{
	u64 gpa = run->exit.gpa;

	if (!(gpa & SW_SHARED_BIT))
		return sw_td_exit_fatal(run, SW_NON_RECOVERABLE_TD);
	run->exit.qualification = 0;
	sw_td_exit(run, 0);
	run->host->r8 = gpa & ~(SW_PAGE_SIZE - 1);
	return SW_NEXT_EXIT;
}

/* One that is a machine check's (MSMI) is the end of the TD. */
static enum sw_next sw_exit_smi(struct sw_run *run)
{
	if (run->exit.qualification & 1)
		return sw_td_exit_fatal(run, SW_NON_RECOVERABLE_TD_NON_ACCESSIBLE);
	return sw_exit_to_host(run);
}

/* "VM context invalid" leaves nothing to go on with. */
static enum sw_next sw_exit_notify(struct sw_run *run)
{
	if (run->exit.qualification & 1)
		return sw_td_exit_fatal(run, SW_NON_RECOVERABLE_TD);
	return sw_td_exit(run, 0);
}

typedef enum sw_next (*sw_exit_fn)(struct sw_run *run);

static const sw_exit_fn sw_exits[] = {
	[SW_XR_EXCEPTION]		= sw_exit_exception,
	[SW_XR_EXTERNAL_INTERRUPT]	= sw_exit_to_host,
	[SW_XR_TRIPLE_FAULT]		= sw_exit_triple_fault,
	[SW_XR_INIT]			= sw_exit_to_host,
	[SW_XR_OTHER_SMI]		= sw_exit_smi,
	[SW_XR_NMI_WINDOW]		= sw_exit_nmi_window,
	[SW_XR_TASK_SWITCH]		= sw_exit_to_host,
	[SW_XR_CPUID]			= sw_exit_cpuid,
	[SW_XR_GETSEC]			= sw_inject_ud,
	[SW_XR_HLT]			= sw_exit_ve,
	[SW_XR_INVD]			= sw_exit_ve,
	[SW_XR_RDPMC]			= sw_inject_gp,
	[SW_XR_RSM]			= sw_inject_ud,
	[SW_XR_VMCALL]			= sw_exit_ve,
	[SW_XR_VMCLEAR]			= sw_inject_ud,
	[SW_XR_VMLAUNCH]		= sw_inject_ud,
	[SW_XR_VMPTRLD]			= sw_inject_ud,
	[SW_XR_VMPTRST]			= sw_inject_ud,
	[SW_XR_VMREAD]			= sw_inject_ud,
	[SW_XR_VMRESUME]		= sw_inject_ud,
	[SW_XR_VMWRITE]			= sw_inject_ud,
	[SW_XR_VMXOFF]			= sw_inject_ud,
	[SW_XR_VMXON]			= sw_inject_ud,
	[SW_XR_CR_ACCESS]		= sw_exit_cr,
	[SW_XR_IO]			= sw_exit_ve,
	[SW_XR_RDMSR]			= sw_exit_rdmsr,
	[SW_XR_WRMSR]			= sw_exit_wrmsr,
	[SW_XR_ENTRY_MACHINE_CHECK]	= sw_exit_machine_check,
	[SW_XR_MWAIT]			= sw_inject_ud,
	[SW_XR_MONITOR]			= sw_inject_ud,
	[SW_XR_EPT_VIOLATION]		= sw_exit_ept_violation,
	[SW_XR_EPT_MISCONFIG]		= sw_exit_ept_misconfig,
	[SW_XR_INVEPT]			= sw_inject_ud,
	[SW_XR_INVVPID]			= sw_inject_ud,
	[SW_XR_WBINVD]			= sw_exit_ve,
	[SW_XR_XSETBV]			= sw_exit_xsetbv,
	[SW_XR_APIC_WRITE]		= sw_exit_ve,
	[SW_XR_VMFUNC]			= sw_inject_ud,
	[SW_XR_ENCLS]			= sw_inject_ud,
	[SW_XR_PCONFIG]			= sw_exit_config_ve,
	[SW_XR_ENCLV]			= sw_inject_ud,
	[SW_XR_ENQCMD]			= sw_inject_gp,
	[SW_XR_ENQCMDS]			= sw_inject_ud,
	[SW_XR_BUS_LOCK]		= sw_exit_to_host,
	[SW_XR_NOTIFY]			= sw_exit_notify,
	[SW_XR_SEAMCALL]		= sw_inject_ud,
	/* On a processor that knows the instruction, the exit is its own. */
	[SW_XR_TDCALL]			= sw_exit_ud,
};

/* The host of a debug TD writes guest state, and is told if it was wrong. */
static enum sw_next sw_entry_failed(struct sw_run *run)
{
	enum sw_next next = sw_exit_unexpected(run);

	if (sw_td_is_debug(run))
		run->host->rdx = SW_EXT_ENTRY_FAILURE;
	return next;
}

enum sw_next sw_handle_exit(struct sw_run *run)
{
	u32 basic = run->exit.reason & SW_XR_BASIC_MASK;

	if (run->exit.reason & SW_XR_ENTRY_FAILED) {
		if (basic == SW_XR_ENTRY_MACHINE_CHECK)
			return sw_exit_machine_check(run);
		return sw_entry_failed(run);
	}
	if (basic >= sizeof(sw_exits) / sizeof(sw_exits[0]) ||
	    !sw_exits[basic])
		return sw_exit_unexpected(run);
	sw_save_vectoring(run);
	sw_step_exit(run);
	return sw_exits[basic](run);
}
