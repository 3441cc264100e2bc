/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/message_table.h"
#include "gateway/schema.h"

static const struct {
	const char *type;
	const char *schema;
} types[] = {
    {"integer", "{\"type\":\"integer\"}"},
    {"time", "{\"type\":\"string\",\"format\":\"date-time\"}"},
    {"any", "true"},
    {"true", "{\"const\":true}"},
    {"'ping'", "{\"const\":\"ping\"}"},
    {"'a'|'b'|null", "{\"enum\":[\"a\",\"b\",null]}"},
    {"string|null", "{\"type\":[\"string\",\"null\"]}"},
    {"uuid|null", "{\"format\":\"uuid\",\"type\":[\"string\",\"null\"]}"},
    {"Alert", "{\"$ref\":\"#/components/schemas/Alert\"}"},
    {"string[]", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
    {"integer{}",
	"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}"},
    {"string|integer", "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}"},
    {"Alert[]|null", "{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":"
		     "\"#/components/schemas/Alert\"}},{\"type\":\"null\"}]}"},
};

START_TEST(writes_a_type)
{
	struct sl_buf out = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &out);
	gw_schema_write_type(&w, types[_i].type, strlen(types[_i].type));
	ck_assert_str_eq(sl_buf_text(&out), types[_i].schema);
	sl_buf_clear(&out);
}
END_TEST

static const struct {
	const char *fields;
	const char *schema;
} objects[] = {
    {"", "{\"type\":\"object\",\"properties\":{},\"required\":[],"
	 "\"additionalProperties\":false}"},
    {"a string\nb? integer\n",
	"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},"
	"\"b\":{\"type\":\"integer\"}},\"required\":[\"a\"],"
	"\"additionalProperties\":false}"},
    {"a string What it is.\n* number\n",
	"{\"type\":\"object\",\"properties\":{\"a\":{\"description\":\"What it is.\","
	"\"allOf\":[{\"type\":\"string\"}]}},\"required\":[\"a\"],"
	"\"additionalProperties\":{\"type\":\"number\"}}"},
};

START_TEST(an_object_is_closed_unless_it_says_what_else_there_is)
{
	struct sl_buf out = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &out);
	gw_schema_write_fields(&w, NULL, objects[_i].fields);
	ck_assert_str_eq(sl_buf_text(&out), objects[_i].schema);
	sl_buf_clear(&out);
}
END_TEST

START_TEST(names_of_schemas_are_unique)
{
	const struct gw_schema *a, *b;

	for (size_t i = 0; (a = gw_schema_at(i)); i++) {
		for (size_t k = 0; k < i && (b = gw_schema_at(k)); k++)
			ck_assert_str_ne(a->name, b->name);
	}
}
END_TEST

START_TEST(a_kind_of_message_is_named_after_its_type)
{
	static const struct gw_message_kind sent = {.type = "metrics_update"};
	static const struct gw_message_kind received = {
	    .type = "ping", .from_client = true};
	char name[GW_MESSAGE_KIND_NAME];

	gw_message_kind_name(&sent, name);
	ck_assert_str_eq(name, "MetricsUpdateMessage");
	gw_message_kind_name(&received, name);
	ck_assert_str_eq(name, "PingCommand");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_schema");
	TCase *tc = tcase_create("schema");

	tcase_add_loop_test(tc, writes_a_type, 0, sizeof types / sizeof *types);
	tcase_add_loop_test(tc, an_object_is_closed_unless_it_says_what_else_there_is, 0,
	    sizeof objects / sizeof *objects);
	tcase_add_test(tc, names_of_schemas_are_unique);
	tcase_add_test(tc, a_kind_of_message_is_named_after_its_type);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
