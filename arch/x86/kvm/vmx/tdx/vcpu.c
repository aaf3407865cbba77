// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's vCPU: its life, KVM_TDX_INIT_VCPU, and the association of a vCPU with
 * the CPU whose caches hold its state.
 *
 * There is no VMCS of KVM's behind a TD's vCPU.  Of struct vcpu_vmx it uses
 * the posted-interrupt descriptor, the exit reason and the host's
 * KERNEL_GS_BASE, and nothing else.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/smp.h>

#include <asm/fpu/api.h>

#include "../../irq.h"
#include "../../lapic.h"
#include "../posted_intr.h"
#include "tdx.h"

/*
 * The vCPUs that the module associates with a CPU, so that they can be
 * flushed when it goes offline.  Changed on that very CPU, interrupts off.
 */
static DEFINE_PER_CPU(struct list_head, associated_vps);

void __init tdx_vcpu_setup(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_LIST_HEAD(&per_cpu(associated_vps, cpu));
}

/* --- association --- */

static void tdx_disassociate(struct vcpu_tdx *tdx)
{
	lockdep_assert_irqs_disabled();

	list_del(&tdx->cpu_list);
	/*
	 * Leave the list before another CPU can see the vCPU as free and put
	 * it on its own.  Pairs with the smp_rmb() in tdx_associate().
	 */
	smp_wmb();
	WRITE_ONCE(tdx->assoc_cpu, -1);
}

static void tdx_associate(struct vcpu_tdx *tdx, int cpu)
{
	local_irq_disable();
	/* Pairs with the smp_wmb() in tdx_disassociate(). */
	smp_rmb();
	list_add(&tdx->cpu_list, &per_cpu(associated_vps, cpu));
	WRITE_ONCE(tdx->assoc_cpu, cpu);
	local_irq_enable();
}

struct tdx_flush_call {
	struct vcpu_tdx *tdx;
	u64 status;
};

static u64 tdx_flush_vp_here(struct vcpu_tdx *tdx)
{
	u64 status = TDX_SUCCESS;

	lockdep_assert_irqs_disabled();

	/* An IPI may come after the CPU flushed the vCPU for another reason. */
	if (tdx->assoc_cpu != raw_smp_processor_id())
		return TDX_SUCCESS;

	/* Another CPU may have the whole TD, for the length of a call. */
	if (tdx->state != TDX_VCPU_NONE)
		status = tdx_call_retried(tdh_vp_flush(&tdx->vp));
	tdx_disassociate(tdx);
	/* KVM associates at load, the module at the first use. */
	return tdx_status_is(status, TDX_VCPU_NOT_ASSOCIATED) ? TDX_SUCCESS : status;
}

static void tdx_flush_vp_ipi(void *arg)
{
	struct tdx_flush_call *call = arg;

	call->status = tdx_flush_vp_here(call->tdx);
}

/* Make the module forget on which CPU the vCPU was. */
void tdx_flush_vp_on_cpu(struct kvm_vcpu *vcpu)
{
	struct tdx_flush_call call = { .tdx = to_tdx(vcpu) };
	int cpu = READ_ONCE(call.tdx->assoc_cpu);

	if (cpu < 0)
		return;
	/* A CPU that has gone offline flushed its vCPUs before it went. */
	smp_call_function_single(cpu, tdx_flush_vp_ipi, &call, 1);
	if (tdx_judge(call.status) != TDX_DONE)
		tdx_broken(to_kvm_tdx(vcpu->kvm), "TDH.VP.FLUSH", call.status, NULL);
}

/* This CPU leaves VMX operation, after which it could flush no more. */
void tdx_flush_vps_of_this_cpu(void)
{
	struct vcpu_tdx *tdx, *next;
	unsigned long flags;
	u64 status;

	local_irq_save(flags);
	list_for_each_entry_safe(tdx, next, this_cpu_ptr(&associated_vps),
				 cpu_list) {
		status = tdx_flush_vp_here(tdx);
		if (tdx_judge(status) != TDX_DONE)
			pr_err("TDH.VP.FLUSH failed: %s (%llx)\n",
			       tdx_status_name(status), status);
	}
	local_irq_restore(flags);
}

void tdx_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	vmx_vcpu_pi_load(vcpu, cpu);

	/* The end of the VM loads vCPUs, but uses none of them any more. */
	if (tdx->assoc_cpu == cpu || to_kvm_tdx(vcpu->kvm)->sept.closing)
		return;
	tdx_flush_vp_on_cpu(vcpu);
	tdx_associate(tdx, cpu);
	/* Its shared translations in this CPU's TLB may be of long ago. */
	kvm_make_request(KVM_REQ_TLB_FLUSH, vcpu);
}

void tdx_vcpu_put(struct kvm_vcpu *vcpu)
{
	vmx_vcpu_pi_put(vcpu);
	tdx_prepare_switch_to_host(vcpu);
}

/* --- life --- */

/* Called with kvm->lock held. */
int tdx_vcpu_precreate(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	lockdep_assert_held(&kvm->lock);

	if (td_state(kvm_tdx) != TD_S_INITIALIZED)
		return -EIO;
	/*
	 * The module keeps the EOI bitmap to itself, so nothing tells a model
	 * of the I/O APIC in the kernel about EOIs.
	 */
	if (!irqchip_split(kvm))
		return -EINVAL;

	/* Fixed by the TD; KVM_SET_TSC_KHZ may have come after INIT_VM. */
	kvm->arch.default_tsc_khz = kvm_tdx->tsc_khz;
	/* Performance counters of a TD would be the module's to offer. */
	kvm->arch.enable_pmu = false;
	return 0;
}

int tdx_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	/* The irqchip cannot change once precreate has seen it. */
	if (!lapic_in_kernel(vcpu))
		return -EINVAL;

	INIT_LIST_HEAD(&tdx->vmx.pi_wakeup_list);
	INIT_LIST_HEAD(&tdx->cpu_list);
	tdx->assoc_cpu = -1;
	tdx->state = TDX_VCPU_NONE;

	/* Interrupts wait in the descriptor until the first vcpu_load(). */
	tdx->vmx.pi_desc.nv = POSTED_INTR_VECTOR;
	__pi_set_sn(&tdx->vmx.pi_desc);

	fpstate_set_confidential(&vcpu->arch.guest_fpu);
	vcpu->arch.guest_state_protected = true;
	/* What a TD starts with; the module keeps any change to itself. */
	vcpu->arch.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	/*
	 * A TD with AMX writes XFD by itself.  vcpu_enter_guest() reads the MSR
	 * after each exit then, so that the kernel's copy is not stale.
	 */
	if ((to_kvm_tdx(vcpu->kvm)->xfam & XFEATURE_MASK_XTILE) ==
	    XFEATURE_MASK_XTILE)
		vcpu->arch.xfd_no_write_intercept = true;
	return 0;
}

static void tdx_free_vp_pages(struct vcpu_tdx *tdx)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(tdx->vmx.vcpu.kvm);
	unsigned int i;

	for (i = 0; i < tdx->vp.nr_tdcx; i++) {
		if (!tdx_reclaim_page(kvm_tdx, tdx->vp.tdcx[i]))
			tdx_free_page(tdx->vp.tdcx[i]);
	}
	kfree(tdx->vp.tdcx);
	tdx->vp.tdcx = NULL;
	tdx->vp.nr_tdcx = 0;

	if (tdx->vp.tdvpr && !tdx_reclaim_page(kvm_tdx, tdx->vp.tdvpr))
		tdx_free_page(tdx->vp.tdvpr);
	tdx->vp.tdvpr = NULL;
}

void tdx_vcpu_free(struct kvm_vcpu *vcpu)
{
	/* vcpu_load() after the KeyID is gone associates no more. */
	tdx_flush_vp_on_cpu(vcpu);
	sept_free_cache(vcpu);
	tdx_free_vp_pages(to_tdx(vcpu));
}

/* --- time --- */

/* Whatever KVM has computed: the TD's TSC was fixed by TDH.MNG.INIT. */
void tdx_write_tsc(struct kvm_vcpu *vcpu)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);

	vcpu->arch.l1_tsc_offset = kvm_tdx->tsc_offset;
	vcpu->arch.tsc_offset = kvm_tdx->tsc_offset;
	vcpu->arch.l1_tsc_scaling_ratio = kvm_tdx->tsc_multiplier;
	vcpu->arch.tsc_scaling_ratio = kvm_tdx->tsc_multiplier;
}

/* --- KVM_TDX_INIT_VCPU --- */

/* The pages of the vCPU that the module does not have. */
static void tdx_vp_free_unused(struct tdx_vp *vp, unsigned int nr)
{
	unsigned int i;

	for (i = vp->nr_tdcx; vp->tdcx && i < nr && vp->tdcx[i]; i++) {
		tdx_free_page(vp->tdcx[i]);
		vp->tdcx[i] = NULL;
	}
}

static void tdx_vp_free(struct tdx_vp *vp, unsigned int nr)
{
	tdx_vp_free_unused(vp, nr);
	kfree(vp->tdcx);
	if (vp->tdvpr)
		tdx_free_page(vp->tdvpr);
	memset(vp, 0, sizeof(*vp));
}

static int tdx_vp_alloc(struct tdx_vp *vp, unsigned int nr)
{
	unsigned int i;

	vp->tdcx = kcalloc(nr, sizeof(*vp->tdcx), GFP_KERNEL_ACCOUNT);
	vp->tdvpr = tdx_alloc_page(GFP_KERNEL_ACCOUNT);
	if (!vp->tdcx || !vp->tdvpr)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		vp->tdcx[i] = tdx_alloc_page(GFP_KERNEL_ACCOUNT);
		if (!vp->tdcx[i])
			return -ENOMEM;
	}
	return 0;
}

/*
 * The module gives no page of a vCPU back before the TD ends, so have all of
 * them before it gets the first: without memory user space can try again.
 */
static int tdx_vp_create(struct vcpu_tdx *tdx)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(tdx->vmx.vcpu.kvm);
	unsigned int nr = tdx_host_sysinfo()->tdvps_size / PAGE_SIZE - 1;
	u64 status;

	if (tdx_vp_alloc(&tdx->vp, nr)) {
		tdx_vp_free(&tdx->vp, nr);
		return -ENOMEM;
	}

	status = tdx_call_retried(tdh_vp_create(&kvm_tdx->td, &tdx->vp));
	if (tdx_judge(status) != TDX_DONE) {
		tdx_vp_free(&tdx->vp, nr);
		return tdx_broken(kvm_tdx, "TDH.VP.CREATE", status, NULL);
	}

	/* vp->nr_tdcx counts the pages given. */
	while (tdx->vp.nr_tdcx < nr) {
		status = tdx_call_retried(tdh_vp_addcx(&tdx->vp,
						       tdx->vp.tdcx[tdx->vp.nr_tdcx]));
		if (tdx_judge(status) != TDX_DONE) {
			tdx_vp_free_unused(&tdx->vp, nr);
			return tdx_broken(kvm_tdx, "TDH.VP.ADDCX", status, NULL);
		}
		tdx->vp.nr_tdcx++;
	}
	return 0;
}

static int tdx_vp_write(struct vcpu_tdx *tdx, u64 field, u64 data, u64 mask)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(tdx->vmx.vcpu.kvm);
	u64 status = tdx_call_retried(tdh_vp_wr(&tdx->vp, field, data, mask));

	if (tdx_judge(status) == TDX_DONE)
		return 0;
	return tdx_broken(kvm_tdx, "TDH.VP.WR", status, NULL);
}

/* What KVM_CAP_X86_NOTIFY_VMEXIT and KVM_CAP_X86_BUS_LOCK_EXIT ask for. */
static int tdx_vp_configure_exits(struct vcpu_tdx *tdx)
{
	struct kvm *kvm = tdx->vmx.vcpu.kvm;
	u32 exits = 0;
	int ret = 0;

	if (kvm_notify_vmexit_enabled(kvm)) {
		exits |= SECONDARY_EXEC_NOTIFY_VM_EXITING;
		ret = tdx_vp_write(tdx, TDVPS_VMCS32(NOTIFY_WINDOW),
				   kvm->arch.notify_window, GENMASK_ULL(31, 0));
	}
	if (kvm->arch.bus_lock_detection_enabled)
		exits |= SECONDARY_EXEC_BUS_LOCK_DETECTION;
	if (!ret && exits)
		ret = tdx_vp_write(tdx, TDVPS_VMCS32(SECONDARY_VM_EXEC_CONTROL),
				   exits, exits);
	return ret;
}

/* The few fields of the TD's VMCS that are the host's to set. */
static int tdx_vp_configure(struct vcpu_tdx *tdx)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(tdx->vmx.vcpu.kvm);
	int ret;

	ret = tdx_vp_write(tdx, TDVPS_VMCS16(POSTED_INTR_NV), POSTED_INTR_VECTOR,
			   GENMASK_ULL(15, 0));
	if (!ret)
		ret = tdx_vp_write(tdx, TDVPS_VMCS64(POSTED_INTR_DESC_ADDR),
				   __pa(&tdx->vmx.pi_desc), GENMASK_ULL(63, 6));
	if (!ret)
		ret = tdx_vp_write(tdx, TDVPS_VMCS32(PIN_BASED_VM_EXEC_CONTROL),
				   PIN_BASED_POSTED_INTR, PIN_BASED_POSTED_INTR);
	if (!ret)
		ret = tdx_vp_write(tdx, TDVPS_VMCS64(SHARED_EPT_POINTER),
				   page_to_phys(kvm_tdx->shared_root),
				   GENMASK_ULL(51, 12));
	if (!ret)
		ret = tdx_vp_configure_exits(tdx);
	return ret;
}

static int tdx_vp_init(struct vcpu_tdx *tdx, u64 initial_rcx)
{
	struct kvm_vcpu *vcpu = &tdx->vmx.vcpu;
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	u64 status;

	/*
	 * TDH.VP.INIT wants the TDR for itself: keep zaps out for the while.
	 * A CPU that goes offline is all that can use it now.
	 */
	write_lock(&vcpu->kvm->mmu_lock);
	status = tdx_call_retried(tdh_vp_init(&tdx->vp, initial_rcx,
					      vcpu->vcpu_id));
	write_unlock(&vcpu->kvm->mmu_lock);

	if (tdx_judge(status) == TDX_DONE)
		return 0;
	return tdx_broken(kvm_tdx, "TDH.VP.INIT", status, NULL);
}

/*
 * The module offers an x2APIC only, and starts the vCPU with it enabled.  Base
 * KVM draws its map of all APICs anew for that, in kvm_recalculate_apic_map().
 * Without the memory it inhibits APICv instead, until the next change; a TD that
 * ran meanwhile would be dead.  So change the base back, which has the map drawn
 * once more, and have user space repeat the command.
 */
static int tdx_vcpu_enable_x2apic(struct kvm_vcpu *vcpu)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	bool want_apicv = kvm_apicv_activated(vcpu->kvm) || kvm_tdx->apic_map_lost;
	u64 old = vcpu->arch.apic_base;
	struct msr_data base = {
		.index = MSR_IA32_APICBASE,
		.host_initiated = true,
		.data = APIC_DEFAULT_PHYS_BASE | LAPIC_MODE_X2APIC |
			(old & MSR_IA32_APICBASE_BSP),
	};

	lockdep_assert_held(&vcpu->kvm->lock);

	/* Fails if the VMM's CPUID for the vCPU has no x2APIC. */
	if (kvm_set_msr_common(vcpu, &base))
		return -EINVAL;
	if (!want_apicv || kvm_apicv_activated(vcpu->kvm)) {
		kvm_tdx->apic_map_lost = false;
		return 0;
	}

	base.data = old;
	kvm_set_msr_common(vcpu, &base);
	kvm_tdx->apic_map_lost = !kvm_apicv_activated(vcpu->kvm);
	return -ENOMEM;
}

int tdx_vcpu_init(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret;

	lockdep_assert_held(&vcpu->kvm->lock);

	if (td_state(to_kvm_tdx(vcpu->kvm)) != TD_S_INITIALIZED ||
	    tdx->state != TDX_VCPU_NONE || tdx->vp.tdvpr)
		return -EINVAL;

	ret = tdx_vcpu_enable_x2apic(vcpu);
	if (ret)
		return ret;
	ret = tdx_vp_create(tdx);
	if (ret)
		return ret;
	/*
	 * TDH.VP.INIT associates the vCPU with this CPU, and this thread may be
	 * moved right after it: have tdx_vcpu_load() flush from here on.  The
	 * scheduler's locks make the store visible to the CPU that flushes.
	 */
	tdx->state = TDX_VCPU_INITIALIZING;
	ret = tdx_vp_init(tdx, cmd->data);
	if (ret)
		return ret;
	ret = tdx_vp_configure(tdx);
	if (ret)
		return ret;
	tdx->state = TDX_VCPU_INITIALIZED;

	/* Every vCPU of a TD starts at once; the firmware sorts them out. */
	vcpu->arch.mp_state = KVM_MP_STATE_RUNNABLE;
	return 0;
}
