// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every TDVMCALL, as a guest makes it and a VMM sees it: each case runs one
 * function of guest.c and compares what it reported, value by value.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "../lib/kvm_stats.h"
#include "../lib/ktap.h"
#include "td.h"

#define MAX_VALUES	32
#define MAX_EXITS	200

#define RETRY		1ULL
#define INVALID_OPERAND	0x8000000000000000ULL
#define ALIGN_ERROR	0x8000000000000002ULL
#define UNSUPPORTED	0x8000000000000003ULL

/* What a run has brought to light. */
struct result {
	u64 value[MAX_VALUES];
	unsigned int nr_halves;
	unsigned int map_gpa, mmio_reads, mmio_writes, user_calls, exits;
	u64 mmio_written, mmio_gpa;
	u32 last_exit;
	int last_errno;
	bool done;
};

static void add_half(struct result *r, u32 half)
{
	unsigned int i = r->nr_halves / 2;

	if (i < MAX_VALUES)
		r->value[i] |= (u64)half << (r->nr_halves % 2 * 32);
	r->nr_halves++;
}

static void serve_io(struct td_vcpu *vcpu, struct result *r)
{
	void *data = (u8 *)vcpu->run + vcpu->run->io.data_offset;
	u32 val = PORT_ECHO_VALUE;

	if (vcpu->run->io.direction == KVM_EXIT_IO_IN) {
		memcpy(data, &val, vcpu->run->io.size);
		return;
	}
	memcpy(&val, data, sizeof(val));
	if (vcpu->run->io.port == PORT_VALUE)
		add_half(r, val);
	else if (vcpu->run->io.port == PORT_DONE)
		r->done = true;
}

static void serve_mmio(struct td_vcpu *vcpu, struct result *r)
{
	u64 val = MMIO_VALUE;

	r->mmio_gpa = vcpu->run->mmio.phys_addr;
	if (vcpu->run->mmio.is_write) {
		r->mmio_writes++;
		memcpy(&r->mmio_written, vcpu->run->mmio.data,
		       vcpu->run->mmio.len);
	} else {
		r->mmio_reads++;
		memcpy(vcpu->run->mmio.data, &val, vcpu->run->mmio.len);
	}
}

static void serve_hypercall(struct td *td, struct td_vcpu *vcpu, struct result *r)
{
	struct kvm_run *run = vcpu->run;

	r->map_gpa++;
	td_set_private(td, run->hypercall.args[0], run->hypercall.args[1] * 4096,
		       run->hypercall.args[2] & KVM_MAP_GPA_RANGE_ENCRYPTED);
	run->hypercall.ret = 0;
}

/* GetTdVmCallInfo says what it is; the others keep their answer. */
static void serve_tdx(struct td_vcpu *vcpu, struct result *r)
{
	struct kvm_tdx_exit *exit = kvm_exit_payload(vcpu->run);

	r->user_calls++;
	if (exit->nr == TDVMCALL_GET_TD_VM_CALL_INFO)
		exit->u.get_tdvmcall_info.r11 = 3;
}

/* Returns false once the vCPU has nothing more to say. */
static bool serve(struct td *td, struct td_vcpu *vcpu, struct result *r)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		serve_io(vcpu, r);
		return !r->done;
	case KVM_EXIT_MMIO:
		serve_mmio(vcpu, r);
		return true;
	case KVM_EXIT_HYPERCALL:
		serve_hypercall(td, vcpu, r);
		return true;
	case KVM_EXIT_TDX:
		serve_tdx(vcpu, r);
		return true;
	default:
		return false;
	}
}

static void run_vcpu(struct td *td, unsigned int nr, struct result *r)
{
	struct td_vcpu *vcpu = &td->vcpu[nr];

	do {
		int ret = ioctl(vcpu->fd, KVM_RUN, 0);

		r->last_errno = ret ? errno : 0;
		r->last_exit = vcpu->run->exit_reason;
		if (ret && errno == EINTR)
			continue;
		if (ret)
			break;
	} while (++r->exits < MAX_EXITS && serve(td, vcpu, r));
}

static struct result run_test(enum guest_test test, struct td **keep)
{
	struct td *td = td_ready(1, test);
	struct result r = {};

	run_vcpu(td, 0, &r);
	if (keep)
		*keep = td;
	else
		td_destroy(td);
	return r;
}

/* Compare with the values that the guest should have reported. */
static void expect(const char *name, const struct result *r,
		   const u64 *want, unsigned int nr)
{
	bool ok = r->done && r->nr_halves == 2 * nr;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (r->value[i] == want[i])
			continue;
		ok = false;
		ktap_note("%s: value %u is %llx, not %llx", name, i,
			  (unsigned long long)r->value[i],
			  (unsigned long long)want[i]);
	}
	if (!ok)
		ktap_note("%s: %u halves, %u exits, last exit %u errno %d", name,
			  r->nr_halves, r->exits, r->last_exit, r->last_errno);
	ktap_result(ok, "%s", name);
}

#define EXPECT(name, r, ...) do {					\
	const u64 want[] = { __VA_ARGS__ };				\
	expect(name, r, want, sizeof(want) / sizeof(*want));		\
} while (0)

static void hello_reports_and_stops(void)
{
	struct result r = run_test(GUEST_HELLO, NULL);

	EXPECT(__func__, &r, 0x600d);
}

static void cpuid_knows_kvm(void)
{
	struct result r = run_test(GUEST_CPUID, NULL);

	/* "KVMK" */
	EXPECT(__func__, &r, 0, 0x4b4d564b);
}

/* Bits that no CPU would look at are the guest's mistake. */
static void operands_that_are_too_wide_are_refused(void)
{
	static const char *const calls[] = {
		"CPUID", "RDMSR", "WRMSR", "MMIO", "MapGPA",
	};
	struct result r = run_test(GUEST_WIDE, NULL);
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		ktap_result(r.done && r.value[i] == INVALID_OPERAND,
			    "%s takes no operand that is too wide", calls[i]);
}

static void io_takes_1_2_and_4_bytes_below_64k(void)
{
	struct result r = run_test(GUEST_IO, NULL);

	EXPECT(__func__, &r, PORT_ECHO_VALUE, PORT_ECHO_VALUE & 0xffff,
	       PORT_ECHO_VALUE & 0xff, INVALID_OPERAND, INVALID_OPERAND,
	       INVALID_OPERAND, INVALID_OPERAND);
}

static void port_io_is_counted(void)
{
	struct td *td = NULL;
	struct result r = run_test(GUEST_IO, &td);
	struct kvm_stats stats;
	long long n = -1;

	if (kvm_stats_open(&stats, td->vcpu[0].fd)) {
		n = kvm_stats_value(&stats, "io_exits");
		kvm_stats_close(&stats);
	}
	td_destroy(td);
	/* The guest's seven calls, two more to report each, and the last one. */
	ktap_result(r.done && n == 7 + 2 * 7 + 1, "%s: %lld", __func__, n);
}

static void mmio_is_for_shared_addresses_only(void)
{
	struct result r = run_test(GUEST_MMIO, NULL);

	EXPECT(__func__, &r, MMIO_VALUE, MMIO_VALUE & 0xffffffff,
	       MMIO_VALUE & 0xff, 0, INVALID_OPERAND, INVALID_OPERAND,
	       INVALID_OPERAND, INVALID_OPERAND);
	ktap_result(r.mmio_reads == 3 && r.mmio_writes == 1 &&
		    r.mmio_written == MMIO_VALUE &&
		    r.mmio_gpa == MMIO_BASE + 8,
		    "mmio exits have no shared bit");
}

static void mmio_access_becomes_ve(void)
{
	struct result r = run_test(GUEST_MMIO_VE, NULL);

	EXPECT(__func__, &r, MMIO_VALUE, SHARED_BIT | MMIO_BASE, 1);
}

static void msrs_that_are_kvms(void)
{
	struct result r = run_test(GUEST_MSR, NULL);

	EXPECT(__func__, &r, 0, 0xfee00d00, 0, 0, 0x1ff, INVALID_OPERAND,
	       INVALID_OPERAND);
}

/* Of each: the write's status, the read's, and the value. */
static void msrs_that_kvm_emulates(void)
{
	struct result r = run_test(GUEST_EMULATED_MSRS, NULL);

	EXPECT(__func__, &r,
	       0, 0, 5,
	       INVALID_OPERAND, 0, 0xd01,
	       INVALID_OPERAND, 0, 1,
	       INVALID_OPERAND, INVALID_OPERAND, 0,
	       INVALID_OPERAND, INVALID_OPERAND, 0,
	       INVALID_OPERAND, INVALID_OPERAND, 0,
	       INVALID_OPERAND, INVALID_OPERAND, 0,
	       0, INVALID_OPERAND);
}

static void shared_memory_is_seen_by_both_sides(void)
{
	struct result r = {};
	struct td *td;
	u64 got[2];

	td = td_ready(1, GUEST_SHARED);
	memset(td->ram, 0x11, RAM_SIZE);
	run_vcpu(td, 0, &r);
	memcpy(&got[0], td->ram + SHARED_OFFSET + 8, 8);
	memcpy(&got[1], td->ram + SHARED_OFFSET + 0x2000, 8);
	td_destroy(td);

	EXPECT(__func__, &r, 0, 0x1111111111111111);
	ktap_result(got[0] == SHARED_VALUE && got[1] == SHARED_VALUE + 1,
		    "the host sees what the guest wrote");
	ktap_result(r.map_gpa == 2, "MapGPA exits for each 2 MiB (%u)", r.map_gpa);
}

static void private_memory_is_added_converted_and_zeroed(void)
{
	struct result r = run_test(GUEST_PRIVATE, NULL);

	EXPECT(__func__, &r, 0, 0, SHARED_VALUE, 0, 0, 0, 0);
}

/* Convert what a memory fault names; returns false for any other exit. */
static bool convert_on_fault(struct td *td, struct td_vcpu *vcpu, u64 *flags)
{
	struct exit_memory_fault *fault = kvm_exit_payload(vcpu->run);

	if (errno != EFAULT || vcpu->run->exit_reason != KVM_EXIT_MEMORY_FAULT ||
	    fault->gpa != RAM_BASE + 0x5000 || fault->size != 4096)
		return false;
	*flags = fault->flags;
	td_set_private(td, fault->gpa, fault->size, fault->flags);
	return true;
}

static void memory_of_the_other_kind_is_a_memory_fault(void)
{
	struct td *td = td_ready(1, GUEST_UNCONVERTED);
	struct result r = {};
	u64 first = ~0ULL, second = ~0ULL;

	ktap_result(ioctl(td->vcpu[0].fd, KVM_RUN, 0) &&
		    convert_on_fault(td, &td->vcpu[0], &first) && !first,
		    "a shared access to private memory");
	run_vcpu(td, 0, &r);
	errno = r.last_errno;
	ktap_result(convert_on_fault(td, &td->vcpu[0], &second) &&
		    second == KVM_MEMORY_EXIT_FLAG_PRIVATE,
		    "a private access to shared memory");
	run_vcpu(td, 0, &r);
	td_destroy(td);
	EXPECT(__func__, &r, SHARED_VALUE, 0, 0);
}

static u64 dirty_log(struct td *td)
{
	u64 bitmap = 0;
	struct kvm_dirty_log log = {
		.slot = 2,
		.dirty_bitmap = &bitmap,
	};

	return ioctl(td->fd, KVM_GET_DIRTY_LOG, &log) ? ~0ULL : bitmap;
}

/* Run to the guest's next report of two halves. */
static void run_to_report(struct td *td, struct result *r)
{
	unsigned int until = r->nr_halves + 2;

	while (r->nr_halves < until && !ioctl(td->vcpu[0].fd, KVM_RUN, 0) &&
	       serve(td, &td->vcpu[0], r))
		;
}

static void writes_to_shared_memory_are_logged(void)
{
	void *mem = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region slot = {
		.slot = 2,
		.flags = KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = LOG_BASE,
		.memory_size = LOG_SIZE,
		.userspace_addr = (uintptr_t)mem,
	};
	struct td *td = td_ready(1, GUEST_DIRTY);
	struct result r = {};
	u64 log[4];

	ktap_result(!ioctl(td->fd, KVM_SET_USER_MEMORY_REGION, &slot),
		    "a slot with a dirty log");
	run_to_report(td, &r);
	log[0] = dirty_log(td);
	run_to_report(td, &r);
	log[1] = dirty_log(td);
	log[2] = dirty_log(td);
	run_to_report(td, &r);
	log[3] = dirty_log(td);
	td_destroy(td);
	munmap(mem, LOG_SIZE);
	ktap_result(log[0] == 2 && log[1] == 4 && log[2] == 0 && log[3] == 2,
		    "%s: %llx %llx %llx %llx", __func__,
		    (unsigned long long)log[0], (unsigned long long)log[1],
		    (unsigned long long)log[2], (unsigned long long)log[3]);
}

static void vmcalls_answer_as_the_ghci_says(void)
{
	struct result r = run_test(GUEST_VMCALLS, NULL);

	EXPECT(__func__, &r,
	       0, 0, 3, INVALID_OPERAND,
	       ALIGN_ERROR, INVALID_OPERAND, INVALID_OPERAND, INVALID_OPERAND,
	       INVALID_OPERAND, UNSUPPORTED, UNSUPPORTED,
	       INVALID_OPERAND, INVALID_OPERAND, UNSUPPORTED,
	       UNSUPPORTED, UNSUPPORTED,
	       0, (u64)-1000);
	ktap_result(r.user_calls == 4 && !r.map_gpa,
		    "user space hears of four calls (%u)", r.user_calls);
}

/*
 * An event that KVM cannot inject into a TD, but that it counts as one: the guest
 * is to be entered before the next piece.
 */
static void pend_an_exception(struct td *td)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_EXCEPTION_PAYLOAD,
		.args = { 1 },
	};
	struct kvm_vcpu_events events = {
		.flags = KVM_VCPUEVENT_VALID_PAYLOAD,
		.exception = { .pending = 1, .nr = 13, .has_error_code = 1 },
	};

	ktap_result(!ioctl(td->fd, KVM_ENABLE_CAP, &cap) &&
		    !ioctl(td->vcpu[0].fd, KVM_SET_VCPU_EVENTS, &events),
		    "an event is pending");
}

enum map_how { ANSWER, ANSWER_AND_PEND, SAY_NOTHING };

/* What the VMM answers to each exit of GUEST_MAP_GPA, in order. */
static const struct map_answer {
	enum map_how how;
	u64 gpa, ret;
} map_answers[] = {
	{ ANSWER, MAP_BASE, EINVAL },
	{ ANSWER, MAP_BASE, 0 },
	{ ANSWER, MAP_SECOND, EAGAIN },
	{ ANSWER_AND_PEND, MAP_BASE, 0 },
	{ ANSWER, MAP_BASE, 0 },
	{ ANSWER, MAP_SECOND, EINVAL },
	{ SAY_NOTHING, MAP_HYPERCALL, 0 },
	{ ANSWER, MAP_BASE, EIO },
};

#define NR_MAP_ANSWERS	(sizeof(map_answers) / sizeof(*map_answers))

/* Returns false if the guest asked for something else. */
static bool answer_map_gpa(struct td *td, unsigned int nr)
{
	struct kvm_run *run = td->vcpu[0].run;
	const struct map_answer *a = &map_answers[nr];

	if (nr >= NR_MAP_ANSWERS || run->hypercall.nr != KVM_HC_MAP_GPA_RANGE ||
	    run->hypercall.args[0] != a->gpa)
		return false;
	if (a->how != SAY_NOTHING)
		run->hypercall.ret = a->ret;
	if (a->how == ANSWER_AND_PEND)
		pend_an_exception(td);
	return true;
}

static void map_gpa_says_where_it_stopped(void)
{
	struct kvm_enable_cap no_exit = { .cap = KVM_CAP_EXIT_HYPERCALL };
	struct td *td = td_ready(1, GUEST_MAP_GPA);
	struct td_vcpu *vcpu = &td->vcpu[0];
	struct result r = {};
	unsigned int nr = 0;

	while (!ioctl(vcpu->fd, KVM_RUN, 0) && !r.done) {
		if (vcpu->run->exit_reason != KVM_EXIT_HYPERCALL) {
			serve(td, vcpu, &r);
		} else if (!answer_map_gpa(td, nr++)) {
			ktap_note("exit %u is for %llx", nr - 1,
				  (unsigned long long)vcpu->run->hypercall.args[0]);
			break;
		}
	}
	ktap_result(nr == NR_MAP_ANSWERS && errno == EINVAL,
		    "an answer of no meaning ends KVM_RUN (exit %u, errno %d)", nr,
		    errno);
	ktap_result(!ioctl(td->fd, KVM_ENABLE_CAP, &no_exit),
		    "without KVM_CAP_EXIT_HYPERCALL");
	run_vcpu(td, 0, &r);
	td_destroy(td);
	EXPECT(__func__, &r,
	       ALIGN_ERROR, SHARED_BIT | 0x100800,
	       INVALID_OPERAND, SHARED_BIT | 0x100800,
	       INVALID_OPERAND, SHARED_BIT - 0x1000,
	       INVALID_OPERAND, SHARED_BIT | MAP_BASE,
	       RETRY, SHARED_BIT | MAP_SECOND,
	       RETRY, SHARED_BIT | MAP_SECOND,
	       INVALID_OPERAND, SHARED_BIT | MAP_SECOND,
	       0,
	       UNSUPPORTED, SHARED_BIT | MAP_BASE);
}

static void timer_wakes_a_halted_vcpu(void)
{
	struct result r = run_test(GUEST_TIMER, NULL);

	EXPECT(__func__, &r, 0, 0, 0, 1, 1);
}

struct vcpu_thread {
	struct td *td;
	unsigned int nr;
	struct result r;
};

static void *vcpu_thread(void *arg)
{
	struct vcpu_thread *t = arg;

	run_vcpu(t->td, t->nr, &t->r);
	return NULL;
}

static void ipi_wakes_the_other_vcpu(void)
{
	struct td *td = td_create();
	struct vcpu_thread receiver = { .nr = 1 };
	struct vcpu_thread sender = { .nr = 0 };
	unsigned int max = td_max_vcpus(td);
	pthread_t thread;

	td_destroy(td);
	if (max < 2) {
		ktap_skip(__func__, "one CPU");
		return;
	}
	td = td_ready(2, GUEST_IPI);
	receiver.td = td;
	sender.td = td;
	pthread_create(&thread, NULL, vcpu_thread, &receiver);
	/* The receiver says that it is ready before it halts. */
	while (__atomic_load_n(&receiver.r.nr_halves, __ATOMIC_SEQ_CST) < 2 &&
	       !__atomic_load_n(&receiver.r.last_errno, __ATOMIC_SEQ_CST))
		sched_yield();
	vcpu_thread(&sender);
	pthread_join(thread, NULL);
	td_destroy(td);

	EXPECT("the sender's ICR is written", &sender.r, 0);
	EXPECT(__func__, &receiver.r, 1, 1);
}

/*
 * Woken by the mailbox; each interrupts the other, running or halted; NMIs;
 * one interrupt for all others; two at once.
 */
static void two_vcpus_meet(void)
{
	struct td *td = td_create();
	struct vcpu_thread ap = { .nr = 1 }, bsp = { .nr = 0 };
	unsigned int max = td_max_vcpus(td);
	pthread_t thread;

	td_destroy(td);
	if (max < 2) {
		ktap_skip(__func__, "one CPU");
		return;
	}
	td = td_ready(2, GUEST_SMP);
	ap.td = td;
	bsp.td = td;
	pthread_create(&thread, NULL, vcpu_thread, &ap);
	vcpu_thread(&bsp);
	pthread_join(thread, NULL);
	td_destroy(td);

	/* Mailbox acknowledged; rounds; no interrupt of the others' */
	EXPECT("the first vCPU", &bsp.r, 0, SMP_ROUNDS, 1, 0x9151, 0);
	/* x2APIC id; rounds; NMIs; one for all */
	EXPECT("the vCPU that was woken", &ap.r, 1, SMP_ROUNDS, 2, 1);
}

static void nmi_reaches_the_guest(void)
{
	struct td *td = td_ready(1, GUEST_NMI);
	struct td_vcpu *vcpu = &td->vcpu[0];
	struct result r = {};

	/* Up to the second half of the guest's "ready". */
	while (r.nr_halves < 2 && !ioctl(vcpu->fd, KVM_RUN, 0) &&
	       serve(td, vcpu, &r))
		;
	ktap_result(!ioctl(vcpu->fd, KVM_NMI), "KVM_NMI");
	run_vcpu(td, 0, &r);
	td_destroy(td);
	EXPECT(__func__, &r, 0, 1);
}

/* --- calls that KVM answers before it enables interrupts --- */

/* Up to the guest's last report before it calls without end. */
static struct td *fast_calls(struct result *r)
{
	struct td *td = td_ready(1, GUEST_FAST_CALLS);

	memset(r, 0, sizeof(*r));
	while (r->nr_halves < 6 && !ioctl(td->vcpu[0].fd, KVM_RUN, 0) &&
	       serve(td, &td->vcpu[0], r))
		;
	return td;
}

static void calls_in_a_row_are_answered_and_counted(void)
{
	struct result r;
	struct td *td = fast_calls(&r);
	bool counted = td_stat(td, "tdvmcall_cpuid") == FAST_ROUNDS &&
		       td_stat(td, "tdvmcall_rdmsr") == FAST_ROUNDS &&
		       td_stat(td, "tdvmcall_hlt") == FAST_ROUNDS &&
		       td_stat(td, "tdvmcall_wrmsr") == FAST_ROUNDS + 1;
	long long fast = td_stat(td, "fastpath_tdvmcalls");

	ktap_result(r.nr_halves == 6 && !r.value[0] && r.value[1] == FAST_ROUNDS &&
		    r.value[2] == FAST_ROUNDS,
		    "%s: %llu bad, %llu CPUIDs, %llu IPIs", __func__,
		    (unsigned long long)r.value[0], (unsigned long long)r.value[1],
		    (unsigned long long)r.value[2]);
	ktap_result(counted || td_stat(td, "tdvmcall_cpuid") < 0,
		    "each is counted once");
	/* All of these but the first few; a KVM that does not count them says -1. */
	ktap_result(fast < 0 || fast >= 4 * FAST_ROUNDS - 20,
		    "calls_in_a_row_take_the_fast_path: %lld", fast);
	td_destroy(td);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Returns 0 if a signal ended KVM_RUN. */
static int run_to_a_signal(struct td *td)
{
	const struct sigaction act = { .sa_handler = on_alarm };
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	unsigned int left = alarm(0);
	int ret;

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	ret = ioctl(td->vcpu[0].fd, KVM_RUN, 0) && errno == EINTR ? 0 : -1;
	signal(SIGALRM, SIG_DFL);
	alarm(left);
	return ret;
}

static void a_signal_ends_calls_without_end(void)
{
	struct result r;
	struct td *td = fast_calls(&r);
	int ret = run_to_a_signal(td);

	/* And again: the answers have not been mixed up. */
	ret = ret ?: run_to_a_signal(td);
	ktap_result(r.nr_halves == 6 && !ret, "%s", __func__);
	td_destroy(td);
}

/* The host's ticks, of which some come while the guest runs. */
static void interrupts_take_the_fast_path(void)
{
	struct result r;
	struct td *td = fast_calls(&r);
	long long fast = td_stat(td, "fastpath_interrupts");
	unsigned int i;

	for (i = 0; i < 50 && !fast && !run_to_a_signal(td); i++)
		fast = td_stat(td, "fastpath_interrupts");
	td_destroy(td);
	if (fast < 0)
		ktap_skip(__func__, "this KVM does not count them");
	else
		ktap_result(fast > 0, "%s: %lld", __func__, fast);
}

static void *run_thread(void *arg)
{
	struct vcpu_thread *t = arg;

	run_vcpu(t->td, 0, &t->r);
	return NULL;
}

/* A conversion waits until no vCPU is in the guest; an NMI is a request's. */
static void requests_reach_a_vcpu_that_calls_without_end(void)
{
	/* To APIC 0; delivery mode NMI. */
	struct kvm_msi nmi = { .address_lo = 0xfee00000, .data = 4 << 8 };
	struct vcpu_thread t = {};
	pthread_t thread;
	unsigned int i;

	t.td = fast_calls(&t.r);
	pthread_create(&thread, NULL, run_thread, &t);
	for (i = 0; i < 20; i++) {
		usleep(1000);
		td_set_private(t.td, RAM_BASE, RAM_SIZE, i & 1);
	}
	ktap_result(ioctl(t.td->fd, KVM_SIGNAL_MSI, &nmi) > 0, "an NMI is sent");
	pthread_join(thread, NULL);
	ktap_result(t.r.done && t.r.value[3] == 1, "%s", __func__);
	td_destroy(t.td);
}

/* GUEST_TIMER's third report is the answer to its write of the deadline. */
static void an_msr_filter_refuses_the_deadline(void)
{
	u8 none[1] = {};
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = {
			.flags = KVM_MSR_FILTER_WRITE,
			.base = 0x6e0,
			.nmsrs = 1,
			.bitmap = none,
		},
	};
	struct td *td = td_ready(1, GUEST_TIMER);
	struct result r = {};
	bool ok;

	ok = !ioctl(td->fd, KVM_X86_SET_MSR_FILTER, &filter);
	while (ok && r.nr_halves < 6 && !ioctl(td->vcpu[0].fd, KVM_RUN, 0) &&
	       serve(td, &td->vcpu[0], &r))
		;
	td_destroy(td);
	ktap_result(ok && r.nr_halves == 6 && !r.value[1] &&
		    r.value[2] == INVALID_OPERAND, "%s: %llx", __func__,
		    (unsigned long long)r.value[2]);
}

static void triple_fault_is_a_shutdown(void)
{
	struct result r = run_test(GUEST_TRIPLE_FAULT, NULL);

	ktap_result(!r.last_errno && r.last_exit == KVM_EXIT_SHUTDOWN,
		    "%s: exit %u", __func__, r.last_exit);
}

static void fatal_error_shows_the_registers(void)
{
	struct td *td = NULL;
	struct result r = run_test(GUEST_FATAL, &td);
	struct kvm_run *run = td->vcpu[0].run;

	/* Why the vCPU left: TDCALL; R12 and R14 */
	ktap_result(r.last_exit == KVM_EXIT_SYSTEM_EVENT &&
		    run->system_event.type == KVM_SYSTEM_EVENT_TDX_FATAL &&
		    run->system_event.ndata == 16 &&
		    run->system_event.data[0] == 77 &&
		    run->system_event.data[12] == 0x1234 &&
		    run->system_event.data[14] == 0x4142434445464748,
		    "%s", __func__);
	td_destroy(td);
}

static const struct ktap_test tests[] = {
	TEST(hello_reports_and_stops),
	TEST(cpuid_knows_kvm),
	TEST(operands_that_are_too_wide_are_refused),
	TEST(io_takes_1_2_and_4_bytes_below_64k),
	TEST(port_io_is_counted),
	TEST(mmio_is_for_shared_addresses_only),
	TEST(mmio_access_becomes_ve),
	TEST(msrs_that_are_kvms),
	TEST(msrs_that_kvm_emulates),
	TEST(shared_memory_is_seen_by_both_sides),
	TEST(private_memory_is_added_converted_and_zeroed),
	TEST(memory_of_the_other_kind_is_a_memory_fault),
	TEST(writes_to_shared_memory_are_logged),
	TEST(vmcalls_answer_as_the_ghci_says),
	TEST(map_gpa_says_where_it_stopped),
	TEST(timer_wakes_a_halted_vcpu),
	TEST(ipi_wakes_the_other_vcpu),
	TEST(two_vcpus_meet),
	TEST(nmi_reaches_the_guest),
	TEST(calls_in_a_row_are_answered_and_counted),
	TEST(interrupts_take_the_fast_path),
	TEST(a_signal_ends_calls_without_end),
	TEST(requests_reach_a_vcpu_that_calls_without_end),
	TEST(an_msr_filter_refuses_the_deadline),
	TEST(triple_fault_is_a_shutdown),
	TEST(fatal_error_shows_the_registers),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	/* A guest that waits for ever is a failure, too. */
	alarm(120);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
