// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each VM has a folder PID-FD in KVM's debugfs; that of a TD has a file "tdx" with
 * lines of "name value", and base KVM's own counts, a file each.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

/* --- reading --- */

static FILE *open_in(const char *dir, const char *folder, const char *name)
{
	char path[512];

	if (snprintf(path, sizeof(path), "%s/%s/%s", dir, folder, name) >= (int)sizeof(path))
		return NULL;
	return fopen(path, "r");
}

static void add_count(struct top_td *td, const char *name, long long value)
{
	struct top_count *c = &td->count[td->nr];

	if (td->nr == TOP_MAX_COUNTS)
		return;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->value = value;
	c->delta = 0;
	td->nr++;
}

/* One of base KVM's counts, which may not be there. */
static void read_base(struct top_td *td, const char *dir, const char *folder, const char *name)
{
	FILE *f = open_in(dir, folder, name);
	long long value;

	if (!f)
		return;
	if (fscanf(f, "%lld", &value) == 1)
		add_count(td, name, value);
	fclose(f);
}

static unsigned int count_vcpus(const char *dir, const char *folder)
{
	unsigned int n = 0;
	struct dirent *entry;
	char path[512];
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", dir, folder);
	d = opendir(path);
	if (!d)
		return 0;
	while ((entry = readdir(d)))
		n += !strncmp(entry->d_name, "vcpu", 4) &&
		     isdigit((unsigned char)entry->d_name[4]);
	closedir(d);
	return n;
}

static void read_comm(struct top_td *td)
{
	char path[32], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", td->pid);
	f = fopen(path, "r");
	if (!f || !fgets(td->comm, sizeof(td->comm), f))
		strcpy(td->comm, "?");
	if (f)
		fclose(f);
	for (p = td->comm; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = *p == '\n' ? '\0' : '?';
}

/* 1: a TD; 0: another VM, or gone by now; -1: errno. */
static int read_td(struct top_td *td, const char *dir, const char *folder)
{
	char line[128], name[40];
	long long value;
	FILE *f = open_in(dir, folder, "tdx");

	if (!f)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%39s %lld", name, &value) == 2)
			add_count(td, name, value);
	fclose(f);
	read_base(td, dir, folder, "exits");
	td->vcpus = count_vcpus(dir, folder);
	read_comm(td);
	return 1;
}

static bool parse_folder(const char *name, struct top_td *td)
{
	int end = 0;

	memset(td, 0, sizeof(*td));
	return isdigit((unsigned char)*name) &&
	       sscanf(name, "%9d-%9d%n", &td->pid, &td->fd, &end) == 2 && !name[end];
}

static bool make_room(struct top_sample *s)
{
	size_t max = s->max ? 2 * s->max : 16;
	struct top_td *td;

	if (s->nr < s->max)
		return true;
	td = reallocarray(s->td, max, sizeof(*td));
	if (!td)
		return false;
	s->td = td;
	s->max = max;
	return true;
}

int top_read(struct top_sample *s, const char *dir, int pid)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int ret = 0;

	memset(s, 0, sizeof(*s));
	if (!d)
		return -1;
	while (ret >= 0 && (entry = readdir(d))) {
		struct top_td *td;

		if (!make_room(s)) {
			ret = -1;
			break;
		}
		td = &s->td[s->nr];
		if (!parse_folder(entry->d_name, td) || (pid && td->pid != pid))
			continue;
		ret = read_td(td, dir, entry->d_name);
		if (ret > 0)
			s->nr++;
	}
	closedir(d);
	if (ret < 0)
		top_free(s);
	return ret < 0 ? -1 : 0;
}

void top_free(struct top_sample *s)
{
	free(s->td);
	memset(s, 0, sizeof(*s));
}

/* --- comparing --- */

long long top_value(const struct top_td *td, const char *name)
{
	unsigned int i;

	for (i = 0; i < td->nr; i++)
		if (!strcmp(td->count[i].name, name))
			return td->count[i].value;
	return -1;
}

static long long delta_of(const struct top_td *td, const char *name)
{
	unsigned int i;

	for (i = 0; i < td->nr; i++)
		if (!strcmp(td->count[i].name, name))
			return td->count[i].delta;
	return 0;
}

/* The TD of @like in the sample before; another one may have its name by now. */
static const struct top_td *find_before(const struct top_sample *before,
					const struct top_td *like)
{
	size_t i;

	for (i = 0; i < before->nr; i++) {
		const struct top_td *td = &before->td[i];

		if (td->pid == like->pid && td->fd == like->fd)
			return top_value(td, "exits") <= top_value(like, "exits") ? td : NULL;
	}
	return NULL;
}

/* All of a TD that was not there happened since. */
void top_compare(struct top_sample *now, const struct top_sample *before)
{
	size_t i;
	unsigned int k;

	for (i = 0; i < now->nr; i++) {
		struct top_td *td = &now->td[i];
		const struct top_td *old = find_before(before, td);

		for (k = 0; k < td->nr; k++) {
			long long was = old ? top_value(old, td->count[k].name) : 0;

			td->count[k].delta = td->count[k].value - (was < 0 ? 0 : was);
		}
	}
}

/* --- printing --- */

static long long sum_of(const struct top_td *td, const char *prefix)
{
	long long sum = 0;
	unsigned int i;

	for (i = 0; i < td->nr; i++)
		if (!strncmp(td->count[i].name, prefix, strlen(prefix)))
			sum += td->count[i].delta;
	return sum;
}

/* MiB of pages that are mapped. */
static long long private_mib(const struct top_td *td)
{
	long long small = top_value(td, "pages_4k"), large = top_value(td, "pages_2m");

	return ((small > 0 ? small : 0) * 4 + (large > 0 ? large : 0) * 2048) / 1024;
}

static int busier(const void *pa, const void *pb)
{
	const struct top_td *a = pa, *b = pb;
	long long da = delta_of(a, "exits"), db = delta_of(b, "exits");

	if (da != db)
		return da > db ? -1 : 1;
	return a->pid != b->pid ? (a->pid > b->pid) - (a->pid < b->pid) : a->fd - b->fd;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct top_count *)a)->name, ((const struct top_count *)b)->name);
}

static int by_delta(const void *pa, const void *pb)
{
	const struct top_count *a = pa, *b = pb;

	if (llabs(a->delta) != llabs(b->delta))
		return llabs(a->delta) > llabs(b->delta) ? -1 : 1;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return by_name(a, b);
}

/* The counts of all TDs together; how many there are. */
static size_t sum_up(const struct top_sample *s, struct top_count *sum, size_t max)
{
	size_t n = 0, i, k;
	unsigned int c;

	for (i = 0; i < s->nr; i++) {
		for (c = 0; c < s->td[i].nr; c++) {
			const struct top_count *count = &s->td[i].count[c];

			for (k = 0; k < n && strcmp(sum[k].name, count->name); k++)
				;
			if (k == max)
				continue;
			if (k == n) {
				sum[n] = (struct top_count){ };
				strcpy(sum[n++].name, count->name);
			}
			sum[k].value += count->value;
			sum[k].delta += count->delta;
		}
	}
	return n;
}

static unsigned int print_tds(FILE *f, const struct top_sample *s, double seconds,
			      unsigned int lines)
{
	unsigned int printed = 1;
	size_t i;

	fprintf(f, "%8s %4s %-16s %5s %9s %9s %9s %9s %9s %9s\n", "PID", "FD", "NAME", "vCPUs",
		"MiB", "EXITS/s", "CALLS/s", "FAULTS/s", "ZAPS/s", "BUSY/s");
	for (i = 0; i < s->nr && (!lines || printed < lines); i++, printed++) {
		const struct top_td *td = &s->td[i];

		fprintf(f, "%8d %4d %-16s %5u %9lld %9.0f %9.0f %9.0f %9.0f %9.0f\n",
			td->pid, td->fd, td->comm, td->vcpus, private_mib(td),
			delta_of(td, "exits") / seconds, sum_of(td, "tdvmcall_") / seconds,
			delta_of(td, "private_faults") / seconds,
			delta_of(td, "zap_batches") / seconds,
			delta_of(td, "module_busy") / seconds);
	}
	return printed;
}

void top_print(FILE *f, struct top_sample *s, double seconds, unsigned int lines)
{
	struct top_count sum[TOP_MAX_COUNTS];
	unsigned int printed;
	size_t i, n;

	qsort(s->td, s->nr, sizeof(*s->td), busier);
	/* Half of a screen for the TDs, at most. */
	printed = print_tds(f, s, seconds, lines / 2) + 2;
	fprintf(f, "\n%-24s %16s %16s\n", "EVENT", "TOTAL", "PER SECOND");
	n = sum_up(s, sum, TOP_MAX_COUNTS);
	qsort(sum, n, sizeof(*sum), by_delta);
	for (i = 0; i < n && (!lines || printed < lines); i++) {
		if (!sum[i].value && !sum[i].delta)
			continue;
		fprintf(f, "%-24s %16lld %16.1f\n", sum[i].name, sum[i].value,
			sum[i].delta / seconds);
		printed++;
	}
}
