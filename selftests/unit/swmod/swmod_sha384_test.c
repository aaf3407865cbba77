// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel back end's SHA-384 against libcrypto's, which the core is built
 * with in user space.
 */
#include <stdlib.h>

/* Beside the functions of os_user.c, not instead of them. */
#define sw_sha384_init		kernel_sha384_init
#define sw_sha384_update	kernel_sha384_update
#define sw_sha384_final		kernel_sha384_final
#include "../../../arch/x86/virt/vmx/tdx/swmod/os/kernel/sha384_kernel.c"

#include <openssl/sha.h>

#include "ktap.h"

static const u8 *text(size_t len)
{
	static u8 buf[5000];
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = rand();
	return buf;
}

static void expect_digest(const void *data, size_t len, const u8 have[48])
{
	u8 want[48];

	SHA384(data, len, want);
	check(!memcmp(have, want, sizeof(want)));
}

static void known_answers(void)
{
	/* FIPS 180-4's example "abc", and the empty message. */
	static const u8 abc[8] = { 0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b };
	static const u8 none[8] = { 0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38 };
	u8 ctx[512], digest[48];

	sw_sha384_init(ctx);
	sw_sha384_update(ctx, "abc", 3);
	sw_sha384_final(ctx, digest);
	check(!memcmp(digest, abc, sizeof(abc)));
	sw_sha384_init(ctx);
	sw_sha384_final(ctx, digest);
	check(!memcmp(digest, none, sizeof(none)));
}

static void every_length_up_to_three_blocks(void)
{
	u8 ctx[512], digest[48];
	size_t len;

	for (len = 0; len <= 3 * SHA_BLOCK; len++) {
		const u8 *data = text(len);

		sw_sha384_init(ctx);
		sw_sha384_update(ctx, data, len);
		sw_sha384_final(ctx, digest);
		expect_digest(data, len, digest);
	}
}

/* As MRTD is made: the state rests between pieces, somewhere else each time. */
static void pieces_of_any_size(void)
{
	u64 ctx[64], other[64];
	u8 digest[48];
	int i;

	for (i = 0; i < 2000; i++) {
		size_t len = rand() % 5000, done = 0;
		const u8 *data = text(len);

		sw_sha384_init(ctx);
		while (done < len) {
			size_t n = 1 + rand() % (len - done);

			sw_sha384_update(ctx, data + done, n);
			done += n;
			memcpy(other, ctx, sizeof(other));
			memset(ctx, 0xa5, sizeof(ctx));
			memcpy(ctx, other, sizeof(ctx));
		}
		sw_sha384_final(ctx, digest);
		expect_digest(data, len, digest);
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(known_answers),
		TEST(every_length_up_to_three_blocks),
		TEST(pieces_of_any_size),
	};

	return ktap_run(tests);
}
