/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The head (request line and fields) is collected in one buffer
 * and checked as it comes (http_head.c).  Once the empty line is there, llhttp
 * parses the head in one call, so every span it reports is contiguous in that
 * buffer and lives as long as the request.  What llhttp accepts and we don't
 * is checked before a byte of the body is read (http_check.c).  The body then
 * goes through llhttp as it arrives.
 */
#include "http_parse.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>

#include "http_check.h"
#include "http_fault.h"
#include "http_head.h"
#include "uuid.h"

/* What framing may add to a chunked body: many tiny chunks, extensions, trailers. */
#define FRAMING_MAX(body_max) (4 * (body_max) + 65536)

struct sl_http_parse {
	llhttp_t llhttp;
	enum sl_http_parse_state state;
	const struct sl_http_parse_error *error;
	struct sl_http_limits limits;
	size_t body_wire_bytes;
	struct sl_http_head head;
	bool after_value; /* the last span was a field's value */
	bool expects_continue;
	struct sl_buf path;
	struct sl_buf body;
	struct sl_http_request request;
};

static void fail(struct sl_http_parse *parse, const struct sl_http_parse_error *error)
{
	parse->state = SL_HTTP_PARSE_FAILED;
	parse->error = error;
}

/* ---- what llhttp tells ---------------------------------------------------- */

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
	struct sl_http_parse *parse = llhttp->data;
	struct sl_slice *target = &parse->request.target;

	if (!target->data)
		target->data = at;
	target->len = (size_t)(at + len - target->data);
	return 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t len)
{
	struct sl_http_parse *parse = llhttp->data;
	struct sl_http_request *request = &parse->request;

	if (parse->state != SL_HTTP_PARSE_HEAD)
		return 0; /* a trailer: bounded by the body's framing, otherwise ignored
			   */
	if (parse->after_value || request->field_count == 0) {
		if (request->field_count == SL_HTTP_FIELDS_MAX) {
			fail(parse, &sl_http_fault_long_head);
			return -1;
		}
		request->fields[request->field_count++] =
		    (struct sl_http_field){{at, 0}, {"", 0}};
		parse->after_value = false;
	}
	struct sl_slice *name = &request->fields[request->field_count - 1].name;
	name->len = (size_t)(at + len - name->data);
	return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
	struct sl_http_parse *parse = llhttp->data;
	struct sl_http_request *request = &parse->request;

	if (parse->state != SL_HTTP_PARSE_HEAD)
		return 0;
	struct sl_slice *value = &request->fields[request->field_count - 1].value;
	if (!parse->after_value)
		value->data = at;
	value->len = (size_t)(at + len - value->data);
	parse->after_value = true;
	return 0;
}

static int on_value_complete(llhttp_t *llhttp)
{
	struct sl_http_parse *parse = llhttp->data;

	parse->after_value = true; /* also when there was no value at all */
	return 0;
}

static int on_head_complete(llhttp_t *llhttp)
{
	llhttp->upgrade = 0; /* whether to upgrade is for the handler to say */
	return 0;
}

static int on_chunk(llhttp_t *llhttp)
{
	struct sl_http_parse *parse = llhttp->data;

	if (llhttp->content_length > parse->limits.body_max - parse->body.len) {
		fail(parse, &sl_http_fault_long_body);
		return -1;
	}
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
	struct sl_http_parse *parse = llhttp->data;

	if (len > parse->limits.body_max - parse->body.len) {
		fail(parse, &sl_http_fault_long_body);
		return -1;
	}
	sl_buf_add(&parse->body, at, len);
	return 0;
}

static int on_complete(llhttp_t *llhttp)
{
	(void)llhttp;
	return HPE_PAUSED; /* what follows is the next request */
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head_complete,
    .on_chunk_header = on_chunk,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* ---- feeding ---------------------------------------------------------------- */

static void trim_values(struct sl_http_request *request)
{
	for (int i = 0; i < request->field_count; i++) {
		struct sl_slice *value = &request->fields[i].value;
		while (value->len > 0 && (value->data[value->len - 1] == ' ' ||
					     value->data[value->len - 1] == '\t'))
			value->len--;
	}
}

static const struct sl_http_parse_error *error_of(enum llhttp_errno code, bool in_body)
{
	switch (code) {
	case HPE_INVALID_URL:
		return &sl_http_fault_bad_target;
	case HPE_INVALID_VERSION:
		return &sl_http_fault_bad_version;
	case HPE_UNEXPECTED_CONTENT_LENGTH:
	case HPE_INVALID_CONTENT_LENGTH:
		return &sl_http_fault_bad_length;
	case HPE_INVALID_TRANSFER_ENCODING:
		return &sl_http_fault_bad_coding;
	default:
		return in_body ? &sl_http_fault_bad_chunk : &sl_http_fault_bad_field;
	}
}

/* Runs llhttp over the complete head and decides what follows. */
static void end_head(struct sl_http_parse *parse)
{
	struct sl_http_request *request = &parse->request;
	enum llhttp_errno code =
	    llhttp_execute(&parse->llhttp, parse->head.bytes.data, parse->head.bytes.len);

	if (parse->state == SL_HTTP_PARSE_FAILED)
		return;
	if (code != HPE_OK && code != HPE_PAUSED) {
		fail(parse, error_of(code, false));
		return;
	}
	trim_values(request);
	request->method = parse->head.method;
	request->version_minor = llhttp_get_http_minor(&parse->llhttp);
	request->keep_alive = llhttp_should_keep_alive(&parse->llhttp);
	struct sl_http_check_size size = {parse->llhttp.content_length, &parse->limits};
	const struct sl_http_parse_error *fault =
	    sl_http_check_request(request, &size, &parse->path);
	if (fault) {
		fail(parse, fault);
		return;
	}
	parse->expects_continue = sl_http_check_continues(request);
	parse->state = code == HPE_PAUSED ? SL_HTTP_PARSE_DONE : SL_HTTP_PARSE_BODY;
}

static size_t feed_head(struct sl_http_parse *parse, const char *data, size_t len)
{
	size_t used = sl_http_head_feed(&parse->head, data, len);

	if (parse->head.fault)
		fail(parse, parse->head.fault);
	else if (parse->head.complete)
		end_head(parse);
	return used;
}

static size_t feed_body(struct sl_http_parse *parse, const char *data, size_t len)
{
	enum llhttp_errno code = llhttp_execute(&parse->llhttp, data, len);
	size_t used = len;

	if (parse->state == SL_HTTP_PARSE_FAILED)
		return used;
	if (code == HPE_PAUSED) {
		used = (size_t)(llhttp_get_error_pos(&parse->llhttp) - data);
		parse->state = SL_HTTP_PARSE_DONE;
		parse->request.body =
		    (struct sl_slice){sl_buf_text(&parse->body), parse->body.len};
	} else if (code != HPE_OK) {
		fail(parse, error_of(code, true));
		return used;
	}
	parse->body_wire_bytes += used;
	if (parse->body_wire_bytes > FRAMING_MAX(parse->limits.body_max))
		fail(parse, &sl_http_fault_long_body);
	return used;
}

/* ---- use ------------------------------------------------------------------ */

static size_t or_default(size_t value, size_t otherwise)
{
	return value ? value : otherwise;
}

struct sl_http_parse *sl_http_parse_new(const struct sl_http_limits *limits)
{
	struct sl_http_parse *parse = malloc(sizeof *parse);
	uint8_t id[SL_UUID_BYTES];

	if (!parse)
		abort();
	/* All but the table of fields, which field_count bounds. */
	memset(parse, 0, offsetof(struct sl_http_parse, request.fields));
	llhttp_init(&parse->llhttp, HTTP_REQUEST, &settings);
	parse->llhttp.data = parse;
	parse->limits.body_max = or_default(limits->body_max, SL_HTTP_BODY_MAX);
	parse->limits.header_max = or_default(limits->header_max, SL_HTTP_HEADER_MAX);
	parse->limits.uri_max = or_default(limits->uri_max, SL_HTTP_URI_MAX);
	parse->head.limits = &parse->limits;
	parse->request.method = SL_HTTP_GET;
	parse->request.path = (struct sl_slice){"", 0};
	sl_uuid_make(id);
	sl_uuid_format(id, parse->request.id);
	return parse;
}

void sl_http_parse_free(struct sl_http_parse *parse)
{
	if (!parse)
		return;
	sl_buf_clear(&parse->head.bytes);
	sl_buf_clear(&parse->path);
	sl_buf_clear(&parse->body);
	sl_buf_clear(&parse->request.kept);
	sl_buf_clear(&parse->request.extra);
	free(parse);
}

enum sl_http_parse_state sl_http_parse_feed(
    struct sl_http_parse *parse, const char *data, size_t len, size_t *used)
{
	size_t at = 0;

	if (parse->state == SL_HTTP_PARSE_HEAD)
		at = feed_head(parse, data, len);
	if (parse->state == SL_HTTP_PARSE_BODY && at < len)
		at += feed_body(parse, data + at, len - at);
	*used = at;
	return parse->state;
}

bool sl_http_parse_wants_continue(struct sl_http_parse *parse)
{
	bool wants = parse->state == SL_HTTP_PARSE_BODY && parse->expects_continue &&
		     parse->body_wire_bytes == 0;

	parse->expects_continue = false;
	return wants;
}

bool sl_http_parse_idle(const struct sl_http_parse *parse)
{
	return parse->head.bytes.len == 0;
}

struct sl_http_request *sl_http_parse_request(struct sl_http_parse *parse)
{
	return &parse->request;
}

const struct sl_http_parse_error *sl_http_parse_error(const struct sl_http_parse *parse)
{
	return parse->error;
}
