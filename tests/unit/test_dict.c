/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "shm/dict.h"
#include "shm/layout.h"

static struct sl_segment segment;
static struct sl_dict_writer writer;
static struct sl_dict_reader reader;

static void set_up(void)
{
	ck_assert_int_eq(sl_segment_create(&segment, "dict", 64 * 1024), 0);
	sl_dict_writer_init(&writer, &segment);
	sl_dict_reader_init(&reader, &segment);
}

static void tear_down(void)
{
	sl_segment_close(&segment);
}

static struct sl_slice slice(const char *text)
{
	return (struct sl_slice){text, strlen(text)};
}

static bool is(struct sl_slice got, const char *want)
{
	return got.len == strlen(want) && memcmp(got.data, want, got.len) == 0;
}

static uint32_t add(const char *name)
{
	struct sl_dict_def def = {.name = slice(name)};
	uint32_t handle;

	ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), 0);
	return handle;
}

START_TEST(a_definition_comes_out_as_it_went_in)
{
	struct sl_dict_def def = {.kind = SL_DICT_COUNTER,
	    .name = slice("disk_read_bytes"),
	    .unit = slice("bytes/s"),
	    .label_count = 2,
	    .labels = {{slice("device"), slice("sda")},
		{slice("path"), slice("/srv/gr\xc3\xb6\xc3\x9f"
				      "e")}}};
	uint32_t handle;
	struct sl_dict_def got;

	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_EAGAIN);
	ck_assert_uint_eq(add("first"), 0);
	ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), 0);
	ck_assert_uint_eq(handle, 1);
	ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	ck_assert(is(got.name, "first"));
	ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	ck_assert_uint_eq(got.handle, 1);
	ck_assert_int_eq(got.kind, SL_DICT_COUNTER);
	ck_assert(is(got.name, "disk_read_bytes") && is(got.unit, "bytes/s"));
	ck_assert_uint_eq(got.label_count, 2);
	ck_assert(is(got.labels[0].key, "device") && is(got.labels[0].value, "sda"));
	ck_assert(is(got.labels[1].key, "path"));
	ck_assert_uint_eq(got.labels[1].value.len, 12);
	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_EAGAIN);
}
END_TEST

START_TEST(the_largest_definition_fits)
{
	char texts[SL_DICT_LABEL_VALUE_MAX + 1];
	struct sl_dict_def def = {.label_count = SL_DICT_LABELS_MAX}, got;
	char keys[SL_DICT_LABELS_MAX][SL_DICT_LABEL_KEY_MAX + 1];
	uint32_t handle;

	memset(texts, 'v', sizeof(texts));
	def.name = (struct sl_slice){texts, SL_DICT_NAME_MAX};
	def.unit = (struct sl_slice){texts, SL_DICT_UNIT_MAX};
	for (unsigned i = 0; i < SL_DICT_LABELS_MAX; i++) {
		memset(keys[i], 'a' + (int)i, sizeof(keys[i]));
		def.labels[i].key = (struct sl_slice){keys[i], SL_DICT_LABEL_KEY_MAX};
		def.labels[i].value = (struct sl_slice){texts, SL_DICT_LABEL_VALUE_MAX};
	}
	ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), 0);
	ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	ck_assert_uint_eq(got.labels[15].value.len, SL_DICT_LABEL_VALUE_MAX);
	def.labels[3].value.len++;
	ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), SL_ETOOBIG);
}
END_TEST

START_TEST(the_writer_refuses_what_a_reader_would)
{
	static const char *const bad_names[] = {
	    "", "Upper", "1st", "with space", "dash-ed", "n\xc3\xa4h"};
	static const char *const bad_texts[] = {
	    "\xff", "a\nb", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};
	uint32_t handle;

	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		struct sl_dict_def def = {.name = slice(bad_names[i])};
		ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), SL_EINVAL);
		def = (struct sl_dict_def){.name = slice("ok"),
		    .label_count = 1,
		    .labels = {{slice(bad_names[i]), slice("v")}}};
		ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), SL_EINVAL);
	}
	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
		struct sl_dict_def def = {
		    .name = slice("ok"), .unit = slice(bad_texts[i])};
		ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), SL_EINVAL);
		def = (struct sl_dict_def){.name = slice("ok"),
		    .label_count = 1,
		    .labels = {{slice("k"), slice(bad_texts[i])}}};
		ck_assert_int_eq(sl_dict_add(&writer, &def, &handle), SL_EINVAL);
	}
	struct sl_dict_def twice = {.name = slice("ok"),
	    .label_count = 2,
	    .labels = {{slice("k"), slice("1")}, {slice("k"), slice("2")}}};
	ck_assert_int_eq(sl_dict_add(&writer, &twice, &handle), SL_EINVAL);
	ck_assert_uint_eq(add("fine"), 0);
}
END_TEST

START_TEST(a_full_dictionary_refuses_and_stays_readable)
{
	struct sl_dict_def def, got;
	uint32_t handle, n = 0;
	char name[32];

	for (;; n++) {
		snprintf(name, sizeof(name), "metric_%u", n);
		def = (struct sl_dict_def){.name = slice(name)};
		if (sl_dict_add(&writer, &def, &handle) < 0)
			break;
	}
	ck_assert_uint_eq(n, SL_DICT_DEFS_MAX);
	for (uint32_t i = 0; i < n; i++)
		ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	ck_assert_uint_eq(got.handle, SL_DICT_DEFS_MAX - 1);
	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_EAGAIN);
}
END_TEST

START_TEST(a_bad_definition_does_not_hide_the_ones_behind_it)
{
	struct sl_dict_def got;

	add("before");
	size_t at = writer.used;
	add("spoiled");
	add("behind");
	memcpy(segment.dict + at + sizeof(struct sl_layout_def), "SPOILED", 7);
	ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_EINVAL);
	ck_assert_ptr_nonnull(strstr(reader.reason, "definition 1"));
	ck_assert_uint_eq(reader.refused, 1);
	ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	ck_assert(is(got.name, "behind"));
	ck_assert_uint_eq(got.handle, 2);
}
END_TEST

START_TEST(lengths_that_do_not_add_up_are_refused)
{
	struct sl_dict_def got;
	struct sl_layout_def *def = (void *)segment.dict;

	add("name");
	add("behind");
	switch (_i) {
	case 0:
		def->name_bytes = 5;
		break;
	case 1:
		def->unit_bytes = UINT16_MAX;
		break;
	case 2:
		def->label_count = 255;
		break;
	case 3:
		def->label_count = 1;
		break;
	default:
		def->kind = 3;
	}
	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_EINVAL);
	ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	ck_assert(is(got.name, "behind"));
}
END_TEST

START_TEST(broken_framing_ends_the_reading_for_good)
{
	static const uint32_t lengths[] = {0, 15, 25, UINT32_MAX, 65536};
	struct sl_dict_def got;

	add("name");
	memcpy(segment.dict, &lengths[_i], sizeof(lengths[_i]));
	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_ECORRUPT);
	ck_assert_uint_gt(strlen(reader.reason), 0);
	uint32_t mended = 20;
	memcpy(segment.dict, &mended, sizeof(mended));
	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_ECORRUPT);
}
END_TEST

START_TEST(a_dictionary_that_shrinks_or_overflows_is_corrupt)
{
	static const uint64_t used[] = {8, SL_LAYOUT_DICT_MAX + 8, UINT64_MAX - 7, 25};
	struct sl_dict_def got;

	add("name");
	ck_assert_int_eq(sl_dict_read(&reader, &got), 0);
	atomic_store(&segment.header->dict_used, used[_i]);
	ck_assert_int_eq(sl_dict_read(&reader, &got), SL_ECORRUPT);
}
END_TEST

START_TEST(a_million_definitions_are_cut_off)
{
	struct sl_dict_def got;
	struct sl_layout_def def = {.bytes = sizeof(def)};
	size_t count = segment.dict_bytes / sizeof(def);
	uint32_t refused = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		memcpy(segment.dict + i * sizeof(def), &def, sizeof(def));
	atomic_store(&segment.header->dict_used, segment.dict_bytes);
	while ((err = sl_dict_read(&reader, &got)) == SL_EINVAL)
		refused++;
	ck_assert_int_eq(err, SL_ECORRUPT);
	ck_assert_uint_eq(refused, SL_DICT_DEFS_MAX);
	ck_assert_uint_eq(reader.refused, refused);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dict");
	TCase *tc = tcase_create("dict");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_definition_comes_out_as_it_went_in);
	tcase_add_test(tc, the_largest_definition_fits);
	tcase_add_test(tc, the_writer_refuses_what_a_reader_would);
	tcase_add_test(tc, a_full_dictionary_refuses_and_stays_readable);
	tcase_add_test(tc, a_bad_definition_does_not_hide_the_ones_behind_it);
	tcase_add_loop_test(tc, lengths_that_do_not_add_up_are_refused, 0, 5);
	tcase_add_loop_test(tc, broken_framing_ends_the_reading_for_good, 0, 5);
	tcase_add_loop_test(tc, a_dictionary_that_shrinks_or_overflows_is_corrupt, 0, 4);
	tcase_add_test(tc, a_million_definitions_are_cut_off);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
