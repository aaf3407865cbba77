// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDG.VP.VMCALL: what the guest asks of the VMM, after the GHCI.  R10 says
 * which set of calls (0: the GHCI's own), R11 which call, R12 to R15 hold its
 * arguments; R10 and R11 take the answer.  All of it is the guest's: believe
 * nothing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>
#include <linux/kvm_para.h>

#include "../../x86.h"
#include "../../trace.h"
#include "tdvmcall.h"

/* R11 of a call, beside VMX exit reasons and what <asm/shared/tdx.h> has. */
#define TDVMCALL_GET_TD_VM_CALL_INFO	0x10000
#define TDVMCALL_SETUP_EVENT_NOTIFY	0x10004

/* One exit of MapGPA; between two of them interrupts get their chance. */
#define MAP_GPA_CHUNK			SZ_2M

static_assert(sizeof(struct kvm_tdx_exit) <=
	      sizeof_field(struct kvm_run, padding));

/* Is [gpa, gpa + size) within one half of the TD's address space? */
static bool tdvmcall_range_ok(struct vcpu_tdx *tdx, gpa_t gpa, u64 size)
{
	const struct kvm_tdx *kvm_tdx = to_kvm_tdx(tdx->vmx.vcpu.kvm);
	gpa_t last = gpa + size - 1;

	if (!size || last < gpa || last >> kvm_tdx->gpaw)
		return false;
	return !((gpa ^ last) & tdx_shared_bit(kvm_tdx));
}

static bool tdvmcall_shared_range_ok(struct vcpu_tdx *tdx, gpa_t gpa, u64 size)
{
	return (gpa & tdx_shared_bit(to_kvm_tdx(tdx->vmx.vcpu.kvm))) &&
	       tdvmcall_range_ok(tdx, gpa, size);
}

static gpa_t tdvmcall_strip(struct vcpu_tdx *tdx, gpa_t gpa)
{
	return gpa & ~tdx_shared_bit(to_kvm_tdx(tdx->vmx.vcpu.kvm));
}

/*
 * KVM's helpers leave user space's answer in their own place when it comes
 * back; go through theirs to ours.
 */
static void tdvmcall_chain(struct vcpu_tdx *tdx,
			   int (*done)(struct kvm_vcpu *vcpu))
{
	struct kvm_vcpu *vcpu = &tdx->vmx.vcpu;

	tdx->complete_io = vcpu->arch.complete_userspace_io;
	vcpu->arch.complete_userspace_io = done;
}

/* --- instructions --- */

static int tdvmcall_cpuid(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	struct tdx_cpuid c = {
		.leaf = tdx->args.r12,
		.subleaf = tdx->args.r13,
		.eax = tdx->args.r12,
		.ecx = tdx->args.r13,
	};

	if (tdx->args.r12 >> 32 || tdx->args.r13 >> 32)
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);

	if (kvm_cpuid(vcpu, &c.eax, &c.ebx, &c.ecx, &c.edx, false))
		tdx_fastpath_keep_cpuid(tdx, &c);
	return tdvmcall_answer_cpuid(tdx, &c);
}

static int tdvmcall_hlt(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret;

	/* R10 and R11 still say HLT while the vCPU sleeps, see irq.c. */
	tdvmcall_answer(tdx, TDVMCALL_SUCCESS);
	tdx->in_hlt = true;
	ret = kvm_emulate_halt_noskip(vcpu);
	tdx->in_hlt = false;
	return ret;
}

static int tdvmcall_pio_in_done(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	return tdvmcall_answer_value(tdx, kvm_tdx_pio_in_done(vcpu, tdx->args.r14,
							      tdx->args.r12));
}

/* The guest has its answer. */
static int tdvmcall_pio_out_done(struct kvm_vcpu *vcpu)
{
	return 1;
}

static int tdvmcall_io(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	u64 size = tdx->args.r12, write = tdx->args.r13, port = tdx->args.r14;
	u32 val = write ? tdx->args.r15 : 0;
	bool done;

	++vcpu->stat.io_exits;

	if ((size != 1 && size != 2 && size != 4) || write > 1 ||
	    port > U16_MAX || port + size - 1 > U16_MAX)
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);

	done = kvm_tdx_pio(vcpu, port, size, !write, &val);
	if (write) {
		tdvmcall_answer(tdx, TDVMCALL_SUCCESS);
		if (!done)
			vcpu->arch.complete_userspace_io = tdvmcall_pio_out_done;
	} else if (done) {
		tdvmcall_answer_value(tdx, val);
	} else {
		vcpu->arch.complete_userspace_io = tdvmcall_pio_in_done;
	}
	return done;
}

/* Called by kvm_emulate_rdmsr() and kvm_emulate_wrmsr() when all is known. */
int tdx_complete_emulated_msr(struct kvm_vcpu *vcpu, int err)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	if (err)
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);
	if (tdx->args.r11 == EXIT_REASON_MSR_READ)
		return tdvmcall_answer_value(tdx, kvm_read_edx_eax(vcpu));
	return tdvmcall_answer(tdx, TDVMCALL_SUCCESS);
}

static int tdvmcall_msr(struct kvm_vcpu *vcpu, bool write)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	if (tdx->args.r12 >> 32)
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);

	kvm_rcx_write(vcpu, tdx->args.r12);
	if (!write)
		return kvm_emulate_rdmsr(vcpu);
	kvm_rax_write(vcpu, lower_32_bits(tdx->args.r13));
	kvm_rdx_write(vcpu, upper_32_bits(tdx->args.r13));
	return kvm_emulate_wrmsr(vcpu);
}

/* --- MMIO --- */

static u64 tdvmcall_mmio_value(struct vcpu_tdx *tdx)
{
	u64 size = tdx->args.r12;

	return size == 8 ? tdx->mmio_data :
			   tdx->mmio_data & GENMASK_ULL(size * 8 - 1, 0);
}

static int tdvmcall_mmio_read_done(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret = tdx->complete_io(vcpu);

	/* 0: the rest of the access needs another exit. */
	if (ret)
		tdvmcall_answer_value(tdx, tdvmcall_mmio_value(tdx));
	else
		tdvmcall_chain(tdx, tdvmcall_mmio_read_done);
	return ret;
}

static int tdvmcall_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, u64 size)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret;

	tdx->mmio_data = 0;
	ret = kvm_sev_es_mmio_read(vcpu, gpa, size, &tdx->mmio_data);
	if (ret > 0)
		tdvmcall_answer_value(tdx, tdvmcall_mmio_value(tdx));
	else if (!ret)
		tdvmcall_chain(tdx, tdvmcall_mmio_read_done);
	return ret;
}

static int tdvmcall_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, u64 size)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	tdx->mmio_data = tdx->args.r15;
	tdvmcall_answer(tdx, TDVMCALL_SUCCESS);

	/* An ioeventfd that takes any length and value is quicker served. */
	if (!kvm_io_bus_write(vcpu, KVM_FAST_MMIO_BUS, gpa, 0, NULL)) {
		trace_kvm_fast_mmio(gpa);
		return 1;
	}
	return kvm_sev_es_mmio_write(vcpu, gpa, size, &tdx->mmio_data);
}

static int tdvmcall_mmio(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	u64 size = tdx->args.r12, write = tdx->args.r13;
	gpa_t gpa = tdx->args.r14;

	if ((size != 1 && size != 2 && size != 4 && size != 8) || write > 1)
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);
	/* The host has no business at a private address, not even there. */
	if (!tdvmcall_shared_range_ok(tdx, gpa, size))
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);

	gpa = tdvmcall_strip(tdx, gpa);
	return write ? tdvmcall_mmio_write(vcpu, gpa, size) :
		       tdvmcall_mmio_read(vcpu, gpa, size);
}

/* --- memory conversion --- */

static int tdvmcall_map_gpa_exit(struct vcpu_tdx *tdx);

/* R11 is the first page that was not converted, whatever the reason. */
static int tdvmcall_map_gpa_failed(struct vcpu_tdx *tdx, gpa_t gpa, u64 r10)
{
	tdx->args.r11 = gpa;
	return tdvmcall_answer(tdx, r10);
}

static int tdvmcall_map_gpa_done(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	switch (READ_ONCE(vcpu->run->hypercall.ret)) {
	case 0:
		break;
	case EAGAIN:
		return tdvmcall_map_gpa_failed(tdx, tdx->map_gpa_next,
					       TDVMCALL_RETRY);
	case EINVAL:
		return tdvmcall_map_gpa_failed(tdx, tdx->map_gpa_next,
					       TDVMCALL_INVALID_OPERAND);
	default:
		/* Of no meaning to the guest: KVM_RUN itself fails. */
		return -EINVAL;
	}

	tdx->map_gpa_next = min(tdx->map_gpa_end,
				ALIGN(tdx->map_gpa_next + 1, MAP_GPA_CHUNK));
	if (tdx->map_gpa_next >= tdx->map_gpa_end)
		return tdvmcall_answer(tdx, TDVMCALL_SUCCESS);

	/* The guest takes the event, and asks for the rest. */
	if (kvm_tdx_vcpu_has_events(vcpu))
		return tdvmcall_map_gpa_failed(tdx, tdx->map_gpa_next,
					       TDVMCALL_RETRY);
	return tdvmcall_map_gpa_exit(tdx);
}

static int tdvmcall_map_gpa_exit(struct vcpu_tdx *tdx)
{
	struct kvm_vcpu *vcpu = &tdx->vmx.vcpu;
	struct kvm_run *run = vcpu->run;
	gpa_t gpa = tdx->map_gpa_next;
	gpa_t end = min(tdx->map_gpa_end, ALIGN(gpa + 1, MAP_GPA_CHUNK));

	run->exit_reason = KVM_EXIT_HYPERCALL;
	memset(&run->hypercall, 0, sizeof(run->hypercall));
	run->hypercall.nr = KVM_HC_MAP_GPA_RANGE;
	run->hypercall.args[0] = tdvmcall_strip(tdx, gpa);
	run->hypercall.args[1] = (end - gpa) >> PAGE_SHIFT;
	run->hypercall.args[2] = tdvmcall_strip(tdx, gpa) == gpa ?
				 KVM_MAP_GPA_RANGE_ENCRYPTED :
				 KVM_MAP_GPA_RANGE_DECRYPTED;
	run->hypercall.flags = KVM_EXIT_HYPERCALL_LONG_MODE;
	vcpu->arch.complete_userspace_io = tdvmcall_map_gpa_done;
	return 0;
}

static int tdvmcall_map_gpa(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	gpa_t gpa = tdx->args.r12;
	u64 size = tdx->args.r13;

	if (!(vcpu->kvm->arch.hypercall_exit_enabled & BIT(KVM_HC_MAP_GPA_RANGE)))
		return tdvmcall_map_gpa_failed(tdx, gpa,
					       TDVMCALL_SUBFUNC_UNSUPPORTED);
	if (!tdvmcall_range_ok(tdx, gpa, size))
		return tdvmcall_map_gpa_failed(tdx, gpa,
					       TDVMCALL_INVALID_OPERAND);
	if (!PAGE_ALIGNED(gpa) || !PAGE_ALIGNED(size))
		return tdvmcall_map_gpa_failed(tdx, gpa, TDVMCALL_ALIGN_ERROR);

	tdx->map_gpa_next = gpa;
	tdx->map_gpa_end = gpa + size;
	return tdvmcall_map_gpa_exit(tdx);
}

/* --- calls that user space answers --- */

/* kvm_run's exit payloads share one place; 6.12 has no name for this one. */
static struct kvm_tdx_exit *tdvmcall_user_exit(struct kvm_vcpu *vcpu, u64 nr,
					       int (*done)(struct kvm_vcpu *vcpu))
{
	struct kvm_tdx_exit *exit = (void *)vcpu->run->padding;

	memset(exit, 0, sizeof(*exit));
	exit->nr = nr;
	vcpu->run->exit_reason = KVM_EXIT_TDX;
	vcpu->arch.complete_userspace_io = done;
	return exit;
}

/* u.*.ret is the first member of every variant. */
static int tdvmcall_user_done(struct kvm_vcpu *vcpu)
{
	const struct kvm_tdx_exit *exit = (void *)vcpu->run->padding;

	return tdvmcall_answer(to_tdx(vcpu), READ_ONCE(exit->u.unknown.ret));
}

static int tdvmcall_info_done(struct kvm_vcpu *vcpu)
{
	const struct kvm_tdx_exit *exit = (void *)vcpu->run->padding;
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	tdx->args.r11 = READ_ONCE(exit->u.get_tdvmcall_info.r11);
	tdx->args.r12 = READ_ONCE(exit->u.get_tdvmcall_info.r12);
	tdx->args.r13 = READ_ONCE(exit->u.get_tdvmcall_info.r13);
	tdx->args.r14 = READ_ONCE(exit->u.get_tdvmcall_info.r14);
	return tdvmcall_user_done(vcpu);
}

static int tdvmcall_get_info(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	struct kvm_tdx_exit *exit;

	switch (tdx->args.r12) {
	case 0:
		/* The calls that every VMM has to know are all there. */
		tdx->args.r12 = 0;
		tdx->args.r13 = 0;
		tdx->args.r14 = 0;
		return tdvmcall_answer_value(tdx, 0);
	case 1:
		exit = tdvmcall_user_exit(vcpu, TDVMCALL_GET_TD_VM_CALL_INFO,
					  tdvmcall_info_done);
		exit->u.get_tdvmcall_info.ret = TDVMCALL_SUCCESS;
		exit->u.get_tdvmcall_info.leaf = tdx->args.r12;
		return 0;
	default:
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);
	}
}

static int tdvmcall_get_quote(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	gpa_t gpa = tdx->args.r12;
	struct kvm_tdx_exit *exit;

	/* KVM has no use for the buffer: the rest is for user space to judge. */
	if (tdvmcall_strip(tdx, gpa) == gpa)
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);

	exit = tdvmcall_user_exit(vcpu, TDVMCALL_GET_QUOTE, tdvmcall_user_done);
	exit->u.get_quote.ret = TDVMCALL_SUBFUNC_UNSUPPORTED;
	exit->u.get_quote.gpa = tdvmcall_strip(tdx, gpa);
	exit->u.get_quote.size = tdx->args.r13;
	return 0;
}

static int tdvmcall_setup_event_notify(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	struct kvm_tdx_exit *exit;

	/* The lower vectors are exceptions'. */
	if (tdx->args.r12 < 32 || tdx->args.r12 > 255)
		return tdvmcall_answer(tdx, TDVMCALL_INVALID_OPERAND);

	exit = tdvmcall_user_exit(vcpu, TDVMCALL_SETUP_EVENT_NOTIFY,
				  tdvmcall_user_done);
	exit->u.setup_event_notify.ret = TDVMCALL_SUBFUNC_UNSUPPORTED;
	exit->u.setup_event_notify.vector = tdx->args.r12;
	return 0;
}

/*
 * The registers in the order of their numbers; RAX is TDH.VP.ENTER's status, the
 * hidden ones read as 0.
 */
static int tdvmcall_report_fatal_error(struct kvm_vcpu *vcpu)
{
	const struct tdx_module_args *a = &to_tdx(vcpu)->args;
	const u64 regs[16] = {
		to_tdx(vcpu)->vp_enter_ret, a->rcx, a->rdx, a->rbx,
		0, 0, a->rsi, a->rdi,
		a->r8, a->r9, a->r10, a->r11, a->r12, a->r13, a->r14, a->r15,
	};

	static_assert(sizeof(regs) ==
		      sizeof_field(struct kvm_run, system_event.data));

	vcpu->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	vcpu->run->system_event.type = KVM_SYSTEM_EVENT_TDX_FATAL;
	vcpu->run->system_event.ndata = ARRAY_SIZE(regs);
	memcpy(vcpu->run->system_event.data, regs, sizeof(regs));
	/* A VMM that runs the vCPU again answers the call. */
	tdvmcall_answer(to_tdx(vcpu), TDVMCALL_SUCCESS);
	return 0;
}

/* --- KVM's own hypercalls --- */

static int tdvmcall_hypercall_done(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret = tdx->complete_io(vcpu);

	tdvmcall_answer(tdx, kvm_rax_read(vcpu));
	return ret;
}

static int tdvmcall_hypercall(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	const struct tdx_module_args *a = &tdx->args;
	unsigned long ret;

	ret = __kvm_emulate_hypercall(vcpu, a->r10, a->r11, a->r12, a->r13,
				      a->r14, true, 0);
	if (a->r10 == KVM_HC_MAP_GPA_RANGE && !ret) {
		/* A VMM may take it for granted that this is 0, and leave it. */
		vcpu->run->hypercall.ret = 0;
		tdvmcall_chain(tdx, tdvmcall_hypercall_done);
		return 0;
	}
	return tdvmcall_answer(tdx, ret);
}

static enum td_stat tdvmcall_stat(const struct tdx_module_args *a)
{
	if (a->r10)
		return TD_STAT_CALL_HYPERCALL;

	switch (a->r11) {
	case EXIT_REASON_CPUID:
		return TD_STAT_CALL_CPUID;
	case EXIT_REASON_HLT:
		return TD_STAT_CALL_HLT;
	case EXIT_REASON_IO_INSTRUCTION:
		return TD_STAT_CALL_IO;
	case EXIT_REASON_MSR_READ:
		return TD_STAT_CALL_RDMSR;
	case EXIT_REASON_MSR_WRITE:
		return TD_STAT_CALL_WRMSR;
	case EXIT_REASON_EPT_VIOLATION:
		return TD_STAT_CALL_MMIO;
	case TDVMCALL_GET_TD_VM_CALL_INFO:
		return TD_STAT_CALL_INFO;
	case TDVMCALL_MAP_GPA:
		return TD_STAT_CALL_MAP_GPA;
	case TDVMCALL_GET_QUOTE:
		return TD_STAT_CALL_GET_QUOTE;
	case TDVMCALL_REPORT_FATAL_ERROR:
		return TD_STAT_CALL_FATAL_ERROR;
	case TDVMCALL_SETUP_EVENT_NOTIFY:
		return TD_STAT_CALL_EVENT_NOTIFY;
	default:
		return TD_STAT_CALL_UNKNOWN;
	}
}

int tdx_handle_tdvmcall(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	td_count(vcpu->kvm, tdvmcall_stat(&tdx->args));
	if (tdx->args.r10)
		return tdvmcall_hypercall(vcpu);

	switch (tdx->args.r11) {
	case EXIT_REASON_CPUID:
		return tdvmcall_cpuid(vcpu);
	case EXIT_REASON_HLT:
		return tdvmcall_hlt(vcpu);
	case EXIT_REASON_IO_INSTRUCTION:
		return tdvmcall_io(vcpu);
	case EXIT_REASON_MSR_READ:
		return tdvmcall_msr(vcpu, false);
	case EXIT_REASON_MSR_WRITE:
		return tdvmcall_msr(vcpu, true);
	case EXIT_REASON_EPT_VIOLATION:
		return tdvmcall_mmio(vcpu);
	case TDVMCALL_GET_TD_VM_CALL_INFO:
		return tdvmcall_get_info(vcpu);
	case TDVMCALL_MAP_GPA:
		return tdvmcall_map_gpa(vcpu);
	case TDVMCALL_GET_QUOTE:
		return tdvmcall_get_quote(vcpu);
	case TDVMCALL_REPORT_FATAL_ERROR:
		return tdvmcall_report_fatal_error(vcpu);
	case TDVMCALL_SETUP_EVENT_NOTIFY:
		return tdvmcall_setup_event_notify(vcpu);
	default:
		return tdvmcall_answer(tdx, TDVMCALL_SUBFUNC_UNSUPPORTED);
	}
}
