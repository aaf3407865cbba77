/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running code that nobody has read: any exception or interrupt, on a stack of
 * its own, ends it and goes back to hostile_next() in C.
 */
#define KERNEL_CS	8
#define KERNEL_DS	16
#define USER_DS		0x1b
#define USER_CS		0x23
/* Vectors 8, 10 to 14, 17, 21, 29 and 30. */
#define ERROR_CODES	0x60227d00

	.text
	/* 16 bytes for each vector; some come with an error code. */
	.globl	hostile_gates
	.balign	16
hostile_gates:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	!((ERROR_CODES >> (vector & 31)) & (vector < 32) & 1)
	pushq	$0
	.endif
	movl	$vector, %edi
	jmp	hostile_trap
	.set	vector, vector + 1
	.endr

	/*
	 * EDI: the vector.  By IRET, which lets NMIs in again, to the loop on a
	 * fresh stack.
	 */
hostile_trap:
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	$0x400, %eax
	movq	%rax, %dr7
	cld
	leaq	hostile_stack(%rip), %rcx
	pushq	$KERNEL_DS
	pushq	%rcx
	pushq	$2
	pushq	$KERNEL_CS
	leaq	hostile_resume(%rip), %rcx
	pushq	%rcx
	iretq
hostile_resume:
	call	hostile_next
	ud2

	/* hostile_run(code, regs[16]): RSP is regs[4]; does not come back. */
	.globl	hostile_run
hostile_run:
	movq	%rdi, hostile_target(%rip)
	movq	%rsi, %rax
	movq	8(%rax), %rcx
	movq	16(%rax), %rdx
	movq	24(%rax), %rbx
	movq	32(%rax), %rsp
	movq	40(%rax), %rbp
	movq	48(%rax), %rsi
	movq	56(%rax), %rdi
	movq	64(%rax), %r8
	movq	72(%rax), %r9
	movq	80(%rax), %r10
	movq	88(%rax), %r11
	movq	96(%rax), %r12
	movq	104(%rax), %r13
	movq	112(%rax), %r14
	movq	120(%rax), %r15
	movq	(%rax), %rax
	jmp	*hostile_target(%rip)

	/* hostile_run_user(code, rsp, flags, value): at CPL 3. */
	.globl	hostile_run_user
hostile_run_user:
	pushq	$USER_DS
	pushq	%rsi
	pushq	%rdx
	pushq	$USER_CS
	pushq	%rdi
	movl	$USER_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movq	%rcx, %rax
	movq	%rcx, %rbx
	movq	%rcx, %rbp
	movq	%rcx, %rsi
	movq	%rcx, %rdi
	movq	%rcx, %rdx
	iretq

	.section .tables, "aw"
	.balign	16
	.globl	hostile_ist
	.fill	1024
hostile_ist:
	.fill	2048
hostile_stack:
	.fill	16
hostile_target:
	.quad	0

	.section .note.GNU-stack, "", @progbits
