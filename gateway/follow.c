/* SPDX-License-Identifier: Apache-2.0 */
#include "follow.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "fanout.h"
#include "follow_state.h"
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

static uint64_t module_of(void *arg, const struct sl_entry *entry)
{
	struct gw_follow *f = arg;

	return gw_mirror_module(f->hub->mirror, entry->module);
}

void gw_follow_flush(struct gw_follow *f)
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
	gw_follow_flush(f);
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

int gw_follow_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
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

int gw_follow_def(void *arg, const struct sl_msg_metric_def *def)
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
	    .def = gw_follow_def,
	    .metric = batch_metric,
	    .entry = gw_follow_entry,
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
		gw_follow_ask_state(f);
	gw_follow_fill(f);
	if (f->verdict == SL_FLOW_APART)
		return;
	f->heard_ns = sl_clock_mono_ns();
	if (gw_mirror_silent(f->hub->mirror)) {
		sl_log_info("follow", "the bus speaks again");
		gw_mirror_silence(f->hub->mirror, false);
		gw_follow_flush(f);
	}
}

void gw_follow_tick(struct gw_follow *f)
{
	int64_t silence_ns = sl_clock_mono_ns() - f->heard_ns;

	if (f->state_due)
		gw_follow_ask_state(f);
	gw_follow_fill(f);
	gw_older_tick(f->older);
	if (f->ready && !gw_mirror_silent(f->hub->mirror) &&
	    silence_ns > f->options.silence_ms * SL_NS_PER_MS) {
		sl_log_warn("follow", "the bus is silent: all metrics are stale");
		gw_mirror_silence(f->hub->mirror, true);
		gw_follow_flush(f);
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
	gw_follow_ask_state(f);
}

void gw_follow_link(struct gw_follow *f, bool up)
{
	/* What was open may have been answered to nobody. */
	if (up && !f->ready)
		gw_follow_ask_state(f);
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
