// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs inside the machine, under three names:
 *
 *   machine-put NAME < DATA     hand a file out of the machine
 *   machine-exit STATUS         end the machine with this exit status
 *   machine-ready               let the keyboard's input in
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/io.h>
#include <termios.h>
#include <unistd.h>

#include "frame.h"

#define LOCK_FILE	"/run/machine-out.lock"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void port_write(const void *data, size_t len)
{
	asm volatile("rep outsb"
		     : "+S" (data), "+c" (len)
		     : "d" (FRAME_PORT)
		     : "memory");
}

/* Two writers must not mix their frames. */
static void frame_send(int lock, struct frame *frame, const void *data)
{
	memcpy(frame->magic, FRAME_MAGIC, FRAME_MAGIC_LEN);
	frame->crc = frame_crc(frame, data);

	if (flock(lock, LOCK_EX))
		die(LOCK_FILE);
	port_write(frame, sizeof(*frame));
	if (frame->type == FRAME_FILE)
		port_write(data, frame->len);
	flock(lock, LOCK_UN);
}

static size_t read_full(char *data, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(STDIN_FILENO, data + have, size - have);

		if (n < 0)
			die("machine-put: stdin");
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

static int put_file(int lock, const char *name)
{
	static char data[FRAME_DATA_MAX];
	struct frame frame = { .type = FRAME_FILE };

	if (strlen(name) >= sizeof(frame.name)) {
		fprintf(stderr, "machine-put: name too long: %s\n", name);
		return 1;
	}
	strcpy(frame.name, name);

	/* An empty file is one empty frame. */
	do {
		frame.len = read_full(data, sizeof(data));
		if (frame.len || !frame.offset)
			frame_send(lock, &frame, data);
		frame.offset += frame.len;
	} while (frame.len == sizeof(data));
	return 0;
}

/* What was printed before has to reach the host before the machine ends. */
static void drain_console(void)
{
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY);

	if (fd < 0)
		return;
	tcdrain(fd);
	close(fd);
}

static void leave(int lock, const char *status)
{
	struct frame frame = { .type = FRAME_EXIT, .len = atoi(status) & 255 };

	drain_console();
	frame_send(lock, &frame, NULL);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *me = slash ? slash + 1 : argv[0];
	struct frame ready = { .type = FRAME_READY };
	int lock;

	if (ioperm(FRAME_PORT, 1, 1))
		die("machine-out: port 0xe9");
	lock = open(LOCK_FILE, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (lock < 0)
		die(LOCK_FILE);

	if (argc == 2 && !strcmp(me, "machine-put"))
		return put_file(lock, argv[1]);
	if (argc == 2 && !strcmp(me, "machine-exit"))
		leave(lock, argv[1]);
	if (argc == 1 && !strcmp(me, "machine-ready")) {
		frame_send(lock, &ready, NULL);
		return 0;
	}
	fprintf(stderr, "usage: machine-put NAME < DATA, machine-exit STATUS, machine-ready\n");
	return 2;
}
