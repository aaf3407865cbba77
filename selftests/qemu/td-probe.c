// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs in the TD: what a shell script cannot do.
 *
 *   td-probe report		the TDREPORT's measurements, one a line
 *   td-probe quote		the same, of the TDREPORT in a quote
 *   td-probe memory MIB	write a value of its own to each page, read it back
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "types.h"

#define REPORT_DATA_LEN		64
#define REPORT_LEN		1024
#define REPORT_TYPE_TDX		0x81
#define HASH_LEN		48
/* Offsets in a TDREPORT. */
#define AT_TYPE			0
#define AT_REPORT_DATA		128
#define AT_ATTRIBUTES		512
#define AT_XFAM			520
#define AT_MRTD			528
#define AT_RTMR			720
/* The tests' quote service puts this line before it, see ../vmm/fake-quote.c. */
#define FAKE			"FAKE QUOTE"
#define FAKE_LEN		64
#define QUOTE_DIR		"/sys/kernel/config/tsm/report/td"

struct report_request {
	u8 data[REPORT_DATA_LEN];
	u8 report[REPORT_LEN];
};

#define GET_REPORT0		_IOWR('T', 1, struct report_request)

static void print_hash(const char *name, const u8 *hash)
{
	int i;

	printf("%s ", name);
	for (i = 0; i < HASH_LEN; i++)
		printf("%02x", hash[i]);
	putchar('\n');
}

static u64 word_at(const u8 *report, int at)
{
	u64 value;

	memcpy(&value, report + at, sizeof(value));
	return value;
}

static int fail(const char *what)
{
	fprintf(stderr, "td-probe: %s\n", what);
	return 1;
}

static const char *get_report(struct report_request *req)
{
	int fd = open("/dev/tdx_guest", O_RDWR);

	if (fd < 0)
		return "cannot open /dev/tdx_guest";
	return ioctl(fd, GET_REPORT0, req) ? "there is no TDREPORT" : NULL;
}

static ssize_t transfer(const char *path, int mode, void *buf, size_t len)
{
	int fd = open(path, mode);
	ssize_t n = -1;

	if (fd >= 0)
		n = mode == O_WRONLY ? write(fd, buf, len) : read(fd, buf, len);
	close(fd);
	return n;
}

/* The kernel asks the host by GetQuote, and waits. */
static const char *get_quote(struct report_request *req)
{
	static u8 quote[FAKE_LEN + REPORT_LEN + 1];

	mkdir(QUOTE_DIR, 0755);
	if (transfer(QUOTE_DIR "/inblob", O_WRONLY, req->data, REPORT_DATA_LEN) !=
	    REPORT_DATA_LEN)
		return "cannot ask for a quote";
	if (transfer(QUOTE_DIR "/outblob", O_RDONLY, quote, sizeof(quote)) !=
	    FAKE_LEN + REPORT_LEN)
		return "there is no quote, or one of another length";
	if (memcmp(quote, FAKE, strlen(FAKE)))
		return "this is not the quote of the tests' service";
	memcpy(req->report, quote + FAKE_LEN, REPORT_LEN);
	return NULL;
}

static int report(const char *(*get)(struct report_request *req))
{
	static const char *const rtmr[] = { "RTMR0", "RTMR1", "RTMR2", "RTMR3" };
	struct report_request req = {};
	const char *why;
	int i;

	for (i = 0; i < REPORT_DATA_LEN; i++)
		req.data[i] = i + 1;
	why = get(&req);
	if (why)
		return fail(why);
	if (req.report[AT_TYPE] != REPORT_TYPE_TDX)
		return fail("this is no TDREPORT");
	if (memcmp(req.report + AT_REPORT_DATA, req.data, REPORT_DATA_LEN))
		return fail("the TDREPORT has other data than it was given");
	printf("ATTRIBUTES %#llx XFAM %#llx\n",
	       (unsigned long long)word_at(req.report, AT_ATTRIBUTES),
	       (unsigned long long)word_at(req.report, AT_XFAM));
	print_hash("MRTD", req.report + AT_MRTD);
	for (i = 0; i < 4; i++)
		print_hash(rtmr[i], req.report + AT_RTMR + i * HASH_LEN);
	return 0;
}

static u64 value_of(size_t at)
{
	return at * 0x9e3779b97f4a7c15ULL + 1;
}

static int memory(size_t mib)
{
	size_t len = mib << 20, at, page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return fail("cannot map so much");
	/* Fewer faults. */
	madvise(p, len, MADV_HUGEPAGE);
	for (at = 0; at < len; at += page)
		*(u64 *)(p + at) = value_of(at);
	for (at = 0; at < len; at += page)
		if (*(u64 *)(p + at) != value_of(at))
			return fail("a page has lost its value");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "report"))
		return report(get_report);
	if (argc == 2 && !strcmp(argv[1], "quote"))
		return report(get_quote);
	if (argc == 3 && !strcmp(argv[1], "memory"))
		return memory(strtoul(argv[2], NULL, 10));
	return fail("usage: td-probe report | quote | memory MIB");
}
