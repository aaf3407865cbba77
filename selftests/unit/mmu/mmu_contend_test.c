// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everybody at once: vCPUs that fault, vCPUs inside the TD that hold S-EPT
 * entries for a moment, and zaps.  The module's try-locks are real.  In the
 * end mirror and module agree on every page, and no call failed for good.
 */
#define FIXTURE_OWN_KICK
#include "mmu_fixture.h"

#define NR_FAULTERS	3
#define NR_RUNNERS	2
#define NR_GFNS		64
#define NR_ZAPS		400
/* Pages that faults bring back before the next zap. */
#define FAULTS_A_ZAP	16

static bool done;

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* --- vCPUs inside the TD --- */

static struct {
	bool in_guest_mode, kicked;
} runners[NR_RUNNERS];

/* The guest accepts pages: it holds their entries for a moment. */
static void guest_code(unsigned int i, unsigned int *seed)
{
	unsigned int n;

	for (n = 0; n < 1000 && !READ_ONCE(runners[i].kicked); n++) {
		u64 gpa = (u64)(next_random(seed) % NR_GFNS) << PAGE_SHIFT;

		if (!machine_entry_trylock(gpa))
			continue;
		sched_yield();
		machine_entry_unlock();
	}
}

/* As KVM has it: mode, barrier, look at the flag; leave when kicked. */
static void run_once(unsigned int i, unsigned int *seed)
{
	__atomic_store_n(&runners[i].in_guest_mode, true, __ATOMIC_SEQ_CST);
	if (!READ_ONCE(tdx->quiesce) && machine_epoch_enter(i)) {
		guest_code(i, seed);
		machine_epoch_exit(i);
	}
	__atomic_store_n(&runners[i].kicked, false, __ATOMIC_SEQ_CST);
	__atomic_store_n(&runners[i].in_guest_mode, false, __ATOMIC_SEQ_CST);
}

static void *runner(void *arg)
{
	unsigned int i = (unsigned long)arg, seed = i + 50;

	while (!READ_ONCE(done)) {
		run_once(i, &seed);
		sched_yield();
	}
	return NULL;
}

bool kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req)
{
	unsigned int i;

	/* What the zap has set comes before the look at the modes. */
	smp_mb();
	for (i = 0; i < NR_RUNNERS; i++) {
		if (!__atomic_load_n(&runners[i].in_guest_mode, __ATOMIC_SEQ_CST))
			continue;
		__atomic_store_n(&runners[i].kicked, true, __ATOMIC_SEQ_CST);
		/* The flag falls when it has been obeyed. */
		while (READ_ONCE(runners[i].kicked) &&
		       READ_ONCE(runners[i].in_guest_mode))
			fake_relax();
	}
	return true;
}

/* --- faults and zaps --- */

static void *faulter(void *arg)
{
	unsigned int i = (unsigned long)arg, seed = i + 1;

	/* CPU 0 is the zapper's. */
	this_cpu = i + 1;
	while (!READ_ONCE(done) && !READ_ONCE(tdx->vmx.kvm.vm_dead)) {
		gfn_t gfn = next_random(&seed) % NR_GFNS;
		int ret = tdx_fault(vcpu(i), gfn << PAGE_SHIFT, 0, 0);

		check(ret == 1 || (ret == -EFAULT && gfn % 7 == 0));
	}
	return NULL;
}

static void invalidate(gfn_t start, gfn_t end, bool shared)
{
	struct kvm *kvm = &tdx->vmx.kvm;
	gfn_t gfn;

	write_lock(&kvm->mmu_lock);
	WRITE_ONCE(kvm->mmu_invalidate_range_start, start);
	WRITE_ONCE(kvm->mmu_invalidate_range_end, end);
	WRITE_ONCE(kvm->mmu_invalidate_in_progress, 1);
	sept_zap_range(tdx, start, end);
	write_unlock(&kvm->mmu_lock);

	for (gfn = start; gfn < end; gfn++) {
		expect(machine_entry_state(gfn << PAGE_SHIFT, 0), 0);
		if (gfn % 7 == 0)
			WRITE_ONCE(is_shared[gfn], shared);
	}

	write_lock(&kvm->mmu_lock);
	WRITE_ONCE(kvm->mmu_invalidate_seq, kvm->mmu_invalidate_seq + 1);
	WRITE_ONCE(kvm->mmu_invalidate_in_progress, 0);
	write_unlock(&kvm->mmu_lock);
}

static void zaps(void)
{
	unsigned int seed = 99, i;

	for (i = 0; i < NR_ZAPS; i++) {
		s64 augs = stat(SEPT_STAT_AUGS);

		while (stat(SEPT_STAT_AUGS) < augs + FAULTS_A_ZAP &&
		       stat(SEPT_STAT_PAGES_4K) < NR_GFNS / 2 &&
		       !tdx->vmx.kvm.vm_dead)
			sched_yield();
		gfn_t start = next_random(&seed) % NR_GFNS;
		gfn_t end = start + 1 + next_random(&seed) % (NR_GFNS - start);

		invalidate(start, end, i % 3 == 0);
		if (i % 5)
			continue;
		invalidate(0, NR_GFNS, false);
		write_lock(&tdx->vmx.kvm.mmu_lock);
		sept_prune(tdx, 0);
		write_unlock(&tdx->vmx.kvm.mmu_lock);
	}
}

/* --- the end --- */

static void expect_agreement(void)
{
	gfn_t gfn;

	for (gfn = 0; gfn < NR_GFNS; gfn++) {
		int want = mapped(gfn) == 0 ? 2 : 0;

		expect(machine_entry_state(gfn << PAGE_SHIFT, 0), want);
		/* Only guest_memfd has a reference. */
		check(!gmem[gfn] || gmem[gfn]->refs == 1);
		check(!is_shared[gfn] || mapped(gfn) == -1);
	}
}

static void faults_zaps_and_vcpus_meet(void)
{
	pthread_t t[NR_FAULTERS + NR_RUNNERS];
	unsigned long i, n = 0;

	td_up(TD_S_RUNNABLE);
	/* The tables, so that entries can be locked from the start. */
	check(fault(0) == 1);

	done = false;
	for (i = 0; i < NR_FAULTERS; i++)
		pthread_create(&t[n++], NULL, faulter, (void *)i);
	for (i = 0; i < NR_RUNNERS; i++)
		pthread_create(&t[n++], NULL, runner, (void *)i);
	zaps();
	WRITE_ONCE(done, true);
	while (n)
		pthread_join(t[--n], NULL);

	check(!tdx->vmx.kvm.vm_dead && !fake_errors && !fake_warnings);
	expect_agreement();
	/* The test is about contention: there has to be some. */
	check(stat(SEPT_STAT_BUSY) > 0 && stat(SEPT_STAT_RETRIES) > 0);
	check(stat(SEPT_STAT_QUIESCES) > 0 && stat(SEPT_STAT_UNLINKS) > 0);
	printf("# busy %lld retries %lld quiesces %lld batches %lld augs %lld\n",
	       stat(SEPT_STAT_BUSY), stat(SEPT_STAT_RETRIES),
	       stat(SEPT_STAT_QUIESCES), stat(SEPT_STAT_ZAP_BATCHES),
	       stat(SEPT_STAT_AUGS));
	td_down(0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(faults_zaps_and_vcpus_meet),
	};

	return ktap_run(tests);
}
