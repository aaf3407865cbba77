// SPDX-License-Identifier: GPL-2.0-only
/* The TD's life in ioctls, in mainline's order. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm.h"

#define MAX_TRIES	10000
#define NR_GSI		24
/* x87 and SSE are in every TD; AVX is what a firmware may want on top. */
#define XFAM_WANTED	0x7ULL

static int tdx_cmd(int fd, u32 id, u32 flags, const void *data,
		   u64 *hw_error)
{
	struct kvm_tdx_cmd cmd = {
		.id = id,
		.flags = flags,
		.data = (uintptr_t)data,
	};
	int ret = ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd);

	if (hw_error)
		*hw_error = cmd.hw_error;
	return ret;
}

/* Busy is no failure; QEMU tries as often. */
static int tdx_cmd_retry(int fd, u32 id, u32 flags,
			 const void *data, u64 *hw_error)
{
	int tries, ret;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		ret = tdx_cmd(fd, id, flags, data, hw_error);
		if (!ret || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return ret;
}

static void enable_cap(struct vm *vm, u32 cap, u64 arg,
		       const char *name)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg } };

	if (ioctl(vm->fd, KVM_ENABLE_CAP, &enable))
		die(EXIT_FAILED, "KVM_ENABLE_CAP(%s): %s", name,
		    strerror(errno));
}

void kvm_open(struct vm *vm)
{
	int types, size;

	vm->dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->dev < 0)
		die(EXIT_SKIPPED, "/dev/kvm: %s", strerror(errno));

	types = ioctl(vm->dev, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES);
	if (types < 0 || !(types & 1 << KVM_X86_TDX_VM))
		die(EXIT_SKIPPED, "KVM has no TDs (types %#x): is kvm-intel loaded with tdx=1?",
		    types);
	size = ioctl(vm->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		die(EXIT_FAILED, "KVM_GET_VCPU_MMAP_SIZE: %d", size);
	vm->run_size = size;
}

static struct kvm_tdx_capabilities *read_capabilities(struct vm *vm)
{
	struct kvm_tdx_capabilities *caps;
	unsigned int nent;
	int ret;

	for (nent = 8; nent <= 1024; nent *= 2) {
		caps = calloc(1, sizeof(*caps) +
			      nent * sizeof(struct kvm_cpuid_entry2));
		if (!caps)
			die(EXIT_FAILED, "out of memory");
		caps->cpuid.nent = nent;
		ret = tdx_cmd(vm->fd, KVM_TDX_CAPABILITIES, 0, caps, NULL);
		if (!ret)
			return caps;
		free(caps);
		if (errno != E2BIG)
			break;
	}
	die(EXIT_FAILED, "KVM_TDX_CAPABILITIES: %s", strerror(errno));
}

static void init_td(struct vm *vm, bool debug)
{
	struct kvm_tdx_capabilities *caps = read_capabilities(vm);
	struct kvm_cpuid2 *supported = cpuid_supported(vm);
	u32 nent = caps->cpuid.nent;
	struct kvm_tdx_init_vm *init;
	u64 hw_error;
	size_t len = nent * sizeof(struct kvm_cpuid_entry2);

	if (!(caps->supported_attrs & TD_ATTR_SEPT_VE_DISABLE))
		die(EXIT_FAILED, "KVM_TDX_CAPABILITIES: no SEPT_VE_DISABLE");
	if (debug && !(caps->supported_attrs & KVM_TDX_ATTR_DEBUG))
		die(EXIT_FAILED, "no debug TDs: write 1 to /sys/module/kvm_intel/parameters/tdx_debug_tds");

	init = calloc(1, sizeof(*init) + len);
	if (!init)
		die(EXIT_FAILED, "out of memory");
	init->attributes = TD_ATTR_SEPT_VE_DISABLE;
	if (debug)
		init->attributes |= KVM_TDX_ATTR_DEBUG;
	init->xfam = caps->supported_xfam & XFAM_WANTED;
	init->cpuid.nent = nent;
	memcpy(init->cpuid.entries, caps->cpuid.entries, len);
	cpuid_choose(&init->cpuid, supported);

	if (tdx_cmd_retry(vm->fd, KVM_TDX_INIT_VM, 0, init, &hw_error))
		die(EXIT_FAILED, "KVM_TDX_INIT_VM: %s, module status %#llx",
		    strerror(errno), (unsigned long long)hw_error);
	free(init);
	free(supported);
	free(caps);
}

void kvm_create_td(struct vm *vm, bool debug)
{
	vm->fd = ioctl(vm->dev, KVM_CREATE_VM, KVM_X86_TDX_VM);
	if (vm->fd < 0)
		die(EXIT_FAILED, "KVM_CREATE_VM: %s", strerror(errno));

	enable_cap(vm, KVM_CAP_EXIT_HYPERCALL, 1 << KVM_HC_MAP_GPA_RANGE,
		   "EXIT_HYPERCALL");
	enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, NR_GSI, "SPLIT_IRQCHIP");
	/* CPUID tells a TD of a crystal of 25 MHz, which clocks its timer. */
	enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, 40,
		   "X86_APIC_BUS_CYCLES_NS");
	init_td(vm, debug);
}

static void create_vcpu(struct vm *vm, unsigned int id)
{
	struct vcpu *vcpu = &vm->vcpus[id];

	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)id);
	if (vcpu->fd < 0)
		die(EXIT_FAILED, "KVM_CREATE_VCPU(%u): %s", id,
		    strerror(errno));
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		die(EXIT_FAILED, "kvm_run of vCPU %u: %s", id,
		    strerror(errno));
}

void kvm_create_vcpus(struct vm *vm)
{
	struct kvm_cpuid2 *supported = cpuid_supported(vm);
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		create_vcpu(vm, i);
		cpuid_set(&vm->vcpus[i], supported);
	}
	free(supported);
}

/* A TD's vCPUs know no INIT and SIPI: all start together at the reset vector. */
void kvm_init_vcpus(struct vm *vm, u64 hob_gpa)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (tdx_cmd_retry(vm->vcpus[i].fd, KVM_TDX_INIT_VCPU, 0,
				  (void *)(uintptr_t)hob_gpa, NULL))
			die(EXIT_FAILED, "KVM_TDX_INIT_VCPU(%u): %s", i,
			    strerror(errno));
}

/*
 * KVM advances the struct when it has to stop early, so the same call
 * continues.
 */
void kvm_add_initial(struct vm *vm, u64 gpa, const void *data,
		     u64 size, bool measure)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)data,
		.gpa = gpa,
		.nr_pages = size / VM_PAGE_SIZE,
	};

	if (tdx_cmd_retry(vm->vcpus[0].fd, KVM_TDX_INIT_MEM_REGION,
			  measure ? KVM_TDX_MEASURE_MEMORY_REGION : 0,
			  &region, NULL))
		die(EXIT_FAILED, "KVM_TDX_INIT_MEM_REGION(%#llx, %llu pages): %s",
		    (unsigned long long)region.gpa,
		    (unsigned long long)region.nr_pages, strerror(errno));
}

void kvm_finalize(struct vm *vm)
{
	u64 hw_error;

	if (tdx_cmd_retry(vm->fd, KVM_TDX_FINALIZE_VM, 0, NULL, &hw_error))
		die(EXIT_FAILED, "KVM_TDX_FINALIZE_VM: %s, module status %#llx",
		    strerror(errno), (unsigned long long)hw_error);
}
