// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDCALL.  Without SEAM the instruction is a #UD, which is intercepted; its
 * four bytes tell it from any other.  Every leaf checks its operands first,
 * and answers in RAX; other registers change only where a leaf says so.
 */
#include "guest/guest.h"

#define SW_TDCALL_LEN		4
#define SW_GPAW_MASK		0x3fULL

enum sw_tdg {
	SW_TDG_VP_VMCALL = 0, SW_TDG_VP_INFO = 1, SW_TDG_MR_RTMR_EXTEND = 2,
	SW_TDG_VP_VEINFO_GET = 3, SW_TDG_MR_REPORT = 4,
	SW_TDG_VP_CPUIDVE_SET = 5, SW_TDG_MEM_PAGE_ACCEPT = 6, SW_TDG_VM_RD = 7,
	SW_TDG_VM_WR = 8, SW_TDG_VP_RD = 9, SW_TDG_VP_WR = 10, SW_TDG_SYS_RD = 11,
	SW_TDG_SYS_RDALL = 12, SW_TDG_MR_VERIFYREPORT = 22,
	SW_TDG_MEM_PAGE_ATTR_RD = 23, SW_TDG_MEM_PAGE_ATTR_WR = 24,
};

static enum sw_call sw_tdg_vp_vmcall(struct sw_run *run, u64 *status)
{
	u64 forbidden = 0xffffffff00000013ULL;

	if (run->td->tdcs->config_flags & SW_CFG_NO_RBP_MOD)
		forbidden |= 1 << 5;
	if (run->vp->gpr.rcx & forbidden) {
		*status = SW_OPERAND_INVALID | SW_OPND_RCX;
		return SW_CALL_DONE;
	}
	sw_skip(run, SW_TDCALL_LEN);
	sw_td_exit_vmcall(run);
	return SW_CALL_EXIT;
}

static enum sw_call sw_tdg_vp_info(struct sw_run *run, u64 *status)
{
	const struct sw_tdcs *tdcs = run->td->tdcs;
	struct sw_regs *g = &run->vp->gpr;

	g->rcx = SW_GPAW & SW_GPAW_MASK;
	g->rdx = tdcs->attributes;
	g->r8 = sw_load(&tdcs->num_vcpus) | (u64)tdcs->max_vcpus << 32;
	g->r9 = run->vp->vcpu_index;
	/* SYS.RD is available. */
	g->r10 = 1;
	g->r11 = 0;
	*status = 0;
	return SW_CALL_DONE;
}

static enum sw_call sw_tdg_vp_veinfo_get(struct sw_run *run, u64 *status)
{
	struct sw_ve_info *ve = &run->vp->ve;
	struct sw_regs *g = &run->vp->gpr;
	u8 version = g->rax >> 16;

	if (!ve->valid) {
		*status = SW_NO_VALID_VE_INFO;
		return SW_CALL_DONE;
	}
	g->rcx = ve->exit_reason;
	if (version >= 1)
		g->rcx |= (u64)ve->category << 32;
	g->rdx = ve->qualification;
	g->r8 = ve->gla;
	g->r9 = ve->gpa;
	g->r10 = ve->instr_length | (u64)ve->instr_info << 32;
	if (version >= 2)
		g->r12 = ve->interruptibility;
	ve->valid = 0;
	*status = 0;
	return SW_CALL_DONE;
}

static enum sw_call sw_tdg_vp_cpuidve_set(struct sw_run *run, u64 *status)
{
	struct sw_tdvps *vp = run->vp;
	u64 rcx = vp->gpr.rcx;

	/* What TD_CTLS locks can be set to what it is. */
	if ((rcx & ~3ULL) || ((run->td->tdcs->td_ctls & SW_TD_CTL_LOCK) &&
			      (!vp->cpuid_supervisor_ve != !(rcx & 1) ||
			       !vp->cpuid_user_ve != !(rcx & 2)))) {
		*status = SW_OPERAND_INVALID | SW_OPND_RCX;
		return SW_CALL_DONE;
	}
	vp->cpuid_supervisor_ve = rcx & 1;
	vp->cpuid_user_ve = rcx >> 1;
	*status = 0;
	return SW_CALL_DONE;
}

/* A TD has a handle for itself only. */
static bool sw_own_handle(struct sw_run *run, u64 *status)
{
	if (!run->vp->gpr.rcx)
		return true;
	*status = SW_OPERAND_INVALID | SW_OPND_RCX;
	return false;
}

static enum sw_call sw_tdg_vm_rd(struct sw_run *run, u64 *status)
{
	struct sw_regs *g = &run->vp->gpr;
	u64 next = ~0ULL, val = 0;

	if (!sw_own_handle(run, status))
		return SW_CALL_DONE;
	*status = sw_md_first(g->rax >> 16 & 0xff, g->rdx);
	if (!*status)
		*status = sw_md_td_rd(run->td, g->rdx, SW_GUEST, &val, &next);
	g->r8 = val;
	if (g->rax >> 16 & 0xff)
		g->rdx = next;
	return SW_CALL_DONE;
}

static enum sw_call sw_tdg_vm_wr(struct sw_run *run, u64 *status)
{
	struct sw_regs *g = &run->vp->gpr;
	u64 old = 0;

	if (!sw_own_handle(run, status))
		return SW_CALL_DONE;
	*status = sw_md_td_wr(run->td, g->rdx, SW_GUEST, g->r8, g->r9, &old);
	g->r8 = old;
	return SW_CALL_DONE;
}

static enum sw_call sw_tdg_vp_rd(struct sw_run *run, u64 *status)
{
	struct sw_regs *g = &run->vp->gpr;
	u64 next, val = 0;

	if (!sw_own_handle(run, status))
		return SW_CALL_DONE;
	*status = sw_md_vp_rd(run->td, run->vp, g->rdx, SW_GUEST, &val, &next);
	g->r8 = val;
	return SW_CALL_DONE;
}

static enum sw_call sw_tdg_vp_wr(struct sw_run *run, u64 *status)
{
	struct sw_regs *g = &run->vp->gpr;
	u64 old = 0;

	if (!sw_own_handle(run, status))
		return SW_CALL_DONE;
	*status = sw_md_vp_wr(run->td, run->vp, g->rdx, SW_GUEST, g->r8, g->r9,
			      &old);
	g->r8 = old;
	return SW_CALL_DONE;
}

static enum sw_call sw_tdg_sys_rd(struct sw_run *run, u64 *status)
{
	struct sw_regs *g = &run->vp->gpr;
	u64 next = ~0ULL, val = 0;

	*status = sw_md_sys_rd(g->rdx, SW_GUEST, &val, &next);
	g->r8 = val;
	g->rdx = next;
	return SW_CALL_DONE;
}

static const struct {
	enum sw_call (*fn)(struct sw_run *run, u64 *status);
	u8 max_version;
} sw_tdg_leaves[] = {
	[SW_TDG_VP_VMCALL]	 = { sw_tdg_vp_vmcall, 0 },
	[SW_TDG_VP_INFO]	 = { sw_tdg_vp_info, 0 },
	[SW_TDG_MR_RTMR_EXTEND]	 = { sw_tdg_mr_rtmr_extend, 0 },
	[SW_TDG_VP_VEINFO_GET]	 = { sw_tdg_vp_veinfo_get, 2 },
	[SW_TDG_MR_REPORT]	 = { sw_tdg_mr_report, 0 },
	[SW_TDG_VP_CPUIDVE_SET]	 = { sw_tdg_vp_cpuidve_set, 0 },
	[SW_TDG_MEM_PAGE_ACCEPT] = { sw_tdg_mem_page_accept, 0 },
	[SW_TDG_VM_RD]		 = { sw_tdg_vm_rd, 1 },
	[SW_TDG_VM_WR]		 = { sw_tdg_vm_wr, 0 },
	[SW_TDG_VP_RD]		 = { sw_tdg_vp_rd, 0 },
	[SW_TDG_VP_WR]		 = { sw_tdg_vp_wr, 0 },
	[SW_TDG_SYS_RD]		 = { sw_tdg_sys_rd, 0 },
	[SW_TDG_SYS_RDALL]	 = { sw_tdg_sys_rdall, 0 },
	[SW_TDG_MR_VERIFYREPORT] = { sw_tdg_mr_verifyreport, 0 },
	[SW_TDG_MEM_PAGE_ATTR_RD] = { sw_tdg_mem_page_attr_rd, 0 },
	[SW_TDG_MEM_PAGE_ATTR_WR] = { sw_tdg_mem_page_attr_wr, 0 },
};

/* While faults are armed; a leaf that left the TD has no status to replace. */
static enum sw_call sw_tdcall_faulty(struct sw_run *run, u16 leaf, u64 *status)
{
	enum sw_call ret;
	u64 instead;

	*status = sw_fault_tdcall_begin(leaf);
	if (*status)
		return SW_CALL_DONE;
	ret = sw_tdg_leaves[leaf].fn(run, status);
	instead = sw_fault_tdcall_end();
	if (ret == SW_CALL_DONE && instead)
		*status = instead;
	return ret;
}

static enum sw_call sw_tdcall_leaf(struct sw_run *run, u64 *status)
{
	u64 rax = run->vp->gpr.rax;
	u16 leaf = rax;

	*status = SW_OPERAND_INVALID | SW_OPND_RAX;
	if (rax >> 24)
		return SW_CALL_DONE;
	if (leaf >= sizeof(sw_tdg_leaves) / sizeof(sw_tdg_leaves[0]) ||
	    !sw_tdg_leaves[leaf].fn)
		return SW_CALL_DONE;
	if ((rax >> 16 & 0xff) > sw_tdg_leaves[leaf].max_version)
		return SW_CALL_DONE;
	if (sw_load(&sw_fault_armed))
		return sw_tdcall_faulty(run, leaf, status);
	return sw_tdg_leaves[leaf].fn(run, status);
}

/*
 * The host waits for a lock that this guest keeps taking: for a while the
 * guest is told to try again, then the host gets its chance.
 */
static bool sw_host_priority_timeout(struct sw_run *run, u64 *status)
{
	struct sw_tdvps *vp = run->vp;
	u64 limit;

	if ((*status & SW_STATUS_MASK) != SW_OPERAND_BUSY_HOST_PRIORITY) {
		vp->hp_busy = 0;
		return false;
	}
	*status = SW_OPERAND_BUSY | (u32)*status;
	if (!vp->hp_busy) {
		vp->hp_busy = 1;
		vp->hp_busy_start = sw_tsc();
		return false;
	}
	limit = run->td->tdcs->hp_lock_timeout * sw_tsc_khz() / 1000;
	if (sw_tsc() - vp->hp_busy_start < limit)
		return false;
	vp->hp_busy = 0;
	return true;
}

static enum sw_next sw_host_priority_exit(struct sw_run *run)
{
	run->exit.intr_info = 0;
	run->exit.qualification = 0;
	sw_td_exit(run, 0);
	run->host->rax = SW_HOST_PRIORITY_BUSY_TIMEOUT | SW_XR_TDCALL;
	run->vp->last_exit = SW_EXIT_ASYNC_TRAP;
	return SW_NEXT_EXIT;
}

static enum sw_next sw_tdcall(struct sw_run *run)
{
	u16 leaf = run->vp->gpr.rax;
	u64 status = 0;

	switch (sw_tdcall_leaf(run, &status)) {
	case SW_CALL_EXIT:
		/* Any other one is executed again after the host's help. */
		if (leaf == SW_TDG_VP_VMCALL)
			sw_stat_tdcall(leaf, 0);
		return SW_NEXT_EXIT;
	case SW_CALL_AGAIN:
	case SW_CALL_FAULT:
		return SW_NEXT_RESUME;
	case SW_CALL_DONE:
		break;
	}
	sw_stat_tdcall(leaf, status);
	if (sw_host_priority_timeout(run, &status)) {
		run->vp->gpr.rax = status;
		sw_skip(run, SW_TDCALL_LEN);
		return sw_host_priority_exit(run);
	}
	run->vp->gpr.rax = status;
	sw_skip(run, SW_TDCALL_LEN);
	return SW_NEXT_RESUME;
}

static u64 sw_linear_rip(struct sw_run *run)
{
	u64 rip = sw_guest_read(run, SW_VM_GUEST_RIP);

	if (sw_in_64bit(run))
		return rip;
	return (u32)(rip + sw_guest_read(run, SW_VM_GUEST_CS_BASE));
}

/*
 * Is it a TDCALL?  Like the processor, look at the next page only if all bytes
 * before are right: after some other instruction there may be none.
 */
static enum sw_fetch sw_fetch_tdcall(struct sw_run *run, bool *yes)
{
	static const u8 tdcall[SW_TDCALL_LEN] = { 0x66, 0x0f, 0x01, 0xcc };
	u64 rip = sw_linear_rip(run);
	unsigned int first = SW_PAGE_SIZE - (rip & (SW_PAGE_SIZE - 1));
	u8 bytes[SW_TDCALL_LEN];
	enum sw_fetch err;

	if (first > SW_TDCALL_LEN)
		first = SW_TDCALL_LEN;
	err = sw_fetch(run, rip, bytes, first);
	*yes = !err && !memcmp(bytes, tdcall, first);
	if (!*yes || first == SW_TDCALL_LEN)
		return err;
	err = sw_fetch(run, rip + first, bytes, SW_TDCALL_LEN - first);
	*yes = !err && !memcmp(bytes, tdcall + first, SW_TDCALL_LEN - first);
	return err;
}

/* A #UD of the guest: a TDCALL, or somebody's mistake. */
enum sw_next sw_exit_ud(struct sw_run *run)
{
	bool yes;

	switch (sw_fetch_tdcall(run, &yes)) {
	case SW_FETCH_RETRY:
		return SW_NEXT_RESUME;
	case SW_FETCH_NOT_PRIVATE:
		return sw_inject_ud(run);
	case SW_FETCH_OK:
		break;
	}
	if (!yes)
		return sw_inject_ud(run);
	if (!sw_in_64bit(run) || sw_cpl(run))
		return sw_inject_gp(run);
	return sw_tdcall(run);
}
