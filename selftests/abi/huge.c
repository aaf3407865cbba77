// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "huge.h"

struct huge huge_up(u64 gpa, u64 size, u64 offset)
{
	struct huge h = { .td = td_ready(1, GUEST_ORDERS) };

	h.shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	h.gmem = td_add_slot(h.td, HUGE_SLOT, gpa, size, offset, h.shared);
	return h;
}

void huge_down(struct huge *h, u64 size)
{
	td_destroy(h->td);
	close(h->gmem);
	munmap(h->shared, size);
}

/* Answers the guest's questions with @words until it reports a result. */
static u64 run_order(struct huge *h, const u32 *words, unsigned int nr_words)
{
	struct kvm_run *run = h->td->vcpu[0].run;
	unsigned int nr_halves = 0;
	u64 result = 0;
	void *data;
	u32 half;

	while (nr_halves < 2) {
		if (ioctl(h->td->vcpu[0].fd, KVM_RUN, 0)) {
			if (errno == EINTR)
				continue;
			memcpy(&h->fault, kvm_exit_payload(run), sizeof(h->fault));
			return FAILED | errno;
		}
		if (run->exit_reason != KVM_EXIT_IO)
			return FAILED | 0x100000 | run->exit_reason;
		data = (u8 *)run + run->io.data_offset;
		if (run->io.port == PORT_ORDER && nr_words) {
			memcpy(data, words++, 4);
			nr_words--;
		} else if (run->io.port == PORT_VALUE) {
			memcpy(&half, data, 4);
			result |= (u64)half << (32 * nr_halves++);
		} else {
			return FAILED | 0x200000 | run->io.port;
		}
	}
	return result;
}

u64 order(struct huge *h, u32 what, u64 gpa, u32 arg)
{
	const u32 words[] = { what, gpa / PAGE, arg };

	return run_order(h, words, 3);
}

u64 resume(struct huge *h)
{
	return run_order(h, NULL, 0);
}

u64 accept_at(struct huge *h, u64 gpa, u32 level)
{
	return order(h, ORDER_ACCEPT, gpa, level);
}

bool write_page(struct huge *h, u64 gpa)
{
	u32 value = gpa / PAGE;

	return order(h, ORDER_WRITE, gpa, value) == value;
}

bool reads_back(struct huge *h, u64 gpa)
{
	return order(h, ORDER_READ, gpa, 0) == gpa / PAGE;
}

long pre_fault(struct huge *h, u64 gpa, u64 size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };

	return ioctl(h->td->vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &range) ? -errno : 0;
}

bool punch(struct huge *h, u64 offset, u64 size)
{
	return !fallocate(h->gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  offset, size);
}

/* --- counts: what has changed since the last look --- */

static const char *const count_names[NR_COUNTS] = {
	[AUG] = "page_aug", [BLOCK] = "range_block", [TRACK] = "tracks",
	[KICK] = "kicks", [REMOVE] = "page_remove", [DEMOTE] = "page_demote",
	[SMALL] = "pages_4k", [LARGE] = "pages_2m",
};

struct counts look(const struct huge *h)
{
	struct counts c;
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		c.n[i] = td_stat(h->td, count_names[i]);
	return c;
}

struct counts since(const struct huge *h, const struct counts *before)
{
	struct counts c = look(h);
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		c.n[i] -= before->n[i];
	return c;
}

void note_counts(const struct counts *c)
{
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++) {
		if (c->n[i])
			printf("# %s %+lld\n", count_names[i], c->n[i]);
	}
}

/* --- poison --- */

u64 host_address(u64 gpa)
{
	unsigned long long tdr = 0, from, to, pa, found = 0;
	char line[256], state[32];
	unsigned int level;
	FILE *f;

	f = fopen(SWMOD "tds", "r");
	if (!f)
		return 0;
	while (!tdr && fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, "0x");

		if (at)
			tdr = strtoull(at, NULL, 16);
	}
	fclose(f);
	snprintf(line, sizeof(line), "0x%llx\n", tdr);
	if (!write_file(SWMOD "sept", line))
		return 0;
	f = fopen(SWMOD "sept", "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx level %u %31s 0x%llx", &from, &to,
			   &level, state, &pa) == 5 &&
		    from <= gpa && gpa < to && strncmp(state, "NL", 2))
			found = pa + (gpa - from);
	}
	fclose(f);
	return found;
}

/* The file keeps the page: an error, but an expected one. */
void hard_offline(u64 pa)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx\n", (unsigned long long)pa);
	write_file(HARD_OFFLINE, text);
}
