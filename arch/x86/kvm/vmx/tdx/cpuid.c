// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_TDX_GET_CPUID: a TD's CPUID, as the module made it of KVM_TDX_INIT_VM's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/bitfield.h>
#include <linux/uaccess.h>

#include "tdx.h"

#define TD_CPUID_MAX_SUBLEAF	0x7f

struct td_cpuid_out {
	struct kvm_cpuid_entry2 *entries;
	u32 room;
	u32 used;
};

static u64 td_cpuid_field(u32 leaf, u32 subleaf, bool has_subleaf)
{
	u64 field = TD_MD_CPUID_VALUES | FIELD_PREP(TD_MD_CPUID_LEAF, leaf & 0x7f);

	if (leaf & BIT(31))
		field |= TD_MD_CPUID_EXTENDED;
	/* "None" is all ones there, and its own bit. */
	return field | (has_subleaf ?
			FIELD_PREP(TD_MD_CPUID_SUBLEAF, subleaf) :
			TD_MD_CPUID_NO_SUBLEAF | TD_MD_CPUID_SUBLEAF);
}

static bool td_cpuid_read(struct kvm_tdx *tdx, u32 leaf, u32 subleaf,
			  bool has_subleaf, struct kvm_cpuid_entry2 *e)
{
	u64 field = td_cpuid_field(leaf, subleaf, has_subleaf);
	u64 ax_bx, cx_dx, status;

	status = tdx_call_retried(tdh_mng_rd(&tdx->td, field, &ax_bx));
	if (tdx_judge(status) == TDX_DONE)
		status = tdx_call_retried(tdh_mng_rd(&tdx->td, field + 1, &cx_dx));
	if (tdx_judge(status) != TDX_DONE)
		return false;

	memset(e, 0, sizeof(*e));
	e->function = leaf;
	e->index = subleaf;
	e->flags = has_subleaf ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
	e->eax = lower_32_bits(ax_bx);
	e->ebx = upper_32_bits(ax_bx);
	e->ecx = lower_32_bits(cx_dx);
	e->edx = upper_32_bits(cx_dx);
	/* The module knows the GPAW; CPUID tells it the guest's way. */
	if (leaf == 0x80000008)
		e->eax = (e->eax & ~0xff0000u) | (u32)tdx->gpaw << 16;
	return true;
}

static int td_cpuid_add(struct td_cpuid_out *out,
			const struct kvm_cpuid_entry2 *e)
{
	if (out->used == out->room)
		return -E2BIG;
	out->entries[out->used++] = *e;
	return 0;
}

/* A leaf either has no subleaves or the first few, without a gap. */
static int td_cpuid_add_leaf(struct kvm_tdx *tdx, u32 leaf,
			     struct td_cpuid_out *out)
{
	struct kvm_cpuid_entry2 e;
	u32 subleaf;
	int ret;

	if (td_cpuid_read(tdx, leaf, 0, false, &e))
		return td_cpuid_add(out, &e);

	for (subleaf = 0; subleaf <= TD_CPUID_MAX_SUBLEAF; subleaf++) {
		if (!td_cpuid_read(tdx, leaf, subleaf, true, &e))
			break;
		ret = td_cpuid_add(out, &e);
		if (ret)
			return ret;
	}
	return 0;
}

static int td_cpuid_add_range(struct kvm_tdx *tdx, u32 first, u32 last,
			      struct td_cpuid_out *out)
{
	int ret = 0;
	u32 leaf;

	for (leaf = first; !ret && leaf <= last; leaf++)
		ret = td_cpuid_add_leaf(tdx, leaf, out);
	return ret;
}

int tdx_vcpu_get_cpuid(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd)
{
	struct kvm_cpuid2 __user *user = u64_to_user_ptr(cmd->data);
	struct kvm_tdx *tdx = to_kvm_tdx(vcpu->kvm);
	struct td_cpuid_out out = {};
	int ret;

	if (td_state(tdx) != TD_S_INITIALIZED)
		return -EINVAL;
	if (get_user(out.room, &user->nent))
		return -EFAULT;
	if (out.room > KVM_MAX_CPUID_ENTRIES)
		return -E2BIG;

	out.entries = kvcalloc(out.room, sizeof(*out.entries), GFP_KERNEL_ACCOUNT);
	if (!out.entries)
		return -ENOMEM;

	ret = td_cpuid_add_range(tdx, 0, 0x23, &out);
	if (!ret)
		ret = td_cpuid_add_range(tdx, 0x80000000, 0x80000008, &out);
	if (!ret && (copy_to_user(user->entries, out.entries,
				  array_size(out.used, sizeof(*out.entries))) ||
		     put_user(out.used, &user->nent)))
		ret = -EFAULT;
	kvfree(out.entries);
	return ret;
}
