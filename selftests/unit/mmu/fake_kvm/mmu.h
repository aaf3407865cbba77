/* SPDX-License-Identifier: GPL-2.0-only */
/* What shared.c sees of base KVM's MMU and of EPT. */
#ifndef _FAKE_KVM_MMU_H
#define _FAKE_KVM_MMU_H

#include "fake.h"

#define PTRS_PER_PTE		512
#define PT64_ROOT_5LEVEL	5
#define PT_PAGE_SIZE_MASK	BIT(7)
#define VMX_EPT_RWX_MASK	7ULL
/* "Suppress #VE". */
#define SHADOW_NONPRESENT_VALUE	BIT(63)
#define __GFP_ZERO		16u

/* Not base KVM's struct: one of which a test says whether it is invalid. */
struct kvm_mmu_page {
	struct {
		bool invalid;
	} role;
};

struct kvm_mmu_page *root_to_sp(hpa_t root);
void ept_sync_global(void);

#define VALID_PAGE(hpa)		((hpa) != ~0ULL)
#define __va(pa)		page_to_virt(pfn_to_page((pa) >> PAGE_SHIFT))
#define page_address(page)	page_to_virt(page)

static inline void memset64(u64 *to, u64 value, size_t n)
{
	while (n--)
		*to++ = value;
}

#endif /* _FAKE_KVM_MMU_H */
