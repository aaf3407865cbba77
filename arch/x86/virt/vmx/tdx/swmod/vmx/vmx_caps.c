// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads what VMX has to offer, once at module load.  A machine that lacks
 * something is refused with its name; nothing is found out at the first entry.
 */
#define pr_fmt(fmt) "tdx_swmod: " fmt

#include "vmx/vmx.h"

struct vmx_caps vmx_caps;

#define BASIC_TRUE_CTLS		BIT_ULL(55)
#define EPT_CAP_4_LEVELS	BIT_ULL(6)
#define EPT_CAP_WB		BIT_ULL(14)
#define EPT_CAP_INVEPT		BIT_ULL(20)
#define EPT_CAP_INVEPT_SINGLE	BIT_ULL(25)
#define EPT_CAP_INVVPID		BIT_ULL(32)
#define EPT_CAP_INVVPID_SINGLE	BIT_ULL(41)
#define EPT_CAP_NEEDED		(EPT_CAP_4_LEVELS | EPT_CAP_WB | \
				 EPT_CAP_INVEPT | EPT_CAP_INVEPT_SINGLE | \
				 EPT_CAP_INVVPID | EPT_CAP_INVVPID_SINGLE)

/* One control word: which capability MSR, what is wanted, what it became. */
struct vmx_ctl {
	const char *name;
	u32 msr;
	u32 need, like;		/* refuse without / use when there */
	u32 allow;		/* must be allowed to become one later */
	u32 forbid;		/* must be allowed to be zero */
	u32 *val;
};

static const struct {
	const char *word;
	u32 bit;
	const char *name;
} vmx_ctl_names[] = {
	{ "pin", VMX_PIN_VIRTUAL_NMI, "virtual NMIs" },
	{ "pin", VMX_PIN_POSTED, "posted interrupts" },
	{ "primary", VMX_PROC_TPR_SHADOW, "TPR shadow" },
	{ "primary", VMX_PROC_MSR_BITMAP, "MSR bitmaps" },
	{ "primary", VMX_PROC_SECONDARY, "secondary controls" },
	{ "secondary", VMX_PROC2_EPT, "EPT" },
	{ "secondary", VMX_PROC2_X2APIC, "virtualized x2APIC" },
	{ "secondary", VMX_PROC2_VPID, "VPID" },
	{ "secondary", VMX_PROC2_UNRESTRICTED, "unrestricted guest" },
	{ "secondary", VMX_PROC2_APIC_REG, "APIC-register virtualization" },
	{ "secondary", VMX_PROC2_VINTR, "virtual-interrupt delivery" },
	{ "exit", VMX_EXIT_ACK_INTR, "acknowledge interrupt on exit" },
};

static void vmx_say_missing(const char *word, u32 missing)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmx_ctl_names); i++)
		if (!strcmp(vmx_ctl_names[i].word, word) &&
		    (missing & vmx_ctl_names[i].bit))
			pr_err("the CPU lacks %s\n", vmx_ctl_names[i].name);
	pr_err("%s VMX controls cannot be set as needed: bits %#x\n", word,
	       missing);
}

static int vmx_ctl_fit(const struct vmx_ctl *c)
{
	u64 cap = __rdmsr(c->msr);
	u32 must = cap, may = cap >> 32;
	u32 missing = (c->need | c->allow) & ~may;

	missing |= c->forbid & must;
	if (missing) {
		vmx_say_missing(c->name, missing);
		return -EOPNOTSUPP;
	}
	*c->val = c->need | (c->like & may) | must;
	return 0;
}

static int vmx_read_controls(void)
{
	const struct vmx_ctl ctl[] = {
		{ .name = "pin", .msr = MSR_IA32_VMX_TRUE_PINBASED_CTLS,
		  .need = VMX_PIN_EXT_INTR | VMX_PIN_NMI | VMX_PIN_VIRTUAL_NMI,
		  .allow = VMX_PIN_POSTED, .val = &vmx_caps.pin },
		{ .name = "primary", .msr = MSR_IA32_VMX_TRUE_PROCBASED_CTLS,
		  .need = VMX_PROC_TSC_OFFSET | VMX_PROC_HLT |
			  VMX_PROC_MWAIT | VMX_PROC_RDPMC |
			  VMX_PROC_TPR_SHADOW | VMX_PROC_IO |
			  VMX_PROC_MSR_BITMAP | VMX_PROC_MONITOR |
			  VMX_PROC_SECONDARY,
		  .allow = VMX_PROC_NMI_WINDOW,
		  .forbid = VMX_PROC_CR3_LOAD | VMX_PROC_CR3_STORE,
		  .val = &vmx_caps.proc },
		{ .name = "secondary", .msr = MSR_IA32_VMX_PROCBASED_CTLS2,
		  .need = VMX_PROC2_EPT | VMX_PROC2_RDTSCP | VMX_PROC2_X2APIC |
			  VMX_PROC2_VPID | VMX_PROC2_WBINVD |
			  VMX_PROC2_UNRESTRICTED | VMX_PROC2_APIC_REG |
			  VMX_PROC2_VINTR | VMX_PROC2_INVPCID,
		  .like = VMX_PROC2_XSAVES | VMX_PROC2_TSC_SCALING,
		  .val = &vmx_caps.proc2 },
		{ .name = "exit", .msr = MSR_IA32_VMX_TRUE_EXIT_CTLS,
		  .need = VMX_EXIT_SAVE_DEBUG | VMX_EXIT_HOST_64 |
			  VMX_EXIT_ACK_INTR | VMX_EXIT_SAVE_PAT |
			  VMX_EXIT_LOAD_PAT | VMX_EXIT_SAVE_EFER |
			  VMX_EXIT_LOAD_EFER,
		  .like = VMX_EXIT_LOAD_CET | VMX_EXIT_LOAD_PKRS,
		  .val = &vmx_caps.exit },
		{ .name = "entry", .msr = MSR_IA32_VMX_TRUE_ENTRY_CTLS,
		  .need = VMX_ENTRY_LOAD_DEBUG | VMX_ENTRY_LOAD_PAT |
			  VMX_ENTRY_LOAD_EFER,
		  .allow = VMX_ENTRY_LONG_MODE,
		  .like = VMX_ENTRY_LOAD_CET | VMX_ENTRY_LOAD_PKRS,
		  .val = &vmx_caps.entry },
	};
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(ctl); i++)
		if (vmx_ctl_fit(&ctl[i]))
			err = -EOPNOTSUPP;
	return err;
}

/* State is switched on both ways or on none. */
static bool vmx_fit_pair(u32 exit, u32 entry)
{
	if ((vmx_caps.exit & exit) && (vmx_caps.entry & entry))
		return true;
	vmx_caps.exit &= ~exit;
	vmx_caps.entry &= ~entry;
	return false;
}

/* CET's for all; PKRS for TDs that have it, see vmx_init_controls(). */
static void vmx_fit_features(void)
{
	u32 eax, ebx, ecx, edx;

	sw_native_cpuid(7, 0, &eax, &ebx, &ecx, &edx);
	vmx_caps.shadow_stack = ecx & BIT(7);
	vmx_caps.cet = vmx_fit_pair(VMX_EXIT_LOAD_CET, VMX_ENTRY_LOAD_CET);
	vmx_caps.pks = vmx_fit_pair(VMX_EXIT_LOAD_PKRS, VMX_ENTRY_LOAD_PKRS) &&
		       (ecx & BIT(31));
	vmx_caps.exit &= ~VMX_EXIT_LOAD_PKRS;
	vmx_caps.entry &= ~VMX_ENTRY_LOAD_PKRS;
}

/* Of the supervisor's components CET alone, where it can be switched. */
u64 sw_native_xcr0_xss(void)
{
	u32 eax, ebx, ecx, edx, xss;

	sw_native_cpuid(0xd, 1, &eax, &ebx, &xss, &edx);
	sw_native_cpuid(0xd, 0, &eax, &ebx, &ecx, &edx);
	if (!vmx_caps.cet || !vmx_caps.shadow_stack || !boot_cpu_has(X86_FEATURE_XSAVES))
		xss = 0;
	return eax | (u64)edx << 32 | xss;
}

bool sw_native_pks(void)
{
	return vmx_caps.pks;
}

int vmx_read_caps(void)
{
	u64 basic, ept;
	int err;

	if (!boot_cpu_has(X86_FEATURE_VMX)) {
		pr_err("the CPU has no VMX\n");
		return -EOPNOTSUPP;
	}
	if (!boot_cpu_has(X86_FEATURE_XSAVE)) {
		pr_err("the CPU has no XSAVE\n");
		return -EOPNOTSUPP;
	}
	basic = __rdmsr(MSR_IA32_VMX_BASIC);
	if (!(basic & BASIC_TRUE_CTLS)) {
		pr_err("the CPU has no TRUE VMX capability MSRs\n");
		return -EOPNOTSUPP;
	}
	vmx_caps.revision = basic & 0x7fffffff;
	err = vmx_read_controls();
	if (err)
		return err;
	vmx_fit_features();
	ept = __rdmsr(MSR_IA32_VMX_EPT_VPID_CAP);
	if ((ept & EPT_CAP_NEEDED) != EPT_CAP_NEEDED) {
		pr_err("EPT or VPID capabilities lack %#llx\n",
		       EPT_CAP_NEEDED & ~ept);
		return -EOPNOTSUPP;
	}
	vmx_caps.proc_allowed =
		__rdmsr(MSR_IA32_VMX_TRUE_PROCBASED_CTLS) >> 32;
	vmx_caps.proc2_allowed = __rdmsr(MSR_IA32_VMX_PROCBASED_CTLS2) >> 32;
	pr_info("bus-lock exits: %s, notify exits: %s\n",
		str_yes_no(vmx_caps.proc2_allowed & VMX_PROC2_BUS_LOCK),
		str_yes_no(vmx_caps.proc2_allowed & VMX_PROC2_NOTIFY));
	vmx_caps.spec_ctrl = boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL);
	return 0;
}
