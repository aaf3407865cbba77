/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One VM entry and the VM exit that ends it.
 *
 *   int sw_vmx_enter(struct sw_regs *gpr, unsigned long launched)
 *
 * Returns 0 after a VM exit with the guest's registers in @gpr, and 1 if the
 * instruction failed and the guest did not run.  RSP is in the VMCS.  The
 * module keeps no secret from its host, so no speculation barrier is here.
 */
#include <vmx_os_asm.h>

#define GPR_RAX		0
#define GPR_RCX		8
#define GPR_RDX		16
#define GPR_RBX		24
#define GPR_RBP		40
#define GPR_RSI		48
#define GPR_RDI		56
#define GPR_R8		64
#define GPR_R9		72
#define GPR_R10		80
#define GPR_R11		88
#define GPR_R12		96
#define GPR_R13		104
#define GPR_R14		112
#define GPR_R15		120

#define VMCS_HOST_RSP	0x6c14

	.text

SYM_FUNC_START(sw_vmx_enter)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	/* On top of the stack at the exit: where the registers go. */
	push	%rdi

	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	VMX_KEEP_SSP

	/* No instruction from here to the entry changes this flag. */
	test	%rsi, %rsi

	mov	GPR_RAX(%rdi), %rax
	mov	GPR_RCX(%rdi), %rcx
	mov	GPR_RDX(%rdi), %rdx
	mov	GPR_RBX(%rdi), %rbx
	mov	GPR_RBP(%rdi), %rbp
	mov	GPR_RSI(%rdi), %rsi
	mov	GPR_R8(%rdi), %r8
	mov	GPR_R9(%rdi), %r9
	mov	GPR_R10(%rdi), %r10
	mov	GPR_R11(%rdi), %r11
	mov	GPR_R12(%rdi), %r12
	mov	GPR_R13(%rdi), %r13
	mov	GPR_R14(%rdi), %r14
	mov	GPR_R15(%rdi), %r15
	mov	GPR_RDI(%rdi), %rdi

	UNWIND_HINT_SAVE
	jz	.Llaunch
	vmresume
	jmp	.Lno_entry
.Llaunch:
	vmlaunch
	jmp	.Lno_entry

	/* Only VM exits come here, which do not look for an ENDBR. */
SYM_INNER_LABEL_ALIGN(sw_vmx_exit_point, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	UNWIND_HINT_RESTORE
	/* The guest's RDI and the pointer change places. */
	xchg	%rdi, (%rsp)
	mov	%rax, GPR_RAX(%rdi)
	mov	%rcx, GPR_RCX(%rdi)
	mov	%rdx, GPR_RDX(%rdi)
	mov	%rbx, GPR_RBX(%rdi)
	mov	%rbp, GPR_RBP(%rdi)
	mov	%rsi, GPR_RSI(%rdi)
	mov	%r8, GPR_R8(%rdi)
	mov	%r9, GPR_R9(%rdi)
	mov	%r10, GPR_R10(%rdi)
	mov	%r11, GPR_R11(%rdi)
	mov	%r12, GPR_R12(%rdi)
	mov	%r13, GPR_R13(%rdi)
	mov	%r14, GPR_R14(%rdi)
	mov	%r15, GPR_R15(%rdi)
	pop	%rax
	mov	%rax, GPR_RDI(%rdi)
	xor	%eax, %eax
	/* Leave no guest value in a scratch register. */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
.Lreturn:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET

.Lno_entry:
	/* The registers still hold the guest's values; drop them. */
	pop	%rdi
	mov	$1, %eax
	jmp	.Lreturn
SYM_FUNC_END(sw_vmx_enter)

	.section .note.GNU-stack, "", @progbits
