// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.ko's side of the calls from base KVM into TDX: find out whether a VM is
 * a TD, and pass the call on to the table that kvm-intel.ko registered.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/nospec.h>

#include <asm/tsc.h>

#include "irq.h"
#include "lapic.h"
#include "mmu.h"
#include "trace.h"
#include "x86.h"
#include "xen.h"
#include "kvm_tdx_hooks.h"

MODULE_VERSION(KVM_TDX_VERSION);

/*
 * Set before the first TD can exist and cleared after the last one is gone: a
 * VM holds a reference to kvm-intel.ko, and only that module creates TDs.  So
 * whoever has a TD sees the table, and the table outlives the call.
 */
static const struct kvm_tdx_hooks *kvm_tdx_hooks;

void kvm_tdx_register_hooks(const struct kvm_tdx_hooks *hooks)
{
	/* Pairs with smp_load_acquire() in kvm_tdx_hooks_of(). */
	smp_store_release(&kvm_tdx_hooks, hooks);
}
EXPORT_SYMBOL_GPL(kvm_tdx_register_hooks);

/* kvm.ko keeps the flag to itself. */
bool kvm_tdx_has_tdp_mmu(void)
{
	return tdp_mmu_enabled;
}
EXPORT_SYMBOL_GPL(kvm_tdx_has_tdp_mmu);

const struct kvm_tdx_hooks *kvm_tdx_hooks_of(struct kvm *kvm)
{
	if (likely(!kvm_is_td(kvm)))
		return NULL;

	/* Pairs with smp_store_release() in kvm_tdx_register_hooks(). */
	return smp_load_acquire(&kvm_tdx_hooks);
}

/* Returns true if base KVM has nothing left to unmap. */
bool kvm_tdx_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);

	if (!hooks)
		return false;

	lockdep_assert_held_write(&kvm->mmu_lock);

	/* No filter at all asks for both kinds: a slot that is deleted. */
	if (range->attr_filter && !(range->attr_filter & KVM_FILTER_PRIVATE))
		return false;

	hooks->zap_private(kvm, range->start, range->end, !range->attr_filter);
	return range->attr_filter == KVM_FILTER_PRIVATE;
}

void kvm_tdx_unpark(struct kvm *kvm)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);

	if (hooks)
		hooks->unpark(kvm);
}

void kvm_tdx_vm_close(struct kvm *kvm)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);

	if (hooks)
		hooks->vm_close(kvm);
}

void kvm_tdx_vcpu_close(struct kvm *kvm)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);

	if (hooks)
		hooks->vcpu_close(kvm);
}

void kvm_tdx_flush_shadow_all(struct kvm *kvm)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);

	if (hooks)
		hooks->flush_shadow_all(kvm);
}

void kvm_tdx_gmem_close(struct kvm *kvm)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);

	if (hooks)
		hooks->gmem_close(kvm);
}

/* Returns bytes mapped, -errno, or 0 if base KVM shall map a shared page. */
long kvm_tdx_pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(vcpu->kvm);

	return hooks ? hooks->pre_fault(vcpu, range) : 0;
}

long kvm_tdx_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm_vcpu *vcpu = filp->private_data;
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(vcpu->kvm);

	if (!hooks)
		return -ENOIOCTLCMD;

	switch (ioctl) {
	case KVM_MEMORY_ENCRYPT_OP:
		return hooks->vcpu_ioctl(vcpu, (void __user *)arg);
	case KVM_SET_TSC_KHZ:
		/* The module runs the TSC, at one frequency for the whole TD. */
		return -EINVAL;
	default:
		return -ENOIOCTLCMD;
	}
}

/*
 * A TD needs a split irqchip: the module keeps the EOI bitmap to itself, and a
 * model of the I/O APIC in the kernel has to hear of EOIs.
 */
static int kvm_tdx_create_irqchip(struct kvm *kvm)
{
	int ret;

	mutex_lock(&kvm->lock);
	ret = irqchip_in_kernel(kvm) ? -EEXIST : -ENOTTY;
	mutex_unlock(&kvm->lock);
	return ret;
}

/* 0 asks for the host's frequency; once there are vCPUs, they have theirs. */
static int kvm_tdx_set_tsc_khz(struct kvm *kvm, u32 khz)
{
	int ret = -EINVAL;

	if (kvm_caps.has_tsc_control && khz >= kvm_caps.max_guest_tsc_khz)
		return -EINVAL;

	mutex_lock(&kvm->lock);
	if (!kvm->created_vcpus) {
		WRITE_ONCE(kvm->arch.default_tsc_khz, khz ?: tsc_khz);
		ret = 0;
	}
	mutex_unlock(&kvm->lock);
	return ret;
}

/* -ENOIOCTLCMD: base KVM's answer is good for a TD as well. */
int kvm_tdx_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm *kvm = filp->private_data;

	if (likely(!kvm_is_td(kvm)))
		return -ENOIOCTLCMD;

	switch (ioctl) {
	case KVM_CREATE_IRQCHIP:
		return kvm_tdx_create_irqchip(kvm);
	case KVM_SET_TSC_KHZ:
		return kvm_tdx_set_tsc_khz(kvm, arg);
	default:
		return -ENOIOCTLCMD;
	}
}

/* The VMM may say that a TD has no PMU of KVM's, not that it has one. */
bool kvm_tdx_refuses_cap(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	return kvm_is_td(kvm) && cap->cap == KVM_CAP_PMU_CAPABILITY &&
	       cap->args[0] != KVM_PMU_CAP_DISABLE;
}

/* @kvm is NULL when /dev/kvm asks. */
int kvm_tdx_max_vcpus(struct kvm *kvm)
{
	return kvm && kvm_is_td(kvm) ? kvm->max_vcpus : KVM_MAX_VCPUS;
}

/*
 * What vcpu_enter_guest() does about obsolete roots, for who maps without it.
 * 0, or the errno of kvm_mmu_load().
 */
int kvm_tdx_refresh_root(struct kvm_vcpu *vcpu)
{
	if (kvm_check_request(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, vcpu))
		kvm_mmu_free_obsolete_roots(vcpu);
	return kvm_mmu_reload(vcpu);
}

/*
 * A TD has no SMM.  A vCPU that base KVM takes for one in SMM has memory slots
 * and a root of its own.
 */
bool kvm_tdx_refuses_events(struct kvm_vcpu *vcpu,
			    const struct kvm_vcpu_events *events)
{
	return kvm_is_td(vcpu->kvm) &&
	       events->flags & KVM_VCPUEVENT_VALID_SMM &&
	       (events->smi.smm || events->smi.pending ||
		events->smi.smm_inside_nmi);
}

/* --- for the fast path of a TD's vCPU --- */

#define X2APIC_ICR	(APIC_BASE_MSR + (APIC_ICR >> 4))

/*
 * What kvm_x2apic_icr_write() does for an edge-triggered interrupt to one vCPU by
 * its id: fixed, physical and without a shorthand are zeros.  Other kinds may go to
 * all vCPUs, or mean more than an interrupt.  Returns false, nothing done, for
 * these, and where the map of APICs does not lead to the vCPU.
 */
static bool icr_write_irqoff(struct kvm_lapic *apic, u64 icr)
{
	struct kvm_lapic_irq irq = {
		.vector = icr & APIC_VECTOR_MASK,
		.delivery_mode = APIC_DM_FIXED,
		.dest_mode = APIC_DEST_PHYSICAL,
		.level = !!(icr & APIC_INT_ASSERT),
		.dest_id = icr >> 32,
	};
	struct kvm_lapic *dest = NULL;
	struct kvm_apic_map *map;

	if ((u32)icr & ~(APIC_VECTOR_MASK | APIC_INT_ASSERT) ||
	    irq.dest_id == APIC_BROADCAST || !apic_x2apic_mode(apic))
		return false;

	rcu_read_lock();
	map = rcu_dereference(apic->vcpu->kvm->arch.apic_map);
	if (map && irq.dest_id <= map->max_apic_id)
		dest = map->phys_map[array_index_nospec(irq.dest_id,
							map->max_apic_id + 1)];
	if (dest) {
		trace_kvm_apic_ipi((u32)icr, irq.dest_id);
		kvm_apic_set_irq(dest->vcpu, &irq, NULL);
		*(u64 *)(apic->regs + APIC_ICR) = icr;
		trace_kvm_apic_write(APIC_ICR, icr);
	}
	rcu_read_unlock();
	return dest;
}

/*
 * What vcpu_run() sees to before a vCPU enters its guest again, as far as a TD can
 * have it.  Returns false if vcpu_run() has to.
 */
bool kvm_tdx_before_reentry(struct kvm_vcpu *vcpu)
{
	lockdep_assert_irqs_disabled();

	if (READ_ONCE(vcpu->run->request_interrupt_window) ||
	    kvm_xen_timer_enabled(vcpu) || kvm_xen_has_pending_events(vcpu))
		return false;
	kvm_clear_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_inject_apic_timer_irqs(vcpu);
	return true;
}
EXPORT_SYMBOL_GPL(kvm_tdx_before_reentry);

/*
 * What kvm_emulate_wrmsr() does, for the MSRs that are written most, with
 * interrupts off.  A TD's timer is an hrtimer, which is as good for that as the
 * preemption timer: its callback takes no lock and waits for nobody, and runs
 * in hard interrupt context.  Returns false, nothing done, for kvm_emulate_wrmsr()
 * to see to it, errors and user space's filter with it.
 */
bool kvm_tdx_wrmsr_irqoff(struct kvm_vcpu *vcpu, u64 index, u64 data)
{
	lockdep_assert_irqs_disabled();

	if (index == X2APIC_ICR) {
		if (!icr_write_irqoff(vcpu->arch.apic, data))
			return false;
	} else if (index == MSR_IA32_TSC_DEADLINE) {
		/* Filters do not apply to the x2APIC's registers. */
		if (!kvm_msr_allowed(vcpu, index, KVM_MSR_FILTER_WRITE))
			return false;
		kvm_set_lapic_tscdeadline_msr(vcpu, data);
	} else {
		return false;
	}
	trace_kvm_msr_write(index, data);
	return true;
}
EXPORT_SYMBOL_GPL(kvm_tdx_wrmsr_irqoff);

/* kvm_cpuid()'s tracepoint, which kvm.ko keeps to itself. */
void kvm_tdx_trace_cpuid(u32 leaf, u32 subleaf, u32 eax, u32 ebx, u32 ecx,
			 u32 edx)
{
	trace_kvm_cpuid(leaf, subleaf, eax, ebx, ecx, edx, true, false);
}
EXPORT_SYMBOL_GPL(kvm_tdx_trace_cpuid);

/* --- port I/O --- */

static void pio_to_user(struct kvm_vcpu *vcpu, u16 port, u8 size, bool in, u32 val)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = in ? KVM_EXIT_IO_IN : KVM_EXIT_IO_OUT;
	run->io.size = size;
	run->io.port = port;
	run->io.count = 1;
	run->io.data_offset = KVM_PIO_PAGE_OFFSET * PAGE_SIZE;
	*(u32 *)vcpu->arch.pio_data = val;
}

/*
 * kvm_fast_pio() without RAX, RIP and an instruction to skip.  True if a device
 * of the kernel's has served it; false, with kvm_run filled in, if user space has
 * to.  @val is the value written, or read.
 */
bool kvm_tdx_pio(struct kvm_vcpu *vcpu, u16 port, u8 size, bool in, u32 *val)
{
	int ret;

	if (in)
		ret = kvm_io_bus_read(vcpu, KVM_PIO_BUS, port, size, val);
	else
		ret = kvm_io_bus_write(vcpu, KVM_PIO_BUS, port, size, val);
	if (!in || !ret)
		trace_kvm_pio(in ? KVM_PIO_IN : KVM_PIO_OUT, port, size, 1, val);
	if (ret)
		pio_to_user(vcpu, port, size, in, *val);
	return !ret;
}
EXPORT_SYMBOL_GPL(kvm_tdx_pio);

/* What user space has read for the vCPU, and may be changing at this moment. */
u32 kvm_tdx_pio_in_done(struct kvm_vcpu *vcpu, u16 port, u8 size)
{
	u32 val = READ_ONCE(*(u32 *)vcpu->arch.pio_data);

	if (size < sizeof(val))
		val &= GENMASK(size * BITS_PER_BYTE - 1, 0);
	trace_kvm_pio(KVM_PIO_IN, port, size, 1, &val);
	return val;
}
EXPORT_SYMBOL_GPL(kvm_tdx_pio_in_done);
