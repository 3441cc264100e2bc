/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "http_request.h"
#include "message_table.h"
#include "parameter.h"
#include "route.h"
#include "schema.h"

static const char prose[] =
    "Metrics and events of an instance of Sightline, as far as the role of the "
    "caller's token may see them. Streams and WebSockets carry the messages of "
    "/asyncapi.json. HEAD is answered wherever GET is, OPTIONS everywhere. "
    "Refusals are problems (RFC 9457).";

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

void gw_openapi_info(struct sl_json_out *w, const char *title, const char *text)
{
	begin(w, "info");
	member(w, "title", title);
	member(w, "version", sl_args_version());
	member(w, "description", text);
	begin(w, "license");
	member(w, "name", "Apache 2.0");
	member(w, "url", "https://www.apache.org/licenses/LICENSE-2.0");
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
}

/* A list of words with spaces between; false at its end. */
static bool next_word(const char **at, const char **word, size_t *len)
{
	if (!*at)
		return false;
	*at += strspn(*at, " ");
	*word = *at;
	*len = strcspn(*at, " ");
	*at += *len;
	return *len > 0;
}

/* ---- one operation -------------------------------------------------------------------
 */

static void write_parameter(
    struct sl_json_out *w, const struct gw_parameter *p, bool required)
{
	sl_json_out_object_begin(w);
	member(w, "name", p->name);
	member(w, "in", p->in);
	member(w, "description", p->prose);
	if (required) {
		sl_json_out_key(w, "required");
		sl_json_out_bool(w, true);
	}
	sl_json_out_key(w, "schema");
	gw_schema_write_type(w, p->type, strlen(p->type));
	sl_json_out_object_end(w);
}

static void write_parameters(struct sl_json_out *w, const struct gw_route *route)
{
	const char *at = route->query;
	const char *word;
	size_t len;

	sl_json_out_key(w, "parameters");
	sl_json_out_array_begin(w);
	if (strstr(route->path, "{id}"))
		write_parameter(w, gw_parameter_find("id", 2), true);
	while (next_word(&at, &word, &len)) {
		bool required = word[len - 1] == '!';
		const struct gw_parameter *p =
		    gw_parameter_find(word, len - (required ? 1 : 0));
		assert(p);
		write_parameter(w, p, required);
	}
	sl_json_out_array_end(w);
}

static void write_media(struct sl_json_out *w, const char *type, size_t len)
{
	sl_json_out_keyn(w, type, len);
	sl_json_out_object_begin(w);
	sl_json_out_key(w, "schema");
	gw_schema_write_type(w, "string", 6);
	sl_json_out_object_end(w);
}

static void write_json(struct sl_json_out *w, const char *type, size_t len, bool wraps)
{
	begin(w, "application/json");
	sl_json_out_key(w, "schema");
	if (wraps) {
		struct sl_buf fields = {0};
		sl_buf_addf(&fields, "success true\ndata %.*s\n", (int)len, type);
		gw_schema_write_fields(w, NULL, sl_buf_text(&fields));
		sl_buf_clear(&fields);
	} else {
		gw_schema_write_type(w, type, len);
	}
	sl_json_out_object_end(w);
}

/* "Type|Type|media/type": the types are alternatives of one JSON. */
static void write_content(
    struct sl_json_out *w, const char *answer, size_t len, bool wraps)
{
	const char *end = answer + len;
	const char *at = answer;

	begin(w, "content");
	while (at < end) {
		const char *bar = memchr(at, '|', (size_t)(end - at));
		const char *stop = bar ? bar : end;
		if (memchr(at, '/', (size_t)(stop - at)))
			break;
		at = bar ? bar + 1 : end;
	}
	if (at > answer)
		write_json(w, answer, (size_t)(at - answer) - (at < end ? 1 : 0), wraps);
	while (at < end) {
		const char *bar = memchr(at, '|', (size_t)(end - at));
		write_media(w, at, (size_t)((bar ? bar : end) - at));
		at = bar ? bar + 1 : end;
	}
	sl_json_out_object_end(w);
}

static void write_answers(struct sl_json_out *w, const struct gw_route *route)
{
	const char *answers = route->answer;
	const char *word;
	size_t len;

	while (next_word(&answers, &word, &len)) {
		char status[4] = "200";
		if (len > 4 && word[3] == ':') {
			memcpy(status, word, 3);
			word += 4;
			len -= 4;
		}
		begin(w, status);
		member(w, "description", sl_http_response_reason(atoi(status)));
		write_content(w, word, len, route->flags & GW_ROUTE_WRAPS);
		sl_json_out_object_end(w);
	}
}

static void write_plain(struct sl_json_out *w, const char *status, const char *text)
{
	begin(w, status);
	member(w, "description", text);
	sl_json_out_object_end(w);
}

/* Every refusal has the one form, whichever status it comes with. */
static void write_responses(struct sl_json_out *w, const struct gw_route *route)
{
	begin(w, "responses");
	if (route->flags & GW_ROUTE_UPGRADE)
		write_plain(w, "101", "A WebSocket; its messages are in /asyncapi.json.");
	write_answers(w, route);
	if (route->query && strstr(route->query, "If-None-Match"))
		write_plain(w, "304", "Nothing has changed.");
	begin(w, "default");
	member(w, "$ref", "#/components/responses/Problem");
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
}

static void write_security(struct sl_json_out *w, const struct gw_route *route)
{
	static const char *const schemes[] = {"bearer", "ticket", "session", "token"};

	sl_json_out_key(w, "security");
	sl_json_out_array_begin(w);
	for (size_t i = 0;
	     !(route->flags & GW_ROUTE_PUBLIC) && i < sizeof schemes / sizeof *schemes;
	     i++) {
		sl_json_out_object_begin(w);
		sl_json_out_key(w, schemes[i]);
		sl_json_out_array_begin(w);
		sl_json_out_array_end(w);
		sl_json_out_object_end(w);
	}
	sl_json_out_array_end(w);
}

static void write_needs(struct sl_json_out *w, const struct gw_route *route)
{
	struct sl_buf text = {0};

#define X(id, bit, name)                                                                 \
	if (route->rights & SL_RIGHT_##id)                                               \
		sl_buf_addf(                                                             \
		    &text, "%sNeeds the right \"%s\".", text.len ? " " : "", name);
	SL_RIGHT_TABLE(X)
#undef X
	if (route->flags & GW_ROUTE_ALL)
		sl_buf_addf(&text, "%sFor roles that may read every module.",
		    text.len ? " " : "");
	if (route->flags & GW_ROUTE_DEFAULT)
		sl_buf_addf(&text, "%sFor the default tenant.", text.len ? " " : "");
	if (route->flags & GW_ROUTE_LOCAL)
		sl_buf_addf(
		    &text, "%sPublic on the gateway's own socket.", text.len ? " " : "");
	if (text.len > 0)
		member(w, "description", sl_buf_text(&text));
	sl_buf_clear(&text);
}

/* "getApiV1AlertsIdAcknowledge". */
static void write_id(struct sl_json_out *w, const char *method, const char *path)
{
	struct sl_buf id = {0};
	bool upper = true;

	for (; *method; method++)
		sl_buf_addc(&id, (char)tolower((unsigned char)*method));
	for (; *path; path++) {
		if (isalnum((unsigned char)*path))
			sl_buf_addc(
			    &id, (char)(upper ? toupper((unsigned char)*path) : *path));
		upper = !isalnum((unsigned char)*path);
	}
	member(w, "operationId", sl_buf_text(&id));
	sl_buf_clear(&id);
}

static void write_operation(struct sl_json_out *w, const struct gw_route *route,
    enum sl_http_method method, const char *path)
{
	const char *name = sl_http_method_name(method);
	char key[8];
	size_t n = 0;

	for (; name[n] && n < sizeof key - 1; n++)
		key[n] = (char)tolower((unsigned char)name[n]);
	key[n] = '\0';
	begin(w, key);
	write_id(w, name, path);
	member(w, "summary", route->summary);
	write_needs(w, route);
	write_parameters(w, route);
	if (route->body) {
		begin(w, "requestBody");
		begin(w, "content");
		write_json(w, route->body, strlen(route->body), false);
		sl_json_out_object_end(w);
		sl_json_out_object_end(w);
	}
	write_responses(w, route);
	write_security(w, route);
	sl_json_out_object_end(w);
}

/* ---- the document
 * ---------------------------------------------------------------------- */

/* The rows of a path, of which row first is the first one. */
static void write_path(struct sl_json_out *w, size_t first, const char *websocket_path)
{
	const char *path = gw_route_path(gw_route_at(first), websocket_path);
	const struct gw_route *route;
	unsigned seen = 0;

	begin(w, path);
	for (size_t i = first; (route = gw_route_at(i)); i++) {
		if (strcmp(gw_route_path(route, websocket_path), path) != 0)
			continue;
#define X(id, bit, name)                                                                 \
	if (route->methods & (id) & ~seen)                                               \
		write_operation(w, route, id, path);
		SL_HTTP_METHOD_TABLE(X)
#undef X
		seen |= route->methods;
	}
	sl_json_out_object_end(w);
}

static bool is_first(size_t row, const char *websocket_path)
{
	const char *path = gw_route_path(gw_route_at(row), websocket_path);

	for (size_t i = 0; i < row; i++) {
		if (strcmp(gw_route_path(gw_route_at(i), websocket_path), path) == 0)
			return false;
	}
	return true;
}

static void write_schemes(struct sl_json_out *w)
{
	begin(w, "securitySchemes");
	begin(w, "bearer");
	member(w, "type", "http");
	member(w, "scheme", "bearer");
	member(w, "bearerFormat", "JWT");
	sl_json_out_object_end(w);
	begin(w, "session");
	member(w, "type", "apiKey");
	member(w, "in", "cookie");
	member(w, "name", "__Host-sightline");
	member(w, "description",
	    "The cookie of POST /api/v1/session; sightline-<port> without TLS.");
	sl_json_out_object_end(w);
	begin(w, "ticket");
	member(w, "type", "apiKey");
	member(w, "in", "query");
	member(w, "name", "ticket");
	member(w, "description", "A ticket of POST /api/v1/ticket, once.");
	sl_json_out_object_end(w);
	begin(w, "token");
	member(w, "type", "apiKey");
	member(w, "in", "query");
	member(w, "name", "token");
	member(w, "description", "Only where gateway.query_token is on.");
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
}

static void write_components(struct sl_json_out *w)
{
	begin(w, "components");
	begin(w, "schemas");
	gw_schema_write_all(w);
	gw_message_kind_schemas(w);
	sl_json_out_object_end(w);
	begin(w, "responses");
	begin(w, "Problem");
	member(w, "description", "A refusal.");
	begin(w, "content");
	begin(w, "application/problem+json");
	sl_json_out_key(w, "schema");
	gw_schema_write_type(w, "Problem", 7);
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
	write_schemes(w);
	sl_json_out_object_end(w);
}

void gw_openapi_write(struct sl_buf *out, const char *websocket_path)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	member(&w, "openapi", "3.1.0");
	gw_openapi_info(&w, "Sightline", prose);
	sl_json_out_key(&w, "servers");
	sl_json_out_array_begin(&w);
	sl_json_out_object_begin(&w);
	member(&w, "url", "/");
	sl_json_out_object_end(&w);
	sl_json_out_array_end(&w);
	begin(&w, "paths");
	for (size_t i = 0; gw_route_at(i); i++) {
		if (is_first(i, websocket_path))
			write_path(&w, i, websocket_path);
	}
	sl_json_out_object_end(&w);
	write_components(&w);
	sl_json_out_object_end(&w);
}
