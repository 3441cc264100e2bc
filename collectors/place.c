/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "scan.h"

static bool parse_port(struct sl_slice text, uint16_t *port)
{
	uint64_t value;

	if (!col_scan_u64(&text, &value) || text.len != 0 || value == 0 ||
	    value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

bool col_place_authority(
    struct sl_slice text, bool port_required, char host[COL_PLACE_HOST], uint16_t *port)
{
	struct sl_slice name = text, rest;

	if (text.len > 0 && text.data[0] == '[') {
		const char *close = memchr(text.data, ']', text.len);
		if (close == NULL)
			return false;
		name = (struct sl_slice){text.data + 1, (size_t)(close - text.data) - 1};
		rest = (struct sl_slice){close + 1, text.len - name.len - 2};
	} else {
		const char *colon = memchr(text.data, ':', text.len);
		if (colon != NULL)
			name.len = (size_t)(colon - text.data);
		rest = (struct sl_slice){text.data + name.len, text.len - name.len};
	}
	if (name.len == 0 || name.len >= COL_PLACE_HOST)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] <= 0x20 || name.data[i] == 0x7f)
			return false;
	memcpy(host, name.data, name.len);
	host[name.len] = '\0';
	if (rest.len == 0)
		return !port_required;
	return col_scan_prefix(&rest, ":") && parse_port(rest, port);
}

static const char *read_url(const char *url, struct col_place *out)
{
	struct sl_slice rest = {url, strlen(url)};

	out->tls = col_scan_prefix(&rest, "https://");
	if (!out->tls && !col_scan_prefix(&rest, "http://"))
		return "has to begin with http:// or https://";
	for (size_t i = 0; i < rest.len; i++)
		if ((unsigned char)rest.data[i] <= 0x20 || rest.data[i] == 0x7f)
			return "has a blank or control character";
	struct sl_slice authority = {rest.data, strcspn(rest.data, "/?#")};
	if (memchr(authority.data, '@', authority.len) != NULL)
		return "has a user or password, which belong into a file";
	if (memchr(rest.data, '#', rest.len) != NULL)
		return "has a fragment";
	out->port = out->tls ? 443 : 80;
	bool address = authority.len > 0 && *authority.data == '[';
	/* What is no name or address might be another host to another reader. */
	if (!col_place_authority(authority, false, out->host, &out->port) ||
	    strspn(out->host, address
				  ? "0123456789abcdefABCDEF:."
				  : "0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._") != strlen(out->host))
		return "needs a host, and a port from 1 to 65535 if any";
	snprintf(out->authority, sizeof(out->authority), address ? "[%s]:%u" : "%s:%u",
	    out->host, out->port);
	return NULL;
}

int col_place_url(const char *url, struct col_place *out, const char **problem)
{
	*out = (struct col_place){.port = 0};
	*problem = read_url(url, out);
	return *problem == NULL ? 0 : SL_EINVAL;
}

bool col_place_same_origin(const struct col_place *a, const struct col_place *b)
{
	return a->tls == b->tls && a->port == b->port &&
	       strcasecmp(a->host, b->host) == 0;
}
