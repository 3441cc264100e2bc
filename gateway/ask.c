/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "uuid.h"

struct gw_question {
	struct gw_ask *ask;
	struct gw_question *next;
	struct gw_question *prev;
	gw_ask_done *done;
	void *arg;
	uint32_t number;
};

struct gw_ask {
	struct sl_bus_client *bus;
	struct gw_question *first;
	int timeout_ms;
	char peer[32];
};

struct gw_ask *gw_ask_new(struct sl_bus_client *bus, const char *peer, int timeout_ms)
{
	struct gw_ask *ask = calloc(1, sizeof *ask);

	if (!ask)
		abort();
	ask->bus = bus;
	ask->timeout_ms = timeout_ms;
	snprintf(ask->peer, sizeof ask->peer, "%s", peer);
	return ask;
}

static void forget(struct gw_question *q)
{
	if (q->prev)
		q->prev->next = q->next;
	else
		q->ask->first = q->next;
	if (q->next)
		q->next->prev = q->prev;
	free(q);
}

void gw_ask_free(struct gw_ask *ask)
{
	if (!ask)
		return;
	while (ask->first)
		gw_ask_cancel(ask->first);
	free(ask);
}

void gw_ask_timeout(struct gw_ask *ask, int timeout_ms)
{
	ask->timeout_ms = timeout_ms;
}

static void answered(void *arg, int error, const void *data, size_t len)
{
	struct gw_question *q = arg;
	gw_ask_done *done = q->done;
	void *done_arg = q->arg;
	struct sl_msg_reply reply;

	forget(q);
	if (!error) {
		error = sl_msg_reply_read(data, len, &reply);
		if (error)
			sl_log_warn("ask", "malformed reply bytes=%zu", len);
	}
	done(done_arg, error ? NULL : &reply);
}

struct gw_question *gw_ask_send(struct gw_ask *ask, enum sl_msg_request_kind kind,
    struct sl_slice token, struct sl_slice body, gw_ask_done *done, void *arg)
{
	uint8_t id[SL_UUID_BYTES];
	char text[SL_UUID_TEXT];
	struct sl_buf packed = {0};
	struct gw_question *q = calloc(1, sizeof *q);

	if (!q)
		abort();
	sl_uuid_make(id);
	sl_uuid_format(id, text);
	struct sl_msg_request request = {
	    .kind = kind,
	    .id = {text, SL_UUID_TEXT - 1},
	    .peer = {ask->peer, strlen(ask->peer)},
	    .token = token,
	    .body = body,
	};
	sl_msg_request_pack(&packed, &request);
	*q = (struct gw_question){.ask = ask, .done = done, .arg = arg};
	int error = sl_bus_client_request(
	    ask->bus, packed.data, packed.len, ask->timeout_ms, answered, q, &q->number);
	sl_buf_clear(&packed);
	if (error) {
		free(q);
		return NULL;
	}
	q->next = ask->first;
	if (q->next)
		q->next->prev = q;
	ask->first = q;
	return q;
}

struct gw_question *gw_ask_page(struct gw_ask *ask, enum sl_stream stream, uint64_t from,
    uint64_t to, gw_ask_done *done, void *arg)
{
	char body[96];
	struct sl_slice none = {"", 0};
	int len = snprintf(body, sizeof body,
	    "{\"stream\":%d,\"from\":%" PRIu64 ",\"to\":%" PRIu64 "}", (int)stream, from,
	    to);

	return gw_ask_send(
	    ask, SL_REQ_REPLAY, none, (struct sl_slice){body, (size_t)len}, done, arg);
}

void gw_ask_cancel(struct gw_question *question)
{
	sl_bus_client_cancel(question->ask->bus, question->number);
	forget(question);
}
