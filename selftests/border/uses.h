/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_BORDER_USES_H
#define SELFTESTS_BORDER_USES_H

#include "border.h"
#include "matrix.h"

/*
 * What a VMM does with an ioctl: real arguments, and ones that are wrong in one
 * thing alone.  Each leaves the TD as it found it, or as good.
 */
struct use {
	const char *name;
	/* The errno, 0 if there is none. */
	int (*use)(struct td *td);
	/* A vCPU's from STATE_NO_INIT on. */
	short want[NR_ANSWERED_STATES];
};

/* The last one has no name. */
extern const struct use vm_uses[], vcpu_uses[];

/* --- for both files --- */

/* Shared memory for a slot of the uses. */
#define USE_BASE	0x60000000UL
#define USE_SIZE	0x40000UL
u8 *use_memory(void);
/* @use with a slot there. */
int use_shared(struct td *td, int (*use)(struct td *td));

int use_done(int ret);
int use_tdx(int fd, u32 id, const void *data);

#endif /* SELFTESTS_BORDER_USES_H */
