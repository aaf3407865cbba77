// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's life, from CREATE to the reclaim of its TDR: which step may follow
 * which, what each one checks and in which order, and what it leaves behind.
 */
#include <openssl/sha.h>

#include "swmod_machine.h"

#define PARAMS	(TDMR_BASE + 0xa000)
#define SOURCE	(TDMR_BASE + 0x10000)

static u64 init_after(void (*change)(u8 *p), u64 *rcx)
{
	struct td td;
	u64 err;

	module_ready();
	td_keyed(&td);
	change(td_params());
	err = call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0);
	if (rcx)
		*rcx = last.rcx;
	expect(tdcs_of(&td)->op_state,
	       err ? SW_OP_UNINITIALIZED : SW_OP_INITIALIZED);
	/* A TD that failed to initialise can be initialised. */
	if (err) {
		td_params();
		expect(call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0), 0);
	}
	return err;
}

static void create_checks_page_and_key(void)
{
	struct td td;
	u64 pa;

	module_ready();
	pa = new_page();
	expect(call(SW_LEAF_MNG_CREATE, pa | 8, 33, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_MNG_CREATE, pa | 1ULL << SW_USER_MAXPA, 33, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	/* Not initialised yet, reserved, in no TDMR. */
	expect(call(SW_LEAF_MNG_CREATE, TDMR_BASE + 2 * SW_SIZE_1G, 33, 0, 0),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_RCX);
	expect(call(SW_LEAF_MNG_CREATE, TDMR_BASE, 33, 0, 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
	expect(call(SW_LEAF_MNG_CREATE, 0x1000, 33, 0, 0),
	       SW_OPERAND_ADDR_RANGE_ERROR | SW_OPND_RCX);
	expect(call(SW_LEAF_MNG_CREATE, pa, 31, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(call(SW_LEAF_MNG_CREATE, pa, 64, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RDX);
	/* 32 is the module's own. */
	expect(call(SW_LEAF_MNG_CREATE, pa, 32, 0, 0),
	       SW_HKID_NOT_FREE);
	sw_user.no_entropy = true;
	expect(call(SW_LEAF_MNG_CREATE, pa, 33, 0, 0), SW_RND_NO_ENTROPY);
	sw_user.no_entropy = false;
	expect(page_type(pa), SW_PT_NDA);
	td_new(&td);
	expect(page_type(td.tdr), SW_PT_TDR);
	expect(call(SW_LEAF_MNG_CREATE, pa, td.hkid, 0, 0),
	       SW_HKID_NOT_FREE);
	expect(call(SW_LEAF_MNG_CREATE, td.tdr, 40, 0, 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
}

static void keys_come_before_control_pages(void)
{
	struct td td;

	module_ready();
	td_new(&td);
	expect(call(SW_LEAF_MNG_ADDCX, new_page(), td.tdr, 0, 0),
	       SW_TD_KEYS_NOT_CONFIGURED);
	expect(call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0),
	       SW_TD_KEYS_NOT_CONFIGURED);
	expect(call(SW_LEAF_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_KEY_CONFIG, td.tdr, 0, 0, 0),
	       SW_LIFECYCLE_STATE_INCORRECT);
	expect(call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0),
	       SW_TDCS_NOT_ALLOCATED);
	expect(call(SW_LEAF_MNG_ADDCX, td.tdr, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
}

static void at_most_nine_control_pages(void)
{
	struct td td;
	int i;

	module_ready();
	td_keyed(&td);
	for (i = SW_TDCS_PAGES_MIN; i < SW_TDCS_PAGES_MAX; i++)
		expect(call(SW_LEAF_MNG_ADDCX, new_page(), td.tdr, 0, 0), 0);
	expect(call(SW_LEAF_MNG_ADDCX, new_page(), td.tdr, 0, 0),
	       SW_TDCX_NUM_INCORRECT);
	expect(tdr_of(&td)->chldcnt, SW_TDCS_PAGES_MAX);
	td_params();
	expect(call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0), 0);
	expect(call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0),
	       SW_OP_STATE_INCORRECT | SW_OP_INITIALIZED);
}

static void attr_perfmon(u8 *p)		{ p[7] = 0x80; }
static void xfam_no_sse(u8 *p)		{ p[8] = 1; }
static void xfam_amx(u8 *p)		{ p[10] = 6; }
static void xfam_half_avx512(u8 *p)	{ p[8] = 0x27; }
static void xfam_cet(u8 *p)		{ p[9] |= 0x18; }
static void xfam_user_cet(u8 *p)	{ p[9] |= 0x08; }
static void many_vcpus(u8 *p)		{ p[17] = 3; }
static void five_levels(u8 *p)		{ p[24] = 6 | 4 << 3; }
static void gpaw_52(u8 *p)		{ p[32] |= 1; }
static void slow_tsc(u8 *p)		{ p[40] = 3; }
static void reserved_byte(u8 *p)	{ p[60] = 1; }
static void reserved_tail(u8 *p)	{ p[1023] = 1; }
static void l2_vm(u8 *p)		{ p[18] = 1; }
/* Configuration 0 is leaf 1; ECX bit 0 (SSE3) is not the host's. */
static void cpuid_fixed_bit(u8 *p)	{ p[256 + 8] = 1; }
/* Configuration 5 is leaf 7.0: RTM without HLE. */
static void cpuid_rtm_alone(u8 *p)	{ p[256 + 5 * 16 + 5] = 8; }
static void cpuid_wrong_model(u8 *p)	{ p[256] = 0xf7; }
static void nothing_wrong(u8 *p)	{ }

static void no_vcpus(u8 *p)
{
	p[16] = 0;
}

/* Which bit the two below set, on top of what td_params() has. */
static unsigned int arg_bit;

static void attribute_bit(u8 *p)
{
	p[arg_bit / 8] |= 1 << arg_bit % 8;
}

static void xfam_bit(u8 *p)
{
	*(u64 *)(p + 8) = 3;
	p[8 + arg_bit / 8] |= 1 << arg_bit % 8;
}

static u64 sys_field(u64 field)
{
	struct sw_regs r = { .rdx = field };

	expect(seamcall_on(0, SW_LEAF_SYS_RD, &r), 0);
	return r.r8;
}

/*
 * DEBUG, SEPT_VE_DISABLE and PKS; x87, SSE, AVX and PKRU alone.  All else is what
 * no TD gets here: MPX, PT, PASID, UINTR, LBR, AMX; PERFMON, KL ... or, as CET,
 * not alone.
 */
static void what_is_not_offered_is_refused_bit_by_bit(void)
{
	const u64 attributes = 1ULL << 0 | 1ULL << 28 | 1ULL << 30, xfam = 0x207;
	u64 want;

	for (arg_bit = 0; arg_bit < 64; arg_bit++) {
		want = attributes >> arg_bit & 1 ? 0 :
		       SW_OPERAND_INVALID | SW_OPND_ATTRIBUTES;
		expect(init_after(attribute_bit, NULL), want);
		want = xfam >> arg_bit & 1 ? 0 :
		       SW_OPERAND_INVALID | SW_OPND_XFAM;
		expect(init_after(xfam_bit, NULL), want);
	}
	/* SYS.RD says the same, so that a host need not try. */
	expect(sys_field(0x1900000300000000), attributes);
	expect(sys_field(0x1900000300000001), 0);
	expect(sys_field(0x1900000300000002), xfam | 0xe0 | 0x1800);
	expect(sys_field(0x1900000300000003), 3);
}

static void init_names_the_bad_parameter(void)
{
	u64 inv = SW_OPERAND_INVALID, rcx;

	expect(init_after(attr_perfmon, NULL), inv | SW_OPND_ATTRIBUTES);
	expect(init_after(xfam_no_sse, NULL), inv | SW_OPND_XFAM);
	expect(init_after(xfam_amx, NULL), inv | SW_OPND_XFAM);
	expect(init_after(xfam_half_avx512, NULL), inv | SW_OPND_XFAM);
	expect(init_after(xfam_user_cet, NULL), inv | SW_OPND_XFAM);
	expect(init_after(xfam_cet, NULL), 0);
	expect(init_after(no_vcpus, NULL), inv | SW_OPND_MAX_VCPUS);
	expect(init_after(many_vcpus, NULL), inv | SW_OPND_MAX_VCPUS);
	expect(init_after(five_levels, NULL), inv | SW_OPND_EPTP_CONTROLS);
	expect(init_after(gpaw_52, NULL), inv | SW_OPND_EPTP_CONTROLS);
	expect(init_after(slow_tsc, NULL), inv | SW_OPND_TSC_FREQUENCY);
	expect(init_after(reserved_byte, NULL), inv | SW_OPND_RDX);
	expect(init_after(reserved_tail, NULL), inv | SW_OPND_RDX);
	expect(init_after(l2_vm, NULL), SW_TDCS_NOT_ALLOCATED);
	expect(init_after(cpuid_fixed_bit, &rcx), inv | SW_OPND_CPUID_CONFIG);
	expect(rcx, 0xffffffff00000001ULL);
	expect(init_after(cpuid_rtm_alone, &rcx), inv | SW_OPND_CPUID_CONFIG);
	expect(rcx, 7);
	expect(init_after(cpuid_wrong_model, &rcx), inv | SW_OPND_CPUID_CONFIG);
	expect(init_after(nothing_wrong, NULL), 0);
}

static void init_starts_epochs_and_clock(void)
{
	struct sw_cpuid_val v;
	struct sw_tdcs *tdcs;
	struct td td;

	module_ready();
	sw_user.tsc = 5000;
	td_init(&td);
	tdcs = tdcs_of(&td);
	expect(tdcs->td_epoch, 1);
	expect(tdcs->refcount[0] | tdcs->refcount[1], 0);
	expect(tdcs->td_ctls, 1);
	expect(tdcs->hp_lock_timeout, 1000000);
	/* 1 GHz for the guest on 2 GHz: half, and 0 now. */
	expect(tdcs->tsc_multiplier, 1ULL << 47);
	expect(tdcs->tsc_offset, -2500ULL);
	/* The guest learns of it: 40 times 25 MHz. */
	check(sw_cpuid_lookup(tdcs, 0x15, 0, &v));
	expect(v.eax, 1);
	expect(v.ebx, 40);
	expect(v.ecx, 25000000);
}

static void cpuid_is_what_the_host_left(void)
{
	struct sw_cpuid_val v;
	struct sw_tdcs *tdcs;
	struct td td;
	u8 *p;

	module_ready();
	td_keyed(&td);
	p = td_params();
	/* 7.0.EBX: BMI1 only; 1F.0: two threads; no AVX-512 in XFAM. */
	p[256 + 5 * 16 + 4] = 8;
	p[256 + 12 * 16] = 1;
	p[256 + 12 * 16 + 4] = 2;
	p[256 + 12 * 16 + 9] = 1;
	p[256 + 13 * 16] = 1;
	p[256 + 13 * 16 + 8] = 1;
	p[256 + 13 * 16 + 9] = 2;
	p[8] = 7;
	p[9] = 0;
	expect(call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0), 0);
	tdcs = tdcs_of(&td);
	check(sw_cpuid_lookup(tdcs, 7, 0, &v));
	check(v.ebx & 1 << 3);
	check(!(v.ebx & 1 << 8));	/* BMI2: withheld */
	check(v.ebx & 1 << 5);		/* AVX2: as the processor */
	check(!(v.ebx & 1 << 16));	/* AVX-512F: by XFAM */
	check(!(v.ebx & 1 << 2));	/* SGX: never */
	check(sw_cpuid_lookup(tdcs, 1, 0, &v));
	expect(v.eax, 0x806f8);
	check(v.ecx >> 31);
	check(!(v.ecx & 1 << 5));	/* VMX */
	check(sw_cpuid_lookup(tdcs, 0xd, 0, &v));
	expect(v.eax, 7);
	expect(v.ecx, 576 + 256);
	check(sw_cpuid_lookup(tdcs, 0x21, 0, &v));
	expect(v.ebx, 0x65746e49);
	check(sw_cpuid_lookup(tdcs, 0xb, 0, &v));
	expect(v.ebx, 2);
	check(tdcs->topology_enum_configured);
	check(!sw_cpuid_lookup(tdcs, 0x40000000, 0, &v));
}

static void vcpu_is_complete_before_init(void)
{
	u64 init = SW_LEAF_VP_INIT | 1 << 16;
	struct vcpu v;
	struct td td;
	int i;

	module_ready();
	td_init(&td);
	v.pages[0] = new_page();
	expect(call(SW_LEAF_VP_CREATE, v.pages[0], td.tdr, 0, 0), 0);
	expect(call(init, v.pages[0], 0, 0, 0), SW_TDCX_NUM_INCORRECT);
	for (i = 1; i < SW_TDVPS_PAGES; i++)
		expect(call(SW_LEAF_VP_ADDCX, new_page(), v.pages[0], 0, 0), 0);
	expect(call(SW_LEAF_VP_ENTER, v.pages[0], 0, 0, 0),
	       SW_OP_STATE_INCORRECT | SW_OP_INITIALIZED);
	expect(call(init, v.pages[0], 0, 1ULL << 32, 0),
	       SW_OPERAND_INVALID | SW_OPND_R8);
	expect(call(init, v.pages[0], 0xabc, 5, 0), 0);
	expect(call(init, v.pages[0], 0xabc, 5, 0),
	       SW_VCPU_STATE_INCORRECT | SW_VCPU_READY);
	expect(tdvps_of(&v)->gpr.rcx, 0xabc);
	expect(tdvps_of(&v)->gpr.r8, 0xabc);
	expect(tdvps_of(&v)->gpr.rbx, 48);
	expect(tdvps_of(&v)->gpr.rdx, 0x806f8);
	expect(tdvps_of(&v)->x2apic_id, 5);
	expect(tdcs_of(&td)->num_vcpus, 1);
	expect(tdcs_of(&td)->num_assoc_vcpus, 1);
}

static void x2apic_ids_and_vcpus_are_limited(void)
{
	struct vcpu v[3];
	struct td td;
	unsigned int i;
	u8 *p;

	module_ready();
	td_keyed(&td);
	p = td_params();
	p[16] = 2;
	expect(call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0), 0);
	for (i = 0; i < 2; i++)
		td_vcpu(&td, &v[i]);
	v[2].pages[0] = new_page();
	expect(call(SW_LEAF_VP_CREATE, v[2].pages[0], td.tdr, 0, 0), 0);
	for (i = 1; i < SW_TDVPS_PAGES; i++)
		expect(call(SW_LEAF_VP_ADDCX, new_page(), v[2].pages[0], 0, 0), 0);
	expect(call(SW_LEAF_VP_INIT | 1 << 16, v[2].pages[0], 0, 7, 0),
	       SW_MAX_VCPUS_EXCEEDED);
	tdcs_of(&td)->max_vcpus = 3;
	expect(call(SW_LEAF_VP_INIT | 1 << 16, v[2].pages[0], 0, 1, 0),
	       SW_X2APIC_ID_NOT_UNIQUE | 1);
	expect(call(SW_LEAF_VP_INIT | 1 << 16, v[2].pages[0], 0, 2, 0), 0);
	expect(tdvps_of(&v[2])->vcpu_index, 2);
}

static void a_vcpu_belongs_to_one_cpu(void)
{
	struct sw_regs r = { 0 };
	struct vcpu v;
	struct td td;

	module_ready();
	td_build(&td, &v);
	r.rcx = v.pages[0];
	r.rdx = 0xA020000200000002ULL;
	expect(seamcall_on(1, SW_LEAF_VP_RD, &r), SW_VCPU_ASSOCIATED);
	expect(vcpu_enter(1, &v), SW_VCPU_ASSOCIATED);
	r.rcx = v.pages[0];
	expect(seamcall_on(1, SW_LEAF_VP_FLUSH, &r), SW_VCPU_NOT_ASSOCIATED);
	expect(call(SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, 0), 0);
	expect(call(SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, 0), SW_VCPU_NOT_ASSOCIATED);
	expect(tdcs_of(&td)->num_assoc_vcpus, 0);
	expect(vcpu_enter(1, &v), 1);
	expect(tdvps_of(&v)->assoc_lpid, 1);
	expect(tdcs_of(&td)->num_assoc_vcpus, 1);
}

static void finalize_needs_a_vcpu_and_works_once(void)
{
	struct vcpu v;
	struct td td;

	module_ready();
	td_init(&td);
	expect(call(SW_LEAF_MR_FINALIZE, td.tdr, 0, 0, 0), SW_NO_VCPUS);
	td_vcpu(&td, &v);
	expect(call(SW_LEAF_MR_FINALIZE, td.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MR_FINALIZE, td.tdr, 0, 0, 0),
	       SW_OP_STATE_INCORRECT | SW_OP_RUNNABLE);
	expect(call(SW_LEAF_VP_CREATE, new_page(), td.tdr, 0, 0),
	       SW_OP_STATE_INCORRECT | SW_OP_RUNNABLE);
	expect(call(SW_LEAF_MEM_PAGE_ADD, 0, td.tdr, new_page(), SOURCE),
	       SW_OP_STATE_INCORRECT | SW_OP_RUNNABLE);
	expect(call(SW_LEAF_MR_EXTEND, 0, td.tdr, 0, 0),
	       SW_OP_STATE_INCORRECT | SW_OP_RUNNABLE);
}

static u8 measured[64 * 128];
static size_t nr_measured;

static void measure(const void *data, size_t len)
{
	memcpy(measured + nr_measured, data, len);
	nr_measured += len;
}

static void measure_header(const char *what, u64 gpa)
{
	u8 block[128] = { 0 };

	memcpy(block, what, strlen(what));
	memcpy(block + 16, &gpa, sizeof(gpa));
	measure(block, sizeof(block));
}

/* The same blocks collected and hashed here, by the book. */
static void measurement_is_one_hash_over_pages_and_chunks(void)
{
	u64 gpa = 0x3000, i;
	struct vcpu v;
	struct td td;
	u8 want[48], *src;

	module_ready();
	td_init(&td);
	td_vcpu(&td, &v);
	td_tables(&td, gpa, 0);
	src = sw_va(SOURCE);
	for (i = 0; i < PAGE; i++)
		src[i] = i * 7;
	nr_measured = 0;
	expect(call(SW_LEAF_MEM_PAGE_ADD, gpa, td.tdr, new_page(), SOURCE), 0);
	measure_header("MEM.PAGE.ADD", gpa);
	for (i = 0; i < PAGE; i += 256) {
		expect(call(SW_LEAF_MR_EXTEND, gpa + i, td.tdr, 0, 0), 0);
		measure_header("MR.EXTEND", gpa + i);
		measure(src + i, 256);
	}
	SHA384(measured, nr_measured, want);
	expect(call(SW_LEAF_MR_EXTEND, gpa + 8, td.tdr, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_MR_EXTEND, gpa + PAGE, td.tdr, 0, 0),
	       SW_EPT_ENTRY_NOT_PRESENT | SW_OPND_RCX);
	td_finalize(&td);
	check(!memcmp(tdcs_of(&td)->mrtd, want, 48));
}

static void teardown_goes_in_one_order(void)
{
	u64 reclaim = SW_LEAF_PHYMEM_PAGE_RECLAIM;
	struct vcpu v;
	struct td td;
	unsigned int i;

	module_ready();
	td_build(&td, &v);
	expect(call(SW_LEAF_MNG_KEY_FREEID, td.tdr, 0, 0, 0),
	       SW_LIFECYCLE_STATE_INCORRECT);
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0),
	       SW_FLUSHVP_NOT_DONE);
	expect(call(SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, 0), 0);
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0),
	       SW_NO_HKID_READY_TO_WBCACHE);
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0),
	       SW_LIFECYCLE_STATE_INCORRECT);
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0),
	       SW_TD_KEYS_NOT_CONFIGURED);
	expect(call(SW_LEAF_MNG_KEY_FREEID, td.tdr, 0, 0, 0),
	       SW_WBCACHE_NOT_COMPLETE);
	expect(call(reclaim, v.pages[0], 0, 0, 0), SW_LIFECYCLE_STATE_INCORRECT);
	expect(last.rcx, SW_PT_TDVPR);
	expect(last.rdx, td.tdr);
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_KEY_FREEID, td.tdr, 0, 0, 0), 0);
	expect(call(reclaim, td.tdr, 0, 0, 0), SW_TD_ASSOCIATED_PAGES_EXIST);
	for (i = 0; i < SW_TDVPS_PAGES; i++)
		expect(call(reclaim, v.pages[i], 0, 0, 0), 0);
	for (i = 0; i < SW_TDCS_PAGES_MIN; i++)
		expect(call(reclaim, td.tdcs[i], 0, 0, 0), 0);
	expect(call(reclaim, td.tdcs[0], 0, 0, 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
	/* Three tables are left. */
	expect(tdr_of(&td)->chldcnt, 3);
	expect(call(reclaim, td.tdr, 0, 0, 0), SW_TD_ASSOCIATED_PAGES_EXIST);
	for (i = 1; i <= 3; i++)
		expect(call(reclaim, v.pages[SW_TDVPS_PAGES - 1] + i * PAGE, 0,
			    0, 0), 0);
	expect(call(reclaim, td.tdr, 0, 0, 0), 0);
	expect(page_type(td.tdr), SW_PT_NDA);
	/* Key and page are free for the next TD. */
	expect(call(SW_LEAF_MNG_CREATE, td.tdr, td.hkid, 0, 0), 0);
}

static void a_large_page_is_reclaimed_as_one(void)
{
	u64 gpa = 1ULL << 30, huge, children;
	struct vcpu v;
	struct td td;

	module_ready();
	td_build(&td, &v);
	td_tables(&td, gpa, 1);
	huge = new_huge();
	children = tdr_of(&td)->chldcnt;
	expect(call(SW_LEAF_MEM_PAGE_AUG, GPA_ARG(gpa, 1), td.tdr, huge, 0), 0);
	td_free_key(&td, &v);
	/* Some page inside it is not the way to name it. */
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, huge + PAGE, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, huge, 0, 0, 0), 0);
	expect(last.r8, 1);
	expect(last.rcx, SW_PT_REG);
	expect(tdr_of(&td)->chldcnt, children);
	expect(page_type(huge + PAGE), SW_PT_NDA);
}

/* Blocks of the cache, not KeyIDs: until the last one no KeyID is done. */
static void cache_wb_is_resumed_where_it_stopped(void)
{
	u64 wb = SW_LEAF_PHYMEM_CACHE_WB, status;
	unsigned int i, resumed = 0;
	struct td td[3];

	module_ready();
	expect(call(wb, 2, 0, 0, 0), SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(call(wb, 1, 0, 0, 0), SW_WBCACHE_RESUME_ERROR);
	for (i = 0; i < 3; i++) {
		td_keyed(&td[i]);
		expect(call(SW_LEAF_MNG_VPFLUSHDONE, td[i].tdr, 0, 0, 0), 0);
	}
	sw_user.irq_pending = true;
	expect(call(wb, 0, 0, 0, 0), SW_INTERRUPTED_RESUMABLE);
	do {
		for (i = 0; i < 3; i++)
			expect(call(SW_LEAF_MNG_KEY_FREEID, td[i].tdr, 0, 0, 0),
			       SW_WBCACHE_NOT_COMPLETE);
		status = call(wb, 1, 0, 0, 0);
		resumed++;
	} while (status == SW_INTERRUPTED_RESUMABLE && resumed < 100);
	expect(status, 0);
	check(resumed > 1);
	expect(call(wb, 1, 0, 0, 0), SW_WBCACHE_RESUME_ERROR);
	for (i = 0; i < 3; i++)
		expect(call(SW_LEAF_MNG_KEY_FREEID, td[i].tdr, 0, 0, 0), 0);
}

static void a_fatal_td_answers_nothing_else(void)
{
	struct vcpu v;
	struct td td;

	module_ready();
	td_build(&td, &v);
	tdr_of(&td)->fatal = 1;
	expect(call(SW_LEAF_MEM_TRACK, td.tdr, 0, 0, 0), SW_TD_FATAL);
	expect(call(SW_LEAF_MNG_RD, td.tdr, 0, 0, 0), SW_TD_FATAL);
	expect(vcpu_enter(0, &v), SW_TD_FATAL);
	/* Its host can still take it apart. */
	expect(call(SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, 0), 0);
	td_free_key(&td, NULL);
}

static void pages_of_other_kinds_are_refused(void)
{
	u64 pmi = SW_PAGE_METADATA_INCORRECT;
	struct vcpu v;
	struct td td;

	module_ready();
	td_build(&td, &v);
	expect(call(SW_LEAF_MEM_TRACK, td.tdcs[0], 0, 0, 0), pmi | SW_OPND_RCX);
	expect(call(SW_LEAF_MEM_PAGE_AUG, 0, v.pages[0], 0, 0), pmi | SW_OPND_RDX);
	expect(call(SW_LEAF_VP_RD, td.tdr, 0, 0, 0), pmi | SW_OPND_RCX);
	expect(call(SW_LEAF_VP_FLUSH, td.tdcs[0], 0, 0, 0), pmi | SW_OPND_RCX);
	expect(call(SW_LEAF_PHYMEM_PAGE_WBINVD, td.tdr, 0, 0, 0),
	       pmi | SW_OPND_RCX);
	expect(call(SW_LEAF_PHYMEM_PAGE_WBINVD,
		    new_page() | 33ULL << SW_USER_MAXPA, 0, 0, 0), 0);
	expect(call(SW_LEAF_PHYMEM_PAGE_WBINVD,
		    new_page() | 64ULL << SW_USER_MAXPA, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(create_checks_page_and_key),
		TEST(keys_come_before_control_pages),
		TEST(at_most_nine_control_pages),
		TEST(what_is_not_offered_is_refused_bit_by_bit),
	TEST(init_names_the_bad_parameter),
		TEST(init_starts_epochs_and_clock),
		TEST(cpuid_is_what_the_host_left),
		TEST(vcpu_is_complete_before_init),
		TEST(x2apic_ids_and_vcpus_are_limited),
		TEST(a_vcpu_belongs_to_one_cpu),
		TEST(finalize_needs_a_vcpu_and_works_once),
		TEST(measurement_is_one_hash_over_pages_and_chunks),
		TEST(teardown_goes_in_one_order),
		TEST(a_large_page_is_reclaimed_as_one),
		TEST(cache_wb_is_resumed_where_it_stopped),
		TEST(a_fatal_td_answers_nothing_else),
		TEST(pages_of_other_kinds_are_refused),
	};

	return ktap_run(tests);
}
