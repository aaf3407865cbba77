// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.VP.*: a vCPU before and between its runs.
 */
#include "core/run.h"
#include "host/leaf.h"

/* IA32_FMASK: interrupts and alignment checks. */
#define SW_FMASK_INIT	0x20200

u64 sw_vp_create(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_page page = { 0 };
	struct sw_tdvps *vp;
	struct sw_td td;
	u64 err;

	err = sw_td_get(r->rdx, SW_SHARED, SW_SHARED, SW_LEAF_VP_CREATE,
			SW_OPND_RDX, false, &td);
	if (err)
		return err;
	err = sw_page_get(r->rcx, 0, SW_EXCL, SW_PT_NDA, SW_OPND_RCX, &page);
	if (!err) {
		vp = sw_va(r->rcx);
		memset(vp, 0, SW_PAGE_SIZE);
		vp->tdr_pa = td.page.pa;
		vp->page_pa[SW_TDVPS_MGMT] = r->rcx;
		vp->num_pages = 1;
		vp->state = SW_VCPU_UNINITIALIZED;
		vp->assoc_lpid = -1;
		sw_td_children(&td, 1);
		sw_page_set(&page, SW_PT_TDVPR, td.page.pa);
	}
	sw_page_put(&page);
	sw_td_put(&td);
	return err;
}

static u64 vp_addcx(struct sw_vp_ref *ref, u64 pa, struct sw_page *page)
{
	struct sw_tdvps *vp = ref->vp;
	u64 err;

	if (vp->state != SW_VCPU_UNINITIALIZED)
		return SW_VCPU_STATE_INCORRECT | vp->state;
	if (vp->num_pages >= SW_TDVPS_PAGES_MAX)
		return SW_TDCX_NUM_INCORRECT;
	err = sw_page_get(pa, 0, SW_EXCL, SW_PT_NDA, SW_OPND_RCX, page);
	if (err)
		return err;
	memset(sw_va(pa), 0, SW_PAGE_SIZE);
	vp->page_pa[vp->num_pages++] = pa;
	sw_td_children(&ref->td, 1);
	sw_page_set(page, SW_PT_TDCX, ref->td.page.pa);
	return 0;
}

u64 sw_vp_addcx(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_page page = { 0 };
	struct sw_vp_ref ref;
	u64 err;

	err = sw_vp_get(r->rdx, SW_EXCL, SW_SHARED, SW_SHARED, SW_LEAF_VP_ADDCX,
			SW_OPND_RDX, &ref);
	if (err)
		return err;
	err = vp_addcx(&ref, r->rcx, &page);
	sw_page_put(&page);
	sw_vp_put(&ref);
	return err;
}

static void vp_disassociate(struct sw_td *td, struct sw_tdvps *vp)
{
	sw_store(&vp->assoc_lpid, -1);
	sw_add_return(&td->tdcs->num_assoc_vcpus, -1);
}

/* Numbers of initialised vCPUs are handed out once and never come back. */
static u64 take_index(struct sw_tdcs *tdcs, u32 *index)
{
	u32 n = sw_load(&tdcs->num_vcpus), old;

	for (;;) {
		if (n >= tdcs->max_vcpus)
			return SW_MAX_VCPUS_EXCEEDED;
		old = sw_cmpxchg(&tdcs->num_vcpus, n, n + 1);
		if (old == n)
			break;
		n = old;
	}
	*index = n;
	return 0;
}

static u64 check_x2apic_id(const struct sw_td *td, u32 id)
{
	u32 i, n = sw_load(&td->tdcs->num_vcpus);

	for (i = 0; i < n; i++) {
		if (td->tdcs1->x2apic_id[i] == id)
			return SW_X2APIC_ID_NOT_UNIQUE | id;
	}
	return 0;
}

static u64 vp_init_check(struct sw_vp_ref *ref, const struct sw_regs *r, bool v1)
{
	struct sw_tdvps *vp = ref->vp;

	if (vp->num_pages < SW_TDVPS_PAGES)
		return SW_TDCX_NUM_INCORRECT;
	if (vp->state != SW_VCPU_UNINITIALIZED)
		return SW_VCPU_STATE_INCORRECT | vp->state;
	if (sw_load(&ref->td.tdcs->num_vcpus) >= ref->td.tdcs->max_vcpus)
		return SW_MAX_VCPUS_EXCEEDED;
	if (!v1)
		return 0;
	if (r->r8 >> 32)
		return SW_OPERAND_INVALID | SW_OPND_R8;
	/* Version 1 has the TDR to itself, so the ids hold still. */
	return check_x2apic_id(&ref->td, r->r8);
}

/* A TD with a vCPU whose id nobody said has no topology to tell of. */
static void set_x2apic_id(struct sw_td *td, struct sw_tdvps *vp, u32 id, bool v1)
{
	vp->x2apic_id = v1 ? id : vp->vcpu_index;
	if (v1) {
		td->tdcs1->x2apic_id[vp->vcpu_index] = id;
		return;
	}
	sw_store(&td->tdcs->topology_enum_configured, (u8)0);
	sw_store(&td->tdcs->ve_reduction_valid, (u8)0);
}

static void vp_init_gprs(struct sw_td *td, struct sw_tdvps *vp, u64 arg)
{
	struct sw_cpuid_val sig = { 0 };

	sw_cpuid_lookup(td->tdcs, 1, 0, &sig);
	memset(&vp->gpr, 0, sizeof(vp->gpr));
	vp->gpr.rbx = SW_GPAW;
	vp->gpr.rcx = arg;
	vp->gpr.r8 = arg;
	vp->gpr.rdx = sig.eax;
	vp->gpr.rsi = vp->vcpu_index;
	vp->xcr0 = 1;
	vp->dr6 = 0xffff0ff0;
	vp->fmask = SW_FMASK_INIT;
	vp->last_exit_tsc = sw_tsc();
}

static u64 vp_init(struct sw_cpu *cpu, struct sw_vp_ref *ref,
		   const struct sw_regs *r, bool v1)
{
	struct sw_td *td = &ref->td;
	struct sw_tdvps *vp = ref->vp;
	bool fresh;
	u64 err;

	err = vp_init_check(ref, r, v1);
	if (!err)
		err = sw_vp_associate(cpu, td, vp, &fresh);
	if (err)
		return err;
	err = take_index(td->tdcs, &vp->vcpu_index);
	if (err) {
		if (fresh)
			vp_disassociate(td, vp);
		return err;
	}
	set_x2apic_id(td, vp, r->r8, v1);
	vp_init_gprs(td, vp, r->rdx);
	err = sw_guest_init(td, vp);
	if (!err)
		sw_store(&vp->state, SW_VCPU_READY);
	return err;
}

u64 sw_vp_init(struct sw_cpu *cpu, struct sw_regs *r)
{
	bool v1 = r->rax >> 16 & 0xff;
	struct sw_vp_ref ref;
	u64 err;

	err = sw_check_tsc_adjust();
	if (err)
		return err;
	err = sw_vp_get(r->rcx, SW_EXCL, v1 ? SW_EXCL : SW_SHARED, SW_SHARED,
			SW_LEAF_VP_INIT, SW_OPND_RCX, &ref);
	if (err)
		return err;
	err = vp_init(cpu, &ref, r, v1);
	sw_vp_put(&ref);
	return err;
}

/*
 * A TD that failed fatally has to be flushed like any other before its key can
 * be freed, so FATAL is not looked at.
 */
static u64 vp_flush(struct sw_cpu *cpu, struct sw_td *td, struct sw_tdvps *vp)
{
	if (td->tdr->lifecycle != SW_KEYS_CONFIGURED)
		return SW_TD_KEYS_NOT_CONFIGURED;
	if (vp->num_pages < SW_TDVPS_PAGES)
		return SW_TDCX_NUM_INCORRECT;
	if (sw_load(&vp->assoc_lpid) != (s32)cpu->lpid)
		return SW_VCPU_NOT_ASSOCIATED;
	td->tdcs = sw_tdcs_page(td, 0);
	sw_guest_flush(vp);
	if (cpu->last_tdvpr == vp->page_pa[SW_TDVPS_MGMT])
		cpu->last_tdvpr = 0;
	vp_disassociate(td, vp);
	return 0;
}

u64 sw_vp_flush(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_page page;
	struct sw_td td;
	u64 err;

	err = sw_page_get(r->rcx, 0, SW_EXCL, SW_PT_TDVPR, SW_OPND_RCX, &page);
	if (err)
		return err;
	err = sw_tdr_get(sw_page_owner(&page), SW_SHARED, SW_OPND_TDR, true, &td);
	if (!err)
		err = vp_flush(cpu, &td, sw_va(r->rcx));
	sw_td_put(&td);
	sw_page_put(&page);
	return err;
}

/*
 * RD and WR go through the TD VMCS, which can be active on one CPU only.  One
 * that is DISABLED can be looked at.
 */
static u64 vp_get_md(struct sw_cpu *cpu, const struct sw_regs *r, u32 leaf,
		     struct sw_vp_ref *ref)
{
	u32 state;
	bool fresh;
	u64 err;

	err = sw_vp_get(r->rcx, SW_SHARED, SW_SHARED, SW_SHARED, leaf,
			SW_OPND_RCX, ref);
	if (err)
		return err;
	state = sw_load(&ref->vp->state);
	if (ref->vp->num_pages < SW_TDVPS_PAGES)
		err = SW_TDCX_NUM_INCORRECT;
	else if (state != SW_VCPU_READY &&
		 (state != SW_VCPU_DISABLED || leaf != SW_LEAF_VP_RD))
		err = SW_VCPU_STATE_INCORRECT | state;
	else
		err = sw_vp_associate(cpu, &ref->td, ref->vp, &fresh);
	if (err)
		sw_vp_put(ref);
	return err;
}

u64 sw_vp_rd(struct sw_cpu *cpu, struct sw_regs *r)
{
	u64 val = 0, next = ~0ULL, err;
	bool v1 = r->rax >> 16 & 0xff;
	struct sw_vp_ref ref;

	err = vp_get_md(cpu, r, SW_LEAF_VP_RD, &ref);
	if (!err) {
		err = sw_md_first(v1, r->rdx);
		if (!err)
			err = sw_md_vp_rd(&ref.td, ref.vp, r->rdx, SW_HOST, &val,
					  &next);
		sw_vp_put(&ref);
	}
	r->r8 = val;
	if (v1)
		r->rdx = next;
	return err;
}

u64 sw_vp_wr(struct sw_cpu *cpu, struct sw_regs *r)
{
	struct sw_vp_ref ref;
	u64 old = 0, err;

	err = vp_get_md(cpu, r, SW_LEAF_VP_WR, &ref);
	if (!err) {
		err = sw_md_vp_wr(&ref.td, ref.vp, r->rdx, SW_HOST, r->r8, r->r9,
				  &old);
		sw_vp_put(&ref);
	}
	r->r8 = old;
	return err;
}
