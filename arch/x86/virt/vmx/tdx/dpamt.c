// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic PAMT: the module has metadata of 4 KiB pages only where the host gives
 * it two pages for a 2 MiB range.  Count how many small pages of each range the
 * module has, or is about to be given; the pair is there while there is one.
 * See docs/dynamic-pamt.md.
 *
 * The pair of a range is added and removed under the range's lock, and the count
 * is above zero only while it is there.  So whoever raises a count that is not
 * zero needs no lock.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "host.h"

#define PAMT_RANGE_PAGES	512
#define PAMT_NR_LOCKS		64
/*
 * Who has the module's locks, another CPU with a pair of its own, has them for
 * one SEAMCALL.  The bound is met by a broken module alone.
 */
#define PAMT_BUSY_TRIES		10000

static bool dynamic_pamt = true;
module_param(dynamic_pamt, bool, 0444);
MODULE_PARM_DESC(dynamic_pamt, "0: have metadata of all 4 KiB pages at once (default: as TDs need it, if the TDX module can)");

/* NULL where the PAMT is static; constant while there can be a TD. */
static atomic_t *range_users;
static atomic_long_t nr_pairs;
static spinlock_t range_locks[PAMT_NR_LOCKS];

/*
 * The KeyIDs may take so few address bits that nodes have no room for a page.  A
 * module with larger entries would want more than two pages for a range.
 */
bool tdx_pamt_wants_dynamic(const struct tdx_sys_info *info)
{
	return dynamic_pamt && info->features0 & TDX_FEATURES0_DYNAMIC_PAMT &&
	       info->pamt_bitmap_bits &&
	       info->pamt_entry_size[0] * PAMT_RANGE_PAGES == 2 * PAGE_SIZE &&
	       boot_cpu_data.x86_phys_bits + info->pamt_min_keyid_bits <= 52;
}

/* Before SYS.CONFIG: counts for all memory below @end. */
int tdx_pamt_start(u64 end)
{
	unsigned int i;

	for (i = 0; i < PAMT_NR_LOCKS; i++)
		spin_lock_init(&range_locks[i]);
	range_users = kvcalloc(DIV_ROUND_UP(end, SZ_2M), sizeof(*range_users),
			       GFP_KERNEL);
	return range_users ? 0 : -ENOMEM;
}

/* The module is disabled, or was never configured. */
void tdx_pamt_stop(void)
{
	long left = atomic_long_read(&nr_pairs);

	if (left)
		pr_warn("%ld pairs of metadata pages are lost\n", left);
	atomic_long_set(&nr_pairs, 0);
	kvfree(range_users);
	range_users = NULL;
}

bool tdx_pamt_is_dynamic(void)
{
	return range_users;
}

/* How many pairs the module has. */
long tdx_pamt_nr_pairs(void)
{
	return atomic_long_read(&nr_pairs);
}

/* --- pairs that wait to be used --- */

/**
 * tdx_pamt_pair_alloc() - have a pair that tdx_pamt_get() can use
 * @pair: what is there already is kept
 * @gfp: as for tdx_alloc_page()
 *
 * Return: 0, also where none is needed, or -ENOMEM.
 */
int tdx_pamt_pair_alloc(struct tdx_pamt_pair *pair, gfp_t gfp)
{
	struct folio *folio;
	unsigned int i;

	if (!range_users)
		return 0;
	for (i = 0; i < 2; i++) {
		if (pair->page[i])
			continue;
		/* Of a page that is metadata the module keeps none. */
		folio = tdx_alloc_folio(gfp, 0);
		if (!folio)
			return -ENOMEM;
		pair->page[i] = &folio->page;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(tdx_pamt_pair_alloc);

/**
 * tdx_pamt_pair_free() - free what is left of a pair
 * @pair: is empty afterwards
 */
void tdx_pamt_pair_free(struct tdx_pamt_pair *pair)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (pair->page[i])
			__free_page(pair->page[i]);
		pair->page[i] = NULL;
	}
}
EXPORT_SYMBOL_GPL(tdx_pamt_pair_free);

/* --- one range --- */

static u64 range_of(struct page *page)
{
	return page_to_phys(page) / SZ_2M;
}

static struct page *range_page(struct page *page)
{
	return pfn_to_page(PHYS_PFN(page_to_phys(page)) & ~(PAMT_RANGE_PAGES - 1UL));
}

static spinlock_t *range_lock(u64 range)
{
	return &range_locks[range % PAMT_NR_LOCKS];
}

static bool busy_again(u64 status, unsigned int *tries)
{
	if (tdx_status_code(status) != TDX_OPERAND_BUSY ||
	    ++*tries == PAMT_BUSY_TRIES)
		return false;
	cpu_relax();
	return true;
}

static int range_add(u64 range, struct page *page, struct tdx_pamt_pair *pair)
{
	unsigned int tries = 0;
	u64 status;

	lockdep_assert_held(range_lock(range));

	if (!pair->page[0] || !pair->page[1])
		return -ENOMEM;
	do {
		status = tdh_phymem_pamt_add(range_page(page), pair->page);
	} while (busy_again(status, &tries));
	if (tdx_status_failed(status)) {
		pr_warn_ratelimited("PHYMEM.PAMT.ADD of 0x%llx: %s (0x%llx)\n",
				    (u64)page_to_phys(page),
				    tdx_status_name(status), status);
		return tdx_status_code(status) == TDX_OPERAND_BUSY ? -EBUSY : -EIO;
	}
	pair->page[0] = NULL;
	pair->page[1] = NULL;
	atomic_long_inc(&nr_pairs);
	return 0;
}

/* A pair that does not come back stays where it is, and its range has a user. */
static bool range_remove(u64 range, struct page *page, u64 pair_pa[2])
{
	unsigned int tries = 0;
	u64 status;

	lockdep_assert_held(range_lock(range));

	do {
		status = tdh_phymem_pamt_remove(range_page(page), pair_pa);
	} while (busy_again(status, &tries));
	if (!tdx_status_failed(status)) {
		atomic_long_dec(&nr_pairs);
		return true;
	}
	pr_warn_ratelimited("PHYMEM.PAMT.REMOVE of 0x%llx: %s (0x%llx); two pages are lost\n",
			    (u64)page_to_phys(page), tdx_status_name(status),
			    status);
	atomic_set(&range_users[range], 1);
	return false;
}

/* The module wrote to it under its own KeyID, and PAMT.REMOVE flushes nothing. */
static void free_returned(struct page *page)
{
	unsigned int tries = 0;
	u64 status;

	do {
		status = tdh_phymem_page_wbinvd(page, tdx_global_keyid());
	} while (busy_again(status, &tries));
	if (tdx_status_failed(status)) {
		pr_warn_ratelimited("PHYMEM.PAGE.WBINVD of 0x%llx: %s (0x%llx); the page is lost\n",
				    (u64)page_to_phys(page),
				    tdx_status_name(status), status);
		return;
	}
	tdx_clear_page(page);
	__free_page(page);
}

/**
 * tdx_pamt_get() - the module is about to be given a 4 KiB page
 * @page: the page
 * @pair: used, and empty then, where the page's range has none
 *
 * Does not sleep.  Undone by tdx_pamt_put().
 *
 * Return: 0, -ENOMEM if @pair is needed and not there, -EBUSY or -EIO if the
 * module refused it.
 */
int tdx_pamt_get(struct page *page, struct tdx_pamt_pair *pair)
{
	u64 range = range_of(page);
	int ret = 0;

	if (!range_users || atomic_inc_not_zero(&range_users[range]))
		return 0;

	spin_lock(range_lock(range));
	if (!atomic_inc_not_zero(&range_users[range])) {
		ret = range_add(range, page, pair);
		/* Pairs with atomic_inc_not_zero(): the pair is there before. */
		if (!ret)
			atomic_set_release(&range_users[range], 1);
	}
	spin_unlock(range_lock(range));
	return ret;
}
EXPORT_SYMBOL_GPL(tdx_pamt_get);

/**
 * tdx_pamt_put() - the module has given a 4 KiB page back
 * @page: the page; no SEAMCALL on it is under way
 *
 * Does not sleep.  Before the page is freed: the range may be used as one page
 * next, which the module refuses while there is a pair.
 */
void tdx_pamt_put(struct page *page)
{
	u64 range = range_of(page), pair_pa[2];
	bool removed = false;
	unsigned int i;

	if (!range_users || atomic_add_unless(&range_users[range], -1, 1))
		return;

	spin_lock(range_lock(range));
	if (atomic_dec_and_test(&range_users[range]))
		removed = range_remove(range, page, pair_pa);
	spin_unlock(range_lock(range));

	for (i = 0; removed && i < 2; i++)
		free_returned(pfn_to_page(PHYS_PFN(pair_pa[i])));
}
EXPORT_SYMBOL_GPL(tdx_pamt_put);

/**
 * tdx_pamt_split() - MEM.PAGE.DEMOTE has made 512 pages of one
 * @page: the first of them; the range had no small page before
 * @pair: what DEMOTE was given; empty afterwards
 */
void tdx_pamt_split(struct page *page, struct tdx_pamt_pair *pair)
{
	if (!range_users)
		return;
	pair->page[0] = NULL;
	pair->page[1] = NULL;
	atomic_long_inc(&nr_pairs);
	WARN_ON_ONCE(atomic_xchg(&range_users[range_of(page)], PAMT_RANGE_PAGES));
}
EXPORT_SYMBOL_GPL(tdx_pamt_split);

/* --- pages of the module's, which are allocated one by one --- */

static int get_with_alloc(struct page *page, gfp_t gfp)
{
	struct tdx_pamt_pair pair = {};
	int ret = tdx_pamt_get(page, &pair);

	/* Its range had a pair, mostly. */
	if (ret != -ENOMEM)
		return ret;
	ret = tdx_pamt_pair_alloc(&pair, gfp);
	if (!ret)
		ret = tdx_pamt_get(page, &pair);
	tdx_pamt_pair_free(&pair);
	return ret;
}

/**
 * tdx_alloc_page() - a page that can be the module's or a TD's
 * @gfp: as for alloc_page()
 *
 * Return: the page, for tdx_free_page(), or NULL, see tdx_alloc_folio().
 */
struct page *tdx_alloc_page(gfp_t gfp)
{
	struct folio *folio = tdx_alloc_folio(gfp, 0);

	if (folio && get_with_alloc(&folio->page, gfp)) {
		folio_put(folio);
		return NULL;
	}
	return folio ? &folio->page : NULL;
}
EXPORT_SYMBOL_GPL(tdx_alloc_page);

/**
 * tdx_free_page() - free a page of tdx_alloc_page()
 * @page: the module does not have it, or no more
 */
void tdx_free_page(struct page *page)
{
	tdx_pamt_put(page);
	__free_page(page);
}
EXPORT_SYMBOL_GPL(tdx_free_page);
