/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmx_entry.S takes from this back end: names, and the shadow stack's pointer. */
#define VMCS_HOST_SSP	0x6c1a

#define SYM_FUNC_START(name)	.globl name; .hidden name; .p2align 4; name:
#define SYM_FUNC_END(name)	.size name, . - name
#define SYM_L_GLOBAL(name)	.globl name; .hidden name
#define SYM_INNER_LABEL_ALIGN(name, linkage)	linkage(name); .p2align 4; name:
#define ANNOTATE_NOENDBR
#define UNWIND_HINT_SAVE
#define UNWIND_HINT_RESTORE
#define RET			ret

#define VMX_KEEP_SSP		rdsspq %rax; mov $VMCS_HOST_SSP, %ecx; vmwrite %rax, %rcx
