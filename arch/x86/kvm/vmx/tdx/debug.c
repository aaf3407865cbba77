// SPDX-License-Identifier: GPL-2.0-only
/*
 * A debug TD's registers, and what its vCPUs stop for: KVM_TDX_DEBUG_*.  User
 * space names fields of the module's, so what it may name is listed here.  VP.WR
 * would let it write the posted-interrupt descriptor and the shared EPTP, too.
 *
 * guest_state_protected stays set: base KVM has no registers of any TD.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/uaccess.h>

#include "tdx.h"

/* RFLAGS without VM and the reserved bits, which fail an entry. */
#define TD_DEBUG_RFLAGS		(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
				 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_TF | \
				 X86_EFLAGS_IF | X86_EFLAGS_DF | X86_EFLAGS_OF | \
				 X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF | \
				 X86_EFLAGS_AC | X86_EFLAGS_ID)

/* @nr fields from @id on, every @step; what of them user space may write. */
struct td_debug_field {
	u64 id;
	u64 writable;
	/* The value of the bits that it may not. */
	u64 fixed;
	u8 nr;
	u8 step;
};

#define RD(_id, _nr, _step)						\
	{ .id = (_id), .nr = (_nr), .step = (_step) }
#define WR(_id, _nr, _mask, _fixed)					\
	{ .id = (_id), .nr = (_nr), .step = 1, .writable = (_mask), .fixed = (_fixed) }

static const struct td_debug_field td_debug_fields[] = {
	/* RAX, RCX, RDX, RBX; RBP, RSI, RDI, R8 to R15 */
	WR(TDVPS_GPR(0), 4, ~0ULL, 0),
	WR(TDVPS_GPR(5), 11, ~0ULL, 0),
	WR(TDVPS_VMCS64(GUEST_RSP), 1, ~0ULL, 0),
	WR(TDVPS_VMCS64(GUEST_RIP), 1, ~0ULL, 0),
	WR(TDVPS_VMCS64(GUEST_RFLAGS), 1, TD_DEBUG_RFLAGS, X86_EFLAGS_FIXED),
	/* ES, CS, SS, DS, FS, GS, LDTR, TR */
	RD(TDVPS_VMCS16(GUEST_ES_SELECTOR), 8, 2),
	/* The same, GDTR, IDTR */
	RD(TDVPS_VMCS32(GUEST_ES_LIMIT), 10, 2),
	/* Access rights of the eight, interruptibility */
	RD(TDVPS_VMCS32(GUEST_ES_AR_BYTES), 9, 2),
	/* CR0, CR3, CR4, ten bases, DR7 */
	RD(TDVPS_VMCS64(GUEST_CR0), 14, 2),
	RD(TDVPS_CR2, 1, 1),
	RD(TDVPS_VMCS64(CR0_READ_SHADOW), 1, 1),
	RD(TDVPS_VMCS64(CR4_READ_SHADOW), 1, 1),
	RD(TDVPS_XCR0, 1, 1),
	RD(TDVPS_DR(0), 4, 1),
	RD(TDVPS_DR(6), 1, 1),
	RD(TDVPS_VMCS64(GUEST_IA32_PAT), 1, 1),
	RD(TDVPS_VMCS64(GUEST_IA32_EFER), 1, 1),
	RD(TDVPS_VMCS32(GUEST_SYSENTER_CS), 1, 1),
	/* Pending debug exceptions, SYSENTER_ESP, SYSENTER_EIP */
	RD(TDVPS_VMCS64(GUEST_PENDING_DBG_EXCEPTIONS), 3, 2),
};

/* All bits of @id count, so that a field has one name. */
static const struct td_debug_field *td_debug_find(u64 id)
{
	const struct td_debug_field *f = td_debug_fields;
	u64 offset;

	for (; f < td_debug_fields + ARRAY_SIZE(td_debug_fields); f++) {
		offset = id - f->id;
		if (offset < f->nr * f->step && !(offset % f->step))
			return f;
	}
	return NULL;
}

static bool td_debug_may(const struct kvm_tdx_debug_field *user, bool write)
{
	const struct td_debug_field *f = td_debug_find(user->id);

	if (!f || !write)
		return f;
	return f->writable && (user->value & ~f->writable) == f->fixed;
}

/* --- SEAMCALLs --- */

/*
 * What the module says of a field or of a page is for user space to judge: the
 * TD goes on.
 */
int tdx_debug_errno(u64 status, struct kvm_tdx_cmd *cmd)
{
	if (tdx_judge(status) == TDX_DONE)
		return 0;
	cmd->hw_error = status;
	return tdx_judge(status) == TDX_RETRY ? -EAGAIN : -EIO;
}

static int td_debug_read(struct vcpu_tdx *tdx, struct kvm_tdx_cmd *cmd,
			 struct kvm_tdx_debug_field *user)
{
	return tdx_debug_errno(tdx_call_retried(tdh_vp_rd(&tdx->vp, user->id,
							  &user->value)), cmd);
}

static int td_debug_write(struct vcpu_tdx *tdx, struct kvm_tdx_cmd *cmd,
			  u64 id, u64 value, u64 mask)
{
	return tdx_debug_errno(tdx_call_retried(tdh_vp_wr(&tdx->vp, id, value,
							  mask)), cmd);
}

/* --- the vCPU --- */

/*
 * The commands that change a TD's state or its image hold each vcpu->mutex: none
 * of them is under way, and none of its SEAMCALLs wants the TDR alone.
 */
static int td_debug_lock(struct kvm_vcpu *vcpu)
{
	int ret = mutex_lock_killable(&vcpu->mutex);

	if (ret)
		return ret;
	if (vcpu->kvm->vm_dead)
		ret = -EIO;
	else if (to_tdx(vcpu)->state != TDX_VCPU_INITIALIZED)
		ret = -EINVAL;
	if (ret)
		mutex_unlock(&vcpu->mutex);
	else
		vcpu_load(vcpu);
	return ret;
}

static void td_debug_unlock(struct kvm_vcpu *vcpu)
{
	vcpu_put(vcpu);
	mutex_unlock(&vcpu->mutex);
}

static int td_debug_access(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd,
			   struct kvm_tdx_debug_field *fields, u32 nr, bool write)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (!td_debug_may(&fields[i], write))
			return -EINVAL;
	}

	ret = td_debug_lock(vcpu);
	if (ret)
		return ret;
	for (i = 0; i < nr && !ret; i++) {
		if (write)
			ret = td_debug_write(tdx, cmd, fields[i].id, fields[i].value,
					     td_debug_find(fields[i].id)->writable);
		else
			ret = td_debug_read(tdx, cmd, &fields[i]);
	}
	td_debug_unlock(vcpu);
	return ret;
}

static int tdx_debug_fields(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd,
			    bool write)
{
	struct kvm_tdx_debug_fields __user *user = u64_to_user_ptr(cmd->data);
	struct kvm_tdx_debug_fields head;
	struct kvm_tdx_debug_field *fields;
	int ret;

	if (cmd->flags)
		return -EINVAL;
	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (!head.nr || head.nr > KVM_TDX_DEBUG_MAX_FIELDS || head.pad)
		return -EINVAL;

	fields = memdup_array_user(user->fields, head.nr, sizeof(*fields));
	if (IS_ERR(fields))
		return PTR_ERR(fields);
	ret = td_debug_access(vcpu, cmd, fields, head.nr, write);
	if (!ret && !write &&
	    copy_to_user(user->fields, fields, head.nr * sizeof(*fields)))
		ret = -EFAULT;
	kfree(fields);
	return ret;
}

/* --- what a vCPU stops for --- */

/*
 * Not the module's own: #DB and #AC go to the guest whoever intercepts them, #UD
 * may be a TDCALL, NMI and #MC are the host's, and #VE is none before it arrives.
 */
#define TD_DEBUG_EXCEPTIONS	(BIT(DE_VECTOR) | BIT(BP_VECTOR) | BIT(OF_VECTOR) | \
				 BIT(BR_VECTOR) | BIT(NM_VECTOR) | BIT(DF_VECTOR) | \
				 BIT(TS_VECTOR) | BIT(NP_VECTOR) | BIT(SS_VECTOR) | \
				 BIT(GP_VECTOR) | BIT(PF_VECTOR) | BIT(MF_VECTOR) | \
				 BIT(XM_VECTOR))

static int tdx_debug_control(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	bool step = cmd->flags & KVM_TDX_DEBUG_SINGLE_STEP;
	int ret;

	if (cmd->flags & ~KVM_TDX_DEBUG_SINGLE_STEP ||
	    cmd->data & ~TD_DEBUG_EXCEPTIONS)
		return -EINVAL;

	ret = td_debug_lock(vcpu);
	if (ret)
		return ret;
	/* Under a mask of the bits that are user space's: the rest stays. */
	ret = td_debug_write(tdx, cmd, TDVPS_VMCS32(EXCEPTION_BITMAP), cmd->data,
			     TD_DEBUG_EXCEPTIONS);
	if (!ret)
		ret = td_debug_write(tdx, cmd, TDVPS_VMCS32(CPU_BASED_VM_EXEC_CONTROL),
				     step ? CPU_BASED_MONITOR_TRAP_FLAG : 0,
				     CPU_BASED_MONITOR_TRAP_FLAG);
	td_debug_unlock(vcpu);
	return ret;
}

/* Called without vcpu->mutex, for a debug TD. */
int tdx_debug_vcpu_ioctl(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd)
{
	switch (cmd->id) {
	case KVM_TDX_DEBUG_GET_FIELDS:
		return tdx_debug_fields(vcpu, cmd, false);
	case KVM_TDX_DEBUG_SET_FIELDS:
		return tdx_debug_fields(vcpu, cmd, true);
	case KVM_TDX_DEBUG_SET_CONTROL:
		return tdx_debug_control(vcpu, cmd);
	default:
		return -EINVAL;
	}
}

/* The vCPU has executed an instruction (#DB), or is about to execute INT3 (#BP). */
int tdx_debug_exit(struct kvm_vcpu *vcpu, u32 exception)
{
	struct kvm_debug_exit_arch *arch = &vcpu->run->debug.arch;
	struct kvm_tdx_debug_field rip = { .id = TDVPS_VMCS64(GUEST_RIP) };
	struct kvm_tdx_cmd cmd = {};

	memset(arch, 0, sizeof(*arch));
	/* Where the vCPU is, user space can ask once more. */
	if (!td_debug_read(to_tdx(vcpu), &cmd, &rip))
		arch->pc = rip.value;
	arch->exception = exception;
	if (exception == DB_VECTOR)
		arch->dr6 = DR6_ACTIVE_LOW | DR6_BS;
	vcpu->run->exit_reason = KVM_EXIT_DEBUG;
	return 0;
}
