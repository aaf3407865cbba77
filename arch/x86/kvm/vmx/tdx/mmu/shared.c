// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared half of a TD's address space.  KVM's own MMU maps it, at guest
 * physical addresses without the shared bit; the module walks it with the bit
 * set.  The two meet in the page that the TD's shared EPTP points to: where
 * the bit is set in an address, the page repeats KVM's direct root.
 *
 * The copy follows the root at three points, each before the vCPU enters:
 * when it loads a root, when it flushes its TLB, which every removal of an
 * entry waits for, and after a fault, which may have added one.
 *
 * A root that kvm_tdp_mmu_invalidate_roots() has marked is never copied: base
 * KVM frees its tables without a flush, as no vCPU is to enter with it any more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "mmu/spte.h"
#include "../tdx.h"

/* Bits 51:12 of an entry: the next table. */
#define EPT_TABLE_MASK	GENMASK_ULL(51, 12)

/*
 * An access without an entry has to reach KVM, and not the guest as #VE: a
 * non-present entry has "suppress #VE" set, as in KVM's own tables.
 */
int tdx_shared_init(struct kvm_tdx *kvm_tdx)
{
	kvm_tdx->shared_root = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!kvm_tdx->shared_root)
		return -ENOMEM;
	memset64(page_address(kvm_tdx->shared_root), SHADOW_NONPRESENT_VALUE,
		 PTRS_PER_PTE);
	return 0;
}

void tdx_shared_destroy(struct kvm_tdx *kvm_tdx)
{
	if (kvm_tdx->shared_root)
		__free_page(kvm_tdx->shared_root);
	kvm_tdx->shared_root = NULL;
}

static u64 *ept_table(u64 entry)
{
	return __va(entry & EPT_TABLE_MASK);
}

static bool ept_is_table(u64 entry)
{
	return (entry & VMX_EPT_RWX_MASK) && !(entry & PT_PAGE_SIZE_MASK);
}

/*
 * GPAW 48: the shared half are entries 256 to 511 of a root with four levels.
 * KVM uses five for a guest that it takes for wider; the low 256 TiB of that
 * are the first entry's.
 */
static void tdx_shared_sync_48(u64 *to, const u64 *root, int level)
{
	unsigned int i;
	u64 first;

	if (level == PT64_ROOT_5LEVEL) {
		first = READ_ONCE(root[0]);
		root = ept_is_table(first) ? ept_table(first) : NULL;
	}

	for (i = 0; i < PTRS_PER_PTE / 2; i++)
		WRITE_ONCE(to[PTRS_PER_PTE / 2 + i],
			   root ? READ_ONCE(root[i]) : SHADOW_NONPRESENT_VALUE);
}

/* GPAW 52: bit 51 is bit 3 of the index into a root with five levels. */
static void tdx_shared_sync_52(u64 *to, const u64 *root)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		WRITE_ONCE(to[8 + i], READ_ONCE(root[i]));
}

/*
 * Can the vCPU's root serve the TD?  A root of four levels ends at 256 TiB, and
 * KVM would take a higher address for a lower one.
 */
bool tdx_shared_root_fits(struct kvm_vcpu *vcpu)
{
	return to_kvm_tdx(vcpu->kvm)->gpaw == 48 ||
	       vcpu->arch.root_mmu.root_role.level == PT64_ROOT_5LEVEL;
}

void tdx_shared_sync(struct kvm_vcpu *vcpu)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	u64 *to = page_address(kvm_tdx->shared_root);
	const u64 *root;

	if (!VALID_PAGE(mmu->root.hpa) || !tdx_shared_root_fits(vcpu))
		return;
	root = __va(mmu->root.hpa);

	/*
	 * Hold off who invalidates roots while this one is looked at and
	 * copied.  A vCPU with an obsolete root leaves the page to those that
	 * have a new one: it has a request to load one itself before it
	 * enters, and is here again then.
	 */
	read_lock(&vcpu->kvm->mmu_lock);
	if (root_to_sp(mmu->root.hpa)->role.invalid)
		goto unlock;

	/*
	 * The lock makes reading and writing one step.  Otherwise an entry
	 * that was read before KVM cleared it could be written back after
	 * another vCPU had dropped it and entered.  Tables below the root
	 * stay until every vCPU has been here, see kvm_flush_remote_tlbs().
	 */
	spin_lock(&kvm_tdx->shared_lock);
	if (kvm_tdx->gpaw == 52)
		tdx_shared_sync_52(to, root);
	else
		tdx_shared_sync_48(to, root, mmu->root_role.level);
	spin_unlock(&kvm_tdx->shared_lock);
unlock:
	read_unlock(&vcpu->kvm->mmu_lock);
}

void tdx_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root_hpa, int root_level)
{
	/* The root is set in vcpu->arch.mmu by now; the EPTP never changes. */
	tdx_shared_sync(vcpu);
}

/*
 * Translations of shared addresses carry the S-EPT root as their tag, which
 * the module does not tell.  Translations of private addresses are the
 * module's to flush, when the TD's epoch changes.
 */
void tdx_flush_tlb(struct kvm_vcpu *vcpu)
{
	tdx_shared_sync(vcpu);
	ept_sync_global();
}
