// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDVMCALLs that are answered, and interrupts that are taken, inside of
 * vcpu_enter_guest()'s loop: interrupts off, kvm->srcu not held, the vCPU still
 * IN_GUEST_MODE.  Base KVM looks at requests, signals and the scheduler's wishes
 * before it enters the guest again, so a guest that calls on and on holds up
 * nothing.
 *
 * What is not certain to be short, or needs more, goes the slow way: tdvmcall.c
 * has every call.
 */
#include <linux/hw_breakpoint.h>
#include <linux/kvm_host.h>

#include <asm/debugreg.h>
#include <asm/msr.h>

#include "../../trace.h"
#include "../../x86.h"
#include "tdvmcall.h"

/* --- CPUID --- */

#define CPUID_HYPERVISOR	0x40000000
#define CPUID_HYPERVISOR_MASK	0xf0000000

static struct tdx_cpuid *fast_cpuid_slot(struct vcpu_tdx *tdx, u32 leaf)
{
	return &tdx->cpuids[leaf % TDX_NR_CPUIDS];
}

/*
 * Only KVM_SET_CPUID2 changes the leaves of KVM.  kvm_xen_update_tsc_info()
 * changes some of a VM that has Xen's.
 */
void tdx_fastpath_keep_cpuid(struct vcpu_tdx *tdx, const struct tdx_cpuid *c)
{
	if ((c->leaf & CPUID_HYPERVISOR_MASK) != CPUID_HYPERVISOR)
		return;
#ifdef CONFIG_KVM_XEN
	if (tdx->vmx.vcpu.arch.xen.cpuid.limit)
		return;
#endif
	*fast_cpuid_slot(tdx, c->leaf) = *c;
}

void tdx_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu)
{
	memset(to_tdx(vcpu)->cpuids, 0, sizeof(to_tdx(vcpu)->cpuids));
}

/*
 * What the guest was told before.  Base KVM wants nobody to search the CPUID
 * entries with interrupts off: there may be hundreds.
 */
static bool fast_cpuid(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	const struct tdx_cpuid *c = fast_cpuid_slot(tdx, tdx->args.r12);

	if (!c->leaf || tdx->args.r12 != c->leaf || tdx->args.r13 != c->subleaf)
		return false;

	td_count(vcpu->kvm, TD_STAT_CALL_CPUID);
	kvm_tdx_trace_cpuid(c->leaf, c->subleaf, c->eax, c->ebx, c->ecx, c->edx);
	return tdvmcall_answer_cpuid(tdx, c);
}

/* --- MSRs --- */

/*
 * For these tdx_get_msr() looks at a field of the vCPU's.  For others
 * kvm_get_msr_common() searches the CPUID entries, as CPUID itself does.
 */
static bool is_fast_rdmsr(u32 index)
{
	return index == MSR_IA32_APICBASE || index == MSR_IA32_MISC_ENABLE ||
	       index == MSR_IA32_FEAT_CTL;
}

static bool fast_rdmsr(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	struct msr_data msr = { .index = tdx->args.r12 };

	if (tdx->args.r12 != msr.index || !is_fast_rdmsr(msr.index) ||
	    !kvm_msr_allowed(vcpu, msr.index, KVM_MSR_FILTER_READ) ||
	    tdx_get_msr(vcpu, &msr))
		return false;

	trace_kvm_msr_read(msr.index, msr.data);
	td_count(vcpu->kvm, TD_STAT_CALL_RDMSR);
	return tdvmcall_answer_value(tdx, msr.data);
}

static bool fast_wrmsr(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	if (!kvm_tdx_wrmsr_irqoff(vcpu, tdx->args.r12, tdx->args.r13))
		return false;

	td_count(vcpu->kvm, TD_STAT_CALL_WRMSR);
	return tdvmcall_answer(tdx, TDVMCALL_SUCCESS);
}

/* --- HLT --- */

/* R10 and R11 still say HLT while the vCPU sleeps, see irq.c. */
static fastpath_t fast_hlt(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	fastpath_t ret;

	td_count(vcpu->kvm, TD_STAT_CALL_HLT);
	tdvmcall_answer(tdx, TDVMCALL_SUCCESS);
	tdx->in_hlt = true;
	ret = handle_fastpath_hlt(vcpu);
	tdx->in_hlt = false;
	tdx->stats[TD_VCPU_STAT_FAST_CALLS] += ret == EXIT_FASTPATH_REENTER_GUEST;
	return ret;
}

/* --- interrupts --- */

/*
 * Take the host's interrupt here and now, and see to what vcpu_enter_guest() does
 * around tdx_handle_exit_irqoff(), as far as a TD needs it.  The handler may enable
 * interrupts, for softirqs, so the vCPU must not look as if it ran: what others want
 * of it is then a request, which is looked at after IN_GUEST_MODE is set again.
 */
static fastpath_t fast_interrupt(struct kvm_vcpu *vcpu)
{
	/* Debug registers and XFD would need more. */
	if (!is_external_intr(to_vmx(vcpu)->exit_intr_info) ||
	    vcpu->arch.switch_db_regs || vcpu->arch.xfd_no_write_intercept ||
	    hw_breakpoint_active())
		return EXIT_FASTPATH_NONE;
	/* Somebody wants it out of its loop. */
	if (cmpxchg(&vcpu->mode, IN_GUEST_MODE, OUTSIDE_GUEST_MODE) != IN_GUEST_MODE)
		return EXIT_FASTPATH_NONE;

	tdx_handle_exit_irqoff(vcpu);
	/* Not once more, if the loop ends here. */
	to_vmx(vcpu)->exit_intr_info = 0;
	++vcpu->stat.irq_exits;

	/* The handler may have changed it, and each exit writes it back. */
	vcpu->arch.host_debugctl = get_debugctlmsr();

	/*
	 * As in vcpu_enter_guest(): the mode before the requests, and before the
	 * posted interrupts.  Pairs with the barriers in kvm_vcpu_exiting_guest_mode()
	 * and pi_test_and_set_on().  From here on this thread's own timer interrupt
	 * is posted without a look for a vCPU that sleeps.
	 */
	smp_store_mb(vcpu->mode, IN_GUEST_MODE);
	if (!kvm_tdx_before_reentry(vcpu))
		return EXIT_FASTPATH_EXIT_HANDLED;
	++to_tdx(vcpu)->stats[TD_VCPU_STAT_FAST_IRQS];
	return EXIT_FASTPATH_REENTER_GUEST;
}

/* --- calls --- */

static fastpath_t fast_tdvmcall(struct kvm_vcpu *vcpu)
{
	const struct tdx_module_args *a = &to_tdx(vcpu)->args;
	bool done;

	if (a->r10)
		return EXIT_FASTPATH_NONE;

	switch (a->r11) {
	case EXIT_REASON_MSR_WRITE:
		done = fast_wrmsr(vcpu);
		break;
	case EXIT_REASON_HLT:
		return fast_hlt(vcpu);
	case EXIT_REASON_MSR_READ:
		done = fast_rdmsr(vcpu);
		break;
	case EXIT_REASON_CPUID:
		done = fast_cpuid(vcpu);
		break;
	default:
		done = false;
		break;
	}
	if (!done)
		return EXIT_FASTPATH_NONE;
	++to_tdx(vcpu)->stats[TD_VCPU_STAT_FAST_CALLS];
	return EXIT_FASTPATH_REENTER_GUEST;
}

fastpath_t tdx_fastpath(struct kvm_vcpu *vcpu)
{
	fastpath_t ret;

	lockdep_assert_irqs_disabled();

	/* Plain exits only, without a flag of the exit reason or of the status. */
	switch (to_tdx(vcpu)->vp_enter_ret) {
	case EXIT_REASON_TDCALL:
		ret = fast_tdvmcall(vcpu);
		to_tdx(vcpu)->fast_call = ret == EXIT_FASTPATH_REENTER_GUEST;
		return ret;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		return fast_interrupt(vcpu);
	default:
		return EXIT_FASTPATH_NONE;
	}
}
