/* SPDX-License-Identifier: Apache-2.0 */
#include "http_head.h"

#include <string.h>

#include "http_fault.h"
#include "http_parse.h"

/* A request line is method, target and "HTTP/1.1" around one URI. */
#define LINE_EXTRA 32

static void fail(struct sl_http_head *head, const struct sl_http_parse_error *fault)
{
	head->fault = fault;
}

static bool is_token(unsigned char c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

/* Checks the method, before llhttp does, to tell unknown from malformed. */
static void read_method(struct sl_http_head *head)
{
	static const char *const refused[] = {"PATCH", "TRACE", "CONNECT"};
	const char *line = head->bytes.data;
	size_t len = 0;

	while (len < head->first_line && is_token((unsigned char)line[len]))
		len++;
	if (len == 0 || len == head->first_line || line[len] != ' ') {
		fail(head, &sl_http_fault_bad_line);
		return;
	}
#define X(id, bit, name)                                                                 \
	if (len == sizeof name - 1 && memcmp(line, name, len) == 0) {                    \
		head->method = id;                                                       \
		return;                                                                  \
	}
	SL_HTTP_METHOD_TABLE(X)
#undef X
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (strlen(refused[i]) == len && memcmp(line, refused[i], len) == 0) {
			fail(head, &sl_http_fault_refused_method);
			return;
		}
	bool preface = len == 3 && memcmp(line, "PRI", 3) == 0;
	fail(head, preface ? &sl_http_fault_bad_version : &sl_http_fault_bad_method);
}

/* "METHOD SP target SP HTTP/1.0|1", literally: no other spaces. */
static void check_request_line(struct sl_http_head *head)
{
	const char *line = head->bytes.data;
	size_t len = head->first_line - 2;
	size_t target = strlen(sl_http_method_name(head->method)) + 1;

	if (len < target + 10 || memcmp(line + len - 9, " HTTP/", 6) != 0 ||
	    memchr(line + target, ' ', len - 9 - target))
		fail(head, &sl_http_fault_bad_line);
	else if (memcmp(line + len - 3, "1.1", 3) != 0 &&
		 memcmp(line + len - 3, "1.0", 3) != 0)
		fail(head, &sl_http_fault_bad_version);
}

/* A field begins with a name of at least one token character, then a colon. */
static void check_field_name(struct sl_http_head *head)
{
	const char *line = head->bytes.data + head->line_start;
	size_t len = 0;

	while (is_token((unsigned char)line[len]))
		len++;
	if (len == 0 || line[len] != ':')
		fail(head, &sl_http_fault_bad_field);
}

/* A line ends at bytes.len - 1, where a LF stands.  True if it ends the head. */
static bool end_line(struct sl_http_head *head)
{
	size_t len = head->bytes.len - head->line_start;

	if (len < 2 || head->bytes.data[head->bytes.len - 2] != '\r') {
		fail(head, &sl_http_fault_bad_line_end);
		return false;
	}
	if (!head->first_line) {
		if (len == 2) { /* empty lines before a request are skipped */
			head->bytes.len = head->line_start;
			return false;
		}
		head->first_line = len;
		head->line_start = head->bytes.len;
		read_method(head);
		if (!head->fault)
			check_request_line(head);
		return false;
	}
	if (len > 2)
		check_field_name(head);
	head->line_start = head->bytes.len;
	return len == 2;
}

/* Appends part of a line (with its LF, if that is there) after checking it. */
static void add_to_line(struct sl_http_head *head, const char *data, size_t len)
{
	bool in_first = head->first_line == 0;

	if (!in_first && head->bytes.len == head->line_start &&
	    (data[0] == ' ' || data[0] == '\t')) {
		fail(head, &sl_http_fault_bad_fold);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		bool after_cr = i > 0 ? data[i - 1] == '\r'
				      : head->bytes.len > head->line_start &&
					    head->bytes.data[head->bytes.len - 1] == '\r';
		if (after_cr && c != '\n') {
			fail(head, &sl_http_fault_bad_line_end);
			return;
		}
		if (c >= 0x20 && c != 0x7f && (!in_first || c < 0x80))
			continue;
		if (c != '\r' && c != '\n' && (c != '\t' || in_first)) {
			fail(head, &sl_http_fault_bad_byte);
			return;
		}
	}
	sl_buf_add(&head->bytes, data, len);
	if (in_first && head->bytes.len > head->limits->uri_max + LINE_EXTRA)
		fail(head, &sl_http_fault_long_uri);
	else if (!in_first &&
		 head->bytes.len - head->first_line > head->limits->header_max)
		fail(head, &sl_http_fault_long_head);
}

size_t sl_http_head_feed(struct sl_http_head *head, const char *data, size_t len)
{
	size_t most = head->limits->uri_max + LINE_EXTRA + head->limits->header_max;
	size_t at = 0;

	while (at < len && !head->fault && !head->complete) {
		const char *lf = memchr(data + at, '\n', len - at);
		size_t n = lf ? (size_t)(lf - data) + 1 - at : len - at;
		bool whole = lf != NULL;
		if (n > most) {
			n = most;
			whole = false;
		}
		add_to_line(head, data + at, n);
		at += n;
		if (whole && !head->fault)
			head->complete = end_line(head);
	}
	return at;
}
