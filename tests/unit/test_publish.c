/* SPDX-License-Identifier: Apache-2.0 */
/* When a batch leaves and what is in it; the bus is a fake that reads it. */
#include <event2/event.h>
#include <math.h>

#include "agg_fixture.h"

#include "aggregator/publish.h"
#include "common/bus.h"
#include "common/msg.h"

#define MS SL_NS_PER_MS

static struct event_base *loop;
static struct agg_journal *journal;
static struct agg_publish *publish;
static int64_t now_ns; /* of the fake clock, since START_MONO */

/* The batches that left, added up, and the last one. */
static struct {
	size_t batches, defs, metrics, entries, controls;
	struct sl_msg_batch_head head;
} sent;

static int on_head(void *arg, const struct sl_msg_batch_head *head)
{
	(void)arg;
	sent.head = *head;
	return 0;
}

static int on_def(void *arg, const struct sl_msg_metric_def *def)
{
	(void)arg, (void)def;
	sent.defs++;
	return 0;
}

static int on_metric(void *arg, const struct sl_msg_metric *metric)
{
	(void)arg, (void)metric;
	sent.metrics++;
	return 0;
}

static int on_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	(void)arg, (void)entry, (void)packed;
	sent.entries++;
	return 0;
}

static int on_control(void *arg, const struct sl_msg_control *control)
{
	(void)arg;
	ck_assert_mem_eq(control->kind.data, "paused", 6);
	sent.controls++;
	return 0;
}

int sl_bus_publish(struct sl_bus *bus, const void *data, size_t len)
{
	struct sl_msg_batch_sink sink = {
	    on_head, on_def, on_metric, on_entry, on_control};

	(void)bus;
	ck_assert_int_eq(sl_msg_batch_read(data, len, &sink, NULL), 0);
	sent.batches++;
	return 0;
}

static void at(int64_t ns)
{
	now_ns = ns;
	sl_clock_fake(START_WALL + ns, START_MONO + ns);
}

static void open_publish(int64_t interval_ms, bool streaming)
{
	struct agg_publish_options options = {
	    .loop = loop,
	    .state = agg_state,
	    .journal = journal,
	    .publish_interval_ms = interval_ms,
	    .streaming = streaming,
	};

	publish = agg_publish_new(&options);
	agg_publish_connect(publish, (struct sl_bus *)&sent);
}

static void setup(void)
{
	struct agg_journal_options options = fixture_options();
	char path[128];

	agg_fixture_setup();
	snprintf(path, sizeof path, "%s/journal", journal_dir);
	ck_assert_int_eq(agg_journal_open(path, &options, &journal, NULL), 0);
	loop = event_base_new();
	memset(&sent, 0, sizeof sent);
	tenant_of("default");
	at(0);
}

static void teardown(void)
{
	agg_publish_free(publish);
	agg_journal_close(journal);
	event_base_free(loop);
	agg_fixture_teardown();
}

static void change(const char *name, double value)
{
	struct agg_metric *metric =
	    agg_state_metric(agg_state, "default", "system_health", name);

	agg_state_set(agg_state, metric, value, START_WALL + now_ns, START_MONO + now_ns);
	agg_publish_pass(publish);
}

static void entry(void)
{
	struct sl_buf packed = {0};
	struct sl_entry entry = {.stream = SL_STREAM_LOW,
	    .seq = 1,
	    .tenant = SLICE("default"),
	    .module = SLICE("system_health"),
	    .topic = SLICE("events.bench.x"),
	    .source = SLICE("a"),
	    .key = SLICE("k"),
	    .body = SLICE("{}")};

	sl_msg_entry_pack(&packed, &entry);
	agg_publish_entry(publish, packed.data, packed.len);
	sl_buf_clear(&packed);
}

START_TEST(a_change_leaves_at_once_when_it_was_quiet_and_else_together)
{
	open_publish(50, true);
	change("own", 1);
	ck_assert_uint_eq(sent.batches, 1);
	ck_assert_uint_eq(sent.metrics, 1);
	for (int i = 0; i < 40; i++) {
		at((i + 1) * MS);
		change("own", i);
		change("cpu", i);
	}
	ck_assert_uint_eq(sent.batches, 1);
	at(50 * MS);
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.batches, 2);
	ck_assert_uint_eq(sent.metrics, 3); /* two, the newest value of each */
}
END_TEST

START_TEST(batches_of_entries_are_a_millisecond_apart)
{
	open_publish(50, true);
	entry();
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.batches, 1);
	at(MS / 2);
	entry();
	entry();
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.batches, 1);
	at(MS);
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.batches, 2);
	ck_assert_uint_eq(sent.entries, 3);
}
END_TEST

/* A timer for an hour is set when the entry comes: it has to come sooner. */
START_TEST(an_entry_does_not_wait_for_the_metrics_timer)
{
	open_publish(3600 * 1000, true);
	change("own", 1);
	at(MS / 10);
	change("own", 2);
	entry();
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.entries, 0);
	at(MS);
	event_base_loop(loop, EVLOOP_ONCE);
	ck_assert_uint_eq(sent.entries, 1);
	ck_assert_uint_eq(sent.metrics, 1);
}
END_TEST

START_TEST(something_leaves_every_second)
{
	open_publish(50, true);
	agg_publish_heartbeat(publish);
	at(500 * MS);
	agg_publish_heartbeat(publish);
	size_t before = sent.batches;
	at(1500 * MS);
	agg_publish_heartbeat(publish);
	ck_assert_uint_eq(sent.batches, before + 1);
}
END_TEST

START_TEST(a_keyframe_has_everything_and_the_counts_go_on)
{
	size_t all = sl_catalog_metric_count(agg_catalog);

	open_publish(50, true);
	change("own", 1);
	uint64_t flush = sent.head.flush, metrics_seq = sent.head.metrics_seq;
	memset(&sent, 0, sizeof sent);
	change("cpu", 2);
	agg_publish_keyframe(publish);
	ck_assert(sent.head.keyframe);
	ck_assert_uint_eq(sent.defs, all);
	ck_assert_uint_eq(sent.metrics, all);
	ck_assert_uint_eq(sent.head.flush, flush + 1);
	ck_assert_uint_eq(sent.head.metrics_seq, metrics_seq + 1);
	ck_assert(!agg_state_has_changed(agg_state)); /* it said what had changed */
	at(2 * MS);
	entry();
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.head.flush, flush + 2);
	ck_assert_uint_eq(sent.head.metrics_seq, metrics_seq + 1); /* no metrics in it */
}
END_TEST

START_TEST(without_streaming_metrics_leave_in_keyframes_only)
{
	open_publish(50, false);
	change("own", 1);
	at(2000 * MS);
	agg_publish_heartbeat(publish);
	ck_assert_uint_eq(sent.metrics, 0);
	entry();
	at(2002 * MS);
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.entries, 1);
	agg_publish_keyframe(publish);
	ck_assert_uint_eq(sent.metrics, sl_catalog_metric_count(agg_catalog));
}
END_TEST

START_TEST(a_control_entry_arrives_whole)
{
	open_publish(50, true);
	agg_publish_paused(publish, true);
	agg_publish_control(publish, 7, SLICE("paused"), SLICE("{\"paused\":true}"));
	agg_publish_pass(publish);
	ck_assert_uint_eq(sent.controls, 1);
	ck_assert(sent.head.paused);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("publish");
	TCase *tc = tcase_create("publish");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 10);
	tcase_add_test(tc, a_change_leaves_at_once_when_it_was_quiet_and_else_together);
	tcase_add_test(tc, batches_of_entries_are_a_millisecond_apart);
	tcase_add_test(tc, an_entry_does_not_wait_for_the_metrics_timer);
	tcase_add_test(tc, something_leaves_every_second);
	tcase_add_test(tc, a_keyframe_has_everything_and_the_counts_go_on);
	tcase_add_test(tc, without_streaming_metrics_leave_in_keyframes_only);
	tcase_add_test(tc, a_control_entry_arrives_whole);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
