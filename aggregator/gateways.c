/* SPDX-License-Identifier: Apache-2.0 */
#include "gateways.h"

#include <stdbool.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/msg.h"

#define FORGET_NS (10 * SL_NS_PER_S)
#define SILENT_NS (3 * SL_NS_PER_S)

const struct agg_gateway *agg_gateways_find(
    const struct agg_gateways *gateways, struct sl_slice name)
{
	for (size_t i = 0; i < gateways->count; i++)
		if (strlen(gateways->gateway[i].name) == name.len &&
		    memcmp(gateways->gateway[i].name, name.data, name.len) == 0)
			return &gateways->gateway[i];
	return NULL;
}

/* A number that no row has; one that was given up is taken again as late as possible. */
static uint32_t new_number(struct agg_gateways *gateways)
{
	bool used[AGG_GATEWAYS_MAX] = {false};

	for (size_t i = 0; i < gateways->count; i++)
		used[gateways->gateway[i].number] = true;
	do
		gateways->last_number = (gateways->last_number + 1) % AGG_GATEWAYS_MAX;
	while (used[gateways->last_number]);
	return gateways->last_number;
}

static struct agg_gateway *row_of(struct agg_gateways *gateways, struct sl_slice name)
{
	const struct agg_gateway *known = agg_gateways_find(gateways, name);

	if (known)
		return &gateways->gateway[known - gateways->gateway];
	if (gateways->count == AGG_GATEWAYS_MAX ||
	    name.len >= sizeof gateways->gateway->name)
		return NULL;
	uint32_t number = new_number(gateways);
	struct agg_gateway *row = &gateways->gateway[gateways->count++];
	*row = (struct agg_gateway){.number = number};
	memcpy(row->name, name.data, name.len);
	sl_log_info("gateway", "joined name=\"%s\"", row->name);
	return row;
}

/*
 * What a counter of a gateway grew by.  Its first report only says where it
 * stands: the aggregator may have begun after it.
 */
static uint64_t growth(
    const struct agg_gateway *row, uint32_t pid, uint64_t before, uint64_t now)
{
	if (row->seen_mono_ns == 0)
		return 0;
	return row->pid == pid && now >= before ? now - before : now;
}

int agg_gateways_report(
    struct agg_gateways *gateways, const void *data, size_t len, int64_t mono_ns)
{
	struct sl_msg_report report;
	int error = sl_msg_report_read(data, len, &report);
	struct agg_gateway *row = error == 0 ? row_of(gateways, report.gateway) : NULL;

	if (error != 0)
		return error;
	if (!row)
		return SL_EFULL;
	gateways->requests += growth(row, report.pid, row->requests, report.requests);
	gateways->auth_failures +=
	    growth(row, report.pid, row->auth_failures, report.auth_failures);
	gateways->server_errors +=
	    growth(row, report.pid, row->server_errors, report.server_errors);
	row->seen_mono_ns = mono_ns;
	row->pid = report.pid;
	row->connections_ws = report.connections_ws;
	row->connections_sse = report.connections_sse;
	row->subscriptions = report.subscriptions;
	row->messages = report.messages;
	row->bytes = report.bytes;
	row->requests = report.requests;
	row->auth_failures = report.auth_failures;
	row->server_errors = report.server_errors;
	row->bus_gaps = report.bus_gaps;
	row->rss_bytes = report.rss_bytes;
	row->ready = report.ready;
	row->draining = report.draining;
	return 0;
}

void agg_gateways_tick(struct agg_gateways *gateways, int64_t mono_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < gateways->count; i++) {
		struct agg_gateway *row = &gateways->gateway[i];
		if (mono_ns - row->seen_mono_ns > FORGET_NS) {
			sl_log_info("gateway", "left name=\"%s\"", row->name);
			continue;
		}
		if (kept != i)
			gateways->gateway[kept] = *row;
		kept++;
	}
	gateways->count = kept;
}

uint64_t agg_gateways_subscriptions(const struct agg_gateways *gateways)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < gateways->count; i++)
		sum += gateways->gateway[i].subscriptions;
	return sum;
}

uint64_t agg_gateways_sessions(const struct agg_gateways *gateways)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < gateways->count; i++)
		sum += (uint64_t)gateways->gateway[i].connections_ws +
		       gateways->gateway[i].connections_sse;
	return sum;
}

static void member(struct sl_json_out *w, const char *key, uint64_t value)
{
	sl_json_out_key(w, key);
	sl_json_out_uint(w, value);
}

static const char *state_of(const struct agg_gateway *row, int64_t mono_ns)
{
	if (mono_ns - row->seen_mono_ns > SILENT_NS)
		return "silent";
	if (row->draining)
		return "draining";
	return row->ready ? "ready" : "starting";
}

void agg_gateways_json(
    const struct agg_gateways *gateways, struct sl_json_out *w, int64_t mono_ns)
{
	sl_json_out_array_begin(w);
	for (size_t i = 0; i < gateways->count; i++) {
		const struct agg_gateway *row = &gateways->gateway[i];
		sl_json_out_object_begin(w);
		sl_json_out_key(w, "name");
		sl_json_out_text(w, row->name);
		sl_json_out_key(w, "state");
		sl_json_out_text(w, state_of(row, mono_ns));
		member(w, "pid", row->pid);
		member(w, "websockets", row->connections_ws);
		member(w, "eventStreams", row->connections_sse);
		member(w, "subscriptions", row->subscriptions);
		member(w, "messages", row->messages);
		member(w, "bytes", row->bytes);
		member(w, "requests", row->requests);
		member(w, "authFailures", row->auth_failures);
		member(w, "serverErrors", row->server_errors);
		member(w, "busGaps", row->bus_gaps);
		member(w, "rssBytes", row->rss_bytes);
		sl_json_out_object_end(w);
	}
	sl_json_out_array_end(w);
}
