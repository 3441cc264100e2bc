/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of gateways and sightlinectl: who asks, may they, and the answer. */
#ifndef AGG_COMMAND_H
#define AGG_COMMAND_H

#include <stdbool.h>

#include "common/bus.h"
#include "common/catalog.h"
#include "common/jwt.h"
#include "common/msg.h"

struct agg_core;

/*
 * Each request is answered within the call, but for those that a gateway has to
 * carry out: they wait a second for it.  A token is verified here, whoever
 * forwarded it; a changing request that was answered within the last two
 * minutes, by its id and its token, gets the same answer and changes nothing.
 */
struct agg_command;

/* agg_command_new makes the dispatcher and reads the revocations in force. */
struct agg_command *agg_command_new(struct agg_core *core);
void agg_command_free(struct agg_command *command);

/* agg_command_request answers one packed request on core's bus. */
void agg_command_request(
    struct agg_command *command, struct sl_bus_route route, const void *data, size_t len);

/* agg_command_tick forgets old answers and expired revocations; about once a second. */
void agg_command_tick(struct agg_command *command, int64_t mono_ns);

/* Who asks; all but peer once verified, where the request needs a token. */
struct agg_caller {
	uint32_t peer; /* its connection to the bus */
	struct sl_jwt_claims claims;
	const struct sl_catalog_role *role;
	const struct sl_catalog *catalog;
};

/* An answer in the making; all zeroes is an empty 200. */
struct agg_answer {
	uint16_t status;
	const char *problem; /* from 400 on */
	char detail[256];
	struct sl_buf body;
	bool later; /* nothing is answered now: agg_command_done will */
};

/*
 * agg_command_done answers a request that has been waiting for it, if it still
 * does.  answer is only read.
 */
void agg_command_done(
    struct agg_command *command, struct sl_slice id, const struct agg_answer *answer);

/*
 * agg_command_absent notes that a gateway (agg_gateway.number) has not got what a
 * waiting request is about.
 */
void agg_command_absent(
    struct agg_command *command, struct sl_slice id, uint32_t gateway);

/* agg_answer_problem makes the answer a refusal. */
void agg_answer_problem(struct agg_answer *answer, uint16_t status, const char *problem,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
