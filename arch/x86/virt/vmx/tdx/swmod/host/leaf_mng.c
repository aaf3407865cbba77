// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.MNG.*: a TD's life from its KeyID to the return of it.
 *
 * Life cycle: CREATE (HKID_ASSIGNED), KEY.CONFIG on each package
 * (KEYS_CONFIGURED), ADDCX, INIT; VPFLUSHDONE (BLOCKED), CACHE.WB on each
 * package, KEY.FREEID (TEARDOWN), after which pages can be reclaimed.
 */
#include "guest/enter.h"
#include "host/leaf.h"

/* TD_PARAMS, 1024 bytes in shared memory. */
struct sw_td_params {
	u64 attributes, xfam;
	u16 max_vcpus;
	u8 num_l2_vms, arch_cap_config;
	u8 rsvd0[4];
	u64 eptp_controls, config_flags;
	u16 tsc_frequency;
	u8 rsvd1[38];
	u8 mrconfigid[48], mrowner[48], mrownerconfig[48];
	u64 arch_capabilities;
	u8 rsvd2[24];
	struct sw_cpuid_val cpuid[SW_NR_CPUID_CONFIG];
	u8 rsvd3[320];
};

static_assert(sizeof(struct sw_td_params) == 1024, "TD_PARAMS");

/* Write-back, 4 levels, no accessed and dirty bits. */
#define SW_EPTP_CONTROLS	(6 | 3 << 3)
#define SW_TSC_FREQ_MIN		4
#define SW_TSC_FREQ_MAX		400
#define SW_TSC_FREQ_UNIT_KHZ	25000
#define SW_HP_TIMEOUT_DEFAULT	1000000

static u64 all_pkgs(void)
{
	return (1ULL << sw_nr_pkgs()) - 1;
}

static u64 kot_lock(void)
{
	u64 err = sw_lock(&sw_sys.kot_lock, SW_EXCL, SW_HOST);

	return err ? err | SW_OPND_KOT : 0;
}

static void kot_unlock(void)
{
	sw_unlock(&sw_sys.kot_lock, SW_EXCL);
}

static bool hkid_in_range(u64 hkid)
{
	return hkid >= sw_sys.first_hkid &&
	       hkid - sw_sys.first_hkid < sw_sys.nr_hkids;
}

static u64 make_uuid(u64 uuid[4])
{
	int i;

	for (i = 0; i < 4; i++) {
		if (!sw_random(&uuid[i]))
			return SW_RND_NO_ENTROPY;
	}
	return 0;
}

static void create_commit(struct sw_page *page, u16 hkid, const u64 uuid[4])
{
	struct sw_tdr *tdr = sw_va(page->pa);

	memset(tdr, 0, SW_PAGE_SIZE);
	memcpy(tdr->uuid, uuid, sizeof(tdr->uuid));
	tdr->hkid = hkid;
	tdr->lifecycle = SW_HKID_ASSIGNED;
	sw_sys.kot[hkid].state = SW_KOT_ASSIGNED;
	sw_page_set(page, SW_PT_TDR, 0);
}

u64 sw_mng_create(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_page page;
	u64 uuid[4], err;

	if (!hkid_in_range(r->rdx))
		return SW_OPERAND_INVALID | SW_OPND_RDX;
	err = sw_page_get(r->rcx, 0, SW_EXCL, SW_PT_NDA, SW_OPND_RCX, &page);
	if (err)
		return err;
	err = kot_lock();
	if (err)
		goto put;
	if (sw_sys.kot[r->rdx].state != SW_KOT_FREE)
		err = SW_HKID_NOT_FREE;
	else
		err = make_uuid(uuid);
	if (!err)
		create_commit(&page, r->rdx, uuid);
	kot_unlock();
put:
	sw_page_put(&page);
	return err;
}

u64 sw_mng_key_config(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 bit = 1ULL << sw_this_pkg(), err;
	struct sw_td td;

	err = sw_tdr_get(r->rcx, SW_EXCL, SW_OPND_RCX, false, &td);
	if (err)
		return err;
	if (td.tdr->fatal) {
		err = SW_TD_FATAL;
	} else if (td.tdr->lifecycle != SW_HKID_ASSIGNED) {
		/* Also once the last package has its key. */
		err = SW_LIFECYCLE_STATE_INCORRECT;
	} else if (td.tdr->pkg_config_bitmap & bit) {
		err = SW_KEY_CONFIGURED;
	} else {
		td.tdr->pkg_config_bitmap |= bit;
		if (td.tdr->pkg_config_bitmap == all_pkgs())
			td.tdr->lifecycle = SW_KEYS_CONFIGURED;
	}
	sw_td_put(&td);
	return err;
}

/* What a control page holds before INIT gives it its meaning. */
static void tdcx_clear(u64 pa, u32 index)
{
	u8 *page = sw_va(pa);

	memset(page, index == SW_TDCS_MSR_BITMAP ? 0xff : 0, SW_PAGE_SIZE);
	/* The upper half of the root is for shared memory. */
	if (index == SW_TDCS_SEPT_ROOT)
		sw_sept_fill_free((u64 *)page, 256);
}

static u64 addcx_check(const struct sw_td *td)
{
	if (td->tdr->fatal)
		return SW_TD_FATAL;
	if (td->tdr->lifecycle != SW_KEYS_CONFIGURED)
		return SW_TD_KEYS_NOT_CONFIGURED;
	if (td->tdr->num_tdcx >= SW_TDCS_PAGES_MAX)
		return SW_TDCX_NUM_INCORRECT;
	return 0;
}

/* What is looked at when the page is found good. */
static u64 addcx_last_check(const struct sw_td *td)
{
	const struct sw_tdcs *tdcs;
	u64 random;

	if (!td->tdr->num_tdcx)
		return 0;
	tdcs = sw_tdcs_page(td, 0);
	if (!sw_op_state_allows(SW_LEAF_MNG_ADDCX, tdcs->op_state))
		return SW_OP_STATE_INCORRECT | tdcs->op_state;
	/* The page that completes TDCS makes its random numbers. */
	if (td->tdr->num_tdcx + 1 == SW_TDCS_PAGES_MIN && !sw_random(&random))
		return SW_RND_NO_ENTROPY;
	return 0;
}

u64 sw_mng_addcx(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_page page = { 0 };
	struct sw_td td;
	u64 err;

	err = sw_tdr_get(r->rdx, SW_EXCL, SW_OPND_RDX, false, &td);
	if (!err)
		err = addcx_check(&td);
	if (!err)
		err = sw_page_get(r->rcx, 0, SW_EXCL, SW_PT_NDA, SW_OPND_RCX,
				  &page);
	if (!err)
		err = addcx_last_check(&td);
	if (!err) {
		tdcx_clear(r->rcx, td.tdr->num_tdcx);
		td.tdr->tdcx_pa[td.tdr->num_tdcx++] = r->rcx;
		sw_td_children(&td, 1);
		sw_page_set(&page, SW_PT_TDCX, td.page.pa);
	}
	sw_page_put(&page);
	sw_td_put(&td);
	return err;
}

static bool all_zero(const void *p, size_t n)
{
	const u8 *b = p;

	while (n--) {
		if (*b++)
			return false;
	}
	return true;
}

static u64 xfam_check(u64 xfam)
{
	u64 avx512 = xfam & SW_XFAM_AVX512;

	if ((xfam & SW_XFAM_FIXED1) != SW_XFAM_FIXED1 ||
	    xfam & ~sw_xfam_supported())
		return SW_OPERAND_INVALID | SW_OPND_XFAM;
	/* AVX-512 comes as a whole, and on top of AVX. */
	if (avx512 && (avx512 != SW_XFAM_AVX512 || !(xfam & SW_XFAM_AVX)))
		return SW_OPERAND_INVALID | SW_OPND_XFAM;
	/* So does CET, of user and supervisor mode. */
	if ((xfam & SW_XFAM_CET) && (xfam & SW_XFAM_CET) != SW_XFAM_CET)
		return SW_OPERAND_INVALID | SW_OPND_XFAM;
	return 0;
}

#define SW_FLAG_GPAW		(1ULL << 0)
#define SW_MAX_L2_VMS		3
#define SW_ARCH_CAP_CONFIG	1

static u64 params_check(const struct sw_td_params *p)
{
	if (!all_zero(p->rsvd0, sizeof(p->rsvd0)) ||
	    !all_zero(p->rsvd1, sizeof(p->rsvd1)) ||
	    !all_zero(p->rsvd2, sizeof(p->rsvd2)) ||
	    p->arch_cap_config & ~SW_ARCH_CAP_CONFIG)
		return SW_OPERAND_INVALID | SW_OPND_RDX;
	if (p->attributes & ~sw_attributes_supported())
		return SW_OPERAND_INVALID | SW_OPND_ATTRIBUTES;
	if (xfam_check(p->xfam))
		return xfam_check(p->xfam);
	if (!p->max_vcpus || p->max_vcpus > SW_MAX_VCPUS)
		return SW_OPERAND_INVALID | SW_OPND_MAX_VCPUS;
	if (p->num_l2_vms > SW_MAX_L2_VMS)
		return SW_OPERAND_INVALID | SW_OPND_NUM_L2_VMS;
	/* They would need control pages that no TD can be given. */
	if (p->num_l2_vms)
		return SW_TDCS_NOT_ALLOCATED;
	/* 52 address bits want a fifth level. */
	if (p->eptp_controls != SW_EPTP_CONTROLS || p->config_flags & SW_FLAG_GPAW)
		return SW_OPERAND_INVALID | SW_OPND_EPTP_CONTROLS;
	if (p->config_flags & ~SW_CONFIG_FLAGS_SUPPORTED)
		return SW_OPERAND_INVALID | SW_OPND_EXEC_CONTROLS;
	if (p->tsc_frequency < SW_TSC_FREQ_MIN ||
	    p->tsc_frequency > SW_TSC_FREQ_MAX)
		return SW_OPERAND_INVALID | SW_OPND_TSC_FREQUENCY;
	if (p->arch_cap_config || p->arch_capabilities)
		return SW_OPERAND_INVALID |
		       SW_OPND_IA32_ARCH_CAPABILITIES_CONFIG;
	return 0;
}

/* The TD's TSC starts at 0 and runs at the frequency that it was promised. */
static void init_tsc(struct sw_tdcs *tdcs)
{
	u64 khz = (u64)tdcs->tsc_frequency * SW_TSC_FREQ_UNIT_KHZ;
	u64 host_khz = sw_tsc_khz();
	u64 whole = khz / host_khz, rest = khz % host_khz;
	u64 ratio = (whole << 48) + ((rest << 24) / host_khz << 24);

	tdcs->tsc_multiplier = ratio;
	tdcs->tsc_offset = -sw_mul_shr(sw_tsc(), ratio, 48);
}

static void init_commit(struct sw_td *td, const struct sw_td_params *p)
{
	struct sw_tdcs *tdcs = td->tdcs;

	tdcs->attributes = p->attributes;
	tdcs->xfam = p->xfam;
	tdcs->max_vcpus = p->max_vcpus;
	tdcs->config_flags = p->config_flags;
	tdcs->eptp = td->tdr->tdcx_pa[SW_TDCS_SEPT_ROOT] | p->eptp_controls;
	/* PENDING_VE_DISABLE */
	tdcs->td_ctls = !!(p->attributes & SW_ATTR_SEPT_VE_DISABLE);
	memcpy(tdcs->mrconfigid, p->mrconfigid, sizeof(tdcs->mrconfigid));
	memcpy(tdcs->mrowner, p->mrowner, sizeof(tdcs->mrowner));
	memcpy(tdcs->mrownerconfig, p->mrownerconfig,
	       sizeof(tdcs->mrownerconfig));
	tdcs->hp_lock_timeout = SW_HP_TIMEOUT_DEFAULT;
	tdcs->td_epoch = 1;
	tdcs->ve_reduction_valid = 1;
	init_tsc(tdcs);
	/* Here, where the TD is not shared: all of its vCPUs use this one. */
	sw_msr_bitmap_init(tdcs, sw_tdcs_page(td, SW_TDCS_MSR_BITMAP));
	sw_sha384_init(tdcs->mrtd_ctx);
	sw_store(&tdcs->op_state, SW_OP_INITIALIZED);
}

/*
 * The host may change TD_PARAMS while they are read: work on a copy, in the
 * last control page, since a kernel stack is not the place for 1 KiB.
 */
static u64 mng_init(struct sw_td *td, struct sw_regs *r)
{
	struct sw_td_params *p = sw_tdcs_page(td, SW_TDCS_PAGES_MIN - 1);
	u64 bad = 0, err;

	if (!SW_ALIGNED(r->rdx, sizeof(*p)) || !sw_sys_check_hpa(r->rdx) ||
	    !sw_is_ram(r->rdx, sizeof(*p)))
		return SW_OPERAND_INVALID | SW_OPND_RDX;
	memcpy(p, sw_va(r->rdx), sizeof(*p));
	err = params_check(p);
	if (!err) {
		/* CPUID values depend on them; INIT can be repeated. */
		td->tdcs->attributes = p->attributes;
		td->tdcs->xfam = p->xfam;
		td->tdcs->tsc_frequency = p->tsc_frequency;
		err = sw_cpuid_init(td->tdcs, p->cpuid, &bad);
	}
	if (!err && !all_zero(p->rsvd3, sizeof(p->rsvd3)))
		err = SW_OPERAND_INVALID | SW_OPND_RDX;
	if (!err)
		init_commit(td, p);
	else if (bad)
		r->rcx = bad;
	memset(p, 0, sizeof(*p));
	return err;
}

u64 sw_mng_init(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 tdr_pa = r->rcx, err;
	struct sw_td td;

	r->rcx = 0;
	err = sw_check_cpuid_limit();
	if (err)
		return err;
	/* Bit 0 of RCX asks for event filtering, which FEATURES0 lacks. */
	err = sw_td_get(tdr_pa, SW_EXCL, -1, SW_LEAF_MNG_INIT, SW_OPND_RCX,
			false, &td);
	if (err)
		return err;
	err = mng_init(&td, r);
	sw_td_put(&td);
	return err;
}

u64 sw_mng_rd(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 val = 0, next = ~0ULL, err;
	bool v1 = r->rax >> 16 & 0xff;
	struct sw_td td;

	err = sw_td_get(r->rcx, SW_SHARED, SW_SHARED, SW_LEAF_MNG_RD,
			SW_OPND_RCX, false, &td);
	if (!err) {
		err = sw_md_first(v1, r->rdx);
		if (!err)
			err = sw_md_td_rd(&td, r->rdx, SW_HOST, &val, &next);
		sw_td_put(&td);
	}
	r->r8 = val;
	if (v1)
		r->rdx = next;
	return err;
}

u64 sw_mng_wr(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 old = 0, err;
	struct sw_td td;

	err = sw_td_get(r->rcx, SW_SHARED, SW_SHARED, SW_LEAF_MNG_WR,
			SW_OPND_RCX, false, &td);
	if (!err) {
		err = sw_md_td_wr(&td, r->rdx, SW_HOST, r->r8, r->r9, &old);
		sw_td_put(&td);
	}
	r->r8 = old;
	return err;
}

/* A step of a TD's KeyID: the TDR is RCX, and nobody else's key moves. */
static u64 with_key(const struct sw_regs *r, u64 (*check)(const struct sw_td *td),
		    u64 (*step)(struct sw_td *td))
{
	struct sw_td td;
	u64 err;

	err = sw_tdr_get(r->rcx, SW_EXCL, SW_OPND_RCX, false, &td);
	if (err)
		return err;
	err = check ? check(&td) : 0;
	if (!err)
		err = kot_lock();
	if (!err) {
		err = step(&td);
		kot_unlock();
	}
	sw_td_put(&td);
	return err;
}

static u64 vpflushdone(struct sw_td *td)
{
	struct sw_kot *kot = &sw_sys.kot[td->tdr->hkid];

	if (td->tdr->lifecycle != SW_HKID_ASSIGNED &&
	    td->tdr->lifecycle != SW_KEYS_CONFIGURED)
		return SW_LIFECYCLE_STATE_INCORRECT;
	if (td->tdr->num_tdcx) {
		const struct sw_tdcs *tdcs = sw_tdcs_page(td, 0);

		if (sw_load(&tdcs->num_assoc_vcpus))
			return SW_FLUSHVP_NOT_DONE;
	}
	kot->state = SW_KOT_FLUSHED;
	/* All, whether or not they ever had the key. */
	sw_store(&kot->wb_pending, all_pkgs());
	sw_store(&kot->wb_listed, 0ULL);
	td->tdr->lifecycle = SW_BLOCKED;
	return 0;
}

u64 sw_mng_vpflushdone(struct sw_cpu *cpu, struct sw_regs *r)
{
	return with_key(r, NULL, vpflushdone);
}

static u64 freeid_check(const struct sw_td *td)
{
	return td->tdr->lifecycle == SW_BLOCKED ? 0 :
						  SW_LIFECYCLE_STATE_INCORRECT;
}

static u64 key_freeid(struct sw_td *td)
{
	struct sw_kot *kot = &sw_sys.kot[td->tdr->hkid];

	if (sw_load(&kot->wb_pending))
		return SW_WBCACHE_NOT_COMPLETE;
	kot->state = SW_KOT_FREE;
	td->tdr->lifecycle = SW_TEARDOWN;
	return 0;
}

u64 sw_mng_key_freeid(struct sw_cpu *cpu, struct sw_regs *r)
{
	return with_key(r, freeid_check, key_freeid);
}

u64 sw_mng_key_reclaimid(struct sw_cpu *cpu, struct sw_regs *r)
{
	return 0;
}
