/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second opinion on secure EPTs and page metadata: what each leaf should
 * answer, and what should be true afterwards.  It shares no code and no table
 * with the module; it has no tables in memory to walk, no locks to take, and
 * names things by number: a dictionary from address to state, and one from
 * page to use.
 */
#ifndef _MODEL_H
#define _MODEL_H

#include <stdbool.h>

#include <linux/types.h>

/* The address space that is modelled: so many entries below each entry. */
#define M_TOP		2		/* of 512 GiB */
#define M_FAN3		2		/* of 1 GiB below one of these */
#define M_FAN2		4		/* of 2 MiB */
#define M_FAN1		512
#define M_MAX		(M_TOP * M_FAN3 * M_FAN2 * M_FAN1)
#define M_TDS		2
#define M_BLOCKS	4		/* of 2 MiB of host memory */
#define M_PAGES		(M_BLOCKS * 512)

/* The number that leaves report. */
enum m_state {
	M_FREE = 0, M_BLOCKED = 1, M_PENDING = 2, M_PENDING_BLOCKED = 3,
	M_MAPPED = 4, M_TABLE_BLOCKED = 129, M_TABLE = 132,
};

/* Page types as PAGE.RDMD reports them. */
enum m_use {
	M_UNUSED = 0, M_DATA = 3, M_ROOT = 4, M_CONTROL = 5, M_VCPU = 6,
	M_TABLE_PAGE = 8,
};

struct m_entry {
	__u8 state;
	__u64 page;
	__u64 counter;			/* what ACCEPT has done of a large one */
	unsigned int below;		/* entries in use in this table */
};

struct m_page {
	__u8 use;
	__u64 owner, epoch;
};

struct m_td {
	__u64 id;			/* address of the TDR */
	__u64 vcpu;
	bool runs;			/* finalized */
	bool inside;			/* its vCPU is running */
	__u64 epoch;
	unsigned int in[2];
	struct m_entry at[4][M_MAX];
};

/* Dynamic PAMT: what 512 small pages need, and the pages that serve for it. */
struct m_pair {
	bool there;
	__u64 page[2];
	unsigned int used;		/* small pages */
};

/* What a leaf should answer. */
struct m_answer {
	__u64 status, rcx, rdx;
	bool regs;			/* rcx and rdx are predicted, too */
	bool pair;			/* and so are the two of a pair */
	__u64 page[2];
};

extern struct m_td m_td[M_TDS];
extern struct m_page m_page[M_PAGES], m_large[M_BLOCKS];
extern struct m_pair m_pair[M_BLOCKS];
extern bool m_serves[M_PAGES];
extern bool m_dynamic;

/* A new machine; with dynamic PAMT, the first block has what it needs. */
void m_reset(bool dynamic);

__u64 m_page_address(unsigned int index);
/* -1: outside of what is modelled. */
int m_page_index(__u64 address);
struct m_entry *m_entry(struct m_td *td, __u64 gpa, int level);
/* The entry as SEPT.RD shows it. */
__u64 m_entry_word(const struct m_entry *e);

struct m_answer m_sept_add(struct m_td *td, __u64 arg, __u64 page);
struct m_answer m_sept_remove(struct m_td *td, __u64 arg);
struct m_answer m_add(struct m_td *td, __u64 arg, __u64 page);
struct m_answer m_aug(struct m_td *td, __u64 arg, __u64 page);
struct m_answer m_remove(struct m_td *td, __u64 arg);
struct m_answer m_block(struct m_td *td, __u64 arg);
struct m_answer m_unblock(struct m_td *td, __u64 arg);
struct m_answer m_demote(struct m_td *td, __u64 arg, __u64 page,
			 const __u64 *pair, bool interrupted);
struct m_answer m_promote(struct m_td *td, __u64 arg, bool interrupted);
struct m_answer m_relocate(struct m_td *td, __u64 arg, __u64 page);
struct m_answer m_track(struct m_td *td);
struct m_answer m_read(struct m_td *td, __u64 arg);
struct m_answer m_reclaim(__u64 page);
struct m_answer m_pamt_add(__u64 arg, const __u64 *pair);
struct m_answer m_pamt_remove(__u64 arg);
/* Of the guest; ~0: it leaves the TD. */
__u64 m_accept(struct m_td *td, __u64 gpa, int level, bool interrupted);

#endif /* _MODEL_H */
