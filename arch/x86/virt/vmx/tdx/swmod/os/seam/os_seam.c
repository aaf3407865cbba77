// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SEAM back end of os.h: what SEAMCALL enters, and what the module learns of the
 * machine: from the loader, and from the CPU.
 */
#include "core/run.h"
#include "host/leaf.h"
#include "os/seam/os_seam.h"
#include "vmx/vmx.h"

/* What a loader is to give each CPU, and all: sigstruct reads these symbols. */
asm(".set seam_stack_pages, 8");
asm(".set seam_local_pages, 1");
asm(".set seam_keyholes, 1");
asm(".set seam_global_pages, 1");
asm(".set seam_handoff_pages, 1");
asm(".set seam_module_hv, 1");
asm(".set seam_min_update_hv, 0");

_Static_assert(sizeof(struct sw_seam_local) <= 4096, "a page of local data will do");

#define MSR_KEYID_PARTITIONING	0x87
/* Events that wait for the module to end; bit 0 is an interrupt. */
#define MSR_INTR_PENDING	0x9a

#define MSR_SEAMRR_PHYS_BASE	0x1400
#define MSR_SEAMRR_PHYS_MASK	0x1401
#define SEAMRR_ADDR		0x000ffffffe000000ULL

#define RFLAGS_STATUS		0x8d5ULL	/* CF, PF, AF, ZF, SF, OF */

enum { NOT_SET_UP, SETTING_UP, SET_UP, NO_VMX };
static u32 set_up;
static u8 xsave_area[SW_SEAM_CPUS][SW_SEAM_XSAVE_SIZE] __aligned(64);

static u32 this_cpu(void)
{
	const struct sw_loader_info *info = sw_loader_info();
	u64 first = info->data_base + (info->handoff_pages + 1) * SW_PAGE_SIZE;

	return ((u64)sw_seam_local() - first) / ((info->local_pages + 1) * SW_PAGE_SIZE);
}

/* Once, by the CPU that comes first; pairs with the other CPUs' sw_load(). */
static u32 wait_for_set_up(void)
{
	u32 state = sw_cmpxchg(&set_up, NOT_SET_UP, SETTING_UP);
	u32 cpu;

	if (state == NOT_SET_UP) {
		sw_direct_map();
		for (cpu = 0; cpu < SW_SEAM_CPUS; cpu++)
			vmx_host[cpu].xsave = xsave_area[cpu];
		sw_store(&set_up, vmx_read_caps() ? NO_VMX : SET_UP);
	}
	while ((state = sw_load(&set_up)) == SETTING_UP)
		asm volatile("pause");
	return state;
}

/* Called by entry.S with the transfer VMCS current. */
void sw_seam_call(void);
void sw_seam_call(void)
{
	struct sw_seam_local *local = sw_seam_local();

	/* SEAMCALL is saved as not executed yet. */
	vmx_write(SW_VM_GUEST_RIP, vmx_read(SW_VM_GUEST_RIP) + vmx_read(SW_VM_EXIT_INSTR_LEN));
	vmx_write(SW_VM_GUEST_RFLAGS, vmx_read(SW_VM_GUEST_RFLAGS) & ~RFLAGS_STATUS);
	local->cpu.lpid = this_cpu();
	if (local->cpu.lpid >= SW_SEAM_CPUS || wait_for_set_up() != SET_UP) {
		local->regs.rax = SW_SYS_NOT_READY;
		return;
	}
	sw_dispatch(&local->cpu, &local->regs);
}

struct sw_fault_ctx *sw_fault_ctx(void)
{
	return &sw_seam_local()->fault;
}

/* As on hardware: whatever is not SEAMRR, as far as the direct map goes. */
bool sw_is_ram(u64 pa, u64 size)
{
	u64 base = __rdmsr(MSR_SEAMRR_PHYS_BASE) & SEAMRR_ADDR;
	u64 mask = __rdmsr(MSR_SEAMRR_PHYS_MASK) & SEAMRR_ADDR;

	if (!size || pa >= SW_DIRECT_SIZE || size > SW_DIRECT_SIZE - pa)
		return false;
	return pa + size <= base || pa >= base + (mask & -mask);
}

unsigned int sw_nr_cmrs(void)
{
	const struct sw_loader_info *info = sw_loader_info();
	unsigned int n = 0;

	while (n < 32 && info->cmr[n].size)
		n++;
	return n;
}

void sw_cmr(unsigned int i, u64 *base, u64 *size)
{
	*base = sw_loader_info()->cmr[i].base;
	*size = sw_loader_info()->cmr[i].size;
}

u32 sw_nr_cpus(void)
{
	return sw_loader_info()->cpus;
}

u32 sw_nr_pkgs(void)
{
	return sw_loader_info()->packages;
}

u32 sw_this_pkg(void)
{
	return sw_seam_local()->cpu.lpid / (sw_nr_cpus() / sw_nr_pkgs());
}

u64 sw_tsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high));
	return low | (u64)high << 32;
}

u64 sw_mul_shr(u64 a, u64 b, unsigned int shift)
{
	return ((__uint128_t)a * b) >> shift;
}

u64 sw_tsc_khz(void)
{
	u32 denominator, numerator, crystal, unused;

	sw_native_cpuid(0x15, 0, &denominator, &numerator, &crystal, &unused);
	return denominator ? (u64)crystal * numerator / denominator / 1000 : 0;
}

void sw_native_cpuid(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	asm volatile("cpuid" : "=a" (*eax), "=b" (*ebx), "=c" (*ecx), "=d" (*edx) :
		     "a" (leaf), "c" (subleaf));
}

bool sw_native_msr(u32 msr, u64 *val)
{
	return sw_seam_rdmsr(msr, val);
}

u8 sw_maxpa(void)
{
	u32 eax, ebx, ecx, edx;

	sw_native_cpuid(0x80000008, 0, &eax, &ebx, &ecx, &edx);
	return eax;
}

void sw_hkid_range(u32 *first, u32 *count)
{
	u64 partition = __rdmsr(MSR_KEYID_PARTITIONING);

	*first = (u32)partition + 1;
	*count = partition >> 32;
}

bool sw_random(u64 *val)
{
	bool ok;

	asm volatile("rdrand %0" : "=r" (*val), "=@ccc" (ok));
	return ok;
}

bool sw_irq_pending(void)
{
	return __rdmsr(MSR_INTR_PENDING) != 0;
}

/* It cannot go while it is called. */
void sw_pin(void)
{
}

void sw_unpin(void)
{
}
