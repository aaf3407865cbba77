// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-timeline: what it reads, what it counts, what it draws, and traces that are
 * damaged.  "EXIT" and so on below are lines as the kernel prints them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "ktap.h"
#include "timeline.h"

#define PROGRAM	TOOLS_DIR "/tdx-timeline"
#define SAMPLE	"tools/tools_timeline.trace"
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

unsigned int ktap_failures;

#define REGS(r10, r11)	" rcx fc00 rdx 0 r8 0 r10 " r10 " r11 " r11 " r12 1 r13 0 r14 402"
#define EXIT(time, reason, regs)						\
	"  tdxrun-70 [000] " time ": tdx_exit:   hkid 3 vcpu 0 status " reason	\
	" TDX_SUCCESS" regs "\n"
#define ENTRY(time)	"  tdxrun-70 [000] " time ": kvm_entry: vcpu 0, rip 0x0\n"
#define STATE(time, state)							\
	"  tdxrun-69 [000] " time ": tdx_td_state: hkid 3 " state "\n"
#define IO	REGS("0", "1e")
#define HLT	REGS("0", "c")

static void make_trace(struct tl_trace *t, const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");

	check(tl_read(t, f));
	check(tl_finish(t));
	fclose(f);
}

static char *drawn(const struct tl_trace *t, bool svg)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	check(svg ? tl_write_svg(t, "a <title> & \"more\"", f) : tl_write_json(t, f));
	fclose(f);
	return text;
}

static void expect_drawn(const struct tl_trace *t, bool svg, const char *want, bool is_there)
{
	char *text = drawn(t, svg);

	if (!strstr(text, want) == is_there) {
		printf("# %s\"%s\" in the %s\n", is_there ? "no " : "", want,
		       svg ? "picture" : "JSON");
		ktap_failures++;
	}
	free(text);
}

/* --- lines --- */

static void both_formats_of_a_line_are_read(void)
{
	static const char * const lines[] = {
		"tdxrun-70 [000] 1.000000: tdx_td_state: hkid 3 runnable\n",
		"  tdxrun-70    [000] 1.000000000: tdx_td_state:   hkid 3 runnable\n",
		"  tdxrun-70    [000] d..1.  1.000000: tdx_td_state:   hkid 3 runnable\n",
		"  CPU 0/KVM-70   (     69) [001] ...1  1.000000: tdx_td_state: hkid 3 runnable\n",
		"  a[5] b-1-70  [001]  1.0: tdx_td_state: hkid 3 runnable\n",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		struct tl_trace t;

		make_trace(&t, lines[i]);
		expect(t.bad_lines, 0);
		expect(t.nr_events, 1);
		if (t.nr_events == 1) {
			expect(t.event[0].ns, 1000000000);
			expect(t.task[t.event[0].task].pid, 70);
			expect(t.td[0].hkid, 3);
		}
		tl_free(&t);
	}
}

static void other_events_and_headers_are_passed_over(void)
{
	struct tl_trace t;

	make_trace(&t, "# tracer: nop\n#\n# entries-in-buffer/entries-written: 5/5   #P:1\n"
		   "cpus=1\n\nCPU 1 is empty\n"
		   " sh-1 [000] 1.0: sched_switch: prev_comm=a [120] S ==> b\n"
		   " sh-1 [000] 1.0: bprint: [001] 2.5: tdx_td_state: hkid 9 runnable\n");
	expect(t.bad_lines, 0);
	expect(t.gaps, 0);
	expect(t.nr_events, 0);
	tl_free(&t);
}

static void exits_have_the_names_of_kvms_statistics(void)
{
	static const struct {
		const char *line, *name;
	} cases[] = {
		{ EXIT("1.0", "4d", REGS("0", "a")), "tdvmcall_cpuid" },
		{ EXIT("1.0", "4d", HLT), "tdvmcall_hlt" },
		{ EXIT("1.0", "4d", IO), "tdvmcall_io" },
		{ EXIT("1.0", "4d", REGS("0", "1f")), "tdvmcall_rdmsr" },
		{ EXIT("1.0", "4d", REGS("0", "20")), "tdvmcall_wrmsr" },
		{ EXIT("1.0", "4d", REGS("0", "30")), "tdvmcall_mmio" },
		{ EXIT("1.0", "4d", REGS("0", "10000")), "tdvmcall_get_info" },
		{ EXIT("1.0", "4d", REGS("0", "10001")), "tdvmcall_map_gpa" },
		{ EXIT("1.0", "4d", REGS("0", "10002")), "tdvmcall_get_quote" },
		{ EXIT("1.0", "4d", REGS("0", "10003")), "tdvmcall_fatal_error" },
		{ EXIT("1.0", "4d", REGS("0", "10004")), "tdvmcall_event_notify" },
		{ EXIT("1.0", "4d", REGS("0", "77")), "tdvmcall_unknown" },
		{ EXIT("1.0", "4d", REGS("1", "1e")), "tdvmcall_hypercall" },
		{ EXIT("1.0", "1", IO), "external_interrupt" },
		{ EXIT("1.0", "30", IO), "ept_private" },
		{ EXIT("1.0", "30", " rcx 0 rdx 0 r8 800000001000 r10 0 r11 0"), "ept_shared" },
		{ EXIT("1.0", "8000020000000001", IO), "TDX_SUCCESS" },
		{ EXIT("1.0", "4a", IO), "exit_reason_74" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tl_trace t;

		make_trace(&t, cases[i].line);
		expect(t.bad_lines, 0);
		expect(tl_count(&t, cases[i].name), 1);
		tl_free(&t);
	}
}

static void steps_that_failed_are_not_counted(void)
{
#define STEP(op, err)								\
	" a-1 [000] 1.0: tdx_sept_step: hkid 3 gpa 1000 level 0 " op		\
	" entry 0 err " err "\n"
	struct tl_trace t;

	make_trace(&t, STEP("PAGE.AUG", "0") STEP("PAGE.AUG", "8000020000000080")
		   STEP("RANGE.BLOCK", "0") STEP("RANGE.BLOCK", "0"));
	expect(tl_count(&t, "page_aug"), 1);
	expect(tl_count(&t, "range_block"), 2);
	expect_drawn(&t, true, ">page_aug 1</text>", true);
	expect_drawn(&t, true, ">range_block 2</text>", true);
	tl_free(&t);
}

/* --- time --- */

struct sums {
	u64 ns[TL_NR_WHERE];
	unsigned int nr;
};

static void add_up(const struct tl_slice *s, void *arg)
{
	struct sums *sums = arg;

	sums->ns[s->where] += s->end - s->start;
	sums->nr++;
}

static const char life[] =
	ENTRY("1.000000000") EXIT("1.000000010", "4d", IO)
	"  tdxrun-70 [000] 1.000000030: kvm_userspace_exit: reason KVM_EXIT_IO (2)\n"
	ENTRY("1.000000060") EXIT("1.000000100", "4d", HLT)
	ENTRY("1.000000600") EXIT("1.000000700", "1", HLT)
	ENTRY("1.000000701");

static void a_vcpus_time_is_shared_out(void)
{
	struct sums sums = { };
	struct tl_trace t;

	make_trace(&t, life);
	check(tl_slices(&t, add_up, &sums));
	expect(sums.ns[TL_IN_TD], 10 + 40 + 100);
	expect(sums.ns[TL_IN_KVM], 20 + 1);
	expect(sums.ns[TL_IN_VMM], 30);
	expect(sums.ns[TL_HALTED], 500);
	tl_free(&t);
}

/* Base KVM 6.12 prints the number of a reason that it does not know. */
static void tds_own_exit_has_its_name(void)
{
	struct tl_trace t;

	make_trace(&t, ENTRY("1.000000000") EXIT("1.000000010", "4d", IO)
		"  tdxrun-70 [000] 1.000000030: kvm_userspace_exit: reason 0x28 (40)\n");
	expect(tl_count(&t, "KVM_EXIT_TDX"), 1);
	expect(tl_count(&t, "0x28"), 0);
	tl_free(&t);
}

static void the_order_of_lines_does_not_matter(void)
{
	const char *lines[16];
	struct sums sums = { };
	struct tl_trace t;
	char text[sizeof(life)] = "", copy[sizeof(life)];
	char *line, *rest = copy;
	int nr = 0;

	strcpy(copy, life);
	while ((line = strsep(&rest, "\n")) && *line)
		lines[nr++] = line;
	while (nr--) {
		strcat(text, lines[nr]);
		strcat(text, "\n");
	}
	make_trace(&t, text);
	check(tl_slices(&t, add_up, &sums));
	expect(sums.ns[TL_IN_TD], 150);
	expect(sums.ns[TL_HALTED], 500);
	tl_free(&t);
}

static void tds_that_had_one_keyid_are_told_apart(void)
{
	struct tl_trace t;

	make_trace(&t, STATE("1.0", "initialized") STATE("2.0", "runnable")
		   STATE("3.0", "keyless")
		   " a-1 [000] 3.5: tdx_sept_step: hkid 3 gpa 0 level 0 PAGE.RECLAIM entry 0 err 0\n"
		   STATE("4.0", "initialized"));
	expect(t.nr_tds, 2);
	expect(t.event[3].td, 0);
	expect(t.event[4].td, 1);
	tl_free(&t);
}

/* --- what is missing --- */

static const char * const losses[][2] = {
	{ "CPU:0 [12 EVENTS DROPPED]\n", "events lost: 12, in gaps: 1;" },
	{ "CPU:0 [LOST 12 EVENTS]\n", "events lost: 12, in gaps: 1;" },
	{ "CPU:0 [EVENTS DROPPED]\n", "events lost: more than 0, in gaps: 1;" },
};

static void lost_events_are_in_the_picture(void)
{
	char text[2000];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(losses); i++) {
		struct sums sums = { };
		struct tl_trace t;

		snprintf(text, sizeof(text), "%s%s%s", ENTRY("1.000000000"), losses[i][0],
			 EXIT("1.000000010", "4d", IO));
		make_trace(&t, text);
		expect(t.bad_lines, 0);
		expect_drawn(&t, true, losses[i][1], true);
		expect_drawn(&t, true, "class=\"x\"", true);
		expect_drawn(&t, false, losses[i][1], true);
		expect_drawn(&t, false, "\"s\":\"g\",\"name\":\"events lost\"", true);
		/* Whether that exit belongs to that entry, nobody knows. */
		check(tl_slices(&t, add_up, &sums));
		expect(sums.nr, 0);
		tl_free(&t);
	}
}

static void a_buffer_that_overflowed_is_seen_in_tracefs_own_header(void)
{
	struct tl_trace t;

	make_trace(&t, "# entries-in-buffer/entries-written: 100/250   #P:1\n"
		   STATE("1.0", "runnable"));
	expect_drawn(&t, true, "events lost: 150, in gaps: 1;", true);
	tl_free(&t);
}

static void a_loss_before_the_first_event_is_at_its_place(void)
{
	struct tl_trace t;

	make_trace(&t, "CPU:0 [EVENTS DROPPED]\nCPU:1 [EVENTS DROPPED]\n"
		   STATE("7.0", "runnable"));
	expect(t.start, 7000000000);
	tl_free(&t);
}

static void a_whole_trace_raises_no_doubt(void)
{
	char doubt[TL_MAX_DOUBTS][120];
	struct tl_trace t;

	make_trace(&t, life);
	expect(tl_doubts(&t, doubt, TL_MAX_DOUBTS), 0);
	expect_drawn(&t, true, "class=\"w\"", false);
	tl_free(&t);
}

static void a_line_without_its_end_is_left_out(void)
{
	struct tl_trace t;

	make_trace(&t, STATE("1.0", "runnable")
		   " a-1 [000] 2.0: tdx_zap_batch: hkid 3 0-1000 leaves 1");
	expect(t.nr_events, 1);
	expect_drawn(&t, true, "the trace ends in the middle of a line", true);
	tl_free(&t);
}

static void lines_that_are_no_events_are_told(void)
{
	static const char * const bad[] = {
		"nonsense\n",
		" a-1 [000] 1.0: tdx_td_state\n",
		" a-1 [000] 1.0: tdx_td_state: hkid 99999999999999999999 runnable\n",
		" a-1 [000] 1.0: tdx_td_state: hkid 70000 runnable\n",
		" a-1 [000] 99999999999999999999.0: tdx_td_state: hkid 3 runnable\n",
		" a-1 [000] 5000000000.0: tdx_td_state: hkid 3 runnable\n",
		" a-1 [000] 1.1234567890: tdx_td_state: hkid 3 runnable\n",
		" a-99999999999 [000] 1.0: tdx_td_state: hkid 3 runnable\n",
		" [000] 1.0: tdx_td_state: hkid 3 runnable\n",
		" a-1 [-1] 1.0: tdx_td_state: hkid 3 runnable\n",
		" a-1 [000] 1.0: tdx_exit: hkid 3 vcpu 4096 status 1 A rcx 0 rdx 0 r8 0 r10 0 r11 0\n",
		" a-1 [000] 1.0: tdx_exit: hkid 3 vcpu 0 status 1\n",
		" a-1 [000] 1.0: tdx_zap_batch: hkid 3 0 leaves 1\n",
		" a-1 [000] 1.0: tdx_sept_step: hkid 3 gpa 0 level 0 PAGE.SPIN entry 0 err 0\n",
		" a-1 [000] 1.0: tdx_fault: hkid 3 vcpu 0 gpa zz tries 1 ret 1\n",
		" a-1 [000] 1.0: tdx_seamcall: MNG.INIT\n",
	};
	char text[1000];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct tl_trace t;

		snprintf(text, sizeof(text), "%s%s", STATE("1.0", "runnable"), bad[i]);
		make_trace(&t, text);
		if (t.bad_lines != 1 || t.first_bad != 2)
			printf("# %s", bad[i]);
		expect(t.bad_lines, 1);
		expect(t.first_bad, 2);
		expect(t.nr_events, 1);
		expect_drawn(&t, true, "lines that are no events: 1, the first is line 2", true);
		tl_free(&t);
	}
}

static void names_from_a_trace_cannot_break_the_output(void)
{
	struct tl_trace t;

	make_trace(&t, " <b>\"\\\x01&\xff]]-1 [000] 1.0: tdx_seamcall: "
		   "<i>\"&\x02\\ rcx 0 rdx 0 status 0\n");
	expect(t.bad_lines, 0);
	expect_drawn(&t, true, "<i>", false);
	expect_drawn(&t, true, "?i?????", true);
	expect_drawn(&t, false, "<b>", false);
	expect_drawn(&t, true, ">a ?title? ? ?more?;", true);
	tl_free(&t);
}

static void rows_have_an_end(void)
{
	char *text = malloc(1 << 20);
	struct tl_trace t;
	size_t n = 0;
	int i;

	for (i = 0; i < 100; i++)
		n += sprintf(text + n, " a-1 [000] 1.0: tdx_exit: hkid %d vcpu %d status 1 A "
			     "rcx 0 rdx 0 r8 0 r10 0 r11 0\n", i < 50 ? i : 1, 40 * i);
	make_trace(&t, text);
	expect_drawn(&t, true, "18 more TDs", true);
	expect_drawn(&t, true, "more vCPUs", true);
	tl_free(&t);
	free(text);
}

/* Whatever is in the file, and ASAN and UBSAN look on. */
static void any_damage_is_survived(void)
{
	static char sample[200000], text[sizeof(sample)];
	FILE *f = fopen(SAMPLE, "r");
	unsigned int round, i;
	size_t len;

	check(f);
	if (!f)
		return;
	len = fread(sample, 1, sizeof(sample) - 1, f);
	fclose(f);
	srand(1);
	for (round = 0; round < 200; round++) {
		size_t from = rand() % len, n = len - from < 8000 ? len - from : 8000;
		struct tl_trace t;

		memcpy(text, sample + from, n);
		text[n] = '\0';
		for (i = 0; i < round / 2; i++)
			text[rand() % n] = rand() % 4 ? "0 9f-:[]\n"[rand() % 9] : rand() % 255 + 1;
		make_trace(&t, text);
		free(drawn(&t, true));
		free(drawn(&t, false));
		tl_free(&t);
	}
}

/* --- the program --- */

static int shell(const char *format, char *out, size_t size)
{
	char command[1000];
	size_t n;
	FILE *p;
	int rc;

	snprintf(command, sizeof(command), format, PROGRAM, SAMPLE);
	p = popen(command, "r");
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	rc = pclose(p);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static void a_recorded_trace_is_counted(void)
{
	char out[4096];

	expect(shell("%s -c %s 2>&1", out, sizeof(out)), 0);
	check(strstr(out, "\nexit tdvmcall_io "));
	check(strstr(out, "\nsept page_aug "));
	check(!strstr(out, "lost"));
	check(!strstr(out, "no event"));
}

/* Losses, bad lines and names that hurt. */
#define DAMAGED								\
	"{ printf 'CPU:0 [EVENTS DROPPED]\\nx\\n'; "			\
	"sed 's/tdxrun/\"<\\\\/' %2$s; } | %1$s "

static void json_and_svg_are_well_formed(void)
{
	char out[1000];

	if (!shell("command -v jq", out, sizeof(out))) {
		expect(shell("%s -j - %s | jq -e '.traceEvents | length > 100'",
			     out, sizeof(out)), 0);
		expect(shell(DAMAGED "-j - 2>/dev/null | jq -e . >/dev/null", out, sizeof(out)), 0);
	}
	if (!shell("command -v xmllint", out, sizeof(out))) {
		expect(shell("%s -s - %s | xmllint --noout - 2>&1", out, sizeof(out)), 0);
		expect(shell(DAMAGED "-T '<a&\"' -s - 2>/dev/null | xmllint --noout -",
			     out, sizeof(out)), 0);
	}
}

static void the_program_says_what_is_wrong(void)
{
	static const struct {
		const char *command, *says;
		int status;
	} cases[] = {
		{ "%s </dev/null 2>&1", "no event of a TD is in the trace", 1 },
		{ "echo x | %s 2>&1", "lines that are no events: 1", 1 },
		{ "%s /nowhere 2>&1", "cannot read /nowhere: No such file", 2 },
		{ "%s / 2>&1", "cannot read /: Is a directory", 2 },
		{ "%s a b 2>&1", "one trace at a time", 2 },
		{ "%s --blue 2>&1", "unknown option", 2 },
		{ "%s -s /nowhere/x %s 2>&1", "cannot write /nowhere/x", 2 },
		{ "%s -s /dev/full %s 2>&1", "cannot write /dev/full", 2 },
		{ "%s -j /dev/full %s 2>&1", "cannot write /dev/full", 2 },
		{ "%s -c %s 2>&1 >/dev/full", "cannot write the counts", 2 },
		{ "%s --help 2>&1", "EXIT STATUS", 0 },
	};
	char out[8192];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		expect(shell(cases[i].command, out, sizeof(out)), cases[i].status);
		if (!strstr(out, cases[i].says)) {
			printf("# no \"%s\" from %s\n", cases[i].says, cases[i].command);
			ktap_failures++;
		}
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		TEST(both_formats_of_a_line_are_read),
		TEST(other_events_and_headers_are_passed_over),
		TEST(exits_have_the_names_of_kvms_statistics),
		TEST(steps_that_failed_are_not_counted),
		TEST(a_vcpus_time_is_shared_out),
		TEST(tds_own_exit_has_its_name),
		TEST(the_order_of_lines_does_not_matter),
		TEST(tds_that_had_one_keyid_are_told_apart),
		TEST(lost_events_are_in_the_picture),
		TEST(a_buffer_that_overflowed_is_seen_in_tracefs_own_header),
		TEST(a_loss_before_the_first_event_is_at_its_place),
		TEST(a_whole_trace_raises_no_doubt),
		TEST(a_line_without_its_end_is_left_out),
		TEST(lines_that_are_no_events_are_told),
		TEST(names_from_a_trace_cannot_break_the_output),
		TEST(rows_have_an_end),
		TEST(any_damage_is_survived),
		TEST(a_recorded_trace_is_counted),
		TEST(json_and_svg_are_well_formed),
		TEST(the_program_says_what_is_wrong),
	};

	return ktap_run(tests);
}
