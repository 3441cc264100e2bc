/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/message_in.h"

static const struct {
	const char *text;
	enum gw_message_type type;
	const char *id;
	size_t names;
	uint32_t subscription;
} good[] = {
    {"{\"type\":\"ping\"}", GW_MESSAGE_PING, "", 0, 0},
    {"{\"type\":\"ping\",\"id\":-7,\"data\":{}}", GW_MESSAGE_PING, "-7", 0, 0},
    {"{\"id\":\"\\\"\\n\",\"type\":\"ping\"}", GW_MESSAGE_PING, "\"\\\"\\n\"", 0, 0},
    {"{\"type\":\"auth\",\"data\":{\"token\":\"t\"}}", GW_MESSAGE_AUTH, "", 0, 0},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\",\"b.>\"]}}",
	GW_MESSAGE_SUBSCRIBE, "", 2, 0},
    {"{\"type\":\"subscribe\",\"data\":{\"metrics\":[\"dashboard\"],\"since\":null}}",
	GW_MESSAGE_SUBSCRIBE, "", 1, 0},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\"],\"filter\":{\"b\":1},"
     "\"max_hz\":0.5}}",
	GW_MESSAGE_SUBSCRIBE, "", 1, 0},
    {"{\"type\":\"unsubscribe\",\"data\":{\"subscriptionId\":\"sub-4294967295\"}}",
	GW_MESSAGE_UNSUBSCRIBE, "", 0, 4294967295u},
    {"{\"type\":\"unsubscribe\",\"data\":{\"topics\":[\"a\"]}}", GW_MESSAGE_UNSUBSCRIBE,
	"", 1, 0},
};

static const struct {
	const char *text;
	const char *code;
} bad[] = {
    {"", "bad-json"},
    {"{", "bad-json"},
    {"{\"type\":\"ping\"} x", "bad-json"},
    {"{\"type\":\"ping\",\"type\":\"ping\"}", "bad-json"},
    {"[]", "bad-message"},
    {"{}", "bad-message"},
    {"{\"type\":1}", "bad-message"},
    {"{\"type\":\"pong\"}", "unknown-type"},
    {"{\"type\":\"ping\",\"id\":1.5}", "bad-message"},
    {"{\"type\":\"ping\",\"id\":{}}", "bad-message"},
    {"{\"type\":\"ping\",\"data\":[]}", "bad-message"},
    {"{\"type\":\"auth\"}", "bad-message"},
    {"{\"type\":\"auth\",\"data\":{\"token\":1}}", "bad-message"},
    {"{\"type\":\"subscribe\"}", "bad-message"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[]}}", "bad-message"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":\"a\"}}", "bad-message"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[1]}}", "bad-message"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\"],\"filter\":[]}}",
	"bad-filter"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\"],\"max_hz\":\"2\"}}",
	"bad-message"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\"],\"max_hz\":0}}",
	"bad-message"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\"],\"format\":\"points\"}}",
	"unsupported"},
    {"{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\"],\"since\":\"x\"}}",
	"bad-cursor"},
    {"{\"type\":\"unsubscribe\",\"data\":{}}", "bad-message"},
    {"{\"type\":\"unsubscribe\",\"data\":{\"subscriptionId\":\"sub-0\"}}",
	"unknown-subscription"},
    {"{\"type\":\"unsubscribe\",\"data\":{\"subscriptionId\":\"sub-1x\"}}",
	"unknown-subscription"},
    {"{\"type\":\"unsubscribe\",\"data\":{\"subscriptionId\":\"sub-99999999999\"}}",
	"unknown-subscription"},
    {"{\"type\":\"unsubscribe\",\"data\":{\"subscriptionId\":\"sub--1\"}}",
	"unknown-subscription"},
};

START_TEST(must_parse)
{
	struct gw_message m;

	ck_assert_msg(gw_message_parse(good[_i].text, strlen(good[_i].text), &m) == 0,
	    "%s: %s", good[_i].text, m.error);
	ck_assert_int_eq(m.type, good[_i].type);
	ck_assert_uint_eq(m.id.len, strlen(good[_i].id));
	if (m.id.len > 0)
		ck_assert_mem_eq(m.id.data, good[_i].id, m.id.len);
	ck_assert_uint_eq(gw_message_name_count(&m), good[_i].names);
	ck_assert_uint_eq(m.subscription, good[_i].subscription);
	gw_message_clear(&m);
}
END_TEST

START_TEST(must_not_parse)
{
	struct gw_message m;

	ck_assert_msg(gw_message_parse(bad[_i].text, strlen(bad[_i].text), &m) != 0, "%s",
	    bad[_i].text);
	ck_assert_str_eq(m.code, bad[_i].code);
	ck_assert(m.error[0] != '\0');
	gw_message_clear(&m);
}
END_TEST

START_TEST(refuses_more_names_than_it_may_have)
{
	struct sl_buf text = {0};
	struct gw_message m;

	sl_buf_adds(&text, "{\"type\":\"subscribe\",\"data\":{\"topics\":[\"a\"");
	for (int i = 0; i < GW_MESSAGE_NAMES; i++)
		sl_buf_adds(&text, ",\"a\"");
	sl_buf_adds(&text, "]}}");
	ck_assert_int_ne(gw_message_parse(text.data, text.len, &m), 0);
	ck_assert_str_eq(m.code, "too-many-topics");
	gw_message_clear(&m);
	sl_buf_clear(&text);
}
END_TEST

START_TEST(echoes_no_endless_id)
{
	struct sl_buf text = {0};
	struct gw_message m;

	sl_buf_adds(&text, "{\"type\":\"ping\",\"id\":\"");
	for (int i = 0; i < 1000; i++)
		sl_buf_addc(&text, 'x');
	sl_buf_adds(&text, "\"}");
	ck_assert_int_ne(gw_message_parse(text.data, text.len, &m), 0);
	ck_assert_uint_eq(m.id.len, 0);
	gw_message_clear(&m);
	sl_buf_clear(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_message");
	TCase *tc = tcase_create("message");

	tcase_add_loop_test(tc, must_parse, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(tc, must_not_parse, 0, sizeof bad / sizeof *bad);
	tcase_add_test(tc, refuses_more_names_than_it_may_have);
	tcase_add_test(tc, echoes_no_endless_id);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
