/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O by io_uring on the shared side of guest memory.
 *
 * Guest memory is cut into chunks of 2 MiB, and each chunk has a slot in the
 * ring's table of registered buffers.  The first I/O on a chunk registers the
 * shared pages around it.  A conversion that touches a chunk first empties its
 * slot and waits until the chunk's I/O has ended and its pages are unpinned;
 * the next I/O registers what is shared by then.  The caller serializes.
 */
#ifndef IOMEM_H
#define IOMEM_H

#include <liburing.h>

#include "types.h"

#define IOMEM_PAGE	0x1000ULL
#define IOMEM_CHUNK	(2ULL << 20)
#define IOMEM_REGIONS	3

/**
 * struct iomem_chunk - 2 MiB of guest memory, or less at a region's end
 * @start: what is registered, as host addresses; empty if nothing is
 * @end: its end
 * @in_flight: I/O on the chunk that has not ended
 * @pinned: the ring has pages of the chunk pinned, and has not let go of them
 */
struct iomem_chunk {
	u8 *start;
	u8 *end;
	unsigned int in_flight;
	bool pinned;
};

/**
 * struct iomem_region - a range of guest memory
 * @gpa: where it starts, on a page
 * @size: whole pages
 * @host: its shared side
 * @is_shared: one byte a page, which the caller keeps
 * @chunks: from the 2 MiB on that @gpa is in
 * @slot: the first chunk's
 */
struct iomem_region {
	u64 gpa;
	u64 size;
	u8 *host;
	const u8 *is_shared;
	struct iomem_chunk *chunks;
	unsigned int slot;
};

struct iomem_io;

/* Gets the I/O and its result: bytes, or a negative errno. */
typedef void (*iomem_done)(struct iomem_io *io, int res);

/**
 * struct iomem_io - one I/O on one chunk; user_data of its completion
 * @done: called when it has ended
 * @chunk: where; NULL if it moves no data
 * @len: its bytes
 */
struct iomem_io {
	iomem_done done;
	struct iomem_chunk *chunk;
	unsigned int len;
};

/**
 * struct iomem - a ring over guest memory
 * @fixed: I/O on registered buffers
 * @plain: I/O on pages that no slot covers
 * @registered: how often a slot was filled
 * @emptied: how often a slot was emptied ahead of a conversion
 */
struct iomem {
	struct io_uring ring;
	unsigned int nr_regions;
	struct iomem_region regions[IOMEM_REGIONS];
	unsigned int nr_slots;
	unsigned long fixed;
	unsigned long plain;
	unsigned long registered;
	unsigned long emptied;
};

/* Regions come first; 0, or a negative errno. */
int iomem_add(struct iomem *m, u64 gpa, u64 size, u8 *host,
	      const u8 *is_shared);
int iomem_init(struct iomem *m, unsigned int entries);

/* Where the host sees [@gpa, @gpa + @len), or NULL if that is not all shared. */
u8 *iomem_at(struct iomem *m, u64 gpa, u64 len);

/* Bytes from @gpa on that one iomem_io can cover, at most @len. */
u64 iomem_piece(u64 gpa, u64 len);

/*
 * Queue @io, with its @done and @len set; a piece, and shared.  It is submitted
 * by iomem_submit(), or when the queue is full.  0, or a negative errno.
 */
int iomem_rw(struct iomem *m, struct iomem_io *io, bool write, int fd, u64 gpa,
	     u64 offset);
/* What was written is to survive the host. */
int iomem_flush(struct iomem *m, struct iomem_io *io, int fd);
int iomem_submit(struct iomem *m);

/* Serve all completions that have come; or wait for one, and serve those. */
void iomem_reap(struct iomem *m);
int iomem_wait(struct iomem *m);

/*
 * Ahead of a conversion of [@gpa, @gpa + @size): no I/O on its chunks is left,
 * and none of their pages is pinned.
 */
int iomem_release(struct iomem *m, u64 gpa, u64 size);

#endif /* IOMEM_H */
