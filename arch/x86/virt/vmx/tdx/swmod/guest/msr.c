// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs of a TD: which the guest reaches directly, which are emulated, and
 * which raise #GP or #VE.  One table makes the MSR bitmap and answers exits,
 * so the two cannot disagree.
 */
#include "guest/guest.h"

enum sw_msr_act {
	SW_MSR_VE,		/* ask the host */
	SW_MSR_RED,		/* #VE, or #GP for a guest that reduces #VEs */
	SW_MSR_GP,
	SW_MSR_EMUL,
	SW_MSR_RED_EMUL,	/* #VE, or emulated for a guest that reduces #VEs */
	SW_MSR_APIC_ID,		/* #VE, or emulated for one that asks for the topology */
	SW_MSR_DIRECT,
	SW_MSR_CET,		/* direct if XFAM has CET, else #GP */
	SW_MSR_PKS,		/* direct if ATTRIBUTES has PKS, else #GP */
};

struct sw_msr_range {
	u32 first, last;
	u8 rd, wr;
};

/* Ascending.  What is not here is a #VE both ways. */
static const struct sw_msr_range sw_msrs[] = {
	{ 0x10, 0x10, SW_MSR_DIRECT, SW_MSR_VE },		/* TSC */
	{ 0x17, 0x17, SW_MSR_VE, SW_MSR_RED },
	{ 0x33, 0x33, SW_MSR_RED, SW_MSR_RED },
	{ 0x34, 0x34, SW_MSR_RED_EMUL, SW_MSR_RED_EMUL },		/* SMI_COUNT */
	{ 0x3a, 0x3a, SW_MSR_RED_EMUL, SW_MSR_RED },		/* FEAT_CTL */
	{ 0x3b, 0x3b, SW_MSR_RED, SW_MSR_RED },
	{ 0x48, 0x49, SW_MSR_DIRECT, SW_MSR_DIRECT },	/* SPEC_CTRL, PRED_CMD */
	{ 0x4e, 0x4e, SW_MSR_RED_EMUL, SW_MSR_RED },
	{ 0x4f, 0x4f, SW_MSR_RED, SW_MSR_RED },
	{ 0x79, 0x79, SW_MSR_RED, SW_MSR_RED_EMUL },		/* UCODE_WRITE */
	{ 0x7a, 0x7a, SW_MSR_RED, SW_MSR_RED },
	{ 0x82, 0x87, SW_MSR_RED, SW_MSR_RED },
	{ 0x8b, 0x8b, SW_MSR_RED_EMUL, SW_MSR_RED_EMUL },		/* UCODE_REV */
	{ 0x8c, 0x8f, SW_MSR_GP, SW_MSR_GP },
	{ 0x98, 0x9b, SW_MSR_GP, SW_MSR_GP },
	{ 0x9e, 0x9e, SW_MSR_GP, SW_MSR_GP },
	{ 0xbc, 0xbc, SW_MSR_GP, SW_MSR_VE },
	{ 0xbd, 0xbd, SW_MSR_EMUL, SW_MSR_GP },		/* XAPIC_DISABLE */
	{ 0xc1, 0xc8, SW_MSR_GP, SW_MSR_GP },
	{ 0xce, 0xce, SW_MSR_RED_EMUL, SW_MSR_RED },		/* PLATFORM_INFO */
	{ 0xcf, 0xcf, SW_MSR_RED, SW_MSR_GP },
	{ 0xe1, 0xe1, SW_MSR_EMUL, SW_MSR_EMUL },		/* UMWAIT_CONTROL */
	{ 0xe7, 0xe8, SW_MSR_RED, SW_MSR_RED },
	{ 0xed, 0xf0, SW_MSR_RED, SW_MSR_RED },
	{ 0xfe, 0xfe, SW_MSR_RED, SW_MSR_GP },		/* MTRRcap */
	{ 0x10a, 0x10a, SW_MSR_EMUL, SW_MSR_GP },		/* ARCH_CAPABILITIES */
	{ 0x10b, 0x10b, SW_MSR_DIRECT, SW_MSR_DIRECT },	/* FLUSH_CMD */
	{ 0x10f, 0x10f, SW_MSR_RED, SW_MSR_RED },
	{ 0x122, 0x122, SW_MSR_GP, SW_MSR_GP },		/* TSX_CTRL */
	{ 0x123, 0x123, SW_MSR_RED, SW_MSR_RED },
	{ 0x140, 0x140, SW_MSR_RED_EMUL, SW_MSR_RED_EMUL },
	{ 0x174, 0x176, SW_MSR_DIRECT, SW_MSR_DIRECT },	/* SYSENTER */
	{ 0x179, 0x179, SW_MSR_RED, SW_MSR_GP },		/* MCG_CAP */
	{ 0x17a, 0x17b, SW_MSR_RED, SW_MSR_RED },
	{ 0x186, 0x18d, SW_MSR_GP, SW_MSR_GP },
	{ 0x195, 0x195, SW_MSR_GP, SW_MSR_GP },
	{ 0x198, 0x199, SW_MSR_RED, SW_MSR_RED },
	{ 0x19a, 0x19c, SW_MSR_RED, SW_MSR_RED },
	{ 0x19d, 0x19d, SW_MSR_RED, SW_MSR_RED },
	{ 0x1a0, 0x1a0, SW_MSR_EMUL, SW_MSR_EMUL },		/* MISC_ENABLE */
	{ 0x1a6, 0x1a7, SW_MSR_GP, SW_MSR_GP },
	{ 0x1b0, 0x1b2, SW_MSR_RED, SW_MSR_RED },
	{ 0x1c2, 0x1c3, SW_MSR_RED, SW_MSR_RED },
	{ 0x1c4, 0x1c5, SW_MSR_GP, SW_MSR_GP },		/* XFD */
	{ 0x1c7, 0x1c7, SW_MSR_RED, SW_MSR_RED },
	{ 0x1ca, 0x1cb, SW_MSR_RED, SW_MSR_RED },
	{ 0x1d9, 0x1d9, SW_MSR_EMUL, SW_MSR_EMUL },		/* DEBUGCTL */
	{ 0x1f2, 0x1f3, SW_MSR_RED, SW_MSR_RED },
	{ 0x1f6, 0x1fa, SW_MSR_RED, SW_MSR_RED },
	{ 0x200, 0x213, SW_MSR_RED, SW_MSR_RED },		/* MTRRs */
	{ 0x250, 0x26f, SW_MSR_RED, SW_MSR_RED },
	{ 0x276, 0x276, SW_MSR_GP, SW_MSR_GP },
	{ 0x277, 0x277, SW_MSR_DIRECT, SW_MSR_DIRECT },	/* PAT */
	{ 0x280, 0x29f, SW_MSR_RED, SW_MSR_RED },
	{ 0x2a0, 0x2a7, SW_MSR_RED, SW_MSR_RED },
	{ 0x2c0, 0x2c1, SW_MSR_RED, SW_MSR_RED },
	{ 0x2ff, 0x2ff, SW_MSR_RED, SW_MSR_RED },
	{ 0x302, 0x303, SW_MSR_RED, SW_MSR_RED },
	{ 0x309, 0x310, SW_MSR_GP, SW_MSR_GP },
	{ 0x329, 0x329, SW_MSR_GP, SW_MSR_GP },
	{ 0x345, 0x345, SW_MSR_EMUL, SW_MSR_GP },		/* PERF_CAPABILITIES */
	{ 0x38d, 0x392, SW_MSR_GP, SW_MSR_GP },
	{ 0x3f1, 0x3f2, SW_MSR_GP, SW_MSR_GP },
	{ 0x3f6, 0x3f7, SW_MSR_GP, SW_MSR_GP },
	{ 0x400, 0x473, SW_MSR_RED, SW_MSR_RED },		/* MC banks */
	{ 0x480, 0x492, SW_MSR_RED, SW_MSR_GP },		/* VMX */
	{ 0x4c1, 0x4c8, SW_MSR_GP, SW_MSR_GP },
	{ 0x4d0, 0x4d0, SW_MSR_RED, SW_MSR_RED },
	{ 0x500, 0x500, SW_MSR_GP, SW_MSR_GP },
	{ 0x501, 0x501, SW_MSR_RED, SW_MSR_RED },
	{ 0x560, 0x561, SW_MSR_GP, SW_MSR_GP },		/* PT */
	{ 0x570, 0x572, SW_MSR_GP, SW_MSR_GP },
	{ 0x580, 0x587, SW_MSR_GP, SW_MSR_GP },
	{ 0x5d0, 0x5fd, SW_MSR_RED, SW_MSR_RED },
	{ 0x600, 0x600, SW_MSR_EMUL, SW_MSR_EMUL },		/* DS_AREA */
	{ 0x6a0, 0x6a0, SW_MSR_CET, SW_MSR_CET },		/* U_CET */
	{ 0x6a2, 0x6a2, SW_MSR_CET, SW_MSR_CET },		/* S_CET */
	{ 0x6a4, 0x6a8, SW_MSR_CET, SW_MSR_CET },		/* shadow stacks */
	{ 0x6e0, 0x6e0, SW_MSR_RED, SW_MSR_RED },		/* TSC_DEADLINE */
	{ 0x6e1, 0x6e1, SW_MSR_PKS, SW_MSR_PKS },		/* PKRS */
	{ 0x770, 0x777, SW_MSR_RED, SW_MSR_RED },
	{ 0x793, 0x793, SW_MSR_RED, SW_MSR_RED },
	{ 0x800, 0x801, SW_MSR_GP, SW_MSR_GP },		/* x2APIC */
	{ 0x802, 0x802, SW_MSR_APIC_ID, SW_MSR_GP },
	{ 0x803, 0x803, SW_MSR_VE, SW_MSR_GP },
	{ 0x804, 0x807, SW_MSR_GP, SW_MSR_GP },
	{ 0x808, 0x808, SW_MSR_DIRECT, SW_MSR_DIRECT },	/* TPR */
	{ 0x809, 0x809, SW_MSR_GP, SW_MSR_GP },
	{ 0x80a, 0x80a, SW_MSR_DIRECT, SW_MSR_GP },		/* PPR */
	{ 0x80b, 0x80b, SW_MSR_GP, SW_MSR_DIRECT },		/* EOI */
	{ 0x80c, 0x80c, SW_MSR_GP, SW_MSR_GP },
	{ 0x80d, 0x80d, SW_MSR_VE, SW_MSR_GP },
	{ 0x80e, 0x80e, SW_MSR_GP, SW_MSR_GP },
	{ 0x810, 0x827, SW_MSR_DIRECT, SW_MSR_GP },		/* ISR, TMR, IRR */
	{ 0x829, 0x82e, SW_MSR_GP, SW_MSR_GP },
	{ 0x831, 0x831, SW_MSR_GP, SW_MSR_GP },
	{ 0x839, 0x839, SW_MSR_VE, SW_MSR_GP },
	{ 0x83b, 0x83d, SW_MSR_GP, SW_MSR_GP },
	{ 0x83f, 0x83f, SW_MSR_GP, SW_MSR_DIRECT },		/* SELF_IPI */
	{ 0x840, 0x8ff, SW_MSR_GP, SW_MSR_GP },
	{ 0x981, 0x984, SW_MSR_RED, SW_MSR_RED },
	{ 0x985, 0x98a, SW_MSR_GP, SW_MSR_GP },
	{ 0x98b, 0x98f, SW_MSR_RED, SW_MSR_RED },
	{ 0xc80, 0xc80, SW_MSR_GP, SW_MSR_RED },
	{ 0xc81, 0xd8f, SW_MSR_RED, SW_MSR_RED },
	{ 0xd90, 0xd90, SW_MSR_GP, SW_MSR_GP },
	{ 0xd93, 0xd93, SW_MSR_GP, SW_MSR_GP },
	{ 0xda0, 0xda0, SW_MSR_EMUL, SW_MSR_EMUL },		/* XSS */
	{ 0xdb0, 0xdb2, SW_MSR_RED, SW_MSR_RED },
	{ 0x1000, 0x1000, SW_MSR_RED, SW_MSR_RED },
	{ 0x1200, 0x12ff, SW_MSR_GP, SW_MSR_GP },		/* LBR */
	{ 0x1400, 0x1402, SW_MSR_RED, SW_MSR_RED },
	{ 0x14c1, 0x14c8, SW_MSR_RED, SW_MSR_RED },
	{ 0x14ce, 0x14cf, SW_MSR_GP, SW_MSR_GP },
	{ 0x1500, 0x16ff, SW_MSR_GP, SW_MSR_GP },
	{ 0x17d0, 0x17da, SW_MSR_RED, SW_MSR_RED },
	{ 0x1b01, 0x1b01, SW_MSR_GP, SW_MSR_GP },
	{ 0xc0000080, 0xc0000080, SW_MSR_DIRECT, SW_MSR_EMUL },	/* EFER */
	{ 0xc0000081, 0xc0000082, SW_MSR_DIRECT, SW_MSR_DIRECT },
	{ 0xc0000084, 0xc0000084, SW_MSR_DIRECT, SW_MSR_DIRECT },
	{ 0xc0000100, 0xc0000103, SW_MSR_DIRECT, SW_MSR_DIRECT },
};

#define SW_NR_MSR_RANGES	(sizeof(sw_msrs) / sizeof(sw_msrs[0]))

static const struct sw_msr_range *sw_msr_find(u32 msr)
{
	unsigned int lo = 0, hi = SW_NR_MSR_RANGES, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (msr > sw_msrs[mid].last)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < SW_NR_MSR_RANGES && msr >= sw_msrs[lo].first)
		return &sw_msrs[lo];
	return NULL;
}

/* Four bitmaps of 1 KiB: reads low and high, then writes low and high. */
static void sw_msr_pass(u8 *bitmap, u32 msr, bool write)
{
	u32 base = write ? 2048 : 0;

	if (msr >= 0xc0000000)
		base += 1024;
	msr &= 0x1fff;
	bitmap[base + msr / 8] &= ~(1u << (msr % 8));
}

static bool sw_msr_direct(const struct sw_tdcs *tdcs, u8 act)
{
	return act == SW_MSR_DIRECT ||
	       (act == SW_MSR_CET && sw_td_has_cet(tdcs)) ||
	       (act == SW_MSR_PKS && sw_td_has_pks(tdcs));
}

void sw_msr_bitmap_init(const struct sw_tdcs *tdcs, u8 *bitmap)
{
	const struct sw_msr_range *r;
	u32 msr;

	memset(bitmap, 0xff, SW_PAGE_SIZE);
	for (r = sw_msrs; r < sw_msrs + SW_NR_MSR_RANGES; r++) {
		for (msr = r->first; msr <= r->last; msr++) {
			if (sw_msr_direct(tdcs, r->rd))
				sw_msr_pass(bitmap, msr, false);
			if (sw_msr_direct(tdcs, r->wr))
				sw_msr_pass(bitmap, msr, true);
		}
	}
}

/* What the virtual processor is not vulnerable to. */
#define SW_ARCH_CAPABILITIES	0x16bULL
#define SW_CPUID_7_ARCH_CAP	(1u << 29)
#define SW_EFER_WRITABLE	(SW_EFER_SCE | SW_EFER_LME | SW_EFER_NXE)
#define SW_MISC_ENABLE_FAST	1ULL
/* Supervisor state components: CET, of user and supervisor mode. */
#define SW_XSS_ALL		(3ULL << 11)

static bool sw_has_arch_cap(struct sw_run *run)
{
	struct sw_cpuid_val v;

	return sw_cpuid_lookup(run->td->tdcs, 7, 0, &v) &&
	       (v.edx & SW_CPUID_7_ARCH_CAP);
}

static bool sw_emulate_rdmsr(struct sw_run *run, u32 msr, u64 *val)
{
	const struct sw_tdvps *vp = run->vp;

	switch (msr) {
	case 0x34:
	case 0x4e:
	case 0x8b:
	case 0xce:
	case 0x140:
	case 0x345:
		*val = 0;
		return true;
	case 0x3a:
	case 0xbd:
		/* Locked with nothing enabled; xAPIC mode is gone for good. */
		*val = 1;
		return true;
	case 0xe1:
		*val = vp->umwait;
		return sw_cpuid_has_waitpkg(run->td->tdcs);
	case 0x10a:
		*val = SW_ARCH_CAPABILITIES;
		return sw_has_arch_cap(run);
	case 0x1a0:
		*val = vp->misc_enable;
		return true;
	case 0x1d9:
		*val = sw_guest_read(run, SW_VM_GUEST_DEBUGCTL);
		return true;
	case 0x600:
		*val = vp->ds_area;
		return true;
	case 0x802:
		*val = vp->x2apic_id;
		return true;
	case 0xda0:
		*val = vp->xss;
		return true;
	default:
		return false;
	}
}

/* LMA is the processor's; LME may not change under paging. */
static bool sw_write_efer(struct sw_run *run, u64 val)
{
	u64 old = sw_guest_read(run, SW_VM_GUEST_EFER);

	if (val & ~(SW_EFER_WRITABLE | SW_EFER_LMA))
		return false;
	if (((val ^ old) & SW_EFER_LME) &&
	    (sw_guest_read(run, SW_VM_GUEST_CR0) & SW_CR0_PG))
		return false;
	sw_guest_write(run, SW_VM_GUEST_EFER,
		       (val & SW_EFER_WRITABLE) | (old & SW_EFER_LMA));
	return true;
}

static bool sw_canonical(u64 val)
{
	return (u64)((s64)(val << 16) >> 16) == val;
}

static bool sw_emulate_wrmsr(struct sw_run *run, u32 msr, u64 val)
{
	struct sw_tdvps *vp = run->vp;

	switch (msr) {
	case 0x79:
	case 0x8b:
		/* A microcode update is the host's business: no effect. */
		return true;
	case 0xe1:
		if (!sw_cpuid_has_waitpkg(run->td->tdcs) || val >> 32 || val & 2)
			return false;
		vp->umwait = val;
		return true;
	case 0x140:
		return !val;
	case 0x1a0:
		if ((val ^ vp->misc_enable) & ~SW_MISC_ENABLE_FAST)
			return false;
		vp->misc_enable = val;
		return true;
	case 0x1d9:
		if (val & ~SW_DEBUGCTL_BTF)
			return false;
		sw_guest_write(run, SW_VM_GUEST_DEBUGCTL, val);
		return true;
	case 0x600:
		if (!sw_canonical(val))
			return false;
		vp->ds_area = val;
		return true;
	case 0xda0:
		if (val & ~(run->td->tdcs->xfam & SW_XSS_ALL))
			return false;
		vp->xss = val;
		sw_guest_set_xss(run, val);
		return true;
	case 0xc0000080:
		return sw_write_efer(run, val);
	default:
		return false;
	}
}

/* A register of CPUID. */
enum { EBX, ECX, EDX };

/*
 * MSRs that belong to a feature of the processor, in ascending order: #VE if the
 * TD's CPUID shows it, else #GP.  They are SW_MSR_RED in the table above.
 */
static const struct sw_msr_feature {
	u32 first, last;
	u8 leaf, reg, bit;
} sw_msr_features[] = {
	{ 0x33, 0x33, 7, EDX, 30 },		/* CORE_CAPABILITIES */
	{ 0x87, 0x87, 7, EDX, 18 },		/* PCONFIG */
	{ 0xcf, 0xcf, 7, EDX, 30 },
	{ 0xed, 0xf0, 7, EDX, 30 },
	{ 0xfe, 0xfe, 1, EDX, 12 },		/* MTRR */
	{ 0x179, 0x17b, 1, EDX, 14 },		/* MCA */
	{ 0x198, 0x199, 1, ECX, 7 },		/* EST */
	{ 0x19a, 0x19c, 1, EDX, 22 },		/* ACPI */
	{ 0x19d, 0x19d, 1, ECX, 8 },		/* TM2 */
	{ 0x1f2, 0x1f7, 1, EDX, 12 },
	{ 0x1f8, 0x1fa, 1, ECX, 18 },		/* DCA */
	{ 0x200, 0x26f, 1, EDX, 12 },
	{ 0x280, 0x29f, 1, EDX, 14 },
	{ 0x2a0, 0x2ff, 1, EDX, 12 },
	{ 0x400, 0x473, 1, EDX, 14 },
	{ 0x4d0, 0x4d0, 1, EDX, 14 },
	{ 0x6e0, 0x6e0, 1, ECX, 24 },		/* TSC_DEADLINE */
	{ 0x981, 0x984, 7, ECX, 13 },		/* TME */
	{ 0xc81, 0xc8c, 7, EBX, 15 },		/* RDT's allocation */
	{ 0xc8d, 0xc8f, 7, EBX, 12 },		/* RDT's monitoring */
	{ 0xc90, 0xd8f, 7, EBX, 15 },
};

#define SW_NR_MSR_FEATURES (sizeof(sw_msr_features) / sizeof(sw_msr_features[0]))

static bool sw_msr_has_feature(struct sw_run *run, const struct sw_msr_feature *f)
{
	struct sw_cpuid_val v;
	u32 val;

	if (!sw_cpuid_feature_leaf(run, f->leaf, &v))
		return false;
	val = f->reg == EBX ? v.ebx : f->reg == ECX ? v.ecx : v.edx;
	return val >> f->bit & 1;
}

/* Does an access to an SW_MSR_RED concern the host? */
static bool sw_msr_is_paravirt(struct sw_run *run, u32 msr)
{
	unsigned int i;

	for (i = 0; i < SW_NR_MSR_FEATURES; i++) {
		const struct sw_msr_feature *f = &sw_msr_features[i];

		if (msr >= f->first && msr <= f->last)
			return sw_msr_has_feature(run, f);
	}
	return !sw_reduces_ve(run);
}

/* An exit that is not emulated. */
static enum sw_next sw_msr_refuse(struct sw_run *run, u8 act)
{
	u32 msr = run->vp->gpr.rcx;

	if (act == SW_MSR_VE || act == SW_MSR_RED_EMUL || act == SW_MSR_APIC_ID ||
	    (act == SW_MSR_RED && sw_msr_is_paravirt(run, msr)))
		return sw_inject_ve(run, SW_VE_CONFIG_PARAVIRT);
	return sw_inject_gp(run);
}

static bool sw_msr_emulated(struct sw_run *run, u8 act)
{
	switch (act) {
	case SW_MSR_EMUL:
		return true;
	case SW_MSR_RED_EMUL:
		return sw_reduces_ve(run);
	case SW_MSR_APIC_ID:
		return run->td->tdcs->td_ctls & SW_TD_CTL_ENUM_TOPOLOGY;
	default:
		return false;
	}
}

enum sw_next sw_exit_rdmsr(struct sw_run *run)
{
	struct sw_regs *g = &run->vp->gpr;
	const struct sw_msr_range *r = sw_msr_find(g->rcx);
	u64 val = 0;

	if (!r || !sw_msr_emulated(run, r->rd))
		return sw_msr_refuse(run, r ? r->rd : SW_MSR_VE);
	if (!sw_emulate_rdmsr(run, g->rcx, &val))
		return sw_inject_gp(run);
	g->rax = (u32)val;
	g->rdx = val >> 32;
	sw_skip(run, run->exit.instr_len);
	return SW_NEXT_RESUME;
}

enum sw_next sw_exit_wrmsr(struct sw_run *run)
{
	struct sw_regs *g = &run->vp->gpr;
	const struct sw_msr_range *r = sw_msr_find(g->rcx);
	u64 val = (u32)g->rax | g->rdx << 32;

	if (!r || !sw_msr_emulated(run, r->wr))
		return sw_msr_refuse(run, r ? r->wr : SW_MSR_VE);
	if (!sw_emulate_wrmsr(run, g->rcx, val))
		return sw_inject_gp(run);
	sw_skip(run, run->exit.instr_len);
	return SW_NEXT_RESUME;
}
