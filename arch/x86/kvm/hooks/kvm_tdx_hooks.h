/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls that base KVM makes into TDX.  kvm.ko cannot link against
 * kvm-intel.ko, so the latter registers a table; without one, and for every
 * VM that is no TD, each call is a no-op that leaves base KVM as it was.
 */
#ifndef _KVM_TDX_HOOKS_H
#define _KVM_TDX_HOOKS_H

#include <linux/kvm_host.h>

/* Told apart from the kernel's own modules, by dkms for one; see dkms.conf. */
#define KVM_TDX_VERSION	"0.1"

#ifndef KVM_X86_TDX_VM
#define KVM_X86_TDX_VM	5
#endif

/**
 * struct kvm_tdx_hooks - kvm-intel's side of the calls, for TDs only
 * @zap_private: remove a gfn range from the private MMU; mmu_lock held for
 *		 write.  On return no vCPU can reach the pages any more.
 *		 @deleted: their slot goes
 * @unpark: pages of deleted slots are wanted: a slot is created, or a hole is
 *	    punched in a guest_memfd; may sleep
 * @vm_close: the VM's file is gone, and with it every call on the VM; may sleep
 * @vcpu_close: the same of a vCPU
 * @flush_shadow_all: the VMM's address space is going away; may sleep
 * @pre_fault: kvm_arch_vcpu_pre_fault_memory() of a TD; returns bytes mapped,
 *	       -errno, or 0 for a gpa that base KVM shall map as shared
 * @vcpu_ioctl: KVM_MEMORY_ENCRYPT_OP on a vCPU, called without vcpu->mutex
 * @alloc_folio: memory for a guest_memfd that the TDX module manages
 * @gmem_close: a guest_memfd is about to be emptied; may sleep
 * @read_stats: the values of @stats_desc, in that order
 * @stats_desc: what KVM_GET_STATS_FD has of a TD besides base KVM's counts; one
 *		u64 each, @offset counts from the first
 * @nr_stats: how many there are
 */
struct kvm_tdx_hooks {
	void (*zap_private)(struct kvm *kvm, gfn_t start, gfn_t end, bool deleted);
	void (*unpark)(struct kvm *kvm);
	void (*vm_close)(struct kvm *kvm);
	void (*vcpu_close)(struct kvm *kvm);
	void (*flush_shadow_all)(struct kvm *kvm);
	long (*pre_fault)(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range);
	long (*vcpu_ioctl)(struct kvm_vcpu *vcpu, void __user *argp);
	struct folio *(*alloc_folio)(gfp_t gfp, unsigned int order);
	void (*gmem_close)(struct kvm *kvm);
	void (*read_stats)(struct kvm *kvm, u64 *values);
	const struct kvm_stats_desc *stats_desc;
	unsigned int nr_stats;
};

void kvm_tdx_register_hooks(const struct kvm_tdx_hooks *hooks);
bool kvm_tdx_has_tdp_mmu(void);
bool kvm_tdx_vcpu_has_events(struct kvm_vcpu *vcpu);
void kvm_tdx_restore_user_return_msrs(unsigned long slots);
bool kvm_tdx_before_reentry(struct kvm_vcpu *vcpu);
bool kvm_tdx_wrmsr_irqoff(struct kvm_vcpu *vcpu, u64 index, u64 data);
bool kvm_tdx_pio(struct kvm_vcpu *vcpu, u16 port, u8 size, bool in, u32 *val);
u32 kvm_tdx_pio_in_done(struct kvm_vcpu *vcpu, u16 port, u8 size);
void kvm_tdx_trace_cpuid(u32 leaf, u32 subleaf, u32 eax, u32 ebx, u32 ecx,
			 u32 edx);
int kvm_tdx_enable_virtualization(void);
void kvm_tdx_disable_virtualization(void);

static inline bool kvm_is_td(const struct kvm *kvm)
{
	return kvm->arch.vm_type == KVM_X86_TDX_VM;
}

/* The private half of a TD is the S-EPT's, and base KVM's tables lack it. */
static inline bool kvm_tdx_maps_no_private(const struct kvm *kvm)
{
	return kvm_is_td(kvm);
}

/* CPUs promise to have no MSR of their own there. */
static inline bool kvm_tdx_is_synthetic_msr(u32 msr)
{
	return msr >= 0x40000000 && msr <= 0x4fffffff;
}

/* What the semantic patches insert; each is for any VM, and cheap for others. */
bool kvm_tdx_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range);
void kvm_tdx_unpark(struct kvm *kvm);
void kvm_tdx_vm_close(struct kvm *kvm);
void kvm_tdx_vcpu_close(struct kvm *kvm);
void kvm_tdx_flush_shadow_all(struct kvm *kvm);
long kvm_tdx_pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range);
long kvm_tdx_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
int kvm_tdx_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
bool kvm_tdx_refuses_cap(struct kvm *kvm, const struct kvm_enable_cap *cap);
int kvm_tdx_max_vcpus(struct kvm *kvm);
int kvm_tdx_refresh_root(struct kvm_vcpu *vcpu);
bool kvm_tdx_refuses_events(struct kvm_vcpu *vcpu,
			    const struct kvm_vcpu_events *events);
int kvm_tdx_get_stats_fd(struct kvm *kvm);
struct dentry *kvm_tdx_debugfs_name(struct kvm *kvm, struct dentry *parent,
				    struct dentry *dent, char *name, size_t size);
void kvm_tdx_gmem_close(struct kvm *kvm);

/* Between the files of this folder: the table if @kvm is a TD, else NULL. */
const struct kvm_tdx_hooks *kvm_tdx_hooks_of(struct kvm *kvm);

/* Are some pages of the 2 MiB around @gfn private and others shared? */
bool kvm_tdx_gfn_is_mixed(struct kvm_memory_slot *slot, gfn_t gfn);

/* --- kvm_tdx_gmem.c: the folios of the guest_memfd of TDs --- */
void kvm_tdx_gmem_create(struct kvm *kvm, struct inode *inode);
struct folio *kvm_tdx_gmem_get_folio(struct inode *inode,
				     struct kvm_memory_slot *slot, pgoff_t index);
int kvm_tdx_gmem_order(struct folio *folio);
bool kvm_tdx_gmem_poisoned(struct folio *folio, pgoff_t index);
bool kvm_tdx_gmem_needs_clear(struct kvm *kvm);
void kvm_tdx_gmem_truncate(struct address_space *mapping, loff_t start,
			   loff_t last);
bool kvm_tdx_gmem_lock_poisoned(struct address_space *mapping,
				struct folio *folio);
void kvm_tdx_gmem_unlock_poisoned(struct address_space *mapping,
				  struct folio *folio);
struct xarray;
void kvm_tdx_gmem_name_poisoned(struct kvm *kvm, struct xarray *bindings,
				pgoff_t index);
bool kvm_tdx_gmem_release(struct folio *folio,
			  void (*zap)(struct address_space *mapping,
				      pgoff_t index));

#endif /* _KVM_TDX_HOOKS_H */
