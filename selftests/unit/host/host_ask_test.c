// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is asked outside of bring-up: P-SEAMLDR what it is, and the TDX module whose
 * page a memory error has hit.
 */
#include "fake_host/fake_kernel.h"

#include <stdint.h>

#define __pa(p)			((u64)(uintptr_t)(p))
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#ifndef BIT_ULL
#define BIT_ULL(n)		(1ULL << (n))
#endif

/* The kernel aligns allocations of such a size to it. */
static unsigned int allocations;

static void *kzalloc(size_t size, int gfp)
{
	void *p;

	(void)gfp;
	if (fails_now())
		return NULL;
	p = aligned_alloc(size, size);
	allocations++;
	return memset(p, 0, size);
}

static void kfree(void *p)
{
	allocations -= !!p;
	free(p);
}

/* --- machine checks --- */
struct mce {
	u64 addr;
	bool is_memory_error, has_address;
};

#define MCI_ADDR_PHYSADDR		GENMASK_ULL(45, 0)
#define MCE_PRIO_EARLY			7
#define INTEL_SAPPHIRERAPIDS_X		1
#define INTEL_EMERALDRAPIDS_X		2
#define mce_is_memory_error(m)		((m)->is_memory_error)
#define mce_usable_address(m)		((m)->has_address)
#define mce_register_decode_chain(nb)	((void)fake_register(0, nb))
#define mce_unregister_decode_chain(nb)	fake_unregister(0, nb)

/* What the log says at the highest level. */
static char emergency[256];

#define pr_emerg(...)	((void)snprintf(emergency, sizeof(emergency), __VA_ARGS__))

#define MSR_IA32_VMX_BASIC	0x480

#include "../../../arch/x86/virt/vmx/tdx/retry.c"
#include "../../../arch/x86/virt/vmx/tdx/status.c"
#include "../../../arch/x86/virt/vmx/tdx/seamldr.c"
#include "../../../arch/x86/virt/vmx/tdx/mce.c"
#include "host_check.h"

DEFINE_PER_CPU(bool, tdx_cache_dirty);
struct fake_cpu boot_cpu_data;
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

static u64 vmx_basic;
static bool no_msr;

int rdmsrl_safe(u32 msr, u64 *val)
{
	*val = msr == MSR_IA32_VMX_BASIC ? vmx_basic : 0;
	return no_msr ? -EIO : 0;
}

/* --- the module and its loader --- */
static struct {
	unsigned int calls;
	u64 leaf, operand;
	u64 status;
	u64 page_type, owner;
	int no_vmx;
} side;

int tdx_run_in_vmx(u64 (*leaf)(void), u64 *status)
{
	if (side.no_vmx)
		return -EIO;
	*status = leaf();
	return 0;
}

/* Offsets in SEAMLDR_INFO: 18 minor, 20 major, 22 update version, 28 updates. */
u64 __seamcall(u64 leaf, struct tdx_module_args *args)
{
	u8 *info = (u8 *)(uintptr_t)args->rcx;

	side.calls++;
	side.leaf = leaf;
	side.operand = args->rcx;
	if (side.status)
		return side.status;
	memcpy(info + 18, &(u16){ 5 }, 2);
	memcpy(info + 20, &(u16){ 2 }, 2);
	memcpy(info + 22, &(u16){ 7 }, 2);
	memcpy(info + 28, &(u32){ 60 }, 4);
	memset(info + 32, 0xff, 224);
	return 0;
}

u64 __seamcall_ret(u64 leaf, struct tdx_module_args *args)
{
	side.calls++;
	side.leaf = leaf;
	side.operand = args->rcx;
	args->rcx = side.page_type;
	args->rdx = side.owner;
	return side.status;
}

/* Nothing here asks for the leaves that need it. */
u64 __seamcall_saved_ret(u64 leaf, struct tdx_module_args *args)
{
	return __seamcall_ret(leaf, args);
}

static void p_seamldr_says_what_it_is(void)
{
	struct tdx_seamldr info;

	memset(&side, 0, sizeof(side));
	tdx_cache_dirty[0] = false;
	check(!tdx_seamldr_read(&info));
	check(side.leaf == 0x8000000000000000ULL && !(side.operand & 255));
	check(info.major == 2 && info.minor == 5 && info.update == 7);
	check(info.updates_left == 60);
	check(tdx_cache_dirty[0]);
	check(!allocations);
}

static void p_seamldr_that_does_not_answer_is_an_error(void)
{
	struct tdx_seamldr info;

	memset(&side, 0, sizeof(side));
	side.status = 0x8000000000000000ULL;
	check(tdx_seamldr_read(&info) == -EIO);
	side.status = 0;
	side.no_vmx = 1;
	check(tdx_seamldr_read(&info) == -EIO && side.calls == 1);
	kernel.fail_at = kernel.fallible + 1;
	check(tdx_seamldr_read(&info) == -ENOMEM);
	kernel.fail_at = 0;
	check(!allocations);
}

/* Its return would leave KVM without a current VMCS. */
static void p_seamldr_is_not_called_on_cpus_with_the_erratum(void)
{
	vmx_basic = BIT_ULL(60);
	check(tdx_seamldr_is_safe());
	vmx_basic = ~BIT_ULL(60);
	check(!tdx_seamldr_is_safe());
	vmx_basic = BIT_ULL(60);
	no_msr = true;
	check(!tdx_seamldr_is_safe());
	no_msr = false;
}

static void meet(u64 addr, bool is_memory_error, bool has_address)
{
	struct mce m = {
		.addr = addr,
		.is_memory_error = is_memory_error,
		.has_address = has_address,
	};

	side.calls = 0;
	emergency[0] = 0;
	tdx_mce_register();
	check(kernel.notifier[0]->priority == MCE_PRIO_EARLY);
	kernel.notifier[0]->notifier_call(kernel.notifier[0], 0, &m);
	tdx_mce_unregister();
	check(!kernel.notifier[0]);
}

/* The KeyID in the upper bits of the address is not the page's. */
static void memory_error_in_private_memory_is_named(void)
{
	memset(&side, 0, sizeof(side));
	side.page_type = 3;
	side.owner = 0x7000;
	meet(0x21ULL << 46 | 0x123456789ULL, true, true);
	check(side.operand == 0x123456000ULL);
	check(strstr(emergency, "TDX private memory error at 0x123456789, TDR 0x7000"));
	check(!strstr(emergency, "partial write"));
	boot_cpu_data.x86_vfm = INTEL_EMERALDRAPIDS_X;
	meet(0x1000, true, true);
	check(strstr(emergency, "partial write"));
	boot_cpu_data.x86_vfm = 0;
}

static void other_errors_are_not(void)
{
	memset(&side, 0, sizeof(side));
	side.page_type = 3;
	meet(0x1000, false, true);
	check(!side.calls && !emergency[0]);
	meet(0x1000, true, false);
	check(!side.calls && !emergency[0]);
	for (side.page_type = 0; side.page_type < 2; side.page_type++) {
		meet(0x1000, true, true);
		check(side.calls == 1 && !emergency[0]);
	}
	side.page_type = 3;
	side.status = 0xC000010000000001ULL;
	meet(0x1000, true, true);
	check(!emergency[0]);
	side.status = 0;
	side.no_vmx = 1;
	meet(0x1000, true, true);
	check(!emergency[0]);
}

int main(void)
{
	kernel.nr_cpus = 1;
	kernel.nr_packages = 1;
	run(p_seamldr_says_what_it_is);
	run(p_seamldr_that_does_not_answer_is_an_error);
	run(p_seamldr_is_not_called_on_cpus_with_the_erratum);
	run(memory_error_in_private_memory_is_named);
	run(other_errors_are_not);
	return checks_failed != 0;
}
