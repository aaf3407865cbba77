/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module under test, as a host sees it: CPUs that make SEAMCALLs, pages to
 * donate, and a TD built the ordinary way.
 */
#ifndef _SWMOD_MACHINE_H
#define _SWMOD_MACHINE_H

#include "core/run.h"
#include "host/leaf.h"
#include "ktap.h"
#include "os/user/os_user.h"

#define PAGE		SW_PAGE_SIZE
#define TDMR_BASE	SW_USER_RAM_BASE
#define NR_CPUS		32

extern struct sw_cpu cpus[NR_CPUS];

/* One SEAMCALL on CPU @cpu; registers in and out through @r. */
u64 seamcall_on(unsigned int cpu, u64 leaf, struct sw_regs *r);
/* The same on CPU 0 with up to four operands, for leaves that return nothing. */
u64 call(u64 leaf, u64 rcx, u64 rdx, u64 r8, u64 r9);
/* Registers of the last call(). */
extern struct sw_regs last;

/* Pages that were never used before: small, and 2 MiB. */
u64 new_page(void);
u64 new_huge(void);

/* Bring the module up with dynamic PAMT; new_page() then has its metadata. */
extern bool dynamic_pamt;

/* A fresh module: steps of bring-up, up to ready. */
void module_reset(void);
void module_sys_init(void);
u64 module_config(void);
void module_ready(void);
/* The same without module_reset() in front. */
void module_ready_again(void);
/* TDMR_INFO of the one TDMR, to be changed before module_config(). */
u64 *tdmr_info(unsigned int i);
void tdmr_defaults(void);

struct td {
	u64 tdr, tdcs[SW_TDCS_PAGES_MIN];
	u64 hkid;
	unsigned int nr_sept;
};

struct vcpu {
	u64 pages[SW_TDVPS_PAGES];
};

/* TD_PARAMS in shared memory, filled with what works. */
void *td_params(void);
void td_new(struct td *td);		/* CREATE */
void td_keyed(struct td *td);		/* KEY.CONFIG, ADDCX */
void td_init(struct td *td);		/* INIT */
void td_vcpu(struct td *td, struct vcpu *v);	/* CREATE, ADDCX, INIT */
void td_finalize(struct td *td);
/* All of it, with one vCPU and tables down to 4 KiB entries for @gpa. */
void td_build(struct td *td, struct vcpu *v);
void td_tables(struct td *td, u64 gpa, u8 level);
void td_free_key(struct td *td, struct vcpu *v);

struct sw_tdr *tdr_of(struct td *td);
struct sw_tdcs *tdcs_of(struct td *td);
struct sw_tdvps *tdvps_of(struct vcpu *v);

/* Public state of an entry, from SEPT.RD; HPA in it, of tables as well. */
int entry_state(struct td *td, u64 gpa, u8 level);
u64 entry_hpa(struct td *td, u64 gpa, u8 level);
/* PAMT type of a page, from RDMD. */
int page_type(u64 pa);

/*
 * What the guest does between VP.ENTER and the exit; called with the vCPU
 * running.  Unset, an external interrupt is what happens next.
 */
extern void (*guest)(struct sw_run *run);
u64 vcpu_enter(unsigned int cpu, struct vcpu *v);

#define GPA_ARG(gpa, level)	((gpa) | (level))

#endif /* _SWMOD_MACHINE_H */
