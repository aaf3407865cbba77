// SPDX-License-Identifier: GPL-2.0-only
//
// A device that posts interrupts wakes a TD's vCPU, too.  Whether one is blocked
// is not for a VMCS to say, and the module has no IPI virtualisation.
//
// base: arch/x86/kvm/vmx/posted_intr.c
// expect: 1 "tdx/tdx.h"
// expect: 1 !is_td_vcpu
// expect: 1 tdx_interrupt_allowed

@@ @@
 #include "vmx.h"
+#include "tdx/tdx.h"

@@
expression vcpu;
@@
-vmx_can_use_ipiv(vcpu)
+(!is_td_vcpu(vcpu) && vmx_can_use_ipiv(vcpu))

@@
expression vcpu;
@@
-!vmx_interrupt_blocked(vcpu)
+(is_td_vcpu(vcpu) ? tdx_interrupt_allowed(vcpu) : !vmx_interrupt_blocked(vcpu))
