/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's short names, for user space. */
#ifndef SELFTESTS_LIB_TYPES_H
#define SELFTESTS_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#ifndef __packed
#define __packed		__attribute__((packed))
#endif
#ifndef __noreturn
#define __noreturn		__attribute__((noreturn))
#endif

#endif /* SELFTESTS_LIB_TYPES_H */
