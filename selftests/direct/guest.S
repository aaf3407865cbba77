/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest of the direct test: from the 32-bit reset vector to long mode,
 * then one short check after another.  Each ends in a TDVMCALL with its
 * number in R12 and what it found in R13; the host knows what to expect.
 */


#define BASE		0xfffff000
#define PML4		0x1000
#define IDT		0x3000
#define DATA		0x6000
#define STACK_TOP	0x9000
#define SHARED_VA	0x4000000000

/* Counters and last values that the handlers leave in DATA. */
#define D_VE_COUNT	(DATA + 0)
#define D_VE_REASON	(DATA + 8)
#define D_VE_QUAL	(DATA + 16)
#define D_VE_GPA	(DATA + 24)
#define D_UD_COUNT	(DATA + 32)
#define D_GP_COUNT	(DATA + 40)
#define D_NMI_COUNT	(DATA + 48)
#define D_IRQ_COUNT	(DATA + 56)
#define D_SKIP		(DATA + 64)
#define D_DR6		(DATA + 72)
#define D_DB_COUNT	(DATA + 80)

#define TDCALL		.byte 0x66, 0x0f, 0x01, 0xcc

	.macro report n
	mov	$\n, %r12d
	call	do_report
	.endm

	.macro report_mem n, addr
	mov	\addr, %r13
	report	\n
	.endm

	/* The next instruction, of this length, may raise #GP or #UD or #VE. */
	.macro may_fault len
	movq	$\len, D_SKIP
	.endm

	.section .rodata, "a"
	.balign 4096
	.globl td_test_guest
td_test_guest:
guest_base:
	.code32
start32:
	/* EBX holds GPAW. */
	mov	%ebx, %ebp
	mov	$0x21, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%ebx, %edi
	lgdt	BASE + (gdt_ptr - guest_base)
	mov	$PML4, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	/* PAE, OSFXSR, OSXSAVE */
	or	$0x40220, %eax
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	ljmp	$0x8, $(BASE + (start64 - guest_base))

	.code64
start64:
	mov	$0x10, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	$STACK_TOP, %esp
	lidt	idt_ptr(%rip)

	mov	%rdi, %r13
	report	1
	mov	%rbp, %r13
	report	2

	mov	$1, %eax
	TDCALL
	mov	%rcx, %r13
	report	3

	hlt
	report_mem 4, D_VE_REASON
	mov	$0x80, %edx
	out	%al, (%dx)
	report_mem 5, D_VE_REASON
	mov	$0x40000000, %eax
	cpuid
	report_mem 6, D_VE_REASON

	may_fault 2
	ud2
	report_mem 7, D_UD_COUNT

	mov	$0x1b, %ecx
	rdmsr
	report_mem 8, D_VE_REASON
	mov	$0xc0000080, %ecx
	rdmsr
	mov	%rax, %r13
	report	9
	mov	$0xc0000080, %ecx
	rdmsr
	wrmsr
	report_mem 10, D_GP_COUNT
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x2, %eax
	may_fault 2
	wrmsr
	report_mem 11, D_GP_COUNT

	/* A private page that is not there yet, then not accepted yet. */
	mov	$0x200000, %ecx
	call	accept
	mov	$0x209000, %ecx
	call	accept
	mov	$0x20b000, %ecx
	call	accept
	movq	$0x55, 0x200000
	report_mem 12, 0x200000

	mov	$0x201000, %ecx
	mov	$6, %eax
	TDCALL
	mov	%rax, %r13
	report	13
	report_mem 14, 0x201008
	mov	$0x201000, %ecx
	mov	$6, %eax
	TDCALL
	mov	%rax, %r13
	report	15

	/* Shared memory, and shared memory-mapped I/O. */
	mov	$SHARED_VA, %rbx
	mov	0x300000(%rbx), %r13
	report	16
	may_fault 7
	mov	0x301000(%rbx), %r13
	report_mem 17, D_VE_REASON

	/* The host posts vector 0x40 when it sees report 17. */
	sti
	nop
	cli
	report_mem 18, D_IRQ_COUNT

	/* The host scratches its own registers at report 19. */
	mov	$0x1122334455667788, %rax
	movq	%rax, %xmm0
	mov	%rax, %dr0
	mov	%rax, %cr2
	mov	$0xc0000082, %ecx
	mov	$0x12345678, %eax
	xor	%edx, %edx
	wrmsr
	report	19
	movq	%xmm0, %r13
	report	20
	mov	%dr0, %r13
	report	21
	mov	%cr2, %r13
	report	22
	mov	$0xc0000082, %ecx
	rdmsr
	mov	%rax, %r13
	report	23

	mov	%cr4, %rax
	and	$~0x40, %rax
	mov	%rax, %cr4
	report_mem 24, D_VE_REASON

	mov	$0x1234, %eax
	TDCALL
	mov	%rax, %r13
	report	25
	/* The host asks for an NMI when it sees report 25. */
	report_mem 26, D_NMI_COUNT

	/* Long enough to be interrupted by the host's timer. */
	mov	$0x400000, %ecx
1:	dec	%ecx
	jnz	1b
	report	27

	mov	$0x83f, %ecx
	mov	$0x40, %eax
	xor	%edx, %edx
	wrmsr
	sti
	nop
	cli
	report_mem 28, D_IRQ_COUNT

	mov	$3, %eax
	TDCALL
	mov	%rax, %r13
	report	29

	xor	%ecx, %ecx
	mov	$3, %eax
	xor	%edx, %edx
	xsetbv
	xgetbv
	mov	%rax, %r13
	report	30
	xor	%ecx, %ecx
	mov	$2, %eax
	xor	%edx, %edx
	may_fault 3
	xsetbv
	report_mem 31, D_GP_COUNT

	mov	%cr4, %r13
	report	32
	rdtsc
	mov	%rax, %r13
	report	33
	report	34

	/*
	 * At report 34 the host posts vector 0x40 and blocks the two pages that
	 * are the stack below: the frames fault while they are pushed.
	 */
	mov	%rsp, %rbx
	mov	$0x20a000, %esp
	sti
	nop
	cli
	mov	%rbx, %rsp
	report_mem 35, D_IRQ_COUNT
	mov	%rsp, %rbx
	mov	$0x20c000, %esp
	int	$0x40
	mov	%rbx, %rsp
	report_mem 36, D_IRQ_COUNT
	/* Report 37 is sent from the NMI handler, where the host asks again. */
	mov	$1, %edi
	report	38
	report_mem 39, D_NMI_COUNT
	.rept	8
	report	40
	.endr

	.rept	16
	mov	$1, %eax
	TDCALL
	.endr
	report	47

	/* A page that the host has added, but nobody has accepted. */
	may_fault 12
	movq	$1, 0x202000
	report_mem 41, D_VE_REASON
	mov	$0x202000, %ecx
	mov	$6, %eax
	TDCALL
	mov	%rax, %r13
	report	42
	mov	$0x200001, %ecx
	mov	$6, %eax
	TDCALL
	mov	%rax, %r13
	report	43

	/* XMM3 goes to the host and comes back, XMM4 is not the host's. */
	mov	$0x1122334455667788, %rax
	movq	%rax, %xmm3
	movq	%rax, %xmm4
	mov	$44, %r12d
	mov	$0x8fc00, %ecx
	call	do_vmcall
	movq	%xmm3, %r13
	report	45
	movq	%xmm4, %r13
	report	46

	/* Single steps, over NOP, PUSHF, AND and POPF. */
	pushf
	orl	$0x100, (%rsp)
	popf
	nop
	pushf
	andl	$~0x100, (%rsp)
	popf
	report_mem 48, D_DR6
	report_mem 49, D_DB_COUNT
	/* A breakpoint on eight bytes of data, for writes. */
	mov	$DATA + 128, %eax
	mov	%rax, %dr0
	mov	$0x90403, %eax
	mov	%rax, %dr7
	movq	$1, DATA + 128
	mov	$0x400, %eax
	mov	%rax, %dr7
	report_mem 50, D_DR6

	/* A gate table without gates. */
	lidt	null_ptr(%rip)
	ud2

	/* Have a page, whose address and level are in RCX. */
accept:
	mov	$6, %eax
	TDCALL
	ret

do_report:
	push	%rcx
	mov	$0xfc00, %ecx
	call	do_vmcall
	pop	%rcx
	ret

	/* With the registers of the mask in RCX. */
do_vmcall:
	xor	%eax, %eax
	mov	$1, %r10d
	mov	$0x7e57, %r11d
	TDCALL
	ret

handle_ve:
	push	%rax
	push	%rcx
	push	%rdx
	push	%r8
	push	%r9
	push	%r10
	push	%r12
	mov	$0x20003, %eax
	TDCALL
	mov	%rcx, D_VE_REASON
	mov	%rdx, D_VE_QUAL
	mov	%r9, D_VE_GPA
	incq	D_VE_COUNT
	mov	%r10d, %eax
	test	%eax, %eax
	jnz	1f
	mov	D_SKIP, %eax
1:	add	%rax, 56(%rsp)
	pop	%r12
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

handle_gp:
	add	$8, %rsp
	incq	D_GP_COUNT
	jmp	skip
handle_ud:
	incq	D_UD_COUNT
skip:
	push	%rax
	mov	D_SKIP, %eax
	add	%rax, 8(%rsp)
	pop	%rax
	iretq

handle_db:
	push	%rax
	mov	%dr6, %rax
	mov	%rax, D_DR6
	mov	$0xffff0ff0, %eax
	mov	%rax, %dr6
	incq	D_DB_COUNT
	pop	%rax
	iretq

handle_nmi:
	incq	D_NMI_COUNT
	cmp	$1, %edi
	jne	1f
	xor	%edi, %edi
	push	%r12
	push	%r13
	mov	D_NMI_COUNT, %r13
	report	37
	pop	%r13
	pop	%r12
1:	iretq

handle_irq:
	push	%rax
	push	%rcx
	push	%rdx
	incq	D_IRQ_COUNT
	mov	$0x80b, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

	.balign 8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_ptr:
	.word	gdt_ptr - gdt - 1
	.long	BASE + (gdt - guest_base)
	.long	0
idt_ptr:
	.word	0xfff
	.quad	IDT
null_ptr:
	.word	0
	.quad	0

	.org	guest_base + 0xff0
	.code32
	jmp	start32
	.org	guest_base + 0x1000
	.code64

	.balign 8
	.globl td_test_gates
td_test_gates:
	.quad	1, handle_db - guest_base
	.quad	2, handle_nmi - guest_base
	.quad	6, handle_ud - guest_base
	.quad	13, handle_gp - guest_base
	.quad	20, handle_ve - guest_base
	.quad	0x40, handle_irq - guest_base
	.quad	0, 0

	.section .note.GNU-stack, "", @progbits
