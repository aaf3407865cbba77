/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second opinion on the life of TDs, vCPUs and KeyIDs, like model.h on memory:
 * no locks, no pages with contents, only what each call should answer.
 */
#ifndef _MODEL_LIFE_H
#define _MODEL_LIFE_H

#include <stdbool.h>

#include <linux/types.h>

#define L_TDS		3
#define L_VCPUS		4
#define L_KEYS		4
#define L_KEY_MODULE	-1		/* the one in front is the module's */
#define L_KEY_NONE	1000
#define L_PKGS		2
#define L_CPUS		4
#define L_PAGES		128
#define L_MAX_VCPUS	3		/* of one TD */

/* Who does it, where, and whether there is entropy. */
struct l_cpu {
	unsigned int lpid, pkg;
	bool no_entropy;
};

/* What a leaf should answer, and the registers of some. */
struct l_answer {
	__u64 status;
	bool regs;
	__u64 rcx, rdx, r8;
};

void l_reset(void);
__u64 l_page_address(unsigned int page);
/* What a page is, as RDMD has it. */
unsigned int l_use(unsigned int page);
__u64 l_owner(unsigned int page);
/* The page that is the n-th TDR or TDVPR, or any if there is none. */
unsigned int l_tdr(unsigned int n);
unsigned int l_vcpu(unsigned int n);
/* NUM_VCPUS, NUM_ASSOC_VCPUS and CHLDCNT; false if it has no metadata yet. */
bool l_counts(unsigned int tdr, __u64 *vcpus, __u64 *assoc, __u64 *children);

/* Pages by their number; @off is added to the first one's address. */
struct l_answer l_create(struct l_cpu cpu, unsigned int page, __u64 off, int key);
struct l_answer l_key_config(struct l_cpu cpu, unsigned int tdr);
struct l_answer l_addcx(struct l_cpu cpu, unsigned int page, unsigned int tdr);
struct l_answer l_init(unsigned int tdr);
struct l_answer l_vp_create(unsigned int page, unsigned int tdr);
struct l_answer l_vp_addcx(unsigned int page, unsigned int vp);
/* @id: of version 1, or ~0 for version 0. */
struct l_answer l_vp_init(unsigned int vp, __u64 id, struct l_cpu cpu);
struct l_answer l_finalize(unsigned int tdr);
struct l_answer l_vp_enter(struct l_cpu cpu, unsigned int vp);
struct l_answer l_vp_rd(struct l_cpu cpu, unsigned int vp);
/* Posted interrupts on: 0 the vector, 1 the descriptor, 2 the control. */
struct l_answer l_vp_wr(struct l_cpu cpu, unsigned int vp, unsigned int what);
struct l_answer l_vp_flush(struct l_cpu cpu, unsigned int vp);
struct l_answer l_vpflushdone(unsigned int tdr);
struct l_answer l_cache_wb(struct l_cpu cpu, __u64 command);
struct l_answer l_freeid(unsigned int tdr);
struct l_answer l_reclaim(unsigned int page, __u64 off);
struct l_answer l_rdmd(unsigned int page, __u64 level);
struct l_answer l_wbinvd(unsigned int page);

#endif /* _MODEL_LIFE_H */
