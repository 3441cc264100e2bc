/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

START_TEST(sequences_and_epoch_go_on_after_reopening)
{
	struct agg_journal_report report;
	struct agg_journal *journal = must_open(&report);

	ck_assert(report.created && report.epoch_changed);
	uint64_t epoch = agg_journal_epoch(journal);
	uint64_t aggregator = agg_journal_aggregator(journal);
	ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_HIGH), 1);
	must_append(journal, SL_STREAM_HIGH, 1, 10);
	must_append(journal, SL_STREAM_ALERTS, 1, 3);
	agg_journal_close(journal);

	journal = must_open(&report);
	ck_assert(!report.created && !report.epoch_changed && !report.torn);
	ck_assert_uint_eq(report.entries, 13);
	ck_assert_uint_eq(agg_journal_epoch(journal), epoch);
	ck_assert_uint_eq(agg_journal_aggregator(journal), aggregator);
	ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_HIGH), 11);
	ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_ALERTS), 4);
	ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_LOW), 1);
	must_append(journal, SL_STREAM_HIGH, 11, 5);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_HIGH, 0), 15);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_ALERTS, 0), 3);
	agg_journal_close(journal);
}
END_TEST

START_TEST(epoch_changes_when_the_machine_restarted_without_a_clean_close)
{
	struct agg_journal_options options = fixture_options();
	struct agg_journal_report report;
	struct agg_journal *journal = must_open(&report);
	uint64_t epoch = agg_journal_epoch(journal);
	char copy[128], command[512];

	must_append(journal, SL_STREAM_LOW, 1, 5);
	/* The files as a power cut leaves them, apart from those that close cleanly. */
	snprintf(copy, sizeof copy, "%s/copy", journal_dir);
	snprintf(command, sizeof command, "mkdir %s && cp %s/meta %s/*.seg %s", copy,
	    journal_dir, journal_dir, copy);
	ck_assert_int_eq(system(command), 0);
	agg_journal_close(journal);

	options.boot_id = "another";
	journal = must_open_with(&options, &report);
	ck_assert(!report.epoch_changed);
	ck_assert_uint_eq(agg_journal_epoch(journal), epoch);
	agg_journal_close(journal);

	ck_assert_int_eq(agg_journal_open(copy, &options, &journal, &report), 0);
	ck_assert(report.epoch_changed && !report.created);
	ck_assert_uint_ne(agg_journal_epoch(journal), epoch);
	ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_LOW), 6);
	agg_journal_close(journal);
}
END_TEST

START_TEST(epoch_changes_when_the_journal_is_lost_and_the_aggregator_keeps_its_id)
{
	struct agg_journal_report report;
	struct agg_journal *journal = must_open(&report);
	uint64_t epoch = agg_journal_epoch(journal);
	uint64_t aggregator = agg_journal_aggregator(journal);
	char path[512];

	must_append(journal, SL_STREAM_LOW, 1, 5);
	agg_journal_close(journal);
	segment_path(true, path, sizeof path);
	ck_assert_int_eq(unlink(path), 0);
	journal = must_open(&report);
	ck_assert(report.epoch_changed);
	ck_assert_uint_ne(agg_journal_epoch(journal), epoch);
	ck_assert_uint_eq(agg_journal_aggregator(journal), aggregator);
	epoch = agg_journal_epoch(journal);
	agg_journal_close(journal);

	snprintf(path, sizeof path, "%s/meta", journal_dir);
	ck_assert_int_eq(unlink(path), 0);
	journal = must_open(&report);
	ck_assert(report.epoch_changed);
	ck_assert_uint_ne(agg_journal_epoch(journal), epoch);
	ck_assert_uint_eq(agg_journal_aggregator(journal), aggregator);
	agg_journal_close(journal);
}
END_TEST

START_TEST(epoch_changes_when_the_newest_or_a_middle_segment_is_missing)
{
	for (int middle = 0; middle < 2; middle++) {
		struct agg_journal_report report;
		struct agg_journal *journal = must_open(&report);
		char path[512];

		must_append(journal, SL_STREAM_NORMAL,
		    agg_journal_next(journal, SL_STREAM_NORMAL), 8000);
		uint64_t epoch = agg_journal_epoch(journal);
		uint64_t next = agg_journal_next(journal, SL_STREAM_NORMAL);
		agg_journal_close(journal);
		segment_path(!middle, path, sizeof path);
		if (middle) {
			unsigned number;
			ck_assert_int_eq(
			    sscanf(strrchr(path, '/') + 1, "%u", &number), 1);
			sprintf(strrchr(path, '/') + 1, "%010u.seg", number + 1);
		}
		ck_assert_int_eq(unlink(path), 0);
		journal = must_open(&report);
		ck_assert(report.epoch_changed);
		ck_assert_uint_ne(agg_journal_epoch(journal), epoch);
		ck_assert_uint_lt(agg_journal_next(journal, SL_STREAM_NORMAL), next);
		must_append(journal, SL_STREAM_NORMAL,
		    agg_journal_next(journal, SL_STREAM_NORMAL), 10);
		verify_log(journal, SL_STREAM_NORMAL, 0);
		agg_journal_close(journal);
		journal = must_open(&report);
		ck_assert(!report.epoch_changed);
		verify_log(journal, SL_STREAM_NORMAL, 0);
		agg_journal_close(journal);
	}
}
END_TEST

START_TEST(an_event_is_ignored_at_or_below_its_lines_last_position_even_after_reopening)
{
	struct agg_journal *journal = must_open(NULL);
	struct agg_journal_origin origin = {
	    .segment_id = 77, .has_position = true, .line = 5, .position = {[15] = 9}};
	struct agg_journal_source state;
	uint8_t last[AGG_JOURNAL_POSITION];

	ck_assert_int_eq(
	    agg_journal_source_find(journal, "orders", 6, &origin.source), 0);
	ck_assert_int_eq(agg_journal_last(journal, origin.source, 5, last), SL_ENOTFOUND);
	for (int round = 0; round < 2; round++) {
		origin.ring_position = 128;
		int rc = agg_journal_append(journal, SL_STREAM_LOW, "x", 1, &origin);
		ck_assert_int_eq(rc, round == 0 ? 0 : SL_EEXIST);
		ck_assert_int_eq(
		    agg_journal_append(journal, SL_STREAM_LOW, "x", 1, &origin),
		    SL_EEXIST);
		ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_LOW), 2);
		ck_assert_int_eq(
		    agg_journal_source_get(journal, origin.source, &state), 0);
		ck_assert_uint_eq(state.segment_id, 77);
		ck_assert_uint_eq(state.ring_position, 128);
		ck_assert_uint_eq(state.events, 1);
		ck_assert_int_eq(agg_journal_last(journal, origin.source, 5, last), 0);
		ck_assert_mem_eq(last, origin.position, sizeof last);
		ck_assert(!agg_journal_seen(journal, origin.source, 6, last));
		agg_journal_close(journal);
		journal = must_open(NULL);
		uint32_t number;
		ck_assert_int_eq(
		    agg_journal_source_find(journal, "orders", 6, &number), 0);
		ck_assert_uint_eq(number, origin.source);
	}
	origin.line = 6;
	ck_assert_int_eq(agg_journal_append(journal, SL_STREAM_LOW, "y", 1, &origin), 0);
	agg_journal_close(journal);
}
END_TEST

START_TEST(what_a_source_is_known_for_outlives_the_segments_of_its_events)
{
	struct agg_journal_options options = fixture_options();
	options.window_entries = 100;
	options.window_ns = 1;
	struct agg_journal *journal = must_open_with(&options, NULL);
	struct agg_journal_origin origin = {.segment_id = 3,
	    .ring_position = 4096,
	    .has_position = true,
	    .line = 1,
	    .position = {[0] = 7}};
	struct agg_journal_source state;
	struct agg_journal_stats stats;

	ck_assert_int_eq(agg_journal_source_find(journal, "s", 1, &origin.source), 0);
	ck_assert_int_eq(agg_journal_append(journal, SL_STREAM_LOW, "x", 1, &origin), 0);
	must_append(journal, SL_STREAM_NORMAL, 1, 10000);
	agg_journal_stats(journal, &stats);
	ck_assert_uint_le(stats.segments, 4);
	agg_journal_close(journal);
	journal = must_open_with(&options, NULL);
	ck_assert(agg_journal_seen(journal, origin.source, 1, origin.position));
	ck_assert_int_eq(agg_journal_source_get(journal, origin.source, &state), 0);
	ck_assert_uint_eq(state.ring_position, 4096);
	ck_assert_uint_eq(state.events, 1);
	agg_journal_close(journal);
}
END_TEST

START_TEST(a_window_is_the_larger_of_count_and_time_within_its_bytes)
{
	struct agg_journal_options options = fixture_options();
	int64_t now_ns = 1800000000 * SL_NS_PER_S;
	options.window_entries = 50;
	options.window_ns = 60 * SL_NS_PER_S;
	options.window_bytes = 200 * 1024;
	sl_clock_fake(now_ns, 0);
	struct agg_journal *journal = must_open_with(&options, NULL);

	must_append(journal, SL_STREAM_LOW, 1, 200);
	agg_journal_tick(journal);
	ck_assert_uint_eq(agg_journal_oldest(journal, SL_STREAM_LOW), 1);
	sl_clock_fake(now_ns + 61 * SL_NS_PER_S, 0);
	agg_journal_tick(journal);
	ck_assert_uint_eq(agg_journal_oldest(journal, SL_STREAM_LOW), 151);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_LOW, 0), 50);
	must_append(journal, SL_STREAM_LOW, 201, 5000);
	uint64_t kept = verify_log(journal, SL_STREAM_LOW, 0);
	ck_assert_uint_gt(kept, 50);
	ck_assert_uint_lt(kept, 200 * 1024 / 72);
	agg_journal_close(journal);
	journal = must_open_with(&options, NULL);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_LOW, 0), kept);
	agg_journal_close(journal);
}
END_TEST

START_TEST(a_flood_in_one_log_pushes_nothing_out_of_another_and_takes_bounded_space)
{
	struct agg_journal_options options = fixture_options();
	struct agg_journal_stats stats;
	options.window_entries = 300;
	options.window_ns = 1;
	options.window_bytes = 256 * 1024;
	struct agg_journal *journal = must_open_with(&options, NULL);

	for (uint64_t n = 1; n <= 300; n++) {
		must_append(journal, SL_STREAM_ALERTS, n, 1);
		must_append(journal, SL_STREAM_NORMAL, 100 * n - 99, 100);
		if (n == 100 || n == 200) {
			agg_journal_close(journal);
			journal = must_open_with(&options, NULL);
		}
		ck_assert_uint_eq(agg_journal_oldest(journal, SL_STREAM_ALERTS), 1);
	}
	agg_journal_stats(journal, &stats);
	ck_assert_uint_le(stats.segments, 2 * 5 * 256 / 512 + 5);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_ALERTS, 0), 300);
	agg_journal_close(journal);
	struct agg_journal_report report;
	journal = must_open_with(&options, &report);
	ck_assert(!report.epoch_changed);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_ALERTS, 0), 300);
	verify_log(journal, SL_STREAM_NORMAL, 0);
	agg_journal_close(journal);
}
END_TEST

START_TEST(pages_are_bounded_and_join_without_gap_or_overlap)
{
	struct agg_journal *journal = must_open(NULL);
	struct expectation expect = {0, 1, 0};
	uint64_t from = 1, pages = 0;

	must_append(journal, SL_STREAM_CRITICAL, 1, 1000);
	while (from < agg_journal_next(journal, SL_STREAM_CRITICAL)) {
		uint64_t before = expect.count, next;
		ck_assert_int_eq(agg_journal_read(journal, SL_STREAM_CRITICAL, from, 8192,
				     expect_entry, &expect, &next),
		    0);
		ck_assert_uint_gt(next, from);
		ck_assert_uint_le((expect.count - before) * 40, 8192);
		from = next;
		pages++;
	}
	ck_assert_uint_eq(expect.count, 1000);
	ck_assert_uint_gt(pages, 20);
	expect = (struct expectation){0, 10, 0};
	ck_assert_int_eq(agg_journal_read(journal, SL_STREAM_CRITICAL, 10, 1,
			     expect_entry, &expect, &from),
	    0);
	ck_assert_uint_eq(from, 11);
	ck_assert_int_eq(agg_journal_read(journal, SL_STREAM_CRITICAL, 1001, 1,
			     expect_entry, &expect, &from),
	    0);
	ck_assert_uint_eq(from, 1001);
	ck_assert_int_eq(agg_journal_read(journal, SL_STREAM_CRITICAL, 1002, 1,
			     expect_entry, &expect, &from),
	    SL_EINVAL);
	ck_assert_int_eq(agg_journal_read(journal, SL_STREAM_CRITICAL, 0, 1, expect_entry,
			     &expect, &from),
	    SL_EGAP);
	agg_journal_close(journal);
}
END_TEST

struct orders {
	int count;
	uint64_t last;
	char kinds[256];
};

static int collect_order(void *arg, const struct agg_journal_control_entry *entry)
{
	struct orders *orders = arg;

	ck_assert_uint_gt(entry->seq, orders->last);
	orders->last = entry->seq;
	orders->count++;
	snprintf(orders->kinds + strlen(orders->kinds),
	    sizeof orders->kinds - strlen(orders->kinds), "%.*s%.*s ",
	    (int)entry->kind.len, entry->kind.data, (int)entry->body.len,
	    entry->body.data);
	return 0;
}

#define SLICE(text) ((struct sl_slice){text, sizeof(text) - 1})

START_TEST(control_entries_live_until_they_expire_or_are_replaced)
{
	struct agg_journal_options options = fixture_options();
	int64_t now_ns = 1800000000 * SL_NS_PER_S;
	uint64_t seq;
	options.window_entries = 10;
	options.window_ns = 1;
	sl_clock_fake(now_ns, 0);
	struct agg_journal *journal = must_open_with(&options, NULL);

	ck_assert_int_eq(
	    agg_journal_control(journal, SLICE("paused"), SLICE("1"), 0, true, &seq), 0);
	ck_assert_uint_eq(seq, 1);
	ck_assert_int_eq(agg_journal_control(journal, SLICE("revoke"), SLICE("a"),
			     now_ns + 10 * SL_NS_PER_S, false, &seq),
	    0);
	ck_assert_int_eq(agg_journal_control(journal, SLICE("revoke"), SLICE("b"),
			     now_ns + 100 * SL_NS_PER_S, false, &seq),
	    0);
	ck_assert_int_eq(
	    agg_journal_control(journal, SLICE("paused"), SLICE("2"), 0, true, &seq), 0);
	ck_assert_uint_eq(seq, 4);
	for (int round = 0; round < 3; round++) {
		struct orders all = {0}, some = {0}, later = {0};
		sl_clock_fake(now_ns, 0);
		/* Far more than their segment holds: they are carried on. */
		must_append(journal, SL_STREAM_LOW,
		    agg_journal_next(journal, SL_STREAM_LOW), 5000);
		agg_journal_control_each(journal, 0, collect_order, &all);
		ck_assert_str_eq(all.kinds, "revokea revokeb paused2 ");
		agg_journal_control_each(journal, 3, collect_order, &some);
		ck_assert_str_eq(some.kinds, "revokeb paused2 ");
		sl_clock_fake(now_ns + 11 * SL_NS_PER_S, 0);
		agg_journal_control_each(journal, 0, collect_order, &later);
		ck_assert_str_eq(later.kinds, "revokeb paused2 ");
		agg_journal_close(journal);
		sl_clock_fake(now_ns, 0);
		journal = must_open_with(&options, NULL);
		ck_assert_uint_eq(agg_journal_control_next(journal), 5);
	}
	sl_clock_fake(now_ns + 1000 * SL_NS_PER_S, 0);
	agg_journal_tick(journal);
	struct agg_journal_stats stats;
	agg_journal_stats(journal, &stats);
	ck_assert_uint_eq(stats.control_kept, 1);
	agg_journal_close(journal);
}
END_TEST

START_TEST(durable_positions_follow_the_syncs_and_are_told)
{
	struct agg_journal_options options = fixture_options();
	options.sync_ns = 3600 * SL_NS_PER_S;
	struct agg_journal *journal = must_open_with(&options, NULL);
	struct agg_journal_origin origin = {
	    .segment_id = 1, .has_position = true, .line = 1};
	uint8_t position[AGG_JOURNAL_POSITION];
	uint64_t told;

	ck_assert_int_eq(agg_journal_source_find(journal, "s", 1, &origin.source), 0);
	for (uint8_t i = 1; i < 20; i++) {
		origin.position[15] = i;
		origin.ring_position += 64;
		ck_assert_int_eq(
		    agg_journal_append(journal, SL_STREAM_LOW, "x", 1, &origin), 0);
		ck_assert(!agg_journal_all_durable(journal));
		int rc = agg_journal_durable(journal, origin.source, 1, position);
		ck_assert_int_eq(rc, i == 1 ? SL_ENOTFOUND : 0);
		ck_assert(i == 1 || position[15] == i - 1);
		agg_journal_flush(journal);
		while (!agg_journal_all_durable(journal))
			usleep(100);
		ck_assert_int_eq(
		    agg_journal_durable(journal, origin.source, 1, position), 0);
		ck_assert_uint_eq(position[15], i);
		while (read(agg_journal_durable_fd(journal), &told, sizeof told) < 0)
			usleep(100);
	}
	agg_journal_close(journal);
}
END_TEST

START_TEST(a_full_disk_makes_events_wait_leaves_room_for_alerts_and_goes_on_after)
{
	struct rlimit before, small = {0};
	struct agg_journal_options options = fixture_options();
	struct agg_journal *journal;
	struct agg_journal_stats stats;
	uint64_t n = 1;
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	journal = must_open_with(&options, NULL);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_cur = 100 * 1024;
	small.rlim_max = before.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	/* A segment may be there already; the one behind it cannot be made. */
	do {
		while ((rc = append(journal, SL_STREAM_LOW, n)) == 0)
			n++;
		ck_assert_int_eq(rc, SL_EFULL);
		usleep(500);
		agg_journal_stats(journal, &stats);
	} while (stats.space_errno == 0);
	while (append(journal, SL_STREAM_LOW, n) == 0)
		n++;
	agg_journal_stats(journal, &stats);
	ck_assert(stats.full);
	ck_assert_int_eq(stats.space_errno, EFBIG);
	ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_LOW), n);
	must_append(journal, SL_STREAM_ALERTS, 1, 20);
	ck_assert_int_eq(
	    agg_journal_control(journal, SLICE("paused"), SLICE("{}"), 0, true, NULL), 0);
	ck_assert_int_eq(append(journal, SL_STREAM_LOW, n), SL_EFULL);

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	must_append(journal, SL_STREAM_LOW, n, 3000);
	agg_journal_stats(journal, &stats);
	ck_assert(!stats.full);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_LOW, 0), n + 2999);
	agg_journal_close(journal);
	struct agg_journal_report report;
	journal = must_open_with(&options, &report);
	ck_assert(!report.epoch_changed);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_LOW, 0), n + 2999);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_ALERTS, 0), 20);
	agg_journal_close(journal);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_and_changes_nothing)
{
	struct agg_journal_options options = fixture_options();
	struct agg_journal *journal = must_open(NULL), *other;
	struct agg_journal_origin origin = {.source = 3, .segment_id = 1};
	static char large[SL_ENTRY_MAX + 1];
	uint32_t number;

	ck_assert_int_eq(
	    agg_journal_append(journal, SL_STREAM_COUNT, "x", 1, NULL), SL_EINVAL);
	ck_assert_int_eq(
	    agg_journal_append(journal, SL_STREAM_LOW, "", 0, NULL), SL_EINVAL);
	ck_assert_int_eq(
	    agg_journal_append(journal, SL_STREAM_LOW, large, sizeof large, NULL),
	    SL_EINVAL);
	ck_assert_int_eq(
	    agg_journal_append(journal, SL_STREAM_LOW, "x", 1, &origin), SL_EINVAL);
	ck_assert_int_eq(agg_journal_source_find(journal, "", 0, &number), SL_EINVAL);
	ck_assert_int_eq(
	    agg_journal_source_find(journal, large, 129, &number), SL_EINVAL);
	ck_assert_int_eq(
	    agg_journal_append(journal, SL_STREAM_LOW, large, SL_ENTRY_MAX, NULL), 0);
	ck_assert_uint_eq(agg_journal_next(journal, SL_STREAM_LOW), 2);
	options.segment_bytes = 12345;
	ck_assert_int_eq(
	    agg_journal_open(journal_dir, &options, &other, NULL), SL_EINVAL);
	ck_assert_int_eq(agg_journal_open("/proc/none/x", NULL, &other, NULL), SL_ESYS);
	agg_journal_close(journal);
	agg_journal_close(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tc = tcase_create("journal");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, sequences_and_epoch_go_on_after_reopening);
	tcase_add_test(
	    tc, epoch_changes_when_the_machine_restarted_without_a_clean_close);
	tcase_add_test(
	    tc, epoch_changes_when_the_journal_is_lost_and_the_aggregator_keeps_its_id);
	tcase_add_test(tc, epoch_changes_when_the_newest_or_a_middle_segment_is_missing);
	tcase_add_test(tc,
	    an_event_is_ignored_at_or_below_its_lines_last_position_even_after_reopening);
	tcase_add_test(
	    tc, what_a_source_is_known_for_outlives_the_segments_of_its_events);
	tcase_add_test(tc, a_window_is_the_larger_of_count_and_time_within_its_bytes);
	tcase_add_test(
	    tc, a_flood_in_one_log_pushes_nothing_out_of_another_and_takes_bounded_space);
	tcase_add_test(tc, pages_are_bounded_and_join_without_gap_or_overlap);
	tcase_add_test(tc, control_entries_live_until_they_expire_or_are_replaced);
	tcase_add_test(tc, durable_positions_follow_the_syncs_and_are_told);
	tcase_add_test(
	    tc, a_full_disk_makes_events_wait_leaves_room_for_alerts_and_goes_on_after);
	tcase_add_test(tc, what_makes_no_sense_is_refused_and_changes_nothing);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
