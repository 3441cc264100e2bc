/* SPDX-License-Identifier: Apache-2.0 */
/* Raw deflate of whole messages: what comes back, what is bounded. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "zip.h"

static struct sl_zip *zip;
static struct sl_buf packed, plain, text;

static void setup(void)
{
	zip = sl_zip_new();
}

static void teardown(void)
{
	sl_zip_free(zip);
	sl_buf_clear(&packed);
	sl_buf_clear(&plain);
	sl_buf_clear(&text);
}

/* Text of n bytes that deflate likes; what it says repeats over long distances. */
static void make_text(size_t n)
{
	sl_buf_reset(&text);
	for (unsigned i = 0; text.len < n; i++)
		sl_buf_addf(&text, "{\"metric\":\"m%u\",\"value\":%u}", i % 50, i * 7);
	text.len = n;
}

/* Compresses text, checks the ending and takes it off, as WebSocket does. */
static void pack(int window_bits)
{
	sl_buf_reset(&packed);
	sl_zip_deflate(zip, text.data, text.len, window_bits, &packed);
	ck_assert_uint_ge(packed.len, SL_ZIP_TAIL_LEN + 1);
	packed.len -= SL_ZIP_TAIL_LEN;
	ck_assert_mem_eq(packed.data + packed.len, SL_ZIP_TAIL, SL_ZIP_TAIL_LEN);
}

static int unpack(const void *data, size_t len, size_t max)
{
	sl_buf_reset(&plain);
	return sl_zip_inflate(zip, data, len, max, &plain);
}

START_TEST(every_length_and_window_comes_back_as_it_was)
{
	static const size_t sizes[] = {
	    1, 2, 100, 255, 256, 257, 4095, 4096, 4097, 70000, 1u << 20};

	for (int bits = SL_ZIP_WINDOW_BITS_MIN; bits <= SL_ZIP_WINDOW_BITS_MAX; bits++) {
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			make_text(sizes[i]);
			pack(bits);
			ck_assert_int_eq(
			    unpack(packed.data, packed.len, text.len), SL_OK);
			ck_assert_uint_eq(plain.len, text.len);
			ck_assert_mem_eq(plain.data, text.data, text.len);
		}
	}
}
END_TEST

START_TEST(a_message_does_not_depend_on_the_one_before)
{
	struct sl_buf first = {0};

	make_text(3000);
	pack(SL_ZIP_WINDOW_BITS_MAX);
	sl_buf_add(&first, packed.data, packed.len);
	make_text(50000);
	pack(9);
	make_text(3000);
	pack(SL_ZIP_WINDOW_BITS_MAX);
	ck_assert_uint_eq(packed.len, first.len);
	ck_assert_mem_eq(packed.data, first.data, first.len);
	sl_buf_clear(&first);
}
END_TEST

START_TEST(an_empty_message_is_one_zero_byte)
{
	sl_buf_reset(&text);
	pack(SL_ZIP_WINDOW_BITS);
	ck_assert_uint_eq(packed.len, 1);
	ck_assert_int_eq(packed.data[0], 0);
	ck_assert_int_eq(unpack(packed.data, 1, 0), SL_OK);
	ck_assert_uint_eq(plain.len, 0);
}
END_TEST

START_TEST(reads_the_examples_of_rfc_7692)
{
	static const struct {
		const char *data;
		size_t len;
	} rows[] = {
	    {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7},                          /* 7.2.3.1 */
	    {"\x00\x05\x00\xfa\xffHello\x00", 11},                        /* 7.2.3.3 */
	    {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8},                      /* 7.2.3.4 */
	    {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13}, /* 7.2.3.5 */
	    {"\xf3\x48\xcd\xc9\xc9\x07\x00", 7}, /* a last block and nothing behind it */
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_int_eq(unpack(rows[i].data, rows[i].len, 5), SL_OK);
		ck_assert_uint_eq(plain.len, 5);
		ck_assert_mem_eq(plain.data, "Hello", 5);
	}
}
END_TEST

START_TEST(what_is_no_whole_deflate_data_is_malformed)
{
	static const char bad_block[] = "\x07\x00\x00";
	static const char bad_distance[] = "\x4b\x04\x12\x00";

	ck_assert_int_eq(unpack(bad_block, 3, 100), SL_EMALFORMED);
	ck_assert_int_eq(unpack(bad_distance, 4, 100), SL_EMALFORMED);
	make_text(5000);
	pack(SL_ZIP_WINDOW_BITS);
	for (size_t cut = 1; cut < packed.len - 1; cut += 7)
		ck_assert_int_eq(unpack(packed.data, cut, 5000), SL_EMALFORMED);
	/* The state of a failure does not reach the next message. */
	ck_assert_int_eq(unpack(packed.data, packed.len, 5000), SL_OK);
}
END_TEST

START_TEST(a_bomb_costs_no_more_than_the_limit)
{
	const size_t limit = 100000;

	sl_buf_reset(&text);
	memset(sl_buf_reserve(&text, 64u << 20), 0, 64u << 20);
	text.len = 64u << 20;
	pack(SL_ZIP_WINDOW_BITS);
	ck_assert_int_eq(unpack(packed.data, packed.len, limit), SL_ETOOBIG);
	ck_assert_uint_le(plain.len, limit + 1);
	ck_assert_uint_le(plain.cap, 2 * limit);
}
END_TEST

START_TEST(last_blocks_without_end_are_malformed)
{
	sl_buf_reset(&text);
	for (int i = 0; i < 500000; i++)
		sl_buf_add(&text, "\x03\0", 2);
	ck_assert_int_eq(unpack(text.data, text.len, 1000), SL_EMALFORMED);
}
END_TEST

START_TEST(stored_blocks_can_stand_between_compressed_ones)
{
	struct sl_buf whole = {0};
	struct sl_buf stream = {0};

	make_text(70000);
	sl_zip_deflate(zip, text.data, 1000, SL_ZIP_WINDOW_BITS, &stream);
	sl_zip_stored(text.data, text.len, &stream);
	sl_zip_deflate(zip, text.data, 500, SL_ZIP_WINDOW_BITS, &stream);
	sl_buf_add(&whole, text.data, 1000);
	sl_buf_add(&whole, text.data, text.len);
	sl_buf_add(&whole, text.data, 500);
	ck_assert_int_eq(
	    unpack(stream.data, stream.len - SL_ZIP_TAIL_LEN, whole.len), SL_OK);
	ck_assert_uint_eq(plain.len, whole.len);
	ck_assert_mem_eq(plain.data, whole.data, whole.len);
	sl_buf_clear(&whole);
	sl_buf_clear(&stream);
}
END_TEST

START_TEST(the_sum_of_pieces_is_the_sum_of_the_whole)
{
	struct sl_zip_sum sum = {0};
	struct sl_zip_sum known = sl_zip_sum_of("123456789", 9);

	ck_assert_uint_eq(known.crc, 0xcbf43926);
	make_text(10000);
	for (size_t at = 0; at < text.len; at += 777) {
		size_t n = text.len - at < 777 ? text.len - at : 777;
		struct sl_zip_sum next = sl_zip_sum_of(text.data + at, n);
		sl_zip_sum_add(&sum, &next);
	}
	struct sl_zip_sum whole = sl_zip_sum_of(text.data, text.len);
	ck_assert_uint_eq(sum.crc, whole.crc);
	ck_assert_uint_eq(sum.len, 10000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zip");
	TCase *tc = tcase_create("zip");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, every_length_and_window_comes_back_as_it_was);
	tcase_add_test(tc, a_message_does_not_depend_on_the_one_before);
	tcase_add_test(tc, an_empty_message_is_one_zero_byte);
	tcase_add_test(tc, reads_the_examples_of_rfc_7692);
	tcase_add_test(tc, what_is_no_whole_deflate_data_is_malformed);
	tcase_add_test(tc, a_bomb_costs_no_more_than_the_limit);
	tcase_add_test(tc, last_blocks_without_end_are_malformed);
	tcase_add_test(tc, stored_blocks_can_stand_between_compressed_ones);
	tcase_add_test(tc, the_sum_of_pieces_is_the_sum_of_the_whole);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
