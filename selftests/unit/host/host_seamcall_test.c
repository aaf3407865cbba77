// SPDX-License-Identifier: GPL-2.0-only
/*
 * seamcall.S itself, in user space.  SEAMCALL raises a signal there: the
 * handler answers as a TD exit would, then steps through what follows and
 * looks at the registers.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "fake.h"
#include "host_check.h"

u64 __seamcall(u64 leaf, struct tdx_module_args *args);
u64 __seamcall_ret(u64 leaf, struct tdx_module_args *args);
u64 __seamcall_saved_ret(u64 leaf, struct tdx_module_args *args);

#define EFLAGS_CF	(1 << 0)
#define EFLAGS_TF	(1 << 8)

/* The guest's values; register i of the list below has GUEST + i. */
#define GUEST		0x600d600d600d0000ULL
#define IS_GUEST(v)	(((v) & ~0xffULL) == GUEST)

static const int clobbered[] = {
	REG_RCX, REG_RDX, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
	REG_R14, REG_R15, REG_RBX, REG_RDI, REG_RSI,
};

#define NR_CLOBBERED	(sizeof(clobbered) / sizeof(clobbered[0]))
/* The first ones, which leaves other than VP.ENTER return results in. */
#define NR_RESULTS	6

static struct {
	u64 status;
	bool no_module;
	unsigned int nr;
} answer;

/* What was seen, for the checks after the call. */
static struct {
	greg_t in[NR_CLOBBERED];
	greg_t leaf;
	unsigned int calls;
	unsigned int steps;
	/* Registers popped while the guest's value was still there. */
	unsigned int stale_pops;
	/* Registers with a guest's value when C code goes on. */
	unsigned int stale_at_return;
} seen;

static void on_seamcall(int sig, siginfo_t *info, void *context)
{
	static const unsigned char opcode[] = { 0x66, 0x0f, 0x01, 0xcf };
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned int i;

	(void)sig;
	(void)info;
	if (memcmp((void *)regs[REG_RIP], opcode, sizeof(opcode)))
		abort();
	seen.calls++;
	seen.leaf = regs[REG_RAX];
	for (i = 0; i < NR_CLOBBERED; i++)
		seen.in[i] = regs[clobbered[i]];

	regs[REG_RIP] += sizeof(opcode);
	regs[REG_EFL] |= EFLAGS_TF;
	regs[REG_EFL] &= ~EFLAGS_CF;
	if (answer.no_module) {
		regs[REG_EFL] |= EFLAGS_CF;
		return;
	}
	regs[REG_RAX] = answer.status;
	for (i = 0; i < answer.nr; i++)
		regs[clobbered[i]] = GUEST + i;
}

/* The register that the instruction at @ip pops, or -1. */
static int popped_register(const unsigned char *ip)
{
	static const int low[] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, -1, REG_RBP, REG_RSI, REG_RDI,
	};
	static const int high[] = {
		REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};

	if (ip[0] == 0x41 && ip[1] >= 0x58 && ip[1] <= 0x5f)
		return high[ip[1] - 0x58];
	return ip[0] >= 0x58 && ip[0] <= 0x5f ? low[ip[0] - 0x58] : -1;
}

static void on_step(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	const unsigned char *ip = (void *)regs[REG_RIP];
	int popped = popped_register(ip);
	unsigned int i;

	(void)sig;
	(void)info;
	seen.steps++;
	/* RDI takes part in saving RSI, a scratch register; it is cleared later. */
	if (popped >= 0 && popped != REG_RDI && IS_GUEST(regs[popped]))
		seen.stale_pops++;
	if (*ip != 0xc3)
		return;
	for (i = 0; i < NR_CLOBBERED; i++)
		seen.stale_at_return += IS_GUEST(regs[clobbered[i]]);
	regs[REG_EFL] &= ~EFLAGS_TF;
}

static void set_up(u64 status, unsigned int nr)
{
	memset(&seen, 0, sizeof(seen));
	memset(&answer, 0, sizeof(answer));
	answer.status = status;
	answer.nr = nr;
}

static const struct tdx_module_args some_args = {
	.rcx = 1, .rdx = 2, .r8 = 8, .r9 = 9, .r10 = 10, .r11 = 11, .r12 = 12,
	.r13 = 13, .r14 = 14, .r15 = 15, .rbx = 3, .rdi = 7, .rsi = 6,
};

/* struct tdx_module_args has its members in the order of clobbered[]. */
static u64 member(const struct tdx_module_args *args, unsigned int i)
{
	return ((const u64 *)args)[i];
}

static void no_register_of_the_guest_is_left(void)
{
	struct tdx_module_args args = some_args;

	set_up(48, NR_CLOBBERED);
	check(__seamcall_saved_ret(0, &args) == 48);
	check(seen.calls == 1 && seen.steps > 10);
	/* A load from the stack may be bypassed: what it replaces is zero. */
	check(!seen.stale_pops);
	check(!seen.stale_at_return);
}

static void entering_exchanges_every_register(void)
{
	struct tdx_module_args args = some_args;
	unsigned int i;

	set_up(48, NR_CLOBBERED);
	check(__seamcall_saved_ret(0, &args) == 48);
	for (i = 0; i < NR_CLOBBERED; i++) {
		check(seen.in[i] == (greg_t)member(&some_args, i));
		check(member(&args, i) == GUEST + i);
	}
}

/* The guest has not run: what it is to be told is still there. */
static void a_refused_entry_keeps_the_arguments(void)
{
	struct tdx_module_args args = some_args;

	set_up(0x8000020000000080ULL, NR_CLOBBERED);
	check(__seamcall_saved_ret(0, &args) == 0x8000020000000080ULL);
	check(!memcmp(&args, &some_args, sizeof(args)));
	check(!seen.stale_pops);
}

static void other_leaves_exchange_six_registers(void)
{
	struct tdx_module_args args = some_args;
	unsigned int i;

	set_up(5, NR_RESULTS);
	check(__seamcall_ret(34, &args) == 5 && seen.leaf == 34);
	for (i = 0; i < NR_CLOBBERED; i++) {
		if (i < NR_RESULTS)
			check(seen.in[i] == (greg_t)member(&some_args, i));
		check(member(&args, i) == (i < NR_RESULTS ? GUEST + i :
					   member(&some_args, i)));
	}

	args = some_args;
	set_up(6, NR_RESULTS);
	check(__seamcall(33, &args) == 6 && seen.leaf == 33);
	check(!memcmp(&args, &some_args, sizeof(args)));
}

static void a_missing_module_has_its_status(void)
{
	struct tdx_module_args args = some_args;

	set_up(0, 0);
	answer.no_module = true;
	check(__seamcall(33, &args) == 0x8000FF00FFFF0000ULL);
	check(__seamcall_ret(34, &args) == 0x8000FF00FFFF0000ULL);
	check(__seamcall_saved_ret(0, &args) == 0x8000FF00FFFF0000ULL);
}

int main(void)
{
	struct sigaction seamcall = {
		.sa_sigaction = on_seamcall, .sa_flags = SA_SIGINFO,
	};
	struct sigaction step = {
		.sa_sigaction = on_step, .sa_flags = SA_SIGINFO,
	};

	/* #UD, or #GP on a processor that has SEAMCALL. */
	sigaction(SIGILL, &seamcall, NULL);
	sigaction(SIGSEGV, &seamcall, NULL);
	sigaction(SIGTRAP, &step, NULL);
	run(no_register_of_the_guest_is_left);
	run(entering_exchanges_every_register);
	run(a_refused_entry_keeps_the_arguments);
	run(other_leaves_exchange_six_registers);
	run(a_missing_module_has_its_status);
	return checks_failed != 0;
}
