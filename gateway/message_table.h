/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of message of a stream, for the documents that describe them. */
#ifndef GW_MESSAGE_TABLE_H
#define GW_MESSAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "json_out.h"

struct gw_message_kind {
	const char *type;
	bool from_client;
	const char *head; /* fields of schema.h between "type" and "data" */
	const char *data; /* a type of schema.h */
	const char *tail; /* fields behind "data" */
	const char *prose;
};

/* gw_message_kind_at returns the rows of the table in order, NULL after the last one. */
const struct gw_message_kind *gw_message_kind_at(size_t i);

/* Size of a buffer for gw_message_kind_name. */
#define GW_MESSAGE_KIND_NAME 48

/*
 * gw_message_kind_name makes the name of its schema: "MetricsUpdateMessage", or
 * "SubscribeCommand" for what a client sends.
 */
void gw_message_kind_name(
    const struct gw_message_kind *kind, char name[GW_MESSAGE_KIND_NAME]);

/*
 * gw_message_kind_schemas writes the schema of each kind as a member of an open
 * object, and of any message that a server sends as "Message".
 */
void gw_message_kind_schemas(struct sl_json_out *w);

#endif
