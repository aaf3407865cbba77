// SPDX-License-Identifier: GPL-2.0-only
/*
 * A debug TD as gdb sees it: registers by the module's fields, memory by guest
 * virtual address, breakpoints as INT3 in the TD's memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "gdb.h"
#include "vm.h"

/* The module's names of fields. */
#define GPR(n)		(0x1020000300000000ULL + (n))
#define CR2		0x1120000300000028ULL
#define VMCS16(n)	(0x0024000100000000ULL + (n))
#define VMCS64(n)	(0x0024000300000000ULL + (n))
#define RIP		VMCS64(0x681e)
#define RFLAGS		VMCS64(0x6820)
#define CR0		VMCS64(0x6800)
#define CR3		VMCS64(0x6802)
#define CR4		VMCS64(0x6804)
#define EFER		VMCS64(0x2806)

#define CR0_PG		(1ULL << 31)
#define CR4_LA57	(1ULL << 12)
#define EFER_LMA	(1ULL << 10)
#define PTE_PRESENT	1ULL
#define PTE_LARGE	(1ULL << 7)
#define PTE_ADDRESS	0x000ffffffffff000ULL

#define BP_VECTOR	3
#define INT3		0xcc
#define MAX_BREAKPOINTS	64

/* --- commands --- */

static int debug_cmd(int fd, u32 id, u32 flags, u64 data)
{
	struct kvm_tdx_cmd cmd = { .id = id, .flags = flags, .data = data };
	int ret;

	do {
		cmd.hw_error = 0;
		ret = ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd);
	} while (ret && (errno == EAGAIN || errno == EINTR));
	return ret;
}

static bool access_field(struct vcpu *vcpu, u64 id, u64 *val, bool write)
{
	struct {
		struct kvm_tdx_debug_fields head;
		struct kvm_tdx_debug_field field;
	} f = { .head.nr = 1, .field = { id, *val } };

	if (debug_cmd(vcpu->fd, write ? KVM_TDX_DEBUG_SET_FIELDS :
		      KVM_TDX_DEBUG_GET_FIELDS, 0, (uintptr_t)&f))
		return false;
	*val = f.field.value;
	return true;
}

static u64 get_field(struct vcpu *vcpu, u64 id)
{
	u64 val = 0;

	access_field(vcpu, id, &val, false);
	return val;
}

bool target_control(struct vcpu *vcpu, bool step, bool breakpoints)
{
	return !debug_cmd(vcpu->fd, KVM_TDX_DEBUG_SET_CONTROL,
			  step ? KVM_TDX_DEBUG_SINGLE_STEP : 0,
			  breakpoints ? 1 << BP_VECTOR : 0);
}

/* --- registers --- */

struct reg {
	const char *name;
	const char *type;
	unsigned int bits;
	/* 0: no register that the module shows. */
	u64 id;
};

#define REG(_name, _type, _bits, _id) \
	{ .name = #_name, .type = (_type), .bits = (_bits), .id = (_id) }
#define GENERAL(name, n)	REG(name, "int64", 64, GPR(n))
#define SEGMENT(name, n)	REG(name, "int32", 32, VMCS16(n))
#define X87(name)		REG(name, "i387_ext", 80, 0)
#define X87_CONTROL(name)	REG(name, "int", 32, 0)
#define SYSTEM(name, id)	REG(name, "int64", 64, id)

/* gdb wants all of the first 40, in this order. */
#define NR_CORE		40
#define NR_SEGMENTS	2
static const struct reg regs[] = {
	GENERAL(rax, 0), GENERAL(rbx, 3), GENERAL(rcx, 1), GENERAL(rdx, 2),
	GENERAL(rsi, 6), GENERAL(rdi, 7),
	REG(rbp, "data_ptr", 64, GPR(5)),
	REG(rsp, "data_ptr", 64, VMCS64(0x681c)),
	GENERAL(r8, 8), GENERAL(r9, 9), GENERAL(r10, 10), GENERAL(r11, 11),
	GENERAL(r12, 12), GENERAL(r13, 13), GENERAL(r14, 14), GENERAL(r15, 15),
	REG(rip, "code_ptr", 64, RIP),
	REG(eflags, "int32", 32, RFLAGS),
	SEGMENT(cs, 0x802), SEGMENT(ss, 0x804), SEGMENT(ds, 0x806),
	SEGMENT(es, 0x800), SEGMENT(fs, 0x808), SEGMENT(gs, 0x80a),
	X87(st0), X87(st1), X87(st2), X87(st3),
	X87(st4), X87(st5), X87(st6), X87(st7),
	X87_CONTROL(fctrl), X87_CONTROL(fstat), X87_CONTROL(ftag),
	X87_CONTROL(fiseg), X87_CONTROL(fioff), X87_CONTROL(foseg),
	X87_CONTROL(fooff), X87_CONTROL(fop),
	SYSTEM(fs_base, VMCS64(0x680e)), SYSTEM(gs_base, VMCS64(0x6810)),
	SYSTEM(cr0, CR0), SYSTEM(cr2, CR2), SYSTEM(cr3, CR3), SYSTEM(cr4, CR4),
	SYSTEM(efer, EFER),
	SYSTEM(idtr_base, VMCS64(0x6818)), SYSTEM(gdtr_base, VMCS64(0x6816)),
};

const char *target_xml(void)
{
	static const struct {
		const char *name;
		unsigned int end;
	} features[] = {
		{ "org.gnu.gdb.i386.core", NR_CORE },
		{ "org.gnu.gdb.i386.segments", NR_CORE + NR_SEGMENTS },
		{ "org.kvm-tdx.system", ARRAY_SIZE(regs) },
	};
	static char xml[8192];
	char *p = xml, *end = xml + sizeof(xml);
	unsigned int i, f;

	p += snprintf(p, end - p, "<?xml version=\"1.0\"?>"
		      "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
		      "<target><architecture>i386:x86-64</architecture>");
	for (i = 0, f = 0; f < ARRAY_SIZE(features); f++) {
		p += snprintf(p, end - p, "<feature name=\"%s\">", features[f].name);
		for (; i < features[f].end; i++)
			p += snprintf(p, end - p,
				      "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>",
				      regs[i].name, regs[i].bits, regs[i].type);
		p += snprintf(p, end - p, "</feature>");
	}
	snprintf(p, end - p, "</target>");
	return xml;
}

bool target_register(struct vcpu *vcpu, unsigned int nr, char *out)
{
	u64 val = 0;

	if (nr >= ARRAY_SIZE(regs))
		return false;
	if (regs[nr].id && access_field(vcpu, regs[nr].id, &val, false)) {
		hex_put(&out, &val, regs[nr].bits / 8);
		return true;
	}
	/* "Unavailable", as gdb writes it. */
	memset(out, 'x', regs[nr].bits / 4);
	out[regs[nr].bits / 4] = 0;
	return true;
}

void target_registers(struct vcpu *vcpu, char *out)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		target_register(vcpu, i, out);
		out += strlen(out);
	}
}

bool target_set_register(struct vcpu *vcpu, unsigned int nr, const char *hex)
{
	u64 val = 0;

	if (nr >= ARRAY_SIZE(regs) || !regs[nr].id ||
	    !hex_bytes(hex, (u8 *)&val, regs[nr].bits / 8))
		return false;
	return access_field(vcpu, regs[nr].id, &val, true);
}

/* --- memory by guest physical address --- */

static bool access_words(struct vm *vm, u64 gpa, u64 *words, size_t size, bool write)
{
	struct kvm_tdx_debug_memory mem = { gpa, size, (uintptr_t)words };

	return !debug_cmd(vm->fd, write ? KVM_TDX_DEBUG_WRITE_MEMORY :
			  KVM_TDX_DEBUG_READ_MEMORY, 0, (uintptr_t)&mem);
}

/* Within a page. */
static bool access_private(struct vm *vm, u64 gpa, u8 *data, size_t size, bool write)
{
	u64 words[VM_PAGE_SIZE / sizeof(u64)];
	u64 first = gpa & ~7ULL;
	size_t bytes = (gpa + size - first + 7) & ~7ULL;

	if (!access_words(vm, first, words, bytes, false))
		return false;
	if (!write) {
		memcpy(data, (u8 *)words + (gpa - first), size);
		return true;
	}
	memcpy((u8 *)words + (gpa - first), data, size);
	return access_words(vm, first, words, bytes, true);
}

static bool access_gpa(struct vm *vm, u64 gpa, u8 *data, size_t size, bool write)
{
	u8 *shared;

	if (!(gpa & TD_SHARED_BIT))
		return access_private(vm, gpa, data, size, write);
	shared = memory_at(vm, gpa & ~TD_SHARED_BIT, size);
	if (!shared)
		return false;
	if (write)
		memcpy(shared, data, size);
	else
		memcpy(data, shared, size);
	return true;
}

/* --- memory by guest virtual address --- */

/* Long mode's tables; without paging an address is a physical one. */
static bool walk(struct vcpu *vcpu, u64 va, u64 *gpa)
{
	int level, shift;
	u64 table, entry;

	*gpa = va;
	if (!(get_field(vcpu, CR0) & CR0_PG))
		return true;
	if (!(get_field(vcpu, EFER) & EFER_LMA))
		return false;

	table = get_field(vcpu, CR3);
	level = get_field(vcpu, CR4) & CR4_LA57 ? 4 : 3;
	for (; level >= 0; level--) {
		shift = 12 + 9 * level;
		if (!access_gpa(vcpu->vm, (table & PTE_ADDRESS) +
				(va >> shift) % 512 * sizeof(entry),
				(u8 *)&entry, sizeof(entry), false))
			return false;
		if (!(entry & PTE_PRESENT))
			return false;
		if (!level || ((entry & PTE_LARGE) && level < 3)) {
			u64 offset = (1ULL << shift) - 1;

			*gpa = (entry & PTE_ADDRESS & ~offset) | (va & offset);
			return true;
		}
		table = entry;
	}
	return false;
}

/* __START_KERNEL_map: where the link puts physical address 0, for 1 GiB. */
#define LINUX_MAP	0xffffffff80000000ULL
#define LINUX_MAP_SIZE	(1ULL << 30)

static bool linux_map;

void target_linux_map(bool on)
{
	linux_map = on;
}

/* Linux' tables, once it has some, say what the link said: it is not moved. */
static bool translate(struct vcpu *vcpu, u64 va, u64 *gpa)
{
	if (!linux_map || va - LINUX_MAP >= LINUX_MAP_SIZE)
		return walk(vcpu, va, gpa);
	*gpa = va - LINUX_MAP;
	return true;
}

/* --- breakpoints --- */

static struct breakpoint {
	u64 va, gpa;
	u8 old;
} breakpoints[MAX_BREAKPOINTS];
static unsigned int nr_breakpoints;

static struct breakpoint *find_breakpoint(u64 va)
{
	unsigned int i;

	for (i = 0; i < nr_breakpoints; i++) {
		if (breakpoints[i].va == va)
			return &breakpoints[i];
	}
	return NULL;
}

bool target_insert(struct vcpu *vcpu, u64 va)
{
	struct breakpoint *bp = &breakpoints[nr_breakpoints];
	u8 int3 = INT3;

	if (find_breakpoint(va))
		return true;
	if (nr_breakpoints == MAX_BREAKPOINTS || !translate(vcpu, va, &bp->gpa) ||
	    !access_gpa(vcpu->vm, bp->gpa, &bp->old, 1, false) ||
	    !access_gpa(vcpu->vm, bp->gpa, &int3, 1, true))
		return false;
	bp->va = va;
	nr_breakpoints++;
	return true;
}

bool target_at_breakpoint(struct vcpu *vcpu)
{
	struct breakpoint *bp;
	u64 gpa;

	if (!translate(vcpu, get_field(vcpu, RIP), &gpa))
		return false;
	for (bp = breakpoints; bp < breakpoints + nr_breakpoints; bp++) {
		if (bp->gpa == gpa)
			return true;
	}
	return false;
}

/* A page that has gone took its breakpoint with it. */
static void remove_breakpoint(struct vcpu *vcpu, struct breakpoint *bp)
{
	u8 now;

	if (access_gpa(vcpu->vm, bp->gpa, &now, 1, false) && now == INT3)
		access_gpa(vcpu->vm, bp->gpa, &bp->old, 1, true);
	*bp = breakpoints[--nr_breakpoints];
}

bool target_remove(struct vcpu *vcpu, u64 va)
{
	struct breakpoint *bp = find_breakpoint(va);

	if (bp)
		remove_breakpoint(vcpu, bp);
	return bp;
}

void target_remove_all(struct vcpu *vcpu)
{
	while (nr_breakpoints)
		remove_breakpoint(vcpu, &breakpoints[0]);
}

/* What was there before the INT3s, and what is to be there after them. */
static void hide_breakpoints(u64 gpa, u8 *data, size_t size, bool write)
{
	struct breakpoint *bp;
	u8 *at;

	for (bp = breakpoints; bp < breakpoints + nr_breakpoints; bp++) {
		if (bp->gpa < gpa || bp->gpa - gpa >= size)
			continue;
		at = data + (bp->gpa - gpa);
		if (write) {
			bp->old = *at;
			*at = INT3;
		} else if (*at == INT3) {
			*at = bp->old;
		}
	}
}

bool target_memory(struct vcpu *vcpu, u64 va, u8 *data, size_t size, bool write)
{
	size_t n;
	u64 gpa;

	for (; size; va += n, data += n, size -= n) {
		n = VM_PAGE_SIZE - va % VM_PAGE_SIZE;
		if (n > size)
			n = size;
		if (!translate(vcpu, va, &gpa))
			return false;
		if (write)
			hide_breakpoints(gpa, data, n, true);
		if (!access_gpa(vcpu->vm, gpa, data, n, write))
			return false;
		if (!write)
			hide_breakpoints(gpa, data, n, false);
	}
	return true;
}
