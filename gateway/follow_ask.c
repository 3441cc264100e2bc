/* SPDX-License-Identifier: Apache-2.0 */
/* The whole state, and entries that are missing: asked for and taken. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "follow_state.h"
#include "log.h"

/* ---- state ----------------------------------------------------------------------- */

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
	    .def = gw_follow_def,
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
	gw_follow_flush(f);
	gw_follow_fill(f);
}

void gw_follow_ask_state(struct gw_follow *f)
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
		gw_follow_ask_state(f);
	gw_follow_flush(f);
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
		gw_follow_ask_state(f);
		return;
	}
	give_up(f, stream, head.oldest);
	gw_mirror_stand(f->hub->mirror, 0, f->flow.complete);
	error = sl_msg_page_read(
	    reply->body.data, reply->body.len, &head, gw_follow_entry, f);
	if (error)
		f->stats.malformed++;
	gw_follow_fill(f);
}

/* Asks for what is known to be missing. */
void gw_follow_fill(struct gw_follow *f)
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
