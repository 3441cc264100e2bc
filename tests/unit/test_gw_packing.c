/* SPDX-License-Identifier: Apache-2.0 */
/* What clients get in compressed form is what the others get, and is shared. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/fanout.h"
#include "gateway/packing.h"
#include "gw_fixture.h"

static struct gw_fixture f;

static void setup(void)
{
	gw_fixture_init(&f, 1u << 20);
	f.hub.packing.bytes_min = 256;
}

static void teardown(void)
{
	gw_fixture_clear(&f);
}

static void publish(size_t pad)
{
	struct gw_publish what = {.stream = SL_STREAM_NORMAL,
	    .module = "a",
	    .topic = "events.ea.x",
	    .pad = pad};

	gw_fixture_publish(&f, &what);
}

static void flush(void)
{
	gw_fanout_flush(&f.hub);
	gw_fixture_run(&f);
}

static void read_all(struct gw_peer *p)
{
	while (gw_peer_read(p, 65536))
		gw_fixture_run(&f);
}

/* A client of a view, with a window as negotiated; 0: no deflate. */
static void open_ws(struct gw_peer *p, const char *role, const char *names, int bits)
{
	gw_peer_open(p, &f, role, "u", 0);
	if (bits)
		p->client.packing = gw_packing_websocket(bits);
	gw_peer_subscribe(p, names, NULL);
}

/* Reads everything as one text: the messages, a line each. */
static void take_all(struct gw_peer *p, struct sl_buf *all)
{
	struct sl_buf one = {0};

	read_all(p);
	while (gw_peer_next(p, &one)) {
		sl_buf_add(all, one.data, one.len);
		sl_buf_addc(all, '\n');
	}
	sl_buf_clear(&one);
}

START_TEST(every_member_gets_the_same_and_each_message_is_compressed_once)
{
	static const int bits[] = {0, 12, 15, 12, 8, 11, 0};
	enum { CLIENTS = sizeof bits / sizeof *bits };
	struct gw_peer p[CLIENTS];
	struct sl_buf text[CLIENTS] = {{0}};

	for (int i = 0; i < CLIENTS; i++) {
		/* Two views see the same events. */
		open_ws(&p[i], i % 2 ? "all" : "ra", "events.ea.>", bits[i]);
		take_all(&p[i], &text[i]);
		sl_buf_reset(&text[i]);
		p[i].deflated = 0;
	}
	f.hub.packing.stats = (struct gw_packing_stats){0};
	for (int i = 0; i < 10; i++) {
		publish(500);
		publish(1);
		flush();
	}
	for (int i = 0; i < CLIENTS; i++) {
		take_all(&p[i], &text[i]);
		ck_assert_uint_gt(text[0].len, 0);
		ck_assert_uint_eq(text[i].len, text[0].len);
		ck_assert_mem_eq(text[i].data, text[0].data, text[0].len);
		/* The short ones go as they are. */
		ck_assert_uint_eq(p[i].deflated, bits[i] ? 10 : 0);
	}
	/* Once in each of two windows, for both views and all members. */
	ck_assert_uint_eq(f.hub.packing.stats.compressed, 20);
	ck_assert_uint_lt(
	    f.hub.packing.stats.wire_bytes, f.hub.packing.stats.raw_bytes / 2);
	ck_assert_uint_eq(f.hub.stats.shared, 20 * CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		gw_peer_close(&p[i]);
		sl_buf_clear(&text[i]);
	}
}
END_TEST

START_TEST(a_client_that_fell_behind_gets_its_own_messages_compressed)
{
	struct gw_peer p;
	struct gw_got got;
	uint64_t seq = 0;

	gw_peer_open(&p, &f, "all", "u", 2048);
	p.client.packing = gw_packing_websocket(15);
	gw_peer_subscribe(&p, "events.>", NULL);
	for (int i = 0; i < 50; i++) {
		publish(600);
		flush();
	}
	ck_assert_ptr_nonnull(p.client.behind);
	do {
		while (gw_peer_take(&p, &got)) {
			if (got.stream == SL_STREAM_NORMAL)
				ck_assert_uint_eq(got.seq, ++seq);
		}
		gw_fixture_run(&f);
	} while (gw_peer_read(&p, 65536));
	ck_assert_uint_eq(seq, 50);
	ck_assert_uint_ge(p.deflated, 50);
	gw_peer_close(&p);
}
END_TEST

START_TEST(clients_that_catch_up_share_what_is_compressed)
{
	struct gw_peer first, p[4];
	struct sl_buf text[4] = {{0}}, all = {0};
	static const int bits[] = {0, 12, 15, 9};
	struct gw_got got;
	struct sl_cursor since = {0};

	open_ws(&first, "all", "events.>", 0);
	publish(600);
	flush();
	read_all(&first);
	while (gw_peer_take(&first, &got)) {
		if (got.has_cursor)
			since = got.cursor;
	}
	for (int i = 0; i < 100; i++)
		publish(i % 2 ? 600 : 10);
	flush();
	take_all(&first, &all);
	f.hub.packing.stats = (struct gw_packing_stats){0};
	for (int i = 0; i < 4; i++) {
		gw_peer_open(&p[i], &f, "all", "u", 0);
		if (bits[i])
			p[i].client.packing = gw_packing_websocket(bits[i]);
		gw_peer_subscribe(&p[i], "events.>", &since);
		take_all(&p[i], &text[i]);
		/* The state, then every event as the one that was there got it. */
		ck_assert_uint_gt(text[i].len, all.len);
		ck_assert_mem_eq(text[i].data + text[i].len - all.len, all.data, all.len);
		ck_assert_uint_ge(p[i].deflated, bits[i] ? 50 : 0);
	}
	/* Each of 50 in two windows, and a few states. */
	ck_assert_uint_lt(f.hub.packing.stats.compressed, 100 + 4);
	gw_peer_close(&first);
	sl_buf_clear(&all);
	for (int i = 0; i < 4; i++) {
		gw_peer_close(&p[i]);
		sl_buf_clear(&text[i]);
	}
}
END_TEST

/* ---- event streams -------------------------------------------------------------------
 */

static void open_gzip(struct gw_peer *p, const char *names)
{
	gw_peer_open(p, &f, "all", "u", 0);
	p->client.form = GW_FORM_SSE;
	p->client.packing = gw_packing_gzip();
	gw_peer_subscribe(p, names, NULL);
}

/* What a gzip stream that has not ended stands for; false if it is broken. */
static bool gunzip(const char *data, size_t len, struct sl_buf *out)
{
	struct sl_zip *zip = sl_zip_new();

	sl_buf_reset(out);
	bool fine = len > 14 && memcmp(data, "\x1f\x8b\x08\0", 4) == 0 &&
		    sl_zip_inflate(zip, data + 10, len - 14, 1u << 24, out) == 0;
	sl_zip_free(zip);
	return fine;
}

START_TEST(event_streams_share_their_blocks_and_each_is_one_whole_member)
{
	struct gw_peer p[3];
	struct sl_buf text = {0}, plain = {0};

	gw_peer_open(&p[0], &f, "all", "u", 0);
	p[0].client.form = GW_FORM_SSE;
	gw_peer_subscribe(&p[0], "events.>", NULL);
	open_gzip(&p[1], "events.>");
	publish(300);
	flush();
	open_gzip(&p[2], "events.>"); /* in the middle */
	f.hub.packing.stats = (struct gw_packing_stats){0};
	for (int i = 0; i < 10; i++) {
		publish(500);
		publish(1);
		flush();
	}
	ck_assert_uint_eq(f.hub.packing.stats.compressed, 10);
	for (int i = 0; i < 3; i++)
		read_all(&p[i]);
	sl_buf_add(&plain, p[0].in.data, p[0].in.len);
	ck_assert(gunzip(p[1].in.data, p[1].in.len, &text));
	ck_assert_uint_eq(text.len, plain.len);
	ck_assert_mem_eq(text.data, plain.data, plain.len);
	ck_assert(gunzip(p[2].in.data, p[2].in.len, &text));
	ck_assert_ptr_nonnull(
	    memmem(plain.data, plain.len, text.data + text.len - 5000, 5000));

	/* The end: the last block, then sum and length of all of it. */
	gw_client_disconnect(&p[1].client, GW_BYE_SHUTDOWN);
	gw_fixture_run(&f);
	read_all(&p[1]);
	size_t len = p[1].in.len;
	struct sl_zip *zip = sl_zip_new();
	sl_buf_reset(&text);
	ck_assert_int_eq(
	    sl_zip_inflate(zip, p[1].in.data + 10, len - 18, 1u << 24, &text), 0);
	sl_zip_free(zip);
	struct sl_zip_sum sum = sl_zip_sum_of(text.data, text.len);
	uint8_t trailer[8];
	for (int i = 0; i < 4; i++) {
		trailer[i] = (uint8_t)(sum.crc >> 8 * i);
		trailer[4 + i] = (uint8_t)(sum.len >> 8 * i);
	}
	ck_assert_mem_eq(p[1].in.data + len - 8, trailer, 8);
	for (int i = 0; i < 3; i++)
		gw_peer_close(&p[i]);
	sl_buf_clear(&text);
	sl_buf_clear(&plain);
}
END_TEST

START_TEST(every_piece_of_an_event_stream_ends_with_an_empty_block)
{
	static const size_t sizes[] = {1, 255, 256, 5000, 70000};
	char data[70000];

	memset(data, 'x', sizeof data);
	for (size_t bytes_min = 0; bytes_min <= 100000; bytes_min += 50000) {
		f.hub.packing.bytes_min = bytes_min;
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			struct sl_buf out = {0};
			struct sl_zip_sum sum =
			    gw_packing_block(&f.hub.packing, data, sizes[i], &out);

			ck_assert_uint_eq(sum.len, sizes[i]);
			ck_assert_uint_gt(out.len, SL_ZIP_TAIL_LEN);
			ck_assert_mem_eq(out.data + out.len - SL_ZIP_TAIL_LEN,
			    SL_ZIP_TAIL, SL_ZIP_TAIL_LEN);
			sl_buf_clear(&out);
		}
	}
}
END_TEST

/* ---- what clients send ---------------------------------------------------------------
 */

static int open_message(const char *text, size_t len, size_t max, char **data, size_t *n)
{
	static struct sl_buf packed;
	struct sl_zip *zip = sl_zip_new();
	const char *why;

	sl_buf_reset(&packed);
	sl_zip_deflate(zip, text, len, 15, &packed);
	sl_zip_free(zip);
	*data = packed.data;
	*n = packed.len - SL_ZIP_TAIL_LEN;
	return gw_packing_open(&f.hub.packing, SL_WS_TEXT, data, n, max, &why);
}

START_TEST(a_message_is_judged_by_what_it_inflates_to)
{
	char *data;
	size_t len;

	ck_assert_int_eq(open_message("hello", 5, 5, &data, &len), 0);
	ck_assert_uint_eq(len, 5);
	ck_assert_mem_eq(data, "hello", 5);
	ck_assert_int_eq(open_message("", 0, 5, &data, &len), 0);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(open_message("hello!", 6, 5, &data, &len), SL_WS_TOO_BIG);
	ck_assert_int_eq(open_message("\xff", 1, 5, &data, &len), SL_WS_BAD_DATA);
	data = (char[]){7, 0, 0};
	len = 3;
	const char *why = NULL;
	ck_assert_int_eq(
	    gw_packing_open(&f.hub.packing, SL_WS_BINARY, &data, &len, 5, &why),
	    SL_WS_BAD_DATA);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(a_large_message_does_not_keep_its_memory)
{
	const size_t size = 4u << 20;
	char *text = calloc(1, size), *data;
	size_t len;

	ck_assert_int_eq(open_message(text, size, size, &data, &len), 0);
	ck_assert_uint_eq(len, size);
	ck_assert_int_eq(open_message("a", 1, size, &data, &len), 0);
	ck_assert_uint_lt(f.hub.packing.plain.cap, 1u << 20);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_packing");
	TCase *tc = tcase_create("gw_packing");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(
	    tc, every_member_gets_the_same_and_each_message_is_compressed_once);
	tcase_add_test(tc, a_client_that_fell_behind_gets_its_own_messages_compressed);
	tcase_add_test(tc, clients_that_catch_up_share_what_is_compressed);
	tcase_add_test(tc, event_streams_share_their_blocks_and_each_is_one_whole_member);
	tcase_add_test(tc, every_piece_of_an_event_stream_ends_with_an_empty_block);
	tcase_add_test(tc, a_message_is_judged_by_what_it_inflates_to);
	tcase_add_test(tc, a_large_message_does_not_keep_its_memory);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
