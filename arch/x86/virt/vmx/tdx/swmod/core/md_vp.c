// SPDX-License-Identifier: GPL-2.0-only
/*
 * VP.RD, VP.WR and TDG.VP.RD, TDG.VP.WR: the fields of TDVPS, and those of the
 * TD VMCS that the host may see.  L2 VMs and their fields do not exist.
 */
#include "core/metadata.h"
#include "core/run.h"

enum sw_md_vp_src { SRC_VP, SRC_VAPIC, SRC_XBUFF, SRC_DETAILS, SRC_ZERO };

struct sw_md_vp_field {
	struct sw_md_field f;
	enum sw_md_vp_src src;
	u16 off;
	struct sw_md_access a;
};

#define HOST	{ .host_rd = true, .dbg_rd = true }
#define DBG	{ .dbg_rd = true }
#define DBG_RW	{ .dbg_rd = true, .dbg_wr = SW_MD_ALL }

#define VP_N(_id, _n, _member, ...) {					\
	.f = { (_id), (_n) }, .src = SRC_VP,				\
	.off = offsetof(struct sw_tdvps, _member), .a = __VA_ARGS__ }
#define VP(_id, _member, ...)	VP_N(_id, 1, _member, __VA_ARGS__)

#define SW_MD_PEND_NMI		0x202000000000000BULL
#define SW_MD_CPUID_SUPERVISOR_VE	0xA020000000000007ULL
#define SW_MD_CPUID_USER_VE	0xA020000000000008ULL
#define SW_MD_CPUID_CONTROL	0xA120000000000000ULL
#define SW_MD_TD_CTLS_LOCK	(1ULL << 63)

static const struct sw_md_vp_field fields[] = {
	{ { 0x0120000300000000ULL, 128 }, SRC_VAPIC, 0, DBG },
	VP(0x0220000200000000ULL, ve.exit_reason, DBG),
	VP(0x0220000200000001ULL, ve.valid, DBG),
	VP(0x0220000300000002ULL, ve.qualification, DBG),
	VP(0x0220000300000003ULL, ve.gla, DBG),
	VP(0x0220000300000004ULL, ve.gpa, DBG),
	VP(0x0220000100000005ULL, ve.eptp_index, DBG),
	VP(0x8220000200000010ULL, ve.instr_length, DBG),
	VP(0x8220000200000011ULL, ve.instr_info, DBG),
	VP(0x8220000000000013ULL, ve.category, DBG),
	VP(0x8220000200000014ULL, ve.interruptibility, DBG),
	/* RAX to R15 in the order of struct sw_regs, but for two swaps */
	VP(0x1020000300000000ULL, gpr.rax, DBG_RW),
	VP(0x1020000300000001ULL, gpr.rcx, DBG_RW),
	VP(0x1020000300000002ULL, gpr.rdx, DBG_RW),
	VP(0x1020000300000003ULL, gpr.rbx, DBG_RW),
	VP(0x1020000300000005ULL, gpr.rbp, DBG_RW),
	VP(0x1020000300000006ULL, gpr.rsi, DBG_RW),
	VP(0x1020000300000007ULL, gpr.rdi, DBG_RW),
	VP_N(0x1020000300000008ULL, 8, gpr.r8, DBG_RW),
	VP_N(0x1120000300000000ULL, 4, dr, DBG_RW),
	VP(0x1120000300000006ULL, dr6, { .dbg_rd = true, .dbg_wr = 0xFFFFFFFF }),
	VP(0x1120000300000020ULL, xcr0, DBG),
	VP(0x1120000300000028ULL, cr2, DBG_RW),
	{ { 0x9120000300000100ULL, 1 }, SRC_DETAILS, 0,
	  { .host_rd = true, .dbg_rd = true, .td_rd = true } },
	{ { 0x1220000300000000ULL, 512 }, SRC_XBUFF, 0, DBG_RW },
	VP(0x13200003000001A0ULL, misc_enable, DBG_RW),
	VP(0x1320000300000DA0ULL, xss, DBG),
	VP(0x1320000300002081ULL, star, DBG),
	VP(0x1320000300002082ULL, lstar, DBG),
	VP(0x1320000300002084ULL, fmask, DBG),
	VP(0x1320000300002102ULL, kernel_gs_base, DBG),
	VP(0x1320000300002103ULL, tsc_aux, DBG_RW),
	VP(0xA020000000000000ULL, state, DBG),
	VP(0xA020000200000002ULL, vcpu_index,
	   { .host_rd = true, .dbg_rd = true, .td_rd = true }),
	VP(0xA020000000000003ULL, num_pages, HOST),
	VP(0xA020000200000004ULL, assoc_lpid, HOST),
	VP(0xA020000300000006ULL, vcpu_epoch, HOST),
	VP(SW_MD_CPUID_SUPERVISOR_VE, cpuid_supervisor_ve,
	   { .host_rd = true, .dbg_rd = true, .td_rd = true, .td_wr = 0xff }),
	VP(SW_MD_CPUID_USER_VE, cpuid_user_ve,
	   { .host_rd = true, .dbg_rd = true, .td_rd = true, .td_wr = 0xff }),
	VP(0xA02000030000000AULL, last_exit_tsc, DBG),
	VP(SW_MD_PEND_NMI, pend_nmi,
	   { .host_rd = true, .dbg_rd = true, .host_wr = SW_MD_ALL }),
	VP(0xA02000000000000DULL, epf_n, DBG),
	VP(0xA02000000000000EULL, epf_count, DBG),
	VP(0xA02000000000000FULL, last_exit, DBG),
	VP_N(0xA020000300000010ULL, SW_TDVPS_PAGES_MAX, page_pa, HOST),
	VP(0xA020000300000030ULL, hp_busy_start, DBG),
	VP(0xA020000000000031ULL, hp_busy, DBG),
	VP(0xA020000000000040ULL, nmi_unblocking_due_to_iret, DBG),
	/* CURR_VM: always the L1 */
	{ { 0xA020000100000041ULL, 1 }, SRC_ZERO, 0, DBG },
	VP(0xA020000000000044ULL, launched, DBG),
	VP_N(SW_MD_CPUID_CONTROL, SW_NR_CPUID_CONTROLS, cpuid_control,
	     { .dbg_rd = true, .td_rd = true, .td_wr = 3 }),
	VP_N(0xA220000300000200ULL, SW_EPF_LIST, epf_gpa, DBG),
};

#define NR_FIELDS	SW_ARRAY_SIZE(fields)

/* Fields of the TD VMCS; the code is their encoding. */
struct sw_md_vmcs {
	u32 encoding;
	u64 rd, wr, dbg_wr;		/* bits */
};

#define SW_VMCS_PID_VECTOR	0x0002
#define SW_VMCS_PID_ADDR	0x2016
#define SW_VMCS_SHARED_EPTP	0x203c
#define SW_VMCS_PIN_CTLS	0x4000
#define SW_VMCS_PIN_POSTED	(1ULL << 7)

static const struct sw_md_vmcs vmcs_fields[] = {
	/* posted interrupts: vector and descriptor */
	{ SW_VMCS_PID_VECTOR, SW_MD_ALL, SW_MD_ALL, SW_MD_ALL },
	{ SW_VMCS_PID_ADDR, SW_MD_ALL, ~0x3FULL, ~0x3FULL },
	/* MSR bitmap, TSC offset, VM functions, EPTP, TSC multiplier */
	{ 0x2004, SW_MD_ALL, 0, 0 },
	{ 0x2010, SW_MD_ALL, 0, SW_MD_ALL },
	{ 0x2018, SW_MD_ALL, 0, 0 },
	{ 0x201A, SW_MD_ALL, 0, 0 },
	{ 0x2032, SW_MD_ALL, 0, SW_MD_ALL },
	/* shared EPTP */
	{ SW_VMCS_SHARED_EPTP, 0xFFFFFFFFFF000ULL, 0xFFFFFFFFFF000ULL, 0xFFFFFFFFFF000ULL },
	/* process posted interrupts; bus lock detection, notify window */
	{ SW_VMCS_PIN_CTLS, SW_VMCS_PIN_POSTED, SW_VMCS_PIN_POSTED,
	  SW_VMCS_PIN_POSTED },
	{ 0x401E, 0xC0000000, 0xC0000000, 0xC0130C04 },
	/* PLE gap and window, instruction timeout, HKID */
	{ 0x4020, SW_MD_ALL, 0, SW_MD_ALL },
	{ 0x4022, SW_MD_ALL, 0, SW_MD_ALL },
	{ 0x4024, SW_MD_ALL, SW_MD_ALL, SW_MD_ALL },
};

/* Guest state that the host of a debug TD may read and write. */
static const u16 vmcs_debug[] = {
	0x0800, 0x0802, 0x0804, 0x0806, 0x0808, 0x080A, 0x080C, 0x080E,
	0x0810, 0x2802, 0x2804, 0x2806, 0x4002, 0x4004, 0x4006, 0x4008, 0x4800,
	0x4802, 0x4804, 0x4806, 0x4808, 0x480A, 0x480C, 0x480E, 0x4810,
	0x4812, 0x4814, 0x4816, 0x4818, 0x481A, 0x481C, 0x481E, 0x4820,
	0x4822, 0x4824, 0x482A, 0x6000, 0x6002, 0x6004, 0x6006, 0x6800,
	0x6802, 0x6804, 0x6806, 0x6808, 0x680A, 0x680C, 0x680E, 0x6810,
	0x6812, 0x6814, 0x6816, 0x6818, 0x681A, 0x681C, 0x681E, 0x6820,
	0x6822, 0x6824, 0x6826,
};

static bool is_debug(const struct sw_td *td)
{
	return td->tdcs->attributes & SW_ATTR_DEBUG;
}

static bool vmcs_find(const struct sw_td *td, u32 encoding, struct sw_md_vmcs *f)
{
	unsigned int i;

	for (i = 0; i < SW_ARRAY_SIZE(vmcs_fields); i++) {
		if (vmcs_fields[i].encoding != encoding)
			continue;
		*f = vmcs_fields[i];
		if (is_debug(td))
			f->wr |= f->dbg_wr;
		return true;
	}
	for (i = 0; i < SW_ARRAY_SIZE(vmcs_debug); i++) {
		if (vmcs_debug[i] != encoding)
			continue;
		*f = (struct sw_md_vmcs){ encoding, 0, 0, 0 };
		if (is_debug(td)) {
			f->rd = SW_MD_ALL;
			f->wr = SW_MD_ALL;
		}
		return true;
	}
	return false;
}

static bool is_vmcs(u64 id)
{
	return !SW_MD_CLASS(id) && !(id & SW_MD_RESERVED);
}

static u64 vmcs_rd(struct sw_td *td, struct sw_tdvps *vp, u64 id, u64 *val)
{
	struct sw_md_vmcs f;
	u64 err;

	if (!vmcs_find(td, SW_MD_CODE(id), &f))
		return SW_METADATA_FIELD_ID_INCORRECT;
	if (!f.rd)
		return SW_METADATA_FIELD_NOT_READABLE;
	err = sw_guest_vmcs_rd(vp, f.encoding, val);
	*val &= f.rd;
	return err;
}

/* Encodings tell the width: 16 bits, 64, 32, and the processor's own. */
static bool fits(u32 encoding, u64 val)
{
	switch (encoding >> 13 & 3) {
	case 0:
		return !(val >> 16);
	case 2:
		return !(val >> 32);
	default:
		return true;
	}
}

/* Posted interrupts want a vector and a descriptor, which VP.INIT leaves open. */
static u64 posted_check(struct sw_tdvps *vp)
{
	u64 val = 0, err;

	err = sw_guest_vmcs_rd(vp, SW_VMCS_PID_VECTOR, &val);
	if (!err && val == SW_VMCS_PID_NO_VECTOR)
		err = SW_TD_VMCS_FIELD_NOT_INITIALIZED | SW_VMCS_PID_VECTOR;
	if (err)
		return err;
	err = sw_guest_vmcs_rd(vp, SW_VMCS_PID_ADDR, &val);
	if (!err && val == SW_VMCS_PID_NO_ADDR)
		err = SW_TD_VMCS_FIELD_NOT_INITIALIZED | SW_VMCS_PID_ADDR;
	return err;
}

static u64 vmcs_check(struct sw_tdvps *vp, u32 encoding, u64 val)
{
	if (!fits(encoding, val))
		return SW_METADATA_FIELD_VALUE_NOT_VALID;
	switch (encoding) {
	case SW_VMCS_PIN_CTLS:
		return val & SW_VMCS_PIN_POSTED ? posted_check(vp) : 0;
	case SW_VMCS_PID_ADDR:
	case SW_VMCS_SHARED_EPTP:
		return sw_hpa_is_shared(val) ? 0 :
					       SW_METADATA_FIELD_VALUE_NOT_VALID;
	default:
		return 0;
	}
}

static u64 vmcs_wr(struct sw_td *td, struct sw_tdvps *vp, u64 id, u64 val,
		   u64 mask, u64 *old)
{
	struct sw_md_vmcs f;
	u64 err, cur = 0;

	if (!vmcs_find(td, SW_MD_CODE(id), &f))
		return SW_METADATA_FIELD_ID_INCORRECT;
	err = sw_guest_vmcs_rd(vp, f.encoding, &cur);
	*old = cur & f.rd;
	/* The bits that cannot be written are not ones for good. */
	if (f.encoding == SW_VMCS_PID_ADDR)
		cur &= f.wr;
	if (!err)
		err = sw_md_merge(f.wr, mask, cur, &val);
	if (!err)
		err = vmcs_check(vp, f.encoding, val);
	if (err)
		return err;
	return sw_guest_vmcs_wr(vp, f.encoding, val);
}

static void *field_ptr(struct sw_tdvps *vp, const struct sw_md_vp_field *f, u64 id)
{
	static const u64 zero;
	u32 index = SW_MD_CODE(id) - SW_MD_CODE(f->f.id);
	u8 *base;

	switch (f->src) {
	case SRC_VP:
		base = (u8 *)vp + f->off;
		break;
	case SRC_VAPIC:
		base = sw_tdvps_page(vp, SW_TDVPS_VAPIC);
		break;
	case SRC_XBUFF:
		base = sw_tdvps_page(vp, SW_TDVPS_XBUFF);
		break;
	default:
		return (void *)&zero;
	}
	return base + index * SW_MD_SIZE(f->f.id);
}

u64 sw_md_vp_rd(struct sw_td *td, struct sw_tdvps *vp, u64 id,
		enum sw_side side, u64 *val, u64 *next)
{
	const struct sw_md_vp_field *f;
	int i;

	*val = 0;
	*next = SW_MD_NULL_ID;
	if (id == SW_MD_NULL_ID) {
		*next = fields[0].f.id;
		return SW_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	if (is_vmcs(id))
		return side == SW_GUEST ? SW_METADATA_FIELD_NOT_READABLE :
					  vmcs_rd(td, vp, id, val);
	i = sw_md_find(fields, NR_FIELDS, sizeof(fields[0]), id);
	if (i < 0)
		return SW_METADATA_FIELD_ID_INCORRECT;
	f = &fields[i];
	if (!sw_md_may_read(&f->a, side, is_debug(td)))
		return SW_METADATA_FIELD_NOT_READABLE;
	if (f->src == SRC_DETAILS)
		*val = sw_vp_intr_pending(vp);
	else
		*val = sw_md_load(field_ptr(vp, f, id), f->f.id);
	*next = sw_md_next(fields, NR_FIELDS, sizeof(fields[0]), i, id);
	return 0;
}

/* Which CPUID leaves raise #VE is a choice that a TD can lock. */
static bool locked(const struct sw_td *td, const struct sw_md_vp_field *f)
{
	return (td->tdcs->td_ctls & SW_MD_TD_CTLS_LOCK) &&
	       (f->f.id == SW_MD_CPUID_SUPERVISOR_VE ||
		f->f.id == SW_MD_CPUID_USER_VE || f->f.id == SW_MD_CPUID_CONTROL);
}

u64 sw_md_vp_wr(struct sw_td *td, struct sw_tdvps *vp, u64 id,
		enum sw_side side, u64 val, u64 mask, u64 *old)
{
	const struct sw_md_vp_field *f;
	u64 err, prev;
	void *p;
	int i;

	*old = 0;
	if (is_vmcs(id))
		return side == SW_GUEST ? SW_METADATA_FIELD_NOT_WRITABLE :
					  vmcs_wr(td, vp, id, val, mask, old);
	i = sw_md_find(fields, NR_FIELDS, sizeof(fields[0]), id);
	if (i < 0)
		return SW_METADATA_FIELD_ID_INCORRECT;
	f = &fields[i];
	p = field_ptr(vp, f, id);
	prev = sw_md_load(p, f->f.id);
	err = sw_md_merge(sw_md_writable(&f->a, side, is_debug(td)), mask, prev, &val);
	if (err)
		return err;
	if (locked(td, f) && val != prev)
		return SW_METADATA_FIELD_VALUE_NOT_VALID;
	*old = prev;
	return sw_md_store(p, f->f.id, val);
}
