// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_MEMORY_ENCRYPT_OP refuses what it does not understand, and each command
 * works in its own phase of a TD's life only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

static void fails(const char *what, int ret, int want)
{
	int err = ret < 0 ? errno : 0;

	if (err != want)
		ktap_note("errno is %d, not %d", err, want);
	ktap_result(err == want, "%s: %s", what, want ? strerror(want) : "succeeds");
}

static int raw_cmd(int fd, u32 id, u32 flags, const void *data, u64 hw_error)
{
	struct kvm_tdx_cmd cmd = {
		.id = id,
		.flags = flags,
		.data = (uintptr_t)data,
		.hw_error = hw_error,
	};

	return ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd);
}

static void commands_are_checked_before_anything_else(struct td *td)
{
	fails("unknown id", raw_cmd(td->fd, 99, 0, NULL, 0), EINVAL);
	fails("id of the enum's end", raw_cmd(td->fd, KVM_TDX_CMD_NR_MAX, 0, NULL, 0),
	      EINVAL);
	fails("flags", raw_cmd(td->fd, KVM_TDX_INIT_VM, 1, NULL, 0), EINVAL);
	fails("hw_error", raw_cmd(td->fd, KVM_TDX_INIT_VM, 0, NULL, 1), EINVAL);
	fails("vCPU command on the VM",
	      raw_cmd(td->fd, KVM_TDX_INIT_VCPU, 0, NULL, 0), EINVAL);
	fails("bad pointer", ioctl(td->fd, KVM_MEMORY_ENCRYPT_OP, 1), EFAULT);
	fails("bad data", raw_cmd(td->fd, KVM_TDX_INIT_VM, 0, (void *)1, 0), EFAULT);
	fails("FINALIZE before INIT", raw_cmd(td->fd, KVM_TDX_FINALIZE_VM, 0, NULL, 0),
	      EINVAL);
}

static void capabilities_say_how_many_entries(struct td *td)
{
	struct {
		struct kvm_tdx_capabilities caps;
		struct kvm_cpuid_entry2 entries[256];
	} *buf = calloc(1, sizeof(*buf));
	u32 i, flagged = 0;

	fails("no room", raw_cmd(td->fd, KVM_TDX_CAPABILITIES, 0, buf, 0), E2BIG);
	ktap_result(buf->caps.cpuid.nent > 0 && buf->caps.cpuid.nent <= 256,
		    "needs %u entries", buf->caps.cpuid.nent);
	/* A KVM that does not say how many is given plenty. */
	if (!buf->caps.cpuid.nent)
		buf->caps.cpuid.nent = 256;
	fails("room", raw_cmd(td->fd, KVM_TDX_CAPABILITIES, 0, buf, 0), 0);
	/* PKS is the module's to offer; mainline's KVM never does. */
	ktap_result((buf->caps.supported_attrs & ~TD_ATTR_PKS) == TD_ATTR_SEPT_VE_DISABLE &&
		    (buf->caps.supported_xfam & 3) == 3, "attributes and XFAM");
	for (i = 0; i < buf->caps.cpuid.nent; i++)
		flagged += buf->caps.cpuid.entries[i].flags != 0;
	ktap_result(!flagged, "entries have no flags");
	/* SetupEventNotifyInterrupt is for user space to serve, nothing else. */
	ktap_result(!buf->caps.kernel_tdvmcallinfo_1_r11 &&
		    buf->caps.user_tdvmcallinfo_1_r11 == 2 &&
		    !buf->caps.kernel_tdvmcallinfo_1_r12 &&
		    !buf->caps.user_tdvmcallinfo_1_r12,
		    "user_tdvmcallinfo_1_r11 is %llx",
		    (unsigned long long)buf->caps.user_tdvmcallinfo_1_r11);
	free(buf);
}

/* One change to a good argument, and what it is refused with. */
struct init_case {
	const char *name;
	void (*spoil)(struct kvm_tdx_init_vm *init);
	int err;
};

static void spoil_attributes(struct kvm_tdx_init_vm *init)
{
	init->attributes |= 1;
}

static void spoil_xfam_high(struct kvm_tdx_init_vm *init)
{
	init->xfam |= 1ULL << 62;
}

static void spoil_reserved(struct kvm_tdx_init_vm *init)
{
	init->reserved[11] = 1;
}

static void spoil_padding(struct kvm_tdx_init_vm *init)
{
	init->cpuid.padding = 1;
}

static void spoil_gpaw(struct kvm_tdx_init_vm *init)
{
	init->cpuid.entries[0].eax = 46 << 16 | 46;
}

static void spoil_leaf(struct kvm_tdx_init_vm *init)
{
	init->cpuid.entries[1].function = 0x12345;
	init->cpuid.nent = 2;
}

static void spoil_subleaf(struct kvm_tdx_init_vm *init)
{
	init->cpuid.entries[0].flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	init->cpuid.entries[0].index = 1;
}

static void spoil_nent(struct kvm_tdx_init_vm *init)
{
	init->cpuid.nent = 1000000;
}

static void spoil_no_cpuid(struct kvm_tdx_init_vm *init)
{
	init->cpuid.nent = 0;
}

static void init_vm_refuses(struct td *td)
{
	static const struct init_case cases[] = {
		{ "attribute DEBUG", spoil_attributes, EINVAL },
		{ "unknown XFAM", spoil_xfam_high, EINVAL },
		{ "reserved words", spoil_reserved, EINVAL },
		{ "CPUID padding", spoil_padding, EINVAL },
		{ "46 guest address bits", spoil_gpaw, EINVAL },
		{ "a leaf that is not configurable", spoil_leaf, EINVAL },
		{ "a subleaf of a leaf that has none", spoil_subleaf, EINVAL },
		{ "a million entries", spoil_nent, E2BIG },
		{ "no guest address bits", spoil_no_cpuid, EINVAL },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kvm_tdx_init_vm *init = td_init_vm_args(td);

		cases[i].spoil(init);
		fails(cases[i].name, td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, NULL),
		      cases[i].err);
		free(init);
	}
}

/* Of those that can be configured, the second subleaf of a leaf; false: none. */
static bool second_subleaf(struct td *td, struct kvm_cpuid_entry2 *e)
{
	struct {
		struct kvm_tdx_capabilities caps;
		struct kvm_cpuid_entry2 entries[256];
	} *buf = calloc(1, sizeof(*buf));
	bool found = false;
	u32 i;

	buf->caps.cpuid.nent = 256;
	raw_cmd(td->fd, KVM_TDX_CAPABILITIES, 0, buf, 0);
	for (i = 1; i < buf->caps.cpuid.nent && !found; i++) {
		e->function = buf->caps.cpuid.entries[i].function;
		e->index = buf->caps.cpuid.entries[i].index;
		found = e->index &&
			buf->caps.cpuid.entries[i - 1].function == e->function;
	}
	free(buf);
	return found;
}

static void an_entry_is_for_its_own_subleaf(void)
{
	struct td *td = td_create();
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);

	if (second_subleaf(td, &init->cpuid.entries[1])) {
		init->cpuid.nent = 2;
		fails("an entry without a significant index",
		      td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, NULL), 0);
	} else {
		ktap_skip(__func__, "no leaf with two subleaves");
	}
	free(init);
	td_destroy(td);
}

/* The module refuses this one, and says so. */
static void module_errors_come_back(struct td *td)
{
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);
	u64 hw_error = 0;

	/* AES-XTS keys for the guest: no bit of the host's. */
	init->cpuid.entries[0].ebx = ~0u;
	fails("CPUID bits that are the module's",
	      td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, &hw_error), EINVAL);
	ktap_result(hw_error == 0xC000010000000045ULL, "hw_error %llx",
		    (unsigned long long)hw_error);
	free(init);
}

/* The module knows which TSC it can run. */
static void tsc_frequency_is_the_modules_to_refuse(void)
{
	struct td *td = td_create();
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);
	u64 hw_error = 0;

	fails("a TSC of 50 MHz", ioctl(td->fd, KVM_SET_TSC_KHZ, 50000), 0);
	fails("INIT_VM with it",
	      td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, &hw_error), EINVAL);
	ktap_result(hw_error >> 32 == 0xC0000100, "hw_error %llx",
		    (unsigned long long)hw_error);
	free(init);
	td_destroy(td);
}

/* KVM adds what the module insists on, x87 and SSE in XFAM. */
static void fixed_bits_of_xfam_need_not_be_set(void)
{
	struct td *td = td_create();
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);

	init->xfam &= ~3ULL;
	fails("XFAM without x87 and SSE",
	      td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, NULL), 0);
	free(init);
	td_destroy(td);
}

static void vcpus_need_a_td_and_a_split_irqchip(void)
{
	struct td *td = td_create();

	fails("vCPU before INIT_VM", ioctl(td->fd, KVM_CREATE_VCPU, 0), EIO);
	td_init_vm(td);
	fails("vCPU without irqchip", ioctl(td->fd, KVM_CREATE_VCPU, 0), EINVAL);
	td_destroy(td);
}

/* The module refuses; a KVM may think the TD broken for it. */
static void finalize_needs_vcpus(void)
{
	struct td *td = td_create();

	td_split_irqchip(td);
	td_init_vm(td);
	fails("FINALIZE without vCPUs", td_try_cmd(td->fd, KVM_TDX_FINALIZE_VM, 0, NULL, NULL),
	      EIO);
	td_destroy(td);
}

/* A KVM that takes them has a TD that can run then. */
static void finalize_knows_no_flags(void)
{
	struct td *td = td_create();

	td_split_irqchip(td);
	td_init_vm(td);
	td_add_vcpu(td);
	td_init_vcpus(td, GUEST_HELLO);
	td_add_memory(td);
	td_load_image(td);
	fails("flags of FINALIZE",
	      raw_cmd(td->fd, KVM_TDX_FINALIZE_VM, 1, NULL, 0), EINVAL);
	td_destroy(td);
}

static void phases_come_once_and_in_order(void)
{
	struct kvm_tdx_init_vm *init;
	struct td *td = td_create();
	int vcpu, ret;

	td_split_irqchip(td);
	td_init_vm(td);
	init = td_init_vm_args(td);
	fails("second INIT_VM", td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, NULL), EINVAL);
	free(init);
	td_add_vcpu(td);
	vcpu = td->vcpu[0].fd;
	fails("VM command on a vCPU", raw_cmd(vcpu, KVM_TDX_FINALIZE_VM, 0, NULL, 0), EINVAL);
	fails("flags of GET_CPUID", raw_cmd(vcpu, KVM_TDX_GET_CPUID, 1, NULL, 0), EINVAL);
	fails("flags of INIT_VCPU", raw_cmd(vcpu, KVM_TDX_INIT_VCPU, 1, NULL, 0), EINVAL);
	fails("RUN before INIT_VCPU", ioctl(vcpu, KVM_RUN, 0), EINVAL);
	td_init_vcpus(td, GUEST_HELLO);
	fails("second INIT_VCPU", raw_cmd(vcpu, KVM_TDX_INIT_VCPU, 0, NULL, 0), EINVAL);
	fails("RUN before FINALIZE", ioctl(vcpu, KVM_RUN, 0), EINVAL);
	td_add_memory(td);
	td_load_image(td);
	td_finalize(td);
	fails("second FINALIZE", raw_cmd(td->fd, KVM_TDX_FINALIZE_VM, 0, NULL, 0), EINVAL);
	ret = raw_cmd(vcpu, KVM_TDX_GET_CPUID, 0, td, 0);
	fails("GET_CPUID of a TD that runs", ret, EINVAL);
	td_destroy(td);
}

struct cpuid_buf {
	struct kvm_cpuid2 cpuid;
	struct kvm_cpuid_entry2 entries[256];
};

static const struct kvm_cpuid_entry2 *find_cpuid(const struct cpuid_buf *buf,
						 u32 function)
{
	u32 i;

	for (i = 0; i < buf->cpuid.nent && i < 256; i++) {
		if (buf->cpuid.entries[i].function == function)
			return &buf->cpuid.entries[i];
	}
	return NULL;
}

/* Leaves end where leaf 0 and leaf 0x80000000 say. */
static bool ranges_follow_eax(const struct cpuid_buf *buf)
{
	const struct kvm_cpuid_entry2 *basic = find_cpuid(buf, 0);
	const struct kvm_cpuid_entry2 *ext = find_cpuid(buf, 0x80000000);
	u32 i;

	if (!basic || !ext)
		return false;
	for (i = 0; i < buf->cpuid.nent; i++) {
		u32 function = buf->cpuid.entries[i].function;

		if (function > (function >> 31 ? ext->eax : basic->eax))
			return false;
	}
	return true;
}

static void get_cpuid_shows_the_tds_cpuid(void)
{
	struct cpuid_buf *buf = calloc(1, sizeof(*buf));
	const struct kvm_cpuid_entry2 *width;
	struct td *td = td_create();
	u32 needed;

	td_split_irqchip(td);
	td_init_vm(td);
	td_add_vcpu(td);
	buf->cpuid.nent = 1;
	fails("one entry", raw_cmd(td->vcpu[0].fd, KVM_TDX_GET_CPUID, 0, buf, 0), E2BIG);
	needed = buf->cpuid.nent;
	buf->cpuid.nent = 256;
	fails("all entries", raw_cmd(td->vcpu[0].fd, KVM_TDX_GET_CPUID, 0, buf, 0), 0);
	ktap_result(needed == buf->cpuid.nent, "E2BIG says that %u are needed", needed);
	width = find_cpuid(buf, 0x80000008);
	ktap_result(width && (width->eax >> 16 & 0xff) == 48,
		    "%u entries, guest address bits 48", buf->cpuid.nent);
	ktap_result(ranges_follow_eax(buf), "no leaf above leaf 0's EAX");
	buf->cpuid.nent = ~0u;
	fails("room for more entries than there are",
	      raw_cmd(td->vcpu[0].fd, KVM_TDX_GET_CPUID, 0, buf, 0), 0);
	ktap_result(buf->cpuid.nent == needed, "%u of them", buf->cpuid.nent);
	buf->cpuid.nent = needed - 1;
	fails("one too few", raw_cmd(td->vcpu[0].fd, KVM_TDX_GET_CPUID, 0, buf, 0), E2BIG);
	td_destroy(td);
	free(buf);
}

/* --- base KVM's calls that mean something else for a TD --- */

/* The module runs the TSC, and its frequency was fixed by INIT_VM. */
static void tsc_frequency_is_fixed_with_the_first_vcpu(void)
{
	u64 before = 0, after = 0, offset = 0x123456789;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
	};
	struct td *td = td_create();
	/* As the module counts it: in units of 25 MHz. */
	int khz = ioctl(td->fd, KVM_GET_TSC_KHZ, 0) / 25000 * 25000;
	int vcpu;

	td_split_irqchip(td);
	fails("SET_TSC_KHZ of the VM", ioctl(td->fd, KVM_SET_TSC_KHZ, khz), 0);
	td_init_vm(td);
	td_add_vcpu(td);
	vcpu = td->vcpu[0].fd;
	fails("SET_TSC_KHZ of the VM with vCPUs",
	      ioctl(td->fd, KVM_SET_TSC_KHZ, khz - 25000), EINVAL);
	fails("SET_TSC_KHZ of a vCPU", ioctl(vcpu, KVM_SET_TSC_KHZ, khz - 25000), EINVAL);
	ktap_result(ioctl(td->fd, KVM_GET_TSC_KHZ, 0) == khz &&
		    ioctl(vcpu, KVM_GET_TSC_KHZ, 0) == khz,
		    "both stay as they were");
	attr.addr = (uintptr_t)&before;
	fails("the TSC's offset", ioctl(vcpu, KVM_GET_DEVICE_ATTR, &attr), 0);
	attr.addr = (uintptr_t)&offset;
	fails("to set it", ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr), 0);
	attr.addr = (uintptr_t)&after;
	ktap_result(!ioctl(vcpu, KVM_GET_DEVICE_ATTR, &attr) && before == after,
		    "changes nothing");
	td_destroy(td);
}

/* Whatever the VM is told between KVM_TDX_INIT_VM and the first vCPU. */
static void vcpus_have_the_tds_tsc_frequency(void)
{
	struct td *td = td_create();
	int khz = ioctl(td->fd, KVM_GET_TSC_KHZ, 0) / 25000 * 25000;

	td_split_irqchip(td);
	fails("SET_TSC_KHZ before INIT_VM", ioctl(td->fd, KVM_SET_TSC_KHZ, khz), 0);
	td_init_vm(td);
	fails("and after it", ioctl(td->fd, KVM_SET_TSC_KHZ, khz - 25000), 0);
	td_add_vcpu(td);
	ktap_result(ioctl(td->vcpu[0].fd, KVM_GET_TSC_KHZ, 0) == khz,
		    "a vCPU has the TD's TSC frequency");
	td_destroy(td);
}

static void a_whole_irqchip_is_refused_and_a_split_one_works(void)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct td *td = td_create();

	fails("CREATE_IRQCHIP", ioctl(td->fd, KVM_CREATE_IRQCHIP, 0), ENOTTY);
	fails("split irqchip after that", ioctl(td->fd, KVM_ENABLE_CAP, &split), 0);
	fails("CREATE_IRQCHIP then", ioctl(td->fd, KVM_CREATE_IRQCHIP, 0), EEXIST);
	td_init_vm(td);
	td_add_vcpu(td);
	ktap_result(td->nr_vcpus == 1, "a vCPU can be created");
	td_destroy(td);
}

static void there_is_no_smm(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);

	fails("KVM_SMI", ioctl(td->vcpu[0].fd, KVM_SMI, 0), ENOTTY);
	ktap_result(!ioctl(td->fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM),
		    "KVM_CAP_X86_SMM is 0");
	ktap_result(!ioctl(td->fd, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM),
		    "KVM_CAP_READONLY_MEM is 0");
	ktap_result(!ioctl(td->fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS),
		    "KVM_CAP_SYNC_REGS is 0");
	td_destroy(td);
}

/* --- MSRs, as the VMM reads and writes them --- */

static int get_msr(int vcpu, u32 index, u64 *data)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { { .nmsrs = 1 }, { .index = index } };
	int ret = ioctl(vcpu, KVM_GET_MSRS, &msrs);

	*data = msrs.entry.data;
	return ret;
}

static int set_msr(int vcpu, u32 index, u64 data)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { { .nmsrs = 1 }, { .index = index, .data = data } };

	return ioctl(vcpu, KVM_SET_MSRS, &msrs);
}

/* How many of one MSR the VMM can read; write, and with which value. */
struct msr_case {
	const char *name;
	u32 index;
	int reads, writes;
	u64 value;
};

static const struct msr_case msr_cases[] = {
	{ "POWER_CTL", 0x1fc, 1, 1, 2 },
	{ "MISC_ENABLE", 0x1a0, 1, 1, 1 },
	{ "ARCH_CAPABILITIES", 0x10a, 1, 1, 0 },
	{ "PAT", 0x277, 1, 1, 0x0007040600070406 },
	{ "MTRRdefType", 0x2ff, 1, 1, 0x806 },
	{ "MCG_STATUS", 0x17a, 1, 1, 4 },
	{ "TSC_DEADLINE", 0x6e0, 1, 1, 0 },
	/* They are read, and nobody can write them. */
	{ "EFER", 0xc0000080, 1, 0, 0xd01 },
	{ "FEAT_CTL", 0x3a, 1, 0, 1 },
	{ "APICBASE", 0x1b, 1, 0, 0xfee00d00 },
	/* They are the module's. */
	{ "TSC", 0x10, 0, 0, 0 },
	{ "TSC_ADJUST", 0x3b, 0, 0, 0 },
	{ "XSS", 0xda0, 0, 0, 0 },
	{ "LSTAR", 0xc0000082, 0, 0, 0 },
	{ "SYSENTER_EIP", 0x176, 0, 0, 0 },
	{ "SPEC_CTRL", 0x48, 0, 0, 0 },
	{ "KVM's clock", 0x4b564d01, 0, 0, 0 },
	{ "x2APIC's TPR", 0x808, 0, 0, 0 },
	{ "x2APIC's EOI", 0x80b, 0, 0, 0 },
	{ "nobody's", 0x12345678, 0, 0, 0 },
};

static void msrs_are_read_and_written_as_mainline_does(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	int vcpu = td->vcpu[0].fd;
	unsigned int i;
	u64 data;

	for (i = 0; i < sizeof(msr_cases) / sizeof(*msr_cases); i++) {
		const struct msr_case *c = &msr_cases[i];
		int writes = set_msr(vcpu, c->index, c->value);
		int reads = get_msr(vcpu, c->index, &data);

		ktap_result(writes == c->writes && reads == c->reads &&
			    (!reads || data == c->value),
			    "MSR %s: %d written, %d read, %llx", c->name, writes,
			    reads, (unsigned long long)data);
	}
	td_destroy(td);
}

#define MCG_LMCE_P		(1ULL << 27)
#define FEAT_CTL_LMCE		(1ULL << 20)
#define KVM_MCG_EXT_CTL		0x4d0

static void local_machine_checks_are_what_the_vmm_sets_up(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	int vcpu = td->vcpu[0].fd;
	u64 cap = 0, data = 0;

	if (ioctl(td_dev(), KVM_X86_GET_MCE_CAP_SUPPORTED, &cap) ||
	    !(cap & MCG_LMCE_P)) {
		ktap_skip(__func__, "KVM has no LMCE");
		td_destroy(td);
		return;
	}
	cap = MCG_LMCE_P | 1 << 8 | 10;
	fails("SETUP_MCE with LMCE", ioctl(vcpu, KVM_X86_SETUP_MCE, &cap), 0);
	ktap_result(get_msr(vcpu, 0x3a, &data) == 1 && data == (FEAT_CTL_LMCE | 1),
		    "FEAT_CTL says LMCE (%llx)", (unsigned long long)data);
	ktap_result(set_msr(vcpu, KVM_MCG_EXT_CTL, 1) == 1 &&
		    get_msr(vcpu, KVM_MCG_EXT_CTL, &data) == 1 && data == 1,
		    "MCG_EXT_CTL keeps LMCE_EN");
	ktap_result(!set_msr(vcpu, KVM_MCG_EXT_CTL, 2), "and nothing else");
	td_destroy(td);
}

/* What KVM cannot know or do for a TD. */
static void state_of_a_td_is_out_of_reach(void)
{
	struct td *td = td_ready(1, GUEST_HELLO);
	int vcpu = td->vcpu[0].fd;
	char buf[4096] = {};

	fails("GET_REGS", ioctl(vcpu, KVM_GET_REGS, buf), EINVAL);
	fails("SET_REGS", ioctl(vcpu, KVM_SET_REGS, buf), EINVAL);
	fails("GET_SREGS", ioctl(vcpu, KVM_GET_SREGS, buf), EINVAL);
	fails("SET_SREGS", ioctl(vcpu, KVM_SET_SREGS, buf), EINVAL);
	fails("GET_DEBUGREGS", ioctl(vcpu, KVM_GET_DEBUGREGS, buf), EINVAL);
	fails("SET_GUEST_DEBUG", ioctl(vcpu, KVM_SET_GUEST_DEBUG, buf), EINVAL);
	fails("GET_FPU", ioctl(vcpu, KVM_GET_FPU, buf), EINVAL);
	fails("GET_XSAVE", ioctl(vcpu, KVM_GET_XSAVE, buf), EINVAL);
	fails("GET_LAPIC", ioctl(vcpu, KVM_GET_LAPIC, buf), EINVAL);
	fails("SET_TSS_ADDR", ioctl(td->fd, KVM_SET_TSS_ADDR, 0xfffbd000), 0);
	/* Injections that no TD can take are dropped, not obeyed. */
	{
		struct kvm_vcpu_events ev = { .exception = { .injected = 1, .nr = 13 } };
		struct kvm_interrupt irq = { .irq = 0x50 };

		fails("SET_VCPU_EVENTS", ioctl(vcpu, KVM_SET_VCPU_EVENTS, &ev), 0);
		fails("INTERRUPT", ioctl(vcpu, KVM_INTERRUPT, &irq), 0);
	}
	fails("RUN after all that", ioctl(vcpu, KVM_RUN, 0), 0);
	ktap_result(td->vcpu[0].run->exit_reason == KVM_EXIT_IO, "the guest runs");
	td_destroy(td);
}

/* Teardown at each phase, with the file descriptors in either order. */
static void every_phase_can_be_torn_down(void)
{
	unsigned int phase, i;
	struct td *td;

	for (phase = 0; phase < 7; phase++) {
		td = td_create();
		if (phase > 0)
			td_split_irqchip(td);
		if (phase > 1)
			td_init_vm(td);
		for (i = 0; phase > 2 && i < td_max_vcpus(td); i++)
			td_add_vcpu(td);
		if (phase > 3)
			td_add_memory(td);
		if (phase > 4)
			td_init_vcpus(td, GUEST_HELLO);
		if (phase > 5)
			td_load_image(td);
		td_destroy(td);
	}
	ktap_result(true, "every phase can be torn down");
}

/* More TDs one after the other than there are KeyIDs. */
static void key_ids_come_back(void)
{
	unsigned int i;

	for (i = 0; i < 40; i++) {
		struct td *td = td_create();

		td_init_vm(td);
		td_destroy(td);
	}
	ktap_result(true, "40 TDs");
}

static int try_init(struct td *td)
{
	struct kvm_tdx_init_vm *init = td_init_vm_args(td);
	int ret = td_try_cmd(td->fd, KVM_TDX_INIT_VM, 0, init, NULL);
	int err = errno;

	free(init);
	errno = err;
	return ret;
}

static int read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	int n = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &n) != 1)
		n = -1;
	fclose(file);
	return n;
}

#define CPU(n)		"/sys/devices/system/cpu/cpu" #n
#define PACKAGE		"/topology/physical_package_id"

/* A TD's key has to be on all packages; and no TD, no CPU that has to stay. */
static void every_package_needs_a_cpu(void)
{
	int first = read_number(CPU(0) PACKAGE), second = read_number(CPU(1) PACKAGE);
	struct td *td;

	if (first < 0 || second < 0 || first == second) {
		ktap_skip(__func__, "one package");
		return;
	}
	ktap_result(write_file(CPU(1) "/online", "0"), "a package goes offline");
	td = td_create();
	fails("INIT_VM", try_init(td), EIO);
	ktap_result(write_file(CPU(1) "/online", "1"), "and online");
	fails("INIT_VM then", try_init(td), 0);
	ktap_result(!write_file(CPU(1) "/online", "0"), "it stays for the TD");
	td_destroy(td);
}

#define KEYIDS_PER_USER	"/sys/module/kvm_intel/parameters/tdx_keyids_per_user"

/* Another user's TD, from beginning to end: 0, or the errno of INIT_VM. */
static int init_as_another_user(void)
{
	pid_t pid;
	int status;

	td_dev();
	pid = fork();
	if (!pid) {
		if (setuid(1000))
			_exit(255);
		_exit(try_init(td_create()) ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void one_user_has_no_more_keyids_than_allowed(void)
{
	struct td *td[3] = { td_create(), td_create(), td_create() };
	int err;

	/* Only these modules have a version. */
	if (access("/sys/module/kvm_intel/version", F_OK)) {
		ktap_skip(__func__, "mainline has the misc cgroup");
		goto out;
	}
	ktap_result(write_file(KEYIDS_PER_USER, "2"), "two KeyIDs for each user");
	fails("the first TD", try_init(td[0]), 0);
	fails("the second one", try_init(td[1]), 0);
	fails("the third", try_init(td[2]), EBUSY);
	err = init_as_another_user();
	ktap_result(!err, "another user's (%d)", err);
	td_destroy(td[1]);
	td[1] = td_create();
	fails("the third, once the second is gone", try_init(td[2]), 0);
	fails("the second's successor", try_init(td[1]), EBUSY);
	ktap_result(write_file(KEYIDS_PER_USER, "0"), "no limit");
	fails("the second's successor without a limit", try_init(td[1]), 0);
out:
	td_destroy(td[0]);
	td_destroy(td[1]);
	td_destroy(td[2]);
}

/* KVM sets some MSRs itself, and would write guest memory in place of those. */
static void xens_hypercall_page_takes_no_real_msr(void)
{
	struct kvm_xen_hvm_config xen = { .msr = 0xda0 };
	struct td *td;
	int vm;

	if (ioctl(td_dev(), KVM_CHECK_EXTENSION, KVM_CAP_XEN_HVM) <= 0) {
		ktap_skip(__func__, "a kernel without KVM_XEN");
		return;
	}
	td = td_create();
	vm = ioctl(td_dev(), KVM_CREATE_VM, 0);
	fails("IA32_XSS for Xen's page in a TD",
	      ioctl(td->fd, KVM_XEN_HVM_CONFIG, &xen), EINVAL);
	fails("IA32_XSS for Xen's page in a VM",
	      ioctl(vm, KVM_XEN_HVM_CONFIG, &xen), EINVAL);
	xen.msr = 0x40000200;
	fails("an MSR that no CPU has for it",
	      ioctl(vm, KVM_XEN_HVM_CONFIG, &xen), 0);
	close(vm);
	td_destroy(td);
}

int main(void)
{
	const char *why = td_unavailable();
	struct td *td;

	if (why)
		ktap_skip_all(why);
	ktap_start();
	td = td_create();
	commands_are_checked_before_anything_else(td);
	capabilities_say_how_many_entries(td);
	init_vm_refuses(td);
	module_errors_come_back(td);
	/* All those failures left nothing behind. */
	td_init_vm(td);
	td_destroy(td);
	an_entry_is_for_its_own_subleaf();
	tsc_frequency_is_the_modules_to_refuse();
	fixed_bits_of_xfam_need_not_be_set();
	vcpus_need_a_td_and_a_split_irqchip();
	finalize_needs_vcpus();
	finalize_knows_no_flags();
	phases_come_once_and_in_order();
	get_cpuid_shows_the_tds_cpuid();
	tsc_frequency_is_fixed_with_the_first_vcpu();
	vcpus_have_the_tds_tsc_frequency();
	a_whole_irqchip_is_refused_and_a_split_one_works();
	there_is_no_smm();
	msrs_are_read_and_written_as_mainline_does();
	local_machine_checks_are_what_the_vmm_sets_up();
	state_of_a_td_is_out_of_reach();
	every_phase_can_be_torn_down();
	key_ids_come_back();
	every_package_needs_a_cpu();
	one_user_has_no_more_keyids_than_allowed();
	xens_hypercall_page_takes_no_real_msr();
	return ktap_finish();
}
