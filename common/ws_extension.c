/* SPDX-License-Identifier: Apache-2.0 */
#include "ws_extension.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "zip.h"

#define PARAMETERS_MAX 16

struct parameter {
	struct sl_slice name;
	struct sl_slice value; /* data NULL: none was given */
};

/* One extension of the list, as it was offered. */
struct offer {
	struct sl_slice name;
	size_t count; /* of parameters, also of those past the array */
	struct parameter parameter[PARAMETERS_MAX];
};

/* ---- the field's grammar (RFC 6455, 9.1) ---------------------------------------- */

struct cursor {
	const char *p;
	const char *end;
};

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_blank(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
}

static bool skip(struct cursor *c, char wanted)
{
	skip_blank(c);
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	skip_blank(c);
	return true;
}

static struct sl_slice token(struct cursor *c)
{
	const char *start = c->p;

	while (c->p < c->end && is_token_char(*c->p))
		c->p++;
	return (struct sl_slice){start, (size_t)(c->p - start)};
}

/* A token, maybe in quotes; what is quoted must be a token, too. */
static struct sl_slice value(struct cursor *c)
{
	bool quoted = c->p < c->end && *c->p == '"';

	if (quoted)
		c->p++;
	struct sl_slice text = token(c);
	if (!quoted)
		return text;
	if (c->p == c->end || *c->p != '"')
		return (struct sl_slice){0};
	c->p++;
	return text;
}

static int read_offer(struct cursor *c, struct offer *offer)
{
	offer->count = 0;
	offer->name = token(c);
	if (offer->name.len == 0)
		return SL_EMALFORMED;
	while (skip(c, ';')) {
		struct parameter p = {.name = token(c)};
		if (p.name.len == 0)
			return SL_EMALFORMED;
		if (skip(c, '=')) {
			p.value = value(c);
			if (p.value.len == 0)
				return SL_EMALFORMED;
		}
		if (offer->count < PARAMETERS_MAX)
			offer->parameter[offer->count] = p;
		offer->count++;
	}
	return 0;
}

/* ---- what is agreed on ------------------------------------------------------------ */

static bool same(struct sl_slice s, const char *name)
{
	return s.len == strlen(name) && strncasecmp(s.data, name, s.len) == 0;
}

/* A window as a decimal number without leading zeros; 0 if it is none. */
static int window(struct sl_slice s)
{
	int bits = 0;

	if (s.len < 1 || s.len > 2 || s.data[0] == '0')
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return 0;
		bits = bits * 10 + (s.data[i] - '0');
	}
	return bits >= SL_ZIP_WINDOW_BITS_MIN && bits <= SL_ZIP_WINDOW_BITS_MAX ? bits
										: 0;
}

/* Takes one parameter; false if the offer cannot be kept with it. */
static bool accept_parameter(const struct parameter *p, struct sl_ws_extension *chosen)
{
	bool has_value = p->value.data != NULL;

	if (same(p->name, "server_no_context_takeover") ||
	    same(p->name, "client_no_context_takeover"))
		return !has_value; /* both are the case anyway */
	if (same(p->name, "client_max_window_bits"))
		return !has_value || window(p->value); /* we take any window */
	if (!same(p->name, "server_max_window_bits") || !has_value)
		return false;
	int bits = window(p->value);
	if (bits == 0)
		return false;
	chosen->names_window = true;
	chosen->window_bits =
	    (uint8_t)(bits < SL_ZIP_WINDOW_BITS ? bits : SL_ZIP_WINDOW_BITS);
	return true;
}

static bool same_slice(struct sl_slice a, struct sl_slice b)
{
	return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool accept_offer(const struct offer *offer, struct sl_ws_extension *chosen)
{
	struct sl_ws_extension found = {
	    .deflate = true, .window_bits = SL_ZIP_WINDOW_BITS};

	if (!same(offer->name, "permessage-deflate") || offer->count > PARAMETERS_MAX)
		return false;
	for (size_t i = 0; i < offer->count; i++) {
		for (size_t k = 0; k < i; k++)
			if (same_slice(
				offer->parameter[i].name, offer->parameter[k].name))
				return false;
		if (!accept_parameter(&offer->parameter[i], &found))
			return false;
	}
	*chosen = found;
	return true;
}

static int choose_in(struct sl_slice field, struct sl_ws_extension *chosen)
{
	struct cursor c = {field.data, field.data + field.len};
	struct offer offer;

	/* Lists may have empty elements (RFC 9110, 5.6.1.2). */
	for (;;) {
		while (skip(&c, ','))
			;
		if (c.p == c.end)
			return 0;
		if (read_offer(&c, &offer))
			return SL_EMALFORMED;
		if (c.p < c.end && *c.p != ',')
			return SL_EMALFORMED;
		if (!chosen->deflate)
			accept_offer(&offer, chosen);
	}
}

int sl_ws_extension_choose(
    const struct sl_http_request *request, struct sl_ws_extension *chosen)
{
	static const char name[] = "sec-websocket-extensions";

	*chosen = (struct sl_ws_extension){0};
	for (int i = 0; i < request->field_count; i++) {
		const struct sl_http_field *field = &request->fields[i];
		if (same(field->name, name) && choose_in(field->value, chosen))
			return SL_EMALFORMED;
	}
	return 0;
}

void sl_ws_extension_text(
    const struct sl_ws_extension *chosen, char text[SL_WS_EXTENSION_TEXT])
{
	text[0] = '\0';
	if (!chosen->deflate)
		return;
	int n = snprintf(text, SL_WS_EXTENSION_TEXT,
	    "permessage-deflate; server_no_context_takeover; "
	    "client_no_context_takeover");
	if (chosen->names_window)
		snprintf(text + n, SL_WS_EXTENSION_TEXT - (size_t)n,
		    "; server_max_window_bits=%u", chosen->window_bits);
}
