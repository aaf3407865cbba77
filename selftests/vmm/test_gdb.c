// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdb's server without a TD: packets, good and bad, against two vCPU threads that
 * only count.  Prints KTAP.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ktap.h"
#include "gdb.h"
#include "vm.h"

#define SOCKET	"/tmp/test_gdb.socket"

/* --- what the server needs of tdxrun --- */

static struct kvm_run runs[2];
static struct vm vm = { .nr_vcpus = 2, .lock = PTHREAD_MUTEX_INITIALIZER };
static atomic_ulong rounds[2];
static atomic_int steps[2];
static u8 ram[8192];
static u64 reg;
static unsigned int inserted;
/* A vCPU is at an INT3, gdb's or not; breakpoints are on. */
static atomic_bool at_int3[2], is_gdbs, exits[2];

void die(enum exit_code code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	exit(code);
}

void run_end(struct vm *v, enum vm_outcome outcome, const char *fmt, ...)
{
	(void)fmt;
	v->outcome = outcome;
}

const char *target_xml(void)
{
	return "<target/>";
}

bool target_register(struct vcpu *vcpu, unsigned int nr, char *out)
{
	(void)vcpu;
	*out = 0;
	if (nr > 1)
		return false;
	if (nr)
		strcpy(out, "xxxxxxxx");
	else
		hex_put(&out, &reg, 8);
	return true;
}

void target_registers(struct vcpu *vcpu, char *out)
{
	target_register(vcpu, 0, out);
	target_register(vcpu, 1, out + strlen(out));
}

bool target_set_register(struct vcpu *vcpu, unsigned int nr, const char *hex)
{
	(void)vcpu;
	return !nr && hex_bytes(hex, (u8 *)&reg, 8);
}

bool target_memory(struct vcpu *vcpu, u64 va, u8 *data, size_t size, bool write)
{
	(void)vcpu;
	if (va > sizeof(ram) || size > sizeof(ram) - va)
		return false;
	memcpy(write ? ram + va : data, write ? data : ram + va, size);
	return true;
}

bool target_insert(struct vcpu *vcpu, u64 va)
{
	(void)vcpu;
	(void)va;
	inserted++;
	return true;
}

bool target_remove(struct vcpu *vcpu, u64 va)
{
	(void)vcpu;
	(void)va;
	inserted--;
	return true;
}

void target_remove_all(struct vcpu *vcpu)
{
	(void)vcpu;
	inserted = 0;
}

bool target_at_breakpoint(struct vcpu *vcpu)
{
	(void)vcpu;
	return is_gdbs;
}

bool target_control(struct vcpu *vcpu, bool step, bool breakpoints)
{
	exits[vcpu->id] = breakpoints;
	steps[vcpu->id] = step;
	return true;
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;

	for (;;) {
		gdb_before_run(vcpu);
		if (vm.stop)
			return NULL;
		if (at_int3[vcpu->id] && exits[vcpu->id]) {
			gdb_stopped(vcpu, true);
			continue;
		}
		at_int3[vcpu->id] = false;
		rounds[vcpu->id]++;
		if (steps[vcpu->id])
			gdb_stopped(vcpu, false);
		else
			usleep(1000);
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

/* --- a client --- */

static int conn;

static void send_raw(const char *data, size_t size)
{
	if (send(conn, data, size, MSG_NOSIGNAL) < 0)
		printf("# send fails\n");
}

static void send_packet(const char *text)
{
	char buf[2 * RSP_MAX];
	u8 sum = 0;
	const char *p;

	for (p = text; *p; p++)
		sum += *p;
	send_raw(buf, snprintf(buf, sizeof(buf), "$%s#%02x", text, sum));
}

/* The next packet, or "" when none comes, or the connection ends. */
static const char *reply(void)
{
	static char text[2 * RSP_MAX];
	struct pollfd p = { .fd = conn, .events = POLLIN };
	size_t n = 0;
	char c;

	while (n < sizeof(text) - 1 && poll(&p, 1, 10000) == 1 && read(conn, &c, 1) == 1) {
		if (c == '$') {
			n = 0;
			continue;
		}
		if (c == '#') {
			text[n] = 0;
			if (read(conn, &c, 1) != 1 || read(conn, &c, 1) != 1)
				break;
			return text;
		}
		text[n++] = c;
	}
	return "(nothing)";
}

static bool answers(const char *packet, const char *want)
{
	const char *got;

	send_packet(packet);
	got = reply();
	if (!strcmp(got, want))
		return true;
	printf("# %.60s: %.80s, not %.80s\n", packet, got, want);
	return false;
}

static void reconnect(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = SOCKET };

	close(conn);
	conn = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(conn, (struct sockaddr *)&at, sizeof(at)))
		printf("# connect fails\n");
}

/* --- tests --- */

static void nothing_runs_before_gdb_says_so(void)
{
	ktap_result(!rounds[0] && !rounds[1] && gdb_has_stopped(), "%s", __func__);
}

static void packets_are_answered(void)
{
	bool ok = answers("?", "T02thread:1;");

	ok &= answers("qXfer:features:read:target.xml:0,fff", "l<target/>");
	ok &= answers("qXfer:features:read:target.xml:0,3", "m<ta");
	ok &= answers("qfThreadInfo", "m1,2") && answers("qsThreadInfo", "l");
	ok &= answers("Hg2", "OK") && answers("qC", "QC2") && answers("Hg1", "OK");
	ok &= answers("M10,2:abcd", "OK") && answers("m10,3", "abcd00");
	ok &= answers("P0=8877665544332211", "OK") && reg == 0x1122334455667788ULL;
	ok &= answers("p0", "8877665544332211") && answers("g", "8877665544332211xxxxxxxx");
	ok &= answers("G0100000000000000xxxxxxxx", "OK") && reg == 1;
	ok &= answers("Z0,1000,1", "OK") && inserted == 1;
	ok &= answers("z0,1000,1", "OK") && !inserted;
	ok &= answers("vCont?", "vCont;c;C;s;S");
	ktap_result(ok, "%s", __func__);
}

static void bad_packets_are_refused(void)
{
	static const char *const bad[] = {
		"m", "m0", "m0,", "mx,1", "m0,ffffffff", "m2000,1",
		"m11111111111111111,1", "M0,1", "M0,2:ab", "M0,2:zzzz",
		"M0,fffffffffffffff:00", "P", "P0", "P0=", "P0=00", "P9=00",
		"p", "p99", "G", "G00", "Z0", "Z0,", "z0,x", "Hg9", "T9",
		"qXfer:features:read:target.xml:999,1", "vCont;x", "vCont;c:9",
		"vContc", "H",
	};
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok &= answers(bad[i], "E01");
	ok &= answers("Z1,0,1", "") && answers("!", "") && answers("vKill", "");
	ok &= answers("qUnknown", "") && answers("", "");
	ktap_result(ok && gdb_has_stopped(), "%s", __func__);
}

static void a_step_runs_one_vcpu(void)
{
	unsigned long other = rounds[1];
	bool ok;

	ok = answers("vCont;s:1", "T05thread:1;") && rounds[0] == 1;
	ok &= answers("Hg2", "OK") && answers("s", "T05thread:2;");
	ktap_result(ok && rounds[1] == other + 1 && rounds[0] == 1, "%s", __func__);
}

static void a_byte_of_3_stops_all(void)
{
	unsigned long before = rounds[0], after;
	const char *got;

	send_packet("vCont;c");
	while (rounds[0] < before + 3 || rounds[1] < 3)
		usleep(1000);
	send_raw("\3", 1);
	got = reply();
	after = rounds[0] + rounds[1];
	usleep(20000);
	ktap_result(!strncmp(got, "T02", 3) && after == rounds[0] + rounds[1], "%s",
		    __func__);
}

/* It runs on behind its own as if nobody looked, and a step over it is a step. */
static void an_int3_of_the_tds_own_is_the_tds(void)
{
	unsigned long before;
	bool ok;

	at_int3[0] = true;
	before = rounds[0];
	send_packet("vCont;c");
	while (rounds[0] < before + 3)
		usleep(1000);
	ok = !at_int3[0] && exits[0] && !gdb_has_stopped();
	send_raw("\3", 1);
	ok &= !strncmp(reply(), "T02", 3);
	at_int3[0] = true;
	before = rounds[0];
	ok &= answers("vCont;s:1", "T05thread:1;") && rounds[0] == before + 1;
	at_int3[0] = true;
	is_gdbs = true;
	ok &= answers("vCont;c", "T05thread:1;") && at_int3[0];
	at_int3[0] = false;
	ktap_result(ok, "%s", __func__);
}

/* Of which the server asks for no more than it can hold. */
static void what_is_no_packet_ends_the_connection(void)
{
	static char junk[3 * RSP_MAX];
	char c;

	memset(junk, 'a', sizeof(junk));
	junk[0] = '$';
	send_raw(junk, sizeof(junk));
	while (read(conn, &c, 1) == 1)
		;
	reconnect();
	ktap_result(answers("qAttached", "1"), "%s", __func__);
}

static void a_packet_may_come_in_pieces(void)
{
	bool ok;

	send_raw("+$m1", 4);
	usleep(10000);
	send_raw("0,2#", 4);
	usleep(10000);
	send_raw("2c", 2);
	ok = !strcmp(reply(), "abcd");
	/* A wrong sum: nothing but "-", and the next one counts. */
	send_raw("$g#00", 5);
	ok &= answers("qAttached", "1");
	ktap_result(ok, "%s", __func__);
}

static void a_gdb_that_goes_leaves_it_running(void)
{
	unsigned long before = rounds[0];
	int i;

	close(conn);
	for (i = 0; rounds[0] < before + 3 && i < 10000; i++)
		usleep(1000);
	reconnect();
	ktap_result(i < 10000 && answers("?", "T02thread:1;") && gdb_has_stopped(),
		    "%s", __func__);
}

static void the_end_is_told(void)
{
	send_packet("c");
	gdb_end(false);
	ktap_result(!strcmp(reply(), "W00"), "%s", __func__);
}

int main(void)
{
	int i;

	ktap_start();
	alarm(120);
	signal(SIGUSR1, on_signal);
	unlink(SOCKET);
	for (i = 0; i < 2; i++)
		vm.vcpus[i] = (struct vcpu){ .vm = &vm, .id = i, .run = &runs[i] };
	gdb_listen(&vm, SOCKET);
	for (i = 0; i < 2; i++)
		pthread_create(&vm.vcpus[i].thread, NULL, vcpu_thread, &vm.vcpus[i]);
	gdb_start();
	usleep(10000);
	nothing_runs_before_gdb_says_so();
	reconnect();
	packets_are_answered();
	bad_packets_are_refused();
	a_step_runs_one_vcpu();
	a_byte_of_3_stops_all();
	an_int3_of_the_tds_own_is_the_tds();
	what_is_no_packet_ends_the_connection();
	a_packet_may_come_in_pieces();
	a_gdb_that_goes_leaves_it_running();
	the_end_is_told();
	vm.stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(vm.vcpus[i].thread, NULL);
	unlink(SOCKET);
	return ktap_finish();
}
