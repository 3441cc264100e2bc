/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that resume from before the window. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/fanout.h"
#include "gateway/pump.h"
#include "gateway/replay.h"
#include "gw_fixture.h"
#include "msg.h"

#define KEPT 2000

static struct gw_fixture f;
static struct sl_buf kept[KEPT];
static int fetches;
static uint64_t fetch_from;
static uint64_t oldest;

static void keep(enum sl_stream stream, uint64_t seq, const struct sl_buf *packed)
{
	ck_assert_int_eq(stream, SL_STREAM_NORMAL);
	sl_buf_add(&kept[seq], packed->data, packed->len);
}

static void fetch(void *arg, enum sl_stream stream, uint64_t from, uint64_t to)
{
	(void)arg, (void)to;
	ck_assert_int_eq(stream, SL_STREAM_NORMAL);
	fetches++;
	fetch_from = from;
}

static void arrived(void *arg, bool away)
{
	(void)arg;
	gw_pump_arrived(&f.hub, away);
}

static uint64_t module_of(void *arg, const struct sl_entry *entry)
{
	(void)arg;
	return gw_mirror_module(f.hub.mirror, entry->module);
}

/* Answers the open fetch with at most count entries. */
static void answer(uint64_t count)
{
	struct sl_buf out = {0};
	struct sl_msg_list_writer w;
	struct sl_msg_page_head head = {.aggregator = 7,
	    .epoch = 9,
	    .stream = SL_STREAM_NORMAL,
	    .oldest = oldest,
	    .next = f.next[SL_STREAM_NORMAL]};
	uint64_t from = fetch_from < oldest ? oldest : fetch_from;

	sl_msg_page_begin(&w, &out, &head);
	for (uint64_t seq = from; seq < from + count && seq < head.next; seq++)
		sl_msg_page_add(&w, kept[seq].data, kept[seq].len);
	sl_msg_list_end(&w);
	ck_assert_int_eq(
	    gw_replay_page(f.hub.replay, SL_STREAM_NORMAL, out.data, out.len), 0);
	sl_buf_clear(&out);
}

static void setup(void)
{
	struct gw_replay_source source = {
	    .fetch = fetch, .arrived = arrived, .module = module_of};
	struct gw_publish what = {
	    .stream = SL_STREAM_NORMAL, .module = "a", .topic = "events.ea.x"};

	gw_fixture_init(&f, 20000);
	f.keep = keep;
	f.hub.replay = gw_replay_new(&source);
	gw_replay_clear(f.hub.replay, f.hub.epoch);
	fetches = 0;
	oldest = 1;
	for (int i = 0; i < 600; i++)
		gw_fixture_publish(&f, &what);
	gw_fanout_flush(&f.hub);
	ck_assert_uint_gt(gw_window_first(f.hub.window, SL_STREAM_NORMAL), 500);
}

static void teardown(void)
{
	gw_replay_free(f.hub.replay);
	f.hub.replay = NULL;
	gw_fixture_clear(&f);
	for (int i = 0; i < KEPT; i++)
		sl_buf_clear(&kept[i]);
}

static void open_at(struct gw_peer *p, uint64_t next)
{
	struct sl_cursor since = {
	    .aggregator = 7, .epoch = 9, .next = {1, 1, 1, next, 1}};

	gw_peer_open(p, &f, "ra", "u", 0);
	gw_peer_subscribe(p, "events.>", &since);
}

/* Counts the events that have come, checking that they follow *next without holes. */
static int take_events(struct gw_peer *p, uint64_t *next, int *gaps)
{
	struct sl_buf text = {0};
	char wanted[64];
	int count = 0;

	do {
		gw_fixture_run(&f);
	} while (gw_peer_read(p, 1u << 20));
	while (gw_peer_next(p, &text)) {
		if (strstr(text.data, "\"type\":\"gap\"")) {
			(*gaps)++;
			continue;
		}
		if (!strstr(text.data, "\"type\":\"event\""))
			continue;
		snprintf(
		    wanted, sizeof wanted, "\"seq\":%llu,", (unsigned long long)*next);
		ck_assert_msg(
		    strstr(text.data, wanted), "wanted %s got %s", wanted, text.data);
		(*next)++;
		count++;
	}
	sl_buf_clear(&text);
	return count;
}

START_TEST(one_range_is_fetched_once_for_all_who_ask)
{
	struct gw_peer p[3];
	uint64_t next[3] = {1, 1, 1};
	int gaps = 0;

	for (int i = 0; i < 3; i++)
		open_at(&p[i], 1);
	ck_assert_int_eq(fetches, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(take_events(&p[i], &next[i], &gaps), 0);
	for (int pages = 1; fetches == pages && pages < 20; pages++) {
		answer(100);
		for (int i = 0; i < 3; i++)
			take_events(&p[i], &next[i], &gaps);
	}
	ck_assert_int_le(fetches, 6);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(next[i], 601);
		ck_assert_ptr_null(p[i].client.behind);
		gw_peer_close(&p[i]);
	}
	ck_assert_int_eq(gaps, 0);
}
END_TEST

START_TEST(what_is_gone_everywhere_is_one_gap_before_the_rest)
{
	struct gw_peer p;
	uint64_t next = 301;
	int gaps = 0;

	oldest = 301;
	open_at(&p, 1);
	for (int pages = 1; fetches == pages && pages < 20; pages++) {
		answer(1000);
		take_events(&p, &next, &gaps);
	}
	ck_assert_int_eq(gaps, 1);
	ck_assert_uint_eq(next, 601);
	gw_peer_close(&p);
}
END_TEST

START_TEST(page_that_cannot_be_had_sends_the_client_away_to_come_again)
{
	struct gw_peer p;
	struct sl_buf text = {0};

	open_at(&p, 1);
	gw_replay_failed(f.hub.replay, SL_STREAM_NORMAL);
	gw_fixture_run(&f);
	while (gw_peer_read(&p, 65536))
		gw_fixture_run(&f);
	ck_assert(gw_peer_next(&p, &text));
	ck_assert_ptr_nonnull(
	    strstr(text.data, "\"type\":\"disconnect\",\"data\":{\"code\":3001"));
	sl_buf_clear(&text);
	gw_peer_close(&p);
}
END_TEST

START_TEST(malformed_page_counts_as_none)
{
	struct gw_peer p;

	open_at(&p, 1);
	ck_assert_int_ne(gw_replay_page(f.hub.replay, SL_STREAM_NORMAL, "junk", 4), 0);
	ck_assert(p.client.leaving);
	gw_peer_close(&p);
}
END_TEST

START_TEST(client_that_leaves_while_it_waits_is_forgotten)
{
	struct gw_peer p;

	open_at(&p, 1);
	ck_assert_ptr_nonnull(f.hub.waiting);
	gw_peer_close(&p);
	ck_assert_ptr_null(f.hub.waiting);
	answer(100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_replay");
	TCase *tc = tcase_create("replay");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_range_is_fetched_once_for_all_who_ask);
	tcase_add_test(tc, what_is_gone_everywhere_is_one_gap_before_the_rest);
	tcase_add_test(tc, page_that_cannot_be_had_sends_the_client_away_to_come_again);
	tcase_add_test(tc, malformed_page_counts_as_none);
	tcase_add_test(tc, client_that_leaves_while_it_waits_is_forgotten);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
