/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Option ROM that starts a kernel which the emulator has already placed in
 * memory.  No boot loader, no disk and no decompression: each would cost the
 * emulated CPU seconds at every test.
 *
 * The BIOS calls the ROM after it has built its ACPI tables.  The ROM completes
 * the boot block (see bootblock.c) with the BIOS's memory map and enters the
 * kernel by the PVH protocol: 32-bit, paging off, EBX = start info.
 */
#include "bootblock.h"

	.code16
	.text
	.globl	rom
rom:
	.byte	0x55, 0xaa, BOOTROM_SIZE / 512
entry:
	cld
	movw	$(BOOTBLOCK_ADDR >> 4), %ax
	movw	%ax, %es
	/* The block may have entries of its own. */
	imulw	$BOOTBLOCK_MEMMAP_STRIDE, %es:BOOTBLOCK_MEMMAP_COUNT, %di
	addw	$BOOTBLOCK_MEMMAP, %di
	xorl	%ebx, %ebx

	/* One entry a turn; EBX is the BIOS's cursor and 0 after the last one. */
next_range:
	movl	$0xe820, %eax
	movl	$0x534d4150, %edx
	movl	$20, %ecx
	int	$0x15
	jc	map_done
	addw	$BOOTBLOCK_MEMMAP_STRIDE, %di
	incl	%es:BOOTBLOCK_MEMMAP_COUNT
	testl	%ebx, %ebx
	jnz	next_range
map_done:

	/* The kernel is above 1 MiB: open address line 20. */
	cli
	inb	$0x92, %al
	orb	$2, %al
	outb	%al, $0x92

	lgdtl	%cs:gdt_ptr
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$8, $(BOOTROM_ADDR + protected)

	.code32
protected:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$BOOTBLOCK_ADDR, %ebx
	jmp	*BOOTBLOCK_ADDR + BOOTBLOCK_ENTRY

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_ptr:
	.word	. - gdt - 1
	.long	BOOTROM_ADDR + gdt

	/* mkboot writes the byte that makes the ROM's sum zero here. */
	.org	BOOTROM_SIZE - 1
	.byte	0
