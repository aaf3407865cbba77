// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's own state, and what it knows of the machine's memory: TDMRs,
 * convertible ranges, reserved areas, KeyIDs.
 */
#include "core/core.h"

struct sw_sys sw_sys;
bool sw_enhanced_demote;

static const struct sw_version as_built = {
	.major = SW_MODULE_MAJOR, .minor = SW_MODULE_MINOR,
	.update = SW_MODULE_UPDATE, .hv = 1, .min_hv = 1,
};

const struct sw_version *sw_version(void)
{
	return sw_sys.version.hv ? &sw_sys.version : &as_built;
}

bool sw_sys_check_hpa(u64 pa)
{
	return !(pa >> sw_maxpa());
}

bool sw_hpa_is_shared(u64 pa)
{
	return pa >> sw_maxpa() < sw_sys.first_hkid;
}

struct sw_tdmr *sw_tdmr_find(u64 pa)
{
	unsigned int i;

	for (i = 0; i < sw_sys.nr_tdmrs; i++) {
		struct sw_tdmr *t = &sw_sys.tdmr[i];

		if (pa >= t->base && pa - t->base < t->size)
			return t;
	}
	return NULL;
}

bool sw_pa_usable(u64 pa)
{
	struct sw_tdmr *t = sw_tdmr_find(pa);
	u64 block_end = (pa & ~(SW_SIZE_1G - 1)) + SW_SIZE_1G;

	return t && sw_load(&t->next) >= block_end;
}

bool sw_tdmr_reserved(const struct sw_tdmr *t, u64 pa)
{
	unsigned int i;

	for (i = 0; i < t->nr_rsvd; i++) {
		if (pa >= t->rsvd[i].base && pa - t->rsvd[i].base < t->rsvd[i].size)
			return true;
	}
	return false;
}

bool sw_covered_by_cmr(u64 base, u64 size)
{
	unsigned int i;

	for (i = 0; i < sw_sys.nr_cmrs; i++) {
		const struct sw_range *c = &sw_sys.cmr[i];

		if (base >= c->base && size <= c->size &&
		    base - c->base <= c->size - size)
			return true;
	}
	return false;
}

/*
 * What a CACHE.WB has to do is decided when it starts: a KeyID that is flushed
 * while it is interrupted has to wait for the next one.
 */
bool sw_cache_wb_start(u64 bit)
{
	u32 end = sw_sys.first_hkid + sw_sys.nr_hkids, i;
	bool any = false;

	for (i = sw_sys.first_hkid; i < end; i++) {
		struct sw_kot *kot = &sw_sys.kot[i];

		if (kot->state == SW_KOT_FLUSHED)
			sw_or(&kot->wb_listed, bit);
		else
			sw_and(&kot->wb_listed, ~bit);
		any |= kot->state == SW_KOT_FLUSHED;
	}
	return any;
}

#define SW_MSR_TSC_ADJUST	0x3b
#define SW_MSR_MISC_ENABLE	0x1a0
#define SW_LIMIT_CPUID_MAXVAL	(1ULL << 22)

/* An MSR that does not exist is one that says 0. */
static u64 native_msr(u32 msr)
{
	u64 val;

	return sw_native_msr(msr, &val) ? val : 0;
}

u64 sw_check_cpuid_limit(void)
{
	return native_msr(SW_MSR_MISC_ENABLE) & SW_LIMIT_CPUID_MAXVAL ?
	       SW_LIMIT_CPUID_MAXVAL_SET : 0;
}

u64 sw_tsc_adjust(void)
{
	return native_msr(SW_MSR_TSC_ADJUST);
}

u64 sw_check_tsc_adjust(void)
{
	return sw_tsc_adjust() == sw_sys.tsc_adjust ? 0 :
	       SW_INCONSISTENT_MSR | SW_MSR_TSC_ADJUST;
}
