// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O by io_uring on a TD's shared memory, in buffers that the ring has pinned,
 * while memory converts: with ../vmm/iomem.c, which tdxrun's disk uses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "../vmm/iomem.h"
#include "huge.h"

#define NR_CHUNKS	4
#define SIZE		(NR_CHUNKS * IOMEM_CHUNK)
#define CHUNK(n)	(HUGE_BASE + (n) * IOMEM_CHUNK)
#define LEN		(64U << 10)
#define ROUNDS		24
/* As many more than there are KeyIDs that one which was lost is missed. */
#define LIVES		40
/* Long enough for a thread that does not wait. */
#define A_WHILE_US	50000

/* The same page as the guest sees it where it is shared, see guest_start.S. */
#define SHARED_AT(gpa)	((1ULL << 39) + (gpa))

struct box {
	struct huge h;
	struct iomem m;
	u8 is_shared[SIZE / PAGE];
	pthread_mutex_t lock;
	int pipe[2];
};

struct read_io {
	struct iomem_io io;
	int res;
	atomic_bool done;
};

static void read_done(struct iomem_io *io, int res)
{
	struct read_io *r = (struct read_io *)io;

	r->res = res;
	r->done = true;
}

static void set_shared(struct box *b, u64 gpa, u64 size, bool shared)
{
	memset(b->is_shared + (gpa - HUGE_BASE) / PAGE, shared, size / PAGE);
}

/* What is left of a conversion once nothing uses the memory any more. */
static void convert_carelessly(struct box *b, u64 gpa, u64 size, bool private)
{
	u64 offset = gpa - HUGE_BASE;

	td_set_private(b->h.td, gpa, size, private);
	if (private)
		madvise((u8 *)b->h.shared + offset, size, MADV_DONTNEED);
	else
		punch(&b->h, offset, size);
	set_shared(b, gpa, size, !private);
}

static int convert(struct box *b, u64 gpa, u64 size, bool private)
{
	int ret = iomem_release(&b->m, gpa, size);

	if (!ret)
		convert_carelessly(b, gpa, size, private);
	return ret;
}

/* The first chunk is shared, the others are private. */
static struct box *box_up(void)
{
	struct box *b = calloc(1, sizeof(*b));
	int ret;

	b->h = huge_up(HUGE_BASE, SIZE, 0);
	pthread_mutex_init(&b->lock, NULL);
	ret = iomem_add(&b->m, HUGE_BASE, SIZE, b->h.shared, b->is_shared);
	if (!ret)
		ret = iomem_init(&b->m, 16);
	if (ret || pipe(b->pipe) || convert(b, CHUNK(0), IOMEM_CHUNK, false)) {
		printf("Bail out! io_uring: %s\n", strerror(-ret));
		exit(1);
	}
	return b;
}

static void box_down(struct box *b)
{
	io_uring_queue_exit(&b->m.ring);
	close(b->pipe[0]);
	close(b->pipe[1]);
	huge_down(&b->h, SIZE);
	free(b->m.regions[0].chunks);
	free(b);
}

static int start_io(struct box *b, struct read_io *r, bool write, int fd,
		    u64 gpa, unsigned int len, u64 offset)
{
	int ret;

	r->io.done = read_done;
	r->io.len = len;
	r->done = false;
	ret = iomem_rw(&b->m, &r->io, write, fd, gpa, offset);
	return ret ? ret : iomem_submit(&b->m) < 0 ? -EIO : 0;
}

static int do_io(struct box *b, bool write, int fd, u64 gpa, u64 offset)
{
	struct read_io r;
	int ret = start_io(b, &r, write, fd, gpa, LEN, offset);

	while (!ret && !r.done)
		ret = iomem_wait(&b->m);
	return ret ? ret : r.res;
}

/* A pipe without data: the read is in flight until somebody writes. */
static int start_on_pipe(struct box *b, struct read_io *r, u64 gpa)
{
	return start_io(b, r, false, b->pipe[0], gpa, PAGE, 0);
}

static bool feed_pipe(struct box *b, u64 word)
{
	u64 page[PAGE / 8];
	unsigned int i;

	for (i = 0; i < PAGE / 8; i++)
		page[i] = word;
	return write(b->pipe[1], page, PAGE) == PAGE;
}

static bool finish(struct box *b, struct read_io *r)
{
	int ret = 0;

	while (!ret && !r->done)
		ret = iomem_wait(&b->m);
	return r->done && r->res == (int)PAGE;
}

/* --- data --- */

struct converter {
	struct box *b;
	atomic_bool stop;
	atomic_uint rounds;
	atomic_int ret;
};

/* Chunks 1 and 2, whole and in part. */
static void *convert_others(void *arg)
{
	struct converter *c = arg;
	bool private = false;

	while (!c->stop && !c->ret) {
		pthread_mutex_lock(&c->b->lock);
		c->ret = convert(c->b, CHUNK(1) + 5 * PAGE, IOMEM_CHUNK, private);
		pthread_mutex_unlock(&c->b->lock);
		private = !private;
		c->rounds++;
		sched_yield();
	}
	return NULL;
}

static int numbered_file(void)
{
	FILE *f = tmpfile();
	u64 i;

	for (i = 0; i < ROUNDS * LEN / 8; i++)
		fwrite(&i, sizeof(i), 1, f);
	fflush(f);
	return fileno(f);
}

/* From the file to the guest, and from the guest to the file. */
static bool round_trip(struct box *b, int fd, unsigned int round)
{
	u64 at = CHUNK(0) + round * LEN, offset = (u64)round * LEN, back = 0;
	bool ok = do_io(b, false, fd, at, offset) == (int)LEN;
	unsigned int i;

	for (i = 0; i < LEN / PAGE; i++)
		ok &= order(&b->h, ORDER_READ, SHARED_AT(at + i * PAGE), 0) ==
		      (offset + i * PAGE) / 8;
	ok &= order(&b->h, ORDER_WRITE, SHARED_AT(at), round) == round;
	ok &= do_io(b, true, fd, at, offset) == (int)LEN;
	return ok && pread(fd, &back, 8, offset) == 8 && back == round;
}

static void data_is_right_while_other_chunks_convert(void)
{
	struct box *b = box_up();
	struct converter c = { .b = b };
	int fd = numbered_file();
	unsigned int round, good = 0, before;
	pthread_t thread;

	pthread_create(&thread, NULL, convert_others, &c);
	for (round = 0; round < ROUNDS; round++) {
		before = c.rounds;
		pthread_mutex_lock(&b->lock);
		good += round_trip(b, fd, round);
		pthread_mutex_unlock(&b->lock);
		/* The lock is not fair. */
		while (c.rounds == before && !c.ret)
			sched_yield();
	}
	c.stop = true;
	pthread_join(thread, NULL);
	ktap_note("%u conversions", c.rounds);
	ktap_result(good == ROUNDS && c.rounds >= ROUNDS / 2 && !c.ret &&
		    b->m.fixed == 2 * ROUNDS && b->m.registered == 1,
		    "%s: %u of %u, %lu on registered buffers", __func__, good,
		    ROUNDS, b->m.fixed);
	box_down(b);
}

/* The edge of what is shared is the edge of what is pinned. */
static void only_shared_pages_are_registered(void)
{
	struct box *b = box_up();
	struct iomem_chunk *c = b->m.regions[0].chunks;
	struct read_io r;
	bool refused;
	int ret;

	ret = convert(b, CHUNK(0), 3 * PAGE, true);
	refused = start_on_pipe(b, &r, CHUNK(0) + 2 * PAGE) == -EFAULT;
	if (!ret)
		ret = start_on_pipe(b, &r, CHUNK(0) + 3 * PAGE);
	ktap_result(!ret && refused && feed_pipe(b, 1) && finish(b, &r) &&
		    c->start == (u8 *)b->h.shared + 3 * PAGE &&
		    c->end == (u8 *)b->h.shared + IOMEM_CHUNK,
		    "%s: %d", __func__, ret);
	box_down(b);
}

/* --- conversions with I/O in flight --- */

struct to_private {
	struct box *b;
	u64 gpa;
	int ret;
	atomic_bool done;
};

static void *convert_one(void *arg)
{
	struct to_private *p = arg;

	p->ret = convert(p->b, p->gpa, IOMEM_CHUNK, true);
	p->done = true;
	return NULL;
}

/* The conversion's thread takes the completion: who waits may serve it. */
static void conversion_waits_for_io_in_flight(void)
{
	struct box *b = box_up();
	struct to_private p = { .b = b, .gpa = CHUNK(0) };
	struct read_io r;
	pthread_t thread;
	bool early;
	int ret;

	ret = start_on_pipe(b, &r, CHUNK(0));
	pthread_create(&thread, NULL, convert_one, &p);
	usleep(A_WHILE_US);
	early = p.done || r.done;
	feed_pipe(b, 0x1234567);
	pthread_join(thread, NULL);
	ktap_result(!ret && !early && !p.ret && r.done && r.res == (int)PAGE,
		    "%s: %d %d, early %d", __func__, ret, p.ret, early);
	ktap_result(!accept_at(&b->h, CHUNK(0), 0) &&
		    !order(&b->h, ORDER_READ, CHUNK(0), 0) &&
		    !b->m.regions[0].chunks[0].pinned,
		    "then the memory is private, zero, and not pinned");
	box_down(b);
}

/* Whether a slot waits for the ring's older I/O on others is the kernel's choice. */
static void conversion_leaves_io_on_another_chunk_alone(void)
{
	struct box *b = box_up();
	struct to_private p = { .b = b, .gpa = CHUNK(1) };
	int fd = numbered_file(), ret;
	struct read_io r;
	pthread_t thread;
	bool early;

	convert(b, CHUNK(1), IOMEM_CHUNK, false);
	ret = do_io(b, false, fd, CHUNK(1), 0);
	if (ret == (int)LEN)
		ret = start_on_pipe(b, &r, CHUNK(0));
	pthread_create(&thread, NULL, convert_one, &p);
	usleep(A_WHILE_US);
	early = p.done;
	feed_pipe(b, 0x42);
	pthread_join(thread, NULL);
	ktap_note("it waited for the other chunk's I/O: %s", early ? "no" : "yes");
	ktap_result(!ret && !p.ret && finish(b, &r) &&
		    order(&b->h, ORDER_READ, SHARED_AT(CHUNK(0)), 0) == 0x42 &&
		    b->m.regions[0].chunks[0].pinned, "%s", __func__);
	box_down(b);
}

static void emptied_slot_fails_until_it_is_filled_again(void)
{
	struct box *b = box_up();
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct read_io r;
	int fd = numbered_file(), res = 0, ret;

	ret = do_io(b, false, fd, CHUNK(0), 0);
	iomem_release(&b->m, CHUNK(0), IOMEM_CHUNK);
	sqe = io_uring_get_sqe(&b->m.ring);
	io_uring_prep_read_fixed(sqe, fd, b->h.shared, LEN, 0, 0);
	io_uring_submit(&b->m.ring);
	if (!io_uring_wait_cqe(&b->m.ring, &cqe)) {
		res = cqe->res;
		io_uring_cqe_seen(&b->m.ring, cqe);
	}
	ktap_result(ret == (int)LEN && res == -EFAULT, "%s: %d, then %d",
		    __func__, ret, res);
	ret = start_on_pipe(b, &r, CHUNK(0));
	ktap_result(!ret && feed_pipe(b, 1) && finish(b, &r) &&
		    b->m.registered == 2 && b->m.fixed == 2,
		    "then it works again");
	box_down(b);
}

/* --- a VMM that forgets --- */

/*
 * The read is told that it succeeded.  Its data are on a page that nobody has
 * any more, which is the VMM's loss and not the guest's.
 */
static void careless_io_does_not_reach_private_memory(void)
{
	struct box *b = box_up();
	struct read_io before, after;
	const u64 *host = b->h.shared;
	bool accepted, kept;
	int ret;

	ret = start_on_pipe(b, &before, CHUNK(0));
	convert_carelessly(b, CHUNK(0), IOMEM_CHUNK, true);
	accepted = !accept_at(&b->h, CHUNK(0), 0) && write_page(&b->h, CHUNK(0));
	feed_pipe(b, 0xbad);
	ktap_result(!ret && accepted && finish(b, &before) &&
		    reads_back(&b->h, CHUNK(0)),
		    "%s: started before", __func__);

	/* The slot is still filled; only the map keeps iomem from using it. */
	set_shared(b, CHUNK(0), PAGE, true);
	ret = start_on_pipe(b, &after, CHUNK(0));
	feed_pipe(b, 0xbad);
	kept = finish(b, &after) && reads_back(&b->h, CHUNK(0));
	ktap_result(!ret && kept && b->m.fixed == 2, "%s: started after",
		    __func__);

	convert_carelessly(b, CHUNK(0), IOMEM_CHUNK, false);
	ktap_result(!host[0] &&
		    !order(&b->h, ORDER_READ, SHARED_AT(CHUNK(0)), 0),
		    "what it read is nowhere");
	box_down(b);
}

/* --- the end --- */

static void pinned_memory_outlives_its_td(void)
{
	struct box *b = box_up();
	const u64 *host = b->h.shared;
	struct read_io r;
	int ret = start_on_pipe(b, &r, CHUNK(0));

	td_destroy(b->h.td);
	close(b->h.gmem);
	feed_pipe(b, 0x77);
	ktap_result(!ret && finish(b, &r) && host[0] == 0x77 &&
		    !iomem_release(&b->m, CHUNK(0), IOMEM_CHUNK),
		    "%s", __func__);
	io_uring_queue_exit(&b->m.ring);
	munmap(b->h.shared, SIZE);
	free(b);
}

/* A VMM with a TD, its memory pinned, and I/O that never ends. */
static void live_and_be_killed(void)
{
	struct box *b = box_up();
	struct read_io r;

	if (start_on_pipe(b, &r, CHUNK(0)) ||
	    accept_at(&b->h, CHUNK(3), 0))
		_exit(1);
	raise(SIGKILL);
}

static unsigned long free_mib(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram * info.mem_unit >> 20;
}

static void killed_vmm_leaves_nothing_behind(void)
{
	unsigned long before = free_mib(), after;
	unsigned int i, lived = 0;
	int status;
	pid_t pid;

	fflush(stdout);
	for (i = 0; i < LIVES; i++) {
		pid = fork();
		if (!pid)
			live_and_be_killed();
		lived += waitpid(pid, &status, 0) == pid &&
			 WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	after = free_mib();
	ktap_result(lived == LIVES && after + LIVES > before,
		    "%s: %u lives, %lu MiB free, then %lu", __func__, lived,
		    before, after);
}

static const char *why_not(void)
{
	struct io_uring ring;
	const char *why = td_unavailable();

	if (!why && io_uring_queue_init(1, &ring, 0))
		return "no io_uring";
	if (!why)
		io_uring_queue_exit(&ring);
	return why;
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		TEST(data_is_right_while_other_chunks_convert),
		TEST(only_shared_pages_are_registered),
		TEST(conversion_waits_for_io_in_flight),
		TEST(conversion_leaves_io_on_another_chunk_alone),
		TEST(emptied_slot_fails_until_it_is_filled_again),
		TEST(careless_io_does_not_reach_private_memory),
		TEST(pinned_memory_outlives_its_td),
		TEST(killed_vmm_leaves_nothing_behind),
	};
	const char *why = why_not();

	if (why)
		ktap_skip_all(why);
	return ktap_run(tests, ARRAY_SIZE(tests), argc, argv);
}
