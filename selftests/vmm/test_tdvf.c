// SPDX-License-Identifier: GPL-2.0-only
/* Feed tdvf.c and hob.c good and hostile input, under the sanitizers. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "hob.h"
#include "ktap.h"
#include "tdvf.h"

#define IMAGE_SIZE	0x10000U
#define META_OFF	(IMAGE_SIZE - 0x1000)
#define FOOTER_OFF	(IMAGE_SIZE - 0x20 - 18)
#define ENTRY_OFF	(FOOTER_OFF - 22)
#define PATH_OVMF	"/usr/share/ovmf/OVMF.fd"

struct image {
	u8 *data;
	size_t size;
};

static const u8 footer_guid[] = {
	0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
	0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
};

static const u8 entry_guid[] = {
	0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
	0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2,
};

static void put16(u8 *p, u16 v)
{
	memcpy(p, &v, sizeof(v));
}

static void put32(u8 *p, u32 v)
{
	memcpy(p, &v, sizeof(v));
}

static void put64(u8 *p, u64 v)
{
	memcpy(p, &v, sizeof(v));
}

static void put_section(u8 *p, u32 off, u32 len, u64 gpa,
			u64 size, u32 type, u32 attr)
{
	put32(p, off);
	put32(p + 4, len);
	put64(p + 8, gpa);
	put64(p + 16, size);
	put32(p + 24, type);
	put32(p + 28, attr);
}

/* A smallest good image: code at the reset vector, a HOB, scratch memory. */
static struct image good_image(void)
{
	struct image img = { calloc(1, IMAGE_SIZE), IMAGE_SIZE };
	u8 *meta = img.data + META_OFF;

	put16(img.data + FOOTER_OFF, 18 + 22);
	memcpy(img.data + FOOTER_OFF + 2, footer_guid, 16);
	put32(img.data + ENTRY_OFF, IMAGE_SIZE - META_OFF);
	put16(img.data + ENTRY_OFF + 4, 22);
	memcpy(img.data + ENTRY_OFF + 6, entry_guid, 16);

	memcpy(meta, "TDVF", 4);
	put32(meta + 4, 16 + 3 * 32);
	put32(meta + 8, 1);
	put32(meta + 12, 3);
	put_section(meta + 16, 0, IMAGE_SIZE, 0xffff0000, IMAGE_SIZE,
		    TDVF_BFV, 1);
	put_section(meta + 48, 0, 0, 0x809000, 0x2000, TDVF_TD_HOB, 0);
	put_section(meta + 80, 0, 0, 0x810000, 0x10000, TDVF_TEMP_MEM, 0);
	return img;
}

/* An exactly sized copy, so that the sanitizer sees one byte too many. */
static int parse(const struct image *img, struct tdvf *tdvf, char *why)
{
	u8 *copy = malloc(img->size);
	int ret;

	memcpy(copy, img->data, img->size);
	ret = tdvf_parse(copy, img->size, tdvf, why, 160);
	free(copy);
	return ret;
}

struct bad_case {
	const char *name;
	const char *says;
	/* Where in the metadata to write what, and how wide. */
	unsigned int off;
	unsigned int width;
	u64 val;
};

static const struct bad_case bad_cases[] = {
	{ "signature", "wrong signature", 0, 4, 0x21212121 },
	{ "version", "version 2", 8, 4, 2 },
	{ "length", "length 17", 4, 4, 17 },
	{ "no_sections", "0 sections", 12, 4, 0 },
	{ "too_many_sections", "4294967295 sections", 12, 4, 0xffffffff },
	{ "unknown_type", "unknown type 9", 16 + 24, 4, 9 },
	{ "unknown_attributes", "unknown attributes 0x80000000", 16 + 28, 4,
	  0x80000000 },
	{ "aug_of_code", "PAGE.AUG", 16 + 28, 4, 2 },
	{ "data_beyond_file", "ends beyond the file", 16, 4, 0x1000 },
	{ "data_offset_huge", "ends beyond the file", 16, 4, 0xfffff000 },
	{ "data_empty", "has no data", 20, 4, 0 },
	{ "data_larger_than_memory", "larger than its memory", 16 + 16, 8,
	  0x8000 },
	{ "data_in_hob", "must have none", 48 + 4, 4, 0x1000 },
	{ "gpa_unaligned", "not whole pages", 48 + 8, 8, 0x809800 },
	{ "size_unaligned", "not whole pages", 48 + 16, 8, 0x1fff },
	{ "size_zero", "not whole pages", 48 + 16, 8, 0 },
	{ "gpa_overflows", "beyond private memory", 48 + 8, 8,
	  0xfffffffffffff000 },
	{ "size_overflows", "beyond private memory", 48 + 16, 8,
	  0xfffffffffffff000 },
	{ "gpa_shared", "beyond private memory", 48 + 8, 8, 1ULL << 47 },
	{ "overlap", "sections 1 and 2 overlap at 0x80a000", 80 + 8, 8,
	  0x80a000 },
	{ "no_hob", "no TD_HOB", 48 + 24, 4, TDVF_TEMP_MEM },
	{ "two_hobs", "second TD_HOB", 80 + 24, 4, TDVF_TD_HOB },
	{ "no_reset_vector", "reset vector", 16 + 8, 8, 0xfffe0000 },
};

static void rejects_bad_metadata(void)
{
	const struct bad_case *c;
	struct image img;
	struct tdvf tdvf;
	char why[160];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		c = &bad_cases[i];
		img = good_image();
		memcpy(img.data + META_OFF + c->off, &c->val, c->width);
		why[0] = '\0';
		ret = parse(&img, &tdvf, why);
		ktap_result(ret == -1 && strstr(why, c->says),
			    "tdvf_rejects_%s: \"%s\"", c->name, why);
		free(img.data);
	}
}

static void rejects_bad_table(void)
{
	static const struct bad_case cases[] = {
		{ "footer_guid", "no GUID table", FOOTER_OFF + 2, 1, 0 },
		{ "table_length_short", "length 17 is out", FOOTER_OFF, 2, 17 },
		{ "table_length_long", "length 65535 is out", FOOTER_OFF, 2,
		  0xffff },
		{ "table_stray", "stray bytes", FOOTER_OFF, 2, 18 + 5 },
		{ "table_empty", "no TDVF metadata entry", FOOTER_OFF, 2, 18 },
		{ "entry_length_zero", "entry length 0", ENTRY_OFF + 4, 2, 0 },
		{ "entry_length_long", "entry length 23", ENTRY_OFF + 4, 2,
		  23 },
		{ "entry_guid", "no TDVF metadata entry", ENTRY_OFF + 6, 1,
		  0 },
		{ "offset_zero", "outside the image", ENTRY_OFF, 4, 0 },
		{ "offset_short", "outside the image", ENTRY_OFF, 4, 15 },
		{ "offset_long", "outside the image", ENTRY_OFF, 4,
		  IMAGE_SIZE + 1 },
		{ "offset_huge", "outside the image", ENTRY_OFF, 4,
		  0xffffffff },
	};
	struct image img;
	struct tdvf tdvf;
	char why[160];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		img = good_image();
		memcpy(img.data + cases[i].off, &cases[i].val, cases[i].width);
		why[0] = '\0';
		ret = parse(&img, &tdvf, why);
		ktap_result(ret == -1 && strstr(why, cases[i].says),
			    "tdvf_rejects_%s: \"%s\"", cases[i].name, why);
		free(img.data);
	}
}

/* Every prefix of a good image: none may be accepted or read beyond. */
static void rejects_every_truncation(void)
{
	struct image img = good_image();
	unsigned int accepted = 0;
	struct tdvf tdvf;
	char why[160];

	for (img.size = 0; img.size < IMAGE_SIZE; img.size += 61)
		accepted += !parse(&img, &tdvf, why);
	ktap_result(!accepted, "tdvf_rejects_every_truncation");
	free(img.data);
}

/* One flipped byte at a time in table and metadata: no crash, no overread. */
static void survives_every_byte(void)
{
	struct image img = good_image();
	struct tdvf tdvf;
	char why[160];
	unsigned int off, calls = 0;
	u8 old;

	for (off = META_OFF; off < IMAGE_SIZE; off++) {
		if (off == META_OFF + 0x80)
			off = ENTRY_OFF;
		old = img.data[off];
		img.data[off] ^= 0xff;
		parse(&img, &tdvf, why);
		img.data[off] = old;
		calls++;
	}
	ktap_result(calls && !parse(&img, &tdvf, why),
		    "tdvf_survives_every_flipped_byte: %u images", calls);
	free(img.data);
}

static void accepts_good_image(void)
{
	struct image img = good_image();
	struct tdvf tdvf;
	char why[160];

	ktap_result(!parse(&img, &tdvf, why) && tdvf.nr == 3 &&
		    tdvf.hob == &tdvf.sections[1] &&
		    tdvf.hob->gpa == 0x809000, "tdvf_accepts_good_image");
	free(img.data);
}

static void accepts_debian_ovmf(void)
{
	FILE *f = fopen(PATH_OVMF, "r");
	struct image img;
	struct tdvf tdvf;
	char why[160] = "";
	int ret;

	if (!f) {
		ktap_skip("tdvf_accepts_debian_ovmf", "no " PATH_OVMF);
		return;
	}
	img.data = malloc(64 << 20);
	img.size = fread(img.data, 1, 64 << 20, f);
	fclose(f);
	ret = parse(&img, &tdvf, why);
	ktap_result(!ret && tdvf.hob && tdvf.hob->gpa == 0x809000,
		    "tdvf_accepts_debian_ovmf: %u sections %s", tdvf.nr, why);
	free(img.data);
}

struct hob_block {
	u16 type;
	u16 length;
	u32 zero;
	u8 owner[16];
	u32 resource;
	u32 attributes;
	u64 start;
	u64 size;
};

static const struct mem_range ram[] = {
	{ 0, 0x10000000 }, { 0x100000000, 0x120000000 },
};

/* Out of order on purpose; one touches its neighbour, one is outside RAM. */
static const struct mem_range added[] = {
	{ 0xffe00000, 0x100000000 }, { 0x810000, 0x820000 },
	{ 0x80b000, 0x80d000 }, { 0x809000, 0x80b000 },
	{ 0x800000, 0x806000 },
};

static const struct hob_map map = { ram, 2, added, 5 };

/* Each byte of RAM is described once, by the type it ought to have. */
static void test_hob_covers_ram(void)
{
	static const struct hob_block want[] = {
		{ .resource = 7, .start = 0, .size = 0x800000 },
		{ .resource = 0, .start = 0x800000, .size = 0x6000 },
		{ .resource = 7, .start = 0x806000, .size = 0x3000 },
		{ .resource = 0, .start = 0x809000, .size = 0x2000 },
		{ .resource = 0, .start = 0x80b000, .size = 0x2000 },
		{ .resource = 7, .start = 0x80d000, .size = 0x3000 },
		{ .resource = 0, .start = 0x810000, .size = 0x10000 },
		{ .resource = 7, .start = 0x820000,
		  .size = 0x10000000 - 0x820000 },
		{ .resource = 7, .start = 0x100000000, .size = 0x20000000 },
	};
	const unsigned int nr = ARRAY_SIZE(want);
	u64 unaccepted = 0, sum = 0, end;
	u8 *buf = malloc(0x2000);
	struct hob_block b;
	size_t len;
	unsigned int i;
	bool ok;

	len = hob_build(buf, 0x2000, 0x809000, &map, &unaccepted);
	ok = len == 0x38 + nr * 0x30 + 8;
	for (i = 0; ok && i < nr; i++) {
		memcpy(&b, buf + 0x38 + i * 0x30, sizeof(b));
		ok = b.type == 3 && b.length == 0x30 && !b.zero &&
		     b.resource == want[i].resource && b.attributes == 7 &&
		     b.start == want[i].start && b.size == want[i].size;
		sum += b.resource == 7 ? b.size : 0;
	}
	ktap_result(ok, "hob_covers_ram_once: %zu bytes", len);
	ktap_result(sum && sum == unaccepted, "hob_counts_unaccepted: %#llx",
		    (unsigned long long)unaccepted);

	memcpy(&end, buf + 0x30, sizeof(end));
	ktap_result(len && buf[0] == 1 && buf[2] == 0x38 && buf[8] == 9 &&
		    buf[len - 8] == 0xff && buf[len - 7] == 0xff &&
		    buf[len - 6] == 8 && end == 0x809000 + len,
		    "hob_is_framed_by_handoff_and_end");
	free(buf);
}

/* Each size below the need is refused, and nothing is written behind it. */
static void hob_refuses_small_buffers(void)
{
	u64 unaccepted;
	unsigned int wrong = 0;
	size_t size, need;
	u8 *buf;

	buf = malloc(0x2000);
	need = hob_build(buf, 0x2000, 0x809000, &map, &unaccepted);
	free(buf);
	for (size = 0; size < need; size += 8) {
		buf = malloc(size);
		wrong += hob_build(buf, size, 0x809000, &map, &unaccepted) != 0;
		free(buf);
	}
	ktap_result(need && !wrong, "hob_refuses_small_buffers");
}

int main(void)
{
	ktap_start();
	accepts_good_image();
	accepts_debian_ovmf();
	rejects_bad_table();
	rejects_bad_metadata();
	rejects_every_truncation();
	survives_every_byte();
	test_hob_covers_ram();
	hob_refuses_small_buffers();
	return ktap_finish();
}
