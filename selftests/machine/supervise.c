// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run an emulator and look after it: pass its serial console on, take the
 * result channel apart (frame.h), and end it when the payload is done or the
 * time is up.
 *
 *   supervise [-t SECONDS] [-l CONSOLE_LOG] [-e ERROR_LOG] [-o DIR] [-q] [-i] COMMAND...
 *
 * The emulator finds its end of the console as file descriptor 9, and writes
 * port 0xE9 to its standard output.  -i connects the terminal to the console,
 * which is a pseudo terminal then and a pipe otherwise.
 *
 * Exit status: the payload's, or 124 when the time is up, 125 when the machine
 * stopped without a result.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define CONSOLE_FD	9
/* Ctrl-], as in telnet. */
#define KEY_LEAVE	0x1d
#define STATUS_NONE	-1
#define STATUS_TIMEOUT	124
#define STATUS_STOPPED	125
#define STATUS_SIGNAL	130

struct machine {
	pid_t pid;
	int console;
	int results;
	int keyboard;
	int out_dir;
	FILE *log;
	bool quiet;
	bool interactive;
	bool ready;
	bool last_was_cr;
	char typed[4096];
	size_t typed_len;
	double deadline;
	int status;
};

struct options {
	double seconds;
	const char *log;
	const char *errors;
	const char *out;
	bool quiet;
	bool interactive;
};

/* Bytes of the result channel that do not make up a whole frame yet. */
static char backlog[2 * (sizeof(struct frame) + FRAME_DATA_MAX)];
static size_t backlog_len;

static volatile sig_atomic_t interrupted;
static struct termios terminal;
static bool terminal_is_raw;

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("machine: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void on_signal(int sig)
{
	interrupted = sig;
}

static void terminal_restore(void)
{
	if (terminal_is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal);
}

static void terminal_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal))
		return;
	raw = terminal;
	cfmakeraw(&raw);
	terminal_is_raw = true;
	atexit(terminal_restore);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

/* The console's two ends: a pty in raw mode for a person, else a plain pipe. */
static void console_open(bool interactive, int *ours, int *theirs)
{
	struct termios raw = {};
	int fds[2];

	if (!interactive) {
		if (pipe2(fds, O_CLOEXEC))
			die("pipe: %s", strerror(errno));
		*ours = fds[0];
		*theirs = fds[1];
		return;
	}
	cfmakeraw(&raw);
	if (openpty(ours, theirs, NULL, &raw, NULL))
		die("no pseudo terminal: %s", strerror(errno));
	fcntl(*ours, F_SETFD, FD_CLOEXEC);
}

/* In the child: nothing of ours may leak in, and it must not outlive us. */
static void emulator_exec(char **command, const char *errors, int console, int results)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (errors && !freopen(errors, "w", stderr))
		_exit(127);
	dup2(null, STDIN_FILENO);
	dup2(results, STDOUT_FILENO);
	dup2(console, CONSOLE_FD);
	execvp(command[0], command);
	fprintf(stderr, "machine: cannot run %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

static void emulator_start(struct machine *m, const char *errors, char **command)
{
	int results[2], console;

	console_open(m->interactive, &m->console, &console);
	if (pipe2(results, O_CLOEXEC))
		die("pipe: %s", strerror(errno));

	m->pid = fork();
	if (m->pid < 0)
		die("fork: %s", strerror(errno));
	if (m->pid == 0)
		emulator_exec(command, errors, console, results[1]);

	/* Keep a pty's far end: the emulator may open it late and close it early. */
	if (!m->interactive)
		close(console);
	close(results[1]);
	m->results = results[0];
}

static bool name_is_plain(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

	return *name && *name != '.' && !name[strspn(name, allowed)];
}

static void file_put(struct machine *m, const struct frame *frame, const char *data)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	if (m->out_dir < 0)
		return;
	if (!name_is_plain(frame->name)) {
		fprintf(stderr, "machine: refused a file named \"%s\"\n", frame->name);
		return;
	}
	fd = openat(m->out_dir, frame->name,
		    frame->offset ? flags : flags | O_TRUNC, 0644);
	if (fd < 0 || pwrite(fd, data, frame->len, frame->offset) != frame->len)
		die("cannot write %s: %s", frame->name, strerror(errno));
	close(fd);
}

static void frame_take(struct machine *m, struct frame *frame, const char *data)
{
	frame->name[FRAME_NAME_MAX - 1] = '\0';
	if (frame->type == FRAME_EXIT)
		m->status = frame->len & 255;
	else if (frame->type == FRAME_FILE)
		file_put(m, frame, data);
	else if (frame->type == FRAME_READY)
		m->ready = true;
}

static void backlog_drop(size_t len)
{
	backlog_len -= len;
	memmove(backlog, backlog + len, backlog_len);
}

/* Skip what is no frame: banners of the emulator, output of the firmware. */
static bool backlog_seek(void)
{
	char *magic = memmem(backlog, backlog_len, FRAME_MAGIC, FRAME_MAGIC_LEN);

	if (magic)
		backlog_drop(magic - backlog);
	else if (backlog_len >= FRAME_MAGIC_LEN)
		backlog_drop(backlog_len - (FRAME_MAGIC_LEN - 1));
	return magic && backlog_len >= sizeof(struct frame);
}

/* Take one frame off the backlog; false when more bytes are needed. */
static bool backlog_take(struct machine *m)
{
	struct frame frame;
	size_t data_len;

	if (!backlog_seek())
		return false;
	memcpy(&frame, backlog, sizeof(frame));
	data_len = frame.type == FRAME_FILE ? frame.len : 0;
	if (data_len > FRAME_DATA_MAX)
		goto damaged;
	if (backlog_len < sizeof(frame) + data_len)
		return false;
	if (frame_crc(&frame, backlog + sizeof(frame)) != frame.crc)
		goto damaged;

	frame_take(m, &frame, backlog + sizeof(frame));
	backlog_drop(sizeof(frame) + data_len);
	return true;

damaged:
	fprintf(stderr, "machine: a damaged frame on the result channel\n");
	backlog_drop(1);
	return true;
}

/* False at the end of the channel, that is of the emulator. */
static bool results_read(struct machine *m)
{
	ssize_t n = read(m->results, backlog + backlog_len,
			 sizeof(backlog) - backlog_len);

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	backlog_len += n;
	while (backlog_take(m))
		;
	return true;
}

/* Serial lines end in CR LF; logs and test output want LF. */
static size_t strip_cr(struct machine *m, char *text, const char *raw, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		if (m->last_was_cr && raw[i] != '\n' && raw[i] != '\r')
			text[kept++] = '\r';
		m->last_was_cr = raw[i] == '\r';
		if (!m->last_was_cr)
			text[kept++] = raw[i];
	}
	return kept;
}

static bool console_read(struct machine *m)
{
	/* A CR held back by the last read may come out in front of this one. */
	char raw[4096], text[sizeof(raw) + 1];
	ssize_t n = read(m->console, raw, sizeof(raw));
	size_t len;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	if (m->interactive)
		memcpy(text, raw, len = n);
	else
		len = strip_cr(m, text, raw, n);

	if (m->log)
		fwrite(text, len, 1, m->log);
	if (!m->quiet) {
		fwrite(text, len, 1, stdout);
		fflush(stdout);
	}
	return true;
}

/* Hold what was typed until something in the machine reads it. */
static void keyboard_pass(struct machine *m)
{
	if (!m->ready || !m->typed_len)
		return;
	if (write(m->console, m->typed, m->typed_len) != (ssize_t)m->typed_len)
		fprintf(stderr, "machine: input lost\n");
	m->typed_len = 0;
}

static void keyboard_read(struct machine *m)
{
	char *room = m->typed + m->typed_len;
	ssize_t n = read(m->keyboard, room, sizeof(m->typed) - m->typed_len);

	if (n <= 0) {
		m->keyboard = -1;
		return;
	}
	if (terminal_is_raw && memchr(room, KEY_LEAVE, n))
		interrupted = SIGINT;
	m->typed_len += n;
	keyboard_pass(m);
}

/* None while there is no room; poll() ignores it then. */
static int keyboard_fd(const struct machine *m)
{
	return m->typed_len < sizeof(m->typed) ? m->keyboard : -1;
}

static int wait_ms(const struct machine *m)
{
	double left = m->deadline - now();

	if (!m->deadline)
		return -1;
	return left > 0 ? left * 1000 + 1 : 0;
}

static void drain_console(struct machine *m)
{
	struct pollfd fd = { .fd = m->console, .events = POLLIN };

	while (poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN))
		if (!console_read(m))
			break;
}

/* Returns when the machine is done, one way or another. */
static int attend(struct machine *m)
{
	bool alive = true;

	while (alive && m->status == STATUS_NONE) {
		struct pollfd fds[] = {
			{ .fd = m->results, .events = POLLIN },
			{ .fd = m->console, .events = POLLIN },
			{ .fd = keyboard_fd(m), .events = POLLIN },
		};
		int n = poll(fds, 3, wait_ms(m));

		if (interrupted)
			return STATUS_SIGNAL;
		if (n == 0)
			return STATUS_TIMEOUT;
		if (n < 0)
			continue;
		if (fds[1].revents && !console_read(m))
			m->console = -1;
		if (fds[0].revents)
			alive = results_read(m);
		if (fds[2].revents)
			keyboard_read(m);
		keyboard_pass(m);
	}
	return m->status == STATUS_NONE ? STATUS_STOPPED : m->status;
}

static char **parse(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt(argc, argv, "+t:l:e:o:qi")) != -1) {
		switch (c) {
		case 't':
			o->seconds = atof(optarg);
			break;
		case 'l':
			o->log = optarg;
			break;
		case 'e':
			o->errors = optarg;
			break;
		case 'o':
			o->out = optarg;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'i':
			o->interactive = true;
			break;
		default:
			exit(2);
		}
	}
	if (!argv[optind])
		die("supervise: no command");
	return argv + optind;
}

static void prepare(struct machine *m, const struct options *o)
{
	m->quiet = o->quiet;
	m->interactive = o->interactive;
	m->deadline = o->seconds ? now() + o->seconds : 0;
	if (o->log) {
		m->log = fopen(o->log, "we");
		if (!m->log)
			die("cannot write %s: %s", o->log, strerror(errno));
	}
	if (o->out) {
		m->out_dir = open(o->out, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (m->out_dir < 0)
			die("no directory %s: %s", o->out, strerror(errno));
	}
	if (o->interactive) {
		m->keyboard = STDIN_FILENO;
		terminal_raw();
	}
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct machine m = { .keyboard = -1, .out_dir = -1, .status = STATUS_NONE };
	struct options o = {};
	char **command = parse(argc, argv, &o);
	int status;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);

	prepare(&m, &o);
	emulator_start(&m, o.errors, command);
	status = attend(&m);

	kill(m.pid, SIGKILL);
	waitpid(m.pid, NULL, 0);
	drain_console(&m);
	if (m.log)
		fclose(m.log);
	return status;
}
