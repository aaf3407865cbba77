/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page below 4 GiB that a TD starts from: from the reset vector in 32-bit
 * mode to the test's guest code in 64-bit mode.
 *
 * At entry: no paging, EFER.LME set, CR4 with MCE and VMXE set by the TDX
 * module for good, RSI = vCPU index.
 */
#define TD_BOOT_ASM
#include "td_boot.h"

#define ABS(sym)	(TD_BOOT_GPA + (sym) - td_boot_page)

#define CR4_PAE_FXSR_XMM	0x620
#define CR0_PG_MP_PE		0x80000003

	.section .rodata
	.balign	4096
	.globl	td_boot_page
td_boot_page:
	/* struct td_boot_params, filled in by td_lib.c */
	.skip	TD_BOOT_CODE

	.code32
td_boot_32:
	lgdtl	ABS(gdt_desc)
	movl	ABS(td_boot_page), %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE_FXSR_XMM, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$CR0_PG_MP_PE, %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $ABS(td_boot_64)

	.code64
td_boot_64:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	/* The vCPU's index is the guest code's argument. */
	movl	%esi, %edi
	movl	%esi, %esi
	shlq	$TD_BOOT_VCPU_SHIFT, %rsi
	leaq	td_boot_page + TD_BOOT_VCPUS(%rip), %rax
	addq	%rsi, %rax
	movq	TD_BOOT_RSP(%rax), %rsp
	xorl	%ebp, %ebp
	jmpq	*TD_BOOT_ENTRY(%rax)

	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_desc:
	.word	gdt_desc - gdt - 1
	.long	ABS(gdt)

	.org	td_boot_page + 0xff0
	.code32
	jmp	td_boot_32
	.org	td_boot_page + 0x1000
	.section .note.GNU-stack, "", @progbits
