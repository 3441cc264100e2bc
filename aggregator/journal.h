/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: what happened, in order, kept across kill -9. */
#ifndef AGG_JOURNAL_H
#define AGG_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/entry.h"

/*
 * A directory of memory-mapped segments of fixed size.  Every entry of the
 * five logs and every control entry is one checksummed record; the record of
 * an event also carries the ring position behind it, so "journaled" and "tail
 * advanced" are one store.  What agg_journal_append accepted survives the
 * death of the process at any instruction; what is durable survives the
 * machine's.
 *
 * All functions are called from one thread (the aggregator's loop) and none
 * but open and close waits for a disk: a writer thread of the journal's own
 * allocates segments ahead, syncs and removes them.  The caller holds the
 * instance's lock file, so a directory has one journal at a time.
 */
struct agg_journal;

/* Sources have small numbers; entries of the aggregator's own have this one. */
#define AGG_JOURNAL_NO_SOURCE    UINT32_MAX
#define AGG_JOURNAL_SOURCES_MAX  1024u
#define AGG_JOURNAL_LINES_MAX    8u  /* remembered per source, the latest used */
#define AGG_JOURNAL_POSITION     16u /* bytes of a source position */
#define AGG_JOURNAL_CONTROL_MAX  16384u
#define AGG_JOURNAL_BOOT_ID_SIZE 40u

/* All zeroes means the defaults in brackets. */
struct agg_journal_options {
	uint32_t segment_bytes;  /* size of a segment file [8 MiB], at least 512 KiB */
	uint32_t window_entries; /* kept per log at least [10000] … */
	int64_t window_ns;       /* … or for at least so long [10 min] … */
	uint64_t window_bytes;   /* … but never more than this per log [64 MiB] */
	int64_t sync_ns;     /* longest time until what is appended is durable [1 s] */
	const char *boot_id; /* instead of the machine's; tests only */
};

/* What opening found. */
struct agg_journal_report {
	bool created;       /* there was no journal */
	bool epoch_changed; /* cursors of before are void */
	const char *reason; /* why the epoch is new: a static text, NULL if it is not */
	bool torn;          /* a half-written last record was discarded */
	uint64_t entries;   /* records of the five logs that were found whole */
	uint32_t segments;
};

/*
 * agg_journal_open opens or creates the journal in directory dir (created,
 * mode 0700, if missing; its parent exists) and starts its writer thread.
 * Blocks on the disk: it reads and verifies every record that is kept.  A
 * damaged journal is no error: the longest checksummed prefix counts and the
 * epoch changes.  report may be NULL.  Returns 0, SL_EINVAL (options), SL_ESYS
 * (logged with path and reason; nothing is left open) or SL_ENOMEM.
 */
int agg_journal_open(const char *dir, const struct agg_journal_options *options,
    struct agg_journal **journal, struct agg_journal_report *report);

/*
 * agg_journal_close stops the writer thread, syncs everything and marks the
 * journal as closed cleanly.  Blocks on the disk.  NULL is ignored.
 */
void agg_journal_close(struct agg_journal *journal);

/* Random; changes when entries that were published may be missing. */
uint64_t agg_journal_epoch(const struct agg_journal *journal);

/* Random; names the aggregator for as long as its directory lives. */
uint64_t agg_journal_aggregator(const struct agg_journal *journal);

/* ---- sources ------------------------------------------------------------------ */

/* How far a source has come. */
struct agg_journal_source {
	uint64_t segment_id; /* ring segment of the last event journaled; 0: none yet */
	uint64_t ring_position; /* cursor behind that event in the segment's ring */
	uint64_t events;        /* journaled since the journal began */
};

/*
 * agg_journal_source_find gives the number of the source of that name (1 to
 * 128 bytes), which becomes known by this.  The number holds while the journal
 * is open.  Returns 0, SL_EINVAL or SL_EFULL (too many sources).
 */
int agg_journal_source_find(
    struct agg_journal *journal, const char *name, size_t len, uint32_t *source);

/* agg_journal_source_get copies what is journaled of a source out. */
int agg_journal_source_get(
    const struct agg_journal *journal, uint32_t source, struct agg_journal_source *out);

/*
 * agg_journal_last gives the last source position journaled of a line, and
 * agg_journal_durable the last one that is on the disk.  Both return 0 or
 * SL_ENOTFOUND (no event of this line yet, or none durable).
 */
int agg_journal_last(const struct agg_journal *journal, uint32_t source, uint64_t line,
    uint8_t position[AGG_JOURNAL_POSITION]);
int agg_journal_durable(struct agg_journal *journal, uint32_t source, uint64_t line,
    uint8_t position[AGG_JOURNAL_POSITION]);

/*
 * agg_journal_seen tells whether a position is at or below the last one of its
 * line: such an event is in the journal already and must be ignored.
 */
bool agg_journal_seen(const struct agg_journal *journal, uint32_t source, uint64_t line,
    const uint8_t position[AGG_JOURNAL_POSITION]);

/* ---- appending ------------------------------------------------------------------ */

/* Where an entry comes from: what the record carries beside it. */
struct agg_journal_origin {
	uint32_t source;        /* from agg_journal_source_find */
	uint64_t segment_id;    /* of the ring's segment, not 0 */
	uint64_t ring_position; /* the tail once this event is taken */
	bool has_position;      /* line and position count: a resumable source */
	uint64_t line;
	uint8_t position[AGG_JOURNAL_POSITION]; /* big-endian, grows within a line */
};

/*
 * agg_journal_next returns the sequence that the next entry of a log gets: the
 * caller packs it into the entry before it appends.
 */
uint64_t agg_journal_next(const struct agg_journal *journal, enum sl_stream stream);

/*
 * agg_journal_append appends a packed entry (sl_msg_entry_pack, 1 to
 * SL_ENTRY_MAX bytes) to a log.  origin is NULL for the aggregator's own.  The
 * bytes are copied.  Never waits for the disk.  Returns
 *   0          it is journaled and may be published;
 *   SL_EEXIST  its position is at or below the last of its line: ignore it;
 *   SL_EFULL   there is no space: leave the event in its ring and try again
 *              later (asking costs nothing).  The log alerts and the control
 *              log have a reserve of their own, so that an alert can say so;
 *   SL_EINVAL  length, log or source out of range.
 * Nothing has changed unless it returns 0.
 */
int agg_journal_append(struct agg_journal *journal, enum sl_stream stream,
    const void *packed, size_t len, const struct agg_journal_origin *origin);

/* agg_journal_control_next: as agg_journal_next, for the control log. */
uint64_t agg_journal_control_next(const struct agg_journal *journal);

/*
 * agg_journal_control appends to the control log.  kind (1 to 32 bytes, "revoke",
 * "paused") and body (a JSON object, up to 16 KiB) are copied.  The entry is kept
 * until expires_ns of the wall clock (0: until replaced); replace drops the
 * earlier entries of the same kind, so that a state such as "paused" is there
 * once.  *seq gets its sequence.  Returns 0, SL_EINVAL or SL_EFULL (no space, or
 * AGG_JOURNAL_CONTROL_MAX entries alive).
 */
int agg_journal_control(struct agg_journal *journal, struct sl_slice kind,
    struct sl_slice body, int64_t expires_ns, bool replace, uint64_t *seq);

/*
 * agg_journal_tick lets time pass: entries leave the windows, control entries
 * expire, segments that nobody needs go.  Bounded work; call it about once a
 * second.
 */
void agg_journal_tick(struct agg_journal *journal);

/* ---- durability ------------------------------------------------------------------ */

/*
 * agg_journal_flush asks the writer thread to sync now instead of within
 * sync_ns; returns at once.  Requests during a running sync share the next.
 */
void agg_journal_flush(struct agg_journal *journal);

/*
 * agg_journal_durable_fd is readable whenever more has become durable: an
 * eventfd for the caller's loop, to be read there, owned by the journal.
 */
int agg_journal_durable_fd(const struct agg_journal *journal);

/* agg_journal_all_durable: is everything appended so far on the disk? */
bool agg_journal_all_durable(const struct agg_journal *journal);

/* ---- reading ---------------------------------------------------------------------- */

/*
 * agg_journal_oldest returns the first sequence that is still kept of a log;
 * equal to agg_journal_next where none is.
 */
uint64_t agg_journal_oldest(const struct agg_journal *journal, enum sl_stream stream);

/*
 * What agg_journal_read hands out; packed is valid during the call only.
 * Returning non-zero ends the reading with that value.
 */
typedef int (*agg_journal_entry_f)(
    void *arg, uint64_t seq, const void *packed, size_t len);

/*
 * agg_journal_read hands the entries of a log from sequence from on to entry,
 * in order, until the sum of their lengths would pass max_bytes (one entry is
 * given in any case) or the log ends.  *next, which may be NULL, gets the
 * sequence to go on from.  Returns 0, SL_EGAP (from is no longer kept: ask from
 * agg_journal_oldest), SL_EINVAL, or what entry returned.
 */
int agg_journal_read(struct agg_journal *journal, enum sl_stream stream, uint64_t from,
    size_t max_bytes, agg_journal_entry_f entry, void *arg, uint64_t *next);

/* One control entry that is alive; the slices are valid during the call only. */
struct agg_journal_control_entry {
	uint64_t seq;
	int64_t expires_ns; /* 0: never */
	struct sl_slice kind;
	struct sl_slice body;
};

/*
 * agg_journal_control_each hands the control entries that are alive, from
 * sequence from on, to entry in order.  Returns 0 or what entry returned.
 */
int agg_journal_control_each(struct agg_journal *journal, uint64_t from,
    int (*entry)(void *arg, const struct agg_journal_control_entry *entry), void *arg);

/* ---- health ------------------------------------------------------------------------ */

struct agg_journal_stats {
	uint64_t appended;       /* records since opening */
	uint64_t appended_bytes; /* of records since opening */
	uint64_t kept[SL_STREAM_COUNT];
	uint64_t control_kept;
	uint32_t segments;      /* files with records in them */
	uint64_t syncs;         /* done since opening */
	int64_t sync_worst_ns;  /* the longest of them */
	uint64_t sync_failures; /* the disk refused; tried again */
	bool full;              /* the last append found no space */
	int space_errno;        /* why no further segment could be had; 0 if one could */
};
void agg_journal_stats(struct agg_journal *journal, struct agg_journal_stats *out);

#endif
