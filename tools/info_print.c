// SPDX-License-Identifier: GPL-2.0-only
/* A report for people, and for programs. */
#include "info.h"

static const char * const words[] = {
	[INFO_OK] = "ok",
	[INFO_NOTE] = "note",
	[INFO_UNKNOWN] = "unknown",
	[INFO_MISSING] = "missing",
};

enum info_state info_worst(const struct info_report *r)
{
	enum info_state worst = INFO_OK;
	unsigned int i;

	for (i = 0; i < r->nr; i++)
		if (r->check[i].state > worst)
			worst = r->check[i].state;
	return worst;
}

static unsigned int count(const struct info_report *r, enum info_state state)
{
	unsigned int i, n = 0;

	for (i = 0; i < r->nr; i++)
		n += r->check[i].state == state;
	return n;
}

void info_print_text(FILE *f, const struct info_report *r)
{
	const struct info_check *c;

	for (c = r->check; c < r->check + r->nr; c++) {
		fprintf(f, "%-8s %-12s %s\n", words[c->state], c->name, c->found);
		if (*c->advice)
			fprintf(f, "%21s -> %s\n", "", c->advice);
	}
	if (count(r, INFO_MISSING))
		fprintf(f, "not ready for TDs: %u missing, %u unknown\n", count(r, INFO_MISSING),
			count(r, INFO_UNKNOWN));
	else if (count(r, INFO_UNKNOWN))
		fprintf(f, "nothing is known to be missing, but %u could not be looked at\n",
			count(r, INFO_UNKNOWN));
	else
		fprintf(f, "ready for TDs\n");
}

/* Whatever a log line may hold. */
static void print_string(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			fprintf(f, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, f);
	}
	fputc('"', f);
}

void info_print_json(FILE *f, const struct info_report *r)
{
	enum info_state worst = info_worst(r);
	const struct info_check *c;

	fprintf(f, "{\n  \"ready\": %s,\n  \"kernel\": ",
		worst == INFO_MISSING ? "false" : worst == INFO_UNKNOWN ? "null" : "true");
	print_string(f, r->kernel);
	fprintf(f, ",\n  \"checks\": [\n");
	for (c = r->check; c < r->check + r->nr; c++) {
		fprintf(f, "    {\"name\": \"%s\", \"state\": \"%s\", \"found\": ", c->name,
			words[c->state]);
		print_string(f, c->found);
		fprintf(f, ", \"advice\": ");
		print_string(f, c->advice);
		fprintf(f, "}%s\n", c + 1 < r->check + r->nr ? "," : "");
	}
	fprintf(f, "  ]\n}\n");
}
