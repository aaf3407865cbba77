// SPDX-License-Identifier: GPL-2.0-only
/* See mmu_machine.h.  This file sees the module's side, not KVM's. */
#include "mmu_machine.h"
#include "swmod_machine.h"

static struct td td;
static struct vcpu vcpu;

/* --- SEAMCALLs of the code under test --- */

unsigned int machine_calls[NR_LEAVES];
unsigned int machine_failed;

static struct {
	int leaf;
	__u64 status;
	unsigned int skip, times;
} plan;

void machine_reset_calls(void)
{
	memset(machine_calls, 0, sizeof(machine_calls));
	memset(&plan, 0, sizeof(plan));
	machine_failed = 0;
}

void machine_fail(int leaf, __u64 status, unsigned int skip, unsigned int times)
{
	plan.leaf = leaf;
	plan.status = status;
	plan.skip = skip;
	plan.times = times;
}

static bool planned_to_fail(unsigned int leaf)
{
	if (!plan.times || (plan.leaf >= 0 && plan.leaf != (int)leaf))
		return false;
	if (plan.skip) {
		plan.skip--;
		return false;
	}
	plan.times--;
	machine_failed++;
	return true;
}

__u64 machine_seamcall(unsigned int cpu, __u64 leaf, struct machine_regs *m)
{
	struct sw_regs r = {
		.rcx = m->rcx, .rdx = m->rdx, .r8 = m->r8,
		.r9 = m->r9, .r10 = m->r10, .r11 = m->r11,
	};
	__u64 status;

	__atomic_add_fetch(&machine_calls[leaf & 0x7f], 1, __ATOMIC_RELAXED);
	if (planned_to_fail(leaf & 0x7f))
		return plan.status;

	status = seamcall_on(cpu, leaf, &r);
	*m = (struct machine_regs){ r.rcx, r.rdx, r.r8, r.r9, r.r10, r.r11 };
	return status;
}

/* --- the TD --- */

void *machine_td_create(struct machine_td *m)
{
	unsigned int i;

	module_ready();
	td_init(&td);
	td_vcpu(&td, &vcpu);

	m->tdr = td.tdr;
	m->hkid = td.hkid;
	for (i = 0; i < MACHINE_TDCS; i++)
		m->tdcs[i] = td.tdcs[i];
	for (i = 0; i < MACHINE_TDVPS; i++)
		m->tdvps[i] = vcpu.pages[i];
	return sw_va(MACHINE_RAM_BASE);
}

void machine_td_finalize(void)
{
	td_finalize(&td);
}

void machine_td_free_key(void)
{
	td_free_key(&td, &vcpu);
}

/* --- behind the host's back --- */

static unsigned int inside[2];
static u64 *locked_entry;

void machine_vcpu_enter(void)
{
	struct sw_tdcs *tdcs = tdcs_of(&td);

	tdcs->refcount[tdcs->td_epoch & 1]++;
	inside[tdcs->td_epoch & 1]++;
}

void machine_guest_locks(__u64 gpa)
{
	u64 *table = sw_va(td.tdcs[SW_TDCS_SEPT_ROOT]);
	u8 level;

	for (level = SW_ROOT_LEVEL; level; level--)
		table = sw_va(table[gpa >> SW_LEVEL_SHIFT(level) & 511] & SW_EPT_PFN);
	locked_entry = &table[gpa >> SW_LEVEL_SHIFT(0) & 511];
	sw_or(locked_entry, 1ULL << SW_EPT_LOCK_BIT);
}

void machine_kick(void)
{
	struct sw_tdcs *tdcs = tdcs_of(&td);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		sw_add_return(&tdcs->refcount[i], -inside[i]);
		inside[i] = 0;
	}
	if (locked_entry)
		sw_and(locked_entry, ~(1ULL << SW_EPT_LOCK_BIT));
	locked_entry = NULL;
}

int machine_page_type(__u64 pa)
{
	return page_type(pa);
}

int machine_entry_state(__u64 gpa, __u8 level)
{
	return entry_state(&td, gpa, level);
}
