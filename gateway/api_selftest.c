/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that a user makes of the own live streams, and of the service as a whole. */
#include <string.h>

#include "api.h"
#include "census.h"
#include "census_sum.h"

/* ---- test-connection --------------------------------------------------------------
 */

static void put_test(struct sl_json_out *w, const json_t *gateways, const json_t *missing,
    const char *type)
{
	uint64_t tested = 0, delivered = 0;
	json_t *all = json_array();

	for (size_t i = 0; i < json_array_size(gateways); i++) {
		const json_t *list =
		    json_object_get(json_array_get(gateways, i), "connections");
		for (size_t k = 0; k < json_array_size(list); k++) {
			json_t *row = json_array_get(list, k);
			bool arrived = false;
			sl_json_in_bool(row, "delivered", &arrived);
			tested++;
			delivered += arrived;
			json_array_append(all, row);
		}
	}
	gw_census_put_text(w, "connectionType", *type ? type : NULL);
	sl_json_out_key(w, "healthy");
	sl_json_out_bool(w, tested > 0 && delivered == tested);
	gw_census_put_uint(w, "tested", tested);
	gw_census_put_uint(w, "delivered", delivered);
	gw_census_put_tree(w, "connections", all);
	gw_census_put_tree(w, "missing", missing);
	gw_census_put_now(w);
	json_decref(all);
}

GW_CENSUS_SHOW(show_test)
{
	(void)call;
	sl_json_out_object_begin(w);
	put_test(w, gateways, missing, arg);
	sl_json_out_object_end(w);
}

void gw_api_test_connection(struct gw_call *call)
{
	static const char *const types[] = {"", "sse", "websocket"};
	json_t *body = gw_call_body(call);
	struct sl_slice wanted = {"", 0};
	struct sl_buf data = {0};
	const char *type = NULL;

	if (!body)
		return;
	const json_t *value = json_object_get(body, "connectionType");
	bool good = !value || sl_json_in_string(body, "connectionType", &wanted);
	for (size_t i = 0; good && i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i], wanted.data) == 0)
			type = types[i];
	}
	if (!type) {
		gw_call_problem(call, 400, "bad-request",
		    "\"connectionType\" is \"sse\" or \"websocket\"");
	} else {
		if (*type)
			sl_buf_addf(&data, "{\"transport\":\"%s\"}", type);
		gw_census_ask(call, "test", &data, show_test, type);
	}
	sl_buf_clear(&data);
	json_decref(body);
}

/* ---- requirement document 001's health ------------------------------------------------
 */

static void put_events(struct sl_json_out *w, const struct gateway *gw)
{
	uint64_t all = 0;

	sl_json_out_key(w, "events");
	sl_json_out_object_begin(w);
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		gw_census_put_uint(w, sl_stream_name(s), gw->hub.end[s] - 1);
		all += gw->hub.end[s] - 1;
	}
	gw_census_put_uint(w, "processed", all);
	gw_census_put_uint(w, "lost", gw_follow_stats(gw->follow)->lost);
	sl_json_out_object_end(w);
}

static void put_cache(struct sl_json_out *w, const json_t *gateways)
{
	double hits = gw_census_sum(gateways, NULL, "tokensRemembered");
	double misses = gw_census_sum(gateways, NULL, "tokensVerified");
	double shared = gw_census_sum(gateways, NULL, "shared");
	double messages = gw_census_sum(gateways, NULL, "messages");

	sl_json_out_key(w, "cache");
	sl_json_out_object_begin(w);
	gw_census_put_uint(w, "tokenHits", (uint64_t)hits);
	gw_census_put_uint(w, "tokenMisses", (uint64_t)misses);
	gw_census_put_share(w, "tokenHitRate", hits, hits + misses);
	gw_census_put_uint(w, "messagesRendered", (uint64_t)(messages - shared));
	gw_census_put_uint(w, "messagesShared", (uint64_t)shared);
	gw_census_put_share(w, "sharedRate", shared, messages);
	sl_json_out_object_end(w);
}

static void put_errors(struct sl_json_out *w, const json_t *gateways)
{
	double requests = gw_census_sum(gateways, NULL, "requests") +
			  gw_census_sum(gateways, NULL, "inbound");
	double errors = gw_census_sum(gateways, NULL, "serverErrors") +
			gw_census_sum(gateways, NULL, "clientErrors") +
			gw_census_sum(gateways, NULL, "bad");

	sl_json_out_key(w, "errors");
	sl_json_out_object_begin(w);
	gw_census_put_sum(w, "clientErrors", gateways, "clientErrors");
	gw_census_put_sum(w, "serverErrors", gateways, "serverErrors");
	gw_census_put_sum(w, "invalidMessages", gateways, "bad");
	gw_census_put_sum(w, "authFailures", gateways, "authFailures");
	gw_census_put_sum(w, "refused", gateways, "refused");
	sl_json_out_object_end(w);
	gw_census_put_share(w, "errorRate", errors, requests);
}

GW_CENSUS_SHOW(show_health)
{
	const struct gateway *gw = call->gw;
	bool whole = json_array_size(missing) == 0 && !gw_follow_silent(gw->follow) &&
		     !gw_follow_paused(gw->follow);

	(void)arg;
	sl_json_out_object_begin(w);
	gw_census_put_text(w, "status", whole ? "healthy" : "degraded");
	sl_json_out_key(w, "connections");
	sl_json_out_object_begin(w);
	gw_census_put_totals(w, gateways);
	gw_census_put_transport(w, "websocket", gateways, "websocket");
	gw_census_put_transport(w, "sse", gateways, "sse");
	gw_census_put_transport(w, "poll", gateways, "poll");
	gw_census_put_latency(w, gateways);
	gw_census_put_reconnections(w, gateways);
	sl_json_out_object_end(w);
	put_events(w, gw);
	put_cache(w, gateways);
	put_errors(w, gateways);
	gw_census_put_tree(w, "missing", missing);
	gw_census_put_now(w);
	sl_json_out_object_end(w);
}

void gw_api_analytics_health(struct gw_call *call)
{
	gw_census_ask(call, "count", NULL, show_health, NULL);
}
