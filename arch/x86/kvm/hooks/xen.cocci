// SPDX-License-Identifier: GPL-2.0-only
//
// A VMM may name any MSR as the one that writes Xen's hypercall page.  With an
// MSR that KVM itself sets, kvm_vcpu_reset() wrote to guest memory without
// kvm->srcu.  Newer kernels take numbers of the synthetic range only.
//
// base: arch/x86/kvm/xen.c
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_tdx_is_synthetic_msr

@@ @@
 #include "xen.h"
+#include "kvm_tdx_hooks.h"

@@
identifier kvm, xhc, permitted_flags;
@@
 int kvm_xen_hvm_config(struct kvm *kvm, struct kvm_xen_hvm_config *xhc)
 {
 ...
 if (
-xhc->flags & ~permitted_flags
+xhc->flags & ~permitted_flags || (xhc->msr && !kvm_tdx_is_synthetic_msr(xhc->msr))
 ) return -EINVAL;
 ...
 }
