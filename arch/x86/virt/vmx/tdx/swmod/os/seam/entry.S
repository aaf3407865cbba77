/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where SEAMCALL and faults enter the module, and the tables that lead here.  The
 * loader fills in the gates' addresses.
 */
#include "os/seam/os_seam.h"

#define GENERAL_PROTECTION	13

	.text
	.globl	seam_entry
	.hidden	seam_entry
seam_entry:
	endbr64
	.set	at, SW_SEAM_REGS
	.irp	reg, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%\reg, %gs:at
	.set	at, at + 8
	.endr
	call	sw_seam_call
	/* RSP is the module's until SEAMRET, RBP stays the caller's. */
	.set	at, SW_SEAM_REGS
	.irp	reg, rax, rcx, rdx, rbx
	mov	%gs:at, %\reg
	.set	at, at + 8
	.endr
	.set	at, at + 8
	.irp	reg, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%gs:at, %\reg
	.set	at, at + 8
	.endr
	.byte	0x66, 0x0f, 0x01, 0xcd
	ud2

/* bool sw_seam_rdmsr(u32 msr, u64 *val) */
	.globl	sw_seam_rdmsr
	.hidden	sw_seam_rdmsr
sw_seam_rdmsr:
	mov	%edi, %ecx
.Lmay_fault:
	rdmsr
	mov	%eax, (%rsi)
	mov	%edx, 4(%rsi)
	mov	$1, %eax
	ret
.Lno_msr:
	xor	%eax, %eax
	ret

/* Only RDMSR may fault: its frame is dropped, on both stacks. */
gp:
	lea	.Lmay_fault(%rip), %rax
	cmp	%rax, 8(%rsp)
	jne	fatal
	mov	32(%rsp), %rsp
	mov	$3, %eax
	incsspq	%rax
	jmp	.Lno_msr

/* No way back: without an IDT the next fault is the CPU's end. */
fatal:
	push	$0
	push	$0
	lidt	(%rsp)
	ud2

	.globl	seam_fault_wrapper
	.p2align 4
seam_fault_wrapper:
	.set	vector, 0
	.rept	32
	endbr64
	.if	vector == GENERAL_PROTECTION
	jmp	gp
	.else
	jmp	fatal
	.endif
	.p2align 4
	.set	vector, vector + 1
	.endr

/* 32 interrupt gates in the lower half, the null and code descriptors in the upper. */
	.section .data
	.p2align 12
	.globl	seam_idt_gdt
seam_idt_gdt:
	.rept	32
	.quad	0x00008e0000080000, 0
	.endr
	.org	seam_idt_gdt + 0x800
	.quad	0, 0x00af9b000000ffff
	.org	seam_idt_gdt + 0x1000

	.section .note.GNU-stack, "", @progbits
