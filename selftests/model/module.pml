/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the TDX module and the CPU do, from the facts: S-EPT entries, TLB
 * tracking, try-locks, VP.ENTER with zero-step mitigation.  Every SEAMCALL
 * takes its locks in one step, works in the next and releases them in a third,
 * so that another can lose against it.
 *
 * There is one 2 MiB entry, TOP, and below its table the entries of two 4 KiB
 * pages.  Epochs only matter in relation to the TD's: an age of 0 is this
 * epoch, 1 the one before, 2 any older one.  That is exact, and finite.
 *
 * Not here: the locks of TDR, OP_STATE and PAMT, which this protocol takes
 * shared or on pages of its own; VP.FLUSH and its INVEPT; GPAs in more tables.
 */
#define NV		2
#define TOP		2

/* States of an S-EPT entry; those with PENDING_ are not yet accepted. */
#define FREE		0
#define NL_MAPPED	1
#define NL_BLOCKED	2
#define MAPPED		3
#define PENDING		4
#define BLOCKED		5
#define PENDING_BLOCKED	6

byte entry[3];
/* BEPOCH in the PAMT of the page or table that was blocked, as an age. */
byte bepoch[3];
/* TDEL and HP of each entry. */
bit entry_lock[3];
bit host_priority[3];

/* The S-EPT tree lock and the TD_EPOCH lock: holders. */
byte tree_shared;
bit tree_excl;
byte epoch_shared;
bit epoch_excl;

/* TD_EPOCH & 1, the two REFCOUNTs, and each vCPU's VCPU_EPOCH. */
bit parity;
byte refcount[2];
byte age[NV];
bit inside[NV];

/*
 * What a vCPU's CPU has cached: a translation for each page, and where TOP's
 * table is.  It outlives the TD exit.
 */
#define NOTHING		0
#define FRESH		1
#define STALE		2
byte tlb[NV * 2];
byte walk_cache[NV];
#define TLB(v, g)	tlb[(v) * 2 + (g)]

/* Answers of a SEAMCALL. */
#define OK		0
#define BUSY		1
#define EPOCH_BUSY	2
#define REFUSED		3

/* The properties; each is asserted where it could break. */
bit stale_mapping_used, page_given_back_early, module_refused;
bit busy_with_all_vcpus_out, zero_step_suspected, old_page_mapped;
#define NEVER(what)	what = 1; assert(!what)

#define IS_LEAF(e)	((e) >= MAPPED)
#define IS_BLOCKED_LEAF(e) ((e) == BLOCKED || (e) == PENDING_BLOCKED)
#define IS_BLOCKED(i)	(IS_BLOCKED_LEAF(entry[i]) || entry[i] == NL_BLOCKED)
#define MODULE_HAS(g)	(IS_LEAF(entry[TOP]) || \
			 (entry[TOP] != FREE && IS_LEAF(entry[g])))

/* --- MEM.TRACK and the tracked test --- */

#ifdef MODULE_TRUSTS_HOST
#define TRACKED(i)	true
#else
#define TRACKED(i)	(bepoch[i] == 2 || \
			 (bepoch[i] == 1 && refcount[1 - parity] == 0))
#endif

#define OLDER(a)	((a) < 2 -> (a) + 1 : 2)

/*
 * A vCPU that is out, and whose next entry will flush, might as well have
 * flushed: the same, in fewer states.
 */
#ifdef MODULE_FLUSHES_NO_TLB
#define FLUSH_IF_OUT(v)	skip
#else
#define FLUSH_IF_OUT(v) \
	if \
	:: !inside[v] && age[v] != 0 -> \
		age[v] = 2; \
		TLB(v, 0) = NOTHING; \
		TLB(v, 1) = NOTHING; \
		walk_cache[v] = NOTHING \
	:: else \
	fi
#endif

inline mem_track(err)
{
	atomic {
		if
		:: epoch_shared > 0 || epoch_excl -> err = BUSY
		:: else -> epoch_excl = 1; err = OK
		fi
	}
	if
	:: err == OK ->
		d_step {
			if
#ifndef MODULE_FORGETS_OLD_EPOCH
			:: refcount[1 - parity] != 0 -> err = EPOCH_BUSY
#endif
			:: else ->
				parity = 1 - parity;
				age[0] = OLDER(age[0]);
				age[1] = OLDER(age[1]);
				FLUSH_IF_OUT(0);
				FLUSH_IF_OUT(1);
				bepoch[0] = (IS_BLOCKED(0) -> OLDER(bepoch[0]) : 0);
				bepoch[1] = (IS_BLOCKED(1) -> OLDER(bepoch[1]) : 0);
				bepoch[TOP] = (IS_BLOCKED(TOP) -> OLDER(bepoch[TOP]) : 0)
			fi;
			epoch_excl = 0
		}
	:: else
	fi
}

/* --- locks of an entry, host's side --- */

inline host_lock(i, excl, err)
{
	atomic {
		if
		:: tree_excl || (excl && tree_shared > 0) -> err = BUSY
		:: else ->
			if
			:: entry_lock[i] -> host_priority[i] = 1; err = BUSY
			:: else ->
				entry_lock[i] = 1;
				host_priority[i] = 0;
				if
				:: excl -> tree_excl = 1
				:: else -> tree_shared++
				fi;
				err = OK
			fi
		fi
	}
}

#define HOST_UNLOCK(i, excl) \
	entry_lock[i] = 0; \
	if \
	:: excl -> tree_excl = 0 \
	:: else -> tree_shared-- \
	fi

/* --- MEM.RANGE.BLOCK: BEPOCH is written after the entry --- */

inline mem_range_block(i, err)
{
	host_lock(i, true, err);
	if
	:: err == OK ->
		atomic {
			if
			:: entry[i] == MAPPED -> entry[i] = BLOCKED
			:: entry[i] == PENDING -> entry[i] = PENDING_BLOCKED
			:: entry[i] == NL_MAPPED -> entry[i] = NL_BLOCKED
			:: else -> err = REFUSED
			fi
		}
		d_step { bepoch[i] = 0; HOST_UNLOCK(i, true) }
	:: else
	fi
}

/* --- MEM.PAGE.REMOVE, MEM.SEPT.REMOVE, MEM.PAGE.DEMOTE --- */

#ifdef MODULE_TRUSTS_HOST
#define MAY_REMOVE(i)	IS_LEAF(entry[i])
#else
#define MAY_REMOVE(i)	(IS_BLOCKED_LEAF(entry[i]) && TRACKED(i))
#endif

inline mem_page_remove(i, err)
{
	host_lock(i, false, err);
	if
	:: err == OK ->
		d_step {
			if
			:: MAY_REMOVE(i) -> entry[i] = FREE; bepoch[i] = 0
			:: else -> err = REFUSED
			fi;
			HOST_UNLOCK(i, false)
		}
	:: else
	fi
}

/* The table's page is the host's again: who still walks it walks anything. */
inline mem_sept_remove(err)
{
	host_lock(TOP, true, err);
	if
	:: err == OK ->
		d_step {
			if
#ifdef MODULE_TRUSTS_HOST
			:: entry[TOP] == NL_BLOCKED || entry[TOP] == NL_MAPPED ->
#else
			:: entry[TOP] == NL_BLOCKED && TRACKED(TOP) &&
			   entry[0] == FREE && entry[1] == FREE ->
#endif
				entry[TOP] = FREE;
				bepoch[TOP] = 0;
				walk_cache[0] = (walk_cache[0] -> STALE : 0);
				walk_cache[1] = (walk_cache[1] -> STALE : 0)
			:: else -> err = REFUSED
			fi;
			HOST_UNLOCK(TOP, true)
		}
	:: else
	fi
}

inline mem_page_demote(err)
{
	host_lock(TOP, false, err);
	if
	:: err == OK ->
		d_step {
			if
			:: IS_BLOCKED_LEAF(entry[TOP]) && TRACKED(TOP) ->
				entry[0] = (entry[TOP] == BLOCKED -> MAPPED : PENDING);
				entry[1] = entry[0];
				entry[TOP] = NL_MAPPED;
				bepoch[TOP] = 0
			:: else -> err = REFUSED
			fi;
			HOST_UNLOCK(TOP, false)
		}
	:: else
	fi
}

/* --- MEM.SEPT.ADD, MEM.PAGE.AUG --- */

inline mem_sept_add(err)
{
	host_lock(TOP, false, err);
	if
	:: err == OK ->
		d_step {
			if
			:: entry[TOP] == FREE ->
				entry[TOP] = NL_MAPPED;
				entry[0] = FREE;
				entry[1] = FREE
			:: else -> err = REFUSED
			fi;
			HOST_UNLOCK(TOP, false)
		}
	:: else
	fi
}

/* EPT_WALK_FAILED and EPT_ENTRY_STATE_INCORRECT are both REFUSED. */
inline mem_page_aug(i, err)
{
	host_lock(i, false, err);
	if
	:: err == OK ->
		d_step {
			if
			:: entry[i] == FREE && (i == TOP || entry[TOP] == NL_MAPPED) ->
				entry[i] = PENDING
			:: else -> err = REFUSED
			fi;
			HOST_UNLOCK(i, false)
		}
	:: else
	fi
}

/* --- VP.ENTER up to the guest's first instruction, and the TD exit --- */

#define ZERO_STEP_LIMIT	2
/* Each vCPU counts its exits at one RIP; the page is that of the last one. */
#define SUSPECTED	(epf_count > ZERO_STEP_LIMIT)
#define WOULD_FAULT(g)	\
	!(entry[TOP] == MAPPED || entry[TOP] == PENDING || \
	  (entry[TOP] == NL_MAPPED && (entry[g] == MAPPED || entry[g] == PENDING)))

#define ENTERED		0
#define ENTER_BUSY	1
#define ENTER_FAULT	2

inline vp_enter(v, g, result)
{
	result = ENTERED;
	/* Entries that fault again at one RIP: look at the page first. */
	if
	:: SUSPECTED ->
		atomic {
			if
			:: tree_excl -> result = ENTER_BUSY
			:: else -> tree_shared++
			fi
		}
		atomic {
			if
			:: result == ENTERED && WOULD_FAULT(g) ->
				tree_shared--;
				result = ENTER_FAULT
			:: else
			fi
		}
	:: else
	fi;
	if
	:: result == ENTERED ->
		atomic {
			if
			:: epoch_excl ->
				result = ENTER_BUSY;
				tree_shared = tree_shared - (SUSPECTED -> 1 : 0)
			:: else ->
				epoch_shared++;
#ifndef MODULE_COUNTS_NO_VCPU
				refcount[parity]++;
#endif
#ifndef MODULE_FLUSHES_NO_TLB
				if
				:: age[v] != 0 ->
					TLB(v, 0) = NOTHING;
					TLB(v, 1) = NOTHING;
					walk_cache[v] = NOTHING
				:: else
				fi;
#endif
				age[v] = 0;
				inside[v] = 1
			fi
		}
	:: else
	fi;
	if
	:: result == ENTERED ->
		/* The tree lock goes just before the guest runs. */
		d_step {
			epoch_shared--;
			tree_shared = tree_shared - (SUSPECTED -> 1 : 0)
		}
	:: else
	fi
}

#define OF_AGE(v)	(age[v] == 1 -> 1 - parity : parity)

#ifdef MODULE_FORGETS_OLD_EPOCH
#define IN_COUNTED_EPOCH(v) true
#else
#define IN_COUNTED_EPOCH(v) (age[v] < 2)
#endif

/* Part of an atomic sequence of the caller's. */
#ifdef MODULE_COUNTS_NO_VCPU
#define TD_EXIT(v)	inside[v] = 0; FLUSH_IF_OUT(v)
#else
#define TD_EXIT(v) \
	assert(IN_COUNTED_EPOCH(v) && refcount[OF_AGE(v)] > 0); \
	refcount[OF_AGE(v)]--; \
	inside[v] = 0; \
	FLUSH_IF_OUT(v)
#endif

#define TD_EXIT_FAULT(v) \
	TD_EXIT(v); \
	epf_count = (epf_count > ZERO_STEP_LIMIT -> epf_count : epf_count + 1)

/* --- what a guest does: an access, an ACCEPT --- */

#define GUEST_GOES_ON	0
#define GUEST_FAULT	1
#define GUEST_ACCEPT	2

/* Through the TLB, else by a walk, which may start at a cached table. */
inline guest_access(v, g, exit)
{
	exit = GUEST_GOES_ON;
	if
	:: TLB(v, g) == NOTHING && walk_cache[v] == NOTHING && entry[TOP] == NL_MAPPED ->
		walk_cache[v] = FRESH
	:: else
	fi;
	if
	:: TLB(v, g) == STALE || (TLB(v, g) == NOTHING && walk_cache[v] == STALE) ->
		NEVER(stale_mapping_used)
	:: TLB(v, g) == FRESH
	:: TLB(v, g) == NOTHING && walk_cache[v] == FRESH ->
		if
		:: entry[g] == MAPPED -> TLB(v, g) = FRESH
		/* #VE: the guest goes on in its handler. */
		:: entry[g] == PENDING
		:: else -> exit = GUEST_FAULT
		fi
	:: else ->
		if
		:: entry[TOP] == MAPPED -> TLB(v, 0) = FRESH; TLB(v, 1) = FRESH
		:: entry[TOP] == PENDING
		:: else -> exit = GUEST_FAULT
		fi
	fi;
	epf_count = (exit == GUEST_GOES_ON -> 0 : epf_count)
}

/*
 * ACCEPT of one page: the module walks the tables itself, and holds the entry
 * while it clears the page.  A busy entry is an answer to the guest.
 */
inline guest_accept_begin(g, exit)
{
	exit = GUEST_GOES_ON;
	if
	:: entry[TOP] == NL_MAPPED && !entry_lock[g] && !host_priority[g] ->
		entry_lock[g] = 1;
		exit = GUEST_ACCEPT
	/* PENDING: mapped larger than the guest accepts. */
	:: entry[TOP] != NL_MAPPED && entry[TOP] != MAPPED -> exit = GUEST_FAULT
	:: else -> epf_count = 0
	fi
}

inline guest_accept_end(g, exit)
{
	if
	:: entry[g] == PENDING || entry[g] == MAPPED ->
		entry[g] = MAPPED;
		epf_count = 0;
		exit = GUEST_GOES_ON
	:: else -> exit = GUEST_FAULT
	fi;
	entry_lock[g] = 0
}
