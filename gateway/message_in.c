/* SPDX-License-Identifier: Apache-2.0 */
#include "message_in.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json_out.h"

/* The id is the client's to choose; longer ones are refused, not echoed. */
#define GW_MESSAGE_ID_MAX 128

static int refuse(struct gw_message *m, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct gw_message *m, const char *code, const char *fmt, ...)
{
	va_list ap;

	m->code = code;
	va_start(ap, fmt);
	vsnprintf(m->error, sizeof m->error, fmt, ap);
	va_end(ap);
	return SL_EMALFORMED;
}

static int read_id(struct gw_message *m)
{
	const json_t *id = json_object_get(m->tree, "id");

	if (!id)
		return SL_OK;
	if (json_is_string(id) && json_string_length(id) <= GW_MESSAGE_ID_MAX)
		sl_json_out_quote(
		    &m->id_text, json_string_value(id), json_string_length(id));
	else if (json_is_integer(id))
		sl_buf_addf(&m->id_text, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
	else
		return refuse(m, "bad-message",
		    "\"id\" must be a string of at most %d bytes or an integer",
		    GW_MESSAGE_ID_MAX);
	m->id = (struct sl_slice){m->id_text.data, m->id_text.len};
	return SL_OK;
}

static int read_type(struct gw_message *m)
{
	static const char *const types[] = {
#define X(id, name) [GW_MESSAGE_##id] = (name),
	    GW_MESSAGE_TABLE(X)
#undef X
	};
	struct sl_slice type;

	if (!sl_json_in_string(m->tree, "type", &type))
		return refuse(m, "bad-message", "\"type\" must be a string");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i], type.data) == 0) {
			m->type = (enum gw_message_type)i;
			return SL_OK;
		}
	}
	return refuse(m, "unknown-type",
	    "\"type\" must be auth, subscribe, unsubscribe, ping or refresh");
}

static int read_names(struct gw_message *m, const json_t *data)
{
	const char *key = "topics";
	const json_t *names = json_object_get(data, key);

	if (!names) {
		key = "metrics";
		names = json_object_get(data, key);
	}
	if (!names)
		return SL_OK;
	if (!json_is_array(names) || json_array_size(names) == 0)
		return refuse(m, "bad-message", "\"%s\" must be an array of names", key);
	if (json_array_size(names) > GW_MESSAGE_NAMES)
		return refuse(m, "too-many-topics", "\"%s\" has more than %d names", key,
		    GW_MESSAGE_NAMES);
	for (size_t i = 0; i < json_array_size(names); i++) {
		if (!json_is_string(json_array_get(names, i)))
			return refuse(
			    m, "bad-message", "\"%s\" must be an array of names", key);
	}
	m->names = names;
	return SL_OK;
}

static int read_since(struct gw_message *m, const json_t *data)
{
	const json_t *since = json_object_get(data, "since");

	if (!since || json_is_null(since))
		return SL_OK;
	if (!json_is_string(since) || sl_cursor_parse(json_string_value(since),
					  json_string_length(since), &m->since) != 0)
		return refuse(m, "bad-cursor", "\"since\" is not a cursor");
	m->has_since = true;
	return SL_OK;
}

/* What is judged where it is used: here only that it has the right type. */
static int read_terms(struct gw_message *m, const json_t *data)
{
	const json_t *max_hz = json_object_get(data, "max_hz");

	m->filter = json_object_get(data, "filter");
	if (json_is_null(m->filter))
		m->filter = NULL;
	if (m->filter && !json_is_object(m->filter))
		return refuse(m, "bad-filter", "\"filter\" must be an object");
	if (max_hz && !json_is_null(max_hz) && !json_is_number(max_hz))
		return refuse(m, "bad-message", "\"max_hz\" must be a number");
	if (json_is_number(max_hz) && !(json_number_value(max_hz) > 0))
		return refuse(m, "bad-message", "\"max_hz\" must be more than 0");
	m->max_hz = json_number_value(max_hz);
	return SL_OK;
}

static int read_subscribe(struct gw_message *m, const json_t *data)
{
	/* What is not understood must not look as if it were. */
	if (json_object_get(data, "format"))
		return refuse(m, "unsupported",
		    "\"format\" is of a whole connection: put it into its URL");
	int error = read_names(m, data);
	if (error)
		return error;
	if (!m->names)
		return refuse(m, "bad-message", "\"topics\" or \"metrics\" is missing");
	error = read_terms(m, data);
	return error ? error : read_since(m, data);
}

/* "sub-12", as `subscribed` gave it. */
static int read_unsubscribe(struct gw_message *m, const json_t *data)
{
	struct sl_slice id;

	if (sl_json_in_string(data, "subscriptionId", &id)) {
		char *end;
		unsigned long number = strncmp(id.data, "sub-", 4) == 0 &&
					       id.data[4] >= '0' && id.data[4] <= '9'
					   ? strtoul(id.data + 4, &end, 10)
					   : 0;
		if (number == 0 || number > UINT32_MAX || *end != '\0')
			return refuse(m, "unknown-subscription",
			    "\"subscriptionId\" is none of yours");
		m->subscription = (uint32_t)number;
		return SL_OK;
	}
	int error = read_names(m, data);
	if (error)
		return error;
	if (!m->names)
		return refuse(m, "bad-message",
		    "\"subscriptionId\", \"topics\" or \"metrics\" is missing");
	return SL_OK;
}

static int read_token(struct gw_message *m, const json_t *data)
{
	if (!sl_json_in_string(data, "token", &m->token))
		return refuse(m, "bad-message", "\"token\" is missing");
	return SL_OK;
}

static int read_data(struct gw_message *m)
{
	const json_t *data = json_object_get(m->tree, "data");

	if (data && !json_is_object(data))
		return refuse(m, "bad-message", "\"data\" must be an object");
	switch (m->type) {
	case GW_MESSAGE_AUTH:
	case GW_MESSAGE_REFRESH:
		return read_token(m, data);
	case GW_MESSAGE_SUBSCRIBE:
		return read_subscribe(m, data);
	case GW_MESSAGE_UNSUBSCRIBE:
		return read_unsubscribe(m, data);
	case GW_MESSAGE_PING:
		break;
	}
	return SL_OK;
}

static int read_tree(struct gw_message *message)
{
	if (!json_is_object(message->tree))
		return refuse(message, "bad-message", "a message is an object");
	int error = read_id(message);
	if (!error)
		error = read_type(message);
	return error ? error : read_data(message);
}

int gw_message_parse(const char *data, size_t len, struct gw_message *message)
{
	struct sl_json_in_error why;

	memset(message, 0, sizeof *message);
	message->tree = sl_json_in_parse(data, len, &why);
	if (!message->tree)
		return refuse(message, "bad-json", "line %d, column %d: %s", why.line,
		    why.column, why.text);
	return read_tree(message);
}

int gw_message_read(const json_t *tree, struct gw_message *message)
{
	memset(message, 0, sizeof *message);
	message->tree = json_incref((json_t *)(uintptr_t)tree);
	return read_tree(message);
}

void gw_message_clear(struct gw_message *message)
{
	json_decref(message->tree);
	sl_buf_clear(&message->id_text);
	message->tree = NULL;
}

size_t gw_message_name_count(const struct gw_message *message)
{
	return json_array_size(message->names);
}

struct sl_slice gw_message_name(const struct gw_message *message, size_t i)
{
	const json_t *name = json_array_get(message->names, i);

	return (struct sl_slice){json_string_value(name), json_string_length(name)};
}
