// SPDX-License-Identifier: GPL-2.0-only
/*
 * Supervisor protection keys and shadow stacks of TDs: two TDs take turns on one
 * CPU, exit by exit, and each finds its own registers again.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/ioctl.h>

#include "../lib/ktap.h"
#include "td.h"

#define XFAM_CET	(3ULL << 11)
#define NR_TDS		2
#define MAX_VALUES	16
/* What guest_features.c reports. */
enum {
	PKRS_FIRST, PKRS_SECOND, DATA, PK_FAULTS, PK_ERROR,
	SSP, NOTHING, CET_SAME, S_CET, XSS, SSP_SAME, CP_FAULTS, CP_ERROR,
	NR_VALUES,
};

struct run {
	struct td *td;
	u64 value[MAX_VALUES];
	unsigned int nr_halves;
	bool done, failed;
};

static u64 attributes, xfam;

/* One exit to user space. */
static void step(struct run *r)
{
	struct kvm_run *run = r->td->vcpu[0].run;
	u32 val;

	if (ioctl(r->td->vcpu[0].fd, KVM_RUN, 0) ||
	    run->exit_reason != KVM_EXIT_IO) {
		ktap_note("exit_reason %u after %u halves", run->exit_reason,
			  r->nr_halves);
		r->failed = true;
		return;
	}
	if (run->io.port == PORT_DONE) {
		r->done = true;
		return;
	}
	memcpy(&val, (u8 *)run + run->io.data_offset, sizeof(val));
	if (r->nr_halves / 2 < MAX_VALUES)
		r->value[r->nr_halves / 2] |= (u64)val << r->nr_halves % 2 * 32;
	r->nr_halves++;
}

static void take_turns(struct run *runs)
{
	unsigned int i, going = NR_TDS;

	while (going) {
		going = 0;
		for (i = 0; i < NR_TDS; i++) {
			if (runs[i].done || runs[i].failed)
				continue;
			step(&runs[i]);
			going++;
		}
	}
}

/* @value of both TDs is @want. */
static void both(const struct run *runs, unsigned int value, u64 want,
		 const char *what)
{
	ktap_result(runs[0].value[value] == want && runs[1].value[value] == want,
		    "%s", what);
	if (runs[0].value[value] != want || runs[1].value[value] != want)
		ktap_note("%llx and %llx, not %llx",
			  (unsigned long long)runs[0].value[value],
			  (unsigned long long)runs[1].value[value],
			  (unsigned long long)want);
}

static void results(const struct run *runs)
{
	ktap_result(runs[0].done && runs[1].done && runs[0].nr_halves == 2 * NR_VALUES,
		    "two TDs run to their end");
	both(runs, PKRS_FIRST, 1, "IA32_PKRS stays across an exit");
	both(runs, PKRS_SECOND, 1, "and across another one");
	both(runs, PK_FAULTS, 1, "a key that is denied is a page fault");
	/* Present, a read by the supervisor, of a key. */
	both(runs, PK_ERROR, 0x21, "its error code names the key");
	both(runs, DATA, 1, "a key that is not is none");
	both(runs, CET_SAME, 5, "CET's MSRs stay across exits");
	both(runs, S_CET, 1, "so does S_CET");
	both(runs, XSS, 0x1000, "so does IA32_XSS");
	both(runs, SSP_SAME, 1, "so does the shadow stack pointer");
	both(runs, CP_FAULTS, 1, "a wrong return is a control-protection fault");
	both(runs, CP_ERROR, 1, "its error code names a return");
}

/* The two come apart in what the module says, and in what KVM takes. */
static void half_of_cet_is_refused(void)
{
	struct td *td = td_create();

	td_split_irqchip(td);
	ktap_result(td_try_init_vm(td, 0, 1 << 11) != 0, "%s", __func__);
	td_destroy(td);
}

int main(void)
{
	struct run runs[NR_TDS] = {};
	const char *why = td_unavailable();
	cpu_set_t one;
	unsigned int i;

	ktap_start();
	if (!why) {
		td_offered(&attributes, &xfam);
		if (!(attributes & TD_ATTR_PKS) || (xfam & XFAM_CET) != XFAM_CET)
			why = "no protection keys or no CET for TDs";
	}
	if (why) {
		ktap_skip("td_features", why);
		return ktap_finish();
	}
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (i = 0; i < NR_TDS; i++)
		runs[i].td = td_ready_as(1, FEATURES(0x5a + i), TD_ATTR_PKS, XFAM_CET);
	take_turns(runs);
	results(runs);
	for (i = 0; i < NR_TDS; i++)
		td_destroy(runs[i].td);
	half_of_cet_is_refused();
	return ktap_finish();
}
