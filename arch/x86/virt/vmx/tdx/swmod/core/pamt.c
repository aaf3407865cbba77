// SPDX-License-Identifier: GPL-2.0-only
/*
 * The physical address metadata table: what every page of a TDMR is used for,
 * and by which TD.  It lives in memory that the host donated, one array for
 * each page size, and is what makes a page operand safe to use: only a page
 * that the walk below finds free may become the module's.
 *
 * Order: the 1G entry shared, the 2M entry shared, then the 4K entry; where a
 * walk ends early the last lock is promoted.  An exclusive 2M lock thereby
 * collides with any work on any small page below it.
 *
 * With dynamic PAMT the entries of small pages lie in two pages below the 2M
 * entry, if at all: pamt_dynamic.c.
 */
#include "core/core.h"

#define SW_PAMT_TYPE_MASK	0x1f

static enum sw_pt entry_type(const struct sw_pamt_entry *e)
{
	return sw_load(&e->type_flags) & SW_PAMT_TYPE_MASK;
}

static struct sw_pamt_entry *array_entry(const struct sw_tdmr *t, u64 pa,
					 u8 level)
{
	struct sw_pamt_entry *array = sw_va(t->pamt[level]);

	return &array[(pa - t->base) >> SW_LEVEL_SHIFT(level)];
}

/* Of a small page only if the caller knows that there is one. */
static struct sw_pamt_entry *pamt_entry(const struct sw_tdmr *t, u64 pa,
					u8 level)
{
	if (!level && sw_sys.dynamic_pamt)
		return sw_node_entry(array_entry(t, pa, 1), pa);
	return array_entry(t, pa, level);
}

const struct sw_pamt_entry *sw_pamt_peek(u64 pa, u8 level)
{
	const struct sw_tdmr *t = sw_tdmr_find(pa);
	const struct sw_pamt_entry *node;

	if (!t || !sw_pa_usable(pa))
		return NULL;
	if (level || !sw_sys.dynamic_pamt)
		return array_entry(t, pa, level);
	/* What it says may be half old and half new: it must be memory. */
	node = array_entry(t, pa, 1);
	if (entry_type(node) != SW_PT_PAMT ||
	    !sw_pa_usable(sw_node_page(node, 0)) ||
	    !sw_pa_usable(sw_node_page(node, 1)))
		return NULL;
	return sw_node_entry(node, pa);
}

static u64 entry_owner(const struct sw_pamt_entry *e)
{
	u64 pfn = 0;

	memcpy(&pfn, e->owner, sizeof(e->owner));
	return pfn << 12;
}

static void entry_set(struct sw_pamt_entry *e, enum sw_pt type, u64 owner_pa)
{
	u64 pfn = owner_pa >> 12;

	memcpy(e->owner, &pfn, sizeof(e->owner));
	e->bepoch = 0;
	sw_store(&e->type_flags, (u8)type);
}

enum sw_pt sw_page_type(const struct sw_page *ref)
{
	return entry_type(ref->e);
}

u64 sw_page_owner(const struct sw_page *ref)
{
	return entry_owner(ref->e);
}

u64 sw_page_set(struct sw_page *ref, enum sw_pt type, u64 owner_pa)
{
	int used = (type != SW_PT_NDA) - (entry_type(ref->e) != SW_PT_NDA);

	entry_set(ref->e, type, owner_pa);
	if (!sw_sys.dynamic_pamt || ref->level)
		return 0;
	return sw_node_count(ref->e2m, used);
}

u64 sw_page_operand(u64 pa, u8 level, u32 operand)
{
	if (!sw_sys_check_hpa(pa) || !SW_ALIGNED(pa, SW_LEVEL_SIZE(level)))
		return SW_OPERAND_INVALID | operand;
	if (!sw_pa_usable(pa))
		return SW_OPERAND_ADDR_RANGE_ERROR | operand;
	return 0;
}

/* The lock at which the walk ends: taken at 4K, promoted above it. */
static u64 page_lock_leaf(struct sw_page *ref, const struct sw_tdmr *t,
			  u8 level, enum sw_mode mode)
{
	u64 err;

	ref->level = level;
	ref->mode = mode;
	if (level == 0) {
		ref->e = pamt_entry(t, ref->pa, 0);
		err = sw_lock(&ref->e->lock, mode, SW_HOST);
		if (err)
			ref->e = NULL;
		return err;
	}
	if (mode == SW_EXCL) {
		err = sw_promote(level == 1 ? &ref->e2m->lock : &ref->e1g->lock);
		if (err)
			return err;
	}
	if (level == 1) {
		ref->e = ref->e2m;
		ref->held_2m = 0;
	} else {
		ref->e = ref->e1g;
		ref->held_1g = 0;
	}
	return 0;
}

/* Does the walk go on below this 2M entry? */
static bool has_small_pages(const struct sw_pamt_entry *e2m)
{
	return entry_type(e2m) == (sw_sys.dynamic_pamt ? SW_PT_PAMT : SW_PT_NDA);
}

static u64 page_walk(struct sw_page *ref, const struct sw_tdmr *t, u8 level,
		     enum sw_mode mode)
{
	u64 err;

	ref->e1g = pamt_entry(t, ref->pa, 2);
	err = sw_lock(&ref->e1g->lock, SW_SHARED, SW_HOST);
	if (err)
		return err;
	ref->held_1g = 1;
	if (level == 2 || entry_type(ref->e1g) != SW_PT_NDA)
		return page_lock_leaf(ref, t, 2, mode);

	ref->e2m = pamt_entry(t, ref->pa, 1);
	err = sw_lock(&ref->e2m->lock, SW_SHARED, SW_HOST);
	if (err)
		return err;
	ref->held_2m = 1;
	if (level == 1 || !has_small_pages(ref->e2m))
		return page_lock_leaf(ref, t, 1, mode);
	return page_lock_leaf(ref, t, 0, mode);
}

/* A free 2M entry says nothing of the small pages below it: look at them. */
static bool small_pages_free(const struct sw_tdmr *t, u64 pa)
{
	const struct sw_pamt_entry *e = array_entry(t, pa, 0);
	int i;

	for (i = 0; i < 512; i++) {
		if (entry_type(&e[i]) != SW_PT_NDA)
			return false;
	}
	return true;
}

bool sw_page_is_split(const struct sw_page *ref)
{
	if (ref->level != 1)
		return false;
	if (sw_sys.dynamic_pamt)
		return entry_type(ref->e) == SW_PT_PAMT;
	return entry_type(ref->e) == SW_PT_NDA &&
	       !small_pages_free(sw_tdmr_find(ref->pa), ref->pa);
}

/* What no entry says: small pages in use, or serving as metadata. */
static bool page_is_free(const struct sw_page *ref, const struct sw_tdmr *t)
{
	if (sw_sys.dynamic_pamt)
		return ref->level ? sw_pamt_range_unmarked(t, ref->pa) :
				    !sw_pamt_marked(t, ref->pa);
	return ref->level != 1 || small_pages_free(t, ref->pa);
}

static u64 page_check(const struct sw_page *ref, const struct sw_tdmr *t,
		      u8 level, int want)
{
	enum sw_pt type = entry_type(ref->e);

	if (want < 0)
		return 0;
	if (ref->level != level) {
		if (sw_sys.dynamic_pamt && ref->level == 1 &&
		    type == SW_PT_NDA && want == SW_PT_NDA)
			return SW_MISSING_PAMT_PAGE_PAIR;
		return SW_PAGE_METADATA_INCORRECT;
	}
	if (type != (enum sw_pt)want)
		return SW_PAGE_METADATA_INCORRECT;
	if (want == SW_PT_NDA && !page_is_free(ref, t))
		return SW_PAGE_METADATA_INCORRECT;
	return 0;
}

u64 sw_page_get(u64 pa, u8 level, enum sw_mode mode, int want, u32 operand,
		struct sw_page *ref)
{
	struct sw_tdmr *t;
	u64 err;

	memset(ref, 0, sizeof(*ref));
	err = sw_page_operand(pa, level, operand);
	if (err)
		return err;
	ref->pa = pa;
	t = sw_tdmr_find(pa);
	err = page_walk(ref, t, level, mode);
	if (!err)
		err = page_check(ref, t, level, want);
	if (!err)
		return 0;
	sw_page_put(ref);
	return err | operand;
}

/*
 * An entry that the host can take away needs the 2M entry's lock as well: it
 * has to be there until it is unlocked.  That of a TDR stays for as long as
 * there is a page that names it, so nobody gets it away from who has such one.
 */
static u64 leaf_entry(u64 pa, u8 level, int want, struct sw_page *ref,
		      struct sw_pamt_entry **e)
{
	struct sw_tdmr *t = sw_tdmr_find(pa);
	u64 err;

	if (!level && sw_sys.dynamic_pamt && want != SW_PT_TDR) {
		ref->e2m = array_entry(t, pa, 1);
		err = sw_lock(&ref->e2m->lock, SW_SHARED, SW_HOST);
		if (err)
			return err;
		ref->held_2m = 1;
		if (entry_type(ref->e2m) != SW_PT_PAMT)
			return SW_PAGE_METADATA_INCORRECT;
	}
	*e = pamt_entry(t, pa, level);
	return 0;
}

u64 sw_page_get_leaf(u64 pa, u8 level, enum sw_mode mode, int want, u32 operand,
		     struct sw_page *ref)
{
	struct sw_pamt_entry *e;
	u64 err;

	memset(ref, 0, sizeof(*ref));
	err = sw_page_operand(pa, level, operand);
	if (err)
		return err;
	err = leaf_entry(pa, level, want, ref, &e);
	if (!err)
		err = sw_lock(&e->lock, mode, SW_HOST);
	if (err)
		goto put;
	ref->pa = pa;
	ref->level = level;
	ref->mode = mode;
	ref->e = e;
	if (want < 0 || entry_type(e) == (enum sw_pt)want)
		return 0;
	err = SW_PAGE_METADATA_INCORRECT;
put:
	sw_page_put(ref);
	return err | operand;
}

u64 sw_page_get_implicit(u64 pa, enum sw_mode mode, int want, u32 operand,
			 struct sw_page *ref)
{
	return sw_page_get_leaf(pa, 0, mode, want, operand, ref);
}

void sw_page_put(struct sw_page *ref)
{
	if (ref->e)
		sw_unlock(&ref->e->lock, ref->mode);
	if (ref->held_2m)
		sw_unlock(&ref->e2m->lock, SW_SHARED);
	if (ref->held_1g)
		sw_unlock(&ref->e1g->lock, SW_SHARED);
	memset(ref, 0, sizeof(*ref));
}

void sw_pamt_split(struct sw_page *ref, const struct sw_pamt_pair *pair)
{
	struct sw_tdmr *t = sw_tdmr_find(ref->pa);
	u64 owner = entry_owner(ref->e);
	enum sw_pt type = entry_type(ref->e);
	int i;

	if (sw_sys.dynamic_pamt)
		sw_node_make(ref->e, pair, 512);
	else
		entry_set(ref->e, SW_PT_NDA, 0);
	/* The exclusive 2M lock keeps every walk away from the small entries. */
	for (i = 0; i < 512; i++)
		entry_set(pamt_entry(t, ref->pa + i * SW_SIZE_4K, 0), type, owner);
}

/*
 * Take the 2M entry over 512 small pages of one TD that are about to become
 * one: exclusively, so that none of them is in use.  sw_pamt_join() commits.
 */
u64 sw_pamt_merge(u64 pa, u64 owner_pa, struct sw_page *ref)
{
	struct sw_tdmr *t;
	int i;
	u64 err;

	err = sw_page_get(pa, 1, SW_EXCL, -1, SW_OPND_RCX, ref);
	if (err)
		return err;
	t = sw_tdmr_find(pa);
	for (i = 0; has_small_pages(ref->e) && i < 512; i++) {
		struct sw_pamt_entry *e = pamt_entry(t, pa + i * SW_SIZE_4K, 0);

		if (entry_type(e) != SW_PT_REG || entry_owner(e) != owner_pa)
			break;
	}
	if (i == 512)
		return 0;
	sw_page_put(ref);
	return SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX;
}

void sw_pamt_join(struct sw_page *ref, u64 owner_pa, u64 pair[2])
{
	struct sw_pamt_entry *e = array_entry(sw_tdmr_find(ref->pa), ref->pa, 0);
	int i;

	if (sw_sys.dynamic_pamt) {
		sw_node_unmake(ref->e, pair);
	} else {
		for (i = 0; i < 512; i++)
			entry_set(&e[i], SW_PT_NDA, 0);
	}
	entry_set(ref->e, SW_PT_REG, owner_pa);
}

void sw_pamt_set_bepoch(u64 pa, u8 level, u64 epoch)
{
	sw_store(&pamt_entry(sw_tdmr_find(pa), pa, level)->bepoch, epoch);
}

u64 sw_pamt_bepoch(u64 pa, u8 level)
{
	return sw_load(&pamt_entry(sw_tdmr_find(pa), pa, level)->bepoch);
}
