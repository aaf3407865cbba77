/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shared half: base KVM's direct root, the page that repeats its top level
 * for the module, and what a CPU has cached of both.  Roots become obsolete
 * and lose their tables, a page loses its mapping, and two vCPUs fault and
 * access it all the while.  Base KVM's functions are named.
 *
 * A root has one entry on top, which leads to one table, which maps one page.
 * Base KVM never takes that entry from a valid root.  The page stands for all
 * that lies below the table: a smaller table is freed by the same steps.
 *
 *   ZAPS=n       so often all roots become obsolete
 *   UNMAPS=n     so often the page is unmapped, or for ever
 *   FAULT_ENDS   check that an access ends
 *   NO_SHARED_LOCK  vCPUs copy at the same time; mmu_lock is enough
 */
#define NV		2
#define NR_ROOTS	(ZAPS + 1)

#define NEVER(what)	what = 1; assert(!what)
/* A CPU walks a table that base KVM has freed, or uses a page after its unmap. */
bit freed_table_walked, freed_page_used;

/* Roots count from 1; the table of a root has the root's number. */
#define NO_ROOT		0
byte newest;
bit invalid[NR_ROOTS + 1], freed[NR_ROOTS + 1];
bit linked[NR_ROOTS + 1], mapped[NR_ROOTS + 1];
byte root[NV];

/* The entry in the TD's page: the table that the module finds, or 0. */
byte copy;

byte mmu_readers, mmu_waiting;
bit mmu_writer;

/* What the CPU has: a translation, and the table that it walks from. */
#define NOTHING		0
#define VALID		1
#define STALE		2
byte tlb[NV], walk_from[NV];

#define OUTSIDE		0
#define IN_GUEST	1
#define EXITING		2
byte mode[NV];
bit ipi[NV], req_roots[NV], req_flush[NV];

bit accessing[NV];

inline write_lock()
{
	mmu_waiting++;
	atomic { mmu_readers == 0 && !mmu_writer -> mmu_writer = 1; mmu_waiting-- }
}

#define WRITE_UNLOCK	mmu_writer = 0
#define READ_LOCK	atomic { !mmu_writer && mmu_waiting == 0 -> mmu_readers++ }
#define READ_UNLOCK	mmu_readers--

/* --- shared.c --- */

#ifdef BUG_COPY_WITHOUT_MMU_LOCK
#define SYNC_LOCK	skip
#define SYNC_UNLOCK	skip
#else
#define SYNC_LOCK	READ_LOCK
#define SYNC_UNLOCK	READ_UNLOCK
#endif

#ifdef BUG_COPY_OBSOLETE_ROOT
#define MAY_COPY(v)	(root[v] != NO_ROOT)
#else
#define MAY_COPY(v)	(root[v] != NO_ROOT && !invalid[root[v]])
#endif

#define ENTRY(v)	(linked[root[v]] -> root[v] : 0)

/* tdx_shared_sync(): shared_lock makes reading and writing one step. */
inline shared_sync(v)
{
	SYNC_LOCK;
	if
	:: MAY_COPY(v) ->
#ifdef NO_SHARED_LOCK
		seen = ENTRY(v);
		d_step { copy = seen; seen = 0 }
#else
		copy = ENTRY(v)
#endif
	:: else
	fi;
	SYNC_UNLOCK
}

/* tdx_flush_tlb() */
inline flush_tlb(v)
{
	shared_sync(v);
	d_step { tlb[v] = NOTHING; walk_from[v] = 0 }
}

/* --- base KVM's MMU --- */

/* kvm_tdp_mmu_alloc_root(): the valid root, or a new one. */
inline alloc_root(v)
{
	READ_LOCK;
	d_step {
		if
		:: newest == 0 || invalid[newest] -> newest++
		:: else
		fi;
		root[v] = newest
	}
	READ_UNLOCK
}

/* kvm_mmu_load() */
inline mmu_load(v)
{
	alloc_root(v);
	/* tdx_load_mmu_pgd() */
#ifndef BUG_NO_SYNC_AT_LOAD
	shared_sync(v);
#endif
	/* flush_tlb_current */
#if !defined(BUG_NO_FLUSH_AT_LOAD) && !defined(BUG_NO_SYNC_AT_LOAD)
	flush_tlb(v)
#elif defined(BUG_NO_SYNC_AT_LOAD)
	d_step { tlb[v] = NOTHING; walk_from[v] = 0 }
#else
	skip
#endif
}

/* tdx_exit_ept_violation(), kvm_tdp_mmu_page_fault() */
inline shared_fault(v)
{
	READ_LOCK;
	if
	/* is_page_fault_stale() */
	:: invalid[root[v]]
	:: else ->
		linked[root[v]] = 1;
		mapped[root[v]] = 1
	fi;
	READ_UNLOCK;
#ifndef BUG_NO_SYNC_AFTER_FAULT
	shared_sync(v)
#endif
}

/* kvm_make_vcpu_request(): the request first, then a look at the mode. */
#define KICK(v, request) \
	request[v] = 1; \
	atomic { \
		if \
		:: mode[v] != OUTSIDE -> mode[v] = EXITING; ipi[v] = 1 \
		:: else \
		fi \
	}

#ifdef BUG_KICK_WITHOUT_WAIT
#define WAIT_FOR_ALL	skip
#else
#define WAIT_FOR_ALL	ipi[0] == 0 && ipi[1] == 0
#endif

/* kvm_make_all_cpus_request() of a request with KVM_REQUEST_WAIT */
#define MAKE_ALL_CPUS_REQUEST(request) \
	KICK(0, request); \
	KICK(1, request); \
	WAIT_FOR_ALL

/* --- vCPUs --- */

/* An exit: interrupts are on again, and a kick's IPI is taken. */
#define LEAVE(v)	mode[v] = OUTSIDE; ipi[v] = 0

#define REQUEST_PENDING(v) \
	(req_roots[v] || req_flush[v] || mode[v] == EXITING)

/* vcpu_enter_guest() and the guest, which accesses the page. */
proctype vcpu(byte v)
{
#ifdef NO_SHARED_LOCK
	byte seen;
#endif
#ifdef BUG_REQUEST_READ_BEFORE_MODE
	bit pending;
#endif

enter:
	if
	:: req_roots[v] ->
		req_roots[v] = 0;
		/* kvm_mmu_free_obsolete_roots() */
		atomic {
			if
			:: root[v] != NO_ROOT && invalid[root[v]] -> root[v] = NO_ROOT
			:: else
			fi
		}
	:: else
	fi;
	if
	:: req_flush[v] -> req_flush[v] = 0; flush_tlb(v)
	:: else
	fi;
	/* kvm_mmu_reload() */
	if
	:: root[v] == NO_ROOT -> mmu_load(v)
	:: else
	fi;

#ifdef BUG_REQUEST_READ_BEFORE_MODE
	pending = REQUEST_PENDING(v);
	mode[v] = IN_GUEST;
	atomic {
		if
		:: pending -> pending = 0; LEAVE(v); goto enter
		:: else
		fi
	}
#else
	mode[v] = IN_GUEST;
	/* kvm_vcpu_exit_request() */
	atomic {
		if
		:: REQUEST_PENDING(v) -> LEAVE(v); goto enter
		:: else
		fi
	}
#endif

guest:
	/* The CPU takes the IPI between two instructions, or reads an entry. */
	atomic {
		if
		:: ipi[v] -> LEAVE(v); goto enter
		:: !ipi[v] -> accessing[v] = 1
		fi;
		if
		:: tlb[v] == STALE -> NEVER(freed_page_used)
		:: tlb[v] == VALID -> accessing[v] = 0; goto guest
		:: tlb[v] == NOTHING && walk_from[v] == 0 -> walk_from[v] = copy
		:: else
		fi;
		if
		:: walk_from[v] == 0 -> LEAVE(v); goto fault
		:: else
		fi
	}
	/* And the next one, in the table. */
	atomic {
		if
		:: freed[walk_from[v]] -> NEVER(freed_table_walked)
		:: else
		fi;
		if
		:: mapped[walk_from[v]] -> tlb[v] = VALID; goto guest
		:: else -> LEAVE(v)
		fi
	}

fault:
	shared_fault(v);
	goto enter
}

/* --- those who take away --- */

/* kvm_mmu_zap_all_fast(): the MMIO generation wraps, nx_huge_pages is toggled. */
proctype invalidator()
{
	byte r, n;

	do
	:: n == ZAPS -> break
	:: n < ZAPS ->
		n++;
		write_lock();
		/* kvm_tdp_mmu_invalidate_all_roots() */
		d_step {
			if
			:: newest != 0 -> invalid[newest] = 1
			:: else
			fi
		}
#ifndef BUG_REQUEST_AFTER_ZAP
		MAKE_ALL_CPUS_REQUEST(req_roots);
#endif
		WRITE_UNLOCK;
		/* kvm_tdp_mmu_zap_invalidated_roots(): leaves, then tables; no flush. */
		READ_LOCK;
		r = newest;
		do
		:: r > 0 && invalid[r] && !freed[r] ->
			mapped[r] = 0;
			linked[r] = 0;
			freed[r] = 1;
			r--
		:: else -> break
		od;
		READ_UNLOCK;
#ifdef BUG_REQUEST_AFTER_ZAP
		MAKE_ALL_CPUS_REQUEST(req_roots)
#endif
	od
}

/* kvm_unmap_gfn_range(), kvm_flush_remote_tlbs(): an mmu notifier's, for one. */
proctype unmapper()
{
	byte r;
	bit flush;
#ifdef UNMAPS
	byte n;
#endif

	do
#ifdef UNMAPS
	:: n == UNMAPS -> break
	:: n < UNMAPS -> n++;
#else
	:: true ->
#endif
		write_lock();
		d_step {
			r = newest;
			do
			:: r == 0 -> break
			:: r > 0 && mapped[r] ->
				mapped[r] = 0;
				/* tdp_mmu_zap_leafs(): nobody uses an invalid root. */
				flush = (invalid[r] -> flush : 1);
				r--
			:: else -> r--
			od
		}
#ifndef BUG_UNMAP_WITHOUT_FLUSH
		if
		:: flush -> MAKE_ALL_CPUS_REQUEST(req_flush)
		:: else
		fi;
#endif
		/* The page is somebody else's from here on. */
		d_step {
			flush = 0;
			tlb[0] = (tlb[0] -> STALE : NOTHING);
			tlb[1] = (tlb[1] -> STALE : NOTHING);
			WRITE_UNLOCK
		}
	od
}

init {
	atomic {
		run vcpu(0);
		run vcpu(1);
		run invalidator();
		run unmapper()
	}
}

#ifdef FAULT_ENDS
ltl fault_ends { [] (accessing[0] -> <> !accessing[0]) }
#endif
