// SPDX-License-Identifier: GPL-2.0-only
/*
 * A split virtqueue.  The guest may write to all of it at any time, so each
 * word is read once and checked before it is used.
 */
#include "dev.h"
#include "iomem.h"
#include "kvm_abi.h"

#define DESC_NEXT	1
#define DESC_WRITE	2
#define AVAIL_NO_INTERRUPT	1

struct desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

struct avail {
	u16 flags;
	u16 idx;
	u16 ring[];
};

struct used_elem {
	u32 id;
	u32 len;
};

struct used {
	u16 flags;
	u16 idx;
	struct used_elem ring[];
};

static struct desc *desc_table(const struct vring *q, struct iomem *m)
{
	return (void *)iomem_at(m, q->desc, q->size * sizeof(struct desc));
}

static struct avail *avail_ring(const struct vring *q, struct iomem *m)
{
	return (void *)iomem_at(m, q->avail,
				sizeof(struct avail) + q->size * sizeof(u16));
}

static struct used *used_ring(const struct vring *q, struct iomem *m)
{
	return (void *)iomem_at(m, q->used, sizeof(struct used) +
				q->size * sizeof(struct used_elem));
}

static int broken(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* A chain is no longer than the table, or it has a loop. */
static int read_chain(const struct vring *q, const struct desc *table, u16 head,
		      struct vring_chain *c, const char **why)
{
	struct desc d = { .flags = DESC_NEXT, .next = head };
	struct vring_part *part;
	unsigned int n;

	c->head = head;
	c->nr_out = 0;
	c->nr_in = 0;
	for (n = 0; d.flags & DESC_NEXT; n++) {
		if (n == q->size)
			return broken(why, "a chain with a loop");
		if (d.next >= q->size)
			return broken(why, "a descriptor beyond the table");
		__builtin_memcpy(&d, (const void *)&table[d.next], sizeof(d));
		/* Each word of the copy is read once. */
		__asm__ volatile("" : "+m" (d));
		if (!(d.flags & DESC_WRITE) && c->nr_in)
			return broken(why, "a part to read after one to write");
		part = d.flags & DESC_WRITE ? &c->in[c->nr_in++] :
					      &c->out[c->nr_out++];
		/* The shared bit says nothing that the page does not. */
		part->gpa = d.addr & ~TD_SHARED_BIT;
		part->len = d.len;
	}
	return 1;
}

int vring_get(struct vring *q, struct iomem *m, struct vring_chain *c,
	      const char **why)
{
	const struct desc *table = desc_table(q, m);
	struct avail *avail = avail_ring(q, m);
	u16 idx, head;

	if (!table || !avail)
		return broken(why, "a queue in memory that is not shared");
	/* Pairs with the driver's barrier ahead of its write of the index. */
	idx = __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE);
	if (idx == q->next_avail)
		return 0;
	if ((u16)(idx - q->next_avail) > q->size)
		return broken(why, "more requests than the queue holds");
	head = *(volatile u16 *)&avail->ring[q->next_avail % q->size];
	q->next_avail++;
	return read_chain(q, table, head, c, why);
}

/* Requests of a queue that is no longer shared are lost to the driver. */
bool vring_put(struct vring *q, struct iomem *m, u16 head, u32 written)
{
	struct avail *avail = avail_ring(q, m);
	struct used *used = used_ring(q, m);

	if (!used || !avail)
		return false;
	used->ring[q->next_used % q->size] = (struct used_elem){ head, written };
	q->next_used++;
	/* Pairs with the driver's barrier after its read of the index. */
	__atomic_store_n(&used->idx, q->next_used, __ATOMIC_RELEASE);
	/* The driver clears the flag, then looks at the index once more. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(*(volatile u16 *)&avail->flags & AVAIL_NO_INTERRUPT);
}
