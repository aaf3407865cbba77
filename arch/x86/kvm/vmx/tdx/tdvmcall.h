/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers to TDG.VP.VMCALL, for tdvmcall.c and fastpath.c. */
#ifndef _KVM_VMX_TDX_TDVMCALL_H
#define _KVM_VMX_TDX_TDVMCALL_H

#include "tdx.h"

/* R10 of an answer. */
#define TDVMCALL_SUCCESS		0ULL
#define TDVMCALL_RETRY			1ULL
#define TDVMCALL_INVALID_OPERAND	0x8000000000000000ULL
#define TDVMCALL_ALIGN_ERROR		0x8000000000000002ULL
#define TDVMCALL_SUBFUNC_UNSUPPORTED	0x8000000000000003ULL

static inline int tdvmcall_answer(struct vcpu_tdx *tdx, u64 r10)
{
	tdx->args.r10 = r10;
	return 1;
}

static inline int tdvmcall_answer_value(struct vcpu_tdx *tdx, u64 r11)
{
	tdx->args.r11 = r11;
	return tdvmcall_answer(tdx, TDVMCALL_SUCCESS);
}

/* CPUID: EAX to EDX, as kvm_cpuid() gives them. */
static inline int tdvmcall_answer_cpuid(struct vcpu_tdx *tdx,
					const struct tdx_cpuid *c)
{
	tdx->args.r12 = c->eax;
	tdx->args.r13 = c->ebx;
	tdx->args.r14 = c->ecx;
	tdx->args.r15 = c->edx;
	return tdvmcall_answer(tdx, TDVMCALL_SUCCESS);
}

#endif /* _KVM_VMX_TDX_TDVMCALL_H */
