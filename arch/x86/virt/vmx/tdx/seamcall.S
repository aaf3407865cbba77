/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SEAMCALL instruction.
 *
 *   u64 __seamcall*(u64 leaf, struct tdx_module_args *args)
 *
 * RAX carries the leaf in and the status out.  CF set means VMfailInvalid: no
 * TDX module took the call.  Where the instruction itself faults, the
 * exception table continues at the fix-up with the trap number in EAX.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/asm-offsets.h>
#include <asm/frame.h>
#include <asm/tdx.h>

/*
 * Execute SEAMCALL with the leaf in RAX; leave the status there.  On a fault
 * there was no call, so nothing is lost by using R11.
 */
.macro EXECUTE_SEAMCALL
1:	.byte	0x66, 0x0f, 0x01, 0xcf
	jnc	3f
	movabsq	$TDX_SEAMCALL_VMFAILINVALID, %rax
	jmp	3f
2:	movabsq	$TDX_SW_ERROR, %r11
	orq	%r11, %rax
3:
	_ASM_EXTABLE_FAULT(1b, 2b)
.endm

/* RSI points to the arguments. */
.macro LOAD_ARGS
	movq	TDX_MODULE_rcx(%rsi), %rcx
	movq	TDX_MODULE_rdx(%rsi), %rdx
	movq	TDX_MODULE_r8(%rsi), %r8
	movq	TDX_MODULE_r9(%rsi), %r9
	movq	TDX_MODULE_r10(%rsi), %r10
	movq	TDX_MODULE_r11(%rsi), %r11
.endm

.macro SAVE_ARGS
	movq	%rcx, TDX_MODULE_rcx(%rsi)
	movq	%rdx, TDX_MODULE_rdx(%rsi)
	movq	%r8, TDX_MODULE_r8(%rsi)
	movq	%r9, TDX_MODULE_r9(%rsi)
	movq	%r10, TDX_MODULE_r10(%rsi)
	movq	%r11, TDX_MODULE_r11(%rsi)
.endm

/* For leaves whose only output is the status. */
SYM_FUNC_START(__seamcall)
	FRAME_BEGIN
	movq	%rdi, %rax
	LOAD_ARGS
	EXECUTE_SEAMCALL
	FRAME_END
	RET
SYM_FUNC_END(__seamcall)

/* The module preserves RSI: no leaf but VP.ENTER has an output there. */
SYM_FUNC_START(__seamcall_ret)
	FRAME_BEGIN
	movq	%rdi, %rax
	LOAD_ARGS
	EXECUTE_SEAMCALL
	SAVE_ARGS
	FRAME_END
	RET
SYM_FUNC_END(__seamcall_ret)

/*
 * All registers, for VP.ENTER.  The guest chooses what comes back in them, so
 * clear all of them: no code that runs speculatively shall see a guest's value.
 * That includes those that the stack restores, as the load may be speculated
 * past.  RBP is the exception: TDs are created with NO_RBP_MOD, which makes the
 * module preserve it.
 *
 * A status with the error bit comes without outputs, and the arguments stay: the
 * guest has not run, and they are the answer that it still waits for.
 *
 * KVM enters the guest from code that must not be instrumented.
 */
.pushsection .noinstr.text, "ax"
SYM_FUNC_START(__seamcall_saved_ret)
	FRAME_BEGIN
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rsi

	movq	%rdi, %rax
	LOAD_ARGS
	movq	TDX_MODULE_r12(%rsi), %r12
	movq	TDX_MODULE_r13(%rsi), %r13
	movq	TDX_MODULE_r14(%rsi), %r14
	movq	TDX_MODULE_r15(%rsi), %r15
	movq	TDX_MODULE_rbx(%rsi), %rbx
	movq	TDX_MODULE_rdi(%rsi), %rdi
	movq	TDX_MODULE_rsi(%rsi), %rsi

	EXECUTE_SEAMCALL
	testq	%rax, %rax
	js	4f

	pushq	%rsi
	movq	8(%rsp), %rsi
	SAVE_ARGS
	movq	%r12, TDX_MODULE_r12(%rsi)
	movq	%r13, TDX_MODULE_r13(%rsi)
	movq	%r14, TDX_MODULE_r14(%rsi)
	movq	%r15, TDX_MODULE_r15(%rsi)
	movq	%rbx, TDX_MODULE_rbx(%rsi)
	movq	%rdi, TDX_MODULE_rdi(%rsi)
	popq	%rdi
	movq	%rdi, TDX_MODULE_rsi(%rsi)
4:
	xorl	%esi, %esi
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	xorl	%ebx, %ebx

	popq	%rsi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	FRAME_END
	RET
SYM_FUNC_END(__seamcall_saved_ret)
.popsection
