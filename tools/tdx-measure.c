// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-measure: the measurements that a TD has to report, from what it was
 * started with.
 *
 *   tdx-measure FIRMWARE          MRTD
 *   tdx-measure FIRMWARE LOG      MRTD, and the RTMRs after the events of LOG
 *
 * LOG is the guest's event log, /sys/firmware/acpi/tables/data/CCEL.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

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

	if (argc < 2 || argc > 3 || argv[1][0] == '-') {
		fprintf(stderr, "usage: tdx-measure FIRMWARE [EVENT-LOG]\n");
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
