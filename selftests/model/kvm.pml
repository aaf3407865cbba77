/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM does: arch/x86/kvm/vmx/tdx.  Each inline names the function that it
 * stands for.  The macros that begin with BUG_ are mutations, one at a time;
 * selftests/model/run says which property each has to break.
 */

/* vcpu->mode, and the IPI that a kick waits for. */
#define OUTSIDE		0
#define IN_GUEST	1
#define EXITING		2
byte mode[NV];
bit ipi[NV];
bit quiesce;

/* mmu_lock, a queued lock: no reader passes a writer that waits. */
byte mmu_readers, mmu_waiting;
bit mmu_writer;

/*
 * mmu_invalidate_in_progress, of one page or both; "seq has changed" for each
 * fault; its page.
 */
bit invalidating[2];
bit seq_changed[NV];
#define NO_PAGE		0
#define HAS_PAGE	1
#define OLD_PAGE	2
byte fault_page[NV];
byte fault_gfn[NV];
bit faulting[NV];

/* The mirror: sept.h's enum sept_state. */
#define S_NONE		0
#define S_TABLE		1
#define S_LEAF		2
#define S_BLOCKED	3
#define S_FROZEN	4
#define S_HELD		5
byte mirror[3];
#define S_TABLE_BLOCKED	6

inline write_lock()
{
	mmu_waiting++;
	atomic { mmu_readers == 0 && !mmu_writer -> mmu_writer = 1; mmu_waiting-- }
}

#define WRITE_UNLOCK	mmu_writer = 0

#define READ_UNLOCK	mmu_readers--

/* What the module objects to: a bug of KVM's, or nothing to a hostile one. */
#ifdef HOST_IS_HOSTILE
#define REFUSAL		skip
#else
#define REFUSAL		NEVER(module_refused)
#endif

/* --- track.c, reshape.c, zap.c --- */

#define SEND_IPI(v) \
	atomic { \
		if \
		:: mode[v] != OUTSIDE -> mode[v] = EXITING; ipi[v] = 1 \
		:: else \
		fi \
	}

/* track_kick(): kvm_make_all_cpus_request(KVM_REQ_OUTSIDE_GUEST_MODE) */
inline track_kick()
{
	SEND_IPI(0);
	SEND_IPI(1);
	ipi[0] == 0 && ipi[1] == 0
}

/* track_again(), track_quiesce(): with all vCPUs out nobody holds a lock. */
inline track_again()
{
#ifdef BUG_NO_QUIESCE
	skip
#else
	if
	:: quiesce -> NEVER(busy_with_all_vcpus_out)
	:: else
	fi;
#ifdef BUG_KICK_BEFORE_FLAG
	track_kick();
	quiesce = 1
#else
	quiesce = 1;
#ifndef BUG_QUIESCE_WITHOUT_KICK
	track_kick()
#endif
#endif
#endif
}

#ifdef BUG_EPOCH_BUSY_IS_FATAL
#define IS_BUSY		(z_err == BUSY)
#else
#define IS_BUSY		(z_err == BUSY || z_err == EPOCH_BUSY)
#endif

/* track_step(): what fails for good leaves the page with the module. */
#define TRACK_STEP(seamcall) \
	do \
	:: seamcall; \
		if \
		:: IS_BUSY -> track_again() \
		:: else -> break \
		fi \
	od; \
	if \
	:: z_err != OK -> REFUSAL \
	:: else \
	fi

/* track_block() */
inline track_block(i)
{
#ifdef BUG_NO_BLOCK
	mirror[i] = S_BLOCKED
#else
	TRACK_STEP(mem_range_block(i, z_err));
	mirror[i] = (z_err != OK -> S_HELD : S_BLOCKED)
#endif
}

/* track_epoch() */
inline track_epoch()
{
#ifdef BUG_KICK_BEFORE_TRACK
	track_kick();
#endif
#ifndef BUG_NO_TRACK
	TRACK_STEP(mem_track(z_err));
#endif
#ifdef BUG_TRACK_TWICE
	TRACK_STEP(mem_track(z_err));
#endif
#if !defined(BUG_NO_KICK) && !defined(BUG_KICK_BEFORE_TRACK) && \
	!defined(BUG_REMOVE_BEFORE_KICK) && !defined(BUG_TRACK_TWICE)
	if
	:: !quiesce -> track_kick()
	:: else
	fi
#endif
}

/* From here on the host writes to the page: what a CPU has of it is stale. */
#define SCRUB(g) \
	TLB(0, g) = (TLB(0, g) -> STALE : NOTHING); \
	TLB(1, g) = (TLB(1, g) -> STALE : NOTHING)

/* track_remove(), sept_scrub_leaf(); sept_hold_leaf() if it fails. */
inline track_remove(i)
{
	TRACK_STEP(mem_page_remove(i, z_err));
	atomic {
		mirror[i] = (z_err != OK -> S_HELD : S_NONE);
		if
		:: z_err == OK && i != 1 -> SCRUB(0)
		:: else
		fi;
		if
		:: z_err == OK && i != 0 -> SCRUB(1)
		:: else
		fi
	}
}

/* sept_split() and split_leaf(); TOP is a leaf. */
inline sept_split()
{
	track_block(TOP);
	if
	:: mirror[TOP] == S_BLOCKED ->
#ifndef BUG_SPLIT_WITHOUT_TRACK
		track_epoch();
#endif
		TRACK_STEP(mem_page_demote(z_err));
		if
		:: z_err != OK -> mirror[TOP] = S_HELD
		:: else ->
			mirror[0] = S_LEAF;
			mirror[1] = S_LEAF;
			mirror[TOP] = S_TABLE
		fi
	:: else
	fi;
	quiesce = 0
}

#define EMPTY_TABLE \
	(mirror[TOP] == S_TABLE && mirror[0] == S_NONE && mirror[1] == S_NONE)

/* sept_prune_block(); the module walks through no blocked table. */
inline prune_block()
{
#ifndef BUG_TABLE_WITHOUT_BLOCK
	TRACK_STEP(mem_range_block(TOP, z_err));
#endif
	mirror[TOP] = (z_err != OK -> S_TABLE : S_TABLE_BLOCKED)
}

/* sept_prune_remove() */
inline prune_remove()
{
	TRACK_STEP(mem_sept_remove(z_err));
	mirror[TOP] = (z_err != OK -> S_HELD : S_NONE)
}

/* sept_prune(); zap_running() makes one TRACK do for a batch as well. */
inline sept_prune()
{
	prune_block();
	if
	:: mirror[TOP] == S_TABLE_BLOCKED ->
#ifndef BUG_TABLE_WITHOUT_TRACK
		track_epoch();
#endif
		prune_remove()
	:: else
	fi;
	quiesce = 0
}

#define IN_RANGE(i)	(i == TOP || (lo <= i && i <= hi))

inline zap_block_leaf(i)
{
	if
	:: IN_RANGE(i) && mirror[i] == S_LEAF -> track_block(i); work = 1
	:: else
	fi
}

inline zap_remove_leaf(i)
{
	if
	:: IN_RANGE(i) && mirror[i] == S_BLOCKED -> track_remove(i)
	:: else
	fi
}

/* sept_zap_range(): zap_split_ends(), zap_running() */
inline sept_zap_range()
{
	work = 0;
	if
	:: lo == hi && mirror[TOP] == S_LEAF -> sept_split()
	:: else
	fi;
	if
	:: mirror[TOP] == S_TABLE ->
		zap_block_leaf(0);
		zap_block_leaf(1)
	:: else -> zap_block_leaf(TOP)
	fi;
	if
	:: work ->
		track_epoch();
		if
		:: mirror[TOP] == S_TABLE ->
			zap_remove_leaf(0);
			zap_remove_leaf(1)
		:: else -> zap_remove_leaf(TOP)
		fi;
#ifdef BUG_REMOVE_BEFORE_KICK
		track_kick();
#endif
		quiesce = 0
	:: else
	fi;
#ifdef FREE_TABLES
	if
	:: EMPTY_TABLE -> sept_prune()
	:: else
	fi
#endif
}

/* --- invalidate.c and base KVM's guest_memfd: a hole is punched --- */

/* The page goes to somebody else, unless sept_hold_leaf() keeps it. */
#define GIVE_BACK(g) \
	if \
	:: mirror[TOP] == S_HELD || mirror[g] == S_HELD -> skip \
	:: else -> \
		if \
		:: MODULE_HAS(g) -> NEVER(page_given_back_early) \
		:: else \
		fi; \
		fault_page[0] = (fault_page[0] && fault_gfn[0] == g -> OLD_PAGE : fault_page[0]); \
		fault_page[1] = (fault_page[1] && fault_gfn[1] == g -> OLD_PAGE : fault_page[1]) \
	fi

inline give_back_range()
{
	atomic {
		if
		:: lo == 0 -> GIVE_BACK(0)
		:: else
		fi;
		if
		:: hi == 1 -> GIVE_BACK(1)
		:: else
		fi
	}
}

inline punch_hole()
{
	write_lock();
	d_step { invalidating[0] = (lo == 0); invalidating[1] = (hi == 1) }
#ifdef BUG_GIVE_BACK_BEFORE_REMOVE
	give_back_range();
#endif
	sept_zap_range();
	WRITE_UNLOCK;
#ifndef BUG_GIVE_BACK_BEFORE_REMOVE
	give_back_range();
#endif
	write_lock();
	d_step {
		invalidating[0] = 0;
		invalidating[1] = 0;
		seq_changed[0] = 1;
		seq_changed[1] = 1
	}
	WRITE_UNLOCK
}

/* --- sept.c: freeze, SEAMCALL, publish; of one entry --- */

#define AGAIN		4
#define MAPPED_NOW	5

#define MAP_STEP(i, seamcall, after) \
	atomic { \
		if \
		:: mirror[i] == S_NONE -> FREEZE(i, after); err = OK \
		:: else -> err = AGAIN \
		fi \
	} \
	if \
	:: err == OK -> \
		seamcall; \
		if \
		:: err == OK -> mirror[i] = after \
		:: err == BUSY -> RESTORE(i) \
		:: else -> REFUSAL; mirror[i] = S_HELD \
		fi \
	:: else \
	fi

#if defined(BUG_PUBLISH_BEFORE_SEAMCALL)
#define FREEZE(i, after) mirror[i] = after
#elif defined(BUG_NO_FREEZE)
#define FREEZE(i, after) skip
#else
#define FREEZE(i, after) mirror[i] = S_FROZEN
#endif
#ifdef BUG_BUSY_STAYS_FROZEN
#define RESTORE(i)	skip
#else
#define RESTORE(i)	mirror[i] = S_NONE
#endif

/* sept_map(), sept_bring(), sept_link_table(), sept_install() */
inline sept_map(v, g)
{
	if
	:: mirror[TOP] == S_NONE ->
#ifdef HUGE
		if
		:: huge ->
			MAP_STEP(TOP, mem_page_aug(TOP, err), S_LEAF);
			err = (err == OK -> MAPPED_NOW : err)
		:: else -> MAP_STEP(TOP, mem_sept_add(err), S_TABLE)
		fi
#else
		MAP_STEP(TOP, mem_sept_add(err), S_TABLE)
#endif
	:: else
	fi;
	if
	:: err == OK && mirror[TOP] == S_TABLE ->
		if
		:: mirror[g] == S_NONE ->
			MAP_STEP(g, mem_page_aug(g, err), S_LEAF);
			err = (err == OK -> MAPPED_NOW : err)
		:: mirror[g] == S_FROZEN -> err = AGAIN
		:: else -> err = MAPPED_NOW
		fi
	:: err == OK && (mirror[TOP] == S_LEAF || mirror[TOP] == S_HELD) ->
		err = MAPPED_NOW
	:: err == OK && mirror[TOP] != S_TABLE && mirror[TOP] != S_LEAF &&
	   mirror[TOP] != S_HELD -> err = AGAIN
	:: else
	fi;
	if
	:: err == MAPPED_NOW && fault_page[v] == OLD_PAGE && MODULE_HAS(g) ->
		NEVER(old_page_mapped)
	:: else
	fi
}

/* --- fault.c --- */

/* fault_level(): the folio is large, or not; the guest may want less. */
#ifdef HUGE
#define FAULT_LEVEL \
	if \
	:: !small -> huge = 1 \
	:: huge = 0 \
	fi
#else
#define FAULT_LEVEL	skip
#endif

/* fault_make_room(): an empty table where a large page could be. */
inline fault_make_room()
{
#if defined(HUGE) && defined(FREE_TABLES)
	if
	:: !small && EMPTY_TABLE ->
		write_lock();
		if
		:: EMPTY_TABLE -> sept_prune()
		:: else
		fi;
		WRITE_UNLOCK
	:: else
	fi
#else
	skip
#endif
}

/* fault_once(): fault_get_page(), fault_map_page() and fault_is_stale() */
inline fault_once(v, g)
{
	seq_changed[v] = 0;
	atomic {
		if
		:: invalidating[g] -> err = AGAIN
		:: else -> fault_page[v] = HAS_PAGE; err = OK
		fi
	}
	if
	:: err == OK ->
		fault_make_room();
		/* Under the lock nothing changes the count. */
		atomic {
			!mmu_writer && mmu_waiting == 0 -> mmu_readers++;
			FAULT_LEVEL;
#ifndef BUG_NO_SEQ_CHECK
			err = (invalidating[g] || seq_changed[v] -> AGAIN : OK);
#endif
#if defined(HUGE) && !defined(BUG_STALE_BY_PAGE)
			err = (huge && (invalidating[0] || invalidating[1]) -> AGAIN : err)
#endif
		}
		if
		:: err == OK -> sept_map(v, g)
		:: else
		fi;
		d_step { READ_UNLOCK; fault_page[v] = NO_PAGE }
	:: else
	fi
}

/* fault_loop(); fault_must_end() only where there are interrupts. */
inline fault_loop(v, g)
{
	do
	:: fault_once(v, g);
		if
		:: err == AGAIN || err == BUSY ->
#ifdef BUG_RETRY_BY_REENTRY
			break
#elif defined(INTERRUPTS)
			if
			:: true -> break
			:: true
			fi
#else
			skip
#endif
		:: else -> break
		fi
	od
}

/* fault_fit_accept() */
inline fault_fit_accept()
{
	if
	:: small && mirror[TOP] == S_LEAF ->
		write_lock();
		if
		:: mirror[TOP] == S_LEAF -> sept_split()
		:: else
		fi;
		WRITE_UNLOCK
	:: else
	fi
}
