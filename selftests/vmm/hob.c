// SPDX-License-Identifier: GPL-2.0-only
/*
 * Build the TD HOB: a hand-off block, one resource descriptor for each piece
 * of memory, an end marker.
 */
#include <assert.h>
#include <string.h>

#include "hob.h"

enum hob_type {
	HOB_HANDOFF	= 0x0001,
	HOB_RESOURCE	= 0x0003,
	HOB_END		= 0xffff,
};

enum hob_resource_type {
	RESOURCE_SYSTEM_MEMORY	= 0,
	RESOURCE_UNACCEPTED	= 7,
};

#define HANDOFF_VERSION		9
/* Present, initialized and tested. */
#define RESOURCE_ATTRIBUTES	0x7

struct hob_header {
	u16 type;
	u16 length;
	u32 reserved;
};

struct hob_handoff {
	struct hob_header header;
	u32 version;
	u32 boot_mode;
	u64 memory_top;
	u64 memory_bottom;
	u64 free_memory_top;
	u64 free_memory_bottom;
	u64 end_of_list;
};

struct hob_resource {
	struct hob_header header;
	u8 owner[16];
	u32 type;
	u32 attributes;
	u64 start;
	u64 length;
};

struct list {
	u8 *buf;
	size_t size;
	size_t used;
	bool full;
	u64 unaccepted;
};

static void *append(struct list *l, enum hob_type type, size_t len)
{
	struct hob_header *h = (void *)(l->buf + l->used);

	if (l->full || len > l->size - l->used) {
		l->full = true;
		return NULL;
	}
	memset(h, 0, len);
	h->type = type;
	h->length = len;
	l->used += len;
	return h;
}

static void append_memory(struct list *l, enum hob_resource_type type,
			  u64 start, u64 end)
{
	struct hob_resource *r = append(l, HOB_RESOURCE, sizeof(*r));

	if (!r)
		return;
	r->type = type;
	r->attributes = RESOURCE_ATTRIBUTES;
	r->start = start;
	r->length = end - start;
	if (type == RESOURCE_UNACCEPTED)
		l->unaccepted += end - start;
}

/* The first part of @map->added that ends behind @pos, or NULL. */
static const struct mem_range *next_added(const struct hob_map *map,
					  u64 pos)
{
	const struct mem_range *r, *best = NULL;

	for (r = map->added; r < map->added + map->nr_added; r++)
		if (r->end > pos && (!best || r->start < best->start))
			best = r;
	return best;
}

static void append_ram(struct list *l, const struct hob_map *map,
		       const struct mem_range *ram)
{
	const struct mem_range *a;
	u64 pos = ram->start, stop;

	while (pos < ram->end) {
		a = next_added(map, pos);
		if (a && a->start <= pos) {
			stop = a->end < ram->end ? a->end : ram->end;
			append_memory(l, RESOURCE_SYSTEM_MEMORY, pos, stop);
		} else {
			stop = a && a->start < ram->end ? a->start : ram->end;
			append_memory(l, RESOURCE_UNACCEPTED, pos, stop);
		}
		pos = stop;
	}
}

size_t hob_build(void *buf, size_t size, u64 gpa,
		 const struct hob_map *map, u64 *unaccepted)
{
	struct list l = { .buf = buf, .size = size };
	struct hob_handoff *h;
	unsigned int i;

	static_assert(sizeof(struct hob_handoff) == 0x38, "hand-off block");
	static_assert(sizeof(struct hob_resource) == 0x30, "resource block");

	h = append(&l, HOB_HANDOFF, sizeof(*h));
	for (i = 0; i < map->nr_ram; i++)
		append_ram(&l, map, &map->ram[i]);
	append(&l, HOB_END, sizeof(struct hob_header));
	if (l.full)
		return 0;

	h->version = HANDOFF_VERSION;
	h->end_of_list = gpa + l.used;
	*unaccepted = l.unaccepted;
	return l.used;
}
