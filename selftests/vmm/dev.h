/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine around the TD.  Everything here runs under vm->lock. */
#ifndef DEV_H
#define DEV_H

#include "types.h"

struct vm;

/* io.c: by address; what is nowhere reads as all ones. */
void io_init(struct vm *vm);
u32 io_in(struct vm *vm, u16 port, unsigned int size);
void io_out(struct vm *vm, u16 port, unsigned int size, u32 val);
u64 mmio_in(struct vm *vm, u64 gpa, unsigned int size);
void mmio_out(struct vm *vm, u64 gpa, unsigned int size, u64 val);

/* serial.c: a 16550 without interrupts */
u8 serial_in(unsigned int reg);
void serial_out(unsigned int reg, u8 val);

/* pci.c: a q35 host bridge, its ICH9 LPC bridge, and what is added */
#define PCI_CFG_SIZE		256
#define PCI_IDS			0x00
#define PCI_COMMAND		0x04
#define PCI_COMMAND_MEMORY	0x02
#define PCI_STATUS		0x06
#define PCI_STATUS_CAPS		0x10
#define PCI_REVISION		0x08
#define PCI_CLASS		0x0a
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR0		0x10
#define PCI_SUBSYSTEM		0x2c
#define PCI_CAPS		0x34
#define PCI_INTERRUPT_LINE	0x3c

/**
 * struct pci_dev - a function on bus 0
 * @bus_dev_fn: where
 * @cfg: its configuration space
 * @writable: the bits of it that the guest may write
 * @bar_size: of BAR 0, memory, a power of two; or 0
 * @read: of BAR 0
 * @write: of BAR 0
 */
struct pci_dev {
	u8 bus_dev_fn;
	u8 cfg[PCI_CFG_SIZE];
	u8 writable[PCI_CFG_SIZE];
	u32 bar_size;
	u64 (*read)(u32 offset, unsigned int size);
	void (*write)(u32 offset, unsigned int size, u64 val);
};

void pci_init(void);
void pci_add(struct pci_dev *d, u32 ids, u16 class, u8 header);
/* Whose BAR 0 @gpa is in, or NULL. */
struct pci_dev *pci_bar(u64 gpa, u32 *offset);
u32 pci_in(u16 port, unsigned int size);
void pci_out(u16 port, unsigned int size, u32 val);
bool pci_ecam(u64 gpa, u32 *offset);
u32 pci_ecam_in(u32 offset, unsigned int size);
void pci_ecam_out(u32 offset, unsigned int size, u32 val);
/* The ACPI power management block's port, or 0 while it is off. */
u16 pci_pm_base(void);

/* virtio.c: a virtio PCI device with one queue */
struct vring;

/**
 * struct virtio_dev - what the transport has to know of a device
 * @dev_fn: its place on PCI bus 0
 * @id: PCI device
 * @class: PCI class
 * @features: what it offers
 * @config: its own configuration, read-only
 * @config_size: bytes of it
 * @kick: the driver says that there are requests
 * @reset: none of the requests may go on
 */
struct virtio_dev {
	u8 dev_fn;
	u16 id;
	u16 class;
	u64 features;
	const void *config;
	u32 config_size;
	void (*kick)(void);
	void (*reset)(void);
};

void virtio_init(struct vm *vm, const struct virtio_dev *dev);
/* The queue, or NULL while the driver has not enabled it. */
struct vring *virtio_queue(void);
void virtio_interrupt(void);
/* The driver broke the rules: it has to reset the device. */
void virtio_broken(const char *why);

/* vring.c: a split virtqueue in the guest's shared memory */
#define VRING_MAX	128

struct vring_part {
	u64 gpa;
	u32 len;
};

/**
 * struct vring_chain - one request
 * @head: its name
 * @out: what the device reads
 * @in: what it writes
 */
struct vring_chain {
	u16 head;
	unsigned int nr_out;
	unsigned int nr_in;
	struct vring_part out[VRING_MAX];
	struct vring_part in[VRING_MAX];
};

struct iomem;

struct vring {
	u64 desc;
	u64 avail;
	u64 used;
	u16 size;
	u16 next_avail;
	u16 next_used;
};

/* 1 and a request, 0 if there is none, -1 and why if the ring is broken. */
int vring_get(struct vring *q, struct iomem *m, struct vring_chain *c,
	      const char **why);
/* Returns true if the driver wants an interrupt. */
bool vring_put(struct vring *q, struct iomem *m, u16 head, u32 written);

/* blk.c: the disk */
void blk_init(struct vm *vm, const char *path);
void blk_start(struct vm *vm);
void blk_stop(struct vm *vm);
/* Ahead of a conversion of guest memory, which the disk's I/O may be using. */
int blk_before_conversion(u64 gpa, u64 size);

/* fwcfg.c: QEMU's firmware configuration device */
void fwcfg_init(const struct vm *vm);
void fwcfg_select(u16 item);
u8 fwcfg_read(void);

/* console.c: what the guest prints, and what tdxrun makes of it */

void console_putc(char c);
/* The line that says that the firmware looks for something to boot, or NULL. */
const char *console_boot_line(void);
/* Seconds of silence. */
double console_quiet(void);
void console_flush(void);
void console_print_tail(void);

#endif /* DEV_H */
