/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TD executes before Linux: from the reset vector to 64-bit mode, have
 * the memory that nobody added, jump to the kernel.  All vCPUs but the first
 * wait at ACPI's mailbox for Linux to call them.  The last 12 KiB below 4 GiB;
 * mkimage fills in the words at the start of the third page.
 */
	.set	SIZE, 0x3000
	.set	BASE, 0x100000000 - SIZE
	.set	SIZE_2M, 0x200000

	.set	ALREADY_ACCEPTED, 0x00000b0a
	.set	SIZE_MISMATCH, 0xc0000b0b
	.set	BUSY, 0x80000200

	/* ACPI's Multiprocessor Wakeup Mailbox */
	.set	COMMAND, 0
	.set	APIC_ID, 4
	.set	VECTOR, 8
	.set	WAKE_UP, 1

	.text
	.globl	_start
_start:
stub:
	/* 4 GiB one to one. */
	.quad	BASE + 0x1000 + 3
	.org	stub + 0x1000
	.set	i, 0
	.rept	4
	.quad	(i << 30) + 0x83
	.set	i, i + 1
	.endr

	.org	stub + 0x2000
kernel_entry:
	.quad	0
boot_params:
	.quad	0
mailbox:
	.quad	0
	/* Ranges [start, end) to accept, up to an empty one. */
ranges:
	.fill	32, 8, 0

	.code32
start32:
	lgdt	(BASE + (gdt_ptr - stub)) & 0xffffffff
	mov	$BASE & 0xffffffff, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	ljmp	$0x10, $(BASE + (start64 - stub)) & 0xffffffff

	.code64
start64:
	mov	$0x18, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	/* The vCPU's index, which is its APIC ID here, too. */
	test	%esi, %esi
	jnz	wait
	lea	ranges(%rip), %rbx
next_range:
	mov	(%rbx), %r13
	mov	8(%rbx), %r14
	add	$16, %rbx
	cmp	%r14, %r13
	jae	go
next_page:
	cmp	%r14, %r13
	jae	next_range
	/* 2 MiB where that fits, and 4 KiB if the host has mapped it so. */
	mov	%r13, %rcx
	mov	$0x1000, %r15d
	lea	SIZE_2M(%r13), %rax
	cmp	%r14, %rax
	ja	accept
	test	$SIZE_2M - 1, %r13
	jnz	accept
	or	$1, %rcx
	mov	$SIZE_2M, %r15d
accept:
	mov	$6, %eax
	.byte	0x66, 0x0f, 0x01, 0xcc
	shr	$32, %rax
	jz	accepted
	cmp	$ALREADY_ACCEPTED, %eax
	je	accepted
	cmp	$BUSY, %eax
	je	accept
	cmp	$SIZE_MISMATCH, %eax
	jne	failed
	and	$~1, %rcx
	mov	$0x1000, %r15d
	jmp	accept
accepted:
	add	%r15, %r13
	jmp	next_page
failed:
	/* No gate table: a triple fault tells the host. */
	ud2
go:
	mov	boot_params(%rip), %rsi
	mov	kernel_entry(%rip), %rax
	xor	%ebp, %ebp
	xor	%edi, %edi
	xor	%ebx, %ebx
	jmp	*%rax

wait:
	mov	mailbox(%rip), %rbx
wait_more:
	pause
	cmpw	$WAKE_UP, COMMAND(%rbx)
	jne	wait_more
	cmp	%esi, APIC_ID(%rbx)
	jne	wait_more
	mov	VECTOR(%rbx), %rax
	/* This tells the caller that the call has been heard. */
	movw	$0, COMMAND(%rbx)
	jmp	*%rax

	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_ptr:
	.word	gdt_ptr - gdt - 1
	.long	(BASE + (gdt - stub)) & 0xffffffff

	/* mkimage puts the TDVF tables from here on. */
	.org	stub + SIZE - 0x10
	.code32
	jmp	start32
	.org	stub + SIZE

	.section .note.GNU-stack, "", @progbits
