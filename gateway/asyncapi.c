/* SPDX-License-Identifier: Apache-2.0 */
#include "asyncapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "message_table.h"
#include "openapi.h"
#include "route.h"
#include "schema.h"

/* Size of a channel's name: a path's letters and digits. */
#define NAME_MAX_BYTES 128

static void member(struct sl_json_out *w, const char *key, const char *value)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, value);
}

static void begin(struct sl_json_out *w, const char *key)
{
	sl_json_out_key(w, key);
	sl_json_out_object_begin(w);
}

static void write_ref(
    struct sl_json_out *w, const char *fmt, const char *a, const char *b)
{
	char ref[NAME_MAX_BYTES + 80];

	snprintf(ref, sizeof ref, fmt, a, b);
	sl_json_out_object_begin(w);
	member(w, "$ref", ref);
	sl_json_out_object_end(w);
}

static bool is_channel(const struct gw_route *route)
{
	return (route->flags & (GW_ROUTE_STREAM | GW_ROUTE_UPGRADE)) != 0;
}

/* Whether a kind of message can be on a route's channel. */
static bool carries(const struct gw_route *route, const struct gw_message_kind *kind)
{
	return !kind->from_client || (route->flags & GW_ROUTE_UPGRADE);
}

/* "apiV1Stream"; "root" for "/". */
static void name_channel(const char *path, char name[NAME_MAX_BYTES])
{
	size_t n = 0;
	bool upper = false;

	for (; *path && n < NAME_MAX_BYTES - 5; path++) {
		if (isalnum((unsigned char)*path))
			name[n++] = (char)(upper ? toupper((unsigned char)*path) : *path);
		upper = n > 0 && !isalnum((unsigned char)*path);
	}
	if (n == 0)
		n = (size_t)snprintf(name, NAME_MAX_BYTES, "root");
	name[n] = '\0';
}

static void write_channel(
    struct sl_json_out *w, const struct gw_route *route, const char *path)
{
	const struct gw_message_kind *kind;
	char name[NAME_MAX_BYTES];
	char message[GW_MESSAGE_KIND_NAME];

	name_channel(path, name);
	begin(w, name);
	member(w, "address", path);
	member(w, "summary", route->summary);
	begin(w, "messages");
	for (size_t i = 0; (kind = gw_message_kind_at(i)); i++) {
		if (!carries(route, kind))
			continue;
		gw_message_kind_name(kind, message);
		sl_json_out_key(w, message);
		write_ref(w, "#/components/messages/%s%s", message, "");
	}
	sl_json_out_object_end(w);
	begin(w, "bindings");
	begin(w, route->flags & GW_ROUTE_UPGRADE ? "ws" : "http");
	if (route->flags & GW_ROUTE_UPGRADE)
		member(w, "method", "GET");
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
}

/* What the gateway sends on a channel, or receives. */
static void write_operation(struct sl_json_out *w, const char *path, bool from_client)
{
	const struct gw_message_kind *kind;
	char channel[NAME_MAX_BYTES];
	char key[NAME_MAX_BYTES + 8];
	char message[GW_MESSAGE_KIND_NAME];

	name_channel(path, channel);
	snprintf(key, sizeof key, "%s.%s", channel, from_client ? "receive" : "send");
	begin(w, key);
	member(w, "action", from_client ? "receive" : "send");
	sl_json_out_key(w, "channel");
	write_ref(w, "#/channels/%s%s", channel, "");
	sl_json_out_key(w, "messages");
	sl_json_out_array_begin(w);
	for (size_t i = 0; (kind = gw_message_kind_at(i)); i++) {
		if (kind->from_client != from_client)
			continue;
		gw_message_kind_name(kind, message);
		write_ref(w, "#/channels/%s/messages/%s", channel, message);
	}
	sl_json_out_array_end(w);
	sl_json_out_object_end(w);
}

static void write_messages(struct sl_json_out *w)
{
	const struct gw_message_kind *kind;
	char name[GW_MESSAGE_KIND_NAME];

	begin(w, "messages");
	for (size_t i = 0; (kind = gw_message_kind_at(i)); i++) {
		gw_message_kind_name(kind, name);
		begin(w, name);
		member(w, "name", kind->type);
		member(w, "summary", kind->prose);
		sl_json_out_key(w, "payload");
		write_ref(w, "#/components/schemas/%s%s", name, "");
		sl_json_out_object_end(w);
	}
	sl_json_out_object_end(w);
}

/* Calls write for each channel; an option can make two rows one path. */
static void each_channel(struct sl_json_out *w, const char *websocket_path,
    void (*write)(struct sl_json_out *w, const struct gw_route *route, const char *path))
{
	const struct gw_route *route;
	bool twice = false;

	for (size_t i = 0; (route = gw_route_at(i)); i++) {
		if (!is_channel(route) || (twice && !*route->path))
			continue;
		twice |= strcmp(route->path, websocket_path) == 0;
		write(w, route, gw_route_path(route, websocket_path));
	}
}

static void write_operations(
    struct sl_json_out *w, const struct gw_route *route, const char *path)
{
	write_operation(w, path, false);
	if (route->flags & GW_ROUTE_UPGRADE)
		write_operation(w, path, true);
}

void gw_asyncapi_write(struct sl_buf *out, const char *websocket_path)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	member(&w, "asyncapi", "3.0.0");
	gw_openapi_info(&w, "Sightline streams",
	    "The messages of event streams (one in the data of each event) and "
	    "WebSockets (one in each text frame); \"send\" is what the gateway sends. "
	    "What is asked by a query on a stream is asked by subscribe on a WebSocket.");
	member(&w, "defaultContentType", "application/json");
	begin(&w, "channels");
	each_channel(&w, websocket_path, write_channel);
	sl_json_out_object_end(&w);
	begin(&w, "operations");
	each_channel(&w, websocket_path, write_operations);
	sl_json_out_object_end(&w);
	begin(&w, "components");
	begin(&w, "schemas");
	gw_schema_write_all(&w);
	gw_message_kind_schemas(&w);
	sl_json_out_object_end(&w);
	write_messages(&w);
	sl_json_out_object_end(&w);
	sl_json_out_object_end(&w);
}
