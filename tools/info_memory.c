// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the memory map fit into TDMRs?  A TDMR is whole GiBs; what is no RAM in it is
 * a reserved area, of which a TDMR has 16.  The module's own list of convertible
 * memory may save some, and is known to tdx_host alone: this is a forecast.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"

#define GIB			(1ULL << 30)
#define MIB			(1ULL << 20)
#define RESERVED_AREAS		16
#define TDMRS			64

struct range {
	uint64_t start, end;
};

struct map {
	struct range *ram;
	size_t nr;
	uint64_t bytes;
	/* Addresses are not shown; there is memory that is never convertible. */
	bool hidden, other;
};

static bool add_ram(struct map *m, uint64_t start, uint64_t end)
{
	struct range *more;

	/* Page metadata covers nothing below 1 MiB: no TD has it. */
	if (start < MIB)
		start = MIB;
	if (start >= end)
		return true;
	m->bytes += end - start;
	if (m->nr && m->ram[m->nr - 1].end == start) {
		m->ram[m->nr - 1].end = end;
		return true;
	}
	more = reallocarray(m->ram, m->nr + 1, sizeof(*more));
	if (!more)
		return false;
	m->ram = more;
	m->ram[m->nr++] = (struct range){ start, end };
	return true;
}

/* Who is not root sees each address as 0. */
static bool read_map(struct map *m)
{
	char *text = info_read_all("/proc/iomem"), *line, *save = NULL, what[64];
	unsigned long long start, end;
	bool ok = text;

	m->hidden = true;
	for (line = text ? strtok_r(text, "\n", &save) : NULL; ok && line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%llx-%llx : %63[^\n]", &start, &end, what) != 3)
			continue;
		m->hidden &= !end;
		m->other |= !strncmp(what, "CXL Window", 10) || !strcmp(what, "Persistent Memory");
		if (*line != ' ' && !strcmp(what, "System RAM"))
			ok = add_ram(m, start, end + 1);
	}
	free(text);
	return ok;
}

/* Holes in the GiB that starts at @base, whose first piece of RAM is *@i. */
static unsigned int holes_in(const struct map *m, size_t *i, uint64_t base)
{
	uint64_t at = base, end = base + GIB;
	unsigned int holes = 0;

	while (*i < m->nr && m->ram[*i].start < end) {
		holes += m->ram[*i].start > at;
		at = m->ram[*i].end;
		if (at >= end)
			return holes;
		(*i)++;
	}
	return holes + (at < end);
}

static void count_holes(const struct map *m, unsigned int *most, uint64_t *where,
			unsigned int *pieces)
{
	uint64_t base, last = 0;
	unsigned int holes;
	size_t i = 0;

	*most = *pieces = 0;
	*where = 0;
	while (i < m->nr) {
		base = m->ram[i].start > last ? m->ram[i].start : last;
		base -= base % GIB;
		/* Two pieces whose GiBs touch can share a TDMR. */
		*pieces += !last || base > last;
		holes = holes_in(m, &i, base);
		last = base + GIB;
		if (holes > *most) {
			*most = holes;
			*where = base;
		}
	}
}

void info_memory(struct info_check *c)
{
	unsigned int holes, pieces;
	struct map m = { 0 };
	uint64_t where;

	if (!read_map(&m)) {
		info_set(c, INFO_UNKNOWN, "", "/proc/iomem cannot be read: %s", strerror(errno));
	} else if (m.hidden) {
		info_set(c, INFO_UNKNOWN, "run it as root", "/proc/iomem hides the addresses");
	} else {
		count_holes(&m, &holes, &where, &pieces);
		if (holes > RESERVED_AREAS)
			info_set(c, INFO_NOTE,
				 "tdx_host leaves the smallest pieces out and names them in the log, unless they lie in one convertible range",
				 "%u holes in the GiB at %#llx, more than a TDMR's %u", holes,
				 (unsigned long long)where, RESERVED_AREAS);
		else if (pieces > TDMRS)
			info_set(c, INFO_NOTE, "the module may have too few TDMRs for all of it",
				 "%u pieces of RAM, GiBs apart, more than %u", pieces, TDMRS);
		else
			info_set(c, m.other ? INFO_NOTE : INFO_OK, m.other ?
				 "memory behind CXL and persistent memory goes to no TD" : "",
				 "%llu MiB of RAM; holes in one GiB: at most %u; page metadata takes up to %llu MiB",
				 (unsigned long long)(m.bytes / MIB), holes,
				 (unsigned long long)(m.bytes / MIB / 256));
	}
	free(m.ram);
}
