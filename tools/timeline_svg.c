// SPDX-License-Identifier: GPL-2.0-only
/*
 * A picture that needs nothing but a browser.  Time goes to the right, in bins
 * of two pixels.  A lane is what one row counts, a series one colour of it:
 * the colours of a bin lie on top of each other.  Heights are square roots, so
 * that a single event can be seen beside a thousand.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

#define LEFT		90
#define BINS		480
#define BIN_WIDTH	2
#define PLOT		(BINS * BIN_WIDTH)
#define LEGEND		(LEFT + PLOT + 14)
#define LINE		13
/* Entries of a legend in one column, and its columns. */
#define ROWS		12
#define COLUMN		190
#define WIDTH		(LEGEND + 2 * COLUMN)
#define MIN_HEIGHT	30
/* Bins that share what is shown when the pointer is on them. */
#define TIP_BINS	8
#define MAX_TDS		32
#define MAX_VCPUS	64

static const char * const colours[] = {
	"#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#edc948", "#76b7b2",
	"#9c755f", "#ff9da7", "#1f4e79", "#8c564b", "#2e7d32", "#7f7f7f", "#bcbd22",
	"#17becf", "#000000",
};

#define NR_COLOURS	(sizeof(colours) / sizeof(colours[0]))

struct series {
	const char *name;
	/* As counted, not as shown; of time: nanoseconds. */
	u64 total;
	double bin[BINS];
};

struct lane {
	struct series *series;
	size_t nr;
	/* Which series an event's name has, by index; TL_NONE: none yet. */
	u32 *of_name;
};

struct svg {
	const struct tl_trace *t;
	FILE *f;
	/* Where the next lane begins. */
	unsigned int y;
	double ns_per_bin;
	bool failed;
};

/* --- lanes --- */

static unsigned int bin_of(const struct svg *s, u64 ns)
{
	double bin = (ns - s->t->start) / s->ns_per_bin;

	return bin >= BINS ? BINS - 1 : (unsigned int)bin;
}

static bool lane_init(struct svg *s, struct lane *l, size_t max_series)
{
	size_t i;

	memset(l, 0, sizeof(*l));
	l->series = calloc(max_series + 1, sizeof(*l->series));
	l->of_name = malloc((s->t->nr_names + 1) * sizeof(*l->of_name));
	for (i = 0; l->of_name && i < s->t->nr_names; i++)
		l->of_name[i] = TL_NONE;
	s->failed |= !l->series || !l->of_name;
	return l->series && l->of_name;
}

static void lane_free(struct lane *l)
{
	free(l->series);
	free(l->of_name);
}

static void lane_add(struct svg *s, struct lane *l, const struct tl_event *e, u64 n)
{
	struct series *series;

	if (l->of_name[e->name] == TL_NONE) {
		l->of_name[e->name] = l->nr;
		l->series[l->nr++].name = s->t->name[e->name].text;
	}
	series = &l->series[l->of_name[e->name]];
	series->total += n;
	series->bin[bin_of(s, e->ns)] += n;
}

static double lane_peak(const struct lane *l)
{
	double peak = 0, sum;
	unsigned int b;
	size_t i;

	for (b = 0; b < BINS; b++) {
		for (sum = 0, i = 0; i < l->nr; i++)
			sum += l->series[i].bin[b];
		if (sum > peak)
			peak = sum;
	}
	return peak;
}

/* Heights of all series in bin @b, in tenths of a pixel, the first at the bottom. */
static void stack(const struct lane *l, unsigned int b, double peak, unsigned int height,
		  bool is_time, unsigned int *tenths)
{
	double sum = 0, scale;
	size_t i;

	for (i = 0; i < l->nr; i++)
		sum += l->series[i].bin[b];
	if (is_time)
		scale = height * 10 / peak;
	else
		scale = sum ? sqrt(sum / peak) * height * 10 / sum : 0;
	for (i = 0; i < l->nr; i++) {
		double h = l->series[i].bin[b] * scale;

		/* What is there can be seen. */
		tenths[i] = h > 0 && h < 5 && !is_time ? 5 : (unsigned int)(h + 0.5);
	}
}

static void put_tenths(FILE *f, unsigned int tenths)
{
	fprintf(f, "%u", tenths / 10);
	if (tenths % 10)
		fprintf(f, ".%u", tenths % 10);
}

/* One path for a colour: a vertical stroke for each bin that has some of it. */
static void put_series(struct svg *s, const struct lane *l, size_t nr, double peak,
		       unsigned int height, bool is_time)
{
	unsigned int b, below, *tenths = calloc(l->nr, sizeof(*tenths));
	size_t i;

	if (!tenths) {
		s->failed = true;
		return;
	}
	fprintf(s->f, "<path stroke=\"%s\" d=\"", colours[nr % NR_COLOURS]);
	for (b = 0; b < BINS; b++) {
		stack(l, b, peak, height, is_time, tenths);
		if (!tenths[nr])
			continue;
		for (below = 0, i = 0; i < nr; i++)
			below += tenths[i];
		if (below >= height * 10)
			continue;
		fprintf(s->f, "M%u ", LEFT + b * BIN_WIDTH + BIN_WIDTH / 2);
		put_tenths(s->f, (s->y + height) * 10 - below);
		fputs("v-", s->f);
		put_tenths(s->f, tenths[nr] < height * 10 - below ? tenths[nr] :
			   height * 10 - below);
	}
	fputs("\"/>\n", s->f);
	free(tenths);
}

static void put_ms(FILE *f, u64 ns)
{
	fprintf(f, "%" PRIu64 ".%" PRIu64 " ms", ns / 1000000, ns / 100000 % 10);
}

static void put_tips(struct svg *s, const struct lane *l, unsigned int height, bool is_time)
{
	unsigned int b, k;
	size_t i;

	for (b = 0; b < BINS; b += TIP_BINS) {
		bool some = false;

		for (i = 0; i < l->nr; i++) {
			double sum = 0;

			for (k = b; k < b + TIP_BINS && k < BINS; k++)
				sum += l->series[i].bin[k];
			if (sum < 1)
				continue;
			if (!some) {
				fprintf(s->f, "<rect class=\"t\" x=\"%u\" y=\"%u\" width=\"%u\" "
					"height=\"%u\"><title>from ", LEFT + b * BIN_WIDTH, s->y,
					TIP_BINS * BIN_WIDTH, height);
				put_ms(s->f, b * s->ns_per_bin);
				some = true;
			}
			fprintf(s->f, "\n%s ", l->series[i].name);
			if (is_time)
				put_ms(s->f, sum);
			else
				fprintf(s->f, "%.0f", sum);
		}
		if (some)
			fputs("</title></rect>\n", s->f);
	}
}

static void put_text(struct svg *s, unsigned int x, unsigned int y, const char *class)
{
	fprintf(s->f, "<text class=\"%s\" x=\"%u\" y=\"%u\">", class, x, y);
}

/* What does not fit into two columns makes them longer. */
static size_t legend_rows(const struct lane *l)
{
	return l->nr <= ROWS ? l->nr : l->nr <= 2 * ROWS ? ROWS : (l->nr + 1) / 2;
}

static void put_legend(struct svg *s, const struct lane *l, bool is_time)
{
	size_t i, rows = legend_rows(l);

	for (i = 0; i < l->nr; i++) {
		unsigned int x = LEGEND + i / rows * COLUMN, y = s->y + i % rows * LINE;

		fprintf(s->f, "<rect x=\"%u\" y=\"%u\" width=\"9\" height=\"9\" fill=\"%s\"/>",
			x, y + 1, colours[i % NR_COLOURS]);
		put_text(s, x + 14, y + 9, "l");
		fprintf(s->f, "%s ", l->series[i].name);
		if (is_time)
			put_ms(s->f, l->series[i].total);
		else
			fprintf(s->f, "%" PRIu64, l->series[i].total);
		fputs("</text>\n", s->f);
	}
}

/* The most frequent first: at the bottom, and in the clearest colours. */
static int by_total(const void *pa, const void *pb)
{
	const struct series *a = pa, *b = pb;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* @is_time: bins hold nanoseconds, of which a bin can have @ns_per_bin. */
static void put_lane(struct svg *s, struct lane *l, const char *name, bool is_time)
{
	unsigned int rows = legend_rows(l) * LINE, height = rows > MIN_HEIGHT ? rows : MIN_HEIGHT;
	double peak = is_time ? s->ns_per_bin : lane_peak(l);
	size_t i;

	if (!l->nr || peak <= 0)
		return;
	if (!is_time)
		qsort(l->series, l->nr, sizeof(*l->series), by_total);
	put_text(s, 4, s->y + 10, "n");
	fprintf(s->f, "%s</text>\n", name);
	if (!is_time) {
		put_text(s, 4, s->y + 22, "s");
		fprintf(s->f, "up to %.0f</text>\n", peak);
	}
	fprintf(s->f, "<rect class=\"b\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>\n",
		LEFT, s->y, PLOT, height);
	fputs("<g stroke-width=\"2\">\n", s->f);
	for (i = 0; i < l->nr; i++)
		put_series(s, l, i, peak, height, is_time);
	fputs("</g>\n", s->f);
	put_tips(s, l, height, is_time);
	put_legend(s, l, is_time);
	s->y += height + 8;
}

/* --- what the lanes show --- */

struct where_arg {
	struct svg *s;
	struct lane *lane;
	u32 td, vcpu;
};

/* Spread a slice over the bins that it touches. */
static void add_slice(const struct tl_slice *slice, void *arg)
{
	struct where_arg *a = arg;
	struct series *series = &a->lane->series[slice->where];
	double from = slice->start - a->s->t->start, to = slice->end - a->s->t->start;
	double width = a->s->ns_per_bin;
	unsigned int b;

	if (slice->td != a->td || slice->vcpu != a->vcpu)
		return;
	series->total += slice->end - slice->start;
	for (b = bin_of(a->s, slice->start); b < BINS && b * width < to; b++) {
		double left = b * width > from ? b * width : from;
		double right = (b + 1) * width < to ? (b + 1) * width : to;

		if (right > left)
			series->bin[b] += right - left;
	}
}

static void put_where(struct svg *s, u32 td, u32 vcpu)
{
	struct where_arg arg = { .s = s, .td = td, .vcpu = vcpu };
	struct lane l;
	char name[32];
	int i;

	arg.lane = &l;
	if (lane_init(s, &l, TL_NR_WHERE)) {
		l.nr = TL_NR_WHERE;
		for (i = 0; i < TL_NR_WHERE; i++)
			l.series[i].name = tl_where_name(i);
		s->failed |= !tl_slices(s->t, add_slice, &arg);
		snprintf(name, sizeof(name), "vCPU %u", vcpu);
		put_lane(s, &l, name, true);
	}
	lane_free(&l);
}

/* Is this one of those?  A return to user space is its thread's, and so its vCPU's. */
static bool is_of(const struct svg *s, const struct tl_event *e, enum tl_type type, u32 td,
		  u32 vcpu)
{
	const struct tl_task *task = e->type == TL_USER ? &s->t->task[e->task] : NULL;

	if (e->type != type || (type == TL_SEPT && tl_failed(e->err)))
		return false;
	return (td == TL_NONE || (task ? task->td : e->td) == td) &&
	       (vcpu == TL_NONE || (task ? task->vcpu : e->vcpu) == vcpu);
}

/* @td TL_NONE: of all; @vcpu TL_NONE: of all. */
static void put_events(struct svg *s, const char *name, enum tl_type type, u32 td, u32 vcpu)
{
	const struct tl_trace *t = s->t;
	struct lane l;
	size_t i;

	if (lane_init(s, &l, t->nr_names)) {
		for (i = 0; i < t->nr_events; i++)
			if (is_of(s, &t->event[i], type, td, vcpu))
				lane_add(s, &l, &t->event[i], 1);
		put_lane(s, &l, name, false);
	}
	lane_free(&l);
}

/* Zaps by what they took away: a batch may have one leaf, or thousands. */
static void put_leaves(struct svg *s, u32 td)
{
	const struct tl_trace *t = s->t;
	struct lane l;
	size_t i;

	if (lane_init(s, &l, t->nr_names)) {
		for (i = 0; i < t->nr_events; i++)
			if (t->event[i].type == TL_ZAP && t->event[i].td == td)
				lane_add(s, &l, &t->event[i], t->event[i].arg[2]);
		if (l.nr)
			l.series[0].name = "leaves_zapped";
		put_lane(s, &l, "leaves", false);
	}
	lane_free(&l);
}

static void put_states(struct svg *s, u32 td)
{
	const struct tl_trace *t = s->t;
	size_t i;

	for (i = 0; i < t->nr_events; i++) {
		const struct tl_event *e = &t->event[i];
		unsigned int x;

		if (e->type != TL_STATE || e->td != td)
			continue;
		x = LEFT + bin_of(s, e->ns) * BIN_WIDTH;
		fprintf(s->f, "<path class=\"m\" d=\"M%u %uv14\"/>", x, s->y);
		/* What is said at the right end has to fit. */
		put_text(s, x > LEFT + PLOT - 100 ? x - 3 : x + 3, s->y + 10,
			 x > LEFT + PLOT - 100 ? "e" : "s");
		fprintf(s->f, "%s, ", t->name[e->name].text);
		put_ms(s->f, e->ns - t->start);
		fputs("</text>\n", s->f);
	}
	s->y += 18;
}

static void put_td(struct svg *s, u32 td)
{
	const struct tl_td *d = &s->t->td[td];
	char name[32];
	u32 v;

	s->y += 10;
	put_text(s, 4, s->y + 10, "h");
	fprintf(s->f, "TD, KeyID %u</text>\n", d->hkid);
	s->y += 16;
	put_states(s, td);
	for (v = 0; v < d->nr_vcpus && v < MAX_VCPUS; v++) {
		put_where(s, td, v);
		snprintf(name, sizeof(name), "exits of %u", v);
		put_events(s, name, TL_EXIT, td, v);
		snprintf(name, sizeof(name), "to the VMM");
		put_events(s, name, TL_USER, td, v);
	}
	put_events(s, "faults", TL_FAULT, td, TL_NONE);
	put_events(s, "S-EPT", TL_SEPT, td, TL_NONE);
	put_events(s, "zaps", TL_ZAP, td, TL_NONE);
	put_leaves(s, td);
	put_events(s, "busy", TL_RETRY, td, TL_NONE);
	if (d->nr_vcpus > MAX_VCPUS) {
		put_text(s, 4, s->y + 10, "w");
		fprintf(s->f, "%u more vCPUs</text>\n", d->nr_vcpus - MAX_VCPUS);
		s->y += LINE;
	}
}

/* Where events were lost nothing can be said of the time before. */
static void put_gaps(struct svg *s, unsigned int top)
{
	size_t i;

	for (i = 0; i < s->t->nr_events; i++)
		if (s->t->event[i].type == TL_LOST)
			fprintf(s->f, "<path class=\"x\" d=\"M%u %uV%u\"><title>events of CPU %u "
				"were lost here</title></path>\n",
				LEFT + bin_of(s, s->t->event[i].ns) * BIN_WIDTH, top, s->y,
				s->t->event[i].cpu);
}

static void put_axis(struct svg *s)
{
	int i;

	for (i = 0; i <= 8; i++) {
		put_text(s, LEFT + i * PLOT / 8, s->y + 10, i == 8 ? "e" : "s");
		put_ms(s->f, i * (s->t->end - s->t->start) / 8);
		fputs("</text>\n", s->f);
	}
	s->y += 16;
}

static void put_doubts(struct svg *s)
{
	char doubt[TL_MAX_DOUBTS][120];
	unsigned int i, n = tl_doubts(s->t, doubt, TL_MAX_DOUBTS);

	for (i = 0; i < n; i++) {
		put_text(s, 4, s->y + 10, "w");
		fprintf(s->f, "%s</text>\n", doubt[i]);
		s->y += LINE + 2;
	}
}

static void put_body(struct svg *s)
{
	unsigned int top;
	size_t i;

	put_doubts(s);
	put_axis(s);
	top = s->y;
	for (i = 0; i < s->t->nr_tds && i < MAX_TDS; i++)
		put_td(s, i);
	if (s->t->nr_tds > MAX_TDS) {
		put_text(s, 4, s->y + 10, "w");
		fprintf(s->f, "%zu more TDs</text>\n", s->t->nr_tds - MAX_TDS);
		s->y += LINE;
	}
	s->y += 10;
	put_text(s, 4, s->y + 10, "h");
	fputs("host</text>\n", s->f);
	s->y += 18;
	put_events(s, "SEAMCALLs", TL_SEAMCALL, TL_NONE, TL_NONE);
	put_gaps(s, top);
}

static const char style[] =
"<style>text{font:11px sans-serif}.h{font-weight:bold;font-size:12px}"
".s{font-size:9px;fill:#555}.e{font-size:9px;fill:#555;text-anchor:end}"
".w{fill:#c00;font-weight:bold}.b{fill:#f6f6f6}.t{fill-opacity:0}"
".t:hover{fill:#888;fill-opacity:.25}.m{stroke:#c00}"
".x{stroke:#c00;stroke-width:3;stroke-dasharray:3}</style>\n";

/* The height stands in the head and is known at the end: make the body first. */
bool tl_write_svg(const struct tl_trace *t, const char *title, FILE *f)
{
	struct svg s = { .t = t, .y = 24 };
	char *body = NULL;
	size_t size = 0;

	s.f = open_memstream(&body, &size);
	if (!s.f)
		return false;
	s.ns_per_bin = (double)(t->end - t->start + 1) / BINS;
	put_body(&s);
	if (fclose(s.f) || s.failed) {
		free(body);
		return false;
	}
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\">\n", WIDTH, s.y, WIDTH, s.y);
	fputs(style, f);
	fputs("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
	      "<text class=\"h\" x=\"4\" y=\"15\">", f);
	for (; *title; title++)
		fputc((unsigned char)*title < ' ' || strchr("<>&\"", *title) ? '?' : *title, f);
	fprintf(f, "; each bar is ");
	put_ms(f, s.ns_per_bin);
	fputs(", its height the square root of the count</text>\n", f);
	fwrite(body, 1, size, f);
	fputs("</svg>\n", f);
	free(body);
	return true;
}
