// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI transport of virtio 1: a function with one BAR, one queue, and two
 * MSI-X vectors.  It has no INTx, since a TD has no IOAPIC here, and no access
 * by way of configuration space.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dev.h"
#include "vm.h"

/* Where things are in BAR 0. */
enum {
	COMMON	= 0x0000,
	ISR	= 0x1000,
	CONFIG	= 0x2000,
	NOTIFY	= 0x3000,
	TABLE	= 0x4000,
	PENDING	= 0x5000,
	BAR_SIZE = 0x8000,
};

/* The common configuration. */
enum {
	DEVICE_FEATURE_SELECT	= 0x00,
	DEVICE_FEATURE		= 0x04,
	DRIVER_FEATURE_SELECT	= 0x08,
	DRIVER_FEATURE		= 0x0c,
	CONFIG_VECTOR		= 0x10,
	NUM_QUEUES		= 0x12,
	DEVICE_STATUS		= 0x14,
	CONFIG_GENERATION	= 0x15,
	QUEUE_SELECT		= 0x16,
	QUEUE_SIZE		= 0x18,
	QUEUE_VECTOR		= 0x1a,
	QUEUE_ENABLE		= 0x1c,
	QUEUE_NOTIFY_OFF	= 0x1e,
	QUEUE_DESC		= 0x20,
	QUEUE_DRIVER		= 0x28,
	QUEUE_DEVICE		= 0x30,
	COMMON_SIZE		= 0x38,
};

#define STATUS_DRIVER_OK	0x04
#define STATUS_FEATURES_OK	0x08
#define STATUS_NEEDS_RESET	0x40

#define ISR_QUEUE		0x01
#define ISR_CONFIG		0x02

#define FEATURE_VERSION_1	(1ULL << 32)
/* A TD's memory is private: the driver has to use what it shares. */
#define FEATURE_ACCESS_PLATFORM	(1ULL << 33)

#define NR_VECTORS		2
#define NO_VECTOR		0xffff
#define VECTOR_MASKED		0x01

#define CAP_MSIX		0x98
#define MSIX_CONTROL		(CAP_MSIX + 2)
#define MSIX_ENABLE		0x8000
#define MSIX_MASK_ALL		0x4000

struct msix_entry {
	u32 addr_lo;
	u32 addr_hi;
	u32 data;
	u32 control;
};

static struct {
	struct vm *vm;
	struct virtio_dev dev;
	struct pci_dev pci;
	u32 feature_select[2];
	u64 features;
	u16 config_vector;
	u16 queue_select;
	u16 queue_vector;
	u16 queue_enable;
	u8 status;
	u8 isr;
	struct vring queue;
	struct msix_entry msix[NR_VECTORS];
	u32 pending;
} vd;

/* --- interrupts --- */

static u16 msix_control(void)
{
	return vd.pci.cfg[MSIX_CONTROL] | vd.pci.cfg[MSIX_CONTROL + 1] << 8;
}

static void send_pending(void)
{
	u16 control = msix_control();
	unsigned int i;

	if (!(control & MSIX_ENABLE) || control & MSIX_MASK_ALL)
		return;
	for (i = 0; i < NR_VECTORS; i++) {
		const struct msix_entry *e = &vd.msix[i];
		struct kvm_msi msi = {
			.address_lo = e->addr_lo,
			.address_hi = e->addr_hi,
			.data = e->data,
		};

		if (!(vd.pending & 1 << i) || e->control & VECTOR_MASKED)
			continue;
		vd.pending &= ~(1 << i);
		/* The guest has chosen the vector; a bad one is its loss. */
		ioctl(vd.vm->fd, KVM_SIGNAL_MSI, &msi);
	}
}

static void interrupt(u16 vector, u8 isr)
{
	vd.isr |= isr;
	if (vector >= NR_VECTORS)
		return;
	vd.pending |= 1 << vector;
	send_pending();
}

void virtio_interrupt(void)
{
	interrupt(vd.queue_vector, ISR_QUEUE);
}

void virtio_broken(const char *why)
{
	fprintf(stderr, "tdxrun: virtio: %s: the driver has to reset the device\n",
		why);
	vd.status |= STATUS_NEEDS_RESET;
	interrupt(vd.config_vector, ISR_CONFIG);
}

/* --- the common configuration --- */

static void reset(void)
{
	vd.dev.reset();
	memset(vd.feature_select, 0, sizeof(vd.feature_select));
	memset(&vd.queue, 0, sizeof(vd.queue));
	vd.queue.size = VRING_MAX;
	vd.features = 0;
	vd.config_vector = NO_VECTOR;
	vd.queue_vector = NO_VECTOR;
	vd.queue_enable = 0;
	vd.queue_select = 0;
	vd.status = 0;
	vd.isr = 0;
	vd.pending = 0;
}

struct vring *virtio_queue(void)
{
	if (!vd.queue_enable || !(vd.status & STATUS_DRIVER_OK) ||
	    vd.status & STATUS_NEEDS_RESET)
		return NULL;
	return &vd.queue;
}

static u64 read_queue(u32 offset)
{
	if (vd.queue_select)
		return 0;
	switch (offset) {
	case QUEUE_SIZE:
		return vd.queue.size;
	case QUEUE_VECTOR:
		return vd.queue_vector;
	case QUEUE_ENABLE:
		return vd.queue_enable;
	case QUEUE_DESC:
		return vd.queue.desc;
	case QUEUE_DESC + 4:
		return vd.queue.desc >> 32;
	case QUEUE_DRIVER:
		return vd.queue.avail;
	case QUEUE_DRIVER + 4:
		return vd.queue.avail >> 32;
	case QUEUE_DEVICE:
		return vd.queue.used;
	case QUEUE_DEVICE + 4:
		return vd.queue.used >> 32;
	default:
		return 0;
	}
}

static u64 read_common(u32 offset)
{
	switch (offset) {
	case DEVICE_FEATURE_SELECT:
		return vd.feature_select[0];
	case DEVICE_FEATURE:
		return vd.feature_select[0] < 2 ?
		       vd.dev.features >> 32 * vd.feature_select[0] : 0;
	case DRIVER_FEATURE_SELECT:
		return vd.feature_select[1];
	case DRIVER_FEATURE:
		return vd.feature_select[1] < 2 ?
		       vd.features >> 32 * vd.feature_select[1] : 0;
	case CONFIG_VECTOR:
		return vd.config_vector;
	case NUM_QUEUES:
		return 1;
	case DEVICE_STATUS:
		return vd.status;
	case QUEUE_SELECT:
		return vd.queue_select;
	default:
		return read_queue(offset);
	}
}

/* Either half; the guest's shared bit says nothing that its pages do not. */
static void put_half(u64 *to, bool high, u32 val)
{
	u64 mask = 0xffffffffULL << (high ? 32 : 0);

	*to = (*to & ~mask) | (high ? (u64)val << 32 : val);
	*to &= ~TD_SHARED_BIT;
}

static void write_queue(u32 offset, u32 val)
{
	if (vd.queue_select || vd.queue_enable)
		return;
	switch (offset) {
	case QUEUE_SIZE:
		if (val && val <= VRING_MAX && !(val & (val - 1)))
			vd.queue.size = val;
		break;
	case QUEUE_VECTOR:
		vd.queue_vector = val < NR_VECTORS ? val : NO_VECTOR;
		break;
	case QUEUE_ENABLE:
		vd.queue_enable = val == 1 &&
			!(vd.queue.desc % 16 || vd.queue.avail % 2 ||
			  vd.queue.used % 4);
		break;
	case QUEUE_DESC:
	case QUEUE_DESC + 4:
		put_half(&vd.queue.desc, offset & 4, val);
		break;
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:
		put_half(&vd.queue.avail, offset & 4, val);
		break;
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:
		put_half(&vd.queue.used, offset & 4, val);
		break;
	}
}

/* Features are agreed on once, and all that are needed are among them. */
static void write_status(u8 val)
{
	u64 needed = FEATURE_VERSION_1 | FEATURE_ACCESS_PLATFORM;

	if (!val) {
		reset();
		return;
	}
	if ((vd.features & needed) != needed || vd.features & ~vd.dev.features)
		val &= ~(STATUS_FEATURES_OK | STATUS_DRIVER_OK);
	vd.status |= val & ~STATUS_NEEDS_RESET;
}

static void write_common(u32 offset, u32 val)
{
	switch (offset) {
	case DEVICE_FEATURE_SELECT:
		vd.feature_select[0] = val;
		break;
	case DRIVER_FEATURE_SELECT:
		vd.feature_select[1] = val;
		break;
	case DRIVER_FEATURE:
		if (vd.feature_select[1] < 2 && !(vd.status & STATUS_FEATURES_OK)) {
			vd.features &= ~(0xffffffffULL << 32 * vd.feature_select[1]);
			vd.features |= (u64)val << 32 * vd.feature_select[1];
		}
		break;
	case CONFIG_VECTOR:
		vd.config_vector = val < NR_VECTORS ? val : NO_VECTOR;
		break;
	case DEVICE_STATUS:
		write_status(val);
		break;
	case QUEUE_SELECT:
		vd.queue_select = val;
		break;
	default:
		write_queue(offset, val);
	}
}

/* --- the BAR --- */

static u64 bar_read(u32 offset, unsigned int size)
{
	u64 val = 0;

	if (offset < COMMON + COMMON_SIZE)
		return read_common(offset - COMMON);
	if (offset == ISR) {
		val = vd.isr;
		vd.isr = 0;
	} else if (offset >= CONFIG && offset < CONFIG + vd.dev.config_size) {
		offset -= CONFIG;
		if (size > vd.dev.config_size - offset)
			size = vd.dev.config_size - offset;
		memcpy(&val, (const u8 *)vd.dev.config + offset, size);
	} else if (offset >= TABLE && offset < TABLE + sizeof(vd.msix)) {
		memcpy(&val, (u8 *)vd.msix + (offset - TABLE) / 4 * 4, 4);
	} else if (offset == PENDING) {
		val = vd.pending;
	}
	return val;
}

static void bar_write(u32 offset, unsigned int size, u64 val)
{
	if (offset < COMMON + COMMON_SIZE) {
		write_common(offset - COMMON, val);
		if (size == 8)
			write_common(offset - COMMON + 4, val >> 32);
	} else if (offset == NOTIFY) {
		vd.dev.kick();
	} else if (offset >= TABLE && offset < TABLE + sizeof(vd.msix)) {
		u32 word = val;

		memcpy((u8 *)vd.msix + (offset - TABLE) / 4 * 4, &word, 4);
		send_pending();
	}
}

/* --- configuration space --- */

static void put16(unsigned int offset, u16 val)
{
	vd.pci.cfg[offset] = val;
	vd.pci.cfg[offset + 1] = val >> 8;
}

static void put32(unsigned int offset, u32 val)
{
	put16(offset, val);
	put16(offset + 2, val >> 16);
}

/* Where to find a part of the BAR. */
static void add_cap(unsigned int at, unsigned int next, u8 type, u32 offset,
		    u32 length)
{
	put16(at, next << 8 | 0x09);
	vd.pci.cfg[at + 2] = type == 2 ? 20 : 16;
	vd.pci.cfg[at + 3] = type;
	put32(at + 8, offset);
	put32(at + 12, length);
}

static void add_caps(void)
{
	put16(PCI_STATUS, PCI_STATUS_CAPS);
	vd.pci.cfg[PCI_CAPS] = 0x40;
	add_cap(0x40, 0x50, 1, COMMON, COMMON_SIZE);
	add_cap(0x50, 0x64, 2, NOTIFY, 4);
	add_cap(0x64, 0x74, 3, ISR, 1);
	add_cap(0x74, CAP_MSIX, 4, CONFIG, vd.dev.config_size);

	put16(CAP_MSIX, 0x11);
	put16(MSIX_CONTROL, NR_VECTORS - 1);
	vd.pci.writable[MSIX_CONTROL + 1] = (MSIX_ENABLE | MSIX_MASK_ALL) >> 8;
	put32(CAP_MSIX + 4, TABLE);
	put32(CAP_MSIX + 8, PENDING);
}

void virtio_init(struct vm *vm, const struct virtio_dev *dev)
{
	vd.vm = vm;
	vd.dev = *dev;
	vd.dev.features |= FEATURE_VERSION_1 | FEATURE_ACCESS_PLATFORM;
	vd.pci.bus_dev_fn = dev->dev_fn;
	vd.pci.bar_size = BAR_SIZE;
	vd.pci.read = bar_read;
	vd.pci.write = bar_write;
	vd.pci.cfg[PCI_REVISION] = 1;
	add_caps();
	reset();
	pci_add(&vd.pci, (u32)dev->id << 16 | 0x1af4, dev->class, 0);
}
