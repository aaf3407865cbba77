// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function for each line of the checklist, from the CPU up to KVM.  The MSRs are
 * those of Intel's Software Developer's Manual and of the "Intel TDX Module Base
 * Architecture Specification", which says what SEAM needs of the platform.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"

#define MSR_FEAT_CTL			0x3a
#define FEAT_CTL_LOCKED			(1ULL << 0)
#define FEAT_CTL_VMX			(1ULL << 2)
#define MSR_KEYID_PARTITIONING		0x87
#define MSR_MTRRCAP			0xfe
#define MTRRCAP_SEAMRR			(1ULL << 15)
#define MSR_TME_ACTIVATE		0x982
#define TME_LOCKED			(1ULL << 0)
#define TME_ENABLED			(1ULL << 1)
#define MSR_SEAMRR_MASK			0x1401
#define SEAMRR_LOCKED			(1ULL << 10)
#define SEAMRR_ENABLED			(1ULL << 11)

#define KVM_INTEL	"/sys/module/kvm_intel/parameters/"
#define KVM		"/sys/module/kvm/parameters/"
#define TDX_HOST	"/sys/devices/faux/tdx_host/"
#define SWMOD		"/sys/module/tdx_swmod"

void info_set(struct info_check *c, enum info_state state, const char *advice,
	      const char *found, ...)
{
	va_list args;

	c->state = state;
	snprintf(c->advice, sizeof(c->advice), "%s", advice);
	va_start(args, found);
	vsnprintf(c->found, sizeof(c->found), found, args);
	va_end(args);
}

static bool is_swmod(void)
{
	return info_exists(SWMOD);
}

static bool is_yes(const char *path)
{
	char text[16];

	return !info_read(path, text, sizeof(text)) && (*text == 'Y' || *text == '1');
}

/* True: what SEAM hardware has to have is not asked for. */
static bool is_needless(struct info_check *c)
{
	if (!is_swmod())
		return false;
	info_set(c, INFO_NOTE, "", "not needed: tdx_swmod is loaded, which protects nothing");
	return true;
}

static bool tdx_is_on(void)
{
	return is_yes(KVM_INTEL "tdx");
}

/* True: @c says why the MSR has no value. */
static bool no_msr(struct info_check *c, unsigned int msr, const char *what, uint64_t *value)
{
	int err = info_msr(msr, value);

	if (!err)
		return false;
	if (is_needless(c))
		return true;
	if (err == -ENXIO)
		info_set(c, INFO_MISSING,
			 "use a CPU with Intel TDX: a 5th generation Xeon, or a later one; in a VM there is tdx_swmod",
			 "no %s: the CPU has no MSR %#x", what, msr);
	else if (err == -ENOENT || err == -ENODEV)
		info_set(c, INFO_UNKNOWN, "modprobe msr, and run it as root",
			 "MSR %#x cannot be read: the module msr is not loaded", msr);
	else
		info_set(c, INFO_UNKNOWN, "run it as root, without lockdown",
			 "MSR %#x cannot be read: %s", msr, strerror(-err));
	return true;
}

/* --- the machine --- */

static bool has_flag(const char *flags, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = flags; (at = strstr(at, name)); at += len)
		if (at[-1] == ' ' && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

/* The first CPU's line of that name; to be freed. */
static char *cpuinfo_line(const char *name)
{
	char *text = info_read_all("/proc/cpuinfo"), *line, *save = NULL, *found = NULL;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line && !found;
	     line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, name, strlen(name)) && strchr(" \t:", line[strlen(name)]))
			found = strdup(line);
	free(text);
	return found;
}

static void check_cpu(struct info_check *c)
{
	static const struct {
		const char *flag, *name;
	} needed[] = {
		{ "vmx", "VMX" }, { "ept", "EPT" }, { "ept_ad", "EPT's accessed and dirty bits" },
		{ "movdir64b", "MOVDIR64B" }, { "ss", "self-snoop" }, { "xsave", "XSAVE" },
	};
	char *flags = cpuinfo_line("flags"), *vmx = cpuinfo_line("vmx flags");
	unsigned int i = 0;

	while (i < sizeof(needed) / sizeof(needed[0]) && flags &&
	       (has_flag(flags, needed[i].flag) || (vmx && has_flag(vmx, needed[i].flag))))
		i++;
	if (!flags)
		info_set(c, INFO_UNKNOWN, "", "/proc/cpuinfo has no flags");
	else if (i == sizeof(needed) / sizeof(needed[0]))
		info_set(c, INFO_OK, "", "VMX, EPT, MOVDIR64B, self-snoop");
	else
		info_set(c, INFO_MISSING, i ? "use a CPU that has it" :
			 "use an Intel CPU; in a VM, have the hypervisor show VMX (nested virtualization)",
			 "the CPU lacks %s", needed[i].name);
	free(vmx);
	free(flags);
}

static void check_vmx(struct info_check *c)
{
	uint64_t value = 0;

	if (no_msr(c, MSR_FEAT_CTL, "VMX", &value))
		return;
	if ((value & FEAT_CTL_LOCKED) && !(value & FEAT_CTL_VMX))
		info_set(c, INFO_MISSING, "firmware: enable Intel Virtualization Technology (VMX)",
			 "the firmware has switched VMX off (MSR 0x3a is %#llx)",
			 (unsigned long long)value);
	else
		info_set(c, INFO_OK, "", "the firmware allows VMX");
}

static void check_tme(struct info_check *c)
{
	uint64_t value = 0;

	if (no_msr(c, MSR_TME_ACTIVATE, "total memory encryption (TME)", &value))
		return;
	if ((value & (TME_LOCKED | TME_ENABLED)) == (TME_LOCKED | TME_ENABLED))
		info_set(c, INFO_OK, "", "memory is encrypted (TME)");
	else
		info_set(c, INFO_MISSING,
			 "firmware: enable Total Memory Encryption (TME) and Multi-Key (TME-MT)",
			 "memory encryption is %s (MSR 0x982 is %#llx)",
			 value & TME_ENABLED ? "not locked" : "off", (unsigned long long)value);
}

static void check_keyids(struct info_check *c)
{
	unsigned int shared, private;
	uint64_t value = 0;

	if (no_msr(c, MSR_KEYID_PARTITIONING, "KeyIDs", &value))
		return;
	shared = value;
	private = value >> 32;
	if (private >= 2)
		info_set(c, INFO_OK, "", "%u private KeyIDs from %u on: %u TDs at a time", private,
			 shared + 1, private - 1);
	else
		info_set(c, INFO_MISSING,
			 "firmware: raise the KeyIDs that TDX gets (\"TME-MT/TDX key split\")",
			 "%u private KeyIDs; the module needs one, and each TD another", private);
}

static void check_seam(struct info_check *c)
{
	uint64_t value = 0;

	if (no_msr(c, MSR_MTRRCAP, "MTRRs", &value))
		return;
	if (!(value & MTRRCAP_SEAMRR)) {
		if (!is_needless(c))
			info_set(c, INFO_MISSING,
				 "use a CPU with Intel TDX, and a firmware that knows it; in a VM there is tdx_swmod",
				 "no SEAM: the CPU has no range registers for it (MSR 0xfe)");
		return;
	}
	if (no_msr(c, MSR_SEAMRR_MASK, "SEAM range", &value))
		return;
	if ((value & (SEAMRR_LOCKED | SEAMRR_ENABLED)) == (SEAMRR_LOCKED | SEAMRR_ENABLED))
		info_set(c, INFO_OK, "", "the firmware has set memory aside for the TDX module");
	else
		info_set(c, INFO_MISSING,
			 "firmware: enable Trust Domain Extensions (TDX) and the SEAM loader",
			 "the firmware has set no memory aside for the TDX module (MSR 0x1401 is %#llx)",
			 (unsigned long long)value);
}

/* --- the kernel and our modules --- */

static void read_kernel(char *buf, size_t size)
{
	if (info_read("/proc/sys/kernel/osrelease", buf, size))
		snprintf(buf, size, "unknown");
}

static void check_kernel(struct info_check *c, const char *kernel)
{
	size_t len = strlen(kernel);
	bool debian = len > 6 && !strcmp(kernel + len - 6, "-amd64");

	if (tdx_is_on())
		info_set(c, INFO_OK, "", "%s, its kvm_intel knows TDX", kernel);
	else if (!strncmp(kernel, "6.12.", 5) && debian && !strstr(kernel, "-rt-"))
		info_set(c, INFO_OK, "", "%s", kernel);
	else
		info_set(c, INFO_MISSING,
			 "boot Debian's kernel 6.12, linux-image-amd64 or linux-image-cloud-amd64, not -rt",
			 "%s is no kernel that kvm-tdx is for", kernel);
}

static void check_modules(struct info_check *c, const char *kernel)
{
	char path[200];

	if (info_exists(KVM_INTEL "tdx"))
		info_set(c, INFO_OK, "", "the kvm_intel that is loaded knows TDX");
	else if (!info_our_module(kernel, "kvm-intel", path, sizeof(path)))
		info_set(c, INFO_MISSING, "install kvm-tdx-dkms, or run make install",
			 "no kvm_intel with TDX for %s", kernel);
	else if (info_exists("/sys/module/kvm_intel"))
		info_set(c, INFO_MISSING, "tdx-info --enable, or reboot",
			 "the kernel's own kvm_intel is loaded, not %s", path);
	else
		info_set(c, INFO_OK, "", "%s", path);
}

/* Both copies: modprobe takes dkms', whatever "make install" left. */
static void check_copies(struct info_check *c, const char *kernel)
{
	char dkms[200], make[200];

	snprintf(dkms, sizeof(dkms), "/lib/modules/%s/updates/dkms", kernel);
	snprintf(make, sizeof(make), "/lib/modules/%s/updates/kvm-tdx", kernel);
	if (info_exists(make) && info_our_module(kernel, "kvm-intel", dkms, sizeof(dkms)) &&
	    strstr(dkms, "/dkms/"))
		info_set(c, INFO_NOTE, "make uninstall takes the other copy away",
			 "two copies: depmod decides between %s and %s", dkms, make);
	else
		info_set(c, INFO_OK, "", "no second copy of the modules");
}

const char *info_wants_signatures(void)
{
	char lockdown[80] = "";

	info_read("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	if (*lockdown && !strstr(lockdown, "[none]"))
		return "lockdown, as with Secure Boot";
	if (is_yes("/sys/module/module/parameters/sig_enforce"))
		return "module.sig_enforce";
	return NULL;
}

static void check_secure_boot(struct info_check *c, const char *kernel)
{
	const char *why = info_wants_signatures();
	char path[200];

	if (!why)
		info_set(c, INFO_OK, "", "the kernel loads unsigned modules");
	else if (info_exists(KVM_INTEL "tdx"))
		info_set(c, INFO_OK, "", "the kernel wants signed modules, and has loaded ours");
	else if (info_our_module(kernel, "kvm-intel", path, sizeof(path)) && info_is_signed(path))
		info_set(c, INFO_NOTE, "mokutil --test-key /var/lib/dkms/mok.pub says if it is enrolled",
			 "the kernel wants signed modules; ours are signed, if their key is enrolled");
	else
		info_set(c, INFO_MISSING,
			 "mokutil --import /var/lib/dkms/mok.pub, reboot, enroll it, then build the modules again",
			 "the kernel refuses unsigned modules (%s)", why);
}

static void check_parameters(struct info_check *c)
{
	static const char * const needed[] = {
		KVM_INTEL "ept", KVM_INTEL "eptad", KVM_INTEL "enable_apicv",
		KVM "tdp_mmu", KVM "mmio_caching",
	};
	char text[16];
	unsigned int i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (info_read(needed[i], text, sizeof(text)) || *text != 'N')
			continue;
		info_set(c, INFO_MISSING,
			 "take the option out of /etc/modprobe.d and the kernel's command line, load kvm_intel again",
			 "KVM's %s is off", strrchr(needed[i], '/') + 1);
		return;
	}
	info_set(c, INFO_OK, "", "KVM has no parameter that TDX cannot do with");
}

/* The last reason in the log, unless TDX came up after it. */
static bool reason(char *buf, size_t size)
{
	char *text = info_log(), *line, *save = NULL, *at;

	*buf = '\0';
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		at = strstr(line, "TDX is off: ");
		if (at)
			snprintf(buf, size, "%s", at + strlen("TDX is off: "));
		else if (strstr(line, "TDX is on"))
			*buf = '\0';
	}
	free(text);
	return *buf;
}

static void check_tdx(struct info_check *c)
{
	char version[40] = "", why[200];

	info_read(TDX_HOST "version", version, sizeof(version));
	if (tdx_is_on())
		info_set(c, is_swmod() ? INFO_NOTE : INFO_OK,
			 is_swmod() ? "for development only: TDs have no confidentiality at all" : "",
			 "TDX is on, %smodule %s", is_swmod() ? "software " : "",
			 *version ? version : "of unknown version");
	else if (reason(why, sizeof(why)))
		info_set(c, INFO_MISSING, "docs/errors.md says what to do for each reason",
			 "TDX is off: %s", why);
	else if (info_exists(KVM_INTEL "tdx"))
		info_set(c, INFO_MISSING, "tdx-info --enable; \"options kvm_intel tdx=1\" in /etc/modprobe.d",
			 "kvm_intel was loaded without tdx=1");
	else
		info_set(c, INFO_MISSING, "tdx-info --enable", "TDX is not switched on");
}

static struct info_check *next(struct info_report *r, const char *name)
{
	struct info_check *c = &r->check[r->nr++];

	c->name = name;
	return c;
}

void info_run(struct info_report *r)
{
	memset(r, 0, sizeof(*r));
	read_kernel(r->kernel, sizeof(r->kernel));
	check_cpu(next(r, "cpu"));
	check_vmx(next(r, "vmx"));
	check_tme(next(r, "tme"));
	check_keyids(next(r, "keyids"));
	check_seam(next(r, "seam"));
	info_memory(next(r, "memory"));
	check_kernel(next(r, "kernel"), r->kernel);
	check_modules(next(r, "modules"), r->kernel);
	check_copies(next(r, "copies"), r->kernel);
	check_secure_boot(next(r, "secure-boot"), r->kernel);
	check_parameters(next(r, "parameters"));
	check_tdx(next(r, "tdx"));
}
