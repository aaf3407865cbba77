// SPDX-License-Identifier: GPL-2.0-only
/*
 * See swmod_machine.h.
 */
#include "swmod_machine.h"

/* Shared memory for operands, in front of what new_page() hands out. */
#define SHARED_TDMR_ARRAY	(TDMR_BASE + 0x1000)
#define SHARED_TDMR_INFO	(TDMR_BASE + 0x2000)
#define SHARED_PARAMS		(TDMR_BASE + 0xa000)
#define PAMT_BASE		(TDMR_BASE + 0x100000)
#define PAMT_4K_SIZE		(3 * (SW_SIZE_1G / PAGE) * 16)
#define PAMT_2M_SIZE		0x10000ULL
#define PAMT_1G_SIZE		0x1000ULL
#define RESERVED_END		0x2000000ULL
/* Small pages come from below this, large ones from above. */
#define SMALL_END		0x4000000ULL
/* What dynamic PAMT makes of small pages needs room that nobody else has. */
#define METADATA		(SW_SIZE_1G - SW_SIZE_2M)

bool dynamic_pamt;
struct sw_cpu cpus[NR_CPUS];
struct sw_regs last;
unsigned int ktap_failures;
static u64 next_small, next_huge;
static unsigned int nr_tds;

u64 seamcall_on(unsigned int cpu, u64 leaf, struct sw_regs *r)
{
	cpus[cpu].lpid = cpu;
	r->rax = leaf;
	return sw_dispatch(&cpus[cpu], r);
}

u64 call(u64 leaf, u64 rcx, u64 rdx, u64 r8, u64 r9)
{
	last = (struct sw_regs){ .rcx = rcx, .rdx = rdx, .r8 = r8, .r9 = r9 };
	return seamcall_on(0, leaf, &last);
}

u64 new_page(void)
{
	u64 pa = TDMR_BASE + next_small;

	next_small += PAGE;
	if (next_small > SMALL_END)
		printf("# out of small pages\n");
	return pa;
}

u64 new_huge(void)
{
	u64 pa = TDMR_BASE + next_huge;

	next_huge += SW_SIZE_2M;
	return pa;
}

u64 *tdmr_info(unsigned int i)
{
	return sw_va(SHARED_TDMR_INFO + i * 512);
}

/* All memory as one TDMR; what is in front and the hole are reserved. */
void tdmr_defaults(void)
{
	u64 *info = tdmr_info(0), *array = sw_va(SHARED_TDMR_ARRAY);
	unsigned int i;

	memset(info, 0, 512);
	info[0] = TDMR_BASE;
	info[1] = SW_USER_RAM_SIZE;
	info[2] = PAMT_BASE + PAMT_4K_SIZE + PAMT_2M_SIZE;
	info[3] = PAMT_1G_SIZE;
	info[4] = PAMT_BASE + PAMT_4K_SIZE;
	info[5] = PAMT_2M_SIZE;
	info[6] = PAMT_BASE;
	info[7] = PAMT_4K_SIZE;
	info[8] = 0;
	info[9] = RESERVED_END;
	info[10] = SW_USER_HOLE_BASE - TDMR_BASE;
	info[11] = SW_USER_HOLE_SIZE;
	for (i = 0; i < SW_MAX_TDMRS; i++)
		array[i] = SHARED_TDMR_INFO + i * 512;
}

void module_reset(void)
{
	sw_user_reset();
	memset(cpus, 0, sizeof(cpus));
	next_small = RESERVED_END;
	next_huge = SMALL_END;
	nr_tds = 0;
	guest = NULL;
	tdmr_defaults();
}

/* With what a test set since module_reset(). */
static void module_sys_init_again(void)
{
	struct sw_regs r = { 0 };
	unsigned int i;

	expect(call(SW_LEAF_SYS_INIT, 0, 0, 0, 0), 0);
	for (i = 0; i < sw_user.nr_cpus; i++)
		expect(seamcall_on(i, SW_LEAF_SYS_LP_INIT, &r), 0);
}

void module_sys_init(void)
{
	module_reset();
	module_sys_init_again();
}

u64 module_config(void)
{
	return call(SW_LEAF_SYS_CONFIG, SHARED_TDMR_ARRAY, 1,
		    32 | dynamic_pamt << 16, 0);
}

/* Metadata for all small pages. */
static void add_metadata(void)
{
	u64 donor = TDMR_BASE + METADATA, pa;

	for (pa = RESERVED_END; pa < SMALL_END; pa += SW_SIZE_2M) {
		expect(call(SW_LEAF_PHYMEM_PAMT_ADD, (TDMR_BASE + pa) | 1,
			    donor, donor + PAGE, 0), 0);
		donor += 2 * PAGE;
	}
}

/* Only the first GiB: that is where pages come from. */
void module_ready(void)
{
	module_reset();
	module_ready_again();
}

void module_ready_again(void)
{
	u64 next;

	module_sys_init_again();
	expect(module_config(), 0);
	for (sw_user_pkg = 0; sw_user_pkg < sw_user.nr_pkgs; sw_user_pkg++)
		expect(call(SW_LEAF_SYS_KEY_CONFIG, 0, 0, 0, 0), 0);
	sw_user_pkg = 0;
	do {
		expect(call(SW_LEAF_SYS_TDMR_INIT, TDMR_BASE, 0, 0, 0), 0);
		next = last.rdx;
	} while (next < TDMR_BASE + SW_SIZE_1G && !ktap_failures);
	if (dynamic_pamt)
		add_metadata();
}

void *td_params(void)
{
	u8 *p = sw_va(SHARED_PARAMS);
	u64 *q = (u64 *)p;

	memset(p, 0, 1024);
	q[0] = SW_ATTR_SEPT_VE_DISABLE;
	q[1] = 0x2e7;
	p[16] = 8;			/* MAX_VCPUS */
	q[3] = 6 | 3 << 3;		/* EPTP_CONTROLS */
	q[4] = SW_FLAG_NO_RBP_MOD;
	p[40] = 40;			/* 1 GHz */
	memset(p + 80, 0x11, 48);
	memset(p + 128, 0x22, 48);
	memset(p + 176, 0x33, 48);
	return p;
}

void td_new(struct td *td)
{
	memset(td, 0, sizeof(*td));
	td->tdr = new_page();
	td->hkid = 33 + nr_tds++;
	expect(call(SW_LEAF_MNG_CREATE, td->tdr, td->hkid, 0, 0), 0);
}

void td_keyed(struct td *td)
{
	unsigned int i;

	td_new(td);
	expect(call(SW_LEAF_MNG_KEY_CONFIG, td->tdr, 0, 0, 0), 0);
	for (i = 0; i < SW_TDCS_PAGES_MIN; i++) {
		td->tdcs[i] = new_page();
		expect(call(SW_LEAF_MNG_ADDCX, td->tdcs[i], td->tdr, 0, 0), 0);
	}
}

void td_init(struct td *td)
{
	td_keyed(td);
	td_params();
	expect(call(SW_LEAF_MNG_INIT, td->tdr, SHARED_PARAMS, 0, 0), 0);
}

void td_vcpu(struct td *td, struct vcpu *v)
{
	unsigned int i;

	v->pages[0] = new_page();
	expect(call(SW_LEAF_VP_CREATE, v->pages[0], td->tdr, 0, 0), 0);
	for (i = 1; i < SW_TDVPS_PAGES; i++) {
		v->pages[i] = new_page();
		expect(call(SW_LEAF_VP_ADDCX, v->pages[i], v->pages[0], 0, 0), 0);
	}
	expect(call(SW_LEAF_VP_INIT | 1 << 16, v->pages[0], 0x1234,
		    tdcs_of(td)->num_vcpus, 0), 0);
}

void td_tables(struct td *td, u64 gpa, u8 level)
{
	int l;

	for (l = SW_ROOT_LEVEL; l > level; l--) {
		u64 base = gpa & ~(SW_LEVEL_SIZE(l) - 1), err;

		err = call(SW_LEAF_MEM_SEPT_ADD, GPA_ARG(base, l), td->tdr,
			   new_page(), 0);
		if ((err & SW_STATUS_MASK) != SW_EPT_ENTRY_STATE_INCORRECT)
			expect(err, 0);
	}
}

void td_finalize(struct td *td)
{
	expect(call(SW_LEAF_MR_FINALIZE, td->tdr, 0, 0, 0), 0);
}

void td_build(struct td *td, struct vcpu *v)
{
	td_init(td);
	td_vcpu(td, v);
	td_tables(td, 0, 0);
	td_finalize(td);
}

void td_free_key(struct td *td, struct vcpu *v)
{
	if (v)
		call(SW_LEAF_VP_FLUSH, v->pages[0], 0, 0, 0);
	expect(call(SW_LEAF_MNG_VPFLUSHDONE, td->tdr, 0, 0, 0), 0);
	expect(call(SW_LEAF_PHYMEM_CACHE_WB, 0, 0, 0, 0), 0);
	expect(call(SW_LEAF_MNG_KEY_FREEID, td->tdr, 0, 0, 0), 0);
}

struct sw_tdr *tdr_of(struct td *td)
{
	return sw_va(td->tdr);
}

struct sw_tdcs *tdcs_of(struct td *td)
{
	return sw_va(td->tdcs[0]);
}

struct sw_tdvps *tdvps_of(struct vcpu *v)
{
	return sw_va(v->pages[0]);
}

int entry_state(struct td *td, u64 gpa, u8 level)
{
	struct sw_regs r = { .rcx = GPA_ARG(gpa, level), .rdx = td->tdr };

	if (seamcall_on(0, SW_LEAF_MEM_SEPT_RD, &r))
		return -1;
	return r.rdx >> 8 & 0xff;
}

u64 entry_hpa(struct td *td, u64 gpa, u8 level)
{
	struct sw_td t = { .tdr = tdr_of(td), .tdcs = tdcs_of(td) };
	struct sw_entry e;

	expect(sw_sept_walk(&t, gpa, level, &e), 0);
	return e.val & SW_EPT_PFN;
}

int page_type(u64 pa)
{
	struct sw_regs r = { .rcx = pa };

	expect(seamcall_on(0, SW_LEAF_PHYMEM_PAGE_RDMD, &r), 0);
	return r.rcx;
}

u64 vcpu_enter(unsigned int cpu, struct vcpu *v)
{
	struct sw_regs r = { .rcx = v->pages[0] };
	u64 status = seamcall_on(cpu, SW_LEAF_VP_ENTER, &r);

	last = r;
	return status;
}
