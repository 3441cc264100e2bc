/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics that are counted from events: each once, at its time, over restarts. */
#include <math.h>

#include "agg_fixture.h"

#include "aggregator/tally.h"
#include "aggregator/tally_file.h"
#include "common/buf.h"
#include "common/msg.h"
#include "common/zone.h"

#define HEAD                                                                             \
	"module \"shop\" { title = \"Shop\" }\n"                                         \
	"role \"master_admin\" { modules = {all} }\n"                                    \
	"event \"orders.completed\" { module = shop }\n"                                 \
	"event \"orders.cancelled\" { module = shop }\n"                                 \
	"event \"pages.viewed\" { module = shop priority = low }\n"

static const char catalog_text[] =
    HEAD "metric \"orders\" { module = shop events = {\"orders.completed\"} over = 1h }\n"
	 "metric \"open\" { module = shop events = {\"orders.completed\"}\n"
	 "  minus = {\"orders.cancelled\"} over = always }\n"
	 "metric \"revenue\" { module = shop events = {\"orders.completed\"}\n"
	 "  value = total over = today }\n"
	 "metric \"mean\" { module = shop events = {\"orders.*\"} value = total\n"
	 "  derive = avg over = 1h }\n"
	 "metric \"conversion\" { module = shop events = {\"orders.completed\"}\n"
	 "  derive = share of = {\"pages.viewed\"} over = 1h }\n"
	 "metric \"trend\" { module = shop events = {\"orders.completed\"}\n"
	 "  derive = growth over = 1h }\n"
	 "metric \"daily\" { module = shop events = {\"orders.completed\"}\n"
	 "  derive = growth over = today }\n";

static struct agg_journal *journal;
static struct agg_tally *tally;
static char tally_path[128];

static void open_tally(void)
{
	struct agg_journal_options options = fixture_options();
	char path[128];

	snprintf(path, sizeof path, "%s/journal", journal_dir);
	ck_assert_int_eq(agg_journal_open(path, &options, &journal, NULL), 0);
	tally = agg_tally_new(agg_catalog, agg_state, journal, tally_path);
	ck_assert_ptr_nonnull(tally);
}

static void close_tally(void)
{
	agg_tally_free(tally);
	agg_journal_close(journal);
}

static void setup(void)
{
	struct sl_buf error = {0};

	fixture_setup();
	snprintf(tally_path, sizeof tally_path, "%s/tally", journal_dir);
	sl_clock_fake(START_WALL, START_MONO);
	ck_assert_int_eq(sl_zone_use("UTC"), 0);
	ck_assert_msg(sl_catalog_parse("test", catalog_text, &agg_catalog, &error) == 0,
	    "%s", sl_buf_text(&error));
	agg_series_max = 1000;
	agg_fixture_open();
	open_tally();
}

static void teardown(void)
{
	close_tally();
	agg_fixture_close();
	sl_catalog_unref(agg_catalog);
	fixture_teardown();
}

static void restart(void)
{
	close_tally();
	agg_fixture_close();
	agg_fixture_open();
	open_tally();
}

/* Journals an event; the tally gets to see it when counted. */
static void event_of(const char *tenant, const char *type, const char *payload,
    int64_t time_ns, bool counted)
{
	enum sl_stream stream =
	    strcmp(type, "pages.viewed") ? SL_STREAM_NORMAL : SL_STREAM_LOW;
	struct sl_buf topic = {0}, body = {0}, packed = {0};

	sl_buf_addf(&topic, "events.%s", type);
	sl_buf_addf(&body, "{\"id\":\"x\",\"payload\":%s}", payload);
	struct sl_entry entry = {
	    .stream = stream,
	    .kind = SL_ENTRY_EVENT,
	    .seq = agg_journal_next(journal, stream),
	    .ts_us = time_ns / SL_NS_PER_US,
	    .ingest_us = time_ns / SL_NS_PER_US,
	    .tenant = SLICE(tenant),
	    .module = SLICE("shop"),
	    .topic = {.data = topic.data, .len = topic.len},
	    .source = SLICE("test"),
	    .key = SLICE("00000000-0000-0000-0000-000000000001"),
	    .body = {.data = body.data, .len = body.len},
	};
	sl_msg_entry_pack(&packed, &entry);
	ck_assert_int_eq(
	    agg_journal_append(journal, stream, packed.data, packed.len, NULL), 0);
	if (counted)
		agg_tally_entry(tally, stream, packed.data, packed.len);
	sl_buf_clear(&topic);
	sl_buf_clear(&body);
	sl_buf_clear(&packed);
}

static void order(const char *total, int64_t time_ns)
{
	char payload[64];

	snprintf(payload, sizeof payload, "{\"total\":%s}", total);
	event_of("default", "orders.completed", payload, time_ns, true);
}

static double value_at(const char *tenant, const char *metric, int64_t wall_ns)
{
	static int64_t mono_ns = START_MONO;

	agg_tally_feed(tally, true, wall_ns, ++mono_ns);
	agg_state_settle(agg_state, mono_ns);
	return metric_of(tenant, metric)->value;
}

static void assert_value(const char *metric, double value, int64_t wall_ns)
{
	double got = value_at("default", metric, wall_ns);

	ck_assert_msg(fabs(got - value) < 1e-9, "%s: %g, not %g", metric, got, value);
}

START_TEST(counts_sums_averages_and_shares_of_events)
{
	order("10", START_WALL);
	order("\"20.50\"", START_WALL);
	order("\"free\"", START_WALL); /* an order, and no number */
	event_of("default", "orders.cancelled", "{\"total\":4.5}", START_WALL, true);
	for (int i = 0; i < 12; i++)
		event_of("default", "pages.viewed", "{}", START_WALL, true);
	assert_value("orders", 3, START_WALL);
	assert_value("open", 2, START_WALL);
	assert_value("revenue", 30.5, START_WALL);
	assert_value("mean", 35.0 / 3, START_WALL);
	assert_value("conversion", 25, START_WALL);
}
END_TEST

START_TEST(what_no_event_has_fed_has_no_value)
{
	tenant_of("default");
	ck_assert(isnan(value_at("default", "orders", START_WALL)));
	event_of("default", "orders.cancelled", "{\"total\":1}", START_WALL, true);
	ck_assert(isnan(value_at("default", "orders", START_WALL)));
	ck_assert(isnan(value_at("default", "conversion", START_WALL)));
	assert_value("open", -1, START_WALL);
}
END_TEST

START_TEST(tenants_are_counted_apart)
{
	order("1", START_WALL);
	event_of("acme", "orders.completed", "{\"total\":7}", START_WALL, true);
	event_of("acme", "orders.completed", "{\"total\":8}", START_WALL, true);
	assert_value("revenue", 1, START_WALL);
	ck_assert_double_eq(value_at("acme", "revenue", START_WALL), 15);
	ck_assert_double_eq(value_at("acme", "orders", START_WALL), 2);
}
END_TEST

START_TEST(an_event_leaves_the_window_with_its_own_time)
{
	int64_t minute = 60 * SL_NS_PER_S;

	order("1", START_WALL);
	order("1", START_WALL - 30 * minute); /* came late */
	order("1", START_WALL - 1000 * minute);
	assert_value("orders", 2, START_WALL);
	assert_value("orders", 1, START_WALL + 40 * minute);
	assert_value("orders", 0, START_WALL + 70 * minute);
	assert_value("open", 3, START_WALL + 70 * minute);
}
END_TEST

START_TEST(a_clock_that_was_ahead_takes_no_events_from_the_counts)
{
	int64_t year = 365 * 24 * 3600 * SL_NS_PER_S, minute = 60 * SL_NS_PER_S;

	sl_clock_fake(START_WALL + 10 * year, START_MONO);
	for (int64_t i = 0; i < 2 * AGG_TALLY_BUCKETS; i++)
		order("1", START_WALL + 10 * year - i * minute);
	sl_clock_fake(START_WALL, START_MONO);
	order("5", START_WALL);
	order("5", START_WALL - minute);
	assert_value("orders", 2, START_WALL);
	assert_value("mean", 5, START_WALL);
	restart();
	assert_value("orders", 2, START_WALL);
}
END_TEST

START_TEST(a_number_that_is_too_large_for_a_sum_is_none)
{
	order("7", START_WALL);
	for (int i = 0; i < 3; i++)
		order("1.7e308", START_WALL);
	order("3", START_WALL);
	assert_value("orders", 5, START_WALL);
	ck_assert(isfinite(value_at("default", "revenue", START_WALL)));
	order("-1.7e308", START_WALL);
	assert_value("orders", 6, START_WALL);
	ck_assert(isfinite(value_at("default", "revenue", START_WALL)));
}
END_TEST

START_TEST(growth_is_against_as_much_of_the_period_before)
{
	int64_t hour = 3600 * SL_NS_PER_S, noon = 1000 * 24 * hour + 12 * hour;

	order("1", noon - 24 * hour - 1 * hour);
	order("1", noon - 24 * hour - 2 * hour);
	order("1", noon - 24 * hour + 2 * hour); /* yesterday, but later in the day */
	order("1", noon - 90 * 60 * SL_NS_PER_S);
	for (int i = 0; i < 2; i++)
		order("1", noon - i * 60 * SL_NS_PER_S);
	assert_value("trend", 100, noon);
	assert_value("daily", 50, noon);
	/* Of the bucket in which the period before ends, as much as has passed now. */
	order("1", noon - hour + 10 * SL_NS_PER_S);
	assert_value("trend", 100, noon);
	assert_value("trend", 100 * (2 - 1.5) / 1.5, noon + 30 * SL_NS_PER_S);
}
END_TEST

START_TEST(counts_survive_a_restart_and_what_was_not_counted_is)
{
	order("10", START_WALL);
	event_of("default", "orders.completed", "{\"total\":5}", START_WALL, false);
	event_of("default", "pages.viewed", "{}", START_WALL, false);
	restart();
	assert_value("revenue", 15, START_WALL);
	assert_value("conversion", 200, START_WALL);
	restart();
	order("1", START_WALL);
	assert_value("revenue", 16, START_WALL);
	assert_value("orders", 3, START_WALL);
}
END_TEST

START_TEST(a_change_that_was_cut_off_is_taken_back_and_made_again)
{
	struct agg_tally_file *file;

	order("10", START_WALL);
	event_of("default", "orders.completed", "{\"total\":5}", START_WALL, false);
	close_tally();
	ck_assert_int_eq(agg_tally_file_open(tally_path, &file), 0);
	agg_tally_file_begin(file, SL_STREAM_NORMAL);
	struct agg_tally_block *block = agg_tally_file_block(file, 0);
	for (size_t i = 0; i < AGG_TALLY_BUCKETS; i++)
		if (block->bucket[i].count > 0) {
			agg_tally_file_save(file, &block->bucket[i]);
			block->bucket[i].count = 77;
			block->bucket[i].sum = 77;
		}
	agg_tally_file_close(file); /* killed here */
	agg_fixture_close();
	agg_fixture_open();
	open_tally();
	assert_value("orders", 2, START_WALL);
	assert_value("open", 2, START_WALL);
	assert_value("revenue", 15, START_WALL);
}
END_TEST

START_TEST(a_file_of_something_else_begins_anew)
{
	close_tally();
	FILE *f = fopen(tally_path, "w");
	for (int i = 0; i < 5000; i++)
		fputs("nonsense", f);
	fclose(f);
	open_tally();
	order("10", START_WALL);
	assert_value("revenue", 10, START_WALL);
}
END_TEST

START_TEST(a_day_in_berlin_has_23_24_and_25_hours)
{
	static const struct {
		const char *noon;
		int hours;
	} days[] = {{"2026-03-29T10:00:00Z", 23}, {"2026-10-25T11:00:00Z", 25},
	    {"2026-07-01T10:00:00Z", 24}, {"2026-12-31T22:59:59Z", 24}};

	ck_assert_int_eq(sl_zone_use("Europe/Berlin"), 0);
	for (size_t i = 0; i < 4; i++) {
		int64_t noon;
		ck_assert_int_eq(
		    sl_clock_parse(days[i].noon, strlen(days[i].noon), &noon), 0);
		int64_t length = sl_zone_day_start(noon, 1) - sl_zone_day_start(noon, 0);
		ck_assert_msg(
		    length == days[i].hours * 3600 * SL_NS_PER_S, "%s", days[i].noon);
		ck_assert_int_le(sl_zone_day_start(noon, 0), noon);
		ck_assert_int_gt(sl_zone_day_start(noon, 1), noon);
	}
	ck_assert_int_eq(sl_zone_use("Europe/Nowhere"), SL_EINVAL);
	ck_assert_int_eq(sl_zone_use("../../etc/passwd"), SL_EINVAL);
}
END_TEST

START_TEST(today_begins_at_the_zones_midnight)
{
	int64_t midnight, hour = 3600 * SL_NS_PER_S;

	ck_assert_int_eq(sl_zone_use("Asia/Kathmandu"), 0); /* UTC+5:45 */
	ck_assert_int_eq(sl_clock_parse("2026-05-01T18:15:00Z", 20, &midnight), 0);
	order("1", midnight - SL_NS_PER_S);
	order("2", midnight);
	order("4", midnight + 23 * hour);
	assert_value("revenue", 6, midnight + 24 * hour - 1);
	assert_value("revenue", 0, midnight + 24 * hour);
}
END_TEST

START_TEST(refuses_declarations_that_mean_nothing)
{
	static const char *const bad[] = {
	    "over = 1h",
	    "events = {\"orders.completed\"}",
	    "events = {\"orders.completed\"} over = 10s",
	    "events = {\"orders.completed\"} over = tomorrow",
	    "events = {\"orders.unknown\"} over = 1h",
	    "events = {\"orders.completed\"} over = 1h derive = median",
	    "events = {\"orders.completed\"} over = 1h derive = sum",
	    "events = {\"orders.completed\"} over = 1h derive = share",
	    "events = {\"orders.completed\"} over = 1h derive = count value = total",
	    "events = {\"orders.completed\"} over = always derive = growth",
	    "events = {\"orders.completed\"} over = 1h of = {\"pages.viewed\"}",
	    "events = {\"orders.completed\"} over = 1h expr = \"1\"",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct sl_buf text = {0}, error = {0};
		struct sl_catalog *catalog;
		sl_buf_addf(&text, "%smetric \"m\" { module = shop %s }\n", HEAD, bad[i]);
		ck_assert_msg(sl_catalog_parse("file", sl_buf_text(&text), &catalog,
				  &error) == SL_EINVAL,
		    "%s", bad[i]);
		ck_assert_msg(
		    strstr(sl_buf_text(&error), "file:6"), "%s", sl_buf_text(&error));
		sl_buf_clear(&text);
		sl_buf_clear(&error);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tally");
	TCase *tc = tcase_create("tally");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, counts_sums_averages_and_shares_of_events);
	tcase_add_test(tc, what_no_event_has_fed_has_no_value);
	tcase_add_test(tc, tenants_are_counted_apart);
	tcase_add_test(tc, an_event_leaves_the_window_with_its_own_time);
	tcase_add_test(tc, a_clock_that_was_ahead_takes_no_events_from_the_counts);
	tcase_add_test(tc, a_number_that_is_too_large_for_a_sum_is_none);
	tcase_add_test(tc, growth_is_against_as_much_of_the_period_before);
	tcase_add_test(tc, counts_survive_a_restart_and_what_was_not_counted_is);
	tcase_add_test(tc, a_change_that_was_cut_off_is_taken_back_and_made_again);
	tcase_add_test(tc, a_file_of_something_else_begins_anew);
	tcase_add_test(tc, a_day_in_berlin_has_23_24_and_25_hours);
	tcase_add_test(tc, today_begins_at_the_zones_midnight);
	tcase_add_test(tc, refuses_declarations_that_mean_nothing);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
