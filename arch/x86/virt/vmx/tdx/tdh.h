/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One typed wrapper for each SEAMCALL leaf that KVM can use.  A tdh_*()
 * function adds no policy: it returns the module's raw status.  No errno, no
 * retry but for entropy.
 *
 * Each description has the registers in and out, the locks that the TDX module
 * tries (S shared, X exclusive), and the statuses worth handling.  What KVM
 * does about a lock that is lost is in docs/locking.md.  Any leaf may answer
 * OPERAND_BUSY where it tries a lock; it has changed nothing then.
 *
 * A place in the S-EPT is packed as gpa | level.  A leaf that reports an entry
 * reports the last one of its walk; RCX and RDX are zero after most successes.
 * A page that is handed to the module is flushed from the caches first.
 */
#ifndef _TDX_TDH_H
#define _TDX_TDH_H

#include <linux/types.h>

struct page;
struct sept_info;
struct sept_pos;
struct tdx_module_args;
struct tdx_td;
struct tdx_vp;

/* --- TDH.MNG.*, TDH.MR.*: a TD as a whole, and its measurement --- */

/**
 * tdh_mng_create() - TDH.MNG.CREATE
 * @td: the TD
 *
 * Make a free page the TDR of a new TD, with a KeyID.
 *
 * In: RCX TDR, RDX KeyID
 * Out: none
 * Locks: page X, table of KeyIDs X
 * Return: HKID_NOT_FREE; RND_NO_ENTROPY; OPERAND_BUSY: another TD uses the
 *   table of KeyIDs
 */
u64 tdh_mng_create(struct tdx_td *td);

/**
 * tdh_mng_key_config() - TDH.MNG.KEY.CONFIG
 * @td: the TD
 *
 * Program the TD's key, once on a CPU of every package.
 *
 * In: RCX TDR
 * Out: none
 * Locks: TDR X
 * Return: KEY_CONFIGURED: done here before, no error; KEY_GENERATION_FAILED:
 *   try again
 */
u64 tdh_mng_key_config(struct tdx_td *td);

/**
 * tdh_mng_addcx() - TDH.MNG.ADDCX
 * @td: the TD
 * @tdcs: the page
 *
 * Give the TD one more page of its TDCS.
 *
 * In: RCX page, RDX TDR
 * Out: none
 * Locks: TDR X, page X
 * Return: TDCX_NUM_INCORRECT: it has them all; TD_KEYS_NOT_CONFIGURED
 */
u64 tdh_mng_addcx(struct tdx_td *td, struct page *tdcs);

/**
 * tdh_mng_init() - TDH.MNG.INIT
 * @td: the TD
 * @td_params_pa: address of the parameters
 * @bad_cpuid: the CPUID leaf that is refused
 *
 * Set the TD's parameters.
 *
 * In: RCX TDR, RDX TD_PARAMS, 1024 bytes, aligned, in shared memory
 * Out: RCX leaf | subleaf of a bad CPUID entry (operand CPUID_CONFIG)
 * Locks: TDR X
 * Return: OPERAND_INVALID: its operand names the parameter
 */
u64 tdh_mng_init(struct tdx_td *td, u64 td_params_pa, u64 *bad_cpuid);

/**
 * tdh_mng_rd() - TDH.MNG.RD
 * @td: the TD
 * @field: identifier of the field
 * @data: what was read
 *
 * Read a field of the TDR or TDCS.
 *
 * In: RCX TDR, RDX field
 * Out: R8 value
 * Locks: TDR S, OP_STATE S
 * Return: METADATA_FIELD_ID_INCORRECT; METADATA_FIELD_NOT_READABLE
 */
u64 tdh_mng_rd(struct tdx_td *td, u64 field, u64 *data);

/**
 * tdh_mng_vpflushdone() - TDH.MNG.VPFLUSHDONE
 * @td: the TD
 *
 * Block the KeyID, once no vCPU is associated with a CPU.
 *
 * In: RCX TDR
 * Out: none
 * Locks: TDR X, table of KeyIDs X
 * Return: FLUSHVP_NOT_DONE: a vCPU is still associated
 */
u64 tdh_mng_vpflushdone(struct tdx_td *td);

/**
 * tdh_mng_key_freeid() - TDH.MNG.KEY.FREEID
 * @td: the TD
 *
 * Take the KeyID back, once all packages have written back.
 *
 * In: RCX TDR
 * Out: none
 * Locks: TDR X, table of KeyIDs X
 * Return: WBCACHE_NOT_COMPLETE: a package is missing
 */
u64 tdh_mng_key_freeid(struct tdx_td *td);

/**
 * tdh_mr_extend() - TDH.MR.EXTEND
 * @td: the TD
 * @gpa: a multiple of 256
 * @info: the entry at which the walk ended
 *
 * Add 256 bytes of a page to the TD's measurement.
 *
 * In: RCX gpa, a multiple of 256, RDX TDR
 * Out: RCX entry, RDX level | state of a walk that failed
 * Locks: TDR X
 * Return: EPT_WALK_FAILED; EPT_ENTRY_NOT_PRESENT
 */
u64 tdh_mr_extend(struct tdx_td *td, u64 gpa, struct sept_info *info);

/**
 * tdh_mr_finalize() - TDH.MR.FINALIZE
 * @td: the TD
 *
 * Close the measurement; from now on the TD may run.
 *
 * In: RCX TDR
 * Out: none
 * Locks: TDR X
 * Return: NO_VCPUS
 */
u64 tdh_mr_finalize(struct tdx_td *td);

/* --- TDH.VP.*: a TD's vCPU --- */

/**
 * tdh_vp_create() - TDH.VP.CREATE
 * @td: the TD
 * @vp: the vCPU
 *
 * Make a free page the TDVPR of a new vCPU.
 *
 * In: RCX TDVPR, RDX TDR
 * Out: none
 * Locks: TDR S, OP_STATE S, page X
 * Return: PAGE_METADATA_INCORRECT: the page is not free
 */
u64 tdh_vp_create(struct tdx_td *td, struct tdx_vp *vp);

/**
 * tdh_vp_addcx() - TDH.VP.ADDCX
 * @vp: the vCPU
 * @tdcx: the page
 *
 * Give the vCPU one more page of its TDVPS.
 *
 * In: RCX page, RDX TDVPR
 * Out: none
 * Locks: TDR S, OP_STATE S, TDVPR X, page X
 * Return: TDCX_NUM_INCORRECT: it has them all
 */
u64 tdh_vp_addcx(struct tdx_vp *vp, struct page *tdcx);

/**
 * tdh_vp_init() - TDH.VP.INIT
 * @vp: the vCPU
 * @initial_rcx: what the guest finds in RCX and R8
 * @x2apic_id: not that of another vCPU
 *
 * Set the initial state; associates the vCPU with this CPU.
 *
 * In: RCX TDVPR, RDX the guest's initial RCX and R8, R8 x2APIC id (version 1)
 * Out: none
 * Locks: TDR X, OP_STATE S, TDVPR X
 * Return: X2APIC_ID_NOT_UNIQUE; MAX_VCPUS_EXCEEDED; OPERAND_BUSY: any other
 *   leaf on this TD
 */
u64 tdh_vp_init(struct tdx_vp *vp, u64 initial_rcx, u32 x2apic_id);

/**
 * tdh_vp_rd() - TDH.VP.RD
 * @vp: the vCPU
 * @field: identifier of the field
 * @data: what was read
 *
 * Read a field of the TDVPS; associates the vCPU with this CPU.
 *
 * In: RCX TDVPR, RDX field
 * Out: R8 value
 * Locks: TDR S, OP_STATE S, TDVPR S
 * Return: VCPU_ASSOCIATED: with another CPU; METADATA_FIELD_NOT_READABLE
 */
u64 tdh_vp_rd(struct tdx_vp *vp, u64 field, u64 *data);

/**
 * tdh_vp_wr() - TDH.VP.WR
 * @vp: the vCPU
 * @field: identifier of the field
 * @data: what to write
 * @mask: the bits to write
 *
 * Write the bits of @mask in a field of the TDVPS; associates, too.
 *
 * In: RCX TDVPR, RDX field, R8 value, R9 mask
 * Out: none
 * Locks: TDR S, OP_STATE S, TDVPR S
 * Return: VCPU_ASSOCIATED: with another CPU; METADATA_FIELD_NOT_WRITABLE
 */
u64 tdh_vp_wr(struct tdx_vp *vp, u64 field, u64 data, u64 mask);

/**
 * tdh_vp_flush() - TDH.VP.FLUSH
 * @vp: the vCPU
 *
 * End the association, on the CPU that the vCPU is associated with.
 *
 * In: RCX TDVPR
 * Out: none
 * Locks: TDR S, TDVPR X
 * Return: VCPU_NOT_ASSOCIATED: not with this CPU
 */
u64 tdh_vp_flush(struct tdx_vp *vp);

/**
 * tdh_vp_enter() - TDH.VP.ENTER
 * @vp: the vCPU
 * @args: the other registers
 *
 * Run the vCPU until it exits.
 *
 * In: RCX TDVPR, others the answer to a TDVMCALL, as its mask selects
 * Out: all but RBP
 * Locks: TDR S, OP_STATE S, TDVPR S, TD_EPOCH S, tree S while zero-step
 *   mitigation is on; TDR and TDVPR until the exit, the others before the
 *   entry
 * Return: the reason of the exit; OPERAND_BUSY: the guest has not run. No
 *   retry: this leaf does not draw on entropy. No trace: KVM calls it where
 *   RCU does not watch. The caller has preemption off.
 */
u64 tdh_vp_enter(struct tdx_vp *vp, struct tdx_module_args *args);

/* --- TDH.MEM.*: a TD's private memory and the S-EPT that maps it --- */

/**
 * tdh_mem_sept_add() - TDH.MEM.SEPT.ADD
 * @td: the TD
 * @pos: the place of the entry
 * @page: becomes the table
 * @info: the entry at which the walk ended
 *
 * Add a table below the entry at @pos.
 *
 * In: RCX gpa | level, 1 or more, RDX TDR, R8 page
 * Out: RCX entry, RDX level | state of a walk that failed
 * Locks: TDR S, OP_STATE S, tree S, entry, page X
 * Return: EPT_ENTRY_STATE_INCORRECT: not free; EPT_WALK_FAILED: no table above
 */
u64 tdh_mem_sept_add(struct tdx_td *td, struct sept_pos pos, struct page *page,
		     struct sept_info *info);

/**
 * tdh_mem_sept_remove() - TDH.MEM.SEPT.REMOVE
 * @td: the TD
 * @pos: the place of the entry
 * @hpa: address of the table's page
 * @info: the entry at which the walk ended
 *
 * Remove the blocked, tracked and empty table below the entry at @pos.
 *
 * In: RCX gpa | level, RDX TDR
 * Out: RCX the table's page; RCX entry, RDX level | state after a failure
 * Locks: TDR S, OP_STATE S, tree X, entry, page X
 * Return: GPA_RANGE_NOT_BLOCKED; TLB_TRACKING_NOT_DONE; EPT_PAGE_NOT_FREE
 */
u64 tdh_mem_sept_remove(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			struct sept_info *info);

/**
 * tdh_mem_sept_rd() - TDH.MEM.SEPT.RD
 * @td: the TD
 * @pos: the place of the entry
 * @info: the entry at which the walk ended
 *
 * Read the entry at @pos.
 *
 * In: RCX gpa | level, RDX TDR
 * Out: RCX entry, RDX level | state
 * Locks: TDR S, OP_STATE S, tree S, entry
 * Return: EPT_WALK_FAILED: no table above
 */
u64 tdh_mem_sept_rd(struct tdx_td *td, struct sept_pos pos,
		    struct sept_info *info);

/**
 * tdh_mem_page_add() - TDH.MEM.PAGE.ADD
 * @td: the TD
 * @gpa: where the page is in the TD
 * @page: the page
 * @source: what it shall have
 * @info: the entry at which the walk ended
 *
 * Map a 4 KiB page before the TD runs, with the contents of @source.
 *
 * In: RCX gpa, RDX TDR, R8 page, R9 source, in shared memory
 * Out: RCX entry, RDX level | state of a walk that failed
 * Locks: TDR X, page X
 * Return: EPT_ENTRY_STATE_INCORRECT: not free; EPT_WALK_FAILED: no table
 *   above; OPERAND_BUSY: any other leaf on this TD
 */
u64 tdh_mem_page_add(struct tdx_td *td, u64 gpa, struct page *page,
		     struct page *source, struct sept_info *info);

/**
 * tdh_mem_page_aug() - TDH.MEM.PAGE.AUG
 * @td: the TD
 * @pos: the place of the entry
 * @page: the page
 * @info: the entry at which the walk ended
 *
 * Map a page that the guest has to accept before it can use it.
 *
 * In: RCX gpa | level, 0 or 1, RDX TDR, R8 page
 * Out: RCX entry, RDX level | state of a walk that failed, and when busy
 * Locks: TDR S, OP_STATE S, tree S, entry, page X
 * Return: EPT_ENTRY_STATE_INCORRECT: not free; EPT_WALK_FAILED: no table
 *   above; PAGE_METADATA_INCORRECT: the page is not free
 */
u64 tdh_mem_page_aug(struct tdx_td *td, struct sept_pos pos, struct page *page,
		     struct sept_info *info);

/**
 * tdh_mem_page_demote() - TDH.MEM.PAGE.DEMOTE
 * @td: the TD
 * @pos: the place of the entry
 * @sept_page: becomes the table
 * @pair: two pages of metadata with dynamic PAMT, else NULL twice
 * @info: the entry at which the walk ended
 *
 * Replace a blocked and tracked 2 MiB mapping by a table of 4 KiB ones, which
 * are unblocked.
 *
 * In: RCX gpa | level, RDX TDR, R8 page for the table; with dynamic PAMT R12,
 *   R13 a pair of PAMT pages
 * Out: RCX entry, RDX level | state after a failure
 * Locks: TDR S, OP_STATE S, tree S, entry, page X, the 2 MiB range X
 * Return: GPA_RANGE_NOT_BLOCKED; TLB_TRACKING_NOT_DONE;
 *   INTERRUPTED_RESTARTABLE, INTERRUPTED_BUSY: as if never called
 */
u64 tdh_mem_page_demote(struct tdx_td *td, struct sept_pos pos,
			struct page *sept_page, struct page *const pair[2],
			struct sept_info *info);

/**
 * tdh_mem_page_promote() - TDH.MEM.PAGE.PROMOTE
 * @td: the TD
 * @pos: the place of the entry
 * @hpa: address of the table's page
 * @pair_pa: addresses of the two pages
 * @info: the entry at which the walk ended
 *
 * Replace a blocked and tracked table of 512 alike, contiguous 4 KiB mappings
 * by one of 2 MiB, which is unblocked.
 *
 * In: RCX gpa | level, RDX TDR
 * Out: RCX the table's page; with dynamic PAMT R12, R13 the range's pair of
 *   PAMT pages, else as before; RCX entry, RDX level | state after a failure
 * Locks: TDR S, OP_STATE S, tree X, entry, the table's page X, the 2 MiB range
 *   X
 * Return: EPT_INVALID_PROMOTE_CONDITIONS: the entries differ;
 *   GPA_RANGE_NOT_BLOCKED; TLB_TRACKING_NOT_DONE; INTERRUPTED_RESTARTABLE,
 *   INTERRUPTED_BUSY: as if never called
 */
u64 tdh_mem_page_promote(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			 u64 pair_pa[2], struct sept_info *info);

/**
 * tdh_mem_page_relocate() - TDH.MEM.PAGE.RELOCATE
 * @td: the TD
 * @gpa: where the page is in the TD
 * @page: the page to move to
 * @hpa: address of the page before
 * @info: the entry at which the walk ended
 *
 * Move what a blocked and tracked 4 KiB page has to another page, and map
 * that, unblocked.
 *
 * In: RCX gpa, RDX TDR, R8 page
 * Out: RCX the page before; RCX entry, RDX level | state after a failure
 * Locks: TDR S, OP_STATE S, tree S, entry, both pages X
 * Return: GPA_RANGE_NOT_BLOCKED; TLB_TRACKING_NOT_DONE;
 *   PAGE_METADATA_INCORRECT: the new page is not free
 */
u64 tdh_mem_page_relocate(struct tdx_td *td, u64 gpa, struct page *page,
			  u64 *hpa, struct sept_info *info);

/**
 * tdh_mem_page_remove() - TDH.MEM.PAGE.REMOVE
 * @td: the TD
 * @pos: the place of the entry
 * @hpa: the page's address
 * @info: the entry at which the walk ended
 *
 * Unmap a page; while the TD can run it has to be blocked and tracked.
 *
 * In: RCX gpa | level, RDX TDR
 * Out: RCX the page; RCX entry, RDX level | state after a failure
 * Locks: TDR S, OP_STATE S, tree S, entry, page X
 * Return: GPA_RANGE_NOT_BLOCKED; TLB_TRACKING_NOT_DONE
 */
u64 tdh_mem_page_remove(struct tdx_td *td, struct sept_pos pos, u64 *hpa,
			struct sept_info *info);

/**
 * tdh_mem_range_block() - TDH.MEM.RANGE.BLOCK
 * @td: the TD
 * @pos: the place of the entry
 * @info: the entry at which the walk ended
 *
 * Keep the guest from making new translations through the entry at @pos.
 *
 * In: RCX gpa | level, RDX TDR
 * Out: RCX entry, RDX level | state after a failure, and when it was blocked
 *   already
 * Locks: TDR S, OP_STATE S, tree X, entry
 * Return: GPA_RANGE_ALREADY_BLOCKED: no error
 */
u64 tdh_mem_range_block(struct tdx_td *td, struct sept_pos pos,
			struct sept_info *info);

/**
 * tdh_mem_range_unblock() - TDH.MEM.RANGE.UNBLOCK
 * @td: the TD
 * @pos: the place of the entry
 * @info: the entry at which the walk ended
 *
 * Let the guest use a blocked entry again, once TDH.MEM.TRACK is done.
 *
 * In: RCX gpa | level, RDX TDR
 * Out: RCX entry, RDX level | state after a failure
 * Locks: TDR S, OP_STATE S, tree X, entry
 * Return: TLB_TRACKING_NOT_DONE
 */
u64 tdh_mem_range_unblock(struct tdx_td *td, struct sept_pos pos,
			  struct sept_info *info);

/**
 * tdh_mem_track() - TDH.MEM.TRACK
 * @td: the TD
 *
 * Begin a new TLB epoch.
 *
 * In: RCX TDR
 * Out: none. What was blocked before is out of every TLB once each vCPU that
 *   runs now has exited.
 * Locks: TDR S, OP_STATE S, TD_EPOCH X
 * Return: PREVIOUS_TLB_EPOCH_BUSY: a vCPU has not exited since the last one;
 *   OPERAND_BUSY: a vCPU is being entered
 */
u64 tdh_mem_track(struct tdx_td *td);

/**
 * tdh_mem_rd() - TDH.MEM.RD
 * @td: the TD
 * @gpa: a multiple of 8
 * @data: what was read
 * @info: the entry at which the walk ended
 *
 * Read eight bytes of a debug TD's private memory.
 *
 * In: RCX gpa, a multiple of 8, RDX TDR
 * Out: R8 data; RCX entry, RDX level | state of a walk that failed
 * Locks: TDR S, OP_STATE S, tree S, entry
 * Return: TD_NON_DEBUG; EPT_WALK_FAILED, EPT_ENTRY_STATE_INCORRECT: nothing is
 *   mapped
 */
u64 tdh_mem_rd(struct tdx_td *td, u64 gpa, u64 *data, struct sept_info *info);

/**
 * tdh_mem_wr() - TDH.MEM.WR
 * @td: the TD
 * @gpa: a multiple of 8
 * @data: what to write
 * @info: the entry at which the walk ended
 *
 * Write eight bytes of a debug TD's private memory.
 *
 * In: RCX gpa, a multiple of 8, RDX TDR, R8 data
 * Out: R8 what was there; RCX entry, RDX level | state of a walk that failed
 * Locks: TDR S, OP_STATE S, tree S, entry
 * Return: as tdh_mem_rd()
 */
u64 tdh_mem_wr(struct tdx_td *td, u64 gpa, u64 data, struct sept_info *info);

/* --- TDH.PHYMEM.*: physical pages and caches --- */

/**
 * tdh_phymem_page_reclaim() - TDH.PHYMEM.PAGE.RECLAIM
 * @page: the page
 * @pt: type of the page
 * @owner: address of the TD's TDR
 * @size: as a level
 *
 * Take back a page, of any size, from a TD whose KeyID is free.
 *
 * In: RCX page
 * Out: RCX type, RDX owner, R8 size as a level
 * Locks: TDR S, page X
 * Return: PAGE_METADATA_INCORRECT: it is free; LIFECYCLE_STATE_INCORRECT: the
 *   KeyID is not; TD_ASSOCIATED_PAGES_EXIST: a TDR before its pages
 */
u64 tdh_phymem_page_reclaim(struct page *page, u64 *pt, u64 *owner, u64 *size);

/**
 * tdh_phymem_page_wbinvd() - TDH.PHYMEM.PAGE.WBINVD
 * @page: a free page
 * @hkid: the KeyID
 *
 * Write back and drop the cache lines that a free page has under a KeyID.
 *
 * In: RCX page with the KeyID
 * Out: none
 * Locks: page S
 * Return: PAGE_METADATA_INCORRECT: not free
 */
u64 tdh_phymem_page_wbinvd(struct page *page, u16 hkid);

/**
 * tdh_phymem_cache_wb() - TDH.PHYMEM.CACHE.WB
 * @resume: after an interruption
 *
 * Write back this package's caches for the KeyIDs that wait for it.
 *
 * In: RCX 0 start, 1 resume after an interruption
 * Out: none
 * Locks: table of KeyIDs S, this package's write-back X
 * Return: INTERRUPTED_RESUMABLE: call again; NO_HKID_READY_TO_WBCACHE: no
 *   error, none waits
 */
u64 tdh_phymem_cache_wb(bool resume);

/**
 * tdh_phymem_pamt_add() - TDH.PHYMEM.PAMT.ADD
 * @range: the first page of the range
 * @pair: the two pages
 *
 * Dynamic PAMT: give a free 2 MiB range two pages of metadata for its 4 KiB
 * pages.
 *
 * In: RCX range | 1, RDX first page, R8 second page
 * Out: none
 * Locks: the 2 MiB range X, both pages S
 * Return: HPA_RANGE_NOT_FREE: it has a pair, or is in use; PAGE_NOT_FREE: one
 *   of the two is in use; OPERAND_BUSY: any leaf on a page of the range
 */
u64 tdh_phymem_pamt_add(struct page *range, struct page *const pair[2]);

/**
 * tdh_phymem_pamt_remove() - TDH.PHYMEM.PAMT.REMOVE
 * @range: the first page of the range
 * @pair_pa: addresses of the two pages
 *
 * Dynamic PAMT: take the two pages back, once none of the 4 KiB pages is in
 * use.
 *
 * In: RCX range | 1
 * Out: RDX first page, R8 second page
 * Locks: the 2 MiB range X
 * Return: NO_PAMT_PAGE_PAIR; PAMT_PAGE_NOT_EMPTY; OPERAND_BUSY: any leaf on a
 *   page of the range
 */
u64 tdh_phymem_pamt_remove(struct page *range, u64 pair_pa[2]);

#endif /* _TDX_TDH_H */
