// SPDX-License-Identifier: GPL-2.0-only
//
// The local APIC of a TD cannot be read or written, and a TD may have fewer
// vCPUs than an ordinary VM.  Its dirty pages are found by write protection.
//
// No vCPU of a TD is put into SMM.
//
// Calls on a VM and capabilities that are not for a TD get their answer first.
//
// A slot may want pages that a deleted one had.
//
// And kvm_vcpu_has_events() and the values of user-return MSRs, which 6.12 keeps
// static.
//
// base: arch/x86/kvm/x86.c
// expect: 1 kvm_tdx_hooks.h
// expect: 3 kvm_is_td
// expect: 1 kvm_tdx_max_vcpus
// expect: 1 kvm_tdx_refuses_events
// expect: 1 kvm_tdx_vm_ioctl
// expect: 1 kvm_tdx_refuses_cap
// expect: 1 bool kvm_tdx_vcpu_has_events
// expect: 1 kvm_tdx_unpark
// expect: 1 void kvm_tdx_restore_user_return_msrs

@@ @@
 #include "x86.h"
+#include "kvm_tdx_hooks.h"

@@
identifier fn = { kvm_vcpu_ioctl_get_lapic, kvm_vcpu_ioctl_set_lapic };
identifier vcpu, s;
@@
 static int fn(struct kvm_vcpu *vcpu, struct kvm_lapic_state *s)
 {
+	if (kvm_is_td(vcpu->kvm))
+		return -EINVAL;
 ...
 }

@@
identifier kvm, ext, r;
@@
 int kvm_vm_ioctl_check_extension(struct kvm *kvm, long ext)
 {
 <+...
-	r = KVM_MAX_VCPUS;
+	r = kvm_tdx_max_vcpus(kvm);
 ...+>
 }

@@
statement S1, S2;
identifier kvm;
@@
 kvm_mmu_slot_apply_flags(struct kvm *kvm, ...)
 {
 <+...
 if (
-kvm_x86_ops.cpu_dirty_log_size
+kvm_x86_ops.cpu_dirty_log_size && !kvm_is_td(kvm)
 ) S1 else S2
 ...+>
 }

@@
identifier vcpu, events;
statement S;
@@
 static int kvm_vcpu_ioctl_x86_set_vcpu_events(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events)
 {
+	if (kvm_tdx_refuses_events(vcpu, events))
+		return -EINVAL;
 if (events->flags & ~(...)) S
 ...
 }

@@
typedef bool;
@@
+bool kvm_tdx_vcpu_has_events(struct kvm_vcpu *vcpu)
+{
+	return kvm_vcpu_has_events(vcpu);
+}
+EXPORT_SYMBOL_GPL(kvm_tdx_vcpu_has_events);
+
 int kvm_arch_vcpu_runnable(struct kvm_vcpu *vcpu)
 {
 ...
 }

// What base KVM believes to be in some user-return MSRs, of which a TD exit has left
// nothing.  An IPI may put the host's values back.
@@ @@
+void kvm_tdx_restore_user_return_msrs(unsigned long slots)
+{
+	struct kvm_user_return_msrs *msrs = this_cpu_ptr(user_return_msrs);
+	unsigned long flags;
+	unsigned int slot;
+
+	local_irq_save(flags);
+	for (; slots; slots &= slots - 1) {
+		slot = __ffs(slots);
+		wrmsrl(kvm_uret_msrs_list[slot], msrs->values[slot].curr);
+	}
+	local_irq_restore(flags);
+}
+EXPORT_SYMBOL_GPL(kvm_tdx_restore_user_return_msrs);
+
 static void drop_user_return_notifiers(...)
 {
 ...
 }

@@
identifier filp, ioctl, arg;
@@
 int kvm_arch_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
 {
+	int td_ret = kvm_tdx_vm_ioctl(filp, ioctl, arg);
+
+	if (td_ret != -ENOIOCTLCMD)
+		return td_ret;
 ...
 }

@@
identifier kvm, cap;
@@
 int kvm_vm_ioctl_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)
 {
+	if (kvm_tdx_refuses_cap(kvm, cap))
+		return -EINVAL;
 ...
 }

@@
identifier kvm, new;
@@
 int kvm_arch_prepare_memory_region(struct kvm *kvm, ..., struct kvm_memory_slot *new, ...)
 {
 <+...
+kvm_tdx_unpark(kvm);
 return kvm_alloc_memslot_metadata(kvm, new);
 ...+>
 }
