// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.PHYMEM.*: pages as such, without the TD's S-EPT.
 */
#include "host/leaf.h"

/* Bit 63 of RCX: a large entry that is in use in smaller pieces. */
#define SW_RDMD_NON_LEAF	(1ULL << 63)

/* A page that holds metadata is free in its own. */
static bool is_metadata(const struct sw_page *page, u8 level)
{
	return sw_sys.dynamic_pamt && !level &&
	       sw_page_type(page) == SW_PT_NDA &&
	       sw_pamt_marked(sw_tdmr_find(page->pa), page->pa);
}

static void rdmd_report(const struct sw_page *page, u8 level, struct sw_regs *r)
{
	bool split = sw_page_is_split(page);

	r->rcx = sw_page_type(page) | (split ? SW_RDMD_NON_LEAF : 0);
	r->rdx = sw_page_owner(page);
	r->r8 = page->level;
	r->r9 = sw_load(&page->e->bepoch);
	if (is_metadata(page, level)) {
		r->rcx = SW_PT_PAMT;
		r->r8 = 0;
	} else if (split && sw_sys.dynamic_pamt) {
		r->rdx = 0;
		r->r9 = 0;
		r->r10 = sw_node_page(page->e, 0);
		r->r11 = sw_node_page(page->e, 1);
	}
}

u64 sw_phymem_page_rdmd(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 pa = r->rcx & ~7ULL, err;
	u8 level = r->rcx & 7;
	struct sw_page page;

	r->rcx = 0;
	r->rdx = 0;
	r->r8 = 0;
	r->r9 = 0;
	r->r10 = 0;
	r->r11 = 0;
	/* Larger ones only where the PAMT's shape is the host's business. */
	if (level > (sw_sys.dynamic_pamt ? 2 : 0))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	err = sw_page_get(pa, level, SW_SHARED, -1, SW_OPND_RCX, &page);
	if (err)
		return err;
	rdmd_report(&page, level, r);
	sw_page_put(&page);
	return 0;
}

static u64 reclaim_tdr(struct sw_page *page, u64 *hint)
{
	struct sw_tdr *tdr = sw_va(page->pa);

	if (tdr->lifecycle != SW_TEARDOWN)
		return SW_LIFECYCLE_STATE_INCORRECT;
	if (sw_load(&tdr->chldcnt))
		return SW_TD_ASSOCIATED_PAGES_EXIST;
	*hint = sw_page_set(page, SW_PT_NDA, 0);
	return 0;
}

static u64 reclaim_child(struct sw_page *page, u64 *hint)
{
	struct sw_td td;
	u64 err;

	err = sw_tdr_get(sw_page_owner(page), SW_SHARED, SW_OPND_TDR, true, &td);
	if (err)
		return err;
	if (td.tdr->lifecycle != SW_TEARDOWN) {
		err = SW_LIFECYCLE_STATE_INCORRECT;
	} else {
		*hint = sw_page_set(page, SW_PT_NDA, 0);
		sw_td_children(&td, -(1LL << (9 * page->level)));
	}
	sw_td_put(&td);
	return err;
}

static u64 reclaim(struct sw_page *page, struct sw_regs *r)
{
	enum sw_pt type = sw_page_type(page);

	if (type == SW_PT_NDA || type == SW_PT_RSVD || type == SW_PT_PAMT)
		return SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX;
	/* Told also to a host that came too early. */
	r->rcx = type;
	r->rdx = sw_page_owner(page);
	r->r8 = page->level;
	if (!SW_ALIGNED(page->pa, SW_LEVEL_SIZE(page->level)))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	if (type == SW_PT_TDR)
		return reclaim_tdr(page, &r->r9);
	return reclaim_child(page, &r->r9);
}

u64 sw_phymem_page_reclaim(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 pa = r->rcx, err;
	struct sw_page page;

	r->rcx = 0;
	r->rdx = 0;
	r->r8 = 0;
	r->r9 = 0;
	r->r10 = 0;
	r->r11 = 0;
	err = sw_page_get(pa, 0, SW_EXCL, -1, SW_OPND_RCX, &page);
	if (err)
		return err;
	err = reclaim(&page, r);
	sw_page_put(&page);
	return err;
}

/*
 * Nothing is encrypted and caches know no KeyIDs: only the operand is checked.
 */
u64 sw_phymem_page_wbinvd(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 pa = r->rcx & ((1ULL << sw_maxpa()) - 1), hkid = r->rcx >> sw_maxpa();
	struct sw_page page;
	u64 err;

	if (hkid >= sw_sys.first_hkid + sw_sys.nr_hkids)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	err = sw_page_get(pa, 0, SW_SHARED, -1, SW_OPND_RCX, &page);
	if (err)
		return err;
	/* The PAMT's own pages, too, in a range that has no entries for them. */
	if (sw_page_type(&page) != SW_PT_NDA ||
	    (sw_sys.dynamic_pamt && sw_pamt_marked(sw_tdmr_find(pa), pa)))
		err = SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX;
	sw_page_put(&page);
	return err;
}

/*
 * Caches are written back block by block, of all KeyIDs at once, looking for host
 * events in between.  Each call does one block, so that a host which only resumes gets
 * done.  The KeyIDs that were flushed when it began are written back after the last one.
 */
#define CACHE_BLOCKS		8

static u64 cache_wb(u32 *next, u64 bit)
{
	u32 i;

	while (++*next < CACHE_BLOCKS) {
		if (sw_irq_pending())
			return SW_INTERRUPTED_RESUMABLE;
	}
	*next = 0;
	for (i = 0; i < sw_sys.nr_hkids; i++) {
		struct sw_kot *kot = &sw_sys.kot[sw_sys.first_hkid + i];

		if (sw_load(&kot->wb_listed) & bit)
			sw_and(&kot->wb_pending, ~bit);
	}
	return 0;
}

u64 sw_phymem_cache_wb(struct sw_cpu *cpu, struct sw_regs *r)
{
	u32 pkg = sw_this_pkg();
	u32 *next = &sw_sys.wb_next[pkg];
	u64 bit = 1ULL << pkg, err;

	if (r->rcx > 1)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	err = sw_lock(&sw_sys.wb_lock[pkg], SW_EXCL, SW_HOST);
	if (err)
		return err | SW_OPND_WBCACHE;
	err = sw_lock(&sw_sys.kot_lock, SW_SHARED, SW_HOST);
	if (err) {
		err |= SW_OPND_KOT;
		goto unlock;
	}
	if (r->rcx && !*next) {
		err = SW_WBCACHE_RESUME_ERROR;
	} else if (!r->rcx && !sw_cache_wb_start(bit)) {
		*next = 0;
		err = SW_NO_HKID_READY_TO_WBCACHE;
	} else {
		if (!r->rcx)
			*next = 0;
		err = cache_wb(next, bit);
	}
	sw_unlock(&sw_sys.kot_lock, SW_SHARED);
unlock:
	sw_unlock(&sw_sys.wb_lock[pkg], SW_EXCL);
	return err;
}
