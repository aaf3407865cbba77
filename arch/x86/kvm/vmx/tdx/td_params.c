// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's parameters: what KVM_TDX_CAPABILITIES offers, and TD_PARAMS, the
 * module's form of what the VMM chose in KVM_TDX_INIT_VM.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/bitfield.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "tdx.h"

#define TD_ATTR_SEPT_VE_DISABLE		BIT_ULL(28)
#define TD_ATTR_PKS			BIT_ULL(30)

/* What KVM can run; the module may know more.  Linux does not use IA32_PKRS. */
#define KVM_TD_ATTRIBUTES		(TD_ATTR_SEPT_VE_DISABLE | TD_ATTR_PKS)

/* Mainline refuses debug TDs: so does KVM, until the administrator wants them. */
static bool tdx_debug_tds;
module_param(tdx_debug_tds, bool, 0644);
MODULE_PARM_DESC(tdx_debug_tds, "allow TDs whose state the VMM can read and change");

#define TD_CONFIG_FLAG_GPAW_52		BIT_ULL(0)
#define TD_CONFIG_FLAG_NO_RBP_MOD	BIT_ULL(2)

#define TD_EPTP_MEM_TYPE_WB		6ULL
#define TD_EPTP_LEVELS(n)		((u64)((n) - 1) << 3)

/* The module counts the TSC in units of 25 MHz. */
#define TD_TSC_UNIT_KHZ			25000

#define CPUID_GUEST_PHYS_BITS		GENMASK(23, 16)

/* As the module reads it from shared memory. */
struct td_params {
	u64 attributes;
	u64 xfam;
	u16 max_vcpus;
	u8 num_l2_vms;
	u8 msr_config_ctls;
	u8 reserved0[4];
	u64 eptp_controls;
	u64 config_flags;
	u16 tsc_frequency;
	u8 reserved1[38];
	u64 mrconfigid[6];
	u64 mrowner[6];
	u64 mrownerconfig[6];
	u64 ia32_arch_capabilities;
	u8 reserved2[24];
	struct {
		u32 eax, ebx, ecx, edx;
	/* A module with more leaves than fit into 1024 bytes reads more. */
	} cpuid[TDX_MAX_CPUID_CONFIG];
} __packed __aligned(1024);

static_assert(sizeof(struct td_params) >= 1024);
static_assert(sizeof(struct td_params) <= PAGE_SIZE);
static_assert(offsetof(struct td_params, eptp_controls) == 24);
static_assert(offsetof(struct td_params, mrconfigid) == 80);
static_assert(offsetof(struct td_params, ia32_arch_capabilities) == 224);
static_assert(offsetof(struct td_params, cpuid) == 256);

/* --- what is on offer --- */

static u64 td_supported_attributes(const struct tdx_sys_info *sys)
{
	u64 known = KVM_TD_ATTRIBUTES;

	if (READ_ONCE(tdx_debug_tds))
		known |= KVM_TDX_ATTR_DEBUG;
	return known & sys->attributes_fixed0;
}

/*
 * Of CET, a TD exit gives S_CET back.  It takes U_CET and PL3_SSP, which belong to
 * the VMM's FPU state, and that is saved while a vCPU runs, see
 * fpu_swap_kvm_fpstate(); and PL0_SSP to PL2_SSP, which Linux does not use.
 */
static u64 td_supported_xfam(const struct tdx_sys_info *sys)
{
	u64 host = kvm_caps.supported_xcr0 | kvm_caps.supported_xss;

	if (cpu_feature_enabled(X86_FEATURE_XSAVES))
		host |= TD_XFAM_CET;

	return host & sys->xfam_fixed0;
}

/* Can KVM run any TD on this module?  NULL, or why not. */
const char *td_params_unsupported(const struct tdx_sys_info *sys)
{
	if (!(sys->attributes_fixed0 & TD_ATTR_SEPT_VE_DISABLE))
		return "the TDX module cannot disable #VE for private memory";
	if (sys->attributes_fixed1 & ~td_supported_attributes(sys))
		return "the TDX module insists on TD attributes unknown to KVM";
	if (sys->xfam_fixed1 & ~td_supported_xfam(sys))
		return "the TDX module insists on XSAVE features that KVM lacks";
	return NULL;
}

/*
 * TSX and UMWAIT leave state in MSRs that only an ordinary VM's exit path
 * restores for the host.
 */
static void td_clear_unsupported_cpuid(struct kvm_cpuid_entry2 *e)
{
	if (e->function != 7 || e->index)
		return;
	e->ebx &= ~(feature_bit(HLE) | feature_bit(RTM));
	e->ecx &= ~feature_bit(WAITPKG);
}

static bool td_cpuid_is_supported(const struct kvm_cpuid_entry2 *e)
{
	struct kvm_cpuid_entry2 allowed = *e;

	td_clear_unsupported_cpuid(&allowed);
	return !memcmp(&allowed, e, sizeof(allowed));
}

static void td_cpuid_offer(const struct tdx_cpuid_config *conf,
			   struct kvm_cpuid_entry2 *e)
{
	memset(e, 0, sizeof(*e));
	e->function = conf->leaf;
	e->index = conf->subleaf == ~0u ? 0 : conf->subleaf;
	e->eax = conf->eax;
	e->ebx = conf->ebx;
	e->ecx = conf->ecx;
	e->edx = conf->edx;
	/* KVM itself takes the guest's physical address width from here. */
	if (e->function == 0x80000008)
		e->eax |= CPUID_GUEST_PHYS_BITS;
	td_clear_unsupported_cpuid(e);
}

int td_get_capabilities(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	const struct tdx_sys_info *sys = tdx_host_sysinfo();
	struct kvm_tdx_capabilities __user *user = u64_to_user_ptr(cmd->data);
	struct kvm_tdx_capabilities *caps;
	size_t size = struct_size(caps, cpuid.entries, sys->nr_cpuid_config);
	u32 nent, i;
	int ret = 0;

	if (get_user(nent, &user->cpuid.nent))
		return -EFAULT;
	if (nent < sys->nr_cpuid_config) {
		nent = sys->nr_cpuid_config;
		return put_user(nent, &user->cpuid.nent) ? -EFAULT : -E2BIG;
	}

	caps = kzalloc(size, GFP_KERNEL);
	if (!caps)
		return -ENOMEM;
	caps->supported_attrs = td_supported_attributes(sys);
	caps->supported_xfam = td_supported_xfam(sys);
	/* GetQuote is one of the GHCI's base calls, which are not listed. */
	caps->user_tdvmcallinfo_1_r11 = TDVMCALLINFO_SETUP_EVENT_NOTIFY;
	caps->cpuid.nent = sys->nr_cpuid_config;
	for (i = 0; i < sys->nr_cpuid_config; i++)
		td_cpuid_offer(&sys->cpuid_config[i], &caps->cpuid.entries[i]);

	if (copy_to_user(user, caps, size))
		ret = -EFAULT;
	kfree(caps);
	return ret;
}

/* --- what the VMM chose --- */

/* An entry with an index that does not count is its own index's, see docs/support.md. */
static bool td_cpuid_is_for(const struct kvm_cpuid_entry2 *e,
			    const struct tdx_cpuid_config *conf)
{
	if (e->function != conf->leaf)
		return false;
	if (conf->subleaf != ~0u)
		return e->index == conf->subleaf;
	return !e->index || !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
}

static const struct kvm_cpuid_entry2 *
td_find_cpuid(const struct kvm_cpuid_entry2 *entries, u32 nent,
	      const struct tdx_cpuid_config *conf)
{
	u32 i;

	for (i = 0; i < nent; i++) {
		if (td_cpuid_is_for(&entries[i], conf))
			return &entries[i];
	}
	return NULL;
}

/* Every entry must name a leaf of which the host decides something. */
static int td_params_cpuid(struct td_params *p,
			   const struct kvm_cpuid_entry2 *entries, u32 nent)
{
	const struct tdx_sys_info *sys = tdx_host_sysinfo();
	const struct kvm_cpuid_entry2 *e;
	u32 i, used = 0;

	for (i = 0; i < sys->nr_cpuid_config; i++) {
		e = td_find_cpuid(entries, nent, &sys->cpuid_config[i]);
		if (!e)
			continue;
		if (!td_cpuid_is_supported(e))
			return -EINVAL;
		used++;
		p->cpuid[i].eax = e->eax;
		p->cpuid[i].ebx = e->ebx;
		p->cpuid[i].ecx = e->ecx;
		p->cpuid[i].edx = e->edx;
		/* Not the module's business: it is told the GPAW instead. */
		if (e->function == 0x80000008)
			p->cpuid[i].eax &= ~CPUID_GUEST_PHYS_BITS;
	}
	return used == nent ? 0 : -EINVAL;
}

/*
 * The width of a guest physical address, one bit of which says "shared".  52
 * needs five levels of both EPTs.
 */
static int td_params_gpaw(struct td_params *p,
			  const struct kvm_cpuid_entry2 *entries, u32 nent)
{
	u32 i, bits = 0;

	for (i = 0; i < nent; i++) {
		if (entries[i].function == 0x80000008)
			bits = FIELD_GET(CPUID_GUEST_PHYS_BITS, entries[i].eax);
	}

	switch (bits) {
	case 48:
		p->eptp_controls = TD_EPTP_MEM_TYPE_WB | TD_EPTP_LEVELS(4);
		return 0;
	case 52:
		if (!cpu_has_vmx_ept_5levels())
			return -EINVAL;
		p->eptp_controls = TD_EPTP_MEM_TYPE_WB | TD_EPTP_LEVELS(5);
		p->config_flags |= TD_CONFIG_FLAG_GPAW_52;
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * The nearest unit: a host that measured 199,999 kHz has a TSC of 200 MHz.
 * Which frequencies there are, the module decides.
 */
static int td_params_tsc(struct td_params *p, const struct kvm *kvm)
{
	u64 khz = READ_ONCE(kvm->arch.default_tsc_khz);
	u32 units = DIV_U64_ROUND_CLOSEST(khz, TD_TSC_UNIT_KHZ);

	if (units > U16_MAX)
		return -EINVAL;
	p->tsc_frequency = units;
	return 0;
}

static int td_params_features(struct td_params *p,
			      const struct kvm_tdx_init_vm *init)
{
	const struct tdx_sys_info *sys = tdx_host_sysinfo();

	if (init->attributes & ~td_supported_attributes(sys))
		return -EINVAL;
	if (init->xfam & ~td_supported_xfam(sys))
		return -EINVAL;

	/* What the module insists on, user space need not know of. */
	p->attributes = init->attributes | sys->attributes_fixed1;
	p->xfam = init->xfam | sys->xfam_fixed1;
	return 0;
}

static int td_params_fill(struct td_params *p, const struct kvm *kvm,
			  const struct kvm_tdx_init_vm *init,
			  const struct kvm_cpuid_entry2 *entries, u32 nent)
{
	int ret;

	ret = td_params_features(p, init);
	if (!ret)
		ret = td_params_cpuid(p, entries, nent);
	if (!ret)
		ret = td_params_gpaw(p, entries, nent);
	if (!ret)
		ret = td_params_tsc(p, kvm);
	if (ret)
		return ret;

	p->max_vcpus = kvm->max_vcpus;
	/* RBP is the guest's frame pointer: it stays out of TDVMCALLs. */
	p->config_flags |= TD_CONFIG_FLAG_NO_RBP_MOD;
	memcpy(p->mrconfigid, init->mrconfigid, sizeof(p->mrconfigid));
	memcpy(p->mrowner, init->mrowner, sizeof(p->mrowner));
	memcpy(p->mrownerconfig, init->mrownerconfig, sizeof(p->mrownerconfig));
	return 0;
}

/* TD_PARAMS from user space's struct kvm_tdx_init_vm, or an ERR_PTR(). */
struct td_params *td_params_get(const struct kvm *kvm,
				struct kvm_tdx_init_vm __user *user)
{
	struct kvm_cpuid_entry2 *entries = NULL;
	struct kvm_tdx_init_vm init;
	struct td_params *p;
	u32 nent;
	int ret;

	if (copy_from_user(&init, user, sizeof(init)))
		return ERR_PTR(-EFAULT);
	if (memchr_inv(init.reserved, 0, sizeof(init.reserved)) ||
	    init.cpuid.padding)
		return ERR_PTR(-EINVAL);
	nent = init.cpuid.nent;
	if (nent > KVM_MAX_CPUID_ENTRIES)
		return ERR_PTR(-E2BIG);

	if (nent) {
		entries = vmemdup_array_user(user->cpuid.entries, nent,
					     sizeof(*entries));
		if (IS_ERR(entries))
			return ERR_CAST(entries);
	}

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	ret = p ? td_params_fill(p, kvm, &init, entries, nent) : -ENOMEM;
	kvfree(entries);
	if (!ret)
		return p;
	kfree(p);
	return ERR_PTR(ret);
}

void td_params_put(struct td_params *p)
{
	kfree(p);
}

/* The TD exists with these parameters. */
void td_params_commit(struct kvm_tdx *kvm_tdx, const struct td_params *p)
{
	kvm_tdx->attributes = p->attributes;
	kvm_tdx->xfam = p->xfam;
	kvm_tdx->gpaw = p->config_flags & TD_CONFIG_FLAG_GPAW_52 ? 52 : 48;
	kvm_tdx->tsc_khz = p->tsc_frequency * TD_TSC_UNIT_KHZ;
}
