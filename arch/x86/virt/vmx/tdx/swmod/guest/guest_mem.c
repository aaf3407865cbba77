// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing the guest's private memory.
 *
 * No lock is needed: a page that the host takes away is not given back before
 * this vCPU has left the TD, because the TLB epoch counts it as running.  The
 * module sees a page exactly as long as the guest itself could.
 */
#include "guest/guest.h"

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
	u64 cr3, cr4, efer;
	u8 levels, bits, entry_size;
	bool on;
};

static struct sw_paging sw_paging_mode(struct sw_run *run)
{
	struct sw_paging m = {
		.cr3 = sw_guest_read(run, SW_VM_GUEST_CR3),
		.cr4 = sw_guest_read(run, SW_VM_GUEST_CR4),
		.efer = sw_guest_read(run, SW_VM_GUEST_EFER),
		.on = sw_guest_read(run, SW_VM_GUEST_CR0) & SW_CR0_PG,
	};

	m.bits = 9;
	m.entry_size = 8;
	if (m.efer & SW_EFER_LMA) {
		m.levels = m.cr4 & SW_CR4_LA57 ? 5 : 4;
	} else if (m.cr4 & SW_CR4_PAE) {
		m.levels = 3;
	} else {
		m.levels = 2;
		m.bits = 10;
		m.entry_size = 4;
	}
	return m;
}

static u64 sw_table_base(const struct sw_paging *m)
{
	if (m->entry_size == 4)
		return (u32)m->cr3 & ~0xfffu;
	if (m->levels == 3)
		return (u32)m->cr3 & ~0x1fu;
	return m->cr3 & SW_PTE_PFN;
}

static u64 sw_pte_value(const void *p, u8 size)
{
	return size == 4 ? sw_load((const u32 *)p) : sw_load((const u64 *)p);
}

/* The entry goes into the cache as well, to be compared the next time. */
static enum sw_fetch sw_read_pte(struct sw_run *run, u64 gpa, u8 size, u64 *pte)
{
	struct sw_fetch_cache *c = &run->vp->fetch;
	void *p;

	if (gpa >> (SW_GPAW - 1))
		return SW_FETCH_NOT_PRIVATE;
	p = sw_gpa_ptr(run, gpa, false);
	if (!p)
		return SW_FETCH_RETRY;
	*pte = sw_pte_value(p, size);
	c->pte[c->n] = p;
	c->val[c->n++] = *pte;
	return SW_FETCH_OK;
}

static bool sw_pte_is_leaf(const struct sw_paging *m, int level, u64 pte)
{
	/* The four top entries of PAE have no PS bit. */
	if (m->levels == 3 && level == 2)
		return false;
	return !level || (level < 3 && (pte & SW_PTE_PS));
}

/*
 * Translate as the processor just did; permissions are its business.  A walk
 * that no longer ends in memory means that the guest or the host changed the
 * tables since: the guest runs into it by itself.
 */
static enum sw_fetch sw_translate(struct sw_run *run, const struct sw_paging *m,
				  u64 gla, u64 *gpa)
{
	u64 base = sw_table_base(m), pte, mask;
	int level = m->levels, shift;
	enum sw_fetch err;

	run->vp->fetch.n = 0;
	do {
		level--;
		shift = 12 + m->bits * level;
		pte = (gla >> shift) & ((1u << m->bits) - 1);
		if (m->levels == 3 && level == 2)
			pte &= 3;
		err = sw_read_pte(run, base + pte * m->entry_size,
				  m->entry_size, &pte);
		if (err)
			return err;
		if (!(pte & SW_PTE_P))
			return SW_FETCH_RETRY;
		base = pte & SW_PTE_PFN;
	} while (!sw_pte_is_leaf(m, level, pte));
	mask = (1ULL << shift) - 1;
	*gpa = (base & ~mask) | (gla & mask);
	return SW_FETCH_OK;
}

/* Do the tables of the guest still say what they said? */
static bool sw_cache_hit(const struct sw_fetch_cache *c,
			 const struct sw_paging *m, u64 gla)
{
	unsigned int i;

	if (!c->page || c->gla != gla >> 12 || c->cr3 != m->cr3 ||
	    c->cr4 != m->cr4 || c->efer != m->efer)
		return false;
	for (i = 0; i < c->n; i++)
		if (sw_pte_value(c->pte[i], c->pte_size) != c->val[i])
			return false;
	return true;
}

static enum sw_fetch sw_fetch_walk(struct sw_run *run,
				   const struct sw_paging *m, u64 gla)
{
	struct sw_fetch_cache *c = &run->vp->fetch;
	enum sw_fetch err;
	u64 gpa = gla;

	c->page = NULL;
	c->n = 0;
	if (m->on) {
		err = sw_translate(run, m, gla, &gpa);
		if (err)
			return err;
	}
	if (gpa >> (SW_GPAW - 1))
		return SW_FETCH_NOT_PRIVATE;
	c->page = sw_gpa_ptr(run, gpa & ~(SW_PAGE_SIZE - 1), false);
	if (!c->page)
		return SW_FETCH_RETRY;
	c->gla = gla >> 12;
	c->cr3 = m->cr3;
	c->cr4 = m->cr4;
	c->efer = m->efer;
	c->pte_size = m->entry_size;
	return SW_FETCH_OK;
}

static enum sw_fetch sw_fetch_in_page(struct sw_run *run, u64 gla, u8 *buf,
				      unsigned int len)
{
	struct sw_fetch_cache *c = &run->vp->fetch;
	struct sw_paging m = sw_paging_mode(run);
	enum sw_fetch err;

	if (!m.on || !sw_cache_hit(c, &m, gla)) {
		err = sw_fetch_walk(run, &m, gla);
		if (err)
			return err;
	}
	memcpy(buf, c->page + (gla & (SW_PAGE_SIZE - 1)), len);
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

/* An operand in memory that the guest could not access itself right now. */
enum sw_call sw_call_fault(struct sw_run *run, u64 gpa, bool write)
{
	u64 qual = write ? SW_EQ_WRITE : SW_EQ_READ;

	if (sw_ept_violation(run, gpa, 0, qual) == SW_NEXT_EXIT)
		return SW_CALL_EXIT;
	return SW_CALL_FAULT;
}
