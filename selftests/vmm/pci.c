// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space: a q35 host bridge at 0:0.0 and the ICH9 LPC bridge
 * at 0:1f.0, which is where OVMF looks for the power management block and for
 * the serial port.  Other devices come by pci_add().
 */
#include <string.h>

#include "dev.h"

#define CFG_ENABLE	0x80000000U

#define HOST_PCIEXBAR	0x60
#define LPC_PMBASE	0x40
#define LPC_ACPI_CNTL	0x44
#define ACPI_CNTL_EN	0x80

#define MAX_DEVS	3

static struct pci_dev host = { .bus_dev_fn = 0x00 };
static struct pci_dev lpc = { .bus_dev_fn = 0x1f << 3 };
static struct pci_dev *devs[MAX_DEVS];
static unsigned int nr_devs;
static u32 address;

static void put(u8 *p, unsigned int size, u32 val)
{
	for (; size; size--, val >>= 8)
		*p++ = val;
}

static u32 get(const u8 *p, unsigned int size)
{
	u32 val = 0;

	while (size--)
		val = val << 8 | p[size];
	return val;
}

/* Identity, status and the expansion ROM are fixed. */
void pci_add(struct pci_dev *d, u32 ids, u16 class, u8 header)
{
	put(d->cfg + PCI_IDS, 4, ids);
	put(d->cfg + PCI_CLASS, 2, class);
	d->cfg[PCI_HEADER_TYPE] = header;
	put(d->cfg + PCI_SUBSYSTEM, 4, 0x11001af4);
	put(d->writable + PCI_COMMAND, 2, 0xffff);
	d->writable[PCI_INTERRUPT_LINE] = 0xff;
	put(d->writable + PCI_BAR0, 4, -d->bar_size);
	devs[nr_devs++] = d;
}

static void add_bridge(struct pci_dev *d, u16 device, u16 class, u8 header)
{
	put(d->cfg + PCI_COMMAND, 2, 0x0007);
	memset(d->writable + 0x40, 0xff, PCI_CFG_SIZE - 0x40);
	pci_add(d, (u32)device << 16 | 0x8086, class, header);
}

void pci_init(void)
{
	add_bridge(&host, 0x29c0, 0x0600, 0x00);
	add_bridge(&lpc, 0x2918, 0x0601, 0x80);
}

static struct pci_dev *find(unsigned int bus, unsigned int dev_fn)
{
	unsigned int i;

	if (bus)
		return NULL;
	for (i = 0; i < nr_devs; i++)
		if (devs[i]->bus_dev_fn == dev_fn)
			return devs[i];
	return NULL;
}

struct pci_dev *pci_bar(u64 gpa, u32 *offset)
{
	struct pci_dev *d;
	unsigned int i;
	u32 bar;

	for (i = 0; i < nr_devs; i++) {
		d = devs[i];
		bar = get(d->cfg + PCI_BAR0, 4);
		if (!(d->cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY) || gpa < bar ||
		    gpa - bar >= d->bar_size)
			continue;
		*offset = gpa - bar;
		return d;
	}
	return NULL;
}

static u32 cfg_read(unsigned int bus, unsigned int dev_fn,
		    unsigned int off, unsigned int size)
{
	struct pci_dev *d = find(bus, dev_fn);

	if (!d)
		return ~0U;
	return off + size <= PCI_CFG_SIZE ? get(d->cfg + off, size) : 0;
}

static void cfg_write(unsigned int bus, unsigned int dev_fn, unsigned int off,
		      unsigned int size, u32 val)
{
	struct pci_dev *d = find(bus, dev_fn);
	unsigned int i;

	if (!d)
		return;
	for (i = 0; i < size && off + i < PCI_CFG_SIZE; i++) {
		u8 mask = d->writable[off + i];

		d->cfg[off + i] &= ~mask;
		d->cfg[off + i] |= val >> 8 * i & mask;
	}
}

u32 pci_in(u16 port, unsigned int size)
{
	if (port < 0xcfc)
		return size == 4 ? address : ~0U;
	if (!(address & CFG_ENABLE))
		return ~0U;
	return cfg_read(address >> 16 & 0xff, address >> 8 & 0xff,
			(address & 0xfc) + (port & 3), size);
}

void pci_out(u16 port, unsigned int size, u32 val)
{
	if (port < 0xcfc) {
		if (size == 4)
			address = val;
		return;
	}
	if (address & CFG_ENABLE)
		cfg_write(address >> 16 & 0xff, address >> 8 & 0xff,
			  (address & 0xfc) + (port & 3), size, val);
}

/* Bit 0 enables, bits 2:1 say how many buses the window covers. */
bool pci_ecam(u64 gpa, u32 *offset)
{
	u32 lo = cfg_read(0, 0, HOST_PCIEXBAR, 4);
	u64 base = (u64)cfg_read(0, 0, HOST_PCIEXBAR + 4, 4) << 32;
	u64 size = 256ULL << 20 >> (lo >> 1 & 3);

	base |= lo & 0xfc000000;
	if (!(lo & 1) || gpa < base || gpa - base >= size)
		return false;
	*offset = gpa - base;
	return true;
}

u32 pci_ecam_in(u32 offset, unsigned int size)
{
	return cfg_read(offset >> 20, offset >> 12 & 0xff, offset & 0xfff,
			size);
}

void pci_ecam_out(u32 offset, unsigned int size, u32 val)
{
	cfg_write(offset >> 20, offset >> 12 & 0xff, offset & 0xfff, size,
		  val);
}

u16 pci_pm_base(void)
{
	if (!(lpc.cfg[LPC_ACPI_CNTL] & ACPI_CNTL_EN))
		return 0;
	return get(lpc.cfg + LPC_PMBASE, 2) & 0xff80;
}
