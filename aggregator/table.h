/* SPDX-License-Identifier: Apache-2.0 */
/* The state table: the newest of everything, in mapped memory across restarts. */
#ifndef AGG_TABLE_H
#define AGG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/entry.h"

/*
 * One file of fixed size beside the journal.  Each slot holds two copies of its
 * content and a generation that says which one counts; an update writes the
 * other copy and then the generation, so that the death of the process at any
 * instruction leaves the old content or the new, never a mixture.  Copies carry
 * a check, so damage on the disk costs the slot and is counted, no more.
 *
 * All functions but agg_table_sync are called from one thread.  Updates never
 * allocate, lock or make a system call.  What is read after a restart is old
 * news: the caller marks it stale until its source feeds it again.
 */
struct agg_table;

#define AGG_TABLE_KEY_MAX   232u  /* bytes of a series' key */
#define AGG_TABLE_NAME_MAX  128u  /* bytes of a source's name */
#define AGG_TABLE_ALERT_MAX 2048u /* bytes of an alert's record */
#define AGG_TABLE_NO_SLOT   UINT32_MAX

/* All zeroes means the defaults in brackets. */
struct agg_table_options {
	uint32_t series_max; /* [100000] */
	uint32_t rings_max;  /* [256] */
	uint32_t alerts_max; /* [1024] */
};

struct agg_table_report {
	bool created; /* there was no table, or it was unusable */
	bool resized; /* the options differ from the file's: it was copied over */
	uint32_t series;
	uint32_t rings;
	uint32_t alerts;
	uint32_t damaged; /* slots whose content failed its check and was dropped */
};

/*
 * agg_table_open maps the table in the file path or makes a new one, allocated
 * in full.  An unusable file (wrong magic, version, size or check) is renamed to
 * path.bad with a log line and a new table begun.  Blocks on the disk.  report
 * may be NULL.  Returns 0, SL_EINVAL, SL_ENOMEM or SL_ESYS (logged with path and
 * reason).
 */
int agg_table_open(const char *path, const struct agg_table_options *options,
    struct agg_table **table, struct agg_table_report *report);

/* agg_table_close syncs and unmaps.  Blocks on the disk.  NULL is ignored. */
void agg_table_close(struct agg_table *table);

/*
 * agg_table_sync writes the table to the disk and returns when that is done (0 or
 * SL_ESYS).  The one function for another thread, at any time before close.
 */
int agg_table_sync(struct agg_table *table);

/* ---- series ----------------------------------------------------------------------- */

/*
 * agg_table_series_find gives the slot of a series, which gets one by this if
 * it has none.  key is any stable text of 1 to AGG_TABLE_KEY_MAX bytes, such as
 * "tenant/source/metric{labels}".  The slot holds until it is dropped.  Returns
 * 0, SL_EINVAL or SL_EFULL.
 */
int agg_table_series_find(
    struct agg_table *table, const char *key, size_t len, uint32_t *slot);

/*
 * agg_table_series_set stores the newest value and its time.  For the hot path:
 * five stores into one cache line.  slot must be one that find gave.
 */
void agg_table_series_set(
    struct agg_table *table, uint32_t slot, double value, int64_t time_ns);

/* agg_table_series_get reads it back: 0, or SL_ENOTFOUND if it was never set. */
int agg_table_series_get(
    const struct agg_table *table, uint32_t slot, double *value, int64_t *time_ns);

/* agg_table_series_drop gives the slot of a series that is gone to another. */
void agg_table_series_drop(struct agg_table *table, uint32_t slot);

/*
 * agg_table_series_next walks the series: it returns the first slot in use from
 * slot from on and its key (valid until close or drop), AGG_TABLE_NO_SLOT at the
 * end.
 */
uint32_t agg_table_series_next(
    const struct agg_table *table, uint32_t from, struct sl_slice *key);

/* ---- rings --------------------------------------------------------------------------
 */

/* What survives of a source's ring beside what the journal knows. */
struct agg_table_ring {
	uint64_t segment_id;
	uint64_t tail;     /* at or behind the journal's position for the same segment */
	uint64_t received; /* records taken */
	uint64_t dropped;  /* by the producer, for want of space */
	uint64_t refused;  /* by the aggregator, as invalid */
	uint64_t ignored;  /* events that the journal had already */
	uint64_t dropped_before; /* totals of former segments … */
	uint64_t received_before;
	int64_t seen_ns; /* wall clock of the last record */
};

/* agg_table_ring_find gives the slot of a source's ring: 0, SL_EINVAL, SL_EFULL. */
int agg_table_ring_find(
    struct agg_table *table, const char *name, size_t len, uint32_t *slot);
void agg_table_ring_set(
    struct agg_table *table, uint32_t slot, const struct agg_table_ring *ring);
/* agg_table_ring_get returns 0, or SL_ENOTFOUND if it was never set. */
int agg_table_ring_get(
    const struct agg_table *table, uint32_t slot, struct agg_table_ring *ring);
/* agg_table_ring_next walks the rings as agg_table_series_next does the series. */
uint32_t agg_table_ring_next(
    const struct agg_table *table, uint32_t from, struct sl_slice *name);

/* ---- flags --------------------------------------------------------------------------
 */

#define AGG_TABLE_PAUSED 1u /* stop-aggregator is in force */

uint64_t agg_table_flags(const struct agg_table *table);
void agg_table_flags_set(struct agg_table *table, uint64_t flags);

/* ---- alerts -------------------------------------------------------------------------
 */

/*
 * The record of an alert is bytes to the table; who owns alerts packs and reads
 * it.  agg_table_alert_set stores it in *slot, which gets a slot if it is
 * AGG_TABLE_NO_SLOT.  Returns 0, SL_ETOOBIG or SL_EFULL.
 */
int agg_table_alert_set(
    struct agg_table *table, uint32_t *slot, const void *record, size_t len);
/* agg_table_alert_drop frees the slot of an alert that is over. */
void agg_table_alert_drop(struct agg_table *table, uint32_t slot);
/*
 * agg_table_alert_next walks the alerts; record points into the table and is
 * valid until the alert is set or dropped.
 */
uint32_t agg_table_alert_next(
    const struct agg_table *table, uint32_t from, struct sl_slice *record);

#endif
