// SPDX-License-Identifier: GPL-2.0-only
/*
 * A back end whose guest does what the input says: TDCALLs, exits of any kind,
 * and meanwhile another CPU makes SEAMCALLs.
 */
#include "fuzz.h"
#include "guest/guest.h"

/* The instruction's bytes: 66 0f 01 cc. */
#define TDCALL		0xcc010f66u

/* Entries that one VP.ENTER makes before the host's timer fires anyway. */
#define MAX_RUNS	48

void (*guest)(struct sw_run *run);

unsigned int fuzz_entries;

/* Of each vCPU: the registers with which its guest last left by a TDVMCALL. */
static struct {
	struct sw_regs gpr;
	bool valid;
} asked[NR_POOL];

static u64 fields[NR_POOL][1024];
static __thread unsigned int runs;
static __thread bool entering;
static __thread u8 host_xsave[SW_PAGE_SIZE];

void fuzz_guest_reset(void)
{
	/* Others are cleared as VP.INIT makes vCPUs of them. */
	memset(fields, 0, sizeof(fields[0]) * (NR_TDRS + NR_TDVPRS));
	memset(asked, 0, sizeof(asked));
}

/* Width, type and index of an encoding; indexes beyond 63 do not occur. */
u64 *fuzz_vmcs(u64 tdvpr, u32 encoding)
{
	unsigned int n = (encoding >> 13 & 3) << 8 | (encoding >> 10 & 3) << 6 |
			 (encoding >> 1 & 63);

	return &fields[pool_index(tdvpr)][n];
}

static u64 *field(struct sw_tdvps *vp, u32 encoding)
{
	return fuzz_vmcs(vp->page_pa[0], encoding);
}

u64 fuzz_secret(int i)
{
	return 0x5ec2e70000000000ULL | i;
}

u64 sw_guest_init(struct sw_td *td, struct sw_tdvps *vp)
{
	sw_guest_init_common(td, vp);
	memset(fields[pool_index(vp->page_pa[0])], 0, sizeof(fields[0]));
	asked[pool_index(vp->page_pa[0])].valid = false;
	*field(vp, SW_VM_GUEST_EFER) = SW_EFER_LMA;
	*field(vp, SW_VM_GUEST_CS_AR) = SW_AR_L;
	*field(vp, SW_VM_POSTED_INTR_VECTOR) = SW_VMCS_PID_NO_VECTOR;
	*field(vp, SW_VM_PID_ADDR) = SW_VMCS_PID_NO_ADDR;
	return 0;
}

void sw_guest_flush(struct sw_tdvps *vp)
{
}

void sw_guest_load(struct sw_run *run, bool flush_tlb)
{
	sw_xstate_enter(run, host_xsave);
	runs = 0;
	entering = true;
	if (!fuzz_racing)
		fuzz_entries++;
}

void fuzz_exited(u64 tdvpr, u64 status)
{
	int i = pool_index(tdvpr & ~(3ULL << 52));

	if (i < 0)
		return;
	asked[i].valid = status == SW_XR_TDCALL;
	if (asked[i].valid)
		asked[i].gpr = ((struct sw_tdvps *)sw_va(pool_pa(i)))->gpr;
}

/* The host's answer is in what the guest named, and nowhere else. */
static void check_answer(struct sw_run *run)
{
	int n = pool_index(run->vp->page_pa[0]), i;
	const u64 *old = (const u64 *)&asked[n].gpr;
	const u64 *now = (const u64 *)&run->vp->gpr;
	const u64 *host = (const u64 *)run->host;

	if (fuzz_racing || !asked[n].valid)
		return;
	for (i = 1; i < 16; i++) {
		u64 wanted = i > 1 && asked[n].gpr.rcx >> i & 1 ? host[i] : old[i];

		if (now[i] != wanted)
			violated("TDVMCALL with RCX %llx: register %d is %llx",
				 (unsigned long long)asked[n].gpr.rcx, i,
				 (unsigned long long)now[i]);
	}
	asked[n].valid = false;
}

/* Something in each register that instructions here do not use. */
static void set_secrets(struct sw_run *run)
{
	u64 *gpr = (u64 *)&run->vp->gpr;
	int i;

	for (i = 3; i < 16; i++) {
		if (i != 4 && i != 8 && i != 9)
			gpr[i] = fuzz_secret(i);
	}
}

/* The guest executes a TDCALL where it is, if it can execute at all. */
static void guest_tdcall(struct sw_run *run)
{
	static const char operands[16][6] = {
		[0] = "MN", [2] = "GN", [4] = "GGN", [5] = "N", [6] = "G",
		[7] = "0F", [8] = "0FRR", [9] = "0F", [10] = "0FRR", [11] = "0F",
		[12] = "0GF", [13] = "G", [14] = "G", [15] = "G",
	};
	/* MR.VERIFYREPORT, MEM.PAGE.ATTR.RD and .WR in the place of holes. */
	static const u8 late[] = { 22, 23, 24 };
	u8 leaf = in_byte();
	const char *kinds = operands[leaf & 15];
	struct sw_regs *g = &run->vp->gpr;
	u64 rip = in_operand('G') & ~7ULL;
	u32 *code = sw_gpa_ptr(run, rip, true);

	run->exit.reason = SW_XR_EXCEPTION;
	run->exit.intr_info = SW_INTR_VALID | SW_INTR_HW_EXCEPTION << 8 | SW_VEC_UD;
	*field(run->vp, SW_VM_GUEST_RIP) = rip;
	if (code)
		sw_store(code, TDCALL);
	g->rax = leaf & 15;
	if (g->rax > 12)
		g->rax = late[g->rax - 13];
	if (leaf >= 0xe0)
		g->rax |= (u64)in_byte() << 16;
	if (leaf >= 0xf0)
		g->rax = in_u64();
	g->rcx = in_operand(kinds[0]);
	g->rdx = kinds[0] ? in_operand(kinds[1]) : 0;
	g->r8 = kinds[1] ? in_operand(kinds[2]) : 0;
	g->r9 = kinds[2] ? in_operand(kinds[3]) : 0;
}

static void guest_violation(struct sw_run *run)
{
	run->exit.reason = SW_XR_EPT_VIOLATION;
	run->exit.gpa = in_operand('G') & ~7ULL;
	run->exit.qualification = in_byte();
	run->exit.gla = run->exit.gpa;
}

/* Whatever the guest's instructions can raise, with any registers. */
static void guest_any(struct sw_run *run)
{
	static const u8 reasons[] = {
		SW_XR_CPUID, SW_XR_RDMSR, SW_XR_WRMSR, SW_XR_CR_ACCESS,
		SW_XR_XSETBV, SW_XR_IO, SW_XR_HLT, SW_XR_VMCALL,
	};
	struct sw_regs *g = &run->vp->gpr;
	u8 b = in_byte();

	run->exit.reason = b < 128 ? reasons[b % sizeof(reasons)] : b & 127;
	run->exit.qualification = in_byte() | (u64)in_byte() << 8;
	run->exit.instr_len = in_byte() & 15;
	g->rcx = b & 16 ? in_u64() : (u64)in_byte() << (b & 15);
	g->rax = in_byte();
	g->rdx = b & 32 ? in_u64() : 0;
	run->exit.gpa = g->rdx;
	run->exit.intr_info = b & 64 ? in_u64() : 0;
	run->exit.idt_info = b & 8 ? in_u64() : 0;
}

static void guest_state(struct sw_run *run)
{
	static const u32 which[] = {
		SW_VM_GUEST_CR0, SW_VM_GUEST_CR3, SW_VM_GUEST_CR4,
		SW_VM_GUEST_EFER, SW_VM_GUEST_RIP, SW_VM_GUEST_CS_AR,
		SW_VM_GUEST_SS_AR, SW_VM_GUEST_INTERRUPTIBILITY,
		SW_VM_GUEST_RFLAGS, SW_VM_GUEST_INTR_STATUS,
	};
	u8 b = in_byte();

	*field(run->vp, which[b % SW_ARRAY_SIZE(which)]) =
		b & 0x80 ? in_u64() : b & 0x40 ? in_operand('G') : SW_EFER_LMA;
}

void sw_guest_run(struct sw_run *run)
{
	if (entering)
		check_answer(run);
	entering = false;
	set_secrets(run);
	memset(&run->exit, 0, sizeof(run->exit));
	run->exit.reason = SW_XR_EXTERNAL_INTERRUPT;
	if (input_ended() || runs++ == MAX_RUNS)
		return;
	switch (in_byte() & 15) {
	case 0 ... 5:
		guest_tdcall(run);
		break;
	case 6 ... 8:
		fuzz_step(1);
		break;
	case 9:
		guest_violation(run);
		break;
	case 10 ... 11:
		guest_any(run);
		break;
	case 12:
		guest_state(run);
		break;
	default:
		break;
	}
}

void sw_guest_put(struct sw_run *run)
{
	sw_xstate_exit(run, host_xsave);
}

u64 sw_guest_read(struct sw_run *run, u32 encoding)
{
	return *field(run->vp, encoding);
}

void sw_guest_write(struct sw_run *run, u32 encoding, u64 val)
{
	*field(run->vp, encoding) = val;
}

u64 sw_guest_vmcs_rd(struct sw_tdvps *vp, u32 encoding, u64 *val)
{
	*val = *field(vp, encoding);
	return 0;
}

u64 sw_guest_vmcs_wr(struct sw_tdvps *vp, u32 encoding, u64 val)
{
	*field(vp, encoding) = val;
	return 0;
}

void sw_guest_nmi_window(struct sw_run *run, bool on)
{
}

void sw_guest_set_xcr0(struct sw_run *run, u64 val)
{
	run->vp->xcr0 = val;
}

void sw_guest_set_xss(struct sw_run *run, u64 val)
{
}

void sw_guest_set_cr2(struct sw_run *run, u64 val)
{
	run->vp->cr2 = val;
}

u64 sw_guest_dr6(struct sw_run *run)
{
	return run->vp->dr6;
}

void sw_guest_set_dr6(struct sw_run *run, u64 val)
{
	run->vp->dr6 = val;
}

void *sw_guest_pid(struct sw_run *run)
{
	return NULL;
}
