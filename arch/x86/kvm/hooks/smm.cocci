// SPDX-License-Identifier: GPL-2.0-only
//
// A TD has no SMM: neither KVM_SMI nor an interrupt of that kind asks for it.
//
// base: arch/x86/kvm/smm.h
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_is_td

@@ @@
 #include <linux/build_bug.h>
+#include "kvm_tdx_hooks.h"

@@
identifier vcpu;
@@
 static inline int kvm_inject_smi(struct kvm_vcpu *vcpu)
 {
+	if (kvm_is_td(vcpu->kvm))
+		return -ENOTTY;
 kvm_make_request(KVM_REQ_SMI, vcpu);
 ...
 }
