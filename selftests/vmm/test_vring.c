// SPDX-License-Identifier: GPL-2.0-only
/* A virtqueue that the guest fills with whatever it likes; under the sanitizers. */
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "iomem.h"
#include "ktap.h"

#define SIZE		8
#define DESC		0x1000
#define AVAIL		0x2000
#define USED		0x2800
#define MEMORY		0x4000
#define NEXT		1
#define WRITE		2
#define RANDOM_ROUNDS	200000

struct desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

static struct iomem mem;
static u8 is_shared[MEMORY / IOMEM_PAGE];
static u8 *memory;
static struct vring q;
static struct vring_chain chain;
static const char *why;

static void fresh(void)
{
	memset(memory, 0, MEMORY);
	memset(is_shared, 1, sizeof(is_shared));
	q = (struct vring){ .desc = DESC, .avail = AVAIL, .used = USED,
			    .size = SIZE };
	why = "";
}

static void set_desc(unsigned int i, u64 addr, u32 len, u16 flags, u16 next)
{
	((struct desc *)(memory + DESC))[i] =
		(struct desc){ addr, len, flags, next };
}

static void offer(u16 idx, u16 head)
{
	u16 *avail = (u16 *)(memory + AVAIL);

	avail[2 + (u16)(idx - 1) % SIZE] = head;
	avail[1] = idx;
}

static int get(void)
{
	return vring_get(&q, &mem, &chain, &why);
}

static void chain_comes_out_as_it_went_in(void)
{
	bool ok;

	fresh();
	ok = get() == 0;
	set_desc(3, 0x100, 16, NEXT, 5);
	set_desc(5, (1ULL << 47) | 0x200, 512, NEXT | WRITE, 0);
	set_desc(0, 0x400, 1, WRITE, 7);
	offer(1, 3);
	ok &= get() == 1 && chain.head == 3 && chain.nr_out == 1 &&
	      chain.nr_in == 2 && chain.out[0].gpa == 0x100 &&
	      chain.in[0].gpa == 0x200 && chain.in[1].len == 1;
	ok &= vring_put(&q, &mem, 3, 513) && get() == 0;
	ktap_result(ok && *(u16 *)(memory + USED + 2) == 1 &&
		    *(u32 *)(memory + USED + 8) == 513, "%s", __func__);
}

static void no_interrupt_for_who_wants_none(void)
{
	fresh();
	*(u16 *)(memory + AVAIL) = 1;
	ktap_result(!vring_put(&q, &mem, 0, 1), "%s", __func__);
}

static void broken_queues_are_refused(void)
{
	bool loop, beyond, order, much, private;

	fresh();
	set_desc(0, 0, 1, NEXT, 0);
	offer(1, 0);
	loop = get() == -1;
	fresh();
	offer(1, SIZE);
	beyond = get() == -1;
	fresh();
	set_desc(0, 0, 1, NEXT | WRITE, 1);
	offer(1, 0);
	order = get() == -1;
	fresh();
	offer(SIZE + 1, 0);
	much = get() == -1;
	fresh();
	offer(1, 0);
	is_shared[AVAIL / IOMEM_PAGE] = 0;
	private = get() == -1 && !vring_put(&q, &mem, 0, 1);
	ktap_result(loop && beyond && order && much && private,
		    "%s: %d%d%d%d%d", __func__, loop, beyond, order, much, private);
}

/* Whatever it is: no access outside, and no more parts than descriptors. */
static void random_queues_do_no_harm(void)
{
	unsigned int i, k, chains = 0;
	bool ok = true;

	srand(1);
	for (i = 0; i < RANDOM_ROUNDS; i++) {
		fresh();
		for (k = 0; k < SIZE; k++)
			set_desc(k, rand(), rand(), rand() % 4, rand() % (SIZE + 1));
		offer(1 + rand() % (SIZE + 1), rand() % (SIZE + 1));
		while (get() == 1) {
			chains++;
			ok &= chain.nr_in + chain.nr_out <= SIZE &&
			      chain.head < SIZE;
			vring_put(&q, &mem, chain.head, rand());
		}
	}
	ktap_result(ok && chains, "%s: %u requests", __func__, chains);
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		TEST(chain_comes_out_as_it_went_in),
		TEST(no_interrupt_for_who_wants_none),
		TEST(broken_queues_are_refused),
		TEST(random_queues_do_no_harm),
	};

	memory = malloc(MEMORY);
	if (!memory || iomem_add(&mem, 0, MEMORY, memory, is_shared))
		return 1;
	return ktap_run(tests, ARRAY_SIZE(tests), argc, argv);
}
