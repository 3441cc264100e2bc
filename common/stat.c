/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A value is one atomic word: a counter's number or the bits of
 * a gauge's double.  One thread writes each, so a load and a store are enough;
 * readers see some recent value of each word, not one moment of all.
 *
 * A histogram is log-linear: 16 buckets per power of two, so that a bucket's
 * upper end is at most 1/16 above what is in it.  Its buckets are (low, high],
 * as "le" wants them, and each power of two is the end of one: those are shown.
 */
#include "stat.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define PREFIX "sightline_"

#define SUB_BITS 4
#define SUBS     (1u << SUB_BITS)
#define BUCKETS  ((64 - SUB_BITS + 1) * SUBS)

/* Shown: about 1 µs to 69 s; what is longer is in +Inf. */
#define SHOWN_FIRST 10
#define SHOWN_LAST  36

struct histogram {
	_Atomic uint64_t sum_ns;
	_Atomic uint64_t bucket[BUCKETS];
};

struct sl_stat {
	STAILQ_ENTRY(sl_stat) link;
	struct family *family;
	char *labels; /* "" or `key="value",…` */
	_Atomic uint64_t word;
	struct histogram *histogram;
};

struct family {
	STAILQ_ENTRY(family) link;
	enum sl_stat_kind kind;
	char *name; /* without prefix and unit */
	char *unit;
	char *help;
	STAILQ_HEAD(, sl_stat) stats;
};

struct sl_stat_set {
	char *process;
	STAILQ_HEAD(, family) families;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void put(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static double as_double(uint64_t word)
{
	double value;

	memcpy(&value, &word, sizeof(value));
	return value;
}

static uint64_t as_word(double value)
{
	uint64_t word;

	memcpy(&word, &value, sizeof(word));
	return word;
}

/* ---- sets ---- */

struct sl_stat_set *sl_stat_set_new(const char *process)
{
	struct sl_stat_set *set = must(calloc(1, sizeof(*set)));

	set->process = must(strdup(process));
	STAILQ_INIT(&set->families);
	return set;
}

static void free_stat(struct sl_stat *stat)
{
	free(stat->histogram);
	free(stat->labels);
	free(stat);
}

static void free_family(struct family *family)
{
	free(family->name);
	free(family->unit);
	free(family->help);
	free(family);
}

void sl_stat_set_free(struct sl_stat_set *set)
{
	struct family *family;
	struct sl_stat *stat;

	if (!set)
		return;
	while ((family = STAILQ_FIRST(&set->families))) {
		STAILQ_REMOVE_HEAD(&set->families, link);
		while ((stat = STAILQ_FIRST(&family->stats))) {
			STAILQ_REMOVE_HEAD(&family->stats, link);
			free_stat(stat);
		}
		free_family(family);
	}
	free(set->process);
	free(set);
}

static void check_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!islower((unsigned char)*c) && *c != '_' &&
		    (c == name || !isdigit((unsigned char)*c)))
			abort();
}

static struct family *family_of(struct sl_stat_set *set, enum sl_stat_kind kind,
    const char *name, const char *unit, const char *help)
{
	struct family *family;

	STAILQ_FOREACH (family, &set->families, link) {
		if (strcmp(family->name, name) != 0)
			continue;
		assert(family->kind == kind && strcmp(family->unit, unit) == 0);
		return family;
	}
	check_name(name);
	check_name(unit);
	assert(name[0] && (kind != SL_STAT_HISTOGRAM || strcmp(unit, "seconds") == 0));
	family = must(calloc(1, sizeof(*family)));
	family->kind = kind;
	family->name = must(strdup(name));
	family->unit = must(strdup(unit));
	family->help = must(strdup(help));
	STAILQ_INIT(&family->stats);
	STAILQ_INSERT_TAIL(&set->families, family, link);
	return family;
}

struct sl_stat *sl_stat_register(struct sl_stat_set *set, enum sl_stat_kind kind,
    const char *name, const char *unit, const char *help, const char *labels)
{
	struct family *family = family_of(set, kind, name, unit, help);
	struct sl_stat *stat;

	if (!labels)
		labels = "";
	STAILQ_FOREACH (stat, &family->stats, link)
		if (strcmp(stat->labels, labels) == 0)
			return stat;
	stat = must(calloc(1, sizeof(*stat)));
	stat->family = family;
	stat->labels = must(strdup(labels));
	if (kind == SL_STAT_HISTOGRAM)
		stat->histogram = must(calloc(1, sizeof(*stat->histogram)));
	STAILQ_INSERT_TAIL(&family->stats, stat, link);
	return stat;
}

void sl_stat_remove(struct sl_stat_set *set, struct sl_stat *stat)
{
	struct family *family = stat->family;

	STAILQ_REMOVE(&family->stats, stat, sl_stat, link);
	free_stat(stat);
	if (!STAILQ_EMPTY(&family->stats))
		return;
	STAILQ_REMOVE(&set->families, family, family, link);
	free_family(family);
}

/* ---- values -------------------------------------------------------------------------
 */

void sl_stat_add(struct sl_stat *stat, uint64_t n)
{
	uint64_t word = get(&stat->word);

	if (stat->family->kind == SL_STAT_COUNTER)
		put(&stat->word, word + n);
	else
		put(&stat->word, as_word(as_double(word) + (double)n));
}

void sl_stat_count(struct sl_stat *stat, uint64_t total)
{
	assert(stat->family->kind == SL_STAT_COUNTER);
	put(&stat->word, total);
}

void sl_stat_set_value(struct sl_stat *stat, double value)
{
	assert(stat->family->kind == SL_STAT_GAUGE);
	put(&stat->word, as_word(value));
}

double sl_stat_value(const struct sl_stat *stat)
{
	uint64_t word = get(&stat->word);

	return stat->family->kind == SL_STAT_COUNTER ? (double)word : as_double(word);
}

/* The bucket of a duration: durations are moved down by one, see the notes. */
static unsigned bucket_of(uint64_t ns)
{
	uint64_t v = ns > 0 ? ns - 1 : 0;

	if (v < SUBS)
		return (unsigned)v;
	unsigned exponent = 63 - (unsigned)__builtin_clzll(v);
	unsigned sub = (unsigned)(v >> (exponent - SUB_BITS)) & (SUBS - 1);

	return (exponent - SUB_BITS + 1) * SUBS + sub;
}

/* The longest duration in a bucket. */
static uint64_t bucket_end(unsigned bucket)
{
	unsigned octave = bucket / SUBS;
	uint64_t sub = bucket % SUBS;

	if (octave == 0)
		return sub + 1;
	return (SUBS + sub + 1) << (octave - 1);
}

void sl_stat_record(struct sl_stat *stat, int64_t duration_ns)
{
	struct histogram *h = stat->histogram;
	uint64_t ns = duration_ns > 0 ? (uint64_t)duration_ns : 0;
	_Atomic uint64_t *bucket = &h->bucket[bucket_of(ns)];

	put(bucket, get(bucket) + 1);
	put(&h->sum_ns, get(&h->sum_ns) + ns);
}

static uint64_t count_of(const struct histogram *h)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		count += get(&h->bucket[i]);
	return count;
}

int64_t sl_stat_quantile(const struct sl_stat *stat, double q)
{
	const struct histogram *h = stat->histogram;
	double wanted = q * (double)count_of(h);
	uint64_t below = 0;
	unsigned last = BUCKETS;

	for (unsigned i = 0; i < BUCKETS; i++) {
		uint64_t n = get(&h->bucket[i]);

		if (n == 0)
			continue;
		last = i;
		below += n;
		if ((double)below >= wanted)
			break;
	}
	return last == BUCKETS ? 0 : (int64_t)bucket_end(last);
}

/* ---- text ----------------------------------------------------------------------------
 */

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
static void add_name(struct sl_buf *out, const struct family *family)
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
	const struct histogram *h = stat->histogram;
	uint64_t below = 0;
	unsigned i = 0;
	char le[32];

	for (int power = SHOWN_FIRST; power <= SHOWN_LAST; power++) {
		uint64_t end = UINT64_C(1) << power;

		for (; i < BUCKETS && bucket_end(i) <= end; i++)
			below += get(&h->bucket[i]);
		snprintf(le, sizeof(le), "%.12g", (double)end / 1e9);
		add_sample(out, set, stat, "_bucket", le);
		sl_buf_addf(out, "%" PRIu64 "\n", below);
	}
	for (; i < BUCKETS; i++)
		below += get(&h->bucket[i]);
	add_sample(out, set, stat, "_bucket", "+Inf");
	sl_buf_addf(out, "%" PRIu64 "\n", below);
	add_sample(out, set, stat, "_count", NULL);
	sl_buf_addf(out, "%" PRIu64 "\n", below);
	add_sample(out, set, stat, "_sum", NULL);
	sl_buf_addf(out, "%.9f\n", (double)get(&h->sum_ns) / 1e9);
}

static void add_stat(
    struct sl_buf *out, const struct sl_stat_set *set, const struct sl_stat *stat)
{
	switch (stat->family->kind) {
	case SL_STAT_COUNTER:
		add_sample(out, set, stat, "_total", NULL);
		sl_buf_addf(out, "%" PRIu64 "\n", get(&stat->word));
		return;
	case SL_STAT_GAUGE:
		add_sample(out, set, stat, "", NULL);
		sl_buf_addf(out, "%.17g\n", as_double(get(&stat->word)));
		return;
	case SL_STAT_HISTOGRAM:
		add_histogram(out, set, stat);
		return;
	}
}

void sl_stat_render(const struct sl_stat_set *set, struct sl_buf *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	const struct family *family;
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
