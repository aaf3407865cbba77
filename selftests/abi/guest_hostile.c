// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does anything: instructions, control registers, MSRs, CPUID
 * leaves and TDCALLs by chance, and bytes that are no instructions.  Whatever
 * comes of it, an exception or an interrupt leads to the next step, until the
 * steps are done or the guest has destroyed itself.
 */
#include "guest_lib.h"

#define CODE_SIZE	64
#define USER_VA		(2ULL << 39)	/* the same memory for CPL 3 */
#define VECTOR_END	0xf0
#define TSS_SELECTOR	0x28
#define RAX		0
#define RCX		1
#define RDX		2
#define RSP		4
#define R10		10
#define R11		11

extern char hostile_gates[], hostile_ist[];
void hostile_run(void *code, const u64 *regs) __attribute__((noreturn));
void hostile_run_user(u64 code, u64 rsp, u64 flags, u64 value)
	__attribute__((noreturn));
void hostile_next(u32 vector) __attribute__((noreturn));

static u64 state, step;
static u64 regs[16];
static u8 code[CODE_SIZE] __attribute__((aligned(64)));
static unsigned int len;
static u32 tss[26] __attribute__((aligned(128)));

static u64 chance(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static u32 below(u32 n)
{
	return (chance() >> 32) % n;
}

/* An address that can be used, or nearly. */
static u64 address(void)
{
	u64 gpa = RAM_BASE + below(HOSTILE_PAGES * 4096 - 64);

	switch (below(8)) {
	case 0:
		return SHARED_BIT | gpa;
	case 1:
		return (1ULL << 39) + MMIO_BASE + below(4096);
	case 2:
		return gpa + USER_VA;
	case 3:
		return gpa & ~0x3ffULL;
	case 4:
		return (gpa & ~0xfffULL) | below(3);
	default:
		return gpa & ~7ULL;
	}
}

/* A metadata field of any context, or nearly. */
static u64 field(void)
{
	static const u64 fields[] = {
		0x1110000300000000, 0x9110000300000010, 0x9110000300000017,
		0x9110000300000022, 0x9120000300000100, 0xA020000000000007,
		0xA020000000000008, 0xA120000000000000, 0x9410000300000000,
		0x0A00000300000008, 0x0800000200000000, 0x1310000300000040,
	};

	return fields[below(sizeof(fields) / sizeof(fields[0]))] +
	       (below(4) ? 0 : below(200));
}

static u64 value(void)
{
	switch (below(9)) {
	case 0:
		return 0;
	case 1:
		return ~0ULL;
	case 2:
		return 1ULL << below(64);
	case 3:
		return chance();
	case 4:
		return (u32)chance();
	case 5:
		return below(256);
	case 6:
		return field();
	default:
		return address();
	}
}

static void emit(unsigned int n, u64 bytes)
{
	for (; n && len < CODE_SIZE - 2; n--, bytes >>= 8)
		code[len++] = bytes;
}

static u32 any_msr(void)
{
	static const u32 bases[] = { 0, 0x100, 0x170, 0x180, 0x1c0, 0x480, 0x6a0,
				     0x800, 0xda0, 0xc0000080, 0xc0000100 };

	switch (below(4)) {
	case 0:
		return chance();
	case 1:
		return below(0x2000);
	default:
		return bases[below(sizeof(bases) / sizeof(bases[0]))] + below(48);
	}
}

static void msr_access(void)
{
	regs[RCX] = any_msr();
	/* RDMSR, WRMSR */
	emit(2, below(2) ? 0x320f : 0x300f);
}

static void cpuid_leaf(void)
{
	static const u32 bases[] = { 0, 0, 0x80000000, 0x40000000, 0x20000000 };

	regs[RAX] = bases[below(5)] + below(0x28);
	regs[RCX] = below(4) ? below(8) : chance();
	emit(2, 0xa20f);
}

/* MOV to CR0, CR4, CR8 or a debug register from RAX; XSETBV; LMSW; CLTS. */
static void control_register(void)
{
	u64 cr0, cr4;

	asm volatile("movq %%cr0, %0; movq %%cr4, %1" : "=r" (cr0), "=r" (cr4));
	regs[RAX] = value();
	switch (below(8)) {
	case 0:
		regs[RAX] = cr0 ^ 1ULL << below(34);
		emit(3, 0xc0220f);
		break;
	case 1:
	case 2:
		regs[RAX] = cr4 ^ 1ULL << below(34);
		emit(3, 0xe0220f);
		break;
	case 3:
		emit(4, 0xc0220f44);
		break;
	case 4:
		emit(3, (0xc0 | below(8) << 3) << 16 | 0x230f);
		break;
	case 5:
		regs[RCX] = below(2);
		regs[RDX] = below(3) ? 0 : value();
		emit(3, 0xd1010f);
		break;
	case 6:
		emit(3, 0xf0010f);
		break;
	default:
		emit(2, 0x060f);
		break;
	}
}

static void tdvmcall(void)
{
	static const u32 leaves[] = { 10, 12, 30, 31, 32, 48, 0x10000, 0x10001,
				      0x10002, 0x10004, 0x10005 };

	regs[RAX] = 0;
	regs[RCX] = below(3) ? 0xfc00 : chance() & (below(2) ? 0xffffffcc : ~0ULL);
	regs[R10] = below(8) ? 0 : value();
	regs[R11] = leaves[below(sizeof(leaves) / sizeof(leaves[0]))];
}

/*
 * A page that is not there ends the TD if ACCEPT or a report names it, so
 * that is rare.
 */
static void any_tdcall(void)
{
	regs[RAX] = below(28);
	regs[RCX] = below(2) ? 0 : address();
	regs[RDX] = below(2) ? field() : address();
	if (!below(6))
		regs[RAX] |= below(4) << 16;
	if (!below(32))
		regs[RAX] = chance();
	if (!below(32))
		regs[RCX] = value();
	if (!below(3))
		tdvmcall();
	emit(4, 0xcc010f66);
}

/* PUSHF; OR dword [RSP], 0x100; POPF */
static void trap_flag(void)
{
	emit(1, 0x9c);
	emit(7, 0x0100240c81ULL);
	emit(1, 0x9d);
}

static void odd_instruction(void)
{
	/* Length, then bytes from the low end. */
	static const struct {
		u8 n;
		u64 bytes;
	} odd[] = {
		{ 1, 0xf4 }, { 2, 0x080f }, { 2, 0x090f }, { 3, 0xc1010f },
		{ 3, 0xc2010f }, { 3, 0xc3010f }, { 3, 0xc4010f },
		{ 3, 0xd4010f }, { 2, 0x370f }, { 2, 0xaa0f }, { 3, 0xc8010f },
		{ 3, 0xc9010f }, { 3, 0xcf010f }, { 3, 0xc0010f },
		{ 3, 0xd7010f }, { 3, 0xc5010f }, { 4, 0xcf010f66 },
		{ 4, 0xcd010f66 }, { 4, 0xce010f66 }, { 4, 0xcc010ff2 },
		{ 4, 0xcc010ff3 }, { 5, 0xcc010f6666 }, { 2, 0x330f },
		{ 3, 0xf9010f }, { 1, 0xec }, { 1, 0xef }, { 1, 0x6d },
		{ 2, 0x6ef3 }, { 1, 0xcc }, { 1, 0xf1 }, { 2, 0x03cd },
		{ 2, 0x80cd }, { 2, 0x02cd }, { 2, 0x12cd }, { 2, 0x0b0f },
		{ 2, 0x340f }, { 2, 0x350f }, { 2, 0x050f }, { 3, 0x070f48 },
		{ 2, 0xcf48 }, { 1, 0xcb }, { 5, 0x0080380f66 },
		{ 5, 0x0081380f66 }, { 5, 0x0082380f66 }, { 3, 0x20ae0f },
		{ 3, 0x28ae0f }, { 3, 0x1fc70f }, { 3, 0x30c70f },
		{ 4, 0x30c70ff3 }, { 4, 0x30c70f66 }, { 3, 0xf0c70f },
		{ 3, 0xf8c70f }, { 4, 0xf0ae0ff3 }, { 4, 0xf0ae0f66 },
		{ 4, 0xf0ae0ff2 }, { 5, 0x06f8380ff2 }, { 5, 0x06f8380ff3 },
		{ 5, 0x06f8380f66 }, { 1, 0xfb }, { 1, 0xfa }, { 3, 0xf8010f },
		{ 2, 0xe3db }, { 3, 0x08ae0f }, { 3, 0x00ae0f }, { 3, 0xd8000f },
		{ 3, 0xd0000f }, { 3, 0x20010f }, { 3, 0x38010f },
		{ 4, 0xe8ae0ff3 }, { 4, 0x1e0ff348 }, { 3, 0xca010f },
		{ 3, 0xcb010f }, { 4, 0xe8010ff3 }, { 4, 0xee010ff3 },
		{ 3, 0xee010f }, { 3, 0xef010f }, { 2, 0x0e0f }, { 1, 0xd6 },
		{ 2, 0xff0f }, { 5, 0x00f6380f66 }, { 3, 0x2f010f },
		{ 2, 0x770f }, { 2, 0xd0d8 }, { 1, 0x9b },
	};
	unsigned int i = below(sizeof(odd) / sizeof(odd[0]));

	if (!below(3))
		trap_flag();
	/* MOV SS or STI: what follows is in its shadow. */
	switch (below(4)) {
	case 0:
		regs[RAX] = 16;
		emit(2, 0xd08e);
		break;
	case 1:
		emit(1, 0xfb);
		break;
	}
	emit(odd[i].n, odd[i].bytes);
	if (!below(4))
		emit(2, 0xa20f);
}

static void bytes(void)
{
	unsigned int n = 4 + below(CODE_SIZE - 8);

	while (n--)
		emit(1, chance());
}

static void user_code(void)
{
	u64 at = (u64)code + USER_VA;
	u64 rsp = address() | (1ULL << 41);

	switch (below(3)) {
	case 0:
		odd_instruction();
		break;
	case 1:
		any_tdcall();
		break;
	default:
		bytes();
		break;
	}
	emit(2, 0xcd | VECTOR_END << 8);
	/* AC and TF by chance, IOPL 3 by chance, interrupts on or off. */
	hostile_run_user(at, rsp, 2 | (chance() & 0x43300), value());
}

static void prepare(void)
{
	unsigned int i;

	len = 0;
	for (i = 0; i < 16; i++)
		regs[i] = value();
	regs[RSP] = RAM_BASE + HOSTILE_PAGES * 4096 - 1024;
	for (i = 0; i < CODE_SIZE; i++)
		code[i] = 0x90;
	code[CODE_SIZE - 2] = 0xcd;
	code[CODE_SIZE - 1] = VECTOR_END;
}

static void one_step(unsigned int kind)
{
	prepare();
	switch (kind) {
	case 0:
		msr_access();
		break;
	case 1:
		cpuid_leaf();
		break;
	case 2:
		control_register();
		break;
	case 3:
		any_tdcall();
		break;
	case 4:
		odd_instruction();
		break;
	case 5:
		user_code();
		break;
	default:
		bytes();
		break;
	}
	emit(2, 0xcd | VECTOR_END << 8);
	hostile_run(code, regs);
}

void hostile_next(u32 vector)
{
	unsigned int kind = below(HOSTILE_KINDS);

	/* Mostly fetch what a #VE was about; else the next is a double fault. */
	if ((vector == 20 || vector == 8) && below(8))
		tdcall(3, 0, 0, 0);
	if (vector >= 32 && vector != VECTOR_END)
		wrmsr(0x80b, 0);
	step++;
	out32(PORT_VALUE, step << 12 | kind << 8 | vector);
	if (step >= HOSTILE_STEPS)
		done();
	one_step(kind);
	__builtin_unreachable();
}

static u64 *new_table(void)
{
	static u64 next = RAM_BASE + HOSTILE_PAGES * 4096;
	u64 *table = (u64 *)next;

	tdcall(6, next, 0, 0);
	next += 4096;
	return table;
}

/* The memory that there is, and nothing else of the first 4 GiB. */
static u64 map_4g(u64 flags)
{
	u64 *pdpt = new_table(), *low = new_table(), *high = new_table();
	u64 *ram = new_table(), *image = new_table();
	unsigned int i;

	pdpt[0] = (u64)low | flags;
	pdpt[3] = (u64)high | flags;
	low[0] = (u64)ram | flags;
	high[511] = (u64)image | flags;
	for (i = 0; i < HOSTILE_PAGES + HOSTILE_TABLES; i++)
		ram[RAM_BASE / 4096 + i] = (RAM_BASE + i * 4096) | flags;
	for (i = 0; i < IMAGE_SIZE / 4096; i++)
		image[512 - IMAGE_SIZE / 4096 + i] =
			(IMAGE_BASE + i * 4096) | flags;
	return (u64)pdpt | flags;
}

/* As in guest_start.S, and user code's view of it from 1 TiB on. */
static void load_tables(void)
{
	u64 *pml4 = new_table();

	pml4[0] = map_4g(3);
	pml4[1] = (u64)pdpt_shared | 3;
	pml4[2] = map_4g(7);
	asm volatile("movq %0, %%cr3" : : "r" (pml4) : "memory");
}

/* Every gate has its stack by IST 1; CPL 3 may call three of them. */
static void hostile_gate(unsigned int vector)
{
	set_gate(vector, hostile_gates + 16 * vector);
	idt[2 * vector] |= 1ULL << 32;
	if (vector == VECTOR_END || vector == 3 || vector == 4)
		idt[2 * vector] |= 3ULL << 45;
}

static void load_tss(void)
{
	u64 at = (u64)tss, ist = (u64)hostile_ist;

	/* RSP0 and IST1 */
	tss[1] = ist;
	tss[2] = ist >> 32;
	tss[9] = ist;
	tss[10] = ist >> 32;
	gdt[TSS_SELECTOR / 8] = (sizeof(tss) - 1) | (at & 0xffffff) << 16 |
				0x89ULL << 40 | (at >> 24 & 0xff) << 56;
	gdt[TSS_SELECTOR / 8 + 1] = at >> 32;
	asm volatile("ltr %w0" : : "r" (TSS_SELECTOR));
}

void test_hostile(u64 seed)
{
	unsigned int i;

	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	set_idt();
	for (i = 0; i < 256; i++)
		hostile_gate(i);
	load_tss();
	for (i = 0; i < HOSTILE_PAGES; i++)
		tdcall(6, RAM_BASE + i * 4096ULL, 0, 0);
	load_tables();
	/* The APIC on, LSTAR to something that ends in a step. */
	apic_write(0x80f, 0x1ff);
	wrmsr(0xc0000082, (u64)hostile_gates + 16 * VECTOR_END);
	hostile_next(VECTOR_END);
}
