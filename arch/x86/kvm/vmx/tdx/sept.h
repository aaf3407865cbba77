/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirrored-root S-EPT MMU.  The module's S-EPT cannot be read, so KVM
 * keeps a mirror of it: freeze the mirror entry, make the SEAMCALL, publish.
 *
 * Locks: faults hold mmu_lock for read and freeze single entries; zaps hold
 * mmu_lock for write.  A frozen entry belongs to whoever froze it.
 */
#ifndef _KVM_VMX_TDX_SEPT_H
#define _KVM_VMX_TDX_SEPT_H

#include <linux/kvm_types.h>
#include <linux/mm_types.h>
#include "tdx_host.h"

struct kvm;
struct kvm_vcpu;
struct kvm_tdx;

/* One table of the mirror; @page is the module's table that it mirrors. */
struct sept_table {
	u64 *entries;
	struct page *page;
	struct sept_table **child;
};

struct sept_stats {
	atomic64_t pages_4k, pages_2m, tables;
	atomic64_t aug, busy, zap_batches, tracks, kicks, leaked;
};

struct sept {
	struct sept_table root;
	struct sept_stats stats;
};

int sept_init(struct kvm_tdx *tdx);
/* KeyID freed: reclaim every leaf still mapped, then every table. */
void sept_destroy(struct kvm_tdx *tdx);

/*
 * Map @pfn at @pos with PAGE.AUG, adding tables as needed.
 * mmu_lock held for read.  0, -EAGAIN (raced, retry), -EBUSY (module lock),
 * -ENOMEM (top up the caches), -EIO (VM dead).
 */
int sept_map(struct kvm_vcpu *vcpu, struct sept_pos pos, kvm_pfn_t pfn);
/* The same with PAGE.ADD before FINALIZE; @source holds the contents. */
int sept_add(struct kvm_vcpu *vcpu, u64 gpa, kvm_pfn_t pfn, struct page *source);
/* Is @gpa mapped, and at what level?  -1 if not. */
int sept_mapped_level(struct kvm_tdx *tdx, u64 gpa);
/* Block all, track once, kick once, remove all.  mmu_lock held for write. */
void sept_zap_range(struct kvm_tdx *tdx, gfn_t start, gfn_t end);
/* Pages for tables of one mapping; call before taking mmu_lock. */
int sept_topup(struct kvm_vcpu *vcpu);
void sept_free_cache(struct kvm_vcpu *vcpu);

#endif /* _KVM_VMX_TDX_SEPT_H */
