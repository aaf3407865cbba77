/* SPDX-License-Identifier: GPL-2.0-only */
/* The metadata of a TDX virtual firmware image (TDVF). */
#ifndef TDVF_H
#define TDVF_H

#include "types.h"

#define TDVF_MAX_SECTIONS	32
#define TDVF_ATTR_MR_EXTEND	(1U << 0)
#define TDVF_ATTR_PAGE_AUG	(1U << 1)

enum tdvf_type {
	TDVF_BFV,
	TDVF_CFV,
	TDVF_TD_HOB,
	TDVF_TEMP_MEM,
	TDVF_PERM_MEM,
	TDVF_PAYLOAD,
	TDVF_PAYLOAD_PARAM,
	TDVF_NR_TYPES,
};

struct tdvf_section {
	u32 data_offset;
	u32 data_size;
	u64 gpa;
	u64 size;
	u32 type;
	u32 attributes;
};

/**
 * struct tdvf - a checked image
 * @nr: number of sections
 * @sections: page-aligned, inside the image, without overlap
 * @hob: the one section of type TDVF_TD_HOB
 */
struct tdvf {
	unsigned int nr;
	struct tdvf_section sections[TDVF_MAX_SECTIONS];
	const struct tdvf_section *hob;
};

/* 0, or -1 with one line in @why (@why_len bytes) that names what is wrong. */
int tdvf_parse(const void *image, size_t size, struct tdvf *tdvf,
	       char *why, size_t why_len);
const char *tdvf_type_name(u32 type);

#endif /* TDVF_H */
