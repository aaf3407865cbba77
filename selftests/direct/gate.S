/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * void direct_call_gate(unsigned long entry): what an interrupt gate does,
 * for a vector that a VM exit has acknowledged.  Returns by the handler's
 * IRET.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>

	.text
SYM_FUNC_START(direct_call_gate)
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	push	$__KERNEL_DS
	push	%rbp
	pushf
	push	$__KERNEL_CS
	CALL_NOSPEC rdi
	/* IRET has taken the frame and set RSP to the one that it found there. */
	mov	%rbp, %rsp
	pop	%rbp
	RET
SYM_FUNC_END(direct_call_gate)

	.section .note.GNU-stack, "", @progbits
