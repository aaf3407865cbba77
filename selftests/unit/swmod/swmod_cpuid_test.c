// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID in a TD: which leaves have a value, which are a #VE, and what the guest
 * may change about that.  Lists here are the test's own, from the documentation.
 */
#include "vp_script.h"

#define CTL_TOPOLOGY	(1ULL << 1)
#define CTL_REDUCE_VE	(1ULL << 3)

#define TDG_VP_RD	9
#define TDG_VP_WR	10
#define TDG_CPUIDVE_SET	5
#define CPUID_CONTROL	0xA120000000000000ULL
#define SUPERVISOR_VE	0xA020000000000007ULL

static struct td td;
static struct vcpu v;
static u32 arg_leaf, arg_subleaf;
static struct sw_regs arg_call;

static void cpuid_exit(struct sw_run *run)
{
	run->vp->gpr.rax = arg_leaf;
	run->vp->gpr.rcx = arg_subleaf;
	run->vp->gpr.rbx = 0xbad;
	run->vp->gpr.rdx = 0xbad;
	exit_with(run, SW_XR_CPUID, 0);
}

/* The event that the guest gets, 0 for a value in its registers. */
static u32 cpuid(u32 leaf, u32 subleaf)
{
	arg_leaf = leaf;
	arg_subleaf = subleaf;
	tdvps_of(&v)->ve.valid = 0;
	expect(play(&v, cpuid_exit), SW_XR_EXTERNAL_INTERRUPT);
	return script.injected;
}

static struct sw_regs *gpr(void)
{
	return &tdvps_of(&v)->gpr;
}

static void check_zero(u32 leaf, u32 subleaf)
{
	expect(cpuid(leaf, subleaf), 0);
	expect(gpr()->rax | gpr()->rbx | gpr()->rcx | gpr()->rdx, 0);
}

static void tdcall_exit(struct sw_run *run)
{
	struct sw_regs *g = &run->vp->gpr;

	*g = arg_call;
	exit_tdcall(run, arg_call.rax, arg_call.rcx);
}

static u64 tdcall(u64 leaf, u64 rcx, u64 rdx, u64 r8, u64 r9)
{
	arg_call = (struct sw_regs){
		.rax = leaf, .rcx = rcx, .rdx = rdx, .r8 = r8, .r9 = r9,
	};
	expect(play(&v, tdcall_exit), SW_XR_EXTERNAL_INTERRUPT);
	return gpr()->rax;
}

static void user_mode(bool user)
{
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_SS_AR, user ? 0xc0f3 : 0xc093);
}

static void fresh(u64 ctls)
{
	script_td(&td, &v, true);
	tdcs_of(&td)->td_ctls |= ctls;
}

/* --- which leaves --- */

static void hypervisor_leaves_are_the_hosts(void)
{
	fresh(CTL_REDUCE_VE);
	expect(cpuid(0x40000000, 0), SCRIPT_VE);
	expect(tdvps_of(&v)->ve.exit_reason, SW_XR_CPUID);
	expect(tdvps_of(&v)->ve.category, 0x11);
	expect(cpuid(0x4fffffff, 0), SCRIPT_VE);
	expect(cpuid(0x21, 0), 0);
}

static void leaves_without_a_value_raise_ve_or_read_zero(void)
{
	/* No bit of these is a TD's business. */
	static const u32 zero[] = { 3, 8, 0xe, 0x11, 0x12, 0x13, 0x20, 0x22 };
	static const u32 ask[] = {
		6, 9, 0xc, 0xf, 0x10, 0x16, 0x17, 0x1b, 0x80000003, 0x80000004,
		0x80000005,
	};
	unsigned int i;

	fresh(0);
	for (i = 0; i < SW_ARRAY_SIZE(zero); i++)
		check_zero(zero[i], 0);
	for (i = 0; i < SW_ARRAY_SIZE(ask); i++) {
		expect(cpuid(ask[i], 0), SCRIPT_VE);
		expect(tdvps_of(&v)->ve.category, 0x10);
	}
	expect(cpuid(4, 9), SCRIPT_VE);
	expect(cpuid(7, 3), SCRIPT_VE);

	fresh(CTL_REDUCE_VE);
	for (i = 0; i < SW_ARRAY_SIZE(ask); i++)
		expect(cpuid(ask[i], 0), 0);
	check_zero(4, 9);
	check_zero(7, 3);
	/* The old way to tell of caches is a #VE for all. */
	expect(cpuid(2, 0), SCRIPT_VE);
}

static void a_leaf_beyond_the_last_is_the_last_basic_one(void)
{
	static const u32 beyond[] = {
		0x24, 0x3fffffff, 0x50000000, 0x7fffffff, 0x80000009, ~0u,
	};
	struct sw_regs last_leaf;
	unsigned int i;

	fresh(0);
	expect(cpuid(0x23, 0), 0);
	last_leaf = *gpr();
	for (i = 0; i < SW_ARRAY_SIZE(beyond); i++) {
		expect(cpuid(beyond[i], 0), 0);
		expect(gpr()->rax, last_leaf.rax);
		expect(gpr()->rbx, last_leaf.rbx);
		expect(gpr()->rcx, last_leaf.rcx);
		expect(gpr()->rdx, last_leaf.rdx);
	}
}

static void a_value_moves_on_and_a_ve_does_not(void)
{
	u64 rip;

	fresh(0);
	rip = vmcs_of(&v, SW_VM_GUEST_RIP);
	expect(cpuid(0x40000000, 0), SCRIPT_VE);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), rip);
	expect(gpr()->rbx, 0xbad);
	expect(cpuid(0x21, 0), 0);
	expect(vmcs_of(&v, SW_VM_GUEST_RIP), rip + 2);
	expect(gpr()->rbx, 0x65746e49);
	expect(gpr()->rcx, 0x20202020);
	expect(gpr()->rdx, 0x5844546c);
}

/* --- what depends on the moment --- */

static void cpuid_follows_cr4_and_the_mode(void)
{
	fresh(0);
	expect(cpuid(1, 0), 0);
	check(!(gpr()->rcx & 1 << 27));
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_CR4,
			 SW_CR4_OSXSAVE | SW_CR4_PKE);
	expect(cpuid(1, 0), 0);
	check(gpr()->rcx & 1 << 27);
	expect(cpuid(7, 0), 0);
	check(gpr()->rcx & 1 << 4);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_CR4, SW_CR4_OSXSAVE);
	expect(cpuid(7, 0), 0);
	check(!(gpr()->rcx & 1 << 4));
	/* SYSCALL is there for 64-bit code. */
	expect(cpuid(0x80000001, 0), 0);
	check(gpr()->rdx & 1 << 11);
	sw_guest_vmcs_wr(tdvps_of(&v), SW_VM_GUEST_CS_AR, 0xc09b);
	expect(cpuid(0x80000001, 0), 0);
	check(!(gpr()->rdx & 1 << 11));
}

static void the_apic_id_is_told_to_who_asks_for_the_topology(void)
{
	fresh(0);
	tdvps_of(&v)->x2apic_id = 0x115;
	tdvps_of(&v)->vcpu_index = 3;
	expect(cpuid(1, 0), 0);
	expect(gpr()->rbx >> 24, 3);
	expect(cpuid(0xb, 0), SCRIPT_VE);
	expect(cpuid(0x1f, 1), SCRIPT_VE);

	tdcs_of(&td)->td_ctls |= CTL_TOPOLOGY;
	expect(cpuid(1, 0), 0);
	expect(gpr()->rbx >> 24, 0x15);
	expect(cpuid(0xb, 0), 0);
	expect(gpr()->rdx, 0x115);
	/* A level that is not there: no more than its number, if at all. */
	expect(cpuid(0x1f, 7), SCRIPT_VE);
	tdcs_of(&td)->td_ctls |= CTL_REDUCE_VE;
	expect(cpuid(0x1f, 0x107), 0);
	expect(gpr()->rcx, 7);
	expect(gpr()->rdx, 0x115);
	expect(gpr()->rax | gpr()->rbx, 0);
}

/* The test's processor says 0x04000121 and all ones. */
static void caches_are_the_processors_for_who_reduces_ve(void)
{
	struct sw_cpuid_val *c;

	fresh(0);
	c = &tdcs_of(&td)->cpuid[sw_cpuid_index(4, 1)];
	*c = (struct sw_cpuid_val){ 0x1c004022, 0x1000, 7, 1 };
	expect(cpuid(4, 1), 0);
	expect(gpr()->rax, 0x1c004022);
	expect(gpr()->rcx, 7);
	tdcs_of(&td)->td_ctls |= CTL_REDUCE_VE;
	expect(cpuid(4, 1), 0);
	expect(gpr()->rax, 0x1c004121);
	expect(gpr()->rbx, 0xffffffff);
	expect(gpr()->rcx, 0xffffffff);
	/* The fifth is none on any processor. */
	check_zero(4, 4);
}

/* Registers in the order of CPUID: EAX is not looked at. */
static const struct {
	u32 leaf, ebx, ecx, edx;
} reduced[] = {
	/* EST, TM2, DCA, TSC_DEADLINE; MCE, MTRR, MCA, ACPI */
	{ 1, 0, 1 << 7 | 1 << 8 | 1 << 18 | 1 << 24,
	  1 << 7 | 1 << 12 | 1 << 14 | 1 << 22 },
	/* PQM, PQE; TME; PCONFIG, CORE_CAPABILITIES */
	{ 7, 1 << 12 | 1 << 15, 1 << 13, 1 << 18 | 1 << 30 },
};

/* A guest that finds MCE or MTRR in CPUID reads their MSRs, which are #GP then. */
static void who_reduces_ve_has_no_feature_whose_msrs_are_the_hosts(void)
{
	unsigned int i;

	fresh(0);
	for (i = 0; i < SW_ARRAY_SIZE(reduced); i++) {
		u32 leaf = reduced[i].leaf;

		tdcs_of(&td)->cpuid[sw_cpuid_index(leaf, 0)] =
			(struct sw_cpuid_val){ ~0u, ~0u, ~0u, ~0u };
		expect(cpuid(leaf, 0), 0);
		expect(gpr()->rbx & reduced[i].ebx, reduced[i].ebx);
		expect(gpr()->rcx & reduced[i].ecx, reduced[i].ecx);
		expect(gpr()->rdx & reduced[i].edx, reduced[i].edx);
		tdcs_of(&td)->td_ctls |= CTL_REDUCE_VE;
		expect(cpuid(leaf, 0), 0);
		expect(gpr()->rbx & reduced[i].ebx, 0);
		expect(gpr()->rcx & reduced[i].ecx, 0);
		expect(gpr()->rdx, ~reduced[i].edx);
		tdcs_of(&td)->td_ctls &= ~CTL_REDUCE_VE;
	}
}

/* FEATURE_PARAVIRT_CTLS, from bit 0 on: leaf, register and bit. */
static const u8 brought_back[][3] = {
	{ 7, 3, 30 }, { 1, 2, 18 }, { 1, 2, 7 }, { 1, 3, 14 }, { 1, 3, 12 },
	{ 7, 3, 18 }, { 7, 1, 15 }, { 7, 1, 12 }, { 1, 3, 22 }, { 1, 2, 8 },
	{ 7, 2, 13 }, { 1, 2, 24 },
};

static bool has(const u8 *where)
{
	const u64 *regs[] = { &gpr()->rax, &gpr()->rbx, &gpr()->rcx, &gpr()->rdx };

	expect(cpuid(where[0], 0), 0);
	return *regs[where[1]] >> where[2] & 1;
}

static void what_reduce_ve_takes_away_comes_back_one_by_one(void)
{
	/* The leaf of the feature with this number is the host's then. */
	static const struct { u8 ctl, leaf; } leaves[] = {
		{ 1, 0x9 }, { 5, 0x1b }, { 6, 0x10 }, { 7, 0xf },
	};
	unsigned int i, n;

	fresh(0);
	tdcs_of(&td)->td_ctls |= CTL_REDUCE_VE;
	tdcs_of(&td)->cpuid[sw_cpuid_index(1, 0)] =
		(struct sw_cpuid_val){ ~0u, ~0u, ~0u, ~0u };
	tdcs_of(&td)->cpuid[sw_cpuid_index(7, 0)] =
		(struct sw_cpuid_val){ ~0u, ~0u, ~0u, ~0u };
	for (i = 0; i < SW_ARRAY_SIZE(brought_back); i++) {
		tdcs_of(&td)->feature_paravirt_ctls = 1ULL << i;
		for (n = 0; n < SW_ARRAY_SIZE(brought_back); n++)
			expect(has(brought_back[n]), n == i);
		for (n = 0; n < SW_ARRAY_SIZE(leaves); n++)
			expect(cpuid(leaves[n].leaf, 0),
			       leaves[n].ctl == i ? SCRIPT_VE : 0);
	}
	/* What the host took away does not come back. */
	tdcs_of(&td)->feature_paravirt_ctls = 0xfff;
	tdcs_of(&td)->cpuid[sw_cpuid_index(1, 0)] = (struct sw_cpuid_val){ 0 };
	tdcs_of(&td)->cpuid[sw_cpuid_index(7, 0)] = (struct sw_cpuid_val){ 0 };
	for (n = 0; n < SW_ARRAY_SIZE(brought_back); n++)
		expect(has(brought_back[n]), 0);
}

/* MCE, MTRR, MCA; CORE_CAPABILITIES */
static void some_features_are_there_though_the_host_takes_them_away(void)
{
	fresh(0);
	tdcs_of(&td)->cpuid[sw_cpuid_index(1, 0)] = (struct sw_cpuid_val){ 0 };
	tdcs_of(&td)->cpuid[sw_cpuid_index(7, 0)] = (struct sw_cpuid_val){ 0 };
	expect(cpuid(1, 0), 0);
	expect(gpr()->rdx, 1 << 7 | 1 << 12 | 1 << 14);
	expect(cpuid(7, 0), 0);
	expect(gpr()->rdx, 1 << 30);
	tdcs_of(&td)->td_ctls |= CTL_REDUCE_VE;
	expect(cpuid(1, 0), 0);
	expect(gpr()->rdx, 0);
	expect(cpuid(7, 0), 0);
	expect(gpr()->rdx, 0);
}

static void set_component(u32 i, u32 size, u32 offset, u32 flags)
{
	tdcs_of(&td)->cpuid[sw_cpuid_index(0xd, i)] =
		(struct sw_cpuid_val){ size, offset, flags, 0 };
}

static void xsave_sizes_follow_what_is_enabled(void)
{
	fresh(0);
	set_component(2, 256, 576, 0);
	set_component(9, 8, 2688, 2);
	expect(cpuid(0xd, 0), 0);
	expect(gpr()->rbx, 576);
	tdvps_of(&v)->xcr0 = 7;
	expect(cpuid(0xd, 0), 0);
	expect(gpr()->rbx, 832);
	tdvps_of(&v)->xcr0 = 0x203;
	expect(cpuid(0xd, 0), 0);
	expect(gpr()->rbx, 2696);
	/* Compacted, components are next to each other, some aligned to 64. */
	expect(cpuid(0xd, 1), 0);
	expect(gpr()->rbx, 584);
	tdvps_of(&v)->xcr0 = 0x207;
	expect(cpuid(0xd, 1), 0);
	expect(gpr()->rbx, 840);
	set_component(2, 260, 576, 0);
	expect(cpuid(0xd, 1), 0);
	expect(gpr()->rbx, 576 + 320 + 8);
	expect(cpuid(0xd, 2), 0);
	expect(gpr()->rax, 260);
}

static u32 leaf_of(u32 leaf, u32 subleaf, unsigned int reg)
{
	struct sw_cpuid_val v;

	check(sw_cpuid_lookup(tdcs_of(&td), leaf, subleaf, &v));
	return ((u32 *)&v)[reg];
}

/* Shadow stacks, IBT and PKS; and the state components of the former. */
static void cet_and_pks_show_where_the_td_has_them(void)
{
	unsigned int i;
	u64 *p;

	for (i = 0; i < 4; i++) {
		module_ready();
		td_keyed(&td);
		p = td_params();
		p[0] |= i & 1 ? 1ULL << 30 : 0;
		p[1] |= i & 2 ? 0x1800 : 0;
		expect(call(SW_LEAF_MNG_INIT, td.tdr, TDMR_BASE + 0xa000, 0, 0), 0);
		expect(leaf_of(7, 0, 2) >> 31, i & 1);
		expect(leaf_of(7, 0, 2) >> 7 & 1, i >> 1);
		expect(leaf_of(7, 0, 3) >> 20 & 1, i >> 1);
		expect(leaf_of(0xd, 0, 0) & 0x1800, 0);
		expect(leaf_of(0xd, 1, 2), i & 2 ? 0x1800 : 0);
		expect(leaf_of(0xd, 11, 0), i & 2 ? 16 : 0);
		expect(leaf_of(0xd, 12, 0), i & 2 ? 24 : 0);
	}
}

/* Of a processor that has everything, the TD sees what it may use. */
static void features_that_no_td_gets_do_not_show(void)
{
	static const struct {
		u32 leaf, subleaf, ebx, ecx, edx, eax;
	} hidden[] = {
		/* VMX, SMX; MTRR and MCE are there */
		{ 1, 0, 0, 1 << 5 | 1 << 6, 0 },
		/* SGX, PT; SHSTK, KL, SGX_LC, PKS; UINTR, ARCH_LBR, IBT, AMX */
		{ 7, 0, 1 << 2 | 1 << 25, 1 << 7 | 1 << 23 | 1 << 30 | 1u << 31,
		  1 << 5 | 1 << 19 | 1 << 20 | 1 << 22 | 1 << 24 | 1 << 25 },
		/* LASS, FRED, AMX_FP16 */
		{ 7, 1, 0, 0, 0, 1 << 6 | 1 << 17 | 1 << 21 },
		/* XSS components; PT, CET, AMX state */
		{ 0xd, 1, 0, ~0u, ~0u },
		{ 0xd, 8, ~0u, ~0u, ~0u },
		{ 0xd, 11, ~0u, ~0u, ~0u },
		{ 0xd, 12, ~0u, ~0u, ~0u },
		{ 0xd, 17, ~0u, ~0u, ~0u },
		{ 0xd, 18, ~0u, ~0u, ~0u },
		/* PERFMON, PT, LBR, AMX */
		{ 0xa, 0, ~0u, ~0u, ~0u },
		{ 0x14, 0, ~0u, ~0u, ~0u },
		{ 0x1c, 0, ~0u, ~0u, ~0u },
		{ 0x1d, 1, ~0u, ~0u, ~0u },
		{ 0x23, 1, ~0u, ~0u, ~0u },
	};
	unsigned int i;

	fresh(0);
	for (i = 0; i < SW_ARRAY_SIZE(hidden); i++) {
		expect(cpuid(hidden[i].leaf, hidden[i].subleaf), 0);
		if (hidden[i].leaf != 0xd || hidden[i].subleaf != 1)
			expect(gpr()->rbx & hidden[i].ebx, 0);
		expect(gpr()->rax & hidden[i].eax, 0);
		expect(gpr()->rcx & hidden[i].ecx, 0);
		expect(gpr()->rdx & hidden[i].edx, 0);
	}
}

/* As of Intel's module, whose processor had every feature, too. */
static void leaves_follow_the_feature_that_they_describe(void)
{
	/* No MONITOR and no LA57: the host configured neither. */
	fresh(0);
	expect(cpuid(1, 0), 0);
	expect(gpr()->rcx & 1 << 3, 0);
	expect(gpr()->rcx & 1 << 15, 1 << 15);
	expect(cpuid(5, 0), 0);
	expect(gpr()->rax | gpr()->rbx | gpr()->rcx | gpr()->rdx, 0);
	expect(cpuid(0x1e, 0), 0);
	expect(gpr()->rax & gpr()->rbx & gpr()->rcx & gpr()->rdx, 0xffffffff);
	expect(cpuid(0x80000008, 0), 0);
	expect(gpr()->rax >> 8 & 0xff, 48);
}

/* --- what the guest chooses --- */

static void a_guest_may_have_every_leaf_as_a_ve(void)
{
	fresh(0);
	expect(tdcall(TDG_CPUIDVE_SET, 4, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(tdcall(TDG_CPUIDVE_SET, 1, 0, 0, 0), 0);
	expect(cpuid(0x21, 0), SCRIPT_VE);
	expect(tdvps_of(&v)->ve.category, 0x10);
	user_mode(true);
	expect(cpuid(0x21, 0), 0);
	user_mode(false);
	expect(tdcall(TDG_CPUIDVE_SET, 2, 0, 0, 0), 0);
	expect(cpuid(0x21, 0), 0);
	user_mode(true);
	expect(cpuid(0x21, 0), SCRIPT_VE);
	/* Zeros are a value, too. */
	expect(cpuid(3, 0), SCRIPT_VE);
	user_mode(false);
	expect(tdcall(TDG_VP_RD, 0, SUPERVISOR_VE + 1, 0, 0), 0);
	expect(gpr()->r8, 1);
	expect(tdcall(TDG_VP_WR, 0, SUPERVISOR_VE + 1, 0, ~0ULL), 0);
	user_mode(true);
	expect(cpuid(0x21, 0), 0);
}

static void a_guest_may_have_one_leaf_as_a_ve(void)
{
	u64 field;

	fresh(CTL_REDUCE_VE);
	field = CPUID_CONTROL + sw_cpuid_index(7, 0);
	expect(tdcall(TDG_VP_WR, 0, field, 1, 3), 0);
	expect(gpr()->r8, 0);
	expect(cpuid(7, 0), SCRIPT_VE);
	expect(tdvps_of(&v)->ve.category, 0x10);
	expect(cpuid(7, 1), 0);
	user_mode(true);
	expect(cpuid(7, 0), 0);
	user_mode(false);
	expect(tdcall(TDG_VP_WR, 0, field, 2, 3), 0);
	expect(gpr()->r8, 1);
	expect(cpuid(7, 0), 0);
	user_mode(true);
	expect(cpuid(7, 0), SCRIPT_VE);
	user_mode(false);
	expect(tdcall(TDG_VP_RD, 0, field, 0, 0), 0);
	expect(gpr()->r8, 2);
	/* Two bits are all there is to write, 128 leaves to write them for. */
	expect(tdcall(TDG_VP_WR, 0, field, 0xff, ~0ULL),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(tdcall(TDG_VP_WR, 0, field, 3, ~0ULL), 0);
	expect(tdvps_of(&v)->cpuid_control[sw_cpuid_index(7, 0)], 3);
	expect(tdcall(TDG_VP_WR, 0, CPUID_CONTROL + 127, 3, 3), 0);
	expect(tdcall(TDG_VP_WR, 0, CPUID_CONTROL + 128, 3, 3),
	       SW_METADATA_FIELD_ID_INCORRECT);
}

static void the_host_does_not_see_what_a_guest_chose(void)
{
	struct sw_regs r;

	fresh(0);
	r = (struct sw_regs){ .rcx = v.pages[0], .rdx = CPUID_CONTROL };
	expect(seamcall_on(0, SW_LEAF_VP_RD, &r), SW_METADATA_FIELD_NOT_READABLE);
	r = (struct sw_regs){ .rcx = v.pages[0], .rdx = CPUID_CONTROL, .r9 = 3 };
	expect(seamcall_on(0, SW_LEAF_VP_WR, &r), SW_METADATA_FIELD_NOT_WRITABLE);
	tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
	r = (struct sw_regs){ .rcx = v.pages[0], .rdx = CPUID_CONTROL };
	expect(seamcall_on(0, SW_LEAF_VP_RD, &r), 0);
}

static const struct ktap_test tests[] = {
	TEST(hypervisor_leaves_are_the_hosts),
	TEST(leaves_without_a_value_raise_ve_or_read_zero),
	TEST(a_leaf_beyond_the_last_is_the_last_basic_one),
	TEST(a_value_moves_on_and_a_ve_does_not),
	TEST(cpuid_follows_cr4_and_the_mode),
	TEST(the_apic_id_is_told_to_who_asks_for_the_topology),
	TEST(caches_are_the_processors_for_who_reduces_ve),
	TEST(who_reduces_ve_has_no_feature_whose_msrs_are_the_hosts),
	TEST(what_reduce_ve_takes_away_comes_back_one_by_one),
	TEST(some_features_are_there_though_the_host_takes_them_away),
	TEST(xsave_sizes_follow_what_is_enabled),
	TEST(cet_and_pks_show_where_the_td_has_them),
	TEST(features_that_no_td_gets_do_not_show),
	TEST(leaves_follow_the_feature_that_they_describe),
	TEST(a_guest_may_have_every_leaf_as_a_ve),
	TEST(a_guest_may_have_one_leaf_as_a_ve),
	TEST(the_host_does_not_see_what_a_guest_chose),
};

int main(void)
{
	return ktap_run(tests);
}
