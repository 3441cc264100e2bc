/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_parse.h"

#define BODY_MAX 1000

static struct sl_http_limits limits = {.body_max = BODY_MAX};

/* Feeds text in pieces of the given size; the final state, or 0-status. */
static int parse_in_pieces(const char *text, size_t len, size_t piece, size_t *used_out)
{
	struct sl_http_parse *parse = sl_http_parse_new(&limits);
	enum sl_http_parse_state state = SL_HTTP_PARSE_HEAD;
	size_t at = 0, used;

	while (at < len && (state == SL_HTTP_PARSE_HEAD || state == SL_HTTP_PARSE_BODY)) {
		size_t n = len - at < piece ? len - at : piece;
		/* A copy of exact size: an over-read is a sanitizer report. */
		char *copy = malloc(n);
		memcpy(copy, text + at, n);
		state = sl_http_parse_feed(parse, copy, n, &used);
		free(copy);
		at += used;
	}
	int result = state == SL_HTTP_PARSE_DONE     ? 200
		     : state == SL_HTTP_PARSE_FAILED ? sl_http_parse_error(parse)->status
						     : 0;
	if (used_out)
		*used_out = at;
	sl_http_parse_free(parse);
	return result;
}

struct row {
	const char *what;
	const char *text;
	size_t len; /* 0: strlen */
	int status; /* 200: accepted, 0: waits for more */
};

#define H "Host: a\r\n"

static const struct row rows[] = {
    {"plain", "GET / HTTP/1.1\r\n" H "\r\n", 0, 200},
    {"http/1.0 without host", "GET / HTTP/1.0\r\n\r\n", 0, 200},
    {"leading empty lines", "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 0, 200},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 0, 400},
    {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, 400},
    {"two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 0, 400},
    {"bad host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0, 400},
    {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 0, 400},
    {"ipv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0, 200},
    {"port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 0, 400},
    {"content-length", "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 0, 200},
    {"equal lengths",
	"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0,
	400},
    {"two lengths",
	"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 0,
	400},
    {"length list", "POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc", 0, 400},
    {"length +3", "POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc", 0, 400},
    {"length 0x3", "POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc", 0, 400},
    {"length -1", "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\nabc", 0, 400},
    {"length empty", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 0, 400},
    {"length past 2^64",
	"POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n", 0, 400},
    {"body too large", "POST / HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n", 0, 413},
    {"chunked",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	0, 200},
    {"Chunked in capitals",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", 0, 200},
    {"chunked and length",
	"POST / HTTP/1.1\r\n" H
	"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	0, 400},
    {"length and chunked",
	"POST / HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
	0, 400},
    {"chunked twice",
	"POST / HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	0, 501},
    {"gzip, chunked",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0,
	501},
    {"xchunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	0, 501},
    {"identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", 0, 501},
    {"chunked on 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	0, 400},
    {"chunk size 0x5",
	"POST / HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
	0, 400},
    {"chunk size -1", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
	0, 400},
    {"chunk size past the limit",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 0, 413},
    {"chunk size 16 x f",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
	0, 413},
    {"chunk size 17 x f",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
	0, 400},
    {"chunk without line end",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 0,
	400},
    {"chunk extension",
	"POST / HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
	0, 200},
    {"trailers",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n",
	0, 200},
    {"space before colon", "GET / HTTP/1.1\r\n" H "A : b\r\n\r\n", 0, 400},
    {"space in name", "GET / HTTP/1.1\r\n" H "A b: c\r\n\r\n", 0, 400},
    {"no colon", "GET / HTTP/1.1\r\n" H "A\r\n\r\n", 0, 400},
    {"empty name", "GET / HTTP/1.1\r\n" H ": b\r\n\r\n", 0, 400},
    {"empty value", "GET / HTTP/1.1\r\n" H "A:\r\nB: c\r\n\r\n", 0, 200},
    {"folded line", "GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", 0, 400},
    {"tab-folded line", "GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n\r\n", 0, 400},
    {"fold on the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 0, 400},
    {"NUL in value", "GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n", 36, 400},
    {"NUL in target", "GET /\0 HTTP/1.1\r\n" H "\r\n", 28, 400},
    {"NUL in name", "GET / HTTP/1.1\r\nA\0B: c\r\n\r\n", 26, 400},
    {"DEL in value", "GET / HTTP/1.1\r\n" H "A: \x7f\r\n\r\n", 0, 400},
    {"tab in value", "GET / HTTP/1.1\r\n" H "A: b\tc\r\n\r\n", 0, 200},
    {"bytes over 127 in value", "GET / HTTP/1.1\r\n" H "A: \xc3\xa4\r\n\r\n", 0, 200},
    {"bare LF after request line", "GET / HTTP/1.1\n" H "\r\n", 0, 400},
    {"bare LF after field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 0, 400},
    {"bare LF at the end", "GET / HTTP/1.1\r\n" H "\n", 0, 400},
    {"bare CR in value", "GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", 0, 400},
    {"CR CR LF", "GET / HTTP/1.1\r\n" H "A: b\r\r\n\r\n", 0, 400},
    {"http/1.2", "GET / HTTP/1.2\r\n" H "\r\n", 0, 505},
    {"http/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 0, 505},
    {"http/0.9", "GET /\r\n", 0, 400},
    {"h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 505},
    {"lower-case version", "GET / http/1.1\r\n" H "\r\n", 0, 400},
    {"two spaces before target", "GET  / HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"two spaces before version", "GET /  HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"space in target", "GET /a b HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"lower-case method", "get / HTTP/1.1\r\n" H "\r\n", 0, 501},
    {"unknown method", "FOO / HTTP/1.1\r\n" H "\r\n", 0, 501},
    {"patch", "PATCH / HTTP/1.1\r\n" H "\r\n", 0, 405},
    {"connect", "CONNECT a:80 HTTP/1.1\r\n" H "\r\n", 0, 405},
    {"trace", "TRACE / HTTP/1.1\r\n" H "\r\n", 0, 405},
    {"tls hello", "\x16\x03\x01\x02", 0, 400},
    {"options *", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, 200},
    {"get *", "GET * HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"absolute form", "GET http://b:80/x HTTP/1.1\r\n" H "\r\n", 0, 200},
    {"absolute form with user", "GET http://u@b/x HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"absolute form, other scheme", "GET ftp://b/x HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"relative target", "GET x HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"fragment", "GET /#a HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"above the root", "GET /../etc HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"above the root, encoded", "GET /a/%2e%2e/%2E./etc HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"encoded slash", "GET /a%2fb HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"encoded NUL", "GET /a%00 HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"broken escape", "GET /a%zz HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"expect continue",
	"POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 0,
	200},
    {"expect other", "POST / HTTP/1.1\r\n" H "Expect: gold\r\nContent-Length: 1\r\n\r\na",
	0, 417},
    {"authorization twice",
	"GET / HTTP/1.1\r\n" H "Authorization: a\r\nAuthorization: b\r\n\r\n", 0, 400},
    {"unfinished", "GET / HTTP/1.1\r\n" H, 0, 0},
    {"unfinished body", "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nab", 0, 0},
};

START_TEST(accepts_and_refuses_as_the_table_says_in_any_pieces)
{
	const struct row *row = &rows[_i];
	size_t len = row->len ? row->len : strlen(row->text);

	for (size_t piece = 1; piece <= len; piece = piece < 8 ? piece + 1 : len + 1)
		ck_assert_msg(parse_in_pieces(row->text, len, piece, NULL) == row->status,
		    "%s in pieces of %zu: %d instead of %d", row->what, piece,
		    parse_in_pieces(row->text, len, piece, NULL), row->status);
	ck_assert_msg(parse_in_pieces(row->text, len, len, NULL) == row->status,
	    "%s whole: %d instead of %d", row->what,
	    parse_in_pieces(row->text, len, len, NULL), row->status);
}
END_TEST

START_TEST(takes_no_byte_of_the_next_request)
{
	static const char *const firsts[] = {
	    "GET / HTTP/1.1\r\n" H "\r\n",
	    "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc",
	    "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	    "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	};
	const char *first = firsts[_i];
	char text[512];
	size_t used;

	int n = snprintf(text, sizeof text, "%sGET /next HTTP/1.1\r\n", first);
	for (size_t piece = 1; piece <= (size_t)n; piece++) {
		ck_assert_int_eq(parse_in_pieces(text, (size_t)n, piece, &used), 200);
		ck_assert_uint_eq(used, strlen(first));
	}
}
END_TEST

static struct sl_http_parse *parsed(const char *text)
{
	struct sl_http_parse *parse = sl_http_parse_new(&limits);
	size_t used;

	ck_assert_int_eq(
	    sl_http_parse_feed(parse, text, strlen(text), &used), SL_HTTP_PARSE_DONE);
	return parse;
}

static void same(struct sl_slice slice, const char *text)
{
	ck_assert_uint_eq(slice.len, strlen(text));
	ck_assert_mem_eq(slice.data, text, slice.len);
}

START_TEST(gives_every_part_of_the_request)
{
	struct sl_http_parse *parse =
	    parsed("POST /a/./b%20c/../d?x=1&y=a+b%21 HTTP/1.1\r\n"
		   "HOST: example.org:8080\r\n"
		   "Cookie: a=1; sid=\"abc\"; b=2\r\n"
		   "Cookie: late=9\r\n"
		   "authorization:   Bearer  tok.en  \r\n"
		   "Connection: keep-alive , Upgrade\r\n"
		   "Empty:\r\n"
		   "Content-Length: 5\r\n\r\nhello");
	struct sl_http_request *request = sl_http_parse_request(parse);
	struct sl_buf value = {0};

	ck_assert_int_eq(request->method, SL_HTTP_POST);
	ck_assert_int_eq(request->version_minor, 1);
	ck_assert(request->keep_alive);
	same(request->path, "/a/d");
	same(request->query, "x=1&y=a+b%21");
	same(request->host, "example.org:8080");
	same(request->body, "hello");
	same(sl_http_request_cookie(request, "sid"), "abc");
	same(sl_http_request_cookie(request, "late"), "9");
	ck_assert_ptr_null(sl_http_request_cookie(request, "si").data);
	same(sl_http_request_bearer(request), "tok.en");
	ck_assert(sl_http_request_has_token(request, "connection", "upgrade"));
	ck_assert(!sl_http_request_has_token(request, "connection", "close"));
	ck_assert_ptr_nonnull(sl_http_request_header(request, "empty").data);
	ck_assert_uint_eq(sl_http_request_header(request, "empty").len, 0);
	ck_assert_ptr_null(sl_http_request_header(request, "absent").data);
	ck_assert_int_eq(sl_http_request_query(request, "y", &value), 1);
	ck_assert_str_eq(sl_buf_text(&value), "a b!");
	ck_assert_int_eq(sl_http_request_query(request, "z", &value), 0);
	ck_assert_uint_eq(strlen(request->id), SL_HTTP_ID);
	sl_buf_clear(&value);
	sl_http_parse_free(parse);
}
END_TEST

START_TEST(an_absolute_target_brings_its_own_host)
{
	struct sl_http_parse *parse =
	    parsed("GET http://real:81?q HTTP/1.1\r\nHost: other\r\n\r\n");

	same(sl_http_parse_request(parse)->host, "real:81");
	same(sl_http_parse_request(parse)->path, "/");
	same(sl_http_parse_request(parse)->query, "q");
	sl_http_parse_free(parse);
}
END_TEST

static int status_of_long(const char *before, size_t filler, const char *after)
{
	struct sl_buf text = {0};

	sl_buf_adds(&text, before);
	for (size_t i = 0; i < filler; i++)
		sl_buf_addc(&text, 'a');
	sl_buf_adds(&text, after);
	int status = parse_in_pieces(text.data, text.len, 4096, NULL);
	sl_buf_clear(&text);
	return status;
}

START_TEST(bounds_uri_header_bytes_and_fields)
{
	const char *end = " HTTP/1.1\r\n" H "\r\n";
	const char *start = "GET / HTTP/1.1\r\n" H "A: ";
	struct sl_buf many = {0};

	ck_assert_int_eq(status_of_long("GET /", 8191, end), 200);
	ck_assert_int_eq(status_of_long("GET /", 8192, end), 414);
	ck_assert_int_eq(status_of_long("GET /", 1000000, ""), 414);
	ck_assert_int_eq(
	    status_of_long(start, 16384 - strlen(H) - 3 - 4, "\r\n\r\n"), 200);
	ck_assert_int_eq(
	    status_of_long(start, 16384 - strlen(H) - 3 - 3, "\r\n\r\n"), 431);
	ck_assert_int_eq(status_of_long(start, 1000000, ""), 431);
	sl_buf_adds(&many, "GET / HTTP/1.1\r\n" H);
	for (int i = 1; i < SL_HTTP_FIELDS_MAX; i++)
		sl_buf_adds(&many, "A: b\r\n");
	size_t fits = many.len;
	sl_buf_adds(&many, "\r\n");
	ck_assert_int_eq(parse_in_pieces(many.data, many.len, 999, NULL), 200);
	many.len = fits;
	sl_buf_adds(&many, "A: b\r\n\r\n");
	ck_assert_int_eq(parse_in_pieces(many.data, many.len, 999, NULL), 431);
	sl_buf_clear(&many);
}
END_TEST

START_TEST(limits_of_an_operator_hold_in_place_of_the_usual_ones)
{
	const char *end = " HTTP/1.1\r\n" H "\r\n";
	const char *start = "GET / HTTP/1.1\r\n" H "X: ";

	limits.uri_max = 300;
	limits.header_max = 2000;
	ck_assert_int_eq(status_of_long("GET /", 299, end), 200);
	ck_assert_int_eq(status_of_long("GET /", 300, end), 414);
	ck_assert_int_eq(
	    status_of_long(start, 2000 - strlen(H) - 3 - 4, "\r\n\r\n"), 200);
	ck_assert_int_eq(
	    status_of_long(start, 2000 - strlen(H) - 3 - 3, "\r\n\r\n"), 431);
	limits.uri_max = 20000;
	limits.header_max = 40000;
	ck_assert_int_eq(status_of_long("GET /", 19999, end), 200);
	ck_assert_int_eq(
	    status_of_long(start, 40000 - strlen(H) - 3 - 4, "\r\n\r\n"), 200);
	limits.uri_max = limits.header_max = 0;
}
END_TEST

START_TEST(bounds_what_the_framing_of_a_small_body_may_cost)
{
	struct sl_buf text = {0};

	sl_buf_adds(
	    &text, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;");
	for (int i = 0; i < 200000; i++)
		sl_buf_addc(&text, 'x');
	ck_assert_int_eq(parse_in_pieces(text.data, text.len, 4096, NULL), 413);
	sl_buf_clear(&text);
}
END_TEST

START_TEST(knows_which_codings_a_client_accepts)
{
	static const struct {
		const char *fields;
		bool gzip;
	} codings[] = {
	    {"", false},
	    {"Accept-Encoding:\r\n", false},
	    {"Accept-Encoding: gzip\r\n", true},
	    {"Accept-Encoding: br, GZIP;q=0.5\r\n", true},
	    {"Accept-Encoding: gzip;q=0, br\r\n", false},
	    {"Accept-Encoding: gzip ; Q=0.000\r\n", false},
	    {"Accept-Encoding: gzip;q=0.001\r\n", true},
	    {"Accept-Encoding: *\r\n", true},
	    {"Accept-Encoding: *;q=0\r\n", false},
	    {"Accept-Encoding: gzip;q=0, *\r\n", false},
	    {"Accept-Encoding: gzip, *;q=0\r\n", true},
	    {"Accept-Encoding: identity\r\nAccept-Encoding: gzip\r\n", true},
	    {"Accept-Encoding: xgzip, gzipx\r\n", false},
	};

	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
		struct sl_http_limits small = {.body_max = 100};
		struct sl_http_parse *parse = sl_http_parse_new(&small);
		struct sl_buf text = {0};
		size_t used;
		sl_buf_addf(
		    &text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", codings[i].fields);
		ck_assert_int_eq(sl_http_parse_feed(parse, text.data, text.len, &used),
		    SL_HTTP_PARSE_DONE);
		ck_assert_msg(sl_http_request_accepts(sl_http_parse_request(parse),
				  "gzip") == codings[i].gzip,
		    "%s", codings[i].fields);
		sl_http_parse_free(parse);
		sl_buf_clear(&text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http_parse");
	TCase *tc = tcase_create("http_parse");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, accepts_and_refuses_as_the_table_says_in_any_pieces, 0,
	    sizeof rows / sizeof *rows);
	tcase_add_loop_test(tc, takes_no_byte_of_the_next_request, 0, 4);
	tcase_add_test(tc, gives_every_part_of_the_request);
	tcase_add_test(tc, knows_which_codings_a_client_accepts);
	tcase_add_test(tc, an_absolute_target_brings_its_own_host);
	tcase_add_test(tc, bounds_uri_header_bytes_and_fields);
	tcase_add_test(tc, limits_of_an_operator_hold_in_place_of_the_usual_ones);
	tcase_add_test(tc, bounds_what_the_framing_of_a_small_body_may_cost);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
