// SPDX-License-Identifier: GPL-2.0-only
/*
 * MNG.RD, MNG.WR and TDG.VM.RD, TDG.VM.WR: the fields of TDR and TDCS.
 * Those of migration, service TDs and L2 VMs do not exist.
 */
#include "core/metadata.h"

enum sw_md_td_src { SRC_TDR, SRC_TDCS, SRC_TDCS1, SRC_ZERO };

struct sw_md_td_field {
	struct sw_md_field f;
	enum sw_md_td_src src;
	u16 off;
	struct sw_md_access a;
};

/* CPUID_VALUES: the code tells the leaf, sub-leaf and register pair. */
#define SW_MD_CPUID_VALUES	0x9410000300000000ULL
#define SW_MD_CPUID_HIGH	(1u << 0)
#define SW_MD_CPUID_SUB		(0x7fu << 1)
#define SW_MD_CPUID_NO_SUB	(1u << 8)
#define SW_MD_CPUID_EXT		(1u << 16)
#define SW_MD_CPUID_CODES	0x20000u

#define SW_MD_HP_LOCK_TIMEOUT	0x9110000300000011ULL
#define SW_MD_TD_CTLS		0x9110000300000017ULL
#define SW_MD_PARAVIRT_CTLS	0x9110000300000022ULL

#define SW_TD_CTLS_VE_DISABLE	(1ULL << 0)
#define SW_TD_CTLS_TOPOLOGY	(1ULL << 1)
#define SW_TD_CTLS_CPUID2	(1ULL << 2)
#define SW_TD_CTLS_REDUCE_VE	(1ULL << 3)
#define SW_TD_CTLS_LOCK		(1ULL << 63)

#define HOST	{ .host_rd = true, .dbg_rd = true }
#define BOTH	{ .host_rd = true, .dbg_rd = true, .td_rd = true }

/* Where a field is; the identifier tells the size of its elements. */
#define TDR(member)	.src = SRC_TDR, .off = offsetof(struct sw_tdr, member)
#define TDCS(member)	.src = SRC_TDCS, .off = offsetof(struct sw_tdcs, member)
#define TDCS1(member)	.src = SRC_TDCS1, .off = offsetof(struct sw_tdcs1, member)
#define ZERO		.src = SRC_ZERO

static const struct sw_md_td_field fields[] = {
	{ { 0x8010000000000001ULL, 1 }, TDR(fatal), .a = HOST },
	{ { 0x8010000200000002ULL, 1 }, TDR(num_tdcx), .a = HOST },
	{ { 0x8010000300000004ULL, 1 }, TDR(chldcnt), .a = HOST },
	{ { 0x8010000200000005ULL, 1 }, TDR(lifecycle), .a = HOST },
	{ { 0x8010000300000010ULL, 9 }, TDR(tdcx_pa), .a = HOST },
	{ { 0x8010000300000020ULL, 4 }, TDR(uuid), .a = BOTH },
	{ { 0x8110000100000001ULL, 1 }, TDR(hkid), .a = HOST },
	{ { 0x8110000300000002ULL, 1 }, TDR(pkg_config_bitmap), .a = HOST },
	/* HANDOFF_VERSION */
	{ { 0x8210000100000000ULL, 1 }, ZERO, .a = HOST },
	{ { 0x9010000200000001ULL, 1 }, TDCS(num_vcpus), .a = BOTH },
	{ { 0x9010000200000002ULL, 1 }, TDCS(num_assoc_vcpus), .a = HOST },
	{ { 0x9010000200000004ULL, 1 }, TDCS(op_state), .a = HOST },
	/* NUM_L2_VMS */
	{ { 0x9010000100000005ULL, 1 }, ZERO, .a = BOTH },
	{ { 0x1110000300000000ULL, 1 }, TDCS(attributes), .a = BOTH },
	{ { 0x1110000300000001ULL, 1 }, TDCS(xfam), .a = BOTH },
	{ { 0x1110000200000002ULL, 1 }, TDCS(max_vcpus), .a = BOTH },
	/* GPAW: 48 */
	{ { 0x1110000000000003ULL, 1 }, ZERO, .a = BOTH },
	{ { 0x1110000300000004ULL, 1 }, TDCS(eptp), .a = HOST },
	{ { 0x111000030000000AULL, 1 }, TDCS(tsc_offset), .a = HOST },
	{ { 0x111000030000000BULL, 1 }, TDCS(tsc_multiplier), .a = HOST },
	{ { 0x111000010000000CULL, 1 }, TDCS(tsc_frequency), .a = BOTH },
	{ { 0x9110000300000010ULL, 1 }, TDCS(notify_enables),
	  .a = { .dbg_rd = true, .dbg_wr = 1, .td_rd = true, .td_wr = 1 } },
	{ { SW_MD_HP_LOCK_TIMEOUT, 1 }, TDCS(hp_lock_timeout),
	  .a = { .host_rd = true, .host_wr = SW_MD_ALL, .dbg_wr = SW_MD_ALL } },
	{ { 0x9110000300000016ULL, 1 }, TDCS(config_flags), .a = BOTH },
	{ { SW_MD_TD_CTLS, 1 }, TDCS(td_ctls),
	  .a = { .dbg_rd = true, .td_rd = true, .td_wr = 0x800000000000000FULL } },
	{ { 0x9110000000000019ULL, 1 }, TDCS(topology_enum_configured),
	  .a = BOTH },
	{ { 0x911000000000001AULL, 1 }, TDCS(ve_reduction_valid), .a = BOTH },
	{ { SW_MD_PARAVIRT_CTLS, 1 }, TDCS(feature_paravirt_ctls),
	  .a = { .dbg_rd = true, .td_rd = true, .td_wr = 0xFFF } },
	{ { 0x9210000300000000ULL, 1 }, TDCS(td_epoch), .a = HOST },
	{ { 0x9210000100000001ULL, 2 }, TDCS(refcount), .a = HOST },
	{ { 0x1310000300000000ULL, 6 }, TDCS(mrtd), .a = BOTH },
	{ { 0x1310000300000010ULL, 6 }, TDCS(mrconfigid), .a = BOTH },
	{ { 0x1310000300000018ULL, 6 }, TDCS(mrowner), .a = BOTH },
	{ { 0x1310000300000020ULL, 6 }, TDCS(mrownerconfig), .a = BOTH },
	{ { 0x1310000300000040ULL, 24 }, TDCS(rtmr),
	  .a = { .dbg_rd = true, .td_rd = true } },
	/* SERVTD_HASH, SERVTD_NUM: none bound */
	{ { 0x9910000300000000ULL, 6 }, ZERO, .a = BOTH },
	{ { 0x9910000100000006ULL, 1 }, ZERO, .a = BOTH },
	{ { 0x9C10000200000000ULL, SW_MAX_VCPUS }, TDCS1(x2apic_id), .a = HOST },
};

#define NR_FIELDS	SW_ARRAY_SIZE(fields)

static bool is_debug(const struct sw_td *td)
{
	return td->tdcs->attributes & SW_ATTR_DEBUG;
}

static void *field_ptr(struct sw_td *td, const struct sw_md_td_field *f, u64 id)
{
	static const u64 zero;
	u32 index = SW_MD_CODE(id) - SW_MD_CODE(f->f.id);
	u8 *base;

	switch (f->src) {
	case SRC_TDR:
		base = (u8 *)td->tdr;
		break;
	case SRC_TDCS:
		base = (u8 *)td->tdcs;
		break;
	case SRC_TDCS1:
		base = (u8 *)td->tdcs1;
		break;
	default:
		return (void *)&zero;
	}
	return base + f->off + index * SW_MD_SIZE(f->f.id);
}

/* Without sub-leaves the bits of the number do not matter; Linux sets them. */
static u32 cpuid_code(const struct sw_cpuid_rule *rule)
{
	u32 code = (rule->leaf & 0x7f) << 9;

	if (rule->leaf >> 31)
		code |= SW_MD_CPUID_EXT;
	if (rule->subleaf == SW_CPUID_NO_SUBLEAF)
		return code | SW_MD_CPUID_NO_SUB;
	return code | (rule->subleaf & 0x7f) << 1;
}

static const struct sw_cpuid_val *cpuid_find(const struct sw_tdcs *tdcs, u32 code)
{
	int i;

	code &= ~SW_MD_CPUID_HIGH;
	if (code & SW_MD_CPUID_NO_SUB)
		code &= ~SW_MD_CPUID_SUB;
	for (i = 0; i < SW_NR_CPUID_VALUES; i++) {
		if (tdcs->cpuid_valid[i] && cpuid_code(&sw_cpuid_rules[i]) == code)
			return &tdcs->cpuid[i];
	}
	return NULL;
}

static u64 cpuid_rd(struct sw_td *td, u64 id, enum sw_side side, u64 *val,
		    u64 *next)
{
	const struct sw_cpuid_val *v = cpuid_find(td->tdcs, SW_MD_CODE(id));

	if (!v)
		return SW_METADATA_FIELD_ID_INCORRECT;
	if (side == SW_GUEST)
		return SW_METADATA_FIELD_NOT_READABLE;
	if (SW_MD_CODE(id) & SW_MD_CPUID_HIGH) {
		*val = v->ecx | (u64)v->edx << 32;
		return 0;
	}
	*val = v->eax | (u64)v->ebx << 32;
	/* Pairs follow each other; leaves have no useful order. */
	*next = id + 1;
	return 0;
}

u64 sw_md_td_rd(struct sw_td *td, u64 id, enum sw_side side, u64 *val, u64 *next)
{
	const struct sw_md_td_field *f;
	int i;

	*val = 0;
	*next = SW_MD_NULL_ID;
	if (id == SW_MD_NULL_ID) {
		*next = fields[0].f.id;
		return SW_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	if (SW_MD_CLASS(id) == SW_MD_CLASS(SW_MD_CPUID_VALUES) &&
	    !(id & SW_MD_RESERVED) && SW_MD_CODE(id) < SW_MD_CPUID_CODES)
		return cpuid_rd(td, id, side, val, next);
	i = sw_md_find(fields, NR_FIELDS, sizeof(fields[0]), id);
	if (i < 0)
		return SW_METADATA_FIELD_ID_INCORRECT;
	f = &fields[i];
	if (!sw_md_may_read(&f->a, side, is_debug(td)))
		return SW_METADATA_FIELD_NOT_READABLE;
	*val = sw_md_load(field_ptr(td, f, id), f->f.id);
	*next = sw_md_next(fields, NR_FIELDS, sizeof(fields[0]), i, id);
	return 0;
}

/* What TD_CTLS has become: who reduces #VEs gets the other leaves, too. */
static u64 td_ctls_implied(u64 val)
{
	if (val & SW_TD_CTLS_REDUCE_VE)
		val |= SW_TD_CTLS_TOPOLOGY | SW_TD_CTLS_CPUID2;
	return val;
}

/* The guest may change only what the host left to it. */
static u64 td_ctls_check(const struct sw_td *td, u64 old, u64 val)
{
	u64 changed = old ^ val;

	if ((changed & SW_TD_CTLS_VE_DISABLE) &&
	    !(td->tdcs->config_flags & SW_FLAG_FLEXIBLE_PENDING_VE))
		return SW_METADATA_FIELD_VALUE_NOT_VALID;
	if ((val & SW_TD_CTLS_TOPOLOGY) && !td->tdcs->topology_enum_configured)
		return SW_METADATA_FIELD_VALUE_NOT_VALID;
	return 0;
}

static u64 value_check(const struct sw_td *td, u64 id, u64 old, u64 val)
{
	bool locks = id == SW_MD_TD_CTLS || id == SW_MD_PARAVIRT_CTLS;

	/* What is locked can be written as it is. */
	if (locks && (td->tdcs->td_ctls & SW_TD_CTLS_LOCK))
		return val == old ? 0 : SW_METADATA_FIELD_VALUE_NOT_VALID;
	switch (id) {
	case SW_MD_TD_CTLS:
		return td_ctls_check(td, old, val);
	case SW_MD_HP_LOCK_TIMEOUT:
		if (val < 10000 || val > 100000000)
			return SW_METADATA_FIELD_VALUE_NOT_VALID;
		return 0;
	default:
		return 0;
	}
}

u64 sw_md_td_wr(struct sw_td *td, u64 id, enum sw_side side, u64 val, u64 mask,
		u64 *old)
{
	const struct sw_md_td_field *f;
	u64 err, prev;
	void *p;
	int i;

	*old = 0;
	i = sw_md_find(fields, NR_FIELDS, sizeof(fields[0]), id);
	if (i < 0)
		return SW_METADATA_FIELD_ID_INCORRECT;
	f = &fields[i];
	p = field_ptr(td, f, id);
	prev = sw_md_load(p, f->f.id);
	err = sw_md_merge(sw_md_writable(&f->a, side, is_debug(td)), mask, prev, &val);
	if (!err && f->f.id == SW_MD_HP_LOCK_TIMEOUT && mask != SW_MD_ALL)
		err = SW_METADATA_WR_MASK_NOT_VALID;
	if (err)
		return err;
	*old = prev;
	if (f->f.id == SW_MD_TD_CTLS && !(prev & SW_TD_CTLS_LOCK))
		val = td_ctls_implied(val);
	err = value_check(td, f->f.id, prev, val);
	return err ? err : sw_md_store(p, f->f.id, val);
}
