/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector whose one metric goes to and fro over its thresholds.
 *
 * usage: bench_crossing ATTACH-SOCKET SOURCE METRIC LOW HIGH PERIOD-MS SECONDS
 *
 * Each period has one HIGH sample in its first half and one LOW in its second;
 * prints the number of HIGH samples at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sightline/collector.h>

static void sleep_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "crossing: %s: %s\n", what, sightline_strerror(error));
	return 75;
}

int main(int argc, char **argv)
{
	if (argc != 8) {
		fprintf(stderr,
		    "usage: %s ATTACH-SOCKET SOURCE METRIC LOW HIGH PERIOD-MS "
		    "SECONDS\n",
		    argv[0]);
		return 64;
	}
	struct sightline_options options = {.source = argv[2], .attach_path = argv[1]};
	struct sightline_metric metric = {.name = argv[3]};
	struct sightline_collector *collector;
	uint32_t handle;
	double low = atof(argv[4]), high = atof(argv[5]);
	long period_ms = atol(argv[6]), rounds = atol(argv[7]) * 1000 / period_ms;
	int error = sightline_open(&collector, &options);

	if (error != 0)
		return fail("open", error);
	error = sightline_define(collector, &metric, &handle);
	if (error != 0)
		return fail("define", error);
	if (sightline_wait_attached(collector, 5000) != 0) {
		fprintf(
		    stderr, "crossing: not attached: %s\n", sightline_refusal(collector));
		return 75;
	}
	sightline_push(collector, handle, low, 0);
	for (long i = 0; i < rounds; i++) {
		sleep_ms(period_ms / 2);
		sightline_push(collector, handle, high, 0);
		sleep_ms(period_ms - period_ms / 2);
		sightline_push(collector, handle, low, 0);
	}
	error = sightline_flush(collector, 1000);
	sightline_close(collector);
	printf("%ld\n", rounds);
	return error == 0 ? 0 : fail("flush", error);
}
