/* SPDX-License-Identifier: Apache-2.0 */
/* What a walsender sends, and what becomes of it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pgevent.h"
#include "collectors/pgoutput.h"
#include "collectors/pgplace.h"
#include "collectors/pgtable.h"
#include "collectors/pgvisible.h"
#include "error.h"

#define BYTES(text) ((struct sl_slice){(text), sizeof(text) - 1})

/* id int8 (key), name text, data jsonb; identity full. */
#define RELATION(identity)                                                               \
	"R\0\0\0\x07public\0items\0" identity "\0\x03"                                   \
	"\1id\0\0\0\0\x14\xff\xff\xff\xff"                                               \
	"\0name\0\0\0\0\x19\xff\xff\xff\xff"                                             \
	"\0data\0\0\0\x0e\xda\xff\xff\xff\xff"

static char *fields[] = {"id", "name:title", "data"};
static char *masked[] = {"name"};
static struct sl_config_table config = {.title = "public.items",
    .insert = "items.created",
    .update = "items.updated",
    .delete = "items.deleted",
    .truncate = "",
    .watch = "name",
    .watch_event = "items.renamed",
    .fields = {fields, 3}};
static struct sl_config_collector section = {.table = &config, .table_count = 1};
static struct col_pgtables tables;
static struct sl_buf payload;

static void learn(struct sl_slice relation)
{
	struct col_pgoutput message;

	tables.section = &section;
	ck_assert_int_eq(col_pgoutput_read(relation, &message), 0);
	col_pgtable_learn(&tables, &message.u.relation);
}

static const char *event(struct sl_slice change, size_t value_max)
{
	struct col_pgoutput message;

	ck_assert_int_eq(col_pgoutput_read(change, &message), 0);
	return col_pgevent_change(
	    col_pgtable_find(&tables, 7), &message, value_max, &payload);
}

static void clear(void)
{
	col_pgtable_clear(&tables);
	sl_buf_clear(&payload);
	config.mask = (struct sl_names){0};
}

START_TEST(a_row_becomes_the_fields_of_an_event)
{
	learn(BYTES(RELATION("d")));
	const char *type = event(BYTES("I\0\0\0\x07N\0\x03t\0\0\0\2"
				       "42t\0\0\0\3a\"bt\0\0\0\5[1,2]"),
	    100);
	ck_assert_str_eq(type, "items.created");
	ck_assert_str_eq(
	    sl_buf_text(&payload), "{\"id\":42,\"title\":\"a\\\"b\",\"data\":[1,2]}");
	clear();
}
END_TEST

START_TEST(masked_columns_say_only_that_they_have_a_value)
{
	config.mask = (struct sl_names){masked, 1};
	learn(BYTES(RELATION("d")));
	event(BYTES("I\0\0\0\x07N\0\x03t\0\0\0\1"
		    "1t\0\0\0\6secretn"),
	    100);
	ck_assert_str_eq(sl_buf_text(&payload), "{\"id\":1,\"title\":\"***\"}");
	clear();
}
END_TEST

START_TEST(a_full_identity_tells_what_the_watched_column_was)
{
	learn(BYTES(RELATION("f")));
	const char *type = event(BYTES("U\0\0\0\x07O\0\x03t\0\0\0\1"
				       "1t\0\0\0\1at\0\0\0\2{}N\0\x03t\0\0\0\1"
				       "1t\0\0\0\1bu"),
	    100);
	ck_assert_str_eq(type, "items.renamed");
	ck_assert_str_eq(sl_buf_text(&payload),
	    "{\"id\":1,\"title\":\"b\",\"old_title\":\"a\",\"new_title\":\"b\","
	    "\"data\":{}}");
	clear();
}
END_TEST

START_TEST(a_changed_key_has_the_old_one_beside_it)
{
	learn(BYTES(RELATION("d")));
	const char *type = event(BYTES("U\0\0\0\x07K\0\x03t\0\0\0\1"
				       "1nnN\0\x03t\0\0\0\1"
				       "2t\0\0\0\1bu"),
	    100);
	ck_assert_str_eq(type, "items.updated");
	ck_assert_str_eq(
	    sl_buf_text(&payload), "{\"id\":2,\"old_id\":1,\"title\":\"b\"}");
	clear();
}
END_TEST

START_TEST(a_delete_has_the_key)
{
	learn(BYTES(RELATION("d")));
	const char *type = event(BYTES("D\0\0\0\x07K\0\x03t\0\0\0\1"
				       "5nn"),
	    100);
	ck_assert_str_eq(type, "items.deleted");
	ck_assert_str_eq(sl_buf_text(&payload), "{\"id\":5}");
	clear();
}
END_TEST

START_TEST(long_values_are_cut_between_characters_and_named)
{
	learn(BYTES(RELATION("d")));
	event(BYTES("I\0\0\0\x07N\0\x03t\0\0\0\1"
		    "1t\0\0\0\x14"
		    "aaaaaaaaaaaaaaa\xc3\xbc"
		    "bbbn"),
	    16);
	ck_assert_str_eq(sl_buf_text(&payload),
	    "{\"id\":1,\"title\":\"aaaaaaaaaaaaaaa\",\"truncated\":[\"title\"]}");
	clear();
}
END_TEST

START_TEST(numbers_that_are_none_of_json_become_text)
{
	learn(BYTES(RELATION("d")));
	event(BYTES("I\0\0\0\x07N\0\x03t\0\0\0\x13"
		    "9223372036854775807nt\0\0\0\3{x}"),
	    100);
	ck_assert_str_eq(
	    sl_buf_text(&payload), "{\"id\":\"9223372036854775807\",\"data\":\"{x}\"}");
	clear();
}
END_TEST

/* Every beginning of a right message is wrong, and so is one byte more. */
START_TEST(what_is_cut_off_or_too_long_is_malformed)
{
	const struct sl_slice whole[] = {
	    BYTES("B\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\1"),
	    BYTES("C\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\1"),
	    BYTES(RELATION("d")),
	    BYTES("I\0\0\0\x07N\0\1t\0\0\0\1x"),
	    BYTES("U\0\0\0\x07O\0\1nN\0\1t\0\0\0\1x"),
	    BYTES("D\0\0\0\x07K\0\1t\0\0\0\1x"),
	    BYTES("T\0\0\0\1\3\0\0\0\x07"),
	};
	struct col_pgoutput message;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t len = 0; len < whole[i].len; len++)
			ck_assert_int_eq(
			    col_pgoutput_read(
				(struct sl_slice){whole[i].data, len}, &message),
			    SL_EMALFORMED);
		ck_assert_int_eq(col_pgoutput_read(whole[i], &message), 0);
		ck_assert_int_eq(
		    col_pgoutput_read(
			(struct sl_slice){whole[i].data, whole[i].len + 1}, &message),
		    SL_EMALFORMED);
	}
}
END_TEST

/* Found by the fuzz target: it became \\u0000, which the aggregator refuses. */
START_TEST(a_value_with_nul_is_malformed)
{
	struct col_pgoutput message;

	ck_assert_int_eq(
	    col_pgoutput_read(BYTES("I\0\0\0\x07N\0\1t\0\0\0\2[\0"), &message),
	    SL_EMALFORMED);
}
END_TEST

START_TEST(frames_say_how_far_the_server_is)
{
	struct col_pgoutput_frame frame;

	ck_assert_int_eq(
	    col_pgoutput_frame_read(BYTES("k\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\0\1"), &frame),
	    0);
	ck_assert_uint_eq(frame.end_lsn, 0x100000002);
	ck_assert(frame.reply);
	ck_assert_int_eq(
	    col_pgoutput_frame_read(BYTES("k\0\0\0\1"), &frame), SL_EMALFORMED);
	ck_assert_int_eq(col_pgoutput_frame_read(BYTES(""), &frame), SL_EMALFORMED);
}
END_TEST

START_TEST(only_what_is_durable_is_confirmed)
{
	static struct col_pgplace_pending pending;

	col_pgplace_add(&pending, (struct col_pgplace){10, 3}, 20);
	col_pgplace_add(&pending, (struct col_pgplace){30, 1}, 40);
	col_pgplace_idle(&pending, 99);
	ck_assert_uint_eq(pending.confirmed_lsn, 0);
	col_pgplace_durable(&pending, (struct col_pgplace){10, 2});
	ck_assert_uint_eq(pending.confirmed_lsn, 0);
	col_pgplace_durable(&pending, (struct col_pgplace){10, 3});
	ck_assert_uint_eq(pending.confirmed_lsn, 20);
	col_pgplace_durable(&pending, (struct col_pgplace){30, 1});
	col_pgplace_idle(&pending, 99);
	ck_assert_uint_eq(pending.confirmed_lsn, 99);
}
END_TEST

START_TEST(a_full_list_of_transactions_confirms_later_never_earlier)
{
	static struct col_pgplace_pending pending;

	for (uint64_t i = 1; i <= 3 * COL_PGPLACE_PENDING; i++)
		col_pgplace_add(&pending, (struct col_pgplace){i, 1}, i);
	for (uint64_t i = 1; i <= 3 * COL_PGPLACE_PENDING; i++) {
		col_pgplace_durable(&pending, (struct col_pgplace){i, 1});
		ck_assert_uint_le(pending.confirmed_lsn, i);
	}
	ck_assert_uint_eq(pending.confirmed_lsn, 3 * COL_PGPLACE_PENDING);
}
END_TEST

START_TEST(positions_and_places_of_the_log_are_read_back)
{
	unsigned char position[16];
	struct col_pgplace place = {UINT64_C(0x16B374D848), 7};
	uint64_t lsn;

	col_pgplace_pack(place, position);
	ck_assert(!col_pgplace_after(col_pgplace_unpack(position), place));
	ck_assert(!col_pgplace_after(place, col_pgplace_unpack(position)));
	ck_assert_int_eq(col_pgplace_parse_lsn("16/B374D848", &lsn), 0);
	ck_assert_uint_eq(lsn, place.lsn);
	ck_assert_int_eq(col_pgplace_parse_lsn("16/", &lsn), SL_EMALFORMED);
	ck_assert_int_eq(col_pgplace_parse_lsn("G/1", &lsn), SL_EMALFORMED);
	ck_assert_int_eq(col_pgplace_parse_lsn("123456789/1", &lsn), SL_EMALFORMED);
}
END_TEST

START_TEST(a_snapshot_contains_what_is_neither_open_nor_to_come)
{
	struct col_pgvisible visible = {0};

	ck_assert_int_eq(col_pgvisible_check(&visible, "10:10:"), 1);
	col_pgvisible_note(&visible, 15);
	ck_assert_int_eq(col_pgvisible_check(&visible, "10:16:"), 1);
	ck_assert_int_eq(col_pgvisible_check(&visible, "10:15:"), 0);
	ck_assert_int_eq(col_pgvisible_check(&visible, "10:16:12,15"), 0);
	ck_assert_int_eq(col_pgvisible_check(&visible, "10:16:12,14"), 1);
	/* The epoch is in the snapshot only; ids go round. */
	ck_assert_int_eq(
	    col_pgvisible_check(&visible, "4294967306:4294967312:4294967311"), 0);
	ck_assert_int_eq(col_pgvisible_check(&visible, "10"), SL_EMALFORMED);
	ck_assert_int_eq(col_pgvisible_check(&visible, "10:x:"), SL_EMALFORMED);
	ck_assert_int_eq(col_pgvisible_check(&visible, "10:12:x"), SL_EMALFORMED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_pgoutput");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, a_row_becomes_the_fields_of_an_event);
	tcase_add_test(tcase, masked_columns_say_only_that_they_have_a_value);
	tcase_add_test(tcase, a_full_identity_tells_what_the_watched_column_was);
	tcase_add_test(tcase, a_changed_key_has_the_old_one_beside_it);
	tcase_add_test(tcase, a_delete_has_the_key);
	tcase_add_test(tcase, long_values_are_cut_between_characters_and_named);
	tcase_add_test(tcase, numbers_that_are_none_of_json_become_text);
	tcase_add_test(tcase, what_is_cut_off_or_too_long_is_malformed);
	tcase_add_test(tcase, a_value_with_nul_is_malformed);
	tcase_add_test(tcase, frames_say_how_far_the_server_is);
	tcase_add_test(tcase, only_what_is_durable_is_confirmed);
	tcase_add_test(tcase, a_full_list_of_transactions_confirms_later_never_earlier);
	tcase_add_test(tcase, positions_and_places_of_the_log_are_read_back);
	tcase_add_test(tcase, a_snapshot_contains_what_is_neither_open_nor_to_come);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
