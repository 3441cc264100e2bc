/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The head (request line and fields) is collected in one buffer
 * and checked byte by byte as it comes: only CRLF ends a line, no NUL or other
 * control character, no folded line, sizes bounded.  Once the empty line is
 * there, llhttp parses the head in one call, so every span it reports is
 * contiguous in that buffer and lives as long as the request.  What llhttp
 * accepts and we don't (FACTS: Host, Transfer-Encoding, chunk sizes, repeated
 * fields) is checked before a byte of the body is read.  The body then goes
 * through llhttp as it arrives.
 */
#include "http_parse.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_host.h"
#include "url.h"
#include "uuid.h"

/* A request line is method, target and "HTTP/1.1" around one URI. */
#define LINE_MAX (SL_HTTP_URI_MAX + 32)
/* What framing may add to a chunked body: many tiny chunks, extensions, trailers. */
#define FRAMING_MAX(body_max) (4 * (body_max) + 65536)

struct sl_http_parse {
	llhttp_t llhttp;
	enum sl_http_parse_state state;
	const struct sl_http_parse_error *error;
	size_t body_max;
	size_t body_wire_bytes;
	struct sl_buf head;
	size_t line_start; /* in head: where the line that is not complete begins */
	size_t first_line; /* length of the request line with its CRLF, once complete */
	bool after_value;  /* the last span was a field's value */
	bool expects_continue;
	struct sl_buf path;
	struct sl_buf body;
	struct sl_http_request request;
};

#define PARSE_ERRORS(X)                                                                  \
	X(bad_line, 400, "malformed-request", "malformed request line")                  \
	X(bad_line_end, 400, "malformed-request", "lines must end with CR LF")           \
	X(bad_byte, 400, "malformed-request", "control character in the request head")   \
	X(bad_fold, 400, "malformed-request", "folded header line")                      \
	X(bad_field, 400, "malformed-request", "malformed header field")                 \
	X(bad_target, 400, "malformed-request", "malformed request target")              \
	X(bad_host, 400, "malformed-request", "exactly one valid Host is required")      \
	X(bad_twice, 400, "malformed-request", "header field given more than once")      \
	X(bad_length, 400, "malformed-request", "malformed or ambiguous body length")    \
	X(bad_coding, 501, "unsupported-transfer-coding",                                \
	    "only the transfer coding chunked is understood")                            \
	X(bad_chunk, 400, "malformed-request", "malformed chunked body")                 \
	X(bad_method, 501, "unknown-method", "this method is not known")                 \
	X(refused_method, 405, "method-not-allowed", "this method is not served here")   \
	X(bad_version, 505, "http-version", "only HTTP/1.0 and HTTP/1.1 are spoken")     \
	X(bad_expect, 417, "expectation-failed", "only 100-continue can be expected")    \
	X(long_uri, 414, "uri-too-long", "the request target exceeds 8192 bytes")        \
	X(long_head, 431, "headers-too-large",                                           \
	    "the header fields exceed 16384 bytes or 100 fields")                        \
	X(long_body, 413, "body-too-large", "the body exceeds the limit")

#define X(id, status, name, detail)                                                      \
	static const struct sl_http_parse_error id = {status, name, detail};
PARSE_ERRORS(X)
#undef X

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
			fail(parse, &long_head);
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

	if (llhttp->content_length > parse->body_max - parse->body.len) {
		fail(parse, &long_body);
		return -1;
	}
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
	struct sl_http_parse *parse = llhttp->data;

	if (len > parse->body_max - parse->body.len) {
		fail(parse, &long_body);
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

/* ---- the head's bytes ------------------------------------------------------ */

static bool is_token(unsigned char c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

/* Checks the method, before llhttp does, to tell unknown from malformed. */
static void read_method(struct sl_http_parse *parse)
{
	static const char *const refused[] = {"PATCH", "TRACE", "CONNECT"};
	const char *line = parse->head.data;
	size_t len = 0;

	while (len < parse->first_line && is_token((unsigned char)line[len]))
		len++;
	if (len == 0 || len == parse->first_line || line[len] != ' ') {
		fail(parse, &bad_line);
		return;
	}
#define X(id, bit, name)                                                                 \
	if (len == sizeof name - 1 && memcmp(line, name, len) == 0) {                    \
		parse->request.method = id;                                              \
		return;                                                                  \
	}
	SL_HTTP_METHOD_TABLE(X)
#undef X
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (strlen(refused[i]) == len && memcmp(line, refused[i], len) == 0) {
			fail(parse, &refused_method);
			return;
		}
	bool preface = len == 3 && memcmp(line, "PRI", 3) == 0;
	fail(parse, preface ? &bad_version : &bad_method);
}

/* "METHOD SP target SP HTTP/1.0|1", literally: no other spaces. */
static void check_request_line(struct sl_http_parse *parse)
{
	const char *line = parse->head.data;
	size_t len = parse->first_line - 2;
	size_t target = strlen(sl_http_method_name(parse->request.method)) + 1;

	if (len < target + 10 || memcmp(line + len - 9, " HTTP/", 6) != 0 ||
	    memchr(line + target, ' ', len - 9 - target))
		fail(parse, &bad_line);
	else if (memcmp(line + len - 3, "1.1", 3) != 0 &&
		 memcmp(line + len - 3, "1.0", 3) != 0)
		fail(parse, &bad_version);
}

/* A field begins with a name of at least one token character, then a colon. */
static void check_field_name(struct sl_http_parse *parse)
{
	const char *line = parse->head.data + parse->line_start;
	size_t len = 0;

	while (is_token((unsigned char)line[len]))
		len++;
	if (len == 0 || line[len] != ':')
		fail(parse, &bad_field);
}

/* A line ends at head.len - 1, where a LF stands.  True if it ends the head. */
static bool end_line(struct sl_http_parse *parse)
{
	struct sl_buf *head = &parse->head;
	size_t len = head->len - parse->line_start;

	if (len < 2 || head->data[head->len - 2] != '\r') {
		fail(parse, &bad_line_end);
		return false;
	}
	if (!parse->first_line) {
		if (len == 2) { /* empty lines before a request are skipped */
			head->len = parse->line_start;
			return false;
		}
		parse->first_line = len;
		parse->line_start = head->len;
		read_method(parse);
		if (parse->state != SL_HTTP_PARSE_FAILED)
			check_request_line(parse);
		return false;
	}
	if (len > 2)
		check_field_name(parse);
	parse->line_start = head->len;
	return len == 2;
}

/* Appends part of a line (with its LF, if that is there) after checking it. */
static void add_to_line(struct sl_http_parse *parse, const char *data, size_t len)
{
	struct sl_buf *head = &parse->head;
	bool in_first = parse->first_line == 0;

	if (!in_first && head->len == parse->line_start &&
	    (data[0] == ' ' || data[0] == '\t')) {
		fail(parse, &bad_fold);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		bool after_cr = i > 0 ? data[i - 1] == '\r'
				      : head->len > parse->line_start &&
					    head->data[head->len - 1] == '\r';
		if (after_cr && c != '\n') {
			fail(parse, &bad_line_end);
			return;
		}
		if (c >= 0x20 && c != 0x7f && (!in_first || c < 0x80))
			continue;
		if (c != '\r' && c != '\n' && (c != '\t' || in_first)) {
			fail(parse, &bad_byte);
			return;
		}
	}
	sl_buf_add(head, data, len);
	if (in_first && head->len > LINE_MAX)
		fail(parse, &long_uri);
	else if (!in_first && head->len - parse->first_line > SL_HTTP_HEADER_MAX)
		fail(parse, &long_head);
}

/* ---- the head's meaning ----------------------------------------------------- */

static bool name_is(const struct sl_http_field *field, const char *name)
{
	return field->name.len == strlen(name) &&
	       strncasecmp(field->name.data, name, field->name.len) == 0;
}

static int count_fields(const struct sl_http_request *request, const char *name)
{
	int n = 0;

	for (int i = 0; i < request->field_count; i++)
		n += name_is(&request->fields[i], name);
	return n;
}

/* Fields of which a second one would make the request mean two things. */
static void check_single(struct sl_http_parse *parse)
{
	static const char *const single[] = {"authorization", "content-length",
	    "content-type", "expect", "origin", "sec-websocket-key",
	    "sec-websocket-version", "transfer-encoding"};

	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		if (count_fields(&parse->request, single[i]) > 1)
			fail(parse, &bad_twice);
}

static void check_host(struct sl_http_parse *parse)
{
	struct sl_http_request *request = &parse->request;
	int n = count_fields(request, "host");
	struct sl_slice host = sl_http_request_header(request, "host");

	if (n > 1 || (n == 0 && request->version_minor > 0) ||
	    (n == 1 && !sl_http_host_valid(host.data, host.len))) {
		fail(parse, &bad_host);
		return;
	}
	request->host = host;
}

static void check_body(struct sl_http_parse *parse)
{
	struct sl_http_request *request = &parse->request;
	struct sl_slice coding = sl_http_request_header(request, "transfer-encoding");
	struct sl_slice length = sl_http_request_header(request, "content-length");
	struct sl_slice expect = sl_http_request_header(request, "expect");
	bool body = coding.data || (parse->llhttp.flags & F_CONTENT_LENGTH);

	if (coding.data && (length.data || request->version_minor == 0))
		fail(parse, &bad_length);
	else if (coding.data &&
		 (coding.len != 7 || strncasecmp(coding.data, "chunked", 7) != 0))
		fail(parse, &bad_coding);
	else if (length.data && parse->llhttp.content_length > parse->body_max)
		fail(parse, &long_body);
	else if (expect.data &&
		 (expect.len != 12 || strncasecmp(expect.data, "100-continue", 12) != 0))
		fail(parse, &bad_expect);
	else
		parse->expects_continue =
		    expect.data && body && request->version_minor > 0;
}

/* Splits the target into path and query; an absolute one brings its own host. */
static void read_target(struct sl_http_parse *parse)
{
	struct sl_http_request *request = &parse->request;
	const char *at = request->target.data;
	const char *end = at + request->target.len;

	if (request->target.len > SL_HTTP_URI_MAX) {
		fail(parse, &long_uri);
		return;
	}
	if (*at != '/') {
		bool star = request->target.len == 1 && *at == '*' &&
			    request->method == SL_HTTP_OPTIONS;
		if (!star && !sl_http_host_cut(&at, end, &request->host)) {
			fail(parse, &bad_target);
			return;
		}
		at += star ? 1 : 0;
	}
	const char *mark = memchr(at, '?', (size_t)(end - at));
	const char *path_end = mark ? mark : end;
	if (memchr(at, '#', (size_t)(end - at)) ||
	    sl_url_path(&parse->path, at, (size_t)(path_end - at)) != 0) {
		fail(parse, &bad_target);
		return;
	}
	const char *path = sl_buf_text(&parse->path);
	request->path = (struct sl_slice){path, parse->path.len};
	if (mark)
		request->query = (struct sl_slice){mark + 1, (size_t)(end - mark) - 1};
}

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
		return &bad_target;
	case HPE_INVALID_VERSION:
		return &bad_version;
	case HPE_UNEXPECTED_CONTENT_LENGTH:
	case HPE_INVALID_CONTENT_LENGTH:
		return &bad_length;
	case HPE_INVALID_TRANSFER_ENCODING:
		return &bad_coding;
	default:
		return in_body ? &bad_chunk : &bad_field;
	}
}

/* Runs llhttp over the complete head and decides what follows. */
static void end_head(struct sl_http_parse *parse)
{
	static void (*const checks[])(struct sl_http_parse *) = {
	    check_single, check_host, check_body, read_target};
	struct sl_http_request *request = &parse->request;
	enum llhttp_errno code =
	    llhttp_execute(&parse->llhttp, parse->head.data, parse->head.len);

	if (parse->state == SL_HTTP_PARSE_FAILED)
		return;
	if (code != HPE_OK && code != HPE_PAUSED) {
		fail(parse, error_of(code, false));
		return;
	}
	trim_values(request);
	request->version_minor = llhttp_get_http_minor(&parse->llhttp);
	request->keep_alive = llhttp_should_keep_alive(&parse->llhttp);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		checks[i](parse);
		if (parse->state == SL_HTTP_PARSE_FAILED)
			return;
	}
	parse->state = code == HPE_PAUSED ? SL_HTTP_PARSE_DONE : SL_HTTP_PARSE_BODY;
}

static size_t feed_head(struct sl_http_parse *parse, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && parse->state == SL_HTTP_PARSE_HEAD) {
		const char *lf = memchr(data + at, '\n', len - at);
		size_t n = lf ? (size_t)(lf - data) + 1 - at : len - at;
		if (n > LINE_MAX + SL_HTTP_HEADER_MAX)
			n = LINE_MAX + SL_HTTP_HEADER_MAX;
		add_to_line(parse, data + at, n);
		at += n;
		if (lf && parse->state == SL_HTTP_PARSE_HEAD && data[at - 1] == '\n' &&
		    end_line(parse))
			end_head(parse);
	}
	return at;
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
	if (parse->body_wire_bytes > FRAMING_MAX(parse->body_max))
		fail(parse, &long_body);
	return used;
}

/* ---- use ------------------------------------------------------------------ */

struct sl_http_parse *sl_http_parse_new(size_t body_max)
{
	struct sl_http_parse *parse = malloc(sizeof *parse);
	uint8_t id[SL_UUID_BYTES];

	if (!parse)
		abort();
	/* All but the table of fields, which field_count bounds. */
	memset(parse, 0, offsetof(struct sl_http_parse, request.fields));
	llhttp_init(&parse->llhttp, HTTP_REQUEST, &settings);
	parse->llhttp.data = parse;
	parse->body_max = body_max;
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
	sl_buf_clear(&parse->head);
	sl_buf_clear(&parse->path);
	sl_buf_clear(&parse->body);
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
	return parse->head.len == 0;
}

struct sl_http_request *sl_http_parse_request(struct sl_http_parse *parse)
{
	return &parse->request;
}

const struct sl_http_parse_error *sl_http_parse_error(const struct sl_http_parse *parse)
{
	return parse->error;
}
