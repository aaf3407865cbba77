// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel back end of os.h.  What leaves call runs in the #UD handler with
 * interrupts off: no sleeping, no allocation, no FPU.
 */
#include <linux/cpumask.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/math64.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include <asm/apic.h>
#include <asm/archrandom.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/tsc.h>

#include "core/core.h"
#include "debug/fault.h"
#include "core/run.h"
#include "os/kernel/os_kernel.h"

/* Where CPUs report which key IDs are private. */
#define SW_MSR_KEYID_PARTITIONING	0x87

/* RAM may be in more pieces than a module can have CMRs. */
#define MAX_RAM		256

/* not_convertible= cuts one piece in two. */
static struct sw_range ram[MAX_RAM], cmrs[MAX_RAM + 1];
static unsigned int nr_ram, nr_cmrs;
static u32 first_hkid, nr_hkids;
static DEFINE_PER_CPU(struct sw_fault_ctx, fault_ctx);

DEFINE_PER_CPU(struct sw_cpu, sw_cpus);
DEFINE_PER_CPU(u64 [SW_NR_LEAVES], sw_ticks);

u64 sw_os_ticks(u32 leaf)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(sw_ticks, cpu)[leaf]);
	return sum;
}

const struct sw_cpu *sw_os_cpu(unsigned int cpu)
{
	return per_cpu_ptr(&sw_cpus, cpu);
}

/* Calls are made with interrupts off, so they stay on their CPU. */
struct sw_fault_ctx *sw_fault_ctx(void)
{
	return this_cpu_ptr(&fault_ctx);
}

void *sw_va(u64 pa)
{
	return __va(pa);
}

/*
 * Memory that was there when the module was loaded, and that still is: only
 * such pages have a mapping to read them by.
 */
bool sw_is_ram(u64 pa, u64 size)
{
	unsigned int i;
	u64 pfn;

	for (i = 0; i < nr_ram; i++) {
		if (pa >= ram[i].base && size <= ram[i].size &&
		    pa - ram[i].base <= ram[i].size - size)
			break;
	}
	if (!size || i == nr_ram)
		return false;
	for (pfn = PFN_DOWN(pa); pfn <= PFN_DOWN(pa + size - 1); pfn++) {
		if (!pfn_to_online_page(pfn))
			return false;
	}
	return true;
}

unsigned int sw_nr_cmrs(void)
{
	return nr_cmrs;
}

void sw_cmr(unsigned int i, u64 *base, u64 *size)
{
	*base = cmrs[i].base;
	*size = cmrs[i].size;
}

u32 sw_nr_cpus(void)
{
	return num_present_cpus();
}

u32 sw_nr_pkgs(void)
{
	return topology_max_packages();
}

u32 sw_this_pkg(void)
{
	return topology_logical_package_id(smp_processor_id());
}

u64 sw_tsc(void)
{
	return rdtsc_ordered();
}

u64 sw_tsc_khz(void)
{
	return tsc_khz;
}

u64 sw_mul_shr(u64 a, u64 b, unsigned int shift)
{
	return mul_u64_u64_shr(a, b, shift);
}

/* Not cpuid_count(): which header has that one depends on the kernel. */
void sw_native_cpuid(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	asm volatile("cpuid" : "=a" (*eax), "=b" (*ebx), "=c" (*ecx), "=d" (*edx) :
		     "a" (leaf), "c" (subleaf));
}

bool sw_native_msr(u32 msr, u64 *val)
{
	u32 low, high;

	if (rdmsr_safe(msr, &low, &high))
		return false;
	*val = low | (u64)high << 32;
	return true;
}

u8 sw_maxpa(void)
{
	return boot_cpu_data.x86_phys_bits;
}

void sw_hkid_range(u32 *first, u32 *count)
{
	*first = first_hkid;
	*count = nr_hkids;
}

bool sw_random(u64 *val)
{
	unsigned long v;

	/* Identity, not secrecy: a CPU without RDSEED still gets a UUID. */
	if (!arch_get_random_seed_longs(&v, 1) && !arch_get_random_longs(&v, 1))
		get_random_bytes(&v, sizeof(v));
	*val = v;
	return true;
}

/* An interrupt that is waiting for IF, above whatever is in service. */
bool sw_irq_pending(void)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		u32 reg = APIC_IRR + i * 0x10;

		if (x2apic_enabled() ? native_apic_msr_read(reg) :
				       native_apic_mem_read(reg))
			return true;
	}
	return false;
}

void sw_pin(void)
{
	__module_get(THIS_MODULE);
}

void sw_unpin(void)
{
	module_put(THIS_MODULE);
}

static void add_cmr(u64 start, u64 end)
{
	if (end > start)
		cmrs[nr_cmrs++] = (struct sw_range){ start, end - start };
}

/* RAM is convertible, but for what the parameter takes out. */
static int add_ram(struct resource *res, void *arg)
{
	const u64 *out = arg;
	u64 start = PFN_ALIGN(res->start), end = PFN_PHYS(PFN_DOWN(res->end + 1));

	if (end <= start)
		return 0;
	if (nr_ram == MAX_RAM)
		return -E2BIG;
	ram[nr_ram++] = (struct sw_range){ start, end - start };
	add_cmr(start, min(end, PFN_PHYS(PFN_DOWN(out[0]))));
	add_cmr(max(start, PFN_ALIGN(out[0] + out[1])), end);
	return 0;
}

/* What is in no CMR is RAM that no TD can have: let it be the smallest piece. */
static void drop_smallest_cmr(void)
{
	unsigned int i, least = 0;

	for (i = 1; i < nr_cmrs; i++) {
		if (cmrs[i].size < cmrs[least].size)
			least = i;
	}
	pr_warn("RAM of %llu KiB at 0x%llx is in no CMR: there are more pieces than CMRs\n",
		cmrs[least].size >> 10, cmrs[least].base);
	nr_cmrs--;
	memmove(&cmrs[least], &cmrs[least + 1],
		(nr_cmrs - least) * sizeof(cmrs[0]));
}

static int find_hkids(u32 first, u32 count)
{
	u32 shared = 0, private = 0;

	/* What the command line says goes before what the machine says. */
	if (!count && !rdmsr_safe(SW_MSR_KEYID_PARTITIONING, &shared, &private)) {
		first = shared + 1;
		count = private;
	}
	if (count < 2 || !first || first >= SW_MAX_HKIDS ||
	    count > SW_MAX_HKIDS - first)
		return -ENODEV;
	first_hkid = first;
	nr_hkids = count;
	return 0;
}

int sw_os_setup(u32 first, u32 count, u64 out[2])
{
	int ret;

	ret = find_hkids(first, count);
	if (ret) {
		pr_err("no private KeyIDs: MSR 0x87 has none, and keyids= is not set\n");
		return ret;
	}
	ret = walk_iomem_res_desc(IORES_DESC_NONE,
				  IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
				  0, -1, out, add_ram);
	if (ret) {
		pr_err("cannot list the system's memory: %d\n", ret);
		return ret;
	}
	while (nr_cmrs > SW_MAX_CMRS)
		drop_smallest_cmr();
	return 0;
}
