/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of bring-up and of updates: tdx_host.ko's own files over the software
 * module's core, in a kernel with up to four CPUs.  Memory's part is in other tests
 * and a stand-in here.
 */
#ifndef _HOST_BRINGUP_H
#define _HOST_BRINGUP_H

#include <pthread.h>

#include "fake_host/fake_kernel.h"
#include "host_machine.h"

#include "../../../arch/x86/virt/vmx/tdx/retry.c"
#include "../../../arch/x86/virt/vmx/tdx/status.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_sys.c"
#include "../../../arch/x86/virt/vmx/tdx/why.c"
#include "../../../arch/x86/virt/vmx/tdx/cache.c"
#include "../../../arch/x86/virt/vmx/tdx/keyid.c"
#include "../../../arch/x86/virt/vmx/tdx/metadata.c"
#include "../../../arch/x86/virt/vmx/tdx/package.c"
#include "../../../arch/x86/virt/vmx/tdx/cpus.c"
#include "../../../arch/x86/virt/vmx/tdx/quiesce.c"
#include "../../../arch/x86/virt/vmx/tdx/bringup.c"
#include "host_check.h"

struct fake_cpu boot_cpu_data = { .x86_phys_bits = 46 };
struct page fake_pages[1];

void clflush_cache_range(void *addr, unsigned int size)
{
	(void)addr;
	(void)size;
}

void trace_tdx_seamcall(u64 leaf, const struct tdx_module_args *in, u64 status)
{
	(void)leaf;
	(void)in;
	(void)status;
}

#define MSR_IA32_VMX_BASIC	0x480

static u64 fake_vmx_basic;

int rdmsrl_safe(u32 msr, u64 *val)
{
	if (msr == MSR_IA32_VMX_BASIC) {
		*val = fake_vmx_basic;
		return 0;
	}
	if (msr != 0x87)
		return -EIO;
	*val = (MACHINE_FIRST_KEYID - 1) | (u64)MACHINE_NR_KEYIDS << 32;
	return 0;
}

int tdx_device_create(void)
{
	return 0;
}

void tdx_device_remove(void)
{
}

void tdx_debugfs_create(void)
{
}

void tdx_debugfs_remove(void)
{
}

void tdx_mce_register(void)
{
}

void tdx_mce_unregister(void)
{
}

/* --- SEAMCALLs --- */

static struct {
	/* The nth one fails; 0 for none. */
	unsigned int fail_at;
	u64 fail_status;

	unsigned int calls;
	unsigned int of_leaf[128];
} seamcalls;

/* CPUs that are stopped make theirs at the same time. */
static pthread_mutex_t seamcall_lock = PTHREAD_MUTEX_INITIALIZER;

/* P-SEAMLDR's are counted at the end. */
#define SEAMLDR_LEAF(n)		(120 + (n))

static unsigned int leaf_index(u64 leaf)
{
	return leaf >> 63 ? SEAMLDR_LEAF(leaf & 7) : leaf & 0x7f;
}

u64 __seamcall_ret(u64 leaf, struct tdx_module_args *args)
{
	struct machine_regs r = {
		.rcx = args->rcx, .rdx = args->rdx, .r8 = args->r8,
		.r9 = args->r9, .r10 = args->r10, .r11 = args->r11,
	};
	u64 status = seamcalls.fail_status;

	pthread_mutex_lock(&seamcall_lock);
	/* Nothing may move it to a CPU whose flag is not set. */
	check(this_cpu.preempt_off || this_cpu.irqs_off);
	check(this_cpu_read(tdx_cache_dirty));
	seamcalls.of_leaf[leaf_index(leaf)]++;
	if (++seamcalls.calls != seamcalls.fail_at) {
		status = machine_seamcall(this_cpu.cpu,
					  fake_package(this_cpu.cpu), leaf, &r);
		args->rcx = r.rcx;
		args->rdx = r.rdx;
		args->r8 = r.r8;
	}
	pthread_mutex_unlock(&seamcall_lock);
	return status;
}

u64 __seamcall(u64 leaf, struct tdx_module_args *args)
{
	struct tdx_module_args out = *args;

	return __seamcall_ret(leaf, &out);
}

/* No leaf of bring-up has outputs elsewhere. */
u64 __seamcall_saved_ret(u64 leaf, struct tdx_module_args *args)
{
	return __seamcall_ret(leaf, args);
}

int tdx_run_in_vmx(u64 (*leaf)(void), u64 *status)
{
	bool before = this_cpu.irqs_off;

	if (fails_now())
		return -ENOMEM;
	this_cpu.irqs_off = true;
	*status = leaf();
	this_cpu.irqs_off = before;
	return 0;
}

/* --- memory --- */

static struct {
	bool planned;
	bool module_owns;
	unsigned int freed_dirty;
} memory;

int tdx_memory_plan(const struct tdx_sys_info *info)
{
	check(info->max_tdmrs);
	check(!memory.planned);
	if (fails_now())
		return tdx_off(-ENOMEM, "no memory");
	memory.planned = true;
	return 0;
}

int tdx_memory_configure(void)
{
	u64 status = tdh_sys_config(machine_tdmr_array(), 1, tdx_global_keyid(),
				    false);

	if (tdx_status_failed(status))
		return tdx_off_status("SYS.CONFIG", status, "");
	memory.module_owns = true;
	return 0;
}

int tdx_memory_init(void)
{
	u64 base = machine_tdmr_base(), next = base, status;

	while (next < base + (1 << 30)) {
		status = tdh_sys_tdmr_init(base, &next);
		if (tdx_status_code(status) == TDX_TDMR_ALREADY_INITIALIZED)
			break;
		if (tdx_status_failed(status))
			return tdx_off_status("SYS.TDMR.INIT", status, "");
	}
	return 0;
}

void tdx_memory_release(void)
{
	/* No CPU may have lines of it. */
	if (memory.module_owns)
		memory.freed_dirty += machine_pinned();
	memory.planned = false;
	memory.module_owns = false;
}

/* --- the machine --- */

#define TD_USERS	1

static void forget_module(void)
{
	/* As if this kernel module had been loaded anew. */
	stage = TDX_STAGE_NONE;
	hotplug_state = 0;
	memset(lp_init_done, 0, sizeof(lp_init_done));
	memset(&seamcalls, 0, sizeof(seamcalls));
	memset(&memory, 0, sizeof(memory));
}

static void boot(unsigned int cpus, unsigned int packages, bool sys_disable)
{
	unsigned int cpu;

	memset(&kernel, 0, sizeof(kernel));
	memset(&this_cpu, 0, sizeof(this_cpu));
	kernel.nr_cpus = cpus;
	kernel.nr_packages = packages;
	kernel.users = TD_USERS;
	for (cpu = 0; cpu < cpus; cpu++)
		kernel.online[cpu] = true;
	memset(tdx_cache_dirty, 0, sizeof(tdx_cache_dirty));
	forget_module();
	machine_reset(cpus, packages, sys_disable);
}

static bool nothing_is_left(void)
{
	return !kernel.pins && !kernel.notifier[0] && !kernel.notifier[1] &&
	       !kernel.cpu_up && !memory.planned && !this_cpu.preempt_off &&
	       !this_cpu.irqs_off && !enable_lock && !machine_pinned();
}

static bool all_is_held(void)
{
	return kernel.pins == 1 && kernel.notifier[0] && kernel.notifier[1] &&
	       kernel.cpu_up && memory.planned && !enable_lock;
}

/* What "echo 1 >shutdown" answers once KVM is gone. */
static int shut_down_without_kvm(void)
{
	int ret;

	kernel.users = 0;
	ret = set_shutdown("1", NULL);
	kernel.users = TD_USERS;
	return ret;
}

static bool caches_are_clean(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < kernel.nr_cpus; cpu++) {
		if (tdx_cache_dirty[cpu])
			return false;
	}
	return true;
}

#endif /* _HOST_BRINGUP_H */
