// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYS.RD: what this module is, and what it lets a host configure.
 */
#include "core/metadata.h"

/*
 * Fields whose value depends on the machine, or on an index, have a function;
 * the others a value.
 */
struct sw_md_sys_field {
	struct sw_md_field f;
	bool guest;			/* readable by TDG.SYS.RD as well */
	u8 elems;			/* of one field; 0: one */
	u64 val;
	u64 (*get)(u32 index);
};

/*
 * TD_PRESERVING, TDG_VP_RDWR, RELAXED_MEM_MNG_CONCURRENCY,
 * CPUID_VIRT_GUEST_CTRL, LOCAL_ATTESTATION, HOST_PRIORITY_LOCKS,
 * PENDING_EPT_VIOLATION_V2, NO_RBP_MOD, TOPOLOGY_ENUM, VE_REDUCTION,
 * DYNAMIC_PAMT: no more than what is implemented.
 */
#define SW_FEATURES0	(1ULL << 1 | 1ULL << 3 | 1ULL << 4 | 1ULL << 5 | 1ULL << 8 | \
			 1ULL << 10 | 1ULL << 16 | 1ULL << 18 | 1ULL << 20 | \
			 1ULL << 30 | 1ULL << 36)
#define SW_FEATURE_ENHANCED_DEMOTE	(1ULL << 51)

static u64 features0(u32 i)
{
	return SW_FEATURES0 |
	       (sw_enhanced_demote ? SW_FEATURE_ENHANCED_DEMOTE : 0);
}

static u64 minor_version(u32 i)
{
	return sw_version()->minor;
}

static u64 major_version(u32 i)
{
	return sw_version()->major;
}

static u64 update_version(u32 i)
{
	return sw_version()->update;
}

static u64 module_hv(u32 i)
{
	return sw_version()->hv;
}

static u64 min_update_hv(u32 i)
{
	return sw_version()->min_hv;
}

static u64 handoff_valid(u32 i)
{
	return !!sw_sys.handoff_hv;
}

static u64 handoff_hv(u32 i)
{
	return sw_sys.handoff_hv;
}

static u64 nr_pkgs(u32 i)
{
	return sw_nr_pkgs();
}

static u64 pkg_fms(u32 i)
{
	/* One kind of processor in every package. */
	return i < sw_nr_pkgs() ? sw_sys.cpuid[sw_cpuid_index(1, 0)].eax : 0;
}

/* All that there can be: those without a use are empty. */
static u64 nr_cmrs(u32 i)
{
	return SW_MAX_CMRS;
}

static u64 cmr_base(u32 i)
{
	return i < sw_sys.nr_cmrs ? sw_sys.cmr[i].base : 0;
}

static u64 cmr_size(u32 i)
{
	return i < sw_sys.nr_cmrs ? sw_sys.cmr[i].size : 0;
}

static u64 attributes_fixed0(u32 i)
{
	return sw_attributes_supported();
}

static u64 xfam_fixed0(u32 i)
{
	return sw_xfam_supported();
}

static u64 cpuid_leaf(u32 i)
{
	const struct sw_cpuid_rule *rule = sw_cpuid_config_rule(i);

	return rule ? rule->leaf | (u64)rule->subleaf << 32 : ~0ULL;
}

static u64 cpuid_value(u32 i)
{
	const struct sw_cpuid_rule *rule = sw_cpuid_config_rule(i / 2);
	struct sw_cpuid_val v;

	if (!rule)
		return 0;
	v = sw_cpuid_configurable(rule);
	return i & 1 ? v.ecx | (u64)v.edx << 32 : v.eax | (u64)v.ebx << 32;
}

#define VAL(_id, _val)		{ .f = { (_id), 1 }, .val = (_val) }
#define VAL_TD(_id, _val)	{ .f = { (_id), 1 }, .val = (_val), .guest = true }
#define FN(_id, _n, _fn)	{ .f = { (_id), (_n) }, .get = (_fn) }
#define FN_ELEMS(_id, _n, _e, _fn) \
	{ .f = { (_id), (_n) }, .get = (_fn), .elems = (_e) }
#define FN_TD(_id, _n, _fn) \
	{ .f = { (_id), (_n) }, .get = (_fn), .guest = true }

static const struct sw_md_sys_field fields[] = {
	FN(0x0000000200000000ULL, 1, nr_pkgs),
	FN(0x0000000200000001ULL, 8, pkg_fms),
	VAL_TD(0x0800000200000000ULL, SW_MODULE_VENDOR),
	/* BUILD_DATE, BUILD_NUM */
	VAL(0x8800000200000001ULL, SW_MODULE_BUILD_DATE),
	VAL(0x8800000100000002ULL, 0),
	FN_TD(0x0800000100000003ULL, 1, minor_version),
	FN_TD(0x0800000100000004ULL, 1, major_version),
	FN(0x0800000100000005ULL, 1, update_version),
	VAL(0x0800000100000006ULL, 0),
	/* MODULE_HV, MIN_UPDATE_HV, NO_DOWNGRADE, NUM_HANDOFF_PAGES */
	FN(0x8900000100000000ULL, 1, module_hv),
	FN(0x8900000100000001ULL, 1, min_update_hv),
	VAL(0x8900000000000002ULL, 0),
	VAL(0x8900000100000003ULL, 0),
	/* HANDOFF_DATA_VALID, _HV, _SIZE */
	FN(0x8900000000000004ULL, 1, handoff_valid),
	FN(0x8900000100000005ULL, 1, handoff_hv),
	VAL(0x8900000200000006ULL, 0),
	/* SYS_ATTRIBUTES, NUM_TDX_FEATURES, TDX_FEATURES0 */
	VAL_TD(0x0A00000200000000ULL, 0),
	VAL_TD(0x0A00000000000001ULL, 1),
	FN_TD(0x0A00000300000008ULL, 1, features0),
	FN(0x9000000100000000ULL, 1, nr_cmrs),
	FN(0x9000000300000080ULL, SW_MAX_CMRS, cmr_base),
	FN(0x9000000300000100ULL, SW_MAX_CMRS, cmr_size),
	/* MAX_TDMRS, MAX_RESERVED_PER_TDMR, PAMT entry sizes */
	VAL(0x9100000100000008ULL, SW_MAX_TDMRS),
	VAL(0x9100000100000009ULL, SW_MAX_RSVD),
	VAL(0x9100000100000010ULL, sizeof(struct sw_pamt_entry)),
	VAL(0x9100000100000011ULL, sizeof(struct sw_pamt_entry)),
	VAL(0x9100000100000012ULL, sizeof(struct sw_pamt_entry)),
	/* PAMT_PAGE_BITMAP_ENTRY_BITS, MIN_DYNAMIC_PAMT_NUM_HKID_BITS */
	VAL(0x9100000000000013ULL, 1),
	VAL(0x9100000000000014ULL, 52 - SW_PAMT_MAXPA),
	/* TDR, TDCS and TDVPS sizes in bytes, without L2 VMs */
	VAL(0x9800000100000000ULL, SW_PAGE_SIZE),
	VAL(0x9800000100000100ULL, SW_TDCS_PAGES_MIN * SW_PAGE_SIZE),
	VAL(0x9800000100000101ULL, 0),
	VAL(0x9800000100000200ULL, SW_TDVPS_PAGES * SW_PAGE_SIZE),
	VAL(0x9800000100000201ULL, 0),
	/* ATTRIBUTES and XFAM: what may be one, what has to be */
	FN(0x1900000300000000ULL, 1, attributes_fixed0),
	VAL(0x1900000300000001ULL, 0),
	FN(0x1900000300000002ULL, 1, xfam_fixed0),
	VAL(0x1900000300000003ULL, SW_XFAM_FIXED1),
	VAL(0x9900000100000004ULL, SW_NR_CPUID_CONFIG),
	VAL(0x9900000300000006ULL, SW_CONFIG_FLAGS_SUPPORTED),
	VAL(0x9900000300000007ULL, 0),
	VAL(0x9900000100000008ULL, SW_MAX_VCPUS),
	FN(0x9900000300000400ULL, 32, cpuid_leaf),
	FN_ELEMS(0x9900000300000500ULL, 64, 2, cpuid_value),
	/* IA32_ARCH_CAPABILITIES_CONFIG_MASK */
	VAL(0x9900000300000600ULL, 0),
};

u64 sw_md_sys_rd(u64 field, enum sw_side side, u64 *val, u64 *next)
{
	const struct sw_md_sys_field *f;
	u32 index;
	int i;

	if (field == SW_MD_NULL_ID) {
		*val = 0;
		*next = fields[0].f.id;
		return SW_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	i = sw_md_find(fields, SW_ARRAY_SIZE(fields), sizeof(fields[0]), field);
	if (i < 0)
		return SW_METADATA_FIELD_ID_INCORRECT;
	f = &fields[i];
	if (side == SW_GUEST && !f->guest)
		return SW_METADATA_FIELD_NOT_READABLE;
	index = SW_MD_CODE(field) - SW_MD_CODE(f->f.id);
	*val = f->get ? f->get(index) : f->val;
	*next = sw_md_next(fields, SW_ARRAY_SIZE(fields), sizeof(fields[0]), i,
			   field);
	return 0;
}

/*
 * A list of fields: a header, then sequences of fields whose codes follow each
 * other, each with the identifier of its first one.  Elements take 8 bytes.
 */
struct list_header {
	u16 size, sequences;
	u32 reserved;
};

#define SEQ_LAST_ELEMENT(n)	((u64)((n) - 1) << 34)
#define SEQ_ONE_MORE_FIELD	(1ULL << 38)

/* A place in the table: a field, and how far into its elements. */
struct list_iter {
	unsigned int i;
	u32 index;
	bool guest;
};

static unsigned int elems_of(const struct list_iter *it)
{
	return fields[it->i].elems ? fields[it->i].elems : 1;
}

static u64 iter_id(const struct list_iter *it)
{
	return it->i < SW_ARRAY_SIZE(fields) ? fields[it->i].f.id + it->index :
					       SW_MD_NULL_ID;
}

static void iter_skip_hidden(struct list_iter *it)
{
	while (it->guest && it->i < SW_ARRAY_SIZE(fields) && !fields[it->i].guest)
		it->i++;
}

/* On to the next field; does it continue the sequence of this one? */
static bool iter_next(struct list_iter *it)
{
	unsigned int elems = elems_of(it);
	u64 want = iter_id(it) + elems;

	it->index += elems;
	if (it->index >= fields[it->i].f.count) {
		it->i++;
		it->index = 0;
		iter_skip_hidden(it);
	}
	/* The same class, element size and context, and the next code. */
	return iter_id(it) == want && elems_of(it) == elems;
}

/* The identifier has to be right but for its reserved bits, size included. */
static bool list_start(struct list_iter *it, u64 start)
{
	int i = 0;

	if (start != SW_MD_NULL_ID) {
		start &= ~SW_MD_RESERVED;
		i = sw_md_find(fields, SW_ARRAY_SIZE(fields), sizeof(fields[0]),
			       start);
		if (i < 0)
			return false;
		it->index = SW_MD_CODE(start) - SW_MD_CODE(fields[i].f.id);
		if (start != fields[i].f.id + it->index)
			return false;
	}
	it->i = i;
	it->index -= it->index % elems_of(it);
	if (it->guest && !fields[i].guest)
		it->index = 0;
	iter_skip_hidden(it);
	return true;
}

/* One sequence at @at, as long as there is room; where the next one goes. */
static u64 *list_sequence(struct list_iter *it, u64 *at, const u64 *end)
{
	u64 *head = at++, id = iter_id(it);
	unsigned int elems = elems_of(it), e;
	bool more;

	*head = id | SEQ_LAST_ELEMENT(elems);
	for (;;) {
		const struct sw_md_sys_field *f = &fields[it->i];

		for (e = 0; e < elems; e++)
			*at++ = f->get ? f->get(it->index + e) : f->val;
		more = iter_next(it);
		if (!more || end - at < elems)
			return at;
		*head += SEQ_ONE_MORE_FIELD;
	}
}

u64 sw_md_sys_rdall(u64 start, enum sw_side side, void *buf, size_t size,
		    u64 *next)
{
	struct list_iter it = { .guest = side == SW_GUEST };
	struct list_header *header = buf;
	u64 *at = buf, *end = at + size / sizeof(u64);

	*next = SW_MD_NULL_ID;
	if (!list_start(&it, start))
		return SW_METADATA_FIELD_ID_INCORRECT;
	*header = (struct list_header){ .size = sizeof(*header) };
	at++;
	while (it.i < SW_ARRAY_SIZE(fields) && end - at >= 1 + elems_of(&it)) {
		at = list_sequence(&it, at, end);
		header->sequences++;
	}
	header->size = (at - (u64 *)buf) * sizeof(u64);
	*next = iter_id(&it);
	return *next == SW_MD_NULL_ID ? 0 : SW_METADATA_LIST_OVERFLOW;
}
