/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scripted guest: each step is what the guest does next, as the VM exit that
 * it causes.  After the last step the host's timer interrupts it.
 */
#ifndef _VP_SCRIPT_H
#define _VP_SCRIPT_H

#include "swmod_machine.h"
#include "guest/guest.h"

#define SCRIPT_MAX	64
#define SCRIPT_TIMER	0x800000ecu
#define SCRIPT_NMI	0x80000202u
#define SCRIPT_VE	0x80000314u
#define SCRIPT_UD	0x80000306u
#define SCRIPT_GP	0x80000b0du
#define SCRIPT_DF	0x80000b08u

typedef void (*script_step)(struct sw_run *run);

struct script {
	script_step step[SCRIPT_MAX];
	unsigned int n, next;
	unsigned int entries, loads, flushes, tlb_flushes;
	/* Of the last entry. */
	u32 injected, injected_error, injected_len;
	bool nmi_window;
	int loaded;			/* vCPUs of this thread inside VP.ENTER */
	u64 xcr0, xss, cr2;
	u64 *pid;
	u8 host_xsave[SW_PAGE_SIZE];
};

/* One for each thread, like the CPU that it plays. */
extern __thread struct script script;
void script_reset(void);

/* Run the vCPU through these steps; returns RAX, registers in @last. */
#define play(v, ...) ({							\
	script_step steps_[] = { __VA_ARGS__ };				\
	script_play(v, steps_, sizeof(steps_) / sizeof(steps_[0]));	\
})

static inline u64 script_play(struct vcpu *v, script_step *steps,
			      unsigned int n)
{
	memcpy(script.step, steps, n * sizeof(*steps));
	script.n = n;
	script.next = 0;
	script.entries = 0;
	return vcpu_enter(0, v);
}

/* Where the guest's only instruction is, a TDCALL, and its data. */
#define CODE_GPA	0x1000ULL
#define DATA_GPA	0x2000ULL

static inline void exit_with(struct sw_run *run, u32 reason, u64 qualification)
{
	memset(&run->exit, 0, sizeof(run->exit));
	run->exit.reason = reason;
	run->exit.qualification = qualification;
	run->exit.instr_len = 2;
}

static inline void exit_ept(struct sw_run *run, u64 gpa, u64 qualification)
{
	exit_with(run, SW_XR_EPT_VIOLATION, qualification);
	run->exit.gpa = gpa;
	run->exit.gla = gpa;
}

/* #UD at CODE_GPA, in flat 64-bit mode. */
static inline void exit_ud(struct sw_run *run)
{
	exit_with(run, SW_XR_EXCEPTION, 0);
	run->exit.intr_info = SCRIPT_UD;
}

static inline void exit_tdcall(struct sw_run *run, u64 rax, u64 rcx)
{
	run->vp->gpr.rax = rax;
	run->vp->gpr.rcx = rcx;
	sw_guest_write(run, SW_VM_GUEST_RIP, CODE_GPA);
	exit_ud(run);
}

static inline void mode_64bit(struct vcpu *v)
{
	struct sw_tdvps *vp = tdvps_of(v);

	sw_guest_vmcs_wr(vp, SW_VM_GUEST_EFER,
			 SW_EFER_SCE | SW_EFER_LME | SW_EFER_LMA | SW_EFER_NXE);
	sw_guest_vmcs_wr(vp, SW_VM_GUEST_CS_AR, 0xa09b);
	sw_guest_vmcs_wr(vp, SW_VM_GUEST_RIP, CODE_GPA);
}

static inline void page_add(struct td *td, u64 gpa, const void *data,
			    unsigned int len)
{
	u64 source = new_page();

	memcpy(sw_va(source), data, len);
	expect(call(SW_LEAF_MEM_PAGE_ADD, gpa, td->tdr, new_page(), source), 0);
}

static inline void page_aug(struct td *td, u64 gpa)
{
	expect(call(SW_LEAF_MEM_PAGE_AUG, gpa, td->tdr, new_page(), 0), 0);
}

/* A running TD in 64-bit mode, with @attributes besides those of td_params(). */
static inline void script_td(struct td *td, struct vcpu *v, bool ve_disable)
{
	static const u8 code[] = { 0x66, 0x0f, 0x01, 0xcc, 0x0f, 0x0b };

	module_ready();
	script_reset();
	td_init(td);
	td_vcpu(td, v);
	td_tables(td, 0, 0);
	page_add(td, CODE_GPA, code, sizeof(code));
	page_add(td, DATA_GPA, code, 0);
	td_finalize(td);
	tdcs_of(td)->td_ctls = ve_disable ? SW_TD_CTL_PENDING_VE_DISABLE : 0;
	mode_64bit(v);
}

static inline u64 vmcs_of(struct vcpu *v, u32 field)
{
	u64 val;

	sw_guest_vmcs_rd(tdvps_of(v), field, &val);
	return val;
}

#endif /* _VP_SCRIPT_H */
