/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "shm/fence.h"
#include "shm/layout.h"
#include "shm/ring.h"

#define SMALL_RING SL_LAYOUT_RING_MIN
#define SAMPLES    (SMALL_RING / 32)

/* One mapping for both sides: sanitizers see what either does (two hide it). */
static struct sl_segment segment;
static struct sl_ring_writer writer;
static struct sl_ring_reader reader;
static int doorbell;
static unsigned char buf[SL_RING_RECORD_MAX];
static struct sl_ring_record record;

static void set_up(void)
{
	ck_assert_int_eq(sl_segment_create(&segment, "ring", SMALL_RING), 0);
	doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	sl_ring_writer_init(&writer, &segment, doorbell);
	sl_ring_reader_init(&reader, &segment);
}

static void tear_down(void)
{
	close(doorbell);
	sl_segment_close(&segment);
}

/* An event whose bytes all follow from n, so that a reader can check them. */
static struct sl_ring_event event_of(uint64_t n, char *payload)
{
	struct sl_ring_event event = {
	    .time_ns = (int64_t)n,
	    .has_position = n % 2 == 0,
	    .type = {"content.updated", 1 + n % 15},
	    .payload = {payload, n * 37 % 5000},
	};

	memset(payload, (int)(n & 0xff), event.payload.len);
	memset(event.id, (int)(n & 0xff), sizeof(event.id));
	memset(event.position, (int)(n & 0x7f), sizeof(event.position));
	return event;
}

static bool event_is(const struct sl_ring_event *event, uint64_t n)
{
	static char payload[5000];
	struct sl_ring_event want = event_of(n, payload);

	return event->time_ns == want.time_ns &&
	       event->has_position == want.has_position &&
	       event->type.len == want.type.len &&
	       event->payload.len == want.payload.len &&
	       memcmp(event->type.data, want.type.data, want.type.len) == 0 &&
	       memcmp(event->payload.data, payload, want.payload.len) == 0 &&
	       memcmp(event->id, want.id, sizeof(want.id)) == 0 &&
	       (!want.has_position || memcmp(event->position, want.position, 16) == 0);
}

/* ---- promises, one by one ------------------------------------------------------ */

START_TEST(an_empty_ring_says_again)
{
	struct sl_ring_sample out[4];

	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 4), 0);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), SL_EAGAIN);
	ck_assert(sl_ring_drained(&writer));
}
END_TEST

START_TEST(records_that_wrap_come_out_whole)
{
	static char payload[5000];

	for (uint64_t n = 0; n < 2000; n++) {
		struct sl_ring_event event = event_of(n, payload);

		ck_assert_int_eq(sl_ring_push_event(&writer, &event), 0);
		ck_assert_int_eq(sl_ring_read(&reader, &record, buf), 0);
		ck_assert_int_eq(record.type, SL_RING_EVENT);
		ck_assert(event_is(&record.event, n));
		sl_ring_release(&reader);
	}
	ck_assert_uint_gt(sl_ring_tail(&reader), 10 * SMALL_RING);
}
END_TEST

START_TEST(a_run_of_samples_stops_at_another_record)
{
	struct sl_ring_sample out[64];
	uint8_t position[16] = {1};

	for (int i = 0; i < 20; i++)
		sl_ring_push(&writer, 1, i, i);
	sl_ring_push_position(&writer, position);
	sl_ring_push(&writer, 2, 99, 99);
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 5), 5);
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 64), 15);
	ck_assert_double_eq(out[14].value, 19);
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 64), 0);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), 0);
	ck_assert_int_eq(record.type, SL_RING_POSITION);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), 0);
	ck_assert_int_eq(record.type, SL_RING_SAMPLE);
	ck_assert_double_eq(record.sample.value, 99);
}
END_TEST

START_TEST(an_unreleased_record_is_never_overwritten)
{
	struct sl_ring_sample out[SAMPLES];

	for (int i = 0; i < (int)SAMPLES; i++)
		ck_assert_int_eq(sl_ring_push(&writer, 1, i, 1), 0);
	ck_assert_int_eq(sl_ring_push(&writer, 1, -1, 1), SL_EFULL);
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 10), 10);
	ck_assert_int_eq(sl_ring_push(&writer, 1, -1, 1), SL_EFULL);
	sl_ring_release(&reader);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(sl_ring_push(&writer, 1, -1, 1), 0);
	ck_assert_int_eq(sl_ring_push(&writer, 1, -1, 1), SL_EFULL);
	size_t n = sl_ring_read_samples(&reader, out, SAMPLES); /* known before */
	n += sl_ring_read_samples(&reader, out + n, SAMPLES - n);
	ck_assert_uint_eq(n, SAMPLES);
	ck_assert_double_eq(out[0].value, 10);
	ck_assert_uint_eq(out[SAMPLES - 10].seq - out[SAMPLES - 11].seq, 3);
	struct sl_ring_drops drops;
	sl_ring_get_drops(&reader, &drops);
	ck_assert_uint_eq(drops.samples, 3);
}
END_TEST

START_TEST(a_claim_without_commit_has_no_effect)
{
	size_t got;
	struct sl_ring_sample out[4];
	struct sl_ring_sample *to = sl_ring_claim(&writer, 3, &got);

	ck_assert_uint_eq(got, 3);
	to[0].value = 1;
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 4), 0);
	to = sl_ring_claim(&writer, 2 * SAMPLES, &got);
	ck_assert_uint_eq(got, SAMPLES);
	to[0] = (struct sl_ring_sample){.metric = 5, .value = 2, .time_ns = 3};
	sl_ring_commit(&writer, 1);
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 4), 1);
	ck_assert_uint_eq(out[0].metric, 5);
	ck_assert_uint_eq(out[0].seq, 1);
}
END_TEST

START_TEST(a_record_over_a_quarter_of_the_ring_is_refused)
{
	static char payload[SMALL_RING];
	struct sl_ring_event event = {.type = {"t", 1}, .payload = {payload, 0}};

	event.payload.len = SMALL_RING / 4 - sizeof(struct sl_layout_event) - 1;
	ck_assert_int_eq(sl_ring_push_event(&writer, &event), 0);
	event.payload.len++;
	ck_assert_int_eq(sl_ring_push_event(&writer, &event), SL_ETOOBIG);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), 0);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), SL_EAGAIN);
}
END_TEST

START_TEST(a_consumer_that_starts_again_continues_at_its_tail)
{
	struct sl_ring_sample out[8];

	for (int i = 0; i < 8; i++)
		sl_ring_push(&writer, 1, i, 1);
	sl_ring_read_samples(&reader, out, 3);
	uint64_t tail = sl_ring_tail(&reader);
	sl_ring_read_samples(&reader, out, 3); /* read, not journaled */

	struct sl_ring_reader again;
	sl_ring_reader_init(&again, &segment);
	ck_assert_int_eq(sl_ring_seek(&again, tail), 0);
	ck_assert_uint_eq(sl_ring_read_samples(&again, out, 8), 5);
	ck_assert_double_eq(out[0].value, 3);
	ck_assert_int_eq(sl_ring_seek(&again, tail + 4), SL_EINVAL);
	ck_assert_int_eq(sl_ring_seek(&again, 8 * 32 + 8), SL_EINVAL);
	ck_assert_int_eq(sl_ring_seek(&again, 8 * 32), 0);
}
END_TEST

/* Found by tests/model/attach.pml (SEEK_SILENT). */
START_TEST(a_restarted_consumer_makes_room_without_reading)
{
	struct sl_ring_sample out[SAMPLES];

	while (sl_ring_push(&writer, 1, 1, 1) == 0)
		;
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, SAMPLES), SAMPLES);
	uint64_t journaled = sl_ring_tail(&reader);
	/* The consumer dies here, before it releases. */
	sl_ring_reader_init(&reader, &segment);
	ck_assert_int_eq(sl_ring_seek(&reader, journaled), 0);
	ck_assert_int_eq(sl_ring_push(&writer, 1, 1, 1), SL_EFULL);
	sl_ring_release(&reader);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), SL_EAGAIN);
	ck_assert_int_eq(sl_ring_push(&writer, 1, 1, 1), 0);
}
END_TEST

START_TEST(a_seek_out_of_the_ring_is_refused)
{
	for (int lap = 0; lap < 3; lap++) {
		for (int i = 0; i < (int)SAMPLES; i++)
			ck_assert_int_eq(sl_ring_push(&writer, 1, i, 1), 0);
		struct sl_ring_sample out[SAMPLES];
		ck_assert_uint_eq(sl_ring_read_samples(&reader, out, SAMPLES), SAMPLES);
		sl_ring_release(&reader);
	}
	ck_assert_int_eq(sl_ring_seek(&reader, SMALL_RING), SL_EINVAL);
	ck_assert_int_eq(sl_ring_seek(&reader, 2 * SMALL_RING), 0);
}
END_TEST

START_TEST(the_doorbell_rings_only_for_a_sleeper_and_once)
{
	uint64_t count = 0;

	sl_ring_push(&writer, 1, 1, 1);
	ck_assert_int_lt(read(doorbell, &count, sizeof(count)), 0);
	sl_ring_sleep_declare(&reader);
	sl_fence_heavy();
	ck_assert(!sl_ring_sleep_check(&reader));
	sl_ring_wake(&reader);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), 0);
	sl_ring_sleep_declare(&reader);
	sl_fence_heavy();
	ck_assert(sl_ring_sleep_check(&reader));
	for (int i = 0; i < 5; i++)
		sl_ring_push(&writer, 1, 1, 1);
	ck_assert_int_eq(read(doorbell, &count, sizeof(count)), 8);
	ck_assert_uint_eq(count, 1);
}
END_TEST

/* ---- hostile contents ---------------------------------------------------------- */

/* Puts raw bytes where the next record is read and publishes n of them. */
static void forge(const void *bytes, size_t len, uint64_t head)
{
	memcpy(segment.ring, bytes, len);
	atomic_store(&segment.header->head, head);
}

static void expect_corrupt(const char *part)
{
	struct sl_ring_sample out[8];

	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 8), 0);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), SL_ECORRUPT);
	ck_assert_msg(strstr(reader.reason, part) != NULL, "reason: %s", reader.reason);
	/* It stays so, whatever the producer does then. */
	atomic_store(&segment.header->head, 0);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), SL_ECORRUPT);
	ck_assert(!sl_ring_sleep_check(&reader));
	ck_assert_uint_eq(sl_ring_tail(&reader), 0);
}

START_TEST(a_head_beyond_the_ring_is_corrupt)
{
	atomic_store(&segment.header->head, SMALL_RING + 8);
	expect_corrupt("more than a ring");
}
END_TEST

START_TEST(a_head_that_goes_back_is_corrupt)
{
	struct sl_ring_sample out[2];

	sl_ring_push(&writer, 1, 1, 1);
	sl_ring_push(&writer, 1, 1, 1);
	ck_assert_uint_eq(sl_ring_read_samples(&reader, out, 2), 2);
	atomic_store(&segment.header->head, 32);
	ck_assert_int_eq(sl_ring_read(&reader, &record, buf), SL_ECORRUPT);
	ck_assert_ptr_nonnull(strstr(reader.reason, "went back"));
}
END_TEST

START_TEST(an_unaligned_head_is_corrupt)
{
	atomic_store(&segment.header->head, 33);
	expect_corrupt("not aligned");
}
END_TEST

START_TEST(impossible_frames_are_corrupt)
{
	static const struct {
		uint32_t frame;
		uint64_t head;
		const char *part;
	} cases[] = {
	    {0, 64, "record of 0 bytes"},
	    {SL_LAYOUT_FRAME(1, 3), 64, "record of 3 bytes"},
	    {SL_LAYOUT_FRAME(1, 72), 64, "record of 72 bytes"},
	    {SL_LAYOUT_FRAME(1, 0xffffff), 64, "record of 16777215 bytes"},
	    {SL_LAYOUT_FRAME(2, SMALL_RING / 4 + 8), SMALL_RING, "record of 16392 bytes"},
	    {SL_LAYOUT_FRAME(1, 40), 64, "sample of 40"},
	    {SL_LAYOUT_FRAME(3, 32), 64, "position of 32"},
	    {SL_LAYOUT_FRAME(2, 32), 64, "event of 32"},
	    {SL_LAYOUT_FRAME(7, 32), 64, "unknown type 7"},
	};
	uint32_t frame = cases[_i].frame;

	forge(&frame, sizeof(frame), cases[_i].head);
	expect_corrupt(cases[_i].part);
}
END_TEST

START_TEST(an_event_whose_parts_do_not_add_up_is_corrupt)
{
	struct sl_layout_event event = {.frame = SL_LAYOUT_FRAME(SL_LAYOUT_EVENT, 128),
	    .type_bytes = 10,
	    .payload_bytes = 60};

	if (_i == 1)
		event.payload_bytes = UINT32_MAX;
	if (_i == 2) /* adds up, but audience without a kind */
		event.payload_bytes = 50, event.audience_bytes = 4;
	if (_i == 3) /* adds up, unknown audience */
		event.payload_bytes = 50, event.audience_bytes = 4, event.audience = 9;
	forge(&event, sizeof(event), 128);
	expect_corrupt("event");
}
END_TEST

/* ---- a producer that dies at any instruction ------------------------------------ */

/* Writes a mix for ever, everything checkable; runs until it is killed. */
static void produce_until_killed(void)
{
	static char payload[5000];

	for (uint64_t n = 0;; n++) {
		struct sl_ring_event event = event_of(n, payload);

		while (sl_ring_push_event(&writer, &event) == SL_EFULL)
			;
		while (
		    sl_ring_push(&writer, (uint32_t)n, (double)n, (int64_t)n) == SL_EFULL)
			;
	}
}

START_TEST(a_producer_killed_anywhere_leaves_nothing_half_visible)
{
	uint64_t n = 0;
	int err;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		produce_until_killed();
	srand((unsigned)pid);
	uint64_t enough = 2000 + (uint64_t)rand() % 3000;
	bool killed = false;
	for (;;) {
		err = sl_ring_read(&reader, &record, buf);
		if (err == SL_EAGAIN && killed)
			break;
		if (err == SL_EAGAIN)
			continue;
		ck_assert_msg(err == 0, "%s", reader.reason);
		if (n % 2 == 0) {
			ck_assert_int_eq(record.type, SL_RING_EVENT);
			ck_assert(event_is(&record.event, n / 2));
		} else {
			ck_assert_int_eq(record.type, SL_RING_SAMPLE);
			ck_assert_double_eq(record.sample.value, (double)(n / 2));
		}
		n++;
		sl_ring_release(&reader);
		if (n == enough) {
			ck_assert_int_eq(kill(pid, SIGKILL), 0);
			ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
			killed = true;
		}
	}
	ck_assert_uint_ge(n, enough);
}
END_TEST

/* A producer that owns the memory and writes what it likes where it likes. */
static void scribble_until_killed(unsigned seed)
{
	struct sl_layout_header *header = segment.header;

	for (;;) {
		seed = seed * 1664525u + 1013904223u;
		size_t at = (seed >> 8) % SMALL_RING & ~(size_t)7;
		uint32_t frame = SL_LAYOUT_FRAME(1 + seed % 4, (seed >> 16) % 200);
		memcpy(segment.ring + at, &frame, sizeof(frame));
		atomic_store(
		    &header->head, atomic_load(&header->tail) + (seed >> 12) % 4096);
	}
}

START_TEST(a_hostile_producer_is_found_out_and_reads_stay_in_bounds)
{
	int found = 0;

	for (unsigned round = 0; round < 50; round++) {
		tear_down();
		set_up();
		pid_t pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			scribble_until_killed(round + 1);
		int err = 0;
		while (err != SL_ECORRUPT) {
			struct sl_ring_sample out[32];

			sl_ring_read_samples(&reader, out, 32);
			err = sl_ring_read(&reader, &record, buf);
			sl_ring_release(&reader);
		}
		found++;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ck_assert_uint_gt(strlen(reader.reason), 0);
	}
	ck_assert_int_eq(found, 50);
}
END_TEST

/* ---- threads, one mapping: what TSan watches ------------------------------------ */

#define STRESS 40000u

static void *stress_producer(void *arg)
{
	static char payload[5000];

	(void)arg;
	for (uint64_t n = 0; n < STRESS; n++) {
		struct sl_ring_event event = event_of(n, payload);
		size_t got = 0;

		switch (n % 3) {
		case 0:
			while (sl_ring_push_event(&writer, &event) == SL_EFULL)
				sched_yield();
			break;
		case 1:
			while (sl_ring_push(&writer, 1, (double)n, 1) == SL_EFULL)
				sched_yield();
			break;
		default:
			while (sl_ring_claim(&writer, 1, &got) && got == 0)
				sched_yield();
			*sl_ring_claim(&writer, 1, &got) = (struct sl_ring_sample){
			    .metric = 2, .value = (double)n, .time_ns = 1};
			sl_ring_commit(&writer, 1);
		}
	}
	return NULL;
}

/* Sleeps on the doorbell like the aggregator; false if nobody rang in 20 s. */
static bool sleep_if_empty(void)
{
	struct pollfd pfd = {.fd = doorbell, .events = POLLIN};
	uint64_t count;
	bool ok = true;

	sl_ring_sleep_declare(&reader);
	sl_fence_heavy();
	if (sl_ring_sleep_check(&reader)) {
		ok = poll(&pfd, 1, 20000) == 1;
		ck_assert_int_ne(read(doorbell, &count, sizeof(count)), 0);
	}
	sl_ring_wake(&reader);
	return ok;
}

static void stress(bool fenced)
{
	pthread_t thread;

	sl_ring_writer_set_fenced(&writer, fenced);
	ck_assert_int_eq(pthread_create(&thread, NULL, stress_producer, NULL), 0);
	for (uint64_t n = 0; n < STRESS;) {
		int err = sl_ring_read(&reader, &record, buf);

		if (err == SL_EAGAIN) {
			ck_assert_msg(sleep_if_empty(), "lost wake-up at %llu",
			    (unsigned long long)n);
			continue;
		}
		ck_assert_msg(err == 0, "%s", reader.reason);
		if (n % 3 == 0)
			ck_assert(event_is(&record.event, n));
		else
			ck_assert_double_eq(record.sample.value, (double)n);
		n++;
		sl_ring_release(&reader);
	}
	pthread_join(thread, NULL);
}

START_TEST(a_sleeping_reader_gets_everything_from_fenced_pushes)
{
	stress(true);
}
END_TEST

START_TEST(a_sleeping_reader_gets_everything_from_registered_pushes)
{
	if (sl_fence_register() && sl_fence_available())
		stress(false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *tc = tcase_create("ring");

	tcase_set_timeout(tc, 100);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_empty_ring_says_again);
	tcase_add_test(tc, records_that_wrap_come_out_whole);
	tcase_add_test(tc, a_run_of_samples_stops_at_another_record);
	tcase_add_test(tc, an_unreleased_record_is_never_overwritten);
	tcase_add_test(tc, a_claim_without_commit_has_no_effect);
	tcase_add_test(tc, a_record_over_a_quarter_of_the_ring_is_refused);
	tcase_add_test(tc, a_consumer_that_starts_again_continues_at_its_tail);
	tcase_add_test(tc, a_restarted_consumer_makes_room_without_reading);
	tcase_add_test(tc, a_seek_out_of_the_ring_is_refused);
	tcase_add_test(tc, the_doorbell_rings_only_for_a_sleeper_and_once);
	tcase_add_test(tc, a_head_beyond_the_ring_is_corrupt);
	tcase_add_test(tc, a_head_that_goes_back_is_corrupt);
	tcase_add_test(tc, an_unaligned_head_is_corrupt);
	tcase_add_loop_test(tc, impossible_frames_are_corrupt, 0, 9);
	tcase_add_loop_test(tc, an_event_whose_parts_do_not_add_up_is_corrupt, 0, 4);
	tcase_add_loop_test(
	    tc, a_producer_killed_anywhere_leaves_nothing_half_visible, 0, 10);
	tcase_add_test(tc, a_hostile_producer_is_found_out_and_reads_stay_in_bounds);
	tcase_add_test(tc, a_sleeping_reader_gets_everything_from_fenced_pushes);
	tcase_add_test(tc, a_sleeping_reader_gets_everything_from_registered_pushes);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
