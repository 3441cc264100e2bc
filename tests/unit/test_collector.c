/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sightline/collector.h>

#include "common/error.h"
#include "shm/attach.h"
#include "shm/fence.h"

static char dir[64];
static char path[96];

static void set_up(void)
{
	snprintf(dir, sizeof(dir), "/tmp/sl-collector-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/attach", dir);
}

static void tear_down(void)
{
	unlink(path);
	rmdir(dir);
}

/* The aggregator's end, as small as it gets. */
struct aggregator {
	int listener;
	int conn;
	struct sl_attach_consumer consumer;
	struct sl_attach_hello hello;
};

static void wait_readable(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	ck_assert_int_eq(poll(&pfd, 1, 10000), 1);
}

static void aggregator_start(struct aggregator *a)
{
	memset(a, 0, sizeof(*a));
	a->conn = -1;
	ck_assert_int_eq(sl_attach_listen(path, 0600, &a->listener), 0);
}

/* Takes the next connection and its offer. */
static void aggregator_take(struct aggregator *a, struct sightline_collector *c)
{
	char reason[SL_SEGMENT_REASON] = "";
	struct sl_attach_peer peer;
	struct sl_attach_offer offer;

	while (sl_attach_accept(a->listener, &a->conn, &peer) == SL_EAGAIN) {
		wait_readable(sightline_fd(c));
		sightline_service(c);
	}
	ck_assert_int_eq(peer.pid, getpid());
	ck_assert_int_eq((int)peer.uid, (int)getuid());
	wait_readable(a->conn);
	ck_assert_int_eq(sl_attach_receive(a->conn, &offer, reason), 0);
	a->hello = offer.hello;
	int err = sl_attach_open(&a->consumer, &offer, 4 << 20, reason);
	ck_assert_msg(err == 0, "%s", reason);
}

static void aggregator_accept(struct aggregator *a, struct sightline_collector *c,
    struct sl_attach_positions positions)
{
	aggregator_take(a, c);
	ck_assert_int_eq(sl_attach_send_accepted(a->conn, &a->hello, &positions), 0);
	ck_assert_int_eq(sightline_wait_attached(c, 10000), 0);
}

static void aggregator_die(struct aggregator *a)
{
	close(a->listener);
	close(a->conn);
	sl_attach_close(&a->consumer);
}

static struct sightline_collector *open_collector(size_t ring_bytes)
{
	struct sightline_options options = {.source = "unit.test-1",
	    .attach_path = path,
	    .line = 7,
	    .ring_bytes = ring_bytes};
	struct sightline_collector *c;

	ck_assert_int_eq(sightline_open(&c, &options), 0);
	return c;
}

static uint32_t define(struct sightline_collector *c, const char *name)
{
	struct sightline_metric metric = {.name = name, .unit = "percent"};
	uint32_t handle;

	ck_assert_int_eq(sightline_define(c, &metric, &handle), 0);
	return handle;
}

static unsigned char buf[SL_RING_RECORD_MAX];

START_TEST(what_is_written_before_an_aggregator_is_there_reaches_it)
{
	struct sightline_collector *c = open_collector(0);
	uint32_t cpu = define(c, "cpu_usage");
	uint32_t memory = define(c, "memory_usage");

	ck_assert_int_eq(sightline_push(c, cpu, 42.5, 1000), 0);
	ck_assert_int_eq(sightline_push(c, memory, 50, 0), 0);
	ck_assert_int_eq(sightline_get_state(c), SIGHTLINE_DETACHED);

	struct aggregator a;
	aggregator_start(&a);
	aggregator_accept(&a, c, (struct sl_attach_positions){0});
	ck_assert_str_eq(a.hello.source, "unit.test-1");
	ck_assert_uint_eq(a.hello.line, 7);

	struct sl_ring_sample got[8];
	ck_assert_uint_eq(sl_ring_read_samples(&a.consumer.ring, got, 8), 2);
	ck_assert_uint_eq(got[0].metric, cpu);
	ck_assert_double_eq(got[0].value, 42.5);
	ck_assert_int_eq(got[0].time_ns, 1000);
	ck_assert_int_gt(got[1].time_ns, 1600000000000000000);
	ck_assert_uint_eq(got[1].seq, 2);
	struct sl_dict_def def;
	ck_assert_int_eq(sl_dict_read(&a.consumer.dict, &def), 0);
	ck_assert_mem_eq(def.name.data, "cpu_usage", def.name.len);
	ck_assert_int_eq(sl_dict_read(&a.consumer.dict, &def), 0);
	ck_assert_uint_eq(def.handle, memory);
	ck_assert_int_eq(sl_dict_read(&a.consumer.dict, &def), SL_EAGAIN);
	ck_assert_int_eq(sightline_flush(c, 0), SIGHTLINE_ETIME);
	sl_ring_release(&a.consumer.ring);
	ck_assert_int_eq(sightline_flush(c, 0), 0);
	aggregator_die(&a);
	sightline_close(c);
}
END_TEST

START_TEST(the_same_segment_comes_back_after_the_aggregator_died)
{
	struct sightline_collector *c = open_collector(0);
	uint32_t cpu = define(c, "cpu_usage");
	struct aggregator a;
	struct sl_ring_sample got[8];

	aggregator_start(&a);
	aggregator_accept(&a, c, (struct sl_attach_positions){0});
	uint64_t id = a.consumer.segment.id;
	for (int i = 0; i < 4; i++)
		sightline_push(c, cpu, i, 1);
	ck_assert_uint_eq(sl_ring_read_samples(&a.consumer.ring, got, 2), 2);
	uint64_t tail = sl_ring_tail(&a.consumer.ring);
	sl_ring_release(&a.consumer.ring);
	aggregator_die(&a);

	while (sightline_service(c) == SIGHTLINE_ATTACHED)
		wait_readable(sightline_fd(c));
	sightline_push(c, cpu, 4, 1);
	aggregator_start(&a);
	aggregator_accept(&a, c, (struct sl_attach_positions){0});
	ck_assert_uint_eq(a.consumer.segment.id, id);
	ck_assert_int_eq(sl_ring_seek(&a.consumer.ring, tail), 0);
	ck_assert_uint_eq(sl_ring_read_samples(&a.consumer.ring, got, 8), 3);
	ck_assert_double_eq(got[0].value, 2);
	ck_assert_double_eq(got[2].value, 4);
	struct sightline_counters counters;
	sightline_get_counters(c, &counters);
	ck_assert_uint_eq(counters.attaches, 2);
	ck_assert_uint_eq(counters.samples_pushed, 5);
	aggregator_die(&a);
	sightline_close(c);
}
END_TEST

START_TEST(positions_of_acceptance_and_progress_reach_the_source)
{
	struct sightline_collector *c = open_collector(0);
	struct sl_attach_positions positions = {
	    .has_journaled = true, .journaled = {[15] = 9}};
	struct aggregator a;
	unsigned char position[16];

	ck_assert_int_eq(sightline_journaled(c, position), 0);
	aggregator_start(&a);
	aggregator_accept(&a, c, positions);
	ck_assert_int_eq(sightline_journaled(c, position), 1);
	ck_assert_uint_eq(position[15], 9);
	ck_assert_int_eq(sightline_durable(c, position), 0);

	positions.has_durable = true;
	positions.durable[15] = 8;
	ck_assert_int_eq(sl_attach_send_progress(a.conn, &positions), 0);
	wait_readable(sightline_fd(c));
	ck_assert_int_eq(sightline_service(c), SIGHTLINE_ATTACHED);
	ck_assert_int_eq(sightline_durable(c, position), 1);
	ck_assert_uint_eq(position[15], 8);
	aggregator_die(&a);
	sightline_close(c);
}
END_TEST

START_TEST(a_refusal_tells_its_reason_and_is_tried_again)
{
	struct sightline_collector *c = open_collector(0);
	struct aggregator a;

	aggregator_start(&a);
	aggregator_take(&a, c);
	ck_assert_int_eq(sl_attach_send_refused(a.conn, "no such source"), 0);
	wait_readable(sightline_fd(c));
	ck_assert_int_eq(sightline_service(c), SIGHTLINE_REFUSED);
	ck_assert_str_eq(sightline_refusal(c), "no such source");
	ck_assert_int_eq(sightline_push(c, define(c, "x"), 1, 1), 0);
	close(a.conn);
	sl_attach_close(&a.consumer);

	aggregator_accept(&a, c, (struct sl_attach_positions){0});
	ck_assert_str_eq(sightline_refusal(c), "");
	aggregator_die(&a);
	sightline_close(c);
}
END_TEST

START_TEST(a_full_ring_drops_the_newest_samples_and_counts_them)
{
	struct sightline_collector *c = open_collector(64 * 1024);
	uint32_t cpu = define(c, "cpu_usage");
	struct aggregator a;
	struct sightline_counters counters;
	struct sl_ring_sample got[2048];
	int dropped = 0;

	for (int i = 0; i < 2050; i++)
		dropped += sightline_push(c, cpu, i, 1) == SIGHTLINE_EFULL;
	ck_assert_int_eq(dropped, 2);
	struct sightline_sample batch[3] = {
	    {.handle = cpu}, {.handle = cpu}, {.handle = cpu}};
	ck_assert_uint_eq(sightline_push_batch(c, batch, 3), 0);
	sightline_get_counters(c, &counters);
	ck_assert_uint_eq(counters.samples_dropped, 5);

	aggregator_start(&a);
	aggregator_accept(&a, c, (struct sl_attach_positions){0});
	struct sl_ring_drops drops;
	sl_ring_get_drops(&a.consumer.ring, &drops);
	ck_assert_uint_eq(drops.samples, 5);
	ck_assert_uint_eq(sl_ring_read_samples(&a.consumer.ring, got, 2048), 2048);
	ck_assert_double_eq(got[2047].value, 2047);
	sl_ring_release(&a.consumer.ring);
	ck_assert_uint_eq(sightline_push_batch(c, batch, 3), 3);
	ck_assert_uint_eq(sl_ring_read_samples(&a.consumer.ring, got, 8), 3);
	ck_assert_uint_eq(got[0].seq, 2054); /* the hole of five shows */
	aggregator_die(&a);
	sightline_close(c);
}
END_TEST

START_TEST(an_event_arrives_with_everything_it_had)
{
	struct sightline_collector *c = open_collector(0);
	struct aggregator a;
	struct sl_ring_record record;
	unsigned char position[16] = {[15] = 3};
	struct sightline_event event = {.type = "content.updated",
	    .time_ns = 5,
	    .audience = SIGHTLINE_ROLE,
	    .audience_name = "technical_admin",
	    .position = position,
	    .payload = "{\"a\":1}",
	    .payload_bytes = 7};

	ck_assert_int_eq(sightline_push_event(c, &event, 0), 0);
	ck_assert_int_eq(sightline_push_position(c, position, 0), 0);
	aggregator_start(&a);
	aggregator_accept(&a, c, (struct sl_attach_positions){0});
	struct sl_ring_sample none[4];
	ck_assert_uint_eq(sl_ring_read_samples(&a.consumer.ring, none, 4), 0);
	ck_assert_int_eq(sl_ring_read(&a.consumer.ring, &record, buf), 0);
	ck_assert_int_eq(record.type, SL_RING_EVENT);
	ck_assert_int_eq(record.event.time_ns, 5);
	ck_assert_int_eq(record.event.audience, SL_AUDIENCE_ROLE);
	ck_assert_mem_eq(
	    record.event.type.data, "content.updated", record.event.type.len);
	ck_assert_mem_eq(record.event.audience_name.data, "technical_admin", 15);
	ck_assert_mem_eq(record.event.payload.data, "{\"a\":1}", 7);
	ck_assert_uint_eq(record.event.payload.len, 7);
	ck_assert_uint_eq(record.event.id[6] >> 4, 7);
	ck_assert(record.event.has_position);
	ck_assert_mem_eq(record.event.position, position, 16);
	ck_assert_int_eq(sl_ring_read(&a.consumer.ring, &record, buf), 0);
	ck_assert_int_eq(record.type, SL_RING_POSITION);
	ck_assert_mem_eq(record.position, position, 16);
	ck_assert_int_eq(sl_ring_read(&a.consumer.ring, &record, buf), SL_EAGAIN);
	aggregator_die(&a);
	sightline_close(c);
}
END_TEST

START_TEST(an_event_waits_for_space_until_its_deadline)
{
	struct sightline_collector *c = open_collector(64 * 1024);
	char payload[8192] = {0};
	struct sightline_event event = {
	    .type = "t", .payload = payload, .payload_bytes = sizeof(payload)};
	struct sightline_counters counters;

	while (sightline_push_event(c, &event, 0) == 0)
		;
	ck_assert_int_eq(sightline_push_event(c, &event, 5), SIGHTLINE_EFULL);
	sightline_get_counters(c, &counters);
	ck_assert_uint_eq(counters.events_dropped, 2);
	/* One with a position is not lost: its source can write it again. */
	static const unsigned char position[16] = {1};
	event.position = position;
	ck_assert_int_eq(sightline_push_event(c, &event, 0), SIGHTLINE_EFULL);
	event.position = NULL;
	sightline_get_counters(c, &counters);
	ck_assert_uint_eq(counters.events_dropped, 2);

	/* An aggregator that starts meanwhile makes room. */
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct aggregator a;
		struct sl_attach_peer peer;
		struct sl_attach_offer offer;
		char reason[SL_SEGMENT_REASON];
		struct sl_ring_record record;

		aggregator_start(&a);
		wait_readable(a.listener);
		if (sl_attach_accept(a.listener, &a.conn, &peer) < 0)
			_exit(1);
		wait_readable(a.conn);
		if (sl_attach_receive(a.conn, &offer, reason) < 0 ||
		    sl_attach_open(&a.consumer, &offer, 1 << 20, reason) < 0)
			_exit(2);
		if (sl_ring_read(&a.consumer.ring, &record, buf) < 0)
			_exit(3);
		sl_ring_release(&a.consumer.ring);
		_exit(0);
	}
	ck_assert_int_eq(sightline_push_event(c, &event, 20000), 0);
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	sightline_close(c);
}
END_TEST

START_TEST(arguments_outside_their_contract_are_refused)
{
	struct sightline_options options = {.source = "bad name", .attach_path = path};
	struct sightline_collector *c;
	char long_path[200];

	ck_assert_int_eq(sightline_open(&c, &options), SIGHTLINE_EINVAL);
	options.source = "a";
	options.ring_bytes = 100000;
	ck_assert_int_eq(sightline_open(&c, &options), SIGHTLINE_EINVAL);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	options = (struct sightline_options){.source = "a", .attach_path = long_path};
	ck_assert_int_eq(sightline_open(&c, &options), SIGHTLINE_ETOOBIG);

	c = open_collector(64 * 1024);
	struct sightline_metric metric = {.name = "Bad"};
	uint32_t handle;
	ck_assert_int_eq(sightline_define(c, &metric, &handle), SIGHTLINE_EINVAL);
	ck_assert_int_eq(sightline_push(c, 0, 1, 1), SIGHTLINE_EINVAL);
	static char payload[SIGHTLINE_PAYLOAD_MAX + 1];
	struct sightline_event event = {
	    .type = "t", .payload = payload, .payload_bytes = sizeof(payload)};
	ck_assert_int_eq(sightline_push_event(c, &event, -1), SIGHTLINE_ETOOBIG);
	event.payload_bytes = 20000; /* over a quarter of this ring */
	ck_assert_int_eq(sightline_push_event(c, &event, -1), SIGHTLINE_ETOOBIG);
	event = (struct sightline_event){.type = ""};
	ck_assert_int_eq(sightline_push_event(c, &event, 0), SIGHTLINE_EINVAL);
	event = (struct sightline_event){.type = "t", .audience = SIGHTLINE_SUB};
	ck_assert_int_eq(sightline_push_event(c, &event, 0), SIGHTLINE_EINVAL);
	ck_assert_str_eq(sightline_strerror(SIGHTLINE_EINVAL), "invalid argument");
	sightline_close(c);
	sightline_close(NULL);
}
END_TEST

START_TEST(a_sleeping_aggregator_is_woken_by_one_doorbell)
{
	struct sightline_collector *c = open_collector(0);
	uint32_t cpu = define(c, "cpu_usage");
	struct aggregator a;
	struct sl_ring_sample got[8];
	struct sightline_counters counters;

	aggregator_start(&a);
	aggregator_accept(&a, c, (struct sl_attach_positions){0});
	struct sl_ring_reader *ring = &a.consumer.ring;
	sl_ring_sleep_declare(ring);
	sl_fence_heavy();
	ck_assert(sl_ring_sleep_check(ring));
	for (int i = 0; i < 3; i++)
		sightline_push(c, cpu, i, 1);
	wait_readable(a.consumer.doorbell);
	sl_ring_wake(ring);
	sightline_get_counters(c, &counters);
	ck_assert_uint_eq(counters.doorbells, 1);
	ck_assert_uint_eq(sl_ring_read_samples(ring, got, 8), 3);

	sightline_push(c, cpu, 9, 1);
	sl_ring_sleep_declare(ring);
	sl_fence_heavy();
	ck_assert(!sl_ring_sleep_check(ring));
	sl_ring_wake(ring);
	aggregator_die(&a);
	sightline_close(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collector");
	TCase *tc = tcase_create("collector");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_written_before_an_aggregator_is_there_reaches_it);
	tcase_add_test(tc, the_same_segment_comes_back_after_the_aggregator_died);
	tcase_add_test(tc, positions_of_acceptance_and_progress_reach_the_source);
	tcase_add_test(tc, a_refusal_tells_its_reason_and_is_tried_again);
	tcase_add_test(tc, a_full_ring_drops_the_newest_samples_and_counts_them);
	tcase_add_test(tc, an_event_arrives_with_everything_it_had);
	tcase_add_test(tc, an_event_waits_for_space_until_its_deadline);
	tcase_add_test(tc, arguments_outside_their_contract_are_refused);
	tcase_add_test(tc, a_sleeping_aggregator_is_woken_by_one_doorbell);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
