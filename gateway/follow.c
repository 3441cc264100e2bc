/* SPDX-License-Identifier: Apache-2.0 */
#include "follow.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "fanout.h"
#include "flow.h"
#include "hops.h"
#include "log.h"
#include "loop.h"
#include "older.h"

/*
 * Design notes
 *
 * What arrives is judged by sl_flow; this file does what the verdicts say.
 * Entries reach the window in the order of their logs and without holes: a
 * hole is filled by replay pages before anything behind it is taken.  One
 * question of each kind is open at most, and the timer asks again what failed.
 * Clients are not told at once but by a flush in the loop's next turn, so that
 * all batches that wait on the bus make one write per client.
 */
#define GW_FOLLOW_TICK_MS 100

/* A log, as the argument of a question about it. */
struct log_question {
	struct gw_follow *follow;
	enum sl_stream stream;
};

struct gw_follow {
	struct gw_follow_options options;
	struct log_question log[SL_STREAM_COUNT];
	struct gw_hub *hub;
	struct gw_ask *ask;
	struct sl_flow flow;
	struct event *tick;
	struct event *flush;
	bool flush_due;
	bool ready;
	bool paused;
	bool state_open; /* a question is under way */
	bool state_due;  /* ask as soon as none is */
	bool replay_open[SL_STREAM_COUNT];
	struct gw_older *older;
	int64_t heard_ns; /* last batch */
	int64_t read_us;  /* wall clock, of the batch that is being read; 0: none is */
	struct gw_follow_stats stats;
	enum sl_flow_batch verdict; /* of the batch that is being read */
	bool anew;
	bool old_metrics; /* of the state that is being read */
	bool old_alerts;
	uint64_t next[SL_STREAM_COUNT];
	uint64_t control_next;
	uint64_t aggregator;
	uint64_t epoch;
};

static uint64_t module_of(void *arg, const struct sl_entry *entry)
{
	struct gw_follow *f = arg;

	return gw_mirror_module(f->hub->mirror, entry->module);
}

static void flush_soon(struct gw_follow *f)
{
	struct timeval now = {0};

	if (f->flush_due)
		return;
	f->flush_due = true;
	event_add(f->flush, &now);
}

/* The same for what a batch has brought, whose clients' latency counts from then. */
static void flush_batch(struct gw_follow *f)
{
	if (f->read_us != 0 && f->hub->fresh_us == 0)
		f->hub->fresh_us = f->stats.publish_us;
	flush_soon(f);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct gw_follow *f = arg;

	(void)fd;
	(void)what;
	f->flush_due = false;
	gw_fanout_flush(f->hub);
}

/* ---- entries --------------------------------------------------------------------- */

static int take_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	struct gw_follow *f = arg;

	if (sl_flow_entry(&f->flow, (int)entry->stream, entry->seq) != SL_FLOW_NEXT)
		return SL_OK;
	int error = gw_window_add(f->hub->window, packed.data, packed.len, module_of, f);
	if (error) {
		sl_log_error("follow",
		    "entry not taken log=%s seq=%" PRIu64 " error=\"%s\"",
		    sl_stream_name((int)entry->stream), entry->seq, sl_strerror(error));
		return error;
	}
	if (entry->stream == SL_STREAM_ALERTS)
		gw_mirror_alert(f->hub->mirror, entry);
	if (f->read_us != 0 && f->hub->hops)
		sl_stat_record(
		    f->hub->hops->bus, (f->read_us - f->stats.publish_us) * SL_NS_PER_US);
	flush_batch(f);
	return SL_OK;
}

static int take_def(void *arg, const struct sl_msg_metric_def *def)
{
	struct gw_follow *f = arg;

	gw_mirror_def(f->hub->mirror, def);
	return SL_OK;
}

static int take_control(void *arg, const struct sl_msg_control *control)
{
	struct gw_follow *f = arg;

	if (sl_flow_entry(&f->flow, SL_FLOW_CONTROL, control->seq) == SL_FLOW_NEXT)
		f->options.control(f->options.arg, control);
	return SL_OK;
}

/* ---- state ----------------------------------------------------------------------- */

static void ask_state(struct gw_follow *f);
static void fill(struct gw_follow *f);

static int state_head(void *arg, const struct sl_msg_batch_head *head)
{
	struct gw_follow *f = arg;

	f->anew = sl_flow_join(&f->flow, head, f->next, f->control_next);
	f->aggregator = head->aggregator;
	f->epoch = head->epoch;
	f->paused = head->paused;
	/* What the stream has brought since the state was made is newer. */
	f->old_metrics = !f->anew && f->flow.flush > head->flush;
	f->old_alerts =
	    !f->anew && f->flow.next[SL_STREAM_ALERTS] > f->next[SL_STREAM_ALERTS];
	gw_mirror_stand(f->hub->mirror, head->publish_us, f->flow.complete);
	if (!f->old_alerts)
		gw_mirror_begin(f->hub->mirror, f->anew);
	return SL_OK;
}

static int state_metric(void *arg, const struct sl_msg_metric *metric)
{
	struct gw_follow *f = arg;

	if (!f->old_metrics)
		gw_mirror_metric(f->hub->mirror, metric);
	return SL_OK;
}

static int state_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	struct gw_follow *f = arg;

	(void)packed;
	if (!f->old_alerts)
		gw_mirror_alert(f->hub->mirror, entry);
	return SL_OK;
}

static int state_control(void *arg, const struct sl_msg_control *control)
{
	struct gw_follow *f = arg;

	f->options.control(f->options.arg, control);
	return SL_OK;
}

static void on_state(void *arg, const struct sl_msg_reply *reply)
{
	static const struct sl_msg_batch_sink sink = {
	    .head = state_head,
	    .def = take_def,
	    .metric = state_metric,
	    .entry = state_entry,
	    .control = state_control,
	};
	struct gw_follow *f = arg;

	f->state_open = false;
	if (!reply || reply->status != 200) {
		f->state_due = true;
		return;
	}
	memcpy(f->next, reply->next, sizeof f->next);
	f->control_next = reply->control_next;
	int error = sl_msg_batch_read(reply->body.data, reply->body.len, &sink, f);
	if (error) {
		f->stats.malformed++;
		f->state_due = true;
		sl_log_error(
		    "follow", "state not taken error=\"%s\"", sl_strerror(error));
		return;
	}
	if (!f->old_alerts)
		gw_mirror_end(f->hub->mirror);
	f->heard_ns = sl_clock_mono_ns();
	gw_mirror_silence(f->hub->mirror, false);
	if (f->anew) {
		sl_log_info("follow",
		    "joined aggregator=%016" PRIx64 " epoch=%016" PRIx64, f->aggregator,
		    f->epoch);
		gw_hub_join(f->hub, f->aggregator, f->epoch, f->next);
	}
	if (!f->ready) {
		f->ready = true;
		f->options.ready(f->options.arg);
	}
	flush_soon(f);
	fill(f);
}

static void ask_state(struct gw_follow *f)
{
	struct sl_slice none = {"", 0};

	f->state_due = true;
	if (f->state_open || !f->ask)
		return;
	if (!gw_ask_send(f->ask, SL_REQ_STATE, none, none, on_state, f))
		return;
	f->state_open = true;
	f->state_due = false;
	if (f->ready)
		f->stats.states++;
}

/* ---- missing entries --------------------------------------------------------------- */

static void give_up(struct gw_follow *f, enum sl_stream stream, uint64_t oldest)
{
	uint64_t lost = sl_flow_skip(&f->flow, (int)stream, oldest);

	if (lost == 0)
		return;
	f->stats.lost += lost;
	sl_log_warn("follow", "entries are kept no more log=%s count=%" PRIu64,
	    sl_stream_name((int)stream), lost);
	gw_window_restart(f->hub->window, stream, oldest);
	if (stream == SL_STREAM_ALERTS)
		ask_state(f);
	flush_soon(f);
}

static void on_page(void *arg, const struct sl_msg_reply *reply)
{
	const struct log_question *q = arg;
	struct gw_follow *f = q->follow;
	enum sl_stream stream = q->stream;
	struct sl_msg_page_head head = {0};

	f->replay_open[stream] = false;
	if (!reply || reply->status != 200)
		return;
	int error =
	    sl_msg_page_read(reply->body.data, reply->body.len, &head, NULL, NULL);
	if (error || head.epoch != f->flow.epoch || head.stream != stream) {
		ask_state(f);
		return;
	}
	give_up(f, stream, head.oldest);
	gw_mirror_stand(f->hub->mirror, 0, f->flow.complete);
	error = sl_msg_page_read(reply->body.data, reply->body.len, &head, take_entry, f);
	if (error)
		f->stats.malformed++;
	fill(f);
}

/* Asks for what is known to be missing. */
static void fill(struct gw_follow *f)
{
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		uint64_t from;
		uint64_t to;
		if (f->replay_open[s] || !sl_flow_missing(&f->flow, s, &from, &to))
			continue;
		f->stats.replays++;
		f->replay_open[s] = f->ask && gw_ask_page(f->ask, (enum sl_stream)s, from,
						  to, on_page, &f->log[s]);
	}
}

/* ---- batches ------------------------------------------------------------------------
 */

static int batch_head(void *arg, const struct sl_msg_batch_head *head)
{
	struct gw_follow *f = arg;

	f->verdict = sl_flow_head(&f->flow, head);
	f->read_us = sl_clock_wall_ns() / SL_NS_PER_US;
	gw_window_read_at(f->hub->window, f->read_us);
	f->stats.publish_us = head->publish_us;
	if (f->verdict == SL_FLOW_APART)
		return SL_EAGAIN;
	f->paused = head->paused;
	if (f->verdict != SL_FLOW_OLD)
		gw_mirror_stand(f->hub->mirror, head->publish_us, f->flow.complete);
	return SL_OK;
}

static int batch_metric(void *arg, const struct sl_msg_metric *metric)
{
	struct gw_follow *f = arg;

	if (f->verdict == SL_FLOW_OLD)
		return SL_OK;
	gw_mirror_metric(f->hub->mirror, metric);
	flush_batch(f);
	return SL_OK;
}

void gw_follow_batch(struct gw_follow *f, const void *data, size_t len)
{
	static const struct sl_msg_batch_sink sink = {
	    .head = batch_head,
	    .def = take_def,
	    .metric = batch_metric,
	    .entry = take_entry,
	    .control = take_control,
	};

	f->stats.batches++;
	f->stats.bytes += len;
	int error = sl_msg_batch_read(data, len, &sink, f);
	f->read_us = 0;
	gw_window_read_at(f->hub->window, 0);
	if (error && error != SL_EAGAIN) {
		f->stats.malformed++;
		sl_log_warn("follow", "batch not taken bytes=%zu error=\"%s\"", len,
		    sl_strerror(error));
		return;
	}
	uint64_t from;
	uint64_t to;
	if (f->verdict == SL_FLOW_APART || f->verdict == SL_FLOW_LOST ||
	    sl_flow_missing(&f->flow, SL_FLOW_CONTROL, &from, &to))
		ask_state(f);
	fill(f);
	if (f->verdict == SL_FLOW_APART)
		return;
	f->heard_ns = sl_clock_mono_ns();
	if (gw_mirror_silent(f->hub->mirror)) {
		sl_log_info("follow", "the bus speaks again");
		gw_mirror_silence(f->hub->mirror, false);
		flush_soon(f);
	}
}

void gw_follow_tick(struct gw_follow *f)
{
	int64_t silence_ns = sl_clock_mono_ns() - f->heard_ns;

	if (f->state_due)
		ask_state(f);
	fill(f);
	gw_older_tick(f->older);
	if (f->ready && !gw_mirror_silent(f->hub->mirror) &&
	    silence_ns > f->options.silence_ms * SL_NS_PER_MS) {
		sl_log_warn("follow", "the bus is silent: all metrics are stale");
		gw_mirror_silence(f->hub->mirror, true);
		flush_soon(f);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	gw_follow_tick(arg);
}

/* ---- life ---------------------------------------------------------------------------
 */

struct gw_follow *gw_follow_new(const struct gw_follow_options *options)
{
	struct gw_follow *f = calloc(1, sizeof *f);

	if (!f)
		abort();
	f->options = *options;
	if (f->options.tick_ms == 0)
		f->options.tick_ms = GW_FOLLOW_TICK_MS;
	f->hub = options->hub;
	sl_flow_init(&f->flow);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		f->log[s] = (struct log_question){f, (enum sl_stream)s};
	f->older = gw_older_new(f->hub);
	f->flush = evtimer_new(options->loop, on_flush, f);
	f->tick = event_new(options->loop, -1, EV_PERSIST, on_tick, f);
	if (!f->flush || !f->tick)
		abort();
	return f;
}

void gw_follow_free(struct gw_follow *f)
{
	if (!f)
		return;
	event_free(f->tick);
	event_free(f->flush);
	gw_older_free(f->older);
	free(f);
}

void gw_follow_start(struct gw_follow *f, struct gw_ask *ask)
{
	struct timeval tick = sl_loop_ms(f->options.tick_ms);

	f->ask = ask;
	gw_older_start(f->older, ask);
	event_add(f->tick, &tick);
	ask_state(f);
}

void gw_follow_link(struct gw_follow *f, bool up)
{
	/* What was open may have been answered to nobody. */
	if (up && !f->ready)
		ask_state(f);
}

void gw_follow_silence(struct gw_follow *f, int64_t silence_ms)
{
	f->options.silence_ms = silence_ms;
}

bool gw_follow_ready(const struct gw_follow *f)
{
	return f->ready;
}

bool gw_follow_silent(const struct gw_follow *f)
{
	return gw_mirror_silent(f->hub->mirror);
}

bool gw_follow_paused(const struct gw_follow *f)
{
	return f->paused;
}

const struct gw_follow_stats *gw_follow_stats(const struct gw_follow *f)
{
	return &f->stats;
}
