// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's and a vCPU's life, where this module once differed from Intel's; the
 * table in docs/swmod.md has the numbers.
 */
#include "swmod_machine.h"
#include "vp_script.h"

#define PIN_CTLS	0x0024000200004000ULL
#define PID_VECTOR	0x0024000100000002ULL
#define PID_ADDR	0x0024000300002016ULL
#define SHARED_EPTP	0x002400030000203cULL
#define NOTIFY_WINDOW	0x0024000200004024ULL
#define PARAMS		(TDMR_BASE + 0xa000)
#define BAD_VALUE	SW_METADATA_FIELD_VALUE_NOT_VALID

static struct td td;
static struct vcpu v;

static u64 vp_wr(u64 field, u64 val, u64 mask)
{
	return call(SW_LEAF_VP_WR, v.pages[0], field, val, mask);
}

static void built_td(void)
{
	script_reset();
	module_ready();
	td_build(&td, &v);
}

static void posted_interrupts_want_vector_and_descriptor(void)
{
	built_td();
	expect(vp_wr(PIN_CTLS, 0x80, 0x80), 0xc000073000000002ULL);
	expect(vp_wr(PID_VECTOR, 0xec, 0xffff), 0);
	expect(last.r8, 0xffff);
	expect(vp_wr(PIN_CTLS, 0x80, 0x80), 0xc000073000002016ULL);
	/* The bits beside the mask are ones still. */
	expect(vp_wr(PID_ADDR, 0x80, 0x80), BAD_VALUE);
	expect(call(SW_LEAF_VP_RD, v.pages[0], PID_ADDR, 0, 0), 0);
	expect(last.r8, ~0ULL);
	expect(vp_wr(PIN_CTLS, 0x80, 0x80), 0xc000073000002016ULL);
	expect(vp_wr(PIN_CTLS, 0, 0x80), 0);
	expect(vp_wr(PID_ADDR, TDMR_BASE + 0x10040, ~0x3fULL), 0);
	expect(last.r8, ~0ULL);
	expect(vp_wr(PIN_CTLS, 0x80, 0x80), 0);
	expect(call(SW_LEAF_VP_RD, v.pages[0], PID_ADDR, 0, 0), 0);
	expect(last.r8, TDMR_BASE + 0x10040);
}

static void fields_of_the_vmcs_take_what_fits(void)
{
	built_td();
	expect(vp_wr(NOTIFY_WINDOW, 1ULL << 32, ~0ULL), BAD_VALUE);
	expect(vp_wr(NOTIFY_WINDOW, 0xffffffff, ~0ULL), 0);
	/* KeyIDs from 32 on are private; those below are the host's to use. */
	expect(vp_wr(SHARED_EPTP, 32ULL << SW_USER_MAXPA, ~0xfffULL), BAD_VALUE);
	expect(vp_wr(SHARED_EPTP, TDMR_BASE, 0xffffffffff000ULL), 0);
}

static u64 mng(u64 leaf)
{
	return call(leaf, td.tdr, 0, 0, 0);
}

/* Create a TD and give up, without a key on any package. */
static void a_key_is_free_after_cache_wb_on_every_package(void)
{
	module_reset();
	sw_user.nr_pkgs = 2;
	module_ready_again();
	td_new(&td);
	expect(mng(SW_LEAF_MNG_VPFLUSHDONE), 0);
	expect(mng(SW_LEAF_MNG_KEY_FREEID), SW_WBCACHE_NOT_COMPLETE);
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), 0);
	/* As long as there is one to be freed, it is done again. */
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), 0);
	expect(mng(SW_LEAF_MNG_KEY_FREEID), SW_WBCACHE_NOT_COMPLETE);
	sw_user_pkg = 1;
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), 0);
	expect(mng(SW_LEAF_MNG_KEY_FREEID), 0);
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0),
	       SW_NO_HKID_READY_TO_WBCACHE);
	sw_user_pkg = 0;
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0),
	       SW_NO_HKID_READY_TO_WBCACHE);
}

static void cache_wb_does_what_was_flushed_when_it_began(void)
{
	struct td first, second;

	module_ready();
	td_new(&first);
	td_new(&second);
	td_new(&td);
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, first.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, second.tdr, 0, 0, 0), 0);
	sw_user.irq_pending = true;
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), SW_INTERRUPTED_RESUMABLE);
	expect(mng(SW_LEAF_MNG_VPFLUSHDONE), 0);
	sw_user.irq_pending = false;
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 1, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_KEY_FREEID, first.tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_KEY_FREEID, second.tdr, 0, 0, 0), 0);
	expect(mng(SW_LEAF_MNG_KEY_FREEID), SW_WBCACHE_NOT_COMPLETE);
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), 0);
	expect(mng(SW_LEAF_MNG_KEY_FREEID), 0);
}

static void a_td_with_all_its_keys_takes_no_more(void)
{
	module_reset();
	sw_user.nr_pkgs = 2;
	module_ready_again();
	td_new(&td);
	expect(mng(SW_LEAF_MNG_KEY_CONFIG), 0);
	expect(mng(SW_LEAF_MNG_KEY_CONFIG), SW_KEY_CONFIGURED);
	sw_user_pkg = 1;
	expect(mng(SW_LEAF_MNG_KEY_CONFIG), 0);
	expect(mng(SW_LEAF_MNG_KEY_CONFIG), SW_LIFECYCLE_STATE_INCORRECT);
	sw_user_pkg = 0;
	expect(mng(SW_LEAF_MNG_KEY_CONFIG), SW_LIFECYCLE_STATE_INCORRECT);
}

static void create_looks_at_the_keyid_first(void)
{
	module_ready();
	td_new(&td);
	expect(call(SW_LEAF_MNG_CREATE, td.tdr, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(call(SW_LEAF_MNG_CREATE, new_page(), td.hkid, 0, 0),
	       0xc000082000000000ULL);
}

static void addcx_looks_at_the_page_before_the_state(void)
{
	module_ready();
	td_init(&td);
	expect(call(SW_LEAF_MNG_ADDCX, td.tdr, td.tdr, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(call(SW_LEAF_MNG_ADDCX, new_page(), td.tdr, 0, 0),
	       SW_OP_STATE_INCORRECT | SW_OP_INITIALIZED);
}

static void freeid_looks_at_the_life_cycle_before_the_keyids(void)
{
	module_ready();
	td_new(&td);
	expect(sw_lock(&sw_sys.kot_lock, SW_SHARED, SW_HOST), 0);
	expect(mng(SW_LEAF_MNG_KEY_FREEID), SW_LIFECYCLE_STATE_INCORRECT);
	expect(mng(SW_LEAF_MNG_VPFLUSHDONE), SW_OPERAND_BUSY | SW_OPND_KOT);
	sw_unlock(&sw_sys.kot_lock, SW_SHARED);
}

static void the_last_page_of_tdcs_wants_entropy(void)
{
	unsigned int i;
	u64 page;

	module_ready();
	td_new(&td);
	expect(mng(SW_LEAF_MNG_KEY_CONFIG), 0);
	sw_user.no_entropy = true;
	for (i = 0; i < SW_TDCS_PAGES_MIN - 1; i++)
		expect(call(SW_LEAF_MNG_ADDCX, new_page(), td.tdr, 0, 0), 0);
	page = new_page();
	expect(call(SW_LEAF_MNG_ADDCX, page, td.tdr, 0, 0), SW_RND_NO_ENTROPY);
	expect(page_type(page), SW_PT_NDA);
	sw_user.no_entropy = false;
	expect(call(SW_LEAF_MNG_ADDCX, page, td.tdr, 0, 0), 0);
}

static void a_vcpu_takes_up_to_fifteen_pages(void)
{
	unsigned int i;
	u64 tdvpr;

	module_ready();
	td_init(&td);
	tdvpr = new_page();
	expect(call(SW_LEAF_VP_CREATE, tdvpr, td.tdr, 0, 0), 0);
	for (i = 1; i < 15; i++) {
		if (i == SW_TDVPS_PAGES - 1)
			expect(call(SW_LEAF_VP_INIT, tdvpr, 0, 0, 0),
			       SW_TDCX_NUM_INCORRECT);
		expect(call(SW_LEAF_VP_ADDCX, new_page(), tdvpr, 0, 0), 0);
	}
	expect(call(SW_LEAF_VP_ADDCX, new_page(), tdvpr, 0, 0),
	       SW_TDCX_NUM_INCORRECT);
	expect(call(SW_LEAF_VP_INIT, tdvpr, 0, 0, 0), 0);
}

static void a_vcpu_on_another_cpu_names_no_operand(void)
{
	struct sw_regs r;

	built_td();
	r = (struct sw_regs){ .rcx = v.pages[0] };
	expect(seamcall_on(1, SW_LEAF_VP_ENTER, &r), 0x8000070100000000ULL);
	r = (struct sw_regs){ .rcx = v.pages[0], .rdx = PID_ADDR };
	expect(seamcall_on(1, SW_LEAF_VP_RD, &r), 0x8000070100000000ULL);
}

static u64 init_with(void (*change)(u8 *params))
{
	module_ready();
	td_keyed(&td);
	change(td_params());
	return call(SW_LEAF_MNG_INIT, td.tdr, PARAMS, 0, 0);
}

static void reserved_front(u8 *p)
{
	p[20] = 1;
	p[0] = 2;
}

static void reserved_byte_19(u8 *p)
{
	p[19] = 2;
}

static void one_l2_vm(u8 *p)
{
	p[18] = 1;
}

static void four_l2_vms(u8 *p)
{
	p[18] = 4;
}

static void gpaw_52(u8 *p)
{
	p[32] |= 1;
}

static void reserved_tail(u8 *p)
{
	p[1023] = 1;
	/* CPUID leaf 1, a bit of ECX that nobody may set. */
	p[256 + 8] = 1;
}

static void params_are_judged_in_the_modules_order(void)
{
	expect(init_with(reserved_front), SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(init_with(reserved_byte_19), SW_OPERAND_INVALID | SW_OPND_RDX);
	expect(init_with(one_l2_vm), 0xc000060600000000ULL);
	expect(init_with(four_l2_vms), SW_OPERAND_INVALID | 0x47);
	expect(init_with(gpaw_52), SW_OPERAND_INVALID | 0x43);
	expect(init_with(reserved_tail),
	       SW_OPERAND_INVALID | SW_OPND_CPUID_CONFIG);
	expect(last.rcx, 1 | 0xffffffffULL << 32);
}

static void wbinvd_refuses_the_pamts_own_pages(void)
{
	dynamic_pamt = true;
	module_ready();
	expect(call(SW_LEAF_PHYMEM_PAGE_WBINVD, TDMR_BASE + 0x105000, 0, 0, 0),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
	dynamic_pamt = false;
}

/* While the host adds or removes metadata in the TDR's 2 MiB. */
static void the_tdrs_range_is_not_locked_by_its_vcpus(void)
{
	struct sw_sharex *lock;
	u64 tdvpr;

	dynamic_pamt = true;
	module_ready();
	td_init(&td);
	/* Out of the next 2 MiB. */
	while ((tdvpr = new_page()) >> 21 == td.tdr >> 21)
		;
	expect(call(SW_LEAF_VP_CREATE, tdvpr, td.tdr, 0, 0), 0);
	lock = &((struct sw_pamt_entry *)sw_pamt_peek(td.tdr & ~0x1fffffULL, 1))->lock;
	expect(sw_lock(lock, SW_EXCL, SW_HOST), 0);
	expect(call(SW_LEAF_VP_FLUSH, tdvpr, 0, 0, 0), SW_TDCX_NUM_INCORRECT);
	sw_unlock(lock, SW_EXCL);
	dynamic_pamt = false;
}

static u64 debug_rd(u64 field)
{
	return call(SW_LEAF_MNG_RD, td.tdr, field, 0, 0);
}

static void the_host_of_a_debug_td_reads_what_the_td_sets(void)
{
	static const u64 fields[] = {
		0x9110000300000010ULL, 0x9110000300000017ULL,
		0x9110000300000022ULL, 0x1310000300000040ULL,
	};
	unsigned int i;

	built_td();
	for (i = 0; i < 4; i++)
		expect(debug_rd(fields[i]), SW_METADATA_FIELD_NOT_READABLE);
	tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
	for (i = 0; i < 4; i++)
		expect(debug_rd(fields[i]), 0);
}

static void flags_of_the_vcpu_are_whole_bytes(void)
{
	struct sw_td t = { 0 };
	u64 old;

	built_td();
	t.tdcs = tdcs_of(&td);
	expect(vp_wr(0x202000000000000bULL, 0x5a, 0xff), 0);
	expect(sw_md_vp_wr(&t, tdvps_of(&v), 0xA020000000000007ULL, SW_GUEST,
			   0x5a, 0xff, &old), 0);
	expect(tdvps_of(&v)->cpuid_supervisor_ve, 0x5a);
	/* A time-out is written as a whole. */
	expect(call(SW_LEAF_MNG_WR, td.tdr, 0x9110000300000011ULL, 20000, 0xffff),
	       0xc0000c0a00000000ULL);
	expect(call(SW_LEAF_MNG_WR, td.tdr, 0x9110000300000011ULL, 20000, ~0ULL), 0);
}

static void a_new_vcpu_masks_flags_and_knows_when_it_is(void)
{
	script_reset();
	module_ready();
	sw_user.tsc = 777;
	td_build(&td, &v);
	expect(tdvps_of(&v)->fmask, 0x20200);
	expect(tdvps_of(&v)->last_exit_tsc, 777);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(posted_interrupts_want_vector_and_descriptor),
		TEST(fields_of_the_vmcs_take_what_fits),
		TEST(a_key_is_free_after_cache_wb_on_every_package),
		TEST(cache_wb_does_what_was_flushed_when_it_began),
		TEST(a_td_with_all_its_keys_takes_no_more),
		TEST(create_looks_at_the_keyid_first),
		TEST(addcx_looks_at_the_page_before_the_state),
		TEST(freeid_looks_at_the_life_cycle_before_the_keyids),
		TEST(the_last_page_of_tdcs_wants_entropy),
		TEST(a_vcpu_takes_up_to_fifteen_pages),
		TEST(a_vcpu_on_another_cpu_names_no_operand),
		TEST(params_are_judged_in_the_modules_order),
		TEST(wbinvd_refuses_the_pamts_own_pages),
		TEST(the_tdrs_range_is_not_locked_by_its_vcpus),
		TEST(the_host_of_a_debug_td_reads_what_the_td_sets),
		TEST(flags_of_the_vcpu_are_whole_bytes),
		TEST(a_new_vcpu_masks_flags_and_knows_when_it_is),
	};

	return ktap_run(tests);
}
