// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx_swmod.ko: SEAMCALL without SEAM.
 *
 * On a CPU without SEAM the instruction raises #UD.  The kernel offers that to
 * the die notifiers before it looks for an exception-table entry, so the
 * module answers here and the caller never learns of the fault.  Interrupts
 * are off throughout, as they are in SEAM root mode.
 *
 * This gives a TD no confidentiality and no integrity whatsoever.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/context_tracking.h>
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/msr.h>
#include <asm/ptrace.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>

#include "core/run.h"
#include "guest/enter.h"
#include "host/leaf.h"
#include "os/kernel/os_kernel.h"

#define SW_SEAMCALL_LEN		4
/* Bit 63 of the leaf addresses the P-SEAM loader. */
#define SW_LEAF_SEAMLDR		BIT_ULL(63)
/* IA32_MTRRCAP: the CPU has SEAM range registers, so it has SEAM. */
#define SW_MTRRCAP_SEAMRR	BIT(15)

static unsigned int keyids[2];
static int nr_keyids;
module_param_array(keyids, uint, &nr_keyids, 0444);
MODULE_PARM_DESC(keyids, "first,count of private KeyIDs, instead of MSR 0x87");

static u64 not_convertible[2];
module_param_array(not_convertible, ullong, NULL, 0444);
MODULE_PARM_DESC(not_convertible, "start,size of RAM that is in no CMR, as memory behind CXL");

module_param_named(zero_step, sw_zero_step, bool, 0444);
MODULE_PARM_DESC(zero_step, "zero-step mitigation of VP.ENTER (default on)");

module_param_named(enhanced_demote, sw_enhanced_demote, bool, 0444);
MODULE_PARM_DESC(enhanced_demote, "PAGE.DEMOTE is never interrupted, as by newer modules (default off)");

module_param_named(sys_disable, sw_knows_sys_disable, bool, 0444);
MODULE_PARM_DESC(sys_disable, "TDH.SYS.DISABLE exists, unlike in modules up to 1.5.25 (default on)");

module_param_named(updates, sw_max_updates, uint, 0644);
MODULE_PARM_DESC(updates, "how often the module can be replaced at runtime (default 60)");

module_param_named(keep_host_state, sw_keep_host_state, bool, 0644);
MODULE_PARM_DESC(keep_host_state, "a TD exit loses no state of the host's, unlike on hardware (default off)");

static void regs_in(struct sw_regs *r, const struct pt_regs *regs)
{
	*r = (struct sw_regs) {
		.rax = regs->ax, .rcx = regs->cx, .rdx = regs->dx,
		.rbx = regs->bx, .rsp = regs->sp, .rbp = regs->bp,
		.rsi = regs->si, .rdi = regs->di,
		.r8 = regs->r8, .r9 = regs->r9, .r10 = regs->r10,
		.r11 = regs->r11, .r12 = regs->r12, .r13 = regs->r13,
		.r14 = regs->r14, .r15 = regs->r15,
	};
}

/* RSP stays the caller's, and so does RBP: the host's frames hang from it. */
static void regs_out(struct pt_regs *regs, const struct sw_regs *r)
{
	regs->ax = r->rax;
	regs->cx = r->rcx;
	regs->dx = r->rdx;
	regs->bx = r->rbx;
	regs->si = r->rsi;
	regs->di = r->rdi;
	regs->r8 = r->r8;
	regs->r9 = r->r9;
	regs->r10 = r->r10;
	regs->r11 = r->r11;
	regs->r12 = r->r12;
	regs->r13 = r->r13;
	regs->r14 = r->r14;
	regs->r15 = r->r15;
}

static bool is_seamcall(const struct pt_regs *regs)
{
	static const u8 seamcall[SW_SEAMCALL_LEN] = { 0x66, 0x0f, 0x01, 0xcf };
	u8 insn[SW_SEAMCALL_LEN];

	return !copy_from_kernel_nofault(insn, (void *)regs->ip, sizeof(insn)) &&
	       !memcmp(insn, seamcall, sizeof(insn));
}

static void seamcall(struct pt_regs *regs)
{
	struct sw_cpu *cpu = this_cpu_ptr(&sw_cpus);
	bool loader = regs->ax & SW_LEAF_SEAMLDR;
	u32 leaf = (u16)regs->ax;
	u64 start = rdtsc();
	struct sw_regs r;

	cpu->lpid = smp_processor_id();
	regs_in(&r, regs);
	if (loader)
		sw_seamldr(cpu, &r);
	else
		sw_dispatch(cpu, &r);
	regs_out(regs, &r);
	if (!loader && leaf < SW_NR_LEAVES)
		__this_cpu_add(sw_ticks[leaf], rdtsc() - start);
	regs->flags &= ~(unsigned long)X86_EFLAGS_CF;
}

/*
 * A host on a nohz_full CPU tells RCU that a guest runs before it makes
 * TDH.VP.ENTER, as it has to on hardware.  Here the guest runs from this
 * handler, which is kernel code like any other: have RCU watch it.  On a CPU
 * without context tracking there is nothing to leave.
 */
static bool leave_guest_context(void)
{
	if (!context_tracking_enabled() || __ct_state() != CT_STATE_GUEST)
		return false;
	context_tracking_guest_exit();
	return true;
}

static int trap_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	bool guest;

	if (event != DIE_TRAP || args->trapnr != X86_TRAP_UD || user_mode(regs))
		return NOTIFY_DONE;
	if (!is_seamcall(regs))
		return NOTIFY_DONE;
	/* Outside VMX operation the #UD is what the CPU would raise, too. */
	if (!sw_guest_vmx_on())
		return NOTIFY_DONE;
	guest = leave_guest_context();
	seamcall(regs);
	if (guest)
		context_tracking_guest_enter();
	regs->ip += SW_SEAMCALL_LEN;
	return NOTIFY_STOP;
}

static struct notifier_block trap_nb = {
	.notifier_call = trap_notify,
	/* Before kprobes and kgdb, which have no business with these bytes. */
	.priority = INT_MAX,
};

/* With SEAM, SEAMCALL does not fault: it would be the real module's. */
static bool cpu_has_seam(void)
{
	u32 low, high;

	return boot_cpu_has(X86_FEATURE_MTRR) &&
	       !rdmsr_safe(MSR_MTRRcap, &low, &high) && (low & SW_MTRRCAP_SEAMRR);
}

static int __init swmod_init(void)
{
	int ret;

	if (cpu_has_seam()) {
		pr_err("this CPU has SEAM: use its TDX module\n");
		return -EBUSY;
	}
	if (nr_keyids == 1) {
		pr_err("keyids= takes two numbers: first,count\n");
		return -EINVAL;
	}
	ret = sw_os_setup(keyids[0], keyids[1], not_convertible);
	if (ret)
		return ret;
	ret = sw_guest_setup();
	if (ret)
		return ret;
	ret = register_die_notifier(&trap_nb);
	if (ret) {
		sw_guest_teardown();
		return ret;
	}
	sw_debugfs_create();
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	pr_warn("software TDX module: TDs have NO confidentiality and NO integrity\n");
	return 0;
}

static void __exit swmod_exit(void)
{
	sw_debugfs_remove();
	/* Waits for every handler that is running. */
	unregister_die_notifier(&trap_nb);
	sw_guest_teardown();
}

/*
 * Built in, this has to answer a host that brings TDX up in a subsys_initcall;
 * it needs what setup_arch() and core_initcalls set up, and nothing later.
 */
arch_initcall(swmod_init);
module_exit(swmod_exit);
MODULE_DESCRIPTION("Software TDX module: for development, protects nothing");
MODULE_LICENSE("GPL");
