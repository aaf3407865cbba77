// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events for the guest.  At most one waits in TDVPS, in the form in which the
 * next entry delivers it; it survives a TD exit in between.  What the
 * processor was delivering when an exit interrupted it comes first, then the
 * exceptions of emulated instructions, then an NMI that the host asked for.
 */
#include "guest/guest.h"

/* The bits of IDT-vectoring information that an entry accepts. */
#define SW_EVENT_MASK	(SW_INTR_VALID | SW_INTR_ERROR_CODE | 0x7ff)

void sw_inject(struct sw_run *run, u8 vector, s64 error)
{
	struct sw_event *ev = &run->vp->event;

	ev->info = SW_INTR_VALID | SW_INTR_HW_EXCEPTION << 8 | vector;
	ev->error = 0;
	ev->instr_len = 0;
	if (error == SW_NO_ERROR)
		return;
	ev->info |= SW_INTR_ERROR_CODE;
	ev->error = error;
}

enum sw_next sw_inject_ud(struct sw_run *run)
{
	sw_inject(run, SW_VEC_UD, SW_NO_ERROR);
	return SW_NEXT_RESUME;
}

enum sw_next sw_inject_gp(struct sw_run *run)
{
	sw_inject(run, SW_VEC_GP, 0);
	return SW_NEXT_RESUME;
}

/* A guest that has not fetched the last #VE yet gets a double fault. */
enum sw_next sw_inject_ve(struct sw_run *run, enum sw_ve_category category)
{
	const struct sw_exit *x = &run->exit;
	struct sw_ve_info *ve = &run->vp->ve;

	if (ve->valid) {
		sw_inject(run, SW_VEC_DF, 0);
		return SW_NEXT_RESUME;
	}
	ve->exit_reason = x->reason & SW_XR_BASIC_MASK;
	ve->qualification = x->qualification;
	ve->gla = x->gla;
	ve->gpa = x->gpa;
	ve->eptp_index = 0;
	ve->instr_length = x->instr_len;
	ve->instr_info = x->instr_info;
	if (ve->exit_reason == SW_XR_EPT_VIOLATION) {
		/* Not an instruction exit: length and information mean nothing. */
		ve->instr_length = 0;
		ve->instr_info = 0;
	}
	ve->category = category;
	ve->interruptibility = sw_guest_read(run, SW_VM_GUEST_INTERRUPTIBILITY);
	ve->valid = ~0u;
	sw_inject(run, SW_VEC_VE, SW_NO_ERROR);
	return SW_NEXT_RESUME;
}

static void sw_block_nmi(struct sw_run *run, bool block)
{
	u64 state = sw_guest_read(run, SW_VM_GUEST_INTERRUPTIBILITY);
	u64 want = block ? state | SW_BLOCK_NMI : state & ~SW_BLOCK_NMI;

	if (want != state)
		sw_guest_write(run, SW_VM_GUEST_INTERRUPTIBILITY, want);
}

/* Did an IRET that faulted unblock NMIs before it was done? */
static bool sw_iret_unblocked(const struct sw_exit *x)
{
	switch (x->reason) {
	case SW_XR_EXCEPTION:
		return (x->intr_info & SW_INTR_VALID) &&
		       (x->intr_info & SW_INTR_NMI_UNBLOCKED) &&
		       SW_INTR_VECTOR(x->intr_info) != SW_VEC_DF;
	case SW_XR_EPT_VIOLATION:
	case SW_XR_NOTIFY:
		return x->qualification & SW_EQ_NMI_UNBLOCKED;
	default:
		return false;
	}
}

/* Keep the event whose delivery the exit interrupted. */
void sw_save_vectoring(struct sw_run *run)
{
	const struct sw_exit *x = &run->exit;
	struct sw_event *ev = &run->vp->event;

	if (!(x->idt_info & SW_INTR_VALID)) {
		if (sw_iret_unblocked(x))
			sw_block_nmi(run, true);
		return;
	}
	ev->info = x->idt_info & SW_EVENT_MASK;
	ev->error = x->idt_error;
	ev->instr_len = x->instr_len;
	/* The NMI is delivered once more, which must not find it blocked. */
	if (SW_INTR_TYPE(ev->info) == SW_INTR_NMI)
		sw_block_nmi(run, false);
}

/*
 * Delivery ends the shadow of STI and MOV SS.  With it, an entry would want a
 * single-step trap to be pending if the guest has TF set, and fail.
 */
static void sw_end_shadow(struct sw_run *run)
{
	const u64 shadow = SW_BLOCK_STI | SW_BLOCK_MOV_SS;
	u64 state = sw_guest_read(run, SW_VM_GUEST_INTERRUPTIBILITY);

	if (state & shadow)
		sw_guest_write(run, SW_VM_GUEST_INTERRUPTIBILITY,
			       state & ~shadow);
}

static void sw_arm_event(struct sw_run *run, struct sw_event *ev)
{
	sw_end_shadow(run);
	sw_guest_write(run, SW_VM_ENTRY_INTR_INFO, ev->info);
	if (ev->info & SW_INTR_ERROR_CODE)
		sw_guest_write(run, SW_VM_ENTRY_INTR_ERROR, ev->error);
	if (SW_INTR_TYPE(ev->info) >= SW_INTR_SOFT)
		sw_guest_write(run, SW_VM_ENTRY_INSTR_LEN, ev->instr_len);
	ev->info = 0;
}

/* Before every entry. */
void sw_arm_entry(struct sw_run *run)
{
	struct sw_tdvps *vp = run->vp;
	struct sw_event nmi = {
		.info = SW_INTR_VALID | SW_INTR_NMI << 8 | SW_VEC_NMI,
	};
	u64 blocked;

	if (vp->event.info & SW_INTR_VALID) {
		sw_arm_event(run, &vp->event);
		sw_guest_nmi_window(run, vp->pend_nmi);
		return;
	}
	if (vp->pend_nmi) {
		blocked = sw_guest_read(run, SW_VM_GUEST_INTERRUPTIBILITY) &
			  (SW_BLOCK_NMI | SW_BLOCK_STI | SW_BLOCK_MOV_SS);
		if (!blocked) {
			sw_arm_event(run, &nmi);
			vp->pend_nmi = 0;
		}
	}
	sw_guest_nmi_window(run, vp->pend_nmi);
}

/*
 * Past an emulated instruction, which also ends the STI and MOV SS shadow and
 * is followed by a single-step trap if the guest asked for one.  The guest got
 * on, which matters if a TDVMCALL follows: the next entry brings the answer
 * and may not be turned down for faults before it.
 */
void sw_skip(struct sw_run *run, u32 len)
{
	u64 rip = sw_guest_read(run, SW_VM_GUEST_RIP) + len;

	if ((sw_guest_read(run, SW_VM_GUEST_RFLAGS) & SW_RFLAGS_TF) &&
	    !(sw_guest_read(run, SW_VM_GUEST_DEBUGCTL) & SW_DEBUGCTL_BTF))
		sw_guest_write(run, SW_VM_GUEST_PENDING_DBG, SW_PENDING_BS);
	if (!sw_in_64bit(run))
		rip = (u32)rip;
	sw_guest_write(run, SW_VM_GUEST_RIP, rip);
	sw_step_exit(run);
	sw_end_shadow(run);
}

/* SS.DPL is the CPL in every mode. */
unsigned int sw_cpl(struct sw_run *run)
{
	return SW_AR_DPL(sw_guest_read(run, SW_VM_GUEST_SS_AR));
}

bool sw_in_64bit(struct sw_run *run)
{
	return (sw_guest_read(run, SW_VM_GUEST_EFER) & SW_EFER_LMA) &&
	       (sw_guest_read(run, SW_VM_GUEST_CS_AR) & SW_AR_L);
}
