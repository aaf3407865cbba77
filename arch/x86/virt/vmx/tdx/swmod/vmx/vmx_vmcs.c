// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TD VMCS, which lives in TDVPS page 1: its initial state, and reading
 * and writing its fields while another VMCS is current.
 *
 * The caller guarantees that the vCPU is associated with this CPU and that
 * interrupts are off.  Which CPU a VMCS is active on is the association's
 * business; an emulator would not notice a mistake.
 */
#include "vmx/vmx.h"

u64 vmx_vmcs_pa(const struct sw_tdvps *vp)
{
	return vp->page_pa[SW_TDVPS_VMCS];
}

u64 vmx_vmcs_load(struct sw_tdvps *vp)
{
	u64 prev = ~0ULL;

	vmx_ptrst(&prev);
	if (prev != vmx_vmcs_pa(vp))
		vmx_ptrld(vmx_vmcs_pa(vp));
	return prev;
}

/*
 * With no VMCS to go back to, clear ours: the CPU must not keep a pointer to
 * a page that the host may reclaim.
 */
void vmx_vmcs_unload(struct sw_tdvps *vp, u64 prev)
{
	if (prev == vmx_vmcs_pa(vp))
		return;
	if (prev != ~0ULL) {
		vmx_ptrld(prev);
		return;
	}
	vmx_clear(vmx_vmcs_pa(vp));
	vp->launched = 0;
}

/* For TDCALL, for the host, and for the reason that vp_exit.c has. */
#define VMX_EXCEPTIONS	(BIT(SW_VEC_UD) | BIT(SW_VEC_MC) | BIT(SW_VEC_DB) | \
			 BIT(SW_VEC_AC))

static void vmx_init_controls(struct sw_td *td, struct sw_tdvps *vp)
{
	u32 proc2 = vmx_caps.proc2, exit = vmx_caps.exit, entry = vmx_caps.entry;

	if (sw_cpuid_has_waitpkg(td->tdcs))
		proc2 |= VMX_PROC2_USER_WAIT & vmx_caps.proc2_allowed;
	if (sw_td_has_pks(td->tdcs)) {
		exit |= VMX_EXIT_LOAD_PKRS;
		entry |= VMX_ENTRY_LOAD_PKRS;
		vmx_write(SW_VM_GUEST_PKRS, 0);
	}
	vmx_write(SW_VM_PIN_CTLS, vmx_caps.pin);
	vmx_write(SW_VM_PROC_CTLS, vmx_caps.proc);
	vmx_write(SW_VM_PROC_CTLS2, proc2);
	vmx_write(SW_VM_EXIT_CTLS, exit);
	vmx_write(SW_VM_ENTRY_CTLS, entry);
	vmx_write(SW_VM_EXCEPTION_BITMAP, VMX_EXCEPTIONS);
	vmx_write(SW_VM_PF_MASK, 0);
	vmx_write(SW_VM_PF_MATCH, 0);
	vmx_write(SW_VM_CR3_TARGETS, 0);
	vmx_write(SW_VM_EXIT_MSR_STORE_N, 0);
	vmx_write(SW_VM_EXIT_MSR_LOAD_N, 0);
	vmx_write(SW_VM_ENTRY_MSR_LOAD_N, 0);
	vmx_write(SW_VM_ENTRY_INTR_INFO, 0);
	vmx_write(SW_VM_TPR_THRESHOLD, 0);
	vmx_write(SW_VM_EOI_EXIT0, 0);
	vmx_write(SW_VM_EOI_EXIT1, 0);
	vmx_write(SW_VM_EOI_EXIT2, 0);
	vmx_write(SW_VM_EOI_EXIT3, 0);
	vmx_write(SW_VM_VPID, VMX_TD_VPID);
	vp->eptp = sw_root_eptp(td, vp);
	vmx_write(SW_VM_EPTP, vp->eptp);
	vmx_write(SW_VM_MSR_BITMAP, td->tdr->tdcx_pa[SW_TDCS_MSR_BITMAP]);
	vmx_write(SW_VM_VAPIC_ADDR, vp->page_pa[SW_TDVPS_VAPIC]);
	vmx_write(SW_VM_POSTED_INTR_VECTOR, SW_VMCS_PID_NO_VECTOR);
	vmx_write(SW_VM_PID_ADDR, SW_VMCS_PID_NO_ADDR);
	vmx_write(SW_VM_TSC_OFFSET, td->tdcs->tsc_offset);
	if (proc2 & VMX_PROC2_TSC_SCALING)
		vmx_write(SW_VM_TSC_MULTIPLIER, td->tdcs->tsc_multiplier);
	if (proc2 & VMX_PROC2_XSAVES)
		vmx_write(SW_VM_XSS_EXIT_BITMAP, 0);
	if (vmx_caps.proc2_allowed & VMX_PROC2_NOTIFY)
		vmx_write(SW_VM_NOTIFY_WINDOW, 0);
}

static void vmx_init_segment(u32 index, u32 ar, u32 limit)
{
	u32 step = 2 * index;

	vmx_write(SW_VM_GUEST_ES_SEL + step, 0);
	vmx_write(SW_VM_GUEST_ES_BASE + step, 0);
	vmx_write(SW_VM_GUEST_ES_LIMIT + step, limit);
	vmx_write(SW_VM_GUEST_ES_AR + step, ar);
}

/* Flat 32-bit protected mode without paging, at the reset vector. */
static void vmx_init_guest_state(void)
{
	static const u32 ar[] = {
		0xc093, 0xc09b, 0xc093, 0xc093, 0xc093, 0xc093, 0x10082, 0x8b,
	};
	u32 i;

	/* ES, CS, SS, DS, FS, GS, LDTR, TR, as the encodings go. */
	for (i = 0; i < ARRAY_SIZE(ar); i++)
		vmx_init_segment(i, ar[i], i < 6 ? ~0u : 0xffff);
	vmx_write(SW_VM_GUEST_GDTR_BASE, 0);
	vmx_write(SW_VM_GUEST_GDTR_LIMIT, 0xffff);
	vmx_write(SW_VM_GUEST_IDTR_BASE, 0);
	vmx_write(SW_VM_GUEST_IDTR_LIMIT, 0xffff);
	vmx_write(SW_VM_GUEST_CR0, SW_CR0_PE | SW_CR0_NE);
	vmx_write(SW_VM_GUEST_CR3, 0);
	vmx_write(SW_VM_GUEST_CR4, SW_CR4_VMXE | SW_CR4_MCE);
	vmx_write(SW_VM_GUEST_EFER, SW_EFER_SCE | SW_EFER_LME | SW_EFER_NXE);
	vmx_write(SW_VM_GUEST_PAT, 0x0007040600070406ULL);
	vmx_write(SW_VM_GUEST_DR7, 0x400);
	vmx_write(SW_VM_GUEST_RSP, 0);
	vmx_write(SW_VM_GUEST_RIP, 0xfffffff0);
	vmx_write(SW_VM_GUEST_RFLAGS, 2);
	vmx_write(SW_VM_GUEST_DEBUGCTL, 0);
	vmx_write(SW_VM_GUEST_PENDING_DBG, 0);
	vmx_write(SW_VM_GUEST_SYSENTER_CS, 0);
	vmx_write(SW_VM_GUEST_SYSENTER_ESP, 0);
	vmx_write(SW_VM_GUEST_SYSENTER_EIP, 0);
	vmx_write(SW_VM_GUEST_INTERRUPTIBILITY, 0);
	vmx_write(SW_VM_GUEST_ACTIVITY, 0);
	vmx_write(SW_VM_GUEST_INTR_STATUS, 0);
	vmx_write(SW_VM_LINK_POINTER, ~0ULL);
	if (vmx_caps.cet) {
		vmx_write(SW_VM_GUEST_S_CET, 0);
		vmx_write(SW_VM_GUEST_SSP, 0);
		vmx_write(SW_VM_GUEST_INTR_SSP, 0);
	}
}

static void vmx_init_cr_masks(struct sw_td *td)
{
	vmx_write(SW_VM_CR0_MASK, sw_cr0_host_owned());
	vmx_write(SW_VM_CR0_SHADOW, SW_CR0_PE | SW_CR0_NE);
	vmx_write(SW_VM_CR4_MASK, sw_cr4_host_owned(td->tdcs));
	vmx_write(SW_VM_CR4_SHADOW, SW_CR4_MCE);
}

u64 sw_guest_init(struct sw_td *td, struct sw_tdvps *vp)
{
	u32 *vmcs = sw_tdvps_page(vp, SW_TDVPS_VMCS);
	u64 prev = ~0ULL;

	memset(vmcs, 0, SW_PAGE_SIZE);
	*vmcs = vmx_caps.revision;
	vp->launched = 0;
	sw_guest_init_common(td, vp);

	vmx_ptrst(&prev);
	vmx_clear(vmx_vmcs_pa(vp));
	if (!vmx_ptrld(vmx_vmcs_pa(vp)))
		return SW_OPERAND_INVALID | SW_OPND_RCX;
	vmx_init_controls(td, vp);
	vmx_init_cr_masks(td);
	vmx_init_guest_state();
	vmx_write(SW_VM_HOST_RIP, (u64)sw_vmx_exit_point);
	vmx_vmcs_unload(vp, prev);
	return 0;
}

u64 sw_guest_vmcs_rd(struct sw_tdvps *vp, u32 field, u64 *val)
{
	u64 prev;

	if (field == SW_VM_SHARED_EPTP) {
		*val = vp->shared_eptp;
		return 0;
	}
	prev = vmx_vmcs_load(vp);
	*val = vmx_read(field);
	vmx_vmcs_unload(vp, prev);
	return 0;
}

/*
 * Only values with which a VM entry works are let in; the fields themselves
 * and their writable bits were checked by the metadata code.
 */
static bool vmx_field_valid(u32 field, u64 *val)
{
	switch (field) {
	case SW_VM_POSTED_INTR_VECTOR:
		return *val <= 0xff;
	case SW_VM_PID_ADDR:
		return !*val || sw_is_ram(*val, 64);
	case SW_VM_SHARED_EPTP:
		return !*val || sw_is_ram(*val & SW_EPT_PFN, SW_PAGE_SIZE);
	case SW_VM_EXCEPTION_BITMAP:
		*val |= VMX_EXCEPTIONS;
		return true;
	case SW_VM_PROC_CTLS:
		*val &= VMX_PROC_DEBUG & vmx_caps.proc_allowed;
		*val |= vmx_caps.proc;
		return true;
	case SW_VM_PROC_CTLS2:
		/* Bits 30 and 31 are the host's wish; not every CPU has them. */
		*val &= vmx_caps.proc2_allowed;
		return true;
	default:
		return true;
	}
}

u64 sw_guest_vmcs_wr(struct sw_tdvps *vp, u32 field, u64 val)
{
	u64 prev;

	if (!vmx_field_valid(field, &val))
		return SW_METADATA_FIELD_VALUE_NOT_VALID | SW_OPND_METADATA_FIELD;
	if (field == SW_VM_SHARED_EPTP) {
		vp->shared_eptp = val;
		return 0;
	}
	if (field == SW_VM_NOTIFY_WINDOW &&
	    !(vmx_caps.proc2_allowed & VMX_PROC2_NOTIFY))
		return 0;
	prev = vmx_vmcs_load(vp);
	vmx_write(field, val);
	vmx_vmcs_unload(vp, prev);
	return 0;
}

/* VP.FLUSH: the VMCS leaves this CPU, and so do its translations. */
void sw_guest_flush(struct sw_tdvps *vp)
{
	vmx_clear(vmx_vmcs_pa(vp));
	vp->launched = 0;
	vmx_invept_single(vp->eptp);
	vmx_invvpid_single(VMX_TD_VPID);
}
