// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table at the end: what tdxrun counted, what KVM counted for this TD, and
 * what the software module counted.  The latter two come from debugfs and are
 * left out where nobody offers them, as on real hardware.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm.h"

#define LEAVES_FILE	"/sys/kernel/debug/tdx_swmod/leaves"
#define ACCEPTED_FILE	"/sys/kernel/debug/tdx_swmod/accepted_pages"
#define FILE_MAX_LEN	16384
#define UNKNOWN		(-1LL)

/* The module counts for all TDs: what it had before this one. */
static long long accepted_before = UNKNOWN;

static void row(const char *what, const char *detail, long long count)
{
	if (count == UNKNOWN)
		printf("%-28s %-36s %12s\n", what, detail, "n/a");
	else
		printf("%-28s %-36s %12lld\n", what, detail, count);
}

static void row_if(const char *what, const char *detail, long long count)
{
	if (count > 0)
		row(what, detail, count);
}

static bool read_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t len = 0;

	if (f) {
		len = fread(buf, 1, size - 1, f);
		fclose(f);
	}
	buf[len] = '\0';
	return len;
}

static long long read_number(const char *path)
{
	static char buf[FILE_MAX_LEN];

	return read_file(path, buf, sizeof(buf)) ? strtoll(buf, NULL, 10) : UNKNOWN;
}

void table_start(void)
{
	accepted_before = read_number(ACCEPTED_FILE);
}

/* KVM's counts go with the TD: take them while it is there. */
void table_snapshot(struct vm *vm)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/tdx",
		 getpid(), vm->fd);
	read_file(path, vm->kvm_counters, sizeof(vm->kvm_counters));
}

long long table_accepted_pages(void)
{
	long long now = read_number(ACCEPTED_FILE);

	if (now == UNKNOWN || accepted_before == UNKNOWN)
		return UNKNOWN;
	return now - accepted_before;
}

/* From lines of "name value". */
static long long kvm_count(const struct vm *vm, const char *name)
{
	size_t len = strlen(name);
	const char *p = vm->kvm_counters;

	while (p && *p) {
		if (!strncmp(p, name, len) && p[len] == ' ')
			return strtoll(p + len, NULL, 10);
		p = strchr(p, '\n');
		if (p)
			p++;
	}
	return UNKNOWN;
}

static void print_memory(struct vm *vm)
{
	struct vm_stats *s = &vm->stats;

	row("private faults", "", kvm_count(vm, "private_faults"));
	row("shared faults", "", kvm_count(vm, "shared_faults"));
	row("conversions to shared", "calls", s->to_shared);
	row("", "pages", s->to_shared_pages);
	row("conversions to private", "calls", s->to_private);
	row("", "pages", s->to_private_pages);
	row("conversions", "asked for", s->on_request);
	row("", "on a fault", s->on_fault);
	row_if("", "of addresses without memory", s->no_memory);
	row("pages accepted", "", table_accepted_pages());
	row("pages to accept", "", vm->unaccepted / VM_PAGE_SIZE);
}

static void print_exits(struct vm *vm)
{
	static const struct {
		unsigned int nr;
		const char *name;
	} names[] = {
		{ KVM_EXIT_IO,			"port I/O" },
		{ KVM_EXIT_MMIO,		"MMIO" },
		{ KVM_EXIT_HYPERCALL,		"MapGPA" },
		{ KVM_EXIT_MEMORY_FAULT,	"memory fault" },
		{ KVM_EXIT_TDX,			"other TDVMCALL" },
		{ KVM_EXIT_IOAPIC_EOI,		"IOAPIC EOI" },
		{ KVM_EXIT_SYSTEM_EVENT,	"system event" },
		{ KVM_EXIT_SHUTDOWN,		"triple fault" },
		{ KVM_EXIT_DEBUG,		"breakpoint, step" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		row_if("exits to user space", names[i].name,
		       vm->stats.exits[names[i].nr]);
	row_if("port", "reads", vm->stats.pio_in);
	row_if("", "writes", vm->stats.pio_out);
	row_if("MMIO", "reads", vm->stats.mmio_read);
	row_if("", "writes", vm->stats.mmio_write);
	row_if("disk", "requests", vm->stats.disk_requests);
	row_if("", "I/O on registered buffers", vm->stats.disk_fixed);
	row_if("", "I/O on other pages", vm->stats.disk_plain);
	row_if("", "buffers registered", vm->stats.disk_registered);
	row_if("", "buffers emptied to convert", vm->stats.disk_emptied);
}

/* KVM's other counts: TDVMCALLs as "tdvmcall_KIND", then the S-EPT's. */
static void print_kvm_counts(const struct vm *vm, bool tdvmcalls)
{
	static const char prefix[] = "tdvmcall_";
	char copy[sizeof(vm->kvm_counters)];
	char *line, *name, *rest = copy;
	bool is_call;

	memcpy(copy, vm->kvm_counters, sizeof(copy));
	while ((line = strsep(&rest, "\n"))) {
		name = strsep(&line, " ");
		is_call = !strncmp(name, prefix, sizeof(prefix) - 1);
		if (!line || is_call != tdvmcalls ||
		    strstr(name, "_faults"))
			continue;
		row_if(is_call ? "TDVMCALL" : "S-EPT",
		       is_call ? name + sizeof(prefix) - 1 : name,
		       strtoll(line, NULL, 10));
	}
}

/* Lines of "LEAF STATUS COUNT" */
static void print_leaves(void)
{
	static char leaves[FILE_MAX_LEN];
	char *line, *rest = leaves;
	char leaf[64], status[64];
	long long count;

	if (!read_file(LEAVES_FILE, leaves, sizeof(leaves))) {
		row("SEAMCALLs", "", UNKNOWN);
		return;
	}
	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "%63s %63s %lld", leaf, status, &count) == 3)
			row(leaf, status, count);
}

void table_print(struct vm *vm)
{
	printf("%-28s %-36s %12s\n", "event", "", "count");
	print_memory(vm);
	print_exits(vm);
	print_kvm_counts(vm, true);
	print_kvm_counts(vm, false);
	print_leaves();
}
