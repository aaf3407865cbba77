// SPDX-License-Identifier: GPL-2.0-only
//
// A TD's virtual APIC page belongs to the TDX module: KVM's copy of it is
// empty.  Whether an interrupt is pending is for the TD code to say, and KVM
// never has one to inject: posted interrupts are the only way in.
//
// base: arch/x86/kvm/irq.c
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_tdx_has_interrupt
// expect: 1 kvm_is_td

@@ @@
 #include "x86.h"
+#include "kvm_tdx_hooks.h"

@@
identifier v;
@@
 int kvm_cpu_has_interrupt(struct kvm_vcpu *v)
 {
+	int td = kvm_tdx_has_interrupt(v);
+
+	if (td >= 0)
+		return td;
 ...
 }

@@
identifier v;
@@
 int kvm_cpu_has_injectable_intr(struct kvm_vcpu *v)
 {
+	if (kvm_is_td(v->kvm))
+		return 0;
 ...
 }
