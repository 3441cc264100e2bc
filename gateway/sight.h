/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody may see and wants to see, and the snapshot of exactly that. */
#ifndef GW_SIGHT_H
#define GW_SIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror.h"
#include "pattern.h"

/*
 * The one place where access is decided: entries, metrics and alerts pass here
 * before anything is encoded.
 */
struct gw_sight {
	struct gw_tenant *tenant;
	const struct sl_catalog_role *role;
	uint64_t modules;             /* the role's, maybe fewer */
	struct gw_patterns *patterns; /* borrowed; NULL: the whole snapshot */
	bool points;                  /* metrics as data points (point.h) */
};

/* Metrics to tell of, in the order of their sections (gw_mirror_sort). */
struct gw_changes {
	const uint32_t *metric;
	uint32_t count;
	const uint8_t *what; /* enum gw_change by metric; NULL: as the mirror tells it */
	bool whole;          /* value and staleness of each, whatever has changed */
	bool open_alerts;
};

enum gw_change { GW_CHANGE_VALUE = 1, GW_CHANGE_STALE = 2 };

enum gw_seen {
	GW_HIDDEN,
	GW_SEEN,
	GW_PERSONAL, /* only by the subject that the entry's audience names */
};

/* gw_sight_entry decides about an entry of any log; module is its module's bit. */
enum gw_seen gw_sight_entry(const struct gw_sight *sight,
    const struct sl_catalog *catalog, const struct sl_entry *entry, uint64_t module);

/* gw_sight_metric decides about a metric's value. */
bool gw_sight_metric(const struct gw_sight *sight, const struct gw_metric *metric);

/* gw_sight_alert decides about an open alert in the snapshot: firing ones only. */
bool gw_sight_alert(const struct gw_sight *sight, const struct gw_alert *alert);

/*
 * gw_sight_snapshot appends the snapshot as a JSON object; alerts false leaves
 * "alerts" out (what resumes gets them from the log).
 */
void gw_sight_snapshot(const struct gw_sight *sight, struct gw_mirror *mirror,
    struct sl_buf *out, bool alerts);

/* gw_sight_open_alerts says whether the counts of open alerts are in sight. */
bool gw_sight_open_alerts(const struct gw_sight *sight, const struct gw_tenant *tenant);

/*
 * gw_sight_tell appends an overlay of these changes, as far as they are in sight,
 * and returns true; nothing and false if none is.
 */
bool gw_sight_tell(const struct gw_sight *sight, struct gw_mirror *mirror,
    const struct gw_changes *changes, struct sl_buf *out);

/*
 * gw_sight_overlay appends what is told since gw_mirror_settle, and returns
 * true; nothing and false if that concerns nothing in sight.
 */
bool gw_sight_overlay(
    const struct gw_sight *sight, struct gw_mirror *mirror, struct sl_buf *out);

/*
 * gw_sight_since appends what has changed after a time (gw_mirror_since), as
 * gw_sight_overlay does.
 */
bool gw_sight_since(const struct gw_sight *sight, struct gw_mirror *mirror,
    uint64_t since, struct sl_buf *out);

#endif
