/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The result channel: frames of bytes written to port 0xE9 in the machine and
 * found again in the emulator's standard output, among whatever else it prints.
 * Both sides run on the same kind of CPU, so fields are in native byte order.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_PORT	0xe9
#define FRAME_MAGIC	"\001KVMTDX\002"
#define FRAME_MAGIC_LEN	8
#define FRAME_NAME_MAX	64
#define FRAME_DATA_MAX	65536

enum frame_type {
	/* A piece of the file NAME; offset 0 starts the file anew. */
	FRAME_FILE = 'F',
	/* The payload is done; len is its exit status, no data follow. */
	FRAME_EXIT = 'X',
	/* A shell reads the console now; input before it would be lost. */
	FRAME_READY = 'R',
};

struct frame {
	char magic[FRAME_MAGIC_LEN];
	uint64_t offset;
	uint32_t len;
	/* Of the data, then of this header with crc as 0. */
	uint32_t crc;
	uint32_t type;
	char name[FRAME_NAME_MAX];
} __attribute__((packed));

static inline uint32_t crc32_add(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	while (len--) {
		static const uint32_t nibble[16] = {
			0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
			0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
			0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
			0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
		};

		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

static inline uint32_t frame_crc(const struct frame *frame, const void *data)
{
	struct frame head = *frame;
	size_t len = head.type == FRAME_FILE ? head.len : 0;

	head.crc = 0;
	return crc32_add(crc32_add(0, data, len), &head, sizeof(head));
}

#endif
