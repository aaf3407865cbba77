// SPDX-License-Identifier: GPL-2.0-only
/*
 * In front of VMX in kvm_x86_ops: each call goes to VMX for an ordinary VM.
 * For a TD it goes to this folder, or is answered here; no function that
 * touches a VMCS may run, as there is none.
 *
 * Calls that are not listed are the same for both: they are about the CPU,
 * not a vCPU, or use nothing but the posted-interrupt descriptor.  The
 * emulator never runs for a TD, so what only it calls is not listed, either.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include "../nested.h"
#include "../posted_intr.h"
#include "../x86_ops.h"
#include "tdx.h"

/* The same of every TD. */
#define TD_ANSWER(type, op, answer, proto, ...)				\
static __typeof__(type) vt_##op proto					\
{									\
	struct kvm *kvm = vcpu->kvm;					\
									\
	if (is_td(kvm))							\
		return answer;						\
	return vmx_##op(__VA_ARGS__);					\
}

/* A TD has its own. */
#define TD_OWN(type, op, proto, ...)					\
	TD_ANSWER(type, op, tdx_##op(__VA_ARGS__), proto, __VA_ARGS__)

/* The module does it, or there is nothing to be done. */
#define TD_NOTHING(op, proto, ...)					\
static void vt_##op proto						\
{									\
	if (!is_td_vcpu(vcpu))						\
		vmx_##op(__VA_ARGS__);					\
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

static void vt_disable_virtualization_cpu(void)
{
	tdx_flush_vps_of_this_cpu();
	vmx_disable_virtualization_cpu();
}

TD_OWN(int, vcpu_create, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vcpu_free, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, vcpu_load, (struct kvm_vcpu *vcpu, int cpu), vcpu, cpu)
TD_OWN(void, vcpu_put, (struct kvm_vcpu *vcpu), vcpu)
/* The module resets a vCPU once, in TDH.VP.INIT. */
TD_NOTHING(vcpu_reset, (struct kvm_vcpu *vcpu, bool init_event), vcpu, init_event)
TD_NOTHING(vcpu_after_set_cpuid, (struct kvm_vcpu *vcpu), vcpu)

static void vt_install_life(struct kvm_x86_ops *ops)
{
	ops->vm_init = vt_vm_init;
	ops->vm_destroy = vt_vm_destroy;
	ops->vcpu_precreate = vt_vcpu_precreate;
	ops->vcpu_create = vt_vcpu_create;
	ops->vcpu_free = vt_vcpu_free;
	ops->vcpu_reset = vt_vcpu_reset;
	ops->vcpu_load = vt_vcpu_load;
	ops->vcpu_put = vt_vcpu_put;
	ops->vcpu_after_set_cpuid = vt_vcpu_after_set_cpuid;
	ops->disable_virtualization_cpu = vt_disable_virtualization_cpu;
}

/* --- running --- */

TD_OWN(int, vcpu_pre_run, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(fastpath_t, vcpu_run, (struct kvm_vcpu *vcpu, u64 run_flags), vcpu, run_flags)
TD_OWN(int, handle_exit, (struct kvm_vcpu *vcpu, fastpath_t fastpath), vcpu, fastpath)
TD_OWN(void, handle_exit_irqoff, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, prepare_switch_to_guest, (struct kvm_vcpu *vcpu), vcpu)
/* The end of an emulated instruction: the module advances RIP. */
TD_ANSWER(int, skip_emulated_instruction, 1, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(update_emulated_instruction, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(patch_hypercall, (struct kvm_vcpu *vcpu, unsigned char *hypercall), vcpu, hypercall)

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

static void vt_install_running(struct kvm_x86_ops *ops)
{
	ops->vcpu_pre_run = vt_vcpu_pre_run;
	ops->vcpu_run = vt_vcpu_run;
	ops->handle_exit = vt_handle_exit;
	ops->handle_exit_irqoff = vt_handle_exit_irqoff;
	ops->prepare_switch_to_guest = vt_prepare_switch_to_guest;
	ops->get_exit_info = vt_get_exit_info;
	ops->skip_emulated_instruction = vt_skip_emulated_instruction;
	ops->check_emulate_instruction = vt_check_emulate_instruction;
	ops->update_emulated_instruction = vt_update_emulated_instruction;
	ops->patch_hypercall = vt_patch_hypercall;
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

static void tdx_get_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	memset(dt, 0, sizeof(*dt));
}

#define tdx_get_gdt	tdx_get_idt

TD_OWN(void, get_segment, (struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg), vcpu, var, seg)
TD_OWN(void, get_cs_db_l_bits, (struct kvm_vcpu *vcpu, int *db, int *l), vcpu, db, l)
TD_OWN(void, get_idt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_OWN(void, get_gdt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_ANSWER(u64, get_segment_base, 0, (struct kvm_vcpu *vcpu, int seg), vcpu, seg)
TD_ANSWER(int, get_cpl, 0, (struct kvm_vcpu *vcpu), vcpu)
TD_ANSWER(bool, is_valid_cr0, true, (struct kvm_vcpu *vcpu, unsigned long cr0), vcpu, cr0)
TD_ANSWER(bool, is_valid_cr4, true, (struct kvm_vcpu *vcpu, unsigned long cr4), vcpu, cr4)
TD_ANSWER(int, set_efer, 0, (struct kvm_vcpu *vcpu, u64 efer), vcpu, efer)
TD_ANSWER(unsigned long, get_rflags, 0, (struct kvm_vcpu *vcpu), vcpu)
TD_ANSWER(bool, get_if_flag, false, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(set_segment, (struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg), vcpu, var, seg)
TD_NOTHING(set_cr0, (struct kvm_vcpu *vcpu, unsigned long cr0), vcpu, cr0)
TD_NOTHING(set_cr4, (struct kvm_vcpu *vcpu, unsigned long cr4), vcpu, cr4)
TD_NOTHING(set_idt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_NOTHING(set_gdt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt), vcpu, dt)
TD_NOTHING(set_dr7, (struct kvm_vcpu *vcpu, unsigned long val), vcpu, val)
TD_NOTHING(sync_dirty_debug_regs, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(cache_reg, (struct kvm_vcpu *vcpu, enum kvm_reg reg), vcpu, reg)
TD_NOTHING(set_rflags, (struct kvm_vcpu *vcpu, unsigned long rflags), vcpu, rflags)
TD_NOTHING(update_exception_bitmap, (struct kvm_vcpu *vcpu), vcpu)

static void vt_install_registers(struct kvm_x86_ops *ops)
{
	ops->get_segment = vt_get_segment;
	ops->get_segment_base = vt_get_segment_base;
	ops->set_segment = vt_set_segment;
	ops->get_cs_db_l_bits = vt_get_cs_db_l_bits;
	ops->get_cpl = vt_get_cpl;
	ops->is_valid_cr0 = vt_is_valid_cr0;
	ops->is_valid_cr4 = vt_is_valid_cr4;
	ops->set_cr0 = vt_set_cr0;
	ops->set_cr4 = vt_set_cr4;
	ops->set_efer = vt_set_efer;
	ops->get_idt = vt_get_idt;
	ops->set_idt = vt_set_idt;
	ops->get_gdt = vt_get_gdt;
	ops->set_gdt = vt_set_gdt;
	ops->set_dr7 = vt_set_dr7;
	ops->sync_dirty_debug_regs = vt_sync_dirty_debug_regs;
	ops->cache_reg = vt_cache_reg;
	ops->get_rflags = vt_get_rflags;
	ops->set_rflags = vt_set_rflags;
	ops->get_if_flag = vt_get_if_flag;
	ops->update_exception_bitmap = vt_update_exception_bitmap;
}

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

TD_OWN(int, get_msr, (struct kvm_vcpu *vcpu, struct msr_data *msr), vcpu, msr)
TD_OWN(int, set_msr, (struct kvm_vcpu *vcpu, struct msr_data *msr), vcpu, msr)
/* Which accesses exit is the module's choice. */
TD_NOTHING(msr_filter_changed, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(setup_mce, (struct kvm_vcpu *vcpu), vcpu)

static void vt_install_msrs(struct kvm_x86_ops *ops)
{
	ops->has_emulated_msr = vt_has_emulated_msr;
	ops->complete_emulated_msr = vt_complete_emulated_msr;
	ops->get_msr = vt_get_msr;
	ops->set_msr = vt_set_msr;
	ops->msr_filter_changed = vt_msr_filter_changed;
	ops->setup_mce = vt_setup_mce;
}

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

TD_OWN(void, inject_irq, (struct kvm_vcpu *vcpu, bool reinjected), vcpu, reinjected)
TD_OWN(void, inject_nmi, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, inject_exception, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, refresh_apicv_exec_ctrl, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(int, sync_pir_to_irr, (struct kvm_vcpu *vcpu), vcpu)
/* The module pends it until the guest can take it. */
TD_ANSWER(int, nmi_allowed, true, (struct kvm_vcpu *vcpu, bool for_injection), vcpu, for_injection)
TD_ANSWER(bool, get_nmi_mask, false, (struct kvm_vcpu *vcpu), vcpu)
TD_ANSWER(u32, get_interrupt_shadow, 0, (struct kvm_vcpu *vcpu), vcpu)
/* INIT and SIPI: the firmware wakes its vCPUs in a way of its own. */
TD_ANSWER(bool, apic_init_signal_blocked, true, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(cancel_injection, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(set_interrupt_shadow, (struct kvm_vcpu *vcpu, int mask), vcpu, mask)
TD_NOTHING(set_nmi_mask, (struct kvm_vcpu *vcpu, bool masked), vcpu, masked)
TD_NOTHING(enable_nmi_window, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(enable_irq_window, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(update_cr8_intercept, (struct kvm_vcpu *vcpu, int tpr, int irr), vcpu, tpr, irr)
TD_NOTHING(set_virtual_apic_mode, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(set_apic_access_page_addr, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(load_eoi_exitmap, (struct kvm_vcpu *vcpu, u64 *bitmap), vcpu, bitmap)
TD_NOTHING(hwapic_irr_update, (struct kvm_vcpu *vcpu, int max_irr), vcpu, max_irr)
TD_NOTHING(hwapic_isr_update, (struct kvm_vcpu *vcpu, int max_isr), vcpu, max_isr)

static void vt_install_events(struct kvm_x86_ops *ops)
{
	ops->inject_irq = vt_inject_irq;
	ops->inject_nmi = vt_inject_nmi;
	ops->inject_exception = vt_inject_exception;
	ops->cancel_injection = vt_cancel_injection;
	ops->interrupt_allowed = vt_interrupt_allowed;
	ops->nmi_allowed = vt_nmi_allowed;
	ops->get_nmi_mask = vt_get_nmi_mask;
	ops->set_nmi_mask = vt_set_nmi_mask;
	ops->get_interrupt_shadow = vt_get_interrupt_shadow;
	ops->set_interrupt_shadow = vt_set_interrupt_shadow;
	ops->enable_nmi_window = vt_enable_nmi_window;
	ops->enable_irq_window = vt_enable_irq_window;
	ops->update_cr8_intercept = vt_update_cr8_intercept;
	ops->apic_init_signal_blocked = vt_apic_init_signal_blocked;
	ops->vcpu_deliver_sipi_vector = vt_vcpu_deliver_sipi_vector;
	ops->set_virtual_apic_mode = vt_set_virtual_apic_mode;
	ops->set_apic_access_page_addr = vt_set_apic_access_page_addr;
	ops->refresh_apicv_exec_ctrl = vt_refresh_apicv_exec_ctrl;
	ops->load_eoi_exitmap = vt_load_eoi_exitmap;
	ops->hwapic_irr_update = vt_hwapic_irr_update;
	ops->hwapic_isr_update = vt_hwapic_isr_update;
	ops->sync_pir_to_irr = vt_sync_pir_to_irr;
}

#ifdef CONFIG_KVM_SMM
/* --- SMM: forbidden; a request for it stays pending for ever --- */

TD_ANSWER(int, smi_allowed, false, (struct kvm_vcpu *vcpu, bool for_injection), vcpu, for_injection)
TD_ANSWER(int, enter_smm, 1, (struct kvm_vcpu *vcpu, union kvm_smram *smram), vcpu, smram)
TD_ANSWER(int, leave_smm, 1, (struct kvm_vcpu *vcpu, const union kvm_smram *smram), vcpu, smram)
TD_NOTHING(enable_smi_window, (struct kvm_vcpu *vcpu), vcpu)

static void vt_install_smm(struct kvm_x86_ops *ops)
{
	ops->smi_allowed = vt_smi_allowed;
	ops->enter_smm = vt_enter_smm;
	ops->leave_smm = vt_leave_smm;
	ops->enable_smi_window = vt_enable_smi_window;
}
#else
static void vt_install_smm(struct kvm_x86_ops *ops)
{
}
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

#define tdx_flush_tlb_all	tdx_flush_tlb
#define tdx_flush_tlb_current	tdx_flush_tlb
#define tdx_flush_tlb_guest	tdx_flush_tlb

TD_OWN(void, load_mmu_pgd, (struct kvm_vcpu *vcpu, hpa_t root, int level), vcpu, root, level)
TD_OWN(void, flush_tlb_all, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, flush_tlb_current, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, flush_tlb_guest, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(flush_tlb_gva, (struct kvm_vcpu *vcpu, gva_t addr), vcpu, addr)
TD_NOTHING(update_cpu_dirty_logging, (struct kvm_vcpu *vcpu), vcpu)

static void vt_install_memory(struct kvm_x86_ops *ops)
{
	ops->set_tss_addr = vt_set_tss_addr;
	ops->set_identity_map_addr = vt_set_identity_map_addr;
	ops->load_mmu_pgd = vt_load_mmu_pgd;
	ops->flush_tlb_all = vt_flush_tlb_all;
	ops->flush_tlb_current = vt_flush_tlb_current;
	ops->flush_tlb_guest = vt_flush_tlb_guest;
	ops->flush_tlb_gva = vt_flush_tlb_gva;
	ops->update_cpu_dirty_logging = vt_update_cpu_dirty_logging;
}

/* --- time --- */

#define tdx_write_tsc_offset		tdx_write_tsc
#define tdx_write_tsc_multiplier	tdx_write_tsc

TD_OWN(void, write_tsc_offset, (struct kvm_vcpu *vcpu), vcpu)
TD_OWN(void, write_tsc_multiplier, (struct kvm_vcpu *vcpu), vcpu)
TD_NOTHING(cancel_hv_timer, (struct kvm_vcpu *vcpu), vcpu)

/* The module arms no preemption timer: KVM falls back to a timer of Linux. */
static int vt_set_hv_timer(struct kvm_vcpu *vcpu, u64 deadline, bool *expired)
{
	if (is_td_vcpu(vcpu))
		return -EOPNOTSUPP;
	return vmx_set_hv_timer(vcpu, deadline, expired);
}

static void vt_install_time(struct kvm_x86_ops *ops)
{
	ops->write_tsc_offset = vt_write_tsc_offset;
	ops->write_tsc_multiplier = vt_write_tsc_multiplier;
	/* VMX takes these away where it has no preemption timer. */
	if (ops->set_hv_timer)
		ops->set_hv_timer = vt_set_hv_timer;
	if (ops->cancel_hv_timer)
		ops->cancel_hv_timer = vt_cancel_hv_timer;
}

/* --- nested virtualisation: forbidden, whatever the VMM puts into CPUID --- */

static struct kvm_x86_nested_ops vt_nested_ops __ro_after_init;

static int vt_get_nested_state(struct kvm_vcpu *vcpu,
			       struct kvm_nested_state __user *user, u32 size)
{
	/* KVM_CHECK_EXTENSION asks without a vCPU. */
	if (vcpu && is_td_vcpu(vcpu))
		return -EINVAL;
	return vmx_nested_ops.get_state(vcpu, user, size);
}

static int vt_set_nested_state(struct kvm_vcpu *vcpu,
			       struct kvm_nested_state __user *user,
			       struct kvm_nested_state *state)
{
	if (is_td_vcpu(vcpu))
		return -EINVAL;
	return vmx_nested_ops.set_state(vcpu, user, state);
}

static int vt_enable_evmcs(struct kvm_vcpu *vcpu, u16 *version)
{
	if (is_td_vcpu(vcpu))
		return -EINVAL;
	return vmx_nested_ops.enable_evmcs(vcpu, version);
}

static __init void vt_install_nested(struct kvm_x86_ops *ops)
{
	vt_nested_ops = vmx_nested_ops;
	vt_nested_ops.get_state = vt_get_nested_state;
	vt_nested_ops.set_state = vt_set_nested_state;
	if (vt_nested_ops.enable_evmcs)
		vt_nested_ops.enable_evmcs = vt_enable_evmcs;
	ops->nested_ops = &vt_nested_ops;
}

__init void tdx_install_ops(struct kvm_x86_ops *ops)
{
	ops->vm_size = max_t(unsigned int, ops->vm_size, sizeof(struct kvm_tdx));
	ops->mem_enc_ioctl = tdx_vm_ioctl;

	vt_install_life(ops);
	vt_install_running(ops);
	vt_install_registers(ops);
	vt_install_msrs(ops);
	vt_install_events(ops);
	vt_install_smm(ops);
	vt_install_memory(ops);
	vt_install_time(ops);
	vt_install_nested(ops);
}
