/* SPDX-License-Identifier: Apache-2.0 */
#include "ticket.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "core.h"
#include "index.h"

#define NAME_MIN 32
#define NAME_MAX 64

/* Whose tickets are counted together. */
struct owner {
	uint32_t count;
	size_t len;
	char key[]; /* tenant, 0x1f, sub */
};

struct ticket {
	struct ticket *next; /* the next younger one */
	struct owner *owner;
	int64_t end_mono_ns;
	char spent_by[SL_MSG_REQUEST_ID + 1]; /* "": not yet */
	char name[NAME_MAX + 1];
	size_t len;
	char token[];
};

struct agg_tickets {
	struct agg_index by_name;
	struct agg_index owners;
	struct ticket *oldest, *newest;
	size_t bytes;
};

struct agg_tickets *agg_tickets_new(void)
{
	struct agg_tickets *tickets = calloc(1, sizeof *tickets);

	if (!tickets)
		abort();
	return tickets;
}

static void drop_oldest(struct agg_tickets *tickets)
{
	struct ticket *ticket = tickets->oldest;
	struct owner *owner = ticket->owner;

	tickets->oldest = ticket->next;
	if (!tickets->oldest)
		tickets->newest = NULL;
	tickets->bytes -= ticket->len;
	agg_index_remove(&tickets->by_name, ticket->name, strlen(ticket->name));
	if (--owner->count == 0) {
		agg_index_remove(&tickets->owners, owner->key, owner->len);
		free(owner);
	}
	sl_crypto_wipe(ticket->token, ticket->len);
	free(ticket);
}

void agg_tickets_free(struct agg_tickets *tickets)
{
	if (!tickets)
		return;
	while (tickets->oldest)
		drop_oldest(tickets);
	agg_index_clear(&tickets->by_name);
	agg_index_clear(&tickets->owners);
	free(tickets);
}

void agg_tickets_tick(struct agg_tickets *tickets, int64_t mono_ns)
{
	while (tickets->oldest && tickets->oldest->end_mono_ns <= mono_ns)
		drop_oldest(tickets);
}

static struct owner *owner_of(
    struct agg_tickets *tickets, const struct sl_jwt_claims *claims)
{
	char key[2 * SL_JWT_NAME_MAX + 2];
	size_t len =
	    (size_t)snprintf(key, sizeof key, "%s\x1f%s", claims->tenant, claims->sub);
	struct owner *owner = agg_index_find(&tickets->owners, key, len);

	if (owner)
		return owner;
	owner = malloc(sizeof *owner + len);
	if (!owner)
		abort();
	*owner = (struct owner){.len = len};
	memcpy(owner->key, key, len);
	agg_index_put(&tickets->owners, owner->key, len, owner);
	return owner;
}

static void add(struct agg_tickets *tickets, struct owner *owner, struct sl_slice name,
    struct sl_slice token)
{
	struct ticket *ticket = malloc(sizeof *ticket + token.len);

	if (!ticket)
		abort();
	*ticket = (struct ticket){
	    .owner = owner,
	    .end_mono_ns = sl_clock_mono_ns() + AGG_TICKET_S * SL_NS_PER_S,
	    .len = token.len,
	};
	memcpy(ticket->name, name.data, name.len);
	memcpy(ticket->token, token.data, token.len);
	if (tickets->newest)
		tickets->newest->next = ticket;
	else
		tickets->oldest = ticket;
	tickets->newest = ticket;
	tickets->bytes += token.len;
	owner->count++;
	agg_index_put(&tickets->by_name, ticket->name, name.len, ticket);
}

/* The name in the body; false with a 400 answered. */
static bool read_name(
    const json_t *body, struct sl_slice *name, struct agg_answer *answer)
{
	if (sl_json_in_string(body, "ticket", name) && name->len >= NAME_MIN &&
	    name->len <= NAME_MAX)
		return true;
	agg_answer_problem(answer, 404, "not-found", "there is no such ticket");
	return false;
}

static void write_ticket(
    struct sl_buf *out, struct sl_slice name, const struct sl_jwt_claims *claims)
{
	int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S;
	int64_t left_s = claims->exp_s - now_s;
	char end[SL_CLOCK_TEXT];
	struct sl_json_out w;

	if (left_s > AGG_TICKET_S)
		left_s = AGG_TICKET_S;
	sl_clock_format((now_s + left_s) * SL_NS_PER_S, end);
	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "ticket");
	sl_json_out_string(&w, name.data, name.len);
	sl_json_out_key(&w, "expiresIn");
	sl_json_out_int(&w, left_s);
	sl_json_out_key(&w, "expiresAt");
	sl_json_out_text(&w, end);
	sl_json_out_object_end(&w);
}

static void keep(struct agg_tickets *tickets, struct sl_slice name,
    const struct agg_caller *caller, struct sl_slice token, struct agg_answer *answer)
{
	const struct ticket *old = agg_index_find(&tickets->by_name, name.data, name.len);
	bool again = old && old->len == token.len &&
		     memcmp(old->token, token.data, token.len) == 0;

	if (old && !again) {
		agg_answer_problem(
		    answer, 409, "bad-request", "the ticket's name is taken");
		return;
	}
	if (!again) {
		struct owner *owner = owner_of(tickets, &caller->claims);
		if (owner->count >= AGG_TICKET_USER_MAX ||
		    tickets->bytes + token.len > AGG_TICKET_BYTES_MAX) {
			agg_answer_problem(answer, 429, "too-many-requests",
			    "too many tickets wait to be used");
			if (owner->count == 0) {
				agg_index_remove(
				    &tickets->owners, owner->key, owner->len);
				free(owner);
			}
			return;
		}
		add(tickets, owner, name, token);
	}
	write_ticket(&answer->body, name, &caller->claims);
}

AGG_HANDLER(agg_ticket_keep)
{
	json_t *body = agg_handler_body(request, answer);
	struct sl_slice name;

	if (!body)
		return;
	agg_tickets_tick(core->tickets, sl_clock_mono_ns());
	if (read_name(body, &name, answer))
		keep(core->tickets, name, caller, request->token, answer);
	json_decref(body);
}

AGG_HANDLER(agg_ticket_spend)
{
	json_t *body = agg_handler_body(request, answer);
	struct ticket *ticket = NULL;
	struct sl_slice name;
	struct sl_json_out w;

	(void)caller;
	if (!body)
		return;
	agg_tickets_tick(core->tickets, sl_clock_mono_ns());
	if (read_name(body, &name, answer))
		ticket = agg_index_find(&core->tickets->by_name, name.data, name.len);
	json_decref(body);
	if (ticket && ticket->spent_by[0] &&
	    (strlen(ticket->spent_by) != request->id.len ||
		memcmp(ticket->spent_by, request->id.data, request->id.len) != 0))
		ticket = NULL;
	if (!ticket || request->id.len == 0) {
		agg_answer_problem(answer, 404, "not-found",
		    "the ticket is unknown, over, or was used already");
		return;
	}
	memcpy(ticket->spent_by, request->id.data, request->id.len);
	sl_json_out_init(&w, &answer->body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "token");
	sl_json_out_string(&w, ticket->token, ticket->len);
	sl_json_out_object_end(&w);
}
