// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server that gdb talks to, by TCP on this machine or by a Unix socket, and
 * what lets vCPUs run and stops them.  All of them stop together.
 *
 * A vCPU asks before each KVM_RUN whether it may, and waits here if not.
 * vm->lock may be held by who takes the lock of this file, not the other way.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gdb.h"
#include "vm.h"

#define SIGNAL_INT	2
#define SIGNAL_TRAP	5

static struct {
	struct vm *vm;
	int listener;
	/* Written by a vCPU that has stopped, and by gdb_end(). */
	int event;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool used;
	/* Protected by @lock. */
	bool may_run[MAX_VCPUS];
	bool waits[MAX_VCPUS];
	bool stopped, ending, failed;
	/* What gdb has a vCPU do; it steps over an INT3 of the TD's own meanwhile. */
	bool steps[MAX_VCPUS], passes[MAX_VCPUS];
	bool breakpoints;
	struct vcpu *stopped_vcpu;
	bool at_breakpoint;

	/* The thread's own. */
	struct rsp rsp;
	struct vcpu *current;
	bool says_swbreak;
} g = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

/* --- vCPU threads --- */

static void kick(struct vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	if (vcpu->thread)
		pthread_kill(vcpu->thread, SIGUSR1);
}

void gdb_before_run(struct vcpu *vcpu)
{
	if (!g.used)
		return;
	pthread_mutex_lock(&g.lock);
	g.waits[vcpu->id] = true;
	pthread_cond_broadcast(&g.changed);
	while (!g.may_run[vcpu->id] && !g.ending)
		pthread_cond_wait(&g.changed, &g.lock);
	g.waits[vcpu->id] = false;
	pthread_mutex_unlock(&g.lock);
}

static void forbid_all(void)
{
	unsigned int i;

	for (i = 0; i < g.vm->nr_vcpus; i++) {
		if (!g.may_run[i])
			continue;
		g.may_run[i] = false;
		kick(&g.vm->vcpus[i]);
	}
}

static void wake_server(void)
{
	u64 one = 1;

	if (write(g.event, &one, sizeof(one)) < 0)
		die(EXIT_FAILED, "eventfd: %s", strerror(errno));
}

/*
 * An INT3 that is not gdb's, such as the one with which Linux tests its handler: the TD
 * gets its exception.  Nobody changes breakpoints while the TD runs.
 */
static bool is_the_tds_own(struct vcpu *vcpu, bool breakpoint)
{
	unsigned int id = vcpu->id;

	if (breakpoint) {
		if (target_at_breakpoint(vcpu))
			return false;
		g.passes[id] = target_control(vcpu, true, false);
		return g.passes[id];
	}
	if (!g.passes[id])
		return false;
	g.passes[id] = false;
	return target_control(vcpu, g.steps[id], g.breakpoints) && !g.steps[id];
}

/*
 * Two may stop at once.  The second is not told of: it is at its breakpoint still,
 * and stops there again.
 */
void gdb_stopped(struct vcpu *vcpu, bool breakpoint)
{
	pthread_mutex_lock(&g.lock);
	if (!g.stopped && !is_the_tds_own(vcpu, breakpoint)) {
		g.stopped = true;
		g.stopped_vcpu = vcpu;
		g.at_breakpoint = breakpoint;
		forbid_all();
		wake_server();
	}
	pthread_mutex_unlock(&g.lock);
}

bool gdb_has_stopped(void)
{
	bool stopped;

	pthread_mutex_lock(&g.lock);
	stopped = g.used && g.stopped;
	pthread_mutex_unlock(&g.lock);
	return stopped;
}

void gdb_end(bool failed)
{
	if (!g.used)
		return;
	pthread_mutex_lock(&g.lock);
	g.ending = true;
	g.failed = failed;
	wake_server();
	pthread_cond_broadcast(&g.changed);
	pthread_mutex_unlock(&g.lock);
	pthread_join(g.thread, NULL);
}

/* --- stop and go, by the server --- */

static void wait_until_stopped(void)
{
	unsigned int i;

	pthread_mutex_lock(&g.lock);
	for (i = 0; i < g.vm->nr_vcpus && !g.ending; ) {
		if (g.waits[i])
			i++;
		else
			pthread_cond_wait(&g.changed, &g.lock);
	}
	pthread_mutex_unlock(&g.lock);
}

static void stop_all(void)
{
	pthread_mutex_lock(&g.lock);
	if (!g.stopped) {
		g.stopped = true;
		g.stopped_vcpu = NULL;
		forbid_all();
	}
	pthread_mutex_unlock(&g.lock);
	wait_until_stopped();
}

/* 0, 'c' or 's' for each vCPU. */
static void resume(const char *actions, bool breakpoints)
{
	unsigned int i;

	for (i = 0; i < g.vm->nr_vcpus; i++) {
		if (actions[i])
			target_control(&g.vm->vcpus[i], actions[i] == 's',
				       breakpoints);
	}
	pthread_mutex_lock(&g.lock);
	g.stopped = false;
	g.breakpoints = breakpoints;
	for (i = 0; i < g.vm->nr_vcpus; i++) {
		if (!actions[i])
			continue;
		g.steps[i] = actions[i] == 's';
		g.passes[i] = false;
		g.vm->vcpus[i].run->immediate_exit = g.ending;
		g.may_run[i] = true;
	}
	pthread_cond_broadcast(&g.changed);
	pthread_mutex_unlock(&g.lock);
}

static void resume_all(bool breakpoints)
{
	char actions[MAX_VCPUS];

	memset(actions, 'c', sizeof(actions));
	resume(actions, breakpoints);
}

static bool send_stop(void)
{
	bool trap = g.stopped_vcpu;
	char text[64];

	if (trap)
		g.current = g.stopped_vcpu;
	snprintf(text, sizeof(text), "T%02xthread:%x;%s",
		 trap ? SIGNAL_TRAP : SIGNAL_INT, g.current->id + 1,
		 trap && g.at_breakpoint && g.says_swbreak ? "swbreak:;" : "");
	return rsp_send(&g.rsp, text);
}

/* --- packets --- */

static bool send_ok(bool ok)
{
	return rsp_send(&g.rsp, ok ? "OK" : "E01");
}

/* "-1" and "0" are any thread. */
static struct vcpu *vcpu_of(const char *text)
{
	u64 id;

	if (!hex_number(&text, &id) || !id)
		return g.current;
	return id <= g.vm->nr_vcpus ? &g.vm->vcpus[id - 1] : NULL;
}

/* "ADDRESS,LENGTH", and what comes then. */
static bool parse_range(const char **text, u64 *address, u64 *length)
{
	if (!hex_number(text, address) || *(*text)++ != ',')
		return false;
	return hex_number(text, length);
}

static bool read_memory(const char *text)
{
	u8 data[RSP_MAX / 2];
	char reply[RSP_MAX + 1], *p = reply;
	u64 va, size;

	if (!parse_range(&text, &va, &size) || size > sizeof(data) ||
	    !target_memory(g.current, va, data, size, false))
		return send_ok(false);
	reply[0] = 0;
	hex_put(&p, data, size);
	return rsp_send(&g.rsp, reply);
}

static bool write_memory(const char *text)
{
	u8 data[RSP_MAX / 2];
	u64 va, size;

	if (!parse_range(&text, &va, &size) || *text++ != ':' ||
	    size > sizeof(data) || !hex_bytes(text, data, size))
		return send_ok(false);
	return send_ok(target_memory(g.current, va, data, size, true));
}

static bool write_register(const char *text)
{
	u64 nr;

	if (!hex_number(&text, &nr) || *text++ != '=')
		return send_ok(false);
	return send_ok(target_set_register(g.current, nr, text));
}

static bool read_register(const char *text)
{
	char reply[64];
	u64 nr;

	if (!hex_number(&text, &nr) || !target_register(g.current, nr, reply))
		return send_ok(false);
	return rsp_send(&g.rsp, reply);
}

/* Those that can be set; gdb sends all with each "G". */
static bool write_registers(const char *text)
{
	char now[RSP_MAX + 1];
	unsigned int nr;
	size_t digits;
	bool ok = true;

	for (nr = 0; target_register(g.current, nr, now); nr++, text += digits) {
		digits = strlen(now);
		if (strnlen(text, digits) < digits)
			return send_ok(false);
		if (now[0] != 'x' && strncasecmp(text, now, digits))
			ok &= target_set_register(g.current, nr, text);
	}
	return send_ok(ok);
}

/* "Z0,ADDRESS,KIND": INT3 is all that there is. */
static bool breakpoint(const char *text, bool insert)
{
	u64 va, kind;

	if (text[0] != '0')
		return rsp_send(&g.rsp, "");
	text += 2;
	if (text[-1] != ',' || !parse_range(&text, &va, &kind))
		return send_ok(false);
	return send_ok(insert ? target_insert(g.current, va) :
				target_remove(g.current, va));
}

/* "qXfer:features:read:target.xml:OFFSET,LENGTH" */
static bool send_xml(const char *text)
{
	const char *xml = target_xml();
	char reply[RSP_MAX + 1];
	u64 offset, length, size = strlen(xml);

	if (!parse_range(&text, &offset, &length) || offset > size)
		return send_ok(false);
	if (length > sizeof(reply) - 2)
		length = sizeof(reply) - 2;
	snprintf(reply, sizeof(reply), "%c%.*s", offset + length < size ? 'm' : 'l',
		 (int)length, xml + offset);
	return rsp_send(&g.rsp, reply);
}

static bool send_threads(void)
{
	char reply[4 * MAX_VCPUS + 4], *p = reply;
	unsigned int i;

	for (i = 0; i < g.vm->nr_vcpus; i++)
		p += sprintf(p, "%c%x", i ? ',' : 'm', i + 1);
	return rsp_send(&g.rsp, reply);
}

static bool starts_with(const char **text, const char *with)
{
	size_t n = strlen(with);

	if (strncmp(*text, with, n))
		return false;
	*text += n;
	return true;
}

static bool query(const char *text)
{
	char reply[160];

	if (starts_with(&text, "qSupported")) {
		g.says_swbreak = strstr(text, "swbreak+");
		snprintf(reply, sizeof(reply),
			 "PacketSize=%x;qXfer:features:read+;vContSupported+;"
			 "swbreak+;QStartNoAckMode+", RSP_MAX);
		return rsp_send(&g.rsp, reply);
	}
	if (starts_with(&text, "QStartNoAckMode")) {
		send_ok(true);
		g.rsp.no_ack = true;
		return true;
	}
	if (starts_with(&text, "qXfer:features:read:target.xml:"))
		return send_xml(text);
	if (starts_with(&text, "qfThreadInfo"))
		return send_threads();
	if (starts_with(&text, "qsThreadInfo"))
		return rsp_send(&g.rsp, "l");
	if (starts_with(&text, "qAttached"))
		return rsp_send(&g.rsp, "1");
	if (text[0] == 'q' && text[1] == 'C' && !text[2]) {
		snprintf(reply, sizeof(reply), "QC%x", g.current->id + 1);
		return rsp_send(&g.rsp, reply);
	}
	return rsp_send(&g.rsp, "");
}

/* ";ACTION[:THREAD]..."; the first that fits a vCPU counts.  False: a bad one. */
static bool parse_actions(const char *text, char *actions)
{
	struct vcpu *vcpu;
	unsigned int i;
	char action;

	memset(actions, 0, MAX_VCPUS);
	while (*text == ';') {
		action = text[1];
		if (action == 'C' || action == 'S')
			action += 'c' - 'C';
		if (action != 'c' && action != 's')
			return false;
		text += 1 + strcspn(text + 1, ":;");
		vcpu = NULL;
		if (*text == ':' && text[1] != '-') {
			vcpu = vcpu_of(text + 1);
			if (!vcpu)
				return false;
		}
		for (i = 0; i < g.vm->nr_vcpus; i++) {
			if (!actions[i] && (!vcpu || vcpu->id == i))
				actions[i] = action;
		}
		text += strcspn(text, ";");
	}
	return !*text;
}

static bool cont(const char *text)
{
	char actions[MAX_VCPUS];

	if (*text == '?')
		return rsp_send(&g.rsp, "vCont;c;C;s;S");
	if (!parse_actions(text, actions))
		return send_ok(false);
	resume(actions, true);
	return true;
}

/* "c" and "s" are about the thread of "Hc", which is all threads here. */
static bool cont_old(char action)
{
	char actions[MAX_VCPUS] = { 0 };

	memset(actions, action == 'c' ? 'c' : 0, sizeof(actions));
	actions[g.current->id] = action;
	resume(actions, true);
	return true;
}

static void detach(void)
{
	target_remove_all(g.current);
	resume_all(false);
}

static bool set_thread(const char *text)
{
	struct vcpu *vcpu = *text ? vcpu_of(text + 1) : NULL;

	if (*text == 'g' && vcpu)
		g.current = vcpu;
	return send_ok(vcpu);
}

/* False: the connection is to end. */
static bool handle(const char *text)
{
	char reply[RSP_MAX + 1];

	switch (*text) {
	case '?':
		return send_stop();
	case 'g':
		target_registers(g.current, reply);
		return rsp_send(&g.rsp, reply);
	case 'G':
		return write_registers(text + 1);
	case 'p':
		return read_register(text + 1);
	case 'P':
		return write_register(text + 1);
	case 'm':
		return read_memory(text + 1);
	case 'M':
		return write_memory(text + 1);
	case 'Z':
	case 'z':
		return breakpoint(text + 1, *text == 'Z');
	case 'H':
		return set_thread(text + 1);
	case 'T':
		return send_ok(vcpu_of(text + 1));
	case 'q':
	case 'Q':
		return query(text);
	case 'c':
	case 's':
		return cont_old(*text);
	case 'v':
		if (starts_with(&text, "vCont"))
			return cont(text);
		return rsp_send(&g.rsp, "");
	case 'D':
		send_ok(true);
		return false;
	case 'k':
		pthread_mutex_lock(&g.vm->lock);
		run_end(g.vm, VM_FAILED, "gdb killed it");
		pthread_mutex_unlock(&g.vm->lock);
		return false;
	default:
		return rsp_send(&g.rsp, "");
	}
}

/* --- a connection --- */

static bool is_ending(void)
{
	bool ending;

	pthread_mutex_lock(&g.lock);
	ending = g.ending;
	pthread_mutex_unlock(&g.lock);
	return ending;
}

/* Packets while the TD is stopped; while it runs, the one byte that stops it. */
static bool serve_events(void)
{
	char text[RSP_MAX + 1];
	enum rsp_event event;

	while ((event = rsp_next(&g.rsp, text)) != RSP_NOTHING) {
		if (event == RSP_CLOSED)
			return false;
		if (event == RSP_PACKET) {
			/* gdb sends none then. */
			if (gdb_has_stopped() && !handle(text))
				return false;
			continue;
		}
		if (!gdb_has_stopped()) {
			stop_all();
			if (!send_stop())
				return false;
		}
	}
	return true;
}

static void serve(void)
{
	struct pollfd fds[2] = {
		{ .fd = g.rsp.fd, .events = POLLIN },
		{ .fd = g.event, .events = POLLIN },
	};
	u64 count;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents && read(g.event, &count, sizeof(count)) > 0) {
			if (is_ending()) {
				rsp_send(&g.rsp, g.failed ? "W01" : "W00");
				return;
			}
			wait_until_stopped();
			if (!send_stop())
				return;
		}
		if (fds[0].revents && (!rsp_fill(&g.rsp) || !serve_events()))
			return;
	}
}

/* Without a gdb the TD waits for one, unless the last has left it running. */
static void *server(void *arg)
{
	struct pollfd fds[2] = {
		{ .fd = g.listener, .events = POLLIN },
		{ .fd = g.event, .events = POLLIN },
	};

	(void)arg;
	while (!is_ending()) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (!(fds[0].revents & POLLIN))
			continue;
		memset(&g.rsp, 0, sizeof(g.rsp));
		g.current = &g.vm->vcpus[0];
		g.rsp.fd = accept4(g.listener, NULL, NULL, SOCK_CLOEXEC);
		if (g.rsp.fd < 0)
			continue;
		stop_all();
		serve();
		stop_all();
		if (!is_ending())
			detach();
		close(g.rsp.fd);
	}
	return NULL;
}

/* --- the start --- */

static int listen_tcp(const char *port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return fd;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(at.sun_path, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return fd;
}

/* A port number, or with a slash the path of a socket. */
void gdb_listen(struct vm *vm, const char *where)
{
	g.vm = vm;
	g.current = &vm->vcpus[0];
	g.stopped = true;
	g.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g.listener = strchr(where, '/') ? listen_unix(where) : listen_tcp(where);
	if (g.event < 0 || g.listener < 0 || listen(g.listener, 1))
		die(EXIT_FAILED, "--gdb %s: %s", where, strerror(errno));
	g.used = true;
	fprintf(stderr, "tdxrun: waits for gdb: target remote %s%s\n",
		strchr(where, '/') ? "" : "localhost:", where);
}

void gdb_start(void)
{
	int ret;

	if (!g.used)
		return;
	ret = pthread_create(&g.thread, NULL, server, NULL);
	if (ret)
		die(EXIT_FAILED, "thread of gdb's server: %s", strerror(ret));
}
