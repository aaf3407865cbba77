// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space: a q35 host bridge at 0:0.0 and the ICH9 LPC bridge
 * at 0:1f.0, which is where OVMF looks for the power management block and for
 * the serial port.  No device has a BAR.
 */
#include <string.h>

#include "dev.h"

#define CFG_SIZE	256
#define CFG_ENABLE	0x80000000U

#define HOST_PCIEXBAR	0x60
#define LPC_PMBASE	0x40
#define LPC_ACPI_CNTL	0x44
#define ACPI_CNTL_EN	0x80

struct pci_dev {
	u8 bus_dev_fn;
	u8 cfg[CFG_SIZE];
};

static struct pci_dev devs[] = {
	{ .bus_dev_fn = 0x00 },
	{ .bus_dev_fn = 0x1f << 3 },
};

static u32 address;

static void put16(struct pci_dev *d, unsigned int off, u16 val)
{
	d->cfg[off] = val;
	d->cfg[off + 1] = val >> 8;
}

static void set_ids(struct pci_dev *d, u16 device, u16 class,
		    u8 header)
{
	put16(d, 0x00, 0x8086);
	put16(d, 0x02, device);
	put16(d, 0x04, 0x0007);
	put16(d, 0x0a, class);
	d->cfg[0x0e] = header;
	put16(d, 0x2c, 0x1af4);
	put16(d, 0x2e, 0x1100);
}

void pci_init(void)
{
	set_ids(&devs[0], 0x29c0, 0x0600, 0x00);
	set_ids(&devs[1], 0x2918, 0x0601, 0x80);
}

static struct pci_dev *find(unsigned int bus, unsigned int dev_fn)
{
	unsigned int i;

	if (bus)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		if (devs[i].bus_dev_fn == dev_fn)
			return &devs[i];
	return NULL;
}

/* Identity, status, BARs and the expansion ROM are fixed. */
static bool writable(unsigned int off)
{
	if (off < 0x40)
		return off == 0x04 || off == 0x05 || off == 0x3c;
	return true;
}

static u32 cfg_read(unsigned int bus, unsigned int dev_fn,
		    unsigned int off, unsigned int size)
{
	struct pci_dev *d = find(bus, dev_fn);
	u32 val = 0;
	unsigned int i;

	if (!d)
		return ~0U;
	for (i = 0; i < size && off + i < CFG_SIZE; i++)
		val |= (u32)d->cfg[off + i] << 8 * i;
	return val;
}

static void cfg_write(unsigned int bus, unsigned int dev_fn, unsigned int off,
		      unsigned int size, u32 val)
{
	struct pci_dev *d = find(bus, dev_fn);
	unsigned int i;

	if (!d)
		return;
	for (i = 0; i < size && off + i < CFG_SIZE; i++)
		if (writable(off + i))
			d->cfg[off + i] = val >> 8 * i;
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
	const struct pci_dev *lpc = &devs[1];

	if (!(lpc->cfg[LPC_ACPI_CNTL] & ACPI_CNTL_EN))
		return 0;
	return (lpc->cfg[LPC_PMBASE] | lpc->cfg[LPC_PMBASE + 1] << 8) & 0xff80;
}
