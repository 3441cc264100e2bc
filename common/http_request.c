/* SPDX-License-Identifier: Apache-2.0 */
#include "http_request.h"

#include <string.h>
#include <strings.h>

#include "url.h"

const char *sl_http_method_name(enum sl_http_method method)
{
	switch (method) {
#define X(id, bit, name)                                                                 \
	case id:                                                                         \
		return name;
		SL_HTTP_METHOD_TABLE(X)
#undef X
	}
	return "?";
}

static bool same_name(struct sl_slice a, const char *name, size_t len)
{
	return a.len == len && strncasecmp(a.data, name, len) == 0;
}

struct sl_slice sl_http_request_header(
    const struct sl_http_request *request, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < request->field_count; i++)
		if (same_name(request->fields[i].name, name, len))
			return request->fields[i].value;
	return (struct sl_slice){0};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct sl_slice trim(struct sl_slice s)
{
	while (s.len > 0 && is_blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Cuts the next element of a list off rest. */
static struct sl_slice next_element(struct sl_slice *rest, char separator)
{
	const char *end = memchr(rest->data, separator, rest->len);
	struct sl_slice element = {
	    rest->data, end ? (size_t)(end - rest->data) : rest->len};
	size_t taken = element.len + (end ? 1 : 0);

	rest->data += taken;
	rest->len -= taken;
	return trim(element);
}

bool sl_http_request_has_token(
    const struct sl_http_request *request, const char *name, const char *token)
{
	size_t name_len = strlen(name), token_len = strlen(token);

	for (int i = 0; i < request->field_count; i++) {
		if (!same_name(request->fields[i].name, name, name_len))
			continue;
		struct sl_slice rest = request->fields[i].value;
		while (rest.len > 0)
			if (same_name(next_element(&rest, ','), token, token_len))
				return true;
	}
	return false;
}

/* Whether an element of Accept-Encoding has the weight 0; cuts it down to its name. */
static bool is_refusal(struct sl_slice *element)
{
	struct sl_slice weight = *element;

	*element = next_element(&weight, ';');
	weight = trim(weight);
	if (weight.len < 3 || strncasecmp(weight.data, "q=0", 3) != 0)
		return false;
	for (size_t i = 3; i < weight.len; i++)
		if (weight.data[i] >= '1' && weight.data[i] <= '9')
			return false;
	return true;
}

bool sl_http_request_accepts(const struct sl_http_request *request, const char *coding)
{
	size_t len = strlen(coding);
	bool any = false, named = false;

	for (int i = 0; i < request->field_count; i++) {
		if (!same_name(request->fields[i].name, "accept-encoding", 15))
			continue;
		struct sl_slice rest = request->fields[i].value;
		while (rest.len > 0) {
			struct sl_slice element = next_element(&rest, ',');
			bool refused = is_refusal(&element);
			if (same_name(element, coding, len)) {
				if (refused)
					return false;
				named = true;
			} else if (same_name(element, "*", 1)) {
				any = !refused;
			}
		}
	}
	return named || any;
}

struct sl_slice sl_http_request_cookie(
    const struct sl_http_request *request, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < request->field_count; i++) {
		if (!same_name(request->fields[i].name, "cookie", 6))
			continue;
		struct sl_slice rest = request->fields[i].value;
		while (rest.len > 0) {
			struct sl_slice pair = next_element(&rest, ';');
			if (pair.len <= len || pair.data[len] != '=' ||
			    memcmp(pair.data, name, len) != 0)
				continue;
			struct sl_slice value = {pair.data + len + 1, pair.len - len - 1};
			if (value.len >= 2 && value.data[0] == '"' &&
			    value.data[value.len - 1] == '"') {
				value.data++;
				value.len -= 2;
			}
			return value;
		}
	}
	return (struct sl_slice){0};
}

int sl_http_request_query(
    const struct sl_http_request *request, const char *name, struct sl_buf *out)
{
	return sl_url_query_get(out, request->query.data, request->query.len, name);
}

struct sl_slice sl_http_request_bearer(const struct sl_http_request *request)
{
	struct sl_slice value = sl_http_request_header(request, "authorization");

	if (value.len < 7 || strncasecmp(value.data, "bearer ", 7) != 0)
		return (struct sl_slice){0};
	value.data += 7;
	value.len -= 7;
	return trim(value);
}
