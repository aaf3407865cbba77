// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.SYS.INFO and TDH.SYS.RDALL: what SYS.RD says field by field, written to
 * memory of the host.
 *
 * On hardware, a host that names a page of a TD there loses the TD's data to a
 * failed integrity check.  Here it would lose the module's: only what the
 * module has no use for is written to, and kept so while it is.
 */
#include "host/leaf.h"

static bool in_pamt(u64 pa)
{
	unsigned int i;
	u32 level;

	for (i = 0; i < sw_sys.nr_tdmrs; i++) {
		const struct sw_tdmr *t = &sw_sys.tdmr[i];

		for (level = 0; level < 3; level++) {
			if (pa >= t->pamt[level] &&
			    pa - t->pamt[level] < t->pamt_size[level])
				return true;
		}
	}
	return false;
}

static bool is_hosts(const struct sw_page *page, u64 pa)
{
	const struct sw_tdmr *t = sw_tdmr_find(pa);
	enum sw_pt type = sw_page_type(page);

	if (type != SW_PT_NDA && type != SW_PT_RSVD)
		return false;
	/* What is marked is reserved, or metadata. */
	return !sw_sys.dynamic_pamt || !sw_pamt_marked(t, pa) ||
	       sw_tdmr_reserved(t, pa);
}

u64 sw_host_get(u64 pa, u64 size, u32 operand, struct sw_page *ref)
{
	u64 page = pa & ~(SW_SIZE_4K - 1), err;

	memset(ref, 0, sizeof(*ref));
	if (!SW_ALIGNED(pa, size) || !sw_sys_check_hpa(pa) ||
	    !sw_is_ram(page, SW_SIZE_4K) || in_pamt(page))
		return SW_OPERAND_INVALID | operand;
	/* Not the module's to give to a TD, so not a TD's. */
	if (!sw_pa_usable(page))
		return 0;
	err = sw_page_get(page, 0, SW_SHARED, -1, operand, ref);
	if (err)
		return err;
	if (is_hosts(ref, page))
		return 0;
	sw_page_put(ref);
	return SW_OPERAND_INVALID | operand;
}

u64 sw_sys_rdall(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 next = ~0ULL, err;
	struct sw_page page;

	if (!cpu->lp_init_done) {
		r->r8 = ~0ULL;
		return SW_SYS_LP_INIT_NOT_DONE;
	}
	err = sw_host_get(r->rdx, SW_SIZE_4K, SW_OPND_RDX, &page);
	if (!err)
		err = sw_md_sys_rdall(r->r8, SW_HOST, sw_va(r->rdx), SW_SIZE_4K,
				      &next);
	sw_page_put(&page);
	r->r8 = next;
	return err;
}

struct sw_cpuid_config {
	u32 leaf, subleaf;
	struct sw_cpuid_val val;
};

/* TDSYSINFO_STRUCT */
struct sw_sysinfo {
	u32 attributes, vendor_id, build_date;
	u16 build_num, minor_version, major_version;
	u8 sys_rd, reserved0[13];
	u16 max_tdmrs, max_reserved_per_tdmr, pamt_entry_size;
	u8 reserved1[10];
	u16 tdcs_base_size, reserved2, tdvps_base_size;
	u8 tdvps_xfam_dependent_size, reserved3[9];
	u64 attributes_fixed0, attributes_fixed1, xfam_fixed0, xfam_fixed1;
	u8 reserved4[32];
	u32 num_cpuid_config;
	struct sw_cpuid_config cpuid[SW_NR_CPUID_CONFIG];
	u8 reserved5[220];
};

#define SYSINFO_SIZE	1024
#define CMR_ARRAY_SIZE	(SW_MAX_CMRS * sizeof(struct sw_range))

static_assert(sizeof(struct sw_sysinfo) == SYSINFO_SIZE, "TDSYSINFO_STRUCT");
static_assert(offsetof(struct sw_sysinfo, num_cpuid_config) == 128, "its list");
static_assert(CMR_ARRAY_SIZE == 512, "CMR_INFO array");

static void fill_cpuid(struct sw_cpuid_config *c, const struct sw_cpuid_rule *rule)
{
	c->leaf = rule->leaf;
	c->subleaf = rule->subleaf;
	c->val = sw_cpuid_configurable(rule);
}

static void fill_sysinfo(struct sw_sysinfo *info)
{
	unsigned int i;

	*info = (struct sw_sysinfo) {
		.vendor_id = SW_MODULE_VENDOR,
		.build_date = SW_MODULE_BUILD_DATE,
		.minor_version = sw_version()->minor,
		.major_version = sw_version()->major,
		/* There is a better way to learn all this. */
		.sys_rd = 1,
		.max_tdmrs = SW_MAX_TDMRS,
		.max_reserved_per_tdmr = SW_MAX_RSVD,
		.pamt_entry_size = sizeof(struct sw_pamt_entry),
		.tdcs_base_size = SW_TDCS_PAGES_MIN * SW_PAGE_SIZE,
		.tdvps_base_size = SW_TDVPS_PAGES * SW_PAGE_SIZE,
		.attributes_fixed0 = sw_attributes_supported(),
		.xfam_fixed0 = sw_xfam_supported(),
		.xfam_fixed1 = SW_XFAM_FIXED1,
		.num_cpuid_config = SW_NR_CPUID_CONFIG,
	};
	for (i = 0; i < SW_NR_CPUID_CONFIG; i++)
		fill_cpuid(&info->cpuid[i], sw_cpuid_config_rule(i));
}

static u64 sys_info(const struct sw_regs *in, struct sw_page *info,
		    struct sw_page *cmrs)
{
	u64 err;

	err = sw_host_get(in->rcx, SYSINFO_SIZE, SW_OPND_RCX, info);
	if (err)
		return err;
	if (in->rdx < SYSINFO_SIZE)
		return SW_OPERAND_INVALID | SW_OPND_RDX;
	err = sw_host_get(in->r8, CMR_ARRAY_SIZE, SW_OPND_R8, cmrs);
	if (err)
		return err;
	if (in->r9 < SW_MAX_CMRS)
		return SW_OPERAND_INVALID | SW_OPND_R9;
	return 0;
}

u64 sw_sys_info(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_page info = { 0 }, cmrs = { 0 };
	struct sw_regs in = *r;
	u64 err = SW_SYS_LP_INIT_NOT_DONE;

	r->rdx = 0;
	r->r9 = 0;
	if (cpu->lp_init_done)
		err = sys_info(&in, &info, &cmrs);
	if (!err) {
		fill_sysinfo(sw_va(in.rcx));
		memcpy(sw_va(in.r8), sw_sys.cmr, CMR_ARRAY_SIZE);
		r->rdx = SYSINFO_SIZE;
		r->r9 = SW_MAX_CMRS;
	}
	sw_page_put(&cmrs);
	sw_page_put(&info);
	return err;
}
