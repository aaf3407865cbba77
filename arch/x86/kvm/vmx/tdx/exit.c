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
	if (tdx_status_is(status, TDX_NON_RECOVERABLE_VCPU) &&
	    (u16)status == EXIT_REASON_TRIPLE_FAULT)
		return tdx_exit_shutdown(vcpu);
	/* The SEAMCALL did not reach a module: the host reboots, for one. */
	if (tdx_status_is(status, TDX_SW_ERROR))
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

static int tdx_exit_ept_violation(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	gpa_t shared = tdx_shared_bit(to_kvm_tdx(vcpu->kvm));
	int ret;

	if (!(tdx->exit_gpa & shared))
		return tdx_fault(vcpu, tdx->exit_gpa, tdx->exit_qual,
				 tdx->ext_exit_qual);

	/* The module lets no TD fetch instructions from shared memory. */
	if (tdx->exit_qual & EPT_VIOLATION_ACC_INSTR)
		return tdx_exit_unexpected(vcpu);

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
	return tdx_exit_unexpected(vcpu);
}

int tdx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	if (fastpath != EXIT_FASTPATH_NONE)
		return 1;
	if (tdx->vp_enter_ret &
	    (TDX_STATUS_ERROR_BIT | TDX_STATUS_NON_RECOVERABLE_BIT))
		return tdx_exit_failed(vcpu);

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
	case EXIT_REASON_OTHER_SMI:
	case EXIT_REASON_INIT_SIGNAL:
		/* The host's own, and served by now. */
		return 1;
	case EXIT_REASON_TRIPLE_FAULT:
		return tdx_exit_shutdown(vcpu);
	default:
		/* EPT misconfiguration included: KVM makes none for a TD. */
		return tdx_exit_unexpected(vcpu);
	}
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
