/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two vCPUs of a TD and one thread that punches holes into its memory.  The
 * guest accesses and accepts two pages in any order; README.md says what is
 * checked.  -D chooses the scenario:
 *
 *   HUGE         faults may map 2 MiB, zaps and ACCEPTs split
 *   FREE_TABLES  a table that a zap has emptied is given back
 *   INTERRUPTS   faults may be left unresolved
 *   STRAY_TRACK  somebody else begins an epoch, and kicks nobody
 *   ONE_PAGE     the guest uses one page, zaps take both
 *   OTHER_PAGE   the guest uses one page, zaps take the other
 *   ZAPS=n       so many, or for ever
 */
#include "module.pml"
#include "kvm.pml"

bit zapping;

#ifdef ONE_PAGE
#define CHOOSE_PAGE	g = 0
#define CHOOSE_RANGE	lo = 0; hi = 1
#elif defined(OTHER_PAGE)
#define CHOOSE_PAGE	g = 0
#define CHOOSE_RANGE	lo = 1; hi = 1
#else
#define CHOOSE_PAGE \
	if \
	:: v == 0 -> g = 0 \
	:: g = 1 \
	fi
#define CHOOSE_RANGE \
	if \
	:: lo = 0; hi = 1 \
	:: lo = 1; hi = 1 \
	fi
#endif

#define CHOOSE_STEP \
	if \
	:: small = 0 \
	:: small = 1 \
	fi

/* An exit: interrupts are on again, and a kick's IPI is taken. */
#define LEAVE(v)	mode[v] = OUTSIDE; ipi[v] = 0

/* tdx_vcpu_run() and what vcpu_enter_guest() does around it. */
proctype vcpu(byte v)
{
	byte g, err, z_err, exit, result, epf_count;
	bit small, again, huge;
#ifdef BUG_FLAG_READ_BEFORE_MODE
	bit flag;
#endif

enter:
#ifdef BUG_FLAG_READ_BEFORE_MODE
	flag = quiesce;
	mode[v] = IN_GUEST;
	atomic {
		if
		:: flag || mode[v] == EXITING -> LEAVE(v); goto enter
		:: else
		fi
	}
#else
	mode[v] = IN_GUEST;
	atomic {
		if
		:: quiesce || mode[v] == EXITING -> LEAVE(v); goto enter
		:: else
		fi
	}
#endif
#ifdef ZERO_STEP_IS_A_BUG
	if
	:: SUSPECTED -> NEVER(zero_step_suspected)
	:: else
	fi;
#endif
	vp_enter(v, g, result);
	if
	:: result == ENTER_BUSY -> d_step { result = 0; LEAVE(v) }; goto enter
	:: result == ENTER_FAULT -> d_step { result = 0; LEAVE(v) }; goto fault
	:: else
	fi;

guest:
	atomic {
		if
		:: ipi[v] -> TD_EXIT(v); LEAVE(v); goto enter
		/* The instruction that caused an exit is run again. */
		:: !ipi[v] && again
		:: !ipi[v] && !again -> CHOOSE_PAGE; CHOOSE_STEP
		fi;
		if
		:: small -> guest_accept_begin(g, exit)
		:: !small -> guest_access(v, g, exit)
		fi;
		again = 0;
		if
		:: exit == GUEST_GOES_ON -> goto guest
		:: exit == GUEST_FAULT -> TD_EXIT_FAULT(v); LEAVE(v); goto fault
		:: exit == GUEST_ACCEPT
		fi
	}
	atomic {
		guest_accept_end(g, exit);
		if
		:: exit == GUEST_GOES_ON -> goto guest
		:: exit == GUEST_FAULT -> TD_EXIT_FAULT(v); LEAVE(v)
		fi
	}

fault:
	atomic { again = 1; exit = 0; faulting[v] = 1; fault_gfn[v] = g }
	fault_loop(v, g);
	fault_fit_accept();
	atomic { faulting[v] = 0; fault_gfn[v] = 0; err = 0; huge = 0 }
	goto enter
}

proctype zapper()
{
	byte lo, hi, z_err;
	bit work;
#ifdef ZAPS
	byte n;
#endif

	do
#ifdef ZAPS
	:: n == ZAPS -> break
	:: n < ZAPS -> n++;
#else
	:: true ->
#endif
		atomic { CHOOSE_RANGE; zapping = 1 }
		punch_hole();
		d_step { zapping = 0; lo = 0; hi = 0; work = 0; z_err = 0 }
	od
}

#ifdef STRAY_TRACK
proctype stray()
{
	byte z_err;

	write_lock();
	mem_track(z_err);
	WRITE_UNLOCK
}
#endif

init {
	atomic {
		run vcpu(0);
		run vcpu(1);
		run zapper()
#ifdef STRAY_TRACK
		; run stray()
#endif
	}
}

#ifdef ZAP_ENDS
ltl zap_ends { [] (zapping -> <> !zapping) }
#endif
#ifdef FAULT_ENDS
ltl fault_ends { [] (faulting[0] -> <> !faulting[0]) }
#endif
