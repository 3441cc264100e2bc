/* SPDX-License-Identifier: Apache-2.0 */
#include "logcount.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

/*
 * The key of a series is the pattern's title and the labels' values, each ended
 * by a NUL, which no value has: bytes that are no text are replaced before.
 */

static bool is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

static void *must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

/* ---- series -------------------------------------------------------------------------
 */

static void make_key(const struct col_logrule *rule, struct sl_buf *key)
{
	sl_buf_reset(key);
	sl_buf_add(key, rule->config->title, strlen(rule->config->title) + 1);
	for (size_t i = 0; i < rule->label_count; i++) {
		col_logrule_text(
		    col_logrule_label(rule, i), SIGHTLINE_LABEL_VALUE_MAX, key);
		sl_buf_addc(key, '\0');
	}
}

static struct col_logcount_series *append(
    struct col_logcount *count, const struct col_logstate *state)
{
	size_t index = count->series_count++;

	count->series = must(
	    reallocarray(count->series, count->series_count, sizeof(*count->series)));
	count->series[index] = (struct col_logcount_series){0};
	sl_name_index_put(&count->index, state->series[index].key,
	    state->series[index].key_len, (uint32_t)index);
	return &count->series[index];
}

/* How many values follow the title in a key. */
static size_t values_of(const struct col_logstate_series *series)
{
	size_t ends = 0;

	for (size_t i = 0; i < series->key_len; i++)
		ends += series->key[i] == '\0';
	return ends > 0 ? ends - 1 : 0;
}

void col_logcount_restore(struct col_logcount *count, struct col_logstate *state,
    struct col_logrule *const *rules, size_t rule_count, size_t series_max)
{
	count->series_max = series_max;
	for (size_t i = 0; i < state->series_count; i++) {
		struct col_logcount_series *series = append(count, state);

		series->total = state->series[i].total;
		for (size_t r = 0; r < rule_count; r++)
			if (is_set(rules[r]->config->count) &&
			    strcmp(rules[r]->config->title, state->series[i].key) == 0 &&
			    values_of(&state->series[i]) == rules[r]->label_count)
				series->rule = rules[r];
	}
	count->window = must(calloc(rule_count + 1, sizeof(*count->window)));
	count->window_rule = must(calloc(rule_count + 1, sizeof(struct col_logrule *)));
	for (size_t r = 0; r < rule_count; r++)
		if (is_set(rules[r]->config->per_minute) ||
		    is_set(rules[r]->config->share))
			count->window_rule[count->window_count++] = rules[r];
}

void col_logcount_clear(struct col_logcount *count)
{
	sl_name_index_clear(&count->index);
	sl_buf_clear(&count->key);
	free(count->series);
	free(count->window);
	free(count->window_rule);
	*count = (struct col_logcount){0};
}

/* ---- counting ------------------------------------------------------------------------
 */

static void add_total(struct col_logcount *count, struct col_logstate *state,
    struct col_logstate_chunk *chunk, struct col_logrule *rule, struct sl_buf *records)
{
	make_key(rule, &count->key);
	int64_t index = sl_name_index_get(&count->index, count->key.data, count->key.len);
	if (index < 0) {
		if (count->series_count >= count->series_max) {
			count->refused++;
			return;
		}
		index = (int64_t)col_logstate_add_series(
		    state, count->key.data, count->key.len);
		append(count, state)->rule = rule;
		col_logstate_write_series(&state->series[index], (size_t)index, records);
	}
	count->series[index].total++;
	col_logstate_count(chunk, (size_t)index, 1);
}

static void add_window(struct col_logcount_window *window, int64_t mono_ns, bool shared)
{
	int64_t second = mono_ns / SL_NS_PER_S + 1;
	size_t at = (size_t)(second % COL_LOGCOUNT_SECONDS);

	if (window->slot[at].second != second) {
		window->slot[at].second = second;
		window->slot[at].lines = window->slot[at].shared = 0;
	}
	window->slot[at].lines++;
	window->slot[at].shared += shared;
}

void col_logcount_add(struct col_logcount *count, struct col_logstate *state,
    struct col_logstate_chunk *chunk, struct col_logrule *rule, int64_t mono_ns,
    struct sl_buf *records)
{
	if (is_set(rule->config->count))
		add_total(count, state, chunk, rule, records);
	for (size_t i = 0; i < count->window_count; i++)
		if (count->window_rule[i] == rule)
			add_window(&count->window[i], mono_ns, col_logrule_shares(rule));
}

void col_logcount_window_sum(const struct col_logcount_window *window, int64_t mono_ns,
    uint64_t *lines, uint64_t *shared)
{
	int64_t oldest = mono_ns / SL_NS_PER_S + 1 - COL_LOGCOUNT_SECONDS;

	*lines = *shared = 0;
	for (size_t i = 0; i < COL_LOGCOUNT_SECONDS; i++)
		if (window->slot[i].second > oldest) {
			*lines += window->slot[i].lines;
			*shared += window->slot[i].shared;
		}
}

/* ---- samples --------------------------------------------------------------------------
 */

static void define(struct col_logcount_series *series,
    const struct col_logstate_series *state, struct col_core *core)
{
	struct col_label label[COL_LOGRULE_LABELS + 1];
	const char *value = state->key + strlen(state->key) + 1;

	/* Two patterns may feed one metric. */
	label[0] = (struct col_label){"pattern", state->key};
	for (size_t i = 0; i < series->rule->label_count; i++) {
		label[i + 1] = (struct col_label){series->rule->label[i].key, value};
		value += strlen(value) + 1;
	}
	int rc = col_core_gauge(core, series->rule->config->count, NULL, label,
	    series->rule->label_count + 1, &series->handle);
	series->defined = rc == 0;
	series->refused = rc != 0;
}

static void push_one(struct col_core *core, const char *metric, const char *pattern,
    double value, const struct col_tick *tick)
{
	const struct col_label label = {"pattern", pattern};
	uint32_t handle;

	if (is_set(metric) && col_core_gauge(core, metric, NULL, &label, 1, &handle) == 0)
		col_core_push(core, handle, value, tick);
}

void col_logcount_push(struct col_logcount *count, const struct col_logstate *state,
    struct col_core *core, const struct col_tick *tick)
{
	for (size_t i = 0; i < count->series_count; i++) {
		struct col_logcount_series *series = &count->series[i];

		if (series->rule != NULL && !series->defined && !series->refused)
			define(series, &state->series[i], core);
		if (series->defined)
			col_core_push(core, series->handle, (double)series->total, tick);
	}
	for (size_t i = 0; i < count->window_count; i++) {
		const struct sl_config_log_pattern *config =
		    count->window_rule[i]->config;
		uint64_t lines, shared;

		col_logcount_window_sum(
		    &count->window[i], tick->mono_ns, &lines, &shared);
		push_one(core, config->per_minute, config->title, (double)lines, tick);
		if (lines > 0)
			push_one(core, config->share, config->title,
			    100.0 * (double)shared / (double)lines, tick);
	}
}
