// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find and check a firmware image's TDVF metadata.
 *
 * The image ends in a table of GUIDed entries that is read backwards: the
 * footer entry sits 0x20 bytes before the end.  One entry holds the metadata
 * descriptor's distance from the end of the image.  Every number in it is the
 * image's author's choice, so each is checked before it is used.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tdvf.h"

#define PAGE_SIZE	0x1000ULL
#define GUID_LEN	16
#define ENTRY_HDR	(2 + GUID_LEN)
#define TABLE_END	0x20
#define MIN_IMAGE	0x1000
#define MAX_IMAGE	(64U << 20)
#define MAX_GPA		(1ULL << 47)
#define RESET_VECTOR	0xfffffff0ULL

/* 96b582de-1fb2-45f7-baea-a366c55a082d */
static const u8 footer_guid[GUID_LEN] = {
	0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
	0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
};

/* e47a6535-984a-4798-865e-4685a7bf8ec2 */
static const u8 metadata_guid[GUID_LEN] = {
	0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
	0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2,
};

struct descriptor {
	u8 signature[4];
	u32 length;
	u32 version;
	u32 nr;
};

struct parse {
	const u8 *image;
	size_t size;
	char *why;
	size_t why_len;
};

__printf(2, 3)
static int bad(const struct parse *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->why, p->why_len, fmt, args);
	va_end(args);
	return -1;
}

static const char * const type_names[TDVF_NR_TYPES] = {
	[TDVF_BFV]		= "BFV",
	[TDVF_CFV]		= "CFV",
	[TDVF_TD_HOB]		= "TD_HOB",
	[TDVF_TEMP_MEM]		= "TempMem",
	[TDVF_PERM_MEM]		= "PermMem",
	[TDVF_PAYLOAD]		= "Payload",
	[TDVF_PAYLOAD_PARAM]	= "PayloadParam",
};

const char *tdvf_type_name(u32 type)
{
	return type < TDVF_NR_TYPES ? type_names[type] : "unknown";
}

static u16 read_u16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static u32 read_u32(const u8 *p)
{
	return read_u16(p) | (u32)read_u16(p + 2) << 16;
}

/* The table as [*start, *end) offsets, without the footer entry. */
static int find_table(const struct parse *p, size_t *start, size_t *end)
{
	size_t footer = p->size - TABLE_END - ENTRY_HDR;
	u16 len = read_u16(p->image + footer);

	if (memcmp(p->image + footer + 2, footer_guid, GUID_LEN))
		return bad(p, "no GUID table at the end of the image");
	if (len < ENTRY_HDR || len > footer + ENTRY_HDR)
		return bad(p, "GUID table: length %u is out of range", len);
	*start = footer + ENTRY_HDR - len;
	*end = footer;
	return 0;
}

/* Walk the entries backwards; each ends in its length and its GUID. */
static int find_metadata(const struct parse *p, size_t *offset)
{
	size_t start = 0, end = 0, len;
	u32 distance;

	if (find_table(p, &start, &end))
		return -1;

	for (; end > start; end -= len) {
		if (end - start < ENTRY_HDR)
			return bad(p, "GUID table: %zu stray bytes",
				   end - start);
		len = read_u16(p->image + end - ENTRY_HDR);
		if (len < ENTRY_HDR || len > end - start)
			return bad(p, "GUID table: entry length %zu is out of range",
				   len);
		if (memcmp(p->image + end - GUID_LEN, metadata_guid, GUID_LEN))
			continue;
		if (len != ENTRY_HDR + 4)
			return bad(p, "TDVF metadata entry: length %zu, expected %d",
				   len, ENTRY_HDR + 4);
		distance = read_u32(p->image + end - len);
		if (distance > p->size ||
		    distance < sizeof(struct descriptor))
			return bad(p, "TDVF metadata offset %#x is outside the image",
				   distance);
		*offset = p->size - distance;
		return 0;
	}
	return bad(p, "no TDVF metadata entry in the GUID table");
}

static int read_descriptor(const struct parse *p, size_t offset,
			   struct descriptor *d)
{
	memcpy(d, p->image + offset, sizeof(*d));
	if (memcmp(d->signature, "TDVF", 4))
		return bad(p, "TDVF metadata: wrong signature");
	if (d->version != 1)
		return bad(p, "TDVF metadata: version %u, expected 1",
			   d->version);
	if (!d->nr || d->nr > TDVF_MAX_SECTIONS)
		return bad(p, "TDVF metadata: %u sections, expected 1 to %d",
			   d->nr, TDVF_MAX_SECTIONS);
	if (d->length != sizeof(*d) + d->nr * sizeof(struct tdvf_section))
		return bad(p, "TDVF metadata: length %u does not fit %u sections",
			   d->length, d->nr);
	if (d->length > p->size - offset)
		return bad(p, "TDVF metadata: truncated");
	return 0;
}

static bool has_data(u32 type)
{
	return type == TDVF_BFV || type == TDVF_CFV || type == TDVF_PAYLOAD;
}

static int check_data(const struct parse *p, const struct tdvf_section *s,
		      unsigned int i)
{
	const char *name = tdvf_type_name(s->type);

	if (!has_data(s->type)) {
		if (s->data_offset || s->data_size)
			return bad(p, "section %u (%s): has data, must have none",
				   i, name);
		return 0;
	}
	if (!s->data_size)
		return bad(p, "section %u (%s): has no data", i, name);
	if (s->data_offset > p->size || s->data_size > p->size - s->data_offset)
		return bad(p, "section %u (%s): data %#x+%#x ends beyond the file, %#zx",
			   i, name, s->data_offset, s->data_size, p->size);
	if (s->data_size > s->size)
		return bad(p, "section %u (%s): data %#x is larger than its memory %#llx",
			   i, name, s->data_size,
			   (unsigned long long)s->size);
	return 0;
}

static int check_section(const struct parse *p, const struct tdvf_section *s,
			 unsigned int i)
{
	unsigned long long gpa = s->gpa, size = s->size;
	const char *name = tdvf_type_name(s->type);

	if (s->type >= TDVF_NR_TYPES)
		return bad(p, "section %u: unknown type %u", i, s->type);
	if (s->attributes & ~(TDVF_ATTR_MR_EXTEND | TDVF_ATTR_PAGE_AUG))
		return bad(p, "section %u (%s): unknown attributes %#x", i,
			   name, s->attributes);
	if (!size || size % PAGE_SIZE || gpa % PAGE_SIZE)
		return bad(p, "section %u (%s): memory %#llx+%#llx is not whole pages",
			   i, name, gpa, size);
	if (gpa >= MAX_GPA || size > MAX_GPA - gpa)
		return bad(p, "section %u (%s): memory %#llx+%#llx is beyond private memory",
			   i, name, gpa, size);
	if ((s->attributes & TDVF_ATTR_PAGE_AUG) && s->type != TDVF_PERM_MEM)
		return bad(p, "section %u (%s): PAGE.AUG is for PermMem only",
			   i, name);
	return check_data(p, s, i);
}

static int check_overlap(const struct parse *p, const struct tdvf *tdvf,
			 unsigned int i)
{
	const struct tdvf_section *a = &tdvf->sections[i], *b;
	unsigned int j;

	for (j = 0; j < i; j++) {
		b = &tdvf->sections[j];
		if (a->gpa < b->gpa + b->size && b->gpa < a->gpa + a->size)
			return bad(p, "sections %u and %u overlap at %#llx", j,
				   i, (unsigned long long)
				   (a->gpa > b->gpa ? a->gpa : b->gpa));
	}
	return 0;
}

/* What a TD cannot start without: a HOB, and code at the reset vector. */
static int check_whole(const struct parse *p, struct tdvf *tdvf)
{
	const struct tdvf_section *s;
	bool reset = false;
	unsigned int i;

	for (i = 0; i < tdvf->nr; i++) {
		s = &tdvf->sections[i];
		if (s->type == TDVF_TD_HOB) {
			if (tdvf->hob)
				return bad(p, "section %u: a second TD_HOB", i);
			tdvf->hob = s;
		}
		if (s->type == TDVF_BFV && s->gpa <= RESET_VECTOR &&
		    s->gpa + s->size > RESET_VECTOR)
			reset = true;
	}
	if (!tdvf->hob)
		return bad(p, "no TD_HOB section");
	if (!reset)
		return bad(p, "no BFV section covers the reset vector %#llx",
			   RESET_VECTOR);
	return 0;
}

int tdvf_parse(const void *image, size_t size, struct tdvf *tdvf,
	       char *why, size_t why_len)
{
	const struct parse p = { image, size, why, why_len };
	struct descriptor d;
	size_t offset = 0;
	unsigned int i;

	static_assert(sizeof(struct tdvf_section) == 32,
		      "a section is 32 bytes in the image");

	memset(tdvf, 0, sizeof(*tdvf));
	if (size < MIN_IMAGE || size > MAX_IMAGE)
		return bad(&p, "image of %zu bytes, expected %u to %u", size,
			   MIN_IMAGE, MAX_IMAGE);
	if (find_metadata(&p, &offset) || read_descriptor(&p, offset, &d))
		return -1;

	tdvf->nr = d.nr;
	memcpy(tdvf->sections, p.image + offset + sizeof(d),
	       d.nr * sizeof(struct tdvf_section));
	for (i = 0; i < tdvf->nr; i++)
		if (check_section(&p, &tdvf->sections[i], i) ||
		    check_overlap(&p, tdvf, i))
			return -1;
	return check_whole(&p, tdvf);
}
