// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-measure's parts: a firmware image and an event log that are made here,
 * and what libcrypto says of the bytes that a TDX module or a guest would hash.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "ktap.h"
#include "measure.h"
#include "tdvf.h"

#define IMAGE_SIZE	0x3000
#define RESET_GPA	(0x100000000ULL - 0x2000)

unsigned int ktap_failures;

static u8 image[IMAGE_SIZE];

static size_t put(u8 *to, u64 val, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		to[i] = val >> 8 * i;
	return bytes;
}

/* --- MRTD --- */

static const struct tdvf_section sections[] = {
	{ 0x1000, 0x2000, RESET_GPA, 0x2000, TDVF_BFV, TDVF_ATTR_MR_EXTEND },
	{ 0x0000, 0x0180, 0x800000, 0x2000, TDVF_CFV, TDVF_ATTR_MR_EXTEND },
	{ 0, 0, 0x900000, 0x1000, TDVF_TD_HOB, 0 },
	{ 0, 0, 0xa00000, 0x1000, TDVF_PERM_MEM, TDVF_ATTR_PAGE_AUG },
	{ 0, 0, 0x700000, 0x3000, TDVF_TEMP_MEM, 0 },
};

/* Pages at the start, descriptor and table at the end. */
static void make_image(u32 hob_attributes)
{
	static const u8 footer[] = {
		0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
		0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
	}, metadata[] = {
		0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
		0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2,
	};
	u8 *p = image + IMAGE_SIZE - 0x800;
	struct tdvf_section s[5];
	unsigned int i;

	srand(1);
	for (i = 0; i < IMAGE_SIZE; i++)
		image[i] = rand();
	memcpy(s, sections, sizeof(s));
	s[2].attributes = hob_attributes;
	memcpy(p, "TDVF", 4);
	put(p + 4, 16 + sizeof(s), 4);
	put(p + 8, 1, 4);
	put(p + 12, 5, 4);
	memcpy(p + 16, s, sizeof(s));

	p = image + IMAGE_SIZE - 0x20 - 18;
	put(p, 18 + 22, 2);
	memcpy(p + 2, footer, 16);
	p -= 22;
	put(p, 0x800, 4);
	put(p + 4, 22, 2);
	memcpy(p + 6, metadata, 16);
}

/* All that a module hashes for a page, one after the other. */
static size_t page_bytes(u8 *to, u64 gpa, const u8 *data, bool extend)
{
	size_t n = 128;
	unsigned int i;

	memcpy(to, "MEM.PAGE.ADD", 12);
	put(to + 16, gpa, 8);
	for (i = 0; extend && i < 16; i++, n += 384) {
		memcpy(to + n, "MR.EXTEND", 9);
		put(to + n + 16, gpa + i * 256, 8);
		memcpy(to + n + 128, data + i * 256, 256);
	}
	return n;
}

static void mrtd_is_the_hash_of_what_the_module_is_fed(void)
{
	static u8 fed[1 << 16], cfv[0x2000];
	u8 have[48], want[48];
	char why[160] = "";
	size_t n = 0;

	make_image(0);
	memcpy(cfv, image, 0x180);
	n += page_bytes(fed + n, RESET_GPA, image + 0x1000, true);
	n += page_bytes(fed + n, RESET_GPA + 0x1000, image + 0x2000, true);
	n += page_bytes(fed + n, 0x800000, cfv, true);
	n += page_bytes(fed + n, 0x801000, cfv + 0x1000, true);
	n += page_bytes(fed + n, 0x900000, NULL, false);
	n += page_bytes(fed + n, 0x700000, NULL, false);
	n += page_bytes(fed + n, 0x701000, NULL, false);
	n += page_bytes(fed + n, 0x702000, NULL, false);
	SHA384(fed, n, want);
	check(!measure_firmware(image, sizeof(image), have, why, sizeof(why)));
	check(!memcmp(have, want, 48));
	check(!why[0]);
}

static void a_measured_hob_has_no_known_mrtd(void)
{
	u8 mrtd[48];
	char why[160] = "";

	make_image(TDVF_ATTR_MR_EXTEND);
	check(measure_firmware(image, sizeof(image), mrtd, why, sizeof(why)));
	check(strstr(why, "HOB"));
}

/* --- RTMRs --- */

static u8 event_log[1024];
static size_t log_size;

static void add(u64 val, unsigned int bytes)
{
	log_size += put(event_log + log_size, val, bytes);
}

static void add_bytes(const void *bytes, size_t n)
{
	memcpy(event_log + log_size, bytes, n);
	log_size += n;
}

/* SHA-256 and SHA-384, of which the first does not count. */
static void start_log(void)
{
	log_size = 0;
	memset(event_log, 0, sizeof(event_log));
	add(0, 4);
	add(3, 4);
	add_bytes("01234567890123456789", 20);
	add(37, 4);
	add_bytes("Spec ID Event03", 16);
	add_bytes("\0\0\0\0\0\2\0\2", 8);
	add(2, 4);
	add(0x000b, 2);
	add(32, 2);
	add(0x000c, 2);
	add(48, 2);
	add(0, 1);
}

static void add_event(u32 index, u32 type, u8 fill)
{
	u8 digest[48];

	memset(digest, fill, sizeof(digest));
	add(index, 4);
	add(type, 4);
	add(2, 4);
	add(0x000b, 2);
	add_bytes("not this one, it is of SHA-256..", 32);
	add(0x000c, 2);
	add_bytes(digest, 48);
	add(5, 4);
	add_bytes("event", 5);
}

static void extend(u8 *rtmr, u8 fill)
{
	u8 both[96];

	memcpy(both, rtmr, 48);
	memset(both + 48, fill, 48);
	SHA384(both, sizeof(both), rtmr);
}

static int replay(size_t size, u8 rtmr[4][48])
{
	char why[160];
	u8 *copy = malloc(size + 1);
	int ret;

	/* Of just that size, for the sanitizer. */
	memcpy(copy, event_log, size);
	copy = realloc(copy, size ? size : 1);
	ret = measure_log(copy, size, rtmr, why, sizeof(why));
	free(copy);
	return ret;
}

static void rtmrs_follow_the_events_of_their_index(void)
{
	u8 have[4][48], want[4][48] = { 0 };

	start_log();
	add_event(1, 0x80000008, 0x11);
	add_event(2, 4, 0x22);
	add_event(1, 3, 0x33);
	add_event(1, 4, 0x44);
	extend(want[0], 0x11);
	extend(want[0], 0x44);
	extend(want[1], 0x22);
	check(!replay(log_size, have));
	check(!memcmp(have, want, sizeof(want)));

	/* Firmware leaves the rest of the table empty, one way or the other. */
	check(!replay(sizeof(event_log), have));
	check(!memcmp(have, want, sizeof(want)));
	memset(event_log + log_size, 0xff, sizeof(event_log) - log_size);
	check(!replay(sizeof(event_log), have));
	check(!memcmp(have, want, sizeof(want)));
}

static void what_is_no_log_is_refused(void)
{
	u8 rtmr[4][48];
	size_t whole;

	start_log();
	add_event(5, 4, 1);
	check(replay(log_size, rtmr));
	start_log();
	add_event(0, 4, 1);
	check(replay(log_size, rtmr));
	start_log();
	whole = log_size;
	event_log[32] = 'X';
	check(replay(whole, rtmr));
	check(replay(0, rtmr));
}

/* At whatever byte it ends: an answer, and no byte beyond it is read. */
static void short_logs_are_read_to_their_end(void)
{
	u8 rtmr[4][48];
	size_t size, whole;

	start_log();
	whole = log_size;
	add_event(1, 4, 1);
	for (size = 0; size < log_size; size++)
		check(replay(size, rtmr) == (size < whole || size > whole + 11 ?
					     -1 : 0));
	check(!replay(log_size, rtmr));
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(mrtd_is_the_hash_of_what_the_module_is_fed),
		TEST(a_measured_hob_has_no_known_mrtd),
		TEST(rtmrs_follow_the_events_of_their_index),
		TEST(what_is_no_log_is_refused),
		TEST(short_logs_are_read_to_their_end),
	};

	return ktap_run(tests);
}
