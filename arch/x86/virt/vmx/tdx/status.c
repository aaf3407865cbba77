// SPDX-License-Identifier: GPL-2.0-only
/*
 * Status words as text.  The kernel and the user-space tools compile this
 * same file; status_table.h is the one list of names.
 */
#include "status.h"

/* What bits 31:0 of a status hold. */
enum status_detail {
	DETAIL_NUMBER,
	DETAIL_OPERAND,
	DETAIL_INDEX,
	DETAIL_STATE,
	DETAIL_MSR,
	DETAIL_PACKAGE,
	DETAIL_VCPU,
	DETAIL_TDMR,
	DETAIL_PAMT,
	DETAIL_RESERVED,
	DETAIL_EXIT,
};

struct status_row {
	u64 code;
	const char *name;
	enum status_detail detail;
};

static const struct status_row status_rows[] = {
#define TDX_STATUS_ROW(name, detail) \
	{ TDX_##name, "TDX_" #name, DETAIL_##detail },
#include "status_table.h"
#undef TDX_STATUS_ROW
};

static const struct {
	u32 id;
	const char *name;
} operand_rows[] = {
#define TDX_OPERAND_ROW(name) \
	{ TDX_OPERAND_ID_##name, #name },
#include "operand_table.h"
#undef TDX_OPERAND_ROW
};

static const struct status_row *status_find(u64 status)
{
	u64 code = tdx_status_code(status);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(status_rows); i++) {
		if (status_rows[i].code == code)
			return &status_rows[i];
	}
	return NULL;
}

static const char *operand_name(u32 id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operand_rows); i++) {
		if (operand_rows[i].id == id)
			return operand_rows[i].name;
	}
	return NULL;
}

static const char *sw_status_name(u64 status)
{
	switch (status) {
	case TDX_SEAMCALL_UD:
		return "SEAMCALL raised #UD";
	case TDX_SEAMCALL_GP:
		return "SEAMCALL raised #GP";
	case TDX_SEAMCALL_VMFAILINVALID:
		return "SEAMCALL failed with VMfailInvalid";
	default:
		return "SEAMCALL failed in software";
	}
}

/**
 * tdx_status_name() - the specification's name of a status code
 * @status: RAX of a SEAMCALL or TDCALL; bits 31:0 are ignored
 *
 * Return: the name, never NULL; "unknown TDX status" for a code not listed.
 */
const char *tdx_status_name(u64 status)
{
	const struct status_row *row = status_find(status);

	if (tdx_status_is_sw(status))
		return sw_status_name(status);
	return row ? row->name : "unknown TDX status";
}
EXPORT_SYMBOL_GPL(tdx_status_name);

/**
 * tdx_status_class() - what a status is about
 * @status: RAX of a SEAMCALL or TDCALL
 *
 * Return: the class in bits 47:40 in words, never NULL.
 */
const char *tdx_status_class(u64 status)
{
	static const char * const names[] = {
		[0x00] = "outcome",
		[0x01] = "operand",
		[0x02] = "resource busy",
		[0x03] = "page metadata",
		[0x04] = "dependent resources",
		[0x05] = "module state",
		[0x06] = "TD state",
		[0x07] = "vCPU state",
		[0x08] = "KeyID or cache",
		[0x09] = "platform",
		[0x0a] = "memory configuration",
		[0x0b] = "secure EPT",
		[0x0c] = "metadata field",
		[0x0d] = "service TD",
		[0x0e] = "migration",
		[0x10] = "attestation",
		[0x11] = "TD partitioning",
	};
	size_t class = (status >> 40) & 0xff;

	if (tdx_status_is_sw(status))
		return "no module reached";
	if (class >= ARRAY_SIZE(names) || !names[class])
		return "unknown class";
	return names[class];
}
EXPORT_SYMBOL_GPL(tdx_status_class);

static int describe_operand(char *buf, size_t size, const char *name,
			    u32 id)
{
	const char *operand = operand_name(id);

	if (operand)
		return snprintf(buf, size, "%s (operand %s)", name, operand);
	return snprintf(buf, size, "%s (operand %u)", name, id);
}

static int describe_tdmr(char *buf, size_t size, const struct status_row *row,
			 u32 detail)
{
	unsigned int tdmr = detail & 0xff;
	unsigned int sub = (detail >> 8) & 0xff;
	unsigned int other = (detail >> 16) & 0xff;

	switch (row->detail) {
	case DETAIL_PAMT:
		return snprintf(buf, size,
				"%s (TDMR %u, PAMT size %u, other TDMR %u)",
				row->name, tdmr, sub, other);
	case DETAIL_RESERVED:
		return snprintf(buf, size, "%s (TDMR %u, reserved area %u)",
				row->name, tdmr, sub);
	default:
		return snprintf(buf, size, "%s (TDMR %u)", row->name, tdmr);
	}
}

static int describe_row(char *buf, size_t size, const struct status_row *row,
			u32 detail)
{
	const char *name = row->name;

	switch (row->detail) {
	case DETAIL_OPERAND:
		return describe_operand(buf, size, name, detail);
	case DETAIL_TDMR:
	case DETAIL_PAMT:
	case DETAIL_RESERVED:
		return describe_tdmr(buf, size, row, detail);
	case DETAIL_INDEX:
		return snprintf(buf, size, "%s (index %u)", name, detail);
	case DETAIL_STATE:
		return snprintf(buf, size, "%s (state %u)", name, detail);
	case DETAIL_MSR:
		return snprintf(buf, size, "%s (MSR 0x%x)", name, detail);
	case DETAIL_PACKAGE:
		return snprintf(buf, size, "%s (package %u)", name, detail);
	case DETAIL_VCPU:
		return snprintf(buf, size, "%s (vCPU %u)", name, detail);
	case DETAIL_EXIT:
		if (!detail)
			break;
		return snprintf(buf, size, "%s (exit reason %u, flags 0x%x)",
				name, detail & 0xffff, detail >> 16);
	case DETAIL_NUMBER:
		if (!detail)
			break;
		return snprintf(buf, size, "%s (detail 0x%x)", name, detail);
	}
	return snprintf(buf, size, "%s", name);
}

/**
 * tdx_status_describe() - a status word as text for a message
 * @buf: where to put it
 * @size: of @buf in bytes; TDX_STATUS_TEXT_MAX is always enough
 * @status: RAX of a SEAMCALL or TDCALL
 *
 * Names the code and what bits 31:0 mean for it, for example
 * "TDX_OPERAND_BUSY (operand RCX)".  A code that is not listed is shown as a
 * number with its class.
 *
 * Return: @buf.
 */
char *tdx_status_describe(char *buf, size_t size, u64 status)
{
	const struct status_row *row = status_find(status);

	if (tdx_status_is_sw(status))
		snprintf(buf, size, "%s", sw_status_name(status));
	else if (row)
		describe_row(buf, size, row, tdx_status_detail(status));
	else
		snprintf(buf, size, "unknown TDX status 0x%llx (class: %s)",
			 (unsigned long long)status, tdx_status_class(status));
	return buf;
}
EXPORT_SYMBOL_GPL(tdx_status_describe);
