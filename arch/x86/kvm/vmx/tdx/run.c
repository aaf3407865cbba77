// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entering a TD's vCPU and coming back: the host state that the module does
 * not preserve, TDH.VP.ENTER, and the exits that cannot wait for interrupts
 * to be enabled.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>

#include <asm/debugreg.h>
#include <asm/fpu/xcr.h>
#include <asm/fred.h>
#include <asm/mmu_context.h>
#include <trace/events/ipi.h>

#include "../../lapic.h"
#include "../../x86.h"
#include "../../trace.h"
#include "../posted_intr.h"
#include "../x86_ops.h"
#include "tdx.h"
#include "trace.h"

/* vmenter.S */
void vmx_do_nmi_irqoff(void);

/*
 * A TD exit leaves these MSRs with the module's defaults.  The kernel has no use
 * for them, so they come back when the vCPU is put: before another thread runs on
 * the CPU, and before this one is in user space.
 *
 * VMX has registered them as user-return MSRs, and base KVM knows what each CPU
 * is supposed to have in them: the host's values, or those of an ordinary guest
 * whose thread has not been in user space since.
 */
static const u32 tdx_lost_msrs[] __initconst = {
	MSR_STAR, MSR_LSTAR, MSR_SYSCALL_MASK, MSR_TSC_AUX,
};

/* By their numbers among the user-return MSRs. */
static unsigned long tdx_lost_slots __ro_after_init;

/* 0, or the MSR that VMX has not registered. */
u32 __init tdx_run_setup(void)
{
	unsigned int i;
	int slot;

	for (i = 0; i < ARRAY_SIZE(tdx_lost_msrs); i++) {
		slot = kvm_find_user_return_msr(tdx_lost_msrs[i]);
		if (slot >= 0)
			tdx_lost_slots |= BIT(slot);
		/* A CPU without RDTSCP has no TSC_AUX to lose. */
		else if (tdx_lost_msrs[i] != MSR_TSC_AUX)
			return tdx_lost_msrs[i];
	}
	return 0;
}

/* --- host state --- */

void tdx_prepare_switch_to_guest(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	if (vmx->guest_state_loaded)
		return;

	if (likely(is_64bit_mm(current->mm))) {
		current_save_fsgs();
		vmx->msr_host_kernel_gs_base = current->thread.gsbase;
	} else {
		vmx->msr_host_kernel_gs_base = read_msr(MSR_KERNEL_GS_BASE);
	}

	vmx->guest_state_loaded = true;
}

void tdx_prepare_switch_to_host(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	if (!vmx->guest_state_loaded)
		return;
	++vcpu->stat.host_state_reload;
	wrmsrl(MSR_KERNEL_GS_BASE, vmx->msr_host_kernel_gs_base);
	kvm_tdx_restore_user_return_msrs(tdx_lost_slots);
	vmx->guest_state_loaded = false;
}

/*
 * The module leaves the TD's choice of extended features in place, and nothing
 * of PKRU, whether or not the TD has it.  XFD and its error are put right by
 * vcpu_enter_guest(), see tdx_vcpu_create().
 */
static void tdx_load_host_xsave_state(struct kvm_vcpu *vcpu)
{
	u64 xfam = to_kvm_tdx(vcpu->kvm)->xfam;

	if (cpu_feature_enabled(X86_FEATURE_OSPKE) &&
	    rdpkru() != vcpu->arch.host_pkru)
		wrpkru(vcpu->arch.host_pkru);

	if (xgetbv(XCR_XFEATURE_ENABLED_MASK) != kvm_host.xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, kvm_host.xcr0);

	/*
	 * Of the features themselves the host needs none here: those of user
	 * mode come back with the VMM's FPU state.
	 */
	if (cpu_feature_enabled(X86_FEATURE_XSAVES) &&
	    kvm_host.xss != (xfam & (kvm_caps.supported_xss | TD_XFAM_CET)))
		wrmsrl(MSR_IA32_XSS, kvm_host.xss);
}

/* A TD exit clears DEBUGCTL but for BTF and the two freeze bits. */
#define TD_EXIT_KEEPS_DEBUGCTL	(DEBUGCTLMSR_BTF |			\
				 DEBUGCTLMSR_FREEZE_PERFMON_ON_PMI |	\
				 DEBUGCTLMSR_FREEZE_IN_SMM)

static void tdx_load_host_debugctl(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.host_debugctl & ~TD_EXIT_KEEPS_DEBUGCTL)
		update_debugctlmsr(vcpu->arch.host_debugctl);
}

/* --- entry and exit --- */

/*
 * Statuses that carry an exit reason and the registers of a TD exit.  Some say
 * that the vCPU or the TD will not run again; the machine check, the NMI or the
 * interrupt that ended it is the host's all the same.
 */
static noinstr bool tdx_status_has_exit(u64 status)
{
	switch (status & TDX_STATUS_MASK) {
	case TDX_SUCCESS:
	case TDX_NON_RECOVERABLE_VCPU:
	case TDX_NON_RECOVERABLE_TD:
	case TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE:
	case TDX_NON_RECOVERABLE_TD_WRONG_APIC_MODE:
		return true;
	default:
		return false;
	}
}

/*
 * Take apart what TDH.VP.ENTER returned; for the code shared with VMX, make
 * it look like one of VMX's exits.  A TD's registers are always "available",
 * so that code never looks for a VMCS.
 */
static noinstr void tdx_decode_exit(struct vcpu_tdx *tdx)
{
	struct vcpu_vmx *vmx = &tdx->vmx;
	u64 ret = tdx->vp_enter_ret;

	vmx->exit_intr_info = 0;
	vmx->exit_qualification = 0;
	tdx->exit_qual = 0;
	tdx->ext_exit_qual = 0;
	tdx->exit_intr_info = 0;

	if (likely(ret == EXIT_REASON_TDCALL)) {
		vmx->exit_reason.full = ret;
		return;
	}
	if (!tdx_status_has_exit(ret)) {
		vmx->exit_reason.full = EXIT_REASON_UNDEFINED;
		return;
	}

	vmx->exit_reason.full = (u32)ret;
	if (vmx->exit_reason.basic == EXIT_REASON_TDCALL)
		return;

	tdx->exit_qual = (u32)tdx->args.rcx;
	tdx->ext_exit_qual = tdx->args.rdx;
	tdx->exit_gpa = tdx->args.r8;
	tdx->exit_intr_info = (u32)tdx->args.r9;
	vmx->exit_qualification = tdx->exit_qual;
	vmx->exit_intr_info = tdx->exit_intr_info;
}

/*
 * Base KVM tells RCU of a quiescent state, and lockdep of interrupts that are on, at
 * each entry and each exit.  Where the fast path answers one TDVMCALL after the other,
 * they need not hear of each: interrupts are off from an exit to the next entry, so the
 * host's tick ends the guest, and that exit tells both.  Only a CPU without a tick has
 * to know of each entry: context tracking takes all of the guest for a quiescent state.
 */
static noinstr void tdx_vcpu_enter_exit(struct vcpu_tdx *tdx)
{
	struct kvm_vcpu *vcpu = &tdx->vmx.vcpu;
	bool fast_call = tdx->fast_call;

	tdx->fast_call = false;
	if (fast_call)
		context_tracking_guest_enter();
	else
		guest_state_enter_irqoff();

	tdx->vp_enter_ret = tdh_vp_enter(&tdx->vp, &tdx->args);
	tdx_decode_exit(tdx);

	/* Before anything that could unblock NMIs by an IRET of its own. */
	if (tdx->vmx.exit_reason.basic == EXIT_REASON_EXCEPTION_NMI &&
	    is_nmi(tdx->exit_intr_info)) {
		kvm_before_interrupt(vcpu, KVM_HANDLING_NMI);
		if (cpu_feature_enabled(X86_FEATURE_FRED))
			fred_entry_from_kvm(EVENT_TYPE_NMI, NMI_VECTOR);
		else
			vmx_do_nmi_irqoff();
		kvm_after_interrupt(vcpu);
	}

	if (fast_call && tdx->vp_enter_ret == EXIT_REASON_TDCALL)
		context_tracking_guest_exit();
	else
		guest_state_exit_irqoff();
}

int tdx_vcpu_pre_run(struct kvm_vcpu *vcpu)
{
	if (to_tdx(vcpu)->state != TDX_VCPU_INITIALIZED ||
	    td_state(to_kvm_tdx(vcpu->kvm)) != TD_S_RUNNABLE)
		return -EINVAL;
	/* The vCPU's CPUID has fewer address bits than the TD. */
	if (!tdx_shared_root_fits(vcpu))
		return -EINVAL;
	return 1;
}

/*
 * The timer expires early by what an entry takes, so wait for the rest before the
 * guest gets the interrupt.  kvm_wait_lapic_expire() looks for it in the IRR of
 * KVM's own APIC, to which nothing of a TD's goes: show it there for the while.
 */
static void tdx_wait_lapic_expire(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	int vector = kvm_lapic_get_reg(apic, APIC_LVTT) & APIC_VECTOR_MASK;
	void *pir = to_vmx(vcpu)->pi_desc.pir;

	if (!test_bit(vector, pir))
		return;
	kvm_lapic_set_vector(vector, apic->regs + APIC_IRR);
	kvm_wait_lapic_expire(vcpu);
	kvm_lapic_clear_vector(vector, apic->regs + APIC_IRR);
}

fastpath_t tdx_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags)
{
	bool force_immediate_exit = run_flags & KVM_RUN_FORCE_IMMEDIATE_EXIT;
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	/*
	 * A zap wants the module's locks, and asked all vCPUs out for them.
	 * It set the flag before it sent the IPIs that are due once this CPU
	 * enables interrupts, or has waited for this vCPU already.
	 */
	if (READ_ONCE(to_kvm_tdx(vcpu->kvm)->quiesce)) {
		tdx->vp_enter_ret = TDX_OPERAND_BUSY;
		to_vmx(vcpu)->exit_reason.full = EXIT_REASON_UNDEFINED;
		return EXIT_FASTPATH_NONE;
	}

	trace_kvm_entry(vcpu, force_immediate_exit);

	/*
	 * A notification that came while the CPU was in root mode has been
	 * swallowed.  Send another: interrupts are off, so that the CPU takes
	 * it as the guest's once it is in there.
	 */
	if (pi_test_on(&tdx->vmx.pi_desc)) {
		__apic_send_IPI_self(POSTED_INTR_VECTOR);
		tdx_wait_lapic_expire(vcpu);
	}

	/* The module arms no preemption timer for the host. */
	if (force_immediate_exit)
		smp_send_reschedule(vcpu->cpu);

	tdx_vcpu_enter_exit(tdx);

	tdx_load_host_debugctl(vcpu);
	tdx_load_host_xsave_state(vcpu);

	if (unlikely(tdx->vmx.exit_reason.basic == EXIT_REASON_MCE_DURING_VMENTRY))
		kvm_machine_check();

	trace_kvm_exit(vcpu, KVM_ISA_VMX);
	trace_tdx_exit(vcpu, tdx->vp_enter_ret, &tdx->args);

	return force_immediate_exit ? EXIT_FASTPATH_NONE : tdx_fastpath(vcpu);
}

/*
 * Of the exits, only interrupts and machine checks cannot wait.  The status may
 * say that the TD is gone: memory_failure() has to hear of it all the more.
 */
void tdx_handle_exit_irqoff(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u32 info = vmx->exit_intr_info;

	/* Interrupts will be on before the next entry. */
	to_tdx(vcpu)->fast_call = false;

	switch (vmx->exit_reason.basic) {
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		/* vmx_handle_exit_irqoff() bugs the VM if it is none. */
		if (is_external_intr(info))
			vmx_handle_exit_irqoff(vcpu);
		break;
	case EXIT_REASON_EXCEPTION_NMI:
		if (is_machine_check(info))
			kvm_machine_check();
		break;
	}
}
