// SPDX-License-Identifier: GPL-2.0-only
//
// MMIO of a TD has to reach the guest as #VE, which takes a non-present entry
// with "suppress #VE" clear: all bits of the MMIO value are 0.
//
// base: arch/x86/kvm/mmu/spte.c
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_is_td

@@ @@
 #include "spte.h"
+#include "kvm_tdx_hooks.h"

@@
identifier vcpu;
@@
 make_mmio_spte(struct kvm_vcpu *vcpu, ...)
 {
 ...
-WARN_ON_ONCE(!vcpu->kvm->arch.shadow_mmio_value);
+WARN_ON_ONCE(!vcpu->kvm->arch.shadow_mmio_value && !kvm_is_td(vcpu->kvm));
 ...
 }
