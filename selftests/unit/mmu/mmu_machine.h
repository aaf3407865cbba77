/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine under the private MMU's tests: the software module's core behind
 * SEAMCALL, one TD, and a lever on every call.  The types are those that KVM's
 * side and the module's side have in common.
 */
#ifndef _MMU_MACHINE_H
#define _MMU_MACHINE_H

#include <linux/types.h>
#include <stdbool.h>

/* Leaf numbers, typed here from the specification. */
enum {
	LEAF_PAGE_ADD = 2, LEAF_SEPT_ADD = 3, LEAF_PAGE_AUG = 6,
	LEAF_RANGE_BLOCK = 7, LEAF_PAGE_DEMOTE = 15, LEAF_MR_EXTEND = 16,
	LEAF_RECLAIM = 28, LEAF_PAGE_REMOVE = 29, LEAF_SEPT_REMOVE = 30,
	LEAF_TRACK = 38,
	LEAF_UNBLOCK = 39, LEAF_WBINVD = 41, NR_LEAVES = 128,
};

/* Of the memory, the module knows the first GiB; its lowest part is taken. */
#define MACHINE_RAM_BASE	(1ULL << 30)
#define MACHINE_FIRST_PAGE	(1UL << 14)
#define MACHINE_FIRST_2M	(1UL << 17)
#define MACHINE_PAGES		(1UL << 18)
#define MACHINE_MAXPA		46
#define MACHINE_GLOBAL_HKID	32

struct machine_regs {
	__u64 rcx, rdx, r8, r9, r10, r11;
};

/* The CPU that this thread plays. */
extern __thread unsigned int this_cpu;

__u64 machine_seamcall(__u64 leaf, struct machine_regs *m);

/* Calls of each leaf since machine_reset_calls(). */
extern unsigned int machine_calls[NR_LEAVES];
/* Calls that machine_fail() has failed. */
extern unsigned int machine_failed;
/*
 * Let the next @times calls of @leaf fail with @status before the module sees
 * them; @skip calls go through first.  @leaf < 0: any leaf.
 */
void machine_fail(int leaf, __u64 status, unsigned int skip, unsigned int times);
/*
 * From now on @percent of all calls are busy before the module sees them: with
 * the epoch where the leaf is TRACK, with a lock otherwise.  Chosen by a
 * generator that starts from @seed; ends with the TD.
 */
void machine_busy(unsigned int percent, unsigned int seed);
void machine_reset_calls(void);

#define MACHINE_TDCS	6
#define MACHINE_TDVPS	6
#define MACHINE_VCPUS	16

struct machine_td {
	__u64 tdr, tdcs[MACHINE_TDCS], tdvps[MACHINE_VCPUS][MACHINE_TDVPS];
	unsigned int nr_vcpus;
	__u16 hkid;
};

/*
 * A fresh machine with one TD of m->nr_vcpus vCPUs, before FINALIZE; returns
 * the memory.  vCPU i is to be entered on CPU i.
 */
void *machine_td_create(struct machine_td *m);
void machine_td_finalize(void);
/* As swmod_machine.h has it; for the module's side only. */
struct vcpu *machine_vcpu(unsigned int i);
/* VP.FLUSH, VPFLUSHDONE, CACHE.WB, FREEID. */
void machine_td_free_key(void);

/* A vCPU inside TDH.VP.ENTER, as far as TLB tracking can tell. */
void machine_vcpu_enter(void);
/* A guest that holds the S-EPT entry of @gpa, as ACCEPT does. */
void machine_guest_locks(__u64 gpa);
/* What a kick does to both. */
void machine_kick(void);

/*
 * The same for threads: vCPU @i takes the epoch lock as TDH.VP.ENTER does, and
 * may lose it; a guest tries for an entry, if the tables are there.
 */
bool machine_epoch_enter(unsigned int i);
void machine_epoch_exit(unsigned int i);
bool machine_entry_trylock(__u64 gpa);
void machine_entry_unlock(void);

/* What the module says of a page: 0 free, 3 regular, 8 S-EPT. */
int machine_page_type(__u64 pa);
/* The same, with its owner's TDR and the level at which it is a page. */
int machine_page_owner(__u64 pa, __u64 *owner, int *level);
/* Public state of the S-EPT entry at @gpa, -1 if the walk ends above. */
int machine_entry_state(__u64 gpa, __u8 level);
/* The same, with the page that it leads to. */
int machine_entry(__u64 gpa, __u8 level, __u64 *pa);

#endif /* _MMU_MACHINE_H */
