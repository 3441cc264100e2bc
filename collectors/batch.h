/* SPDX-License-Identifier: Apache-2.0 */
/* Events and samples that came together, checked before any of them is taken. */
#ifndef COL_BATCH_H
#define COL_BATCH_H

#include <sightline/collector.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "core.h"
#include "json_in.h"

/*
 * What an answer says was taken has to arrive, so everything for which the
 * aggregator would refuse an item is refused here, with its place in the body:
 * a type or metric that the catalog does not declare, a module that the source
 * may not write, a payload without a required field, a time ahead.  A request
 * is taken whole or not at all.
 */
struct col_batch_rules {
	const struct sl_catalog *catalog;
	uint64_t modules; /* mask of those that the source may write */
	int64_t now_ns;   /* wall clock */
	/* Names the delivery where the sender gives it an id; empty: none.  Its
	 * events that have no id of their own are known by it and their place. */
	struct sl_slice delivery;
	/* Patterns of the types that may come; NULL: all.  For beacons. */
	const struct sl_names *types;
};

/*
 * col_batch_modules returns the mask of the modules of these names, of all modules
 * if there is no name: what a section's option modules allows.
 */
uint64_t col_batch_modules(
    const struct sl_catalog *catalog, const struct sl_names *names);

#define COL_BATCH_KEY 16

/* Offsets are into the batch's text, of NUL-terminated strings. */
struct col_batch_event {
	size_t type_at;
	size_t audience_at;
	size_t payload_at;
	size_t payload_bytes;
	int64_t time_ns;
	enum sightline_audience audience;
	bool has_key; /* the sender can be recognised when it repeats itself */
	uint8_t key[COL_BATCH_KEY]; /* hash of source and id */
	uint8_t id[16];             /* UUID, with has_key: the same each time */
};

struct col_batch_sample {
	size_t metric_at;
	size_t labels_at; /* key NUL value NUL …, in the order of the keys */
	size_t label_count;
	double value;
	int64_t time_ns;
};

/* All zeroes is an empty batch; owned by the caller, kept between requests. */
struct col_batch {
	struct sl_buf text;
	struct col_batch_event *event;
	size_t event_count, event_cap;
	struct col_batch_sample *sample;
	size_t sample_count, sample_cap;
	bool lenient;    /* of too many series only the new ones are left out */
	size_t ignored;  /* items that say nothing which the catalog has a type for */
	char error[256]; /* why it was refused: one line for the sender */
};

/* col_batch_reset empties it and keeps its memory, _clear frees that. */
void col_batch_reset(struct col_batch *batch);
void col_batch_clear(struct col_batch *batch);

/* What a form of body says of an event.  Slices without data are absent. */
struct col_batch_given {
	const char *where; /* for error lines: "events[3]" */
	struct sl_slice type;
	struct sl_slice source; /* whose ids these are */
	struct sl_slice id;
	struct sl_slice time; /* RFC 3339; absent: now */
	enum sightline_audience audience;
	struct sl_slice audience_name;
	const json_t *payload; /* an object; NULL: {} */
};

/*
 * col_batch_add_event adds an event.  Returns 0, SL_EINVAL where the rules
 * refuse it, or SL_ETOOBIG; then batch->error says why.
 */
int col_batch_add_event(struct col_batch *batch, const struct col_batch_rules *rules,
    const struct col_batch_given *given);

/* What it says of a sample; labels is an object of strings, numbers, booleans. */
struct col_batch_measured {
	const char *where;
	struct sl_slice metric;
	double value;
	struct sl_slice time;
	const json_t *labels; /* NULL: none */
};

/* col_batch_add_sample adds a sample; errors as above. */
int col_batch_add_sample(struct col_batch *batch, const struct col_batch_rules *rules,
    const struct col_batch_measured *measured);

/*
 * col_batch_add_series adds a sample whose metric and labels are known to be good
 * (mapping.h); its labels are in the order of their keys.  time_ns 0: now.
 * Errors as above: a value that is not finite, a time ahead.
 */
int col_batch_add_series(struct col_batch *batch, const struct col_batch_rules *rules,
    const char *metric, const struct col_label *label, size_t label_count, double value,
    int64_t time_ns);

/* col_batch_refuse writes the error line and returns code. */
int col_batch_refuse(struct col_batch *batch, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* col_batch_text returns the string at an offset. */
const char *col_batch_text(const struct col_batch *batch, size_t at);

/*
 * col_batch_key makes the key of an id of a kind ('e' event, 'd' delivery,
 * 's' its signed id, 'h' its signature), so that ids of different kinds and
 * sources never meet.
 */
void col_batch_key(char kind, struct sl_slice source, struct sl_slice id, size_t index,
    uint8_t key[COL_BATCH_KEY]);

#endif
