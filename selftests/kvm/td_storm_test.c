// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many at once: vCPUs that fault on the same memory, both sides writing
 * patterns while pages change sides, faults at one RIP until the module holds
 * on to the S-EPT, and VMMs that are killed in the middle of it.
 *
 * Every CPU has a vCPU.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"
#include "td_lib.h"
#include "td_swmod.h"

#define DATA_SLOT	2
#define REPORT_SLOT	3
#define DATA_GPA	0x10000000UL
#define DATA_GVA	0x10000000UL
#define SHARED_GVA	0x20000000UL
#define REPORT_GPA	0x30000000UL
#define REPORT_GVA	0x30000000UL
#define PAGE		0x1000UL
#define RANGE		0x200000UL
#define MAX_VCPUS	4
/* A range for each vCPU, and one for all. */
#define DATA_PAGES	((MAX_VCPUS + 1) * RANGE / PAGE)

/* Shared memory: what the guests tell each other and the host. */
struct report {
	u64 arrived, fresh, again;
};

#define REPORT	((struct report *)REPORT_GVA)

static int nr_vcpus;

static u64 accept(u64 offset)
{
	u64 status;

	do {
		status = tdg_accept(DATA_GPA + offset) & TDG_STATUS_MASK;
	} while (status == TDG_OPERAND_BUSY);
	return status;
}

static u64 *private_at(u64 offset)
{
	return (u64 *)(DATA_GVA + offset);
}

static u64 *shared_at(u64 offset)
{
	return (u64 *)(SHARED_GVA + offset);
}

/* --- fault storms --- */

#define STORM_PAGES	64

enum storm { ONE_PAGE, ONE_RANGE, OWN_RANGES };

/* The host's choice for the guests. */
static enum storm storm;
static u64 storm_vcpus;

/* All vCPUs have come this far @n times. */
static void meet(u64 n)
{
	__atomic_add_fetch(&REPORT->arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&REPORT->arrived, __ATOMIC_SEQ_CST) <
	       n * storm_vcpus)
		cpu_relax();
}

static u64 storm_page(u64 vcpu, u64 round, u64 i)
{
	switch (storm) {
	case ONE_PAGE:
		return round * PAGE;
	case ONE_RANGE:
		return (round * STORM_PAGES + i) % (RANGE / PAGE) * PAGE;
	default:
		return (vcpu + 1) * RANGE + (round * STORM_PAGES + i) %
		       (RANGE / PAGE) * PAGE;
	}
}

/* Who comes first accepts the page, and that it is there is all right, too. */
static void storm_guest(u64 vcpu)
{
	u64 round, i, status, n = storm == ONE_PAGE ? 1 : STORM_PAGES;

	for (round = 0; round < RANGE / PAGE / STORM_PAGES; round++) {
		meet(round + 1);
		for (i = 0; i < n; i++) {
			status = accept(storm_page(vcpu, round, i));
			TD_GUEST_ASSERT(!status || status == TDG_ALREADY_ACCEPTED);
			__atomic_add_fetch(status ? &REPORT->again : &REPORT->fresh,
					   1, __ATOMIC_SEQ_CST);
		}
	}
	td_done();
}

static struct kvm_vm *create(struct kvm_vcpu **vcpus, u64 attributes, void *code)
{
	struct kvm_vm *vm = td_create_with(attributes);
	int i;

	td_add_memory(vm, DATA_GPA, DATA_SLOT, DATA_PAGES);
	td_add_memory(vm, REPORT_GPA, REPORT_SLOT, 1);
	vm_mem_set_shared(vm, REPORT_GPA, PAGE);
	virt_map(vm, DATA_GVA, DATA_GPA, DATA_PAGES);
	virt_map(vm, SHARED_GVA, DATA_GPA | TD_SHARED_BIT, DATA_PAGES);
	virt_map(vm, REPORT_GVA, REPORT_GPA | TD_SHARED_BIT, 1);
	for (i = 0; i < nr_vcpus; i++)
		vcpus[i] = td_add_vcpu_with_code(vm, i, code);
	return vm;
}

struct runner {
	pthread_t thread;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	u64 id;
	/* Called for each event but the last; false ends it badly. */
	bool (*serve)(struct runner *r, const struct td_event *event);
	bool ok;
};

static void *run_vcpu(void *arg)
{
	struct runner *r = arg;
	struct td_event event;

	do {
		event = td_run(r->vcpu);
		r->ok = event.kind == TD_EVENT_DONE;
	} while (!r->ok && r->serve && r->serve(r, &event));
	if (!r->ok)
		ksft_print_msg("vCPU %lu: event %u, value %u, gpa %#lx\n", r->id,
			       event.kind, event.val, event.gpa);
	return NULL;
}

static void start(struct runner *r, struct kvm_vm *vm, struct kvm_vcpu **vcpus,
		  bool (*serve)(struct runner *r, const struct td_event *event))
{
	int i;

	for (i = 0; i < nr_vcpus; i++) {
		r[i] = (struct runner){
			.vm = vm, .vcpu = vcpus[i], .id = i, .serve = serve,
		};
		pthread_create(&r[i].thread, NULL, run_vcpu, &r[i]);
	}
}

/* While they run, @meanwhile does. */
static bool finish(struct runner *r, void (*meanwhile)(struct kvm_vm *vm))
{
	bool ok = true;
	int i;

	for (i = 0; i < nr_vcpus; i++) {
		while (meanwhile && pthread_tryjoin_np(r[i].thread, NULL))
			meanwhile(r->vm);
		if (!meanwhile)
			pthread_join(r[i].thread, NULL);
		ok &= r[i].ok;
	}
	return ok;
}

static bool nothing_lost(struct kvm_vm *vm)
{
	return !td_kvm_count(vm, "pages_held") &&
	       !td_kvm_count(vm, "pages_leaked");
}

static void test_storm(enum storm which, const char *name)
{
	u64 rounds = RANGE / PAGE / STORM_PAGES, want;
	struct runner runners[MAX_VCPUS];
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	struct report *report;
	struct kvm_vm *vm;
	bool ok;

	storm = which;
	storm_vcpus = nr_vcpus;
	vm = create(vcpus, TD_ATTR_SEPT_VE_DISABLE, storm_guest);
	sync_global_to_guest(vm, storm);
	sync_global_to_guest(vm, storm_vcpus);
	td_finalize(vm);
	report = addr_gpa2hva(vm, REPORT_GPA);
	start(runners, vm, vcpus, NULL);
	ok = finish(runners, NULL) && nothing_lost(vm);

	/* Every page was accepted once. */
	want = rounds * (which == ONE_PAGE ? 1 : STORM_PAGES);
	if (which == OWN_RANGES)
		want *= nr_vcpus;
	ksft_test_result(ok && report->fresh == want &&
			 report->again == (which == OWN_RANGES ? 0 :
					   want * (nr_vcpus - 1)),
			 "%d vCPUs fault on %s: %lu accepted, %lu were there, %ld retries\n",
			 nr_vcpus, name, report->fresh, report->again,
			 td_kvm_count(vm, "fault_retries"));
	kvm_vm_free(vm);
}

/* --- conversion storms --- */

#define OWN_PAGES	4
#define OWN_ROUNDS	5
/* The host takes these from all. */
#define TAKEN_PAGES	16

static u64 own_page(u64 vcpu, u64 i)
{
	return (vcpu + 1) * RANGE + i * PAGE;
}

static u64 pattern(u64 vcpu, u64 round, u64 i, u64 who)
{
	return (vcpu << 24 | round << 16 | i << 8 | who) * 0x9e3779b97f4a7c15UL;
}

static void accept_taken_pages(void)
{
	u64 i, status;

	for (i = 0; i < TAKEN_PAGES; i++) {
		status = accept(i * PAGE);
		TD_GUEST_ASSERT(!status || status == TDG_ALREADY_ACCEPTED);
	}
}

static void share_and_take_back(u64 vcpu, u64 round)
{
	u64 gpa = DATA_GPA + own_page(vcpu, 0), i;

	TD_GUEST_ASSERT(!tdg_map_gpa(gpa | TD_SHARED_BIT, OWN_PAGES * PAGE));
	for (i = 0; i < OWN_PAGES; i++)
		WRITE_ONCE(*shared_at(own_page(vcpu, i)),
			   pattern(vcpu, round, i, 1));
	td_sync(round);
	for (i = 0; i < OWN_PAGES; i++)
		TD_GUEST_ASSERT(READ_ONCE(*shared_at(own_page(vcpu, i))) ==
				pattern(vcpu, round, i, 2));
	TD_GUEST_ASSERT(!tdg_map_gpa(gpa, OWN_PAGES * PAGE));
}

static void convert_guest(u64 vcpu)
{
	u64 round, i;

	for (round = 0; round < OWN_ROUNDS; round++) {
		for (i = 0; i < OWN_PAGES; i++) {
			u64 at = own_page(vcpu, i);

			TD_GUEST_ASSERT(!accept(at));
			TD_GUEST_ASSERT(READ_ONCE(*private_at(at)) == 0);
			WRITE_ONCE(*private_at(at), pattern(vcpu, round, i, 0));
		}
		accept_taken_pages();
		for (i = 0; i < OWN_PAGES; i++)
			TD_GUEST_ASSERT(READ_ONCE(*private_at(own_page(vcpu, i))) ==
					pattern(vcpu, round, i, 0));
		share_and_take_back(vcpu, round);
	}
	td_done();
}

static bool answer_pattern(struct runner *r, u64 round)
{
	u64 i, *p;

	for (i = 0; i < OWN_PAGES; i++) {
		p = addr_gpa2hva(r->vm, DATA_GPA + own_page(r->id, i));
		if (READ_ONCE(*p) != pattern(r->id, round, i, 1))
			return false;
		WRITE_ONCE(*p, pattern(r->id, round, i, 2));
	}
	return true;
}

static bool serve_conversion(struct runner *r, const struct td_event *event)
{
	switch (event->kind) {
	case TD_EVENT_MAP_GPA:
		td_convert(r->vm, event);
		return true;
	case TD_EVENT_SYNC:
		return answer_pattern(r, event->val);
	case TD_EVENT_MEMORY_FAULT:
		/* One of those that the host takes, and gives back at once. */
		return event->private && event->gpa < DATA_GPA + RANGE;
	default:
		return false;
	}
}

static unsigned int taken;

static void take_some(struct kvm_vm *vm)
{
	u64 first = taken * 5 % TAKEN_PAGES, n = 1 + taken % 4;

	n = min(n, TAKEN_PAGES - first);
	if (taken++ % 3) {
		vm_guest_mem_punch_hole(vm, DATA_GPA + first * PAGE, n * PAGE);
		return;
	}
	vm_mem_set_shared(vm, DATA_GPA + first * PAGE, n * PAGE);
	vm_mem_set_private(vm, DATA_GPA + first * PAGE, n * PAGE);
}

static void test_conversions(void)
{
	struct runner runners[MAX_VCPUS];
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	struct kvm_vm *vm;
	bool ok;

	taken = 0;
	vm = create(vcpus, TD_ATTR_SEPT_VE_DISABLE, convert_guest);
	td_finalize(vm);
	start(runners, vm, vcpus, serve_conversion);
	ok = finish(runners, take_some);
	ksft_test_result(ok && nothing_lost(vm) && taken,
			 "%d vCPUs and the host exchange patterns while %u ranges are taken\n",
			 nr_vcpus, taken);
	kvm_vm_free(vm);
}

/* --- zero-step --- */

#define TDG_VEINFO_GET	3
#define VE_VECTOR	20
#define CODE_SELECTOR	8
/* The module starts to remember pages with the seventh. */
#define STEPS		10
#define OTHERS		8

static struct {
	u64 low, high;
} idt[VE_VECTOR + 1];

static u64 nr_ves;
void ve_entry(void);

/* What was used before it was there. */
__used __attribute__((target("general-regs-only")))
void handle_ve(void)
{
	struct tdcall r = { .rax = TDG_VEINFO_GET };

	TD_GUEST_ASSERT(!tdcall(&r));
	TD_GUEST_ASSERT(!accept((r.r9 & ~(PAGE - 1)) - DATA_GPA));
	nr_ves++;
}

asm(".pushsection .text\n"
	".globl ve_entry\n"
	"ve_entry:\n"
	"push %rax; push %rcx; push %rdx; push %rsi; push %rdi; push %r8\n"
	"push %r9; push %r10; push %r11; push %rbp\n"
	"mov %rsp, %rbp; and $-16, %rsp; sub $512, %rsp; fxsave (%rsp)\n"
	"cld; call handle_ve\n"
	"fxrstor (%rsp); mov %rbp, %rsp\n"
	"pop %rbp; pop %r11; pop %r10; pop %r9; pop %r8; pop %rdi; pop %rsi\n"
	"pop %rdx; pop %rcx; pop %rax\n"
	"iretq\n"
	".popsection\n");

static void catch_ve(void)
{
	u64 at = (u64)ve_entry;
	struct {
		u16 limit;
		u64 base;
	} __packed ptr = { sizeof(idt) - 1, (u64)idt };

	idt[VE_VECTOR].low = (at & 0xffff) | CODE_SELECTOR << 16 |
			     0x8eUL << 40 | (at >> 16 & 0xffff) << 48;
	idt[VE_VECTOR].high = at >> 32;
	asm volatile("lidt %0" : : "m" (ptr));
}

/* All but the first vCPU accept and use pages of their own meanwhile. */
static void step_guest(u64 vcpu)
{
	u64 i;

	if (vcpu) {
		for (i = 0; i < 200; i++)
			accept(own_page(vcpu, i % OTHERS));
		td_done();
	}
	catch_ve();
	for (i = 1; i <= OTHERS; i++)
		TD_GUEST_ASSERT(!accept(i * PAGE));
	td_sync(1);
	TD_GUEST_ASSERT(READ_ONCE(*private_at(0)) == 0);
	TD_GUEST_ASSERT(nr_ves == 1);
	WRITE_ONCE(*private_at(0), 1);
	td_done();
}

static void nothing(int sig)
{
}

static void no_new_pages(void)
{
	swmod_inject("MEM.PAGE.AUG status=OPERAND_BUSY operand=SEPT_TREE");
}

/* Each signal ends a fault that the module keeps busy: the guest tries anew. */
static void make_steps(struct kvm_vm *vm, pthread_t thread, unsigned int n)
{
	long before;

	while (n--) {
		before = td_kvm_count(vm, "private_faults");
		while (td_kvm_count(vm, "private_faults") == before) {
			pthread_kill(thread, SIGUSR1);
			usleep(500);
		}
	}
}

static void step_and_zap(struct kvm_vm *vm, pthread_t thread)
{
	u64 i;

	for (i = 1; i <= OTHERS / 2; i++) {
		make_steps(vm, thread, 1);
		vm_guest_mem_punch_hole(vm, DATA_GPA + i * PAGE, PAGE);
	}
}

/* vCPUs go round in user space, and make no SEAMCALL. */
static void stop_vcpus(struct runner *r, bool stop)
{
	long before;
	int i;

	for (i = 0; i < nr_vcpus; i++)
		WRITE_ONCE(r[i].vcpu->run->immediate_exit, stop);
	do {
		before = swmod_count("TDH.MEM.PAGE.AUG", NULL);
		for (i = 0; i < nr_vcpus && stop; i++)
			pthread_kill(r[i].thread, SIGUSR1);
		usleep(5000);
	} while (stop && swmod_count("TDH.MEM.PAGE.AUG", NULL) != before);
}

/* As if another CPU were inside of VP.ENTER, for so many SEAMCALLs. */
static void zap_while_held(struct kvm_vm *vm)
{
	u64 i;

	for (i = OTHERS / 2 + 1; i <= OTHERS; i++) {
		swmod_inject("hold=SEPT_TREE mode=shared calls=400");
		vm_guest_mem_punch_hole(vm, DATA_GPA + i * PAGE, PAGE);
	}
}

/*
 * As if another CPU were inside of RANGE.BLOCK, until so many calls have been
 * made: those of the vCPU that cannot enter, at last.
 */
static long enter_while_held(pthread_t thread)
{
	long before = swmod_count("TDH.VP.ENTER", "OPERAND_BUSY"), more;

	do {
		swmod_inject("hold=SEPT_TREE mode=excl calls=2000");
		while (swmod_held()) {
			pthread_kill(thread, SIGUSR1);
			usleep(2000);
		}
		more = swmod_count("TDH.VP.ENTER", "OPERAND_BUSY") - before;
	} while (!more);
	return more;
}

static bool only_busy(struct runner *r, const struct td_event *event)
{
	return false;
}

static void check_steps(struct kvm_vm *vm, struct runner *r)
{
	long more, quiesces;
	int steps, pages;

	make_steps(vm, r->thread, STEPS);
	steps = swmod_steps(&pages);
	ksft_test_result(steps >= 6 && pages == 1,
			 "%d faults at one RIP, %d page remembered\n", steps,
			 pages);

	more = enter_while_held(r->thread);
	ksft_test_result(more > 0, "VP.ENTER wants the S-EPT by now: busy %ld times\n",
			 more);

	quiesces = td_kvm_count(vm, "quiesces");
	step_and_zap(vm, r->thread);
	stop_vcpus(r, true);
	zap_while_held(vm);
	stop_vcpus(r, false);
	more = td_kvm_count(vm, "quiesces") - quiesces;
	ksft_test_result(more >= OTHERS / 2 && nothing_lost(vm),
			 "zaps get it all the same: %ld quiesces\n", more);
}

static void test_zero_step(void)
{
	struct runner runners[MAX_VCPUS];
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	struct kvm_vm *vm;
	bool ok;

	/* More of them only wait for pages. */
	nr_vcpus = min(nr_vcpus, 2);
	vm = create(vcpus, 0, step_guest);
	td_finalize(vm);
	ok = td_run_until_sync(vcpus[0], 1);
	no_new_pages();
	start(runners, vm, vcpus, only_busy);
	check_steps(vm, &runners[0]);
	swmod_clear();
	ok &= finish(runners, NULL);
	ksft_test_result(ok && nothing_lost(vm), "and the guest goes on\n");
	kvm_vm_free(vm);
}

/* --- VMMs that are killed --- */

#define KILLS		3

static void storm_for_ever(void)
{
	struct runner runners[MAX_VCPUS];
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	struct kvm_vm *vm;

	for (;;) {
		vm = create(vcpus, TD_ATTR_SEPT_VE_DISABLE, convert_guest);
		td_finalize(vm);
		start(runners, vm, vcpus, serve_conversion);
		finish(runners, take_some);
		kvm_vm_free(vm);
	}
}

static void build_for_ever(void)
{
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	struct kvm_vm *vm;

	for (;;) {
		vm = create(vcpus, TD_ATTR_SEPT_VE_DISABLE, convert_guest);
		td_finalize(vm);
		kvm_vm_free(vm);
	}
}

static bool kill_at_work(void (*work)(void), useconds_t after)
{
	int status = -1;
	pid_t pid = fork();

	TEST_ASSERT(pid >= 0, "fork");
	if (!pid) {
		work();
		_exit(0);
	}
	usleep(after);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void test_kills(void (*work)(void), const char *name)
{
	static const char *const leaves[] = {
		"MEM.PAGE.ADD", "MEM.SEPT.ADD", "MEM.PAGE.AUG",
		"MEM.RANGE.BLOCK", "MEM.TRACK", "MEM.PAGE.REMOVE",
	};
	bool ok = true;
	u32 i;

	if (swmod_there())
		for (i = 0; i < ARRAY_SIZE(leaves); i++)
			swmod_inject("%s status=OPERAND_BUSY operand=SEPT_TREE rate=20%% seed=%u",
				     leaves[i], i);
	for (i = 0; i < KILLS; i++)
		ok &= kill_at_work(work, 60000 + i * 130000);
	if (swmod_there())
		swmod_clear();
	ksft_test_result(ok && (!swmod_there() || !swmod_tds()),
			 "%d VMMs are killed %s, and leave nothing\n", KILLS,
			 name);
}

int main(void)
{
	struct sigaction act = { .sa_handler = nothing };
	int i;

	td_require();
	ksft_print_header();
	sigaction(SIGUSR1, &act, NULL);
	nr_vcpus = min(sysconf(_SC_NPROCESSORS_ONLN), (long)MAX_VCPUS);
	ksft_set_plan(10);

	/* First, so that the others show that TDs still work. */
	test_kills(build_for_ever, "while they populate");
	test_kills(storm_for_ever, "while pages change sides");
	test_storm(ONE_PAGE, "one page at a time");
	test_storm(ONE_RANGE, "one range of 2 MiB");
	test_storm(OWN_RANGES, "a range each");
	test_conversions();
	if (swmod_there()) {
		test_zero_step();
	} else {
		for (i = 0; i < 4; i++)
			ksft_test_result_skip("no software TDX module\n");
	}
	ksft_finished();
}
