// SPDX-License-Identifier: GPL-2.0-only
/* The status decoder: its table, and the texts that messages and tools show. */
#include <string.h>

#include "../../../arch/x86/virt/vmx/tdx/status.c"
#include "host_check.h"

static const char *describe(u64 status)
{
	static char buf[TDX_STATUS_TEXT_MAX];

	return tdx_status_describe(buf, sizeof(buf), status);
}

static void codes_and_names_are_unique(void)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(status_rows); i++) {
		check(!tdx_status_detail(status_rows[i].code));
		for (j = 0; j < i; j++) {
			check(status_rows[i].code != status_rows[j].code);
			check(strcmp(status_rows[i].name, status_rows[j].name));
		}
	}
	for (i = 0; i < ARRAY_SIZE(operand_rows); i++) {
		for (j = 0; j < i; j++)
			check(operand_rows[i].id != operand_rows[j].id);
	}
	check(ARRAY_SIZE(status_rows) == 182);
}

/* A status that cannot be recovered from is an error, or ends a TD or vCPU. */
static void flags_agree_with_names(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(status_rows); i++) {
		const struct status_row *row = &status_rows[i];
		bool fatal = row->code & TDX_STATUS_FATAL_BIT;
		bool lasting = row->code & TDX_STATUS_NON_RECOVERABLE_BIT;

		check(!fatal || lasting);
		check(tdx_status_failed(row->code) || !lasting ||
		      !strncmp(row->name, "TDX_NON_RECOVERABLE", 19));
		if (strstr(row->name, "BUSY"))
			check(tdx_status_failed(row->code) && !lasting);
		check(strcmp(tdx_status_class(row->code), "unknown class"));
	}
}

/* Words seen in bug reports, and what they mean. */
static void known_words_are_described(void)
{
	static const struct {
		u64 status;
		const char *text;
	} cases[] = {
		{ 0, "TDX_SUCCESS" },
		{ 48, "TDX_SUCCESS (exit reason 48, flags 0x0)" },
		{ 0x000000000400004d, "TDX_SUCCESS (exit reason 77, flags 0x400)" },
		{ 0x8000020000000001, "TDX_OPERAND_BUSY (operand RCX)" },
		{ 0x8000020000000092, "TDX_OPERAND_BUSY (operand SEPT_TREE)" },
		{ 0x80000200000000a9, "TDX_OPERAND_BUSY (operand TD_EPOCH)" },
		{ 0xc000010000000045, "TDX_OPERAND_INVALID (operand CPUID_CONFIG)" },
		{ 0xc000010000000000, "TDX_OPERAND_INVALID (operand RAX)" },
		{ 0xc0000100000000ff, "TDX_OPERAND_INVALID (operand 255)" },
		{ 0xc0000b0800000001, "TDX_TLB_TRACKING_NOT_DONE (operand RCX)" },
		{ 0xc000030000000001, "TDX_PAGE_METADATA_INCORRECT (operand RCX)" },
		{ 0xc000092100000122, "TDX_INCORRECT_MSR_VALUE (MSR 0x122)" },
		{ 0xc000060800000002, "TDX_OP_STATE_INCORRECT (state 2)" },
		{ 0xc000050500000000, "TDX_SYS_NOT_READY" },
		{ 0x8000081000000000, "TDX_TD_KEYS_NOT_CONFIGURED" },
		{ 0xc0000a1200020105,
		  "TDX_PAMT_OVERLAP (TDMR 5, PAMT size 1, other TDMR 2)" },
		{ 0xc0000a2000000302,
		  "TDX_INVALID_RESERVED_IN_TDMR (TDMR 2, reserved area 3)" },
		{ 0xc000090600000001, "TDX_INVALID_PKG_ID (package 1)" },
		{ 0x6000000200000002,
		  "TDX_NON_RECOVERABLE_TD (exit reason 2, flags 0x0)" },
		{ 0x8000ff0000000006, "SEAMCALL raised #UD" },
		{ 0x8000ff000000000d, "SEAMCALL raised #GP" },
		{ 0x8000ff00ffff0000, "SEAMCALL failed with VMfailInvalid" },
		{ 0x80000209000000aa,
		  "unknown TDX status 0x80000209000000aa (class: resource busy)" },
		{ 0x80007f0000000000,
		  "unknown TDX status 0x80007f0000000000 (class: unknown class)" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = describe(cases[i].status);

		if (strcmp(text, cases[i].text))
			printf("got \"%s\", not \"%s\"\n", text, cases[i].text);
		check(!strcmp(text, cases[i].text));
	}
}

static void name_ignores_the_detail(void)
{
	check(!strcmp(tdx_status_name(TDX_OPERAND_BUSY | 0x92),
		      "TDX_OPERAND_BUSY"));
	check(!strcmp(tdx_status_name(0x8000020900000000),
		      "unknown TDX status"));
}

static void every_text_fits(void)
{
	char small[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(status_rows); i++) {
		u64 worst = status_rows[i].code | 0xffffffff;
		char big[1024];

		tdx_status_describe(big, sizeof(big), worst);
		check(strlen(big) < TDX_STATUS_TEXT_MAX);
		check(!strncmp(big, status_rows[i].name,
			       strlen(status_rows[i].name)));
	}
	memset(small, 'x', sizeof(small));
	tdx_status_describe(small, sizeof(small), TDX_OPERAND_BUSY);
	check(!strcmp(small, "TDX_OPE"));
}

int main(void)
{
	run(codes_and_names_are_unique);
	run(flags_agree_with_names);
	run(known_words_are_described);
	run(name_ignores_the_detail);
	run(every_text_fits);
	return checks_failed != 0;
}
