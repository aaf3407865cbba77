// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs and control registers of a TD.  The table here is the test's
 * own, from the documentation; it shares nothing with msr.c.
 */
#include "vp_script.h"

static struct td td;
static struct vcpu v;
static u64 arg_msr, arg_val, arg_qual;

/* What an access does, as the guest sees it. */
enum { D, VE_, GP_, EM };

static const struct {
	u32 first, last;
	u8 rd, wr;
} documented[] = {
	{ 0x10, 0x10, D, VE_ }, { 0x17, 0x17, VE_, VE_ },
	{ 0x1b, 0x1b, VE_, VE_ }, { 0x34, 0x34, VE_, VE_ },
	{ 0x3a, 0x3a, VE_, VE_ }, { 0x3b, 0x3b, VE_, VE_ },
	{ 0x48, 0x49, D, D }, { 0x79, 0x79, VE_, VE_ }, { 0x87, 0x87, GP_, GP_ },
	{ 0x8b, 0x8b, VE_, VE_ }, { 0x8c, 0x8f, GP_, GP_ }, { 0xbd, 0xbd, EM, GP_ },
	{ 0xc1, 0xc8, GP_, GP_ }, { 0xce, 0xce, VE_, VE_ },
	{ 0xcf, 0xcf, VE_, GP_ }, { 0xfe, 0xfe, VE_, GP_ },
	{ 0x10b, 0x10b, D, D }, { 0x122, 0x122, GP_, GP_ },
	{ 0x174, 0x176, D, D }, { 0x179, 0x179, VE_, GP_ },
	{ 0x17a, 0x17a, VE_, VE_ }, { 0x186, 0x18d, GP_, GP_ },
	{ 0x198, 0x199, GP_, GP_ }, { 0x1c4, 0x1c5, GP_, GP_ },
	{ 0x200, 0x213, VE_, VE_ }, { 0x250, 0x250, VE_, VE_ },
	{ 0x268, 0x26f, VE_, VE_ }, { 0x277, 0x277, D, D },
	{ 0x2ff, 0x2ff, VE_, VE_ }, { 0x309, 0x310, GP_, GP_ },
	{ 0x345, 0x345, EM, GP_ }, { 0x38d, 0x392, GP_, GP_ },
	{ 0x400, 0x473, VE_, VE_ }, { 0x480, 0x492, VE_, GP_ },
	{ 0x560, 0x561, GP_, GP_ }, { 0x6a0, 0x6a0, GP_, GP_ },
	{ 0x6a2, 0x6a2, GP_, GP_ }, { 0x6a4, 0x6a8, GP_, GP_ },
	{ 0x6e0, 0x6e0, GP_, GP_ }, { 0x6e1, 0x6e1, GP_, GP_ },
	{ 0x800, 0x801, GP_, GP_ }, { 0x802, 0x802, VE_, GP_ },
	{ 0x803, 0x803, VE_, GP_ }, { 0x804, 0x807, GP_, GP_ },
	{ 0x808, 0x808, D, D }, { 0x80d, 0x80d, VE_, GP_ },
	{ 0x80f, 0x80f, VE_, VE_ }, { 0x828, 0x828, VE_, VE_ },
	{ 0x829, 0x82e, GP_, GP_ }, { 0x82f, 0x830, VE_, VE_ },
	{ 0x831, 0x831, GP_, GP_ }, { 0x832, 0x838, VE_, VE_ },
	{ 0x839, 0x839, VE_, GP_ }, { 0x83a, 0x83a, VE_, VE_ },
	{ 0x83b, 0x83d, GP_, GP_ }, { 0x83e, 0x83e, VE_, VE_ },
	{ 0x840, 0x8ff, GP_, GP_ }, { 0x985, 0x98a, GP_, GP_ },
	{ 0xc80, 0xc80, GP_, VE_ }, { 0xd90, 0xd90, GP_, GP_ },
	{ 0xda0, 0xda0, EM, EM }, { 0x1200, 0x12ff, GP_, GP_ },
	{ 0x1500, 0x16ff, GP_, GP_ }, { 0xc0000080, 0xc0000080, D, EM },
	{ 0xc0000081, 0xc0000082, D, D }, { 0xc0000083, 0xc0000083, VE_, VE_ },
	{ 0xc0000084, 0xc0000084, D, D }, { 0xc0000100, 0xc0000103, D, D },
	{ 0x40000000, 0x40000003, VE_, VE_ }, { 0xc0010000, 0xc0010002, VE_, VE_ },
};

#define NR_DOCUMENTED	(sizeof(documented) / sizeof(documented[0]))

static bool exits(u32 msr, bool write)
{
	const u8 *map = sw_va(td.tdcs[SW_TDCS_MSR_BITMAP]);

	if (msr >= 0x2000 && (msr < 0xc0000000 || msr > 0xc0001fff))
		return true;
	map += write ? 2048 : 0;
	map += msr >= 0xc0000000 ? 1024 : 0;
	msr &= 0x1fff;
	return map[msr / 8] >> (msr % 8) & 1;
}

static void rdmsr(struct sw_run *run)
{
	run->vp->gpr.rcx = arg_msr;
	run->vp->gpr.rax = 0xbad;
	exit_with(run, SW_XR_RDMSR, 0);
}

static void wrmsr(struct sw_run *run)
{
	run->vp->gpr.rcx = arg_msr;
	run->vp->gpr.rax = (u32)arg_val;
	run->vp->gpr.rdx = arg_val >> 32;
	exit_with(run, SW_XR_WRMSR, 0);
}

/* The event that the guest gets, 0 for an access that went well. */
static u32 access_msr(u32 msr, bool write)
{
	arg_msr = msr;
	tdvps_of(&v)->ve.valid = 0;
	expect(play(&v, write ? wrmsr : rdmsr), SW_XR_EXTERNAL_INTERRUPT);
	return script.injected;
}

static void check_msr(u32 msr, bool write, u8 want)
{
	u32 event;

	if (exits(msr, write) != (want != D)) {
		printf("# MSR %#x %s: bitmap\n", msr, write ? "write" : "read");
		ktap_failures++;
	}
	if (want == D || want == EM)
		return;
	event = access_msr(msr, write);
	if (event != (want == VE_ ? SCRIPT_VE : SCRIPT_GP)) {
		printf("# MSR %#x %s: event %#x\n", msr,
		       write ? "write" : "read", event);
		ktap_failures++;
	}
}

static void msrs_do_what_is_documented(void)
{
	unsigned int i;
	u64 msr;

	script_td(&td, &v, true);
	arg_val = 0;
	for (i = 0; i < NR_DOCUMENTED; i++) {
		for (msr = documented[i].first; msr <= documented[i].last; msr++) {
			check_msr(msr, false, documented[i].rd);
			check_msr(msr, true, documented[i].wr);
		}
	}
}

/* Only writes that the processor virtualises may pass. */
static void x2apic_writes_exit_but_for_three(void)
{
	u32 msr;

	script_td(&td, &v, true);
	for (msr = 0x800; msr < 0x900; msr++)
		expect(exits(msr, true),
		       msr != 0x808 && msr != 0x80b && msr != 0x83f);
	for (msr = 0x810; msr < 0x828; msr++)
		check(!exits(msr, false));
}

static void a_guest_that_reduces_ve_gets_gp(void)
{
	script_td(&td, &v, true);
	tdcs_of(&td)->td_ctls |= SW_TD_CTL_REDUCE_VE;
	expect(access_msr(0x200, false), SCRIPT_GP);
	expect(access_msr(0x17a, true), SCRIPT_GP);
	/* These are #VE for everyone. */
	expect(access_msr(0x1b, false), SCRIPT_VE);
	expect(access_msr(0x830, true), SCRIPT_VE);
}

/* Some of each feature; leaf, register and bit of CPUID. */
static const struct {
	u32 msr, leaf;
	unsigned int reg, bit;
} feature_msrs[] = {
	{ 0x87, 7, 3, 18 },		/* PCONFIG */
	{ 0x198, 1, 2, 7 },		/* EST */
	{ 0x19a, 1, 3, 22 },		/* ACPI */
	{ 0x19d, 1, 2, 8 },		/* TM2 */
	{ 0x1f8, 1, 2, 18 },		/* DCA */
	{ 0x6e0, 1, 2, 24 },		/* TSC_DEADLINE */
	{ 0x984, 7, 2, 13 },		/* TME */
	{ 0xc82, 7, 1, 15 }, { 0xd8f, 7, 1, 15 },	/* RDT: allocation */
	{ 0xc8f, 7, 1, 12 },		/* RDT: monitoring */
};

static void msrs_of_a_feature_are_there_with_it(void)
{
	unsigned int i;

	script_td(&td, &v, true);
	for (i = 0; i < SW_ARRAY_SIZE(feature_msrs); i++) {
		u32 *regs = (u32 *)&tdcs_of(&td)->cpuid[sw_cpuid_index(feature_msrs[i].leaf, 0)];
		u32 *reg = &regs[feature_msrs[i].reg], bit = 1u << feature_msrs[i].bit;

		*reg &= ~bit;
		expect(access_msr(feature_msrs[i].msr, false), SCRIPT_GP);
		expect(access_msr(feature_msrs[i].msr, true), SCRIPT_GP);
		*reg |= bit;
		expect(access_msr(feature_msrs[i].msr, false), SCRIPT_VE);
		expect(access_msr(feature_msrs[i].msr, true), SCRIPT_VE);
		tdcs_of(&td)->td_ctls |= SW_TD_CTL_REDUCE_VE;
		expect(access_msr(feature_msrs[i].msr, false), SCRIPT_GP);
		tdcs_of(&td)->td_ctls &= ~SW_TD_CTL_REDUCE_VE;
	}
}

/* The module has values for them only to save the #VE. */
static void msrs_are_emulated_for_who_reduces_ve(void)
{
	static const u32 msrs[] = { 0x34, 0x3a, 0x4e, 0x8b, 0xce, 0x140 };
	unsigned int i;

	script_td(&td, &v, true);
	for (i = 0; i < SW_ARRAY_SIZE(msrs); i++)
		expect(access_msr(msrs[i], false), SCRIPT_VE);
	tdcs_of(&td)->td_ctls |= SW_TD_CTL_REDUCE_VE;
	for (i = 0; i < SW_ARRAY_SIZE(msrs); i++)
		expect(access_msr(msrs[i], false), 0);
}

static void the_apic_id_is_emulated_with_the_topology(void)
{
	script_td(&td, &v, true);
	tdcs_of(&td)->td_ctls |= SW_TD_CTL_REDUCE_VE;
	expect(access_msr(0x802, false), SCRIPT_VE);
	tdcs_of(&td)->td_ctls = SW_TD_CTL_ENUM_TOPOLOGY;
	expect(access_msr(0x802, false), 0);
}

static u64 read_msr(u32 msr)
{
	expect(access_msr(msr, false), 0);
	return tdvps_of(&v)->gpr.rax | tdvps_of(&v)->gpr.rdx << 32;
}

static u32 write_msr(u32 msr, u64 val)
{
	arg_val = val;
	return access_msr(msr, true);
}

static void emulated_msrs_keep_what_is_allowed(void)
{
	u64 rip;

	script_td(&td, &v, true);
	tdcs_of(&td)->td_ctls |= SW_TD_CTL_REDUCE_VE;
	rip = vmcs_of(&v, SW_VM_GUEST_RIP);
	tdcs_of(&td)->td_ctls |= SW_TD_CTL_ENUM_TOPOLOGY;
	expect(read_msr(0x802), tdvps_of(&v)->x2apic_id);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), rip + 2);
	expect(read_msr(0x3a), 1);
	expect(write_msr(0x8b, 0), 0);
	expect(write_msr(0xda0, 0), 0);
	expect(write_msr(0xda0, 1 << 11), SCRIPT_GP);
	expect(write_msr(0x600, 1ULL << 47), SCRIPT_GP);
	expect(write_msr(0x600, 0xffff800000001000), 0);
	expect(read_msr(0x600), 0xffff800000001000);
	expect(write_msr(0x1d9, 2), 0);
	expect(vmcs_of(&v, SW_VM_GUEST_DEBUGCTL), 2);
	expect(write_msr(0x1d9, 1 << 6), SCRIPT_GP);
	expect(write_msr(0x1a0, read_msr(0x1a0) ^ 1), 0);
	expect(write_msr(0x1a0, read_msr(0x1a0) ^ 2), SCRIPT_GP);
}

static struct sw_cpuid_val *cpuid_7(void)
{
	return &tdcs_of(&td)->cpuid[sw_cpuid_index(7, 0)];
}

static void emulated_msrs_tell_nothing_of_the_host(void)
{
	static const u32 zero[] = { 0x34, 0x4e, 0x8b, 0xce, 0x140, 0xda0, 0x600 };
	unsigned int i;

	script_td(&td, &v, true);
	tdcs_of(&td)->td_ctls |= SW_TD_CTL_REDUCE_VE;
	for (i = 0; i < SW_ARRAY_SIZE(zero); i++)
		expect(read_msr(zero[i]), 0);
	/* Locked with nothing enabled; xAPIC mode is off for good. */
	expect(read_msr(0x3a), 1);
	expect(read_msr(0xbd), 1);
	expect(read_msr(0x1d9), 0);
	expect(write_msr(0x79, 0x12345), 0);
	expect(write_msr(0x140, 0), 0);
	expect(write_msr(0x140, 1), SCRIPT_GP);
	expect(write_msr(0x34, 0), SCRIPT_GP);
}

static void msrs_of_a_feature_go_with_its_cpuid_bit(void)
{
	script_td(&td, &v, true);
	cpuid_7()->ecx &= ~(1u << 5);
	cpuid_7()->edx &= ~(1u << 29);
	expect(access_msr(0xe1, false), SCRIPT_GP);
	expect(write_msr(0xe1, 0), SCRIPT_GP);
	expect(access_msr(0x10a, false), SCRIPT_GP);
	cpuid_7()->ecx |= 1 << 5;
	cpuid_7()->edx |= 1 << 29;
	expect(write_msr(0xe1, 0x1001), 0);
	expect(read_msr(0xe1), 0x1001);
	expect(write_msr(0xe1, 2), SCRIPT_GP);
	expect(write_msr(0xe1, 1ULL << 32), SCRIPT_GP);
	check(read_msr(0x10a));
	expect(write_msr(0x10a, 0), SCRIPT_GP);
}

/* The same table makes the bitmap and answers; numbers between its rows. */
static void an_msr_that_is_not_listed_is_a_ve(void)
{
	static const u32 msrs[] = {
		2, 0x11, 0x35, 0x9c, 0x278, 0x493, 0x1003, 0x1fff, 0x2000,
		0x3fffffff, 0xc0000085, 0xc0001fff, 0xc0002000, ~0u,
	};
	unsigned int i;

	script_td(&td, &v, true);
	for (i = 0; i < SW_ARRAY_SIZE(msrs); i++) {
		expect(access_msr(msrs[i], false), SCRIPT_VE);
		expect(access_msr(msrs[i], true), SCRIPT_VE);
		expect(tdvps_of(&v)->ve.category, 0x10);
		check(exits(msrs[i], false) && exits(msrs[i], true));
	}
}

static void efer_keeps_to_the_rules_of_paging(void)
{
	u64 efer = SW_EFER_SCE | SW_EFER_LME | SW_EFER_LMA | SW_EFER_NXE;

	script_td(&td, &v, true);
	expect(write_msr(0xc0000080, efer), 0);
	expect(write_msr(0xc0000080, efer & ~SW_EFER_NXE), 0);
	expect(vmcs_of(&v, SW_VM_GUEST_EFER), efer & ~SW_EFER_NXE);
	/* LMA is not the guest's to write. */
	expect(write_msr(0xc0000080, efer & ~SW_EFER_LMA), 0);
	expect(vmcs_of(&v, SW_VM_GUEST_EFER), efer);
	expect(write_msr(0xc0000080, efer | 1 << 12), SCRIPT_GP);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_CR0,
			 SW_CR0_PE | SW_CR0_NE | SW_CR0_PG);
	expect(write_msr(0xc0000080, efer & ~SW_EFER_LME), SCRIPT_GP);
}

/* --- control registers --- */

static void cr_exit(struct sw_run *run)
{
	run->vp->gpr.rdx = arg_val;
	exit_with(run, SW_XR_CR_ACCESS, arg_qual);
}

/* MOV to CR @nr from RDX. */
static u32 mov_cr(u64 nr, u64 val)
{
	arg_qual = nr | 2 << 8;
	arg_val = val;
	tdvps_of(&v)->ve.valid = 0;
	expect(play(&v, cr_exit), SW_XR_EXTERNAL_INTERRUPT);
	return script.injected;
}

static void fixed_bits_of_cr0_and_cr4_stay(void)
{
	u64 none = SW_CR4_VMXE | SW_CR4_SMXE | SW_CR4_PCE | SW_CR4_KL |
		   SW_CR4_CET | SW_CR4_PKS | SW_CR4_UINTR | SW_CR4_LASS |
		   SW_CR4_FRED | 1ULL << 63;
	u64 cr0 = SW_CR0_PE | SW_CR0_NE | SW_CR0_PG;
	unsigned int bit;

	script_td(&td, &v, true);
	expect(mov_cr(0, cr0 & ~SW_CR0_NE), SCRIPT_GP);
	expect(mov_cr(0, cr0 & ~SW_CR0_PE), SCRIPT_GP);
	expect(mov_cr(0, cr0 | SW_CR0_NW), SCRIPT_GP);
	expect(mov_cr(0, cr0 | 1ULL << 32), SCRIPT_GP);
	expect(mov_cr(0, cr0 | SW_CR0_CD), SCRIPT_VE);
	expect(mov_cr(4, SW_CR4_PAE), SCRIPT_VE);
	expect(mov_cr(4, SW_CR4_PAE | SW_CR4_MCE | SW_CR4_VMXE), SCRIPT_GP);
	expect(mov_cr(4, SW_CR4_PAE | SW_CR4_MCE | SW_CR4_CET), SCRIPT_GP);
	/* Features that no TD gets, though the processor may have them. */
	for (bit = 0; bit < 64; bit++) {
		if (!(none >> bit & 1))
			continue;
		check(sw_cr4_host_owned(tdcs_of(&td)) >> bit & 1);
		expect(mov_cr(4, SW_CR4_PAE | SW_CR4_MCE | 1ULL << bit),
		       SCRIPT_GP);
	}
	check(!(sw_cr4_host_owned(tdcs_of(&td)) &
		(SW_CR4_PAE | SW_CR4_OSXSAVE | SW_CR4_PKE | SW_CR4_SMAP)));
	check(sw_cr0_host_owned() & SW_CR0_CD);
	check(!(sw_cr0_host_owned() & (SW_CR0_PG | SW_CR0_WP | SW_CR0_TS)));
}

/* A TD of td_params() with these on top. */
static void td_with(u64 attributes, u64 xfam)
{
	u64 *p;

	module_ready();
	script_reset();
	td_keyed(&td);
	p = td_params();
	p[0] |= attributes;
	p[1] |= xfam;
	expect(call(SW_LEAF_MNG_INIT, td.tdr, TDMR_BASE + 0xa000, 0, 0), 0);
	td_vcpu(&td, &v);
	td_finalize(&td);
}

static void a_td_with_cet_has_its_registers(void)
{
	static const u32 msrs[] = { 0x6a0, 0x6a2, 0x6a4, 0x6a5, 0x6a6, 0x6a7, 0x6a8 };
	unsigned int i;

	td_with(0, 0x1800);
	for (i = 0; i < SW_ARRAY_SIZE(msrs); i++) {
		check(!exits(msrs[i], false));
		check(!exits(msrs[i], true));
	}
	check(exits(0x6a1, true));
	expect(access_msr(0x6e1, false), SCRIPT_GP);
	check(!(sw_cr4_host_owned(tdcs_of(&td)) & SW_CR4_CET));
	check(sw_cr4_host_owned(tdcs_of(&td)) & SW_CR4_PKS);
	/* XSAVES may have what XFAM has, and the processor is told. */
	expect(write_msr(0xda0, 0x1000), 0);
	expect(script.xss, 0x1000);
	expect(read_msr(0xda0), 0x1000);
	expect(write_msr(0xda0, 0x1800), 0);
	expect(write_msr(0xda0, 0x1900), SCRIPT_GP);
	expect(script.xss, 0x1800);
}

static void a_td_with_pks_has_its_register(void)
{
	td_with(1ULL << 30, 0);
	check(!exits(0x6e1, false));
	check(!exits(0x6e1, true));
	expect(access_msr(0x6a2, false), SCRIPT_GP);
	check(!(sw_cr4_host_owned(tdcs_of(&td)) & SW_CR4_PKS));
	check(sw_cr4_host_owned(tdcs_of(&td)) & SW_CR4_CET);
	expect(write_msr(0xda0, 0x800), SCRIPT_GP);
}

static void xsetbv_exit(struct sw_run *run)
{
	run->vp->gpr.rcx = arg_msr;
	run->vp->gpr.rax = (u32)arg_val;
	run->vp->gpr.rdx = arg_val >> 32;
	exit_with(run, SW_XR_XSETBV, 0);
}

static u32 xsetbv(u32 reg, u64 val)
{
	arg_msr = reg;
	arg_val = val;
	script.xcr0 = ~0ULL;
	expect(play(&v, xsetbv_exit), SW_XR_EXTERNAL_INTERRUPT);
	return script.injected;
}

/* XFAM of the TD is 0x2e7: x87, SSE, AVX, AVX-512, PKRU. */
static void xcr0_stays_within_xfam_and_makes_sense(void)
{
	static const u64 good[] = { 1, 3, 7, 0xe7, 0x2e7, 0x203 };
	static const u64 bad[] = {
		0, 2, 6, 5, 0x27, 0x67, 0xe3, 0x8, 0x18 | 3, 0x60000 | 3,
		1ULL << 63 | 3, 0x100 | 3, 0x800 | 3,
	};
	unsigned int i;

	script_td(&td, &v, true);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		expect(xsetbv(0, good[i]), 0);
		expect(script.xcr0, good[i]);
		expect(tdvps_of(&v)->xcr0, good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(xsetbv(0, bad[i]), SCRIPT_GP);
		expect(script.xcr0, ~0ULL);
	}
	expect(xsetbv(1, 3), SCRIPT_GP);
}

static const struct ktap_test tests[] = {
	TEST(msrs_do_what_is_documented),
	TEST(x2apic_writes_exit_but_for_three),
	TEST(a_guest_that_reduces_ve_gets_gp),
	TEST(msrs_of_a_feature_are_there_with_it),
	TEST(msrs_are_emulated_for_who_reduces_ve),
	TEST(the_apic_id_is_emulated_with_the_topology),
	TEST(emulated_msrs_keep_what_is_allowed),
	TEST(emulated_msrs_tell_nothing_of_the_host),
	TEST(msrs_of_a_feature_go_with_its_cpuid_bit),
	TEST(an_msr_that_is_not_listed_is_a_ve),
	TEST(efer_keeps_to_the_rules_of_paging),
	TEST(fixed_bits_of_cr0_and_cr4_stay),
	TEST(a_td_with_cet_has_its_registers),
	TEST(a_td_with_pks_has_its_register),
	TEST(xcr0_stays_within_xfam_and_makes_sense),
};

int main(void)
{
	return ktap_run(tests);
}
