/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metadata fields: identifiers, and the search that the three contexts share.
 */
#ifndef _SWMOD_METADATA_H
#define _SWMOD_METADATA_H

#include "core/core.h"

#define SW_MD_NULL_ID		(~0ULL)
#define SW_MD_ALL		(~0ULL)

#define SW_MD_CODE(id)		((u32)((id) & 0xffffff))
#define SW_MD_CLASS(id)		((u32)((id) >> 56 & 0x3f))
/* Bytes of one element. */
#define SW_MD_SIZE(id)		(1u << ((id) >> 32 & 3))
/* Bits 31:24, 37:34, 46:38, 49:47, 55 and 62 have to be zero. */
#define SW_MD_RESERVED		0x4083FFFCFF000000ULL

/* A field: @count consecutive codes.  Where it is, each context knows. */
struct sw_md_field {
	u64 id;
	u16 count;
};

/*
 * Find @id among @n fields that begin with a struct sw_md_field and are
 * @stride bytes apart: the field's number, or -1.
 */
int sw_md_find(const void *fields, size_t n, size_t stride, u64 id);
/* The identifier that follows @id, which is in field @i. */
u64 sw_md_next(const void *fields, size_t n, size_t stride, int i, u64 id);

/* Who may do what with a field that lies in memory. */
struct sw_md_access {
	bool host_rd, dbg_rd, td_rd;
	u64 host_wr, dbg_wr, td_wr;	/* writable bits */
};

bool sw_md_may_read(const struct sw_md_access *a, enum sw_side side, bool debug);
u64 sw_md_writable(const struct sw_md_access *a, enum sw_side side, bool debug);
/*
 * Put the bits of *@val under @mask into @old, as far as they are @writable.
 * Bits that are not have to stay as they are, whether @mask has them or not.
 */
u64 sw_md_merge(u64 writable, u64 mask, u64 old, u64 *val);
u64 sw_md_load(const void *p, u64 id);
u64 sw_md_store(void *p, u64 id, u64 val);

#endif /* _SWMOD_METADATA_H */
