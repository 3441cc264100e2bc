/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"
#include "error.h"
#include "keyhash.h"
#include "statsd_timer.h"
#include "uniques.h"

#define SLOTS_FIRST 256

struct one {
	double since; /* counter: since the last flush; gauge: its value */
	double total; /* counter: since the start */
	union {
		struct col_statsd_timer *timer;
		struct col_uniques *set;
	} u;
	double factor;
	uint32_t handle;
	uint8_t kind;    /* enum col_statsd_kind */
	uint8_t counter; /* enum col_mapping_counter */
	bool touched;    /* since the last flush */
	bool is_set;     /* a gauge that has a value */
	int64_t seen_ns; /* of the last flush before which something came */
	char *key;
	uint32_t key_len;
	uint64_t hash;
};

struct col_statsd_series {
	struct col_core *core;
	char own[8]; /* statistic of timers */
	struct one *one;
	size_t count, cap;
	uint32_t *slot; /* number + 1; 0: free */
	size_t slots;   /* a power of two */
	uint64_t seed;
	int64_t flushed_ns; /* monotonic */
};

/* ---- life cycle -------------------------------------------------------------- */

struct col_statsd_series *col_statsd_series_new(struct col_core *core, const char *own)
{
	struct col_statsd_series *series = calloc(1, sizeof(*series));

	if (series == NULL)
		abort();
	series->core = core;
	snprintf(series->own, sizeof(series->own), "%s", own);
	series->flushed_ns = sl_clock_mono_ns();
	sl_crypto_random(&series->seed, sizeof(series->seed));
	return series;
}

void col_statsd_series_free(struct col_statsd_series *series)
{
	if (series == NULL)
		return;
	for (size_t i = 0; i < series->count; i++) {
		struct one *one = &series->one[i];
		if (one->kind == COL_STATSD_TIMER)
			col_statsd_timer_free(one->u.timer);
		else
			free(one->u.set);
		free(one->key);
	}
	free(series->one);
	free(series->slot);
	free(series);
}

size_t col_statsd_series_count(const struct col_statsd_series *series)
{
	return series->count;
}

/* ---- table ------------------------------------------------------------------- */

static void make_key(
    struct sl_buf *key, enum col_statsd_kind kind, const struct col_mapped *mapped)
{
	sl_buf_addc(key, (char)kind);
	sl_buf_addc(key, (char)mapped->counter);
	sl_buf_add(key, &mapped->factor, sizeof(mapped->factor));
	sl_buf_add(key, mapped->metric->name, strlen(mapped->metric->name) + 1);
	for (size_t i = 0; i < mapped->label_count; i++) {
		const struct col_label *label = &mapped->label[i];
		sl_buf_add(key, label->key, strlen(label->key) + 1);
		sl_buf_add(key, label->value, strlen(label->value) + 1);
	}
}

static uint32_t *find_slot(
    const struct col_statsd_series *series, const struct sl_buf *key, uint64_t hash)
{
	size_t at = hash & (series->slots - 1);

	for (;; at = (at + 1) & (series->slots - 1)) {
		uint32_t *slot = &series->slot[at];
		if (*slot == 0)
			return slot;
		const struct one *one = &series->one[*slot - 1];
		if (one->hash == hash && one->key_len == key->len &&
		    memcmp(one->key, key->data, key->len) == 0)
			return slot;
	}
}

/* Keeps the table at most half full. */
static void make_room(struct col_statsd_series *series)
{
	if (series->count == series->cap) {
		series->cap = series->cap == 0 ? SLOTS_FIRST / 2 : series->cap * 2;
		series->one =
		    reallocarray(series->one, series->cap, sizeof(*series->one));
	}
	if (series->count * 2 >= series->slots) {
		series->slots = series->slots == 0 ? SLOTS_FIRST : series->slots * 2;
		free(series->slot);
		series->slot = calloc(series->slots, sizeof(*series->slot));
		for (size_t i = 0; series->slot != NULL && i < series->count; i++) {
			size_t at = series->one[i].hash & (series->slots - 1);
			while (series->slot[at] != 0)
				at = (at + 1) & (series->slots - 1);
			series->slot[at] = (uint32_t)i + 1;
		}
	}
	if (series->one == NULL || series->slot == NULL)
		abort();
}

/* ---- definitions ------------------------------------------------------------- */

static int make(struct col_statsd_series *series, const struct col_mapping *mapping,
    enum col_statsd_kind kind, const struct col_mapped *mapped, struct one *one)
{
	*one = (struct one){.kind = (uint8_t)kind,
	    .counter = (uint8_t)mapped->counter,
	    .factor = mapped->factor};
	const char *unit = mapped->metric->unit;
	if (col_core_gauge(series->core, mapped->metric->name,
		*unit != '\0' ? unit : NULL, mapped->label, mapped->label_count,
		&one->handle) != 0)
		return SL_EFULL;
	if (kind == COL_STATSD_TIMER) {
		one->u.timer = col_statsd_timer_new(
		    series->core, series->own, one->handle, mapping, mapped);
	} else if (kind == COL_STATSD_SET) {
		one->u.set = calloc(1, sizeof(*one->u.set));
		if (one->u.set == NULL)
			abort();
	}
	return 0;
}

int col_statsd_series_get(struct col_statsd_series *series,
    const struct col_mapping *mapping, enum col_statsd_kind kind,
    const struct col_mapped *mapped, size_t max, uint32_t *number)
{
	struct sl_buf key = {0};
	struct one one;
	int rc = SL_EFULL;

	make_room(series);
	make_key(&key, kind, mapped);
	uint64_t hash = col_keyhash(key.data, key.len, series->seed);
	uint32_t *slot = find_slot(series, &key, hash);
	if (*slot != 0) {
		*number = *slot - 1;
		rc = 0;
	} else if (series->count < max &&
		   (rc = make(series, mapping, kind, mapped, &one)) == 0) {
		one.key = key.data;
		one.key_len = (uint32_t)key.len;
		one.hash = hash;
		key = (struct sl_buf){0};
		*number = (uint32_t)series->count;
		series->one[series->count++] = one;
		*slot = (uint32_t)series->count;
	}
	sl_buf_clear(&key);
	return rc;
}

/* ---- values ------------------------------------------------------------------ */

bool col_statsd_series_add(struct col_statsd_series *series, uint32_t number,
    const struct col_statsd_value *value, double rate)
{
	struct one *one = &series->one[number];
	double next;

	switch ((enum col_statsd_kind)one->kind) {
	case COL_STATSD_COUNTER:
		next = one->since + value->number / rate;
		if (!isfinite(next + one->total))
			return false;
		one->since = next;
		break;
	case COL_STATSD_GAUGE:
		next = value->relative ? one->since + value->number : value->number;
		if (!isfinite(next))
			return false;
		one->since = next;
		one->is_set = true;
		break;
	case COL_STATSD_TIMER:
		if (!col_statsd_timer_add(one->u.timer, value->number, 1 / rate))
			return false;
		break;
	case COL_STATSD_SET:
		break;
	}
	one->touched = true;
	return true;
}

void col_statsd_series_member(
    struct col_statsd_series *series, uint32_t number, struct sl_slice member)
{
	struct one *one = &series->one[number];

	one->touched = true;
	col_uniques_add(one->u.set, col_keyhash(member.data, member.len, series->seed));
}

/* ---- flush ------------------------------------------------------------------- */

static void flush_one(struct col_statsd_series *series, struct one *one,
    const struct col_tick *tick, double elapsed_s)
{
	double value = 0;

	switch ((enum col_statsd_kind)one->kind) {
	case COL_STATSD_COUNTER:
		one->total += one->since;
		value = col_mapping_counted((enum col_mapping_counter)one->counter,
		    one->since, one->total, elapsed_s);
		one->since = 0;
		break;
	case COL_STATSD_GAUGE:
		if (!one->is_set)
			return;
		value = one->since;
		break;
	case COL_STATSD_TIMER:
		col_statsd_timer_flush(
		    one->u.timer, series->core, one->factor, elapsed_s, tick);
		return;
	case COL_STATSD_SET:
		value = col_uniques_count(one->u.set);
		*one->u.set = (struct col_uniques){0};
		break;
	}
	col_core_push(series->core, one->handle, value * one->factor, tick);
}

void col_statsd_series_flush(
    struct col_statsd_series *series, const struct col_tick *tick, int64_t idle_ns)
{
	double elapsed_s =
	    (double)(tick->mono_ns - series->flushed_ns) / (double)SL_NS_PER_S;

	if (elapsed_s <= 0)
		return;
	series->flushed_ns = tick->mono_ns;
	for (size_t i = 0; i < series->count; i++) {
		struct one *one = &series->one[i];
		if (one->touched)
			one->seen_ns = tick->mono_ns;
		else if (tick->mono_ns - one->seen_ns > idle_ns)
			continue;
		one->touched = false;
		flush_one(series, one, tick, elapsed_s);
	}
	col_core_flush(series->core);
}
