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

/* pci.c: a q35 host bridge and its ICH9 LPC bridge */
void pci_init(void);
u32 pci_in(u16 port, unsigned int size);
void pci_out(u16 port, unsigned int size, u32 val);
bool pci_ecam(u64 gpa, u32 *offset);
u32 pci_ecam_in(u32 offset, unsigned int size);
void pci_ecam_out(u32 offset, unsigned int size, u32 val);
/* The ACPI power management block's port, or 0 while it is off. */
u16 pci_pm_base(void);

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
