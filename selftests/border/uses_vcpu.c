// SPDX-License-Identifier: GPL-2.0-only
/* The uses of a vCPU. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "uses.h"

static int vcpu_do(struct td *td, unsigned long nr, const void *arg)
{
	return use_done(ioctl(td->vcpu[0].fd, nr, arg));
}

static int init_vcpu_again(struct td *td)
{
	return use_tdx(td->vcpu[0].fd, KVM_TDX_INIT_VCPU, NULL);
}

static int init_mem_region(struct td *td)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)use_memory(),
		.gpa = RAM_BASE, .nr_pages = 1,
	};

	return use_tdx(td->vcpu[0].fd, KVM_TDX_INIT_MEM_REGION, &region);
}

static int tdx_get_cpuid(struct td *td)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) +
					  256 * sizeof(cpuid->entries[0]));
	int err;

	cpuid->nent = 256;
	err = use_tdx(td->vcpu[0].fd, KVM_TDX_GET_CPUID, cpuid);
	free(cpuid);
	return err;
}

/* No debug TD: an unknown command. */
static int registers_of_a_debug_td(struct td *td)
{
	struct {
		struct kvm_tdx_debug_fields head;
		struct kvm_tdx_debug_field rip;
	} f = { .head.nr = 1, .rip.id = 0x002400030000681eULL };

	return use_tdx(td->vcpu[0].fd, KVM_TDX_DEBUG_GET_FIELDS, &f);
}

static int control_of_a_debug_td(struct td *td)
{
	return use_tdx(td->vcpu[0].fd, KVM_TDX_DEBUG_SET_CONTROL, NULL);
}

/* --- a vCPU --- */

static int run_that_nobody_stops(struct td *td)
{
	td->vcpu[0].run->immediate_exit = 0;
	return vcpu_do(td, KVM_RUN, NULL);
}

/* What the vCPU has, which may be set at any time. */
static int cpuid_to_itself(struct td *td)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) +
					  256 * sizeof(cpuid->entries[0]));
	int err;

	cpuid->nent = 256;
	err = vcpu_do(td, KVM_GET_CPUID2, cpuid) ?:
	      vcpu_do(td, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return err;
}

static int cpuid_of_another_kind(struct td *td)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) +
					  256 * sizeof(cpuid->entries[0]));
	int err;

	cpuid->nent = 256;
	err = use_done(ioctl(td_dev(), KVM_GET_SUPPORTED_CPUID, cpuid)) ?:
	      vcpu_do(td, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return err;
}

/* ENOENT is that it took none; @value as read and as written. */
static int msr_do(struct td *td, unsigned long nr, u32 index, u64 value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = {
		.head.nmsrs = 1,
		.entry = { .index = index, .data = value },
	};
	int n = ioctl(td->vcpu[0].fd, nr, &msrs);

	return n < 0 ? errno : n == 1 ? 0 : ENOENT;
}

static int efer_is_read(struct td *td)
{
	return msr_do(td, KVM_GET_MSRS, 0xc0000080, 0);
}

static int misc_enable_is_read(struct td *td)
{
	return msr_do(td, KVM_GET_MSRS, 0x1a0, 0);
}

static int star_is_written(struct td *td)
{
	return msr_do(td, KVM_SET_MSRS, 0xc0000081, 0);
}

static int mcg_status_is_written(struct td *td)
{
	return msr_do(td, KVM_SET_MSRS, 0x17a, 0);
}

static int registers(struct td *td)
{
	struct kvm_regs regs = { .rip = RAM_BASE, .rflags = 2 };

	return vcpu_do(td, KVM_SET_REGS, &regs);
}

static int system_registers(struct td *td)
{
	struct kvm_sregs sregs = {
		.cr0 = 0x80050033, .cr3 = RAM_BASE, .cr4 = 0x20, .efer = 0x500,
		.cs = { .limit = ~0U, .selector = 8, .type = 11, .present = 1,
			.s = 1, .l = 1, .g = 1 },
	};

	return vcpu_do(td, KVM_SET_SREGS, &sregs);
}

static int xcr0(struct td *td)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0].value = 3 };

	return vcpu_do(td, KVM_SET_XCRS, &xcrs);
}

static int debug_registers(struct td *td)
{
	struct kvm_debugregs debug = { .dr6 = 0xffff0ff0, .dr7 = 0x400 };

	return vcpu_do(td, KVM_SET_DEBUGREGS, &debug);
}

static int guest_debug(struct td *td)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};

	return vcpu_do(td, KVM_SET_GUEST_DEBUG, &debug);
}

static int mp_state_to_itself(struct td *td)
{
	struct kvm_mp_state state;

	return vcpu_do(td, KVM_GET_MP_STATE, &state) ?:
	       vcpu_do(td, KVM_SET_MP_STATE, &state);
}

static int signal_mask(struct td *td)
{
	struct {
		struct kvm_signal_mask head;
		__u64 set;
	} mask = { .head.len = 8 };

	return vcpu_do(td, KVM_SET_SIGNAL_MASK, &mask) ?:
	       vcpu_do(td, KVM_SET_SIGNAL_MASK, NULL);
}

static int interrupt_of_a_pic(struct td *td)
{
	struct kvm_interrupt interrupt = { .irq = 32 };

	return vcpu_do(td, KVM_INTERRUPT, &interrupt);
}

static int events_to_themselves(struct td *td)
{
	struct kvm_vcpu_events events;
	int err = vcpu_do(td, KVM_GET_VCPU_EVENTS, &events);

	return err ?: vcpu_do(td, KVM_SET_VCPU_EVENTS, &events);
}

static int mce_banks(struct td *td)
{
	__u64 cap = 0;

	return use_done(ioctl(td_dev(), KVM_X86_GET_MCE_CAP_SUPPORTED, &cap)) ?:
	       (cap = (cap & ~0xffULL) | 10,
		vcpu_do(td, KVM_X86_SETUP_MCE, &cap));
}

static int corrected_mce(struct td *td)
{
	struct kvm_x86_mce mce = { .status = 1ULL << 63, .bank = 1 };

	return vcpu_do(td, KVM_X86_SET_MCE, &mce);
}

static int tsc_offset(struct td *td, unsigned long nr, u64 *offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};

	return vcpu_do(td, nr, &attr);
}

static int tsc_offset_to_itself(struct td *td)
{
	u64 offset;

	return tsc_offset(td, KVM_GET_DEVICE_ATTR, &offset) ?:
	       tsc_offset(td, KVM_SET_DEVICE_ATTR, &offset);
}

static int vcpu_tsc_of_1_ghz(struct td *td)
{
	return use_done(ioctl(td->vcpu[0].fd, KVM_SET_TSC_KHZ, 1000000));
}

static int set_vapic_address(struct td *td)
{
	struct kvm_vapic_addr at = { .vapic_addr = USE_BASE }, none = {};
	int err = vcpu_do(td, KVM_SET_VAPIC_ADDR, &at);

	vcpu_do(td, KVM_SET_VAPIC_ADDR, &none);
	return err;
}

static int vapic_address(struct td *td)
{
	return use_shared(td, set_vapic_address);
}

static int pre_fault_of_private(struct td *td)
{
	return -pre_fault(td->vcpu[0].fd, RAM_BASE + RAM_SIZE - PAGE, PAGE);
}

static int pre_fault_of_nothing(struct td *td)
{
	return -pre_fault(td->vcpu[0].fd, USE_BASE, USE_SIZE);
}

static int pre_fault_of_shared(struct td *td)
{
	return use_shared(td, pre_fault_of_nothing);
}

#define USE(fn, ...)	{ #fn, fn, { [STATE_NO_INIT] = __VA_ARGS__ } }
#define IN_ALL(e)	e, e, e

const struct use vcpu_uses[] = {
	USE(run_that_nobody_stops, EINVAL, 0, ANY),
	USE(init_vcpu_again, 0, EINVAL, EINVAL),
	USE(init_mem_region, EINVAL, EINVAL, EINVAL),
	USE(tdx_get_cpuid, 0, EINVAL, EINVAL),
	USE(registers_of_a_debug_td, IN_ALL(EINVAL)),
	USE(control_of_a_debug_td, IN_ALL(EINVAL)),
	USE(cpuid_to_itself, IN_ALL(0)),
	USE(cpuid_of_another_kind, 0, EINVAL, EINVAL),
	USE(efer_is_read, IN_ALL(0)),
	USE(misc_enable_is_read, IN_ALL(0)),
	USE(star_is_written, IN_ALL(ENOENT)),
	USE(mcg_status_is_written, IN_ALL(0)),
	USE(registers, IN_ALL(EINVAL)),
	USE(system_registers, IN_ALL(EINVAL)),
	USE(xcr0, IN_ALL(EINVAL)),
	USE(debug_registers, IN_ALL(EINVAL)),
	USE(guest_debug, IN_ALL(EINVAL)),
	USE(mp_state_to_itself, IN_ALL(0)),
	USE(signal_mask, IN_ALL(0)),
	USE(interrupt_of_a_pic, IN_ALL(0)),
	USE(events_to_themselves, IN_ALL(0)),
	USE(mce_banks, IN_ALL(0)),
	USE(corrected_mce, IN_ALL(0)),
	USE(tsc_offset_to_itself, IN_ALL(0)),
	USE(vcpu_tsc_of_1_ghz, IN_ALL(EINVAL)),
	USE(vapic_address, IN_ALL(0)),
	USE(pre_fault_of_private, EOPNOTSUPP, 0, 0),
	USE(pre_fault_of_shared, EOPNOTSUPP, 0, 0),
	USE(pre_fault_of_nothing, EOPNOTSUPP, ENOENT, ENOENT),
	{ }
};
