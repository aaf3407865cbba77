// SPDX-License-Identifier: GPL-2.0-only
/*
 * The errors of the interface: what each command refuses, with which errno,
 * and that a TD can be destroyed after every refusal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest.h"
#include "td_lib.h"
#include "td_swmod.h"

#define PAGE		0x1000UL
#define MEM_PAGES	16

/* How far a TD is before the command under test. */
enum stage { EMPTY, INITIALIZED, WITH_VCPU, RUNNABLE };

struct ctx {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	struct kvm_tdx_init_vm *init;
	u8 *source;
};

/* What a test returns that needs the software module. */
#define NO_SWMOD	1

struct test {
	const char *name;
	enum stage stage;
	/* 0, the negative errno that the command under test returns, or NO_SWMOD. */
	int (*run)(struct ctx *c);
	int expect;
};

static int do_cmd(int fd, u32 id, u32 flags, u64 data)
{
	return td_cmd(fd, id, flags, data, NULL) ? -errno : 0;
}

static int init_vm(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_INIT_VM, 0, (uintptr_t)c->init);
}

static int finalize(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_FINALIZE_VM, 0, 0);
}

static int init_vcpu(struct ctx *c)
{
	return do_cmd(c->vcpu->fd, KVM_TDX_INIT_VCPU, 0, 0);
}

static int add_region(struct ctx *c, u64 source, u64 gpa,
		      u64 npages)
{
	struct kvm_tdx_init_mem_region region = { source, gpa, npages };

	return do_cmd(c->vcpu->fd, KVM_TDX_INIT_MEM_REGION, 0,
		      (uintptr_t)&region);
}

/* --- the envelope: id, flags, hw_error, which descriptor --- */

static int vm_unknown_command(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_CMD_NR_MAX, 0, 0);
}

static int vm_huge_command(struct ctx *c)
{
	return do_cmd(c->vm->fd, UINT32_MAX, 0, 0);
}

static int vcpu_unknown_command(struct ctx *c)
{
	return do_cmd(c->vcpu->fd, KVM_TDX_CMD_NR_MAX, 0, 0);
}

static int vm_flags(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_INIT_VM, 1, (uintptr_t)c->init);
}

static int finalize_flags(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_FINALIZE_VM, 1, 0);
}

static int vcpu_flags(struct ctx *c)
{
	return do_cmd(c->vcpu->fd, KVM_TDX_INIT_VCPU, 1, 0);
}

static int region_flags(struct ctx *c)
{
	struct kvm_tdx_init_mem_region region = {
		(uintptr_t)c->source, 0, 1
	};

	return do_cmd(c->vcpu->fd, KVM_TDX_INIT_MEM_REGION, 2,
		      (uintptr_t)&region);
}

static int hw_error_in(int fd, u32 id, u64 data)
{
	struct kvm_tdx_cmd cmd = { .id = id, .data = data, .hw_error = 1 };

	return ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd) ? -errno : 0;
}

static int vm_hw_error(struct ctx *c)
{
	return hw_error_in(c->vm->fd, KVM_TDX_INIT_VM, (uintptr_t)c->init);
}

static int vcpu_hw_error(struct ctx *c)
{
	return hw_error_in(c->vcpu->fd, KVM_TDX_INIT_VCPU, 0);
}

static int vm_bad_pointer(struct ctx *c)
{
	return ioctl(c->vm->fd, KVM_MEMORY_ENCRYPT_OP, 8UL) ? -errno : 0;
}

static int vcpu_bad_pointer(struct ctx *c)
{
	return ioctl(c->vcpu->fd, KVM_MEMORY_ENCRYPT_OP, 8UL) ? -errno : 0;
}

static int vcpu_command_on_vm(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_INIT_VCPU, 0, 0);
}

static int vm_command_on_vcpu(struct ctx *c)
{
	return do_cmd(c->vcpu->fd, KVM_TDX_FINALIZE_VM, 0, 0);
}

/* --- CAPABILITIES --- */

static int capabilities_too_small(struct ctx *c)
{
	struct kvm_tdx_capabilities caps = { .cpuid.nent = 0 };
	int ret = do_cmd(c->vm->fd, KVM_TDX_CAPABILITIES, 0, (uintptr_t)&caps);

	/* The refusal has to say how much is needed. */
	return ret == -E2BIG && !caps.cpuid.nent ? -ERANGE : ret;
}

static int capabilities_bad_pointer(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_CAPABILITIES, 0, 8);
}

static int capabilities_flags(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_CAPABILITIES, 1, 0);
}

static int capabilities_repeat(struct ctx *c)
{
	free(td_capabilities(c->vm));
	free(td_capabilities(c->vm));
	return 0;
}

/* --- INIT_VM --- */

static int init_bad_pointer(struct ctx *c)
{
	return do_cmd(c->vm->fd, KVM_TDX_INIT_VM, 0, 8);
}

static int init_reserved(struct ctx *c)
{
	c->init->reserved[11] = 1;
	return init_vm(c);
}

static int init_cpuid_padding(struct ctx *c)
{
	c->init->cpuid.padding = 1;
	return init_vm(c);
}

static int init_attributes(struct ctx *c)
{
	c->init->attributes |= 1ULL << 27;
	return init_vm(c);
}

static int init_debug(struct ctx *c)
{
	c->init->attributes |= 1;
	return init_vm(c);
}

static int init_xfam_unsupported(struct ctx *c)
{
	c->init->xfam |= 1ULL << 62;
	return init_vm(c);
}

static int init_xfam_without_fp(struct ctx *c)
{
	c->init->xfam = 0;
	return init_vm(c);
}

static int init_cpuid_unknown_leaf(struct ctx *c)
{
	c->init->cpuid.entries[0].function = 0x12345678;
	return init_vm(c);
}

static int init_cpuid_too_many(struct ctx *c)
{
	c->init->cpuid.nent = 100000;
	return init_vm(c);
}

static struct kvm_cpuid_entry2 *find_leaf(struct ctx *c, u32 leaf)
{
	u32 i;

	for (i = 0; i < c->init->cpuid.nent; i++)
		if (c->init->cpuid.entries[i].function == leaf)
			return &c->init->cpuid.entries[i];
	TEST_FAIL("CPUID leaf %#x is not configurable", leaf);
	return NULL;
}

static int init_gpaw(struct ctx *c)
{
	struct kvm_cpuid_entry2 *e = find_leaf(c, 0x80000008);

	e->eax = (e->eax & ~0xff0000U) | 47 << 16;
	return init_vm(c);
}

/* The module decides on this one: a bit that is not for the host to set. */
static int init_cpuid_fixed_bit(struct ctx *c)
{
	find_leaf(c, 0x80000008)->ebx |= 1U << 31;
	find_leaf(c, 0x80000008)->edx |= 1U << 31;
	return init_vm(c);
}

static int init_twice(struct ctx *c)
{
	return init_vm(c);
}

static int init_after_refusal(struct ctx *c)
{
	c->init->reserved[0] = 1;
	if (init_vm(c) != -EINVAL)
		return -ERANGE;
	c->init->reserved[0] = 0;
	return init_vm(c);
}

/* The module refuses for a reason of its own, and then no more. */
static int init_fails_in_the_module(struct ctx *c)
{
	u64 hw_error = 0;
	int ret;

	if (!swmod_there())
		return NO_SWMOD;
	swmod_inject("MNG.INIT status=TD_KEYS_NOT_CONFIGURED");
	ret = td_cmd(c->vm->fd, KVM_TDX_INIT_VM, 0, (uintptr_t)c->init, &hw_error) ?
	      -errno : 0;
	swmod_clear();
	return ret != -EIO || !hw_error || init_vm(c) ? -ERANGE : ret;
}

/* --- GET_CPUID --- */

static int get_cpuid_while(struct ctx *c, const char *fault)
{
	struct {
		struct kvm_cpuid2 cpuid;
		struct kvm_cpuid_entry2 entries[MAX_NR_CPUID_ENTRIES];
	} *buf;
	int ret;

	if (!swmod_there())
		return NO_SWMOD;
	buf = calloc(1, sizeof(*buf));
	buf->cpuid.nent = MAX_NR_CPUID_ENTRIES;
	swmod_inject("%s", fault);
	ret = do_cmd(c->vcpu->fd, KVM_TDX_GET_CPUID, 0, (uintptr_t)buf);
	swmod_clear();
	/* And whole again. */
	if (do_cmd(c->vcpu->fd, KVM_TDX_GET_CPUID, 0, (uintptr_t)buf))
		ret = -ERANGE;
	free(buf);
	return ret;
}

static int get_cpuid_busy(struct ctx *c)
{
	return get_cpuid_while(c, "MNG.RD status=OPERAND_BUSY operand=RCX rate=100% seed=1");
}

static int get_cpuid_now_and_then_busy(struct ctx *c)
{
	return get_cpuid_while(c, "MNG.RD status=OPERAND_BUSY operand=RCX rate=50% seed=1");
}

static int get_cpuid_fails(struct ctx *c)
{
	return get_cpuid_while(c, "MNG.RD status=TDCS_NOT_ALLOCATED nth=20");
}

/* --- order --- */

static int vcpu_before_init(struct ctx *c)
{
	int fd = __vm_ioctl(c->vm, KVM_CREATE_VCPU, NULL);
	int ret = fd < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

static int finalize_before_init(struct ctx *c)
{
	return finalize(c);
}

static int region_before_init_vcpu(struct ctx *c)
{
	return add_region(c, (uintptr_t)c->source, 0, 1);
}

static int init_vcpu_twice(struct ctx *c)
{
	int ret = init_vcpu(c);

	return ret ? -ERANGE : init_vcpu(c);
}

static int finalize_twice(struct ctx *c)
{
	return finalize(c);
}

static int region_after_finalize(struct ctx *c)
{
	return add_region(c, (uintptr_t)c->source, 0, 1);
}

static int init_vcpu_after_finalize(struct ctx *c)
{
	return init_vcpu(c);
}

static int get_cpuid_after_finalize(struct ctx *c)
{
	return do_cmd(c->vcpu->fd, KVM_TDX_GET_CPUID, 0, (uintptr_t)c->source);
}

static int run_before_finalize(struct ctx *c)
{
	init_vcpu(c);
	return __vcpu_run(c->vcpu) ? -errno : 0;
}

/* --- INIT_MEM_REGION --- */

static int region_bad_pointer(struct ctx *c)
{
	init_vcpu(c);
	return do_cmd(c->vcpu->fd, KVM_TDX_INIT_MEM_REGION, 0, 8);
}

static int region_source_unaligned(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, (uintptr_t)c->source + 8, 0, 1);
}

static int region_no_source(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, 0, 0, 1);
}

static int region_gpa_unaligned(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, (uintptr_t)c->source, 0x800, 1);
}

static int region_empty(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, (uintptr_t)c->source, 0, 0);
}

static int region_overflow(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, (uintptr_t)c->source, PAGE, UINT64_MAX / PAGE);
}

static int region_shared_gpa(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, (uintptr_t)c->source, TD_SHARED_BIT, 1);
}

static int region_no_slot(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, (uintptr_t)c->source, 0x40000000, 1);
}

static int region_bad_source(struct ctx *c)
{
	init_vcpu(c);
	return add_region(c, PAGE, 0, 1);
}

static int region_twice(struct ctx *c)
{
	init_vcpu(c);
	if (add_region(c, (uintptr_t)c->source, 0, 1))
		return -ERANGE;
	return add_region(c, (uintptr_t)c->source, 0, 1);
}

static int region_then_more(struct ctx *c)
{
	init_vcpu(c);
	add_region(c, (uintptr_t)c->source, TD_SHARED_BIT, 1);
	return add_region(c, (uintptr_t)c->source, 0, MEM_PAGES);
}

/* --- KVM's own calls on a TD --- */

static int get_regs(struct ctx *c)
{
	struct kvm_regs regs;

	return __vcpu_ioctl(c->vcpu, KVM_GET_REGS, &regs) ? -errno : 0;
}

static int set_sregs(struct ctx *c)
{
	struct kvm_sregs sregs = {};

	return __vcpu_ioctl(c->vcpu, KVM_SET_SREGS, &sregs) ? -errno : 0;
}

static int prefault(struct ctx *c, u64 gpa)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = PAGE };

	return __vcpu_ioctl(c->vcpu, KVM_PRE_FAULT_MEMORY, &range) ? -errno : 0;
}

static int prefault_before_finalize(struct ctx *c)
{
	init_vcpu(c);
	return prefault(c, 0);
}

static int prefault_private(struct ctx *c)
{
	return prefault(c, 0);
}

static int prefault_shared_bit(struct ctx *c)
{
	return prefault(c, TD_SHARED_BIT);
}

static const struct test tests[] = {
	{ "vm_rejects_unknown_command", EMPTY, vm_unknown_command, -EINVAL },
	{ "vm_rejects_huge_command", EMPTY, vm_huge_command, -EINVAL },
	{ "vm_rejects_flags", EMPTY, vm_flags, -EINVAL },
	{ "vm_rejects_hw_error", EMPTY, vm_hw_error, -EINVAL },
	{ "vm_rejects_bad_pointer", EMPTY, vm_bad_pointer, -EFAULT },
	{ "vm_rejects_vcpu_command", INITIALIZED, vcpu_command_on_vm, -EINVAL },
	{ "finalize_rejects_flags", WITH_VCPU, finalize_flags, -EINVAL },
	{ "vcpu_rejects_unknown_command", WITH_VCPU, vcpu_unknown_command,
	  -EINVAL },
	{ "vcpu_rejects_flags", WITH_VCPU, vcpu_flags, -EINVAL },
	{ "vcpu_rejects_hw_error", WITH_VCPU, vcpu_hw_error, -EINVAL },
	{ "vcpu_rejects_bad_pointer", WITH_VCPU, vcpu_bad_pointer, -EFAULT },
	{ "vcpu_rejects_vm_command", WITH_VCPU, vm_command_on_vcpu, -EINVAL },
	{ "region_rejects_flags", WITH_VCPU, region_flags, -EINVAL },

	{ "capabilities_says_how_much", EMPTY, capabilities_too_small, -E2BIG },
	{ "capabilities_rejects_bad_pointer", EMPTY, capabilities_bad_pointer,
	  -EFAULT },
	{ "capabilities_rejects_flags", EMPTY, capabilities_flags, -EINVAL },
	{ "capabilities_works_again", EMPTY, capabilities_repeat, 0 },

	{ "init_rejects_bad_pointer", EMPTY, init_bad_pointer, -EFAULT },
	{ "init_rejects_reserved", EMPTY, init_reserved, -EINVAL },
	{ "init_rejects_cpuid_padding", EMPTY, init_cpuid_padding, -EINVAL },
	{ "init_rejects_attributes", EMPTY, init_attributes, -EINVAL },
	{ "init_rejects_debug", EMPTY, init_debug, -EINVAL },
	{ "init_rejects_unsupported_xfam", EMPTY, init_xfam_unsupported,
	  -EINVAL },
	{ "init_completes_xfam_without_fp", EMPTY, init_xfam_without_fp,
	  0 },
	{ "init_rejects_unknown_leaf", EMPTY, init_cpuid_unknown_leaf,
	  -EINVAL },
	{ "init_rejects_too_many_leaves", EMPTY, init_cpuid_too_many, -E2BIG },
	{ "init_rejects_gpaw_47", EMPTY, init_gpaw, -EINVAL },
	{ "init_rejects_fixed_cpuid_bit", EMPTY, init_cpuid_fixed_bit,
	  -EINVAL },
	{ "init_works_once", INITIALIZED, init_twice, -EINVAL },
	{ "init_works_after_refusal", EMPTY, init_after_refusal, 0 },

	{ "init_can_be_repeated", EMPTY, init_fails_in_the_module, -EIO },

	{ "get_cpuid_gives_up_on_a_busy_module", WITH_VCPU, get_cpuid_busy,
	  -EAGAIN },
	{ "get_cpuid_waits_for_a_busy_module", WITH_VCPU,
	  get_cpuid_now_and_then_busy, 0 },
	{ "get_cpuid_drops_no_leaf", WITH_VCPU, get_cpuid_fails, -EIO },

	{ "vcpu_needs_init_vm", EMPTY, vcpu_before_init, -EIO },
	{ "finalize_needs_init_vm", EMPTY, finalize_before_init, -EINVAL },
	{ "region_needs_init_vcpu", WITH_VCPU, region_before_init_vcpu,
	  -EINVAL },
	{ "init_vcpu_works_once", WITH_VCPU, init_vcpu_twice, -EINVAL },
	{ "finalize_works_once", RUNNABLE, finalize_twice, -EINVAL },
	{ "region_needs_not_finalized", RUNNABLE, region_after_finalize,
	  -EINVAL },
	{ "init_vcpu_needs_not_finalized", RUNNABLE, init_vcpu_after_finalize,
	  -EINVAL },
	{ "get_cpuid_needs_not_finalized", RUNNABLE, get_cpuid_after_finalize,
	  -EINVAL },
	{ "run_needs_finalize", WITH_VCPU, run_before_finalize, -EINVAL },

	{ "region_rejects_bad_pointer", WITH_VCPU, region_bad_pointer,
	  -EFAULT },
	{ "region_rejects_unaligned_source", WITH_VCPU,
	  region_source_unaligned, -EINVAL },
	{ "region_rejects_source_0", WITH_VCPU, region_no_source, -EINVAL },
	{ "region_rejects_unaligned_gpa", WITH_VCPU, region_gpa_unaligned,
	  -EINVAL },
	{ "region_rejects_no_pages", WITH_VCPU, region_empty, -EINVAL },
	{ "region_rejects_overflow", WITH_VCPU, region_overflow, -EINVAL },
	{ "region_rejects_shared_gpa", WITH_VCPU, region_shared_gpa, -EINVAL },
	{ "region_rejects_gpa_without_slot", WITH_VCPU, region_no_slot,
	  -EINVAL },
	{ "region_rejects_bad_source", WITH_VCPU, region_bad_source, -EFAULT },
	{ "region_adds_a_page_once", WITH_VCPU, region_twice, -EIO },
	{ "region_works_after_refusal", WITH_VCPU, region_then_more, 0 },

	{ "get_regs_is_refused", WITH_VCPU, get_regs, -EINVAL },
	{ "set_sregs_is_refused", WITH_VCPU, set_sregs, -EINVAL },
	{ "prefault_needs_finalize", WITH_VCPU, prefault_before_finalize,
	  -EOPNOTSUPP },
	{ "prefault_works_when_runnable", RUNNABLE, prefault_private, 0 },
	{ "prefault_rejects_shared_bit", RUNNABLE, prefault_shared_bit,
	  -EINVAL },
};

static void prepare(struct ctx *c, enum stage stage)
{
	c->vm = td_create_empty();
	c->init = td_default_init(c->vm);
	c->source = mmap(NULL, MEM_PAGES * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(c->source != MAP_FAILED, "out of memory");
	if (stage >= INITIALIZED)
		TEST_ASSERT(!init_vm(c), "KVM_TDX_INIT_VM");
	if (stage >= WITH_VCPU) {
		td_add_memory(c->vm, 0, 0, MEM_PAGES);
		c->vcpu = td_add_vcpu(c->vm, 0);
	}
	if (stage >= RUNNABLE)
		TEST_ASSERT(!init_vcpu(c) && !finalize(c),
			    "KVM_TDX_FINALIZE_VM");
}

/*
 * What is left of the TD has to go away whole; a KeyID that stays behind would
 * show, as there are fewer of them than tests.
 */
static void clean_up(struct ctx *c)
{
	kvm_vm_free(c->vm);
	munmap(c->source, MEM_PAGES * PAGE);
	free(c->init);
}

int main(void)
{
	const struct test *t;
	struct ctx c;
	int ret;

	td_require();
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(tests));

	for (t = tests; t < tests + ARRAY_SIZE(tests); t++) {
		memset(&c, 0, sizeof(c));
		prepare(&c, t->stage);
		ret = t->run(&c);
		clean_up(&c);
		if (ret == NO_SWMOD) {
			ksft_test_result_skip("%s: not the software module\n",
					      t->name);
			continue;
		}
		ksft_test_result(ret == t->expect, "%s: %s, %s is due\n",
				 t->name, ret ? strerrorname_np(-ret) : "0",
				 t->expect ? strerrorname_np(-t->expect) : "0");
	}
	ksft_finished();
}
