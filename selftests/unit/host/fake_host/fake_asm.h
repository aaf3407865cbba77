/* SPDX-License-Identifier: GPL-2.0-only */
/* What seamcall.S needs; offsets into struct tdx_module_args of fake.h. */
#ifndef _FAKE_ASM_H
#define _FAKE_ASM_H

#define SYM_FUNC_START(name)	.globl name; .balign 16; name:
#define SYM_FUNC_END(name)	.type name, @function; .size name, . - name
#define FRAME_BEGIN		pushq %rbp; movq %rsp, %rbp
#define FRAME_END		popq %rbp
#define RET			ret
#define _ASM_EXTABLE_FAULT(from, to)

#define TDX_SEAMCALL_VMFAILINVALID	0x8000FF00FFFF0000
#define TDX_SW_ERROR			0x8000FF0000000000

#define TDX_MODULE_rcx		0
#define TDX_MODULE_rdx		8
#define TDX_MODULE_r8		16
#define TDX_MODULE_r9		24
#define TDX_MODULE_r10		32
#define TDX_MODULE_r11		40
#define TDX_MODULE_r12		48
#define TDX_MODULE_r13		56
#define TDX_MODULE_r14		64
#define TDX_MODULE_r15		72
#define TDX_MODULE_rbx		80
#define TDX_MODULE_rdi		88
#define TDX_MODULE_rsi		96

#endif /* _FAKE_ASM_H */
