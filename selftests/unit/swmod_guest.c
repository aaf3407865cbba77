// SPDX-License-Identifier: GPL-2.0-only
/*
 * A back end that runs no guest: a script decides what the vCPU does, and the
 * TD VMCS is an array.
 */
#include "swmod_machine.h"
#include "vmcs.h"

/* Encodings are 15 bits; bit 0 only selects the upper half. */
#define NR_FIELDS	0x8000

void (*guest)(struct sw_run *run);

static u64 *vmcs(struct sw_tdvps *vp, u32 field)
{
	static struct {
		struct sw_tdvps *vp;
		u64 field[NR_FIELDS];
	} all[16];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (!all[i].vp)
			all[i].vp = vp;
		if (all[i].vp == vp)
			return &all[i].field[field % NR_FIELDS];
	}
	return &all[0].field[field % NR_FIELDS];
}

u64 sw_guest_init(struct sw_td *td, struct sw_tdvps *vp)
{
	return 0;
}

void sw_guest_flush(struct sw_tdvps *vp)
{
}

void sw_guest_load(struct sw_run *run, bool flush_tlb)
{
}

/* Exit reason 1: the host's timer. */
void sw_guest_run(struct sw_run *run)
{
	memset(&run->exit, 0, sizeof(run->exit));
	run->exit.reason = 1;
	if (guest)
		guest(run);
}

void sw_guest_put(struct sw_run *run)
{
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
	*val = *vmcs(vp, field);
	return 0;
}

u64 sw_guest_vmcs_wr(struct sw_tdvps *vp, u32 field, u64 val)
{
	*vmcs(vp, field) = val;
	return 0;
}

void sw_guest_nmi_window(struct sw_run *run, bool on)
{
}

void sw_guest_set_xcr0(struct sw_run *run, u64 val)
{
	run->vp->xcr0 = val;
}

void sw_guest_set_cr2(struct sw_run *run, u64 val)
{
	run->vp->cr2 = val;
}

void *sw_guest_pid(struct sw_run *run)
{
	return NULL;
}
