// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user-space back end of os.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <openssl/sha.h>

#include "debug/fault.h"
#include "os/user/os_user.h"

struct sw_user sw_user;
__thread u32 sw_user_pkg;

static u8 *arena;

struct sw_fault_ctx *sw_fault_ctx(void)
{
	static __thread struct sw_fault_ctx ctx;

	return &ctx;
}

static_assert(sizeof(SHA512_CTX) <= sizeof(((struct sw_tdcs *)0)->mrtd_ctx),
	      "room for the hash state");

void sw_user_reset(void)
{
	sw_fault_clear();
	if (arena)
		munmap(arena, SW_USER_RAM_SIZE);
	arena = mmap(NULL, SW_USER_RAM_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED) {
		perror("memory of the simulated machine");
		exit(1);
	}
	memset(&sw_sys, 0, sizeof(sw_sys));
	sw_stat_reset();
	sw_user = (struct sw_user) {
		.nr_cpus = 2, .nr_pkgs = 1, .first_hkid = 32, .nr_hkids = 32,
	};
	sw_user_pkg = 0;
}

void *sw_va(u64 pa)
{
	/* The core checks every address that it did not choose itself. */
	if (pa < SW_USER_RAM_BASE || pa - SW_USER_RAM_BASE >= SW_USER_RAM_SIZE) {
		fprintf(stderr, "access to %llx, which is not memory\n",
			(unsigned long long)pa);
		abort();
	}
	return arena + (pa - SW_USER_RAM_BASE);
}

bool sw_is_ram(u64 pa, u64 size)
{
	if (!sw_user.cmr)
		return size && sw_covered_by_cmr(pa, size);
	return size && size <= SW_USER_RAM_SIZE && pa >= SW_USER_RAM_BASE &&
	       pa - SW_USER_RAM_BASE <= SW_USER_RAM_SIZE - size;
}

unsigned int sw_nr_cmrs(void)
{
	return sw_user.cmr ? sw_user.nr_cmrs : 2;
}

void sw_cmr(unsigned int i, u64 *base, u64 *size)
{
	u64 hole_end = SW_USER_HOLE_BASE + SW_USER_HOLE_SIZE;

	if (sw_user.cmr) {
		*base = sw_user.cmr[i][0];
		*size = sw_user.cmr[i][1];
		return;
	}
	*base = i ? hole_end : SW_USER_RAM_BASE;
	*size = i ? SW_USER_RAM_BASE + SW_USER_RAM_SIZE - hole_end :
		    SW_USER_HOLE_BASE - SW_USER_RAM_BASE;
}

u32 sw_nr_cpus(void)
{
	return sw_user.nr_cpus;
}

u32 sw_nr_pkgs(void)
{
	return sw_user.nr_pkgs;
}

u32 sw_this_pkg(void)
{
	return sw_user_pkg;
}

u64 sw_tsc(void)
{
	return sw_user.tsc;
}

u64 sw_mul_shr(u64 a, u64 b, unsigned int shift)
{
	return ((__uint128_t)a * b) >> shift;
}

u64 sw_tsc_khz(void)
{
	return 2000000;
}

/*
 * A processor with everything: each feature bit set, so that what a TD does
 * not see was taken away by the module.
 */
void sw_native_cpuid(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	bool flip = !sw_user.cpuid_flip_leaf ||
		    (leaf == sw_user.cpuid_flip_leaf &&
		     subleaf == sw_user.cpuid_flip_subleaf);

	*eax = *ebx = *ecx = *edx = flip ? ~sw_user.cpuid_flip : ~0u;
	switch (leaf) {
	case 1:
		*eax = 0x000806f8;
		break;
	case 4:
		*eax = subleaf < 4 ? 0x04000121 : 0;
		break;
	case 0xd:
		*eax = subleaf == 2 ? 256 : subleaf == 11 ? 16 : subleaf == 12 ? 24 : 64;
		*ebx = 576 + 256 * (subleaf > 2) + 64 * (subleaf > 3 ? subleaf - 3 : 0);
		/* Supervisor components have no place in the standard format. */
		if (subleaf == 11 || subleaf == 12) {
			*ebx = 0;
			*ecx = 1;
		}
		break;
	case 0x1f:
		/* Two threads in each of eight cores. */
		*eax = subleaf == 0 ? 1 : subleaf == 1 ? 4 : 0;
		*ebx = subleaf == 0 ? 2 : subleaf == 1 ? 16 : 0;
		*ecx = subleaf | (subleaf < 2 ? subleaf + 1 : 0) << 8;
		*edx = 0;
		break;
	case 0x80000008:
		*eax = SW_USER_MAXPA | 57 << 8;
		break;
	}
}

bool sw_native_msr(u32 msr, u64 *val)
{
	if (msr != 0x3b && msr != 0x1a0)
		return false;
	*val = msr == 0x3b ? sw_user.tsc_adjust : sw_user.misc_enable;
	return true;
}

u64 sw_native_xcr0_xss(void)
{
	return 0x61ae7;
}

bool sw_native_pks(void)
{
	return true;
}

u8 sw_maxpa(void)
{
	return SW_USER_MAXPA;
}

void sw_hkid_range(u32 *first, u32 *count)
{
	*first = sw_user.first_hkid;
	*count = sw_user.nr_hkids;
}

/* Different at each call, of any thread; the same in each run with one. */
bool sw_random(u64 *val)
{
	static u64 calls;

	*val = sw_add_return(&calls, 1) * 0x9e3779b97f4a7c15ULL;
	*val ^= *val >> 29;
	return !sw_user.no_entropy;
}

bool sw_irq_pending(void)
{
	if (sw_user.irq_asked)
		sw_user.irq_asked();
	return sw_user.irq_pending;
}

void sw_pin(void)
{
	sw_user.pins++;
}

void sw_unpin(void)
{
	sw_user.pins--;
}

/* The context may lie at any address, so work on a copy that does not. */
void sw_sha384_init(void *ctx)
{
	SHA512_CTX c;

	SHA384_Init(&c);
	memcpy(ctx, &c, sizeof(c));
}

void sw_sha384_update(void *ctx, const void *data, size_t len)
{
	SHA512_CTX c;

	memcpy(&c, ctx, sizeof(c));
	SHA384_Update(&c, data, len);
	memcpy(ctx, &c, sizeof(c));
}

void sw_sha384_final(void *ctx, u8 digest[48])
{
	SHA512_CTX c;

	memcpy(&c, ctx, sizeof(c));
	SHA384_Final(digest, &c);
}
