/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each member of base KVM's tables of operations does for a TD.  The build
 * stops at a member that is missing here (scripts/ops-check), so that a kernel
 * with a new operation asks for a decision.
 *
 *   OWN(op, vt)	@vt serves both, and tells TDs apart
 *   OWN_IF(op, vt)	the same, but only where VMX has the operation
 *   SAME(op, why)	VMX's own is right for a TD, for this reason
 *   NONE(op)		VMX has no such operation, and a TD needs none;
 *			scripts/ops-check holds this as well
 *
 * Include it with those macros defined that are of use; it forgets all of them.
 */

#ifndef X86_OWN
#define X86_OWN(op, vt)
#endif
#ifndef X86_OWN_IF
#define X86_OWN_IF(op, vt)
#endif
#ifndef NESTED_OWN
#define NESTED_OWN(op, vt)
#endif
#ifndef NESTED_OWN_IF
#define NESTED_OWN_IF(op, vt)
#endif
#ifndef PMU_OWN
#define PMU_OWN(op, vt)
#endif
#define X86_SAME(op, why)
#define X86_NONE(op)
#define NESTED_SAME(op, why)
#define PMU_SAME(op, why)
#define PMU_NONE(op)

/* --- struct kvm_x86_ops: life --- */
X86_SAME(name, "a name");
X86_SAME(check_processor_compatibility, "about the CPU");
X86_SAME(enable_virtualization_cpu, "about the CPU");
X86_OWN(disable_virtualization_cpu, vt_disable_virtualization_cpu);
X86_OWN(emergency_disable_virtualization_cpu,
	vt_emergency_disable_virtualization_cpu);
X86_SAME(hardware_unsetup, "about the host");
X86_SAME(vm_size, "tdx_install_ops() makes it the larger of both");
X86_OWN(vm_init, vt_vm_init);
X86_OWN(vm_destroy, vt_vm_destroy);
X86_OWN(vcpu_precreate, vt_vcpu_precreate);
X86_OWN(vcpu_create, vt_vcpu_create);
X86_OWN(vcpu_free, vt_vcpu_free);
X86_OWN(vcpu_reset, vt_vcpu_reset);
X86_OWN(vcpu_load, vt_vcpu_load);
X86_OWN(vcpu_put, vt_vcpu_put);
X86_OWN(vcpu_after_set_cpuid, vt_vcpu_after_set_cpuid);
X86_NONE(vcpu_blocking);
X86_NONE(vcpu_unblocking);

/* --- running --- */
X86_OWN(vcpu_pre_run, vt_vcpu_pre_run);
X86_OWN(vcpu_run, vt_vcpu_run);
X86_OWN(handle_exit, vt_handle_exit);
X86_OWN(handle_exit_irqoff, vt_handle_exit_irqoff);
X86_OWN(prepare_switch_to_guest, vt_prepare_switch_to_guest);
X86_OWN(get_exit_info, vt_get_exit_info);
X86_OWN(skip_emulated_instruction, vt_skip_emulated_instruction);
X86_OWN(update_emulated_instruction, vt_update_emulated_instruction);
X86_OWN(check_emulate_instruction, vt_check_emulate_instruction);
X86_OWN(check_intercept, vt_check_intercept);
X86_OWN(get_untagged_addr, vt_get_untagged_addr);
X86_OWN(patch_hypercall, vt_patch_hypercall);
X86_SAME(HOST_OWNED_DEBUGCTL, "only VMX compares a guest's value with it");

/* --- registers --- */
X86_OWN(get_segment, vt_get_segment);
X86_OWN(get_segment_base, vt_get_segment_base);
X86_OWN(set_segment, vt_set_segment);
X86_OWN(get_cs_db_l_bits, vt_get_cs_db_l_bits);
X86_OWN(get_cpl, vt_get_cpl);
X86_OWN(is_valid_cr0, vt_is_valid_cr0);
X86_OWN(is_valid_cr4, vt_is_valid_cr4);
X86_OWN(set_cr0, vt_set_cr0);
X86_NONE(post_set_cr3);
X86_OWN(set_cr4, vt_set_cr4);
X86_OWN(set_efer, vt_set_efer);
X86_OWN(get_idt, vt_get_idt);
X86_OWN(set_idt, vt_set_idt);
X86_OWN(get_gdt, vt_get_gdt);
X86_OWN(set_gdt, vt_set_gdt);
X86_OWN(set_dr7, vt_set_dr7);
X86_OWN(sync_dirty_debug_regs, vt_sync_dirty_debug_regs);
X86_OWN(cache_reg, vt_cache_reg);
X86_OWN(get_rflags, vt_get_rflags);
X86_OWN(set_rflags, vt_set_rflags);
X86_OWN(get_if_flag, vt_get_if_flag);
X86_OWN(update_exception_bitmap, vt_update_exception_bitmap);
#ifdef KVM_HAS_CLEAR_HLT
X86_OWN(clear_hlt, vt_clear_hlt);
#endif

/* --- MSRs --- */
X86_OWN(has_emulated_msr, vt_has_emulated_msr);
X86_OWN(complete_emulated_msr, vt_complete_emulated_msr);
X86_OWN(get_msr, vt_get_msr);
X86_OWN(set_msr, vt_set_msr);
X86_OWN(msr_filter_changed, vt_msr_filter_changed);
X86_OWN(setup_mce, vt_setup_mce);
X86_SAME(get_feature_msr, "about the host; /dev/kvm asks");

/* --- events --- */
X86_OWN(inject_irq, vt_inject_irq);
X86_OWN(inject_nmi, vt_inject_nmi);
X86_OWN(inject_exception, vt_inject_exception);
X86_OWN(cancel_injection, vt_cancel_injection);
X86_OWN(interrupt_allowed, vt_interrupt_allowed);
X86_OWN(nmi_allowed, vt_nmi_allowed);
X86_OWN(get_nmi_mask, vt_get_nmi_mask);
X86_OWN(set_nmi_mask, vt_set_nmi_mask);
X86_NONE(is_vnmi_pending);
X86_NONE(set_vnmi_pending);
X86_OWN(get_interrupt_shadow, vt_get_interrupt_shadow);
X86_OWN(set_interrupt_shadow, vt_set_interrupt_shadow);
X86_OWN(enable_nmi_window, vt_enable_nmi_window);
X86_OWN(enable_irq_window, vt_enable_irq_window);
X86_OWN(update_cr8_intercept, vt_update_cr8_intercept);
X86_OWN(apic_init_signal_blocked, vt_apic_init_signal_blocked);
X86_OWN(vcpu_deliver_sipi_vector, vt_vcpu_deliver_sipi_vector);
X86_OWN(set_virtual_apic_mode, vt_set_virtual_apic_mode);
X86_OWN(set_apic_access_page_addr, vt_set_apic_access_page_addr);
X86_OWN(refresh_apicv_exec_ctrl, vt_refresh_apicv_exec_ctrl);
X86_OWN(load_eoi_exitmap, vt_load_eoi_exitmap);
X86_OWN(hwapic_irr_update, vt_hwapic_irr_update);
X86_OWN(hwapic_isr_update, vt_hwapic_isr_update);
X86_OWN(sync_pir_to_irr, vt_sync_pir_to_irr);
X86_SAME(deliver_interrupt, "vmx_deliver_interrupt() posts; a TD has the descriptor");
X86_SAME(dy_apicv_has_pending_interrupt, "looks at the descriptor alone");
X86_SAME(apicv_pre_state_restore, "clears the descriptor alone");
X86_NONE(apicv_post_state_restore);
X86_SAME(x2apic_icr_is_split, "about the CPU");
X86_SAME(required_apicv_inhibits, "which reasons end APICv; a TD does not outlive one");
X86_SAME(allow_apicv_in_x2apic_without_x2apic_virtualization, "about the CPU");
X86_NONE(vcpu_get_apicv_inhibit_reasons);
X86_NONE(alloc_apic_backing_page);
X86_SAME(pi_update_irte, "a device posts to the descriptor, which a TD has");
X86_SAME(pi_start_assignment, "wakes vCPUs, and looks at no VMCS");

#ifdef CONFIG_KVM_SMM
X86_OWN(smi_allowed, vt_smi_allowed);
X86_OWN(enter_smm, vt_enter_smm);
X86_OWN(leave_smm, vt_leave_smm);
X86_OWN(enable_smi_window, vt_enable_smi_window);
#endif

/* --- memory --- */
X86_OWN(set_tss_addr, vt_set_tss_addr);
X86_OWN(set_identity_map_addr, vt_set_identity_map_addr);
X86_SAME(get_mt_mask, "the EPT memory type of shared memory, by the VM's properties");
X86_OWN(load_mmu_pgd, vt_load_mmu_pgd);
X86_OWN(flush_tlb_all, vt_flush_tlb_all);
X86_OWN(flush_tlb_current, vt_flush_tlb_current);
X86_OWN(flush_tlb_guest, vt_flush_tlb_guest);
X86_OWN(flush_tlb_gva, vt_flush_tlb_gva);
X86_SAME(flush_remote_tlbs, "TDX is off where Hyper-V has set it");
X86_SAME(flush_remote_tlbs_range, "TDX is off where Hyper-V has set it");
X86_SAME(cpu_dirty_log_size, "hooks/mmu.cocci and x86.cocci tell TDs apart");
X86_OWN(update_cpu_dirty_logging, vt_update_cpu_dirty_logging);
X86_SAME(has_wbinvd_exit, "about the CPU");
X86_NONE(gmem_prepare);
X86_NONE(gmem_invalidate);
X86_NONE(private_max_mapping_level);

/* --- time --- */
X86_OWN(write_tsc_offset, vt_write_tsc_offset);
X86_OWN(write_tsc_multiplier, vt_write_tsc_multiplier);
X86_OWN(get_l2_tsc_offset, vt_get_l2_tsc_offset);
X86_OWN(get_l2_tsc_multiplier, vt_get_l2_tsc_multiplier);
X86_OWN_IF(set_hv_timer, vt_set_hv_timer);
X86_OWN_IF(cancel_hv_timer, vt_cancel_hv_timer);
X86_OWN(migrate_timers, vt_migrate_timers);

/* --- encryption --- */
X86_OWN(mem_enc_ioctl, tdx_vm_ioctl);
X86_NONE(dev_get_attr);
X86_NONE(mem_enc_register_region);
X86_NONE(mem_enc_unregister_region);
X86_NONE(vm_copy_enc_context_from);
X86_NONE(vm_move_enc_context_from);
X86_NONE(guest_memory_reclaimed);

/* --- struct kvm_x86_nested_ops: no TD's vCPU gets into guest mode --- */
X86_SAME(nested_ops, "points to the table that the next lines fill");
X86_NONE(enable_l2_tlb_flush);
NESTED_OWN(leave_nested, vt_leave_nested);
NESTED_OWN(get_state, vt_get_nested_state);
NESTED_OWN(set_state, vt_set_nested_state);
NESTED_OWN_IF(enable_evmcs, vt_enable_evmcs);
NESTED_OWN_IF(get_evmcs_version, vt_get_evmcs_version);
NESTED_SAME(is_exception_vmexit, "called in guest mode only");
NESTED_SAME(check_events, "called in guest mode only");
NESTED_SAME(has_events, "called in guest mode only");
NESTED_SAME(triple_fault, "called in guest mode only");
NESTED_SAME(get_nested_state_pages, "asked for in guest mode only");
NESTED_SAME(write_log_dirty, "called in guest mode only");
NESTED_SAME(hv_inject_synthetic_vmexit_post_tlb_flush, "called in guest mode only");

/* --- struct kvm_pmu_ops: the counters are the module's and the host's --- */
PMU_OWN(rdpmc_ecx_to_pmc, vt_rdpmc_ecx_to_pmc);
PMU_OWN(msr_idx_to_pmc, vt_msr_idx_to_pmc);
PMU_NONE(check_rdpmc_early);
PMU_OWN(is_valid_msr, vt_pmu_is_valid_msr);
PMU_OWN(get_msr, vt_pmu_get_msr);
PMU_OWN(set_msr, vt_pmu_set_msr);
PMU_OWN(refresh, vt_pmu_refresh);
PMU_SAME(init, "fills in numbers, and is called once");
PMU_OWN(reset, vt_pmu_reset);
PMU_OWN(deliver_pmi, vt_pmu_deliver_pmi);
PMU_OWN(cleanup, vt_pmu_cleanup);
PMU_SAME(EVENTSEL_EVENT, "a mask of the CPU's");
PMU_SAME(MAX_NR_GP_COUNTERS, "a size of KVM's");
PMU_SAME(MIN_NR_GP_COUNTERS, "a size of KVM's");

#undef X86_OWN
#undef X86_OWN_IF
#undef X86_SAME
#undef X86_NONE
#undef NESTED_OWN
#undef NESTED_OWN_IF
#undef NESTED_SAME
#undef PMU_OWN
#undef PMU_SAME
#undef PMU_NONE
