// SPDX-License-Identifier: GPL-2.0-only
//
// KVM_MEMORY_ENCRYPT_OP on a vCPU of a TD.  It comes before vcpu->mutex is
// taken, as some commands need kvm->lock, which is the outer of the two.
//
// KVM_GET_STATS_FD of a TD: the same file with more counts in it.
//
// A TD's debugfs folder: it gets another name where a TD of the same process has it.
//
// KVM_PRE_FAULT_MEMORY on a TD that dies meanwhile answers EIO; that is no bug of
// base KVM's.
//
// The files of a VM and of its vCPUs are closed: nobody can run a TD any more then,
// and its pages can be had back the cheap way.
//
// And the two functions that turn VMX on and off: early 6.12 kernels keep them
// static, later ones export them.
//
// base: virt/kvm/kvm_main.c
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_tdx_vcpu_ioctl
// expect: 1 kvm_tdx_get_stats_fd
// expect: 1 kvm_tdx_debugfs_name
// expect: 1 r == -EIO ||
// expect: 1 kvm_tdx_vm_close
// expect: 1 kvm_tdx_vcpu_close
// expect: 1 int kvm_tdx_enable_virtualization
// expect: 1 void kvm_tdx_disable_virtualization

@@ @@
 #include "vfio.h"
+#include "kvm_tdx_hooks.h"

@@
identifier filp, ioctl, arg, r;
@@
 static long kvm_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
 {
 ...
+	r = kvm_tdx_vcpu_ioctl(filp, ioctl, arg);
+	if (r != -ENOIOCTLCMD)
+		return r;
 r = kvm_arch_vcpu_async_ioctl(filp, ioctl, arg);
 ...
 }

@@
identifier kvm, fd;
@@
 static int kvm_vm_ioctl_get_stats_fd(struct kvm *kvm)
 {
 ...
+	fd = kvm_tdx_get_stats_fd(kvm);
+	if (fd != -ENOIOCTLCMD)
+		return fd;
+
 fd = get_unused_fd_flags(...);
 ...
 }

@@
identifier kvm, fdname, dent, dir_name, parent;
@@
 static int kvm_create_vm_debugfs(struct kvm *kvm, const char *fdname)
 {
 <+...
 dent = debugfs_lookup(dir_name, parent);
+dent = kvm_tdx_debugfs_name(kvm, parent, dent, dir_name, sizeof(dir_name));
 ...+>
 }

@@
identifier vcpu, range, r;
@@
 static int kvm_vcpu_pre_fault_memory(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range)
 {
 <+...
 r = kvm_arch_vcpu_pre_fault_memory(vcpu, range);
 if (
-WARN_ON_ONCE(r == 0 || r == -EIO)
+r == -EIO || WARN_ON_ONCE(r == 0)
 ) break;
 ...+>
 }

@@
identifier vcpu;
@@
 static int kvm_vcpu_release(...)
 {
 ...
+	kvm_tdx_vcpu_close(vcpu->kvm);
 kvm_put_kvm(vcpu->kvm);
 ...
 }

@@
identifier kvm;
@@
 static int kvm_vm_release(...)
 {
 ...
 kvm_irqfd_release(kvm);
+	kvm_tdx_vm_close(kvm);
 ...
 }

@@ @@
+int kvm_tdx_enable_virtualization(void)
+{
+	return kvm_enable_virtualization();
+}
+EXPORT_SYMBOL_GPL(kvm_tdx_enable_virtualization);
+
+void kvm_tdx_disable_virtualization(void)
+{
+	kvm_disable_virtualization();
+}
+EXPORT_SYMBOL_GPL(kvm_tdx_disable_virtualization);
+
 int kvm_init(...)
 {
 ...
 }
