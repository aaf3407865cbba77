// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs that accept and use pages while the host zaps and converts others in
 * the same tables, and VMMs that are killed in the middle of it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"
#include "td_lib.h"

#define DATA_SLOT	2
#define DATA_GPA	0x10000000UL
#define DATA_GVA	0x10000000UL
#define PAGE		0x1000UL

/* Each vCPU's pages; the host zaps only those that all vCPUs accept. */
#define KEPT_PAGES	16
#define ZAPPED_PAGES	16
#define MAX_VCPUS	2
#define DATA_PAGES	(MAX_VCPUS * KEPT_PAGES + ZAPPED_PAGES)

#define GUEST_ROUNDS	40
#define KILLS		5

static u64 kept_page(u64 vcpu, u64 i)
{
	return (vcpu * KEPT_PAGES + i) * PAGE;
}

static u64 zapped_page(u64 i)
{
	return (MAX_VCPUS * KEPT_PAGES + i) * PAGE;
}

static u64 *data(u64 offset)
{
	return (u64 *)(DATA_GVA + offset);
}

/*
 * A page that the host may zap must not be touched: it could be pending again
 * by then.  That accepting it ends in either of two ways is all there is.
 */
static void accept_zapped_pages(void)
{
	u64 i, status;

	for (i = 0; i < ZAPPED_PAGES; i++) {
		do {
			status = tdg_accept(DATA_GPA + zapped_page(i)) &
				 TDG_STATUS_MASK;
		} while (status == TDG_OPERAND_BUSY);
		TD_GUEST_ASSERT(!status || status == TDG_ALREADY_ACCEPTED);
	}
}

static void race_guest(u64 vcpu)
{
	u64 i, round;

	for (i = 0; i < KEPT_PAGES; i++)
		TD_GUEST_ASSERT(!tdg_accept(DATA_GPA + kept_page(vcpu, i)));

	for (round = 1; round <= GUEST_ROUNDS; round++) {
		for (i = 0; i < KEPT_PAGES; i++)
			WRITE_ONCE(*data(kept_page(vcpu, i)), round * i + vcpu);
		accept_zapped_pages();
		for (i = 0; i < KEPT_PAGES; i++)
			TD_GUEST_ASSERT(READ_ONCE(*data(kept_page(vcpu, i))) ==
					round * i + vcpu);
	}
	td_done();
}

static void endless_guest(u64 vcpu)
{
	for (;;)
		accept_zapped_pages();
}

static struct kvm_vm *create(struct kvm_vcpu **vcpus, int nr, void *guest_code)
{
	struct kvm_vm *vm = td_create();
	int i;

	td_add_memory(vm, DATA_GPA, DATA_SLOT, DATA_PAGES);
	virt_map(vm, DATA_GVA, DATA_GPA, DATA_PAGES);
	for (i = 0; i < nr; i++)
		vcpus[i] = td_add_vcpu_with_code(vm, i, guest_code);
	td_finalize(vm);
	return vm;
}

/* The host side of a page that is shared right now: wait for its return. */
static void *run_vcpu(void *arg)
{
	struct td_event event;

	do {
		event = td_run(arg);
	} while (event.kind == TD_EVENT_MEMORY_FAULT && event.private);

	if (event.kind == TD_EVENT_DONE)
		return NULL;
	ksft_print_msg("event %u, value %u\n", event.kind, event.val);
	return (void *)1;
}

static void zap_one(struct kvm_vm *vm, unsigned int i)
{
	u64 gpa = DATA_GPA + zapped_page(i % ZAPPED_PAGES);

	if (i % 3) {
		vm_guest_mem_punch_hole(vm, gpa, PAGE);
		return;
	}
	vm_mem_set_shared(vm, gpa, PAGE);
	vm_mem_set_private(vm, gpa, PAGE);
}

/* Zap until every vCPU is done; true if each of them says so. */
static bool zap_while_running(struct kvm_vm *vm, struct kvm_vcpu **vcpus,
			      int nr, unsigned int *zaps)
{
	pthread_t threads[MAX_VCPUS];
	void *result;
	bool ok = true;
	int i;

	for (i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, run_vcpu, vcpus[i]);
	for (i = 0; i < nr; i++) {
		while (pthread_tryjoin_np(threads[i], &result))
			zap_one(vm, (*zaps)++);
		ok &= !result;
	}
	return ok;
}

static void test_race(int nr)
{
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	unsigned int zaps = 0;
	struct kvm_vm *vm;
	bool ok;

	vm = create(vcpus, nr, race_guest);
	ok = zap_while_running(vm, vcpus, nr, &zaps);
	ksft_test_result(ok && zaps, "%d vCPU(s) use pages while the host zaps others: %u times\n",
			 nr, zaps);

	vm_guest_mem_punch_hole(vm, DATA_GPA, DATA_PAGES * PAGE);
	ksft_test_result(!td_kvm_count(vm, "pages_held") &&
			 !td_kvm_count(vm, "pages_leaked"),
			 "every page was given back\n");
	ksft_test_result(td_kvm_count(vm, "page_remove") > 0 &&
			 td_kvm_count(vm, "page_aug") > DATA_PAGES,
			 "pages were removed and came back\n");
	kvm_vm_free(vm);
}

static void be_killed(int nr)
{
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	pthread_t thread;
	struct kvm_vm *vm;
	unsigned int zaps;
	int i;

	vm = create(vcpus, nr, endless_guest);
	for (i = 0; i < nr; i++)
		pthread_create(&thread, NULL, run_vcpu, vcpus[i]);
	for (zaps = 0; ; zaps++)
		zap_one(vm, zaps);
}

/* Each time a little later, so that it is hit in different places. */
static void test_kill(int nr)
{
	int i, status, killed = 0;
	pid_t pid;

	for (i = 0; i < KILLS; i++) {
		pid = fork();
		TEST_ASSERT(pid >= 0, "fork");
		if (!pid)
			be_killed(nr);
		usleep(200000 + 37000 * i);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	ksft_test_result(killed == KILLS, "%d VMMs are killed at work\n",
			 killed);
}

int main(void)
{
	int nr = sysconf(_SC_NPROCESSORS_ONLN);

	td_require();
	ksft_print_header();
	if (nr > MAX_VCPUS)
		nr = MAX_VCPUS;
	ksft_set_plan(nr > 1 ? 7 : 5);

	/* First, so that the others show that TDs still work. */
	test_kill(nr);
	test_race(1);
	if (nr > 1)
		test_race(nr);
	else
		ksft_test_result_skip("2 vCPUs need 2 CPUs\n");
	ksft_finished();
}
