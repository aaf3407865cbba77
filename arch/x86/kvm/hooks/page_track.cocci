// SPDX-License-Identifier: GPL-2.0-only
//
// A device that wants to see writes to a VM's memory, KVMGT's, cannot be served
// by a TD: no guest page table is to be seen.
//
// base: arch/x86/kvm/mmu/page_track.c
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_is_td

@@ @@
 #include "page_track.h"
+#include "kvm_tdx_hooks.h"

@@
identifier kvm;
@@
 static int kvm_enable_external_write_tracking(struct kvm *kvm)
 {
+	if (kvm_is_td(kvm))
+		return -EOPNOTSUPP;
 ...
 }
