// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_TDX_GET_CPUID: a TD's CPUID, as the module made it of KVM_TDX_INIT_VM's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/bitfield.h>
#include <linux/uaccess.h>

#include "tdx.h"

/* What the module's field identifiers have room for. */
#define TD_CPUID_MAX_LEAF	0x7fu
#define TD_CPUID_MAX_SUBLEAF	0x7fu
#define TD_CPUID_EXTENDED	0x80000000u

struct td_cpuid_out {
	/* KVM_MAX_CPUID_ENTRIES of them: no VMM can give a vCPU more. */
	struct kvm_cpuid_entry2 *entries;
	u32 nr;
};

static u64 td_cpuid_field(u32 leaf, u32 subleaf, bool has_subleaf)
{
	u64 field = TD_MD_CPUID_VALUES |
		    FIELD_PREP(TD_MD_CPUID_LEAF, leaf & TD_CPUID_MAX_LEAF);

	if (leaf & TD_CPUID_EXTENDED)
		field |= TD_MD_CPUID_EXTENDED;
	/* "None" is all ones there, and its own bit. */
	return field | (has_subleaf ?
			FIELD_PREP(TD_MD_CPUID_SUBLEAF, subleaf) :
			TD_MD_CPUID_NO_SUBLEAF | TD_MD_CPUID_SUBLEAF);
}

/* Returns 1 for a leaf that the module has, 0 for one that it has not, or -errno. */
static int td_cpuid_verdict(u64 status)
{
	/* The names that the module has for "no such field". */
	if (tdx_status_is(status, TDX_METADATA_FIELD_ID_INCORRECT) ||
	    tdx_status_is(status, TDX_METADATA_FIELD_NOT_READABLE))
		return 0;

	switch (tdx_judge(status)) {
	case TDX_DONE:
		return 1;
	case TDX_CALLER:
		return 0;
	case TDX_RETRY:
		return -EAGAIN;
	default:
		pr_err_ratelimited("TDH.MNG.RD failed: %s (%llx)\n",
				   tdx_status_name(status), status);
		return -EIO;
	}
}

/* As td_cpuid_verdict(). */
static int td_cpuid_read(struct kvm_tdx *kvm_tdx, u32 leaf, u32 subleaf,
			 bool has_subleaf, struct kvm_cpuid_entry2 *e)
{
	u64 field = td_cpuid_field(leaf, subleaf, has_subleaf);
	u64 ax_bx, cx_dx, status;

	status = tdx_call_retried(tdh_mng_rd(&kvm_tdx->td, field, &ax_bx));
	if (tdx_judge(status) == TDX_DONE)
		status = tdx_call_retried(tdh_mng_rd(&kvm_tdx->td, field + 1, &cx_dx));
	if (tdx_judge(status) != TDX_DONE)
		return td_cpuid_verdict(status);

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
		e->eax = (e->eax & ~0xff0000u) | (u32)kvm_tdx->gpaw << 16;
	return 1;
}

/* As td_cpuid_verdict(); what finds no room is counted. */
static int td_cpuid_add(struct kvm_tdx *kvm_tdx, u32 leaf, u32 subleaf,
			bool has_subleaf, struct td_cpuid_out *out)
{
	struct kvm_cpuid_entry2 e;
	int ret = td_cpuid_read(kvm_tdx, leaf, subleaf, has_subleaf, &e);

	if (ret <= 0)
		return ret;
	if (out->nr < KVM_MAX_CPUID_ENTRIES)
		out->entries[out->nr] = e;
	out->nr++;
	return 1;
}

/* A leaf either has no subleaves or the first few, without a gap. */
static int td_cpuid_add_leaf(struct kvm_tdx *kvm_tdx, u32 leaf,
			     struct td_cpuid_out *out)
{
	int ret = td_cpuid_add(kvm_tdx, leaf, 0, false, out);
	u32 subleaf;

	if (ret)
		return ret;

	for (subleaf = 0; subleaf <= TD_CPUID_MAX_SUBLEAF; subleaf++) {
		ret = td_cpuid_add(kvm_tdx, leaf, subleaf, true, out);
		if (ret <= 0)
			return ret < 0 ? ret : subleaf > 0;
	}
	return 1;
}

/* @first, whose EAX names the last leaf of the range, and the others. */
static int td_cpuid_add_range(struct kvm_tdx *kvm_tdx, u32 first,
			      struct td_cpuid_out *out)
{
	u32 at = out->nr, last, leaf;
	int ret;

	ret = td_cpuid_add_leaf(kvm_tdx, first, out);
	if (ret <= 0)
		return ret ?: -EIO;
	/* 256 entries before it: nobody could be given this one. */
	if (at >= KVM_MAX_CPUID_ENTRIES)
		return 0;

	last = min(out->entries[at].eax, first + TD_CPUID_MAX_LEAF);
	for (leaf = first + 1; leaf <= last; leaf++) {
		ret = td_cpuid_add_leaf(kvm_tdx, leaf, out);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int td_cpuid_copy_out(struct kvm_cpuid2 __user *user, u32 room,
			     const struct td_cpuid_out *out)
{
	bool fits = out->nr <= min_t(u32, room, KVM_MAX_CPUID_ENTRIES);

	if (put_user(out->nr, &user->nent))
		return -EFAULT;
	if (!fits)
		return -E2BIG;
	if (copy_to_user(user->entries, out->entries,
			 array_size(out->nr, sizeof(*out->entries))))
		return -EFAULT;
	return 0;
}

int tdx_vcpu_get_cpuid(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd)
{
	struct kvm_cpuid2 __user *user = u64_to_user_ptr(cmd->data);
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct td_cpuid_out out = {};
	u32 room;
	int ret;

	lockdep_assert_held(&vcpu->kvm->lock);

	if (td_state(kvm_tdx) != TD_S_INITIALIZED)
		return -EINVAL;
	if (get_user(room, &user->nent))
		return -EFAULT;

	out.entries = kvcalloc(KVM_MAX_CPUID_ENTRIES, sizeof(*out.entries),
			       GFP_KERNEL_ACCOUNT);
	if (!out.entries)
		return -ENOMEM;

	ret = td_cpuid_add_range(kvm_tdx, 0, &out);
	if (!ret)
		ret = td_cpuid_add_range(kvm_tdx, TD_CPUID_EXTENDED, &out);
	if (!ret)
		ret = td_cpuid_copy_out(user, room, &out);
	kvfree(out.entries);
	return ret;
}
