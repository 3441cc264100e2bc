/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes
 *
 * The asking side of a gateway (gateway/ask.h) is defined here: the linker then
 * leaves the library's out, and everything above it is the real thing.  An
 * answer is composed at one step and arrives at a later one, so it can be
 * overtaken by batches, as on the bus.
 */
#include "gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "gateway/ask.h"
#include "gateway/client.h"
#include "loop.h"

struct gw_question {
	struct gw_ask *ask;
	struct gw_question *next;
	enum sl_msg_request_kind kind;
	int stream;
	uint64_t from;
	uint64_t to;
	gw_ask_done *done;
	void *arg;
	bool composed;
	struct sl_buf body;
	uint64_t positions[SL_STREAM_COUNT];
};

struct gw_ask {
	struct gw_question *first;
};

/* ---- gateway/ask.h --------------------------------------------------------------- */

struct gw_ask *gw_ask_new(struct sl_bus_client *bus, const char *peer, int timeout_ms)
{
	(void)bus, (void)peer, (void)timeout_ms;
	return calloc(1, sizeof(struct gw_ask));
}

static void forget(struct gw_question *q)
{
	struct gw_question **at = &q->ask->first;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	sl_buf_clear(&q->body);
	free(q);
}

void gw_ask_free(struct gw_ask *ask)
{
	while (ask->first)
		forget(ask->first);
	free(ask);
}

void gw_ask_timeout(struct gw_ask *ask, int timeout_ms)
{
	(void)ask, (void)timeout_ms;
}

static struct gw_question *add(
    struct gw_ask *ask, enum sl_msg_request_kind kind, gw_ask_done *done, void *arg)
{
	struct gw_question *q = calloc(1, sizeof *q);
	struct gw_question **end = &ask->first;

	if (!q)
		abort();
	*q = (struct gw_question){.ask = ask, .kind = kind, .done = done, .arg = arg};
	while (*end)
		end = &(*end)->next;
	*end = q;
	return q;
}

struct gw_question *gw_ask_send(struct gw_ask *ask, enum sl_msg_request_kind kind,
    struct sl_slice token, struct sl_slice body, gw_ask_done *done, void *arg)
{
	(void)token, (void)body;
	return add(ask, kind, done, arg);
}

struct gw_question *gw_ask_page(struct gw_ask *ask, enum sl_stream stream, uint64_t from,
    uint64_t to, gw_ask_done *done, void *arg)
{
	struct gw_question *q = add(ask, SL_REQ_REPLAY, done, arg);

	q->stream = (int)stream;
	q->from = from;
	q->to = to;
	return q;
}

void gw_ask_cancel(struct gw_question *question)
{
	forget(question);
}

/* ---- the aggregator's side --------------------------------------------------------- */

static void compose(struct world *w, struct gw_question *q)
{
	q->composed = true;
	if (q->kind == SL_REQ_STATE)
		world_state(w, &q->body);
	else
		world_page(w, q->stream, q->from, q->to, &q->body);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		q->positions[s] = world_now(w)->log[s].next;
}

static void deliver(struct gw_question *q, bool failed)
{
	struct gw_question held = *q;
	struct sl_msg_reply reply = {.status = 200, .control_next = 1};

	/* As in the real one: the question is gone when its answer is told. */
	q->body = (struct sl_buf){0};
	forget(q);
	reply.body = (struct sl_slice){held.body.data, held.body.len};
	memcpy(reply.next, held.positions, sizeof reply.next);
	held.done(held.arg, failed ? NULL : &reply);
	sl_buf_clear(&held.body);
}

bool gate_answer(struct gate *g, bool failed)
{
	unsigned count = 0;

	for (struct gw_question *q = g->ask->first; q; q = q->next)
		count++;
	if (count == 0)
		return false;
	struct gw_question *q = g->ask->first;
	for (uint64_t skip = world_dice(g->world, count); skip > 0; skip--)
		q = q->next;
	if (!q->composed && !failed)
		compose(g->world, q);
	else
		deliver(q, failed);
	return true;
}

void gate_forget(struct gate *g)
{
	struct gw_question *next;

	for (struct gw_question *q = g->ask->first; q; q = next) {
		next = q->next;
		if (q->composed)
			q->composed = false;
	}
}

/* ---- gateways ---------------------------------------------------------------------- */

static void on_control(void *arg, const struct sl_msg_control *control)
{
	(void)arg, (void)control;
}

static void on_ready(void *arg)
{
	(void)arg;
}

void gate_start(struct gate *g, size_t window_bytes, uint32_t lag_messages)
{
	struct gw_follow_options options = {
	    .loop = g->loop,
	    .hub = &g->hub,
	    .silence_ms = INT64_C(1) << 40,
	    .tick_ms = INT64_C(1) << 40,
	    .control = on_control,
	    .ready = on_ready,
	};

	gw_hub_init(&g->hub, g->loop, g->catalog, window_bytes);
	g->hub.limits = (struct gw_hub_limits){
	    .lag_messages = lag_messages, .pending_bytes_max = 1u << 20};
	g->hub.answer = client_answer;
	g->conns = sl_conn_set_new(g->loop);
	g->users = gw_users_new();
	g->follow = gw_follow_new(&options);
	g->ask = gw_ask_new(NULL, "", 0);
	gw_follow_start(g->follow, g->ask);
	g->up = true;
}

void gate_kill(struct gate *g)
{
	g->up = false;
	sl_conn_set_free(g->conns);
	/* What is left are polls, which have no connection. */
	while (g->hub.client_first)
		client_lost(g->hub.client_first);
	gw_ask_free(g->ask);
	gw_follow_free(g->follow);
	gw_users_free(g->users);
	gw_hub_clear(&g->hub);
	for (; g->taken != g->queued; g->taken++)
		sl_buf_clear(&g->batch[g->taken % GATE_QUEUED]);
}

void gate_send(struct gate *g, const struct sl_buf *batch)
{
	if (!g->up || g->queued - g->taken == GATE_QUEUED)
		return;
	struct sl_buf *slot = &g->batch[g->queued++ % GATE_QUEUED];
	sl_buf_reset(slot);
	sl_buf_add(slot, batch->data, batch->len);
}

bool gate_take(struct gate *g)
{
	if (g->taken == g->queued)
		return false;
	struct sl_buf *slot = &g->batch[g->taken++ % GATE_QUEUED];
	gw_follow_batch(g->follow, slot->data, slot->len);
	sl_buf_clear(slot);
	return true;
}
