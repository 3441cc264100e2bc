/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small queues, exhaustively: every sequence of a few steps (an entry of each
 * log, a changed metric, the socket stalls, the socket takes again) against a
 * model that keeps a queue of its own for the client and drops from it as
 * DESIGN 8.4 says.  SIGHTLINE_PRIORITY_DEPTH makes the sequences longer.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/behind.h"
#include "gateway/fanout.h"
#include "gateway/pump.h"
#include "gateway/subscription.h"
#include "gw_fixture.h"
#include "ws.h"

static struct gw_fixture f;
static struct gw_peer peer;

enum {
	METRIC = SL_STREAM_COUNT,
	STALL,
	GO,
	STEPS,
};

#define DEPTH     4
#define LIMIT_MAX 3

/* ---- the model --------------------------------------------------------------------
 */

struct model {
	bool stalled;
	bool metrics; /* changed while stalled */
	uint64_t published[SL_STREAM_COUNT];
	/* What waits: queued[s] are the newest of log s, dropped[s] before them. */
	uint32_t queued[SL_STREAM_COUNT];
	uint32_t dropped[SL_STREAM_COUNT];
	uint32_t places;
};

static struct model m;

static void model_publish(int s)
{
	uint32_t all = 0;

	m.published[s]++;
	if (!m.stalled)
		return;
	m.queued[s]++;
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		all += m.queued[i];
	if (all <= m.places)
		return;
	int lowest = SL_STREAM_COUNT - 1;
	while (m.queued[lowest] == 0)
		lowest--;
	m.queued[lowest]--;
	m.dropped[lowest]++;
}

/* ---- what really comes
 * ----------------------------------------------------------------- */

/* Where the cursor of everything that was taken so far stands. */
static uint64_t at[SL_STREAM_COUNT];

static struct gw_got take(const char *type)
{
	struct gw_got got;

	ck_assert_msg(gw_peer_take(&peer, &got), "no message, wanted %s", type);
	ck_assert_msg(strcmp(got.type, type) == 0, "wanted %s, got %s", type, got.text);
	return got;
}

static void expect_cursor(const struct gw_got *got)
{
	ck_assert(got->has_cursor);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		ck_assert_uint_eq(got->cursor.next[s], at[s]);
}

static void expect_entry(int s)
{
	struct gw_got got = take(s == SL_STREAM_ALERTS ? "alert_update" : "event");

	ck_assert_int_eq(got.stream, s);
	ck_assert_uint_eq(got.seq, at[s]);
	at[s]++;
	expect_cursor(&got);
}

static void expect_nothing(void)
{
	struct gw_got got;

	ck_assert_msg(!gw_peer_take(&peer, &got), "unexpected: %s", got.text);
}

/* ---- steps
 * ------------------------------------------------------------------------------ */

static void change_metric(void)
{
	static double value;
	struct sl_msg_metric metric = {.id = 0, .value = value += 1, .ts_us = 5};

	gw_mirror_metric(f.hub.mirror, &metric);
	gw_fanout_flush(&f.hub);
}

static void publish(int s)
{
	struct gw_publish what = {.stream = (enum sl_stream)s,
	    .module = "a",
	    .topic = s == SL_STREAM_ALERTS ? "alerts" : "events.ea.x"};

	gw_fixture_publish(&f, &what);
	gw_fanout_flush(&f.hub);
}

/* More than the socket takes: a control frame, that no reader shows. */
static void stall(struct gw_peer *p)
{
	static struct sl_buf frame;

	if (frame.len == 0) {
		char *filler = calloc(1, 12000);
		sl_ws_write(&frame, SL_WS_PONG, filler, 12000);
		free(filler);
	}
	sl_conn_send(p->client.conn, frame.data, frame.len);
	ck_assert_uint_gt(sl_conn_pending_bytes(p->client.conn), 0);
}

static void drain(struct gw_peer *p)
{
	do
		event_base_loop(f.loop, EVLOOP_NONBLOCK);
	while (gw_peer_read(p, 65536) || sl_conn_pending_bytes(p->client.conn) > 0);
}

/* While nothing is taken, the place that a client can resume from stands still. */
static void expect_still(void)
{
	struct sl_cursor now;

	gw_client_position(&peer.client, &now);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		ck_assert_uint_eq(now.next[s], at[s]);
	gw_peer_read(&peer, 65536);
	expect_nothing();
}

/* The model's queue, as it has to come in one go. */
static void expect_queue(void)
{
	uint32_t came = 0;

	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (m.dropped[s] == 0)
			continue;
		struct gw_got got = take("gap");
		ck_assert_int_eq(got.stream, s);
		ck_assert_uint_eq(got.from, at[s]);
		ck_assert_uint_eq(got.to, at[s] + m.dropped[s] - 1);
		at[s] = got.to + 1;
	}
	/* Whoever misses changes of alerts is told which are open, with the rest. */
	if (m.dropped[SL_STREAM_ALERTS] > 0) {
		take("initial_metrics");
		m.metrics = false;
	}
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (s == SL_STREAM_NORMAL && m.metrics)
			take("metrics_update");
		for (uint32_t i = 0; i < m.queued[s]; i++)
			expect_entry(s);
		came += m.queued[s];
		/* Of two logs, what came of the lower one has cost the higher nothing. */
		if (m.dropped[s] > 0)
			ck_assert_uint_eq(came, m.places);
		m.queued[s] = m.dropped[s] = 0;
	}
	m.metrics = false;
	expect_nothing();
	ck_assert_ptr_null(peer.client.behind);
}

static void step(int what)
{
	bool was_stalled = m.stalled;

	if (what < SL_STREAM_COUNT) {
		publish(what);
		model_publish(what);
	} else if (what == METRIC) {
		change_metric();
		m.metrics = m.stalled;
	} else if (what == STALL && !m.stalled) {
		stall(&peer);
		m.stalled = true;
		return;
	} else if (what == GO && m.stalled) {
		drain(&peer);
		m.stalled = false;
		expect_queue();
		return;
	}
	if (was_stalled) {
		m.metrics |= what == METRIC;
		expect_still();
		return;
	}
	drain(&peer);
	if (what < SL_STREAM_COUNT)
		expect_entry(what);
	else if (what == METRIC)
		take("metrics_update");
	expect_nothing();
}

static void begin(void)
{
	struct sl_msg_metric_def def = {.id = 0,
	    .tenant = {"default", 7},
	    .module = {"a", 1},
	    .name = {"load", 4},
	    .in_snapshot = true};

	gw_fixture_init(&f, 1u << 16);
	gw_mirror_def(f.hub.mirror, &def);
	gw_peer_open(&peer, &f, "all", "u", 4096);
	gw_peer_subscribe(&peer, "metrics.>,events.>,alerts", NULL);
	drain(&peer);
	take("initial_metrics");
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		at[s] = 1;
}

static unsigned depth(void)
{
	const char *text = getenv("SIGHTLINE_PRIORITY_DEPTH");

	return text ? (unsigned)atoi(text) : DEPTH;
}

/* All sequences with a given first step after the socket has stalled. */
static void run_all(int first, uint32_t places)
{
	unsigned sequences = 1;

	for (unsigned i = 1; i < depth(); i++)
		sequences *= STEPS;
	f.hub.limits.lag_messages = m.places = places;
	for (unsigned n = 0; n < sequences; n++) {
		unsigned rest = n;
		step(STALL);
		step(first);
		for (unsigned i = 1; i < depth(); i++, rest /= STEPS)
			step((int)(rest % STEPS));
		step(STALL);
		step(GO);
	}
}

START_TEST(every_short_sequence_over_small_queues_is_delivered_by_importance)
{
	begin();
	m = (struct model){0};
	for (uint32_t places = 1; places <= LIMIT_MAX; places++)
		run_all(_i, places);
	gw_peer_close(&peer);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(critical_is_delivered_through_a_queue_full_of_low)
{
	begin();
	m = (struct model){0};
	f.hub.limits.lag_messages = m.places = 100;
	step(STALL);
	for (int i = 0; i < 300; i++)
		step(SL_STREAM_LOW);
	for (int i = 0; i < 100; i++)
		step(SL_STREAM_CRITICAL);
	ck_assert_uint_eq(m.queued[SL_STREAM_CRITICAL], 100);
	ck_assert_uint_eq(m.dropped[SL_STREAM_CRITICAL], 0);
	step(GO);
	step(STALL);
	for (int i = 0; i < 101; i++)
		step(SL_STREAM_CRITICAL);
	/* All places hold criticals: now, and only now, the oldest goes. */
	ck_assert_uint_eq(m.dropped[SL_STREAM_CRITICAL], 1);
	step(GO);
	gw_peer_close(&peer);
	gw_fixture_clear(&f);
}
END_TEST

/* A log full of what the role may not see costs one search, not one per skip. */
START_TEST(what_is_hidden_is_searched_once)
{
	struct gw_publish hidden = {
	    .stream = SL_STREAM_LOW, .module = "b", .topic = "events.eb.x"};

	gw_fixture_init(&f, 1u << 20);
	f.hub.limits.lag_messages = 1;
	gw_peer_open(&peer, &f, "ra", "u", 4096);
	gw_peer_subscribe(&peer, "events.>", NULL);
	drain(&peer);
	stall(&peer);
	for (int i = 0; i < 100; i++)
		gw_fixture_publish(&f, &hidden);
	for (int i = 0; i < 3; i++)
		publish(SL_STREAM_CRITICAL);
	ck_assert_ptr_nonnull(peer.client.behind);
	ck_assert_uint_eq(
	    peer.client.behind->pos[SL_STREAM_LOW], f.hub.end[SL_STREAM_LOW]);
	ck_assert_uint_eq(peer.client.behind->gap[SL_STREAM_LOW], GW_GAP_NONE);
	ck_assert_uint_eq(peer.client.behind->gap_count[SL_STREAM_CRITICAL], 2);
	gw_peer_close(&peer);
	gw_fixture_clear(&f);
}
END_TEST

/* ---- overtaking
 * ------------------------------------------------------------------------- */

#define CROWD 3

enum {
	CRITICAL,
	NORMAL,
	TURN, /* the loop turns once: one more client of the sweep */
	LEAVE,
	STALL_ONE,
	GO_ON,
	CROWD_STEPS,
};

static struct gw_peer crowd[CROWD];
static uint64_t next_of[CROWD][SL_STREAM_COUNT];
static bool stalled_one;

static void take_all(int index)
{
	struct gw_got got;

	while (gw_peer_take(&crowd[index], &got)) {
		if (got.stream < 0)
			continue;
		uint64_t *next = &next_of[index][got.stream];
		bool gap = strcmp(got.type, "gap") == 0;
		ck_assert_msg((gap ? got.from : got.seq) == *next,
		    "client %d wanted %" PRIu64 " of log %d, got %s", index, *next,
		    got.stream, got.text);
		*next = gap ? got.to + 1 : got.seq + 1;
		ck_assert_uint_eq(got.cursor.next[got.stream], *next);
	}
}

/* Everybody whose socket takes it has the newest critical, whatever is under way. */
static void expect_overtaken(void)
{
	for (int i = 0; i < CROWD; i++) {
		if (i == 1 && stalled_one)
			continue;
		gw_peer_read(&crowd[i], 65536);
		take_all(i);
		ck_assert_uint_eq(
		    next_of[i][SL_STREAM_CRITICAL], f.next[SL_STREAM_CRITICAL]);
	}
}

static bool sweeping(void)
{
	for (int i = 0; i < CROWD; i++) {
		struct sl_cursor at_now;
		gw_fanout_position(&crowd[i].client, &at_now);
		if (memcmp(at_now.next, f.hub.end, sizeof at_now.next) != 0)
			return true;
	}
	return false;
}

static void crowd_step(int what)
{
	bool under_way;

	switch (what) {
	case CRITICAL:
		under_way = sweeping();
		publish(SL_STREAM_CRITICAL);
		if (under_way)
			expect_overtaken();
		break;
	case NORMAL:
		publish(SL_STREAM_NORMAL);
		break;
	case TURN:
		event_base_loop(f.loop, EVLOOP_NONBLOCK);
		break;
	case LEAVE: /* another view, and its place in the former is taken */
		gw_peer_subscribe(&crowd[0], "events.ea.x", NULL);
		break;
	case STALL_ONE:
		if (!stalled_one)
			stall(&crowd[1]);
		stalled_one = true;
		break;
	case GO_ON:
		stalled_one = false;
		drain(&crowd[1]);
		break;
	}
}

static void crowd_end(void)
{
	stalled_one = false;
	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < CROWD; i++)
			drain(&crowd[i]);
	}
	for (int i = 0; i < CROWD; i++) {
		take_all(i);
		ck_assert_ptr_null(crowd[i].client.behind);
		for (int s = 0; s < SL_STREAM_COUNT; s++)
			ck_assert_uint_eq(next_of[i][s], f.next[s]);
	}
}

START_TEST(critical_overtakes_a_sweep_at_every_point_of_it)
{
	unsigned sequences = 1;

	gw_fixture_init(&f, 1u << 16);
	for (unsigned i = 1; i < depth() + 1; i++)
		sequences *= CROWD_STEPS;
	f.hub.limits.slice_clients = 1;
	for (int i = 0; i < CROWD; i++) {
		gw_peer_open(&crowd[i], &f, "all", "u", 4096);
		gw_peer_subscribe(&crowd[i], "events.>,alerts", NULL);
		for (int s = 0; s < SL_STREAM_COUNT; s++)
			next_of[i][s] = 1;
	}
	for (unsigned n = 0; n < sequences; n++) {
		unsigned rest = n;
		crowd_step(_i);
		for (unsigned i = 1; i < depth() + 1; i++, rest /= CROWD_STEPS)
			crowd_step((int)(rest % CROWD_STEPS));
		crowd_end();
		/* The client that changes its view has the first one again. */
		if (n % 64 == 63) {
			gw_sub_clear(&crowd[0].client);
			gw_peer_subscribe(&crowd[0], "events.>,alerts", NULL);
		}
	}
	ck_assert_uint_gt(f.hub.stats.overtakes, 0);
	for (int i = 0; i < CROWD; i++)
		gw_peer_close(&crowd[i]);
	gw_fixture_clear(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_priority");
	TCase *tc = tcase_create("priority");

	tcase_add_loop_test(tc,
	    every_short_sequence_over_small_queues_is_delivered_by_importance, 0, STEPS);
	tcase_add_test(tc, critical_is_delivered_through_a_queue_full_of_low);
	tcase_add_test(tc, what_is_hidden_is_searched_once);
	tcase_add_loop_test(
	    tc, critical_overtakes_a_sweep_at_every_point_of_it, 0, CROWD_STEPS);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
