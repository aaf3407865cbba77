// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID in the guest: the TD's table, and what depends on the vCPU's state at
 * that moment.  A leaf that is not in the table is a #VE, as are those that
 * the guest chose; one that reduces #VEs gets zeros in place of the former.
 */
#include "guest/guest.h"

#define SW_CPUID_HYPERVISOR(leaf)	((leaf) >> 28 == 4)
#define SW_CPUID_EXT		0x80000000u
#define SW_CPUID_LAST		0x23u
#define SW_CPUID_LAST_EXT	0x80000008u

/*
 * Leaves that read as zero for every TD; bits from 52 on are extended ones.
 * Those that name no feature of the processor raise #VE all the same.
 */
#define SW_CPUID_FIXED0		0x0380000508cfd308ULL
#define SW_CPUID_FIXED0_EXT	52

/* Bits of CPUID_CONTROL */
#define SW_CPUID_CTL_SUPERVISOR	1
#define SW_CPUID_CTL_USER	2

#define SW_CPUID_1_OSXSAVE	(1u << 27)
#define SW_CPUID_4_SHARING	0xffffc000u	/* of EAX */
#define SW_CPUID_4_CACHES	4
#define SW_CPUID_7_WAITPKG	(1u << 5)
#define SW_CPUID_7_OSPKE	(1u << 4)
#define SW_CPUID_80000001_SYSCALL (1u << 11)
#define SW_XSAVE_HEADER_END	576

bool sw_cpuid_has_waitpkg(const struct sw_tdcs *tdcs)
{
	struct sw_cpuid_val v;

	return sw_cpuid_lookup(tdcs, 7, 0, &v) && (v.ecx & SW_CPUID_7_WAITPKG);
}

static u32 sw_set_bit(u32 val, u32 bit, bool on)
{
	return on ? val | bit : val & ~bit;
}

/* Room for the components in @xcr0, in the standard format. */
static u32 sw_xsave_size(const struct sw_tdcs *tdcs, u64 xcr0)
{
	u32 size = SW_XSAVE_HEADER_END, i;
	struct sw_cpuid_val v;

	for (i = 2; i < 19; i++) {
		if (!(xcr0 & (1ULL << i)) || !sw_cpuid_lookup(tdcs, 0xd, i, &v))
			continue;
		if (v.ebx + v.eax > size)
			size = v.ebx + v.eax;
	}
	return size;
}

/* The same in the compacted format, supervisor components included. */
static u32 sw_xsaves_size(const struct sw_tdcs *tdcs, u64 mask)
{
	u32 size = SW_XSAVE_HEADER_END, i;
	struct sw_cpuid_val v;

	for (i = 2; i < 19; i++) {
		if (!(mask & (1ULL << i)) || !sw_cpuid_lookup(tdcs, 0xd, i, &v))
			continue;
		if (v.ecx & 2)
			size = (size + 63) & ~63u;
		size += v.eax;
	}
	return size;
}

/* Until a TD asks for the topology, its vCPUs are numbered by their index. */
static u32 sw_apic_id(const struct sw_run *run)
{
	if (run->td->tdcs->td_ctls & SW_TD_CTL_ENUM_TOPOLOGY)
		return run->vp->x2apic_id;
	return run->vp->vcpu_index;
}

/*
 * The caches of the processor, for who reduces #VEs; which CPUs share them is
 * what the host configured.
 */
static void sw_cpuid_caches(u32 subleaf, struct sw_cpuid_val *v)
{
	u32 shared = v->eax & SW_CPUID_4_SHARING;

	sw_cpuid_native(4, subleaf, v);
	v->eax = (v->eax & ~SW_CPUID_4_SHARING) | shared;
}

enum sw_cpuid_reg { SW_EAX, SW_EBX, SW_ECX, SW_EDX };

/*
 * Features of the processor whose MSRs are the host's.  Who reduces #VEs has
 * none of them, so that it does not look for the MSRs, which are a #GP then; it
 * gets them back one by one with FEATURE_PARAVIRT_CTLS.  For who does not, the
 * host cannot take away those that are kept.
 */
static const struct sw_paravirt {
	u8 ctl, leaf, reg, bit;
	bool kept;
} sw_paravirt[] = {
	{ 0, 7, SW_EDX, 30, true },	/* CORE_CAPABILITIES */
	{ 1, 1, SW_ECX, 18 },		/* DCA */
	{ 2, 1, SW_ECX, 7 },		/* EST */
	{ 3, 1, SW_EDX, 7, true },	/* MCE */
	{ 3, 1, SW_EDX, 14, true },	/* MCA */
	{ 4, 1, SW_EDX, 12, true },	/* MTRR */
	{ 5, 7, SW_EDX, 18 },		/* PCONFIG */
	{ 6, 7, SW_EBX, 15 },		/* RDT's allocation */
	{ 7, 7, SW_EBX, 12 },		/* RDT's monitoring */
	{ 8, 1, SW_EDX, 22 },		/* ACPI */
	{ 9, 1, SW_ECX, 8 },		/* TM2 */
	{ 10, 7, SW_ECX, 13 },		/* TME */
	{ 11, 1, SW_ECX, 24 },		/* TSC_DEADLINE */
};

#define SW_NR_PARAVIRT	(sizeof(sw_paravirt) / sizeof(sw_paravirt[0]))

static u32 *sw_cpuid_reg(struct sw_cpuid_val *v, u8 reg)
{
	switch (reg) {
	case SW_EBX:
		return &v->ebx;
	case SW_ECX:
		return &v->ecx;
	default:
		return &v->edx;
	}
}

static void sw_cpuid_paravirt(struct sw_run *run, u32 leaf, struct sw_cpuid_val *v)
{
	u64 ctls = run->td->tdcs->feature_paravirt_ctls;
	struct sw_cpuid_val n;
	unsigned int i;

	sw_cpuid_native(leaf, 0, &n);
	for (i = 0; i < SW_NR_PARAVIRT; i++) {
		const struct sw_paravirt *p = &sw_paravirt[i];
		u32 bit = 1u << p->bit;

		if (p->leaf != leaf)
			continue;
		if (!sw_reduces_ve(run) && p->kept)
			*sw_cpuid_reg(v, p->reg) |= *sw_cpuid_reg(&n, p->reg) & bit;
		else if (sw_reduces_ve(run) && !(ctls >> p->ctl & 1))
			*sw_cpuid_reg(v, p->reg) &= ~bit;
	}
}

bool sw_cpuid_feature_leaf(struct sw_run *run, u32 leaf, struct sw_cpuid_val *v)
{
	if (!sw_cpuid_lookup(run->td->tdcs, leaf, 0, v))
		return false;
	sw_cpuid_paravirt(run, leaf, v);
	return true;
}

static void sw_cpuid_dynamic(struct sw_run *run, u32 leaf, u32 subleaf,
			     struct sw_cpuid_val *v)
{
	const struct sw_tdvps *vp = run->vp;
	u64 cr4 = sw_guest_read(run, SW_VM_GUEST_CR4);

	switch (leaf) {
	case 1:
		v->ebx = (v->ebx & 0xffffff) | sw_apic_id(run) << 24;
		v->ecx = sw_set_bit(v->ecx, SW_CPUID_1_OSXSAVE,
				    cr4 & SW_CR4_OSXSAVE);
		sw_cpuid_paravirt(run, leaf, v);
		break;
	case 4:
		if (subleaf < SW_CPUID_4_CACHES && sw_reduces_ve(run))
			sw_cpuid_caches(subleaf, v);
		break;
	case 7:
		if (subleaf)
			break;
		v->ecx = sw_set_bit(v->ecx, SW_CPUID_7_OSPKE, cr4 & SW_CR4_PKE);
		sw_cpuid_paravirt(run, leaf, v);
		break;
	case 0xb:
	case 0x1f:
		v->edx = vp->x2apic_id;
		break;
	case 0xd:
		if (subleaf == 0)
			v->ebx = sw_xsave_size(run->td->tdcs, vp->xcr0);
		else if (subleaf == 1)
			v->ebx = sw_xsaves_size(run->td->tdcs,
						vp->xcr0 | vp->xss);
		break;
	case 0x80000001:
		v->edx = sw_set_bit(v->edx, SW_CPUID_80000001_SYSCALL,
				    sw_in_64bit(run));
		break;
	}
}

/* A number above the last one of its range is the last basic leaf. */
static u32 sw_cpuid_clamp(u32 leaf)
{
	u32 last = leaf < SW_CPUID_EXT ? SW_CPUID_LAST : SW_CPUID_LAST_EXT;

	return leaf > last ? SW_CPUID_LAST : leaf;
}

static bool sw_cpuid_reads_zero(u32 leaf)
{
	u32 bit = leaf & ~SW_CPUID_EXT;

	if (leaf & SW_CPUID_EXT)
		bit += SW_CPUID_FIXED0_EXT;
	return bit < 64 && (SW_CPUID_FIXED0 >> bit & 1);
}

/* The guest wants to hear of all leaves, or of this one, at this level. */
static bool sw_cpuid_ve_wanted(struct sw_run *run, u8 control)
{
	const struct sw_tdvps *vp = run->vp;

	if (sw_cpl(run))
		return vp->cpuid_user_ve || (control & SW_CPUID_CTL_USER);
	return vp->cpuid_supervisor_ve || (control & SW_CPUID_CTL_SUPERVISOR);
}

static bool sw_cpuid_has(struct sw_run *run, u32 leaf, u8 reg, u8 bit)
{
	struct sw_cpuid_val v;

	return sw_cpuid_feature_leaf(run, leaf, &v) &&
	       (*sw_cpuid_reg(&v, reg) >> bit & 1);
}

/*
 * Leaves whose contents a TD has to ask for before it gets them; those of a
 * feature that it has (DCA, RDT, PCONFIG) are the host's all the same.
 */
static bool sw_cpuid_withheld(struct sw_run *run, u32 leaf)
{
	u64 ctls = run->td->tdcs->td_ctls;

	switch (leaf) {
	case 0x2:
		return !(ctls & SW_TD_CTL_VIRT_CPUID2);
	case 0x9:
		return !sw_reduces_ve(run) || sw_cpuid_has(run, 1, SW_ECX, 18);
	case 0xf:
		return !sw_reduces_ve(run) || sw_cpuid_has(run, 7, SW_EBX, 12);
	case 0x10:
		return !sw_reduces_ve(run) || sw_cpuid_has(run, 7, SW_EBX, 15);
	case 0x1b:
		return !sw_reduces_ve(run) || sw_cpuid_has(run, 7, SW_EDX, 18);
	case 0x6:
	case 0xc:
	case 0x16:
	case 0x17:
	case 0x80000002:
	case 0x80000003:
	case 0x80000004:
	case 0x80000005:
		return !sw_reduces_ve(run);
	case 0xb:
	case 0x1f:
		return !(ctls & SW_TD_CTL_ENUM_TOPOLOGY);
	default:
		return false;
	}
}

/* The value of a leaf outside the table; false if there is none. */
static bool sw_cpuid_unlisted(struct sw_run *run, u32 leaf, u32 subleaf,
			      struct sw_cpuid_val *v)
{
	if (sw_cpuid_reads_zero(leaf))
		return true;
	if (!sw_reduces_ve(run))
		return false;
	/* A level of the topology that does not exist still has its number. */
	if (leaf == 0xb || leaf == 0x1f)
		v->ecx = subleaf & 0xff;
	return true;
}

static bool sw_cpuid_value(struct sw_run *run, u32 leaf, u32 subleaf,
			   struct sw_cpuid_val *v)
{
	int i = sw_cpuid_index(leaf, subleaf);

	if (sw_cpuid_ve_wanted(run, i < 0 ? 0 : run->vp->cpuid_control[i]))
		return false;
	if (sw_cpuid_withheld(run, leaf))
		return false;
	if (!sw_cpuid_lookup(run->td->tdcs, leaf, subleaf, v) &&
	    !sw_cpuid_unlisted(run, leaf, subleaf, v))
		return false;
	sw_cpuid_dynamic(run, leaf, subleaf, v);
	return true;
}

enum sw_next sw_exit_cpuid(struct sw_run *run)
{
	struct sw_regs *g = &run->vp->gpr;
	u32 leaf = g->rax, subleaf = g->rcx;
	struct sw_cpuid_val v = {};

	if (SW_CPUID_HYPERVISOR(leaf))
		return sw_inject_ve(run, SW_VE_PARAVIRT);
	if (!sw_cpuid_value(run, sw_cpuid_clamp(leaf), subleaf, &v))
		return sw_inject_ve(run, SW_VE_CONFIG_PARAVIRT);
	g->rax = v.eax;
	g->rbx = v.ebx;
	g->rcx = v.ecx;
	g->rdx = v.edx;
	sw_skip(run, run->exit.instr_len);
	return SW_NEXT_RESUME;
}
