/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things lie in the emulated machine's memory at start.  Shared by the
 * option ROM (bootrom.S), the program that fills the block (bootblock.c) and,
 * as text, by the shell scripts.
 */
#ifndef BOOTBLOCK_H
#define BOOTBLOCK_H

#define BOOTROM_ADDR		0xd0000
#define BOOTROM_SIZE		2048

/* Conventional memory that neither the BIOS nor the ROM uses. */
#define BOOTBLOCK_ADDR		0x60000

/* Offsets in the block; start info and memory map are PVH's structures. */
#define BOOTBLOCK_MEMMAP_COUNT	0x30
#define BOOTBLOCK_MODULE	0x40
#define BOOTBLOCK_ENTRY		0x80
#define BOOTBLOCK_MEMMAP	0x100
#define BOOTBLOCK_MEMMAP_STRIDE	24
#define BOOTBLOCK_CMDLINE	0x400
#define BOOTBLOCK_SIZE		0x1000

#endif
