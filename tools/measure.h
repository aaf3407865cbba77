/* SPDX-License-Identifier: GPL-2.0-only */
/* A TD's measurements, computed without it. */
#ifndef TOOLS_MEASURE_H
#define TOOLS_MEASURE_H

#include "types.h"

#define MEASURE_LEN	48
#define MEASURE_RTMRS	4

/*
 * MRTD of a TD that a VMM starts from a firmware image with TDVF metadata: the
 * sections in the metadata's order, the pages of each in ascending order.
 * 0, or -1 with one line in @why (@why_len bytes).
 */
int measure_firmware(const u8 *image, size_t size, u8 *mrtd, char *why,
		     size_t why_len);

/* The RTMRs after all events of a confidential-computing event log. */
int measure_log(const u8 *log, size_t size, u8 rtmr[MEASURE_RTMRS][MEASURE_LEN],
		char *why, size_t why_len);

#endif /* TOOLS_MEASURE_H */
