// SPDX-License-Identifier: GPL-2.0-only
/* See mmu_machine.h.  This file sees the module's side, not KVM's. */
#include "mmu_machine.h"
#include "vp_script.h"

static struct td td;
static struct vcpu vcpus[MACHINE_VCPUS];
static unsigned int nr_vcpus;

__thread unsigned int this_cpu;

/* --- SEAMCALLs of the code under test --- */

unsigned int machine_calls[NR_LEAVES];
unsigned int machine_failed;

static struct {
	int leaf;
	__u64 status;
	unsigned int skip, times;
} plan;

static struct {
	unsigned int percent, seed;
} busy;

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

void machine_busy(unsigned int percent, unsigned int seed)
{
	busy.percent = percent;
	busy.seed = seed;
}

/* 0, or what the call shall answer instead. */
static __u64 busy_status(unsigned int leaf)
{
	if (!busy.percent)
		return 0;
	busy.seed = busy.seed * 1103515245 + 12345;
	if ((busy.seed >> 16) % 100 >= busy.percent)
		return 0;
	return leaf == LEAF_TRACK ? SW_PREVIOUS_TLB_EPOCH_BUSY :
				    SW_OPERAND_BUSY | SW_OPND_RCX;
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

__u64 machine_seamcall(__u64 leaf, struct machine_regs *m)
{
	struct sw_regs r = {
		.rcx = m->rcx, .rdx = m->rdx, .r8 = m->r8,
		.r9 = m->r9, .r10 = m->r10, .r11 = m->r11,
	};
	__u64 status;

	__atomic_add_fetch(&machine_calls[leaf & 0x7f], 1, __ATOMIC_RELAXED);
	if (planned_to_fail(leaf & 0x7f))
		return plan.status;
	status = busy_status(leaf & 0x7f);
	if (status)
		return status;

	status = seamcall_on(this_cpu, leaf, &r);
	*m = (struct machine_regs){ r.rcx, r.rdx, r.r8, r.r9, r.r10, r.r11 };
	return status;
}

/* --- the TD --- */

/* What is pending is the guest's own business: #VE, no exit. */
static void td_init_smp(void)
{
	u64 params, *p;

	td_keyed(&td);
	p = td_params();
	params = TDMR_BASE + ((char *)p - (char *)sw_va(TDMR_BASE));
	p[0] = 0;
	((u8 *)p)[16] = MACHINE_VCPUS;
	expect(call(SW_LEAF_MNG_INIT, td.tdr, params, 0, 0), 0);
}

void *machine_td_create(struct machine_td *m)
{
	unsigned int i, n;

	machine_busy(0, 0);
	module_ready();
	script_reset();
	td_init_smp();
	m->tdr = td.tdr;
	m->hkid = td.hkid;
	for (i = 0; i < MACHINE_TDCS; i++)
		m->tdcs[i] = td.tdcs[i];

	nr_vcpus = m->nr_vcpus;
	for (n = 0; n < nr_vcpus; n++) {
		td_vcpu(&td, &vcpus[n]);
		/* VP.INIT was made on CPU 0. */
		expect(call(SW_LEAF_VP_FLUSH, vcpus[n].pages[0], 0, 0, 0), 0);
		for (i = 0; i < MACHINE_TDVPS; i++)
			m->tdvps[n][i] = vcpus[n].pages[i];
	}
	return sw_va(MACHINE_RAM_BASE);
}

void machine_td_finalize(void)
{
	td_finalize(&td);
}

/* What was never entered is nowhere to be flushed. */
void machine_td_free_key(void)
{
	struct sw_regs r;
	unsigned int i;

	for (i = 0; i < nr_vcpus; i++) {
		r = (struct sw_regs){ .rcx = vcpus[i].pages[0] };
		seamcall_on(i, SW_LEAF_VP_FLUSH, &r);
	}
	td_free_key(&td, NULL);
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

/* The entry of a 4 KiB page, NULL without tables. */
static u64 *entry_of(u64 gpa)
{
	u64 *table = sw_va(td.tdcs[SW_TDCS_SEPT_ROOT]);
	u8 level;

	for (level = SW_ROOT_LEVEL; level; level--) {
		u64 e = sw_load(&table[gpa >> SW_LEVEL_SHIFT(level) & 511]);

		if (sw_sept_state(e) != SW_ST_NL_MAPPED)
			return NULL;
		table = sw_va(e & SW_EPT_PFN);
	}
	return &table[gpa >> SW_LEVEL_SHIFT(0) & 511];
}

void machine_guest_locks(__u64 gpa)
{
	locked_entry = entry_of(gpa);
	sw_or(locked_entry, 1ULL << SW_EPT_LOCK_BIT);
}

/* Of this thread.  Its table may be blocked by now, and so out of reach. */
static __thread u64 *entry_held;

/* Host priority: a guest does not get what the host was refused. */
bool machine_entry_trylock(__u64 gpa)
{
	u64 *e = entry_of(gpa), old;

	if (!e)
		return false;
	old = sw_load(e);
	if (old & (1ULL << SW_EPT_LOCK_BIT | 1ULL << SW_EPT_HP_BIT))
		return false;
	if (sw_cmpxchg(e, old, old | 1ULL << SW_EPT_LOCK_BIT) != old)
		return false;
	entry_held = e;
	return true;
}

void machine_entry_unlock(void)
{
	sw_and(entry_held, ~(1ULL << SW_EPT_LOCK_BIT));
}

static u64 epoch_of[NR_CPUS];

bool machine_epoch_enter(unsigned int i)
{
	struct sw_tdcs *tdcs = tdcs_of(&td);

	if (sw_lock(&tdcs->epoch_lock, SW_SHARED, SW_HOST))
		return false;
	epoch_of[i] = sw_load(&tdcs->td_epoch);
	sw_add_return(&tdcs->refcount[epoch_of[i] & 1], 1);
	sw_unlock(&tdcs->epoch_lock, SW_SHARED);
	return true;
}

void machine_epoch_exit(unsigned int i)
{
	sw_add_return(&tdcs_of(&td)->refcount[epoch_of[i] & 1], -1);
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

/* Others may hold the page's lock for a moment. */
int machine_page_owner(__u64 pa, __u64 *owner, int *level)
{
	struct sw_regs r;
	u64 status;

	do {
		r = (struct sw_regs){ .rcx = pa };
		status = seamcall_on(this_cpu, SW_LEAF_PHYMEM_PAGE_RDMD, &r);
	} while ((status & SW_STATUS_MASK) == SW_OPERAND_BUSY);
	*owner = r.rdx;
	*level = r.r8;
	return status ? -1 : (int)r.rcx;
}

int machine_page_type(__u64 pa)
{
	__u64 owner;
	int level;

	return machine_page_owner(pa, &owner, &level);
}

int machine_entry(__u64 gpa, __u8 level, __u64 *pa)
{
	struct sw_regs r;
	u64 status;

	do {
		r = (struct sw_regs){ .rcx = gpa | level, .rdx = td.tdr };
		status = seamcall_on(this_cpu, SW_LEAF_MEM_SEPT_RD, &r);
	} while ((status & SW_STATUS_MASK) == SW_OPERAND_BUSY);
	*pa = r.rcx & SW_EPT_PFN;
	return status ? -1 : (int)(r.rdx >> 8 & 0xff);
}

int machine_entry_state(__u64 gpa, __u8 level)
{
	__u64 pa;

	return machine_entry(gpa, level, &pa);
}

struct vcpu *machine_vcpu(unsigned int i)
{
	return &vcpus[i];
}
