// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEAMCALL, SEAMRET, SEAMOPS and TDCALL.  SEAMCALL is a VM exit into the module, with a
 * VMCS that SEAMCALL itself makes current; SEAMRET is the VM entry back.  So both use
 * what the CPU has for VMX.  What an instruction checks, and in which order, is from
 * Intel's Software Developer's Manual; docs/seam.md says what had to be guessed.
 */
#define NEED_CPU_REG_SHORTCUTS 1
#include <unistd.h>

#include "bochs.h"
#include "cpu.h"
#include "cpuid.h"
#include "gui/siminterface.h"
#include "param_names.h"
#include "seam.h"

#define LOG_THIS BX_CPU_THIS_PTR

#define MSR_INTR_PENDING	0x9a
#define MSR_SEAMRR_PHYS_BASE	0x1400
#define MSR_SEAMRR_PHYS_MASK	0x1401

#define SEAMLDR_LEAF	BX_CONST64(0x8000000000000000)

struct bx_seam bx_seam;
struct bx_seam_cpu bx_seam_cpus[BX_MAX_SMP_THREADS_SUPPORTED];

/*
 * Asked before the machine's description is read, so it is looked for here.  Those but
 * the shared EPT pointer are kept and do nothing: no control is announced that would use
 * them.
 */
bool bx_seam_has_field(Bit32u encoding)
{
	switch (encoding & ~1u) {
	case VMCS_64BIT_CONTROL_ENCLS_EXITING_BITMAP:
	case VMCS_64BIT_CONTROL_ENCLV_EXITING_BITMAP:
	case VMCS_64BIT_CONTROL_LO_PASID_DIRECTORY_ADDR:
	case VMCS_64BIT_CONTROL_HI_PASID_DIRECTORY_ADDR:
	case VMCS_64BIT_CONTROL_SHARED_EPT_POINTER:
	case VMCS_64BIT_CONTROL_PCONFIG_EXITING_BITMAP:
	case VMCS_64BIT_GUEST_IA32_RTIT_CTL:
	case VMCS_64BIT_GUEST_IA32_LBR_CTL:
		return access(BX_SEAM_DESCRIPTION, R_OK) == 0;
	case VMCS_32BIT_CONTROL_HKID:
		return encoding == VMCS_32BIT_CONTROL_HKID && access(BX_SEAM_DESCRIPTION, R_OK) == 0;
	default:
		return false;
	}
}

bool BX_CPU_C::in_seam_root(void)
{
	const struct bx_seam_cpu *seam = BX_CPU_THIS_PTR seam;

	return seam && seam->in_seam && !BX_CPU_THIS_PTR in_vmx_guest;
}

/* The end of the CPU, and of the machine: its last line says why. */
void BX_CPU_C::seam_end(const char *why)
{
	BX_PANIC(("machine: CPU %u ends in SEAM mode: %s, RIP 0x" FMT_ADDRX, BX_CPU_ID, why,
		  BX_CPU_THIS_PTR prev_rip));
	shutdown();
}

void BX_CPU_C::seam_power_on(bx_phy_address transfer, const struct seam_entry *entry)
{
	struct bx_seam_cpu *seam = &bx_seam_cpus[BX_CPU_ID];

	seam->in_seam = false;
	seam->transfer = transfer;
	seam->host_vmcs = BX_INVALID_VMCSPTR;
	BX_CPU_THIS_PTR seam = seam;
	if (entry)
		seam_write_transfer_vmcs(entry);
}

/* Writes are #GP, as of MSRs that are not there: SEAMRR is locked. */
bool BX_CPU_C::seam_rdmsr(Bit32u index, Bit64u *value)
{
	switch (index) {
	case MSR_INTR_PENDING:
		*value = is_pending(BX_EVENT_PENDING_INTR | BX_EVENT_PENDING_LAPIC_INTR) ? 1 : 0;
		*value |= is_pending(BX_EVENT_NMI) ? 2 : 0;
		*value |= is_pending(BX_EVENT_SMI) ? 4 : 0;
		*value |= is_pending(BX_EVENT_INIT) ? 8 : 0;
		return true;
	case MSR_SEAMRR_PHYS_BASE:
		*value = bx_seam.base | 0x8;		/* configured */
		return true;
	case MSR_SEAMRR_PHYS_MASK:
		*value = (-bx_seam.size & ((BX_CONST64(1) << BX_PHY_ADDRESS_WIDTH) - 1)) |
			 0xc00;				/* on, locked */
		return true;
	default:
		return false;
	}
}

/* The TSC's frequency, by which a module tells its TDs theirs. */
void BX_CPU_C::seam_cpuid(Bit32u function, struct cpuid_function_t *leaf)
{
	if (function != 0x15)
		return;
	leaf->eax = 1;
	leaf->ebx = SIM->get_param_num(BXPN_IPS)->get() / 1000000;
	leaf->ecx = 1000000;
	leaf->edx = 0;
}

/* The controls that a transition wants, as far as the CPU has them. */
static Bit32u controls(Bit32u must, Bit32u may, Bit32u wanted)
{
	return must | (wanted & may);
}

void BX_CPU_C::seam_write_transfer_vmcs(const struct seam_entry *entry)
{
	const Bit32u exit_ctrls = controls(VMX_MSR_VMX_TRUE_VMEXIT_CTRLS_LO,
					   VMX_MSR_VMX_TRUE_VMEXIT_CTRLS_HI,
					   VMX_VMEXIT_CTRL1_HOST_ADDR_SPACE_SIZE |
					   VMX_VMEXIT_CTRL1_SAVE_DBG_CTRLS |
					   VMX_VMEXIT_CTRL1_STORE_PAT_MSR |
					   VMX_VMEXIT_CTRL1_LOAD_PAT_MSR |
					   VMX_VMEXIT_CTRL1_STORE_EFER_MSR |
					   VMX_VMEXIT_CTRL1_LOAD_EFER_MSR |
					   VMX_VMEXIT_CTRL1_LOAD_HOST_CET_STATE |
					   VMX_VMEXIT_CTRL1_LOAD_HOST_PKRS);
	const Bit32u entry_ctrls = controls(VMX_MSR_VMX_TRUE_VMENTRY_CTRLS_LO,
					    VMX_MSR_VMX_TRUE_VMENTRY_CTRLS_HI,
					    VMX_VMENTRY_CTRL1_LOAD_DBG_CTRLS |
					    VMX_VMENTRY_CTRL1_X86_64_GUEST |
					    VMX_VMENTRY_CTRL1_LOAD_PAT_MSR |
					    VMX_VMENTRY_CTRL1_LOAD_EFER_MSR |
					    VMX_VMENTRY_CTRL1_LOAD_GUEST_CET_STATE |
					    VMX_VMENTRY_CTRL1_LOAD_GUEST_PKRS);
	const Bit64u cr4 = BX_CR4_PAE_MASK | BX_CR4_OSFXSR_MASK | BX_CR4_VMXE_MASK |
		BX_CR4_FSGSBASE_MASK | BX_CR4_OSXSAVE_MASK | BX_CR4_SMEP_MASK |
		BX_CR4_SMAP_MASK | BX_CR4_CET_MASK;

	set_VMCSPTR(BX_CPU_THIS_PTR seam->transfer);
	VMwrite32(VMCS_REVISION_ID_FIELD_ENCODING,
		  BX_CPU_THIS_PTR vmcs_map->get_vmcs_revision_id());
	VMwrite32(VMCS_32BIT_CONTROL_PIN_BASED_EXEC_CONTROLS,
		  VMX_MSR_VMX_TRUE_PINBASED_CTRLS_LO);
	VMwrite32(VMCS_32BIT_CONTROL_PROCESSOR_BASED_VMEXEC_CONTROLS,
		  VMX_MSR_VMX_TRUE_PROCBASED_CTRLS_LO);
	VMwrite32(VMCS_32BIT_CONTROL_VMEXIT_CONTROLS, exit_ctrls);
	VMwrite32(VMCS_32BIT_CONTROL_VMENTRY_CONTROLS, entry_ctrls);
	VMwrite64(VMCS_64BIT_GUEST_LINK_POINTER, BX_INVALID_VMCSPTR);

	VMwrite_natural(VMCS_HOST_CR0, 0x80050033);
	VMwrite_natural(VMCS_HOST_CR3, entry->cr3);
	VMwrite_natural(VMCS_HOST_CR4, cr4 & VMX_MSR_CR4_FIXED1);
	VMwrite16(VMCS_16BIT_HOST_CS_SELECTOR, 0x08);
	VMwrite16(VMCS_16BIT_HOST_SS_SELECTOR, 0x10);
	VMwrite16(VMCS_16BIT_HOST_FS_SELECTOR, 0x18);
	VMwrite16(VMCS_16BIT_HOST_GS_SELECTOR, 0x18);
	VMwrite16(VMCS_16BIT_HOST_TR_SELECTOR, 0x20);
	VMwrite64(VMCS_64BIT_HOST_IA32_PAT, BX_CONST64(0x0006060606060606));
	VMwrite64(VMCS_64BIT_HOST_IA32_EFER, 0xd00);
	VMwrite_natural(VMCS_HOST_FS_BASE, entry->fs_base);
	VMwrite_natural(VMCS_HOST_GS_BASE, entry->gs_base);
	VMwrite_natural(VMCS_HOST_IDTR_BASE, entry->idt);
	VMwrite_natural(VMCS_HOST_GDTR_BASE, entry->gdt);
	VMwrite_natural(VMCS_HOST_RSP, entry->rsp);
	VMwrite_natural(VMCS_HOST_RIP, entry->rip);
	VMwrite_natural(VMCS_HOST_IA32_S_CET, 0x15);
	VMwrite_natural(VMCS_HOST_SSP, entry->ssp);
	set_VMCSPTR(BX_INVALID_VMCSPTR);
}

/* 66 0F 01 CF */
void BX_CPP_AttrRegparmN(1) BX_CPU_C::SEAMCALL(bxInstruction_c *i)
{
	struct bx_seam_cpu *seam = BX_CPU_THIS_PTR seam;

	if (!seam || !BX_CPU_THIS_PTR in_vmx || in_seam_root() || !long64_mode())
		exception(BX_UD_EXCEPTION, 0);
	if (BX_CPU_THIS_PTR in_vmx_guest)
		VMexit(VMX_VMEXIT_SEAMCALL, 0);
	if (CPL != 0)
		exception(BX_GP_EXCEPTION, 0);
	if ((RAX & SEAMLDR_LEAF) || !bx_seam.module) {
		VMfailInvalid();
		BX_NEXT_TRACE(i);
	}

	seam->host_vmcs = BX_CPU_THIS_PTR vmcsptr;
	/* Before the transfer VMCS, which SEAMRR hides from others. */
	seam->in_seam = true;
	set_VMCSPTR(seam->transfer);
	if (VMenterLoadCheckVmControls() != VMXERR_NO_ERROR ||
	    VMenterLoadCheckHostState() != VMXERR_NO_ERROR)
		seam_end("SEAMCALL, but the transfer VMCS is not valid");
	BX_CPU_THIS_PTR in_vmx_guest = true;
	VMexit(VMX_VMEXIT_SEAMCALL, 0);
}

/* 66 0F 01 CD */
void BX_CPP_AttrRegparmN(1) BX_CPU_C::SEAMRET(bxInstruction_c *i)
{
	struct bx_seam_cpu *seam = BX_CPU_THIS_PTR seam;
	Bit64u qualification = 0;

	if (!in_seam_root() || !long64_mode())
		exception(BX_UD_EXCEPTION, 0);
	if (CPL != 0)
		exception(BX_GP_EXCEPTION, 0);
	if (BX_CPU_THIS_PTR vmcsptr != seam->transfer) {
		VMfailInvalid();
		BX_NEXT_TRACE(i);
	}
	if (VMenterLoadCheckVmControls() != VMXERR_NO_ERROR ||
	    VMenterLoadCheckHostState() != VMXERR_NO_ERROR ||
	    VMenterLoadCheckGuestState(&qualification) != 0)
		seam_end("SEAMRET, but the transfer VMCS is not valid");

	/* The TLB was flushed with the host's state loaded, and is empty since. */
	seam->in_seam = false;
	set_VMCSPTR(seam->host_vmcs);
	unmask_event(BX_EVENT_SMI);
	handleInterruptMaskChange();
	BX_CPU_THIS_PTR async_event = 1;
	BX_NEXT_TRACE(i);
}

/* 66 0F 01 CC */
void BX_CPP_AttrRegparmN(1) BX_CPU_C::TDCALL(bxInstruction_c *i)
{
	if (!BX_CPU_THIS_PTR seam || !BX_CPU_THIS_PTR seam->in_seam ||
	    !BX_CPU_THIS_PTR in_vmx_guest)
		exception(BX_UD_EXCEPTION, 0);
	if (CPL != 0)
		exception(BX_GP_EXCEPTION, 0);
	VMexit(VMX_VMEXIT_TDCALL, 0);
	BX_NEXT_TRACE(i);
}

/* 66 0F 01 CE */
void BX_CPP_AttrRegparmN(1) BX_CPU_C::SEAMOPS(bxInstruction_c *i)
{
	if (!in_seam_root() || !long64_mode())
		exception(BX_UD_EXCEPTION, 0);
	if (CPL != 0 || RAX != 0)
		exception(BX_GP_EXCEPTION, 0);
	RAX = 0;
	BX_NEXT_TRACE(i);
}
