// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine as files.  A record has them at the same places below a folder of its
 * own, and the MSRs as text: a line "0x982 0x3" each, "0x982 -" for one that the CPU
 * does not have.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "info.h"

#define RECORDED_MSRS	"/msr"
#define SIGNED_END	"~Module signature appended~\n"

static const char *root_dir = "", *record_dir;

int info_open(const char *root, const char *record)
{
	struct stat st;

	root_dir = root;
	record_dir = record;
	if (*root && (stat(root, &st) || !S_ISDIR(st.st_mode)))
		return -1;
	if (record && mkdir(record, 0755) && errno != EEXIST)
		return -1;
	return 0;
}

static bool make_path(char *to, size_t size, const char *dir, const char *path)
{
	if ((size_t)snprintf(to, size, "%s%s", dir, path) < size)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* --- a record --- */

static FILE *record_open(const char *path, const char *mode)
{
	char to[512], *slash;

	if (!record_dir || !make_path(to, sizeof(to), record_dir, path))
		return NULL;
	for (slash = to + strlen(record_dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(to, 0755);
		*slash = '/';
	}
	return fopen(to, mode);
}

static void record(const char *path, const char *text)
{
	FILE *f = record_open(path, "w");

	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

static void record_msr(unsigned int msr, int err, uint64_t value)
{
	FILE *f = err && err != -ENXIO ? NULL : record_open(RECORDED_MSRS, "a");

	if (!f)
		return;
	if (err)
		fprintf(f, "%#x -\n", msr);
	else
		fprintf(f, "%#x %#llx\n", msr, (unsigned long long)value);
	fclose(f);
}

/* --- files --- */

static char *read_fd(int fd)
{
	size_t len = 0, max = 0;
	char *text = NULL, *more;
	ssize_t n;

	for (;;) {
		if (len + 1 >= max) {
			max = max ? 2 * max : 4096;
			more = realloc(text, max);
			if (!more)
				break;
			text = more;
		}
		n = read(fd, text + len, max - len - 1);
		/* Of the log: a record was overwritten; all have been read. */
		if (n < 0 && errno == EPIPE)
			continue;
		if (n < 0 && errno != EAGAIN)
			break;
		if (n <= 0) {
			text[len] = '\0';
			return text;
		}
		len += n;
	}
	free(text);
	return NULL;
}

static char *read_path(const char *path, int flags)
{
	char full[512], *text;
	int fd, err;

	if (!make_path(full, sizeof(full), root_dir, path))
		return NULL;
	fd = open(full, O_RDONLY | O_CLOEXEC | flags);
	if (fd < 0)
		return NULL;
	text = read_fd(fd);
	err = errno;
	close(fd);
	errno = err;
	return text;
}

char *info_read_all(const char *path)
{
	char *text = read_path(path, 0);

	if (text)
		record(path, text);
	return text;
}

int info_read(const char *path, char *buf, size_t size)
{
	char *text = info_read_all(path);
	size_t len;

	if (!text)
		return -errno;
	text[strcspn(text, "\n")] = '\0';
	len = strlen(text) < size ? strlen(text) : size - 1;
	memcpy(buf, text, len);
	buf[len] = '\0';
	free(text);
	return 0;
}

static bool find(const char *path, struct stat *st)
{
	char full[512];

	return make_path(full, sizeof(full), root_dir, path) && !stat(full, st);
}

bool info_exists(const char *path)
{
	struct stat st;
	char dot[300];

	if (!find(path, &st))
		return false;
	if (!S_ISDIR(st.st_mode)) {
		free(info_read_all(path));
	} else if (make_path(dot, sizeof(dot), path, "/.")) {
		/* No file is made, but all folders that it would lie in. */
		record(dot, "");
	}
	return true;
}

static bool is_ours(const char *line)
{
	return strstr(line, "tdx") || strstr(line, "TDX") || strstr(line, "kvm");
}

/* Records of /dev/kmsg have a head that ends with a semicolon; the other lines are dropped. */
char *info_log(void)
{
	char *text = read_path("/dev/kmsg", O_NONBLOCK), *from, *to, *end, *body;

	if (!text)
		return NULL;
	for (from = to = text; *from; from = end) {
		end = from + strcspn(from, "\n");
		if (*end)
			*end++ = '\0';
		body = isdigit((unsigned char)*from) ? strchr(from, ';') : NULL;
		body = body ? body + 1 : from;
		if (!is_ours(body))
			continue;
		memmove(to, body, strlen(body) + 1);
		to += strlen(to);
		*to++ = '\n';
	}
	*to = '\0';
	record("/dev/kmsg", text);
	return text;
}

/* --- MSRs --- */

static int recorded_msr(unsigned int msr, uint64_t *value)
{
	char *text = read_path(RECORDED_MSRS, 0), *line, *end;
	int ret = text ? -EACCES : -errno;

	for (line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strtoul(line, &end, 0) != msr)
			continue;
		end += strspn(end, " \t");
		ret = *end == '-' ? -ENXIO : 0;
		if (!ret)
			*value = strtoull(end, NULL, 0);
		break;
	}
	free(text);
	return ret;
}

/* The driver answers EIO where the CPU raises #GP. */
static int live_msr(unsigned int msr, uint64_t *value)
{
	int fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (pread(fd, value, sizeof(*value), msr) != sizeof(*value))
		ret = errno == EIO ? -ENXIO : -errno;
	close(fd);
	return ret;
}

int info_msr(unsigned int msr, uint64_t *value)
{
	int ret = *root_dir ? recorded_msr(msr, value) : live_msr(msr, value);

	record_msr(msr, ret, *value);
	return ret;
}

/* --- module files --- */

bool info_our_module(const char *kernel, const char *name, char *path, size_t size)
{
	/* In the order in which "make install" and dkms win over the kernel's own. */
	static const char * const dirs[] = { "updates/dkms", "updates/kvm-tdx", "updates" };
	static const char * const ends[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };
	unsigned int i, j;
	struct stat st;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		for (j = 0; j < sizeof(ends) / sizeof(ends[0]); j++) {
			snprintf(path, size, "/lib/modules/%s/%s/%s%s", kernel, dirs[i],
				 name, ends[j]);
			if (!find(path, &st))
				continue;
			/* The end alone says if it is signed. */
			record(path, info_is_signed(path) ? SIGNED_END : "");
			return true;
		}
	}
	return false;
}

/* A record has the end of the module as it is when unpacked. */
static bool modinfo_has_signature(const char *path)
{
	char command[400];
	bool yes;
	FILE *f;

	snprintf(command, sizeof(command),
		 "PATH=\"$PATH:/usr/sbin:/sbin\" modinfo -F sig_id '%s' 2>/dev/null", path);
	f = popen(command, "r");
	if (!f)
		return false;
	yes = fgetc(f) > ' ';
	pclose(f);
	return yes;
}

static bool is_packed(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".ko");
}

bool info_is_signed(const char *path)
{
	char full[512], end[sizeof(SIGNED_END) - 1];
	bool yes = false;
	FILE *f;

	if (!make_path(full, sizeof(full), root_dir, path))
		return false;
	f = fopen(full, "r");
	if (!f)
		return false;
	if (!fseek(f, -(long)sizeof(end), SEEK_END) && fread(end, sizeof(end), 1, f) == 1)
		yes = !memcmp(end, SIGNED_END, sizeof(end));
	fclose(f);
	return yes || (!*root_dir && is_packed(path) && modinfo_has_signature(path));
}
