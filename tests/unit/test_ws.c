/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ws.h"

static const uint8_t mask[4] = {0x11, 0x22, 0x33, 0x44};

/* What a feed delivered, as text: "T:hello P:x C1000:bye " and so on. */
static struct sl_buf seen;
static bool stop_at_message;

static bool on_message(
    void *arg, enum sl_ws_opcode opcode, bool compressed, char *data, size_t len)
{
	(void)arg;
	sl_buf_addf(
	    &seen, "%s%s:", opcode == SL_WS_TEXT ? "T" : "B", compressed ? "z" : "");
	sl_buf_add(&seen, data, len);
	sl_buf_addc(&seen, ' ');
	return !stop_at_message;
}

static bool on_ping(void *arg, const char *data, size_t len)
{
	(void)arg;
	sl_buf_adds(&seen, "I:");
	sl_buf_add(&seen, data, len);
	sl_buf_addc(&seen, ' ');
	return true;
}

static bool on_pong(void *arg, const char *data, size_t len)
{
	(void)arg;
	sl_buf_adds(&seen, "O:");
	sl_buf_add(&seen, data, len);
	sl_buf_addc(&seen, ' ');
	return true;
}

static bool on_close(void *arg, int code, const char *reason, size_t len)
{
	(void)arg;
	sl_buf_addf(&seen, "C%d:", code);
	sl_buf_add(&seen, reason, len);
	sl_buf_addc(&seen, ' ');
	return true;
}

static unsigned fragments;

static bool on_fragment(void *arg)
{
	(void)arg;
	fragments++;
	return true;
}

static const struct sl_ws_sink sink = {
    on_message, on_ping, on_pong, on_close, on_fragment};

static void setup(void)
{
	stop_at_message = false;
}

static void teardown(void)
{
	sl_buf_clear(&seen);
}

static struct sl_buf wire;

static void put(uint8_t flags, enum sl_ws_opcode opcode, const char *text)
{
	sl_ws_write_masked(&wire, flags, opcode, mask, text, strlen(text));
}

/* Feeds the wire in pieces; the result, with what was seen left in seen. */
static int feed(size_t piece, uint32_t max, bool rsv1, const char **why)
{
	struct sl_ws ws = {.message_max = max, .allow_rsv1 = rsv1};
	int result = SL_WS_OK;

	sl_buf_reset(&seen);
	for (size_t at = 0; at < wire.len && result == SL_WS_OK; at += piece) {
		size_t n = wire.len - at < piece ? wire.len - at : piece;
		char *copy = malloc(n);
		memcpy(copy, wire.data + at, n);
		result = sl_ws_feed(&ws, copy, n, &sink, NULL, why);
		free(copy);
	}
	ck_assert_msg(result == SL_WS_OK || !ws.partial, "state kept after the end");
	sl_ws_clear(&ws);
	return result;
}

/* The same result and deliveries in pieces of every size. */
static void must(int expected, const char *deliveries)
{
	const char *why = NULL;

	for (size_t piece = 1; piece <= wire.len; piece++) {
		int result = feed(piece, 1000, false, &why);
		ck_assert_msg(result == expected, "pieces of %zu: %d (%s) instead of %d",
		    piece, result, why ? why : "", expected);
		ck_assert_str_eq(sl_buf_text(&seen), deliveries);
		if (expected > 0)
			ck_assert_ptr_nonnull(why);
	}
	sl_buf_clear(&wire);
}

START_TEST(delivers_whole_messages)
{
	put(0x80, SL_WS_TEXT, "hello");
	put(0x80, SL_WS_BINARY, "\xff\xfe");
	put(0x80, SL_WS_TEXT, "");
	must(SL_WS_OK, "T:hello B:\xff\xfe T: ");
}
END_TEST

START_TEST(joins_fragments_with_control_frames_between_them)
{
	put(0x00, SL_WS_TEXT, "he");
	put(0x80, SL_WS_PING, "p");
	put(0x00, SL_WS_CONTINUATION, "l\xc3");
	put(0x80, SL_WS_PONG, "");
	put(0x80, SL_WS_CONTINUATION, "\xa4o");
	put(0x80, SL_WS_TEXT, "next");
	must(SL_WS_OK, "I:p O: T:hel\xc3\xa4o T:next ");
}
END_TEST

START_TEST(tells_of_every_fragment_that_does_not_end_a_message)
{
	put(0x00, SL_WS_TEXT, "");
	for (int i = 0; i < 100; i++)
		put(0x00, SL_WS_CONTINUATION, "");
	put(0x80, SL_WS_CONTINUATION, "");
	fragments = 0;
	ck_assert_int_eq(feed(wire.len, 100, false, NULL), SL_WS_OK);
	ck_assert_uint_eq(fragments, 101);
	sl_buf_reset(&wire);
}
END_TEST

START_TEST(a_close_frame_ends_the_reading)
{
	put(0x80, SL_WS_TEXT, "a");
	put(0x80, SL_WS_CLOSE,
	    "\x03\xe8"
	    "bye");
	put(0x80, SL_WS_TEXT, "never");
	must(SL_WS_STOPPED, "T:a C1000:bye ");
	put(0x80, SL_WS_CLOSE, "");
	must(SL_WS_STOPPED, "C0: ");
}
END_TEST

START_TEST(knows_which_close_codes_are_valid)
{
	static const struct {
		int code;
		bool valid;
	} rows[] = {{0, 0}, {999, 0}, {1000, 1}, {1001, 1}, {1002, 1}, {1003, 1},
	    {1004, 0}, {1005, 0}, {1006, 0}, {1007, 1}, {1011, 1}, {1014, 1}, {1015, 0},
	    {1016, 0}, {1100, 0}, {2000, 0}, {2999, 0}, {3000, 1}, {3999, 1}, {4000, 1},
	    {4999, 1}, {5000, 0}, {65535, 0}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char payload[2] = {(char)(rows[i].code >> 8), (char)rows[i].code};
		sl_ws_write_masked(&wire, 0x80, SL_WS_CLOSE, mask, payload, 2);
		ck_assert_msg(feed(99, 1000, false, NULL) ==
				  (rows[i].valid ? SL_WS_STOPPED : SL_WS_PROTOCOL),
		    "close code %d", rows[i].code);
		sl_buf_clear(&wire);
	}
	put(0x80, SL_WS_CLOSE, "\x03");
	must(SL_WS_PROTOCOL, "");
	put(0x80, SL_WS_CLOSE, "\x03\xe8\xff");
	must(SL_WS_BAD_DATA, "");
}
END_TEST

START_TEST(refuses_what_breaks_the_protocol)
{
	char big[126];

	memset(big, 'a', sizeof big);
	put(0x80 | 0x40, SL_WS_TEXT, "rsv1 without extension");
	must(SL_WS_PROTOCOL, "");
	put(0x80 | 0x20, SL_WS_TEXT, "rsv2");
	must(SL_WS_PROTOCOL, "");
	put(0x80 | 0x10, SL_WS_TEXT, "rsv3");
	must(SL_WS_PROTOCOL, "");
	for (int opcode = 3; opcode < 16; opcode++) {
		if (opcode >= 8 && opcode <= 10)
			continue;
		put(0x80, (enum sl_ws_opcode)opcode, "x");
		must(SL_WS_PROTOCOL, "");
	}
	put(0x00, SL_WS_PING, "fragmented ping");
	must(SL_WS_PROTOCOL, "");
	sl_ws_write_masked(&wire, 0x80, SL_WS_PING, mask, big, sizeof big);
	must(SL_WS_PROTOCOL, "");
	put(0x80, SL_WS_CONTINUATION, "of nothing");
	must(SL_WS_PROTOCOL, "");
	put(0x00, SL_WS_TEXT, "a");
	put(0x80, SL_WS_TEXT, "b");
	must(SL_WS_PROTOCOL, "");
	sl_ws_write(&wire, SL_WS_TEXT, "not masked", 10);
	must(SL_WS_PROTOCOL, "");
}
END_TEST

static void put_raw(const char *bytes, size_t len)
{
	sl_buf_add(&wire, bytes, len);
}

START_TEST(refuses_lengths_that_are_not_in_their_shortest_form)
{
	put_raw("\x81\xfe\x00\x01"
		"\0\0\0\0a",
	    9);
	must(SL_WS_PROTOCOL, "");
	put_raw("\x81\xff\0\0\0\0\0\0\0\x01"
		"\0\0\0\0a",
	    15);
	must(SL_WS_PROTOCOL, "");
	put_raw("\x82\xff\x80\0\0\0\0\x01\0\0"
		"\0\0\0\0a",
	    15);
	must(SL_WS_PROTOCOL, "");
}
END_TEST

START_TEST(a_huge_length_is_refused_before_anything_is_buffered)
{
	put_raw("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
		"\0\0\0\0",
	    14);
	must(SL_WS_TOO_BIG, "");
}
END_TEST

START_TEST(bounds_a_message_over_all_its_fragments)
{
	put(0x00, SL_WS_TEXT, "12345");
	put(0x80, SL_WS_CONTINUATION, "67890");
	ck_assert_int_eq(feed(7, 10, false, NULL), SL_WS_OK);
	ck_assert_int_eq(feed(7, 9, false, NULL), SL_WS_TOO_BIG);
	ck_assert_int_eq(feed(99, 4, false, NULL), SL_WS_TOO_BIG);
	sl_buf_clear(&wire);
}
END_TEST

START_TEST(text_must_be_utf8_and_fails_at_the_first_bad_byte)
{
	put(0x80, SL_WS_TEXT, "\xc3");
	must(SL_WS_BAD_DATA, "");
	put(0x80, SL_WS_TEXT, "\xed\xa0\x80");
	must(SL_WS_BAD_DATA, "");
	put(0x00, SL_WS_TEXT, "a\xf4\x90");
	must(SL_WS_BAD_DATA, "");
	put(0x00, SL_WS_TEXT, "\xe2\x82");
	put(0x80, SL_WS_CONTINUATION, "");
	must(SL_WS_BAD_DATA, "");
}
END_TEST

START_TEST(rsv1_passes_when_negotiated_on_first_frames_only)
{
	put(0x80 | 0x40, SL_WS_TEXT, "\xff\x01");
	ck_assert_int_eq(feed(3, 1000, true, NULL), SL_WS_OK);
	ck_assert_str_eq(sl_buf_text(&seen), "Tz:\xff\x01 ");
	put(0x00 | 0x40, SL_WS_TEXT, "\xff");
	put(0x80 | 0x40, SL_WS_CONTINUATION, "x");
	ck_assert_int_eq(feed(3, 1000, true, NULL), SL_WS_PROTOCOL);
	sl_buf_clear(&wire);
	put(0x80 | 0x40, SL_WS_PING, "x");
	ck_assert_int_eq(feed(3, 1000, true, NULL), SL_WS_PROTOCOL);
	sl_buf_clear(&wire);
}
END_TEST

START_TEST(a_compressed_message_may_be_a_little_longer_than_the_limit)
{
	char text[4096];

	memset(text, 'x', sizeof text);
	text[1024 + 32] = '\0';
	put(0x80 | 0x40, SL_WS_BINARY, text);
	ck_assert_int_eq(feed(wire.len, 1024, true, NULL), SL_WS_OK);
	ck_assert_int_eq(feed(7, 1024, true, NULL), SL_WS_OK);
	sl_buf_clear(&wire);
	text[1024 + 32] = 'x';
	text[1024 + 33] = '\0';
	put(0x80 | 0x40, SL_WS_BINARY, text);
	ck_assert_int_eq(feed(wire.len, 1024, true, NULL), SL_WS_TOO_BIG);
	sl_buf_clear(&wire);
	/* In fragments, and never for a plain one. */
	text[1000] = '\0';
	put(0x40, SL_WS_BINARY, text);
	put(0x80, SL_WS_CONTINUATION, text);
	ck_assert_int_eq(feed(7, 1024, true, NULL), SL_WS_TOO_BIG);
	sl_buf_clear(&wire);
	text[1000] = 'x';
	text[1025] = '\0';
	put(0x80, SL_WS_BINARY, text);
	ck_assert_int_eq(feed(wire.len, 1024, true, NULL), SL_WS_TOO_BIG);
	sl_buf_clear(&wire);
}
END_TEST

START_TEST(stops_where_the_owner_says)
{
	put(0x80, SL_WS_TEXT, "one");
	put(0x80, SL_WS_TEXT, "two");
	stop_at_message = true;
	must(SL_WS_STOPPED, "T:one ");
}
END_TEST

START_TEST(holds_memory_only_while_something_is_incomplete)
{
	struct sl_ws ws = {.message_max = 100};

	put(0x80, SL_WS_TEXT, "abc");
	ck_assert_int_eq(sl_ws_feed(&ws, wire.data, 4, &sink, NULL, NULL), SL_WS_OK);
	ck_assert_ptr_nonnull(ws.partial);
	ck_assert_int_eq(
	    sl_ws_feed(&ws, wire.data + 4, wire.len - 4, &sink, NULL, NULL), SL_WS_OK);
	ck_assert_ptr_null(ws.partial);
	ck_assert_str_eq(sl_buf_text(&seen), "T:abc ");
	sl_buf_clear(&wire);
}
END_TEST

START_TEST(writes_headers_in_the_shortest_form)
{
	static const struct {
		size_t len, header;
	} rows[] = {{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}};
	uint8_t header[SL_WS_HEADER_MAX];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_uint_eq(
		    sl_ws_header(header, SL_WS_TEXT, false, rows[i].len), rows[i].header);
	ck_assert_uint_eq(sl_ws_header(header, SL_WS_BINARY, true, 300), 4);
	ck_assert_mem_eq(header, "\xc2\x7e\x01\x2c", 4);
}
END_TEST

START_TEST(cuts_a_long_close_reason_at_a_character)
{
	char reason[200];
	struct sl_buf out = {0};

	memset(reason, 'a', sizeof reason);
	memcpy(reason + 122, "\xc3\xa4", 2);
	reason[199] = '\0';
	sl_ws_write_close(&out, SL_WS_SLOW, reason);
	ck_assert_uint_eq(out.len, 2 + 2 + 122);
	ck_assert_mem_eq(out.data, "\x88\x7c\x0b\xc0", 4);
	sl_buf_clear(&out);
	sl_ws_write_close(&out, SL_WS_NO_CODE, "");
	ck_assert_uint_eq(out.len, 2);
	sl_buf_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ws");
	TCase *tc = tcase_create("ws");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, delivers_whole_messages);
	tcase_add_test(tc, joins_fragments_with_control_frames_between_them);
	tcase_add_test(tc, tells_of_every_fragment_that_does_not_end_a_message);
	tcase_add_test(tc, a_close_frame_ends_the_reading);
	tcase_add_test(tc, knows_which_close_codes_are_valid);
	tcase_add_test(tc, refuses_what_breaks_the_protocol);
	tcase_add_test(tc, refuses_lengths_that_are_not_in_their_shortest_form);
	tcase_add_test(tc, a_huge_length_is_refused_before_anything_is_buffered);
	tcase_add_test(tc, bounds_a_message_over_all_its_fragments);
	tcase_add_test(tc, text_must_be_utf8_and_fails_at_the_first_bad_byte);
	tcase_add_test(tc, rsv1_passes_when_negotiated_on_first_frames_only);
	tcase_add_test(tc, a_compressed_message_may_be_a_little_longer_than_the_limit);
	tcase_add_test(tc, stops_where_the_owner_says);
	tcase_add_test(tc, holds_memory_only_while_something_is_incomplete);
	tcase_add_test(tc, writes_headers_in_the_shortest_form);
	tcase_add_test(tc, cuts_a_long_close_reason_at_a_character);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
