// SPDX-License-Identifier: GPL-2.0-only
/* The uses of a TD, and those of its memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "uses.h"

#define USE_SLOT	20
#define USE_PAGES	(USE_SIZE / PAGE)

int use_done(int ret)
{
	return ret < 0 ? errno : 0;
}

static int vm_do(struct td *td, unsigned long nr, const void *arg)
{
	return use_done(ioctl(td->fd, nr, arg));
}

/* --- memory slots --- */

u8 *use_memory(void)
{
	static u8 *memory;

	if (!memory)
		memory = memory_of(USE_SIZE);
	return memory;
}

static int slot_with(struct td *td, u32 flags, u64 size, int gmem, u64 offset)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = USE_SLOT,
		.flags = flags,
		.guest_phys_addr = USE_BASE,
		.memory_size = size,
		.userspace_addr = (uintptr_t)use_memory(),
		.guest_memfd = gmem,
		.guest_memfd_offset = offset,
	};

	return vm_do(td, KVM_SET_USER_MEMORY_REGION2, &region);
}

static int slot_comes_and_goes(struct td *td, u32 flags)
{
	return slot_with(td, flags, USE_SIZE, 0, 0) ?:
	       slot_with(td, 0, 0, 0, 0);
}

int use_shared(struct td *td, int (*use)(struct td *td))
{
	int err = slot_with(td, 0, USE_SIZE, 0, 0) ?: use(td);

	slot_with(td, 0, 0, 0, 0);
	return err;
}

static int shared_slot(struct td *td)
{
	return slot_comes_and_goes(td, 0);
}

static int shared_slot_of_the_old_kind(struct td *td)
{
	return -(slot_set(td->fd, USE_SLOT, USE_BASE, USE_SIZE, use_memory()) ?:
		 slot_set(td->fd, USE_SLOT, USE_BASE, 0, NULL));
}

static int read_only_slot(struct td *td)
{
	return slot_comes_and_goes(td, KVM_MEM_READONLY);
}

static int slot_over_another(struct td *td)
{
	int err = slot_with(td, 0, USE_SIZE, 0, 0);

	if (!err)
		err = -slot_set(td->fd, USE_SLOT + 1, USE_BASE + PAGE, PAGE,
				use_memory());
	slot_with(td, 0, 0, 0, 0);
	return err;
}

static int slot_that_moves(struct td *td)
{
	int err = slot_with(td, 0, USE_SIZE, 0, 0);

	if (!err)
		err = -slot_set(td->fd, USE_SLOT, USE_BASE + USE_SIZE, USE_SIZE,
				use_memory());
	slot_with(td, 0, 0, 0, 0);
	return err;
}

static int slot_with_a_log(struct td *td)
{
	struct kvm_dirty_log log = { .slot = USE_SLOT };
	struct kvm_clear_dirty_log clear = {
		.slot = USE_SLOT, .num_pages = USE_PAGES,
	};
	u64 bitmap[USE_PAGES / 64 + 1] = {};
	int err;

	log.dirty_bitmap = bitmap;
	clear.dirty_bitmap = bitmap;
	err = slot_with(td, KVM_MEM_LOG_DIRTY_PAGES, USE_SIZE, 0, 0) ?:
	      vm_do(td, KVM_GET_DIRTY_LOG, &log) ?:
	      vm_do(td, KVM_CLEAR_DIRTY_LOG, &clear);
	slot_with(td, 0, 0, 0, 0);
	return err;
}

static int log_of_a_slot_without(struct td *td)
{
	struct kvm_dirty_log log = { .slot = USE_SLOT };
	u64 bitmap[USE_PAGES / 64 + 1];
	int err;

	log.dirty_bitmap = bitmap;
	err = slot_with(td, 0, USE_SIZE, 0, 0) ?:
	      vm_do(td, KVM_GET_DIRTY_LOG, &log);
	slot_with(td, 0, 0, 0, 0);
	return err;
}

/* --- guest_memfd --- */

static int gmem_of(struct td *td, u64 size, u64 flags)
{
	struct kvm_create_guest_memfd create = { .size = size, .flags = flags };

	return ioctl(td->fd, KVM_CREATE_GUEST_MEMFD, &create);
}

static int gmem_slot(struct td *td, u32 flags, u64 file, u64 size, u64 offset)
{
	int fd = gmem_of(td, file, 0), err;

	if (fd < 0)
		return errno;
	err = slot_with(td, KVM_MEM_GUEST_MEMFD | flags, size, fd, offset);
	close(fd);
	if (!err)
		err = slot_with(td, 0, 0, 0, 0);
	return err;
}

static int private_slot(struct td *td)
{
	return gmem_slot(td, 0, 2 * USE_SIZE, USE_SIZE, USE_SIZE);
}

static int private_slot_with_a_log(struct td *td)
{
	return gmem_slot(td, KVM_MEM_LOG_DIRTY_PAGES, USE_SIZE, USE_SIZE, 0);
}

static int private_slot_beyond_its_file(struct td *td)
{
	return gmem_slot(td, 0, USE_SIZE, USE_SIZE, PAGE);
}

static int private_slot_of_another_file(struct td *td)
{
	return slot_with(td, KVM_MEM_GUEST_MEMFD, USE_SIZE, td_dev(), 0);
}

static int private_slot_of_no_file(struct td *td)
{
	return slot_with(td, KVM_MEM_GUEST_MEMFD, USE_SIZE, -1, 0);
}

/* Mainline 7.3.4 says EEXIST, see docs/support.md. */
static int one_file_for_two_slots(struct td *td)
{
	int fd = gmem_of(td, USE_SIZE, 0), err;
	struct kvm_userspace_memory_region2 second = {
		.slot = USE_SLOT + 1,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = USE_BASE + USE_SIZE,
		.memory_size = USE_SIZE,
		.userspace_addr = (uintptr_t)use_memory(),
		.guest_memfd = fd,
	};

	err = slot_with(td, KVM_MEM_GUEST_MEMFD, USE_SIZE, fd, 0) ?:
	      vm_do(td, KVM_SET_USER_MEMORY_REGION2, &second);
	slot_with(td, 0, 0, 0, 0);
	close(fd);
	return err;
}

static int guest_memfd(struct td *td)
{
	int fd = gmem_of(td, USE_SIZE, 0);

	return fd < 0 ? errno : use_done(close(fd));
}

static int guest_memfd_with_a_flag(struct td *td)
{
	return use_done(gmem_of(td, USE_SIZE, 1ULL << 63));
}

static int guest_memfd_of_half_a_page(struct td *td)
{
	return use_done(gmem_of(td, PAGE / 2, 0));
}

/* --- attributes --- */

static int attributes(struct td *td, u64 gpa, u64 size, u64 what)
{
	struct kvm_memory_attributes attr = {
		.address = gpa, .size = size, .attributes = what,
	};

	return vm_do(td, KVM_SET_MEMORY_ATTRIBUTES, &attr);
}

static int conversion(struct td *td)
{
	u64 gpa = RAM_BASE + RAM_SIZE - PAGE;

	return attributes(td, gpa, PAGE, 0) ?:
	       attributes(td, gpa, PAGE, KVM_MEMORY_ATTRIBUTE_PRIVATE);
}

static int conversion_without_memory(struct td *td)
{
	return attributes(td, USE_BASE, USE_SIZE, KVM_MEMORY_ATTRIBUTE_PRIVATE) ?:
	       attributes(td, USE_BASE, USE_SIZE, 0);
}

static int conversion_of_half_a_page(struct td *td)
{
	return attributes(td, RAM_BASE, PAGE / 2, 0);
}

static int attribute_that_is_none(struct td *td)
{
	return attributes(td, RAM_BASE, PAGE, 1);
}

/* --- interrupts --- */

static int irqfd(struct td *td, u32 flags)
{
	struct kvm_irqfd irqfd = { .gsi = 5, .flags = flags };
	int err;

	irqfd.fd = eventfd(0, EFD_NONBLOCK);
	irqfd.resamplefd = eventfd(0, EFD_NONBLOCK);
	err = vm_do(td, KVM_IRQFD, &irqfd);
	if (!err) {
		irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
		err = vm_do(td, KVM_IRQFD, &irqfd);
	}
	close(irqfd.fd);
	close(irqfd.resamplefd);
	return err;
}

static int irqfd_of_an_eventfd(struct td *td)
{
	return irqfd(td, 0);
}

/* There is no I/O APIC that could resample. */
static int irqfd_that_resamples(struct td *td)
{
	return irqfd(td, KVM_IRQFD_FLAG_RESAMPLE);
}

static int irqfd_of_another_file(struct td *td)
{
	struct kvm_irqfd irqfd = { .fd = td_dev(), .gsi = 5 };

	return vm_do(td, KVM_IRQFD, &irqfd);
}

static int ioeventfd(struct td *td, u32 flags, u32 len)
{
	struct kvm_ioeventfd event = {
		.addr = MMIO_BASE + PAGE, .len = len, .flags = flags,
	};
	int err;

	event.fd = eventfd(0, EFD_NONBLOCK);
	err = vm_do(td, KVM_IOEVENTFD, &event);
	if (!err) {
		event.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
		err = vm_do(td, KVM_IOEVENTFD, &event);
	}
	close(event.fd);
	return err;
}

static int ioeventfd_of_mmio(struct td *td)
{
	return ioeventfd(td, 0, 4);
}

static int ioeventfd_of_a_port(struct td *td)
{
	return ioeventfd(td, KVM_IOEVENTFD_FLAG_PIO |
			 KVM_IOEVENTFD_FLAG_DATAMATCH, 2);
}

static int ioeventfd_of_three_bytes(struct td *td)
{
	return ioeventfd(td, 0, 3);
}

static int route(struct td *td, u32 type)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} routes = {
		.head.nr = 1,
		.entry = { .gsi = 5, .type = type },
	};

	routes.entry.u.msi.address_lo = 0xfee00000;
	routes.entry.u.msi.data = 0x30;
	return vm_do(td, KVM_SET_GSI_ROUTING, &routes);
}

static int route_of_an_msi(struct td *td)
{
	return route(td, KVM_IRQ_ROUTING_MSI);
}

static int route_to_an_irqchip(struct td *td)
{
	return route(td, KVM_IRQ_ROUTING_IRQCHIP);
}

static int signal_msi(struct td *td)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x30 };

	return vm_do(td, KVM_SIGNAL_MSI, &msi);
}

static int signal_msi_to_nobody(struct td *td)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000 | 77 << 12, .data = 0x30 };

	return vm_do(td, KVM_SIGNAL_MSI, &msi);
}

static int irq_line_of_a_route(struct td *td)
{
	struct kvm_irq_level level = { .irq = 5, .level = 1 };

	return route(td, KVM_IRQ_ROUTING_MSI) ?: vm_do(td, KVM_IRQ_LINE, &level);
}

/* --- the rest of a TD --- */

static int clock_to_itself(struct td *td)
{
	struct kvm_clock_data clock;

	return vm_do(td, KVM_GET_CLOCK, &clock) ?:
	       vm_do(td, KVM_SET_CLOCK, &clock);
}

static int tsc_of_1_ghz(struct td *td)
{
	return use_done(ioctl(td->fd, KVM_SET_TSC_KHZ, 1000000));
}

static int pmu_event_filter(struct td *td)
{
	struct {
		struct kvm_pmu_event_filter head;
		__u64 event;
	} filter = {
		.head = { .action = KVM_PMU_EVENT_ALLOW, .nevents = 1 },
		.event = 0xc0,
	};

	return vm_do(td, KVM_SET_PMU_EVENT_FILTER, &filter);
}

static int msr_filter(struct td *td)
{
	u8 bitmap[8] = {};
	struct kvm_msr_filter filter = {
		.ranges[0] = {
			.flags = KVM_MSR_FILTER_READ, .nmsrs = 64,
			.base = 0x4b564d00, .bitmap = bitmap,
		},
	}, none = {};

	return vm_do(td, KVM_X86_SET_MSR_FILTER, &filter) ?:
	       vm_do(td, KVM_X86_SET_MSR_FILTER, &none);
}

static int coalesced_mmio(struct td *td)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = MMIO_BASE, .size = PAGE };

	return vm_do(td, KVM_REGISTER_COALESCED_MMIO, &zone) ?:
	       vm_do(td, KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

static int hyperv_eventfd(struct td *td)
{
	struct kvm_hyperv_eventfd event = { .conn_id = 5 };
	int err;

	event.fd = eventfd(0, EFD_NONBLOCK);
	err = vm_do(td, KVM_HYPERV_EVENTFD, &event);
	event.flags = KVM_HYPERV_EVENTFD_DEASSIGN;
	close(event.fd);
	event.fd = 0;
	return err ?: vm_do(td, KVM_HYPERV_EVENTFD, &event);
}

static int vcpu_beyond_the_limit(struct td *td)
{
	int limit = ioctl(td->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPU_ID);

	return use_done(ioctl(td->fd, KVM_CREATE_VCPU, limit));
}

/* --- KVM_MEMORY_ENCRYPT_OP --- */

int use_tdx(int fd, u32 id, const void *data)
{
	return td_try_cmd(fd, id, 0, data, NULL) ? errno : 0;
}

static int capabilities_again(struct td *td)
{
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);

	free(init);
	return 0;
}

/* Of a TD without one: INIT_VM is the step to another state. */
static int init_vm_again(struct td *td)
{
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);
	int err;

	/* An attribute that no module has keeps the state as it is. */
	init->attributes |= 1ULL << 61;
	err = use_tdx(td->fd, KVM_TDX_INIT_VM, init);
	free(init);
	return err;
}

static int finalize_again(struct td *td)
{
	return use_tdx(td->fd, KVM_TDX_FINALIZE_VM, NULL);
}

/* No debug TD: an unknown command. */
static int memory_of_a_debug_td(struct td *td)
{
	struct kvm_tdx_debug_memory mem = {
		IMAGE_BASE, sizeof(u64), (uintptr_t)use_memory(),
	};

	return use_tdx(td->fd, KVM_TDX_DEBUG_READ_MEMORY, &mem);
}

static int device_of_vfio(struct td *td)
{
	struct kvm_create_device device = {
		.type = KVM_DEV_TYPE_VFIO, .flags = KVM_CREATE_DEVICE_TEST,
	};

	return vm_do(td, KVM_CREATE_DEVICE, &device);
}

static int device_of_arm(struct td *td)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };

	return vm_do(td, KVM_CREATE_DEVICE, &device);
}

/* A TD has no dirty ring once it has vCPUs; before, it would be there for good. */
static int dirty_ring(struct td *td)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DIRTY_LOG_RING, .args = { 1 << 16 },
	};

	return vm_do(td, KVM_ENABLE_CAP, &cap);
}

static int dirty_ring_twice(struct td *td)
{
	return dirty_ring(td);
}

#define USE(fn, ...)		{ #fn, fn, { __VA_ARGS__ } }
#define IN_EACH(e)		e, e, e, e, e
/* Before there are vCPUs, and with them. */
#define WITH_VCPUS(e, v)	e, e, v, v, v

const struct use vm_uses[] = {
	USE(shared_slot, IN_EACH(0)),
	USE(shared_slot_of_the_old_kind, IN_EACH(0)),
	USE(read_only_slot, IN_EACH(EINVAL)),
	USE(slot_over_another, IN_EACH(EEXIST)),
	USE(slot_that_moves, IN_EACH(0)),
	USE(slot_with_a_log, IN_EACH(0)),
	USE(log_of_a_slot_without, IN_EACH(ENOENT)),
	USE(guest_memfd, IN_EACH(0)),
	USE(guest_memfd_with_a_flag, IN_EACH(EINVAL)),
	USE(guest_memfd_of_half_a_page, IN_EACH(EINVAL)),
	USE(private_slot, IN_EACH(0)),
	USE(private_slot_with_a_log, IN_EACH(EINVAL)),
	USE(private_slot_beyond_its_file, IN_EACH(EINVAL)),
	USE(private_slot_of_another_file, IN_EACH(EINVAL)),
	USE(private_slot_of_no_file, IN_EACH(EBADF)),
	USE(one_file_for_two_slots, IN_EACH(EINVAL)),
	USE(conversion, IN_EACH(0)),
	USE(conversion_without_memory, IN_EACH(0)),
	USE(conversion_of_half_a_page, IN_EACH(EINVAL)),
	USE(attribute_that_is_none, IN_EACH(EINVAL)),
	USE(irqfd_of_an_eventfd, IN_EACH(0)),
	USE(irqfd_that_resamples, IN_EACH(EINVAL)),
	USE(irqfd_of_another_file, IN_EACH(EINVAL)),
	USE(ioeventfd_of_mmio, IN_EACH(0)),
	USE(ioeventfd_of_a_port, IN_EACH(0)),
	USE(ioeventfd_of_three_bytes, IN_EACH(EINVAL)),
	USE(route_of_an_msi, IN_EACH(0)),
	USE(route_to_an_irqchip, IN_EACH(EINVAL)),
	USE(signal_msi, WITH_VCPUS(EPERM, 0)),
	USE(signal_msi_to_nobody, WITH_VCPUS(EPERM, 0)),
	USE(irq_line_of_a_route, IN_EACH(0)),
	USE(clock_to_itself, IN_EACH(0)),
	USE(tsc_of_1_ghz, WITH_VCPUS(0, EINVAL)),
	USE(pmu_event_filter, IN_EACH(0)),
	USE(msr_filter, IN_EACH(0)),
	USE(coalesced_mmio, IN_EACH(0)),
	USE(hyperv_eventfd, IN_EACH(0)),
	USE(vcpu_beyond_the_limit, IN_EACH(EINVAL)),
	USE(device_of_vfio, IN_EACH(0)),
	USE(device_of_arm, IN_EACH(ENODEV)),
	USE(capabilities_again, IN_EACH(0)),
	USE(init_vm_again, IN_EACH(EINVAL)),
	USE(finalize_again, EINVAL, EIO, EIO, EINVAL, EINVAL),
	USE(memory_of_a_debug_td, IN_EACH(EINVAL)),
	USE(dirty_ring, WITH_VCPUS(0, EINVAL)),
	USE(dirty_ring_twice, IN_EACH(EINVAL)),
	{ }
};
