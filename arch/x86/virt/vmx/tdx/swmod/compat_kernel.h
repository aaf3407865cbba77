/* SPDX-License-Identifier: GPL-2.0-only */
/* What 6.12 and 7.x call differently, and that no one name serves. */
#ifndef _SWMOD_COMPAT_KERNEL_H
#define _SWMOD_COMPAT_KERNEL_H

/* cpuid_count(), which asm/processor.h stopped to bring along. */
#if __has_include(<asm/cpuid/api.h>)
#include <asm/cpuid/api.h>
#else
#include <asm/cpuid.h>
#endif

#endif /* _SWMOD_COMPAT_KERNEL_H */
