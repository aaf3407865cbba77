// SPDX-License-Identifier: GPL-2.0-only
/* What the TD can prove: its report, and a quote by way of the host. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define DATA_SIZE	64
#define REPORT_SIZE	1024
/* In a TDREPORT. */
#define DATA_OFFSET	128
#define MRTD_OFFSET	528
#define MRTD_SIZE	48

/* The service puts this line ahead of the report, see ../vmm/fake-quote.c. */
#define FAKE		"FAKE QUOTE"
#define FAKE_SIZE	64

struct report_request {
	uint8_t data[DATA_SIZE];
	uint8_t report[REPORT_SIZE];
};

#define GET_REPORT	_IOWR('T', 1, struct report_request)

#define QUOTE		"/sys/kernel/config/tsm/report/td"

static void fill_data(uint8_t *data)
{
	int i;

	for (i = 0; i < DATA_SIZE; i++)
		data[i] = 3 * i + 1;
}

static int get_report(struct report_request *r)
{
	int fd = open("/dev/tdx_guest", O_RDWR), ret;

	fill_data(r->data);
	ret = fd < 0 ? -1 : ioctl(fd, GET_REPORT, r);
	close(fd);
	return ret;
}

static void say_mrtd(const struct report_request *r)
{
	char line[16 + 2 * MRTD_SIZE] = "MRTD ";
	int i, n = strlen(line);

	for (i = 0; i < MRTD_SIZE; i++)
		n += sprintf(line + n, "%02x", r->report[MRTD_OFFSET + i]);
	say(line, 1);
}

static int transfer(const char *path, int write_it, void *buf, int size)
{
	int fd = open(path, write_it ? O_WRONLY : O_RDONLY), n = -1;

	if (fd >= 0)
		n = write_it ? write(fd, buf, size) : read(fd, buf, size);
	close(fd);
	return n;
}

/* The kernel asks the host by GetQuote, and waits. */
static int gets_quote(const struct report_request *want)
{
	static uint8_t quote[FAKE_SIZE + REPORT_SIZE + 1];
	const uint8_t *report = quote + FAKE_SIZE;
	uint8_t data[DATA_SIZE];

	memcpy(data, want->data, sizeof(data));
	mount("config", "/sys/kernel/config", "configfs", 0, NULL);
	return !mkdir(QUOTE, 0755) &&
	       transfer(QUOTE "/inblob", 1, data, sizeof(data)) == DATA_SIZE &&
	       transfer(QUOTE "/outblob", 0, quote, sizeof(quote)) ==
			FAKE_SIZE + REPORT_SIZE &&
	       !memcmp(quote, FAKE, strlen(FAKE)) &&
	       !memcmp(report + DATA_OFFSET, data, DATA_SIZE) &&
	       !memcmp(report + MRTD_OFFSET, want->report + MRTD_OFFSET, MRTD_SIZE);
}

void test_attestation(void)
{
	static struct report_request r;

	mkdir("/sys", 0755);
	mount("sys", "/sys", "sysfs", 0, NULL);
	load_module("configfs");
	load_module("tsm");
	load_module("tdx-guest");
	say("has a report of what it was told", !get_report(&r) &&
	    !memcmp(r.report + DATA_OFFSET, r.data, DATA_SIZE));
	say_mrtd(&r);
	say("gets a quote", gets_quote(&r));
}
