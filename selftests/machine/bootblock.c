// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write the boot block: what a PVH kernel wants to be told, at a fixed address
 * in the emulated machine.  bootrom.S adds the memory map and jumps.
 *
 *   bootblock ENTRY INITRD_ADDR INITRD_SIZE CMDLINE > block
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootblock.h"

#define PVH_MAGIC	0x336ec578
#define PVH_VERSION	1

struct pvh_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memmap;
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct pvh_module {
	uint64_t addr;
	uint64_t size;
	uint64_t cmdline;
	uint64_t reserved;
};

struct pvh_memmap_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

#define PVH_MEMMAP_RESERVED	2

_Static_assert(sizeof(struct pvh_memmap_entry) == BOOTBLOCK_MEMMAP_STRIDE,
	       "bootrom.S steps from entry to entry");
_Static_assert(offsetof(struct pvh_start_info, memmap_entries) ==
	       BOOTBLOCK_MEMMAP_COUNT, "bootrom.S counts entries here");

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "bootblock: not a number: %s\n", text);
		exit(2);
	}
	return n;
}

static void put_cmdline(uint8_t *block, const char *cmdline)
{
	if (strlen(cmdline) >= BOOTBLOCK_SIZE - BOOTBLOCK_CMDLINE) {
		fprintf(stderr, "bootblock: kernel command line too long\n");
		exit(2);
	}
	strcpy((char *)block + BOOTBLOCK_CMDLINE, cmdline);
}

/* The kernel lets a reserved range win over the BIOS's RAM below it. */
static void reserve(uint8_t *block, const char *addr, const char *size)
{
	const struct pvh_memmap_entry e = {
		.addr = number(addr),
		.size = number(size),
		.type = PVH_MEMMAP_RESERVED,
	};

	memcpy(block + BOOTBLOCK_MEMMAP, &e, sizeof(e));
	block[BOOTBLOCK_MEMMAP_COUNT] = 1;
}

int main(int argc, char **argv)
{
	static uint8_t block[BOOTBLOCK_SIZE];
	struct pvh_start_info info = {
		.magic = PVH_MAGIC,
		.version = PVH_VERSION,
		.nr_modules = 1,
		.modlist = BOOTBLOCK_ADDR + BOOTBLOCK_MODULE,
		.cmdline = BOOTBLOCK_ADDR + BOOTBLOCK_CMDLINE,
		.memmap = BOOTBLOCK_ADDR + BOOTBLOCK_MEMMAP,
	};
	struct pvh_module initrd = {};
	uint32_t entry;

	if (argc != 5 && argc != 7) {
		fprintf(stderr, "usage: bootblock ENTRY INITRD_ADDR INITRD_SIZE CMDLINE [RESERVED_ADDR RESERVED_SIZE]\n");
		return 2;
	}
	entry = number(argv[1]);
	initrd.addr = number(argv[2]);
	initrd.size = number(argv[3]);

	memcpy(block, &info, sizeof(info));
	memcpy(block + BOOTBLOCK_MODULE, &initrd, sizeof(initrd));
	memcpy(block + BOOTBLOCK_ENTRY, &entry, sizeof(entry));
	put_cmdline(block, argv[4]);
	if (argc == 7)
		reserve(block, argv[5], argv[6]);

	return fwrite(block, sizeof(block), 1, stdout) == 1 ? 0 : 1;
}
