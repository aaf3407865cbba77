// SPDX-License-Identifier: GPL-2.0-only
/* TDs for tests on KVM's selftest library; see td_lib.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "sparsebit.h"
#include "td_boot.h"
#include "td_lib.h"

#define TD_GPAW		48
#define NR_GSI		24
#define MAX_TRIES	10000
#define MAX_CPUID	256
#define STACK_PAGES	4
#define BOOT_SLOT	1
#define XFAM_WANTED	0x3ULL

void td_require(void)
{
	int types = kvm_check_cap(KVM_CAP_VM_TYPES);

	__TEST_REQUIRE(types > 0 && types & BIT(KVM_X86_TDX_VM),
		       "KVM has no TDs (VM types %#x)", types);
}

int td_cmd(int fd, u32 id, u32 flags, u64 data,
	   u64 *hw_error)
{
	struct kvm_tdx_cmd cmd = { .id = id, .flags = flags, .data = data };
	int ret = ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd);

	if (hw_error)
		*hw_error = cmd.hw_error;
	return ret;
}

/* Must succeed, but may be busy for a while. */
static void td_cmd_ok(int fd, u32 id, u32 flags, u64 data)
{
	u64 hw_error = 0;
	int tries, ret;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		ret = td_cmd(fd, id, flags, data, &hw_error);
		if (!ret || (errno != EAGAIN && errno != EINTR && errno != EBUSY))
			break;
	}
	TEST_ASSERT(!ret, "TDX command %u: errno %d, module status %#lx", id,
		    errno, hw_error);
}

struct kvm_vm *td_create_empty(void)
{
	struct kvm_vm *vm = vm_create_barebones_type(KVM_X86_TDX_VM);

	vm_enable_cap(vm, KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE));
	vm_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, NR_GSI);
	return vm;
}

struct kvm_tdx_capabilities *td_capabilities(struct kvm_vm *vm)
{
	struct kvm_tdx_capabilities *caps;

	caps = calloc(1, sizeof(*caps) +
		      MAX_CPUID * sizeof(struct kvm_cpuid_entry2));
	TEST_ASSERT(caps, "out of memory");
	caps->cpuid.nent = MAX_CPUID;
	td_cmd_ok(vm->fd, KVM_TDX_CAPABILITIES, 0, (uintptr_t)caps);
	return caps;
}

/* Of what is configurable, choose what KVM supports. */
static void td_choose_cpuid(struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid2 *supported = kvm_get_supported_cpuid();
	const struct kvm_cpuid_entry2 *s;
	struct kvm_cpuid_entry2 *e;
	u32 i, j;

	for (i = 0; i < cpuid->nent; i++) {
		static const struct kvm_cpuid_entry2 none;

		e = &cpuid->entries[i];
		s = &none;
		for (j = 0; j < supported->nent; j++) {
			if (supported->entries[j].function == e->function &&
			    supported->entries[j].index == e->index)
				s = &supported->entries[j];
		}
		e->ebx &= s->ebx;
		e->ecx &= s->ecx;
		e->edx &= s->edx;
		if (e->function == 0x80000008)
			e->eax &= (s->eax & ~0xff0000U) | TD_GPAW << 16;
		else
			e->eax &= s->eax;
	}
}

struct kvm_tdx_init_vm *td_default_init(struct kvm_vm *vm)
{
	struct kvm_tdx_capabilities *caps = td_capabilities(vm);
	size_t len = caps->cpuid.nent * sizeof(struct kvm_cpuid_entry2);
	struct kvm_tdx_init_vm *init;

	init = calloc(1, sizeof(*init) + len);
	TEST_ASSERT(init, "out of memory");
	init->attributes = TD_ATTR_SEPT_VE_DISABLE;
	init->xfam = caps->supported_xfam & XFAM_WANTED;
	init->cpuid.nent = caps->cpuid.nent;
	memcpy(init->cpuid.entries, caps->cpuid.entries, len);
	td_choose_cpuid(&init->cpuid);
	free(caps);
	return init;
}

void td_add_memory(struct kvm_vm *vm, u64 gpa, u32 slot,
		   u64 npages)
{
	vm_mem_add(vm, VM_MEM_SRC_ANONYMOUS, gpa, slot, npages,
		   KVM_MEM_GUEST_MEMFD, -1, 0);
	vm_mem_set_private(vm, gpa, npages * vm->page_size);
}

struct kvm_vcpu *td_add_vcpu(struct kvm_vm *vm, u32 id)
{
	struct kvm_vcpu *vcpu = __vm_vcpu_add(vm, id);

	vcpu_init_cpuid(vcpu, kvm_get_supported_cpuid());
	return vcpu;
}

struct kvm_vm *td_create(void)
{
	return td_create_with(TD_ATTR_SEPT_VE_DISABLE);
}

struct kvm_vm *td_create_with(u64 attributes)
{
	struct kvm_tdx_init_vm *init;
	struct kvm_vm *vm;
	int i;

	vm = td_create_empty();
	init = td_default_init(vm);
	init->attributes = attributes;
	td_cmd_ok(vm->fd, KVM_TDX_INIT_VM, 0, (uintptr_t)init);
	free(init);

	td_add_memory(vm, 0, 0, TD_MEMORY_PAGES);
	td_add_memory(vm, TD_BOOT_GPA, BOOT_SLOT, 1);
	for (i = 0; i < NR_MEM_REGIONS; i++)
		vm->memslots[i] = 0;

	kvm_vm_elf_load(vm, program_invocation_name);
	virt_map(vm, TD_BOOT_GPA, TD_BOOT_GPA, 1);
	memcpy(addr_gpa2hva(vm, TD_BOOT_GPA), td_boot_page, vm->page_size);
	return vm;
}

struct kvm_vcpu *td_add_vcpu_with_code(struct kvm_vm *vm, u32 id,
				       void *guest_code)
{
	struct td_boot_params *params = addr_gpa2hva(vm, TD_BOOT_GPA);
	struct kvm_vcpu *vcpu = td_add_vcpu(vm, id);
	vm_vaddr_t stack;

	TEST_ASSERT(id < TD_MAX_VCPUS, "too many vCPUs");
	stack = vm_vaddr_alloc_pages(vm, STACK_PAGES);
	/* A function is entered with RSP 8 below a multiple of 16. */
	params->vcpus[id].rsp = stack + STACK_PAGES * vm->page_size - 8;
	params->vcpus[id].entry = (uintptr_t)guest_code;
	params->cr3 = vm->pgd;
	td_cmd_ok(vcpu->fd, KVM_TDX_INIT_VCPU, 0, 0);
	return vcpu;
}

long td_kvm_count(struct kvm_vm *vm, const char *name)
{
	char path[64], row[64];
	long val, ret = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/tdx",
		 getpid(), vm->fd);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fscanf(f, "%63s %ld", row, &val) == 2)
		if (!strcmp(row, name))
			ret = val;
	fclose(f);
	return ret;
}

static void td_add_pages(struct kvm_vm *vm, struct kvm_vcpu *vcpu,
			 u64 gpa, u64 npages, u32 flags)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)addr_gpa2hva(vm, gpa),
		.gpa = gpa,
		.nr_pages = npages,
	};

	td_cmd_ok(vcpu->fd, KVM_TDX_INIT_MEM_REGION, flags, (uintptr_t)&region);
}

/* The pages of slot 0 that have been handed out are the initial image. */
void td_finalize(struct kvm_vm *vm)
{
	struct sparsebit *unused = memslot2region(vm, 0)->unused_phy_pages;
	struct kvm_vcpu *vcpu;
	u64 start, end;

	vcpu = list_first_entry(&vm->vcpus, struct kvm_vcpu, list);
	for (start = 0; start < TD_MEMORY_PAGES; start = end) {
		end = start + 1;
		if (sparsebit_is_set(unused, start))
			continue;
		while (end < TD_MEMORY_PAGES && sparsebit_is_clear(unused, end))
			end++;
		td_add_pages(vm, vcpu, start * vm->page_size, end - start, 0);
	}
	td_add_pages(vm, vcpu, TD_BOOT_GPA, 1, KVM_TDX_MEASURE_MEMORY_REGION);
	td_cmd_ok(vm->fd, KVM_TDX_FINALIZE_VM, 0, 0);
}

static struct td_event td_port_event(const struct kvm_run *run)
{
	struct td_event event = { .kind = TD_EVENT_OTHER };
	const u8 *data = (const u8 *)run + run->io.data_offset;

	if (run->io.direction != KVM_EXIT_IO_OUT || run->io.size != 4)
		return event;
	switch (run->io.port) {
	case TD_PORT_SYNC:
		event.kind = TD_EVENT_SYNC;
		break;
	case TD_PORT_DONE:
		event.kind = TD_EVENT_DONE;
		break;
	case TD_PORT_FAIL:
		event.kind = TD_EVENT_FAIL;
		break;
	}
	memcpy(&event.val, data, sizeof(event.val));
	return event;
}

static struct td_event td_map_gpa_event(struct kvm_run *run)
{
	struct td_event event = {
		.kind = TD_EVENT_MAP_GPA,
		.gpa = run->hypercall.args[0] & ~TD_SHARED_BIT,
		.size = run->hypercall.args[1] << 12,
		.private = run->hypercall.args[2] &
			   KVM_MAP_GPA_RANGE_ENCRYPTED,
	};

	run->hypercall.ret = 0;
	return event;
}

static struct td_event td_memory_fault_event(const struct kvm_run *run)
{
	return (struct td_event){
		.kind = TD_EVENT_MEMORY_FAULT,
		.gpa = run->memory_fault.gpa,
		.size = run->memory_fault.size,
		.private = run->memory_fault.flags &
			   KVM_MEMORY_EXIT_FLAG_PRIVATE,
	};
}

struct td_event td_run(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int ret;

	do {
		ret = __vcpu_run(vcpu);
	} while (ret && errno == EINTR);

	if (ret) {
		TEST_ASSERT(errno == EFAULT &&
			    run->exit_reason == KVM_EXIT_MEMORY_FAULT,
			    "KVM_RUN: errno %d, exit %u", errno,
			    run->exit_reason);
		return td_memory_fault_event(run);
	}
	if (run->exit_reason == KVM_EXIT_IO)
		return td_port_event(run);
	if (run->exit_reason == KVM_EXIT_HYPERCALL &&
	    run->hypercall.nr == KVM_HC_MAP_GPA_RANGE)
		return td_map_gpa_event(run);
	return (struct td_event){
		.kind = TD_EVENT_OTHER,
		.val = run->exit_reason,
	};
}

static bool td_run_until(struct kvm_vcpu *vcpu, enum td_event_kind kind,
			 u32 val)
{
	struct td_event event = td_run(vcpu);

	if (event.kind == kind && event.val == val)
		return true;
	if (event.kind == TD_EVENT_FAIL)
		ksft_print_msg("guest code failed at line %u\n", event.val);
	else
		ksft_print_msg("event %u, value %u, where %u, %u was due\n",
			       event.kind, event.val, kind, val);
	return false;
}

bool td_run_until_sync(struct kvm_vcpu *vcpu, u32 n)
{
	return td_run_until(vcpu, TD_EVENT_SYNC, n);
}

bool td_run_until_done(struct kvm_vcpu *vcpu)
{
	return td_run_until(vcpu, TD_EVENT_DONE, 0);
}

void td_convert(struct kvm_vm *vm, const struct td_event *event)
{
	if (event->private) {
		vm_mem_set_private(vm, event->gpa, event->size);
	} else {
		vm_mem_set_shared(vm, event->gpa, event->size);
		vm_guest_mem_punch_hole(vm, event->gpa, event->size);
	}
}
