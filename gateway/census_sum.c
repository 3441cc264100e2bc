/* SPDX-License-Identifier: Apache-2.0 */
#include "census_sum.h"

#include <math.h>
#include <string.h>

#include "clock.h"

void gw_census_put_uint(struct sl_json_out *w, const char *key, uint64_t value)
{
	sl_json_out_key(w, key);
	sl_json_out_uint(w, value);
}

static void put_double(struct sl_json_out *w, const char *key, double value)
{
	sl_json_out_key(w, key);
	sl_json_out_double(w, value);
}

void gw_census_put_text(struct sl_json_out *w, const char *key, const char *value)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, value);
}

void gw_census_put_now(struct sl_json_out *w)
{
	char text[SL_CLOCK_TEXT];

	sl_clock_format(sl_clock_wall_ns(), text);
	gw_census_put_text(w, "timestamp", text);
}

void gw_census_put_tree(struct sl_json_out *w, const char *key, const json_t *tree)
{
	struct sl_buf text = {0};

	sl_json_out_key(w, key);
	if (tree)
		sl_json_in_write(tree, &text);
	else
		sl_buf_adds(&text, "[]");
	sl_json_out_raw(w, text.data, text.len);
	sl_buf_clear(&text);
}

/* A share as a number from 0 to 1; null of nothing. */
void gw_census_put_share(
    struct sl_json_out *w, const char *key, double part, double whole)
{
	sl_json_out_key(w, key);
	if (whole > 0)
		sl_json_out_double(w, part / whole);
	else
		sl_json_out_null(w);
}

/* ---- sums over gateways --------------------------------------------------------- */

/* The sum of a member, of an object within each gateway's answer if part is set. */
double gw_census_sum(const json_t *gateways, const char *part, const char *key)
{
	double all = 0;

	for (size_t i = 0; i < json_array_size(gateways); i++) {
		const json_t *row = json_array_get(gateways, i);
		double value = 0;
		sl_json_in_number(part ? json_object_get(row, part) : row, key, &value);
		all += value;
	}
	return all;
}

static double largest(const json_t *gateways, const char *key)
{
	double max = 0;

	for (size_t i = 0; i < json_array_size(gateways); i++) {
		double value = 0;
		sl_json_in_number(json_array_get(gateways, i), key, &value);
		if (value > max)
			max = value;
	}
	return max;
}

void gw_census_put_sum(
    struct sl_json_out *w, const char *name, const json_t *gateways, const char *key)
{
	gw_census_put_uint(w, name, (uint64_t)gw_census_sum(gateways, NULL, key));
}

static uint64_t all_transports(const json_t *gateways, const char *key)
{
	return (uint64_t)(gw_census_sum(gateways, "websocket", key) +
			  gw_census_sum(gateways, "sse", key) +
			  gw_census_sum(gateways, "poll", key));
}

/* Requirement 002's getStats(). */
void gw_census_put_totals(struct sl_json_out *w, const json_t *gateways)
{
	gw_census_put_uint(
	    w, "totalConnections", all_transports(gateways, "connections"));
	gw_census_put_uint(
	    w, "activeSubscriptions", all_transports(gateways, "subscriptions"));
}

void gw_census_put_transport(
    struct sl_json_out *w, const char *name, const json_t *gateways, const char *part)
{
	if (name) {
		sl_json_out_key(w, name);
		sl_json_out_object_begin(w);
	}
	gw_census_put_uint(w, "totalConnections",
	    (uint64_t)gw_census_sum(gateways, part, "connections"));
	gw_census_put_uint(w, "activeSubscriptions",
	    (uint64_t)gw_census_sum(gateways, part, "subscriptions"));
	gw_census_put_uint(w, "queuedMessages",
	    (uint64_t)gw_census_sum(gateways, part, "queuedMessages"));
	gw_census_put_uint(
	    w, "queuedBytes", (uint64_t)gw_census_sum(gateways, part, "queuedBytes"));
	gw_census_put_uint(
	    w, "behind", (uint64_t)gw_census_sum(gateways, part, "behind"));
	if (name)
		sl_json_out_object_end(w);
}

/* Connections of each user over all gateways: {"user":n}; tenants but the default
 * one stand before it. */
static void put_users(struct sl_json_out *w, const json_t *gateways)
{
	json_t *all = json_object();

	for (size_t i = 0; i < json_array_size(gateways); i++) {
		const json_t *list =
		    json_object_get(json_array_get(gateways, i), "perUser");
		for (size_t k = 0; k < json_array_size(list); k++) {
			const json_t *row = json_array_get(list, k);
			struct sl_slice user = {"", 0}, tenant = {"", 0};
			struct sl_buf name = {0};
			int64_t count = 0;
			sl_json_in_string(row, "user", &user);
			sl_json_in_string(row, "tenant", &tenant);
			sl_json_in_int(row, "connections", &count);
			if (strcmp(tenant.data, "default") != 0)
				sl_buf_addf(&name, "%s/", tenant.data);
			sl_buf_adds(&name, user.data);
			const json_t *old = json_object_get(all, sl_buf_text(&name));
			json_object_set_new(all, sl_buf_text(&name),
			    json_integer(json_integer_value(old) + count));
			sl_buf_clear(&name);
		}
	}
	gw_census_put_tree(w, "connectionsPerUser", all);
	json_decref(all);
}

void gw_census_put_latency(struct sl_json_out *w, const json_t *gateways)
{
	double count = gw_census_sum(gateways, NULL, "deliveries");

	sl_json_out_key(w, "latency");
	sl_json_out_object_begin(w);
	gw_census_put_uint(w, "deliveries", (uint64_t)count);
	sl_json_out_key(w, "average_ms");
	/* To the microsecond, as the others are. */
	if (count > 0)
		sl_json_out_double(w,
		    round(gw_census_sum(gateways, NULL, "delivered_ms") / count * 1000) /
			1000);
	else
		sl_json_out_null(w);
	put_double(w, "p50_ms", largest(gateways, "p50_ms"));
	put_double(w, "p99_ms", largest(gateways, "p99_ms"));
	sl_json_out_object_end(w);
}

void gw_census_put_reconnections(struct sl_json_out *w, const json_t *gateways)
{
	double resumes = gw_census_sum(gateways, NULL, "resumes");
	double gaps = gw_census_sum(gateways, NULL, "resumeGaps");

	sl_json_out_key(w, "reconnections");
	sl_json_out_object_begin(w);
	gw_census_put_uint(w, "attempts", (uint64_t)resumes);
	gw_census_put_uint(w, "successful", (uint64_t)(resumes - gaps));
	gw_census_put_uint(w, "withGap", (uint64_t)gaps);
	gw_census_put_share(w, "successRate", resumes - gaps, resumes);
	sl_json_out_object_end(w);
}

static void put_buffers(struct sl_json_out *w, const json_t *gateways)
{
	double limit =
	    gw_census_sum(gateways, NULL, "bufferSize") /
	    (double)(json_array_size(gateways) ? json_array_size(gateways) : 1);
	double queued = (double)all_transports(gateways, "queuedMessages");
	double places = limit * (double)all_transports(gateways, "connections");

	sl_json_out_key(w, "buffers");
	sl_json_out_object_begin(w);
	gw_census_put_uint(w, "maxBufferSize", (uint64_t)limit);
	gw_census_put_uint(w, "queuedMessages", (uint64_t)queued);
	gw_census_put_uint(w, "queuedBytes", all_transports(gateways, "queuedBytes"));
	gw_census_put_share(w, "utilization", queued, places);
	gw_census_put_sum(w, "skippedMessages", gateways, "skipped");
	gw_census_put_sum(w, "slowDisconnects", gateways, "slow");
	sl_json_out_object_end(w);
}

void gw_census_put_stats(
    struct sl_json_out *w, const json_t *gateways, const json_t *missing)
{
	gw_census_put_totals(w, gateways);
	gw_census_put_transport(w, "websocket", gateways, "websocket");
	gw_census_put_transport(w, "sse", gateways, "sse");
	gw_census_put_transport(w, "poll", gateways, "poll");
	put_users(w, gateways);
	gw_census_put_sum(w, "opened", gateways, "opened");
	gw_census_put_sum(w, "messages", gateways, "messages");
	gw_census_put_sum(w, "bytes", gateways, "bytes");
	put_buffers(w, gateways);
	gw_census_put_latency(w, gateways);
	gw_census_put_reconnections(w, gateways);
	gw_census_put_tree(w, "missing", missing);
	gw_census_put_now(w);
}
