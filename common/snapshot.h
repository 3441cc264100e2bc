/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the dashboard's snapshot, and overlays on it. */
#ifndef SL_SNAPSHOT_H
#define SL_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"
#include "json_out.h"

/*
 * One JSON object: "timestamp", a section per module with one member per
 * metric, "stale" with the names that are stale, and "alerts".  The caller
 * decides what is in it and in which order; this file decides how it looks,
 * so that gateways and sightlinectl show the same.
 *
 *	sl_snapshot_begin(&w, &out, newest_us);
 *	sl_snapshot_section(&w, "systemHealth");
 *	sl_snapshot_value(&w, "cpu_usage", 41.5, false);
 *	sl_snapshot_stale(&w, NULL);              an empty array
 *	sl_snapshot_end(&w);
 *
 * An overlay has the same form and only what changed.
 */
struct sl_snapshot {
	struct sl_json_out json;
	bool in_section;
	bool in_stale;
	bool in_alerts;
};

/*
 * sl_snapshot_begin starts an object at the end of out; newest_us is the
 * collect time of the newest datum in it, 0 if there is none ("timestamp" is
 * null then).
 */
void sl_snapshot_begin(struct sl_snapshot *w, struct sl_buf *out, int64_t newest_us);

/* sl_snapshot_section starts the section with this key and ends the one before. */
void sl_snapshot_section(struct sl_snapshot *w, const char *key);

/*
 * sl_snapshot_notice adds what the section says of itself, before any
 * sl_snapshot_stale; nothing if notice is NULL.
 */
void sl_snapshot_notice(struct sl_snapshot *w, const char *notice);

/*
 * sl_snapshot_value adds a metric's value to the section, before any
 * sl_snapshot_stale.  NaN is null; with is_status 0, 1, 2 are the words
 * "healthy", "warning", "critical".
 */
void sl_snapshot_value(
    struct sl_snapshot *w, const char *field, double value, bool is_status);

/*
 * sl_snapshot_stale adds a name to the section's array "stale"; NULL makes
 * sure that there is one.
 */
void sl_snapshot_stale(struct sl_snapshot *w, const char *field);

/* sl_snapshot_open_alerts adds "open_alerts" to the section. */
void sl_snapshot_open_alerts(struct sl_snapshot *w, uint32_t warning, uint32_t critical);

/*
 * sl_snapshot_alert adds an alert to "alerts", which follow all sections; an
 * empty body makes sure that there is an array.
 */
void sl_snapshot_alert(struct sl_snapshot *w, struct sl_slice body);

/* sl_snapshot_end closes what is open. */
void sl_snapshot_end(struct sl_snapshot *w);

#endif
