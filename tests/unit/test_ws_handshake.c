/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http_parse.h"
#include "ws_handshake.h"

#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static struct sl_http_parse *parsed(const char *line, const char *fields)
{
	struct sl_http_limits limits = {.body_max = 100};
	struct sl_http_parse *parse = sl_http_parse_new(&limits);
	struct sl_buf text = {0};
	size_t used;

	sl_buf_addf(&text, "%s\r\nHost: a\r\n%s\r\n", line, fields);
	ck_assert_int_eq(
	    sl_http_parse_feed(parse, text.data, text.len, &used), SL_HTTP_PARSE_DONE);
	sl_buf_clear(&text);
	return parse;
}

START_TEST(makes_the_accept_key_of_the_rfc)
{
	struct sl_http_parse *parse = parsed("GET /chat HTTP/1.1", UPGRADE KEY VERSION);
	struct sl_ws_handshake handshake;

	ck_assert(sl_ws_handshake_wanted(sl_http_parse_request(parse)));
	ck_assert_int_eq(
	    sl_ws_handshake_check(sl_http_parse_request(parse), &handshake), 0);
	ck_assert_str_eq(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	sl_http_parse_free(parse);
}
END_TEST

static const struct {
	const char *line;
	const char *fields;
	int status;
} rows[] = {
    {"GET / HTTP/1.1", UPGRADE KEY VERSION, 0},
    {"GET / HTTP/1.1",
	"Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n" KEY VERSION, 0},
    {"POST / HTTP/1.1", UPGRADE KEY VERSION, 405},
    {"HEAD / HTTP/1.1", UPGRADE KEY VERSION, 405},
    {"GET / HTTP/1.0", UPGRADE KEY VERSION, 400},
    {"GET / HTTP/1.1", "Upgrade: websocket\r\n" KEY VERSION, 400},
    {"GET / HTTP/1.1", "Connection: upgrade\r\n" KEY VERSION, 426},
    {"GET / HTTP/1.1", "Upgrade: h2c\r\nConnection: upgrade\r\n" KEY VERSION, 426},
    {"GET / HTTP/1.1", UPGRADE KEY, 426},
    {"GET / HTTP/1.1", UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", 426},
    {"GET / HTTP/1.1", UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n", 426},
    {"GET / HTTP/1.1", UPGRADE VERSION, 400},
    {"GET / HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n", 400},
    {"GET / HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n",
	400},
    {"GET / HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n",
	400},
    {"GET / HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25!ZQ==\r\n",
	400},
};

START_TEST(refuses_handshakes_with_the_status_that_fits)
{
	struct sl_http_parse *parse = parsed(rows[_i].line, rows[_i].fields);
	struct sl_ws_handshake handshake;

	sl_ws_handshake_check(sl_http_parse_request(parse), &handshake);
	ck_assert_int_eq(handshake.status, rows[_i].status);
	ck_assert(handshake.status == 0 || handshake.detail != NULL);
	sl_http_parse_free(parse);
}
END_TEST

START_TEST(walks_the_offered_protocols_of_all_fields)
{
	struct sl_http_parse *parse = parsed("GET / HTTP/1.1",
	    "Sec-WebSocket-Protocol: sightline.v1.json ,, bearer.abc.def\r\n"
	    "sec-websocket-protocol:x\r\n");
	const char *const expected[] = {"sightline.v1.json", "bearer.abc.def", "x"};
	size_t at = 0;

	for (size_t i = 0; i < 3; i++) {
		struct sl_slice p =
		    sl_ws_handshake_protocol(sl_http_parse_request(parse), &at);
		ck_assert_uint_eq(p.len, strlen(expected[i]));
		ck_assert_mem_eq(p.data, expected[i], p.len);
	}
	ck_assert_ptr_null(
	    sl_ws_handshake_protocol(sl_http_parse_request(parse), &at).data);
	sl_http_parse_free(parse);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ws_handshake");
	TCase *tc = tcase_create("ws_handshake");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, makes_the_accept_key_of_the_rfc);
	tcase_add_loop_test(tc, refuses_handshakes_with_the_status_that_fits, 0,
	    (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, walks_the_offered_protocols_of_all_fields);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
