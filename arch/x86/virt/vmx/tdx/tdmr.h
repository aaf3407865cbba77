/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which memory the module shall manage: from a list of RAM ranges to TDMRs.
 * Pure arithmetic, so that unit tests can try layouts no machine here has.
 */
#ifndef _TDX_TDMR_H
#define _TDX_TDMR_H

#include "portable.h"

#define TDMR_ALIGN		BIT_ULL(30)
/* A module that takes more reserved areas than this is not given more. */
#define TDMR_MAX_RESERVED	64

/* [start, end) */
struct tdx_range {
	u64 start;
	u64 end;
};

/* Sorted, disjoint, and none touches the next. */
struct tdx_ranges {
	struct tdx_range *range;
	unsigned int nr;
};

/* What the module can take; from its metadata. */
struct tdmr_limits {
	unsigned int max_tdmrs;
	unsigned int max_reserved;
	u16 pamt_entry_size[3];		/* bytes; for 4 KiB, 2 MiB, 1 GiB */
	/* With dynamic PAMT, bits instead of that for a 4 KiB page; else 0. */
	u16 pamt_bitmap_bits;
};

/* A TD memory region; all of it but the reserved areas can become private. */
struct tdmr {
	struct tdx_range range;
	unsigned int nr_reserved;
	struct tdx_range reserved[TDMR_MAX_RESERVED];

	u64 pamt_pa;			/* one block: 4 KiB, 2 MiB, 1 GiB part */
	u64 pamt_size[3];

	/* No block of so many bytes was found in it, on that node; 0: not tried. */
	u64 full_for;
	int full_nid;
};

/* Why a plan failed, for the message. */
struct tdmr_problem {
	const char *what;
	u64 addr;
};

int tdmr_plan(const struct tdx_ranges *ram, const struct tdx_ranges *cmrs,
	      const struct tdmr_limits *limits, struct tdmr *tdmrs,
	      struct tdmr_problem *problem);
int tdmr_reserve(struct tdmr *tdmr, const struct tdmr_limits *limits,
		 struct tdx_range area);
int tdmr_split(struct tdmr *tdmrs, unsigned int *nr, unsigned int i,
	       const struct tdmr_limits *limits);
u64 tdmr_pamt_bytes(const struct tdmr *tdmr);

#endif /* _TDX_TDMR_H */
