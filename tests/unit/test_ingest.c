/* SPDX-License-Identifier: Apache-2.0 */
/* Draining while the producer writes: every record is taken once and counted. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "aggregator/source.h"
#include "common/clock.h"
#include "shm/ring.h"
#include "shm/segment.h"

#define SAMPLES 300000u
#define PAUSED  20u /* samples in a row; then the ring runs empty */

static struct sl_segment segment;
static struct sl_ring_writer writer;
static _Atomic bool written;

static void *produce(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < SAMPLES; i++) {
		while (sl_ring_push(&writer, 0, i, 1) != 0)
			;
		for (volatile int spin = 0; i % PAUSED == 0 && spin < 500; spin++)
			;
	}
	written = true;
	return NULL;
}

START_TEST(a_sample_that_comes_while_the_ring_looks_empty_is_counted)
{
	static struct agg_source source;
	static struct agg_ingest ingest;
	enum agg_ingest_result result;
	pthread_t producer;

	ck_assert_int_eq(sl_segment_create(&segment, "test", 64 * 1024), 0);
	sl_ring_writer_init(&writer, &segment, -1);
	/* Paused: samples are taken and counted, and go no further. */
	ingest.paused = true;
	ingest.samples = calloc(AGG_INGEST_SAMPLES, sizeof *ingest.samples);
	sl_ring_reader_init(&source.consumer.ring, &segment);
	pthread_create(&producer, NULL, produce, NULL);
	do {
		bool all = written;
		result = agg_ingest_turn(&ingest, &source, 1, 1);
		sl_ring_release(&source.consumer.ring);
		if (all && result == AGG_INGEST_EMPTY)
			break;
	} while (result != AGG_INGEST_CORRUPT);
	pthread_join(producer, NULL);
	ck_assert_int_eq(result, AGG_INGEST_EMPTY);
	ck_assert_uint_eq(source.ring.received, SAMPLES);
	free(ingest.samples);
	sl_segment_close(&segment);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ingest");
	TCase *tc = tcase_create("drain");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_sample_that_comes_while_the_ring_looks_empty_is_counted);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
