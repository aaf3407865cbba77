/* SPDX-License-Identifier: GPL-2.0-only */
/* What status.c and tdmr.c need, in the kernel and in user space. */
#ifndef _TDX_PORTABLE_H
#define _TDX_PORTABLE_H

#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/tdx.h>
#else
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef __u64 u64;
typedef __u32 u32;
typedef __u16 u16;

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BIT_ULL(n)		(1ULL << (n))
#define EXPORT_SYMBOL_GPL(sym)	struct export_of_##sym

#define min(a, b)	({ typeof(a) _a = (a), _b = (b); _a < _b ? _a : _b; })
#define max(a, b)	({ typeof(a) _a = (a), _b = (b); _a > _b ? _a : _b; })
#endif

#endif /* _TDX_PORTABLE_H */
