// SPDX-License-Identifier: GPL-2.0-only
/* See mmu_guest.h.  This file sees the module's side, not KVM's. */
#include "mmu_guest.h"
#include "mmu_machine.h"
#include "vp_script.h"

#define TDG_VEINFO_GET	3
#define TDG_ACCEPT	6
/* Always the same, so that faults in a row are faults at one RIP. */
#define USE_RIP		0x1800ULL
/* Where the guest is after each step, which is progress. */
#define NEXT_RIP	0x1900ULL
/* How often a watcher looks away. */
#define WATCHES		6

enum phase { USE, SEE_VE, ACCEPT };

static __thread struct guest_step *now;
static __thread const bool *leave;

static bool kicked(void)
{
	return __atomic_load_n(leave, __ATOMIC_RELAXED);
}

static void exit_timer(struct sw_run *run)
{
	exit_with(run, SW_XR_EXTERNAL_INTERRUPT, 0);
	run->exit.intr_info = SCRIPT_TIMER;
}

static void finish(struct sw_run *run, u64 status)
{
	now->status = status;
	now->done = true;
	sw_guest_write(run, SW_VM_GUEST_RIP, NEXT_RIP);
	exit_timer(run);
}

static void tdcall(struct sw_run *run, u64 leaf, u64 rcx)
{
	now->issued = true;
	exit_tdcall(run, leaf, rcx);
}

/* Each of the three returns true if it caused an exit, false for the next phase. */
static bool use(struct sw_run *run)
{
	bool write = now->kind == GUEST_WRITE;
	u64 *p = sw_gpa_ptr(run, now->gpa, write);

	if (!p) {
		sw_guest_write(run, SW_VM_GUEST_RIP, USE_RIP);
		exit_ept(run, now->gpa, write ? SW_EQ_WRITE : SW_EQ_READ);
		return true;
	}
	if (write)
		*p = now->value;
	else
		now->value = *p;
	finish(run, 0);
	return true;
}

static bool see_ve(struct sw_run *run)
{
	if (!now->issued) {
		tdcall(run, TDG_VEINFO_GET, 0);
		return true;
	}
	now->issued = false;
	if (run->vp->gpr.rax || run->vp->gpr.r9 != now->gpa) {
		finish(run, GUEST_BAD);
		return true;
	}
	now->phase = ACCEPT;
	return false;
}

static bool is_busy(u64 status)
{
	return GUEST_STATUS(status) == SW_OPERAND_BUSY ||
	       GUEST_STATUS(status) == SW_OPERAND_BUSY_HOST_PRIORITY;
}

static bool accept(struct sw_run *run)
{
	u64 gpa = now->gpa & ~(SW_LEVEL_SIZE(now->level) - 1);
	u64 status = run->vp->gpr.rax;

	if (!now->issued) {
		tdcall(run, TDG_ACCEPT, gpa | now->level);
		return true;
	}
	now->issued = false;
	if (is_busy(status)) {
		fake_relax();
		return false;
	}
	if (now->kind == GUEST_ACCEPT) {
		finish(run, status);
		return true;
	}
	if (GUEST_STATUS(status) == GUEST_SIZE_MISMATCH && now->level) {
		now->level--;
		return false;
	}
	if (status && GUEST_STATUS(status) != GUEST_ALREADY_ACCEPTED) {
		finish(run, status);
		return true;
	}
	now->phase = USE;
	return false;
}

/* A translation, as a TLB may keep it until the vCPU is made to leave. */
static void watch(struct sw_run *run)
{
	void *p = sw_gpa_ptr(run, now->gpa, false);
	u64 pa = TDMR_BASE + ((char *)p - (char *)sw_va(TDMR_BASE));
	unsigned int i;

	for (i = 0; p && i < WATCHES && !kicked(); i++)
		fake_relax();
	finish(run, p && machine_page_type(pa) != SW_PT_REG ? GUEST_BAD : 0);
}

static void run_step(struct sw_run *run)
{
	bool out = false;

	if (script.injected == SCRIPT_VE) {
		now->phase = SEE_VE;
		now->issued = false;
	} else if (script.injected) {
		finish(run, GUEST_BAD);
		return;
	}
	if (now->kind == GUEST_WATCH) {
		watch(run);
		return;
	}
	while (!out) {
		/* In the middle of a #VE the guest takes no interrupt. */
		if (now->phase != SEE_VE && !now->issued && kicked()) {
			exit_timer(run);
			return;
		}
		if (now->phase == USE)
			out = use(run);
		else if (now->phase == SEE_VE)
			out = see_ve(run);
		else
			out = accept(run);
	}
}

void guest_enter(unsigned int i, struct guest_step *step, const bool *kicked,
		 struct guest_exit *exit)
{
	struct sw_regs r = { .rcx = machine_vcpu(i)->pages[0] };

	now = step;
	leave = kicked;
	/* What an exit interrupted is done again. */
	step->issued = false;
	if (step->kind == GUEST_ACCEPT)
		step->phase = ACCEPT;
	exit->status = seamcall_on(i, SW_LEAF_VP_ENTER, &r);
	exit->qual = r.rcx;
	exit->ext = r.rdx;
	exit->gpa = r.r8;
}

void guest_init(unsigned int nr_vcpus)
{
	unsigned int i;

	guest = run_step;
	for (i = 0; i < nr_vcpus; i++)
		mode_64bit(machine_vcpu(i));
}
