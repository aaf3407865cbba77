// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searching metadata fields.  An identifier matches by class and field code
 * within the context that the leaf implies; its size and context bits do not
 * matter, so the short identifiers that Linux uses work.
 */
#include "core/metadata.h"

static const struct sw_md_field *field_at(const void *fields, size_t stride,
					  size_t i)
{
	return (const void *)((const u8 *)fields + i * stride);
}

int sw_md_find(const void *fields, size_t n, size_t stride, u64 id)
{
	size_t i;

	if (id & SW_MD_RESERVED)
		return -1;
	for (i = 0; i < n; i++) {
		const struct sw_md_field *f = field_at(fields, stride, i);

		if (SW_MD_CLASS(f->id) == SW_MD_CLASS(id) &&
		    SW_MD_CODE(id) >= SW_MD_CODE(f->id) &&
		    SW_MD_CODE(id) - SW_MD_CODE(f->id) < f->count)
			return i;
	}
	return -1;
}

u64 sw_md_next(const void *fields, size_t n, size_t stride, int i, u64 id)
{
	const struct sw_md_field *f = field_at(fields, stride, i);
	u32 index = SW_MD_CODE(id) - SW_MD_CODE(f->id);

	if (index + 1 < f->count)
		return f->id + index + 1;
	if ((size_t)i + 1 == n)
		return SW_MD_NULL_ID;
	return field_at(fields, stride, i + 1)->id;
}

u64 sw_md_first(bool v1, u64 field)
{
	return !v1 && field == SW_MD_NULL_ID ? SW_METADATA_FIELD_ID_INCORRECT : 0;
}

bool sw_md_may_read(const struct sw_md_access *a, enum sw_side side, bool debug)
{
	if (side == SW_GUEST)
		return a->td_rd;
	return a->host_rd || (debug && a->dbg_rd);
}

u64 sw_md_writable(const struct sw_md_access *a, enum sw_side side, bool debug)
{
	if (side == SW_GUEST)
		return a->td_wr;
	return a->host_wr | (debug ? a->dbg_wr : 0);
}

u64 sw_md_merge(u64 writable, u64 mask, u64 old, u64 *val)
{
	/*
	 * Linux writes whole fields under a mask of all ones, as a host the
	 * address of the posted-interrupt descriptor, as a TD NOTIFY_ENABLES.
	 */
	if (!(mask & writable))
		return SW_METADATA_FIELD_NOT_WRITABLE;
	if ((old ^ *val) & mask & ~writable)
		return SW_METADATA_FIELD_VALUE_NOT_VALID;
	mask &= writable;
	*val = (old & ~mask) | (*val & mask);
	return 0;
}

u64 sw_md_load(const void *p, u64 id)
{
	u64 val = 0;

	memcpy(&val, p, SW_MD_SIZE(id));
	return val;
}

u64 sw_md_store(void *p, u64 id, u64 val)
{
	unsigned int size = SW_MD_SIZE(id);

	if (size < sizeof(val) && val >> (8 * size))
		return SW_METADATA_FIELD_VALUE_NOT_VALID;
	memcpy(p, &val, size);
	return 0;
}
