// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's firmware configuration device, the byte-wise interface only: a DMA
 * buffer would have to be shared memory first.
 */
#include <endian.h>
#include <stdio.h>

#include "dev.h"
#include "vm.h"

enum {
	ITEM_SIGNATURE	= 0x0000,
	ITEM_ID		= 0x0001,
	ITEM_NR_CPUS	= 0x0005,
	ITEM_MAX_CPUS	= 0x000f,
	ITEM_DIR	= 0x0019,
	ITEM_E820	= 0x0020,
};

#define ID_TRADITIONAL	1
#define E820_RAM	1

struct file {
	u32 size;
	u16 item;
	u16 reserved;
	char name[56];
};

struct e820_entry {
	u64 start;
	u64 length;
	u32 type;
} __packed;

static struct {
	u32 id;
	u16 nr_cpus;
	struct {
		u32 count;
		struct file file;
	} dir;
	struct e820_entry e820[2];
	u32 e820_size;
	const u8 *data;
	u32 left;
} cfg;

void fwcfg_init(const struct vm *vm)
{
	u64 low = vm->memory < VM_LOW_MAX ? vm->memory : VM_LOW_MAX;

	cfg.id = htole32(ID_TRADITIONAL);
	cfg.nr_cpus = htole16(vm->nr_vcpus);
	cfg.e820[0] = (struct e820_entry){ 0, htole64(low), htole32(E820_RAM) };
	cfg.e820[1] = (struct e820_entry){
		htole64(VM_4G), htole64(vm->memory - low), htole32(E820_RAM)
	};
	cfg.e820_size = sizeof(cfg.e820[0]) * (vm->memory > low ? 2 : 1);

	cfg.dir.count = htobe32(1);
	cfg.dir.file.size = htobe32(cfg.e820_size);
	cfg.dir.file.item = htobe16(ITEM_E820);
	snprintf(cfg.dir.file.name, sizeof(cfg.dir.file.name), "etc/e820");
}

static void select_data(const void *data, u32 size)
{
	cfg.data = data;
	cfg.left = size;
}

void fwcfg_select(u16 item)
{
	switch (item) {
	case ITEM_SIGNATURE:
		select_data("QEMU", 4);
		break;
	case ITEM_ID:
		select_data(&cfg.id, sizeof(cfg.id));
		break;
	case ITEM_NR_CPUS:
	case ITEM_MAX_CPUS:
		select_data(&cfg.nr_cpus, sizeof(cfg.nr_cpus));
		break;
	case ITEM_DIR:
		select_data(&cfg.dir, sizeof(cfg.dir));
		break;
	case ITEM_E820:
		select_data(cfg.e820, cfg.e820_size);
		break;
	default:
		select_data(NULL, 0);
	}
}

u8 fwcfg_read(void)
{
	if (!cfg.left)
		return 0;
	cfg.left--;
	return *cfg.data++;
}
