// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug TDs: KVM_TDX_DEBUG_*, for TDs with the attribute alone, and what a VMM that
 * means ill can do with them.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/ktap.h"
#include "td.h"

#define LEAVES		"/sys/kernel/debug/tdx_swmod/leaves"

#define BP_VECTOR	3
#define DB_VECTOR	1
#define GP_VECTOR	13
#define INT3		0xcc
/* Of debug_spot() in guest_start.S: NOP, then two LEAs. */
#define NOP_SIZE	1
#define LEA_SIZE	4

#define GPR(n)		(0x1020000300000000ULL + (n))
#define VMCS16(n)	(0x0024000100000000ULL + (n))
#define VMCS32(n)	(0x0024000200000000ULL + (n))
#define VMCS64(n)	(0x0024000300000000ULL + (n))
#define RAX		GPR(0)
#define RDI		GPR(7)
#define RSP		VMCS64(0x681c)
#define RIP		VMCS64(0x681e)
#define RFLAGS		VMCS64(0x6820)
#define CR3		VMCS64(0x6802)

#define NOT_PRESENT	0xC0000B03U
#define OPERAND_BUSY	0x80000200U

static void allow(bool yes)
{
	if (!write_file(TDX_DEBUG_TDS, yes ? "1" : "0"))
		ktap_note("cannot write " TDX_DEBUG_TDS);
}

/* --- a TD --- */

static struct td *debug_td(unsigned int nr_vcpus, enum guest_test test)
{
	allow(true);
	return td_ready_as(nr_vcpus, test, KVM_TDX_ATTR_DEBUG, 0);
}

/* One call: the errno, and the module's status. */
static int cmd(int fd, u32 id, u32 flags, const void *data, u64 *hw_error)
{
	return td_try_cmd(fd, id, flags, data, hw_error) ? errno : 0;
}

struct fields {
	struct kvm_tdx_debug_fields head;
	struct kvm_tdx_debug_field field[KVM_TDX_DEBUG_MAX_FIELDS];
};

static int fields(struct td *td, bool write, struct fields *f)
{
	return cmd(td->vcpu[0].fd, write ? KVM_TDX_DEBUG_SET_FIELDS :
		   KVM_TDX_DEBUG_GET_FIELDS, 0, f, NULL);
}

static int set(struct td *td, u64 id, u64 value)
{
	struct fields f = { .head.nr = 1, .field[0] = { id, value } };

	return fields(td, true, &f);
}

/* A register that can be read. */
static u64 get(struct td *td, u64 id)
{
	struct fields f = { .head.nr = 1, .field[0].id = id };

	return fields(td, false, &f) ? ~0ULL : f.field[0].value;
}

static int control(struct td *td, u32 flags, u64 exceptions)
{
	return cmd(td->vcpu[0].fd, KVM_TDX_DEBUG_SET_CONTROL, flags,
		   (void *)(uintptr_t)exceptions, NULL);
}

static int memory(struct td *td, bool write, struct kvm_tdx_debug_memory *mem,
		  u64 *hw_error)
{
	return cmd(td->fd, write ? KVM_TDX_DEBUG_WRITE_MEMORY :
		   KVM_TDX_DEBUG_READ_MEMORY, 0, mem, hw_error);
}

static int access_memory(struct td *td, bool write, u64 gpa, void *data, u64 size)
{
	struct kvm_tdx_debug_memory mem = { gpa, size, (uintptr_t)data };

	return memory(td, write, &mem, NULL);
}

/* One byte at @gpa; returns what was there, or -1. */
static int replace_byte(struct td *td, u64 gpa, u8 byte)
{
	u8 words[8], old;

	if (access_memory(td, false, gpa & ~7ULL, words, 8))
		return -1;
	old = words[gpa & 7];
	words[gpa & 7] = byte;
	return access_memory(td, true, gpa & ~7ULL, words, 8) ? -1 : old;
}

/* Run until something else than a signal ends it; the exit's reason, or -1. */
static int run(struct td *td)
{
	int ret;

	do
		ret = ioctl(td->vcpu[0].fd, KVM_RUN, 0);
	while (ret && errno == EINTR);
	return ret ? -1 : (int)td->vcpu[0].run->exit_reason;
}

/* The next value that the guest reports, without an answer to wait for. */
static u64 reported(struct td *td)
{
	struct kvm_run *r = td->vcpu[0].run;
	u32 half[2] = { 0, 0 };
	int i;

	for (i = 0; i < 2; i++) {
		if (run(td) != KVM_EXIT_IO || r->io.port != PORT_VALUE)
			return ~0ULL;
		memcpy(&half[i], (u8 *)r + r->io.data_offset, 4);
	}
	return half[0] | (u64)half[1] << 32;
}

static bool stopped_at(struct td *td, u32 exception, u64 pc)
{
	struct kvm_run *r = td->vcpu[0].run;
	int reason = run(td);

	if (reason == KVM_EXIT_DEBUG && r->debug.arch.exception == exception &&
	    r->debug.arch.pc == pc && get(td, RIP) == pc)
		return true;
	ktap_note("exit %d, exception %u at %llx, not %llx", reason,
		  r->debug.arch.exception, (unsigned long long)r->debug.arch.pc,
		  (unsigned long long)pc);
	return false;
}

/* How many calls of the leaves that these commands make. */
static unsigned long seamcalls(void)
{
	unsigned long sum = 0, n;
	char line[256], name[64], status[64];
	FILE *f = fopen(LEAVES, "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %63s %lu", name, status, &n) == 3 &&
		    (!strcmp(name, "TDH.VP.RD") || !strcmp(name, "TDH.VP.WR") ||
		     !strcmp(name, "TDH.MEM.RD") || !strcmp(name, "TDH.MEM.WR")))
			sum += n;
	}
	if (f)
		fclose(f);
	return sum;
}

/* --- who may --- */

static void the_attribute_needs_the_parameter(void)
{
	struct td *td = td_create();
	struct {
		struct kvm_tdx_capabilities caps;
		struct kvm_cpuid_entry2 entries[256];
	} *buf = calloc(1, sizeof(*buf));
	int err;

	allow(false);
	buf->caps.cpuid.nent = 256;
	cmd(td->fd, KVM_TDX_CAPABILITIES, 0, buf, NULL);
	ktap_result((buf->caps.supported_attrs & ~TD_ATTR_PKS) == TD_ATTR_SEPT_VE_DISABLE,
		    "without the parameter the attribute is not offered");
	err = td_try_init_vm(td, KVM_TDX_ATTR_DEBUG, 0);
	ktap_result(err == EINVAL, "nor accepted");

	allow(true);
	buf->caps.cpuid.nent = 256;
	cmd(td->fd, KVM_TDX_CAPABILITIES, 0, buf, NULL);
	ktap_result((buf->caps.supported_attrs & ~TD_ATTR_PKS) ==
		    (TD_ATTR_SEPT_VE_DISABLE | KVM_TDX_ATTR_DEBUG),
		    "with it the attribute is offered");
	err = td_try_init_vm(td, KVM_TDX_ATTR_DEBUG, 0);
	ktap_result(!err, "and accepted");
	free(buf);
	td_destroy(td);
}

/* With and without the parameter; the errno of an unknown command. */
static void a_production_td_has_no_such_command(void)
{
	struct td *td = td_ready(1, GUEST_DEBUG);
	struct fields f = { .head.nr = 1, .field[0].id = RIP };
	struct kvm_tdx_debug_memory mem = { IMAGE_BASE, 8, (uintptr_t)&f };
	unsigned long before = seamcalls();
	bool ok = true;
	u32 id;
	int i;

	for (i = 0; i < 2; i++) {
		allow(i);
		for (id = KVM_TDX_DEBUG_CMD; id < KVM_TDX_DEBUG_CMD + 8; id++) {
			ok &= cmd(td->vcpu[0].fd, id, 0, &f, NULL) == EINVAL;
			ok &= cmd(td->vcpu[0].fd, id, 0, NULL, NULL) == EINVAL;
			ok &= cmd(td->fd, id, 0, &mem, NULL) == EINVAL;
		}
	}
	ktap_result(ok && seamcalls() == before, "%s", __func__);
	ktap_result(reported(td) && reported(td) == 0x103, "and runs as ever");
	td_destroy(td);
}

/* --- what it is for --- */

static void a_breakpoint_stops_and_a_step_is_one_instruction(void)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	u64 spot = reported(td);
	int old = replace_byte(td, spot, INT3);

	ktap_result(old == 0x90 && replace_byte(td, spot, INT3) == INT3,
		    "memory is written, and read back");
	ktap_result(!control(td, 0, 1 << BP_VECTOR) &&
		    stopped_at(td, BP_VECTOR, spot), "INT3 stops the vCPU");
	ktap_result(get(td, RDI) == 0x100 && get(td, RSP) > IMAGE_BASE &&
		    get(td, CR3) == IMAGE_BASE, "its registers can be read");

	ktap_result(replace_byte(td, spot, old) == INT3 && !set(td, RDI, 0x200) &&
		    !control(td, KVM_TDX_DEBUG_SINGLE_STEP, 0) &&
		    stopped_at(td, DB_VECTOR, spot + NOP_SIZE),
		    "a step is one instruction");
	ktap_result(stopped_at(td, DB_VECTOR, spot + NOP_SIZE + LEA_SIZE) &&
		    get(td, RAX) == 0x201, "so is the next");
	ktap_result(!set(td, RAX, 0x300) && !control(td, 0, 0) &&
		    reported(td) == 0x302, "a register that was set counts");
	ktap_result(reported(td) == 0x103, "nothing is left of the breakpoint");
	td_destroy(td);
}

/* At the reset vector, before any instruction of the guest's. */
static void the_first_instruction_can_be_stepped(void)
{
	struct td *td = debug_td(1, GUEST_HELLO);
	bool ok = get(td, RIP) == 0xfffffff0 &&
		  !control(td, KVM_TDX_DEBUG_SINGLE_STEP, 0);
	u64 pc = 0;

	ok = ok && run(td) == KVM_EXIT_DEBUG;
	pc = get(td, RIP);
	ok = ok && pc != 0xfffffff0 && (pc & ~0xffffULL) == IMAGE_BASE;
	ktap_result(ok && !control(td, 0, 0) && reported(td) == 0x600d, "%s",
		    __func__);
	td_destroy(td);
}

/* The guest's handler never sees it, and the same instruction comes again. */
static void an_exception_stops_as_long_as_it_is_asked_for(void)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	struct kvm_run *r = td->vcpu[0].run;
	u64 spot = reported(td);
	bool ok = true;
	int i;

	/* MOV of EDI, 0x100, to SS: a selector beyond the GDT. */
	replace_byte(td, spot, 0x8e);
	replace_byte(td, spot + 1, 0xd7);
	control(td, 0, 1 << GP_VECTOR);
	for (i = 0; i < 2; i++)
		ok &= run(td) == KVM_EXIT_EXCEPTION &&
		      r->ex.exception == GP_VECTOR && get(td, RIP) == spot;
	ktap_result(ok, "%s", __func__);
	/* NOP, and the first LEA's REX prefix, are back. */
	replace_byte(td, spot, 0x90);
	replace_byte(td, spot + 1, 0x48);
	ktap_result(!control(td, 0, 0) && reported(td) == 0x103,
		    "the guest goes on where it was");
	td_destroy(td);
}

/* --- what it is not for --- */

/* What debug.c lists: the encodings of VMCS fields that can be read. */
static bool may_read(u64 id)
{
	static const u32 natural[] = {
		0x6004, 0x6006, 0x6800, 0x6802, 0x6804, 0x6806, 0x6808, 0x680a,
		0x680c, 0x680e, 0x6810, 0x6812, 0x6814, 0x6816, 0x6818, 0x681a,
		0x681c, 0x681e, 0x6820, 0x6822, 0x6824, 0x6826, 0x2804, 0x2806,
	};
	u32 field = id & 0xffff, i;

	if (id == VMCS16(field))
		return field >= 0x800 && field <= 0x80e && !(field & 1);
	if (id == VMCS32(field))
		return field >= 0x4800 && field <= 0x4824 && !(field & 1);
	if (id == VMCS32(0x482a))
		return true;
	for (i = 0; i < sizeof(natural) / sizeof(*natural); i++) {
		if (id == VMCS64(natural[i]))
			return true;
	}
	return false;
}

static bool may_write(u64 id)
{
	return id == RSP || id == RIP || id == RFLAGS;
}

/* 482A is SYSENTER_CS, which comes after what is one run. */
static bool vmcs_field_is_as_listed(struct td *td, u64 id)
{
	struct fields f = { .head.nr = 1, .field[0].id = id };
	bool can_read = may_read(id) || id == VMCS32(0x482a);
	int err = fields(td, false, &f);

	if (err != (can_read ? 0 : EINVAL)) {
		ktap_note("reading %llx: %d", (unsigned long long)id, err);
		return false;
	}
	if (may_write(id))
		return true;
	err = fields(td, true, &f);
	if (err == EINVAL)
		return true;
	ktap_note("writing %llx: %d", (unsigned long long)id, err);
	return false;
}

static void only_listed_fields_of_the_vmcs_are_there(void)
{
	/* First and last of each kind. */
	static const u32 kinds[][2] = {
		{ 0x0000, 0x0010 }, { 0x0800, 0x0818 }, { 0x0c00, 0x0c10 },
		{ 0x2000, 0x2044 }, { 0x2400, 0x2402 }, { 0x2800, 0x281a },
		{ 0x2c00, 0x2c06 }, { 0x4000, 0x4026 }, { 0x4400, 0x440e },
		{ 0x4800, 0x4830 }, { 0x4c00, 0x4c02 }, { 0x6000, 0x600e },
		{ 0x6400, 0x640a }, { 0x6800, 0x682e }, { 0x6c00, 0x6c1a },
	};
	struct td *td = debug_td(1, GUEST_DEBUG);
	bool ok = true;
	u32 i, field;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		for (field = kinds[i][0]; field <= kinds[i][1]; field++) {
			ok &= vmcs_field_is_as_listed(td, VMCS16(field));
			ok &= vmcs_field_is_as_listed(td, VMCS32(field));
			ok &= vmcs_field_is_as_listed(td, VMCS64(field));
		}
	}
	ktap_result(ok, "%s", __func__);
	ktap_result(reported(td) && reported(td) == 0x103, "the TD is none the worse");
	td_destroy(td);
}

static void other_fields_are_refused_without_a_seamcall(void)
{
	static const u64 ids[] = {
		0,				/* of VMX, without a size */
		RIP & ~(3ULL << 32),		/* a good one, with another size */
		RIP | 1ULL << 63, RIP | 1ULL << 24,
		GPR(4), GPR(16),
		0x0120000300000000ULL,		/* virtual APIC page */
		0x0220000200000000ULL,		/* #VE information */
		0x1120000300000004ULL,		/* beyond DR3 */
		0x1220000300000000ULL,		/* XSAVE buffer */
		0x13200003000001A0ULL,		/* MISC_ENABLE */
		0xA020000000000000ULL,		/* the vCPU's state */
		0xA020000300000010ULL,		/* addresses of its pages */
		0x202000000000000BULL,		/* PEND_NMI */
		0xA220000300000200ULL,		/* list of zero-step mitigation */
		0x9120000300000100ULL,		/* VCPU_STATE_DETAILS */
		~0ULL,
	};
	struct td *td = debug_td(1, GUEST_DEBUG);
	unsigned long before = seamcalls();
	bool ok = true;
	u32 i;

	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		struct fields f = {
			.head.nr = 2, .field = { { RDI, 0x55 }, { ids[i], 0 } },
		};

		/* The first could be done. */
		ok &= fields(td, false, &f) == EINVAL;
		ok &= fields(td, true, &f) == EINVAL;
	}
	/* Reserved bits, VM, and bit 1, which is always set. */
	ok &= set(td, RFLAGS, 0) == EINVAL;
	ok &= set(td, RFLAGS, 2 | 1 << 17) == EINVAL;
	ok &= set(td, RFLAGS, 2 | 1ULL << 40) == EINVAL;
	ok &= set(td, RFLAGS, 2 | 1 << 3) == EINVAL;
	ktap_result(ok && seamcalls() == before, "%s", __func__);
	ktap_result(get(td, RDI) != 0x55, "of a list with a bad one none is written");
	td_destroy(td);
}

static void bad_arguments_of_a_vcpu_are_refused(void)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	int vcpu = td->vcpu[0].fd;
	struct fields f = { .head.nr = 1, .field[0].id = RIP };
	struct kvm_tdx_cmd c = {
		.id = KVM_TDX_DEBUG_GET_FIELDS, .data = (uintptr_t)&f, .hw_error = 1,
	};
	bool ok;

	ok = cmd(vcpu, KVM_TDX_DEBUG_GET_FIELDS, 1, &f, NULL) == EINVAL;
	ok &= ioctl(vcpu, KVM_MEMORY_ENCRYPT_OP, &c) && errno == EINVAL;
	ok &= cmd(vcpu, KVM_TDX_DEBUG_GET_FIELDS, 0, NULL, NULL) == EFAULT;
	ok &= cmd(vcpu, KVM_TDX_DEBUG_CMD + 5, 0, &f, NULL) == EINVAL;
	ok &= cmd(vcpu, ~0U, 0, &f, NULL) == EINVAL;
	/* Of the other descriptor. */
	ok &= cmd(vcpu, KVM_TDX_DEBUG_READ_MEMORY, 0, &f, NULL) == EINVAL;
	ok &= cmd(td->fd, KVM_TDX_DEBUG_GET_FIELDS, 0, &f, NULL) == EINVAL;
	f.head.nr = 0;
	ok &= fields(td, false, &f) == EINVAL;
	f.head.nr = KVM_TDX_DEBUG_MAX_FIELDS + 1;
	ok &= fields(td, false, &f) == EINVAL;
	f.head.nr = ~0U;
	ok &= fields(td, false, &f) == EINVAL;
	f.head.nr = 1;
	f.head.pad = 1;
	ok &= fields(td, false, &f) == EINVAL;
	ktap_result(ok, "%s", __func__);

	ok = control(td, 2, 0) == EINVAL;
	/* #DB, NMI, #UD, #AC, #MC, #VE, and what is no exception. */
	ok &= control(td, 0, 1 << 1) == EINVAL && control(td, 0, 1 << 2) == EINVAL;
	ok &= control(td, 0, 1 << 6) == EINVAL && control(td, 0, 1 << 17) == EINVAL;
	ok &= control(td, 0, 1 << 18) == EINVAL && control(td, 0, 1 << 20) == EINVAL;
	ok &= control(td, 0, 1ULL << 31) == EINVAL;
	ok &= control(td, 0, 1ULL << 32) == EINVAL;
	ktap_result(ok, "nor are exceptions that are the module's");
	td_destroy(td);
}

/* RIP has 32 bits in 32-bit code.  The guest can be mended. */
static void a_bad_rip_fails_the_entry(void)
{
	struct td *td = debug_td(1, GUEST_HELLO);
	u64 rip = get(td, RIP);
	int err = set(td, RIP, rip | 1ULL << 40), reason = run(td);
	bool ok;

	if (err || reason != KVM_EXIT_FAIL_ENTRY)
		ktap_note("errno %d exit %d", err, reason);
	ok = !err && reason == KVM_EXIT_FAIL_ENTRY && !set(td, RIP, rip) &&
	     reported(td) == 0x600d;
	ktap_result(ok, "%s", __func__);
	td_destroy(td);
}

static int read_at(struct td *td, u64 gpa, u64 size)
{
	static u8 buf[1 << 16];

	return access_memory(td, false, gpa, buf, size);
}

static void bad_ranges_are_refused(void)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	unsigned long before = seamcalls();
	u64 word = 0;
	bool ok;

	ok = read_at(td, IMAGE_BASE + 4, 8) == EINVAL;
	ok &= read_at(td, IMAGE_BASE, 7) == EINVAL;
	ok &= read_at(td, IMAGE_BASE, 0) == EINVAL;
	ok &= read_at(td, SHARED_BIT | IMAGE_BASE, 8) == EINVAL;
	ok &= read_at(td, SHARED_BIT - 8, 16) == EINVAL;
	ok &= read_at(td, IMAGE_BASE, ~7ULL) == EINVAL;
	ok &= read_at(td, ~7ULL, 8) == EINVAL;
	ok &= cmd(td->fd, KVM_TDX_DEBUG_READ_MEMORY, 0, NULL, NULL) == EFAULT;
	ok &= cmd(td->fd, KVM_TDX_DEBUG_READ_MEMORY, 1, &word, NULL) == EINVAL;
	/* Nobody's memory, memory without a page, a source that is none. */
	ok &= read_at(td, LOG_BASE, 8) == EFAULT;
	ok &= read_at(td, RAM_BASE, 8) == EFAULT;
	ok &= access_memory(td, true, IMAGE_BASE, (void *)8, 8) == EFAULT;
	ktap_result(ok && seamcalls() == before, "%s", __func__);
	ktap_result(access_memory(td, false, IMAGE_BASE, (void *)8, 8) == EFAULT,
		    "so is a bad user address");
	td_destroy(td);
}

static void what_is_left_is_said(void)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	u8 buf[1024] = { 0 };
	struct kvm_tdx_debug_memory mem = {
		IMAGE_BASE + IMAGE_SIZE - 512, 1024, (uintptr_t)buf,
	};
	u64 first = 0;
	int err = memory(td, false, &mem, NULL);

	/* The jump at the reset vector, in the last 16 bytes. */
	memcpy(&first, buf + 496, 8);
	ktap_result(err == EFAULT && mem.size == 512 && first &&
		    mem.gpa == 1ULL << 32 &&
		    mem.user_addr == (uintptr_t)buf + 512, "%s", __func__);
	td_destroy(td);
}

/* PAGE.AUG makes it, the guest has not accepted it. */
static void a_pending_page_has_no_contents(void)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	struct kvm_pre_fault_memory range = { .gpa = RAM_BASE, .size = 4096 };
	u64 word = 1, hw_error = 0;
	struct kvm_tdx_debug_memory mem = { RAM_BASE, 8, (uintptr_t)&word };
	bool ok;

	while (ioctl(td->vcpu[0].fd, KVM_PRE_FAULT_MEMORY, &range) &&
	       (errno == EAGAIN || errno == EINTR))
		;
	ok = memory(td, false, &mem, &hw_error) == EFAULT &&
	     hw_error >> 32 == NOT_PRESENT;
	ok &= memory(td, true, &mem, &hw_error) == EFAULT;
	ktap_result(ok, "%s", __func__);
	td_destroy(td);
}

static void a_vcpu_that_is_not_ready_has_no_registers(void)
{
	struct td *td = td_create();
	struct fields f = { .head.nr = 1, .field[0].id = RIP };
	bool ok;

	allow(true);
	/* Before INIT_VM there is no debug TD. */
	ok = cmd(td->fd, KVM_TDX_DEBUG_READ_MEMORY, 0, &f, NULL) == EINVAL;
	td_split_irqchip(td);
	ok &= !td_try_init_vm(td, KVM_TDX_ATTR_DEBUG, 0);
	td_add_vcpu(td);
	ok &= fields(td, false, &f) == EINVAL && set(td, RIP, 0) == EINVAL;
	ok &= control(td, 0, 0) == EINVAL;
	td_init_vcpus(td, 0);
	ok &= !fields(td, false, &f) && f.field[0].value == 0xfffffff0;
	ktap_result(ok, "%s", __func__);
	td_destroy(td);
}

/* Killed by KVM; by the module, of which KVM hears with each call. */
static void eio_after(const char *name, const char *rule, int reason)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	struct fields f = { .head.nr = 1, .field[0].id = RIP };
	int ended;
	bool ok;

	if (!write_file(SWMOD_INJECT, rule)) {
		ktap_skip(name, "no software module");
	} else {
		ended = run(td);
		write_file(SWMOD_INJECT, "clear");
		ok = ended == reason && fields(td, false, &f) == EIO &&
		     set(td, RIP, 0) == EIO && control(td, 0, 0) == EIO &&
		     read_at(td, IMAGE_BASE, 8) == EIO;
		if (!ok)
			ktap_note("exit %d", ended);
		ktap_result(ok, "%s", name);
	}
	td_destroy(td);
}

static void a_dead_td_answers_eio(void)
{
	eio_after(__func__, "VP.ENTER status=SUCCESS exit=49", -1);
}

static void a_td_that_the_module_gave_up_answers_eio(void)
{
	eio_after(__func__, "VP.ENTER exit=49", KVM_EXIT_INTERNAL_ERROR);
}

/* A lock that is lost is tried again; an answer that is always busy, user space's. */
static void a_busy_module_is_asked_again(void)
{
	struct td *td = debug_td(1, GUEST_DEBUG);
	u64 word = 0;
	struct kvm_tdx_debug_memory mem = { IMAGE_BASE, 8, (uintptr_t)&word };
	struct kvm_tdx_cmd c = {
		.id = KVM_TDX_DEBUG_READ_MEMORY, .data = (uintptr_t)&mem,
	};
	bool ok;

	if (!write_file(SWMOD_INJECT,
			"MEM.RD status=OPERAND_BUSY operand=SEPT_ENTRY rate=50% seed=7")) {
		ktap_skip(__func__, "no software module");
		td_destroy(td);
		return;
	}
	write_file(SWMOD_INJECT,
		   "VP.RD status=OPERAND_BUSY operand=TDR rate=50% seed=7");
	ok = !read_at(td, IMAGE_BASE, 4096) && get(td, RIP) == 0xfffffff0;
	write_file(SWMOD_INJECT, "clear");
	write_file(SWMOD_INJECT, "MEM.RD status=OPERAND_BUSY operand=SEPT_ENTRY");
	ok &= ioctl(td->fd, KVM_MEMORY_ENCRYPT_OP, &c) && errno == EAGAIN &&
	      mem.size == 8 && c.hw_error >> 32 == OPERAND_BUSY;
	write_file(SWMOD_INJECT, "clear");
	ktap_result(ok, "%s", __func__);
	td_destroy(td);
}

/* --- against each other --- */

struct race {
	struct td *td;
	volatile bool stop;
	unsigned long reads, faults, others;
};

static void *read_loop(void *arg)
{
	struct race *r = arg;
	u64 page = 0;
	int err;

	while (!r->stop) {
		err = read_at(r->td, RAM_BASE + ACCEPT_OFFSET +
			      page++ % ACCEPT_PAGES * 4096, 4096);
		if (!err)
			r->reads++;
		else if (err == EFAULT)
			r->faults++;
		else
			r->others++;
	}
	return NULL;
}

static void *convert_loop(void *arg)
{
	struct race *r = arg;
	u64 gpa = RAM_BASE + ACCEPT_OFFSET;

	while (!r->stop) {
		td_set_private(r->td, gpa, ACCEPT_PAGES * 4096 / 2, false);
		td_set_private(r->td, gpa, ACCEPT_PAGES * 4096 / 2, true);
		usleep(1000);
	}
	return NULL;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A guest that accepts pages, a VMM that takes them away, and one that reads. */
static void memory_is_read_while_it_changes(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct race r = { .td = debug_td(1, GUEST_ACCEPT) };
	struct kvm_run *run = r.td->vcpu[0].run;
	pthread_t reader, converter;
	unsigned int exits = 0;
	int ret;

	sigaction(SIGALRM, &action, NULL);
	pthread_create(&reader, NULL, read_loop, &r);
	pthread_create(&converter, NULL, convert_loop, &r);
	while (exits < 200) {
		ret = ioctl(r.td->vcpu[0].fd, KVM_RUN, 0);
		if (!ret && run->exit_reason == KVM_EXIT_IO)
			break;
		/* The guest's page is shared for the while: try again. */
		if (ret && errno != EFAULT && errno != EINTR)
			break;
		exits++;
	}
	r.stop = true;
	pthread_join(reader, NULL);
	pthread_join(converter, NULL);
	ktap_note("%lu reads, %lu without a page, %u exits", r.reads, r.faults, exits);
	ktap_result(r.reads + r.faults && !r.others, "%s", __func__);
	td_destroy(r.td);
}

static const struct ktap_test tests[] = {
	TEST(the_attribute_needs_the_parameter),
	TEST(a_production_td_has_no_such_command),
	TEST(a_breakpoint_stops_and_a_step_is_one_instruction),
	TEST(the_first_instruction_can_be_stepped),
	TEST(an_exception_stops_as_long_as_it_is_asked_for),
	TEST(only_listed_fields_of_the_vmcs_are_there),
	TEST(other_fields_are_refused_without_a_seamcall),
	TEST(bad_arguments_of_a_vcpu_are_refused),
	TEST(a_bad_rip_fails_the_entry),
	TEST(bad_ranges_are_refused),
	TEST(what_is_left_is_said),
	TEST(a_pending_page_has_no_contents),
	TEST(a_vcpu_that_is_not_ready_has_no_registers),
	TEST(a_dead_td_answers_eio),
	TEST(a_td_that_the_module_gave_up_answers_eio),
	TEST(a_busy_module_is_asked_again),
	TEST(memory_is_read_while_it_changes),
};

int main(int argc, char **argv)
{
	const char *why = td_unavailable();
	int ret;

	if (!why && access(TDX_DEBUG_TDS, W_OK))
		why = "this KVM has no debug TDs";
	if (why)
		ktap_skip_all(why);
	ret = ktap_run(tests, sizeof(tests) / sizeof(*tests), argc, argv);
	allow(false);
	return ret;
}
