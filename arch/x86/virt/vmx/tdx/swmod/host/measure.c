// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measuring what a TD starts with.  MRTD is one SHA-384 over 128-byte blocks:
 * each page that is added contributes its address, each chunk that is
 * extended its address and its 256 bytes.
 */
#include "host/leaf_mem.h"

#define SW_MR_BLOCK	128
#define SW_MR_CHUNK	256
#define SW_MR_GPA	16

static void mrtd_header(struct sw_tdcs *tdcs, const char *what, u64 gpa)
{
	u8 block[SW_MR_BLOCK] = { 0 };

	memcpy(block, what, strlen(what));
	memcpy(block + SW_MR_GPA, &gpa, sizeof(gpa));
	sw_sha384_update(tdcs->mrtd_ctx, block, sizeof(block));
}

void sw_mrtd_page_add(struct sw_tdcs *tdcs, u64 gpa)
{
	mrtd_header(tdcs, "MEM.PAGE.ADD", gpa);
}

static u64 mr_extend(struct sw_td *td, u64 gpa, struct sw_entry *e)
{
	const u8 *chunk;
	u64 err;

	err = sw_sept_walk(td, gpa & ~(SW_SIZE_4K - 1), 0, e);
	if (err || !sw_sept_may(SW_LEAF_MR_EXTEND, sw_sept_state(e->val)))
		return SW_EPT_ENTRY_NOT_PRESENT | SW_OPND_RCX;

	chunk = sw_va((e->val & SW_EPT_PFN) | (gpa & (SW_SIZE_4K - 1)));
	mrtd_header(td->tdcs, "MR.EXTEND", gpa);
	sw_sha384_update(td->tdcs->mrtd_ctx, chunk, SW_MR_CHUNK);
	return 0;
}

u64 sw_mr_extend(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_regs in = sw_mem_begin(r);
	struct sw_entry e = { 0 };
	u64 gpa = in.rcx, err;
	struct sw_td td;

	err = sw_td_get(in.rdx, SW_EXCL, -1, SW_LEAF_MR_EXTEND, SW_OPND_RDX,
			false, &td);
	if (err)
		return err;
	if (gpa >= SW_SHARED_BIT || !SW_ALIGNED(gpa, SW_MR_CHUNK)) {
		err = SW_OPERAND_INVALID | SW_OPND_RCX;
	} else {
		err = mr_extend(&td, gpa, &e);
		if (err)
			sw_entry_report(&e, r);
	}
	sw_td_put(&td);
	return err;
}

u64 sw_mr_finalize(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_td td;
	u64 err;

	err = sw_td_get(r->rcx, SW_EXCL, -1, SW_LEAF_MR_FINALIZE, SW_OPND_RCX,
			false, &td);
	if (err)
		return err;
	if (!sw_load(&td.tdcs->num_vcpus)) {
		err = SW_NO_VCPUS;
	} else {
		sw_sha384_final(td.tdcs->mrtd_ctx, td.tdcs->mrtd);
		sw_store(&td.tdcs->op_state, SW_OP_RUNNABLE);
	}
	sw_td_put(&td);
	return err;
}
