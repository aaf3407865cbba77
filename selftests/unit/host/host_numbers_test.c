// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host and swmod each have the specification's numbers in a header of
 * their own.  Read both as text: where both know a name, they must agree.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_check.h"

#define TDX	"../../arch/x86/virt/vmx/tdx/"
#define MAX	512

struct number {
	char name[64];
	unsigned long long value;
};

#define HOST_FILE	TDX "status.h"
#define SWMOD_FILE	TDX "swmod/core/sw_status.h"

static struct number host[MAX], swmod[MAX];
static unsigned int nr_host, nr_swmod;

/* Keep each #define whose name has the prefix and whose value is a number. */
static unsigned int read_numbers(const char *path, const char *prefix,
				 struct number *out)
{
	FILE *f = fopen(path, "r");
	char line[256], name[64], value[64], *end;
	unsigned int n = 0;

	if (!f)
		return 0;
	while (n < MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "#define %63s %63s", name, value) != 2)
			continue;
		if (strncmp(name, prefix, strlen(prefix)))
			continue;
		out[n].value = strtoull(value, &end, 0);
		if (end == value)
			continue;
		snprintf(out[n].name, sizeof(out[n].name), "%s",
			 name + strlen(prefix));
		n++;
	}
	fclose(f);
	return n;
}

static void both_sides_agree(unsigned int at_least)
{
	unsigned int i, j, common = 0;

	for (i = 0; i < nr_host; i++) {
		for (j = 0; j < nr_swmod; j++) {
			if (strcmp(host[i].name, swmod[j].name))
				continue;
			common++;
			if (host[i].value != swmod[j].value)
				printf("%s: host %llx, swmod %llx\n",
				       host[i].name, host[i].value,
				       swmod[j].value);
			check(host[i].value == swmod[j].value);
		}
	}
	check(common >= at_least);
}

static void status_codes_agree(void)
{
	nr_host = read_numbers(HOST_FILE, "TDX_", host);
	nr_swmod = read_numbers(SWMOD_FILE, "SW_", swmod);
	both_sides_agree(100);
}

static void operand_ids_agree(void)
{
	nr_host = read_numbers(HOST_FILE, "TDX_OPERAND_ID_", host);
	nr_swmod = read_numbers(SWMOD_FILE, "SW_OPND_", swmod);
	both_sides_agree(20);
}

int main(void)
{
	if (access(SWMOD_FILE, R_OK)) {
		printf("skip: this tree has no swmod to compare with\n");
		return 0;
	}
	run(status_codes_agree);
	run(operand_ids_agree);
	return checks_failed != 0;
}
