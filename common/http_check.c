/* SPDX-License-Identifier: Apache-2.0 */
#include "http_check.h"

#include <string.h>
#include <strings.h>

#include "http_fault.h"
#include "http_host.h"
#include "http_parse.h"
#include "url.h"

static bool is_text(struct sl_slice slice, const char *text)
{
	return slice.len == strlen(text) && strncasecmp(slice.data, text, slice.len) == 0;
}

static int count_fields(const struct sl_http_request *request, const char *name)
{
	int n = 0;

	for (int i = 0; i < request->field_count; i++)
		n += is_text(request->fields[i].name, name);
	return n;
}

/* Fields of which a second one would make the request mean two things. */
static const struct sl_http_parse_error *check_single(
    const struct sl_http_request *request)
{
	static const char *const single[] = {"authorization", "content-length",
	    "content-type", "expect", "origin", "sec-websocket-key",
	    "sec-websocket-version", "transfer-encoding"};

	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		if (count_fields(request, single[i]) > 1)
			return &sl_http_fault_bad_twice;
	return NULL;
}

static const struct sl_http_parse_error *check_host(struct sl_http_request *request)
{
	int n = count_fields(request, "host");
	struct sl_slice host = sl_http_request_header(request, "host");

	if (n > 1 || (n == 0 && request->version_minor > 0) ||
	    (n == 1 && !sl_http_host_valid(host.data, host.len)))
		return &sl_http_fault_bad_host;
	request->host = host;
	return NULL;
}

static const struct sl_http_parse_error *check_body(
    const struct sl_http_request *request, const struct sl_http_check_size *size)
{
	struct sl_slice coding = sl_http_request_header(request, "transfer-encoding");
	struct sl_slice length = sl_http_request_header(request, "content-length");
	struct sl_slice expect = sl_http_request_header(request, "expect");

	if (coding.data && (length.data || request->version_minor == 0))
		return &sl_http_fault_bad_length;
	if (coding.data && !is_text(coding, "chunked"))
		return &sl_http_fault_bad_coding;
	if (length.data && size->body > size->limits->body_max)
		return &sl_http_fault_long_body;
	if (expect.data && !is_text(expect, "100-continue"))
		return &sl_http_fault_bad_expect;
	return NULL;
}

/* Splits the target into path and query; an absolute one brings its own host. */
static const struct sl_http_parse_error *read_target(
    struct sl_http_request *request, size_t uri_max, struct sl_buf *path)
{
	const char *at = request->target.data;
	const char *end = at + request->target.len;

	if (request->target.len == 0)
		return &sl_http_fault_bad_target;
	if (request->target.len > uri_max)
		return &sl_http_fault_long_uri;
	if (*at != '/') {
		bool star =
		    is_text(request->target, "*") && request->method == SL_HTTP_OPTIONS;
		if (!star && !sl_http_host_cut(&at, end, &request->host))
			return &sl_http_fault_bad_target;
		at += star ? 1 : 0;
	}
	const char *mark = memchr(at, '?', (size_t)(end - at));
	const char *path_end = mark ? mark : end;
	if (memchr(at, '#', (size_t)(end - at)) ||
	    sl_url_path(path, at, (size_t)(path_end - at)) != 0)
		return &sl_http_fault_bad_target;
	request->path.data = sl_buf_text(path);
	request->path.len = path->len;
	if (mark)
		request->query = (struct sl_slice){mark + 1, (size_t)(end - mark) - 1};
	return NULL;
}

const struct sl_http_parse_error *sl_http_check_request(struct sl_http_request *request,
    const struct sl_http_check_size *size, struct sl_buf *path)
{
	const struct sl_http_parse_error *fault = check_single(request);

	if (!fault)
		fault = check_host(request);
	if (!fault)
		fault = check_body(request, size);
	if (!fault)
		fault = read_target(request, size->limits->uri_max, path);
	return fault;
}

bool sl_http_check_continues(const struct sl_http_request *request)
{
	return request->version_minor > 0 &&
	       sl_http_request_header(request, "expect").data;
}
