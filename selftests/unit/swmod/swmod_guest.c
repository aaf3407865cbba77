// SPDX-License-Identifier: GPL-2.0-only
/*
 * A back end that runs no guest: a script decides what the vCPU does, and the
 * TD VMCS is an array.  See vp_script.h.
 */
#include "vp_script.h"

/* Encodings are 15 bits; bit 0 only selects the upper half. */
#define NR_FIELDS	0x8000
#define NR_VMCS		16

void (*guest)(struct sw_run *run);
__thread struct script script;

static struct {
	struct sw_tdvps *vp;
	u64 field[NR_FIELDS];
} all_vmcs[NR_VMCS];

static u64 *vmcs(struct sw_tdvps *vp, u32 field)
{
	unsigned int i;

	for (i = 0; i < NR_VMCS; i++) {
		if (!all_vmcs[i].vp)
			all_vmcs[i].vp = vp;
		if (all_vmcs[i].vp == vp)
			return &all_vmcs[i].field[field % NR_FIELDS];
	}
	printf("# more vCPUs than the scripted guest has room for\n");
	ktap_failures++;
	return &all_vmcs[0].field[field % NR_FIELDS];
}

/* The state after VP.INIT that handlers look at. */
u64 sw_guest_init(struct sw_td *td, struct sw_tdvps *vp)
{
	memset(vmcs(vp, 0), 0, sizeof(all_vmcs[0].field));
	sw_guest_init_common(td, vp);
	*vmcs(vp, SW_VM_GUEST_CR0) = SW_CR0_PE | SW_CR0_NE;
	*vmcs(vp, SW_VM_GUEST_CR4) = SW_CR4_VMXE | SW_CR4_MCE;
	*vmcs(vp, SW_VM_GUEST_EFER) = SW_EFER_SCE | SW_EFER_LME | SW_EFER_NXE;
	*vmcs(vp, SW_VM_GUEST_CS_AR) = 0xc09b;
	*vmcs(vp, SW_VM_GUEST_SS_AR) = 0xc093;
	*vmcs(vp, SW_VM_GUEST_RIP) = 0xfffffff0;
	*vmcs(vp, SW_VM_POSTED_INTR_VECTOR) = SW_VMCS_PID_NO_VECTOR;
	*vmcs(vp, SW_VM_PID_ADDR) = SW_VMCS_PID_NO_ADDR;
	return 0;
}

void sw_guest_flush(struct sw_tdvps *vp)
{
	script.flushes++;
}

void sw_guest_load(struct sw_run *run, bool flush_tlb)
{
	script.loads++;
	script.tlb_flushes += flush_tlb;
	script.loaded++;
	sw_xstate_enter(run, script.host_xsave);
}

/* What the entry delivered, then what the script has next. */
void sw_guest_run(struct sw_run *run)
{
	check(script.loaded > 0);
	script.entries++;
	script.injected = sw_guest_read(run, SW_VM_ENTRY_INTR_INFO);
	script.injected_error = sw_guest_read(run, SW_VM_ENTRY_INTR_ERROR);
	script.injected_len = sw_guest_read(run, SW_VM_ENTRY_INSTR_LEN);
	sw_guest_write(run, SW_VM_ENTRY_INTR_INFO, 0);
	if (script.injected == SCRIPT_NMI)
		sw_guest_write(run, SW_VM_GUEST_INTERRUPTIBILITY, SW_BLOCK_NMI);

	memset(&run->exit, 0, sizeof(run->exit));
	/* Without a script: the host's timer. */
	run->exit.reason = SW_XR_EXTERNAL_INTERRUPT;
	run->exit.intr_info = SCRIPT_TIMER;
	if (script.next < script.n)
		script.step[script.next++](run);
	else if (guest)
		guest(run);
}

void sw_guest_put(struct sw_run *run)
{
	check(--script.loaded >= 0);
	sw_xstate_exit(run, script.host_xsave);
}

u64 sw_guest_read(struct sw_run *run, u32 field)
{
	return *vmcs(run->vp, field);
}

void sw_guest_write(struct sw_run *run, u32 field, u64 val)
{
	*vmcs(run->vp, field) = val;
}

u64 sw_guest_vmcs_rd(struct sw_tdvps *vp, u32 field, u64 *val)
{
	*val = field == SW_VM_SHARED_EPTP ? vp->shared_eptp : *vmcs(vp, field);
	return 0;
}

u64 sw_guest_vmcs_wr(struct sw_tdvps *vp, u32 field, u64 val)
{
	if (field == SW_VM_SHARED_EPTP)
		vp->shared_eptp = val;
	*vmcs(vp, field) = val;
	return 0;
}

void sw_guest_nmi_window(struct sw_run *run, bool on)
{
	script.nmi_window = on;
}

void sw_guest_set_xcr0(struct sw_run *run, u64 val)
{
	script.xcr0 = val;
}

void sw_guest_set_xss(struct sw_run *run, u64 val)
{
	script.xss = val;
}

void sw_guest_set_cr2(struct sw_run *run, u64 val)
{
	script.cr2 = val;
}

u64 sw_guest_dr6(struct sw_run *run)
{
	return run->vp->dr6;
}

void sw_guest_set_dr6(struct sw_run *run, u64 val)
{
	run->vp->dr6 = val;
}

void *sw_guest_pid(struct sw_run *run)
{
	return script.pid;
}

void script_reset(void)
{
	memset(&script, 0, sizeof(script));
	memset(all_vmcs, 0, sizeof(all_vmcs));
}
