// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_MEMORY_ENCRYPT_OP refuses what it does not understand, and each command
 * works in its own phase of a TD's life only.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
	ktap_result(buf->caps.supported_attrs == TD_ATTR_SEPT_VE_DISABLE &&
		    (buf->caps.supported_xfam & 3) == 3, "attributes and XFAM");
	for (i = 0; i < buf->caps.cpuid.nent; i++)
		flagged += buf->caps.cpuid.entries[i].flags != 0;
	ktap_result(!flagged, "entries have no flags");
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

static void get_cpuid_shows_the_tds_cpuid(void)
{
	struct {
		struct kvm_cpuid2 cpuid;
		struct kvm_cpuid_entry2 entries[256];
	} *buf = calloc(1, sizeof(*buf));
	struct td *td = td_create();
	u32 i, width = 0;

	td_split_irqchip(td);
	td_init_vm(td);
	td_add_vcpu(td);
	buf->cpuid.nent = 1;
	fails("one entry", raw_cmd(td->vcpu[0].fd, KVM_TDX_GET_CPUID, 0, buf, 0), E2BIG);
	buf->cpuid.nent = 256;
	fails("all entries", raw_cmd(td->vcpu[0].fd, KVM_TDX_GET_CPUID, 0, buf, 0), 0);
	for (i = 0; i < buf->cpuid.nent; i++) {
		if (buf->cpuid.entries[i].function == 0x80000008)
			width = buf->cpuid.entries[i].eax >> 16 & 0xff;
	}
	ktap_result(width == 48, "%u entries, guest address bits %u",
		    buf->cpuid.nent, width);
	td_destroy(td);
	free(buf);
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
	fixed_bits_of_xfam_need_not_be_set();
	vcpus_need_a_td_and_a_split_irqchip();
	finalize_needs_vcpus();
	phases_come_once_and_in_order();
	get_cpuid_shows_the_tds_cpuid();
	state_of_a_td_is_out_of_reach();
	every_phase_can_be_torn_down();
	key_ids_come_back();
	return ktap_finish();
}
