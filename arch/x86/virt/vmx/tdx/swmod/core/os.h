/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the software TDX module asks of its surroundings.  Each folder in os/ is
 * a back end: os/kernel/ (tdx_swmod.ko), os/user/ (unit tests, fuzzing).
 */
#ifndef _SWMOD_OS_H
#define _SWMOD_OS_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
#endif

/* Physical memory.  @pa has been checked against RAM by the caller. */
void *sw_va(u64 pa);
/* Is [pa, pa + size) ordinary memory that the host may share with us? */
bool sw_is_ram(u64 pa, u64 size);
/* Convertible memory ranges: number, and the i-th. */
unsigned int sw_nr_cmrs(void);
void sw_cmr(unsigned int i, u64 *base, u64 *size);

/* The processor. */
u32 sw_nr_cpus(void);			/* that must do LP.INIT */
u32 sw_nr_pkgs(void);
u32 sw_this_pkg(void);
u64 sw_tsc(void);
u64 sw_tsc_khz(void);
u64 sw_mul_shr(u64 a, u64 b, unsigned int shift);	/* of 128 bits */
void sw_native_cpuid(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
bool sw_native_msr(u32 msr, u64 *val);	/* false: it does not exist */
u64 sw_native_xcr0_xss(void);		/* features the CPU has */
bool sw_native_pks(void);
u8 sw_maxpa(void);
void sw_hkid_range(u32 *first, u32 *count);	/* private KeyIDs */
bool sw_random(u64 *val);
bool sw_irq_pending(void);		/* has the host an event waiting? */
/* Of this CPU; see fault_rule.h. */
struct sw_fault_ctx;
struct sw_fault_ctx *sw_fault_ctx(void);
/* While pinned, the module cannot be unloaded. */
void sw_pin(void);
void sw_unpin(void);

/* SHA-384 over whole blocks; @ctx has room for 512 bytes. */
void sw_sha384_init(void *ctx);
void sw_sha384_update(void *ctx, const void *data, size_t len);
void sw_sha384_final(void *ctx, u8 digest[48]);

/* Atomics, sequentially consistent. */
#define sw_cmpxchg(p, old, new)	__sync_val_compare_and_swap((p), (old), (new))
#define sw_add_return(p, v)	__sync_add_and_fetch((p), (v))
#define sw_or(p, v)		__sync_fetch_and_or((p), (v))
#define sw_and(p, v)		__sync_fetch_and_and((p), (v))
#define sw_load(p)		__atomic_load_n((p), __ATOMIC_SEQ_CST)
#define sw_store(p, v)		__atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

#endif /* _SWMOD_OS_H */
