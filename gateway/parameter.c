/* SPDX-License-Identifier: Apache-2.0 */
#include "parameter.h"

#include <string.h>

#define NAMES                                                                            \
	"Topics, aliases, event types, modules or metrics of the catalog, with commas "  \
	"between. "

static const struct gw_parameter parameters[] = {
    {"id", "path", "string", "As the collection lists it."},
    {"action", "query", "'snapshot'|'system-status'|'alerts'|'sse'",
	"What to answer with; snapshot by default."},
    {"modules", "query", "string",
	"Only these modules, with commas between; by default all that the role may see."},
    {"state", "query", "string", "Any of pending, firing, resolved, with commas."},
    {"topics", "query", "string", NAMES "By default metrics.> and alerts."},
    {"metrics", "query", "string", NAMES "Read where there is no topics."},
    {"sources", "query", "string", NAMES "Adds to topics."},
    {"categories", "query", "string", NAMES "Narrows what topics and sources name."},
    {"filter", "query", "string",
	"A Filter in JSON: which events; see sightline-subscriptions(5)."},
    {"max_hz", "query", "number",
	"Metrics at most as often as this in a second, from 0.001 to 1000; a poll, that "
	"asks by itself, is not held back."},
    {"format", "query", "'points'", "Metrics are data points in place of sections."},
    {"since", "query", "string", "A cursor to resume from."},
    {"token", "query", "string",
	"The reconnectToken of connection_established; no credential."},
    {"cursor", "query", "string", "The same as since, and before it."},
    {"wait", "query", "number", "Seconds to wait where there is nothing yet; 25."},
    {"last_event_id", "query", "string", "The same as since."},
    {"lastEventId", "query", "string", "The same as since."},
    {"Last-Event-ID", "header", "string", "The same as since, and before it."},
    {"named", "query", "'1'", "Events have an event: line with the message's type."},
    {"heartbeat", "query", "'message'", "Heartbeats are messages."},
    {"user", "query", "string", "Only connections of this subject."},
    {"tenant", "query", "string", "Only connections of this tenant."},
    {"role", "query", "string", "Only connections of this role."},
    {"transport", "query", "'websocket'|'sse'|'poll'", "Only connections of this kind."},
    {"gateway", "query", "string", "Only connections of this gateway."},
    {"limit", "query", "integer", "Connections listed of each gateway; 500 at most."},
    {"userId", "query", "string", "Must be the token's subject."},
    {"If-None-Match", "header", "string", "The ETag of what is there already: 304."},
};

const struct gw_parameter *gw_parameter_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		const struct gw_parameter *p = &parameters[i];
		if (strlen(p->name) == len && memcmp(p->name, name, len) == 0)
			return p;
	}
	return NULL;
}
