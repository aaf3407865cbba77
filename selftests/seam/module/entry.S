/* SPDX-License-Identifier: GPL-2.0-only */
/* SEAMCALL comes in here, SEAMRET leaves; and faults that are expected. */
#include "local.h"

	.section .text.entry, "ax"
	.globl	seam_entry
	.hidden	seam_entry
seam_entry:
	endbr64
	mov	%rax, %gs:LOCAL_REGS + 0x00
	mov	%rcx, %gs:LOCAL_REGS + 0x08
	mov	%rdx, %gs:LOCAL_REGS + 0x10
	mov	%rbx, %gs:LOCAL_REGS + 0x18
	mov	%rbp, %gs:LOCAL_REGS + 0x20
	mov	%rsi, %gs:LOCAL_REGS + 0x28
	mov	%rdi, %gs:LOCAL_REGS + 0x30
	mov	%r8, %gs:LOCAL_REGS + 0x38
	mov	%r9, %gs:LOCAL_REGS + 0x40
	mov	%r10, %gs:LOCAL_REGS + 0x48
	mov	%r11, %gs:LOCAL_REGS + 0x50
	mov	%r12, %gs:LOCAL_REGS + 0x58
	mov	%r13, %gs:LOCAL_REGS + 0x60
	mov	%r14, %gs:LOCAL_REGS + 0x68
	mov	%r15, %gs:LOCAL_REGS + 0x70
	mov	%rsp, %gs:LOCAL_RSP
	pushf
	pop	%gs:LOCAL_RFLAGS
	xor	%eax, %eax
	rdsspq	%rax
	mov	%rax, %gs:LOCAL_SSP
	xor	%eax, %eax
	mov	%rax, %gs:LOCAL_TRY_RIP

	rdgsbase %rdi
	call	seam_main

	mov	%gs:LOCAL_REGS + 0x00, %rax
	mov	%gs:LOCAL_REGS + 0x08, %rcx
	mov	%gs:LOCAL_REGS + 0x10, %rdx
	mov	%gs:LOCAL_REGS + 0x18, %rbx
	mov	%gs:LOCAL_REGS + 0x20, %rbp
	mov	%gs:LOCAL_REGS + 0x28, %rsi
	mov	%gs:LOCAL_REGS + 0x30, %rdi
	mov	%gs:LOCAL_REGS + 0x38, %r8
	mov	%gs:LOCAL_REGS + 0x40, %r9
	mov	%gs:LOCAL_REGS + 0x48, %r10
	mov	%gs:LOCAL_REGS + 0x50, %r11
	mov	%gs:LOCAL_REGS + 0x58, %r12
	mov	%gs:LOCAL_REGS + 0x60, %r13
	mov	%gs:LOCAL_REGS + 0x68, %r14
	mov	%gs:LOCAL_REGS + 0x70, %r15
	/* SEAMRET */
	.byte	0x66, 0x0f, 0x01, 0xcd

/* void seam_triple_fault(void): nothing is left to take the #UD, and its #DF. */
	.globl	seam_triple_fault
	.hidden	seam_triple_fault
seam_triple_fault:
	endbr64
	push	$0
	push	$0
	lidt	(%rsp)
	ud2

/*
 * bool seam_try(void (*fn)(u64), u64 arg): true if fn came back, else the fault
 * is described in the local data.
 */
	.globl	seam_try
	.hidden	seam_try
seam_try:
	endbr64
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%gs:LOCAL_TRY_RIP
	push	%gs:LOCAL_TRY_RSP
	push	%gs:LOCAL_TRY_SSP
	mov	%rsp, %gs:LOCAL_TRY_RSP
	xor	%eax, %eax
	rdsspq	%rax
	mov	%rax, %gs:LOCAL_TRY_SSP
	lea	.Lfaulted(%rip), %rax
	mov	%rax, %gs:LOCAL_TRY_RIP
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	mov	$1, %eax
	jmp	.Ltried
.Lfaulted:
	endbr64
	xor	%eax, %eax
.Ltried:
	pop	%gs:LOCAL_TRY_SSP
	pop	%gs:LOCAL_TRY_RSP
	pop	%gs:LOCAL_TRY_RIP
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* The stack: vector, error code, RIP, CS, RFLAGS, RSP, SS. */
	.globl	seam_fault
	.hidden	seam_fault
seam_fault:
	cmpq	$VECTOR_BREAKPOINT, (%rsp)
	je	.Lbreakpoint
	cmpq	$0, %gs:LOCAL_TRY_RIP
	je	seam_triple_fault
	pop	%gs:LOCAL_VECTOR
	pop	%gs:LOCAL_ERROR
	pop	%gs:LOCAL_FAULT_RIP
	mov	%cr2, %rax
	mov	%rax, %gs:LOCAL_CR2
	mov	%gs:LOCAL_TRY_RSP, %rsp
	/* Drop what the calls and the fault put on the shadow stack. */
	xor	%eax, %eax
	rdsspq	%rax
	mov	%gs:LOCAL_TRY_SSP, %rcx
	sub	%rax, %rcx
	shr	$3, %rcx
	test	%rax, %rax
	jz	1f
	incsspq	%rcx
1:	jmp	*%gs:LOCAL_TRY_RIP

/* The one fault that IRET returns from. */
.Lbreakpoint:
	incq	%gs:LOCAL_BREAKPOINTS
	add	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
