// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_intel.tdx: what has to be there before KVM offers TDs, in two steps.
 * While VMX sets itself up, TDX puts itself in front of kvm_x86_ops; once the
 * CPUs are in VMX operation it starts the TDX module.  Either step may find
 * that TDX is not to be had: then kvm_intel runs ordinary VMs, and one line
 * of the log says why.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>

#include <asm/cpufeature.h>

#include "../../mmu.h"
#include "../../mmu/spte.h"
#include "../x86_ops.h"
#include "tdx.h"

static bool enable_tdx __ro_after_init;
module_param_named(tdx, enable_tdx, bool, 0444);
MODULE_VERSION(KVM_TDX_VERSION);

/* The module is up, and the CPUs stay in VMX operation for it. */
static bool tdx_is_up;

static const struct kvm_tdx_hooks tdx_hooks = {
	.zap_private = tdx_zap_private,
	.unpark = tdx_unpark,
	.vm_close = tdx_vm_close,
	.vcpu_close = tdx_vcpu_close,
	.flush_shadow_all = td_release_keyid,
	.pre_fault = tdx_pre_fault,
	.vcpu_ioctl = tdx_vcpu_unlocked_ioctl,
	.alloc_folio = tdx_alloc_folio,
	.gmem_close = tdx_gmem_close,
	.read_stats = tdx_read_stats,
	.stats_desc = tdx_stats_desc,
	.nr_stats = TDX_NR_STATS,
};

/* Hyper-V flushes by the EPTP of a VMCS, which a TD does not have. */
static __init bool tdx_flushes_are_hyperv(void)
{
#if IS_ENABLED(CONFIG_HYPERV)
	return vt_x86_ops.flush_remote_tlbs || vt_x86_ops.flush_remote_tlbs_range;
#else
	return false;
#endif
}

/* NULL, or the first thing that is missing. */
static __init const char *tdx_missing(void)
{
	if (!enable_ept)
		return "EPT";
	if (!kvm_tdx_has_tdp_mmu())
		return "the TDP MMU (kvm.tdp_mmu)";
	if (!enable_mmio_caching)
		return "MMIO caching (kvm.mmio_caching)";
	if (!enable_ept_ad_bits)
		return "accessed and dirty bits in EPT (kvm_intel.eptad)";
	if (!enable_apicv)
		return "APICv (kvm_intel.enable_apicv)";
	if (tdx_flushes_are_hyperv())
		return "TLB flushes of its own, not Hyper-V's";
	if (!cpu_feature_enabled(X86_FEATURE_OSXSAVE))
		return "OSXSAVE";
	if (!cpu_feature_enabled(X86_FEATURE_MOVDIR64B))
		return "MOVDIR64B";
	if (!cpu_feature_enabled(X86_FEATURE_SELFSNOOP))
		return "SELFSNOOP";
	if (tdx_run_setup())
		return "a user-return MSR";
	return NULL;
}

__init int vt_hardware_setup(void)
{
	const char *missing;
	int ret;

	ret = vmx_hardware_setup();
	if (ret || !enable_tdx)
		return ret;

	missing = tdx_missing();
	if (missing) {
		pr_err("TDX is off: it needs %s\n", missing);
		enable_tdx = false;
		return 0;
	}

	tdx_vcpu_setup();
	tdx_install_ops(&vt_x86_ops);
	return 0;
}

/* NULL, or why KVM has no use for this TDX module. */
static __init const char *tdx_module_unfit(void)
{
	const struct tdx_sys_info *sys = tdx_host_sysinfo();

	if (!(sys->features0 & TDX_FEATURES0_NO_RBP_MOD))
		return "the TDX module clobbers RBP";
	if (sys->max_vcpus_per_td < num_present_cpus())
		return "the TDX module allows fewer vCPUs than there are CPUs";
	return td_params_unsupported(sys);
}

static __init const char *tdx_start_module(void)
{
	if (tdx_host_enable())
		return tdx_host_why_off();
	return tdx_module_unfit();
}

/* Never fails: without TDX there are still ordinary VMs. */
__init int tdx_bringup(void)
{
	const char *why;

	if (!enable_tdx)
		return 0;

	/* SEAMCALL works in VMX operation only; tdx_cleanup() leaves it. */
	if (kvm_tdx_enable_virtualization()) {
		why = "VMX could not be enabled on every CPU";
		goto off;
	}
	why = tdx_start_module();
	if (why)
		goto leave_vmx;

	kvm_tdx_register_hooks(&tdx_hooks);
	kvm_caps.supported_vm_types |= BIT(KVM_X86_TDX_VM);
	tdx_is_up = true;
	pr_info("TDX is on\n");
	return 0;

leave_vmx:
	kvm_tdx_disable_virtualization();
off:
	pr_err("TDX is off: %s\n", why);
	enable_tdx = false;
	return 0;
}

void tdx_cleanup(void)
{
	if (!tdx_is_up)
		return;
	td_keyid_cleanup();
	kvm_tdx_register_hooks(NULL);
	kvm_tdx_disable_virtualization();
	tdx_is_up = false;
}
