/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the aggregator and their answers. */
#ifndef GW_ASK_H
#define GW_ASK_H

#include <stdint.h>

#include "bus.h"
#include "msg.h"

struct gw_ask;
struct gw_question;

/*
 * The answer; NULL when there was none in time (503).  It lives until the
 * function returns.  Called exactly once, from the loop, unless cancelled.
 */
typedef void gw_ask_done(void *arg, const struct sl_msg_reply *reply);

/* gw_ask_new makes the asking side over a bus client (borrowed). */
struct gw_ask *gw_ask_new(struct sl_bus_client *bus, const char *peer, int timeout_ms);

/* gw_ask_free forgets all questions that are open: done is not called. */
void gw_ask_free(struct gw_ask *ask);

void gw_ask_timeout(struct gw_ask *ask, int timeout_ms);

/*
 * gw_ask_send asks; token and body are copied and may be empty.  Returns the
 * question, or NULL when it could not be sent (done is not called then).
 */
struct gw_question *gw_ask_send(struct gw_ask *ask, enum sl_msg_request_kind kind,
    struct sl_slice token, struct sl_slice body, gw_ask_done *done, void *arg);

/*
 * gw_ask_page asks for a page of a log's entries, from a sequence on up to to
 * (included); returns as gw_ask_send does.
 */
struct gw_question *gw_ask_page(struct gw_ask *ask, enum sl_stream stream, uint64_t from,
    uint64_t to, gw_ask_done *done, void *arg);

/* gw_ask_cancel forgets a question. */
void gw_ask_cancel(struct gw_question *question);

#endif
