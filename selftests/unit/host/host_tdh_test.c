// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SEAMCALL wrappers, with seamcall.S replaced: is each operand in the
 * register where the specification wants it, is every donated page flushed
 * first, and does each output come back?  The leaf numbers are typed here
 * again, on purpose.
 */
#include <string.h>

#include "fake.h"
#include "../../../arch/x86/virt/vmx/tdx/retry.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_mem.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_mng.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_phymem.c"
#include "../../../arch/x86/virt/vmx/tdx/tdh_vp.c"
#include "host_check.h"

#define NR_PAGES	1024
#define GLOBAL_KEYID	32

struct page fake_pages[NR_PAGES];
struct fake_cpu boot_cpu_data = { .x86_phys_bits = 46 };

/* What the last SEAMCALL was given, and what it shall answer. */
static struct {
	u64 leaf;
	struct tdx_module_args in;
	unsigned int calls;
	bool saved_variant;
} seen;

static struct {
	u64 status;
	struct tdx_module_args out;
	unsigned int no_entropy;
} answer;

/* The last range flushed since the last expect(), and where another one began. */
static struct {
	u64 pa;
	u64 other_pa;
	unsigned int size;
	unsigned int calls_before;
	unsigned int times;
} flushed;

static unsigned int traced;
static u64 traced_status;

void clflush_cache_range(void *addr, unsigned int size)
{
	flushed.other_pa = flushed.pa;
	flushed.pa = (unsigned long)addr;
	flushed.size = size;
	flushed.calls_before = seen.calls;
	flushed.times++;
}

void trace_tdx_seamcall(u64 leaf, const struct tdx_module_args *in, u64 status)
{
	check(leaf == seen.leaf);
	check(!memcmp(in, &seen.in, sizeof(*in)));
	traced++;
	traced_status = status;
}

u16 tdx_global_keyid(void)
{
	return GLOBAL_KEYID;
}

/* In the kernel, what makes a CPU write back its caches before it stops. */
bool tdx_cache_dirty;

static u64 fake_call(u64 leaf, struct tdx_module_args *args, bool outputs)
{
	check(tdx_cache_dirty);
	tdx_cache_dirty = false;
	seen.leaf = leaf;
	seen.in = *args;
	seen.calls++;
	if (outputs)
		*args = answer.out;
	if (answer.no_entropy) {
		answer.no_entropy--;
		return 0x8000020300000000ULL;
	}
	return answer.status;
}

u64 __seamcall(u64 leaf, struct tdx_module_args *args)
{
	return fake_call(leaf, args, false);
}

u64 __seamcall_ret(u64 leaf, struct tdx_module_args *args)
{
	return fake_call(leaf, args, true);
}

u64 __seamcall_saved_ret(u64 leaf, struct tdx_module_args *args)
{
	seen.saved_variant = true;
	return fake_call(leaf, args, true);
}

/* Every output differs from every other, and from every input. */
static void reset(u64 status)
{
	memset(&seen, 0, sizeof(seen));
	memset(&flushed, 0, sizeof(flushed));
	memset(&answer, 0, sizeof(answer));
	traced = 0;
	answer.status = status;
	answer.out = (struct tdx_module_args) {
		.rcx = 0xc0ffee000cULL | BIT_ULL(62), .rdx = 0x8402,
		.r8 = 0xa8, .r9 = 0xa9, .r10 = 0xaa, .r11 = 0xab,
		.r12 = 0xac000, .r13 = 0xad000,
	};
}

#define STATUS	0xc000010000000001ULL

/*
 * @call must make one SEAMCALL with @leaf and these arguments, return its
 * status and be traced once.
 */
#define expect(call, number, ...) do {					\
	const struct tdx_module_args want = { __VA_ARGS__ };		\
									\
	reset(STATUS);							\
	check((call) == STATUS);					\
	check(seen.calls == 1 && traced == 1 && traced_status == STATUS); \
	check(seen.leaf == (number));					\
	check(!memcmp(&seen.in, &want, sizeof(want)));			\
} while (0)

/* ... and before it the page at @page_pa was flushed, and nothing else. */
#define expect_flush(page_pa, bytes)					\
	check(flushed.times == 1 && !flushed.calls_before &&		\
	      flushed.pa == (page_pa) && flushed.size == (bytes))

#define expect_no_flush()	check(!flushed.times)

#define PA(i)	(FAKE_BASE + (i) * 4096ULL)

static struct tdx_td td = { .tdr = &fake_pages[1], .hkid = 40 };
static struct tdx_vp vp = { .tdvpr = &fake_pages[2] };
static struct page *page = &fake_pages[512];

static void td_leaves_have_their_operands(void)
{
	u64 data = 0;

	expect(tdh_mng_create(&td), 9, .rcx = PA(1), .rdx = 40);
	expect_flush(PA(1), 4096);
	expect(tdh_mng_key_config(&td), 8, .rcx = PA(1));
	expect_no_flush();
	expect(tdh_mng_addcx(&td, page), 1, .rcx = PA(512), .rdx = PA(1));
	expect_flush(PA(512), 4096);
	expect(tdh_mng_init(&td, 0x5000, &data), 21, .rcx = PA(1),
	       .rdx = 0x5000);
	check(data == answer.out.rcx);
	expect_no_flush();
	expect(tdh_mng_rd(&td, 0x1234, &data), 11, .rcx = PA(1), .rdx = 0x1234);
	check(data == 0xa8);
	expect(tdh_mng_vpflushdone(&td), 19, .rcx = PA(1));
	expect(tdh_mng_key_freeid(&td), 20, .rcx = PA(1));
	expect(tdh_mr_finalize(&td), 17, .rcx = PA(1));
	expect_no_flush();
}

static void vcpu_leaves_have_their_operands(void)
{
	u64 data = 0;

	expect(tdh_vp_create(&td, &vp), 10, .rcx = PA(2), .rdx = PA(1));
	expect_flush(PA(2), 4096);
	expect(tdh_vp_addcx(&vp, page), 4, .rcx = PA(512), .rdx = PA(2));
	expect_flush(PA(512), 4096);
	/* Version 1, which takes the x2APIC id. */
	expect(tdh_vp_init(&vp, 77, 5), 0x10016, .rcx = PA(2), .rdx = 77,
	       .r8 = 5);
	expect(tdh_vp_rd(&vp, 0x99, &data), 26, .rcx = PA(2), .rdx = 0x99);
	check(data == 0xa8);
	expect(tdh_vp_wr(&vp, 0x99, 6, 7), 43, .rcx = PA(2), .rdx = 0x99,
	       .r8 = 6, .r9 = 7);
	expect(tdh_vp_flush(&vp), 18, .rcx = PA(2));
	expect_no_flush();
}

/* The gpa's page and the level in RCX; flag bits below the page do not leak. */
static void memory_leaves_have_their_operands(void)
{
	struct sept_pos small = { .gpa = 0x7ffff123456fffULL, .level = 0 };
	struct sept_pos large = { .gpa = 0x200000, .level = 1 };
	struct page *two[2] = { &fake_pages[7], &fake_pages[9] };
	struct page *none[2] = {};
	struct sept_info info;
	u64 hpa;

	expect(tdh_mem_sept_add(&td, large, page, &info), 3,
	       .rcx = 0x200001, .rdx = PA(1), .r8 = PA(512));
	expect_flush(PA(512), 4096);
	expect(tdh_mem_sept_rd(&td, small, &info), 25,
	       .rcx = 0x7ffff123456000ULL & ~(0x7ULL << 52), .rdx = PA(1));
	expect_no_flush();
	expect(tdh_mem_sept_remove(&td, large, &hpa, &info), 30,
	       .rcx = 0x200001, .rdx = PA(1));
	check(hpa == 0xc0ffee0000ULL);
	expect(tdh_mem_page_add(&td, 0x3000, page, &fake_pages[3], &info), 2,
	       .rcx = 0x3000, .rdx = PA(1), .r8 = PA(512), .r9 = PA(3));
	expect_flush(PA(512), 4096);
	expect(tdh_mem_page_aug(&td, large, page, &info), 6,
	       .rcx = 0x200001, .rdx = PA(1), .r8 = PA(512));
	expect_flush(PA(512), 2u << 20);
	expect(tdh_mem_page_demote(&td, large, page, none, &info), 15,
	       .rcx = 0x200001, .rdx = PA(1), .r8 = PA(512));
	expect_flush(PA(512), 4096);
	expect(tdh_mem_page_demote(&td, large, page, two, &info), 15,
	       .rcx = 0x200001, .rdx = PA(1), .r8 = PA(512), .r12 = PA(7),
	       .r13 = PA(9));
	check(flushed.times == 3 && seen.saved_variant);
	expect(tdh_mem_page_remove(&td, large, &hpa, &info), 29,
	       .rcx = 0x200001, .rdx = PA(1));
	check(hpa == 0xc0ffee0000ULL);
	expect(tdh_mem_range_block(&td, large, &info), 7,
	       .rcx = 0x200001, .rdx = PA(1));
	expect(tdh_mem_range_unblock(&td, large, &info), 39,
	       .rcx = 0x200001, .rdx = PA(1));
	expect(tdh_mem_rd(&td, 0x3ff8, &hpa, &info), 12,
	       .rcx = 0x3ff8, .rdx = PA(1));
	check(hpa == 0xa8);
	expect(tdh_mem_wr(&td, 0x3ff8, 77, &info), 14,
	       .rcx = 0x3ff8, .rdx = PA(1), .r8 = 77);
	expect(tdh_mem_track(&td), 38, .rcx = PA(1));
	/* The gpa as it is: a chunk of a page is measured. */
	expect(tdh_mr_extend(&td, 0x3100, &info), 16, .rcx = 0x3100,
	       .rdx = PA(1));
	expect_no_flush();
	expect(tdh_mem_page_relocate(&td, 0x3000, page, &hpa, &info), 5,
	       .rcx = 0x3000, .rdx = PA(1), .r8 = PA(512));
	check(hpa == 0xc0ffee0000ULL);
	expect_flush(PA(512), 4096);
	/* A debug TD's memory, eight bytes at a time. */
	expect(tdh_mem_rd(&td, 0x3128, &hpa, &info), 12, .rcx = 0x3128,
	       .rdx = PA(1));
	check(hpa == 0xa8);
	expect(tdh_mem_wr(&td, 0x3128, 77, &info), 14, .rcx = 0x3128,
	       .rdx = PA(1), .r8 = 77);
	expect_no_flush();
}

/* What R12 and R13 say as well; only VP.ENTER's way in brings them back. */
static void promoting_returns_table_and_pair(void)
{
	struct sept_pos large = { .gpa = 0x200000, .level = 1 };
	struct sept_info info;
	u64 hpa, pair[2];

	expect(tdh_mem_page_promote(&td, large, &hpa, pair, &info), 23,
	       .rcx = 0x200001, .rdx = PA(1));
	check(seen.saved_variant);
	check(hpa == 0xc0ffee0000ULL);
	check(pair[0] == 0xac000 && pair[1] == 0xad000);
	expect_no_flush();
}

static void a_walk_is_reported(void)
{
	u64 pair[2];
	struct sept_pos pos = { .gpa = 0x200000, .level = 1 };
	struct sept_info info = {};
	struct page *none[2] = {};
	u64 hpa;

#define reports(call) do {						\
	memset(&info, 0, sizeof(info));					\
	reset(STATUS);							\
	check((call) == STATUS);					\
	check(info.entry == answer.out.rcx);				\
	check(info.level == 2 && info.state == 0x84);			\
} while (0)

	reports(tdh_mem_sept_add(&td, pos, page, &info));
	reports(tdh_mem_sept_rd(&td, pos, &info));
	reports(tdh_mem_sept_remove(&td, pos, &hpa, &info));
	reports(tdh_mem_page_add(&td, 0, page, page, &info));
	reports(tdh_mem_page_aug(&td, pos, page, &info));
	reports(tdh_mem_page_demote(&td, pos, page, none, &info));
	reports(tdh_mem_page_promote(&td, pos, &hpa, pair, &info));
	reports(tdh_mem_page_relocate(&td, 0, page, &hpa, &info));
	reports(tdh_mem_page_remove(&td, pos, &hpa, &info));
	reports(tdh_mem_range_block(&td, pos, &info));
	reports(tdh_mem_range_unblock(&td, pos, &info));
	reports(tdh_mr_extend(&td, 0, &info));
	reports(tdh_mem_rd(&td, 0, &hpa, &info));
	reports(tdh_mem_wr(&td, 0, 0, &info));
}

static void physical_leaves_have_their_operands(void)
{
	u64 pt, owner, size;

	expect(tdh_phymem_page_reclaim(page, &pt, &owner, &size), 28,
	       .rcx = PA(512));
	check(pt == answer.out.rcx && owner == 0x8402 && size == 0xa8);
	/* The KeyID goes right above the address bits that Linux uses. */
	expect(tdh_phymem_page_wbinvd(page, 40), 41,
	       .rcx = PA(512) | 40ULL << 46);
	expect(tdh_phymem_cache_wb(false), 40, .rcx = 0);
	expect(tdh_phymem_cache_wb(true), 40, .rcx = 1);
	expect_no_flush();
}

/* Two pages are donated, and both are flushed. */
static void pamt_leaves_have_their_operands(void)
{
	struct page *two[2] = { &fake_pages[7], &fake_pages[9] };
	u64 pair[2];

	expect(tdh_phymem_pamt_add(page, two), 58, .rcx = PA(512) | 1,
	       .rdx = PA(7), .r8 = PA(9));
	check(flushed.times == 2 && !flushed.calls_before);
	check(flushed.other_pa == PA(7) && flushed.pa == PA(9));
	expect(tdh_phymem_pamt_remove(page, pair), 59, .rcx = PA(512) | 1);
	check(pair[0] == 0x8402 && pair[1] == 0xa8);
	expect_no_flush();
}

static void entering_passes_every_register(void)
{
	struct tdx_module_args args = {
		.rcx = 1, .rdx = 2, .r8 = 8, .r9 = 9, .r10 = 10, .r11 = 11,
		.r12 = 12, .r13 = 13, .r14 = 14, .r15 = 15,
		.rbx = 3, .rdi = 7, .rsi = 6,
	};
	struct tdx_module_args want = args;

	want.rcx = PA(2);
	reset(48);
	check(tdh_vp_enter(&vp, &args) == 48);
	check(seen.saved_variant && seen.leaf == 0 && seen.calls == 1);
	check(!memcmp(&seen.in, &want, sizeof(want)));
	check(!memcmp(&args, &answer.out, sizeof(args)));
	/* Neither traced nor repeated, whatever the status. */
	reset(0x8000020300000000ULL);
	tdh_vp_enter(&vp, &args);
	check(!traced && seen.calls == 1);
}

/* Ten tries, each with the inputs of the first. */
static void lack_of_entropy_is_retried(void)
{
	u64 data;

	reset(0);
	answer.no_entropy = 9;
	check(tdh_mng_rd(&td, 0x1234, &data) == 0);
	check(seen.calls == 10 && traced == 1);
	check(seen.in.rcx == PA(1) && seen.in.rdx == 0x1234 && !seen.in.r8);

	reset(0);
	answer.no_entropy = 100;
	check(tdh_mng_create(&td) == 0x8000020300000000ULL);
	check(seen.calls == 10);

	reset(0x8000020000000001ULL);
	tdh_mng_create(&td);
	check(seen.calls == 1);
}

int main(void)
{
	run(td_leaves_have_their_operands);
	run(vcpu_leaves_have_their_operands);
	run(memory_leaves_have_their_operands);
	run(promoting_returns_table_and_pair);
	run(a_walk_is_reported);
	run(physical_leaves_have_their_operands);
	run(pamt_leaves_have_their_operands);
	run(entering_passes_every_register);
	run(lack_of_entropy_is_retried);
	return checks_failed != 0;
}
