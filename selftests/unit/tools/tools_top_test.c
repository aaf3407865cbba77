// SPDX-License-Identifier: GPL-2.0-only
/* tdx-top, on folders that look like KVM's debugfs. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "top.h"

#define PROGRAM	TOOLS_DIR "/tdx-top"

unsigned int ktap_failures;

static char dir[64];

static void put_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, folder);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", dir, folder, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void put_vcpu(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/%s", dir, folder, name);
	mkdir(path, 0755);
}

/* Two TDs, another VM, and what is no VM. */
static void make_host(void)
{
	strcpy(dir, "/tmp/tools_top_test.XXXXXX");
	check(mkdtemp(dir));
	put_file("101-7", "tdx", "pages_4k 256\npages_2m 3\nprivate_faults 40\n"
		 "tdvmcall_io 100\ntdvmcall_hlt 11\n");
	put_file("101-7", "exits", "500\n");
	put_vcpu("101-7", "vcpu0");
	put_vcpu("101-7", "vcpu1");
	put_file("102-9", "tdx", "pages_4k 512\npages_2m 0\nprivate_faults 2\n"
		 "tdvmcall_io 1000\nmodule_busy 0\n");
	put_file("102-9", "exits", "2000\n");
	put_vcpu("102-9", "vcpu0");
	put_file("103-5", "exits", "7\n");
	put_file("vcpu", "tdx", "tdvmcall_io 5\n");
	put_file("104-5x", "tdx", "tdvmcall_io 5\n");
}

static void remove_host(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	check(!system(command));
}

static const struct top_td *find(const struct top_sample *s, int pid)
{
	static const struct top_td none;
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (s->td[i].pid == pid)
			return &s->td[i];
	check(!"such a TD");
	return &none;
}

static void read_all(struct top_sample *s)
{
	check(!top_read(s, dir, 0));
}

static void only_tds_are_shown(void)
{
	struct top_sample s;

	make_host();
	read_all(&s);
	expect(s.nr, 2);
	expect(find(&s, 101)->vcpus, 2);
	expect(find(&s, 102)->vcpus, 1);
	expect(find(&s, 101)->fd, 7);
	expect(top_value(find(&s, 101), "tdvmcall_io"), 100);
	expect(top_value(find(&s, 101), "exits"), 500);
	expect(top_value(find(&s, 101), "no_such_count"), -1);
	top_free(&s);
	check(!top_read(&s, dir, 102));
	expect(s.nr, 1);
	top_free(&s);
	remove_host();
}

static void deltas_are_since_the_sample_before(void)
{
	struct top_sample before, now;
	unsigned int i;

	make_host();
	read_all(&before);
	put_file("101-7", "tdx", "pages_4k 250\ntdvmcall_io 130\n");
	put_file("101-7", "exits", "540\n");
	/* Another TD has the PID and the fd of one that is gone. */
	put_file("102-9", "tdx", "tdvmcall_io 3\n");
	put_file("102-9", "exits", "4\n");
	put_file("105-3", "tdx", "tdvmcall_io 9\n");
	read_all(&now);
	top_compare(&now, &before);
	for (i = 0; i < find(&now, 101)->nr; i++) {
		const struct top_count *c = &find(&now, 101)->count[i];

		expect(c->delta, !strcmp(c->name, "exits") ? 40 :
		       !strcmp(c->name, "tdvmcall_io") ? 30 : -6);
	}
	expect(find(&now, 102)->count[0].delta, 3);
	expect(find(&now, 105)->count[0].delta, 9);
	top_free(&before);
	top_free(&now);
	remove_host();
}

static char *printed(struct top_sample *s, double seconds, unsigned int lines)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	top_print(f, s, seconds, lines);
	fclose(f);
	return text;
}

static void expect_line(const char *text, const char *line)
{
	if (!strstr(text, line)) {
		printf("# no \"%s\" in\n%s", line, text);
		ktap_failures++;
	}
}

static void the_busiest_td_comes_first(void)
{
	static const struct top_sample nothing;
	struct top_sample s;
	char *text;

	make_host();
	read_all(&s);
	top_compare(&s, &nothing);
	text = printed(&s, 2, 0);
	check(strstr(text, "\n     102    9") < strstr(text, "\n     101    7"));
	/* MiB, exits, calls, faults. */
	expect_line(text, "    2         7       250        56        20         0         0\n");
	expect_line(text, "\ntdvmcall_io                          1100            550.0\n");
	expect_line(text, "\nexits                                2500           1250.0\n");
	check(!strstr(text, "module_busy"));
	free(text);
	top_free(&s);
	remove_host();
}

static void a_small_screen_is_not_exceeded(void)
{
	struct top_sample s;
	unsigned int lines, i, n;
	char name[20], *text;

	make_host();
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "%u-3", 200 + i);
		put_file(name, "tdx", "tdvmcall_io 9\na 1\nb 1\nc 1\nd 1\ne 1\nf 1\n");
	}
	read_all(&s);
	for (lines = 4; lines < 40; lines++) {
		text = printed(&s, 1, lines);
		for (n = 0, i = 0; text[i]; i++)
			n += text[i] == '\n';
		if (n > lines)
			printf("# %u lines on a screen of %u\n", n, lines);
		check(n <= lines);
		free(text);
	}
	top_free(&s);
	remove_host();
}

static void odd_files_do_no_harm(void)
{
	char *big = malloc(100000);
	struct top_sample s;
	int i, n = 0;

	make_host();
	put_file("300-1", "tdx", "");
	put_file("301-1", "tdx", "name\nname x\n9\n\n99999999999999999999 9 9\n");
	for (i = 0; i < 500; i++)
		n += sprintf(big + n, "a_name_that_is_longer_than_any_name_of_kvm_ever_%d 1\n", i);
	put_file("302-1", "tdx", big);
	put_file("303-1", "tdx", "x 1\n");
	put_file("303-1", "exits", "many\n");
	read_all(&s);
	expect(s.nr, 6);
	free(printed(&s, 1, 0));
	top_free(&s);
	remove_host();
	free(big);
}

static int shell(const char *format, char *out, size_t size)
{
	char command[500];
	size_t n;
	FILE *p;
	int rc;

	snprintf(command, sizeof(command), format, PROGRAM, dir);
	p = popen(command, "r");
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	rc = pclose(p);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static void the_program_says_what_is_wrong(void)
{
	static const struct {
		const char *command, *says;
		int status;
	} cases[] = {
		{ "%s -b -n 1 -d 0.1 -r %s 2>&1", "TDs: 2\n", 0 },
		{ "%s -b -n 1 -d 0.1 -p 101 -r %s 2>&1", "TDs: 1\n", 0 },
		{ "%s -b -n 1 -d 0.1 -p 103 -r %s 2>&1", "there was no TD\n", 1 },
		{ "%s -b -n 1 -r %s/nowhere 2>&1", "is kvm loaded, and debugfs mounted", 2 },
		{ "%s -b -n 1 -r %s/103-5/exits 2>&1", "Not a directory", 2 },
		{ "%s -b -n 1 -d 0.1 -r %s 2>&1 >/dev/full", "cannot write", 2 },
		{ "%s -n 0 2>&1", "rounds are a number above 0", 2 },
		{ "%s -d 0 2>&1", "a delay is 0.1 to 3600", 2 },
		{ "%s -d nan 2>&1", "a delay is 0.1 to 3600", 2 },
		{ "%s -p -1 2>&1", "a PID is a number", 2 },
		{ "%s -p 1x 2>&1", "a PID is a number", 2 },
		{ "%s --blue 2>&1", "unknown option", 2 },
		{ "%s x 2>&1", "too many words", 2 },
		{ "%s --help 2>&1", "EXIT STATUS", 0 },
	};
	char out[8192];
	size_t i;

	make_host();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect(shell(cases[i].command, out, sizeof(out)), cases[i].status);
		expect_line(out, cases[i].says);
	}
	/* Not for everybody; only one who is not root can see that. */
	if (!geteuid() && !system("command -v setpriv >/dev/null")) {
		chmod(dir, 0700);
		expect(shell("cp %1$s %2$s.x && setpriv --reuid 65534 --clear-groups "
			     "%2$s.x -b -n 1 -r %2$s 2>&1; s=$?; rm %2$s.x; exit $s",
			     out, sizeof(out)), 2);
		expect_line(out, "only root has it");
	}
	remove_host();
}

/* Two rounds stand below each other, with the rates of each. */
static void batch_mode_prints_each_round(void)
{
	char out[8192];

	make_host();
	expect(shell("(sleep 0.3; echo tdvmcall_io 2100 >%2$s/102-9/tdx) & "
		     "%1$s -b -n 2 -d 0.5 -p 102 -r %2$s", out, sizeof(out)), 0);
	check(strstr(out, "TDs: 1") && strstr(strstr(out, "TDs: 1") + 1, "TDs: 1"));
	expect_line(out, "tdvmcall_io                          2100              0.0\n");
	check(!strstr(out, "\033"));
	remove_host();
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(only_tds_are_shown),
		TEST(deltas_are_since_the_sample_before),
		TEST(the_busiest_td_comes_first),
		TEST(a_small_screen_is_not_exceeded),
		TEST(odd_files_do_no_harm),
		TEST(the_program_says_what_is_wrong),
		TEST(batch_mode_prints_each_round),
	};

	return ktap_run(tests);
}
