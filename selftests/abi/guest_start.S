/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the reset vector of a TD's vCPU, in flat 32-bit protected mode, to
 * guest_main() in long mode.  RCX holds the VMM's parameter, ESI the vCPU's
 * index.  Guest virtual addresses equal private physical ones; shared ones
 * appear 512 GiB higher.
 */
#define PRESENT_WRITE		3
#define HUGE			0x83
#define SHARED_BIT		(1 << 47)
#define STACK_SIZE		4096

	.section .tables, "aw"
	.balign 4096
	.globl	pml4
pml4:	.quad	pdpt + PRESENT_WRITE
	.quad	pdpt_shared + PRESENT_WRITE
	.balign 4096
pdpt:	.quad	0 << 30 | HUGE, 1 << 30 | HUGE, 2 << 30 | HUGE, 3 << 30 | HUGE
	.balign 4096
	.globl	pdpt_shared
pdpt_shared:
	.quad	SHARED_BIT | 0 << 30 | HUGE, SHARED_BIT | 1 << 30 | HUGE
	.quad	SHARED_BIT | 2 << 30 | HUGE, SHARED_BIT | 3 << 30 | HUGE
	.balign 4096
stacks:	.fill	2 * STACK_SIZE
	.globl	idt
idt:	.fill	256 * 16

	.section .reset, "ax"
	.code32
	jmp	start32

	.section .start, "ax"
start32:
	movl	$gdt_ptr, %eax
	lgdtl	(%eax)
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$0x80000002, %eax	/* PG, MP */
	movl	%eax, %cr0
	ljmpl	$8, $start64

	.code64
start64:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%esi, %eax
	incl	%eax
	imull	$STACK_SIZE, %eax
	leaq	stacks(%rip), %rsp
	addq	%rax, %rsp
	movq	%rcx, %rdi
	movl	%esi, %esi
	call	guest_main
	/* Not mapped by anyone: the VMM hears of it. */
	ud2

	.balign 8
	.globl	gdt
gdt:	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00cff3000000ffff
	.quad	0x00affb000000ffff
	.quad	0, 0, 0
gdt_ptr:
	.word	gdt_ptr - gdt - 1
	.long	gdt

	.text
/* GUEST_DEBUG: what a debugger stops in. */
	.globl	debug_spot
debug_spot:
	nop
	leaq	1(%rdi), %rax
	leaq	2(%rax), %rax
	ret

/*
 * A return to where nobody came from: #CP with a shadow stack.  The handler
 * switches that off; the address is taken again, from the other stack.
 */
	.globl	cet_bad_return
cet_bad_return:
	leaq	1f(%rip), %rax
	pushq	%rax
	ret
1:	ret

/* Interrupt handlers keep all registers and call C with the vector. */
	.macro	HANDLER name, vector, error
	.globl	\name
\name:
	.if	\error == 0
	pushq	$0
	.endif
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movl	$\vector, %edi
	movq	%rsp, %rsi
	cld
	call	guest_trap
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$8, %rsp
	iretq
	.endm

	HANDLER	trap_nmi, 2, 0
	HANDLER	trap_gp, 13, 1
	HANDLER	trap_pf, 14, 1
	HANDLER	trap_ve, 20, 0
	HANDLER	trap_cp, 21, 1
	HANDLER	trap_irq, 0x40, 0
	HANDLER	trap_irq_low, 0x51, 0
	HANDLER	trap_irq_high, 0x91, 0

	.section .note.GNU-stack, "", @progbits
