/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module asks of whoever runs a guest: vmx/, or a script in tests.
 */
#ifndef _SWMOD_RUN_H
#define _SWMOD_RUN_H

#include "core/swmod.h"

/* A VM exit as the back end reports it. */
struct sw_exit {
	u32 reason;
	u64 qualification, gpa, gla;
	u32 intr_info, intr_error;
	u32 idt_info, idt_error;
	u32 instr_len, instr_info;
};

/* A running vCPU: everything its exit handlers need. */
struct sw_run {
	struct sw_cpu *cpu;
	struct sw_td *td;
	struct sw_tdvps *vp;
	struct sw_exit exit;
	struct sw_regs *host;		/* the SEAMCALL's registers */
};

/* VP.INIT; what posted interrupts need reads as all ones until it is written. */
#define SW_VMCS_PID_NO_VECTOR	0xffffULL
#define SW_VMCS_PID_NO_ADDR	(~0ULL)
u64 sw_guest_init(struct sw_td *td, struct sw_tdvps *vp);
void sw_guest_flush(struct sw_tdvps *vp);			/* VP.FLUSH */
void sw_guest_load(struct sw_run *run, bool flush_tlb);	/* VP.ENTER */
void sw_guest_run(struct sw_run *run);			/* one entry, one exit */
void sw_guest_put(struct sw_run *run);			/* TD exit */
u64 sw_guest_read(struct sw_run *run, u32 vmcs_field);
void sw_guest_write(struct sw_run *run, u32 vmcs_field, u64 val);
/* VP.RD and VP.WR of VMCS-backed fields by a host that has no vCPU loaded. */
u64 sw_guest_vmcs_rd(struct sw_tdvps *vp, u32 vmcs_field, u64 *val);
u64 sw_guest_vmcs_wr(struct sw_tdvps *vp, u32 vmcs_field, u64 val);
/* Wish for an exit as soon as an NMI can be delivered. */
void sw_guest_nmi_window(struct sw_run *run, bool on);
/* The guest's CR2, XCR0, XSS and DR6, which no VMCS field holds. */
void sw_guest_set_xcr0(struct sw_run *run, u64 val);
void sw_guest_set_xss(struct sw_run *run, u64 val);
void sw_guest_set_cr2(struct sw_run *run, u64 val);
u64 sw_guest_dr6(struct sw_run *run);
void sw_guest_set_dr6(struct sw_run *run, u64 val);
/* The posted-interrupt descriptor that the host named, or NULL. */
void *sw_guest_pid(struct sw_run *run);
/* Module load and unload; a machine without the means is refused. */
int sw_guest_setup(void);
void sw_guest_teardown(void);
/* A TD exit costs the host nothing.  A parameter of the module. */
extern bool sw_keep_host_state;
/* In VMX operation?  If not, the SEAMCALL's #UD is nobody's but the CPU's. */
bool sw_guest_vmx_on(void);

#endif /* _SWMOD_RUN_H */
