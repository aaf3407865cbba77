/* SPDX-License-Identifier: GPL-2.0-only */
/* What the VMM of these tests and its guest agree on. */
#ifndef _SELFTESTS_KVM_GUEST_H
#define _SELFTESTS_KVM_GUEST_H

/* KVM_TDX_INIT_VCPU's parameter: which test the guest runs. */
enum guest_test {
	GUEST_HELLO,		/* report and be done */
	GUEST_CPUID,
	GUEST_IO,
	GUEST_MMIO,
	GUEST_MMIO_VE,
	GUEST_MSR,
	GUEST_SHARED,		/* MapGPA, then memory both sides see */
	GUEST_PRIVATE,		/* MapGPA back, accept, use */
	GUEST_VMCALLS,		/* answers, good and bad */
	GUEST_TIMER,		/* HLT until a TSC deadline */
	GUEST_NMI,
	GUEST_IPI,		/* two vCPUs */
	GUEST_TRIPLE_FAULT,
	GUEST_FATAL,
	GUEST_BUSY,		/* runs for ever */
	GUEST_UNCONVERTED,	/* uses memory as what it is not */
	GUEST_DIRTY,		/* writes to a slot without guest_memfd */
	GUEST_TOUCH,		/* use memory that was not accepted */
	GUEST_ACCEPT,		/* accept page after page; any number of vCPUs */
	GUEST_ORDERS,		/* do what the VMM says, one order at a time */
	GUEST_ACCEPT_HUGE,	/* accept 2 MiB by 2 MiB; any number of vCPUs */
	GUEST_SMP,		/* mailbox, IPIs, NMIs; two vCPUs */
	GUEST_WIDE,		/* operands with bits that mean nothing */
	GUEST_MAP_GPA,		/* MapGPA, however the VMM answers */
	GUEST_EMULATED_MSRS,	/* RDMSR and WRMSR, by call */
	GUEST_HOSTILE,		/* random instructions; a seed above bit 8 */
	GUEST_FUZZ,		/* calls and accesses by chance; a seed above bit 8 */
	GUEST_ROOTS,		/* one vCPU faults, one goes on; shared memory */
	GUEST_FAST_CALLS,	/* calls that KVM answers at once, again and again */
	GUEST_QUOTE,		/* GetQuote, and the interrupt that ends it */
	GUEST_DEBUG,		/* code for a debugger to stop in */
	GUEST_FEATURES,		/* protection keys, shadow stack; a seed above bit 8 */
	GUEST_NR_TESTS,
};

/* OUT of a dword to this port reports a result; the other ends the test. */
#define PORT_VALUE	0x510
#define PORT_DONE	0x514
/* Reads as PORT_ECHO_VALUE. */
#define PORT_ECHO	0x518
#define PORT_ECHO_VALUE	0xc0ffee42

/*
 * An order is three dwords read from this port: what to do, the page's frame
 * number, and an argument.  The result is reported.
 */
#define PORT_ORDER	0x51c

enum guest_order {
	ORDER_DONE,
	ORDER_ACCEPT,	/* at the level that is the argument; the status */
	ORDER_READ,	/* the first word of the page */
	ORDER_WRITE,	/* the argument, to there */
};

/* GUEST_FAST_CALLS: rounds of one CPUID, RDMSR, WRMSR, HLT each before it reports. */
#define FAST_ROUNDS	100

/* RAM: one slot of guest_memfd from 1 MiB to 5 MiB, and the image on top. */
#define RAM_BASE	0x100000
#define RAM_SIZE	0x400000
#define IMAGE_BASE	0xffff0000
#define IMAGE_SIZE	0x10000

/* A slot that the test adds for itself: shared memory only. */
#define LOG_BASE	0x1000000
#define LOG_SIZE	0x10000

/* Nobody's memory. */
#define MMIO_BASE	0xd0000000
#define MMIO_VALUE	0x1122334455667788

#define SHARED_BIT	(1ULL << 47)
#define SHARED_VALUE	0x5ea5ed5ea5edULL
/* In RAM: the last page below a border of 2 MiB. */
#define SHARED_OFFSET	0x2ff000

/* GUEST_QUOTE: the buffer, in RAM, and what is in it; then what it waits for. */
#define QUOTE_OFFSET	0x200000
#define QUOTE_SIZE	0x2000
#define QUOTE_REPORT	1024
#define QUOTE_WORD	0x7d0ced0c5ULL
#define QUOTE_VECTOR	0x40
#define QUOTE_TIMER	0x41
#define QUOTE_PATIENCE	4000000000ULL

/* Pages that GUEST_ACCEPT accepts, from ACCEPT_OFFSET in RAM on, and how often. */
#define ACCEPT_OFFSET	0x100000
#define ACCEPT_PAGES	64
#define ACCEPT_ROUNDS	100

/* A slot that tests of large pages add, on a border of 2 MiB. */
#define HUGE_BASE	0x40000000
#define HUGE_PAGE	0x200000
#define HUGE_RANGES	4
#define HUGE_ROUNDS	2

/* GUEST_MAP_GPA: what is to be converted, in two pieces of at most 2 MiB. */
#define MAP_BASE	0x200000
#define MAP_SIZE	0x300000
#define MAP_SECOND	0x400000
/* Its hypercall's; no other call uses it. */
#define MAP_HYPERCALL	0x180000

/* GUEST_SMP: how often two vCPUs interrupt each other. */
#define SMP_ROUNDS	200

/* GUEST_HOSTILE: steps until it is done, and the parameter for a seed. */
#define HOSTILE_STEPS	600
#define HOSTILE(seed)	(GUEST_HOSTILE | (seed) << 8)
/* Kinds of steps; what it reports is step, kind and the vector before. */
#define HOSTILE_KINDS	8
/* Memory that it has accepted, from RAM_BASE on; page tables come after it. */
#define HOSTILE_PAGES	16
#define HOSTILE_TABLES	11

/* GUEST_FEATURES: the parameter for a seed, of 8 bits. */
#define FEATURES(seed)	(GUEST_FEATURES | (seed) << 8)

/* GUEST_FUZZ: the parameter for a seed, and how many pages of RAM it uses. */
#define FUZZ(seed)	(GUEST_FUZZ | (seed) << 8)
#define FUZZ_PAGES	32

/*
 * GUEST_ROOTS: vCPU 0 writes to each 2 MiB of one slot, again and again.  vCPU 1
 * writes ROOTS_PAGE's counter; while ROOTS_PAGE names a page other than 0, to
 * that one, too.
 */
#define ROOTS_WALK_BASE	0x40000000
#define ROOTS_WALK_SIZE	0x4000000
#define ROOTS_PAGE	0x90000000

struct roots {
	/* The VMM's: the page's address. */
	volatile __UINT64_TYPE__ page;
	/* The guest's: how often it wrote, and the address it wrote to. */
	volatile __UINT64_TYPE__ count, wrote;
};

#endif /* _SELFTESTS_KVM_GUEST_H */
