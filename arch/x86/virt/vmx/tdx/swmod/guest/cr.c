// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control registers and XCR0.  Bits that a TD may change at will are the
 * guest's and never exit; an exit for CR0 or CR4 therefore always means an
 * attempt to change a fixed one.
 */
#include "guest/guest.h"

#define SW_XFAM_PK		(1ULL << 9)

/* Bits of the exit qualification of a control-register access */
#define SW_CR_NR(q)		((q) & 15)
#define SW_CR_TYPE(q)		(((q) >> 4) & 3)
#define SW_CR_GPR(q)		(((q) >> 8) & 15)
#define SW_CR_MOV_TO		0
#define SW_CR_LMSW		3
#define SW_CR_LMSW_SOURCE(q)	((q) >> 16 & 0xffff)
/* MP, EM and TS; PE is set and LMSW cannot clear it. */
#define SW_CR0_LMSW		0xeULL

/* XCR0 state components and their dependencies */
#define SW_XCR0_X87		(1ULL << 0)
#define SW_XCR0_SSE		(1ULL << 1)
#define SW_XCR0_AVX		(1ULL << 2)
#define SW_XCR0_MPX		(3ULL << 3)
#define SW_XCR0_AVX512		(7ULL << 5)
#define SW_XCR0_PKRU		(1ULL << 9)
#define SW_XCR0_TILE		(3ULL << 17)
#define SW_XCR0_ALL		(SW_XCR0_X87 | SW_XCR0_SSE | SW_XCR0_AVX | \
				 SW_XCR0_MPX | SW_XCR0_AVX512 | \
				 SW_XCR0_PKRU | SW_XCR0_TILE)

u64 sw_cr0_host_owned(void)
{
	return ~(SW_CR0_PG | SW_CR0_WP | SW_CR0_AM | SW_CR0_TS | SW_CR0_EM |
		 SW_CR0_MP | SW_CR0_ET) & 0xffffffff;
}

/*
 * All CR4 bits but those of features that a TD of this module can have; of the
 * latter, the processor refuses what it lacks.
 */
u64 sw_cr4_host_owned(const struct sw_tdcs *tdcs)
{
	u64 guest = SW_CR4_VME | SW_CR4_PVI | SW_CR4_TSD | SW_CR4_DE |
		    SW_CR4_PSE | SW_CR4_PAE | SW_CR4_PGE | SW_CR4_OSFXSR |
		    SW_CR4_OSXMMEXCPT | SW_CR4_UMIP | SW_CR4_LA57 |
		    SW_CR4_FSGSBASE | SW_CR4_PCIDE | SW_CR4_OSXSAVE |
		    SW_CR4_SMEP | SW_CR4_SMAP | SW_CR4_LAM_SUP;

	if (tdcs->xfam & SW_XFAM_PK)
		guest |= SW_CR4_PKE;
	if (sw_td_has_cet(tdcs))
		guest |= SW_CR4_CET;
	if (sw_td_has_pks(tdcs))
		guest |= SW_CR4_PKS;
	return ~guest;
}

static enum sw_next sw_mov_to_cr0(struct sw_run *run, u64 val)
{
	/* Disabling the caches is the one thing a TD may ask its host for. */
	if (!(val >> 32) && (val & SW_CR0_CD) && (val & SW_CR0_PE) &&
	    (val & SW_CR0_NE))
		return sw_inject_ve(run, SW_VE_PARAVIRT);
	return sw_inject_gp(run);
}

static enum sw_next sw_mov_to_cr4(struct sw_run *run, u64 val)
{
	u64 owned = sw_cr4_host_owned(run->td->tdcs);

	if ((val & owned) == 0)
		return sw_inject_ve(run, SW_VE_PARAVIRT);
	return sw_inject_gp(run);
}

static enum sw_next sw_lmsw(struct sw_run *run, u64 source)
{
	u64 cr0 = sw_guest_read(run, SW_VM_GUEST_CR0);

	sw_guest_write(run, SW_VM_GUEST_CR0,
		       (cr0 & ~SW_CR0_LMSW) | (source & SW_CR0_LMSW));
	sw_skip(run, run->exit.instr_len);
	return SW_NEXT_RESUME;
}

enum sw_next sw_exit_cr(struct sw_run *run)
{
	u64 q = run->exit.qualification;
	u64 val;

	/* Nobody but the host of a debug TD has CR3 or CR8 exit. */
	if (SW_CR_NR(q) != 0 && SW_CR_NR(q) != 4)
		return sw_exit_unexpected(run);
	if (SW_CR_TYPE(q) == SW_CR_LMSW && !SW_CR_NR(q))
		return sw_lmsw(run, SW_CR_LMSW_SOURCE(q));
	if (SW_CR_TYPE(q) != SW_CR_MOV_TO)
		return sw_inject_gp(run);
	if (SW_CR_GPR(q) == 4)
		val = sw_guest_read(run, SW_VM_GUEST_RSP);
	else
		val = ((const u64 *)&run->vp->gpr)[SW_CR_GPR(q)];
	if (!sw_in_64bit(run))
		val = (u32)val;
	return SW_CR_NR(q) ? sw_mov_to_cr4(run, val) : sw_mov_to_cr0(run, val);
}

/* All of them, or none. */
static bool sw_all_or_none(u64 val, u64 group)
{
	return !(val & group) || (val & group) == group;
}

static bool sw_xcr0_valid(u64 val, u64 xfam)
{
	if (val & ~(xfam & SW_XCR0_ALL))
		return false;
	if (!(val & SW_XCR0_X87))
		return false;
	if ((val & SW_XCR0_AVX) && !(val & SW_XCR0_SSE))
		return false;
	if ((val & SW_XCR0_AVX512) && !(val & SW_XCR0_AVX))
		return false;
	return sw_all_or_none(val, SW_XCR0_AVX512) &&
	       sw_all_or_none(val, SW_XCR0_MPX) &&
	       sw_all_or_none(val, SW_XCR0_TILE);
}

enum sw_next sw_exit_xsetbv(struct sw_run *run)
{
	struct sw_tdvps *vp = run->vp;
	u64 val = (u32)vp->gpr.rax | vp->gpr.rdx << 32;

	if ((u32)vp->gpr.rcx || !sw_xcr0_valid(val, run->td->tdcs->xfam))
		return sw_inject_gp(run);
	vp->xcr0 = val;
	sw_guest_set_xcr0(run, val);
	sw_skip(run, run->exit.instr_len);
	return SW_NEXT_RESUME;
}
