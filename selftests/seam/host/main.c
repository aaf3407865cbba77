// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a host sees of SEAM.  Loading the module runs the tests that "mode" names;
 * results are lines of the kernel log, which "run" makes KTAP of.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/smp.h>

#include "host.h"

static char *mode = "module";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "module, none, off, triple-fault or bad-state");

static unsigned int results;

void check(bool ok, const char *fmt, ...)
{
	struct va_format text;
	va_list args;

	va_start(args, fmt);
	text.fmt = fmt;
	text.va = &args;
	results++;
	pr_info("%s - %pV\n", ok ? "ok" : "not ok", &text);
	va_end(args);
}

void check_eq(u64 got, u64 want, const char *name)
{
	if (got != want)
		pr_info("# got %#llx, expected %#llx\n", got, want);
	check(got == want, "%s", name);
}

/* Never freed but by the end of the machine: the module may still know it. */
u64 host_page(void)
{
	unsigned long page = get_zeroed_page(GFP_KERNEL);

	return page ? __pa(page) : 0;
}

u64 seam_call(enum seam_leaf leaf, u64 rcx, u64 rdx, u64 r8, struct host_call *call)
{
	unsigned long flags;
	unsigned int vector;

	memset(call, 0, sizeof(*call));
	call->regs.r[SEAM_RAX] = leaf;
	call->regs.r[SEAM_RCX] = rcx;
	call->regs.r[SEAM_RDX] = rdx;
	call->regs.r[SEAM_R8] = r8;
	local_save_flags(flags);
	call->rflags = flags;
	vector = host_seamcall(call);
	if (vector)
		pr_info("# leaf %d: the SEAMCALL was fault %u\n", leaf, vector);
	else if (call->rflags & HOST_CF)
		pr_info("# leaf %d: the SEAMCALL answered VMfailInvalid\n", leaf);
	else
		return call->regs.r[SEAM_RAX];
	return ~0ULL;
}

static int run_on(void *fn)
{
	void (*test)(void) = fn;

	test();
	return 0;
}

static void on_cpu(unsigned int cpu, void (*test)(void))
{
	smp_call_on_cpu(cpu, run_on, test, false);
}

static void test_module(void)
{
	unsigned int cpu;

	if (events_start()) {
		check(false, "the host's handlers of events are there");
		return;
	}
	for_each_online_cpu(cpu) {
		pr_info("# CPU %u\n", cpu);
		on_cpu(cpu, test_instructions);
		on_cpu(cpu, test_vmptr);
		on_cpu(cpu, test_host_state);
		on_cpu(cpu, test_module_state);
		on_cpu(cpu, test_memory);
		on_cpu(cpu, test_events);
		on_cpu(cpu, test_td);
		on_cpu(cpu, test_guest);
	}
	if (num_online_cpus() > 1) {
		pr_info("# two CPUs\n");
		on_cpu(0, test_two_states);
		on_cpu(0, test_events_smp);
	}
	events_stop();
}

static void test_mode(void)
{
	if (!strcmp(mode, "module"))
		test_module();
	else if (!strcmp(mode, "none"))
		on_cpu(0, test_no_module);
	else if (!strcmp(mode, "off"))
		on_cpu(0, test_no_seam);
	else if (!strcmp(mode, "triple-fault"))
		seam_call0(SEAM_CRASH, SEAM_CRASH_TRIPLE_FAULT, 0);
	else if (!strcmp(mode, "bad-state"))
		seam_call0(SEAM_CRASH, SEAM_CRASH_BAD_HOST_STATE, 0);
	else
		check(false, "\"mode\" names tests");
}

static int __init seam_host_init(void)
{
	on_cpu(0, test_no_vmx);
	if (host_vmxon_all()) {
		check(false, "the CPUs are in VMX operation");
		host_vmxoff_all();
		return -EIO;
	}
	test_mode();
	pr_info("end of %s, %u results\n", mode, results);
	return 0;
}
module_init(seam_host_init);

/* Until then the CPUs stay in VMX operation, for the program at CPL 3. */
static void __exit seam_host_exit(void)
{
	host_vmxoff_all();
}
module_exit(seam_host_exit);

MODULE_DESCRIPTION("A host's view of SEAM");
MODULE_LICENSE("GPL");
