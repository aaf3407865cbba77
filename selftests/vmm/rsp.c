// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of gdb's remote protocol: "$text#sum", acknowledged by "+" until gdb
 * asks not to, and a byte of 3 that interrupts.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gdb.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_number(const char **text, u64 *val)
{
	const char *p = *text;

	for (*val = 0; hex_digit(*p) >= 0; p++) {
		if (*val >> 60)
			return false;
		*val = *val << 4 | hex_digit(*p);
	}
	if (p == *text)
		return false;
	*text = p;
	return true;
}

bool hex_bytes(const char *text, u8 *bytes, size_t nr)
{
	for (; nr--; text += 2) {
		if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0)
			return false;
		*bytes++ = hex_digit(text[0]) << 4 | hex_digit(text[1]);
	}
	return true;
}

void hex_put(char **out, const void *bytes, size_t nr)
{
	static const char digits[] = "0123456789abcdef";
	const u8 *p = bytes;

	while (nr--) {
		*(*out)++ = digits[*p >> 4];
		*(*out)++ = digits[*p++ & 15];
	}
	**out = 0;
}

static bool send_all(struct rsp *r, const char *data, size_t size)
{
	ssize_t n;

	while (size) {
		n = send(r->fd, data, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= n;
	}
	return true;
}

bool rsp_send(struct rsp *r, const char *text)
{
	char buf[2 * RSP_MAX + 8], *p = buf;
	u8 sum = 0;

	*p++ = '$';
	while (*text && p < buf + sizeof(buf) - 4) {
		sum += *text;
		*p++ = *text++;
	}
	*p++ = '#';
	hex_put(&p, &sum, 1);
	return send_all(r, buf, p - buf);
}

bool rsp_fill(struct rsp *r)
{
	ssize_t n;

	/* Longer than any packet that was announced. */
	if (r->nr_in == sizeof(r->in))
		return false;
	do
		n = recv(r->fd, r->in + r->nr_in, sizeof(r->in) - r->nr_in, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	r->nr_in += n;
	return true;
}

static void drop(struct rsp *r, size_t n)
{
	r->nr_in -= n;
	memmove(r->in, r->in + n, r->nr_in);
}

/* A packet is at the front; RSP_NOTHING if the rest of it is still to come. */
static enum rsp_event take_packet(struct rsp *r, char *text)
{
	const char *end = memchr(r->in, '#', r->nr_in);
	size_t i, nr;
	u8 sum = 0, want;
	bool good;

	if (!end || end + 2 >= r->in + r->nr_in)
		return RSP_NOTHING;
	nr = end - r->in - 1;
	if (nr > RSP_MAX)
		return RSP_CLOSED;
	for (i = 0; i < nr; i++)
		sum += r->in[i + 1];
	good = hex_bytes(end + 1, &want, 1) && sum == want;
	memcpy(text, r->in + 1, nr);
	text[nr] = 0;
	drop(r, nr + 4);
	if (!r->no_ack && !send_all(r, good ? "+" : "-", 1))
		return RSP_CLOSED;
	/* gdb sends it again. */
	return good ? RSP_PACKET : RSP_NOTHING;
}

enum rsp_event rsp_next(struct rsp *r, char *text)
{
	enum rsp_event event;
	size_t before;

	while (r->nr_in) {
		if (r->in[0] == '$') {
			before = r->nr_in;
			event = take_packet(r, text);
			if (event != RSP_NOTHING || r->nr_in == before)
				return event;
			continue;
		}
		/* An acknowledgement: what was sent over a socket has arrived. */
		if (r->in[0] == 3) {
			drop(r, 1);
			return RSP_INTERRUPT;
		}
		drop(r, 1);
	}
	return RSP_NOTHING;
}
