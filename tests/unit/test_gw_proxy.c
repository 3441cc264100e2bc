/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "gateway/proxy.h"
#include "http_parse.h"

static char *listed[] = {"10.0.0.0/8", "127.0.0.1", "2001:db8::/32"};
static const struct sl_names trusted = {.name = listed, .count = 3};
static const struct sl_names nobody = {0};

static struct gw_proxy_origin origin_of(
    const char *peer, const char *fields, const struct sl_names *names)
{
	struct sl_http_limits limits = {0};
	struct sl_http_parse *parse = sl_http_parse_new(&limits);
	struct sl_http_request *request = sl_http_parse_request(parse);
	struct gw_proxy_origin origin;
	struct sl_buf text = {0};
	size_t used;

	sl_buf_addf(&text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	ck_assert_int_eq(
	    sl_http_parse_feed(parse, text.data, text.len, &used), SL_HTTP_PARSE_DONE);
	if (strcmp(peer, "unix") == 0)
		request->peer = (struct sl_addr){.family = SL_ADDR_UNIX};
	else
		ck_assert_int_eq(sl_addr_parse(&request->peer, peer, strlen(peer)), 0);
	gw_proxy_read(request, names, &origin);
	sl_buf_clear(&text);
	sl_http_parse_free(parse);
	return origin;
}

static const struct {
	const char *peer;
	const char *fields;
	const char *client;
	bool forwarded;
	bool secure;
	bool local;
} rows[] = {
    {"127.0.0.1", "", "127.0.0.1", false, false, true},
    {"unix", "", "unix", false, false, true},
    {"10.1.2.3", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4", true, false, false},
    {"10.1.2.3", "x-forwarded-for: 9.9.9.9, 1.2.3.4 ,10.7.7.7\r\n", "1.2.3.4", true,
	false, false},
    /* Several fields are one list. */
    {"10.1.2.3", "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.9\r\n", "1.2.3.4",
	true, false, false},
    {"10.1.2.3", "X-Forwarded-For: 10.0.0.8\r\n", "10.0.0.8", true, false, false},
    {"127.0.0.1", "X-Forwarded-For: 127.0.0.1\r\n", "127.0.0.1", true, false, true},
    {"2001:db8::1", "X-Forwarded-For: [2001:dead::5]:4711\r\n", "2001:dead::5", true,
	false, false},
    {"10.1.2.3", "X-Forwarded-For: 1.2.3.4:5678\r\n", "1.2.3.4", true, false, false},
    /* What cannot be read ends what is believed. */
    {"10.1.2.3", "X-Forwarded-For: 1.2.3.4, unknown\r\n", "10.1.2.3", true, false, false},
    {"10.1.2.3", "X-Forwarded-For: 1.2.3.4,\r\n", "10.1.2.3", true, false, false},
    {"10.1.2.3", "X-Forwarded-For: [::1\r\n", "10.1.2.3", true, false, false},
    {"10.1.2.3", "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: ?\r\n", "10.1.2.3", true,
	false, false},
    /* TLS counts if every proxy says so. */
    {"10.1.2.3", "X-Forwarded-Proto: HTTPS\r\n", "10.1.2.3", true, true, false},
    {"10.1.2.3", "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", "10.1.2.3",
	true, false, false},
    /* Whoever is not listed is believed nothing, and is not this host. */
    {"1.1.1.1", "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n", "1.1.1.1",
	true, false, false},
    {"unix", "X-Forwarded-For: 127.0.0.1\r\n", "unix", true, false, false},
    {"unix", "Forwarded: for=127.0.0.1\r\n", "unix", true, false, false},
};

START_TEST(only_listed_proxies_are_believed_and_only_as_far_as_they_reach)
{
	struct gw_proxy_origin origin =
	    origin_of(rows[_i].peer, rows[_i].fields, &trusted);
	char text[SL_ADDR_TEXT];

	ck_assert_str_eq(sl_addr_format_ip(&origin.client, text), rows[_i].client);
	ck_assert_int_eq(origin.forwarded, rows[_i].forwarded);
	ck_assert_int_eq(origin.secure, rows[_i].secure);
	ck_assert_int_eq(gw_proxy_is_local(&origin), rows[_i].local);
}
END_TEST

START_TEST(loopback_that_forwards_unlisted_is_not_local)
{
	struct gw_proxy_origin origin =
	    origin_of("127.0.0.1", "X-Forwarded-For: 127.0.0.1\r\n", &nobody);

	ck_assert(!gw_proxy_is_local(&origin));
	origin = origin_of("127.0.0.1", "X-Forwarded-Proto: https\r\n", &nobody);
	ck_assert(!origin.secure && !gw_proxy_is_local(&origin));
}
END_TEST

START_TEST(networks_are_read_strictly)
{
	static const char *const bad[] = {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x",
	    "10.0.0.0/-1", "::/129", "host", "10.0.0/8", "::/0128"};
	struct sl_addr base;
	int bits;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(
		    sl_addr_parse_network(&base, &bits, bad[i]) != 0, "%s", bad[i]);
	ck_assert_int_eq(sl_addr_parse_network(&base, &bits, "::/0"), 0);
	ck_assert_int_eq(bits, 0);
	ck_assert_int_eq(sl_addr_parse(&base, "10.255.0.1", 10), 0);
	ck_assert(sl_addr_in_network(&base, "10.128.0.0/9"));
	ck_assert(!sl_addr_in_network(&base, "10.0.0.0/9"));
	ck_assert(sl_addr_in_network(&base, "0.0.0.0/0"));
	ck_assert(!sl_addr_in_network(&base, "::/0"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_proxy");
	TCase *tc = tcase_create("core");

	tcase_add_loop_test(tc,
	    only_listed_proxies_are_believed_and_only_as_far_as_they_reach, 0,
	    sizeof rows / sizeof *rows);
	tcase_add_test(tc, loopback_that_forwards_unlisted_is_not_local);
	tcase_add_test(tc, networks_are_read_strictly);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
