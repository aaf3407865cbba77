// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens after a TD exit, with interrupts on.  As for any VM: 1 goes
 * back to the guest, 0 to user space with kvm_run filled in, less is an error
 * of KVM_RUN itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>

#include "../../x86.h"
#include "../../trace.h"
#include "tdx.h"

/* Neither guest nor VMM can be asked to deal with it: report the raw status. */
static int tdx_exit_unexpected(struct kvm_vcpu *vcpu)
{
	u64 status = to_tdx(vcpu)->vp_enter_ret;

	pr_warn_ratelimited("vCPU %u: unexpected exit: %s (%llx)\n",
			    vcpu->vcpu_id, tdx_status_name(status), status);

	vcpu->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	vcpu->run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
	vcpu->run->internal.ndata = 2;
	vcpu->run->internal.data[0] = status;
	vcpu->run->internal.data[1] = vcpu->arch.last_vmentry_cpu;
	return 0;
}

/*
 * What no module lets happen, whatever guest and VMM do.  kvm_vm_bugged() without
 * KVM_BUG_ON()'s warning: a fault of the module's is none of KVM's code.
 */
static int tdx_exit_bug(struct kvm_vcpu *vcpu, const char *what)
{
	pr_err_ratelimited("vCPU %u: %s (%llx), gpa %llx; the TD is dead\n",
			   vcpu->vcpu_id, what, to_tdx(vcpu)->vp_enter_ret,
			   to_tdx(vcpu)->exit_gpa);
	kvm_vm_bugged(vcpu->kvm);
	return -EIO;
}

static int tdx_exit_fail_entry(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	vcpu->run->fail_entry.hardware_entry_failure_reason =
		to_vmx(vcpu)->exit_reason.full;
	vcpu->run->fail_entry.cpu = vcpu->arch.last_vmentry_cpu;
	return 0;
}

static int tdx_exit_shutdown(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	vcpu->mmio_needed = 0;
	return 0;
}

/* TDH.VP.ENTER ran no guest code, or the vCPU can run none any more. */
static int tdx_exit_failed(struct kvm_vcpu *vcpu)
{
	u64 status = to_tdx(vcpu)->vp_enter_ret;

	/*
	 * Lost a lock to a zap or to TRACK.  Go through the run loop, which
	 * sees to requests and signals before it tries again.
	 */
	if (tdx_judge(status) == TDX_RETRY)
		return 1;
	/* The guest waited long for an entry that the host wanted first. */
	if (tdx_status_is(status, TDX_HOST_PRIORITY_BUSY_TIMEOUT))
		return 1;
	/* There is no module, or it was shut down: the host reboots, for one. */
	if (tdx_status_is(status, TDX_SW_ERROR) ||
	    tdx_status_is(status, TDX_SYS_SHUTDOWN))
		return -EIO;
	return tdx_exit_unexpected(vcpu);
}

static u64 tdx_pferr(u64 exit_qual)
{
	u64 error_code = PFERR_GUEST_FINAL_MASK;

	if (exit_qual & EPT_VIOLATION_ACC_READ)
		error_code |= PFERR_USER_MASK;
	if (exit_qual & EPT_VIOLATION_ACC_WRITE)
		error_code |= PFERR_WRITE_MASK;
	if (exit_qual & EPT_VIOLATION_RWX_MASK)
		error_code |= PFERR_PRESENT_MASK;
	return error_code;
}

/*
 * kvm_mmu_do_page_fault() counts and traces the faults of the shared half and
 * of other VMs.  A private page is mapped with all permissions however the guest
 * accessed it, which makes each fault one for writing.
 */
static int tdx_exit_private_fault(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret;

	trace_kvm_page_fault(vcpu, tdx->exit_gpa, EPT_VIOLATION_ACC_WRITE);
	++vcpu->stat.pf_taken;
	ret = tdx_fault(vcpu, tdx->exit_gpa, tdx->exit_qual, tdx->ext_exit_qual);
	if (ret == 1)
		++vcpu->stat.pf_fixed;
	return ret;
}

static int tdx_exit_ept_violation(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	gpa_t shared = tdx_shared_bit(to_kvm_tdx(vcpu->kvm));
	int ret;

	if (!(tdx->exit_gpa & shared))
		return tdx_exit_private_fault(vcpu);

	/* The module lets no TD fetch instructions from shared memory. */
	if (tdx->exit_qual & EPT_VIOLATION_ACC_INSTR)
		return tdx_exit_bug(vcpu, "fetch from shared memory");

	trace_kvm_page_fault(vcpu, tdx->exit_gpa, tdx->exit_qual);
	td_count(vcpu->kvm, TD_STAT_SHARED_FAULTS);
	ret = kvm_mmu_page_fault(vcpu, tdx->exit_gpa & ~shared,
				 tdx_pferr(tdx->exit_qual), NULL, 0);
	/* The fault may have been the first in its part of the root. */
	tdx_shared_sync(vcpu);
	return ret;
}

static int tdx_exit_exception(struct kvm_vcpu *vcpu)
{
	u32 info = to_tdx(vcpu)->exit_intr_info;

	/* Both were served right after the exit. */
	if (is_nmi(info) || is_machine_check(info))
		return 1;
	/*
	 * Of a debug TD alone, as all that follow: KVM_TDX_DEBUG_SET_CONTROL.
	 * Base KVM's is_breakpoint() is no help: INT3 is a software exception.
	 */
	if ((info & INTR_INFO_VECTOR_MASK) == BP_VECTOR &&
	    td_is_debug(to_kvm_tdx(vcpu->kvm)))
		return tdx_debug_exit(vcpu, BP_VECTOR);

	vcpu->run->exit_reason = KVM_EXIT_EXCEPTION;
	vcpu->run->ex.exception = info & INTR_INFO_VECTOR_MASK;
	vcpu->run->ex.error_code = 0;
	return 0;
}

/* As handle_notify(); the module has put NMI blocking right. */
static int tdx_exit_notify(struct kvm_vcpu *vcpu)
{
	bool invalid = to_tdx(vcpu)->exit_qual & NOTIFY_VM_CONTEXT_INVALID;

	++vcpu->stat.notify_window_exits;
	if (!invalid && !(vcpu->kvm->arch.notify_vmexit_flags &
			  KVM_X86_NOTIFY_VMEXIT_USER))
		return 1;

	vcpu->run->exit_reason = KVM_EXIT_NOTIFY;
	vcpu->run->notify.flags = invalid ? KVM_NOTIFY_CONTEXT_INVALID : 0;
	return 0;
}

static int tdx_exit_by_reason(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	switch (tdx->vmx.exit_reason.basic) {
	case EXIT_REASON_TDCALL:
		return tdx_handle_tdvmcall(vcpu);
	case EXIT_REASON_EPT_VIOLATION:
		return tdx_exit_ept_violation(vcpu);
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		++vcpu->stat.irq_exits;
		return 1;
	case EXIT_REASON_EXCEPTION_NMI:
		return tdx_exit_exception(vcpu);
	case EXIT_REASON_MONITOR_TRAP_FLAG:
		if (!td_is_debug(to_kvm_tdx(vcpu->kvm)))
			return tdx_exit_unexpected(vcpu);
		return tdx_debug_exit(vcpu, DB_VECTOR);
	case EXIT_REASON_OTHER_SMI:
	case EXIT_REASON_INIT_SIGNAL:
		/* The host's own, and served by now. */
		return 1;
	case EXIT_REASON_NOTIFY:
		return tdx_exit_notify(vcpu);
	case EXIT_REASON_BUS_LOCK:
		/* Hardware need not set the flag for this reason. */
		tdx->vmx.exit_reason.bus_lock_detected = true;
		return 1;
	case EXIT_REASON_EPT_MISCONFIG:
		/* KVM makes no entry for a TD that is misconfigured. */
		return tdx_exit_bug(vcpu, "EPT misconfiguration");
	default:
		return tdx_exit_unexpected(vcpu);
	}
}

static int tdx_exit_dispatch(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	/* By far the most, with no flag of the reason or of the status. */
	if (likely(tdx->vp_enter_ret == EXIT_REASON_TDCALL))
		return tdx_handle_tdvmcall(vcpu);
	if (tdx->vmx.exit_reason.failed_vmentry)
		return tdx_exit_fail_entry(vcpu);
	/* Whether or not the module lets the vCPU run again. */
	if (tdx->vmx.exit_reason.basic == EXIT_REASON_TRIPLE_FAULT)
		return tdx_exit_shutdown(vcpu);
	if (tdx->vp_enter_ret &
	    (TDX_STATUS_ERROR_BIT | TDX_STATUS_NON_RECOVERABLE_BIT))
		return tdx_exit_failed(vcpu);
	return tdx_exit_by_reason(vcpu);
}

int tdx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
{
	int ret;

	if (fastpath != EXIT_FASTPATH_NONE)
		return 1;
	ret = tdx_exit_dispatch(vcpu);

	/* Any exit may say that the guest locked the bus before it. */
	if (to_vmx(vcpu)->exit_reason.bus_lock_detected) {
		if (ret > 0) {
			vcpu->run->exit_reason = KVM_EXIT_X86_BUS_LOCK;
			ret = 0;
		}
		vcpu->run->flags |= KVM_RUN_X86_BUS_LOCK;
	}
	return ret;
}

/* For the tracepoints. */
void tdx_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1,
		       u64 *info2, u32 *intr_info, u32 *error_code)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	*reason = tdx->vmx.exit_reason.full;
	*info1 = tdx->vmx.exit_qualification;
	*info2 = tdx->ext_exit_qual;
	*intr_info = tdx->exit_intr_info;
	*error_code = 0;
}
