/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways of the property test: the real objects, with a bus that the test moves. */
#ifndef PROPERTY_GATE_H
#define PROPERTY_GATE_H

#include <stdbool.h>

#include "conn.h"
#include "gateway/follow.h"
#include "gateway/hub.h"
#include "gateway/user.h"
#include "world.h"

#define GATES       3
#define GATE_QUEUED 512 /* batches under way to one gateway */

struct gate {
	struct world *world;
	struct event_base *loop;
	const struct sl_catalog *catalog;
	bool up;
	struct gw_hub hub;
	struct gw_follow *follow;
	struct gw_ask *ask;
	struct gw_users *users;
	struct sl_conn_set *conns;
	struct sl_buf batch[GATE_QUEUED]; /* [taken, queued), modulo */
	unsigned taken;
	unsigned queued;
};

/* gate_start begins a gateway; it asks the state at once.  gate_kill is kill -9. */
void gate_start(struct gate *g, size_t window_bytes, uint32_t lag_messages);
void gate_kill(struct gate *g);

/* gate_send puts a batch on the way; a queue that is full loses it, as nng does. */
void gate_send(struct gate *g, const struct sl_buf *batch);

/* gate_take hands the oldest batch under way to the gateway; false if there is none. */
bool gate_take(struct gate *g);

/*
 * gate_answer moves one question: the aggregator composes its answer, or the
 * composed answer arrives; failed: it never does.  False if none is open.
 */
bool gate_answer(struct gate *g, bool failed);

/* gate_forget loses the answers that are under way (the aggregator has died). */
void gate_forget(struct gate *g);

#endif
