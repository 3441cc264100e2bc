/* SPDX-License-Identifier: Apache-2.0 */
#include "give.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"

#define NO_SERIES UINT32_MAX

struct col_give {
	struct col_core *core;
	struct col_seen *ids;
	bool begun;
	uint64_t generation;
	uint64_t number; /* of the last event */
	size_t series;
	struct sightline_event *event; /* of the batch at hand */
	uint32_t *handle;
	size_t event_cap, handle_cap;
};

struct col_give *col_give_new(struct col_core *core, struct col_seen *ids)
{
	struct col_give *give = calloc(1, sizeof(*give));

	if (give == NULL)
		abort();
	give->core = core;
	give->ids = ids;
	return give;
}

void col_give_free(struct col_give *give)
{
	if (give == NULL)
		return;
	free(give->event);
	free(give->handle);
	free(give);
}

/* ---- positions ------------------------------------------------------------------- */

static void put64(unsigned char *out, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		out[i] = (unsigned char)value;
}

static uint64_t get64(const unsigned char *in)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | in[i];
	return value;
}

void col_give_begin(struct col_give *give)
{
	unsigned char position[SIGHTLINE_POSITION_BYTES];

	if (give->begun)
		return;
	give->begun = true;
	give->generation = (uint64_t)sl_clock_wall_ns();
	/* The clock may have gone back since the former run. */
	if (sightline_journaled(col_core_collector(give->core), position) == 1 &&
	    get64(position) >= give->generation)
		give->generation = get64(position) + 1;
}

bool col_give_is_durable(const struct col_give *give, uint64_t number)
{
	unsigned char position[SIGHTLINE_POSITION_BYTES];

	return sightline_durable(col_core_collector(give->core), position) == 1 &&
	       get64(position) == give->generation && get64(position + 8) >= number;
}

/* ---- room ------------------------------------------------------------------------ */

static void *at_least(void *items, size_t count, size_t *cap, size_t size)
{
	if (count <= *cap)
		return items;
	*cap = count;
	items = reallocarray(items, count, size);
	if (items == NULL)
		abort();
	return items;
}

static void describe(struct col_give *give, const struct col_batch *batch)
{
	give->event = at_least(
	    give->event, batch->event_count, &give->event_cap, sizeof(*give->event));
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct col_batch_event *from = &batch->event[i];
		give->event[i] = (struct sightline_event){
		    .type = col_batch_text(batch, from->type_at),
		    .time_ns = from->time_ns,
		    .audience = from->audience,
		    .audience_name = col_batch_text(batch, from->audience_at),
		    .id = from->has_key ? from->id : NULL,
		    .payload = col_batch_text(batch, from->payload_at),
		    .payload_bytes = from->payload_bytes,
		};
	}
}

static size_t read_labels(const struct col_batch *batch,
    const struct col_batch_sample *sample, struct col_label labels[COL_CORE_LABELS_MAX])
{
	const char *at = col_batch_text(batch, sample->labels_at);

	for (size_t i = 0; i < sample->label_count; i++) {
		labels[i].key = at;
		labels[i].value = at + strlen(at) + 1;
		at = labels[i].value + strlen(labels[i].value) + 1;
	}
	return sample->label_count;
}

/*
 * What a refused batch has defined stays defined: it counts, so it is bounded.
 * In a lenient one, NO_SERIES stands where a series would be too many.
 */
static int define(struct col_give *give, struct col_batch *batch, size_t series_max)
{
	struct col_label labels[COL_CORE_LABELS_MAX];

	give->handle = at_least(
	    give->handle, batch->sample_count, &give->handle_cap, sizeof(*give->handle));
	for (size_t i = 0; i < batch->sample_count; i++) {
		const struct col_batch_sample *sample = &batch->sample[i];
		const char *metric = col_batch_text(batch, sample->metric_at);
		size_t count = read_labels(batch, sample, labels);
		bool known = col_core_has_gauge(give->core, metric, labels, count);

		if ((known || give->series < series_max) &&
		    col_core_gauge(
			give->core, metric, NULL, labels, count, &give->handle[i]) == 0) {
			give->series += !known;
			continue;
		}
		give->handle[i] = NO_SERIES;
		col_batch_refuse(batch, SL_EINVAL,
		    "samples[%zu]: %s would be one more than %zu series, see series_max",
		    i, metric, series_max);
		if (!batch->lenient)
			return SL_EINVAL;
	}
	return 0;
}

static int make_room(struct col_give *give, struct col_batch *batch)
{
	int rc = sightline_fits(col_core_collector(give->core), give->event,
	    batch->event_count, batch->sample_count);

	if (rc == 0)
		return 0;
	if (rc == SIGHTLINE_EFULL)
		return col_batch_refuse(batch, SL_EFULL,
		    "the ring to the aggregator is full, nothing was taken");
	return col_batch_refuse(batch, SL_ETOOBIG,
	    "the batch, or one of its events, is larger than the ring allows");
}

/* ---- taking ---------------------------------------------------------------------- */

static void take_events(
    struct col_give *give, const struct col_batch *batch, struct col_give_taken *taken)
{
	unsigned char position[SIGHTLINE_POSITION_BYTES];
	int64_t now_ns = sl_clock_mono_ns();
	uint64_t number;

	put64(position, give->generation);
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct col_batch_event *event = &batch->event[i];
		if (event->has_key && col_seen_find(give->ids, event->key, &number)) {
			taken->duplicates++;
			taken->number = number > taken->number ? number : taken->number;
			continue;
		}
		put64(position + 8, ++give->number);
		give->event[i].position = position;
		/* Room was made: it cannot fail. */
		if (sightline_push_event(
			col_core_collector(give->core), &give->event[i], 0) != 0)
			abort();
		if (event->has_key)
			col_seen_add(give->ids, event->key, give->number, now_ns);
		taken->events++;
		taken->number = give->number;
	}
}

static void take_samples(
    struct col_give *give, const struct col_batch *batch, struct col_give_taken *taken)
{
	for (size_t i = 0; i < batch->sample_count; i++) {
		const struct col_batch_sample *sample = &batch->sample[i];

		if (give->handle[i] == NO_SERIES) {
			taken->left_out++;
			continue;
		}
		col_core_push(give->core, give->handle[i], sample->value,
		    &(struct col_tick){.wall_ns = sample->time_ns});
		taken->samples++;
	}
	col_core_flush(give->core);
}

int col_give_batch(struct col_give *give, struct col_batch *batch, size_t series_max,
    struct col_give_taken *taken)
{
	*taken = (struct col_give_taken){0};
	if (!give->begun)
		return col_batch_refuse(
		    batch, SL_EAGAIN, "no aggregator has accepted this source yet");
	int rc = define(give, batch, series_max);
	if (rc != 0)
		return rc;
	describe(give, batch);
	rc = make_room(give, batch);
	if (rc != 0)
		return rc;
	take_events(give, batch, taken);
	take_samples(give, batch, taken);
	return 0;
}
