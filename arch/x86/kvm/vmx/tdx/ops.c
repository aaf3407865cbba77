// SPDX-License-Identifier: GPL-2.0-only
/*
 * In front of VMX in kvm_x86_ops: each call goes to VMX for an ordinary VM.
 * For a TD it goes to this folder, or is answered here; no function that
 * touches a VMCS may run, as there is none.  ops_list.h has all operations.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>

#include "../posted_intr.h"
#include "../x86_ops.h"
#include "tdx.h"

/*
 * One operation each: @vt goes into the table, @vmx serves ordinary VMs.
 *
 * TD_ANSWER: every TD gives the same answer.
 */
#define TD_ANSWER(type, vt, answer, vmx, proto, ...)			\
static __typeof__(type) vt proto					\
{									\
	struct kvm *kvm = vcpu->kvm;					\
									\
	if (is_td(kvm))							\
		return answer;						\
	return vmx(__VA_ARGS__);					\
}

/* TD_OWN: @tdx does it for a TD. */
#define TD_OWN(type, vt, tdx, vmx, proto, ...)				\
	TD_ANSWER(type, vt, tdx(__VA_ARGS__), vmx, proto, __VA_ARGS__)

/* TD_NOTHING: the module does it, or there is nothing to be done. */
#define TD_NOTHING(vt, vmx, proto, ...)					\
static void vt proto							\
{									\
	if (!is_td_vcpu(vcpu))						\
		vmx(__VA_ARGS__);					\
}

/* --- life --- */

static int vt_vm_init(struct kvm *kvm)
{
	return is_td(kvm) ? tdx_vm_init(kvm) : vmx_vm_init(kvm);
}

static void vt_vm_destroy(struct kvm *kvm)
{
	if (is_td(kvm))
		tdx_vm_destroy(kvm);
	else
		vmx_vm_destroy(kvm);
}

static int vt_vcpu_precreate(struct kvm *kvm)
{
	return is_td(kvm) ? tdx_vcpu_precreate(kvm) : vmx_vcpu_precreate(kvm);
}

/* At a reboot nobody will need the vCPUs any more. */
static void vt_disable_virtualization_cpu(void)
{
	if (!kvm_rebooting)
		tdx_flush_vps_of_this_cpu();
	tdx_cpu_flush_cache();
	vmx_disable_virtualization_cpu();
}

/* The CPU stops, maybe in an NMI, after a SEAMCALL or in the middle of one. */
static void vt_emergency_disable_virtualization_cpu(void)
{
	vmx_emergency_disable_virtualization_cpu();
	tdx_cpu_flush_cache();
}

TD_OWN(int, vt_vcpu_create, tdx_vcpu_create, vmx_vcpu_create,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_vcpu_free, tdx_vcpu_free, vmx_vcpu_free,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_vcpu_load, tdx_vcpu_load, vmx_vcpu_load,
	(struct kvm_vcpu *vcpu, int cpu), vcpu, cpu)
TD_OWN(void, vt_vcpu_put, tdx_vcpu_put, vmx_vcpu_put,
	(struct kvm_vcpu *vcpu), vcpu)
/* The module resets a vCPU once, in TDH.VP.INIT. */
TD_NOTHING(vt_vcpu_reset, vmx_vcpu_reset,
	(struct kvm_vcpu *vcpu, bool init_event), vcpu, init_event)
TD_OWN(void, vt_vcpu_after_set_cpuid, tdx_vcpu_after_set_cpuid,
	vmx_vcpu_after_set_cpuid,
	(struct kvm_vcpu *vcpu), vcpu)

/* --- running --- */

TD_OWN(int, vt_vcpu_pre_run, tdx_vcpu_pre_run, vmx_vcpu_pre_run,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(fastpath_t, vt_vcpu_run, tdx_vcpu_run, vmx_vcpu_run,
	(struct kvm_vcpu *vcpu, u64 run_flags), vcpu, run_flags)
TD_OWN(int, vt_handle_exit, tdx_handle_exit, vmx_handle_exit,
	(struct kvm_vcpu *vcpu, fastpath_t fastpath), vcpu, fastpath)
TD_OWN(void, vt_handle_exit_irqoff, tdx_handle_exit_irqoff,
	vmx_handle_exit_irqoff,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_prepare_switch_to_guest, tdx_prepare_switch_to_guest,
	vmx_prepare_switch_to_guest,
	(struct kvm_vcpu *vcpu), vcpu)
/* The end of an emulated instruction: the module advances RIP. */
TD_ANSWER(int, vt_skip_emulated_instruction, 1, vmx_skip_emulated_instruction,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_update_emulated_instruction, vmx_update_emulated_instruction,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_patch_hypercall, vmx_patch_hypercall,
	(struct kvm_vcpu *vcpu, unsigned char *hypercall), vcpu, hypercall)

static void vt_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1,
			     u64 *info2, u32 *intr_info, u32 *error_code)
{
	if (is_td_vcpu(vcpu))
		tdx_get_exit_info(vcpu, reason, info1, info2, intr_info,
				  error_code);
	else
		vmx_get_exit_info(vcpu, reason, info1, info2, intr_info,
				  error_code);
}

/* There is no instruction to be read: let the guest try again. */
static int vt_check_emulate_instruction(struct kvm_vcpu *vcpu, int emul_type,
					void *insn, int insn_len)
{
	if (is_td_vcpu(vcpu))
		return X86EMUL_RETRY_INSTR;
	return vmx_check_emulate_instruction(vcpu, emul_type, insn, insn_len);
}

/* --- registers: none of a TD's is KVM's to see or to set --- */

static void tdx_get_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg)
{
	memset(var, 0, sizeof(*var));
}

static void tdx_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l)
{
	*db = 0;
	*l = 1;
}

static void tdx_get_desc(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	memset(dt, 0, sizeof(*dt));
}

TD_OWN(void, vt_get_segment, tdx_get_segment, vmx_get_segment,
	(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg), vcpu, var, seg)
TD_OWN(void, vt_get_cs_db_l_bits, tdx_get_cs_db_l_bits, vmx_get_cs_db_l_bits,
	(struct kvm_vcpu *vcpu, int *db, int *l), vcpu, db, l)
TD_OWN(void, vt_get_idt, tdx_get_desc, vmx_get_idt,
	(struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_OWN(void, vt_get_gdt, tdx_get_desc, vmx_get_gdt,
	(struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_ANSWER(u64, vt_get_segment_base, 0, vmx_get_segment_base,
	(struct kvm_vcpu *vcpu, int seg), vcpu, seg)
TD_ANSWER(int, vt_get_cpl, 0, vmx_get_cpl, (struct kvm_vcpu *vcpu), vcpu)
TD_ANSWER(bool, vt_is_valid_cr0, true, vmx_is_valid_cr0,
	(struct kvm_vcpu *vcpu, unsigned long cr0), vcpu, cr0)
TD_ANSWER(bool, vt_is_valid_cr4, true, vmx_is_valid_cr4,
	(struct kvm_vcpu *vcpu, unsigned long cr4), vcpu, cr4)
TD_ANSWER(int, vt_set_efer, 0, vmx_set_efer,
	(struct kvm_vcpu *vcpu, u64 efer), vcpu, efer)
TD_ANSWER(unsigned long, vt_get_rflags, 0, vmx_get_rflags,
	(struct kvm_vcpu *vcpu), vcpu)
TD_ANSWER(bool, vt_get_if_flag, false, vmx_get_if_flag,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_set_segment, vmx_set_segment,
	(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg), vcpu, var, seg)
TD_NOTHING(vt_set_cr0, vmx_set_cr0,
	(struct kvm_vcpu *vcpu, unsigned long cr0), vcpu, cr0)
TD_NOTHING(vt_set_cr4, vmx_set_cr4,
	(struct kvm_vcpu *vcpu, unsigned long cr4), vcpu, cr4)
TD_NOTHING(vt_set_idt, vmx_set_idt,
	(struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_NOTHING(vt_set_gdt, vmx_set_gdt,
	(struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_NOTHING(vt_set_dr7, vmx_set_dr7,
	(struct kvm_vcpu *vcpu, unsigned long val), vcpu, val)
TD_NOTHING(vt_sync_dirty_debug_regs, vmx_sync_dirty_debug_regs,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_cache_reg, vmx_cache_reg,
	(struct kvm_vcpu *vcpu, enum kvm_reg reg), vcpu, reg)
TD_NOTHING(vt_set_rflags, vmx_set_rflags,
	(struct kvm_vcpu *vcpu, unsigned long rflags), vcpu, rflags)
TD_NOTHING(vt_update_exception_bitmap, vmx_update_exception_bitmap,
	(struct kvm_vcpu *vcpu), vcpu)
#ifdef KVM_HAS_CLEAR_HLT
/* KVM_SET_MP_STATE calls it where user space has asked for HLT without exits. */
TD_NOTHING(vt_clear_hlt, vmx_clear_hlt, (struct kvm_vcpu *vcpu), vcpu)
#endif

/* --- MSRs --- */

static bool vt_has_emulated_msr(struct kvm *kvm, u32 index)
{
	/* Without a VM the question is what any VM could have. */
	if (kvm && is_td(kvm))
		return tdx_has_emulated_msr(index);
	return vmx_has_emulated_msr(kvm, index);
}

static int vt_complete_emulated_msr(struct kvm_vcpu *vcpu, int err)
{
	if (is_td_vcpu(vcpu))
		return tdx_complete_emulated_msr(vcpu, err);
	return kvm_complete_insn_gp(vcpu, err);
}

TD_OWN(int, vt_get_msr, tdx_get_msr, vmx_get_msr,
	(struct kvm_vcpu *vcpu, struct msr_data *msr), vcpu, msr)
TD_OWN(int, vt_set_msr, tdx_set_msr, vmx_set_msr,
	(struct kvm_vcpu *vcpu, struct msr_data *msr), vcpu, msr)
/* Which accesses exit is the module's choice. */
TD_NOTHING(vt_msr_filter_changed, vmx_msr_filter_changed,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_setup_mce, vmx_setup_mce, (struct kvm_vcpu *vcpu), vcpu)

/* --- events: a TD's arrive by posted interrupt, or as its one NMI --- */

static void tdx_inject_irq(struct kvm_vcpu *vcpu, bool reinjected)
{
	tdx_drop_injection(vcpu);
}

static void tdx_inject_exception(struct kvm_vcpu *vcpu)
{
	tdx_drop_injection(vcpu);
}

static int vt_interrupt_allowed(struct kvm_vcpu *vcpu, bool for_injection)
{
	if (is_td_vcpu(vcpu))
		return tdx_interrupt_allowed(vcpu);
	return vmx_interrupt_allowed(vcpu, for_injection);
}

static void vt_vcpu_deliver_sipi_vector(struct kvm_vcpu *vcpu, u8 vector)
{
	if (!is_td_vcpu(vcpu))
		kvm_vcpu_deliver_sipi_vector(vcpu, vector);
}

TD_OWN(void, vt_inject_irq, tdx_inject_irq, vmx_inject_irq,
	(struct kvm_vcpu *vcpu, bool reinjected), vcpu, reinjected)
TD_OWN(void, vt_inject_nmi, tdx_inject_nmi, vmx_inject_nmi,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_inject_exception, tdx_inject_exception, vmx_inject_exception,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_refresh_apicv_exec_ctrl, tdx_refresh_apicv_exec_ctrl,
	vmx_refresh_apicv_exec_ctrl,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(int, vt_sync_pir_to_irr, tdx_sync_pir_to_irr, vmx_sync_pir_to_irr,
	(struct kvm_vcpu *vcpu), vcpu)
/* The module pends it until the guest can take it. */
TD_ANSWER(int, vt_nmi_allowed, true, vmx_nmi_allowed,
	(struct kvm_vcpu *vcpu, bool for_injection), vcpu, for_injection)
TD_ANSWER(bool, vt_get_nmi_mask, false, vmx_get_nmi_mask,
	(struct kvm_vcpu *vcpu), vcpu)
TD_ANSWER(u32, vt_get_interrupt_shadow, 0, vmx_get_interrupt_shadow,
	(struct kvm_vcpu *vcpu), vcpu)
/* INIT and SIPI: the firmware wakes its vCPUs in a way of its own. */
TD_ANSWER(bool, vt_apic_init_signal_blocked, true, vmx_apic_init_signal_blocked,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_cancel_injection, vmx_cancel_injection,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_set_interrupt_shadow, vmx_set_interrupt_shadow,
	(struct kvm_vcpu *vcpu, int mask), vcpu, mask)
TD_NOTHING(vt_set_nmi_mask, vmx_set_nmi_mask,
	(struct kvm_vcpu *vcpu, bool masked), vcpu, masked)
TD_NOTHING(vt_enable_nmi_window, vmx_enable_nmi_window,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_enable_irq_window, vmx_enable_irq_window,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_update_cr8_intercept, vmx_update_cr8_intercept,
	(struct kvm_vcpu *vcpu, int tpr, int irr), vcpu, tpr, irr)
TD_NOTHING(vt_set_virtual_apic_mode, vmx_set_virtual_apic_mode,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_set_apic_access_page_addr, vmx_set_apic_access_page_addr,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_load_eoi_exitmap, vmx_load_eoi_exitmap,
	(struct kvm_vcpu *vcpu, u64 *bitmap), vcpu, bitmap)
TD_NOTHING(vt_hwapic_irr_update, vmx_hwapic_irr_update,
	(struct kvm_vcpu *vcpu, int max_irr), vcpu, max_irr)
TD_NOTHING(vt_hwapic_isr_update, vmx_hwapic_isr_update,
	(struct kvm_vcpu *vcpu, int max_isr), vcpu, max_isr)

#ifdef CONFIG_KVM_SMM
/* --- SMM: forbidden; a request for it stays pending for ever --- */

TD_ANSWER(int, vt_smi_allowed, false, vmx_smi_allowed,
	(struct kvm_vcpu *vcpu, bool for_injection), vcpu, for_injection)
TD_ANSWER(int, vt_enter_smm, 1, vmx_enter_smm,
	(struct kvm_vcpu *vcpu, union kvm_smram *smram), vcpu, smram)
TD_ANSWER(int, vt_leave_smm, 1, vmx_leave_smm,
	(struct kvm_vcpu *vcpu, const union kvm_smram *smram), vcpu, smram)
TD_NOTHING(vt_enable_smi_window, vmx_enable_smi_window,
	(struct kvm_vcpu *vcpu), vcpu)
#endif

/* --- memory --- */

static int vt_set_tss_addr(struct kvm *kvm, unsigned int addr)
{
	return is_td(kvm) ? 0 : vmx_set_tss_addr(kvm, addr);
}

static int vt_set_identity_map_addr(struct kvm *kvm, u64 addr)
{
	return is_td(kvm) ? 0 : vmx_set_identity_map_addr(kvm, addr);
}

TD_OWN(void, vt_load_mmu_pgd, tdx_load_mmu_pgd, vmx_load_mmu_pgd,
	(struct kvm_vcpu *vcpu, hpa_t root, int level), vcpu, root, level)
TD_OWN(void, vt_flush_tlb_all, tdx_flush_tlb, vmx_flush_tlb_all,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_flush_tlb_current, tdx_flush_tlb, vmx_flush_tlb_current,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_flush_tlb_guest, tdx_flush_tlb, vmx_flush_tlb_guest,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_flush_tlb_gva, vmx_flush_tlb_gva,
	(struct kvm_vcpu *vcpu, gva_t addr), vcpu, addr)
TD_NOTHING(vt_update_cpu_dirty_logging, vmx_update_cpu_dirty_logging,
	(struct kvm_vcpu *vcpu), vcpu)

/* --- time --- */

TD_OWN(void, vt_write_tsc_offset, tdx_write_tsc, vmx_write_tsc_offset,
	(struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vt_write_tsc_multiplier, tdx_write_tsc, vmx_write_tsc_multiplier,
	(struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_cancel_hv_timer, vmx_cancel_hv_timer,
	(struct kvm_vcpu *vcpu), vcpu)

/* The module arms no preemption timer: KVM falls back to a timer of Linux. */
static int vt_set_hv_timer(struct kvm_vcpu *vcpu, u64 deadline, bool *expired)
{
	if (is_td_vcpu(vcpu))
		return -EOPNOTSUPP;
	return vmx_set_hv_timer(vcpu, deadline, expired);
}

/* --- what no TD's vCPU is asked --- */

/* There is no guest of a guest. */
TD_ANSWER(u64, vt_get_l2_tsc_offset, 0, vmx_get_l2_tsc_offset,
	(struct kvm_vcpu *vcpu), vcpu)
TD_ANSWER(u64, vt_get_l2_tsc_multiplier, kvm_caps.default_tsc_scaling_ratio,
	vmx_get_l2_tsc_multiplier, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(vt_migrate_timers, vmx_migrate_timers, (struct kvm_vcpu *vcpu), vcpu)

/* The emulator runs no instruction of a TD, see vt_check_emulate_instruction(). */
TD_ANSWER(int, vt_check_intercept, X86EMUL_UNHANDLEABLE, vmx_check_intercept,
	(struct kvm_vcpu *vcpu, struct x86_instruction_info *info,
	 enum x86_intercept_stage stage, struct x86_exception *exception),
	vcpu, info, stage, exception)
TD_ANSWER(gva_t, vt_get_untagged_addr, gva, vmx_get_untagged_addr,
	(struct kvm_vcpu *vcpu, gva_t gva, unsigned int flags),
	vcpu, gva, flags)

/* --- the table --- */

__init void tdx_install_ops(struct kvm_x86_ops *ops)
{
	ops->vm_size = max_t(unsigned int, ops->vm_size, sizeof(struct kvm_tdx));

#define X86_OWN(op, vt)		ops->op = vt
	/* VMX takes some away where the CPU lacks what they need. */
#define X86_OWN_IF(op, vt)	ops->op = ops->op ? vt : NULL
#include "ops_list.h"

	tdx_install_nested_ops(ops);
	tdx_install_pmu_ops();
}
