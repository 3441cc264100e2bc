/* SPDX-License-Identifier: Apache-2.0 */
/* Random clients of a hub against an oracle that knows what each must get. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/fanout.h"
#include "gw_fixture.h"

static struct gw_fixture f;

#define CLIENTS 6
#define KEPT    4000

struct kept {
	const char *module;
	int sub; /* -1: everybody */
};

struct reader {
	struct gw_peer p;
	bool open;
	uint64_t last[SL_STREAM_COUNT];
	struct sl_cursor cursor;
	bool has_cursor;
};

static struct kept kept[SL_STREAM_COUNT][KEPT];
static const char *const roles[] = {"all", "ra", "rab"};
static const char *const subs[] = {"u0", "u1", "u2"};

static bool may_see(int client, const struct kept *k)
{
	static const char *const seen[] = {"abc", "a", "ab"};

	return strchr(seen[client % 3], k->module[0]) &&
	       (k->sub < 0 || k->sub == client % 3);
}

static void take_all(int index, struct reader *r)
{
	struct gw_got got;

	while (gw_peer_take(&r->p, &got)) {
		for (const char *m = "abc"; *m; m++) {
			struct kept k = {.module = m, .sub = -1};
			char secret[16];
			snprintf(secret, sizeof secret, "\"<%c>\"", *m);
			ck_assert_msg(may_see(index, &k) || !strstr(got.text, secret),
			    "client %d saw %s", index, got.text);
		}
		if (got.has_cursor) {
			r->cursor = got.cursor;
			r->has_cursor = true;
		}
		if (got.stream < 0)
			continue;
		uint64_t *last = &r->last[got.stream];
		bool gap = strcmp(got.type, "gap") == 0;
		uint64_t upto = gap ? got.from : got.seq;
		/* Nothing in sight lies between, and nothing comes twice. */
		ck_assert_msg(upto > *last,
		    "client %d log %d: %" PRIu64 " after %" PRIu64, index, got.stream,
		    upto, *last);
		for (uint64_t seq = *last + 1; seq < upto; seq++)
			ck_assert_msg(!may_see(index, &kept[got.stream][seq]),
			    "client %d lost %d/%" PRIu64, index, got.stream, seq);
		if (!gap)
			ck_assert(may_see(index, &kept[got.stream][got.seq]));
		*last = gap ? got.to : got.seq;
	}
}

static void open_reader(int index, struct reader *r)
{
	gw_peer_open(&r->p, &f, roles[index % 3], subs[index % 3], 2048);
	gw_peer_subscribe(&r->p, "events.>,alerts", r->has_cursor ? &r->cursor : NULL);
	if (!r->has_cursor) {
		for (int s = 0; s < SL_STREAM_COUNT; s++)
			r->last[s] = f.hub.end[s] - 1;
	} else {
		/* What was read but lies behind the last cursor comes again. */
		for (int s = 0; s < SL_STREAM_COUNT; s++)
			r->last[s] = r->cursor.next[s] - 1;
	}
	r->open = true;
}

static void publish_random(unsigned *seed)
{
	static const char *const modules[] = {"a", "b", "c"};
	static const char *const topics[] = {"events.ea.x", "events.eb.x", "events.ec.x"};
	int n = rand_r(seed) % 20;

	for (int i = 0; i < n; i++) {
		int m = rand_r(seed) % 3;
		int sub = rand_r(seed) % 5 == 0 ? rand_r(seed) % 3 : -1;
		enum sl_stream stream = (enum sl_stream)(rand_r(seed) % SL_STREAM_COUNT);
		struct gw_publish what = {.stream = stream,
		    .module = modules[m],
		    .topic = stream == SL_STREAM_ALERTS ? "alerts" : topics[m],
		    .sub = sub < 0 ? NULL : subs[sub],
		    .pad = (size_t)(rand_r(seed) % 400)};
		if (f.next[stream] >= KEPT)
			continue;
		kept[stream][f.next[stream]] = (struct kept){modules[m], sub};
		gw_fixture_publish(&f, &what);
	}
}

static void random_step(struct reader *readers, unsigned *seed)
{
	int index = rand_r(seed) % CLIENTS;
	struct reader *r = &readers[index];

	switch (rand_r(seed) % 9) {
	case 0:
	case 1:
		publish_random(seed);
		gw_fanout_flush(&f.hub);
		break;
	case 2:
		publish_random(seed); /* to be flushed together with the next */
		break;
	case 3:
		if (!r->open) {
			open_reader(index, r);
		} else if (rand_r(seed) % 4 == 0) {
			take_all(index, r);
			gw_peer_close(&r->p);
			r->open = false;
		}
		break;
	case 8: /* another view, in the middle of whatever goes on */
		if (r->open && rand_r(seed) % 4 == 0)
			gw_peer_subscribe(
			    &r->p, rand_r(seed) % 2 ? "events.ea.>" : "alerts", NULL);
		break;
	default:
		if (r->open) {
			gw_peer_read(&r->p, (size_t)(1 + rand_r(seed) % 3000));
			take_all(index, r);
		}
		event_base_loop(f.loop, EVLOOP_NONBLOCK);
		break;
	}
}

static void run_random(unsigned seed, size_t window_bytes)
{
	struct reader readers[CLIENTS] = {0};

	gw_fixture_init(&f, window_bytes);
	f.hub.limits.lag_messages = 30;
	f.hub.limits.slice_clients = seed % 3;
	for (int step = 0; step < 600; step++)
		random_step(readers, &seed);
	gw_fanout_flush(&f.hub);
	for (int i = 0; i < CLIENTS; i++) {
		struct reader *r = &readers[i];
		if (!r->open)
			open_reader(i, r);
		gw_fixture_run(&f);
		while (gw_peer_read(&r->p, 65536)) {
			take_all(i, r);
			gw_fixture_run(&f);
		}
		for (int s = 0; s < SL_STREAM_COUNT; s++) {
			for (uint64_t q = r->last[s] + 1; q < f.next[s]; q++)
				ck_assert_msg(!may_see(i, &kept[s][q]),
				    "client %d never got %d/%" PRIu64, i, s, q);
		}
		ck_assert_ptr_null(r->p.client.behind);
		gw_peer_close(&r->p);
	}
	gw_fixture_clear(&f);
}

START_TEST(random_clients_get_all_they_may_see_once_or_a_gap)
{
	run_random((unsigned)_i * 7919 + 1, 8u << 20);
}
END_TEST

START_TEST(random_clients_of_a_small_window_are_told_what_is_gone)
{
	run_random((unsigned)_i * 104729 + 3, 60000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_oracle");
	TCase *tc = tcase_create("oracle");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, random_clients_get_all_they_may_see_once_or_a_gap, 0, 40);
	tcase_add_loop_test(
	    tc, random_clients_of_a_small_window_are_told_what_is_gone, 0, 40);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
