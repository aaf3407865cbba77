// SPDX-License-Identifier: GPL-2.0-only
/* tdx-measure: what a TD has to report, from what it was started with. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

static const char help[] =
"NAME\n"
"    tdx-measure - compute the measurements that a TD has to report\n"
"\n"
"SYNOPSIS\n"
"    tdx-measure FIRMWARE [LOG]\n"
"\n"
"DESCRIPTION\n"
"    Prints the MRTD of a TD that a VMM starts from the image FIRMWARE, OVMF.fd\n"
"    for one. With LOG, the guest's event log, it prints the four RTMRs as well,\n"
"    which it computes anew out of the events. The guest has the log in\n"
"    /sys/firmware/acpi/tables/data/CCEL.\n"
"\n"
"OPTIONS\n"
"    -h, --help  print this\n"
"\n"
"EXIT STATUS\n"
"    0  printed\n"
"    1  a file cannot be read, or is no such image or log\n"
"    2  the command line is malformed\n";

static u8 *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	size_t room = 1 << 16;
	u8 *data = malloc(room);

	if (!f)
		err(1, "%s", path);
	for (*size = 0; data; data = realloc(data, room *= 2)) {
		*size += fread(data + *size, 1, room - *size, f);
		if (*size < room)
			break;
	}
	if (!data || ferror(f))
		err(1, "%s", path);
	fclose(f);
	return data;
}

static void print(const char *name, const u8 *digest)
{
	unsigned int i;

	printf("%s ", name);
	for (i = 0; i < MEASURE_LEN; i++)
		printf("%02x", digest[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	u8 mrtd[MEASURE_LEN], rtmr[MEASURE_RTMRS][MEASURE_LEN];
	char why[160], name[8];
	unsigned int i;
	size_t size;
	u8 *data;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(help, stdout);
		return 0;
	}
	if (argc < 2 || argc > 3 || argv[1][0] == '-') {
		fprintf(stderr, "usage: tdx-measure FIRMWARE [LOG]; see tdx-measure --help\n");
		return 2;
	}
	data = read_file(argv[1], &size);
	if (measure_firmware(data, size, mrtd, why, sizeof(why)))
		errx(1, "%s: %s", argv[1], why);
	print("MRTD", mrtd);
	free(data);
	if (argc == 2)
		return 0;

	data = read_file(argv[2], &size);
	if (measure_log(data, size, rtmr, why, sizeof(why)))
		errx(1, "%s: %s", argv[2], why);
	for (i = 0; i < MEASURE_RTMRS; i++) {
		snprintf(name, sizeof(name), "RTMR%u", i);
		print(name, rtmr[i]);
	}
	free(data);
	return 0;
}
