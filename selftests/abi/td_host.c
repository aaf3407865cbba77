// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's own processor state around KVM_RUN of a TD.  A TD exit loses much of
 * what the host had in its registers, in the software module as on hardware; KVM
 * has to put it back.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

#define KEEPS	"/sys/module/tdx_swmod/parameters/keep_host_state"

/* On the last CPU: the first one's number is what TSC_AUX is lost to. */
static bool pin_to_last_cpu(void)
{
	unsigned int cpu = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set) && cpu;
}

static bool run_td(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	bool ok = !ioctl(td->vcpu[0].fd, KVM_RUN, 0) &&
		  td->vcpu[0].run->exit_reason == KVM_EXIT_IO;

	td_destroy(td);
	return ok;
}

/* --- what user space can see --- */

static u64 read_xcr0(void)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return (u64)hi << 32 | lo;
}

/* CPUID.(D,1).EBX: what XSAVES needs for XCR0 and XSS as they are now. */
static u32 xsaves_size(void)
{
	u32 a, b, c, d;

	__cpuid_count(0xd, 1, a, b, c, d);
	return b;
}

static u32 read_tsc_aux(void)
{
	u32 aux;

	asm volatile("rdtscp" : "=c" (aux) : : "rax", "rdx");
	return aux;
}

static bool has_pkru(void)
{
	u32 a, b, c = 0, d;

	__cpuid_count(7, 0, a, b, c, d);
	/* OSPKE */
	return c & 1 << 4;
}

static u32 read_pkru(void)
{
	u32 pkru;

	asm volatile(".byte 0x0f, 0x01, 0xee" : "=a" (pkru) : "c" (0) : "rdx");
	return pkru;
}

static void write_pkru(u32 pkru)
{
	asm volatile(".byte 0x0f, 0x01, 0xef" : : "a" (pkru), "c" (0), "d" (0) : "memory");
}

static void same(const char *name, const char *what, u64 before, u64 after, bool ran)
{
	if (before != after)
		ktap_note("%s was %llx, is %llx", what, (unsigned long long)before,
			  (unsigned long long)after);
	ktap_result(ran && before == after, "%s", name);
}

/* --- tests --- */

static void xcr0_is_restored(void)
{
	u64 before = read_xcr0();
	bool ran = run_td();

	same(__func__, "XCR0", before, read_xcr0(), ran);
}

static void xss_is_restored(void)
{
	u32 before = xsaves_size();
	bool ran = run_td();

	same(__func__, "the size for XSAVES", before, xsaves_size(), ran);
}

/* The TD has no PKRU in its XFAM. */
static void pkru_is_restored(void)
{
	u32 before = 0x55555550, after;
	bool ran;

	if (!has_pkru()) {
		ktap_skip(__func__, "no protection keys");
		return;
	}
	write_pkru(before);
	ran = run_td();
	after = read_pkru();
	write_pkru(0x55555554);
	same(__func__, "PKRU", before, after, ran);
}

static void tsc_aux_is_restored(void)
{
	u32 before = read_tsc_aux();
	bool ran = run_td();

	if (!before)
		ktap_skip(__func__, "one CPU");
	else
		same(__func__, "TSC_AUX", before, read_tsc_aux(), ran);
}

static void gs_base_is_restored(void)
{
	unsigned long before = 0x123456789000, after = 0, old = 0;
	bool ran;

	syscall(SYS_arch_prctl, ARCH_GET_GS, &old);
	syscall(SYS_arch_prctl, ARCH_SET_GS, before);
	ran = run_td();
	syscall(SYS_arch_prctl, ARCH_GET_GS, &after);
	syscall(SYS_arch_prctl, ARCH_SET_GS, old);
	same(__func__, "GS base", before, after, ran);
}

static volatile u64 watched;

static void a_hardware_breakpoint_still_hits(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_8,
	};
	u64 hits = 0;
	bool ran;
	int fd;

	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (fd < 0) {
		ktap_skip(__func__, "no breakpoints");
		return;
	}
	watched = 1;
	ran = run_td();
	watched = 2;
	if (read(fd, &hits, sizeof(hits)) != sizeof(hits))
		ran = false;
	close(fd);
	same(__func__, "hits of two", 2, hits, ran);
}

/* Flags that SYSCALL has to clear: with AC set the kernel would die of SMAP. */
static void system_calls_work_with_every_flag(void)
{
	bool ran = run_td();
	long pid;

	asm volatile("pushfq\n\torq $0x40400, (%%rsp)\n\tpopfq\n\t"
		     "syscall\n\t"
		     "pushfq\n\tandq $~0x40400, (%%rsp)\n\tpopfq"
		     : "=a" (pid) : "0" ((long)SYS_getpid)
		     : "rcx", "r11", "memory", "cc");
	same(__func__, "pid", getpid(), pid, ran);
}

static const struct ktap_test tests[] = {
	TEST(xcr0_is_restored),
	TEST(xss_is_restored),
	TEST(pkru_is_restored),
	TEST(tsc_aux_is_restored),
	TEST(gs_base_is_restored),
	TEST(a_hardware_breakpoint_still_hits),
	TEST(system_calls_work_with_every_flag),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();
	char keeps = 'N';
	FILE *f;

	if (why)
		ktap_skip_all(why);
	f = fopen(KEEPS, "r");
	if (f) {
		keeps = fgetc(f);
		fclose(f);
	}
	if (keeps != 'N')
		ktap_skip_all("the software module keeps the host's state");
	pin_to_last_cpu();
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
