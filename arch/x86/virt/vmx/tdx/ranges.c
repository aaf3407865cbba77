// SPDX-License-Identifier: GPL-2.0-only
/* Lists of address ranges: sorted, disjoint, and none touches the next. */
#include <linux/errno.h>
#include <linux/slab.h>

#include "host.h"

/* Append [start, end), which does not lie before the end of the list. */
int tdx_ranges_add(struct tdx_ranges *list, u64 start, u64 end)
{
	struct tdx_range *more;

	if (start >= end)
		return 0;
	if (list->nr && list->range[list->nr - 1].end == start) {
		list->range[list->nr - 1].end = end;
		return 0;
	}
	more = krealloc_array(list->range, list->nr + 1, sizeof(*more),
			      GFP_KERNEL);
	if (!more)
		return -ENOMEM;
	more[list->nr++] = (struct tdx_range){ start, end };
	list->range = more;
	return 0;
}

void tdx_ranges_free(struct tdx_ranges *list)
{
	kfree(list->range);
	list->range = NULL;
	list->nr = 0;
}

/* Does one range of @list have all of [start, end)? */
bool tdx_ranges_cover(const struct tdx_ranges *list, u64 start, u64 end)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		if (start >= list->range[i].start && end <= list->range[i].end)
			return true;
	}
	return false;
}

/* Does any range of @list have a part of [start, end)? */
bool tdx_ranges_meet(const struct tdx_ranges *list, u64 start, u64 end)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		if (start < list->range[i].end && end > list->range[i].start)
			return true;
	}
	return false;
}

u64 tdx_ranges_bytes(const struct tdx_ranges *list)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < list->nr; i++)
		sum += list->range[i].end - list->range[i].start;
	return sum;
}

/* @out, which is empty, becomes what both @a and @b have. */
int tdx_ranges_intersect(struct tdx_ranges *out, const struct tdx_ranges *a,
			 const struct tdx_ranges *b)
{
	unsigned int i = 0, j = 0;
	int ret = 0;

	while (!ret && i < a->nr && j < b->nr) {
		ret = tdx_ranges_add(out,
				     max(a->range[i].start, b->range[j].start),
				     min(a->range[i].end, b->range[j].end));
		if (a->range[i].end < b->range[j].end)
			i++;
		else
			j++;
	}
	return ret;
}

/* @out, which is empty, becomes what @a has and @b has not. */
int tdx_ranges_subtract(struct tdx_ranges *out, const struct tdx_ranges *a,
			const struct tdx_ranges *b)
{
	unsigned int i, j = 0;
	int ret = 0;

	for (i = 0; !ret && i < a->nr; i++) {
		u64 pos = a->range[i].start, end = a->range[i].end;

		while (j < b->nr && b->range[j].end <= pos)
			j++;
		while (!ret && j < b->nr && b->range[j].start < end) {
			ret = tdx_ranges_add(out, pos, b->range[j].start);
			pos = b->range[j].end;
			/* It may reach into the next range of @a. */
			if (pos >= end)
				break;
			j++;
		}
		if (!ret)
			ret = tdx_ranges_add(out, pos, end);
	}
	return ret;
}
