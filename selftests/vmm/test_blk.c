// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtio disk and a driver that does what it likes; no TD, but io_uring.
 * Under the sanitizers.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dev.h"
#include "iomem.h"
#include "ktap.h"
#include "vm.h"

#define MEMORY		(8ULL << 20)
#define BAR		0xc0000000U
#define QUEUE		0x10000
#define AVAIL		(QUEUE + 0x1000)
#define USED		(QUEUE + 0x2000)
#define HEADER		0x20000
#define STATUS		0x21000
#define DATA		0x1ff000
#define SECTORS		4096
#define NEXT		1
#define WRITE		2
#define TYPE_IN		0
#define TYPE_OUT	1
#define TYPE_FLUSH	4
#define OK		0
#define IO_ERROR	1
#define UNSUPPORTED	2
#define NEEDS_RESET	0x40
#define RANDOM_ROUNDS	3000

struct desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

static struct vm vm;
static u8 *memory;
static int file;
static u16 next;

void die(enum exit_code code, const char *fmt, ...)
{
	(void)fmt;
	exit(code);
}

static u32 bar_read(u32 offset, unsigned int size)
{
	struct pci_dev *d;
	u32 at, val;

	pthread_mutex_lock(&vm.lock);
	d = pci_bar(BAR + offset, &at);
	val = d->read(at, size);
	pthread_mutex_unlock(&vm.lock);
	return val;
}

static void bar_write(u32 offset, unsigned int size, u64 val)
{
	struct pci_dev *d;
	u32 at;

	pthread_mutex_lock(&vm.lock);
	d = pci_bar(BAR + offset, &at);
	d->write(at, size, val);
	pthread_mutex_unlock(&vm.lock);
}

/* From reset to DRIVER_OK, with the upper half of the features. */
static u8 start_driver(u32 features)
{
	bar_write(0x14, 1, 0);
	memset(memory + QUEUE, 0, 0x3000);
	next = 0;
	bar_write(0x14, 1, 3);
	bar_write(0x08, 4, 1);
	bar_write(0x0c, 4, features);
	bar_write(0x14, 1, 0x0b);
	bar_write(0x18, 2, 8);
	bar_write(0x20, 8, QUEUE);
	bar_write(0x28, 8, AVAIL);
	bar_write(0x30, 8, USED);
	bar_write(0x1c, 2, 1);
	bar_write(0x14, 1, 0x0f);
	return bar_read(0x14, 1);
}

static struct desc *desc(unsigned int i)
{
	return (struct desc *)(memory + QUEUE) + i;
}

static void kick(u16 head)
{
	volatile u16 *avail = (u16 *)(memory + AVAIL);

	avail[2 + next++ % 8] = head;
	__atomic_store_n(&avail[1], next, __ATOMIC_RELEASE);
	bar_write(0x3000, 2, 0);
}

/* The disk answers, or says that it is broken. */
static bool answered(void)
{
	volatile u16 *used = (u16 *)(memory + USED);

	while (__atomic_load_n(&used[1], __ATOMIC_ACQUIRE) != next)
		if (bar_read(0x14, 1) & NEEDS_RESET)
			return false;
	return true;
}

static u8 request(u32 type, u64 sector, u64 gpa, u32 len)
{
	u64 header[2] = { type, sector };

	memcpy(memory + HEADER, header, sizeof(header));
	memory[STATUS] = 0xff;
	*desc(0) = (struct desc){ HEADER, 16, NEXT, len ? 1 : 2 };
	*desc(1) = (struct desc){ gpa, len, NEXT | (type == TYPE_IN ? WRITE : 0), 2 };
	*desc(2) = (struct desc){ STATUS, 1, WRITE, 0 };
	kick(0);
	return answered() ? memory[STATUS] : 0xfe;
}

static void driver_has_to_use_shared_memory(void)
{
	u8 without = start_driver(1), with = start_driver(3);

	ktap_result(!(without & 8) && with == 0x0f, "%s: %#x %#x", __func__,
		    without, with);
}

/* The buffer lies across the border of two chunks. */
static void data_go_both_ways(void)
{
	u8 back[8192], want[8192];
	unsigned int i;
	bool ok;

	start_driver(3);
	for (i = 0; i < sizeof(want); i++)
		want[i] = i * 7 + (i >> 8);
	ok = pwrite(file, want, sizeof(want), 512) == sizeof(want) &&
	     request(TYPE_IN, 1, DATA, sizeof(want)) == OK &&
	     !memcmp(memory + DATA, want, sizeof(want));
	ok &= request(TYPE_OUT, 100, DATA, sizeof(want)) == OK &&
	      request(TYPE_FLUSH, 0, 0, 0) == OK &&
	      pread(file, back, sizeof(back), 51200) == sizeof(back) &&
	      !memcmp(back, want, sizeof(want));
	ktap_result(ok, "%s", __func__);
}

static void bad_requests_fail(void)
{
	u8 *private = &vm.slots[0].is_shared[DATA >> 12];
	u8 end, over, odd, type, secret;

	start_driver(3);
	end = request(TYPE_IN, SECTORS - 1, DATA, 512);
	over = request(TYPE_OUT, SECTORS - 1, DATA, 1024);
	odd = request(TYPE_OUT, 0, DATA, 100);
	type = request(77, 0, DATA, 512);
	*private = 0;
	secret = request(TYPE_IN, 0, DATA, 512);
	*private = 1;
	ktap_result(end == OK && over == IO_ERROR && odd == IO_ERROR &&
		    type == UNSUPPORTED && secret == IO_ERROR,
		    "%s: %u %u %u %u %u", __func__, end, over, odd, type, secret);
}

static void broken_queue_stops_until_reset(void)
{
	bool stopped;

	start_driver(3);
	*desc(0) = (struct desc){ HEADER, 16, NEXT, 0 };
	kick(0);
	stopped = !answered();
	ktap_result(stopped && start_driver(3) == 0x0f &&
		    request(TYPE_IN, 0, DATA, 512) == OK, "%s", __func__);
}

static u64 random_address(void)
{
	static const u64 some[] = { 0, HEADER, STATUS, DATA, MEMORY - 1, MEMORY,
				    ~0ULL, 1ULL << 47, DATA | 1ULL << 47 };

	return some[rand() % ARRAY_SIZE(some)];
}

static void random_chains_are_answered(void)
{
	static const u32 lens[] = { 0, 1, 15, 16, 512, 4096, 3 << 20, ~0U };
	unsigned int i, k, stops = 0, resets = 0;

	srand(1);
	start_driver(3);
	for (i = 0; i < RANDOM_ROUNDS; i++) {
		u64 header[2] = { rand() % 10, rand() % (SECTORS + 10) };

		memcpy(memory + HEADER, header, sizeof(header));
		for (k = 0; k < 8; k++)
			*desc(k) = (struct desc){ random_address(),
				lens[rand() % ARRAY_SIZE(lens)],
				((int)k > rand() % 4 ? WRITE : 0) | (k < 7 ? rand() % 4 != 0 : 0),
				k + 1 };
		desc(0)->addr = HEADER;
		kick(rand() % 2);
		if (!answered()) {
			stops++;
			start_driver(3);
		} else if (rand() % 50 == 0) {
			resets++;
			start_driver(3);
		}
	}
	ktap_result(stops < RANDOM_ROUNDS && request(TYPE_IN, 0, DATA, 512) == OK,
		    "%s: %u resets, %u after a broken queue", __func__,
		    resets + stops, stops);
}

static const char *set_up(void)
{
	static char path[] = "/tmp/test_blk.XXXXXX";
	struct io_uring ring;

	if (io_uring_queue_init(1, &ring, 0))
		return "no io_uring";
	io_uring_queue_exit(&ring);
	file = mkstemp(path);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file < 0 || ftruncate(file, SECTORS * 512) || memory == MAP_FAILED)
		return "no file";
	vm.fd = -1;
	vm.nr_slots = 1;
	vm.slots[0] = (struct vm_slot){ .size = MEMORY, .shared = memory };
	vm.slots[0].is_shared = malloc(MEMORY >> 12);
	memset(vm.slots[0].is_shared, 1, MEMORY >> 12);
	pthread_mutex_init(&vm.lock, NULL);
	pci_init();
	blk_init(&vm, path);
	unlink(path);
	/* Where it is, and that it is on. */
	pci_ecam_out(2 << 15 | PCI_BAR0, 4, BAR);
	pci_ecam_out(2 << 15 | PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	blk_start(&vm);
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		TEST(driver_has_to_use_shared_memory),
		TEST(data_go_both_ways),
		TEST(bad_requests_fail),
		TEST(broken_queue_stops_until_reset),
		TEST(random_chains_are_answered),
	};
	const char *why = set_up();
	int ret;

	if (why)
		ktap_skip_all(why);
	ret = ktap_run(tests, ARRAY_SIZE(tests), argc, argv);
	blk_stop(&vm);
	return ret;
}
