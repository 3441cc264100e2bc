/* SPDX-License-Identifier: Apache-2.0 */
#include "census_row.h"

#include <stdlib.h>

#include "behind.h"
#include "clock.h"
#include "hops.h"
#include "metrics.h"
#include "route.h"
#include "subscription.h"
#include "tally.h"
#include "uuid.h"

static void put_text(struct sl_json_out *w, const char *key, const char *value)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, value);
}

static void put_uint(struct sl_json_out *w, const char *key, uint64_t value)
{
	sl_json_out_key(w, key);
	sl_json_out_uint(w, value);
}

static void put_ms(struct sl_json_out *w, const char *key, int64_t us)
{
	sl_json_out_key(w, key);
	sl_json_out_double(w, (double)us / 1000);
}

const char *gw_census_transport(const struct gw_client *client)
{
	switch ((enum gw_form)client->form) {
	case GW_FORM_WS:
		return "websocket";
	case GW_FORM_POLL:
		return "poll";
	default:
		return "sse";
	}
}

static uint32_t subscriptions_of(const struct gw_client *client)
{
	uint32_t count = 0;

	for (const struct gw_sub *sub = client->subs; sub; sub = sub->next)
		count++;
	return count;
}

static uint64_t pending_of(const struct gw_client *client)
{
	return client->conn ? sl_conn_pending_bytes(client->conn) : 0;
}

static uint32_t lag_of(const struct gw_client *client)
{
	return client->behind ? client->behind->lag : 0;
}

static const char *path_of(const struct gateway *gw, const struct gw_client *client)
{
	const struct gw_route *route =
	    client->route ? gw_route_at(client->route - 1u) : NULL;

	return route ? gw_route_path(route, gw->config->websocket_path) : NULL;
}

void gw_census_row(struct sl_json_out *w, const struct gateway *gw,
    const struct gw_client *client, int64_t wall_ns)
{
	static const char *const resumed[] = {"no", "whole", "gap"};
	const struct gw_identity *who = client->who;
	char id[SL_UUID_TEXT], begun[SL_CLOCK_TEXT];
	int64_t age_ms = gw_tally_age_ms(client, wall_ns);

	sl_uuid_format(client->id, id);
	sl_clock_format(wall_ns - age_ms * SL_NS_PER_MS, begun);
	sl_json_out_object_begin(w);
	put_text(w, "id", id);
	put_text(w, "user", who ? gw_user_sub(who->user) : NULL);
	put_text(w, "role", who ? who->role->name : NULL);
	put_text(w, "tenant", who ? who->tenant->name : NULL);
	put_text(w, "gateway", gw->name);
	put_text(w, "transport", gw_census_transport(client));
	put_text(w, "route", path_of(gw, client));
	put_text(w, "connectedAt", begun);
	put_uint(w, "age_ms", (uint64_t)age_ms);
	put_uint(w, "subscriptions", subscriptions_of(client));
	put_uint(w, "queuedMessages", lag_of(client));
	put_uint(w, "queuedBytes", pending_of(client));
	put_uint(w, "messages", client->messages);
	put_uint(w, "bytes", client->conn ? sl_conn_sent_bytes(client->conn) : 0);
	put_ms(w, "latency_ms", gw_tally_latency_us(client));
	put_text(w, "resumed", resumed[client->resumed]);
	sl_json_out_object_end(w);
}

/* ---- sums ------------------------------------------------------------------------- */

enum { WEBSOCKET, SSE, POLL, TRANSPORTS };

struct sums {
	uint64_t connections;
	uint64_t subscriptions;
	uint64_t queued_messages;
	uint64_t queued_bytes;
	uint64_t behind;
};

static void add(struct sums *s, const struct gw_client *client)
{
	s->connections++;
	s->subscriptions += subscriptions_of(client);
	s->queued_messages += lag_of(client);
	s->queued_bytes += pending_of(client);
	s->behind += client->behind != NULL;
}

static void write_sums(struct sl_json_out *w, const char *key, const struct sums *s)
{
	sl_json_out_key(w, key);
	sl_json_out_object_begin(w);
	put_uint(w, "connections", s->connections);
	put_uint(w, "subscriptions", s->subscriptions);
	put_uint(w, "queuedMessages", s->queued_messages);
	put_uint(w, "queuedBytes", s->queued_bytes);
	put_uint(w, "behind", s->behind);
	sl_json_out_object_end(w);
}

struct users {
	const struct gw_user **user;
	size_t count;
	size_t cap;
};

static void add_user(void *arg, struct gw_user *user)
{
	struct users *users = arg;

	if (user->connections == 0)
		return;
	if (users->count == users->cap) {
		users->cap = users->cap ? users->cap * 2 : 64;
		users->user =
		    realloc((void *)users->user, users->cap * sizeof(*users->user));
		if (!users->user)
			abort();
	}
	users->user[users->count++] = user;
}

static int by_connections(const void *a, const void *b)
{
	const struct gw_user *x = *(const struct gw_user *const *)a;
	const struct gw_user *y = *(const struct gw_user *const *)b;

	return (x->connections < y->connections) - (x->connections > y->connections);
}

static void write_users(struct sl_json_out *w, struct gateway *gw)
{
	struct users users = {0};

	gw_users_each(gw->users, add_user, &users);
	if (users.count > 1)
		qsort(
		    (void *)users.user, users.count, sizeof(*users.user), by_connections);
	put_uint(w, "users", users.count);
	sl_json_out_key(w, "perUser");
	sl_json_out_array_begin(w);
	for (size_t i = 0; i < users.count && i < GW_CENSUS_USERS; i++) {
		sl_json_out_object_begin(w);
		put_text(w, "user", gw_user_sub(users.user[i]));
		put_text(w, "tenant", users.user[i]->name);
		put_uint(w, "connections", users.user[i]->connections);
		sl_json_out_object_end(w);
	}
	sl_json_out_array_end(w);
	free((void *)users.user);
}

static void write_counted(struct sl_json_out *w, struct gateway *gw)
{
	const struct gw_hub_stats *hub = &gw->hub.stats;
	const struct sl_conn_stats *net = sl_conn_set_stats(gw->conns);
	const struct sl_http_stats *http = sl_http_server_stats(gw->http);
	const struct gw_auth_stats *auth = gw_auth_stats(gw->auth);
	const struct sl_stat *delivery = gw_metrics_hops(gw->metrics)->delivery;

	put_uint(w, "bufferSize", gw->hub.limits.lag_messages);
	put_uint(w, "opened",
	    gw->count.ws_opened + gw->count.sse_opened + gw->count.polls_opened);
	put_uint(w, "messages", hub->messages);
	put_uint(w, "shared", hub->shared);
	put_uint(w, "skipped", hub->skipped);
	put_uint(w, "gaps", hub->gaps);
	put_uint(w, "slow", hub->dropped);
	put_uint(w, "resumes", hub->resumes);
	put_uint(w, "resumeGaps", hub->resume_gaps);
	put_uint(w, "bytes", net->sent_bytes);
	put_uint(w, "inbound", gw->count.inbound);
	put_uint(w, "bad", gw->count.bad);
	put_uint(w, "refused", gw->count.refused);
	put_uint(w, "requests", http->requests);
	put_uint(w, "clientErrors", http->responses[4]);
	put_uint(w, "serverErrors", http->responses[5]);
	put_uint(w, "authFailures", auth->failures);
	put_uint(w, "tokensVerified", auth->verified);
	put_uint(w, "tokensRemembered", auth->hits);
	put_ms(w, "p50_ms", sl_stat_quantile(delivery, 0.5) / SL_NS_PER_US);
	put_ms(w, "p99_ms", sl_stat_quantile(delivery, 0.99) / SL_NS_PER_US);
	put_uint(w, "deliveries", sl_stat_recorded(delivery));
	put_ms(w, "delivered_ms", sl_stat_sum(delivery) / SL_NS_PER_US);
}

void gw_census_count(struct sl_json_out *w, struct gateway *gw)
{
	struct sums sums[TRANSPORTS] = {0};

	for (const struct gw_client *c = gw->hub.client_first; c; c = c->next) {
		enum gw_form form = (enum gw_form)c->form;
		if (c->leaving)
			continue;
		add(&sums[form == GW_FORM_WS     ? WEBSOCKET
			  : form == GW_FORM_POLL ? POLL
						 : SSE],
		    c);
	}
	write_sums(w, "websocket", &sums[WEBSOCKET]);
	write_sums(w, "sse", &sums[SSE]);
	write_sums(w, "poll", &sums[POLL]);
	write_users(w, gw);
	write_counted(w, gw);
}
