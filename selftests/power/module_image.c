// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TDX module's image, as P-SEAMLDR gets it, for the software one: it has a version
 * and no code.
 *
 *   module_image MINOR [KIND] >FILE
 *
 * KIND is what is wrong: header, size, hash.  The module is 1.MINOR.3.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE		4096
#define MODULE_PAGES	32

static uint8_t image[(2 + MODULE_PAGES) * PAGE];

static void put32(unsigned int at, uint32_t val)
{
	memcpy(image + at, &val, 4);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "";
	uint16_t minor = argc > 1 ? atoi(argv[1]) : 6;
	size_t size = sizeof(image);
	uint64_t word, sum = 0;
	unsigned int i;

	/* Version of the format, then what says that it is one. */
	put32(0, 0x200);
	memcpy(image + 4, "TDX-BLOB", 8);
	put32(12, 1);
	put32(16, MODULE_PAGES);
	for (i = 2 * PAGE; i < sizeof(image); i += 8) {
		word = i;
		memcpy(image + i, &word, 8);
		sum += word;
	}
	/* Where a vendor's signature would be; see swmod/seamldr.c. */
	memcpy(image + PAGE, "SWMODSIG", 8);
	memcpy(image + PAGE + 8, &sum, 8);
	memcpy(image + PAGE + 16, (uint16_t []){ 1, minor, 3, 1, 1 }, 10);

	if (!strcmp(kind, "header"))
		put32(0, 0x100);
	else if (!strcmp(kind, "size"))
		size -= PAGE;
	else if (!strcmp(kind, "hash"))
		image[3 * PAGE]++;
	return fwrite(image, size, 1, stdout) != 1;
}
