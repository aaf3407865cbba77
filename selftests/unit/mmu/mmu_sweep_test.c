// SPDX-License-Identifier: GPL-2.0-only
/*
 * One life of a TD, over and over: the first, second, third ... thing that can
 * fail does, until a life passes untouched.  Whatever fails, the TD can be
 * torn down, nothing complains, and every page is either back or counted as
 * leaked.
 */
#include "mmu_fixture.h"

#define BUSY		0x8000020000000001ULL
#define BROKEN		0xc0000b0d00000001ULL
#define IMAGE_PAGES	3
#define MAX_ROUNDS	100000
#define BUSY_LIVES	20

static char source[IMAGE_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));

static int add_image(void)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (unsigned long)source,
		.gpa = 2000 << PAGE_SHIFT,
		.nr_pages = IMAGE_PAGES,
	};
	struct kvm_tdx_cmd cmd = {
		.flags = KVM_TDX_MEASURE_MEMORY_REGION,
		.data = (unsigned long)&region,
	};
	int ret;

	do {
		ret = tdx_init_mem_region(vcpu(0), &cmd);
		/* The struct always says what is left. */
		check(region.gpa - (2000 << PAGE_SHIFT) ==
		      (IMAGE_PAGES - region.nr_pages) << PAGE_SHIFT);
	} while (ret == -EAGAIN);
	return ret;
}

/* One 2 MiB mapping that an ACCEPT splits, and one of which an end goes. */
static bool one_large_page(void)
{
	struct kvm_pre_fault_memory range = {
		.gpa = 4096 << PAGE_SHIFT, .size = 512 * PAGE_SIZE,
	};
	bool ok;

	gmem_gives_2m = true;
	ok = fault(512) == 1;
	ok &= tdx_pre_fault(vcpu(1), &range) == 512 * PAGE_SIZE;
	/* The guest accepts a part of it. */
	ok &= tdx_fault(vcpu(1), 4100 << PAGE_SHIFT, 0, 1) == 1;
	ok &= mapped(4100) == 0;
	gmem_gives_2m = false;
	machine_vcpu_enter();
	zap(500, 522);
	return ok && mapped(521) == -1 && mapped(522) == 0;
}

/* Small pages, gone, and a large one in the place of their table. */
static bool large_after_small(void)
{
	bool ok = fault(1024) == 1 && fault(1535) == 1;

	punch(1024, 1536);
	gmem_gives_2m = true;
	machine_vcpu_enter();
	ok &= fault(1030) == 1 && mapped(1024) == 1;
	gmem_gives_2m = false;
	return ok;
}

/* Returns true if everything worked. */
static bool one_life(bool large)
{
	struct kvm_pre_fault_memory range = {
		.gpa = 3000 << PAGE_SHIFT, .size = 4 * PAGE_SIZE,
	};
	bool ok;
	gfn_t gfn;

	ok = !add_image();
	zap(2001, 2002);
	machine_td_finalize();
	set_state(TD_S_RUNNABLE);

	for (gfn = 0; gfn < 4; gfn++)
		ok &= fault(gfn) == 1;
	ok &= tdx_pre_fault(vcpu(1), &range) == PAGE_SIZE;
	if (large) {
		ok &= one_large_page();
		ok &= large_after_small();
	}
	machine_vcpu_enter();
	zap(1, 3);
	ok &= mapped(1) == -1;
	ok &= fault(1) == 1;
	punch(3, 4);
	return ok;
}

static void lives_with(u64 status, bool survives)
{
	unsigned int n;

	for (n = 0; n < MAX_ROUNDS; n++) {
		bool ok, hit;

		td_up(TD_S_INITIALIZED);
		machine_fail(-1, status, n, 1);
		ok = one_life(true);
		hit = machine_failed;
		/* A cache flush that fails after REMOVE leaks its page. */
		if (survives)
			check(ok && !tdx->vmx.kvm.vm_dead);
		else if (hit)
			check(tdx->vmx.kvm.vm_dead ||
			      stat(SEPT_STAT_LEAKED) == 1);
		td_down(stat(SEPT_STAT_LEAKED));
		if (survives)
			check(stat(SEPT_STAT_LEAKED) == 0);
		if (!hit)
			break;
	}
	check(n > 40 && n < MAX_ROUNDS);
}

static void every_call_may_be_busy_once(void)
{
	lives_with(BUSY, true);
}

static void every_call_may_fail_for_good(void)
{
	lives_with(BROKEN, false);
}

/*
 * Every so manieth call of every leaf is busy.  The life ends as it would have
 * without, teardown included, and no vCPU stays locked out.
 */
static void busy_calls_change_no_outcome(void)
{
	static const unsigned int percent[] = { 1, 10, 50, 90 };
	unsigned int i, seed;

	for (i = 0; i < ARRAY_SIZE(percent); i++) {
		s64 lost = 0;

		for (seed = 0; seed < BUSY_LIVES; seed++) {
			td_up(TD_S_INITIALIZED);
			machine_busy(percent[i], seed);
			check(one_life(true));
			check(!tdx->vmx.kvm.vm_dead && !tdx->quiesce);
			lost += stat(SEPT_STAT_BUSY);
			td_down(0);
		}
		check(lost > 0);
	}
}

/* The n-th page of the teardown does not come back. */
static void every_reclaim_may_fail(void)
{
	unsigned int n, hit;

	for (n = 0; n < MAX_ROUNDS; n++) {
		s64 leaked;

		td_up(TD_S_INITIALIZED);
		check(one_life(false));
		td_tear_down(n);
		hit = machine_failed;
		leaked = stat(SEPT_STAT_LEAKED);
		/* The TDR stays as long as it has a page. */
		check(!hit || leaked == 1 || leaked == 2);
		check(hit || !leaked);
		if (!hit)
			break;
	}
	check(n > 20 && n < MAX_ROUNDS);
}

static void every_allocation_may_fail(void)
{
	unsigned long n;

	for (n = 1; n < MAX_ROUNDS; n++) {
		bool ok, hit;

		td_up(TD_S_INITIALIZED);
		fail_alloc = n;
		ok = one_life(true);
		hit = !fail_alloc;
		fail_alloc = 0;
		check(ok || hit);
		/* Out of memory is nobody's death. */
		check(!tdx->vmx.kvm.vm_dead && !fake_errors);
		td_down(0);
		if (!hit)
			break;
	}
	check(n > 20 && n < MAX_ROUNDS);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(every_call_may_be_busy_once),
		TEST(every_call_may_fail_for_good),
		TEST(busy_calls_change_no_outcome),
		TEST(every_reclaim_may_fail),
		TEST(every_allocation_may_fail),
	};

	fake_quiet = true;
	return ktap_run(tests);
}
