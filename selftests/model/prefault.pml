/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM_PRE_FAULT_MEMORY of a TD on one page, while the VMM converts the page,
 * deletes its slot and makes all roots obsolete.  The page is mapped by base
 * KVM's direct root, by the mirror, or by neither.  A second thread faults on
 * it as a vCPU's guest may: it chooses the half, and waits without kvm->srcu.
 *
 *   OPS=n           the VMM does so many things, or goes on for ever
 *   PREFAULT_ENDS, DELETION_ENDS  check that they do
 */
#define NV		2
#define PREFAULT	0
#define VCPU		1

#define NEVER(what)	what = 1; assert(!what)
bit private_page_in_shared_half, shared_after_conversion;
bit private_after_conversion, mapped_without_slot;

/* The attributes of the page, and which halves of it are mapped. */
#define SHARED		0
#define PRIVATE		1
bit attr;
#define NOTHING		0
#define USER_PAGE	1
#define GMEM_PAGE	2
byte direct;
bit mirror;

#define VALID		0
#define MARKED		1
#define GONE		2
byte slot;

/* kvm->srcu: a grace period waits for those who were inside when it began. */
bit reading[NV], waited_for[NV];

byte mmu_readers, mmu_waiting;
bit mmu_writer;
/* mmu_invalidate_in_progress; mmu_invalidate_seq as "changed since I looked". */
bit invalidating, seq_changed[NV];

/* The roots that the threads have loaded: invalid, or not. */
bit obsolete[NV];

bit faulting[NV];

#define SRCU_LOCK(v)	reading[v] = 1
#define SRCU_UNLOCK(v)	d_step { reading[v] = 0; waited_for[v] = 0 }

inline synchronize_srcu()
{
	d_step { waited_for[0] = reading[0]; waited_for[1] = reading[1] }
	!waited_for[0] && !waited_for[1]
}

inline write_lock()
{
	mmu_waiting++;
	atomic { mmu_readers == 0 && !mmu_writer -> mmu_writer = 1; mmu_waiting-- }
}

#define WRITE_UNLOCK	mmu_writer = 0
#define READ_LOCK	atomic { !mmu_writer && mmu_waiting == 0 -> mmu_readers++ }
#define READ_UNLOCK	mmu_readers--

/* What an attempt comes to. */
#define OK		0
#define RETRY		1
#define ERROR		2

#define IS_STALE(v)	(invalidating || seq_changed[v])

/* A slot that is marked: a pre-fault must not wait for it. */
#ifdef BUG_MARKED_SLOT_RETRIED
#define ON_MARKED_SLOT(v)	RETRY
#else
#define ON_MARKED_SLOT(v)	(v == PREFAULT -> ERROR : RETRY)
#endif

/*
 * fault_once(), fault_get_page(): the slot first.  Without one a conversion
 * changes no count, so a slot that is looked up later may be younger than it.
 */
inline private_fault(v)
{
#ifndef BUG_SLOT_READ_LAST
	seen = slot;
#endif
	seq_changed[v] = 0;
	mismatch = (attr != PRIVATE);
#ifdef BUG_SLOT_READ_LAST
	seen = slot;
#endif
	atomic {
		if
		:: mismatch || seen == GONE -> err = ERROR
		:: !mismatch && seen == MARKED -> err = ON_MARKED_SLOT(v)
		:: else -> err = OK
		fi;
		seen = 0;
		mismatch = 0
	}
	if
	:: err == OK ->
		READ_LOCK;
		atomic {
			if
			:: IS_STALE(v) -> err = RETRY
			:: else ->
				mirror = 1;
				if
				:: attr != PRIVATE -> NEVER(private_after_conversion)
				:: else
				fi
			fi;
			mmu_readers--
		}
	:: else
	fi
}

/* kvm_faultin_pfn(): is the fault's kind what the attributes say? */
#ifdef BUG_NO_COMPARE
#define MISMATCH	0
#else
#define MISMATCH	(is_private != attr)
#endif

/* The hook in kvm_faultin_pfn(): a TD's private page is none of base KVM's. */
#ifdef BUG_NO_REFUSAL
#define REFUSED		0
#else
#define REFUSED		is_private
#endif

/* is_page_fault_stale() looks at the root as well. */
#ifdef BUG_NO_STALE_CHECK
#define IS_PAGE_FAULT_STALE(v)	obsolete[v]
#else
#define IS_PAGE_FAULT_STALE(v)	(IS_STALE(v) || obsolete[v])
#endif

/* kvm_mmu_do_page_fault(): the slot first, then kvm_tdp_mmu_page_fault(). */
inline base_fault(v)
{
	seen = slot;
#ifdef BUG_COUNT_READ_LAST
	mismatch = MISMATCH;
	seq_changed[v] = 0;
#else
	seq_changed[v] = 0;
	mismatch = MISMATCH;
#endif
	atomic {
		if
		:: mismatch || REFUSED -> err = ERROR
		:: else ->
			if
			:: seen == GONE -> err = ERROR
			:: seen == MARKED -> err = ON_MARKED_SLOT(v)
			:: else -> err = OK
			fi
		fi;
		seen = 0;
		mismatch = 0
	}
	if
	:: err == OK ->
		READ_LOCK;
		atomic {
			if
			:: IS_PAGE_FAULT_STALE(v) -> err = RETRY
			:: else ->
				direct = (is_private -> GMEM_PAGE : USER_PAGE);
				if
				:: direct == GMEM_PAGE -> NEVER(private_page_in_shared_half)
				:: direct != GMEM_PAGE && attr != SHARED ->
					NEVER(shared_after_conversion)
				:: else
				fi
			fi;
			mmu_readers--
		}
	:: else
	fi
}

/* kvm_mmu_reload(), once kvm_mmu_free_obsolete_roots() is through. */
#define RELOAD(v)	obsolete[v] = 0

/* kvm_vcpu_pre_fault_memory(), kvm_arch_vcpu_pre_fault_memory() */
proctype pre_fault()
{
	byte err, seen;
	bit is_private, ours, mismatch;

	do
	:: faulting[PREFAULT] = 1;
		SRCU_LOCK(PREFAULT);
#ifndef BUG_OBSOLETE_ROOT_KEPT
		RELOAD(PREFAULT);
#endif
		/* tdx_pre_fault() decides once. */
		d_step { is_private = attr; ours = is_private }
#ifdef BUG_ASKS_TWICE
		is_private = attr;
#endif
		/* pre_fault_loop(), kvm_tdp_map_page() */
		do
		:: ours -> private_fault(PREFAULT);
			if
			:: err == RETRY
			:: else -> break
			fi
		:: !ours -> base_fault(PREFAULT);
			if
			:: err == RETRY ->
#if !defined(BUG_ROOT_CHANGES_IN_LOOP) && !defined(BUG_OBSOLETE_ROOT_KEPT)
				RELOAD(PREFAULT)
#else
				skip
#endif
			:: else -> break
			fi
		od;
		atomic { err = 0; is_private = 0; ours = 0 }
		SRCU_UNLOCK(PREFAULT);
		faulting[PREFAULT] = 0
	od
}

/* tdx_exit_ept_violation(): the guest's address says which half. */
proctype vcpu()
{
	byte err, seen;
	bit is_private, mismatch;

	do
	:: if
		:: is_private = SHARED
		:: is_private = PRIVATE
		fi;
		do
		:: SRCU_LOCK(VCPU);
			RELOAD(VCPU);
			if
			:: is_private -> private_fault(VCPU)
			:: else -> base_fault(VCPU)
			fi;
			/* fault_pause(), or a round of the run loop. */
			SRCU_UNLOCK(VCPU);
			if
			:: err == RETRY
			:: else -> break
			fi
		od;
		atomic { err = 0; is_private = 0 }
	od
}

/* --- the VMM, one thing at a time under slots_lock --- */

/* kvm_vm_set_mem_attributes(), kvm_handle_gfn_range(): no slot, no invalidation. */
inline convert()
{
	if
	:: slot == GONE -> attr = 1 - attr
	:: else ->
		write_lock();
		d_step {
			invalidating = 1;
			if
			:: attr == SHARED -> direct = NOTHING
			:: else -> mirror = 0
			fi;
			WRITE_UNLOCK
		}
		attr = 1 - attr;
		write_lock();
		d_step {
			invalidating = 0;
			seq_changed[0] = 1;
			seq_changed[1] = 1;
			WRITE_UNLOCK
		}
	fi;
	/* From here on the other half alone may have the page, for good. */
	atomic {
		if
		:: attr == PRIVATE && direct != NOTHING -> NEVER(shared_after_conversion)
		:: attr == SHARED && mirror -> NEVER(private_after_conversion)
		:: else
		fi
	}
}

/* kvm_set_memslot(): delete, or create again. */
inline delete_slot()
{
	slot = MARKED;
	synchronize_srcu();
	write_lock();
	d_step { direct = NOTHING; mirror = 0; WRITE_UNLOCK }
	slot = GONE;
	synchronize_srcu();
	atomic {
		if
		:: direct != NOTHING || mirror -> NEVER(mapped_without_slot)
		:: else
		fi
	}
}

inline create_slot()
{
	slot = VALID;
	synchronize_srcu()
}

/* kvm_mmu_zap_all_fast() */
inline invalidate_roots()
{
	write_lock();
	d_step {
		obsolete[0] = 1;
		obsolete[1] = 1;
		direct = NOTHING;
		WRITE_UNLOCK
	}
}

proctype vmm()
{
#ifdef OPS
	byte n;
#endif

	do
#ifdef OPS
	:: n == OPS -> break
	:: n < OPS -> n++;
#else
	:: true ->
#endif
		if
		:: convert()
		:: slot == VALID -> delete_slot()
		:: slot == GONE -> create_slot()
		:: invalidate_roots()
		fi
	od
}

init {
	atomic {
		run pre_fault();
		run vcpu();
		run vmm()
	}
}

#ifdef PREFAULT_ENDS
ltl prefault_ends { [] (faulting[PREFAULT] -> <> !faulting[PREFAULT]) }
#endif
#ifdef DELETION_ENDS
ltl deletion_ends { [] (slot == MARKED -> <> (slot == GONE)) }
#endif
