// SPDX-License-Identifier: GPL-2.0-only
/* I/O by io_uring on the shared side of guest memory, see iomem.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iomem.h"

/* The kernel has no larger table; chunks beyond do without a slot. */
#define MAX_SLOTS	(1U << 14)
/* A completion's user_data: an I/O's address, or a slot that is empty now. */
#define TAG_SLOT	1ULL

static u64 chunk_index(const struct iomem_region *r, u64 gpa)
{
	return gpa / IOMEM_CHUNK - r->gpa / IOMEM_CHUNK;
}

static u64 nr_chunks(const struct iomem_region *r)
{
	return chunk_index(r, r->gpa + r->size - 1) + 1;
}

int iomem_add(struct iomem *m, u64 gpa, u64 size, u8 *host, const u8 *is_shared)
{
	struct iomem_region *r = &m->regions[m->nr_regions];

	if (m->nr_regions == IOMEM_REGIONS || !size ||
	    (gpa | size) % IOMEM_PAGE)
		return -EINVAL;
	r->gpa = gpa;
	r->size = size;
	r->host = host;
	r->slot = m->nr_slots;
	r->is_shared = is_shared;
	r->chunks = calloc(nr_chunks(r), sizeof(*r->chunks));
	if (!r->chunks)
		return -ENOMEM;
	m->nr_slots += nr_chunks(r);
	m->nr_regions++;
	return 0;
}

int iomem_init(struct iomem *m, unsigned int entries)
{
	int ret = io_uring_queue_init(entries, &m->ring, 0);

	if (ret)
		return ret;
	if (m->nr_slots > MAX_SLOTS)
		m->nr_slots = MAX_SLOTS;
	ret = io_uring_register_buffers_sparse(&m->ring, m->nr_slots);
	if (ret)
		io_uring_queue_exit(&m->ring);
	return ret;
}

static struct iomem_region *find_region(struct iomem *m, u64 gpa)
{
	struct iomem_region *r;

	for (r = m->regions; r < m->regions + m->nr_regions; r++)
		if (gpa >= r->gpa && gpa - r->gpa < r->size)
			return r;
	return NULL;
}

u8 *iomem_at(struct iomem *m, u64 gpa, u64 len)
{
	struct iomem_region *r = find_region(m, gpa);
	u64 first, last;

	if (!r || !len || len > r->gpa + r->size - gpa)
		return NULL;
	first = (gpa - r->gpa) / IOMEM_PAGE;
	last = (gpa - r->gpa + len - 1) / IOMEM_PAGE;
	if (memchr(r->is_shared + first, 0, last - first + 1))
		return NULL;
	return r->host + (gpa - r->gpa);
}

u64 iomem_piece(u64 gpa, u64 len)
{
	u64 left = IOMEM_CHUNK - gpa % IOMEM_CHUNK;

	return len < left ? len : left;
}

/* The shared pages around @gpa, no further than the borders of its chunk. */
static struct iovec shared_run(const struct iomem_region *r, u64 gpa)
{
	u64 page = (gpa - r->gpa) / IOMEM_PAGE;
	u64 low = 0, high = r->size / IOMEM_PAGE;
	u64 chunk = gpa / IOMEM_CHUNK * IOMEM_CHUNK;
	u64 start = page, end = page + 1;

	if (chunk > r->gpa)
		low = (chunk - r->gpa) / IOMEM_PAGE;
	if (chunk + IOMEM_CHUNK < r->gpa + r->size)
		high = (chunk + IOMEM_CHUNK - r->gpa) / IOMEM_PAGE;
	while (start > low && r->is_shared[start - 1])
		start--;
	while (end < high && r->is_shared[end])
		end++;
	return (struct iovec){ r->host + start * IOMEM_PAGE,
			       (end - start) * IOMEM_PAGE };
}

/*
 * The kernel pins the pages until the slot is emptied, and then says so by a
 * completion with this tag.  Where it refuses the chunk does without a slot.
 */
static void fill_slot(struct iomem *m, const struct iomem_region *r,
		      struct iomem_chunk *c, u64 gpa)
{
	unsigned int slot = r->slot + (c - r->chunks);
	struct iovec run = shared_run(r, gpa);
	__u64 tag = (u64)slot << 1 | TAG_SLOT;

	if (slot >= m->nr_slots ||
	    io_uring_register_buffers_update_tag(&m->ring, slot, &run, &tag, 1) != 1)
		return;
	c->start = run.iov_base;
	c->end = c->start + run.iov_len;
	c->pinned = true;
	m->registered++;
}

static struct io_uring_sqe *get_sqe(struct iomem *m)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&m->ring);

	if (sqe || iomem_submit(m) < 0)
		return sqe;
	return io_uring_get_sqe(&m->ring);
}

int iomem_rw(struct iomem *m, struct iomem_io *io, bool write, int fd, u64 gpa,
	     u64 offset)
{
	u8 *host = iomem_at(m, gpa, io->len);
	struct iomem_region *r = find_region(m, gpa);
	struct io_uring_sqe *sqe;
	unsigned int slot;

	if (!host || iomem_piece(gpa, io->len) != io->len)
		return -EFAULT;
	sqe = get_sqe(m);
	if (!sqe)
		return -EAGAIN;

	io->chunk = &r->chunks[chunk_index(r, gpa)];
	if (!io->chunk->pinned)
		fill_slot(m, r, io->chunk, gpa);
	slot = r->slot + (io->chunk - r->chunks);
	if (host >= io->chunk->start && host + io->len <= io->chunk->end) {
		if (write)
			io_uring_prep_write_fixed(sqe, fd, host, io->len,
						  offset, slot);
		else
			io_uring_prep_read_fixed(sqe, fd, host, io->len,
						 offset, slot);
		m->fixed++;
	} else {
		if (write)
			io_uring_prep_write(sqe, fd, host, io->len, offset);
		else
			io_uring_prep_read(sqe, fd, host, io->len, offset);
		m->plain++;
	}
	io_uring_sqe_set_data(sqe, io);
	io->chunk->in_flight++;
	return 0;
}

int iomem_flush(struct iomem *m, struct iomem_io *io, int fd)
{
	struct io_uring_sqe *sqe = get_sqe(m);

	if (!sqe)
		return -EAGAIN;
	io->chunk = NULL;
	io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
	io_uring_sqe_set_data(sqe, io);
	return 0;
}

int iomem_submit(struct iomem *m)
{
	return io_uring_submit(&m->ring);
}

static struct iomem_chunk *chunk_of_slot(struct iomem *m, unsigned int slot)
{
	struct iomem_region *r = m->regions + m->nr_regions - 1;

	while (slot < r->slot)
		r--;
	return &r->chunks[slot - r->slot];
}

static void serve(struct iomem *m, u64 data, int res)
{
	struct iomem_io *io = (struct iomem_io *)(uintptr_t)data;

	if (data & TAG_SLOT) {
		chunk_of_slot(m, data >> 1)->pinned = false;
		return;
	}
	if (io->chunk)
		io->chunk->in_flight--;
	io->done(io, res);
}

void iomem_reap(struct iomem *m)
{
	struct io_uring_cqe *cqe;
	u64 data;
	int res;

	while (!io_uring_peek_cqe(&m->ring, &cqe)) {
		data = cqe->user_data;
		res = cqe->res;
		io_uring_cqe_seen(&m->ring, cqe);
		serve(m, data, res);
	}
}

int iomem_wait(struct iomem *m)
{
	struct io_uring_cqe *cqe;
	int ret;

	do
		ret = io_uring_wait_cqe(&m->ring, &cqe);
	while (ret == -EINTR);
	if (!ret)
		iomem_reap(m);
	return ret;
}

/* From here on the slot fails with EFAULT; what is in flight goes on. */
static int empty_slot(struct iomem *m, unsigned int slot,
		      struct iomem_chunk *c)
{
	struct iovec none = { NULL, 0 };
	__u64 tag = 0;
	int ret;

	if (c->start == c->end)
		return 0;
	ret = io_uring_register_buffers_update_tag(&m->ring, slot, &none, &tag, 1);
	if (ret != 1)
		return ret < 0 ? ret : -EIO;
	c->start = NULL;
	c->end = NULL;
	m->emptied++;
	return 0;
}

static int release_in_region(struct iomem *m, struct iomem_region *r,
			     u64 gpa, u64 end)
{
	struct iomem_chunk *first = &r->chunks[chunk_index(r, gpa)];
	struct iomem_chunk *last = &r->chunks[chunk_index(r, end - 1)];
	struct iomem_chunk *c;
	int ret = 0;

	for (c = first; !ret && c <= last; c++)
		ret = empty_slot(m, r->slot + (c - r->chunks), c);
	for (c = first; !ret && c <= last; c++)
		while (!ret && (c->in_flight || c->pinned))
			ret = iomem_wait(m);
	return ret;
}

int iomem_release(struct iomem *m, u64 gpa, u64 size)
{
	u64 end = gpa + size;
	struct iomem_region *r;
	int ret;

	/* A request that was queued must not start later. */
	ret = iomem_submit(m);
	for (r = m->regions; ret >= 0 && r < m->regions + m->nr_regions; r++) {
		u64 from = gpa > r->gpa ? gpa : r->gpa;
		u64 to = end < r->gpa + r->size ? end : r->gpa + r->size;

		if (from < to)
			ret = release_in_region(m, r, from, to);
	}
	return ret < 0 ? ret : 0;
}
