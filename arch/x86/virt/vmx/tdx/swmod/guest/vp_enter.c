// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.VP.ENTER: check, then run the TD's vCPU until something happens that
 * the host has to know about.
 */
#include "guest/guest.h"

#define SW_ENTER_HINT		(1ULL << 52)	/* host recoverability */
#define SW_ENTER_RESUME_L1	(1ULL << 53)
#define SW_ENTER_RESERVED	(~0ULL << 54)
#define SW_NOTIFY_STEPPING	(1ULL << 0)	/* NOTIFY_ENABLES */

#define SW_XSAVE_MXCSR		24
#define SW_MXCSR_RESET		0x1f80
#define SW_MISC_ENABLE_RESET	0x1801	/* fast strings, no BTS, no PEBS */
#define SW_DR6_RESET		0xffff0ff0

/* Everything that VP.ENTER has taken, in the order in which it was. */
struct sw_enter {
	struct sw_page page;
	struct sw_td td;
	struct sw_tdvps *vp;
	u64 flags;
};

/* What a back end's VP.INIT has in common: the pages behind the vCPU. */
void sw_guest_init_common(struct sw_td *td, struct sw_tdvps *vp)
{
	u8 *xbuff = sw_tdvps_page(vp, SW_TDVPS_XBUFF);
	u64 *root = sw_tdvps_page(vp, SW_TDVPS_EPT_ROOT);
	unsigned int i;

	memset(xbuff, 0, SW_PAGE_SIZE);
	*(u32 *)(xbuff + SW_XSAVE_MXCSR) = SW_MXCSR_RESET;
	memset(sw_tdvps_page(vp, SW_TDVPS_VAPIC), 0, SW_PAGE_SIZE);
	for (i = 0; i < SW_PAGE_SIZE / sizeof(*root); i++)
		root[i] = SW_EPT_SVE;
	vp->dr6 = SW_DR6_RESET;
	vp->xcr0 = 1;
	vp->misc_enable = SW_MISC_ENABLE_RESET;
}

static u64 sw_enter_get(struct sw_cpu *cpu, struct sw_regs *r,
			struct sw_enter *en, bool *fresh)
{
	u64 pa = r->rcx & ~(SW_ENTER_HINT | SW_ENTER_RESUME_L1);
	u64 err;

	err = sw_check_cpuid_limit();
	if (err)
		return err;
	if (r->rcx & SW_ENTER_RESERVED)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	en->flags = r->rcx & (SW_ENTER_HINT | SW_ENTER_RESUME_L1);
	err = sw_page_get(pa, 0, SW_SHARED, SW_PT_TDVPR, SW_OPND_RCX,
			  &en->page);
	if (err)
		return err;
	en->vp = sw_va(pa);
	err = sw_td_get(sw_page_owner(&en->page), SW_SHARED, SW_SHARED,
			SW_TDH_VP_ENTER, SW_OPND_TDR, true, &en->td);
	if (err)
		return err;
	if (en->vp->num_pages < SW_TDVPS_PAGES)
		return SW_TDCX_NUM_INCORRECT;
	if (sw_load(&en->vp->state) != SW_VCPU_READY)
		return SW_VCPU_STATE_INCORRECT | sw_load(&en->vp->state);
	return sw_vp_associate(cpu, &en->td, en->vp, fresh);
}

static u64 sw_enter_check(const struct sw_enter *en)
{
	const struct sw_tdvps *vp = en->vp;
	u64 err;

	if ((en->flags & SW_ENTER_HINT) && vp->last_exit != SW_EXIT_ASYNC_TRAP)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	/* There is no L2 VM to come from. */
	if (en->flags & SW_ENTER_RESUME_L1)
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	err = sw_check_tsc_adjust();
	if (err)
		return err;
	if (sw_tsc() < vp->last_exit_tsc)
		return SW_TSC_ROLLBACK;
	return 0;
}

/* The host's answer to a TDVMCALL, in the registers that the guest chose. */
static void sw_enter_vmcall_result(struct sw_run *run)
{
	struct sw_tdvps *vp = run->vp;
	const u64 *from = (const u64 *)run->host;
	u64 *to = (u64 *)&vp->gpr;
	unsigned int i;

	if (vp->last_exit != SW_EXIT_TDVMCALL)
		return;
	for (i = 2; i < 16; i++)
		if (vp->vmcall_mask & (1u << i))
			to[i] = from[i];
	vp->gpr.rax = 0;
	vp->gpr.rcx = vp->vmcall_mask;
}

static void sw_drop_op_and_tree(struct sw_td *td)
{
	if (td->tree_held)
		sw_unlock(&td->tdcs->tree_lock, td->tree_mode);
	td->tree_held = 0;
	if (td->op_held)
		sw_unlock(&td->tdcs->op_lock, td->op_mode);
	td->op_held = 0;
}

/* What is like a TLB goes with the TLB. */
static void sw_sync_roots(struct sw_run *run, bool flush)
{
	sw_root_load_shared(run->vp);
	if (!flush)
		return;
	sw_root_sync_private(run->td, run->vp);
	run->vp->fetch.page = NULL;
}

/* Tell a guest that asked for it that it is being stepped. */
static void sw_step_notify(struct sw_run *run)
{
	struct sw_tdvps *vp = run->vp;

	if (!vp->epf_n || vp->ve.valid || (vp->event.info & SW_INTR_VALID) ||
	    !(run->td->tdcs->notify_enables & SW_NOTIFY_STEPPING))
		return;
	if (sw_guest_read(run, SW_VM_GUEST_INTERRUPTIBILITY) & SW_BLOCK_NMI)
		return;
	memset(&run->exit, 0, sizeof(run->exit));
	run->exit.reason = SW_XR_EPT_VIOLATION;
	run->exit.qualification = vp->epf_qualification;
	run->exit.gla = vp->epf_gla;
	run->exit.gpa = vp->epf_gpa[vp->epf_n - 1];
	sw_inject_ve(run, SW_VE_ARCHITECTURAL);
}

/*
 * Every external interrupt and NMI ends this loop with a TD exit, so the
 * guest cannot keep the CPU beyond the host's next timer tick.
 */
static void sw_enter_run(struct sw_run *run, bool flush)
{
	struct sw_tdvps *vp = run->vp;

	sw_guest_load(run, flush);
	sw_sync_roots(run, flush);
	run->cpu->last_tdvpr = vp->page_pa[SW_TDVPS_MGMT];
	sw_enter_vmcall_result(run);
	sw_step_entry(run);
	sw_step_notify(run);
	do {
		/* A fault on purpose: this exit, before any instruction. */
		if (sw_load(&sw_fault_armed) && sw_fault_exit(&run->exit))
			continue;
		sw_merge_posted(run);
		sw_arm_entry(run);
		sw_guest_run(run);
	} while (sw_handle_exit(run) == SW_NEXT_RESUME);
	vp->rvi = sw_guest_read(run, SW_VM_GUEST_INTR_STATUS);
	sw_guest_put(run);
	vp->last_exit_tsc = sw_tsc();
}

static u64 sw_enter_checked(struct sw_run *run, bool fresh)
{
	struct sw_tdvps *vp = run->vp;
	bool flush, synthetic;
	u64 err;

	err = sw_epoch_enter(run->td, vp, &flush);
	if (err)
		return err;
	/* The epoch is noted even if the entry fails below: flush next time. */
	vp->flush_owed |= flush || fresh;
	err = sw_step_filter(run, &synthetic);
	if (err || synthetic)
		goto exit;
	sw_store(&vp->state, SW_VCPU_ACTIVE);
	sw_drop_op_and_tree(run->td);
	flush = vp->flush_owed;
	vp->flush_owed = 0;
	sw_enter_run(run, flush);
	sw_cmpxchg(&vp->state, SW_VCPU_ACTIVE, SW_VCPU_READY);
exit:
	sw_epoch_exit(run->td, vp);
	/* A TD exit's status is in the registers, with everything else. */
	return err ? err : run->host->rax;
}

u64 sw_vp_enter(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_enter en = {};
	struct sw_run run = { .cpu = cpu, .td = &en.td, .host = r };
	bool fresh = false;
	u64 err;

	err = sw_enter_get(cpu, r, &en, &fresh);
	if (!err)
		err = sw_enter_check(&en);
	run.vp = en.vp;
	if (!err)
		err = sw_enter_checked(&run, fresh);
	sw_td_put(&en.td);
	sw_page_put(&en.page);
	return err;
}
