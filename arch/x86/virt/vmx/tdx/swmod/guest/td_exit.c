// SPDX-License-Identifier: GPL-2.0-only
/*
 * TD exits: the registers with which TDH.VP.ENTER returns.  Whatever is not
 * listed here is zero, so that nothing of the guest leaks.  RSP is the host's
 * own throughout, and RBP if the TD was made with NO_RBP_MOD.
 */
#include "guest/guest.h"

static void sw_clear_host(const struct sw_run *run)
{
	struct sw_regs *r = run->host;
	u64 rsp = r->rsp, rbp = r->rbp;

	memset(r, 0, sizeof(*r));
	r->rsp = rsp;
	if (run->td->tdcs->config_flags & SW_CFG_NO_RBP_MOD)
		r->rbp = rbp;
}

/* An asynchronous exit; @status is 0 or a status class. */
enum sw_next sw_td_exit(struct sw_run *run, u64 status)
{
	const struct sw_exit *x = &run->exit;
	struct sw_regs *r = run->host;

	sw_clear_host(run);
	r->rax = status | x->reason;
	r->rcx = (u32)x->qualification;
	if (x->intr_info & SW_INTR_VALID)
		r->r9 = x->intr_info;
	run->vp->last_exit = SW_EXIT_ASYNC_FAULT;
	return SW_NEXT_EXIT;
}

enum sw_next sw_td_exit_ept(struct sw_run *run, u64 gpa, u64 qualification,
			    u64 ext)
{
	struct sw_regs *r = run->host;

	sw_clear_host(run);
	r->rax = SW_XR_EPT_VIOLATION;
	r->rcx = (u32)(qualification & ~SW_EQ_HIDDEN);
	r->rdx = ext;
	r->r8 = gpa & ~(SW_PAGE_SIZE - 1);
	run->vp->last_exit = SW_EXIT_ASYNC_FAULT;
	return SW_NEXT_EXIT;
}

static u64 *sw_gpr(struct sw_regs *r, unsigned int i)
{
	/* struct sw_regs is in the order of the register numbers. */
	return (u64 *)r + i;
}

/* The guest's RCX says which registers it shows to the host. */
enum sw_next sw_td_exit_vmcall(struct sw_run *run)
{
	struct sw_tdvps *vp = run->vp;
	u64 mask = vp->gpr.rcx;
	unsigned int i;

	sw_clear_host(run);
	for (i = 2; i < 16; i++)
		if (mask & (1u << i))
			*sw_gpr(run->host, i) = *sw_gpr(&vp->gpr, i);
	run->host->rax = SW_XR_TDCALL;
	run->host->rcx = mask;
	vp->vmcall_mask = mask;
	vp->last_exit = SW_EXIT_TDVMCALL;
	return SW_NEXT_EXIT;
}

/*
 * Nobody runs this vCPU again.  A status that names the TD takes all of it:
 * leaves find TDR.FATAL from now on.
 */
enum sw_next sw_td_exit_fatal(struct sw_run *run, u64 status)
{
	sw_td_exit(run, status);
	/* Locks on both are only shared: others read these meanwhile. */
	sw_store(&run->vp->state, (u32)SW_VCPU_DISABLED);
	if (status != SW_NON_RECOVERABLE_VCPU)
		sw_store(&run->td->tdr->fatal, (u8)1);
	return SW_NEXT_EXIT;
}

/* The host of a debug TD may have asked for it; nobody else can have. */
enum sw_next sw_exit_unexpected(struct sw_run *run)
{
	if (run->exit.reason != SW_XR_NO_ENTRY && sw_td_is_debug(run))
		return sw_td_exit(run, 0);
	return sw_td_exit_fatal(run, SW_NON_RECOVERABLE_TD);
}
