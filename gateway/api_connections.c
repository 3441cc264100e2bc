/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of all gateways' connections. */
#include <string.h>

#include "api.h"
#include "census.h"
#include "census_sum.h"

GW_CENSUS_SHOW(show_stats)
{
	(void)call, (void)arg;
	sl_json_out_object_begin(w);
	gw_census_put_stats(w, gateways, missing);
	sl_json_out_object_end(w);
}

void gw_api_connection_stats(struct gw_call *call)
{
	gw_census_ask(call, "count", NULL, show_stats, NULL);
}

GW_CENSUS_SHOW(show_websocket_stats)
{
	(void)call, (void)arg;
	sl_json_out_object_begin(w);
	gw_census_put_transport(w, NULL, gateways, "websocket");
	gw_census_put_sum(w, "receivedMessages", gateways, "inbound");
	gw_census_put_sum(w, "invalidMessages", gateways, "bad");
	gw_census_put_tree(w, "missing", missing);
	gw_census_put_now(w);
	sl_json_out_object_end(w);
}

void gw_api_websocket_stats(struct gw_call *call)
{
	gw_census_ask(call, "count", NULL, show_websocket_stats, NULL);
}

GW_CENSUS_SHOW(show_list)
{
	size_t shown = 0;

	(void)call, (void)arg;
	sl_json_out_object_begin(w);
	sl_json_out_key(w, "connections");
	sl_json_out_array_begin(w);
	for (size_t i = 0; i < json_array_size(gateways); i++) {
		const json_t *list =
		    json_object_get(json_array_get(gateways, i), "connections");
		for (size_t k = 0; k < json_array_size(list); k++, shown++) {
			struct sl_buf text = {0};
			sl_json_in_write(json_array_get(list, k), &text);
			sl_json_out_raw(w, text.data, text.len);
			sl_buf_clear(&text);
		}
	}
	sl_json_out_array_end(w);
	double total = gw_census_sum(gateways, NULL, "total");
	gw_census_put_uint(w, "total", (uint64_t)total);
	sl_json_out_key(w, "truncated");
	sl_json_out_bool(w, (double)shown < total);
	gw_census_put_tree(w, "missing", missing);
	gw_census_put_now(w);
	sl_json_out_object_end(w);
}

/* Copies the query's filters; "limit" is a number. */
static bool read_filter(struct gw_call *call, struct sl_buf *out)
{
	static const char *const keys[] = {
	    "user", "tenant", "role", "transport", "gateway"};
	struct sl_buf value = {0};
	struct sl_json_out w;
	bool good = true;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (gw_call_query(call, keys[i], &value)) {
			sl_json_out_key(&w, keys[i]);
			sl_json_out_string(&w, value.data, value.len);
		}
	}
	if (gw_call_query(call, "limit", &value)) {
		size_t digits = strspn(sl_buf_text(&value), "0123456789");
		good = digits == value.len && digits < 7;
		sl_json_out_key(&w, "limit");
		sl_json_out_raw(&w, good ? value.data : "0", good ? value.len : 1);
	}
	sl_json_out_object_end(&w);
	sl_buf_clear(&value);
	if (!good)
		gw_call_problem(call, 400, "bad-request", "limit is not a number");
	return good;
}

void gw_api_connections(struct gw_call *call)
{
	struct sl_buf filter = {0};

	if (read_filter(call, &filter))
		gw_census_ask(call, "list", &filter, show_list, NULL);
	sl_buf_clear(&filter);
}
