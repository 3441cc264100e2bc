/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "clock.h"
#include "collectors/probe_target.h"
#include "collectors/rate.h"
#include "collectors/schedule.h"
#include "collectors/series.h"
#include "collectors/service.h"
#include "collectors/synthetic.h"
#include "collectors/window.h"
#include "error.h"
#include "fixture.h"

#define MS SL_NS_PER_MS
#define S  SL_NS_PER_S

/* ---- rates -------------------------------------------------------------------- */

START_TEST(a_counter_that_starts_anew_has_no_rate_and_one_that_wraps_has)
{
	uint64_t delta = 99;

	ck_assert(col_rate_delta(5, 12, &delta));
	ck_assert_uint_eq(delta, 7);
	ck_assert(!col_rate_delta(1000, 3, &delta));
	ck_assert(!col_rate_delta(UINT64_C(1) << 40, 3, &delta));
	ck_assert(col_rate_delta(UINT32_MAX - 9, 10, &delta));
	ck_assert_uint_eq(delta, 20);
	ck_assert(!col_rate_delta(UINT32_MAX, UINT32_MAX / 2, &delta));
	ck_assert_uint_eq(col_rate_step(10, 9), 0);
	ck_assert_uint_eq(col_rate_step(9, 10), 1);
}
END_TEST

/* ---- schedule ----------------------------------------------------------------- */

START_TEST(groups_of_one_interval_are_due_together)
{
	ck_assert_int_eq(col_schedule_next(10 * S + 3 * MS, 0, S), 11 * S);
	ck_assert_int_eq(col_schedule_next(10 * S + 4 * MS, 50000, S), 11 * S);
	ck_assert_int_eq(col_schedule_next(10 * S, 0, S), 11 * S);
}
END_TEST

START_TEST(a_late_turn_is_not_followed_by_one_at_once)
{
	ck_assert_int_eq(col_schedule_next(10 * S + 900 * MS, 0, S), 12 * S);
}
END_TEST

START_TEST(a_costly_group_rests_until_it_costs_its_share_and_no_more)
{
	for (int64_t cost_ns = MS; cost_ns < 200 * MS; cost_ns += MS) {
		int64_t rest_ns = col_schedule_next(10 * S, cost_ns, S) - 10 * S;
		ck_assert_int_ge(rest_ns, S);
		ck_assert_int_ge(rest_ns, cost_ns * COL_SCHEDULE_REST);
		ck_assert_int_eq(rest_ns % S, 0);
		ck_assert_int_lt(rest_ns, cost_ns * COL_SCHEDULE_REST + 2 * S);
	}
}
END_TEST

/* ---- series ------------------------------------------------------------------- */

START_TEST(a_series_is_found_by_metric_and_labels_and_by_nothing_less)
{
	struct col_series series = {0};
	struct col_label eth0 = {"interface", "eth0"}, eth1 = {"interface", "eth1"};
	uint32_t handle;

	ck_assert_int_eq(col_series_find(&series, "a", NULL, 0, &handle), SL_ENOTFOUND);
	col_series_add(&series, "a", NULL, 0, 0);
	col_series_add(&series, "a", &eth0, 1, 1);
	ck_assert_int_eq(col_series_find(&series, "a", &eth0, 1, &handle), 0);
	ck_assert_uint_eq(handle, 1);
	ck_assert_int_eq(col_series_find(&series, "a", &eth1, 1, &handle), SL_ENOTFOUND);
	ck_assert_int_eq(
	    col_series_find(&series, "ainterface", NULL, 0, &handle), SL_ENOTFOUND);
	col_series_clear(&series);
}
END_TEST

START_TEST(every_series_is_found_again_whatever_their_number)
{
	struct col_series series = {0};
	uint32_t handle;
	char text[16];

	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		col_series_add(&series, "m", &(struct col_label){"n", text}, 1, i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		ck_assert_int_eq(col_series_find(&series, "m",
				     &(struct col_label){"n", text}, 1, &handle),
		    0);
		ck_assert_uint_eq(handle, i);
	}
	col_series_clear(&series);
}
END_TEST

/* ---- availability ------------------------------------------------------------- */

static struct col_window window;

START_TEST(availability_is_the_share_of_the_last_24_hours)
{
	double percent;

	window = (struct col_window){0};
	ck_assert(!col_window_percent(&window, 5 * S, &percent));
	for (int i = 0; i < 3; i++)
		col_window_add(&window, 60 * S, true);
	col_window_add(&window, 61 * S, false);
	ck_assert(col_window_percent(&window, 62 * S, &percent));
	ck_assert_double_eq_tol(percent, 75.0, 1e-9);

	/* 23 hours later both still count, a minute past 24 hours only the new one. */
	int64_t hour_23 = 60 * S + 23 * 3600 * S;
	col_window_add(&window, hour_23, true);
	ck_assert(col_window_percent(&window, hour_23, &percent));
	ck_assert_double_eq_tol(percent, 80.0, 1e-9);
	ck_assert(col_window_percent(&window, 120 * S + 24 * 3600 * S, &percent));
	ck_assert_double_eq_tol(percent, 100.0, 1e-9);
	ck_assert(!col_window_percent(&window, 100 * 3600 * S, &percent));
}
END_TEST

START_TEST(a_minute_of_yesterday_is_overwritten_and_not_added_to)
{
	double percent;

	window = (struct col_window){0};
	col_window_add(&window, 0, false);
	col_window_add(&window, 24 * 3600 * S, true);
	ck_assert(col_window_percent(&window, 24 * 3600 * S, &percent));
	ck_assert_double_eq_tol(percent, 100.0, 1e-9);
}
END_TEST

/* ---- probes ------------------------------------------------------------------- */

START_TEST(reads_the_targets_of_probes)
{
	static const struct {
		const char *url, *socket;
		bool good;
		const char *host;
		unsigned port;
		const char *authority, *path, *unix_path;
	} rows[] = {
	    {"http://a.example/x?y=1", "", true, "a.example", 80, "a.example", "/x?y=1",
		""},
	    {"http://127.0.0.1:8080", "", true, "127.0.0.1", 8080, "127.0.0.1:8080", "/",
		""},
	    {"http://[::1]:81/", "", true, "::1", 81, "[::1]:81", "/", ""},
	    {"http://local/healthz", "/run/x.sock", true, "local", 80, "local",
		"/healthz", "/run/x.sock"},
	    {"", "db:5432", true, "db", 5432, "", "", ""},
	    {"", "[fe80::1]:1", true, "fe80::1", 1, "", "", ""},
	    {"", "/run/x.sock", true, "", 0, "", "", "/run/x.sock"},
	    {"", "", false, "", 0, "", "", ""},
	    {"https://a/", "", false, "", 0, "", "", ""},
	    {"http:///x", "", false, "", 0, "", "", ""},
	    {"http://a:0/", "", false, "", 0, "", "", ""},
	    {"http://a:65536/", "", false, "", 0, "", "", ""},
	    {"http://a:/", "", false, "", 0, "", "", ""},
	    {"http://a b/", "", false, "", 0, "", "", ""},
	    {"http://a/x\r\nHost: b", "", false, "", 0, "", "", ""},
	    {"http://[::1/", "", false, "", 0, "", "", ""},
	    {"http://[::1]x/", "", false, "", 0, "", "", ""},
	    {"", "db", false, "", 0, "", "", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct col_probe_target target;
		const char *problem;
		int rc = col_probe_target_parse(
		    rows[i].url, rows[i].socket, &target, &problem);
		ck_assert_msg((rc == 0) == rows[i].good, "\"%s\" \"%s\"", rows[i].url,
		    rows[i].socket);
		if (rc != 0) {
			ck_assert_ptr_nonnull(problem);
			continue;
		}
		ck_assert_str_eq(target.host, rows[i].host);
		ck_assert_uint_eq(target.port, rows[i].port);
		ck_assert_str_eq(target.authority, rows[i].authority);
		ck_assert_str_eq(target.path, rows[i].path);
		ck_assert_str_eq(target.unix_path, rows[i].unix_path);
	}
}
END_TEST

START_TEST(reads_status_lines_and_waits_for_short_ones)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\n", 200},
	    {"HTTP/1.0 503\r\nRetry-After: 1\r\n", 503},
	    {"HTTP/1.1 204 \n", 204},
	    {"", SL_EAGAIN},
	    {"HTT", SL_EAGAIN},
	    {"HTTP/1.1 200 OK", SL_EAGAIN},
	    {"SSH-2.0-OpenSSH\r\n", SL_EMALFORMED},
	    {"HTTP/2.0 200 OK\r\n", SL_EMALFORMED},
	    {"HTTP/1.1 2000\r\n", SL_EMALFORMED},
	    {"HTTP/1.1 099 x\r\n", SL_EMALFORMED},
	    {"HTTP/1.1 20\r\n", SL_EMALFORMED},
	    {"HTTP/1.\n", SL_EMALFORMED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(
		    col_probe_target_status(fixture_text(rows[i].text)) == rows[i].status,
		    "\"%s\"", rows[i].text);
}
END_TEST

/* ---- services ----------------------------------------------------------------- */

START_TEST(a_unit_runs_while_its_group_is_populated)
{
	ck_assert(col_service_populated(fixture_text("populated 1\nfrozen 0\n")));
	ck_assert(!col_service_populated(fixture_text("populated 0\nfrozen 0\n")));
	ck_assert(!col_service_populated(fixture_text("populated 12\n")));
	ck_assert(!col_service_populated(fixture_text("")));
}
END_TEST

/* ---- load --------------------------------------------------------------------- */

START_TEST(a_pace_keeps_its_rate_whatever_the_ticks)
{
	struct col_pace pace;
	uint64_t all = 0;

	col_pace_begin(&pace, 20000, 0);
	for (int64_t at_ns = 0; at_ns <= 10 * S; at_ns += 1700 * SL_NS_PER_US) {
		uint64_t due = col_pace_due(&pace, at_ns, 1000);
		col_pace_take(&pace, due);
		all += due;
	}
	ck_assert_uint_ge(all, 199950);
	ck_assert_uint_le(all, 200000);
}
END_TEST

START_TEST(a_pace_gives_up_what_is_a_second_late)
{
	struct col_pace pace;
	uint64_t all = 0, due;

	col_pace_begin(&pace, 100, 0);
	while ((due = col_pace_due(&pace, 60 * S, 64)) > 0) {
		col_pace_take(&pace, due);
		all += due;
	}
	ck_assert_uint_eq(all, 100);
}
END_TEST

START_TEST(payloads_are_filled_up_to_their_length)
{
	struct sl_buf out = {0};

	col_synthetic_payload(&out, 1234567890123456789, 7, 0);
	ck_assert_str_eq(sl_buf_text(&out), "{\"ts_ns\":1234567890123456789,\"n\":7}");
	for (size_t bytes = 50; bytes < 400; bytes++) {
		col_synthetic_payload(&out, 1234567890123456789, 7, bytes);
		ck_assert_uint_eq(out.len, bytes);
		ck_assert_int_eq(out.data[bytes - 1], '}');
		ck_assert_int_eq(out.data[bytes - 2], '"');
	}
	sl_buf_clear(&out);
}
END_TEST

START_TEST(positions_grow_with_n)
{
	static const uint64_t numbers[] = {
	    0, 1, 255, 256, 65535, 65536, UINT32_MAX, UINT64_MAX};
	unsigned char before[16], position[16];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		col_synthetic_position(numbers[i], position);
		ck_assert_uint_eq(col_synthetic_number(position), numbers[i]);
		if (i > 0)
			ck_assert_int_gt(memcmp(position, before, 16), 0);
		memcpy(before, position, 16);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_pure");
	TCase *tc = tcase_create("pure");

	tcase_add_test(tc, a_counter_that_starts_anew_has_no_rate_and_one_that_wraps_has);
	tcase_add_test(tc, groups_of_one_interval_are_due_together);
	tcase_add_test(tc, a_late_turn_is_not_followed_by_one_at_once);
	tcase_add_test(tc, a_costly_group_rests_until_it_costs_its_share_and_no_more);
	tcase_add_test(tc, a_series_is_found_by_metric_and_labels_and_by_nothing_less);
	tcase_add_test(tc, every_series_is_found_again_whatever_their_number);
	tcase_add_test(tc, availability_is_the_share_of_the_last_24_hours);
	tcase_add_test(tc, a_minute_of_yesterday_is_overwritten_and_not_added_to);
	tcase_add_test(tc, reads_the_targets_of_probes);
	tcase_add_test(tc, reads_status_lines_and_waits_for_short_ones);
	tcase_add_test(tc, a_unit_runs_while_its_group_is_populated);
	tcase_add_test(tc, a_pace_keeps_its_rate_whatever_the_ticks);
	tcase_add_test(tc, a_pace_gives_up_what_is_a_second_late);
	tcase_add_test(tc, payloads_are_filled_up_to_their_length);
	tcase_add_test(tc, positions_grow_with_n);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
