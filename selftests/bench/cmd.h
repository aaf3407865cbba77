/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark's VMM and its guest agree on.  The guest reads a command
 * and its operands from ports, does what it says and asks for the next.
 */
#ifndef SELFTESTS_BENCH_CMD_H
#define SELFTESTS_BENCH_CMD_H

enum bench_cmd {
	CMD_ACCEPT,	/* accept pages */
	CMD_CALL,	/* TDVMCALLs that the kernel answers */
	CMD_IO,		/* TDVMCALLs that user space answers */
	CMD_SPIN,	/* stay in the guest for so many rounds */
	CMD_SELF,	/* send IPIs to itself by ICR, and take each */
	CMD_PING,	/* send one to the other vCPU, wait for its answer */
	CMD_PONG,	/* the other side of it */
	CMD_HALT,	/* send an IPI to itself, halt with it pending */
	CMD_TIMER,	/* arm the timer, run until it fires */
	CMD_NAP,	/* arm the timer, halt until it fires */
	CMD_HALT_PING,	/* as CMD_PING, halting where that waits */
	CMD_HALT_PONG,	/* the other side of it */
};

/* Inputs: the command, then each operand; an output: units that went wrong. */
#define PORT_CMD	0x610
#define PORT_GPA_LOW	0x614
#define PORT_GPA_HIGH	0x618
#define PORT_STRIDE	0x61c
#define PORT_COUNT	0x620
#define PORT_BAD	0x624
/* For CMD_IO. */
#define PORT_NOTHING	0x628

#endif /* SELFTESTS_BENCH_CMD_H */
