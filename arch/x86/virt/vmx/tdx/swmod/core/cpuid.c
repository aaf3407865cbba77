// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's CPUID values: computed once by MNG.INIT from what the processor has
 * and what the host configures, following cpuid_table.c.
 */
#include "core/core.h"

#define BIT32(n)	(1u << (n))

int sw_cpuid_index(u32 leaf, u32 subleaf)
{
	int i;

	for (i = 0; i < SW_NR_CPUID_VALUES; i++) {
		const struct sw_cpuid_rule *rule = &sw_cpuid_rules[i];

		if (rule->leaf == leaf &&
		    (rule->subleaf == SW_CPUID_NO_SUBLEAF ||
		     rule->subleaf == subleaf))
			return i;
	}
	return -1;
}

const struct sw_cpuid_rule *sw_cpuid_config_rule(unsigned int config)
{
	int i;

	for (i = 0; i < SW_NR_CPUID_VALUES; i++) {
		if (sw_cpuid_rules[i].config == (int)config)
			return &sw_cpuid_rules[i];
	}
	return NULL;
}

void sw_cpuid_sample(void)
{
	int i;

	for (i = 0; i < SW_NR_CPUID_VALUES; i++) {
		const struct sw_cpuid_rule *rule = &sw_cpuid_rules[i];
		struct sw_cpuid_val *v = &sw_sys.cpuid[i];
		u32 subleaf = rule->subleaf;

		if (subleaf == SW_CPUID_NO_SUBLEAF)
			subleaf = 0;
		sw_native_cpuid(rule->leaf, subleaf, &v->eax, &v->ebx, &v->ecx,
				&v->edx);
	}
}

#define EVERY	{ ~0u, ~0u, ~0u, ~0u }
#define BUT_EBX	{ ~0u, 0, ~0u, ~0u }
#define BUT_EDX	{ ~0u, ~0u, ~0u, 0 }

/*
 * Bits that have to be the same on every CPU, in these leaves from sub-leaf
 * @first to @last: what names the CPU, or follows its state, is left out.
 */
static const struct {
	u32 leaf, first, last;
	struct sw_cpuid_val mask;
} verified[] = {
	{ 0x0, 0, 0, EVERY },
	{ 0x1, 0, 0, { 0xf000c000, 0xffff, 0xf7ffff9f, ~0u } },
	{ 0x4, 0, 4, EVERY },
	{ 0x5, 0, 0, EVERY },
	{ 0x6, 0, 0, { 0x800000, 0, 0, 0 } },
	{ 0x7, 0, 0, { ~0u, 0xfffffffb, 0xbfc17f6f, 0xffebffff } },
	{ 0x7, 1, 2, EVERY },
	{ 0xa, 0, 0, EVERY },
	{ 0xd, 0, 1, BUT_EBX },
	{ 0xd, 2, 18, EVERY },
	{ 0x14, 0, 1, EVERY },
	{ 0x15, 0, 0, { 0xfffffffe, ~0u, ~0u, ~0u } },
	{ 0x19, 0, 0, { ~0u, 0xfffffffe, ~0u, ~0u } },
	{ 0x1a, 0, 0, EVERY },
	{ 0x1c, 0, 0, EVERY },
	{ 0x1d, 0, 1, EVERY },
	{ 0x1f, 0, 5, BUT_EDX },
	{ 0x23, 0, 3, EVERY },
	{ 0x80000000, 0, 0, { 0x7fffffff, ~0u, ~0u, ~0u } },
	{ 0x80000001, 0, 0, EVERY },
	{ 0x80000006, 0, 0, { 0, 0, 0xff, 0 } },
	{ 0x80000007, 0, 0, { 0, 0, 0, 0x100 } },
	{ 0x80000008, 0, 0, EVERY },
};

static bool leaf_same(u32 leaf, u32 subleaf, const struct sw_cpuid_val *m,
		      struct sw_regs *r)
{
	int i = sw_cpuid_index(leaf, subleaf);
	const struct sw_cpuid_val *was = &sw_sys.cpuid[i];
	struct sw_cpuid_val v;

	sw_native_cpuid(leaf, subleaf, &v.eax, &v.ebx, &v.ecx, &v.edx);
	if (!((v.eax ^ was->eax) & m->eax) && !((v.ebx ^ was->ebx) & m->ebx) &&
	    !((v.ecx ^ was->ecx) & m->ecx) && !((v.edx ^ was->edx) & m->edx))
		return true;
	r->rcx = leaf | (u64)sw_cpuid_rules[i].subleaf << 32;
	r->rdx = m->eax | (u64)m->ebx << 32;
	r->r8 = m->ecx | (u64)m->edx << 32;
	r->r9 = v.eax | (u64)v.ebx << 32;
	r->r10 = v.ecx | (u64)v.edx << 32;
	return false;
}

bool sw_cpuid_same(struct sw_regs *r)
{
	unsigned int i;
	u32 sub;

	for (i = 0; i < SW_ARRAY_SIZE(verified); i++) {
		for (sub = verified[i].first; sub <= verified[i].last; sub++) {
			if (!leaf_same(verified[i].leaf, sub, &verified[i].mask, r))
				return false;
		}
	}
	return true;
}

bool sw_cpuid_lookup(const struct sw_tdcs *tdcs, u32 leaf, u32 subleaf,
		     struct sw_cpuid_val *out)
{
	int i = sw_cpuid_index(leaf, subleaf);

	if (i < 0 || !tdcs->cpuid_valid[i])
		return false;
	*out = tdcs->cpuid[i];
	return true;
}

void sw_cpuid_native(u32 leaf, u32 subleaf, struct sw_cpuid_val *out)
{
	int i = sw_cpuid_index(leaf, subleaf);

	*out = i < 0 ? (struct sw_cpuid_val){ 0 } : sw_sys.cpuid[i];
}

struct sw_cpuid_val sw_cpuid_configurable(const struct sw_cpuid_rule *rule)
{
	const struct sw_cpuid_val *d = &rule->direct, *a = &rule->allow;
	const struct sw_cpuid_val *n = &sw_sys.cpuid[rule - sw_cpuid_rules];

	return (struct sw_cpuid_val) {
		d->eax | (a->eax & n->eax), d->ebx | (a->ebx & n->ebx),
		d->ecx | (a->ecx & n->ecx), d->edx | (a->edx & n->edx),
	};
}

static bool only_configurable(const struct sw_cpuid_rule *rule,
			      const struct sw_cpuid_val *c)
{
	const struct sw_cpuid_val *d = &rule->direct, *a = &rule->allow;

	return !(c->eax & ~(d->eax | a->eax)) && !(c->ebx & ~(d->ebx | a->ebx)) &&
	       !(c->ecx & ~(d->ecx | a->ecx)) && !(c->edx & ~(d->edx | a->edx));
}

static bool config_valid(const struct sw_cpuid_rule *rule,
			 const struct sw_cpuid_val *c)
{
	int i = rule - sw_cpuid_rules;

	if (!only_configurable(rule, c))
		return false;
	/* Family, model and stepping: the processor's, or left open. */
	if (rule->leaf == 1 && c->eax && c->eax != (sw_sys.cpuid[i].eax & rule->direct.eax))
		return false;
	/* HLE and RTM come together. */
	if (rule->leaf == 7 && !rule->subleaf &&
	    !(c->ebx & BIT32(4)) != !(c->ebx & BIT32(11)))
		return false;
	return true;
}

static u32 one_reg(u32 native, u32 config, u32 direct, u32 allow, u32 fixed1,
		   u32 fixed0)
{
	u32 v = (native & ~fixed0) | fixed1;

	v = (v & ~direct) | (config & direct);
	return v & ~(allow & ~config);
}

static struct sw_cpuid_val one_leaf(const struct sw_cpuid_rule *r,
				    const struct sw_cpuid_val *n,
				    const struct sw_cpuid_val *c)
{
	return (struct sw_cpuid_val) {
		one_reg(n->eax, c->eax, r->direct.eax, r->allow.eax,
			r->fixed1.eax, r->fixed0.eax),
		one_reg(n->ebx, c->ebx, r->direct.ebx, r->allow.ebx,
			r->fixed1.ebx, r->fixed0.ebx),
		one_reg(n->ecx, c->ecx, r->direct.ecx, r->allow.ecx,
			r->fixed1.ecx, r->fixed0.ecx),
		one_reg(n->edx, c->edx, r->direct.edx, r->allow.edx,
			r->fixed1.edx, r->fixed0.edx),
	};
}

static struct sw_cpuid_val *td_leaf(struct sw_tdcs *tdcs, u32 leaf, u32 subleaf)
{
	return &tdcs->cpuid[sw_cpuid_index(leaf, subleaf)];
}

/* Instruction sets whose registers XFAM withholds, or that no TD gets here. */
static void mask_by_xfam(struct sw_tdcs *tdcs)
{
	struct sw_cpuid_val *l1 = td_leaf(tdcs, 1, 0);
	struct sw_cpuid_val *l7 = td_leaf(tdcs, 7, 0);
	struct sw_cpuid_val *l71 = td_leaf(tdcs, 7, 1);
	u64 xfam = tdcs->xfam;

	/* PT; key locker; user interrupts, LBR, AMX */
	l7->ebx &= ~BIT32(25);
	l7->ecx &= ~BIT32(23);
	l7->edx &= ~(BIT32(5) | BIT32(19) | BIT32(22) | BIT32(24) | BIT32(25));
	/* LASS, by an attribute that is not offered; AMX_FP16 */
	l71->eax &= ~(BIT32(6) | BIT32(21));
	l71->edx &= ~BIT32(18);

	if (!(tdcs->attributes & SW_ATTR_PKS))
		l7->ecx &= ~BIT32(31);
	if (!(xfam & SW_XFAM_CET)) {
		l7->ecx &= ~BIT32(7);
		l7->edx &= ~BIT32(20);
	}
	if (!(xfam & SW_XFAM_PKRU))
		l7->ecx &= ~(BIT32(3) | BIT32(4));
	if (!(xfam & SW_XFAM_AVX)) {
		/* FMA, AVX, F16C; AVX2; VAES, VPCLMULQDQ; the VEX sets */
		l1->ecx &= ~(BIT32(12) | BIT32(28) | BIT32(29));
		l7->ebx &= ~BIT32(5);
		l7->ecx &= ~(BIT32(9) | BIT32(10));
		l71->eax &= ~(BIT32(0) | BIT32(1) | BIT32(2) | BIT32(4) | BIT32(23));
		l71->edx &= ~(BIT32(4) | BIT32(5) | BIT32(10));
	}
	if ((xfam & SW_XFAM_AVX512) != SW_XFAM_AVX512) {
		l7->ebx &= ~(BIT32(16) | BIT32(17) | BIT32(21) | BIT32(26) |
			     BIT32(27) | BIT32(28) | BIT32(30) | BIT32(31));
		l7->ecx &= ~(BIT32(1) | BIT32(6) | BIT32(11) | BIT32(12) |
			     BIT32(14));
		l7->edx &= ~(BIT32(2) | BIT32(3) | BIT32(8) | BIT32(23));
		l71->eax &= ~BIT32(5);
	}
}

static void clear_leaf(struct sw_tdcs *tdcs, u32 leaf, u32 subleaf)
{
	*td_leaf(tdcs, leaf, subleaf) = (struct sw_cpuid_val){ 0 };
}

/* Leaves of features that no TD gets here: PERFMON, PT, LBR, AMX. */
static void clear_unoffered(struct sw_tdcs *tdcs)
{
	/* MONITOR, if the host withholds it */
	if (!(td_leaf(tdcs, 1, 0)->ecx & BIT32(3)))
		clear_leaf(tdcs, 0x5, 0);
	clear_leaf(tdcs, 0xa, 0);
	clear_leaf(tdcs, 0x14, 0);
	clear_leaf(tdcs, 0x14, 1);
	clear_leaf(tdcs, 0x1c, 0);
	clear_leaf(tdcs, 0x1d, 0);
	clear_leaf(tdcs, 0x1d, 1);
	clear_leaf(tdcs, 0x23, 0);
	clear_leaf(tdcs, 0x23, 1);
	clear_leaf(tdcs, 0x23, 3);
}

/* The XSAVE leaf, for the state components of XFAM. */
static void xsave_leaves(struct sw_tdcs *tdcs)
{
	struct sw_cpuid_val *d0 = td_leaf(tdcs, 0xd, 0);
	struct sw_cpuid_val *d1 = td_leaf(tdcs, 0xd, 1);
	u32 i, size = 576;

	for (i = 2; i <= 18; i++) {
		struct sw_cpuid_val *v = td_leaf(tdcs, 0xd, i);

		if (!(tdcs->xfam >> i & 1))
			*v = (struct sw_cpuid_val){ 0 };
		else if (v->ebx + v->eax > size)
			size = v->ebx + v->eax;
	}
	d0->eax = tdcs->xfam & ~SW_XFAM_SUPERVISOR;
	d0->ebx = size;
	d0->ecx = size;
	d0->edx = 0;
	/* No XFD without AMX. */
	d1->eax &= ~BIT32(4);
	d1->ebx = size;
	d1->ecx = tdcs->xfam & SW_XFAM_SUPERVISOR;
	d1->edx = 0;
}

/* The ratio of the TSC to a crystal of 25 MHz, which one_leaf() has set. */
static void tsc_leaf(struct sw_tdcs *tdcs)
{
	td_leaf(tdcs, 0x15, 0)->ebx = tdcs->tsc_frequency;
}

#define SW_CPUID_1F_TYPE(ecx)	((ecx) >> 8 & 0xff)
#define SW_CPUID_1F_LEVELS	6
#define SW_CPUID_1F_SMT		1
#define SW_CPUID_1F_CORE	2
#define SW_CPUID_0B_LEVELS	3

/*
 * The levels of leaf 0x1F from @v on: each one's number is its place and its
 * type is higher than that of the one before; SMT comes first if at all, and
 * cores come before the end.
 */
static bool topology_valid(const struct sw_cpuid_val *v)
{
	u32 type, last = 0, i;
	bool cores = false;

	for (i = 0; i < SW_CPUID_1F_LEVELS; i++, last = type) {
		type = SW_CPUID_1F_TYPE(v[i].ecx);
		if (!type && !cores)
			return false;
		if (!type)
			continue;
		if (type <= last || type >= SW_CPUID_1F_LEVELS ||
		    (v[i].ecx & 0xff) != i || (type == SW_CPUID_1F_SMT && i))
			return false;
		cores |= type == SW_CPUID_1F_CORE;
	}
	return true;
}

static bool topology_given(const struct sw_cpuid_val *v)
{
	return v->eax || v->ebx || v->ecx || v->edx;
}

/*
 * A topology that the host does not describe is the processor's, if that has
 * one: false where neither is any.
 */
static bool topology_fill(struct sw_tdcs *tdcs)
{
	int first = sw_cpuid_index(0x1f, 0), i;

	if (topology_given(td_leaf(tdcs, 0x1f, 0))) {
		tdcs->topology_enum_configured = 1;
		return topology_valid(&tdcs->cpuid[first]);
	}
	for (i = 1; i < SW_CPUID_1F_LEVELS; i++) {
		if (topology_given(&tdcs->cpuid[first + i]))
			return false;
	}
	/* Not asked of hardware, where every CPU with SEAM has one. */
	tdcs->topology_enum_configured = topology_valid(&sw_sys.cpuid[first]);
	if (tdcs->topology_enum_configured)
		memcpy(&tdcs->cpuid[first], &sw_sys.cpuid[first],
		       SW_CPUID_1F_LEVELS * sizeof(tdcs->cpuid[0]));
	return true;
}

/* The older leaf knows threads and cores: the latter's values are the last. */
static void topology_leaf_b(struct sw_tdcs *tdcs)
{
	const struct sw_cpuid_val *v = td_leaf(tdcs, 0x1f, 0);
	struct sw_cpuid_val all = v[0];
	u32 n = 0, i;

	for (i = 0; i < SW_CPUID_1F_LEVELS; i++) {
		if (SW_CPUID_1F_TYPE(v[i].ecx))
			all = v[i];
	}
	if (SW_CPUID_1F_TYPE(v[0].ecx) == SW_CPUID_1F_SMT)
		*td_leaf(tdcs, 0xb, n++) = v[0];
	all.ecx = n | SW_CPUID_1F_CORE << 8;
	*td_leaf(tdcs, 0xb, n++) = all;
	for (; n < SW_CPUID_0B_LEVELS; n++)
		*td_leaf(tdcs, 0xb, n) =
			(struct sw_cpuid_val){ .ecx = n, .edx = all.edx };
}

u64 sw_attributes_supported(void)
{
	return SW_ATTR_DEBUG | SW_ATTR_SEPT_VE_DISABLE |
	       (sw_native_pks() ? SW_ATTR_PKS : 0);
}

u64 sw_xfam_supported(void)
{
	u64 xfam = SW_XFAM_SUPPORTED & sw_native_xcr0_xss();

	return (xfam & SW_XFAM_CET) == SW_XFAM_CET ? xfam : xfam & ~SW_XFAM_CET;
}

u64 sw_cpuid_init(struct sw_tdcs *tdcs, const struct sw_cpuid_val *config,
		  u64 *bad_leaf)
{
	static const struct sw_cpuid_val none;
	struct sw_cpuid_val *addr;
	int i;

	for (i = 0; i < SW_NR_CPUID_CONFIG; i++) {
		const struct sw_cpuid_rule *rule = sw_cpuid_config_rule(i);

		if (config_valid(rule, &config[i]))
			continue;
		*bad_leaf = rule->leaf | (u64)rule->subleaf << 32;
		return SW_OPERAND_INVALID | SW_OPND_CPUID_CONFIG;
	}
	for (i = 0; i < SW_NR_CPUID_VALUES; i++) {
		const struct sw_cpuid_rule *rule = &sw_cpuid_rules[i];
		int c = rule->config;

		tdcs->cpuid[i] = one_leaf(rule, &sw_sys.cpuid[i],
					  c < 0 ? &none : &config[c]);
		tdcs->cpuid_valid[i] = rule->leaf != ~0u;
	}
	/* Left open, they are the processor's. */
	if (!td_leaf(tdcs, 1, 0)->eax)
		td_leaf(tdcs, 1, 0)->eax = sw_sys.cpuid[sw_cpuid_index(1, 0)].eax;
	addr = td_leaf(tdcs, 0x80000008, 0);
	if (!(addr->eax & 0xff))
		addr->eax |= sw_sys.cpuid[sw_cpuid_index(0x80000008, 0)].eax & 0xff;
	/* Linear addresses: 57 bits come with LA57. */
	if (!(td_leaf(tdcs, 7, 0)->ecx & BIT32(16)))
		addr->eax = (addr->eax & ~0xff00u) | 48 << 8;
	mask_by_xfam(tdcs);
	clear_unoffered(tdcs);
	xsave_leaves(tdcs);
	tsc_leaf(tdcs);
	if (!topology_fill(tdcs))
		return SW_CPUID_LEAF_1F_FORMAT_UNRECOGNIZED;
	if (tdcs->topology_enum_configured)
		topology_leaf_b(tdcs);
	return 0;
}
