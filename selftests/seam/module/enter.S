/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unsigned int td_enter(struct seam_regs *regs): enter the current VMCS with these
 * registers; after the exit they are those of the TD.
 */
#define HOST_RSP	0x6c14
#define HOST_RIP	0x6c16
#define HOST_SSP	0x6c1a

	.text
	.globl	td_enter
	.hidden	td_enter
td_enter:
	endbr64
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
	xor	%ecx, %ecx
	rdsspq	%rcx
	mov	$HOST_SSP, %eax
	vmwrite	%rcx, %rax
	lea	.Lexit(%rip), %rcx
	mov	$HOST_RIP, %eax
	vmwrite	%rcx, %rax
	mov	0x00(%rdi), %rax
	mov	0x08(%rdi), %rcx
	mov	0x10(%rdi), %rdx
	mov	0x18(%rdi), %rbx
	mov	0x20(%rdi), %rbp
	mov	0x28(%rdi), %rsi
	mov	0x38(%rdi), %r8
	mov	0x40(%rdi), %r9
	mov	0x48(%rdi), %r10
	mov	0x50(%rdi), %r11
	mov	0x58(%rdi), %r12
	mov	0x60(%rdi), %r13
	mov	0x68(%rdi), %r14
	mov	0x70(%rdi), %r15
	mov	0x30(%rdi), %rdi
	vmlaunch
	/* Only if there was no entry. */
	setc	%al
	setz	%cl
	movzbl	%al, %eax
	movzbl	%cl, %ecx
	lea	(%rax, %rcx, 2), %eax
	pop	%rdi
	jmp	.Lleave
.Lexit:
	endbr64
	push	%rax
	mov	8(%rsp), %rax
	mov	%rcx, 0x08(%rax)
	mov	%rdx, 0x10(%rax)
	mov	%rbx, 0x18(%rax)
	mov	%rbp, 0x20(%rax)
	mov	%rsi, 0x28(%rax)
	mov	%rdi, 0x30(%rax)
	mov	%r8, 0x38(%rax)
	mov	%r9, 0x40(%rax)
	mov	%r10, 0x48(%rax)
	mov	%r11, 0x50(%rax)
	mov	%r12, 0x58(%rax)
	mov	%r13, 0x60(%rax)
	mov	%r14, 0x68(%rax)
	mov	%r15, 0x70(%rax)
	pop	%rcx
	mov	%rcx, (%rax)
	pop	%rdi
	xor	%eax, %eax
.Lleave:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
