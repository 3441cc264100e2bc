/* SPDX-License-Identifier: Apache-2.0 */
#include "older.h"

#include <stdlib.h>

#include "pump.h"
#include "replay.h"

/* A log, as the argument of a question about it. */
struct log_question {
	struct gw_older *older;
	enum sl_stream stream;
	bool failed; /* it could not be sent */
};

struct gw_older {
	struct gw_hub *hub;
	struct gw_ask *ask;
	struct log_question log[SL_STREAM_COUNT];
};

static void on_page(void *arg, const struct sl_msg_reply *reply)
{
	struct log_question *q = arg;
	struct gw_replay *replay = q->older->hub->replay;

	if (!reply || reply->status != 200)
		gw_replay_failed(replay, q->stream);
	else
		gw_replay_page(replay, q->stream, reply->body.data, reply->body.len);
}

static void fetch(void *arg, enum sl_stream stream, uint64_t from, uint64_t to)
{
	struct gw_older *older = arg;
	struct log_question *q = &older->log[stream];

	/* Who asks is in the middle of composing: it is told by the next tick. */
	q->failed = !older->ask || !gw_ask_page(older->ask, stream, from, to, on_page, q);
}

static void arrived(void *arg, bool away)
{
	struct gw_older *older = arg;

	gw_pump_arrived(older->hub, away);
}

static uint64_t module_of(void *arg, const struct sl_entry *entry)
{
	struct gw_older *older = arg;

	return gw_mirror_module(older->hub->mirror, entry->module);
}

struct gw_older *gw_older_new(struct gw_hub *hub)
{
	struct gw_older *older = calloc(1, sizeof *older);

	if (!older)
		abort();
	struct gw_replay_source source = {
	    .fetch = fetch, .arrived = arrived, .module = module_of, .arg = older};
	older->hub = hub;
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		older->log[s] = (struct log_question){older, (enum sl_stream)s, false};
	hub->replay = gw_replay_new(&source);
	return older;
}

void gw_older_free(struct gw_older *older)
{
	if (!older)
		return;
	gw_replay_free(older->hub->replay);
	older->hub->replay = NULL;
	free(older);
}

void gw_older_start(struct gw_older *older, struct gw_ask *ask)
{
	older->ask = ask;
}

void gw_older_tick(struct gw_older *older)
{
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (!older->log[s].failed)
			continue;
		older->log[s].failed = false;
		gw_replay_failed(older->hub->replay, (enum sl_stream)s);
	}
}
