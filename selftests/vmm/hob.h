/* SPDX-License-Identifier: GPL-2.0-only */
/* The TD HOB: the memory map that a VMM hands to the firmware. */
#ifndef HOB_H
#define HOB_H

#include "types.h"

struct mem_range {
	u64 start;
	u64 end;
};

/**
 * struct hob_map - what the TD HOB describes
 * @ram: the TD's memory, ascending and without overlap
 * @nr_ram: entries of @ram
 * @added: parts of it that are there from the start (PAGE.ADD); any order
 * @nr_added: entries of @added
 */
struct hob_map {
	const struct mem_range *ram;
	unsigned int nr_ram;
	const struct mem_range *added;
	unsigned int nr_added;
};

/*
 * Write the list that @map asks for to @buf, which the TD sees at @gpa.
 * Returns the bytes used, or 0 where @size is too small.  *@unaccepted is set
 * to the bytes that the guest has to accept.
 */
size_t hob_build(void *buf, size_t size, u64 gpa,
		 const struct hob_map *map, u64 *unaccepted);

#endif /* HOB_H */
