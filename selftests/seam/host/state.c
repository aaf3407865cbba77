// SPDX-License-Identifier: GPL-2.0-only
/* The host's state across a SEAMCALL, and the state in which the module starts. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/smp.h>

#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/special_insns.h>

#include "host.h"

static const u32 msrs[] = {
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_STAR, MSR_LSTAR,
	MSR_CSTAR, MSR_SYSCALL_MASK, MSR_TSC_AUX, MSR_EFER, MSR_IA32_CR_PAT,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
	MSR_IA32_DEBUGCTLMSR, MSR_IA32_S_CET, MSR_IA32_PL0_SSP, MSR_IA32_INT_SSP_TAB,
	MSR_IA32_XSS,
};

#define ITEMS	48

struct snapshot {
	u64 item[ITEMS];
	unsigned int nr;
};

#define PUT(s, val)	((s)->item[(s)->nr++] = (val))

static u32 limit(u16 selector)
{
	u32 val = 0;

	asm volatile("lsl %1, %0" : "+r" (val) : "r" ((u32)selector) : "cc");
	return val;
}

static void take_tables(struct snapshot *s)
{
	struct desc_ptr dt;
	u16 sel;

	native_store_gdt(&dt);
	PUT(s, dt.size);
	PUT(s, dt.address);
	store_idt(&dt);
	PUT(s, dt.size);
	PUT(s, dt.address);
	asm volatile("str %0" : "=m" (sel));
	PUT(s, sel);
	PUT(s, limit(sel));
	asm volatile("sldt %0" : "=m" (sel));
	PUT(s, sel);
	asm volatile("mov %%cs, %0" : "=m" (sel));
	PUT(s, sel);
	savesegment(ss, sel);
	PUT(s, sel);
	savesegment(ds, sel);
	PUT(s, sel);
	savesegment(es, sel);
	PUT(s, sel);
	savesegment(fs, sel);
	PUT(s, sel);
	savesegment(gs, sel);
	PUT(s, sel);
}

static void take(struct snapshot *s)
{
	unsigned int i;
	u64 val;

	s->nr = 0;
	take_tables(s);
	PUT(s, native_read_cr0());
	PUT(s, native_read_cr2());
	PUT(s, __native_read_cr3());
	PUT(s, native_read_cr4());
	PUT(s, native_get_debugreg(0));
	PUT(s, native_get_debugreg(3));
	PUT(s, native_get_debugreg(6));
	PUT(s, native_get_debugreg(7));
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (!rdmsrl_safe(msrs[i], &val))
			PUT(s, val);
}

static unsigned int differences(const struct snapshot *a, const struct snapshot *b)
{
	unsigned int i, n = 0;

	for (i = 0; i < a->nr; i++) {
		if (a->item[i] == b->item[i])
			continue;
		pr_info("# item %u was %#llx, is %#llx\n", i, a->item[i], b->item[i]);
		n++;
	}
	return n;
}

/* RFLAGS but for those that the module clears, as VMsucceed does. */
#define FLAGS_KEPT	(BIT(1) | X86_EFLAGS_ID | X86_EFLAGS_AC)

/* With a breakpoint that no one meets, so that DR7 is not what the module has. */
void test_host_state(void)
{
	struct snapshot before, after;
	struct host_call call = {};
	unsigned long flags, dr0, dr7;
	unsigned int vector;

	local_irq_save(flags);
	dr0 = native_get_debugreg(0);
	dr7 = native_get_debugreg(7);
	native_set_debugreg(0, (unsigned long)host_page);
	native_set_debugreg(7, dr7 | 0x700);
	take(&before);
	call.regs.r[SEAM_RAX] = SEAM_ECHO;
	call.rflags = FLAGS_KEPT | HOST_ARITHMETIC;
	vector = host_seamcall(&call);
	take(&after);
	native_set_debugreg(7, dr7);
	native_set_debugreg(0, dr0);
	local_irq_restore(flags);
	check(!vector && !differences(&before, &after),
	      "the host's segments, tables, control and debug registers and MSRs are the same after a SEAMCALL");
	check_eq(call.rflags, FLAGS_KEPT, "SEAMRET loads the RFLAGS that the module has written");
}

static struct seam_state *get_state(struct host_call *call, u64 page)
{
	unsigned long flags;
	u64 rax;

	local_irq_save(flags);
	memset(call, 0, sizeof(*call));
	call->regs.r[SEAM_RAX] = SEAM_STATE;
	call->regs.r[SEAM_RCX] = page;
	call->rflags = 2 | HOST_ARITHMETIC;
	rax = host_seamcall(call) ? ~0ULL : call->regs.r[SEAM_RAX];
	local_irq_restore(flags);
	return rax == SEAM_STATUS_OK ? __va(page) : NULL;
}

static void check_entry(const struct seam_state *s)
{
	const u64 cr0 = X86_CR0_PE | X86_CR0_NE | X86_CR0_WP | X86_CR0_PG;
	u64 cr4 = X86_CR4_PAE | X86_CR4_VMXE | X86_CR4_SMEP | X86_CR4_CET |
		  X86_CR4_FSGSBASE;

	if (boot_cpu_has(X86_FEATURE_SMAP))
		cr4 |= X86_CR4_SMAP;
	check_eq(s->cr0 & cr0, cr0, "the module starts with paging and write protection");
	check_eq(s->cr4 & cr4, cr4, "the module starts with SMEP, SMAP, CET and FSGSBASE");
	check_eq(s->rflags, 2, "the module starts with all of RFLAGS clear");
	check_eq(s->dr7, 0x400, "the module starts without breakpoints");
	check_eq(s->efer, 0xd00, "the module starts with EFER 0xd00");
	check_eq(s->pat, 0x0006060606060606ULL, "the module starts with its own PAT");
	check_eq(s->s_cet, 0x15, "the module starts with shadow stack and IBT on");
	check(s->cs == 8 && s->ss == 0x10 && s->fs == 0x18 && s->gs == 0x18 &&
	      s->tr == 0x20, "the module starts with selectors 8, 0x10, 0x18, 0x20");
	check(s->gdt_base == s->idt_base + 2048 && !(s->idt_base & 0xfff) &&
	      s->idt_base - s->code_base < s->code_size,
	      "IDT and GDT are the two halves of a page of the image");
	check_eq(s->idt_gate0_offset, s->fault_wrapper,
		 "the IDT's first gate is the fault wrapper");
	check(s->relocated == s->relocated_to && s->image - s->code_base < s->code_size,
	      "the image is relocated");
}

static void check_transfer(const struct seam_state *s, const struct host_call *call)
{
	u64 first = seamrr_base() + PAGE_SIZE;

	check_eq(s->vmptr, first + s->cpu * PAGE_SIZE,
		 "this CPU's transfer VMCS is the current one");
	check_eq(s->exit_reason, 76, "the exit reason of a SEAMCALL is 76");
	check_eq(s->exit_length, 4, "the instruction length of a SEAMCALL is 4");
	check_eq(s->host_rip, (u64)host_seamcall_insn, "the host's RIP is the SEAMCALL's");
	check_eq(s->host_rsp, call->rsp, "the host's RSP is in the transfer VMCS");
	check_eq(s->host_rflags, 2 | HOST_ARITHMETIC,
		 "the host's RFLAGS are in the transfer VMCS");
	check(s->host_cr3 == __native_read_cr3() && s->host_cs == __KERNEL_CS &&
	      s->host_tr == GDT_ENTRY_TSS * 8 && s->host_gs_base == __rdmsr(MSR_GS_BASE),
	      "the host's CR3, CS, TR and GS base are in the transfer VMCS");
	check(!s->host_interruptibility && !s->host_activity,
	      "the host is active and blocks nothing");
}

static void check_regions(const struct seam_state *s)
{
	u64 stride = (SEAM_STACK_PAGES + 1) * PAGE_SIZE;
	u64 stack = s->stack_base + s->cpu * stride;
	u64 local = s->data_base + SEAM_HANDOFF_PAGES * PAGE_SIZE;
	u64 cpus = num_online_cpus();

	check_eq(s->status, 1, "SYS_INFO says that a module is loaded");
	check_eq(s->lps, cpus, "SYS_INFO has the number of CPUs");
	check_eq(s->cpuid_1_eax, cpuid_eax(1), "SYS_INFO has the CPU's CPUID.1.EAX");
	check(s->stack_pages == SEAM_STACK_PAGES - 1 && s->tls_pages == SEAM_TLS_PAGES - 1 &&
	      s->handoff_pages == SEAM_HANDOFF_PAGES - 1 &&
	      s->module_hv == SEAM_MODULE_HV && s->min_update_hv == SEAM_MIN_UPDATE_HV &&
	      !s->no_downgrade, "SYS_INFO has the SIGSTRUCT's figures");
	check_eq(s->stack_size, cpus * stride, "each CPU has its stack and shadow stack");
	check_eq(s->data_size,
		 (SEAM_HANDOFF_PAGES + cpus * SEAM_TLS_PAGES + SEAM_GLOBAL_PAGES) * PAGE_SIZE,
		 "the data region has handoff, local and global data");
	check(s->keyhole_size >= cpus * SEAM_KEYHOLES * PAGE_SIZE &&
	      s->edit_size >= cpus * SEAM_KEYHOLES * 8, "each CPU has its keyholes");
	check_eq(s->gs_base, local + s->cpu * SEAM_TLS_PAGES * PAGE_SIZE,
		 "GS base is the CPU's local data");
	check_eq(s->rsp, stack + SEAM_STACK_PAGES * PAGE_SIZE - 64,
		 "RSP is 64 below the end of the CPU's stack");
	check_eq(s->ssp, stack + stride - 8, "SSP is 8 below the end of its shadow stack");
}

static void check_cmrs(const struct seam_state *s)
{
	u64 base = seamrr_base(), sum = 0;
	bool clear = true;
	unsigned int i;

	for (i = 0; i < SEAM_CMRS && s->cmr[i].size; i++) {
		sum += s->cmr[i].size;
		if (s->cmr[i].base < base + SEAMRR_SIZE &&
		    base < s->cmr[i].base + s->cmr[i].size)
			clear = false;
	}
	check(sum >= totalram_pages() * PAGE_SIZE, "the CMRs hold the host's memory");
	check(clear, "SEAMRR is in no CMR");
}

void test_module_state(void)
{
	struct host_call call;
	const struct seam_state *s = get_state(&call, host_page());

	check(s, "the module tells its state");
	if (!s)
		return;
	check_entry(s);
	check_transfer(s, &call);
	check_regions(s);
	check_cmrs(s);
}

struct state_of_cpu {
	u64 page;
	const struct seam_state *s;
};

static void get_state_here(void *arg)
{
	struct state_of_cpu *of = arg;
	struct host_call call;

	of->s = get_state(&call, of->page);
}

/* On the first CPU, with the second one asked from here. */
void test_two_states(void)
{
	struct state_of_cpu a = { host_page() }, b = { host_page() }, c = { host_page() };

	get_state_here(&a);
	smp_call_function_single(1, get_state_here, &b, 1);
	get_state_here(&c);
	check(a.s && b.s && c.s, "both CPUs' module tells its state");
	if (!a.s || !b.s || !c.s)
		return;
	check(a.s->vmptr != b.s->vmptr && a.s->vmptr == c.s->vmptr,
	      "each CPU has its own transfer VMCS");
	check(a.s->gs_base != b.s->gs_base && a.s->rsp != b.s->rsp && a.s->ssp != b.s->ssp &&
	      a.s->cpu != b.s->cpu, "each CPU has its own local data and stacks");
	check(a.s->fs_base == b.s->fs_base && a.s->cr3 == b.s->cr3 &&
	      a.s->code_base == b.s->code_base, "both CPUs share SYS_INFO and page tables");
	check(c.s->calls == a.s->calls + 1, "a CPU's local data stay between its calls");
}
