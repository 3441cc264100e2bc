/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  For each event type of the catalog there is a list of what it
 * changes (tally_plan.h): an event that nobody counts costs a look-up.  A row is one
 * metric in one tenant; it stands on a block of the file, whose place is found by
 * name after a restart and which begins anew when its declaration has changed.
 */
#include "tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json_walk.h"
#include "common/log.h"
#include "common/msg.h"
#include "tally_file.h"
#include "tally_plan.h"
#include "tally_window.h"

#define SOURCE         "events"
#define STALE_NS       (15 * SL_NS_PER_S)
#define TOPIC_PREFIX   "events."
#define CATCH_UP_BYTES (64u * 1024u * 1024u)

struct row {
	const struct sl_catalog_metric *metric;
	struct agg_tenant *tenant;
	struct agg_series *series; /* NULL: the tenant has too many */
	struct agg_tally_block *block;
	bool changed;
	struct row *next_changed;
};

struct agg_tally {
	const struct sl_catalog *catalog;
	struct agg_state *state;
	struct agg_tally_file *file;
	struct agg_tally_plan plan;
	size_t metric_count; /* that count events */
	struct row **row;
	size_t row_count;
	struct row **grid; /* [tenant][place] */
	size_t grid_size;
	struct row *changed;
	bool full; /* said so */
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- rows ------------------------------------------------------------------------- */

/* The cell of the grid for a metric in a tenant. */
static struct row **cell_of(
    struct agg_tally *tally, const struct agg_tenant *tenant, size_t place)
{
	size_t at = tenant->index * tally->plan.metric_count + place;

	if (at >= tally->grid_size) {
		size_t size = 2 * at + tally->plan.metric_count;
		tally->grid = must(realloc(tally->grid, size * sizeof *tally->grid));
		memset(tally->grid + tally->grid_size, 0,
		    (size - tally->grid_size) * sizeof *tally->grid);
		tally->grid_size = size;
	}
	return &tally->grid[at];
}

static struct row *add_row(struct agg_tally *tally, struct agg_tenant *tenant,
    const struct sl_catalog_metric *metric, struct agg_tally_block *block)
{
	static const struct agg_labels none;
	struct row *row = must(calloc(1, sizeof *row));

	*row = (struct row){.metric = metric, .tenant = tenant, .block = block};
	agg_state_open(tally->state, tenant, SOURCE, sl_slice_text(metric->name), &none,
	    STALE_NS, &row->series);
	tally->row =
	    must(realloc(tally->row, (tally->row_count + 1) * sizeof *tally->row));
	tally->row[tally->row_count++] = row;
	return row;
}

/* The row of a metric in a tenant, made at its first event; NULL: no room. */
static struct row *row_of(struct agg_tally *tally, struct agg_tenant *tenant,
    const struct agg_tally_effect *effect)
{
	const struct sl_catalog_metric *metric = effect->metric;
	struct row **cell = cell_of(tally, tenant, effect->place);

	if (*cell)
		return *cell;
	struct agg_tally_block *block = agg_tally_file_add(tally->file);
	if (!block) {
		if (!tally->full)
			sl_log_error("tally",
			    "no room for metric=\"%s\" tenant=\"%s\" and others",
			    metric->name, tenant->name);
		tally->full = true;
		return NULL;
	}
	block->width_ns = agg_tally_window_width(metric->tally);
	block->meaning = agg_tally_plan_meaning(metric->tally);
	snprintf(block->key, sizeof block->key, "%s\x1f%s", tenant->name, metric->name);
	*cell = add_row(tally, tenant, metric, block);
	return *cell;
}

/* Finds whose block it is; nobody's if the catalog has changed too much. */
static void restore(struct agg_tally *tally, struct agg_tally_block *block)
{
	char key[AGG_TALLY_KEY_MAX + 1];
	struct agg_tenant *tenant;

	memcpy(key, block->key, sizeof key);
	key[sizeof key - 1] = '\0';
	char *name = strchr(key, '\x1f');
	if (!name)
		return;
	*name++ = '\0';
	const struct sl_catalog_metric *metric =
	    sl_catalog_metric(tally->catalog, NULL, name, strlen(name));
	if (!metric || !metric->tally || strlen(key) > SL_MSG_NAME_MAX ||
	    agg_state_tenant(tally->state, key, &tenant) != 0)
		return;
	uint64_t meaning = agg_tally_plan_meaning(metric->tally);
	int64_t width_ns = agg_tally_window_width(metric->tally);
	if (block->meaning != meaning || block->width_ns != width_ns) {
		memset(block->bucket, 0, sizeof block->bucket);
		block->meaning = meaning;
		block->width_ns = width_ns;
	}
	*cell_of(tally, tenant, agg_tally_plan_place(tally->catalog, metric)) =
	    add_row(tally, tenant, metric, block);
}

/* ---- counting --------------------------------------------------------------------- */

/* A number of the payload, or one in a string, as decimals often come. */
static bool number_of(struct sl_slice payload, const char *field, double *value)
{
	struct sl_json_walk walk;
	struct sl_json_member member;
	char text[64], *end;

	sl_json_walk_init(&walk, payload.data, payload.len);
	while (sl_json_walk_next(&walk, &member)) {
		if (!sl_json_walk_is(&member, field))
			continue;
		if ((member.type != SL_JSON_NUMBER && member.type != SL_JSON_STRING) ||
		    member.value.len == 0 || member.value.len >= sizeof text)
			return false;
		memcpy(text, member.value.data, member.value.len);
		text[member.value.len] = '\0';
		*value = strtod(text, &end);
		return end == text + member.value.len && isfinite(*value);
	}
	return false;
}

static void apply(struct agg_tally *tally, struct row *row,
    const struct agg_tally_effect *effect, struct sl_slice payload, int64_t time_ns)
{
	const char *field = row->metric->tally->value;
	double value = 1;
	int64_t period;
	bool fresh;

	if (field && !number_of(payload, field, &value))
		return;
	struct agg_tally_bucket *bucket = agg_tally_window_bucket(
	    row->block, time_ns, sl_clock_wall_ns(), &period, &fresh);
	if (!bucket)
		return;
	struct agg_tally_bucket next =
	    fresh ? (struct agg_tally_bucket){.period = period} : *bucket;
	next.count += effect->counts;
	next.sum += effect->sign * value;
	/* Infinity would stay: an event whose number is too large has none. */
	if (!isfinite(next.sum))
		return;
	agg_tally_file_save(tally->file, bucket);
	*bucket = next;
	if (row->changed)
		return;
	row->changed = true;
	row->next_changed = tally->changed;
	tally->changed = row;
}

static struct sl_slice payload_of(struct sl_slice body)
{
	struct sl_json_walk walk;
	struct sl_json_member member;

	sl_json_walk_init(&walk, body.data, body.len);
	while (sl_json_walk_next(&walk, &member))
		if (sl_json_walk_is(&member, "payload"))
			return member.value;
	return (struct sl_slice){.data = "{}", .len = 2};
}

static const struct agg_tally_effects *effects_of(
    const struct agg_tally *tally, const struct sl_entry *entry)
{
	size_t prefix = sizeof TOPIC_PREFIX - 1;
	const struct sl_catalog_event *type =
	    entry->kind == SL_ENTRY_EVENT && entry->topic.len > prefix
		? sl_catalog_event(tally->catalog, entry->topic.data + prefix,
		      entry->topic.len - prefix)
		: NULL;

	const struct agg_tally_effects *effects =
	    type ? &tally->plan.types[type->index] : NULL;
	return effects && effects->count > 0 ? effects : NULL;
}

void agg_tally_entry(
    struct agg_tally *tally, enum sl_stream stream, const void *packed, size_t len)
{
	struct sl_entry entry;
	char name[SL_MSG_NAME_MAX + 1];
	struct agg_tenant *tenant;

	if (sl_msg_entry_read(packed, len, &entry) != 0)
		return;
	const struct agg_tally_effects *effects = effects_of(tally, &entry);
	agg_tally_file_begin(tally->file, stream);
	if (effects && entry.tenant.len < sizeof name) {
		memcpy(name, entry.tenant.data, entry.tenant.len);
		name[entry.tenant.len] = '\0';
		struct sl_slice payload = payload_of(entry.body);
		for (size_t i = 0; i < effects->count; i++) {
			if (agg_state_tenant(tally->state, name, &tenant) != 0)
				break;
			struct row *row = row_of(tally, tenant, &effects->item[i]);
			if (row)
				apply(tally, row, &effects->item[i], payload,
				    entry.ts_us * SL_NS_PER_US);
		}
	}
	agg_tally_file_end(tally->file, stream, entry.seq + 1);
}

/* ---- values ----------------------------------------------------------------------- */

static void feed(
    struct agg_tally *tally, struct row *row, int64_t wall_ns, int64_t mono_ns)
{
	double value = agg_tally_window_value(row->metric->tally, row->block, wall_ns);

	if (row->series && isfinite(value))
		agg_state_feed(agg_state_dirty(tally->state), row->series, value, wall_ns,
		    wall_ns, mono_ns);
}

void agg_tally_feed(struct agg_tally *tally, bool clock, int64_t wall_ns, int64_t mono_ns)
{
	struct row *row = tally->changed;

	tally->changed = NULL;
	for (; row; row = row->next_changed) {
		row->changed = false;
		if (!clock)
			feed(tally, row, wall_ns, mono_ns);
	}
	for (size_t i = 0; clock && i < tally->row_count; i++)
		feed(tally, tally->row[i], wall_ns, mono_ns);
}

/* ---- life ------------------------------------------------------------------------- */

static int catch_up_entry(void *arg, uint64_t seq, const void *packed, size_t len)
{
	struct sl_entry entry;

	(void)seq;
	if (sl_msg_entry_read(packed, len, &entry) == 0)
		agg_tally_entry(arg, entry.stream, packed, len);
	return 0;
}

/* Counts what was journaled and not counted; a log of another epoch begins now. */
static void catch_up(
    struct agg_tally *tally, struct agg_journal *journal, enum sl_stream stream)
{
	uint64_t end = agg_journal_next(journal, stream);
	uint64_t next =
	    agg_tally_file_next(tally->file, agg_journal_epoch(journal), stream);

	while (next != 0 && next < end) {
		uint64_t from = next;
		if (next < agg_journal_oldest(journal, stream))
			next = agg_journal_oldest(journal, stream);
		if (agg_journal_read(journal, stream, next, CATCH_UP_BYTES,
			catch_up_entry, tally, &next) != 0 ||
		    next <= from)
			break;
	}
	agg_tally_file_begin(tally->file, stream);
	agg_tally_file_end(tally->file, stream, end);
}

struct agg_tally *agg_tally_new(const struct sl_catalog *catalog, struct agg_state *state,
    struct agg_journal *journal, const char *path)
{
	struct agg_tally *tally = must(calloc(1, sizeof *tally));
	struct agg_tally_block *block;

	tally->catalog = sl_catalog_ref(catalog);
	tally->state = state;
	if (agg_tally_file_open(path, &tally->file) != 0) {
		agg_tally_free(tally);
		return NULL;
	}
	agg_tally_plan_make(&tally->plan, catalog);
	for (size_t i = 0; (block = agg_tally_file_block(tally->file, i)) != NULL; i++)
		restore(tally, block);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		if (s != SL_STREAM_ALERTS)
			catch_up(tally, journal, (enum sl_stream)s);
	return tally;
}

void agg_tally_free(struct agg_tally *tally)
{
	if (!tally)
		return;
	agg_tally_plan_clear(&tally->plan);
	for (size_t i = 0; i < tally->row_count; i++)
		free(tally->row[i]);
	free(tally->row);
	free(tally->grid);
	agg_tally_file_close(tally->file);
	sl_catalog_unref(tally->catalog);
	free(tally);
}
