/* SPDX-License-Identifier: Apache-2.0 */
#include "message_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "schema.h"

#define ID    "id? string|integer The id of the message that this one answers.\n"
#define ASKED "id? string|integer Comes back in the answer.\n"
#define TS    "ts integer Collect time of the newest datum, in us since the epoch.\n"
#define TS_IF "ts? integer Collect time of the newest datum, in us since the epoch.\n"
#define PLACE                                                                            \
	"topic string\n"                                                                 \
	"log Log\n"                                                                      \
	"epoch string Another one means that the logs began anew.\n"                     \
	"seq integer Place in the log.\n"
#define CURSOR "cursor string Where to resume from; opaque, good on every gateway.\n"

static const struct gw_message_kind kinds[] = {
    {"connection_established", false, ID, "Connection", "",
	"The first message; again after each refresh of the token."},
    {"subscribed", false, ID, "Subscribed", CURSOR,
	"A subscription stands; what it asks for follows."},
    {"initial_metrics", false, TS_IF, "Snapshot|Points", "",
	"The state of everything that is subscribed to."},
    {"metrics_update", false, TS_IF, "Snapshot|Points", "",
	"What has changed since: objects merge, arrays are replaced, null sets null."},
    {"event", false, PLACE TS, "Event", CURSOR, "Something has happened."},
    {"system_alert", false, PLACE TS, "Alert", CURSOR, "An alert begins to fire."},
    {"alert_update", false, PLACE TS, "Alert", CURSOR, "Any other change of an alert."},
    {"heartbeat", false, "", "Heartbeat", CURSOR, "The stream is alive."},
    {"connection_test", false, "", "ConnectionTest", "",
	"A test-connection request of this user comes through this stream."},
    {"gap", false, "log Log\nepoch string\n", "Gap", CURSOR,
	"Entries of a log that were not delivered."},
    {"unsubscribed", false, ID, "Unsubscribed", "", "A subscription has ended."},
    {"pong", false, ID, "Heartbeat", "", "The answer to ping."},
    {"token_expiring", false, "", "Expiring", "",
	"The token ends soon: send refresh, or the connection ends with 3005."},
    {"disconnect", false, "", "Disconnect", "",
	"The server ends the connection; the last message."},
    {"error", false, ID, "Error", "", "A message of the client was refused."},
    {"auth", true, ASKED, "Token", "",
	"Signs in, where the handshake brought no token; within 5 seconds."},
    {"subscribe", true, ASKED, "Subscribe", "", "Asks for topics."},
    {"unsubscribe", true, ASKED, "Unsubscribe", "",
	"Ends a subscription, or takes topics out of all."},
    {"ping", true, ASKED "data? object\n", NULL, "", "Asks for a pong."},
    {"refresh", true, ASKED, "Token", "",
	"Replaces the token, by one of the same subject and tenant."},
};

const struct gw_message_kind *gw_message_kind_at(size_t i)
{
	return i < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL;
}

void gw_message_kind_name(
    const struct gw_message_kind *kind, char name[GW_MESSAGE_KIND_NAME])
{
	size_t n = 0;
	bool upper = true;

	for (const char *at = kind->type; *at && n < GW_MESSAGE_KIND_NAME - 8; at++) {
		if (*at != '_')
			name[n++] = (char)(upper ? toupper((unsigned char)*at) : *at);
		upper = *at == '_';
	}
	strcpy(name + n, kind->from_client ? "Command" : "Message");
}

static void write_kind(struct sl_json_out *w, const struct gw_message_kind *kind)
{
	struct sl_buf fields = {0};

	sl_buf_addf(&fields, "type '%s'\n%s", kind->type, kind->head);
	if (kind->data)
		sl_buf_addf(&fields, "data %s\n", kind->data);
	sl_buf_adds(&fields, kind->tail);
	gw_schema_write_fields(w, kind->prose, sl_buf_text(&fields));
	sl_buf_clear(&fields);
}

void gw_message_kind_schemas(struct sl_json_out *w)
{
	struct sl_buf all = {0};
	char name[GW_MESSAGE_KIND_NAME];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		gw_message_kind_name(&kinds[i], name);
		sl_json_out_key(w, name);
		write_kind(w, &kinds[i]);
		if (!kinds[i].from_client)
			sl_buf_addf(&all, "%s%s", all.len ? "|" : "", name);
	}
	sl_json_out_key(w, "Message");
	gw_schema_write_type(w, all.data, all.len);
	sl_buf_clear(&all);
}
