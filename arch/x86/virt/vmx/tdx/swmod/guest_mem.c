// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing the guest's private memory.
 *
 * No lock is needed: a page that the host takes away is not given back before
 * this vCPU has left the TD, because the TLB epoch counts it as running.  The
 * module sees a page exactly as long as the guest itself could.
 */
#include "guest.h"

#define SW_PTE_P		(1ULL << 0)
#define SW_PTE_PS		(1ULL << 7)
#define SW_PTE_PFN		0x000ffffffffff000ULL

void *sw_gpa_ptr(struct sw_run *run, u64 gpa, bool write)
{
	struct sw_entry e = {};
	u64 mask;

	if (gpa >> (SW_GPAW - 1))
		return NULL;
	sw_sept_leaf(run->td, gpa, &e);
	if (!sw_sept_accessible(&e))
		return NULL;
	mask = (1ULL << (12 + 9 * e.level)) - 1;
	return sw_va((e.val & SW_EPT_PFN & ~mask) | (gpa & mask));
}

/* How a linear address is cut up by the paging mode. */
struct sw_paging {
	u8 levels, bits, entry_size;
};

static struct sw_paging sw_paging_mode(struct sw_run *run)
{
	u64 cr4 = sw_guest_read(run, SW_VM_GUEST_CR4);

	if (sw_guest_read(run, SW_VM_GUEST_EFER) & SW_EFER_LMA)
		return (struct sw_paging){ cr4 & SW_CR4_LA57 ? 5 : 4, 9, 8 };
	if (cr4 & SW_CR4_PAE)
		return (struct sw_paging){ 3, 9, 8 };
	return (struct sw_paging){ 2, 10, 4 };
}

static u64 sw_table_base(struct sw_run *run, const struct sw_paging *m)
{
	u64 cr3 = sw_guest_read(run, SW_VM_GUEST_CR3);

	if (m->entry_size == 4)
		return (u32)cr3 & ~0xfffu;
	if (m->levels == 3)
		return (u32)cr3 & ~0x1fu;
	return cr3 & SW_PTE_PFN;
}

static enum sw_fetch sw_read_pte(struct sw_run *run, u64 gpa, u8 size, u64 *pte)
{
	void *p;

	if (gpa >> (SW_GPAW - 1))
		return SW_FETCH_NOT_PRIVATE;
	p = sw_gpa_ptr(run, gpa, false);
	if (!p)
		return SW_FETCH_RETRY;
	*pte = size == 4 ? sw_load((u32 *)p) : sw_load((u64 *)p);
	return SW_FETCH_OK;
}

/*
 * Translate as the processor just did; permissions are its business.  A walk
 * that no longer ends in memory means that the guest or the host changed the
 * tables since: the guest runs into it by itself.
 */
static enum sw_fetch sw_translate(struct sw_run *run, u64 gla, u64 *gpa)
{
	struct sw_paging m = sw_paging_mode(run);
	u64 base, pte, mask;
	enum sw_fetch err;
	int level, shift;

	if (!(sw_guest_read(run, SW_VM_GUEST_CR0) & SW_CR0_PG)) {
		*gpa = gla;
		return SW_FETCH_OK;
	}
	base = sw_table_base(run, &m);
	for (level = m.levels - 1; level >= 0; level--) {
		shift = 12 + m.bits * level;
		pte = (gla >> shift) & ((1u << m.bits) - 1);
		if (m.levels == 3 && level == 2)
			pte &= 3;
		err = sw_read_pte(run, base + pte * m.entry_size, m.entry_size,
				  &pte);
		if (err)
			return err;
		if (!(pte & SW_PTE_P))
			return SW_FETCH_RETRY;
		base = pte & SW_PTE_PFN;
		if (!level || (level < 3 && (pte & SW_PTE_PS) &&
			       !(m.levels == 3 && level == 2)))
			break;
	}
	mask = (1ULL << shift) - 1;
	*gpa = (base & ~mask) | (gla & mask);
	return SW_FETCH_OK;
}

static enum sw_fetch sw_fetch_in_page(struct sw_run *run, u64 gla, u8 *buf,
				      unsigned int len)
{
	enum sw_fetch err;
	u64 gpa;
	void *p;

	err = sw_translate(run, gla, &gpa);
	if (err)
		return err;
	if (gpa >> (SW_GPAW - 1))
		return SW_FETCH_NOT_PRIVATE;
	p = sw_gpa_ptr(run, gpa, false);
	if (!p)
		return SW_FETCH_RETRY;
	memcpy(buf, p, len);
	return SW_FETCH_OK;
}

enum sw_fetch sw_fetch(struct sw_run *run, u64 gla, u8 *buf, unsigned int len)
{
	unsigned int room = SW_PAGE_SIZE - (gla & (SW_PAGE_SIZE - 1));
	unsigned int first = len < room ? len : room;
	enum sw_fetch err;

	err = sw_fetch_in_page(run, gla, buf, first);
	if (!err && first < len)
		err = sw_fetch_in_page(run, gla + first, buf + first,
				       len - first);
	return err;
}
