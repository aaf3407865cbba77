// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-status: every status and operand of the module's documentation, swmod's
 * own list, what people mistype, and logs.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "decode.h"
#include "ktap.h"
#include "tools_status_list.h"

#define PROGRAM	TOOLS_DIR "/tdx-status"

unsigned int ktap_failures;

/* Run a shell command, keep what it prints; returns its exit status. */
static int run(const char *command, char *out, size_t size)
{
	FILE *p = popen(command, "r");
	size_t n;
	int rc;

	if (!p)
		return -1;
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	rc = pclose(p);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static int program(const char *args, char *out, size_t size)
{
	char command[4096];

	snprintf(command, sizeof(command), PROGRAM " %s 2>&1 </dev/null", args);
	return run(command, out, size);
}

static const char *explained(u64 status)
{
	const struct status_arg arg = { .status = status };
	static char text[4096];
	FILE *f = fmemopen(text, sizeof(text), "w");

	status_explain(f, &arg);
	fclose(f);
	return text;
}

#define expect_text(have, want) do {					\
	const char *h_ = (have), *w_ = (want);				\
									\
	if (!strstr(h_, w_)) {						\
		printf("# %s:%d: no \"%s\" in \"%s\"\n", __FILE__,	\
		       __LINE__, w_, h_);				\
		ktap_failures++;					\
	}								\
} while (0)

/* Class names as in the documentation of bits 47:40. */
static const char * const classes[] = {
	"outcome", "operand", "resource busy", "page metadata",
	"dependent resources", "module state", "TD state", "vCPU state",
	"KeyID or cache", "platform", "memory configuration", "secure EPT",
	"metadata field", "service TD", "migration", NULL, "attestation",
	"TD partitioning",
};

static void every_status_has_its_name_and_class(void)
{
	char line[200];
	size_t i;

	check(ARRAY_SIZE(spec_statuses) == 182);
	for (i = 0; i < ARRAY_SIZE(spec_statuses); i++) {
		u64 status = spec_statuses[i].status;
		const char *text = explained(status | 1);

		snprintf(line, sizeof(line), "\n  name     %s\n",
			 spec_statuses[i].name);
		expect_text(text, line);
		snprintf(line, sizeof(line), "\n  class    %s\n",
			 classes[status >> 40 & 0xff]);
		expect_text(text, line);
		check(!strcmp(tdx_status_name(status), spec_statuses[i].name));
	}
}

static void every_status_says_what_it_means_and_what_to_try(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(spec_statuses); i++) {
		const char *text = explained(spec_statuses[i].status);

		check(strlen(status_meaning(spec_statuses[i].status)) > 10);
		check(strlen(status_advice(spec_statuses[i].status)) > 5);
		expect_text(text, "\n  means    ");
		expect_text(text, "\n  try      ");
	}
}

static void every_status_is_found_by_name(void)
{
	struct status_arg arg;
	char lower[100];
	const char *why;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(spec_statuses); i++) {
		const char *name = spec_statuses[i].name;

		check(status_parse(name, RADIX_HEX, &arg, &why));
		expect(arg.status, spec_statuses[i].status);
		check(arg.by_name);
		/* Without the prefix; one name starts with TD_ behind it. */
		for (j = 0; name[j + 4]; j++)
			lower[j] = name[j + 4] | (name[j + 4] >= 'A' &&
						  name[j + 4] <= 'Z' ? 32 : 0);
		lower[j] = '\0';
		check(status_parse(lower, RADIX_HEX, &arg, &why));
		expect(arg.status, spec_statuses[i].status);
	}
}

static void flags_are_those_of_the_number(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(spec_statuses); i++) {
		u64 status = spec_statuses[i].status;
		const char *text = strstr(explained(status), "\n  flags ");

		check(text);
		check(!!strstr(text, "no error") == !(status >> 63));
		check(!!strstr(text, "not recoverable") == (status >> 62 & 1));
		check(!!strstr(text, "fatal for the TD") == (status >> 61 & 1));
		check(!!strstr(text, "host may recover") == (status >> 60 & 1));
	}
}

static void every_operand_has_its_name(void)
{
	char line[100], text[65536];
	size_t i;

	check(ARRAY_SIZE(spec_operands) == 52);
	expect(program("--operands", text, sizeof(text)), 0);
	for (i = 0; i < ARRAY_SIZE(spec_operands); i++) {
		snprintf(line, sizeof(line), "\n  operand  %s\n",
			 spec_operands[i].name);
		expect_text(explained(TDX_OPERAND_BUSY | spec_operands[i].id),
			    line);
		snprintf(line, sizeof(line), "%3u %s\n", spec_operands[i].id,
			 spec_operands[i].name);
		expect_text(text, line);
	}
	expect_text(explained(TDX_OPERAND_INVALID | 255), "\n  operand  255\n");
}

static void details_are_named(void)
{
	static const struct {
		u64 status;
		const char *line;
	} cases[] = {
		{ 48, "\n  detail   exit reason 48, flags 0x0: EPT violation\n" },
		{ 0x400004d, "\n  detail   exit reason 77, flags 0x400: TDCALL\n" },
		{ 0x4000000100000002,
		  "\n  detail   exit reason 2, flags 0x0: triple fault\n" },
		{ 0xc000060800000001, "\n  detail   state 1: INITIALIZED\n" },
		{ 0xc00006080000000c, "\n  detail   state 12\n" },
		{ 0xc000070000000008, "\n  detail   state 8: DISABLED\n" },
		{ 0xc000070000000003, "\n  detail   state 3\n" },
		{ 0xc00009200000003b, "\n  detail   MSR 0x3b\n" },
		{ 0xc0000a1200020105,
		  "\n  detail   TDMR 5, PAMT size 1, other TDMR 2\n" },
		{ 0x8000ff0000000006, "\n  name     TDX_SEAMCALL_UD\n" },
		{ 0x8000ff00ffff0000, "\n  class    no module reached\n" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		expect_text(explained(cases[i].status), cases[i].line);
}

/* swmod wrote its list on its own; it has to mean the same by it. */
static void swmod_calls_each_status_by_the_same_name(void)
{
	unsigned int statuses = 0, operands = 0;
	char line[256], name[128], text[128], want[160];
	FILE *f = fopen(SWMOD_DIR "/core/sw_status.h", "r");
	unsigned long long val;

	check(f);
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "#define SW_OPND_%127s %lli", name, (long long *)&val) == 2) {
			tdx_status_describe(text, sizeof(text),
					    TDX_OPERAND_BUSY | val);
			snprintf(want, sizeof(want),
				 "TDX_OPERAND_BUSY (operand %s)", name);
			expect_text(text, want);
			operands++;
		} else if (strncmp(line, "#define SW_STATUS_", 18) &&
			   sscanf(line, "#define SW_%127s %llx", name, &val) == 2) {
			snprintf(want, sizeof(want), "TDX_%s", name);
			if (strcmp(tdx_status_name(val), want)) {
				printf("# %s is %s here\n", want, tdx_status_name(val));
				ktap_failures++;
			}
			statuses++;
		}
	}
	if (f)
		fclose(f);
	/* Had the list another form, it would not have been checked. */
	check(statuses > 120);
	check(operands > 40);
}

static void numbers_are_read_as_they_are_written(void)
{
	static const struct {
		const char *text;
		enum radix radix;
		u64 status;
	} good[] = {
		{ "0xc0000b0800000001", RADIX_HEX, 0xc0000b0800000001 },
		{ "0XC0000B0800000001", RADIX_HEX, 0xc0000b0800000001 },
		{ "c0000b0800000001", RADIX_HEX, 0xc0000b0800000001 },
		{ "48", RADIX_HEX, 0x48 },
		{ "48", RADIX_DECIMAL, 48 },
		{ "0x48", RADIX_DECIMAL, 0x48 },
		{ "0", RADIX_HEX, 0 },
		{ "13835070184269807617", RADIX_DECIMAL, 0xc0000b0800000001 },
		{ "-4611673889439743999", RADIX_DECIMAL, 0xc0000b0800000001 },
		{ "operand_busy", RADIX_DECIMAL, TDX_OPERAND_BUSY },
		{ "TDX_SEAMCALL_UD", RADIX_HEX, TDX_SEAMCALL_UD },
	};
	static const struct {
		const char *text;
		enum radix radix;
	} bad[] = {
		{ "", RADIX_HEX }, { "0x", RADIX_HEX }, { "x1", RADIX_HEX },
		{ "0x8000020000000092z", RADIX_HEX },
		{ "0x18000020000000092", RADIX_HEX },
		{ "18446744073709551615", RADIX_HEX },
		{ "-1", RADIX_HEX }, { " 1", RADIX_HEX }, { "1 ", RADIX_HEX },
		{ "OPERAND_BUSYX", RADIX_HEX }, { "OPERAND_BUS", RADIX_HEX },
		{ "18446744073709551616", RADIX_DECIMAL },
		{ "-9223372036854775809", RADIX_DECIMAL },
		{ "", RADIX_DECIMAL }, { "-", RADIX_DECIMAL },
		{ "1f", RADIX_DECIMAL }, { "+1", RADIX_DECIMAL },
		{ "TDX_A_NAME_SO_LONG_THAT_NO_STATUS_HAS_IT_AND_NO_BUFFER_OF_THE_PROGRAM_HOLDS_IT",
		  RADIX_HEX },
	};
	struct status_arg arg;
	const char *why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		check(status_parse(good[i].text, good[i].radix, &arg, &why));
		expect(arg.status, good[i].status);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		why = NULL;
		if (status_parse(bad[i].text, bad[i].radix, &arg, &why)) {
			printf("# '%s' was accepted\n", bad[i].text);
			ktap_failures++;
		}
		check(why);
	}
}

static void exit_status_tells_the_worst_argument(void)
{
	char out[65536];

	expect(program("0x8000020000000001", out, sizeof(out)), 0);
	expect(program("0x8000020000000001 0", out, sizeof(out)), 0);
	expect(program("0x8000020900000001 0", out, sizeof(out)), 1);
	expect_text(out, "TDX_SUCCESS");
	expect(program("0x8000020900000001 zz 0x8000020000000001", out,
		       sizeof(out)), 2);
	/* What is good is decoded all the same, in its place. */
	expect_text(out, "tdx-status: 'zz' is neither");
	check(strstr(out, "'zz'") < strstr(out, "TDX_OPERAND_BUSY"));
	expect(program("18446744073709551615", out, sizeof(out)), 2);
	expect_text(out, "--decimal");
	expect(program("--nonsense", out, sizeof(out)), 2);
	expect_text(out, "--help");
	expect(program("--help", out, sizeof(out)), 0);
	expect_text(out, "EXIT STATUS");
	expect(program("--list >/dev/full", out, sizeof(out)), 2);
	expect(program("-s -- 0x8000020000000092", out, sizeof(out)), 0);
	check(!strcmp(out, "0x8000020000000092 TDX_OPERAND_BUSY (operand SEPT_TREE)\n"));
	expect(program("-sd -- -9223369837831520110 48", out, sizeof(out)), 0);
	expect_text(out, "0x8000020000000092 TDX_OPERAND_BUSY (operand SEPT_TREE)\n");
	expect_text(out, "exit reason 48");
}

static void list_has_all(void)
{
	static char out[65536];
	char line[200];
	size_t i, lines = 0;

	expect(program("--list", out, sizeof(out)), 0);
	for (i = 0; out[i]; i++)
		lines += out[i] == '\n';
	expect(lines, ARRAY_SIZE(spec_statuses) + 3);
	for (i = 0; i < ARRAY_SIZE(spec_statuses); i++) {
		snprintf(line, sizeof(line), "0x%016llx %s ",
			 spec_statuses[i].status, spec_statuses[i].name);
		expect_text(out, line);
	}
}

static const char *filtered(const char *log, size_t len)
{
	static char text[65536];
	FILE *in = fmemopen((void *)log, len, "r");
	FILE *out = fmemopen(text, sizeof(text), "w");

	check(filter_log(in, out));
	fclose(in);
	fclose(out);
	return text;
}

static void log_is_copied_and_explained(void)
{
	static const char log[] =
		"[1.0] SEAMCALL failed: 0xc0000b0800000001\n"
		"[1.1] tdx_seamcall: rdx 1000 status c0000b0800000001 TDX_TLB_TRACKING_NOT_DONE\n"
		"[1.2] TDH.MEM.TRACK failed with TDX_PREVIOUS_TLB_EPOCH_BUSY; kick\n"
		"[1.3] again, TDX_PREVIOUS_TLB_EPOCH_BUSY\n"
		"[1.3] TDH.VP.INIT failed: TDX_OPERAND_INVALID (c000010000000002)\n"
		"[1.4] status 0000030100000000 last line";
	const char *out = filtered(log, sizeof(log) - 1), *p;

	expect_text(out, "[1.0] SEAMCALL failed: 0xc0000b0800000001\n"
		    "    ^ 0xc0000b0800000001 TDX_TLB_TRACKING_NOT_DONE (operand RCX)\n"
		    "      means: The entry is blocked");
	/* The second time without the long text, and once though named. */
	expect_text(out, "TDX_TLB_TRACKING_NOT_DONE\n"
		    "    ^ 0xc0000b0800000001 TDX_TLB_TRACKING_NOT_DONE (operand RCX)\n"
		    "[1.2]");
	expect_text(out, "; kick\n    ^ TDX_PREVIOUS_TLB_EPOCH_BUSY\n      means: ");
	p = strstr(out, "[1.3]");
	check(p);
	/* The number knows the operand, which the name in front does not. */
	expect_text(p, "BUSY\n[1.3] TDH.VP.INIT failed: TDX_OPERAND_INVALID (c000010000000002)\n"
		    "    ^ 0xc000010000000002 TDX_OPERAND_INVALID (operand RDX)\n"
		    "      means: ");
	expect_text(p, "\n[1.4] status 0000030100000000 last line\n"
		    "    ^ 0x0000030100000000 TDX_PAGE_ALREADY_FREE");
}

static void log_without_statuses_stays_as_it_is(void)
{
	static const char log[] =
		"RIP: ffffffff81000000 RAX: 0000000000000000 RBX: ffff888100000000\n"
		"CR3 0x30100000000 TDX_SUCCESS TDX_FEATURES0 TDX_ c0000b08000000010\n"
		"xc0000b0800000001 c0000b0800000001_ deadbeef 8000ff0012345678\n"
		"a\0b 0xffffffffffffffff\n"
		"\n";
	const char *out = filtered(log, sizeof(log) - 1);

	check(!memcmp(out, log, sizeof(log)));
}

static void program_filters_its_standard_input(void)
{
	char out[4096];

	expect(run("printf 'x 0x8000020000000092 y' | " PROGRAM, out,
		   sizeof(out)), 0);
	expect_text(out, "x 0x8000020000000092 y\n    ^ 0x8000020000000092 "
		    "TDX_OPERAND_BUSY (operand SEPT_TREE)\n");
	expect(run(PROGRAM " </ 2>&1", out, sizeof(out)), 2);
	expect(run("echo | " PROGRAM " 2>&1 >/dev/full", out, sizeof(out)), 2);
	expect(run(PROGRAM " </dev/null", out, sizeof(out)), 0);
	check(!*out);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(every_status_has_its_name_and_class),
		TEST(every_status_says_what_it_means_and_what_to_try),
		TEST(every_status_is_found_by_name),
		TEST(flags_are_those_of_the_number),
		TEST(every_operand_has_its_name),
		TEST(details_are_named),
		TEST(swmod_calls_each_status_by_the_same_name),
		TEST(numbers_are_read_as_they_are_written),
		TEST(exit_status_tells_the_worst_argument),
		TEST(list_has_all),
		TEST(log_is_copied_and_explained),
		TEST(log_without_statuses_stays_as_it_is),
		TEST(program_filters_its_standard_input),
	};

	return ktap_run(tests);
}
