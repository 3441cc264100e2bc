/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/event.h"
#include "common/clock.h"
#include "common/event_fields.h"
#include "common/msg.h"

#define SLICE(text) ((struct sl_slice){.data = (text), .len = strlen(text)})

static const char catalog_text[] =
    "module \"system_health\" { title = \"System\" }\n"
    "module \"business_metrics\" { title = \"Business\" }\n"
    "event \"orders.placed\" { module = business_metrics priority = high }\n"
    "event \"orders.shipped\" { module = business_metrics fields = {"
    "\"id:any\", \"by:string\", \"items:integer?\", \"cost:number?\", "
    "\"paid:boolean?\", \"at:time?\", \"to:object?\", \"tags:array?\"} }\n"
    "event \"bench.>\" { module = system_health priority = low }\n"
    "role \"master_admin\" { modules = {all} }\n";

static struct sl_catalog *catalog;
static struct agg_event_origin origin;
static struct sl_ring_event event;

static void setup(void)
{
	struct sl_buf error = {0};

	ck_assert_msg(sl_catalog_parse("test", catalog_text, &catalog, &error) == 0, "%s",
	    sl_buf_text(&error));
	origin = (struct agg_event_origin){
	    .catalog = catalog,
	    .tenant = "default",
	    .source = "shop",
	    .modules = sl_catalog_all_modules(catalog),
	    .now_ns = 1000 * SL_NS_PER_S,
	};
	event = (struct sl_ring_event){
	    .time_ns = 999 * SL_NS_PER_S,
	    .type = SLICE("orders.placed"),
	    .payload = SLICE("{\"total\":5}"),
	};
}

static void teardown(void)
{
	sl_catalog_unref(catalog);
}

static enum agg_event_refusal check(void)
{
	return agg_event_check(&origin, &event).refusal;
}

START_TEST(refuses_what_the_catalog_does_not_declare)
{
	ck_assert_int_eq(check(), AGG_EVENT_OK);
	event.type = SLICE("orders.unknown");
	ck_assert_int_eq(check(), AGG_EVENT_UNKNOWN_TYPE);
	event.type = SLICE("bench.any.thing");
	ck_assert_int_eq(check(), AGG_EVENT_OK);
	event.type = SLICE("orders..placed");
	ck_assert_int_eq(check(), AGG_EVENT_BAD_TYPE);
}
END_TEST

START_TEST(refuses_a_module_that_the_source_may_not_write)
{
	origin.modules = sl_catalog_module(catalog, "system_health", 13)->bit;
	ck_assert_int_eq(check(), AGG_EVENT_FOREIGN_MODULE);
}
END_TEST

START_TEST(refuses_times_more_than_five_seconds_ahead)
{
	event.time_ns = origin.now_ns + AGG_EVENT_FUTURE_NS;
	ck_assert_int_eq(check(), AGG_EVENT_OK);
	event.time_ns++;
	ck_assert_int_eq(check(), AGG_EVENT_FUTURE);
}
END_TEST

START_TEST(refuses_payloads_that_are_not_one_object)
{
	static const char *const bad[] = {"", "[]", "1", "{", "{}{}", "{\"a\":}",
	    "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		event.payload = SLICE(bad[i]);
		ck_assert_msg(check() == AGG_EVENT_BAD_PAYLOAD, "%s", bad[i]);
	}
}
END_TEST

START_TEST(refuses_fields_that_are_missing_or_of_another_type)
{
	static const struct {
		const char *payload, *field;
	} cases[] = {
	    {"{\"id\":1,\"by\":\"ups\"}", NULL},
	    {"{ \"id\" : null ,\n\"by\" : \"\", \"more\": {\"id\":[\"}\"]}}", NULL},
	    {"{\"by\":\"ups\"}", "id"},
	    {"{\"id\":1}", "by"},
	    {"{}", "id"},
	    {"{\"more\":{\"id\":1,\"by\":\"\"}}", "id"},
	    {"{\"id\":1,\"by\":null}", "by"},
	    {"{\"id\":1,\"by\":5}", "by"},
	    {"{\"id\":1,\"by\":\"a\",\"by\":5}", "by"},
	    {"{\"id\":1,\"\\u0062y\":\"a\"}", NULL},
	    {"{\"id\":1,\"\\u0062y\":2,\"by\":\"a\"}", "by"},
	    {"{\"id\":1,\"by\":\"a\",\"items\":5}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"items\":5.0}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"items\":null}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"items\":5.5}", "items"},
	    {"{\"id\":1,\"by\":\"a\",\"items\":1e999}", "items"},
	    {"{\"id\":1,\"by\":\"a\",\"items\":\"5\"}", "items"},
	    {"{\"id\":1,\"by\":\"a\",\"cost\":-5.5e3}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"cost\":[5]}", "cost"},
	    {"{\"id\":1,\"by\":\"a\",\"paid\":false}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"paid\":\"false\"}", "paid"},
	    {"{\"id\":1,\"by\":\"a\",\"at\":\"2026-01-02T03:04:05.678Z\"}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"at\":\"yesterday\"}", "at"},
	    {"{\"id\":1,\"by\":\"a\",\"to\":{}}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"to\":[]}", "to"},
	    {"{\"id\":1,\"by\":\"a\",\"tags\":[{\"a\":\"\\\"]\"}]}", NULL},
	    {"{\"id\":1,\"by\":\"a\",\"tags\":{}}", "tags"},
	};

	event.type = SLICE("orders.shipped");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		event.payload = SLICE(cases[i].payload);
		struct agg_event_verdict verdict = agg_event_check(&origin, &event);
		ck_assert_msg((verdict.refusal == AGG_EVENT_OK) == !cases[i].field, "%s",
		    cases[i].payload);
		if (!cases[i].field)
			continue;
		ck_assert_int_eq(verdict.refusal, AGG_EVENT_BAD_FIELD);
		ck_assert_msg(!strcmp(verdict.field->name, cases[i].field), "%s: %s",
		    cases[i].payload, verdict.field->name);
	}
}
END_TEST

START_TEST(a_refusal_names_the_field_and_its_type)
{
	struct sl_catalog_field field = {.name = "by", .type = SL_FIELD_STRING};
	char text[SL_EVENT_FIELDS_TEXT];

	sl_event_fields_say(&field, text);
	ck_assert_str_eq(text, "its field \"by\" is missing or not of type string");
	field.optional = true;
	sl_event_fields_say(&field, text);
	ck_assert_str_eq(text, "its field \"by\" is not of type string");
	field = (struct sl_catalog_field){.name = "id"};
	sl_event_fields_say(&field, text);
	ck_assert_str_eq(text, "its field \"id\" is missing");
}
END_TEST

/* The packed entry of the present event. */
static struct sl_entry pack(struct sl_buf *packed)
{
	struct agg_event_verdict verdict = agg_event_check(&origin, &event);
	struct sl_buf body = {0};
	struct sl_entry entry;

	ck_assert_int_eq(verdict.refusal, AGG_EVENT_OK);
	agg_event_pack(&origin, &event, verdict.type, 42, &body, packed);
	ck_assert_int_eq(sl_msg_entry_read(packed->data, packed->len, &entry), 0);
	sl_buf_clear(&body);
	return entry;
}

START_TEST(packs_place_topic_and_body)
{
	struct sl_buf packed = {0};
	struct sl_entry entry = pack(&packed);
	static const char body[] =
	    "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"type\":\"orders.placed\","
	    "\"time\":\"1970-01-01T00:16:39.000Z\",\"priority\":\"high\","
	    "\"module\":\"business_metrics\",\"source\":\"shop\",\"payload\":{\"total\":"
	    "5}}";

	ck_assert_uint_eq(entry.seq, 42);
	ck_assert_int_eq(entry.stream, SL_STREAM_HIGH);
	ck_assert_int_eq(entry.ts_us, 999 * 1000000LL);
	ck_assert_mem_eq(entry.topic.data, "events.orders.placed", entry.topic.len);
	ck_assert_uint_eq(entry.topic.len, strlen("events.orders.placed"));
	ck_assert_uint_eq(entry.body.len, strlen(body));
	ck_assert_mem_eq(entry.body.data, body, entry.body.len);
	sl_buf_clear(&packed);
}
END_TEST

START_TEST(takes_line_ends_out_of_the_payload_but_not_out_of_its_strings)
{
	struct sl_buf packed = {0};
	static const char end[] = "\"payload\":{\"a b\":\"x \\\" \\n y\",\"c\":[1,2]}}";

	event.payload = SLICE("{ \"a b\" : \"x \\\" \\n y\",\r\n\t\"c\": [ 1, 2 ] }\n");
	struct sl_entry entry = pack(&packed);
	ck_assert_uint_gt(entry.body.len, strlen(end));
	ck_assert_mem_eq(
	    entry.body.data + entry.body.len - strlen(end), end, strlen(end));
	sl_buf_clear(&packed);
}
END_TEST

START_TEST(names_its_audience_in_entry_and_body)
{
	struct sl_buf packed = {0};

	event.audience = SL_AUDIENCE_SUB;
	event.audience_name = SLICE("ada\"");
	struct sl_entry entry = pack(&packed);
	ck_assert_int_eq(entry.audience, SL_AUDIENCE_SUB);
	ck_assert_mem_eq(entry.audience_name.data, "ada\"", 4);
	ck_assert_ptr_nonnull(memmem(
	    entry.body.data, entry.body.len, "\"audience\":{\"sub\":\"ada\\\"\"}", 26));
	event.audience_name = SLICE("\xff");
	ck_assert_int_eq(check(), AGG_EVENT_BAD_AUDIENCE);
	sl_buf_clear(&packed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event");
	TCase *tc = tcase_create("event");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, refuses_what_the_catalog_does_not_declare);
	tcase_add_test(tc, refuses_a_module_that_the_source_may_not_write);
	tcase_add_test(tc, refuses_times_more_than_five_seconds_ahead);
	tcase_add_test(tc, refuses_payloads_that_are_not_one_object);
	tcase_add_test(tc, refuses_fields_that_are_missing_or_of_another_type);
	tcase_add_test(tc, a_refusal_names_the_field_and_its_type);
	tcase_add_test(tc, packs_place_topic_and_body);
	tcase_add_test(tc, takes_line_ends_out_of_the_payload_but_not_out_of_its_strings);
	tcase_add_test(tc, names_its_audience_in_entry_and_body);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
