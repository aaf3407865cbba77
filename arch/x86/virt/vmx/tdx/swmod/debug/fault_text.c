// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads fault rules from text, in this language:
 *
 *   LEAF status=S [operand=O] [nth=N] [times=N] [rate=N%] [seed=N]
 *	  [when=before|after] [locks=N]
 *   VP.ENTER [status=S] exit=REASON [intr=INFO] [qual=Q] [gpa=GPA] ...
 *   hold=LOCK calls=N [td=PA] [gpa=GPA] [level=N] [mode=excl|shared]
 *   clear
 *
 * LEAF is a name with or without TDH.; TDCALLs are named in full.  S is a name
 * or a number, O too.  when=after refuses the lock that the leaf wants after
 * the first N it was granted (1 unless told).  With exit= the vCPU meets that VM
 * exit before it executes anything, and the module deals with it; with status=
 * as well, VP.ENTER answers both at once.  Without td= the lock is that of the
 * first TD.
 */
#include "debug/fault.h"
#include "debug/inspect.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Decimal, or hexadecimal after 0x; all of the text, and no more than 64 bits. */
bool sw_parse_number(const char *s, u64 *val)
{
	unsigned int base = 10;
	u64 v = 0;

	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		int d = digit(*s);

		if (d >= (int)base || v > (~0ULL - d) / base)
			return false;
		v = v * base + d;
	}
	*val = v;
	return true;
}

static bool parse_operand(const char *s, u32 *id)
{
	u64 val;

	if (sw_operand_by_name(s, id))
		return true;
	if (!sw_parse_number(s, &val) || val >> 32)
		return false;
	*id = val;
	return true;
}

static bool parse_leaf(const char *s, enum sw_stat_kind *kind, u32 *leaf)
{
	for (*kind = 0; *kind < SW_NR_STATS; ++*kind) {
		for (*leaf = 0; *leaf < SW_NR_LEAVES; ++*leaf) {
			const char *name = sw_leaf_name(*kind, *leaf);

			if (!strcmp(name, "?"))
				continue;
			if (!strcmp(s, name) ||
			    (*kind == SW_STAT_SEAMCALL && !strcmp(s, name + 4)))
				return true;
		}
	}
	return false;
}

static bool parse_u32(const char *s, u32 *val)
{
	u64 v;

	if (!sw_parse_number(s, &v) || v >> 32)
		return false;
	*val = v;
	return true;
}

static bool parse_status(const char *s, u64 *status)
{
	return sw_status_by_name(s, status) || sw_parse_number(s, status);
}

static bool parse_rate(char *s, u32 *rate)
{
	size_t n = strlen(s);

	if (!n || s[n - 1] != '%')
		return false;
	s[n - 1] = 0;
	return parse_u32(s, rate) && *rate && *rate <= 100;
}

static bool parse_when(const char *s, enum sw_fault_when *when)
{
	*when = !strcmp(s, "after") ? SW_FAULT_AFTER : SW_FAULT_BEFORE;
	return *when == SW_FAULT_AFTER || !strcmp(s, "before");
}

static bool parse_mode(const char *s, enum sw_mode *mode)
{
	*mode = !strcmp(s, "shared") ? SW_SHARED : SW_EXCL;
	return *mode == SW_SHARED || !strcmp(s, "excl");
}

/* A line in pieces, and where the complaint about it goes. */
struct line {
	char text[SW_FAULT_LINE];
	char *rest;
	char *why;
	size_t size;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static char *next_word(struct line *l)
{
	char *word;

	while (is_space(*l->rest))
		l->rest++;
	word = l->rest;
	while (*l->rest && !is_space(*l->rest))
		l->rest++;
	if (*l->rest)
		*l->rest++ = 0;
	return *word ? word : NULL;
}

/* The value behind KEY=, cut off from it; NULL if there is none. */
static char *split_word(char *word)
{
	char *eq = strchr(word, '=');

	if (!eq)
		return NULL;
	*eq = 0;
	return eq + 1;
}

static bool complain(struct line *l, const char *what, const char *word)
{
	snprintf(l->why, l->size, "%s: %s", what, word);
	return false;
}

/* What is put together once all words are known. */
struct rule_words {
	u32 operand;
	bool has_status;
};

static bool exit_word(struct sw_fault *f, const char *key, char *val)
{
	if (!strcmp(key, "exit")) {
		f->has_exit = true;
		return parse_u32(val, &f->exit);
	}
	if (!strcmp(key, "intr"))
		return parse_u32(val, &f->intr);
	if (!strcmp(key, "qual"))
		return sw_parse_number(val, &f->qual);
	return !strcmp(key, "gpa") && sw_parse_number(val, &f->gpa);
}

static bool rule_word(struct sw_fault *f, struct rule_words *words,
		      const char *key, char *val)
{
	if (!strcmp(key, "status")) {
		words->has_status = true;
		return parse_status(val, &f->status);
	}
	if (!strcmp(key, "operand"))
		return parse_operand(val, &words->operand);
	if (!strcmp(key, "nth"))
		return parse_u32(val, &f->nth) && f->nth;
	if (!strcmp(key, "times"))
		return parse_u32(val, &f->times) && f->times;
	if (!strcmp(key, "rate"))
		return parse_rate(val, &f->rate);
	if (!strcmp(key, "seed"))
		return sw_parse_number(val, &f->seed);
	if (!strcmp(key, "when"))
		return parse_when(val, &f->when);
	if (!strcmp(key, "locks"))
		return parse_u32(val, &f->locks);
	return exit_word(f, key, val);
}

/* The exit that a rule names, or the status with its operand. */
static bool finish_rule(struct sw_fault *f, const struct rule_words *words)
{
	/* The third call means that one, unless more are asked for. */
	if (f->nth && !f->times && !f->rate)
		f->times = 1;
	if (!f->has_exit) {
		f->status |= words->operand;
		return f->status && !f->intr && !f->qual && !f->gpa;
	}
	if (words->has_status)
		f->status |= f->exit;
	else
		f->when = SW_FAULT_EXIT;
	return f->kind == SW_STAT_SEAMCALL && f->leaf == SW_LEAF_VP_ENTER &&
	       !words->operand;
}

static bool parse_rule(struct line *l, const char *name)
{
	struct sw_fault f = { .locks = 1 };
	struct rule_words words = {};
	char *word, *val;

	if (!parse_leaf(name, &f.kind, &f.leaf))
		return complain(l, "no such leaf", name);
	while ((word = next_word(l))) {
		val = split_word(word);
		if (!val || !rule_word(&f, &words, word, val))
			return complain(l, "cannot use", word);
	}
	if (!words.has_status && !f.has_exit)
		return complain(l, "status= is missing for", name);
	if (f.has_exit && f.when == SW_FAULT_AFTER)
		return complain(l, "exit= and when=after for", name);
	if (!finish_rule(&f, &words))
		return complain(l, "these words do not go together for", name);
	return sw_fault_arm(&f) || complain(l, "too many rules, clear first", name);
}

static bool hold_word(struct sw_hold *h, const char *key, char *val)
{
	u32 level = 0;
	bool ok;

	if (!strcmp(key, "calls"))
		return parse_u32(val, &h->calls) && h->calls;
	if (!strcmp(key, "td"))
		return sw_parse_number(val, &h->tdr_pa);
	if (!strcmp(key, "gpa"))
		return sw_parse_number(val, &h->gpa) && h->gpa < SW_SHARED_BIT;
	if (!strcmp(key, "mode"))
		return parse_mode(val, &h->mode);
	ok = !strcmp(key, "level") && parse_u32(val, &level) &&
	     level <= SW_ROOT_LEVEL;
	h->level = level;
	return ok;
}

static bool parse_hold(struct line *l, const char *name)
{
	struct sw_hold h = { .mode = SW_EXCL, .tdr_pa = ~0ULL };
	char *word, *val;
	u64 err;

	if (!sw_parse_hold(name, &h.lock))
		return complain(l, "no such lock", name);
	while ((word = next_word(l))) {
		val = split_word(word);
		if (!val || !hold_word(&h, word, val))
			return complain(l, "cannot use", word);
	}
	if (!h.calls)
		return complain(l, "calls= is missing for hold", name);
	if (h.lock != SW_HOLD_KOT && h.tdr_pa == ~0ULL) {
		h.tdr_pa = sw_inspect_first_td();
		if (h.tdr_pa == ~0ULL)
			return complain(l, "no TD to hold a lock of", name);
	}
	err = sw_fault_hold(&h);
	return !err || complain(l, "cannot be held", sw_status_name(err));
}

bool sw_fault_parse(const char *text, char *why, size_t size)
{
	struct line l = { .why = why, .size = size };
	char *word, *val;

	if (strlen(text) >= sizeof(l.text))
		return complain(&l, "longer than a rule can be", "line");
	memcpy(l.text, text, strlen(text) + 1);
	l.rest = l.text;
	word = next_word(&l);
	if (!word)
		return complain(&l, "nothing to do in", "line");
	if (!strcmp(word, "clear")) {
		sw_fault_clear();
		return true;
	}
	val = split_word(word);
	if (!val)
		return parse_rule(&l, word);
	return strcmp(word, "hold") ? complain(&l, "a leaf, hold= or clear, not", word) :
				      parse_hold(&l, val);
}
