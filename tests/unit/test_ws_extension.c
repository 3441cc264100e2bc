/* SPDX-License-Identifier: Apache-2.0 */
/* permessage-deflate: which offers are taken, and how they are answered. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "http_parse.h"
#include "ws_extension.h"

#define BASE  "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define OFFER "Sec-WebSocket-Extensions: "

/* The answer to these fields: "" for none, "malformed" if the handshake fails. */
static const char *answer(const char *fields)
{
	static char text[SL_WS_EXTENSION_TEXT];
	struct sl_http_limits limits = {.body_max = 100};
	struct sl_http_parse *parse = sl_http_parse_new(&limits);
	struct sl_ws_extension chosen;
	struct sl_buf request = {0};
	size_t used;

	sl_buf_addf(&request, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	ck_assert_int_eq(sl_http_parse_feed(parse, request.data, request.len, &used),
	    SL_HTTP_PARSE_DONE);
	if (sl_ws_extension_choose(sl_http_parse_request(parse), &chosen))
		strcpy(text, "malformed");
	else
		sl_ws_extension_text(&chosen, text);
	sl_http_parse_free(parse);
	sl_buf_clear(&request);
	return text;
}

static const struct {
	const char *fields;
	const char *answer;
} rows[] = {
    {"", ""},
    {OFFER "\r\n", ""},
    {OFFER "permessage-deflate\r\n", BASE},
    {OFFER "Permessage-Deflate\r\n", BASE},
    /* What browsers, ws, websockets and gorilla offer. */
    {OFFER "permessage-deflate; client_max_window_bits\r\n", BASE},
    {OFFER "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12\r\n",
	BASE "; server_max_window_bits=12"},
    {OFFER "permessage-deflate; server_no_context_takeover; "
	   "client_no_context_takeover\r\n",
	BASE},
    /* Windows. */
    {OFFER "permessage-deflate; server_max_window_bits=15\r\n",
	BASE "; server_max_window_bits=12"},
    {OFFER "permessage-deflate; server_max_window_bits=8\r\n",
	BASE "; server_max_window_bits=8"},
    {OFFER "permessage-deflate;server_max_window_bits=\"10\"\r\n",
	BASE "; server_max_window_bits=10"},
    {OFFER "permessage-deflate; client_max_window_bits=8\r\n", BASE},
    /* What has to be declined (RFC 7692, 7.1). */
    {OFFER "permessage-deflate; server_max_window_bits\r\n", ""},
    {OFFER "permessage-deflate; server_max_window_bits=7\r\n", ""},
    {OFFER "permessage-deflate; server_max_window_bits=16\r\n", ""},
    {OFFER "permessage-deflate; server_max_window_bits=08\r\n", ""},
    {OFFER "permessage-deflate; server_max_window_bits=1x\r\n", ""},
    {OFFER "permessage-deflate; server_max_window_bits=100\r\n", ""},
    {OFFER "permessage-deflate; client_max_window_bits=16\r\n", ""},
    {OFFER "permessage-deflate; client_max_window_bits=+9\r\n", ""},
    {OFFER "permessage-deflate; server_no_context_takeover=1\r\n", ""},
    {OFFER "permessage-deflate; client_no_context_takeover=true\r\n", ""},
    {OFFER "permessage-deflate; unknown\r\n", ""},
    {OFFER "permessage-deflate; client_max_window_bits; client_max_window_bits\r\n", ""},
    {OFFER "permessage-deflate; server_no_context_takeover; "
	   "Server_No_Context_Takeover\r\n",
	""},
    {OFFER "x-webkit-deflate-frame, permessage-bzip2; a=1; b=\"2\"\r\n", ""},
    /* The first that can be kept, in all fields. */
    {OFFER "permessage-deflate; server_max_window_bits=99, permessage-deflate; "
	   "server_max_window_bits=9, permessage-deflate\r\n",
	BASE "; server_max_window_bits=9"},
    {OFFER "permessage-foo; x=\"y\" ,, permessage-deflate\r\n", BASE},
    {OFFER "permessage-foo\r\n" OFFER "permessage-deflate\r\n", BASE},
    /* What RFC 6455, 9.1 does not allow. */
    {OFFER "permessage-deflate;\r\n", "malformed"},
    {OFFER "permessage-deflate; =1\r\n", "malformed"},
    {OFFER "permessage-deflate; client_max_window_bits=\r\n", "malformed"},
    {OFFER "permessage-deflate; client_max_window_bits=\"1 0\"\r\n", "malformed"},
    {OFFER "permessage-deflate; client_max_window_bits=\"10\r\n", "malformed"},
    {OFFER "permessage-deflate client_max_window_bits\r\n", "malformed"},
    {OFFER "permessage-deflate, (\r\n", "malformed"},
    {OFFER ";\r\n", "malformed"},
    {OFFER "permessage-deflate\r\n" OFFER "=\r\n", "malformed"},
};

START_TEST(takes_the_first_offer_that_can_be_kept)
{
	ck_assert_str_eq(answer(rows[_i].fields), rows[_i].answer);
}
END_TEST

START_TEST(an_offer_of_countless_parameters_is_declined)
{
	struct sl_buf fields = {0};

	sl_buf_adds(&fields, OFFER "permessage-deflate");
	for (int i = 0; i < 500; i++)
		sl_buf_addf(&fields, "; p%d=%d", i, i);
	sl_buf_adds(&fields, "\r\n");
	ck_assert_str_eq(answer(sl_buf_text(&fields)), "");
	sl_buf_clear(&fields);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ws_extension");
	TCase *tc = tcase_create("ws_extension");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, takes_the_first_offer_that_can_be_kept, 0,
	    (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, an_offer_of_countless_parameters_is_declined);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
