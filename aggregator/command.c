/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "connection.h"
#include "core.h"
#include "handler.h"
#include "later.h"
#include "own_event.h"
#include "revoked.h"
#include "ticket.h"
#include "trail.h"

#define ANSWERS_MAX 1024
#define ANSWER_NS   (120 * SL_NS_PER_S)
/* Looked at about once a second; gateways give up after two. */
#define LATER_NS (SL_NS_PER_S / 2)

/* The answer that a changing request got, and with which token it came. */
struct remembered {
	char id[SL_MSG_REQUEST_ID + 1];
	uint8_t token_hash[SL_JWT_HASH];
	enum sl_msg_request_kind kind;
	int64_t mono_ns;
	char *packed;
	size_t len;
};

struct agg_command {
	struct agg_core *core;
	struct agg_revoked *revoked;
	struct remembered answer[ANSWERS_MAX]; /* a ring: next overwrites the oldest */
	size_t next;
	struct agg_later later;
	struct sl_buf reply;
	int64_t tick_mono_ns;
	bool looked; /* agg_command_tick was called */
};

/* What each request needs and who does it. */
struct row {
	enum sl_msg_request_kind kind;
	bool changes;       /* remembered by its id */
	bool whole_process; /* tenant default only */
	uint32_t right;     /* of the role; 0: none */
	void (*handle)(struct agg_core *core, const struct agg_caller *caller,
	    const struct sl_msg_request *request, struct agg_answer *answer);
};

static const struct row rows[] = {
    {SL_REQ_STATE, false, false, 0, agg_handler_state},
    {SL_REQ_REPLAY, false, false, 0, agg_handler_replay},
    {SL_REQ_ACKNOWLEDGE, true, false, SL_RIGHT_ACKNOWLEDGE, agg_handler_acknowledge},
    {SL_REQ_FORCE_AGGREGATION, true, true, SL_RIGHT_FORCE_AGGREGATION,
	agg_handler_force_aggregation},
    {SL_REQ_START_AGGREGATOR, true, true, SL_RIGHT_CONTROL, agg_handler_start},
    {SL_REQ_STOP_AGGREGATOR, true, true, SL_RIGHT_CONTROL, agg_handler_stop},
    {SL_REQ_STATUS, false, true, SL_RIGHT_STATUS, agg_handler_status},
    {SL_REQ_ALERTS, false, false, 0, agg_handler_alerts},
    {SL_REQ_SIGN_OUT, true, false, 0, agg_revoked_sign_out},
    {SL_REQ_METRICS, false, false, 0, agg_handler_metrics},
    {SL_REQ_REVOKE, true, true, SL_RIGHT_CONTROL, agg_revoked_revoke},
    {SL_REQ_TICKET, false, false, 0, agg_ticket_keep},
    {SL_REQ_TICKET_SPEND, false, false, 0, agg_ticket_spend},
    {SL_REQ_CONNECTION, false, false, 0, agg_connection_ask},
    {SL_REQ_CONNECTION_DONE, false, false, 0, agg_connection_done},
    {SL_REQ_CENSUS, false, false, 0, agg_census_ask},
    {SL_REQ_CENSUS_DONE, false, false, 0, agg_census_done},
    {SL_REQ_TRAILS, false, false, 0, agg_trail_report},
    {SL_REQ_TRAIL, false, false, 0, agg_trail_find},
    {SL_REQ_PLACES, false, false, 0, agg_handler_places},
};

static const bool needs_token[] = {
#define X(id, value, text, token) [value] = token,
    SL_MSG_REQUEST_TABLE(X)
#undef X
};

void agg_answer_problem(
    struct agg_answer *answer, uint16_t status, const char *problem, const char *fmt, ...)
{
	va_list ap;

	answer->status = status;
	answer->problem = problem;
	va_start(ap, fmt);
	vsnprintf(answer->detail, sizeof answer->detail, fmt, ap);
	va_end(ap);
}

struct agg_command *agg_command_new(struct agg_core *core)
{
	struct agg_command *command = calloc(1, sizeof *command);

	if (!command)
		abort();
	command->core = core;
	command->revoked = agg_revoked_new(core->journal);
	core->tickets = agg_tickets_new();
	core->trails = agg_trails_new();
	return command;
}

void agg_command_free(struct agg_command *command)
{
	if (!command)
		return;
	for (size_t i = 0; i < ANSWERS_MAX; i++)
		free(command->answer[i].packed);
	agg_revoked_free(command->revoked);
	agg_tickets_free(command->core->tickets);
	agg_trails_free(command->core->trails);
	command->core->tickets = NULL;
	sl_buf_clear(&command->reply);
	free(command);
}

static void pack(
    struct agg_command *command, struct sl_slice id, const struct agg_answer *answer)
{
	struct agg_journal *journal = command->core->journal;
	struct sl_msg_reply reply = {
	    .id = id,
	    .status = answer->status ? answer->status : 200,
	    .problem = sl_slice_text(answer->problem),
	    .detail = sl_slice_text(answer->detail),
	    .control_next = agg_journal_control_next(journal),
	    .body = {.data = answer->body.data ? answer->body.data : "",
		.len = answer->body.len},
	};

	for (int i = 0; i < SL_STREAM_COUNT; i++)
		reply.next[i] = agg_journal_next(journal, (enum sl_stream)i);
	sl_buf_reset(&command->reply);
	sl_msg_reply_pack(&command->reply, &reply);
}

static void send_answer(struct agg_command *command, struct sl_bus_route route,
    struct sl_slice id, const struct agg_answer *answer)
{
	pack(command, id, answer);
	int error = sl_bus_reply(
	    command->core->bus, route, command->reply.data, command->reply.len);
	if (error != 0)
		sl_log_warn("command", "reply lost reason=\"%s\"", sl_strerror(error));
}

/* Whether every gateway has said that it has not got what a request is about. */
static bool nobody_has_it(
    const struct agg_gateways *gateways, const struct agg_later_request *request)
{
	for (size_t i = 0; i < gateways->count; i++)
		if (!agg_later_is_absent(request, gateways->gateway[i].number))
			return false;
	return gateways->count > 0;
}

static void not_done(void *arg, const struct agg_later_request *request)
{
	struct agg_command *command = arg;
	struct agg_answer answer = {0};

	if (nobody_has_it(&command->core->gateways, request))
		agg_answer_problem(
		    &answer, 404, "not-found", "no live connection of yours has this id");
	else
		agg_answer_problem(&answer, 503, "unavailable",
		    "not every gateway has said whether it has this connection");
	send_answer(command, request->route, sl_slice_text(request->id), &answer);
}

void agg_command_absent(struct agg_command *command, struct sl_slice id, uint32_t gateway)
{
	agg_later_absent(&command->later, id, gateway);
}

void agg_command_done(
    struct agg_command *command, struct sl_slice id, const struct agg_answer *answer)
{
	struct sl_bus_route route;

	if (agg_later_take(&command->later, id, &route))
		send_answer(command, route, id, answer);
}

void agg_command_tick(struct agg_command *command, int64_t mono_ns)
{
	agg_tickets_tick(command->core->tickets, mono_ns);
	agg_trails_tick(command->core->trails, mono_ns);
	/* Before the second look a gateway may not have reported that it is there. */
	if (command->looked)
		agg_later_expire(&command->later, mono_ns, LATER_NS, not_done, command);
	command->looked = true;
	if (mono_ns - command->tick_mono_ns < 60 * SL_NS_PER_S)
		return;
	command->tick_mono_ns = mono_ns;
	agg_revoked_sweep(command->revoked);
	for (size_t i = 0; i < ANSWERS_MAX; i++)
		if (command->answer[i].packed &&
		    mono_ns - command->answer[i].mono_ns > ANSWER_NS) {
			free(command->answer[i].packed);
			command->answer[i] = (struct remembered){0};
		}
}

/* ---- who asks ---------------------------------------------------------------------- */

static bool authenticate(struct agg_command *command,
    const struct sl_msg_request *request, struct agg_caller *caller,
    struct agg_answer *answer)
{
	const struct sl_keyring *ring = &command->core->keyring;
	const struct sl_catalog *catalog = command->core->process->catalog;
	enum sl_jwt_result result = sl_jwt_verify(request->token.data, request->token.len,
	    &ring->keys, &ring->rules, sl_clock_wall_ns(), &caller->claims);

	if (result != SL_JWT_OK) {
		agg_answer_problem(
		    answer, 401, "invalid-token", "%s", sl_jwt_result_text(result));
		return false;
	}
	if (agg_revoked_has(command->revoked, &caller->claims, request->token)) {
		agg_answer_problem(answer, 401, "invalid-token", "revoked");
		return false;
	}
	caller->catalog = catalog;
	caller->role =
	    sl_catalog_role(catalog, caller->claims.role, strlen(caller->claims.role));
	if (!caller->role) {
		agg_answer_problem(answer, 403, "forbidden",
		    "the catalog has no role \"%s\"", caller->claims.role);
		return false;
	}
	return true;
}

static bool authorize(
    const struct row *row, const struct agg_caller *caller, struct agg_answer *answer)
{
	if (row->right && !(caller->role->may & row->right)) {
		agg_answer_problem(answer, 403, "forbidden", "role %s may not %s",
		    caller->role->name, sl_msg_request_name(row->kind));
		return false;
	}
	if (row->whole_process && strcmp(caller->claims.tenant, "default") != 0) {
		agg_answer_problem(answer, 403, "forbidden",
		    "%s concerns the whole process: only tenant default may",
		    sl_msg_request_name(row->kind));
		return false;
	}
	return true;
}

/* ---- answers ----------------------------------------------------------------------- */

static const struct remembered *recall(
    const struct agg_command *command, const struct sl_msg_request *request)
{
	uint8_t hash[SL_JWT_HASH];

	sl_jwt_hash(request->token.data, request->token.len, hash);
	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		const struct remembered *old = &command->answer[i];
		if (old->packed && old->kind == request->kind &&
		    strlen(old->id) == request->id.len &&
		    memcmp(old->id, request->id.data, request->id.len) == 0 &&
		    memcmp(old->token_hash, hash, sizeof hash) == 0)
			return old;
	}
	return NULL;
}

static void remember(struct agg_command *command, const struct sl_msg_request *request)
{
	struct remembered *slot = &command->answer[command->next++ % ANSWERS_MAX];

	free(slot->packed);
	*slot = (struct remembered){
	    .kind = request->kind,
	    .mono_ns = sl_clock_mono_ns(),
	    .packed = malloc(command->reply.len),
	    .len = command->reply.len,
	};
	if (!slot->packed)
		abort();
	memcpy(slot->packed, command->reply.data, command->reply.len);
	memcpy(slot->id, request->id.data, request->id.len);
	sl_jwt_hash(request->token.data, request->token.len, slot->token_hash);
}

static void answer_request(struct agg_command *command, const struct row *row,
    struct sl_bus_route route, const struct sl_msg_request *request)
{
	struct agg_answer answer = {0};
	struct agg_caller caller = {.peer = route.pipe};
	bool allowed = !needs_token[row->kind] ||
		       (authenticate(command, request, &caller, &answer) &&
			   authorize(row, &caller, &answer));

	if (allowed)
		row->handle(command->core, &caller, request, &answer);
	if (answer.later &&
	    agg_later_add(&command->later, request->id, route, sl_clock_mono_ns()) < 0) {
		answer.later = false;
		agg_answer_problem(
		    &answer, 503, "unavailable", "too many requests wait for gateways");
	}
	if (!answer.later)
		send_answer(command, route, request->id, &answer);
	if (row->changes && allowed && answer.status < 500 && request->id.len > 0)
		remember(command, request);
	if (row->changes)
		sl_log_info("command", "%s sub=\"%s\" role=%s peer=\"%.*s\" status=%u",
		    sl_msg_request_name(row->kind), caller.claims.sub,
		    caller.role ? caller.role->name : "-", (int)request->peer.len,
		    request->peer.data, answer.status ? answer.status : 200);
	if (row->changes && caller.role &&
	    command->core->process->config->aggregator.own_figures)
		agg_own_event_audit(&command->core->ingest, &caller, request, &answer);
	sl_buf_clear(&answer.body);
}

static const struct row *row_of(enum sl_msg_request_kind kind)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].kind == kind)
			return &rows[i];
	return NULL;
}

void agg_command_request(
    struct agg_command *command, struct sl_bus_route route, const void *data, size_t len)
{
	struct sl_msg_request request;
	int error = sl_msg_request_read(data, len, &request);
	const struct row *row = error == 0 ? row_of(request.kind) : NULL;
	const struct remembered *old;

	if (!row) {
		sl_log_warn("command", "request dropped bytes=%zu reason=\"%s\"", len,
		    error ? sl_strerror(error) : "unknown kind");
		return;
	}
	old = row->changes ? recall(command, &request) : NULL;
	if (old) {
		sl_bus_reply(command->core->bus, route, old->packed, old->len);
		return;
	}
	answer_request(command, row, route, &request);
}
