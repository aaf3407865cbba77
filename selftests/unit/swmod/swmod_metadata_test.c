// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metadata: identifiers, masks, and every field that a Linux host or guest
 * asks for.
 */
#include "swmod_machine.h"

static struct td td;
static struct vcpu v;

static u64 sys_rd(u64 id)
{
	u64 err = call(SW_LEAF_SYS_RD, 0, id, 0, 0);

	return err ? err : last.r8;
}

static void sys_rd_answers_what_linux_reads(void)
{
	unsigned int i;

	module_ready();
	expect(sys_rd(0x0800000100000004ULL), 1);
	expect(sys_rd(0x0800000100000003ULL), 5);
	expect(sys_rd(0x0800000100000005ULL), 25);
	check(sys_rd(0x0A00000300000008ULL) & 1 << 18);
	check(sys_rd(0x0A00000300000008ULL) & 1 << 20);
	expect(sys_rd(0x9100000100000008ULL), 64);
	expect(sys_rd(0x9100000100000009ULL), 16);
	for (i = 0x10; i <= 0x12; i++)
		expect(sys_rd(0x9100000100000000ULL + i), 16);
	expect(sys_rd(0x9800000100000000ULL), 4096);
	expect(sys_rd(0x9800000100000100ULL), 6 * 4096);
	expect(sys_rd(0x9800000100000200ULL), 6 * 4096);
	expect(sys_rd(0x1900000300000000ULL), 1ULL << 30 | 1ULL << 28 | 1);
	expect(sys_rd(0x1900000300000001ULL), 0);
	expect(sys_rd(0x1900000300000002ULL), 0x1ae7);
	expect(sys_rd(0x1900000300000003ULL), 3);
	expect(sys_rd(0x9900000100000004ULL), 28);
	expect(sys_rd(0x9900000100000008ULL), 576);
	expect(sys_rd(0x8900000100000000ULL), 1);
	/* The first and the sixth configurable leaf. */
	expect(sys_rd(0x9900000300000400ULL), 0xffffffff00000001ULL);
	expect(sys_rd(0x9900000300000405ULL), 7);
	expect(sys_rd(0x9900000300000500ULL), 0x00ff00000fff3fffULL);
	expect(sys_rd(0x9900000300000501ULL), 0xb844508031044d88ULL);
	expect(sys_rd(0x9900000300000409ULL), 0xffffffff80000008ULL);
	expect(sys_rd(0x990000030000041cULL), ~0ULL);
	/* Those that are not used are empty. */
	expect(sys_rd(0x9000000100000000ULL), 32);
	expect(sys_rd(0x9000000300000080ULL), SW_USER_RAM_BASE);
}

static void short_identifiers_work_and_reserved_bits_do_not(void)
{
	module_ready();
	expect(sys_rd(0x1100000000000008ULL), 64);
	expect(sys_rd(0x1100000000000008ULL | 1ULL << 50), 64);
	expect(sys_rd(0x1100000000000008ULL | 1ULL << 24),
	       SW_METADATA_FIELD_ID_INCORRECT);
	expect(sys_rd(0x1100000000000008ULL | 1ULL << 34),
	       SW_METADATA_FIELD_ID_INCORRECT);
	expect(sys_rd(0x1100000000000008ULL | 1ULL << 38),
	       SW_METADATA_FIELD_ID_INCORRECT);
	expect(sys_rd(0x1100000000000007ULL), SW_METADATA_FIELD_ID_INCORRECT);
	expect(sys_rd(0x3f00000000000000ULL), SW_METADATA_FIELD_ID_INCORRECT);
}

/* Follow RDX from the null identifier to the end; each field can be read. */
static void sys_rd_enumerates_every_field(void)
{
	u64 id, n = 0;

	module_ready();
	expect(call(SW_LEAF_SYS_RD, 0, ~0ULL, 0, 0),
	       SW_METADATA_FIRST_FIELD_ID_IN_CONTEXT);
	for (id = last.rdx; id != ~0ULL && n < 1000; id = last.rdx, n++)
		expect(call(SW_LEAF_SYS_RD, 0, id, 0, 0), 0);
	check(n > 200 && n < 1000);
}

static void built_td(void)
{
	module_ready();
	td_build(&td, &v);
}

static u64 mng_rd(u64 id)
{
	u64 err = call(SW_LEAF_MNG_RD, td.tdr, id, 0, 0);

	return err ? err : last.r8;
}

static void mng_rd_answers_what_kvm_reads(void)
{
	built_td();
	expect(mng_rd(0x111000030000000AULL), tdcs_of(&td)->tsc_offset);
	expect(mng_rd(0x111000030000000BULL), 1ULL << 47);
	expect(mng_rd(0x1110000300000000ULL), 1ULL << 28);
	expect(mng_rd(0x1110000300000001ULL), 0x2e7);
	expect(mng_rd(0x9010000200000004ULL), SW_OP_RUNNABLE);
	expect(mng_rd(0x8110000100000001ULL), td.hkid);
	expect(mng_rd(0x8010000300000010ULL + 3), td.tdcs[3]);
	expect(mng_rd(0x1310000300000010ULL + 5), 0x1111111111111111ULL);
	expect(mng_rd(0x9C10000200000000ULL), 0);
	/* CPUID(1): not applicable sub-leaf, EAX and EBX, then ECX and EDX. */
	expect((u32)mng_rd(0x9410000300000000ULL | 1 << 9 | 1 << 8), 0x806f8);
	expect(mng_rd(0x9410000300000000ULL | 1 << 9 | 1 << 8 | 1) >> 31 & 1, 1);
	/* The way Linux names it. */
	expect((u32)mng_rd(0x9410000300000000ULL | 1 << 9 | 0x1fe), 0x806f8);
	/* CPUID(0xd, 0) and CPUID(0x80000008) */
	expect((u32)mng_rd(0x9410000300000000ULL | 0xd << 9), 0x2e7);
	expect((u8)mng_rd(0x9410000300000000ULL | 1 << 16 | 8 << 9 | 1 << 8), 46);
	expect(mng_rd(0x9410000300000000ULL | 0x7f << 9),
	       SW_METADATA_FIELD_ID_INCORRECT);
}

static void hosts_do_not_read_what_is_the_guests(void)
{
	u64 val, next;
	struct sw_td t;

	built_td();
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	/* RTMR, NOTIFY_ENABLES and TD_CTLS; then the other way round. */
	expect(mng_rd(0x1310000300000040ULL), SW_METADATA_FIELD_NOT_READABLE);
	expect(mng_rd(0x9110000300000010ULL), SW_METADATA_FIELD_NOT_READABLE);
	expect(mng_rd(0x9110000300000017ULL), SW_METADATA_FIELD_NOT_READABLE);
	expect(sw_md_td_rd(&t, 0x9110000300000017ULL, SW_GUEST, &val, &next), 0);
	expect(val, 1);
	expect(sw_md_td_rd(&t, 0x9110000300000016ULL, SW_GUEST, &val, &next), 0);
	expect(val, SW_FLAG_NO_RBP_MOD);
	expect(sw_md_td_rd(&t, 0x9210000300000000ULL, SW_GUEST, &val, &next),
	       SW_METADATA_FIELD_NOT_READABLE);
	expect(sw_md_td_rd(&t, 0x8110000100000001ULL, SW_GUEST, &val, &next),
	       SW_METADATA_FIELD_NOT_READABLE);
}

static void writes_respect_masks_and_values(void)
{
	u64 timeout = 0x9110000300000011ULL, ctls = 0x9110000300000017ULL, old;
	struct sw_td t;

	built_td();
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	expect(call(SW_LEAF_MNG_WR, td.tdr, timeout, 20000, ~0ULL), 0);
	expect(last.r8, 1000000);
	expect(mng_rd(timeout), 20000);
	expect(call(SW_LEAF_MNG_WR, td.tdr, timeout, 9999, ~0ULL),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(call(SW_LEAF_MNG_WR, td.tdr, 0x1110000300000000ULL, 0, ~0ULL),
	       SW_METADATA_FIELD_NOT_WRITABLE);
	/* A TD's mask is cut to what it may write. */
	expect(sw_md_td_wr(&t, 0x9110000300000010ULL, SW_GUEST, 1, ~0ULL, &old), 0);
	expect(tdcs_of(&td)->notify_enables, 1);
	expect(sw_md_td_wr(&t, 0x9110000300000010ULL, SW_GUEST, 3, 3, &old),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(tdcs_of(&td)->notify_enables, 1);
	/* Pending #VE only with FLEXIBLE_PENDING_VE. */
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 0, 1, &old),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	/* No topology without ids; and REDUCE_VE wants one. */
	tdcs_of(&td)->topology_enum_configured = 0;
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 2, 2, &old),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 8, 8, &old),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 4, 4, &old), 0);
	expect(tdcs_of(&td)->td_ctls, 5);
}

/* D2 */
static void reduce_ve_asks_for_all_that_helps(void)
{
	u64 ctls = 0x9110000300000017ULL, old;
	struct sw_td t;

	built_td();
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	tdcs_of(&td)->topology_enum_configured = 1;
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 8, 8, &old), 0);
	expect(old, 1);
	expect(tdcs_of(&td)->td_ctls, 0xf);
}

static void what_is_locked_can_be_written_as_it_is(void)
{
	u64 ctls = 0x9110000300000017ULL, paravirt = 0x9110000300000022ULL, old;
	u64 lock = 1ULL << 63;
	struct sw_td t;

	built_td();
	t = (struct sw_td){ .tdr = tdr_of(&td), .tdcs = tdcs_of(&td) };
	tdcs_of(&td)->topology_enum_configured = 1;
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 8, 8, &old), 0);
	expect(sw_md_td_wr(&t, paravirt, SW_GUEST, 6, ~0ULL, &old), 0);
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, lock, lock, &old), 0);
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 0, 8, &old),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(sw_md_td_wr(&t, ctls, SW_GUEST, 8, 8, &old), 0);
	expect(tdcs_of(&td)->td_ctls, lock | 0xf);
	expect(sw_md_td_wr(&t, paravirt, SW_GUEST, 2, ~0ULL, &old),
	       SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(sw_md_td_wr(&t, paravirt, SW_GUEST, 6, ~0ULL, &old), 0);
	expect(sw_md_vp_wr(&t, tdvps_of(&v), 0xA120000000000000ULL, SW_GUEST, 3, 3,
			   &old), SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(sw_md_vp_wr(&t, tdvps_of(&v), 0xA020000000000007ULL, SW_GUEST, 1,
			   0xff, &old), SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(sw_md_vp_wr(&t, tdvps_of(&v), 0xA020000000000007ULL, SW_GUEST, 0,
			   0xff, &old), 0);
}

static u64 vp_wr(u64 id, u64 val, u64 mask)
{
	return call(SW_LEAF_VP_WR, v.pages[0], id, val, mask);
}

static u64 vp_rd(u64 id)
{
	u64 err = call(SW_LEAF_VP_RD, v.pages[0], id, 0, 0);

	return err ? err : last.r8;
}

/* Mainline's KVM writes whole fields; bits that are not its own stay. */
static void a_mask_is_cut_to_what_is_writable(void)
{
	const u64 pid = 0x0024000300002016ULL, eptp = 0x002400030000203CULL;

	built_td();
	expect(vp_wr(pid, 0x1234540, ~0ULL), 0);
	expect(vp_rd(pid), 0x1234540);
	expect(vp_wr(pid, 0x1234541, ~0ULL), SW_METADATA_FIELD_VALUE_NOT_VALID);
	expect(vp_wr(pid, 0x1234581, ~1ULL), 0);
	expect(vp_rd(pid), 0x1234580);
	expect(vp_wr(pid, 0, 0x3f), SW_METADATA_FIELD_NOT_WRITABLE);
	expect(vp_wr(pid, 0, 0), SW_METADATA_FIELD_NOT_WRITABLE);
	expect(vp_rd(pid), 0x1234580);
	expect(vp_wr(eptp, 0x7000, ~0ULL), 0);
	expect(vp_rd(eptp), 0x7000);
}

static void vp_fields_that_kvm_writes(void)
{
	built_td();
	/* Posted interrupts: vector, descriptor, enable; shared EPTP. */
	expect(vp_wr(0x0024000100000002ULL, 0xf2, ~0ULL), 0);
	expect(vp_rd(0x0024000100000002ULL), 0xf2);
	expect(vp_wr(0x0024000300002016ULL, 0x1234540, ~0x3FULL), 0);
	expect(vp_wr(0x002400030000203CULL, 0x7000, 0xFFFFFFFFFF000ULL), 0);
	expect(vp_rd(0x2000000000203CULL & 0xffffff), 0x7000);
	expect(vp_wr(0x0024000200004000ULL, 0x80, 0x80), 0);
	expect(vp_wr(0x0024000200004000ULL, 1, 1), SW_METADATA_FIELD_NOT_WRITABLE);
	expect(vp_wr(0x0024000300002010ULL, 1, ~0ULL),
	       SW_METADATA_FIELD_NOT_WRITABLE);
	/* PEND_NMI is a flag, of a whole byte. */
	expect(vp_wr(0x202000000000000BULL, 1, ~0ULL), 0);
	expect(tdvps_of(&v)->pend_nmi, 1);
	expect(vp_wr(0x202000000000000BULL, 0x5a, 0xff), 0);
	expect(vp_rd(0x9120000300000100ULL), 0);
	expect(vp_rd(0xA020000200000002ULL), 0);
}

static void registers_are_for_debug_tds_only(void)
{
	u64 rbx = 0x1020000300000003ULL, rip = 0x0024000300000000ULL | 0x681E;

	built_td();
	expect(vp_rd(rbx), SW_METADATA_FIELD_NOT_READABLE);
	expect(vp_wr(rbx, 5, ~0ULL), SW_METADATA_FIELD_NOT_WRITABLE);
	expect(vp_rd(rip), SW_METADATA_FIELD_NOT_READABLE);
	expect(vp_rd(0x0120000300000000ULL), SW_METADATA_FIELD_NOT_READABLE);
	tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
	expect(vp_rd(rbx), 48);
	expect(vp_wr(rbx, 5, ~0ULL), 0);
	expect(tdvps_of(&v)->gpr.rbx, 5);
	expect(vp_wr(rip, 0x1000, ~0ULL), 0);
	expect(vp_rd(rip), 0x1000);
	expect(vp_rd(0x0120000300000000ULL), 0);
	/* Not a field of any TD. */
	expect(vp_rd(0x0024000300006C00ULL), SW_METADATA_FIELD_ID_INCORRECT);
}

/* Version 1 returns the next identifier; follow them as far as they go. */
static u64 enumerate(u64 leaf, u64 page, u64 *readable)
{
	u64 id, n = 0, err;

	expect(call(leaf | 1 << 16, page, ~0ULL, 0, 0),
	       SW_METADATA_FIRST_FIELD_ID_IN_CONTEXT);
	*readable = 0;
	for (id = last.rdx; id != ~0ULL && n < 4000; n++) {
		err = call(leaf | 1 << 16, page, id, 0, 0);
		*readable += !err;
		if (err && err != SW_METADATA_FIELD_NOT_READABLE)
			expect(err, 0);
		if (err)
			break;
		id = last.rdx;
	}
	return n;
}

static void td_and_vp_fields_can_be_enumerated(void)
{
	u64 readable;

	built_td();
	/* Ends at the first field that is not the host's to read. */
	check(enumerate(SW_LEAF_MNG_RD, td.tdr, &readable) > 20);
	check(readable > 20);
	tdcs_of(&td)->attributes |= SW_ATTR_DEBUG;
	check(enumerate(SW_LEAF_VP_RD, v.pages[0], &readable) > 700);
	check(readable > 700);
	expect(mng_rd(0x911000000000001AULL), 1);
	expect(mng_rd(0x9910000100000006ULL), 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(sys_rd_answers_what_linux_reads),
		TEST(short_identifiers_work_and_reserved_bits_do_not),
		TEST(sys_rd_enumerates_every_field),
		TEST(mng_rd_answers_what_kvm_reads),
		TEST(hosts_do_not_read_what_is_the_guests),
		TEST(writes_respect_masks_and_values),
		TEST(reduce_ve_asks_for_all_that_helps),
		TEST(what_is_locked_can_be_written_as_it_is),
	TEST(a_mask_is_cut_to_what_is_writable),
	TEST(vp_fields_that_kvm_writes),
		TEST(td_and_vp_fields_can_be_enumerated),
		TEST(registers_are_for_debug_tds_only),
	};

	return ktap_run(tests);
}
