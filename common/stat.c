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
#include <stdlib.h>
#include <string.h>

#include "stat_state.h"

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

double sl_stat_double(uint64_t word)
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

static void free_family(struct sl_stat_family *family)
{
	free(family->name);
	free(family->unit);
	free(family->help);
	free(family);
}

void sl_stat_set_free(struct sl_stat_set *set)
{
	struct sl_stat_family *family;
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

static struct sl_stat_family *family_of(struct sl_stat_set *set, enum sl_stat_kind kind,
    const char *name, const char *unit, const char *help)
{
	struct sl_stat_family *family;

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
	struct sl_stat_family *family = family_of(set, kind, name, unit, help);
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
	struct sl_stat_family *family = stat->family;

	STAILQ_REMOVE(&family->stats, stat, sl_stat, link);
	free_stat(stat);
	if (!STAILQ_EMPTY(&family->stats))
		return;
	STAILQ_REMOVE(&set->families, family, sl_stat_family, link);
	free_family(family);
}

/* ---- values -------------------------------------------------------------------------
 */

void sl_stat_add(struct sl_stat *stat, uint64_t n)
{
	uint64_t word = sl_stat_get(&stat->word);

	if (stat->family->kind == SL_STAT_COUNTER)
		put(&stat->word, word + n);
	else
		put(&stat->word, as_word(sl_stat_double(word) + (double)n));
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
	uint64_t word = sl_stat_get(&stat->word);

	return stat->family->kind == SL_STAT_COUNTER ? (double)word
						     : sl_stat_double(word);
}

/* The bucket of a duration: durations are moved down by one, see the notes. */
static unsigned bucket_of(uint64_t ns)
{
	uint64_t v = ns > 0 ? ns - 1 : 0;

	if (v < SL_STAT_SUBS)
		return (unsigned)v;
	unsigned exponent = 63 - (unsigned)__builtin_clzll(v);
	unsigned sub =
	    (unsigned)(v >> (exponent - SL_STAT_SUB_BITS)) & (SL_STAT_SUBS - 1);

	return (exponent - SL_STAT_SUB_BITS + 1) * SL_STAT_SUBS + sub;
}

uint64_t sl_stat_bucket_end(unsigned bucket)
{
	unsigned octave = bucket / SL_STAT_SUBS;
	uint64_t sub = bucket % SL_STAT_SUBS;

	if (octave == 0)
		return sub + 1;
	return (SL_STAT_SUBS + sub + 1) << (octave - 1);
}

void sl_stat_record(struct sl_stat *stat, int64_t duration_ns)
{
	sl_stat_record_n(stat, duration_ns, 1);
}

void sl_stat_record_n(struct sl_stat *stat, int64_t duration_ns, uint64_t n)
{
	struct sl_stat_histogram *h = stat->histogram;
	uint64_t ns = duration_ns > 0 ? (uint64_t)duration_ns : 0;
	_Atomic uint64_t *bucket = &h->bucket[bucket_of(ns)];

	put(bucket, sl_stat_get(bucket) + n);
	put(&h->sum_ns, sl_stat_get(&h->sum_ns) + ns * n);
}

static uint64_t count_of(const struct sl_stat_histogram *h)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < SL_STAT_BUCKETS; i++)
		count += sl_stat_get(&h->bucket[i]);
	return count;
}

int64_t sl_stat_quantile(const struct sl_stat *stat, double q)
{
	const struct sl_stat_histogram *h = stat->histogram;
	double wanted = q * (double)count_of(h);
	uint64_t below = 0;
	unsigned last = SL_STAT_BUCKETS;

	for (unsigned i = 0; i < SL_STAT_BUCKETS; i++) {
		uint64_t n = sl_stat_get(&h->bucket[i]);

		if (n == 0)
			continue;
		last = i;
		below += n;
		if ((double)below >= wanted)
			break;
	}
	return last == SL_STAT_BUCKETS ? 0 : (int64_t)sl_stat_bucket_end(last);
}

uint64_t sl_stat_recorded(const struct sl_stat *stat)
{
	return count_of(stat->histogram);
}

int64_t sl_stat_sum(const struct sl_stat *stat)
{
	return (int64_t)sl_stat_get(&stat->histogram->sum_ns);
}
