// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD without KVM: build one with plain SEAMCALLs, run guest.S in it, answer
 * its exits, tear it down.  Loading the module runs the test.  Whoever changes
 * the software TDX module gets an answer here before KVM is in the picture.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>

#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "tdx_host.h"
#include "direct.h"

/* What guest.S reports, by number; DIRECT_ANY is shown and not judged. */
#define DIRECT_ANY		(~0ULL)
#define VE(reason, category)	((reason) | (u64)(category) << 32)
#define PATTERN			0x1122334455667788ULL

static const u64 expected[] = {
	[1]  = 0x65746e49,		/* CPUID 0x21: "Inte" */
	[2]  = 48,			/* EBX at reset: GPAW */
	[3]  = 48,			/* VP.INFO */
	[4]  = VE(12, 0x11),		/* HLT */
	[5]  = VE(30, 0x11),		/* OUT */
	[6]  = VE(10, 0x11),		/* CPUID 0x40000000 */
	[7]  = 1,			/* one genuine #UD */
	[8]  = VE(31, 0x10),		/* RDMSR APIC_BASE */
	[9]  = 0xd01,			/* EFER */
	[10] = 0,			/* WRMSR EFER, same value: no #GP */
	[11] = 1,			/* WRMSR EFER, reserved bit: #GP */
	[12] = 0x55,			/* private memory, after a TD exit */
	[13] = 0,			/* ACCEPT */
	[14] = 0,			/* the page is zero */
	[15] = 0x00000b0a00000000,	/* ACCEPT again */
	[16] = DIRECT_SHARED_VALUE,	/* shared memory */
	[17] = VE(48, 0),		/* shared, suppress-#VE clear */
	[18] = 1,			/* posted interrupts taken */
	[19] = 1,
	[20] = PATTERN,			/* XMM0 across a TD exit */
	[21] = PATTERN,			/* DR0 */
	[22] = PATTERN,			/* CR2 */
	[23] = 0x12345678,		/* LSTAR */
	[24] = VE(28, 0x11),		/* clearing CR4.MCE */
	[25] = 0xc000010000000000,	/* TDCALL that does not exist */
	[26] = 1,			/* NMIs taken */
	[27] = DIRECT_ANY,		/* a loop for the timer to interrupt */
	[28] = 2,			/* self-IPI */
	[29] = 0xc000070400000000,	/* VEINFO.GET without #VE */
	[30] = 3,			/* XSETBV */
	[31] = 2,			/* XSETBV, not valid: #GP */
	[32] = 0x40260,			/* CR4 without VMXE */
	[33] = DIRECT_ANY,		/* TSC */
	[34] = DIRECT_ANY,
	[35] = 3,			/* interrupt whose frame faults */
	[36] = 4,			/* INT n whose frame faults */
	[37] = 2,			/* from the NMI handler */
	[38] = DIRECT_ANY,
	[39] = 3,			/* the NMI that had to wait */
	[40] = DIRECT_ANY,		/* for the cost of a TD exit */
	[41] = VE(48, 1),		/* a page that is not accepted yet */
	[42] = 0,			/* ACCEPT it */
	[43] = 0xc0000b0b00000001,	/* ACCEPT 2 MiB over small pages */
	[44] = DIRECT_ANY,		/* XMM3 shown to the host */
	[45] = ~PATTERN,		/* XMM3 as the host answered */
	[46] = PATTERN,			/* XMM4, which it wrote as well */
	[47] = DIRECT_ANY,		/* for the cost of 16 TDCALLs */
	[48] = 0xffff4ff0,		/* DR6 after a single step */
	[49] = 4,			/* of which there were so many */
	[50] = 0xffff0ff1,		/* DR6 after a data breakpoint */
};

#define DIRECT_MAX_ENTRIES	4000

/* How many instructions the host of a debug TD has executed one by one. */
#define DIRECT_STEPS		32

static bool debug;
module_param(debug, bool, 0444);
MODULE_PARM_DESC(debug, "a debug TD, which the host steps through a while");

static bool lost;
module_param(lost, bool, 0444);
MODULE_PARM_DESC(lost, "TD exits lose the host state that they do on hardware");

static struct direct_td td;
static struct tdx_module_args args;
static unsigned int failed, interrupts, entries, moves, steps;
static u64 cost, cost_tdcalls, status;
static unsigned int cost_calls;
/* The vCPU is to go on on another CPU. */
static bool moving;

/* Give control to the host's own handler, as KVM does after such an exit. */
static void host_interrupt(u8 vector)
{
	struct desc_ptr idt;
	gate_desc *gate;

	store_idt(&idt);
	gate = (gate_desc *)idt.address + vector;
	direct_call_gate(gate_offset(gate));
}

static void on_report(u64 number, u64 value)
{
	bool ok = number < ARRAY_SIZE(expected) &&
		  (expected[number] == DIRECT_ANY || expected[number] == value);

	if (!ok)
		failed++;
	if (!ok || expected[number] == DIRECT_ANY)
		pr_info("report %llu: %#llx%s\n", number, value,
			ok ? "" : " WRONG");
	switch (number) {
	case 12:
		direct_aug(&td, DIRECT_PENDING_GPA);
		moving = true;
		break;
	case 22:
	case 35:
		moving = true;
		break;
	case 17:
		direct_post_setup(&td);
		direct_post(&td, 0x40);
		break;
	case 34:
		direct_block(&td, DIRECT_STACK1_GPA);
		direct_block(&td, DIRECT_STACK2_GPA);
		direct_post(&td, 0x40);
		break;
	case 43:
		if (!debug)
			break;
		steps = DIRECT_STEPS;
		direct_single_step(&td, true);
		break;
	case 25:
	case 37:
	case 38:
		direct_nmi(&td);
		break;
	}
}

/* One instruction of a debug TD was executed. */
static bool on_step(void)
{
	static u64 last_rip;
	u64 rip = direct_rip(&td);

	if (!debug || !steps || rip == last_rip) {
		failed++;
		pr_info("a step at %#llx WRONG\n", rip);
		return false;
	}
	last_rip = rip;
	steps--;
	direct_single_step(&td, steps > 0);
	return direct_ok(&td);
}

/* Every fault is the guest's test of one, and is put right. */
static bool on_ept_violation(u64 gpa)
{
	if (gpa == (DIRECT_SHARED_BIT | DIRECT_SHARED_GPA)) {
		direct_map_shared(&td);
		return true;
	}
	if (gpa & DIRECT_SHARED_BIT)
		return false;
	if (direct_unblock(&td, gpa))
		return direct_ok(&td);
	direct_aug(&td, gpa);
	return direct_ok(&td);
}

/* Returns true while the guest should go on. */
static bool on_exit(void)
{
	switch (status) {
	case 77:
		on_report(args.r12, args.r13);
		args.r10 = 0;
		args.r11 = 0;
		return direct_ok(&td);
	case 48:
		return on_ept_violation(args.r8);
	case 37:
		return on_step();
	case 1:
		interrupts++;
		host_interrupt(args.r9);
		return true;
	case 0:
		/* An NMI of the host: blocked until some IRET, which this is. */
		host_interrupt(2);
		return true;
	default:
		return false;
	}
}

/* What a TD exit left in XMM3 and XMM4; the host wrote to both before. */
static void check_vectors(void)
{
	bool shown = status == 77 && args.r12 == 44;
	u64 xmm3, xmm4;

	asm volatile("movq %%xmm3, %0; movq %%xmm4, %1"
		     : "=r" (xmm3), "=r" (xmm4));
	if (xmm3 == (shown ? PATTERN : 0) && !xmm4)
		return;
	failed++;
	pr_info("vector registers: %#llx %#llx WRONG\n", xmm3, xmm4);
}

static void enter(void)
{
	u64 ticks;

	asm volatile("movq %0, %%xmm3; movq %0, %%xmm4" : : "r" (~PATTERN));
	ticks = rdtsc();
	status = tdh_vp_enter(&td.vp, &args);
	ticks = rdtsc() - ticks;
	check_vectors();
	if (status == 77 && args.r12 == 40) {
		cost += ticks;
		cost_calls++;
	}
	if (status == 77 && args.r12 == 47)
		cost_tdcalls = ticks;
}

/* Was the host's state lost, or kept, as a whole?  Puts it back. */
static void check_host(struct direct_host *before)
{
	struct direct_host after, want = *before;

	direct_host_snapshot(&after);
	if (lost) {
		direct_host_lost(&want, DIRECT_XFAM);
		failed += direct_host_compare(&want, &after);
		direct_host_restore(before);
		direct_host_snapshot(&after);
	}
	failed += direct_host_compare(before, &after);
}

/* On this CPU, until the vCPU has to move; 1 if it has. */
static int run_here(void *unused)
{
	struct direct_host before;
	bool go_on;

	moving = false;
	local_irq_disable();
	/* The vector registers are the host's to lose. */
	kernel_fpu_begin();
	direct_host_snapshot(&before);
	do {
		enter();
		check_host(&before);
		go_on = on_exit() && entries++ < DIRECT_MAX_ENTRIES;
	} while (go_on && !moving);
	if (go_on)
		failed += !!tdh_vp_flush(&td.vp);
	kernel_fpu_end();
	local_irq_enable();
	return go_on;
}

static void run(void)
{
	unsigned int cpu = cpumask_first(cpu_online_mask);

	while (smp_call_on_cpu(cpu, run_here, NULL, false) > 0) {
		moves++;
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
	/* The guest ends itself with a triple fault. */
	if (status != 0x4000000100000002) {
		failed++;
		pr_err("last status %#llx rcx %#llx r8 %#llx\n", status,
		       args.rcx, args.r8);
	}
	pr_info("%u entries, %u host interrupts, %u moves\n", entries,
		interrupts, moves);
	direct_figures_guest(cost, cost_calls, cost_tdcalls, 16);
}

/* VP.INIT associates the vCPU with the CPU it runs on: the one that enters. */
static int build(void *unused)
{
	int ret = direct_td_build(&td, debug);

	if (ret)
		return ret;
	local_irq_disable();
	direct_figures(&td);
	local_irq_enable();
	return direct_ok(&td) ? 0 : -EIO;
}

static int destroy(void *unused)
{
	return direct_td_destroy(&td);
}

static int __init direct_init(void)
{
	int ret = tdx_host_enable();

	if (ret) {
		pr_err("bring-up: %s\n", tdx_host_why_off());
		return ret;
	}
	ret = smp_call_on_cpu(cpumask_first(cpu_online_mask), build, NULL, false);
	if (!ret)
		run();
	if (smp_call_on_cpu(cpumask_first(cpu_online_mask), destroy, NULL,
			    false))
		ret = -EIO;
	if (failed)
		ret = -EIO;
	if (steps) {
		pr_info("%u steps were not taken\n", steps);
		ret = -EIO;
	}
	pr_info("%s, %u failures%s%s\n", ret ? "FAIL" : "pass", failed,
		debug ? ", debug TD" : "", lost ? ", host state lost" : "");
	return ret;
}

static void __exit direct_exit(void)
{
}

module_init(direct_init);
module_exit(direct_exit);
MODULE_DESCRIPTION("Test: a TD without KVM");
MODULE_LICENSE("GPL");
