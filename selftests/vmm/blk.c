// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio disk.  A thread of its own takes requests from the queue, hands them
 * to io_uring and returns them when they are done; with vm->lock held, as all
 * devices work.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/fs.h>
#include <unistd.h>

#include "dev.h"
#include "iomem.h"
#include "vm.h"

#define SECTOR		512ULL
#define ENTRIES		256
/* More than any driver puts into one request. */
#define MAX_REQUEST	(64ULL << 20)

#define FEATURE_SEG_MAX		(1ULL << 2)
#define FEATURE_FLUSH		(1ULL << 9)

enum { READ = 0, WRITE = 1, FLUSH = 4, GET_ID = 8 };
enum { OK = 0, IO_ERROR = 1, UNSUPPORTED = 2 };

struct header {
	u32 type;
	u32 reserved;
	u64 sector;
};

/* Up to the last field that is needed. */
struct config {
	u64 capacity;
	u32 size_max;
	u32 seg_max;
};

struct request;

struct piece {
	struct iomem_io io;
	struct request *rq;
};

/**
 * struct request - one that the queue has handed out
 * @head: its name
 * @status: to be
 * @status_gpa: where that goes
 * @written: bytes that the device will have written, but for the status
 * @pending: pieces of I/O that have not ended, and one for who starts them
 * @pieces: of its data
 */
struct request {
	u16 head;
	u8 status;
	u64 status_gpa;
	u32 written;
	unsigned int pending;
	struct piece pieces[];
};

static struct {
	struct vm *vm;
	int fd;
	int kick;
	atomic_bool stop;
	unsigned int in_flight;
	struct config config;
	struct iomem mem;
	struct vring_chain chain;
	pthread_t thread;
} disk = { .fd = -1 };

/* --- the guest's buffers --- */

static u64 bytes(const struct vring_part *p, unsigned int nr)
{
	u64 sum = 0;

	while (nr--)
		sum += p++->len;
	return sum;
}

/* Copies @len bytes from the front of the parts and takes them away. */
static bool take_front(struct vring_part *p, void *buf, u64 len)
{
	u64 n;
	u8 *to = buf, *from;

	for (; len; p++) {
		n = p->len < len ? p->len : len;
		if (!n)
			continue;
		from = iomem_at(&disk.mem, p->gpa, n);
		if (!from)
			return false;
		memcpy(to, from, n);
		p->gpa += n;
		p->len -= n;
		to += n;
		len -= n;
	}
	return true;
}

/* The last byte is the status. */
static u64 take_status(struct vring_part *p, unsigned int nr)
{
	for (p += nr - 1; !p->len; p--)
		;
	return p->gpa + --p->len;
}

static void put_bytes(const struct vring_part *p, unsigned int nr,
		      const char *from, u64 len)
{
	u64 n;
	u8 *to;

	for (; nr-- && len; p++) {
		n = p->len < len ? p->len : len;
		to = iomem_at(&disk.mem, p->gpa, n);
		if (!to)
			continue;
		memcpy(to, from, n);
		from += n;
		len -= n;
	}
}

/* --- requests --- */

static void give_back(u16 head, u32 written)
{
	struct vring *q = virtio_queue();

	if (q && vring_put(q, &disk.mem, head, written))
		virtio_interrupt();
}

static void finish(struct request *rq)
{
	u8 *status = iomem_at(&disk.mem, rq->status_gpa, 1);

	if (status)
		*status = rq->status;
	give_back(rq->head, rq->written + 1);
	disk.in_flight--;
	free(rq);
}

static void put_request(struct request *rq)
{
	if (!--rq->pending)
		finish(rq);
}

static void piece_done(struct iomem_io *io, int res)
{
	struct piece *piece = (struct piece *)io;

	if (res < 0 || (unsigned int)res != io->len)
		piece->rq->status = IO_ERROR;
	put_request(piece->rq);
}

/* How many pieces the data needs, or 0 if the disk or memory ends before it. */
static unsigned int count_pieces(const struct vring_part *p, unsigned int nr,
				 u64 sector)
{
	u64 total = bytes(p, nr), gpa, len, n;
	unsigned int pieces = 0;

	if (!total || total % SECTOR || total > MAX_REQUEST ||
	    sector > disk.config.capacity ||
	    total / SECTOR > disk.config.capacity - sector)
		return 0;
	for (; nr--; p++) {
		gpa = p->gpa;
		for (len = p->len; len; len -= n, gpa += n, pieces++)
			n = iomem_piece(gpa, len);
	}
	return pieces;
}

static void start_pieces(struct request *rq, bool write,
			 const struct vring_part *p, unsigned int nr, u64 offset)
{
	struct piece *piece = rq->pieces;
	u64 gpa, len, n;

	for (; nr--; p++) {
		gpa = p->gpa;
		for (len = p->len; len; len -= n, gpa += n, offset += n, piece++) {
			n = iomem_piece(gpa, len);
			piece->io.done = piece_done;
			piece->io.len = n;
			piece->rq = rq;
			if (iomem_rw(&disk.mem, &piece->io, write, disk.fd, gpa,
				     offset))
				rq->status = IO_ERROR;
			else
				rq->pending++;
		}
	}
}

static struct request *new_request(unsigned int pieces, u64 status_gpa)
{
	struct request *rq;

	rq = calloc(1, sizeof(*rq) + pieces * sizeof(struct piece));
	if (!rq)
		die(EXIT_FAILED, "out of memory");
	rq->head = disk.chain.head;
	rq->status_gpa = status_gpa;
	rq->pending = 1;
	disk.in_flight++;
	return rq;
}

static void start_data(const struct header *h, u64 status_gpa)
{
	struct vring_chain *c = &disk.chain;
	bool write = h->type == WRITE;
	struct vring_part *p = write ? c->out : c->in;
	unsigned int nr = write ? c->nr_out : c->nr_in;
	unsigned int pieces = count_pieces(p, nr, h->sector);
	struct request *rq = new_request(pieces, status_gpa);

	if (!pieces) {
		rq->status = IO_ERROR;
	} else {
		start_pieces(rq, write, p, nr, h->sector * SECTOR);
		if (!write)
			rq->written = bytes(p, nr);
	}
	put_request(rq);
}

static void start_other(const struct header *h, u64 status_gpa)
{
	static const char id[20] = "tdxrun";
	struct request *rq = new_request(1, status_gpa);
	struct piece *piece = rq->pieces;

	switch (h->type) {
	case FLUSH:
		piece->io.done = piece_done;
		piece->rq = rq;
		if (iomem_flush(&disk.mem, &piece->io, disk.fd))
			rq->status = IO_ERROR;
		else
			rq->pending++;
		break;
	case GET_ID:
		put_bytes(disk.chain.in, disk.chain.nr_in, id, sizeof(id));
		rq->written = bytes(disk.chain.in, disk.chain.nr_in);
		if (rq->written > sizeof(id))
			rq->written = sizeof(id);
		break;
	default:
		rq->status = UNSUPPORTED;
	}
	put_request(rq);
}

/* A request without a header, or without room for a status, has no answer. */
static void start_request(void)
{
	struct vring_chain *c = &disk.chain;
	struct header h;
	u64 status_gpa;

	if (bytes(c->out, c->nr_out) < sizeof(h) || !bytes(c->in, c->nr_in) ||
	    !take_front(c->out, &h, sizeof(h))) {
		give_back(c->head, 0);
		return;
	}
	disk.vm->stats.disk_requests++;
	status_gpa = take_status(c->in, c->nr_in);
	if (h.type == READ || h.type == WRITE)
		start_data(&h, status_gpa);
	else
		start_other(&h, status_gpa);
}

static void kick(void)
{
	static const u64 one = 1;

	if (write(disk.kick, &one, sizeof(one)) < 0)
		die(EXIT_FAILED, "eventfd: %s", strerror(errno));
}

/* As many as a queue holds, at a time: others want the lock, too. */
static void serve_queue(void)
{
	unsigned int n;
	const char *why;
	struct vring *q;
	int ret = 1;

	for (n = 0; ret > 0 && n < VRING_MAX; n++) {
		q = disk.in_flight < VRING_MAX ? virtio_queue() : NULL;
		ret = q ? vring_get(q, &disk.mem, &disk.chain, &why) : 0;
		if (ret > 0)
			start_request();
	}
	if (ret < 0)
		virtio_broken(why);
	if (ret > 0)
		kick();
	iomem_submit(&disk.mem);
}

static void *disk_thread(void *arg)
{
	struct pollfd fds[] = {
		{ .fd = disk.kick, .events = POLLIN },
		{ .fd = disk.mem.ring.ring_fd, .events = POLLIN },
	};
	struct vm *vm = arg;
	u64 count;

	while (!disk.stop) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents & POLLIN &&
		    read(disk.kick, &count, sizeof(count)) < 0)
			continue;
		pthread_mutex_lock(&vm->lock);
		iomem_reap(&disk.mem);
		serve_queue();
		pthread_mutex_unlock(&vm->lock);
	}
	return NULL;
}

/* What has been started ends first: it uses the driver's memory. */
static void reset(void)
{
	while (disk.in_flight && !iomem_wait(&disk.mem))
		;
}

/* --- the rest of tdxrun --- */

int blk_before_conversion(u64 gpa, u64 size)
{
	return disk.fd < 0 ? 0 : iomem_release(&disk.mem, gpa, size);
}

static u64 size_of(int fd, const char *path)
{
	struct stat st;
	u64 size;

	if (fstat(fd, &st))
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	size = st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &size))
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	return size;
}

void blk_init(struct vm *vm, const char *path)
{
	const struct virtio_dev dev = {
		.dev_fn = 2 << 3,
		.id = 0x1042,
		.class = 0x0100,
		.features = FEATURE_SEG_MAX | FEATURE_FLUSH,
		.config = &disk.config,
		.config_size = sizeof(disk.config),
		.kick = kick,
		.reset = reset,
	};
	unsigned int i;
	int ret = 0;

	disk.vm = vm;
	disk.fd = open(path, O_RDWR | O_CLOEXEC);
	if (disk.fd < 0)
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	disk.config.capacity = size_of(disk.fd, path) / SECTOR;
	disk.config.seg_max = VRING_MAX - 2;
	if (!disk.config.capacity)
		die(EXIT_FAILED, "%s: less than a sector", path);

	for (i = 0; !ret && i < vm->nr_slots; i++)
		ret = iomem_add(&disk.mem, vm->slots[i].gpa, vm->slots[i].size,
				vm->slots[i].shared, vm->slots[i].is_shared);
	if (!ret)
		ret = iomem_init(&disk.mem, ENTRIES);
	if (ret)
		die(EXIT_FAILED, "io_uring: %s", strerror(-ret));
	disk.kick = eventfd(0, EFD_CLOEXEC);
	if (disk.kick < 0)
		die(EXIT_FAILED, "eventfd: %s", strerror(errno));
	virtio_init(vm, &dev);
}

void blk_start(struct vm *vm)
{
	int ret;

	if (disk.fd < 0)
		return;
	ret = pthread_create(&disk.thread, NULL, disk_thread, vm);
	if (ret)
		die(EXIT_FAILED, "thread of the disk: %s", strerror(ret));
}

/* I/O that is in flight ends with the process, or before. */
void blk_stop(struct vm *vm)
{
	if (disk.fd < 0)
		return;
	disk.stop = true;
	kick();
	pthread_join(disk.thread, NULL);
	vm->stats.disk_fixed = disk.mem.fixed;
	vm->stats.disk_plain = disk.mem.plain;
	vm->stats.disk_registered = disk.mem.registered;
	vm->stats.disk_emptied = disk.mem.emptied;
}
