/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unsigned int host_seamcall(struct host_call *call): SEAMCALL with all general
 * registers and RFLAGS as given.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/unwind_hints.h>

#include "host.h"

	.text
SYM_FUNC_START(host_seamcall)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushf
	push	%rdi
	mov	%rsp, CALL_RSP(%rdi)
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
	push	CALL_RFLAGS(%rdi)
	mov	0x30(%rdi), %rdi
	popf
SYM_INNER_LABEL(host_seamcall_insn, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
1:	.byte	0x66, 0x0f, 0x01, 0xcf
SYM_INNER_LABEL(host_seamcall_after, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	pushf
	push	%rax
	mov	0x10(%rsp), %rax
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
	mov	%rcx, 0x00(%rax)
	pop	CALL_RFLAGS(%rax)
	xor	%eax, %eax
	/* A fault comes here with its vector in RAX. */
2:	pop	%rdi
	popf
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
	_ASM_EXTABLE_FAULT(1b, 2b)
SYM_FUNC_END(host_seamcall)

/*
 * u64 host_guest_enter(void): run the current VMCS until its first VM exit, in code
 * that changes no register.  Returns 1 if there was no entry.
 */
#define HOST_RSP	0x6c14
#define HOST_RIP	0x6c16
SYM_FUNC_START(host_guest_enter)
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
	mov	$HOST_RIP, %eax
	lea	.Lexit(%rip), %rcx
	vmwrite	%rcx, %rax
	mov	$1, %eax
	vmlaunch
	/* Always, if it comes here. */
	jbe	1f
.Lexit:
	ANNOTATE_NOENDBR
	xor	%eax, %eax
1:	RET
SYM_FUNC_END(host_guest_enter)

SYM_CODE_START_NOALIGN(host_guest_seamcall)
	ANNOTATE_NOENDBR
	UNWIND_HINT_UNDEFINED
	.byte	0x66, 0x0f, 0x01, 0xcf
	ud2
SYM_CODE_END(host_guest_seamcall)

SYM_CODE_START_NOALIGN(host_guest_tdcall)
	ANNOTATE_NOENDBR
	UNWIND_HINT_UNDEFINED
	.byte	0x66, 0x0f, 0x01, 0xcc
	ud2
SYM_CODE_END(host_guest_tdcall)

	.section .note.GNU-stack, "", @progbits
