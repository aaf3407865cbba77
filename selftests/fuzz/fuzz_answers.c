// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a SEAMCALL may answer, whatever was asked: which registers carry what, and
 * which calls have to come before which.  Written from what Intel's module answers
 * (the table of differences in docs/swmod.md), not from this one's code.
 */
#include "fuzz.h"

/* Bits 31:0 of a status name an operand. */
#define KIND(status)	((status) & SW_STATUS_MASK)

/* A status of VP.ENTER: the guest asked for something. */
#define TDVMCALL	77ULL

#define PIN_CTLS	0x0024000200004000ULL
#define PIN_POSTED	(1ULL << 7)

#define ALL_PKGS	((1u << FUZZ_PKGS) - 1)

/* For each TD: packages that have its key, and that wrote back since it was flushed. */
static struct {
	u8 keyed, written;
} keys[NR_POOL];

void answer_reset(void)
{
	memset(keys, 0, sizeof(keys));
}

/* "Suppress #VE". */
#define NO_VE		(1ULL << 63)

/* The architecture's bits of an entry; nothing of the module's, and no table's address. */
static bool architectural(u64 entry)
{
	u64 pa = entry & 0x000ffffffffff000ULL;

	/* A free one; a table, blocked and not. */
	if (entry == NO_VE || !entry || entry == 0x407)
		return true;
	switch (entry & ~(NO_VE | 0x000ffffffffff000ULL)) {
	case 0xf0:			/* a page, blocked or pending */
	case 0x4f7:
		return pool_index(pa & ~(SW_SIZE_2M - 1)) >= 0;
	default:
		return false;
	}
}

static bool shows_an_entry(u64 status)
{
	switch (KIND(status)) {
	case SW_EPT_WALK_FAILED:
	case SW_EPT_ENTRY_NOT_FREE:
	case SW_EPT_ENTRY_NOT_PRESENT:
	case SW_EPT_ENTRY_STATE_INCORRECT:
	case SW_EPT_PAGE_NOT_FREE:
	case SW_EPT_INVALID_PROMOTE_CONDITIONS:
	case SW_GPA_RANGE_NOT_BLOCKED:
	case SW_GPA_RANGE_ALREADY_BLOCKED:
		return true;
	default:
		return false;
	}
}

static bool of_an_entry(u32 leaf)
{
	switch (leaf) {
	case SW_LEAF_MEM_PAGE_ADD:
	case SW_LEAF_MEM_SEPT_ADD:
	case SW_LEAF_MEM_PAGE_RELOCATE:
	case SW_LEAF_MEM_PAGE_AUG:
	case SW_LEAF_MEM_RANGE_BLOCK:
	case SW_LEAF_MEM_RANGE_UNBLOCK:
	case SW_LEAF_MEM_PAGE_DEMOTE:
	case SW_LEAF_MEM_PAGE_PROMOTE:
	case SW_LEAF_MEM_PAGE_REMOVE:
	case SW_LEAF_MEM_SEPT_REMOVE:
	case SW_LEAF_MEM_SEPT_RD:
	case SW_LEAF_MEM_RD:
	case SW_LEAF_MEM_WR:
	case SW_LEAF_MR_EXTEND:
		return true;
	default:
		return false;
	}
}

/* RCX and RDX do not keep what the host gave. */
static void check_entry_registers(u32 leaf, const struct sw_regs *in,
				  const struct sw_regs *out)
{
	u64 status = out->rax;

	if (shows_an_entry(status) || (leaf == SW_LEAF_MEM_SEPT_RD && !status)) {
		must(architectural(out->rcx), "leaf %u, status %llx: entry %llx",
		     leaf, LL(status), LL(out->rcx));
		must(!(out->rdx & ~0xff07ULL), "leaf %u, status %llx: level and state %llx",
		     leaf, LL(status), LL(out->rdx));
	} else if (KIND(status) == SW_INTERRUPTED_RESTARTABLE ||
		   KIND(status) == SW_INTERRUPTED_BUSY) {
		must(status == KIND(status), "leaf %u: status %llx names an operand",
		     leaf, LL(status));
		must(out->rcx == in->rcx && out->rdx == in->rdx,
		     "leaf %u was interrupted and changed RCX or RDX", leaf);
	} else if (status) {
		must(!out->rcx && !out->rdx, "leaf %u, status %llx: RCX %llx, RDX %llx",
		     leaf, LL(status), LL(out->rcx), LL(out->rdx));
	}
}

/* Of what is reported about a page, nothing is left of the operands. */
static void check_page_registers(u32 leaf, const struct sw_regs *out)
{
	if (leaf == SW_LEAF_PHYMEM_PAGE_RDMD && out->rax)
		must(!(out->rcx | out->rdx | out->r8 | out->r9 | out->r10 | out->r11),
		     "RDMD failed with %llx and reports a page", LL(out->rax));
	if (leaf == SW_LEAF_PHYMEM_PAGE_RECLAIM && KIND(out->rax) == SW_OPERAND_BUSY)
		must(!(out->r9 | out->r10 | out->r11),
		     "RECLAIM failed with %llx and reports a page", LL(out->rax));
}

static void call_of_a_td(u32 leaf, u64 tdr, u8 pkg)
{
	int i = pool_index(tdr);

	/* It succeeded, so that it is one. */
	must(i >= 0, "leaf %u took %llx for a TDR", leaf, LL(tdr));
	switch (leaf) {
	case SW_LEAF_MNG_CREATE:
		keys[i].keyed = 0;
		break;
	case SW_LEAF_MNG_KEY_CONFIG:
		keys[i].keyed |= pkg;
		break;
	case SW_LEAF_MNG_INIT:
		must(keys[i].keyed == ALL_PKGS, "TD %llx has no key on each package",
		     LL(tdr));
		break;
	case SW_LEAF_MNG_VPFLUSHDONE:
		keys[i].written = 0;
		break;
	case SW_LEAF_MNG_KEY_FREEID:
		must(keys[i].written == ALL_PKGS,
		     "KeyID of TD %llx is free, its lines are not written back", LL(tdr));
		break;
	}
}

/* Keys are of a package, and so are caches. */
static void check_order(u32 leaf, const struct sw_regs *in, u64 status)
{
	u8 pkg = 1u << sw_user_pkg;
	int i;

	if (status)
		return;
	switch (leaf) {
	case SW_LEAF_MNG_CREATE:
	case SW_LEAF_MNG_KEY_CONFIG:
	case SW_LEAF_MNG_INIT:
	case SW_LEAF_MNG_VPFLUSHDONE:
	case SW_LEAF_MNG_KEY_FREEID:
		call_of_a_td(leaf, in->rcx, pkg);
		break;
	case SW_LEAF_PHYMEM_CACHE_WB:
		for (i = 0; i < NR_POOL; i++)
			keys[i].written |= pkg;
		break;
	}
}

static u64 gpr(const struct sw_regs *r, int i)
{
	return ((const u64 *)r)[i];
}

/*
 * RBX, RSI, RDI, R10 to R15 after the guest ran: those that it chose to show, and
 * nothing of the others.  It has something in all of them.
 */
static void check_exit_registers(const struct sw_regs *out)
{
	u64 shown = out->rax == TDVMCALL ? out->rcx : 0;
	int i;

	for (i = 3; i < 16; i++) {
		if (i == 4 || i == 5 || i == 8 || i == 9)
			continue;
		must(gpr(out, i) == (shown >> i & 1 ? fuzz_secret(i) : 0),
		     "exit %llx: register %d is %llx", LL(out->rax), i, LL(gpr(out, i)));
	}
}

/* Whoever turns posted interrupts on has said where they are posted. */
static void check_posted(const struct sw_regs *in, u64 status)
{
	if (status || in->rdx != PIN_CTLS || !(in->r8 & in->r9 & PIN_POSTED))
		return;
	must(*fuzz_vmcs(in->rcx, 0x0002) != 0xffff && *fuzz_vmcs(in->rcx, 0x2016) != ~0ULL,
	     "vCPU %llx has interrupts posted to nowhere", LL(in->rcx));
}

void answer_check(u64 rax, const struct sw_regs *in, const struct sw_regs *out,
		  bool faulty, bool ran)
{
	u32 leaf = rax & 0xffff;

	if (leaf == SW_LEAF_VP_WR || ran)
		fuzz_exited(in->rcx, out->rax);
	check_order(leaf, in, out->rax);
	if (faulty || (KIND(out->rax) == SW_OPERAND_INVALID && (u32)out->rax == SW_OPND_RAX))
		return;
	if (of_an_entry(leaf))
		check_entry_registers(leaf, in, out);
	check_page_registers(leaf, out);
	if (leaf == SW_LEAF_VP_WR)
		check_posted(in, out->rax);
	if (ran)
		check_exit_registers(out);
}
