/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page with IDT and GDT, and the 32 stubs of 16 bytes that the loader puts
 * into the IDT.
 */
	.section .text.stubs, "ax"
	.balign	16
	.globl	seam_fault_wrapper
	.hidden	seam_fault_wrapper
seam_fault_wrapper:
	.set	vector, 0
	.rept	32
	.balign	16
	endbr64
	/* The vectors that push no error code of their own. */
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push	$0
	.endif
	push	$vector
	jmp	seam_fault
	.set	vector, vector + 1
	.endr
	.balign	16

	.section .idt, "a"
	.balign	4096
	.globl	seam_idt_gdt
	.hidden	seam_idt_gdt
seam_idt_gdt:
	/* Offset 15:0, selector, present interrupt gate, offset 31:16, 63:32. */
	.rept	32
	.short	0, 8, 0x8e00, 0
	.long	0, 0
	.endr
	.balign	2048
	/* Accessed all of them: the page is read-only. */
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00008b0000000067, 0
	.balign	4096

	.section .note.GNU-stack, "", @progbits
