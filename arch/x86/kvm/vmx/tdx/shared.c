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
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "../../mmu.h"
#include "tdx.h"

/* Bits 51:12 of an entry: the next table. */
#define EPT_TABLE_MASK	GENMASK_ULL(51, 12)

int tdx_shared_init(struct kvm_tdx *tdx)
{
	tdx->shared_root = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	return tdx->shared_root ? 0 : -ENOMEM;
}

void tdx_shared_destroy(struct kvm_tdx *tdx)
{
	if (tdx->shared_root)
		__free_page(tdx->shared_root);
	tdx->shared_root = NULL;
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
			   root ? READ_ONCE(root[i]) : 0);
}

/* GPAW 52: bit 51 is bit 3 of the index into a root with five levels. */
static void tdx_shared_sync_52(u64 *to, const u64 *root, int level)
{
	unsigned int i;

	if (level == PT64_ROOT_5LEVEL) {
		for (i = 0; i < 8; i++)
			WRITE_ONCE(to[8 + i], READ_ONCE(root[i]));
	} else {
		WRITE_ONCE(to[8], __pa(root) | VMX_EPT_RWX_MASK);
	}
}

void tdx_shared_sync(struct kvm_vcpu *vcpu)
{
	struct kvm_tdx *tdx = to_kvm_tdx(vcpu->kvm);
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	u64 *to = page_address(tdx->shared_root);
	const u64 *root;

	if (!VALID_PAGE(mmu->root.hpa))
		return;
	root = __va(mmu->root.hpa);

	/*
	 * The lock makes reading and writing one step.  Otherwise an entry
	 * that was read before KVM cleared it could be written back after
	 * another vCPU had dropped it and entered.  Tables below the root
	 * stay until every vCPU has been here, see kvm_flush_remote_tlbs().
	 */
	spin_lock(&tdx->shared_lock);
	if (tdx->gpaw == 52)
		tdx_shared_sync_52(to, root, mmu->root_role.level);
	else
		tdx_shared_sync_48(to, root, mmu->root_role.level);
	spin_unlock(&tdx->shared_lock);
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
