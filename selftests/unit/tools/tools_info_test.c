// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-info, on hosts that it recorded, or could have.  Each test takes a host that is
 * ready and takes away one thing: that line says so, and no other one changes.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "info.h"

#define PROGRAM	TOOLS_DIR "/tdx-info"
#define KERNEL	"6.12.117+deb12-amd64"
#define OURS	"/lib/modules/" KERNEL "/updates/dkms/kvm-intel.ko"
#define PARAM	"/sys/module/kvm_intel/parameters/"

unsigned int ktap_failures;

static char host[64];
static struct info_report report;

static void put(const char *path, const char *text)
{
	char full[300], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", host, path);
	for (slash = full + strlen(host) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	f = fopen(full, "w");
	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

static void take_away(const char *path)
{
	char command[400];

	snprintf(command, sizeof(command), "rm -rf '%s%s'", host, path);
	check(!system(command));
}

#define MSRS(feat, keyids, cap, tme, seam)				\
	"0x3a " feat "\n0x87 " keyids "\n0xfe " cap "\n0x982 " tme "\n0x1401 " seam "\n"
#define GOOD_MSRS MSRS("0x5", "0x2000000020", "0x8d0a", "0x40000001b", "0x3ffffff800c00")

static const char cpuinfo[] =
	"processor\t: 0\nflags\t\t: fpu ss xsave vmx movdir64b tme\n"
	"vmx flags\t: vnmi ept ept_ad vpid\nbugs\t\t:\n\n"
	"processor\t: 1\nflags\t\t: fpu\n";

static const char iomem[] =
	"00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM\n"
	"  01000000-02209987 : Kernel code\n100000000-87fffffff : System RAM\n";

static void begin(void)
{
	strcpy(host, "/tmp/tools_info_test.XXXXXX");
	check(mkdtemp(host));
	put("/proc/cpuinfo", cpuinfo);
	put("/proc/iomem", iomem);
	put("/proc/sys/kernel/osrelease", KERNEL "\n");
	put("/msr", GOOD_MSRS);
	put(OURS, "");
	put(PARAM "tdx", "Y\n");
	put(PARAM "ept", "Y\n");
	put("/sys/module/kvm/parameters/tdp_mmu", "Y\n");
	put("/sys/module/module/parameters/sig_enforce", "N\n");
	put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	put("/sys/devices/faux/tdx_host/version", "1.5.13\n");
	put("/dev/kmsg", "6,1,2,-;kvm_intel: TDX is on\n");
}

/* kvm_intel of the kernel's own: what there is before kvm-tdx is switched on. */
static void be_off(void)
{
	take_away(PARAM "tdx");
	take_away("/sys/devices");
	take_away("/dev/kmsg");
}

static void end(void)
{
	take_away("");
}

static void look(void)
{
	check(!info_open(host, NULL));
	info_run(&report);
}

static const struct info_check *line(const char *name)
{
	static const struct info_check none;
	unsigned int i;

	for (i = 0; i < report.nr; i++)
		if (!strcmp(report.check[i].name, name))
			return &report.check[i];
	check(!"such a line");
	return &none;
}

static void expect_line(const char *name, enum info_state state, const char *found)
{
	const struct info_check *c = line(name);

	if (c->state == state && strstr(c->found, found))
		return;
	printf("# %s is %u: %s\n", name, c->state, c->found);
	ktap_failures++;
}

/* All lines but the named ones, up to NULL, are as they have to be. */
static void expect_rest_ok(const char *name, ...)
{
	const char *but;
	va_list args;
	unsigned int i;

	for (i = 0; i < report.nr; i++) {
		va_start(args, name);
		for (but = name; but && strcmp(but, report.check[i].name);)
			but = va_arg(args, const char *);
		va_end(args);
		if (!but)
			expect_line(report.check[i].name, INFO_OK, "");
	}
}

static void only(const char *name, enum info_state state, const char *found)
{
	look();
	expect_line(name, state, found);
	check(*line(name)->advice);
	expect_rest_ok(name, NULL);
	end();
}

static void a_ready_host_is_ready(void)
{
	begin();
	look();
	expect_rest_ok(NULL);
	check(info_worst(&report) == INFO_OK);
	expect_line("keyids", INFO_OK, "32 private KeyIDs from 33 on: 31 TDs");
	expect_line("tdx", INFO_OK, "module 1.5.13");
	end();
}

static void a_cpu_lacks_what_tdx_needs(void)
{
	begin();
	put("/proc/cpuinfo", "flags\t\t: fpu ss xsave movdir64b\nbugs\t\t:\n");
	only("cpu", INFO_MISSING, "lacks VMX");
	begin();
	put("/proc/cpuinfo", "\nflags\t\t: fpu ss xsave vmx amovdir64bc\nvmx flags\t: ept ept_ad\n");
	only("cpu", INFO_MISSING, "lacks MOVDIR64B");
	begin();
	put("/proc/cpuinfo", "\nflags\t\t: fpu ss xsave vmx movdir64b\nvmx flags\t: ept vpid\n");
	only("cpu", INFO_MISSING, "accessed and dirty");
	begin();
	take_away("/proc/cpuinfo");
	look();
	expect_line("cpu", INFO_UNKNOWN, "no flags");
	end();
}

static void the_firmware_left_something_off(void)
{
	begin();
	put("/msr", MSRS("0x1", "0x2000000020", "0x8d0a", "0x3", "0xc00"));
	only("vmx", INFO_MISSING, "switched VMX off");
	begin();
	put("/msr", MSRS("0x5", "0x2000000020", "0x8d0a", "0x1", "0xc00"));
	only("tme", INFO_MISSING, "encryption is off (MSR 0x982 is 0x1)");
	begin();
	put("/msr", MSRS("0x5", "0x2000000020", "0x8d0a", "0x2", "0xc00"));
	only("tme", INFO_MISSING, "not locked");
	begin();
	put("/msr", MSRS("0x5", "0x3f", "0x8d0a", "0x3", "0xc00"));
	only("keyids", INFO_MISSING, "0 private KeyIDs");
	begin();
	put("/msr", MSRS("0x5", "0x100000020", "0x8d0a", "0x3", "0xc00"));
	only("keyids", INFO_MISSING, "1 private KeyIDs");
	begin();
	put("/msr", MSRS("0x5", "0x2000000020", "0x8d0a", "0x3", "0x400"));
	only("seam", INFO_MISSING, "MSR 0x1401 is 0x400");
}

static void the_cpu_has_no_tdx(void)
{
	begin();
	put("/msr", MSRS("0x5", "-", "0xd0a", "-", "-"));
	look();
	expect_line("tme", INFO_MISSING, "the CPU has no MSR 0x982");
	expect_line("keyids", INFO_MISSING, "the CPU has no MSR 0x87");
	expect_line("seam", INFO_MISSING, "no range registers");
	expect_rest_ok("tme", "keyids", "seam", NULL);
	end();
}

static void without_root_it_does_not_guess(void)
{
	begin();
	take_away("/msr");
	put("/proc/iomem", "00000000-00000000 : System RAM\n");
	look();
	expect_line("vmx", INFO_UNKNOWN, "not loaded");
	expect_line("seam", INFO_UNKNOWN, "MSR 0xfe");
	expect_line("memory", INFO_UNKNOWN, "hides");
	expect_rest_ok("vmx", "tme", "keyids", "seam", "memory", NULL);
	check(info_worst(&report) == INFO_UNKNOWN);
	end();
}

static void many_holes_are_told(void)
{
	char map[4096] = "";
	unsigned int i;

	for (i = 0; i < 17; i++)
		sprintf(map + strlen(map), "%x-%x : System RAM\n", 0x40000000 + i * 0x200000,
			0x400fffff + i * 0x200000);
	begin();
	put("/proc/iomem", map);
	only("memory", INFO_NOTE, "17 holes in the GiB at 0x40000000");
	/* The last piece now ends with its GiB. */
	strcpy(strrchr(map, '-'), "-7fffffff : System RAM\n");
	begin();
	put("/proc/iomem", map);
	look();
	expect_line("memory", INFO_OK, "at most 16");
	end();
	*map = '\0';
	for (i = 1; i <= 65; i++)
		sprintf(map + strlen(map), "%x00000000-%x3fffffff : System RAM\n", i, i);
	begin();
	put("/proc/iomem", map);
	only("memory", INFO_NOTE, "65 pieces of RAM");
	begin();
	put("/proc/iomem", "100000-7fffffff : System RAM\n100000000-2ffffffff : CXL Window 0\n");
	only("memory", INFO_NOTE, "2047 MiB of RAM");
}

static void another_kernel_is_named(void)
{
	static const char * const wrong[] = {
		"6.1.0-40-amd64", "6.12.117+deb12-rt-amd64", "6.12.117-custom", "7.3.4+deb13-amd64",
	};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		begin();
		be_off();
		put("/proc/sys/kernel/osrelease", wrong[i]);
		look();
		expect_line("kernel", INFO_MISSING, wrong[i]);
		expect_line("modules", INFO_MISSING, wrong[i]);
		end();
	}
}

static void what_is_to_do_to_switch_on(void)
{
	begin();
	be_off();
	look();
	expect_line("modules", INFO_MISSING, "own kvm_intel is loaded, not " OURS);
	expect_line("tdx", INFO_MISSING, "not switched on");
	expect_rest_ok("modules", "tdx", NULL);
	take_away("/sys/module/kvm_intel");
	look();
	expect_line("modules", INFO_OK, OURS);
	take_away(OURS);
	look();
	expect_line("modules", INFO_MISSING, "no kvm_intel with TDX");
	end();
	begin();
	be_off();
	put(PARAM "tdx", "N\n");
	only("tdx", INFO_MISSING, "without tdx=1");
	begin();
	put("/lib/modules/" KERNEL "/updates/kvm-tdx/kvm-intel.ko", "");
	only("copies", INFO_NOTE, "two copies");
}

/* The module is too old, for one. */
static void the_reason_in_the_log_is_shown(void)
{
	begin();
	be_off();
	put(PARAM "tdx", "N\n");
	put("/dev/kmsg", "6,1,2,-;kvm_intel: TDX is off: an old reason\n"
	    "6,2,3,-;eth0: link is up\n"
	    "3,5,9,-;kvm_intel: TDX is off: the TDX module lacks NO_RBP_MOD (feature bit 18); update it\n"
	    " SUBSYSTEM=x\n");
	only("tdx", INFO_MISSING, "lacks NO_RBP_MOD");
	begin();
	put("/dev/kmsg", "6,1,2,-;kvm_intel: TDX is off: an old reason\n6,2,3,-;kvm_intel: TDX is on\n");
	put(PARAM "tdx", "N\n");
	only("tdx", INFO_MISSING, "without tdx=1");
}

static void secure_boot_asks_for_signed_modules(void)
{
	begin();
	be_off();
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	look();
	expect_line("secure-boot", INFO_MISSING, "lockdown");
	put(OURS, "code~Module signature appended~\n");
	look();
	expect_line("secure-boot", INFO_NOTE, "are signed");
	take_away("/sys/kernel/security/lockdown");
	put("/sys/module/module/parameters/sig_enforce", "Y\n");
	put(OURS, "code");
	look();
	expect_line("secure-boot", INFO_MISSING, "sig_enforce");
	put(PARAM "tdx", "N\n");
	look();
	expect_line("secure-boot", INFO_OK, "has loaded ours");
	end();
}

static void a_parameter_stands_in_the_way(void)
{
	begin();
	put(PARAM "ept", "N\n");
	only("parameters", INFO_MISSING, "ept is off");
	begin();
	put("/sys/module/kvm/parameters/tdp_mmu", "N\n");
	only("parameters", INFO_MISSING, "tdp_mmu is off");
}

static void the_software_module_is_called_so(void)
{
	begin();
	put("/sys/module/tdx_swmod/refcnt", "1\n");
	put("/msr", MSRS("0x5", "-", "0xd0a", "-", "-"));
	look();
	expect_line("tdx", INFO_NOTE, "software module 1.5.13");
	check(strstr(line("tdx")->advice, "no confidentiality"));
	expect_line("tme", INFO_NOTE, "protects nothing");
	expect_rest_ok("tme", "keyids", "seam", "tdx", NULL);
	check(info_worst(&report) == INFO_NOTE);
	end();
}

/* What is recorded says the same as the host it is of. */
static void a_record_says_what_the_host_said(void)
{
	char text[2][8192], record[80];
	unsigned int i;
	FILE *f;

	begin();
	put("/sys/module/tdx_swmod/refcnt", "1\n");
	put("/msr", MSRS("0x5", "-", "0xd0a", "-", "0x0"));
	put(OURS, "code~Module signature appended~\n");
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	snprintf(record, sizeof(record), "%s/record", host);
	for (i = 0; i < 2; i++) {
		check(!info_open(i ? record : host, i ? NULL : record));
		info_run(&report);
		memset(text[i], 0, sizeof(text[i]));
		f = fmemopen(text[i], sizeof(text[i]), "w");
		info_print_text(f, &report);
		fclose(f);
	}
	if (strcmp(text[0], text[1])) {
		printf("# %s# %s", text[0], text[1]);
		ktap_failures++;
	}
	end();
}

static int run(const char *args)
{
	char command[400];
	int status;

	snprintf(command, sizeof(command), PROGRAM " %s >'%s/out' 2>&1", args, host);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_root(const char *args)
{
	char all[200];

	snprintf(all, sizeof(all), "%s --root '%s'", args, host);
	return run(all);
}

static void the_exit_status_is_the_verdict(void)
{
	begin();
	check(run_root("") == 0);
	take_away("/msr");
	check(run_root("") == 3);
	put(PARAM "ept", "N\n");
	check(run_root("") == 1);
	check(run("--root /nowhere") == 2);
	check(run("--json x") == 2);
	check(run("--frobnicate") == 2);
	check(run_root("--enable") == 2);
	check(run("--help") == 0);
	end();
}

/* Even with what a hostile log may hold. */
static void json_can_be_parsed(void)
{
	char command[300];

	begin();
	put(PARAM "tdx", "N\n");
	put("/dev/kmsg", "3,5,9,-;kvm_intel: TDX is off: \"a\\\x1b\xff\n");
	check(run_root("--json") == 1);
	snprintf(command, sizeof(command),
		 "python3 -c 'import json; r = json.load(open(\"%s/out\")); exit(r[\"ready\"] is not False or len(r[\"checks\"]) != 12)'",
		 host);
	check(!system(command));
	end();
}

static void fake_program(const char *name, const char *text)
{
	char path[100];

	snprintf(path, sizeof(path), "/bin/%s", name);
	put(path, text);
	snprintf(path, sizeof(path), "%s/bin/%s", host, name);
	chmod(path, 0755);
}

/* A modprobe that writes down what it is asked, and then does as @body says. */
static void fake_modprobe(const char *body)
{
	char text[800];

	snprintf(text, sizeof(text), "#!/bin/sh\ncd '%s'\necho \"$*\" >>calls\ncase \"$*\" in\n%s\nesac\n",
		 host, body);
	fake_program("modprobe", text);
}

/* With the host's programs before all others; to be freed by leave_path(). */
static char *enter_path(void)
{
	char path[300], *old = strdup(getenv("PATH"));

	snprintf(path, sizeof(path), "%s/bin:%s", host, old);
	setenv("PATH", path, 1);
	return old;
}

static void leave_path(char *old)
{
	setenv("PATH", old, 1);
	free(old);
}

/* On a host with the kernel's own kvm_intel, unless @body of modprobe matters. */
static int enable(const char *body)
{
	char *old = enter_path();
	int ret;

	fake_modprobe(body);
	check(!info_open(host, NULL));
	ret = info_enable();
	leave_path(old);
	return ret;
}

static void expect_calls(const char *want)
{
	char have[300];

	have[0] = '\0';
	check(!info_open(host, NULL));
	if (info_exists("/calls")) {
		char *text = info_read_all("/calls");

		snprintf(have, sizeof(have), "%s", text);
		free(text);
	}
	if (strcmp(have, want)) {
		printf("# calls: %s", have);
		ktap_failures++;
	}
}

#define UNLOAD	"'-r kvm_intel') rm -r sys/module/kvm_intel ;;\n'-r kvm') rm -r sys/module/kvm ;;\n"
#define LOADS(tdx) "'kvm_intel tdx=1') mkdir -p sys/module/kvm_intel/parameters; echo " tdx \
		   " >sys/module/kvm_intel/parameters/tdx ;;"

static void enable_puts_ours_in_the_place_of_the_kernels(void)
{
	begin();
	be_off();
	put("/sys/module/kvm_intel/refcnt", "0\n");
	check(enable(UNLOAD LOADS("Y")) == 0);
	expect_calls("-r kvm_intel\n-r kvm\nkvm_intel tdx=1\n");
	/* There is nothing to do the second time. */
	check(enable(UNLOAD LOADS("Y")) == 0);
	expect_calls("-r kvm_intel\n-r kvm\nkvm_intel tdx=1\n");
	end();
}

static void enable_takes_no_vm_away(void)
{
	begin();
	be_off();
	put("/sys/module/kvm_intel/refcnt", "2\n");
	check(enable(UNLOAD LOADS("Y")) == 1);
	expect_calls("");
	put("/sys/module/kvm_intel/refcnt", "0\n");
	take_away(OURS);
	check(enable(UNLOAD LOADS("Y")) == 1);
	expect_calls("");
	end();
}

static void enable_brings_kvm_back_if_ours_does_not_load(void)
{
	begin();
	be_off();
	check(enable(UNLOAD "'kvm_intel tdx=1') exit 1 ;;") == 1);
	expect_calls("-r kvm_intel\n-r kvm\nkvm_intel tdx=1\nkvm_intel tdx=0\n");
	end();
	/* Another module, an accelerator's for one, holds kvm. */
	begin();
	be_off();
	check(enable("'-r kvm_intel') rm -r sys/module/kvm_intel ;;\n'-r kvm') exit 1 ;;") == 1);
	expect_calls("-r kvm_intel\n-r kvm\nkvm_intel tdx=0\n");
	end();
}

static void enable_takes_no_kvm_away_for_modules_that_are_refused(void)
{
	begin();
	be_off();
	put("/sys/module/kvm_intel/refcnt", "0\n");
	put("/sys/module/module/parameters/sig_enforce", "Y\n");
	check(enable(UNLOAD LOADS("Y")) == 1);
	expect_calls("");
	put(OURS, "code~Module signature appended~\n");
	check(enable(UNLOAD LOADS("Y")) == 0);
	end();
}

/* dkms packs modules where the kernel's own are; the signature is inside. */
static void modinfo_is_asked_of_a_packed_module(void)
{
	char path[100], *old;

	begin();
	put("/kvm-intel.ko.xz", "packed");
	snprintf(path, sizeof(path), "%s/kvm-intel.ko.xz", host);
	old = enter_path();
	check(!info_open("", NULL));
	fake_program("modinfo", "#!/bin/sh\n[ \"$1 $2\" != '-F sig_id' ] || echo PKCS#7\n");
	check(info_is_signed(path));
	fake_program("modinfo", "#!/bin/sh\nexit 1\n");
	check(!info_is_signed(path));
	leave_path(old);
	end();
}

static void enable_says_that_tdx_stayed_off(void)
{
	begin();
	be_off();
	check(enable(UNLOAD LOADS("N")) == 1);
	end();
	/* modprobe found the kernel's own file after all. */
	begin();
	be_off();
	check(enable(UNLOAD "'kvm_intel tdx=1') mkdir sys/module/kvm_intel ;;") == 1);
	end();
}

static const struct ktap_test tests[] = {
	TEST(a_ready_host_is_ready),
	TEST(a_cpu_lacks_what_tdx_needs),
	TEST(the_firmware_left_something_off),
	TEST(the_cpu_has_no_tdx),
	TEST(without_root_it_does_not_guess),
	TEST(many_holes_are_told),
	TEST(another_kernel_is_named),
	TEST(what_is_to_do_to_switch_on),
	TEST(the_reason_in_the_log_is_shown),
	TEST(secure_boot_asks_for_signed_modules),
	TEST(a_parameter_stands_in_the_way),
	TEST(the_software_module_is_called_so),
	TEST(a_record_says_what_the_host_said),
	TEST(the_exit_status_is_the_verdict),
	TEST(json_can_be_parsed),
	TEST(enable_puts_ours_in_the_place_of_the_kernels),
	TEST(enable_takes_no_vm_away),
	TEST(enable_brings_kvm_back_if_ours_does_not_load),
	TEST(enable_takes_no_kvm_away_for_modules_that_are_refused),
	TEST(modinfo_is_asked_of_a_packed_module),
	TEST(enable_says_that_tdx_stayed_off),
};

int main(void)
{
	setlinebuf(stdout);
	return ktap_run(tests);
}
