/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy.h"

#include <string.h>
#include <strings.h>

static bool is_named(const struct sl_http_field *field, const char *name)
{
	return field->name.len == strlen(name) &&
	       strncasecmp(field->name.data, name, field->name.len) == 0;
}

bool gw_proxy_trusts(const struct sl_names *trusted, const struct sl_addr *addr)
{
	for (size_t i = 0; i < trusted->count; i++) {
		if (sl_addr_in_network(addr, trusted->name[i]))
			return true;
	}
	return false;
}

bool gw_proxy_is_local(const struct gw_proxy_origin *origin)
{
	return (origin->trusted || !origin->forwarded) &&
	       sl_addr_is_loopback(&origin->client);
}

/* "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]:80" */
static bool parse_hop(struct sl_addr *addr, const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	const char *colon = memchr(text, ':', len);
	if (len > 0 && *text == '[') {
		const char *end = memchr(text, ']', len);
		if (!end)
			return false;
		return sl_addr_parse(addr, text + 1, (size_t)(end - text) - 1) == 0;
	}
	if (colon && !memchr(colon + 1, ':', len - (size_t)(colon + 1 - text)))
		len = (size_t)(colon - text);
	return sl_addr_parse(addr, text, len) == 0;
}

/* Walks one field from its end; false once the client has been found. */
static bool walk(
    struct sl_slice hops, const struct sl_names *trusted, struct sl_addr *client)
{
	size_t end = hops.len;

	for (;;) {
		size_t start = end;
		struct sl_addr hop;
		while (start > 0 && hops.data[start - 1] != ',')
			start--;
		if (!parse_hop(&hop, hops.data + start, end - start))
			return false;
		*client = hop;
		if (!gw_proxy_trusts(trusted, &hop))
			return false;
		if (start == 0)
			return true;
		end = start - 1;
	}
}

void gw_proxy_read(const struct sl_http_request *request, const struct sl_names *trusted,
    struct gw_proxy_origin *out)
{
	int protos = 0;
	int tls = 0;
	bool more;

	*out = (struct gw_proxy_origin){.client = request->peer};
	more = out->trusted = gw_proxy_trusts(trusted, &request->peer);
	for (int i = request->field_count - 1; i >= 0; i--) {
		const struct sl_http_field *field = &request->fields[i];
		if (is_named(field, "X-Forwarded-For")) {
			out->forwarded = true;
			more = more && walk(field->value, trusted, &out->client);
		} else if (is_named(field, "X-Forwarded-Proto")) {
			out->forwarded = true;
			protos++;
			tls += field->value.len == 5 &&
			       strncasecmp(field->value.data, "https", 5) == 0;
		} else if (is_named(field, "Forwarded")) {
			out->forwarded = true;
		}
	}
	out->secure = out->trusted && protos > 0 ? tls == protos : request->tls;
}
