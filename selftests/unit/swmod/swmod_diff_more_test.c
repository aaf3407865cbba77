// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Intel's module does where the comparison call by call did not get: read
 * from its source, and in the table of docs/swmod.md as H1 and so on.
 */
#include "swmod_machine.h"
#include "vp_script.h"

#define VP_INIT1	(SW_LEAF_VP_INIT | 1 << 16)
#define V1(leaf)	((leaf) | 1 << 16)
#define TSC_ADJUST	0xc00009200000003bULL
#define TD_UUID		0x8010000300000020ULL
#define X2APIC_IDS	0x9C10000200000000ULL
#define VE_REDUCTION	0x911000000000001AULL
#define VCPU_INDEX	0xA020000200000002ULL
#define PEND_NMI	0x202000000000000BULL
#define GPA		0x200000ULL

static struct td td;
static struct vcpu v;

/* A vCPU that VP.INIT can have. */
static void vcpu_pages(struct vcpu *p, unsigned int n)
{
	unsigned int i;

	p->pages[0] = new_page();
	expect(call(SW_LEAF_VP_CREATE, p->pages[0], td.tdr, 0, 0), 0);
	for (i = 1; i < n; i++)
		expect(call(SW_LEAF_VP_ADDCX, new_page(), p->pages[0], 0, 0), 0);
}

static u64 vp_init(struct vcpu *p, u64 id)
{
	return call(VP_INIT1, p->pages[0], 0, id, 0);
}

static u64 mng_rd(u64 field)
{
	expect(call(SW_LEAF_MNG_RD, td.tdr, field, 0, 0), 0);
	return last.r8;
}

static void vp_init_judges_the_id_last(void)
{
	struct vcpu second, third;
	u64 wide = 1ULL << 32;

	module_ready();
	td_init(&td);
	vcpu_pages(&v, 5);
	expect(vp_init(&v, wide), SW_TDCX_NUM_INCORRECT);
	expect(call(SW_LEAF_VP_ADDCX, new_page(), v.pages[0], 0, 0), 0);
	expect(vp_init(&v, wide), SW_OPERAND_INVALID | SW_OPND_R8);
	expect(vp_init(&v, 0x17), 0);
	expect(vp_init(&v, wide), SW_VCPU_STATE_INCORRECT | SW_VCPU_READY);
	/* The id is what the status names. */
	vcpu_pages(&second, SW_TDVPS_PAGES);
	expect(vp_init(&second, 0x17), SW_X2APIC_ID_NOT_UNIQUE | 0x17);
	expect(vp_init(&second, 0x18), 0);
	vcpu_pages(&third, SW_TDVPS_PAGES);
	tdcs_of(&td)->max_vcpus = 2;
	expect(vp_init(&third, wide), SW_MAX_VCPUS_EXCEEDED);
	expect(mng_rd(X2APIC_IDS), 0x17);
	expect(mng_rd(X2APIC_IDS + 1), 0x18);
}

static void a_vcpu_without_an_id_ends_the_topology(void)
{
	struct vcpu second;

	module_ready();
	td_init(&td);
	check(tdcs_of(&td)->topology_enum_configured);
	vcpu_pages(&v, SW_TDVPS_PAGES);
	expect(vp_init(&v, 5), 0);
	check(tdcs_of(&td)->topology_enum_configured);
	expect(mng_rd(VE_REDUCTION), 1);
	vcpu_pages(&second, SW_TDVPS_PAGES);
	expect(call(SW_LEAF_VP_INIT, second.pages[0], 0, 0, 0), 0);
	check(!tdcs_of(&td)->topology_enum_configured);
	expect(mng_rd(VE_REDUCTION), 0);
	expect(mng_rd(X2APIC_IDS + 1), 0);
}

static void vcpus_run_where_the_tsc_is_that_of_sys_init(void)
{
	module_ready();
	script_reset();
	td_build(&td, &v);
	sw_user.tsc_adjust = 4;
	expect(call(SW_LEAF_VP_INIT, 1, 0, 0, 0), TSC_ADJUST);
	expect(vcpu_enter(0, &v), TSC_ADJUST);
	/* The vCPU is looked at before. */
	expect(call(SW_LEAF_VP_ENTER, v.pages[0] | 1ULL << 52, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	sw_user.tsc_adjust = 0;
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
}

static void tds_are_made_and_run_without_a_limit_of_cpuid(void)
{
	module_ready();
	script_reset();
	td_build(&td, &v);
	sw_user.misc_enable = 1ULL << 22;
	expect(call(SW_LEAF_MNG_INIT, 5, 0, 0, 0), SW_LIMIT_CPUID_MAXVAL_SET);
	expect(call(SW_LEAF_VP_ENTER, ~0ULL, 0, 0, 0), SW_LIMIT_CPUID_MAXVAL_SET);
	sw_user.misc_enable = 0;
	expect(vcpu_enter(0, &v), SW_XR_EXTERNAL_INTERRUPT);
}

/* Of a leaf that fails before it looks at the field. */
static void reads_clear_what_they_return(void)
{
	static const u64 leaves[] = { SW_LEAF_VP_RD, SW_LEAF_MNG_RD };
	unsigned int i;

	module_ready();
	td_build(&td, &v);
	for (i = 0; i < 2; i++) {
		expect(call(leaves[i], td.tdcs[0], TD_UUID, 5, 0),
		       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
		expect(last.r8, 0);
		expect(last.rdx, TD_UUID);
		expect(call(V1(leaves[i]), td.tdcs[0], TD_UUID, 5, 0),
		       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
		expect(last.r8, 0);
		expect(last.rdx, ~0ULL);
	}
	expect(call(SW_LEAF_VP_WR, td.tdcs[0], VCPU_INDEX, 5, 5),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
	expect(last.r8, 0);
	expect(call(SW_LEAF_MNG_WR, td.tdcs[0], TD_UUID, 5, 5),
	       SW_PAGE_METADATA_INCORRECT | SW_OPND_RCX);
	expect(last.r8, 0);
}

static void the_first_field_is_asked_for_in_version_1(void)
{
	module_ready();
	td_build(&td, &v);
	expect(call(SW_LEAF_MNG_RD, td.tdr, ~0ULL, 0, 0),
	       SW_METADATA_FIELD_ID_INCORRECT);
	expect(call(V1(SW_LEAF_MNG_RD), td.tdr, ~0ULL, 0, 0),
	       SW_METADATA_FIRST_FIELD_ID_IN_CONTEXT);
	expect(call(SW_LEAF_VP_RD, v.pages[0], ~0ULL, 0, 0),
	       SW_METADATA_FIELD_ID_INCORRECT);
	expect(call(V1(SW_LEAF_VP_RD), v.pages[0], ~0ULL, 0, 0),
	       SW_METADATA_FIRST_FIELD_ID_IN_CONTEXT);
}

static void a_disabled_vcpu_can_be_looked_at_only(void)
{
	module_ready();
	td_build(&td, &v);
	tdvps_of(&v)->state = SW_VCPU_DISABLED;
	expect(call(SW_LEAF_VP_RD, v.pages[0], VCPU_INDEX, 0, 0), 0);
	expect(call(SW_LEAF_VP_WR, v.pages[0], PEND_NMI, 1, ~0ULL),
	       SW_VCPU_STATE_INCORRECT | SW_VCPU_DISABLED);
	expect(tdvps_of(&v)->pend_nmi, 0);
}

static void reclaim_tells_what_it_found(void)
{
	struct sw_regs r = { .r9 = 9, .r10 = 10, .r11 = 11 };
	u64 huge;

	module_ready();
	td_build(&td, &v);
	td_tables(&td, GPA, 1);
	huge = new_huge();
	r.rcx = huge;
	expect(call(SW_LEAF_MEM_PAGE_AUG, GPA | 1, td.tdr, huge, 0), 0);
	expect(seamcall_on(0, SW_LEAF_PHYMEM_PAGE_RECLAIM, &r),
	       SW_LIFECYCLE_STATE_INCORRECT);
	expect(r.r9 | r.r10 | r.r11, 0);
	/* Part of a large page, and a TDR that somebody has. */
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, huge + PAGE, 0, 0, 0),
	       SW_OPERAND_INVALID | SW_OPND_RCX);
	expect(last.rcx, SW_PT_REG);
	expect(last.rdx, td.tdr);
	expect(last.r8, 1);
	expect(sw_lock(&((struct sw_pamt_entry *)sw_pamt_peek(td.tdr, 0))->lock,
		       SW_EXCL, SW_HOST), 0);
	expect(call(SW_LEAF_PHYMEM_PAGE_RECLAIM, huge, 0, 0, 0),
	       SW_OPERAND_BUSY | SW_OPND_TDR);
	expect(last.rcx, SW_PT_REG);
	expect(last.rdx, td.tdr);
	sw_unlock(&((struct sw_pamt_entry *)sw_pamt_peek(td.tdr, 0))->lock, SW_EXCL);
}

static u64 l2_regs(u64 leaf, u64 arg)
{
	struct sw_regs r = { .rcx = arg, .rdx = td.tdr, .r9 = 9, .r10 = 10,
			     .r11 = 11 };
	u64 err = seamcall_on(0, leaf, &r);

	expect(r.r9, leaf >> 16 ? ~0ULL : 9);
	expect(r.r10, leaf >> 16 ? ~0ULL : 10);
	expect(r.r11, leaf >> 16 ? ~0ULL : 11);
	expect(r.rcx, 0);
	expect(r.rdx, 0);
	return err;
}

/* Pages of L2 VMs: none, also of a call that fails. */
static void no_l2_page_comes_out_of_a_failure(void)
{
	static const u64 leaves[] = {
		SW_LEAF_MEM_SEPT_REMOVE, SW_LEAF_MEM_PAGE_PROMOTE,
	};
	unsigned int i;

	module_ready();
	td_build(&td, &v);
	td_tables(&td, GPA, 0);
	expect(call(SW_LEAF_MEM_RANGE_BLOCK, GPA | 1, td.tdr, 0, 0), 0);
	for (i = 0; i < 2; i++) {
		expect(l2_regs(V1(leaves[i]), GPA | 1),
		       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
		expect(l2_regs(leaves[i], GPA | 1),
		       SW_TLB_TRACKING_NOT_DONE | SW_OPND_RCX);
	}
}

static void a_table_is_locked_before_its_epoch_is_read(void)
{
	struct sw_sharex *lock;
	u64 table;

	module_ready();
	td_build(&td, &v);
	td_tables(&td, GPA, 1);
	table = new_page();
	expect(call(SW_LEAF_MEM_SEPT_ADD, GPA | 1, td.tdr, table, 0), 0);
	lock = &((struct sw_pamt_entry *)sw_pamt_peek(table, 0))->lock;
	expect(sw_lock(lock, SW_EXCL, SW_HOST), 0);
	expect(l2_regs(SW_LEAF_MEM_SEPT_REMOVE, GPA | 1),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	expect(l2_regs(SW_LEAF_MEM_PAGE_PROMOTE, GPA | 1),
	       SW_OPERAND_BUSY | SW_OPND_RCX);
	sw_unlock(lock, SW_EXCL);
}

static void a_vcpu_without_all_its_pages_cannot_be_flushed(void)
{
	module_ready();
	td_init(&td);
	vcpu_pages(&v, SW_TDVPS_PAGES - 1);
	expect(call(SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, 0), SW_TDCX_NUM_INCORRECT);
	expect(call(SW_LEAF_VP_ADDCX, new_page(), v.pages[0], 0, 0), 0);
	expect(call(SW_LEAF_VP_FLUSH, v.pages[0], 0, 0, 0), SW_VCPU_NOT_ASSOCIATED);
}

/* Without NO_RBP_MOD the frame pointer is one of the registers. */
static void rbp_is_lost_unless_the_td_leaves_it_alone(void)
{
	struct sw_regs r = { .rbp = 5 };

	module_ready();
	script_reset();
	td_build(&td, &v);
	tdcs_of(&td)->config_flags = 0;
	r.rcx = v.pages[0];
	expect(seamcall_on(0, SW_LEAF_VP_ENTER, &r), SW_XR_EXTERNAL_INTERRUPT);
	expect(r.rbp, 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(vp_init_judges_the_id_last),
		TEST(a_vcpu_without_an_id_ends_the_topology),
		TEST(vcpus_run_where_the_tsc_is_that_of_sys_init),
		TEST(tds_are_made_and_run_without_a_limit_of_cpuid),
		TEST(reads_clear_what_they_return),
		TEST(the_first_field_is_asked_for_in_version_1),
		TEST(a_disabled_vcpu_can_be_looked_at_only),
		TEST(reclaim_tells_what_it_found),
		TEST(no_l2_page_comes_out_of_a_failure),
		TEST(a_table_is_locked_before_its_epoch_is_read),
		TEST(a_vcpu_without_all_its_pages_cannot_be_flushed),
		TEST(rbp_is_lost_unless_the_td_leaves_it_alone),
	};

	return ktap_run(tests);
}
