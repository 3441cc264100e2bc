/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "sp.h"

static struct sl_sp_reader reader;
static struct sl_buf stream;
static struct sl_buf got;
static int messages;

static int on_message(void *arg, const char *data, size_t len)
{
	(void)arg;
	sl_buf_addf(&got, "[%.*s]", (int)len, data);
	messages++;
	return 0;
}

static void hello(enum sl_sp_protocol protocol)
{
	char bytes[SL_SP_HELLO];

	sl_sp_hello(protocol, bytes);
	sl_buf_add(&stream, bytes, sizeof(bytes));
}

static void message(const char *text)
{
	char head[SL_SP_HEAD];

	sl_sp_head(strlen(text), head);
	sl_buf_add(&stream, head, sizeof(head));
	sl_buf_adds(&stream, text);
}

static int feed(size_t piece)
{
	int rc = 0;

	for (size_t at = 0; at < stream.len && rc == 0; at += piece) {
		size_t n = stream.len - at < piece ? stream.len - at : piece;
		char *copy = malloc(n);

		memcpy(copy, stream.data + at, n);
		rc = sl_sp_read(&reader, copy, n, on_message, NULL);
		free(copy);
	}
	return rc;
}

static void begin(void)
{
	sl_sp_reader_init(&reader, SL_SP_REQ, 1000);
}

static void end(void)
{
	sl_sp_reader_clear(&reader);
	sl_buf_clear(&stream);
	sl_buf_clear(&got);
}

START_TEST(messages_come_whole_however_the_bytes_are_cut)
{
	char text[301];

	memset(text, 'x', sizeof(text) - 1);
	text[300] = '\0';
	hello(SL_SP_REQ);
	message("one");
	message("");
	message(text);
	message("four");
	for (size_t piece = 1; piece <= stream.len; piece++) {
		sl_sp_reader_clear(&reader);
		sl_sp_reader_init(&reader, SL_SP_REQ, 1000);
		sl_buf_reset(&got);
		messages = 0;
		ck_assert_int_eq(feed(piece), 0);
		ck_assert_int_eq(messages, 4);
		ck_assert_uint_eq(got.len, 5 + 2 + 302 + 6);
		ck_assert_mem_eq(got.data, "[one][][xx", 10);
		ck_assert_uint_eq(reader.partial.len, 0);
	}
}
END_TEST

START_TEST(another_protocol_or_no_hello_is_malformed)
{
	hello(SL_SP_SUB);
	ck_assert_int_eq(feed(stream.len), SL_EMALFORMED);
	begin();
	sl_buf_reset(&stream);
	message("no hello before");
	ck_assert_int_eq(feed(1), SL_EMALFORMED);
	ck_assert_int_eq(messages, 0);
}
END_TEST

START_TEST(a_length_over_the_limit_is_refused_before_anything_is_stored)
{
	char head[SL_SP_HEAD];

	hello(SL_SP_REQ);
	sl_sp_head(UINT64_MAX, head);
	sl_buf_add(&stream, head, sizeof(head));
	ck_assert_int_eq(feed(stream.len), SL_ETOOBIG);
	sl_sp_reader_clear(&reader);
	begin();
	ck_assert_int_eq(feed(1), SL_ETOOBIG);
	ck_assert_uint_le(reader.partial.cap, 256);
}
END_TEST

START_TEST(a_head_that_is_no_head_is_malformed_at_its_first_byte)
{
	hello(SL_SP_REQ);
	sl_buf_addc(&stream, 2);
	ck_assert_int_eq(feed(stream.len), SL_EMALFORMED);
}
END_TEST

START_TEST(memory_is_kept_only_while_a_message_is_incomplete)
{
	hello(SL_SP_REQ);
	message("long enough to be cut somewhere");
	ck_assert_int_eq(feed(10), 0);
	ck_assert_ptr_null(reader.partial.data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sp");
	TCase *tc = tcase_create("sp");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, messages_come_whole_however_the_bytes_are_cut);
	tcase_add_test(tc, another_protocol_or_no_hello_is_malformed);
	tcase_add_test(tc, a_length_over_the_limit_is_refused_before_anything_is_stored);
	tcase_add_test(tc, a_head_that_is_no_head_is_malformed_at_its_first_byte);
	tcase_add_test(tc, memory_is_kept_only_while_a_message_is_incomplete);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
