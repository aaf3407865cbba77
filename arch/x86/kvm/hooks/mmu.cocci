// SPDX-License-Identifier: GPL-2.0-only
//
// Base KVM's invalidations, teardown and pre-faulting reach the private MMU.
//
// Every zap that an mmu notifier, guest_memfd, an attribute change or a slot
// deletion asks for goes through kvm_unmap_gfn_range(), so one call there is
// enough.  Pre-faulting asks after the reload, because a private mapping needs
// a loaded MMU as well.
//
// The module gives a TD no page-modification log, so its dirty pages are found
// by write protection.
//
// Whether attributes are mixed within 2 MiB is known here only.
//
// Base KVM maps no private page of a TD.  kvm_faultin_pfn_private() is the one
// place where its MMU gets a page out of guest_memfd.
//
// Pre-faulting, of any VM: its caller holds kvm->srcu, which whoever deletes the
// slot waits for, and serves no request, so that a root that has become obsolete
// would never be replaced.
//
// A slot may have four million large pages, and base KVM looks at each of a TD's:
// seconds without a turn for others on a kernel that preempts by request only.
//
// base: arch/x86/kvm/mmu/mmu.c
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_tdx_unmap_gfn_range
// expect: 1 kvm_tdx_flush_shadow_all
// expect: 1 kvm_tdx_pre_fault
// expect: 1 kvm_is_td
// expect: 1 kvm_tdx_gfn_is_mixed(struct
// expect: 1 kvm_tdx_maps_no_private
// expect: 1 fault->prefetch ? -EAGAIN
// expect: 1 kvm_tdx_refresh_root
// expect: 1 cond_resched

@@ @@
 #include "mmu_internal.h"
+#include "kvm_tdx_hooks.h"

@@
identifier kvm, range;
@@
 kvm_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
 {
 ...
+	if (kvm_tdx_unmap_gfn_range(kvm, range))
+		return false;
 if (kvm_memslots_have_rmaps(kvm)) { ... }
 ...
 }

@@
identifier kvm;
@@
 void kvm_arch_flush_shadow_all(struct kvm *kvm)
 {
+	kvm_tdx_flush_shadow_all(kvm);
 	kvm_mmu_zap_all(kvm);
 }

@@
identifier vcpu, range, r;
@@
 long kvm_arch_vcpu_pre_fault_memory(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range)
 {
 ...
 r = kvm_mmu_reload(vcpu);
 if (r)
 	return r;
+
+	r = kvm_tdx_pre_fault(vcpu, range);
+	if (r)
+		return r;
 ...
 }

@@
identifier kvm;
@@
 void kvm_arch_mmu_enable_log_dirty_pt_masked(struct kvm *kvm, ...)
 {
 ...
 if (
-kvm_x86_ops.cpu_dirty_log_size
+kvm_x86_ops.cpu_dirty_log_size && !kvm_is_td(kvm)
 )
 	{...}
 else
 	{...}
 }

@@
typedef bool, gfn_t;
@@
+bool kvm_tdx_gfn_is_mixed(struct kvm_memory_slot *slot, gfn_t gfn)
+{
+	return hugepage_test_mixed(slot, gfn, PG_LEVEL_2M);
+}
+EXPORT_SYMBOL_GPL(kvm_tdx_gfn_is_mixed);
+
 void hugepage_clear_mixed(...)
 {
 ...
 }

@@
identifier vcpu, fault;
@@
 static int kvm_faultin_pfn_private(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
 {
 ...
 if (
-!kvm_slot_can_be_private(fault->slot)
+!kvm_slot_can_be_private(fault->slot) || kvm_tdx_maps_no_private(vcpu->kvm)
 ) {...}
 ...
 }

@@
identifier vcpu, fault, slot;
@@
 static int kvm_faultin_pfn(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, ...)
 {
 ...
 if (slot->flags & KVM_MEMSLOT_INVALID)
-	return RET_PF_RETRY;
+	return fault->prefetch ? -EAGAIN : RET_PF_RETRY;
 ...
 }

@@
identifier vcpu, r;
@@
 static int kvm_tdp_map_page(struct kvm_vcpu *vcpu, ...)
 {
 <+...
+	r = kvm_tdx_refresh_root(vcpu);
+	if (r)
+		return r;
 r = kvm_mmu_do_page_fault(...);
 ...+>
 }

@@
expression kvm, slot, gfn, level, attrs;
@@
 kvm_mmu_init_memslot_memory_attributes(...)
 {
 <...
 if (hugepage_has_attrs(kvm, slot, gfn, level, attrs))
 	hugepage_clear_mixed(slot, gfn, level);
 else
 	hugepage_set_mixed(slot, gfn, level);
+	cond_resched();
 ...>
 }
