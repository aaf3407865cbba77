// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names come from the kernel's own table, so that a message in the log and
 * this program call the same status by the same name.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "decode.h"

#define COLUMNS		78
#define INDENT		11

struct row {
	u64 status;
	const char *name, *meaning, *advice;
};

enum {
#define TDX_STATUS_ROW(name, detail)	ROW_##name,
#include "../arch/x86/virt/vmx/tdx/status_table.h"
#undef TDX_STATUS_ROW
	NR_ROWS,
};

/* Each status has one text: twice is an error here, none is one below. */
enum {
#define TDX_STATUS_ADVICE(name, meaning, advice)	ADVICE_ROW_##name,
#include "status_advice.h"
#undef TDX_STATUS_ADVICE
	NR_ADVICE_ROWS,
};

_Static_assert(NR_ROWS == (int)NR_ADVICE_ROWS, "status_advice.h is incomplete");

static const struct row rows[NR_ROWS] = {
#define TDX_STATUS_ADVICE(name, meaning, advice) \
	[ROW_##name] = { TDX_##name, "TDX_" #name, meaning, advice },
#include "status_advice.h"
#undef TDX_STATUS_ADVICE
};

/* Answers of the CPU, or of Linux, to a SEAMCALL that reached no module. */
static const struct row sw_rows[] = {
	{ TDX_SEAMCALL_VMFAILINVALID, "TDX_SEAMCALL_VMFAILINVALID",
	  "The CPU has SEAM, but no TDX module is loaded, or it died.",
	  "Enable TDX in the firmware, or update it; after SYS_SHUTDOWN, reboot." },
	{ TDX_SEAMCALL_GP, "TDX_SEAMCALL_GP",
	  "SEAMCALL raised #GP: TDX is not enabled on this CPU.",
	  "Enable TDX in the firmware." },
	{ TDX_SEAMCALL_UD, "TDX_SEAMCALL_UD",
	  "SEAMCALL raised #UD: the CPU is not in VMX operation, or has no SEAM and tdx_swmod "
	  "is not loaded.",
	  "Load kvm_intel first, or tdx_swmod on a machine without TDX." },
};

static const struct {
	u32 id;
	const char *name;
} operands[] = {
#define TDX_OPERAND_ROW(name)	{ TDX_OPERAND_ID_##name, #name },
#include "../arch/x86/virt/vmx/tdx/operand_table.h"
#undef TDX_OPERAND_ROW
};

static const char * const exit_reasons[] = {
	[0] = "exception or NMI", [1] = "external interrupt",
	[2] = "triple fault", [3] = "INIT", [4] = "SIPI", [5] = "I/O SMI",
	[6] = "other SMI", [7] = "interrupt window", [8] = "NMI window",
	[9] = "task switch", [10] = "CPUID", [11] = "GETSEC", [12] = "HLT",
	[13] = "INVD", [14] = "INVLPG", [15] = "RDPMC", [16] = "RDTSC",
	[18] = "VMCALL", [28] = "CR access", [29] = "DR access",
	[30] = "I/O instruction", [31] = "RDMSR", [32] = "WRMSR",
	[33] = "entry failed: guest state", [34] = "entry failed: MSR load",
	[36] = "MWAIT", [37] = "monitor trap", [39] = "MONITOR", [40] = "PAUSE",
	[41] = "entry failed: machine check", [43] = "TPR below threshold",
	[44] = "APIC access", [45] = "virtualized EOI",
	[48] = "EPT violation", [49] = "EPT misconfiguration",
	[52] = "preemption timer", [54] = "WBINVD", [55] = "XSETBV",
	[56] = "APIC write", [62] = "PML full", [74] = "bus lock",
	[75] = "notify", [76] = "SEAMCALL", [77] = "TDCALL",
};

static const char * const op_states[] = {
	"UNINITIALIZED", "INITIALIZED", "RUNNABLE", "LIVE_EXPORT",
	"PAUSED_EXPORT", "POST_EXPORT", "MEMORY_IMPORT", "STATE_IMPORT",
	"POST_IMPORT", "LIVE_IMPORT", "FAILED_IMPORT", "START_IMPORT",
};

static const char * const vcpu_states[] = {
	[0] = "UNINITIALIZED", [2] = "READY", [4] = "ACTIVE", [8] = "DISABLED",
	[16] = "IMPORT",
};

static const struct row *row_find(u64 status)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sw_rows); i++) {
		if (sw_rows[i].status == status)
			return &sw_rows[i];
	}
	for (i = 0; i < NR_ROWS; i++) {
		if (rows[i].status == tdx_status_code(status))
			return &rows[i];
	}
	return NULL;
}

bool status_listed(u64 status)
{
	return row_find(status);
}

const char *status_meaning(u64 status)
{
	const struct row *row = row_find(status);

	return row ? row->meaning : NULL;
}

const char *status_advice(u64 status)
{
	const struct row *row = row_find(status);

	return row ? row->advice : NULL;
}

static bool name_is(const struct row *row, const char *name, size_t len)
{
	return strlen(row->name) == len && !memcmp(row->name, name, len);
}

bool status_by_name(const char *name, size_t len, u64 *status)
{
	const struct row *row = NULL;
	size_t i;

	for (i = 0; i < NR_ROWS && !row; i++) {
		if (name_is(&rows[i], name, len))
			row = &rows[i];
	}
	for (i = 0; i < ARRAY_SIZE(sw_rows) && !row; i++) {
		if (name_is(&sw_rows[i], name, len))
			row = &sw_rows[i];
	}
	if (row)
		*status = row->status;
	return row;
}

/* With TDX_ in front, and in lower case too, as people type. */
static bool parse_name(const char *text, u64 *status)
{
	char name[80] = "TDX_";
	size_t n = 0, i;

	if (strncasecmp(text, "TDX_", 4))
		n = 4;
	for (i = 0; text[i]; i++) {
		if (n + 1 == sizeof(name))
			return false;
		name[n++] = toupper((unsigned char)text[i]);
	}
	return status_by_name(name, n, status);
}

static bool parse_hex(const char *digits, u64 *status, const char **why)
{
	size_t n = strspn(digits, "0123456789abcdefABCDEF");

	if (!n || digits[n]) {
		*why = "is neither a hexadecimal number nor the name of a status";
		return false;
	}
	if (n > 16) {
		*why = "has more than 16 hexadecimal digits; if it is decimal, say --decimal";
		return false;
	}
	*status = strtoull(digits, NULL, 16);
	return true;
}

/* Signed ones too: that is how a program that uses s64 prints an error. */
static bool parse_decimal(const char *text, u64 *status, const char **why)
{
	const char *digits = text + (*text == '-');
	size_t n = strspn(digits, "0123456789");

	if (!n || digits[n]) {
		*why = "is not a decimal number";
		return false;
	}
	errno = 0;
	if (*text == '-')
		*status = strtoll(text, NULL, 10);
	else
		*status = strtoull(text, NULL, 10);
	if (errno) {
		*why = "does not fit in 64 bits";
		return false;
	}
	return true;
}

bool status_parse(const char *text, enum radix radix, struct status_arg *arg,
		  const char **why)
{
	u64 *status = &arg->status;

	arg->by_name = parse_name(text, status);
	if (arg->by_name)
		return true;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse_hex(text + 2, status, why);
	if (radix == RADIX_DECIMAL)
		return parse_decimal(text, status, why);
	if (text[0] == '-' && isdigit((unsigned char)text[1])) {
		*why = "is negative; if it is decimal, say --decimal";
		return false;
	}
	return parse_hex(text, status, why);
}

static void put_field(FILE *out, const char *label, const char *text)
{
	size_t col = INDENT;

	fprintf(out, "  %-*s", INDENT - 2, label);
	while (*text) {
		size_t n = strcspn(text, " ");

		if (col > INDENT && col + 1 + n > COLUMNS) {
			fprintf(out, "\n%*s", INDENT, "");
			col = INDENT;
		} else if (col > INDENT) {
			fputc(' ', out);
			col++;
		}
		fprintf(out, "%.*s", (int)n, text);
		col += n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void put_flags(FILE *out, u64 status)
{
	char text[80];

	snprintf(text, sizeof(text), "%s%s%s%s",
		 status & TDX_STATUS_ERROR_BIT ? "error" : "no error",
		 status & TDX_STATUS_NON_RECOVERABLE_BIT ? ", not recoverable" : "",
		 status & TDX_STATUS_FATAL_BIT ? ", fatal for the TD" : "",
		 status & BIT_ULL(60) ? ", the host may recover" : "");
	put_field(out, "flags", text);
}

#define NAME_OF(names, i) \
	((i) < ARRAY_SIZE(names) && (names)[i] ? (names)[i] : NULL)

/* A name for the number that the detail holds. */
static const char *detail_name(u64 status)
{
	u32 detail = tdx_status_detail(status);

	switch (tdx_status_code(status)) {
	case TDX_OP_STATE_INCORRECT:
		return NAME_OF(op_states, detail);
	case TDX_VCPU_STATE_INCORRECT:
		return NAME_OF(vcpu_states, detail);
	case TDX_SUCCESS:
	case TDX_NON_RECOVERABLE_VCPU:
	case TDX_NON_RECOVERABLE_TD:
	case TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE:
	case TDX_NON_RECOVERABLE_TD_WRONG_APIC_MODE:
	case TDX_NON_RECOVERABLE_TD_CORRUPTED_MD:
		return detail ? NAME_OF(exit_reasons, detail & 0xffff) : NULL;
	default:
		return NULL;
	}
}

/* What the kernel's text has in brackets behind the name, taken apart. */
static void put_detail(FILE *out, u64 status)
{
	static const char operand[] = "operand ";
	char text[TDX_STATUS_TEXT_MAX], line[TDX_STATUS_TEXT_MAX + 40];
	const char *extra = detail_name(status);
	char *open, *close;

	tdx_status_describe(text, sizeof(text), status);
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close)
		return;
	open++;
	*close = '\0';
	if (!strncmp(open, operand, strlen(operand))) {
		put_field(out, "operand", open + strlen(operand));
		return;
	}
	snprintf(line, sizeof(line), "%s%s%s", open, extra ? ": " : "",
		 extra ? extra : "");
	put_field(out, "detail", line);
}

enum verdict status_explain(FILE *out, const struct status_arg *arg)
{
	u64 status = arg->status;
	const struct row *row = row_find(status);

	fprintf(out, "0x%016" PRIx64 "\n", (uint64_t)status);
	put_field(out, "name", row ? row->name : tdx_status_name(status));
	put_field(out, "class", tdx_status_class(status));
	if (!row) {
		put_flags(out, status);
		put_field(out, "means", "Not a status that this table knows; "
			  "a newer module may have more.");
		return NOT_LISTED;
	}
	if (!arg->by_name)
		put_detail(out, status);
	put_flags(out, status);
	put_field(out, "means", row->meaning);
	put_field(out, "try", row->advice);
	return DECODED;
}

enum verdict status_short(FILE *out, const struct status_arg *arg)
{
	char text[TDX_STATUS_TEXT_MAX];

	fprintf(out, "0x%016" PRIx64 " %s\n", (uint64_t)arg->status,
		arg->by_name ? tdx_status_name(arg->status) :
		tdx_status_describe(text, sizeof(text), arg->status));
	return status_listed(arg->status) ? DECODED : NOT_LISTED;
}

static void list_row(FILE *out, const struct row *row)
{
	fprintf(out, "0x%016" PRIx64 " %-42s %s\n", (uint64_t)row->status,
		row->name, tdx_status_class(row->status));
}

void status_list(FILE *out)
{
	size_t i;

	for (i = 0; i < NR_ROWS; i++)
		list_row(out, &rows[i]);
	for (i = 0; i < ARRAY_SIZE(sw_rows); i++)
		list_row(out, &sw_rows[i]);
}

void operand_list(FILE *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operands); i++)
		fprintf(out, "%3u %s\n", operands[i].id, operands[i].name);
}
