/* SPDX-License-Identifier: Apache-2.0 */
#include "probe_target.h"

#include <string.h>

#include "error.h"
#include "place.h"
#include "scan.h"

#define HTTP_PORT 80

static bool copy(struct sl_slice in, char *out, size_t size)
{
	if (in.len >= size)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		/* A control character or blank would end up in the request. */
		if ((unsigned char)in.data[i] <= 0x20 || in.data[i] == 0x7f)
			return false;
		out[i] = in.data[i];
	}
	out[in.len] = '\0';
	return true;
}

static const char *parse_url(const char *url, struct col_probe_target *out)
{
	struct sl_slice rest = {url, strlen(url)};

	if (!col_scan_prefix(&rest, "http://"))
		return "url has to begin with http://";
	const char *slash = memchr(rest.data, '/', rest.len);
	struct sl_slice authority = rest;
	if (slash != NULL)
		authority.len = (size_t)(slash - rest.data);
	struct sl_slice path = {rest.data + authority.len, rest.len - authority.len};
	if (path.len == 0)
		path = (struct sl_slice){"/", 1};
	out->http = true;
	out->port = HTTP_PORT;
	if (!col_place_authority(authority, false, out->host, &out->port) ||
	    !copy(authority, out->authority, sizeof(out->authority)))
		return "url needs a host, and a port from 1 to 65535 if any";
	if (!copy(path, out->path, sizeof(out->path)))
		return "url has a path that is too long, or a blank or control character";
	return NULL;
}

static const char *parse_socket(const char *socket, struct col_probe_target *out)
{
	struct sl_slice text = {socket, strlen(socket)};

	if (socket[0] == '/') {
		if (text.len >= sizeof(out->unix_path))
			return "socket is a path of more than 107 bytes";
		memcpy(out->unix_path, socket, text.len + 1);
		return NULL;
	}
	if (!col_place_authority(text, true, out->host, &out->port))
		return "socket has to be host:port or a path";
	return NULL;
}

int col_probe_target_parse(const char *url, const char *socket,
    struct col_probe_target *out, const char **problem)
{
	*out = (struct col_probe_target){0};
	*problem = NULL;
	if (url[0] == '\0' && socket[0] == '\0')
		*problem = "needs a url or a socket";
	if (*problem == NULL && url[0] != '\0')
		*problem = parse_url(url, out);
	if (*problem == NULL && socket[0] != '\0')
		*problem = parse_socket(socket, out);
	return *problem == NULL ? 0 : SL_EINVAL;
}

void col_probe_target_request(const struct col_probe_target *target, struct sl_buf *out)
{
	sl_buf_addf(out,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sightline-probe\r\n"
	    "Accept: */*\r\nConnection: close\r\n\r\n",
	    target->path, target->authority);
}

int col_probe_target_status(struct sl_slice text)
{
	static const char form[] = "HTTP/1.";
	struct sl_slice rest = text;

	for (size_t i = 0; i < text.len && i < sizeof(form) - 1; i++)
		if (text.data[i] != form[i])
			return SL_EMALFORMED;
	if (memchr(text.data, '\n', text.len) == NULL)
		return text.len < COL_PROBE_LINE_MAX ? SL_EAGAIN : SL_EMALFORMED;
	/* "HTTP/1.1 200": ten bytes of form, then what follows the number. */
	if (text.len < 13 || (text.data[7] != '0' && text.data[7] != '1') ||
	    text.data[8] != ' ')
		return SL_EMALFORMED;
	rest = (struct sl_slice){text.data + 9, 3};
	uint64_t status;
	if (!col_scan_u64(&rest, &status) || rest.len != 0 || status < 100 ||
	    status > 599 ||
	    (text.data[12] != ' ' && text.data[12] != '\r' && text.data[12] != '\n'))
		return SL_EMALFORMED;
	return (int)status;
}
