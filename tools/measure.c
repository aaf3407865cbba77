// SPDX-License-Identifier: GPL-2.0-only
/* MRTD as TDH.MEM.PAGE.ADD and TDH.MR.EXTEND make it, RTMRs as the guest does. */
#include <gcrypt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "measure.h"
#include "tdvf.h"

#define PAGE		4096U
#define CHUNK		256U
/* What the module feeds to the hash: a name, an address, zeroes. */
#define BLOCK		128U
#define BLOCK_GPA	16

/* An event log of the TCG's crypto-agile format. */
#define EVENT_NO_ACTION	3
#define FIRST_DIGEST	20
#define ALG_OFFSET	24
#define ALG_SHA384	0x000c
#define NO_INDEX	0xffffffffU
#define MAX_ALGS	8

__printf(3, 4)
static int bad(char *why, size_t why_len, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, why_len, fmt, args);
	va_end(args);
	return -1;
}

/* --- MRTD --- */

static void feed_block(gcry_md_hd_t md, const char *what, u64 gpa)
{
	u8 block[BLOCK] = { 0 };
	unsigned int i;

	memcpy(block, what, strlen(what));
	for (i = 0; i < 8; i++)
		block[BLOCK_GPA + i] = gpa >> 8 * i;
	gcry_md_write(md, block, sizeof(block));
}

static void feed_page(gcry_md_hd_t md, u64 gpa, const u8 *page, bool extend)
{
	unsigned int i;

	feed_block(md, "MEM.PAGE.ADD", gpa);
	for (i = 0; extend && i < PAGE; i += CHUNK) {
		feed_block(md, "MR.EXTEND", gpa + i);
		gcry_md_write(md, page + i, CHUNK);
	}
}

/* What the image does not fill is zero. */
static void feed_section(gcry_md_hd_t md, const struct tdvf_section *s,
			 const u8 *image)
{
	u8 page[PAGE];
	u64 at, n;

	for (at = 0; at < s->size; at += PAGE) {
		n = at < s->data_size ? s->data_size - at : 0;
		if (n > PAGE)
			n = PAGE;
		memset(page, 0, sizeof(page));
		memcpy(page, image + s->data_offset + at, n);
		feed_page(md, s->gpa + at, page,
			  s->attributes & TDVF_ATTR_MR_EXTEND);
	}
}

static int open_hash(gcry_md_hd_t *md, char *why, size_t why_len)
{
	if (!gcry_check_version(NULL) || gcry_md_open(md, GCRY_MD_SHA384, 0))
		return bad(why, why_len, "libgcrypt has no SHA-384");
	return 0;
}

int measure_firmware(const u8 *image, size_t size, u8 *mrtd, char *why,
		     size_t why_len)
{
	const struct tdvf_section *s;
	struct tdvf tdvf;
	gcry_md_hd_t md;

	if (tdvf_parse(image, size, &tdvf, why, why_len))
		return -1;
	if (tdvf.hob->attributes & TDVF_ATTR_MR_EXTEND)
		return bad(why, why_len, "the TD HOB is measured, which the VMM makes");
	if (open_hash(&md, why, why_len))
		return -1;
	for (s = tdvf.sections; s < tdvf.sections + tdvf.nr; s++)
		if (!(s->attributes & TDVF_ATTR_PAGE_AUG))
			feed_section(md, s, image);
	memcpy(mrtd, gcry_md_read(md, 0), MEASURE_LEN);
	gcry_md_close(md);
	return 0;
}

/* --- RTMRs --- */

struct log {
	const u8 *p;
	size_t left;
	unsigned int nr_algs;
	u16 alg[MAX_ALGS];
	u16 len[MAX_ALGS];
};

static const u8 *take(struct log *l, size_t n)
{
	const u8 *p = l->p;

	if (n > l->left)
		return NULL;
	l->p += n;
	l->left -= n;
	return p;
}

/* 0 at the log's end, too, which ends in no event that counts. */
static u32 take_number(struct log *l, unsigned int n)
{
	const u8 *p = take(l, n);
	u32 val = 0;

	while (p && n--)
		val = val << 8 | p[n];
	return val;
}

/* The first event tells which digests the others have. */
static int read_header(struct log *l, char *why, size_t why_len)
{
	const u8 *event;
	struct log spec;
	unsigned int i;
	u32 type, size;

	take_number(l, 4);
	type = take_number(l, 4);
	take(l, FIRST_DIGEST);
	size = take_number(l, 4);
	event = take(l, size);
	if (!event || type != EVENT_NO_ACTION || size < ALG_OFFSET + 4 ||
	    memcmp(event, "Spec ID Event03", 16))
		return bad(why, why_len, "no event log with digests of several kinds");
	spec = (struct log){ .p = event + ALG_OFFSET, .left = size - ALG_OFFSET };
	l->nr_algs = take_number(&spec, 4);
	if (!l->nr_algs || l->nr_algs > MAX_ALGS)
		return bad(why, why_len, "%u kinds of digests, expected 1 to %u",
			   l->nr_algs, MAX_ALGS);
	for (i = 0; i < l->nr_algs; i++) {
		l->alg[i] = take_number(&spec, 2);
		l->len[i] = take_number(&spec, 2);
		if (l->alg[i] == ALG_SHA384 && l->len[i] != MEASURE_LEN)
			return bad(why, why_len, "SHA-384 of %u bytes", l->len[i]);
	}
	return 0;
}

static unsigned int length_of(const struct log *l, u16 alg)
{
	unsigned int i;

	for (i = 0; i < l->nr_algs; i++)
		if (l->alg[i] == alg)
			return l->len[i];
	return 0;
}

/* Returns 1 for an event, 0 for the end, -1 for neither. */
static int read_event(struct log *l, u32 *index, u32 *type, const u8 **sha384)
{
	u32 count;
	u16 alg;

	*index = take_number(l, 4);
	*type = take_number(l, 4);
	count = take_number(l, 4);
	if (*index == NO_INDEX || !count)
		return 0;
	for (*sha384 = NULL; count; count--) {
		const u8 *digest;

		alg = take_number(l, 2);
		digest = take(l, length_of(l, alg));
		if (!digest || !length_of(l, alg))
			return -1;
		if (alg == ALG_SHA384)
			*sha384 = digest;
	}
	return l->left >= 4 && take(l, take_number(l, 4)) ? 1 : -1;
}

static void extend(gcry_md_hd_t md, u8 *rtmr, const u8 *digest)
{
	gcry_md_reset(md);
	gcry_md_write(md, rtmr, MEASURE_LEN);
	gcry_md_write(md, digest, MEASURE_LEN);
	memcpy(rtmr, gcry_md_read(md, 0), MEASURE_LEN);
}

int measure_log(const u8 *log, size_t size, u8 rtmr[MEASURE_RTMRS][MEASURE_LEN],
		char *why, size_t why_len)
{
	struct log l = { .p = log, .left = size };
	const u8 *digest;
	unsigned int nr;
	gcry_md_hd_t md;
	u32 index, type;
	int ret = 0;

	memset(rtmr, 0, MEASURE_RTMRS * MEASURE_LEN);
	if (read_header(&l, why, why_len) || open_hash(&md, why, why_len))
		return -1;
	for (nr = 1; (ret = read_event(&l, &index, &type, &digest)) > 0; nr++) {
		if (type == EVENT_NO_ACTION)
			continue;
		/* MRTD is index 0, to which nobody can extend. */
		if (!digest || !index || index > MEASURE_RTMRS) {
			ret = -1;
			break;
		}
		extend(md, rtmr[index - 1], digest);
	}
	gcry_md_close(md);
	return ret ? bad(why, why_len, "event %u is no event of a TD", nr) : 0;
}
