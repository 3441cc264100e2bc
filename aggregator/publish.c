/* SPDX-License-Identifier: Apache-2.0 */
#include "publish.h"

#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/msg.h"

#define BATCH_GAP_NS (1 * SL_NS_PER_MS)
#define HEARTBEAT_NS (900 * SL_NS_PER_MS) /* asked for once a second */
#define PENDING_MAX  (1024u * 1024u)      /* bytes of entries that leave at once */

/* Entries or control entries that wait for the next batch, one behind the other. */
struct queue {
	struct sl_buf bytes;
	struct sl_buf lengths; /* size_t each */
	size_t count;
};

struct agg_publish {
	struct agg_publish_options options;
	struct sl_bus *bus;
	uint64_t flush; /* from the time of the start on: none of before comes again */
	bool paused;
	bool defs_due;
	struct queue entries;
	struct sl_buf taken_us; /* int64_t each: when it was taken from its ring */
	struct queue controls;  /* seq, length of kind, kind, body */
	struct event *timer;
	int64_t timer_mono_ns;   /* when it is due; 0: not set */
	int64_t batch_mono_ns;   /* when the last batch left */
	int64_t metrics_mono_ns; /* when the last batch with metrics left */
	uint64_t metrics_seq;
	struct sl_buf out;
	struct agg_publish_stats stats;
};

static void queue_add(struct queue *queue, const void *data, size_t len)
{
	sl_buf_add(&queue->bytes, data, len);
	sl_buf_add(&queue->lengths, &len, sizeof len);
	queue->count++;
}

static void queue_each(const struct queue *queue, struct sl_msg_batch_writer *w,
    void (*each)(struct sl_msg_batch_writer *w, const char *data, size_t len))
{
	const char *at = queue->bytes.data;

	for (size_t i = 0; i < queue->count; i++) {
		size_t len;
		memcpy(&len, queue->lengths.data + i * sizeof len, sizeof len);
		each(w, at, len);
		at += len;
	}
}

static void queue_reset(struct queue *queue)
{
	sl_buf_reset(&queue->bytes);
	sl_buf_reset(&queue->lengths);
	queue->count = 0;
}

static void queue_clear(struct queue *queue)
{
	sl_buf_clear(&queue->bytes);
	sl_buf_clear(&queue->lengths);
}

static void flush(struct agg_publish *publish, bool with_metrics, bool keyframe);

static void on_timer(int fd, short what, void *arg)
{
	struct agg_publish *publish = arg;

	(void)fd, (void)what;
	publish->timer_mono_ns = 0;
	agg_publish_pass(publish);
}

struct agg_publish *agg_publish_new(const struct agg_publish_options *options)
{
	struct agg_publish *publish = calloc(1, sizeof *publish);

	if (!publish)
		return NULL;
	publish->options = *options;
	publish->flush = (uint64_t)(sl_clock_wall_ns() / SL_NS_PER_US);
	publish->timer = event_new(options->loop, -1, 0, on_timer, publish);
	if (!publish->timer) {
		free(publish);
		return NULL;
	}
	publish->defs_due = true;
	return publish;
}

void agg_publish_free(struct agg_publish *publish)
{
	if (!publish)
		return;
	event_free(publish->timer);
	queue_clear(&publish->entries);
	sl_buf_clear(&publish->taken_us);
	queue_clear(&publish->controls);
	sl_buf_clear(&publish->out);
	free(publish);
}

void agg_publish_connect(struct agg_publish *publish, struct sl_bus *bus)
{
	publish->bus = bus;
}

void agg_publish_configure(
    struct agg_publish *publish, int64_t publish_interval_ms, bool streaming)
{
	publish->options.publish_interval_ms = publish_interval_ms;
	publish->options.streaming = streaming;
}

static void take_time(struct agg_publish *publish, const void *packed, size_t len)
{
	const struct agg_publish_hops *hops = &publish->options.hops;
	struct sl_entry entry;

	if (!hops->ring || sl_msg_entry_read(packed, len, &entry) != 0)
		return;
	/* A turn takes the time as it begins: what came meanwhile took no time. */
	int64_t taken_us = entry.ingest_us > entry.ts_us ? entry.ingest_us : entry.ts_us;
	sl_stat_record(hops->ring, (taken_us - entry.ts_us) * SL_NS_PER_US);
	sl_buf_add(&publish->taken_us, &taken_us, sizeof taken_us);
}

/* The entries that wait have left. */
static void leave(struct agg_publish *publish, int64_t publish_us)
{
	for (size_t at = 0; at < publish->taken_us.len; at += sizeof(int64_t)) {
		int64_t taken_us;
		memcpy(&taken_us, publish->taken_us.data + at, sizeof taken_us);
		sl_stat_record(publish->options.hops.aggregate,
		    (publish_us - taken_us) * SL_NS_PER_US);
	}
	sl_buf_reset(&publish->taken_us);
}

void agg_publish_entry(struct agg_publish *publish, const void *packed, size_t len)
{
	queue_add(&publish->entries, packed, len);
	take_time(publish, packed, len);
	if (publish->bus && publish->entries.bytes.len > PENDING_MAX)
		flush(publish, false, false);
}

void agg_publish_control(
    struct agg_publish *publish, uint64_t seq, struct sl_slice kind, struct sl_slice body)
{
	struct sl_buf item = {0};

	sl_buf_add(&item, &seq, sizeof seq);
	sl_buf_add(&item, &kind.len, sizeof kind.len);
	sl_buf_add(&item, kind.data, kind.len);
	sl_buf_add(&item, body.data, body.len);
	queue_add(&publish->controls, item.data, item.len);
	sl_buf_clear(&item);
}

void agg_publish_defs(struct agg_publish *publish)
{
	publish->defs_due = true;
}

void agg_publish_paused(struct agg_publish *publish, bool paused)
{
	publish->paused = paused;
}

/* ---- writing a batch ---------------------------------------------------------- */

static void write_def(void *arg, const struct agg_metric *metric)
{
	struct sl_msg_metric_def def = {
	    .id = metric->id,
	    .tenant = sl_slice_text(metric->tenant->name),
	    .module = sl_slice_text(metric->def->module->name),
	    .name = sl_slice_text(metric->def->name),
	    .field = sl_slice_text(metric->def->field),
	    .unit = sl_slice_text(metric->def->unit),
	    .in_snapshot = metric->def->snapshot,
	    .is_status = metric->def->kind == SL_METRIC_STATUS,
	};

	sl_msg_batch_add_def(arg, &def);
}

static void write_metric(void *arg, const struct agg_metric *metric)
{
	struct sl_msg_metric value = {
	    .id = metric->id,
	    .value = metric->value,
	    .ts_us = metric->ts_ns / SL_NS_PER_US,
	    .status = metric->status,
	    .stale = metric->stale,
	};

	sl_msg_batch_add_metric(arg, &value);
}

static void write_entry(struct sl_msg_batch_writer *w, const char *data, size_t len)
{
	sl_msg_batch_add_entry(w, data, len);
}

static void write_control(struct sl_msg_batch_writer *w, const char *data, size_t len)
{
	struct sl_msg_control control;

	memcpy(&control.seq, data, sizeof control.seq);
	memcpy(&control.kind.len, data + sizeof control.seq, sizeof control.kind.len);
	data += sizeof control.seq + sizeof control.kind.len;
	control.kind.data = data;
	control.body.data = data + control.kind.len;
	control.body.len =
	    len - sizeof control.seq - sizeof control.kind.len - control.kind.len;
	sl_msg_batch_add_control(w, &control);
}

static void ignore_changed(void *arg, const struct agg_metric *metric)
{
	(void)arg, (void)metric;
}

static struct sl_msg_batch_head make_head(
    const struct agg_publish *publish, bool keyframe)
{
	return (struct sl_msg_batch_head){
	    .aggregator = agg_journal_aggregator(publish->options.journal),
	    .epoch = agg_journal_epoch(publish->options.journal),
	    .flush = publish->flush,
	    .metrics_seq = publish->metrics_seq,
	    .publish_us = sl_clock_wall_ns() / SL_NS_PER_US,
	    .keyframe = keyframe,
	    .paused = publish->paused,
	};
}

static void write_all(
    struct agg_publish *publish, struct sl_msg_batch_writer *w, bool defs)
{
	if (defs)
		agg_state_each(publish->options.state, write_def, w);
	agg_state_each(publish->options.state, write_metric, w);
}

/*
 * Sends one batch.  The metrics that changed go with it if they are due; a
 * keyframe has them all, so what changed is then said.
 */
static void flush(struct agg_publish *publish, bool with_metrics, bool keyframe)
{
	struct sl_msg_batch_writer w;
	int64_t mono_ns = sl_clock_mono_ns();

	publish->flush++;
	if (with_metrics || keyframe)
		publish->metrics_seq++;
	struct sl_msg_batch_head head = make_head(publish, keyframe);
	sl_msg_batch_begin(&w, &publish->out, &head);
	if (keyframe) {
		write_all(publish, &w, true);
		agg_state_each_changed(publish->options.state, ignore_changed, NULL);
	} else {
		if (publish->defs_due)
			agg_state_each(publish->options.state, write_def, &w);
		if (with_metrics)
			agg_state_each_changed(publish->options.state, write_metric, &w);
	}
	queue_each(&publish->entries, &w, write_entry);
	queue_each(&publish->controls, &w, write_control);
	sl_msg_batch_end(&w);
	int error = sl_bus_publish(publish->bus, publish->out.data, publish->out.len);
	if (error != 0)
		sl_log_error("publish", "batch lost flush=%llu bytes=%zu error=\"%s\"",
		    (unsigned long long)publish->flush, publish->out.len,
		    sl_strerror(error));
	publish->stats.batches++;
	publish->stats.entries += publish->entries.count;
	publish->stats.keyframes += keyframe;
	publish->stats.last_wall_ns = head.publish_us * SL_NS_PER_US;
	leave(publish, head.publish_us);
	queue_reset(&publish->entries);
	queue_reset(&publish->controls);
	publish->defs_due = false;
	publish->batch_mono_ns = mono_ns;
	if (with_metrics || keyframe)
		publish->metrics_mono_ns = mono_ns;
}

/* Comes back at that time, or sooner if something else asked for it. */
static void wait_until(struct agg_publish *publish, int64_t due_ns, int64_t mono_ns)
{
	int64_t ns = due_ns - mono_ns;
	struct timeval tv = {.tv_sec = ns / SL_NS_PER_S,
	    .tv_usec = (ns % SL_NS_PER_S + SL_NS_PER_US - 1) / SL_NS_PER_US};

	if (publish->timer_mono_ns && publish->timer_mono_ns <= due_ns)
		return;
	publish->timer_mono_ns = due_ns;
	event_add(publish->timer, &tv);
}

void agg_publish_pass(struct agg_publish *publish)
{
	int64_t mono_ns = sl_clock_mono_ns();
	int64_t interval_ns = publish->options.publish_interval_ms * SL_NS_PER_MS;
	bool entries = publish->entries.count || publish->controls.count;
	bool metrics =
	    publish->options.streaming && agg_state_has_changed(publish->options.state);
	int64_t metrics_at_ns = publish->metrics_mono_ns + interval_ns;
	int64_t batch_at_ns = publish->batch_mono_ns + BATCH_GAP_NS;
	bool metrics_due = metrics && metrics_at_ns <= mono_ns;

	if (!publish->bus)
		return;
	if (metrics && !metrics_due)
		wait_until(publish, metrics_at_ns, mono_ns);
	if (!entries && !metrics_due)
		return;
	if (batch_at_ns > mono_ns)
		wait_until(publish, batch_at_ns, mono_ns);
	else
		flush(publish, metrics_due, false);
}

void agg_publish_keyframe(struct agg_publish *publish)
{
	flush(publish, true, true);
}

void agg_publish_heartbeat(struct agg_publish *publish)
{
	if (sl_clock_mono_ns() - publish->batch_mono_ns >= HEARTBEAT_NS)
		flush(publish, publish->options.streaming, false);
}

void agg_publish_state(struct agg_publish *publish,
    void (*entries)(void *arg, struct sl_msg_batch_writer *w), void *arg,
    struct sl_buf *out)
{
	struct sl_msg_batch_writer w;
	struct sl_msg_batch_head head = make_head(publish, true);

	sl_msg_batch_begin(&w, out, &head);
	write_all(publish, &w, true);
	entries(arg, &w);
	sl_msg_batch_end(&w);
}

void agg_publish_stats(const struct agg_publish *publish, struct agg_publish_stats *out)
{
	*out = publish->stats;
}
