// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDVMCALLs that are answered inside of vcpu_enter_guest()'s loop: interrupts
 * off, kvm->srcu not held, the vCPU still IN_GUEST_MODE.  Base KVM looks at
 * requests, signals and the scheduler's wishes before it enters the guest again,
 * so a guest that calls on and on holds up nothing.
 *
 * What is not certain to be short, or needs more, goes the slow way: tdvmcall.c
 * has every call.
 */
#include <linux/kvm_host.h>

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
	return ret;
}

fastpath_t tdx_fastpath(struct kvm_vcpu *vcpu)
{
	const struct tdx_module_args *a = &to_tdx(vcpu)->args;
	bool done;

	lockdep_assert_irqs_disabled();

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
	return done ? EXIT_FASTPATH_REENTER_GUEST : EXIT_FASTPATH_NONE;
}
