// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on private memory as user space sees them: what KVM_EXIT_MEMORY_FAULT
 * says, and what ends a fault that the module keeps busy.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"
#include "td_lib.h"
#include "td_swmod.h"

#define DATA_SLOT	2
#define DATA_GPA	0x10000000UL
#define DATA_GVA	0x10000000UL
#define SHARED_GVA	0x20000000UL
#define DATA_PAGES	512
#define PAGE		0x1000UL
/* Within the tables of the data, in no slot. */
#define NOWHERE		(DATA_GPA + DATA_PAGES * PAGE)
#define NOWHERE_GVA	(DATA_GVA + DATA_PAGES * PAGE)

#define USED		3UL
#define GPA		(DATA_GPA + USED * PAGE)
#define PRIVATE		((u8 *)(DATA_GVA + USED * PAGE))
#define SHARED		((u8 *)(SHARED_GVA + USED * PAGE))

#define RET_INSN	0xc3
#define LEVEL_2M	1

/* --- guest code --- */

static void take_page(void)
{
	TD_GUEST_ASSERT(!tdg_accept(GPA));
	WRITE_ONCE(*PRIVATE, RET_INSN);
	((void (*)(void))PRIVATE)();
	td_sync(1);
}

static void guest_reads(void)
{
	take_page();
	READ_ONCE(*PRIVATE);
}

static void guest_writes(void)
{
	take_page();
	WRITE_ONCE(*PRIVATE, 1);
}

static void guest_fetches(void)
{
	take_page();
	((void (*)(void))PRIVATE)();
}

static void guest_accepts(void)
{
	take_page();
	tdg_accept(GPA);
}

static void guest_accepts_2m(void)
{
	td_sync(1);
	tdg_accept(DATA_GPA | LEVEL_2M);
}

static void guest_reads_shared(void)
{
	take_page();
	READ_ONCE(*SHARED);
}

static void guest_writes_shared(void)
{
	take_page();
	WRITE_ONCE(*SHARED, 1);
}

static void guest_reads_nowhere(void)
{
	td_sync(1);
	READ_ONCE(*(u8 *)NOWHERE_GVA);
}

static void guest_accepts_once(void)
{
	TD_GUEST_ASSERT(!tdg_accept(GPA));
	td_done();
}

static struct kvm_vm *create(struct kvm_vcpu **vcpu, void *guest_code)
{
	struct kvm_vm *vm = td_create();

	td_add_memory(vm, DATA_GPA, DATA_SLOT, DATA_PAGES);
	virt_map(vm, DATA_GVA, DATA_GPA, DATA_PAGES);
	virt_map(vm, SHARED_GVA, DATA_GPA | TD_SHARED_BIT, DATA_PAGES);
	/* One that nobody stands behind. */
	virt_map(vm, NOWHERE_GVA, NOWHERE, 1);
	*vcpu = td_add_vcpu_with_code(vm, 0, guest_code);
	td_finalize(vm);
	return vm;
}

/* --- KVM_EXIT_MEMORY_FAULT --- */

static const struct fault_case {
	const char *name;
	void (*guest_code)(void);
	/* What the host makes shared after the guest's first steps. */
	u64 shared_gpa, shared_size;
	u64 gpa;
	bool private;
} fault_cases[] = {
	{ "read", guest_reads, GPA, PAGE, GPA, true },
	{ "write", guest_writes, GPA, PAGE, GPA, true },
	{ "fetch", guest_fetches, GPA, PAGE, GPA, true },
	{ "ACCEPT", guest_accepts, GPA, PAGE, GPA, true },
	{ "ACCEPT of 2 MiB", guest_accepts_2m, DATA_GPA, DATA_PAGES * PAGE,
	  DATA_GPA, true },
	{ "read outside all slots", guest_reads_nowhere, 0, 0, NOWHERE, true },
	{ "shared read", guest_reads_shared, 0, 0, GPA, false },
	{ "shared write", guest_writes_shared, 0, 0, GPA, false },
};

static bool is_memory_fault(const struct kvm_run *run, int ret, int err, u64 gpa,
			    bool private)
{
	u64 flags = private ? KVM_MEMORY_EXIT_FLAG_PRIVATE : 0;

	if (ret == -1 && err == EFAULT &&
	    run->exit_reason == KVM_EXIT_MEMORY_FAULT &&
	    run->memory_fault.gpa == gpa && run->memory_fault.size == PAGE &&
	    run->memory_fault.flags == flags)
		return true;
	ksft_print_msg("%d errno %d exit %u: flags %#llx, %#llx+%#llx\n", ret,
		       err, run->exit_reason, run->memory_fault.flags,
		       run->memory_fault.gpa, run->memory_fault.size);
	return false;
}

static void test_case(const struct fault_case *c)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(&vcpu, c->guest_code);
	bool ok = td_run_until_sync(vcpu, 1);
	int ret, again;

	if (c->shared_size)
		vm_mem_set_shared(vm, c->shared_gpa, c->shared_size);
	ret = __vcpu_run(vcpu);
	ok &= is_memory_fault(vcpu->run, ret, errno, c->gpa, c->private);
	/* As long as nobody does anything about it. */
	again = __vcpu_run(vcpu);
	ok &= is_memory_fault(vcpu->run, again, errno, c->gpa, c->private);
	ksft_test_result(ok, "memory fault: %s\n", c->name);
	kvm_vm_free(vm);
}

/* --- a fault that the module keeps busy --- */

static struct busy_run {
	pthread_t thread;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	int ret, err;
} busy;

static void nothing(int sig)
{
}

static void *busy_thread(void *arg)
{
	busy.ret = __vcpu_run(busy.vcpu);
	busy.err = errno;
	return NULL;
}

static void wait_for_retries(long n)
{
	long until = td_kvm_count(busy.vm, "fault_retries") + n;

	while (td_kvm_count(busy.vm, "fault_retries") < until)
		usleep(1000);
}

/* The guest's ACCEPT waits for a page that the module does not take. */
static void busy_start(void)
{
	busy = (struct busy_run){};
	busy.vm = create(&busy.vcpu, guest_accepts_once);
	swmod_inject("MEM.PAGE.AUG status=OPERAND_BUSY operand=SEPT_TREE");
	pthread_create(&busy.thread, NULL, busy_thread, NULL);
	wait_for_retries(100);
}

static bool busy_ends_well(void)
{
	bool ok;

	swmod_clear();
	ok = td_run_until_done(busy.vcpu);
	ok &= td_kvm_count(busy.vm, "pages_leaked") == 0;
	kvm_vm_free(busy.vm);
	return ok;
}

static void test_signal(void)
{
	long entries, more;

	busy_start();
	entries = swmod_count("TDH.VP.ENTER", NULL);
	wait_for_retries(500);
	more = swmod_count("TDH.VP.ENTER", NULL) - entries;
	ksft_test_result(!more, "a busy fault does not enter the guest: %ld\n",
			 more);
	pthread_kill(busy.thread, SIGUSR1);
	pthread_join(busy.thread, NULL);
	ksft_test_result(busy.ret == -1 && busy.err == EINTR,
			 "a signal ends the retries: %d errno %d\n", busy.ret,
			 busy.err);
	ksft_test_result(busy_ends_well(), "and then the guest goes on\n");
}

static void test_slot(void)
{
	busy_start();
	vm_mem_region_delete(busy.vm, DATA_SLOT);
	pthread_join(busy.thread, NULL);
	ksft_test_result(is_memory_fault(busy.vcpu->run, busy.ret, busy.err, GPA,
					 true),
			 "a slot that vanishes ends the retries\n");
	swmod_clear();
	kvm_vm_free(busy.vm);
}

/* The VMM is killed while its vCPU tries again and again. */
static void test_kill(void)
{
	int status = -1;
	pid_t pid = fork();

	TEST_ASSERT(pid >= 0, "fork");
	if (!pid) {
		busy_start();
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	swmod_clear();
	ksft_test_result(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
			 !swmod_tds(), "so does the death of the VMM\n");
}

/* --- KVM_PRE_FAULT_MEMORY --- */

#define NR_BEFORE	5

static struct kvm_pre_fault_memory range;

static void *pre_fault_thread(void *arg)
{
	busy.ret = ioctl(busy.vcpu->fd, KVM_PRE_FAULT_MEMORY, &range);
	busy.err = errno;
	return NULL;
}

static u64 pre_fault_until_signal(u64 pages)
{
	range = (struct kvm_pre_fault_memory){
		.gpa = GPA, .size = pages * PAGE,
	};
	pthread_create(&busy.thread, NULL, pre_fault_thread, NULL);
	while (!swmod_fired())
		usleep(1000);
	pthread_kill(busy.thread, SIGUSR1);
	pthread_join(busy.thread, NULL);
	return range.size / PAGE;
}

/* The struct says how far it came; only nothing at all is an error. */
static void test_pre_fault(void)
{
	/* One page that is shared makes the others small. */
	u64 left, all = DATA_PAGES - USED - 1;

	busy.vm = create(&busy.vcpu, guest_accepts_once);
	vm_mem_set_shared(busy.vm, DATA_GPA + (DATA_PAGES - 1) * PAGE, PAGE);
	swmod_inject("MEM.PAGE.AUG status=OPERAND_BUSY operand=SEPT_TREE");
	left = pre_fault_until_signal(8);
	ksft_test_result(busy.ret == -1 && busy.err == EINTR && left == 8,
			 "a signal ends a busy pre-fault: %d errno %d, %lu pages left\n",
			 busy.ret, busy.err, left);
	swmod_clear();

	swmod_inject("MEM.PAGE.AUG status=OPERAND_BUSY operand=SEPT_TREE nth=%d times=1000000000",
		     NR_BEFORE + 1);
	left = pre_fault_until_signal(all);
	ksft_test_result(!busy.ret && left == all - NR_BEFORE,
			 "a pre-fault that came some way says so: %d, %lu pages left\n",
			 busy.ret, left);
	ksft_test_result(busy_ends_well(), "and then the guest goes on\n");
}

int main(void)
{
	struct sigaction act = { .sa_handler = nothing };
	u32 i;

	td_require();
	ksft_print_header();
	sigaction(SIGUSR1, &act, NULL);
	ksft_set_plan(ARRAY_SIZE(fault_cases) + 8);
	for (i = 0; i < ARRAY_SIZE(fault_cases); i++)
		test_case(&fault_cases[i]);
	if (!swmod_there()) {
		for (i = 0; i < 8; i++)
			ksft_test_result_skip("no software TDX module\n");
		ksft_finished();
	}
	test_signal();
	test_slot();
	test_kill();
	test_pre_fault();
	ksft_finished();
}
