// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest prints, serial port and debug port alike.  Terminal control
 * sequences are left out; lines that say how far the firmware is are noticed.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dev.h"

#define LINE_MAX_LEN	256
#define TAIL_SIZE	4096

static struct {
	char line[LINE_MAX_LEN];
	unsigned int len;
	enum { TEXT, ESCAPE, SEQUENCE } state;
	char boot_line[LINE_MAX_LEN];
	char tail[TAIL_SIZE];
	size_t written;
	struct timespec last;
} con;

static const char * const boot_texts[] = {
	"BdsDxe: loading Boot",
	"BdsDxe: failed to load Boot",
	"BdsDxe: starting Boot",
	"No bootable option or device",
	"UEFI Interactive Shell",
};

static void note_boot_line(void)
{
	unsigned int i;

	if (con.boot_line[0])
		return;
	for (i = 0; i < ARRAY_SIZE(boot_texts); i++)
		if (strstr(con.line, boot_texts[i]))
			memcpy(con.boot_line, con.line, sizeof(con.boot_line));
}

static void emit(char c)
{
	putchar(c);
	con.tail[con.written++ % TAIL_SIZE] = c;
}

static void end_line(void)
{
	unsigned int i;

	con.line[con.len] = '\0';
	note_boot_line();
	for (i = 0; i < con.len; i++)
		emit(con.line[i]);
	emit('\n');
	con.len = 0;
}

/* A terminal's cursor movement stands for a line break: lines stay short. */
static bool in_escape(char c)
{
	switch (con.state) {
	case TEXT:
		if (c != '\033')
			return false;
		con.state = ESCAPE;
		return true;
	case ESCAPE:
		con.state = c == '[' ? SEQUENCE : TEXT;
		return true;
	default:
		if (c >= '@' && c <= '~') {
			con.state = TEXT;
			if ((c == 'H' || c == 'J') && con.len)
				end_line();
		}
		return true;
	}
}

void console_putc(char c)
{
	clock_gettime(CLOCK_MONOTONIC, &con.last);
	if (in_escape(c) || c == '\r')
		return;
	if (c == '\n') {
		end_line();
		return;
	}
	con.line[con.len++] = (c >= ' ' && c <= '~') || c == '\t' ? c : '.';
	if (con.len == LINE_MAX_LEN - 1)
		end_line();
}

const char *console_boot_line(void)
{
	return con.boot_line[0] ? con.boot_line : NULL;
}

double console_quiet(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - con.last.tv_sec +
	       (now.tv_nsec - con.last.tv_nsec) / 1e9;
}

void console_flush(void)
{
	if (con.len)
		end_line();
	fflush(stdout);
}

void console_print_tail(void)
{
	size_t i = con.written > TAIL_SIZE ? con.written - TAIL_SIZE : 0;

	if (!con.written) {
		fprintf(stderr, "tdxrun: the guest has printed nothing\n");
		return;
	}
	fprintf(stderr, "tdxrun: the console's last %zu bytes:\n",
		con.written - i);
	for (; i < con.written; i++)
		fputc(con.tail[i % TAIL_SIZE], stderr);
}
