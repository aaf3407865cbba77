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

/* --- entries and tables --- */

#define SEPT_ENTRIES		512
/* As the module counts them; base KVM's PG_LEVEL_4K is 1. */
#define SEPT_LEVEL_4K		0
#define SEPT_LEVEL_2M		1
/* Tables that one mapping may need: all levels below a 5-level root. */
#define SEPT_MAX_TABLES		4

#define SEPT_NR_SPARE		2

/* What a mirror entry says of the module's. */
enum sept_state {
	SEPT_NONE,	/* free */
	SEPT_TABLE,	/* leads to the next level */
	SEPT_LEAF,	/* maps a page, accepted by the guest or not */
	SEPT_BLOCKED,	/* a leaf that admits no new translation */
	SEPT_HELD,	/* a leaf whose page has a reference of the mirror's */
	SEPT_FROZEN,	/* its owner is making a SEAMCALL */
	SEPT_TABLE_BLOCKED, /* leads to an empty table that is on its way out */
	SEPT_NR_STATES,
};

/* What changes an entry, each but HOLD by one SEAMCALL. */
enum sept_op {
	SEPT_OP_LINK,		/* TDH.MEM.SEPT.ADD */
	SEPT_OP_ADD,		/* TDH.MEM.PAGE.ADD */
	SEPT_OP_AUG,		/* TDH.MEM.PAGE.AUG */
	SEPT_OP_BLOCK,		/* TDH.MEM.RANGE.BLOCK */
	SEPT_OP_REMOVE,		/* TDH.MEM.PAGE.REMOVE, blocked and tracked */
	SEPT_OP_REMOVE_EARLY,	/* the same before the TD may run */
	SEPT_OP_DEMOTE,		/* TDH.MEM.PAGE.DEMOTE */
	SEPT_OP_RECLAIM,	/* TDH.PHYMEM.PAGE.RECLAIM, KeyID freed */
	SEPT_OP_HOLD,		/* keep the page until RECLAIM is legal */
	SEPT_OP_BLOCK_TABLE,	/* TDH.MEM.RANGE.BLOCK, of an empty table */
	SEPT_OP_UNLINK,		/* TDH.MEM.SEPT.REMOVE, blocked and tracked */
	SEPT_NR_OPS,
};

/*
 * The state is in bits 2:0.  Above it, a leaf has its page frame number in
 * bits 51:12 and a table entry the address of its struct sept_table.
 */
#define SEPT_STATE_MASK		7ULL
#define SEPT_PFN_MASK		0x000ffffffffff000ULL

/* One table of the mirror; @page is the module's table that it mirrors. */
struct sept_table {
	u64 *entries;
	/* NULL for the root, which is part of the TDCS. */
	struct page *page;
	/* With dynamic PAMT, of the pages that a spare table splits. */
	struct tdx_pamt_pair pair;
};

static inline enum sept_state sept_state(u64 entry)
{
	return entry & SEPT_STATE_MASK;
}

static inline u64 sept_make_leaf(enum sept_state state, u64 pfn)
{
	return pfn << 12 | state;
}

static inline u64 sept_pfn(u64 entry)
{
	return (entry & SEPT_PFN_MASK) >> 12;
}

static inline u64 sept_make_table(struct sept_table *table)
{
	return (u64)(unsigned long)table | SEPT_TABLE;
}

static inline struct sept_table *sept_child(u64 entry)
{
	return (struct sept_table *)(unsigned long)(entry & ~SEPT_STATE_MASK);
}

/* Does the entry stand for a page that the module has? */
static inline bool sept_is_leaf(u64 entry)
{
	enum sept_state state = sept_state(entry);

	return state == SEPT_LEAF || state == SEPT_BLOCKED || state == SEPT_HELD;
}

/* Does the entry have a struct sept_table? */
static inline bool sept_has_table(u64 entry)
{
	enum sept_state state = sept_state(entry);

	return state == SEPT_TABLE || state == SEPT_TABLE_BLOCKED;
}

static inline unsigned int sept_shift(u8 level)
{
	return 12 + 9 * level;
}

static inline u64 sept_size(u8 level)
{
	return 1ULL << sept_shift(level);
}

static inline u64 sept_pages(u8 level)
{
	return 1ULL << (9 * level);
}

/* --- statistics: plain counts, nothing depends on them --- */

enum sept_stat {
	SEPT_STAT_PAGES_4K,	/* mapped now */
	SEPT_STAT_PAGES_2M,
	SEPT_STAT_TABLES,
	SEPT_STAT_HELD,
	SEPT_STAT_FAULTS,	/* events since the TD was created */
	SEPT_STAT_RETRIES,
	SEPT_STAT_ADDS,
	SEPT_STAT_AUGS,
	SEPT_STAT_BLOCKS,
	SEPT_STAT_REMOVES,
	SEPT_STAT_DEMOTES,
	SEPT_STAT_RECLAIMS,
	SEPT_STAT_LINKS,
	SEPT_STAT_UNLINKS,
	SEPT_STAT_ZAP_BATCHES,
	SEPT_STAT_TRACKS,
	SEPT_STAT_KICKS,
	SEPT_STAT_QUIESCES,
	SEPT_STAT_BUSY,
	SEPT_STAT_LEAKED,
	SEPT_NR_STATS,
};

struct sept_stats {
	atomic64_t count[SEPT_NR_STATS];
};

/* --- the MMU of a TD, and of a vCPU --- */

struct sept {
	struct sept_table root;
	struct sept_stats stats;
	/*
	 * Tables for the two ends of a zapped range, where a 2 MiB mapping may
	 * have to be split.  Filled by anyone, emptied under mmu_lock for
	 * write.
	 */
	struct sept_table *spare[SEPT_NR_SPARE];
	/*
	 * The KeyID is being given back: until that is done no SEAMCALL can
	 * take a page out.  Written under mmu_lock for write.
	 */
	bool closing;
	/*
	 * Leaves that are blocked and tracked, but not removed: their slots are
	 * gone, and maybe the TD goes next.  Protected by mmu_lock.
	 */
	u64 nr_parked;
};

/* Tables that wait for the vCPU's next mapping; used by that vCPU only. */
struct sept_cache {
	struct sept_table *tables[SEPT_MAX_TABLES];
	unsigned int nr;
	/* With dynamic PAMT, of the page that is to be mapped. */
	struct tdx_pamt_pair pair;
};

int sept_init(struct kvm_tdx *kvm_tdx);
/*
 * The KeyID is about to be given back: from now on zaps only keep their pages
 * alive, until the TD is KEYLESS or sept_destroy() is called.  False if another
 * caller was faster: both ends of a TD may come at once.
 */
bool sept_close(struct kvm_tdx *kvm_tdx);
/* KeyID freed: reclaim every leaf still mapped, then every table. */
void sept_destroy(struct kvm_tdx *kvm_tdx);

/*
 * Map the page at @pos->gpa, which has @pfn, at @pos->level or below with
 * PAGE.AUG; add tables as needed.  mmu_lock held for read.  0 (also if it is
 * mapped already; @pos->level has become the mapping's), -EAGAIN (raced,
 * retry), -EBUSY (module lock), -ENOMEM (top up the cache), -EIO (VM dead).
 */
int sept_map(struct kvm_vcpu *vcpu, struct sept_pos *pos, kvm_pfn_t pfn);
/*
 * The same with PAGE.ADD before FINALIZE; @source holds the contents.  -EEXIST
 * if there is a page already.
 */
int sept_add(struct kvm_vcpu *vcpu, u64 gpa, kvm_pfn_t pfn, struct page *source);
/* At what level is @gpa mapped?  -1 if not.  mmu_lock held. */
int sept_mapped_level(struct kvm_tdx *kvm_tdx, u64 gpa);
/*
 * Replace the 2 MiB mapping of @gpa, if there is one, by small ones.  mmu_lock
 * held for write.
 */
void sept_split(struct kvm_tdx *kvm_tdx, u64 gpa);
/*
 * Is there an empty table below the 2 MiB entry of @gpa, which keeps a large
 * page from being mapped there?  mmu_lock held.
 */
bool sept_empty_table_at(struct kvm_tdx *kvm_tdx, u64 gpa);
/*
 * Remove that table, and empty ones of the GPAs that follow, with one TRACK and
 * one kick.  mmu_lock held for write.  Where the module is busy they stay.
 */
void sept_prune(struct kvm_tdx *kvm_tdx, u64 gpa);
/* Block all, track once, kick once, remove all.  mmu_lock held for write. */
void sept_zap_range(struct kvm_tdx *kvm_tdx, gfn_t start, gfn_t end);
/*
 * The same but for the last step: the pages stay the TD's, HELD.  If the KeyID is
 * given back before anybody wants them, one RECLAIM each is all that they cost.
 */
void sept_park_range(struct kvm_tdx *kvm_tdx, gfn_t start, gfn_t end);
/* Remove what is parked.  mmu_lock held for write. */
void sept_unpark(struct kvm_tdx *kvm_tdx);
/* Pages for tables of one mapping; call before taking mmu_lock. */
int sept_topup(struct kvm_vcpu *vcpu);
void sept_free_cache(struct kvm_vcpu *vcpu);

/* --- sept_rules.c --- */
bool sept_may(enum sept_op op, enum sept_state from);
enum sept_state sept_after(enum sept_op op);

/* --- sept_walk.c --- */

/* A place in the mirror and what was found there. */
struct sept_iter {
	struct kvm_tdx *kvm_tdx;
	struct sept_table *table;
	u64 *ptr;
	u64 old;
	/* @pos.gpa is aligned to the size of an entry of @pos.level. */
	struct sept_pos pos;
	u64 target;
};

u8 sept_root_level(const struct kvm_tdx *kvm_tdx);
void sept_iter_start(struct sept_iter *it, struct kvm_tdx *kvm_tdx, u64 gpa);
bool sept_iter_descend(struct sept_iter *it);
void sept_iter_reload(struct sept_iter *it);
bool sept_iter_next_leaf(struct sept_iter *it, struct kvm_tdx *kvm_tdx, u64 *gpa,
			 u64 end);
bool sept_iter_next_table(struct sept_iter *it, struct kvm_tdx *kvm_tdx, u64 *gpa,
			  u64 end);

/* From the root down to the last entry on the way to @gpa. */
#define for_each_sept_entry(it, tdx, gpa)				\
	for (sept_iter_start(it, tdx, gpa); (it)->ptr; sept_iter_descend(it))

/* Each leaf that overlaps [gpa, end); @gpa moves along. */
#define for_each_sept_leaf(it, tdx, gpa, end)				\
	for ((it)->ptr = NULL; sept_iter_next_leaf(it, tdx, &(gpa), end);)

/* Each table of 4 KiB entries that overlaps [gpa, end); @gpa moves along. */
#define for_each_sept_table(it, tdx, gpa, end)				\
	for (; sept_iter_next_table(it, tdx, &(gpa), end);)

bool sept_try_freeze(struct sept_iter *it);
void sept_publish(struct sept_iter *it, u64 entry);
struct sept_table *sept_table_alloc(gfp_t gfp);
void sept_table_free(struct sept_table *table);
bool sept_table_is_empty(const struct sept_table *table);

/* --- sept.c, for its siblings --- */
const char *sept_leaf_name(enum sept_op op);
int sept_errno(struct sept_iter *it, enum sept_op op, u64 err,
	       const struct sept_info *info);
struct sept_table *sept_alloc_spare(gfp_t gfp);
struct sept_table *sept_take_spare(struct kvm_tdx *kvm_tdx);
void sept_free_spares(struct kvm_tdx *kvm_tdx);
void sept_count(struct kvm_tdx *kvm_tdx, enum sept_stat stat, s64 n);
void sept_count_leaf(struct kvm_tdx *kvm_tdx, u8 level, s64 n);

/* --- track.c: blocks, tracks and kicks; mmu_lock held for write --- */
/*
 * One SEAMCALL on an entry; @table is what DEMOTE puts in the leaf's place, or
 * UNLINK takes out.  If it fails for good the VM is dead, and a leaf is held.
 */
int track_step(struct sept_iter *it, enum sept_op op, struct sept_table *table);
/* The same until the module is not busy any more; returns its status. */
u64 track_call_retried(struct sept_iter *it, enum sept_op op,
		       struct sept_table *table, struct sept_info *info);
int track_block(struct sept_iter *it);
/* REMOVE, or REMOVE_EARLY; the page is clean and its owner's afterwards. */
void track_remove(struct sept_iter *it, enum sept_op op);
/* TRACK, and one kick: what was blocked before is in no TLB afterwards. */
int track_epoch(struct kvm_tdx *kvm_tdx);
/* vCPUs that a busy step has kept out may enter again. */
void track_release(struct kvm_tdx *kvm_tdx);

/* --- reshape.c, for zaps --- */
/*
 * Block the empty tables of [@start, @end), so that the next TRACK serves them,
 * too; returns how many.  After it, take them out.
 */
u64 sept_prune_block(struct kvm_tdx *kvm_tdx, u64 start, u64 end);
void sept_prune_remove(struct kvm_tdx *kvm_tdx, u64 start, u64 end);

/* --- dump.c --- */
extern const struct file_operations sept_dump_fops;

/* --- reclaim.c, for its siblings --- */
/* After REMOVE: drop what the caches hold of the page, and clear it. */
void sept_scrub_leaf(struct sept_iter *it);
void sept_scrub_table(struct kvm_tdx *kvm_tdx, struct sept_table *table);
void sept_reclaim_leaf(struct sept_iter *it);
/* Keep the page until RECLAIM is legal, whatever its owner does. */
void sept_hold_leaf(struct sept_iter *it);
/* A leaf that was blocked and tracked before it was held: remove it after all. */
void sept_remove_held(struct sept_iter *it);

#endif /* _KVM_VMX_TDX_SEPT_H */
