/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aggregator/table_state.h"
#include "common/error.h"
#include "common/log.h"

#define SERIES_MAX 100000u
#define RINGS_MAX  256u
#define ALERTS_MAX 1024u

/* Takes a series' slot in, or frees it if its key is damaged. */
static int take_series(
    struct agg_table *table, uint32_t slot, struct agg_table_report *report)
{
	struct agg_table_key *key = &table->file.keys[slot];
	struct agg_table_value *value = &table->file.values[slot];
	uint64_t hash = atomic_load_explicit(&key->hash, memory_order_relaxed);

	if (hash != 0 && (key->len == 0 || key->len > AGG_TABLE_KEY_MAX ||
			     key->crc != agg_table_key_checksum(key->text, key->len) ||
			     value->hash != hash)) {
		report->damaged++;
		atomic_store_explicit(&key->hash, 0, memory_order_relaxed);
		hash = 0;
	}
	if (hash == 0) {
		table->free_slots[table->free_count++] = slot;
		return 0;
	}
	if (agg_table_series_check(table, slot) == SL_ECORRUPT) {
		report->damaged++;
		atomic_store_explicit(&value->generation, 0, memory_order_relaxed);
	}
	report->series++;
	return agg_table_index_add(&table->index, hash, slot);
}

/* Drops the cells whose content is damaged and counts the others. */
static uint32_t take_cells(uint8_t *cells, uint32_t count, uint32_t capacity,
    uint32_t exact, struct agg_table_report *report)
{
	uint32_t size = agg_table_cell_size(capacity), good = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct agg_table_cell *cell =
		    (struct agg_table_cell *)(void *)(cells + (uint64_t)i * size);
		struct sl_slice content;
		int rc = agg_table_cell_get(cell, capacity, &content);
		if (rc == 0 && exact != 0 && content.len != exact)
			rc = SL_ECORRUPT;
		if (rc == SL_ECORRUPT) {
			report->damaged++;
			agg_table_cell_drop(cell);
		}
		good += rc == 0;
	}
	return good;
}

static int take_in(struct agg_table *table, struct agg_table_report *report)
{
	struct agg_table_header *header = table->file.header;

	table->free_slots =
	    malloc((size_t)header->series_max * sizeof *table->free_slots +
		   sizeof *table->free_slots);
	if (!table->free_slots)
		return SL_ENOMEM;
	uint64_t used = atomic_load_explicit(&header->series_used, memory_order_relaxed);
	if (used > header->series_max) {
		used = header->series_max;
		atomic_store_explicit(&header->series_used, used, memory_order_relaxed);
		report->damaged++;
	}
	/* From the back, so that the lowest free slot is given out first. */
	for (uint32_t slot = (uint32_t)used; slot-- > 0;) {
		int rc = take_series(table, slot, report);
		if (rc != 0)
			return rc;
	}
	take_cells((uint8_t *)table->file.flags, 1, AGG_TABLE_FLAGS_CAPACITY,
	    AGG_TABLE_FLAGS_CAPACITY, report);
	report->rings = take_cells(table->file.rings, header->rings_max,
	    AGG_TABLE_RING_CAPACITY, AGG_TABLE_RING_CAPACITY, report);
	report->alerts = take_cells(
	    table->file.alerts, header->alerts_max, AGG_TABLE_ALERT_MAX, 0, report);
	for (uint32_t i = 0; i < header->rings_max; i++) {
		struct sl_slice name;
		uint32_t slot = agg_table_ring_next(table, i, &name);
		if (slot == AGG_TABLE_NO_SLOT)
			break;
		if (name.len == 0 || name.len > AGG_TABLE_NAME_MAX) {
			report->damaged++;
			agg_table_cell_drop(agg_table_file_ring(&table->file, slot));
		}
		i = slot;
	}
	return 0;
}

/* Copies everything into another table, as far as it has room. */
static void copy_over(const struct agg_table *from, struct agg_table *to)
{
	struct sl_slice text;
	uint32_t at, slot;

	for (at = agg_table_series_next(from, 0, &text); at != AGG_TABLE_NO_SLOT;
	     at = agg_table_series_next(from, at + 1, &text)) {
		double value;
		int64_t time_ns;
		if (agg_table_series_find(to, text.data, text.len, &slot) == 0 &&
		    agg_table_series_get(from, at, &value, &time_ns) == 0)
			agg_table_series_set(to, slot, value, time_ns);
	}
	for (at = agg_table_ring_next(from, 0, &text); at != AGG_TABLE_NO_SLOT;
	     at = agg_table_ring_next(from, at + 1, &text)) {
		struct agg_table_ring ring;
		if (agg_table_ring_find(to, text.data, text.len, &slot) == 0 &&
		    agg_table_ring_get(from, at, &ring) == 0)
			agg_table_ring_set(to, slot, &ring);
	}
	for (at = agg_table_alert_next(from, 0, &text); at != AGG_TABLE_NO_SLOT;
	     at = agg_table_alert_next(from, at + 1, &text)) {
		slot = AGG_TABLE_NO_SLOT;
		agg_table_alert_set(to, &slot, text.data, text.len);
	}
	agg_table_flags_set(to, agg_table_flags(from));
}

static void release(struct agg_table *table)
{
	if (table->file.base)
		agg_table_file_close(&table->file);
	agg_table_index_clear(&table->index);
	free(table->free_slots);
	free(table);
}

static bool fits(const struct agg_table *table, const struct agg_table_options *o)
{
	const struct agg_table_header *header = table->file.header;

	return header->series_max == o->series_max && header->rings_max == o->rings_max &&
	       header->alerts_max == o->alerts_max;
}

/* Makes a new table under the path, with what old holds (may be NULL). */
static int begin(const char *path, const struct agg_table_options *options,
    const struct agg_table *old, struct agg_table **out, struct agg_table_report *report)
{
	char fresh[PATH_MAX];
	struct agg_table *table = calloc(1, sizeof *table);

	if (!table)
		return SL_ENOMEM;
	int len = snprintf(fresh, sizeof fresh, "%s.new", path);
	int rc = len < (int)sizeof fresh ? 0 : SL_EINVAL;
	if (rc == 0)
		rc = agg_table_file_create(fresh, options, &table->file);
	if (rc == 0)
		rc = take_in(table, report);
	if (rc == 0 && old)
		copy_over(old, table);
	if (rc == 0 && rename(fresh, path) != 0) {
		sl_log_error("table", "cannot rename file=\"%s\" error=\"%s\"", fresh,
		    strerror(errno));
		rc = SL_ESYS;
	}
	if (rc != 0) {
		release(table);
		return rc;
	}
	*out = table;
	return 0;
}

/* Opens the table that is there; SL_ECORRUPT moves it out of the way. */
static int open_existing(
    const char *path, struct agg_table **out, struct agg_table_report *report)
{
	char bad[PATH_MAX];
	struct agg_table *table = calloc(1, sizeof *table);

	if (!table)
		return SL_ENOMEM;
	int rc = agg_table_file_open(path, &table->file);
	if (rc == 0)
		rc = take_in(table, report);
	if (rc == 0) {
		*out = table;
		return 0;
	}
	release(table);
	if (rc == SL_ECORRUPT && snprintf(bad, sizeof bad, "%s.bad", path) < PATH_MAX) {
		rename(path, bad);
		sl_log_warn(
		    "table", "unusable, set aside and begun anew file=\"%s\"", bad);
	}
	return rc;
}

int agg_table_open(const char *path, const struct agg_table_options *options,
    struct agg_table **out, struct agg_table_report *report)
{
	struct agg_table_options o = options ? *options : (struct agg_table_options){0};
	struct agg_table_report local, ignored = {0};
	struct agg_table *table = NULL, *resized;

	o.series_max = o.series_max ? o.series_max : SERIES_MAX;
	o.rings_max = o.rings_max ? o.rings_max : RINGS_MAX;
	o.alerts_max = o.alerts_max ? o.alerts_max : ALERTS_MAX;
	report = report ? report : &local;
	memset(report, 0, sizeof *report);
	int rc = open_existing(path, &table, report);
	if (rc == SL_ENOTFOUND || rc == SL_ECORRUPT) {
		report->created = true;
		rc = begin(path, &o, NULL, &table, report);
	} else if (rc == 0 && !fits(table, &o)) {
		report->resized = true;
		rc = begin(path, &o, table, &resized, &ignored);
		release(table);
		table = resized;
	}
	if (rc != 0)
		return rc;
	if (report->damaged > 0)
		sl_log_warn("table", "damaged slots dropped file=\"%s\" count=%u", path,
		    report->damaged);
	*out = table;
	return 0;
}

int agg_table_sync(struct agg_table *table)
{
	return msync(table->file.base, table->file.size, MS_SYNC) == 0 ? 0 : SL_ESYS;
}

void agg_table_close(struct agg_table *table)
{
	if (!table)
		return;
	if (agg_table_sync(table) != 0)
		sl_log_error("table", "cannot sync error=\"%s\"", strerror(errno));
	release(table);
}
