// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_memfd of a TD: memory that the TDX module manages, and 2 MiB folios
 * where memory, file and slot allow them.
 *
 * The mapping of a TD's file has the table of hooks in i_private_data, which
 * guest_memfd leaves alone, and supports large folios.  All that follows from
 * it is here; any other file goes through these functions as it went through
 * base KVM.
 */
#include <linux/delay.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "kvm_tdx_hooks.h"

#define HUGE_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define HUGE_PAGES	BIT(HUGE_ORDER)

/* Tries to get rid of a hole's pages; the later ones sleep first. */
#define TRUNCATE_TRIES	5

static bool tdx_huge_pages = true;
module_param(tdx_huge_pages, bool, 0644);
MODULE_PARM_DESC(tdx_huge_pages,
		 "Let guest_memfd of TDs created from now on use 2 MiB pages");

void kvm_tdx_gmem_create(struct kvm *kvm, struct inode *inode)
{
	const struct kvm_tdx_hooks *hooks = kvm_tdx_hooks_of(kvm);

	if (!hooks)
		return;
	/* The file has a reference to the VM, and the VM one to kvm-intel.ko. */
	inode->i_mapping->i_private_data = (void *)hooks;
	if (!READ_ONCE(tdx_huge_pages))
		return;
	mapping_set_large_folios(inode->i_mapping);
	/* kvm_tdx_gmem_release() wants to know of every split. */
	mapping_set_release_always(inode->i_mapping);
}

/* --- getting a folio --- */

/*
 * Can the 2 MiB from @start on be one folio?  It would only cost memory where
 * the slot cannot have it mapped as one.  Without a slot, hope for the best.
 */
static bool gmem_fits_huge(struct inode *inode, struct kvm_memory_slot *slot,
			   pgoff_t start)
{
	pgoff_t end = start + HUGE_PAGES;

	if (mapping_max_folio_order(inode->i_mapping) < HUGE_ORDER)
		return false;
	if (end > i_size_read(inode) >> PAGE_SHIFT)
		return false;
	if (!slot)
		return true;

	return start >= slot->gmem.pgoff &&
	       end <= slot->gmem.pgoff + slot->npages &&
	       IS_ALIGNED(slot->base_gfn - slot->gmem.pgoff, HUGE_PAGES);
}

static struct folio *gmem_alloc(struct address_space *mapping, gfp_t gfp,
				unsigned int order)
{
	const struct kvm_tdx_hooks *hooks = mapping->i_private_data;

	return hooks->alloc_folio(gfp, order);
}

/*
 * What filemap_grab_folio() does, with memory that can be private.  -ENOMEM
 * where there is none, which a fault reports with the page's address.
 */
static struct folio *gmem_grab_small(struct address_space *mapping, pgoff_t index)
{
	gfp_t gfp = mapping_gfp_mask(mapping);
	struct folio *folio;
	int ret;

	for (;;) {
		folio = filemap_lock_folio(mapping, index);
		if (folio != ERR_PTR(-ENOENT))
			return folio;
		folio = gmem_alloc(mapping, gfp, 0);
		if (!folio)
			return ERR_PTR(-ENOMEM);
		ret = filemap_add_folio(mapping, folio, index, gfp);
		if (!ret)
			return folio;
		folio_put(folio);
		/* A fault that was faster. */
		if (ret != -EEXIST)
			return ERR_PTR(ret);
	}
}

/*
 * Returns NULL where memory is fragmented or the control group is full: both
 * have pages left, maybe, and a small one is as good.  So is one for a range
 * of which a part is there.
 */
static struct folio *gmem_add_huge(struct address_space *mapping, pgoff_t start)
{
	gfp_t gfp = mapping_gfp_mask(mapping) | __GFP_NORETRY | __GFP_NOWARN;
	loff_t first = (loff_t)start << PAGE_SHIFT;
	struct folio *folio;

	if (filemap_range_has_page(mapping, first, first + PMD_SIZE - 1))
		return NULL;
	folio = gmem_alloc(mapping, gfp, HUGE_ORDER);
	if (!folio)
		return NULL;
	if (filemap_add_folio(mapping, folio, start, gfp)) {
		folio_put(folio);
		return NULL;
	}
	/*
	 * Truncation of a part drops a clean folio as a whole when it cannot
	 * split it.  The rest would still be mapped by the S-EPT; a dirty one
	 * is kept.
	 */
	folio_mark_dirty(folio);
	return folio;
}

/* Locked, as from filemap_grab_folio(). */
struct folio *kvm_tdx_gmem_get_folio(struct inode *inode,
				     struct kvm_memory_slot *slot, pgoff_t index)
{
	pgoff_t start = ALIGN_DOWN(index, HUGE_PAGES);
	struct folio *folio = NULL;

	if (!inode->i_mapping->i_private_data)
		return filemap_grab_folio(inode->i_mapping, index);
	if (gmem_fits_huge(inode, slot, start))
		folio = gmem_add_huge(inode->i_mapping, start);

	/* Also finds the folio of a fault that was faster. */
	return folio ?: gmem_grab_small(inode->i_mapping, index);
}

/* A poisoned page makes the rest of a folio that could not be split small. */
int kvm_tdx_gmem_order(struct folio *folio)
{
	return folio_test_has_hwpoisoned(folio) ? 0 : folio_order(folio);
}

bool kvm_tdx_gmem_poisoned(struct folio *folio, pgoff_t index)
{
	return PageHWPoison(folio_file_page(folio, index));
}

/*
 * The module clears a page when the guest accepts it, so that nothing that
 * was in it before can be seen; and a page that the guest never accepted is
 * cleared when it comes back.
 */
bool kvm_tdx_gmem_needs_clear(struct kvm *kvm)
{
	return !kvm_is_td(kvm);
}

/* --- letting go of one --- */

/* The tasks that punch a hole; each holds its file's invalidate lock. */
struct truncation {
	struct list_head list;
	const struct task_struct *task;
};

static LIST_HEAD(truncations);
static DEFINE_SPINLOCK(truncations_lock);

static bool is_truncating(void)
{
	struct truncation *t;
	bool found = false;

	spin_lock(&truncations_lock);
	list_for_each_entry(t, &truncations, list)
		found |= t->task == current;
	spin_unlock(&truncations_lock);
	return found;
}

/*
 * A folio across an end of the hole has to be split, which a reference stands
 * in the way of: that of a fault, for a moment, or of compaction.  What stays
 * after the last try, like a page that the module did not give back, stays in
 * the file: mapped by nothing, and freed with it.
 */
void kvm_tdx_gmem_truncate(struct address_space *mapping, loff_t start,
			   loff_t last)
{
	struct truncation truncation = { .task = current };
	unsigned int tries;

	spin_lock(&truncations_lock);
	list_add(&truncation.list, &truncations);
	spin_unlock(&truncations_lock);

	for (tries = 0; tries < TRUNCATE_TRIES; tries++) {
		if (tries)
			usleep_range(100, 1000);
		truncate_inode_pages_range(mapping, start, last);
		if (!mapping_large_folio_support(mapping) ||
		    !filemap_range_has_page(mapping, start, last))
			break;
	}

	spin_lock(&truncations_lock);
	list_del(&truncation.list);
	spin_unlock(&truncations_lock);
}

/* --- poison --- */

/*
 * Take the invalidate lock for a folio that comes locked.  Punching a hole
 * takes the two the other way round, so let go of the folio first; the
 * caller's reference keeps it, and one to the inode its mapping.  Under the
 * lock no hole can be punched, and so the folio stays where it is.
 *
 * Returns false if it has left the file, which has zapped it before.
 */
bool kvm_tdx_gmem_lock_poisoned(struct address_space *mapping,
				struct folio *folio)
{
	if (!igrab(mapping->host))
		return false;
	folio_unlock(folio);
	filemap_invalidate_lock_shared(mapping);
	if (READ_ONCE(folio->mapping) == mapping)
		return true;
	kvm_tdx_gmem_unlock_poisoned(mapping, folio);
	return false;
}

void kvm_tdx_gmem_unlock_poisoned(struct address_space *mapping,
				  struct folio *folio)
{
	filemap_invalidate_unlock_shared(mapping);
	/* May be the last one, and takes every folio's lock then. */
	iput(mapping->host);
	folio_lock(folio);
}

/* The kernel's own message has the physical address only. */
void kvm_tdx_gmem_name_poisoned(struct kvm *kvm, struct xarray *bindings,
				pgoff_t index)
{
	struct kvm_memory_slot *slot = xa_load(bindings, index);

	if (slot && kvm_tdx_hooks_of(kvm))
		pr_err("TDX private memory error: TD of process %d, GPA 0x%llx\n",
		       kvm->userspace_pid,
		       gfn_to_gpa(slot->base_gfn + index - slot->gmem.pgoff));
}

/*
 * A large folio, which is locked, is about to be split.  memory_failure() does
 * so after it has marked the page, and if the split fails it does not call
 * kvm_gmem_error_folio().  So unmap what is marked now, page by page, for the
 * rest is good.  Faults see the mark: kvm_tdx_gmem_poisoned().
 *
 * A hole splits a folio with the invalidate lock held; what has been marked
 * until then is memory_failure()'s, which waits for the folio or for that lock.
 */
bool kvm_tdx_gmem_release(struct folio *folio,
			  void (*zap)(struct address_space *mapping,
				      pgoff_t index))
{
	struct address_space *mapping = folio->mapping;
	unsigned long i;

	if (!folio_test_has_hwpoisoned(folio) || is_truncating())
		return true;
	if (!kvm_tdx_gmem_lock_poisoned(mapping, folio))
		return false;
	for (i = 0; i < folio_nr_pages(folio); i++) {
		if (PageHWPoison(folio_page(folio, i)))
			zap(mapping, folio->index + i);
	}
	kvm_tdx_gmem_unlock_poisoned(mapping, folio);
	/*
	 * Meanwhile it may have left the file, and the file may have gone.  No
	 * one else has split it: the caller's reference is in the way.
	 */
	return folio->mapping == mapping;
}
