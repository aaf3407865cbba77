// SPDX-License-Identifier: GPL-2.0-only
/* Ports and MMIO: the small devices, and the way to the larger ones. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dev.h"
#include "vm.h"

#define PORT_PIC1	0x20
#define PORT_PIC2	0xa0
#define PORT_PIT_2	0x42
#define PORT_SYSCTL_B	0x61
#define PORT_CMOS	0x70
#define PORT_SYSCTL_A	0x92
#define PORT_SERIAL	0x3f8
#define PORT_DEBUG	0x402
#define PORT_FWCFG	0x510
#define PORT_PCI	0xcf8
#define PORT_RESET	0xcf9

#define DEBUG_PRESENT	0xe9
#define PM_TIMER	8
#define PM_TIMER_HZ	3579545ULL
#define SYSCTL_A_RESET	0x01
#define RESET_NOW	0x04

#define IOAPIC_BASE	0xfec00000ULL
#define IOAPIC_VERSION	0x00170011U

static struct {
	u8 cmos[128];
	u8 cmos_index;
	u8 pic_mask[2];
	u8 sysctl_a;
	u8 sysctl_b;
	u32 ioapic_index;
	u32 ioapic[0x40];
} dev;

static u8 bcd(unsigned int v)
{
	return v / 10 << 4 | v % 10;
}

/* Date and time stand still; only their plausibility counts. */
static void init_clock(void)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	dev.cmos[0x00] = bcd(tm.tm_sec % 60);
	dev.cmos[0x02] = bcd(tm.tm_min);
	dev.cmos[0x04] = bcd(tm.tm_hour);
	dev.cmos[0x06] = bcd(tm.tm_wday + 1);
	dev.cmos[0x07] = bcd(tm.tm_mday);
	dev.cmos[0x08] = bcd(tm.tm_mon + 1);
	dev.cmos[0x09] = bcd(tm.tm_year % 100);
	dev.cmos[0x0a] = 0x26;
	dev.cmos[0x0b] = 0x02;
	dev.cmos[0x0d] = 0x80;
	dev.cmos[0x32] = bcd(19 + tm.tm_year / 100);
}

/* Memory sizes in 64 KiB units: above 16 MiB, and above 4 GiB. */
void io_init(struct vm *vm)
{
	u64 low = vm->memory < VM_LOW_MAX ? vm->memory : VM_LOW_MAX;
	u64 above_16m = (low - (16 << 20)) >> 16;
	u64 above_4g = (vm->memory - low) >> 16;

	init_clock();
	dev.cmos[0x34] = above_16m;
	dev.cmos[0x35] = above_16m >> 8;
	dev.cmos[0x5b] = above_4g;
	dev.cmos[0x5c] = above_4g >> 8;
	dev.cmos[0x5d] = above_4g >> 16;
	dev.ioapic[0x01] = IOAPIC_VERSION;
	pci_init();
	fwcfg_init(vm);
}

static u32 pm_timer(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * PM_TIMER_HZ +
		now.tv_nsec * PM_TIMER_HZ / 1000000000ULL) & 0xffffff;
}

static bool is_pm_timer(u16 port)
{
	u16 base = pci_pm_base();

	return base && port == base + PM_TIMER;
}

/* The speaker's output bits toggle, as loops that wait for refresh expect. */
static u8 sysctl_b_in(void)
{
	dev.sysctl_b ^= 0x30;
	return dev.sysctl_b;
}

static bool in_range(u64 addr, u64 base, u64 size)
{
	return addr >= base && addr - base < size;
}

u32 io_in(struct vm *vm, u16 port, unsigned int size)
{
	vm->stats.pio_in++;
	if (in_range(port, PORT_SERIAL, 8))
		return serial_in(port - PORT_SERIAL);
	if (in_range(port, PORT_PCI, 8) && port != PORT_RESET)
		return pci_in(port, size);
	if (is_pm_timer(port))
		return pm_timer();

	switch (port) {
	case PORT_DEBUG:
		return DEBUG_PRESENT;
	case PORT_FWCFG + 1:
		return fwcfg_read();
	case PORT_CMOS + 1:
		return dev.cmos[dev.cmos_index];
	case PORT_PIC1 + 1:
		return dev.pic_mask[0];
	case PORT_PIC2 + 1:
		return dev.pic_mask[1];
	case PORT_SYSCTL_A:
		return dev.sysctl_a;
	case PORT_SYSCTL_B:
		return sysctl_b_in();
	case PORT_PIT_2:
		/*
		 * A counter that has run out.  All ones would be its start,
		 * and Linux would read it 100,000 times to see it move.
		 */
		return 0;
	case PORT_RESET:
		return 0;
	default:
		if (vm->verbose)
			fprintf(stderr, "tdxrun: in%u %#x: nobody there\n",
				size * 8, port);
		return ~0U;
	}
}

static void reset_asked(struct vm *vm, u16 port)
{
	run_end(vm, VM_FAILED, "the guest asked for a reset, port %#x", port);
}

void io_out(struct vm *vm, u16 port, unsigned int size, u32 val)
{
	vm->stats.pio_out++;
	if (in_range(port, PORT_SERIAL, 8)) {
		serial_out(port - PORT_SERIAL, val);
		return;
	}
	if (in_range(port, PORT_PCI, 8) && port != PORT_RESET) {
		pci_out(port, size, val);
		return;
	}

	switch (port) {
	case PORT_DEBUG:
		console_putc(val);
		break;
	case PORT_FWCFG:
		fwcfg_select(val);
		break;
	case PORT_CMOS:
		dev.cmos_index = val & 0x7f;
		break;
	case PORT_CMOS + 1:
		/* Register D says that the battery is good; it cannot change. */
		if (dev.cmos_index != 0x0d)
			dev.cmos[dev.cmos_index] = val;
		break;
	case PORT_PIC1 + 1:
		dev.pic_mask[0] = val;
		break;
	case PORT_PIC2 + 1:
		dev.pic_mask[1] = val;
		break;
	case PORT_SYSCTL_A:
		dev.sysctl_a = val & ~SYSCTL_A_RESET;
		if (val & SYSCTL_A_RESET)
			reset_asked(vm, port);
		break;
	case PORT_SYSCTL_B:
		dev.sysctl_b = val & 0x0f;
		break;
	case PORT_RESET:
		if (val & RESET_NOW)
			reset_asked(vm, port);
		break;
	default:
		if (vm->verbose)
			fprintf(stderr, "tdxrun: out%u %#x, %#x: nobody there\n",
				size * 8, port, val);
	}
}

u64 mmio_in(struct vm *vm, u64 gpa, unsigned int size)
{
	const struct pci_dev *d;
	u32 offset;

	vm->stats.mmio_read++;
	if (pci_ecam(gpa, &offset))
		return pci_ecam_in(offset, size);
	d = pci_bar(gpa, &offset);
	if (d)
		return d->read(offset, size);
	if (gpa == IOAPIC_BASE)
		return dev.ioapic_index;
	if (gpa == IOAPIC_BASE + 0x10)
		return dev.ioapic[dev.ioapic_index];
	if (vm->verbose)
		fprintf(stderr, "tdxrun: MMIO read%u %#llx: nobody there\n",
			size * 8, (unsigned long long)gpa);
	return ~0ULL;
}

void mmio_out(struct vm *vm, u64 gpa, unsigned int size, u64 val)
{
	const struct pci_dev *d;
	u32 offset;

	vm->stats.mmio_write++;
	d = pci_bar(gpa, &offset);
	if (d) {
		d->write(offset, size, val);
	} else if (pci_ecam(gpa, &offset)) {
		pci_ecam_out(offset, size, val);
	} else if (gpa == IOAPIC_BASE) {
		dev.ioapic_index = val & 0x3f;
	} else if (gpa == IOAPIC_BASE + 0x10) {
		if (dev.ioapic_index != 0x01)
			dev.ioapic[dev.ioapic_index] = val;
	} else if (vm->verbose) {
		fprintf(stderr, "tdxrun: MMIO write%u %#llx, %#llx: nobody there\n",
			size * 8, (unsigned long long)gpa,
			(unsigned long long)val);
	}
}
