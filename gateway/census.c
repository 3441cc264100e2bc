/* SPDX-License-Identifier: Apache-2.0 */
#include "census.h"

#include <stdlib.h>
#include <string.h>

#include "census_row.h"
#include "clock.h"
#include "log.h"
#include "selftest.h"

/* ---- asking ----------------------------------------------------------------------
 */

struct asked {
	gw_census_show *show;
	const char *arg;
};

static void present(struct gw_call *call, void *arg, struct sl_slice body)
{
	const struct asked *asked = arg;
	json_t *tree = sl_json_in_parse(body.data, body.len, NULL);
	const json_t *gateways = json_object_get(tree, "gateways");
	struct sl_buf out = {0};
	struct sl_json_out w;

	if (!json_is_array(gateways)) {
		gw_call_problem(call, 503, "aggregator-unavailable",
		    "the aggregator's answer was not understood");
	} else {
		sl_json_out_init(&w, &out);
		asked->show(
		    call, &w, gateways, json_object_get(tree, "missing"), asked->arg);
		gw_call_json(call, out.data, out.len);
	}
	json_decref(tree);
	sl_buf_clear(&out);
	free(arg);
}

void gw_census_ask(struct gw_call *call, const char *verb, const struct sl_buf *data,
    gw_census_show *show, const char *arg)
{
	struct asked *kept = malloc(sizeof *kept);
	struct sl_buf body = {0};
	struct sl_json_out w;

	if (!kept)
		abort();
	*kept = (struct asked){.show = show, .arg = arg};
	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "do");
	sl_json_out_text(&w, verb);
	if (data && data->len > 0) {
		sl_json_out_key(&w, "data");
		sl_json_out_raw(&w, data->data, data->len);
	}
	sl_json_out_object_end(&w);
	gw_call_ask_then(call, SL_REQ_CENSUS,
	    (struct sl_slice){.data = body.data, .len = body.len}, present, kept);
	sl_buf_clear(&body);
}

/* ---- answering -----------------------------------------------------------------------
 */

static void on_told(void *arg, const struct sl_msg_reply *reply)
{
	(void)arg;
	if (!reply)
		sl_log_warn("census", "the aggregator was not told");
}

void gw_census_tell(struct gateway *gw, const char *request, const struct sl_buf *result)
{
	struct sl_slice none = {"", 0};
	struct sl_buf body = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "request");
	sl_json_out_text(&w, request);
	sl_json_out_key(&w, "gateway");
	sl_json_out_text(&w, gw->name);
	sl_json_out_key(&w, "result");
	sl_json_out_raw(&w, result->data, result->len);
	sl_json_out_object_end(&w);
	gw_ask_send(gw->ask, SL_REQ_CENSUS_DONE, none,
	    (struct sl_slice){.data = body.data, .len = body.len}, on_told, NULL);
	sl_buf_clear(&body);
}

static bool is_member(const json_t *filter, const char *key, const char *value)
{
	struct sl_slice wanted;

	return !sl_json_in_string(filter, key, &wanted) ||
	       (value && strcmp(wanted.data, value) == 0);
}

static bool is_wanted(
    const struct gateway *gw, const json_t *filter, const struct gw_client *client)
{
	const struct gw_identity *who = client->who;

	return is_member(filter, "gateway", gw->name) &&
	       is_member(filter, "transport", gw_census_transport(client)) &&
	       is_member(filter, "user", who ? gw_user_sub(who->user) : NULL) &&
	       is_member(filter, "tenant", who ? who->tenant->name : NULL) &&
	       is_member(filter, "role", who ? who->role->name : NULL);
}

static void write_list(struct gateway *gw, const json_t *filter, struct sl_json_out *w)
{
	int64_t wall_ns = sl_clock_wall_ns();
	int64_t limit = GW_CENSUS_ROWS;
	uint64_t total = 0;

	sl_json_in_int(filter, "limit", &limit);
	if (limit < 0 || limit > GW_CENSUS_ROWS)
		limit = GW_CENSUS_ROWS;
	sl_json_out_key(w, "connections");
	sl_json_out_array_begin(w);
	for (const struct gw_client *c = gw->hub.client_first; c; c = c->next) {
		if (c->leaving || !is_wanted(gw, filter, c))
			continue;
		if (total++ < (uint64_t)limit)
			gw_census_row(w, gw, c, wall_ns);
	}
	sl_json_out_array_end(w);
	sl_json_out_key(w, "total");
	sl_json_out_uint(w, total);
}

static void answer(
    struct gateway *gw, const char *request, const char *verb, const json_t *filter)
{
	struct sl_buf out = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "gateway");
	sl_json_out_text(&w, gw->name);
	if (strcmp(verb, "list") == 0)
		write_list(gw, filter, &w);
	else
		gw_census_count(&w, gw);
	sl_json_out_object_end(&w);
	gw_census_tell(gw, request, &out);
	sl_buf_clear(&out);
}

bool gw_census_control(struct gateway *gw, struct sl_slice body)
{
	json_t *tree = sl_json_in_parse(body.data, body.len, NULL);
	const json_t *data = json_object_get(tree, "data");
	struct sl_slice request, verb, tenant, sub;
	bool good = sl_json_in_string(tree, "request", &request) &&
		    sl_json_in_string(tree, "do", &verb) &&
		    sl_json_in_string(tree, "tenant", &tenant) &&
		    sl_json_in_string(tree, "sub", &sub);

	if (good && strcmp(verb.data, "test") == 0)
		gw_selftest_start(gw, request.data, tenant.data, sub.data, data);
	else if (good)
		answer(gw, request.data, verb.data, data);
	json_decref(tree);
	return good;
}
