// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table at the end: what tdxrun counted, what KVM counted for this TD, and
 * what the software module counted.  The latter two come from debugfs and are
 * left out where nobody offers them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm.h"

#define LEAVES_FILE	"/sys/kernel/debug/tdx_swmod/leaves"
#define FILE_MAX_LEN	16384

static char td_counters[FILE_MAX_LEN];

static void row(const char *name, unsigned long val)
{
	if (val)
		printf("  %-40s %12lu\n", name, val);
}

static void read_file(const char *path, char *buf)
{
	FILE *f = fopen(path, "r");
	size_t len = 0;

	if (f) {
		len = fread(buf, 1, FILE_MAX_LEN - 1, f);
		fclose(f);
	}
	buf[len] = '\0';
}

/* KVM's counters go with the TD: take them before it is closed. */
void table_snapshot(struct vm *vm)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/tdx",
		 getpid(), vm->fd);
	read_file(path, td_counters);
}

static void print_lines(const char *title, char *text)
{
	char *line, *rest = text;

	if (!*text) {
		printf("%s: not offered\n", title);
		return;
	}
	printf("%s\n", title);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			printf("  %s\n", line);
}

static void print_exits(struct vm *vm)
{
	static const struct {
		unsigned int nr;
		const char *name;
	} names[] = {
		{ KVM_EXIT_IO,			"exit: port I/O" },
		{ KVM_EXIT_MMIO,		"exit: MMIO" },
		{ KVM_EXIT_HYPERCALL,		"exit: MapGPA" },
		{ KVM_EXIT_MEMORY_FAULT,	"exit: memory fault" },
		{ KVM_EXIT_TDX,			"exit: other TDVMCALL" },
		{ KVM_EXIT_IOAPIC_EOI,		"exit: IOAPIC EOI" },
		{ KVM_EXIT_SYSTEM_EVENT,	"exit: system event" },
		{ KVM_EXIT_SHUTDOWN,		"exit: triple fault" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		row(names[i].name, vm->stats.exits[names[i].nr]);
	row("port reads", vm->stats.pio_in);
	row("port writes", vm->stats.pio_out);
	row("MMIO reads", vm->stats.mmio_read);
	row("MMIO writes", vm->stats.mmio_write);
}

static void print_conversions(struct vm *vm)
{
	row("conversions: on request", vm->stats.on_request);
	row("conversions: on fault", vm->stats.on_fault);
	row("conversions: of addresses without memory", vm->stats.no_memory);
	row("conversions: to shared", vm->stats.to_shared);
	row("conversions: to shared, pages", vm->stats.to_shared_pages);
	row("conversions: to private", vm->stats.to_private);
	row("conversions: to private, pages", vm->stats.to_private_pages);
	row("pages that the firmware has to accept",
	    vm->unaccepted / VM_PAGE_SIZE);
}

long long table_accepted(void)
{
	return -1;
}

void table_print(struct vm *vm)
{
	static char leaves[FILE_MAX_LEN];

	printf("tdxrun\n");
	print_exits(vm);
	print_conversions(vm);
	print_lines("KVM, this TD", td_counters);
	read_file(LEAVES_FILE, leaves);
	print_lines("software module, all TDs so far", leaves);
}
