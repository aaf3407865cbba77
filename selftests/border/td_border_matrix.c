// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every ioctl and capability of KVM's header, on the file descriptors of a TD, in
 * each of its states, with ordinary and with hostile arguments.  What a call has
 * to answer is in matrix.h, which says where it comes from.  After each the
 * kernel log is clean and the TD can be destroyed; where nothing was done to it
 * that it could not survive, it runs first.
 *
 * "td_border_matrix list" prints what the calls answer in the form of matrix.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "border.h"
#include "matrix.h"
#include "uses.h"

#define GROUP_SECONDS	20
/* Of what an argument points to. */
#define SWEEP_BYTES	40

/* --- the calls --- */

struct request {
	const char *name;
	unsigned long nr;
};

static const struct request requests[] = {
#define IOCTL(name)		{ #name, name },
#define IOCTL_ONLY(name, nr)	{ #name, _IOC(_IOC_WRITE, KVMIO, nr, 0) },
#define CAP(name)
#include "ioctls.h"
#undef IOCTL
#undef IOCTL_ONLY
#undef CAP
};

static const struct request caps[] = {
#define IOCTL(name)
#define IOCTL_ONLY(name, nr)
#define CAP(name)		{ #name, name },
#include "ioctls.h"
#undef IOCTL
#undef IOCTL_ONLY
#undef CAP
};

static const struct matrix_row rows[] = {
#define VM(name, ...)		{ FD_VM, #name, { __VA_ARGS__ } },
#define VCPU(name, ...)		{ FD_VCPU, #name, { [STATE_NO_INIT] = __VA_ARGS__ } },
	MATRIX
#undef VM
#undef VCPU
};

static const char *const state_names[] = {
	[STATE_CREATED] = "created", [STATE_INITIALIZED] = "initialized",
	[STATE_NO_INIT] = "without INIT_VCPU", [STATE_RUNNABLE] = "runnable",
	[STATE_RUNNING] = "running", [STATE_DEAD] = "dead",
};

static const char *const arg_names[NR_ARGS] = { "null", "zeroes", "ones" };

/* Not in the table: no ioctl of this file descriptor on x86. */
static const struct answers unknown[] = {
	[FD_VM] = { { ENOTTY, ENOTTY, ENOTTY } },
	[FD_VCPU] = { { EINVAL, EINVAL, EINVAL } },
};

static const struct answers unknown_cap = { { EINVAL, EINVAL, EINVAL } };
static const struct answers dead = { { EIO, EIO, EIO } };

static const struct matrix_row *find_row(enum matrix_fd fd, const char *name)
{
	unsigned int i;

	/* The debug kernel is built without. */
	if (strstr(name, "_XEN_") &&
	    !ioctl(td_dev(), KVM_CHECK_EXTENSION, KVM_CAP_XEN_HVM))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].fd == fd && !strcmp(rows[i].name, name))
			return &rows[i];
	}
	return NULL;
}

static const struct answers *wanted(enum matrix_fd fd, enum matrix_state state,
				    const char *name)
{
	const struct matrix_row *row = find_row(fd, name);

	if (state == STATE_DEAD)
		return &dead;
	if (row)
		return &row->want[state];
	return strncmp(name, "KVM_CAP_", 8) ? &unknown[fd] : &unknown_cap;
}

/* --- a TD in a state --- */

struct subject {
	enum matrix_state state;
	struct td *td;
	pthread_t runner;
	bool stop;
};

static void nothing(int sig)
{
	(void)sig;
}

/* A vCPU that runs, but for a short moment now and then, for other ioctls. */
static void *run_for_ever(void *arg)
{
	struct subject *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_SEQ_CST)) {
		ioctl(s->td->vcpu[0].fd, KVM_RUN, 0);
		usleep(100);
	}
	return NULL;
}

static void *kick_for_ever(void *arg)
{
	struct subject *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_SEQ_CST)) {
		usleep(1000);
		pthread_kill(s->runner, SIGUSR1);
	}
	return NULL;
}

static void make_dead(struct td *td)
{
	/* It uses a page that it has not accepted. */
	if (!ioctl(td->vcpu[0].fd, KVM_RUN, 0) || errno != EIO)
		ktap_note("the TD is not dead");
}

static void subject_up(struct subject *s, enum matrix_state state)
{
	static const enum guest_test tests[] = {
		[STATE_RUNNABLE] = GUEST_HELLO, [STATE_RUNNING] = GUEST_BUSY,
		[STATE_DEAD] = GUEST_TOUCH,
	};
	pthread_t kicker;

	*s = (struct subject){ .state = state };
	if (state >= STATE_RUNNABLE) {
		s->td = td_ready(1, tests[state]);
	} else {
		s->td = td_create();
		td_split_irqchip(s->td);
		if (state >= STATE_INITIALIZED)
			td_init_vm(s->td);
		if (state >= STATE_NO_INIT)
			td_add_vcpu(s->td);
	}
	if (state == STATE_DEAD)
		make_dead(s->td);
	if (state == STATE_RUNNING) {
		signal(SIGUSR1, nothing);
		pthread_create(&s->runner, NULL, run_for_ever, s);
		pthread_create(&kicker, NULL, kick_for_ever, s);
	}
}

/* Does a runnable TD still run? */
static bool subject_runs(struct subject *s)
{
	struct td_vcpu *vcpu = &s->td->vcpu[0];
	unsigned int tries = 4;
	int ret;

	if (s->state != STATE_RUNNABLE)
		return true;
	vcpu->run->immediate_exit = 0;
	do {
		/* A setting may have asked for an exit of another kind first. */
		ret = ioctl(vcpu->fd, KVM_RUN, 0);
	} while (tries-- && (ret || vcpu->run->exit_reason != KVM_EXIT_IO));
	return !ret && vcpu->run->exit_reason == KVM_EXIT_IO;
}

/* --- one call --- */

/* By enum matrix_arg, where there is no struct. */
static const u64 scalars[NR_ARGS] = { 0, 1, ~0ULL };

static bool has_pointer(unsigned long nr)
{
	return _IOC_SIZE(nr);
}

static int fd_of(const struct subject *s, enum matrix_fd fd)
{
	return fd == FD_VM ? s->td->fd : s->td->vcpu[0].fd;
}

static u8 buffer[1 << 16] __attribute__((aligned(4096)));

static unsigned long argument(unsigned long nr, enum matrix_arg arg)
{
	if (!has_pointer(nr))
		return scalars[arg];
	if (arg == ARG_NULL)
		return 0;
	/* Only the struct: what comes behind it is a tail of zeroes. */
	memset(buffer, 0, sizeof(buffer));
	if (arg == ARG_ONES)
		memset(buffer, 0xff, _IOC_SIZE(nr));
	return (uintptr_t)buffer;
}

/* Of all processes. */
static unsigned int *nr_calls;

/* The errno, 0 if there is none; what it opens is closed. */
static int call(const struct subject *s, enum matrix_fd fd, unsigned long nr,
		unsigned long arg)
{
	int ret;

	/* Would wait for a guest that has no reason to stop. */
	if (fd == FD_VCPU && nr == KVM_RUN)
		s->td->vcpu[0].run->immediate_exit = 1;
	ret = ioctl(fd_of(s, fd), nr, arg);
	++*nr_calls;
	if (ret < 0)
		return errno;
	if (nr == KVM_CREATE_VCPU || nr == KVM_GET_STATS_FD ||
	    nr == KVM_CREATE_GUEST_MEMFD)
		close(ret);
	return 0;
}

/* --- groups: one ioctl, or all capabilities, on one TD --- */

struct group {
	enum matrix_fd fd;
	enum matrix_state state;
	const struct request *request;
	bool list;
};

static void print_answers(const struct answers *a)
{
	printf(" A(%d, %d, %d)", a->err[0], a->err[1], a->err[2]);
}

static bool check_answers(const struct group *g, const char *name,
			  const struct answers *got)
{
	const struct answers *want = wanted(g->fd, g->state, name);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < NR_ARGS; i++) {
		if (want->err[i] == got->err[i] || want->err[i] == ANY)
			continue;
		ok = false;
		ktap_note("%s of a %s, %s, %s: errno %d, not %d", name,
			  g->fd == FD_VM ? "TD" : "vCPU", state_names[g->state],
			  arg_names[i], got->err[i], want->err[i]);
	}
	if (g->list) {
		printf("%s(%s, %s", g->fd == FD_VM ? "VM" : "VCPU", name,
		       state_names[g->state]);
		print_answers(got);
		printf(")\n");
	}
	return ok || g->list;
}

/* Every bit of what the argument points to, by itself; any answer will do. */
static void sweep(const struct subject *s, const struct group *g)
{
	unsigned long nr = g->request->nr;
	unsigned int bits = 8 * _IOC_SIZE(nr), bit;

	if (bits > 8 * SWEEP_BYTES)
		bits = 8 * SWEEP_BYTES;
	for (bit = 0; bit < bits; bit++) {
		memset(buffer, 0, sizeof(buffer));
		buffer[bit / 8] = 1 << bit % 8;
		call(s, g->fd, nr, (uintptr_t)buffer);
	}
}

static void tell_group(const char *name, const struct group *g)
{
	char what[128];

	snprintf(what, sizeof(what), "%s of a %s, %s", name,
		 g->fd == FD_VM ? "TD" : "vCPU", state_names[g->state]);
	tell_console(what);
}

static void subject_down(struct subject *s)
{
	/* The threads of a running TD go with the process. */
	if (s->state != STATE_RUNNING)
		td_destroy(s->td);
}

static bool ioctl_group(void *arg)
{
	const struct group *g = arg;
	unsigned long nr = g->request->nr;
	struct answers got;
	struct subject s;
	unsigned int i;
	bool ok;

	subject_up(&s, g->state);
	tell_group(g->request->name, g);
	for (i = 0; i < NR_ARGS; i++)
		got.err[i] = call(&s, g->fd, nr, argument(nr, i));
	ok = check_answers(g, g->request->name, &got);
	/* The guest has no IDT, and does not survive an NMI. */
	if (nr != KVM_NMI && !subject_runs(&s)) {
		ktap_note("the TD does not run any more");
		ok = false;
	}
	if (has_pointer(nr) && !g->list &&
	    (g->state == STATE_CREATED || g->state == STATE_RUNNABLE))
		sweep(&s, g);
	subject_down(&s);
	return ok;
}

static bool cap_group(void *arg)
{
	const struct group *g = arg;
	struct kvm_enable_cap cap;
	struct answers got;
	struct subject s;
	unsigned int i, j;
	bool ok = true;

	subject_up(&s, g->state);
	tell_group("KVM_ENABLE_CAP", g);
	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		for (j = 0; j < NR_ARGS; j++) {
			cap = (struct kvm_enable_cap){
				.cap = caps[i].nr,
				.args = { scalars[j] },
			};
			got.err[j] = call(&s, g->fd, KVM_ENABLE_CAP,
					  (uintptr_t)&cap);
		}
		ok &= check_answers(g, caps[i].name, &got);
		/* No capability has flags. */
		cap = (struct kvm_enable_cap){ .cap = caps[i].nr, .flags = 1 };
		call(&s, g->fd, KVM_ENABLE_CAP, (uintptr_t)&cap);
	}
	if (!subject_runs(&s)) {
		ktap_note("the TD does not run any more");
		ok = false;
	}
	subject_down(&s);
	return ok;
}

/*
 * One TD for all that have the same answer: those of other architectures, and
 * every ioctl of a dead TD.
 */
static bool same_answer_group(void *arg)
{
	struct group g = *(const struct group *)arg;
	struct subject s;
	unsigned int i, j;
	bool ok = true;

	subject_up(&s, g.state);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		struct answers got;

		if (g.state != STATE_DEAD && find_row(g.fd, requests[i].name))
			continue;
		for (j = 0; j < NR_ARGS; j++)
			got.err[j] = call(&s, g.fd, requests[i].nr,
					  argument(requests[i].nr, j));
		ok &= check_answers(&g, requests[i].name, &got);
	}
	ok &= subject_runs(&s);
	subject_down(&s);
	return ok;
}

/*
 * All uses of one file descriptor, on one TD: none of them gets in the way of
 * those that come after it.
 */
static bool uses_group(void *arg)
{
	const struct group *g = arg;
	const struct use *use = g->fd == FD_VM ? vm_uses : vcpu_uses;
	struct subject s;
	bool ok = true;

	subject_up(&s, g->state);
	for (; use->name; use++) {
		int want = use->want[g->state], err;

		if (want == ANY)
			continue;
		tell_group(use->name, g);
		err = use->use(s.td);
		++*nr_calls;
		if (err == want)
			continue;
		ktap_note("%s, %s: errno %d, not %d", use->name,
			  state_names[g->state], err, want);
		ok = false;
	}
	if (!subject_runs(&s)) {
		ktap_note("the TD does not run any more");
		ok = false;
	}
	subject_down(&s);
	return ok;
}

/* --- tests --- */

static bool list;

static bool run_group(bool (*fn)(void *), struct group *g, const char *name)
{
	enum fate fate;

	g->list = list;
	fate = contain(fn, g, GROUP_SECONDS);
	if (fate != FATE_PASSED && !list)
		ktap_note("%s of a %s, %s: %s", name,
			  g->fd == FD_VM ? "TD" : "vCPU", state_names[g->state],
			  fate_names[fate]);
	return !log_has_report() && fate == FATE_PASSED;
}

static bool in_each_state(bool (*fn)(void *), enum matrix_fd fd,
			  const struct request *request, const char *name)
{
	struct group g = { .fd = fd, .request = request };
	bool ok = true;

	for (g.state = fd == FD_VM ? STATE_CREATED : STATE_NO_INIT;
	     g.state <= STATE_RUNNING; g.state++)
		ok &= run_group(fn, &g, name);
	return ok;
}

static const char *filter;

static void test_row(enum matrix_fd fd, const struct request *request)
{
	if (!find_row(fd, request->name) ||
	    (filter && !strstr(request->name, filter)))
		return;
	ktap_result(in_each_state(ioctl_group, fd, request, request->name),
		    "%s of a %s answers as mainline's, and does no harm",
		    request->name, fd == FD_VM ? "TD" : "vCPU");
}

static void test_uses(enum matrix_fd fd, const char *what)
{
	struct group g = { .fd = fd };

	for (g.state = fd == FD_VM ? STATE_CREATED : STATE_NO_INIT;
	     g.state <= STATE_RUNNING; g.state++)
		ktap_result(run_group(uses_group, &g, "uses"),
			    "real uses of %s, %s, answer as mainline's", what,
			    state_names[g.state]);
}

static void test_fd(enum matrix_fd fd, const char *what)
{
	struct group g = { .fd = fd };
	unsigned int i;

	if (!filter || !strcmp(filter, "uses"))
		test_uses(fd, what);
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		test_row(fd, &requests[i]);
	if (filter)
		return;
	ktap_result(in_each_state(same_answer_group, fd, NULL, "the others"),
		    "%s has no other ioctl", what);
	g.state = STATE_DEAD;
	ktap_result(run_group(same_answer_group, &g, "any"),
		    "%s answers EIO once it is dead", what);
	ktap_result(in_each_state(cap_group, fd, NULL, "KVM_ENABLE_CAP"),
		    "every capability of %s answers as mainline's", what);
}

/*
 * The address space of a TD has gone, and its KeyID with it, but another process
 * has the file descriptors: only a hole in guest_memfd is left to be asked for.
 */
static void ask_without_key(struct td *td, int result)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		ok &= ioctl(td->fd, requests[i].nr, buffer) < 0 && errno == EIO;
		ok &= ioctl(td->vcpu[0].fd, requests[i].nr, buffer) < 0 &&
		      errno == EIO;
	}
	ok &= !fallocate(td->image_memfd, FALLOC_FL_PUNCH_HOLE |
			 FALLOC_FL_KEEP_SIZE, 0, IMAGE_SIZE);
	close(td->image_memfd);
	close(td->ram_memfd);
	close(td->vcpu[0].fd);
	close(td->fd);
	if (write(result, &ok, 1) != 1)
		_exit(1);
	_exit(0);
}

static void only_holes_are_left_without_an_address_space(void)
{
	int gone[2], result[2];
	bool ok = false;
	char c;

	if (pipe(gone) || pipe(result))
		return;
	if (!fork()) {
		struct td *td = td_ready(1, GUEST_HELLO);

		if (fork())
			_exit(0);
		/* Nobody has the other end any more. */
		close(gone[1]);
		if (!read(gone[0], &c, 1))
			ask_without_key(td, result[1]);
		_exit(1);
	}
	close(gone[1]);
	close(result[1]);
	ok = read(result[0], &ok, 1) == 1 && ok;
	wait(NULL);
	ktap_result(ok, "%s", __func__);
}

/* There is no I/O APIC of KVM's for a TD, and the split one stays possible. */
static bool irqchip(void *arg)
{
	struct td *td = td_create();
	bool ok = ioctl(td->fd, KVM_CREATE_IRQCHIP, 0) && errno == ENOTTY;

	(void)arg;
	td_split_irqchip(td);
	td_destroy(td);
	return ok;
}

static void create_irqchip_leaves_the_split_one_possible(void)
{
	enum fate fate = contain(irqchip, NULL, GROUP_SECONDS);

	ktap_result(fate == FATE_PASSED, "%s: %s", __func__, fate_names[fate]);
}

static void a_pmu_can_only_be_refused(void)
{
	struct kvm_enable_cap pmu = { .cap = KVM_CAP_PMU_CAPABILITY };
	struct td *td;
	bool ok;

	if (!ioctl(td_dev(), KVM_CHECK_EXTENSION, KVM_CAP_PMU_CAPABILITY)) {
		ktap_skip(__func__, "KVM has no PMU on this machine");
		return;
	}
	td = td_create();
	ok = ioctl(td->fd, KVM_ENABLE_CAP, &pmu) && errno == EINVAL;
	pmu.args[0] = KVM_PMU_CAP_DISABLE;
	ok &= !ioctl(td->fd, KVM_ENABLE_CAP, &pmu);
	td_destroy(td);
	ktap_result(ok, "%s", __func__);
}

/* Each flag, with each byte of the struct. */
static bool events(void *arg)
{
	struct group g = { .fd = FD_VCPU, .state = STATE_RUNNABLE };
	struct kvm_vcpu_events events;
	unsigned int flag, byte;
	struct subject s;

	(void)arg;
	subject_up(&s, g.state);
	tell_group("KVM_SET_VCPU_EVENTS with flags", &g);
	for (flag = 0; flag < 7; flag++) {
		for (byte = 0; byte < SWEEP_BYTES; byte++) {
			memset(&events, 0, sizeof(events));
			((u8 *)&events)[byte] = 1;
			events.flags |= 1U << flag;
			call(&s, FD_VCPU, KVM_SET_VCPU_EVENTS,
			     (uintptr_t)&events);
		}
	}
	td_destroy(s.td);
	return true;
}

static void no_vcpu_event_does_harm(void)
{
	enum fate fate = contain(events, NULL, GROUP_SECONDS);

	ktap_result(!log_has_report() && fate == FATE_PASSED, "%s: %s", __func__,
		    fate_names[fate]);
}

static void every_number_of_the_header_is_asked_for(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int j, found = 0;

		for (j = 0; j < ARRAY_SIZE(requests); j++)
			found += !strcmp(rows[i].name, requests[j].name);
		for (j = 0; j < ARRAY_SIZE(caps); j++)
			found += !strcmp(rows[i].name, caps[j].name);
		bad += found != 1;
	}
	ktap_result(!bad, "%s: %zu ioctls, %zu capabilities, %zu rows", __func__,
		    ARRAY_SIZE(requests), ARRAY_SIZE(caps), ARRAY_SIZE(rows));
}

int main(int argc, char **argv)
{
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	list = argc > 1 && !strcmp(argv[1], "list");
	filter = argc > 1 && !list ? argv[1] : NULL;
	ktap_start();
	log_has_report();
	nr_calls = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!filter) {
		every_number_of_the_header_is_asked_for();
		only_holes_are_left_without_an_address_space();
		create_irqchip_leaves_the_split_one_possible();
	}
	if (!filter || strstr("a_pmu_can_only_be_refused", filter))
		a_pmu_can_only_be_refused();
	test_fd(FD_VM, "a TD");
	test_fd(FD_VCPU, "a vCPU of a TD");
	if (!filter || strstr("no_vcpu_event_does_harm", filter))
		no_vcpu_event_does_harm();
	ktap_note("%u calls", *nr_calls);
	return ktap_finish();
}
