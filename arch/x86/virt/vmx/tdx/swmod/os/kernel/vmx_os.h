/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files in vmx/ take from the kernel. */
#ifndef _SWMOD_VMX_OS_H
#define _SWMOD_VMX_OS_H

#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/string_choices.h>
#include <asm/asm.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc_defs.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/special_insns.h>

#endif /* _SWMOD_VMX_OS_H */
