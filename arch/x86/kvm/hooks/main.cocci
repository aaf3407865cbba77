// SPDX-License-Identifier: GPL-2.0-only
//
// The one entry of the TD code into kvm_x86_ops: after VMX has set the table
// up, TDX may put itself in front of it.
//
// base: arch/x86/kvm/vmx/main.c
// expect: 1 "tdx/tdx.h"
// expect: 1 vt_hardware_setup

@@ @@
 #include "posted_intr.h"
+#include "tdx/tdx.h"

@@ @@
 struct kvm_x86_init_ops vt_init_ops = {
 	.hardware_setup =
-	vmx_hardware_setup
+	vt_hardware_setup
 };
