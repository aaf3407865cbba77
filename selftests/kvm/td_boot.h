/* SPDX-License-Identifier: GPL-2.0-only */
/* What td_boot.S and td_lib.c agree on. */
#ifndef TD_BOOT_H
#define TD_BOOT_H

#define TD_BOOT_GPA		0xfffff000
#define TD_BOOT_CODE		0x800
#define TD_BOOT_VCPUS		0x40
#define TD_BOOT_VCPU_SHIFT	4
#define TD_BOOT_RSP		0
#define TD_BOOT_ENTRY		8
#define TD_MAX_VCPUS		8

#ifndef TD_BOOT_ASM
#include <linux/types.h>

struct td_boot_vcpu {
	u64 rsp;
	u64 entry;
};

struct td_boot_params {
	u64 cr3;
	u8 reserved[TD_BOOT_VCPUS - 8];
	struct td_boot_vcpu vcpus[TD_MAX_VCPUS];
};

extern const u8 td_boot_page[];
#endif

#endif /* TD_BOOT_H */
