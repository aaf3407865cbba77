// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEAM's instructions at CPL 3, while the CPUs are in VMX operation.  Results go to
 * the kernel log, to be with those of seam_host.ko.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define INSN_SIZE	4
#define TRAP_UD		6
#define TRAP_GP		13

static const unsigned char tdcall[INSN_SIZE] = { 0x66, 0x0f, 0x01, 0xcc };
static const unsigned char seamret[INSN_SIZE] = { 0x66, 0x0f, 0x01, 0xcd };
static const unsigned char seamops[INSN_SIZE] = { 0x66, 0x0f, 0x01, 0xce };
static const unsigned char seamcall[INSN_SIZE] = { 0x66, 0x0f, 0x01, 0xcf };

static sigjmp_buf back;
static volatile long vector;
static int log_fd;
static unsigned int results;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	vector = uc->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(back, 1);
}

/* Not by dprintf(), which wants to seek. */
static void say(const char *fmt, ...)
{
	char line[160] = "<6>seam_cpl3: ";
	size_t n = strlen(line);
	va_list args;

	va_start(args, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, args);
	va_end(args);
	if (write(log_fd, line, n) != (ssize_t)n)
		perror("/dev/kmsg");
}

static void check(bool ok, const char *name)
{
	results++;
	say("%s - %s\n", ok ? "ok" : "not ok", name);
}

static long execute(unsigned char *page, const unsigned char *insn, bool compat)
{
	vector = -1;
	memcpy(page, insn, INSN_SIZE);
	if (sigsetjmp(back, 1))
		return vector;
	/* Selector 0x23 is the kernel's 32-bit code segment. */
	if (compat)
		asm volatile("push $0x23\n\tpush %0\n\tlretq" : : "r" (page) : "memory");
	asm volatile("call *%0" : : "r" (page) : "rax", "rcx", "rdx", "memory");
	return vector;
}

int main(void)
{
	/* 32-bit code loses the upper half of RSP. */
	static char stack[1 << 16];
	const stack_t on = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	log_fd = open("/dev/kmsg", O_WRONLY);
	if (page == MAP_FAILED || log_fd < 0)
		return 1;
	memset(page, 0xc3, 4096);
	sigaltstack(&on, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	check(execute(page, seamcall, false) == TRAP_GP, "SEAMCALL at CPL 3 is #GP");
	check(execute(page, tdcall, false) == TRAP_UD, "TDCALL at CPL 3 is #UD");
	check(execute(page, seamret, false) == TRAP_UD, "SEAMRET at CPL 3 is #UD");
	check(execute(page, seamops, false) == TRAP_UD, "SEAMOPS at CPL 3 is #UD");
	check(execute(page, seamcall, true) == TRAP_UD, "SEAMCALL in 32-bit code is #UD");
	say("end of cpl3, %u results\n", results);
	return 0;
}
