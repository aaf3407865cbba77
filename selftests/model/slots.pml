/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A slot is deleted while two vCPUs fault on its page, and comes back: which
 * part of "a slot that is deleted" in docs/locking.md the locks do, and which
 * SRCU.  The zap itself is one step here; sept.pml has the rest of it.
 */
#define NV		2

#define NEVER(what)	what = 1; assert(!what)
bit mapped_without_slot;

/* What readers see: a slot, one that is marked (KVM_MEMSLOT_INVALID), none. */
#define VALID		0
#define MARKED		1
#define GONE		2
byte slot;

/*
 * kvm->srcu.  A grace period waits for those who were inside when it began, and
 * for nobody who came later.
 */
bit reading[NV], waited_for[NV];

byte mmu_readers, mmu_waiting;
bit mmu_writer;
/* The one entry: does the private half map the page? */
bit mapped;
bit faulting[NV];

inline write_lock()
{
	mmu_waiting++;
	atomic { mmu_readers == 0 && !mmu_writer -> mmu_writer = 1; mmu_waiting-- }
}

inline synchronize_srcu()
{
#ifndef BUG_NO_GRACE_PERIOD
	d_step { waited_for[0] = reading[0]; waited_for[1] = reading[1] }
	!waited_for[0] && !waited_for[1]
#else
	skip
#endif
}

#define SRCU_UNLOCK(v)	reading[v] = 0; waited_for[v] = 0

/* tdx_fault(), fault_loop(), fault_once() */
proctype vcpu(byte v)
{
	byte seen;

	do
	:: reading[v] = 1;
		faulting[v] = 1;
		do
		:: atomic { seen = slot };
			if
			/* Leave to user space, which sees to it that there is one. */
			:: seen == GONE -> break
#ifndef BUG_MARK_IGNORED
			:: seen == MARKED ->
#ifndef BUG_NO_PAUSE
				/* fault_pause() */
				d_step { SRCU_UNLOCK(v) }
				reading[v] = 1
#else
				skip
#endif
#endif
			:: else ->
				atomic { !mmu_writer && mmu_waiting == 0 -> mmu_readers++ }
				mapped = 1;
				mmu_readers--;
				break
			fi
		od;
		atomic { faulting[v] = 0; seen = 0; SRCU_UNLOCK(v) }
		/* The guest runs. */
	od
}

/* kvm_set_memslot(): mark, wait, zap, take away; later a new one. */
proctype vmm()
{
	slot = MARKED;
#ifndef BUG_ZAP_BEFORE_GRACE_PERIOD
	synchronize_srcu();
#endif
	write_lock();
	mapped = 0;
	mmu_writer = 0;
#ifdef BUG_ZAP_BEFORE_GRACE_PERIOD
	synchronize_srcu();
#endif
	slot = GONE;
	synchronize_srcu();
	/* The guest_memfd may be closed, and its pages are the host's. */
	if
	:: mapped -> NEVER(mapped_without_slot)
	:: else
	fi;
	slot = VALID
}

init {
	atomic {
		run vcpu(0);
		run vcpu(1);
		run vmm()
	}
}

#ifdef FAULT_ENDS
ltl fault_ends { [] (faulting[0] -> <> !faulting[0]) }
#endif
#ifdef DELETION_ENDS
ltl deletion_ends { [] (slot == MARKED -> <> (slot == GONE)) }
#endif
