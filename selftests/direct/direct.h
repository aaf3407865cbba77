/* SPDX-License-Identifier: GPL-2.0-only */
/* The direct test: a TD built by hand, and the host's state around it. */
#ifndef _DIRECT_H
#define _DIRECT_H

#include "tdx_host.h"

#define DIRECT_SHARED_BIT	(1ULL << 47)
#define DIRECT_SHARED_GPA	0x300000ULL
#define DIRECT_MMIO_GPA		0x301000ULL
#define DIRECT_SHARED_VALUE	0x1234567ULL
#define DIRECT_PENDING_GPA	0x201000ULL
#define DIRECT_STACK1_GPA	0x209000ULL
#define DIRECT_STACK2_GPA	0x20b000ULL
#define DIRECT_NOTIFY_VECTOR	0xf2

#define DIRECT_MAX_PAGES	128
#define DIRECT_MAX_HOST		8

/* A TD with one vCPU. */
struct direct_td {
	struct tdx_td td;
	struct tdx_vp vp;
	struct page *tdcs[9], *tdcx[8];
	/* Pages that the module has and RECLAIM gives back. */
	struct page *owned[DIRECT_MAX_PAGES];
	unsigned int nr_owned;
	/* The host's own: shared memory, its EPT, the interrupt descriptor. */
	struct page *host[DIRECT_MAX_HOST];
	unsigned int nr_host;
	u64 *shared_root, *pid;
	u64 blocked[2];
	u64 err;			/* the first status that was not 0 */
};

#define DIRECT_XFAM		7ULL	/* x87, SSE, AVX */

/* With ATTRIBUTES.DEBUG if @debug. */
int direct_td_build(struct direct_td *t, bool debug);
int direct_td_destroy(struct direct_td *t);
bool direct_ok(const struct direct_td *t);
struct page *direct_own_page(struct direct_td *t);
void direct_aug(struct direct_td *t, u64 gpa);
void direct_block(struct direct_td *t, u64 gpa);
bool direct_unblock(struct direct_td *t, u64 gpa);
void direct_map_shared(struct direct_td *t);
void direct_post_setup(struct direct_td *t);
void direct_post(struct direct_td *t, u8 vector);
void direct_nmi(struct direct_td *t);
void direct_single_step(struct direct_td *t, bool on);
u64 direct_rip(struct direct_td *t);

/* figures.c */
void direct_figures(struct direct_td *t);
void direct_figures_guest(u64 enter, unsigned int n, u64 more,
			  unsigned int tdcalls);

/* What a TD must leave as it was. */
#define DIRECT_HOST_ITEMS	36
struct direct_host {
	u64 item[DIRECT_HOST_ITEMS];
};

void direct_host_snapshot(struct direct_host *h);
unsigned int direct_host_compare(struct direct_host *a,
				 const struct direct_host *b);
/* What hardware leaves of @h, for a TD with that XFAM; and put @h back. */
void direct_host_lost(struct direct_host *h, u64 xfam);
void direct_host_restore(const struct direct_host *h);
asmlinkage void direct_call_gate(unsigned long entry);

/* guest.S: the page at the reset vector, and {vector, offset} of its gates. */
extern const u8 td_test_guest[];
extern const u64 td_test_gates[];

#endif /* _DIRECT_H */
