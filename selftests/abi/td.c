// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "td.h"

#define MAX_CPUID	256
#define CPUID_LEN(n)	((n) * sizeof(struct kvm_cpuid_entry2))

extern const char guest_image[], guest_image_end[];

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *zalloc(size_t size)
{
	void *p = calloc(1, size);

	check(p, "memory");
	return p;
}

bool write_file(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);

	if (fd >= 0)
		close(fd);
	return ok;
}

int td_dev(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	return fd;
}

const char *td_unavailable(void)
{
	int types;

	if (td_dev() < 0)
		return "no /dev/kvm";
	types = ioctl(td_dev(), KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES);
	return types > 0 && types & 1 << KVM_X86_TDX_VM ? NULL : "KVM has no TDs";
}

int td_try_cmd(int fd, u32 id, u32 flags, const void *data, u64 *hw_error)
{
	struct kvm_tdx_cmd cmd = {
		.id = id,
		.flags = flags,
		.data = (uintptr_t)data,
	};
	int ret;

	do
		ret = ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd);
	while (ret && (errno == EAGAIN || errno == EINTR));
	if (hw_error)
		*hw_error = cmd.hw_error;
	return ret;
}

struct td *td_create(void)
{
	struct td *td = zalloc(sizeof(*td));

	td->ram_memfd = -1;
	td->image_memfd = -1;
	td->ram = MAP_FAILED;
	td->fd = ioctl(td_dev(), KVM_CREATE_VM, KVM_X86_TDX_VM);
	check(td->fd >= 0, "KVM_CREATE_VM");
	return td;
}

void td_destroy(struct td *td)
{
	unsigned int i;

	for (i = 0; i < td->nr_vcpus; i++) {
		if (td->vcpu[i].run)
			munmap(td->vcpu[i].run, ioctl(td_dev(), KVM_GET_VCPU_MMAP_SIZE, 0));
		close(td->vcpu[i].fd);
	}
	close(td->fd);
	if (td->ram_memfd >= 0)
		close(td->ram_memfd);
	if (td->image_memfd >= 0)
		close(td->image_memfd);
	if (td->ram != MAP_FAILED)
		munmap(td->ram, RAM_SIZE);
	free(td);
}

/* --- KVM_TDX_INIT_VM --- */

static struct kvm_tdx_capabilities *capabilities(struct td *td)
{
	struct kvm_tdx_capabilities *caps;

	caps = zalloc(sizeof(*caps) + CPUID_LEN(MAX_CPUID));
	caps->cpuid.nent = MAX_CPUID;
	check(!td_try_cmd(td->fd, KVM_TDX_CAPABILITIES, 0, caps, NULL),
	      "KVM_TDX_CAPABILITIES");
	return caps;
}

static struct kvm_cpuid2 *supported_cpuid(void)
{
	struct kvm_cpuid2 *cpuid = zalloc(sizeof(*cpuid) + CPUID_LEN(MAX_CPUID));

	cpuid->nent = MAX_CPUID;
	check(!ioctl(td_dev(), KVM_GET_SUPPORTED_CPUID, cpuid),
	      "KVM_GET_SUPPORTED_CPUID");
	return cpuid;
}

/* Nothing of the host's choice but the address width. */
struct kvm_tdx_init_vm *td_init_vm_args(struct td *td)
{
	struct kvm_tdx_capabilities *caps = capabilities(td);
	struct kvm_tdx_init_vm *init;

	init = zalloc(sizeof(*init) + CPUID_LEN(MAX_CPUID));
	init->attributes = caps->supported_attrs & TD_ATTR_SEPT_VE_DISABLE;
	init->xfam = caps->supported_xfam & 3;
	init->cpuid.nent = 1;
	init->cpuid.entries[0].function = 0x80000008;
	init->cpuid.entries[0].eax = 48 << 16 | 48;
	free(caps);
	return init;
}

void td_offered(u64 *attributes, u64 *xfam)
{
	struct td *td = td_create();
	struct kvm_tdx_capabilities *caps = capabilities(td);

	*attributes = caps->supported_attrs;
	*xfam = caps->supported_xfam;
	free(caps);
	td_destroy(td);
}

void td_split_irqchip(struct td *td)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_enable_cap hc = {
		.cap = KVM_CAP_EXIT_HYPERCALL,
		.args = { 1 << KVM_HC_MAP_GPA_RANGE },
	};

	check(!ioctl(td->fd, KVM_ENABLE_CAP, &cap), "KVM_CAP_SPLIT_IRQCHIP");
	check(!ioctl(td->fd, KVM_ENABLE_CAP, &hc), "KVM_CAP_EXIT_HYPERCALL");
}

void td_init_vm(struct td *td)
{
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);
	u64 hw_error;
	int ret;

	ret = td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, &hw_error);
	if (ret)
		printf("# KVM_TDX_INIT_VM: hw_error %llx\n",
		       (unsigned long long)hw_error);
	check(!ret, "KVM_TDX_INIT_VM");
	free(init);
}

int td_try_init_vm(struct td *td, u64 attributes, u64 xfam)
{
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);
	int err;

	init->attributes |= attributes;
	init->xfam |= xfam;
	err = td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, NULL) ? errno : 0;
	free(init);
	return err;
}

/* --- vCPUs --- */

/* KVM supports the TSC deadline timer, but leaves it to the VMM to say so. */
static void set_cpuid(struct td_vcpu *vcpu)
{
	struct kvm_cpuid2 *cpuid = supported_cpuid();
	u32 i;

	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= 1 << 24;
	}
	check(!ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
	free(cpuid);
}

unsigned int td_max_vcpus(struct td *td)
{
	int max = ioctl(td->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	check(max > 0, "KVM_CAP_MAX_VCPUS");
	return max < TD_MAX_VCPUS ? max : TD_MAX_VCPUS;
}

void td_add_vcpu(struct td *td)
{
	struct td_vcpu *vcpu = &td->vcpu[td->nr_vcpus];
	int size = ioctl(td_dev(), KVM_GET_VCPU_MMAP_SIZE, 0);

	vcpu->fd = ioctl(td->fd, KVM_CREATE_VCPU, td->nr_vcpus);
	check(vcpu->fd >= 0, "KVM_CREATE_VCPU");
	td->nr_vcpus++;
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	check(vcpu->run != MAP_FAILED, "kvm_run");
	set_cpuid(vcpu);
}

void td_init_vcpus(struct td *td, u64 param)
{
	unsigned int i;

	for (i = 0; i < td->nr_vcpus; i++)
		check(!td_try_cmd(td->vcpu[i].fd, KVM_TDX_INIT_VCPU, 0,
				  (void *)(uintptr_t)param, NULL),
		      "KVM_TDX_INIT_VCPU");
}

/* --- memory --- */

int td_add_slot(struct td *td, u32 slot, u64 gpa, u64 size, u64 offset,
		void *shared)
{
	struct kvm_create_guest_memfd memfd = { .size = offset + size };
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)shared,
		.guest_memfd_offset = offset,
	};
	int fd;

	fd = ioctl(td->fd, KVM_CREATE_GUEST_MEMFD, &memfd);
	check(fd >= 0, "KVM_CREATE_GUEST_MEMFD");
	region.guest_memfd = fd;
	check(!ioctl(td->fd, KVM_SET_USER_MEMORY_REGION2, &region),
	      "KVM_SET_USER_MEMORY_REGION2");
	td_set_private(td, gpa, size, true);
	return fd;
}

void td_set_private(struct td *td, u64 gpa, u64 size, bool private)
{
	struct kvm_memory_attributes attr = {
		.address = gpa,
		.size = size,
		.attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
	};

	check(!ioctl(td->fd, KVM_SET_MEMORY_ATTRIBUTES, &attr),
	      "KVM_SET_MEMORY_ATTRIBUTES");
}

void td_add_memory(struct td *td)
{
	td->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(td->ram != MAP_FAILED, "RAM");
	td->ram_memfd = td_add_slot(td, 0, RAM_BASE, RAM_SIZE, 0, td->ram);
	/* Nobody reads the image as shared memory; any address will do. */
	td->image_memfd = td_add_slot(td, 1, IMAGE_BASE, IMAGE_SIZE, 0, td->ram);
}

void td_load_image(struct td *td)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)guest_image,
		.gpa = IMAGE_BASE,
		.nr_pages = IMAGE_SIZE / 4096,
	};

	check(!td_try_cmd(td->vcpu[0].fd, KVM_TDX_INIT_MEM_REGION,
			  KVM_TDX_MEASURE_MEMORY_REGION, &region, NULL),
	      "KVM_TDX_INIT_MEM_REGION");
}

void td_finalize(struct td *td)
{
	check(!td_try_cmd(td->fd, KVM_TDX_FINALIZE_VM, 0, NULL, NULL),
	      "KVM_TDX_FINALIZE_VM");
}

struct td *td_ready_as(unsigned int nr_vcpus, u64 param, u64 attributes, u64 xfam)
{
	struct td *td = td_create();

	td_split_irqchip(td);
	if (attributes || xfam)
		check(!td_try_init_vm(td, attributes, xfam), "KVM_TDX_INIT_VM");
	else
		td_init_vm(td);
	while (td->nr_vcpus < nr_vcpus)
		td_add_vcpu(td);
	td_add_memory(td);
	td_init_vcpus(td, param);
	td_load_image(td);
	td_finalize(td);
	return td;
}

struct td *td_ready(unsigned int nr_vcpus, enum guest_test test)
{
	return td_ready_as(nr_vcpus, test, 0, 0);
}

/* --- counts --- */

long long td_stat(const struct td *td, const char *name)
{
	char path[128], found[64];
	long long value = -1, v;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/tdx",
		 getpid(), td->fd);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fscanf(f, "%63s %lld", found, &v) == 2) {
		if (!strcmp(found, name))
			value = v;
	}
	fclose(f);
	return value;
}
