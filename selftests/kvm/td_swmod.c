// SPDX-License-Identifier: GPL-2.0-only
/* See td_swmod.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "td_swmod.h"
#include "test_util.h"

#define DIR	"/sys/kernel/debug/tdx_swmod/"

bool swmod_there(void)
{
	return !access(DIR "inject", W_OK);
}

static FILE *swmod_open(const char *path, const char *mode)
{
	FILE *f = fopen(path, mode);

	TEST_ASSERT(f, "%s", path);
	return f;
}

static void swmod_write(const char *line)
{
	FILE *f = swmod_open(DIR "inject", "w");

	fprintf(f, "%s\n", line);
	TEST_ASSERT(!fclose(f), "inject: %s", line);
}

void swmod_inject(const char *fmt, ...)
{
	char line[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	swmod_write(line);
}

void swmod_clear(void)
{
	swmod_write("clear");
}

bool swmod_held(void)
{
	FILE *f = swmod_open(DIR "inject", "r");
	bool held = false;
	char line[256];

	while (fgets(line, sizeof(line), f))
		held |= !strncmp(line, "hold=", 5);
	fclose(f);
	return held;
}

long swmod_fired(void)
{
	FILE *f = swmod_open(DIR "inject", "r");
	char line[256], *at;
	long sum = 0;

	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, " fired ");
		if (at)
			sum += strtol(at + 7, NULL, 10);
	}
	fclose(f);
	return sum;
}

long swmod_count(const char *leaf, const char *status)
{
	FILE *f = swmod_open(DIR "leaves", "r");
	char name[64], how[64];
	long n, sum = 0;

	while (fscanf(f, "%63s %63s %ld", name, how, &n) == 3)
		if (!strcmp(name, leaf) && (!status || !strcmp(how, status)))
			sum += n;
	fclose(f);
	return sum;
}

void swmod_each_leaf(void (*fn)(const char *leaf, void *data), void *data)
{
	FILE *f = swmod_open(DIR "leaves", "r");
	char name[64], how[64], last[64] = "";
	long n;

	/* Lines of one leaf follow each other. */
	while (fscanf(f, "%63s %63s %ld", name, how, &n) == 3) {
		if (strcmp(name, last))
			fn(name, data);
		strcpy(last, name);
	}
	fclose(f);
}

int swmod_tds(void)
{
	FILE *f = swmod_open(DIR "tds", "r");
	char line[256];
	int n = 0;

	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, "td ", 3);
	fclose(f);
	return n;
}

int swmod_steps(int *pages)
{
	FILE *f = swmod_open(DIR "tds", "r");
	int most = 0, count, n;
	char line[256], *at;

	*pages = 0;
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, " epf ");
		if (!at || sscanf(at, " epf %d/%d", &count, &n) != 2)
			continue;
		if (most < count)
			most = count;
		if (*pages < n)
			*pages = n;
	}
	fclose(f);
	return most;
}
