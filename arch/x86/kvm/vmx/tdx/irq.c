// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a TD.  Its virtual APIC page is the module's, so a posted
 * interrupt is the only way in; vmx_deliver_interrupt() posts, and whoever
 * wants to know what is pending asks here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "../../x86.h"
#include "../posted_intr.h"
#include "tdx.h"

/* Of TDVPS.VCPU_STATE_DETAILS: the virtual APIC has an interrupt to deliver. */
#define VCPU_STATE_INTR_PENDING		BIT_ULL(0)

static bool tdx_is_halted(const struct vcpu_tdx *tdx)
{
	return tdx->vmx.exit_reason.basic == EXIT_REASON_TDCALL &&
	       !tdx->args.r10 && tdx->args.r11 == EXIT_REASON_HLT;
}

/*
 * KVM never injects, so this only tells a halted vCPU whether an interrupt
 * may wake it: R12 of TDG.VP.VMCALL<HLT> is set if not.
 */
bool tdx_interrupt_allowed(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	return !tdx_is_halted(tdx) || !tdx->args.r12;
}

/* Called by the vCPU's own thread, loaded. */
bool tdx_has_interrupt(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	u64 details, status;

	if (pi_has_pending_interrupt(vcpu))
		return true;
	/*
	 * An interrupt that reached the virtual APIC before the guest halted
	 * is for the module to know.  Ask only when the answer matters.
	 */
	if (!tdx_is_halted(tdx) || tdx->args.r12)
		return false;
	/*
	 * It has been woken, or did not sleep: its next entry needs no answer.
	 * While it sleeps nothing changes in there.
	 */
	if (!tdx->in_hlt)
		return vcpu->arch.mp_state == KVM_MP_STATE_HALTED &&
		       tdx->hlt_interrupt;
	/* Busy or broken: a wakeup too many does no harm. */
	status = tdh_vp_rd(&tdx->vp, TDVPS_VCPU_STATE_DETAILS, &details);
	tdx->hlt_interrupt = tdx_judge(status) != TDX_DONE ||
			     details & VCPU_STATE_INTR_PENDING;
	return tdx->hlt_interrupt;
}

/*
 * The answer to KVM's "which vector is highest in IRR?", of which only
 * "there is one" can be said.  apic_has_interrupt_for_ppr() compares it with the
 * priority of KVM's own APIC, and 0xff passes each below 0xf0.  That priority is
 * 0 from kvm_lapic_reset() on: KVM takes nothing into service for a TD, the TPR
 * is the module's (tdx_set_msr()), and KVM_SET_LAPIC, KVM_SET_SREGS and the
 * registers in struct kvm_run are refused for a TD.
 */
int tdx_sync_pir_to_irr(struct kvm_vcpu *vcpu)
{
	return tdx_has_interrupt(vcpu) ? 0xff : -1;
}

void tdx_inject_nmi(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	u64 status;

	status = tdh_vp_wr(&tdx->vp, TDVPS_PEND_NMI, 1, GENMASK_ULL(7, 0));

	/* The module delivers it when it can; for KVM that is the end of it. */
	vcpu->arch.nmi_injected = false;
	if (tdx_judge(status) == TDX_DONE) {
		++vcpu->stat.nmi_injections;
		/* The module pends one NMI: a second one merges into it. */
		vcpu->arch.nmi_pending = 0;
	} else if (tdx_judge(status) == TDX_RETRY) {
		atomic_inc(&vcpu->arch.nmi_queued);
		kvm_make_request(KVM_REQ_NMI, vcpu);
	} else {
		tdx_broken(to_kvm_tdx(vcpu->kvm), "TDH.VP.WR", status, NULL);
	}
}

/* KVM_INTERRUPT and KVM_SET_VCPU_EVENTS ask for what no TD can be given. */
void tdx_drop_injection(struct kvm_vcpu *vcpu)
{
	kvm_clear_interrupt_queue(vcpu);
	kvm_clear_exception_queue(vcpu);
}

/* Without virtual interrupt delivery a TD gets no interrupts at all. */
void tdx_refresh_apicv_exec_ctrl(struct kvm_vcpu *vcpu)
{
	if (kvm_vcpu_apicv_active(vcpu))
		return;
	pr_warn_ratelimited("APICv is inhibited, but a TD cannot do without\n");
	kvm_vm_dead(vcpu->kvm);
}
