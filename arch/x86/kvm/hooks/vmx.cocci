// SPDX-License-Identifier: GPL-2.0-only
//
// Bring TDX up before /dev/kvm appears, and down after it has gone.  kvm.ko
// allocates a vCPU's struct without knowing which kind it will hold, so the
// size is that of the larger kind.
//
// base: arch/x86/kvm/vmx/vmx.c
// expect: 1 "tdx/tdx.h"
// expect: 1 tdx_bringup
// expect: 1 sizeof(struct vcpu_tdx)
// expect: 2 tdx_cleanup

@@ @@
 #include "posted_intr.h"
+#include "tdx/tdx.h"

@@ @@
 static void vmx_exit(void)
 {
 	kvm_exit();
+	tdx_cleanup();
 ...
 }

@@
expression E1, E2, E3;
identifier r, label;
@@
+	r = tdx_bringup();
+	if (r)
+		goto label;
-	r = kvm_init(E1, E2, E3);
-	if (r)
-		goto label;
+	r = kvm_init(sizeof(struct vcpu_tdx), __alignof__(struct vcpu_tdx), E3);
+	if (r) {
+		tdx_cleanup();
+		goto label;
+	}
