// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-384 (FIPS 180-4) for the kernel back end.
 *
 * The kernel's own may use vector registers, and while a TD's vCPU is loaded
 * those hold the guest's state, with nobody to save it: a TDCALL that hashes
 * would change the guest.  It also comes too late for a TDX module that is
 * built in, and is called differently by each kernel.  So: plain C, no calls.
 */
#include "core/os.h"

#define SHA_BLOCK	128
#define SHA_ROUNDS	80
#define SHA_LEN_OFFSET	112

/* Lives in a TD's pages between leaves. */
struct sha384 {
	u64 h[8];
	u64 bytes;			/* hashed so far; no TD has 2^61 */
	u8 block[SHA_BLOCK];
};

_Static_assert(sizeof(struct sha384) <= 512, "room for the hash state");

static const u64 sha_init[8] = {
	0xcbbb9d5dc1059ed8ULL, 0x629a292a367cd507ULL, 0x9159015a3070dd17ULL,
	0x152fecd8f70e5939ULL, 0x67332667ffc00b31ULL, 0x8eb44a8768581511ULL,
	0xdb0c2e0d64f98fa7ULL, 0x47b5481dbefa4fa4ULL,
};

static const u64 sha_k[SHA_ROUNDS] = {
	0x428a2f98d728ae22ULL, 0x7137449123ef65cdULL, 0xb5c0fbcfec4d3b2fULL,
	0xe9b5dba58189dbbcULL, 0x3956c25bf348b538ULL, 0x59f111f1b605d019ULL,
	0x923f82a4af194f9bULL, 0xab1c5ed5da6d8118ULL, 0xd807aa98a3030242ULL,
	0x12835b0145706fbeULL, 0x243185be4ee4b28cULL, 0x550c7dc3d5ffb4e2ULL,
	0x72be5d74f27b896fULL, 0x80deb1fe3b1696b1ULL, 0x9bdc06a725c71235ULL,
	0xc19bf174cf692694ULL, 0xe49b69c19ef14ad2ULL, 0xefbe4786384f25e3ULL,
	0x0fc19dc68b8cd5b5ULL, 0x240ca1cc77ac9c65ULL, 0x2de92c6f592b0275ULL,
	0x4a7484aa6ea6e483ULL, 0x5cb0a9dcbd41fbd4ULL, 0x76f988da831153b5ULL,
	0x983e5152ee66dfabULL, 0xa831c66d2db43210ULL, 0xb00327c898fb213fULL,
	0xbf597fc7beef0ee4ULL, 0xc6e00bf33da88fc2ULL, 0xd5a79147930aa725ULL,
	0x06ca6351e003826fULL, 0x142929670a0e6e70ULL, 0x27b70a8546d22ffcULL,
	0x2e1b21385c26c926ULL, 0x4d2c6dfc5ac42aedULL, 0x53380d139d95b3dfULL,
	0x650a73548baf63deULL, 0x766a0abb3c77b2a8ULL, 0x81c2c92e47edaee6ULL,
	0x92722c851482353bULL, 0xa2bfe8a14cf10364ULL, 0xa81a664bbc423001ULL,
	0xc24b8b70d0f89791ULL, 0xc76c51a30654be30ULL, 0xd192e819d6ef5218ULL,
	0xd69906245565a910ULL, 0xf40e35855771202aULL, 0x106aa07032bbd1b8ULL,
	0x19a4c116b8d2d0c8ULL, 0x1e376c085141ab53ULL, 0x2748774cdf8eeb99ULL,
	0x34b0bcb5e19b48a8ULL, 0x391c0cb3c5c95a63ULL, 0x4ed8aa4ae3418acbULL,
	0x5b9cca4f7763e373ULL, 0x682e6ff3d6b2b8a3ULL, 0x748f82ee5defb2fcULL,
	0x78a5636f43172f60ULL, 0x84c87814a1f0ab72ULL, 0x8cc702081a6439ecULL,
	0x90befffa23631e28ULL, 0xa4506cebde82bde9ULL, 0xbef9a3f7b2c67915ULL,
	0xc67178f2e372532bULL, 0xca273eceea26619cULL, 0xd186b8c721c0c207ULL,
	0xeada7dd6cde0eb1eULL, 0xf57d4f7fee6ed178ULL, 0x06f067aa72176fbaULL,
	0x0a637dc5a2c898a6ULL, 0x113f9804bef90daeULL, 0x1b710b35131c471bULL,
	0x28db77f523047d84ULL, 0x32caab7b40c72493ULL, 0x3c9ebe0a15c9bebcULL,
	0x431d67c49c100d4cULL, 0x4cc5d4becb3e42b6ULL, 0x597f299cfc657e2aULL,
	0x5fcb6fab3ad6faecULL, 0x6c44198c4a475817ULL,
};

static u64 ror(u64 x, unsigned int n)
{
	return x >> n | x << (64 - n);
}

static u64 load_be(const u8 *p)
{
	u64 x;

	memcpy(&x, p, sizeof(x));
	return __builtin_bswap64(x);
}

static void store_be(u8 *p, u64 x)
{
	x = __builtin_bswap64(x);
	memcpy(p, &x, sizeof(x));
}

/*
 * The standard's sums of rotations are nested here: one copy of the word for three.
 * The i-th of the next sixteen words of the message schedule, in the last one's place.
 */
static __always_inline void sha_word(u64 w[16], unsigned int i)
{
	u64 w15 = w[(i + 1) & 15], w2 = w[(i + 14) & 15];

	w[i] += w[(i + 9) & 15] +
		(ror(w15 ^ ror(w15, 7), 1) ^ w15 >> 7) +
		(ror(w2 ^ ror(w2, 42), 19) ^ w2 >> 6);
}

/* One round; the eight words turn instead of being moved. */
static __always_inline void sha_round(u64 s[8], unsigned int i, u64 wk)
{
#define S(n)	s[((n) + 16 - i) & 7]
	u64 e = S(4), a = S(0), t1;

	t1 = S(7) + wk + ror(e ^ ror(e ^ ror(e, 23), 4), 14) +
	     (S(6) ^ (e & (S(5) ^ S(6))));
	S(3) += t1;
	S(7) = t1 + ror(a ^ ror(a ^ ror(a, 5), 6), 28) +
	       ((a & S(1)) | (S(2) & (a | S(1))));
#undef S
}

/* The inner loops are unrolled, so that indices are constants and words stay in registers. */
static void sha_block(u64 h[8], const u8 *data)
{
	u64 w[16], s[8];
	unsigned int t, i;

	memcpy(s, h, sizeof(s));
	for (i = 0; i < 16; i++)
		w[i] = load_be(data + 8 * i);
	for (t = 0; t < SHA_ROUNDS; t += 16) {
		if (t) {
			#pragma GCC unroll 16
			for (i = 0; i < 16; i++)
				sha_word(w, i);
		}
		#pragma GCC unroll 16
		for (i = 0; i < 16; i++)
			sha_round(s, i, w[i] + sha_k[t + i]);
	}
	for (i = 0; i < 8; i++)
		h[i] += s[i];
}

void sw_sha384_init(void *ctx)
{
	struct sha384 *c = ctx;

	memset(c, 0, sizeof(*c));
	memcpy(c->h, sha_init, sizeof(c->h));
}

void sw_sha384_update(void *ctx, const void *data, size_t len)
{
	struct sha384 *c = ctx;
	const u8 *p = data;

	while (len) {
		size_t have = c->bytes % SHA_BLOCK, n = SHA_BLOCK - have;

		if (n > len)
			n = len;
		memcpy(c->block + have, p, n);
		c->bytes += n;
		p += n;
		len -= n;
		if (have + n == SHA_BLOCK)
			sha_block(c->h, c->block);
	}
}

void sw_sha384_final(void *ctx, u8 digest[48])
{
	struct sha384 *c = ctx;
	size_t have = c->bytes % SHA_BLOCK;
	unsigned int i;

	c->block[have++] = 0x80;
	memset(c->block + have, 0, SHA_BLOCK - have);
	if (have > SHA_LEN_OFFSET) {
		sha_block(c->h, c->block);
		memset(c->block, 0, SHA_BLOCK);
	}
	store_be(c->block + SHA_BLOCK - 8, c->bytes * 8);
	sha_block(c->h, c->block);
	for (i = 0; i < 6; i++)
		store_be(digest + 8 * i, c->h[i]);
}
