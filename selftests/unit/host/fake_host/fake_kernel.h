/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel for the bring-up of the TDX module: CPUs in packages, calls that may
 * fail, and a record of what was taken and not given back.
 */
#ifndef _FAKE_KERNEL_H
#define _FAKE_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define FAKE_CPUS		4

static struct {
	unsigned int nr_cpus, nr_packages;
	bool online[FAKE_CPUS];

	/* The nth call that may fail does; 0 for none. */
	unsigned int fail_at;
	unsigned int fallible;

	/* Taken and not given back. */
	int pins;
	int users;
	struct notifier_block *notifier[2];
	int (*cpu_up)(unsigned int cpu);
	int (*cpu_down)(unsigned int cpu);

	unsigned int wbinvds[FAKE_CPUS];
	unsigned int wbinvds_everywhere;
	unsigned int log_lines;
	char last_line[256];
} kernel;

/* What a CPU has of its own: with stop_machine() each one is a thread. */
static __thread struct {
	unsigned int cpu;
	unsigned int preempt_off;
	bool irqs_off;
} this_cpu;

static bool fails_now(void)
{
	return ++kernel.fallible == kernel.fail_at;
}

static unsigned int fake_package(unsigned int cpu)
{
	return cpu * kernel.nr_packages / kernel.nr_cpus;
}

/* --- language --- */
#define __init
#define __exit
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, val)	((x) = (val))
#define BIT(n)			(1UL << (n))
#define U16_MAX			0xffff
#define lower_32_bits(x)	((u32)(x))
#define upper_32_bits(x)	((u32)((x) >> 32))
#define fallthrough		__attribute__((fallthrough))
#define GFP_KERNEL		0
#define fake_nothing()		static_assert(true, "")

/* --- modules --- */
#define MODULE
#define THIS_MODULE		0
#define __module_get(m)		(kernel.pins++)
#define module_put(m)		(kernel.pins--)
#define module_refcount(m)	(kernel.pins + kernel.users)
#define subsys_initcall(f)	int (*const fake_init)(void) = (f)
#define module_exit(f)		void (*const fake_exit)(void) = (f)
#define MODULE_DESCRIPTION(s)	fake_nothing()
#define MODULE_LICENSE(s)	fake_nothing()
#define MODULE_PARM_DESC(p, s)	fake_nothing()
#define module_param_array(name, type, nr, mode)	fake_nothing()
#define module_param_cb(name, ops, arg, mode)		fake_nothing()

struct kernel_param {
	int unused;
};

struct kernel_param_ops {
	int (*set)(const char *val, const struct kernel_param *kp);
};

static inline int kstrtobool(const char *s, bool *res)
{
	*res = *s == '1';
	return 0;
}

/* --- log --- */
#define fake_log(fmt, ...)						\
	(kernel.log_lines += snprintf(kernel.last_line, sizeof(kernel.last_line), \
				      fmt, ##__VA_ARGS__) > 0)
#define pr_info			fake_log
#define pr_warn			fake_log
#define pr_err			fake_log

/* --- CPUs --- */
#define DEFINE_PER_CPU(type, name)	type name[FAKE_CPUS]
#define DECLARE_PER_CPU(type, name)	extern type name[FAKE_CPUS]
#define this_cpu_read(name)		(name[this_cpu.cpu])
#define this_cpu_write(name, val)	(name[this_cpu.cpu] = (val))
#define per_cpu(name, cpu)		(name[cpu])
#define raw_smp_processor_id()		(this_cpu.cpu)
#define preempt_disable()		(this_cpu.preempt_off++)
#define preempt_enable()		(this_cpu.preempt_off--)
#define local_irq_save(flags)		((flags) = this_cpu.irqs_off, this_cpu.irqs_off = true)
#define local_irq_restore(flags)	(this_cpu.irqs_off = (flags))
#define for_each_possible_cpu(c)	for ((c) = 0; (c) < kernel.nr_cpus; (c)++)
#define for_each_present_cpu		for_each_possible_cpu
#define for_each_online_cpu(c)						\
	for_each_possible_cpu(c)					\
		if (!kernel.online[c])					\
			;						\
		else
#define cpu_online(c)			(kernel.online[c])
#define topology_physical_package_id(c)	((int)fake_package(c))
#define cpus_read_lock()		((void)0)
#define cpus_read_unlock()		((void)0)
#define cond_resched()			((void)0)
#define DEFINE_MUTEX(name)		int name
#define mutex_lock(lock)		((*(lock))++)
#define mutex_lock_interruptible(lock)	((*(lock))++, 0)
#define mutex_trylock(lock)		(!*(lock) && ++*(lock))
#define mutex_unlock(lock)		((*(lock))--)
/* What they guard is guarded by the test. */
#define DEFINE_RAW_SPINLOCK(name)	int name
#define raw_spin_lock(lock)		((void)(lock))
#define raw_spin_unlock(lock)		((void)(lock))
typedef int atomic_t;
#define atomic_inc(a)			((*(a))++)
#define atomic_dec(a)			((*(a))--)
#define atomic_read(a)			(*(a))
#define lockdep_assert_held(lock)	assert(*(lock))

#define X86_FEATURE_VMX			0
#define X86_FEATURE_XSAVE		1
#define X86_FEATURE_MOVDIR64B		2
#define X86_FEATURE_SELFSNOOP		3
#define boot_cpu_has(bit)		((bit) >= 0)
#define X86_CR4_VMXE			BIT(13)
#define cr4_read_shadow()		X86_CR4_VMXE
#define MSR_IA32_MKTME_KEYID_PARTITIONING	0x87
int rdmsrl_safe(u32 msr, u64 *val);

static inline int on_cpu(unsigned int cpu, int (*fn)(void *), void *data)
{
	unsigned int before = this_cpu.cpu;
	int ret;

	this_cpu.cpu = cpu;
	ret = fn(data);
	this_cpu.cpu = before;
	return ret;
}

static inline int smp_call_on_cpu(unsigned int cpu, int (*fn)(void *),
				  void *data, bool phys)
{
	(void)phys;
	return fails_now() ? -ENOMEM : on_cpu(cpu, fn, data);
}

static inline void on_each_cpu(void (*fn)(void *), void *data, int wait)
{
	unsigned int cpu, before = this_cpu.cpu;

	(void)wait;
	for_each_online_cpu(cpu) {
		this_cpu.cpu = cpu;
		fn(data);
	}
	this_cpu.cpu = before;
}

static inline void wbinvd(void)
{
	kernel.wbinvds[this_cpu.cpu]++;
}

static inline void wbinvd_on_all_cpus(void)
{
	kernel.wbinvds_everywhere++;
}

/* --- CPU hotplug --- */
enum cpuhp_state { CPUHP_AP_ONLINE_DYN = 100 };

static inline int fake_hotplug(unsigned int cpu, int (*fn)(unsigned int cpu))
{
	unsigned int before = this_cpu.cpu;
	int ret;

	this_cpu.cpu = cpu;
	ret = fn(cpu);
	this_cpu.cpu = before;
	return ret;
}

static inline int cpuhp_setup_state(enum cpuhp_state state, const char *name,
				    int (*up)(unsigned int cpu),
				    int (*down)(unsigned int cpu))
{
	unsigned int cpu, other;
	int ret;

	(void)name;
	if (fails_now())
		return -ENOSPC;
	for_each_online_cpu(cpu) {
		ret = fake_hotplug(cpu, up);
		if (!ret)
			continue;
		for (other = 0; other < cpu; other++)
			fake_hotplug(other, down);
		return ret;
	}
	kernel.cpu_up = up;
	kernel.cpu_down = down;
	return state;
}

static inline void cpuhp_remove_state_nocalls(enum cpuhp_state state)
{
	assert(state);
	kernel.cpu_up = NULL;
	kernel.cpu_down = NULL;
}

/* --- notifiers --- */
#define NOTIFY_DONE			0
#define NOTIFY_BAD			2
#define SYS_RESTART			1
#define PM_HIBERNATION_PREPARE		1
#define PM_POST_HIBERNATION		2
#define PM_SUSPEND_PREPARE		3
#define PM_RESTORE_PREPARE		5

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long action,
			     void *data);
	int priority;
};

static inline int fake_register(unsigned int i, struct notifier_block *nb)
{
	if (fails_now())
		return -ENOMEM;
	assert(!kernel.notifier[i]);
	kernel.notifier[i] = nb;
	return 0;
}

static inline void fake_unregister(unsigned int i, struct notifier_block *nb)
{
	assert(kernel.notifier[i] == nb);
	kernel.notifier[i] = NULL;
}

#define register_reboot_notifier(nb)	fake_register(0, nb)
#define unregister_reboot_notifier(nb)	fake_unregister(0, nb)
#define register_pm_notifier(nb)	fake_register(1, nb)
#define unregister_pm_notifier(nb)	fake_unregister(1, nb)

/* --- KeyIDs --- */
struct ida {
	u64 used;
};

#define DEFINE_IDA(name)		struct ida name

static inline int ida_alloc_range(struct ida *ida, unsigned int min,
				  unsigned int max, int gfp)
{
	unsigned int i;

	(void)gfp;
	for (i = min; i <= max; i++) {
		if (ida->used & 1ULL << i)
			continue;
		ida->used |= 1ULL << i;
		return i;
	}
	return -ENOSPC;
}

static inline void ida_free(struct ida *ida, unsigned int i)
{
	ida->used &= ~(1ULL << i);
}

#define ida_is_empty(ida)		(!(ida)->used)

#endif /* _FAKE_KERNEL_H */
