/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest code for the private MMU's tests: one step at a time, by way of
 * TDH.VP.ENTER and the module's own handlers of exits and TDCALLs.  As
 * mmu_machine.h, this is what KVM's side and the module's have in common.
 */
#ifndef _MMU_GUEST_H
#define _MMU_GUEST_H

#include <linux/types.h>
#include <stdbool.h>

/* Where every TD of these tests has a TDCALL instruction. */
#define GUEST_CODE_GPA	0x1000ULL
#define GUEST_CODE	{ 0x66, 0x0f, 0x01, 0xcc, 0x0f, 0x0b }

enum guest_kind {
	GUEST_ACCEPT,
	/*
	 * Use the page; if #VE says that it is pending, accept it at @level or
	 * below, then use it.
	 */
	GUEST_READ,
	GUEST_WRITE,
	/*
	 * Without changing anything: a page that this vCPU can use stays the
	 * TD's until the vCPU has left, whatever the host does.
	 */
	GUEST_WATCH,
};

struct guest_step {
	enum guest_kind kind;
	__u64 gpa;
	__u8 level;
	/* READ: what was there.  WRITE: what to put there. */
	__u64 value;
	/* Faults that the host lets the guest repeat before it helps. */
	unsigned int ignore;

	/* --- results --- */
	bool done;
	/* Of ACCEPT; ~0 for an exception or a lost page, which are no good. */
	__u64 status;

	/* --- the guest's own --- */
	int phase;
	bool issued;
};

#define GUEST_ACCEPTED		0ULL
#define GUEST_STATUS(s)		((s) & 0xffffffff00000000ULL)
#define GUEST_BAD		~0ULL
#define GUEST_SIZE_MISMATCH	0xc0000b0b00000000ULL
#define GUEST_ALREADY_ACCEPTED	0x00000b0a00000000ULL

struct guest_exit {
	__u64 status, gpa, qual, ext;
};

/*
 * TDH.VP.ENTER of vCPU @i on CPU @i: comes back for an exit, when @step is
 * done, and soon after @kicked.
 */
void guest_enter(unsigned int i, struct guest_step *step, const bool *kicked,
		 struct guest_exit *exit);
/* The fixture's. */
void fake_relax(void);
/* Once for each TD. */
void guest_init(unsigned int nr_vcpus);

#endif /* _MMU_GUEST_H */
