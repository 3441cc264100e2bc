/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stat_state.h"

#define PREFIX "sightline_"

/* Shown: about 1 µs to 69 s; what is longer is in +Inf. */
#define SHOWN_FIRST 10
#define SHOWN_LAST  36

/* Label values and help texts escape alike, but for the quote. */
static void add_escaped(struct sl_buf *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			sl_buf_adds(out, "\\n");
		else if (data[i] == '\\' || data[i] == '"')
			sl_buf_addf(out, "\\%c", data[i]);
		else
			sl_buf_addc(out, data[i]);
	}
}

void sl_stat_label(struct sl_buf *out, const char *key, struct sl_slice value)
{
	sl_buf_addf(out, "%s=\"", key);
	add_escaped(out, value.data, value.len);
	sl_buf_addc(out, '"');
}

/* "sightline_name_unit" */
static void add_name(struct sl_buf *out, const struct sl_stat_family *family)
{
	sl_buf_addf(
	    out, PREFIX "%s%s%s", family->name, family->unit[0] ? "_" : "", family->unit);
}

/* "sightline_name_unit_suffix{process="…",labels,le="…"} " */
static void add_sample(struct sl_buf *out, const struct sl_stat_set *set,
    const struct sl_stat *stat, const char *suffix, const char *le)
{
	add_name(out, stat->family);
	sl_buf_addf(out, "%s{", suffix);
	sl_stat_label(
	    out, "process", (struct sl_slice){set->process, strlen(set->process)});
	if (stat->labels[0])
		sl_buf_addf(out, ",%s", stat->labels);
	if (le)
		sl_buf_addf(out, ",le=\"%s\"", le);
	sl_buf_adds(out, "} ");
}

static void add_histogram(
    struct sl_buf *out, const struct sl_stat_set *set, const struct sl_stat *stat)
{
	const struct sl_stat_histogram *h = stat->histogram;
	uint64_t below = 0;
	unsigned i = 0;
	char le[32];

	for (int power = SHOWN_FIRST; power <= SHOWN_LAST; power++) {
		uint64_t end = UINT64_C(1) << power;

		for (; i < SL_STAT_BUCKETS && sl_stat_bucket_end(i) <= end; i++)
			below += sl_stat_get(&h->bucket[i]);
		snprintf(le, sizeof(le), "%.12g", (double)end / 1e9);
		add_sample(out, set, stat, "_bucket", le);
		sl_buf_addf(out, "%" PRIu64 "\n", below);
	}
	for (; i < SL_STAT_BUCKETS; i++)
		below += sl_stat_get(&h->bucket[i]);
	add_sample(out, set, stat, "_bucket", "+Inf");
	sl_buf_addf(out, "%" PRIu64 "\n", below);
	add_sample(out, set, stat, "_count", NULL);
	sl_buf_addf(out, "%" PRIu64 "\n", below);
	add_sample(out, set, stat, "_sum", NULL);
	sl_buf_addf(out, "%.9f\n", (double)sl_stat_get(&h->sum_ns) / 1e9);
}

static void add_stat(
    struct sl_buf *out, const struct sl_stat_set *set, const struct sl_stat *stat)
{
	switch (stat->family->kind) {
	case SL_STAT_COUNTER:
		add_sample(out, set, stat, "_total", NULL);
		sl_buf_addf(out, "%" PRIu64 "\n", sl_stat_get(&stat->word));
		return;
	case SL_STAT_GAUGE:
		add_sample(out, set, stat, "", NULL);
		sl_buf_addf(out, "%.17g\n", sl_stat_double(sl_stat_get(&stat->word)));
		return;
	case SL_STAT_HISTOGRAM:
		add_histogram(out, set, stat);
		return;
	}
}

void sl_stat_render(const struct sl_stat_set *set, struct sl_buf *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	const struct sl_stat_family *family;
	const struct sl_stat *stat;

	STAILQ_FOREACH (family, &set->families, link) {
		sl_buf_adds(out, "# TYPE ");
		add_name(out, family);
		sl_buf_addf(out, " %s\n", types[family->kind]);
		if (family->unit[0]) {
			sl_buf_adds(out, "# UNIT ");
			add_name(out, family);
			sl_buf_addf(out, " %s\n", family->unit);
		}
		sl_buf_adds(out, "# HELP ");
		add_name(out, family);
		sl_buf_addc(out, ' ');
		add_escaped(out, family->help, strlen(family->help));
		sl_buf_addc(out, '\n');
		STAILQ_FOREACH (stat, &family->stats, link)
			add_stat(out, set, stat);
	}
	sl_buf_adds(out, "# EOF\n");
}
