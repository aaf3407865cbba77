// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMX back end: a TD vCPU is entered from within the SEAMCALL's #UD
 * handler, as an ordinary VMX guest with its own VMCS.
 *
 * Order: remember the current VMCS, save the host, make the TD's VMCS
 * current, load the guest; then any number of entries; then all of it back.
 * Interrupts are off throughout.  An NMI that arrives in between finds the
 * kernel's CR3, GS base and stack, which never change here.
 */
#define pr_fmt(fmt) "tdx_swmod: " fmt

#include "vmx/vmx.h"

DEFINE_PER_CPU(struct vmx_host, vmx_host);

/* Is this CPU in VMX operation?  Elsewhere SEAMCALL is a plain #UD. */
bool sw_guest_vmx_on(void)
{
	u64 pa;

	return (native_read_cr4() & X86_CR4_VMXE) && vmx_ptrst(&pa);
}

/* KVM gives every guest a small VPID; ours is shared and flushed on change. */
static void vmx_flush(struct sw_run *run, bool flush)
{
	bool other = run->cpu->last_tdvpr != run->vp->page_pa[SW_TDVPS_MGMT];

	if (!flush && !other)
		return;
	vmx_invept_single(run->vp->eptp);
	vmx_invvpid_single(VMX_TD_VPID);
}

void sw_guest_load(struct sw_run *run, bool flush_tlb)
{
	struct vmx_host *h = this_cpu_ptr(&vmx_host);

	vmx_host_save(h);
	h->prev_vmcs = vmx_vmcs_load(run->vp);
	vmx_host_fields(h);
	vmx_flush(run, flush_tlb);
	sw_xstate_enter(run, h->xsave);
	vmx_guest_state_load(run, h);
}

void sw_guest_put(struct sw_run *run)
{
	struct vmx_host *h = this_cpu_ptr(&vmx_host);

	vmx_guest_state_put(run, h);
	vmx_vmcs_unload(run->vp, h->prev_vmcs);
	sw_xstate_exit(run, h->xsave);
	vmx_host_restore(h);
	if (!READ_ONCE(sw_keep_host_state))
		vmx_host_lose(run, h);
}

/* The control follows EFER.LMA, which the guest changes without an exit. */
static void vmx_fix_long_mode(void)
{
	u32 ctl = vmx_read(SW_VM_ENTRY_CTLS), want = ctl;

	if (vmx_read(SW_VM_GUEST_EFER) & SW_EFER_LMA)
		want |= VMX_ENTRY_LONG_MODE;
	else
		want &= ~VMX_ENTRY_LONG_MODE;
	if (want != ctl)
		vmx_write(SW_VM_ENTRY_CTLS, want);
}

static void vmx_collect_exit(struct sw_exit *x)
{
	x->reason = vmx_read(SW_VM_EXIT_REASON);
	x->qualification = vmx_read(SW_VM_EXIT_QUALIFICATION);
	x->gpa = 0;
	x->gla = 0;
	if (x->reason == SW_XR_EPT_VIOLATION ||
	    x->reason == SW_XR_EPT_MISCONFIG) {
		x->gpa = vmx_read(SW_VM_EXIT_GPA);
		x->gla = vmx_read(SW_VM_EXIT_GLA);
	}
	x->intr_info = vmx_read(SW_VM_EXIT_INTR_INFO);
	x->intr_error = vmx_read(SW_VM_EXIT_INTR_ERROR);
	x->idt_info = vmx_read(SW_VM_IDT_INFO);
	x->idt_error = vmx_read(SW_VM_IDT_ERROR);
	x->instr_len = vmx_read(SW_VM_EXIT_INSTR_LEN);
	x->instr_info = vmx_read(SW_VM_EXIT_INSTR_INFO);
}

static void vmx_no_entry(struct sw_exit *x)
{
	memset(x, 0, sizeof(*x));
	x->reason = SW_XR_NO_ENTRY;
	pr_err_once("VM entry refused, VM-instruction error %llu\n",
		    vmx_read(SW_VM_INSTR_ERROR));
}

void sw_guest_run(struct sw_run *run)
{
	struct sw_tdvps *vp = run->vp;

	vmx_fix_long_mode();
	if (sw_vmx_enter(&vp->gpr, vp->launched)) {
		vmx_no_entry(&run->exit);
		return;
	}
	vmx_collect_exit(&run->exit);
	if (run->exit.reason & SW_XR_ENTRY_FAILED) {
		pr_err_once("VM entry failed, reason %#x qualification %#llx\n",
			    run->exit.reason, run->exit.qualification);
		return;
	}
	vp->launched = 1;
}

u64 sw_guest_read(struct sw_run *run, u32 field)
{
	return vmx_read(field);
}

void sw_guest_write(struct sw_run *run, u32 field, u64 val)
{
	vmx_write(field, val);
}

void sw_guest_nmi_window(struct sw_run *run, bool on)
{
	u32 ctl = vmx_read(SW_VM_PROC_CTLS);
	u32 want = on ? ctl | VMX_PROC_NMI_WINDOW : ctl & ~VMX_PROC_NMI_WINDOW;

	if (want != ctl)
		vmx_write(SW_VM_PROC_CTLS, want);
}

void sw_guest_set_cr2(struct sw_run *run, u64 val)
{
	native_write_cr2(val);
}

u64 sw_guest_dr6(struct sw_run *run)
{
	return native_get_debugreg(6);
}

void sw_guest_set_dr6(struct sw_run *run, u64 val)
{
	native_set_debugreg(6, val);
}

/* Where the host posts interrupts, or NULL if it has not said so. */
void *sw_guest_pid(struct sw_run *run)
{
	u64 pa;

	if (!(vmx_read(SW_VM_PIN_CTLS) & VMX_PIN_POSTED))
		return NULL;
	pa = vmx_read(SW_VM_PID_ADDR);
	return pa ? sw_va(pa) : NULL;
}
