/* SPDX-License-Identifier: GPL-2.0-only */
	.section .rodata
	.balign 4096
	.globl	guest_image, guest_image_end
guest_image:
	.incbin "guest.bin"
guest_image_end:
	.section .note.GNU-stack, "", @progbits
