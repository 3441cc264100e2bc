/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of older entries: fetched once for all, and what is really gone. */
#include <check.h>
#include <stdlib.h>

#include "error.h"
#include "gateway/replay.h"
#include "msg.h"

static struct {
	int fetches, arrivals, failures;
	uint64_t from, to;
} seen;

static void fetch(void *arg, enum sl_stream stream, uint64_t from, uint64_t to)
{
	(void)arg, (void)stream;
	seen.fetches++;
	seen.from = from;
	seen.to = to;
}

static void arrived(void *arg, bool away)
{
	(void)arg;
	seen.arrivals += !away;
	seen.failures += away;
}

static uint64_t module(void *arg, const struct sl_entry *entry)
{
	(void)arg, (void)entry;
	return 1;
}

static struct gw_replay *replay;

static void setup(void)
{
	struct gw_replay_source source = {
	    .fetch = fetch, .arrived = arrived, .module = module};

	memset(&seen, 0, sizeof seen);
	replay = gw_replay_new(&source);
}

static void teardown(void)
{
	gw_replay_free(replay);
}

/* The aggregator's answer: it keeps entries from oldest on and gives first to last. */
static void answer(uint64_t oldest, uint64_t first, uint64_t last)
{
	struct sl_msg_page_head head = {
	    .stream = SL_STREAM_NORMAL, .oldest = oldest, .next = 1000};
	struct sl_buf page = {0}, packed = {0};
	struct sl_msg_list_writer w;

	sl_msg_page_begin(&w, &page, &head);
	for (uint64_t seq = first; seq <= last; seq++) {
		struct sl_entry entry = {.stream = SL_STREAM_NORMAL,
		    .seq = seq,
		    .topic = {"events.a", 8},
		    .tenant = {"default", 7},
		    .module = {"m", 1},
		    .body = {"{}", 2}};
		sl_buf_reset(&packed);
		sl_msg_entry_pack(&packed, &entry);
		sl_msg_page_add(&w, packed.data, packed.len);
	}
	sl_msg_list_end(&w);
	ck_assert_int_eq(
	    gw_replay_page(replay, SL_STREAM_NORMAL, page.data, page.len), 0);
	sl_buf_clear(&page);
	sl_buf_clear(&packed);
}

static enum gw_replay_result get(uint64_t seq, uint64_t *oldest)
{
	const struct gw_entry *entry = NULL;
	enum gw_replay_result result =
	    gw_replay_get(replay, SL_STREAM_NORMAL, seq, 100, &entry, oldest);

	if (result == GW_REPLAY_HERE)
		ck_assert_uint_eq(entry->e.seq, seq);
	return result;
}

START_TEST(a_page_for_one_client_does_not_expire_what_another_still_needs)
{
	uint64_t oldest;

	ck_assert_int_eq(get(60, &oldest), GW_REPLAY_COMING);
	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_COMING);
	ck_assert_int_eq(seen.fetches, 1);
	answer(1, 60, 99);
	ck_assert_int_eq(get(60, &oldest), GW_REPLAY_HERE);
	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_COMING);
	ck_assert_uint_eq(seen.from, 50);
	answer(1, 50, 99);
	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_HERE);
}
END_TEST

START_TEST(what_is_before_the_oldest_kept_is_gone)
{
	uint64_t oldest = 0;

	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_COMING);
	answer(55, 55, 99);
	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_GONE);
	ck_assert_uint_eq(oldest, 55);
	ck_assert_int_eq(get(55, &oldest), GW_REPLAY_HERE);
}
END_TEST

START_TEST(a_hole_in_the_answer_counts_as_gone)
{
	uint64_t oldest = 0;

	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_COMING);
	answer(1, 58, 99);
	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_GONE);
	ck_assert_uint_eq(oldest, 58);
}
END_TEST

START_TEST(an_empty_answer_does_not_ask_for_ever)
{
	uint64_t oldest = 0;

	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_COMING);
	answer(1, 1, 0);
	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_GONE);
	/* Nothing of what was asked for is there. */
	ck_assert_uint_eq(oldest, 100);
}
END_TEST

START_TEST(a_failed_fetch_is_tried_again)
{
	uint64_t oldest;

	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_COMING);
	gw_replay_failed(replay, SL_STREAM_NORMAL);
	ck_assert_int_eq(seen.failures, 1);
	ck_assert_int_eq(get(50, &oldest), GW_REPLAY_COMING);
	ck_assert_int_eq(seen.fetches, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_replay_page");
	TCase *tc = tcase_create("replay");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, a_page_for_one_client_does_not_expire_what_another_still_needs);
	tcase_add_test(tc, what_is_before_the_oldest_kept_is_gone);
	tcase_add_test(tc, a_hole_in_the_answer_counts_as_gone);
	tcase_add_test(tc, an_empty_answer_does_not_ask_for_ever);
	tcase_add_test(tc, a_failed_fetch_is_tried_again);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
