// SPDX-License-Identifier: GPL-2.0-only
/* What one vCPU, or none, does. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define BIG		(64 * MIB)
#define CALLS		1000

static u64 page_bytes(enum page_size size)
{
	return size == SIZE_2M ? 2 * MIB : PAGE;
}

/*
 * What the guest does on command, without the price of giving the command: the
 * same command with nothing to do costs only that.
 */
static void measure_cmd(const char *name, struct bench_td *b,
			enum bench_cmd cmd, u64 gpa, u32 count)
{
	u64 stride = page_bytes(b->size);
	struct sample begin, empty, s;

	/* The first entry of a vCPU costs more. */
	bench_run(b, 0, cmd, gpa, stride, 0);
	sample_begin(&begin, b->td);
	bench_run(b, 0, cmd, gpa, stride, 0);
	sample_end(&empty, b->td, &begin);

	sample_begin(&begin, b->td);
	if (bench_run(b, 0, cmd, gpa, stride, count))
		bench_fail("ACCEPT");
	sample_end(&s, b->td, &begin);
	sample_sub(&s, &empty);
	row_print(name, b->size, count, &s);
}

/* --- faults --- */

/* Pages behind the first one, so that all tables are there. */
static void fault(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);
	u64 bytes = page_bytes(size);

	if (bench_accept(b, 0, 1))
		bench_fail("first ACCEPT");
	measure_cmd(name, b, CMD_ACCEPT, (b->gpa + bytes) | size,
		    size == SIZE_2M ? 16 : PAGES_2M - 1);
	bench_td_free(b);
}

/* The guest's half of a fault: the page is there. */
static void accept_mapped(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);
	u32 count = size == SIZE_2M ? 16 : PAGES_2M;

	bench_prefault(b, 0, count * page_bytes(size));
	measure_cmd(name, b, CMD_ACCEPT, b->gpa | size, count);
	bench_td_free(b);
}

static void prefault(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);
	struct sample begin, s;

	sample_begin(&begin, b->td);
	bench_prefault(b, 0, BIG);
	sample_end(&s, b->td, &begin);
	row_print(name, size, BIG / PAGE, &s);
	bench_td_free(b);
}

/* --- the initial image --- */

/* PAGE.ADD maps small pages only; what differs are guest_memfd's. */
static void populate_bytes(const char *name, enum page_size size, u64 bytes,
			   bool measure)
{
	struct bench_td *b = bench_td_building(size);
	void *source = bench_source(bytes);
	struct sample begin, s;

	sample_begin(&begin, b->td);
	bench_populate(b, source, bytes, measure);
	sample_end(&s, b->td, &begin);
	munmap(source, bytes);
	row_print(name, size, bytes / PAGE, &s);
	bench_td_free(b);
}

static void populate(const char *name, enum page_size size)
{
	populate_bytes(name, size, BIG, false);
}

static void populate_measured(const char *name, enum page_size size)
{
	populate_bytes(name, size, BIG, true);
}

/* --- conversion and holes --- */

static void convert(const char *name, enum page_size size, u64 bytes)
{
	struct bench_td *b = bench_td_new(1, size);
	struct sample begin, s;
	char back[32];

	bench_prefault(b, 0, bytes);
	sample_begin(&begin, b->td);
	td_set_private(b->td, b->gpa, bytes, false);
	sample_end(&s, b->td, &begin);
	row_print(name, size, bytes / PAGE, &s);

	sample_begin(&begin, b->td);
	td_set_private(b->td, b->gpa, bytes, true);
	sample_end(&s, b->td, &begin);
	snprintf(back, sizeof(back), "%s-back", name);
	row_print(back, size, bytes / PAGE, &s);
	bench_td_free(b);
}

static void convert_2m(const char *name, enum page_size size)
{
	convert(name, size, 2 * MIB);
}

static void convert_64m(const char *name, enum page_size size)
{
	convert(name, size, BIG);
}

static void punch(const char *name, enum page_size size, u64 bytes)
{
	struct bench_td *b = bench_td_new(1, size);
	struct sample begin, s;

	bench_prefault(b, 0, bytes);
	sample_begin(&begin, b->td);
	bench_punch(b, 0, bytes);
	sample_end(&s, b->td, &begin);
	row_print(name, size, bytes / PAGE, &s);
	bench_td_free(b);
}

static void punch_2m(const char *name, enum page_size size)
{
	punch(name, size, 2 * MIB);
}

static void punch_64m(const char *name, enum page_size size)
{
	punch(name, size, BIG);
}

/* --- teardown --- */

/* File descriptors go one by one, in a process that lives on. */
static void teardown_close(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);
	struct sample begin, s;

	bench_prefault(b, 0, BIG);
	sample_begin(&begin, NULL);
	bench_td_free(b);
	sample_end(&s, NULL, &begin);
	row_print(name, size, BIG / PAGE, &s);
}

/* As QEMU restarts a guest, see docs/lifecycle.md. */
static void restart(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);
	struct sample begin, s;

	bench_prefault(b, 0, BIG);
	sample_begin(&begin, NULL);
	bench_restart(b);
	sample_end(&s, NULL, &begin);
	row_print(name, size, BIG / PAGE, &s);
}

static void one_byte(int fd, bool out)
{
	char c = 0;

	if ((out ? write(fd, &c, 1) : read(fd, &c, 1)) != 1)
		bench_fail("pipe");
}

/* The usual end of a TD: its VMM exits. */
static void teardown(const char *name, enum page_size size)
{
	struct sample begin, s;
	int there[2], back[2];
	pid_t pid;

	if (pipe(there) || pipe(back))
		bench_fail("pipe");
	pid = fork();
	if (!pid) {
		bench_prefault(bench_td_new(1, size), 0, BIG);
		one_byte(back[1], true);
		one_byte(there[0], false);
		_exit(0);
	}
	one_byte(back[0], false);
	sample_begin(&begin, NULL);
	one_byte(there[1], true);
	if (waitpid(pid, NULL, 0) != pid)
		bench_fail("waitpid");
	sample_end(&s, NULL, &begin);
	row_print(name, size, BIG / PAGE, &s);
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
}

/* --- round trips --- */

static void call_kernel(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);

	measure_cmd(name, b, CMD_CALL, 0, CALLS);
	bench_td_free(b);
}

static void call_user(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);

	measure_cmd(name, b, CMD_IO, 0, CALLS);
	bench_td_free(b);
}

/* An IPI that a vCPU sends to itself: the way of any IPI, on one CPU. */
static void ipi_self(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);

	measure_cmd(name, b, CMD_SELF, 0, CALLS);
	bench_td_free(b);
}

static void timer(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);

	measure_cmd(name, b, CMD_TIMER, 0, CALLS / 10);
	bench_td_free(b);
}

/* HLT with a timer that wakes it: the whole way to sleep and back. */
static void halt_timer(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);

	measure_cmd(name, b, CMD_NAP, 0, CALLS / 10);
	bench_td_free(b);
}

/* HLT with an interrupt pending: the IPI, and no sleep. */
static void halt_pending(const char *name, enum page_size size)
{
	struct bench_td *b = bench_td_new(1, size);

	measure_cmd(name, b, CMD_HALT, 0, CALLS);
	bench_td_free(b);
}

const struct row rows_one[] = {
	{ "fault", fault, .sizes = true },
	{ "accept-mapped", accept_mapped, .sizes = true },
	{ "prefault-64M", prefault, .sizes = true },
	{ "populate-64M", populate, .sizes = true },
	{ "populate-64M-measured", populate_measured, .once = true },
	{ "convert-2M", convert_2m, .sizes = true },
	{ "convert-64M", convert_64m, .sizes = true },
	{ "punch-2M", punch_2m, .sizes = true },
	{ "punch-64M", punch_64m, .sizes = true },
	{ "teardown-64M", teardown, .sizes = true },
	{ "teardown-64M-close", teardown_close, .sizes = true },
	{ "restart-64M", restart, .sizes = true },
	{ "tdvmcall-kernel", call_kernel },
	{ "tdvmcall-user", call_user },
	{ "ipi-self", ipi_self },
	{ "timer", timer },
	{ "halt-pending", halt_pending },
	{ "halt-timer", halt_timer },
	{ },
};
