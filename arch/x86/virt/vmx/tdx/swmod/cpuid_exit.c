// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID in the guest: the TD's table, and what depends on the vCPU's state at
 * that moment.  A leaf that is not in the table is the host's to answer: #VE.
 */
#include "guest.h"

#define SW_CPUID_HYPERVISOR(leaf)	((leaf) >> 28 == 4)

#define SW_CPUID_1_OSXSAVE	(1u << 27)
#define SW_CPUID_7_WAITPKG	(1u << 5)
#define SW_CPUID_7_OSPKE	(1u << 4)
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

static void sw_cpuid_dynamic(struct sw_run *run, u32 leaf, u32 subleaf,
			     struct sw_cpuid_val *v)
{
	const struct sw_tdvps *vp = run->vp;
	u64 cr4 = sw_guest_read(run, SW_VM_GUEST_CR4);

	switch (leaf) {
	case 1:
		v->ebx = (v->ebx & 0xffffff) | vp->x2apic_id << 24;
		v->ecx = sw_set_bit(v->ecx, SW_CPUID_1_OSXSAVE,
				    cr4 & SW_CR4_OSXSAVE);
		break;
	case 7:
		if (!subleaf)
			v->ecx = sw_set_bit(v->ecx, SW_CPUID_7_OSPKE,
					    cr4 & SW_CR4_PKE);
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
	}
}

static bool sw_cpuid_ve_wanted(struct sw_run *run)
{
	const struct sw_tdvps *vp = run->vp;

	if (!vp->cpuid_supervisor_ve && !vp->cpuid_user_ve)
		return false;
	return sw_cpl(run) ? vp->cpuid_user_ve : vp->cpuid_supervisor_ve;
}

enum sw_next sw_exit_cpuid(struct sw_run *run)
{
	struct sw_regs *g = &run->vp->gpr;
	u32 leaf = g->rax, subleaf = g->rcx;
	struct sw_cpuid_val v = {};

	if (SW_CPUID_HYPERVISOR(leaf))
		return sw_inject_ve(run, SW_VE_PARAVIRT);
	if (sw_cpuid_ve_wanted(run))
		return sw_inject_ve(run, SW_VE_CONFIG_PARAVIRT);
	if (!sw_cpuid_lookup(run->td->tdcs, leaf, subleaf, &v))
		return sw_inject_ve(run, SW_VE_PARAVIRT);
	sw_cpuid_dynamic(run, leaf, subleaf, &v);
	g->rax = v.eax;
	g->rbx = v.ebx;
	g->rcx = v.ecx;
	g->rdx = v.edx;
	sw_skip(run, run->exit.instr_len);
	return SW_NEXT_RESUME;
}
