// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that do anything, see guest_hostile.c.  Each has to come to its last
 * step, or to end in a way that the interface has for it; the module may not
 * give up a TD because of what its guest did, and the host hears nothing.
 *
 * "td_hostile SEED" runs one guest and says what became of each step.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

#define NR_SEEDS	6
#define TICK_US		4000
/* Where each fault of a guest that gets on takes milliseconds. */
#define TICK_US_DEBUG	100000
/* Ticks without an exit until the guest gets an NMI, and until it is let go. */
#define TICKS_TO_NMI	2
#define TICKS_TO_END	12
#define MAX_EXITS	20000

/* Bits 63:62 of a status: an error, or no way to go on. */
#define STATUS_BAD	(3ULL << 62)

enum end { END_DONE, END_SHUTDOWN, END_FATAL, END_MEMORY, END_LOST, END_EXIT,
	   END_STUCK, NR_ENDS, END_WRONG };

static const char * const end_names[NR_ENDS] = {
	"done", "shut down", "said so", "used memory that is not there",
	"used memory that is not accepted", "did what KVM does not serve",
	"looped",
};

static const char * const kinds[HOSTILE_KINDS] = {
	"MSR", "CPUID", "control register", "TDCALL", "odd instruction",
	"user code", "bytes", "bytes",
};

struct hostile {
	struct td *td;
	unsigned int exits, idle;
	u64 steps;
	const char *kind;
	unsigned int vectors[256];
	bool verbose;
};

static void tick(int sig)
{
	(void)sig;
}

/* Only while a guest runs: other calls are not made again after a signal. */
static void tick_every(unsigned int us)
{
	struct itimerval timer = {
		.it_interval = { .tv_usec = us },
		.it_value = { .tv_usec = us },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_report(struct hostile *h, u32 val)
{
	h->vectors[val & 0xff]++;
	h->steps++;
	h->kind = kinds[(val >> 8) % HOSTILE_KINDS];
	if (h->verbose)
		ktap_note("vector %u; step %u: %s", val & 0xff, val >> 12,
			  h->kind);
}

/* Returns true at the guest's own end. */
static bool serve_io(struct hostile *h, struct kvm_run *run)
{
	void *data = (u8 *)run + run->io.data_offset;
	u32 val = 0;

	if (run->io.direction == KVM_EXIT_IO_IN) {
		memset(data, 0x5a, run->io.size);
		return false;
	}
	memcpy(&val, data, run->io.size);
	if (run->io.port == PORT_VALUE && run->io.size == 4)
		on_report(h, val);
	return run->io.port == PORT_DONE && h->steps >= HOSTILE_STEPS;
}

/* NR_ENDS to go on. */
static enum end serve(struct hostile *h, struct kvm_run *run)
{
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return serve_io(h, run) ? END_DONE : NR_ENDS;
	case KVM_EXIT_MMIO:
		memset(run->mmio.data, 0x5a, sizeof(run->mmio.data));
		return NR_ENDS;
	case KVM_EXIT_HYPERCALL:
		/* What it asks to be converted stays as it is. */
		run->hypercall.ret = 0;
		return NR_ENDS;
	case KVM_EXIT_TDX:
		return NR_ENDS;
	case KVM_EXIT_SHUTDOWN:
		return END_SHUTDOWN;
	case KVM_EXIT_SYSTEM_EVENT:
		return END_FATAL;
	case KVM_EXIT_INTERNAL_ERROR:
		if (run->internal.ndata >= 1 &&
		    !(run->internal.data[0] & STATUS_BAD))
			return END_EXIT;
		ktap_note("status %llx",
			  (unsigned long long)run->internal.data[0]);
		return END_WRONG;
	default:
		return END_WRONG;
	}
}

/* A tick: an NMI gets a guest that loops out of it, unless it lost its way. */
static enum end on_tick(struct hostile *h)
{
	h->idle++;
	if (h->idle >= TICKS_TO_END)
		return END_STUCK;
	if (h->idle >= TICKS_TO_NMI)
		ioctl(h->td->vcpu[0].fd, KVM_NMI);
	return NR_ENDS;
}

static enum end run(struct hostile *h)
{
	struct td_vcpu *vcpu = &h->td->vcpu[0];
	enum end end = NR_ENDS;

	while (end == NR_ENDS && h->exits < MAX_EXITS) {
		int ret = ioctl(vcpu->fd, KVM_RUN, 0);

		if (ret && errno == EINTR) {
			end = on_tick(h);
			continue;
		}
		if (ret && errno == EFAULT &&
		    vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT)
			return END_MEMORY;
		if (ret && errno == EIO)
			return END_LOST;
		if (ret)
			return END_WRONG;
		h->exits++;
		h->idle = 0;
		end = serve(h, vcpu->run);
	}
	return end == NR_ENDS ? END_STUCK : end;
}

static struct hostile total;
static unsigned int ends[NR_ENDS];

static void add_up(const struct hostile *h, enum end end)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		total.vectors[i] += h->vectors[i];
	total.steps += h->steps;
	total.exits += h->exits;
	ends[end]++;
}

/* selftests/debug-kernel names its kernel so. */
static bool kernel_is_slow(void)
{
	struct utsname uts;

	return !uname(&uts) && strstr(uts.release, "-tdxdebug");
}

static bool one_seed(unsigned int seed, bool verbose)
{
	struct td *td = td_ready(1, HOSTILE(seed));
	struct hostile h = { .td = td, .verbose = verbose, .kind = "none" };
	enum end end;

	tick_every(kernel_is_slow() ? TICK_US_DEBUG : TICK_US);
	end = run(&h);
	tick_every(0);
	if (end == END_WRONG)
		ktap_note("seed %u: exit %u errno %d after %llu steps", seed,
			  td->vcpu[0].run->exit_reason, errno,
			  (unsigned long long)h.steps);
	else
		add_up(&h, end);
	if (end != END_WRONG)
		ktap_note("seed %u: %s after %llu steps, the last: %s", seed,
			  end_names[end], (unsigned long long)h.steps, h.kind);
	td_destroy(td);
	return end != END_WRONG;
}

static void every_guest_ends_as_documented(void)
{
	unsigned int seed, bad = 0, i;

	for (seed = 1; seed <= NR_SEEDS; seed++)
		bad += !one_seed(seed, false);
	for (i = 0; i < NR_ENDS; i++)
		ktap_note("%u guests: %s", ends[i], end_names[i]);
	for (i = 0; i < 256; i++)
		if (total.vectors[i])
			ktap_note("vector %u: %u times", i, total.vectors[i]);
	ktap_result(!bad, "%s: %llu steps, %u exits", __func__,
		    (unsigned long long)total.steps, total.exits);
}

/* The steps have to be of all kinds, or the test says nothing. */
static void the_guests_got_around(void)
{
	ktap_result(total.vectors[6] && total.vectors[13] && total.vectors[14] &&
		    total.vectors[20] && total.vectors[1] &&
		    total.vectors[0xf0] && total.steps > 50 * NR_SEEDS,
		    "%s", __func__);
}

static const struct ktap_test tests[] = {
	TEST(every_guest_ends_as_documented),
	TEST(the_guests_got_around),
};

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = tick };
	const char *why = td_unavailable();

	if (why)
		ktap_skip_all(why);
	sigaction(SIGALRM, &act, NULL);
	if (argc > 1)
		return !one_seed(strtoul(argv[1], NULL, 0), true);
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
